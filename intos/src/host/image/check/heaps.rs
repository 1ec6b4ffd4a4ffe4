//! Heaps: formatted for their area, and a map that is made of blocks.

use nvm_alloc::AllocError;
use nvm_alloc::inspect::HeapView;

use super::finding::Checker;
use super::invariant::Invariant::{HeapHeader, HeapMap};
use crate::host::image::view::{View, title};

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    for (object, heap) in view.program.heaps() {
        let subject = title(object);
        let Ok(stored) = HeapView::load(&view.nvm, heap) else {
            continue;
        };
        checker.that(
            stored.magic == HeapView::MAGIC,
            HeapHeader,
            &subject,
            stored.magic_at,
            || format!("magic \"{}\"", HeapView::MAGIC.escape_ascii()),
            || format!("\"{}\"", stored.magic.escape_ascii()),
        );
        checker.that(
            stored.granules == stored.expected_granules,
            HeapHeader,
            &subject,
            stored.granules_at,
            || {
                format!(
                    "{} granules, which its area has room for",
                    stored.expected_granules
                )
            },
            || format!("{} granules", stored.granules),
        );
        let statistics = heap.statistics(&view.nvm);
        let wrong_at = match statistics {
            Err(AllocError::Damaged { offset }) => offset,
            _ => stored.bitmap.offset(),
        };
        checker.that(
            statistics.is_ok(),
            HeapMap,
            &subject,
            wrong_at,
            || "in turn the begin and the end of a block, within the heap".to_owned(),
            || {
                let byte = nvm_core::Nvm::read_u8(&view.nvm, wrong_at).unwrap_or_default();
                format!("{byte:#010b}, where a begin or an end has no partner")
            },
        );
    }
}
