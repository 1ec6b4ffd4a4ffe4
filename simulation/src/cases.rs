//! Every system call in every situation that it can be cut in: short programs, each around one call, with peers
//! that wait for it, answer it, or are in its way.
//!
//! The subject has priority 3 and sleeps first, so that its peers are where they are to be, whether they are less
//! urgent, as urgent or more urgent.

use intos::host::Settings;
use intos::{Notify, Timeout};

use crate::op::{Op, Place, RECURSIVE, Target};
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

const FOREVER: Timeout = Timeout::Forever;

const fn ticks(ticks: u32) -> Timeout {
    Timeout::Ticks(ticks)
}

fn one(op: Op) -> Step {
    Step::Calls {
        ops: vec![op],
        aborts: false,
    }
}

fn each(ops: impl IntoIterator<Item = Op>) -> Vec<Step> {
    ops.into_iter().map(one).collect()
}

fn delay(ticks: u32) -> Op {
    Op::Delay { ticks }
}

fn send(queue: usize, item: u32, timeout: Timeout) -> Op {
    let place = Place::Back;
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

fn front(queue: usize, item: u32, timeout: Timeout) -> Op {
    let place = Place::Front;
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

fn overwrite(queue: usize, item: u32) -> Op {
    let (place, timeout) = (Place::Overwrite, Timeout::None);
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

const fn receive(queue: usize, timeout: Timeout) -> Op {
    Op::Receive { queue, timeout }
}

const fn wait_bits(bits: u32, all: bool, clear: bool, timeout: Timeout) -> Op {
    Op::WaitBits {
        bits,
        all,
        clear,
        timeout,
    }
}

fn locked(mutex: usize, timeout: Timeout, steps: Vec<Step>) -> Step {
    Step::Locked {
        mutex,
        timeout,
        steps,
    }
}

const fn write(len: u16, timeout: Timeout) -> Op {
    Op::Write {
        first: len as u8 * 16,
        len,
        timeout,
    }
}

const fn read(least: u16, timeout: Timeout) -> Op {
    Op::Read { least, timeout }
}

const fn message(len: u16, timeout: Timeout) -> Op {
    Op::SendMessage {
        first: len as u8 * 16,
        len,
        timeout,
    }
}

const fn notify(peer: u8, what: Notify) -> Op {
    let target = Target::First(peer);
    Op::Notify { target, what }
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
    queues(&mut case);
    semaphores(&mut case);
    events(&mut case);
    notifications(&mut case);
    mutexes(&mut case);
    timers(&mut case);
    buffers(&mut case);
    tasks(&mut case);
    all.extend(created());
    all.extend(interrupted());
    all
}

type Add<'a> = &'a mut dyn FnMut(&'static str, &'static str, Vec<Step>, Vec<Vec<Step>>);

fn queues(case: Add<'_>) {
    let takers = || vec![each([receive(0, FOREVER)]); 2];
    let sends = |first: u32| each([send(0, first, FOREVER), send(0, first + 1, FOREVER)]);
    let two = each([send(0, 1, FOREVER), send(0, 2, FOREVER)]);
    case("queue.send", "receivers wait", two.clone(), takers());
    case(
        "queue.send",
        "one waits to peek, one to receive",
        two.clone(),
        vec![
            each([Op::Peek {
                queue: 0,
                timeout: FOREVER,
            }]),
            each([receive(0, FOREVER), receive(0, FOREVER)]),
        ],
    );
    case(
        "queue.send",
        "all wait to peek",
        each([send(0, 1, FOREVER)]),
        vec![
            each([Op::Peek {
                queue: 0,
                timeout: FOREVER
            }]);
            3
        ],
    );
    case(
        "queue.send",
        "full, receivers come",
        each([
            send(0, 1, FOREVER),
            send(0, 2, FOREVER),
            send(0, 3, FOREVER),
        ]),
        vec![
            each([delay(5), receive(0, FOREVER)]),
            each([delay(6), receive(0, FOREVER)]),
        ],
    );
    case(
        "queue.send",
        "full, time is up",
        each([
            send(0, 1, FOREVER),
            send(0, 2, ticks(2)),
            send(0, 3, Timeout::None),
        ]),
        vec![each([delay(4), receive(0, FOREVER)])],
    );
    case(
        "queue.send_to_front",
        "room, then full, receivers come",
        each([
            send(1, 1, FOREVER),
            front(1, 2, FOREVER),
            front(1, 3, FOREVER),
            front(1, 4, FOREVER),
        ]),
        vec![each([delay(5), receive(1, FOREVER), receive(1, FOREVER)]); 2],
    );
    case(
        "queue.overwrite",
        "empty, then full",
        each([overwrite(0, 1), overwrite(0, 2)]),
        vec![each([delay(4), receive(0, FOREVER)])],
    );
    case(
        "queue.receive",
        "senders wait",
        each([
            receive(0, FOREVER),
            receive(0, FOREVER),
            receive(0, FOREVER),
        ]),
        vec![sends(10), sends(20)],
    );
    case(
        "queue.receive",
        "a sender waits to go to the front",
        each([receive(0, FOREVER), receive(0, FOREVER)]),
        vec![each([send(0, 1, FOREVER), front(0, 2, FOREVER)])],
    );
    case(
        "queue.receive",
        "empty, senders come",
        each([receive(0, FOREVER), receive(0, FOREVER)]),
        vec![
            each([delay(4), send(0, 1, FOREVER)]),
            each([delay(4), send(0, 2, FOREVER)]),
        ],
    );
    case(
        "queue.receive",
        "empty, time is up as a sender comes",
        each([receive(0, ticks(2)), receive(0, ticks(3))]),
        vec![
            each([delay(4), send(0, 1, ticks(3))]),
            each([delay(5), send(0, 2, ticks(2))]),
        ],
    );
    case(
        "queue.peek",
        "empty, a sender comes",
        each([
            Op::Peek {
                queue: 0,
                timeout: FOREVER,
            },
            Op::Peek {
                queue: 0,
                timeout: Timeout::None,
            },
        ]),
        vec![each([delay(4), send(0, 1, FOREVER)])],
    );
    case(
        "queue.reset",
        "senders wait",
        each([Op::ResetQueue { queue: 0 }, Op::QueueCount { queue: 0 }]),
        vec![sends(10), sends(20)],
    );
    let filled = |first: u32| each((0..3).map(move |n| send(1, first + n, FOREVER)));
    case(
        "queue.reset",
        "more senders wait than there is room",
        each([Op::ResetQueue { queue: 1 }, receive(1, FOREVER)]),
        vec![filled(10), filled(20), filled(30), filled(40), filled(50)],
    );
    case(
        "queue.delete",
        "receivers wait",
        each([Op::DeleteQueue { queue: 0 }, Op::DeleteQueue { queue: 0 }]),
        takers(),
    );
    case(
        "queue.delete",
        "senders wait",
        each([Op::DeleteQueue { queue: 0 }, send(0, 1, FOREVER)]),
        vec![sends(10), sends(20), sends(30)],
    );
}

fn semaphores(case: Add<'_>) {
    let acquire = |timeout| Op::Acquire { timeout };
    case(
        "semaphore.acquire",
        "a unit is free, then none, others release",
        each([acquire(FOREVER), acquire(FOREVER), acquire(FOREVER)]),
        vec![each([delay(4), Op::Release]); 2],
    );
    case(
        "semaphore.acquire",
        "time is up as another releases",
        each([acquire(FOREVER), acquire(ticks(2)), acquire(Timeout::None)]),
        vec![each([delay(4), Op::Release]); 2],
    );
    case(
        "semaphore.release",
        "others wait",
        each([Op::Release, Op::Release, Op::Release]),
        vec![each([acquire(FOREVER), acquire(FOREVER)]); 2],
    );
    case(
        "semaphore.release",
        "nobody waits, then it is full",
        each([Op::Release, Op::Release, Op::Release, Op::Available]),
        vec![each([delay(1)])],
    );
    case(
        "semaphore.delete",
        "others wait",
        each([Op::DeleteSemaphore, Op::Release]),
        vec![each([acquire(FOREVER), acquire(FOREVER)]); 3],
    );
}

fn events(case: Add<'_>) {
    let set = |bits| Op::SetBits { bits };
    case(
        "event_group.set",
        "one waits",
        each([set(1), set(2)]),
        vec![each([wait_bits(3, true, true, FOREVER)])],
    );
    case(
        "event_group.set",
        "two wait",
        each([set(1), Op::GetBits]),
        vec![
            each([wait_bits(1, false, true, FOREVER)]),
            each([wait_bits(5, false, false, FOREVER)]),
        ],
    );
    case(
        "event_group.set",
        "five wait, three for what comes",
        each([set(1), set(6)]),
        vec![
            each([wait_bits(1, false, true, FOREVER)]),
            each([wait_bits(3, true, false, FOREVER)]),
            each([wait_bits(1, false, false, FOREVER)]),
            each([wait_bits(9, false, true, FOREVER)]),
            each([wait_bits(4, true, true, FOREVER)]),
        ],
    );
    case(
        "event_group.clear",
        "another waits",
        each([set(6), Op::ClearBits { bits: 2 }, set(1)]),
        vec![each([wait_bits(7, true, true, FOREVER)])],
    );
    case(
        "event_group.wait_any",
        "set, then not, others set",
        each([
            wait_bits(1, false, true, FOREVER),
            wait_bits(3, false, true, FOREVER),
        ]),
        vec![each([set(1)]), each([delay(4), set(2)])],
    );
    case(
        "event_group.wait_all",
        "time is up as another sets",
        each([
            wait_bits(3, true, true, ticks(2)),
            wait_bits(3, true, true, Timeout::None),
        ]),
        vec![each([set(1)]), each([delay(4), set(2)])],
    );
    case(
        "event_group.sync",
        "others wait at the meeting point",
        each([Op::Sync {
            set: 1,
            wait_for: 7,
            timeout: FOREVER,
        }]),
        vec![
            each([Op::Sync {
                set: 2,
                wait_for: 7,
                timeout: FOREVER,
            }]),
            each([Op::Sync {
                set: 4,
                wait_for: 7,
                timeout: FOREVER,
            }]),
        ],
    );
    case(
        "event_group.sync",
        "its bits wake others, it waits itself",
        each([Op::Sync {
            set: 1,
            wait_for: 6,
            timeout: ticks(9),
        }]),
        vec![each([wait_bits(1, true, true, FOREVER), set(2), set(4)]); 2],
    );
    case(
        "event_group.delete",
        "others wait",
        each([Op::DeleteGroup, set(1)]),
        vec![each([wait_bits(1, false, true, FOREVER)]); 3],
    );
}

fn notifications(case: Add<'_>) {
    let take = |all, timeout| Op::Take { all, timeout };
    let wait = |timeout| Op::WaitNotified {
        before: 1,
        after: 2,
        timeout,
    };
    case(
        "task.notify",
        "the task waits",
        each([notify(1, Notify::Increment), notify(2, Notify::SetBits(3))]),
        vec![each([take(false, FOREVER)]), each([wait(FOREVER)])],
    );
    case(
        "task.notify",
        "the task does not wait yet",
        each([
            notify(1, Notify::Overwrite(3)),
            notify(1, Notify::SetIfNonePending(9)),
            notify(1, Notify::Increment),
        ]),
        vec![each([delay(5), take(false, FOREVER), take(true, FOREVER)])],
    );
    case(
        "notification.take",
        "none is there, one comes",
        each([take(false, FOREVER), take(true, ticks(2))]),
        vec![
            each([delay(4), notify(0, Notify::Increment)]),
            each([delay(6), notify(0, Notify::Nothing)]),
        ],
    );
    case(
        "notification.wait",
        "none is there, one comes as the time is up",
        each([wait(ticks(2)), wait(Timeout::None)]),
        vec![each([delay(4), notify(0, Notify::SetBits(7))])],
    );
}

fn mutexes(case: Add<'_>) {
    case(
        "mutex.lock, unlock",
        "free, nobody waits",
        vec![locked(0, FOREVER, each([Op::Now]))],
        vec![each([delay(1)])],
    );
    case(
        "mutex.lock",
        "another holds it, and inherits",
        vec![locked(0, FOREVER, each([Op::Now]))],
        vec![vec![locked(0, FOREVER, each([delay(4), Op::Now]))]],
    );
    case(
        "mutex.lock",
        "a chain of three holders inherits",
        vec![locked(0, FOREVER, each([Op::Now]))],
        vec![
            vec![locked(
                0,
                FOREVER,
                vec![one(delay(1)), locked(1, FOREVER, Vec::new())],
            )],
            vec![locked(
                1,
                FOREVER,
                vec![one(delay(1)), locked(2, FOREVER, Vec::new())],
            )],
            vec![locked(2, FOREVER, each([delay(5)]))],
        ],
    );
    case(
        "mutex.lock",
        "time is up: what was inherited goes",
        vec![locked(0, ticks(2), Vec::new()), one(delay(1))],
        vec![vec![locked(0, FOREVER, each([delay(6), Op::Now]))]; 2],
    );
    case(
        "mutex.unlock",
        "others wait, the holder had inherited",
        vec![locked(0, FOREVER, each([delay(4)])), one(delay(1))],
        vec![vec![one(delay(3)), locked(0, FOREVER, each([Op::Now]))]; 3],
    );
    case(
        "recursive_mutex.lock, unlock",
        "held twice, another waits",
        vec![locked(
            RECURSIVE,
            FOREVER,
            vec![locked(RECURSIVE, FOREVER, each([delay(2)])), one(Op::Now)],
        )],
        vec![vec![one(delay(3)), locked(RECURSIVE, FOREVER, Vec::new())]],
    );
    case(
        "mutex.delete",
        "held by another, others wait",
        vec![
            one(delay(3)),
            one(Op::DeleteMutex { mutex: 0 }),
            locked(0, FOREVER, Vec::new()),
        ],
        vec![vec![locked(0, FOREVER, each([delay(9)]))]; 3],
    );
}

fn timers(case: Add<'_>) {
    let start = |timer| Op::StartTimer { timer };
    case(
        "timer.start, timers.next",
        "another serves, and sleeps",
        each([
            start(0),
            start(1),
            Op::TimerActive { timer: 0 },
            delay(9),
            Op::StopTimer { timer: 1 },
        ]),
        vec![each([Op::NextExpiry; 4])],
    );
    case(
        "timer.change_period",
        "another serves, and sleeps for longer",
        each([
            start(1),
            Op::ChangePeriod {
                timer: 1,
                period: 2,
            },
            delay(5),
            Op::StopTimer { timer: 1 },
        ]),
        vec![each([Op::NextExpiry; 3])],
    );
    case(
        "timers.next",
        "late: two are due",
        each([
            start(0),
            start(1),
            start(2),
            delay(6),
            Op::NextExpiry,
            Op::NextExpiry,
            Op::NextExpiry,
        ]),
        vec![each([delay(1)])],
    );
}

fn buffers(case: Add<'_>) {
    case(
        "stream_buffer.write",
        "a reader waits",
        each([write(3, FOREVER), write(4, FOREVER)]),
        vec![each([read(5, FOREVER)])],
    );
    case(
        "stream_buffer.write",
        "full, a reader comes",
        each([write(12, FOREVER), write(7, FOREVER)]),
        vec![each([
            delay(4),
            read(1, FOREVER),
            read(1, FOREVER),
            read(1, FOREVER),
        ])],
    );
    case(
        "stream_buffer.read",
        "a writer waits",
        each([read(1, FOREVER), read(1, FOREVER), read(6, ticks(2))]),
        vec![each([write(10, FOREVER), write(5, FOREVER)])],
    );
    case(
        "stream_buffer.delete",
        "a reader waits",
        each([Op::DeleteStream, read(1, FOREVER)]),
        vec![each([read(1, FOREVER)])],
    );
    case(
        "message_buffer.send",
        "a receiver waits",
        each([message(5, FOREVER), message(14, FOREVER)]),
        vec![each([Op::ReceiveMessage { timeout: FOREVER }; 2])],
    );
    case(
        "message_buffer.send",
        "no room, a receiver comes",
        each([
            message(8, FOREVER),
            message(9, FOREVER),
            message(3, ticks(3)),
        ]),
        vec![each([
            delay(4),
            Op::ReceiveMessage { timeout: FOREVER },
            Op::ReceiveMessage { timeout: FOREVER },
        ])],
    );
    case(
        "message_buffer.receive",
        "a sender waits",
        each([Op::ReceiveMessage { timeout: FOREVER }; 3]),
        vec![each([
            message(8, FOREVER),
            message(9, FOREVER),
            message(2, FOREVER),
        ])],
    );
}

fn tasks(case: Add<'_>) {
    let peer = Target::First(1);
    let other = Target::First(2);
    case(
        "task.delay, now",
        "others sleep until the same tick",
        each([delay(3), Op::Now, delay(0)]),
        vec![each([delay(5), Op::Now]); 2],
    );
    case(
        "task.suspend, resume",
        "a ready and a sleeping task",
        each([
            Op::Suspend { target: peer },
            Op::Suspend { target: other },
            delay(4),
            Op::State { target: peer },
            Op::Resume { target: peer },
            Op::Resume { target: other },
        ]),
        vec![each([delay(9), Op::Now]), each([delay(3), Op::Now])],
    );
    case(
        "task.suspend, resume",
        "a blocked task gets its item meanwhile",
        each([
            Op::Suspend { target: peer },
            send(0, 7, FOREVER),
            Op::Resume { target: peer },
        ]),
        vec![each([receive(0, FOREVER)])],
    );
    case(
        "task.suspend",
        "oneself",
        each([
            Op::Suspend {
                target: Target::First(0),
            },
            Op::Now,
        ]),
        vec![each([
            delay(5),
            Op::Resume {
                target: Target::First(0),
            },
        ])],
    );
    case(
        "task.set_priority, priority",
        "of ready tasks",
        each([
            Op::SetPriority {
                target: peer,
                priority: 6,
            },
            Op::SetPriority {
                target: Target::First(0),
                priority: 1,
            },
            Op::Priority { target: peer },
        ]),
        vec![each([delay(2), Op::Now]); 2],
    );
    case(
        "task.set_priority",
        "of a task that waits for a mutex",
        vec![
            one(Op::SetPriority {
                target: other,
                priority: 7,
            }),
            one(Op::Priority { target: peer }),
        ],
        vec![
            vec![locked(
                0,
                FOREVER,
                vec![locked(1, FOREVER, each([delay(5)]))],
            )],
            vec![one(delay(1)), locked(1, FOREVER, Vec::new())],
        ],
    );
    case(
        "task.delete",
        "blocked, another waits behind it",
        each([
            Op::Delete { target: peer },
            send(0, 1, FOREVER),
            Op::State { target: peer },
        ]),
        vec![each([receive(0, FOREVER)]); 2],
    );
    case(
        "task.delete",
        "it holds mutexes that others wait for",
        each([Op::Delete { target: peer }, Op::Delete { target: peer }]),
        vec![
            vec![locked(
                0,
                FOREVER,
                vec![locked(1, FOREVER, each([delay(50)]))],
            )],
            vec![one(delay(1)), locked(0, FOREVER, each([Op::Now]))],
            vec![one(delay(1)), locked(1, FOREVER, each([Op::Now]))],
            vec![one(delay(1)), locked(1, FOREVER, each([Op::Now]))],
        ],
    );
    case(
        "task.delete",
        "it waits for a mutex, whose holder had inherited",
        each([Op::Delete { target: other }, Op::Priority { target: peer }]),
        vec![
            vec![locked(0, FOREVER, each([delay(6)]))],
            vec![
                one(Op::SetPriority {
                    target: other,
                    priority: 6,
                }),
                locked(0, FOREVER, Vec::new()),
            ],
        ],
    );
    let calls = Step::Calls {
        ops: vec![
            send(0, 1, FOREVER),
            Op::Now,
            receive(1, FOREVER),
            delay(1),
            Op::Release,
        ],
        aborts: false,
    };
    case(
        "many calls",
        "in one transaction",
        vec![calls.clone()],
        vec![each([receive(0, FOREVER), send(1, 2, FOREVER)])],
    );
    let Step::Calls { ops, .. } = calls else {
        return;
    };
    case(
        "many calls",
        "before an abort",
        vec![Step::Calls { ops, aborts: true }],
        vec![each([receive(0, FOREVER), send(1, 2, FOREVER)])],
    );
    case(
        "task.yield_now",
        "others are ready",
        vec![Step::Yield, one(Op::Now), Step::Yield],
        vec![vec![one(delay(2)), Step::Yield, one(Op::Now)]; 2],
    );
}

fn created() -> Vec<Case> {
    let child = Target::Child;
    let create = Op::Create { script: 0 };
    let of = |call, situation, ops: &[Op], worker: Vec<Step>| Case {
        call,
        situation,
        subject: each(ops.iter().copied()),
        peers: vec![each([delay(1)])],
        worker,
        interrupts: Vec::new(),
    };
    vec![
        of(
            "task.create",
            "a slot is free, then none, then again",
            &[create, create, delay(6), create],
            each([Op::Now, delay(2)]),
        ),
        of(
            "task.create, delete",
            "it is deleted while it sleeps, and another comes",
            &[
                create,
                delay(1),
                Op::Delete { target: child },
                create,
                Op::State { target: child },
            ],
            each([delay(5), Op::Now]),
        ),
        of(
            "task.create",
            "it is notified, ends, and is not there any more",
            &[
                create,
                Op::Notify {
                    target: child,
                    what: Notify::Increment,
                },
                delay(3),
                Op::Notify {
                    target: child,
                    what: Notify::Increment,
                },
            ],
            each([Op::Take {
                all: false,
                timeout: FOREVER,
            }]),
        ),
    ]
}

fn interrupted() -> Vec<Case> {
    let timeout = Timeout::None;
    let of = |call, situation, subject: Vec<Op>, peer: Vec<Op>, interrupts: Vec<Op>| Case {
        call,
        situation,
        subject: each(subject),
        peers: vec![each(peer); 2],
        worker: Vec::new(),
        interrupts,
    };
    vec![
        of(
            "queue.send_from_isr",
            "receivers wait",
            vec![Op::Now; 5],
            vec![receive(0, ticks(40))],
            vec![send(0, 1, timeout), front(0, 2, timeout), overwrite(0, 3)],
        ),
        of(
            "queue.receive_from_isr",
            "senders wait",
            vec![Op::Now; 5],
            vec![send(0, 5, ticks(40)), send(0, 6, ticks(40))],
            vec![receive(0, timeout)],
        ),
        of(
            "semaphore.release_from_isr",
            "others wait",
            vec![Op::Now; 5],
            vec![Op::Acquire { timeout: ticks(40) }; 2],
            vec![Op::Release, Op::Acquire { timeout }],
        ),
        of(
            "event_group.set_from_isr",
            "others wait",
            vec![Op::Now; 5],
            vec![wait_bits(3, true, true, ticks(40))],
            vec![
                Op::SetBits { bits: 1 },
                Op::SetBits { bits: 2 },
                Op::ClearBits { bits: 1 },
            ],
        ),
        of(
            "task.notify_from_isr, resume_from_isr",
            "the task waits",
            vec![
                Op::Now,
                Op::Suspend {
                    target: Target::First(2),
                },
                Op::Now,
            ],
            vec![Op::Take {
                all: false,
                timeout: ticks(40),
            }],
            vec![
                notify(1, Notify::Increment),
                Op::Resume {
                    target: Target::First(2),
                },
                notify(2, Notify::Increment),
            ],
        ),
        of(
            "timer.start_from_isr",
            "another serves",
            vec![Op::Now, delay(8), Op::Now],
            vec![Op::NextExpiry],
            vec![Op::StartTimer { timer: 0 }, Op::StopTimer { timer: 1 }],
        ),
        of(
            "buffers from isr",
            "a reader and a receiver wait",
            vec![
                read(3, ticks(40)),
                Op::ReceiveMessage { timeout: ticks(40) },
            ],
            vec![delay(2), Op::Now],
            vec![write(2, timeout), message(4, timeout), read(1, timeout)],
        ),
    ]
}
