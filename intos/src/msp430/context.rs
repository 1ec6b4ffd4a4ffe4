//! The switch between stacks, and interrupts.
//!
//! Tasks run on stacks of their own, the kernel on the main stack. [`enter`] goes to a task's stack, and returns when that is
//! left: by the task itself ([`switch_now`]), or by an interrupt. What a task's stack holds then, from the address on where
//! it was left, is the same for both:
//!
//! | words | what |
//! | --- | --- |
//! | 12 | r4 to r15 |
//! | 2 | what the processor pushes itself for an interrupt: the status register, and where the task goes on |
//!
//! While the kernel runs, interrupts are held back but for its sleep. One that comes then ends the sleep, and is noted.

use core::arch::naked_asm;
use core::cell::UnsafeCell;

use intos_sched::TaskIndex;

use super::critical::{self, GIE};
use crate::device::failure::Failure;
use crate::device::system;

/// Why a task's stack was left, or a sleep ended: one of these, or the number of an interrupt of the program's own, and
/// [`OF_PROGRAM`].
pub(super) const BY_TASK: u16 = 0;
/// Because of the timer.
pub(super) const BY_TICK: u16 = 1;
/// The lowest eight bits are a number that the program chose.
pub(super) const OF_PROGRAM: u16 = 0x100;

/// A word that is read and written in assembly too.
#[repr(transparent)]
struct Word(UnsafeCell<u16>);

// SAFETY: one processor. The words are written by handlers and by code that holds interrupts back.
unsafe impl Sync for Word {}

/// Where the main stack was left by [`enter`]; 0 while the kernel runs.
static KERNEL_STACK: Word = Word(UnsafeCell::new(0));

/// By what a sleep was ended last.
static ENDED_BY: Word = Word(UnsafeCell::new(BY_TASK));

/// How a task's stack was left: in two registers.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// Where: the lowest address in use.
    pub(super) at: *mut u16,
    /// Why.
    pub(super) why: u16,
}

/// Puts on an empty stack what [`enter`] expects, so that it begins `run_task`.
///
/// # Safety
///
/// At least 14 words below `end` are memory that nobody uses.
pub(crate) unsafe fn prepare(end: *mut u16, task: TaskIndex) -> *mut u16 {
    let entry = run_task as extern "C" fn(u16) -> !;
    let mut frame = [0; 14];
    // r12
    frame[8] = u16::from(task.0);
    frame[12] = GIE;
    frame[13] = entry as usize as u16;
    let at = end.wrapping_sub(frame.len());
    // SAFETY: by this function's contract.
    unsafe { at.cast::<[u16; 14]>().write(frame) }
    at
}

/// A task, from its beginning to its end.
extern "C" fn run_task(task: u16) -> ! {
    if let Some(system) = system::get() {
        let task = TaskIndex(task as u8);
        if let Err(error) = system.core.run_task(task) {
            let _ = critical::enter();
            let task = system.core.name(task);
            system.core.fail(&Failure::TaskFailed { task, error });
        }
    }
    loop {
        // It has ended, and is not chosen again.
        switch_now();
    }
}

/// Has the kernel choose who runs: in a task, with interrupts on. Returns when the task is chosen again.
#[inline]
pub(super) fn switch_now() {
    // SAFETY: saves and restores what a call preserves, and more.
    unsafe { switch() }
}

/// Goes to a task's stack, and returns when that is left.
///
/// # Safety
///
/// On the main stack, with interrupts held back; `left_at` is where a task's stack was left, or what `prepare` answered.
pub(super) unsafe fn enter(left_at: *mut u16) -> Left {
    let mut left = Left {
        at: left_at,
        why: BY_TASK,
    };
    // SAFETY: by this function's contract.
    unsafe { enter_raw(&mut left) }
    left
}

/// By what a sleep was ended since this was last asked.
pub(super) fn ended_by() -> u16 {
    let word = ENDED_BY.0.get();
    // SAFETY: with interrupts held back nobody else writes it.
    unsafe {
        let why = word.read_volatile();
        word.write_volatile(BY_TASK);
        why
    }
}

