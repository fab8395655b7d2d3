//! A screen as SVG: one `<text>` for each run of equal style, placed by its column, on a dark ground.
//!
//! The output depends on the cells alone, so that two runs of the same screen can be compared line by line.

use super::{Look, Run, row_runs};
use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};
use std::fmt::Write;

/// Width of a column and height of a line in user units. The font size is the one whose advance is nine in most monospaced
/// fonts, so that columns stay in place even where `textLength` is not understood.
const COLUMN: u32 = 9;
const LINE: u32 = 17;
const BASELINE: u32 = 13;
const FONT_SIZE: &str = "14.95";
const MARGIN: u32 = 12;

const GROUND: &str = "#16181d";
const INK: &str = "#d5d8df";

/// The sixteen colours of a terminal, as a palette that reads well on the dark ground.
const PALETTE: [&str; 16] = [
    "#2b2f38", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#7a8190", "#ff8a93",
    "#b5e08f", "#ffd98f", "#8cc8ff", "#df9cf2", "#7fdbe6", "#ffffff",
];

/// The screen as a complete SVG document.
pub fn to_svg(buffer: &Buffer) -> String {
    let width = u32::from(buffer.area.width) * COLUMN + 2 * MARGIN;
    let height = u32::from(buffer.area.height) * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace\" \
         font-size=\"{FONT_SIZE}\" style=\"white-space: pre\">\n"
    );
    for y in 0..buffer.area.height {
        for run in row_runs(buffer, buffer.area.y + y) {
            draw_run(&mut svg, &run, y);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn draw_run(svg: &mut String, run: &Run, y: u16) {
    let (ink, ground) = colours(run.look);
    let x = MARGIN + u32::from(run.column) * COLUMN;
    let top = MARGIN + u32::from(y) * LINE;
    let length = u32::from(run.columns) * COLUMN;
    if let Some(ground) = ground {
        line(svg, format_args!("<rect x=\"{x}\" y=\"{top}\" width=\"{length}\" height=\"{LINE}\" fill=\"{ground}\"/>"));
    }
    // Spaces at either end paint nothing, so the text may start at its first sign and end at its last one.
    let blank = run.text.chars().take_while(|sign| *sign == ' ').count() as u32;
    let trailing = run.text.chars().rev().take_while(|sign| *sign == ' ').count() as u32;
    let text = run.text.trim_matches(' ');
    if text.is_empty() {
        return;
    }
    let (x, length) = (x + blank * COLUMN, length - (blank + trailing) * COLUMN);
    let baseline = top + BASELINE;
    line(
        svg,
        format_args!(
            "<text x=\"{x}\" y=\"{baseline}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{ink}\"{}>{}</text>",
            attributes(run.look.modifier),
            escape(text)
        ),
    );
}

fn line(svg: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(svg, "{text}").expect("invariant: writing to a string cannot fail");
}

/// Ink and, where it is not the screen's own, ground.
fn colours(look: Look) -> (String, Option<String>) {
    let ink = hex(look.foreground);
    let ground = hex(look.background);
    if look.modifier.contains(Modifier::REVERSED) {
        return (ground.unwrap_or(GROUND.into()), Some(ink.unwrap_or(INK.into())));
    }
    (ink.unwrap_or(INK.into()), ground)
}

fn attributes(modifier: Modifier) -> String {
    let mut text = String::new();
    for (bit, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.65\""),
    ] {
        if modifier.contains(bit) {
            text.push_str(attribute);
        }
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write a control character.
            sign if sign.is_control() => escaped.push('?'),
            // A run of spaces inside a text would be drawn as one.
            ' ' => escaped.push('\u{a0}'),
            sign => escaped.push(sign),
        }
    }
    escaped
}

fn hex(colour: Color) -> Option<String> {
    match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Indexed(index) => Some(indexed(index)),
        named => terminal_index(named).map(|index| PALETTE[usize::from(index) % 16].to_string()),
    }
}

/// The colour of the 256-colour table: the palette, then a cube of six steps a side, then greys.
fn indexed(index: u8) -> String {
    match index {
        0..=15 => PALETTE[usize::from(index)].to_string(),
        16..=231 => {
            let step = |value: u8| if value == 0 { 0 } else { 55 + 40 * value };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

/// The number of a named colour among the terminal's sixteen.
pub(super) fn terminal_index(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}
