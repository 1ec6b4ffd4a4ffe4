//! Messages of any length from one task to another.
//!
//! The layout is that of a ring (module `ring`); a message is its length, 2 bytes, and its bytes.
//!
//! | call | stores in its kernel transaction | after its commit |
//! | --- | --- | --- |
//! | send to a waiting receiver | its result; wakes it | |
//! | send | length and bytes, where none are counted; count | |
//! | send where there is no room | the message, behind the result | blocks the task |
//! | receive | first and count | wakes a waiting sender, if there is room now; follow-up: its message into the ring |
//! | receive from an empty buffer | how much it can take | blocks the task |

use intos_sched::{
    Call, Error, ErrorKind, InterruptCalls, Outcome, Port, Progress, Scheduler, SystemCalls,
    Timeout, Work,
};
use nvm_core::{Layout, Nvm};
use replay::Site;

use crate::bytes::Bytes;
use crate::ring::{Filling, Read, Ring, Written};

/// Bytes of a message's length.
const LENGTH_BYTES: u16 = 2;

/// A buffer for messages of any length: one task or interrupt handler sends, another receives. Several on one
/// side take turns by a mutex; a second that would have to wait gets [`Outcome::Busy`].
///
/// A message is received whole and exactly once, or not at all.
///
/// A handle, two words: 28 bytes in NVM, and the buffer, in which a message takes its bytes and two more.
#[derive(Debug, Clone, Copy)]
pub struct MessageBuffer {
    ring: Ring,
    capacity: u16,
}

impl MessageBuffer {
    /// Places a buffer of up to 65,534 bytes in a layout; of 3 at least.
    pub fn place(layout: &mut Layout, name: &str, capacity: u16) -> Self {
        let capacity = capacity.clamp(LENGTH_BYTES + 1, u16::MAX - 1);
        Self {
            ring: Ring::place(layout, name, capacity),
            capacity,
        }
    }

