//! Damaged images: a precise error or a wrong value, never a panic or an endless loop.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::Heap;
use nvm_core::sim::SimNvm;
use nvm_core::{Class, Layout, Nvm};
use nvm_ptr::{Error, PSlice, PVec};
use nvm_tx::UndoLog;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_damaged_header_gives_an_error_or_a_wrong_value(
        header in any::<[u8; 8]>(),
        small in any::<bool>(),
    ) {
        let mut layout = Layout::new("damage", 1);
        let log = layout.area("log", 256);
        let heap = layout.area("heap", Heap::area_bytes(64));
        let vector = PVec::<[u8; 3]>::place(&mut layout, "vector");
        let header_at = layout.size() - 8;
        let nvm = SimNvm::<4>::new(layout.size());
        UndoLog::format(&&nvm, log).unwrap();
        Heap::format(&nvm, heap).unwrap();
        nvm.write(Class::Data, header_at, &header).unwrap();
        if small {
            // Plausible ones.
            for at in [1, 2, 3, 5, 7] {
                nvm.write_u8(Class::Data, header_at + at, 0).unwrap();
            }
        }
        let mut log = UndoLog::open(&nvm, log).unwrap();
        let heap = Heap::open(&nvm, heap).unwrap();
        let _ = log.transaction(|tx| vector.push(tx, heap, [1; 3]));
        let _ = log.transaction(|tx| vector.pop(tx));
        let _ = log.transaction(|tx| vector.set(tx, 0, [2; 3]));
        let _ = log.transaction(|tx| vector.reserve(tx, heap, 9));
        let _ = log.transaction(|tx| Ok::<_, Error>(vector.iter(tx)?.count()));
        let _ = log.transaction(|tx| vector.release(tx, heap));
        let _ = log.transaction(|tx| vector.free(tx, heap));
    }
}

#[test]
fn what_cannot_be_a_vector_is_named() {
    let mut layout = Layout::new("damage", 1);
    let log = layout.area("log", 64);
    let vector = PVec::<u32>::place(&mut layout, "vector");
    let header_at = layout.size() - 8;
    let nvm = SimNvm::<4>::new(layout.size());
    UndoLog::format(&&nvm, log).unwrap();
    let mut log = UndoLog::open(&nvm, log).unwrap();
    for header in [
        [0, 0, 0, 0, 1, 0, 2, 0],       // longer than its capacity
        [0, 0, 0, 0x80, 1, 0, 0, 0],    // behind the end
        [0, 0, 0, 0, 0xFF, 0xFF, 0, 0], // too many slots
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0],
    ] {
        nvm.write(Class::Data, header_at, &header).unwrap();
        let error = log.transaction(|tx| vector.len(tx)).unwrap_err();
        assert_eq!(error, Error::Damaged { offset: header_at });
        assert!(error.to_string().contains("damaged"));
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let mut layout = Layout::new("lengths", 1);
    let log = layout.area("log", 64);
    let heap = layout.area("heap", Heap::area_bytes(64));
    let vector = PVec::<u8>::place(&mut layout, "vector");
    let nvm = SimNvm::<4>::new(layout.size());
    UndoLog::format(&&nvm, log).unwrap();
    Heap::format(&nvm, heap).unwrap();
    vector.format(&nvm).unwrap();
    let mut log = UndoLog::open(&nvm, log).unwrap();
    let heap = Heap::open(&nvm, heap).unwrap();
    let many = vec![0; PVec::<u8>::MAX_LEN + 1];
    let result = log.transaction(|tx| vector.extend_from_slice(tx, heap, &many));
    assert_eq!(result, Err(Error::TooLong { len: many.len() }));
    let result = log.transaction(|tx| vector.extend_from_slice(tx, heap, &many[1..]));
    assert!(matches!(result, Err(Error::Alloc(_))));
    let result =
        log.transaction(|tx| PSlice::allocate(tx, heap, usize::MAX, |_| 0_u64).map(|_| ()));
    assert_eq!(result, Err(Error::TooLong { len: usize::MAX }));
    // Twice the capacity does not fit beside the old block, what is needed does.
    log.transaction(|tx| {
        vector.extend_from_slice(tx, heap, &[1; 24])?;
        vector.push(tx, heap, 2)
    })
    .unwrap();
    assert_eq!(log.transaction(|tx| vector.capacity(tx)), Ok(25));
}
