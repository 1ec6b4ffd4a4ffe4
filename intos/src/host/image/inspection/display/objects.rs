//! Objects as trees.

use crate::host::image::inspection::{ObjectReport, ObjectState};
use crate::host::image::text::{count, hex, names};
use nvm_core::image::Tree;

/// An object as a tree.
pub(super) fn object(object: &ObjectReport) -> Tree {
    let title = object.title();
    match &object.state {
        ObjectState::Object {
            type_name,
            value,
            begins_with,
        } => {
            let value = value
                .clone()
                .unwrap_or_else(|| shown(begins_with, object.bytes));
            Tree::new(format!("{title}: {value} ({type_name})"))
        }
        ObjectState::Area { begins_with } => {
            Tree::new(format!("{title}: {}", shown(begins_with, object.bytes)))
        }
        ObjectState::Queue {
            capacity,
            items,
            deleted: is_deleted,
            item_type,
            receivers,
            senders,
        } => Tree::new(format!(
            "{title}: {items} of {capacity} items ({item_type}){}",
            deleted(*is_deleted)
        ))
        .with_all(waiting("receivers", receivers))
        .with_all(waiting("senders", senders)),
        ObjectState::Semaphore {
            count,
            maximum,
            deleted: is_deleted,
            waiting: tasks,
        } => Tree::new(format!(
            "{title}: {count} of {maximum} units free{}",
            deleted(*is_deleted)
        ))
        .with_all(waiting("waiting", tasks)),
        ObjectState::Mutex { .. } => mutex(&title, &object.state),
        ObjectState::EventGroup {
            bits,
            deleted: is_deleted,
            waiting,
        } => {
            let waiting = waiting.iter().map(|awaited| {
                let which = if awaited.all { "all of" } else { "one of" };
                Tree::new(format!(
                    "{} waits for {which} {:#08x}",
                    awaited.task, awaited.bits
                ))
            });
            Tree::new(format!("{title}: bits {bits:#08x}{}", deleted(*is_deleted)))
                .with_all(waiting)
        }
        ObjectState::Timers { running, serving } => {
            Tree::new(format!("{title}: running {}", names(running)))
                .with_all(waiting("serving task, which waits", serving))
        }
        ObjectState::Timer {
            number,
            repeats,
            period,
            expiry,
        } => {
            let kind = if *repeats { "repeats" } else { "once" };
            let expiry = expiry.map_or_else(
                || "does not run".to_owned(),
                |tick| format!("expires at tick {tick}"),
            );
            Tree::new(format!(
                "{title}: number {number}, {kind}, period {period} ticks, {expiry}"
            ))
        }
        ObjectState::Buffer {
            capacity,
            filled,
            deleted: is_deleted,
            reader,
            writer,
        } => Tree::new(format!(
            "{title}: {filled} of {capacity} bytes{}",
            deleted(*is_deleted)
        ))
        .with_all(waiting("reader", reader))
        .with_all(waiting("writer", writer)),
        ObjectState::Heap { .. } => heap(&title, &object.state),
    }
}

fn waiting(what: &str, tasks: &[String]) -> Option<Tree> {
    (!tasks.is_empty()).then(|| Tree::new(format!("{what}: {}", names(tasks))))
}

fn shown(begins_with: &str, bytes: u32) -> String {
    if (begins_with.len() as u32) < 2 * bytes {
        format!("{begins_with}…, {bytes} bytes")
    } else {
        begins_with.to_owned()
    }
}

fn mutex(title: &str, state: &ObjectState) -> Tree {
    let ObjectState::Mutex {
        holder,
        depth,
        deleted: is_deleted,
        waiting: tasks,
    } = state
    else {
        return Tree::new(title);
    };
    let holder = match holder {
        Some(task) if *depth == 1 => format!("held by {task}"),
        Some(task) => format!("held by {task}, {depth} times"),
        None => "held by nobody".to_owned(),
    };
    Tree::new(format!("{title}: {holder}{}", deleted(*is_deleted)))
        .with_all(waiting("waiting", tasks))
}

fn heap(title: &str, state: &ObjectState) -> Tree {
    let ObjectState::Heap {
        used,
        free,
        largest_free,
        blocks,
        damaged_at,
    } = state
    else {
        return Tree::new(title);
    };
    let damage = damaged_at.map(|at| format!("the map is damaged at {}", hex(at)));
    let blocks_below = blocks.iter().map(|block| {
        let lost = if block.mentioned {
            ""
        } else {
            ": its offset stands nowhere, is it lost?"
        };
        Tree::new(format!(
            "{} {:>6} bytes{lost}",
            hex(block.offset),
            block.bytes
        ))
    });
    Tree::new(format!(
        "{title}: {used} bytes used in {}, {free} free, the largest free block {largest_free}",
        count(blocks.len(), "block", "blocks")
    ))
    .with_some(damage)
    .with_all(blocks_below)
}

const fn deleted(is: bool) -> &'static str {
    if is { ", deleted" } else { "" }
}
