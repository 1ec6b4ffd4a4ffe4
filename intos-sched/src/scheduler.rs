//! Who runs: ready lists, delay list, and what a start-up must put in order before any thread runs.
//!
//! A change of lists that belongs to a system call is *staged* in the operation log, put in force by the
//! commit of the call's kernel transaction, and then carried out (crate `nvm-list`):
//!
//! | store | power lost after it: the next start |
//! | --- | --- |
//! | list operations, staged | discards them |
//! | kernel transaction's entries and objects | rolls them back, discards the list operations |
//! | commit word of the task's kernel log | rolls the list operations forward |
//! | stores of the list operations | the same |
//!
//! Only the task that ran can have been in a system call, so [`Scheduler::recover`] looks at that one's
//! log and at the operation log, however many tasks there are.

use nvm_core::{Area, Class, Nvm};
use nvm_list::{List, NodeRef, OpLog, Operation};
use nvm_tx::UndoLog;

use crate::areas::{NO_TASK, PRIORITIES, SchedulerAreas};
use crate::broken::{self, Variant};
use crate::error::{Error, Outcome};
use crate::task::{ControlBlock, Priority, TaskIndex};
use crate::time::{self, Half};

/// What a task is doing: derived from the lists that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// It runs, or would if nothing more urgent did.
    Ready,
    /// It waits for a time.
    Delayed,
    /// It waits for an event; until a tick, if it set itself a limit.
    Blocked {
        /// When its time is up.
        until: Option<u32>,
    },
    /// It has ended.
    Ended,
}

/// The scheduler: a handle to the kernel's state in NVM. It holds nothing of it in volatile memory.
#[derive(Debug, Clone, Copy)]
pub struct Scheduler<N: Nvm + Copy> {
    nvm: N,
    areas: SchedulerAreas,
    op_log: OpLog,
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// Stores the state of a kernel whose tasks are all ready, in the order of their indices. Part of the
    /// region's first boot.
    pub fn format(
        nvm: N,
        areas: &SchedulerAreas,
        priority_of: impl Fn(TaskIndex) -> Priority,
    ) -> Result<(), Error> {
        time::format(&nvm, areas.tick)?;
        nvm.store(Class::Kernel, areas.current, &NO_TASK)?;
        for priority in 0..PRIORITIES as u8 {
            List::format(
                &nvm,
                Class::Kernel,
                areas.ready(Priority(priority))?,
                priority.into(),
            )?;
        }
        for half in Half::BOTH {
            List::format(&nvm, Class::Kernel, areas.delayed(half), u16::from(u8::MAX))?;
        }
        let op_log = OpLog::format(&nvm, areas.op_log, Class::Kernel)?;
        for index in 0..areas.task_count() {
            let task = TaskIndex(index);
            let at = areas.task(task)?;
            let priority = priority_of(task);
            let ready = List::at(areas.ready(priority)?)?;
            let block = ControlBlock {
                state: nvm_list::Node::unlinked(index.into()),
                event: nvm_list::Node::unlinked(index.into()),
                result_at: 0,
                priority: priority.0,
                unused: [0; 3],
            };
            nvm.store(Class::Kernel, at.0, &block)?;
            op_log.push_back(&nvm, ready, NodeRef::at(at.state())?)?;
        }
        Ok(())
    }

    /// The scheduler of a formatted kernel. Call [`recover`](Scheduler::recover) before anything else.
    pub fn open(nvm: N, areas: SchedulerAreas) -> Result<Self, Error> {
        Ok(Self {
            nvm,
            areas,
            op_log: OpLog::open(areas.op_log, Class::Kernel)?,
        })
    }

    /// Puts the kernel in order after a power loss, before any thread runs: rolls back the kernel
    /// transaction that was under way, rolls forward the list work that was in force, and wakes whose time
    /// was up. Idempotent; its work does not depend on the number of tasks.
    ///
    /// `kernel_log` tells where a task's log of kernel transactions lies.
    pub fn recover(&self, kernel_log: impl Fn(TaskIndex) -> Area) -> Result<(), Error> {
        if broken::is(Variant::ForgetsCurrent) {
            self.nvm
                .store(Class::Kernel, self.areas.current, &NO_TASK)?;
        }
        if let Some(task) = self.current()? {
            let _ = UndoLog::open_as(self.nvm, kernel_log(task), Class::Kernel)?;
        }
        if !broken::is(Variant::NoRollForward) {
            let mut failed = None;
            self.op_log.recover(&self.nvm, |tag| {
                let [sequence, owner] = tag.to_le_bytes();
                match UndoLog::committed(&self.nvm, kernel_log(TaskIndex(owner))) {
                    Ok((_, committed)) => committed == sequence,
                    Err(fault) => {
                        failed = Some(fault);
                        false
                    }
                }
            })?;
            if let Some(fault) = failed {
                return Err(fault.into());
            }
        }
        self.wake_expired()?;
        Ok(())
    }

