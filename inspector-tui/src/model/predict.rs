//! Questions before the event: what is asked, what can be answered, and how the answers went.

use std::collections::BTreeSet;
use tosumu::types::{Bytes, PageNo};

/// A question about the coming event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What can be answered.
    pub choices: Vec<String>,
    /// The right one.
    pub answer: usize,
    /// The one under the cursor, or given when `answered`.
    pub chosen: Option<usize>,
    /// Whether it was answered: the screen tells the right answer and the next step goes on.
    pub answered: bool,
    /// Why the right answer is right: what the event says.
    pub why: String,
    /// The event it is about.
    pub event: usize,
    /// What each of the choices stands for on the screen, where it can be pointed at there; else none.
    pub points: Vec<Point>,
    /// Pages that were pointed at so far, where an answer is several of them.
    pub pointed: BTreeSet<PageNo>,
}

/// What an answer stands for on the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Point {
    /// A page.
    Page(PageNo),
    /// All of these pages and no other.
    Pages(BTreeSet<PageNo>),
    /// A key of a page.
    Key(PageNo, Bytes),
}

/// Questions before the event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Predict {
    /// Whether questions are asked.
    pub on: bool,
    /// The question on the screen.
    pub question: Option<Question>,
    /// Right answers.
    pub right: u32,
    /// Questions answered.
    pub asked: u32,
}
