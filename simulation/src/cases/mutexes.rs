//! Mutexes, and inherited priorities.

use super::Add;
use super::calls::{FOREVER, delay, each, locked, one, ticks};
use crate::op::{Op, RECURSIVE};

pub(super) fn mutexes(case: Add<'_>) {
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
