//! One damage for each invariant: the check names it, and where.

use intos::host::image::{Image, Invariant, ProgramLayout, check};

use super::gallery::{image, layout};

/// An image that is damaged in a known place.
struct Damaged {
    bytes: Vec<u8>,
    layout: ProgramLayout,
}

impl Damaged {
    fn new() -> Self {
        Self {
            bytes: image(),
            layout: layout(),
        }
    }

    /// Where something lies.
    fn at(&self, kind: &str, name: &str) -> usize {
        let places = self.layout.places();
        let place = places
            .iter()
            .find(|place| place.kind == kind && place.name == name);
        place.unwrap().offset as usize
    }

    /// Stores bytes behind the beginning of something, and answers where.
    fn store(&mut self, kind: &str, name: &str, behind: usize, bytes: &[u8]) -> u32 {
        let at = self.at(kind, name) + behind;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        at as u32
    }

    fn byte(&self, kind: &str, name: &str, behind: usize) -> u8 {
        self.bytes[self.at(kind, name) + behind]
    }

    /// The check finds that this does not hold, there.
    fn expect(&self, invariant: Invariant, at: u32) {
        let image = Image::from_bytes(&self.bytes).unwrap();
        let checked = check(&image, Some(&self.layout));
        assert!(!checked.sound, "{invariant:?} at {at:#x} was not noticed");
        let is_found = checked
            .findings
            .iter()
            .any(|finding| finding.invariant == invariant && finding.offset == at);
        assert!(is_found, "no {invariant:?} at {at:#x} in\n{checked}");
        let name = serde_json::to_value(invariant).unwrap();
        let broken = format!("broken [{}]", name.as_str().unwrap());
        assert!(checked.to_string().contains(&broken));
        assert!(checked.to_string().contains("what to do: "));
    }
}

/// Stores bytes behind the beginning of something: then the invariant does not hold, so many bytes behind it.
fn found(kind: &str, name: &str, behind: usize, bytes: &[u8], invariant: Invariant, at: u32) {
    let mut damaged = Damaged::new();
    let beginning = damaged.at(kind, name) as u32;
    damaged.store(kind, name, behind, bytes);
    damaged.expect(invariant, beginning + at);
}

#[test]
fn the_undamaged_image_is_sound() {
    let image = Image::from_bytes(&image()).unwrap();
    let checked = check(&image, Some(&layout()));
    assert!(checked.sound, "{checked}");
}

#[test]
fn header() {
    for (behind, bytes, at) in [
        (4, &[9][..], 4),
        (8, &[0x55], 8),
        (16, &[1], 16),
        (24, &[0, 0, 0, 0], 24),
        (28, b"DOOR", 28),
    ] {
        found("header", "region", behind, bytes, Invariant::Header, at);
    }
}

#[test]
fn size() {
    let mut damaged = Damaged::new();
    damaged.bytes.truncate(damaged.bytes.len() - 4);
    damaged.expect(Invariant::Size, 12);
    damaged.bytes.extend([0; 8]);
    damaged.expect(Invariant::Size, 12);
}

#[test]
fn undo_logs() {
    found("thread", "waiter", 3, &[0xFF], Invariant::CommitWords, 0);
    found("thread", "waiter", 8, &[254], Invariant::DeferredStores, 8);
    found("kernel", "undo log", 7, &[0], Invariant::CommitWords, 0);
    for header in [
        // A code that there is not; a range in the region's header; one behind the layout; one in the log itself.
        [0x00, 0x01, 0xF0],
        [0x04, 0x00, 0x30],
        [0xFF, 0xFF, 0x3F],
    ] {
        let mut damaged = Damaged::new();
        let (even, odd) = (
            damaged.byte("thread", "waiter", 3),
            damaged.byte("thread", "waiter", 7),
        );
        let live = if even.wrapping_add(1) == odd {
            odd
        } else {
            even
        };
        let [a, b, c] = header;
        let at = damaged.store("thread", "waiter", 12, &[a, b, c, live + 1]);
        damaged.expect(Invariant::LogEntries, at);
    }
}

