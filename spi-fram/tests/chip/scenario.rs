//! What the power is cut in, and the bus fails in.

use std::error::Error;

use nvm_core::sim::PowerLoss;
use nvm_core::{Layout, Nvm, Region, RegionError};
use spi_fram::model::Chip;
use spi_fram::{Capacity, Fram};

/// What went wrong: an error of the bus, or something in the memory that should not be.
pub(crate) type Failure = Box<dyn Error>;

/// The capacity of all chips here.
pub(crate) const CAPACITY: Capacity = Capacity::Kbit16;

/// A program and its next start, over any NVM.
pub(crate) trait Scenario {
    /// What it is about.
    fn name(&self) -> String;

    /// The state before: never cut.
    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure>;

    /// The program, from its start on.
    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure>;

    /// What the next start does, after a power loss or an error.
    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure>;

    /// All that must be as before the operation or as after it, once recovered; or what is wrong with it.
    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure>;

    /// Uses the store on, as far as its user can.
    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure>;
}

/// The header that every region begins with.
pub(crate) fn format_region<N: Nvm>(nvm: &N, layout: &Layout) -> Result<(), RegionError> {
    let _ = Region::format(nvm, layout, || Ok::<_, RegionError>(()))?;
    Ok(())
}

/// What every start does first.
pub(crate) fn open_region<N: Nvm>(nvm: &N, layout: &Layout) -> Result<(), RegionError> {
    Region::open(nvm, layout).map(drop)
}

/// A chip that has not been used, whose power loss stops the program.
pub(crate) fn new_chip() -> Chip {
    let chip = Chip::new(CAPACITY);
    chip.on_power_loss(Some(|| {
        if !std::thread::panicking() {
            PowerLoss::strike();
        }
    }));
    chip
}

/// The driver, as a program opens it at each start.
pub(crate) fn open_driver(chip: &Chip) -> Result<Fram<&Chip>, Failure> {
    Ok(Fram::open(chip, CAPACITY)?)
}
