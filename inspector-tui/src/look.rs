//! A view of a running store, as text: what a lesson's `look` shows.

use crate::describe::Subject;
use crate::lesson::Look;
use crate::model::{Model, View};
use crate::{picture, recorded, view};
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu::PageNo;
use tosumu::script::Runner;

/// How wide a view is drawn among a lesson's text, in columns.
const COLUMNS: u16 = 80;
/// Most lines it takes.
const LINES_MAX: u16 = 24;

/// The view that `look` names, drawn as text; blank lines at its end are left out.
pub fn text(runner: &Runner, look: &Look) -> Result<String, String> {
    let known = Subject::ALL.iter().filter(|(_, subject)| subject.view().is_some_and(|view| view != View::Help));
    let found = known.clone().find(|(word, _)| *word == look.view);
    let Some((subject, shown)) = found.and_then(|(_, subject)| Some((*subject, subject.view()?))) else {
        let words: Vec<&str> = known.map(|(word, _)| *word).collect();
        return Err(format!("there is no view `{}` to look at; there are: {}", look.view, words.join(" ")));
    };
    let mut model = recorded::lab(runner, "lesson");
    model.view = shown;
    model.size = (COLUMNS, LINES_MAX);
    if let Some(page) = look.page {
        model.page = Some(PageNo(page));
        model.world.page(PageNo(page)).ok_or_else(|| format!("there is no page {page} to look at"))?;
    }
    let whole = draw(&model, subject, LINES_MAX);
    Ok(draw(&model, subject, LINES_MAX - empty_lines(&whole)))
}

fn draw(model: &Model, subject: Subject, lines: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, lines));
    view::draw_alone(model, subject, &mut buffer);
    picture::to_text(&buffer).trim_end().to_owned()
}

/// Lines with nothing but the frame in them, just above its lower edge.
fn empty_lines(text: &str) -> u16 {
    let is_empty = |line: &&str| line.chars().all(|letter| letter == '│' || letter == ' ');
    text.lines().rev().skip(1).take_while(is_empty).count() as u16
}
