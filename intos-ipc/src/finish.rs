//! What objects have to do after a commit: the kinds of [`ObjectWork`], and who does which.

use intos_sched::{Error, FollowUps, ObjectWork, Scheduler};
use nvm_core::{Class, Nvm, Offset, RawOffset, narrowed, of_words};
use nvm_list::List;

use crate::{event_group, queue, ring};

/// `object`: the receivers' list; `b`: bytes of an item; `c`: where it lies.
pub(crate) const QUEUE_PEEKERS: u8 = 0;
/// `object`: the senders' list; `b`: bytes of an item; `c`: how many waited, how many come in.
pub(crate) const QUEUE_REFILL: u8 = 1;
/// `object`: the wait list; `c`: the bits that are set.
pub(crate) const EVENTS: u8 = 2;
/// `object`: the ring; `b`: bytes; `c`: where they lie.
pub(crate) const RING_COPY: u8 = 3;

/// The follow-ups of queues: for kernels, which give them to [`Scheduler::open`] where a program has one.
pub fn add_queues<N: Nvm + Copy>(to: &mut FollowUps<N>) {
    to.add(QUEUE_PEEKERS, |scheduler, work| {
        queue::finish_peekers(scheduler, list_of(work)?, work.b, narrowed(work.c))
    });
    to.add(QUEUE_REFILL, |scheduler, work| {
        queue::finish_refill(scheduler, list_of(work)?, work.b, work.c)
    });
}

/// The same of event groups.
pub fn add_event_groups<N: Nvm + Copy>(to: &mut FollowUps<N>) {
    to.add(EVENTS, |scheduler, work| {
        event_group::finish_events(scheduler, list_of(work)?, work.c)
    });
}

/// The same of stream and message buffers.
pub fn add_buffers<N: Nvm + Copy>(to: &mut FollowUps<N>) {
    to.add(RING_COPY, |scheduler: &Scheduler<N>, work| {
        let at = of_words(work.object);
        ring::finish_copy(scheduler.nvm(), at, work.b, narrowed(work.c))
    });
}

/// Those of all objects: for tools that look at images of any program.
pub fn follow_ups<N: Nvm + Copy>() -> FollowUps<N> {
    let mut all = FollowUps::NONE;
    add_queues(&mut all);
    add_event_groups(&mut all);
    add_buffers(&mut all);
    all.add_mutexes();
    all
}

fn list_of(work: ObjectWork) -> Result<List, Error> {
    Ok(List::at(Offset::new(of_words(work.object)))?)
}

/// A list's place, in units of 4 bytes.
pub(crate) const fn list_link(list: List) -> u16 {
    (list.head().get() / 4) as u16
}

/// Copies bytes within the NVM.
pub(crate) fn copy<N: Nvm>(nvm: &N, from: RawOffset, to: RawOffset, len: u16) -> Result<(), Error> {
    let mut buffer = [0; 32];
    let mut done = 0;
    while done < RawOffset::from(len) {
        let piece = (RawOffset::from(len) - done).min(buffer.len() as RawOffset);
        let Some(bytes) = buffer.get_mut(..piece as usize) else {
            break;
        };
        nvm.read(from.saturating_add(done), bytes)?;
        nvm.write(Class::Kernel, to.saturating_add(done), bytes)?;
        done += piece;
    }
    Ok(())
}
