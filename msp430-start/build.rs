//! Puts the linker script where the linker looks for it, in a program for an MSP430.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy("msp430-start.x", out.join("msp430-start.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=msp430-start.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
