//! Training: two models learn from random samples.
//!
//! A source prepares a data set for each of two trainers, which train a decision tree and a linear regression, and a
//! consumer stores both models.
//!
//! ```text
//!            ┌──► tree trainer ────────┐
//! source ────┤                         ├──► consumer ──► models
//!            └──► regression trainer ──┘
//! ```
//!
//! It shows messages that are *handles*: a data set or a model stays where it is, and a queue carries where that is. Who
//! receives a handle is more urgent than who has sent it, and waits for nothing until it is done with the object: so that
//! is not written anew before.
//!
//! And it shows long computations whose steps are transactions that log next to nothing, because no step writes what it
//! reads: the nodes that a tree's trainer has yet to train lie in a [persistent queue](pending), and a regression's step
//! reads one of two models and writes the other.
//!
//! Where it is a choice:
//! - *Data*: one number of the random source gives a sample. Its lowest four bits are the v of its values, and the next
//!   one is its label.
//! - *Tree*: a node asks whether a value is 1 or 2; what it asks for is decided by the Gini impurity of the labels, the
//!   first value where several are as good. What is still mixed when there is no room for more nodes becomes a leaf with
//!   the label that is more frequent, or 0.
//! - *Regression*: fixed-point numbers, with 8 bits behind the point, from 0 on.

mod data;
mod pending;
mod regression;
mod tree;

use core::ops::Range;

use intos::crates::nvm_core::Persist;
use intos::prelude::*;

use crate::{Application, Checked, Results, Scale, checksum};
use data::{DataSet, Sample, random};
use pending::Pending;
use regression::Regression;
use tree::{Decision, NODES, Tree};

/// A source, two trainers and a consumer.
#[derive(Debug, Clone, Copy)]
pub struct Train {
    scale: Scale,
    tree_data: Offset<DataSet>,
    regression_data: Offset<DataSet>,
    to_tree: Queue<Offset<DataSet>>,
    to_regression: Queue<Offset<DataSet>>,
    tree: Offset<Tree>,
    pending: Offset<Pending>,
    /// A step reads one and writes the other.
    regressions: Offset<[Regression; 2]>,
    trees_trained: Queue<Offset<Tree>>,
    regressions_trained: Queue<Offset<Regression>>,
    models: Offset<Models>,
}

persist! {
    /// What the consumer has stored last.
    struct Models {
        tree: Tree,
        regression: Regression,
    }
}

const ROUNDS: u32 = 1;
const QUEUED: u16 = 4;
const REGRESSION_STEPS: usize = 15;
/// For the one number that a node's training logs: how many nodes there are.
const LOG_BYTES: RawOffset = 8;

impl<B: Board> Program<B> for Train {
    const NAME: &'static str = "train";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let nothing = Models {
            tree: tree::NO_TREE,
            regression: Regression::ZERO,
        };
        Ok(Self {
            scale: Scale::place(objects)?,
            tree_data: objects.object("tree data", data::NO_DATA)?,
            regression_data: objects.object("regression data", data::NO_DATA)?,
            to_tree: objects.queue("to tree", QUEUED)?,
            to_regression: objects.queue("to regression", QUEUED)?,
            tree: objects.object("tree", tree::NO_TREE)?,
            pending: objects.object("pending", pending::NONE)?,
            regressions: objects.object("regressions", [Regression::ZERO; 2])?,
            trees_trained: objects.queue("trees trained", QUEUED)?,
            regressions_trained: objects.queue("regressions trained", QUEUED)?,
            models: objects.object("models", nothing)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("source", 1, prepare),
            1 => TaskEntry::new("tree", 2, train_tree),
            2 => TaskEntry::new("regression", 2, train_regression),
            3 => TaskEntry::new("consumer", 3, consume),
            _ => return None,
        })
    }
}

fn prepare<B: Board>(task: &mut Task<B>, app: &Train) -> Result<(), Error> {
    let rounds = app.scale.times(task, ROUNDS)?;
    nv_for_loop!(task, round in 0..rounds => {
        prepare_data(task, app.tree_data, 2 * round, app.to_tree)?;
        prepare_data(task, app.regression_data, 2 * round + 1, app.to_regression)?;
    });
    Ok(())
}

/// Writes a data set, and sends its handle.
fn prepare_data<B: Board>(
    task: &mut Task<B>,
    data: Offset<DataSet>,
    number: u32,
    queue: Queue<Offset<DataSet>>,
) -> Result<(), Error> {
    task.transaction_write_first(0, |tx| {
        let random = tx.sample(|| random(number))?;
        Ok(tx.set_unlogged(data, random.map(Sample::of))?)
    })?;
    // Not before the data are there for good: a trainer reads them at once.
    task.transaction(|tx| queue.send(tx, data, Timeout::Forever))
}

