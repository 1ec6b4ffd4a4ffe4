//! A kernel whose NVM is not mapped into memory, but an FRAM chip on SPI, with its driver: the chip here pretends.
//!
//! Its power is cut as that of the other programs: between any two instructions of the driver, too, and so between any two
//! bytes on the bus.
#![no_std]
#![no_main]

use core::cell::OnceCell;
use core::convert::Infallible;

use critical_section::Mutex;
use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
use example_programs::Wake;
use intos::cortex_m::{CortexM, Failure, Firmware, Region};
use intos::crates::nvm_core::{Class, Error, StorageNvm};
use intos::{Board, Event, Nvm};
use spi_fram::{Capacity, Fram};

/// What the chip holds: a little of the board's NVM stands for its memory.
const CAPACITY: Capacity = Capacity::Kbit64;

unsafe extern "C" {
    static mut __intos_nvm_start: u8;
}

/// On a board the SPI device of the HAL. Here the chip itself, which does what the driver asks of it, byte by byte.
struct Chip {
    /// Volatile, as in the chip.
    write_enabled: bool,
}

/// What the chip expects next, since it was selected.
enum Phase {
    Opcode,
    Latch(bool),
    SendingStatus,
    /// An address, of which so many bytes are missing.
    Address(Access, u32, u32),
    At(Access, u32),
    Ignoring,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Chip {
    fn cell(address: u32) -> *mut u8 {
        (&raw mut __intos_nvm_start).wrapping_add((address % CAPACITY.bytes()) as usize)
    }

    /// One byte in, one byte out.
    fn clock(&self, phase: &mut Phase, byte: u8) -> u8 {
        let mut answer = 0xFF;
        *phase = match *phase {
            Phase::Opcode => match byte {
                0x06 => Phase::Latch(true),
                0x04 => Phase::Latch(false),
                0x05 => Phase::SendingStatus,
                0x03 => Phase::Address(Access::Read, 2, 0),
                0x02 if self.write_enabled => Phase::Address(Access::Write, 2, 0),
                _ => Phase::Ignoring,
            },
            Phase::Latch(_) | Phase::Ignoring => Phase::Ignoring,
            Phase::SendingStatus => {
                answer = u8::from(self.write_enabled) << 1;
                Phase::SendingStatus
            }
            Phase::Address(access, missing, address) => {
                let address = address << 8 | u32::from(byte);
                match missing {
                    1 => Phase::At(access, address),
                    _ => Phase::Address(access, missing - 1, address),
                }
            }
            Phase::At(access, address) => {
                match access {
                    // SAFETY: within the chip's memory, to which nobody else has access.
                    Access::Read => answer = unsafe { Self::cell(address).read_volatile() },
                    // SAFETY: as above.
                    Access::Write => unsafe { Self::cell(address).write_volatile(byte) },
                }
                Phase::At(access, address + 1)
            }
        };
        answer
    }
}

impl ErrorType for Chip {
    type Error = Infallible;
}

impl SpiDevice for Chip {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let mut phase = Phase::Opcode;
        for operation in operations {
            match operation {
                Operation::Write(bytes) => {
                    for byte in *bytes {
                        self.clock(&mut phase, *byte);
                    }
                }
                Operation::Read(bytes) => bytes.fill_with(|| self.clock(&mut phase, 0)),
                // The driver sends nothing else.
                _ => phase = Phase::Ignoring,
            }
        }
        match phase {
            Phase::Latch(set) => self.write_enabled = set,
            Phase::At(Access::Write, _) => self.write_enabled = false,
            _ => {}
        }
        Ok(())
    }
}

static CHIP: Mutex<OnceCell<StorageNvm<Fram<Chip>>>> = Mutex::new(OnceCell::new());

/// The way to the chip. No task may use the bus while another one does: each access is a critical section.
#[derive(Debug, Clone, Copy)]
struct OnBus;

fn with_chip<R>(
    access: impl FnOnce(&StorageNvm<Fram<Chip>>) -> Result<R, Error>,
) -> Result<R, Error> {
    critical_section::with(|section| match CHIP.borrow(section).get() {
        Some(chip) => access(chip),
        None => Err(Error::Device),
    })
}

impl Nvm for OnBus {
    const ATOM: usize = 1;

    fn size(&self) -> u32 {
        CAPACITY.bytes()
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        with_chip(|chip| chip.read(offset, bytes))
    }

    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        with_chip(|chip| chip.write(class, offset, bytes))
    }
}

impl Region for OnBus {
    fn open() -> Result<Self, Failure<'static>> {
        // Set the bus up here.
        let chip = Chip {
            write_enabled: false,
        };
        // Without a chip there is nothing in `CHIP`, and every access is an error of the device.
        if let Ok(fram) = Fram::open(chip, CAPACITY) {
            critical_section::with(|section| {
                CHIP.borrow(section).get_or_init(|| StorageNvm::new(fram));
            });
        }
        Ok(Self)
    }
}

#[derive(Debug)]
struct WithBus;

impl Board for WithBus {
    type Nvm = OnBus;
    type Port = CortexM<Self>;
}

impl Firmware for WithBus {
    const CLOCK_HZ: u32 = 25_000_000;

    fn failed(failure: &Failure<'_>) -> ! {
        intos_firmware::fail(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        intos_firmware::observe(event);
    }

    fn sleep() {
        intos_firmware::sleep();
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_on::<WithBus, Wake>()
}
