//! The configuration file: theme, letters, motion, mouse and keys, as TOML. Read once at the start and never written; what is
//! wrong in it is said with its line, and what to do.
//!
//! ```toml
//! theme = "light"
//! motion = false
//! [keys]
//! next-split = "J"
//! step-forward = ["Right", "l", "Ctrl-N"]
//! ```

use crate::keymap::{Key, KeyClash, Keys};
use crate::model::{Motion, Mouse, StyleOptions};
use crate::widget::Theme;
use std::fmt::{self, Write};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the program looks for in the folder of its configuration.
pub const FILE_NAME: &str = "config.toml";
/// The longest file that is read, in bytes.
pub const BYTES_MAX: u64 = 64 * 1024;

/// What is wrong with a configuration: the line, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub why: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.why)
    }
}

/// What `text` asks for; what it does not name stays as it is when nobody says anything.
pub fn parse(text: &str) -> Result<StyleOptions, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        wrong(text, &(at..at), error.message().trim_end_matches('.').to_owned() + "; the file is TOML: name = value")
    })?;
    let mut style = StyleOptions::default();
    for (name, value) in table.get_ref() {
        set(&mut style, text, name.get_ref(), name.span(), value)?;
    }
    Ok(style)
}

const NAMES: &str = "theme, ascii, colour, motion, mouse and [keys]";

fn set(
    style: &mut StyleOptions,
    text: &str,
    name: &str,
    place: Range<usize>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), ConfigError> {
    let no_flag = || wrong(text, &value.span(), format!("`{name}` is true or false"));
    let flag = || value.get_ref().as_bool().ok_or_else(no_flag);
    match name {
        "theme" => {
            let found = value.get_ref().as_str().and_then(Theme::named);
            let words = || format!("`theme` is one of {}", Theme::NAMES.join(", "));
            style.theme = found.ok_or_else(|| wrong(text, &value.span(), words()))?;
        }
        "ascii" => style.ascii = flag()?,
        "colour" => style.colour = flag()?,
        "motion" => style.motion = if flag()? { Motion::Full } else { Motion::None },
        "mouse" => style.mouse = if flag()? { Mouse::On } else { Mouse::Off },
        "keys" => style.keys = keys(text, value)?,
        _ => return Err(wrong(text, &place, format!("`{name}` is nothing that can be set; there are {NAMES}"))),
    }
    Ok(())
}

fn keys(text: &str, value: &Spanned<DeValue<'_>>) -> Result<Keys, ConfigError> {
    let table = value.get_ref().as_table();
    let table = table.ok_or_else(|| wrong(text, &value.span(), "`keys` is a table: [keys]".to_owned()))?;
    let mut chosen: Vec<(String, Vec<Key>)> = Vec::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    for (action, value) in table {
        if !crate::keymap::has_action(action.get_ref()) {
            let like = crate::keymap::action_like(action.get_ref());
            let like = like.map_or(String::new(), |like| format!("; did you mean `{like}`?"));
            let why = format!("`{}` is no action{like} `tosumu config` prints all of them", action.get_ref());
            return Err(wrong(text, &action.span(), why));
        }
        chosen.push((action.get_ref().to_string(), keys_of(text, value)?));
        places.push(action.span());
    }
    Keys::with(&chosen).map_err(|clash| {
        let place = chosen.iter().position(|(action, _)| *action == clash.action).map(|at| places[at].clone());
        wrong(text, &place.unwrap_or(0..0), words(&clash))
    })
}

/// One key, or a list of them; an empty one takes an action's keys away.
fn keys_of(text: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<Key>, ConfigError> {
    let one = |value: &Spanned<DeValue<'_>>| {
        let name = value.get_ref().as_str();
        let why = || "a key is a letter, or a name like \"Space\", \"PgDn\", \"Ctrl-K\"".to_owned();
        name.and_then(Key::named).ok_or_else(|| wrong(text, &value.span(), why()))
    };
    match value.get_ref().as_array() {
        Some(list) => list.iter().map(one).collect(),
        None => Ok(vec![one(value)?]),
    }
}

fn words(clash: &KeyClash) -> String {
    let free: Vec<String> = clash.free.iter().map(|key| key.name(true)).collect();
    format!(
        "`{}` cannot mean `{}`: it means `{}` already. Give that one another key too, or choose a free one: {}",
        clash.key.name(true),
        clash.action,
        clash.other,
        free.join(" ")
    )
}

