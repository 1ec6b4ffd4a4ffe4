//! Persistent loops: the counter is in NVM, and an iteration's records go when it ends.
//!
//! A loop puts a frame into the table of transactions, as a record:
//!
//! | bytes of a frame | field |
//! | --- | --- |
//! | 0..2 | check, as of every record |
//! | 2 | end: 255 in the loop; after it, the sequence number of the last commit before its end, then 254 |
//! | 3 | not used |
//! | 4..8 | even cell: the iteration, if its number is even; else the one before it |
//! | 8..12 | odd cell: the iteration, if its number is odd; else the one before it |
//!
//! While the frame is the table's last record, the mark's parity says which cell is meant for the
//! iteration: it is one more than the *other* cell, whether or not its own is stored yet. While records
//! follow the frame, both cells are stored, and the iteration is the cell that follows the other.
//!
//! | store | power lost after it: the restarted thread |
//! | --- | --- |
//! | last record of iteration k | bypasses all of iteration k and ends it |
//! | commit word: the frame is the last record, parity of k + 1 | begins iteration k + 1 |
//! | the cell of k + 1 (two bytes, seldom four) | the same |
//! | after the last iteration, or `break`: end = number of the last commit | goes on after the loop |
//! | the next commit | the same |
//! | end = 254 | the same |
//!
//! While `end` is the number of the last commit, what follows the frame is the last iteration's, and does
//! not count. After the next commit it is what came after the loop.

use core::ops::Range;

use nvm_core::{Class, Nvm, RawOffset, ablation};

use crate::broken::{self, Variant};
use crate::error::Error;
use crate::mark::Mark;
use crate::records::Kind;
use crate::site::Site;
use crate::thread::Thread;

pub(crate) const FRAME_BYTES: RawOffset = 12;
const END_AT: RawOffset = 2;
/// `end` of a loop that goes on.
pub(crate) const GOES_ON: u8 = 0xFF;
/// `end` of a loop after which something was committed.
pub(crate) const ENDED: u8 = 0xFE;
const CELLS_AT: RawOffset = 4;
const ODD_CELL: usize = CELLS_AT as usize + 4;
/// Stands for the number of iterations of a loop without end.
const ENDLESS: u32 = 0xFFFF_5A5A;

/// Integers that a persistent loop can count with.
pub trait LoopCounter: Copy {
    /// How many iterations there are from `self` up to `end`: at most 4,294,967,295, where a longer range is
    /// cut off.
    fn iterations(self, end: Self) -> u32;

    /// The counter `iteration` steps after `self`.
    #[must_use]
    fn after(self, iteration: u32) -> Self;
}

macro_rules! loop_counter {
    ($($ty:ty),+) => {$(
        impl LoopCounter for $ty {
            #[inline]
            #[allow(clippy::cast_sign_loss)]
            fn iterations(self, end: Self) -> u32 {
                if end > self {
                    u32::try_from(end.abs_diff(self)).unwrap_or(u32::MAX)
                } else {
                    0
                }
            }

            #[inline]
            #[allow(clippy::cast_possible_wrap)] // wraps back into the range
            fn after(self, iteration: u32) -> Self {
                self.wrapping_add(iteration as $ty)
            }
        }
    )+};
}

loop_counter!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

/// A persistent loop that has been entered: what [`nv_for_loop!`](crate::nv_for_loop)
/// and [`nv_loop!`](crate::nv_loop) use.
///
/// Dropping it does not end the loop: a thread that returns out of it restarts into the same iteration,
/// and returns again.
#[derive(Debug)]
#[must_use]
pub struct LoopFrame<T> {
    first: T,
    frame: Frame,
}

impl<T: LoopCounter> LoopFrame<T> {
    /// Enters a loop, or enters it again after a power loss. Costs 12 bytes and 4 the first time.
    #[track_caller]
    #[inline]
    pub fn enter<N: Nvm + Copy>(thread: &mut Thread<N>, range: Range<T>) -> Result<Self, Error> {
        let iterations = Some(range.start.iterations(range.end));
        let mut frame = Frame::new(Site::here(), iterations);
        frame.enter(thread)?;
        Ok(Self {
            first: range.start,
            frame,
        })
    }

    /// Enters a loop without end.
    #[track_caller]
    #[inline]
    pub fn enter_endless<N: Nvm + Copy>(thread: &mut Thread<N>, first: T) -> Result<Self, Error> {
        let mut frame = Frame::new(Site::here(), None);
        frame.enter(thread)?;
        Ok(Self { first, frame })
    }

