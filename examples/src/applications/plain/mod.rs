//! The applications' computations, written plainly: ordinary vectors and maps, no persistence, no kernel. They share
//! nothing with the applications but the shape of the results, so that a slip in one does not hide in the other.
//!
//! A module for each application; its `results` are those of the application at a scale.

pub mod ar;
pub mod bc;
pub mod dnn;
pub mod em;
pub mod etl;
pub mod kv;
pub mod mq;
pub mod pred;
pub mod sense;
pub mod stats;
pub mod train;

/// The checksum that the results have for many numbers: a polynomial in 31, modulo 2³².
fn checksum(numbers: impl IntoIterator<Item = u32>) -> u32 {
    numbers.into_iter().fold(0, |sum: u32, number| {
        sum.wrapping_mul(31).wrapping_add(number)
    })
}

/// The same of signed numbers, each modulo 2³².
fn checksum_of_signed(numbers: &[i64]) -> u32 {
    checksum(numbers.iter().map(|number| number.cast_unsigned() as u32))
}

/// Robert Jenkins' hash of a 32-bit integer.
fn jenkins(mut a: u32) -> u32 {
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = a ^ 0xc761_c23c ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a ^ 0xb55a_4f09 ^ (a >> 16)
}
