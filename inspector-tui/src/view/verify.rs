//! Findings: one at a time as a card, or what was checked when there is none.

use crate::{
    describe::verify as facts,
    model::{Focus, Model},
    widget::{Card, CardLine, Family},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// What stands at the right of the title: `finding 1 of 2`.
pub fn note(model: &Model) -> String {
    match model.findings().len() {
        0 if facts::verify(model).checked.is_empty() => "nothing was checked yet".into(),
        0 => "no finding".into(),
        count => format!("finding {} of {count}", model.finding.min(count - 1) + 1),
    }
}

/// `PAGE-STALE   error   page 2   bytes 8704-9215 of the page file`.
pub fn card_title(model: &Model) -> String {
    let verify = facts::verify(model);
    match shown(model, &verify) {
        Some(finding) => finding.head(),
        None => "What was checked".into(),
    }
}

/// Draws the card; what does not fit is counted, and what to do next is never among it.
pub fn draw_card(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model);
    card(model, &lines, model.scroll).render(area, buffer);
}

/// How many lines the card needs.
pub fn lines_needed(model: &Model, width: u16) -> u16 {
    let lines = lines(model);
    card(model, &lines, 0).lines_needed(width).min(usize::from(u16::MAX)) as u16
}

/// The last line that the card can be scrolled to.
pub fn last_line(model: &Model, area: Rect) -> usize {
    let lines = lines(model);
    card(model, &lines, 0).last_top(area.width, area.height)
}

fn card<'a>(model: &'a Model, lines: &'a [CardLine], top: usize) -> Card<'a> {
    let foot = lines.iter().rev().take_while(|line| matches!(line.label.as_str(), "Lost" | "Sound" | "Next")).count();
    let way = match model.zoomed && model.focus == Focus::Card {
        true => ": PgDn",
        false => ": e",
    };
    let way = if model.findings().is_empty() { "" } else { way };
    Card { lines, top, foot, way, theme: &model.style.theme }
}

fn shown<'a>(model: &Model, verify: &'a facts::VerifyFacts) -> Option<&'a facts::FindingFacts> {
    verify.findings.get(model.finding.min(verify.findings.len().saturating_sub(1)))
}

fn lines(model: &Model) -> Vec<CardLine> {
    let verify = facts::verify(model);
    let Some(finding) = shown(model, &verify) else { return what_was_checked(model, &verify) };
    let family = |label: &str| match label {
        "What" if finding.severity == "info" => Family::Plain,
        "What" if finding.severity == "warning" => Family::Warning,
        "What" => Family::Bad,
        "Next" => Family::Good,
        _ => Family::Plain,
    };
    let line = |(label, text)| CardLine { family: family(label), ..CardLine::new(label, text) };
    let mut lines: Vec<CardLine> = finding.lines().into_iter().map(line).collect();
    // With the whole screen there is room for what the last line of the screen only counts.
    if model.zoomed && model.focus == Focus::Card {
        let at = lines.iter().position(|line| line.label == "Next").unwrap_or(lines.len());
        let not = Some(verify.not_checked.join("; ")).filter(|words| !words.is_empty());
        let checked = Some(verify.checked.join(", ")).filter(|words| !words.is_empty());
        let all = [("Not", not.map(|words| format!("checked: {words}"))), ("Checked", checked)];
        for (label, words) in all {
            lines.splice(at..at, words.map(|words| CardLine::new(label, words)));
        }
    }
    lines
}

fn what_was_checked(model: &Model, verify: &facts::VerifyFacts) -> Vec<CardLine> {
    if verify.checked.is_empty() && model.recording().is_some() {
        let words = "Nothing was checked up to here: what a verification found is told at the instant where it was run. \
                     `next finding` goes to the first thing it found.";
        return vec![CardLine::new("", words)];
    }
    if verify.checked.is_empty() {
        let words = "Nothing was checked yet. Press v, or type `verify`: every page reachable from the root is read, its \
                     seal compared with the one in the pointer to it, and its keys with the range its parent gives.";
        return vec![CardLine::new("", words)];
    }
    let mut lines = vec![CardLine::new("Checked", verify.checked.join(", "))];
    if !verify.not_checked.is_empty() {
        lines.push(CardLine::new("Not", verify.not_checked.join("; ")));
    }
    let pages = crate::describe::plural(verify.pages_checked, "page");
    let result = format!("{pages} read, {} sound; nothing is wrong with what was checked.", verify.pages_sound);
    lines.push(CardLine { family: Family::Good, ..CardLine::new("Result", result) });
    if model.screen == crate::model::Screen::Lab {
        lines.push(CardLine::new("So", "the file holds together as of the newest commit a reader can see."));
    }
    lines
}
