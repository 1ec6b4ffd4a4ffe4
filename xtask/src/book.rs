//! `cargo xtask book`: builds the book with mdBook, and checks what nobody else does.
//!
//! Its Rust is compiled by `cargo test -p intos-book`. Here: all code is indeed compiled there or included from what is;
//! every include, link and picture is there, in the chapters and in the pages that mdBook makes of them.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::{files, toolchain};

const MDBOOK_VERSION: &str = "0.4.52";

/// What to do about the book.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where mdBook cannot be installed, checks the chapters alone.
    #[arg(long)]
    if_possible: bool,
    /// Checks the chapters alone, without mdBook.
    #[arg(long, conflicts_with = "if_possible")]
    chapters: bool,
}

/// Answers how many complaints there are.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    let mut complaints = check_sources()?;
    if !options.chapters {
        match mdbook() {
            Ok(program) => complaints.extend(build(&program)?),
            Err(error) if options.if_possible => {
                println!("{error}: only the chapters are checked");
            }
            Err(error) => return Err(error),
        }
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    println!("the book: {} complaints", complaints.len());
    Ok(complaints.len() as u64)
}

fn folder() -> PathBuf {
    toolchain::root().join("book")
}

/// mdBook, installed among the tools in the target folder if it is not there.
fn mdbook() -> Result<PathBuf, String> {
    let tools = toolchain::target_dir("tools");
    let program = tools.join("bin/mdbook");
    let is_right = Command::new(&program)
        .arg("--version")
        .output()
        .is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).trim() == format!("mdbook v{MDBOOK_VERSION}")
        });
    if is_right {
        return Ok(program);
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["install", "mdbook", "--version", MDBOOK_VERSION])
        .args(["--locked", "--force", "--no-default-features"])
        .args(["--features", "search", "--root"])
        .arg(&tools)
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .status()
        .map_err(|error| format!("`cargo install mdbook` does not start: {error}"))?;
    if status.success() {
        Ok(program)
    } else {
        Err(format!("`cargo install mdbook` failed: {status}"))
    }
}

/// Checks the chapters as they are written.
fn check_sources() -> Result<Vec<String>, String> {
    let source = folder().join("src");
    let summary = read(&source.join("SUMMARY.md"))?;
    let compiled = read(&folder().join("lib.rs"))?;
    let mut complaints = Vec::new();
    for chapter in files::find(&source, Some("md"))? {
        let name = relative(&source, &chapter);
        let text = read(&chapter)?;
        let mut complain = |what: String| complaints.push(format!("{name}: {what}"));
        if name != "SUMMARY.md" && !summary.contains(&format!("({name})")) {
            complain("not in SUMMARY.md".into());
        }
        let has_rust = text.lines().any(|line| line.starts_with("```rust"));
        if has_rust && !compiled.contains(&format!("\"src/{name}\"")) {
            complain("has Rust, and is not compiled: name it in lib.rs".into());
        }
        let base = chapter.parent().unwrap_or(&source);
        for included in includes(&text) {
            if !base.join(included).is_file() {
                complain(format!("includes {included}, which is not there"));
            }
        }
        for block in uncompiled_blocks(&text) {
            complain(format!("a block is neither compiled nor included: {block}"));
        }
        let with_pages = with_included_pages(&text, &chapter)?;
        for link in markdown_links(&with_pages) {
            let path = link.split('#').next().unwrap_or(link);
            if !link.contains("://") && !path.is_empty() && !is_in_book(&source, &base.join(path)) {
                complain(format!("refers to {link}, which is not there"));
            }
        }
    }
    Ok(complaints)
}

/// A chapter that is a page of the repository, with that page's text.
fn with_included_pages(text: &str, chapter: &Path) -> Result<String, String> {
    let base = chapter.parent().unwrap_or(chapter);
    let mut whole = text.to_owned();
    for included in includes(text) {
        let page = base.join(included);
        if is_page(&page) && page.is_file() {
            whole.push_str(&read(&page)?);
        }
    }
    Ok(whole)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "md")
}

/// Whether a link leads somewhere in the book: to a chapter or, for what is no page, to what the repository has there.
fn is_in_book(source: &Path, target: &Path) -> bool {
    let target = normal(target);
    target.exists()
        || !is_page(&target)
            && target
                .strip_prefix(source)
                .is_ok_and(|name| toolchain::root().join(name).exists())
}

/// Files that a chapter includes.
fn includes(text: &str) -> Vec<&str> {
    text.split("{{#include ")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
        .filter_map(|included| included.split(':').next())
        .collect()
}

/// Where what is included is compiled: by the book's own package, by `cargo xtask template`, by the tests of the rules.
const COMPILED: [&str; 2] = [
    "{{#include ../listings/",
    "{{#include ../../intos/tests/rules/",
];

