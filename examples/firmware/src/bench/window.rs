//! What is measured, and when.
//!
//! The machine's CMSDK timer 0 counts 25 MHz down. With `-icount shift=8`, where an instruction takes 256 ns, it counts
//! 6.4 for each instruction.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use intos::crates::nvm_core::Class;

use crate::console::print;

/// `SysTick`'s control register: at 0 it stands.
const SYST_CSR: usize = 0xE000_E010;
const TIMER_CTRL: usize = 0x4000_0000;
const TIMER_VALUE: usize = 0x4000_0004;
const TIMER_RELOAD: usize = 0x4000_0008;
/// It counts, and does not interrupt.
const COUNTS: u32 = 1;

/// How many values a window has: clocks, and of each class of stores bytes and stores.
pub const VALUES: usize = 1 + 2 * Class::ALL.len();
/// What is measured of a window.
pub type Values = [u32; VALUES];

/// Sums over all windows.
static SUMS: [AtomicU32; VALUES] = [const { AtomicU32::new(0) }; VALUES];
/// When the window began.
static BEGAN: [AtomicU32; VALUES] = [const { AtomicU32::new(0) }; VALUES];

fn store(address: usize, value: u32) {
    // SAFETY: one of the timers' registers above, none of which lets the machine access memory. The kernel that has
    // `SysTick` does without ticks while no task sleeps.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

fn clocks() -> u32 {
    // SAFETY: as above.
    unsafe { !ptr::with_exposed_provenance::<u32>(TIMER_VALUE).read_volatile() }
}

/// What was stored so far.
fn stored() -> [u32; VALUES - 1] {
    #[cfg(feature = "counting")]
    {
        let mut values = [0; VALUES - 1];
        for (pair, class) in values.chunks_exact_mut(2).zip(Class::ALL) {
            let counted = crate::bench::board::counting::COUNTERS.of(class);
            pair.copy_from_slice(&[counted.bytes, counted.stores]);
        }
        values
    }
    #[cfg(not(feature = "counting"))]
    [0; VALUES - 1]
}

/// Lets the timer begin to count, and the ticks end: those of tasks that sleep come from the kernel, as long as they
/// sleep.
pub fn start_timer() {
    store(SYST_CSR, 0);
    store(TIMER_RELOAD, u32::MAX);
    store(TIMER_VALUE, u32::MAX);
    store(TIMER_CTRL, COUNTS);
}

/// Lets the timer stand while the processor sleeps.
pub fn pause(sleep: impl FnOnce()) {
    store(TIMER_CTRL, 0);
    sleep();
    store(TIMER_CTRL, COUNTS);
}

/// From here on it is measured. A profile finds it by its name.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_window_begins() {
    for (began, now) in BEGAN[1..].iter().zip(stored()) {
        began.store(now, Ordering::Relaxed);
    }
    BEGAN[0].store(clocks(), Ordering::Relaxed);
}

/// From the first call on it is measured.
pub fn begin_once() {
    static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
    if !HAS_BEGUN.load(Ordering::Relaxed) {
        HAS_BEGUN.store(true, Ordering::Relaxed);
        bench_window_begins();
    }
}

/// Up to here.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_window_ends() {
    let clocks = clocks();
    let now = core::iter::once(clocks).chain(stored());
    for ((sum, began), now) in SUMS.iter().zip(&BEGAN).zip(now) {
        let passed = now.wrapping_sub(began.load(Ordering::Relaxed));
        sum.store(
            sum.load(Ordering::Relaxed).wrapping_add(passed),
            Ordering::Relaxed,
        );
    }
}

/// Takes the sums, and begins anew. A profile finds it by its name.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn bench_take() -> Taken {
    Taken(core::array::from_fn(|index| {
        let sum = SUMS[index].load(Ordering::Relaxed);
        SUMS[index].store(0, Ordering::Relaxed);
        sum
    }))
}

/// What was measured.
#[derive(Debug)]
#[repr(C)]
pub struct Taken(pub Values);

/// Prints a line that `cargo xtask bench` reads.
pub fn tell(taken: &Taken) {
    struct Line<'a>(&'a Taken);
    impl fmt::Display for Line<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.0.iter().try_for_each(|value| write!(f, " {value}"))
        }
    }
    print(format_args!("measured{}", Line(taken)));
}
