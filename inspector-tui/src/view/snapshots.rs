//! The snapshots on a time axis: the commits from left to right, who reads which, what the writer makes, which version of the
//! page shown each of them sees, and what a checkpoint has to wait for.

use super::line_of;
use crate::{
    describe::snapshots::{self as facts, SnapshotsFacts},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};

/// Columns of the labels.
const LABEL: usize = 14;
/// Columns of a commit, at least and at most.
const COMMIT: (usize, usize) = (9, 14);

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    crate::describe::plural(model.world.facts.snapshots.len(), "snapshot")
}

/// How many lines there are.
pub fn lines_total(model: &Model, area: Rect) -> usize {
    lines(model, area).len()
}

fn lines(model: &Model, area: Rect) -> Vec<(String, Family)> {
    let snapshots = facts::snapshots(model);
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines = Axis::of(&snapshots, room).lines();
    if snapshots.snapshots.is_empty() {
        let words = match model.world.file() {
            Some(_) => "No snapshot lives in a file at rest: who opens it now sees the newest commit.".to_owned(),
            None => "No snapshot lives. `t1: begin-read` takes one, `t1: get K` reads in it.".to_owned(),
        };
        lines.extend(text::wrap(&words, room).into_iter().map(|line| (line, Family::Quiet)));
    }
    for snapshot in &snapshots.snapshots {
        let waits = if snapshot.holds_back { "; a checkpoint waits for it" } else { "" };
        let words =
            format!("{} sees commit {}: {} kept for it{waits}.", snapshot.name, snapshot.commit, snapshot.kept());
        let family = if snapshot.holds_back { Family::Warning } else { Family::Plain };
        lines.extend(text::wrap(&words, room).into_iter().map(|line| (line, family)));
    }
    lines.extend(text::wrap(&snapshots.checkpoint, room).into_iter().map(|line| (line, Family::Title)));
    for remark in snapshots.remarks() {
        lines.extend(text::wrap(&remark, room).into_iter().map(|line| (line, Family::Plain)));
    }
    lines
}

/// Draws the axis, and under it what it means.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let lines = lines(model, area);
    let height = usize::from(area.height);
    let top = model.scroll.min(lines.len().saturating_sub(height));
    let left = lines.len() - top;
    let shown = if left <= height { left } else { height.saturating_sub(1) };
    for (at, (words, family)) in lines[top..top + shown].iter().enumerate() {
        line_of(buffer, area, at as u16, words, theme.style(*family));
    }
    if shown < left {
        let words = format!("+{} more lines: PgDn", left - shown);
        line_of(buffer, area, shown as u16, &words, theme.style(Family::Quiet));
    }
}

/// The axis as lines of text.
struct Axis<'a> {
    facts: &'a SnapshotsFacts,
    /// Commits left out at the left.
    hidden: usize,
    /// The commits shown, the writer's last.
    commits: Vec<u64>,
    /// Columns of each.
    step: usize,
}

