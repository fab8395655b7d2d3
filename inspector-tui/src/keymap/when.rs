//! When a key does something: the conditions that the table of keys names.
//!
//! Each asks the model one question in the words of the screen, changes nothing, and stands here once, so that rows which exclude
//! each other are seen to.

use super::{Key, table};
use crate::lesson::Way;
use crate::message::Message;
use crate::model::{Focus, Model, Screen, View};
use crate::timeline::Mark;
use tosumu::Finding;

pub(super) fn asking(model: &Model) -> bool {
    model.predict.question.is_some() && !model.is_typing()
}

pub(super) fn unanswered(model: &Model) -> bool {
    asking(model) && model.predict.question.as_ref().is_some_and(|question| !question.answered)
}

pub(super) fn answered(model: &Model) -> bool {
    asking(model) && !unanswered(model)
}

/// Keys mean moves: no line is typed, no question is open.
pub(super) fn free(model: &Model) -> bool {
    !model.is_typing() && model.predict.question.is_none() && model.view != View::Help
}

pub(super) fn inspecting(model: &Model) -> bool {
    free(model) && model.screen != Screen::Home
}

pub(super) fn lab(model: &Model) -> bool {
    free(model) && model.screen == Screen::Lab
}

/// A lesson, and no line is typed.
pub(super) fn lesson_free(model: &Model) -> bool {
    lab(model) && model.lessons.player.is_some()
}

/// Its text has the keys.
pub(super) fn lesson_text(model: &Model) -> bool {
    lesson_free(model) && model.focus == Focus::Text
}

/// The views beside its text have the keys, and nothing in them is to be left first.
pub(super) fn lesson_views(model: &Model) -> bool {
    let is_list = matches!(model.view, View::Branches | View::Marks);
    lesson_free(model) && model.focus != Focus::Text && !model.in_bytes() && !model.zoomed && !on_lab(model) && !is_list
}

pub(super) fn lesson_task(model: &Model) -> bool {
    lesson_free(model) && model.lessons.player.as_ref().is_some_and(|player| player.task().is_some())
}

pub(super) fn lesson_way(model: &Model) -> Option<&Way> {
    let open = model.lessons.player.as_ref()?.open.as_ref()?;
    Some(&open.asked.way).filter(|_| lesson_text(model))
}

pub(super) fn lesson_asks(model: &Model) -> bool {
    lesson_way(model).is_some()
}

pub(super) fn lesson_offers(model: &Model) -> bool {
    matches!(lesson_way(model), Some(Way::Choose { .. }))
}

pub(super) fn lesson_points(model: &Model) -> bool {
    matches!(lesson_way(model), Some(Way::Point { .. }))
}

pub(super) fn typing_answer(model: &Model) -> bool {
    model.is_typing_answer()
}

/// A lab that operations can be run in.
pub(super) fn sandbox(model: &Model) -> bool {
    lab(model) && model.recording().is_none()
}

/// The list of branches is in front.
pub(super) fn branch_list(model: &Model) -> bool {
    lab(model) && model.view == View::Branches
}

/// The list of marks is in front.
pub(super) fn mark_list(model: &Model) -> bool {
    lab(model) && model.view == View::Marks
}

/// Whether a row of the table has the key and holds now.
pub fn has_key(model: &Model, key: Key) -> bool {
    table().iter().enumerate().any(|(at, binding)| model.style.keys.of(at).contains(&key) && (binding.when)(model))
}

/// Whether there is an event to step to.
pub fn can_forward(model: &Model) -> bool {
    lab(model) && model.timeline().is_some_and(|timeline| model.at < timeline.len())
}

/// Whether there is an event to step back to.
pub fn can_back(model: &Model) -> bool {
    lab(model) && model.at > 1
}

/// The store is closed here and stays so to the end of the branch.
pub(super) fn can_reopen(model: &Model) -> bool {
    let closed = |timeline: &crate::timeline::Timeline| !timeline.end().facts.open;
    sandbox(model) && !model.world.facts.open && model.busy.is_none() && model.timeline().is_some_and(closed)
}

pub(super) fn between_operations(model: &Model) -> bool {
    model.operation().is_none_or(|operation| model.at == operation.last + 1)
}

