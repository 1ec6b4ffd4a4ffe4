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
        if !matches!(operation, Operation::Remove { .. }) {
            verify_head(nvm, operation.target())?;
        }
        let node = operation.node();
        // By the last one of those before it that has the node.
        let mut known = None;
        for before in operations.iter().take(index) {
            if before.node() == node {
                known = Some(!matches!(before, Operation::Remove { .. }));
            }
        }
        let is_linked = match known {
            Some(is_linked) => is_linked,
            None => is_linked(nvm, node)?,
        };
        if is_linked == operation.inserts() {
            return Err(wrong_state(node, is_linked));
        }
    }
    Ok(())
}

#[cold]
const fn wrong_state(node: NodeRef, is_linked: bool) -> ListError {
    let node = node.offset().get();
    if is_linked {
        ListErrorKind::AlreadyLinked { node }.error()
    } else {
        ListErrorKind::NotLinked { node }.error()
    }
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
