//! `energy`, `nvm-ptr` alone: an energy meter.
//!
//! A quarter of an hour at a time, it fills a scratch buffer with fifteen samples and adds them to the
//! bucket of the hour and to the totals, in one transaction. The scratch buffer is **written before it is
//! read**: a repetition fills it again, so its old contents are not logged. The bucket and the totals are
//! **read before they are written**: they are logged. The types of the pointers decide it.

use std::error::Error;

use nvm_core::image::Description;
use nvm_core::{Area, Class, FileNvm, Layout, Nvm};
use nvm_ptr::{PArray, Root, write_first};
use nvm_tx::image::UndoLogPart;
use nvm_tx::{Fault, UndoLog};

/// Samples of one transaction: a quarter of an hour.
pub const BATCH: usize = 15;
/// A sample a minute.
pub const SAMPLES_PER_HOUR: u32 = 60;
/// Of a day.
pub const HOURS: usize = 24;
/// 190 years of them.
const MOST_SAMPLES: u32 = 100_000_000;
/// A counter takes an entry of 4 bytes and its own 16 in the log.
const LOG_BYTES: u32 = 2 * 20;

nvm_core::persist! {
    /// What was used, of some samples.
    pub struct Counter {
        /// In milliwatt minutes.
        pub energy: u64,
        /// How many samples.
        pub samples: u32,
        /// The largest, in milliwatts.
        pub peak: u32,
    }
}

impl Counter {
    const ZERO: Self = Self {
        energy: 0,
        samples: 0,
        peak: 0,
    };

    const fn with(self, sample: u32) -> Self {
        Self {
            energy: self.energy.wrapping_add(sample as u64),
            samples: self.samples.wrapping_add(1),
            peak: if sample > self.peak {
                sample
            } else {
                self.peak
            },
        }
    }

    /// Milliwatt minutes as kilowatt hours, for people.
    #[allow(clippy::cast_precision_loss)] // three decimals are shown
    pub fn kilowatt_hours(self) -> f64 {
        self.energy as f64 / 60e6
    }
}

/// The meter's persistent objects, by their only handles.
pub struct Meter {
    /// All of it.
    pub layout: Layout,
    /// The undo log.
    pub log: Area,
    scratch: PArray<u32, BATCH>,
    hours: PArray<Counter, HOURS>,
    total: Root<Counter>,
}

/// All counters at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// By the hour of the day.
    pub hours: [Counter; HOURS],
    /// Of all hours.
    pub total: Counter,
}

impl Meter {
    /// Places all of it.
    pub fn placed() -> Self {
        let mut layout = Layout::new("energy", 1);
        Self {
            log: layout.area("undo log", UndoLog::<FileNvm>::area_bytes(LOG_BYTES)),
            scratch: PArray::place(&mut layout, "scratch"),
            hours: PArray::place(&mut layout, "hours"),
            total: Root::place(&mut layout, "total"),
            layout,
        }
    }

    /// What a tool that looks at images is told.
    pub fn description() -> Description {
        let meter = Self::placed();
        let mut description = Description::new("energy", 1, meter.layout.clone());
        description = description.typed::<[Counter; HOURS]>("hours");
        description
            .typed::<Counter>("total")
            .typed::<[u32; BATCH]>("scratch")
            .part("transactions", UndoLogPart::new(meter.log))
            .invariant("counters", |nvm| {
                let meter = Self::placed();
                let mut log = UndoLog::open_without_recovery(nvm, meter.log, Class::Data)?;
                check(&meter, &mut log).map(drop)
            })
    }

    /// The counters are zero on the first boot; the scratch buffer needs no first contents.
    pub fn first_boot(&self, nvm: &impl Nvm) -> Result<(), Box<dyn Error>> {
        UndoLog::format(&nvm, self.log)?;
        self.hours.format(nvm, &[Counter::ZERO; HOURS])?;
        Ok(self.total.format(nvm, &Counter::ZERO)?)
    }

    /// Counts a quarter of an hour; `sample` is asked for the samples by their number since the first
    /// start. After a power loss in here the caller comes back to it: it asks once more, and counts what
    /// it hears then, once.
    pub fn count<N: Nvm>(
        &mut self,
        log: &mut UndoLog<N>,
        sample: impl Fn(u32) -> u32,
    ) -> Result<(), nvm_ptr::Error> {
        let handles = (&mut self.scratch, &mut self.hours, &mut self.total);
        write_first(log, LOG_BYTES, handles, |tx, (scratch, hours, total)| {
            let (mut sum, total) = total.read(tx)?;
            let first = sum.samples;
            // As an interrupt handler or a DMA transfer would fill it, one by one.
            let scratch = scratch
                .elements()
                .write_with(tx, |index| sample(first.wrapping_add(index as u32)))?;
            let Some(hour) = hours.elements().nth(hour_of(first)) else {
                return Ok(());
            };
            let (mut counter, hour) = hour.read(tx)?;
            for index in 0..scratch.len() {
                let Some(sample) = scratch.get(tx, index)? else {
                    break;
                };
                (sum, counter) = (sum.with(sample), counter.with(sample));
            }
            hour.write(tx, counter)?;
            total.write(tx, sum)?;
            Ok(())
        })
    }

