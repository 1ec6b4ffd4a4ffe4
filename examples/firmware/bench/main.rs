//! Operations to be measured: `cargo xtask bench` says which one and how often, in words behind the kernel's NVM, and
//! reads what is printed.
//!
//! | module | owns |
//! | --- | --- |
//! | `measure` | an operation a few times, and many times |
//! | `single` | operations of single crates, without the kernel |
//! | `kernel` | operations of the kernel: the program around them |
//! | `boot` | the start after a power loss |
#![no_std]
#![no_main]

mod boot;
mod kernel;
mod measure;
mod single;

use intos_firmware::bench::control;
use intos_firmware::fail;

#[cortex_m_rt::entry]
fn main() -> ! {
    let Some(name) = control::operation() else {
        fail(format_args!("`cargo xtask bench` runs this program"));
    };
    boot::run(name);
    single::run(name);
    kernel::run(name)
}
