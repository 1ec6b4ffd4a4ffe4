//! The states of the NVM that power cuts find.
//!
//! Nothing outlives a cut but the NVM: SRAM holds junk, and processor and timer are reset. Between two stores to the NVM all
//! cuts therefore find the same state, and all that follows is the same, too: one run serves them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::instructions::Registers;
use super::program::Program;
use super::script::Script;
use super::{instructions, simulator};
use crate::parallel;

const LONGEST_RUN: Duration = Duration::from_mins(1);
/// How often the NVM is shown in one simulator.
const SHOWN: usize = 1_000;

/// A state of the NVM.
#[derive(Debug)]
pub(super) struct State {
    /// The first of the cuts that find it.
    pub(super) first: u32,
    /// How many cuts find it.
    pub(super) cuts: u32,
    pub(super) words: Vec<u32>,
}

/// What a power cut before each of some instructions finds.
#[derive(Debug, Default)]
pub(super) struct States {
    /// Each state once.
    pub(super) all: Vec<State>,
    /// From which cut on which of them is found.
    found: Vec<(u32, usize)>,
}

impl States {
    /// What cuts find before each of these steps, from where a script ends on.
    pub(super) fn of(
        program: &Program,
        begin: &Script,
        steps: &[Registers],
    ) -> Result<Self, String> {
        // How many steps are made where the NVM can be another one than before the last of them.
        let mut executed = vec![0];
        let (_, before_last) = steps.split_last().ok_or("nothing is executed")?;
        let (start, bytes) = program.nvm()?;
        let nvm = start..start + bytes;
        for (number, registers) in (1..).zip(before_last) {
            let instruction = program.instruction(registers.program_counter())?;
            let stores_to = instructions::stores_to(&instruction, registers);
            if stores_to.is_some_and(|address| nvm.contains(&address.into())) {
                executed.push(number);
            }
        }
        let parts: Vec<&[u32]> = executed.chunks(SHOWN).collect();
        let shown = parallel::map(parts.len() as u64, |part| {
            shown(begin, parts.get(part as usize).copied().unwrap_or_default())
        })?;
        let shown = executed.into_iter().zip(shown.into_iter().flatten());
        Ok(Self::from_shown(shown.collect(), steps.len() as u32))
    }

    /// From the NVM as it is after some numbers of so many instructions, between which it does not change.
    fn from_shown(shown: Vec<(u32, Vec<u32>)>, instructions: u32) -> Self {
        let next = shown.iter().skip(1).map(|(executed, _)| *executed);
        let ends: Vec<u32> = next.chain([instructions]).collect();
        let mut states = Self::default();
        let mut known = HashMap::new();
        for ((executed, words), end) in shown.into_iter().zip(ends) {
            let cut = executed + 1;
            let state = match known.entry(words) {
                Entry::Occupied(state) => *state.get(),
                Entry::Vacant(place) => {
                    let words = place.key().clone();
                    states.all.push(State {
                        first: cut,
                        cuts: 0,
                        words,
                    });
                    *place.insert(states.all.len() - 1)
                }
            };
            if let Some(state) = states.all.get_mut(state) {
                state.cuts += end - executed;
            }
            if states.found.last().is_none_or(|(_, last)| *last != state) {
                states.found.push((cut, state));
            }
        }
        states
    }

    /// Which of them a cut finds.
    pub(super) fn found_by(&self, cut: u32) -> Option<usize> {
        let behind = self.found.partition_point(|(first, _)| *first <= cut);
        let (_, state) = self.found.get(behind.checked_sub(1)?)?;
        Some(*state)
    }
}

/// The NVM after so many instructions each.
fn shown(begin: &Script, executed: &[u32]) -> Result<Vec<Vec<u32>>, String> {
    let mut script = begin.clone();
    let mut places = Vec::new();
    let mut at = 0;
    for number in executed {
        if *number > at {
            script.step(number - at);
            at = *number;
        }
        script.show_nvm();
        places.push(script.len() - 1);
    }
    let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
    places
        .into_iter()
        .map(|place| match answers.get(place) {
            Some(answer) => answer.words(),
            None => Err("the simulator does not answer".into()),
        })
        .collect()
}

/// The file of a folder that keeps a state.
pub(super) fn path(folder: &Path, number: usize) -> PathBuf {
    folder.join(number.to_string())
}

/// Keeps a state in a file of a folder, for the simulator to load.
pub(super) fn keep(folder: &Path, number: usize, words: &[u32]) -> Result<PathBuf, String> {
    let path = path(folder, number);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_by_all_cuts_up_to_the_next_store() {
        // Ten instructions; the third one and the sixth change a word, the seventh changes it back, the eighth stores the same.
        let words = [(0, 5), (3, 6), (6, 7), (7, 6), (8, 6)];
        let shown = words.map(|(executed, word)| (executed, vec![word]));
        let states = States::from_shown(shown.into(), 10);
        let all = states.all.iter();
        let all: Vec<_> = all
            .map(|state| (state.first, state.cuts, state.words[0]))
            .collect();
        assert_eq!(all, [(1, 3, 5), (4, 6, 6), (7, 1, 7)]);
        let found: Vec<_> = (1..=10).map(|cut| states.found_by(cut)).collect();
        assert_eq!(found, [0, 0, 0, 1, 1, 1, 2, 1, 1, 1].map(Some),);
        assert_eq!(states.found_by(0), None);
    }
}
