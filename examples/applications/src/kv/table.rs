//! A chained hash table in a persistent heap.
//!
//! The 16 buckets are an object of their own: in this package a [`Shared`] one, whose mutex keeps tasks apart, and whose
//! references are counted. An entry is a node of 12 bytes in the heap, the newest of its bucket first:
//!
//! ```text
//! buckets: [0] ──► key 32 │ value │ next ──► key 0 │ value │ none
//!          [1]     none
//!          ...
//! ```
//!
//! All changes are part of the caller's transaction. An insertion logs the bucket and the allocation, but not the node,
//! which is nobody's before the commit; a removal logs the link that it changes.

use intos::prelude::*;

/// Where a chain goes on.
type Link = Offset<Node>;

/// The end of a chain: the region's header lies there, and never a node.
const NONE: Link = Offset::new(0);

/// How many buckets there are: a key belongs to number key mod 16.
pub const BUCKETS: usize = 16;

persist! {
    /// The buckets of a table: what its tasks share.
    pub struct Buckets {
        first: [Link; BUCKETS],
    }

    /// An entry.
    pub struct Node {
        key: u32,
        value: u32,
        next: Link,
    }
}

impl Buckets {
    /// Those of a table without entries.
    pub const EMPTY: Self = Self {
        first: [NONE; BUCKETS],
    };
}

/// An entry that was found.
struct Entry {
    /// What leads to it.
    link: Offset<Link>,
    at: Link,
    node: Node,
}

/// A table, for as long as its buckets are locked: where they lie, and the heap with the entries.
///
/// ```
/// # use example_applications::kv::{Buckets, Table};
/// # use intos::prelude::*;
/// fn count_visitor<B: Board>(
///     task: &mut Task<B>,
///     heap: Heap,
///     visits: &Shared<Buckets>, // made with `Shared::new(tx, heap, Buckets::EMPTY)`
///     visitor: u32,
/// ) -> Result<u32, Error> {
///     let mut guard = visits.lock(task, Timeout::Forever)?;
///     let table = Table::new(guard.object(), heap);
///     let count = guard.transaction(|tx| {
///         let count = table.get(tx, visitor)?.unwrap_or(0) + 1;
///         table.insert(tx, visitor, count)?;
///         Ok(count)
///     })?;
///     guard.unlock()?;
///     Ok(count)
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Table {
    buckets: Offset<Buckets>,
    heap: Heap,
}

impl Table {
    /// Bytes of the heap that the buckets take, with their lock.
    #[allow(clippy::unnecessary_cast)] // where an offset has 16 bits it is necessary
    pub const BYTES: u32 = (Shared::<Buckets>::BYTES as u32).next_multiple_of(8);

    /// Bytes of the heap that an entry takes.
    pub const ENTRY_BYTES: u32 = (size_of::<Node>() as u32).next_multiple_of(8);

    /// The table with these buckets, whose entries lie in this heap.
    pub const fn new(buckets: Offset<Buckets>, heap: Heap) -> Self {
        Self { buckets, heap }
    }

    /// The value of a key, if there is one.
    pub fn get<B: Board>(self, tx: &Tx<B>, key: u32) -> Result<Option<u32>, Error> {
        self.get_outside(tx.nvm(), key)
    }

    /// The same, as seen from outside of any task.
    pub fn get_outside<N: Nvm>(self, nvm: &N, key: u32) -> Result<Option<u32>, Error> {
        Ok(self.find(nvm, key)?.map(|entry| entry.node.value))
    }

    /// Gives a key a value, and answers the one that it had. A new entry costs 33 to 40 bytes of NVM.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`].
    pub fn insert<B: Board>(
        self,
        tx: &mut Tx<B>,
        key: u32,
        value: u32,
    ) -> Result<Option<u32>, Error> {
        if let Some(Entry { at, node, .. }) = self.find(tx.nvm(), key)? {
            tx.set(field!(at, Node.value), value)?;
            return Ok(Some(node.value));
        }
        let bucket = self.bucket(key);
        let next = tx.get(bucket)?;
        let node = self.heap.allocate_for(tx, Node { key, value, next })?;
        tx.set(bucket, node)?;
        Ok(None)
    }

    /// Removes a key, and answers the value that it had. The entry's memory is free when the transaction has committed.
    pub fn remove<B: Board>(self, tx: &mut Tx<B>, key: u32) -> Result<Option<u32>, Error> {
        let Some(Entry { link, at, node }) = self.find(tx.nvm(), key)? else {
            return Ok(None);
        };
        tx.set(link, node.next)?;
        self.heap.free(tx, at.get())?;
        Ok(Some(node.value))
    }

    /// How many entries there are, as seen from outside of any task.
    pub fn len_outside<N: Nvm>(self, nvm: &N) -> Result<u32, Error> {
        let mut entries = 0;
        for bucket in 0..BUCKETS as u32 {
            let mut link = self.bucket(bucket);
            while let Some(entry) = self.follow(nvm, link, &mut entries)? {
                link = field!(entry.at, Node.next);
            }
        }
        Ok(entries)
    }

    /// The entry of a key.
    #[inline]
    fn find<N: Nvm>(self, nvm: &N, key: u32) -> Result<Option<Entry>, Error> {
        let mut link = self.bucket(key);
        let mut steps = 0;
        while let Some(entry) = self.follow(nvm, link, &mut steps)? {
            if entry.node.key == key {
                return Ok(Some(entry));
            }
            link = field!(entry.at, Node.next);
        }
        Ok(None)
    }

    /// The entry behind a link; counts the steps, of which there are no more than the heap has room for entries.
    #[inline]
    fn follow<N: Nvm>(
        self,
        nvm: &N,
        link: Offset<Link>,
        steps: &mut u32,
    ) -> Result<Option<Entry>, Error> {
        let at = nvm.load(link)?;
        if at == NONE {
            return Ok(None);
        }
        *steps += 1;
        if *steps as RawOffset > self.heap.raw().capacity() / Self::ENTRY_BYTES as RawOffset {
            // A damaged chain that leads to itself.
            return Err(Outcome::Invalid.into());
        }
        let node = nvm.load(at)?;
        Ok(Some(Entry { link, at, node }))
    }

    #[inline]
    const fn bucket(self, key: u32) -> Offset<Link> {
        let number = (key % BUCKETS as u32) as RawOffset;
        Offset::new(self.buckets.get() + number * size_of::<Link>() as RawOffset)
    }
}
