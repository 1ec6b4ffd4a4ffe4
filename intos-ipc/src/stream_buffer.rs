//! A stream of bytes from one task to another.
//!
//! The layout is that of a ring (module `ring`).
//!
//! | call | stores in its kernel transaction | after its commit |
//! | --- | --- | --- |
//! | write | the bytes, where none are counted; count; what a waiting reader gets, as its result | wakes the reader |
//! | write to a full buffer | the bytes, behind the result | blocks the task |
//! | read | first and count | wakes a waiting writer; follow-up: its bytes into the ring |
//! | read of less than is there | how much it wants | blocks the task |

use intos_sched::{
    Call, Error, InterruptCalls, Outcome, Port, Progress, Scheduler, SystemCalls, Timeout, Work,
};
use nvm_core::{Layout, Nvm};
use replay::Site;

use crate::bytes::Bytes;
use crate::ring::{Read, Ring, Written};

/// A buffer for a stream of bytes: one task or interrupt handler writes, another reads. Several on one side
/// take turns by a mutex; a second that would have to wait gets [`Outcome::Busy`].
///
/// A write waits only while the buffer is full, and a read only while there are fewer bytes than it wants. So
/// each writes or reads as much as it can, and answers how much, as the traits of `embedded-io` do.
///
/// A handle, two words: 28 bytes in NVM, and the buffer.
#[derive(Debug, Clone, Copy)]
pub struct StreamBuffer {
    ring: Ring,
    capacity: u16,
}

impl StreamBuffer {
    /// Places a buffer of up to 65,534 bytes in a layout; of one at least.
    pub fn place(layout: &mut Layout, name: &str, capacity: u16) -> Self {
        let capacity = capacity.clamp(1, u16::MAX - 1);
        Self {
            ring: Ring::place(layout, name, capacity),
            capacity,
        }
    }

