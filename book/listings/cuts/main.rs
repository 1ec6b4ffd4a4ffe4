//! Two balances, in the right order and in the wrong one: what the explorer says.

use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_core::{Area, Class, Nvm, Offset};
use nvm_tx::{Fault, UndoLog};

const FROM: Offset<u32> = Offset::new(0);
const TO: Offset<u32> = Offset::new(4);
const LOG: Area = Area::new(8, 56);

// ANCHOR: right
fn transfer(nvm: &SimNvm<4>) -> Result<(), Fault> {
    let mut log = UndoLog::open(nvm, LOG)?;
    log.transaction(|tx| {
        tx.update(FROM, |balance| balance - 40)?;
        tx.update(TO, |balance| balance + 40)
    })
}
// ANCHOR_END: right

// ANCHOR: wrong
fn broken_transfer(nvm: &SimNvm<4>) -> Result<(), Fault> {
    nvm.store(Class::Data, FROM, &(nvm.load(FROM)? - 40))?;
    nvm.store(Class::Data, TO, &(nvm.load(TO)? + 40))?;
    Ok(())
}
// ANCHOR_END: wrong

// ANCHOR: starts
fn first_boot(nvm: &SimNvm<4>) -> Result<(), Fault> {
    UndoLog::format(&nvm, LOG)?;
    nvm.store(Class::Data, FROM, &100)?;
    nvm.store(Class::Data, TO, &0)?;
    Ok(())
}

fn next_start(nvm: &SimNvm<4>) -> Result<(), Fault> {
    UndoLog::open(nvm, LOG).map(|_| ())
}
// ANCHOR_END: starts

// ANCHOR: explore
fn explore(name: &str, transfer: impl Fn(&SimNvm<4>) -> Result<(), Fault>) -> Report {
    Explorer::<4>::new(name, 64).depth(2).explore_atomic(
        |nvm| first_boot(nvm).expect("the first boot"), // the state before: never cut
        |nvm| transfer(nvm).expect("the transfer"),     // cut before each of its stores
        |nvm| next_start(nvm).expect("the next start"), // cut as well: depth 2
        |nvm| (nvm.load(FROM), nvm.load(TO)),           // as before, or as after
    )
}
// ANCHOR_END: explore

fn main() {
    println!("{}", explore("transfer", transfer));
    println!("{}", explore("broken transfer", broken_transfer));
}

#[cfg(test)]
mod tests {
    use super::*;

    // ANCHOR: tests
    #[test]
    fn a_transfer_is_made_wholly_or_not_at_all() {
        explore("transfer", transfer).assert_clean();
    }

    #[test]
    fn the_explorer_catches_the_broken_one() {
        explore("broken transfer", broken_transfer).assert_caught();
    }
    // ANCHOR_END: tests

    /// The book shows what the explorer prints.
    #[test]
    fn the_book_shows_the_real_reports() {
        let shown = include_str!("reports.txt");
        let real = format!(
            "{}\n{}\n",
            explore("transfer", transfer),
            explore("broken transfer", broken_transfer)
        );
        assert_eq!(shown, real);
    }
}
