//! A chip to test with: what the bus carries, byte by byte, and the power cut between any two bytes of it.
//!
//! [`Chip`] is the chip and its bus; `&Chip` is an [`SpiDevice`](embedded_hal::spi::SpiDevice), so that the test keeps
//! hold of the chip while a driver has it too, and the chip outlives the program's power losses.
//!
//! ```
//! use embedded_storage::{ReadStorage, Storage};
//! use spi_fram::model::{BusError, Chip};
//! use spi_fram::{Access, Capacity, Error, Fram};
//!
//! let chip = Chip::new(Capacity::Kbit64);
//! let mut fram = Fram::open(&chip, Capacity::Kbit64).unwrap();
//!
//! chip.cut_after(1 + 3 + 2); // WREN; opcode and address; two bytes of data
//! let access = Access::Write { offset: 16, len: 4 };
//! let error = BusError::PowerOff;
//! assert_eq!(fram.write(16, &[1, 2, 3, 4]), Err(Error::Bus { access, error }));
//! chip.power_on();
//!
//! let mut bytes = [0; 4];
//! fram.read(16, &mut bytes).unwrap();
//! assert_eq!(bytes, [1, 2, 0, 0]);
//! ```
//!
//! # What is modelled
//!
//! WREN, WRDI, RDSR, WRSR, READ, WRITE and RDID. The write enable latch is set when the chip is deselected after a lone
//! WREN, and reset by WRDI, at the end of a WRITE or WRSR, and at power-up. Each byte is stored when its eighth bit was
//! clocked in, unless the latch is off or its block is protected, when it is silently ignored as a real chip does. Addresses
//! go on at 0 behind the end. What the chip does not answer reads as 0xFF.
//!
//! Not modelled: timing, a byte that was clocked in half (it is not stored), sleep, and the pin HOLD.

mod chip;
mod die;
mod fault;
mod traffic;

pub use chip::Chip;
pub use fault::{BusError, Fault};
pub use traffic::Traffic;
