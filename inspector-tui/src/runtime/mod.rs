//! The only impure room: the terminal, the event loop, the clock of playing, and the thread that owns the engine.
//!
//! One channel carries everything that can happen: keys, the mouse, signals, news from the worker. The screen is drawn after
//! a message and never without one, and what means nothing is no message; while nothing plays the loop sleeps.

mod files;
mod keep;
mod progress_file;
mod terminal;
mod worker;

pub use files::Files;
pub use keep::Keep;
pub use progress_file::{FILE_NAME as PROGRESS_FILE_NAME, ProgressFile};
pub use worker::Worker;

use crate::command::{Command, Following};
use crate::keep::Ask;
use crate::keymap;
use crate::message::Message;
use crate::model::{Model, Mouse, StyleOptions};
use crate::pointer;
use crate::update::update;
use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use terminal::{Input, Terminal};
use tosumu::types::PageNo;
use tosumu::verify::Stop;

/// Everything that can arrive.
enum Arrival {
    Terminal(Input),
    Worker(Message),
    /// The worker's thread has ended: the engine met a defect of its own.
    WorkerGone,
}

/// Shows `model` on the terminal until the user leaves. `begin` is begun before the first frame.
pub fn run(mut model: Model, style: StyleOptions, mut worker: Worker, begin: Option<Command>) -> io::Result<()> {
    let started = Instant::now();
    model.style = style;
    let terminal = Terminal::enter(model.style.mouse)?;
    let (sender, arrivals) = channel();
    let news = sender.clone();
    let stop = worker.tell_to(Arc::new(move |message| drop(news.send(Arrival::Worker(message)))));
    let (keep, files) = (worker.room(), worker.files());
    let commands = start_worker(worker, sender.clone());
    terminal::listen(move |input| sender.send(Arrival::Terminal(input)).is_ok())?;
    // Whoever listens hears of every other size from here on.
    model.size = terminal.size()?;
    let mut session = Session::new(model, terminal, commands, arrivals);
    (session.stop, session.keep, session.files, session.times.started) = (stop, keep, files, started);
    session.obey(Command::Keep(Ask::History))?;
    session.obey(Command::Keep(Ask::ReadProgress))?;
    let left = match begin {
        Some(command) => session.begin(command)? == Next::Leave,
        None => false,
    };
    if !left {
        session.run()?;
    }
    let (times, frames) = (session.times.clone(), session.frames);
    drop(session);
    times.tell(frames);
    Ok(())
}

/// Nobody waits longer than this for the first frame: what is not there by then is told to be under way.
const FIRST_FRAME_WAIT: Duration = Duration::from_millis(60);

/// How long frames took, for who asks by `TOSUMU_TIMES=1` in the environment.
#[derive(Clone)]
struct Times {
    started: Instant,
    first: Option<Duration>,
    worst: Duration,
}

impl Times {
    fn tell(&self, frames: u64) {
        if std::env::var_os("TOSUMU_TIMES").is_some_and(|value| value == "1") {
            let first = self.first.unwrap_or_default().as_secs_f64() * 1e3;
            let worst = self.worst.as_secs_f64() * 1e3;
            eprintln!("tosumu: first frame after {first:.1} ms; {frames} frames, the longest {worst:.1} ms");
        }
    }
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

/// Where frames go.
trait Screen {
    /// Columns and lines.
    fn size(&self) -> io::Result<(u16, u16)>;
    /// Draws one frame.
    fn draw(&mut self, model: &Model) -> io::Result<()>;
    /// Forgets what is on the screen, so that the next frame is written whole.
    fn clear(&mut self) -> io::Result<()>;
    /// Gives the terminal to the shell until it hands it back.
    fn suspend(&mut self) -> io::Result<()>;
    /// Listens to the mouse, or leaves it to the terminal.
    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()>;
}

struct Session<S: Screen> {
    model: Model,
    screen: S,
    commands: Sender<Command>,
    /// Ends the verification that the worker is at: it reads no commands meanwhile.
    stop: Arc<Mutex<Stop>>,
    arrivals: Receiver<Arrival>,
    /// When the next event is due, while playing.
    tick: Option<Instant>,
    /// Frames drawn so far.
    frames: u64,
    /// Where things are kept: a small file is no work for the worker, who may be at something long.
    keep: Keep,
    /// The file that is open: it is read beside whatever the worker is at.
    files: Files,
    /// Pages that were asked for and are not there yet.
    asked: BTreeSet<PageNo>,
    times: Times,
}

/// Whether the loop goes on.
#[derive(PartialEq)]
enum Next {
    GoOn,
    Leave,
}

impl<S: Screen> Session<S> {
    /// A loop that nothing is kept of yet and that no file is open in.
    fn new(model: Model, screen: S, commands: Sender<Command>, arrivals: Receiver<Arrival>) -> Session<S> {
        Session {
            model,
            screen,
            commands,
            stop: Arc::default(),
            arrivals,
            tick: None,
            frames: 0,
            keep: Keep::default(),
            files: Files::default(),
            asked: BTreeSet::new(),
            times: Times { started: Instant::now(), first: None, worst: Duration::ZERO },
        }
    }

