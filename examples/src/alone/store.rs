//! `store`, `nvm-alloc` with `nvm-tx`: a hash map whose buckets are chains of entries, each in a block of the heap. Whatever is done in one transaction
//! (allocate, fill, link; unlink, free; several of those) is done wholly or not at all: no key is lost or there twice,
//! and no block is in use that no chain leads to. Each start looks whether that is so.

use std::error::Error;
use std::fmt;

use nvm_alloc::image::HeapPart;
use nvm_alloc::{AllocError, Heap};
use nvm_core::image::Description;
use nvm_core::{Area, Class, FileNvm, Layout, Nvm, Offset, field, persist};
use nvm_tx::image::UndoLogPart;
use nvm_tx::{Fault, Tx, UndoLog};

const BUCKETS: usize = 16;
const HEAP_BYTES: u32 = 16 * 1024;
/// What the exercise takes, which inserts two entries in place of others and removes one.
const LOG_BYTES: u32 = 400;
const LONGEST: usize = 1000;

persist! {
    /// The map. Offset 0 stands for none.
    struct Table { buckets: [u32; BUCKETS], entries: u32 }

    /// An entry's header; its key and its value follow.
    struct Entry { next: u32, key_bytes: u32, value_bytes: u32 }
}

const ENTRY_BYTES: u32 = size_of::<Entry>() as u32;

/// Why the store does not answer.
#[derive(Debug)]
pub enum StoreError {
    /// A key or a value of so many bytes.
    TooLong(usize),
    /// What is wrong with the image.
    Damaged(&'static str),
    /// The heap is full, or the transaction did not commit.
    Heap(AllocError),
}

impl From<AllocError> for StoreError {
    fn from(error: AllocError) -> Self {
        Self::Heap(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::Heap(fault.into())
    }
}

impl From<nvm_core::Error> for StoreError {
    fn from(error: nvm_core::Error) -> Self {
        Self::Heap(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(
                f,
                "that has {bytes} bytes; a key or a value has at most {LONGEST}"
            ),
            Self::Damaged(what) => write!(f, "the store is damaged: {what}"),
            Self::Heap(error) => error.fmt(f),
        }
    }
}

impl Error for StoreError {}

/// Where everything lies: the same at each start.
pub struct Places {
    /// All of it.
    pub layout: Layout,
    log: Area,
    heap: Area,
    table: Offset<Table>,
}

impl Places {
    /// Places all of it.
    pub fn placed() -> Self {
        let mut layout = Layout::new("store", 1);
        Self {
            log: layout.area("undo log", UndoLog::<FileNvm>::area_bytes(LOG_BYTES)),
            heap: layout.area("heap", Heap::area_bytes(HEAP_BYTES)),
            table: layout.object("table"),
            layout,
        }
    }

    /// What a tool that looks at images is told: chains and heap belong together.
    pub fn description() -> Description {
        let Self {
            layout,
            log,
            heap,
            table,
        } = Self::placed();
        Description::new("store", 1, layout)
            .object("table", table)
            .part("transactions", UndoLogPart::new(log))
            .part("entries", HeapPart::new(heap))
            .invariant("chains", move |nvm| {
                let heap = Heap::at(heap)?;
                Store { heap, table }.entries(nvm)?;
                Ok(())
            })
    }

    /// The map is empty.
    pub fn first_boot(&self, nvm: &impl Nvm) -> Result<(), StoreError> {
        UndoLog::format(&nvm, self.log)?;
        Heap::format(nvm, self.heap)?;
        let empty = Table {
            buckets: [0; BUCKETS],
            entries: 0,
        };
        Ok(nvm.store(Class::Data, self.table, &empty)?)
    }

