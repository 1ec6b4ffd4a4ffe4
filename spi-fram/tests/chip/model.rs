//! The model does what the data sheets say of each command.

use embedded_hal::spi::{Operation, SpiDevice};
use spi_fram::model::{BusError, Chip};
use spi_fram::{Capacity, Identification};

const WREN: u8 = 0x06;
const WRDI: u8 = 0x04;
const LATCH: u8 = 0b10;

fn chip() -> Chip {
    Chip::new(Capacity::Kbit64)
}

fn send(mut chip: &Chip, bytes: &[u8]) {
    chip.write(bytes).unwrap();
}

fn ask<const LEN: usize>(mut chip: &Chip, question: &[u8]) -> [u8; LEN] {
    let mut answer = [0; LEN];
    chip.transaction(&mut [Operation::Write(question), Operation::Read(&mut answer)])
        .unwrap();
    answer
}

#[test]
fn the_latch_is_set_by_a_lone_wren_and_reset_by_each_write() {
    let chip = chip();
    send(&chip, &[0x02, 0, 0, 7]);
    assert_eq!(chip.image()[0], 0, "the latch is off after power-up");
    send(&chip, &[WREN, 0x02, 0, 0, 7]);
    assert_eq!((chip.image()[0], chip.status()), (0, 0), "not by itself");
    send(&chip, &[WREN]);
    assert_eq!(ask(&chip, &[0x05]), [LATCH, LATCH]);
    send(&chip, &[WRDI]);
    assert_eq!(ask(&chip, &[0x05]), [0]);
    send(&chip, &[WREN]);
    send(&chip, &[0x02, 0, 0, 7]);
    assert_eq!((chip.image()[0], chip.status()), (7, 0));
    send(&chip, &[0x02, 0, 0, 8]);
    assert_eq!(chip.image()[0], 7, "only one write");
    send(&chip, &[WREN]);
    let _: [u8; 3] = ask(&chip, &[0x03, 0, 0]);
    assert_eq!(chip.status(), LATCH, "a read leaves it");
    chip.power_off();
    chip.power_on();
    assert_eq!(chip.status(), 0);
}

#[test]
fn addresses_go_on_at_the_beginning() {
    let chip = chip();
    send(&chip, &[WREN]);
    send(&chip, &[0x02, 0x1F, 0xFF, 1, 2]);
    assert_eq!((chip.image()[0x1FFF], chip.image()[0]), (1, 2));
    assert_eq!(ask(&chip, &[0x03, 0x1F, 0xFF]), [1, 2]);
    // The upper bits of an address are not looked at.
    assert_eq!(ask(&chip, &[0x03, 0xFF, 0xFF]), [1]);
}

#[test]
fn all_kinds_of_transfers_are_clocked() {
    let chip = chip();
    send(&chip, &[WREN]);
    send(&chip, &[0x02, 0, 0x10, 1, 2, 3]);
    let before = chip.traffic();
    let mut in_place = [0x03, 0, 0x10, 0];
    { &chip }.transfer_in_place(&mut in_place).unwrap();
    assert_eq!(in_place, [0xFF, 0xFF, 0xFF, 1]);
    let mut read = [0; 6];
    { &chip }.transfer(&mut read, &[0x03, 0, 0x10]).unwrap();
    assert_eq!(read, [0xFF, 0xFF, 0xFF, 1, 2, 3]);
    let traffic = chip.traffic() - before;
    assert_eq!((traffic.transactions, traffic.bytes), (2, 10));
}

#[test]
fn a_protected_block_ignores_writes() {
    let chip = chip();
    send(&chip, &[WREN]);
    send(&chip, &[0x01, 0b1000_1000]);
    assert_eq!(chip.status(), 0b1000_1000, "the upper half");
    send(&chip, &[WREN]);
    send(&chip, &[0x02, 0x0F, 0xFF, 1, 2]);
    assert_eq!(chip.image()[0x0FFF..=0x1000], [1, 0]);
    chip.pull_write_protect(true);
    send(&chip, &[WREN]);
    send(&chip, &[0x01, 0]);
    assert_eq!(chip.status(), 0b1000_1000, "the pin forbids it");
}

#[test]
fn a_chip_with_an_identification_sends_it() {
    let id = [4, 0x7F, 3, 2, 0, 0, 0, 0, 0];
    let chip = chip().identified(Identification::new(id));
    assert_eq!(ask(&chip, &[0x9F]), id);
    assert_eq!(ask(&Chip::new(Capacity::Kbit64), &[0x9F]), [0xFF; 4]);
    assert_eq!(ask(&chip, &[0xEE]), [0xFF], "no such command");
}

#[test]
fn without_power_nothing_answers() {
    let chip = chip();
    chip.cut_after(2);
    let mut bytes = [0; 4];
    assert_eq!(
        { &chip }.transfer_in_place(&mut bytes),
        Err(BusError::PowerOff)
    );
    assert!(!chip.is_powered());
    assert_eq!({ &chip }.write(&[WREN]), Err(BusError::PowerOff));
    assert_eq!(chip.power_losses(), 1);
    chip.power_on();
    send(&chip, &[WREN]);
    assert_eq!(chip.status(), LATCH);
}
