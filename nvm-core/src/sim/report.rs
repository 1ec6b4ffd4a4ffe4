//! What an exploration found.

use std::fmt;

use super::StoreRecord;
use super::difference::{AreaDifference, ObjectDifference};

/// A cut, or chain of cuts, after which the check complained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Before which store the power went: of the operation, then of each recovery.
    pub cuts: Vec<u64>,
    /// The stores that were cut off; one of 0 bytes stands for a cut after the last store.
    pub stores: Vec<StoreRecord>,
    /// What each of those stores would have gone to, where that has a name.
    pub places: Vec<Option<String>>,
    /// What the check, or the panic in the recovery, said.
    pub message: String,
    /// What each object by itself was expected to be.
    pub expectation: Expectation,
    /// Named objects that the operation changes, or that are not as they should be.
    pub objects: Vec<ObjectDifference>,
    /// Named areas that differ from the uncut run's result.
    pub areas: Vec<AreaDifference>,
    /// Bytes without a name that differ from the uncut run's result: offset, expected, found. At most 32.
    pub difference: Vec<(u32, u8, u8)>,
}

/// What an object was expected to be after a cut and the recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// As before the operation or as after it.
    BeforeOrAfter,
    /// As after the operation, which had made its last store.
    After,
    /// The check knows.
    Unknown,
}

/// What an exploration found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a report that nobody looks at proves nothing"]
pub struct Report {
    name: String,
    atom: usize,
    stores: u64,
    cuts: u64,
    failures: Vec<Failure>,
}

impl Report {
    pub(super) fn new(name: String, atom: usize, stores: u64) -> Self {
        Self {
            name,
            atom,
            stores,
            cuts: 0,
            failures: Vec::new(),
        }
    }

    pub(super) fn count_cut(&mut self) {
        self.cuts += 1;
    }

    pub(super) fn add(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// Cuts explored, chained ones included.
    pub fn cuts(&self) -> u64 {
        self.cuts
    }

    /// Atomic stores of the uncut operation.
    pub fn stores(&self) -> u64 {
        self.stores
    }

    /// The first few failures.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Prints a line with the number of cuts, and each failure; panics if there is one.
    ///
    /// # Panics
    ///
    /// Where a cut failed.
    pub fn assert_clean(&self) -> &Self {
        println!("{self}");
        assert!(self.failures.is_empty(), "{self}");
        self
    }

    /// Prints a line with the first failure, and panics if **no** cut failed: for the deliberately
    /// broken variant of a protocol, which shows that the scenario can fail.
    ///
    /// # Panics
    ///
    /// Where every cut was survived.
    pub fn assert_caught(&self) -> &Self {
        let Self {
            name, atom, cuts, ..
        } = self;
        let Some(first) = self.failures.first() else {
            panic!("{name} (ATOM {atom}): {cuts} cuts did not catch the broken variant");
        };
        println!(
            "{name} (ATOM {atom}): the broken variant is caught by cut {:?}: {}",
            first.cuts, first.message
        );
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (ATOM {}): {} stores, {} cut points explored, {} failed",
            self.name,
            self.atom,
            self.stores,
            self.cuts,
            self.failures.len()
        )?;
        for failure in &self.failures {
            failure.write(f, self.stores)?;
            write!(
                f,
                "\n    repeat with: Explorer::<{}>::new(…).only(&{:?})",
                self.atom, failure.cuts
            )?;
        }
        Ok(())
    }
}

impl Failure {
    /// `stores` are those of the uncut operation.
    fn write(&self, f: &mut fmt::Formatter<'_>, stores: u64) -> fmt::Result {
        write!(f, "\n  ")?;
        let places = self.places.iter().map(Option::as_deref);
        let places = places.chain(std::iter::repeat(None));
        for (number, ((cut, store), place)) in
            self.cuts.iter().zip(&self.stores).zip(places).enumerate()
        {
            let again = if number > 0 { " again" } else { "" };
            if store.is_none() {
                write!(f, "cut{again} after the last store, ")?;
                continue;
            }
            match number {
                0 => write!(f, "cut after {cut} of {stores} stores, before {store}")?,
                _ => write!(f, "cut again after {cut} stores, before {store}")?,
            }
            if let Some(place) = place {
                write!(f, ", {place}")?;
            }
            write!(f, "; ")?;
        }
        write!(f, "then: {}", self.message)?;
        for object in &self.objects {
            object.write(f, self.expectation)?;
        }
        for area in &self.areas {
            write!(f, "\n    {area}")?;
        }
        for (offset, expected, found) in &self.difference {
            write!(f, "\n    {offset:#06x}: {expected:#04x} -> {found:#04x}")?;
        }
        Ok(())
    }
}
