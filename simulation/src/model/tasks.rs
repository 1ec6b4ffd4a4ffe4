//! Tasks of the model: who waits, who is woken, priorities, life and death.

use intos::{Notify, Outcome, TaskId, TaskState, Timeout};

use super::{Awaits, Doing, Done, Model, Wait, failed};
use crate::op::Value;

impl Model {
    /// The task that a name means, if it is there.
    pub(super) fn living(&self, id: TaskId) -> Option<usize> {
        let task = usize::from(id.index().0);
        let there = self.tasks.get(task)?;
        (there.generation == id.generation() && there.doing != Doing::Ended).then_some(task)
    }

    /// What a task is doing, in the kernel's words.
    pub fn state(&self, task: usize) -> TaskState {
        let task = &self.tasks[task];
        match &task.doing {
            Doing::Ended => TaskState::Ended,
            _ if task.suspended => TaskState::Suspended,
            Doing::Ready => TaskState::Ready,
            Doing::Waiting {
                what: Wait::Time, ..
            } => TaskState::Delayed,
            Doing::Waiting { until, .. } => TaskState::Blocked { until: *until },
        }
    }

    /// A task's priority.
    pub fn priority(&self, task: usize) -> u8 {
        self.tasks[task].priority
    }

    /// A task's notification value, and whether one is pending.
    pub fn notification(&self, task: usize) -> (u32, bool) {
        (self.tasks[task].notification, self.tasks[task].notified)
    }

    pub(super) fn block(&mut self, caller: Option<usize>, what: Wait, timeout: Timeout) -> Done {
        let until = match timeout {
            Timeout::Ticks(ticks) => Some(self.now.wrapping_add(ticks.max(1))),
            _ => None,
        };
        self.block_until(caller, what, until)
    }

    pub(super) fn block_until(
        &mut self,
        caller: Option<usize>,
        what: Wait,
        until: Option<u32>,
    ) -> Done {
        let Some(task) = caller else {
            // An interrupt handler never waits: this will not agree with what happened.
            return Done::Blocked;
        };
        self.leave_ready(task);
        self.counter += 1;
        let list = what.clone();
        self.tasks[task].doing = Doing::Waiting {
            what,
            until,
            since: self.counter,
        };
        self.enlist(task, &list);
        Done::Blocked
    }

    /// Puts a task into the list of what it waits for: behind all that are as urgent.
    pub(super) fn enlist(&mut self, task: usize, what: &Wait) {
        let rank = |model: &Self, task: usize| {
            let peeks = matches!(
                model.tasks[task].doing,
                Doing::Waiting {
                    what: Wait::Item { peeks: true, .. },
                    ..
                }
            );
            (!peeks, std::cmp::Reverse(model.tasks[task].priority))
        };
        let own = rank(self, task);
        let Some(list) = self.list_of(what) else {
            return;
        };
        let list = list.clone();
        let at = list
            .iter()
            .position(|other| rank(self, *other) > own)
            .unwrap_or(list.len());
        if let Some(list) = self.list_of(what) {
            list.insert(at, task);
        }
    }

    fn list_of(&mut self, what: &Wait) -> Option<&mut Vec<usize>> {
        Some(match what {
            Wait::Item { queue, .. } => &mut self.items[*queue],
            Wait::Room { queue, .. } => &mut self.rooms[*queue],
            Wait::Unit => &mut self.units,
            Wait::Bits { .. } => &mut self.groups,
            Wait::Mutex(mutex) => &mut self.mutexes[*mutex].waiting,
            _ => return None,
        })
    }

    /// A task waits no longer: it is in no list of those who wait.
    pub(super) fn leave_lists(&mut self, task: usize) {
        if let Doing::Waiting { what, .. } = self.tasks[task].doing.clone()
            && let Some(list) = self.list_of(&what)
        {
            list.retain(|other| *other != task);
        }
        if self.server == Some(task) {
            self.server = None;
        }
    }

    /// Makes a task ready that has left its lists.
    pub(super) fn wake(&mut self, task: usize, answer: Value) {
        self.tasks[task].answer = Some(answer);
        self.tasks[task].doing = Doing::Ready;
        if !self.tasks[task].suspended {
            let priority = self.tasks[task].priority;
            self.ready[usize::from(priority)].push_back(task);
        }
    }

    pub(super) fn wake_all(&mut self, waiting: Vec<usize>, answer: &Value) {
        for task in waiting {
            self.wake(task, answer.clone());
        }
    }

    pub(super) fn leave_ready(&mut self, task: usize) {
        for list in &mut self.ready {
            list.retain(|other| *other != task);
        }
    }