    /// The NVM.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// How many tasks there are.
    pub const fn task_count(&self) -> u8 {
        self.areas.task_count()
    }

    /// The task that runs, or that ran when the power went.
    pub fn current(&self) -> Result<Option<TaskIndex>, Error> {
        let index = self.nvm.load(self.areas.current)?;
        if index == NO_TASK {
            return Ok(None);
        }
        if index >= self.task_count() {
            return Err(Error::NoSuchTask { index });
        }
        Ok(Some(TaskIndex(index)))
    }

    /// Chooses who runs: the first of the most urgent ready tasks, or the running task itself if it is one
    /// of them; where its `slice_is_over`, the one after it in the list, in turn. Nobody: no task is ready.
    ///
    /// Costs 1 byte where it is another task than before.
    pub fn choose(&self, slice_is_over: bool) -> Result<Option<TaskIndex>, Error> {
        let before = self.current()?;
        let Some((list, first)) = self.most_urgent()? else {
            return Ok(None);
        };
        let mut chosen = first;
        if let Some(before) = before {
            let node = self.state_node(before)?;
            if node.owner(&self.nvm)? == Some(list) {
                chosen = if slice_is_over {
                    list.next_in_turn(&self.nvm, node)?
                } else {
                    node
                };
            }
        }
        let chosen = self.task_of(chosen, Self::state_node)?;
        if before != Some(chosen) && !(slice_is_over && broken::is(Variant::ForgetsCurrent)) {
            self.nvm
                .store(Class::Kernel, self.areas.current, &chosen.0)?;
        }
        Ok(Some(chosen))
    }

    /// Whether a task is ready that is more urgent than `task`, or `task` itself is not ready.
    pub fn is_outranked(&self, task: TaskIndex) -> Result<bool, Error> {
        let node = self.state_node(task)?;
        Ok(match self.most_urgent()? {
            Some((list, _)) => node.owner(&self.nvm)? != Some(list),
            None => true,
        })
    }

    /// A task's priority.
    pub fn priority(&self, task: TaskIndex) -> Result<Priority, Error> {
        let priority = self.nvm.load(self.areas.task(task)?.priority())?;
        if usize::from(priority) >= PRIORITIES {
            return Err(Error::NoSuchPriority { priority });
        }
        Ok(Priority(priority))
    }

    /// What a task is doing.
    pub fn state(&self, task: TaskIndex) -> Result<TaskState, Error> {
        let state = self.state_node(task)?;
        let event = self.event_node(task)?;
        let waits = event.is_linked(&self.nvm)?;
        Ok(match state.owner(&self.nvm)? {
            Some(list) if self.is_delayed(list)? => {
                let until = state.key(&self.nvm)?;
                if waits {
                    TaskState::Blocked { until: Some(until) }
                } else {
                    TaskState::Delayed
                }
            }
            Some(_) => TaskState::Ready,
            None if waits => TaskState::Blocked { until: None },
            None => TaskState::Ended,
        })
    }

    /// Ends a task: it is never chosen again.
    pub fn end(&self, task: TaskIndex) -> Result<(), Error> {
        Ok(self.op_log.remove(&self.nvm, self.state_node(task)?)?)
    }

    /// The tick: how many have passed since the first boot.
    pub fn now(&self) -> Result<u32, Error> {
        time::now(&self.nvm, self.areas.tick)
    }

    /// When the first delayed task wakes.
    pub fn next_wake(&self) -> Result<Option<u32>, Error> {
        let now = self.now()?;
        let mut next: Option<u32> = None;
        for half in Half::BOTH {
            if let Some(node) = self.delayed(half)?.front(&self.nvm)? {
                let tick = node.key(&self.nvm)?;
                let is_earlier =
                    next.is_none_or(|other| tick.wrapping_sub(now) < other.wrapping_sub(now));
                if is_earlier || time::has_come(tick, now) {
                    next = Some(tick);
                }
            }
        }
        Ok(next)
    }

    /// How many ticks there are until the first delayed task wakes: how long an idle processor may sleep.
    pub fn ticks_to_wake(&self) -> Result<Option<u32>, Error> {
        let now = self.now()?;
        Ok(self.next_wake()?.map(|tick| {
            if time::has_come(tick, now) {
                0
            } else {
                tick.wrapping_sub(now)
            }
        }))
    }

    /// The tick so many ticks from now, for [`block_operations`](Scheduler::block_operations): from 0 to
    /// [`MAX_TICKS`](crate::MAX_TICKS).
    pub fn tick_in(&self, ticks: u32) -> Result<u32, Error> {
        Ok(self.now()?.wrapping_add(ticks.min(time::MAX_TICKS)))
    }

