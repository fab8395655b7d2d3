//! The snapshots on a time axis: the commits from left to right, who reads which, what the writer makes, which version of the
//! page shown each of them sees, and what a checkpoint has to wait for.

use super::rows::{self, Row};
use crate::{
    describe::snapshots::{self as facts, SnapshotsFacts},
    looking::{Goal, Told},
    model::Model,
    widget::{Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::types::PageNo;

/// Columns of the labels.
const LABEL: usize = 14;
/// Columns of a commit, at least and at most.
const COMMIT: (usize, usize) = (9, 14);

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    crate::describe::plural(model.world.facts.snapshots.len(), "snapshot")
}

/// The lines of the view, and where each leads that can be chosen.
pub fn lines(model: &Model, area: Rect) -> Vec<Row> {
    let snapshots = facts::snapshots(model);
    let room = usize::from(area.width.saturating_sub(2));
    if snapshots.commits.is_empty() {
        return Row::wrapped(&snapshots.checkpoint, room, Family::Quiet, None);
    }
    let mut lines = Axis::of(model, &snapshots, room).lines();
    if snapshots.snapshots.is_empty() {
        let words = match model.world.file() {
            Some(_) => "No snapshot lives in a file at rest: who opens it now sees the newest commit.".to_owned(),
            None if model.recording().is_some() => "No snapshot lives at this instant.".to_owned(),
            None => "No snapshot lives. `t1: begin-read` takes one, `t1: get K` reads in it.".to_owned(),
        };
        lines.extend(Row::wrapped(&words, room, Family::Quiet, None));
    }
    for snapshot in &snapshots.snapshots {
        let waits = if snapshot.holds_back { "; a checkpoint waits for it" } else { "" };
        let words =
            format!("{} sees commit {}: {} kept for it{waits}.", snapshot.name, snapshot.commit, snapshot.kept());
        let family = if snapshot.holds_back { Family::Warning } else { Family::Plain };
        lines.extend(Row::wrapped(&words, room, family, commit_goal(model, snapshot.commit)));
    }
    lines.extend(Row::wrapped(&snapshots.checkpoint, room, Family::Title, None));
    for remark in snapshots.remarks() {
        lines.extend(Row::wrapped(&remark, room, Family::Plain, None));
    }
    lines
}

/// The event that published a commit; in a file at rest its record in the log.
fn commit_goal(model: &Model, wanted: u64) -> Option<Goal> {
    if model.timeline().is_some() {
        return Some(Goal::Told(Told::Commit(wanted)));
    }
    let log = crate::describe::log::log(model);
    let record = log.records.iter().find(|record| record.page.is_none() && record.commit == wanted);
    Some(record.map_or(Goal::Told(Told::Commit(wanted)), |record| Goal::LogRecord(record.offset)))
}

/// Draws the axis, and under it what it means.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    rows::draw(model, &lines(model, area), area, buffer);
}

/// The axis as lines of text.
struct Axis<'a> {
    model: &'a Model,
    facts: &'a SnapshotsFacts,
    /// Commits left out at the left.
    hidden: usize,
    /// The commits shown, the writer's last.
    commits: Vec<u64>,
    /// Columns of each.
    step: usize,
}

impl<'a> Axis<'a> {
    fn of(model: &'a Model, facts: &'a SnapshotsFacts, room: usize) -> Axis<'a> {
        let mut commits: Vec<u64> = facts.commits.iter().map(|commit| commit.commit).collect();
        commits.extend(facts.writer.as_ref().map(|writer| writer.makes));
        let wide = room.saturating_sub(LABEL);
        let fit = (wide / COMMIT.0).max(1);
        let hidden = commits.len().saturating_sub(fit);
        let commits: Vec<u64> = commits.split_off(hidden);
        let step = (wide / commits.len().max(1)).clamp(COMMIT.0, COMMIT.1);
        Axis { model, facts, hidden, commits, step }
    }

    fn row(&self, label: &str, cell: impl Fn(u64) -> String) -> String {
        let mut line = format!("{:<LABEL$}", text::clip(label, LABEL - 1));
        for commit in &self.commits {
            let cell = cell(*commit);
            line.push_str(&format!("{:<width$}", text::clip(&cell, self.step - 1), width = self.step));
        }
        line.trim_end().to_owned()
    }

    fn lines(&self) -> Vec<Row> {
        let facts = self.facts;
        let of = |commit: u64| facts.commits.iter().find(|known| known.commit == commit);
        let mut lines = Vec::new();
        if self.hidden > 0 {
            lines.push(Row::text(format!("+{} older commits at the left", self.hidden), Family::Quiet));
        }
        let newest = commit_goal(self.model, facts.commit);
        lines.push(Row::to(self.row("commit", |commit| commit.to_string()), Family::Title, newest));
        let place = |commit| of(commit).map_or("memory".to_owned(), |known| known.place.clone());
        lines.push(Row::text(self.row("stands in", place), Family::Plain));
        lines.push(Row::text(self.row("changed", |commit| self.changed(commit)), Family::Pointer));
        let durable = |commit| match of(commit).map(|known| known.durable) {
            Some(true) => "durable",
            Some(false) => "not yet",
            None => "-",
        };
        lines.push(Row::text(self.row("power cut", |commit| durable(commit).into()), Family::Good));
        for snapshot in &facts.snapshots {
            let family = if snapshot.holds_back { Family::Warning } else { Family::Identity };
            let words = self.reach(&format!("reader {}", snapshot.name), snapshot.commit, '●');
            let begun = Some(Goal::Told(Told::Snapshot(snapshot.name.clone())));
            lines.push(Row::to(words, family, begun));
        }
        if facts.commits.iter().any(|commit| commit.seen_by.iter().any(|name| name == "new")) {
            lines.push(Row::text(self.reach("new readers", facts.commit, '○'), Family::Identity));
        }
        if let Some(writer) = &facts.writer {
            let words = self.reach(&format!("writer, tx {}", writer.transaction), writer.makes, '*');
            let begun = Some(Goal::Told(Told::Transaction));
            lines.push(Row::to(words, Family::Changed, begun));
        }
        if let Some(page) = facts.page.filter(|_| !facts.versions.is_empty()) {
            lines.extend(self.versions(page));
        }
        lines.push(Row::text("", Family::Plain));
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
    fn versions(&self, page: u32) -> Vec<Row> {
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
        let goal = Some(Goal::Page(PageNo(page)));
        vec![
            Row::to(self.row(&format!("page {page}"), at), Family::Payload, goal),
            Row::text(self.row("  seen by", seen), Family::Plain),
        ]
    }
}
