//! A queue as it stands in an image, for tools.

use intos_sched::Error;
use nvm_core::{Nvm, Offset, RawOffset, field};
use nvm_list::List;

use super::{DELETED, Header};

/// A queue as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueView {
    /// Those who receive or peek.
    pub receivers: List,
    /// Those who send.
    pub senders: List,
    /// Index of the first item.
    pub first: u16,
    /// How many items there are; `None`: the queue was deleted.
    pub count: Option<u16>,
}

impl QueueView {
    /// Where the index of the first item lies, from the beginning of a queue.
    pub const FIRST_AT: RawOffset = core::mem::offset_of!(Header, first) as RawOffset;
    /// The same of the count.
    pub const COUNT_AT: RawOffset = core::mem::offset_of!(Header, count) as RawOffset;
    /// The same of the slots.
    pub const SLOTS_AT: RawOffset = size_of::<Header>() as RawOffset;

    /// Reads the queue at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let at: Offset<Header> = Offset::new(at);
        let header = nvm.load(at)?;
        Ok(Self {
            receivers: List::at(field!(at, Header.receivers))?,
            senders: List::at(field!(at, Header.senders))?,
            first: header.first,
            count: (header.count != DELETED).then_some(header.count),
        })
    }
}