#[test]
fn list_work() {
    // The operation alone in the log: code 15; `remove` of what is no node; `push back` to what is no list.
    found(
        "kernel",
        "operation log",
        39,
        &[0x40 | 15 << 2],
        Invariant::ListWork,
        39,
    );
    found(
        "kernel",
        "operation log",
        37,
        &[9, 0, 0x40 | 1 << 2],
        Invariant::ListWork,
        37,
    );
    let mut damaged = Damaged::new();
    let node = (damaged.at("control block", "spinner") + 4) / 4;
    let [low, high] = (node as u16).to_le_bytes();
    let at = damaged.store(
        "kernel",
        "operation log",
        35,
        &[9, 0, low, high, 0x40 | 3 << 2],
    );
    damaged.expect(Invariant::ListWork, at);
}

#[test]
fn follow_up() {
    found("kernel", "follow-up", 11, &[0x84], Invariant::FollowUp, 11);
    // `Settle` of a task that there is not.
    found(
        "kernel",
        "follow-up",
        7,
        &[77, 0, 0, 0, 0x82],
        Invariant::FollowUp,
        11,
    );
}

#[test]
fn recovery() {
    // `Bury` in force, of a task whose chain of mutexes leads nowhere.
    let mut damaged = Damaged::new();
    damaged.store("kernel", "follow-up", 7, &[0, 0xFF, 0, 0, 0x83]);
    damaged.store("mutex", "books", 12, &[3, 0]);
    damaged.expect(Invariant::Recovery, 12);
}

#[test]
fn tick_and_running_task() {
    found("kernel", "tick", 0, &[1, 0, 0, 0], Invariant::Tick, 0);
    found("kernel", "tick", 4, &[2, 0, 0, 0], Invariant::Tick, 4);
    found("kernel", "tick", 4, &[1, 0, 0, 0x60], Invariant::Tick, 0);
    found(
        "kernel",
        "current task",
        0,
        &[77],
        Invariant::RunningTask,
        0,
    );
}

#[test]
fn control_blocks() {
    found(
        "control block",
        "taker",
        32,
        &[0x33],
        Invariant::ControlBlock,
        32,
    );
    found(
        "control block",
        "taker",
        33,
        &[9],
        Invariant::ControlBlock,
        33,
    );
    found(
        "control block",
        "taker",
        38,
        &[1],
        Invariant::ControlBlock,
        38,
    );
    found(
        "control block",
        "taker",
        10,
        &[1],
        Invariant::ControlBlock,
        10,
    );
    found(
        "control block",
        "taker",
        22,
        &[1],
        Invariant::ControlBlock,
        22,
    );
}

#[test]
fn lists() {
    // Links of the spinner's node: it is alone in its ready list.
    found(
        "control block",
        "spinner",
        4,
        &[9, 0],
        Invariant::ListLinks,
        4,
    );
    found(
        "control block",
        "spinner",
        6,
        &[9, 0],
        Invariant::ListLinks,
        6,
    );
    found(
        "control block",
        "spinner",
        8,
        &[0, 0],
        Invariant::ListLinks,
        8,
    );
    found("kernel", "ready lists", 4, &[0, 0], Invariant::ListLinks, 4);
    found("kernel", "ready lists", 2, &[9, 0], Invariant::ListLinks, 2);
    // A ring without the head: the spinner's node leads to itself.
    let mut damaged = Damaged::new();
    let link = ((damaged.at("control block", "spinner") + 4) / 4) as u16;
    let at = damaged.store("control block", "spinner", 4, &link.to_le_bytes());
    damaged.expect(Invariant::ListLinks, at);
    // Keys: of a task that waits, and of one that sleeps till a tick that is over, or in the other half.
    found(
        "control block",
        "waiter",
        12,
        &[1],
        Invariant::ListOrder,
        12,
    );
    found(
        "control block",
        "holder",
        3,
        &[0x80],
        Invariant::ListOrder,
        0,
    );
    // The one behind it comes too early then.
    found(
        "control block",
        "sleeper (slot 9)",
        0,
        &[0xFF; 3],
        Invariant::ListOrder,
        40,
    );
    // In a list that does not lead to it; in what is no list.
    let mut damaged = Damaged::new();
    let jobs = (damaged.at("queue", "jobs") / 4) as u16;
    let at = damaged.store("control block", "sleeper (slot 9)", 20, &jobs.to_le_bytes());
    damaged.expect(Invariant::ListMembership, at);
    found(
        "control block",
        "sleeper (slot 9)",
        20,
        &[9, 0],
        Invariant::ListMembership,
        20,
    );
}

