//! A durable loop, with `replay`.

use nvm_core::{Area, Class, Layout, Nvm, Offset, Region};
use replay::{Error, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

/// Counts warm hours and sums up their degrees, of the four hours of one day; what it reads counts itself. A program that
/// has come to its end would begin anew at the next start: this one looks whether the day is over.
#[derive(Debug, Clone, Copy)]
pub struct Hours;

struct Places {
    layout: Layout,
    thread: Area,
    warm: Offset<u32>,
    sum: Offset<u32>,
    readings: Offset<u32>,
    days: Offset<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("hours", 1);
        Self {
            thread: layout.area("thread", ThreadLayout::DEFAULT.bytes()),
            warm: layout.object("warm"),
            sum: layout.object("sum"),
            readings: layout.object("readings"),
            days: layout.object("days"),
            layout,
        }
    }
}

static PLACES: Places = Places::new();

fn program(thread: &mut Thread<Fram>, places: &Places) -> Result<(), Error> {
    let Places {
        warm,
        sum,
        readings,
        days,
        ..
    } = *places;
    nv_for_loop!(thread, hour in 0..4u32 => {
        let degrees = thread.sample(|| 15 + 4 * hour)?;
        let is_warm = thread.transaction(|tx| {
            tx.update(sum, |sum| sum.wrapping_add(degrees))?;
            Ok(u32::from(degrees > 20))
        })?;
        thread.transaction(|tx| {
            tx.update(readings, |readings| readings.wrapping_add(1))?;
            Ok(tx.update(warm, |hours| hours.wrapping_add(is_warm))?)
        })?;
    });
    thread.transaction(|tx| Ok(tx.set(days, 1)?))
}

impl Scenario for Hours {
    const NAMES: [&'static str; 4] = ["warm hours", "sum of degrees", "readings", "days"];
    const EXPECTED: Results = [2, 15 + 19 + 23 + 27, 4, 1];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let areas = ThreadAreas::split(PLACES.thread, &ThreadLayout::DEFAULT);
        let _ = Region::open_or_format(&nvm, &PLACES.layout, || {
            for counter in [PLACES.warm, PLACES.sum, PLACES.readings, PLACES.days] {
                nvm.store(Class::Data, counter, &0)?;
            }
            Ok::<(), Failed>(Thread::format(nvm, &areas)?)
        })?;
        formatted();
        let mut thread = Thread::start(nvm, &areas)?;
        recovered();
        if nvm.load(PLACES.days)? == 0 {
            thread.run(|thread| program(thread, &PLACES))?;
        }
        Ok([
            nvm.load(PLACES.warm)?,
            nvm.load(PLACES.sum)?,
            nvm.load(PLACES.readings)?,
            nvm.load(PLACES.days)?,
        ])
    }
}
