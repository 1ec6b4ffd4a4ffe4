//! One value of `nvm-core` that changes atomically, without a log.

use nvm_core::{DoubleBuffered, Layout, Region, persist};

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

/// Counts ten pulses of a meter. What the fields of its reading say fits together at each start.
#[derive(Debug, Clone, Copy)]
pub struct Meter;

persist! {
    /// Too wide to be stored in one piece.
    struct Reading { pulses: u32, litres: u32, highest: u32, sum: u32 }
}

impl Reading {
    /// With another pulse, the `pulses`-th one.
    const fn after_a_pulse(self) -> Self {
        let pulses = self.pulses + 1;
        let flow = pulses * 7 % 10;
        let highest = if flow > self.highest {
            flow
        } else {
            self.highest
        };
        let litres = self.litres + flow;
        Self {
            pulses,
            litres,
            highest,
            sum: Self::sum(pulses, litres, highest),
        }
    }

    const fn sum(pulses: u32, litres: u32, highest: u32) -> u32 {
        (pulses << 16 | litres) ^ (highest << 8)
    }

    const fn fits(self) -> bool {
        self.sum == Self::sum(self.pulses, self.litres, self.highest)
    }
}

struct Places {
    layout: Layout,
    reading: DoubleBuffered<Reading>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("meter", 1);
        let reading = DoubleBuffered::place(&mut layout, "reading");
        Self { layout, reading }
    }
}

static PLACES: Places = Places::new();

impl Scenario for Meter {
    const NAMES: [&'static str; 4] = ["pulses", "litres", "highest flow", "fits"];
    const EXPECTED: Results = [10, 45, 9, 1];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let Places { layout, reading } = &PLACES;
        let first = Reading {
            pulses: 0,
            litres: 0,
            highest: 0,
            sum: 0,
        };
        let _ = Region::open_or_format(&nvm, layout, || {
            Ok::<(), Failed>(reading.format(&nvm, &first)?)
        })?;
        formatted();
        let mut read = reading.load(&nvm)?;
        recovered();
        while read.fits() && read.pulses < 10 {
            read = reading.update(&nvm, Reading::after_a_pulse)?;
        }
        Ok([read.pulses, read.litres, read.highest, read.fits().into()])
    }
}
