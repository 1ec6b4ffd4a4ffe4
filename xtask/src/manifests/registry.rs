//! What a registry and docs.rs show of a package.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::workspace::{Package, list, strings};

const LICENSE: &str = "MIT OR Apache-2.0";
/// Files of the top folder that each package holds; a link there, a copy in what is published.
pub(crate) const SHARED_FILES: [&str; 3] = ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"];
/// Those of the registry's categories that a crate of this project could be in. An unknown one is dropped by the registry
/// with a warning, after the publication.
const CATEGORIES: [&str; 9] = [
    "algorithms",
    "concurrency",
    "data-structures",
    "development-tools::testing",
    "embedded",
    "hardware-support",
    "memory-management",
    "no-std",
    "no-std::no-alloc",
];
/// What the registry takes.
const MOST_KEYWORDS: usize = 5;
const MOST_CATEGORIES: usize = 5;
const LONGEST_KEYWORD: usize = 20;
/// A search's result shows no more of a description.
const LONGEST_DESCRIPTION: usize = 150;

/// What a package lacks, or has wrong.
pub(super) fn check(root: &Path, package: &Package, published: &[&Package]) -> Vec<String> {
    let mut wrong = shown(package);
    wrong.extend(documentation(package));
    wrong.extend(dependencies(package, published));
    for file in SHARED_FILES {
        // A link that a checkout has made a file of holds something else.
        if fs::read(package.folder.join(file)).ok() != fs::read(root.join(file)).ok() {
            wrong.push(format!("{file} is not that of the top folder"));
        }
    }
    if package.metadata["readme"] != "README.md" || !package.folder.join("README.md").is_file() {
        wrong.push("no README.md".into());
    }
    wrong
        .into_iter()
        .map(|wrong| format!("{}: {wrong}", package.name))
        .collect()
}

/// What its page is made of.
fn shown(package: &Package) -> Vec<String> {
    let metadata = &package.metadata;
    let mut wrong = Vec::new();
    let description = metadata["description"].as_str().unwrap_or_default();
    if description.is_empty()
        || description.len() > LONGEST_DESCRIPTION
        || description.ends_with('.')
    {
        wrong.push(format!(
            "a description is one phrase of at most {LONGEST_DESCRIPTION} bytes, not {description:?}"
        ));
    }
    let keywords: Vec<&str> = strings(&metadata["keywords"]).collect();
    if !(1..=MOST_KEYWORDS).contains(&keywords.len()) || !keywords.iter().all(|word| fits(word)) {
        wrong.push(format!(
            "the registry does not take the keywords {keywords:?}"
        ));
    }
    let categories: Vec<&str> = strings(&metadata["categories"]).collect();
    if !(1..=MOST_CATEGORIES).contains(&categories.len())
        || !categories
            .iter()
            .all(|category| CATEGORIES.contains(category))
    {
        wrong.push(format!(
            "the registry does not take the categories {categories:?}"
        ));
    }
    if metadata["license"] != LICENSE {
        wrong.push(format!("the licence is not {LICENSE}"));
    }
    if list(&metadata["authors"]).next().is_none() {
        wrong.push("no authors".into());
    }
    // Better none than one that leads nowhere.
    for link in ["repository", "homepage"] {
        if let Some(address) = metadata[link].as_str()
            && (!address.starts_with("https://") || address.contains("example"))
        {
            wrong.push(format!("{link} leads nowhere: {address}"));
        }
    }
    wrong
}

/// docs.rs shows what features add, and says so.
fn documentation(package: &Package) -> Vec<String> {
    let mut wrong = Vec::new();
    let metadata = &package.metadata;
    let own = format!("https://docs.rs/{}", package.name);
    if metadata["documentation"] != own.as_str() {
        wrong.push(format!("the documentation is not at {own}"));
    }
    let settings = &metadata["metadata"]["docs"]["rs"];
    if settings["all-features"] != true && !settings["features"].is_array() {
        wrong.push("docs.rs is not told which features to show".into());
    }
    if !settings["targets"].is_array() || !settings["rustdoc-args"].is_array() {
        wrong.push("docs.rs is told no targets, or no arguments of rustdoc".into());
    }
    let has_features = package.features.keys().any(|feature| feature != "default");
    let library = fs::read_to_string(package.folder.join("src/lib.rs")).unwrap_or_default();
    if has_features && !library.contains("cfg_attr(docsrs, feature(doc_cfg))") {
        wrong.push("docs.rs does not show which feature an item needs".into());
    }
    wrong
}

