//! What lies in NVM: heads, nodes, and the links between them.
//!
//! Head, 8 bytes:
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..2 | `next`: link to the first node, or to the head itself |
//! | 2..4 | `prev`: link to the last node, or to the head itself |
//! | 4..6 | `owner`: link to the head itself, by which a head is known |
//! | 6..8 | `label`: the program's own |
//!
//! Node, 12 bytes:
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | `key` |
//! | 4..6 | `next` |
//! | 6..8 | `prev` |
//! | 8..10 | `owner`: link to the head of the list that the node is in; 0: in none |
//! | 10..12 | `label`: the program's own |
//!
//! A link is an offset in units of 4 bytes, and leads to the `next` field of a head or of a node, so
//! that the last eight bytes of a node and a head look alike: the first node and the last one need no
//! special case, and the owner of a node that is linked behind another is that one's owner.
//!
//! While `owner` is 0, `key`, `next` and `prev` mean nothing: formatting need not store them, an
//! insertion may store them before it is published, and a removal need not clear them.

use nvm_core::{Class, Error, Nvm, Offset, RawOffset, of_words, of_words_in};

nvm_core::persist! {
    /// The head of a list, as it is stored: 8 bytes. Make one with
    /// [`List::format`](crate::List::format), or store [`Head::empty`] with an object of your own.
    pub struct Head {
        // A `u32`, so that everything that contains a head is aligned like a word by its type: to 4 bytes, or to 2
        // where the processor asks for no more. Areas begin at a multiple of 4 on all of them.
        neighbours: u32,
        owner: u16,
        label: u16,
    }

    /// A node, as it is stored: 12 bytes, to be placed in an object of your own. Make one with
    /// [`NodeRef::format`](crate::NodeRef::format), or store [`Node::unlinked`].
    pub struct Node {
        key: u32,
        neighbours: u32,
        owner: u16,
        label: u16,
    }
}

const _: () = assert!(size_of::<Head>() == 8 && align_of::<Head>() == align_of::<u32>());
const _: () = assert!(size_of::<Node>() == 12 && align_of::<Node>() == align_of::<u32>());
const _: () = assert!(core::mem::offset_of!(Node, neighbours) == KEY_BYTES as usize);

/// Bytes of a node in front of where its link leads: behind them it looks like a head.
pub(crate) const KEY_BYTES: RawOffset = 4;

/// What a link leads to: the part that heads and nodes have in common.
pub(crate) type Links = Head;

impl Head {
    /// An empty list whose head will lie where `list` says.
    pub const fn empty(list: crate::List, label: u16) -> Self {
        let own = list.link().0;
        Self {
            neighbours: own as u32 | (own as u32) << 16,
            owner: own,
            label,
        }
    }

    #[inline]
    pub(crate) const fn next(self) -> Link {
        Link(self.neighbours as u16)
    }

    #[inline]
    pub(crate) const fn prev(self) -> Link {
        Link((self.neighbours >> 16) as u16)
    }

    #[inline]
    pub(crate) const fn owner(self) -> Link {
        Link(self.owner)
    }
}

impl Node {
    /// A node that is in no list.
    pub const fn unlinked(label: u16) -> Self {
        Self {
            key: 0,
            neighbours: 0,
            owner: 0,
            label,
        }
    }

    #[inline]
    pub(crate) const fn key(self) -> u32 {
        self.key
    }

    #[inline]
    pub(crate) const fn links(self) -> Links {
        Links {
            neighbours: self.neighbours,
            owner: self.owner,
            label: self.label,
        }
    }
}

/// An offset in units of 4 bytes, to the `next` field of a head or node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(pub(crate) u16);

impl Link {
    /// No list: the owner of an unlinked node. Offset 0 belongs to the region's header.
    pub(crate) const NONE: Self = Self(0);

    /// Byte offset of the `next` field.
    #[inline]
    pub(crate) const fn offset(self) -> RawOffset {
        of_words(self.0)
    }

    /// Byte offset of the node that the link leads to.
    #[inline]
    pub(crate) const fn node_offset(self) -> RawOffset {
        self.offset().wrapping_sub(KEY_BYTES)
    }

    /// The same as [`offset`](Link::offset), to be accessed.
    #[inline]
    pub(crate) const fn offset_in<N: Nvm>(self) -> RawOffset {
        of_words_in::<N>(self.0)
    }

