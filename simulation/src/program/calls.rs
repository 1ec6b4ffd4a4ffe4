//! Makes the calls of a plan on the real objects.

use intos::prelude::*;
use intos::{Bytes, InterruptCalls};

use super::{SHAPE, Simulation, worker_kind};
use crate::op::{Op, Place, READ_MOST, RECEIVE_MOST, RECURSIVE, Target, Value};

/// An outcome is an answer; any other error ends the task.
pub(super) fn failure(result: Result<Value, Error>) -> Result<Value, Error> {
    result.or_else(|error| error.outcome().map(Value::Failed).ok_or(error))
}

fn unit(result: Result<(), Error>) -> Result<Value, Error> {
    result.map(|()| Value::Unit)
}

fn number<T: Into<u32>>(result: Result<T, Error>) -> Result<Value, Error> {
    result.map(|number| Value::Number(number.into()))
}

fn bytes<const LEN: usize>(result: Result<Bytes<LEN>, Error>) -> Result<Value, Error> {
    result.map(|bytes| Value::Bytes(bytes.to_vec()))
}

impl Simulation {
    /// Whom a call concerns.
    pub(super) fn resolve<B: Board>(
        &self,
        tx: &mut Tx<B>,
        me: usize,
        mut op: Op,
    ) -> Result<Op, Error> {
        if let Some(target) = op.target_mut() {
            *target = match *target {
                Target::First(index) => Target::Known(TaskId::new(intos::TaskIndex(index), 0)),
                Target::Child => match self.children.element(me) {
                    Some(child) => Target::Known(tx.get(child)?),
                    None => *target,
                },
                known @ Target::Known(_) => known,
            };
        }
        if matches!(op, Op::NewShared | Op::Share | Op::ReleaseShared) {
            let has_one = match self.shared.element(me) {
                Some(slot) => tx.get(slot)? != 0,
                None => false,
            };
            op = match op {
                Op::NewShared if has_one => Op::Share,
                _ if has_one => op,
                _ => Op::NewShared,
            };
        }
        Ok(op)
    }

    /// Allocates a block, or frees the one that the task has.
    pub(super) fn toggle_block<B: Board>(
        &self,
        tx: &mut Tx<B>,
        me: usize,
        bytes: u32,
    ) -> Result<(), Error> {
        let Some(slot) = self.blocks.element(me) else {
            return Ok(());
        };
        match tx.get(slot)? {
            0 => match self.block_heap.allocate(tx, 1 + bytes % 20) {
                Ok(block) => Ok(tx.set(slot, block)?),
                Err(error) if error.is(Outcome::OutOfMemory) => Ok(()),
                Err(error) => Err(error),
            },
            block => {
                self.block_heap.free(tx, block)?;
                Ok(tx.set(slot, 0)?)
            }
        }
    }

    /// Makes, shares or releases the task's shared object.
    fn share<B: Board>(&self, tx: &mut Tx<B>, op: Op) -> Result<Value, Error> {
        let me = usize::from(tx.this_task()?.index().0);
        let Some(slot) = self.shared.element(me) else {
            return Err(Outcome::Invalid.into());
        };
        if op == Op::NewShared {
            let made = Shared::new(tx, self.shared_heap, 7u32)?;
            tx.set(slot, made.into_offset().get())?;
            return Ok(Value::Unit);
        }
        let shared = Shared::<u32>::from_offset(Offset::new(tx.get(slot)?));
        if op == Op::Share {
            let _ = shared.share(tx)?.into_offset();
            return Ok(Value::Unit);
        }
        let is_last = shared.release_in(tx, self.shared_heap)?;
        if is_last {
            tx.set(slot, 0)?;
        }
        Ok(Value::Unit)
    }

