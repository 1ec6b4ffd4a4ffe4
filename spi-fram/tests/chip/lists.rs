//! `nvm-list` on the chip.

use nvm_core::{Area, Class, Layout, Nvm, Offset};
use nvm_list::{Head, List, Node, NodeRef, OpLog, Operation, check};

use crate::cuts::explore;
use crate::faults;
use crate::scenario::{Failure, Scenario, format_region, open_driver, open_region};

const NODES: usize = 4;

/// What is done to the lists.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    Inserts,
    Removes,
    MovesToTheOther,
    /// Several operations, all or nothing.
    Batch,
}

/// Two sorted lists: nodes 0 and 1 with the keys 10 and 30 in the first, node 2 with 20 in the second; node 3 in none.
pub(crate) struct Lists {
    does: Does,
    layout: Layout,
    log: Area,
    heads: [Offset<Head>; 2],
    nodes: Offset<[Node; NODES]>,
}

impl Lists {
    pub(crate) fn new(does: Does) -> Self {
        let mut layout = Layout::new("lists on a chip", 1);
        Self {
            does,
            log: layout.area("operations", OpLog::bytes_for(3)),
            heads: [layout.object("first"), layout.object("second")],
            nodes: layout.object("nodes"),
            layout,
        }
    }

    fn list(&self, index: usize) -> Result<List, Failure> {
        Ok(List::at(self.heads[index])?)
    }

    fn node(&self, index: usize) -> Result<NodeRef, Failure> {
        Ok(NodeRef::at(self.nodes.element(index).ok_or("a node")?)?)
    }

    fn open<N: Nvm>(&self, nvm: &N) -> Result<OpLog, Failure> {
        open_region(nvm, &self.layout)?;
        let log = OpLog::open(self.log, Class::Data)?;
        let _ = log.recover(nvm, |_| false)?;
        Ok(log)
    }
}

impl Scenario for Lists {
    fn name(&self) -> String {
        format!("nvm-list, {:?}", self.does)
    }

    fn set_up<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        format_region(nvm, &self.layout)?;
        let log = OpLog::format(nvm, self.log, Class::Data)?;
        for (index, head) in self.heads.into_iter().enumerate() {
            let _ = List::format(nvm, Class::Data, head, index as u16)?;
        }
        for index in 0..NODES {
            let node = self.nodes.element(index).ok_or("a node")?;
            let _ = NodeRef::format(nvm, Class::Data, node, index as u16)?;
        }
        log.insert_sorted(nvm, self.list(0)?, self.node(1)?, 30)?;
        log.insert_sorted(nvm, self.list(0)?, self.node(0)?, 10)?;
        log.insert_sorted(nvm, self.list(1)?, self.node(2)?, 20)?;
        Ok(())
    }

    fn operate<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let log = self.open(nvm)?;
        let [first, second] = [self.list(0)?, self.list(1)?];
        match self.does {
            Does::Inserts => log.insert_sorted(nvm, first, self.node(3)?, 0x0102_0304)?,
            Does::Removes => log.remove(nvm, self.node(0)?)?,
            Does::MovesToTheOther => log.move_sorted(nvm, second, self.node(0)?, 25)?,
            Does::Batch => log.run(
                nvm,
                &[
                    Operation::Remove {
                        node: self.node(2)?,
                    },
                    Operation::MoveSorted {
                        list: second,
                        node: self.node(1)?,
                        key: 5,
                    },
                    Operation::InsertSorted {
                        list: first,
                        node: self.node(2)?,
                        key: 1,
                    },
                ],
            )?,
        }
        Ok(())
    }

    fn recover<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        self.open(nvm).map(drop)
    }

    fn see<N: Nvm>(&self, nvm: &N) -> Result<String, Failure> {
        let mut lists = Vec::new();
        let mut linked = 0;
        for index in 0..self.heads.len() {
            let list = self.list(index)?;
            linked += check(nvm, list, NODES as u32, true)? as usize;
            let mut nodes = Vec::new();
            for node in list.iter(nvm) {
                let node = node?;
                nodes.push((node.label(nvm)?, node.key(nvm)?));
            }
            lists.push(nodes);
        }
        for index in 0..NODES {
            linked += usize::from(self.node(index)?.owner(nvm)?.is_none());
        }
        if linked != NODES {
            return Err(format!("{lists:?}: a node says that it is where it is not").into());
        }
        Ok(format!("{lists:?}"))
    }

    fn use_on<N: Nvm>(&self, nvm: &N) -> Result<(), Failure> {
        let log = self.open(nvm)?;
        for index in 0..NODES {
            let node = self.node(index)?;
            if let Some(list) = node.owner(nvm)? {
                let key = node.key(nvm)?;
                log.remove(nvm, node)?;
                log.insert_sorted(nvm, list, node, key)?;
            }
        }
        Ok(())
    }
}

const ALL: [Does; 4] = [
    Does::Inserts,
    Does::Removes,
    Does::MovesToTheOther,
    Does::Batch,
];

#[test]
fn an_operation_has_happened_or_not_whatever_byte_is_cut() {
    for does in ALL {
        explore(&Lists::new(does), open_driver).assert_clean();
    }
}

#[test]
fn a_bus_error_leaves_lists_that_recover() {
    for does in ALL {
        faults::explore(&Lists::new(does));
    }
}
