//! Stream buffers and message buffers: bytes and messages come in order, once, and whole.
#![allow(clippy::unwrap_used)] // a failure fails the test

#[macro_use]
mod common;

use common::program::{EXACT, Log, code, cut_everywhere, run, run_timed};
use intos::host::Settings;
use intos::prelude::*;

/// Notes up to four bytes as one number.
fn note_bytes<B: Board>(task: &mut Task<B>, log: Log, bytes: &[u8]) -> Result<(), Error> {
    let number = bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte));
    log.note(task, number)
}

const fn word(bytes: &[u8]) -> u32 {
    let mut number = 0;
    let mut at = 0;
    while at < bytes.len() {
        number = number << 8 | bytes[at] as u32;
        at += 1;
    }
    number
}

program! {
    FastReader |objects| {
        stream: StreamBuffer = objects.stream_buffer("stream", 5)?,
        sent: Offset<u32> = objects.object("sent", 0)?,
    }
    "writer", 1 => |task, app| { write_alphabet(task, app.stream, app.sent) }
    "reader", 2 => |task, app| { read_alphabet(task, app.log, app.stream) }
}

program! {
    SlowReader |objects| {
        stream: StreamBuffer = objects.stream_buffer("stream", 5)?,
        sent: Offset<u32> = objects.object("sent", 0)?,
    }
    "writer", 2 => |task, app| { write_alphabet(task, app.stream, app.sent) }
    "reader", 1 => |task, app| { read_alphabet(task, app.log, app.stream) }
}

/// Writes 26 letters, up to 7 at a time.
fn write_alphabet<B: Board>(
    task: &mut Task<B>,
    stream: StreamBuffer,
    sent: Offset<u32>,
) -> Result<(), Error> {
    nv_loop!(task => {
        let done = task.transaction(|tx| {
            let before = tx.get(sent)? as usize;
            let letters: [u8; 26] = core::array::from_fn(|at| b'a' + at as u8);
            let rest = letters.get(before..letters.len().min(before + 7)).unwrap_or_default();
            let written = stream.write(tx, rest, Timeout::Forever)?;
            tx.set(sent, before as u32 + u32::from(written))?;
            Ok(rest.len() == usize::from(written) && before + rest.len() == letters.len())
        })?;
        if done {
            break;
        }
    });
    Ok(())
}

/// Reads them in pieces of two, three and one.
fn read_alphabet<B: Board>(
    task: &mut Task<B>,
    log: Log,
    stream: StreamBuffer,
) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..13u8 => {
        let bytes = task.transaction(|tx| match i % 3 {
            0 => Ok(word(&stream.read::<2>(tx, 2, Timeout::Forever)?)),
            1 => Ok(word(&stream.read::<3>(tx, 3, Timeout::Forever)?)),
            _ => Ok(word(&stream.read::<1>(tx, 1, Timeout::Forever)?)),
        })?;
        log.note(task, bytes)?;
    });
    Ok(())
}

fn alphabet() -> Vec<(&'static str, u32)> {
    let pieces: [&[u8]; 13] = [
        b"ab", b"cde", b"f", b"gh", b"ijk", b"l", b"mn", b"opq", b"r", b"st", b"uvw", b"x", b"yz",
    ];
    pieces.map(|piece| ("reader", word(piece))).to_vec()
}

#[test]
fn bytes_come_in_order_around_the_end_of_the_ring() {
    assert_eq!(run::<FastReader>(), alphabet());
    assert_eq!(run::<SlowReader>(), alphabet());
}

#[test]
fn each_byte_comes_once_whatever_is_cut() {
    for settings in [
        EXACT,
        Settings {
            accesses_per_tick: 50,
            ..EXACT
        },
    ] {
        cut_everywhere::<FastReader>(settings);
        cut_everywhere::<SlowReader>(settings);
    }
}

#[test]
fn a_write_takes_what_there_is_room_for_and_waits_only_for_the_first_byte() {
    program! {
        Partial |objects| { stream: StreamBuffer = objects.stream_buffer("stream", 4)? }
        "writer", 2 => |task, app| {
            let none = task.transaction(|tx| app.stream.write(tx, b"", Timeout::Forever))?;
            app.log.note(task, none.into())?;
            let some = task.transaction(|tx| app.stream.write(tx, b"abcdef", Timeout::Forever))?;
            app.log.note(task, some.into())?;
            let full = task.transaction(|tx| app.stream.write(tx, b"ef", Timeout::None));
            app.log.note_end(task, full)?;
            let full = task.transaction(|tx| app.stream.write(tx, b"ef", Timeout::Ticks(3)));
            app.log.note_end(task, full)?;
            // It waits, and the reader makes room for one.
            let some = task.transaction(|tx| app.stream.write(tx, b"ef", Timeout::Forever))?;
            app.log.note(task, some.into())
        }
        "reader", 1 => |task, app| {
            task.delay(5)?;
            let available = task.transaction(|tx| app.stream.available(tx))?;
            app.log.note(task, available.into())?;
            let one = task.transaction(|tx| app.stream.read::<1>(tx, 1, Timeout::None))?;
            note_bytes(task, app.log, &one)?;
            let all = task.transaction(|tx| app.stream.read::<8>(tx, 1, Timeout::None))?;
            note_bytes(task, app.log, &all)?;
            let empty = task.transaction(|tx| app.stream.read::<8>(tx, 1, Timeout::None));
            app.log.note_end(task, empty)
        }
    }
    assert_eq!(
        run_timed::<Partial>(),
        [
            (0, "writer", 0),
            (0, "writer", 4),
            (0, "writer", code(Outcome::Full)),
            (3, "writer", code(Outcome::Timeout)),
            (5, "reader", 4),
            (5, "writer", 1),
            (5, "reader", word(b"a")),
            (5, "reader", word(b"bcde")),
            (5, "reader", code(Outcome::Empty)),
        ]
    );
}