    #[inline]
    const fn node_offset_in<N: Nvm>(self) -> RawOffset {
        self.offset_in::<N>().wrapping_sub(KEY_BYTES)
    }

    #[inline]
    pub(crate) fn load_links<N: Nvm>(self, nvm: &N) -> Result<Links, Error> {
        if N::ATOM == 2 {
            return self.load_halves(nvm);
        }
        nvm.load(Offset::new(self.offset_in::<N>()))
    }

    #[inline]
    pub(crate) fn load_node<N: Nvm>(self, nvm: &N) -> Result<Node, Error> {
        if N::ATOM == 2 {
            let key = self.load_key(nvm)?;
            let Links {
                neighbours,
                owner,
                label,
            } = self.load_halves(nvm)?;
            return Ok(Node {
                key,
                neighbours,
                owner,
                label,
            });
        }
        nvm.load(Offset::new(self.node_offset_in::<N>()))
    }

    /// [`load_links`](Link::load_links) where each half of a word is one load: less code than to load bytes.
    #[inline]
    fn load_halves<N: Nvm>(self, nvm: &N) -> Result<Links, Error> {
        let (next, prev) = (self.load_next(nvm)?, self.load_prev(nvm)?);
        Ok(Links {
            neighbours: both(next, prev),
            owner: self.load_owner(nvm)?.0,
            // Not looked at: the label is loaded by itself.
            label: 0,
        })
    }

    #[inline]
    pub(crate) fn load_key<N: Nvm>(self, nvm: &N) -> Result<u32, Error> {
        nvm.read_u32(self.node_offset_in::<N>())
    }

    #[inline]
    pub(crate) fn load_next<N: Nvm>(self, nvm: &N) -> Result<Self, Error> {
        nvm.read_u16(self.offset_in::<N>()).map(Self)
    }

    #[inline]
    pub(crate) fn load_prev<N: Nvm>(self, nvm: &N) -> Result<Self, Error> {
        nvm.read_u16(self.offset_in::<N>() + 2).map(Self)
    }

    #[inline]
    pub(crate) fn load_owner<N: Nvm>(self, nvm: &N) -> Result<Self, Error> {
        nvm.read_u16(self.offset_in::<N>() + 4).map(Self)
    }

    #[inline]
    pub(crate) fn store_next<N: Nvm>(self, nvm: &N, class: Class, to: Self) -> Result<(), Error> {
        nvm.write_u16(class, self.offset_in::<N>(), to.0)
    }

    #[inline]
    pub(crate) fn store_prev<N: Nvm>(self, nvm: &N, class: Class, to: Self) -> Result<(), Error> {
        nvm.write_u16(class, self.offset_in::<N>() + 2, to.0)
    }

    #[inline]
    pub(crate) fn store_owner<N: Nvm>(self, nvm: &N, class: Class, to: Self) -> Result<(), Error> {
        nvm.write_u16(class, self.offset_in::<N>() + 4, to.0)
    }

    #[inline]
    pub(crate) fn store_key<N: Nvm>(self, nvm: &N, class: Class, key: u32) -> Result<(), Error> {
        nvm.write_u32(class, self.node_offset_in::<N>(), key)
    }

    /// Stores both links, and the key in front of them where there is one, in one go.
    #[inline]
    pub(crate) fn store_place<N: Nvm>(
        self,
        nvm: &N,
        class: Class,
        key: Option<u32>,
        between: Between,
    ) -> Result<(), Error> {
        if N::ATOM == 2 {
            // The same stores as below.
            if let Some(key) = key {
                self.store_key(nvm, class, key)?;
            }
            self.store_next(nvm, class, between.next)?;
            return self.store_prev(nvm, class, between.prev);
        }
        let both = both(between.next, between.prev);
        match key {
            None => nvm.write_u32(class, self.offset_in::<N>(), both),
            Some(key) => {
                let bytes = (u64::from(key) | u64::from(both) << 32).to_le_bytes();
                nvm.write(class, self.node_offset_in::<N>(), &bytes)
            }
        }
    }
}

/// Two links in one word.
#[inline]
const fn both(next: Link, prev: Link) -> u32 {
    next.0 as u32 | (prev.0 as u32) << 16
}

/// A place in a list: the two neighbours that a node comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) prev: Link,
    pub(crate) next: Link,
}
