//! `events`, `nvm-core` alone: an event counter and an error log.
//!
//! A counter is a double-buffered value: two copies, and one byte that says which of them counts, whether the memory stores
//! 1, 2 or 4 bytes in one piece. The error log is a ring, whose protocol is written by hand: an entry goes into the place
//! that is not shown; then the counter of errors publishes it.
//!
//! | power lost after the store of | next start finds |
//! | --- | --- |
//! | any byte of an error's entry | the errors before it: the place is not shown yet |
//! | any byte of the counter's other copy | the old count, and the errors before it |
//! | the counter's byte | the new count, and the new error as the last one |

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use nvm_core::image::Description;
use nvm_core::{Class, DoubleBuffered, Layout, Nvm, Offset, persist};

/// Places in the ring: all but one, the next to be filled, are shown.
const PLACES: usize = 8;
/// One measurement in so many fails.
const FAILS: u32 = 9;

persist! {
    /// An error.
    pub struct ErrorEntry {
        /// Errors before it: tells that the place was filled.
        pub number: u32,
        /// Of the measurement that failed.
        pub measurement: u32,
        /// Seconds since 1970.
        pub time: u32,
        /// What the sensor answered.
        pub code: u32,
    }
}

/// Where everything lies: the same at each start.
pub struct Journal {
    /// All of it.
    pub layout: Layout,
    /// Starts of the program.
    pub starts: DoubleBuffered<u32>,
    /// Measurements.
    pub measurements: DoubleBuffered<u32>,
    /// Those that failed.
    pub errors: DoubleBuffered<u32>,
    /// The last errors.
    pub ring: Offset<[ErrorEntry; PLACES]>,
}

impl Journal {
    /// Places all of it.
    pub fn placed() -> Self {
        let mut layout = Layout::new("events", 1);
        Self {
            starts: DoubleBuffered::place(&mut layout, "starts"),
            measurements: DoubleBuffered::place(&mut layout, "measurements"),
            errors: DoubleBuffered::place(&mut layout, "errors"),
            ring: layout.object("ring"),
            layout,
        }
    }

    /// What a tool that looks at images is told. There is no log: each store leaves a state that is whole.
    pub fn description() -> Description {
        let journal = Self::placed();
        Description::new("events", 1, journal.layout.clone())
            .part("starts", journal.starts)
            .part("measurements", journal.measurements)
            .part("errors", journal.errors)
            .object("ring", journal.ring)
            .invariant("error log", move |nvm| journal.last_errors(nvm).map(drop))
    }

    /// The ring needs no first contents: what the counter does not publish is not read.
    pub fn first_boot(&self, nvm: &impl Nvm) -> Result<(), nvm_core::Error> {
        for counter in [self.starts, self.measurements, self.errors] {
            counter.format(nvm, &0)?;
        }
        Ok(())
    }

    fn place(&self, number: u32) -> Offset<ErrorEntry> {
        let place = self.ring.element(number as usize % PLACES);
        place.unwrap_or(self.ring.cast())
    }

    /// Appends an error. One that the power interrupts was never there.
    fn log(&self, nvm: &impl Nvm, measurement: u32, code: u32) -> Result<(), nvm_core::Error> {
        let number = self.errors.load(nvm)?;
        let entry = ErrorEntry {
            number,
            measurement,
            time: seconds_now(),
            code,
        };
        nvm.store(Class::Data, self.place(number), &entry)?;
        increment(nvm, self.errors)?;
        Ok(())
    }

    /// The last errors, the oldest first.
    pub fn last_errors(&self, nvm: &impl Nvm) -> Result<Vec<ErrorEntry>, Box<dyn Error>> {
        let errors = self.errors.load(nvm)?;
        let mut entries = Vec::new();
        for number in errors.saturating_sub(PLACES as u32 - 1)..errors {
            let entry = nvm.load(self.place(number))?;
            if entry.number != number {
                return Err(format!("the entry of error {number} is damaged").into());
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// A measurement, and the error if it fails. Each of the two is one step, so the error comes first, and says
    /// whose it is: where the power went between them, it is there already.
    pub fn measure(&self, nvm: &impl Nvm) -> Result<u32, Box<dyn Error>> {
        let measurement = self.measurements.load(nvm)?;
        if measurement % FAILS == FAILS - 1 {
            let last = self.last_errors(nvm)?.pop();
            if last.is_none_or(|error| error.measurement != measurement) {
                self.log(nvm, measurement, 0x40 + measurement % 7)?;
            }
        }
        Ok(increment(nvm, self.measurements)?)
    }
}

/// Counts one more, and answers how many it is now: after a power loss it is the old count or the new one.
pub fn increment(nvm: &impl Nvm, counter: DoubleBuffered<u32>) -> Result<u32, nvm_core::Error> {
    counter.update(nvm, |count| count.wrapping_add(1))
}

fn seconds_now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as u32)
}

#[cfg(test)]
mod tests {
    use nvm_core::for_each_atom;
    use nvm_core::sim::{Explorer, SimNvm};

