//! What differs between images, by the names of objects and areas.

use std::fmt;

use super::Expectation;
use crate::objects::{ObjectEntry, Objects, hexadecimal};

/// So many of each kind are told.
const MOST: usize = 32;
/// An object without a known type is shown whole up to so many bytes, and by its words beyond.
const SHORT: usize = 16;

/// An object, or a field of one, at three moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDifference {
    /// Its name, with the path of the field.
    pub name: String,
    /// Before the operation.
    pub before: String,
    /// After the cut and the recovery.
    pub found: String,
    /// After the operation, where nothing was cut.
    pub uncut: String,
}

/// An area whose bytes differ from those after the uncut operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaDifference {
    /// Its name.
    pub name: String,
    /// How many bytes differ.
    pub bytes: u32,
    /// The first of them: offset, expected, found.
    pub first: (u32, u8, u8),
}

impl ObjectDifference {
    pub(super) fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        expectation: Expectation,
    ) -> fmt::Result {
        let Self {
            name,
            before,
            found,
            uncut,
        } = self;
        write!(
            f,
            "\n    `{name}`: before {before}, after the cut {found}, "
        )?;
        match expectation {
            Expectation::Unknown => return write!(f, "without a cut {uncut}"),
            Expectation::After => write!(f, "expected {uncut}")?,
            Expectation::BeforeOrAfter if before == uncut => write!(f, "expected {before}")?,
            Expectation::BeforeOrAfter => write!(f, "expected {before} or {uncut}")?,
        }
        f.write_str(match (found == before, found == uncut) {
            (true, true) => ": unchanged",
            (true, false) => ": as before",
            (false, true) => ": as after",
            (false, false) => ": neither",
        })
    }
}

impl fmt::Display for AreaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, bytes, first } = self;
        let (offset, expected, found) = first;
        write!(
            f,
            "`{name}`: {bytes} {} not as without a cut, the first at {offset:#06x}: {expected:#04x} -> {found:#04x}",
            if *bytes == 1 { "byte is" } else { "bytes are" }
        )
    }
}

/// The images at the three moments.
pub(super) struct Images<'a> {
    pub(super) before: &'a [u8],
    pub(super) found: &'a [u8],
    pub(super) uncut: &'a [u8],
}

pub(super) struct Differences {
    pub(super) objects: Vec<ObjectDifference>,
    pub(super) areas: Vec<AreaDifference>,
    /// Bytes without a name.
    pub(super) bytes: Vec<(u32, u8, u8)>,
}

pub(super) fn tell_apart(objects: &Objects, images: &Images<'_>) -> Differences {
    let entries = objects.entries().filter(|entry| entry.is_object());
    let mut differences = Differences {
        objects: entries
            .flat_map(|entry| of_object(entry, images))
            .take(MOST)
            .collect(),
        areas: Vec::new(),
        bytes: Vec::new(),
    };
    for (offset, (found, expected)) in images.found.iter().zip(images.uncut).enumerate() {
        if found == expected {
            continue;
        }
        let byte = (offset as u32, *expected, *found);
        let Some(entry) = objects.at(offset as u32) else {
            if differences.bytes.len() < MOST {
                differences.bytes.push(byte);
            }
            continue;
        };
        if entry.is_object() {
            continue;
        }
        let told = |area: &&mut AreaDifference| area.name == entry.name();
        if let Some(area) = differences.areas.iter_mut().find(told) {
            area.bytes += 1;
        } else {
            differences.areas.push(AreaDifference {
                name: entry.name().to_owned(),
                bytes: 1,
                first: byte,
            });
        }
    }
    differences
}

fn of_object(entry: &ObjectEntry, images: &Images<'_>) -> Vec<ObjectDifference> {
    let [before, found, uncut] = [images.before, images.found, images.uncut]
        .map(|image| entry.fields(image).or_else(|| words(entry, image)));
    let (Some(before), Some(found), Some(uncut)) = (before, found, uncut) else {
        return Vec::new();
    };
    let paths = |fields: &[(String, String)]| -> Vec<String> {
        fields.iter().map(|(path, _)| path.clone()).collect()
    };
    let differ = |difference: &ObjectDifference| {
        difference.before != difference.uncut || difference.found != difference.uncut
    };
    if paths(&before) == paths(&found) && paths(&found) == paths(&uncut) {
        let values = before.into_iter().zip(found).zip(uncut);
        let fields = values.map(
            |(((path, before), (_, found)), (_, uncut))| ObjectDifference {
                name: joined(entry.name(), &path),
                before,
                found,
                uncut,
            },
        );
        return fields.filter(differ).collect();
    }
    // Its form depends on its value: all of it.
    let whole = ObjectDifference {
        name: entry.name().to_owned(),
        before: entry.show(images.before),
        found: entry.show(images.found),
        uncut: entry.show(images.uncut),
    };
    if differ(&whole) {
        vec![whole]
    } else {
        Vec::new()
    }
}

fn joined(name: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with(['[', ' ']) {
        format!("{name}{path}")
    } else {
        format!("{name}.{path}")
    }
}

/// The bytes of an object whose type is not known.
fn words(entry: &ObjectEntry, image: &[u8]) -> Option<Vec<(String, String)>> {
    let bytes = entry.bytes(image)?;
    if bytes.len() <= SHORT {
        return Some(vec![(String::new(), hexadecimal(bytes))]);
    }
    let word = |(number, word): (usize, &[u8])| (format!(" + {}", 4 * number), hexadecimal(word));
    Some(bytes.chunks(4).enumerate().map(word).collect())
}
