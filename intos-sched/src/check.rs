//! The full validation of the kernel's state, for tests and for tools that look at images.

use nvm_core::Nvm;
use nvm_list::List;

use crate::areas::{self, NOTIFIED, PRIORITIES};
use crate::error::{Error, ErrorKind};
use crate::scheduler::{Scheduler, TaskState};
use crate::task::{Priority, TaskIndex};
use crate::time::{self, Half};
use crate::work::WaitClass;

impl<N: Nvm + Copy> Scheduler<N> {
    /// Validates all of the kernel's own lists, priorities, and chains of mutexes, and answers how many tasks
    /// have not ended. Stores nothing. Validate the lists of objects with their own methods.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check(&self) -> Result<u32, Error> {
        let most = u32::from(self.task_count());
        for priority in 0..PRIORITIES as u8 {
            let list = areas::ready_list(Priority(priority))?;
            nvm_list::check(self.nvm(), list, most, false)?;
            for node in list.iter(self.nvm()) {
                let task = self.task_of(node?, Self::state_node)?;
                if self.priority(task)?.0 != priority
                    || self.settings(task)?.is_suspended()
                    || self.event_node(task)?.is_linked(self.nvm())?
                {
                    return Err(damaged(list));
                }
            }
        }
        let now = self.now()?;
        for half in Half::BOTH {
            let list = areas::delayed(half);
            nvm_list::check(self.nvm(), list, most, true)?;
            for node in list.iter(self.nvm()) {
                let node = node?;
                let _ = self.task_of(node, Self::state_node)?;
                let tick = node.key(self.nvm())?;
                if Half::of(tick) != half || time::has_come(tick, now) {
                    return Err(damaged(list));
                }
            }
        }
        self.check_wait_list(NOTIFIED)?;
        let mut alive = 0;
        for task in (0..self.task_count()).map(TaskIndex) {
            if self.state(task)? == TaskState::Ended {
                continue;
            }
            alive += 1;
            if self.priority(task)? != self.due_priority(task)? {
                return Err(ErrorKind::Damaged {
                    offset: self.areas().task(task)?.priority().get(),
                }
                .error());
            }
        }
        Ok(alive)
    }

    /// Validates a wait list: its order, and that just the tasks wait there that say so. Answers how many.
    pub fn check_wait_list(&self, list: List) -> Result<u32, Error> {
        let waiting = nvm_list::check(self.nvm(), list, u32::from(self.task_count()), true)?;
        for entry in self.waiting(list) {
            let (task, node) = entry?;
            let state = self.state(task)?;
            let key = node.key(self.nvm())?;
            if !matches!(state, TaskState::Blocked { .. } | TaskState::Suspended)
                || key != WaitClass::of_key(key).key(self.priority(task)?.0)
            {
                return Err(damaged(list));
            }
        }
        Ok(waiting)
    }
}

fn damaged(list: List) -> Error {
    ErrorKind::Damaged {
        offset: list.head().get(),
    }
    .error()
}
