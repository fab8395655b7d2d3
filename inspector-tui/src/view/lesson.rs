//! A lesson's text beside the views, and the bytes that a question asks to point at.

use super::{
    Pane, area_of,
    arrange::{stands_beside_text, taught_columns},
};
use crate::{
    describe::lesson::{LessonFacts, PieceFacts, TaskFacts, lesson},
    describe::plural,
    lesson::{Ink, Line, Way, prose_lines, said},
    model::{Model, Note},
    widget::{Family, text},
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};
use std::ops::Range;

/// `Lesson 4: The split`, `4: The split` or `Lesson 4`: as much as there is room for beside how far it is.
pub fn title(model: &Model) -> String {
    let Some(player) = model.lessons.player.as_deref() else { return String::new() };
    let (number, name) = (&player.lesson.number, &player.lesson.title);
    let room = usize::from(taught_columns(model.size.0)).saturating_sub(text::width(&note(model)) + FRAME);
    let titles = [format!("Lesson {number}: {name}"), format!("{number}: {name}")];
    let fits = titles.into_iter().find(|title| text::width(title) <= room);
    fits.unwrap_or_else(|| format!("Lesson {number}"))
}

/// Columns of a pane's head that are neither its title nor its note: the corners, the blanks, a line between the two.
const FRAME: usize = 10;

/// How far it is, and how the questions went.
pub fn note(model: &Model) -> String {
    let Some(facts) = lesson(model) else { return String::new() };
    match facts.answered {
        0 => format!("{} of {}", facts.at, facts.of),
        answered => format!("{} of {answered} right   {} of {}", facts.right, facts.at, facts.of),
    }
}

/// Draws the text, as far down as was gone on.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(facts) = lesson(model) else { return };
    let shown = Shown::of(model, &facts, area);
    for (row, line) in (0..area.height).zip(shown.lines.iter().skip(shown.first)) {
        let mut column = area.x + 1;
        for (words, ink) in &line.pieces {
            let room = usize::from(area.right().saturating_sub(column + 1));
            let words = text::clip(words, room);
            column = buffer.set_stringn(column, area.y + row, &*words, room, style(model, *ink)).0;
        }
    }
    if let Some(words) = model.note.as_ref().filter(|note| area.height > 4 && !stands_beside(model, note)) {
        draw_note(model, words, area, buffer);
    }
    let below = shown.lines.len().saturating_sub(shown.first + usize::from(area.height));
    let style = model.style.theme.style(Family::Quiet);
    let mut mark = |row: u16, words: String| {
        let width = text::width(&words) as u16;
        if width + 2 < area.width {
            buffer.set_stringn(area.right() - width - 1, row, &words, usize::from(width), style);
        }
    };
    if shown.first > 0 {
        mark(area.y, format!(" ▴ {} more", shown.first));
    }
    if below > 0 {
        mark(area.bottom() - 1, format!(" ▾ {below} more: Enter"));
    }
}

/// Whether a word to the reader stands whole beside the text, under what just happened.
fn stands_beside(model: &Model, note: &Note) -> bool {
    area_of(model, Pane::Story).is_some_and(|area| {
        let columns = usize::from(area.width.saturating_sub(2)).max(1);
        text::wrap(&note.text, columns).len() <= usize::from(area.height)
    })
}

/// A word to the reader, over the last lines of the text.
fn draw_note(model: &Model, note: &Note, area: Rect, buffer: &mut Buffer) {
    let lines = text::wrap(&note.text, usize::from(area.width.saturating_sub(2)).max(1));
    let height = (lines.len() as u16).min(area.height / 4);
    let place = Rect { y: area.bottom() - height, height, ..area };
    let family = if note.bad { Family::Bad } else { Family::Title };
    let blank = " ".repeat(usize::from(area.width));
    for row in place.y..place.bottom() {
        buffer.set_string(area.x, row, &blank, Style::reset());
    }
    super::wrapped(buffer, place, &note.text, model.style.theme.style(family));
}

