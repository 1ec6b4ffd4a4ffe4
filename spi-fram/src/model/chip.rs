//! The chip, its bus and its supply.

use alloc::vec::Vec;
use core::cell::RefCell;

use embedded_hal::spi::{ErrorType, Operation, SpiDevice};

use super::die::Die;
use super::{BusError, Fault, Traffic};
use crate::{Capacity, Identification};

/// A chip of FRAM, its bus and its supply, to test with. All bytes are 0 at first.
#[derive(Debug)]
pub struct Chip {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    die: Die,
    /// What everything reads as where there is no chip.
    absent: Option<u8>,
    powered: bool,
    power_losses: u64,
    /// Bytes until the power goes.
    bytes_left: Option<u64>,
    fault: Option<Fault>,
    traffic: Traffic,
    power_loss_hook: Option<fn()>,
}

impl Chip {
    /// A chip of this capacity, without an identification.
    pub fn new(capacity: Capacity) -> Self {
        Self {
            state: RefCell::new(State {
                die: Die::new(capacity),
                absent: None,
                powered: true,
                power_losses: 0,
                bytes_left: None,
                fault: None,
                traffic: Traffic::default(),
                power_loss_hook: None,
            }),
        }
    }

    /// A bus without a chip: everything reads as this.
    pub fn absent(level: u8) -> Self {
        let chip = Self::new(Capacity::Kbit16);
        chip.state.borrow_mut().absent = Some(level);
        chip
    }

    /// The chip with an identification.
    #[must_use]
    pub fn identified(self, identification: Identification) -> Self {
        self.state.borrow_mut().die.identification = Some(identification);
        self
    }

    /// The chip with its whole memory filled.
    #[must_use]
    pub fn filled_with(self, byte: u8) -> Self {
        self.state.borrow_mut().die.memory.fill(byte);
        self
    }

    /// The whole memory.
    pub fn image(&self) -> Vec<u8> {
        self.state.borrow().die.memory.clone()
    }

    /// Replaces the memory; a shorter image leaves the rest.
    pub fn set_image(&self, image: &[u8]) {
        let mut state = self.state.borrow_mut();
        for (byte, new) in state.die.memory.iter_mut().zip(image) {
            *byte = *new;
        }
    }

    /// The status register.
    pub fn status(&self) -> u8 {
        self.state.borrow().die.status
    }

    /// Replaces the status register: to protect blocks.
    pub fn set_status(&self, register: u8) {
        self.state.borrow_mut().die.status = register;
    }

    /// Pulls the pin WP low, or high as it is at first.
    pub fn pull_write_protect(&self, low: bool) {
        self.state.borrow_mut().die.pin_is_low = low;
    }

    /// What went over the bus so far.
    pub fn traffic(&self) -> Traffic {
        let state = self.state.borrow();
        Traffic {
            stored: state.die.stored,
            ..state.traffic
        }
    }

    /// Lets the power go when so many bytes more have gone over the bus, before the next one. What was clocked in until
    /// then stays stored. Every transfer answers [`BusError::PowerOff`] from then on.
    pub fn cut_after(&self, bytes: u64) {
        self.state.borrow_mut().bytes_left = Some(bytes);
    }

    /// Takes a planned cut back.
    pub fn cut_never(&self) {
        self.state.borrow_mut().bytes_left = None;
    }

    /// Lets the power go now.
    pub fn power_off(&self) {
        self.state.borrow_mut().power_off();
    }

    /// Gives the power back.
    pub fn power_on(&self) {
        self.state.borrow_mut().powered = true;
    }

    /// Whether there is power.
    pub fn is_powered(&self) -> bool {
        self.state.borrow().powered
    }

    /// Power losses so far.
    pub fn power_losses(&self) -> u64 {
        self.state.borrow().power_losses
    }

    /// Calls `hook` whenever a transfer finds no power, before it answers [`BusError::PowerOff`]. With one that panics the
    /// program stops there, as at a real power loss; see `nvm_core::sim::PowerLoss`.
    pub fn on_power_loss(&self, hook: Option<fn()>) {
        self.state.borrow_mut().power_loss_hook = hook;
    }

    /// Plans a disturbance of the bus.
    pub fn fail(&self, fault: Fault) {
        self.state.borrow_mut().fault = Some(fault);
    }

    /// Takes what is left of a planned disturbance back, and answers it.
    pub fn fail_never(&self) -> Option<Fault> {
        self.state.borrow_mut().fault.take()
    }
}

impl State {
    fn power_off(&mut self) {
        if self.powered {
            self.powered = false;
            self.power_losses += 1;
            self.die.lose_power();
        }
        self.bytes_left = None;
    }

    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), BusError> {
        if !self.powered {
            return Err(BusError::PowerOff);
        }
        self.traffic.transactions += 1;
        self.die.select();
        let result = operations
            .iter_mut()
            .try_for_each(|operation| self.carry_out(operation));
        if self.powered {
            self.die.deselect();
        }
        result
    }

    fn carry_out(&mut self, operation: &mut Operation<'_, u8>) -> Result<(), BusError> {
        match operation {
            Operation::Read(bytes) => {
                for byte in bytes.iter_mut() {
                    *byte = self.exchange(0)?;
                }
            }
            Operation::Write(bytes) => {
                for byte in *bytes {
                    self.exchange(*byte)?;
                }
            }
            Operation::Transfer(read, write) => {
                let longer = read.len().max(write.len());
                for index in 0..longer {
                    let answer = self.exchange(write.get(index).copied().unwrap_or(0))?;
                    if let Some(byte) = read.get_mut(index) {
                        *byte = answer;
                    }
                }
            }
            Operation::TransferInPlace(bytes) => {
                for byte in bytes.iter_mut() {
                    *byte = self.exchange(*byte)?;
                }
            }
            Operation::DelayNs(_) => {}
        }
        Ok(())
    }

    /// One byte each way, unless the power goes or the bus fails.
    fn exchange(&mut self, byte: u8) -> Result<u8, BusError> {
        match &mut self.bytes_left {
            Some(0) => {
                self.power_off();
                return Err(BusError::PowerOff);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if let Some(fault) = &mut self.fault {
            if fault.after == 0 {
                let delivered = fault.delivered;
                fault.transactions = fault.transactions.saturating_sub(1);
                if fault.transactions == 0 {
                    self.fault = None;
                }
                if delivered {
                    self.clock(byte);
                }
                return Err(BusError::Disturbed);
            }
            fault.after -= 1;
        }
        Ok(self.clock(byte))
    }

    fn clock(&mut self, byte: u8) -> u8 {
        self.traffic.bytes += 1;
        match self.absent {
            Some(level) => level,
            None => self.die.clock(byte),
        }
    }
}

impl ErrorType for &Chip {
    type Error = BusError;
}

impl SpiDevice for &Chip {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), BusError> {
        let mut state = self.state.borrow_mut();
        let result = state.transaction(operations);
        let hook = state.power_loss_hook;
        // The hook may look at the chip.
        drop(state);
        if let (Err(BusError::PowerOff), Some(hook)) = (result, hook) {
            hook();
        }
        result
    }
}
