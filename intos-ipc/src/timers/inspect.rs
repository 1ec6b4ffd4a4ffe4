//! A service of software timers and its timers as they stand in an image, for tools.

use intos_sched::Error;
use nvm_core::{Nvm, Offset, RawOffset, field};
use nvm_list::{List, NodeRef};

use super::{AUTO_RELOAD, Block, Header, Repeat, Timer, Timers};

/// A service as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimersView {
    /// Running timers that expire at a tick in the lower and in the upper half of the range.
    pub running: [List; 2],
    /// Who serves them.
    pub serving: List,
}

/// A timer as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerView {
    /// Its node in the list of running timers.
    pub node: NodeRef,
    /// What the task gets that serves the timers.
    pub number: u16,
    /// Whether it goes on when it has expired.
    pub repeats: bool,
    /// Its period in ticks.
    pub period: u32,
}

impl Timers {
    /// Where the service lies.
    pub const fn offset(self) -> RawOffset {
        self.header.get()
    }
}

impl Timer {
    /// Where the service lies that it belongs to.
    pub const fn service(&self) -> RawOffset {
        self.timers.offset()
    }

    /// Whether it goes on when it has expired.
    pub const fn repeats(&self) -> bool {
        matches!(self.repeat, Repeat::AutoReload)
    }
}

impl TimersView {
    /// The service at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn at(at: RawOffset) -> Result<Self, Error> {
        let at: Offset<Header> = Offset::new(at);
        Ok(Self {
            running: [
                List::at(field!(at, Header.lower))?,
                List::at(field!(at, Header.upper))?,
            ],
            serving: List::at(field!(at, Header.serving))?,
        })
    }
}

impl TimerView {
    /// Where the period lies, from the beginning of a timer.
    pub const PERIOD_AT: RawOffset = core::mem::offset_of!(Block, period) as RawOffset;

    /// Reads the timer at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let at: Offset<Block> = Offset::new(at);
        let node = NodeRef::at(field!(at, Block.node))?;
        let label = node.label(nvm)?;
        Ok(Self {
            node,
            number: label & !AUTO_RELOAD,
            repeats: label & AUTO_RELOAD != 0,
            period: nvm.load(field!(at, Block.period))?,
        })
    }
}
