//! Words behind the kernel's NVM, in the same file: by them `cargo xtask` says what it asks for, and reads what became of
//! it. What the words from 1 on are is the matter of who is asked.

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A run to the end.
    Run,
    /// A sweep of power cuts.
    Sweep,
    /// A run with power losses at intervals.
    Intervals,
    /// The costs of something.
    Costs,
}

/// Words of who just runs: how often the program has started, and 1 where it has ended.
pub(crate) const STARTS: usize = 14;
pub(crate) const HAS_ENDED: usize = 15;

unsafe extern "C" {
    static mut __sweep_control: u32;
}

/// What is asked for: told by word 0.
pub(crate) fn asked() -> Asked {
    match &get(0).to_le_bytes() {
        b"SWEP" => Asked::Sweep,
        b"INTV" => Asked::Intervals,
        b"BNCH" => Asked::Costs,
        _ => Asked::Run,
    }
}

/// Where a word lies.
pub(crate) fn place(word: usize) -> *mut u32 {
    (&raw mut __sweep_control).wrapping_add(word)
}

/// What a word is.
pub(crate) fn get(word: usize) -> u32 {
    // SAFETY: a word of a megabyte of memory that is nobody else's, and longer than any list in it.
    unsafe { place(word).read_volatile() }
}

/// Stores a word.
pub(crate) fn set(word: usize, value: u32) {
    // SAFETY: as above; by one caller at a time, since all of them run with interrupts held back, or before there are any.
    unsafe { place(word).write_volatile(value) }
}

/// Adds 1 to a word.
pub(crate) fn increase(word: usize) {
    set(word, get(word).wrapping_add(1));
}
