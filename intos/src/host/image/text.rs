//! How numbers and lists of names are written.

/// An offset.
pub(super) fn hex(offset: u32) -> String {
    format!("{offset:#06x}")
}

/// So many of something.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// Names, or that there is none.
pub(super) fn names(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
