//! A queue of values, first in, first out.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list of those who receive or peek |
//! | 8..16 | wait list of senders |
//! | 16..18 | index of the first item |
//! | 18..20 | how many items there are; `0xFFFF`: the queue was deleted |
//! | 20.. | slots |
//!
//! Receivers and peekers wait only while the queue is empty, peekers before all receivers; senders wait only
//! while it is full. A sender that finds a waiting receiver puts its item straight into that one's result; all
//! waiting peekers get a copy before. A receiver that finds a waiting sender puts that one's item, which lies
//! behind its result, into the slot that it has emptied.
//!
//! | call | stores in its kernel transaction | not logged, since |
//! | --- | --- | --- |
//! | send to a waiting receiver | receiver's result; wakes it | nobody reads it before the receiver is ready |
//! | send while others peek | free slot; count, unless somebody receives it; follow-up: a copy and a wake-up for each that peeks | the slot is not counted yet |
//! | send | free slot; count | the slot is not counted yet |
//! | send to the front | free slot; first and count | the same |
//! | overwrite what is full | the last slot (logged) | |
//! | receive | first and count | |
//! | receive from a full queue with waiting senders | the emptied slot (logged), first; sender's result; wakes it | nobody reads it before the sender is ready |
//! | reset | first and count; follow-up: waiting senders' items into the slots, their wake-ups | |
//! | delete | count; follow-up `WakeAll` | |

mod attempts;
mod finish;
#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use core::marker::PhantomData;

use intos_sched::{
    CallName, Error, ErrorKind, InterruptCalls, Outcome, Scheduler, SystemCalls, Timeout,
};
use nvm_core::{Class, Layout, Nvm, Offset, Persist, RawOffset, Record, field};
use nvm_list::{Head, List};
use replay::Site;

pub(crate) use self::finish::{finish_peekers, finish_refill};

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

/// Where the slots begin, behind the head of the senders' wait list.
const SLOTS_BEHIND_SENDERS: RawOffset = 12;
const _: () = assert!(
    size_of::<Header>() == core::mem::offset_of!(Header, senders) + SLOTS_BEHIND_SENDERS as usize
);

/// `count` of a queue that was deleted.
const DELETED: u16 = 0xFFFF;

/// A queue of up to `capacity` items: send at the back or at the front, receive from the front; tasks wait by
/// priority, and equals in the order in which they came.
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

type Done = Result<(), Outcome>;

/// Where a sent item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Back,
    Front,
    /// To the back; in place of the last one, if there is no room.
    Overwrite,
}

/// Behind a waiting sender's item: whether it is to go to the front.
const TO_BACK: u8 = 0;
const TO_FRONT: u8 = 1;

