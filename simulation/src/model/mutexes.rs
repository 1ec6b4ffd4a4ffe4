//! Mutexes of the model, and inherited priorities.

use intos::{Outcome, TaskId, Timeout};

use super::{Doing, Done, Model, Wait, failed};
use crate::op::{RECURSIVE, Value};

/// Who holds a mutex.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    #[default]
    Nobody,
    /// A task, so many times.
    Task(TaskId, u8),
    /// It was deleted.
    Deleted,
}

/// A mutex.
#[derive(Debug, Clone, Default)]
pub struct MutexModel {
    holder: Holder,
    pub(super) waiting: Vec<usize>,
    contended: bool,
}

impl Model {
    /// Who holds a mutex; a task that has ended holds none.
    pub fn holder(&self, mutex: usize) -> Holder {
        match self.mutexes[mutex].holder {
            Holder::Task(id, _) if self.living(id).is_none() => Holder::Nobody,
            holder => holder,
        }
    }

    pub(super) fn lock(&mut self, caller: Option<usize>, mutex: usize, timeout: Timeout) -> Done {
        let Some(task) = caller else {
            return Done::Blocked;
        };
        let me = self.id(task);
        match self.holder(mutex) {
            Holder::Deleted => failed(Outcome::Deleted),
            Holder::Nobody => {
                self.mutexes[mutex].holder = Holder::Task(me, 1);
                Done::Completed(Value::Unit)
            }
            Holder::Task(owner, depth) if owner == me => {
                if mutex != RECURSIVE {
                    return failed(Outcome::HeldAlready);
                }
                self.mutexes[mutex].holder = Holder::Task(me, depth + 1);
                Done::Completed(Value::Unit)
            }
            Holder::Task(..) if timeout == Timeout::None => failed(Outcome::Empty),
            Holder::Task(owner, _) => {
                let owner = usize::from(owner.index().0);
                if !self.mutexes[mutex].contended {
                    self.mutexes[mutex].contended = true;
                    self.tasks[owner].contended.insert(0, mutex);
                }
                let done = self.block(caller, Wait::Mutex(mutex), timeout);
                self.settle(owner);
                done
            }
        }
    }

    pub(super) fn unlock(&mut self, caller: Option<usize>, mutex: usize) -> Value {
        let Some(task) = caller else {
            return Value::Failed(Outcome::NotHeld);
        };
        match self.holder(mutex) {
            Holder::Deleted => Value::Failed(Outcome::Deleted),
            Holder::Task(owner, depth) if owner == self.id(task) => {
                if depth > 1 {
                    self.mutexes[mutex].holder = Holder::Task(owner, depth - 1);
                } else {
                    self.pass_on(mutex, task);
                    self.settle(task);
                }
                Value::Unit
            }
            _ => Value::Failed(Outcome::NotHeld),
        }
    }

    /// The first that waits gets it.
    pub(super) fn pass_on(&mut self, mutex: usize, owner: usize) {
        self.tasks[owner].contended.retain(|other| *other != mutex);
        self.mutexes[mutex].contended = false;
        let Some(heir) = self.mutexes[mutex].waiting.first().copied() else {
            self.mutexes[mutex].holder = Holder::Nobody;
            return;
        };
        self.leave_lists(heir);
        self.mutexes[mutex].holder = Holder::Task(self.id(heir), 1);
        if !self.mutexes[mutex].waiting.is_empty() {
            self.mutexes[mutex].contended = true;
            self.tasks[heir].contended.insert(0, mutex);
        }
        self.wake(heir, Value::Unit);
    }

    pub(super) fn delete_mutex(&mut self, mutex: usize) -> Value {
        let owner = match self.holder(mutex) {
            Holder::Deleted => return Value::Failed(Outcome::Deleted),
            Holder::Nobody => None,
            Holder::Task(owner, _) => Some(usize::from(owner.index().0)),
        };
        self.mutexes[mutex].holder = Holder::Deleted;
        self.mutexes[mutex].contended = false;
        let waiting = std::mem::take(&mut self.mutexes[mutex].waiting);
        self.wake_all(waiting, &Value::Failed(Outcome::Deleted));
        if let Some(owner) = owner {
            self.tasks[owner].contended.retain(|other| *other != mutex);
            self.settle(owner);
        }
        Value::Unit
    }

    /// Who holds what a task waits for.
    pub(super) fn held_up_by(&self, task: usize) -> Option<usize> {
        let Doing::Waiting {
            what: Wait::Mutex(mutex),
            ..
        } = self.tasks[task].doing
        else {
            return None;
        };
        match self.holder(mutex) {
            Holder::Task(owner, _) => Some(usize::from(owner.index().0)),
            _ => None,
        }
    }

    /// The priority of a task follows from its own and from whom it holds up; then that of whom it waits for.
    pub(super) fn settle(&mut self, first: usize) {
        let mut task = first;
        for _ in 0..2 * self.tasks.len() {
            let inherited = self.tasks[task]
                .contended
                .iter()
                .flat_map(|mutex| &self.mutexes[*mutex].waiting)
                .map(|waiting| self.tasks[*waiting].priority)
                .max();
            let due = self.tasks[task].base.max(inherited.unwrap_or(0));
            self.set_due(task, due);
            match self.held_up_by(task) {
                Some(owner) => task = owner,
                None => return,
            }
        }
    }

    fn set_due(&mut self, task: usize, due: u8) {
        let before = self.tasks[task].priority;
        if before == due {
            return;
        }
        self.tasks[task].priority = due;
        let there = self.ready[usize::from(before)].contains(&task);
        if there {
            self.leave_ready(task);
            let list = &mut self.ready[usize::from(due)];
            if due > before {
                list.push_back(task);
            } else {
                list.push_front(task);
            }
        }
        if let Doing::Waiting { what, .. } = self.tasks[task].doing.clone() {
            let server = self.server;
            self.leave_lists(task);
            self.server = server;
            self.enlist(task, &what);
        }
    }
}
