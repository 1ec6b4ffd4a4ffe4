//! Verifies each invariant of an image that a program without damage keeps.
//!
//! An image as a power loss left it is sound where the recovery can handle it. So the check first verifies what the
//! recovery relies on (header, logs); recovers a *copy*, with the crates' own recoveries; and verifies everything else in
//! that.

use std::fmt;

use serde_json::{Value, json};

use super::bytes::{Image, Memory};
use super::description::Description;
use super::header::{verify_header, verify_program};
use super::inspection::{in_flight, is_unformatted};
use super::part::InFlight;
use super::{SHAPE, hex};

/// What was verified, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything, in the image as it is: nothing is under way.
    AsItIs,
    /// Everything, in a copy that was recovered in memory, as the next start does.
    AsRecovered,
    /// The header: there is nothing else, since the next start formats the region.
    Unformatted,
    /// The header: the rest cannot be read without a header or a layout.
    HeaderOnly,
}

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which one.
    pub invariant: &'static str,
    /// Of what.
    pub subject: String,
    /// Where: the first byte that is wrong.
    pub offset: u32,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// Verifies invariants, and keeps those that do not hold.
#[derive(Debug, Default)]
pub struct Checker {
    /// How many were verified.
    pub verified: u32,
    /// Those that do not hold.
    pub findings: Vec<Finding>,
}

impl Checker {
    /// Verifies one, and answers whether it holds. `expected` and `found` are asked only where it does not.
    pub fn that(
        &mut self,
        holds: bool,
        invariant: &'static str,
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
            });
        }
        holds
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Whether every invariant holds.
    pub sound: bool,
    /// The program by whose layout it was checked.
    pub program: Option<String>,
    /// What was looked at.
    pub checked: Scope,
    /// What a power loss interrupted.
    pub in_flight: Vec<InFlight>,
    /// How many invariants were verified: one counts for each thing that it is about.
    pub verified: u32,
    /// Those that do not hold.
    pub findings: Vec<Finding>,
}

/// Verifies an image: without a program its header only.
pub fn check(image: &Image, program: Option<&Description>) -> Check {
    let mut checker = Checker::default();
    if !image.is_blank() {
        verify_header(&mut checker, image);
    }
    let mut under_way = Vec::new();
    let scope = if is_unformatted(image) && checker.findings.is_empty() {
        Scope::Unformatted
    } else {
        match program {
            Some(program) => contents(&mut checker, image, program, &mut under_way),
            None => Scope::HeaderOnly,
        }
    };
    Check {
        sound: checker.findings.is_empty(),
        program: program.map(|program| program.name.clone()),
        checked: scope,
        in_flight: under_way,
        verified: checker.verified,
        findings: checker.findings,
    }
}

fn contents(
    checker: &mut Checker,
    image: &Image,
    program: &Description,
    under_way: &mut Vec<InFlight>,
) -> Scope {
    let whose = (
        program.name.as_str(),
        program.fingerprint(),
        program.bytes(),
    );
    if !verify_program(checker, image, whose) {
        return Scope::HeaderOnly;
    }
    let memory = image.memory();
    for (name, part) in &program.parts {
        let subject = format!("{} {name}", part.kind());
        part.verify_logs(memory, &subject, checker);
    }
    *under_way = in_flight(memory, program);
    if under_way.is_empty() {
        at_rest(checker, memory, program);
        return Scope::AsItIs;
    }
    let copy = image.copy();
    let recovered = program.recover(&copy);
    // One that fails for what was found already is no finding of its own.
    let holds = recovered.is_ok() || !checker.findings.is_empty();
    checker.that(
        holds,
        "recovery",
        "recovery at the next start",
        0,
        || "a recovery that comes to its end".to_owned(),
        || recovered.err().unwrap_or_default(),
    );
    at_rest(checker, &copy, program);
    Scope::AsRecovered
}

/// What holds while nothing is under way.
fn at_rest(checker: &mut Checker, memory: &Memory, program: &Description) {
    for (name, part) in &program.parts {
        part.verify(memory, &format!("{} {name}", part.kind()), checker);
    }
    if !checker.findings.is_empty() {
        return;
    }
    for (name, verify) in &program.invariants {
        let verdict = verify(memory);
        checker.that(
            verdict.is_ok(),
            "program",
            name,
            0,
            || "what the program itself verifies".to_owned(),
            || verdict.map_or_else(|error| error.to_string(), |()| String::new()),
        );
    }
}

impl Finding {
    /// What to do.
    pub fn advice(&self) -> &'static str {
        match self.invariant {
            "header" => {
                "The program will not start from this image. Restore a copy of it, start the program that wrote it, \
                 or let the program format the memory, which loses what is in it."
            }
            "size" => {
                "The image was truncated or extended: take it out of the memory again, whole."
            }
            _ => {
                "The image is damaged: restore a copy, or let the program format the memory. If the memory is known \
                 to be good, a program did this: one that stores past its transactions, say."
            }
        }
    }

    fn json(&self) -> Value {
        json!({
            "invariant": self.invariant,
            "subject": self.subject,
            "offset": self.offset,
            "expected": self.expected,
            "found": self.found,
            "advice": self.advice(),
        })
    }
}

impl Check {
    /// All of it, for programs.
    pub fn json(&self) -> Value {
        json!({
            "shape": SHAPE,
            "sound": self.sound,
            "program": self.program,
            "checked": match self.checked {
                Scope::AsItIs => "as-it-is",
                Scope::AsRecovered => "as-recovered",
                Scope::Unformatted => "unformatted",
                Scope::HeaderOnly => "header-only",
            },
            "in_flight": self.in_flight.iter().map(InFlight::json).collect::<Vec<_>>(),
            "verified": self.verified,
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(program) = &self.program {
            writeln!(f, "program: {program}")?;
        }
        let scope = match self.checked {
            Scope::AsItIs => "the image as it is: nothing is under way",
            Scope::AsRecovered => {
                "the logs as they are; the rest in a copy that was recovered in memory, as the next start does"
            }
            Scope::Unformatted => "the header: the next start formats the region",
            Scope::HeaderOnly => "the header alone",
        };
        writeln!(f, "checked: {scope}")?;
        for in_flight in &self.in_flight {
            writeln!(f, "under way: {}; {}", in_flight.what, in_flight.recovery)?;
        }
        let mut advised: Vec<&str> = Vec::new();
        for finding in &self.findings {
            let Finding {
                invariant,
                subject,
                offset,
                expected,
                found,
            } = finding;
            writeln!(f, "\nbroken [{invariant}]: {subject}, at {}:", hex(*offset))?;
            writeln!(f, "  expected: {expected}")?;
            writeln!(f, "  found:    {found}")?;
            if !advised.contains(&finding.advice()) {
                advised.push(finding.advice());
            }
        }
        for advice in advised {
            writeln!(f, "\nwhat to do: {advice}")?;
        }
        if self.sound {
            write!(f, "sound: {} invariants hold", self.verified)
        } else {
            let (broken, all) = (self.findings.len(), self.verified);
            write!(f, "\nbroken: {broken} of {all} invariants do not hold")
        }
    }
}
