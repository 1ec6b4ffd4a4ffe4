//! What the driver sends, and what it answers.

use embedded_storage::{ReadStorage, Storage};
use spi_fram::model::{BusError, Chip, Fault};
use spi_fram::{Access, Capacity, Error, Fram, Identification};

fn opened(chip: &Chip, capacity: Capacity) -> Fram<&Chip> {
    Fram::open(chip, capacity).unwrap()
}

#[test]
fn what_is_written_is_read_on_every_chip() {
    for capacity in Capacity::ALL {
        let chip = Chip::new(capacity).filled_with(0xA5);
        let mut fram = opened(&chip, capacity);
        assert_eq!(fram.capacity(), capacity.bytes() as usize);
        let end = capacity.bytes();
        for (at, bytes) in [
            (0, &b"first"[..]),
            (0x0102, b"x"),
            (end / 2 + 0x55, b"middle"),
            (end - 4, b"last"),
        ] {
            fram.write(at, bytes).unwrap();
            let mut found = vec![0; bytes.len()];
            fram.read(at, &mut found).unwrap();
            assert_eq!(found, bytes, "{capacity} at {at:#x}");
            let image = chip.image();
            assert_eq!(image[at as usize..][..bytes.len()], *bytes);
        }
        let changed = chip.image().iter().filter(|byte| **byte != 0xA5).count();
        assert_eq!(changed, 5 + 1 + 6 + 4, "and nothing else");
    }
}

#[test]
fn the_bytes_on_the_bus_are_what_the_docs_say() {
    for (capacity, address) in [(Capacity::Kbit512, 2), (Capacity::Mbit1, 3)] {
        let chip = Chip::new(capacity);
        let on_bus = |what: &mut dyn FnMut()| {
            let before = chip.traffic();
            what();
            chip.traffic() - before
        };
        let mut fram = Fram::unchecked(&chip, capacity);
        assert_eq!(on_bus(&mut || _ = fram.check().unwrap()).bytes, 6);
        assert_eq!(on_bus(&mut || _ = fram.status().unwrap()).bytes, 2);
        assert_eq!(on_bus(&mut || fram.unprotect().unwrap()).bytes, 7);
        for len in [1, 4, 64] {
            let read = on_bus(&mut || fram.read(100, &mut vec![0; len]).unwrap());
            assert_eq!(read.bytes, 1 + address + len as u64);
            assert_eq!((read.transactions, read.stored), (1, 0));
            let write = on_bus(&mut || fram.write(100, &vec![1; len]).unwrap());
            assert_eq!(write.bytes, 1 + 1 + address + len as u64);
            assert_eq!((write.transactions, write.stored), (2, len as u64));
        }
        let nothing = on_bus(&mut || {
            fram.read(100, &mut []).unwrap();
            fram.write(100, &[]).unwrap();
        });
        assert_eq!(nothing.transactions, 0);
    }
}

#[test]
fn what_does_not_lie_within_the_chip_is_refused() {
    let capacity = Capacity::Kbit64;
    let chip = Chip::new(capacity);
    let mut fram = opened(&chip, capacity);
    let before = chip.traffic();
    for (offset, len) in [
        (0x1FFF, 2),
        (0x2000, 1),
        (0x2001, 0),
        (u32::MAX, 1),
        (1, 0x2000),
    ] {
        let error = Error::OutOfBounds {
            offset,
            len,
            capacity,
        };
        assert_eq!(fram.read(offset, &mut vec![0; len]), Err(error));
        assert_eq!(fram.write(offset, &vec![0; len]), Err(error));
        assert!(error.to_string().contains("8 KiB"), "{error}");
    }
    assert_eq!(chip.traffic(), before);
}

#[test]
fn nobody_on_the_bus_is_told() {
    for level in [0x00, 0xFF, 0x02] {
        let chip = Chip::absent(level);
        let error = Fram::open(&chip, Capacity::Kbit64).unwrap_err();
        assert!(matches!(error, Error::NotThere { .. }), "{error}");
        assert!(error.to_string().contains("no FRAM answers"), "{error}");
    }
}