impl<T: QueueItem> Queue<T> {
    /// Places a queue in a layout; of one item at least, and 65,534 at most.
    pub fn place(layout: &mut Layout, name: &str, capacity: u16) -> Self {
        const {
            assert!(
                size_of::<T>() as RawOffset == T::MAX_BYTES,
                "an item's record is its bytes"
            );
        };
        let capacity = capacity.clamp(1, DELETED - 1);
        let items = RawOffset::from(capacity).saturating_mul(size_of::<T>() as RawOffset);
        let bytes = items.saturating_add(size_of::<Header>() as RawOffset);
        Self {
            header: Offset::new(layout.area(name, bytes).offset()),
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

    /// How many items are in it now, as seen from outside of any task: 0 where it was deleted.
    pub fn len<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        let (_, count) = self.load(nvm)?;
        Ok(if count == DELETED { 0 } else { count })
    }

    /// Whether there is no item in it now.
    pub fn is_empty<N: Nvm>(&self, nvm: &N) -> Result<bool, Error> {
        Ok(self.len(nvm)? == 0)
    }

    /// The items that are in it now, from the first on, as seen from outside of any task.
    pub fn items<N: Nvm>(&self, nvm: &N) -> impl Iterator<Item = Result<T, Error>> {
        let queue = *self;
        let (first, count) = match self.load(nvm) {
            Ok((first, count)) if count != DELETED => (first, count),
            _ => (0, 0),
        };
        (0..count).map(move |nth| Ok(nvm.load(queue.slot(first, nth))?))
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
        if count == DELETED && receivers == 0 && senders == 0 {
            return Ok(0);
        }
        if first >= self.capacity
            || count > self.capacity
            || (receivers > 0 && count > 0)
            || (senders > 0 && count < self.capacity)
        {
            return Err(ErrorKind::Damaged {
                offset: self.header.get(),
            }
            .error());
        }
        Ok(count)
    }

    /// Puts an item at the back, and waits for room if there is none.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Full`] where it was not to wait,
    /// [`Outcome::Deleted`].
    #[track_caller]
    pub fn send(
        &self,
        tx: &mut impl SystemCalls,
        item: T,
        timeout: impl Into<Timeout>,
    ) -> Result<(), Error> {
        self.send_to(tx, &"queue.send", item, Place::Back, timeout.into())
    }

    /// Puts an item at the back if there is room.
    #[track_caller]
    pub fn try_send(&self, tx: &mut impl SystemCalls, item: T) -> Result<(), Error> {
        self.send_to(tx, &"queue.try_send", item, Place::Back, Timeout::None)
    }

    /// Puts an item at the front, before all others, and waits for room if there is none.
    ///
    /// # Errors
    ///
    /// As [`send`](Queue::send).
    #[track_caller]
    pub fn send_to_front(
        &self,
        tx: &mut impl SystemCalls,
        item: T,
        timeout: impl Into<Timeout>,
    ) -> Result<(), Error> {
        self.send_to(
            tx,
            &"queue.send_to_front",
            item,
            Place::Front,
            timeout.into(),
        )
    }

    /// Puts an item at the back; where there is no room, in place of the last one: with a queue of one item,
    /// a mailbox that holds the latest. Never waits. Where the queue is full, an item is logged.
    #[track_caller]
    pub fn overwrite(&self, tx: &mut impl SystemCalls, item: T) -> Result<(), Error> {
        self.send_to(
            tx,
            &"queue.overwrite",
            item,
            Place::Overwrite,
            Timeout::None,
        )
    }

    #[track_caller]
    fn send_to(
        self,
        tx: &mut impl SystemCalls,
        name: CallName,
        item: T,
        place: Place,
        timeout: Timeout,
    ) -> Result<(), Error> {
        let queue = self;
        let sent: Done = tx
            .call(Site::here(), name)
            .run(|call| queue.attempt_send(call, item, place, timeout))?;
        Ok(sent?)
    }

    /// Takes the item at the front, and waits for one if there is none.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::Deleted`]. Where a sender waits, an item is logged: an error where the task's kernel undo
    /// log has no room for it.
    #[track_caller]
    pub fn receive(
        &self,
        tx: &mut impl SystemCalls,
        timeout: impl Into<Timeout>,
    ) -> Result<T, Error> {
        let (queue, timeout) = (*self, timeout.into());
        let received: Result<T, Outcome> = tx
            .call(Site::here(), &"queue.receive")
            .run(|call| queue.attempt_receive(call, timeout))?;
        Ok(received?)
    }

    /// Takes the item at the front if there is one.
    #[track_caller]
    pub fn try_receive(&self, tx: &mut impl SystemCalls) -> Result<T, Error> {
        self.receive(tx, Timeout::None)
    }

    /// A copy of the item at the front, which stays there; waits for one if there is none. Whoever waits so
    /// gets a copy of the next item, whether or not another takes it.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::Deleted`].
    #[track_caller]
    pub fn peek(&self, tx: &mut impl SystemCalls, timeout: impl Into<Timeout>) -> Result<T, Error> {
        let (queue, timeout) = (*self, timeout.into());
        let seen: Result<T, Outcome> = tx
            .call(Site::here(), &"queue.peek")
            .run(|call| queue.attempt_peek(call, timeout))?;
        Ok(seen?)
    }

    /// How many items are in it. Recorded: a repeated transaction gets the same.
    #[track_caller]
    pub fn count(&self, tx: &mut impl SystemCalls) -> Result<u16, Error> {
        let queue = *self;
        tx.call(Site::here(), &"queue.count").run(|call| {
            let count = queue.len(call.nvm())?;
            call.answer(count)
        })
    }

    /// How many more items it has room for. Recorded.
    #[track_caller]
    pub fn free_slots(&self, tx: &mut impl SystemCalls) -> Result<u16, Error> {
        let queue = *self;
        tx.call(Site::here(), &"queue.free_slots").run(|call| {
            let free = queue.capacity.saturating_sub(queue.len(call.nvm())?);
            call.answer(free)
        })
    }

    /// Drops all items. Those of waiting senders come in then, as far as there is room, in the order in which
    /// the senders wait.
    ///
    /// # Errors
    ///
    /// [`Outcome::Deleted`].
    #[track_caller]
    pub fn reset(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let queue = *self;
        let done: Done = tx
            .call(Site::here(), &"queue.reset")
            .run(|call| queue.attempt_reset(call))?;
        Ok(done?)
    }

    /// Deletes the queue for good: all who wait for it are woken with [`Outcome::Deleted`], and every later
    /// call answers that.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let queue = *self;
        let done: Done = tx
            .call(Site::here(), &"queue.delete")
            .run(|call| queue.attempt_delete(call))?;
        Ok(done?)
    }

