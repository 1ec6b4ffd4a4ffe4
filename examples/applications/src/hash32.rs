//! A hash.

/// Robert Jenkins' hash of 32 bits to 32 bits.
pub(crate) const fn hash32(number: u32) -> u32 {
    let mut hash = number.wrapping_add(0x7ED5_5D16).wrapping_add(number << 12);
    hash = (hash ^ 0xC761_C23C) ^ (hash >> 19);
    hash = hash.wrapping_add(0x1656_67B1).wrapping_add(hash << 5);
    hash = hash.wrapping_add(0xD3A2_646C) ^ (hash << 9);
    hash = hash.wrapping_add(0xFD70_46C5).wrapping_add(hash << 3);
    (hash ^ 0xB55A_4F09) ^ (hash >> 16)
}
