//! Reading lists: the search for a place, and the walk from front to back.
//!
//! Every walk is bounded by the number of nodes that the region can hold, and looks at each node's owner,
//! so that a damaged image gives an error and neither an endless loop nor another list's nodes.

use core::iter::FusedIterator;

use nvm_core::{Nvm, RawOffset};

use crate::layout::{Between, Link, Links};
use crate::{List, ListError, ListErrorKind, Node, NodeRef};

/// Where in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Front,
    Back,
    /// Behind all nodes whose key is not greater.
    Sorted(u32),
}

/// Nodes that the region can hold.
pub(crate) fn node_limit<N: Nvm>(nvm: &N) -> RawOffset {
    nvm.size() / size_of::<Node>() as RawOffset
}

/// Loads a head and verifies that it is one.
#[inline]
pub(crate) fn load_head<N: Nvm>(nvm: &N, list: Link) -> Result<Links, ListError> {
    let head = list.load_links(nvm)?;
    if head.owner() != list || list == Link::NONE {
        return Err(no_list(list));
    }
    Ok(head)
}

/// Verifies that a head is one.
#[inline]
pub(crate) fn verify_head<N: Nvm>(nvm: &N, list: Link) -> Result<(), ListError> {
    if list.load_owner(nvm)? != list || list == Link::NONE {
        return Err(no_list(list));
    }
    Ok(())
}

#[cold]
const fn no_list(list: Link) -> ListError {
    ListErrorKind::NotAList {
        list: list.offset(),
    }
    .error()
}

/// Loads a node and verifies that it is in `list`.
pub(crate) fn load_member<N: Nvm>(nvm: &N, list: Link, node: Link) -> Result<Node, ListError> {
    let member = node.load_node(nvm)?;
    // A head is its own owner: where a list's last link leads to another head, that is not a node.
    if member.links().owner() != list || node == list {
        return Err(ListErrorKind::WrongOwner {
            node: node.node_offset(),
        }
        .error());
    }
    Ok(member)
}

/// Finds the two neighbours that a node at `place` comes between.
pub(crate) fn find<N: Nvm>(nvm: &N, list: Link, place: Place) -> Result<Between, ListError> {
    verify_head(nvm, list)?;
    find_in(nvm, list, place)
}

/// The same in a list whose head was verified.
// Where a `usize` has 16 bits text counts most: one copy.
#[cfg_attr(target_pointer_width = "16", inline(never))]
#[cfg_attr(not(target_pointer_width = "16"), inline)]
pub(crate) fn find_in<N: Nvm>(nvm: &N, list: Link, place: Place) -> Result<Between, ListError> {
    if place == Place::Front {
        return behind(nvm, list, list.load_next(nvm)?);
    }
    let tail = list.load_prev(nvm)?;
    // At the back is where most nodes go: the latest deadline, an equal priority.
    if let Place::Sorted(key) = place
        && tail != list
        && load_member(nvm, list, tail)?.key() > key
    {
        return find_sorted(nvm, list, key);
    }
    before(nvm, tail, list)
}

/// The place by a key, not at the back.
#[inline(never)]
fn find_sorted<N: Nvm>(nvm: &N, list: Link, key: u32) -> Result<Between, ListError> {
    let (mut prev, mut next) = (list, list.load_next(nvm)?);
    for _ in 0..node_limit(nvm) {
        let node = load_member(nvm, list, next)?;
        if node.key() > key {
            return behind(nvm, prev, next);
        }
        (prev, next) = (next, node.links().next());
    }
    Err(ListErrorKind::TooLong {
        list: list.offset(),
    }
    .error())
}

/// The place between two nodes, reached by the first one's `next`; verifies the other's `prev`.
fn behind<N: Nvm>(nvm: &N, prev: Link, next: Link) -> Result<Between, ListError> {
    if next.load_prev(nvm)? == prev {
        Ok(Between { prev, next })
    } else {
        Err(ListErrorKind::BrokenLink { at: prev.offset() }.error())
    }
}

/// The place between two nodes, reached by the second one's `prev`; verifies the other's `next`.
fn before<N: Nvm>(nvm: &N, prev: Link, next: Link) -> Result<Between, ListError> {
    if prev.load_next(nvm)? == next {
        Ok(Between { prev, next })
    } else {
        Err(ListErrorKind::BrokenLink { at: next.offset() }.error())
    }
}

/// Whether a node with these links is already at `place` of `list`. Looks at the node's own links, its
/// owner and its neighbours' keys only, none of which the unlinking of the node changes: a recovery
/// answers as the interrupted operation did.
pub(crate) fn stays<N: Nvm>(
    nvm: &N,
    links: Links,
    list: Link,
    place: Place,
) -> Result<bool, ListError> {
    if links.owner() != list {
        return Ok(false);
    }
    let (prev, next) = (links.prev(), links.next());
    Ok(match place {
        Place::Front => prev == list,
        Place::Back => next == list,
        Place::Sorted(key) => {
            (prev == list || prev.load_key(nvm)? <= key)
                && (next == list || next.load_key(nvm)? > key)
        }
    })
}

/// The nodes of a list from front to back: see [`List::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Iter<'a, N> {
    nvm: &'a N,
    list: List,
    next: Next,
    left: RawOffset,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    First,
    Behind(Link),
    Over,
}

impl<'a, N: Nvm> Iter<'a, N> {
    pub(crate) fn new(nvm: &'a N, list: List) -> Self {
        Self {
            nvm,
            list,
            next: Next::First,
            left: node_limit(nvm),
        }
    }

    fn advance(&mut self) -> Result<Option<NodeRef>, ListError> {
        let list = self.list.link();
        let next = match self.next {
            Next::Over => return Ok(None),
            Next::First => load_head(self.nvm, list)?.next(),
            Next::Behind(node) => node.load_next(self.nvm)?,
        };
        if next == list {
            return Ok(None);
        }
        if self.left == 0 {
            return Err(ListErrorKind::TooLong {
                list: list.offset(),
            }
            .error());
        }
        self.left -= 1;
        load_member(self.nvm, list, next)?;
        self.next = Next::Behind(next);
        Ok(Some(NodeRef::from_link(next)))
    }
}

impl<N: Nvm> Iterator for Iter<'_, N> {
    type Item = Result<NodeRef, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.advance().transpose();
        if !matches!(result, Some(Ok(_))) {
            self.next = Next::Over;
        }
        result
    }
}

impl<N: Nvm> FusedIterator for Iter<'_, N> {}
