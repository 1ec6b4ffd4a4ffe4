//! A few bytes: what is received from a buffer.

use core::fmt;
use core::ops::Deref;

use nvm_core::{Error, Nvm, RawOffset, Record, RecordReader, RecordWriter};

/// Up to `LEN` bytes. Recorded with the bytes that there are, and two more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes<const LEN: usize> {
    bytes: [u8; LEN],
    len: u16,
}

impl<const LEN: usize> Bytes<LEN> {
    /// So many bytes, filled by `fill`; never more than `LEN`.
    pub(crate) fn filled<E>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut bytes = [0; LEN];
        let len = len.min(LEN).min(u16::MAX.into());
        if let Some(used) = bytes.get_mut(..len) {
            fill(used)?;
        }
        Ok(Self {
            bytes,
            len: len as u16,
        })
    }
}

impl<const LEN: usize> Deref for Bytes<LEN> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }
}

impl<const LEN: usize> AsRef<[u8]> for Bytes<LEN> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<const LEN: usize> fmt::Debug for Bytes<LEN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<const LEN: usize> Record for Bytes<LEN> {
    const MAX_BYTES: RawOffset = 2 + LEN as RawOffset;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        to.put(&self.len.to_le_bytes())?;
        to.put(self)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        let mut len = [0; 2];
        from.take(&mut len)?;
        let len = usize::from(u16::from_le_bytes(len));
        if len > LEN {
            return Ok(None);
        }
        Self::filled(len, |bytes| from.take(bytes)).map(Some)
    }
}
