//! What a layout remembers of a place: as plain data, since layouts are made in constants, too.

use std::any::{TypeId, type_name};

use super::{Fields, ObjectEntry, Show};
use crate::{Area, Persist};

/// So many bytes of a name are kept.
const NAME_BYTES: usize = 31;

/// A place of a layout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    name: [u8; NAME_BYTES],
    name_len: u8,
    area: Area,
    /// Of an object.
    object: Option<Object>,
}

#[derive(Debug, Clone, Copy)]
struct Object {
    type_name: fn() -> &'static str,
    show: Show,
    bytes: u32,
}

/// Equal where the same is placed under the same name; the functions say nothing about that.
impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.area == other.area
    }
}

impl Eq for Placed {}

impl Placed {
    pub(crate) const fn area(name: &str, area: Area) -> Self {
        let (mut kept, bytes) = ([0; NAME_BYTES], name.as_bytes());
        let mut len = 0;
        while len < bytes.len() && len < NAME_BYTES {
            kept[len] = bytes[len];
            len += 1;
        }
        Self {
            name: kept,
            name_len: len as u8,
            area,
            object: None,
        }
    }

    pub(crate) const fn object<T: Persist>(name: &str, offset: u32) -> Self {
        let bytes = size_of::<T>() as u32;
        let mut placed = Self::area(name, Area::new(offset, bytes));
        placed.object = Some(Object {
            type_name: type_name::<T>,
            show: show_number::<T>,
            bytes,
        });
        placed
    }

    fn name(&self) -> &[u8] {
        self.name.get(..self.name_len as usize).unwrap_or_default()
    }

    pub(super) fn entry(&self) -> ObjectEntry {
        let len = self.object.map_or(self.area.len(), |object| object.bytes);
        ObjectEntry {
            name: String::from_utf8_lossy(self.name()).into_owned(),
            offset: self.area.offset(),
            len,
            is_object: self.object.is_some(),
            type_name: self.object.map(|object| (object.type_name)()),
            show: self.object.map(|object| object.show),
        }
    }
}

/// Numbers can be shown without being asked for: a layout does not know whether a type has `Debug`.
fn show_number<T: Persist>(bytes: &[u8]) -> Option<Fields> {
    macro_rules! shown {
        ($($number:ty),+) => {
            $(if TypeId::of::<T>() == TypeId::of::<$number>() {
                let number = <$number>::from_le_bytes(bytes.try_into().ok()?);
                return Some(vec![(String::new(), number.to_string())]);
            })+
        };
    }
    shown!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64);
    None
}
