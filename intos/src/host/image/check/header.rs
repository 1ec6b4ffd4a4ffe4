//! The region's header.

use nvm_core::RegionHeader;

use super::finding::{Checker, Finding};
use super::invariant::Invariant::{Header, Size};
use crate::host::image::program::ProgramLayout;
use nvm_core::image::Image;

const SUBJECT: &str = "region header";

/// Verifies the header, but what of it is the program's.
pub(super) fn check(checker: &mut Checker, image: &Image) {
    let mut plain = nvm_core::image::Checker::default();
    nvm_core::image::verify_header(&mut plain, image);
    checker.verified += plain.verified;
    for finding in plain.findings {
        let invariant = if finding.invariant == "size" {
            Size
        } else {
            Header
        };
        checker.findings.push(Finding {
            invariant,
            subject: finding.subject,
            offset: finding.offset,
            expected: finding.expected,
            found: finding.found,
            advice: invariant.advice(),
        });
    }
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
