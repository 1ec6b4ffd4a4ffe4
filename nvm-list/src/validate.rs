//! What is verified before anything is stored.

use nvm_core::Nvm;

use crate::layout::Link;
use crate::walk::verify_head;
use crate::{ListError, ListErrorKind, NodeRef, Operation};

/// Verifies each operation of a batch against the present state and the operations before it: that lists
/// are lists, that nodes are in a list or in none as the operation needs, and, of a node that no earlier
/// operation touches, that its neighbours link to it.
pub(crate) fn batch<N: Nvm>(nvm: &N, operations: &[Operation]) -> Result<(), ListError> {
    for (index, operation) in operations.iter().enumerate() {
        if let Some(list) = operation.list() {
            verify_head(nvm, list.link())?;
        }
        let node = operation.node();
        let earlier = operations.get(..index).unwrap_or_default();
        let is_linked = match last_with(earlier, node) {
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

/// The last operation with a node.
fn last_with(operations: &[Operation], node: NodeRef) -> Option<&Operation> {
    operations.iter().rfind(|before| before.node() == node)
}

/// Whether an operation has this node.
pub(crate) fn touches_node(operations: &[Operation], node: NodeRef) -> bool {
    last_with(operations, node).is_some()
}

/// Whether an operation changes this list: nodes come, or nodes that are in it now go. (One that comes and
/// goes again is counted by its coming.)
pub(crate) fn touches_list<N: Nvm>(
    nvm: &N,
    operations: &[Operation],
    list: Link,
) -> Result<bool, ListError> {
    for operation in operations {
        if operation.list().is_some_and(|target| target.link() == list)
            || operation.node().link().load_owner(nvm)? == list
        {
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
