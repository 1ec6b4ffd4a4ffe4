//! Software timers of the model.

use intos::{MAX_PERIOD, Outcome, Timeout};

use super::{Doing, Done, Model, Wait, failed};
use crate::op::{TIMERS, Value};

impl Model {
    /// When a timer expires next; `None` where it does not run.
    pub const fn expiry(&self, timer: usize) -> Option<u32> {
        self.timers[timer].expiry
    }

    pub(super) fn start_timer(&mut self, timer: usize, period: Option<u32>) -> Value {
        let period = period.unwrap_or(self.timers[timer].period);
        if period == 0 || period > MAX_PERIOD {
            return Value::Failed(Outcome::Invalid);
        }
        self.timers[timer].period = period;
        let expiry = self.now.wrapping_add(period);
        self.set_expiry(timer, expiry);
        if let Some(server) = self.server {
            let until = match &self.tasks[server].doing {
                Doing::Waiting { until, .. } => *until,
                _ => None,
            };
            let too_long = until.is_none_or(|until| expiry < until);
            if self.tasks[server].suspended || too_long {
                self.leave_lists(server);
                self.wake(server, Value::Expired(None));
            }
        }
        Value::Unit
    }

    fn set_expiry(&mut self, timer: usize, expiry: u32) {
        self.counter += 1;
        self.timers[timer].expiry = Some(expiry);
        self.timers[timer].since = self.counter;
    }

    pub(super) fn next_expiry(&mut self, caller: Option<usize>, timeout: Timeout) -> Done {
        if self.server.is_some() {
            return failed(Outcome::Busy);
        }
        let first = (0..TIMERS)
            .filter_map(|timer| Some((self.timers[timer].expiry?, self.timers[timer].since, timer)))
            .min();
        match first {
            Some((expiry, _, timer)) if expiry <= self.now => {
                if timer == 0 {
                    self.timers[timer].expiry = None;
                } else {
                    let period = self.timers[timer].period;
                    self.set_expiry(timer, expiry.wrapping_add(period));
                }
                Done::Completed(Value::Expired(Some(timer as u16)))
            }
            _ if timeout == Timeout::None => Done::Completed(Value::Expired(None)),
            first => {
                self.server = caller;
                let limit = match timeout {
                    Timeout::Ticks(ticks) => Some(self.now.wrapping_add(ticks.max(1))),
                    _ => None,
                };
                let expiry = first.map(|(expiry, ..)| expiry);
                let until = [expiry, limit].into_iter().flatten().min();
                let done = self.block_until(caller, Wait::Expiry, until);
                self.server = caller;
                done
            }
        }
    }
}
