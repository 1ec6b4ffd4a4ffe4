//! `update`, `nvm-list` alone: the journal, with lists of chunks' buffers, and the phase of the update.
//!
//! A chunk's buffer goes from the list of free buffers to `received`, to `verified`, which is sorted by the chunks'
//! places in the image, and when it is applied, in that order, back to the free ones. Each of these is one list
//! operation, so a buffer is always in just one list; what a power loss interrupts is rolled forward. The firmware that
//! runs is not touched before all chunks are verified. One byte then says "installing": from there on every start goes
//! on installing, and each thing it does may be done twice.
//!
//! | power lost | next start |
//! | --- | --- |
//! | while a chunk is stored in a free buffer | asks for it again |
//! | between two lists | completes the move |
//! | before the byte "installing" is stored | runs the old firmware, and asks for chunks that lack |
//! | after it, or while a chunk is copied | copies that chunk again, and those after it |
//! | before the byte "receiving" is stored | stores the version again, then that byte |

pub mod line;

use std::error::Error;

use nvm_core::image::Description;
use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Layout, Nvm, Offset, persist};
use nvm_list::image::ListsPart;
use nvm_list::{Head, List, Node, NodeRef, OpLog, Recovered, check};

use self::line::{build, release_of};

/// Chunks of a firmware.
pub const CHUNKS: usize = 12;
/// Bytes of a chunk.
pub const CHUNK_BYTES: usize = 64;
/// A firmware, in chunks.
pub type Firmware = [[u8; CHUNK_BYTES]; CHUNKS];

/// One byte each, so that no power loss leaves a phase that is neither.
const RECEIVING: u8 = 0;
const INSTALLING: u8 = 1;

persist! {
    /// What came over the line.
    pub struct Chunk {
        /// Its bytes.
        pub bytes: [u8; CHUNK_BYTES],
        /// Where in the firmware it goes.
        pub place: u32,
        /// Of the bytes.
        pub checksum: u32,
    }

    /// Which firmware.
    pub struct Release {
        /// Counted from 1 on.
        pub version: u32,
        /// Of the firmware.
        pub checksum: u32,
    }
}

/// Where everything lies: the same at each start.
pub struct Journal {
    /// All of it.
    pub layout: Layout,
    log: Area,
    heads: [Offset<Head>; 3],
    nodes: Offset<[Node; CHUNKS]>,
    buffers: Offset<[Chunk; CHUNKS]>,
    phase: Offset<u8>,
    /// The firmware that runs.
    pub running: Offset<Release>,
    /// The one that comes.
    next: Offset<Release>,
    firmware: Offset<Firmware>,
}

/// The journal, opened.
pub struct Updater<'a, N> {
    nvm: &'a N,
    journal: &'a Journal,
    log: OpLog,
    free: List,
    received: List,
    verified: List,
    /// What the start had to complete.
    pub completed: Completed,
}

/// What a power loss had interrupted.
pub struct Completed {
    /// The move of a chunk from list to list.
    pub a_move: bool,
    /// An installation.
    pub an_installation: bool,
}

impl Journal {
    /// Places all of it.
    pub fn placed() -> Self {
        let mut layout = Layout::new("update", 1);
        Self {
            log: layout.area("list operations", OpLog::bytes_for(1)),
            heads: ["free", "received", "verified"].map(|name| layout.object::<Head>(name)),
            nodes: layout.object("nodes"),
            buffers: layout.object("buffers"),
            phase: layout.object("phase"),
            running: layout.object("running"),
            next: layout.object("next"),
            firmware: layout.object("firmware"),
            layout,
        }
    }

