//! Damaged images: an answer in bounded time, never a panic.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Nvm, Offset};
use nvm_tx::UndoLog;
use proptest::prelude::*;

const LOG: Area = Area::new(16, 120);
const SIZE: u32 = 512;

fn open_and_use(image: &[u8]) {
    let nvm = SimNvm::<4>::new(SIZE);
    nvm.set_image(image);
    let opened = UndoLog::open(&nvm, LOG);
    // A pass over the log loads each entry once or twice; an entry takes at least 8 bytes, so 14 fit,
    // less than a window of the roll back.
    let (entries, longest) = (14, 65536 / 32);
    assert!(nvm.counters().reads < 20 + 8 * entries + entries * longest);
    if let Ok(mut log) = opened {
        log.transaction(|tx| tx.set(Offset::<u64>::new(SIZE - 8), 7))
            .unwrap();
        assert_eq!(nvm.load(Offset::<u64>::new(SIZE - 8)), Ok(7));
        assert!(UndoLog::open(&nvm, LOG).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_bytes_are_answered(image in prop::collection::vec(any::<u8>(), SIZE as usize)) {
        open_and_use(&image);
    }

    /// Commit words that agree, and entries that all carry the running tag.
    #[test]
    fn entries_of_any_bytes_are_answered(
        mut image in prop::collection::vec(any::<u8>(), SIZE as usize),
        sequence in 0u8..254,
        deferred in any::<bool>(),
    ) {
        let at = LOG.offset() as usize;
        let before = if sequence == 0 { 253 } else { sequence - 1 };
        let running = if sequence == 253 { 0 } else { sequence + 1 };
        let (even, odd) = if sequence % 2 == 0 { (sequence, before) } else { (before, sequence) };
        image[at + 3] = even;
        image[at + 7] = odd;
        image[at + 8] = if deferred { sequence } else { 0xFF };
        for header in (at + 12..at + 120).step_by(4) {
            image[header + 3] = if deferred { sequence } else { running };
        }
        open_and_use(&image);
    }

    #[test]
    fn any_area_is_answered(offset in any::<u32>(), len in any::<u32>()) {
        let nvm = SimNvm::<4>::new(SIZE);
        for (offset, len) in [(offset, len), (offset % 600, len % 600), (u32::MAX - offset % 64, len)] {
            let area = Area::new(offset, len);
            let formatted = UndoLog::format(&&nvm, area);
            prop_assert_eq!(formatted.is_ok(), UndoLog::open(&nvm, area).is_ok());
        }
    }
}
