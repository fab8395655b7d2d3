//! Colours by family of meaning, from the terminal's own sixteen. A colour is never the only carrier of its meaning: every
//! family also has a word, a glyph or a place of its own, so a theme may be without any colour.

use ratatui::style::{Color, Modifier, Style};

/// What a stretch of a picture means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Family {
    /// Ordinary text.
    #[default]
    Plain,
    /// Text that explains and may be overlooked.
    Quiet,
    /// Lines round panes and boxes.
    Frame,
    /// Headings.
    Title,
    /// What a thing is: magic, version, kind, number.
    Identity,
    /// Lengths and counts.
    Length,
    /// What names another place: pointers, slots.
    Pointer,
    /// Keys and values.
    Payload,
    /// Bytes that hold nothing.
    Free,
    /// Nonces, tags, salts, ciphertext.
    Crypto,
    /// The way of a search from the root.
    Path,
    /// Changed in memory.
    Changed,
    /// Made by the present operation.
    Fresh,
    /// Checked and sound.
    Good,
    /// To be noticed.
    Warning,
    /// Wrong.
    Bad,
}

/// Number of families; the last of the enumeration closes it.
const FAMILIES: usize = Family::Bad as usize + 1;

/// The style of every family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theme {
    styles: [Style; FAMILIES],
}

impl Theme {
    /// The names of all themes, in the order that they are gone through.
    pub const NAMES: [&str; 4] = ["dark", "light", "colour-blind", "plain"];

    /// The name of this theme.
    pub fn name(&self) -> &'static str {
        Theme::NAMES.into_iter().find(|name| Theme::named(name).as_ref() == Some(self)).unwrap_or("dark")
    }

    /// The theme called `dark`, `light`, `colour-blind` or `plain`.
    pub fn named(name: &str) -> Option<Theme> {
        match name {
            "dark" => Some(Theme::dark()),
            "light" => Some(Theme::light()),
            "colour-blind" => Some(Theme::colour_blind()),
            "plain" => Some(Theme::plain()),
            _ => None,
        }
    }

    /// For a dark terminal: bright colours.
    pub fn dark() -> Theme {
        Theme::plain().coloured(&[
            (Family::Quiet, Color::DarkGray),
            (Family::Frame, Color::DarkGray),
            (Family::Identity, Color::LightCyan),
            (Family::Length, Color::LightYellow),
            (Family::Pointer, Color::LightBlue),
            (Family::Payload, Color::LightGreen),
            (Family::Free, Color::DarkGray),
            (Family::Crypto, Color::LightMagenta),
            (Family::Path, Color::LightCyan),
            (Family::Changed, Color::LightYellow),
            (Family::Fresh, Color::LightGreen),
            (Family::Good, Color::Green),
            (Family::Warning, Color::LightYellow),
            (Family::Bad, Color::LightRed),
        ])
    }

    /// For a light terminal: the darker eight.
    pub fn light() -> Theme {
        Theme::plain().coloured(&[
            (Family::Quiet, Color::DarkGray),
            (Family::Frame, Color::DarkGray),
            (Family::Identity, Color::Cyan),
            (Family::Length, Color::Yellow),
            (Family::Pointer, Color::Blue),
            (Family::Payload, Color::Green),
            (Family::Free, Color::Gray),
            (Family::Crypto, Color::Magenta),
            (Family::Path, Color::Blue),
            (Family::Changed, Color::Yellow),
            (Family::Fresh, Color::Green),
            (Family::Good, Color::Green),
            (Family::Warning, Color::Yellow),
            (Family::Bad, Color::Red),
        ])
    }

    /// Blue against yellow only, with bold for what matters: no pair of red and green has to be told apart.
    pub fn colour_blind() -> Theme {
        Theme::plain().coloured(&[
            (Family::Quiet, Color::DarkGray),
            (Family::Frame, Color::DarkGray),
            (Family::Identity, Color::White),
            (Family::Length, Color::Yellow),
            (Family::Pointer, Color::LightBlue),
            (Family::Payload, Color::Gray),
            (Family::Free, Color::DarkGray),
            (Family::Crypto, Color::Blue),
            (Family::Path, Color::LightBlue),
            (Family::Changed, Color::LightYellow),
            (Family::Fresh, Color::LightBlue),
            (Family::Good, Color::LightBlue),
            (Family::Warning, Color::Yellow),
            (Family::Bad, Color::LightYellow),
        ])
    }

    /// Without colours: weight only.
    pub fn plain() -> Theme {
        let mut styles = [Style::new(); FAMILIES];
        for family in [Family::Title, Family::Path, Family::Changed, Family::Fresh, Family::Warning] {
            styles[family as usize] = Style::new().add_modifier(Modifier::BOLD);
        }
        styles[Family::Bad as usize] = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        Theme { styles }
    }

    fn coloured(mut self, colours: &[(Family, Color)]) -> Theme {
        for (family, colour) in colours {
            self.styles[*family as usize].fg = Some(*colour);
        }
        self
    }

    /// How `family` looks.
    pub fn style(&self, family: Family) -> Style {
        self.styles[family as usize]
    }

    /// How `family` looks where the cursor or the selection is.
    pub fn selected(&self, family: Family) -> Style {
        self.style(family).add_modifier(Modifier::REVERSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_theme_leaves_the_ground_to_the_terminal_and_uses_its_sixteen_colours() {
        for name in Theme::NAMES {
            assert_eq!(Theme::named(name).unwrap().name(), name);
            for style in Theme::named(name).unwrap().styles {
                assert_eq!(style.bg, None, "{name}");
                assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{name}");
            }
        }
        assert_eq!(Theme::named("mauve"), None);
    }
}
