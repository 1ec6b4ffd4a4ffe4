//! Queues, semaphores, event groups, timers and buffers: counts in range, and nobody waits for what is there.

use intos_ipc::MAX_PERIOD;
use intos_ipc::inspect::{
    AwaitedBits, BufferView, EventGroupView, QueueView, SemaphoreView, TimerView, TimersView,
};

use super::finding::Checker;
use super::invariant::Invariant::{Buffer, EventGroup, Queue, Semaphore, Timer};
use crate::host::image::text::names;
use crate::host::image::view::{View, title};
use crate::placed::{Placed, PlacedKind};

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    for object in &view.program.objects {
        // All lie in the image, whose size was looked at: what cannot be read there is no object.
        let subject = title(object);
        let _ = match object.kind {
            PlacedKind::Queue { capacity, .. } => queue(checker, view, object, &subject, capacity),
            PlacedKind::Semaphore { maximum } => {
                semaphore(checker, view, object, &subject, maximum)
            }
            PlacedKind::EventGroup => event_group(checker, view, object, &subject),
            PlacedKind::Timers => timers(checker, view, object, &subject),
            PlacedKind::Timer { repeats, .. } => timer(checker, view, object, &subject, repeats),
            PlacedKind::StreamBuffer { capacity } => {
                buffer(checker, view, object, &subject, capacity, false)
            }
            PlacedKind::MessageBuffer { capacity } => {
                buffer(checker, view, object, &subject, capacity, true)
            }
            _ => Some(()),
        };
    }
}

fn queue(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
    capacity: u16,
) -> Option<()> {
    let queue = QueueView::load(&view.nvm, object.offset).ok()?;
    let (first_at, count_at) = (
        object.offset + QueueView::FIRST_AT,
        object.offset + QueueView::COUNT_AT,
    );
    let receivers = view.names_at(queue.receivers.head().get());
    let senders = view.names_at(queue.senders.head().get());
    let Some(count) = queue.count else {
        nobody_waits(
            checker,
            Queue,
            subject,
            count_at,
            &[receivers, senders].concat(),
        );
        return Some(());
    };
    checker.that(
        queue.first < capacity,
        Queue,
        subject,
        first_at,
        || format!("the index of a slot, below {capacity}"),
        || format!("first item at {}", queue.first),
    );
    checker.that(
        count <= capacity,
        Queue,
        subject,
        count_at,
        || format!("at most {capacity} items, or 65535 where it was deleted"),
        || format!("{count} items"),
    );
    checker.that(
        receivers.is_empty() || count == 0,
        Queue,
        subject,
        count_at,
        || format!("no item, since tasks wait for one: {}", names(&receivers)),
        || format!("{count} items"),
    );
    checker.that(
        senders.is_empty() || count >= capacity,
        Queue,
        subject,
        count_at,
        || {
            format!(
                "{capacity} items, since tasks wait to send: {}",
                names(&senders)
            )
        },
        || format!("{count} items"),
    );
    Some(())
}

fn nobody_waits(
    checker: &mut Checker,
    invariant: super::invariant::Invariant,
    subject: &str,
    at: u32,
    waiting: &[String],
) {
    checker.that(
        waiting.is_empty(),
        invariant,
        subject,
        at,
        || format!("not deleted, since tasks wait: {}", names(waiting)),
        || "deleted".to_owned(),
    );
}

fn semaphore(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
    maximum: u32,
) -> Option<()> {
    let semaphore = SemaphoreView::load(&view.nvm, object.offset).ok()?;
    let waiting = view.names_at(semaphore.waiting.head().get());
    let at = object.offset + SemaphoreView::COUNT_AT;
    let Some(count) = semaphore.count else {
        nobody_waits(checker, Semaphore, subject, at, &waiting);
        return Some(());
    };
    checker.that(
        count <= maximum,
        Semaphore,
        subject,
        at,
        || format!("at most {maximum} units"),
        || format!("{count} units"),
    );
    checker.that(
        waiting.is_empty() || count == 0,
        Semaphore,
        subject,
        at,
        || format!("no unit, since tasks wait for one: {}", names(&waiting)),
        || format!("{count} units"),
    );
    Some(())
}

