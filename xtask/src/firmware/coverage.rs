//! Whether the power was cut at every instruction that the program executes.

use std::collections::BTreeSet;

/// Tells it, and answers how many instructions were missed, where the sweep is a whole one. `handlers` are the first
/// instructions of handlers that can be pending while a more urgent one is handled, `function_at` tells in which function an
/// address lies.
pub(super) fn tell(
    executed: &BTreeSet<u64>,
    cut_at: &BTreeSet<u64>,
    handlers: &[u64],
    function_at: impl Fn(u64) -> String,
    is_whole: bool,
) -> u64 {
    let reached = executed.intersection(cut_at).count();
    println!(
        "{} program counters executed in the window, {reached} of them cut at",
        executed.len()
    );
    let beyond: Vec<u64> = cut_at.difference(executed).copied().collect();
    show(
        &function_at,
        "cut at though not executed without cuts",
        &beyond,
    );
    if !is_whole {
        return 0;
    }
    // What is pending at the same time and more urgent is handled before a handler's first instruction: the cut is at
    // the instruction that the handler interrupts, and nothing is stored between these two.
    let (at_handlers, missed): (Vec<u64>, Vec<u64>) = executed
        .difference(cut_at)
        .partition(|address| handlers.contains(address));
    show(
        &function_at,
        "cannot be cut at: a handler's first instruction, where the cut is at the one that it interrupts",
        &at_handlers,
    );
    show(&function_at, "executed, but not cut at", &missed);
    missed.len() as u64
}

fn show(function_at: &impl Fn(u64) -> String, what: &str, addresses: &[u64]) {
    if addresses.is_empty() {
        return;
    }
    println!("{} {what}:", addresses.len());
    for address in addresses {
        println!("  {address:#010x} in {}", function_at(*address));
    }
}
