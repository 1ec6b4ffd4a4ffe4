//! Carrying out what is in force: the first time and in a recovery.

use nvm_core::{Nvm, RawOffset};

use super::{BATCH, EMPTY, HEADER_BYTES, KIND, LAST, OpLog, SINGLE, STAGED, Staged, corrupt};
use crate::fault::{self, Fault};
use crate::operation::{Code, LogRecord};
use crate::steps::{Phase, Steps};
use crate::{ListError, Operation};

/// Whether it is noted that the operation behind another one begins. [`Code::Link`] needs no note: it is chosen where no
/// operation before it touches the list, so those that are done again, from the last note on, find what they have left.
#[inline]
fn is_noted(code: Code) -> bool {
    code != Code::Link && !fault::is_active(Fault::NoProgress)
}

impl OpLog {
    /// Carries out what is in force, from the operation and phase that the state tells.
    pub(super) fn roll_forward<N: Nvm>(&self, nvm: &N, state: u8) -> Result<(), ListError> {
        let phase = Phase::from_bits(state);
        match state & KIND {
            SINGLE => {
                let code =
                    Code::from_bits(state >> 2 & 0xF).ok_or_else(|| corrupt(self.state_at()))?;
                let record = LogRecord::load(nvm, self.state_at(), code)?;
                self.run_record(nvm, record, state & !3, phase, true)
            }
            STAGED if state != STAGED => Err(corrupt(self.state_at())),
            BATCH | STAGED => self.roll_forward_batch(nvm, state >> 2 & 0xF, phase),
            _ => Err(corrupt(self.state_at())),
        }
    }

    /// Carries out a batch that is in force, and whose operations are still known: what
    /// [`roll_forward`](OpLog::roll_forward) does from its beginning.
    pub(super) fn run_staged<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        staged: Staged,
    ) -> Result<(), ListError> {
        let mut steps = self.steps(nvm, BATCH);
        let mut left = operations.len();
        for (number, operation) in operations.iter().enumerate() {
            left -= 1;
            let code = staged
                .code(number)
                .ok_or_else(|| corrupt(self.state_at()))?;
            if number > 0 && is_noted(code) {
                steps.state = BATCH | (number as u8) << 2;
                self.store_state(nvm, steps.state)?;
            }
            if left == 0 && fault::is_active(Fault::RetireFirst) {
                self.store_state(nvm, EMPTY)?;
            }
            steps.begin(operation, code)?;
        }
        self.store_state(nvm, EMPTY)
    }

    #[inline]
    pub(super) const fn steps<'n, N>(&self, nvm: &'n N, state: u8) -> Steps<'n, N> {
        Steps {
            nvm,
            class: self.class,
            state_at: self.state_at(),
            state,
        }
    }

    fn roll_forward_batch<N: Nvm>(
        &self,
        nvm: &N,
        in_progress: u8,
        mut phase: Phase,
    ) -> Result<(), ListError> {
        let mut end = self.end - HEADER_BYTES as RawOffset;
        for number in 0..self.capacity as u8 {
            let found = nvm.read_u8(end - 1)?;
            let code = Code::from_bits(found & !LAST).ok_or_else(|| corrupt(end - 1))?;
            let is_last = found & LAST != 0;
            if number >= in_progress {
                let state = BATCH | number << 2;
                if number > in_progress && is_noted(code) {
                    self.store_state(nvm, state)?;
                }
                let record = LogRecord::load(nvm, end - 1, code)?;
                self.run_record(nvm, record, state, phase, is_last)?;
                if is_last {
                    return Ok(());
                }
                phase = Phase::Start;
            }
            // Cannot go below the area: it has room for `capacity` records of the longest kind.
            end -= code.field_bytes() as RawOffset + 1;
        }
        Err(corrupt(self.state_at()))
    }

    /// Carries out one operation; retires the log if it is the last.
    pub(super) fn run_record<N: Nvm>(
        &self,
        nvm: &N,
        record: LogRecord,
        state: u8,
        phase: Phase,
        is_last: bool,
    ) -> Result<(), ListError> {
        if is_last && fault::is_active(Fault::RetireFirst) {
            self.store_state(nvm, EMPTY)?;
        }
        self.steps(nvm, state).run(record, phase)?;
        if is_last {
            self.store_state(nvm, EMPTY)?;
        }
        Ok(())
    }
}
