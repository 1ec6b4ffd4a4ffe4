//! The search of an [`Explorer`]: which cut comes next, and what one cut comes to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::difference::{Images, tell_apart};
use super::explorer::{Chains, Property};
use super::{Expectation, Explorer, Failure, PowerLoss, Report, SimNvm, StoreRecord};

/// So many failures are enough: what follows is mostly the same.
const MAX_FAILURES: usize = 8;

type Program<'a, const ATOM: usize> = &'a dyn Fn(&SimNvm<ATOM>);
/// The check; is told whether the operation had made all its stores.
type Check<'a, const ATOM: usize> = &'a dyn Fn(&SimNvm<ATOM>, bool) -> Result<(), String>;

pub(super) struct Search<'a, const ATOM: usize> {
    explorer: &'a Explorer<ATOM>,
    nvm: &'a SimNvm<ATOM>,
    recover: Program<'a, ATOM>,
    check: Check<'a, ATOM>,
    property: Property,
    /// The images before the operation and after it.
    before: &'a [u8],
    finished: &'a [u8],
    report: Report,
    /// The chain of cuts that is being tried, and the store that each cut off.
    cuts: Vec<u64>,
    cut_stores: Vec<StoreRecord>,
    /// Whether the chain's first cut came after the operation's last store.
    completed: bool,
}

/// How a run of a program ended.
enum Ended {
    /// By itself.
    Whole,
    /// By the power cut.
    PowerLoss,
    /// By a panic of its own.
    Panic(String),
}

fn run(program: impl FnOnce()) -> Ended {
    let Err(payload) = catch_unwind(AssertUnwindSafe(program)) else {
        return Ended::Whole;
    };
    if payload.is::<PowerLoss>() {
        return Ended::PowerLoss;
    }
    let message = payload.downcast_ref::<String>().cloned();
    let message = message.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    Ended::Panic(message.unwrap_or_else(|| "a panic without a message".into()))
}

impl<'a, const ATOM: usize> Search<'a, ATOM> {
    pub(super) fn new(
        explorer: &'a Explorer<ATOM>,
        nvm: &'a SimNvm<ATOM>,
        recover: Program<'a, ATOM>,
        check: Check<'a, ATOM>,
        (property, before, finished): (Property, &'a [u8], &'a [u8]),
        report: Report,
    ) -> Self {
        Self {
            explorer,
            nvm,
            recover,
            check,
            property,
            before,
            finished,
            report,
            cuts: Vec::new(),
            cut_stores: Vec::new(),
            completed: false,
        }
    }

    /// Searches: `program` makes the stores `trace` from the image `start`.
    pub(super) fn run(
        mut self,
        start: &[u8],
        trace: &[StoreRecord],
        program: Program<'_, ATOM>,
    ) -> Report {
        if let Chains::Sample { chains, seed } = self.explorer.chains {
            let mut random = Random(seed);
            for _ in 0..chains {
                self.chain(start, trace, program, &mut random);
            }
        } else {
            self.level(start, trace, program);
        }
        self.report
    }

    /// Cuts `program` before each of its stores and after the last, as far as they are asked for, and
    /// goes deeper.
    fn level(&mut self, start: &[u8], trace: &[StoreRecord], program: Program<'_, ATOM>) {
        let cuts = match &self.explorer.chains {
            Chains::Only(only) => match only.get(self.cuts.len()) {
                Some(&cut) if cut <= trace.len() as u64 => cut..=cut,
                _ => return,
            },
            _ => 0..=trace.len() as u64,
        };
        for cut in cuts {
            if self.report.failures().len() >= MAX_FAILURES {
                return;
            }
            self.enter(cut, trace);
            if let Some((image, recovery)) = self.cut(start, trace, program)
                && self.cuts.len() < self.explorer.depth
            {
                let recover = self.recover;
                self.level(&image, &recovery, &|nvm| recover(nvm));
            }
            self.leave();
        }
    }

    /// Cuts `program` before one of its stores, its recovery before one, and so on.
    fn chain(
        &mut self,
        start: &[u8],
        trace: &[StoreRecord],
        program: Program<'_, ATOM>,
        random: &mut Random,
    ) {
        if self.report.failures().len() >= MAX_FAILURES {
            return;
        }
        self.enter(random.below(trace.len() as u64 + 1), trace);
        if let Some((image, recovery)) = self.cut(start, trace, program)
            && self.cuts.len() < self.explorer.depth
        {
            let recover = self.recover;
            self.chain(&image, &recovery, &|nvm| recover(nvm), random);
        }
        self.leave();
    }

