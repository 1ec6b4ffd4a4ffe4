//! Rule 3: no reference to volatile memory inside of a persistent object.
use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    place: Offset<&'static u32>,
    value: &'static u32,
) -> Result<(), Error> {
    thread.transaction(|tx| Ok(tx.set(place, value)?))
}

fn main() {}
