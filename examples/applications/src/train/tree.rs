//! A decision tree, and how it is trained, node by node.

use intos::prelude::*;

use super::data::{DataSet, SAMPLES, Sample, VALUES};

persist! {
    /// A question, or a leaf.
    pub(super) struct Node {
        /// Which value it asks for; [`LEAF`] for none.
        question: u8,
        /// The node for a value of 1, before that for a value of 2; a leaf's label.
        answer: u8,
    }

    /// Nodes from the root on, level by level.
    pub(super) struct Tree {
        nodes: [Node; NODES],
        /// How many of them there are.
        pub(super) count: u16,
    }
}

const LEAF: u8 = u8::MAX;

/// Of the ten that there may be, since below the root there are two at a time.
pub(super) const NODES: usize = 9;
const LARGEST_DEPTH: usize = 10;
// Each level has two nodes at least, so the depth needs no limit of its own.
const _: () = assert!((NODES - 1) / 2 <= LARGEST_DEPTH);

pub(super) const NO_TREE: Tree = Tree {
    nodes: [Node {
        question: LEAF,
        answer: 0,
    }; NODES],
    count: 0,
};

/// Some of the samples of a data set: bit n for sample n.
pub(super) type Members = u16;

pub(super) const ALL: Members = Members::MAX;
const _: () = assert!(Members::BITS as usize == SAMPLES);

/// What a node is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// All get the label that most members have, or 0 where there are as many of both.
    Leaf { label: u8 },
    /// Those that have a value of 1 are told from those that have a value of 2.
    Question {
        value: u8,
        ones: Members,
        twos: Members,
    },
}

impl Decision {
    /// The question after which the labels are the least mixed; the first of several. A leaf where the labels are not
    /// mixed, where no question tells the members apart, or where there is no room for two nodes more.
    pub(super) fn of(data: &DataSet, members: Members, has_room: bool) -> Self {
        let labels = having(data, |sample| sample.label == 1);
        let (mixed, count) = mixture(members, labels);
        let positive = (members & labels).count_ones();
        let label = u8::from(2 * positive > count);
        let mut best = Self::Leaf { label };
        if mixed == 0 || !has_room {
            return best;
        }
        // A fraction, infinite at first.
        let mut least = (1, 0);
        for value in 0..VALUES {
            let twos = members & having(data, |sample| sample.values[value] == 2);
            let ones = members & !twos;
            let ((mixed_ones, ones_count), (mixed_twos, twos_count)) =
                (mixture(ones, labels), mixture(twos, labels));
            if ones_count == 0 || twos_count == 0 {
                continue;
            }
            let impurity = (
                mixed_ones * twos_count + mixed_twos * ones_count,
                ones_count * twos_count,
            );
            if is_less(impurity, least) {
                least = impurity;
                best = Self::Question {
                    value: value as u8,
                    ones,
                    twos,
                };
            }
        }
        best
    }

    /// The node, whose children, where it has some, are the given one and the next.
    pub(super) const fn node(self, child: u8) -> Node {
        match self {
            Self::Leaf { label } => Node {
                question: LEAF,
                answer: label,
            },
            Self::Question { value, .. } => Node {
                question: value,
                answer: child,
            },
        }
    }
}

/// The samples of which something is true.
fn having(data: &DataSet, is_true: impl Fn(&Sample) -> bool) -> Members {
    data.iter().rev().fold(0, |members, sample| {
        members << 1 | u16::from(is_true(sample))
    })
}

/// Gini impurity times half the square of how many members there are, and how many those are.
const fn mixture(members: Members, labels: Members) -> (u32, u32) {
    let (count, positive) = (members.count_ones(), (members & labels).count_ones());
    (positive * (count - positive), count)
}

/// Compares fractions.
const fn is_less((numerator, denominator): (u32, u32), (than, by): (u32, u32)) -> bool {
    numerator * by < than * denominator
}

impl Tree {
    /// Where a node lies.
    pub(super) fn node(tree: Offset<Self>, number: u16) -> Option<Offset<Node>> {
        field!(tree, Tree.nodes).element(number.into())
    }

    /// The label that the tree gives to values; `None` where it is damaged.
    pub(super) fn label_of(&self, values: [i16; VALUES]) -> Option<u8> {
        let mut node = self.nodes.first()?;
        for _ in 0..self.count {
            if node.question == LEAF {
                return Some(node.answer);
            }
            let is_two = *values.get(usize::from(node.question))? == 2;
            node = self
                .nodes
                .get(usize::from(node.answer) + usize::from(is_two))?;
        }
        None
    }

    /// Numbers that tell the tree from others; `None` where it is damaged.
    pub(super) fn numbers(&self) -> Option<impl Iterator<Item = i32>> {
        let nodes = self.nodes.get(..self.count.into())?;
        Some(
            nodes
                .iter()
                .flat_map(|node| [node.question.into(), node.answer.into()]),
        )
    }
}