fn event_group(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
) -> Option<()> {
    let group = EventGroupView::load(&view.nvm, object.offset).ok()?;
    let at = object.offset + EventGroupView::BITS_AT;
    checker.that(
        group.unused == 0,
        EventGroup,
        subject,
        at,
        || "24 bits, and one where it was deleted".to_owned(),
        || format!("bits {:#010x} beyond them", group.unused),
    );
    let known = view.list_at(group.waiting.head().get())?;
    if group.is_deleted {
        nobody_waits(checker, EventGroup, subject, at, &view.names_in(known));
    }
    for node in &known.walk.nodes {
        if let Some(slot) = view.task_of_event(node.links_at())
            && let Ok(awaited) = AwaitedBits::of(&view.scheduler, slot.task)
        {
            checker.that(
                !awaited.are_set(group.bits),
                EventGroup,
                subject,
                at,
                || {
                    let which = if awaited.all { "not all of" } else { "none of" };
                    format!(
                        "{which} {:#08x}, which task {} waits for",
                        awaited.bits,
                        slot.name()
                    )
                },
                || format!("bits {:#08x}", group.bits),
            );
        }
    }
    Some(())
}

fn timers(checker: &mut Checker, view: &View<'_>, object: &Placed, subject: &str) -> Option<()> {
    let timers = TimersView::at(object.offset).ok()?;
    let serving = view.names_at(timers.serving.head().get());
    checker.that(
        serving.len() <= 1,
        Timer,
        subject,
        timers.serving.head().get(),
        || "one task that serves the timers".to_owned(),
        || names(&serving),
    );
    Some(())
}

fn timer(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
    repeats: bool,
) -> Option<()> {
    let timer = TimerView::load(&view.nvm, object.offset).ok()?;
    let kind = |repeats| if repeats { "repeats" } else { "expires once" };
    checker.that(
        timer.repeats == repeats,
        Timer,
        subject,
        object.offset + 10,
        || format!("a timer that {}", kind(repeats)),
        || format!("one that {}", kind(timer.repeats)),
    );
    checker.that(
        (1..=MAX_PERIOD).contains(&timer.period),
        Timer,
        subject,
        object.offset + TimerView::PERIOD_AT,
        || format!("a period from 1 to {MAX_PERIOD} ticks"),
        || format!("{} ticks", timer.period),
    );
    Some(())
}

fn buffer(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
    capacity: u16,
    holds_messages: bool,
) -> Option<()> {
    let buffer = BufferView::load(&view.nvm, object.offset).ok()?;
    let at = object.offset;
    let is_capacity = checker.that(
        buffer.capacity == capacity,
        Buffer,
        subject,
        at + BufferView::CAPACITY_AT,
        || format!("capacity {capacity}"),
        || format!("capacity {}", buffer.capacity),
    );
    checker.that(
        buffer.unused == 0,
        Buffer,
        subject,
        at + BufferView::CAPACITY_AT + 2,
        || "unused bytes that are 0".to_owned(),
        || buffer.unused.to_string(),
    );
    let readers = view.names_at(buffer.reading.head().get());
    let writers = view.names_at(buffer.writing.head().get());
    let waiting = [readers, writers].concat();
    checker.that(
        waiting.len() <= 1,
        Buffer,
        subject,
        at,
        || "one task that waits to read or to write".to_owned(),
        || names(&waiting),
    );
    let Some(count) = buffer.count else {
        nobody_waits(
            checker,
            Buffer,
            subject,
            at + BufferView::COUNT_AT,
            &waiting,
        );
        return Some(());
    };
    let is_count = checker.that(
        count <= capacity,
        Buffer,
        subject,
        at + BufferView::COUNT_AT,
        || format!("at most {capacity} bytes, or 65535 where it was deleted"),
        || format!("{count} bytes"),
    );
    let is_first = checker.that(
        buffer.first < capacity.max(1),
        Buffer,
        subject,
        at + BufferView::FIRST_AT,
        || format!("a position below {capacity}"),
        || format!("first byte at {}", buffer.first),
    );
    if holds_messages && is_capacity && is_count && is_first {
        messages(checker, view, object, subject, &buffer, count);
    }
    Some(())
}

/// Lengths of messages fill what is in the buffer. Bounded: each takes two bytes at least.
fn messages(
    checker: &mut Checker,
    view: &View<'_>,
    object: &Placed,
    subject: &str,
    buffer: &BufferView,
    count: u16,
) {
    let mut nth = 0_u16;
    while nth < count {
        let left = count - nth;
        let byte = |nth| buffer.byte(&view.nvm, nth).unwrap_or_default();
        let len = u16::from_le_bytes([byte(nth), byte(nth.saturating_add(1))]);
        let fits = checker.that(
            len.saturating_add(2) <= left,
            Buffer,
            subject,
            object.offset
                + BufferView::BYTES_AT
                + (u32::from(buffer.first) + u32::from(nth)) % u32::from(buffer.capacity.max(1)),
            || {
                format!(
                    "the length of a message of at most {} bytes",
                    left.saturating_sub(2)
                )
            },
            || format!("length {len}"),
        );
        if !fits {
            return;
        }
        nth = nth.saturating_add(len).saturating_add(2);
    }
}
