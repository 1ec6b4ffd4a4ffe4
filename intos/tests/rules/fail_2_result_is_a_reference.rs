//! Rule 2: results are data that can be recorded, not references.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, name: &'static str) -> Result<(), Error> {
    let name: &'static str = task.transaction(|tx| Ok(name))?;
    Ok(())
}

fn main() {}
