//! The part as the kernel's board, and how a run ends.

use example_programs::Checked;
use intos::msp430::{self, Failure, Firmware, Fram, Msp430, TimerClock};
use intos::{Board, Event, Program, RecoveryStep};
use nvm_core::RawOffset;

use crate::fram::NVM_BYTES;
use crate::run::{fail, formatted, recovered, report};

/// An MSP430FR5994, as far as it is simulated: the processor, its memories, of which `NVM` bytes are for persistent data,
/// and a `Timer_A`.
#[derive(Debug, Clone, Copy)]
pub struct Simulated<const NVM: RawOffset = NVM_BYTES>;

impl<const NVM: RawOffset> Board for Simulated<NVM> {
    type Nvm = Fram<NVM>;
    type Port = Msp430<Self>;
}

impl<const NVM: RawOffset> Firmware for Simulated<NVM> {
    /// The simulator has timers below 0x0200 only; the part's TA0 is at 0x0340.
    const TIMER: usize = 0x0160;
    const TIMER_CLOCK: TimerClock = TimerClock::Smclk;
    /// The simulator counts a clock for each of the processor's.
    const TIMER_HZ: u32 = 8_000_000;
    const TICKS_PER_SECOND: u32 = 1_000;
    const MEASURE_STACKS: bool = cfg!(feature = "measure-stacks");

    fn failed(failure: &Failure<'_>) -> ! {
        // Not its text: formatting takes more program memory than the kernel leaves.
        fail(match failure {
            Failure::Boot(_) => "the kernel did not start",
            Failure::TaskFailed { .. } => "a task failed",
            Failure::Kernel(_) => "the kernel's state is damaged",
            Failure::Deadlock { .. } => "deadlock",
            Failure::StackOverflow { .. } => "stack overflow",
            Failure::NoStack { .. } => "no memory for the stacks",
            Failure::NvmTooSmall { .. } => "the NVM is too small",
            _ => "another failure",
        })
    }

    fn observe(event: Event) {
        match event {
            Event::Recovered(RecoveryStep::Header) => formatted(),
            Event::Switched { task: Some(_) } => recovered(),
            _ => {}
        }
    }
}

/// Runs a program to its end, and tells its results.
pub fn run_program<P: Program<Simulated> + Checked + Sync>() -> ! {
    run_with_nvm::<P, NVM_BYTES>()
}

/// The same with so many bytes of persistent data, which `build.rs` must tell the linker too.
pub fn run_with_nvm<P: Program<Simulated<NVM>> + Checked + Sync, const NVM: RawOffset>() -> ! {
    #[cfg(feature = "broken")]
    nvm_tx::store_before_logging();
    msp430::start::<Simulated<NVM>, P>(|kernel, program| {
        #[cfg(feature = "measure-stacks")]
        for stack in msp430::stack_use() {
            use crate::console::{print, print_number};
            print(stack.task);
            print(": ");
            print_number(stack.used as u32);
            print(" of ");
            print_number(stack.bytes as u32);
            print(" bytes of stack\n");
        }
        match program.results(kernel.scheduler().nvm()) {
            Ok(results) => report(results, P::EXPECTED, P::NAMES),
            Err(_) => fail("no results"),
        }
    })
}
