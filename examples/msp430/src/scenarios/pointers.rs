//! Pointers of `nvm-ptr` that know what to log.

use nvm_alloc::Heap;
use nvm_core::{Area, Layout, Region};
use nvm_ptr::{Error, PArray, PVec, Root, write_first};
use nvm_tx::UndoLog;

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

/// How many days a meter counts.
const DAYS: u32 = 5;

/// A meter: samples go into an array that is written first and not logged, their sum into a total, and each day's total
/// into a vector that grows.
#[derive(Debug, Clone, Copy)]
pub struct Pointers;

impl Scenario for Pointers {
    const NAMES: [&'static str; 4] = ["total", "days", "last day", "steps"];
    const EXPECTED: Results = [500, DAYS, 500, 2 * DAYS];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let mut layout = Layout::new("pointers", 1);
        let log: Area = layout.area("undo log", UndoLog::<Fram>::area_bytes(128));
        let heap = layout.area("heap", Heap::area_bytes(256));
        let mut scratch = PArray::<u16, 4>::place(&mut layout, "scratch");
        let mut total = Root::<u32>::place(&mut layout, "total");
        let mut step = Root::<u32>::place(&mut layout, "step");
        let days = PVec::<u32>::place(&mut layout, "days");
        let _ = Region::open_or_format(&nvm, &layout, || {
            UndoLog::format(&nvm, log)?;
            Heap::format(&nvm, heap)?;
            scratch.format(&nvm, &[0; 4])?;
            total.format(&nvm, &0)?;
            step.format(&nvm, &0)?;
            Ok::<(), Failed>(days.format(&nvm)?)
        })?;
        formatted();
        let mut log = UndoLog::open(nvm, log)?;
        let heap = Heap::open(&nvm, heap)?;
        recovered();
        loop {
            let done = log.transaction(|tx| step.get(tx).map_err(Error::from))?;
            if done >= 2 * DAYS {
                break;
            }
            if done % 2 == 0 {
                let handles = (&mut scratch, &mut total, &mut step);
                write_first(&mut log, 16, handles, |tx, (scratch, total, step)| {
                    let day = (done / 2) as u16;
                    let scratch = scratch
                        .elements()
                        .write_with(tx, |index| 10 * day + 2 * index as u16 + 2)?;
                    let mut sum = 0;
                    for index in 0..scratch.len() {
                        sum += u32::from(scratch.get(tx, index)?.unwrap_or(0));
                    }
                    total.update(tx, |old| old.wrapping_add(sum))?;
                    step.update(tx, |_| done + 1)?;
                    Ok(())
                })?;
            } else {
                log.transaction(|tx| {
                    let total = total.get(tx)?;
                    days.push(tx, heap, total)?;
                    Ok::<(), Error>(step.set(tx, done + 1)?)
                })?;
            }
        }
        let results = log.transaction(|tx| {
            let (count, last) = (days.len(tx)?, days.last(tx)?);
            Ok::<Results, Error>([
                total.get(tx)?,
                count as u32,
                last.unwrap_or(0),
                step.get(tx)?,
            ])
        })?;
        Ok(results)
    }
}
