//! `nvm-ptr` on the chip.

use nvm_alloc::Heap;
use nvm_core::{Area, Layout, Nvm};
use nvm_ptr::{Error, PArray, PVec, Root, write_first};
use nvm_tx::UndoLog;

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, format_region, open_driver, open_region};

/// A vector that is full, beside a total.
struct Objects {
    layout: Layout,
    log: Area,
    heap: Area,
    scratch: PArray<u16, 6>,
    total: Root<u32>,
    readings: PVec<u32>,
}

impl Objects {
    fn new() -> Self {
        let mut layout = Layout::new("pointers on a chip", 1);
        Self {
            log: layout.area("log", 200),
            heap: layout.area("heap", Heap::area_bytes(192)),
            scratch: PArray::place(&mut layout, "scratch"),
            total: Root::place(&mut layout, "total"),
            readings: PVec::place(&mut layout, "readings"),
            layout,
        }
    }

    fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        format_region(nvm, &self.layout)?;
        UndoLog::format(&nvm, self.log)?;
        Heap::format(nvm, self.heap)?;
        self.scratch.format(nvm, &[0; 6])?;
        self.total.format(nvm, &1000)?;
        self.readings.format(nvm)?;
        let (mut log, heap) = self.open(nvm)?;
        let first = [0x1111_1111, 0x2222_2222, 0x3333_3333, 0x4444_4444];
        Ok(log.transaction(|tx| self.readings.extend_from_slice(tx, heap, &first))?)
    }

    fn open<'n, N: Nvm>(&self, nvm: &'n N) -> Result<(UndoLog<&'n N>, Heap), Failure> {
        open_region(nvm, &self.layout)?;
        Ok((UndoLog::open(nvm, self.log)?, Heap::open(nvm, self.heap)?))
    }

    /// The readings, the total, and the heap's use.
    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let (mut log, heap) = self.open(nvm)?;
        let (readings, total) = log.transaction(|tx| {
            let readings = self.readings.iter(tx)?.collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Error>((readings, self.total.get(tx)?))
        })?;
        Ok(format!(
            "{readings:x?}, {total}, {:?}",
            heap.statistics(nvm)?
        ))
    }

    /// Changes the objects and puts them back. A vector that grows would stay grown.
    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let (mut log, heap) = self.open(nvm)?;
        log.transaction(|tx| self.total.update(tx, |total| total + 1))?;
        log.transaction(|tx| {
            let last = self.readings.pop(tx)?;
            self.readings.push(tx, heap, last.unwrap_or(0))
        })?;
        Ok(log.transaction(|tx| self.total.update(tx, |total| total - 1))?)
    }
}

/// A push that moves the vector into a larger block, and the total with it.
struct Grows;

impl Scenario for Grows {
    fn name(&self) -> String {
        "nvm-ptr, a vector grows".into()
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Objects::new().format(nvm)
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let objects = Objects::new();
        let (mut log, heap) = objects.open(nvm)?;
        Ok(log.transaction(|tx| {
            objects.readings.set(tx, 1, 0x5555_5555)?;
            objects.readings.push(tx, heap, 0x6666_6666)?;
            Ok::<_, Error>(objects.total.update(tx, |total| total + 0x0101_0101)?)
        })?)
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Objects::new().open(nvm).map(drop)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        Objects::new().see(nvm)
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Objects::new().use_on(nvm)
    }
}

/// A transaction that writes without logging, and that every start repeats until a flag in it says that it was done.
struct WritesFirst;

impl WritesFirst {
    /// Done once: the total is 1000 before.
    fn run<N: Nvm>(nvm: &N) -> Result<(), Failure> {
        let mut objects = Objects::new();
        let (mut log, _) = objects.open(nvm)?;
        let total = log.transaction(|tx| objects.total.get(tx))?;
        if total != 1000 {
            return Ok(());
        }
        let (scratch, total) = (&mut objects.scratch, &mut objects.total);
        write_first(&mut log, 8, (scratch, total), |tx, (scratch, total)| {
            let scratch = scratch
                .elements()
                .write_with(tx, |index| 0x0111 * (index as u16 + 1))?;
            let mut sum = 0;
            for index in 0..scratch.len() {
                sum += u32::from(scratch.get(tx, index)?.unwrap_or(0));
            }
            total.update(tx, |old| old + sum).map(drop)
        })?;
        Ok(())
    }
}

impl Scenario for WritesFirst {
    fn name(&self) -> String {
        "nvm-ptr, written first".into()
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Objects::new().format(nvm)
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Self::run(nvm)
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Self::run(nvm)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let objects = Objects::new();
        let (mut log, _) = objects.open(nvm)?;
        let scratch = log.transaction(|tx| {
            (0..objects.scratch.len())
                .map(|index| objects.scratch.get_at(tx, index))
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(format!("{scratch:x?}, {}", objects.see(nvm)?))
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        Objects::new().use_on(nvm)
    }
}

#[test]
fn a_vector_grows_wholly_or_not_at_all_whatever_byte_is_cut() {
    explore(&Grows, open_driver).assert_clean();
}

#[test]
fn a_repeated_transaction_ends_as_if_uninterrupted_whatever_byte_is_cut() {
    explore(&WritesFirst, open_driver).assert_clean();
}

#[test]
fn a_bus_error_leaves_the_objects_whole() {
    faults::explore(&Grows);
    faults::explore(&WritesFirst);
}
