//! Key-value store.

use std::collections::HashMap;
use std::ops::Range;

use example_applications::Results;
use example_applications::kv::{Buckets, Table};
use intos::Shared;

/// The keys found before and after the deletion, the entries left, and the bytes that these take in the heap.
pub fn results(scale: u16) -> Results {
    let mut table = HashMap::new();
    let (mut before, mut after) = (0, 0);
    for _round in 0..scale {
        for task in [0..20, 20..40] {
            table.extend(task.clone().map(|key| (key, key + 42)));
            before += found(&table, task.clone());
            table.retain(|key, _| !task.contains(key) || (key % 5 != 0 && key % 5 != 3));
            after += found(&table, task);
        }
    }
    let entries = table.len() as u32;
    let right = found(&table, 0..40);
    // What the heap holds: each entry, and once the buckets that the tasks share, in units of 8 bytes.
    let bytes = entries * Table::ENTRY_BYTES + Shared::<Buckets>::BYTES.next_multiple_of(8);
    [before, after, right, bytes]
}

/// How many of the keys are there with the right values.
fn found(table: &HashMap<u32, u32>, keys: Range<u32>) -> u32 {
    keys.filter(|key| table.get(key) == Some(&(key + 42)))
        .count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked as _, Kv};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Kv::EXPECTED);
    }
}