    /// Puts back what an interrupted transaction had changed, allocations and all.
    pub fn open<N: Nvm>(&self, nvm: N) -> Result<(Store, UndoLog<N>), StoreError> {
        let log = UndoLog::open(nvm, self.log)?;
        let store = Store {
            heap: Heap::open(log.nvm(), self.heap)?,
            table: self.table,
        };
        Ok((store, log))
    }
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The map and its heap.
#[derive(Clone, Copy)]
pub struct Store {
    /// Where the entries lie.
    pub heap: Heap,
    table: Offset<Table>,
}

/// An entry, and the link that leads to it.
struct Found {
    link: Offset<u32>,
    at: u32,
    entry: Entry,
}

impl Found {
    fn value(&self, nvm: &impl Nvm) -> Result<Vec<u8>, StoreError> {
        let at = self.at + ENTRY_BYTES + self.entry.key_bytes;
        bytes(nvm, at, self.entry.value_bytes)
    }
}

impl Store {
    /// Stores a value under a key, in place of the one that was there.
    pub fn insert<N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        for text in [key, value] {
            if text.len() > LONGEST {
                return Err(StoreError::TooLong(text.len()));
            }
        }
        self.remove(tx, key)?;
        let (key_bytes, value_bytes) = (key.len() as u32, value.len() as u32);
        let bucket = self.bucket(key);
        let at = self
            .heap
            .allocate(tx, ENTRY_BYTES + key_bytes + value_bytes)?;
        // The block is new: none of this is logged.
        let entry = Entry {
            next: tx.get(bucket)?,
            key_bytes,
            value_bytes,
        };
        tx.set(Offset::new(at), entry)?;
        tx.write(at + ENTRY_BYTES, key)?;
        tx.write(at + ENTRY_BYTES + key_bytes, value)?;
        tx.set(bucket, at)?;
        Ok(tx.update(field!(self.table, Table.entries), |entries| {
            entries.wrapping_add(1)
        })?)
    }

    /// Removes a key; answers whether it was there.
    pub fn remove<N: Nvm>(self, tx: &mut Tx<'_, N>, key: &[u8]) -> Result<bool, StoreError> {
        let Some(found) = self.find(tx.nvm(), key)? else {
            return Ok(false);
        };
        tx.set(found.link, found.entry.next)?;
        tx.update(field!(self.table, Table.entries), |entries| {
            entries.wrapping_sub(1)
        })?;
        self.heap.free(tx, found.at)?;
        Ok(true)
    }

    /// The value of a key.
    pub fn get(self, nvm: &impl Nvm, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.find(nvm, key)?
            .map(|found| found.value(nvm))
            .transpose()
    }

    fn find(self, nvm: &impl Nvm, key: &[u8]) -> Result<Option<Found>, StoreError> {
        let mut found = None;
        self.walk(nvm, self.bucket(key), |candidate| {
            let at = candidate.at + ENTRY_BYTES;
            // The key is loaded only where its length fits.
            let is_it = candidate.entry.key_bytes as usize == key.len()
                && bytes(nvm, at, candidate.entry.key_bytes)? == key;
            if is_it {
                found = Some(candidate);
            }
            Ok(!is_it)
        })?;
        Ok(found)
    }

    /// Visits a chain from its link on, as long as `visit` says so. Always ends.
    fn walk(
        self,
        nvm: &impl Nvm,
        mut link: Offset<u32>,
        mut visit: impl FnMut(Found) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        // No chain has more entries than there are.
        for _ in 0..=nvm.load(field!(self.table, Table.entries))? {
            let at = nvm.load(link)?;
            if at == 0 {
                return Ok(());
            }
            let room = self.heap.size_of_block(nvm, at)?;
            let entry: Entry = nvm.load(Offset::new(at))?;
            let needed =
                u64::from(ENTRY_BYTES) + u64::from(entry.key_bytes) + u64::from(entry.value_bytes);
            if needed > u64::from(room) {
                return Err(StoreError::Damaged("an entry is longer than its block"));
            }
            if !visit(Found { link, at, entry })? {
                return Ok(());
            }
            link = field!(Offset::<Entry>::new(at), Entry.next);
        }
        Err(StoreError::Damaged("a chain does not end"))
    }

    /// All keys and their values, sorted. Finds out whether the chains and the heap agree.
    pub fn entries(self, nvm: &impl Nvm) -> Result<Vec<Pair>, StoreError> {
        let mut all = Vec::new();
        let buckets: Offset<[u32; BUCKETS]> = field!(self.table, Table.buckets);
        for bucket in (0..BUCKETS).filter_map(|index| buckets.element(index)) {
            self.walk(nvm, bucket, |found| {
                let key = bytes(nvm, found.at + ENTRY_BYTES, found.entry.key_bytes)?;
                if self.bucket(&key) != bucket {
                    return Err(StoreError::Damaged(
                        "a key is in a chain that is not its own",
                    ));
                }
                all.push((key, found.value(nvm)?));
                Ok(true)
            })?;
        }
        let counted = nvm.load(field!(self.table, Table.entries))? as usize;
        if all.len() != counted || self.heap.statistics(nvm)?.blocks as usize != counted {
            return Err(StoreError::Damaged("chains, count and heap do not agree"));
        }
        all.sort();
        Ok(all)
    }

