//! Every cut of every store of the engine, and the broken variants that these tests catch.

use std::format;
use std::string::String;

use nvm_core::for_each_atom;
use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_core::{Area, Class, Nvm, Offset};

use crate::broken::{self, Variant};
use crate::{Fault, FaultKind, Tx, UndoLog};

const SIZE: u32 = 256;
const LOG: Area = Area::new(0, 96);
const OBJECTS: u32 = 128;

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

fn format<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
    UndoLog::format(nvm, LOG).unwrap();
    for index in 0..16 {
        nvm.store(Class::Data, word(index), &(100 + index)).unwrap();
    }
}

fn objects<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> [u8; 64] {
    let mut bytes = [0; 64];
    nvm.read(OBJECTS, &mut bytes).unwrap();
    bytes
}

type Body<const ATOM: usize> = fn(&mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault>;

/// Explores a transaction on a formatted log: after each cut and recovery the objects are as before it
/// or as after it, and the log works.
fn explore<const ATOM: usize>(name: &str, fill: u8, depth: usize, body: Body<ATOM>) -> Report {
    let before = SimNvm::<ATOM>::new(SIZE);
    format(&before);
    let after = SimNvm::<ATOM>::new(SIZE);
    format(&after);
    UndoLog::open(&after, LOG)
        .unwrap()
        .transaction(|tx| body(tx))
        .ok();
    let (before, after) = (objects(&before), objects(&after));
    Explorer::<ATOM>::new(name, SIZE)
        .filled_with(fill)
        .depth(depth)
        .explore(
            format,
            |nvm| {
                UndoLog::open(nvm, LOG)
                    .unwrap()
                    .transaction(|tx| body(tx))
                    .ok();
            },
            |nvm| {
                let _ = UndoLog::open(nvm, LOG).unwrap();
            },
            |nvm| {
                let found = objects(nvm);
                if found != before && found != after {
                    return Err(String::from("neither before nor after"));
                }
                let mut log = UndoLog::open(nvm, LOG).unwrap();
                log.transaction(|tx| tx.set(word(15), 1))
                    .map_err(|fault| format!("{fault}"))?;
                if nvm.load(word(15)) != Ok(1) {
                    return Err(String::from("the log does not work any more"));
                }
                let mut rest = objects(nvm);
                rest[60..].copy_from_slice(&found[60..]);
                if rest == found {
                    Ok(())
                } else {
                    Err(String::from("a later transaction touched others"))
                }
            },
        )
}

fn three_words<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    tx.set(word(0), 1)?;
    tx.set(word(3), 2)?;
    tx.set(word(0), 3)?;
    tx.set(word(7), 4)
}

fn odd_ranges<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    tx.write(OBJECTS + 1, &[1, 2, 3])?;
    tx.write(OBJECTS + 6, &[9; 13])?;
    tx.write(OBJECTS, &[5; 24])?;
    tx.write(OBJECTS + 33, &[7])
}

fn aborted<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    three_words(tx)?;
    Err(Fault::new(FaultKind::Unfinished))
}

fn bits_and_ranges<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    tx.set_bits(Class::Data, OBJECTS, 0b0110, 0b0100)?;
    tx.set_bits(Class::Data, OBJECTS, 0b1110, 0b1010)?;
    tx.write(OBJECTS, &[1, 2])?;
    tx.set_bits(Class::Data, OBJECTS + 1, 0b1, 1)?;
    tx.set_bits(Class::Data, OBJECTS + 9, 0xF0, 0x30)
}

fn deferred<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    tx.set_bits_on_commit(Class::Data, OBJECTS, 0b11, 0b01)?;
    tx.set(word(5), 77)?;
    tx.set_bits_on_commit(Class::Data, OBJECTS + 40, 0xFF, 0)
}

