//! The executed instructions of an operation by function.
//!
//! QEMU translates one instruction at a time here, and logs each that it begins. One that it takes back, since an
//! interrupt comes first or a device must be accessed at an exact time, it begins again later.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use tempfile::NamedTempFile;

use super::emulate;
use super::image::{self, Function};
use crate::firmware::Image;

/// Repetitions before those that are counted, and with them.
const FEW: u32 = 4;
const MANY: u32 = 12;

/// What the firmware calls at the edges of what is measured.
const BEGINS: &str = "bench_window_begins";
const ENDS: &str = "bench_window_ends";
const TAKE: &str = "bench_take";

/// Runs an operation or an application, and prints where its instructions are.
pub(crate) fn run(program: &Image, name: &str, label: &str) -> Result<(), String> {
    let log = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let measured = emulate::run(program, name, [FEW, MANY], Some(log.path()))?;
    let functions = image::functions(&program.path)?;
    let mut phases = read(log.path(), &functions)?;
    let (repetitions, counted) = match (measured.len(), phases.len()) {
        // The last window is the one that was taken last.
        (1, len @ 2..) => (1, phases.swap_remove(len - 2)),
        (2, 4..) => (MANY - FEW, less(&phases[1], &phases[3])),
        _ => return Err(format!("{name}: the firmware measured nothing")),
    };
    println!("{name}: {label}");
    print(&functions, &counted, repetitions);
    Ok(())
}

/// Instructions by the index of their function.
type Counted = HashMap<usize, u64>;

fn less(few: &Counted, many: &Counted) -> Counted {
    many.iter()
        .map(|(function, count)| {
            (
                *function,
                count - few.get(function).unwrap_or(&0).min(count),
            )
        })
        .collect()
}

/// The instructions between [`BEGINS`] and [`ENDS`], anew after each call of [`TAKE`].
fn read(log: &Path, functions: &[Function]) -> Result<Vec<Counted>, String> {
    let file = File::open(log).map_err(|error| format!("no log of the emulator: {error}"))?;
    let mut phases = vec![Counted::new()];
    let mut is_open = false;
    let mut last = None;
    let mut was_in = "";
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if line.starts_with("Stopped") || line.starts_with("cpu_io_recompile") {
            if let (Some(function), Some(phase)) = (last.take(), phases.last_mut())
                && let Some(count) = phase.get_mut(&function)
            {
                *count -= 1;
            }
            continue;
        }
        let Some(index) = address(&line).and_then(|address| function_at(functions, address)) else {
            continue;
        };
        let name = functions[index].name.as_str();
        match name {
            BEGINS => is_open = true,
            ENDS => is_open = false,
            TAKE if was_in != TAKE => phases.push(Counted::new()),
            _ => {}
        }
        was_in = name;
        last = None;
        if is_open
            && name != BEGINS
            && let Some(phase) = phases.last_mut()
        {
            *phase.entry(index).or_default() += 1;
            last = Some(index);
        }
    }
    Ok(phases)
}

/// `Trace 0: 0x7f… [00800400/00000454/00000110/ff020201] name`: the second number.
fn address(line: &str) -> Option<u64> {
    let numbers = line.strip_prefix("Trace")?.split_once('[')?.1;
    u64::from_str_radix(numbers.split('/').nth(1)?, 16).ok()
}

fn function_at(functions: &[Function], address: u64) -> Option<usize> {
    functions
        .partition_point(|function| function.address <= address)
        .checked_sub(1)
}

#[allow(clippy::cast_precision_loss)] // of some thousand instructions
fn print(functions: &[Function], counted: &Counted, repetitions: u32) {
    let mut rows: Vec<(f64, &str)> = counted
        .iter()
        .filter(|(_, count)| **count > 0)
        .filter_map(|(index, count)| {
            let each = *count as f64 / f64::from(repetitions);
            Some((each, functions.get(*index)?.name.as_str()))
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    for (each, name) in &rows {
        println!("{each:>9.1}  {name}");
    }
    let all: f64 = rows.iter().map(|(each, _)| each).sum();
    println!("{all:>9.1}  all, with the loop around it");
}
