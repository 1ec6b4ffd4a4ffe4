//! What a queue's calls do in a critical section: see the table of the module above.

use intos_sched::{
    Call, Error, FollowUp, ObjectWork, Outcome, Port, Progress, Scheduler, TaskIndex, Timeout,
    Wait, WaitClass, Work,
};
use nvm_core::{Class, Nvm, Offset, RawOffset, Record, field, widened};

use super::{DELETED, Done, Header, Place, Queue, QueueItem, TO_BACK, TO_FRONT, pack};
use crate::finish::{self, list_link};

impl<T: QueueItem> Queue<T> {
    pub(super) fn attempt_send<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        item: T,
        place: Place,
        timeout: Timeout,
    ) -> Result<Progress<Done>, Error> {
        let scheduler = call.scheduler();
        let (first, count) = self.load(call.nvm())?;
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        let waiting = self.first_two_classes(scheduler)?;
        if waiting != Waiting::NOBODY {
            return self.deliver(call, waiting, item, first);
        }
        if count < self.capacity {
            if place == Place::Front {
                let first = if first == 0 { self.capacity } else { first } - 1;
                call.nvm()
                    .store(Class::Kernel, self.slot(first, 0), &item)?;
                return call.complete_alone(|kernel| {
                    kernel.set(self.position(), pack(first, count + 1))?;
                    Ok(Ok(()))
                });
            }
            let slot = self.slot(first, count);
            call.nvm().store(Class::Kernel, slot, &item)?;
            return call.complete_alone(|kernel| {
                kernel.set(field!(self.header, Header.count), count + 1)?;
                Ok(Ok(()))
            });
        }
        if place == Place::Overwrite {
            let last = self.slot(first, count.saturating_sub(1));
            return call.complete_alone(|kernel| {
                kernel.set(last, item)?;
                Ok(Ok(()))
            });
        }
        if timeout == Timeout::None {
            return call.refuse(Outcome::Full);
        }
        let place = [if place == Place::Front {
            TO_FRONT
        } else {
            TO_BACK
        }];
        let wait = Wait::in_list(self.senders()?);
        call.block::<Done>(wait, timeout, &[item.as_bytes(), &place])
    }

    /// Gives an item to those who wait for one: the queue is empty.
    fn deliver<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        waiting: Waiting,
        item: T,
        first: u16,
    ) -> Result<Progress<Done>, Error> {
        let scheduler = call.scheduler();
        let mut work = Work::none();
        if let Some(receiver) = waiting.receiver {
            put_ok(scheduler, receiver, item.as_bytes())?;
            work.wake(scheduler, receiver)?;
        }
        if waiting.someone_peeks {
            // What they get lies in a free slot, or in the one that gets counted.
            let slot = self.slot(first, 0);
            call.nvm().store(Class::Kernel, slot, &item)?;
            work.set_follow_up(FollowUp::Object(ObjectWork {
                kind: finish::QUEUE_PEEKERS,
                object: list_link(self.receivers()?),
                b: size_of::<T>() as u16,
                c: widened(slot.get()),
            }));
        }
        call.complete(&work, |kernel| {
            if waiting.receiver.is_none() {
                kernel.set(field!(self.header, Header.count), 1)?;
            }
            Ok(Ok(()))
        })
    }

    pub(super) fn attempt_receive<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Result<T, Outcome>>, Error> {
        let scheduler = call.scheduler();
        let (first, count) = self.load(call.nvm())?;
        if count == 0 || count == DELETED {
            return self.wait_for_item(call, count, timeout, WaitClass::Takers);
        }
        let slot = self.slot(first, 0);
        let next = self.index(first, 1);
        let Some(sender) = scheduler.first_waiting(self.senders()?)? else {
            return call.complete_alone(|kernel| {
                let item = kernel.get(slot)?;
                kernel.set(self.position(), pack(next, count - 1))?;
                Ok(Ok(item))
            });
        };
        let mut work = Work::none();
        work.wake(scheduler, sender)?;
        let at = scheduler.result_at(sender)?;
        scheduler.put_result(sender, &Outcome::SUCCESS)?;
        // The item lies behind the longest record.
        let sent_at = Offset::<T>::new(at.saturating_add(Done::MAX_BYTES));
        let sent = call.nvm().load(sent_at)?;
        let place = call
            .nvm()
            .read_u8(sent_at.get().saturating_add(size_of::<T>() as RawOffset))?;
        call.complete(&work, |kernel| {
            let item = kernel.get(slot)?;
            // The slot still holds the item that a roll back must find there: logged.
            if intos_sched::is_broken(intos_sched::Variant::SlotNotLogged) {
                kernel.nvm().store(Class::Kernel, slot, &sent)?;
            } else {
                kernel.set(slot, sent)?;
            }
            // One that goes to the front is the first again.
            if place != TO_FRONT {
                kernel.set(field!(self.header, Header.first), next)?;
            }
            Ok(Ok(item))
        })
    }

    pub(super) fn attempt_peek<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Result<T, Outcome>>, Error> {
        let (first, count) = self.load(call.nvm())?;
        if count == 0 || count == DELETED {
            return self.wait_for_item(call, count, timeout, WaitClass::Onlookers);
        }
        let item = call.nvm().load(self.slot(first, 0))?;
        call.answer(Ok(item))
    }

    fn wait_for_item<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        count: u16,
        timeout: Timeout,
        class: WaitClass,
    ) -> Result<Progress<Result<T, Outcome>>, Error> {
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        if timeout == Timeout::None {
            return call.refuse(Outcome::Empty);
        }
        let list = self.receivers()?;
        call.block::<Result<T, Outcome>>(Wait { list, class }, timeout, &[])
    }

    pub(super) fn attempt_reset<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Done>, Error> {
        let scheduler = call.scheduler();
        let (_, count) = self.load(call.nvm())?;
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        let senders = self.senders()?;
        let waiting = scheduler.waiting(senders).count() as u16;
        let coming = waiting.min(self.capacity);
        let work = if waiting == 0 {
            Work::none()
        } else {
            Work::followed_by(FollowUp::Object(ObjectWork {
                kind: finish::QUEUE_REFILL,
                object: list_link(senders),
                b: size_of::<T>() as u16,
                c: pack(waiting, coming),
            }))
        };
        call.complete(&work, |kernel| {
            kernel.set(self.position(), pack(0, coming))?;
            Ok(Ok(()))
        })
    }

    pub(super) fn attempt_delete<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Done>, Error> {
        let (_, count) = self.load(call.nvm())?;
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        let work = Work::of_deletion(call.nvm(), [self.receivers()?, self.senders()?])?;
        call.complete(&work, |kernel| {
            kernel.set(field!(self.header, Header.count), DELETED)?;
            Ok(Ok(()))
        })
    }

    /// Who waits for an item.
    fn first_two_classes<N: Nvm + Copy>(self, scheduler: &Scheduler<N>) -> Result<Waiting, Error> {
        let mut waiting = Waiting::NOBODY;
        let receivers = self.receivers()?;
        match scheduler.first_waiting_of(receivers)? {
            None => return Ok(waiting),
            Some((task, WaitClass::Takers)) => {
                waiting.receiver = Some(task);
                return Ok(waiting);
            }
            Some((_, WaitClass::Onlookers)) => {}
        }
        for entry in scheduler.waiting(receivers) {
            let (task, node) = entry?;
            if WaitClass::of_key(node.key(scheduler.nvm())?) == WaitClass::Takers {
                waiting.receiver = Some(task);
                break;
            }
            waiting.someone_peeks = true;
        }
        Ok(waiting)
    }
}

/// Who waits for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    someone_peeks: bool,
    receiver: Option<TaskIndex>,
}

impl Waiting {
    const NOBODY: Self = Self {
        someone_peeks: false,
        receiver: None,
    };
}

/// Stores the record of `Ok(value)` as a blocked task's result.
fn put_ok<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    task: TaskIndex,
    value: &[u8],
) -> Result<(), Error> {
    let at = scheduler.result_at(task)?;
    let nvm = scheduler.nvm();
    nvm.write_u8(Class::Kernel, at, 0)?;
    Ok(nvm.write(Class::Kernel, at.saturating_add(1), value)?)
}
