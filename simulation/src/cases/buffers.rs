//! Timers, stream buffers and message buffers.

use super::Add;
use super::calls::{FOREVER, delay, each, message, read, ticks, write};
use crate::op::Op;

pub(super) fn timers(case: Add<'_>) {
    let start = |timer| Op::StartTimer { timer };
    let next = |timeout| Op::NextExpiry { timeout };
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
        vec![each([next(FOREVER); 4])],
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
        vec![each([next(FOREVER), next(ticks(1)), next(FOREVER)])],
    );
    case(
        "timers.next",
        "late: two are due",
        each([
            start(0),
            start(1),
            start(2),
            delay(6),
            next(FOREVER),
            next(FOREVER),
            next(FOREVER),
        ]),
        vec![each([delay(1)])],
    );
}

pub(super) fn buffers(case: Add<'_>) {
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
        "stream_buffer.reset, message_buffer.reset",
        "bytes are there; then a reader waits",
        each([
            write(4, FOREVER),
            message(4, FOREVER),
            Op::ResetStream,
            Op::ResetMessages,
            delay(4),
            Op::ResetStream,
            write(5, FOREVER),
        ]),
        vec![each([delay(4), read(2, FOREVER)])],
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
