//! The stream buffer and the message buffer of the model.

use std::collections::VecDeque;

use intos::{Outcome, Timeout};

use super::{Doing, Done, Model, Wait, failed};
use crate::op::{READ_MOST, RECEIVE_MOST, Value};

/// A ring of bytes.
#[derive(Debug, Clone)]
pub struct Ring {
    bytes: VecDeque<u8>,
    capacity: usize,
}

impl Ring {
    /// An empty one.
    pub fn new(capacity: u16) -> Self {
        Self {
            bytes: VecDeque::new(),
            capacity: capacity.into(),
        }
    }

    fn free(&self) -> usize {
        self.capacity - self.bytes.len()
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        self.bytes.drain(..bytes).collect()
    }
}

impl Model {
    /// How many bytes are in the stream buffer.
    pub fn stream_len(&self) -> usize {
        self.stream.as_ref().map_or(0, |ring| ring.bytes.len())
    }

    /// How many bytes are in the message buffer, lengths included.
    pub fn messages_len(&self) -> usize {
        self.messages.as_ref().map_or(0, |ring| ring.bytes.len())
    }

    /// The task that waits for something of a kind.
    fn waiting_for<R>(&self, of: impl Fn(&Wait) -> Option<R>) -> Option<(usize, R)> {
        self.tasks
            .iter()
            .enumerate()
            .find_map(|(index, task)| match &task.doing {
                Doing::Waiting { what, .. } => Some((index, of(what)?)),
                _ => None,
            })
    }

    pub(super) fn write(&mut self, caller: Option<usize>, bytes: &[u8], timeout: Timeout) -> Done {
        let Some(ring) = self.stream.as_mut() else {
            return failed(Outcome::Deleted);
        };
        if bytes.is_empty() {
            return Done::Completed(Value::Number(0));
        }
        if ring.free() == 0 {
            if timeout == Timeout::None {
                return failed(Outcome::Full);
            }
            let most = bytes.len().min(ring.capacity);
            if self.stream_writer().is_some() {
                return failed(Outcome::Busy);
            }
            let wait = Wait::StreamRoom(bytes[..most].to_vec());
            return self.block(caller, wait, timeout);
        }
        let written = bytes.len().min(ring.free());
        ring.bytes.extend(&bytes[..written]);
        let reader = self.waiting_for(|wait| match wait {
            Wait::StreamBytes(least) => Some(*least),
            _ => None,
        });
        if let Some((reader, least)) = reader
            && let Some(ring) = self.stream.as_mut()
            && ring.bytes.len() >= least.into()
        {
            let given = ring.take(ring.bytes.len().min(READ_MOST));
            self.leave_lists(reader);
            self.wake(reader, Value::Bytes(given));
        }
        Done::Completed(Value::Number(written as u32))
    }

    fn stream_writer(&self) -> Option<(usize, Vec<u8>)> {
        self.waiting_for(|wait| match wait {
            Wait::StreamRoom(bytes) => Some(bytes.clone()),
            _ => None,
        })
    }

    pub(super) fn read(&mut self, caller: Option<usize>, least: u16, timeout: Timeout) -> Done {
        let Some(ring) = self.stream.as_mut() else {
            return failed(Outcome::Deleted);
        };
        let least = least.max(1);
        if usize::from(least) > READ_MOST || usize::from(least) > ring.capacity {
            return failed(Outcome::TooLong);
        }
        let count = ring.bytes.len();
        if count < least.into() && timeout != Timeout::None {
            let reader =
                self.waiting_for(|wait| matches!(wait, Wait::StreamBytes(_)).then_some(()));
            if reader.is_some() {
                return failed(Outcome::Busy);
            }
            return self.block(caller, Wait::StreamBytes(least), timeout);
        }
        if count == 0 {
            return failed(Outcome::Empty);
        }
        let read = ring.take(count.min(READ_MOST));
        if let Some((writer, bytes)) = self.stream_writer()
            && let Some(ring) = self.stream.as_mut()
        {
            let written = bytes.len().min(ring.free());
            ring.bytes.extend(&bytes[..written]);
            self.leave_lists(writer);
            self.wake(writer, Value::Number(written as u32));
        }
        Done::Completed(Value::Bytes(read))
    }

