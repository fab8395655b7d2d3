//! What goes on round a file that is open: it is read in the background, it is followed while another process writes it, and its
//! key is asked for. Plain data; the reading is the runtime's.

use crate::message::VerifyNews;
use crate::model::Report;
use crate::timeline::{FilePage, FileWorld, Levels, Part, Stage, World};
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tosumu::Unlock;
use tosumu::crypto::Secret;
use tosumu::limits::SECRET_BYTES_MAX;
use tosumu::types::{CommitNo, PageNo};

/// Most looks at a followed file that can be gone back to.
pub const LOOKS_MAX: usize = 256;

/// How far the reading in the background is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// What is read now.
    pub stage: Stage,
    /// Pages looked at in this stage.
    pub done: u32,
    /// Pages there are to look at.
    pub total: u32,
    /// Whether somebody stopped it: it can go on.
    pub stopped: bool,
}

impl Progress {
    /// `reading 34 %, 880,000 of 2,621,440 pages`; nothing once everything was read.
    pub fn words(&self) -> Option<String> {
        let count = |number: u32| crate::widget::text::grouped(number.into());
        let percent = u64::from(self.done) * 100 / u64::from(self.total.max(1));
        let what = match self.stage {
            Stage::Done => return None,
            Stage::Tree => format!("the tree, {} nodes", count(self.done)),
            Stage::Pages => format!("{percent} %, {} of {} pages", count(self.done), count(self.total)),
            Stage::Reach => format!("what leads where, {percent} %"),
        };
        let word = if self.stopped { "reading stopped at" } else { "reading" };
        Some(format!("{word} {what}"))
    }
}

/// What the reading in the background found.
#[derive(Clone, Debug, Default)]
pub struct FileNews {
    /// The parts.
    pub parts: Vec<Part>,
    /// How far it is.
    pub progress: Progress,
}

/// Pages that were read because somebody looked at them.
#[derive(Clone, Debug, Default)]
pub struct PagesRead {
    /// The pages.
    pub pages: Vec<(PageNo, FilePage)>,
    /// Whether the file was changed since it was opened: they may be of another state.
    pub overtaken: bool,
}

/// A look at a file that changed.
#[derive(Clone, Debug)]
pub struct Look {
    /// The file as it is now.
    pub world: Box<FileWorld>,
    /// The tree, of a file that is not read whole.
    pub levels: Option<(PageNo, Arc<Levels>)>,
    /// The pages that the log names since the look before; of a file that is read whole they are compared instead.
    pub logged: Vec<PageNo>,
    /// Whether the log was folded into the page file meanwhile.
    pub folded: bool,
    /// How many looks it took: more than one when the file changed under them.
    pub tries: u32,
}

/// One look at a followed file, to come back to.
pub struct Seen {
    /// The file as it was.
    pub world: World,
    /// What the other process did, in a sentence.
    pub sentence: String,
    /// What a verification said of it, when one ran.
    pub report: Option<Report>,
}

/// Following a file.
#[derive(Default)]
pub struct Follow {
    /// Whether it is looked at again when it changes.
    pub on: bool,
    /// The looks so far, oldest first.
    pub looks: Vec<Seen>,
    /// The one shown.
    pub at: usize,
    /// Looks that were too many to keep.
    pub forgotten: usize,
}

impl Follow {
    /// Whether there is an earlier look to go back to.
    pub fn can_back(&self) -> bool {
        self.at > 0
    }

    /// Whether there is a later look to go on to.
    pub fn can_forward(&self) -> bool {
        self.at + 1 < self.looks.len()
    }

    /// `following, look 3 of 5`; nothing when it never was.
    pub fn words(&self) -> Option<String> {
        let (at, all) = (self.forgotten + self.at + 1, self.forgotten + self.looks.len());
        match (self.on, self.looks.len()) {
            (true, 0 | 1) => Some("following".to_owned()),
            (true, _) => Some(format!("following, look {at} of {all}")),
            (false, 0 | 1) => None,
            (false, _) => Some(format!("look {at} of {all}")),
        }
    }
}

/// What a key is given by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySort {
    /// A passphrase.
    Passphrase,
    /// The text of a recovery key.
    RecoveryKey,
}

/// A key that is typed: nobody sees more of it than its length, and it is wiped when it goes.
pub struct SecretLine {
    /// What it is.
    pub sort: KeySort,
    typed: Secret,
}

impl SecretLine {
    /// Nothing typed yet.
    pub fn new(sort: KeySort) -> SecretLine {
        SecretLine { sort, typed: Secret::from(Vec::new()) }
    }

    /// One letter more. Room for the longest is made at once, so that no copy stays behind.
    pub fn push(&mut self, letter: char) {
        let known = self.typed.expose();
        if letter.is_control() || known.len() + letter.len_utf8() > SECRET_BYTES_MAX {
            return;
        }
        let mut bytes = Vec::with_capacity(SECRET_BYTES_MAX);
        bytes.extend_from_slice(known);
        let mut buffer = [0; 4];
        bytes.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
        self.typed = Secret::from(bytes);
    }

    /// One letter less.
    pub fn backspace(&mut self) {
        let known = self.typed.expose();
        let keep = (0..known.len()).rev().find(|at| known[*at] & 0xC0 != 0x80).unwrap_or(0);
        self.typed = Secret::from(&known[..keep]);
    }

    /// Nothing typed any more.
    pub fn clear(&mut self) {
        self.typed = Secret::from(Vec::new());
    }

    /// How many letters were typed.
    pub fn letters(&self) -> usize {
        self.typed.expose().iter().filter(|byte| **byte & 0xC0 != 0x80).count()
    }

