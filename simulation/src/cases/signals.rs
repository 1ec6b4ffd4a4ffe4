//! Semaphores, event groups and notifications.

use super::Add;
use super::calls::{FOREVER, delay, each, notify, ticks, wait_bits};
use crate::op::Op;
use intos::{Notify, Timeout};

pub(super) fn semaphores(case: Add<'_>) {
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

pub(super) fn events(case: Add<'_>) {
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

pub(super) fn notifications(case: Add<'_>) {
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
