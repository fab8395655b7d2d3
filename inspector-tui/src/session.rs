//! A session: what was done in the lab, branch by branch, and where one stood in it. A text that a person can read; doing the same
//! again brings the same branches about, for the engine of the lab knows no clock and no chance.
//!
//! ```text
//! tosumu session 1
//! made 13 107
//! branch main
//! run put m 13
//! branch power cut behind event 72
//! from 1 72 power-cut
//! run reopen
//! front 2 80
//! view tree
//! theme dark
//! ```

use crate::breakpoint::BreakAt;
use crate::keep::About;
use crate::model::{Model, View};
use std::collections::VecDeque;
use std::fmt::Write;
use tosumu::script::{Left, Op, cut_by_hand};

const HEADER: &str = "tosumu session 1";
/// Most lines that a session has.
const LINES_MAX: usize = 100_000;

/// One act of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// To a branch, from 0, at an instant.
    GoTo(usize, usize),
    /// Run an operation.
    Run(String),
    /// The power goes, and this is left of unsynced writes.
    PowerCut(Left),
    /// The branch begun last is called so.
    Name(usize, String),
    /// At the end: this branch, from 0, at an instant.
    Front(usize, usize),
}

/// What a session says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Session {
    /// What was done, in order.
    pub acts: VecDeque<Act>,
    /// The view in front.
    pub view: Option<View>,
    /// The theme.
    pub theme: Option<String>,
    /// How many operations and events there were before anything was done.
    pub made_by: Option<(usize, usize)>,
    /// Where a run stops.
    pub breaks: Vec<BreakAt>,
}

/// A session that is brought back: what is still to be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restoring {
    /// The acts to come.
    pub acts: VecDeque<Act>,
    /// The view at the end.
    pub view: Option<View>,
}

/// The session of `model`; none when there is no lab, when nothing leads back to its store, or when nothing was done in it. In a
/// trace nothing can be done: where one stood is its session.
pub fn to_text(model: &Model) -> Option<String> {
    let (made_by, events) = model.kept.made_by?;
    if matches!(model.kept.store, About::Nothing | About::File) {
        return None;
    }
    let mut text = format!("{HEADER}\nmade {made_by} {events}\n");
    let mut done = model.recording().is_some();
    for (index, branch) in model.branches.iter().enumerate() {
        let name: String = branch.name.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
        let _ = writeln!(text, "branch {name}");
        let mut first = 0;
        if let Some((parent, at)) = branch.parent {
            let cut = cut_by_hand(branch.timeline.events(), at).map(|left| format!(" power-cut{left}"));
            let _ = writeln!(text, "from {} {at}{}", parent + 1, cut.unwrap_or_default());
            first = at;
            done = true;
        }
        let skipped = if index == 0 { made_by } else { 0 };
        for operation in branch.timeline.operations().iter().skip(skipped).filter(|operation| operation.first >= first)
        {
            let _ = writeln!(text, "run {}", operation.line);
            done = true;
        }
    }
    let _ = writeln!(text, "front {} {}", model.branch + 1, model.at);
    for known in &model.travel.breakpoints.set {
        let _ = writeln!(text, "break {}", known.at.words());
    }
    let _ = writeln!(text, "view {}\ntheme {}", view_of_store(model).word(), model.style.theme.name());
    done.then_some(text)
}

/// The view in front; behind help and the labs, which are called for and not gone on with, the one they came from.
fn view_of_store(model: &Model) -> View {
    let view = if model.view == View::Help { model.view_before_help } else { model.view };
    match view {
        View::Grid | View::Tamper | View::Twin => model.labs.before.unwrap_or(View::Tree),
        View::Help => View::Tree,
        view => view,
    }
}

