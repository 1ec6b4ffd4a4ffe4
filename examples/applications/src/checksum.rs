//! Many numbers as one.

/// Tells numbers from others, and from the same in another order.
#[must_use]
pub const fn checksum(numbers: &[i32]) -> u32 {
    let mut sum: u32 = 0;
    let mut index = 0;
    while index < numbers.len() {
        sum = sum
            .wrapping_mul(31)
            .wrapping_add(numbers[index].cast_unsigned());
        index += 1;
    }
    sum
}
