//! Handles: where a head or a node lies, known to be aligned and within reach of a link.

use nvm_core::{Class, Nvm, Offset, RawOffset, widened};

use crate::layout::{KEY_BYTES, Link};
use crate::walk::{self, Iter};
use crate::{Head, ListError, ListErrorKind, Node};

nvm_core::persist! {
    /// A list: the place of its [`Head`]. Two bytes, plain data: it may be copied, stored and recorded.
    ///
    /// Reading a list stores nothing. It is changed through an [`OpLog`](crate::OpLog) only.
    pub struct List {
        link: u16,
    }

    /// The place of a [`Node`]. Two bytes, plain data: it may be copied, stored and recorded.
    pub struct NodeRef {
        link: u16,
    }
}

impl Eq for List {}
impl Eq for NodeRef {}

/// The link to a byte offset.
#[inline]
const fn link_to(offset: RawOffset, links_at: RawOffset) -> Result<u16, ListError> {
    if !offset.is_multiple_of(4) {
        return Err(ListErrorKind::Misaligned { offset }.error());
    }
    if links_at == 0 || widened(links_at / 4) > u16::MAX as u32 {
        return Err(ListErrorKind::OutOfReach { offset }.error());
    }
    Ok((links_at / 4) as u16)
}

impl List {
    /// The list whose head lies at `head`. Reads nothing: that a head was formatted there is verified
    /// by each operation.
    #[inline]
    pub const fn at(head: Offset<Head>) -> Result<Self, ListError> {
        match link_to(head.get(), head.get()) {
            Ok(link) => Ok(Self { link }),
            Err(error) => Err(error),
        }
    }

    /// The list whose head lies so many bytes behind this one's, a multiple of 4: for arrays of heads. Nothing is compared,
    /// since [`at`](List::at) has done so for the last one of them.
    #[inline]
    #[must_use]
    pub const fn behind(self, bytes: RawOffset) -> Self {
        Self {
            link: self.link.wrapping_add((bytes / 4) as u16),
        }
    }

    /// Formats an empty list: 8 bytes of NVM. Not atomic: for first boots and for objects that nothing
    /// refers to yet. The `label` is the program's own; the crate only keeps it.
    pub fn format<N: Nvm>(
        nvm: &N,
        class: Class,
        head: Offset<Head>,
        label: u16,
    ) -> Result<Self, ListError> {
        let list = Self::at(head)?;
        nvm.store(class, head, &Head::empty(list, label))?;
        Ok(list)
    }

    /// Where the head lies.
    pub const fn head(self) -> Offset<Head> {
        Offset::new(self.link().offset())
    }

    pub(crate) const fn link(self) -> Link {
        Link(self.link)
    }

    pub(crate) const fn from_link(link: Link) -> Self {
        Self { link: link.0 }
    }

    /// What [`List::format`] stored as the label.
    #[inline]
    pub fn label<N: Nvm>(self, nvm: &N) -> Result<u16, ListError> {
        Ok(nvm.read_u16(self.link().offset_in::<N>() + 6)?)
    }

    /// Whether the list has no node: one load. Where no head was formatted, it may be any answer.
    #[inline]
    pub fn is_empty<N: Nvm>(self, nvm: &N) -> Result<bool, ListError> {
        // An empty head leads to itself, and nothing else does.
        Ok(self.link().load_next(nvm)? == self.link())
    }

    /// The first node.
    #[inline]
    pub fn front<N: Nvm>(self, nvm: &N) -> Result<Option<NodeRef>, ListError> {
        if self.is_empty(nvm)? {
            return Ok(None);
        }
        let first = walk::load_head(nvm, self.link())?.next();
        Ok(Some(NodeRef::from_link(first)))
    }

    /// The last node.
    pub fn back<N: Nvm>(self, nvm: &N) -> Result<Option<NodeRef>, ListError> {
        let last = walk::load_head(nvm, self.link())?.prev();
        Ok((last != self.link()).then_some(NodeRef::from_link(last)))
    }

    /// The node behind `node`, or behind the last the first again: for taking turns without a store.
    /// `node` itself where it is alone; none where it is not in this list.
    #[inline]
    pub fn next_in_turn<N: Nvm>(
        self,
        nvm: &N,
        node: NodeRef,
    ) -> Result<Option<NodeRef>, ListError> {
        let links = node.link().load_links(nvm)?;
        if links.owner() != self.link() {
            return Ok(None);
        }
        let next = if links.next() == self.link() {
            self.link().load_next(nvm)?
        } else {
            links.next()
        };
        Ok(Some(NodeRef::from_link(next)))
    }

