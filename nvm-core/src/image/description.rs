//! What a program without a kernel has placed.

use std::error::Error;
use std::fmt;

use super::bytes::Memory;
use super::part::Part;
use crate::{Layout, Objects, Offset, Persist};

type Verify = Box<dyn Fn(&Memory) -> Result<(), Box<dyn Error>>>;

/// What a program has placed, in the words of a person: see the [module's page](crate::image).
pub struct Description {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) layout: Layout,
    pub(super) objects: Objects,
    pub(super) parts: Vec<(String, Box<dyn Part>)>,
    pub(super) invariants: Vec<(String, Verify)>,
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Description {
    /// A description of a program by the name and the version of its layout. What the layout has placed is told by its
    /// names, numbers with their values.
    pub fn new(name: impl Into<String>, version: u32, layout: Layout) -> Self {
        Self {
            name: name.into(),
            version,
            objects: Objects::of(&layout),
            layout,
            parts: Vec::new(),
            invariants: Vec::new(),
        }
    }

    /// An object that is told field by field, as its `Debug` shows it. It may lie within an area of the layout.
    #[must_use]
    pub fn object<T: Persist + fmt::Debug>(mut self, name: &str, object: Offset<T>) -> Self {
        self.objects = self.objects.with(name, object);
        self
    }

    /// The same for an object that only the layout knows the place of, by the name that it was placed with: one behind a
    /// handle of `nvm-ptr`, say. Where there is no such name of that size, nothing changes.
    #[must_use]
    pub fn typed<T: Persist + fmt::Debug>(mut self, name: &str) -> Self {
        let place = self.objects.entries().find(|entry| {
            entry.name() == name && entry.len() >= size_of::<T>() as u32 && !entry.is_empty()
        });
        if let Some(offset) = place.map(crate::ObjectEntry::offset) {
            self.objects = self.objects.with(name, Offset::<T>::new(offset));
        }
        self
    }

    /// A part that another crate owns. Parts are recovered in the order in which they are described: that of the program's
    /// own start.
    #[must_use]
    pub fn part(mut self, name: impl Into<String>, part: impl Part + 'static) -> Self {
        self.parts.push((name.into(), Box::new(part)));
        self
    }

    /// What else holds in this program whenever nothing is in flight. It is asked of an image or a recovered copy that is
    /// sound otherwise; its error says what is wrong.
    #[must_use]
    pub fn invariant(
        mut self,
        name: impl Into<String>,
        verify: impl Fn(&Memory) -> Result<(), Box<dyn Error>> + 'static,
    ) -> Self {
        self.invariants.push((name.into(), Box::new(verify)));
        self
    }

    /// The program's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What images of the program are recognised by.
    pub const fn fingerprint(&self) -> u32 {
        self.layout.fingerprint()
    }

    /// Bytes that the program needs.
    pub const fn bytes(&self) -> u32 {
        self.layout.size()
    }

    /// Recovers a copy of an image, part by part.
    pub(super) fn recover(&self, nvm: &Memory) -> Result<(), String> {
        for (name, part) in &self.parts {
            part.recover(nvm)
                .map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}
