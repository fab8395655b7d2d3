//! What the mouse points at, as a message. Pure, like [`crate::keymap`].
//!
//! Nearly everything that can be pointed at is written on the screen: a tab, a hint, `page 7`, the number of an event, a byte. So
//! a click is answered by reading the words under it, and a view that names a page can be clicked without knowing of mice. Only
//! what has no words of its own is asked of the view that drew it: boxes, cells, rulers, pictures, the rows of a list. A click on
//! what is chosen already does what Enter does there; the wheel is the arrow keys, of what lies under it.

use crate::keymap;
use crate::labs::tamper::Verdict;
use crate::lesson::{Lesson, Way};
use crate::looking::TreeZoom;
use crate::message::{LessonKey, Message};
use crate::model::{Focus, Home, Model, Point, Question, Screen, View};
use crate::view::{self, Pane, Spot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::Range;
use tosumu::format::node::NodeView;
use tosumu::types::PageNo;

/// What the mouse did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pointed {
    /// Its button went down.
    Press,
    /// It moved with the button held.
    Drag,
    /// Its wheel turned by so many rows, down when positive.
    Wheel(i32),
}

/// What the mouse did, and where on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pointer {
    /// The column, from 0.
    pub column: u16,
    /// The line, from 0.
    pub line: u16,
    /// What it did there.
    pub did: Pointed,
}

/// Rows that one turn of the wheel moves by.
const WHEEL_ROWS: i32 = 3;

/// What the mouse means here; none where there is nothing to point at.
pub fn dispatch(model: &Model, pointer: Pointer) -> Option<Message> {
    let (columns, lines) = model.size;
    if pointer.column >= columns
        || pointer.line >= lines
        || (columns, lines) < view::SIZE_MIN
        || lines < view::SIZE_MIN.1
    {
        return None;
    }
    match pointer.did {
        Pointed::Wheel(turns) => wheel(model, pointer, turns),
        Pointed::Press => Scene::of(model, pointer).press(),
        Pointed::Drag => strip(model, pointer),
    }
}

/// A screen and a place on it.
struct Scene<'a> {
    model: &'a Model,
    pointer: Pointer,
    /// The signs of the line, a column each.
    row: Vec<char>,
}