fn many_entries<const ATOM: usize>(tx: &mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault> {
    for index in 0..10 {
        tx.write(OBJECTS + 6 * index, &[index as u8; 2])?;
    }
    Ok(())
}

#[test]
fn a_transaction_is_all_or_nothing_whatever_is_cut() {
    for_each_atom!(ATOM => {
        // 1 is the first transaction's tag, 2 the second's: junk that looks like entries.
        for fill in [0xA5, 0, 1, 2, 0xFF] {
            explore::<ATOM>("three words", fill, 2, three_words).assert_clean();
            explore::<ATOM>("odd ranges", fill, 2, odd_ranges).assert_clean();
            explore::<ATOM>("aborted", fill, 2, aborted).assert_clean();
            explore::<ATOM>("bits and ranges", fill, 2, bits_and_ranges).assert_clean();
            explore::<ATOM>("deferred bits", fill, 2, deferred).assert_clean();
            explore::<ATOM>("many entries", fill, 2, many_entries).assert_clean();
        }
    });
}

#[test]
fn three_cuts_in_a_row_are_survived() {
    explore::<4>("three words, three cuts", 1, 3, three_words).assert_clean();
    explore::<2>("deferred, three cuts", 1, 3, deferred).assert_clean();
}

#[test]
fn broken_variants_are_caught() {
    let cases: [(Variant, u8, Body<4>); 4] = [
        (Variant::StoresBeforeLogging, 0xA5, three_words),
        (Variant::HeaderFirst, 0xA5, three_words),
        (Variant::KeepsNextHeader, 1, three_words),
        (Variant::DefersWithoutNotice, 0xA5, deferred),
    ];
    for (variant, fill, body) in cases {
        let name = format!("{variant:?}");
        broken::with(variant, || explore::<4>(&name, fill, 2, body)).assert_caught();
    }
}

/// Transactions until the sequence numbers have come round, most of them without an entry, so that the
/// first header keeps an old tag.
fn come_round<const ATOM: usize>() -> Report {
    Explorer::<ATOM>::new("sequence numbers come round", SIZE).explore(
        |nvm| {
            format(nvm);
            let mut log = UndoLog::open(nvm, LOG).unwrap();
            log.transaction(|tx| tx.set(word(0), 1)).unwrap();
            for mark in 0..252 {
                log.publish(mark).unwrap();
            }
            nvm.store(Class::Data, word(0), &5).unwrap();
        },
        |nvm| {
            let mut log = UndoLog::open(nvm, LOG).unwrap();
            for mark in 300..305 {
                log.publish(mark).unwrap();
            }
        },
        |nvm| {
            let _ = UndoLog::open(nvm, LOG).unwrap();
        },
        |nvm| {
            let value = nvm.load(word(0)).unwrap();
            if value == 5 {
                Ok(())
            } else {
                Err(format!("{value} was rolled back"))
            }
        },
    )
}

#[test]
fn an_old_first_entry_is_never_taken_for_a_new_one() {
    come_round::<1>().assert_clean();
    come_round::<4>().assert_clean();
    broken::with(Variant::KeepsFirstHeader, come_round::<4>).assert_caught();
}

#[test]
fn a_notice_of_deferred_stores_does_not_outlive_its_roll_back() {
    // A notice survives its roll back; another transaction commits with the announced number; the one
    // after it logs a payload that looks like a deferred store of that number where the committed one
    // had its second entry, and loses the power before its own header is stored.
    let looks_deferred = |sequence: u8| {
        let mut payload = [0; 64];
        // An extended entry's payload begins where the entry after a first one of 8 bytes lies.
        payload[0..4].copy_from_slice(
            &((OBJECTS + 60) | (11 << 20) | (u32::from(sequence) << 24)).to_le_bytes(),
        );
        payload[4..6].copy_from_slice(&[0xFF, 0xEE]);
        payload
    };
    let run = || {
        let nvm = SimNvm::<4>::new(SIZE);
        format(&nvm);
        let log = UndoLog::open(&nvm, LOG).unwrap();
        let sequence = log.next_sequence();
        nvm.write_u8(Class::UndoLog, 8, sequence).unwrap(); // cut between notice and commit
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        log.transaction(|tx| tx.set(word(0), 1)).unwrap();
        assert_eq!(log.sequence(), sequence);
        nvm.write(Class::Data, OBJECTS, &looks_deferred(sequence))
            .unwrap();
        let expected = objects(&nvm);
        // Stores of the next transaction up to its first header.
        let stores = 64 / 4 + 1;
        nvm.cut_after(stores);
        let lost =
            nvm_core::sim::until_power_loss(|| log.transaction(|tx| tx.write(OBJECTS, &[3; 64])));
        assert!(lost.is_err());
        nvm.power_on();
        let _ = UndoLog::open(&nvm, LOG).unwrap();
        objects(&nvm) == expected
    };
    assert!(run());
    assert!(!broken::with(Variant::KeepsDeferredNotice, run));
}
