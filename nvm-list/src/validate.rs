//! What is verified before anything is stored.

use nvm_core::Nvm;

use crate::layout::Link;
use crate::walk::verify_head;
use crate::{ListError, ListErrorKind, NodeRef, Operation};

/// Verifies each operation of a batch against the present state and the operations before it: that lists
/// are lists, that nodes are in a list or in none as the operation needs, and, of a node that no earlier
/// operation touches, that its neighbours link to it.
pub(crate) fn batch<N: Nvm>(nvm: &N, operations: &[Operation]) -> Result<(), ListError> {
    for operation in operations {
        if !matches!(operation, Operation::Remove { .. }) {
            verify_head(nvm, operation.target())?;
        }
        let node = operation.node();
        let earlier = operation.earlier(operations);
        let is_linked = match earlier.filter(|before| before.node() == node).last() {
            Some(before) => before.list().is_some(),
            None => is_linked(nvm, node)?,
        };
        if is_linked == operation.inserts() {
            let node = node.offset().get();
            return Err(if is_linked {
                ListErrorKind::AlreadyLinked { node }
            } else {
                ListErrorKind::NotLinked { node }
            }
            .error());
        }
    }
    Ok(())
}

/// Whether an operation changes this list: nodes come, or nodes that are in it now go. (One that comes and
/// goes again is counted by its coming.)
pub(crate) fn touches_list<'a, N: Nvm>(
    nvm: &N,
    operations: impl Iterator<Item = &'a Operation>,
    list: Link,
) -> Result<bool, ListError> {
    for operation in operations {
        if operation.target() == list || operation.node().link().load_owner(nvm)? == list {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a node is in a list by what is stored; verifies that its neighbours agree.
fn is_linked<N: Nvm>(nvm: &N, node: NodeRef) -> Result<bool, ListError> {
    let link = node.link();
    let links = link.load_links(nvm)?;
    let owner = links.owner();
    if owner == Link::NONE {
        return Ok(false);
    }
    if owner == link {
        return Err(ListErrorKind::NotANode {
            node: node.offset().get(),
        }
        .error());
    }
    if links.prev().load_next(nvm)? != link || links.next().load_prev(nvm)? != link {
        return Err(ListErrorKind::BrokenLink { at: link.offset() }.error());
    }
    Ok(true)
}
