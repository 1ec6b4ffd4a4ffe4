//! Which handles a transaction opens, each once.
//!
//! Two things make a fresh pointer the only one to its object in a transaction:
//!
//! * It is made **when the transaction begins**, before anything was read, and at no other time: opening
//!   takes a [`Key`], which only the module `open` makes.
//! * It is made from an **exclusive borrow** of the object's only handle, which lasts until the
//!   transaction is over. Two handles of one transaction are therefore two objects. For handles that were
//!   made up, or decoded from a damaged image, that is checked too, in RAM: n (n - 1) / 2 comparisons of
//!   offsets for n handles.

use nvm_core::{Persist, RawOffset};

use crate::boxed::PBox;
use crate::elements::Elements;
use crate::error::Error;
use crate::pointer::Ptr;
use crate::root::Root;
use crate::slice::PSlice;
use crate::state::Fresh;

mod sealed {
    pub trait Sealed {}
}

use sealed::Sealed;

/// Permission to open handles: one transaction is beginning.
#[derive(Debug)]
pub struct Key(());

/// Where an object lies, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    offset: RawOffset,
    len: RawOffset,
}

impl Extent {
    const fn overlaps(self, other: Self) -> bool {
        // Differences, so that no end can overflow.
        if self.offset <= other.offset {
            other.len > 0 && other.offset - self.offset < self.len
        } else {
            self.len > 0 && self.offset - other.offset < other.len
        }
    }
}

/// Handles that a transaction opens together: `&mut` of a [`Root`], a [`PBox`] or a [`PSlice`]; tuples
/// of up to six of them, arrays and options, and again of these.
///
/// For a `boxes: [PBox<T>; 4]` use `boxes.each_mut()`.
pub trait Handles: Sealed {
    /// What the transaction gets: for each handle the one fresh pointer to its object.
    type Fresh<'tx>;

    /// Makes the pointers.
    #[doc(hidden)]
    fn open<'tx>(&mut self, key: &Key) -> Self::Fresh<'tx>;

    /// Calls `visit` with where each object lies.
    #[doc(hidden)]
    fn extents(&self, visit: &mut dyn FnMut(Extent));
}

/// Opens handles for a transaction that is just beginning.
pub(crate) fn open<'tx, H: Handles + ?Sized>(handles: &mut H) -> H::Fresh<'tx> {
    handles.open(&Key(()))
}

/// Refuses handles that lie over each other.
pub(crate) fn check_apart<H: Handles + ?Sized>(handles: &H) -> Result<(), Error> {
    let mut overlap = None;
    let mut seen = 0;
    handles.extents(&mut |extent| {
        let mut index = 0;
        handles.extents(&mut |other| {
            if index < seen && other.overlaps(extent) {
                overlap = Some(Error::Overlap {
                    first: other.offset,
                    second: extent.offset,
                });
            }
            index += 1;
        });
        seen += 1;
    });
    overlap.map_or(Ok(()), Err)
}

impl<T: Persist> Sealed for &mut Root<T> {}

impl<T: Persist> Handles for &mut Root<T> {
    type Fresh<'tx> = Ptr<'tx, T, Fresh>;

    #[inline]
    fn open<'tx>(&mut self, _: &Key) -> Self::Fresh<'tx> {
        Ptr::at(self.offset())
    }

    #[inline]
    fn extents(&self, visit: &mut dyn FnMut(Extent)) {
        visit(Extent {
            offset: self.offset(),
            len: size_of::<T>() as RawOffset,
        });
    }
}

impl<T: Persist> Sealed for &mut PBox<T> {}

impl<T: Persist> Handles for &mut PBox<T> {
    type Fresh<'tx> = Ptr<'tx, T, Fresh>;

    #[inline]
    fn open<'tx>(&mut self, _: &Key) -> Self::Fresh<'tx> {
        Ptr::at(self.offset())
    }

    #[inline]
    fn extents(&self, visit: &mut dyn FnMut(Extent)) {
        visit(Extent {
            offset: self.offset(),
            len: size_of::<T>() as RawOffset,
        });
    }
}

impl<T: Persist> Sealed for &mut PSlice<T> {}

