//! Chrome's trace event format: a JSON object with an array of events, written one by one.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// The one process of a trace.
const PROCESS: u32 = 1;

/// A row's number in the file. Not 0, which viewers take for the idle processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct RowNumber(pub(super) u32);

/// What kind of thing an event tells of: viewers can filter by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Category {
    Power,
    Recovery,
    Task,
    Transaction,
    Call,
}

/// What an event says besides.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(super) enum Arguments {
    Name {
        name: &'static str,
    },
    SortIndex {
        sort_index: u32,
    },
    Continued {
        continued: bool,
    },
    End {
        end: &'static str,
    },
    Number {
        number: u64,
    },
    RolledBack {
        rolled_back: bool,
    },
    RolledForward {
        rolled_forward: bool,
    },
    Woken {
        woken: bool,
    },
    Started {
        starts_without_commit: u16,
        rolled_back: bool,
    },
}

/// How far an event without length is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Scope {
    #[serde(rename = "t")]
    Row,
    #[serde(rename = "g")]
    Everywhere,
}

#[derive(Debug, Serialize)]
struct Entry {
    #[serde(rename = "ph")]
    phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(rename = "cat", skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(rename = "ts", skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    pid: u32,
    #[serde(rename = "tid", skip_serializing_if = "Option::is_none")]
    row: Option<RowNumber>,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(rename = "args", skip_serializing_if = "Option::is_none")]
    arguments: Option<Arguments>,
}

impl Entry {
    const fn new(phase: &'static str, name: Option<&'static str>) -> Self {
        Self {
            phase,
            name,
            category: None,
            at: None,
            pid: PROCESS,
            row: None,
            scope: None,
            arguments: None,
        }
    }
}

/// A trace's file. After an error nothing more is written; [`finish`](Document::finish) tells it.
#[derive(Debug)]
pub(super) struct Document<O: Write> {
    out: BufWriter<O>,
    is_empty: bool,
    result: io::Result<()>,
}

impl<O: Write> Document<O> {
    /// Begins a document about a program. The unit comes first: viewers read the events as they come.
    pub(super) fn begin(out: O, program: &'static str) -> Self {
        let mut out = BufWriter::new(out);
        let result = out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
        let mut document = Self {
            out,
            is_empty: true,
            result,
        };
        document.write(&Entry {
            arguments: Some(Arguments::Name { name: program }),
            ..Entry::new("M", Some("process_name"))
        });
        document
    }

    /// Names a row, and gives it its place: rows stand in the order of their numbers.
    pub(super) fn name_row(&mut self, row: RowNumber, name: &'static str) {
        let place = Arguments::SortIndex { sort_index: row.0 };
        for (what, arguments) in [
            ("thread_name", Arguments::Name { name }),
            ("thread_sort_index", place),
        ] {
            self.write(&Entry {
                row: Some(row),
                arguments: Some(arguments),
                ..Entry::new("M", Some(what))
            });
        }
    }

    /// A slice begins. It must end in the same row before any that began earlier.
    pub(super) fn begin_slice(
        &mut self,
        row: RowNumber,
        at: u64,
        (category, name): (Category, &'static str),
        is_continued: bool,
    ) {
        self.write(&Entry {
            category: Some(category),
            at: Some(at),
            row: Some(row),
            arguments: is_continued.then_some(Arguments::Continued { continued: true }),
            ..Entry::new("B", Some(name))
        });
    }

    /// The slice ends that began last in the row.
    pub(super) fn end_slice(&mut self, row: RowNumber, at: u64, why: &'static str) {
        self.write(&Entry {
            at: Some(at),
            row: Some(row),
            arguments: Some(Arguments::End { end: why }),
            ..Entry::new("E", None)
        });
    }

    /// Something without length.
    pub(super) fn instant(
        &mut self,
        row: RowNumber,
        at: u64,
        scope: Scope,
        (category, name): (Category, &'static str),
        arguments: Option<Arguments>,
    ) {
        self.write(&Entry {
            category: Some(category),
            at: Some(at),
            row: Some(row),
            scope: Some(scope),
            arguments,
            ..Entry::new("i", Some(name))
        });
    }

    /// Ends the document, and gives back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<O> {
        self.result?;
        self.out.write_all(b"\n]}\n")?;
        self.out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }

    fn write(&mut self, entry: &Entry) {
        if self.result.is_ok() {
            self.result = self.try_write(entry);
        }
    }

    fn try_write(&mut self, entry: &Entry) -> io::Result<()> {
        let separator: &[u8] = if self.is_empty { b"\n" } else { b",\n" };
        self.is_empty = false;
        self.out.write_all(separator)?;
        Ok(serde_json::to_writer(&mut self.out, entry)?)
    }
}
