//! Which operations there are, with the peers' numbers and the goals.
//!
//! The peers' numbers were measured once, on the same emulated processor: `IntOS` is the research code of the OSDI '24
//! paper, crash-safe; `FreeRTOS` is V11 at `-O2`, and persists nothing.

/// Operations that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) rows: &'static [Row],
}

/// An operation.
#[derive(Debug)]
pub(super) struct Row {
    /// What the firmware knows it by.
    pub(super) name: &'static str,
    /// For people.
    pub(super) label: &'static str,
    /// What is around the operation and not its own: other operations, each so many times.
    pub(super) minus: &'static [(&'static str, f64)],
    /// `IntOS`: instructions and bytes of NVM.
    pub(super) intos: Option<(u32, u32)>,
    /// `FreeRTOS`: instructions.
    pub(super) freertos: Option<u32>,
    /// The goal: instructions and bytes of NVM.
    pub(super) goal: Option<(u32, u32)>,
}

/// In one persistent loop.
const LOOP: &[(&str, f64)] = &[("loop", 1.0)];
/// A peer is in one, too.
const TWO_LOOPS: &[(&str, f64)] = &[("loop", 2.0)];
/// Between two readings of the timer.
const WINDOW: &[(&str, f64)] = &[("window", 1.0)];
/// In an ordinary loop.
const PLAIN: &[(&str, f64)] = &[("plain-loop", 1.0)];

const fn row(
    name: &'static str,
    minus: &'static [(&'static str, f64)],
    label: &'static str,
) -> Row {
    Row {
        name,
        label,
        minus,
        intos: None,
        freertos: None,
        goal: None,
    }
}

impl Row {
    const fn intos(mut self, instructions: u32, bytes: u32) -> Self {
        self.intos = Some((instructions, bytes));
        self
    }

    const fn freertos(mut self, instructions: u32) -> Self {
        self.freertos = Some(instructions);
        self
    }

    const fn goal(mut self, instructions: u32, bytes: u32) -> Self {
        self.goal = Some((instructions, bytes));
        self
    }
}