    /// The key.
    pub fn take(self) -> Key {
        match self.sort {
            KeySort::Passphrase => Key::Given(Unlock::Passphrase(self.typed)),
            KeySort::RecoveryKey => Key::Given(Unlock::RecoveryKey(self.typed)),
        }
    }
}

/// What opens a file. It prints nothing of itself and is equal to nothing.
#[derive(Clone)]
pub enum Key {
    /// It is here.
    Given(Unlock),
    /// The bytes of this file are it.
    InFile(PathBuf),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl PartialEq for Key {
    fn eq(&self, _other: &Key) -> bool {
        false
    }
}

/// Everything that goes on round the file in front.
#[derive(Default)]
pub struct FileWork {
    /// The reading in the background, from when it began.
    pub progress: Option<Progress>,
    /// Whether it was said that somebody changes the file.
    pub overtaken: bool,
    /// Following it.
    pub follow: Follow,
    /// The key that is typed, while one is asked for.
    pub secret: Option<SecretLine>,
    /// Follow it as soon as it is there.
    pub follow_at_once: bool,
}

impl FileWork {
    /// Whether pages are read in the background now.
    pub fn is_reading(&self) -> bool {
        self.progress.is_some_and(|progress| !progress.stopped && progress.stage != Stage::Done)
    }

    /// Whether reading in the background was stopped before its end.
    pub fn can_go_on(&self) -> bool {
        self.progress.is_some_and(|progress| progress.stopped && progress.stage != Stage::Done)
    }
}

/// Takes what a verification said of pages into the file's own words about them.
pub fn judge(world: &mut World, told: &VerifyNews) {
    if let Some(file) = world.file_mut() {
        file.judge(&told.pages);
    }
}

/// The pages that differ between two looks: of files that are read whole those whose seals differ, else those that the log names.
pub fn changed_pages(before: &FileWorld, look: &Look) -> BTreeSet<PageNo> {
    let now = &look.world;
    if !(before.is_whole() && now.is_whole()) {
        return look.logged.iter().copied().filter(|page| page.0 <= now.pages).collect();
    }
    let seal = |world: &FileWorld, page| world.held_page(page).map(|held| (held.seal, held.in_log));
    let is_other = |page: &PageNo| seal(before, *page).map(|(seal, _)| seal) != seal(now, *page).map(|(seal, _)| seal);
    (1..=before.pages.max(now.pages)).map(PageNo).filter(is_other).filter(|page| page.0 <= now.pages).collect()
}

/// `Commit 7 → 9: pages 3, 5 and 8 changed.`
pub fn sentence(before: CommitNo, look: &Look, changed: &BTreeSet<PageNo>) -> String {
    let now = look.world.facts.commit;
    let commits = match before == now {
        true => format!("Still commit {now}"),
        false => format!("Commit {before} → {now}"),
    };
    let pages = match changed.len() {
        0 if look.folded && !look.world.is_whole() => "which pages changed is looked for in the background".to_owned(),
        0 => "no page changed".to_owned(),
        _ => format!("{} changed", page_list(changed)),
    };
    let folded = if look.folded { "; the log was folded into the page file" } else { "" };
    let torn = match look.tries {
        0 | 1 => String::new(),
        tries => format!(" It changed under the look, so it was looked at {tries} times."),
    };
    format!("{commits}: {pages}{folded}.{torn}")
}

/// `page 3`, `pages 3, 5 and 8`, `pages 1, 2, 3, 4, 5, 6 and 12 more`.
fn page_list(pages: &BTreeSet<PageNo>) -> String {
    const NAMED_MAX: usize = 6;
    let named: Vec<String> = pages.iter().take(NAMED_MAX).map(PageNo::to_string).collect();
    match (&named[..], pages.len().saturating_sub(NAMED_MAX)) {
        ([], _) => "no page".to_owned(),
        ([only], 0) => format!("page {only}"),
        ([first @ .., last], 0) => format!("pages {} and {last}", first.join(", ")),
        (named, more) => format!("pages {} and {} more", named.join(", "), crate::widget::text::grouped(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_typed_is_counted_in_letters_and_prints_nothing() {
        let mut line = SecretLine::new(KeySort::Passphrase);
        "pä\u{1b}ss".chars().for_each(|letter| line.push(letter));
        assert_eq!(line.letters(), 4);
        line.backspace();
        line.backspace();
        line.backspace();
        assert_eq!(line.letters(), 1);
        let key = line.take();
        assert_eq!(format!("{key:?}"), "Key(..)");
        assert!(matches!(&key, Key::Given(Unlock::Passphrase(typed)) if typed.expose() == b"p"));
    }

    #[test]
    fn pages_are_named_up_to_six_and_then_counted() {
        let of = |pages: &[u32]| page_list(&pages.iter().copied().map(PageNo).collect());
        assert_eq!((of(&[3]), of(&[3, 5, 8])), ("page 3".to_owned(), "pages 3, 5 and 8".to_owned()));
        assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 9]), "pages 1, 2, 3, 4, 5, 6 and 2 more");
    }

    #[test]
    fn progress_tells_the_share_the_count_and_whether_it_stands() {
        let mut progress = Progress { stage: Stage::Pages, done: 880_000, total: 2_621_440, stopped: false };
        assert_eq!(progress.words().as_deref(), Some("reading 33 %, 880,000 of 2,621,440 pages"));
        progress.stopped = true;
        assert_eq!(progress.words().as_deref(), Some("reading stopped at 33 %, 880,000 of 2,621,440 pages"));
        progress.stage = Stage::Done;
        assert_eq!(progress.words(), None);
    }
}
