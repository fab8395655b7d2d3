//! `update`: a message in, the model changed, commands for the world outside handed back. Pure: it knows no terminal, no
//! file and no clock, and it never runs the engine.

mod ask;
mod branches;
mod breaks;
mod file;
mod home;
mod keep;
mod labs;
mod lesson;
mod line;
mod look;
mod marks;
mod news;
mod script;
mod time;
mod tour;
mod twin;
mod undo;
mod unnamed;
mod views;
mod words;

#[cfg(test)]
mod tests;

pub use look::page_to_probe;
pub use script::lines_of;

use crate::command::{Command, Following};
use crate::message::{Edit, Message, TwinAsk};
use crate::model::{Model, Note, Screen, View};

/// Begins a lesson in `model`; what is to be done first.
pub fn begin_lesson(model: &mut Model, chosen: &crate::lesson::Lesson) -> Option<Command> {
    lesson::open(model, chosen).into_iter().next()
}

/// Lets `message` happen.
pub fn update(model: &mut Model, message: Message) -> Vec<Command> {
    if comes_from_a_person(&message) {
        model.note = None;
        if !keeps_playing(&message) {
            model.playing = None;
        }
    }
    let ran = matches!(message, Message::Ran { .. } | Message::Branched { .. });
    let mut commands = happen(model, message);
    if ran {
        commands.extend(lesson::check(model));
    }
    if model.kept.restoring.is_some() && commands.is_empty() {
        commands = keep::go_on(model);
    }
    breaks::look(model);
    tour::speak(model);
    commands
}

/// Words to the reader go when the reader does something.
fn comes_from_a_person(message: &Message) -> bool {
    !matches!(
        message,
        Message::Tick
            | Message::Resize(..)
            | Message::Redraw
            | Message::Ran { .. }
            | Message::Branched { .. }
            | Message::LabReady { .. }
            | Message::FileReady(..)
            | Message::VerifyNews(_)
            | Message::Probed(_)
            | Message::Verified(..)
            | Message::Failed(_)
            | Message::OtherRead(_)
            | Message::ScriptRead { .. }
            | Message::Wrote(_)
            | Message::Kept(_)
            | Message::GridNews(_)
            | Message::GridDone(_)
            | Message::LiesNews(_)
            | Message::LiesDone(_)
            | Message::Twin(TwinAsk::News(_) | TwinAsk::Done(_))
            | Message::Staged(_)
            | Message::TaskChecked { .. }
            | Message::OfFile(..)
            | Message::PagesRead(_)
            | Message::FileNews(_)
            | Message::Judged(_)
            | Message::Looked(_)
            | Message::LookFailed(_)
            | Message::StillLocked(_)
    )
}

fn keeps_playing(message: &Message) -> bool {
    matches!(
        message,
        Message::PlayPause | Message::Faster | Message::Slower | Message::Show(_) | Message::Zoom | Message::Refused(_)
    )
}

