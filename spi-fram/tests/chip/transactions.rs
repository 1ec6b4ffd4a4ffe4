//! `nvm-tx` on the chip.

use nvm_core::{Area, Class, Layout, Nvm, Offset};
use nvm_tx::{Fault, FaultKind, Tx, UndoLog};

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, format_region, open_driver, open_region};

const WORDS: u32 = 12;

/// What the transaction does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Changes words, one of them twice.
    Words,
    /// Changes ranges that overlap, at odd places.
    Ranges,
    /// Changes bits, some of them on commit.
    Bits,
    /// Changes words and rolls them back.
    RollsBack,
}

/// A transaction of one kind.
pub(crate) struct Transaction {
    does: Does,
    layout: Layout,
    log: Area,
    words: Offset<[u32; WORDS as usize]>,
}

impl Transaction {
    pub(crate) fn new(does: Does) -> Self {
        let mut layout = Layout::new("transactions on a chip", 1);
        Self {
            does,
            log: layout.area("log", 128),
            words: layout.object("words"),
            layout,
        }
    }

    fn word(&self, index: u32) -> Offset<u32> {
        Offset::new(self.words.get() + 4 * index)
    }

    fn body<N: Nvm>(&self, tx: &mut Tx<'_, &N>) -> Result<(), Aborted> {
        let at = self.words.get();
        match self.does {
            Does::Words => {
                tx.set(self.word(0), 0x1111_1111)?;
                tx.set(self.word(3), 0x2222_2222)?;
                tx.set(self.word(0), 0x3333_3333)?;
                tx.update(self.word(7), |old| old + 1)?;
            }
            Does::Ranges => {
                tx.write(at + 1, &[1, 2, 3])?;
                tx.write(at + 6, &[9; 13])?;
                tx.write(at, &[5; 24])?;
            }
            Does::Bits => {
                tx.set_bits(Class::Data, at, 0b0110, 0b0100)?;
                tx.set(self.word(2), 5)?;
                tx.set_bits_on_commit(Class::Data, at + 1, 0xF0, 0x30)?;
            }
            Does::RollsBack => {
                tx.set(self.word(1), 7)?;
                tx.write(at + 2, &[8; 9])?;
                return Err(Aborted::OnPurpose);
            }
        }
        Ok(())
    }
}

/// How a transaction ended that did not commit.
enum Aborted {
    OnPurpose,
    By(Fault),
}

impl From<Fault> for Aborted {
    fn from(fault: Fault) -> Self {
        Self::By(fault)
    }
}

impl Scenario for Transaction {
    fn name(&self) -> String {
        format!("nvm-tx, {:?}", self.does)
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        format_region(nvm, &self.layout)?;
        UndoLog::format(&nvm, self.log)?;
        for index in 0..WORDS {
            nvm.store(Class::Data, self.word(index), &(100 + index))?;
        }
        Ok(())
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        open_region(nvm, &self.layout)?;
        let mut log = UndoLog::open(nvm, self.log)?;
        let ended = log.transaction(|tx| self.body(tx));
        match ended {
            Ok(()) | Err(Aborted::OnPurpose) => Ok(()),
            Err(Aborted::By(fault)) => Err(fault.into()),
        }
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        open_region(nvm, &self.layout)?;
        let _ = UndoLog::open(nvm, self.log)?;
        Ok(())
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        Ok(format!("{:x?}", nvm.load(self.words)?))
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let before = nvm.load(self.words)?;
        let mut log = UndoLog::open(nvm, self.log)?;
        let last = self.word(WORDS - 1);
        log.transaction(|tx| tx.set(last, 1))?;
        log.transaction(|tx| tx.set(last, 100 + WORDS - 1))?;
        if nvm.load(self.words)? == before {
            Ok(())
        } else {
            Err("a later transaction touched other words".into())
        }
    }
}

const ALL: [Does; 4] = [Does::Words, Does::Ranges, Does::Bits, Does::RollsBack];

#[test]
fn a_transaction_is_whole_or_not_at_all_whatever_byte_is_cut() {
    for does in ALL {
        explore(&Transaction::new(does), open_driver).assert_clean();
    }
}

#[test]
fn a_bus_error_ends_a_transaction_and_nothing_else() {
    for does in ALL {
        faults::explore(&Transaction::new(does));
    }
}

#[test]
fn the_same_log_goes_on_after_a_bus_error() {
    let scenario = Transaction::new(Does::Words);
    let mut failed = 0;
    for after in 0.. {
        let chip = crate::scenario::new_chip();
        let nvm = nvm_core::StorageNvm::<_, 1>::new(open_driver(&chip).unwrap());
        scenario.set_up(&nvm).unwrap();
        let before = scenario.see(&nvm).unwrap();
        let mut log = UndoLog::open(&nvm, scenario.log).unwrap();
        chip.fail(spi_fram::model::Fault::once(after));
        let ended = log.transaction(|tx| {
            tx.set(scenario.word(0), 1)?;
            tx.set(scenario.word(1), 2)
        });
        let struck = chip.fail_never().is_none();
        if let Err(fault) = ended {
            assert_eq!(fault.kind(), FaultKind::Nvm(nvm_core::Error::Device));
            failed += 1;
        }
        // The next transaction of the same log finds out what the chip has, and begins.
        log.transaction(|tx| tx.set(scenario.word(2), 3)).unwrap();
        let words = nvm.load(scenario.words).unwrap();
        assert!(words[..3] == [1, 2, 3] || ended.is_err() && words[..3] == [100, 101, 3]);
        log.transaction(|tx| tx.set(scenario.word(2), 102)).unwrap();
        if words[0] == 100 {
            assert_eq!(scenario.see(&nvm).unwrap(), before);
        }
        if !struck {
            break;
        }
    }
    println!("{failed} transactions ended by a bus error, and the log goes on");
    assert!(failed > 50);
}
