//! Chooses the board, by the target, and gives the linker its memory map.
//!
//! | target | board | `cfg` |
//! | --- | --- | --- |
//! | `thumbv7m-none-eabi` | `mps2-an385` | `board = "mps2"` |
//! | `thumbv7em-none-eabihf` | `mps2-an386` | `board = "mps2"` |
//! | `thumbv6m-none-eabi` | `microbit` | `board = "microbit"` |

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let target = env::var("TARGET").unwrap_or_default();
    let board = if target.starts_with("thumbv6m") {
        "microbit"
    } else {
        "mps2"
    };
    println!("cargo:rustc-check-cfg=cfg(board, values(\"mps2\", \"microbit\"))");
    println!("cargo:rustc-cfg=board=\"{board}\"");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy(format!("memory/{board}.x"), out.join("memory.x"))?;
    // Where `cortex-m-rt` finds names for interrupts: none, see `src/vectors.rs`.
    fs::write(out.join("device.x"), "")?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    // One has a program of 64 tasks, the other one's logs can be larger.
    for program in ["bench", "applications"] {
        for symbol in ["nvm_end=0x21008000", "stacks_end=0x20070000"] {
            println!("cargo:rustc-link-arg-bin={program}=--defsym=__intos_{symbol}");
        }
    }
    println!("cargo:rerun-if-changed=memory");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
