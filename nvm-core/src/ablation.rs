//! What `cargo xtask ablation` leaves out to tell what each thing is worth: for measuring, never for use.
//!
//! `RUSTFLAGS='--cfg intos_without="…"'` leaves one out. It is no feature on purpose: features add up over all of a
//! program's dependencies, and none of them could then switch off what another one relies on.
//!
//! | left out | what the program does instead |
//! | --- | --- |
//! | `crash_consistency` | stores in place: no log, no record, no commit, no counter of a loop; a power loss destroys its data |
//! | `war_awareness` | logs each object as a whole before the first write to it, also where it is written first |
//! | `loops` | counts a persistent loop's iterations in a transaction with an undo log |
//! | `list_roll_forward` | changes lists in the kernel's transactions, each link logged |

use crate::RawOffset;

/// Whether anything survives a power loss.
pub const CRASH_CONSISTENCY: bool = !cfg!(intos_without = "crash_consistency");

/// Whether what a repetition could rebuild is not logged.
pub const WAR_AWARENESS: bool = !cfg!(intos_without = "war_awareness");

/// Whether loops count without an undo log.
pub const LOOPS: bool = !cfg!(intos_without = "loops");

/// Whether lists have an operation log in place of an undo log.
pub const LIST_ROLL_FORWARD: bool = !cfg!(intos_without = "list_roll_forward");

/// Whether list operations are recorded before they are carried out.
pub const LISTS_RECORD: bool = LIST_ROLL_FORWARD && CRASH_CONSISTENCY;

/// Bytes by which an undo log must be larger where more is logged.
pub const MORE_LOG_BYTES: RawOffset = if WAR_AWARENESS { 0 } else { 768 };

/// The same for the logs of kernel transactions.
pub const MORE_KERNEL_LOG_BYTES: RawOffset = if LIST_ROLL_FORWARD { 0 } else { 384 };

/// Remembers an object that is logged as a whole.
#[inline]
pub fn note_object(offset: RawOffset, len: RawOffset) {
    objects::note(offset, len);
}

/// Forgets an object, which is freed.
#[inline]
pub fn forget_object(offset: RawOffset) {
    objects::forget(offset);
}

/// The object around a range, from its start to its end; the range itself, where none is known.
#[inline]
pub fn object_around(start: RawOffset, end: RawOffset) -> (RawOffset, RawOffset) {
    objects::around(start, end)
}

#[cfg(intos_without = "war_awareness")]
mod objects {
    use core::sync::atomic::{AtomicU32, Ordering};

    const MOST: usize = 128;

    /// Where each begins, 0 for none, and its length: one program's, since no other is measured.
    static OBJECTS: [[AtomicU32; 2]; MOST] = [const { [const { AtomicU32::new(0) }; 2] }; MOST];

    fn place_of(offset: u32) -> Option<&'static [AtomicU32; 2]> {
        let is = |place: &&[AtomicU32; 2], offset| place[0].load(Ordering::Relaxed) == offset;
        OBJECTS.iter().find(|place| is(place, offset))
    }

    pub(super) fn note(offset: u32, len: u32) {
        if let Some([at, bytes]) = place_of(offset).or_else(|| place_of(0)) {
            bytes.store(len, Ordering::Relaxed);
            at.store(offset, Ordering::Relaxed);
        }
    }

    pub(super) fn forget(offset: u32) {
        if let Some([at, _]) = place_of(offset) {
            at.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn around(start: u32, end: u32) -> (u32, u32) {
        OBJECTS
            .iter()
            .find_map(|[at, bytes]| {
                let first = at.load(Ordering::Relaxed);
                let last = first + bytes.load(Ordering::Relaxed);
                (first != 0 && first <= start && end <= last).then_some((first, last))
            })
            .unwrap_or((start, end))
    }
}

#[cfg(not(intos_without = "war_awareness"))]
mod objects {
    use crate::RawOffset;

    pub(super) const fn note(_: RawOffset, _: RawOffset) {}
    pub(super) const fn forget(_: RawOffset) {}
    pub(super) const fn around(start: RawOffset, end: RawOffset) -> (RawOffset, RawOffset) {
        (start, end)
    }
}
