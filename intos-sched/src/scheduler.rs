//! Who runs: ready lists, wait lists, and what the rest of the kernel does with them.
//!
//! A change of lists that belongs to a system call is *staged* in the operation log, put in force by the
//! commit of the call's kernel transaction, and then carried out (crate `nvm-list`):
//!
//! | store | power lost after it: the next start |
//! | --- | --- |
//! | list operations, staged | discards them |
//! | follow-up, where there is one (module `follow_up`) | discards both |
//! | kernel transaction's entries and objects | rolls them back, discards the list operations |
//! | commit word of the task's kernel log, or of the kernel's own | rolls the list operations forward, then does the follow-up |
//! | stores of the list operations, of the follow-up | the same |

use core::mem;

use nvm_core::{Class, Nvm, Offset, RawOffset, ablation, narrowed, widened};
use nvm_list::{List, NodeRef, OpLog, Staged};
use nvm_tx::UndoLog;
use replay::SystemTx;

use crate::areas::{
    self, FOLLOW_UP, NO_TASK, OP_LOG, PLACES, PRIORITIES, SchedulerAreas, ThreadPlaces,
};
use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind};
use crate::follow_up::FollowUps;
use crate::task::{Priority, Settings, TaskIndex};
use crate::time::{self, Half};
use crate::work::{WaitClass, Work};

/// In a tag: the kernel itself, in place of a task.
pub(crate) const KERNEL: u8 = 0xFE;

/// What a task is doing: derived from the lists that it is in, and from whether it is suspended.
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
    /// It is suspended until another resumes it, whatever else it waits for.
    Suspended,
    /// It has ended, or was never created.
    Ended,
}

/// The scheduler: a handle to the kernel's state in NVM. It holds nothing of it in volatile memory.
#[derive(Debug, Clone, Copy)]
pub struct Scheduler<N: Nvm + Copy> {
    nvm: N,
    areas: SchedulerAreas,
    threads: ThreadPlaces,
    follow_ups: FollowUps<N>,
}

/// The tasks that wait in a list: see [`Scheduler::waiting`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct WaitingTasks<'s, N: Nvm + Copy> {
    scheduler: &'s Scheduler<N>,
    nodes: nvm_list::Iter<'s, N>,
}

