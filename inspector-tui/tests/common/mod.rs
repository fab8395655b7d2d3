//! A folder, and the program run inside it as outside programs run it.

#![allow(dead_code, reason = "not every test needs all of it")]

pub mod desk;
pub mod student;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{fs, thread};
use tempfile::TempDir;

pub const NOTHING: i32 = 1;
pub const DAMAGE: i32 = 2;
pub const CANNOT: i32 = 3;
pub const MISUSE: i32 = 64;

/// The words of a command line: a line without quotes, or the words one by one.
pub trait Words {
    fn words(self) -> Vec<OsString>;
}

impl Words for &str {
    fn words(self) -> Vec<OsString> {
        self.split_whitespace().map(OsString::from).collect()
    }
}

impl Words for &String {
    fn words(self) -> Vec<OsString> {
        self.as_str().words()
    }
}

impl<S: AsRef<OsStr>, const N: usize> Words for [S; N] {
    fn words(self) -> Vec<OsString> {
        self.as_slice().words()
    }
}

impl<S: AsRef<OsStr>> Words for &[S] {
    fn words(self) -> Vec<OsString> {
        self.iter().map(|word| word.as_ref().to_owned()).collect()
    }
}

impl<S: AsRef<OsStr>> Words for &Vec<S> {
    fn words(self) -> Vec<OsString> {
        self.as_slice().words()
    }
}

/// What the program left when it ended.
pub struct Ran {
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// What it printed.
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    /// What it printed, when it ended well.
    #[track_caller]
    pub fn done(&self) -> String {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.text()
    }

    #[track_caller]
    pub fn gives(&self, stdout: &str) {
        assert_eq!((self.status, &*String::from_utf8_lossy(&self.stdout)), (0, stdout), "{}", self.stderr);
    }

    /// It ended with this status and an error of this code, whose text is returned.
    #[track_caller]
    pub fn fails(&self, status: i32, code: &str) -> &str {
        assert_eq!(self.status, status, "{}", self.stderr);
        let told = format!("tosumu: {code}: ");
        assert!(self.stderr.lines().any(|line| line.starts_with(&told)), "{}", self.stderr);
        &self.stderr
    }
}

/// A folder that is gone with it.
pub struct Place(pub TempDir);

impl Place {
    pub fn empty() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The program, with nothing to read and all it says kept.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tosumu"));
        command.current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program, running, with a pipe to write to.
    pub fn spawn(&self, words: impl Words) -> Child {
        self.command().args(words.words()).stdin(Stdio::piped()).spawn().unwrap()
    }

    pub fn run(&self, words: impl Words) -> Ran {
        self.run_with(words, b"")
    }

    pub fn run_with(&self, words: impl Words, stdin: impl AsRef<[u8]>) -> Ran {
        let mut child = self.spawn(words);
        let mut pipe = child.stdin.take().unwrap();
        let bytes = stdin.as_ref().to_vec();
        // A verb may end without having read everything.
        let writer = thread::spawn(move || drop(pipe.write_all(&bytes)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ran { status: output.status.code().expect("not a signal"), stdout: output.stdout, stderr }
    }
}
