//! What the operations of the persistence crates cost in bytes on the bus:
//! `cargo test -p intos-spi-fram --test costs -- --nocapture`.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::{AllocError, Heap};
use nvm_core::{Area, Class, Layout, Nvm, Offset, Region, RegionError, StorageNvm};
use nvm_list::{Head, List, Node, NodeRef, OpLog};
use nvm_ptr::{Error, PVec};
use nvm_tx::{Fault, UndoLog};
use replay::{Thread, ThreadLayout};
use spi_fram::model::Chip;
use spi_fram::{Capacity, Fram};

type OnChip<'a> = StorageNvm<Fram<&'a Chip>, 1>;

fn chip_of(capacity: Capacity) -> Chip {
    Chip::new(capacity).filled_with(0xA5)
}

/// Prints a line of the table, and checks its bytes on the bus: with 2 bytes of address, and with 3.
fn cost(name: &str, expected: [u64; 2], operation: impl Fn(&Chip, Capacity) -> Cost) {
    let costs = [Capacity::Kbit256, Capacity::Mbit1]
        .map(|capacity| operation(&chip_of(capacity), capacity));
    let [short, long] = &costs;
    assert_eq!(short.stored, long.stored);
    println!(
        "| {name} | {} | {} | {} | {} |",
        short.stored, short.transactions, short.bytes, long.bytes
    );
    assert_eq!([short.bytes, long.bytes], expected, "{name}");
}

type Cost = spi_fram::model::Traffic;

