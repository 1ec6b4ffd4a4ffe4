//! A sweep of power cuts: one run after the other, each cut where a list says, then finished and compared.
//!
//! What the sweep must remember is kept behind the kernel's NVM, in words of which `cargo xtask firmware sweep` writes
//! some before the first reset:
//!
//! | word | what | written by |
//! | --- | --- | --- |
//! | 0 | `SWEP` | xtask |
//! | 1 | how many runs there are | xtask |
//! | 2 | 1: the first boot's formatting is cut; 0: all that follows it | xtask |
//! | 3 | [`Phase`] | firmware |
//! | 4 | which run is on | firmware |
//! | 5 | how often it was cut | firmware |
//! | 6 | instructions in the window, in the run without cuts | firmware |
//! | 7 | the most instructions from a start to a task's first step in it, its recovery included | firmware |
//! | 8 | the runs that ended before their second cut | firmware |
//! | 9 | bytes of NVM that the program needs | firmware |
//! | 10..14 | the results of the run without cuts | firmware |
//! | 14 | 1: a run from the NVM that a cut left, of which a copy is kept, has ended well | firmware |
//! | 15 | the runs that were not finished, since their cut left the same NVM | firmware |
//! | 16.. | two for each run: before which instruction of the window the power is cut, and before which from the next start on, or 0 | xtask |
//!
//! What is cut is all that follows the formatting, or of an application one iteration: what comes between the commits of
//! two transactions, which are counted from the start on.
//!
//! | phase | NVM | power | at the end |
//! | --- | --- | --- | --- |
//! | `Measure` | blank | not cut | remember results and length; then `Cut` |
//! | `Cut` | blank, or as formatted | cut within the window | that is a failure |
//! | `Finish` | as it was left | cut once more, where the list says so | compare; the next run |
//!
//! Nothing outlives a cut but the NVM: SRAM holds junk, the processor and its timer are reset. So a run of one cut that
//! leaves the NVM as the last finished one left it would go on like that, and is finished only each now and then, to see
//! that it does.

use core::fmt;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use example_programs::{RESULTS, Results};
use semihosting::process::exit;

use crate::console::print;
use crate::control;
use crate::loss::lose_power;
use crate::power;

/// Progress is told each time after so many runs: short ones, and those of applications.
const TELL_EACH: u32 = 50;
const TELL_EACH_LONG: u32 = 2;
/// One in so many runs is finished though its cut left the NVM as the one before it.
const FINISHED_EACH: u32 = 64;

/// Behind how many commits the window opens, and behind how many it closes; 0: it opens with the formatting, and closes at
/// the end.
static OPENS: AtomicU32 = AtomicU32::new(0);
static CLOSES: AtomicU32 = AtomicU32::new(0);
/// Transactions committed since the start.
static COMMITS: AtomicU32 = AtomicU32::new(0);

const _: () = assert!(RESULTS <= Word::FoundEndsWell as usize - Word::Results as usize);

