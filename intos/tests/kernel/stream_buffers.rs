//! Stream buffers: bytes come in order and once.

use crate::common::program::{EXACT, Log, code, cut_everywhere, note_bytes, run, run_timed, word};
use intos::host::Settings;
use intos::prelude::*;

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
