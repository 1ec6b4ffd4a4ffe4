//! A queue of values, first in, first out.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list of receivers |
//! | 8..16 | wait list of senders |
//! | 16..18 | index of the first item |
//! | 18..20 | how many items there are |
//! | 20.. | slots |
//!
//! Receivers wait only while the queue is empty, senders only while it is full. A sender that finds a
//! waiting receiver puts its item straight into that one's result. A receiver that finds a waiting sender
//! puts that one's item, which lies behind its result, into the slot that it has emptied.
//!
//! | call | stores in its kernel transaction | not logged, since |
//! | --- | --- | --- |
//! | send to a waiting receiver | receiver's result; wakes it | nobody reads it before the receiver is ready |
//! | send | free slot; count | the slot is not counted yet |
//! | receive | first and count | |
//! | receive from a full queue with waiting senders | the emptied slot (logged), first; sender's result; wakes it | nobody reads it before the sender is ready |

use core::marker::PhantomData;

use intos_sched::{
    Call, Error, Operations, Outcome, Port, Progress, Scheduler, SystemCalls, Timeout,
};
use nvm_core::{Class, Layout, Nvm, Offset, Persist, Record, field};
use nvm_list::{Head, List};
use replay::Site;

/// What a queue carries: plain data whose record is its bytes, as everything defined by
/// [`persist!`](nvm_core::persist!) and every integer.
pub trait QueueItem: Persist + Record + Copy {}

impl<T: Persist + Record + Copy> QueueItem for T {}

nvm_core::persist! {
    struct Header {
        receivers: Head,
        senders: Head,
        first: u16,
        count: u16,
    }
}

/// A queue of up to `capacity` items: send at the back, receive from the front; tasks wait by priority,
/// and equals in the order in which they came.
///
/// A handle, two words: the queue lies in NVM. An item is delivered exactly once, whatever power losses
/// fall into the calls; it is there from the moment when `send` has committed, whether or not the
/// transaction around it commits later.
///
/// Takes 20 bytes of NVM and the items.
#[derive(Debug)]
pub struct Queue<T> {
    header: Offset<Header>,
    capacity: u16,
    item: PhantomData<fn() -> T>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Queue<T> {}

type Sent = Result<(), Outcome>;

impl<T: QueueItem> Queue<T> {
    /// Places a queue in a layout; of one item at least.
    pub fn place(layout: &mut Layout, name: &str, capacity: u16) -> Self {
        const {
            assert!(
                size_of::<T>() as u32 == T::MAX_BYTES,
                "an item's record is its bytes"
            );
        };
        let capacity = if capacity == 0 { 1 } else { capacity };
        let bytes = size_of::<Header>() + usize::from(capacity) * size_of::<T>();
        Self {
            header: Offset::new(layout.area(name, bytes as u32).offset()),
            capacity,
            item: PhantomData,
        }
    }

    /// Makes it an empty queue. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        List::format(nvm, Class::Kernel, self.receivers_head(), 0)?;
        List::format(nvm, Class::Kernel, self.senders_head(), 0)?;
        nvm.write_u32(Class::Kernel, self.position().get(), 0)?;
        Ok(())
    }

    /// How many items it holds at most.
    pub const fn capacity(&self) -> u16 {
        self.capacity
    }

