//! The world outside of a simulated machine: the plan, the model, and what is told of the kernel's doings. A
//! power loss does not touch it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use intos::{Event, Priority, TaskId, TaskIndex, TaskState};

use crate::model::{Done, Model};
use crate::op::{Op, Value};
use crate::plan::Plan;

/// Names a call of a task: its generation, its round, and the how manieth call of the round it is.
pub type CallName = (u16, u32, u32);

/// The world.
#[derive(Debug)]
pub struct World {
    /// What the program does.
    pub plan: Plan,
    model: RefCell<Model>,
    /// The call that each task is about to make.
    intents: RefCell<Vec<Option<(CallName, Op)>>>,
    /// The call of each task that has blocked.
    blocked: RefCell<Vec<Option<CallName>>>,
    /// What calls must answer.
    answers: RefCell<HashMap<(usize, CallName), Value>>,
    interrupt: Cell<Option<Op>>,
    interrupts: Cell<usize>,
    interrupt_answer: RefCell<Option<Value>>,
    running: Cell<Option<usize>>,
    failure: RefCell<Option<String>>,
    calls: Cell<u64>,
    ended: RefCell<Vec<bool>>,
    /// Whose call had begun, and was not told to be committed.
    called: Cell<Option<TaskIndex>>,
}

impl World {
    /// The world of a program that has not begun.
    pub fn new(plan: Plan) -> Self {
        let model = Model::new(&plan.shape);
        let tasks = model.task_count();
        Self {
            plan,
            model: RefCell::new(model),
            intents: RefCell::new(vec![None; tasks]),
            blocked: RefCell::new(vec![None; tasks]),
            answers: RefCell::default(),
            interrupt: Cell::new(None),
            interrupts: Cell::new(0),
            interrupt_answer: RefCell::default(),
            running: Cell::new(None),
            failure: RefCell::default(),
            calls: Cell::new(0),
            ended: RefCell::new(vec![false; tasks]),
            called: Cell::new(None),
        }
    }

    /// A task is about to make a call.
    pub fn intend(&self, task: usize, name: CallName, op: Op) {
        self.intents.borrow_mut()[task] = Some((name, op));
    }

    /// A task's call has answered, now or before a power loss.
    pub fn check(&self, task: usize, name: CallName, found: &Value) {
        let answers = self.answers.borrow();
        let expected = answers.get(&(task, name));
        if expected != Some(found) {
            let op = self.intents.borrow()[task];
            self.fail(format!(
                "task {task}, call {name:?} {op:?}: {found:?}, expected {expected:?}"
            ));
        }
    }

    /// The call that the next interrupt handler makes.
    pub fn next_interrupt(&self) -> Option<Op> {
        let number = self.interrupts.get();
        self.interrupts.set(number + 1);
        let ops = &self.plan.interrupts;
        let op = ops.get(number % ops.len().max(1)).copied();
        self.interrupt.set(op);
        op
    }

    /// The handler's call has answered.
    pub fn check_interrupt(&self, found: &Value) {
        let expected = self.interrupt_answer.borrow_mut().take();
        if expected.as_ref() != Some(found) {
            self.fail(format!(
                "interrupt {:?}: {found:?}, expected {expected:?}",
                self.interrupt.get()
            ));
        }
    }

    /// Something is wrong.
    pub fn fail(&self, what: String) {
        self.failure.borrow_mut().get_or_insert(what);
    }

    /// The first thing that was wrong.
    pub fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// How many system calls were committed.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Whether a task has ended, and not at another's hands.
    pub fn ended_by_itself(&self, task: usize) -> bool {
        self.ended.borrow()[task]
    }

    /// Looks at the model.
    pub fn with_model<R>(&self, look: impl FnOnce(&Model) -> R) -> R {
        look(&self.model.borrow())
    }

    /// What the machine tells.
    pub fn observe(&self, event: Event) {
        match event {
            Event::Committed { task, call, blocks } => match task {
                Some(task) => {
                    self.called.set(None);
                    self.commit(task.0.into(), call, blocks);
                }
                None => self.commit_interrupt(blocks),
            },
            Event::Ended { task } => {
                self.ended.borrow_mut()[usize::from(task.0)] = true;
                self.model.borrow_mut().end(task.0.into());
            }
            Event::Called { task, .. } => self.called.set(task),
            Event::Switched { task: Some(task) } => self.switch(task.0.into()),
            Event::PowerOn => self.running.set(None),
            _ => {}
        }
        self.collect_answers();
    }

