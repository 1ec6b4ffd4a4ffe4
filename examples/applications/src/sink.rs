//! Where the results of a flow arrive.

use intos::SystemCalls;
use intos::prelude::*;

use crate::checksum;

persist! {
    /// A result on its way.
    pub(crate) struct Finding {
        kind: u16,
        value: i16,
    }
}

/// A queue of results of some kinds, and what the task at its end keeps of them. Kinds are numbers from 0 on.
///
/// In which order results of different kinds arrive is up to the kernel; those of one kind come from one task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sink<const KINDS: usize> {
    findings: Queue<Finding>,
    /// How many results have arrived, of all kinds together.
    received: Offset<u32>,
    /// Of each kind, over its results in the order of their arrival.
    checksums: Offset<[u32; KINDS]>,
    /// The last result of each kind.
    last: Offset<[i16; KINDS]>,
}

/// A logged word.
const CHECKSUM_LOG_BYTES: RawOffset = 8;

impl<const KINDS: usize> Sink<KINDS> {
    pub(crate) fn place<N: Nvm + Copy>(
        objects: &mut Placement<N>,
        queued: u16,
    ) -> Result<Self, Error> {
        Ok(Self {
            findings: objects.queue("findings", queued)?,
            received: objects.object("received", 0)?,
            checksums: objects.object("checksums", [0; KINDS])?,
            last: objects.object("last", [0; KINDS])?,
        })
    }

    /// Sends it a result.
    #[track_caller]
    pub(crate) fn send<S: SystemCalls>(
        self,
        tx: &mut S,
        kind: u16,
        value: i16,
    ) -> Result<(), Error> {
        self.findings
            .send(tx, Finding { kind, value }, Timeout::Forever)
    }

    /// What the task at its end does, in so many rounds: keeps each result.
    pub(crate) fn keep_all<B: Board>(
        self,
        task: &mut Task<B>,
        rounds: u32,
        results_of_round: u32,
    ) -> Result<(), Error> {
        nv_for_loop!(task, round in 0..rounds => {
            for result in 0..results_of_round {
                let number = round * results_of_round + result;
                // Nobody deletes the queue, so that waiting for a result has no other outcome.
                task.transaction_write_first(CHECKSUM_LOG_BYTES, |tx| {
                    self.keep(tx, number).or_outcome().map(drop)
                })?;
            }
        });
        Ok(())
    }

    /// Waits for the result with this number, of all kinds together, from 0 on, and keeps it.
    fn keep<B: Board>(self, tx: &mut WriteFirstTx<B>, number: u32) -> Result<(), Error> {
        let Finding { kind, value } = self.findings.receive(tx, Timeout::Forever)?;
        let kind = usize::from(kind);
        if let (Some(sum), Some(last)) = (self.checksums.element(kind), self.last.element(kind)) {
            // Alone depends on what was there before.
            tx.update(sum, |sum| checksum(&[sum.cast_signed(), value.into()]))?;
            tx.set_unlogged(last, value)?;
        }
        Ok(tx.set_unlogged(self.received, number + 1)?)
    }

    /// How many results have arrived.
    pub(crate) fn received<N: Nvm>(self, nvm: &N) -> Result<u32, Error> {
        Ok(nvm.load(self.received)?)
    }

    /// The checksum of each kind.
    pub(crate) fn checksums<N: Nvm>(self, nvm: &N) -> Result<[u32; KINDS], Error> {
        Ok(nvm.load(self.checksums)?)
    }

    /// The last result of each kind.
    pub(crate) fn last<N: Nvm>(self, nvm: &N) -> Result<[i16; KINDS], Error> {
        Ok(nvm.load(self.last)?)
    }
}