#[test]
fn a_chip_says_its_capacity_or_is_not_identified() {
    let fujitsu = Identification::new([0x04, 0x7F, 0x27, 0x03, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    let chip = Chip::new(Capacity::Mbit1).identified(fujitsu);
    chip.set_status(0b0000_1000);
    let mut fram = Fram::probe(&chip).unwrap();
    assert_eq!(fram.size(), Capacity::Mbit1);
    assert_eq!(fram.identification(), Ok(fujitsu));
    let error = fram.write(0x1_0000, &[0]);
    assert!(matches!(
        error,
        Err(Error::WriteProtected { from: 0x1_0000, .. })
    ));

    let chip = Chip::new(Capacity::Kbit256);
    let error = Fram::probe(&chip).unwrap_err();
    assert_eq!(error, Error::Unidentified { bytes: [0xFF; 4] });
    assert!(error.to_string().contains("Fram::open"), "{error}");
}

#[test]
fn a_protected_block_is_told_and_can_be_unprotected() {
    let chip = Chip::new(Capacity::Kbit64);
    chip.set_status(0b1000_0100); // the upper quarter, by the pin too
    let mut fram = opened(&chip, Capacity::Kbit64);
    fram.write(0x17FE, &[1, 2]).unwrap();
    let before = chip.traffic();
    for (offset, len) in [(0x17FF, 2), (0x1800, 1), (0x1FFF, 1)] {
        let error = Error::WriteProtected {
            offset,
            from: 0x1800,
        };
        assert_eq!(fram.write(offset, &vec![7; len]), Err(error));
        assert!(error.to_string().contains("unprotect"), "{error}");
    }
    assert_eq!(chip.traffic(), before);

    chip.pull_write_protect(true);
    let error = fram.unprotect().unwrap_err();
    assert!(matches!(error, Error::StaysProtected { .. }), "{error}");
    assert!(fram.write(0x1800, &[7]).is_err());

    chip.pull_write_protect(false);
    fram.unprotect().unwrap();
    fram.write(0x1800, &[7]).unwrap();
    assert_eq!((chip.image()[0x1800], chip.status()), (7, 0));
}

#[test]
fn a_prefix_is_stored_whatever_byte_is_cut() {
    let new = [1, 2, 3, 4, 5];
    for (capacity, ahead) in [(Capacity::Kbit64, 4), (Capacity::Mbit1, 5)] {
        let all = ahead + new.len();
        let at = capacity.bytes() as usize / 2 - 2;
        for cut in 0..=all {
            let chip = Chip::new(capacity).filled_with(0xA5);
            let mut fram = opened(&chip, capacity);
            chip.cut_after(cut as u64);
            let ended = fram.write(at as u32, &new);
            assert_eq!(ended.is_ok(), cut == all);
            assert_eq!(chip.is_powered(), cut == all);
            let stored = cut.saturating_sub(ahead);
            let mut expected = vec![0xA5; capacity.bytes() as usize];
            expected[at..][..stored].copy_from_slice(&new[..stored]);
            assert_eq!(chip.image(), expected, "{capacity}, cut {cut}");
            // And the next start.
            chip.power_on();
            chip.cut_never();
            let mut fram = opened(&chip, capacity);
            fram.write(at as u32, &new).unwrap();
            assert_eq!(chip.image()[at..][..5], new);
        }
    }
}

#[test]
fn a_bus_error_says_what_was_done_and_can_be_repeated() {
    for delivered in [false, true] {
        for after in 0..9 {
            let chip = Chip::new(Capacity::Kbit64);
            let mut fram = opened(&chip, Capacity::Kbit64);
            chip.fail(Fault {
                after,
                delivered,
                transactions: 1,
            });
            let error = fram.write(0x40, &[1, 2, 3, 4, 5]).unwrap_err();
            let access = Access::Write {
                offset: 0x40,
                len: 5,
            };
            assert_eq!(
                error,
                Error::Bus {
                    access,
                    error: BusError::Disturbed
                }
            );
            let told = error.to_string();
            assert!(told.contains("writing 5 bytes at 0x40"), "{told}");
            let stored = (after + u64::from(delivered)).saturating_sub(4) as usize;
            assert_eq!(
                chip.image()[0x40..][..5],
                [&[1, 2, 3, 4, 5][..stored], &[0; 5][stored..]].concat()
            );
            fram.write(0x40, &[1, 2, 3, 4, 5]).unwrap();
            assert_eq!(chip.image()[0x40..0x45], [1, 2, 3, 4, 5]);
        }
    }
    let chip = Chip::new(Capacity::Kbit64);
    chip.fail(Fault::once(0));
    let error = Fram::open(&chip, Capacity::Kbit64).unwrap_err();
    assert!(error.to_string().contains("status register"), "{error}");
}
