//! What a check finds, and how it is counted.

use std::fmt;

use serde::Serialize;

use super::invariant::Invariant;
use crate::host::image::text::hex;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which one.
    pub invariant: Invariant,
    /// Of what.
    pub subject: String,
    /// Where: the first byte that is wrong.
    pub offset: u32,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What to do.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, at {}:", self.subject, hex(self.offset))?;
        writeln!(f, "  expected: {}", self.expected)?;
        write!(f, "  found:    {}", self.found)
    }
}

/// Verifies invariants, and keeps those that do not hold.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) verified: u32,
    pub(super) findings: Vec<Finding>,
}

impl Checker {
    /// Verifies one. `expected` and `found` are asked only where it does not hold.
    pub(super) fn that(
        &mut self,
        holds: bool,
        invariant: Invariant,
        subject: &str,
        offset: u32,
        expected: impl FnOnce() -> String,
        found: impl FnOnce() -> String,
    ) -> bool {
        self.verified += 1;
        if !holds {
            self.findings.push(Finding {
                invariant,
                subject: subject.to_owned(),
                offset,
                expected: expected(),
                found: found(),
                advice: invariant.advice(),
            });
        }
        holds
    }
}
