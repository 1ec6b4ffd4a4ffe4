//! Three lists and seven nodes in a simulated region, and the plain model that they are checked against.
//!
//! Lists 0 and 1 are sorted; list 2 is not, so that its nodes' keys are not looked at.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::must_use_candidate)]

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use nvm_core::{Area, Class, Nvm, Offset};
use nvm_list::{List, NodeRef, OpLog, Operation, check};

pub const LISTS: usize = 3;
pub const NODES: usize = 7;
pub const BYTES: u32 = 4096;
/// Where a caller's transaction commits: its tag, in a byte.
pub const COMMIT_AT: u32 = 92;

/// Where everything lies.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub name: &'static str,
    log: Area,
    heads: [u32; LISTS],
    nodes: [u32; NODES],
}

/// Side by side: links differ in their lower byte only.
pub const COMPACT: World = World {
    name: "compact",
    log: Area::new(32, 56),
    heads: [96, 104, 112],
    nodes: [120, 132, 144, 156, 168, 180, 192],
};

/// Where the log of [`COMPACT`] ends.
pub const LOG_END: u32 = 32 + 56;

/// Far apart, so that a link can be torn: links that differ in both bytes, in one of them only, and with
/// a lower byte of 0. A node's link leads 4 bytes behind its beginning.
pub const SPREAD: World = World {
    name: "spread",
    log: Area::new(34, 57),
    // Links 0x0100, 0x0300, 0x0043.
    heads: [0x400, 0xC00, 0x10C],
    // Links 0x0040, 0x0140, 0x0141, 0x0241, 0x0200, 0x0340, 0x03A5.
    nodes: [0x0FC, 0x4FC, 0x508, 0x900, 0x7FC, 0xCFC, 0xE90],
};

/// The nodes of each list from front to back, with their keys (0 in the list that is not sorted).
pub type State = Vec<Vec<(usize, u32)>>;

/// An operation on lists and nodes by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Remove(usize),
    PushBack(usize),
    PushFront(usize),
    InsertSorted(usize, usize, u32),
    MoveBack(usize),
    MoveFront(usize),
    MoveSorted(usize, usize, u32),
}

/// The list that is not sorted: where pushes and unsorted moves go.
pub const FIFO: usize = 2;

impl World {
    pub fn list(&self, index: usize) -> List {
        List::at(Offset::new(self.heads[index])).unwrap()
    }

    pub fn node(&self, index: usize) -> NodeRef {
        NodeRef::at(Offset::new(self.nodes[index])).unwrap()
    }

    pub fn log(&self) -> OpLog {
        OpLog::open(self.log, Class::Kernel).unwrap()
    }

    pub fn node_index(&self, node: NodeRef) -> usize {
        let at = node.offset().get();
        self.nodes.iter().position(|offset| *offset == at).unwrap()
    }

    pub fn format<N: Nvm>(&self, nvm: &N) {
        OpLog::format(nvm, self.log, Class::Kernel).unwrap();
        for (index, head) in self.heads.iter().enumerate() {
            List::format(nvm, Class::Kernel, Offset::new(*head), index as u16).unwrap();
        }
        for (index, node) in self.nodes.iter().enumerate() {
            NodeRef::format(nvm, Class::Kernel, Offset::new(*node), index as u16).unwrap();
        }
        nvm.write_u8(Class::Data, COMMIT_AT, 0).unwrap();
    }

