//! Many independent pieces of work on all processors, with a progress bar.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// A bar for so many pieces of work.
pub(crate) fn progress_bar(pieces: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(pieces);
    let template = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Runs `work` for each number below `pieces`, on so many threads (all processors where `jobs` is `None`), and gives
/// what it answers to `done`, in the order in which it is done. `done` answers whether to go on.
pub(crate) fn for_each<R: Send>(
    pieces: u64,
    jobs: Option<NonZeroUsize>,
    work: impl Fn(u64) -> R + Sync,
    done: impl FnMut(u64, R) -> bool + Send,
) {
    let jobs = jobs
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let done = Mutex::new(done);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) && !output::is_closed() {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces {
                        break;
                    }
                    let result = work(piece);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    if !done(piece, result) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// The results of `work` for each number below `pieces`, on all processors, in the order of the numbers.
pub(crate) fn map<R: Send>(
    pieces: u64,
    work: impl Fn(u64) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let mut results: Vec<Option<R>> = (0..pieces).map(|_| None).collect();
    let mut broken = None;
    for_each(pieces, None, work, |number, result| match result {
        Ok(result) => {
            if let Some(place) = results.get_mut(number as usize) {
                *place = Some(result);
            }
            true
        }
        Err(error) => {
            broken = Some(error);
            false
        }
    });
    match broken {
        Some(error) => Err(error),
        None => Ok(results.into_iter().flatten().collect()),
    }
}
