//! Lists and their operation log as a part of an image: for tools on the host.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use nvm_core::image::{Checker, Fact, InFlight, Memory, Part, count, hex};
use nvm_core::{Area, Class, Objects, Offset};

use crate::inspect::{OpLogView, RecordView};
use crate::{Head, List, ListError, ListErrorKind, OpLog, check};

/// Lists that share an operation log: [`Description::part`](nvm_core::image::Description::part).
///
/// Operations that were staged for the commit of somebody else's transaction are discarded by its recovery: a program that
/// stages any is not described by it.
#[derive(Debug, Clone)]
pub struct ListsPart {
    area: Area,
    lists: Vec<ListPart>,
}

#[derive(Debug, Clone)]
struct ListPart {
    name: String,
    head: Offset<Head>,
    most: u32,
    is_sorted: bool,
}

impl ListsPart {
    /// The log that [`OpLog::format`] made in an area.
    pub const fn new(log: Area) -> Self {
        Self {
            area: log,
            lists: Vec::new(),
        }
    }

    /// A list of at most `most` nodes.
    #[must_use]
    pub fn list(self, name: &str, head: Offset<Head>, most: u32) -> Self {
        self.add(name, head, most, false)
    }

    /// The same, sorted by the nodes' keys.
    #[must_use]
    pub fn sorted(self, name: &str, head: Offset<Head>, most: u32) -> Self {
        self.add(name, head, most, true)
    }

    fn add(mut self, name: &str, head: Offset<Head>, most: u32, is_sorted: bool) -> Self {
        self.lists.push(ListPart {
            name: name.to_owned(),
            head,
            most,
            is_sorted,
        });
        self
    }

    fn log(&self, nvm: &Memory) -> Result<(OpLog, OpLogView), ListError> {
        let log = OpLog::open(self.area, Class::Data)?;
        let view = log.view(nvm)?;
        Ok((log, view))
    }

    fn describe(&self, records: &[Option<RecordView>]) -> String {
        let one = |record: &RecordView| {
            let list = record.list.map_or_else(String::new, |head| {
                let known = self.lists.iter().find(|list| list.head.get() == head);
                let name = known.map_or_else(|| hex(head), |list| list.name.clone());
                format!(" to {name}")
            });
            let key = record
                .key
                .map_or_else(String::new, |key| format!(", key {key}"));
            format!(
                "{} the node at {}{list}{key}",
                record.name,
                hex(record.node)
            )
        };
        let all: Vec<String> = records.iter().flatten().map(one).collect();
        all.join("; ")
    }
}

