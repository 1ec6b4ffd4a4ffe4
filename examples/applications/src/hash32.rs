//! A hash of 32 bits.

/// Robert Jenkins' hash of a 32-bit integer: each bit of it depends on all bits of the number.
#[must_use]
pub(crate) const fn hash32(number: u32) -> u32 {
    let mut hash = number;
    hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    hash = (hash ^ 0xc761_c23c) ^ (hash >> 19);
    hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    hash = hash.wrapping_add(0xd3a2_646c) ^ (hash << 9);
    hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    (hash ^ 0xb55a_4f09) ^ (hash >> 16)
}
