//! A sweep of power cuts: one run after the other, with the cut ever later, each finished and compared.
//!
//! What the sweep must remember is kept behind the kernel's NVM, in words that `cargo xtask firmware sweep` writes
//! before the first reset:
//!
//! | word | what |
//! | --- | --- |
//! | 0 | [`MAGIC`]: a sweep is planned |
//! | 1 | after how many clocks the power is cut next |
//! | 2 | the number of clocks before which the sweep ends; 0: that of a whole run |
//! | 3 | how many clocks later each cut is |
//! | 4 | how often the power is cut again, soon after a start |
//! | 5 | [`Phase`] |
//! | 6 | clocks of a run without cuts |
//! | 7 | how many more cuts this run has |
//! | 8..12 | the results of the run without cuts |
//! | 12 | 1: clocks are counted from the reset on, with the first boot's formatting; 0: from when that is done |
//!
//! | phase | NVM | power | at the end |
//! | --- | --- | --- | --- |
//! | `Measure` | blank | not cut | remember results and length; then `Cut` |
//! | `Cut` | blank | cut after word 1 | the program was faster: the sweep is over |
//! | `Finish` | as it was left | cut as often as word 7 says, later not | compare; the next cut |

use core::fmt;

use example_programs::{Checked, RESULTS, Results};
use intos::cortex_m;
use intos::{Kernel, Program};
use semihosting::process::exit;

use crate::board::Mps2;
use crate::console::print;
use crate::power;

/// `SWEP`.
const MAGIC: u32 = 0x5045_5753;

const _: () = assert!(RESULTS == Word::FromReset as usize - Word::Results as usize);

#[derive(Debug, Clone, Copy)]
#[repr(usize)]
enum Word {
    Magic = 0,
    Next = 1,
    To = 2,
    Step = 3,
    Again = 4,
    Phase = 5,
    Length = 6,
    CutsLeft = 7,
    Results = 8,
    FromReset = 12,
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
    static mut __intos_nvm_start: u32;
}

fn place(word: Word, index: usize) -> *mut u32 {
    (&raw mut __sweep_control).wrapping_add(word as usize + index)
}

fn get(word: Word) -> u32 {
    // SAFETY: a word of the sweep's own page of memory.
    unsafe { place(word, 0).read_volatile() }
}

fn set(word: Word, value: u32) {
    // SAFETY: as above; this is called with the kernel not started or at its end, by one caller at a time.
    unsafe { place(word, 0).write_volatile(value) }
}

fn phase() -> Phase {
    match get(Word::Phase) {
        0 => Phase::Measure,
        1 => Phase::Cut,
        _ => Phase::Finish,
    }
}

fn set_phase(phase: Phase) {
    set(Word::Phase, phase as u32);
}

/// Whether a sweep is planned.
pub(crate) fn is_planned() -> bool {
    get(Word::Magic) == MAGIC
}

/// Runs what the phase asks for.
pub(crate) fn run<P: Program<Mps2> + Checked + Sync>() -> ! {
    match phase() {
        Phase::Measure => {
            blank::<P>();
            begin(u32::MAX);
            cortex_m::start::<Mps2, P>(measured)
        }
        Phase::Cut => {
            blank::<P>();
            set(Word::CutsLeft, get(Word::Again));
            set_phase(Phase::Finish);
            begin(get(Word::Next));
            cortex_m::start::<Mps2, P>(too_late)
        }
        Phase::Finish => {
            let left = get(Word::CutsLeft);
            if left == 0 {
                power::limit(20 * get(Word::Length) + 1_000_000);
            } else {
                set(Word::CutsLeft, left - 1);
                power::cut_after(soon(get(Word::Next), left));
            }
            cortex_m::start::<Mps2, P>(finished)
        }
    }
}

/// Begins to count the clocks of a run from a blank NVM on, or plans to.
fn begin(clocks: u32) {
    power::plan(clocks);
    if get(Word::FromReset) == 1 {
        power::arm();
    }
}

/// After how many clocks the power is cut again: different ones for each cut, the same in a repetition; most often in
/// the recovery, which takes some hundred.
fn soon(next: u32, left: u32) -> u32 {
    let mut number = next.wrapping_mul(0x9E37_79B9) ^ left.wrapping_mul(0x85EB_CA6B);
    number ^= number >> 15;
    number = number.wrapping_mul(0x2C1B_3C6D);
    number ^= number >> 12;
    1 + number % if number & 1 << 31 == 0 { 1_000 } else { 5_000 }
}

/// Makes the kernel's NVM blank.
fn blank<P: Program<Mps2>>() {
    let bytes = match Kernel::<Mps2>::bytes_needed::<P>() {
        Ok(bytes) => bytes as usize,
        Err(error) => failed(format_args!("{error}")),
    };
    for word in 0..bytes.div_ceil(4) {
        // SAFETY: the kernel's memory, which it does not use before it is started.
        unsafe {
            (&raw mut __intos_nvm_start)
                .wrapping_add(word)
                .write_volatile(0)
        };
    }
}

fn results<P: Checked>(kernel: &Kernel<Mps2>, program: &P) -> Results {
    match program.results(kernel.scheduler().nvm()) {
        Ok(results) => results,
        Err(error) => failed(format_args!("no results: {error}")),
    }
}

/// The run without cuts has ended.
fn measured<P: Program<Mps2> + Checked>(kernel: &Kernel<Mps2>, program: &P) -> ! {
    let length = u32::MAX - power::clocks_left();
    power::never();
    let results = results(kernel, program);
    if results != P::EXPECTED {
        print(format_args!(
            "wrong without cuts: {results:?}, not {:?}",
            P::EXPECTED
        ));
        exit(1);
    }
    for (index, result) in results.into_iter().enumerate() {
        // SAFETY: words of the sweep's own page of memory.
        unsafe { place(Word::Results, index).write_volatile(result) };
    }
    set(Word::Length, length);
    if get(Word::To) == 0 {
        set(Word::To, length);
    }
    print(format_args!("length {length}"));
    set_phase(Phase::Cut);
    next_or_end(get(Word::Next))
}

/// The run that was to be cut has ended before.
fn too_late<P: Program<Mps2> + Checked>(_: &Kernel<Mps2>, _: &P) -> ! {
    power::never();
    print(format_args!("end"));
    exit(0)
}

/// A run has ended after its cuts.
fn finished<P: Program<Mps2> + Checked>(kernel: &Kernel<Mps2>, program: &P) -> ! {
    power::never();
    let results = results(kernel, program);
    let mut expected = Results::default();
    for (index, result) in (0..RESULTS).zip(&mut expected) {
        // SAFETY: words of the sweep's own page of memory.
        *result = unsafe { place(Word::Results, index).read_volatile() };
    }
    if results != expected {
        failed(format_args!("{results:?}, not {expected:?}"));
    }
    print(format_args!("passed {}", get(Word::Next)));
    next()
}

/// The run fails.
pub(crate) fn failed(reason: fmt::Arguments<'_>) -> ! {
    power::never();
    if phase() == Phase::Measure {
        print(format_args!("wrong without cuts: {reason}"));
        exit(1);
    }
    print(format_args!("failed {}: {reason}", get(Word::Next)));
    next()
}

fn next() -> ! {
    next_or_end(get(Word::Next).saturating_add(get(Word::Step).max(1)))
}

fn next_or_end(next: u32) -> ! {
    if next >= get(Word::To) {
        print(format_args!("end"));
        exit(0);
    }
    set(Word::Next, next);
    set_phase(Phase::Cut);
    power::reset()
}
