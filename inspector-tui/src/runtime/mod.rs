//! The only impure room: the terminal, the event loop, the clock of playing, and the thread that owns the engine.
//!
//! One channel carries everything that can happen: keys, signals, news from the worker. The screen is drawn after a
//! message and never without one; while nothing plays the loop sleeps.

mod terminal;
mod worker;

pub use worker::Worker;

use crate::command::Command;
use crate::keymap;
use crate::message::Message;
use crate::model::{Model, StyleOptions};
use crate::update::update;
use crate::view;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use terminal::{Input, Terminal};
use tosumu::verify::Stop;

/// Everything that can arrive.
enum Arrival {
    Terminal(Input),
    Worker(Message),
    /// The worker's thread has ended: the engine met a defect of its own.
    WorkerGone,
}

/// Shows `model` on the terminal until the user leaves. `begin` is done before the first frame.
pub fn run(mut model: Model, style: StyleOptions, mut worker: Worker, begin: Option<Command>) -> io::Result<()> {
    model.style = style;
    let mut waiting = Vec::new();
    if let Some(command) = begin {
        let message = worker.obey(command);
        waiting = update(&mut model, message);
    }
    let terminal = Terminal::enter()?;
    model.size = terminal.size()?;
    let (sender, arrivals) = channel();
    let news = sender.clone();
    let stop = worker.tell_to(Arc::new(move |message| drop(news.send(Arrival::Worker(message)))));
    let commands = start_worker(worker, sender.clone());
    terminal::listen(move |input| sender.send(Arrival::Terminal(input)).is_ok())?;
    let mut session = Session { model, terminal, commands, stop, arrivals, tick: None };
    for command in waiting {
        session.hand_over(command);
    }
    session.run()
}

fn start_worker(mut worker: Worker, news: Sender<Arrival>) -> Sender<Command> {
    let (sender, commands) = channel();
    thread::spawn(move || {
        let gone = SayGone(news.clone());
        while let Ok(command) = commands.recv() {
            let message = worker.obey(command);
            if news.send(Arrival::Worker(message)).is_err() {
                break;
            }
        }
        drop(gone);
    });
    sender
}

/// Tells the loop when the worker's thread ends, also when it ends by a panic.
struct SayGone(Sender<Arrival>);

impl Drop for SayGone {
    fn drop(&mut self) {
        let _ = self.0.send(Arrival::WorkerGone);
    }
}

struct Session {
    model: Model,
    terminal: Terminal,
    commands: Sender<Command>,
    /// Ends the verification that the worker is at: it reads no commands meanwhile.
    stop: Arc<Mutex<Stop>>,
    arrivals: Receiver<Arrival>,
    /// When the next event is due, while playing.
    tick: Option<Instant>,
}

/// Whether the loop goes on.
#[derive(PartialEq)]
enum Next {
    GoOn,
    Leave,
}

impl Session {
    fn run(&mut self) -> io::Result<()> {
        self.draw()?;
        loop {
            self.set_clock();
            let Some(message) = self.wait()? else { continue };
            if self.happen(message)? == Next::Leave || self.happen_waiting()? == Next::Leave {
                return Ok(());
            }
            self.draw()?;
        }
    }

    /// What has arrived meanwhile happens before the next frame: a held key never lags behind.
    fn happen_waiting(&mut self) -> io::Result<Next> {
        while let Ok(arrival) = self.arrivals.try_recv() {
            if let Some(message) = self.understand(arrival)?
                && self.happen(message)? == Next::Leave
            {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::GoOn)
    }

    fn set_clock(&mut self) {
        self.tick = match (self.model.playing, self.tick) {
            (Some(speed), None) => Some(Instant::now() + Duration::from_millis(speed.milliseconds())),
            (Some(_), tick) => tick,
            (None, _) => None,
        };
    }

    fn wait(&mut self) -> io::Result<Option<Message>> {
        let Some(tick) = self.tick else {
            return match self.arrivals.recv() {
                Ok(arrival) => self.understand(arrival),
                Err(_) => Ok(Some(Message::QuitNow)),
            };
        };
        match self.arrivals.recv_timeout(tick.saturating_duration_since(Instant::now())) {
            Ok(arrival) => self.understand(arrival),
            Err(RecvTimeoutError::Timeout) => {
                self.tick = None;
                Ok(Some(Message::Tick))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Message::QuitNow)),
        }
    }

    fn understand(&mut self, arrival: Arrival) -> io::Result<Option<Message>> {
        Ok(match arrival {
            Arrival::Worker(message) => Some(message),
            Arrival::WorkerGone => {
                Some(Message::Failed("The engine stopped on a defect of its own; the screen only looks back.".into()))
            }
            Arrival::Terminal(Input::Key(key)) => keymap::dispatch(&self.model, key),
            Arrival::Terminal(Input::Paste(text)) => Some(Message::Paste(text)),
            Arrival::Terminal(Input::Resize(columns, lines)) => Some(Message::Resize(columns, lines)),
            Arrival::Terminal(Input::Wheel(rows)) => Some(Message::MoveRows(rows)),
            Arrival::Terminal(Input::Suspend) => {
                self.terminal.suspend()?;
                let (columns, lines) = self.terminal.size()?;
                Some(Message::Resize(columns, lines))
            }
            Arrival::Terminal(Input::Gone) => Some(Message::QuitNow),
        })
    }

    fn happen(&mut self, message: Message) -> io::Result<Next> {
        for command in update(&mut self.model, message) {
            match command {
                Command::Quit => return Ok(Next::Leave),
                Command::Redraw => self.terminal.clear()?,
                Command::StopVerify => self.stop.lock().unwrap_or_else(PoisonError::into_inner).stop(),
                command => self.hand_over(command),
            }
        }
        Ok(Next::GoOn)
    }

    fn hand_over(&mut self, command: Command) {
        if self.commands.send(command).is_err() {
            let _ = update(&mut self.model, Message::Failed("The engine has stopped.".to_owned()));
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let model = &self.model;
        self.terminal.draw(|buffer| view::draw(model, buffer))
    }
}
