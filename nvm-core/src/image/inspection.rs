//! What is in an image of a program without a kernel.

use std::fmt;

use serde_json::{Value, json};

use super::bytes::{Image, Memory};
use super::description::Description;
use super::header::{header_json, header_tree};
use super::part::{Fact, InFlight};
use super::tree::Tree;
use super::{SHAPE, hex};
use crate::Phase;
use crate::objects::ObjectEntry;

/// What is in an image.
#[derive(Debug, Clone)]
pub struct Inspection {
    bytes: u32,
    blank: bool,
    recovered: bool,
    header: (Tree, Value),
    program: Option<(String, u32, u32, bool)>,
    missing: Option<String>,
    layout: Vec<ObjectEntry>,
    in_flight: Option<Vec<InFlight>>,
    objects: Vec<Fact>,
    parts: Vec<Fact>,
}

/// Looks at an image as it is: without a program at its header only.
pub fn inspect(image: &Image, program: Option<&Description>) -> Inspection {
    look(image, image.memory(), program, false)
}

/// Looks at a copy that was recovered in memory, as the next start does.
///
/// # Errors
///
/// What the start would end with.
pub fn inspect_recovered(image: &Image, program: &Description) -> Result<Inspection, String> {
    let copy = image.copy();
    if image.bytes() >= program.bytes() && !is_unformatted(image) {
        program.recover(&copy)?;
    }
    Ok(look(image, &copy, Some(program), true))
}

pub(super) fn is_unformatted(image: &Image) -> bool {
    image.is_blank() || image.header().phase == Phase::Formatting
}

fn look(
    image: &Image,
    memory: &Memory,
    program: Option<&Description>,
    recovered: bool,
) -> Inspection {
    let fingerprint = program.map(Description::fingerprint);
    let mut inspection = Inspection {
        bytes: image.bytes(),
        blank: image.is_blank(),
        recovered,
        header: (header_tree(image, fingerprint), header_json(image)),
        program: program.map(|program| {
            let is_its = program.fingerprint() == image.header().fingerprint;
            (
                program.name.clone(),
                program.version,
                program.bytes(),
                is_its,
            )
        }),
        missing: None,
        layout: Vec::new(),
        in_flight: None,
        objects: Vec::new(),
        parts: Vec::new(),
    };
    inspection.missing = if inspection.blank {
        Some("it is blank: the next start formats it".to_owned())
    } else if is_unformatted(image) {
        Some("the power went in the first boot: the next start formats it again".to_owned())
    } else {
        match program {
            None => Some(
                "tasks and objects: their names and places are the program's, and the image holds but a fingerprint of \
                 them. Read it with a tool that knows the program: a few lines, see docs/images.md"
                    .to_owned(),
            ),
            Some(program) if image.bytes() < program.bytes() => Some(format!(
                "objects: the image has {} bytes and the layout needs {}",
                image.bytes(),
                program.bytes()
            )),
            Some(program) => {
                inspection.look_at(memory, program);
                None
            }
        }
    };
    inspection
}

impl Inspection {
    fn look_at(&mut self, memory: &Memory, program: &Description) {
        let bytes = memory.image();
        self.layout = program.objects.entries().cloned().collect();
        self.in_flight = Some(in_flight(memory, program));
        let is_of_a_part = |entry: &&ObjectEntry| {
            let offset = entry.offset();
            !program.parts.iter().any(|(_, part)| {
                let area = part.area();
                offset >= area.offset() && offset - area.offset() < area.len()
            })
        };
        let objects = program.objects.entries().filter(|entry| entry.is_object());
        self.objects = objects
            .filter(is_of_a_part)
            .map(|entry| object(entry, &bytes))
            .collect();
        self.parts = program
            .parts
            .iter()
            .map(|(name, part)| {
                let facts = part.facts(memory, &program.objects);
                Fact::new(format!("{} {name}", part.kind()), "")
                    .at(part.area().offset())
                    .with(facts)
            })
            .collect();
    }

    /// All of it, for programs.
    pub fn json(&self) -> Value {
        let facts = |facts: &[Fact]| facts.iter().map(Fact::json).collect::<Vec<_>>();
        let in_flight = self.in_flight.iter().flatten().map(InFlight::json);
        json!({
            "shape": SHAPE,
            "bytes": self.bytes,
            "blank": self.blank,
            "recovered": self.recovered,
            "header": self.header.1,
            "program": self.program.as_ref().map(|(name, version, bytes, is_its)| json!({
                "name": name, "version": version, "bytes": bytes, "fingerprint_ok": is_its,
            })),
            "missing": self.missing,
            "layout": self.layout.iter().map(|entry| json!({
                "offset": entry.offset(), "bytes": entry.len(), "kind": kind(entry), "name": entry.name(),
            })).collect::<Vec<_>>(),
            "in_flight": in_flight.collect::<Vec<_>>(),
            "kernel": null,
            "tasks": [],
            "objects": facts(&self.objects),
            "parts": facts(&self.parts),
        })
    }
}

/// What is in flight in all parts.
pub(super) fn in_flight(memory: &Memory, program: &Description) -> Vec<InFlight> {
    let mut all = Vec::new();
    for (name, part) in &program.parts {
        all.extend(part.in_flight(memory).into_iter().map(|in_flight| {
            InFlight::new(format!("{name}: {}", in_flight.what), in_flight.recovery)
        }));
    }
    all
}

fn object(entry: &ObjectEntry, image: &[u8]) -> Fact {
    let fact = |value: String| Fact::new(entry.name(), value).at(entry.offset());
    match entry.fields(image) {
        Some(fields) if fields.len() > 1 => {
            let fields = fields.into_iter();
            fact(String::new()).with(fields.map(|(path, value)| Fact::new(path, value)))
        }
        _ => fact(entry.show(image)),
    }
}

fn kind(entry: &ObjectEntry) -> &'static str {
    if entry.is_object() {
        "object"
    } else if entry.offset() == 0 {
        "header"
    } else {
        "area"
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovered = if self.recovered {
            ", as recovered in memory"
        } else {
            ""
        };
        let title = match &self.program {
            Some((name, version, ..)) => format!(
                "{name} (layout version {version}), {} bytes{recovered}",
                self.bytes
            ),
            None => format!("image of {} bytes", self.bytes),
        };
        let mut tree = Tree::new(title);
        if !self.blank {
            tree = tree.with_all([self.header.0.clone()]);
        }
        if !self.layout.is_empty() {
            let places = self.layout.iter().map(|entry| {
                let (offset, bytes) = (hex(entry.offset()), entry.len());
                Tree::new(format!(
                    "{offset} {bytes:>6}  {} {}",
                    kind(entry),
                    entry.name()
                ))
            });
            tree = tree.with_all([Tree::new("layout: offset, bytes").with_all(places)]);
        }
        if let Some(in_flight) = &self.in_flight {
            let title = if in_flight.is_empty() {
                "in flight: nothing"
            } else {
                "in flight"
            };
            let under_way = in_flight
                .iter()
                .map(|what| Tree::new(format!("{}; {}", what.what, what.recovery)));
            tree = tree
                .with_all([Tree::new(title).with_all(under_way)])
                .with_all([Tree::new("objects").with_all(self.objects.iter().map(Fact::tree))])
                .with_all(self.parts.iter().map(Fact::tree));
        }
        if let Some(missing) = &self.missing {
            tree = tree.with(format!("not told: {missing}"));
        }
        tree.fmt(f)
    }
}
