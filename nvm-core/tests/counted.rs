//! A region that counts its stores counts what the simulator counts.

#![allow(clippy::unwrap_used)] // a failure fails the test

use nvm_core::sim::SimNvm;
use nvm_core::{Class, CountedNvm, Nvm, Offset, StoreCounters, for_each_atom};
use proptest::collection::vec;
use proptest::prelude::*;

fn check<const ATOM: usize>(writes: &[(usize, u32, usize)]) {
    let nvm = SimNvm::<ATOM>::new(64);
    let counters = StoreCounters::new();
    let counted = CountedNvm::new(&nvm, &counters);
    for (class, offset, len) in writes {
        // One that does not fit is refused, and counted by neither.
        let _ = counted.write(Class::ALL[*class], *offset, &[7; 12][..*len]);
        let _ = counted.write_u16(Class::ALL[*class], *offset, 1);
        let _ = counted.write_u32(Class::ALL[*class], *offset, 1);
    }
    counted.store(Class::Data, Offset::new(8), &5u32).unwrap();
    assert_eq!(counted.load(Offset::<u32>::new(8)), Ok(5));
    for class in Class::ALL {
        let (expected, counted) = (nvm.counters().class(class), counters.of(class));
        assert_eq!(u64::from(counted.bytes), expected.bytes, "ATOM {ATOM}");
        assert_eq!(u64::from(counted.stores), expected.stores, "ATOM {ATOM}");
    }
}

proptest! {
    #[test]
    fn the_same_stores_are_counted_as_in_the_simulator(
        writes in vec((0..Class::ALL.len(), 0..70u32, 0..12usize), 0..40)
    ) {
        for_each_atom!(ATOM => { check::<ATOM>(&writes); });
    }
}
