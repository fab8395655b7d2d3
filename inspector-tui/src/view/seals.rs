//! The chain of trust: secret, key slot, data key, superblock, and every pointer down to the page shown, each with what it names
//! and what is there; where it is cut, and why.

use super::rows::{self, Row};
use crate::{
    describe::seals::{self as facts, Link, SealsFacts, StepFacts, short_seal},
    looking::{Goal, Told},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::types::PageNo;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    facts::seals(model).note()
}

/// Draws the chain from the top down; what does not fit is counted.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    rows::draw(model, &lines(model, area), area, buffer);
}

/// The lines of the view, and where each leads that can be chosen.
pub fn lines(model: &Model, area: Rect) -> Vec<Row> {
    let seals = facts::seals(model);
    let (room, height) = (usize::from(area.width.saturating_sub(2)), usize::from(area.height));
    let mut lines = Vec::new();
    // What is wrong comes first: nobody should have to look for it.
    if let Some(cut) = &seals.cut {
        lines.extend(Row::wrapped(&format!("X {cut}"), room, Family::Bad, None));
        lines.push(Row::text("", Family::Plain));
    }
    lines.extend(keys(&seals, room));
    lines.extend(top(&seals, room));
    // Several lines a step where they fit, else one.
    let tall: Vec<Row> = seals.steps.iter().flat_map(|step| step_lines(step, room, true)).collect();
    match lines.len() + tall.len() + 3 <= height {
        true => lines.extend(tall),
        false => lines.extend(seals.steps.iter().flat_map(|step| step_lines(step, room, false))),
    }
    if seals.cut.is_none() && !seals.steps.is_empty() {
        lines.push(Row::text("", Family::Plain));
        let words =
            match seals.steps.iter().any(|step| step.link == Link::Unknown) || seals.superblock_link != Link::Holds {
                true => "Not everything on this way could be checked here.",
                false => "Every link holds: who changes a byte of this page without the key is noticed.",
            };
        lines.extend(Row::wrapped(words, room, Family::Title, None));
    }
    lines
}

/// `words` with what belongs to them, where there is room for both.
fn fitting(room: usize, words: &str, more: &str) -> String {
    let whole = format!("{words}{more}");
    if text::width(&whole) <= room { whole } else { words.to_owned() }
}

/// The link from what stands above, on a line of its own.
fn link(link: Link, why: &str, room: usize) -> Row {
    Row::text(text::clip(&format!("  │ {} {why}", link.sign()), room), family(link))
}

fn family(link: Link) -> Family {
    match link {
        Link::Holds => Family::Good,
        Link::Vouched => Family::Pointer,
        Link::Cut => Family::Bad,
        Link::Open => Family::Changed,
        Link::Unknown => Family::Quiet,
    }
}

fn keys(seals: &SealsFacts, room: usize) -> Vec<Row> {
    let mut lines = Vec::new();
    for slot in &seals.slots {
        let words = format!("  ● key slot {}, {}: {}", slot.slot, slot.kind, slot.derived_by);
        let commitment = format!("   commitment {}", slot.commitment);
        let whole = format!("{words}{commitment}");
        let words = if text::width(&whole) <= room { whole } else { words };
        let family = if slot.opened { Family::Title } else { Family::Crypto };
        lines.push(Row::to(words, family, Some(Goal::Told(Told::KeySlot(slot.slot)))));
    }
    let (Some(generation), Some(key_set), Some(file_id)) = (seals.data_key_generation, &seals.key_set, &seals.file_id)
    else {
        return lines;
    };
    lines.push(link(seals.data_key, &seals.data_key_why, room));
    lines.push(Row::text(format!("  ● data key {generation}, key set {}", short_seal(key_set)), Family::Crypto));
    let page_key = format!("  ├──▸ page key: HKDF-SHA256 with file id {}", short_seal(file_id));
    lines.push(Row::text(fitting(room, &page_key, "; it seals every page"), Family::Crypto));
    lines
}

fn top(seals: &SealsFacts, room: usize) -> Vec<Row> {
    let mut lines = Vec::new();
    if let (Some(slot), Some(commit), Some(mac)) = (&seals.superblock, seals.superblock_commit, &seals.superblock_mac) {
        lines.push(link(seals.superblock_link, &seals.superblock_why, room));
        let goal = Some(Goal::Told(Told::Superblock(slot.clone())));
        lines.push(Row::to(format!("  ● superblock {slot}, commit {commit}, MAC {mac}"), Family::Identity, goal));
    }
    if let (Some(commit), Some(at), Some(mac)) = (seals.log_commit, seals.log_commit_at, &seals.log_commit_mac) {
        let words = match &seals.log_why {
            Some(why) => why.as_str(),
            None => "every record's MAC chains on from it",
        };
        lines.push(link(seals.log_link, words, room));
        let record = format!("  ● log, commit {commit}: record at byte {}", text::grouped(at));
        let words = fitting(room, &record, &format!(", MAC {mac}"));
        lines.push(Row::to(words, Family::Identity, Some(Goal::LogRecord(at))));
    }
    lines
}

/// A step as one line, or where there is room as the pointer, the page, and what is to be said when they differ.
fn step_lines(step: &StepFacts, room: usize, tall: bool) -> Vec<Row> {
    let named = StepFacts::version(step.named_commit, step.named_seal.as_ref());
    let found = StepFacts::version(step.found_commit, step.found_seal.as_ref());
    let sign = step.link.sign();
    let goal = Some(Goal::Page(PageNo(step.page)));
    let node = if step.link == Link::Cut { Family::Bad } else { Family::Title };
    if step.named_seal.is_none() && step.link != Link::Open {
        let words = format!("  {sign} page {}: {}", step.page, step.why);
        return Row::wrapped(&words, room, family(step.link), goal);
    }
    if !tall {
        let versions = match named == found {
            true => named,
            false if step.link == Link::Vouched => {
                format!("{}; the log has {}", brief(&step.named_seal), brief(&step.found_seal))
            }
            false => format!("{} named, {} found", brief(&step.named_seal), brief(&step.found_seal)),
        };
        let words = format!("  {sign} page {} by {}: {versions}", step.page, step.named_by);
        return vec![Row::to(text::clip(&words, room), family(step.link), goal)];
    }
    let at = step.found_at.as_ref().map_or("in memory only".to_owned(), |at| format!("{found}, in {at}"));
    let mut lines = vec![
        Row::text(text::clip(&format!("  │ {sign} {} names {named}", step.named_by), room), family(step.link)),
        Row::to(text::clip(&format!("  ● page {}: {at}", step.page), room), node, goal),
    ];
    if step.link != Link::Holds {
        let why = text::wrap(&step.why, room.saturating_sub(6));
        lines.extend(why.into_iter().map(|line| Row::text(format!("  │   {line}"), family(step.link))));
    }
    lines
}

fn brief(seal: &Option<String>) -> String {
    seal.as_ref().map_or("none".into(), |seal| short_seal(seal))
}