    /// All counters, read in one transaction.
    pub fn read<N: Nvm>(&self, log: &mut UndoLog<N>) -> Result<Reading, Fault> {
        log.transaction(|tx| {
            Ok(Reading {
                hours: self.hours.get(tx)?,
                total: self.total.get(tx)?,
            })
        })
    }
}

/// The hour of the day of a sample.
const fn hour_of(number: u32) -> usize {
    (number / SAMPLES_PER_HOUR) as usize % HOURS
}

/// The sensor: a household's power in milliwatts, the same for the same number, so that the counters can
/// be checked.
pub fn household(number: u32) -> u32 {
    const BASE: [u32; HOURS] = [
        140, 120, 110, 110, 120, 180, 420, 680, 540, 360, 310, 380, 620, 480, 330, 320, 410, 720,
        980, 1100, 940, 760, 430, 220,
    ];
    let noise = number.wrapping_mul(2_654_435_761).rotate_left(13) % 90_000;
    BASE.get(hour_of(number)).copied().unwrap_or(0) * 1000 + noise
}

/// What the counters must show after so many samples.
fn expected(samples: u32) -> Reading {
    let mut reading = Reading {
        hours: [Counter::ZERO; HOURS],
        total: Counter::ZERO,
    };
    for number in 0..samples {
        let sample = household(number);
        reading.total = reading.total.with(sample);
        if let Some(hour) = reading.hours.get_mut(hour_of(number)) {
            *hour = hour.with(sample);
        }
    }
    reading
}

/// Reads the counters, and compares them with what the sensor said so far.
pub fn check<N: Nvm>(meter: &Meter, log: &mut UndoLog<N>) -> Result<Reading, Box<dyn Error>> {
    let reading = meter.read(log)?;
    if reading.total.samples > MOST_SAMPLES {
        return Err("more samples than a meter's life has: the file is damaged".into());
    }
    if reading == expected(reading.total.samples) {
        Ok(reading)
    } else {
        Err(format!("the counters disagree: {:?}", reading.total).into())
    }
}

#[cfg(test)]
mod tests {
    use nvm_core::sim::{Explorer, SimNvm};
    use nvm_core::{Region, for_each_atom};

    use super::*;

    fn boot<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> (Meter, UndoLog<&SimNvm<ATOM>>) {
        let meter = Meter::placed();
        let region: Result<Region, Box<dyn Error>> =
            Region::open_or_format(nvm, &meter.layout, || meter.first_boot(nvm));
        let _ = region.unwrap();
        let log = UndoLog::open(nvm, meter.log).unwrap();
        (meter, log)
    }

    #[test]
    fn every_sample_is_counted_once_whatever_is_cut() {
        for_each_atom!(ATOM => {
            let until = |samples| move |nvm: &SimNvm<ATOM>| {
                let (mut meter, mut log) = boot(nvm);
                while meter.read(&mut log).unwrap().total.samples < samples {
                    meter.count(&mut log, household).unwrap();
                }
            };
            Explorer::<ATOM>::new("a quarter of an hour", Meter::placed().layout.size())
                .filled_with(0)
                .depth(2)
                .explore(
                    until(60 - BATCH as u32),
                    until(60 + BATCH as u32),
                    until(60 + BATCH as u32),
                    |nvm| {
                        let (meter, mut log) = boot(nvm);
                        check(&meter, &mut log).map(drop).map_err(|error| error.to_string())
                    },
                )
                .assert_clean();
        });
    }

    #[test]
    fn a_quarter_of_an_hour_costs_what_the_types_say() {
        let nvm = SimNvm::<4>::new(Meter::placed().layout.size());
        let (mut meter, mut log) = boot(&nvm);
        let before = nvm.counters().bytes_written();
        meter.count(&mut log, household).unwrap();
        let counters = 2 * (4 + 16 + 16);
        assert_eq!(
            nvm.counters().bytes_written() - before,
            4 * BATCH as u64 + counters + 4,
            "samples unlogged, two counters logged, commit"
        );
    }
}
