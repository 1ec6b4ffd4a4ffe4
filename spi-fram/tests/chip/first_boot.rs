//! The first boot on a blank chip.

use nvm_core::{Area, Class, Layout, Nvm, Offset, Region};
use nvm_tx::{Fault, UndoLog};

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, open_driver};

struct FirstBoot {
    layout: Layout,
    log: Area,
    counter: Offset<u32>,
}

impl FirstBoot {
    fn new() -> Self {
        let mut layout = Layout::new("first boot on a chip", 1);
        Self {
            log: layout.area("log", 32),
            counter: layout.object("counter"),
            layout,
        }
    }
}

impl Scenario for FirstBoot {
    fn name(&self) -> String {
        "nvm-core, first boot".into()
    }

    fn set_up<N: Nvm>(&self, _: &N) -> Result<(), Failure> {
        Ok(())
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let _ = Region::open_or_format(nvm, &self.layout, || -> Result<(), Failure> {
            UndoLog::format(&nvm, self.log)?;
            Ok(nvm.store(Class::Data, self.counter, &41)?)
        })?;
        let _ = UndoLog::open(nvm, self.log)?;
        Ok(())
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        self.operate(nvm)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let _ = Region::open(nvm, &self.layout)?;
        Ok(format!("{}", nvm.load(self.counter)?))
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let mut log = UndoLog::open(nvm, self.log)?;
        log.transaction(|tx| tx.update(self.counter, |count| count + 1))?;
        log.transaction(|tx| {
            tx.update(self.counter, |count| count - 1)?;
            Ok::<_, Fault>(())
        })?;
        Ok(())
    }
}

#[test]
fn a_first_boot_is_begun_again_whatever_byte_is_cut() {
    explore(&FirstBoot::new(), open_driver).assert_clean();
}

#[test]
fn a_bus_error_in_a_first_boot_does_no_harm() {
    faults::explore(&FirstBoot::new());
}
