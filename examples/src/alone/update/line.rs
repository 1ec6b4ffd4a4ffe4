//! What stands for the world: a compiler that makes firmware, and a bad line that brings it in chunks.

use super::{CHUNK_BYTES, CHUNKS, Chunk, Firmware, Release, checksum};

/// Stands for a compiler: the firmware of a version.
pub fn build(version: u32) -> Firmware {
    let mut firmware = [[0; CHUNK_BYTES]; CHUNKS];
    for (byte, number) in firmware.as_flattened_mut().iter_mut().zip(1_u32..) {
        *byte = (version
            .wrapping_mul(0x9E37_79B9)
            .wrapping_add(number)
            .wrapping_mul(0x85EB_CA6B)
            >> 24) as u8;
    }
    firmware
}

/// The release of a version.
pub fn release_of(version: u32) -> Release {
    let checksum = checksum(build(version).as_flattened());
    Release { version, checksum }
}

/// Stands for a bad line: the chunk of a place of a version's firmware, one in five with a wrong bit.
pub fn request(version: u32, place: u32, number: u32) -> Option<Chunk> {
    let mut bytes = *build(version).get(place as usize)?;
    let checksum = checksum(&bytes);
    if number % 5 == 2 {
        let [first, ..] = &mut bytes;
        *first ^= 0x10;
    }
    Some(Chunk {
        bytes,
        place,
        checksum,
    })
}
