//! Allocating and freeing, with `nvm-alloc`.

use nvm_alloc::Heap;
use nvm_core::{Area, Class, Layout, Nvm, Offset, Region, persist};
use nvm_tx::UndoLog;

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

persist! {
    struct Event { next: Offset<Event>, code: u32 }
}

/// Puts two events in front of a list, and takes one out; three times. Then it tries what is refused, which leaves nothing.
#[derive(Debug, Clone, Copy)]
pub struct Events;

struct Places {
    layout: Layout,
    log: Area,
    heap: Area,
    step: Offset<u32>,
    first: Offset<Offset<Event>>,
    sum: Offset<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("events", 1);
        Self {
            log: layout.area("undo log", UndoLog::<Fram>::area_bytes(96)),
            heap: layout.area("heap", Heap::area_bytes(256)),
            step: layout.object("step"),
            first: layout.object("first"),
            sum: layout.object("sum"),
            layout,
        }
    }
}

static PLACES: Places = Places::new();

impl Scenario for Events {
    const NAMES: [&'static str; 4] = ["events", "sum of codes taken", "code of the first", "steps"];
    const EXPECTED: Results = [3, 1 + 4 + 7, 6, 9];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let Places {
            layout,
            log,
            heap,
            step,
            first,
            sum,
        } = &PLACES;
        let _ = Region::open_or_format(&nvm, layout, || {
            UndoLog::format(&nvm, *log)?;
            Heap::format(&nvm, *heap)?;
            nvm.store(Class::Data, *step, &0)?;
            nvm.store(Class::Data, *first, &Offset::new(0))?;
            Ok::<(), Failed>(nvm.store(Class::Data, *sum, &0)?)
        })?;
        formatted();
        let mut log = UndoLog::open(nvm, *log)?;
        let heap = Heap::open(&nvm, *heap)?;
        recovered();
        loop {
            let done = nvm.load(*step)?;
            if done >= 9 {
                break;
            }
            log.transaction(|tx| {
                tx.set(*step, done + 1)?;
                if done % 3 < 2 {
                    let event = Event {
                        next: tx.get(*first)?,
                        code: done,
                    };
                    let event = heap.allocate_for(tx, event)?;
                    tx.set(*first, event)?;
                } else {
                    let event = tx.get(*first)?;
                    let Event { next, code } = tx.get(event)?;
                    tx.set(*first, next)?;
                    tx.update(*sum, |sum| sum.wrapping_add(code))?;
                    heap.free(tx, event.get())?;
                }
                Ok::<(), Failed>(())
            })?;
        }
        let refused = log.transaction(|tx| {
            heap.allocate(tx, 16)?;
            tx.set(*sum, 0)?;
            Err::<(), _>(Failed::Refused)
        });
        if refused != Err(Failed::Refused) {
            return Err(Failed::Unexpected);
        }
        let event = nvm.load(nvm.load(*first)?)?;
        Ok([
            heap.statistics(&nvm)?.blocks,
            nvm.load(*sum)?,
            event.code,
            nvm.load(*step)?,
        ])
    }
}
