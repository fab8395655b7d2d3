//! How an interactive verb looks: the configuration file, what the environment says, and the options over both.

use super::{Failure, shown_path};
use crate::config;
use crate::model::{Motion, Mouse, StyleOptions};
use crate::widget::Theme;
use clap::Args;
use directories::ProjectDirs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Options of everything that is drawn on a terminal.
#[derive(Args, Clone, Debug, Default)]
pub struct LookOptions {
    /// The colours: dark, light, colour-blind or plain
    #[arg(long, value_name = "NAME", value_parser = parse_theme, help_heading = "Look")]
    theme: Option<&'static str>,
    /// Letters only that every terminal has
    #[arg(long, help_heading = "Look")]
    ascii: bool,
    /// Nothing moves by itself: playing goes to where it would end, at once
    #[arg(long, help_heading = "Look")]
    no_motion: bool,
    /// Leave the mouse to the terminal, to select text
    #[arg(long, help_heading = "Look")]
    no_mouse: bool,
    /// No screen: sentences line by line, as a screen reader wants them; lines are read from standard input
    #[arg(long, help_heading = "Look")]
    narrate: bool,
    /// Read this configuration file instead of the usual one
    #[arg(long, value_name = "FILE", help_heading = "Look")]
    config: Option<PathBuf>,
}

fn parse_theme(name: &str) -> Result<&'static str, String> {
    let known = Theme::NAMES.into_iter().find(|known| *known == name);
    known.ok_or_else(|| format!("the themes are {}", Theme::NAMES.join(", ")))
}

impl LookOptions {
    /// What all of them come to.
    pub fn style(&self) -> Result<StyleOptions, Failure> {
        let mut style = self.configured()?;
        style.colour &= std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        style.ascii |= self.ascii || std::env::var("TERM").is_ok_and(|term| term == "linux" || term == "vt100");
        if let Some(theme) = self.theme.and_then(Theme::named) {
            style.theme = theme;
        }
        if self.no_motion {
            style.motion = Motion::None;
        }
        if self.no_mouse {
            style.mouse = Mouse::Off;
        }
        Ok(style)
    }

    /// Whether there is to be no screen.
    pub fn narrates(&self) -> bool {
        self.narrate
    }

    /// Where the configuration is read from; none where the system has no place for it.
    pub fn config_path(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| folders().map(|folders| folders.config_dir().join(config::FILE_NAME)))
    }

    fn configured(&self) -> Result<StyleOptions, Failure> {
        let Some(path) = self.config_path() else { return Ok(StyleOptions::default()) };
        let text = match read_bounded(&path, config::BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.config.is_none() => {
                return Ok(StyleOptions::default());
            }
            read => read.map_err(|source| Failure::io(&shown_path(&path), source))?,
        };
        config::parse(&text).map_err(|error| Failure::new_config(format!("{}, {error}", shown_path(&path))))
    }
}

/// The folders that are this program's.
pub fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "tosumu")
}

/// The text of a file that is not too long to be one of ours.
pub fn read_bounded(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    let mut file = std::fs::File::open(path)?.take(bytes_max + 1);
    file.read_to_string(&mut text)?;
    match text.len() as u64 > bytes_max {
        true => Err(io::Error::other(format!("longer than the limit of {bytes_max} bytes"))),
        false => Ok(text),
    }
}
