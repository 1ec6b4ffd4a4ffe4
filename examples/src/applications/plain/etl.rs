//! What [`Etl`](example_applications::Etl) computes.

use std::collections::{BTreeMap, VecDeque};

use example_applications::Results;

use super::jenkins;

const ROUNDS: u32 = 50;
const WINDOW: usize = 4;
/// The table's 16 buckets with a mutex of 16 bytes and a count of 4, and an entry with key, value and link: multiples of 8.
const TABLE_BYTES: u32 = (16 + 4 + 16 * 4_u32).next_multiple_of(8);
const ENTRY_BYTES: u32 = 12_u32.next_multiple_of(8);

/// The results at a scale.
#[must_use]
pub fn results(scale: u16) -> Results {
    let mut windows = [VecDeque::new(), VecDeque::new()];
    let mut kept = (0, 0);
    let mut table = BTreeMap::new();
    let mut stored = 0;
    for number in 1..=2 * ROUNDS * u32::from(scale) {
        let sensor = usize::from(number % 2 == 0);
        let values = (1..=4).map(|more| ((number + more) % 120) as i16);
        let values: Vec<i16> = values.map(checked).collect();
        let first = interpolate(&mut windows[sensor], values[0]);
        if sensor == 1 {
            kept = (values[2], values[3]);
            continue;
        }
        let time = number as u16;
        let text = i32::from(b'0');
        for value in [first, values[1], kept.0, kept.1] {
            stored = mixed(stored, value.into());
        }
        stored = mixed(mixed(stored, time.into()), text);
        table.insert(u32::from(time) % (2 * ROUNDS), first);
    }
    let entries = table.iter().fold(0, |sum, (key, value)| {
        mixed(mixed(sum, key.cast_signed()), (*value).into())
    });
    let count = table.len() as u32;
    [count, entries, stored, TABLE_BYTES + count * ENTRY_BYTES]
}

/// The range check, and the three filters, which are one when the same bit is looked up in all.
fn checked(value: i16) -> i16 {
    const KNOWN: [u32; 4] = [0, 2, 4, 5];
    match value {
        ..0 | 121.. => -1,
        _ if KNOWN.contains(&(jenkins(value.cast_unsigned().into()) & 7)) => value,
        _ => 0,
    }
}

fn interpolate(window: &mut VecDeque<i16>, value: i16) -> i16 {
    if value != 0 && value != -1 {
        window.push_back(value);
        if window.len() > WINDOW {
            window.pop_front();
        }
        return value;
    }
    let (mut sum, mut count) = (0i16, 0);
    for value in window {
        sum = sum.wrapping_add(*value);
        count += 1;
    }
    if count == 0 { 0 } else { sum / count }
}

fn mixed(sum: u32, number: i32) -> u32 {
    sum.wrapping_mul(31).wrapping_add(number.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use example_applications::{Checked, Etl};

    use super::*;

    #[test]
    fn the_application_expects_the_same() {
        assert_eq!(results(1), Etl::EXPECTED);
    }

    #[test]
    fn later_entries_take_the_places_of_earlier_ones() {
        assert_eq!(results(3), [50, 776_715_764, 1_491_726_380, 888]);
    }
}