impl<'a> Axis<'a> {
    fn of(facts: &'a SnapshotsFacts, room: usize) -> Axis<'a> {
        let mut commits: Vec<u64> = facts.commits.iter().map(|commit| commit.commit).collect();
        commits.extend(facts.writer.as_ref().map(|writer| writer.makes));
        let wide = room.saturating_sub(LABEL);
        let fit = (wide / COMMIT.0).max(1);
        let hidden = commits.len().saturating_sub(fit);
        let commits: Vec<u64> = commits.split_off(hidden);
        let step = (wide / commits.len().max(1)).clamp(COMMIT.0, COMMIT.1);
        Axis { facts, hidden, commits, step }
    }

    fn row(&self, label: &str, cell: impl Fn(u64) -> String) -> String {
        let mut line = format!("{:<LABEL$}", text::clip(label, LABEL - 1));
        for commit in &self.commits {
            let cell = cell(*commit);
            line.push_str(&format!("{:<width$}", text::clip(&cell, self.step - 1), width = self.step));
        }
        line.trim_end().to_owned()
    }

    fn lines(&self) -> Vec<(String, Family)> {
        let facts = self.facts;
        let of = |commit: u64| facts.commits.iter().find(|known| known.commit == commit);
        let mut lines = Vec::new();
        if self.hidden > 0 {
            lines.push((format!("+{} older commits at the left", self.hidden), Family::Quiet));
        }
        lines.push((self.row("commit", |commit| commit.to_string()), Family::Title));
        let place = |commit| of(commit).map_or("memory".to_owned(), |known| known.place.clone());
        lines.push((self.row("stands in", place), Family::Plain));
        lines.push((self.row("changed", |commit| self.changed(commit)), Family::Pointer));
        let durable = |commit| match of(commit).map(|known| known.durable) {
            Some(true) => "durable",
            Some(false) => "not yet",
            None => "-",
        };
        lines.push((self.row("power cut", |commit| durable(commit).into()), Family::Good));
        for snapshot in &facts.snapshots {
            let family = if snapshot.holds_back { Family::Warning } else { Family::Identity };
            lines.push((self.reach(&format!("reader {}", snapshot.name), snapshot.commit, '●'), family));
        }
        if facts.commits.iter().any(|commit| commit.seen_by.iter().any(|name| name == "new")) {
            lines.push((self.reach("new readers", facts.commit, '○'), Family::Identity));
        }
        if let Some(writer) = &facts.writer {
            lines.push((self.reach(&format!("writer, tx {}", writer.transaction), writer.makes, '*'), Family::Changed));
        }
        if let Some(page) = facts.page.filter(|_| !facts.versions.is_empty()) {
            lines.extend(self.versions(page));
        }
        lines.push((String::new(), Family::Plain));
        lines
    }

    /// The pages a commit changed; the seals of a checkpoint change no record.
    fn changed(&self, commit: u64) -> String {
        let writer = self.facts.writer.as_ref().filter(|writer| writer.makes == commit);
        let known = self.facts.commits.iter().find(|known| known.commit == commit);
        let pages = writer.map(|writer| &writer.pages).or(known.map(|known| &known.pages));
        let words = pages.map_or(String::new(), |pages| pages.iter().map(|page| format!("{page} ")).collect());
        let words = words.trim_end().to_owned();
        match known {
            Some(known) if known.seals => format!("seals {words}"),
            Some(_) | None if words.chars().count() < self.step => words,
            _ => crate::describe::plural(pages.map_or(0, Vec::len), "page"),
        }
    }

    /// A line from the left to the commit that somebody sees.
    fn reach(&self, label: &str, commit: u64, end: char) -> String {
        let mut line = format!("{:<LABEL$}", text::clip(label, LABEL - 1));
        match self.commits.iter().position(|shown| *shown == commit) {
            Some(at) => {
                line.push_str(&"─".repeat(at * self.step));
                line.push(end);
            }
            None => line.push_str(&format!("◂ commit {commit}")),
        }
        line
    }

    /// Which version of the page stands under which commit, and who sees it.
    fn versions(&self, page: u32) -> Vec<(String, Family)> {
        let version = |commit: u64| self.facts.versions.iter().find(|version| version.commit == commit);
        let is_old = |commit: u64| self.facts.versions.iter().any(|version| version.commit < commit);
        let first = self.commits.first().copied().unwrap_or(0);
        let older = self.facts.versions.iter().rfind(|version| version.commit < first);
        let at = |commit: u64| match (version(commit), older) {
            (Some(version), _) if version.place == "memory" => format!("■ {commit}*"),
            (Some(_), _) => format!("■ {commit}"),
            (None, Some(older)) if commit == first => format!("■ {}", older.commit),
            (None, _) if is_old(commit) => "──".into(),
            (None, _) => String::new(),
        };
        let seen = |commit: u64| {
            let shown = version(commit).or(older.filter(|_| commit == first));
            let names = shown.map_or(Vec::new(), |version| version.seen_by.clone());
            names.iter().map(|name| if name == "the writer" { "writer" } else { name }).collect::<Vec<_>>().join(" ")
        };
        vec![(self.row(&format!("page {page}"), at), Family::Payload), (self.row("  seen by", seen), Family::Plain)]
    }
}