/// Reads a session; what is wrong with it is said with its line.
pub fn parse(text: &str) -> Result<Session, String> {
    let mut lines = text.lines().zip(1..).take(LINES_MAX);
    match lines.next() {
        Some((HEADER, _)) => {}
        _ => return Err(format!("this is no session: its first line is not `{HEADER}`")),
    }
    let mut session = Session::default();
    let mut branches = 0;
    let mut name = String::new();
    for (line, number) in lines.filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#')) {
        let wrong = |why: &str| format!("line {number}: {why}");
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (places, cut) = match rest.split_once(" power-cut") {
            Some((places, left)) => (places, Some(left)),
            None => (rest, None),
        };
        let numbers: Vec<usize> = places.split(' ').filter_map(|word| word.parse().ok()).collect();
        match word {
            "branch" => {
                branches += 1;
                name = rest.to_owned();
                if branches > 1 {
                    session.acts.push_back(Act::Name(branches - 1, name.clone()));
                }
            }
            "from" => {
                let [parent, at] = numbers[..] else {
                    return Err(wrong("say from which branch and instant: from 1 72"));
                };
                let before = parent.checked_sub(1).filter(|parent| parent + 1 < branches);
                let before = before.ok_or_else(|| wrong("it leaves a branch that was not there before"))?;
                let named = session.acts.pop_back();
                session.acts.push_back(Act::GoTo(before, at));
                if let Some(left) = cut {
                    session.acts.push_back(Act::PowerCut(Left::parse(left).map_err(|why| wrong(&why))?));
                    session.acts.extend(named);
                }
            }
            "run" => {
                Op::parse(rest).map_err(|why| wrong(&why))?;
                session.acts.push_back(Act::Run(rest.to_owned()));
                // An operation in the past begins the branch, which then has its name.
                let begins = matches!(session.acts.iter().rev().nth(1), Some(Act::GoTo(..)));
                if begins && branches > 1 {
                    session.acts.push_back(Act::Name(branches - 1, name.clone()));
                }
            }
            "front" => {
                let [branch, at] = numbers[..] else { return Err(wrong("say which branch and instant: front 1 72")) };
                session.acts.push_back(Act::Front(branch.saturating_sub(1), at));
            }
            "made" => {
                let [operations, events] = numbers[..] else {
                    return Err(wrong("say how many operations and events there were: made 13 107"));
                };
                session.made_by = Some((operations, events));
            }
            "break" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                session.breaks.push(BreakAt::parse(&words).map_err(|why| wrong(&why))?);
            }
            "view" => session.view = View::named(rest),
            "theme" => session.theme = Some(rest.to_owned()),
            _ => return Err(wrong(&format!("`{word}` is no word of a session"))),
        }
    }
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "tosumu session 1\nbranch main\nrun put m 13\nbranch cut\nfrom 1 72 power-cut torn 1\nrun reopen\n\
                        branch other\nfrom 1 30\nrun put o 15\nrun put q 1\nfront 2 80\nview log\ntheme light\n";

    #[test]
    fn a_session_is_read_as_what_was_done() {
        let session = parse(TEXT).unwrap();
        let run = |line: &str| Act::Run(line.to_owned());
        let acts = [
            run("put m 13"),
            Act::GoTo(0, 72),
            Act::PowerCut(Left::Torn(1)),
            Act::Name(1, "cut".to_owned()),
            run("reopen"),
            Act::GoTo(0, 30),
            run("put o 15"),
            Act::Name(2, "other".to_owned()),
            run("put q 1"),
            Act::Front(1, 80),
        ];
        assert_eq!(session.acts, acts);
        assert_eq!((session.view, session.theme.as_deref()), (Some(View::Log), Some("light")));
    }

    #[test]
    fn what_is_no_session_is_refused_with_its_line() {
        assert!(parse("").unwrap_err().contains("first line"));
        assert_eq!(parse("tosumu session 1\nrun pat m").unwrap_err().split(':').next(), Some("line 2"));
        assert!(parse("tosumu session 1\nbranch main\nfrom 1 2").unwrap_err().starts_with("line 3"));
        assert!(
            parse("tosumu session 1\nbranch main\nbranch b\nfrom 1 2 power-cut tarn")
                .unwrap_err()
                .starts_with("line 4")
        );
        assert!(parse("tosumu session 1\nwhat").unwrap_err().contains("no word of a session"));
    }
}
