//! [`example_programs::Inherit`] as firmware.
#![no_std]
#![no_main]

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::kernel::run_with_nvm::<example_programs::Inherit, 0x800>()
}
