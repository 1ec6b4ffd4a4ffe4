//! How a transaction is run, and its outcome published with its commit.
//!
//! | store | power lost after it: the restarted thread |
//! | --- | --- |
//! | entries, objects | rolls back, and runs the transaction when it comes to it |
//! | record of the result (for `()`: none) | the same |
//! | commit word: one record more | bypasses the transaction, and has its result |
//! | the end of a loop before it: see `loops` | the same |
//!
//! A transaction that returns an error is rolled back; its error is recorded in place of the result, and
//! published by the store that empties the log.
//!
//! Here is what differs with the type of a result, little of it; the rest is in `ending`.

use nvm_core::{Nvm, RawOffset, Record, widened};

use crate::codec::{Encode, Outcome};
use crate::ending::{Sizes, TEXT_COUNTS_MOST};
use crate::error::Error;
use crate::mark::folded;
use crate::records::{seed, seed_of_tag};
use crate::site::Site;
use crate::thread::Thread;
use crate::transaction::{Tx, WriteFirstTx};

/// How a transaction ends that has changed bits which other threads may change too: an allocator's. A kernel
/// whose tasks share a heap ends it in one critical section (see [`nvm_tx::Tx::changes_shared_bits`]).
pub trait EndOfTransaction {
    /// Runs `end` without preemption.
    fn undisturbed<R>(&self, end: impl FnOnce() -> R) -> R;
}

/// There is nobody who could disturb: a program of one thread.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl EndOfTransaction for Alone {
    #[inline]
    fn undisturbed<R>(&self, end: impl FnOnce() -> R) -> R {
        end()
    }
}

impl<N: Nvm + Copy> Thread<N> {
    /// What [`transaction`](Thread::transaction) and [`try_transaction`](Thread::try_transaction) do, for
    /// a kernel whose own methods stand between the program and this one.
    ///
    /// `is_outcome` says which errors are recorded: those with which a repetition would end as well; `end`
    /// how a transaction ends that has changed bits of an allocator's.
    #[inline]
    pub fn transaction_at<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        body: impl FnOnce(&mut Tx<'_, N>) -> Result<R, E>,
    ) -> Result<R, E> {
        if let Some(outcome) = self.begin::<R, E>(site) {
            return outcome;
        }
        let mut tx = Tx::new(self.log.resume(), &mut self.system);
        let result = body(&mut tx);
        tx.leave_running();
        self.end(site, end, is_outcome, result)
    }

    /// Bypasses a transaction and answers its outcome, or begins it.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    fn begin<R: Record, E: Record + From<Error>>(&mut self, site: Site) -> Option<Result<R, E>> {
        if !TEXT_COUNTS_MOST && self.has_room(Sizes::of::<R, E>().record_bytes()) {
            self.begin_settled();
            return None;
        }
        let (mut value, mut error) = (None::<R>, None::<E>);
        let outcome = Outcome {
            value: &mut value,
            error: &mut error,
        };
        match self.begin_encoded(site, Sizes::of::<R, E>(), outcome) {
            Ok(()) => value.map(Ok).or_else(|| error.map(Err)),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Commits it with what its body has answered, or rolls it back.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    fn end<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        result: Result<R, E>,
    ) -> Result<R, E> {
        match result {
            Ok(value) if !TEXT_COUNTS_MOST && self.is_simple() => {
                self.end_simply::<R, E>(site, &value)?;
                Ok(value)
            }
            result => self.end_with_care(site, end, is_outcome, result),
        }
    }

    /// What [`transaction_write_first`](Thread::transaction_write_first) does, for a kernel.
    #[inline]
    pub fn transaction_write_first_at<R: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        log_bytes: RawOffset,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        if !self.has_room(Sizes::of::<R, Error>().record_bytes())
            && let Some(outcome) = self.overcome::<R, Error>(site)?
        {
            return outcome;
        }
        self.system.attach(self.log.next_sequence());
        let begun = self.log.begin_write_first(log_bytes).map(|tx| {
            let mut tx = WriteFirstTx::new(tx, &mut self.system);
            let result = body(&mut tx);
            tx.leave_running();
            result
        });
        match begun {
            Ok(Ok(value)) if self.is_simple() => {
                self.end_simply::<R, Error>(site, &value)?;
                Ok(value)
            }
            Ok(result) => self.end_write_first_with_care(site, end, result),
            Err(fault) => Err(self.end_unrun(site, fault.into())),
        }
    }

    /// Bypasses it, or tells why it cannot run.
    #[cold]
    #[inline(never)]
    fn overcome<R: Record, E: Record>(
        &mut self,
        site: Site,
    ) -> Result<Option<Result<R, E>>, Error> {
        let (mut value, mut error) = (None::<R>, None::<E>);
        let outcome = Outcome {
            value: &mut value,
            error: &mut error,
        };
        self.bypass_or_prepare(site, Sizes::of::<R, E>(), outcome)?;
        Ok(value.map(Ok).or_else(|| error.map(Err)))
    }

    /// Commits a [simple](Thread::is_simple) transaction with its result.
    #[inline]
    fn end_simply<R: Record, E: Record>(&mut self, site: Site, value: &R) -> Result<(), Error> {
        debug_assert!(self.is_prepared(), "the log heeds when it is not");
        if R::MAX_BYTES == 0 {
            self.end_without_record(folded(site.tag()), seed(site, widened(E::MAX_BYTES)))
        } else {
            self.end_with_record(site.tag(), value)
        }
    }

    /// The same for a result with bytes.
    #[inline(never)]
    fn end_with_record<R: Record>(&mut self, tag: u16, value: &R) -> Result<(), Error> {
        match self.records.encode(self.nvm(), |to| value.encode(to)) {
            Ok(bytes) => self.end_with_encoded(seed_of_tag(tag, widened(R::MAX_BYTES)), tag, bytes),
            Err(error) => Err(self.abandon(error)),
        }
    }

    /// Ends a transaction that does not simply commit: it has changed bits of an allocator's, or it has failed, or paid no
    /// heed to a failure. The error with which it ended for good is recorded.
    #[inline(never)]
    fn end_with_care<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        result: Result<R, E>,
    ) -> Result<R, E> {
        let sizes = Sizes::of::<R, E>();
        let error = match result {
            Ok(value) => match self.end_succeeded(site, end, sizes, &value) {
                Ok(()) => return Ok(value),
                Err(error) => E::from(error),
            },
            Err(error) => error,
        };
        let recorded: Option<&dyn Encode<N>> = is_outcome(&error).then_some(&error);
        self.end_failed(site, end, sizes.error, recorded)?;
        Err(error)
    }

    /// The same for one that cannot abort.
    #[inline(never)]
    fn end_write_first_with_care<R: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        result: Result<R, Error>,
    ) -> Result<R, Error> {
        let sizes = Sizes::of::<R, Error>();
        let (failed, value): (_, &dyn Encode<N>) = match &result {
            Ok(value) => (None, value),
            Err(error) => (Some(*error), error),
        };
        self.end_write_first_encoded(site, end, failed, sizes, value)?;
        result
    }
}