    /// How many items are in it now, as seen from outside of any task.
    pub fn len<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        Ok(self.load(nvm)?.1)
    }

    /// Whether there is no item in it now.
    pub fn is_empty<N: Nvm>(&self, nvm: &N) -> Result<bool, Error> {
        Ok(self.len(nvm)? == 0)
    }

    /// Validates the queue, and answers how many items are in it: for tests and for tools that look at
    /// images. Stores nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<u16, Error> {
        let (first, count) = self.load(scheduler.nvm())?;
        let receivers = scheduler.check_wait_list(self.receivers()?)?;
        let senders = scheduler.check_wait_list(self.senders()?)?;
        if first >= self.capacity
            || count > self.capacity
            || (receivers > 0 && count > 0)
            || (senders > 0 && count < self.capacity)
        {
            return Err(Error::Damaged {
                offset: self.header.get(),
            });
        }
        Ok(count)
    }

    /// Puts an item at the back, and waits for room if there is none.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Full`] where it was not to wait.
    #[track_caller]
    pub fn send(&self, tx: &mut impl SystemCalls, item: T, timeout: Timeout) -> Result<(), Error> {
        let queue = *self;
        let sent: Sent = tx
            .call(Site::here())
            .run(|call| queue.attempt_send(call, item, timeout))?;
        Ok(sent?)
    }

    /// Puts an item at the back if there is room.
    #[track_caller]
    pub fn try_send(&self, tx: &mut impl SystemCalls, item: T) -> Result<(), Error> {
        self.send(tx, item, Timeout::None)
    }

    /// Takes the item at the front, and waits for one if there is none.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait. Where a sender
    /// waits, an item is logged: an error where the task's kernel undo log has no room for it.
    #[track_caller]
    pub fn receive(&self, tx: &mut impl SystemCalls, timeout: Timeout) -> Result<T, Error> {
        let queue = *self;
        let received: Result<T, Outcome> = tx
            .call(Site::here())
            .run(|call| queue.attempt_receive(call, timeout))?;
        Ok(received?)
    }

    /// Takes the item at the front if there is one.
    #[track_caller]
    pub fn try_receive(&self, tx: &mut impl SystemCalls) -> Result<T, Error> {
        self.receive(tx, Timeout::None)
    }

    fn attempt_send<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        item: T,
        timeout: Timeout,
    ) -> Result<Progress<Sent>, Error> {
        let scheduler = call.scheduler();
        if let Some(receiver) = scheduler.first_waiting(self.receivers()?)? {
            let operations = scheduler.wake_operations(receiver)?;
            // The record of `Ok(item)`.
            let at = scheduler.result_at(receiver)?;
            call.nvm().write(Class::Kernel, at, &[0])?;
            call.nvm()
                .write(Class::Kernel, at.saturating_add(1), item.as_bytes())?;
            return call.complete(&operations, |_| Ok(Ok(())));
        }
        let (first, count) = self.load(call.nvm())?;
        if count < self.capacity {
            let slot = self.slot(first, count);
            call.nvm().store(Class::Kernel, slot, &item)?;
            return call.complete(&Operations::default(), |kernel| {
                kernel.set(field!(self.header, Header.count), count + 1)?;
                Ok(Ok(()))
            });
        }
        if timeout == Timeout::None {
            return call.complete(&Operations::default(), |_| Ok(Err(Outcome::Full)));
        }
        call.block::<Sent>(self.senders()?, timeout, item.as_bytes())
    }

    fn attempt_receive<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Result<T, Outcome>>, Error> {
        let scheduler = call.scheduler();
        let (first, count) = self.load(call.nvm())?;
        if count == 0 {
            if timeout == Timeout::None {
                return call.complete(&Operations::default(), |_| Ok(Err(Outcome::Empty)));
            }
            return call.block::<Result<T, Outcome>>(self.receivers()?, timeout, &[]);
        }
        let slot = self.slot(first, 0);
        let next = first.wrapping_add(1) % self.capacity.max(1);
        let Some(sender) = scheduler.first_waiting(self.senders()?)? else {
            return call.complete(&Operations::default(), |kernel| {
                let item = kernel.get(slot)?;
                kernel.set(self.position(), pack(next, count - 1))?;
                Ok(Ok(item))
            });
        };
        let operations = scheduler.wake_operations(sender)?;
        let at = scheduler.result_at(sender)?;
        // The record of `Ok(())`; the item lies behind the longest record.
        call.nvm().write(Class::Kernel, at, &[0])?;
        let sent: T = call
            .nvm()
            .load(Offset::new(at.saturating_add(Sent::MAX_BYTES)))?;
        call.complete(&operations, |kernel| {
            let item = kernel.get(slot)?;
            // The slot still holds the item that a roll back must find there: logged.
            if intos_sched::is_broken(intos_sched::Variant::SlotNotLogged) {
                kernel.nvm().store(Class::Kernel, slot, &sent)?;
            } else {
                kernel.set(slot, sent)?;
            }
            kernel.set(field!(self.header, Header.first), next)?;
            Ok(Ok(item))
        })
    }

    fn receivers_head(self) -> Offset<Head> {
        field!(self.header, Header.receivers)
    }

    fn senders_head(self) -> Offset<Head> {
        field!(self.header, Header.senders)
    }

    fn receivers(self) -> Result<List, Error> {
        Ok(List::at(self.receivers_head())?)
    }

    fn senders(self) -> Result<List, Error> {
        Ok(List::at(self.senders_head())?)
    }

    /// `first` and `count`, which are one word.
    fn position(self) -> Offset<u32> {
        field!(self.header, Header.first).cast()
    }

    fn load<N: Nvm>(self, nvm: &N) -> Result<(u16, u16), Error> {
        let position = nvm.load(self.position())?;
        Ok((position as u16, (position >> 16) as u16))
    }

    /// The slot `nth` places behind `first`. In a damaged image it may lie outside of the queue, and of
    /// the region: then the access is an error.
    fn slot(self, first: u16, nth: u16) -> Offset<T> {
        let capacity = u32::from(self.capacity.max(1));
        let index = (u32::from(first) + u32::from(nth)) % capacity;
        Offset::new(self.header.get() + size_of::<Header>() as u32 + index * size_of::<T>() as u32)
    }
}

const fn pack(first: u16, count: u16) -> u32 {
    first as u32 | (count as u32) << 16
}
