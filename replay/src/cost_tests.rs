//! What a thread's steps store: `cargo test -p intos-replay --lib costs -- --nocapture` prints it.

use std::println;

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Nvm, Offset, Record, RecordReader, RecordWriter};

use crate::{Error, LoopFrame, Thread, ThreadAreas, ThreadLayout};

const WORD: Offset<u32> = Offset::new(1000);

#[derive(Debug)]
struct Outcome(u8);

impl Record for Outcome {
    const MAX_BYTES: u32 = 1;
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        self.0.encode(to)
    }
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(u8::decode(from)?.map(Self))
    }
}

impl From<Error> for Outcome {
    fn from(_: Error) -> Self {
        Self(0)
    }
}

#[test]
fn costs() {
    let nvm = SimNvm::<4>::new(1024);
    let areas = ThreadAreas::split(
        Area::new(0, ThreadLayout::DEFAULT.bytes()),
        &ThreadLayout::DEFAULT,
    );
    Thread::format(&nvm, &areas).unwrap();
    let mut thread = Thread::start(&nvm, &areas).unwrap();
    let mut cost = |what: &str, most: u64, step: &mut dyn FnMut(&mut Thread<&SimNvm<4>>)| {
        let before = nvm.counters();
        step(&mut thread);
        let bytes = (nvm.counters() - before).bytes_written();
        println!("| {what} | {bytes} |");
        assert!(bytes <= most, "{what}: {bytes} bytes");
    };
    cost("transaction without writes and result", 4, &mut |t| {
        t.transaction(|_| Ok(())).unwrap();
    });
    cost("transaction with one word written", 16, &mut |t| {
        t.transaction(|tx| Ok(tx.set(WORD, 7)?)).unwrap();
    });
    cost("the same, written first", 8, &mut |t| {
        t.transaction_write_first(0, |tx| Ok(tx.set_unlogged(WORD, 7)?))
            .unwrap();
    });
    cost("transaction with a result of 4 bytes", 10, &mut |t| {
        t.transaction(|_| Ok(5u32)).unwrap();
    });
    cost("transaction with a sample of 4 bytes", 14, &mut |t| {
        t.transaction(|tx| {
            let _: u32 = tx.sample(|| 5)?;
            Ok(())
        })
        .unwrap();
    });
    cost("a sample of 4 bytes by itself", 10, &mut |t| {
        t.sample(|| 5u32).unwrap();
    });
    cost("an abort with an error of 1 byte", 9, &mut |t| {
        let outcome: Result<(), Outcome> = t.try_transaction(|_| Err(Outcome(3)));
        outcome.unwrap_err();
    });
    let mut frame = None;
    cost("entering a loop", 16, &mut |t| {
        let mut entered = LoopFrame::enter(t, 0..9u32).unwrap();
        assert_eq!(entered.next(t), Ok(Some(0)));
        frame = Some(entered);
    });
    let mut frame = frame.unwrap();
    cost("ending an iteration", 8, &mut |t| {
        assert_eq!(frame.next(t), Ok(Some(1)));
    });
    cost("ending another", 6, &mut |t| {
        assert_eq!(frame.next(t), Ok(Some(2)));
    });
    let mut frame = Some(frame);
    cost("leaving, and an empty transaction", 6, &mut |t| {
        frame.take().unwrap().leave(t).unwrap();
        t.transaction(|_| Ok(())).unwrap();
    });
}

/// 70,000 iterations: the counter's upper half is stored when it changes.
#[test]
fn a_loop_counts_beyond_16_bits() -> Result<(), Error> {
    let nvm = SimNvm::<2>::new(1024);
    let areas = ThreadAreas::split(
        Area::new(0, ThreadLayout::DEFAULT.bytes()),
        &ThreadLayout::DEFAULT,
    );
    Thread::format(&nvm, &areas)?;
    let mut next = 0;
    for lost_at in [1, 65_534, 65_535, 65_536, 65_537, 69_999, 70_000] {
        let mut thread = Thread::start(&nvm, &areas)?;
        let mut frame = LoopFrame::enter(&mut thread, 0..70_000u32)?;
        while let Some(iteration) = frame.next(&mut thread)? {
            assert!(iteration == next || iteration + 1 == next);
            next = iteration + 1;
            if iteration == lost_at {
                break; // and forget everything: the power goes
            }
        }
    }
    assert_eq!(next, 70_000);
    Ok(())
}
