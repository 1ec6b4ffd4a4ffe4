//! The simulator itself: what it counts, where it tears, and what a power loss takes along.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use nvm_core::sim::{Access, ClassCounters, PowerLoss, SimNvm, Volatile, until_power_loss};
use nvm_core::{Class, Error, Nvm, for_each_atom};

#[test]
fn stores_are_counted_by_class() {
    let nvm = SimNvm::<4>::new(64);
    nvm.write(Class::Data, 0, &[1; 10]).unwrap();
    nvm.write_u8(Class::UndoLog, 16, 1).unwrap();
    nvm.write_u16(Class::UndoLog, 18, 1).unwrap();
    nvm.write_u32(Class::Kernel, 20, 1).unwrap();
    let before = nvm.counters();
    assert_eq!(before.class(Class::Data).writes, 1);
    assert_eq!(before.class(Class::Data).stores, 3, "4, 4 and 2 bytes");
    assert_eq!(before.class(Class::Data).bytes, 10);
    assert_eq!(before.class(Class::UndoLog).writes, 2);
    assert_eq!(before.class(Class::UndoLog).stores, 2);
    assert_eq!(before.class(Class::UndoLog).bytes, 3);
    assert_eq!(before.class(Class::Kernel).bytes, 4);
    assert_eq!(before.class(Class::Replay), ClassCounters::default());
    assert_eq!((before.bytes_written(), before.stores()), (17, 6));

    let _ = nvm.read_u32(0).unwrap();
    nvm.write_u8(Class::Allocator, 0, 1).unwrap();
    let since = nvm.counters() - before;
    assert_eq!((since.reads, since.bytes_read), (1, 4));
    assert_eq!((since.bytes_written(), since.stores()), (1, 1));
    assert_eq!(since.class(Class::Allocator).bytes, 1);
    for class in Class::ALL {
        assert_eq!(Class::ALL[class.index()], class);
    }
}

#[test]
fn an_access_outside_is_refused_and_counts_nothing() {
    let nvm = SimNvm::<2>::new(8);
    let outside = Error::OutOfRange { offset: 6 };
    assert_eq!(nvm.write_u32(Class::Data, 6, 0), Err(outside));
    assert_eq!(nvm.read_u32(6), Err(outside));
    assert_eq!(
        nvm.read_u8(u32::MAX),
        Err(Error::OutOfRange { offset: u32::MAX })
    );
    assert_eq!(nvm.counters(), SimNvm::<2>::new(8).counters());
    let empty = SimNvm::<4>::new(0);
    assert_eq!(
        (
            empty.size(),
            empty.read(0, &mut []),
            empty.write(Class::Data, 0, &[])
        ),
        (0, Ok(()), Ok(()))
    );
    assert!(empty.write_u8(Class::Data, 0, 1).is_err());
}

/// What a write of `len` bytes at `offset` can leave: a prefix after each whole number of atoms.
fn tears<const ATOM: usize>(offset: u32, len: usize) -> Vec<usize> {
    let mut prefixes = Vec::new();
    for stores in 0.. {
        let nvm = SimNvm::<ATOM>::new(32);
        nvm.cut_after(stores);
        let ended = until_power_loss(|| nvm.write(Class::Data, offset, &vec![1; len]).unwrap());
        let image = nvm.image();
        let stored = image.iter().map(|byte| usize::from(*byte)).sum();
        let first = offset as usize;
        assert!(
            image[first..first + stored].iter().all(|byte| *byte == 1),
            "not a prefix"
        );
        prefixes.push(stored);
        if ended.is_ok() {
            break;
        }
        assert_eq!(
            (ended, nvm.power_losses(), nvm.is_powered()),
            (Err(PowerLoss), 1, false)
        );
    }
    prefixes
}

#[test]
fn a_write_tears_between_its_atoms_and_nowhere_else() {
    assert_eq!(tears::<1>(0, 4), [0, 1, 2, 3, 4]);
    assert_eq!(tears::<2>(0, 4), [0, 2, 4]);
    assert_eq!(tears::<4>(0, 4), [0, 4]);
    // As few store instructions as the alignment allows.
    assert_eq!(tears::<4>(1, 8), [0, 1, 3, 7, 8]);
    assert_eq!(tears::<4>(2, 4), [0, 2, 4]);
    assert_eq!(tears::<4>(0, 3), [0, 2, 3]);
    assert_eq!(tears::<4>(1, 3), [0, 1, 3]);
    assert_eq!(tears::<2>(1, 4), [0, 1, 3, 4]);
    for_each_atom!(ATOM => {
        assert_eq!(tears::<ATOM>(8, ATOM), [0, ATOM], "an aligned atom is stored whole");
    });
}

#[test]
fn nothing_is_stored_without_power_not_even_by_a_destructor() {
    struct Repairs<'a>(&'a SimNvm<4>);
    impl Drop for Repairs<'_> {
        fn drop(&mut self) {
            self.0.write_u32(Class::Data, 0, 0xFFFF_FFFF).unwrap();
        }
    }
    let nvm = SimNvm::<4>::new(16);
    nvm.cut_after(1);
    let ended = until_power_loss(|| {
        let _repairs = Repairs(&nvm);
        nvm.write_u32(Class::Data, 0, 1).unwrap();
        nvm.write_u32(Class::Data, 4, 1).unwrap();
        unreachable!("the power went");
    });
    assert_eq!(ended, Err(PowerLoss));
    nvm.power_on();
    assert_eq!((nvm.read_u32(0), nvm.read_u32(4)), (Ok(1), Ok(0)));
}

#[test]
fn a_dead_memory_can_be_ignored_instead() {
    let nvm = SimNvm::<4>::new(16);
    nvm.write_u32(Class::Data, 0, 7).unwrap();
    nvm.set_unwinding(false);
    nvm.power_off();
    assert_eq!(nvm.read_u32(0), Ok(0));
    nvm.write_u32(Class::Data, 0, 8).unwrap();
    nvm.power_on();
    assert_eq!(nvm.read_u32(0), Ok(7));
    assert_eq!(nvm.power_losses(), 1);
}

#[test]
fn another_panic_is_no_power_loss() {
    let caught = catch_unwind(|| until_power_loss(|| panic!("a defect")));
    let message = caught.unwrap_err();
    assert_eq!(message.downcast_ref::<&str>(), Some(&"a defect"));
}

#[test]
fn the_hook_sees_every_load_and_atom_before_it_happens() {
    let nvm = Rc::new(SimNvm::<2>::new(16));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (in_hook, watched) = (Rc::clone(&seen), Rc::clone(&nvm));
    nvm.set_hook(Some(Box::new(move |access| {
        in_hook.borrow_mut().push((access, watched.image()[0]));
    })));
    nvm.write_u32(Class::Data, 0, 0x0101_0101).unwrap();
    let _ = nvm.read_u32(0).unwrap();
    nvm.set_hook(None);
    nvm.write_u8(Class::Data, 0, 9).unwrap();
    assert_eq!(
        *seen.borrow(),
        [(Access::Store, 0), (Access::Store, 1), (Access::Read, 1)]
    );
}

#[test]
fn volatile_state_is_poisoned_by_a_power_loss() {
    let nvm = SimNvm::<4>::new(16);
    let counter = Volatile::new(&nvm, 1);
    counter.set(counter.get() + 1);
    assert_eq!(counter.get(), 2);
    nvm.power_off();
    nvm.power_on();
    assert!(catch_unwind(AssertUnwindSafe(|| counter.get())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| counter.set(3))).is_err());
    assert_eq!(Volatile::new(&nvm, 5).get(), 5);
}
