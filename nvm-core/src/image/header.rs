//! The region's header, told and verified.

use serde_json::{Value, json};

use super::bytes::Image;
use super::check::Checker;
use super::tree::Tree;
use crate::{Phase, RegionHeader};

const SUBJECT: &str = "region header";
const HEADER: &str = "header";
const SIZE: &str = "size";

/// Verifies the header, but what of it is the program's: invariants `header` and `size`.
pub fn verify_header(checker: &mut Checker, image: &Image) {
    let header = image.header();
    checker.that(
        header.magic == RegionHeader::MAGIC,
        HEADER,
        SUBJECT,
        RegionHeader::MAGIC_AT,
        || format!("magic \"{}\"", RegionHeader::MAGIC.escape_ascii()),
        || format!("\"{}\"", header.magic.escape_ascii()),
    );
    checker.that(
        header.version == RegionHeader::FORMAT_VERSION,
        HEADER,
        SUBJECT,
        RegionHeader::VERSION_AT,
        || format!("format version {}", RegionHeader::FORMAT_VERSION),
        || format!("format version {}", header.version),
    );
    checker.that(
        header.reserved == [0; 8],
        HEADER,
        SUBJECT,
        RegionHeader::RESERVED_AT,
        || "reserved bytes that are 0".to_owned(),
        || format!("{:02x?}", header.reserved),
    );
    checker.that(
        header.checksum == header.computed_checksum,
        HEADER,
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
    let damaged = match header.phase {
        Phase::Damaged(bytes) => Some(bytes),
        _ => None,
    };
    checker.that(
        damaged.is_none(),
        HEADER,
        SUBJECT,
        RegionHeader::PHASE_AT,
        || format!("phase {:02x?}", Phase::READY),
        || format!("phase {:02x?}", damaged.unwrap_or_default()),
    );
    checker.that(
        header.size == image.bytes(),
        SIZE,
        "region",
        RegionHeader::SIZE_AT,
        || format!("{} bytes, as its header says", header.size),
        || format!("{} bytes", image.bytes()),
    );
}

/// Verifies what of the header is the program's; and answers whether the image is long enough for its layout.
pub(super) fn verify_program(
    checker: &mut Checker,
    image: &Image,
    (name, fingerprint, bytes): (&str, u32, u32),
) -> bool {
    let header = image.header();
    checker.that(
        header.fingerprint == fingerprint,
        HEADER,
        SUBJECT,
        RegionHeader::FINGERPRINT_AT,
        || format!("fingerprint {fingerprint:#010x}, that of \"{name}\""),
        || format!("fingerprint {:#010x}", header.fingerprint),
    );
    checker.that(
        image.bytes() >= bytes,
        SIZE,
        "region",
        image.bytes(),
        || format!("{bytes} bytes at least, which the layout needs"),
        || format!("{} bytes", image.bytes()),
    )
}

/// Whether a header is one of a region that a program could start from.
pub(super) fn is_whole(image: &Image) -> bool {
    let header = image.header();
    header.checksum == header.computed_checksum
        && !matches!(header.phase, Phase::Damaged(_))
        && header.size == image.bytes()
        && header.version == RegionHeader::FORMAT_VERSION
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Formatting => "formatting",
        Phase::Completing => "completing",
        Phase::Ready => "ready",
        Phase::Damaged(_) => "damaged",
    }
}

/// The header as JSON.
pub fn header_json(image: &Image) -> Value {
    let header = image.header();
    json!({
        "magic": header.magic.escape_ascii().to_string(),
        "is_region": header.magic == RegionHeader::MAGIC,
        "version": header.version,
        "readable_version": RegionHeader::FORMAT_VERSION,
        "fingerprint": header.fingerprint,
        "size": header.size,
        "checksum": header.checksum,
        "checksum_ok": header.checksum == header.computed_checksum,
        "phase": phase(header.phase),
    })
}

/// The header as a tree; with the fingerprint of the program whose layout it is read with.
pub fn header_tree(image: &Image, program: Option<u32>) -> Tree {
    let header = image.header();
    let ok = |is_ok, otherwise: String| if is_ok { "ok".to_owned() } else { otherwise };
    let fingerprint = match program {
        Some(fingerprint) if fingerprint == header.fingerprint => "the program's",
        Some(_) => "not the program's",
        None => "of no program that is known",
    };
    Tree::new("header")
        .with(format!(
            "magic {} ({})",
            header.magic.escape_ascii(),
            ok(
                header.magic == RegionHeader::MAGIC,
                "not a region's".to_owned()
            )
        ))
        .with(format!(
            "format version {} ({})",
            header.version,
            ok(
                header.version == RegionHeader::FORMAT_VERSION,
                format!("this tool reads version {}", RegionHeader::FORMAT_VERSION)
            )
        ))
        .with(format!(
            "fingerprint {:#010x} ({fingerprint})",
            header.fingerprint
        ))
        .with(format!(
            "size {} ({})",
            header.size,
            ok(
                header.size == image.bytes(),
                format!("the image has {} bytes", image.bytes())
            )
        ))
        .with(format!(
            "checksum {:#010x} ({})",
            header.checksum,
            ok(
                header.checksum == header.computed_checksum,
                "wrong".to_owned()
            )
        ))
        .with(format!("phase {}", phase(header.phase)))
}