impl Part for ListsPart {
    fn kind(&self) -> &'static str {
        "lists"
    }

    fn area(&self) -> Area {
        self.area
    }

    fn facts(&self, nvm: &Memory, _: &Objects) -> Vec<Fact> {
        let work = match self.log(nvm) {
            Ok((_, OpLogView::Empty)) => "nothing".to_owned(),
            Ok((_, OpLogView::InForce { records, .. } | OpLogView::Staged { records, .. })) => {
                self.describe(&records)
            }
            Ok((_, OpLogView::Corrupt { at })) => format!("damaged at {}", hex(at)),
            Err(error) => error.to_string(),
        };
        let lists = self.lists.iter().map(|list| list.fact(nvm));
        let log = Fact::new("in force", work).at(self.area.offset());
        std::iter::once(log).chain(lists).collect()
    }

    fn in_flight(&self, nvm: &Memory) -> Vec<InFlight> {
        match self.log(nvm) {
            Ok((_, OpLogView::InForce { number, records })) => {
                let done = if number > 0 {
                    format!(" ({number} done)")
                } else {
                    String::new()
                };
                std::vec![InFlight::new(
                    format!("{}{done}", self.describe(&records)),
                    "the next start rolls it forward",
                )]
            }
            Ok((_, OpLogView::Staged { records, .. })) => std::vec![InFlight::new(
                format!("staged: {}", self.describe(&records)),
                "the next start discards it, unless its transaction has committed",
            )],
            _ => Vec::new(),
        }
    }

    fn verify_logs(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        let wrong = match self.log(nvm) {
            Ok((_, OpLogView::Corrupt { at })) => Some((at, "something that no operation stores")),
            Err(_) => Some((self.area.offset(), "a log that does not lie in the image")),
            Ok((_, view)) => {
                let (OpLogView::InForce { records, .. } | OpLogView::Staged { records, .. }) = view
                else {
                    checker.verified += 1;
                    return;
                };
                let unknown = |record: &&RecordView| {
                    let is_known = |head| self.lists.iter().any(|list| list.head.get() == head);
                    record.list.is_some_and(|head| !is_known(head))
                };
                let unknown = records.iter().flatten().find(unknown);
                unknown.map(|record| (record.at, "an operation on a list that is none"))
            }
        };
        checker.that(
            wrong.is_none(),
            "list-work",
            subject,
            wrong.map_or_else(|| self.area.offset(), |(at, _)| at),
            || "a state, and operations on lists that there are".to_owned(),
            || wrong.map_or_else(String::new, |(_, what)| what.to_owned()),
        );
    }

    fn recover(&self, nvm: &Memory) -> Result<(), String> {
        let recovered =
            OpLog::open(self.area, Class::Data).and_then(|log| log.recover(nvm, |_| false));
        recovered.map(drop).map_err(|error| error.to_string())
    }

    fn verify(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        for list in &self.lists {
            let verdict =
                List::at(list.head).and_then(|head| check(nvm, head, list.most, list.is_sorted));
            let at = verdict
                .as_ref()
                .err()
                .and_then(|error| offset_of(*error))
                .unwrap_or_else(|| list.head.get());
            checker.that(
                verdict.is_ok(),
                "list-links",
                &format!("list {} of {subject}", list.name),
                at,
                || {
                    let sorted = if list.is_sorted {
                        ", sorted by key"
                    } else {
                        ""
                    };
                    let most = list.most;
                    format!(
                        "at most {most} nodes that link to each other in both directions{sorted}"
                    )
                },
                || verdict.map_or_else(|error| error.to_string(), |_| String::new()),
            );
        }
    }
}

impl ListPart {
    fn fact(&self, nvm: &Memory) -> Fact {
        let Ok(list) = List::at(self.head) else {
            return Fact::new(&*self.name, "not a list").at(self.head.get());
        };
        let mut nodes = Vec::new();
        let mut end = None;
        for node in list.iter(nvm).take(self.most as usize + 1) {
            match node {
                Ok(node) if nodes.len() < self.most as usize => {
                    let at = node.offset().get();
                    let label = node.label(nvm).unwrap_or_default();
                    let key = node.key(nvm).unwrap_or_default();
                    nodes.push(Fact::new(hex(at), format!("label {label}, key {key}")).at(at));
                }
                Ok(_) => end = Some("and so on: more than it can have".to_owned()),
                Err(error) => {
                    end = Some(error.to_string());
                    break;
                }
            }
        }
        let number = count(nodes.len(), "node", "nodes");
        nodes.extend(end.map(|end| Fact::new("damaged", end)));
        Fact::new(&*self.name, number)
            .at(self.head.get())
            .with(nodes)
    }
}

/// Where an error was noticed, if it says so.
fn offset_of(error: ListError) -> Option<u32> {
    match error.kind() {
        ListErrorKind::BrokenLink { at: offset }
        | ListErrorKind::CorruptLog { at: offset }
        | ListErrorKind::WrongOwner { node: offset }
        | ListErrorKind::TooLong { list: offset }
        | ListErrorKind::NotAList { list: offset }
        | ListErrorKind::NotANode { node: offset }
        | ListErrorKind::Unsorted { node: offset } => Some(offset),
        _ => None,
    }
}
