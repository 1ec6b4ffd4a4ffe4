//! A thread's logs and tables as they stand in an image, for tools: reads, and stores nothing.
//!
//! A record does not tell its length: only the program knows the types of its results. So tables are told as far as
//! marks tell, and frames of loops are recognised by their form.

use nvm_core::{Area, Nvm, RawOffset};
use nvm_tx::inspect::LogView;

use crate::layout::ThreadAreas;
use crate::loops::{ENDED, FRAME_BYTES, GOES_ON};
use crate::mark::{Mark, NO_GENERATION, SystemMark};
use crate::{Error, progress};

impl ThreadAreas {
    /// The results of transactions, and frames of loops.
    pub const fn transactions(&self) -> Area {
        self.transactions
    }

    /// The results of system calls.
    pub const fn system_calls(&self) -> Area {
        self.system_calls
    }

    /// The results of kernel transactions.
    pub const fn kernel_transactions(&self) -> Area {
        self.kernel_transactions
    }

    /// What counts the starts without a commit.
    pub const fn progress(&self) -> Area {
        self.progress
    }
}

/// A thread as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadView {
    /// The undo log of its transactions.
    pub log: LogView,
    /// The undo log of its kernel transactions.
    pub kernel_log: LogView,
    /// What its transactions published.
    pub records: RecordsView,
    /// What its system calls published.
    pub calls: CallsView,
    /// How many starts there were in a row without a commit.
    pub starts_without_commit: u16,
    /// Where a word of the count lies whose parity is wrong.
    pub wrong_parity: Option<RawOffset>,
}

/// The table of transactions, as far as the mark tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordsView {
    /// Records that count.
    pub count: u16,
    /// Parity of the iteration, where the last record is a loop's frame.
    pub parity: bool,
    /// Condensed from the call sites.
    pub digest: u8,
}

/// The table of system calls, as far as the mark tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallsView {
    /// Records that count, if the generation is the running transaction's.
    pub count: u16,
    /// Number of the transaction around the calls.
    pub generation: u8,
    /// Committed steps of the call under way: a task that waits has one.
    pub steps: u16,
    /// Whether the generation is that of the running transaction: else all of it counts as empty.
    pub is_current: bool,
}

impl CallsView {
    /// No transaction's generation.
    pub const NO_GENERATION: u8 = NO_GENERATION;
}

impl ThreadView {
    /// Reads a thread.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn load<N: Nvm>(nvm: &N, areas: &ThreadAreas) -> Result<Self, Error> {
        areas.check()?;
        let log = LogView::load(nvm, areas.log).map_err(nvm_tx::Fault::from)?;
        let kernel_log = LogView::load(nvm, areas.kernel_log).map_err(nvm_tx::Fault::from)?;
        let mark = |log: &LogView| log.committed.map_or(0, |committed| committed.mark);
        let sequence = |log: &LogView| log.committed.map(|committed| committed.sequence);
        let Mark {
            count,
            parity,
            digest,
        } = Mark::from_bits(mark(&log));
        let calls = SystemMark::from_bits(mark(&kernel_log));
        let running = log.committed.map(nvm_tx::inspect::Committed::next_sequence);
        let starts = match (sequence(&log), sequence(&kernel_log)) {
            (Some(own), Some(kernel)) => progress::starts(nvm, areas.progress, [own, kernel])?,
            _ => None,
        };
        Ok(Self {
            log,
            kernel_log,
            records: RecordsView {
                count,
                parity,
                digest,
            },
            calls: CallsView {
                count: calls.count(),
                generation: calls.generation(),
                steps: calls.steps(),
                is_current: running == Some(calls.generation()),
            },
            starts_without_commit: starts.unwrap_or(0),
            wrong_parity: progress::wrong_parity(nvm, areas.progress)?,
        })
    }
}

/// What a loop's frame says of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameEnd {
    /// The loop goes on.
    GoesOn,
    /// It has ended behind the commit of this number.
    EndedBehind(u8),
    /// It has ended, and something was committed after it.
    Ended,
}

/// Something in a table that has the form of a loop's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameView {
    /// Where it lies.
    pub at: RawOffset,
    /// Whether the loop goes on.
    pub end: FrameEnd,
    /// The counters of the last even and of the last odd iteration.
    pub cells: [u32; 2],
}

impl FrameView {
    /// The frame at an offset of a table, if something there has the form of one.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn load<N: Nvm>(nvm: &N, table: Area, at: RawOffset) -> Result<Option<Self>, Error> {
        let end = table.offset().saturating_add(table.len());
        if at < table.offset() || at.saturating_add(FRAME_BYTES) > end {
            return Ok(None);
        }
        let read = || -> Result<_, nvm_core::Error> {
            Ok((
                nvm.read_u16(at)?,
                nvm.read_u8(at + 2)?,
                nvm.read_u8(at + 3)?,
                nvm.read_u32(at + 4)?,
                nvm.read_u32(at + 8)?,
            ))
        };
        let (check, end, unused, even, odd) = read().map_err(nvm_tx::Fault::from)?;
        let follow = even == odd.wrapping_add(1) || odd == even.wrapping_add(1);
        let is_frame = check & 0x8001 == 0x8000
            && unused == 0
            && even.is_multiple_of(2)
            && !odd.is_multiple_of(2)
            && follow;
        Ok(is_frame.then_some(Self {
            at,
            end: match end {
                GOES_ON => FrameEnd::GoesOn,
                ENDED => FrameEnd::Ended,
                number => FrameEnd::EndedBehind(number),
            },
            cells: [even, odd],
        }))
    }

    /// Bytes of a frame.
    pub const BYTES: RawOffset = FRAME_BYTES;

    /// The iteration under way, from 0 on. `parity` is the mark's where the frame is the last record of all.
    pub const fn iteration(&self, parity: Option<bool>) -> u32 {
        let [even, odd] = self.cells;
        match parity {
            Some(false) => odd.wrapping_add(1),
            Some(true) => even.wrapping_add(1),
            None if even == odd.wrapping_add(1) => even,
            None => odd,
        }
    }
}