/// First lines of `rust,ignore` blocks that are not just an include of what is compiled.
fn uncompiled_blocks(text: &str) -> Vec<&str> {
    text.split("```rust,ignore\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .filter(|block| {
            let is_compiled = COMPILED.iter().any(|begin| block.starts_with(begin));
            !is_compiled || block.lines().count() > 1
        })
        .map(|block| block.lines().next().unwrap_or_default())
        .collect()
}

/// Where links and pictures point to, code left out.
fn markdown_links(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let targets = line.split("](").skip(1);
            links.extend(targets.filter_map(|rest| rest.split(')').next()));
        }
    }
    links
}

/// Builds the book, and checks its pages.
fn build(mdbook: &Path) -> Result<Vec<String>, String> {
    let output = Command::new(mdbook)
        .arg("build")
        .arg(folder())
        .env("RUST_LOG", "warn")
        .output()
        .map_err(|error| format!("mdBook does not start: {error}"))?;
    let said = [output.stderr, output.stdout].concat();
    let mut complaints: Vec<String> = String::from_utf8_lossy(&said)
        .lines()
        .map(|line| format!("mdBook: {line}"))
        .collect();
    if !output.status.success() {
        complaints.push(format!("mdBook: {}", output.status));
        return Ok(complaints);
    }
    let pages = folder().join("book");
    for page in files::find(&pages, Some("html"))? {
        let name = relative(&pages, &page);
        // The first is all pages in one, the second is shown at any address.
        if name == "print.html" || name == "404.html" {
            continue;
        }
        let text = read(&page)?;
        if text.contains("{{#") {
            complaints.push(format!("{name}: an include was left as it is"));
        }
        let links: BTreeSet<&str> = attribute(&text, "href")
            .chain(attribute(&text, "src"))
            .collect();
        for link in links {
            if let Err(what) = follow(&pages, &page, &text, link) {
                complaints.push(format!("{name}: {link}: {what}"));
            }
        }
    }
    println!("the book is {}", pages.join("index.html").display());
    Ok(complaints)
}

/// The values of an attribute on a page.
fn attribute<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let begin = format!(" {name}=\"");
    let values: Vec<&str> = text.split(&*begin).skip(1).collect();
    values.into_iter().filter_map(|rest| rest.split('"').next())
}

/// Goes where a link of a page leads. What only the repository has comes into the book.
fn follow(pages: &Path, page: &Path, text: &str, link: &str) -> Result<(), String> {
    if link.contains(':') {
        return Ok(());
    }
    let (path, place) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        page.to_owned()
    } else {
        normal(&page.parent().unwrap_or(pages).join(path))
    };
    if !target.exists() {
        let name = target
            .strip_prefix(pages)
            .map_err(|_| "leaves the book".to_owned())?;
        let original = toolchain::root().join(name);
        files::copy(&original, &target).map_err(|error| format!("is not there ({error})"))?;
    }
    if place.is_empty() {
        return Ok(());
    }
    let elsewhere = if path.is_empty() {
        String::new()
    } else {
        read(&target)?
    };
    let text = if path.is_empty() { text } else { &elsewhere };
    if text.contains(&format!("id=\"{place}\"")) {
        Ok(())
    } else {
        Err("has no such heading".into())
    }
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

fn relative(folder: &Path, file: &Path) -> String {
    let name = file.strip_prefix(folder).unwrap_or(file);
    name.to_string_lossy().into_owned()
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_nobody_compiles_is_found() {
        let included = "```rust,ignore\n{{#include ../listings/a.rs}}\n```\n";
        let sketched = "```rust,ignore\nlet x = 1;\n```\n";
        assert_eq!(uncompiled_blocks(included), Vec::<&str>::new());
        assert_eq!(uncompiled_blocks(sketched), ["let x = 1;"]);
    }

    #[test]
    fn includes_and_links_are_found() {
        let text = "{{#include ../a.rs:part}} [a](b.md#c) ![p](d.svg)\n```text\n[no](code)\n```\n";
        assert_eq!(includes(text), ["../a.rs"]);
        assert_eq!(markdown_links(text), ["b.md#c", "d.svg"]);
    }

    #[test]
    fn links_are_taken_from_pages() {
        let page = r#"<a class="x" href="a.html#b">a</a> <img src="c.svg">"#;
        assert_eq!(attribute(page, "href").collect::<Vec<_>>(), ["a.html#b"]);
        assert_eq!(attribute(page, "src").collect::<Vec<_>>(), ["c.svg"]);
        assert_eq!(normal(Path::new("/a/b/../c")), Path::new("/a/c"));
    }
}
