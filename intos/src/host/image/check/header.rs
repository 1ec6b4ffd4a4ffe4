//! The region's header.

use nvm_core::{Phase, RegionHeader};

use super::finding::Checker;
use super::invariant::Invariant::{Header, Size};
use crate::host::image::bytes::Image;
use crate::host::image::program::ProgramLayout;

const SUBJECT: &str = "region header";

/// Verifies the header, but what of it is the program's.
pub(super) fn check(checker: &mut Checker, image: &Image) {
    let header = image.header();
    checker.that(
        header.magic == RegionHeader::MAGIC,
        Header,
        SUBJECT,
        RegionHeader::MAGIC_AT,
        || format!("magic \"{}\"", RegionHeader::MAGIC.escape_ascii()),
        || format!("\"{}\"", header.magic.escape_ascii()),
    );
    checker.that(
        header.version == RegionHeader::FORMAT_VERSION,
        Header,
        SUBJECT,
        RegionHeader::VERSION_AT,
        || format!("format version {}", RegionHeader::FORMAT_VERSION),
        || format!("format version {}", header.version),
    );
    checker.that(
        header.reserved == [0; 8],
        Header,
        SUBJECT,
        RegionHeader::RESERVED_AT,
        || "reserved bytes that are 0".to_owned(),
        || format!("{:02x?}", header.reserved),
    );
    checker.that(
        header.checksum == header.computed_checksum,
        Header,
        SUBJECT,
        RegionHeader::CHECKSUM_AT,
        || {
            format!(
                "checksum {:#010x}, of what is there",
                header.computed_checksum
            )
        },
        || format!("checksum {:#010x}", header.checksum),
    );
    let phase = |bytes: [u8; 4]| format!("phase {bytes:02x?}");
    if let Phase::Damaged(bytes) = header.phase {
        checker.that(
            false,
            Header,
            SUBJECT,
            RegionHeader::PHASE_AT,
            || phase(Phase::READY),
            || phase(bytes),
        );
    } else {
        checker.verified += 1;
    }
    checker.that(
        header.size == image.bytes(),
        Size,
        "region",
        RegionHeader::SIZE_AT,
        || format!("{} bytes, as its header says", header.size),
        || format!("{} bytes", image.bytes()),
    );
}

/// Verifies what of the header is the program's; and answers whether the image is long enough for its layout.
pub(super) fn check_program(checker: &mut Checker, image: &Image, program: &ProgramLayout) -> bool {
    let header = image.header();
    checker.that(
        header.fingerprint == program.fingerprint(),
        Header,
        SUBJECT,
        RegionHeader::FINGERPRINT_AT,
        || {
            format!(
                "fingerprint {:#010x}, that of \"{}\"",
                program.fingerprint(),
                program.name()
            )
        },
        || format!("fingerprint {:#010x}", header.fingerprint),
    );
    checker.that(
        image.bytes() >= program.bytes(),
        Size,
        "region",
        image.bytes(),
        || format!("{} bytes at least, which the layout needs", program.bytes()),
        || format!("{} bytes", image.bytes()),
    )
}