    /// Ends the iteration before, if there was one, and begins the next: gives its counter, or nothing
    /// after the last. Ending an iteration costs 4 bytes and 2 (4 once in 65,536).
    #[inline]
    pub fn next<N: Nvm + Copy>(&mut self, thread: &mut Thread<N>) -> Result<Option<T>, Error> {
        self.frame.next(thread)?;
        Ok(match self.frame.stage {
            Stage::Within => Some(self.first.after(self.frame.iteration)),
            _ => None,
        })
    }

    /// Leaves the loop after its last iteration or `break`. Costs 1 byte, and 1 at the next commit.
    #[inline]
    pub fn leave<N: Nvm + Copy>(self, thread: &mut Thread<N>) -> Result<(), Error> {
        self.frame.leave(thread)
    }

    /// The iteration's number, from 0.
    pub const fn iteration(&self) -> u32 {
        self.frame.iteration
    }
}

/// What a loop's frame is like to the running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its iteration is still to be begun.
    Entered,
    /// An iteration is under way.
    Within,
    /// The last iteration has ended.
    Over,
    /// It had been left before the power loss.
    Done,
}

/// A loop, whatever it counts with: one copy of the code for all of them.
#[derive(Debug)]
struct Frame {
    /// Iterations: for a loop without end as many as can be counted.
    iterations: u32,
    is_endless: bool,
    stage: Stage,
    iteration: u32,
    site: Site,
    /// Position of the frame's record, and the digest up to and with it.
    index: u16,
    at: RawOffset,
    digest: u8,
    /// The mark of an even iteration, as bits: only one field is loaded for it.
    even: u32,
    /// The thread's room at the beginning of an iteration.
    room: RawOffset,
    /// The iterations before it are simply gone on to: none before the first one that was begun here, nor after the last.
    /// The upper half of their number is that of both before it.
    simple_until: u32,
}

impl Frame {
    #[inline]
    const fn new(site: Site, iterations: Option<u32>) -> Self {
        let (iterations, is_endless) = match iterations {
            Some(iterations) => (iterations, false),
            None => (u32::MAX, true),
        };
        Self {
            iterations,
            is_endless,
            stage: Stage::Entered,
            iteration: 0,
            site,
            index: 0,
            at: 0,
            digest: 0,
            even: 0,
            room: 0,
            simple_until: 0,
        }
    }

    #[inline(never)]
    fn enter<N: Nvm + Copy>(&mut self, thread: &mut Thread<N>) -> Result<(), Error> {
        thread.check_stopped()?;
        let nvm = *thread.nvm();
        let site = self.site;
        let (index, at) = (thread.records.index(), thread.records.at());
        (self.index, self.at) = (index, at);
        self.digest = crate::mark::digest(thread.digest, site.tag());
        let told_apart_by = if self.is_endless {
            ENDLESS
        } else {
            self.iterations
        };
        let check = thread.records.check(site, Kind::Frame, told_apart_by);
        if thread.is_replaying() {
            if thread.records.free() < FRAME_BYTES || thread.records.stored_check(&nvm)? != check {
                return Err(thread.stop(thread.records.diverged(site)));
            }
            match nvm.read_u8(at + END_AT)? {
                GOES_ON => {
                    self.iteration = self.load_iteration(thread)?;
                    // No iteration behind the last is ever begun.
                    if self.iteration > 0 && self.is_over(self.iteration) {
                        return Err(thread.stop(thread.records.diverged(site)));
                    }
                }
                end => {
                    self.stage = Stage::Done;
                    if end == thread.log.sequence() {
                        thread.committed = index + 1;
                        thread.expected_digest = None;
                        thread.note_ended_loop(at + END_AT);
                    } else if end != ENDED {
                        nvm.write_u8(Class::Replay, at + END_AT, ENDED)?;
                    }
                }
            }
            return thread.walk(site, FRAME_BYTES);
        }
        thread.reserve(FRAME_BYTES)?;
        if ablation::CRASH_CONSISTENCY {
            let mut fields = [0; FRAME_BYTES as usize - END_AT as usize];
            fields[0] = GOES_ON;
            let before_first = u32::MAX.to_le_bytes();
            fields[ODD_CELL - END_AT as usize..].copy_from_slice(&before_first);
            nvm.write(Class::Replay, at + END_AT, &fields)?;
            nvm.write_u16(Class::Replay, at, check)?;
        }
        thread.publish(self.mark(0))?;
        thread.committed = index + 1;
        thread.step(self.digest, FRAME_BYTES);
        Ok(())
    }