pub(super) fn bytes(model: &Model) -> bool {
    inspecting(model) && model.in_bytes()
}

pub(super) fn byte_before(model: &Model) -> bool {
    bytes(model) && model.byte > Some(0)
}

pub(super) fn byte_behind(model: &Model) -> bool {
    bytes(model) && model.shown_bytes().is_some_and(|shown| model.byte.is_some_and(|byte| byte + 1 < shown.len()))
}

pub(super) fn on_grid(model: &Model) -> bool {
    lab(model) && model.view == View::Grid
}

/// On a cell whose fault had something to strike: there is a recovery to step.
pub(super) fn on_struck_cell(model: &Model) -> bool {
    let (column, row) = model.labs.cell;
    on_grid(model) && model.labs.grid.as_ref().is_some_and(|grid| grid.left(column, row).is_some())
}

/// A lab has the screen: time stands still behind it.
pub(super) fn on_lab(model: &Model) -> bool {
    lab(model) && matches!(model.view, View::Grid | View::Tamper | View::Twin)
}

pub(super) fn on_tamper(model: &Model) -> bool {
    lab(model) && model.view == View::Tamper
}

pub(super) fn on_lies(model: &Model) -> bool {
    on_tamper(model) && model.labs.tamper.matrix.is_none()
}

pub(super) fn on_matrix(model: &Model) -> bool {
    on_tamper(model) && model.labs.tamper.matrix.is_some()
}

pub(super) fn on_untold(model: &Model) -> bool {
    let tamper = &model.labs.tamper;
    on_lies(model) && tamper.row < tamper.lies.len() && !tamper.is_told(tamper.row)
}

pub(super) fn on_twin(model: &Model) -> bool {
    lab(model) && model.view == View::Twin
}

pub(super) fn twin_asks(model: &Model) -> bool {
    on_twin(model) && model.labs.twin.is_asking()
}

pub(super) fn twin_moves(model: &Model) -> bool {
    on_twin(model) && (model.labs.twin.difference.is_none() || model.labs.twin.told().is_some())
}

pub(super) fn no_bytes(model: &Model) -> bool {
    !model.in_bytes()
}

pub(super) fn has_mark(model: &Model, mark: Mark, forward: bool) -> bool {
    let (Some(timeline), Some(index)) = (model.timeline(), model.present_index()) else { return false };
    lab(model) && if forward { timeline.next(index, mark) } else { timeline.prev(index, mark) }.is_some()
}

pub(super) fn is_list(model: &Model) -> bool {
    inspecting(model)
        && no_bytes(model)
        && matches!(
            model.view,
            View::Events
                | View::Log
                | View::Disk
                | View::Diff
                | View::Life
                | View::Branches
                | View::Marks
                | View::Seals
                | View::Snapshots
                | View::Receipt
        )
        && model.rows() > 0
}

/// A list whose selected row is not where we are already.
pub(super) fn is_list_elsewhere(model: &Model) -> bool {
    is_list(model) && !(model.view == View::Events && model.selected_row + 1 == model.at)
}

pub(super) fn row_below(model: &Model) -> bool {
    is_list(model) && model.selected_row + 1 < model.rows()
}

pub(super) fn row_above(model: &Model) -> bool {
    is_list(model) && model.selected_row > 0
}

pub(super) fn map_in_front(model: &Model) -> bool {
    inspecting(model) && model.view == View::Map && model.world.page_total() > 0
}

/// Each page has no box of its own yet.
pub(super) fn map_can_come_nearer(model: &Model) -> bool {
    map_in_front(model) && crate::view::map::grain_in_front(model) != crate::widget::Grain::Tile
}

pub(super) fn map_of_file(model: &Model) -> bool {
    map_in_front(model) && model.screen == Screen::File
}

pub(super) fn can_zoom(model: &Model) -> bool {
    inspecting(model) && no_bytes(model) && matches!(model.view, View::Tree | View::Map)
}

pub(super) fn tree_in_front(model: &Model) -> bool {
    shows_page(model) && no_bytes(model) && model.view == View::Tree
}

pub(super) fn has_trees(model: &Model) -> bool {
    inspecting(model) && !model.world.facts.space.trees.is_empty()
}

