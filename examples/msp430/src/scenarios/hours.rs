//! A durable loop, with `replay`.

use nvm_core::{Area, Class, Layout, Nvm, Offset, Region};
use replay::{Error, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

use crate::{Failed, Fram, Results, Scenario, formatted};

/// Counts warm hours and sums up their degrees, of four hours; what it reads counts itself.
#[derive(Debug, Clone, Copy)]
pub struct Hours;

struct Places {
    layout: Layout,
    thread: Area,
    warm: Offset<u32>,
    sum: Offset<u32>,
    readings: Offset<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("hours", 1);
        Self {
            thread: layout.area("thread", ThreadLayout::DEFAULT.bytes()),
            warm: layout.object("warm"),
            sum: layout.object("sum"),
            readings: layout.object("readings"),
            layout,
        }
    }
}

static PLACES: Places = Places::new();

fn program(thread: &mut Thread<Fram>, places: &Places) -> Result<u32, Error> {
    let Places {
        warm,
        sum,
        readings,
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
    thread.transaction(|tx| Ok(tx.get(warm)?))
}

impl Scenario for Hours {
    const NAMES: [&'static str; 4] = ["warm hours", "sum of degrees", "result", "readings"];
    const EXPECTED: Results = [2, 15 + 19 + 23 + 27, 2, 4];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let areas = ThreadAreas::split(PLACES.thread, &ThreadLayout::DEFAULT);
        let _ = Region::open_or_format(&nvm, &PLACES.layout, || {
            for counter in [PLACES.warm, PLACES.sum, PLACES.readings] {
                nvm.store(Class::Data, counter, &0)?;
            }
            Ok::<(), Failed>(Thread::format(nvm, &areas)?)
        })?;
        formatted();
        let result = Thread::start(nvm, &areas)?.run(|thread| program(thread, &PLACES))?;
        Ok([
            nvm.load(PLACES.warm)?,
            nvm.load(PLACES.sum)?,
            result,
            nvm.load(PLACES.readings)?,
        ])
    }
}
