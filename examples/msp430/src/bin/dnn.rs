//! [`example_applications::Dnn`] as firmware.
#![no_std]
#![no_main]

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::kernel::run_with_nvm::<example_applications::Dnn, 0x1000>()
}
