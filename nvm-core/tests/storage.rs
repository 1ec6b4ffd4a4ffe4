//! A region behind a driver: every byte arrives in order, and a failing bus does no lasting harm.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use embedded_storage::{ReadStorage, Storage};
use nvm_core::sim::{Explorer, SimNvm};
use nvm_core::{Class, Error, HEADER_BYTES, Layout, Nvm, Region, RegionError, StorageNvm};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BusError {
    NoAnswer { after_byte: u32 },
}

/// A chip that stores byte after byte, and whose bus fails after as many bytes.
#[derive(Debug)]
struct Chip {
    memory: Vec<u8>,
    bytes_left: Option<u32>,
}

impl Chip {
    fn new(size: usize) -> Self {
        Self {
            memory: vec![0xA5; size],
            bytes_left: None,
        }
    }

    fn transfer(&mut self, after_byte: u32) -> Result<(), BusError> {
        match &mut self.bytes_left {
            Some(0) => return Err(BusError::NoAnswer { after_byte }),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }
}

impl ReadStorage for Chip {
    type Error = BusError;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), BusError> {
        for (i, byte) in bytes.iter_mut().enumerate() {
            self.transfer(i as u32)?;
            *byte = self.memory[offset as usize + i];
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl Storage for Chip {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), BusError> {
        for (i, byte) in bytes.iter().enumerate() {
            self.transfer(i as u32)?;
            self.memory[offset as usize + i] = *byte;
        }
        Ok(())
    }
}

#[test]
fn what_is_stored_is_loaded_and_what_is_outside_is_refused() {
    let nvm = StorageNvm::<_, 1>::new(Chip::new(64));
    assert_eq!(nvm.size(), 64);
    nvm.write(Class::Data, 3, b"some bytes").unwrap();
    let mut bytes = [0; 10];
    nvm.read(3, &mut bytes).unwrap();
    assert_eq!(&bytes, b"some bytes");
    nvm.write_u32(Class::Data, 60, 0x0102_0304).unwrap();
    assert_eq!(nvm.read_u32(60), Ok(0x0102_0304));
    assert_eq!(nvm.read_u8(60), Ok(4), "little-endian");
    let outside = Err(Error::OutOfRange { offset: 61 });
    assert_eq!(nvm.write_u32(Class::Data, 61, 0), outside.map(|_: u32| ()));
    assert_eq!(nvm.read_u32(61), outside);
    assert_eq!(nvm.take_error(), None, "the bus was not even asked");
    assert_eq!(nvm.into_inner().memory[61..], [3, 2, 1]);
}

#[test]
fn the_drivers_own_error_is_kept_once() {
    let mut chip = Chip::new(16);
    chip.bytes_left = Some(2);
    let nvm = StorageNvm::<_, 1>::new(chip);
    assert_eq!(nvm.write_u32(Class::Data, 0, 7), Err(Error::Device));
    assert_eq!(nvm.take_error(), Some(BusError::NoAnswer { after_byte: 2 }));
    assert_eq!(nvm.take_error(), None);
    assert_eq!(nvm.read_u8(0), Err(Error::Device));
    assert!(nvm.take_error().is_some());
}

fn layout() -> Layout {
    let mut layout = Layout::new("storage test", 1);
    let _ = layout.area("slots", 24);
    layout
}

/// A number in two slots: each is the number, its complement, and a sequence number stored last.
fn slot(nvm: &impl Nvm, index: u32) -> Result<(u32, u32), Error> {
    let at = HEADER_BYTES + 12 * index;
    let (value, complement) = (nvm.read_u32(at)?, nvm.read_u32(at + 4)?);
    let sequence = nvm.read_u32(at + 8)?;
    Ok(if value == !(complement ^ sequence) {
        (sequence, value)
    } else {
        (0, 0)
    })
}

fn number(nvm: &impl Nvm) -> Result<(u32, u32), Error> {
    Ok(slot(nvm, 0)?.max(slot(nvm, 1)?))
}

fn set_number(nvm: &impl Nvm, value: u32) -> Result<(), Error> {
    let sequence = number(nvm)?.0 + 1;
    let at = HEADER_BYTES + 12 * (sequence % 2);
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes[4..8].copy_from_slice(&(!value ^ sequence).to_le_bytes());
    bytes[8..].copy_from_slice(&sequence.to_le_bytes());
    nvm.write(Class::Data, at, &bytes)
}

fn boot(nvm: &impl Nvm) -> Result<Region, RegionError> {
    Region::open_or_format(nvm, &layout(), || {
        nvm.write(Class::Data, HEADER_BYTES, &[0; 24])?;
        Ok(())
    })
}

#[test]
fn a_bus_error_anywhere_leaves_the_store_usable() {
    let mut failed = 0;
    for bytes_left in 0..=200 {
        let mut chip = Chip::new(64);
        chip.memory.fill(0xFF);
        let nvm = StorageNvm::<_, 1>::new(chip);
        let _ = boot(&nvm).unwrap();
        set_number(&nvm, 1000).unwrap();
        let mut chip = nvm.into_inner();

        chip.bytes_left = Some(bytes_left);
        let nvm = StorageNvm::<_, 1>::new(chip);
        let outcome = boot(&nvm).and_then(|_| Ok(set_number(&nvm, 2000)?));
        if outcome.is_err() {
            assert_eq!(outcome, Err(RegionError::Nvm(Error::Device)));
            assert!(nvm.take_error().is_some());
            failed += 1;
        }
        // The bus is back: without a restart, the same store goes on.
        let mut chip = nvm.into_inner();
        chip.bytes_left = None;
        let nvm = StorageNvm::<_, 1>::new(chip);
        assert!(!boot(&nvm).unwrap().is_first_boot());
        let (_, value) = number(&nvm).unwrap();
        assert!(
            value == 2000 || (outcome.is_err() && value == 1000),
            "{bytes_left} bytes, then {value}"
        );
        set_number(&nvm, 3000).unwrap();
        assert_eq!(number(&nvm).unwrap().1, 3000);
    }
    assert!((60..200).contains(&failed), "{failed} runs failed");
    println!("{failed} bus errors injected");
}

/// A chip whose memory the simulator cuts.
struct CutChip<'a>(&'a SimNvm<1>);

impl ReadStorage for CutChip<'_> {
    type Error = Error;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.size() as usize
    }
}

impl Storage for CutChip<'_> {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.0.write(Class::Data, offset, bytes)
    }
}

fn chip(nvm: &SimNvm<1>) -> StorageNvm<CutChip<'_>, 1> {
    StorageNvm::new(CutChip(nvm))
}

#[test]
fn a_number_behind_a_driver_survives_every_cut() {
    Explorer::<1>::new("a number in two slots behind a driver", 64)
        .filled_with(0xFF)
        .depth(2)
        .explore_atomic(
            |nvm| {
                let _ = boot(&chip(nvm)).unwrap();
                set_number(&chip(nvm), 1000).unwrap();
            },
            |nvm| set_number(&chip(nvm), 2000).unwrap(),
            |nvm| assert!(!boot(&chip(nvm)).unwrap().is_first_boot()),
            |nvm| number(&chip(nvm)).unwrap().1,
        )
        .assert_clean();
}
