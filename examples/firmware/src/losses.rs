//! When the power goes: as `cargo xtask` asks for it. This passes on how far the program has come to who must know.

use core::fmt;
use core::ops::Range;

use example_programs::{Milestone, Results};
use intos::{Event, RecoveryStep, TransactionEvent};

use crate::control::{self, Asked, HAS_ENDED, STARTS};
use crate::{intervals, power, sweep};

/// The program starts. `bytes` of NVM are its own; a sweep is about what comes behind and until so many transactions, or
/// about all of it.
pub(crate) fn begin(bytes: u32, iteration: Option<&Range<u32>>) {
    match control::asked() {
        Asked::Sweep => sweep::begin(bytes, iteration),
        Asked::Intervals => intervals::begin(),
        Asked::Run | Asked::Costs => {
            control::set(HAS_ENDED, 0);
            control::increase(STARTS);
        }
    }
}

/// The kernel has come so far.
pub(crate) fn observe(event: Event) {
    match event {
        Event::Recovered(RecoveryStep::Header) => reached(Milestone::Formatted),
        // A task is about to take its first step.
        Event::Started { .. } => reached(Milestone::Recovered),
        Event::Transaction {
            what: TransactionEvent::Commits,
            ..
        } => match control::asked() {
            Asked::Sweep => critical_section::with(|_| sweep::committed()),
            Asked::Intervals => intervals::committed(),
            Asked::Run | Asked::Costs => {}
        },
        Event::PowerOn if control::asked() == Asked::Intervals => intervals::started(),
        _ => {}
    }
}

/// The program has come so far.
pub(crate) fn reached(milestone: Milestone) {
    if control::asked() == Asked::Sweep {
        match milestone {
            Milestone::Formatted => sweep::formatted(),
            Milestone::Recovered => sweep::recovered(),
        }
    }
}

/// Sleeps.
pub(crate) fn asleep(sleep: impl FnOnce()) {
    match control::asked() {
        Asked::Sweep => power::asleep(sleep),
        Asked::Run | Asked::Intervals | Asked::Costs => sleep(),
    }
}

/// The program has come to its end, from which a sweep goes on.
pub(crate) fn ended(results: Results, expected: Results) {
    match control::asked() {
        Asked::Sweep => sweep::ended(results, expected),
        Asked::Intervals => power::stop(),
        Asked::Run | Asked::Costs => control::set(HAS_ENDED, 1),
    }
}

/// The program cannot go on; a sweep does.
pub(crate) fn failed(reason: fmt::Arguments<'_>) {
    match control::asked() {
        Asked::Sweep => sweep::fail_run(reason),
        Asked::Intervals => power::stop(),
        Asked::Run | Asked::Costs => control::set(HAS_ENDED, 1),
    }
}

/// The power goes before the instruction at an address.
pub(crate) fn note_cut(before: u32) {
    match control::asked() {
        Asked::Sweep => sweep::note_cut(before),
        Asked::Intervals => intervals::note_cut(),
        Asked::Run | Asked::Costs => {}
    }
}