/// All of a release are of one version, and depend on each other by it.
fn dependencies(package: &Package, published: &[&Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(other) = published
        .iter()
        .find(|other| other.version != package.version)
    {
        wrong.push(format!(
            "is of version {}, {} of {}",
            package.version, other.name, other.version
        ));
    }
    let wanted = format!("^{}", package.version);
    let is_own = |dependency: &&Value| {
        published
            .iter()
            .any(|other| dependency["name"] == other.name.as_str())
    };
    for dependency in list(&package.metadata["dependencies"]).filter(is_own) {
        // For tests a path will do, which is not published.
        let is_right = dependency["req"] == wanted.as_str()
            || (dependency["kind"] == "dev" && dependency["req"] == "*");
        if !is_right {
            wrong.push(format!(
                "depends on {} {}, not on {wanted}",
                dependency["name"], dependency["req"]
            ));
        }
    }
    wrong
}

/// Whether the registry takes a keyword.
fn fits(keyword: &str) -> bool {
    keyword.len() <= LONGEST_KEYWORD
        && keyword.starts_with(|first: char| first.is_ascii_alphanumeric())
        && keyword
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_-+".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{toolchain, workspace};

    /// Takes or changes one thing of a package that has everything.
    fn without(field: &str, value: Value) -> Vec<String> {
        let packages = workspace::published().unwrap();
        let published: Vec<&Package> = packages.iter().collect();
        let depends = |package: &&Package| package.name == "intos";
        let mut package = packages.iter().find(depends).unwrap().clone();
        let place = field
            .split('/')
            .fold(&mut package.metadata, |metadata, name| &mut metadata[name]);
        *place = value;
        check(&toolchain::root(), &package, &published)
    }

    #[test]
    fn each_thing_that_a_package_lacks_is_told() {
        assert_eq!(without("license", LICENSE.into()), Vec::<String>::new());
        let words = |words: &[&str]| Value::from(words.to_vec());
        for (field, value) in [
            ("description", Value::Null),
            ("description", "A crate.".into()),
            ("keywords", words(&[])),
            ("keywords", words(&["a", "b", "c", "d", "e", "f"])),
            ("keywords", words(&["no std"])),
            ("categories", words(&["embeded"])),
            ("license", Value::Null),
            ("authors", words(&[])),
            ("readme", Value::Null),
            ("repository", "https://example.org/intos".into()),
            ("documentation", Value::Null),
            ("metadata/docs/rs/all-features", Value::Null),
            ("metadata/docs/rs/targets", Value::Null),
        ] {
            let told = without(field, value);
            assert_eq!(told.len(), 1, "{field}: {told:?}");
        }
    }

    #[test]
    fn crates_depend_on_each_other_by_the_version_of_the_release() {
        let packages = workspace::published().unwrap();
        let named = |name: &str| {
            let package = packages.iter().find(|package| package.name == name);
            package.unwrap().clone()
        };
        let (core, mut package) = (named("nvm-core"), named("intos"));
        assert_eq!(
            dependencies(&package, &[&core, &package]),
            Vec::<String>::new()
        );
        package.version = "0.2.0".into();
        let told = dependencies(&package, &[&core, &package]);
        assert!(told.len() >= 2, "{told:?}");
    }

    #[test]
    fn keywords_are_those_that_the_registry_takes() {
        assert!(fits("power-loss") && fits("no_std") && fits("3d"));
        assert!(!fits("-x") && !fits("") && !fits("a b") && !fits("a-word-of-22-characters"));
    }
}
