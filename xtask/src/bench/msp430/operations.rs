//! Which operations there are: those of single crates.

use crate::bench::rows::{GROUPS, Row};

/// Programs and the operations that they have. The places of these, over all of them, are the numbers that the firmware
/// knows them by, in `examples/msp430/bench`.
pub(super) const PROGRAMS: [(&str, &[&str]); 3] = [
    (
        "bench-transactions",
        &["plain-loop", "tx-empty", "tx-word", "tx-field", "tx-three"],
    ),
    (
        "bench-pointers",
        &[
            "ptr-write-first",
            "ptr-write-first-mark",
            "alloc-free",
            "list-push-pop",
        ],
    ),
    (
        "bench-replay",
        &[
            "replay-loop",
            "replay-empty",
            "replay-word",
            "replay-result",
            "replay-sample",
            "replay-write-first",
        ],
    ),
];

/// Which of the programs has an operation, and the number there.
pub(super) fn find(name: &str) -> Result<(usize, u16), String> {
    let mut number = 0;
    for (program, (_, names)) in PROGRAMS.iter().enumerate() {
        for other in *names {
            if *other == name {
                return Ok((program, number));
            }
            number += 1;
        }
    }
    Err(format!("the firmware does not know the operation `{name}`"))
}

/// All that are shown, as those of the other processor.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS
        .iter()
        .flat_map(|group| group.rows)
        .filter(|row| find(row.name).is_ok())
}
