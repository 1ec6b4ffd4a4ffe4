//! What each of the kernel's events changes in which row.
//!
//! A row is not told what to open and what to close: it is shown what there is after the event, which follows
//! from the few facts that are kept here. So slices nest by construction, also where an end is never told, as
//! after a power loss.

use std::io::{self, Write};

use intos_sched::{Event, RecoveryStep, TaskIndex, TransactionEvent};

use super::document::{Arguments, Category, Document, RowNumber, Scope};
use super::row::{Row, Slice};
use super::task::TaskRow;

const POWER: RowNumber = RowNumber(1);
const KERNEL: RowNumber = RowNumber(2);
const FIRST_TASK: u32 = 3;

/// A trace that is being written.
#[derive(Debug)]
pub(super) struct Timeline<O: Write> {
    document: Document<O>,
    power: Row,
    kernel: Row,
    tasks: Vec<TaskRow>,
    is_powered: bool,
    power_losses: u64,
    running: Option<TaskIndex>,
    recovery: Option<Slice>,
    /// The call of an interrupt handler.
    call: Option<Slice>,
    /// When the last event was.
    now: u64,
}

impl<O: Write> Timeline<O> {
    pub(super) fn new(
        out: O,
        program: &'static str,
        tasks: impl Iterator<Item = &'static str>,
        now: u64,
    ) -> Self {
        let mut document = Document::begin(out, program);
        let power = Row::new(POWER, "power", &mut document);
        let kernel = Row::new(KERNEL, "kernel", &mut document);
        let tasks = (FIRST_TASK..)
            .zip(tasks)
            .map(|(number, name)| TaskRow::new(Row::new(RowNumber(number), name, &mut document)))
            .collect();
        Self {
            document,
            power,
            kernel,
            tasks,
            is_powered: false,
            power_losses: 0,
            running: None,
            recovery: None,
            call: None,
            now,
        }
    }

    pub(super) fn finish(mut self) -> io::Result<O> {
        self.turn_off("trace ends");
        self.document.finish()
    }

    pub(super) fn observe(&mut self, at: u64, event: Event) {
        self.now = at;
        match event {
            Event::PowerOn => {
                // It is on where the machine stopped without a power loss.
                self.turn_off("stopped");
                self.turn_on();
                self.recovery = Some(self.kernel.slice(Category::Recovery, "recovery"));
                self.show_kernel("");
                return;
            }
            Event::PowerLost => return self.lose_power(),
            // The trace began later.
            _ if !self.is_powered => self.turn_on(),
            _ => {}
        }
        match event {
            Event::Recovered(step) => self.recovered(step),
            Event::Switched { task } => self.run(task),
            Event::Resumed { task } => self.run(Some(task)),
            Event::Idle { .. } => self.run(None),
            Event::Started {
                task,
                starts_without_commit,
                rolled_back,
            } => {
                let arguments = Arguments::Started {
                    starts_without_commit,
                    rolled_back,
                };
                self.change(task, "started again", TaskRow::end_transaction);
                self.mark(task, (Category::Task, "started"), Some(arguments));
            }
            Event::Ended { task } => {
                self.change(task, "ended", TaskRow::end_transaction);
                self.mark(task, (Category::Task, "ended"), None);
            }
            Event::Transaction { task, what } => self.transaction(task, what),
            // A call that failed has no end.
            Event::Called {
                task: Some(task),
                call,
            } => {
                self.change(task, "failed", TaskRow::end_call);
                self.change(task, "", |row| row.begin_call(call));
            }
            Event::Called { task: None, call } => {
                self.call = None;
                self.show_kernel("failed");
                self.call = Some(self.kernel.slice(Category::Call, call));
                self.show_kernel("");
            }
            Event::Committed { task, blocks, .. } => match task {
                // It is shown until the processor goes to somebody else.
                Some(task) if blocks => self.change(task, "", TaskRow::block),
                Some(task) => self.change(task, "committed", TaskRow::end_call),
                None => {
                    self.call = None;
                    self.show_kernel("committed");
                }
            },
            Event::Completed { task, call } => {
                self.change(task, "", |row| row.go_on_with(call));
                self.change(task, "completed", TaskRow::complete_call);
            }
            _ => {}
        }
    }

    fn turn_on(&mut self) {
        self.is_powered = true;
        let slice = self.power.slice(Category::Power, "power on");
        self.power
            .show(&mut self.document, self.now, Some(slice), "");
        self.show_tasks("");
    }

