//! The timer that cuts the power.
//!
//! The machine's CMSDK watchdog counts 25 MHz down to 0, and a clock later it raises the interrupt that nothing holds
//! back (NMI), whose handler resets the processor. With `-icount shift=6` an instruction takes 64 ns and a clock 40 ns:
//! with floor(8k / 5) clocks the cut comes when k + 1 instructions have ended since the watchdog's register was stored to,
//! that store and the return behind it included. So cut k comes before the k-th instruction of the window, each is
//! between two certain ones, and none is left out.
//!
//! The window opens behind the instruction at `__window_opens` and ends before that at `__window_closes`: an independent
//! trace of the same run finds the window by these.

use core::arch::naked_asm;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::loss::lose_power;
use crate::{losses, sweep};

/// CMSDK watchdog.
const WDOG_VALUE: usize = 0x4000_8004;
const WDOG_CONTROL: usize = 0x4000_8008;
const WDOG_INTCLR: usize = 0x4000_800C;
const WDOG_LOCK: usize = 0x4000_8C00;
/// Lets its registers be written.
const UNLOCK: u32 = 0x1ACC_E551;
/// In its control register: interrupts at 0.
const INTERRUPTS: u32 = 1;

/// More instructions than any run has.
pub(crate) const NEVER: u32 = u32::MAX / 8;

/// Whether the timer is a limit for a run that hangs, in place of a power cut.
static IS_LIMIT: AtomicBool = AtomicBool::new(false);
/// With how many instructions the timer was begun.
static BEGAN: AtomicU32 = AtomicU32::new(0);
/// How many of them were left when it was last made to count; 0: it does not.
static LEFT: AtomicU32 = AtomicU32::new(0);

/// Has the watchdog count from so many clocks on.
#[unsafe(naked)]
extern "C" fn count(clocks: u32) {
    naked_asm!(
        "ldr r1, =0x40008000",
        "str r0, [r1]",
        ".global __window_opens",
        "__window_opens:",
        "bx lr",
        ".ltorg",
    )
}

/// Has it stand, as good as: it begins anew with the most clocks. Answers how many were left.
#[unsafe(naked)]
extern "C" fn stand() -> u32 {
    naked_asm!(
        "ldr r1, =0x40008000",
        "ldr r0, [r1, #4]",
        "mvn r2, #0",
        "str r2, [r1]",
        ".global __window_closes",
        "__window_closes:",
        "bx lr",
        ".ltorg",
    )
}

fn store(address: usize, value: u32) {
    // SAFETY: one of the registers above, which are this module's; none lets the machine access memory.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

/// With how many clocks the cut comes before an instruction of the window, the first of which is number 1.
fn clocks(instruction: u32) -> u32 {
    instruction.saturating_mul(8) / 5
}

/// How many instructions of the window end before the watchdog stands that was read when so many clocks had passed: that
/// which reads it, and two more.
fn instructions(clocks: u32) -> u32 {
    clocks.saturating_mul(5).div_ceil(8) + 1
}

/// Cuts the power before an instruction, of which the next is number 1, those of sleep not counted.
pub(crate) fn cut_before(instruction: u32) {
    begin(instruction, false);
}

/// Ends the run as one that hangs, after so many instructions.
pub(crate) fn limit(instructions: u32) {
    begin(instructions, true);
}

/// Cuts the power when so many clocks have passed, those of sleep counted.
pub(crate) fn cut_after(clocks: u32) {
    enable();
    count(clocks);
}

/// No cut any more after [`cut_after`].
pub(crate) fn stop() {
    stand();
}

fn begin(instructions: u32, is_limit: bool) {
    IS_LIMIT.store(is_limit, Ordering::Relaxed);
    BEGAN.store(instructions, Ordering::Relaxed);
    LEFT.store(instructions, Ordering::Relaxed);
    enable();
    count(clocks(instructions));
}

fn enable() {
    store(WDOG_LOCK, UNLOCK);
    store(WDOG_INTCLR, 0);
    store(WDOG_CONTROL, INTERRUPTS);
}

/// Lets the timer stand, and answers how many instructions are left.
fn pause() -> u32 {
    let left = LEFT.load(Ordering::Relaxed);
    let passed = instructions(clocks(left).saturating_sub(stand()));
    left.saturating_sub(passed)
}

/// Lets the timer stand while the processor sleeps.
pub(crate) fn asleep(sleep: impl FnOnce()) {
    if LEFT.load(Ordering::Relaxed) == 0 {
        return sleep();
    }
    let left = pause();
    sleep();
    LEFT.store(left, Ordering::Relaxed);
    count(clocks(left));
}

/// No cut any more. Answers how many instructions have passed since the timer was begun.
pub(crate) fn never() -> u32 {
    if LEFT.load(Ordering::Relaxed) == 0 {
        return 0;
    }
    let left = pause();
    LEFT.store(0, Ordering::Relaxed);
    BEGAN.load(Ordering::Relaxed) - left
}

/// How many instructions have passed since the timer was begun.
pub(crate) fn passed() -> u32 {
    let left = LEFT.load(Ordering::Relaxed);
    // SAFETY: a register of the watchdog's; reading it changes nothing.
    let value = unsafe { ptr::with_exposed_provenance::<u32>(WDOG_VALUE).read_volatile() };
    let passed = instructions(clocks(left).saturating_sub(value));
    (BEGAN.load(Ordering::Relaxed) - left) + passed
}

/// The watchdog's interrupt: finds where the processor was interrupted, on whichever stack.
///
/// # Safety
///
/// Only the processor calls it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn NonMaskableInt() {
    naked_asm!(
        "tst lr, #4",
        "ite eq",
        "mrseq r0, msp",
        "mrsne r0, psp",
        "ldr r0, [r0, #24]",
        "b {cut}",
        cut = sym cut,
    )
}

/// The power goes before the instruction at an address.
extern "C" fn cut(before: u32) -> ! {
    if IS_LIMIT.load(Ordering::Relaxed) {
        sweep::fail_run(format_args!("it hangs at {before:#010x}"));
    }
    losses::note_cut(before);
    lose_power()
}
