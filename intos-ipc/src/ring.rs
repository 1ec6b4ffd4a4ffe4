//! A ring of bytes in NVM: what stream buffers and message buffers are made of.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list of the task that reads |
//! | 8..16 | wait list of the task that writes |
//! | 16..18 | position of the first byte |
//! | 18..20 | how many bytes there are; `0xFFFF`: the buffer was deleted |
//! | 20..22 | capacity |
//! | 22..24 | not used |
//! | 24..26 | how many bytes the task that reads takes at most, while it waits |
//! | 26..28 | how many it takes at least |
//! | 28.. | bytes |
//!
//! New bytes go where none are counted, so they are not logged; position and count are one word, which is. The
//! bytes of a task that waits to write lie behind its result. When a reader makes room for them, that room is
//! not free before the reader's commit: they are copied after it, by a follow-up, whose copy can be repeated.

#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use intos_sched::{
    Call, Error, ErrorKind, FollowUp, ObjectWork, Outcome, Port, Progress, Scheduler, TaskIndex,
    Timeout, Wait, Work,
};
use nvm_core::{Class, Layout, Nvm, Offset, RawOffset, Record, field, narrowed, widened};
use nvm_list::{Head, List};
use replay::SystemTx;

use crate::bytes::Bytes;
use crate::finish;

nvm_core::persist! {
    pub(crate) struct Header {
        reading: Head,
        writing: Head,
        first: u16,
        count: u16,
        capacity: u16,
        unused: u16,
        most: u16,
        least: u16,
    }
}

const HEADER_BYTES: RawOffset = size_of::<Header>() as RawOffset;
const DELETED: u16 = 0xFFFF;

/// Bytes written, or why not: what a task that writes is answered.
pub(crate) type Written = Result<u16, Outcome>;
/// Bytes read, or why not.
pub(crate) type Read<const LEN: usize> = Result<Bytes<LEN>, Outcome>;

/// The place of a ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ring {
    header: Offset<Header>,
}

/// What is in a ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filling {
    pub(crate) first: u16,
    pub(crate) count: u16,
    pub(crate) capacity: u16,
}

impl Filling {
    pub(crate) const fn free(self) -> u16 {
        self.capacity.saturating_sub(self.count)
    }

    /// With so many bytes less at the front.
    pub(crate) const fn without(self, bytes: u16) -> Self {
        let first = (self.first as u32 + bytes as u32) % self.divisor();
        Self {
            first: first as u16,
            count: self.count.saturating_sub(bytes),
            ..self
        }
    }

    /// With so many bytes more at the back.
    pub(crate) const fn with(self, bytes: u16) -> Self {
        Self {
            count: self.count.saturating_add(bytes),
            ..self
        }
    }

    const fn divisor(self) -> u32 {
        if self.capacity == 0 {
            1
        } else {
            self.capacity as u32
        }
    }
}

/// A task that waits to write, and its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) task: TaskIndex,
    pub(crate) bytes_at: RawOffset,
    pub(crate) len: u16,
}

/// A task that waits to read: how much it takes at most, and at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) task: TaskIndex,
    pub(crate) most: u16,
    pub(crate) least: u16,
    result_at: RawOffset,
}

impl Ring {
    pub(crate) fn place(layout: &mut Layout, name: &str, capacity: u16) -> Self {
        let bytes = HEADER_BYTES.saturating_add(capacity.into());
        Self {
            header: Offset::new(layout.area(name, bytes).offset()),
        }
    }

    pub(crate) fn format<N: Nvm>(self, nvm: &N, capacity: u16) -> Result<(), Error> {
        List::format(nvm, Class::Kernel, field!(self.header, Header.reading), 0)?;
        List::format(nvm, Class::Kernel, field!(self.header, Header.writing), 0)?;
        nvm.write_u32(Class::Kernel, self.filling_at().get(), 0)?;
        nvm.write_u32(
            Class::Kernel,
            field!(self.header, Header.capacity).get(),
            capacity.into(),
        )?;
        Ok(())
    }

    pub(crate) fn reading(self) -> Result<List, Error> {
        Ok(List::at(field!(self.header, Header.reading))?)
    }

    pub(crate) fn writing(self) -> Result<List, Error> {
        Ok(List::at(field!(self.header, Header.writing))?)
    }

    /// What is in it; `None` where it was deleted.
    pub(crate) fn filling<N: Nvm>(self, nvm: &N) -> Result<Option<Filling>, Error> {
        let word = nvm.load(self.filling_at())?;
        let (first, count) = (word as u16, (word >> 16) as u16);
        if count == DELETED {
            return Ok(None);
        }
        let capacity = nvm.load(field!(self.header, Header.capacity))?;
        if count > capacity || first >= capacity.max(1) {
            return Err(ErrorKind::Damaged {
                offset: self.header.get(),
            }
            .error());
        }
        Ok(Some(Filling {
            first,
            count,
            capacity,
        }))
    }

