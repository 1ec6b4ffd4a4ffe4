//! Random transactions that cannot abort, repeated over any number of power losses: the end is that of
//! the same transactions without a power loss.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Layout};
use nvm_ptr::{Fresh, Logged, Ptr, Read, Root, Written, begin_write_first};
use nvm_tx::{Fault, UndoLog, WriteFirstTx};
use proptest::prelude::*;

const WORDS: usize = 5;

/// One step of a transaction. What is written depends on all that was read before.
#[derive(Debug, Clone, Copy)]
enum Step {
    Read(usize),
    Write(usize, u32),
}

/// A pointer in whichever state it is.
enum Any<'tx> {
    Fresh(Ptr<'tx, u32, Fresh>),
    Written(Ptr<'tx, u32, Written>),
    Read(Ptr<'tx, u32, Read>),
    Logged(Ptr<'tx, u32, Logged>),
}

impl<'tx> Any<'tx> {
    fn read<const ATOM: usize>(
        self,
        tx: &WriteFirstTx<'tx, &SimNvm<ATOM>>,
    ) -> Result<(u32, Self), Fault> {
        Ok(match self {
            Self::Fresh(pointer) => {
                let (value, pointer) = pointer.read(tx)?;
                (value, Self::Read(pointer))
            }
            Self::Written(pointer) => (pointer.get(tx)?, Self::Written(pointer)),
            Self::Read(pointer) => (pointer.get(tx)?, Self::Read(pointer)),
            Self::Logged(pointer) => (pointer.get(tx)?, Self::Logged(pointer)),
        })
    }

    fn write<const ATOM: usize>(
        self,
        tx: &mut WriteFirstTx<'tx, &SimNvm<ATOM>>,
        value: u32,
    ) -> Result<Self, Fault> {
        Ok(match self {
            Self::Fresh(pointer) => Self::Written(pointer.write(tx, value)?),
            Self::Read(pointer) => Self::Logged(pointer.write(tx, value)?),
            Self::Written(mut pointer) => {
                pointer.set(tx, value)?;
                Self::Written(pointer)
            }
            Self::Logged(mut pointer) => {
                pointer.set(tx, value)?;
                Self::Logged(pointer)
            }
        })
    }
}

fn body<'tx, const ATOM: usize>(
    tx: &mut WriteFirstTx<'tx, &SimNvm<ATOM>>,
    words: [Ptr<'tx, u32, Fresh>; WORDS],
    steps: &[Step],
) -> Result<(), Fault> {
    let mut words = words.map(|word| Some(Any::Fresh(word)));
    let mut seen = 1_u32;
    for step in steps {
        let (Step::Read(index) | Step::Write(index, _)) = *step;
        let word = words[index].take().unwrap();
        words[index] = Some(match *step {
            Step::Read(_) => {
                let (value, word) = word.read(tx)?;
                seen = seen.wrapping_mul(31).wrapping_add(value);
                word
            }
            Step::Write(_, value) => word.write(tx, value ^ seen)?,
        });
    }
    Ok(())
}

struct Program {
    size: u32,
    log: Area,
    words: [Root<u32>; WORDS],
}

impl Program {
    /// As at each start of a program.
    fn new() -> Self {
        let mut layout = Layout::new("repeated transactions", 1);
        let log = layout.area("log", UndoLog::<&SimNvm<4>>::area_bytes(8 * WORDS as u32));
        let words = [(); WORDS].map(|()| Root::place(&mut layout, "word"));
        Self {
            size: layout.size(),
            log,
            words,
        }
    }

    fn format<const ATOM: usize>(&self) -> SimNvm<ATOM> {
        let nvm = SimNvm::new(self.size);
        nvm.set_image(&vec![0xA5; self.size as usize]);
        UndoLog::format(&&nvm, self.log).unwrap();
        for (index, word) in self.words.iter().enumerate() {
            word.format(&nvm, &(index as u32)).unwrap();
        }
        nvm
    }

    /// The transactions that have not committed yet: the mark counts them.
    fn run<const ATOM: usize>(&mut self, nvm: &SimNvm<ATOM>, transactions: &[Vec<Step>]) {
        let mut log = UndoLog::open(nvm, self.log).unwrap();
        while let Some(steps) = transactions.get(log.mark() as usize) {
            let mark = log.mark() + 1;
            let mut handles = self.words.each_mut();
            let opened = begin_write_first(&mut log, 8 * WORDS as u32, &mut handles).unwrap();
            let (tx, result) = opened.run(|tx, words| body(tx, words, steps));
            result.unwrap();
            tx.commit_with(mark).unwrap();
        }
    }

    fn see<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) -> [u32; WORDS] {
        let mut log = UndoLog::open(nvm, self.log).unwrap();
        self.words
            .each_ref()
            .map(|word| log.transaction(|tx| word.get(tx)).unwrap())
    }
}

fn check<const ATOM: usize>(transactions: &[Vec<Step>], cuts: &[u64]) {
    let uncut = Program::new().format::<ATOM>();
    Program::new().run(&uncut, transactions);
    let nvm = Program::new().format::<ATOM>();
    for cut in cuts {
        nvm.cut_after(*cut);
        let _ = until_power_loss(|| Program::new().run(&nvm, transactions));
        nvm.cut_never();
        nvm.power_on();
    }
    Program::new().run(&nvm, transactions);
    assert_eq!(Program::new().see(&nvm), Program::new().see(&uncut));
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..WORDS).prop_map(Step::Read),
        (0..WORDS, any::<u32>()).prop_map(|(index, value)| Step::Write(index, value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn transactions_end_as_without_a_power_loss(
        transactions in prop::collection::vec(prop::collection::vec(step(), 0..12), 1..4),
        cuts in prop::collection::vec(0..60_u64, 0..12),
    ) {
        check::<1>(&transactions, &cuts);
        check::<2>(&transactions, &cuts);
        check::<4>(&transactions, &cuts);
    }
}
