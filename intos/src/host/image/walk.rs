//! Walking a list that may be damaged: all that can be reached, and all that is wrong on the way.

use nvm_core::{Nvm, Offset};
use nvm_list::inspect::LinksView;
use nvm_list::{List, NodeRef};

use super::text::hex;

/// What a walk found.
#[derive(Debug, Clone, Default)]
pub(super) struct Walk {
    /// The nodes, from the first on, as far as they can be reached.
    pub(super) nodes: Vec<NodeRef>,
    /// What is wrong with the links.
    pub(super) defects: Vec<LinkDefect>,
}

/// A link that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkDefect {
    /// Where it lies.
    pub(super) at: u32,
    /// What should be there.
    pub(super) expected: String,
    /// What is there.
    pub(super) found: String,
}

/// Walks a list whose nodes are all among those that `is_node` knows, by where their links lie. Bounded by their number:
/// a node that comes twice ends it.
pub(super) fn walk<N: Nvm>(nvm: &N, list: List, is_node: impl Fn(u32) -> bool) -> Walk {
    let mut walk = Walk::default();
    let Ok(head) = list.links(nvm) else {
        walk.note(
            list.head().get(),
            "a list's head",
            "nothing that can be read",
        );
        return walk;
    };
    if head.owner != head.at {
        walk.note(
            head.owner_at(),
            &format!("owner {}, the head itself", hex(head.at)),
            &format!("owner {}", hex(head.owner)),
        );
        return walk;
    }
    let mut previous = head;
    loop {
        let next = previous.next;
        if next == head.at {
            walk.check_prev(&head, &previous);
            return walk;
        }
        let node = if is_node(next) { node_at(next) } else { None };
        let Some((node, links)) = node.and_then(|node| Some((node, node.links(nvm).ok()?))) else {
            walk.note(
                previous.at,
                "a link to a node of this list, or to its head",
                &format!("next {}, where no such node lies", hex(next)),
            );
            return walk;
        };
        if links.owner != head.at {
            walk.note(
                links.owner_at(),
                &format!(
                    "owner {}, the list that it was reached through",
                    hex(head.at)
                ),
                &format!("owner {}", hex(links.owner)),
            );
            return walk;
        }
        if walk.nodes.contains(&node) {
            walk.note(
                previous.at,
                "a link to a node that was not there before",
                &format!("next {}, which closes a ring without the head", hex(next)),
            );
            return walk;
        }
        walk.check_prev(&links, &previous);
        walk.nodes.push(node);
        previous = links;
    }
}

/// The node whose links lie at an offset.
pub(super) fn node_at(links_at: u32) -> Option<NodeRef> {
    NodeRef::at(Offset::new(links_at.checked_sub(4)?)).ok()
}

impl Walk {
    fn check_prev(&mut self, links: &LinksView, previous: &LinksView) {
        if links.prev != previous.at {
            self.note(
                links.prev_at(),
                &format!("prev {}, whose next leads here", hex(previous.at)),
                &format!("prev {}", hex(links.prev)),
            );
        }
    }

    fn note(&mut self, at: u32, expected: &str, found: &str) {
        self.defects.push(LinkDefect {
            at,
            expected: expected.to_owned(),
            found: found.to_owned(),
        });
    }
}
