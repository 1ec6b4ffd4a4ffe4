//! `settings`, `nvm-tx` alone: settings in two versions, and the transactions that upgrade and change them.
//!
//! The region's own layout stays the same over all versions: the undo log must be where it was, so that what an older
//! firmware left unfinished is rolled back first. What is versioned are the settings, in an area with room for later
//! ones. Version 2 lies over version 1, in other units: the transaction reads the old settings, stores the new ones in
//! their place, and the new version with them.

use std::error::Error;
use std::fmt;

use nvm_core::image::Description;
use nvm_core::{Area, Class, FileNvm, Layout, Nvm, Offset, field, persist};
use nvm_tx::image::UndoLogPart;
use nvm_tx::{Fault, Tx, UndoLog};

/// What this firmware reads and writes.
pub const VERSION: u32 = 2;
/// Room for the settings of versions to come.
const ROOM: usize = 64;
/// An upgrade logs 28 bytes and a word; a change three words and a name.
const LOG_BYTES: u32 = 64;

persist! {
    /// The settings as version 1 had them.
    struct FirstSettings {
        interval_seconds: u16,
        /// In degrees: it had one limit, and took twenty degrees less for the other.
        limit: i16,
        name: [u8; 8],
    }

    /// The settings.
    pub struct Settings {
        /// Between two measurements.
        pub interval_milliseconds: u32,
        /// In thousandths of a degree, like `high`.
        pub low: i32,
        /// The upper limit.
        pub high: i32,
        /// Filled with spaces.
        pub name: [u8; 16],
    }
}

impl From<FirstSettings> for Settings {
    fn from(first: FirstSettings) -> Self {
        let mut name = [b' '; 16];
        for (to, from) in name.iter_mut().zip(first.name) {
            *to = from;
        }
        let high = i32::from(first.limit) * 1000;
        Self {
            interval_milliseconds: u32::from(first.interval_seconds) * 1000,
            low: high - 20_000,
            high,
            name,
        }
    }
}

impl Settings {
    /// Why they do not fit together, if they do not.
    fn refusal(&self) -> Option<&'static str> {
        if self.interval_milliseconds == 0 {
            Some("the interval must not be 0")
        } else if self.low >= self.high {
            Some("low must be lower than high")
        } else {
            None
        }
    }
}

/// Why settings are not read or not changed.
#[derive(Debug)]
pub enum SettingsError {
    /// Written by a later firmware, or damaged.
    Version(u32),
    /// They would not fit together: nothing was changed.
    Refused(&'static str),
    /// The transaction did not commit.
    Transaction(Fault),
}

impl From<Fault> for SettingsError {
    fn from(fault: Fault) -> Self {
        Self::Transaction(fault)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(found) => write!(
                f,
                "the settings have version {found}, this firmware reads versions 1 to {VERSION}"
            ),
            Self::Refused(reason) => f.write_str(reason),
            Self::Transaction(fault) => fault.fmt(f),
        }
    }
}

impl Error for SettingsError {}

/// Where everything lies: the same at each start, in each version.
pub struct Store {
    /// All of it.
    pub layout: Layout,
    /// The undo log.
    pub log: Area,
    version: Offset<u32>,
    /// The settings, of whichever version.
    pub settings: Offset<Settings>,
}

impl Store {
    /// Places all of it.
    pub fn placed() -> Self {
        let mut layout = Layout::new("settings", 1);
        Self {
            log: layout.area("undo log", UndoLog::<FileNvm>::area_bytes(LOG_BYTES)),
            version: layout.object("version"),
            settings: layout.object::<[u8; ROOM]>("settings").cast(),
            layout,
        }
    }

    /// What a tool that looks at images is told. The settings are told as this version has them.
    pub fn description() -> Description {
        let store = Self::placed();
        let (version, settings) = (store.version, store.settings);
        Description::new("settings", 1, store.layout)
            .object("settings, as version 2 has them", settings)
            .part("transactions", UndoLogPart::new(store.log))
            .invariant("settings", move |nvm| match nvm.load(version)? {
                1 => Ok(()),
                VERSION => {
                    let found = nvm.load(settings)?;
                    let refusal = found.refusal().map(SettingsError::Refused);
                    refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
                }
                other => Err(SettingsError::Version(other).into()),
            })
    }