    /// Validates the ring, and answers how many bytes are in it.
    pub(crate) fn check<N: Nvm + Copy>(self, scheduler: &Scheduler<N>) -> Result<u16, Error> {
        let reading = scheduler.check_wait_list(self.reading()?)?;
        let writing = scheduler.check_wait_list(self.writing()?)?;
        let filling = self.filling(scheduler.nvm())?;
        if reading + writing > 1 || filling.is_none() && reading + writing > 0 {
            return Err(ErrorKind::Damaged {
                offset: self.header.get(),
            }
            .error());
        }
        Ok(filling.map_or(0, |filling| filling.count))
    }

    /// In a kernel transaction: stores what is in it.
    pub(crate) fn set_filling<N: Nvm>(
        self,
        kernel: &mut SystemTx<'_, N>,
        filling: Filling,
    ) -> Result<(), replay::Error> {
        let word = u32::from(filling.first) | u32::from(filling.count) << 16;
        Ok(kernel.set(self.filling_at(), word)?)
    }

    /// Loads bytes from a position on, counted from the first.
    pub(crate) fn load<N: Nvm>(
        self,
        nvm: &N,
        filling: Filling,
        nth: u16,
        bytes: &mut [u8],
    ) -> Result<(), nvm_core::Error> {
        let (at, room) = self.stretch(filling, nth);
        let (now, rest) = bytes.split_at_mut(bytes.len().min(room as usize));
        nvm.read(at, now)?;
        if !rest.is_empty() {
            nvm.read(self.bytes_at(), rest)?;
        }
        Ok(())
    }

    /// Stores bytes behind those that are counted.
    pub(crate) fn append<N: Nvm>(
        self,
        nvm: &N,
        filling: Filling,
        bytes: &[u8],
    ) -> Result<(), nvm_core::Error> {
        let (at, room) = self.stretch(filling, filling.count);
        let (now, rest) = bytes.split_at(bytes.len().min(room as usize));
        nvm.write(Class::Kernel, at, now)?;
        if !rest.is_empty() {
            nvm.write(Class::Kernel, self.bytes_at(), rest)?;
        }
        Ok(())
    }

    /// Copies bytes from elsewhere in the NVM behind those that are counted.
    fn append_from<N: Nvm>(
        self,
        nvm: &N,
        filling: Filling,
        from: RawOffset,
        len: u16,
    ) -> Result<(), Error> {
        let (at, room) = self.stretch(filling, filling.count);
        let now = u32::from(len).min(room) as u16;
        finish::copy(nvm, from, at, now)?;
        finish::copy(
            nvm,
            from.saturating_add(now.into()),
            self.bytes_at(),
            len - now,
        )
    }

    /// Where the `nth` byte from the first on lies, and how many lie behind it before the ring begins anew.
    const fn stretch(self, filling: Filling, nth: u16) -> (RawOffset, u32) {
        let position = (filling.first as u32 + nth as u32) % filling.divisor();
        (
            narrowed(widened(self.bytes_at()) + position),
            filling.divisor().saturating_sub(position),
        )
    }

    /// The task that waits to read.
    pub(crate) fn reader<N: Nvm + Copy>(
        self,
        scheduler: &Scheduler<N>,
    ) -> Result<Option<Reader>, Error> {
        let Some(task) = scheduler.first_waiting(self.reading()?)? else {
            return Ok(None);
        };
        let nvm = scheduler.nvm();
        Ok(Some(Reader {
            task,
            most: nvm.load(field!(self.header, Header.most))?,
            least: nvm.load(field!(self.header, Header.least))?,
            result_at: scheduler.result_at(task)?,
        }))
    }

