//! What another crate owns of an image.

use serde_json::{Value, json};

use super::bytes::Memory;
use super::check::Checker;
use super::tree::Tree;
use crate::{Area, Objects};

/// Something in an image that a crate above this one owns: a log, a heap, lists, replay tables.
///
/// A check first [verifies](Part::verify_logs) what the recovery relies on, in the image as it is; then, where anything is
/// [in flight](Part::in_flight), [recovers](Part::recover) all parts of a copy, in the order in which they were described;
/// and then verifies [everything else](Part::verify).
pub trait Part {
    /// What it is.
    fn kind(&self) -> &'static str;

    /// Where it lies.
    fn area(&self) -> Area;

    /// What is in it; `objects` are the names of the program's objects.
    fn facts(&self, nvm: &Memory, objects: &Objects) -> Vec<Fact>;

    /// What a power loss interrupted.
    fn in_flight(&self, nvm: &Memory) -> Vec<InFlight>;

    /// Verifies what the recovery relies on, in the image as it is. `subject` is what messages call the part.
    fn verify_logs(&self, nvm: &Memory, subject: &str, checker: &mut Checker);

    /// Recovers it as the next start does.
    ///
    /// # Errors
    ///
    /// What the start would end with.
    fn recover(&self, nvm: &Memory) -> Result<(), String>;

    /// Verifies what holds while nothing is in flight.
    fn verify(&self, nvm: &Memory, subject: &str, checker: &mut Checker);
}

/// Something that a power loss interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// What was under way.
    pub what: String,
    /// What the next start does about it.
    pub recovery: String,
}

impl InFlight {
    /// Something that a power loss interrupted.
    pub fn new(what: impl Into<String>, recovery: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            recovery: recovery.into(),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "what": self.what, "recovery": self.recovery })
    }
}

/// Something that is told of an image, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    name: String,
    value: String,
    offset: Option<u32>,
    facts: Vec<Self>,
}

impl Fact {
    /// A fact with its name.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            offset: None,
            facts: Vec::new(),
        }
    }

    /// The same with its place.
    #[must_use]
    pub const fn at(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The same with facts that belong to it.
    #[must_use]
    pub fn with(mut self, facts: impl IntoIterator<Item = Self>) -> Self {
        self.facts.extend(facts);
        self
    }

    pub(super) fn tree(&self) -> Tree {
        let Self { name, value, .. } = self;
        let text = if value.is_empty() {
            name.clone()
        } else {
            format!("{name}: {value}")
        };
        Tree::new(text).with_all(self.facts.iter().map(Self::tree))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "offset": self.offset,
            "facts": self.facts.iter().map(Self::json).collect::<Vec<_>>(),
        })
    }
}
