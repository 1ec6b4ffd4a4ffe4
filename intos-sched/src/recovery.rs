//! What a start-up puts in order before any thread runs.
//!
//! Only the task that ran can have been in a system call, and only one interrupt handler or follow-up can
//! have been under way: so recovery looks at two undo logs, one operation log and one follow-up, however
//! many tasks there are.

use nvm_core::{Class, Nvm};
use nvm_list::Recovered;
use nvm_tx::UndoLog;

use crate::areas::{FOLLOW_UP, NO_TASK, OP_LOG, PLACES};
use crate::broken::{self, Variant};
use crate::error::Error;
use crate::observe::{Event, RecoveryStep};
use crate::scheduler::{KERNEL, Scheduler};
use crate::task::TaskIndex;

impl<N: Nvm + Copy> Scheduler<N> {
    /// Puts the kernel in order after a power loss, before any thread runs: rolls back the kernel
    /// transaction that was under way, rolls forward the list work that was in force, does what was to be
    /// done after it, and wakes whose time was up. Idempotent; its work is bounded by that of the one
    /// interrupted operation: it does not depend on how many tasks there are, but on how many that operation
    /// concerns.
    ///
    /// `observe` is told each step.
    pub fn recover(&self, observe: impl Fn(Event)) -> Result<(), Error> {
        let done = |step| observe(Event::Recovered(step));
        if broken::is(Variant::ForgetsCurrent) {
            self.nvm().store(Class::Kernel, PLACES.current, &NO_TASK)?;
        }
        let mut rolled_back = self.roll_back(KERNEL)?;
        if let Some(task) = self.current()? {
            rolled_back |= self.roll_back(task.0)?;
        }
        done(RecoveryStep::KernelLog { rolled_back });

        let mut recovered = Recovered::Nothing;
        if !broken::is(Variant::NoRollForward) {
            let mut failed = None;
            recovered = OP_LOG.recover(self.nvm(), |tag| {
                self.is_committed(tag).unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        done(RecoveryStep::Lists {
            rolled_forward: recovered == Recovered::RolledForward,
        });

        let follow_up = FOLLOW_UP.load(self.nvm(), |tag| self.is_committed(tag))?;
        if let Some(follow_up) = follow_up {
            self.finish(follow_up)?;
        }
        done(RecoveryStep::FollowUp {
            rolled_forward: follow_up.is_some(),
        });

        let woken = self.wake_expired()?;
        done(RecoveryStep::Clock { woken });
        Ok(())
    }

    /// Rolls back the kernel transaction of a task, or of the kernel itself, if one was under way.
    fn roll_back(&self, owner: u8) -> Result<bool, Error> {
        let area = self.kernel_log_of(owner)?;
        if UndoLog::is_at_rest(self.nvm(), area)? {
            return Ok(false);
        }
        let mut log = UndoLog::unopened(*self.nvm(), area, Class::Kernel);
        Ok(log.recover()?)
    }

    /// Whether the commit that a tag names has come.
    pub(crate) fn is_committed(&self, tag: u16) -> Result<bool, Error> {
        let [sequence, owner] = tag.to_le_bytes();
        let (_, committed) = UndoLog::committed(self.nvm(), self.kernel_log_of(owner)?)?;
        Ok(committed == sequence)
    }

    fn kernel_log_of(&self, owner: u8) -> Result<nvm_core::Area, Error> {
        if owner == KERNEL {
            return Ok(PLACES.kernel_log);
        }
        Ok(self.threads().of(TaskIndex(owner))?.kernel_log())
    }
}
