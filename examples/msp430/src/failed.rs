//! Why a scenario cannot go on.

use nvm_alloc::AllocError;
use nvm_core::RegionError;
use nvm_list::ListError;
use nvm_tx::Fault;

/// Why a scenario cannot go on: of which crate the error is. Texts for people would take more memory than the crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The region is another program's, or damaged.
    Region,
    /// The NVM cannot be accessed.
    Nvm,
    /// The transaction engine's.
    Transaction,
    /// The heap's.
    Heap,
    /// A pointer's.
    Pointer,
    /// The list's.
    List,
    /// The replay table's.
    Replay,
    /// A transaction was refused on purpose.
    Refused,
    /// What must not be: the scenario's own mistake.
    Unexpected,
}

impl Failed {
    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Nvm => "nvm",
            Self::Transaction => "transaction",
            Self::Heap => "heap",
            Self::Pointer => "pointer",
            Self::List => "list",
            Self::Replay => "replay",
            Self::Refused => "refused",
            Self::Unexpected => "unexpected",
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$error> for Failed {
            fn from(_: $error) -> Self {
                Self::$variant
            }
        })+
    };
}

from!(
    RegionError => Region,
    nvm_core::Error => Nvm,
    Fault => Transaction,
    AllocError => Heap,
    nvm_ptr::Error => Pointer,
    ListError => List,
    replay::Error => Replay,
);