    /// What a tool that looks at images is told. An installation that is under way is gone on with by the next start.
    pub fn description() -> Description {
        let journal = Self::placed();
        let layout = journal.layout.clone();
        let [free, received, verified] = journal.heads;
        let lists = ListsPart::new(journal.log)
            .list("free", free, CHUNKS as u32)
            .list("received", received, CHUNKS as u32)
            .sorted("verified", verified, CHUNKS as u32);
        Description::new("update", 1, layout)
            .object("running", journal.running)
            .object("next", journal.next)
            .part("buffers", lists)
            .invariant("journal and firmware", move |nvm| {
                let copy = SimNvm::<4>::new(nvm.size());
                copy.set_image(&nvm.image());
                journal.boot(&copy).map(drop)
            })
    }

    /// Version 1 runs, all buffers are free.
    pub fn first_boot(&self, nvm: &impl Nvm) -> Result<(), Box<dyn Error>> {
        let log = OpLog::format(nvm, self.log, Class::Data)?;
        for head in self.heads {
            List::format(nvm, Class::Data, head, 0)?;
        }
        let [free, ..] = self.heads.map(List::at);
        let free = free?;
        for index in 0..CHUNKS {
            let node = self.nodes.element(index).ok_or("no such node")?;
            // The label says which buffer it is.
            let node = NodeRef::format(nvm, Class::Data, node, index as u16)?;
            log.push_back(nvm, free, node)?;
        }
        nvm.store(Class::Data, self.firmware, &build(1))?;
        for release in [self.running, self.next] {
            nvm.store(Class::Data, release, &release_of(1))?;
        }
        Ok(nvm.store(Class::Data, self.phase, &RECEIVING)?)
    }

    /// What each start begins with, before the firmware runs: completes what was interrupted, and looks whether the
    /// firmware is whole.
    pub fn boot<'a, N: Nvm>(&'a self, nvm: &'a N) -> Result<Updater<'a, N>, Box<dyn Error>> {
        let [free, received, verified] = self.heads.map(List::at);
        let log = OpLog::open(self.log, Class::Data)?;
        let recovered = log.recover(nvm, |_| false)?;
        let updater = Updater {
            nvm,
            journal: self,
            log,
            free: free?,
            received: received?,
            verified: verified?,
            completed: Completed {
                a_move: recovered == Recovered::RolledForward,
                an_installation: nvm.load(self.phase)? == INSTALLING,
            },
        };
        let mut buffers = 0;
        for (list, is_sorted) in [
            (updater.free, false),
            (updater.received, false),
            (updater.verified, true),
        ] {
            buffers += check(nvm, list, CHUNKS as u32, is_sorted)?;
        }
        if buffers as usize != CHUNKS {
            return Err(format!(
                "{buffers} of {CHUNKS} buffers are in a list: the journal is damaged"
            )
            .into());
        }
        match nvm.load(self.phase)? {
            RECEIVING => {}
            INSTALLING => updater.install(|| ())?,
            other => {
                return Err(format!("the phase {other} is none: the journal is damaged").into());
            }
        }
        let running = nvm.load(self.running)?;
        if checksum(nvm.load(self.firmware)?.as_flattened()) != running.checksum {
            return Err(format!("the firmware of version {} is damaged", running.version).into());
        }
        Ok(updater)
    }
}

