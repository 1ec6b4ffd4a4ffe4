//! Full logs, large offsets and ranges, forgotten and dropped transactions, and several logs on one NVM.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset, for_each_atom};
use nvm_tx::{Fault, FaultKind, LOG_HEADER_BYTES, Tx, UndoLog, bits_entry_bytes};

const LOG: Area = Area::new(0, LOG_HEADER_BYTES + 24);
const OBJECTS: u32 = 128;

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

fn formatted<const ATOM: usize>(size: u32, logs: &[Area]) -> SimNvm<ATOM> {
    let nvm = SimNvm::new(size);
    nvm.set_image(&vec![0xA5; size as usize]);
    for area in logs {
        UndoLog::format(&&nvm, *area).unwrap();
    }
    nvm
}

#[test]
fn a_full_log_rolls_back_and_leaves_earlier_transactions_alone() {
    for_each_atom!(ATOM => {
        let nvm = formatted::<ATOM>(256, &[LOG]);
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        log.transaction(|tx| {
            tx.set(word(0), 1)?;
            tx.set(word(2), 2)?;
            tx.set(word(4), 3)
        }).unwrap();
        let committed = nvm.image()[OBJECTS as usize..].to_vec();
        let full = log.transaction(|tx| {
            for index in 0..8 {
                tx.set(word(2 * index), 99)?;
            }
            Ok::<_, Fault>(())
        });
        assert_eq!(full.unwrap_err().kind(), FaultKind::LogFull { needed: 8, free: 0 });
        assert_eq!(nvm.image()[OBJECTS as usize..], committed);
        // The failure cannot be ignored either.
        let ignored = log.transaction(|tx| {
            for index in 0..8 {
                let _ = tx.set(word(2 * index), 99);
            }
            Ok::<_, Fault>(())
        });
        assert!(matches!(ignored.unwrap_err().kind(), FaultKind::LogFull { .. }));
        assert_eq!(nvm.image()[OBJECTS as usize..], committed);
        // What was logged before needs no room.
        log.transaction(|tx| {
            for value in 0..100 {
                tx.set(word(value % 3), value)?;
            }
            Ok::<_, Fault>(())
        }).unwrap();
        assert_eq!(nvm.load(word(0)), Ok(99));
    });
}

#[test]
fn a_write_first_transaction_begins_only_where_its_log_fits() {
    let nvm = formatted::<4>(256, &[LOG]);
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    let refused = log.transaction_write_first(25, |_| Ok(())).unwrap_err();
    assert_eq!(
        refused.kind(),
        FaultKind::LogFull {
            needed: 25,
            free: 24
        }
    );
    log.transaction_write_first(24, |tx| tx.set_unlogged(word(0), 1))
        .unwrap();
    let mut tx = log.begin().unwrap();
    assert!(tx.reserve_log(24).is_ok());
    assert!(tx.reserve_log(25).is_err());
    assert!(tx.commit().is_err());
}

#[test]
fn ranges_and_offsets_of_any_size_are_rolled_back() {
    const FAR: u32 = 3 << 20;
    let area = Area::new(0, 300_000);
    let size = FAR + 200_000;
    let nvm = formatted::<4>(size, &[area]);
    let before = nvm.image();
    let data =
        |nvm: &SimNvm<4>| nvm.image()[area.len() as usize..] == before[area.len() as usize..];
    let body = |tx: &mut Tx<'_, &SimNvm<4>>| -> Result<(), Fault> {
        tx.write((1 << 20) - 2, &[1; 4])?; // across the limit of short offsets
        tx.write(FAR + 7, &vec![2; 70_000])?; // longer than an entry
        tx.write(FAR, &vec![3; 150_000])?; // around it
        tx.set_bits(Class::Data, FAR + 160_000, 0xF0, 0x10)?;
        tx.set_bits_on_commit(Class::Data, FAR + 160_001, 0x0F, 0x02)
    };
    let mut log = UndoLog::open(&nvm, area).unwrap();
    let mut tx = log.begin().unwrap();
    body(&mut tx).unwrap();
    tx.roll_back().unwrap();
    assert!(data(&nvm));
    let mut tx = log.begin().unwrap();
    body(&mut tx).unwrap();
    core::mem::forget(tx);
    assert!(!data(&nvm));
    let mut log = UndoLog::open(&nvm, area).unwrap();
    assert!(data(&nvm), "as after a power loss");
    log.transaction(|tx| body(tx)).unwrap();
    assert_eq!(nvm.read_u8((1 << 20) + 1), Ok(1));
    assert_eq!(nvm.read_u8(FAR + 149_999), Ok(3));
    assert_eq!(nvm.read_u8(FAR + 160_000), Ok(0x15));
    assert_eq!(nvm.read_u8(FAR + 160_001), Ok(0xA2));
    assert_eq!((bits_entry_bytes(0), bits_entry_bytes(FAR)), (8, 12));
}

