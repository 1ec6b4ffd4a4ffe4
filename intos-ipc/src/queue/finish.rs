//! What a queue's calls leave to do after their commit.

use intos_sched::{Error, Outcome, Scheduler, WaitClass};
use nvm_core::{Class, Nvm, RawOffset, Record, narrowed};
use nvm_list::List;

use super::{Done, SLOTS_BEHIND_SENDERS};
use crate::finish;

/// Gives a copy of the item at `from` to all who peek. Found done by: nobody of them is left in the list.
pub(crate) fn finish_peekers<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    list: List,
    bytes: u16,
    from: RawOffset,
) -> Result<(), Error> {
    while let Some(node) = list.front(scheduler.nvm())?
        && WaitClass::of_key(node.key(scheduler.nvm())?) == WaitClass::Onlookers
        && let Some(task) = scheduler.first_waiting(list)?
    {
        let at = scheduler.result_at(task)?;
        scheduler.nvm().write(Class::Kernel, at, &[0])?;
        finish::copy(scheduler.nvm(), from, at.saturating_add(1), bytes)?;
        scheduler.wake_now(task)?;
    }
    Ok(())
}

/// Lets the first of the waiting senders in. `counts`: how many waited at first, and how many come in. Found
/// done by: how many are left in the list.
pub(crate) fn finish_refill<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    senders: List,
    bytes: u16,
    counts: u32,
) -> Result<(), Error> {
    let (waited, coming) = (counts & 0xFFFF, counts >> 16);
    let slots = senders.head().get().saturating_add(SLOTS_BEHIND_SENDERS);
    let left = scheduler.waiting(senders).count() as u32;
    for index in waited.saturating_sub(left)..coming {
        let Some(sender) = scheduler.first_waiting(senders)? else {
            break;
        };
        let item = scheduler.result_at(sender)?.saturating_add(Done::MAX_BYTES);
        let slot = slots.saturating_add(narrowed(index).saturating_mul(bytes.into()));
        finish::copy(scheduler.nvm(), item, slot, bytes)?;
        scheduler.put_result(sender, &Outcome::SUCCESS)?;
        scheduler.wake_now(sender)?;
    }
    Ok(())
}
