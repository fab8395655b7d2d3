//! The receipt: what the present operation was given and what it cost, beside another one.

use super::rows::{self, Row};
use crate::{
    describe::receipt::{self as facts, BillFacts, ROWS},
    looking::Goal,
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Columns of a label.
const LABEL: usize = 22;
/// Columns of a figure, and how few they may be.
const FIGURE: usize = 16;
const FIGURE_MIN: usize = 11;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    facts::receipt(model).note()
}

/// Draws the figures, the difference, and bars of the bytes.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    rows::draw(model, &lines(model, area), area, buffer);
}

/// The lines of the view: a figure leads to the first event that it counts.
pub fn lines(model: &Model, area: Rect) -> Vec<Row> {
    let receipt = facts::receipt(model);
    let room = usize::from(area.width.saturating_sub(2));
    match &receipt.of {
        Some(of) => billed(&receipt, of, &facts::first_events(model, of), room),
        None => {
            let words = receipt.remark.as_deref().unwrap_or("There is nothing to bill.");
            Row::wrapped(words, room, Family::Quiet, None)
        }
    }
}

fn billed(receipt: &facts::ReceiptFacts, of: &BillFacts, first: &[Option<usize>; ROWS.len()], room: usize) -> Vec<Row> {
    let bills: Vec<&BillFacts> =
        [Some(of), receipt.transaction.as_ref(), receipt.against.as_ref()].into_iter().flatten().collect();
    let column = (room.saturating_sub(LABEL) / bills.len().max(1)).clamp(FIGURE_MIN, FIGURE);
    let has_delta = receipt.against.is_some() && LABEL + column * (bills.len() + 1) <= room;
    let mut lines = vec![Row::text(heading(&bills, column, has_delta), Family::Title)];
    for ((label, meaning, figure), first) in ROWS.into_iter().zip(first) {
        let figures: Vec<Option<u64>> = bills.iter().map(|bill| figure(&bill.bill)).collect();
        // A line that is nought everywhere says nothing.
        if figures.iter().all(|figure| figure.unwrap_or(0) == 0) {
            continue;
        }
        let mut words = format!("{label:<LABEL$}");
        for figure in &figures {
            let shown = figure.map_or("-".to_owned(), text::grouped);
            words.push_str(&format!("{shown:>column$}"));
        }
        if has_delta {
            let against = figures.last().copied().flatten();
            words.push_str(&format!(
                "{:>column$}",
                figures[0].zip(against).map_or(String::new(), |(one, other)| difference(one, other))
            ));
        }
        if !meaning.is_empty() && text::width(&words) + text::width(meaning) + 3 <= room {
            words.push_str(&format!("   {meaning}"));
        }
        let family = if label.contains("bytes") { Family::Length } else { Family::Plain };
        lines.push(Row::to(words, family, first.map(Goal::Event)));
    }
    lines.push(Row::text("", Family::Plain));
    lines.extend(of.amplification().map(|words| Row::text(format!("{words}."), Family::Title)));
    lines.extend(bars(of, room));
    lines.extend(receipt.remark.iter().flat_map(|remark| Row::wrapped(remark, room, Family::Quiet, None)));
    lines
}

fn heading(bills: &[&BillFacts], column: usize, has_delta: bool) -> String {
    let mut words = " ".repeat(LABEL);
    for bill in bills {
        words.push_str(&format!("{:>column$}", text::clip(bill.what.trim_end_matches(" in the log"), column - 2)));
    }
    if has_delta {
        words.push_str(&format!("{:>column$}", "difference"));
    }
    words
}

fn difference(one: u64, other: u64) -> String {
    match one.cmp(&other) {
        std::cmp::Ordering::Equal => "=".into(),
        std::cmp::Ordering::Greater => format!("+{}", text::grouped(one - other)),
        std::cmp::Ordering::Less => format!("-{}", text::grouped(other - one)),
    }
}

/// The bytes given and the bytes written, each as a bar of the same scale.
fn bars(of: &BillFacts, room: usize) -> Vec<Row> {
    let bill = &of.bill;
    let rows = [
        ("given", bill.bytes_given, Family::Payload),
        ("to the log", bill.log_bytes, Family::Crypto),
        ("to the page file", bill.page_file_bytes, Family::Pointer),
        ("to other files", bill.other_bytes, Family::Plain),
    ];
    let most = rows.iter().filter_map(|(_, bytes, _)| *bytes).max().unwrap_or(0);
    let columns = room.saturating_sub(32).min(60) as u64;
    if most == 0 || columns < 8 {
        return Vec::new();
    }
    let bar = |bytes: u64| "█".repeat(((bytes * columns).div_ceil(most)) as usize);
    let shown = rows.into_iter().filter_map(|(label, bytes, family)| Some((label, bytes?, family)));
    shown
        .filter(|(_, bytes, _)| *bytes > 0)
        .map(|(label, bytes, family)| {
            Row::text(format!("{label:<17}{:>10}  {}", text::grouped(bytes), bar(bytes)), family)
        })
        .collect()
}
