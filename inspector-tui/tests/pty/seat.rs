//! A person at a terminal: the program on a pseudo-terminal, a screen that understands what it writes, keys that are typed.
//!
//! Nothing sleeps for a length of time and hopes: every wait is for something to be seen, and ends the test when it is not.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing on a screen takes so long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the program wrote.
struct Written {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

/// The person, the terminal and the program.
pub struct Seat {
    written: Arc<(Mutex<Written>, Condvar)>,
    keyboard: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

/// How a program is started.
pub struct Start<'a> {
    pub arguments: &'a [&'a str],
    pub size: (u16, u16),
    pub environment: &'a [(&'a str, &'a str)],
}

impl<'a> Start<'a> {
    pub fn with(arguments: &'a [&'a str]) -> Start<'a> {
        Start { arguments, size: (80, 24), environment: &[] }
    }
}

/// Whether two screens are the same but for blanks at the ends of lines.
fn same_lines(one: &str, other: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines(one) == lines(other)
}

fn at_least_one(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

impl Seat {
    /// Starts the program in `folder`, which is its home too.
    pub fn take(folder: &TempDir, start: &Start<'_>) -> Seat {
        let (cols, rows) = start.size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tosumu"));
        command.args(start.arguments);
        command.cwd(folder.path());
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(start.environment) {
            command.env(name, value);
        }
        for (name, place) in [("HOME", ""), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")] {
            command.env(name, folder.path().join(place));
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = vt100::Parser::new(at_least_one(rows), at_least_one(cols), 0);
        let written = Arc::new((Mutex::new(Written { screen, bytes: Vec::new(), ended: false }), Condvar::new()));
        let keyboard = pair.master.take_writer().unwrap();
        read_on(pair.master.try_clone_reader().unwrap(), written.clone());
        Seat { written, keyboard, master: pair.master, child }
    }

    /// Waits until the screen shows `words`.
    #[track_caller]
    pub fn sees(&self, words: &str) {
        self.until(&format!("{words:?} on the screen"), |written| written.screen.screen().contents().contains(words));
    }

    /// Waits until the whole screen is this.
    #[track_caller]
    pub fn shows(&self, screen: &str) {
        let is = |written: &Written| same_lines(&written.screen.screen().contents(), screen);
        self.until(&format!("this screen:\n{screen}\n\nbut"), is);
    }

    /// Waits until the screen does not show `words` any more.
    #[track_caller]
    pub fn sees_no_more(&self, words: &str) {
        let gone = |written: &Written| !written.screen.screen().contents().contains(words);
        self.until(&format!("screen without {words:?}"), gone);
    }

    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&Written) -> bool) {
        let (written, changed) = &*self.written;
        let begun = Instant::now();
        let mut written = written.lock().unwrap();
        while !holds(&written) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero() && !written.ended, "no {what}:\n{}", written.screen.screen().contents());
            written = changed.wait_timeout(written, left).unwrap().0;
        }
    }

    /// Types keys, as a terminal sends them.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Clicks where `words` stand on the screen.
    #[track_caller]
    pub fn clicks(&mut self, words: &str) {
        self.sees(words);
        let contents = self.written.0.lock().unwrap().screen.screen().contents();
        let (line, row) = contents.lines().enumerate().find(|(_, row)| row.contains(words)).unwrap();
        let column = row.split(words).next().unwrap().chars().count() + 1;
        self.types(&format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", column + 1, line + 1, column + 1, line + 1));
    }

    pub fn resize(&self, (cols, rows): (u16, u16)) {
        self.written.0.lock().unwrap().screen.screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Sends the program a signal: `TERM`, `INT`, `TSTP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args([format!("-{name}"), id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the system says that the program is stopped.
    #[cfg(target_os = "linux")]
    pub fn is_stopped(&self) {
        let path = format!("/proc/{}/stat", self.child.process_id().unwrap());
        let begun = Instant::now();
        loop {
            let stat = std::fs::read_to_string(Path::new(&path)).unwrap();
            if stat.rsplit(')').next().unwrap().trim_start().starts_with('T') {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "not stopped: {stat}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until the terminal is as it was found: the screen before, a cursor, no mouse, lines and echo.
    #[track_caller]
    pub fn terminal_is_given_back(&self) {
        let begun = Instant::now();
        while let Some(taken) = self.taken() {
            assert!(begun.elapsed() < PATIENCE, "{taken}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// What of the terminal the program still holds.
    fn taken(&self) -> Option<&'static str> {
        let written = self.written.0.lock().unwrap();
        let screen = written.screen.screen();
        let modes = self.master.get_termios().map(|termios| format!("{:?}", termios.local_flags)).unwrap_or_default();
        let held = [
            (screen.alternate_screen(), "the other screen"),
            (screen.hide_cursor(), "the cursor"),
            (screen.bracketed_paste(), "pasting"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "the mouse"),
            (!modes.contains("ICANON") || !modes.contains("ECHO"), "lines and echo"),
        ];
        held.iter().find(|(held, _)| *held).map(|(_, what)| *what)
    }

    /// Waits for the end of the program, and looks at what it left.
    #[track_caller]
    pub fn ends(mut self) -> (ExitStatus, String) {
        let (written, changed) = &*self.written;
        let begun = Instant::now();
        let mut seen = written.lock().unwrap();
        while !seen.ended {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero(), "it does not end:\n{}", seen.screen.screen().contents());
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
        drop(seen);
        let status = self.child.wait().unwrap();
        self.terminal_is_given_back();
        let bytes = self.written.0.lock().unwrap().bytes.clone();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes in what the program writes, until it ends.
fn read_on(mut reader: Box<dyn Read + Send>, written: Arc<(Mutex<Written>, Condvar)>) {
    thread::spawn(move || {
        let mut bytes = [0; 1 << 16];
        loop {
            let read = reader.read(&mut bytes).unwrap_or(0);
            let (written, changed) = &*written;
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            written.screen.process(&bytes[..read]);
            written.bytes.extend(&bytes[..read]);
            written.ended = read == 0;
            changed.notify_all();
            if read == 0 {
                return;
            }
        }
    });
}
