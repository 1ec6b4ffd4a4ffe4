//! The rules of durable programs, checked by the compiler: what breaks one does not compile, and says so
//! readably.
//!
//! The expected messages are those of Rust 1.95; to take over another compiler's, run with
//! `TRYBUILD=overwrite` and read them.

#[test]
fn what_breaks_a_rule_does_not_compile() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/rules/fail_*.rs");
    tests.pass("tests/rules/pass_*.rs");
}