impl Scene<'_> {
    fn of(model: &Model, pointer: Pointer) -> Scene<'_> {
        let mut buffer = Buffer::empty(screen(model));
        view::draw(model, &mut buffer);
        let sign = |column| buffer[(column, pointer.line)].symbol().chars().next().unwrap_or(' ');
        Scene { model, pointer, row: (0..model.size.0).map(sign).collect() }
    }

    fn press(&self) -> Option<Message> {
        let lines = self.model.size.1;
        if self.pointer.line + 1 == lines {
            return self.hint();
        }
        if self.model.screen == Screen::Home {
            return self.home_item();
        }
        if self.pointer.line + 2 == lines {
            return keymap::dispatch(self.model, keymap::Key::Char(':')).filter(|_| !self.model.is_typing());
        }
        if let Some(question) = &self.model.predict.question {
            return match question.answered {
                true => Some(Message::SkipQuestion),
                false => self.choice(&question.choices).or_else(|| self.pointed_answer(question)),
            };
        }
        strip(self.model, self.pointer).or_else(|| self.tab()).or_else(|| self.pane())
    }

    /// The key of the hint under the pointer, pressed.
    fn hint(&self) -> Option<Message> {
        let hints = keymap::hint_keys(self.model);
        let name = |key: keymap::Key| key.name(self.model.style.ascii);
        let (key, _) = hints.into_iter().find(|(key, words)| self.is_on(&format!("{} {words}", name(*key))))?;
        keymap::dispatch(self.model, key)
    }

    /// The item under the pointer: the first click selects it, the next one does it.
    fn home_item(&self) -> Option<Message> {
        let Home { items, selected, gallery, lessons, input, .. } = &self.model.home;
        if input.is_some() {
            return None;
        }
        let names: Vec<String> = match (gallery, lessons) {
            (Some(_), _) => crate::describe::home::home(self.model).gallery.into_iter().map(|item| item.name).collect(),
            (_, Some(_)) => {
                let named = |lesson: &Lesson| format!("{} {}", lesson.number, lesson.title);
                crate::lesson::all().iter().map(named).collect()
            }
            (None, None) => items.iter().map(|item| item.name().to_owned()).collect(),
        };
        let here = gallery.or(*lessons).unwrap_or(*selected);
        let line: String = self.row.iter().collect();
        let line = line.trim_matches(|sign: char| !sign.is_alphanumeric());
        let is_named = |name: &&String| line == **name || line.starts_with(&format!("{name} "));
        let at = names.iter().enumerate().filter(|(_, name)| is_named(name)).max_by_key(|(_, name)| name.len())?.0;
        Some(if at == here { Message::HomeChoose } else { Message::HomeSelect(at) })
    }

    fn choice(&self, choices: &[String]) -> Option<Message> {
        let numbered = |at: usize, choice: &str| format!("{} {choice}", at + 1);
        let on = choices.iter().enumerate().find(|(at, choice)| self.is_on(&numbered(*at, choice)));
        on.map(|(at, _)| Message::Choose(at))
    }

    /// The answer that is pointed at where it stands on the screen: a page, or a key of a page.
    fn pointed_answer(&self, question: &Question) -> Option<Message> {
        let spot = view::place(self.model, screen(self.model), self.pointer.column, self.pointer.line)?;
        let wants_key = question.points.iter().any(|point| matches!(point, Point::Key(..)));
        if wants_key {
            return self.key_in(&spot, question).map(Message::Choose);
        }
        if question.points.is_empty() {
            return None;
        }
        match self.thing_in(&spot)? {
            Message::SelectPage(page) => Some(Message::PointAt(page)),
            Message::EnterBytes | Message::Activate => self.model.page.map(Message::PointAt),
            _ => None,
        }
    }

    /// The answer that is the key under the pointer: written there, or of the cell whose byte stands there.
    fn key_in(&self, spot: &Spot, question: &Question) -> Option<usize> {
        let words = self.words();
        let under = words.iter().find(|word| word.contains(&self.column()));
        let written = under.map(|word| self.text(word).trim_end_matches('+').to_owned());
        let is_written = |choice: &String| written.as_ref().is_some_and(|written| written == choice);
        let of_byte = || {
            let Message::SelectByte(byte) = self.thing_in(spot)? else { return None };
            let bytes = self.model.shown_bytes().filter(|_| !self.model.shows_sealed())?;
            let node = NodeView::new(&bytes).ok()?;
            let slot = (0..node.slot_count()).find(|slot| node.cell_span(*slot).contains(&byte))?;
            let key = node.key(slot).to_vec();
            question.points.iter().position(|point| matches!(point, Point::Key(_, known) if **known == *key))
        };
        question.choices.iter().position(is_written).or_else(of_byte)
    }

    /// A tab stands in a border as `2 page`, in capitals when it is in front.
    fn tab(&self) -> Option<Message> {
        let in_border = self.row.iter().any(|sign| matches!(sign, '┌' | '├')) || self.row.first() == Some(&'+');
        if !in_border {
            return None;
        }
        let words = self.words();
        let is_on = |pair: &&[Range<usize>]| (pair[0].start..pair[1].end).contains(&self.column());
        if words.windows(2).any(|pair| self.is_more(pair)) {
            return Some(Message::Help);
        }
        let is_tab = |pair: &&[Range<usize>]| pair[0].len() == 1 && is_on(pair);
        let word = self.text(&words.windows(2).find(is_tab)?[1]).to_lowercase();
        let view = if word == "findings" { View::Verify } else { View::named(&word)? };
        match view {
            View::Diff => Some(Message::DiffOperation).filter(|_| self.model.predict.question.is_none()),
            _ => keymap::shows(self.model, view).then_some(Message::Show(view)),
        }
    }

    fn pane(&self) -> Option<Message> {
        let spot = view::place(self.model, screen(self.model), self.pointer.column, self.pointer.line)?;
        let focus = focus_of(&spot);
        let then = self.thing_in(&spot).map(Box::new);
        let free = focus.is_some_and(|focus| focus != self.model.focus) || then.is_some();
        free.then_some(Message::Pointed { focus, then })
    }

    /// What stands under the pointer in a pane.
    fn thing_in(&self, spot: &Spot) -> Option<Message> {
        let (column, line) = (self.pointer.column - spot.inner.x, self.pointer.line - spot.inner.y);
        let in_line = spot.inner.x as usize..spot.inner.right() as usize;
        if self.words().windows(2).any(|pair| self.is_more(pair)) {
            return Some(Message::Zoom).filter(|_| !self.model.zoomed);
        }
        if let Some(row) = self.row(spot, column, line) {
            let is_chosen = row == self.model.selected_row;
            return Some(if is_chosen { Message::Activate } else { Message::SelectRow(row) });
        }
        match spot.pane {
            Pane::Tree => {
                let page = view::tree::page_at(self.model, column, line, spot.inner)?;
                Some(self.once(page, Message::EnterBytes))
            }
            Pane::Map => {
                let page = view::map::page_at(self.model, column, line, spot.inner)?;
                Some(if spot.tabs { self.once(page, Message::Activate) } else { Message::SelectPage(page) })
            }
            Pane::Events => self.first_number(&in_line).map(Message::Seek),
            Pane::Grid => view::grid_cell_at(self.model, column, line, spot.inner).map(Message::SelectCell),
            Pane::Tamper => self.lie(line, spot),
            Pane::Page => {
                let ruler = || view::page::byte_on_ruler(self.model, column, line, spot.inner);
                self.byte_or_slot(&in_line, ruler)
            }
            Pane::PageBrief => {
                let ruler = || view::page::byte_on_brief_ruler(self.model, column, line, spot.inner);
                self.byte_or_slot(&in_line, ruler)
            }
            Pane::Lesson => self.answer_line(&in_line).map(|choice| Message::Lesson(LessonKey::Choose(choice))),
            Pane::Pointing => self.byte().map(|byte| Message::Lesson(LessonKey::Byte(byte))),
            Pane::OtherForm => self.byte().map(Message::SelectOther).or_else(|| self.page()),
            _ => self.page(),
        }
    }

    /// The answer of a lesson's question that begins on this line: `>2 as it is after the operation`.
    fn answer_line(&self, inside: &Range<usize>) -> Option<usize> {
        let open = self.model.lessons.player.as_ref()?.open.as_ref()?;
        let Way::Choose { choices, .. } = &open.asked.way else { return None };
        let line: String = self.row[inside.clone()].iter().collect();
        let line = line.trim_start().trim_start_matches('>');
        let (number, words) = line.split_once(' ')?;
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        let words = words.trim_end();
        // The marks of code are not written.
        choices.get(at)?.replace('`', "").starts_with(words).then_some(at)
    }

    /// Selects the page; when it was selected before, does what Enter does.
    fn once(&self, page: PageNo, enter: Message) -> Message {
        if self.model.page == Some(page) { enter } else { Message::SelectPage(page) }
    }

    /// The row of the list in front under the pointer.
    fn row(&self, spot: &Spot, column: u16, line: u16) -> Option<usize> {
        let (model, area) = (self.model, spot.inner);
        if !spot.tabs {
            return None;
        }
        match spot.pane {
            Pane::Log => view::log::row_at(model, line, area),
            Pane::Diff => view::diff::row_at(model, line, area),
            Pane::Life => view::life::row_at(model, column, line, area),
            Pane::Branches => view::branches::row_at(model, line, area),
            Pane::Marks => view::marks::row_at(model, line, area),
            Pane::Help => view::help::row_at(model, line, area),
            Pane::Seals | Pane::Snapshots | Pane::Receipt => {
                let (rows, _) = view::rows_in_front(model)?;
                view::rows::row_at(model, &rows, line, area)
            }
            _ => None,
        }
    }

    /// A lie of the tamper lab; or one of the answers to what will come of it.
    fn lie(&self, line: u16, spot: &Spot) -> Option<Message> {
        let row = view::lie_at(self.model, line, spot.inner);
        let answers = || {
            let numbered = |at: usize, verdict: &Verdict| format!("{}  {}", at + 1, verdict.words());
            let mut answers = Verdict::ALL.iter().enumerate();
            answers.find(|(at, verdict)| self.is_on(&numbered(*at, verdict))).map(|(at, _)| Message::Guess(at))
        };
        row.map(|row| if row == self.model.labs.tamper.row { Message::TellLie } else { Message::SelectCell((0, row)) })
            .or_else(answers)
    }

    fn byte_or_slot(&self, in_line: &Range<usize>, ruler: impl FnOnce() -> Option<usize>) -> Option<Message> {
        let byte = ruler().or_else(|| self.byte()).or_else(|| self.slot(in_line));
        byte.map(Message::SelectByte).or_else(|| self.page())
    }

    /// `+3 more`: a place to go, for the whole of it.
    fn is_more(&self, pair: &[Range<usize>]) -> bool {
        let [count, more] = pair else { return false };
        let is_count = self.row[count.start] == '+' && self.text(count)[1..].parse::<usize>().is_ok();
        is_count && self.text(more).starts_with("more") && (count.start..more.end).contains(&self.column())
    }

    /// `page 7`, wherever it is written; in a row that names one page, the whole row.
    fn page(&self) -> Option<Message> {
        let words = self.words();
        let named = |at: usize| -> Option<PageNo> {
            let (word, number) = (words.get(at)?, words.get(at + 1)?);
            let digits: String = self.text(number).chars().take_while(char::is_ascii_digit).collect();
            Some(PageNo(digits.parse().ok().filter(|_| self.text(word).eq_ignore_ascii_case("page"))?))
        };
        let exists = |page: &PageNo| self.model.world.page(*page).is_some();
        let under = words.iter().position(|word| word.contains(&self.column()));
        let near = under.and_then(|at| named(at).or_else(|| named(at.checked_sub(1)?)));
        let mut all: Vec<PageNo> = (0..words.len()).filter_map(named).collect();
        all.dedup();
        let only = if all.len() == 1 { all.first().copied() } else { None };
        near.or(only).filter(exists).map(Message::SelectPage)
    }

    fn first_number(&self, inside: &Range<usize>) -> Option<usize> {
        let words = self.words();
        let first = words.iter().filter(|word| inside.contains(&word.start)).find(|word| self.text(word) != ">")?;
        self.text(first).trim_start_matches('>').parse().ok()
    }

    /// The byte under the pointer, in a row of hex as the grid writes it: an offset, pairs of digits, and the same as signs.
    fn byte(&self) -> Option<usize> {
        let words = self.words();
        let is_pair =
            |word: &Range<usize>| word.len() == 2 && self.row[word.clone()].iter().all(char::is_ascii_hexdigit);
        let is_offset = |word: &Range<usize>| self.text(word).chars().all(|sign| sign.is_ascii_digit());
        let left = words.iter().rposition(|word| word.start <= self.column() && is_pair(word))?;
        let mut first = left;
        while first > 0 && is_pair(&words[first - 1]) && words[first].start - words[first - 1].end <= 2 {
            first -= 1;
        }
        let mut last = left;
        while words.get(last + 1).is_some_and(is_pair) && words[last + 1].start - words[last].end <= 2 {
            last += 1;
        }
        // A row has an even number of bytes: an odd run begins with an offset of two digits.
        let offset_at = if (last - first) % 2 == 0 { first } else { first.checked_sub(1)? };
        let offset: usize = self.text(words.get(offset_at).filter(|word| is_offset(word))?).parse().ok()?;
        let pairs = &words[offset_at + 1..=last];
        if let Some(at) = pairs.iter().position(|pair| (pair.start..pair.end + 1).contains(&self.column())) {
            return Some(offset + at);
        }
        let signs = pairs.last()?.end + 1;
        self.column().checked_sub(signs).filter(|at| *at < pairs.len()).map(|at| offset + at)
    }

    /// The cell that a slot in the line of slots leads to: `1 > m at 254`, `slot 1 > m = 13   bytes 254-260`.
    fn slot(&self, inside: &Range<usize>) -> Option<usize> {
        let line: String = self.row[inside.clone()].iter().collect();
        line.trim_start().starts_with("slot").then_some(())?;
        let words = self.words();
        let leads = |at: usize| -> Option<usize> {
            let digits: String = self.text(words.get(at + 1)?).chars().take_while(char::is_ascii_digit).collect();
            let is_word = matches!(self.text(words.get(at)?).as_str(), "at" | "bytes" | "byte");
            digits.parse().ok().filter(|_| is_word)
        };
        let behind = |at: &usize| words[*at + 1].end > self.column();
        (0..words.len().saturating_sub(1)).filter(behind).find_map(leads)
    }

    fn column(&self) -> usize {
        usize::from(self.pointer.column)
    }

    /// Whether the pointer is on these words, written on its line.
    fn is_on(&self, words: &str) -> bool {
        let wanted: Vec<char> = words.chars().collect();
        let starts = 0..(self.row.len() + 1).saturating_sub(wanted.len());
        wanted.len() <= self.row.len()
            && starts.into_iter().any(|at| {
                (at..at + wanted.len()).contains(&self.column()) && self.row[at..at + wanted.len()] == wanted[..]
            })
    }

    /// The words of the line: runs of signs between blanks and the lines of frames.
    fn words(&self) -> Vec<Range<usize>> {
        let parts = |sign: char| sign == ' ' || ('\u{2500}'..='\u{257f}').contains(&sign) || sign == '|';
        let mut words: Vec<Range<usize>> = Vec::new();
        for at in (0..self.row.len()).filter(|at| !parts(self.row[*at])) {
            match words.last_mut() {
                Some(word) if word.end == at => word.end = at + 1,
                _ => words.push(at..at + 1),
            }
        }
        words
    }

    fn text(&self, word: &Range<usize>) -> String {
        self.row[word.clone()].iter().collect()
    }
}

