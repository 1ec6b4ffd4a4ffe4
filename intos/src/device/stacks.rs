//! The memory of the stacks, and who has which.
//!
//! From the linker script's `__intos_stacks_start` on: a table with an entry for each task and one for idling, the stack
//! for idling where the port has one of its own, and those of the tasks in their order, each with what finds an overflow
//! below it. Nothing of it outlives a power cycle. A task's stack, and its entry, are made when the task first runs: so a
//! start has nothing to do for the tasks that wait.
//!
//! | processor | below a stack | an overflow is found |
//! | --- | --- | --- |
//! | with an MPU of ARMv7-M | a [`Guard`] | at once: it is a fault |
//! | others | a [`Mark`] | when the task is left, if the mark was overwritten |

use core::cell::Cell;
use core::ptr::{self, NonNull};

use intos_sched::{MAX_TASKS, TaskIndex};

use super::failure::Failure;
use super::system::{Core, Next};
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
    /// Where it was left.
    left_at: *mut Word,
    /// Whose it is, of those that were created one after the other in a slot.
    generation: u16,
}

/// On which stack a port idles.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // a port has one of them
pub(crate) enum IdleStack {
    /// On one of its own, before those of the tasks.
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
    /// The entry of the stack that the processor is on.
    current: Cell<NonNull<Entry>>,
    /// Bit by bit, which tasks have an entry: those that have run in this power cycle.
    entered: [Cell<u8>; MAX_TASKS.div_ceil(8)],
    plan: Plan,
    /// Where the tasks' stacks begin.
    tasks: *mut u8,
    guard: Option<Guard>,
    is_measured: bool,
}

/// How stacks are rounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    below_bytes: usize,
    alignment: usize,
}

impl Plan {
    const fn of(guard: Option<Guard>) -> Self {
        let (below_bytes, alignment) = match guard {
            Some(_) => (Guard::BYTES, Guard::BYTES),
            None => (size_of::<Mark>(), STACK_ALIGNMENT),
        };
        Self {
            below_bytes,
            alignment,
        }
    }

    /// Bytes of a stack that is asked for, with what lies below it.
    pub(crate) fn whole_bytes(self, wanted: usize) -> usize {
        self.below_bytes + self.aligned(wanted.max(arch::SMALLEST_STACK))
    }