    /// Whether a tick has come: whether it is at most [`MAX_TICKS`](crate::MAX_TICKS) ago.
    pub fn has_come(&self, tick: u32) -> Result<bool, Error> {
        Ok(time::has_come(tick, self.now()?))
    }

    /// Lets so many ticks pass, and wakes whose time is up: what the tick's interrupt handler does, or the
    /// idle loop after a long sleep. Answers whether a task was woken. Not to be called while a task is in a
    /// critical section, nor for more ticks than [`ticks_to_wake`](Scheduler::ticks_to_wake) says where that
    /// is more than [`MAX_TICKS`](crate::MAX_TICKS) away.
    ///
    /// Costs 2 bytes for one tick, and the list work of each task that is woken. A power loss on the way
    /// leaves a tick from the old to the new one; it never goes back.
    pub fn advance(&self, ticks: u32) -> Result<bool, Error> {
        time::advance(&self.nvm, self.areas.tick, ticks)?;
        self.wake_expired()
    }

    /// Wakes every delayed task whose tick has come: first those of the half of the tick's range that is
    /// over, if it has just ended.
    fn wake_expired(&self) -> Result<bool, Error> {
        let now = self.now()?;
        let mut woken = 0;
        let halves = match Half::of(now) {
            Half::Lower => [Half::Upper, Half::Lower],
            Half::Upper => [Half::Lower, Half::Upper],
        };
        for half in halves {
            let list = self.delayed(half)?;
            while let Some(node) = list.front(&self.nvm)?
                && time::has_come(node.key(&self.nvm)?, now)
            {
                if woken >= self.task_count() {
                    return Err(Error::Damaged {
                        offset: list.head().get(),
                    });
                }
                let task = self.task_of(node, Self::state_node)?;
                if self.event_node(task)?.is_linked(&self.nvm)? {
                    self.put_result(task, &[1, Outcome::Timeout as u8])?;
                }
                let operations = self.wake_operations(task)?;
                self.op_log.run(&self.nvm, operations.as_slice())?;
                woken += 1;
            }
        }
        Ok(woken > 0)
    }

    /// The first task that waits in a list.
    pub fn first_waiting(&self, list: List) -> Result<Option<TaskIndex>, Error> {
        match list.front(&self.nvm)? {
            Some(node) => Ok(Some(self.task_of(node, Self::event_node)?)),
            None => Ok(None),
        }
    }

    /// The list work that makes a delayed or blocked task ready.
    pub fn wake_operations(&self, task: TaskIndex) -> Result<Operations, Error> {
        let ready = List::at(self.areas.ready(self.priority(task)?)?)?;
        let (state, event) = (self.state_node(task)?, self.event_node(task)?);
        let mut operations = Operations::default();
        if event.is_linked(&self.nvm)? {
            operations.push(Operation::Remove { node: event });
        }
        operations.push(if state.is_linked(&self.nvm)? {
            Operation::MoveBack {
                list: ready,
                node: state,
            }
        } else {
            Operation::PushBack {
                list: ready,
                node: state,
            }
        });
        Ok(operations)
    }

    /// The list work that blocks a ready task: in a wait list, by priority and then in the order of coming;
    /// in the delay list until a tick; or in both.
    pub fn block_operations(
        &self,
        task: TaskIndex,
        wait_list: Option<List>,
        until: Option<u32>,
    ) -> Result<Operations, Error> {
        let (state, event) = (self.state_node(task)?, self.event_node(task)?);
        let mut operations = Operations::default();
        operations.push(match until {
            Some(tick) => Operation::MoveSorted {
                list: self.delayed(Half::of(tick))?,
                node: state,
                key: tick,
            },
            None => Operation::Remove { node: state },
        });
        if let Some(list) = wait_list {
            operations.push(Operation::InsertSorted {
                list,
                node: event,
                key: u32::from(u8::MAX - self.priority(task)?.0),
            });
        }
        Ok(operations)
    }

    /// Stores the result of a blocked task's system call. Nobody reads it before the task is ready again,
    /// so that it needs no log.
    pub fn put_result(&self, task: TaskIndex, bytes: &[u8]) -> Result<(), Error> {
        let at = self.nvm.load(self.areas.task(task)?.result_at())?;
        Ok(self.nvm.write(Class::Kernel, at, bytes)?)
    }

    /// Where the result of a blocked task's system call goes.
    pub fn result_at(&self, task: TaskIndex) -> Result<u32, Error> {
        Ok(self.nvm.load(self.areas.task(task)?.result_at())?)
    }