    /// Makes a call in a transaction.
    pub(super) fn call<B: Board>(&self, tx: &mut Tx<B>, op: Op) -> Result<Value, Error> {
        failure(match op {
            Op::Send {
                queue,
                item,
                place,
                timeout,
            } => unit(match place {
                Place::Back => self.queues[queue].send(tx, item, timeout),
                Place::Front => self.queues[queue].send_to_front(tx, item, timeout),
                Place::Overwrite => self.queues[queue].overwrite(tx, item),
            }),
            Op::Receive { queue, timeout } => number(self.queues[queue].receive(tx, timeout)),
            Op::Peek { queue, timeout } => number(self.queues[queue].peek(tx, timeout)),
            Op::ResetQueue { queue } => unit(self.queues[queue].reset(tx)),
            Op::DeleteQueue { queue } => unit(self.queues[queue].delete(tx)),
            Op::QueueCount { queue } => number(self.queues[queue].count(tx)),
            Op::Acquire { timeout } => unit(self.semaphore.acquire(tx, timeout)),
            Op::Release => unit(self.semaphore.release(tx)),
            Op::Available => number(self.semaphore.available(tx)),
            Op::DeleteSemaphore => unit(self.semaphore.delete(tx)),
            Op::SetBits { bits } => number(self.group.set(tx, bits)),
            Op::ClearBits { bits } => number(self.group.clear(tx, bits)),
            Op::GetBits => number(self.group.get(tx)),
            Op::WaitBits {
                bits,
                all,
                clear,
                timeout,
            } => {
                let on_exit = if clear { OnExit::Clear } else { OnExit::Keep };
                number(if all {
                    self.group.wait_all(tx, bits, on_exit, timeout)
                } else {
                    self.group.wait_any(tx, bits, on_exit, timeout)
                })
            }
            Op::Sync {
                set,
                wait_for,
                timeout,
            } => number(self.group.sync(tx, set, wait_for, timeout)),
            Op::DeleteGroup => unit(self.group.delete(tx)),
            Op::Take { all, timeout } => number(if all {
                Notification::take_all(tx, timeout)
            } else {
                Notification::take(tx, timeout)
            }),
            Op::WaitNotified {
                before,
                after,
                timeout,
            } => number(Notification::wait(tx, before, after, timeout)),
            Op::StartTimer { timer } => unit(self.timer[timer].start(tx)),
            Op::StopTimer { timer } => unit(self.timer[timer].stop(tx)),
            Op::ChangePeriod { timer, period } => unit(self.timer[timer].change_period(tx, period)),
            Op::TimerActive { timer } => number(self.timer[timer].is_active(tx)),
            Op::NextExpiry { timeout } => self.timers.next(tx, timeout).map(Value::Expired),
            Op::Write {
                first,
                len,
                timeout,
            } => number(self.stream.write(tx, &Op::bytes(first, len), timeout)),
            Op::Read { least, timeout } => bytes(self.stream.read::<READ_MOST>(tx, least, timeout)),
            Op::DeleteStream => unit(self.stream.delete(tx)),
            Op::ResetStream => unit(self.stream.reset(tx)),
            Op::ResetMessages => unit(self.messages.reset(tx)),
            Op::SendMessage {
                first,
                len,
                timeout,
            } => unit(self.messages.send(tx, &Op::bytes(first, len), timeout)),
            Op::ReceiveMessage { timeout } => {
                bytes(self.messages.receive::<RECEIVE_MOST>(tx, timeout))
            }
            Op::NewShared | Op::Share | Op::ReleaseShared => self.share(tx, op),
            Op::Lock { .. } | Op::Unlock { .. } | Op::ToggleBlock => Err(Outcome::Invalid.into()),
            Op::DeleteMutex { mutex } => unit(if mutex == RECURSIVE {
                self.recursive.delete(tx)
            } else {
                self.mutexes[mutex].delete(tx)
            }),
            Op::Delay { ticks } => unit(tx.delay(ticks)),
            Op::Now => number(tx.now()),
            _ => return call_about_task(tx, op),
        })
    }

    /// Makes a call in an interrupt handler.
    pub(super) fn call_from_isr(
        &self,
        isr: &mut impl InterruptCalls,
        op: Op,
    ) -> Result<Value, Error> {
        let id = |target| match target {
            Target::First(index) => TaskId::new(intos::TaskIndex(index), 0),
            Target::Child => TaskId::new(intos::TaskIndex(0xFF), 0),
            Target::Known(id) => id,
        };
        failure(match op {
            Op::Send {
                queue, item, place, ..
            } => unit(match place {
                Place::Back => self.queues[queue].send_from_isr(isr, item),
                Place::Front => self.queues[queue].send_to_front_from_isr(isr, item),
                Place::Overwrite => self.queues[queue].overwrite_from_isr(isr, item),
            }),
            Op::Receive { queue, .. } => number(self.queues[queue].receive_from_isr(isr)),
            Op::Acquire { .. } => unit(self.semaphore.acquire_from_isr(isr)),
            Op::Release => unit(self.semaphore.release_from_isr(isr)),
            Op::SetBits { bits } => number(self.group.set_from_isr(isr, bits)),
            Op::ClearBits { bits } => number(self.group.clear_from_isr(isr, bits)),
            Op::Notify { target, what } => unit(id(target).notify_from_isr(isr, what)),
            Op::Resume { target } => unit(id(target).resume_from_isr(isr)),
            Op::StartTimer { timer } => unit(self.timer[timer].start_from_isr(isr)),
            Op::StopTimer { timer } => unit(self.timer[timer].stop_from_isr(isr)),
            Op::Write { first, len, .. } => {
                number(self.stream.write_from_isr(isr, &Op::bytes(first, len)))
            }
            Op::Read { .. } => bytes(self.stream.read_from_isr::<READ_MOST>(isr)),
            Op::SendMessage { first, len, .. } => {
                unit(self.messages.send_from_isr(isr, &Op::bytes(first, len)))
            }
            Op::ReceiveMessage { .. } => bytes(self.messages.receive_from_isr::<RECEIVE_MOST>(isr)),
            other => {
                debug_assert!(false, "{other:?} is no call of an interrupt handler");
                Err(Outcome::Invalid.into())
            }
        })
    }
}

fn call_about_task<B: Board>(tx: &mut Tx<B>, mut op: Op) -> Result<Value, Error> {
    if let Op::Create { script } = op {
        let tasks = SHAPE.with_borrow(|shape| shape.priorities.len());
        let created = tx.create(worker_kind(tasks), script.into());
        return failure(created.map(Value::Task));
    }
    let Some(Target::Known(task)) = op.target_mut().copied() else {
        return Err(Outcome::Invalid.into());
    };
    failure(match op {
        Op::Notify { what, .. } => unit(task.notify(tx, what)),
        Op::Suspend { .. } => unit(task.suspend(tx)),
        Op::Resume { .. } => unit(task.resume(tx)),
        Op::SetPriority { priority, .. } => unit(task.set_priority(tx, priority)),
        Op::Priority { .. } => number(task.priority(tx).map(|priority| priority.0)),
        Op::State { .. } => task.state(tx).map(Value::State),
        _ => unit(task.delete(tx)),
    })
}