#[test]
fn tasks() {
    // Suspended, and in a ready list.
    found(
        "control block",
        "spinner",
        32,
        &[0x80],
        Invariant::TaskState,
        32,
    );
    // In a ready list that is not its priority's.
    found(
        "control block",
        "spinner",
        32,
        &[1, 1],
        Invariant::TaskState,
        8,
    );
    // Without the priority that it inherits; with one that nobody bequeaths.
    found(
        "control block",
        "holder",
        33,
        &[1],
        Invariant::InheritedPriority,
        33,
    );
    found(
        "control block",
        "sleeper (slot 9)",
        33,
        &[6],
        Invariant::InheritedPriority,
        33,
    );
    // A result that goes elsewhere.
    found(
        "control block",
        "receiver",
        24,
        &[0; 4],
        Invariant::BlockedCall,
        24,
    );
}

#[test]
fn a_task_that_waits_is_in_a_system_call() {
    // The steps of its call, in both commit words of its kernel log.
    let mut damaged = Damaged::new();
    damaged.store("thread", "receiver", 68 + 2, &[0]);
    let at = damaged.store("thread", "receiver", 68 + 6, &[0]) - 6;
    damaged.expect(Invariant::BlockedCall, at);
}

#[test]
fn mutexes() {
    found("mutex", "books", 8, &[200], Invariant::MutexHolder, 8);
    // Nobody, though one waits; another generation of the holder; held 0 times.
    found("mutex", "books", 8, &[255], Invariant::MutexHolder, 8);
    found("mutex", "books", 10, &[1], Invariant::MutexHolder, 8);
    found("mutex", "books", 9, &[0], Invariant::MutexHolder, 9);
    found("mutex", "books", 14, &[0], Invariant::MutexChain, 14);
    found("mutex", "books", 12, &[9, 0], Invariant::MutexChain, 12);
    found(
        "control block",
        "holder",
        36,
        &[9, 0],
        Invariant::MutexChain,
        36,
    );
    // Out of its holder's chain, though one waits for it.
    let mut damaged = Damaged::new();
    damaged.store("control block", "holder", 36, &[0, 0]);
    damaged.expect(
        Invariant::MutexChain,
        damaged.at("mutex", "books") as u32 + 14,
    );
}

