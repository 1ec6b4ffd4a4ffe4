//! The explorer: a scenario, cut at every store, and again at every store of the recovery.

use std::fmt;

use super::search::Search;
use super::{Report, SimNvm};
use crate::{Layout, Objects, Offset, Persist};

/// Explores the power cuts of a scenario.
///
/// A scenario is four closures over the simulated memory:
/// 1. *set up* makes the state before (never cut);
/// 2. *operate* is the program under test, from its start: it opens what it needs and does its work;
/// 3. *recover* is what the next start does after a power loss. It may be the same closure;
/// 4. *check* says what is wrong with the state after the recovery, or after the uncut operation.
///
/// The operation runs once uncut, to count its stores; then, for each store, from the same set-up, with
/// the power cut before it, and is recovered and checked; and once with the power cut after the last
/// store. With [`depth`](Explorer::depth) 2 each recovery is itself cut at each of its stores and
/// recovered anew, and so on.
///
/// A program must do the same from the same image: one that stores something else in a later run is
/// reported, since its cuts would not be those that were counted.
#[derive(Debug, Clone)]
pub struct Explorer<const ATOM: usize> {
    name: String,
    size: u32,
    fill: u8,
    pub(super) depth: usize,
    pub(super) chains: Chains,
    pub(super) objects: Objects,
}

/// Which chains of cuts are tried.
#[derive(Debug, Clone)]
pub(super) enum Chains {
    /// Every one.
    All,
    /// This one and its beginnings.
    Only(Vec<u64>),
    /// As many random ones.
    Sample {
        /// How many.
        chains: u64,
        /// Of the random numbers.
        seed: u64,
    },
}

/// What an object must be after the recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// As before or as after.
    Atomic,
    /// Whatever the check says.
    Checked,
}

impl<const ATOM: usize> Explorer<ATOM> {
    /// An explorer of a scenario on a memory of `size` bytes.
    pub fn new(name: impl Into<String>, size: u32) -> Self {
        Self {
            name: name.into(),
            size,
            fill: 0xA5,
            depth: 1,
            chains: Chains::All,
            objects: Objects::new(),
        }
    }

    /// What the memory holds before the set-up. 0xA5 where you do not say: a program that counts on
    /// zeroed memory is found out.
    #[must_use]
    pub fn filled_with(mut self, byte: u8) -> Self {
        self.fill = byte;
        self
    }

    /// How many cuts follow each other: 1 (the default), 2 for cuts in the recovery, …
    #[must_use]
    pub fn depth(mut self, cuts: usize) -> Self {
        self.depth = cuts.max(1);
        self
    }

    /// Only this chain of cuts: to repeat a failure.
    #[must_use]
    pub fn only(mut self, cuts: &[u64]) -> Self {
        self.chains = Chains::Only(cuts.to_vec());
        self.depth = cuts.len().max(1);
        self
    }

    /// Not every chain of cuts but `chains` random ones of [`depth`](Explorer::depth) cuts each, always
    /// the same ones for the same seed: for scenarios with too many stores.
    #[must_use]
    pub fn sample(mut self, chains: u64, seed: u64) -> Self {
        self.chains = Chains::Sample { chains, seed };
        self
    }

