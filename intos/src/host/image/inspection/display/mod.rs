//! An inspection as a tree.

mod objects;

use std::fmt;

use self::objects::object;

use super::{HeaderReport, Inspection, KernelReport, LogReport, TaskReport};
use crate::host::image::text::{count, hex, names};
use nvm_core::image::Tree;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovered = if self.recovered {
            ", as recovered in memory"
        } else {
            ""
        };
        let title = match &self.program {
            Some(program) => format!(
                "{} (layout version {}), {} bytes{recovered}",
                program.name, program.version, self.bytes
            ),
            None => format!("image of {} bytes", self.bytes),
        };
        let mut tree = Tree::new(title);
        if !self.blank {
            tree = tree.with_all([header(self, &self.header)]);
        }
        if !self.layout.is_empty() {
            let places = self.layout.iter().map(|place| {
                let (offset, bytes) = (hex(place.offset), place.bytes);
                Tree::new(format!(
                    "{offset} {bytes:>6}  {} {}",
                    place.kind, place.name
                ))
            });
            tree = tree.with_all([Tree::new("layout: offset, bytes").with_all(places)]);
        }
        if let Some(kernel) = &self.kernel {
            let flight = Tree::new(if self.in_flight.is_empty() {
                "in flight: nothing"
            } else {
                "in flight"
            });
            let under_way = self.in_flight.iter();
            let under_way =
                under_way.map(|what| Tree::new(format!("{}; {}", what.what, what.recovery)));
            tree = tree.with_all([
                flight.with_all(under_way),
                kernel_tree(kernel),
                Tree::new("tasks").with_all(self.tasks.iter().map(task)),
                Tree::new("objects").with_all(self.objects.iter().map(object)),
            ]);
        }
        if let Some(missing) = &self.missing {
            tree = tree.with(format!("not told: {missing}"));
        }
        tree.fmt(f)
    }
}

fn header(inspection: &Inspection, header: &HeaderReport) -> Tree {
    let ok = |is_ok, otherwise: String| if is_ok { "ok".to_owned() } else { otherwise };
    let fingerprint = match &inspection.program {
        Some(program) if program.fingerprint_ok => "the program's",
        Some(_) => "not the program's",
        None => "of no program that is known",
    };
    Tree::new("header")
        .with(format!(
            "magic {} ({})",
            header.magic,
            ok(header.is_region, "not a region's".to_owned())
        ))
        .with(format!(
            "format version {} ({})",
            header.version,
            ok(
                header.version == header.readable_version,
                format!("this tool reads version {}", header.readable_version)
            )
        ))
        .with(format!(
            "fingerprint {:#010x} ({fingerprint})",
            header.fingerprint
        ))
        .with(format!(
            "size {} ({})",
            header.size,
            ok(
                header.size == inspection.bytes,
                format!("the image has {} bytes", inspection.bytes)
            )
        ))
        .with(format!(
            "checksum {:#010x} ({})",
            header.checksum,
            ok(header.checksum_ok, "wrong".to_owned())
        ))
        .with(format!("phase {}", header.phase))
}

fn kernel_tree(kernel: &KernelReport) -> Tree {
    let ready = kernel
        .ready
        .iter()
        .map(|(priority, tasks)| Tree::new(format!("{priority}: {}", names(tasks))));
    let delayed = kernel
        .delayed
        .iter()
        .map(|(task, until)| Tree::new(format!("{task}: until tick {until}")));
    let list_work = match kernel.list_work.as_slice() {
        [] => Tree::new("list work: none"),
        some => Tree::new("list work").with_all(some.iter().map(Tree::new)),
    };
    let branch = |name: &str, is_empty: bool| {
        Tree::new(if is_empty {
            format!("{name}: nobody")
        } else {
            name.to_owned()
        })
    };
    let running = kernel.running.as_deref().unwrap_or("nobody");
    Tree::new("kernel")
        .with(format!("tick {}", kernel.tick))
        .with(format!("running: {running}"))
        .with_all([log("undo log", &kernel.undo_log), list_work])
        .with(format!(
            "follow-up: {}",
            kernel.follow_up.as_deref().unwrap_or("none")
        ))
        .with_all([
            branch("ready, by priority", kernel.ready.is_empty()).with_all(ready),
            branch("delayed", kernel.delayed.is_empty()).with_all(delayed),
        ])
        .with(format!(
            "waiting to be notified: {}",
            names(&kernel.awaiting_notification)
        ))
}

fn log(name: &str, log: &LogReport) -> Tree {
    let sequence = log.sequence.map_or_else(
        || "commit words that contradict each other".to_owned(),
        |sequence| format!("commit {sequence}"),
    );
    let state = match (log.entries.len(), log.deferred) {
        (0, 0) => "nothing in flight".to_owned(),
        (0, deferred) => format!(
            "{} to be done",
            count(deferred as usize, "deferred store", "deferred stores")
        ),
        (entries, _) => format!("{} in flight", count(entries, "entry", "entries")),
    };
    let entries = log.entries.iter().map(|entry| {
        Tree::new(format!(
            "{} of {} at {}: {}",
            entry.kind,
            count(entry.bytes as usize, "byte", "bytes"),
            hex(entry.offset),
            entry.of
        ))
    });
    Tree::new(format!("{name}: {sequence}, {state}")).with_all(entries)
}

fn task(task: &TaskReport) -> Tree {
    let inherited = if task.priority == task.own_priority {
        String::new()
    } else {
        format!(" (inherited; its own is {})", task.own_priority)
    };
    let what = match (&task.waits_for, task.until) {
        (Some(what), Some(until)) => format!(" on {what}, until tick {until}"),
        (Some(what), None) => format!(" on {what}"),
        (None, Some(until)) => format!(" until tick {until}"),
        (None, None) => String::new(),
    };
    let tree = Tree::new(format!(
        "{}: {}{what}, priority {}{inherited}",
        task.name, task.state, task.priority
    ));
    if task.state == "ended" && task.records == 0 {
        return tree;
    }
    let notification = (task.notified || task.notification != 0).then(|| {
        let pending = if task.notified { ", pending" } else { "" };
        format!("notification value {}{pending}", task.notification)
    });
    let holds = (!task.holds.is_empty())
        .then(|| format!("holds, while others want it: {}", names(&task.holds)));
    let generation = (task.generation != 0)
        .then(|| format!("created for the {}. time in its slot", task.generation));
    let loops = task.loops.iter().map(|frame| {
        let ended = if frame.ended { ", ended" } else { "" };
        Tree::new(format!(
            "loop at {}: iteration {}{ended}",
            hex(frame.offset),
            frame.iteration
        ))
    });
    let blocked = if task.in_system_call {
        ", and in one that has blocked it"
    } else {
        ""
    };
    tree.with_some(generation)
        .with_some(notification)
        .with_some(holds)
        .with(format!(
            "starts without a commit: {}",
            task.starts_without_commit
        ))
        .with_all([Tree::new(format!(
            "replay: {}, table of {} bytes",
            count(task.records.into(), "record", "records"),
            task.records_bytes
        ))
        .with_all(loops)])
        .with(format!(
            "running transaction: {} made{blocked}",
            count(task.system_calls.into(), "system call", "system calls")
        ))
        .with_all([
            log("undo log", &task.undo_log),
            log("kernel undo log", &task.kernel_undo_log),
        ])
}
