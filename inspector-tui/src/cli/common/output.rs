//! Standard output and standard error. Neither ever panics, and a pipe that nobody reads any more ends a verb quietly.

use super::failure::Failure;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::Path;

/// Standard output, locked and buffered. What is written last is lost without [`Output::finish`].
pub struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Takes standard output.
    pub fn new() -> Output {
        Output { stdout: BufWriter::with_capacity(1 << 16, io::stdout().lock()) }
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout.write_all(bytes).map_err(Failure::output)
    }

    /// Writes text and a newline.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.bytes(text.as_ref().as_bytes())?;
        self.bytes(b"\n")
    }

    /// Hands everything to whoever reads.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(Failure::output)
    }

    /// The last flush.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }

    /// True when a person reads: bytes of a file must not reach a terminal as they are.
    pub fn is_terminal(&self) -> bool {
        self.stdout.get_ref().is_terminal()
    }
}

/// Writes a line to standard error; when that cannot be, nobody is there to be told.
pub fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// A path as the user wrote it, without what would steer a terminal.
pub fn shown_path(path: &Path) -> String {
    let mut shown = String::new();
    for letter in path.to_string_lossy().chars() {
        match letter.is_control() {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}