impl<T: Persist> Handles for &mut PSlice<T> {
    type Fresh<'tx> = Elements<'tx, T, Fresh>;

    #[inline]
    fn open<'tx>(&mut self, _: &Key) -> Self::Fresh<'tx> {
        Elements::at(self.offset(), self.count())
    }

    #[inline]
    fn extents(&self, visit: &mut dyn FnMut(Extent)) {
        visit(Extent {
            offset: self.offset(),
            len: self.count().saturating_mul(size_of::<T>() as RawOffset),
        });
    }
}

impl<H: Handles> Sealed for Option<H> {}

impl<H: Handles> Handles for Option<H> {
    type Fresh<'tx> = Option<H::Fresh<'tx>>;

    #[inline]
    fn open<'tx>(&mut self, key: &Key) -> Self::Fresh<'tx> {
        self.as_mut().map(|handle| handle.open(key))
    }

    #[inline]
    fn extents(&self, visit: &mut dyn FnMut(Extent)) {
        if let Some(handle) = self {
            handle.extents(visit);
        }
    }
}

impl<H: Handles, const COUNT: usize> Sealed for [H; COUNT] {}

impl<H: Handles, const COUNT: usize> Handles for [H; COUNT] {
    type Fresh<'tx> = [H::Fresh<'tx>; COUNT];

    #[inline]
    fn open<'tx>(&mut self, key: &Key) -> Self::Fresh<'tx> {
        self.each_mut().map(|handle| handle.open(key))
    }

    #[inline]
    fn extents(&self, visit: &mut dyn FnMut(Extent)) {
        for handle in self {
            handle.extents(visit);
        }
    }
}

macro_rules! handles_tuple {
    ($($name:ident $handle:ident),*) => {
        impl<$($name: Handles),*> Sealed for ($($name,)*) {}

        impl<$($name: Handles),*> Handles for ($($name,)*) {
            type Fresh<'tx> = ($($name::Fresh<'tx>,)*);

            #[inline]
            #[allow(clippy::unused_unit)]
            fn open<'tx>(&mut self, key: &Key) -> Self::Fresh<'tx> {
                let _ = key;
                let ($($handle,)*) = self;
                ($($handle.open(key),)*)
            }

            #[inline]
            fn extents(&self, visit: &mut dyn FnMut(Extent)) {
                let _ = &visit;
                let ($($handle,)*) = self;
                $($handle.extents(visit);)*
            }
        }
    };
}

handles_tuple!();
handles_tuple!(A a);
handles_tuple!(A a, B b);
handles_tuple!(A a, B b, C c);
handles_tuple!(A a, B b, C c, D d);
handles_tuple!(A a, B b, C c, D d, E e);
handles_tuple!(A a, B b, C c, D d, E e, F f);

#[cfg(test)]
mod tests {
    use super::*;
    use nvm_core::Offset;

    fn root(offset: RawOffset) -> Root<u32> {
        Root::at(Offset::new(offset))
    }

    #[test]
    fn handles_that_overlap_are_refused_wherever_they_stand() {
        let (mut a, mut b, mut c) = (root(64), root(68), root(66));
        assert_eq!(check_apart(&(&mut a, &mut b)), Ok(()));
        assert_eq!(check_apart(&[&mut b, &mut a]), Ok(()));
        let overlap = |first, second| Err(Error::Overlap { first, second });
        assert_eq!(check_apart(&(&mut a, (), &mut c)), overlap(64, 66));
        assert_eq!(check_apart(&(Some(&mut c), [&mut a])), overlap(66, 64));
        let mut twin = root(64);
        assert_eq!(check_apart(&(&mut a, &mut twin)), overlap(64, 64));
        let (mut last, mut first) = (root(u32::MAX - 1), root(0));
        assert_eq!(check_apart(&(&mut last, &mut first)), Ok(()));
        let mut array = Root::<[u32; 4]>::at(Offset::new(56));
        assert_eq!(check_apart(&(&mut array, &mut b)), overlap(56, 68));
        let mut nothing = Root::<[u32; 0]>::at(Offset::new(64));
        assert_eq!(check_apart(&(&mut a, &mut nothing)), Ok(()));
        assert_eq!(check_apart(&(&mut nothing, &mut a)), Ok(()));
    }
}