fn style(model: &Model, ink: Ink) -> Style {
    let theme = &model.style.theme;
    let family = match ink {
        Ink::Plain => Family::Plain,
        Ink::Strong => Family::Title,
        Ink::Code => Family::Payload,
        Ink::Quiet => Family::Quiet,
        Ink::Good => Family::Good,
        Ink::Bad => Family::Warning,
    };
    Style::reset().patch(theme.style(family))
}

/// The lines of the text, and which is the first on the screen.
struct Shown {
    lines: Vec<Line>,
    first: usize,
}

impl Shown {
    fn of(model: &Model, facts: &LessonFacts, area: Rect) -> Shown {
        let columns = usize::from(area.width.saturating_sub(2)).max(1);
        let height = usize::from(area.height);
        let (mut lines, mut front) = (Vec::new(), 0);
        // What the views beside the text show is seen; on a narrow screen it is said.
        let seen = |piece: &&PieceFacts| matches!(piece, PieceFacts::Look { .. }) && stands_beside_text(model);
        for piece in facts.pieces.iter().filter(|piece| !seen(piece)) {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            front = lines.len();
            lines.extend(lines_of(piece, columns));
        }
        let last = lines.len().saturating_sub(height);
        // What is in front is read from its beginning; when it is short, what led to it stands above.
        let wanted = model.lessons.player.as_ref().and_then(|player| player.scroll);
        let first = wanted.unwrap_or(front.min(last)).min(last);
        Shown { lines, first }
    }
}

fn lines_of(piece: &PieceFacts, columns: usize) -> Vec<Line> {
    let wrapped = |words: &str, ink: Ink, before: &str| said(words, columns, ink, before);
    match piece {
        PieceFacts::Text { markdown } => prose_lines(markdown, columns),
        PieceFacts::Script { store, lines } => {
            let begins = store.iter().flat_map(|store| {
                let words = match store.strip_prefix("empty store") {
                    Some(rest) => format!("a new store{rest}"),
                    None => format!("a new store: {store}"),
                };
                wrapped(&words, Ink::Quiet, "")
            });
            // In a long list each operation has one line, or the list would push away what is asked about it.
            let whole = lines.len() <= OPERATIONS_WHOLE;
            begins.chain(lines.iter().flat_map(|line| operation(line, columns, whole))).collect()
        }
        PieceFacts::Look { views } => vec![Line::of(format!("Tab shows: {}", views.join(", ")), Ink::Quiet)],
        PieceFacts::Answered { question, given, right, reply } => {
            let mut lines = wrapped(question, Ink::Strong, "");
            let given = given.as_deref().unwrap_or("skipped");
            lines.extend(wrapped(given, Ink::Quiet, "  you: "));
            lines.extend(wrapped(reply, if *right { Ink::Good } else { Ink::Bad }, ""));
            lines
        }
        PieceFacts::Question { question, choices, chosen, typed, form, byte } => {
            let mut lines = wrapped(question, Ink::Strong, "");
            lines.push(Line::default());
            for (choice, at) in choices.iter().zip(1..) {
                let mark = if *chosen == Some(at) { ">" } else { " " };
                let ink = if *chosen == Some(at) { Ink::Strong } else { Ink::Plain };
                lines.extend(wrapped(choice, ink, &format!("{mark}{at} ")));
            }
            if let Some(typed) = typed {
                lines.push(Line::of(format!("({form})"), Ink::Quiet));
                lines.push(Line::of(format!("> {typed}_"), Ink::Code));
            }
            if let Some(byte) = byte {
                let words = format!("The cursor is on byte {byte}. Arrows move it; so does the number of a byte.");
                lines.extend(wrapped(&words, Ink::Quiet, ""));
            }
            lines
        }
        PieceFacts::Task(task) => task_lines(task, columns, &wrapped),
        PieceFacts::Fold { question, answer } => {
            let mut lines = wrapped(question, Ink::Strong, "");
            lines.push(Line::default());
            match answer {
                Some(answer) => lines.extend(prose_lines(answer, columns)),
                None => lines.push(Line::of("Think first; Enter shows the answer.", Ink::Quiet)),
            }
            lines
        }
        PieceFacts::End { words } => wrapped(words, Ink::Good, ""),
    }
}

