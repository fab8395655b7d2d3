//! What the help view says: keys, commands and what they do, from the table that keys are looked up in.

use crate::{keymap, model::Model};
use schemars::JsonSchema;
use serde::Serialize;

/// One thing that can be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct HelpRowFacts {
    /// The key, or empty.
    pub key: String,
    /// The command line's word for it, or empty.
    pub command: String,
    /// What it does.
    pub what: String,
    /// Whether it does so now.
    pub now: bool,
}

/// Everything that can be done, now or at another time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct HelpFacts {
    /// The rows.
    pub rows: Vec<HelpRowFacts>,
}

/// What can be done in `model`: first what can be done now.
pub fn help(model: &Model) -> HelpFacts {
    let row = |row: keymap::HelpRow| HelpRowFacts { key: row.keys, command: row.command, what: row.what, now: row.now };
    let mut rows: Vec<HelpRowFacts> = keymap::help_rows(model, &model.help_search.text).into_iter().map(row).collect();
    rows.sort_by_key(|row| !row.now);
    HelpFacts { rows }
}

impl HelpFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::from("What can be done:\n");
        for row in &self.rows {
            let command = if row.command.is_empty() { String::new() } else { format!(" (`{}`)", row.command) };
            let now = if row.now { "" } else { " (not now)" };
            text.push_str(&format!("{}{command}: {}{now}\n", row.key, row.what));
        }
        text
    }
}
