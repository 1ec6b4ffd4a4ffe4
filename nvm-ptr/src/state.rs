//! What a transaction has done with an object so far: the second type parameter of
//! [`Ptr`](crate::Ptr).
//!
//! ```text
//!           write            write
//! Fresh ───────────► Written ─────┐
//!   │                   ▲─────────┘   never logged in a transaction that cannot abort
//!   │ read
//!   ▼        write
//!  Read ───────────► Logged           logged once, by the write after the read
//! ```

mod sealed {
    pub trait Sealed {}
}

/// The states of a [`Ptr`](crate::Ptr).
pub trait State: sealed::Sealed + 'static {}

/// The states that are not left any more: what had to be logged is logged.
pub trait Settled: State {
    /// Whether the transaction wrote the object before it read it.
    #[doc(hidden)]
    const WRITTEN_FIRST: bool;
}

/// Neither read nor written in this transaction.
#[derive(Debug)]
pub enum Fresh {}

/// Written before it was read: a repetition writes it again, so its old value need not be logged.
#[derive(Debug)]
pub enum Written {}

/// Read, and not yet written: the next write logs the value that a repetition must read again.
#[derive(Debug)]
pub enum Read {}

/// Read, then written: its old value is in the log.
#[derive(Debug)]
pub enum Logged {}

impl sealed::Sealed for Fresh {}
impl sealed::Sealed for Written {}
impl sealed::Sealed for Read {}
impl sealed::Sealed for Logged {}

impl State for Fresh {}
impl State for Written {}
impl State for Read {}
impl State for Logged {}

impl Settled for Written {
    const WRITTEN_FIRST: bool = true;
}

impl Settled for Logged {
    const WRITTEN_FIRST: bool = false;
}
