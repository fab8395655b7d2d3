//! A screen as text with the escapes that set its styles: what `cat` shows in a terminal.

use super::{Look, row_runs};
use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};

/// The screen as ANSI text; blank cells at the end of a line are left off.
pub fn to_ansi(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut runs: Vec<_> = row_runs(buffer, y).collect();
        if let Some(last) = runs.last_mut()
            && last.look.background == Color::Reset
            && !last.look.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
        {
            last.text.truncate(last.text.trim_end().len());
        }
        let mut now = Look::PLAIN;
        for run in runs.iter().filter(|run| !run.text.is_empty()) {
            if run.look != now {
                text.push_str(&change(now, run.look));
                now = run.look;
            }
            text.push_str(&run.text);
        }
        if now != Look::PLAIN {
            text.push_str("\x1b[0m");
        }
        text.push('\n');
    }
    text
}

/// The escape that turns one look into another, starting afresh unless the old one was plain.
fn change(from: Look, to: Look) -> String {
    let mut codes: Vec<String> = Vec::new();
    if from != Look::PLAIN || to == Look::PLAIN {
        codes.push("0".into());
    }
    let modifiers = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ];
    codes.extend(modifiers.iter().filter(|(bit, _)| to.modifier.contains(*bit)).map(|(_, code)| code.to_string()));
    codes.extend(colour_code(to.foreground, 30));
    codes.extend(colour_code(to.background, 40));
    format!("\x1b[{}m", codes.join(";"))
}

/// The code of `colour`; `base` is 30 for the foreground and 40 for the background.
fn colour_code(colour: Color, base: u8) -> Option<String> {
    match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(format!("{};2;{red};{green};{blue}", base + 8)),
        Color::Indexed(index) => Some(format!("{};5;{index}", base + 8)),
        named => super::svg::terminal_index(named).map(|index| match index {
            0..=7 => (base + index).to_string(),
            _ => (base + 60 + index - 8).to_string(),
        }),
    }
}
