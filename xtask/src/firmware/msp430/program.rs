//! A program as it was linked: where its symbols are.

use std::fs;
use std::path::{Path, PathBuf};

use object::read::elf::ElfFile32;
use object::{Object, ObjectSymbol, SymbolKind};

/// A program.
#[derive(Debug)]
pub(crate) struct Program {
    /// What the linker has written.
    pub(crate) path: PathBuf,
    symbols: Vec<Symbol>,
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
        Ok(Self {
            path: path.to_owned(),
            symbols,
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
