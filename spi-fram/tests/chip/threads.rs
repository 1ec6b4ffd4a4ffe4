//! `intos-replay` on the chip: a whole program that starts again from its beginning.

use nvm_core::{Class, Layout, Nvm, Offset};
use replay::{Error, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, format_region, open_driver, open_region};

/// A loop that samples, records a result, and updates two objects that belong together.
struct Meter {
    layout: Layout,
    thread: ThreadAreas,
    total: Offset<u32>,
    count: Offset<u16>,
    last: Offset<u32>,
}

impl Meter {
    fn new() -> Self {
        let mut layout = Layout::new("a thread on a chip", 1);
        Self {
            thread: ThreadLayout::DEFAULT.place(&mut layout, "thread"),
            total: layout.object("total"),
            count: layout.object("count"),
            last: layout.object("last"),
            layout,
        }
    }

    fn program<N: Nvm>(&self, thread: &mut Thread<&N>) -> Result<(), Error> {
        let (total, count, last) = (self.total, self.count, self.last);
        nv_for_loop!(thread, hour in 0..2u32 => {
            let reading = thread.sample(|| 0x0101 + 0x1010 * hour)?;
            let sum = thread.transaction(|tx| {
                tx.update(count, |count| count + 1)?;
                tx.update(total, |total| total + reading)?;
                Ok(tx.get(total)?)
            })?;
            thread.transaction(|tx| Ok(tx.set(last, 2 * sum + reading)?))?;
        });
        Ok(())
    }

    fn run<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        open_region(nvm, &self.layout)?;
        let mut thread = Thread::start(nvm, &self.thread)?;
        Ok(self.program(&mut thread)?)
    }
}

impl Scenario for Meter {
    fn name(&self) -> String {
        "intos-replay, a loop that records".into()
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        format_region(nvm, &self.layout)?;
        nvm.store(Class::Data, self.total, &0)?;
        nvm.store(Class::Data, self.count, &0)?;
        nvm.store(Class::Data, self.last, &0)?;
        Ok(Thread::format(nvm, &self.thread)?)
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        self.run(nvm)
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        self.run(nvm)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let (total, count) = (nvm.load(self.total)?, nvm.load(self.count)?);
        Ok(format!("{total:#x} {count} {:#x}", nvm.load(self.last)?))
    }

    /// Once more: all of it is bypassed.
    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let before = self.see(nvm)?;
        self.run(nvm)?;
        if self.see(nvm)? == before {
            Ok(())
        } else {
            Err("what had been done was done again".into())
        }
    }
}

#[test]
fn a_program_ends_as_if_uninterrupted_whatever_byte_is_cut() {
    explore(&Meter::new(), open_driver).assert_clean();
}

#[test]
fn a_program_that_is_started_again_after_a_bus_error_ends_as_ever() {
    faults::explore(&Meter::new());
}
