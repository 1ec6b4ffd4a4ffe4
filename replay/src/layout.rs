//! Sizes and areas of a thread's logs and tables.

use nvm_core::{Area, Layout, RawOffset, ablation};
use nvm_tx::LOG_HEADER_BYTES;

use crate::error::{Error, ErrorKind};

/// How large a thread's logs and tables are, in bytes. The program chooses; each has a default that
/// suits a few small objects a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadLayout {
    /// Undo log of its transactions: 8 for each word that one transaction changes.
    pub undo_log: RawOffset,
    /// Undo log of its kernel transactions.
    pub kernel_undo_log: RawOffset,
    /// Results of its transactions outside of loops or in one iteration: 2 and the value's bytes each, 0
    /// for `()`; 4 and the error's bytes for one that aborts; and 12 for each persistent loop around them.
    /// A transaction begins only where the largest outcome that it could have has room: 9 bytes at
    /// least for one that may report a full log or table.
    pub transactions: RawOffset,
    /// Results of the system calls and samples in one transaction: 2 and the value's bytes each.
    pub system_calls: RawOffset,
    /// Results of the kernel transactions in one system call: a kernel whose calls leave none before they are
    /// completed needs no byte.
    pub kernel_transactions: RawOffset,
}

impl ThreadLayout {
    /// The default: 216 bytes a thread, all included.
    pub const DEFAULT: Self = Self {
        undo_log: 56,
        kernel_undo_log: 40,
        transactions: 56,
        system_calls: 32,
        kernel_transactions: 0,
    };

    /// Bytes of NVM of all areas together.
    pub const fn bytes(&self) -> RawOffset {
        PROGRESS_BYTES
            .saturating_add(log_bytes(self.undo_log, ablation::MORE_LOG_BYTES))
            .saturating_add(log_bytes(
                self.kernel_undo_log,
                ablation::MORE_KERNEL_LOG_BYTES,
            ))
            .saturating_add(round(self.transactions))
            .saturating_add(round(self.system_calls))
            .saturating_add(round(self.kernel_transactions))
    }

    /// Places the areas in a layout.
    pub fn place(&self, layout: &mut Layout, name: &str) -> ThreadAreas {
        ThreadAreas::split(layout.area(name, self.bytes()), self)
    }
}

impl Default for ThreadLayout {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const PROGRESS_BYTES: RawOffset = 8;

const fn round(bytes: RawOffset) -> RawOffset {
    bytes.saturating_add(3) & !3
}

/// Bytes of a log whose entries take so many, and some more.
const fn log_bytes(entry_bytes: RawOffset, more: RawOffset) -> RawOffset {
    round(entry_bytes).saturating_add(LOG_HEADER_BYTES + more)
}

/// Where a thread's logs and tables lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadAreas {
    pub(crate) log: Area,
    pub(crate) kernel_log: Area,
    pub(crate) transactions: Area,
    pub(crate) system_calls: Area,
    pub(crate) kernel_transactions: Area,
    pub(crate) progress: Area,
}

impl ThreadAreas {
    /// Divides an area of [`ThreadLayout::bytes`] bytes. One that is smaller is an error when the thread
    /// is formatted or started.
    pub const fn split(area: Area, sizes: &ThreadLayout) -> Self {
        let (mut at, end) = (area.offset(), area.offset().saturating_add(area.len()));
        let log = next(
            &mut at,
            end,
            log_bytes(sizes.undo_log, ablation::MORE_LOG_BYTES),
        );
        let kernel_log = next(
            &mut at,
            end,
            log_bytes(sizes.kernel_undo_log, ablation::MORE_KERNEL_LOG_BYTES),
        );
        let transactions = next(&mut at, end, round(sizes.transactions));
        let system_calls = next(&mut at, end, round(sizes.system_calls));
        let kernel_transactions = next(&mut at, end, round(sizes.kernel_transactions));
        let progress = next(&mut at, end, PROGRESS_BYTES);
        Self {
            log,
            kernel_log,
            transactions,
            system_calls,
            kernel_transactions,
            progress,
        }
    }

    /// Makes sure that all have the length that they were to have: the last one has.
    pub(crate) const fn check(&self) -> Result<(), Error> {
        if self.progress.len() == PROGRESS_BYTES {
            return Ok(());
        }
        Err(Error::new(ErrorKind::AreaTooSmall {
            offset: self.log.offset(),
        }))
    }

    /// The undo log of the thread's transactions, which a kernel rolls back when it deletes the task.
    pub const fn log(&self) -> Area {
        self.log
    }

    /// The undo log of kernel transactions, whose commit words a kernel looks at in its recovery.
    pub const fn kernel_log(&self) -> Area {
        self.kernel_log
    }
}

/// The next area: shorter where `end` comes before its own, so that none reaches into somebody else's.
const fn next(at: &mut RawOffset, end: RawOffset, len: RawOffset) -> Area {
    let free = end - *at;
    let area = Area::new(*at, if len < free { len } else { free });
    *at += area.len();
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_with_default_tables_takes_216_bytes() {
        assert_eq!(ThreadLayout::DEFAULT.bytes(), 216);
    }

    #[test]
    fn an_area_that_is_too_small_is_an_error_and_nobody_elses_bytes() {
        let sizes = ThreadLayout::DEFAULT;
        for len in 0..sizes.bytes() {
            let areas = ThreadAreas::split(Area::new(40, len), &sizes);
            assert!(areas.check().is_err(), "{len} bytes");
            assert!(areas.progress.offset() + areas.progress.len() <= 40 + len);
        }
        assert_eq!(
            ThreadAreas::split(Area::new(40, 216), &sizes).check(),
            Ok(())
        );
        let huge = ThreadLayout {
            undo_log: RawOffset::MAX,
            ..sizes
        };
        let areas = ThreadAreas::split(Area::new(40, 300), &huge);
        assert!(areas.check().is_err());
    }
}