/// The same, with what it answers where `left` is.
///
/// # Safety
///
/// As for `enter`.
#[unsafe(naked)]
unsafe extern "C" fn enter_raw(left: &mut Left) {
    naked_asm!(
        "push r10",
        "push r9",
        "push r8",
        "push r7",
        "push r6",
        "push r5",
        "push r4",
        "push r12",
        "mov r1, &{kernel}",
        "mov 0(r12), r1",
        "pop r4",
        "pop r5",
        "pop r6",
        "pop r7",
        "pop r8",
        "pop r9",
        "pop r10",
        "pop r11",
        "pop r12",
        "pop r13",
        "pop r14",
        "pop r15",
        "reti",
        kernel = sym KERNEL_STACK,
    );
}

/// Leaves a task's stack.
///
/// # Safety
///
/// In a task, with interrupts on.
#[unsafe(naked)]
unsafe extern "C" fn switch() {
    naked_asm!(
        // What an interrupt would push. The status register as it is with interrupts on.
        "push r2",
        "dint",
        "nop",
        "push r15",
        "mov #{by_task}, r15",
        "br #{leave}",
        by_task = const BY_TASK,
        leave = sym leave,
    );
}

/// What follows when r15 is saved, and holds why the stack is left.
///
/// # Safety
///
/// Not to be called: it is jumped to.
#[unsafe(naked)]
unsafe extern "C" fn leave() {
    naked_asm!(
        "push r14",
        "push r13",
        "push r12",
        "push r11",
        "push r10",
        "push r9",
        "push r8",
        "push r7",
        "push r6",
        "push r5",
        "push r4",
        "mov r1, r14",
        "mov &{kernel}, r1",
        "clr &{kernel}",
        "pop r12",
        "mov r14, 0(r12)",
        "mov r15, 2(r12)",
        "pop r4",
        "pop r5",
        "pop r6",
        "pop r7",
        "pop r8",
        "pop r9",
        "pop r10",
        "ret",
        kernel = sym KERNEL_STACK,
    );
}

/// Where interrupts go with r15 saved, and why in it: the kernel's stack, or the end of its sleep.
///
/// # Safety
///
/// Not to be called: it is jumped to by handlers.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __intos_interrupt() {
    naked_asm!(
        "tst &{kernel}",
        "jz 1f",
        "br #{leave}",
        "1:",
        "mov r15, &{ended_by}",
        "pop r15",
        // Nothing of the sleep stays, and interrupts are held back again.
        "bic #0x00F8, 0(r1)",
        "reti",
        kernel = sym KERNEL_STACK,
        leave = sym leave,
        ended_by = sym ENDED_BY,
    );
}

/// The handler of the timer's interrupt.
///
/// # Safety
///
/// Only the processor calls it.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __intos_tick() {
    naked_asm!(
        "push r15",
        "mov #{by_tick}, r15",
        "br #{interrupt}",
        by_tick = const BY_TICK,
        interrupt = sym __intos_interrupt,
    );
}

/// Defines the handler of an interrupt of the program's own: `msp430_interrupt!(VECTOR_FFDE, 3)` makes the function
/// `VECTOR_FFDE`, which has [`Program::interrupt`](crate::Program::interrupt) called with the number 3: on the main stack,
/// with interrupts held back, and with whatever a power loss leaves of it as said there. It is that function's business to
/// clear what the interrupt came for.
///
/// The crate that uses it needs `#![feature(asm_experimental_arch)]`.
#[macro_export]
macro_rules! msp430_interrupt {
    ($handler:ident, $number:literal) => {
        /// The handler of an interrupt.
        ///
        /// # Safety
        ///
        /// Only the processor calls it.
        #[allow(non_snake_case)]
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $handler() {
            const NUMBER: u8 = $number;
            ::core::arch::naked_asm!(
                "push r15",
                "mov #{number}, r15",
                "br #__intos_interrupt",
                number = const 0x100 | NUMBER as u16,
            );
        }
    };
}