    /// What a firmware of version 1 began with.
    pub fn format_as_first(&self, nvm: &impl Nvm) -> Result<(), Fault> {
        let first = FirstSettings {
            interval_seconds: 60,
            limit: 28,
            name: *b"cellar  ",
        };
        UndoLog::format(&nvm, self.log)?;
        nvm.store(Class::Data, self.settings.cast(), &first)?;
        Ok(nvm.store(Class::Data, self.version, &1)?)
    }

    /// The settings of a new device.
    pub fn format(&self, nvm: &impl Nvm) -> Result<(), Fault> {
        let settings = Settings {
            interval_milliseconds: 10_000,
            low: 5_000,
            high: 25_000,
            name: *b"unnamed         ",
        };
        UndoLog::format(&nvm, self.log)?;
        nvm.store(Class::Data, self.settings, &settings)?;
        Ok(nvm.store(Class::Data, self.version, &VERSION)?)
    }

    /// Brings settings of an older version to this one, all or nothing; answers which version they had. `pause` is
    /// where the upgrade has been made in part.
    pub fn upgrade<N: Nvm>(
        &self,
        log: &mut UndoLog<N>,
        pause: impl Fn(),
    ) -> Result<u32, SettingsError> {
        log.transaction(|tx| {
            let found = tx.get(self.version)?;
            match found {
                1 => {
                    let first: FirstSettings = tx.get(self.settings.cast())?;
                    tx.set(self.settings, first.into())?;
                    pause();
                    tx.set(self.version, VERSION)?;
                }
                VERSION => {}
                other => return Err(SettingsError::Version(other)),
            }
            Ok(found)
        })
    }

    /// Makes all changes, or none where they do not fit together. `pause` is after each.
    pub fn change<N: Nvm>(
        &self,
        log: &mut UndoLog<N>,
        changes: &[Change],
        pause: impl Fn(),
    ) -> Result<Settings, SettingsError> {
        log.transaction(|tx| {
            for change in changes {
                change.make(tx, self.settings)?;
                pause();
            }
            let settings = tx.get(self.settings)?;
            match settings.refusal() {
                Some(why) => Err(SettingsError::Refused(why)),
                None => Ok(settings),
            }
        })
    }
}

/// One setting's new value.
#[derive(Debug, Clone)]
pub enum Change {
    /// The interval in milliseconds.
    Interval(u32),
    /// The lower limit.
    Low(i32),
    /// The upper limit.
    High(i32),
    /// The name.
    Name([u8; 16]),
}

impl Change {
    /// From `NAME=VALUE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (setting, value) = text.split_once('=').ok_or("it has the form NAME=VALUE")?;
        let number = || value.parse::<i32>().map_err(|error| error.to_string());
        match setting {
            "interval" => Ok(Self::Interval(
                u32::try_from(number()?).map_err(|_| "it must not be negative")?,
            )),
            "low" => Ok(Self::Low(number()?)),
            "high" => Ok(Self::High(number()?)),
            "name" if value.len() <= 16 => {
                let mut name = [b' '; 16];
                for (to, from) in name.iter_mut().zip(value.bytes()) {
                    *to = from;
                }
                Ok(Self::Name(name))
            }
            "name" => Err("a name has at most 16 bytes".into()),
            _ => Err("the settings are interval, low, high and name".into()),
        }
    }

    fn make<N: Nvm>(&self, tx: &mut Tx<'_, N>, settings: Offset<Settings>) -> Result<(), Fault> {
        match *self {
            Self::Interval(value) => {
                tx.set(field!(settings, Settings.interval_milliseconds), value)
            }
            Self::Low(value) => tx.set(field!(settings, Settings.low), value),
            Self::High(value) => tx.set(field!(settings, Settings.high), value),
            Self::Name(value) => tx.set(field!(settings, Settings.name), value),
        }
    }
}