    /// [`try_send`](Queue::try_send), from an interrupt handler.
    #[track_caller]
    pub fn send_from_isr(&self, isr: &mut impl InterruptCalls, item: T) -> Result<(), Error> {
        self.send_to_from_isr(isr, &"queue.send_from_isr", item, Place::Back)
    }

    /// [`send_to_front`](Queue::send_to_front) without waiting, from an interrupt handler.
    #[track_caller]
    pub fn send_to_front_from_isr(
        &self,
        isr: &mut impl InterruptCalls,
        item: T,
    ) -> Result<(), Error> {
        self.send_to_from_isr(isr, &"queue.send_to_front_from_isr", item, Place::Front)
    }

    /// [`overwrite`](Queue::overwrite), from an interrupt handler.
    #[track_caller]
    pub fn overwrite_from_isr(&self, isr: &mut impl InterruptCalls, item: T) -> Result<(), Error> {
        self.send_to_from_isr(isr, &"queue.overwrite_from_isr", item, Place::Overwrite)
    }

    #[track_caller]
    fn send_to_from_isr(
        self,
        isr: &mut impl InterruptCalls,
        name: CallName,
        item: T,
        place: Place,
    ) -> Result<(), Error> {
        let queue = self;
        let sent: Done = isr
            .call_from_isr(Site::here(), name)
            .run(|call| queue.attempt_send(call, item, place, Timeout::None))?;
        Ok(sent?)
    }

    /// [`try_receive`](Queue::try_receive), from an interrupt handler.
    #[track_caller]
    pub fn receive_from_isr(&self, isr: &mut impl InterruptCalls) -> Result<T, Error> {
        let queue = *self;
        let received: Result<T, Outcome> = isr
            .call_from_isr(Site::here(), &"queue.receive_from_isr")
            .run(|call| queue.attempt_receive(call, Timeout::None))?;
        Ok(received?)
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
        field!(self.header.at_word(), Header.first).cast()
    }

    fn load<N: Nvm>(self, nvm: &N) -> Result<(u16, u16), Error> {
        let position = nvm.load(self.position())?;
        Ok((position as u16, (position >> 16) as u16))
    }

    /// Which slot is `nth` places behind `first`.
    fn index(self, first: u16, nth: u16) -> u16 {
        let capacity = self.capacity.max(1);
        if cfg!(not(target_pointer_width = "16")) {
            return ((u32::from(first) + u32::from(nth)) % u32::from(capacity)) as u16;
        }
        // Where a division is a loop. A damaged image alone has more than comes around once.
        let left = capacity.saturating_sub(first);
        let index = if nth < left { first + nth } else { nth - left };
        if index < capacity { index } else { 0 }
    }

    /// The slot `nth` places behind `first`. In a damaged image it may lie outside of the queue, and of
    /// the region: then the access is an error.
    fn slot(self, first: u16, nth: u16) -> Offset<T> {
        let index = usize::from(self.index(first, nth));
        let distance = size_of::<Header>() + index * size_of::<T>();
        Offset::new(self.header.get() + distance as RawOffset)
    }
}

const fn pack(low: u16, high: u16) -> u32 {
    low as u32 | (high as u32) << 16
}
