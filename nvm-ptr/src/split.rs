//! Field projection: a pointer to a struct is used up for pointers to its fields, each once.

use crate::pointer::Ptr;
use crate::state::State;
use nvm_core::{MAX_REGION_BYTES, RawOffset};

/// Where a field lies that does not exist: an access to it is an error, not another object.
const NOWHERE: RawOffset = MAX_REGION_BYTES;

macro_rules! split_into {
    ($($name:ident $count:literal: $($field:ident $at:ident),+;)+) => {
        impl<'tx, T, S: State> Ptr<'tx, T, S> {
            $(
                /// What [`split!`](crate::split!) expands to.
                #[doc(hidden)]
                #[inline]
                pub fn $name<$($field),+>(
                    self,
                    offsets: [usize; $count],
                    _which: impl Fn(&T) -> ($(&$field,)+),
                ) -> ($(Ptr<'tx, $field, S>,)+) {
                    let [$($at),+] = apart(
                        size_of::<T>(),
                        offsets,
                        [$(size_of::<$field>()),+],
                        self.offset(),
                    );
                    ($(Ptr::at($at),)+)
                }
            )+
        }
    };
}

split_into! {
    __split_1 1: A a;
    __split_2 2: A a, B b;
    __split_3 3: A a, B b, C c;
    __split_4 4: A a, B b, C c, D d;
    __split_5 5: A a, B b, C c, D d, E e;
    __split_6 6: A a, B b, C c, D d, E e, F f;
    __split_7 7: A a, B b, C c, D d, E e, F f, G g;
    __split_8 8: A a, B b, C c, D d, E e, F f, G g, H h;
}

/// Where the fields lie. The macro gives offsets of different fields; a caller of the hidden methods who
/// does not gets pointers to nowhere, and never two to one object. All of it is known at compile time.
#[inline]
fn apart<const FIELDS: usize>(
    size: usize,
    offsets: [usize; FIELDS],
    lens: [usize; FIELDS],
    start: RawOffset,
) -> [RawOffset; FIELDS] {
    let fields = || offsets.iter().zip(&lens);
    let inside = fields().all(|(at, len)| at.checked_add(*len).is_some_and(|end| end <= size));
    let disjoint = inside
        && fields().enumerate().all(|(index, (at, len))| {
            fields()
                .take(index)
                .all(|(other, other_len)| at + len <= *other || other + other_len <= *at)
        });
    offsets.map(|at| {
        if disjoint {
            start.wrapping_add(at as RawOffset)
        } else {
            NOWHERE
        }
    })
}

/// Splits a [`Ptr`](crate::Ptr) to a struct into pointers to the fields that you name, in the same state,
/// as a tuple. The pointer is used up, and a field can be named only once.
///
/// ```
/// # use nvm_core::{persist, sim::SimNvm, Layout};
/// # use nvm_ptr::{split, write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// # let nvm = SimNvm::<4>::new(256);
/// # let mut layout = Layout::new("example", 1);
/// # let area = layout.area("log", 64);
/// persist! {
///     struct Hour { energy: u32, peak: u16, samples: u16 }
/// }
/// # let mut hour = Root::<Hour>::place(&mut layout, "hour");
/// # UndoLog::format(&nvm, area)?;
/// # let mut log = UndoLog::open(&nvm, area)?;
/// write_first(&mut log, 8, &mut hour, |tx, hour| {
///     let (energy, samples) = split!(hour, Hour { energy, samples });
///     energy.write(tx, 0)?; // written first: unlogged
///     samples.update(tx, |n| n.wrapping_add(1))?; // read first: logged
///     Ok(())
/// })?;
/// # Ok::<(), Error>(())
/// ```
///
/// ```compile_fail,E0025
/// # use nvm_core::persist;
/// # use nvm_ptr::{split, Fresh, Ptr};
/// # persist! {
/// #     struct Hour { energy: u32, peak: u16, samples: u16 }
/// # }
/// fn twice(hour: Ptr<'_, Hour, Fresh>) {
///     let (one, two) = split!(hour, Hour { energy, energy });
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use nvm_core::persist;
/// # use nvm_ptr::{split, Fresh, Ptr};
/// # persist! {
/// #     struct Hour { energy: u32, peak: u16, samples: u16 }
/// # }
/// fn split_again(hour: Ptr<'_, Hour, Fresh>) {
///     let (one,) = split!(hour, Hour { energy });
///     let (two,) = split!(hour, Hour { energy });
/// }
/// ```
///
/// At most eight fields at once; further ones may stand in a struct of their own.
#[macro_export]
macro_rules! split {
    ($ptr:expr, $ty:path { $($field:ident),+ $(,)? }) => {{
        // Refuses a field that is named twice.
        let _ = |object: &$ty| {
            let $ty { $($field: _,)+ .. } = object;
        };
        $crate::__split!($ptr, $ty, [$(::core::mem::offset_of!($ty, $field)),+], $($field)+)
    }};
}

/// Picks the method by the number of fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __split {
    ($p:expr, $t:path, $o:expr, $a:ident) => {
        $p.__split_1($o, |object: &$t| (&object.$a,))
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident) => {
        $p.__split_2($o, |object: &$t| (&object.$a, &object.$b))
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident) => {
        $p.__split_3($o, |object: &$t| (&object.$a, &object.$b, &object.$c))
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident $d:ident) => {
        $p.__split_4($o, |object: &$t| {
            (&object.$a, &object.$b, &object.$c, &object.$d)
        })
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $p.__split_5($o, |object: &$t| {
            (&object.$a, &object.$b, &object.$c, &object.$d, &object.$e)
        })
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident) => {
        $p.__split_6($o, |object: &$t| {
            (
                &object.$a, &object.$b, &object.$c, &object.$d, &object.$e, &object.$f,
            )
        })
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident) => {
        $p.__split_7($o, |object: &$t| {
            (
                &object.$a, &object.$b, &object.$c, &object.$d, &object.$e, &object.$f, &object.$g,
            )
        })
    };
    ($p:expr, $t:path, $o:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident
        $h:ident) => {
        $p.__split_8($o, |object: &$t| {
            (
                &object.$a, &object.$b, &object.$c, &object.$d, &object.$e, &object.$f, &object.$g,
                &object.$h,
            )
        })
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_overlap_or_lie_outside_are_nowhere() {
        assert_eq!(apart(8, [0, 4], [4, 4], 100), [100, 104]);
        assert_eq!(apart(8, [4, 0], [4, 4], 100), [104, 100]);
        assert_eq!(apart(8, [0, 0], [4, 4], 100), [NOWHERE; 2]);
        assert_eq!(apart(8, [0, 2], [4, 4], 100), [NOWHERE; 2]);
        assert_eq!(apart(8, [0, 6], [4, 4], 100), [NOWHERE; 2]);
        assert_eq!(apart(8, [usize::MAX], [4], 100), [NOWHERE]);
    }
}
