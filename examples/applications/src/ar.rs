//! Activity recognition: tells from an accelerometer's readings whether its wearer moves.
//!
//! A computation in one task. It shows recorded inputs: a transaction samples three readings, and a repetition after a
//! power loss gets the same ones without asking the sensor again. The number of a reading follows from the counters of
//! the persistent loops, so nothing else need be stored to know it.

use core::ops::Range;

use intos::prelude::*;

use crate::{Application, Checked, Results, Scale, checksum};

/// Learns what both activities look like, and recognises them, round after round.
#[derive(Debug, Clone, Copy)]
pub struct Ar {
    scale: Scale,
    stationary: Offset<Model>,
    moving: Offset<Model>,
    /// What was recognised in this round.
    round: Offset<Recognised>,
    totals: Offset<Totals>,
}

persist! {
    /// What a window looks like, on all axes together.
    struct Feature {
        mean: u32,
        deviation: u32,
    }

    /// How many windows were recognised.
    struct Recognised {
        moving: u32,
        stationary: u32,
    }

    /// Of all rounds that have ended.
    struct Totals {
        recognised: Recognised,
        /// Of both counts, round by round.
        checksum: u32,
    }
}

/// What an activity looks like.
type Model = [Feature; WINDOWS_TO_LEARN];

const ROUNDS: u32 = 100;
const WINDOWS_TO_LEARN: usize = 16;
const WINDOWS_TO_RECOGNISE: usize = 64;
const READINGS_OF_WINDOW: usize = 3;
const WINDOWS_OF_ROUND: usize = 2 * WINDOWS_TO_LEARN + WINDOWS_TO_RECOGNISE;
/// The accelerometer tells the same ones anew after so many.
const READINGS_THAT_DIFFER: u32 = 85;

/// Acceleration along three axes.
type Reading = [u8; 3];
type Window = [Reading; READINGS_OF_WINDOW];

const NOTHING_RECOGNISED: Recognised = Recognised {
    moving: 0,
    stationary: 0,
};

impl<B: Board> Program<B> for Ar {
    const NAME: &'static str = "ar";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let unknown = [Feature {
            mean: 0,
            deviation: 0,
        }; WINDOWS_TO_LEARN];
        let totals = Totals {
            recognised: NOTHING_RECOGNISED,
            checksum: 0,
        };
        Ok(Self {
            scale: Scale::place(objects)?,
            stationary: objects.object("stationary", unknown)?,
            moving: objects.object("moving", unknown)?,
            round: objects.object("round", NOTHING_RECOGNISED)?,
            totals: objects.object("totals", totals)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("recogniser", 1, run))
    }
}

fn run<B: Board>(task: &mut Task<B>, app: &Ar) -> Result<(), Error> {
    let rounds = app.scale.times(task, ROUNDS)?;
    nv_for_loop!(task, round in 0..rounds => {
        // So many rounds have each reading equally often: with more, the numbers of readings would outgrow 16 bits.
        let first_window = (round % READINGS_THAT_DIFFER) as usize * WINDOWS_OF_ROUND;
        nv_for_loop!(task, stage in 0..3u8 => {
            match stage {
                0 => learn(task, app.stationary, first_window)?,
                1 => learn(task, app.moving, first_window + WINDOWS_TO_LEARN)?,
                _ => recognise(task, app, first_window + 2 * WINDOWS_TO_LEARN)?,
            }
        });
        task.transaction(|tx| {
            let Recognised { moving, stationary } = tx.get(app.round)?;
            tx.set(app.round, NOTHING_RECOGNISED)?;
            Ok(tx.update(app.totals, |totals| Totals {
                recognised: Recognised {
                    moving: totals.recognised.moving + moving,
                    stationary: totals.recognised.stationary + stationary,
                },
                checksum: checksum(&[totals.checksum, moving, stationary].map(u32::cast_signed)),
            })?)
        })?;
    });
    Ok(())
}

/// Takes a feature from each window, from the given one on.
fn learn<B: Board>(task: &mut Task<B>, model: Offset<Model>, first: usize) -> Result<(), Error> {
    nv_for_loop!(task, index in 0..WINDOWS_TO_LEARN => {
        task.transaction(|tx| {
            let feature = feature(&tx.sample(|| window(first + index))?);
            match model.element(index) {
                Some(place) => Ok(tx.set(place, feature)?),
                None => Ok(()),
            }
        })?;
    });
    Ok(())
}

