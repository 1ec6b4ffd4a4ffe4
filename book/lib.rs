//! The book's code, compiled: each of its chapters is a documentation test.
//!
//! `cargo test -p intos-book` compiles and runs what can run. Whole programs lie in `listings`; the chapters include
//! them. `cargo xtask book` builds the book itself.
#![forbid(unsafe_code)]

/// A chapter, compiled.
macro_rules! chapter {
    ($name:ident, $file:literal) => {
        #[doc = include_str!($file)]
        #[cfg(doctest)]
        pub mod $name {}
    };
}

chapter!(idea, "src/idea.md");
chapter!(tutorial_counter, "src/tutorial-counter.md");
chapter!(tutorial_kernel, "src/tutorial-kernel.md");
chapter!(tutorial_firmware, "src/tutorial-firmware.md");
chapter!(rules, "src/rules.md");
chapter!(failure_model, "src/failure-model.md");
chapter!(cost_model, "src/cost-model.md");
chapter!(testing, "src/testing.md");
chapter!(protocols, "src/protocols.md");
chapter!(porting, "src/porting.md");
chapter!(limits, "src/limits.md");
