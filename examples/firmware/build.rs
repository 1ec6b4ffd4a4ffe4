//! Chooses the board, by the target, and gives the linker its memory map.
//!
//! | target | board | memory map | `cfg` |
//! | --- | --- | --- | --- |
//! | `thumbv7m-none-eabi` | `mps2-an385` | `memory/mps2-an385.x` | `swept` |
//! | `thumbv7em-none-eabihf` | `mps2-an386` | `memory/mps2-an386.x` | |
//! | `thumbv6m-none-eabi` | `microbit` | `memory/microbit.x` | |

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rustc-check-cfg=cfg(swept)");
    let memory = match env::var("TARGET").as_deref() {
        Ok("thumbv7em-none-eabihf") => "memory/mps2-an386.x",
        Ok("thumbv6m-none-eabi") => "memory/microbit.x",
        _ => {
            println!("cargo:rustc-cfg=swept");
            "memory/mps2-an385.x"
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy(memory, out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=memory");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