    /// What is stored, or what is wrong with it.
    pub fn state<N: Nvm>(&self, nvm: &N) -> Result<State, String> {
        let mut state = State::new();
        let mut linked = [false; NODES];
        for index in 0..LISTS {
            let list = self.list(index);
            let len = check(nvm, list, NODES as u32, index != FIFO)
                .map_err(|error| format!("list {index}: {error}"))?;
            let mut nodes = Vec::new();
            for node in list.iter(nvm) {
                let node = node.map_err(|error| error.to_string())?;
                let number = self.node_index(node);
                linked[number] = true;
                let key = node.key(nvm).unwrap();
                nodes.push((number, if index == FIFO { 0 } else { key }));
            }
            assert_eq!(nodes.len() as u32, len);
            state.push(nodes);
        }
        for (number, linked) in linked.iter().enumerate() {
            let node = self.node(number);
            if node.is_linked(nvm).unwrap() != *linked {
                return Err(format!("node {number} is linked by its owner: {}", !linked));
            }
            if node.label(nvm).unwrap() != number as u16 {
                return Err(format!("the label of node {number} has changed"));
            }
        }
        Ok(state)
    }

    /// Takes every node out again, so that a defect that does not show yet does.
    pub fn empty_all<N: Nvm>(&self, nvm: &N, state: &State) -> Result<(), String> {
        for (index, nodes) in state.iter().enumerate() {
            for (number, _) in nodes {
                let popped = self.log().pop_front(nvm, self.list(index));
                if popped.map_err(|error| error.to_string())? != Some(self.node(*number)) {
                    return Err(format!("list {index} does not pop node {number}"));
                }
            }
        }
        let left = self.state(nvm)?;
        if left.iter().all(Vec::is_empty) {
            Ok(())
        } else {
            Err(format!("{left:?} is left"))
        }
    }
}

pub const NOTHING: [Vec<(usize, u32)>; LISTS] = [const { Vec::new() }; LISTS];

impl Op {
    pub fn real(self, world: &World) -> Operation {
        let fifo = world.list(FIFO);
        let node = world.node(self.number());
        match self {
            Self::Remove(_) => Operation::Remove { node },
            Self::PushBack(_) => Operation::PushBack { list: fifo, node },
            Self::PushFront(_) => Operation::PushFront { list: fifo, node },
            Self::MoveBack(_) => Operation::MoveBack { list: fifo, node },
            Self::MoveFront(_) => Operation::MoveFront { list: fifo, node },
            Self::InsertSorted(list, _, key) => Operation::InsertSorted {
                list: world.list(list),
                node,
                key,
            },
            Self::MoveSorted(list, _, key) => Operation::MoveSorted {
                list: world.list(list),
                node,
                key,
            },
        }
    }

    pub fn number(self) -> usize {
        match self {
            Self::Remove(node)
            | Self::PushBack(node)
            | Self::PushFront(node)
            | Self::MoveBack(node)
            | Self::MoveFront(node)
            | Self::InsertSorted(_, node, _)
            | Self::MoveSorted(_, node, _) => node,
        }
    }

    /// Does it to the model; whether it was possible.
    pub fn apply(self, state: &mut State) -> bool {
        let number = self.number();
        let inserts = matches!(
            self,
            Self::PushBack(_) | Self::PushFront(_) | Self::InsertSorted(..)
        );
        let list = state
            .iter()
            .position(|list| list.iter().any(|(node, _)| *node == number));
        match list {
            Some(_) if inserts => return false,
            None if !inserts => return false,
            Some(list) => state[list].retain(|(node, _)| *node != number),
            None => {}
        }
        match self {
            Self::Remove(_) => {}
            Self::PushBack(_) | Self::MoveBack(_) => state[FIFO].push((number, 0)),
            Self::PushFront(_) | Self::MoveFront(_) => state[FIFO].insert(0, (number, 0)),
            Self::InsertSorted(list, _, key) | Self::MoveSorted(list, _, key) => {
                let at = state[list].iter().take_while(|(_, k)| *k <= key).count();
                state[list].insert(at, (number, key));
            }
        }
        true
    }
}

pub fn real(world: &World, ops: &[Op]) -> Vec<Operation> {
    ops.iter().map(|op| op.real(world)).collect()
}

/// What the model says of a batch: nothing where an operation is not possible.
pub fn applied(state: &State, ops: &[Op]) -> Option<State> {
    let mut after = state.clone();
    ops.iter().all(|op| op.apply(&mut after)).then_some(after)
}
