//! A tree of lines.

use std::fmt;

/// A line, and what belongs to it.
#[derive(Debug, Clone)]
pub struct Tree {
    text: String,
    children: Vec<Self>,
}

impl Tree {
    /// A line.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            children: Vec::new(),
        }
    }

    /// The same with one line more below it.
    #[must_use]
    pub fn with(mut self, text: impl Into<String>) -> Self {
        self.children.push(Self::new(text));
        self
    }

    /// The same with one line more below it, where it says anything.
    #[must_use]
    pub fn with_some(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.with(text),
            None => self,
        }
    }

    /// The same with trees below it.
    #[must_use]
    pub fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let last = self.children.len().saturating_sub(1);
        for (index, child) in self.children.iter().enumerate() {
            let (branch, below) = if index == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            write!(f, "\n{indent}{branch}{}", child.text)?;
            child.write(f, &format!("{indent}{below}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.write(f, "")
    }
}
