//! Drivers with a mistake each, which the exploration must find: if it could not, it would prove nothing.

use embedded_hal::spi::{Operation, SpiDevice};
use embedded_storage::{ReadStorage, Storage};
use spi_fram::model::{BusError, Chip};
use spi_fram::{Error, Fram};

use crate::cuts::explore;
use crate::lists::{Does as ListsDo, Lists};
use crate::scenario::{CAPACITY, Failure, Scenario, open_driver};
use crate::transactions::{Does, Transaction};

type Bus = &'static Chip;

/// What is wrong with a driver.
#[derive(Debug, Clone, Copy)]
enum Mistake {
    /// The last byte is stored first.
    StoresDescending,
    /// A write stays in RAM until the next one.
    StoresLate,
    /// Two writes are stored in the other order, if another one follows.
    StoresInAnotherOrder,
    /// WREN is sent at the start only.
    EnablesOnce,
    /// WREN is sent behind WRITE.
    EnablesAfterwards,
    /// WREN and WRITE are one transaction: the chip is not deselected in between.
    EnablesInOneTransaction,
    /// The address is one byte longer than the chip expects.
    SendsLongAddresses,
}

#[derive(Debug)]
struct Broken {
    mistake: Mistake,
    bus: Bus,
    fram: Fram<Bus>,
    /// The write that was not sent.
    held: Option<(u32, Vec<u8>)>,
}

impl Broken {
    fn open(mistake: Mistake, bus: Bus) -> Result<Self, Failure> {
        let fram = open_driver(bus)?;
        if matches!(mistake, Mistake::EnablesOnce) {
            { bus }.write(&[0x06])?;
        }
        Ok(Self {
            mistake,
            bus,
            fram,
            held: None,
        })
    }

    /// WRITE alone.
    fn send(&mut self, before: &[u8], offset: u32, bytes: &[u8]) -> Result<(), BusError> {
        let [_, _, high, low] = offset.to_be_bytes();
        let address: &[u8] = match self.mistake {
            Mistake::SendsLongAddresses => &[0, high, low],
            _ => &[high, low],
        };
        self.bus.transaction(&mut [
            Operation::Write(before),
            Operation::Write(&[0x02]),
            Operation::Write(address),
            Operation::Write(bytes),
        ])
    }
}

impl ReadStorage for Broken {
    type Error = Error<BusError>;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.fram.read(offset, bytes)?;
        // What is held is seen: without a power loss nothing is wrong.
        if let Some((at, held)) = &self.held {
            for (address, byte) in (offset..).zip(bytes) {
                let index = address.checked_sub(*at).map(|index| index as usize);
                if let Some(new) = index.and_then(|index| held.get(index)) {
                    *byte = *new;
                }
            }
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        CAPACITY.bytes() as usize
    }
}

impl Storage for Broken {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let raw = |result: Result<(), BusError>| result.map_err(|error| panic!("{error}"));
        match self.mistake {
            Mistake::StoresDescending => {
                for (index, byte) in bytes.iter().enumerate().rev() {
                    self.fram.write(offset + index as u32, &[*byte])?;
                }
                Ok(())
            }
            Mistake::StoresLate => match self.held.replace((offset, bytes.to_vec())) {
                Some((at, held)) => self.fram.write(at, &held),
                None => Ok(()),
            },
            Mistake::StoresInAnotherOrder => {
                let Some((at, held)) = self.held.take() else {
                    self.held = Some((offset, bytes.to_vec()));
                    return Ok(());
                };
                self.fram.write(offset, bytes)?;
                // The later one wins where they overlap.
                for (address, byte) in (at..).zip(held) {
                    if !(offset..offset + bytes.len() as u32).contains(&address) {
                        self.fram.write(address, &[byte])?;
                    }
                }
                Ok(())
            }
            Mistake::EnablesOnce => raw(self.send(&[], offset, bytes)),
            Mistake::EnablesAfterwards => {
                raw(self.send(&[], offset, bytes))?;
                raw(self.bus.write(&[0x06]))
            }
            Mistake::EnablesInOneTransaction => raw(self.send(&[0x06], offset, bytes)),
            Mistake::SendsLongAddresses => {
                raw(self.bus.write(&[0x06]))?;
                raw(self.send(&[], offset, bytes))
            }
        }
    }
}

fn caught(mistake: Mistake, scenario: &impl Scenario) {
    print!("{mistake:?}, ");
    explore(scenario, |chip| Broken::open(mistake, chip)).assert_caught();
}

#[test]
fn a_driver_with_a_mistake_is_caught() {
    for mistake in [
        Mistake::StoresDescending,
        Mistake::StoresLate,
        Mistake::StoresInAnotherOrder,
        Mistake::EnablesOnce,
        Mistake::EnablesAfterwards,
        Mistake::EnablesInOneTransaction,
        Mistake::SendsLongAddresses,
    ] {
        caught(mistake, &Transaction::new(Does::Words));
        // The last store of a list's operation may come late: it only retires the log.
        if !matches!(mistake, Mistake::StoresLate) {
            caught(mistake, &Lists::new(ListsDo::MovesToTheOther));
        }
    }
}
