//! Which keys do what, when somebody chose others than the table's.
//!
//! An action is a message of the table, named in small letters: `next-mark-split`. All rows of one action have the same keys
//! chosen for them. The keys of a line that is typed and of a question's answers are not to be chosen.

use super::{Binding, Key, table};
use crate::message::Message;
use std::sync::Arc;

/// The keys of each row of the table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keys {
    /// By row; none where they are the table's.
    chosen: Option<Arc<Vec<Option<Vec<Key>>>>>,
}

/// Two actions want one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyClash {
    /// The key.
    pub key: Key,
    /// The action it was chosen for.
    pub action: String,
    /// The action that has it.
    pub other: String,
    /// Letters that nothing has.
    pub free: Vec<Key>,
}

impl Keys {
    /// The table's keys, but for these actions.
    pub fn with(chosen: &[(String, Vec<Key>)]) -> Result<Keys, KeyClash> {
        let of = |binding: &Binding| {
            let name = action(binding)?;
            chosen.iter().find(|(action, _)| *action == name).map(|(_, keys)| keys.clone())
        };
        let rows: Vec<Option<Vec<Key>>> = table().iter().map(of).collect();
        let keys = Keys { chosen: Some(Arc::new(rows)).filter(|_| !chosen.is_empty()) };
        for (name, wanted) in chosen {
            for key in wanted {
                if let Some(other) = keys.other_with(*key, name) {
                    let (action, free) = (name.clone(), keys.free());
                    return Err(KeyClash { key: *key, action, other, free });
                }
            }
        }
        Ok(keys)
    }

    /// The keys of a row of the table.
    pub fn of(&self, row: usize) -> &[Key] {
        let chosen = self.chosen.as_ref().and_then(|rows| rows.get(row)?.as_deref());
        chosen.unwrap_or_else(|| table().get(row).map_or(&[], |binding| binding.keys))
    }

    /// Every action once: its name, what it does, its keys, and whether they were chosen.
    pub fn actions(&self) -> Vec<(String, &'static str, Vec<Key>, bool)> {
        let mut actions: Vec<(String, &'static str, Vec<Key>, bool)> = Vec::new();
        for (row, binding) in table().iter().enumerate() {
            let Some(name) = action(binding) else { continue };
            let help = if binding.help.is_empty() { binding.hint } else { binding.help };
            let chosen = self.chosen.as_ref().is_some_and(|rows| rows.get(row).is_some_and(Option::is_some));
            match actions.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, words, keys, _)) => {
                    *words = if words.is_empty() { help } else { words };
                    keys.extend(self.of(row).iter().filter(|key| !keys.contains(key)).copied().collect::<Vec<_>>());
                }
                None => actions.push((name, help, self.of(row).to_vec(), chosen)),
            }
        }
        actions
    }

    /// Another action that has the key. Two that share it in the table have it at different times.
    fn other_with(&self, key: Key, name: &str) -> Option<String> {
        let rows = table().iter().enumerate().filter(|(row, _)| self.of(*row).contains(&key));
        let shares = has_in_table(name, key);
        rows.filter_map(|(_, binding)| action(binding))
            .find(|other| other != name && !(shares && has_in_table(other, key)))
    }

    /// Letters that nothing has.
    fn free(&self) -> Vec<Key> {
        let letters = ('a'..='z').chain('A'..='Z').map(Key::Char);
        letters.filter(|key| self.other_with(*key, "").is_none()).collect()
    }
}

fn has_in_table(name: &str, key: Key) -> bool {
    table().iter().any(|binding| binding.keys.contains(&key) && action(binding).as_deref() == Some(name))
}

/// Whether there is an action of that name.
pub fn has_action(name: &str) -> bool {
    table().iter().any(|binding| action(binding).as_deref() == Some(name))
}

/// The action whose name is nearest to this one, when one is near.
pub fn action_like(name: &str) -> Option<String> {
    let names = table().iter().filter_map(action);
    let near = names.map(|other| (crate::gallery::distance(name, &other), other));
    near.filter(|(far, _)| *far <= name.len() / 3).min().map(|(_, other)| other)
}

/// The name of what a row does: its message in small letters, one of several rows back with `-back`. None where the key is not
/// to be chosen.
fn action(binding: &Binding) -> Option<String> {
    let fixed = matches!(
        binding.message,
        Message::Submit
            | Message::Edit(_)
            | Message::Choose(_)
            | Message::ChooseUp
            | Message::ChooseDown
            | Message::Answer
            | Message::SkipQuestion
            | Message::QuitNow
            | Message::Refused(_)
    );
    if fixed {
        return None;
    }
    let written = format!("{:?}", binding.message);
    let mut name = String::new();
    let mut last = ' ';
    for sign in written.chars() {
        if sign.is_ascii_uppercase() && last.is_ascii_lowercase() || sign == '(' {
            name.push('-');
        }
        if sign.is_ascii_alphanumeric() {
            name.push(sign.to_ascii_lowercase());
        } else if sign == '-' {
            name.push_str("back-");
        }
        last = sign;
    }
    Some(name.trim_end_matches("-1").to_owned())
}
