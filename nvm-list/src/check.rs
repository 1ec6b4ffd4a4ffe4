//! The full validation of a list, for tests and for tools that look at images.

use nvm_core::Nvm;

use crate::walk::{load_head, load_member};
use crate::{List, ListError, ListErrorKind};

/// Validates a list of at most `max` nodes: that all neighbours link to each other in both directions,
/// that each node says it is in this list, and, where `sorted` says so, that keys never decrease.
/// Gives the number of nodes.
///
/// Stores nothing. Takes two loads a node. Run it when no operation is interrupted: after
/// [`OpLog::recover`](crate::OpLog::recover).
pub fn check<N: Nvm>(nvm: &N, list: List, max: u32, sorted: bool) -> Result<u32, ListError> {
    let own = list.link();
    let (mut previous, mut next) = (own, load_head(nvm, own)?.next());
    let mut key_before = 0;
    let mut len = 0;
    while next != own {
        if len == max {
            return Err(ListErrorKind::TooLong { list: own.offset() }.error());
        }
        let node = load_member(nvm, own, next)?;
        if node.links().prev() != previous {
            return Err(ListErrorKind::BrokenLink { at: next.offset() }.error());
        }
        if sorted && node.key() < key_before {
            return Err(ListErrorKind::Unsorted {
                node: next.node_offset(),
            }
            .error());
        }
        key_before = node.key();
        len += 1;
        (previous, next) = (next, node.links().next());
    }
    if own.load_prev(nvm)? != previous {
        return Err(ListErrorKind::BrokenLink { at: own.offset() }.error());
    }
    Ok(len)
}
