//! What the sensors of the flows tell.

use intos::prelude::*;

persist! {
    /// What one of two sensors tells. A flow takes it through a recorded `sample`.
    pub struct Reading {
        /// What it measured.
        pub values: [i16; VALUES],
        /// The reading's number, of both sensors together, from 1 on.
        pub time: u16,
        /// 0 or 1.
        pub sensor: u16,
    }
}

const VALUES: usize = 4;

impl Reading {
    /// How often a flow reads both sensors.
    pub const ROUNDS: u32 = 50;

    /// How many sensors there are: each has a reading in a round.
    pub const SENSORS: u16 = 2;

    /// The reading of a sensor in a round, both from 0 on: a function of the reading's number, in place of a sensor.
    #[must_use]
    pub const fn take(round: u32, sensor: u16) -> Self {
        let number = 2 * round + sensor as u32 + 1;
        let mut values = [0; VALUES];
        let mut index = 0;
        while index < VALUES {
            values[index] = ((number + index as u32 + 1) % 120) as i16;
            index += 1;
        }
        Self {
            values,
            time: number as u16,
            sensor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sensors_count_together() {
        assert_eq!(
            [
                Reading::take(0, 0),
                Reading::take(0, 1),
                Reading::take(49, 1)
            ],
            [
                Reading {
                    values: [2, 3, 4, 5],
                    time: 1,
                    sensor: 0
                },
                Reading {
                    values: [3, 4, 5, 6],
                    time: 2,
                    sensor: 1
                },
                Reading {
                    values: [101, 102, 103, 104],
                    time: 100,
                    sensor: 1
                },
            ]
        );
        assert_eq!(Reading::take(58, 0).values, [118, 119, 0, 1]);
    }
}
