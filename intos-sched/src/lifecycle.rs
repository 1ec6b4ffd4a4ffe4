//! Tasks that come, go, and are held up: creation, end, suspension.
//!
//! A slot whose task has ended may get a new one:
//!
//! | store | power lost after it: the next start |
//! | --- | --- |
//! | logs, tables, argument, control block | nothing: the slot's task has ended; a generation is used up |
//! | list work, staged; the creator's commit | the new task is ready |
//! | the list operation | the same |
//!
//! How a task ends: follow-up `Bury`, module `follow_up`.

use nvm_core::{Class, Nvm, Offset, ablation};
use nvm_list::Operation;
use nvm_tx::UndoLog;
use replay::{SystemTx, Thread, ThreadAreas};

use crate::areas::{self, FOLLOW_UP};
use crate::broken::{self, Variant};
use crate::error::{Error, Outcome};
use crate::follow_up::FollowUp;
use crate::scheduler::{Scheduler, TaskState};
use crate::task::{ControlBlock, Priority, Settings, TaskId, TaskIndex};
use crate::work::Work;

/// A task that was prepared, and has yet to be there.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct NewTask {
    id: TaskId,
    generation_at: Offset<u16>,
}

impl NewTask {
    /// In the kernel transaction that creates it: the slot has a new generation, so that names of tasks that were
    /// there before mean this one never. Logged, since a torn generation could be an old one.
    pub fn carry_out<N: Nvm>(self, kernel: &mut SystemTx<'_, N>) -> Result<TaskId, replay::Error> {
        kernel.set(self.generation_at, self.id.generation())?;
        Ok(self.id)
    }
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// The name of the task that is in a slot now.
    pub fn id(&self, task: TaskIndex) -> Result<TaskId, Error> {
        Ok(TaskId::new(task, self.generation(task)?))
    }

    /// How many tasks were created in a slot.
    #[inline]
    pub fn generation(&self, task: TaskIndex) -> Result<u16, Error> {
        Ok(self.nvm().load(self.areas().task(task)?.generation())?)
    }

    /// Whether a task has not ended.
    pub fn is_alive(&self, task: TaskId) -> Result<bool, Error> {
        if task.index().0 >= self.task_count() {
            return Ok(false);
        }
        Ok(self.id(task.index())? == task && self.state(task.index())? != TaskState::Ended)
    }

    /// The index of a task that has not ended.
    pub fn living(&self, task: TaskId) -> Result<Result<TaskIndex, Outcome>, Error> {
        Ok(if self.is_alive(task)? {
            Ok(task.index())
        } else {
            Err(Outcome::NoSuchTask)
        })
    }

    /// Prepares a task in a slot whose task has ended: it is there when the work, which this adds to, is in
    /// force. The slot's logs and tables, which lie in `areas`, are formatted, and its argument stored by `argument`.
    pub fn prepare_task(
        &self,
        slot: TaskIndex,
        areas: &ThreadAreas,
        priority: Priority,
        work: &mut Work,
        argument: impl FnOnce() -> Result<(), Error>,
    ) -> Result<NewTask, Error> {
        let at = self.areas().task(slot)?;
        Thread::format(*self.nvm(), areas)?;
        argument()?;
        // Its nodes are in no list, and know whose they are.
        let nvm = self.nvm();
        nvm.store(Class::Kernel, at.notification(), &0)?;
        nvm.store(Class::Kernel, at.settings(), &Settings::of(priority).0)?;
        nvm.store(Class::Kernel, at.priority(), &priority.0)?;
        nvm.store(Class::Kernel, at.held(), &0)?;
        work.push(Operation::PushBack {
            list: areas::ready_list(priority)?,
            node: self.state_node(slot)?,
        })?;
        let generation = nvm.load(at.generation())?.wrapping_add(1);
        Ok(NewTask {
            id: TaskId::new(slot, generation),
            generation_at: at.generation(),
        })
    }

    /// Stores the control block of a task that is in no list. Part of the region's first boot.
    pub(crate) fn format_task(&self, task: TaskIndex, priority: Priority) -> Result<(), Error> {
        let block = ControlBlock {
            state: nvm_list::Node::unlinked(task.0.into()),
            event: nvm_list::Node::unlinked(task.0.into()),
            result_at: 0,
            notification: 0,
            settings: Settings::of(priority).0,
            priority: priority.0,
            generation: 0,
            held: 0,
            unused: 0,
        };
        let at = self.areas().task(task)?;
        Ok(self.nvm().store(Class::Kernel, at.0, &block)?)
    }

    /// What ends a task for good, with the commit of a system call: it leaves all lists, its transaction is
    /// rolled back, the mutexes that it holds go to those who wait for them.
    pub fn burial(&self, task: TaskIndex) -> Result<FollowUp, Error> {
        Ok(FollowUp::Bury {
            task,
            settle: self.held_up_by(task)?,
        })
    }

    /// Ends the task that runs: it is never chosen again, unless its slot gets a new task. In a critical
    /// section. `ended` is called as soon as no power loss can change that.
    pub fn end(&self, task: TaskIndex, ended: impl FnOnce()) -> Result<(), Error> {
        let burial = self.burial(task)?;
        if ablation::CRASH_CONSISTENCY {
            FOLLOW_UP.store(self.nvm(), burial, None)?;
        }
        ended();
        self.finish(burial)
    }

    pub(crate) fn bury(&self, task: TaskIndex) -> Result<(), Error> {
        let mut work = Work::none();
        for node in [self.event_node(task)?, self.state_node(task)?] {
            if node.is_linked(self.nvm())? {
                work.push(Operation::Remove { node })?;
            }
        }
        self.change_lists(work.operations())?;
        let settings = self.settings(task)?;
        if settings.is_suspended() {
            self.store_settings(task, settings.with_suspended(false))?;
        }
        if !broken::is(Variant::BuriesWithoutRollBack) {
            // Opening it rolls back.
            let log = self.threads().of(task)?.log();
            UndoLog::unopened(*self.nvm(), log, Class::Data).recover()?;
        }
        self.hand_over_mutexes(task)
    }

    /// The list work that suspends a task, besides the change of its settings.
    pub(crate) fn suspension(&self, task: TaskIndex) -> Result<Work, Error> {
        let mut work = Work::none();
        if self.state(task)? == TaskState::Ready {
            let node = self.state_node(task)?;
            work.push(Operation::Remove { node })?;
        }
        Ok(work)
    }

    /// The list work that resumes a suspended task, besides the change of its settings.
    pub(crate) fn resumption(&self, task: TaskIndex) -> Result<Work, Error> {
        let mut work = Work::none();
        let (state, event) = (self.state_node(task)?, self.event_node(task)?);
        if !state.is_linked(self.nvm())? && !event.is_linked(self.nvm())? {
            work.push(Operation::PushBack {
                list: areas::ready_list(self.priority(task)?)?,
                node: state,
            })?;
        }
        Ok(work)
    }
}
