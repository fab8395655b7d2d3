//! `--narrate`: the same model without a screen. Lines come in, sentences go out, one below the other, as a screen reader wants
//! them; it works in a pipe too. What can be typed is what can be typed on the command line of the screen, and every key that is
//! a letter or a sign; an empty line is the next step.

use super::common::{Failure, Output};
use super::screen;
use crate::command::Command;
use crate::describe;
use crate::export;
use crate::keymap::{self, Key};
use crate::line_edit::LineEdit;
use crate::message::Message;
use crate::model::{Model, Screen, View};
use crate::runtime::Worker;
use crate::update::update;
use std::io::{self, BufRead, IsTerminal};

/// Lines that may be read but not typed: longer ones are of no use to anybody.
const LINE_CHARS_MAX: usize = 64 * 1024;

/// Who reads and who listens.
struct Narrator {
    model: Model,
    worker: Worker,
    output: Output,
    /// What was said last of the present, so that nothing is said twice.
    said: String,
    /// Somebody sits there: an operation is told step by step, when they ask for it. In a pipe it is told whole.
    attended: bool,
    left: bool,
}

/// Talks until the lines end, or one says `quit`.
pub fn run(model: Model, worker: Worker, begin: Option<Command>) -> Result<(), Failure> {
    let attended = io::stdin().is_terminal();
    let mut narrator = Narrator { model, worker, output: Output::new(), said: String::new(), attended, left: false };
    narrator.obey(begin.into_iter().collect());
    narrator.model.command_line = LineEdit::default();
    narrator.begin()?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|source| Failure::io("standard input", source))?;
        let line: String = line.trim().chars().take(LINE_CHARS_MAX).collect();
        narrator.take(&line)?;
        narrator.output.flush()?;
        if narrator.left {
            break;
        }
    }
    narrator.output.finish()
}

impl Narrator {
    fn begin(&mut self) -> Result<(), Failure> {
        match self.model.screen {
            Screen::Home => {
                self.output.bytes(describe::facts(&self.model, describe::Subject::Home).plain().as_bytes())?
            }
            Screen::Lab => {
                let title = self.model.title.clone();
                self.output.line(format!("The lab: {title}."))?;
                self.output.line(self.model.world.if_power_went())?;
            }
            Screen::File => self.say_view()?,
        }
        self.output.line(
            "Type an operation or a command; an empty line is the next step; help says all there is, quit leaves.",
        )?;
        self.output.flush()
    }

    /// Lets a line happen, and says what came of it.
    fn take(&mut self, line: &str) -> Result<(), Failure> {
        let (before, view, screen) = (self.position(), self.model.view, self.model.screen);
        self.model.note = None;
        let mut letters = line.chars();
        if matches!(line, "quit" | "q" | "exit") {
            self.left = true;
            return Ok(());
        }
        match (letters.next(), letters.next()) {
            (None, _) => self.press(Key::Right),
            (Some(number @ '1'..='9'), None) if screen == Screen::Home => {
                let item = usize::from(number as u8 - b'1');
                self.send(Message::HomeSelect(item));
                self.send(Message::HomeChoose);
            }
            (Some(':'), Some(_)) => self.submit(&line[1..]),
            (Some(letter), None) if !letter.is_alphabetic() || keymap::has_key(&self.model, Key::Char(letter)) => {
                self.press(Key::Char(letter));
            }
            _ if screen == Screen::Home => {
                self.model.home.input = Some(LineEdit::typed(line));
                self.send(Message::Submit);
            }
            _ => self.submit(line),
        }
        if self.left {
            return Ok(());
        }
        if self.model.screen != screen {
            return self.begin();
        }
        let named = line.trim_start_matches("show ").split(' ').next().and_then(View::named);
        if self.model.view != view || named == Some(self.model.view) {
            self.say_view()?;
        }
        self.say_steps(before)?;
        self.say_rest()
    }

    /// The branch and the instant.
    fn position(&self) -> (usize, usize) {
        (self.model.branch, self.model.at)
    }

    fn submit(&mut self, line: &str) {
        self.model.command_line = LineEdit::typed(line);
        self.send(Message::Submit);
    }

    fn press(&mut self, key: Key) {
        if let Some(message) = keymap::dispatch(&self.model, key) {
            self.send(message);
        }
    }

    fn send(&mut self, message: Message) {
        // A line that a key opens is typed whole here.
        let opens = matches!(message, Message::OpenCommandLine | Message::SearchHelp);
        if !opens {
            let commands = update(&mut self.model, message);
            self.obey(commands);
        }
        // Nothing plays by itself where nobody can stop it.
        if self.model.playing.take().is_some() {
            self.send(Message::Last);
        }
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Quit => self.left = true,
                command if !command.is_for_the_worker() => {}
                command => {
                    let message = self.worker.obey(command);
                    self.send(message);
                }
            }
        }
    }

    /// The sentences between the instant before and this one. Of an operation in a pipe, all of them.
    fn say_steps(&mut self, (branch, before): (usize, usize)) -> Result<(), Failure> {
        let (here, at) = self.position();
        let moved = (here, at) != (branch, before);
        let began = moved && (here != branch || at == before + 1);
        if began && !self.attended && self.model.operation().is_some_and(|operation| operation.first + 1 == at) {
            self.send(Message::OperationEnd);
        }
        let until = self.model.at;
        let first = if here == branch && until > before { before } else { at.saturating_sub(1) };
        for index in first..until {
            if moved {
                self.say_event(index)?;
            }
        }
        Ok(())
    }

    fn say_event(&mut self, index: usize) -> Result<(), Failure> {
        let Some(timeline) = self.model.timeline().filter(|timeline| index < timeline.len()) else { return Ok(()) };
        let words = format!("{} of {}: {}", index + 1, timeline.len(), timeline.event(index).sentence());
        let ends = self.model.operation().is_some_and(|operation| operation.last == index);
        self.output.line(words)?;
        if ends && index + 1 == self.model.at {
            self.output.line(self.model.world.if_power_went())?;
        }
        Ok(())
    }

    /// A question, and words to the reader.
    fn say_rest(&mut self) -> Result<(), Failure> {
        if let Some(question) = self.model.predict.question.clone() {
            if question.answered {
                let right = question.choices.get(question.answer).map_or("", String::as_str);
                let verdict = if question.chosen == Some(question.answer) { "Right" } else { "No" };
                return self.output.line(format!("{verdict}: {right}. An empty line goes on."));
            }
            self.output.line(&question.text)?;
            for (number, choice) in (1..).zip(&question.choices) {
                self.output.line(format!("  {number} {choice}"))?;
            }
            return Ok(());
        }
        match self.model.note.take() {
            Some(note) if note.text != self.said || note.bad => {
                self.output.line(&note.text)?;
                self.said = note.text;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn say_view(&mut self) -> Result<(), Failure> {
        let subject = export::subject_in_front(&self.model);
        drop(describe::facts(&self.model, subject));
        while screen::read_missed(&mut self.model, &self.worker) {
            drop(describe::facts(&self.model, subject));
        }
        self.output.bytes(describe::facts(&self.model, subject).plain().as_bytes())
    }
}
