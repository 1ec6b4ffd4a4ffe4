//! A row of slices that nest: whatever happens, what is open is closed from the innermost on.

use std::io::Write;

use super::document::{Arguments, Category, Document, RowNumber, Scope};

/// What a slice shows. The same one may be shown in several pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    category: Category,
    name: &'static str,
    /// Greater than those of all earlier slices of the row.
    number: u64,
}

/// A row of the trace.
#[derive(Debug)]
pub(super) struct Row {
    number: RowNumber,
    /// From the outermost to the innermost.
    open: Vec<Slice>,
    slices: u64,
    /// The greatest number of a slice that was shown.
    newest: u64,
}

impl Row {
    /// An empty row with a name.
    pub(super) fn new<O: Write>(
        number: RowNumber,
        name: &'static str,
        document: &mut Document<O>,
    ) -> Self {
        document.name_row(number, name);
        Self {
            number,
            open: Vec::new(),
            slices: 0,
            newest: 0,
        }
    }

    /// A slice to be shown. It must be, before the next is made, or never.
    pub(super) fn slice(&mut self, category: Category, name: &'static str) -> Slice {
        self.slices += 1;
        Slice {
            category,
            name,
            number: self.slices,
        }
    }

    /// From now on shows `wanted`, from the outermost to the innermost: closes what is not in it, from the
    /// innermost on, saying `why`, and opens what is new.
    pub(super) fn show<O: Write>(
        &mut self,
        document: &mut Document<O>,
        at: u64,
        wanted: impl IntoIterator<Item = Slice>,
        why: &'static str,
    ) {
        let mut wanted = wanted.into_iter().peekable();
        let mut kept = 0;
        while wanted.peek().is_some() && wanted.peek() == self.open.get(kept) {
            wanted.next();
            kept += 1;
        }
        for _ in self.open.drain(kept..) {
            document.end_slice(self.number, at, why);
        }
        for slice in wanted {
            let is_continued = slice.number <= self.newest;
            self.newest = self.newest.max(slice.number);
            document.begin_slice(self.number, at, (slice.category, slice.name), is_continued);
            self.open.push(slice);
        }
    }

    /// Shows something without length.
    pub(super) fn mark<O: Write>(
        &self,
        document: &mut Document<O>,
        at: u64,
        scope: Scope,
        what: (Category, &'static str),
        arguments: Option<Arguments>,
    ) {
        document.instant(self.number, at, scope, what, arguments);
    }
}