    /// Begins with `command`; what is there soon is in the first frame.
    fn begin(&mut self, command: Command) -> io::Result<Next> {
        if let Command::LoadFile(path) = &command {
            self.model.busy = Some(format!("reading {}", path.display()));
        }
        if self.obey(command)? == Next::Leave {
            return Ok(Next::Leave);
        }
        if let Ok(arrival) = self.arrivals.recv_timeout(FIRST_FRAME_WAIT)
            && let Some(message) = self.understand(arrival)?
        {
            return self.happen(message);
        }
        Ok(Next::GoOn)
    }

    fn run(&mut self) -> io::Result<()> {
        self.draw()?;
        while self.turn()? == Next::GoOn {}
        Ok(())
    }

    /// Waits for one arrival. When it means something it happens, what waits behind it too, and one frame shows all of it.
    fn turn(&mut self) -> io::Result<Next> {
        self.set_clock();
        let Some(message) = self.wait()? else { return Ok(Next::GoOn) };
        if self.happen(message)? == Next::Leave || self.happen_waiting()? == Next::Leave {
            return Ok(Next::Leave);
        }
        self.draw()?;
        Ok(Next::GoOn)
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
            // Of a file that is not open any more nobody wants to know.
            Arrival::Worker(Message::OfFile(number, _)) if number != self.files.number() => None,
            Arrival::Worker(message) => {
                self.keep.notice_message(&message);
                match &message {
                    Message::FileReady(..) => self.asked.clear(),
                    Message::OfFile(_, told) => {
                        if let Message::PagesRead(read) = &**told {
                            self.asked.retain(|page| !read.pages.iter().any(|(there, _)| there == page));
                        }
                    }
                    _ => {}
                }
                Some(message)
            }
            Arrival::WorkerGone => {
                Some(Message::Failed("The engine stopped on a defect of its own; the screen only looks back.".into()))
            }
            Arrival::Terminal(Input::Key(key)) => keymap::dispatch(&self.model, key),
            Arrival::Terminal(Input::Paste(text)) => Some(Message::Paste(text)),
            Arrival::Terminal(Input::Resize(columns, lines)) => Some(Message::Resize(columns, lines)),
            Arrival::Terminal(Input::Mouse(pointer)) => pointer::dispatch(&self.model, pointer),
            Arrival::Terminal(Input::Suspend) => {
                self.screen.suspend()?;
                let (columns, lines) = self.screen.size()?;
                Some(Message::Resize(columns, lines))
            }
            Arrival::Terminal(Input::Gone) => Some(Message::QuitNow),
        })
    }

    fn happen(&mut self, message: Message) -> io::Result<Next> {
        for command in update(&mut self.model, message) {
            if self.obey(command)? == Next::Leave {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::GoOn)
    }

    fn obey(&mut self, command: Command) -> io::Result<Next> {
        self.keep.notice_command(&command);
        match command {
            Command::Quit => return Ok(Next::Leave),
            Command::Redraw => {
                panic_if_asked_for();
                self.screen.clear()?;
            }
            Command::ReadOn(from) => self.files.load_in_background(from),
            Command::StopReading => self.files.stop_loading(),
            Command::Follow(Following::On) => self.files.follow(),
            Command::Follow(Following::Off) => self.files.unfollow(),
            Command::StopVerify => self.stop.lock().unwrap_or_else(PoisonError::into_inner).stop(),
            Command::Keep(ask) => {
                let answer = self.keep.obey(ask);
                return self.happen(Message::Kept(answer));
            }
            command => self.hand_over(command),
        }
        Ok(Next::GoOn)
    }

    fn hand_over(&mut self, command: Command) {
        if self.commands.send(command).is_err() {
            let _ = update(&mut self.model, Message::Failed("The engine has stopped.".to_owned()));
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.screen.set_mouse(self.model.style.mouse)?;
        self.frames += 1;
        let begun = Instant::now();
        self.screen.draw(&self.model)?;
        self.times.worst = self.times.worst.max(begun.elapsed());
        self.times.first.get_or_insert(self.times.started.elapsed());
        self.ask_for_missed();
        Ok(())
    }

    /// What the frame looked at and is not at hand is read, once.
    fn ask_for_missed(&mut self) {
        let missed = self.model.world.take_missed();
        // An earlier look at a followed file is not what the file holds now.
        let is_now = !self.model.file_work.follow.can_forward();
        let missed: Vec<PageNo> = missed.into_iter().filter(|page| is_now && self.asked.insert(*page)).collect();
        if !missed.is_empty() {
            self.files.read_soon(missed);
        }
    }
}

/// Only in a build for tests: with `TOSUMU_DEBUG_PANIC=screen` in the environment Ctrl-L panics, so that a test can see the
/// terminal given back.
fn panic_if_asked_for() {
    if cfg!(debug_assertions) && std::env::var_os("TOSUMU_DEBUG_PANIC").is_some_and(|value| value == "screen") {
        panic!("asked for by TOSUMU_DEBUG_PANIC");
    }
}

#[cfg(test)]
mod tests;