#[cfg(test)]
mod tests {
    use nvm_core::for_each_atom;
    use nvm_core::sim::{Explorer, SimNvm};

    use super::*;

    /// What a firmware reads that knows the version that it finds.
    fn observe(nvm: &impl Nvm) -> (u32, Vec<u8>) {
        let store = Store::placed();
        let version = nvm.load(store.version).unwrap();
        let bytes = if version == 1 {
            size_of::<FirstSettings>()
        } else {
            size_of::<Settings>()
        };
        let mut settings = vec![0; bytes];
        nvm.read(store.settings.get(), &mut settings).unwrap();
        (version, settings)
    }

    fn open<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> UndoLog<&SimNvm<ATOM>> {
        UndoLog::open(nvm, Store::placed().log).unwrap()
    }

    /// What the next start does first.
    fn recover<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
        let _ = open(nvm);
    }

    #[test]
    fn an_upgrade_is_made_wholly_or_not_at_all_whatever_is_cut() {
        let store = Store::placed();
        for_each_atom!(ATOM => {
            let explorer = Explorer::<ATOM>::new("upgrade", store.layout.size()).depth(2);
            let old = |nvm: &SimNvm<ATOM>| store.format_as_first(nvm).unwrap();
            let upgrade = |nvm: &SimNvm<ATOM>| {
                store.upgrade(&mut open(nvm), || ()).unwrap();
            };
            // The old firmware starts after the power loss: it finds the old settings or refuses the new ones.
            explorer.explore_atomic(old, upgrade, recover, observe).assert_clean();
            // The new one does: the settings are the new ones.
            explorer
                .explore(old, upgrade, upgrade, |nvm| {
                    let new = Settings {
                        interval_milliseconds: 60_000,
                        low: 8_000,
                        high: 28_000,
                        name: *b"cellar          ",
                    };
                    let found = (nvm.load(store.version), nvm.load(store.settings));
                    if found == (Ok(VERSION), Ok(new)) { Ok(()) } else { Err(format!("{found:?}")) }
                })
                .assert_clean();
        });
    }

    #[test]
    fn changes_are_made_all_or_none_whatever_is_cut() {
        let store = Store::placed();
        let changes = [
            Change::Low(-7_000),
            Change::High(1_000),
            Change::Interval(5),
            Change::Name(*b"the attic       "),
        ];
        for_each_atom!(ATOM => {
            Explorer::<ATOM>::new("changes", store.layout.size())
                .depth(2)
                .explore_atomic(
                    |nvm| store.format(nvm).unwrap(),
                    |nvm| { store.change(&mut open(nvm), &changes, || ()).unwrap(); },
                    recover,
                    observe,
                )
                .assert_clean();
        });
    }

    #[test]
    fn an_upgrade_past_the_log_is_caught() {
        let store = Store::placed();
        Explorer::<4>::new("upgrade without a transaction", store.layout.size())
            .explore_atomic(
                |nvm| store.format_as_first(nvm).unwrap(),
                |nvm| {
                    let first: FirstSettings = nvm.load(store.settings.cast()).unwrap();
                    nvm.store(Class::Data, store.settings, &first.into())
                        .unwrap();
                    nvm.store(Class::Data, store.version, &VERSION).unwrap();
                },
                recover,
                observe,
            )
            .assert_caught();
    }

    #[test]
    fn changes_that_do_not_fit_and_later_versions_change_nothing() {
        let (store, nvm) = (Store::placed(), SimNvm::<4>::new(1024));
        store.format(&nvm).unwrap();
        let before = observe(&nvm);
        let refused = store.change(&mut open(&nvm), &[Change::Low(25_000)], || ());
        assert!(matches!(refused, Err(SettingsError::Refused(_))));
        assert_eq!(observe(&nvm), before);

        nvm.store(Class::Data, store.version, &3).unwrap();
        let later = store.upgrade(&mut open(&nvm), || ());
        assert!(matches!(later, Err(SettingsError::Version(3))));
    }
}