pub(super) fn shows_page(model: &Model) -> bool {
    inspecting(model) && model.shown_page().is_some()
}

pub(super) fn can_enter_bytes(model: &Model) -> bool {
    shows_page(model) && no_bytes(model) && !finding_in_front(model) && !is_list(model) && !on_lab(model)
}

pub(super) fn finding_in_front(model: &Model) -> bool {
    inspecting(model) && model.view == View::Verify && !model.findings().is_empty()
}

pub(super) fn finding_with_page(model: &Model) -> bool {
    let is_shown = |finding: &Finding| match finding.page {
        Some(page) => model.world.page(page).is_some(),
        None => is_about_log(model, finding),
    };
    finding_in_front(model) && model.findings().get(model.finding).is_some_and(is_shown)
}

/// Whether a finding is about bytes of a log that is there.
pub fn is_about_log(model: &Model, finding: &Finding) -> bool {
    let of_log = finding.page.is_none() && finding.file.as_ref().is_some_and(|file| file.ends_with("-wal"));
    of_log && finding.byte_start.is_some() && model.world.log_durable_len() > 0
}

pub(super) fn can_explain(model: &Model) -> bool {
    let explained = model.view == View::Verify && model.zoomed && model.focus == Focus::Card;
    inspecting(model) && !model.findings().is_empty() && !explained
}

/// There is a page to probe, of a finding or of a sealed page on the screen, and the worker has time.
pub fn can_probe(model: &Model) -> bool {
    let page = crate::update::page_to_probe(model);
    let is_looked_at = matches!(model.view, View::Verify | View::Page);
    let is_known = model.probe.as_ref().is_some_and(|probe| Some(probe.page) == page);
    file_screen(model) && is_looked_at && no_bytes(model) && model.busy.is_none() && page.is_some() && !is_known
}

/// Findings are hinted at where they are looked at; in the lab they stay behind when the work goes on.
pub(super) fn is_near(message: &Message, model: &Model) -> bool {
    let about_findings = matches!(message, Message::Explain | Message::NextFinding);
    if matches!(message, Message::CrashHere) && on_lab(model) {
        return false;
    }
    if matches!(message, Message::Probe) {
        return model.view == View::Verify;
    }
    let verifying = model.operation().is_some_and(|operation| operation.line.trim() == "verify") && !on_lab(model);
    !about_findings || file_screen(model) || model.view == View::Verify || verifying
}

pub(super) fn several_findings(model: &Model) -> bool {
    inspecting(model) && model.findings().len() > 1
}

pub(super) fn file_screen(model: &Model) -> bool {
    free(model) && model.screen == Screen::File
}

pub(super) fn home(model: &Model) -> bool {
    free(model) && model.screen == Screen::Home
}

pub(super) fn typing(model: &Model) -> bool {
    model.is_typing()
}

pub(super) fn typing_with_history(model: &Model) -> bool {
    let lines = if model.screen == Screen::Home { &model.home.recent } else { &model.history };
    typing(model) && model.file_work.secret.is_none() && !lines.is_empty()
}

pub(super) fn typing_completed(model: &Model) -> bool {
    typing(model) && model.file_work.secret.is_none() && !(model.view == View::Help && model.help_search.active)
}

pub(super) fn help(model: &Model) -> bool {
    model.view == View::Help && !model.is_typing() && model.predict.question.is_none()
}

pub(super) fn something_to_leave(model: &Model) -> bool {
    inspecting(model)
        && (model.in_bytes() || model.zoomed || model.page.is_some() || model.playing.is_some() || model.tour.is_some())
}

pub(super) fn is_locked(model: &Model) -> bool {
    let has_slots = crate::describe::log::newest_superblock(&model.world).is_some();
    let locked = model.world.file().is_some_and(|file| file.locked.is_some());
    file_screen(model) && locked && has_slots && model.busy.is_none()
}

pub(super) fn can_look_back(model: &Model) -> bool {
    file_screen(model) && model.file_work.follow.can_back()
}

pub(super) fn can_look_on(model: &Model) -> bool {
    file_screen(model) && model.file_work.follow.can_forward()
}
