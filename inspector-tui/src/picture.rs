//! A drawn screen as something to keep: plain text, ANSI text, SVG; and the two plainer forms of a screen itself, without
//! box glyphs and without colours.
//!
//! These functions read and change cells only; they never know what a screen is about.

mod ansi;
mod svg;

pub use ansi::to_ansi;
pub use svg::to_svg;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier, Style},
};
use unicode_width::UnicodeWidthStr;

/// The screen as lines of text, each without its trailing spaces, with a newline after every line.
pub fn to_text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let line: String = row_runs(buffer, y).map(|run| run.text).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Replaces every glyph outside ASCII: lines become `+ - |` (double ones `=`), bars `#`, arrows `<` and `>`.
pub fn ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(' ', ascii_of);
            cell.set_char(plain);
        }
    }
}

/// Takes every colour away and keeps bold, reverse and underline: what `NO_COLOR` asks for.
pub fn colourless(buffer: &mut Buffer) {
    let kept = Modifier::BOLD | Modifier::REVERSED | Modifier::UNDERLINED;
    for cell in &mut buffer.content {
        let modifier = cell.modifier & kept;
        cell.set_style(Style::reset().fg(Color::Reset).bg(Color::Reset));
        cell.modifier = modifier;
    }
}

fn ascii_of(glyph: char) -> char {
    match glyph {
        '─' | '╌' | '┄' => '-',
        '═' | '━' => '=',
        '│' | '║' | '┃' | '┆' | '▏' => '|',
        '■' | '█' | '▓' | '▒' | '▉' | '▊' | '▋' | '▌' => '#',
        '░' | '·' => '.',
        '▸' | '→' | '▶' => '>',
        '◂' | '←' | '◀' => '<',
        '▁'..='▇' => char::from(b'1' + (glyph as u32 - '▁' as u32) as u8),
        '▴' | '↑' => '^',
        '▾' | '↓' => 'v',
        '…' => '~',
        '●' | '○' => 'o',
        '◆' | '◇' => '*',
        '✓' => 'y',
        '✗' | '×' => 'x',
        '▪' | '▫' => ',',
        '\u{2500}'..='\u{257f}' => '+',
        _ => '?',
    }
}

/// Neighbouring cells of one row that look alike.
struct Run {
    column: u16,
    columns: u16,
    text: String,
    look: Look,
}

/// What a cell looks like beside its symbol.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    foreground: Color,
    background: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Look = Look { foreground: Color::Reset, background: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Look {
        Look { foreground: cell.fg, background: cell.bg, modifier: cell.modifier }
    }
}

/// The runs of row `y`, from left to right; a wide symbol owns the cells it covers.
fn row_runs(buffer: &Buffer, y: u16) -> impl Iterator<Item = Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
        let columns = (cell.symbol().width() as u16).clamp(1, buffer.area.right() - x);
        let symbol = if cell.symbol().is_empty() { " " } else { cell.symbol() };
        let look = Look::of(cell);
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.text.push_str(symbol);
                run.columns += columns;
            }
            _ => runs.push(Run { column: x - buffer.area.left(), columns, text: symbol.to_string(), look }),
        }
        x += columns;
    }
    runs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{layout::Rect, style::Stylize, text::Line, widgets::Widget};

    fn sample() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 3));
        Line::from(vec!["┌─ ".into(), "TREE".bold().cyan(), " ─┐".into()]).render(Rect::new(0, 0, 24, 1), &mut buffer);
        Line::from(vec!["│ 世 ".into(), "<a & b>".reversed(), " ██░░ …".red()])
            .render(Rect::new(0, 1, 24, 1), &mut buffer);
        Line::from("╚═╤═╝ ▸ é".dim()).render(Rect::new(0, 2, 24, 1), &mut buffer);
        buffer
    }

    #[test]
    fn text_keeps_every_sign_and_no_trailing_space() {
        assert_eq!(to_text(&sample()), "┌─ TREE ─┐\n│ 世 <a & b> ██░░ …\n╚═╤═╝ ▸ é\n");
    }

    #[test]
    fn ansi_text_sets_a_style_once_a_run_and_resets_it_at_the_end_of_the_line() {
        let expected = "┌─ \x1b[1;36mTREE\x1b[0m ─┐\n\
                        │ 世 \x1b[7m<a & b>\x1b[0;31m ██░░ …\x1b[0m\n\
                        \x1b[2m╚═╤═╝ ▸ é\x1b[0m\n";
        assert_eq!(to_ansi(&sample()), expected);
    }

    #[test]
    fn svg_escapes_its_text_and_places_every_run_by_its_column() {
        insta::assert_snapshot!("svg", to_svg(&sample()));
    }

    #[test]
    fn ascii_leaves_only_ascii_one_sign_a_cell() {
        let mut buffer = sample();
        ascii(&mut buffer);
        let text = to_text(&buffer);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(text, "+- TREE -+\n| ?  <a & b> ##.. ~\n+=+=+ > ?\n");
    }

    #[test]
    fn colourless_keeps_bold_reverse_and_underline() {
        let mut buffer = sample();
        colourless(&mut buffer);
        assert_eq!(buffer[(3, 0)].style().fg, Some(Color::Reset));
        assert_eq!(buffer[(3, 0)].modifier, Modifier::BOLD);
        assert_eq!(buffer[(5, 1)].modifier, Modifier::REVERSED);
        assert_eq!(buffer[(0, 2)].modifier, Modifier::empty());
    }
}