/// All of them.
pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "Operations of the kernel",
        rows: &[
            row("empty", LOOP, "transaction, empty")
                .intos(18, 44)
                .goal(14, 4),
            row("word", LOOP, "transaction, one 4-byte write, logged")
                .intos(53, 96)
                .goal(30, 16),
            row("field", LOOP, "the same field inside a 64-byte object")
                .intos(150, 216)
                .goal(30, 16),
            row("three", LOOP, "transaction, three 4-byte writes, logged").goal(70, 40),
            row(
                "write-first",
                LOOP,
                "transaction, write-first (not logged), 4 bytes",
            )
            .goal(20, 8),
            row(
                "now",
                LOOP,
                "a system call that does nothing (read the clock) in a transaction",
            )
            .intos(48, 103)
            .goal(40, 12),
            row(
                "send-receive",
                LOOP,
                "queue: send + receive of one word, not blocking",
            )
            .intos(511, 585)
            .freertos(149)
            .goal(250, 72),
            row(
                "ping-pong",
                TWO_LOOPS,
                "queue: ping-pong between two tasks, round trip",
            )
            .intos(1667, 2018)
            .freertos(789)
            .goal(900, 250),
            row("yield", LOOP, "yield to a peer and back (2 switches)")
                .intos(195, 150)
                .freertos(100)
                .goal(130, 16),
            row("take-give", LOOP, "semaphore: take + give")
                .intos(242, 293)
                .freertos(97)
                .goal(180, 40),
            row("event", LOOP, "event group: set + wait, bit set")
                .intos(366, 530)
                .freertos(147)
                .goal(250, 50),
            row("allocate", LOOP, "allocate 16 bytes, and free them")
                .intos(154, 239)
                .freertos(214)
                .goal(180, 40),
            row("create", WINDOW, "create a task")
                .intos(307, 452)
                .freertos(431)
                .goal(307, 150),
            row("loop", &[], "one iteration of `nv_for_loop!`, empty body")
                .intos(25, 40)
                .goal(20, 6),
            row(
                "boot-1",
                WINDOW,
                "boot to first task after a power loss, 1 task",
            )
            .intos(228, 157)
            .goal(228, 64),
            row("boot-4", WINDOW, "the same, 4 tasks")
                .intos(228, 157)
                .goal(228, 64),
            row("boot-7", WINDOW, "the same, 7 tasks")
                .intos(228, 157)
                .goal(228, 64),
            row("boot-64", WINDOW, "the same, 64 tasks").goal(228, 64),
        ],
    },
    Group {
        title: "Further calls of the kernel",
        rows: &[
            row("result", LOOP, "transaction with a result of 4 bytes"),
            row("sample", LOOP, "transaction with a sample of 4 bytes"),
            row("abort", LOOP, "transaction that writes a word and aborts"),
            row(
                "front-receive",
                LOOP,
                "queue: send to the front + receive, not blocking",
            ),
            row("peek", LOOP, "queue: peek"),
            row("overwrite", LOOP, "queue: overwrite, full"),
            row("count", LOOP, "queue: count"),
            row("reset", LOOP, "queue: reset, empty"),
            row(
                "hand-over",
                TWO_LOOPS,
                "semaphore: give to a waiting task, and back (2 switches)",
            ),
            row("available", LOOP, "semaphore: free units"),
            row("lock", LOOP, "mutex: lock + unlock, nobody waits"),
            row(
                "recursive-lock",
                LOOP,
                "recursive mutex: lock + unlock, nobody waits",
            ),
            row(
                "contend",
                &[("hand-over", 1.0)],
                "mutex: lock, wait of a more urgent task, inherit, unlock, its lock and unlock (2 switches)",
            ),
            row(
                "event-wakes",
                TWO_LOOPS,
                "event group: set for a waiting task, and back (2 switches)",
            ),
            row(
                "event-sync",
                TWO_LOOPS,
                "event group: two tasks meet (2 switches)",
            ),
            row("event-get", LOOP, "event group: get"),
            row("event-clear", LOOP, "event group: clear"),
            row("notify", LOOP, "notification: give + take of one task"),
            row(
                "notify-wakes",
                TWO_LOOPS,
                "notification: give to a waiting task, and back (2 switches)",
            ),
            row("stream", LOOP, "stream buffer: write + read, 4 bytes"),
            row("message", LOOP, "message buffer: send + receive, 4 bytes"),
            row(
                "shared",
                LOOP,
                "shared object: new + release of the last reference",
            ),
            row(
                "shared-lock",
                LOOP,
                "shared object: lock + unlock, nobody waits",
            ),
            row(
                "suspend-resume",
                LOOP,
                "task: suspend + resume of a waiting task",
            ),
            row(
                "priority",
                LOOP,
                "task: change of a waiting task's priority, and back",
            ),
            row("task-state", LOOP, "task: state of another task"),
            row("task-priority", LOOP, "task: priority of another task"),
            row(
                "delay",
                LOOP,
                "task: delay by a tick, with tick and wake-up (2 switches)",
            ),
            row("timer-start-stop", LOOP, "timer: start + stop"),
            row(
                "timer-expiry",
                LOOP,
                "timer: an expiry, with the sleep before it (2 switches)",
            ),
            row("timer-reset", LOOP, "timer: reset, running"),
            row(
                "timer-period",
                LOOP,
                "timer: change of the period, standing",
            ),
            row("timer-active", LOOP, "timer: whether it runs"),
            row("isr", LOOP, "interrupt whose handler makes no call"),
            row("isr-send", WINDOW, "interrupt: queue send, nobody waits"),
            row(
                "isr-release",
                WINDOW,
                "interrupt: semaphore give, nobody waits",
            ),
            row(
                "isr-receive",
                WINDOW,
                "interrupt: queue receive, nobody waits",
            ),
            row(
                "isr-event",
                WINDOW,
                "interrupt: event group set, nobody waits",
            ),
            row(
                "isr-wakes",
                TWO_LOOPS,
                "interrupt: queue send to a waiting task, and back (2 switches)",
            ),
        ],
    },
    Group {
        title: "Single crates, without the kernel",
        rows: &[
            row("core-store", PLAIN, "`nvm-core`: store of a word"),
            row("core-load", PLAIN, "`nvm-core`: load of a word"),
            row("tx-empty", PLAIN, "`nvm-tx`: commit with a mark, no write")
                .intos(18, 44)
                .goal(14, 4),
            row("tx-word", PLAIN, "`nvm-tx`: one 4-byte write, logged")
                .intos(53, 96)
                .goal(30, 16),
            row(
                "tx-field",
                PLAIN,
                "`nvm-tx`: the same field inside a 64-byte object",
            )
            .intos(150, 216)
            .goal(30, 16),
            row("tx-three", PLAIN, "`nvm-tx`: three 4-byte writes, logged").goal(70, 40),
            row(
                "ptr-write-first",
                PLAIN,
                "`nvm-ptr`: write-first through `Ptr`, 4 bytes",
            ),
            row(
                "ptr-write-first-mark",
                PLAIN,
                "`nvm-ptr`: the same, commit with a mark",
            )
            .goal(20, 8),
            row(
                "alloc-free",
                PLAIN,
                "`nvm-alloc`: allocate 16 bytes, and free them",
            )
            .goal(180, 40),
            row(
                "list-push-pop",
                PLAIN,
                "`nvm-list`: push to the back + pop from the front",
            ),
            row(
                "replay-loop",
                &[],
                "`replay`: one iteration of `nv_for_loop!`, empty body",
            )
            .intos(25, 40)
            .goal(20, 6),
            row(
                "replay-empty",
                &[("replay-loop", 1.0)],
                "`replay`: transaction, empty",
            )
            .intos(18, 44)
            .goal(14, 4),
            row(
                "replay-word",
                &[("replay-loop", 1.0)],
                "`replay`: transaction, one 4-byte write, logged",
            )
            .intos(53, 96)
            .goal(30, 16),
            row(
                "replay-result",
                &[("replay-loop", 1.0)],
                "`replay`: transaction with a result of 4 bytes",
            ),
            row(
                "replay-sample",
                &[("replay-loop", 1.0)],
                "`replay`: sample of 4 bytes",
            ),
            row(
                "replay-write-first",
                &[("replay-loop", 1.0)],
                "`replay`: transaction, write-first (not logged), 4 bytes",
            )
            .goal(20, 8),
        ],
    },
];
