//! A list of `nvm-list`, without an undo log.

use nvm_core::{Area, Class, Layout, Nvm, Offset, Region};
use nvm_list::{Head, List, Node, NodeRef, OpLog, check};

use crate::{Failed, Fram, Results, Scenario, formatted, recovered};

/// Puts three nodes into a list, takes out the one in the middle, and then the first. Which step is next is kept beside
/// the list, and each step looks whether it was done already.
#[derive(Debug, Clone, Copy)]
pub struct Order;

struct Places {
    layout: Layout,
    log: Area,
    head: Offset<Head>,
    nodes: [Offset<Node>; 3],
    step: Offset<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("order", 1);
        Self {
            log: layout.area("list operations", OpLog::bytes_for(1)),
            head: layout.object("head"),
            nodes: [
                layout.object("first"),
                layout.object("second"),
                layout.object("third"),
            ],
            step: layout.object("step"),
            layout,
        }
    }
}

static PLACES: Places = Places::new();

impl Scenario for Order {
    const NAMES: [&'static str; 4] = ["nodes", "key of the front", "second is linked", "steps"];
    const EXPECTED: Results = [1, 50, 0, 5];

    fn run(nvm: Fram) -> Result<Results, Failed> {
        let Places {
            layout,
            log,
            head,
            nodes,
            step,
        } = &PLACES;
        let _ = Region::open_or_format(&nvm, layout, || {
            OpLog::format(&nvm, *log, Class::Data)?;
            List::format(&nvm, Class::Data, *head, 0)?;
            for (node, tag) in nodes.iter().zip(1..) {
                NodeRef::format(&nvm, Class::Data, *node, tag)?;
            }
            Ok::<(), Failed>(nvm.store(Class::Data, *step, &0)?)
        })?;
        formatted();
        let log = OpLog::open(*log, Class::Data)?;
        let list = List::at(*head)?;
        let [first, second, third] = *nodes;
        let (first, second, third) = (
            NodeRef::at(first)?,
            NodeRef::at(second)?,
            NodeRef::at(third)?,
        );
        log.recover(&nvm, |_| false)?;
        recovered();
        loop {
            let done = nvm.load(*step)?;
            match done {
                0 if !first.is_linked(&nvm)? => log.insert_sorted(&nvm, list, first, 50)?,
                1 if !second.is_linked(&nvm)? => log.insert_sorted(&nvm, list, second, 20)?,
                2 if !third.is_linked(&nvm)? => log.insert_sorted(&nvm, list, third, 10)?,
                3 if second.is_linked(&nvm)? => log.remove(&nvm, second)?,
                4 if third.is_linked(&nvm)? => {
                    log.pop_front(&nvm, list)?;
                }
                0..=4 => {}
                _ => break,
            }
            nvm.store(Class::Data, *step, &(done + 1))?;
        }
        let front = list.front(&nvm)?.ok_or(Failed::Unexpected)?;
        Ok([
            check(&nvm, list, 3, true)?,
            front.key(&nvm)?,
            second.is_linked(&nvm)?.into(),
            nvm.load(*step)?,
        ])
    }
}
