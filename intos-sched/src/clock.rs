//! Time and those who sleep: the tick's work.

use nvm_core::Nvm;

use crate::areas::{self, FOLLOW_UP, PLACES};
use crate::error::{Error, ErrorKind, Outcome};
use crate::follow_up::FollowUp;
use crate::scheduler::Scheduler;
use crate::task::TaskIndex;
use crate::time::{self, Half};

impl<N: Nvm + Copy> Scheduler<N> {
    /// The tick: how many have passed since the first boot.
    pub fn now(&self) -> Result<u32, Error> {
        time::now(self.nvm(), PLACES.tick)
    }

    /// When the first delayed task wakes.
    pub fn next_wake(&self) -> Result<Option<u32>, Error> {
        self.next_wake_after(self.now()?)
    }

    #[inline]
    fn next_wake_after(&self, now: u32) -> Result<Option<u32>, Error> {
        let mut next: Option<u32> = None;
        for half in Half::BOTH {
            if let Some(node) = areas::delayed(half).front(self.nvm())? {
                let tick = node.key(self.nvm())?;
                let is_earlier =
                    next.is_none_or(|other| tick.wrapping_sub(now) < other.wrapping_sub(now));
                if is_earlier || time::has_come(tick, now) {
                    next = Some(tick);
                }
            }
        }
        Ok(next)
    }

    /// How many ticks there are until the first delayed task wakes: how long an idle processor may sleep.
    pub fn ticks_to_wake(&self) -> Result<Option<u32>, Error> {
        let now = self.now()?;
        Ok(self.next_wake_after(now)?.map(|tick| {
            if time::has_come(tick, now) {
                0
            } else {
                tick.wrapping_sub(now)
            }
        }))
    }

    /// The tick so many ticks from now: from 0 to [`MAX_TICKS`](crate::MAX_TICKS).
    pub fn tick_in(&self, ticks: u32) -> Result<u32, Error> {
        Ok(self.now()?.wrapping_add(ticks.min(time::MAX_TICKS)))
    }

    /// Whether a tick has come: whether it is at most [`MAX_TICKS`](crate::MAX_TICKS) ago.
    pub fn has_come(&self, tick: u32) -> Result<bool, Error> {
        Ok(time::has_come(tick, self.now()?))
    }

    /// Lets so many ticks pass, and wakes whose time is up: what the tick's interrupt handler does, or the
    /// idle loop after a long sleep. Answers whether a task was woken. Not to be called while a task is in a
    /// critical section, nor for more ticks than [`ticks_to_wake`](Scheduler::ticks_to_wake) says where that
    /// is more than [`MAX_TICKS`](crate::MAX_TICKS) away.
    ///
    /// Costs 2 bytes for one tick, and the list work of each task that is woken. A power loss on the way
    /// leaves a tick from the old to the new one; it never goes back.
    pub fn advance(&self, ticks: u32) -> Result<bool, Error> {
        time::advance(self.nvm(), PLACES.tick, ticks)?;
        self.wake_expired()
    }

    /// Wakes every delayed task whose tick has come: first those of the half of the tick's range that is
    /// over, if it has just ended.
    pub(crate) fn wake_expired(&self) -> Result<bool, Error> {
        // Where a `usize` has 16 bits text counts most.
        if !cfg!(target_pointer_width = "16")
            && areas::delayed(Half::Lower).is_empty(self.nvm())?
            && areas::delayed(Half::Upper).is_empty(self.nvm())?
        {
            return Ok(false);
        }
        self.wake_expired_of_some()
    }

    /// The same where some are delayed.
    #[cfg_attr(not(target_pointer_width = "16"), inline(never))]
    fn wake_expired_of_some(&self) -> Result<bool, Error> {
        let now = self.now()?;
        let mut woken = 0;
        let halves = match Half::of(now) {
            Half::Lower => [Half::Upper, Half::Lower],
            Half::Upper => [Half::Lower, Half::Upper],
        };
        for half in halves {
            let list = areas::delayed(half);
            while let Some(node) = list.front(self.nvm())?
                && time::has_come(node.key(self.nvm())?, now)
            {
                if woken >= self.task_count() {
                    return Err(ErrorKind::Damaged {
                        offset: list.head().get(),
                    }
                    .error());
                }
                self.wake_too_late(self.task_of(node, Self::state_node)?)?;
                woken += 1;
            }
        }
        Ok(woken > 0)
    }

    /// Wakes a task whose time is up. Where it waited for a mutex, its owner may lose a priority that it
    /// had inherited: that is announced before the task leaves the wait list.
    fn wake_too_late(&self, task: TaskIndex) -> Result<(), Error> {
        if self.event_node(task)?.is_linked(self.nvm())? {
            self.put_result(task, &Outcome::Timeout.as_record())?;
            if let Some(owner) = self.held_up_by(task)?
                && self.priority(owner)? > self.base_priority(owner)?
            {
                let settle = FollowUp::Settle { task: owner };
                FOLLOW_UP.store(self.nvm(), settle, None)?;
                self.wake_now(task)?;
                return self.finish(settle);
            }
        }
        self.wake_now(task)
    }
}
