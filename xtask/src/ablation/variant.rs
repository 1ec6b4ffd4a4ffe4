//! What is built: the whole, and less.

/// A build that leaves something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Variant {
    /// No crash consistency at all.
    None,
    /// Undo logs of whole objects, everywhere.
    Plain,
    /// The same, but what a repetition rebuilds is not logged.
    WarAwareness,
    /// The same as `Plain`, but loops have their own protocol.
    Loops,
    /// The same as `Plain`, but lists have an operation log and are rolled forward.
    Lists,
    /// All three.
    All,
}

impl Variant {
    pub(super) const ALL: [Self; 6] = [
        Self::None,
        Self::Plain,
        Self::WarAwareness,
        Self::Loops,
        Self::Lists,
        Self::All,
    ];

    /// What it is called in tables.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Plain => "plain",
            Self::WarAwareness => "WAR",
            Self::Loops => "loops",
            Self::Lists => "lists",
            Self::All => "all",
        }
    }

    /// What it is, in a chart's legend.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::None => "no crash consistency",
            Self::Plain => "undo logs of whole objects",
            Self::WarAwareness => "plain + WAR-aware",
            Self::Loops => "plain + loops",
            Self::Lists => "plain + list roll-forward",
            Self::All => "all three",
        }
    }

    /// What the build leaves out: values of `intos_without`.
    pub(super) const fn left_out(self) -> &'static [&'static str] {
        match self {
            Self::None => &["crash_consistency"],
            Self::Plain => &["war_awareness", "loops", "list_roll_forward"],
            Self::WarAwareness => &["loops", "list_roll_forward"],
            Self::Loops => &["war_awareness", "list_roll_forward"],
            Self::Lists => &["war_awareness", "loops"],
            Self::All => &[],
        }
    }
}
