//! A sweep of power cuts: one run after the other, each cut where a list says, then finished and compared.
//!
//! What the sweep must remember is kept behind the kernel's NVM, in words of which `cargo xtask firmware sweep` writes
//! some before the first reset:
//!
//! | word | what | written by |
//! | --- | --- | --- |
//! | 0 | [`MAGIC`]: a sweep is planned | xtask |
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
//! | 14 | starts of the program, where no sweep is planned | firmware |
//! | 15 | 1: it has ended, where no sweep is planned | firmware |
//! | 16.. | two for each run: before which instruction of the window the power is cut, and before which from the next start on, or 0 | xtask |
//!
//! | phase | NVM | power | at the end |
//! | --- | --- | --- | --- |
//! | `Measure` | blank | not cut | remember results and length; then `Cut` |
//! | `Cut` | blank, or as formatted | cut within the window | that is a failure |
//! | `Finish` | as it was left | cut once more, where the list says so | compare; the next run |

use core::fmt;

use example_programs::{Milestone, RESULTS, Results};
use intos::{Event, RecoveryStep};
use semihosting::process::exit;

use crate::console::print;
use crate::loss::lose_power;
use crate::power;
pub(crate) use crate::power::asleep;

/// `SWEP`.
const MAGIC: u32 = 0x5045_5753;
/// Progress is told each time after so many runs.
const TELL_EACH: u32 = 50;

const _: () = assert!(RESULTS == Word::Starts as usize - Word::Results as usize);

#[derive(Debug, Clone, Copy)]
#[repr(usize)]
enum Word {
    Magic = 0,
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
    Starts = 14,
    HasEnded = 15,
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
    static mut __sweep_control: u32;
    static mut __sweep_image: u32;
    static mut __sweep_visited: u32;
    static mut __intos_nvm_start: u32;
    static mut __program_start: u8;
    static mut __program_end: u8;
}

fn place(word: Word, index: usize) -> *mut u32 {
    (&raw mut __sweep_control).wrapping_add(word as usize + index)
}

fn get(word: Word) -> u32 {
    // SAFETY: a word of the sweep's own memory.
    unsafe { place(word, 0).read_volatile() }
}

fn set(word: Word, value: u32) {
    // SAFETY: as above; by one caller at a time, since all of them run with interrupts held back, or before there are any.
    unsafe { place(word, 0).write_volatile(value) }
}

fn increase(word: Word) {
    set(word, get(word).wrapping_add(1));
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
    // SAFETY: a word of the list, which lies in the sweep's own memory and is as long as the runs are many.
    unsafe { place(Word::List, 2 * get(Word::Run) as usize + cut).read_volatile() }
}

fn is_planned() -> bool {
    get(Word::Magic) == MAGIC
}

/// The program starts; `bytes` of NVM are its own.
pub(crate) fn begin(bytes: u32) {
    if is_planned() {
        prepare(bytes);
    } else {
        set(Word::HasEnded, 0);
        increase(Word::Starts);
    }
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
        Phase::Finish => power::limit(most()),
    }
}

fn cuts_formatting() -> bool {
    get(Word::CutsFormatting) == 1
}

/// More instructions than a run takes that does not hang.
fn most() -> u32 {
    (20 * get(Word::Length)).saturating_add(5_000_000)
}

/// The kernel has come so far.
pub(crate) fn observe(event: Event) {
    match event {
        Event::Recovered(RecoveryStep::Header) => reached(Milestone::Formatted),
        // A task is about to take its first step.
        Event::Started { .. } => reached(Milestone::Recovered),
        _ => {}
    }
}

/// The program has come so far.
pub(crate) fn reached(milestone: Milestone) {
    if !is_planned() {
        return;
    }
    match milestone {
        Milestone::Formatted => formatted(),
        Milestone::Recovered => recovered(),
    }
}

fn recovered() {
    if phase() == Phase::Finish && planned(1) == 0 {
        let passed = power::passed();
        if get(Word::Recovery) < passed {
            set(Word::Recovery, passed);
        }
    }
}

fn formatted() {
    match (phase(), cuts_formatting()) {
        (Phase::Finish, _) => {}
        (phase, true) => {
            let passed = power::never();
            if phase == Phase::Cut {
                fail_run(format_args!("it was not cut"));
            }
            set(Word::Length, passed);
        }
        (Phase::Measure, false) => {
            keep();
            power::limit(power::NEVER);
        }
        (Phase::Cut, false) => power::cut_before(planned(0)),
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

/// The program has come to its end, from which a sweep goes on.
pub(crate) fn ended(results: Results, expected: Results) {
    if is_planned() {
        run_ended(results, expected);
    }
    set(Word::HasEnded, 1);
}

/// The program cannot go on; a sweep does.
pub(crate) fn failed(reason: fmt::Arguments<'_>) {
    if is_planned() {
        fail_run(reason);
    }
    set(Word::HasEnded, 1);
}

fn run_ended(results: Results, expected: Results) -> ! {
    let passed = power::never();
    match phase() {
        Phase::Measure => {
            if !cuts_formatting() {
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
        // SAFETY: words of the sweep's own memory.
        unsafe { place(Word::Results, index).write_volatile(result) };
    }
    begin_run(0)
}

/// A run has ended after its cuts.
fn compare(results: Results) -> ! {
    let mut expected = Results::default();
    for (index, result) in (0..RESULTS).zip(&mut expected) {
        // SAFETY: words of the sweep's own memory.
        *result = unsafe { place(Word::Results, index).read_volatile() };
    }
    if results != expected {
        fail_run(format_args!("{results:?}, not {expected:?}"));
    }
    if planned(1) > 0 && get(Word::Cuts) < 2 {
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
    if run.is_multiple_of(TELL_EACH) {
        print(format_args!("run {run}"));
    }
    set(Word::Run, run);
    set(Word::Phase, Phase::Cut as u32);
    lose_power()
}
