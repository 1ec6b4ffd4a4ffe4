//! What lies in a program's file: sections, functions.

use std::fs;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind, elf};

/// How large a program is, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    /// What lies in flash: `.vector_table`, `.text`, `.rodata`, and what `.data` begins as.
    pub(super) flash: u64,
    /// Variables: `.data`, `.bss` and the like. No stack.
    pub(super) ram: u64,
}

/// How large a program is.
pub(super) fn sizes(program: &Path) -> Result<Sizes, String> {
    let bytes = read(program)?;
    let mut sizes = Sizes::default();
    for section in parse(program, &bytes)?.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
            continue;
        }
        let is_blank = section.kind() == SectionKind::UninitializedData;
        if !is_blank {
            sizes.flash += section.size();
        }
        if is_blank || section.kind() == SectionKind::Data {
            sizes.ram += section.size();
        }
    }
    Ok(sizes)
}

/// A function of a program.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) address: u64,
    pub(super) bytes: u64,
    pub(super) name: String,
}

/// All functions of a program, by address.
pub(super) fn functions(program: &Path) -> Result<Vec<Function>, String> {
    let bytes = read(program)?;
    let file = parse(program, &bytes)?;
    let mut functions: Vec<Function> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
        .filter_map(|symbol| {
            let name = symbol.name().ok()?;
            // The lowest bit says that it is Thumb code.
            Some(Function {
                address: symbol.address() & !1,
                bytes: symbol.size(),
                name: short(&format!("{:#}", rustc_demangle::demangle(name))),
            })
        })
        .collect();
    functions.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
    // Several names of the same function.
    functions.dedup_by_key(|function| function.address);
    Ok(functions)
}

/// A name without what is the same in most of them: the types of the NVM and of the port.
fn short(name: &str) -> String {
    let mut short = name.to_owned();
    for (generic, shorter) in [
        ("nvm_core::fixed::FixedNvm<", "Nvm"),
        ("nvm_core::mapped::MappedNvm<", "Nvm"),
        ("intos::cortex_m::port::CortexM<", "Port"),
    ] {
        while let Some(begin) = short.find(generic) {
            let arguments = begin + generic.len();
            let mut open = 1;
            let len = short[arguments..].find(|character| {
                match character {
                    '<' => open += 1,
                    '>' => open -= 1,
                    _ => {}
                }
                open == 0
            });
            let Some(len) = len else {
                return short;
            };
            short.replace_range(begin..=arguments + len, shorter);
        }
    }
    short
}

/// Prints the functions of a program, the largest first.
pub(super) fn print_functions(program: &Path) -> Result<(), String> {
    let mut functions = functions(program)?;
    functions.sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
    for function in &functions {
        println!("{:>7}  {}", function.bytes, function.name);
    }
    let all: u64 = functions.iter().map(|function| function.bytes).sum();
    println!("{all:>7}  all {} functions", functions.len());
    Ok(())
}

fn read(program: &Path) -> Result<Vec<u8>, String> {
    fs::read(program).map_err(|error| format!("{} cannot be read: {error}", program.display()))
}

fn parse<'data>(program: &Path, bytes: &'data [u8]) -> Result<object::File<'data>, String> {
    object::File::parse(bytes).map_err(|error| format!("{}: {error}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_the_type_of_the_nvm() {
        let name = "<nvm_tx::Tx<nvm_core::fixed::FixedNvm<intos::Linked<32768>, 4>>>::write::<u8>";
        assert_eq!(short(name), "<nvm_tx::Tx<Nvm>>::write::<u8>");
        assert_eq!(short("main"), "main");
        assert_eq!(short("a::CortexM<b"), "a::CortexM<b");
    }
}
