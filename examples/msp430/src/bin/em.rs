//! [`example_applications::Em`] as firmware.
#![no_std]
#![no_main]

msp430_start::entry!(main);

fn main() -> ! {
    intos_msp430::kernel::run_with_nvm::<example_applications::Em, 0x1000>()
}
