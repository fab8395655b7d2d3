//! What the worker has done.

use super::{note, note_bad, time};
use crate::command::Command;
use crate::line_edit::LineEdit;
use crate::message::{Said, Sample, VerifyNews};
use crate::model::{Branch, Model, Report, Verifying, View};
use crate::timeline::{FileWorld, Timeline, World};
use std::sync::Arc;
use tosumu::inspect::{Probe, Verdict};
use tosumu::trace::Event;
use tosumu::types::PageSize;

/// What a newcomer reads first.
const WELCOME: &str = "Leaf 2 is nearly full. Press Enter and see what one more record does to it.";

/// A sandbox that was made.
pub(super) struct Lab {
    pub events: Vec<Arc<Event>>,
    pub title: String,
    pub page_size: PageSize,
    pub file: String,
    pub sample: Sample,
}

pub(super) fn lab_ready(model: &mut Model, lab: Lab) {
    let mut timeline = Timeline::new(&lab.file, lab.page_size);
    timeline.extend(lab.events);
    let mut new = Model::lab(timeline, &lab.title);
    (new.style, new.size, new.home) = (model.style.clone(), model.size, std::mem::take(&mut model.home));
    new.came_from_home = true;
    match lab.sample {
        Sample::Sample => {
            new.command_line = LineEdit::typed("put m 13");
            new.welcome = Some(WELCOME.to_owned());
        }
        Sample::Tour => new.tour = Some(0),
        Sample::Own => {}
    }
    *model = new;
}

/// An operation ran: the view stands on its first event.
pub(super) fn ran(model: &mut Model, branch: usize, events: Vec<Arc<Event>>, said: Said) {
    model.busy = None;
    model.welcome = None;
    let Some(ran_on) = model.branches.get_mut(branch) else { return };
    let before = ran_on.timeline.len();
    let happened = !events.is_empty();
    ran_on.timeline.extend(events);
    model.branch = branch;
    let lasting = happened && changes_something(&model.branches[branch].timeline, before);
    if happened {
        time::refresh(model, if lasting { before + 1 } else { usize::MAX });
    }
    tell(model, said, lasting);
}

/// A branch began: the view stands on the first event it does not share.
pub(super) fn branched(model: &mut Model, branch: usize, events: Vec<Arc<Event>>, shared: usize, said: Said) {
    model.busy = None;
    model.welcome = None;
    let facts = &model.world.facts;
    let mut timeline = Timeline::new(&facts.file, facts.page_size);
    timeline.extend(events);
    let crashed = timeline.len() > shared && matches!(timeline.event(shared), Event::Crashed { .. });
    let name = match timeline.operations().iter().find(|operation| operation.first >= shared) {
        Some(operation) if !crashed => format!("{} behind event {shared}", operation.line),
        _ => format!("power cut behind event {shared}"),
    };
    let inherited = model.branches.get(model.branch).and_then(|left| left.crashed_at).filter(|at| *at < shared);
    let crashed_at = if crashed { Some(shared) } else { inherited };
    model.branches.push(Branch { name, timeline, parent: Some((model.branch, shared)), crashed_at });
    model.branch = branch.min(model.branches.len() - 1);
    time::refresh(model, shared + 1);
    if !crashed {
        tell(model, said, true);
    }
}

/// Says what an operation printed; of one whose steps are to be watched, only that it failed.
fn tell(model: &mut Model, said: Said, steps_tell_it: bool) {
    if said.failed {
        note_bad(model, said.text);
    } else if !steps_tell_it && !said.text.is_empty() {
        note(model, said.text);
    }
}

/// Whether the events from `first` on are worth stepping through: an operation that only reads tells its answer at once.
fn changes_something(timeline: &Timeline, first: usize) -> bool {
    timeline.events()[first..].iter().any(|event| {
        matches!(
            **event,
            Event::TransactionStarted { .. }
                | Event::RecordWritten { .. }
                | Event::RecordRemoved { .. }
                | Event::FileWritten { .. }
                | Event::OpenStarted { .. }
                | Event::Crashed { .. }
                | Event::Tampered { .. }
                | Event::FileReplaced { .. }
                | Event::VerifyStarted { .. }
        )
    })
}

/// A file was read: it is shown at once and verified meanwhile.
pub(super) fn file_ready(model: &mut Model, file: FileWorld, report: Option<Report>) -> Vec<Command> {
    let from_home = model.came_from_home || !model.home.items.is_empty();
    let verify = report.is_none();
    let mut new = Model::file(file, report);
    (new.style, new.size, new.home) = (model.style.clone(), model.size, std::mem::take(&mut model.home));
    new.came_from_home = from_home;
    new.busy = verify.then(|| "verifying".to_owned());
    *model = new;
    if verify { vec![Command::Verify] } else { Vec::new() }
}

/// Verification ended; when it is the first and something is wrong, that comes to the front.
pub(super) fn verified(model: &mut Model, file: FileWorld, report: Report) {
    model.busy = None;
    model.probe = None;
    end_map(model);
    model.world = World::at_rest(file);
    let first = model.report.is_none();
    if first && !report.findings.is_empty() && model.view == View::Tree {
        model.view = View::Verify;
    }
    model.finding = model.finding.min(report.findings.len().saturating_sub(1));
    if !first {
        note(model, "Verified again.");
    }
    model.report = Some(report);
}

/// From so many pages on a verification takes long enough to be watched.
const PAGES_WATCHED: u32 = 4096;

/// A verification has come so far.
pub(super) fn verify_news(model: &mut Model, told: VerifyNews) {
    let pages = model.world.file().map_or(0, |file| file.pages.len() as u32 + file.unread);
    let is_first = model.report.is_none();
    let verifying = model.verifying.get_or_insert_with(|| Verifying::of(pages));
    verifying.total = told.total;
    told.pages.iter().for_each(|&(page, sound)| verifying.mark(page, sound));
    verifying.findings.extend(told.findings);
    let count = |number: u32| crate::widget::text::grouped(number.into());
    if model.busy.as_ref().is_none_or(|busy| busy.starts_with("verifying")) {
        model.busy =
            Some(format!("verifying, {} of {} pages; c stops it", count(verifying.done), count(verifying.total)));
    }
    // What takes long is watched, and what is found comes to the front, unless the person looks at something else.
    let worth_it = verifying.total >= PAGES_WATCHED || verifying.findings.iter().any(|found| found.page.is_some());
    if is_first && worth_it && model.view == View::Tree {
        verifying.before = Some(model.view);
        model.view = View::Verify;
    }
}

/// The map goes; what it took the place of comes back when nothing was found.
pub(super) fn end_map(model: &mut Model) {
    let Some(verifying) = model.verifying.take() else { return };
    if let (Some(before), View::Verify) = (verifying.before, model.view) {
        model.view = before;
    }
}

/// A page was probed: its card tells, and where there is no card a line does.
pub(super) fn probed(model: &mut Model, probe: Box<Probe>) {
    model.busy = None;
    let is_on_card = model.view == View::Verify
        && model.findings().get(model.finding).is_some_and(|finding| finding.page == Some(probe.page));
    if !is_on_card {
        let words = match &probe.recovery {
            Some(recovery) => format!("{} {recovery}", probe.summary),
            None => probe.summary.clone(),
        };
        match probe.verdict {
            Verdict::Sound => note(model, words),
            _ => note_bad(model, words),
        }
    }
    model.probe = Some(probe);
}
