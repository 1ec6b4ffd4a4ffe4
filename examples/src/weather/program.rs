//! The table of tasks, and the objects that they share.

use intos::host::Host;
use intos::prelude::*;

use super::data::{BINS, DAYS, Day, Frosts, Reading, WEEKS, Week};
use super::readings::Readings;
use super::{aggregate, alarm, report, sensor};

/// Minutes: the program's tick.
pub(super) const HOUR: u32 = 60;
/// Minutes of a week.
pub(super) const WEEK: u32 = 7 * 24 * HOUR;

/// The weather logger: the handles of its persistent objects.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// From `sensor` to `aggregate`.
    pub readings: Queue<Reading>,
    /// From `aggregate` to `alarm`: the readings with which a frost began.
    pub frosts: Queue<Reading>,
    /// Whoever holds it may use `days`, `last` and `finished`. The report, least urgent of all, inherits the
    /// priority of who waits for it meanwhile.
    pub table: Mutex,
    /// How many readings `sensor` has taken; and of which input.
    pub taken: Offset<u32>,
    /// Condensed from the input, so that a run does not go on with another one.
    pub input: Offset<u32>,
    /// What is known of each day.
    pub days: Offset<[Day; DAYS]>,
    /// How many readings fell into each bin.
    pub histogram: Offset<[u32; BINS]>,
    /// The last reading that `aggregate` took.
    pub last: Offset<Reading>,
    /// 1 when `aggregate` has taken the last one of all.
    pub finished: Offset<u32>,
    /// What `alarm` knows.
    pub alarm: Offset<Frosts>,
    /// The weekly reports, and how many there are.
    pub weeks: Offset<[Week; WEEKS]>,
    /// How many weeks are reported.
    pub reported: Offset<u32>,
}

/// A board with a thermometer.
pub trait WeatherBoard: Board {
    /// The reading number `index` from 0 on: nothing after the last.
    fn thermometer(port: &Self::Port, index: u32) -> Option<Reading>;

    /// Condensed from all that the thermometer will say; not 0.
    fn input(port: &Self::Port) -> u32;
}

impl<N: Nvm + std::fmt::Debug> WeatherBoard for Host<'_, N, Readings> {
    fn thermometer(port: &Self::Port, index: u32) -> Option<Reading> {
        port.world().get(index)
    }

    fn input(port: &Self::Port) -> u32 {
        port.world().digest()
    }
}

impl<B: WeatherBoard> Program<B> for Weather {
    const NAME: &'static str = "INTOS weather logger";
    const VERSION: u32 = 2;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let nothing = Reading {
            day: 0,
            tenths: i16::MAX,
        };
        let no_frost = Frosts {
            count: 0,
            last_day: 0,
            coldest: i16::MAX,
            unused: 0,
        };
        let no_week = Week::of(std::iter::empty());
        Ok(Self {
            readings: objects.queue("readings", 8)?,
            frosts: objects.queue("frosts", 4)?,
            table: objects.mutex("table")?,
            taken: objects.object("taken", 0)?,
            input: objects.object("input", 0)?,
            days: objects.object("days", [Day::NONE; DAYS])?,
            histogram: objects.object("histogram", [0; BINS])?,
            last: objects.object("last", nothing)?,
            finished: objects.object("finished", 0)?,
            alarm: objects.object("alarm", no_frost)?,
            weeks: objects.object("weeks", [no_week; WEEKS])?,
            reported: objects.object("reported", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("sensor", 7, sensor::run),
            1 => TaskEntry::new("aggregate", 5, aggregate::run),
            2 => TaskEntry::new("alarm", 3, alarm::run),
            3 => TaskEntry::new("report", 1, report::run),
            _ => return None,
        })
    }
}
