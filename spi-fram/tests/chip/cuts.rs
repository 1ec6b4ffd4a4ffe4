//! Cuts the power of a scenario at every byte on the bus, and again at every byte of the recovery.

use std::collections::HashSet;
use std::fmt;

use embedded_storage::Storage;
use nvm_core::StorageNvm;
use nvm_core::sim::{PowerLoss, until_power_loss};
use spi_fram::model::Chip;

use crate::scenario::{Failure, Scenario, new_chip};

/// So many failures are enough: what follows is mostly the same.
const MAX_FAILURES: usize = 4;

/// What an exploration found.
#[must_use]
pub(crate) struct Report {
    name: String,
    /// Bytes on the bus of the uncut operation.
    bytes: u64,
    /// Cuts of the operation: one for each byte, and one after the last.
    pub(crate) cuts: u64,
    /// Different images that these left.
    images: usize,
    /// Cuts of the recoveries from them.
    pub(crate) second_cuts: u64,
    failures: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} bytes on the bus, cut at {} places, {} images left; their recoveries cut at {} places; {} failed",
            self.name,
            self.bytes,
            self.cuts,
            self.images,
            self.second_cuts,
            self.failures.len()
        )?;
        for failure in &self.failures {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}

impl Report {
    pub(crate) fn assert_clean(&self) -> &Self {
        println!("{self}");
        assert!(self.failures.is_empty(), "{self}");
        self
    }

    pub(crate) fn assert_caught(&self) {
        let first = self.failures.first();
        let first = first.unwrap_or_else(|| panic!("the broken driver is not caught: {self}"));
        println!("{}: caught: {first}", self.name);
    }
}

/// The scenario over the driver that `open` opens.
pub(crate) fn explore<S: Scenario, D: Storage>(
    scenario: &S,
    open: impl Fn(&'static Chip) -> Result<D, Failure>,
) -> Report {
    // One chip for each exploration, so that drivers need no lifetime.
    let chip: &'static Chip = Box::leak(Box::new(new_chip()));
    let mut report = Report {
        name: scenario.name(),
        bytes: 0,
        cuts: 0,
        images: 0,
        second_cuts: 0,
        failures: Vec::new(),
    };
    let exploration = Exploration {
        scenario,
        chip,
        open,
    };
    if let Err(failure) = exploration.run(&mut report) {
        report
            .failures
            .push(format!("with the power lost at its end only: {failure}"));
    }
    report
}

struct Exploration<'a, S, O> {
    scenario: &'a S,
    chip: &'static Chip,
    open: O,
}

/// What a recovered image must look like.
struct Expected {
    before: String,
    after: String,
}

impl<S: Scenario, D: Storage, O: Fn(&'static Chip) -> Result<D, Failure>> Exploration<'_, S, O> {
    /// One life of the program: the driver is opened anew, since all but the chip is lost with the power.
    fn start<R>(
        &self,
        program: impl FnOnce(&StorageNvm<D>) -> Result<R, Failure>,
    ) -> Result<Result<R, Failure>, PowerLoss> {
        self.chip.power_on();
        let ended = until_power_loss(|| program(&StorageNvm::new((self.open)(self.chip)?)));
        // RAM is gone, also after a program that had ended.
        self.chip.power_off();
        self.chip.power_on();
        ended
    }

    /// A life without a power loss.
    fn uncut<R>(
        &self,
        program: impl FnOnce(&StorageNvm<D>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        self.chip.cut_never();
        self.start(program)
            .map_err(|_| Failure::from("there was no power"))?
    }

    /// Bytes on the bus of a program, uncut, from an image.
    fn bytes(
        &self,
        image: &[u8],
        program: impl FnOnce(&StorageNvm<D>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        self.chip.set_image(image);
        let before = self.chip.traffic();
        self.uncut(program)?;
        Ok((self.chip.traffic() - before).bytes)
    }

    /// The image that a cut leaves.
    fn cut(
        &self,
        image: &[u8],
        after: u64,
        of: u64,
        program: impl FnOnce(&StorageNvm<D>) -> Result<(), Failure>,
    ) -> Result<Vec<u8>, Failure> {
        self.chip.set_image(image);
        self.chip.power_on();
        self.chip.cut_after(after);
        let ended = self.start(program);
        self.chip.cut_never();
        match ended {
            Ok(Err(failure)) => return Err(format!("before the power loss: {failure}").into()),
            Ok(Ok(())) if after < of => return Err("it ended before the cut".into()),
            Err(PowerLoss) if after >= of => return Err("it did not end before the cut".into()),
            _ => {}
        }
        Ok(self.chip.image())
    }

    /// The recovery from an image, and what is there then.
    fn recovered(&self, image: &[u8]) -> Result<String, Failure> {
        self.chip.set_image(image);
        self.uncut(|nvm| self.scenario.recover(nvm))?;
        self.uncut(|nvm| self.scenario.see(nvm))
    }

    /// An image recovers to one of the two, and can be used on.
    fn check(&self, image: &[u8], expected: &Expected) -> Result<String, Failure> {
        let found = self.recovered(image)?;
        if found != expected.before && found != expected.after {
            let Expected { before, after } = expected;
            return Err(format!("{found}\n    neither {before}\n    nor {after}").into());
        }
        self.uncut(|nvm| self.scenario.use_on(nvm))
            .map_err(|failure| format!("used on, {failure}"))?;
        Ok(found)
    }

    fn run(&self, report: &mut Report) -> Result<(), Failure> {
        self.uncut(|nvm| self.scenario.set_up(nvm))?;
        let start = self.chip.image();
        report.bytes = self.bytes(&start, |nvm| self.scenario.operate(nvm))?;
        let finished = self.chip.image();
        let expected = Expected {
            after: self.uncut(|nvm| self.scenario.see(nvm))?,
            before: self.recovered(&start)?,
        };
        self.check(&finished, &expected)?;

        // What a program does depends on the image alone: each is recovered once.
        let mut seen = HashSet::new();
        for cut in 0..=report.bytes {
            if report.failures.len() >= MAX_FAILURES {
                break;
            }
            report.cuts += 1;
            let operate = |nvm: &StorageNvm<D>| self.scenario.operate(nvm);
            let image = match self.cut(&start, cut, report.bytes, operate) {
                Ok(image) => image,
                Err(failure) => {
                    report.failures.push(format!("byte {cut}: {failure}"));
                    continue;
                }
            };
            if cut == report.bytes && self.recovered(&image)? != expected.after {
                report.failures.push("it ended and is not durable".into());
            }
            if seen.insert(image.clone()) {
                report.images += 1;
                if let Err(failure) = self.recoveries(&image, &expected, &mut seen, report) {
                    report.failures.push(format!("byte {cut}: {failure}"));
                }
            }
        }
        Ok(())
    }

    /// The recovery from an image, uncut and cut at every byte.
    fn recoveries(
        &self,
        image: &[u8],
        expected: &Expected,
        seen: &mut HashSet<Vec<u8>>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        self.check(image, expected)?;
        let bytes = self.bytes(image, |nvm| self.scenario.recover(nvm))?;
        for second in 0..=bytes {
            report.second_cuts += 1;
            let recover = |nvm: &StorageNvm<D>| self.scenario.recover(nvm);
            let left = self.cut(image, second, bytes, recover);
            let left = left.map_err(|failure| format!("then {second}: {failure}"))?;
            if !seen.contains(&left) {
                self.check(&left, expected)
                    .map_err(|failure| format!("then byte {second} of the recovery: {failure}"))?;
                // Not marked as seen: the cuts of its own recovery come when a first cut leaves it.
            }
        }
        Ok(())
    }
}
