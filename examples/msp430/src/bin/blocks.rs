//! [`example_programs::Blocks`] as firmware.
#![no_std]
#![no_main]

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::kernel::run_program::<example_programs::Blocks>()
}
