//! An offset is a number: it may go to another thread, whatever it is an offset of.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;

use nvm_core::{Offset, Persist};

fn is_plain<T: Send + Sync + Unpin + std::panic::UnwindSafe + 'static>() {}

#[test]
fn an_offset_of_anything_is_send_and_sync() {
    is_plain::<Offset<u32>>();
    is_plain::<Offset<Cell<u32>>>();
    is_plain::<Offset<Rc<str>>>();
    is_plain::<Offset<*const u8>>();
    is_plain::<Offset<dyn Fn()>>();
    let cell: Offset<Cell<u32>> = Offset::new(64);
    let elsewhere = thread::spawn(move || cell.get());
    assert_eq!(elsewhere.join().ok(), Some(64));
}

#[test]
fn an_offset_may_itself_be_stored() {
    fn is_kept<T: Persist>() {}
    is_kept::<Offset<u32>>();
    is_kept::<Offset<Offset<[u8; 3]>>>();
    is_kept::<[Offset<u64>; 4]>();
}

/// Whoever may read a longer-lived thing may read it as a shorter-lived one.
#[test]
fn an_offset_is_covariant() {
    fn shorter<'a>(offset: Offset<&'static str>, _: &'a str) -> Offset<&'a str> {
        offset
    }
    let local = String::from("x");
    assert_eq!(shorter(Offset::new(4), &local).get(), 4);
}