    /// Blocks a task that wants so many bytes. Only one can wait.
    pub(crate) fn block_reader<const LEN: usize, N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        least: u16,
        timeout: Timeout,
    ) -> Result<Progress<Read<LEN>>, Error> {
        let list = self.reading()?;
        if !list.is_empty(call.nvm())? {
            return call.refuse(Outcome::Busy);
        }
        // Nobody reads it before the task waits: not logged.
        let most = LEN.min(u16::MAX.into()) as u32;
        let at = field!(self.header, Header.most).get();
        call.nvm()
            .write_u32(Class::Kernel, at, most | u32::from(least) << 16)?;
        call.block::<Read<LEN>>(Wait::in_list(list), timeout, &[])
    }

    /// The task that waits to write.
    pub(crate) fn writer<N: Nvm + Copy>(
        self,
        scheduler: &Scheduler<N>,
    ) -> Result<Option<Writer>, Error> {
        let Some(task) = scheduler.first_waiting(self.writing()?)? else {
            return Ok(None);
        };
        let at = scheduler
            .result_at(task)?
            .saturating_add(Written::MAX_BYTES);
        Ok(Some(Writer {
            task,
            bytes_at: at.saturating_add(2),
            len: scheduler.nvm().read_u16(at)?,
        }))
    }

    /// Blocks a task that has these bytes to write. Only one can wait.
    pub(crate) fn block_writer<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        bytes: &[u8],
        timeout: Timeout,
    ) -> Result<Progress<Written>, Error> {
        let list = self.writing()?;
        if !list.is_empty(call.nvm())? {
            return call.refuse(Outcome::Busy);
        }
        let len = (bytes.len() as u16).to_le_bytes();
        call.block::<Written>(Wait::in_list(list), timeout, &[&len, bytes])
    }

    /// Lets the bytes of a task that waits to write in, with the commit that `work` goes with: answers what is
    /// in the ring then.
    pub(crate) fn admit<N: Nvm + Copy>(
        self,
        scheduler: &Scheduler<N>,
        work: &mut Work,
        writer: Writer,
        (from, bytes): (RawOffset, u16),
        written: u16,
        filling: Filling,
    ) -> Result<Filling, Error> {
        work.set_follow_up(FollowUp::Object(ObjectWork {
            kind: finish::RING_COPY,
            object: (self.header.get() / 4) as u16,
            b: bytes,
            c: widened(from),
        }));
        let [low, high] = written.to_le_bytes();
        scheduler.put_result(writer.task, &[0, low, high])?;
        work.wake(scheduler, writer.task)?;
        Ok(filling.with(bytes))
    }

    pub(crate) fn attempt_reset<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Result<(), Outcome>>, Error> {
        let Some(before) = self.filling(call.nvm())? else {
            return call.refuse(Outcome::Deleted);
        };
        for list in [self.reading()?, self.writing()?] {
            if !list.is_empty(call.nvm())? {
                return call.refuse(Outcome::Busy);
            }
        }
        call.complete_alone(|kernel| {
            self.set_filling(kernel, before.without(before.count))?;
            Ok(Ok(()))
        })
    }

    pub(crate) fn attempt_delete<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Result<(), Outcome>>, Error> {
        if self.filling(call.nvm())?.is_none() {
            return call.refuse(Outcome::Deleted);
        }
        let work = Work::of_deletion(call.nvm(), [self.reading()?, self.writing()?])?;
        call.complete(&work, |kernel| {
            kernel.set(self.filling_at(), u32::from(DELETED) << 16)?;
            Ok(Ok(()))
        })
    }

    /// `first` and `count`, which are one word.
    fn filling_at(self) -> Offset<u32> {
        field!(self.header.at_word(), Header.first).cast()
    }

    const fn bytes_at(self) -> RawOffset {
        self.header.get().wrapping_add(HEADER_BYTES)
    }
}

impl Reader {
    /// Stores what it gets as its result: bytes from the front of the ring.
    pub(crate) fn put<N: Nvm>(
        self,
        nvm: &N,
        ring: Ring,
        filling: Filling,
        (skip, len): (u16, u16),
    ) -> Result<(), Error> {
        let [low, high] = len.to_le_bytes();
        nvm.write(Class::Kernel, self.result_at, &[0, low, high])?;
        let (mut done, mut buffer) = (0, [0; 32]);
        while done < len {
            let piece = (len - done).min(buffer.len() as u16);
            let Some(bytes) = buffer.get_mut(..piece.into()) else {
                break;
            };
            ring.load(nvm, filling, skip + done, bytes)?;
            let at = self
                .result_at
                .saturating_add(RawOffset::from(done).saturating_add(3));
            nvm.write(Class::Kernel, at, bytes)?;
            done += piece;
        }
        Ok(())
    }
}

/// Copies the bytes of a task that waited to write behind those that were counted without them.
pub(crate) fn finish_copy<N: Nvm>(
    nvm: &N,
    ring: RawOffset,
    len: u16,
    from: RawOffset,
) -> Result<(), Error> {
    let ring = Ring {
        header: Offset::new(ring),
    };
    let Some(filling) = ring.filling(nvm)? else {
        return Err(ErrorKind::Damaged {
            offset: ring.header.get(),
        }
        .error());
    };
    let before = Filling {
        count: filling.count.saturating_sub(len),
        ..filling
    };
    ring.append_from(nvm, before, from, len)
}
