//! What objects have to do after a commit: the kinds of [`ObjectWork`], and who does which.

use intos_sched::{Error, ErrorKind, ObjectWork, Scheduler};
use nvm_core::{Class, Nvm, Offset};
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

/// Does what an object has to do after a commit: for kernels, which give it to
/// [`Scheduler::open`](intos_sched::Scheduler::open).
pub fn finish<N: Nvm + Copy>(scheduler: &Scheduler<N>, work: ObjectWork) -> Result<(), Error> {
    let at = Offset::new(u32::from(work.object) * 4);
    match work.kind {
        QUEUE_PEEKERS => queue::finish_peekers(scheduler, List::at(at)?, work.b, work.c),
        QUEUE_REFILL => queue::finish_refill(scheduler, List::at(at)?, work.b, work.c),
        EVENTS => event_group::finish_events(scheduler, List::at(at)?, work.c),
        RING_COPY => ring::finish_copy(scheduler.nvm(), at.get(), work.b, work.c),
        _ => Err(ErrorKind::Damaged { offset: at.get() }.error()),
    }
}

/// A list's place, in units of 4 bytes.
pub(crate) const fn list_link(list: List) -> u16 {
    (list.head().get() / 4) as u16
}

/// Copies bytes within the NVM.
pub(crate) fn copy<N: Nvm>(nvm: &N, from: u32, to: u32, len: u16) -> Result<(), Error> {
    let mut buffer = [0; 32];
    let mut done = 0;
    while done < u32::from(len) {
        let piece = (u32::from(len) - done).min(buffer.len() as u32);
        let Some(bytes) = buffer.get_mut(..piece as usize) else {
            break;
        };
        nvm.read(from.saturating_add(done), bytes)?;
        nvm.write(Class::Kernel, to.saturating_add(done), bytes)?;
        done += piece;
    }
    Ok(())
}
