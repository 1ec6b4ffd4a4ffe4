//! A stream or message buffer as it stands in an image, for tools.

use intos_sched::Error;
use nvm_core::{Nvm, Offset, RawOffset, field};
use nvm_list::List;

use super::{DELETED, HEADER_BYTES, Header};

/// A buffer as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferView {
    /// Who reads.
    pub reading: List,
    /// Who writes.
    pub writing: List,
    /// Position of the first byte.
    pub first: u16,
    /// How many bytes there are; `None`: the buffer was deleted.
    pub count: Option<u16>,
    /// How many bytes it holds at most.
    pub capacity: u16,
    /// Bytes that are not used: 0.
    pub unused: u16,
    at: RawOffset,
}

impl BufferView {
    /// Where the position of the first byte lies, from the beginning of a buffer.
    pub const FIRST_AT: RawOffset = core::mem::offset_of!(Header, first) as RawOffset;
    /// The same of the count.
    pub const COUNT_AT: RawOffset = core::mem::offset_of!(Header, count) as RawOffset;
    /// The same of the capacity.
    pub const CAPACITY_AT: RawOffset = core::mem::offset_of!(Header, capacity) as RawOffset;
    /// The same of the bytes.
    pub const BYTES_AT: RawOffset = HEADER_BYTES;

    /// Reads the buffer at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let place: Offset<Header> = Offset::new(at);
        let header = nvm.load(place)?;
        Ok(Self {
            reading: List::at(field!(place, Header.reading))?,
            writing: List::at(field!(place, Header.writing))?,
            first: header.first,
            count: (header.count != DELETED).then_some(header.count),
            capacity: header.capacity,
            unused: header.unused,
            at,
        })
    }

    /// The byte so many behind the first one.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn byte<N: Nvm>(&self, nvm: &N, nth: u16) -> Result<u8, Error> {
        let position = (u32::from(self.first) + u32::from(nth)) % u32::from(self.capacity.max(1));
        let at = self.at.saturating_add(HEADER_BYTES + position);
        Ok(nvm.read_u8(at)?)
    }
}
