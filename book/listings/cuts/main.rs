//! Two balances, in the right order and in the wrong one: what the explorer says.

use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_core::{Area, Class, Layout, Nvm, Offset};
use nvm_tx::{Fault, UndoLog};

// ANCHOR: places
struct Accounts {
    layout: Layout,
    log: Area,
    from: Offset<u32>,
    to: Offset<u32>,
}

fn accounts() -> Accounts {
    let mut layout = Layout::new("accounts", 1);
    Accounts {
        log: layout.area("undo log", UndoLog::<&SimNvm<4>>::area_bytes(16)),
        from: layout.object("from"),
        to: layout.object("to"),
        layout,
    }
}
// ANCHOR_END: places

// ANCHOR: right
fn transfer(nvm: &SimNvm<4>) -> Result<(), Fault> {
    let Accounts { log, from, to, .. } = accounts();
    let mut log = UndoLog::open(nvm, log)?;
    log.transaction(|tx| {
        tx.update(from, |balance| balance - 40)?;
        tx.update(to, |balance| balance + 40)
    })
}
// ANCHOR_END: right

// ANCHOR: wrong
fn broken_transfer(nvm: &SimNvm<4>) -> Result<(), Fault> {
    let Accounts { from, to, .. } = accounts();
    nvm.store(Class::Data, from, &(nvm.load(from)? - 40))?;
    nvm.store(Class::Data, to, &(nvm.load(to)? + 40))?;
    Ok(())
}
// ANCHOR_END: wrong

// ANCHOR: starts
fn first_boot(nvm: &SimNvm<4>) -> Result<(), Fault> {
    let Accounts { log, from, to, .. } = accounts();
    UndoLog::format(&nvm, log)?;
    nvm.store(Class::Data, from, &100)?;
    nvm.store(Class::Data, to, &0)?;
    Ok(())
}

fn next_start(nvm: &SimNvm<4>) -> Result<(), Fault> {
    UndoLog::open(nvm, accounts().log).map(|_| ())
}
// ANCHOR_END: starts

// ANCHOR: explore
fn explore(name: &str, transfer: impl Fn(&SimNvm<4>) -> Result<(), Fault>) -> Report {
    let at = accounts();
    Explorer::<4>::new(name, at.layout.size())
        .layout(&at.layout)
        .depth(2)
        .explore_atomic(
            |nvm| first_boot(nvm).expect("the first boot"), // the state before: never cut
            |nvm| transfer(nvm).expect("the transfer"),     // cut before each of its stores
            |nvm| next_start(nvm).expect("the next start"), // cut as well: depth 2
            |nvm| (nvm.load(at.from).ok(), nvm.load(at.to).ok()), // as before, or as after
        )
}
// ANCHOR_END: explore

// ANCHOR: sampled
fn explore_some(chains: u64, seed: u64) -> Report {
    let layout = accounts().layout;
    let explorer = Explorer::<1>::new("three transfers", layout.size()).layout(&layout);
    explorer.depth(3).sample(chains, seed).explore(
        first_boot_at,
        |nvm| (0..3).for_each(|_| transfer_at(nvm, 10)),
        |nvm| drop(UndoLog::open(nvm, accounts().log)),
        |nvm| match sum(nvm) {
            100 => Ok(()),
            other => Err(format!("{other} units in all")),
        },
    )
}
// ANCHOR_END: sampled

fn first_boot_at(nvm: &SimNvm<1>) {
    let Accounts { log, from, to, .. } = accounts();
    UndoLog::format(&nvm, log).expect("a log");
    nvm.store(Class::Data, from, &100).expect("a balance");
    nvm.store(Class::Data, to, &0).expect("a balance");
}

fn transfer_at(nvm: &SimNvm<1>, amount: u32) {
    let Accounts { log, from, to, .. } = accounts();
    let mut log = UndoLog::open(nvm, log).expect("a log");
    let moved = log.transaction(|tx| {
        tx.update(from, |balance| balance - amount)?;
        tx.update(to, |balance| balance + amount)
    });
    moved.expect("a transfer");
}

fn sum(nvm: &SimNvm<1>) -> u32 {
    let Accounts { from, to, .. } = accounts();
    nvm.load(from).unwrap_or(0) + nvm.load(to).unwrap_or(0)
}

fn main() {
    println!("{}", explore("transfer", transfer));
    println!("{}", explore("broken transfer", broken_transfer));
    println!("{}", explore_some(1_000, 1));
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

    #[test]
    fn three_transfers_survive_three_cuts() {
        explore_some(1_000, 1).assert_clean();
    }

    /// The book shows what the explorer prints.
    #[test]
    fn the_book_shows_the_real_reports() {
        let shown = include_str!("reports.txt");
        let real = format!(
            "{}\n{}\n",
            explore("transfer", transfer),
            explore("broken transfer", broken_transfer)
        );
        assert_eq!(shown, real, "\n{real}");
    }
}
