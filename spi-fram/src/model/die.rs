//! The chip's inside: what it does with each byte.

use alloc::vec;
use alloc::vec::Vec;

use crate::command;
use crate::status::{BLOCK_PROTECT, PIN_ENABLED, WRITE_ENABLED};
use crate::{Capacity, Identification, Status};

/// What a line that nobody drives reads as.
const NOBODY: u8 = 0xFF;

/// What the chip expects next, since it was selected.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Opcode,
    /// WREN or WRDI was the only byte so far: the latch follows when the chip is deselected.
    Latch(bool),
    /// An address, of which so many bytes are missing.
    Address {
        writes: bool,
        missing: u32,
        address: u32,
    },
    Reading(u32),
    Writing(u32),
    SendingStatus,
    GettingStatus,
    /// The status register was written.
    GotStatus,
    Identifying(usize),
    /// Nothing more in this transaction.
    Ignoring,
}

#[derive(Debug)]
pub(super) struct Die {
    pub(super) memory: Vec<u8>,
    /// Volatile are only the latch, and the phase.
    pub(super) status: u8,
    capacity: Capacity,
    phase: Phase,
    pub(super) identification: Option<Identification>,
    pub(super) pin_is_low: bool,
    pub(super) stored: u64,
}

impl Die {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self {
            memory: vec![0; capacity.bytes() as usize],
            status: 0,
            capacity,
            phase: Phase::Ignoring,
            identification: None,
            pin_is_low: false,
            stored: 0,
        }
    }

    pub(super) fn select(&mut self) {
        self.phase = Phase::Opcode;
    }

    /// One byte in, one byte out.
    pub(super) fn clock(&mut self, byte: u8) -> u8 {
        let mut answer = NOBODY;
        self.phase = match self.phase {
            Phase::Opcode => self.opcode(byte),
            Phase::Address {
                writes,
                missing,
                address,
            } => {
                let address = address << 8 | u32::from(byte);
                match (missing, writes) {
                    (2.., _) => Phase::Address {
                        writes,
                        missing: missing - 1,
                        address,
                    },
                    (_, true) => Phase::Writing(address),
                    (_, false) => Phase::Reading(address),
                }
            }
            Phase::Reading(address) => {
                answer = self.cell(address).map_or(NOBODY, |cell| *cell);
                Phase::Reading(address.wrapping_add(1))
            }
            Phase::Writing(address) => {
                self.store(address, byte);
                Phase::Writing(address.wrapping_add(1))
            }
            Phase::SendingStatus => {
                answer = self.status;
                Phase::SendingStatus
            }
            Phase::GettingStatus => {
                self.store_status(byte);
                Phase::GotStatus
            }
            Phase::Identifying(index) => {
                let bytes = self.identification.map(Identification::get);
                let byte = bytes.as_ref().and_then(|bytes| bytes.get(index));
                answer = byte.map_or(NOBODY, |byte| *byte);
                Phase::Identifying(index + 1)
            }
            // More than the one byte: the command is not carried out.
            Phase::Latch(_) | Phase::Ignoring => Phase::Ignoring,
            Phase::GotStatus => Phase::GotStatus,
        };
        answer
    }

    pub(super) fn deselect(&mut self) {
        match self.phase {
            Phase::Latch(true) => self.status |= WRITE_ENABLED,
            Phase::Latch(false) | Phase::Writing(_) | Phase::GotStatus => {
                self.status &= !WRITE_ENABLED;
            }
            _ => {}
        }
        self.phase = Phase::Ignoring;
    }

    pub(super) fn lose_power(&mut self) {
        self.status &= !WRITE_ENABLED;
        self.phase = Phase::Ignoring;
    }

    fn opcode(&self, opcode: u8) -> Phase {
        let address = |writes| Phase::Address {
            writes,
            missing: self.capacity.address_bytes(),
            address: 0,
        };
        match opcode {
            command::WRITE_ENABLE => Phase::Latch(true),
            command::WRITE_DISABLE => Phase::Latch(false),
            command::READ => address(false),
            command::WRITE if self.is_write_enabled() => address(true),
            command::READ_STATUS => Phase::SendingStatus,
            command::WRITE_STATUS if self.is_write_enabled() => Phase::GettingStatus,
            command::READ_IDENTIFICATION => Phase::Identifying(0),
            _ => Phase::Ignoring,
        }
    }

    fn is_write_enabled(&self) -> bool {
        Status::new(self.status).is_write_enabled()
    }

    /// The upper bits of an address are not looked at: behind the end comes the beginning.
    fn cell(&mut self, address: u32) -> Option<&mut u8> {
        let within = address & (self.capacity.bytes() - 1);
        self.memory.get_mut(within as usize)
    }

    fn store(&mut self, address: u32, byte: u8) {
        let within = address & (self.capacity.bytes() - 1);
        let protected = Status::new(self.status).protected_from(self.capacity);
        if protected.is_some_and(|from| within >= from) {
            return;
        }
        if let Some(cell) = self.cell(address) {
            *cell = byte;
            self.stored += 1;
        }
    }

    fn store_status(&mut self, byte: u8) {
        let writable = BLOCK_PROTECT | PIN_ENABLED;
        if !(self.pin_is_low && Status::new(self.status).is_pin_enabled()) {
            self.status = self.status & !writable | byte & writable;
        }
    }
}
