//! A model and its worker, driven by keys without a terminal.

use tosumu_inspector::command::Command;
use tosumu_inspector::keymap::{self, Key};
use tosumu_inspector::message::Message;
use tosumu_inspector::model::Model;
use tosumu_inspector::runtime::Worker;
use tosumu_inspector::update::update;

pub struct Desk {
    pub model: Model,
    pub worker: Worker,
    /// Every key so far.
    pub pressed: Vec<Key>,
}

impl Desk {
    pub fn of(model: Model, worker: Worker) -> Desk {
        Desk { model, worker, pressed: Vec::new() }
    }

    pub fn obey(&mut self, command: Command) {
        if command.is_for_the_worker() {
            let message = self.worker.obey(command);
            self.send(message);
        }
    }

    pub fn send(&mut self, message: Message) {
        for command in update(&mut self.model, message) {
            self.obey(command);
        }
    }

    pub fn press(&mut self, key: Key) {
        self.pressed.push(key);
        if let Some(message) = keymap::dispatch(&self.model, key) {
            self.send(message);
        }
    }

    pub fn keys(&mut self, letters: &str) {
        letters.chars().for_each(|letter| self.press(Key::Char(letter)));
    }

    pub fn enter(&mut self, line: &str) {
        self.keys(":");
        self.keys(line);
        self.press(Key::Enter);
    }
}
