//! The part's memories, as the linker script of `examples/msp430` has them.

/// SRAM: where it begins, and its bytes.
pub(super) const SRAM: (u64, u64) = (0x1C00, 0x1000);
/// Instructions in a millisecond: at 8 MHz, which FRAM follows without wait states, with two cycles for each, as programs
/// take on average.
pub(super) const INSTRUCTIONS_PER_MILLISECOND: u64 = 4_000;