#[test]
fn objects() {
    // An item, though one waits for it; fewer than there is room for, though one waits to send; more than there is room
    // for; a slot that there is not; deleted, though one waits.
    found("queue", "jobs", 18, &[1], Invariant::Queue, 18);
    found("queue", "full", 18, &[1], Invariant::Queue, 18);
    found("queue", "jobs", 18, &[5], Invariant::Queue, 18);
    found("queue", "jobs", 16, &[4], Invariant::Queue, 16);
    found("queue", "jobs", 18, &[0xFF, 0xFF], Invariant::Queue, 18);
    found("semaphore", "units", 8, &[4], Invariant::Semaphore, 8);
    found("semaphore", "units", 8, &[1], Invariant::Semaphore, 8);
    found("semaphore", "units", 8, &[0xFF; 4], Invariant::Semaphore, 8);
    found(
        "event group",
        "events",
        8,
        &[0b110],
        Invariant::EventGroup,
        8,
    );
    found(
        "event group",
        "events",
        11,
        &[0x80],
        Invariant::EventGroup,
        8,
    );
    found(
        "event group",
        "events",
        11,
        &[0x01],
        Invariant::EventGroup,
        8,
    );
    found("timer", "beat", 12, &[0; 4], Invariant::Timer, 12);
    found("timer", "beat", 11, &[0], Invariant::Timer, 10);
    found("stream buffer", "stream", 18, &[17], Invariant::Buffer, 18);
    found("stream buffer", "stream", 16, &[16], Invariant::Buffer, 16);
    found("stream buffer", "stream", 20, &[99], Invariant::Buffer, 20);
    found(
        "stream buffer",
        "stream",
        18,
        &[0xFF, 0xFF],
        Invariant::Buffer,
        18,
    );
    // The length of the message in it.
    found(
        "message buffer",
        "messages",
        28,
        &[99],
        Invariant::Buffer,
        28,
    );
}

#[test]
fn heaps() {
    found("heap", "heap", 0, b"HEEP", Invariant::HeapHeader, 0);
    found("heap", "heap", 4, &[1], Invariant::HeapHeader, 4);
    // The block's end without its begin, and one more behind it.
    found("heap", "heap", 56, &[0b10], Invariant::HeapMap, 56);
    found("heap", "heap", 58, &[0b1000], Invariant::HeapMap, 58);
    found("heap", "heap", 8 + 3, &[0xFF], Invariant::CommitWords, 8);
}

#[test]
fn replay_tables() {
    // The generation of its system calls, in both commit words of its kernel log.
    let mut damaged = Damaged::new();
    damaged.store("thread", "spinner", 68 + 1, &[254]);
    let at = damaged.store("thread", "spinner", 68 + 5, &[254]) - 5;
    damaged.expect(Invariant::ReplayTables, at);
    found("thread", "spinner", 208, &[1, 0], Invariant::Progress, 208);
    found("thread", "spinner", 212, &[2, 0], Invariant::Progress, 212);
}

/// No bit of these can change without being noticed.
#[test]
fn every_bit_of_what_binds_the_kernel_together_is_noticed() {
    let damaged = Damaged::new();
    for (kind, name, bytes) in [
        ("header", "region", 0..32),
        ("kernel", "ready lists", 0..64),
        ("kernel", "delay lists", 0..16),
        ("kernel", "wait list of notifications", 0..8),
        // The state node of a task that is ready, but its key, which means nothing there; and the event node.
        ("control block", "spinner", 4..12),
        ("control block", "spinner", 20..24),
        // The event node of a task that waits, behind the byte of its key that may be another class's.
        ("control block", "waiter", 13..24),
        ("control block", "waiter", 25..28),
        ("control block", "waiter", 33..40),
        ("mutex", "books", 0..16),
        ("queue", "jobs", 0..16),
        ("queue", "jobs", 18..20),
        ("semaphore", "units", 0..12),
        ("event group", "events", 0..8),
        ("timer service", "timers", 0..24),
        ("timer", "beat", 4..10),
        ("stream buffer", "stream", 0..16),
        ("stream buffer", "stream", 20..24),
        ("heap", "heap", 0..8),
        // Of the map of its blocks.
        ("heap", "heap", 56..64),
    ] {
        for behind in bytes {
            for bit in 0..8 {
                let mut bytes = damaged.bytes.clone();
                bytes[damaged.at(kind, name) + behind] ^= 1 << bit;
                let image = Image::from_bytes(&bytes);
                let is_noticed =
                    image.map_or(true, |image| !check(&image, Some(&damaged.layout)).sound);
                assert!(is_noticed, "{kind} {name}: bit {bit} of byte {behind}");
            }
        }
    }
}
