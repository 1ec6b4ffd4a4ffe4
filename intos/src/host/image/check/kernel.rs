//! The tick, and who runs.

use intos_sched::inspect::NOBODY_RUNS;
use nvm_core::Nvm as _;

use super::finding::Checker;
use super::invariant::Invariant::{RunningTask, Tick};
use crate::host::image::view::View;

/// Steps of the tick are at most 2^30 long, and a number that is torn lies up to 2^24 below what stood there.
const FARTHEST: u32 = (1 << 30) + (1 << 24);

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    let at = view.program.scheduler.tick_at();
    if let (Ok(even), Ok(odd)) = (view.nvm.read_u32(at), view.nvm.read_u32(at + 4)) {
        let subject = "tick";
        let number = |number: u32| move || number.to_string();
        let (is_even, is_odd) = (even.is_multiple_of(2), !odd.is_multiple_of(2));
        let expected = || "an even number".to_owned();
        checker.that(is_even, Tick, subject, at, expected, number(even));
        let expected = || "an odd number".to_owned();
        checker.that(is_odd, Tick, subject, at + 4, expected, number(odd));
        let distance = even.wrapping_sub(odd).min(odd.wrapping_sub(even));
        checker.that(
            distance <= FARTHEST,
            Tick,
            subject,
            at,
            || format!("two ticks that are at most {FARTHEST} apart"),
            || format!("{even} and {odd}"),
        );
    }
    let at = view.program.scheduler.current_at();
    if let Ok(current) = view.nvm.read_u8(at) {
        checker.that(
            current == NOBODY_RUNS || usize::from(current) < view.tasks.len(),
            RunningTask,
            "running task",
            at,
            || {
                format!(
                    "a task below {}, or {NOBODY_RUNS} for none",
                    view.tasks.len()
                )
            },
            || format!("task {current}"),
        );
    }
}
