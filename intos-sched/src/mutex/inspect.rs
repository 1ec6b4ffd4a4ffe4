//! A mutex as it stands in an image, for tools.

use nvm_core::{Nvm, Offset, RawOffset, field, of_words};
use nvm_list::List;

use super::{DELETED, MutexAt, MutexBlock, NOBODY};
use crate::error::Error;

/// A mutex as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MutexView {
    /// Where it lies.
    pub at: RawOffset,
    /// Its wait list.
    pub waiting: List,
    /// The byte that names who holds it.
    pub owner: u8,
    /// How often it is held; means nothing where nobody holds it.
    pub depth: u8,
    /// The holder's generation; the same.
    pub generation: u16,
    /// Where the next one lies of the contended mutexes that the holder holds; 0: none.
    pub next: RawOffset,
    /// 1 where it is one of those.
    pub contended: u8,
    /// A byte that is not used: 0.
    pub unused: u8,
}

impl MutexView {
    /// In place of the owner: nobody.
    pub const NOBODY: u8 = NOBODY;
    /// In place of the owner: the mutex was deleted.
    pub const DELETED: u8 = DELETED;
    /// Where the owner lies, from the beginning of a mutex.
    pub const OWNER_AT: RawOffset = core::mem::offset_of!(MutexBlock, holder) as RawOffset;
    /// The same of the depth.
    pub const DEPTH_AT: RawOffset = Self::OWNER_AT + 1;
    /// The same of what tells whether it is contended.
    pub const CONTENDED_AT: RawOffset = core::mem::offset_of!(MutexBlock, contended) as RawOffset;
    /// The same of the next one.
    pub const NEXT_AT: RawOffset = core::mem::offset_of!(MutexBlock, next) as RawOffset;

    /// The same of the byte that is not used.
    pub const UNUSED_AT: RawOffset = core::mem::offset_of!(MutexBlock, unused) as RawOffset;

    /// Reads the mutex at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let mutex = MutexAt::new(Offset::new(at));
        let block: MutexBlock = nvm.load(mutex.0)?;
        Ok(Self {
            at,
            waiting: List::at(field!(mutex.0, MutexBlock.waiting))?,
            owner: block.holder.owner,
            depth: block.holder.depth,
            generation: block.holder.generation,
            next: of_words(block.next),
            contended: block.contended,
            unused: block.unused,
        })
    }
}
