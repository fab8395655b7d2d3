//! A script as a whole: its header, its operations and the text expected under them.

use super::{Op, RunnerOptions};
use crate::types::PageSize;
use std::fmt;

/// A script that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// Its lines, comments included, in order.
    pub lines: Vec<Line>,
}

/// An operation of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The number of its line, counted from 1.
    pub number: usize,
    /// The line as it was written.
    pub text: String,
    /// What it asks for.
    pub op: Op,
    /// What it is expected to print: the lines below it that begin with `= `. None when there are none.
    pub expected: Option<Vec<String>>,
}

/// A line that cannot be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptError {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub why: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// Reads a script; the first line that cannot be is the error.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let mut lines: Vec<Line> = Vec::new();
        for (number, text) in (1..).zip(text.lines()) {
            let wrong = |why: String| ScriptError { line: number, why };
            if let Some(expected) = expected_text(text) {
                let above = lines.iter_mut().rev().find(|line| !matches!(line.op, Op::Comment(_)));
                let above = above.ok_or_else(|| wrong("no operation stands above this expected text".to_owned()))?;
                above.expected.get_or_insert_default().push(expected.to_owned());
                continue;
            }
            let op = Op::parse(text).map_err(wrong)?;
            lines.push(Line { number, text: text.to_owned(), op, expected: None });
        }
        let script = Script { lines };
        script.check_order()?;
        Ok(script)
    }

    /// The header stands before everything else, and every `crash` has an operation under it.
    fn check_order(&self) -> Result<(), ScriptError> {
        let mut begun = false;
        let mut armed: Option<&Line> = None;
        for line in &self.lines {
            let wrong = |why: &str| Err(ScriptError { line: line.number, why: why.to_owned() });
            match &line.op {
                Op::Comment(_) => continue,
                Op::PageSize(_) | Op::Seed(_) | Op::Passphrase(_) | Op::Without(_) if begun => {
                    return wrong("`page-size`, `seed`, `passphrase` and `without` stand before the first operation");
                }
                Op::PageSize(_) | Op::Seed(_) | Op::Passphrase(_) | Op::Without(_) => continue,
                Op::Crash(_) if armed.is_some() => {
                    return wrong("another `crash` stands above this one; one is enough");
                }
                Op::Crash(_) => armed = Some(line),
                Op::Expect(_) => {}
                _ => armed = None,
            }
            begun = true;
        }
        match armed {
            None => Ok(()),
            Some(line) => Err(ScriptError {
                line: line.number,
                why: "`crash` strikes the operation under it, and there is none".to_owned(),
            }),
        }
    }

    /// The options its header asks for, on top of `options`.
    pub fn options(&self, mut options: RunnerOptions) -> RunnerOptions {
        for line in &self.lines {
            match &line.op {
                Op::PageSize(bytes) => options.page_size = PageSize::new(*bytes).unwrap_or(options.page_size),
                Op::Seed(seed) => options.seed = *seed,
                Op::Passphrase(word) => options.passphrase = Some(word.clone()),
                Op::Without(defence) => options.without = options.without.and(*defence),
                _ => {}
            }
        }
        options
    }
}

/// The text behind `= `; an empty line of output is `=` alone.
fn expected_text(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('=')?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_operations_and_expected_text_are_told_apart() {
        let script = Script::parse("# sample\nseed 9\npage-size 1024\nput a 1\n= commit 1\n=\nget a\n").unwrap();
        let options = script.options(RunnerOptions::default());
        assert_eq!((options.seed, options.page_size.get()), (9, 1024));
        assert_eq!(script.lines[3].expected, Some(vec!["commit 1".to_owned(), String::new()]));
        assert_eq!(script.lines[4].expected, None);
    }

    #[test]
    fn what_stands_in_a_wrong_place_is_named_with_its_line() {
        let error = |text: &str| Script::parse(text).unwrap_err().to_string();
        assert!(error("put a 1\n\nputt b 2").starts_with("line 3: `putt` is no operation"));
        assert!(error("put a 1\nseed 2").starts_with("line 2: "));
        assert!(error("put a 1\ncrash after wal-sync\n# end").starts_with("line 2: `crash` strikes"));
        assert!(error("crash after wal-sync\ncrash before wal-sync\nput a 1").starts_with("line 2: "));
        assert!(error("= text").starts_with("line 1: no operation"));
    }
}
