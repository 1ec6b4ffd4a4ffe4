//! The nodes that are yet to be trained: a persistent queue.
//!
//! Nodes are numbered in the order in which they come and go, so that the queue needs no indices: node n is in place n
//! mod [`PLACES`], the first one is the node that is being trained, and behind the last one is how many nodes the tree
//! has. The node that is being trained, those that wait and its two children have places of their own: so no
//! transaction puts a node where it takes one from, and nothing need be logged.

use intos::prelude::*;

use super::tree::{Members, NODES};

/// The samples that belong to a node.
pub(super) type Pending = [Members; PLACES];

/// When node n is trained there are at most 2n + 1 nodes, from n on at most half as many as there can be, and two more.
const PLACES: usize = NODES / 2 + 2;

pub(super) const NONE: Pending = [0; PLACES];

/// Where a node waits.
pub(super) const fn place(pending: Offset<Pending>, number: u16) -> Option<Offset<Members>> {
    pending.element(number as usize % PLACES)
}