    /// The nodes from front to back. Ends with an error where the image is damaged, and always ends.
    pub fn iter<N: Nvm>(self, nvm: &N) -> Iter<'_, N> {
        Iter::new(nvm, self)
    }
}

impl NodeRef {
    /// The node at `node`. Reads nothing.
    #[inline]
    pub const fn at(node: Offset<Node>) -> Result<Self, ListError> {
        match link_to(node.get(), node.get().saturating_add(KEY_BYTES)) {
            Ok(link) => Ok(Self { link }),
            Err(error) => Err(error),
        }
    }

    /// The node that lies so many bytes behind this one, a multiple of 4: for arrays of objects that have a node each.
    /// Nothing is compared, since [`at`](NodeRef::at) has done so for the last one of them.
    #[inline]
    #[must_use]
    pub const fn behind(self, bytes: RawOffset) -> Self {
        Self {
            link: self.link.wrapping_add((bytes / 4) as u16),
        }
    }

    /// Formats a node that is in no list: 4 bytes of NVM. Not atomic: for first boots and for objects
    /// that nothing refers to yet, **never** for a node that is in a list. The `label` is the program's
    /// own (a task's number, say); the crate only keeps it.
    pub fn format<N: Nvm>(
        nvm: &N,
        class: Class,
        node: Offset<Node>,
        label: u16,
    ) -> Result<Self, ListError> {
        let reference = Self::at(node)?;
        // Owner (none) and label; the other fields mean nothing yet.
        nvm.write_u32(
            class,
            reference.link().offset_in::<N>() + 4,
            u32::from(label) << 16,
        )?;
        Ok(reference)
    }

    /// Where the node lies.
    pub const fn offset(self) -> Offset<Node> {
        Offset::new(self.link().node_offset())
    }

    pub(crate) const fn link(self) -> Link {
        Link(self.link)
    }

    pub(crate) const fn from_link(link: Link) -> Self {
        Self { link: link.0 }
    }

    /// What [`NodeRef::format`] stored as the label.
    #[inline]
    pub fn label<N: Nvm>(self, nvm: &N) -> Result<u16, ListError> {
        Ok(nvm.read_u16(self.link().offset_in::<N>() + 6)?)
    }

    /// The key that the node was last inserted or moved with in sorted order. Of a node that is in no list
    /// it may be any value.
    #[inline]
    pub fn key<N: Nvm>(self, nvm: &N) -> Result<u32, ListError> {
        Ok(self.link().load_key(nvm)?)
    }

    /// The list that the node is in: one load.
    #[inline]
    pub fn owner<N: Nvm>(self, nvm: &N) -> Result<Option<List>, ListError> {
        let owner = self.link().load_owner(nvm)?;
        Ok((owner != Link::NONE).then_some(List::from_link(owner)))
    }

    /// Whether the node is in a list: one load.
    #[inline]
    pub fn is_linked<N: Nvm>(self, nvm: &N) -> Result<bool, ListError> {
        Ok(self.owner(nvm)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_aligned_and_within_reach() {
        let list = |offset| List::at(Offset::new(offset));
        let node = |offset| NodeRef::at(Offset::new(offset));
        assert_eq!(
            list(34),
            Err(ListErrorKind::Misaligned { offset: 34 }.error())
        );
        assert_eq!(
            node(33),
            Err(ListErrorKind::Misaligned { offset: 33 }.error())
        );
        assert_eq!(
            list(0),
            Err(ListErrorKind::OutOfReach { offset: 0 }.error())
        );
        assert_eq!(list(0x3_FFFC).unwrap().head().get(), 0x3_FFFC);
        assert_eq!(
            list(0x4_0000),
            Err(ListErrorKind::OutOfReach { offset: 0x4_0000 }.error())
        );
        assert_eq!(node(0x3_FFF8).unwrap().offset().get(), 0x3_FFF8);
        assert_eq!(
            node(0x3_FFFC),
            Err(ListErrorKind::OutOfReach { offset: 0x3_FFFC }.error())
        );
        assert!(node(u32::MAX - 3).is_err());
    }
}
