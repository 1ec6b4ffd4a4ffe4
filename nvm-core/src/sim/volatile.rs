//! A variable in SRAM: lost with the power.

use core::cell::Cell;

use super::SimNvm;

/// A variable that a power loss poisons: using it afterwards is a panic, as relying on SRAM would be a
/// defect. For tests of programs that keep state outside of NVM.
#[derive(Debug)]
pub struct Volatile<'a, T: Copy, const ATOM: usize> {
    nvm: &'a SimNvm<ATOM>,
    born: u64,
    value: Cell<T>,
}

impl<'a, T: Copy, const ATOM: usize> Volatile<'a, T, ATOM> {
    /// A variable that lives until the power of `nvm` goes.
    pub fn new(nvm: &'a SimNvm<ATOM>, value: T) -> Self {
        Self {
            nvm,
            born: nvm.power_losses(),
            value: Cell::new(value),
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// Where the power has gone since the variable was made.
    pub fn get(&self) -> T {
        assert_eq!(
            self.born,
            self.nvm.power_losses(),
            "volatile state was used after a power loss"
        );
        self.value.get()
    }

    /// Sets the value.
    ///
    /// # Panics
    ///
    /// Where the power has gone since the variable was made.
    pub fn set(&self, value: T) {
        let _ = self.get();
        self.value.set(value);
    }
}
