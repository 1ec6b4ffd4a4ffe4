//! Queues of the model.

use std::collections::VecDeque;

use intos::{Outcome, Timeout};

use super::{Doing, Done, Model, Wait, failed};
use crate::op::{Place, QUEUE_CAPACITY, Value};

impl Model {
    /// What is in a queue; `None` where it was deleted.
    pub fn items(&self, queue: usize) -> Option<Vec<u32>> {
        Some(self.queues[queue].as_ref()?.iter().copied().collect())
    }

    pub(super) fn send(
        &mut self,
        caller: Option<usize>,
        queue: usize,
        item: u32,
        place: Place,
        timeout: Timeout,
    ) -> Done {
        let Some(count) = self.queues[queue].as_ref().map(VecDeque::len) else {
            return failed(Outcome::Deleted);
        };
        // All who look, and the first who takes it: that one is woken first.
        let waiting = self.items[queue].clone();
        let (onlookers, takers): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|task| self.peeks(*task));
        let taken = !takers.is_empty();
        for task in takers.into_iter().take(1).chain(onlookers) {
            self.leave_lists(task);
            self.wake(task, Value::Number(item));
        }
        if taken {
            return Done::Completed(Value::Unit);
        }
        let full = count >= QUEUE_CAPACITY[queue].into();
        let Some(items) = self.queues[queue].as_mut() else {
            return failed(Outcome::Deleted);
        };
        match place {
            Place::Overwrite if full => {
                items.pop_back();
                items.push_back(item);
            }
            _ if full => {
                if timeout == Timeout::None {
                    return failed(Outcome::Full);
                }
                let front = place == Place::Front;
                return self.block(caller, Wait::Room { queue, item, front }, timeout);
            }
            Place::Front => items.push_front(item),
            Place::Back | Place::Overwrite => items.push_back(item),
        }
        Done::Completed(Value::Unit)
    }

    fn peeks(&self, task: usize) -> bool {
        matches!(
            self.tasks[task].doing,
            Doing::Waiting {
                what: Wait::Item { peeks: true, .. },
                ..
            }
        )
    }

    pub(super) fn receive(
        &mut self,
        caller: Option<usize>,
        queue: usize,
        timeout: Timeout,
    ) -> Done {
        let Some(items) = self.queues[queue].as_mut() else {
            return failed(Outcome::Deleted);
        };
        let Some(item) = items.pop_front() else {
            if timeout == Timeout::None {
                return failed(Outcome::Empty);
            }
            let peeks = false;
            return self.block(caller, Wait::Item { queue, peeks }, timeout);
        };
        self.admit(queue);
        Done::Completed(Value::Number(item))
    }

    /// Lets the first of those who wait for room in.
    fn admit(&mut self, queue: usize) {
        let Some(task) = self.rooms[queue].first().copied() else {
            return;
        };
        if let Doing::Waiting {
            what: Wait::Room { item, front, .. },
            ..
        } = self.tasks[task].doing
            && let Some(items) = self.queues[queue].as_mut()
        {
            if front {
                items.push_front(item);
            } else {
                items.push_back(item);
            }
        }
        self.leave_lists(task);
        self.wake(task, Value::Unit);
    }

    pub(super) fn peek(&mut self, caller: Option<usize>, queue: usize, timeout: Timeout) -> Done {
        let Some(items) = &self.queues[queue] else {
            return failed(Outcome::Deleted);
        };
        match items.front() {
            Some(item) => Done::Completed(Value::Number(*item)),
            None if timeout == Timeout::None => failed(Outcome::Empty),
            None => {
                let peeks = true;
                self.block(caller, Wait::Item { queue, peeks }, timeout)
            }
        }
    }

    pub(super) fn reset_queue(&mut self, queue: usize) -> Value {
        let Some(items) = self.queues[queue].as_mut() else {
            return Value::Failed(Outcome::Deleted);
        };
        items.clear();
        for _ in 0..QUEUE_CAPACITY[queue] {
            let Some(task) = self.rooms[queue].first().copied() else {
                break;
            };
            // Into an empty queue all come in one after the other.
            if let Doing::Waiting {
                what: Wait::Room { front, .. },
                ..
            } = &mut self.tasks[task].doing
            {
                *front = false;
            }
            self.admit(queue);
        }
        Value::Unit
    }

    pub(super) fn delete_queue(&mut self, queue: usize) -> Value {
        if self.queues[queue].take().is_none() {
            return Value::Failed(Outcome::Deleted);
        }
        let mut waiting = std::mem::take(&mut self.items[queue]);
        waiting.append(&mut self.rooms[queue]);
        self.wake_all(waiting, &Value::Failed(Outcome::Deleted));
        Value::Unit
    }
}
