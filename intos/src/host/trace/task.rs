//! The row of a task: what of it outlives a power loss, and what does not.

use std::io::Write;

use super::document::{Arguments, Category, Document, Scope};
use super::row::{Row, Slice};

/// What a task does.
#[derive(Debug)]
pub(super) struct TaskRow {
    row: Row,
    running: Option<Slice>,
    /// The transaction that its stack is in; a power loss takes it.
    transaction: Option<Slice>,
    /// The same of a system call.
    call: Option<Slice>,
    /// It has blocked and did not run since: NVM knows it, a power loss does not take it.
    blocked: Option<Slice>,
    /// The call in which it blocked, until it is completed.
    blocked_in: Option<Slice>,
}

impl TaskRow {
    pub(super) const fn new(row: Row) -> Self {
        Self {
            row,
            running: None,
            transaction: None,
            call: None,
            blocked: None,
            blocked_in: None,
        }
    }

    /// The processor goes to the task: if it was blocked, it has been woken.
    pub(super) fn begin_running(&mut self) {
        self.running = Some(self.row.slice(Category::Task, "running"));
        self.blocked = None;
    }

    /// The processor goes to somebody else: answers why.
    pub(super) fn stop_running(&mut self) -> &'static str {
        self.running = None;
        if self.blocked.is_some() {
            "blocked"
        } else {
            "switched"
        }
    }

    /// The power goes. What the task is blocked in is kept.
    pub(super) fn lose_stack(&mut self) {
        self.running = None;
        self.end_transaction();
    }

    /// A transaction begins.
    pub(super) fn begin_transaction(&mut self) {
        self.transaction = Some(self.row.slice(Category::Transaction, "transaction"));
    }

    /// It ends, or the task starts from its beginning; with it a call that failed, whose end is not told.
    pub(super) fn end_transaction(&mut self) {
        self.transaction = None;
        self.call = None;
    }

    /// A system call begins.
    pub(super) fn begin_call(&mut self, name: &'static str) {
        self.call = Some(self.row.slice(Category::Call, name));
    }

    /// It ends without having blocked.
    pub(super) fn end_call(&mut self) {
        self.call = None;
    }

    /// It blocks.
    pub(super) fn block(&mut self) {
        self.blocked = Some(self.row.slice(Category::Task, "blocked"));
        self.blocked_in = self.call;
    }

    /// The task was woken, and is about to complete the call. After a power loss it was not made again.
    pub(super) fn go_on_with(&mut self, name: &'static str) {
        self.call = self.call.or(self.blocked_in);
        if self.call.is_none() {
            self.begin_call(name);
        }
    }

    /// The call that blocked is completed.
    pub(super) fn complete_call(&mut self) {
        self.call = None;
        self.blocked = None;
        self.blocked_in = None;
    }

    /// Shows what the task does.
    pub(super) fn show<O: Write>(
        &mut self,
        document: &mut Document<O>,
        at: u64,
        is_powered: bool,
        why: &'static str,
    ) {
        let wanted = match (self.running, self.blocked) {
            (Some(running), _) => [Some(running), self.transaction, self.call],
            (None, Some(blocked)) if is_powered => [Some(blocked), self.blocked_in, None],
            _ => [None; 3],
        };
        self.row
            .show(document, at, wanted.into_iter().flatten(), why);
    }

    /// Shows something without length.
    pub(super) fn mark<O: Write>(
        &self,
        document: &mut Document<O>,
        at: u64,
        what: (Category, &'static str),
        arguments: Option<Arguments>,
    ) {
        self.row.mark(document, at, Scope::Row, what, arguments);
    }
}