    /// Goes on to the next iteration, or to the stage after the last one.
    ///
    /// What it does not do itself it leaves to others as its last step, so that it keeps nothing for afterwards.
    #[inline(never)]
    fn next<N: Nvm + Copy>(&mut self, thread: &mut Thread<N>) -> Result<(), Error> {
        let next = self.iteration.wrapping_add(1);
        // With room the thread does not replay, its log is settled, and nothing keeps it from going on.
        let is_simple = next < self.simple_until
            && thread.has_room(1)
            && thread.log.is_plain()
            && ablation::LOOPS
            && !broken::is(Variant::CountsBeforeCommit);
        if !is_simple {
            return self.next_with_care(thread);
        }
        debug_assert!(thread.is_prepared());
        let even = self.even;
        let published = thread.log.publish_plain(even | (next & 1) << 15);
        let published = published.map_err(Error::from);
        if let Err(error) = published.and_then(|()| self.store_next_cell(thread.nvm(), next)) {
            return Err(thread.stop(error));
        }
        self.iteration = next;
        let mark = Mark::from_bits(even);
        thread.records.move_to(mark.count, self.at + FRAME_BYTES);
        thread.digest = mark.digest;
        thread.committed = mark.count;
        thread.room = self.room;
        Ok(())
    }

    /// The same in any case.
    #[cold]
    #[inline(never)]
    fn next_with_care<N: Nvm + Copy>(&mut self, thread: &mut Thread<N>) -> Result<(), Error> {
        let next = self.iteration.wrapping_add(1);
        let before = self.stage;
        self.simple_until = 0;
        self.prepare_next(thread, next)?;
        if before != Stage::Within || self.stage != Stage::Within {
            return Ok(());
        }
        if broken::is(Variant::CountsBeforeCommit) {
            self.store_cell(thread.nvm(), next)?;
        }
        if ablation::LOOPS {
            thread.publish(self.mark(next))?;
            if let Err(error) = self.store_cell(thread.nvm(), next) {
                return Err(thread.stop(error));
            }
        } else {
            thread.publish_with(self.mark(next), (self.cell(next), next))?;
        }
        self.iteration = next;
        self.forget_records(thread);
        (self.even, self.room) = (self.mark(0).bits(), thread.room);
        // The first odd number is stored whole, since its cell holds none, and so is each whose upper half changes.
        if next as u16 != 0 && self.room > 0 {
            self.simple_until = (next | 0xFFFF).saturating_add(1).min(self.iterations);
        }
        Ok(())
    }

