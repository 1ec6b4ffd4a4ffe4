//! Queues.

use super::Add;
use super::calls::{FOREVER, delay, each, front, overwrite, receive, send, ticks};
use crate::op::Op;
use intos::Timeout;

pub(super) fn queues(case: Add<'_>) {
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
