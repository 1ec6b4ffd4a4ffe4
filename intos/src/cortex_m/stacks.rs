//! The memory of the stacks, and who has which.
//!
//! From the linker script's `__intos_stacks_start` on: a table with an entry for each task and one for idling, then
//! their stacks in the same order. Nothing of it outlives a power cycle.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

use intos_sched::TaskIndex;

use super::context;
use super::failure::Failure;
use super::system::Core;

/// At a stack's lowest addresses.
type Mark = [u32; 8];
/// Words that are not likely to be written by chance. So many, since a function seldom writes to all that it takes of a
/// stack.
const MARK: Mark = [0xE4D5_7ACC; 8];
/// Bytes of the smallest stack: what a switch pushes, and some to call functions.
const SMALLEST: usize = 256;

/// Where a stack lies, and what it holds.
#[derive(Debug)]
struct Entry {
    /// Its lowest address: the mark.
    mark: *mut Mark,
    /// The address behind it.
    end: *mut u32,
    /// Where it was left; null: it was not entered in this power cycle.
    left_at: *mut u32,
    /// Whose it is, of those that were created one after the other in a slot.
    generation: u16,
}

/// All stacks.
#[derive(Debug)]
pub(super) struct Stacks {
    entries: NonNull<Entry>,
    /// The entry for idling, behind those of the tasks.
    idle: usize,
    /// Whose stack the processor is on.
    current: AtomicUsize,
}

unsafe extern "C" {
    static mut __intos_stacks_start: u8;
    static mut __intos_stacks_end: u8;
}

impl Stacks {
    /// Divides the memory.
    ///
    /// # Safety
    ///
    /// To be called once after each reset: it takes the linker script's memory for stacks for good.
    pub(super) unsafe fn divide(core: &dyn Core) -> Result<Self, Failure<'static>> {
        let start = (&raw mut __intos_stacks_start).addr().next_multiple_of(8);
        let end = (&raw mut __intos_stacks_end).addr();
        let idle = usize::from(core.task_count());
        let table_bytes = ((idle + 1) * size_of::<Entry>()).next_multiple_of(8);
        let stack_bytes = |index| {
            let wanted = if index == idle {
                core.idle_stack_bytes()
            } else {
                core.stack_bytes(TaskIndex(index as u8))
            };
            wanted.max(SMALLEST).next_multiple_of(8)
        };
        let needed = (0..=idle).map(stack_bytes).sum::<usize>() + table_bytes;
        let available = end.saturating_sub(start);
        if needed > available {
            return Err(Failure::NoStack { needed, available });
        }
        let memory: *mut u8 = (&raw mut __intos_stacks_start).with_addr(start);
        let table: *mut Entry = memory.cast();
        let mut bottom = table_bytes;
        for index in 0..=idle {
            let mark = memory.wrapping_add(bottom).cast::<Mark>();
            bottom += stack_bytes(index);
            let entry = Entry {
                mark,
                end: memory.wrapping_add(bottom).cast(),
                left_at: ptr::null_mut(),
                generation: 0,
            };
            // SAFETY: table and stack lie within the linker script's memory, as was checked above, and nobody else uses
            // it, by this function's contract. The addresses are multiples of 8.
            unsafe {
                mark.write_volatile(MARK);
                table.wrapping_add(index).write(entry);
            }
        }
        let Some(entries) = NonNull::new(table) else {
            return Err(Failure::NoStack { needed, available });
        };
        Ok(Self {
            entries,
            idle,
            current: AtomicUsize::new(idle),
        })
    }

    /// The highest address of the stack for idling: that with which the first switch begins.
    pub(super) fn idle_end(&self) -> *mut u32 {
        self.entry(self.idle).end
    }

    /// Whose stack the processor is on: nobody's while it idles.
    pub(super) fn current(&self) -> Option<TaskIndex> {
        let index = self.current.load(Ordering::Relaxed);
        (index < self.idle).then_some(TaskIndex(index as u8))
    }

    /// Whether the stack that the processor is on was used beyond its end, where its task is left at `left_at`.
    pub(super) fn has_overflowed(&self, left_at: *mut u32) -> bool {
        let entry = self.entry(self.current.load(Ordering::Relaxed));
        // SAFETY: the mark lies within the memory for stacks: see `divide`. Only an overflow writes to it, and that is
        // why the load is volatile.
        let mark = unsafe { entry.mark.read_volatile() };
        mark != MARK || left_at.addr() <= entry.mark.addr()
    }

    /// Leaves the stack that the processor is on, and answers where that of `next` goes on, of a generation, or that
    /// for idling.
    ///
    /// In a critical section, in the handler that switches.
    pub(super) fn switch(&self, left_at: *mut u32, next: Option<(TaskIndex, u16)>) -> *mut u32 {
        self.entry_mut(self.current.load(Ordering::Relaxed), |entry| {
            entry.left_at = left_at;
        });
        let index = next.map_or(self.idle, |(task, _)| usize::from(task.0).min(self.idle));
        self.current.store(index, Ordering::Relaxed);
        self.entry_mut(index, |entry| {
            if let Some((task, generation)) = next
                && (entry.left_at.is_null() || entry.generation != generation)
            {
                entry.generation = generation;
                // SAFETY: the stack's memory, which no task uses: the one before it in this slot has ended or was
                // deleted, and never runs again.
                unsafe { entry.left_at = context::prepare(entry.end, task) };
            }
            entry.left_at
        })
    }

    fn entry(&self, index: usize) -> Entry {
        // SAFETY: the table has `idle + 1` entries, all of which `divide` has written. It is changed in critical sections
        // only, by the handler that switches, and nobody holds a reference into it.
        unsafe { self.entries.add(index.min(self.idle)).read() }
    }

    fn entry_mut<R>(&self, index: usize, change: impl FnOnce(&mut Entry) -> R) -> R {
        // SAFETY: as for `entry`; the reference ends with this function, which only the handler that switches calls, one
        // call after the other.
        change(unsafe { self.entries.add(index.min(self.idle)).as_mut() })
    }
}