    /// Makes it an empty buffer. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        self.ring.format(nvm, self.capacity)
    }

    /// How many bytes it holds at most.
    pub const fn capacity(&self) -> u16 {
        self.capacity
    }

    /// How many bytes are in it now, as seen from outside of any task.
    pub fn len<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        Ok(self.ring.filling(nvm)?.map_or(0, |filling| filling.count))
    }

    /// Whether there is no byte in it now.
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
        self.ring.check(scheduler)
    }

    /// Writes bytes, as many as there is room for, and answers how many; waits only where there is no room at
    /// all.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Full`] where it was not to wait,
    /// [`Outcome::Busy`], [`Outcome::Deleted`]. The bytes must have room in the task's table of system calls
    /// where it waits.
    #[track_caller]
    pub fn write(
        &self,
        tx: &mut impl SystemCalls,
        bytes: &[u8],
        timeout: impl Into<Timeout>,
    ) -> Result<u16, Error> {
        let (buffer, timeout) = (*self, timeout.into());
        let written: Written = tx
            .call(Site::here(), &"stream_buffer.write")
            .run(|call| buffer.attempt_write(call, bytes, timeout))?;
        Ok(written?)
    }

    /// [`write`](StreamBuffer::write) without waiting, from an interrupt handler.
    #[track_caller]
    pub fn write_from_isr(
        &self,
        isr: &mut impl InterruptCalls,
        bytes: &[u8],
    ) -> Result<u16, Error> {
        let buffer = *self;
        let written: Written = isr
            .call_from_isr(Site::here(), &"stream_buffer.write_from_isr")
            .run(|call| buffer.attempt_write(call, bytes, Timeout::None))?;
        Ok(written?)
    }

    /// Reads up to `LEN` bytes, and waits until there are `at_least` so many. Without waiting it takes what is
    /// there.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up (what came meanwhile stays in the buffer),
    /// [`Outcome::Empty`] where it was not to wait, [`Outcome::Busy`], [`Outcome::Deleted`],
    /// [`Outcome::TooLong`] where it wants more than `LEN` bytes or than the buffer can hold.
    #[track_caller]
    pub fn read<const LEN: usize>(
        &self,
        tx: &mut impl SystemCalls,
        at_least: u16,
        timeout: impl Into<Timeout>,
    ) -> Result<Bytes<LEN>, Error> {
        let (buffer, timeout) = (*self, timeout.into());
        let read: Read<LEN> = tx
            .call(Site::here(), &"stream_buffer.read")
            .run(|call| buffer.attempt_read(call, at_least, timeout))?;
        Ok(read?)
    }

    /// [`read`](StreamBuffer::read) without waiting, from an interrupt handler.
    #[track_caller]
    pub fn read_from_isr<const LEN: usize>(
        &self,
        isr: &mut impl InterruptCalls,
    ) -> Result<Bytes<LEN>, Error> {
        let buffer = *self;
        let read: Read<LEN> = isr
            .call_from_isr(Site::here(), &"stream_buffer.read_from_isr")
            .run(|call| buffer.attempt_read(call, 1, Timeout::None))?;
        Ok(read?)
    }

    /// How many bytes are in it. Recorded: a repeated transaction gets the same.
    #[track_caller]
    pub fn available(&self, tx: &mut impl SystemCalls) -> Result<u16, Error> {
        let buffer = *self;
        tx.call(Site::here(), &"stream_buffer.available")
            .run(|call| {
                let available = buffer.len(call.nvm())?;
                call.answer(available)
            })
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
            .call(Site::here(), &"stream_buffer.reset")
            .run(|call| ring.attempt_reset(call))?;
        Ok(done?)
    }

    /// Deletes the buffer for good: who waits for it is woken with [`Outcome::Deleted`], and every later call
    /// answers that.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let ring = self.ring;
        let done: Result<(), Outcome> = tx
            .call(Site::here(), &"stream_buffer.delete")
            .run(|call| ring.attempt_delete(call))?;
        Ok(done?)
    }

    fn attempt_write<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        bytes: &[u8],
        timeout: Timeout,
    ) -> Result<Progress<Written>, Error> {
        let (ring, scheduler) = (self.ring, call.scheduler());
        let Some(before) = ring.filling(call.nvm())? else {
            return call.refuse(Outcome::Deleted);
        };
        if bytes.is_empty() {
            return call.answer(Ok(0));
        }
        if before.free() == 0 {
            if timeout == Timeout::None {
                return call.refuse(Outcome::Full);
            }
            let most = bytes.len().min(self.capacity.into());
            return ring.block_writer(call, bytes.get(..most).unwrap_or(bytes), timeout);
        }
        let written = bytes.len().min(before.free().into()) as u16;
        let now = bytes.get(..written.into()).unwrap_or(bytes);
        ring.append(call.nvm(), before, now)?;
        let mut after = before.with(written);
        let mut work = Work::none();
        if let Some(reader) = ring.reader(scheduler)?
            && after.count >= reader.least
        {
            let given = after.count.min(reader.most);
            reader.put(call.nvm(), ring, after, (0, given))?;
            work.wake(scheduler, reader.task)?;
            after = after.without(given);
        }
        call.complete(&work, |kernel| {
            ring.set_filling(kernel, after)?;
            Ok(Ok(written))
        })
    }

    fn attempt_read<const LEN: usize, N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        at_least: u16,
        timeout: Timeout,
    ) -> Result<Progress<Read<LEN>>, Error> {
        let (ring, scheduler) = (self.ring, call.scheduler());
        let Some(before) = ring.filling(call.nvm())? else {
            return call.refuse(Outcome::Deleted);
        };
        let least = at_least.max(1);
        if usize::from(least) > LEN || least > before.capacity {
            return call.refuse(Outcome::TooLong);
        }
        if before.count < least && timeout != Timeout::None {
            return ring.block_reader(call, least, timeout);
        }
        if before.count == 0 {
            return call.refuse(Outcome::Empty);
        }
        let read = LEN.min(before.count.into()) as u16;
        let mut after = before.without(read);
        let mut work = Work::none();
        if let Some(writer) = ring.writer(scheduler)? {
            let written = writer.len.min(after.free());
            let from = (writer.bytes_at, written);
            after = ring.admit(scheduler, &mut work, writer, from, written, after)?;
        }
        call.complete(&work, |kernel| {
            let bytes = Bytes::filled(read.into(), |bytes| {
                ring.load(kernel.nvm(), before, 0, bytes)
            })?;
            ring.set_filling(kernel, after)?;
            Ok(Ok(bytes))
        })
    }
}
