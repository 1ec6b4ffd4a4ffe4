//! What an operation costs by itself.

use std::cell::RefCell;
use std::collections::HashMap;

use super::emulate::{self, CLASSES, Measured};
use super::firmware::{self, Build};
use super::rows::Row;
use crate::firmware::Image;

const FEW: u32 = 100;
const MANY: u32 = 500;

/// What one repetition costs, on average.
#[derive(Debug, Clone, Copy, Default)]
struct Exact {
    instructions: f64,
    stored: [(f64, f64); CLASSES],
}

/// What an operation costs, rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Costs {
    /// Instructions, built for little text.
    pub(super) small: u32,
    /// Instructions, built for few of them.
    pub(super) fast: u32,
    /// Bytes and stores of each class.
    pub(super) stored: [(u32, u32); CLASSES],
}

impl Costs {
    pub(super) fn bytes(&self) -> u32 {
        self.stored.iter().map(|(bytes, _)| bytes).sum()
    }

    pub(super) fn stores(&self) -> u32 {
        self.stored.iter().map(|(_, stores)| stores).sum()
    }
}

/// The builds of the program that is measured, and what was measured of them.
#[derive(Debug)]
pub(super) struct Programs {
    small: Program,
    fast: Program,
    counting: Program,
}

impl Programs {
    pub(super) fn build() -> Result<Self, String> {
        Ok(Self {
            small: Program::build(Build::Small)?,
            fast: Program::build(Build::Fast)?,
            counting: Program::build(Build::Counting)?,
        })
    }

    /// Measures an operation.
    pub(super) fn measure(&self, row: &Row) -> Result<Costs, String> {
        let stored = self.counting.net(row)?.stored;
        Ok(Costs {
            small: round(self.small.net(row)?.instructions),
            fast: round(self.fast.net(row)?.instructions),
            stored: stored.map(|(bytes, stores)| (round(bytes), round(stores))),
        })
    }
}

#[derive(Debug)]
struct Program {
    image: Image,
    known: RefCell<HashMap<&'static str, Exact>>,
}

impl Program {
    fn build(build: Build) -> Result<Self, String> {
        Ok(Self {
            image: firmware::build("bench", build)?,
            known: RefCell::default(),
        })
    }

    /// Without what is around it.
    fn net(&self, row: &Row) -> Result<Exact, String> {
        let mut net = self.gross(row.name)?;
        for (name, times) in row.minus {
            let around = self.gross(name)?;
            net.instructions -= times * around.instructions;
            for (own, around) in net.stored.iter_mut().zip(around.stored) {
                own.0 -= times * around.0;
                own.1 -= times * around.1;
            }
        }
        Ok(net)
    }

    fn gross(&self, name: &'static str) -> Result<Exact, String> {
        if let Some(known) = self.known.borrow().get(name) {
            return Ok(*known);
        }
        let measured = emulate::run(&self.image, name, [FEW, MANY], None)?;
        let exact = match measured[..] {
            [once] => average(&Measured::default(), &once, 1),
            [few, many] => average(&few, &many, MANY - FEW),
            _ => return Err(format!("{name}: the firmware measured nothing")),
        };
        self.known.borrow_mut().insert(name, exact);
        Ok(exact)
    }
}

fn average(few: &Measured, many: &Measured, repetitions: u32) -> Exact {
    let each = |few: u32, many: u32| f64::from(many.wrapping_sub(few)) / f64::from(repetitions);
    let clocks = many.clocks.wrapping_sub(few.clocks);
    let mut exact = Exact {
        instructions: emulate::instructions(clocks) / f64::from(repetitions),
        ..Exact::default()
    };
    for (own, (few, many)) in exact
        .stored
        .iter_mut()
        .zip(few.stored.iter().zip(many.stored))
    {
        *own = (each(few.0, many.0), each(few.1, many.1));
    }
    exact
}

/// To the nearest; what rounding made less than nothing is nothing.
#[allow(clippy::cast_sign_loss)]
fn round(value: f64) -> u32 {
    value.round().max(0.0) as u32
}
