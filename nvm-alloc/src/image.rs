//! A heap as a part of an image: for tools on the host.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use nvm_core::image::{Checker, Fact, InFlight, Memory, Part, hex};
use nvm_core::{Area, Nvm, Objects};
use nvm_tx::image::UndoLogPart;

use crate::inspect::HeapView;
use crate::{AllocError, Heap};

/// A heap of a program: [`Description::part`](nvm_core::image::Description::part). It is described behind the undo log of
/// the transactions that allocate from it, which is recovered first.
#[derive(Debug, Clone, Copy)]
pub struct HeapPart {
    area: Area,
}

impl HeapPart {
    /// The heap that [`Heap::format`] made in an area.
    pub const fn new(area: Area) -> Self {
        Self { area }
    }

    fn heap(self, nvm: &Memory) -> Option<(Heap, HeapView)> {
        let heap = Heap::at(self.area).ok()?;
        Some((heap, HeapView::load(nvm, heap).ok()?))
    }

    /// The log of what is allocated without a transaction.
    fn log(self, nvm: &Memory) -> Option<UndoLogPart> {
        let (_, view) = self.heap(nvm)?;
        Some(UndoLogPart::new(view.log))
    }
}

impl Part for HeapPart {
    fn kind(&self) -> &'static str {
        "heap"
    }

    fn area(&self) -> Area {
        self.area
    }

    fn facts(&self, nvm: &Memory, _: &Objects) -> Vec<Fact> {
        let Some((heap, view)) = self.heap(nvm) else {
            return Vec::new();
        };
        let mut facts = Vec::new();
        match heap.statistics(nvm) {
            Ok(statistics) => facts.extend([
                Fact::new("used", format!("{} bytes", statistics.used)),
                Fact::new("free", format!("{} bytes", statistics.free)),
                Fact::new(
                    "largest free block",
                    format!("{} bytes", statistics.largest_free),
                ),
            ]),
            Err(error) => {
                facts.push(Fact::new("map", error.to_string()).at(view.bitmap.offset()));
            }
        }
        let blocks = heap.blocks(nvm).into_iter().flatten().map_while(Result::ok);
        let blocks: Vec<Fact> = blocks
            .map(|block| {
                Fact::new(hex(block.offset), format!("{} bytes", block.bytes)).at(block.offset)
            })
            .collect();
        facts.push(Fact::new("blocks", blocks.len().to_string()).with(blocks));
        facts
    }

    fn in_flight(&self, nvm: &Memory) -> Vec<InFlight> {
        self.log(nvm)
            .map_or_else(Vec::new, |log| log.in_flight(nvm))
    }

    fn verify_logs(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        let Some((_, view)) = self.heap(nvm) else {
            checker.that(
                false,
                "heap-header",
                subject,
                self.area.offset(),
                || "an area that is large enough, within the image".to_owned(),
                || format!("{} bytes", self.area.len()),
            );
            return;
        };
        checker.that(
            view.magic == HeapView::MAGIC,
            "heap-header",
            subject,
            view.magic_at,
            || format!("magic \"{}\"", HeapView::MAGIC.escape_ascii()),
            || format!("\"{}\"", view.magic.escape_ascii()),
        );
        checker.that(
            view.granules == view.expected_granules,
            "heap-header",
            subject,
            view.granules_at,
            || {
                format!(
                    "{} granules, which its area has room for",
                    view.expected_granules
                )
            },
            || format!("{} granules", view.granules),
        );
        UndoLogPart::new(view.log).verify_logs(nvm, &format!("undo log of {subject}"), checker);
    }

    fn recover(&self, nvm: &Memory) -> Result<(), String> {
        let opened = Heap::open(nvm, self.area);
        opened.map(drop).map_err(|error| error.to_string())
    }

    fn verify(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        let Some((heap, view)) = self.heap(nvm) else {
            return;
        };
        let statistics = heap.statistics(nvm);
        let wrong_at = match statistics {
            Err(AllocError::Damaged { offset }) => offset,
            _ => view.bitmap.offset(),
        };
        checker.that(
            statistics.is_ok(),
            "heap-map",
            subject,
            wrong_at,
            || "in turn the begin and the end of a block, within the heap".to_owned(),
            || {
                let byte = nvm.read_u8(wrong_at).unwrap_or_default();
                format!("{byte:#010b}, where a begin or an end has no partner")
            },
        );
    }
}
