//! The explorer: a scenario, cut at every store, and again at every store of the recovery.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{SimNvm, StoreRecord, until_power_loss};

/// Explores the power cuts of a scenario.
///
/// A scenario is four closures over the simulated memory:
/// 1. *set up* makes the state before (never cut);
/// 2. *operate* is the program under test, from its start: it opens what it needs and does its work;
/// 3. *recover* is what the next start does after a power loss. It may be the same closure;
/// 4. *check* says what is wrong with the state after the recovery, or after the uncut operation.
///
/// The operation runs once uncut, to count its stores; then, for each store, from the same set-up, with
/// the power cut before it, and is recovered and checked. With [`depth`](Explorer::depth) 2 each
/// recovery is itself cut at each of its stores and recovered anew, and so on.
#[derive(Debug, Clone)]
pub struct Explorer<const ATOM: usize> {
    name: String,
    size: u32,
    fill: u8,
    depth: usize,
    only: Option<Vec<u64>>,
    max_failures: usize,
}

/// A cut, or chain of cuts, after which the check complained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Before which store the power went: of the operation, then of each recovery.
    pub cuts: Vec<u64>,
    /// The stores that were cut off.
    pub stores: Vec<StoreRecord>,
    /// What the check, or the panic in the recovery, said.
    pub message: String,
    /// Bytes that differ from the uncut run's result: offset, expected, found. At most 32.
    pub difference: Vec<(u32, u8, u8)>,
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

impl<const ATOM: usize> Explorer<ATOM> {
    /// An explorer of a scenario on a memory of `size` bytes.
    pub fn new(name: impl Into<String>, size: u32) -> Self {
        Self {
            name: name.into(),
            size,
            fill: 0xA5,
            depth: 1,
            only: None,
            max_failures: 8,
        }
    }

    /// What the memory holds before the set-up. 0xA5 where you do not say: a program that counts on
    /// zeroed memory is found out.
    pub fn filled_with(mut self, byte: u8) -> Self {
        self.fill = byte;
        self
    }

    /// How many cuts follow each other: 1 (the default), 2 for cuts in the recovery, …
    pub fn depth(mut self, cuts: usize) -> Self {
        self.depth = cuts.max(1);
        self
    }

    /// Only this chain of cuts: to repeat a failure.
    pub fn only(mut self, cuts: &[u64]) -> Self {
        self.only = Some(cuts.to_vec());
        self.depth = cuts.len().max(1);
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
        let nvm = SimNvm::<ATOM>::new(self.size);
        nvm.set_image(&vec![self.fill; self.size as usize]);
        set_up(&nvm);
        let start = nvm.image();

        nvm.start_trace();
        operate(&nvm);
        let trace = nvm.take_trace();
        let finished = nvm.image();
        if let Err(message) = check(&nvm) {
            panic!(
                "{}: the scenario fails without any power loss: {message}",
                self.name
            );
        }

        let mut search = Search {
            explorer: self,
            nvm: &nvm,
            recover: &recover,
            check: &check,
            finished: &finished,
            report: Report {
                name: self.name.clone(),
                atom: ATOM,
                stores: trace.len() as u64,
                cuts: 0,
                failures: Vec::new(),
            },
        };
        search.level(&start, &trace, &operate, &mut Vec::new(), &mut Vec::new());
        search.report
    }
}

struct Search<'a, const ATOM: usize, R, C> {
    explorer: &'a Explorer<ATOM>,
    nvm: &'a SimNvm<ATOM>,
    recover: &'a R,
    check: &'a C,
    finished: &'a [u8],
    report: Report,
}

