//! What lies where, by its name: for reports of the simulator and for tools that look at images.
//!
//! A [`Layout`] remembers what it has placed; [`Objects`] adds to that the types whose values a person can read.

mod fields;
mod placed;

use std::fmt;

pub(crate) use self::placed::Placed;
use crate::{HEADER_BYTES, Layout, Offset, Persist};

/// The fields of a value with their names, as far as it has any.
type Show = fn(&[u8]) -> Option<Fields>;
/// Path of a field, and what it is. The path of a plain value is empty.
pub(crate) type Fields = Vec<(String, String)>;

/// Named objects and areas of a region, in the order of their offsets.
///
/// ```
/// use nvm_core::{Layout, Objects, Offset, persist};
/// persist! {
///     struct Door { visits: u32, refused: u32 }
/// }
/// let mut layout = Layout::new("door", 1);
/// let count = layout.object::<u32>("count"); // a number is shown as one
/// let door: Offset<Door> = layout.object("door");
/// let objects = Objects::of(&layout).with("door", door); // and a struct by its `Debug`
/// let image = [[0; 32].as_slice(), &[7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]].concat();
/// let shown: Vec<String> = objects.entries().map(|entry| entry.show(&image)).collect();
/// assert_eq!(shown, ["32 bytes", "7", "Door { visits: 1, refused: 2 }"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Objects {
    entries: Vec<ObjectEntry>,
}

/// A named object or area.
#[derive(Clone)]
pub struct ObjectEntry {
    name: String,
    offset: u32,
    len: u32,
    is_object: bool,
    type_name: Option<&'static str>,
    show: Option<Show>,
}

impl fmt::Debug for ObjectEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectEntry")
            .field("name", &self.name)
            .field("offset", &self.offset)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Objects {
    /// None.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// The region's header, and what a layout has placed: the first 64 of them. The values of numbers are known.
    pub fn of(layout: &Layout) -> Self {
        let mut objects = Self::new();
        objects.add(ObjectEntry {
            name: "region header".to_owned(),
            offset: 0,
            len: HEADER_BYTES,
            is_object: false,
            type_name: None,
            show: None,
        });
        for placed in layout.placed.iter().flatten() {
            objects.add(placed.entry());
        }
        objects
    }

    /// Adds an object that is shown by its `Debug`, field by field. What was named at its place before gives way.
    #[must_use]
    pub fn with<T: Persist + fmt::Debug>(mut self, name: &str, object: Offset<T>) -> Self {
        self.add(ObjectEntry {
            name: name.to_owned(),
            offset: object.get(),
            len: size_of::<T>() as u32,
            is_object: true,
            type_name: Some(std::any::type_name::<T>()),
            show: Some(show::<T>),
        });
        self
    }

    /// These, and others, which take precedence.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for entry in others.entries {
            self.add(entry);
        }
        self
    }

    fn add(&mut self, entry: ObjectEntry) {
        self.entries.retain(|old| old.offset != entry.offset);
        let position = self
            .entries
            .partition_point(|old| old.offset < entry.offset);
        self.entries.insert(position, entry);
    }

    /// All of them.
    pub fn entries(&self) -> impl Iterator<Item = &ObjectEntry> {
        self.entries.iter()
    }

    /// What a byte belongs to. Of several, the one that begins last: an object within an area, say.
    pub fn at(&self, offset: u32) -> Option<&ObjectEntry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.offset <= offset && offset - entry.offset < entry.len)
    }
}

fn show<T: Persist + fmt::Debug>(bytes: &[u8]) -> Option<Fields> {
    let value = T::read_from_bytes(bytes).ok()?;
    Some(fields::of(&value))
}

impl ObjectEntry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its first byte.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// How many bytes it has.
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// An object, and not an area, whose bytes are somebody else's business.
    pub const fn is_object(&self) -> bool {
        self.is_object
    }

    /// Its type, where it is an object.
    pub const fn type_name(&self) -> Option<&'static str> {
        self.type_name
    }

    /// What an image holds there, in a line.
    pub fn show(&self, image: &[u8]) -> String {
        let Some(bytes) = self.bytes(image) else {
            return "beyond the end".to_owned();
        };
        match self.fields(image) {
            Some(fields) => fields::in_a_line(self.short_type_name(), &fields),
            None if self.is_object && bytes.len() <= 16 => hexadecimal(bytes),
            None => format!("{} bytes", bytes.len()),
        }
    }

    /// The fields of the object that an image holds there, where they are known.
    pub(crate) fn fields(&self, image: &[u8]) -> Option<Fields> {
        self.show?(self.bytes(image)?)
    }

    /// What an image holds there.
    pub(crate) fn bytes<'i>(&self, image: &'i [u8]) -> Option<&'i [u8]> {
        let start = self.offset as usize;
        image.get(start..start.checked_add(self.len as usize)?)
    }

    fn short_type_name(&self) -> &'static str {
        let name = self.type_name.unwrap_or_default();
        if name.starts_with('[') {
            return "";
        }
        let short = name.split('<').next().unwrap_or(name);
        short.rsplit("::").next().unwrap_or(short)
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
