//! The last two lines: the command line, and the keys that are likeliest now.

use super::line_of;
use crate::{
    file_work::{KeySort, SecretLine},
    model::{Model, Screen},
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

/// Most hints that stand on the line.
const HINTS_MAX: usize = 5;

/// Draws what is being typed, what is being done, or an example of what could be typed.
pub fn draw_command(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let line = &model.command_line;
    if let Some(secret) = &model.file_work.secret {
        return draw_secret(model, secret, area, buffer);
    }
    if let Some(busy) = model.busy.as_ref().filter(|_| !line.active) {
        return line_of(buffer, area, 0, &format!(": {busy} ..."), theme.style(Family::Quiet));
    }
    if line.text.is_empty() && !line.active {
        let example = match model.screen {
            Screen::File => ": type a command, for example  show page 2",
            _ if model.recording().is_some() => ": type a command, for example  next commit",
            _ if !model.world.facts.open && model.at > 0 => ": type an operation, for example  reopen",
            _ => ": type an operation, for example  put o 15",
        };
        return line_of(buffer, area, 0, example, theme.style(Family::Quiet));
    }
    let room = usize::from(area.width).saturating_sub(4);
    let cursor = line.cursor;
    let shown = text::clip_start(&line.text, room);
    line_of(buffer, area, 0, &format!(": {shown}"), theme.style(Family::Title));
    if line.active {
        let hidden = text::width(&line.text).saturating_sub(text::width(&shown));
        let column = area.x + 3 + (cursor.saturating_sub(hidden) as u16).min(area.width.saturating_sub(4));
        if column < area.right() {
            buffer[(column, area.y)].modifier.insert(Modifier::REVERSED);
        }
    }
}

/// Draws how many letters of a key were typed, and none of them.
fn draw_secret(model: &Model, secret: &SecretLine, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let what = match secret.sort {
        KeySort::Passphrase => "passphrase",
        KeySort::RecoveryKey => "recovery key",
    };
    let words = format!("{what} of {}: ", model.world.facts.file);
    line_of(buffer, area, 0, &words, theme.style(Family::Title));
    let start = area.x + 1 + text::width(&words) as u16;
    let room = usize::from(area.right().saturating_sub(start + 2));
    let dots = secret.letters().min(room);
    let dot = if model.style.ascii { "*" } else { "•" };
    if room > 0 {
        buffer.set_stringn(start, area.y, dot.repeat(dots), room, theme.style(Family::Crypto));
        buffer[(start + dots as u16, area.y)].modifier.insert(Modifier::REVERSED);
    }
}

/// Draws the likeliest keys; as many as fit whole, the last of them always.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let shown = that_fit(model, usize::from(area.width).saturating_sub(2));
    let mut column = area.x + 1;
    for (key, words) in shown {
        let key_end = put(buffer, column, area, &key, theme.style(Family::Title));
        column = put(buffer, key_end + 1, area, &words, theme.style(Family::Quiet)) + 3;
    }
}

fn that_fit(model: &Model, room: usize) -> Vec<(String, String)> {
    let mut hints = model.hints();
    hints.truncate(HINTS_MAX);
    let needed = |hints: &[(String, String)]| -> usize {
        hints.iter().map(|(key, words)| text::width(key) + text::width(words) + 4).sum()
    };
    while hints.len() > 1 && needed(&hints) > room + 3 {
        hints.remove(hints.len() - 2);
    }
    hints
}

fn put(buffer: &mut Buffer, column: u16, area: Rect, words: &str, style: ratatui::style::Style) -> u16 {
    if column >= area.right() {
        return column;
    }
    let room = usize::from(area.right() - column);
    buffer.set_stringn(column, area.y, text::clip(words, room), room, style).0
}
