//! Inserting into a list and removing from it, without the kernel.

use core::fmt;

use intos::crates::nvm_core::{
    Area, Class, Error as NvmError, Layout, Nvm, Offset, RawOffset, Region, RegionError,
};
use intos::crates::nvm_list::{Head, List, ListError, Node, NodeRef, OpLog, check};

use crate::{Bare, Milestone, Results};

/// Puts two nodes into a sorted list, the second before the first, and takes the first out again. Which step is next is
/// kept beside the list, and each step looks whether it was done already.
#[derive(Debug, Clone, Copy)]
pub struct Ranks;

/// Why it cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RanksError {
    /// The region is another program's, or damaged.
    Region(RegionError),
    /// The list is damaged.
    List(ListError),
    /// The NVM cannot be accessed.
    Nvm(NvmError),
    /// The layout has not the two nodes.
    NoNode,
}

impl fmt::Display for RanksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(error) => error.fmt(f),
            Self::List(error) => error.fmt(f),
            Self::Nvm(error) => error.fmt(f),
            Self::NoNode => f.write_str("the layout has not the two nodes"),
        }
    }
}

impl core::error::Error for RanksError {}

impl From<RegionError> for RanksError {
    fn from(error: RegionError) -> Self {
        Self::Region(error)
    }
}

impl From<ListError> for RanksError {
    fn from(error: ListError) -> Self {
        Self::List(error)
    }
}

impl From<NvmError> for RanksError {
    fn from(error: NvmError) -> Self {
        Self::Nvm(error)
    }
}

/// Where everything lies.
struct Places {
    layout: Layout,
    log: Area,
    head: Offset<Head>,
    first: Offset<Node>,
    second: Offset<Node>,
    step: Offset<u32>,
}

impl Places {
    fn new() -> Option<Self> {
        let mut layout = Layout::new("ranks", 1);
        let log = layout.area("list operations", OpLog::bytes_for(1));
        let head = layout.object("head");
        let nodes = layout.object::<[Node; 2]>("nodes");
        let step = layout.object("step");
        Some(Self {
            log,
            head,
            first: nodes.element(0)?,
            second: nodes.element(1)?,
            step,
            layout,
        })
    }
}

impl Bare for Ranks {
    const NAMES: [&'static str; 4] = ["nodes", "front", "first is linked", "steps"];
    const EXPECTED: Results = [1, 20, 0, 3];
    type Error = RanksError;

    fn bytes_needed() -> RawOffset {
        Places::new().map_or(0, |places| places.layout.size())
    }

    fn run<N: Nvm>(nvm: &N, reached: impl Fn(Milestone)) -> Result<Results, RanksError> {
        let places = Places::new().ok_or(RanksError::NoNode)?;
        let _ = Region::open_or_format(nvm, &places.layout, || -> Result<(), RanksError> {
            OpLog::format(nvm, places.log, Class::Data)?;
            List::format(nvm, Class::Data, places.head, 0)?;
            NodeRef::format(nvm, Class::Data, places.first, 1)?;
            NodeRef::format(nvm, Class::Data, places.second, 2)?;
            Ok(nvm.store(Class::Data, places.step, &0)?)
        })?;
        reached(Milestone::Formatted);
        let log = OpLog::open(places.log, Class::Data)?;
        let list = List::at(places.head)?;
        let (first, second) = (NodeRef::at(places.first)?, NodeRef::at(places.second)?);
        log.recover(nvm, |_| false)?;
        reached(Milestone::Recovered);
        loop {
            let step = nvm.load(places.step)?;
            match step {
                0 if !first.is_linked(nvm)? => log.insert_sorted(nvm, list, first, 50)?,
                1 if !second.is_linked(nvm)? => log.insert_sorted(nvm, list, second, 20)?,
                2 if first.is_linked(nvm)? => log.remove(nvm, first)?,
                0..=2 => {}
                _ => break,
            }
            nvm.store(Class::Data, places.step, &(step + 1))?;
        }
        let nodes = check(nvm, list, 2, true)?;
        let front = list.front(nvm)?.ok_or(RanksError::NoNode)?;
        Ok([
            nodes,
            front.key(nvm)?,
            first.is_linked(nvm)?.into(),
            nvm.load(places.step)?,
        ])
    }
}
