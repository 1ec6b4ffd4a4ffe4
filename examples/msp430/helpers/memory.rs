//! `memcpy`, `memmove`, `memset` and `memcmp`, at each alignment and length of some.

use core::hint::black_box;

use crate::Compared;

const BYTES: usize = 40;
/// Longer than what is copied at once.
const LONGEST: usize = 19;

/// Bytes that differ.
fn pattern() -> [u8; BYTES] {
    core::array::from_fn(|index| 3 * index as u8 + 1)
}

/// What byte `index` is after `len` bytes from `from` on were copied to `to`.
fn copied(from: usize, to: usize, len: usize, index: usize) -> u8 {
    let source = if (to..to + len).contains(&index) {
        index - to + from
    } else {
        index
    };
    3 * source as u8 + 1
}

/// Calls all of them.
pub(crate) fn compare(compared: &mut Compared) {
    for len in 0..=LONGEST {
        for (from, to) in [
            (0, 20),
            (0, 21),
            (1, 20),
            (1, 21),
            (4, 2),
            (2, 4),
            (3, 8),
            (8, 3),
            (5, 6),
        ] {
            let mut bytes = pattern();
            let (from, to, len) = (black_box(from), black_box(to), black_box(len));
            bytes.copy_within(from..from + len, to);
            let is_same = (0..BYTES).all(|index| bytes[index] == copied(from, to, len, index));
            compared.add("memmove", len, is_same);
            if from + len <= 20 && to >= 20 {
                let mut bytes = pattern();
                let (sources, targets) = bytes.split_at_mut(20);
                targets[to - 20..to - 20 + len].copy_from_slice(&sources[from..from + len]);
                let is_same = (0..BYTES).all(|index| bytes[index] == copied(from, to, len, index));
                compared.add("memcpy", len, is_same);
            }
        }
        for from in 0..2 {
            let mut bytes = pattern();
            let (from, len) = (black_box(from), black_box(len));
            bytes[from..from + len].fill(black_box(0xC3));
            let is_same = bytes.iter().enumerate().all(|(index, byte)| {
                let is_filled = (from..from + len).contains(&index);
                *byte == if is_filled { 0xC3 } else { 3 * index as u8 + 1 }
            });
            compared.add("memset", len, is_same);
        }
        let (left, mut right) = (pattern(), pattern());
        compared.add(
            "memcmp",
            len,
            black_box(&left[..len]) == black_box(&right[..len]),
        );
        if let Some(last) = right.get_mut(len) {
            *last = last.wrapping_add(1);
        }
        // Up to the byte that differs, and with it.
        let (left, right) = (black_box(&left[..]), black_box(&right[..]));
        compared.add("memcmp", len, left[..len].cmp(&right[..len]).is_eq());
        compared.add("memcmp", len, left[..=len].cmp(&right[..=len]).is_lt());
        compared.add("memcmp", len, right[..=len].cmp(&left[..=len]).is_gt());
        compared.add("memcmp", len, left[..=len] != right[..=len]);
    }
}