    /// Remembers where the result of the system call goes for which a task is about to block. Nobody reads
    /// it before the task is blocked, so that it needs no log.
    pub(crate) fn set_result_at(&self, task: TaskIndex, at: u32) -> Result<(), Error> {
        let place = self.areas.task(task)?.result_at();
        if self.nvm.load(place)? != at {
            self.nvm.store(Class::Kernel, place, &at)?;
        }
        Ok(())
    }

    pub(crate) const fn op_log(&self) -> &OpLog {
        &self.op_log
    }

    fn most_urgent(&self) -> Result<Option<(List, NodeRef)>, Error> {
        for priority in (0..PRIORITIES as u8).rev() {
            let list = List::at(self.areas.ready(Priority(priority))?)?;
            if let Some(first) = list.front(&self.nvm)? {
                return Ok(Some((list, first)));
            }
        }
        Ok(None)
    }

    fn delayed(&self, half: Half) -> Result<List, Error> {
        Ok(List::at(self.areas.delayed(half))?)
    }

    fn is_delayed(&self, list: List) -> Result<bool, Error> {
        Ok(list == self.delayed(Half::Lower)? || list == self.delayed(Half::Upper)?)
    }

    fn state_node(&self, task: TaskIndex) -> Result<NodeRef, Error> {
        Ok(NodeRef::at(self.areas.task(task)?.state())?)
    }

    fn event_node(&self, task: TaskIndex) -> Result<NodeRef, Error> {
        Ok(NodeRef::at(self.areas.task(task)?.event())?)
    }

    /// The task that a node belongs to: it is the node's label. `own` gives the node that it must be.
    fn task_of(
        &self,
        node: NodeRef,
        own: impl Fn(&Self, TaskIndex) -> Result<NodeRef, Error>,
    ) -> Result<TaskIndex, Error> {
        let index = node.label(&self.nvm)?.to_le_bytes()[0];
        if index >= self.task_count() {
            return Err(Error::NoSuchTask { index });
        }
        let task = TaskIndex(index);
        if own(self, task)? != node {
            return Err(Error::Damaged {
                offset: node.offset().get(),
            });
        }
        Ok(task)
    }

    /// Validates all of the kernel's own lists, and answers how many tasks have not ended: for tests and for
    /// tools that look at images. Stores nothing. Validate the lists of queues and semaphores with
    /// their own methods.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check(&self) -> Result<u32, Error> {
        let most = u32::from(self.task_count());
        let mut linked = 0;
        for priority in 0..PRIORITIES as u8 {
            let list = List::at(self.areas.ready(Priority(priority))?)?;
            linked += nvm_list::check(&self.nvm, list, most, false)?;
            for node in list.iter(&self.nvm) {
                let task = self.task_of(node?, Self::state_node)?;
                if self.priority(task)?.0 != priority
                    || self.event_node(task)?.is_linked(&self.nvm)?
                {
                    return Err(Error::Damaged {
                        offset: list.head().get(),
                    });
                }
            }
        }
        let now = self.now()?;
        for half in Half::BOTH {
            let list = self.delayed(half)?;
            linked += nvm_list::check(&self.nvm, list, most, true)?;
            for node in list.iter(&self.nvm) {
                let node = node?;
                let _ = self.task_of(node, Self::state_node)?;
                let tick = node.key(&self.nvm)?;
                if Half::of(tick) != half || time::has_come(tick, now) {
                    return Err(Error::Damaged {
                        offset: list.head().get(),
                    });
                }
            }
        }
        for index in 0..self.task_count() {
            let task = TaskIndex(index);
            let waits = self.event_node(task)?.is_linked(&self.nvm)?;
            linked += u32::from(waits && !self.state_node(task)?.is_linked(&self.nvm)?);
        }
        Ok(linked)
    }

    /// Validates a wait list: its order, and that just the tasks wait there that say so. Answers how many.
    pub fn check_wait_list(&self, list: List) -> Result<u32, Error> {
        let waiting = nvm_list::check(&self.nvm, list, u32::from(self.task_count()), true)?;
        for node in list.iter(&self.nvm) {
            let task = self.task_of(node?, Self::event_node)?;
            if !matches!(self.state(task)?, TaskState::Blocked { .. }) {
                return Err(Error::Damaged {
                    offset: list.head().get(),
                });
            }
        }
        Ok(waiting)
    }
}

/// The list work of one system call.
#[derive(Debug, Clone, Default)]
pub struct Operations(heapless::Vec<Operation, 4>);

impl Operations {
    /// The operations in order.
    pub fn as_slice(&self) -> &[Operation] {
        &self.0
    }

    fn push(&mut self, operation: Operation) {
        // Two at most are ever pushed: see the callers.
        let _ = self.0.push(operation);
    }
}