    /// Lets failures tell what differs by the names of a layout. Numbers are shown as such; say
    /// [`object`](Explorer::object) for other types, else their bytes are shown.
    #[must_use]
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.objects = Objects::of(layout).and(self.objects);
        self
    }

    /// Lets failures tell how this object differs, field by field, as its `Debug` shows it. With or without a layout,
    /// whose name for it gives way.
    ///
    /// ```
    /// use nvm_core::sim::Explorer;
    /// use nvm_core::{Class, Nvm, Offset, persist};
    /// persist! {
    ///     struct Day { low: i32, high: i32 }
    /// }
    /// let day: Offset<Day> = Offset::new(0);
    /// let report = Explorer::<4>::new("a day", 16).object("day", day).explore_atomic(
    ///     |nvm| nvm.store(Class::Data, day, &Day { low: 3, high: 9 }).unwrap(),
    ///     |nvm| nvm.store(Class::Data, day, &Day { low: -1, high: 4 }).unwrap(), // two stores
    ///     |_| {},
    ///     |nvm| nvm.load(day).unwrap(),
    /// );
    /// let told = report.to_string();
    /// assert!(told.contains("`day.low`: before 3, after the cut -1, expected 3 or -1: as after"));
    /// assert!(told.contains("`day.high`: before 9, after the cut 9, expected 9 or 4: as before"));
    /// ```
    #[must_use]
    pub fn object<T: Persist + fmt::Debug>(mut self, name: &str, object: Offset<T>) -> Self {
        self.objects = self.objects.with(name, object);
        self
    }

    /// Explores.
    ///
    /// # Panics
    ///
    /// Where the uncut operation fails its check: then the scenario itself is wrong.
    pub fn explore(
        &self,
        set_up: impl Fn(&SimNvm<ATOM>),
        operate: impl Fn(&SimNvm<ATOM>),
        recover: impl Fn(&SimNvm<ATOM>),
        check: impl Fn(&SimNvm<ATOM>) -> Result<(), String>,
    ) -> Report {
        let nvm = self.set_up(set_up);
        self.search(&nvm, operate, recover, Property::Checked, |nvm, _| {
            check(nvm)
        })
    }

    /// Explores whether the operation is **atomic** and **durable**, by what `observe` sees: after every
    /// chain of cuts and the recovery, just what it saw before the operation or just what it sees after
    /// it; and only the latter where the power went after the operation's last store.
    ///
    /// ```
    /// use nvm_core::sim::Explorer;
    /// use nvm_core::{Class, Nvm};
    ///
    /// Explorer::<4>::new("a word", 16).explore_atomic(
    ///     |nvm| nvm.write_u32(Class::Data, 0, 1).unwrap(),
    ///     |nvm| nvm.write_u32(Class::Data, 0, 0x7654_3210).unwrap(),
    ///     |_| {},
    ///     |nvm| nvm.read_u32(0).unwrap(),
    /// ).assert_clean();
    /// ```
    pub fn explore_atomic<T: PartialEq + fmt::Debug>(
        &self,
        set_up: impl Fn(&SimNvm<ATOM>),
        operate: impl Fn(&SimNvm<ATOM>),
        recover: impl Fn(&SimNvm<ATOM>),
        observe: impl Fn(&SimNvm<ATOM>) -> T,
    ) -> Report {
        let nvm = self.set_up(set_up);
        let start = nvm.image();
        let before = observe(&nvm);
        nvm.set_image(&start);
        operate(&nvm);
        let after = observe(&nvm);
        nvm.set_image(&start);
        self.search(
            &nvm,
            operate,
            recover,
            Property::Atomic,
            |nvm, completed| {
                let found = observe(nvm);
                if found == after || (found == before && !completed) {
                    Ok(())
                } else if completed {
                    Err(format!(
                        "the operation had ended and is not durable: {found:?} instead of {after:?}"
                    ))
                } else {
                    Err(format!(
                        "neither before nor after: {found:?}, before {before:?}, after {after:?}"
                    ))
                }
            },
        )
    }

    fn set_up(&self, set_up: impl Fn(&SimNvm<ATOM>)) -> SimNvm<ATOM> {
        let nvm = SimNvm::<ATOM>::new(self.size);
        nvm.set_image(&vec![self.fill; self.size as usize]);
        set_up(&nvm);
        nvm
    }

    /// `check` is also told whether the operation had made all its stores.
    fn search(
        &self,
        nvm: &SimNvm<ATOM>,
        operate: impl Fn(&SimNvm<ATOM>),
        recover: impl Fn(&SimNvm<ATOM>),
        property: Property,
        check: impl Fn(&SimNvm<ATOM>, bool) -> Result<(), String>,
    ) -> Report {
        let start = nvm.image();
        nvm.start_trace();
        operate(nvm);
        let trace = nvm.take_trace();
        let finished = nvm.image();
        if let Err(message) = check(nvm, true) {
            panic!(
                "{}: the scenario fails without any power loss: {message}",
                self.name
            );
        }
        let report = Report::new(self.name.clone(), ATOM, trace.len() as u64);
        let property = (property, &*start, &*finished);
        Search::new(self, nvm, &recover, &check, property, report).run(&start, &trace, &operate)
    }
}