/// Counts what is recognised in each window, from the given one on.
fn recognise<B: Board>(task: &mut Task<B>, app: &Ar, first: usize) -> Result<(), Error> {
    nv_for_loop!(task, index in 0..WINDOWS_TO_RECOGNISE => {
        task.transaction(|tx| {
            let feature = feature(&tx.sample(|| window(first + index))?);
            let mut nearer = 0;
            for (moving, stationary) in app.moving.elements().zip(app.stationary.elements()) {
                nearer += components_nearer(feature, tx.get(moving)?, tx.get(stationary)?);
            }
            let count = if is_moving(nearer) {
                field!(app.round, Recognised.moving)
            } else {
                field!(app.round, Recognised.stationary)
            };
            Ok(tx.update(count, |windows| windows + 1)?)
        })?;
    });
    Ok(())
}

/// The readings of a window, counted from 0 on: 17k, 289k and 4,913k modulo 85, without a product of more than 16 bits.
fn window(index: usize) -> Window {
    const DIFFER: usize = READINGS_THAT_DIFFER as usize;
    let first = index * READINGS_OF_WINDOW + 1;
    let reading = |number| {
        let number = number % DIFFER;
        [17, 289 % DIFFER, 4_913 % DIFFER].map(|factor| (factor * number % DIFFER) as u8)
    };
    [reading(first), reading(first + 1), reading(first + 2)]
}

/// A reading without its noise.
fn filtered([x, y, z]: Reading) -> Reading {
    const NOISE: u8 = 10;
    if x >= NOISE && y >= NOISE && z >= NOISE {
        return [x, y, z];
    }
    let heard = |value| if value > NOISE { value } else { 0 };
    [heard(x), heard(y), heard(z)]
}

fn feature(window: &Window) -> Feature {
    let [first, second, third] = window.map(filtered);
    let (mut means, mut deviations) = (0, 0);
    for ((first, second), third) in first.into_iter().zip(second).zip(third) {
        let [first, second, third] = [first, second, third].map(u32::from);
        let mean = (first + second + third) >> 2;
        let deviation = (first.abs_diff(mean) + second.abs_diff(mean) + third.abs_diff(mean)) >> 2;
        means += mean * mean;
        deviations += deviation * deviation;
    }
    Feature {
        mean: means,
        deviation: deviations,
    }
}

/// How many of a feature's components are nearer to one that was learnt about moving than to one about standing still.
fn components_nearer(feature: Feature, moving: Feature, stationary: Feature) -> usize {
    let is_nearer = |of: fn(Feature) -> u32| {
        of(moving).abs_diff(of(feature)) < of(stationary).abs_diff(of(feature))
    };
    usize::from(is_nearer(|feature| feature.mean))
        + usize::from(is_nearer(|feature| feature.deviation))
}

/// Whether these are more than half of the components of all features that were learnt.
const fn is_moving(nearer: usize) -> bool {
    nearer > WINDOWS_TO_LEARN
}

impl Checked for Ar {
    const NAMES: [&'static str; 4] = [
        "windows in motion",
        "windows at rest",
        "checksum of the rounds",
        "windows not counted yet",
    ];
    const EXPECTED: Results = [2_000, 4_400, 1_977_155_936, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let Totals {
            recognised,
            checksum,
        } = nvm.load(self.totals)?;
        let round = nvm.load(self.round)?;
        Ok([
            recognised.moving,
            recognised.stationary,
            checksum,
            round.moving + round.stationary,
        ])
    }
}

impl Application for Ar {
    const STEADY_ITERATION: Range<u32> = 98..195;

    fn scale(&self) -> Scale {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many windows of a round are in motion, without the kernel.
    fn in_motion(round: usize) -> usize {
        let first = round * WINDOWS_OF_ROUND;
        let learnt = |index| feature(&window(index));
        let stationary = first..first + WINDOWS_TO_LEARN;
        let windows = first + 2 * WINDOWS_TO_LEARN..first + WINDOWS_OF_ROUND;
        windows
            .filter(|index| {
                let feature = feature(&window(*index));
                let nearer = stationary.clone().map(|index| {
                    components_nearer(feature, learnt(index + WINDOWS_TO_LEARN), learnt(index))
                });
                is_moving(nearer.sum())
            })
            .count()
    }

    #[test]
    fn rounds_are_those_of_the_specification() {
        assert_eq!(in_motion(0), 25);
        assert_eq!(in_motion(2), 13);
        assert_eq!((0..100).map(in_motion).sum::<usize>(), 2_000);
    }
}
