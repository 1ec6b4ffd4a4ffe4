//! What lies in a program's file: sections, functions.

use std::fs;
use std::path::Path;

use object::{Object, ObjectSymbol, SymbolKind};

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
                name: format!("{:#}", rustc_demangle::demangle(name)),
            })
        })
        .collect();
    functions.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
    // Several names of the same function.
    functions.dedup_by_key(|function| function.address);
    Ok(functions)
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
