//! What the README says it costs, measured: `cargo test -p nvm-core --test costs -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nvm_core::sim::{Counters, SimNvm};
use nvm_core::{Class, HEADER_BYTES, Layout, Nvm, Offset, Region, RegionError};

nvm_core::persist! {
    struct Reading {
        time: u32,
        celsius: i16,
        flags: u16,
    }
}

fn measured(what: &str, nvm: &SimNvm<4>, operation: impl FnOnce()) -> Counters {
    let before = nvm.counters();
    operation();
    let cost = nvm.counters() - before;
    println!(
        "{what}: {} bytes in {} stores, {} bytes loaded in {} loads",
        cost.bytes_written(),
        cost.stores(),
        cost.bytes_read,
        cost.reads
    );
    cost
}

#[test]
fn costs_at_atom_4() {
    let nvm = SimNvm::<4>::new(4096);
    let mut layout = Layout::new("costs", 1);
    let reading: Offset<Reading> = layout.object("reading");
    let nothing = || Ok::<_, RegionError>(());

    let format = measured("format", &nvm, || {
        let _ = Region::format(&nvm, &layout, nothing).unwrap();
    });
    assert_eq!((format.bytes_written(), format.stores()), (36, 9));
    let open = measured("open", &nvm, || {
        let _ = Region::open(&nvm, &layout).unwrap();
    });
    assert_eq!(
        (open.bytes_written(), open.bytes_read),
        (0, u64::from(HEADER_BYTES))
    );
    let value = Reading {
        time: 1,
        celsius: -4,
        flags: 0,
    };
    let store = measured("store of 8 bytes", &nvm, || {
        nvm.store(Class::Data, reading, &value).unwrap();
    });
    assert_eq!(
        (store.bytes_written(), store.stores(), store.reads),
        (8, 2, 0)
    );
    let load = measured("load of 8 bytes", &nvm, || {
        assert_eq!(nvm.load(reading), Ok(value));
    });
    assert_eq!(
        (load.bytes_written(), load.bytes_read, load.reads),
        (0, 8, 2)
    );
}
