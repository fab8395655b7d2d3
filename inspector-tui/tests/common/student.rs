//! Somebody who takes a lesson by its keys, and answers everything rightly.

use super::desk::Desk;
use ratatui::{buffer::Buffer, layout::Rect};
use tosumu_inspector::keymap::Key;
use tosumu_inspector::lesson::{self, Lesson, Way};
use tosumu_inspector::model::Model;
use tosumu_inspector::runtime::{Keep, Worker};
use tosumu_inspector::update::begin_lesson;
use tosumu_inspector::{picture, view};

impl Desk {
    pub fn new(model: Model, keep: Keep) -> Desk {
        let mut desk = Desk::of(model, Worker::new().keeping(keep));
        desk.model.size = (100, 30);
        desk
    }

    pub fn lesson(lesson: &Lesson) -> Desk {
        let mut desk = Desk::new(Model::nothing(), Keep::default());
        let begin = begin_lesson(&mut desk.model, lesson).expect("its store is made first");
        desk.obey(begin);
        desk
    }

    pub fn at(&self) -> usize {
        self.model.lessons.player.as_ref().map_or(0, |player| player.at)
    }

    pub fn question(&self) -> Option<Way> {
        Some(self.model.lessons.player.as_ref()?.open.as_ref()?.asked.way.clone())
    }

    pub fn task(&self) -> Option<lesson::Task> {
        self.model.lessons.player.as_ref()?.task().cloned()
    }

    /// Whether the task in front was passed.
    pub fn has_passed(&self) -> bool {
        let tried = self.model.lessons.player.as_ref().and_then(|player| player.tried.as_ref());
        tried.is_some_and(|tried| tried.passed.is_some())
    }

    pub fn text(&self) -> String {
        let (columns, lines) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, lines));
        view::draw(&self.model, &mut buffer);
        picture::to_text(&buffer)
    }

    /// The right answer, given by keys.
    pub fn answer(&mut self) {
        match self.question().expect("a question is open") {
            Way::Choose { answer, .. } => (0..=answer).for_each(|_| self.press(Key::Down)),
            Way::Type { answer, .. } => self.keys(&answer),
            Way::Point { answer, .. } => self.keys(&answer.start.to_string()),
        }
        self.press(Key::Enter);
    }

    /// On to the next question, task or end; questions on the way are answered when `answers` says so.
    pub fn on_to(&mut self, is_there: impl Fn(&Desk) -> bool) {
        for _ in 0..500 {
            if is_there(self) {
                return;
            }
            match self.question() {
                Some(_) => self.answer(),
                None => self.press(Key::Enter),
            }
        }
        panic!("it does not come:\n{}", self.text());
    }
}

pub fn ended(desk: &Desk) -> bool {
    desk.model.lessons.player.as_ref().is_some_and(|player| player.ended)
}