impl<N: Nvm + Copy> Iterator for WaitingTasks<'_, N> {
    type Item = Result<(TaskIndex, NodeRef), Error>;

    #[inline(never)] // One copy.
    fn next(&mut self) -> Option<Self::Item> {
        let node = match self.nodes.next()? {
            Ok(node) => node,
            Err(error) => return Some(Err(error.into())),
        };
        let task = self.scheduler.task_of(node, Scheduler::event_node);
        Some(task.map(|task| (task, node)))
    }
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// Stores the state of a kernel whose tasks are ready, in the order of their indices, with the priority
    /// that `priority_of` tells; those for which it tells none are slots for tasks to be created later. Part
    /// of the region's first boot.
    pub fn format(
        nvm: N,
        areas: &SchedulerAreas,
        priority_of: impl Fn(TaskIndex) -> Option<Priority>,
    ) -> Result<(), Error> {
        time::format(&nvm, PLACES.tick)?;
        nvm.store(Class::Kernel, PLACES.current, &NO_TASK)?;
        for priority in 0..PRIORITIES as u8 {
            let head = areas::ready_list(Priority(priority))?.head();
            List::format(&nvm, Class::Kernel, head, priority.into())?;
        }
        for half in Half::BOTH {
            let head = areas::delayed(half).head();
            List::format(&nvm, Class::Kernel, head, u16::from(u8::MAX))?;
        }
        List::format(&nvm, Class::Kernel, PLACES.notified, 0)?;
        OpLog::format(&nvm, PLACES.op_log, Class::Kernel)?;
        FOLLOW_UP.format(&nvm)?;
        UndoLog::format(&nvm, PLACES.kernel_log)?;
        let scheduler = Self::open(nvm, *areas, ThreadPlaces::NONE, FollowUps::NONE);
        for index in 0..areas.task_count() {
            let task = TaskIndex(index);
            let priority = priority_of(task);
            scheduler.format_task(task, priority.unwrap_or(Priority(0)))?;
            if let Some(priority) = priority {
                let list = areas::ready_list(priority)?;
                let node = scheduler.state_node(task)?;
                OP_LOG.push_back(&nvm, list, node)?;
            }
        }
        Ok(())
    }

    /// The scheduler of a formatted kernel. Call [`recover`](Scheduler::recover) before anything else.
    ///
    /// `threads` tells where tasks' logs and tables lie; `follow_ups`, what objects may have to do after a commit.
    pub const fn open(
        nvm: N,
        areas: SchedulerAreas,
        threads: ThreadPlaces,
        follow_ups: FollowUps<N>,
    ) -> Self {
        Self {
            nvm,
            areas,
            threads,
            follow_ups,
        }
    }

    /// The NVM.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// How many tasks there are, with the slots for tasks to be created.
    pub const fn task_count(&self) -> u8 {
        self.areas.task_count()
    }

    /// The task that runs, or that ran when the power went.
    #[inline]
    pub fn current(&self) -> Result<Option<TaskIndex>, Error> {
        let index = self.nvm.load(PLACES.current)?;
        if index == NO_TASK {
            return Ok(None);
        }
        if index >= self.task_count() {
            return Err(ErrorKind::NoSuchTask { index }.error());
        }
        Ok(Some(TaskIndex(index)))
    }

    /// Chooses who runs: the first of the most urgent ready tasks, or the running task itself if it is one
    /// of them; where its `slice_is_over`, the one after it in the list, in turn. Nobody: no task is ready.
    ///
    /// Costs 1 byte where it is another task than before.
    pub fn choose(&self, slice_is_over: bool) -> Result<Option<TaskIndex>, Error> {
        self.choose_after(self.current()?, slice_is_over)
    }

    /// The same, for who knows the [`current`](Scheduler::current) task.
    #[inline]
    pub fn choose_after(
        &self,
        before: Option<TaskIndex>,
        slice_is_over: bool,
    ) -> Result<Option<TaskIndex>, Error> {
        let Some(list) = self.most_urgent()? else {
            return Ok(None);
        };
        let mut in_turn = None;
        if let Some(before) = before {
            let node = self.state_node(before)?;
            if slice_is_over {
                in_turn = list.next_in_turn(&self.nvm, node)?;
            } else if node.owner(&self.nvm)? == Some(list) {
                return Ok(Some(before));
            }
        }
        let chosen = match in_turn {
            Some(next) => next,
            None => match list.front(&self.nvm)? {
                Some(first) => first,
                None => return Ok(None),
            },
        };
        let chosen = self.task_of(chosen, Self::state_node)?;
        if before != Some(chosen) && !(slice_is_over && broken::is(Variant::ForgetsCurrent)) {
            self.nvm.store(Class::Kernel, PLACES.current, &chosen.0)?;
        }
        Ok(Some(chosen))
    }

    /// Whether a task is ready that is more urgent than `task`, or `task` itself is not ready.
    pub fn is_outranked(&self, task: TaskIndex) -> Result<bool, Error> {
        let node = self.state_node(task)?;
        Ok(match self.most_urgent()? {
            Some(list) => node.owner(&self.nvm)? != Some(list),
            None => true,
        })
    }

    /// What a task is doing.
    pub fn state(&self, task: TaskIndex) -> Result<TaskState, Error> {
        if self.settings(task)?.is_suspended() {
            return Ok(TaskState::Suspended);
        }
        let state = self.state_node(task)?;
        let waits = self.event_node(task)?.is_linked(&self.nvm)?;
        Ok(match state.owner(&self.nvm)? {
            Some(list)
                if list == areas::delayed(Half::Lower) || list == areas::delayed(Half::Upper) =>
            {
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

    /// The first task that waits in a list.
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    pub fn first_waiting(&self, list: List) -> Result<Option<TaskIndex>, Error> {
        if !cfg!(target_pointer_width = "16") && list.is_empty(&self.nvm)? {
            return Ok(None);
        }
        self.first_of_some(list)
    }

    #[cfg_attr(not(target_pointer_width = "16"), inline(never))]
    fn first_of_some(&self, list: List) -> Result<Option<TaskIndex>, Error> {
        match list.front(&self.nvm)? {
            Some(node) => Ok(Some(self.task_of(node, Self::event_node)?)),
            None => Ok(None),
        }
    }

    /// The first task that waits in a list, and its class.
    pub fn first_waiting_of(&self, list: List) -> Result<Option<(TaskIndex, WaitClass)>, Error> {
        match list.front(&self.nvm)? {
            Some(node) => {
                let class = WaitClass::of_key(node.key(&self.nvm)?);
                Ok(Some((self.task_of(node, Self::event_node)?, class)))
            }
            None => Ok(None),
        }
    }

    /// The tasks that wait in a list, from the first on.
    pub fn waiting(&self, list: List) -> WaitingTasks<'_, N> {
        WaitingTasks {
            scheduler: self,
            nodes: list.iter(&self.nvm),
        }
    }

    /// Wakes a blocked task at once, whose result is in its place already. In a critical section, and not in
    /// a kernel transaction.
    pub fn wake_now(&self, task: TaskIndex) -> Result<(), Error> {
        let mut work = Work::none();
        work.wake(self, task)?;
        self.change_lists(work.operations())
    }

    /// Stores the result of a blocked task's system call. Nobody reads it before the task is ready again,
    /// so that it needs no log.
    #[inline]
    pub fn put_result(&self, task: TaskIndex, bytes: &[u8]) -> Result<(), Error> {
        let at = self.result_at(task)?;
        match bytes {
            [byte] => self.nvm.write_u8(Class::Kernel, at, *byte)?,
            _ => self.nvm.write(Class::Kernel, at, bytes)?,
        }
        Ok(())
    }

    /// Where the result of a blocked task's system call goes.
    pub fn result_at(&self, task: TaskIndex) -> Result<RawOffset, Error> {
        let at = self.nvm.load(self.areas.task(task)?.result_at())?;
        Ok(narrowed(at))
    }

    /// Remembers where the result of the system call goes for which a task is about to block. Nobody reads
    /// it before the task is blocked, so that it needs no log.
    pub(crate) fn set_result_at(&self, task: TaskIndex, at: RawOffset) -> Result<(), Error> {
        let (place, at) = (self.areas.task(task)?.result_at(), widened(at));
        if self.nvm.load(place)? != at {
            self.nvm.store(Class::Kernel, place, &at)?;
        }
        Ok(())
    }

    /// Stages work for the kernel transaction that commits with `tag`. What it gives is for
    /// [`settle`](Scheduler::settle).
    #[inline]
    pub(crate) fn stage(&self, work: &Work, tag: u16) -> Result<Staged, Error> {
        if work.is_none() {
            return Ok(Staged::default());
        }
        self.stage_some(work, tag)
    }

    fn stage_some(&self, work: &Work, tag: u16) -> Result<Staged, Error> {
        let mut staged = Staged::default();
        if !work.operations().is_empty() && ablation::LISTS_RECORD {
            if broken::is(Variant::ListsBeforeCommit) {
                OP_LOG.run(&self.nvm, work.operations())?;
            } else {
                staged = OP_LOG.stage(&self.nvm, work.operations(), tag)?;
            }
        }
        if let Some(follow_up) = work.follow_up()
            && ablation::CRASH_CONSISTENCY
        {
            FOLLOW_UP.store(&self.nvm, follow_up, Some(tag))?;
        }
        Ok(staged)
    }

    /// Carries out staged work after the commit, or drops it after a failure. After a failed access to the
    /// NVM it is open whether the commit was stored: then the next start decides.
    #[inline]
    pub(crate) fn settle<R>(
        &self,
        work: &Work,
        staged: Staged,
        result: Result<R, Error>,
    ) -> Result<R, Error> {
        if !work.is_none() {
            match &result {
                Ok(_) => self.carry_out(work, staged)?,
                Err(error) => self.drop_staged(work, error)?,
            }
        }
        result
    }

    fn carry_out(&self, work: &Work, staged: Staged) -> Result<(), Error> {
        let operations = work.operations();
        if !operations.is_empty() && ablation::LISTS_RECORD {
            OP_LOG.complete_staged(&self.nvm, operations, staged)?;
        }
        match work.follow_up() {
            Some(follow_up) => self.finish(follow_up),
            None => Ok(()),
        }
    }

    #[cold]
    fn drop_staged(&self, work: &Work, error: &Error) -> Result<(), Error> {
        if error.is_device_failure() {
            return Ok(());
        }
        if !work.operations().is_empty() && ablation::LISTS_RECORD {
            OP_LOG.discard(&self.nvm)?;
        }
        if work.follow_up().is_some() {
            FOLLOW_UP.retire(&self.nvm)?;
        }
        Ok(())
    }

    /// Runs a kernel transaction of the kernel's own, for follow-ups and interrupt handlers. In a critical
    /// section. `committed` is called right after the commit, before the work that goes with it.
    pub fn transact<R>(
        &self,
        work: &Work,
        committed: impl FnOnce(),
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<R, Error> {
        let mut log = self.kernel_log();
        let staged = self.begin_on(&mut log, work)?;
        let mut tx = log.resume();
        let result = body(&mut tx);
        mem::forget(tx);
        self.end_on(&mut log, work, staged, committed, result)
    }

    /// The kernel's own log, before it is looked at.
    pub const fn kernel_log(&self) -> UndoLog<N> {
        UndoLog::unopened(self.nvm, PLACES.kernel_log, Class::Kernel)
    }

    /// Begins a kernel transaction on the kernel's own log, and stages the work that goes with it.
    pub(crate) fn begin_on(&self, log: &mut UndoLog<N>, work: &Work) -> Result<Staged, Error> {
        log.recover()?;
        let tag = u16::from_le_bytes([log.next_sequence(), KERNEL]);
        let staged = self.stage(work, tag)?;
        match log.begin() {
            Ok(tx) => {
                mem::forget(tx);
                Ok(staged)
            }
            Err(fault) => self.settle(work, staged, Err(fault.into())),
        }
    }

    /// Ends it: commits it, or rolls it back where its result is an error.
    #[inline]
    pub(crate) fn end_on<R>(
        &self,
        log: &mut UndoLog<N>,
        work: &Work,
        staged: Staged,
        committed: impl FnOnce(),
        result: Result<R, replay::Error>,
    ) -> Result<R, Error> {
        let mut tx = log.resume();
        let result = result.and_then(|result| {
            self.change_lists_in(&mut tx, work)?;
            Ok(result)
        });
        let result = match result {
            Ok(result) => {
                let result = tx.commit_with(0).map(|()| result).map_err(Error::from);
                if result.is_ok() {
                    committed();
                }
                result
            }
            Err(error) => {
                tx.roll_back()?;
                Err(error.into())
            }
        };
        self.settle(work, staged, result)
    }

    pub(crate) const fn areas(&self) -> SchedulerAreas {
        self.areas
    }

    pub(crate) const fn threads(&self) -> &ThreadPlaces {
        &self.threads
    }

    pub(crate) const fn follow_ups(&self) -> &FollowUps<N> {
        &self.follow_ups
    }

    pub(crate) fn settings(&self, task: TaskIndex) -> Result<Settings, Error> {
        Ok(Settings(self.nvm.load(self.areas.task(task)?.settings())?))
    }

    pub(crate) fn settings_at(&self, task: TaskIndex) -> Result<Offset<u8>, Error> {
        Ok(self.areas.task(task)?.settings())
    }

    pub(crate) fn store_settings(&self, task: TaskIndex, settings: Settings) -> Result<(), Error> {
        let at = self.settings_at(task)?;
        Ok(self.nvm.store(Class::Kernel, at, &settings.0)?)
    }

    /// The ready list of the most urgent tasks that are ready.
    #[inline]
    fn most_urgent(&self) -> Result<Option<List>, Error> {
        // Written out: a loop is not always unrolled where little text is asked for, and each of these is one load and one
        // comparison with a constant.
        let is_ready = |priority: u8| -> Result<bool, Error> {
            Ok(!areas::ready_list_at(priority).is_empty(&self.nvm)?)
        };
        const { assert!(PRIORITIES == 8, "all of them are written out below") }
        Ok(Some(areas::ready_list_at(if is_ready(7)? {
            7
        } else if is_ready(6)? {
            6
        } else if is_ready(5)? {
            5
        } else if is_ready(4)? {
            4
        } else if is_ready(3)? {
            3
        } else if is_ready(2)? {
            2
        } else if is_ready(1)? {
            1
        } else if is_ready(0)? {
            0
        } else {
            return Ok(None);
        })))
    }

    #[inline]
    pub(crate) const fn state_node(&self, task: TaskIndex) -> Result<NodeRef, Error> {
        self.areas.state_node(task)
    }

    #[inline]
    pub(crate) const fn event_node(&self, task: TaskIndex) -> Result<NodeRef, Error> {
        self.areas.event_node(task)
    }

    /// The task that a node belongs to: it is the node's label. `own` gives the node that it must be.
    #[inline]
    pub(crate) fn task_of(
        &self,
        node: NodeRef,
        own: impl Fn(&Self, TaskIndex) -> Result<NodeRef, Error>,
    ) -> Result<TaskIndex, Error> {
        let index = node.label(&self.nvm)?.to_le_bytes()[0];
        if index >= self.task_count() {
            return Err(ErrorKind::NoSuchTask { index }.error());
        }
        let task = TaskIndex(index);
        if own(self, task)? != node {
            return Err(ErrorKind::Damaged {
                offset: node.offset().get(),
            }
            .error());
        }
        Ok(task)
    }
}
