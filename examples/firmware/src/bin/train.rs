//! [`example_applications::Train`] as firmware.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_application::<example_applications::Train>()
}
