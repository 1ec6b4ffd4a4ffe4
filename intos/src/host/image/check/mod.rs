//! Verifies each invariant of an image that a program without damage keeps.
//!
//! An image as a power loss left it is sound where the recovery can handle it. So the check first says what is under
//! way; verifies what the recovery relies on (header, logs, control blocks); recovers a *copy*, with the kernel's own
//! recovery; and verifies everything else in that.

mod finding;
mod header;
mod heaps;
mod invariant;
mod kernel;
mod lists;
mod logs;
mod mutexes;
mod objects;
mod tasks;
mod threads;

use std::fmt;

use nvm_core::Phase;
use serde::Serialize;

use self::finding::Checker;
pub use self::finding::Finding;
pub use self::invariant::Invariant;
use super::SHAPE;
use super::in_flight::{self, InFlight};
use super::program::ProgramLayout;
use super::recovery::recover;
use super::view::View;
use nvm_core::image::Image;

/// What was verified, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
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

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The version of this form.
    pub shape: u32,
    /// Whether every invariant holds.
    pub sound: bool,
    /// The program by whose layout it was checked.
    pub program: Option<String>,
    /// What was looked at.
    pub checked: Scope,
    /// What a power loss interrupted.
    pub in_flight: Vec<InFlight>,
    /// How many invariants were verified: one counts for each object that it is about.
    pub verified: u32,
    /// Those that do not hold.
    pub findings: Vec<Finding>,
}

/// Verifies an image: without a program its header only.
pub fn check(image: &Image, program: Option<&ProgramLayout>) -> Check {
    let mut checker = Checker::default();
    let blank = image.is_blank();
    if !blank {
        header::check(&mut checker, image);
    }
    let mut in_flight = Vec::new();
    let scope =
        if blank || (image.header().phase == Phase::Formatting && checker.findings.is_empty()) {
            Scope::Unformatted
        } else if let Some(program) = program {
            if header::check_program(&mut checker, image, program) {
                check_contents(&mut checker, image, program, &mut in_flight)
            } else {
                Scope::HeaderOnly
            }
        } else {
            Scope::HeaderOnly
        };
    Check {
        shape: SHAPE,
        sound: checker.findings.is_empty(),
        program: program.map(|program| program.name().to_owned()),
        checked: scope,
        in_flight,
        verified: checker.verified,
        findings: checker.findings,
    }
}

fn check_contents(
    checker: &mut Checker,
    image: &Image,
    program: &ProgramLayout,
    in_flight: &mut Vec<InFlight>,
) -> Scope {
    let Some(view) = checked_view(checker, image.memory(), program) else {
        return Scope::HeaderOnly;
    };
    *in_flight = in_flight::all(image, &view);
    logs::check(checker, &view);
    kernel::check(checker, &view);
    tasks::check_blocks(checker, &view);
    for slot in view.in_use() {
        logs::check_thread(checker, &view, slot);
        threads::check(checker, slot);
    }
    if in_flight.is_empty() {
        check_at_rest(checker, &view);
        return Scope::AsItIs;
    }
    let copy = image.copy();
    let recovered = recover(&copy, program);
    let is_known = !checker.findings.is_empty();
    let offset = recovered
        .as_ref()
        .err()
        .map_or(0, |error| offset_of(*error));
    let holds = recovered.is_ok() || is_known;
    let expected = || "a recovery that comes to its end".to_owned();
    let found = || recovered.map_or_else(|error| error.to_string(), |()| String::new());
    checker.that(
        holds,
        Invariant::Recovery,
        "recovery at the next start",
        offset,
        expected,
        found,
    );
    if let Some(recovered) = checked_view(checker, &copy, program) {
        // Those that the recovery has brought to life.
        for slot in recovered.in_use() {
            if view
                .slot(slot.task)
                .is_some_and(|before| !view.is_in_use(before))
            {
                logs::check_thread(checker, &recovered, slot);
                threads::check(checker, slot);
            }
        }
        check_at_rest(checker, &recovered);
    }
    Scope::AsRecovered
}

fn checked_view<'a>(
    checker: &mut Checker,
    memory: &'a nvm_core::image::Memory,
    program: &'a ProgramLayout,
) -> Option<View<'a>> {
    match View::of(memory, program) {
        Ok(view) => Some(view),
        Err(error) => {
            let expected = || "a layout that can be read".to_owned();
            checker.that(false, Invariant::Size, "layout", 0, expected, || {
                error.to_string()
            });
            None
        }
    }
}

/// What holds while nothing is under way.
fn check_at_rest(checker: &mut Checker, view: &View<'_>) {
    lists::check(checker, view);
    tasks::check(checker, view);
    mutexes::check(checker, view);
    objects::check(checker, view);
    heaps::check(checker, view);
}

/// Where an error was noticed, if it says so.
fn offset_of(error: intos_sched::Error) -> u32 {
    use intos_sched::ErrorKind;
    use nvm_list::ListErrorKind as List;
    match error.kind() {
        ErrorKind::Damaged { offset }
        | ErrorKind::List(
            List::BrokenLink { at: offset }
            | List::CorruptLog { at: offset }
            | List::WrongOwner { node: offset }
            | List::TooLong { list: offset }
            | List::NotAList { list: offset }
            | List::NotANode { node: offset }
            | List::Unsorted { node: offset },
        ) => offset,
        _ => 0,
    }
}

impl Check {
    /// What was looked at, in words.
    const fn scope(&self) -> &'static str {
        match self.checked {
            Scope::AsItIs => "the image as it is: nothing is under way",
            Scope::AsRecovered => {
                "the logs as they are; the rest in a copy that was recovered in memory, as the next start does"
            }
            Scope::Unformatted => "the header: the next start formats the region",
            Scope::HeaderOnly => "the header alone",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(program) = &self.program {
            writeln!(f, "program: {program}")?;
        }
        writeln!(f, "checked: {}", self.scope())?;
        for in_flight in &self.in_flight {
            writeln!(f, "under way: {}; {}", in_flight.what, in_flight.recovery)?;
        }
        for finding in &self.findings {
            let name = serde_json::to_value(finding.invariant).unwrap_or_default();
            writeln!(
                f,
                "\nbroken [{}]: {finding}",
                name.as_str().unwrap_or_default()
            )?;
        }
        let mut advised: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if !advised.contains(&finding.advice) {
                advised.push(finding.advice);
                writeln!(f, "\nwhat to do: {}", finding.advice)?;
            }
        }
        if self.sound {
            write!(f, "sound: {} invariants hold", self.verified)
        } else {
            write!(
                f,
                "\nbroken: {} of {} invariants do not hold",
                self.findings.len(),
                self.verified
            )
        }
    }
}
