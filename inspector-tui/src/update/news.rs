//! What the worker has done.

use super::{ask, branches, breaks, keep, note, note_bad, script, time, undo};
use crate::command::Command;
use crate::keep::About;
use crate::line_edit::LineEdit;
use crate::message::{Said, Sample, VerifyNews};
use crate::model::{Branch, Focus, Model, Report, Screen, Verifying, View};
use crate::timeline::{FileWorld, Timeline, World};
use crate::travel::Change;
use std::sync::Arc;
use tosumu::inspect::{Probe, Verdict};
use tosumu::script::{Left, cut_by_hand};
use tosumu::trace::Event;
use tosumu::types::PageSize;

/// Columns of an operation in a sentence about it.
const WORDS_MAX: usize = 40;

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

pub(super) fn lab_ready(model: &mut Model, lab: Lab) -> Vec<Command> {
    let mut timeline = Timeline::new(&lab.file, lab.page_size);
    timeline.extend(lab.events);
    let mut new = Model::lab(timeline, &lab.title);
    new.take_over(model);
    new.came_from_home = true;
    new.kept.made_by = new.timeline().map(|timeline| (timeline.operations().len(), timeline.len()));
    if lab.sample != Sample::Own {
        new.kept.store = About::Lab;
    }
    match lab.sample {
        Sample::Sample => {
            new.command_line = LineEdit::typed("put m 13");
            new.welcome = Some(WELCOME.to_owned());
        }
        Sample::Tour => new.tour = Some(0),
        Sample::Own => {}
    }
    *model = new;
    keep::opened(model)
}

/// Operations ran: the view stands on the first event.
pub(super) fn ran(model: &mut Model, branch: usize, events: Vec<Arc<Event>>, said: Said) {
    model.busy = None;
    model.welcome = None;
    let from = (model.branch, model.at);
    branches::leave(model);
    let Some(ran_on) = model.branches.get_mut(branch) else { return };
    let before = ran_on.timeline.len();
    let happened = !events.is_empty();
    let words = words_of(&events);
    ran_on.timeline.extend(events);
    ran_on.engine = ran_on.timeline.len();
    if model.branch != branch {
        model.branch = branch;
        model.travel.breakpoints.forget();
    }
    let lasting = happened && changes_something(&model.branches[branch].timeline, before);
    let finished = (from.0 == branch && from.1 < before).then(|| finished_first(model, from.1)).flatten();
    if happened {
        undo::remember(model, words, from, Change::Grew { branch, before, taken: Vec::new() });
        let shown = if lasting { first_shown(model, before) } else { usize::MAX };
        time::refresh(model, shown);
        if model.lessons.player.is_some() {
            breaks::tell(model);
        }
    }
    tell(model, said, lasting);
    if let Some(words) = finished.filter(|_| lasting && model.note.is_none()) {
        note(model, words);
    }
}

/// How many events are shown of a timeline that grew behind event `before`: the first new one, for the others to be stepped through. In
/// a lesson the result is wanted: all of them, or those up to a breakpoint; unless questions are to come before the events.
fn first_shown(model: &mut Model, before: usize) -> usize {
    if model.lessons.player.is_none() || model.predict.on {
        return before + 1;
    }
    breaks::next(model, before).map_or(usize::MAX, |hit| hit + 1)
}

/// Said when an operation was asked for in the middle of another: it stands behind that one, and the view went past its rest.
fn finished_first(model: &Model, at: usize) -> Option<String> {
    let under_way = model.operation().filter(|operation| at < operation.last + 1)?;
    let line = crate::describe::operation_words(&under_way.line, WORDS_MAX);
    Some(format!("`{line}` comes to its end first; this begins behind it. [ leads back."))
}

/// A branch began: the view stands on the first event it does not share. A branch that is known had an engine brought to its
/// end, and grew there.
pub(super) fn branched(model: &mut Model, branch: usize, mut events: Vec<Arc<Event>>, shared: usize, said: Said) {
    if branch < model.branches.len() {
        return ran(model, branch, events.split_off(shared.min(events.len())), said);
    }
    model.busy = None;
    model.welcome = None;
    let from = (model.branch, model.at);
    branches::leave(model);
    let shared = really_shared(model, &events, shared);
    let facts = &model.world.facts;
    let mut timeline = Timeline::new(&facts.file, facts.page_size);
    timeline.extend(events);
    let cut = cut_by_hand(timeline.events(), shared);
    let crashed = cut.is_some();
    let name = match timeline.operations().iter().find(|operation| operation.first >= shared) {
        Some(operation) if !crashed => format!("{} behind event {shared}", operation.line),
        _ => name_of_cut(shared, cut.as_ref()),
    };
    let last_cut = (0..timeline.len()).rev().find(|at| cut_by_hand(timeline.events(), *at).is_some());
    undo::remember(model, name.clone(), from, Change::Began { taken: None });
    model.branches.push(Branch::new(name, timeline, Some((model.branch, shared)), last_cut));
    model.branch = model.branches.len() - 1;
    model.travel.breakpoints.forget();
    show_first(model, shared, crashed);
    if !crashed || said.failed {
        tell(model, said, true);
    }
}