fn train_tree<B: Board>(task: &mut Task<B>, app: &Train) -> Result<(), Error> {
    let rounds = app.scale.times(task, ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        let root = pending::place(app.pending, 0).ok_or(Outcome::Invalid)?;
        let received = task.transaction_write_first(0, |tx| {
            tx.set_unlogged(field!(app.tree, Tree.count), 1)?;
            tx.set_unlogged(root, tree::ALL)?;
            app.to_tree.receive(tx, Timeout::Forever).or_outcome()
        })?;
        let data: Offset<DataSet> = received?;
        nv_for_loop!(task, node in 0..NODES as u16 => {
            if train_node(task, app, data, node)? {
                break;
            }
        });
        task.transaction(|tx| app.trees_trained.send(tx, app.tree, Timeout::Forever))?;
    });
    Ok(())
}

/// Makes a question or a leaf of the node that comes next, and answers whether it was the last one.
fn train_node<B: Board>(
    task: &mut Task<B>,
    app: &Train,
    data: Offset<DataSet>,
    number: u16,
) -> Result<bool, Error> {
    let (node, waiting) = (
        Tree::node(app.tree, number),
        pending::place(app.pending, number),
    );
    let (Some(node), Some(waiting)) = (node, waiting) else {
        return Err(Outcome::Invalid.into());
    };
    task.transaction_write_first(LOG_BYTES, |tx| {
        let count = tx.get(field!(app.tree, Tree.count))?;
        let has_room = usize::from(count) + 2 <= NODES;
        let decision = Decision::of(&tx.get(data)?, tx.get(waiting)?, has_room);
        tx.set_unlogged(node, decision.node(count as u8))?;
        let Decision::Question { ones, twos, .. } = decision else {
            return Ok(number + 1 >= count);
        };
        for (child, members) in (count..).zip([ones, twos]) {
            if let Some(place) = pending::place(app.pending, child) {
                tx.set_unlogged(place, members)?;
            }
        }
        tx.set(field!(app.tree, Tree.count), count + 2)?;
        Ok(false)
    })
}

fn train_regression<B: Board>(task: &mut Task<B>, app: &Train) -> Result<(), Error> {
    // The model that a step begins with.
    let before = |step: usize| app.regressions.element(step % 2).ok_or(Outcome::Invalid);
    let rounds = app.scale.times(task, ROUNDS)?;
    let (first, trained) = (before(0)?, before(REGRESSION_STEPS)?);
    nv_for_loop!(task, _round in 0..rounds => {
        let received = task.transaction_write_first(0, |tx| {
            tx.set_unlogged(first, Regression::ZERO)?;
            app.to_regression.receive(tx, Timeout::Forever).or_outcome()
        })?;
        let data: Offset<DataSet> = received?;
        nv_for_loop!(task, step in 0..REGRESSION_STEPS => {
            let (from, to) = (before(step)?, before(step + 1)?);
            task.transaction_write_first(0, |tx| {
                let improved = tx.get(from)?.improved(&tx.get(data)?);
                Ok(tx.set_unlogged(to, improved)?)
            })?;
        });
        task.transaction(|tx| app.regressions_trained.send(tx, trained, Timeout::Forever))?;
    });
    Ok(())
}

fn consume<B: Board>(task: &mut Task<B>, app: &Train) -> Result<(), Error> {
    let rounds = app.scale.times(task, ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        store(task, app.trees_trained, field!(app.models, Models.tree))?;
        store(task, app.regressions_trained, field!(app.models, Models.regression))?;
    });
    Ok(())
}

/// Receives a model's handle, and stores the model.
fn store<B: Board, M: Persist + Sync>(
    task: &mut Task<B>,
    trained: Queue<Offset<M>>,
    stored: Offset<M>,
) -> Result<(), Error> {
    let done: Result<(), Outcome> = task.transaction_write_first(0, |tx| {
        let model = match trained.receive(tx, Timeout::Forever).or_outcome()? {
            Ok(handle) => tx.get(handle)?,
            Err(outcome) => return Ok(Err(outcome)),
        };
        tx.set_unlogged(stored, model)?;
        Ok(Ok(()))
    })?;
    Ok(done?)
}

impl Checked for Train {
    const NAMES: [&'static str; 4] = [
        "nodes of the tree",
        "checksum of the tree",
        "checksum of the regression",
        "samples that the tree labels right",
    ];
    const EXPECTED: Results = [9, 957_983_440, 29_106_205, 11];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let Models { tree, regression } = nvm.load(self.models)?;
        let tree_numbers = tree.numbers().ok_or(Outcome::Invalid)?;
        let mut right = 0;
        for sample in nvm.load(self.tree_data)? {
            let label = tree.label_of(sample.values).ok_or(Outcome::Invalid)?;
            right += u32::from(i16::from(label) == sample.label);
        }
        Ok([
            tree.count.into(),
            checksum_of(tree_numbers),
            checksum_of(regression.numbers()),
            right,
        ])
    }
}

fn checksum_of(numbers: impl Iterator<Item = i32>) -> u32 {
    numbers.fold(0, |sum: u32, number| checksum(&[sum.cast_signed(), number]))
}

impl Application for Train {
    const STEADY_ITERATION: Range<u32> = 5..36;

    fn scale(&self) -> Scale {
        self.scale
    }
}
