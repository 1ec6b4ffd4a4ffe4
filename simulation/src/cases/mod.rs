//! Every system call in every situation that it can be cut in: short programs, each around one call, with peers
//! that wait for it, answer it, or are in its way.
//!
//! The subject has priority 3 and sleeps first, so that its peers are where they are to be, whether they are less
//! urgent, as urgent or more urgent.

#![allow(clippy::too_many_lines, reason = "tables")]

mod buffers;
mod calls;
mod interrupts;
mod mutexes;
mod queues;
mod signals;
mod tasks;

use intos::host::Settings;

use self::calls::{delay, each};
use crate::op::Op;
use crate::plan::{Plan, Script, Shape, Step};

/// The subject's priority.
pub const SUBJECT: u8 = 3;

/// How urgent the peers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peers {
    /// Less than the subject.
    Less,
    /// As much.
    Same,
    /// More.
    More,
}

impl Peers {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Less, Self::Same, Self::More];

    /// Their priority.
    pub const fn priority(self) -> u8 {
        match self {
            Self::Less => SUBJECT - 1,
            Self::Same => SUBJECT,
            Self::More => SUBJECT + 1,
        }
    }
}

/// A call in a situation.
pub struct Case {
    /// The call.
    pub call: &'static str,
    /// The situation.
    pub situation: &'static str,
    subject: Vec<Step>,
    peers: Vec<Vec<Step>>,
    worker: Vec<Step>,
    interrupts: Vec<Op>,
}

impl Case {
    /// The program, with peers of some urgency.
    pub fn plan(&self, peers: Peers) -> Plan {
        let script = |steps: &Vec<Step>| Script {
            steps: steps.clone(),
            rounds: 1,
        };
        let mut priorities = vec![SUBJECT];
        priorities.extend(self.peers.iter().map(|_| peers.priority()));
        let mut scripts = vec![script(&self.subject)];
        scripts.extend(self.peers.iter().map(script));
        let workers = u8::from(!self.worker.is_empty());
        Plan {
            shape: Shape {
                priorities,
                workers,
                worker_priority: peers.priority(),
                periods: [3, 4, 4],
            },
            scripts,
            workers: vec![script(&self.worker)],
            interrupts: self.interrupts.clone(),
        }
    }

    /// The machine that it runs on, with a memory that stores so many bytes at once.
    pub fn settings(&self, atom: usize) -> Settings {
        Settings {
            atom,
            seed: 7,
            accesses_per_tick: 150,
            interrupt_one_in: if self.interrupts.is_empty() { 0 } else { 60 },
            ..Settings::default()
        }
    }
}

/// All cases.
pub fn all() -> Vec<Case> {
    let mut all = Vec::new();
    let mut case = |call, situation, subject: Vec<Step>, peers: Vec<Vec<Step>>| {
        let mut steps = each([delay(2)]);
        steps.extend(subject);
        all.push(Case {
            call,
            situation,
            subject: steps,
            peers,
            worker: Vec::new(),
            interrupts: Vec::new(),
        });
    };
    queues::queues(&mut case);
    signals::semaphores(&mut case);
    signals::events(&mut case);
    signals::notifications(&mut case);
    mutexes::mutexes(&mut case);
    buffers::timers(&mut case);
    buffers::buffers(&mut case);
    tasks::tasks(&mut case);
    all.extend(tasks::created());
    all.extend(interrupts::interrupted());
    all
}

type Add<'a> = &'a mut dyn FnMut(&'static str, &'static str, Vec<Step>, Vec<Vec<Step>>);
