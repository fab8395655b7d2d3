//! A recorded tour: keys played on the inspector, and every frame that came of them, as asciicast v2 (the format of asciinema).
//!
//! The engine of the lab knows no clock and no chance, and pauses are written down here, so that the recording is the same to the
//! byte whenever it is made.

use crate::command::Command;
use crate::keymap::{self, Key};
use crate::message::Message;
use crate::model::Model;
use crate::runtime::Worker;
use crate::update::update;
use crate::{picture, view};
use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::json;

/// Columns and lines of the recording.
const SIZE: (u16, u16) = (80, 24);
/// Milliseconds between two letters that are typed.
const LETTER: u64 = 90;
/// Milliseconds that a frame stands at least.
const GLANCE: u64 = 700;
/// Milliseconds for each letter of what the frame says.
const READING: u64 = 28;

/// What the person at the keyboard does.
enum Play {
    /// Presses a key, and reads what comes of it.
    Key(Key),
    /// Presses a key so often, with a glance at each frame.
    Keys(Key, usize),
    /// Types a line and enters it.
    Line(&'static str),
}

/// The whole tour: the eleven steps of the program's own, then a look about.
const TOUR: &[Play] = &[
    Play::Key(Key::Enter),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Right),
    Play::Key(Key::Char('b')),
    Play::Key(Key::Char('4')),
    Play::Key(Key::Char('5')),
    Play::Keys(Key::Left, 4),
    Play::Key(Key::Char('1')),
    Play::Key(Key::End),
    Play::Line("put o 15"),
    Play::Keys(Key::Right, 8),
    Play::Key(Key::Char('2')),
    Play::Key(Key::Enter),
    Play::Keys(Key::Right, 3),
    Play::Key(Key::Escape),
    Play::Key(Key::Char('?')),
    Play::Key(Key::Escape),
    Play::Key(Key::Char('1')),
];

/// The recording, with a newline behind each of its lines.
pub fn tour() -> String {
    let mut model = Model::home();
    model.size = SIZE;
    let mut recorder = Recorder { model, worker: Worker::new(), clock: 0, lines: Vec::new(), text: String::new() };
    let header = json!({
        "version": 2,
        "width": SIZE.0,
        "height": SIZE.1,
        "title": "tosumu: a storage engine that can be watched at work",
        "env": { "TERM": "xterm-256color" },
    });
    recorder.text.push_str(&format!("{header}\n"));
    recorder.write("\x1b[?25l\x1b[2J");
    recorder.frame();
    recorder.read();
    TOUR.iter().for_each(|play| recorder.play(play));
    recorder.write("\x1b[?25h");
    recorder.text
}

struct Recorder {
    model: Model,
    worker: Worker,
    /// Milliseconds since the beginning.
    clock: u64,
    /// The frame before, line by line.
    lines: Vec<String>,
    text: String,
}

impl Recorder {
    fn play(&mut self, play: &Play) {
        match play {
            Play::Key(key) => {
                self.press(*key);
                self.read();
            }
            Play::Keys(key, times) => {
                for _ in 0..*times {
                    self.press(*key);
                    self.clock += GLANCE;
                }
            }
            Play::Line(line) => {
                self.press(Key::Char(':'));
                for letter in line.chars() {
                    self.clock += LETTER;
                    self.press(Key::Char(letter));
                }
                self.clock += GLANCE;
                self.press(Key::Enter);
                self.read();
            }
        }
    }

    fn press(&mut self, key: Key) {
        if let Some(message) = keymap::dispatch(&self.model, key) {
            self.send(message);
        }
        self.frame();
    }

    fn send(&mut self, message: Message) {
        for command in update(&mut self.model, message) {
            // The recording is of the screen alone: it ends by itself, and nothing is kept.
            if !matches!(command, Command::Quit | Command::Redraw | Command::StopVerify | Command::Keep(_)) {
                let message = self.worker.obey(command);
                self.send(message);
            }
        }
    }

    /// Time to read what is told now.
    fn read(&mut self) {
        let told = match &self.model.note {
            Some(note) => note.text.chars().count(),
            None => view::story::story(&self.model, 200, 3).chars().count(),
        };
        self.clock += GLANCE + READING * told as u64;
    }

    /// Writes the lines that are not as they were.
    fn frame(&mut self) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        view::draw(&self.model, &mut buffer);
        let lines: Vec<String> = picture::to_ansi(&buffer).lines().map(str::to_owned).collect();
        let mut changed = String::new();
        for (at, line) in lines.iter().enumerate().filter(|(at, line)| self.lines.get(*at) != Some(line)) {
            changed.push_str(&format!("\x1b[{};1H{line}\x1b[K", at + 1));
        }
        self.lines = lines;
        if !changed.is_empty() {
            self.write(&changed);
        }
    }

    fn write(&mut self, what: &str) {
        let time = json!(self.clock as f64 / 1000.0);
        self.text.push_str(&format!("{}\n", json!([time, "o", what])));
    }
}
