//! A running transaction with its system calls.

use core::mem;
use core::ops::{Deref, DerefMut};

use nvm_core::{Nvm, Record};

use crate::error::Error;
use crate::site::Site;
use crate::system::SystemTable;

macro_rules! transaction_with_system_calls {
    ($(#[$doc:meta])* $name:ident, $inner:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<'t, N: Nvm + Copy> {
            tx: nvm_tx::$inner<'t, N>,
            system: &'t mut SystemTable<N>,
        }

        impl<'t, N: Nvm + Copy> $name<'t, N> {
            #[inline]
            pub(crate) fn new(tx: nvm_tx::$inner<'t, N>, system: &'t mut SystemTable<N>) -> Self {
                Self { tx, system }
            }

            /// Leaves it running, for the thread to [resume](nvm_tx::UndoLog::resume) and end.
            #[inline]
            pub(crate) fn leave_running(self) {
                mem::forget(self.tx);
            }

            /// Takes an input from outside: a sensor's reading, a clock. It is recorded, so that when a
            /// power loss repeats the transaction, it takes the same branches with the same value and
            /// `input` is not asked again. Costs 2 bytes, the value's, and 4 to publish it.
            #[track_caller]
            #[inline]
            pub fn sample<R: Record>(&mut self, input: impl FnOnce() -> R) -> Result<R, Error> {
                self.system.sample(Site::here(), input)
            }

            /// Acts on the outside, and records it: after a power loss in between it acts once more, so
            /// the outside sees it **at least once**. The result is recorded as by
            /// [`sample`](Self::sample).
            #[track_caller]
            #[inline]
            pub fn act_at_least_once<R: Record>(
                &mut self,
                action: impl FnOnce() -> R,
            ) -> Result<R, Error> {
                self.system.sample(Site::here(), action)
            }

            /// Records that it acts on the outside, and then acts: after a power loss in between it does
            /// not act any more, so the outside sees it **at most once**. Costs 4 bytes.
            #[track_caller]
            #[inline]
            pub fn act_at_most_once(&mut self, action: impl FnOnce()) -> Result<(), Error> {
                let mut now = false;
                self.system.sample(Site::here(), || now = true)?;
                if now {
                    action();
                }
                Ok(())
            }

            /// The table of system calls, for a kernel whose calls are made in this transaction.
            pub fn system(&mut self) -> &mut SystemTable<N> {
                self.system
            }
        }

        impl<'t, N: Nvm + Copy> Deref for $name<'t, N> {
            type Target = nvm_tx::$inner<'t, N>;

            fn deref(&self) -> &Self::Target {
                &self.tx
            }
        }

        impl<N: Nvm + Copy> DerefMut for $name<'_, N> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.tx
            }
        }
    };
}

transaction_with_system_calls! {
    /// A running transaction: [`nvm_tx::Tx`] with recorded inputs and system calls.
    Tx, Tx
}

transaction_with_system_calls! {
    /// A running transaction that cannot abort: [`nvm_tx::WriteFirstTx`] with recorded inputs and system
    /// calls.
    WriteFirstTx, WriteFirstTx
}