#[derive(Debug, Clone, Copy)]
#[repr(usize)]
enum Word {
    Runs = 1,
    CutsFormatting = 2,
    Phase = 3,
    Run = 4,
    Cuts = 5,
    Length = 6,
    Recovery = 7,
    EndedEarly = 8,
    Bytes = 9,
    Results = 10,
    FoundEndsWell = 14,
    Unfinished = 15,
    List = 16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Phase {
    Measure = 0,
    Cut = 1,
    Finish = 2,
}

unsafe extern "C" {
    static mut __sweep_image: u32;
    static mut __sweep_found: u32;
    static mut __sweep_visited: u32;
    static mut __intos_nvm_start: u32;
    static mut __program_start: u8;
    static mut __program_end: u8;
}

fn get(word: Word) -> u32 {
    control::get(word as usize)
}

fn set(word: Word, value: u32) {
    control::set(word as usize, value);
}

fn increase(word: Word) {
    control::increase(word as usize);
}

fn phase() -> Phase {
    match get(Word::Phase) {
        0 => Phase::Measure,
        1 => Phase::Cut,
        _ => Phase::Finish,
    }
}

/// After how many instructions the run that is on is cut, for the first or the second time.
fn planned(cut: usize) -> u32 {
    control::get(Word::List as usize + 2 * get(Word::Run) as usize + cut)
}

/// The program starts; `bytes` of NVM are its own. See [`crate::losses::begin`].
pub(crate) fn begin(bytes: u32, iteration: Option<&Range<u32>>) {
    if let Some(Range { start, end }) = iteration {
        OPENS.store(*start, Ordering::Relaxed);
        CLOSES.store(*end, Ordering::Relaxed);
    }
    prepare(bytes);
}

/// Prepares what the phase asks for.
fn prepare(bytes: u32) {
    set(Word::Bytes, bytes);
    match phase() {
        Phase::Measure => {
            blank();
            if cuts_formatting() {
                power::limit(power::NEVER);
            }
        }
        Phase::Cut => {
            set(Word::Cuts, 0);
            if cuts_formatting() {
                blank();
                power::cut_before(planned(0));
            } else {
                restore();
            }
        }
        Phase::Finish if get(Word::Cuts) == 1 && planned(1) > 0 => power::cut_before(planned(1)),
        Phase::Finish if planned(1) == 0 && ends_as_before() => {
            increase(Word::Unfinished);
            begin_run(get(Word::Run) + 1)
        }
        Phase::Finish => power::limit(most()),
    }
}

/// Whether the cut left the NVM from which the last finished run has ended well. Keeps it, where it is another one.
fn ends_as_before() -> bool {
    let mut is_same = true;
    for word in 0..words() {
        // SAFETY: the kernel's memory, and as much of the sweep's own; the kernel is not started.
        unsafe {
            let left = nvm(word).read_volatile();
            if left != found(word).read_volatile() {
                found(word).write_volatile(left);
                is_same = false;
            }
        }
    }
    let ends_well = get(Word::FoundEndsWell) == 1;
    if is_same && ends_well && !get(Word::Run).is_multiple_of(FINISHED_EACH) {
        return true;
    }
    set(Word::FoundEndsWell, 0);
    false
}

fn cuts_formatting() -> bool {
    get(Word::CutsFormatting) == 1
}

/// Whether one iteration is cut.
fn is_iteration() -> bool {
    CLOSES.load(Ordering::Relaxed) > 0
}

/// More instructions than a run takes that does not hang.
fn most() -> u32 {
    if is_iteration() {
        // How long all of it takes is not known.
        power::NEVER
    } else {
        (20 * get(Word::Length)).saturating_add(5_000_000)
    }
}

/// All tasks have recovered.
pub(crate) fn recovered() {
    if phase() == Phase::Finish && planned(1) == 0 {
        let passed = power::passed();
        if get(Word::Recovery) < passed {
            set(Word::Recovery, passed);
        }
    }
}

/// The NVM is formatted.
pub(crate) fn formatted() {
    match (phase(), cuts_formatting()) {
        (Phase::Finish, _) => {}
        (phase, true) => {
            let passed = power::never();
            if phase == Phase::Cut {
                fail_run(format_args!("it was not cut"));
            }
            set(Word::Length, passed);
        }
        (phase, false) => {
            if phase == Phase::Measure {
                keep();
            }
            if !is_iteration() {
                open();
            }
        }
    }
}

/// A transaction is committed.
pub(crate) fn committed() {
    if !is_iteration() || cuts_formatting() || phase() == Phase::Finish {
        return;
    }
    let commits = COMMITS.load(Ordering::Relaxed) + 1;
    COMMITS.store(commits, Ordering::Relaxed);
    if commits == OPENS.load(Ordering::Relaxed) {
        open();
    } else if commits == CLOSES.load(Ordering::Relaxed) {
        let passed = power::never();
        if phase() == Phase::Cut {
            fail_run(format_args!("it was not cut"));
        }
        set(Word::Length, passed);
        if get(Word::Runs) == 0 {
            begin_run(0);
        }
    }
}

/// The window opens.
fn open() {
    match phase() {
        Phase::Measure => power::limit(power::NEVER),
        Phase::Cut => power::cut_before(planned(0)),
        Phase::Finish => {}
    }
}

/// The power goes before the instruction at an address.
pub(crate) fn note_cut(before: u32) {
    if phase() == Phase::Cut {
        set(Word::Phase, Phase::Finish as u32);
        let start = (&raw const __program_start).addr();
        let end = (&raw const __program_end).addr();
        if (start..end).contains(&(before as usize)) {
            let bit = (before as usize - start) / 2;
            let word = (&raw mut __sweep_visited).wrapping_add(bit / 32);
            // SAFETY: a word of the sweep's own memory, where there is a bit for each halfword of the program.
            unsafe { word.write_volatile(word.read_volatile() | 1 << (bit % 32)) };
        }
    }
    increase(Word::Cuts);
}

/// Makes the kernel's NVM blank.
fn blank() {
    for word in 0..words() {
        // SAFETY: the kernel's memory, which it does not use before it is started.
        unsafe { nvm(word).write_volatile(0) };
    }
}

/// Keeps the kernel's NVM as it is.
fn keep() {
    for word in 0..words() {
        // SAFETY: the kernel's memory, and as much of the sweep's own; the kernel is within its start.
        unsafe { image(word).write_volatile(nvm(word).read_volatile()) };
    }
}

/// Makes the kernel's NVM what was kept.
fn restore() {
    for word in 0..words() {
        // SAFETY: as above; the kernel is not started.
        unsafe { nvm(word).write_volatile(image(word).read_volatile()) };
    }
}

fn words() -> usize {
    (get(Word::Bytes) as usize).div_ceil(4)
}

fn nvm(word: usize) -> *mut u32 {
    (&raw mut __intos_nvm_start).wrapping_add(word)
}

fn image(word: usize) -> *mut u32 {
    (&raw mut __sweep_image).wrapping_add(word)
}

fn found(word: usize) -> *mut u32 {
    (&raw mut __sweep_found).wrapping_add(word)
}

/// The program has come to its end, from which the sweep goes on.
pub(crate) fn ended(results: Results, expected: Results) -> ! {
    let passed = power::never();
    match phase() {
        Phase::Measure => {
            if !cuts_formatting() && !is_iteration() {
                set(Word::Length, passed);
            }
            measured(results, expected)
        }
        Phase::Cut => fail_run(format_args!("it was not cut")),
        Phase::Finish => compare(results),
    }
}

/// The run without cuts has ended.
fn measured(results: Results, expected: Results) -> ! {
    if results != expected {
        fail_run(format_args!("{results:?}, not {expected:?}"));
    }
    for (index, result) in results.into_iter().enumerate() {
        control::set(Word::Results as usize + index, result);
    }
    begin_run(0)
}

/// A run has ended after its cuts.
fn compare(results: Results) -> ! {
    let mut expected = Results::default();
    for (index, result) in (0..RESULTS).zip(&mut expected) {
        *result = control::get(Word::Results as usize + index);
    }
    if results != expected {
        fail_run(format_args!("{results:?}, not {expected:?}"));
    }
    if planned(1) == 0 {
        set(Word::FoundEndsWell, 1);
    } else if get(Word::Cuts) < 2 {
        increase(Word::EndedEarly);
    }
    begin_run(get(Word::Run) + 1)
}

/// The run that is on fails.
pub(crate) fn fail_run(reason: fmt::Arguments<'_>) -> ! {
    power::never();
    if phase() == Phase::Measure {
        print(format_args!("wrong without cuts: {reason}"));
        exit(1);
    }
    print(format_args!("failed {}: {reason}", get(Word::Run)));
    begin_run(get(Word::Run) + 1)
}

/// Begins a run, or ends the sweep.
fn begin_run(run: u32) -> ! {
    if run >= get(Word::Runs) {
        print(format_args!("end"));
        exit(0);
    }
    let tell_each = if is_iteration() {
        TELL_EACH_LONG
    } else {
        TELL_EACH
    };
    if run.is_multiple_of(tell_each) {
        print(format_args!("run {run}"));
    }
    set(Word::Run, run);
    set(Word::Phase, Phase::Cut as u32);
    lose_power()
}
