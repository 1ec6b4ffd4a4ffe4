//! Interrupt handlers.

use super::Case;
use super::calls::{
    delay, each, front, message, notify, overwrite, read, receive, send, ticks, wait_bits, write,
};
use crate::op::{Op, Target};
use intos::{Notify, Timeout};

pub(super) fn interrupted() -> Vec<Case> {
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
            vec![Op::NextExpiry { timeout: ticks(30) }],
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
