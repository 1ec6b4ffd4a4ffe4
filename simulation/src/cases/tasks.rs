//! Tasks.

use super::calls::{FOREVER, delay, each, locked, one, receive, send};
use super::{Add, Case};
use crate::op::{Op, Target};
use crate::plan::Step;
use intos::Notify;

pub(super) fn tasks(case: Add<'_>) {
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

pub(super) fn created() -> Vec<Case> {
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