/// What the last operation costs that is measured: a first one may find its log filled with junk.
fn measured(
    chip: &Chip,
    capacity: Capacity,
    run: impl FnOnce(&OnChip<'_>, &mut dyn FnMut(&mut dyn FnMut())),
) -> Cost {
    let nvm = StorageNvm::new(Fram::open(chip, capacity).unwrap());
    let mut cost = Cost::default();
    run(&nvm, &mut |operation| {
        let before = chip.traffic();
        operation();
        cost = chip.traffic() - before;
    });
    cost
}

const LOG: Area = Area::new(32, 128);
const WORD: Offset<u32> = Offset::new(0x200);

fn transaction(
    chip: &Chip,
    capacity: Capacity,
    body: fn(&mut nvm_tx::Tx<'_, &OnChip<'_>>) -> Result<(), Fault>,
) -> Cost {
    measured(chip, capacity, |nvm, measure| {
        UndoLog::format(&nvm, LOG).unwrap();
        let mut log = UndoLog::open(nvm, LOG).unwrap();
        for _ in 0..2 {
            measure(&mut || log.transaction(|tx| body(tx)).unwrap());
        }
    })
}

fn allocate_and_free(chip: &Chip, capacity: Capacity) -> Cost {
    let area = Area::new(0x400, Heap::area_bytes(1024));
    measured(chip, capacity, |nvm, measure| {
        UndoLog::format(&nvm, LOG).unwrap();
        Heap::format(nvm, area).unwrap();
        let heap = Heap::open(nvm, area).unwrap();
        let mut log = UndoLog::open(nvm, LOG).unwrap();
        for _ in 0..2 {
            measure(&mut || {
                let block = log.transaction(|tx| heap.allocate(tx, 16)).unwrap();
                log.transaction(|tx| {
                    heap.free(tx, block)?;
                    Ok::<_, AllocError>(())
                })
                .unwrap();
            });
        }
    })
}

fn push(chip: &Chip, capacity: Capacity) -> Cost {
    let area = Area::new(0x400, Heap::area_bytes(1024));
    let mut layout = Layout::new("costs", 1);
    let log_area = layout.area("log", 128);
    let vector = PVec::<u32>::place(&mut layout, "vector");
    measured(chip, capacity, |nvm, measure| {
        UndoLog::format(&nvm, log_area).unwrap();
        Heap::format(nvm, area).unwrap();
        vector.format(nvm).unwrap();
        let heap = Heap::open(nvm, area).unwrap();
        let mut log = UndoLog::open(nvm, log_area).unwrap();
        for value in 0..3 {
            measure(&mut || {
                log.transaction(|tx| {
                    vector.push(tx, heap, value)?;
                    Ok::<_, Error>(())
                })
                .unwrap();
            });
        }
    })
}

/// What is measured of a list.
enum Does {
    Inserts,
    Removes,
}

/// Inserts a node with this key beside so many others, with the keys 0, 10, 20…; or removes it again.
fn list(chip: &Chip, capacity: Capacity, others: u32, key: u32, does: &Does) -> Cost {
    let (log, head) = (Area::new(32, 12), Offset::<Head>::new(0x100));
    measured(chip, capacity, |nvm, measure| {
        let log = OpLog::format(nvm, log, Class::Data).unwrap();
        let list = List::format(nvm, Class::Data, head, 0).unwrap();
        let node = |index: u32| {
            let node = Offset::<Node>::new(0x200 + 12 * index);
            NodeRef::format(nvm, Class::Data, node, 0).unwrap()
        };
        for index in 0..others {
            log.insert_sorted(nvm, list, node(index), 10 * index)
                .unwrap();
        }
        let node = node(others);
        measure(&mut || log.insert_sorted(nvm, list, node, key).unwrap());
        if matches!(does, Does::Removes) {
            measure(&mut || log.remove(nvm, node).unwrap());
        }
    })
}

fn recorded(chip: &Chip, capacity: Capacity) -> Cost {
    let mut layout = Layout::new("costs", 1);
    let areas = ThreadLayout::DEFAULT.place(&mut layout, "thread");
    measured(chip, capacity, |nvm, measure| {
        Thread::format(nvm, &areas).unwrap();
        let mut thread = Thread::start(nvm, &areas).unwrap();
        for _ in 0..2 {
            measure(&mut || {
                let _: u32 = thread
                    .transaction(|tx| {
                        tx.set(WORD, 1)?;
                        Ok(7u32)
                    })
                    .unwrap();
            });
        }
    })
}

/// A start that finds nothing to recover: the driver, the region, the log.
fn start(chip: &Chip, capacity: Capacity) -> Cost {
    let mut layout = Layout::new("costs", 1);
    let log = layout.area("log", 128);
    let nvm = StorageNvm::<_, 1>::new(Fram::open(chip, capacity).unwrap());
    let _ = Region::format(&nvm, &layout, || {
        UndoLog::format(&&nvm, log).unwrap();
        Ok::<_, RegionError>(())
    })
    .unwrap();
    let before = chip.traffic();
    let nvm = StorageNvm::<_, 1>::new(Fram::open(chip, capacity).unwrap());
    let _ = Region::open(&nvm, &layout).unwrap();
    let _ = UndoLog::open(&nvm, log).unwrap();
    chip.traffic() - before
}

#[test]
fn operations_cost_what_the_readme_says() {
    println!(
        "| operation | bytes stored | selections | bytes on the bus, chips up to 64 KiB | larger chips |\n\
         | --- | --- | --- | --- | --- |"
    );
    cost("load a word", [7, 8], |chip, capacity| {
        measured(chip, capacity, |nvm, measure| {
            measure(&mut || _ = nvm.load(WORD).unwrap());
        })
    });
    cost("store a word", [8, 9], |chip, capacity| {
        measured(chip, capacity, |nvm, measure| {
            measure(&mut || nvm.store(Class::Data, WORD, &7).unwrap());
        })
    });
    cost("empty transaction", [0, 0], |chip, capacity| {
        transaction(chip, capacity, |_| Ok(()))
    });
    cost(
        "transaction, one word logged",
        [43, 49],
        |chip, capacity| transaction(chip, capacity, |tx| tx.set(WORD, 7)),
    );
    cost(
        "transaction, four words logged",
        [148, 169],
        |chip, capacity| {
            transaction(chip, capacity, |tx| {
                (0..4).try_for_each(|index| tx.set(Offset::new(WORD.get() + 8 * index), index))
            })
        },
    );
    cost(
        "transaction, 64 bytes logged",
        [238, 247],
        |chip, capacity| transaction(chip, capacity, |tx| tx.write(WORD.get(), &[7; 64])),
    );
    cost(
        "allocate 16 bytes, free them",
        [110, 129],
        allocate_and_free,
    );
    cost("push to a vector", [56, 64], push);
    cost("insert into an empty list", [95, 109], |chip, capacity| {
        list(chip, capacity, 0, 7, &Does::Inserts)
    });
    cost("insert between ten nodes", [205, 227], |chip, capacity| {
        list(chip, capacity, 10, 45, &Does::Inserts)
    });
    cost("insert behind ten nodes", [110, 125], |chip, capacity| {
        list(chip, capacity, 10, 1000, &Does::Inserts)
    });
    cost("remove from a list", [66, 76], |chip, capacity| {
        list(chip, capacity, 3, 15, &Does::Removes)
    });
    cost(
        "transaction of a thread, one word, result of 4 bytes",
        [57, 65],
        recorded,
    );
    cost("start, nothing to recover", [84, 96], start);
}