fn wrong(text: &str, place: &Range<usize>, why: String) -> ConfigError {
    let before = text.as_bytes().get(..place.start.min(text.len())).unwrap_or_default();
    ConfigError { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, why }
}

/// `style` as a configuration file that brings it about, with a comment to everything.
pub fn to_text(style: &StyleOptions) -> String {
    let mut text = String::new();
    let mut entry = |comment: &str, line: String| {
        let _ = write!(text, "# {comment}\n{line}\n\n");
    };
    let themes = format!("The colours: {}.", Theme::NAMES.join(", "));
    entry(&themes, format!("theme = \"{}\"", style.theme.name()));
    entry("Only letters that every terminal has.", format!("ascii = {}", style.ascii));
    entry("false takes the colours away, as NO_COLOR in the environment does.", format!("colour = {}", style.colour));
    entry("false: playing goes to where it would end, at once.", format!("motion = {}", style.motion == Motion::Full));
    entry("false leaves the mouse to the terminal, to select text.", format!("mouse = {}", style.mouse == Mouse::On));
    text.push_str(
        "# The keys of each action: one key, or a list of them. A key that is given to another action has to be\n",
    );
    text.push_str("# taken from the one that has it. Remove the # before a line to change it.\n[keys]\n");
    for (action, help, keys, changed) in style.keys.actions() {
        let names: Vec<String> = keys.iter().map(|key| quoted(&key.name(true))).collect();
        let value = if let [only] = &names[..] { only.clone() } else { format!("[{}]", names.join(", ")) };
        let mark = if changed { "" } else { "# " };
        let _ = writeln!(text, "{}", format!("{mark}{action} = {value}").trim_end());
        let at = text.len() - 1;
        let width = text[..at].rsplit('\n').next().map_or(0, str::len);
        text.insert_str(at, &format!("{:blank$}# {help}", "", blank = 44usize.saturating_sub(width).max(2)));
    }
    text
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap;
    use crate::message::Message;
    use crate::model::Model;

    #[test]
    fn what_is_printed_brings_about_what_was_printed() {
        let style = StyleOptions { theme: Theme::light(), motion: Motion::None, ..StyleOptions::default() };
        assert_eq!(parse(&to_text(&style)).unwrap(), style);
        let uncommented = to_text(&StyleOptions::default()).replace("\n# ", "\n");
        let keys: String = uncommented.split("[keys]").nth(1).unwrap().to_owned();
        let again = parse(&format!("[keys]{keys}")).unwrap();
        assert_eq!(again.keys.actions().len(), Keys::default().actions().len());
        let changed = parse("mouse = false\n[keys]\nnext-mark-split = \"Ctrl-G\"\n").unwrap();
        assert_eq!(parse(&to_text(&changed)).unwrap(), changed);
    }

    #[test]
    fn a_key_that_was_moved_does_there_what_it_did_and_hints_and_help_say_so() {
        let mut model = Model::home();
        model.style = parse("[keys]\nhome-choose = [\"Ctrl-G\", \"Enter\"]\n").unwrap();
        assert!(matches!(keymap::dispatch(&model, Key::Control('g')), Some(Message::HomeChoose)));
        assert!(model.hints().contains(&("Ctrl-G".to_owned(), "choose".to_owned())));
        model.style = StyleOptions::default();
        assert!(keymap::dispatch(&model, Key::Control('g')).is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_to_do() {
        let why = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(why("\ntheme = \"mauve\""), "line 2: `theme` is one of dark, light, colour-blind, plain");
        assert_eq!(why("mouse = \"no\""), "line 1: `mouse` is true or false");
        assert!(
            why("colour = true\ncolor = true").starts_with("line 2: `color` is nothing that can be set; there are")
        );
        assert!(why("theme").starts_with("line 1: "), "{}", why("theme"));
        assert!(why("[keys]\nnext-mark-spilt = \"J\"").contains("did you mean `next-mark-split`?"));
        assert!(why("[keys]\nnext-mark-split = \"Hyper\"").starts_with("line 2: a key is a letter"));
        let clash = why("[keys]\n\nnext-mark-split = \"x\"");
        assert!(
            clash.starts_with("line 3: `x` cannot mean `next-mark-split`: it means `crash-here` already."),
            "{clash}"
        );
        assert!(clash.contains("a free one: "), "{clash}");
        assert!(parse("[keys]\nnext-mark-split = \"x\"\ncrash-here = \"Ctrl-G\"").is_ok());
    }
}
