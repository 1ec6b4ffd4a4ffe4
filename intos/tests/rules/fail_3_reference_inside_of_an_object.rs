//! Rule 3: no reference to volatile memory inside of a persistent object.
use intos::prelude::*;

persist! {
    struct Log {
        name: &'static str,
    }
}

fn main() {}
