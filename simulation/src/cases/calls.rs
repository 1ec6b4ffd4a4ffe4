//! Calls and steps, in few words.

use intos::{Notify, Timeout};

use crate::op::{Op, Place, Target};
use crate::plan::Step;

pub(super) const FOREVER: Timeout = Timeout::Forever;

pub(super) const fn ticks(ticks: u32) -> Timeout {
    Timeout::Ticks(ticks)
}

pub(super) fn one(op: Op) -> Step {
    Step::Calls {
        ops: vec![op],
        aborts: false,
    }
}

pub(super) fn each(ops: impl IntoIterator<Item = Op>) -> Vec<Step> {
    ops.into_iter().map(one).collect()
}

pub(super) fn delay(ticks: u32) -> Op {
    Op::Delay { ticks }
}

pub(super) fn send(queue: usize, item: u32, timeout: Timeout) -> Op {
    let place = Place::Back;
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

pub(super) fn front(queue: usize, item: u32, timeout: Timeout) -> Op {
    let place = Place::Front;
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

pub(super) fn overwrite(queue: usize, item: u32) -> Op {
    let (place, timeout) = (Place::Overwrite, Timeout::None);
    Op::Send {
        queue,
        item,
        place,
        timeout,
    }
}

pub(super) const fn receive(queue: usize, timeout: Timeout) -> Op {
    Op::Receive { queue, timeout }
}

pub(super) const fn wait_bits(bits: u32, all: bool, clear: bool, timeout: Timeout) -> Op {
    Op::WaitBits {
        bits,
        all,
        clear,
        timeout,
    }
}

pub(super) fn locked(mutex: usize, timeout: Timeout, steps: Vec<Step>) -> Step {
    Step::Locked {
        mutex,
        timeout,
        steps,
    }
}

pub(super) const fn write(len: u16, timeout: Timeout) -> Op {
    Op::Write {
        first: len as u8 * 16,
        len,
        timeout,
    }
}

pub(super) const fn read(least: u16, timeout: Timeout) -> Op {
    Op::Read { least, timeout }
}

pub(super) const fn message(len: u16, timeout: Timeout) -> Op {
    Op::SendMessage {
        first: len as u8 * 16,
        len,
        timeout,
    }
}

pub(super) const fn notify(peer: u8, what: Notify) -> Op {
    let target = Target::First(peer);
    Op::Notify { target, what }
}
