//! A program as it was linked: where its symbols are.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use super::instructions;

/// A program.
#[derive(Debug)]
pub(crate) struct Program {
    /// What the linker has written.
    pub(crate) path: PathBuf,
    symbols: Vec<Symbol>,
    /// Where its instructions are, and their bytes.
    text: (u64, Vec<u8>),
}

#[derive(Debug)]
struct Symbol {
    address: u64,
    name: String,
    is_code: bool,
}

impl Program {
    /// Reads what the linker has written.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(path).map_err(|error| wrong(&error))?;
        let file =
            ElfFile32::<object::Endianness>::parse(&*bytes).map_err(|error| wrong(&error))?;
        let symbols = file
            .symbols()
            .filter_map(|symbol| {
                Some(Symbol {
                    address: symbol.address(),
                    name: symbol.name().ok()?.to_owned(),
                    // Assembly has no types.
                    is_code: matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Label)
                        || symbol.kind() == SymbolKind::Unknown && symbol.section_index().is_some(),
                })
            })
            .collect();
        let section = file
            .section_by_name(".text")
            .ok_or_else(|| wrong(&"no section `.text`"))?;
        let bytes = section.data().map_err(|error| wrong(&error))?;
        Ok(Self {
            path: path.to_owned(),
            symbols,
            text: (section.address(), bytes.to_vec()),
        })
    }

    /// The address of a symbol.
    pub(crate) fn symbol(&self, name: &str) -> Result<u64, String> {
        self.symbols
            .iter()
            .find(|symbol| symbol.name == name)
            .map(|symbol| symbol.address)
            .ok_or_else(|| format!("the program has no symbol `{name}`"))
    }

    /// The FRAM of its persistent data, which no program is loaded into: where it begins, and its bytes.
    pub(super) fn nvm(&self) -> Result<(u64, u64), String> {
        let start = self.symbol("__intos_nvm_start")?;
        Ok((start, self.symbol("__intos_nvm_end")? - start))
    }

    /// A word of its instructions.
    pub(super) fn word(&self, address: u64) -> Result<u16, String> {
        let (start, bytes) = &self.text;
        let at = address.wrapping_sub(*start) as usize;
        let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let word = word.ok_or_else(|| format!("there is no instruction at {address:#06x}"))?;
        Ok(u16::from_le_bytes(*word))
    }

    /// The words of the instruction at an address.
    pub(super) fn instruction(&self, address: u64) -> Result<Vec<u16>, String> {
        let first = self.word(address)?;
        let places = (0..instructions::words(first)).map(|number| address + 2 * number);
        places.map(|place| self.word(place)).collect()
    }

    /// The functions, each up to the next one.
    pub(super) fn functions(&self) -> Result<Vec<(String, Range<u64>)>, String> {
        let (start, bytes) = &self.text;
        let end = start + bytes.len() as u64;
        let is_inside = |symbol: &&Symbol| (*start..end).contains(&symbol.address);
        let mut starts: Vec<&Symbol> = self.symbols.iter().filter(is_inside).collect();
        starts.sort_by_key(|symbol| symbol.address);
        starts.dedup_by_key(|symbol| symbol.address);
        if starts.is_empty() {
            return Err(format!("{} has no functions", self.path.display()));
        }
        let ends = starts.iter().skip(1).map(|symbol| symbol.address);
        let ranges = starts.iter().zip(ends.chain([end]));
        Ok(ranges
            .map(|(symbol, end)| (symbol.name.clone(), symbol.address..end))
            .collect())
    }

    /// In which function an address lies.
    pub(super) fn function_at(&self, address: u64) -> String {
        self.symbols
            .iter()
            .filter(|symbol| symbol.is_code && symbol.address <= address && !symbol.name.is_empty())
            .max_by_key(|symbol| symbol.address)
            .map_or("?".into(), |symbol| {
                format!("{:#}", rustc_demangle::demangle(&symbol.name))
            })
    }
}
