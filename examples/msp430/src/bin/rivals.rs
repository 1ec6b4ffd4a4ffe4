//! [`Rivals`] as firmware.
#![no_std]
#![no_main]

use intos_msp430::kernel::Rivals;

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::kernel::run_program::<Rivals>()
}
