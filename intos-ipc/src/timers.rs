//! Software timers: their expiries go, one by one, to the task that serves them.
//!
//! | bytes of the service | field |
//! | --- | --- |
//! | 0..16 | running timers, one list for each half of the tick's range, sorted by expiry |
//! | 16..24 | wait list of the task that serves them |
//!
//! | bytes of a timer | field |
//! | --- | --- |
//! | 0..12 | node; key: the tick of its expiry; label: its number; in no list: it does not run |
//! | 12..16 | period |
//!
//! Nothing happens at a tick. The serving task sleeps until the first expiry, and when it has come takes it:
//!
//! | call | stores in its kernel transaction | work that goes with the commit |
//! | --- | --- | --- |
//! | next, one is due | | the timer moves to its next expiry, or stops |
//! | next, none is due | | blocks the task until the first expiry |
//! | start, change of period | period | the timer moves; wakes the serving task, if it would sleep too long, to look again |
//! | stop | | the timer leaves its list |
//!
//! So an expiry is taken exactly once: the move of the timer and the record of the call come in force with
//! one store. A task that is late finds the expiries that it missed, one after the other.
//!
//! Since periods are at most [`MAX_PERIOD`] long, a list never holds ticks of two rounds, however late the
//! serving task is, up to 2^30 ticks.

#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use intos_sched::{
    Call, Error, ErrorKind, InterruptCalls, MAX_TICKS, Outcome, Port, Progress, Scheduler, Span,
    SystemCalls, TaskState, Timeout, Wait, Work,
};
use nvm_core::{Class, Layout, Nvm, Offset, RawOffset, field, widened};
use nvm_list::{Head, List, Node, NodeRef, Operation};
use replay::Site;

nvm_core::persist! {
    struct Header {
        lower: Head,
        upper: Head,
        serving: Head,
    }

    struct Block {
        node: Node,
        period: u32,
    }
}

/// The longest period of a timer, in ticks: 12 days of milliseconds.
pub const MAX_PERIOD: u32 = 1 << 30;

/// What a timer does when it has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It stops.
    OneShot,
    /// It goes on: the next expiry comes one period after this one was due.
    AutoReload,
}

/// A service of software timers, and the timers that belong to it: one task serves it.
///
/// A handle, one word: 24 bytes in NVM.
#[derive(Debug, Clone, Copy)]
pub struct Timers {
    header: Offset<Header>,
}

/// A software timer.
///
/// A handle, three words: 16 bytes in NVM.
#[derive(Debug, Clone, Copy)]
pub struct Timer {
    timers: Timers,
    block: Offset<Block>,
    repeat: Repeat,
}

type Done = Result<(), Outcome>;
/// `repeat` in the upper bit of the label.
const AUTO_RELOAD: u16 = 0x8000;

