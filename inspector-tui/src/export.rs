//! A view as a file to keep: text, ANSI text, SVG, or its facts as JSON. Pure: bytes come out, nobody is written to.

use crate::describe::{self, Subject};
use crate::model::Model;
use crate::{picture, view};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The form of what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Text, as the screen shows it.
    Text,
    /// The same with the escapes that set its styles.
    Ansi,
    /// A picture.
    Svg,
    /// The facts, a line each.
    Plain,
    /// The facts as one object.
    Json,
}

impl Form {
    /// The form that a name's ending asks for: `.txt`, `.ansi`, `.svg` or `.json`.
    pub fn of_name(name: &str) -> Option<Form> {
        match name.rsplit_once('.')?.1 {
            "svg" => Some(Form::Svg),
            "ansi" => Some(Form::Ansi),
            "txt" => Some(Form::Text),
            "json" => Some(Form::Json),
            _ => None,
        }
    }
}

/// `subject` of `model` in a form; pictures are so many columns and lines large.
pub fn render(model: &Model, subject: Subject, form: Form, (width, height): (u16, u16)) -> Vec<u8> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let text = match form {
        Form::Plain => return describe::facts(model, subject).plain().into_bytes(),
        Form::Json => return describe::facts(model, subject).json().into_bytes(),
        Form::Text | Form::Ansi | Form::Svg => {
            view::draw_alone(model, subject, &mut buffer);
            match form {
                Form::Svg => picture::to_svg(&buffer),
                Form::Ansi => picture::to_ansi(&buffer),
                _ => picture::to_text(&buffer),
            }
        }
    };
    text.into_bytes()
}

/// What stands in front, as something that can be drawn alone.
pub fn subject_in_front(model: &Model) -> Subject {
    Subject::named(model.view.word()).unwrap_or(Subject::Lab)
}

/// A name for a picture of what stands in front: `tree-event-68.svg`, `page-2.svg`.
pub fn name_in_front(model: &Model) -> String {
    let page = model.shown_page().filter(|_| model.view == crate::model::View::Page);
    let page = page.map_or(String::new(), |page| format!("-{page}"));
    let event = if model.timeline().is_some() { format!("-event-{}", model.at) } else { String::new() };
    format!("{}{page}{event}.svg", model.view.word())
}