fn screen(model: &Model) -> Rect {
    Rect::new(0, 0, model.size.0, model.size.1)
}

/// The region that keys go to after a click there; the story takes none.
fn focus_of(spot: &Spot) -> Option<Focus> {
    match spot.pane {
        Pane::Story | Pane::Pointing => None,
        Pane::Lesson => Some(Focus::Text),
        // The cursor in the bytes is one for both forms, and the keys move it in the main region.
        Pane::OtherForm => Some(Focus::Main),
        _ if spot.tabs => Some(Focus::Main),
        _ if spot.side => Some(Focus::Side),
        _ => Some(Focus::Card),
    }
}

/// The event of the strip under the pointer.
fn strip(model: &Model, pointer: Pointer) -> Option<Message> {
    if model.screen != Screen::Lab || model.predict.question.is_some() || model.is_typing() {
        return None;
    }
    view::event_at(model, screen(model), pointer.column, pointer.line).map(|event| Message::Seek(event + 1))
}

/// The wheel moves what lies under it: time over events and the strip, rows and bytes elsewhere.
fn wheel(model: &Model, pointer: Pointer, turns: i32) -> Option<Message> {
    if model.screen == Screen::Home {
        return model.home.input.is_none().then_some(Message::HomeMove(turns));
    }
    if model.predict.question.is_some() || model.is_typing() {
        return None;
    }
    let turned = |down: bool| if down { keymap::Key::Down } else { keymap::Key::Up };
    let step = match turns > 0 {
        true => keymap::can_forward(model).then_some(Message::StepForward),
        false => keymap::can_back(model).then_some(Message::StepBack),
    };
    if view::strip_area(model, screen(model)).is_some_and(|area| area.y == pointer.line) {
        return step;
    }
    let spot = view::place(model, screen(model), pointer.column, pointer.line)?;
    match spot.pane {
        Pane::Help => Some(Message::MoveRows(turns * WHEEL_ROWS)),
        Pane::Lesson => Some(Message::Lesson(LessonKey::Scroll(turns * WHEEL_ROWS))),
        Pane::Pointing => Some(Message::Lesson(LessonKey::Move(0, turns))),
        Pane::Events if !spot.tabs => step,
        Pane::Page | Pane::Receipt | Pane::Finding => Some(Message::Scroll(turns * WHEEL_ROWS)),
        Pane::Tree if spot.tabs && model.looking.tree_zoom == TreeZoom::Node => {
            Some(Message::Scroll(turns * WHEEL_ROWS))
        }
        _ if spot.tabs => {
            let key = turned(turns > 0);
            keymap::has_key(model, key).then(|| keymap::dispatch(model, key)).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
