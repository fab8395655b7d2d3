//! `tosumu feed`: a stream of operations, each commit acknowledged when it is durable.
//!
//! ```text
//! begin | put KEY VALUE | del KEY | commit | rollback | checkpoint
//! ```
//! A line each. The key has no space in it, the value is the rest of the line after one space. Outside `begin` … `commit` each
//! put or del is a commit of its own. Empty lines and lines that begin with `#` are passed over. The first failure ends the
//! run: nothing more is read, and a transaction that is open is rolled back.

use super::common::{
    ArchiveOptions, CreateOptions, Failure, KeyOptions, Outcome, Output, Status, TextForm, TextOptions, note_witness,
    open_with, raw_stdin,
};
use clap::Args;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use tosumu::limits::LINE_BYTES_MAX;
use tosumu::{CheckpointMode, Database, WriteTxn, escape};

/// Run operations from standard input; print `ACK n` after the n-th durable commit
///
/// A line each: begin, put KEY VALUE, del KEY, commit, rollback, checkpoint. Creates the file when there is none.
#[derive(Args)]
pub struct Feed {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    create: CreateOptions,
    #[command(flatten)]
    archive: ArchiveOptions,
    #[command(flatten)]
    text: TextOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Feed {
    /// Runs every line.
    pub fn run(self) -> Outcome {
        let db = open_with(&self.file, &self.keys, self.archive.add_to(self.create.options().create(true)))?;
        let mut input = BufReader::with_capacity(1 << 16, raw_stdin()?);
        let mut run = Run {
            db: &db,
            file: &self.file,
            form: self.text.form(),
            transaction: None,
            commits: 0,
            output: Output::new(),
        };
        let mut line = Vec::new();
        let mut number = 1;
        while read_line(&mut input, &mut line).map_err(|failure| failure.at_line(number))? {
            run.line(&line).map_err(|failure| failure.at_line(number))?;
            number += 1;
        }
        if run.transaction.is_some() {
            let failure = Failure::misuse("the input ends inside a transaction, which was rolled back");
            return Err(failure.at_line(number));
        }
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}

/// One operation of a line.
enum Operation {
    Begin,
    Put { key: Vec<u8>, value: Vec<u8> },
    Del { key: Vec<u8> },
    Commit,
    Rollback,
    Checkpoint,
}

impl Operation {
    /// Reads a line; nothing when it holds none.
    fn parse(line: &[u8], form: TextForm) -> Result<Option<Operation>, Failure> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        let (word, rest) = split_at_space(line);
        let operation = match (word, rest) {
            (b"begin", None) => Operation::Begin,
            (b"commit", None) => Operation::Commit,
            (b"rollback", None) => Operation::Rollback,
            (b"checkpoint", None) => Operation::Checkpoint,
            (b"put", Some(rest)) => {
                let (key, value) = split_at_space(rest);
                let value = value.ok_or_else(|| Failure::misuse("`put` takes a key, a space and a value"))?;
                Operation::Put { key: form.read("key", key)?, value: form.read("value", value)? }
            }
            (b"del", Some(key)) if !key.contains(&b' ') => Operation::Del { key: form.read("key", key)? },
            (b"del", _) => return Err(Failure::misuse("`del` takes one key; write a space in it as \\x20")),
            (b"put", None) => return Err(Failure::misuse("`put` takes a key, a space and a value")),
            (b"begin" | b"commit" | b"rollback" | b"checkpoint", Some(_)) => {
                return Err(Failure::misuse(format!("`{}` stands alone on its line", shown(word))));
            }
            _ => {
                return Err(Failure::misuse(format!(
                    "`{}` is none of begin, put, del, commit, rollback, checkpoint",
                    shown(word)
                )));
            }
        };
        Ok(Some(operation))
    }
}

/// A run of `feed`: the database, the transaction that is open, and the count of commits.
struct Run<'db> {
    db: &'db Database,
    file: &'db Path,
    form: TextForm,
    transaction: Option<WriteTxn>,
    commits: u64,
    output: Output,
}

impl Run<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), Failure> {
        match Operation::parse(line, self.form)? {
            Some(operation) => self.operation(operation),
            None => Ok(()),
        }
    }

    fn operation(&mut self, operation: Operation) -> Result<(), Failure> {
        match operation {
            Operation::Begin if self.transaction.is_some() => Err(Failure::misuse("`begin` inside a transaction")),
            Operation::Begin => {
                self.transaction = Some(self.engine(self.db.begin_write())?);
                Ok(())
            }
            Operation::Put { key, value } => self.change(|transaction| transaction.put(&key, &value)),
            Operation::Del { key } => self.change(|transaction| transaction.delete(&key).map(drop)),
            Operation::Commit => {
                let transaction = self.open_transaction("commit")?;
                self.commit(transaction)
            }
            Operation::Rollback => {
                self.open_transaction("rollback")?.rollback();
                Ok(())
            }
            // The database would wait for the transaction to end, and it never would.
            Operation::Checkpoint if self.transaction.is_some() => {
                Err(Failure::misuse("`checkpoint` inside a transaction"))
            }
            Operation::Checkpoint => self.engine(self.db.checkpoint(CheckpointMode::Passive)).map(drop),
        }
    }

    /// Makes a change in the open transaction, or in a commit of its own.
    fn change(&mut self, change: impl FnOnce(&mut WriteTxn) -> tosumu::Result<()>) -> Result<(), Failure> {
        if let Some(transaction) = &mut self.transaction {
            let changed = change(transaction);
            return self.engine(changed);
        }
        let mut transaction = self.engine(self.db.begin_write())?;
        self.engine(change(&mut transaction))?;
        self.commit(transaction)
    }

    /// The acknowledgement is written when the commit is durable, and not a moment before.
    fn commit(&mut self, transaction: WriteTxn) -> Result<(), Failure> {
        self.engine(transaction.commit())?;
        self.commits += 1;
        self.output.line(format!("ACK {}", self.commits))?;
        self.output.flush()
    }

    fn engine<T>(&self, result: tosumu::Result<T>) -> Result<T, Failure> {
        result.map_err(|error| Failure::engine(self.file, error))
    }
}

impl Run<'_> {
    fn open_transaction(&mut self, word: &str) -> Result<WriteTxn, Failure> {
        self.transaction.take().ok_or_else(|| Failure::misuse(format!("`{word}` without `begin`")))
    }
}

/// Reads a line without its newline; false at the end of the input. A line over the limit is not read to its end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Failure> {
    line.clear();
    let room = LINE_BYTES_MAX as u64 + 1;
    let read = input.by_ref().take(room).read_until(b'\n', line);
    if read.map_err(|source| Failure::io("standard input", source))? == 0 {
        return Ok(false);
    }
    if line.ends_with(b"\n") {
        line.pop();
    } else if line.len() > LINE_BYTES_MAX {
        let why = format!("the line is longer than the limit of {LINE_BYTES_MAX} bytes");
        return Err(Failure::new(Status::Cannot, "LIMIT", why));
    }
    Ok(true)
}

/// What stands before the first space, and what behind it when there is one.
fn split_at_space(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&byte| byte == b' ') {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// A word of the input for a message, cut when it is long.
fn shown(word: &[u8]) -> String {
    escape::escape(&word[..word.len().min(40)])
}