impl Timers {
    /// Places a service in a layout.
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self {
            header: layout.object(name),
        }
    }

    /// Makes it a service without timers. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        for head in [
            field!(self.header, Header.lower),
            field!(self.header, Header.upper),
            field!(self.header, Header.serving),
        ] {
            List::format(nvm, Class::Kernel, head, 0)?;
        }
        Ok(())
    }

    /// Validates the service: for tests and for tools that look at images. Answers how many timers run.
    /// Stores nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<u32, Error> {
        let nvm = scheduler.nvm();
        let most = widened(nvm.size() / size_of::<Block>() as RawOffset);
        let mut running = 0;
        for (list, upper) in [(self.list_of(0)?, false), (self.list_of(u32::MAX)?, true)] {
            running += nvm_list::check(nvm, list, most, true)?;
            for node in list.iter(nvm) {
                if (node?.key(nvm)? >> 31 == 1) != upper {
                    return Err(ErrorKind::Damaged {
                        offset: list.head().get(),
                    }
                    .error());
                }
            }
        }
        scheduler.check_wait_list(self.serving()?)?;
        Ok(running)
    }

    /// Takes the next expiry, and answers the number of its timer: of those whose time has come the one that
    /// was due first. Waits for it; `None`: the time was up, or the timers have changed, so look again. Use it
    /// in a persistent loop, whose iterations drop its records.
    ///
    /// # Errors
    ///
    /// [`Outcome::Busy`] where another task serves the timers.
    #[track_caller]
    pub fn next(
        &self,
        tx: &mut impl SystemCalls,
        timeout: impl Into<Timeout>,
    ) -> Result<Option<u16>, Error> {
        let (timers, timeout) = (*self, timeout.into());
        let expired: Result<u16, Outcome> = tx
            .call(Site::here(), &"timers.next")
            .run(|call| timers.attempt_next(call, timeout))?;
        match expired {
            Ok(number) => Ok(Some(number)),
            Err(Outcome::Timeout) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    fn attempt_next<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Result<u16, Outcome>>, Error> {
        let nvm = call.nvm();
        let serving = self.serving()?;
        if !serving.is_empty(nvm)? {
            return call.refuse(Outcome::Busy);
        }
        let now = call.scheduler().now()?;
        let first = self.first(nvm, now)?;
        let (node, due) = match first {
            Some((node, due)) if has_come(due, now) => (node, due),
            _ if timeout == Timeout::None => return call.refuse(Outcome::Timeout),
            first => {
                let soonest = |tick: &u32| tick.wrapping_sub(now);
                let until = [first.map(|(_, due)| due), call.deadline(timeout)?]
                    .into_iter()
                    .flatten()
                    .min_by_key(soonest);
                let wait = Wait::in_list(serving);
                return call.block_with(wait, until, &[], Work::none(), |_| Ok(()));
            }
        };
        let label = node.label(nvm)?;
        let mut work = Work::none();
        work.push(if label & AUTO_RELOAD == 0 {
            Operation::Remove { node }
        } else {
            let period = Timer::period_of(nvm, node)?;
            let key = due.wrapping_add(period);
            Operation::MoveSorted {
                list: self.list_of(key)?,
                node,
                key,
            }
        })?;
        call.complete(&work, |_| Ok(Ok(label & !AUTO_RELOAD)))
    }

    /// The running timer that is due first, and when.
    fn first<N: Nvm>(self, nvm: &N, now: u32) -> Result<Option<(NodeRef, u32)>, Error> {
        let mut first: Option<(NodeRef, u32)> = None;
        for list in [self.list_of(0)?, self.list_of(u32::MAX)?] {
            if let Some(node) = list.front(nvm)? {
                let due = node.key(nvm)?;
                // How long ago, or as a very large number how soon: those that are due count from the longest ago.
                let order = |tick: u32| tick.wrapping_sub(now).wrapping_add(1 << 31);
                if first.is_none_or(|(_, other)| order(due) < order(other)) {
                    first = Some((node, due));
                }
            }
        }
        Ok(first)
    }

    fn list_of(self, tick: u32) -> Result<List, Error> {
        Ok(List::at(if tick >> 31 == 0 {
            field!(self.header, Header.lower)
        } else {
            field!(self.header, Header.upper)
        })?)
    }

    fn serving(self) -> Result<List, Error> {
        Ok(List::at(field!(self.header, Header.serving))?)
    }
}

impl Timer {
    /// Places a timer in a layout.
    pub fn place(layout: &mut Layout, name: &str, timers: Timers, repeat: Repeat) -> Self {
        Self {
            timers,
            block: layout.object(name),
            repeat,
        }
    }

    /// Makes it a timer that does not run. Its `number`, below 32,768, is what the serving task gets. Part of
    /// the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N, number: u16, period: u32) -> Result<(), Error> {
        let repeat = match self.repeat {
            Repeat::OneShot => 0,
            Repeat::AutoReload => AUTO_RELOAD,
        };
        let label = number & !AUTO_RELOAD | repeat;
        NodeRef::format(nvm, Class::Kernel, field!(self.block, Block.node), label)?;
        let period = period.clamp(1, MAX_PERIOD);
        Ok(nvm.store(Class::Kernel, field!(self.block, Block.period), &period)?)
    }

    /// Starts the timer: it expires one period from now, also where it was running. `reset` is the same.
    #[track_caller]
    pub fn start(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let timer = *self;
        let done: Done = tx
            .call(Site::here(), &"timer.start")
            .run(|call| timer.attempt_start(call, None))?;
        Ok(done?)
    }

    /// Begins the running period anew: the same as [`start`](Timer::start).
    #[track_caller]
    pub fn reset(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        self.start(tx)
    }

    /// Gives the timer another period, and starts it.
    ///
    /// # Errors
    ///
    /// [`Outcome::Invalid`] for a period of 0 or of more than [`MAX_PERIOD`] ticks.
    #[track_caller]
    pub fn change_period(
        &self,
        tx: &mut impl SystemCalls,
        period: impl Into<Span>,
    ) -> Result<(), Error> {
        let (timer, period) = (*self, period.into());
        let done: Done = tx
            .call(Site::here(), &"timer.change_period")
            .run(|call| timer.attempt_start(call, Some(period)))?;
        Ok(done?)
    }

    /// Stops the timer; does nothing to one that does not run. An expiry that was not taken yet goes with it.
    #[track_caller]
    pub fn stop(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let timer = *self;
        tx.call(Site::here(), &"timer.stop")
            .run(|call| timer.attempt_stop(call))
    }

    /// Whether the timer runs. Recorded: a repeated transaction gets the same.
    #[track_caller]
    pub fn is_active(&self, tx: &mut impl SystemCalls) -> Result<bool, Error> {
        let timer = *self;
        tx.call(Site::here(), &"timer.is_active").run(|call| {
            let active = timer.node()?.is_linked(call.nvm())?;
            call.answer(active)
        })
    }

    /// [`start`](Timer::start), from an interrupt handler.
    #[track_caller]
    pub fn start_from_isr(&self, isr: &mut impl InterruptCalls) -> Result<(), Error> {
        let timer = *self;
        let done: Done = isr
            .call_from_isr(Site::here(), &"timer.start_from_isr")
            .run(|call| timer.attempt_start(call, None))?;
        Ok(done?)
    }

    /// [`stop`](Timer::stop), from an interrupt handler.
    #[track_caller]
    pub fn stop_from_isr(&self, isr: &mut impl InterruptCalls) -> Result<(), Error> {
        let timer = *self;
        isr.call_from_isr(Site::here(), &"timer.stop_from_isr")
            .run(|call| timer.attempt_stop(call))
    }

    /// When it expires next, as seen from outside of any task; `None` where it does not run.
    pub fn expiry<N: Nvm>(&self, nvm: &N) -> Result<Option<u32>, Error> {
        let node = self.node()?;
        Ok(if node.is_linked(nvm)? {
            Some(node.key(nvm)?)
        } else {
            None
        })
    }

    fn attempt_start<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        new_period: Option<Span>,
    ) -> Result<Progress<Done>, Error> {
        let (nvm, scheduler) = (call.nvm(), call.scheduler());
        let node = self.node()?;
        let period = match new_period {
            Some(span) => span.in_ticks(P::TICKS_PER_SECOND),
            None => Self::period_of(nvm, node)?,
        };
        if period == 0 || period > MAX_PERIOD {
            return call.refuse(Outcome::Invalid);
        }
        let key = scheduler.tick_in(period)?;
        let list = self.timers.list_of(key)?;
        let mut work = Work::none();
        work.push(if node.is_linked(nvm)? {
            Operation::MoveSorted { list, node, key }
        } else {
            Operation::InsertSorted { list, node, key }
        })?;
        if let Some(serving) = scheduler.first_waiting(self.timers.serving()?)?
            && sleeps_longer(scheduler.state(serving)?, key, scheduler.now()?)
        {
            scheduler.put_result(serving, &Outcome::Timeout.as_record())?;
            work.wake(scheduler, serving)?;
        }
        let at = field!(self.block, Block.period);
        call.complete(&work, |kernel| {
            if new_period.is_some() {
                kernel.set(at, period)?;
            }
            Ok(Ok(()))
        })
    }

    fn attempt_stop<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<()>, Error> {
        let node = self.node()?;
        let mut work = Work::none();
        if node.is_linked(call.nvm())? {
            work.push(Operation::Remove { node })?;
        }
        call.complete(&work, |_| Ok(()))
    }

    fn node(self) -> Result<NodeRef, Error> {
        Ok(NodeRef::at(field!(self.block, Block.node))?)
    }

    /// The period of the timer whose node this is.
    fn period_of<N: Nvm>(nvm: &N, node: NodeRef) -> Result<u32, Error> {
        let block: Offset<Block> = node.offset().cast();
        Ok(nvm.load(field!(block, Block.period))?)
    }
}

/// Whether a task that serves timers sleeps beyond a tick.
const fn sleeps_longer(state: TaskState, tick: u32, now: u32) -> bool {
    match state {
        TaskState::Blocked { until: Some(until) } => {
            tick.wrapping_sub(now) < until.wrapping_sub(now)
        }
        // A suspended one looks again when it is resumed: woken too often does no harm.
        _ => true,
    }
}

const fn has_come(tick: u32, now: u32) -> bool {
    now.wrapping_sub(tick) <= MAX_TICKS
}
