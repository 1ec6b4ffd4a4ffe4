//! A semaphore as it stands in an image, for tools.

use intos_sched::Error;
use nvm_core::{Nvm, Offset, RawOffset, field};
use nvm_list::List;

use super::{DELETED, Header};

/// A semaphore as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemaphoreView {
    /// Those who wait for a unit.
    pub waiting: List,
    /// How many units are free; `None`: the semaphore was deleted.
    pub count: Option<u32>,
}

impl SemaphoreView {
    /// Where the count lies, from the beginning of a semaphore.
    pub const COUNT_AT: RawOffset = core::mem::offset_of!(Header, count) as RawOffset;

    /// Reads the semaphore at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let at: Offset<Header> = Offset::new(at);
        let header = nvm.load(at)?;
        Ok(Self {
            waiting: List::at(field!(at, Header.waiting))?,
            count: (header.count != DELETED).then_some(header.count),
        })
    }
}