#[test]
fn a_reader_waits_for_as_many_bytes_as_it_wants() {
    program! {
        Trigger |objects| { stream: StreamBuffer = objects.stream_buffer("stream", 8)? }
        "reader", 2 => |task, app| {
            let bytes = task.transaction(|tx| app.stream.read::<8>(tx, 3, Timeout::Forever))?;
            note_bytes(task, app.log, &bytes)?;
            let late = task.transaction(|tx| app.stream.read::<8>(tx, 3, Timeout::Ticks(4)));
            app.log.note_end(task, late)?;
            let rest = task.transaction(|tx| app.stream.read::<8>(tx, 3, Timeout::None))?;
            note_bytes(task, app.log, &rest)?;
            let never = task.transaction(|tx| app.stream.read::<8>(tx, 9, Timeout::Forever));
            app.log.note_end(task, never)?;
            let never = task.transaction(|tx| app.stream.read::<2>(tx, 3, Timeout::Forever));
            app.log.note_end(task, never)
        }
        "writer", 1 => |task, app| {
            for bytes in [b"a", b"b"] {
                task.transaction(|tx| app.stream.write(tx, bytes, Timeout::Forever))?;
                app.log.note(task, 0)?;
                task.delay(1)?;
            }
            task.transaction(|tx| app.stream.write(tx, b"cd", Timeout::Forever))?;
            task.delay(1)?;
            task.transaction(|tx| app.stream.write(tx, b"ef", Timeout::Forever)).map(drop)
        }
    }
    assert_eq!(
        run_timed::<Trigger>(),
        [
            (0, "writer", 0),
            (1, "writer", 0),
            (2, "reader", word(b"abcd")),
            (6, "reader", code(Outcome::Timeout)),
            (6, "reader", word(b"ef")),
            (6, "reader", code(Outcome::TooLong)),
            (6, "reader", code(Outcome::TooLong)),
        ]
    );
}

program! {
    Messages |objects| { messages: MessageBuffer = objects.message_buffer("messages", 11)? }
    "sender", 1 => |task, app| {
        let all: [&[u8]; 6] = [b"one", b"", b"four", b"nineteen!", b"ab", b"c"];
        nv_for_loop!(task, i in 0..6u32 => {
            let message = all.get(i as usize).copied().unwrap_or_default();
            task.transaction(|tx| app.messages.send(tx, message, Timeout::Forever))?;
            app.log.note(task, i)?;
        });
        Ok(())
    }
    "receiver", 1 => |task, app| {
        nv_for_loop!(task, _i in 0..6u8 => {
            let message = task.transaction(|tx| app.messages.receive::<9>(tx, Timeout::Forever))?;
            app.log.note(task, message.len() as u32 | 1 << 16)?;
            let tail = message.get(message.len().saturating_sub(3)..).unwrap_or_default();
            note_bytes(task, app.log, tail)?;
        });
        Ok(())
    }
}

#[test]
fn messages_come_whole_and_in_order_around_the_end_of_the_ring() {
    let noted = run::<Messages>();
    let received: Vec<u32> = noted
        .iter()
        .filter(|(task, _)| *task == "receiver")
        .map(|(_, value)| *value)
        .collect();
    let length = |len: u32| len | 1 << 16;
    assert_eq!(
        received,
        [
            length(3),
            word(b"one"),
            length(0),
            0,
            length(4),
            word(b"our"),
            length(9),
            word(b"en!"),
            length(2),
            word(b"ab"),
            length(1),
            word(b"c"),
        ]
    );
}

