//! The event group of the model.

use intos::{Outcome, Timeout};

use super::{Doing, Done, Model, Wait, failed};
use crate::op::Value;

const USABLE: u32 = 0x00FF_FFFF;

impl Model {
    /// The bits that are set; `None` where the group was deleted.
    pub const fn bits(&self) -> Option<u32> {
        self.bits
    }

    pub(super) fn set_bits(&mut self, set: u32) -> Value {
        let Some(before) = self.bits else {
            return Value::Failed(Outcome::Deleted);
        };
        if set & !USABLE != 0 {
            return Value::Failed(Outcome::Invalid);
        }
        let cleared = self.wake_satisfied(before | set);
        let left = (before | set) & !cleared;
        self.bits = Some(left);
        Value::Number(left)
    }

    /// Wakes all whose bits are set, and answers which bits they clear.
    fn wake_satisfied(&mut self, bits: u32) -> u32 {
        let mut cleared = 0;
        for task in self.groups.clone() {
            let Doing::Waiting {
                what:
                    Wait::Bits {
                        bits: wanted,
                        all,
                        clear,
                    },
                ..
            } = self.tasks[task].doing
            else {
                continue;
            };
            if is_met(wanted, all, bits) {
                if clear {
                    cleared |= wanted;
                }
                self.leave_lists(task);
                self.wake(task, Value::Number(bits));
            }
        }
        cleared
    }

    pub(super) fn clear_bits(&mut self, clear: u32) -> Value {
        let Some(before) = self.bits else {
            return Value::Failed(Outcome::Deleted);
        };
        if clear & !USABLE != 0 {
            return Value::Failed(Outcome::Invalid);
        }
        self.bits = Some(before & !clear);
        Value::Number(before)
    }

    pub(super) fn wait_bits(
        &mut self,
        caller: Option<usize>,
        (set, bits, all, clear): (u32, u32, bool, bool),
        timeout: Timeout,
    ) -> Done {
        if bits == 0 || (bits | set) & !USABLE != 0 {
            return failed(Outcome::Invalid);
        }
        let Some(before) = self.bits else {
            return failed(Outcome::Deleted);
        };
        let now = before | set;
        let met = is_met(bits, all, now);
        let blocks = !met && timeout != Timeout::None;
        if blocks {
            // The caller leaves the ready list first, and comes into the wait list as the last of its equals.
            self.block(caller, Wait::Bits { bits, all, clear }, timeout);
        }
        let mut cleared = self.wake_satisfied(now);
        if met && clear {
            cleared |= bits;
        }
        self.bits = Some(now & !cleared);
        if blocks {
            Done::Blocked
        } else if met {
            Done::Completed(Value::Number(now))
        } else {
            failed(Outcome::Empty)
        }
    }

    pub(super) fn delete_group(&mut self) -> Value {
        if self.bits.take().is_none() {
            return Value::Failed(Outcome::Deleted);
        }
        let waiting = std::mem::take(&mut self.groups);
        self.wake_all(waiting, &Value::Failed(Outcome::Deleted));
        Value::Unit
    }
}

const fn is_met(wanted: u32, all: bool, bits: u32) -> bool {
    if all {
        bits & wanted == wanted
    } else {
        bits & wanted != 0
    }
}