/// Most operations of a script that are shown as long as they are.
const OPERATIONS_WHOLE: usize = 6;

/// A line of the script language: whole, or cut to one line.
fn operation(line: &str, columns: usize, whole: bool) -> Vec<Line> {
    if !whole {
        return vec![Line::of(text::clip(&format!("> {line}"), columns).into_owned(), Ink::Code)];
    }
    let parts = text::wrap(line, columns.saturating_sub(2).max(1)).into_iter().enumerate();
    parts.map(|(at, part)| Line::of(format!("{}{part}", if at == 0 { "> " } else { "  " }), Ink::Code)).collect()
}

fn task_lines(task: &TaskFacts, columns: usize, wrapped: &dyn Fn(&str, Ink, &str) -> Vec<Line>) -> Vec<Line> {
    let mut lines = wrapped(&task.goal, Ink::Strong, "TASK  ");
    for check in &task.checks {
        let (mark, ink) = if check.done { ("✓ ", Ink::Good) } else { ("○ ", Ink::Plain) };
        let instead = check.instead.as_ref().map_or(String::new(), |instead| format!(" (now: {instead})"));
        lines.extend(wrapped(&format!("{}{instead}", check.words), ink, mark));
    }
    lines.extend(task.par.iter().flat_map(|par| wrapped(par, Ink::Quiet, "")));
    if !task.forbidden.is_empty() {
        lines.extend(wrapped(&format!("Not allowed: {}.", task.forbidden.join(", ")), Ink::Quiet, ""));
    }
    if let Some(score) = &task.score {
        lines.push(Line::default());
        lines.extend(wrapped(score, Ink::Good, "DONE  "));
    } else if task.hints.len() < task.hints_total {
        let left = task.hints_total - task.hints.len();
        let hints = plural(left, "hint");
        lines.extend(wrapped(
            &format!("Press : and type an operation. H: {hints} left. R: begin anew."),
            Ink::Quiet,
            "",
        ));
    }
    for (hint, number) in task.hints.iter().zip(1..) {
        lines.push(Line::default());
        lines.extend(wrapped(hint, Ink::Plain, &format!("Hint {number}: ")));
    }
    if !task.solution.is_empty() {
        lines.push(Line::default());
        lines.push(Line::of("One way:", Ink::Strong));
        lines.extend(task.solution.iter().flat_map(|line| operation(line, columns, true)));
    }
    lines
}

fn shown(model: &Model) -> Option<(Shown, usize)> {
    let area = area_of(model, Pane::Lesson)?;
    Some((Shown::of(model, &lesson(model)?, area), usize::from(area.height)))
}

/// Lines of text under the last one on the screen; none where the text is not on it.
pub fn lines_below(model: &Model) -> usize {
    shown(model).map_or(0, |(shown, height)| shown.lines.len().saturating_sub(shown.first + height))
}

/// Lines that the text has on the screen.
pub fn height(model: &Model) -> usize {
    shown(model).map_or(0, |(_, height)| height)
}

/// The first line on the screen, and the last that can be.
pub fn scrolled(model: &Model) -> (usize, usize) {
    shown(model).map_or((0, 0), |(shown, height)| (shown.first, shown.lines.len().saturating_sub(height)))
}

/// Bytes on a line of those to point at.
pub fn bytes_in_row(model: &Model) -> usize {
    area_of(model, Pane::Pointing).map_or(16, |area| row_bytes(area.width))
}

/// Lines of bytes on the screen, of those to point at.
pub fn byte_rows(model: &Model) -> usize {
    area_of(model, Pane::Pointing).map_or(0, |area| usize::from(area.height.saturating_sub(NUMBERS_BELOW)))
}

/// Lines under the bytes to point at: a blank one, and what they read as numbers.
const NUMBERS_BELOW: u16 = 2;