#[test]
fn a_transaction_that_is_dropped_or_forgotten_is_rolled_back() {
    let nvm = formatted::<4>(256, &[LOG]);
    let objects = || nvm.image()[OBJECTS as usize..].to_vec();
    let before = objects();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    let mut tx = log.begin().unwrap();
    tx.set(word(0), 1).unwrap();
    drop(tx);
    assert_eq!(objects(), before);
    let mut tx = log.begin().unwrap();
    tx.set(word(0), 1).unwrap();
    tx.set(word(3), 1).unwrap();
    core::mem::forget(tx);
    let mut tx = log.begin().unwrap();
    assert_eq!(
        objects(),
        before,
        "the next transaction begins with a roll back"
    );
    tx.set(word(1), 2).unwrap();
    tx.commit().unwrap();
    assert_eq!(nvm.load(word(1)), Ok(2));
    let mut tx = log.begin_write_first(0).unwrap();
    tx.set_unlogged(word(5), 5).unwrap();
    core::mem::forget(tx);
    assert_eq!(log.begin().unwrap_err().kind(), FaultKind::Unfinished);
    assert!(UndoLog::open(&nvm, LOG).unwrap().begin().is_ok());
}

#[test]
fn logs_of_several_tasks_are_independent() {
    const OTHER: Area = Area::new(LOG.len(), LOG_HEADER_BYTES + 24);
    for_each_atom!(ATOM => {
        let nvm = formatted::<ATOM>(256, &[LOG, OTHER]);
        let (byte, mine, theirs) = (OBJECTS + 40, 0b0000_0110, 0b0110_0000);
        nvm.write_u8(Class::Data, byte, 0).unwrap();
        nvm.store(Class::Data, word(0), &10).unwrap();
        nvm.store(Class::Data, word(1), &11).unwrap();
        let mut first = UndoLog::open(&nvm, LOG).unwrap();
        let mut second = UndoLog::open(&nvm, OTHER).unwrap();
        let mut one = first.begin().unwrap();
        one.set(word(0), 20).unwrap();
        one.set_bits(Class::Data, byte, mine, 0xFF).unwrap();
        assert!(one.changes_shared_bits());
        let mut two = second.begin().unwrap();
        two.set(word(1), 21).unwrap();
        assert!(!two.changes_shared_bits());
        two.set_bits(Class::Data, byte, theirs, 0xFF).unwrap();
        assert_eq!(nvm.read_u8(byte), Ok(mine | theirs));
        two.commit().unwrap();
        one.roll_back().unwrap();
        assert_eq!((nvm.load(word(0)), nvm.load(word(1))), (Ok(10), Ok(21)));
        assert_eq!(nvm.read_u8(byte), Ok(theirs), "each log puts back its own bits");
        // The same through a power loss: one log has committed, the other not.
        let mut one = first.begin().unwrap();
        one.set_bits(Class::Data, byte, mine, 0xFF).unwrap();
        let mut two = second.begin().unwrap();
        two.set_bits_on_commit(Class::Data, byte, theirs, 0).unwrap();
        assert_eq!(two.deferred_bits(byte), Ok(theirs));
        assert_eq!(nvm.read_u8(byte), Ok(mine | theirs));
        two.commit().unwrap();
        core::mem::forget(one);
        assert!(!UndoLog::open_without_recovery(&nvm, OTHER, Class::Data).unwrap().recover().unwrap());
        assert!(UndoLog::open_without_recovery(&nvm, LOG, Class::Data).unwrap().recover().unwrap());
        assert_eq!(nvm.read_u8(byte), Ok(0));
    });
}
