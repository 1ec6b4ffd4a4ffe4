//! The memory of the stacks, and who has which.
//!
//! From the linker script's `__intos_stacks_start` on: a table with an entry for each task and one for idling, then
//! their stacks in the same order, each with what finds an overflow below it. Nothing of it outlives a power cycle.
//!
//! | processor | below a stack | an overflow is found |
//! | --- | --- | --- |
//! | with an MPU of ARMv7-M | a [`Guard`] | at once: it is a fault |
//! | others | a [`Mark`] | when the task is left, if the mark was overwritten |

use core::cell::Cell;
use core::ptr::{self, NonNull};

use intos_sched::TaskIndex;

use super::failure::Failure;
use super::system::Core;
use crate::arch::{self, Guard, STACK_ALIGNMENT, Word, context};

/// Below a stack that is not guarded.
type Mark = [Word; arch::MARK_WORDS];
/// Words that are not likely to be written by chance. As many as the port has room for, since a function seldom writes to
/// all that it takes of a stack.
const MARK: Mark = [0xE4D5_7ACC_u32 as Word; arch::MARK_WORDS];
/// What a stack that is measured is filled with.
const UNUSED: Word = 0xC0DE_F0A5_u32 as Word;

/// Where a stack lies, and what it holds.
#[derive(Debug)]
struct Entry {
    /// Below it: the mark or the guard.
    below: *mut Mark,
    /// Its lowest address.
    lowest: *mut Word,
    /// The address behind it.
    end: *mut Word,
    /// Where it was left; null: it was not entered in this power cycle.
    left_at: *mut Word,
    /// Whose it is, of those that were created one after the other in a slot.
    generation: u16,
}

/// On which stack a port idles.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // a port has one of them
pub(crate) enum IdleStack {
    /// On one of its own, behind those of the tasks.
    Own,
    /// On the main stack, which begins where the memory for stacks ends.
    Main {
        /// The address behind it.
        end: fn() -> *mut Word,
    },
}