    fn enter(&mut self, cut: u64, trace: &[StoreRecord]) {
        if self.cuts.is_empty() {
            self.completed = cut == trace.len() as u64;
        }
        self.cuts.push(cut);
        let store = trace.get(cut as usize).copied();
        self.cut_stores.push(store.unwrap_or(StoreRecord::NONE));
    }

    fn leave(&mut self) {
        self.cuts.pop();
        self.cut_stores.pop();
    }

    /// Runs `program` from `start` up to the last of `self.cuts`, recovers and checks. Answers the image
    /// that the cut left and the stores of its recovery; nothing where it makes no sense to go deeper.
    fn cut(
        &mut self,
        start: &[u8],
        trace: &[StoreRecord],
        program: Program<'_, ATOM>,
    ) -> Option<(Vec<u8>, Vec<StoreRecord>)> {
        let cut = self.cuts.last().copied()?;
        self.report.count_cut();
        self.nvm.set_image(start);
        self.nvm.start_trace();
        self.nvm.cut_after(cut);
        let ended = run(|| program(self.nvm));
        let made = self.nvm.take_trace();
        let expected = trace.get(..cut as usize).unwrap_or(trace);
        self.nvm.power_off();
        self.nvm.power_on();
        if let Ended::Panic(message) = ended {
            self.fail(format!("panic before the power loss: {message}"));
            return None;
        }
        let whole = matches!(ended, Ended::Whole);
        if made != expected || whole != (cut == trace.len() as u64) {
            self.fail(format!(
                "the program is not deterministic: from the same image it made other stores than in \
                 its first run, {}",
                first_difference(trace, &made)
            ));
            return None;
        }

        let image = self.nvm.image();
        self.nvm.start_trace();
        let ended = run(|| (self.recover)(self.nvm));
        let recovery = self.nvm.take_trace();
        if let Ended::Panic(message) = ended {
            self.fail(format!("panic in the recovery: {message}"));
            return None;
        }
        // The check may look, and even store, but its stores are neither cut nor told.
        let recovered = self.nvm.image();
        let mut verdict = Ok(());
        let ended = run(|| verdict = (self.check)(self.nvm, self.completed));
        if let Ended::Panic(message) = ended {
            self.fail_with(format!("panic in the check: {message}"), &recovered);
        } else if let Err(message) = verdict {
            self.fail_with(message, &recovered);
        }
        Some((image, recovery))
    }

    fn fail(&mut self, message: String) {
        let image = self.nvm.image();
        self.fail_with(message, &image);
    }

    fn fail_with(&mut self, message: String, found: &[u8]) {
        let objects = &self.explorer.objects;
        let places = self.cut_stores.iter().map(|store| {
            let entry = objects.at(store.offset).filter(|_| !store.is_none())?;
            let within = store.offset - entry.offset();
            let name = entry.name();
            Some(if within == 0 {
                format!("`{name}`")
            } else {
                format!("`{name}` + {within}")
            })
        });
        let images = Images {
            before: self.before,
            found,
            uncut: self.finished,
        };
        let differences = tell_apart(objects, &images);
        self.report.add(Failure {
            cuts: self.cuts.clone(),
            stores: self.cut_stores.clone(),
            places: places.collect(),
            message,
            expectation: match self.property {
                Property::Checked => Expectation::Unknown,
                Property::Atomic if self.completed => Expectation::After,
                Property::Atomic => Expectation::BeforeOrAfter,
            },
            objects: differences.objects,
            areas: differences.areas,
            difference: differences.bytes,
        });
    }
}

fn first_difference(expected: &[StoreRecord], made: &[StoreRecord]) -> String {
    let same = expected
        .iter()
        .zip(made)
        .take_while(|(a, b)| a == b)
        .count();
    match (expected.get(same), made.get(same)) {
        (Some(expected), Some(made)) => format!("store {same}: {expected}, then {made}"),
        (Some(_), None) => format!("{} stores, then {same}", expected.len()),
        (None, _) => format!("{} stores, then more", expected.len()),
    }
}

/// `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct Random(u64);

impl Random {
    /// A number from 0 up to `limit`, without it. `limit` is far below 2^32: the bias is negligible.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit.max(1)
    }
}
