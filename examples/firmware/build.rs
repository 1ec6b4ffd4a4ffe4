//! Gives the linker the machine's memory map.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::copy("memory.x", out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    // It has a program of 64 tasks.
    println!("cargo:rustc-link-arg-bin=bench=--defsym=__intos_nvm_end=0x21008000");
    println!("cargo:rustc-link-arg-bin=bench=--defsym=__intos_stacks_end=0x20070000");
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
