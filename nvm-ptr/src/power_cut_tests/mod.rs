//! Every cut of every operation of the crate, and the broken variants that these tests catch.

mod boxes;
mod pointers;
mod vectors;

use nvm_alloc::{Heap, Statistics};
use nvm_core::sim::SimNvm;
use nvm_core::{Area, Layout};
use nvm_tx::UndoLog;

/// Where the tests keep their log and their heap.
#[derive(Debug)]
struct Memory {
    layout: Layout,
    log: Area,
    heap: Area,
}

impl Memory {
    fn new(log_bytes: u32, heap_bytes: u32) -> Self {
        let mut layout = Layout::new("power cut tests", 1);
        let log = layout.area("log", UndoLog::<&SimNvm<4>>::area_bytes(log_bytes));
        let heap = layout.area("heap", Heap::area_bytes(heap_bytes));
        Self { layout, log, heap }
    }

    fn size(&self) -> u32 {
        self.layout.size()
    }

    fn format<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) {
        UndoLog::format(&nvm, self.log).unwrap();
        Heap::format(nvm, self.heap).unwrap();
    }

    /// What a program does first at each start.
    fn open<'a, const ATOM: usize>(
        &self,
        nvm: &'a SimNvm<ATOM>,
    ) -> (UndoLog<&'a SimNvm<ATOM>>, Heap) {
        let log = UndoLog::open(nvm, self.log).unwrap();
        (log, Heap::open(nvm, self.heap).unwrap())
    }

    fn statistics<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) -> Statistics {
        let (_, heap) = self.open(nvm);
        heap.statistics(nvm).unwrap()
    }
}
