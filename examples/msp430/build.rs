//! Gives the linker the part's memory map: one with 1 KiB of persistent data, and others for programs that need more.

use std::path::PathBuf;
use std::{env, fs, io};

/// Programs with more persistent data: how many KiB, and how many bytes are the main stack's.
const LARGER: [(&str, u32, u32); 4] = [
    ("dnn", 4, 0x400),
    ("em", 4, 0x400),
    // Its tasks need the more.
    ("inherit", 2, 0x280),
    ("mq", 2, 0x400),
];

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let map = fs::read_to_string("memory/msp430fr5994.x")?;
    // The linker takes the first one that it finds.
    for (program, kibibytes, main_stack) in LARGER {
        let folder = out.join(program);
        let bytes = 0x400 * kibibytes;
        let larger = map
            .replace("0x4400", &format!("{:#x}", 0x4000 + bytes))
            .replace("0xBB80", &format!("{:#x}", 0xBF80 - bytes))
            .replace("- 0x400", &format!("- {main_stack:#x}"));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("memory.x"), larger)?;
        println!("cargo:rustc-link-arg-bin={program}=-L{}", folder.display());
    }
    fs::write(out.join("memory.x"), map)?;
    println!("cargo:rustc-link-arg-bins=-L{}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tmsp430-start.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    // Without it helpers for floating-point numbers would be asked for.
    println!("cargo:rustc-link-arg-bins=--gc-sections");
    println!("cargo:rerun-if-changed=memory");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