fn happen(model: &mut Model, message: Message) -> Vec<Command> {
    match message {
        Message::StepForward => file::step_or(model, 1),
        Message::StepBack => file::step_or(model, -1),
        Message::OperationEnd => time::operation_end(model),
        Message::OperationStart => time::operation_start(model),
        Message::NextTransaction => time::next_transaction(model),
        Message::PreviousTransaction => time::previous_transaction(model),
        Message::First if model.screen == Screen::File => file::seek(model, 0),
        Message::Last if model.screen == Screen::File => file::seek(model, usize::MAX),
        Message::First => time::seek(model, 1),
        Message::Last => time::seek(model, usize::MAX),
        Message::NextMark(mark) => time::next_mark(model, mark),
        Message::PreviousMark(mark) => time::previous_mark(model, mark),
        Message::Seek(at) => time::seek(model, at),
        Message::PlayPause => time::play_or_pause(model),
        Message::Faster => model.playing = model.playing.map(|speed| speed.faster()),
        Message::Slower => model.playing = model.playing.map(|speed| speed.slower()),
        Message::Tick => time::tick(model),
        Message::CrashHere => return time::crash_here(model),
        Message::Reopen => return line::run(model, "reopen"),
        Message::NextBranch => branches::next(model),
        Message::ListBranches => branches::list(model),
        Message::TogglePredict => time::toggle_predict(model),
        Message::Choose(choice) => time::choose(model, choice),
        Message::ChooseUp => time::choose_next(model, -1),
        Message::ChooseDown => time::choose_next(model, 1),
        Message::Answer => time::answer(model),
        Message::PointAt(page) => ask::point_at(model, page),
        Message::SkipQuestion => time::skip_question(model),
        Message::WhatHappened => unnamed::ask(model),
        Message::Show(view) => look::show(model, view),
        Message::NextTree => look::next_tree(model),
        Message::NextRegion => look::next_region(model, 1),
        Message::PreviousRegion => look::next_region(model, -1),
        Message::Zoom => model.zoomed = !model.zoomed,
        Message::ToggleSealed => look::toggle_sealed(model),
        Message::EnterBytes => look::enter_bytes(model),
        Message::MoveRows(rows) => look::move_rows(model, rows),
        Message::MoveBytes(bytes) => look::move_bytes(model, bytes),
        Message::MovePages(pages) => look::move_pages(model, pages),
        Message::SelectPage(page) => look::select_page(model, page),
        Message::NextPage => look::next_page(model, 1),
        Message::PreviousPage => look::next_page(model, -1),
        Message::SelectByte(byte) => look::select_byte(model, byte),
        Message::SelectOther(byte) => look::select_other(model, byte),
        Message::SelectRow(row) => look::select_row(model, row),
        Message::Activate => return look::activate(model),
        Message::NextFinding => look::next_finding(model, 1),
        Message::PreviousFinding => look::next_finding(model, -1),
        Message::Explain => look::explain(model),
        Message::Verify => return look::verify(model),
        Message::StopVerify => return look::stop_verify(model),
        Message::Probe => return look::probe(model),
        Message::OpenCommandLine => model.command_line.active = true,
        Message::SearchHelp => model.help_search.active = true,
        Message::Type(letter) => line::type_letter(model, letter),
        Message::Paste(text) => return line::paste(model, &text),
        Message::Edit(Edit::Complete) => return keep::complete(model),
        Message::Edit(edit) => line::edit(model, edit),
        Message::Submit => return line::submit(model),
        Message::Back => back(model),
        Message::Help => look::show(model, View::Help),
        Message::Quit => return quit(model),
        Message::QuitNow => {
            let mut commands = keep::leaving(model);
            commands.push(Command::Quit);
            return commands;
        }
        Message::TourOn => return tour::go_on(model),
        Message::HomeMove(rows) => home::move_cursor(model, rows),
        Message::HomeSelect(item) => home::select(model, item),
        Message::HomeChoose => return home::choose(model),
        Message::Resize(columns, lines) => look::resize(model, (columns, lines)),
        Message::Ran { branch, events, said } => news::ran(model, branch, events, said),
        Message::Branched { branch, events, shared, said } => news::branched(model, branch, events, shared, said),
        Message::LabReady { events, title, page_size, file, sample } => {
            return news::lab_ready(model, news::Lab { events, title, page_size, file, sample });
        }
        Message::FileReady(file, report) => return news::file_ready(model, *file, report),
        Message::VerifyNews(told) => news::verify_news(model, told),
        Message::Probed(probe) => news::probed(model, probe),
        Message::Verified(file, report) => news::verified(model, *file, report),
        Message::Failed(why) => {
            model.busy = None;
            model.kept.restoring = None;
            model.travel.several_lines = false;
            news::end_map(model);
            note_bad(model, why);
        }
        Message::RunOn => breaks::run_on(model),
        Message::RunBack => breaks::run_back(model),
        Message::BreakHere => breaks::toggle_here(model),
        Message::Undo => undo::undo(model),
        Message::Redo => undo::redo(model),
        Message::WholeStrip => model.travel.strip_is_whole = !model.travel.strip_is_whole,
        Message::ScriptRead { name, text } => return news::script_read(model, &name, &text),
        Message::Wrote(what) => {
            model.busy = None;
            note(model, what);
        }
        Message::Pointed { focus, then } => return look::pointed(model, focus, then),
        Message::Scroll(lines) => look::scroll(model, lines),
        Message::Kept(answer) => return keep::answered(model, answer),
        Message::Export => return keep::export(model, None),
        Message::NoteHere => keep::begin_note(model),
        Message::NextNote => keep::next_note(model),
        Message::ListNotes => keep::list_notes(model),
        Message::NextTheme => keep::next_theme(model),
        Message::Refused(why) => note(model, why),
        Message::Redraw => return vec![Command::Redraw],
        Message::Nearer => views::zoom(model, 1),
        Message::Farther => views::zoom(model, -1),
        Message::Fold => views::fold(model),
        Message::NextLayer => views::show_layer(model, model.looking.map_layer.next()),
        Message::ShowLayer(layer) => views::show_layer(model, layer),
        Message::ReceiptAgainst(number) => views::receipt_against(model, number),
        Message::DiffOperation => views::diff_operation(model),
        Message::Diff { left, right } => return views::diff(model, left, right),
        Message::OtherRead(other) => views::other_read(model, *other),
        Message::CrashGrid => return labs::crash_grid(model),
        Message::MoveCell(columns, rows) => labs::move_cell(model, columns, rows),
        Message::ChooseCell => return labs::choose_cell(model),
        Message::StopGrid => return vec![Command::StopVerify],
        Message::GridNews(grid) => labs::grid_news(model, *grid),
        Message::GridDone(grid) => labs::grid_done(model, *grid),
        Message::SelectCell(cell) => labs::select_cell(model, cell),
        Message::ListMarks => marks::list(model),
        Message::NextChosenMark => marks::next(model),
        Message::PreviousChosenMark => marks::previous(model),
        Message::TamperLab => return labs::tamper_lab(model),
        Message::Guess(guess) => labs::guess(model, guess),
        Message::TellLie => return labs::tell(model),
        Message::LiesNews(lies) => labs::lies_news(model, lies),
        Message::LiesDone(lies) => labs::lies_done(model, lies),
        Message::TamperMatrix => return labs::toggle_matrix(model),
        Message::Twin(ask) => return twin::take(model, ask),
        Message::Lesson(key) => return lesson::key(model, key),
        Message::Staged(staged) => return lesson::played(model, &staged),
        Message::TaskChecked { branch, missing } => return lesson::checked(model, branch, missing),
        Message::OfFile(_, message) => return happen(model, *message),
        Message::PagesRead(read) => file::pages_read(model, read),
        Message::FileNews(news) => file::file_news(model, news),
        Message::StopOrGoOn => return file::stop_or_go_on(model),
        Message::Cancel => return file::cancel(model),
        Message::Judged(report) => file::judged(model, *report),
        Message::Follow => return file::follow(model),
        Message::Looked(look) => return file::looked(model, *look),
        Message::LookFailed(why) => file::look_failed(model, why),
        Message::AskKey(sort) => file::ask_key(model, sort),
        Message::StillLocked(why) => file::still_locked(model, why),
    }
    Vec::new()
}