#[test]
fn each_message_comes_once_whatever_is_cut() {
    for settings in [
        EXACT,
        Settings {
            accesses_per_tick: 50,
            ..EXACT
        },
    ] {
        cut_everywhere::<Messages>(settings);
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_or_stays() {
    program! {
        TooLong |objects| { messages: MessageBuffer = objects.message_buffer("messages", 10)? }
        "receiver", 2 => |task, app| {
            let short = task.transaction(|tx| app.messages.receive::<2>(tx, Timeout::Forever));
            app.log.note_end(task, short)?;
            let short = task.transaction(|tx| app.messages.try_receive::<2>(tx));
            app.log.note_end(task, short)?;
            let long = task.transaction(|tx| app.messages.try_receive::<4>(tx))?;
            note_bytes(task, app.log, &long)?;
            let none = task.transaction(|tx| app.messages.receive::<4>(tx, Timeout::Ticks(2)));
            app.log.note_end(task, none)?;
            let none = task.transaction(|tx| app.messages.try_receive::<4>(tx));
            app.log.note_end(task, none)
        }
        "sender", 1 => |task, app| {
            let never = task.transaction(|tx| app.messages.send(tx, b"123456789", Timeout::Forever));
            app.log.note_end(task, never)?;
            task.transaction(|tx| app.messages.send(tx, b"four", Timeout::Forever))?;
            task.delay(3)?;
            for message in [&b"12345678"[..], b"1"] {
                let end = task.transaction(|tx| app.messages.try_send(tx, message));
                app.log.note_end(task, end)?;
            }
            let end = task.transaction(|tx| app.messages.send(tx, b"1", Timeout::Ticks(1)));
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run_timed::<TooLong>(),
        [
            (0, "sender", code(Outcome::TooLong)),
            (0, "receiver", code(Outcome::TooLong)),
            (0, "receiver", code(Outcome::TooLong)),
            (0, "receiver", word(b"four")),
            (2, "receiver", code(Outcome::Timeout)),
            (2, "receiver", code(Outcome::Empty)),
            (3, "sender", 0),
            (3, "sender", code(Outcome::Full)),
            (4, "sender", code(Outcome::Timeout)),
        ]
    );
}

#[test]
fn one_task_waits_at_each_end_and_a_second_is_told() {
    program! {
        Busy |objects| {
            stream: StreamBuffer = objects.stream_buffer("stream", 2)?,
            messages: MessageBuffer = objects.message_buffer("messages", 4)?,
        }
        "first", 2 => |task, app| {
            task.transaction(|tx| app.stream.read::<2>(tx, 1, Timeout::Ticks(5)).map(drop).or(Ok(())))?;
            task.transaction(|tx| app.stream.write(tx, b"ab", Timeout::Forever))?;
            task.transaction(|tx| app.stream.write(tx, b"c", Timeout::Ticks(5)).map(drop).or(Ok(())))?;
            task.transaction(|tx| app.messages.receive::<2>(tx, Timeout::Ticks(5)).map(drop).or(Ok(())))?;
            task.transaction(|tx| app.messages.send(tx, b"ab", Timeout::Forever))?;
            task.transaction(|tx| app.messages.send(tx, b"c", Timeout::Ticks(5)).or(Ok(())))
        }
        "second", 1 => |task, app| {
            let end = task.transaction(|tx| app.stream.read::<2>(tx, 1, Timeout::Forever));
            app.log.note_end(task, end)?;
            task.delay_until(6)?;
            let end = task.transaction(|tx| app.stream.write(tx, b"d", Timeout::Forever));
            app.log.note_end(task, end)?;
            task.delay_until(11)?;
            let end = task.transaction(|tx| app.messages.receive::<2>(tx, Timeout::Forever));
            app.log.note_end(task, end)?;
            task.delay_until(16)?;
            let end = task.transaction(|tx| app.messages.send(tx, b"d", Timeout::Forever));
            app.log.note_end(task, end)
        }
    }
    assert_eq!(run::<Busy>(), [("second", code(Outcome::Busy)); 4]);
}

#[test]
fn a_deleted_buffer_wakes_who_waits() {
    program! {
        Gone |objects| {
            empty: StreamBuffer = objects.stream_buffer("empty", 2)?,
            full: MessageBuffer = objects.message_buffer("full", 4)?,
        }
        "reader", 2 => |task, app| {
            let end = task.transaction(|tx| app.empty.read::<2>(tx, 1, Timeout::Forever));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.empty.read::<2>(tx, 1, Timeout::None));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.empty.write(tx, b"a", Timeout::None));
            app.log.note_end(task, end)
        }
        "sender", 2 => |task, app| {
            task.transaction(|tx| app.full.send(tx, b"ab", Timeout::Forever))?;
            let end = task.transaction(|tx| app.full.send(tx, b"c", Timeout::Ticks(9)));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.full.try_send(tx, b"c"));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.full.try_receive::<2>(tx));
            app.log.note_end(task, end)
        }
        "deleter", 1 => |task, app| {
            task.transaction(|tx| app.empty.delete(tx))?;
            task.transaction(|tx| app.full.delete(tx))?;
            let end = task.transaction(|tx| app.full.delete(tx));
            app.log.note_end(task, end)
        }
    }
    let gone = code(Outcome::Deleted);
    let noted = run::<Gone>();
    assert_eq!(noted[..3], [("reader", gone); 3]);
    assert_eq!(noted[3..6], [("sender", gone); 3]);
    assert_eq!(noted[6..], [("deleter", gone)]);
}
