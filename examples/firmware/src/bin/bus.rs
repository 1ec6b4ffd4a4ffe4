//! A kernel whose NVM is not mapped into memory, but behind a driver: here one that pretends to be a chip on SPI.
#![no_std]
#![no_main]

use core::cell::OnceCell;
use core::convert::Infallible;

use critical_section::Mutex;
use embedded_storage::{ReadStorage, Storage};
use example_programs::{Checked, Wake};
use intos::cortex_m::{self, CortexM, Failure, Firmware, Region};
use intos::crates::nvm_core::{Class, Error, StorageNvm};
use intos::{Board, Kernel, Nvm};
// How a panic ends.
use intos_firmware as _;
use semihosting::process::exit;

/// Bytes of the chip.
const BYTES: u32 = 0x2000;

unsafe extern "C" {
    static mut __intos_nvm_start: u8;
}

/// The driver: any that has `embedded_storage`'s traits.
struct Chip;

impl Chip {
    fn at(offset: u32) -> *mut u8 {
        (&raw mut __intos_nvm_start).wrapping_add(offset as usize)
    }
}

impl ReadStorage for Chip {
    type Error = Infallible;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        for (at, byte) in (offset..BYTES).zip(bytes) {
            // SAFETY: within the chip's memory, to which nobody else has access.
            *byte = unsafe { Self::at(at).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES as usize
    }
}

impl Storage for Chip {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        for (at, byte) in (offset..BYTES).zip(bytes) {
            // SAFETY: as above.
            unsafe { Self::at(at).write_volatile(*byte) };
        }
        Ok(())
    }
}

static CHIP: Mutex<OnceCell<StorageNvm<Chip>>> = Mutex::new(OnceCell::new());

/// The way to the chip. No task may use the bus while another one does: each access is a critical section.
#[derive(Debug, Clone, Copy)]
struct OnBus;

fn with_chip<R>(access: impl FnOnce(&StorageNvm<Chip>) -> Result<R, Error>) -> Result<R, Error> {
    critical_section::with(|section| match CHIP.borrow(section).get() {
        Some(chip) => access(chip),
        None => Err(Error::Device),
    })
}

impl Nvm for OnBus {
    const ATOM: usize = 1;

    fn size(&self) -> u32 {
        BYTES
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
        critical_section::with(|section| {
            CHIP.borrow(section).get_or_init(|| StorageNvm::new(Chip));
        });
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

    fn failed(_: &Failure<'_>) -> ! {
        exit(1)
    }
}

fn ended(kernel: &Kernel<WithBus>, program: &Wake) -> ! {
    let results = program.results(kernel.scheduler().nvm());
    exit(i32::from(results != Ok(Wake::EXPECTED)))
}

#[cortex_m_rt::entry]
fn main() -> ! {
    cortex_m::start::<WithBus, Wake>(ended)
}