impl<const ATOM: usize, R, C> Search<'_, ATOM, R, C>
where
    R: Fn(&SimNvm<ATOM>),
    C: Fn(&SimNvm<ATOM>) -> Result<(), String>,
{
    /// Cuts `program`, which starts from `start` and makes the stores `trace`, before each of them.
    fn level(
        &mut self,
        start: &[u8],
        trace: &[StoreRecord],
        program: &dyn Fn(&SimNvm<ATOM>),
        cuts: &mut Vec<u64>,
        cut_stores: &mut Vec<StoreRecord>,
    ) {
        for (cut, store) in trace.iter().enumerate() {
            let cut = cut as u64;
            if let Some(only) = &self.explorer.only
                && only.get(cuts.len()) != Some(&cut)
            {
                continue;
            }
            if self.report.failures.len() >= self.explorer.max_failures {
                return;
            }
            cuts.push(cut);
            cut_stores.push(*store);
            self.one(start, program, cuts, cut_stores);
            cuts.pop();
            cut_stores.pop();
        }
    }

    /// One cut: the last of `cuts`, in `program` from `start`; then recovers, checks, and goes deeper.
    fn one(
        &mut self,
        start: &[u8],
        program: &dyn Fn(&SimNvm<ATOM>),
        cuts: &mut Vec<u64>,
        cut_stores: &mut Vec<StoreRecord>,
    ) {
        let Some(cut) = cuts.last().copied() else {
            return;
        };
        self.nvm.set_image(start);
        self.nvm.power_on();
        self.nvm.cut_after(cut);
        let ended = until_power_loss(|| program(self.nvm));
        self.nvm.cut_never();
        self.nvm.power_on();
        self.report.cuts += 1;
        if ended.is_ok() {
            self.fail(
                cuts,
                cut_stores,
                "the program made fewer stores than in its first run: it is not deterministic"
                    .into(),
            );
            return;
        }
        let after_cut = self.nvm.image();
        self.nvm.start_trace();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            (self.recover)(self.nvm);
            // The check may look, and even store, but its stores are not cut.
            let trace = self.nvm.take_trace();
            ((self.check)(self.nvm), trace)
        }));
        let trace = match outcome {
            Ok((Ok(()), trace)) => trace,
            Ok((Err(message), trace)) => {
                self.fail(cuts, cut_stores, message);
                trace
            }
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
                    .unwrap_or_else(|| "unknown".into());
                self.fail(
                    cuts,
                    cut_stores,
                    format!("panic after the power loss: {text}"),
                );
                return;
            }
        };
        if cuts.len() < self.explorer.depth {
            let recover = self.recover;
            self.level(&after_cut, &trace, &|nvm| recover(nvm), cuts, cut_stores);
        }
    }

    fn fail(&mut self, cuts: &[u64], stores: &[StoreRecord], message: String) {
        let difference = self
            .nvm
            .image()
            .iter()
            .zip(self.finished)
            .enumerate()
            .filter(|(_, (found, expected))| found != expected)
            .map(|(offset, (found, expected))| (offset as u32, *expected, *found))
            .take(32)
            .collect();
        self.report.failures.push(Failure {
            cuts: cuts.to_vec(),
            stores: stores.to_vec(),
            message,
            difference,
        });
    }
}

impl Report {
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

    /// Prints a line with the number of cuts, and panics if **no** cut failed: for the deliberately
    /// broken variant of a protocol, which shows that the scenario can fail.
    ///
    /// # Panics
    ///
    /// Where every cut was survived.
    pub fn assert_caught(&self) -> &Self {
        println!("{}: broken variant", self.name);
        assert!(
            !self.failures.is_empty(),
            "{}: {} cuts did not catch the broken variant",
            self.name,
            self.cuts
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
            write!(f, "\n  ")?;
            for (cut, store) in failure.cuts.iter().zip(&failure.stores) {
                write!(f, "cut before store {cut} ({store}), ")?;
            }
            write!(f, "then: {}", failure.message)?;
            for (offset, expected, found) in &failure.difference {
                write!(f, "\n    {offset:#06x}: {expected:#04x} -> {found:#04x}")?;
            }
            write!(
                f,
                "\n    repeat with: Explorer::<{}>::new(…).only(&{:?})",
                self.atom, failure.cuts
            )?;
        }
        Ok(())
    }
}