    /// The bucket of a key: the hash is FNV's, by bytes.
    fn bucket(self, key: &[u8]) -> Offset<u32> {
        let hash = key.iter().fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        let buckets: Offset<[u32; BUCKETS]> = field!(self.table, Table.buckets);
        let bucket = buckets.element((hash >> 16) as usize % BUCKETS);
        bucket.unwrap_or(buckets.cast())
    }
}

fn bytes(nvm: &impl Nvm, at: u32, count: u32) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; count as usize];
    nvm.read(at, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nvm_core::for_each_atom;
    use nvm_core::sim::{Explorer, SimNvm};

    use super::*;

    fn open<N: Nvm>(nvm: N) -> (Store, UndoLog<N>) {
        Places::placed().open(nvm).unwrap()
    }

    fn insert<const ATOM: usize>(nvm: &SimNvm<ATOM>, key: &str, value: &str) {
        let (store, mut log) = open(nvm);
        log.transaction(|tx| store.insert(tx, key.as_bytes(), value.as_bytes()))
            .unwrap();
    }

    /// What the next start does first.
    fn recover<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
        let _ = open(nvm);
    }

    #[test]
    fn a_key_has_its_old_or_its_new_value_and_no_block_is_lost_whatever_is_cut() {
        let places = Places::placed();
        let all = |nvm: &SimNvm<_>| {
            let (store, _) = open(nvm);
            store.entries(nvm).unwrap()
        };
        Explorer::<2>::new("replace and remove", places.layout.size())
            .filled_with(0)
            .depth(2)
            .explore_atomic(
                |nvm| {
                    places.first_boot(nvm).unwrap();
                    for (key, value) in [("door", "open"), ("light", "off"), ("heat", "21")] {
                        insert(nvm, key, value);
                    }
                },
                |nvm| {
                    let (store, mut log) = open(nvm);
                    log.transaction(|tx| {
                        store.insert(tx, b"door", b"closed and locked")?;
                        store.remove(tx, b"heat").map(drop)
                    })
                    .unwrap();
                },
                recover,
                all,
            )
            .assert_clean();
    }

    #[test]
    fn linking_an_entry_past_the_transaction_is_caught() {
        let places = Places::placed();
        Explorer::<4>::new("an entry linked too early", places.layout.size())
            .filled_with(0)
            .explore(
                |nvm| places.first_boot(nvm).unwrap(),
                |nvm| {
                    let (store, mut log) = open(nvm);
                    log.transaction(|tx| {
                        let bucket = store.bucket(b"door");
                        let block = store.heap.allocate(tx, ENTRY_BYTES)?;
                        nvm.store(Class::Data, bucket, &block)?;
                        let entry = Entry {
                            next: 0,
                            key_bytes: 0,
                            value_bytes: 0,
                        };
                        tx.set(Offset::new(block), entry)?;
                        Ok::<_, StoreError>(())
                    })
                    .unwrap();
                },
                recover,
                |nvm| {
                    let bucket = nvm.load(open(nvm).0.bucket(b"door")).unwrap();
                    let blocks = open(nvm).0.heap.statistics(nvm).unwrap().blocks;
                    if u32::from(bucket != 0) == blocks {
                        Ok(())
                    } else {
                        Err("a link to nothing".into())
                    }
                },
            )
            .assert_caught();
    }

    #[test]
    fn a_map_is_as_a_map_does() {
        for_each_atom!(ATOM => {
            let (places, nvm) = (Places::placed(), SimNvm::<ATOM>::new(Places::placed().layout.size()));
            places.first_boot(&nvm).unwrap();
            let mut model = BTreeMap::new();
            let mut random = 7_u32;
            for round in 0..600_u32 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let key = format!("{}", random >> 26);
                if round % 3 == 0 {
                    let (store, mut log) = open(&nvm);
                    let was_there = log.transaction(|tx| store.remove(tx, key.as_bytes())).unwrap();
                    assert_eq!(was_there, model.remove(key.as_bytes()).is_some());
                } else {
                    let value = "v".repeat((random >> 8) as usize % 50);
                    insert(&nvm, &key, &value);
                    model.insert(key.into_bytes(), value.into_bytes());
                }
            }
            let entries = open(&nvm).0.entries(&nvm).unwrap();
            assert_eq!(entries, model.into_iter().collect::<Vec<_>>());
        });
    }
}