/// Stands on the first event of its own; before a power cut the question comes first, when questions are asked.
fn show_first(model: &mut Model, shared: usize, crashed: bool) {
    if crashed && model.predict.on {
        time::refresh(model, shared);
        model.predict.question = ask::coming(model);
    }
    if model.predict.question.is_none() || !crashed {
        let shown = if crashed { shared + 1 } else { first_shown(model, shared) };
        time::refresh(model, shown);
    }
}

/// A list of operations may take events back that both had: then fewer are shared.
fn really_shared(model: &Model, events: &[Arc<Event>], shared: usize) -> usize {
    let Some(left) = model.branches.get(model.branch) else { return 0 };
    let mut shared = shared.min(events.len()).min(left.timeline.len());
    while shared > 0 && *events[shared - 1] != *left.timeline.event(shared - 1) {
        shared -= 1;
    }
    shared
}

/// What the branch is called that begins with a power cut, or with the end of its program.
fn name_of_cut(events: usize, left: Option<&Left>) -> String {
    match left {
        Some(Left::Process) => format!("program killed behind event {events}"),
        Some(left) => format!("power cut behind event {events}{left}"),
        None => format!("power cut behind event {events}"),
    }
}

/// What was asked for: the first line, and how many more.
fn words_of(events: &[Arc<Event>]) -> String {
    let mut lines = events.iter().filter_map(|event| match &**event {
        Event::OperationStarted { line } | Event::Expected { line, .. } => Some(line.trim_end()),
        _ => None,
    });
    let first = crate::describe::operation_words(lines.next().unwrap_or("what ran"), WORDS_MAX);
    match lines.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Says what an operation printed; of one whose steps are to be watched, only that it failed.
fn tell(model: &mut Model, said: Said, steps_tell_it: bool) {
    let steps_tell_it = steps_tell_it && !std::mem::take(&mut model.travel.several_lines);
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

/// A script was read: its lines are run.
pub(super) fn script_read(model: &mut Model, name: &str, text: &str) -> Vec<Command> {
    model.busy = None;
    let commands = script::run_lines(model, text);
    if let (Some(note), true) = (&mut model.note, commands.is_empty()) {
        note.text = format!("{name}: {}", note.text);
    }
    commands
}

/// A file was read: it is shown at once and verified meanwhile.
pub(super) fn file_ready(model: &mut Model, file: FileWorld, report: Option<Report>) -> Vec<Command> {
    let from_home = model.came_from_home || !model.home.items.is_empty();
    let verify = report.is_none();
    let was_locked = super::file::was_locked(model, &file);
    let follow_at_once = model.file_work.follow_at_once || model.file_work.follow.on;
    let view = model.view;
    let mut new = Model::file(file, report);
    new.take_over(model);
    new.came_from_home = from_home;
    new.busy = verify.then(|| "verifying".to_owned());
    new.file_work.follow_at_once = follow_at_once;
    *model = new;
    if was_locked {
        model.view = view;
        match &model.world.file().and_then(|file| file.locked.clone()) {
            None => note(model, "The key fits: the file is open."),
            Some(why) => note_bad(model, why.clone()),
        }
    }
    super::unnamed::opened(model);
    let mut commands = super::file::begun(model);
    commands.extend(verify.then_some(Command::Verify));
    commands
}

/// Verification ended; when it is the first and something is wrong, that comes to the front.
pub(super) fn verified(model: &mut Model, file: FileWorld, report: Report) {
    if model.screen != Screen::File {
        return;
    }
    match model.file_work.follow.looks.last() {
        None => model.world = World::at_rest(file),
        // A look that is there already is not taken for another.
        Some(seen) if seen.world.facts.commit == file.facts.commit => {
            let changed_since = std::mem::take(&mut model.world.facts.changed_since);
            model.world = World::at_rest(file);
            model.world.facts.changed_since = changed_since;
        }
        Some(_) => {}
    }
    reported(model, report);
}

/// A verification said all it has to say.
pub(super) fn reported(model: &mut Model, report: Report) {
    model.busy = None;
    model.probe = None;
    end_map(model);
    let first = model.report.is_none();
    if first && !report.findings.is_empty() && model.view == View::Tree {
        model.view = View::Verify;
    }
    model.finding = model.finding.min(report.findings.len().saturating_sub(1));
    if !first {
        note(model, "Verified again.");
    }
    model.report = Some(report);
    if first {
        model.finding = model.worst_finding();
    }
}

/// From so many pages on a verification takes long enough to be watched.
const PAGES_WATCHED: u32 = 4096;

/// A verification has come so far.
pub(super) fn verify_news(model: &mut Model, told: VerifyNews) {
    if model.screen != Screen::File {
        return;
    }
    if model.world.file().is_some_and(|file| !file.is_whole()) {
        if model.verifying.is_none()
            && let Some(file) = model.world.file_mut()
        {
            file.forget_verdicts();
        }
        crate::file_work::judge(&mut model.world, &told);
    }
    let pages = model.world.page_total();
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
    if is_on_card {
        // The card has room for the verdict and its evidence on a screen of its own.
        (model.focus, model.zoomed, model.scroll) = (Focus::Card, true, 0);
    } else {
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
