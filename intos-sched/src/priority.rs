//! Priorities, and how they are inherited: a task is at least as urgent as those who wait for a mutex that it
//! holds, and those who wait for a mutex of theirs, and so on.
//!
//! The priority is stored, so that a wake-up costs no walk; [`Scheduler::settle_priorities`] makes it right
//! again after whatever changed who waits for whom. It can be repeated from its beginning at any time, which
//! is what the follow-up `Settle` does after a power loss:
//!
//! | store | power lost after it: repeated from the first task on |
//! | --- | --- |
//! | a task's priority: one byte | finds it right, and the task's place wrong |
//! | its node in the ready list or the wait list: one list operation | finds both right |
//! | the same of the task that holds what it waits for | the same |

use nvm_core::{Class, Nvm};
use nvm_list::Operation;

use crate::areas::{self, PRIORITIES};
use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind};
use crate::scheduler::Scheduler;
use crate::task::{Priority, TaskIndex};
use crate::work::WaitClass;

impl<N: Nvm + Copy> Scheduler<N> {
    /// A task's priority: its own, or a higher one that it has inherited.
    pub fn priority(&self, task: TaskIndex) -> Result<Priority, Error> {
        checked(self.nvm().load(self.areas().task(task)?.priority())?)
    }

    /// A task's own priority.
    pub fn base_priority(&self, task: TaskIndex) -> Result<Priority, Error> {
        checked(self.settings(task)?.base().0)
    }

    /// The priority that a task should have.
    pub(crate) fn due_priority(&self, task: TaskIndex) -> Result<Priority, Error> {
        self.inherited(task, self.base_priority(task)?)
    }

    /// Makes the priority right of a task, of the one that holds what it waits for, and so on.
    pub(crate) fn settle_priorities(&self, first: TaskIndex) -> Result<(), Error> {
        let mut task = first;
        // Twice around, should they wait for each other in a ring.
        for _ in 0..2 * u32::from(self.task_count()) {
            let due = self.due_priority(task)?;
            if self.priority(task)? != due {
                let at = self.areas().task(task)?.priority();
                self.nvm().store(Class::Kernel, at, &due.0)?;
            }
            self.settle_place(task, due)?;
            match self.held_up_by(task)? {
                Some(owner) => task = owner,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Puts a task where its priority wants it: in the ready lists, or in its wait list. One that rises
    /// comes behind its new equals, one that falls before them.
    fn settle_place(&self, task: TaskIndex, due: Priority) -> Result<(), Error> {
        if broken::is(Variant::ForgetsPlace) {
            return Ok(());
        }
        let nvm = self.nvm();
        let state = self.state_node(task)?;
        if let Some(list) = state.owner(nvm)?
            && let Some(place) = areas::priority_of_ready_list(list)
            && place != due
        {
            let list = areas::ready_list(due)?;
            let operation = if place < due {
                Operation::MoveBack { list, node: state }
            } else {
                Operation::MoveFront { list, node: state }
            };
            self.change_lists(&[operation])?;
        }
        let node = self.event_node(task)?;
        if let Some(list) = node.owner(nvm)? {
            let before = node.key(nvm)?;
            let key = WaitClass::of_key(before).key(due.0);
            if key != before {
                self.change_lists(&[Operation::MoveSorted { list, node, key }])?;
            }
        }
        Ok(())
    }
}

fn checked(priority: u8) -> Result<Priority, Error> {
    if usize::from(priority) < PRIORITIES {
        Ok(Priority(priority))
    } else {
        Err(ErrorKind::NoSuchPriority { priority }.error())
    }
}
