//! Message buffers: messages come in order, once, and whole; and what buffers of both kinds share.

use crate::common::program::{EXACT, code, cut_everywhere, note_bytes, run, run_timed, word};
use intos::host::Settings;
use intos::prelude::*;

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
