//! Transactions that begin with handles: where fresh pointers come from.

use nvm_core::{Nvm, RawOffset};
use nvm_tx::{Fault, Tx, UndoLog, WriteFirstTx};

use crate::broken::{self, Variant};
use crate::error::Error;
use crate::handles::{self, Handles};

/// Runs a transaction that cannot abort on the objects of `handles`: what it writes before it reads it
/// is not logged.
///
/// `log_bytes` of the log are free for its logged writes, or it does not begin: a write of n bytes after
/// a read needs 4 + n, rounded up to 4 (see [`Tx::free_log_bytes`]).
///
/// # Across a power loss
///
/// What was logged is rolled back when the log is opened. What was written unlogged is left as it was at
/// that moment, old, new or in between, **until the program repeats the transaction**: it must, before it
/// reads these objects otherwise, and the repetition must take the same way (inputs from outside are
/// recorded, see the crate `replay`).
///
/// # Errors
///
/// [`Error::Overlap`] where two handles are of one object; else why the engine could not commit. The body
/// can fail only with a [`Fault`], which only the engine makes. A fault after the first unlogged write
/// leaves the transaction [`Unfinished`](nvm_tx::FaultKind::Unfinished): no transaction of this log begins
/// before a restart repeats it.
pub fn write_first<N: Nvm, H: Handles, R>(
    log: &mut UndoLog<N>,
    log_bytes: RawOffset,
    mut handles: H,
    body: impl for<'tx> FnOnce(&mut WriteFirstTx<'tx, N>, H::Fresh<'tx>) -> Result<R, Fault>,
) -> Result<R, Error> {
    let (tx, result) = begin_write_first(log, log_bytes, &mut handles)?.run(body);
    match result {
        Ok(result) => {
            tx.commit()?;
            Ok(result)
        }
        Err(fault) => {
            tx.roll_back()?;
            Err(fault.into())
        }
    }
}

/// Runs a transaction that can abort on the objects of `handles`: each first write logs the old value, and
/// all is rolled back where `body` returns an error.
///
/// For code that is written once for both kinds of transactions. Where it is not, [`UndoLog::transaction`]
/// and shared borrows of the handles do the same.
///
/// # Errors
///
/// What `body` returned; or, converted, why the engine could not commit.
pub fn transaction<N: Nvm, H: Handles, R, E: From<Error>>(
    log: &mut UndoLog<N>,
    mut handles: H,
    body: impl for<'tx> FnOnce(&mut Tx<'tx, N>, H::Fresh<'tx>) -> Result<R, E>,
) -> Result<R, E> {
    let (tx, result) = begin(log, &mut handles)?.run(body);
    match result {
        Ok(result) => {
            tx.commit().map_err(Error::from)?;
            Ok(result)
        }
        Err(error) => {
            tx.roll_back().map_err(Error::from)?;
            Err(error)
        }
    }
}

/// A transaction that has begun and whose handles are about to be opened.
///
/// For layers that commit in their own way (with a mark, after a record): [`run`](Opened::run) gives the
/// transaction back when the body has ended. The handles stay borrowed until it is over:
///
/// ```compile_fail,E0502
/// # use nvm_core::sim::SimNvm;
/// # use nvm_ptr::{begin_write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn read_behind(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) -> Result<(), Error> {
///     let mut handles = (&mut a,);
///     let (mut tx, (fresh,)) = begin_write_first(log, 8, &mut handles)?.into_parts();
///     let value = a.get(&tx)?;
///     fresh.write(&mut tx, value + 1)?;
///     Ok(tx.commit()?)
/// }
/// ```
///
/// ```compile_fail,E0499
/// # use nvm_core::sim::SimNvm;
/// # use nvm_ptr::{begin_write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn asked_again(
///     log: &mut UndoLog<&SimNvm<4>>,
///     other: &mut UndoLog<&SimNvm<4>>,
///     mut a: Root<u32>,
/// ) -> Result<(), Error> {
///     let mut handles = (&mut a,);
///     let (tx, _) = begin_write_first(log, 8, &mut handles)?.into_parts();
///     let (second, _) = begin_write_first(other, 8, &mut handles)?.into_parts();
///     second.commit()?;
///     Ok(tx.commit()?)
/// }
/// ```
#[derive(Debug)]
#[must_use = "the transaction rolls back when it is dropped"]
pub struct Opened<'log, X, H> {
    tx: X,
    handles: &'log mut H,
}

/// Begins a transaction that can abort, with handles: [`UndoLog::begin`].
pub fn begin<'log, N: Nvm, H: Handles>(
    log: &'log mut UndoLog<N>,
    handles: &'log mut H,
) -> Result<Opened<'log, Tx<'log, N>, H>, Error> {
    check_apart(handles)?;
    let tx = log.begin()?;
    Ok(Opened { tx, handles })
}

/// Begins a transaction that cannot abort, with handles: [`UndoLog::begin_write_first`].
pub fn begin_write_first<'log, N: Nvm, H: Handles>(
    log: &'log mut UndoLog<N>,
    log_bytes: RawOffset,
    handles: &'log mut H,
) -> Result<Opened<'log, WriteFirstTx<'log, N>, H>, Error> {
    check_apart(handles)?;
    let tx = log.begin_write_first(log_bytes)?;
    Ok(Opened { tx, handles })
}

fn check_apart<H: Handles>(handles: &H) -> Result<(), Error> {
    if broken::is(Variant::OpensOverlap) {
        return Ok(());
    }
    handles::check_apart(handles)
}

impl<'log, N: Nvm, H: Handles> Opened<'log, Tx<'log, N>, H> {
    /// Runs `body` with the fresh pointers, and gives the transaction back, to commit or to roll back.
    pub fn run<R>(
        mut self,
        body: impl for<'tx> FnOnce(&mut Tx<'tx, N>, H::Fresh<'tx>) -> R,
    ) -> (Tx<'log, N>, R) {
        let fresh = handles::open(self.handles);
        let result = body(&mut self.tx, fresh);
        (self.tx, result)
    }
}

impl<'log, N: Nvm, H: Handles> Opened<'log, WriteFirstTx<'log, N>, H> {
    /// Runs `body` with the fresh pointers, and gives the transaction back, to commit, or to roll back
    /// after a fault.
    pub fn run<R>(
        mut self,
        body: impl for<'tx> FnOnce(&mut WriteFirstTx<'tx, N>, H::Fresh<'tx>) -> R,
    ) -> (WriteFirstTx<'log, N>, R) {
        let fresh = handles::open(self.handles);
        let result = body(&mut self.tx, fresh);
        (self.tx, result)
    }
}

impl<'log, X, H: Handles> Opened<'log, X, H> {
    /// The transaction and the fresh pointers, for a layer whose own transaction type holds the former
    /// and implements [`FirstWrite`](crate::FirstWrite).
    ///
    /// The layer hands both to a closure of its user's that is generic over `'log`, as
    /// [`run`](Opened::run) does: only so the compiler tells pointers of two transactions apart.
    pub fn into_parts(self) -> (X, H::Fresh<'log>) {
        (self.tx, handles::open(self.handles))
    }
}
