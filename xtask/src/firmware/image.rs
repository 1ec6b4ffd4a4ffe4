//! A program as it was linked: what lies where in the machine.

use std::fs;
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Object, ObjectSegment, ObjectSymbol};
use tempfile::NamedTempFile;

use super::board::{NVM_AT, NVM_BYTES};

/// A program.
#[derive(Debug)]
pub(crate) struct Image {
    /// What the linker has written.
    pub(crate) path: PathBuf,
    /// Its pieces, by their addresses.
    pub(super) segments: Vec<(u64, Vec<u8>)>,
    /// A file with the first two words of its vector table: the main stack's end, and where it begins. `None`: it does
    /// not lie in the memory that a file keeps, and the emulator loads it.
    pub(super) vectors: Option<NamedTempFile>,
    symbols: Vec<(u64, String)>,
}

impl Image {
    /// Reads what the linker has written.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(path).map_err(|error| wrong(&error))?;
        let file =
            ElfFile32::<object::Endianness>::parse(&*bytes).map_err(|error| wrong(&error))?;
        let mut segments = Vec::new();
        for segment in file.segments() {
            let data = segment.data().map_err(|error| wrong(&error))?;
            if !data.is_empty() {
                // Variables lie elsewhere when the program runs.
                let at = segment.elf_program_header().p_paddr(file.endian());
                segments.push((at.into(), data.to_vec()));
            }
        }
        let symbols: Vec<(u64, String)> = file
            .symbols()
            .filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?.to_owned())))
            .collect();
        let kept = NVM_AT..NVM_AT + NVM_BYTES;
        let vectors = match segments.iter().find(|(at, _)| kept.contains(at)) {
            Some((_, table)) => {
                let vectors: &[u8; 8] = table
                    .first_chunk()
                    .ok_or_else(|| wrong(&"no vector table at the program's start"))?;
                let file =
                    NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
                fs::write(file.path(), vectors).map_err(|error| wrong(&error))?;
                Some(file)
            }
            None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            segments,
            vectors,
            symbols,
        })
    }

    /// The address of a symbol.
    pub(crate) fn symbol(&self, name: &str) -> Result<u64, String> {
        self.symbols
            .iter()
            .find(|(_, symbol)| symbol == name)
            // Bit 0 of a function's address tells that it is Thumb code.
            .map(|(address, _)| address & !1)
            .ok_or_else(|| format!("the firmware has no symbol `{name}`"))
    }

    /// In which function an address lies.
    pub(super) fn function_at(&self, address: u64) -> &str {
        self.symbols
            .iter()
            .filter(|(at, name)| at & !1 <= address && at & 1 == 1 && !name.starts_with('$'))
            .max_by_key(|(at, _)| *at)
            .map_or("?", |(_, name)| name)
    }

    /// The first instructions of the handlers of the kernel's own exceptions, `PendSV` and `SysTick`.
    pub(super) fn handlers(&self) -> Result<[u64; 2], String> {
        Ok([self.symbol("PendSV")?, self.symbol("SysTick")?])
    }
}
