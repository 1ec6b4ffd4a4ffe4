//! Whether the power was cut at every instruction that the program executes.

use std::collections::BTreeSet;

use super::image::Image;

/// Tells it, and answers how many instructions were missed, where the sweep is a whole one.
pub(super) fn tell(
    image: &Image,
    executed: &BTreeSet<u64>,
    cut_at: &BTreeSet<u64>,
    is_whole: bool,
) -> Result<u64, String> {
    let reached = executed.intersection(cut_at).count();
    println!(
        "{} program counters executed in the window, {reached} of them cut at",
        executed.len()
    );
    let beyond: Vec<u64> = cut_at.difference(executed).copied().collect();
    show(image, "cut at though not executed without cuts", &beyond);
    if !is_whole {
        return Ok(0);
    }
    // What is pending at the same time and more urgent is handled before a handler's first instruction: the cut is at
    // the instruction that the handler interrupts, and nothing is stored between these two.
    let handlers = image.handlers()?;
    let (at_handlers, missed): (Vec<u64>, Vec<u64>) = executed
        .difference(cut_at)
        .partition(|address| handlers.contains(address));
    show(
        image,
        "cannot be cut at: a handler's first instruction, where the cut is at the one that it interrupts",
        &at_handlers,
    );
    show(image, "executed, but not cut at", &missed);
    Ok(missed.len() as u64)
}

fn show(image: &Image, what: &str, addresses: &[u64]) {
    if addresses.is_empty() {
        return;
    }
    println!("{} {what}:", addresses.len());
    for address in addresses {
        println!("  {address:#010x} in {}", image.function_at(*address));
    }
}
