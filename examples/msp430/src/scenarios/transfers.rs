//! Transactions of `nvm-tx`.

use nvm_core::{Area, Class, Layout, Nvm, Offset, Region, field, persist};
use nvm_tx::UndoLog;

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

persist! {
    struct Ledger { before: [u32; 7], entries: u32, after: [u32; 8] }
}

/// How many transfers are made.
const TRANSFERS: u32 = 3;

/// Moves amounts from one account to another, three times, with a count in the middle of a larger object.
#[derive(Debug, Clone, Copy)]
pub struct Transfers;

struct Places {
    layout: Layout,
    log: Area,
    step: Offset<u32>,
    from: Offset<u32>,
    to: Offset<u32>,
    ledger: Offset<Ledger>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("transfers", 1);
        Self {
            log: layout.area("undo log", UndoLog::<Fram>::area_bytes(4 * 8)),
            step: layout.object("step"),
            from: layout.object("from"),
            to: layout.object("to"),
            ledger: layout.object("ledger"),
            layout,
        }
    }
}

static PLACES: Places = Places::new();

impl Scenario for Transfers {
    const NAMES: [&'static str; 4] = ["from", "to", "entries", "transfers"];
    const EXPECTED: Results = [940, 60, 3, TRANSFERS];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let Places {
            layout,
            log,
            step,
            from,
            to,
            ledger,
        } = &PLACES;
        let entries = field!(*ledger, Ledger.entries);
        let _ = Region::open_or_format(&nvm, layout, || {
            UndoLog::format(&nvm, *log)?;
            nvm.store(Class::Data, *step, &0)?;
            nvm.store(Class::Data, *from, &1000)?;
            nvm.store(Class::Data, *to, &0)?;
            Ok::<(), Failed>(nvm.store(Class::Data, entries, &0)?)
        })?;
        formatted();
        let mut log = UndoLog::open(nvm, *log)?;
        recovered();
        loop {
            let done = nvm.load(*step)?;
            if done >= TRANSFERS {
                break;
            }
            let amount = 10 * (done + 1);
            log.transaction(|tx| {
                tx.update(*from, |balance| balance.wrapping_sub(amount))?;
                tx.update(*to, |balance| balance.wrapping_add(amount))?;
                tx.update(entries, |entries| entries.wrapping_add(1))?;
                tx.set(*step, done + 1)
            })?;
        }
        Ok([
            nvm.load(*from)?,
            nvm.load(*to)?,
            nvm.load(entries)?,
            nvm.load(*step)?,
        ])
    }
}
