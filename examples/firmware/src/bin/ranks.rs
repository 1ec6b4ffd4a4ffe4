//! [`example_programs::Ranks`] as firmware.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_bare::<example_programs::Ranks>()
}