    /// Makes it an empty buffer. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        self.ring.format(nvm, self.capacity)
    }

    /// How many bytes it holds at most, lengths included.
    pub const fn capacity(&self) -> u16 {
        self.capacity
    }

    /// How many bytes are in it now, lengths included, as seen from outside of any task.
    pub fn len<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        Ok(self.ring.filling(nvm)?.map_or(0, |filling| filling.count))
    }

    /// Whether there is no message in it now.
    pub fn is_empty<N: Nvm>(&self, nvm: &N) -> Result<bool, Error> {
        Ok(self.len(nvm)? == 0)
    }

    /// Validates the buffer, and answers how many bytes are in it: for tests and for tools that look at
    /// images. Stores nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<u16, Error> {
        let bytes = self.ring.check(scheduler)?;
        let mut filling = self.ring.filling(scheduler.nvm())?;
        while let Some(rest) = filling
            && rest.count > 0
        {
            let len = self.first_len(scheduler.nvm(), rest)?;
            if len.saturating_add(LENGTH_BYTES) > rest.count {
                return Err(ErrorKind::Damaged {
                    offset: self.ring.reading()?.head().get(),
                }
                .error());
            }
            filling = Some(rest.without(len + LENGTH_BYTES));
        }
        Ok(bytes)
    }

    /// Sends a message, and waits while there is no room for it.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Full`] where it was not to wait,
    /// [`Outcome::TooLong`] where there can never be room, [`Outcome::Busy`], [`Outcome::Deleted`]. The message
    /// must have room in the task's table of system calls where it waits.
    #[track_caller]
    pub fn send(
        &self,
        tx: &mut impl SystemCalls,
        message: &[u8],
        timeout: impl Into<Timeout>,
    ) -> Result<(), Error> {
        let (buffer, timeout) = (*self, timeout.into());
        let sent: Written = tx
            .call(Site::here(), &"message_buffer.send")
            .run(|call| buffer.attempt_send(call, message, timeout))?;
        sent?;
        Ok(())
    }

    /// Sends a message if there is room for it.
    #[track_caller]
    pub fn try_send(&self, tx: &mut impl SystemCalls, message: &[u8]) -> Result<(), Error> {
        self.send(tx, message, Timeout::None)
    }

    /// [`try_send`](MessageBuffer::try_send), from an interrupt handler.
    #[track_caller]
    pub fn send_from_isr(
        &self,
        isr: &mut impl InterruptCalls,
        message: &[u8],
    ) -> Result<(), Error> {
        let buffer = *self;
        let sent: Written = isr
            .call_from_isr(Site::here(), &"message_buffer.send_from_isr")
            .run(|call| buffer.attempt_send(call, message, Timeout::None))?;
        sent?;
        Ok(())
    }

    /// Receives a message of up to `LEN` bytes, and waits for one.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::TooLong`] where the next message is longer than `LEN` bytes: it stays in the buffer;
    /// [`Outcome::Busy`], [`Outcome::Deleted`].
    #[track_caller]
    pub fn receive<const LEN: usize>(
        &self,
        tx: &mut impl SystemCalls,
        timeout: impl Into<Timeout>,
    ) -> Result<Bytes<LEN>, Error> {
        let (buffer, timeout) = (*self, timeout.into());
        let received: Read<LEN> = tx
            .call(Site::here(), &"message_buffer.receive")
            .run(|call| buffer.attempt_receive(call, timeout))?;
        Ok(received?)
    }

    /// Receives a message if there is one.
    #[track_caller]
    pub fn try_receive<const LEN: usize>(
        &self,
        tx: &mut impl SystemCalls,
    ) -> Result<Bytes<LEN>, Error> {
        self.receive(tx, Timeout::None)
    }

    /// [`try_receive`](MessageBuffer::try_receive), from an interrupt handler.
    #[track_caller]
    pub fn receive_from_isr<const LEN: usize>(
        &self,
        isr: &mut impl InterruptCalls,
    ) -> Result<Bytes<LEN>, Error> {
        let buffer = *self;
        let received: Read<LEN> = isr
            .call_from_isr(Site::here(), &"message_buffer.receive_from_isr")
            .run(|call| buffer.attempt_receive(call, Timeout::None))?;
        Ok(received?)
    }

    /// Drops all that is in it.
    ///
    /// # Errors
    ///
    /// [`Outcome::Busy`] where a task waits for the buffer: nothing is dropped then; [`Outcome::Deleted`].
    #[track_caller]
    pub fn reset(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let ring = self.ring;
        let done: Result<(), Outcome> = tx
            .call(Site::here(), &"message_buffer.reset")
            .run(|call| ring.attempt_reset(call))?;
        Ok(done?)
    }

    /// Deletes the buffer for good: who waits for it is woken with [`Outcome::Deleted`], and every later call
    /// answers that.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let ring = self.ring;
        let done: Result<(), Outcome> = tx
            .call(Site::here(), &"message_buffer.delete")
            .run(|call| ring.attempt_delete(call))?;
        Ok(done?)
    }

    fn attempt_send<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        message: &[u8],
        timeout: Timeout,
    ) -> Result<Progress<Written>, Error> {
        let (ring, scheduler) = (self.ring, call.scheduler());
        let Some(before) = ring.filling(call.nvm())? else {
            return call.refuse(Outcome::Deleted);
        };
        // In 32 bits: a `usize` may have 16.
        let needed = (message.len() as u32).saturating_add(LENGTH_BYTES.into());
        if needed > before.capacity.into() {
            return call.refuse(Outcome::TooLong);
        }
        let (len, needed) = (message.len() as u16, needed as u16);
        if before.free() < needed || !ring.writing()?.is_empty(call.nvm())? {
            if timeout == Timeout::None {
                return call.refuse(Outcome::Full);
            }
            return ring.block_writer(call, message, timeout);
        }
        // Stored also where a receiver waits, who gets it from there.
        ring.append(call.nvm(), before, &len.to_le_bytes())?;
        ring.append(call.nvm(), before.with(LENGTH_BYTES), message)?;
        let with = before.with(needed);
        let mut after = with;
        let mut work = Work::none();
        if let Some(reader) = ring.reader(scheduler)? {
            if len <= reader.most {
                reader.put(call.nvm(), ring, with, (LENGTH_BYTES, len))?;
                after = with.without(needed);
            } else {
                scheduler.put_result(reader.task, &Outcome::TooLong.as_record())?;
            }
            work.wake(scheduler, reader.task)?;
        }
        call.complete(&work, |kernel| {
            ring.set_filling(kernel, after)?;
            Ok(Ok(len))
        })
    }

    fn attempt_receive<const LEN: usize, N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Read<LEN>>, Error> {
        let (ring, scheduler) = (self.ring, call.scheduler());
        let Some(before) = ring.filling(call.nvm())? else {
            return call.refuse(Outcome::Deleted);
        };
        if before.count == 0 {
            if timeout == Timeout::None {
                return call.refuse(Outcome::Empty);
            }
            return ring.block_reader(call, 0, timeout);
        }
        let len = self.first_len(call.nvm(), before)?;
        if usize::from(len) > LEN {
            return call.refuse(Outcome::TooLong);
        }
        let mut after = before.without(len.saturating_add(LENGTH_BYTES));
        let mut work = Work::none();
        if let Some(writer) = ring.writer(scheduler)?
            && writer.len.saturating_add(LENGTH_BYTES) <= after.free()
        {
            // Its length lies in front of its bytes, as in the ring.
            let from = (
                writer.bytes_at.wrapping_sub(LENGTH_BYTES.into()),
                writer.len + LENGTH_BYTES,
            );
            after = ring.admit(scheduler, &mut work, writer, from, writer.len, after)?;
        }
        call.complete(&work, |kernel| {
            let message = Bytes::filled(len.into(), |bytes| {
                ring.load(kernel.nvm(), before, LENGTH_BYTES, bytes)
            })?;
            ring.set_filling(kernel, after)?;
            Ok(Ok(message))
        })
    }

    fn first_len<N: Nvm>(self, nvm: &N, filling: Filling) -> Result<u16, Error> {
        let mut len = [0; 2];
        self.ring.load(nvm, filling, 0, &mut len)?;
        Ok(u16::from_le_bytes(len))
    }
}