    use super::*;

    /// All that is shown: the counts, and each error but for its time.
    fn shown(nvm: &impl Nvm) -> (u32, u32, Vec<(u32, u32, u32)>) {
        let journal = Journal::placed();
        let entries = journal.last_errors(nvm).unwrap();
        let errors = entries
            .iter()
            .map(|error| (error.number, error.measurement, error.code));
        (
            journal.measurements.load(nvm).unwrap(),
            journal.errors.load(nvm).unwrap(),
            errors.collect(),
        )
    }

    fn measured<const ATOM: usize>(times: u32) -> impl Fn(&SimNvm<ATOM>) {
        move |nvm| {
            let journal = Journal::placed();
            journal.first_boot(nvm).unwrap();
            for _ in 0..times {
                journal.measure(nvm).unwrap();
            }
        }
    }

    #[test]
    fn an_error_is_logged_whole_or_not_at_all_whatever_is_cut() {
        let journal = Journal::placed();
        for_each_atom!(ATOM => {
            // A ring that has come round, and the first entry of one that has not.
            for before in [0, 11 * FAILS] {
                Explorer::<ATOM>::new("an error", journal.layout.size())
                    .explore_atomic(
                        measured(before),
                        |nvm| journal.log(nvm, 5, 0x41).unwrap(),
                        |_| {},
                        shown,
                    )
                    .assert_clean();
            }
        });
    }

    #[test]
    fn a_measurement_that_fails_is_one_error_however_often_it_is_repeated() {
        let journal = Journal::placed();
        let measure_the_ninth = |nvm: &SimNvm<1>| {
            while journal.measurements.load(nvm).unwrap() < FAILS {
                journal.measure(nvm).unwrap();
            }
        };
        Explorer::<1>::new("a measurement", journal.layout.size())
            .depth(2)
            .explore(
                measured(FAILS - 1),
                measure_the_ninth,
                measure_the_ninth,
                |nvm| match shown(nvm) {
                    (FAILS, 1, _) => Ok(()),
                    other => Err(format!("{other:?}")),
                },
            )
            .assert_clean();
    }

    #[test]
    fn counting_an_error_before_it_is_stored_is_caught() {
        let journal = Journal::placed();
        let report = Explorer::<4>::new("an error, counted too early", journal.layout.size())
            .layout(&journal.layout)
            .object("ring", journal.ring)
            .explore_atomic(
                measured(FAILS),
                |nvm| {
                    let number = journal.errors.load(nvm).unwrap();
                    increment(nvm, journal.errors).unwrap();
                    let entry = ErrorEntry {
                        number,
                        measurement: 5,
                        time: 0,
                        code: 0x41,
                    };
                    nvm.store(Class::Data, journal.place(number), &entry)
                        .unwrap();
                },
                |_| {},
                |nvm| {
                    let errors = journal.last_errors(nvm).ok();
                    errors.map(|errors| errors.iter().map(|error| error.code).collect::<Vec<_>>())
                },
            );
        // Counted already, and the entry is not there: the report says it by the names of the layout.
        let told = report.assert_caught().to_string();
        for line in [
            "cut after 2 of 6 stores, before 4 B of data at 0x54, `ring` + 16; then: neither before nor after",
            "`ring[1].number`: before 2779096485, after the cut 1, expected 2779096485 or 1: as after",
            "`ring[1].measurement`: before 2779096485, after the cut 2779096485, expected 2779096485 or 5: as before",
        ] {
            assert!(told.contains(line), "{line} is not in\n{told}");
        }
    }
}
