//! What just happened, in sentences; or the question what will happen, when one is asked first.

use crate::{
    model::{Model, Screen},
    widget::{Card, CardLine, Family, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use tosumu::trace::Event;

/// The heading.
pub fn title(model: &Model) -> String {
    match (&model.predict.question, &model.note) {
        (Some(_), _) => "What happens next?".into(),
        _ if model.tour.is_some() => {
            let step = model.tour.map_or(0, |step| step + 1);
            format!("The tour, step {step} of {}", crate::guide::TOUR.len())
        }
        (None, Some(note)) if note.bad => "That did not work".into(),
        _ if model.welcome.is_some() || model.present().is_none() => "What this is".into(),
        _ => "What just happened".into(),
    }
}

/// How the questions went so far.
pub fn note(model: &Model) -> String {
    match model.predict.asked {
        0 => String::new(),
        asked => format!("{} of {asked} foretold", model.predict.right),
    }
}

/// How many lines the question about a file needs; none when none is asked.
pub fn lines_asked(model: &Model, area: Rect) -> u16 {
    let Some(question) = &model.predict.question else { return 0 };
    let lines = asked(question, model.screen);
    lines.iter().map(|line| text::wrap(&line.text, columns(area)).len() as u16).sum()
}

/// Draws the story; what does not fit is counted.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model, area);
    Card { lines: &lines, top: 0, foot: 0, way: "", theme: &model.style.theme }.render(area, buffer);
}

fn lines(model: &Model, area: Rect) -> Vec<CardLine> {
    if let Some(question) = &model.predict.question {
        let note =
            model.note.iter().map(|note| CardLine { family: Family::Title, ..CardLine::new("", note.text.clone()) });
        return asked(question, model.screen).into_iter().chain(note).collect();
    }
    let mut lines = Vec::new();
    if let Some(note) = &model.note {
        let family = if note.bad { Family::Bad } else { Family::Title };
        lines.push(CardLine { family, ..CardLine::new("", note.text.clone()) });
        if note.bad || model.present().is_none() {
            return lines;
        }
    }
    let used: usize = lines.iter().map(|line| text::wrap(&line.text, columns(area)).len()).sum();
    let room = usize::from(area.height).saturating_sub(used);
    let story = story(model, columns(area), room);
    // Beside a note the story stands where it fits whole, or where two lines of it do, and says something else.
    let said = model.note.as_ref().is_some_and(|note| note.text == story);
    if model.note.is_none() || !said && (room >= 2 || text::wrap(&story, columns(area)).len() <= room) {
        lines.push(CardLine::new("", story));
    }
    lines
}

/// The question with its choices; once answered, the right one.
fn asked(question: &crate::model::Question, screen: Screen) -> Vec<CardLine> {
    let text = |words: String| CardLine::new("", words);
    let title = CardLine { family: Family::Title, ..text(question.text.clone()) };
    if question.answered {
        let right = question.choices.get(question.answer).map_or("", String::as_str);
        let (verdict, family) = match question.chosen == Some(question.answer) {
            true if screen == Screen::File => (format!("Right. {}", question.why), Family::Good),
            // What happened to a file is told whole, and begins with the right answer.
            false if screen == Screen::File => (format!("No. {}", question.why), Family::Warning),
            true => (format!("Right: {right}."), Family::Good),
            false => {
                let chosen = question.chosen.and_then(|chosen| question.choices.get(chosen));
                let said = chosen.map_or(String::new(), |chosen| format!(" not {chosen} but"));
                (format!("No,{said} {right}. {}", question.why), Family::Warning)
            }
        };
        return vec![title, CardLine { family, ..text(verdict) }];
    }
    let choices = question.choices.iter().enumerate().map(|(at, choice)| {
        let mark = if question.chosen == Some(at) { ">" } else { " " };
        format!("{mark}{} {choice}", at + 1)
    });
    let mut lines = match screen {
        Screen::File => std::iter::once(title).chain(choices.map(text)).collect(),
        _ => vec![title, text(choices.collect::<Vec<_>>().join("   "))],
    };
    if !question.pointed.is_empty() {
        let pages: Vec<String> = question.pointed.iter().map(ToString::to_string).collect();
        lines.push(CardLine { family: Family::Pointer, ..text(format!("Pointed at: page {}.", pages.join(", "))) });
    }
    lines
}

fn columns(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(2).max(1)
}

/// The sentence of the present event, what led to it where there is room, and what a power cut would leave.
pub fn story(model: &Model, columns: usize, lines: usize) -> String {
    if let Some(welcome) = &model.welcome {
        return welcome.clone();
    }
    let Some(event) = model.present() else { return beginning(model) };
    let power = if asks_for_it(model) { String::new() } else { format!(" {}", model.world.if_power_went()) };
    let noted = model.kept.notes.at(crate::notes::NotePlace::Event(model.at));
    let noted = noted.map_or(String::new(), |words| format!(" Your note: {words}."));
    let sentence = brief(event);
    let now = format!("{sentence}{noted}{power}");
    let whole = match what_led_here(model) {
        Some(before) => format!("{before} {now}"),
        None => now.clone(),
    };
    // A long reason of a failure takes the place of what a power cut would leave, rather than be cut off itself.
    let forms = [whole, now.clone(), format!("{sentence}{noted}")];
    forms.into_iter().find(|text| text::wrap(text, columns).len() <= lines).unwrap_or(now)
}

/// Columns of an operation in the sentence about it: what came of it is to stand beside it.
const OPERATION_MAX: usize = 60;

/// The sentence of an event; a long operation is cut in it.
fn brief(event: &Event) -> String {
    let mut event = event.clone();
    if let Event::OperationStarted { line } | Event::OperationEnded { line, .. } = &mut event {
        *line = crate::describe::operation_words(line, OPERATION_MAX);
    }
    event.sentence()
}

/// Whether a lesson asks something. It may ask what a power cut would leave, and then no view answers that beside it.
pub(super) fn asks_for_it(model: &Model) -> bool {
    model.lessons.player.as_ref().is_some_and(|player| player.open.is_some())
}

fn beginning(model: &Model) -> String {
    if model.world.file().is_some() {
        return model.world.if_power_went();
    }
    "Nothing has happened yet: step on, or type an operation.".into()
}

/// The split, merge or move of cells before the present step in the same operation, when the step belongs to one.
fn what_led_here(model: &Model) -> Option<String> {
    let event = model.present()?;
    let follows = matches!(
        event,
        Event::RecordWritten { .. }
            | Event::SeparatorWritten { .. }
            | Event::SeparatorReplaced { .. }
            | Event::SeparatorRemoved { .. }
            | Event::RootGrew { .. }
            | Event::RootShrank { .. }
            | Event::PageFreed { .. }
            | Event::PageTaken { .. }
    );
    if !follows {
        return None;
    }
    let operation = model.operation()?;
    let timeline = model.timeline()?;
    let before = operation.first..model.at.saturating_sub(1);
    let mut earlier = before.rev().map(|at| timeline.event(at));
    let cause = earlier.find(|event| {
        matches!(event, Event::PageSplit { .. } | Event::CellsMoved { .. } | Event::PagesMerged { .. })
    })?;
    Some(cause.sentence())
}