    /// Before the next iteration where it is not clear at once that there is one: finds out the stage.
    #[inline]
    fn prepare_next<N: Nvm + Copy>(
        &mut self,
        thread: &mut Thread<N>,
        next: u32,
    ) -> Result<(), Error> {
        thread.check_stopped()?;
        match self.stage {
            Stage::Over | Stage::Done => {}
            Stage::Entered if self.is_over(self.iteration) => self.stage = Stage::Over,
            Stage::Entered => self.stage = Stage::Within,
            Stage::Within => {
                thread.check_walked(self.site)?;
                if self.is_over(next) {
                    self.stage = Stage::Over;
                }
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn leave<N: Nvm + Copy>(&self, thread: &mut Thread<N>) -> Result<(), Error> {
        thread.check_stopped()?;
        if matches!(self.stage, Stage::Done) {
            return Ok(());
        }
        thread.check_walked(self.site)?;
        if ablation::CRASH_CONSISTENCY {
            let end = thread.log.sequence();
            thread
                .nvm()
                .write_u8(Class::Replay, self.at + END_AT, end)
                .map_err(|error| thread.stop(error.into()))?;
        }
        thread.note_ended_loop(self.at + END_AT);
        self.forget_records(thread);
        Ok(())
    }

    const fn is_over(&self, iteration: u32) -> bool {
        !self.is_endless && iteration >= self.iterations
    }

    /// The mark while the frame is the last record, in an iteration.
    #[inline]
    const fn mark(&self, iteration: u32) -> Mark {
        Mark {
            count: self.index + 1,
            parity: iteration % 2 == 1,
            digest: self.digest,
        }
    }

    #[inline]
    const fn cell(&self, iteration: u32) -> RawOffset {
        self.at + CELLS_AT + 4 * (iteration as RawOffset % 2)
    }

    /// Stores the iteration's number, without the half that is there already.
    #[inline(never)]
    fn store_cell<N: Nvm>(&self, nvm: &N, iteration: u32) -> Result<(), Error> {
        if !ablation::CRASH_CONSISTENCY {
            return Ok(());
        }
        let at = self.cell(iteration);
        if nvm.read_u16(at + 2)? == (iteration >> 16) as u16 {
            Ok(nvm.write_u16(Class::Replay, at, iteration as u16)?)
        } else {
            Ok(nvm.write_u32(Class::Replay, at, iteration)?)
        }
    }

    /// The same of an iteration that is [simply](Frame::simple_until) gone on to: the cell holds the number before the one
    /// before it, with the same upper half.
    #[inline]
    fn store_next_cell<N: Nvm>(&self, nvm: &N, iteration: u32) -> Result<(), Error> {
        if ablation::CRASH_CONSISTENCY {
            nvm.write_u16(Class::Replay, self.cell(iteration), iteration as u16)?;
        }
        Ok(())
    }

    /// The iteration in which the power went.
    fn load_iteration<N: Nvm + Copy>(&self, thread: &mut Thread<N>) -> Result<u32, Error> {
        let nvm = *thread.nvm();
        let even = nvm.read_u32(self.cell(0))?;
        let odd = nvm.read_u32(self.cell(1))?;
        if thread.committed == self.index + 1 {
            let parity = Mark::from_bits(thread.log.mark()).parity;
            let (other, own) = if parity { (even, odd) } else { (odd, even) };
            let iteration = other.wrapping_add(1);
            if own != iteration {
                nvm.write_u32(Class::Replay, self.cell(iteration), iteration)?;
            }
            return Ok(iteration);
        }
        if even == odd.wrapping_add(1) {
            Ok(even)
        } else if odd == even.wrapping_add(1) {
            Ok(odd)
        } else {
            Err(thread.stop(thread.records.diverged(self.site)))
        }
    }

    /// The records behind the frame no longer count.
    #[inline]
    fn forget_records<N: Nvm + Copy>(&self, thread: &mut Thread<N>) {
        let at = self.at + FRAME_BYTES;
        thread.records.move_to(self.index + 1, at);
        thread.forget_behind(self.digest);
    }
}

/// What a persistent loop runs on: a [`Thread`], or a kernel's task around one.
pub trait Durable {
    /// Its NVM.
    type Nvm: Nvm + Copy;

    /// The thread.
    fn thread(&mut self) -> &mut Thread<Self::Nvm>;
}

impl<N: Nvm + Copy> Durable for Thread<N> {
    type Nvm = N;

    fn thread(&mut self) -> &mut Thread<N> {
        self
    }
}

/// A `for` loop whose counter is in NVM: after a power loss it goes on with the iteration that was under
/// way, bypassing what that had committed.
///
/// `nv_for_loop!(thread, i in 0..10 => { … })`; with a label: `nv_for_loop!('outer: thread, i in …)`.
/// `break`, `continue`, `return` and `?` do what they do in a `for` loop; loops nest. It is used in a
/// function that returns a `Result` whose error is made from [`Error`](crate::Error).
///
/// The range must be the same after a power loss. What one iteration leaves for another, or for after the
/// loop, belongs into persistent objects: local variables are lost with the power, and an iteration that
/// had ended is not run again to set them.
///
/// Costs 12 + 4 bytes to enter, 6 an iteration, 2 to leave.
#[macro_export]
macro_rules! nv_for_loop {
    ($label:lifetime : $thread:expr, $counter:pat in $range:expr => $body:block) => {{
        use $crate::Durable as _;
        let mut frame = $crate::LoopFrame::enter($thread.thread(), $range)?;
        $label: while let ::core::option::Option::Some($counter) = frame.next($thread.thread())? $body
        frame.leave($thread.thread())?;
    }};
    ($thread:expr, $counter:pat in $range:expr => $body:block) => {{
        use $crate::Durable as _;
        let mut frame = $crate::LoopFrame::enter($thread.thread(), $range)?;
        while let ::core::option::Option::Some($counter) = frame.next($thread.thread())? $body
        frame.leave($thread.thread())?;
    }};
}

/// A `loop` that survives: as [`nv_for_loop!`](crate::nv_for_loop), without a counter and without an end but `break`.
///
/// `nv_loop!(thread => { … })`, or with a label `nv_loop!('main: thread => { … })`.
#[macro_export]
macro_rules! nv_loop {
    ($label:lifetime : $thread:expr => $body:block) => {{
        use $crate::Durable as _;
        let mut frame = $crate::LoopFrame::enter_endless($thread.thread(), 0u32)?;
        $label: while frame.next($thread.thread())?.is_some() $body
        frame.leave($thread.thread())?;
    }};
    ($thread:expr => $body:block) => {{
        use $crate::Durable as _;
        let mut frame = $crate::LoopFrame::enter_endless($thread.thread(), 0u32)?;
        while frame.next($thread.thread())?.is_some() $body
        frame.leave($thread.thread())?;
    }};
}