/// All stacks.
#[derive(Debug)]
pub(crate) struct Stacks {
    entries: NonNull<Entry>,
    /// The entry for idling, behind those of the tasks.
    idle: usize,
    /// Whose stack the processor is on.
    current: Cell<usize>,
    guard: Option<Guard>,
    is_measured: bool,
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
    pub(crate) unsafe fn divide(core: &dyn Core) -> Result<Self, Failure<'static>> {
        let guard = core.guards_stacks().then(Guard::find).flatten();
        let (below_bytes, alignment) = match guard {
            Some(_) => (Guard::BYTES, Guard::BYTES),
            None => (size_of::<Mark>(), STACK_ALIGNMENT),
        };
        let start = (&raw mut __intos_stacks_start)
            .addr()
            .next_multiple_of(alignment);
        let end = (&raw mut __intos_stacks_end).addr();
        let idle = usize::from(core.task_count());
        let table_bytes = ((idle + 1) * size_of::<Entry>()).next_multiple_of(alignment);
        let whole_bytes = |wanted: usize| {
            below_bytes + wanted.max(arch::SMALLEST_STACK).next_multiple_of(alignment)
        };
        // Where the processor idles on the main stack, that one lies behind these, and its mark is the last thing here.
        let idle_bytes = match arch::IDLE_STACK {
            IdleStack::Own => whole_bytes(core.idle_stack_bytes()),
            IdleStack::Main { .. } => size_of::<Mark>(),
        };
        let mut needed = table_bytes + idle_bytes;
        core.each_stack(&mut |wanted| needed += whole_bytes(wanted));
        let available = end.saturating_sub(start);
        if needed > available {
            return Err(Failure::NoStack { needed, available });
        }
        let memory: *mut u8 = (&raw mut __intos_stacks_start).with_addr(start);
        let table: *mut Entry = memory.cast();
        let write = |index, below: *mut Mark, lowest: *mut Word, end| {
            let entry = Entry {
                below,
                lowest,
                end,
                left_at: ptr::null_mut(),
                generation: 0,
            };
            // SAFETY: table and stack lie within the linker script's memory, as was checked above for the same stacks, and
            // nobody else uses it, by this function's contract; of the main stack what is filled lies below all that is in
            // use. The addresses are multiples of the stacks' alignment.
            unsafe {
                below.write_volatile(MARK);
                table.wrapping_add(index).write(entry);
                if core.measures_stacks() {
                    fill(lowest, arch::unused_end(end));
                }
            }
        };
        let (mut index, mut bottom) = (0, table_bytes);
        let mut place = |wanted| {
            let below = memory.wrapping_add(bottom).cast::<Mark>();
            let lowest: *mut Word = memory.wrapping_add(bottom + below_bytes).cast();
            bottom += whole_bytes(wanted);
            write(index, below, lowest, memory.wrapping_add(bottom).cast());
            index += 1;
        };
        core.each_stack(&mut place);
        match arch::IDLE_STACK {
            IdleStack::Own => place(core.idle_stack_bytes()),
            IdleStack::Main { end: stack_end } => {
                let lowest = memory.with_addr(end);
                let below = lowest.wrapping_sub(size_of::<Mark>()).cast();
                write(idle, below, lowest.cast(), stack_end());
            }
        }
        let Some(entries) = NonNull::new(table) else {
            return Err(Failure::NoStack { needed, available });
        };
        let stacks = Self {
            entries,
            idle,
            current: Cell::new(idle),
            guard,
            is_measured: core.measures_stacks(),
        };
        if let Some(guard) = guard {
            guard.begin(stacks.entry(idle).below.addr());
        }
        Ok(stacks)
    }

    /// The highest address of the stack for idling: that with which the first switch begins.
    pub(crate) fn idle_end(&self) -> *mut Word {
        self.entry(self.idle).end
    }

    /// Whose stack the processor is on: nobody's while it idles.
    pub(crate) fn current(&self) -> Option<TaskIndex> {
        let index = self.current.get();
        (index < self.idle).then_some(TaskIndex(index as u8))
    }

    /// Whether the stack that the processor is on was used beyond its end, where its task is left at `left_at`.
    pub(crate) fn has_overflowed(&self, left_at: *mut Word) -> bool {
        let entry = self.entry(self.current.get());
        if left_at < entry.lowest {
            return true;
        }
        // SAFETY: the mark lies within the memory for stacks: see `divide`. Only an overflow writes to it, and that is
        // why the load is volatile. It is not loaded where it is guarded.
        self.guard.is_none() && unsafe { entry.below.read_volatile() } != MARK
    }

    /// The same, in the handler of a fault, for what the processor has pushed at `frame`.
    ///
    /// Nothing is guarded any more.
    pub(crate) fn has_overflowed_by_fault(&self, frame: Option<*mut Word>) -> bool {
        if let Some(guard) = self.guard {
            let below = self.entry(self.current.get()).below;
            let is_hit = guard.is_hit(below.addr());
            guard.lift();
            if is_hit {
                return true;
            }
        }
        frame.is_some_and(|frame| self.has_overflowed(frame))
    }

    /// Whether the processor can have pushed something at an address of the stack that it is on.
    pub(crate) fn holds(&self, frame: *mut Word) -> bool {
        let entry = self.entry(self.current.get());
        frame >= entry.lowest && frame < entry.end && frame.is_aligned()
    }

    /// How many bytes a stack has, and how many of them were used since the reset, where that is measured. The index
    /// behind that of the last task is that of the stack for idling.
    pub(crate) fn used(&self, index: usize) -> Option<(usize, usize)> {
        if !self.is_measured || index > self.idle {
            return None;
        }
        let entry = self.entry(index);
        let mut lowest_used = entry.lowest;
        // SAFETY: within the stack's memory. Its task may change it meanwhile, and that is why the load is volatile.
        while lowest_used < entry.end && unsafe { lowest_used.read_volatile() } == UNUSED {
            lowest_used = lowest_used.wrapping_add(1);
        }
        let end = entry.end.addr();
        Some((end - entry.lowest.addr(), end - lowest_used.addr()))
    }

    /// Leaves the stack that the processor is on, and answers where that of `next` goes on, of a generation, or that
    /// for idling.
    ///
    /// In a critical section, in the handler that switches.
    pub(crate) fn switch(&self, left_at: *mut Word, next: Option<(TaskIndex, u16)>) -> *mut Word {
        self.entry_mut(self.current.get(), |entry| {
            entry.left_at = left_at;
        });
        let index = next.map_or(self.idle, |(task, _)| usize::from(task.0).min(self.idle));
        self.current.set(index);
        self.entry_mut(index, |entry| {
            if let Some((task, generation)) = next
                && (entry.left_at.is_null() || entry.generation != generation)
            {
                entry.generation = generation;
                // SAFETY: the stack's memory, which no task uses: the one before it in this slot has ended or was
                // deleted, and never runs again.
                unsafe { entry.left_at = context::prepare(entry.end, task) };
            }
            if let Some(guard) = self.guard {
                guard.move_to(entry.below.addr());
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

/// Fills the memory of a stack that nobody has used.
///
/// # Safety
///
/// It is memory that nobody else uses.
unsafe fn fill(mut from: *mut Word, end: *mut Word) {
    while from < end {
        // SAFETY: by this function's contract.
        unsafe { from.write_volatile(UNUSED) };
        from = from.wrapping_add(1);
    }
}