fn row_bytes(columns: u16) -> usize {
    if columns >= 75 { 16 } else { 8 }
}

/// Whether bytes are to be pointed at, or were a moment ago.
pub fn is_pointing(model: &Model) -> bool {
    pointing(model).is_some()
}

/// What they are the bytes of.
pub fn pointing_title(model: &Model) -> String {
    match pointing(model) {
        Some(Pointing { place, answer: Some(_), .. }) => format!("The bytes of {place}: the answer is marked"),
        Some(Pointing { place, .. }) => format!("The bytes of {place}"),
        None => String::new(),
    }
}

/// The bytes that are pointed at.
struct Pointing<'m> {
    place: &'m str,
    bytes: &'m [u8],
    cursor: usize,
    /// Where the answer is, once one was given.
    answer: Option<&'m Range<usize>>,
}

fn pointing(model: &Model) -> Option<Pointing<'_>> {
    let player = model.lessons.player.as_ref()?;
    let (open, is_told) = match (&player.open, &player.pointed) {
        (Some(open), _) => (open, false),
        (None, Some(open)) => (&**open, true),
        (None, None) => return None,
    };
    match &open.asked.way {
        Way::Point { place, bytes, answer, .. } => {
            // A wrong answer may be far from the right one, and that is what is to be seen then.
            let elsewhere = is_told && !answer.contains(&open.byte);
            let cursor = if elsewhere { answer.start } else { open.byte };
            Some(Pointing { place, bytes, cursor, answer: is_told.then_some(answer) })
        }
        _ => None,
    }
}

/// Draws the bytes around the cursor, and what those at the cursor read as numbers.
pub fn draw_pointing(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(Pointing { bytes, cursor, answer, .. }) = pointing(model) else { return };
    let theme = &model.style.theme;
    let width = row_bytes(area.width);
    let lines = area.height.saturating_sub(NUMBERS_BELOW);
    let rows = bytes.len().div_ceil(width);
    let window = text::window(rows, cursor / width, usize::from(lines));
    for (line, row) in (0..lines).zip(window) {
        let start = row * width;
        let chunk = &bytes[start..bytes.len().min(start + width)];
        super::line_of(buffer, area, line, &format!("{start:5}"), theme.style(Family::Quiet));
        for (at, byte) in chunk.iter().enumerate() {
            let mut style = theme.style(if *byte == 0 { Family::Quiet } else { Family::Plain });
            if answer.is_some_and(|answer| answer.contains(&(start + at))) {
                style = theme.style(Family::Good).add_modifier(Modifier::REVERSED);
            } else if start + at == cursor {
                style = style.add_modifier(Modifier::REVERSED);
            }
            let gap = u16::from(at >= 8);
            let column = area.x + 8 + at as u16 * 3 + gap;
            if column + 2 < area.right() {
                buffer.set_string(column, area.y + line, format!("{byte:02x}"), Style::reset().patch(style));
            }
            let letter = if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
            let column = area.x + 10 + width as u16 * 3 + at as u16;
            if column + 1 < area.right() {
                buffer.set_string(column, area.y + line, letter.to_string(), Style::reset().patch(style));
            }
        }
    }
    super::line_of(buffer, area, area.height - 1, &numbers(bytes, cursor, area.width), theme.style(Family::Plain));
}

/// The bytes from the cursor on, read as little-endian numbers: as many as there is room for.
fn numbers(bytes: &[u8], cursor: usize, columns: u16) -> String {
    let value = |width: usize| {
        let span = bytes.get(cursor..cursor + width)?;
        Some(span.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    let read = [1, 2, 4, 8].into_iter().filter_map(|width| Some(format!("u{} {}", width * 8, value(width)?)));
    let mut line = format!("byte {cursor}:");
    for number in read {
        if text::width(&line) + 2 + text::width(&number) + 2 <= usize::from(columns) {
            line.push_str(&format!("  {number}"));
        }
    }
    line
}
