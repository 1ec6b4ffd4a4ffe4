//! What was measured, as tables and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::costs::Costs;
use super::emulate::{CLASS_NAMES, stored_json};
use super::footprint::Footprint;
use super::rows::{Group, Row};
use crate::table::{Table, number};

/// Bytes of NVM that a task with default tables may take.
const GOAL_OF_A_TASK: u64 = 256;
/// `IntOS`: a task's control block.
const INTOS_OF_A_TASK: u64 = 2_452;

/// Columns whose numbers depend on the compiler, and are compared with a tolerance.
pub(super) const BY_COMPILER: [&str; 3] = ["insn, small", "insn, fast", "flash"];
/// Columns whose numbers do not.
pub(super) const EXACT: [&str; 4] = ["NVM bytes", "stores", "RAM", "NVM"];

/// Everything.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) groups: Vec<(&'static Group, Vec<(&'static Row, Costs)>)>,
    pub(super) footprints: Vec<Footprint>,
    pub(super) nvm_of_a_task: u64,
}

impl Report {
    /// All tables.
    pub(super) fn tables(&self) -> Vec<Table> {
        let mut tables: Vec<Table> = self
            .groups
            .iter()
            .map(|(group, rows)| operations(group.title, rows))
            .collect();
        if !self.footprints.is_empty() {
            tables.push(self.footprint());
        }
        tables
    }

    fn footprint(&self) -> Table {
        let header = ["program", "flash", "RAM", "stacks", "NVM", "goal"];
        let mut table = Table::new("Footprint", &header);
        for footprint in &self.footprints {
            table.rows.push(vec![
                footprint.label.to_owned(),
                number(footprint.sizes.flash),
                number(footprint.sizes.ram),
                footprint.stacks.map_or_else(String::new, number),
                number(footprint.nvm),
                footprint
                    .goal
                    .map_or_else(String::new, |goal| format!("flash {}", number(goal))),
            ]);
        }
        table.rows.push(vec![
            "each task, with default tables".into(),
            String::new(),
            String::new(),
            String::new(),
            number(self.nvm_of_a_task),
            format!("NVM {}", number(GOAL_OF_A_TASK)),
        ]);
        table
    }

    /// The goals that are not met.
    pub(super) fn missed(&self) -> Table {
        let header = ["operation", "of", "measured", "goal", "times the goal"];
        let mut table = Table::new("Goals that are not met", &header);
        let mut miss = |label: &str, what: &str, measured: u64, goal: u64| {
            if measured > goal {
                table.rows.push(vec![
                    label.to_owned(),
                    what.to_owned(),
                    number(measured),
                    number(goal),
                    times(measured, goal),
                ]);
            }
        };
        let rows = || self.groups.iter().flat_map(|(_, rows)| rows);
        let with_goal = || rows().filter_map(|(row, costs)| Some((row.label, row.goal?, costs)));
        for (label, (_, goal), costs) in with_goal() {
            miss(label, "NVM bytes", costs.bytes().into(), goal.into());
        }
        miss(
            "each task, with default tables",
            "NVM bytes",
            self.nvm_of_a_task,
            GOAL_OF_A_TASK,
        );
        for (label, (goal, _), costs) in with_goal() {
            miss(label, "instructions, fast", costs.fast.into(), goal.into());
        }
        for footprint in &self.footprints {
            if let Some(goal) = footprint.goal {
                miss(footprint.label, "flash", footprint.sizes.flash, goal);
            }
        }
        table
    }

    /// How many goals of each kind there are, and how many are met.
    pub(super) fn summary(&self) -> String {
        let rows = || self.groups.iter().flat_map(|(_, rows)| rows);
        let mut goals = [(0, 0); 3];
        for (row, costs) in rows() {
            let Some((instructions, bytes)) = row.goal else {
                continue;
            };
            let met = [
                costs.bytes() <= bytes,
                costs.fast <= instructions,
                costs.small <= instructions,
            ];
            for ((all, those), is_met) in goals.iter_mut().zip(met) {
                *all += 1;
                *those += u32::from(is_met);
            }
        }
        let mut text = String::new();
        for ((all, met), what) in goals.iter().zip([
            "NVM bytes",
            "instructions, build for few of them",
            "instructions, build for little text",
        ]) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "- {what}: {met} of {all} goals met");
        }
        text
    }

    /// All of it, for programs.
    pub(super) fn json(&self) -> Value {
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|(group, rows)| {
                let operations: Vec<Value> = rows
                    .iter()
                    .map(|(row, costs)| operation_json(row, costs))
                    .collect();
                json!({ "title": group.title, "operations": operations })
            })
            .collect();
        let footprints: Vec<Value> = self
            .footprints
            .iter()
            .map(|footprint| {
                json!({
                    "program": footprint.program,
                    "label": footprint.label,
                    "flash": footprint.sizes.flash,
                    "ram": footprint.sizes.ram,
                    "stacks": footprint.stacks,
                    "nvm": footprint.nvm,
                    "goal_flash": footprint.goal,
                })
            })
            .collect();
        json!({
            "groups": groups,
            "footprint": footprints,
            "nvm_of_a_task": {
                "bytes": self.nvm_of_a_task,
                "goal": GOAL_OF_A_TASK,
                "intos": INTOS_OF_A_TASK,
            },
        })
    }
}

fn operation_json(row: &Row, costs: &Costs) -> Value {
    let pair = |pair: Option<(u32, u32)>| {
        pair.map(|(instructions, bytes)| json!({ "instructions": instructions, "bytes": bytes }))
    };
    json!({
        "name": row.name,
        "label": row.label,
        "instructions_small": costs.small,
        "instructions_fast": costs.fast,
        "bytes": costs.bytes(),
        "stores": costs.stores(),
        "stored": stored_json(costs.stored),
        "intos": pair(row.intos),
        "freertos": row.freertos.map(|instructions| json!({ "instructions": instructions })),
        "goal": pair(row.goal),
    })
}

fn operations(title: &str, rows: &[(&Row, Costs)]) -> Table {
    let [small, fast, _] = BY_COMPILER;
    let mut header = vec!["operation", small, fast, "NVM bytes", "stores"];
    header.extend(CLASS_NAMES);
    let has_peers = rows.iter().any(|(row, _)| row.intos.is_some());
    let has_goals = rows.iter().any(|(row, _)| row.goal.is_some());
    if has_peers {
        header.extend(["IntOS", "FreeRTOS"]);
    }
    if has_goals {
        header.push("goal");
    }
    let mut table = Table::new(title, &header);
    let pair = |pair: Option<(u32, u32)>| {
        pair.map_or_else(String::new, |(instructions, bytes)| {
            format!("{} / {}", number(instructions), number(bytes))
        })
    };
    for (row, costs) in rows {
        let mut cells = vec![row.label.to_owned()];
        cells.extend([costs.small, costs.fast, costs.bytes(), costs.stores()].map(number));
        cells.extend(costs.stored.map(|(bytes, stores)| match stores {
            0 => String::new(),
            _ => format!("{} / {}", number(bytes), number(stores)),
        }));
        if has_peers {
            cells.push(pair(row.intos));
            cells.push(row.freertos.map_or_else(String::new, number));
        }
        if has_goals {
            cells.push(pair(row.goal));
        }
        table.rows.push(cells);
    }
    table
}

/// To a tenth.
fn times(measured: u64, goal: u64) -> String {
    let tenths = (measured * 10 + goal / 2) / goal.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
