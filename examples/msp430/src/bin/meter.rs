//! [`Meter`] as firmware.
#![no_std]
#![no_main]

use intos_msp430::scenarios::Meter;

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::run::<Meter>()
}
