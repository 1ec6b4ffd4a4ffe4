//! Sizes and areas of a thread's logs and tables.

use nvm_core::{Area, Layout};
use nvm_tx::LOG_HEADER_BYTES;

/// How large a thread's logs and tables are, in bytes. The program chooses; each has a default that
/// suits a few small objects a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadLayout {
    /// Undo log of its transactions: 8 for each word that one transaction changes.
    pub undo_log: u32,
    /// Undo log of its kernel transactions.
    pub kernel_undo_log: u32,
    /// Results of its transactions outside of loops or in one iteration: 2 and the value's bytes each, 0
    /// for `()`; and 12 for each persistent loop around them.
    pub transactions: u32,
    /// Results of the system calls and samples in one transaction: 2 and the value's bytes each.
    pub system_calls: u32,
    /// Results of the kernel transactions in one system call.
    pub kernel_transactions: u32,
}

impl ThreadLayout {
    /// The default: 252 bytes a thread, all included.
    pub const DEFAULT: Self = Self {
        undo_log: 64,
        kernel_undo_log: 48,
        transactions: 64,
        system_calls: 36,
        kernel_transactions: 8,
    };

    /// Bytes of NVM of all areas together.
    pub const fn bytes(&self) -> u32 {
        2 * LOG_HEADER_BYTES
            + round(self.undo_log)
            + round(self.kernel_undo_log)
            + round(self.transactions)
            + round(self.system_calls)
            + round(self.kernel_transactions)
            + PROGRESS_BYTES
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

const PROGRESS_BYTES: u32 = 8;

const fn round(bytes: u32) -> u32 {
    (bytes + 3) & !3
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
    /// Divides an area of [`ThreadLayout::bytes`] bytes.
    pub const fn split(area: Area, sizes: &ThreadLayout) -> Self {
        let mut at = area.offset();
        let log = next(&mut at, LOG_HEADER_BYTES + round(sizes.undo_log));
        let kernel_log = next(&mut at, LOG_HEADER_BYTES + round(sizes.kernel_undo_log));
        let transactions = next(&mut at, round(sizes.transactions));
        let system_calls = next(&mut at, round(sizes.system_calls));
        let kernel_transactions = next(&mut at, round(sizes.kernel_transactions));
        let progress = next(&mut at, PROGRESS_BYTES);
        Self {
            log,
            kernel_log,
            transactions,
            system_calls,
            kernel_transactions,
            progress,
        }
    }

    /// The undo log of kernel transactions, whose commit words a kernel looks at in its recovery.
    pub const fn kernel_log(&self) -> Area {
        self.kernel_log
    }
}

const fn next(at: &mut u32, len: u32) -> Area {
    let area = Area::new(*at, len);
    *at += len;
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_with_default_tables_takes_at_most_256_bytes() {
        assert_eq!(ThreadLayout::DEFAULT.bytes(), 252);
    }
}
