//! A layer above with a transaction type of its own, which bypasses what had committed: the pointers work
//! with it as with the engine's.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use core::ops::{Deref, DerefMut};

use nvm_core::sim::{Explorer, SimNvm};
use nvm_core::{Area, Layout, Nvm, Offset, Persist, for_each_atom};
use nvm_ptr::{Error, FirstWrite, Handles, PArray, Root, begin_write_first};
use nvm_tx::{Fault, UndoLog, WriteFirstTx};

/// The layer's transaction: holds the engine's.
struct LayerTx<'tx, N: Nvm> {
    tx: WriteFirstTx<'tx, N>,
    calls: u32,
}

impl<N: Nvm> LayerTx<'_, N> {
    fn system_call(&mut self) -> u32 {
        self.calls += 1;
        self.calls
    }
}

impl<'tx, N: Nvm> Deref for LayerTx<'tx, N> {
    type Target = WriteFirstTx<'tx, N>;

    fn deref(&self) -> &Self::Target {
        &self.tx
    }
}

impl<N: Nvm> DerefMut for LayerTx<'_, N> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}

impl<'tx, N: Nvm> FirstWrite<'tx> for LayerTx<'tx, N> {
    fn load<T: Persist>(&self, object: Offset<T>) -> Result<T, Fault> {
        FirstWrite::load(&self.tx, object)
    }

    fn write_after_read(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.tx.write_after_read(offset, bytes)
    }

    fn write_first(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.tx.write_first(offset, bytes)
    }
}

struct Layer<N: Nvm> {
    log: UndoLog<N>,
    position: u32,
}

impl<N: Nvm> Layer<N> {
    /// Runs the transaction that comes next, unless it had committed before a power loss.
    fn write_first<H: Handles>(
        &mut self,
        mut handles: H,
        body: impl for<'tx> Fn(&mut LayerTx<'tx, N>, H::Fresh<'tx>) -> Result<(), Fault> + Sync,
    ) -> Result<(), Error> {
        self.position += 1;
        if self.log.mark() >= self.position {
            return Ok(());
        }
        let opened = begin_write_first(&mut self.log, 16, &mut handles)?;
        let (tx, fresh) = opened.into_parts();
        let mut tx = LayerTx { tx, calls: 0 };
        body(&mut tx, fresh)?;
        Ok(tx.tx.commit_with(self.position)?)
    }
}

struct Objects {
    size: u32,
    log: Area,
    total: Root<u32>,
    words: PArray<u32, 3>,
    other: Root<u32>,
}

impl Objects {
    fn new() -> Self {
        let mut layout = Layout::new("layer", 1);
        let log = layout.area("log", UndoLog::<&SimNvm<4>>::area_bytes(32));
        let total = Root::place(&mut layout, "total");
        let words = PArray::place(&mut layout, "words");
        let other = Root::place(&mut layout, "other");
        Self {
            size: layout.size(),
            log,
            total,
            words,
            other,
        }
    }
}

fn program<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
    let mut objects = Objects::new();
    let log = UndoLog::open(nvm, objects.log).unwrap();
    let mut layer = Layer { log, position: 0 };
    for _ in 0..3 {
        let (total, words, other) = (&mut objects.total, &mut objects.words, &objects.other);
        layer
            .write_first((total, words), |tx, (total, words)| {
                let call = tx.system_call();
                let (old, total) = total.read(tx)?;
                let words = words
                    .elements()
                    .write_with(tx, |index| old + index as u32)?;
                let last = words.get(tx, 2)?.unwrap_or(0);
                total.write(tx, last + call)?;
                other.update(tx, |value| value + last)
            })
            .unwrap();
    }
}

#[test]
fn pointers_work_with_the_transaction_of_a_layer_above() {
    for_each_atom!(ATOM => {
        let objects = Objects::new();
        Explorer::<ATOM>::new("layer", objects.size)
            .depth(2)
            .explore(
                |nvm| {
                    UndoLog::format(&nvm, objects.log).unwrap();
                    objects.total.format(nvm, &10).unwrap();
                    objects.other.format(nvm, &0).unwrap();
                },
                program,
                program,
                |nvm| {
                    let mut log = UndoLog::open(nvm, objects.log).unwrap();
                    let seen = log
                        .transaction(|tx| {
                            let total = objects.total.get(tx)?;
                            Ok::<_, Fault>((total, objects.words.get(tx)?, objects.other.get(tx)?))
                        })
                        .unwrap();
                    let expected = (19, [16, 17, 18], 12 + 15 + 18);
                    if seen == expected { Ok(()) } else { Err(format!("{seen:?}")) }
                },
            )
            .assert_clean();
    });
}
