//! Stacks of tasks, which are dear to map: those that are left over in a thread are used anew by it.

use std::cell::RefCell;

use corosensei::stack::DefaultStack;

thread_local! {
    /// Stacks that no task uses, and how large they are.
    static SPARE: RefCell<Vec<(usize, DefaultStack)>> = const { RefCell::new(Vec::new()) };
}

/// A stack of so many bytes.
pub(super) fn take(bytes: usize) -> std::io::Result<DefaultStack> {
    let spare = SPARE.with_borrow_mut(|spare| {
        let index = spare.iter().rposition(|(size, _)| *size == bytes)?;
        Some(spare.swap_remove(index).1)
    });
    match spare {
        Some(stack) => Ok(stack),
        None => DefaultStack::new(bytes),
    }
}

/// Gives a stack back that nobody uses any more.
pub(super) fn give_back(bytes: usize, stack: DefaultStack) {
    // Where the thread is ending, the stack is unmapped.
    let _ = SPARE.try_with(|spare| spare.borrow_mut().push((bytes, stack)));
}