    pub(super) fn delete_stream(&mut self) -> Value {
        if self.stream.take().is_none() {
            return Value::Failed(Outcome::Deleted);
        }
        let waiting = self.waiting_for(|wait| {
            matches!(wait, Wait::StreamBytes(_) | Wait::StreamRoom(_)).then_some(())
        });
        if let Some((task, ())) = waiting {
            self.leave_lists(task);
            self.wake(task, Value::Failed(Outcome::Deleted));
        }
        Value::Unit
    }

    pub(super) fn reset_stream(&mut self) -> Value {
        let waits =
            |wait: &Wait| matches!(wait, Wait::StreamBytes(_) | Wait::StreamRoom(_)).then_some(());
        let is_busy = self.waiting_for(waits).is_some();
        reset(self.stream.as_mut(), is_busy)
    }

    pub(super) fn reset_messages(&mut self) -> Value {
        let waits =
            |wait: &Wait| matches!(wait, Wait::Message | Wait::MessageRoom(_)).then_some(());
        let is_busy = self.waiting_for(waits).is_some();
        reset(self.messages.as_mut(), is_busy)
    }

    fn message_sender(&self) -> Option<(usize, Vec<u8>)> {
        self.waiting_for(|wait| match wait {
            Wait::MessageRoom(bytes) => Some(bytes.clone()),
            _ => None,
        })
    }

    pub(super) fn send_message(
        &mut self,
        caller: Option<usize>,
        message: &[u8],
        timeout: Timeout,
    ) -> Done {
        let Some(ring) = self.messages.as_mut() else {
            return failed(Outcome::Deleted);
        };
        let needed = message.len() + 2;
        if needed > ring.capacity {
            return failed(Outcome::TooLong);
        }
        let free = ring.free();
        let sender = self.message_sender();
        if free < needed || sender.is_some() {
            if timeout == Timeout::None {
                return failed(Outcome::Full);
            }
            if sender.is_some() {
                return failed(Outcome::Busy);
            }
            return self.block(caller, Wait::MessageRoom(message.to_vec()), timeout);
        }
        let receiver = self.waiting_for(|wait| (*wait == Wait::Message).then_some(()));
        if let Some((receiver, ())) = receiver {
            self.leave_lists(receiver);
            if message.len() <= RECEIVE_MOST {
                self.wake(receiver, Value::Bytes(message.to_vec()));
                return Done::Completed(Value::Unit);
            }
            self.wake(receiver, Value::Failed(Outcome::TooLong));
        }
        self.store_message(message);
        Done::Completed(Value::Unit)
    }

    fn store_message(&mut self, message: &[u8]) {
        if let Some(ring) = self.messages.as_mut() {
            ring.bytes.extend((message.len() as u16).to_le_bytes());
            ring.bytes.extend(message);
        }
    }

    pub(super) fn receive_message(&mut self, caller: Option<usize>, timeout: Timeout) -> Done {
        let Some(ring) = self.messages.as_mut() else {
            return failed(Outcome::Deleted);
        };
        if ring.bytes.is_empty() {
            if timeout == Timeout::None {
                return failed(Outcome::Empty);
            }
            let receiver = self.waiting_for(|wait| (*wait == Wait::Message).then_some(()));
            if receiver.is_some() {
                return failed(Outcome::Busy);
            }
            return self.block(caller, Wait::Message, timeout);
        }
        let len = usize::from(u16::from_le_bytes([ring.bytes[0], ring.bytes[1]]));
        if len > RECEIVE_MOST {
            return failed(Outcome::TooLong);
        }
        let message = ring.take(len + 2).split_off(2);
        let free = ring.free();
        if let Some((sender, waiting)) = self.message_sender()
            && waiting.len() + 2 <= free
        {
            self.store_message(&waiting);
            self.leave_lists(sender);
            self.wake(sender, Value::Unit);
        }
        Done::Completed(Value::Bytes(message))
    }
}

fn reset(ring: Option<&mut Ring>, is_busy: bool) -> Value {
    match ring {
        None => Value::Failed(Outcome::Deleted),
        Some(_) if is_busy => Value::Failed(Outcome::Busy),
        Some(ring) => {
            ring.bytes.clear();
            Value::Unit
        }
    }
}