    pub(super) fn suspend(&mut self, id: TaskId) -> Value {
        let Some(task) = self.living(id) else {
            return Value::Failed(Outcome::NoSuchTask);
        };
        self.tasks[task].suspended = true;
        self.leave_ready(task);
        Value::Unit
    }

    pub(super) fn resume(&mut self, id: TaskId) -> Value {
        let Some(task) = self.living(id) else {
            return Value::Failed(Outcome::NoSuchTask);
        };
        if self.tasks[task].suspended {
            self.tasks[task].suspended = false;
            if self.tasks[task].doing == Doing::Ready {
                self.ready[usize::from(self.tasks[task].priority)].push_back(task);
            }
        }
        Value::Unit
    }

    pub(super) fn set_priority(&mut self, id: TaskId, priority: u8) -> Value {
        let Some(task) = self.living(id) else {
            return Value::Failed(Outcome::NoSuchTask);
        };
        if priority > 7 {
            return Value::Failed(Outcome::Invalid);
        }
        self.tasks[task].base = priority;
        self.settle(task);
        Value::Unit
    }

    pub(super) fn delete(&mut self, caller: Option<usize>, id: TaskId) -> Value {
        match self.living(id) {
            None => Value::Failed(Outcome::NoSuchTask),
            Some(task) if Some(task) == caller => Value::Failed(Outcome::Invalid),
            Some(task) => {
                self.end(task);
                Value::Unit
            }
        }
    }

    /// A task ends: by itself or by another.
    pub fn end(&mut self, task: usize) {
        let owner = self.held_up_by(task);
        self.leave_lists(task);
        self.leave_ready(task);
        self.tasks[task].suspended = false;
        self.tasks[task].doing = Doing::Ended;
        self.tasks[task].answer = None;
        while let Some(mutex) = self.tasks[task].contended.first().copied() {
            self.pass_on(mutex, task);
        }
        if let Some(owner) = owner {
            self.settle(owner);
        }
    }

    pub(super) fn create(&mut self) -> Value {
        let slot = (self.first_worker..self.tasks.len())
            .find(|slot| self.tasks[*slot].doing == Doing::Ended);
        let Some(slot) = slot else {
            return Value::Failed(Outcome::NoFreeSlot);
        };
        let priority = self.worker_priority;
        let task = &mut self.tasks[slot];
        task.base = priority;
        task.priority = priority;
        task.generation = task.generation.wrapping_add(1);
        task.suspended = false;
        task.doing = Doing::Ready;
        task.notification = 0;
        task.notified = false;
        task.contended.clear();
        task.answer = None;
        self.ready[usize::from(priority)].push_back(slot);
        Value::Task(self.id(slot))
    }

    pub(super) fn notify(&mut self, id: TaskId, what: Notify) -> Value {
        let Some(task) = self.living(id) else {
            return Value::Failed(Outcome::NoSuchTask);
        };
        let there = &mut self.tasks[task];
        match what {
            Notify::Nothing => {}
            Notify::Increment => there.notification = there.notification.saturating_add(1),
            Notify::SetBits(bits) => there.notification |= bits,
            Notify::Overwrite(value) => there.notification = value,
            Notify::SetIfNonePending(value) => {
                if there.notified {
                    return Value::Failed(Outcome::Overflow);
                }
                there.notification = value;
            }
        }
        there.notified = true;
        if let Doing::Waiting {
            what: Wait::Notification(awaits),
            ..
        } = there.doing
            && let Some(value) = self.take_notification(task, awaits)
        {
            self.leave_lists(task);
            self.wake(task, Value::Number(value));
        }
        Value::Unit
    }

    /// Takes what is awaited of a notification, if it is there.
    fn take_notification(&mut self, task: usize, awaits: Awaits) -> Option<u32> {
        let there = &mut self.tasks[task];
        let value = there.notification;
        there.notification = match awaits {
            Awaits::One if value > 0 => value - 1,
            Awaits::All if value > 0 => 0,
            Awaits::Any { clear } if there.notified => value & !clear,
            _ => return None,
        };
        there.notified = false;
        Some(value)
    }

    pub(super) fn await_notification(
        &mut self,
        caller: Option<usize>,
        awaits: Awaits,
        clear_before: u32,
        timeout: Timeout,
    ) -> Done {
        let Some(task) = caller else {
            return Done::Blocked;
        };
        if let Some(value) = self.take_notification(task, awaits) {
            return Done::Completed(Value::Number(value));
        }
        self.tasks[task].notification &= !clear_before;
        if timeout == Timeout::None {
            return failed(Outcome::Empty);
        }
        self.block(caller, Wait::Notification(awaits), timeout)
    }
}