/// One step back: out of the line, the help, the bytes, the zoom, the selection, the tour.
fn back(model: &mut Model) {
    if model.file_work.secret.is_some() {
        file::leave_key(model);
    } else if model.is_typing() {
        line::leave(model);
    } else if model.view == View::Help {
        look::leave_help(model);
    } else if model.view == View::Branches {
        branches::leave_list(model);
    } else if model.view == View::Marks {
        marks::leave_list(model);
    } else if labs::is_lab(model.view) {
        labs::leave(model);
    } else if model.in_bytes() {
        look::leave_bytes(model);
    } else if model.zoomed {
        model.zoomed = false;
    } else if model.home.gallery.is_some() || model.home.lessons.is_some() {
        (model.home.gallery, model.home.lessons) = (None, None);
    } else if model.page.is_some() {
        model.page = None;
    } else if model.tour.take().is_some() {
        note(model, "The tour is left; the lab is yours.");
    }
}

/// From the lab and a file back to the home screen, from there out.
fn quit(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Home {
        let lists = (model.home.gallery.take(), model.home.lessons.take());
        if lists != (None, None) {
            return Vec::new();
        }
    }
    let mut commands = keep::leaving(model);
    let goes_on = [
        (model.file_work.is_reading(), Command::StopReading),
        (model.file_work.follow.on, Command::Follow(Following::Off)),
        (model.verifying.is_some(), Command::StopVerify),
    ];
    commands.extend(goes_on.into_iter().filter(|(goes_on, _)| *goes_on).map(|(_, end)| end));
    if model.screen == Screen::Home || !model.came_from_home {
        commands.push(Command::Quit);
    } else {
        home::return_home(model);
    }
    commands
}

fn note(model: &mut Model, text: impl Into<String>) {
    model.note = Some(Note { text: text.into(), bad: false });
}

fn note_bad(model: &mut Model, text: impl Into<String>) {
    model.note = Some(Note { text: text.into(), bad: true });
}