    /// Time has passed, as the kernel's own clock says.
    pub fn pass_time(&self, now: u32) {
        let mut model = self.model.borrow_mut();
        if now < model.now() {
            self.fail(format!("the tick went back from {} to {now}", model.now()));
        } else if now > model.now() {
            model.advance_to(now);
        }
        drop(model);
        self.collect_answers();
    }

    fn commit(&self, task: usize, call: &str, blocks: bool) {
        let Some((name, op)) = self.intents.borrow()[task] else {
            self.fail(format!("task {task} has committed {call} without a call"));
            return;
        };
        self.calls.set(self.calls.get() + 1);
        let done = self.model.borrow_mut().apply(Some(task), op);
        match done {
            Ok(Done::Completed(value)) if !blocks => {
                if let (Op::Create { .. }, Value::Task(id)) = (op, &value) {
                    self.forget(usize::from(id.index().0));
                }
                let before = self.answers.borrow_mut().insert((task, name), value);
                if let Some(before) = before {
                    self.fail(format!(
                        "task {task} makes its call {name:?} {op:?} again, which had answered {before:?}"
                    ));
                }
            }
            Ok(Done::Blocked) if blocks => {
                self.blocked.borrow_mut()[task] = Some(name);
            }
            done => self.fail(format!(
                "task {task}, {op:?} ({call}): {}, expected {done:?}",
                if blocks { "blocks" } else { "completes" }
            )),
        }
    }

    fn commit_interrupt(&self, blocks: bool) {
        let Some(op) = self.interrupt.get() else {
            self.fail("an interrupt handler has committed without a call".into());
            return;
        };
        self.calls.set(self.calls.get() + 1);
        let done = self.model.borrow_mut().apply(None, op);
        match done {
            Ok(Done::Completed(value)) if !blocks => {
                *self.interrupt_answer.borrow_mut() = Some(value);
            }
            done => self.fail(format!("interrupt {op:?}: expected {done:?}")),
        }
    }

    /// A new task comes into a slot.
    fn forget(&self, task: usize) {
        self.blocked.borrow_mut()[task] = None;
    }

    /// What the woken are answered.
    fn collect_answers(&self) {
        let mut model = self.model.borrow_mut();
        let mut blocked = self.blocked.borrow_mut();
        for task in 0..model.task_count() {
            if let Some(value) = model.take_answer(task)
                && let Some(name) = blocked[task].take()
            {
                self.answers.borrow_mut().insert((task, name), value);
            }
        }
    }

    /// The processor goes to a task: one of the most urgent, and the first of them, unless the one before still
    /// is one of them.
    fn switch(&self, task: usize) {
        let urgent = self.model.borrow().most_urgent();
        let before = self.running.replace(Some(task));
        let in_turn = before.is_some_and(|before| urgent.contains(&before));
        let is_right = if in_turn {
            urgent.contains(&task)
        } else {
            urgent.first() == Some(&task) || before.is_none() && urgent.contains(&task)
        };
        if !is_right {
            self.fail(format!(
                "task {task} runs, after {before:?}, while {urgent:?} are the most urgent"
            ));
        }
    }

    /// Compares a task with the model.
    pub fn compare_task(&self, task: usize, state: TaskState, id: TaskId, priority: Priority) {
        let model = self.model.borrow();
        let expected = model.state(task);
        if state != expected || state != TaskState::Ended && id != model.id(task) {
            self.fail(format!("task {task} is {state:?}, expected {expected:?}"));
        } else if state != TaskState::Ended && priority.0 != model.priority(task) {
            self.fail(format!(
                "task {task} has priority {}, expected {}",
                priority.0,
                model.priority(task)
            ));
        }
    }

    /// Compares how many shared objects there are. A call that frees one is told to be committed when it is freed,
    /// and a power loss may come before that: then the memory knows better than what was told.
    pub fn compare_shared_objects(&self, found: u32) {
        if let Some(task) = self.called.get()
            && found + 1 == self.model.borrow().shared_objects()
            && let Some((_, Op::ReleaseShared)) = self.intents.borrow()[usize::from(task.0)]
        {
            self.called.set(None);
            self.commit(task.0.into(), "shared.release", false);
        }
        let expected = self.model.borrow().shared_objects();
        self.compare("shared objects", &found, &expected);
    }

    /// Compares something else.
    pub fn compare<T: PartialEq + std::fmt::Debug>(&self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.fail(format!("{what}: {found:?}, expected {expected:?}"));
        }
    }
}
