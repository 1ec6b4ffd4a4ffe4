//! `nvm-alloc` on the chip.

use std::error::Error as StdError;

use nvm_alloc::{AllocError, Heap};
use nvm_core::{Area, Class, Layout, Nvm, Offset};
use nvm_tx::{Tx, UndoLog};

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, format_region, open_driver, open_region};

const SLOTS: u32 = 5;

/// Three words: blocks of two granules.
type Object = [u32; 3];

/// What is done to the heap.
#[derive(Debug, Clone, Copy)]
enum Does {
    Allocates,
    Frees,
    FreesAndAllocates,
    AllocatesAndAborts,
    /// `allocate_into`, on the heap's own log.
    Alone,
}

struct OnHeap {
    does: Does,
    layout: Layout,
    log: Area,
    heap: Area,
    slots: Offset<[Offset<Object>; SLOTS as usize]>,
}

impl OnHeap {
    fn new(does: Does) -> Self {
        let mut layout = Layout::new("a heap on a chip", 1);
        Self {
            does,
            log: layout.area("log", 140),
            heap: layout.area("heap", Heap::area_bytes(144)),
            slots: layout.object("slots"),
            layout,
        }
    }

    fn slot(&self, index: u32) -> Offset<Offset<Object>> {
        Offset::new(self.slots.get() + 4 * index)
    }

    fn open<'n, N: Nvm>(&self, nvm: &'n N) -> Result<(UndoLog<&'n N>, Heap), Failure> {
        open_region(nvm, &self.layout)?;
        Ok((UndoLog::open(nvm, self.log)?, Heap::open(nvm, self.heap)?))
    }

    fn put<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        index: u32,
        value: u32,
    ) -> Result<(), AllocError> {
        let object = heap.allocate_for(tx, [value; 3])?;
        Ok(tx.set(self.slot(index), object)?)
    }

    fn take<N: Nvm>(&self, tx: &mut Tx<'_, N>, heap: Heap, index: u32) -> Result<(), AllocError> {
        let object = tx.get(self.slot(index))?;
        heap.free(tx, object.get())?;
        Ok(tx.set(self.slot(index), Offset::new(0))?)
    }
}

/// How the scenario that aborts does.
const ABORT: AllocError = AllocError::Misaligned { offset: 0 };

impl Scenario for OnHeap {
    fn name(&self) -> String {
        format!("nvm-alloc, {:?}", self.does)
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        format_region(nvm, &self.layout)?;
        UndoLog::format(&nvm, self.log)?;
        Heap::format(nvm, self.heap)?;
        for index in 0..SLOTS {
            nvm.store(Class::Data, self.slot(index), &Offset::new(0))?;
        }
        let (mut log, heap) = self.open(nvm)?;
        log.transaction(|tx| {
            for index in 0..3 {
                self.put(tx, heap, index, 10 + index)?;
            }
            Ok::<_, AllocError>(())
        })?;
        // A gap, which the next allocation fills.
        Ok(log.transaction(|tx| self.take(tx, heap, 1))?)
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let (mut log, heap) = self.open(nvm)?;
        let ended = match self.does {
            Does::Allocates => log.transaction(|tx| self.put(tx, heap, 3, 13)),
            Does::Frees => log.transaction(|tx| self.take(tx, heap, 0)),
            Does::FreesAndAllocates => log.transaction(|tx| {
                self.take(tx, heap, 0)?;
                self.put(tx, heap, 0, 20)?;
                self.put(tx, heap, 4, 14)
            }),
            Does::AllocatesAndAborts => log.transaction(|tx| {
                self.put(tx, heap, 3, 13)?;
                self.take(tx, heap, 2)?;
                Err(ABORT)
            }),
            Does::Alone => heap.allocate_into(nvm, self.slot(4), [40; 3]).map(drop),
        };
        match ended {
            Err(error) if error == ABORT => Ok(()),
            other => Ok(other?),
        }
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        self.open(nvm).map(drop)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let (_, heap) = self.open(nvm)?;
        let mut reached = Vec::new();
        let mut objects = Vec::new();
        for index in 0..SLOTS {
            let object = nvm.load(self.slot(index))?;
            if object.get() == 0 {
                objects.push(None);
            } else {
                reached.push(object.get());
                objects.push(Some(nvm.load(object)?));
            }
        }
        reached.sort_unstable();
        let blocks = heap
            .blocks(nvm)?
            .map(|block| block.map(|block| block.offset));
        let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
        if blocks != reached {
            return Err(format!("blocks {blocks:x?}, slots hold {reached:x?}").into());
        }
        Ok(format!("{objects:?} in {reached:x?}"))
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let (mut log, heap) = self.open(nvm)?;
        let before = heap.statistics(nvm)?;
        let mut got = Vec::new();
        while let Ok(block) = log.transaction(|tx| heap.allocate(tx, 8)) {
            got.push(block);
        }
        if heap.statistics(nvm)?.free != 0 {
            return Err("not all that is free can be allocated".into());
        }
        for block in got {
            log.transaction(|tx| heap.free(tx, block))?;
        }
        if heap.statistics(nvm)? == before {
            Ok(())
        } else {
            Err(Box::<dyn StdError>::from("not all was freed"))
        }
    }
}

const ALL: [Does; 5] = [
    Does::Allocates,
    Does::Frees,
    Does::FreesAndAllocates,
    Does::AllocatesAndAborts,
    Does::Alone,
];

#[test]
fn nothing_leaks_and_nothing_is_used_twice_whatever_byte_is_cut() {
    for does in ALL {
        explore(&OnHeap::new(does), open_driver).assert_clean();
    }
}

#[test]
fn a_bus_error_leaves_the_heap_whole() {
    for does in ALL {
        faults::explore(&OnHeap::new(does));
    }
}