    /// Closes all slices. What the tasks are blocked in is in NVM, and comes back.
    fn turn_off(&mut self, why: &'static str) {
        self.is_powered = false;
        self.running = None;
        self.recovery = None;
        self.call = None;
        for task in &mut self.tasks {
            task.lose_stack();
        }
        self.show_tasks(why);
        self.show_kernel(why);
        self.power.show(&mut self.document, self.now, None, why);
    }

    fn lose_power(&mut self) {
        self.turn_off("power loss");
        self.power_losses += 1;
        self.power.mark(
            &mut self.document,
            self.now,
            Scope::Everywhere,
            (Category::Power, "power loss"),
            Some(Arguments::Number {
                number: self.power_losses,
            }),
        );
    }

    fn recovered(&mut self, step: RecoveryStep) {
        let (name, arguments) = match step {
            RecoveryStep::Header => ("header", None),
            RecoveryStep::KernelLog { rolled_back } => {
                ("kernel log", Some(Arguments::RolledBack { rolled_back }))
            }
            RecoveryStep::Lists { rolled_forward } => {
                ("lists", Some(Arguments::RolledForward { rolled_forward }))
            }
            RecoveryStep::FollowUp { rolled_forward } => (
                "follow-up",
                Some(Arguments::RolledForward { rolled_forward }),
            ),
            RecoveryStep::TaskLog { rolled_back, .. } => {
                ("task's log", Some(Arguments::RolledBack { rolled_back }))
            }
            RecoveryStep::Clock { woken } => ("clock", Some(Arguments::Woken { woken })),
            _ => ("step", None),
        };
        self.kernel.mark(
            &mut self.document,
            self.now,
            Scope::Row,
            (Category::Recovery, name),
            arguments,
        );
        // The last step, but for what a program with a heap does.
        if matches!(step, RecoveryStep::Clock { .. }) {
            self.recovery = None;
            self.show_kernel("recovered");
        }
    }

    /// The processor goes to a task, or to nobody.
    fn run(&mut self, task: Option<TaskIndex>) {
        if self.running == task {
            return;
        }
        if let Some(before) = self.running.take()
            && let Some(row) = self.tasks.get_mut(usize::from(before.0))
        {
            let why = row.stop_running();
            row.show(&mut self.document, self.now, self.is_powered, why);
        }
        self.running = task;
        if let Some(task) = task
            && let Some(row) = self.tasks.get_mut(usize::from(task.0))
        {
            row.begin_running();
            row.show(&mut self.document, self.now, self.is_powered, "runs again");
        }
    }

    fn transaction(&mut self, task: TaskIndex, what: TransactionEvent) {
        let (end, mark) = match what {
            // One that did not begin, as where a table is full, has no end.
            TransactionEvent::Begins => ("failed", None),
            TransactionEvent::Commits => ("committed", None),
            TransactionEvent::Aborts => ("aborted", Some("aborted")),
            TransactionEvent::RollsBack => ("rolled back", Some("rolled back")),
            TransactionEvent::Bypassed => ("bypassed", Some("bypassed")),
            _ => return,
        };
        if let Some(mark) = mark {
            self.mark(task, (Category::Transaction, mark), None);
        }
        self.change(task, end, TaskRow::end_transaction);
        if what == TransactionEvent::Begins {
            self.change(task, "", TaskRow::begin_transaction);
        }
    }

    /// Changes a fact about the running task, and shows it; `why` slices end that it closes.
    fn change(&mut self, task: TaskIndex, why: &'static str, change: impl FnOnce(&mut TaskRow)) {
        // A port may tell nothing when it goes on with the same task.
        self.run(Some(task));
        if let Some(row) = self.tasks.get_mut(usize::from(task.0)) {
            change(row);
            row.show(&mut self.document, self.now, self.is_powered, why);
        }
    }

    /// Shows something without length that the running task does.
    fn mark(
        &mut self,
        task: TaskIndex,
        what: (Category, &'static str),
        arguments: Option<Arguments>,
    ) {
        self.run(Some(task));
        if let Some(row) = self.tasks.get(usize::from(task.0)) {
            row.mark(&mut self.document, self.now, what, arguments);
        }
    }

    fn show_tasks(&mut self, why: &'static str) {
        for task in &mut self.tasks {
            task.show(&mut self.document, self.now, self.is_powered, why);
        }
    }

    fn show_kernel(&mut self, why: &'static str) {
        let wanted = [self.recovery, self.call].into_iter().flatten();
        self.kernel.show(&mut self.document, self.now, wanted, why);
    }
}