impl<N: Nvm> Updater<'_, N> {
    fn buffer(&self, node: NodeRef) -> Result<Offset<Chunk>, Box<dyn Error>> {
        let index = usize::from(node.label(self.nvm)?);
        Ok(self
            .journal
            .buffers
            .element(index)
            .ok_or("a node's label is damaged")?)
    }

    /// Begins to receive a release, or goes on with it. Chunks of another one are dropped.
    pub fn begin(&self, release: Release) -> Result<(), Box<dyn Error>> {
        if self.nvm.load(self.journal.next)? != release {
            self.discard()?;
            // Torn, it is no release that anybody sends: the next start begins again.
            self.nvm.store(Class::Data, self.journal.next, &release)?;
        }
        Ok(())
    }

    /// Drops all chunks.
    fn discard(&self) -> Result<(), Box<dyn Error>> {
        for list in [self.received, self.verified] {
            while let Some(node) = list.front(self.nvm)? {
                self.log.move_back(self.nvm, self.free, node)?;
            }
        }
        Ok(())
    }

    /// The places in the image whose chunks lack.
    pub fn missing(&self) -> Result<Vec<u32>, Box<dyn Error>> {
        let mut missing: Vec<u32> = (0..CHUNKS as u32).collect();
        for node in self.verified.iter(self.nvm) {
            let place = node?.key(self.nvm)?;
            missing.retain(|missing| *missing != place);
        }
        Ok(missing)
    }

    /// Stores a chunk in a free buffer, then queues it.
    pub fn receive(&self, chunk: &Chunk) -> Result<(), Box<dyn Error>> {
        let node = self.free.front(self.nvm)?.ok_or("no buffer is free")?;
        self.nvm.store(Class::Data, self.buffer(node)?, chunk)?;
        Ok(self.log.move_back(self.nvm, self.received, node)?)
    }

    /// Sorts in the received chunks that are sound and lacked; drops the others, and answers how many.
    pub fn verify(&self) -> Result<u32, Box<dyn Error>> {
        let mut dropped = 0;
        while let Some(node) = self.received.front(self.nvm)? {
            let chunk = self.nvm.load(self.buffer(node)?)?;
            if chunk.checksum == checksum(&chunk.bytes) && self.missing()?.contains(&chunk.place) {
                self.log
                    .move_sorted(self.nvm, self.verified, node, chunk.place)?;
            } else {
                self.log.move_back(self.nvm, self.free, node)?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// From here on there is no way back: all chunks are there, and together they are the release. Where they are not,
    /// although each of them was sound, they are dropped.
    pub fn commit(&self) -> Result<bool, Box<dyn Error>> {
        let (mut image, mut chunks) = (Vec::new(), 0);
        for node in self.verified.iter(self.nvm) {
            image.extend(self.nvm.load(self.buffer(node?)?)?.bytes);
            chunks += 1;
        }
        let next = self.nvm.load(self.journal.next)?;
        if chunks != CHUNKS || checksum(&image) != next.checksum {
            self.discard()?;
            return Ok(false);
        }
        self.nvm
            .store(Class::Data, self.journal.phase, &INSTALLING)?;
        Ok(true)
    }

    /// Applies the verified chunks in order. Whatever is done here may be done twice.
    pub fn install(&self, pause: impl Fn()) -> Result<(), Box<dyn Error>> {
        let Journal {
            firmware,
            phase,
            running,
            next,
            ..
        } = *self.journal;
        while let Some(node) = self.verified.front(self.nvm)? {
            let chunk = self.nvm.load(self.buffer(node)?)?;
            let place = firmware
                .element(chunk.place as usize)
                .ok_or("a chunk's place is damaged")?;
            self.nvm.store(Class::Data, place, &chunk.bytes)?;
            pause();
            // Copied: only now may it leave the list.
            self.log.move_back(self.nvm, self.free, node)?;
        }
        self.nvm
            .store(Class::Data, running, &self.nvm.load(next)?)?;
        Ok(self.nvm.store(Class::Data, phase, &RECEIVING)?)
    }
}

/// The sum is FNV's, by bytes.
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use nvm_core::for_each_atom;
    use nvm_core::sim::Explorer;

    use super::line::request;
    use super::*;

    /// Receives version 2, but for so many chunks.
    fn received<const ATOM: usize>(nvm: &SimNvm<ATOM>, but: usize) {
        let journal = Journal::placed();
        journal.first_boot(nvm).unwrap();
        let updater = journal.boot(nvm).unwrap();
        updater.begin(release_of(2)).unwrap();
        for place in (but as u32..CHUNKS as u32).rev() {
            // Of those numbers none is damaged.
            updater.receive(&request(2, place, 0).unwrap()).unwrap();
        }
        updater.verify().unwrap();
    }

    /// Goes on with the update to version 2.
    fn update<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
        let journal = Journal::placed();
        let updater = journal.boot(nvm).unwrap();
        if nvm.load(journal.running).unwrap().version == 2 {
            return;
        }
        updater.begin(release_of(2)).unwrap();
        updater.verify().unwrap();
        while let Some(place) = updater.missing().unwrap().first() {
            updater.receive(&request(2, *place, 0).unwrap()).unwrap();
            updater.verify().unwrap();
        }
        assert!(updater.commit().unwrap());
        updater.install(|| ()).unwrap();
    }

    fn runs(nvm: &impl Nvm) -> Result<u32, String> {
        let journal = Journal::placed();
        journal.boot(nvm).map_err(|error| error.to_string())?;
        let version = nvm.load(journal.running).unwrap().version;
        let is_it = nvm.load(journal.firmware).unwrap() == build(version);
        if is_it {
            Ok(version)
        } else {
            Err("another firmware".into())
        }
    }

    #[test]
    fn the_firmware_is_the_old_or_the_new_one_whatever_is_cut() {
        for_each_atom!(ATOM => {
            let explorer = Explorer::<ATOM>::new("update", Journal::placed().layout.size()).filled_with(0);
            // The next start runs what is there.
            explorer
                .explore_atomic(
                    |nvm| received(nvm, 1),
                    update,
                    |nvm| drop(runs(nvm)),
                    runs,
                )
                .assert_clean();
        });
        // It goes on with the update, and loses its power again.
        Explorer::<4>::new("update, gone on with", Journal::placed().layout.size())
            .filled_with(0)
            .depth(2)
            .sample(3_000, 1)
            .explore(
                |nvm| received(nvm, 1),
                update,
                update,
                |nvm| match runs(nvm) {
                    Ok(2) => Ok(()),
                    other => Err(format!("{other:?}")),
                },
            )
            .assert_clean();
    }

    #[test]
    fn a_chunk_that_leaves_the_list_before_it_is_copied_is_caught() {
        Explorer::<4>::new("install, moved too early", Journal::placed().layout.size())
            .filled_with(0)
            .explore(
                |nvm| received(nvm, 0),
                |nvm| {
                    let journal = Journal::placed();
                    let Ok(updater) = journal.boot(nvm) else {
                        return;
                    };
                    if !updater.commit().unwrap() {
                        return;
                    }
                    while let Some(node) = updater.verified.front(nvm).unwrap() {
                        updater.log.move_back(nvm, updater.free, node).unwrap();
                        let chunk = nvm.load(updater.buffer(node).unwrap()).unwrap();
                        let place = journal.firmware.element(chunk.place as usize).unwrap();
                        nvm.store(Class::Data, place, &chunk.bytes).unwrap();
                    }
                    updater.install(|| ()).unwrap();
                },
                |nvm| drop(runs(nvm)),
                |nvm| runs(nvm).map(drop),
            )
            .assert_caught();
    }

    #[test]
    fn damaged_chunks_and_those_of_another_release_are_dropped() {
        let nvm = SimNvm::<4>::new(Journal::placed().layout.size());
        received(&nvm, 6);
        let journal = Journal::placed();
        let updater = journal.boot(&nvm).unwrap();
        assert_eq!(updater.missing().unwrap().len(), 6);
        for (place, number) in [(1, 2), (1, 0), (1, 0)] {
            updater
                .receive(&request(2, place, number).unwrap())
                .unwrap();
        }
        assert_eq!(updater.verify().unwrap(), 2, "one damaged, one twice");
        updater.begin(release_of(3)).unwrap();
        assert_eq!(updater.missing().unwrap().len(), CHUNKS);
        for place in 0..CHUNKS as u32 {
            updater.receive(&request(2, place, 0).unwrap()).unwrap();
        }
        assert_eq!(updater.verify().unwrap(), 0, "each is sound");
        assert!(!updater.commit().unwrap(), "together they are version 2");
        assert_eq!(updater.missing().unwrap().len(), CHUNKS);
        assert_eq!(runs(&nvm), Ok(1));
    }
}
