//! What must be the same with and without power losses: every persistent result.

use nvm_core::{Error, Nvm};

use super::Weather;
use super::data::{BINS, DAYS, Day, Frosts, WEEKS, Week};

/// All results of the weather logger.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Readings taken.
    pub taken: u32,
    /// Days.
    pub days: [Day; DAYS],
    /// Readings in each bin.
    pub histogram: [u32; BINS],
    /// Frosts.
    pub alarm: Frosts,
    /// Weeks.
    pub weeks: [Week; WEEKS],
    /// Weeks reported.
    pub reported: u32,
}

impl Results {
    /// Loads them.
    pub fn load<N: Nvm>(nvm: &N, app: &Weather) -> Result<Self, Error> {
        Ok(Self {
            taken: nvm.load(app.taken)?,
            days: nvm.load(app.days)?,
            histogram: nvm.load(app.histogram)?,
            alarm: nvm.load(app.alarm)?,
            weeks: nvm.load(app.weeks)?,
            reported: nvm.load(app.reported)?,
        })
    }

    /// The first result that differs from `other`'s, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let pairs = |name, a: &[Day], b: &[Day]| {
            (0..).zip(a.iter().zip(b)).find_map(|(index, (a, b))| {
                (a != b).then(|| format!("{name} {index}: {a:?}, without power loss {b:?}"))
            })
        };
        if self.taken != other.taken {
            return Some(format!("readings: {} and {}", self.taken, other.taken));
        }
        pairs("day", &self.days, &other.days)
            .or_else(|| {
                (self.histogram != other.histogram)
                    .then(|| format!("histogram: {:?} and {:?}", self.histogram, other.histogram))
            })
            .or_else(|| {
                (self.alarm != other.alarm)
                    .then(|| format!("frosts: {:?} and {:?}", self.alarm, other.alarm))
            })
            .or_else(|| {
                (self != other).then(|| {
                    format!(
                        "weeks: {:?} ({}) and {:?} ({})",
                        self.weeks, self.reported, other.weeks, other.reported
                    )
                })
            })
    }
}
