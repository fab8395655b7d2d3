//! A view of a lesson's store: what `look` steers, on the screen and as text.

use crate::describe::Subject;
use crate::lesson::{At, Look, PageForm};
use crate::model::{Model, View};
use crate::{labs, picture, recorded, view};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::PageNo;
use tosumu::script::Runner;

/// How wide a view is drawn among a lesson's text, in columns.
const COLUMNS: u16 = 80;
/// Most lines it takes.
const LINES_MAX: u16 = 24;

/// The view that `look` names, drawn as text; blank lines at its end are left out.
pub fn text(runner: &Runner, first: usize, look: &Look) -> Result<String, String> {
    let (model, subject) = at(runner, first, look)?;
    let whole = draw(&model, subject, LINES_MAX);
    Ok(draw(&model, subject, LINES_MAX - empty_lines(&whole)))
}

/// The same as SVG.
pub fn svg(runner: &Runner, first: usize, look: &Look) -> Result<String, String> {
    let (model, subject) = at(runner, first, look)?;
    let lines = LINES_MAX - empty_lines(&draw(&model, subject, LINES_MAX));
    Ok(picture::to_svg(&buffer(&model, subject, lines)))
}

/// The same as facts, line by line.
pub fn plain(runner: &Runner, first: usize, look: &Look) -> Result<String, String> {
    let (model, subject) = at(runner, first, look)?;
    Ok(crate::describe::facts(&model, subject).plain())
}

/// Brings `model` to where `look` points; `first` events happened before the last script. An error says what is not there.
/// The labs are not computed here.
pub fn apply(model: &mut Model, first: usize, look: &Look) -> Result<(), String> {
    let (_, shown) = subject(&look.view)?;
    let end = model.timeline().map_or(0, |timeline| timeline.len());
    let count = match &look.at {
        None => end,
        Some(At::Start) => first.min(end),
        Some(At::Event(kind)) => last_of(model, kind)? + 1,
    };
    recorded::seek(model, count);
    model.view = shown;
    model.selected_row = if shown == View::Events { count.saturating_sub(1) } else { 0 };
    (model.page, model.byte) = (None, None);
    model.sealed_form = look.form == PageForm::Sealed;
    if let Some(page) = look.page {
        model.world.page(PageNo(page)).ok_or_else(|| format!("there is no page {page} to look at"))?;
        model.page = Some(PageNo(page));
    }
    model.byte = match (&look.field, look.byte) {
        (Some(field), _) => Some(byte_of(model, field)?),
        (None, byte) => byte,
    };
    let length = model.shown_bytes().map_or(0, |bytes| bytes.len());
    match model.byte.filter(|byte| *byte >= length) {
        Some(byte) => Err(format!("the page has {length} bytes: there is no byte {byte}")),
        None => Ok(()),
    }
}

/// The view a lesson can look at by this word.
fn subject(word: &str) -> Result<(Subject, View), String> {
    let known = Subject::ALL.iter().filter_map(|(word, subject)| Some((*word, *subject, subject.view()?)));
    let known = known.filter(|(.., view)| !matches!(view, View::Help | View::Branches));
    let found = known.clone().find(|(name, ..)| *name == word);
    found.map(|(_, subject, view)| (subject, view)).ok_or_else(|| {
        let words: Vec<&str> = known.map(|(word, ..)| word).collect();
        format!("there is no view `{word}` to look at; there are: {}", words.join(" "))
    })
}

fn last_of(model: &Model, kind: &str) -> Result<usize, String> {
    let events = model.timeline().map_or(&[][..], |timeline| timeline.events());
    let found = events.iter().rposition(|event| event.name() == kind);
    found.ok_or_else(|| format!("there was no {kind} to look at"))
}

fn byte_of(model: &Model, field: &str) -> Result<usize, String> {
    let fields = model.spans_of_shown_page();
    let found = fields.iter().find(|known| known.name == field).map(|known| known.span.start);
    found.ok_or_else(|| {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        format!("this page has no field `{field}`; there are: {}", names.join(", "))
    })
}

/// The model that `look` shows, with the labs computed.
fn at(runner: &Runner, first: usize, look: &Look) -> Result<(Model, Subject), String> {
    let (subject, shown) = subject(&look.view)?;
    let mut model = recorded::lab(runner, "lesson");
    model.size = (COLUMNS, LINES_MAX);
    apply(&mut model, first, look)?;
    match shown {
        View::Grid => {
            let grid = labs::grid_now(&model, runner.options())?;
            crate::update::update(&mut model, crate::message::Message::GridDone(Box::new(grid)));
        }
        View::Tamper => model.labs.tamper = labs::lies_now(&model, runner.options())?,
        View::Twin => {
            let order = labs::twin::Difference::Order(labs::twin::SEED);
            model.labs.twin = labs::twins_now(&model, runner.options(), order)?;
        }
        _ => {}
    }
    Ok((model, subject))
}

fn buffer(model: &Model, subject: Subject, lines: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, lines));
    view::draw_alone(model, subject, &mut buffer);
    buffer
}

fn draw(model: &Model, subject: Subject, lines: u16) -> String {
    picture::to_text(&buffer(model, subject, lines)).trim_end().to_owned()
}

/// Lines with nothing but the frame in them, just above its lower edge.
fn empty_lines(text: &str) -> u16 {
    let is_empty = |line: &&str| line.chars().all(|letter| letter == '│' || letter == ' ');
    text.lines().rev().skip(1).take_while(is_empty).count() as u16
}