    /// The next multiple of the stacks' alignment: a power of two, so that it takes no division.
    #[inline]
    fn aligned(self, bytes: usize) -> usize {
        let last = self.alignment - 1;
        (bytes + last) & !last
    }
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
        let plan = Plan::of(guard);
        let start = plan.aligned((&raw mut __intos_stacks_start).addr());
        let end = (&raw mut __intos_stacks_end).addr();
        let task_count = core.task_count();
        let idle = usize::from(task_count);
        let idle_stack_bytes = core.idle_stack_bytes();
        let table_bytes = plan.aligned((idle + 1) * size_of::<Entry>());
        let stack_bytes = core.stacks_before(TaskIndex(task_count), plan);
        // Where the processor idles on the main stack, that one lies behind these, and its mark is the last thing here.
        let (idle_bytes, mark_bytes) = match arch::IDLE_STACK {
            IdleStack::Own => (plan.whole_bytes(idle_stack_bytes), 0),
            IdleStack::Main { .. } => (0, size_of::<Mark>()),
        };
        let needed = table_bytes + idle_bytes + stack_bytes + mark_bytes;
        let available = end.saturating_sub(start);
        let memory: *mut u8 = (&raw mut __intos_stacks_start).with_addr(start);
        let Some(entries) = NonNull::new(memory.cast::<Entry>()) else {
            return Err(Failure::NoStack { needed, available });
        };
        if needed > available {
            return Err(Failure::NoStack { needed, available });
        }
        let stacks = Self {
            entries,
            idle,
            current: Cell::new(entries),
            entered: [const { Cell::new(0) }; MAX_TASKS.div_ceil(8)],
            plan,
            tasks: memory.wrapping_add(table_bytes + idle_bytes),
            guard,
            is_measured: core.measures_stacks(),
        };
        let idle_entry = match arch::IDLE_STACK {
            IdleStack::Own => stacks.place(memory.wrapping_add(table_bytes), idle_stack_bytes),
            IdleStack::Main { end: stack_end } => {
                let lowest = memory.with_addr(end);
                Entry {
                    below: lowest.wrapping_sub(size_of::<Mark>()).cast(),
                    lowest: lowest.cast(),
                    end: stack_end(),
                    left_at: ptr::null_mut(),
                    generation: 0,
                }
            }
        };
        // SAFETY: table and stack lie within the linker script's memory, as was checked above, and nobody else uses it, by
        // this function's contract; of the main stack what is filled lies below all that is in use.
        unsafe { stacks.make(idle, idle_entry) };
        stacks.current.set(stacks.place_of(idle));
        if let Some(guard) = guard {
            guard.begin(stacks.entry(idle).below.addr());
        }
        Ok(stacks)
    }

    /// Makes a stack, and its entry.
    ///
    /// # Safety
    ///
    /// The stack, and what lies below it, are memory that nobody uses, at multiples of the stacks' alignment; and nobody has
    /// a reference to the table's entry.
    unsafe fn make(&self, index: usize, entry: Entry) {
        // SAFETY: by this function's contract; the table has an entry for each index up to that for idling.
        unsafe {
            entry.below.write_volatile(MARK);
            if self.is_measured {
                fill(entry.lowest, arch::unused_end(entry.end));
            }
            self.entries.add(index.min(self.idle)).write(entry);
        }
    }

    /// Where a stack lies, with what lies below it.
    fn place(&self, bottom: *mut u8, wanted: usize) -> Entry {
        Entry {
            below: bottom.cast(),
            lowest: bottom.wrapping_add(self.plan.below_bytes).cast(),
            end: bottom.wrapping_add(self.plan.whole_bytes(wanted)).cast(),
            left_at: ptr::null_mut(),
            generation: 0,
        }
    }

    /// Whether a stack was made in this power cycle.
    #[inline]
    fn is_entered(&self, index: usize) -> bool {
        index == self.idle
            || self
                .entered
                .get(index / 8)
                .is_some_and(|byte| byte.get() & 1 << (index % 8) != 0)
    }

    fn note_entered(&self, index: usize) {
        if let Some(byte) = self.entered.get(index / 8) {
            byte.set(byte.get() | 1 << (index % 8));
        }
    }

    /// The highest address of the stack for idling: that with which the first switch begins.
    pub(crate) fn idle_end(&self) -> *mut Word {
        self.entry(self.idle).end
    }

    /// Whose stack the processor is on: nobody's while it idles.
    pub(crate) fn current(&self) -> Option<TaskIndex> {
        let distance = self.current.get().addr().get() - self.entries.addr().get();
        let index = distance / size_of::<Entry>();
        (index < self.idle).then_some(TaskIndex(index as u8))
    }

    /// Whether the processor is on the stack for idling.
    #[inline]
    #[allow(dead_code)] // where tasks switch from one to the other
    pub(crate) fn is_idle(&self) -> bool {
        self.current.get() == self.place_of(self.idle)
    }

    /// Whether the stack that the processor is on was used beyond its end, where its task is left at `left_at`.
    #[inline]
    pub(crate) fn has_overflowed(&self, left_at: *mut Word) -> bool {
        let entry = self.current_entry();
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
    #[allow(dead_code)] // where the processor tells faults
    pub(crate) fn has_overflowed_by_fault(&self, frame: Option<*mut Word>) -> bool {
        if let Some(guard) = self.guard {
            let below = self.current_entry().below;
            let is_hit = guard.is_hit(below.addr());
            guard.lift();
            if is_hit {
                return true;
            }
        }
        frame.is_some_and(|frame| self.has_overflowed(frame))
    }

    /// Whether the processor can have pushed something at an address of the stack that it is on.
    #[allow(dead_code)] // the same
    pub(crate) fn holds(&self, frame: *mut Word) -> bool {
        let entry = self.current_entry();
        frame >= entry.lowest && frame < entry.end && frame.is_aligned()
    }

    /// How many bytes a stack has, and how many of them were used since the reset, where that is measured. The index
    /// behind that of the last task is that of the stack for idling.
    pub(crate) fn used(&self, core: &dyn Core, index: usize) -> Option<(usize, usize)> {
        if !self.is_measured || index > self.idle {
            return None;
        }
        if !self.is_entered(index) {
            let entry = self.place(self.tasks, core.stack_bytes(TaskIndex(index as u8)));
            return Some((entry.end.addr() - entry.lowest.addr(), 0));
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

    /// Leaves the stack that the processor is on, and answers where that of `next` goes on, or that for idling.
    ///
    /// In a critical section, in the handler that switches.
    #[inline]
    pub(crate) fn switch(&self, core: &dyn Core, left_at: *mut Word, next: Next) -> *mut Word {
        self.change(self.current.get(), |entry| {
            entry.left_at = left_at;
        });
        let index = match next.task() {
            Some(task) => {
                let index = usize::from(task.0);
                if !self.is_entered(index) {
                    self.enter(core, task, next.generation);
                }
                index
            }
            None => self.idle,
        };
        let place = self.place_of(index);
        self.current.set(place);
        self.change(place, |entry| {
            if entry.generation != next.generation
                && let Some(task) = next.task()
            {
                begin(entry, task, next.generation);
            }
            if let Some(guard) = self.guard {
                guard.move_to(entry.below.addr());
            }
            entry.left_at
        })
    }

    /// Makes the stack of a task that has not run in this power cycle.
    #[cold]
    #[inline(never)]
    fn enter(&self, core: &dyn Core, task: TaskIndex, generation: u16) {
        let index = usize::from(task.0);
        let bottom = self.tasks.wrapping_add(core.stacks_before(task, self.plan));
        let entry = self.place(bottom, core.stack_bytes(task));
        // SAFETY: `divide` has made sure that the stacks of all tasks lie within the memory for them. Nobody has used this
        // one, and the reference to another entry has ended.
        unsafe { self.make(index, entry) };
        self.note_entered(index);
        self.change(self.place_of(index), |entry| begin(entry, task, generation));
    }

    /// Where a stack's entry lies.
    #[inline]
    fn place_of(&self, index: usize) -> NonNull<Entry> {
        // SAFETY: the table has `idle + 1` entries.
        unsafe { self.entries.add(index.min(self.idle)) }
    }

    fn entry(&self, index: usize) -> Entry {
        // SAFETY: the entry for idling was written by `divide`, and others before they are asked for, by `enter`: a task
        // whose stack is asked for runs, or has run. They are changed in critical sections only, by the handler that
        // switches, and nobody holds a reference to one.
        unsafe { self.place_of(index).read() }
    }

    /// That of the stack that the processor is on.
    #[inline]
    fn current_entry(&self) -> Entry {
        // SAFETY: as for `entry`; it is the place of one.
        unsafe { self.current.get().read() }
    }

    /// Changes the entry that lies at a [place](Stacks::place_of).
    #[inline]
    fn change<R>(&self, place: NonNull<Entry>, change: impl FnOnce(&mut Entry) -> R) -> R {
        let mut place = place;
        // SAFETY: as for `entry`; the reference ends with this function, which only the handler that switches calls, one
        // call after the other.
        change(unsafe { place.as_mut() })
    }
}

/// Has a task of a generation begin on a stack.
#[cold]
fn begin(entry: &mut Entry, task: TaskIndex, generation: u16) {
    entry.generation = generation;
    // SAFETY: the stack's memory, which no task uses: the one before it in this slot has ended or was deleted, and never
    // runs again.
    entry.left_at = unsafe { context::prepare(entry.end, task) };
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
