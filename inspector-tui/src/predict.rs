//! Questions about an event before it is shown. The answer is computed from the coming events and the state they begin in, so
//! it is right on anybody's data.

use crate::model::{Point, Question};
use crate::timeline::{Timeline, World};
use std::collections::{BTreeMap, BTreeSet};
use tosumu::format::node::NodeView;
use tosumu::trace::{Event, LogVerdict, PageImage};
use tosumu::types::{Bytes, CommitNo, PageNo};
use tosumu::{Finding, Severity};

/// Most choices of a question: one digit, one glance.
const CHOICES_MAX: usize = 6;
/// Most pages that a choice lists by number.
const PAGES_LISTED_MAX: usize = 8;
/// Most pages of a tree that are looked at for a question.
const PAGES_READ_MAX: usize = 4096;

/// The question to ask before event `at` of `timeline`, when it is one that is asked about; `world` is the state before it.
pub fn coming(timeline: &Timeline, world: &World, at: usize) -> Option<Question> {
    if at >= timeline.len() {
        return None;
    }
    let event = timeline.event(at);
    let asked = match event {
        Event::PageSplit { .. } => question("separator", event, at).or_else(|| question("moved", event, at)),
        Event::PagesMerged { page, emptied, .. } => merge(world, *page, *emptied),
        Event::PageSealed { .. } => commit(timeline, world, at),
        Event::Crashed { .. } => crash(timeline, world, at),
        Event::LogExamined { verdict, .. } => Some(log(*verdict)),
        Event::LogReplayed { commit, .. } => Some(recovery(*commit)),
        Event::VerifyStarted { .. } => Some(verdict(timeline, world, at)),
        _ => None,
    }?;
    let why = if asked.why.is_empty() { event.sentence() } else { asked.why };
    Some(Question { event: at, why, ..asked }).filter(|asked| asked.choices.len() > 1)
}

/// What is asked of `event`, the one numbered `index` in its timeline: `separator` (which key goes up) or `moved` (how many
/// records leave) of a page split. None when that cannot be asked of it.
pub fn question(ask: &str, event: &Event, index: usize) -> Option<Question> {
    let Event::PageSplit { page, level, new_page, moved, separator, after, .. } = event else { return None };
    let things = if *level == 0 { "records" } else { "children" };
    let mut points: Vec<Point> = Vec::new();
    let (text, all, answer) = match ask {
        "separator" => {
            let text = format!("Page {page} is about to split. Which key goes up, to tell it from page {new_page}?");
            let keys = keys_around(after, separator);
            let answer = keys.iter().position(|key| **key == **separator)?;
            points.extend(keys.iter().map(|key| Point::Key(*page, Bytes::from(key.as_slice()))));
            (text, keys.iter().map(|key| tosumu::escape::escape(key)).collect(), answer)
        }
        "moved" => {
            let text = format!("Page {page} is about to split. How many of its {things} move to page {new_page}?");
            let nodes = after.iter().filter_map(|image| NodeView::new(&image.plain).ok());
            let count = nodes.map(|node| node.slot_count()).sum::<usize>().max(moved.len());
            (text, (0..=count).map(|count| count.to_string()).collect::<Vec<_>>(), moved.len())
        }
        _ => return None,
    };
    let (points, _) = window(points, answer);
    let (choices, answer) = window(all, answer);
    Some(Question { event: index, why: event.sentence(), points, ..asked(text, choices, answer) })
}

/// A question that nobody has answered.
fn asked(text: String, choices: Vec<String>, answer: usize) -> Question {
    Question {
        text,
        choices,
        answer,
        chosen: None,
        answered: false,
        why: String::new(),
        event: 0,
        points: Vec::new(),
        pointed: BTreeSet::new(),
    }
}

/// The keys of both halves, and the separator, which may be the key of the new record.
fn keys_around(after: &[PageImage], separator: &[u8]) -> Vec<Vec<u8>> {
    let keys_of = |image: &PageImage| {
        let Ok(node) = NodeView::new(&image.plain) else { return Vec::new() };
        (0..node.slot_count()).map(|slot| node.key(slot).to_vec()).filter(|key| !key.is_empty()).collect::<Vec<_>>()
    };
    let keys: BTreeSet<Vec<u8>> = after.iter().flat_map(keys_of).chain([separator.to_vec()]).collect();
    keys.into_iter().collect()
}

/// At most [`CHOICES_MAX`] neighbours of the answer. Where the answer stands among them tells nothing.
fn window<T: Clone>(all: Vec<T>, answer: usize) -> (Vec<T>, usize) {
    if all.len() <= CHOICES_MAX {
        return (all, answer);
    }
    let start = (answer - answer % CHOICES_MAX).min(all.len() - CHOICES_MAX);
    (all[start..start + CHOICES_MAX].to_vec(), answer - start)
}

/// Which of two neighbours is given back?
fn merge(world: &World, kept: PageNo, emptied: PageNo) -> Option<Question> {
    let parents = parents(world);
    let siblings = match parents.get(&emptied).or_else(|| parents.get(&kept)) {
        Some(parent) => world.children(*parent),
        None => Vec::new(),
    };
    let mut pages: Vec<PageNo> = siblings;
    for page in [kept, emptied] {
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    let answer = pages.iter().position(|page| *page == emptied)?;
    let text = "Two neighbours are about to become one page. Which page is of no use afterwards?".to_owned();
    let (pages, answer) = window(pages, answer);
    let choices = pages.iter().map(|page| format!("page {page}")).collect();
    let points = pages.into_iter().map(Point::Page).collect();
    Some(Question { points, ..asked(text, choices, answer) })
}

/// Which pages does a commit write? Asked before the first of them is sealed.
fn commit(timeline: &Timeline, world: &World, at: usize) -> Option<Question> {
    world.facts.transaction?;
    let bounds = |event: &Event| matches!(event, Event::PageSealed { .. } | Event::TransactionStarted { .. });
    let before = timeline.events()[..at].iter().rev().find(|event| bounds(event));
    let is_first = before.is_none_or(|event| matches!(**event, Event::TransactionStarted { .. }));
    let mut sealed = BTreeSet::new();
    let mut is_published = false;
    for event in &timeline.events()[at..] {
        match &**event {
            Event::PageSealed { page, .. } => drop(sealed.insert(*page)),
            Event::TransactionCommitted { .. } => {
                is_published = true;
                break;
            }
            Event::TransactionRolledBack { .. } | Event::Crashed { .. } | Event::HandleDropped => break,
            _ => {}
        }
    }
    if !is_first || !is_published {
        return None;
    }
    let mut choices = vec![sealed.clone()];
    let mut offer = |pages: BTreeSet<PageNo>| {
        if !pages.is_empty() && !choices.contains(&pages) {
            choices.push(pages);
        }
    };
    offer(with_ancestors(world, &sealed));
    offer(sealed.iter().copied().filter(|page| world.page(*page).is_some_and(|page| page.level == Some(0))).collect());
    offer(world.facts.fresh.iter().map(|(page, _)| *page).collect());
    let last = world.page_total();
    offer((1..=last).map(PageNo).collect());
    if choices.len() < 2 {
        let next = PageNo(last.saturating_add(1));
        choices.push(sealed.iter().copied().chain([next]).collect());
    }
    choices.sort_by(|one, two| (one.len(), one).cmp(&(two.len(), two)));
    let answer = choices.iter().position(|pages| *pages == sealed)?;
    let text = "The transaction commits. Which pages are sealed and written to the log?".to_owned();
    let why = format!(
        "What changed is written, {}: a parent that did not change waits for the checkpoint.",
        pages_text(&sealed)
    );
    let words = choices.iter().map(pages_text).collect();
    let points = choices.into_iter().map(Point::Pages).collect();
    Some(Question { why, points, ..asked(text, words, answer) })
}

fn with_ancestors(world: &World, pages: &BTreeSet<PageNo>) -> BTreeSet<PageNo> {
    let parents = parents(world);
    let mut all = pages.clone();
    for page in pages {
        let mut at = *page;
        while let Some(parent) = parents.get(&at) {
            if !all.insert(*parent) {
                break;
            }
            at = *parent;
        }
    }
    all
}

/// The parent of each page, as far as pages are known.
fn parents(world: &World) -> BTreeMap<PageNo, PageNo> {
    let mut parents = BTreeMap::new();
    let roots = world.facts.root.into_iter().chain(world.facts.space.trees.values().copied());
    let mut waiting: Vec<PageNo> = roots.collect();
    while let Some(page) = waiting.pop().filter(|_| parents.len() < PAGES_READ_MAX) {
        for child in world.children(page) {
            if parents.insert(child, page).is_none() {
                waiting.push(child);
            }
        }
    }
    parents
}

fn pages_text(pages: &BTreeSet<PageNo>) -> String {
    let numbers: Vec<String> = pages.iter().map(PageNo::to_string).collect();
    match &numbers[..] {
        [] => "none".to_owned(),
        [only] => format!("page {only}"),
        [first, .., last] if numbers.len() > PAGES_LISTED_MAX => {
            format!("{} pages from {first} to {last}", numbers.len())
        }
        [rest @ .., last] => format!("pages {} and {last}", rest.join(", ")),
    }
}

/// Which commits survive a power cut?
fn crash(timeline: &Timeline, world: &World, at: usize) -> Option<Question> {
    let after = timeline.world_at(at + 1);
    after.facts.root?;
    let left = after.facts.commit;
    let known = [world.facts.commit, world.facts.durable_commit, world.system_commit()];
    let newest = known.into_iter().chain([left]).max().unwrap_or(left);
    let oldest = known.into_iter().chain([left]).min().unwrap_or(left);
    // One that is under way is a guess too, and so is losing what was safe.
    let text = "The power goes now. As which commit left it does the store come back?".to_owned();
    Some(commits(text, oldest.0.saturating_sub(1)..=newest.0.saturating_add(1), left))
}

fn commits(text: String, range: std::ops::RangeInclusive<u64>, answer: CommitNo) -> Question {
    let numbers: Vec<u64> = range.take(4096).collect();
    let at = numbers.iter().position(|number| *number == answer.0).unwrap_or(0);
    let (choices, answer) = window(numbers.iter().map(|number| format!("commit {number}")).collect(), at);
    asked(text, choices, answer)
}

/// Which commit will recovery find?
fn recovery(found: CommitNo) -> Question {
    let first = found.0 - (found.0 % 3).min(found.0);
    let text = "Recovery has read the log. As which commit left it does the store come back?".to_owned();
    commits(text, first..=first.saturating_add(2), found)
}

/// What does opening make of the log?
fn log(verdict: LogVerdict) -> Question {
    let text = "Opening looks at the log beside the page file. What does it find?".to_owned();
    let choices =
        ["there is none, and none is needed", "it was folded already: ignored", "it continues the page file: replayed"];
    let answer = match verdict {
        LogVerdict::Absent => 0,
        LogVerdict::Stale => 1,
        LogVerdict::Continues => 2,
    };
    asked(text, choices.map(str::to_owned).to_vec(), answer)
}

/// What does a verification find?
fn verdict(timeline: &Timeline, world: &World, at: usize) -> Question {
    let until_end = timeline.events()[at..].iter().take_while(|event| !matches!(***event, Event::VerifyEnded { .. }));
    let found = until_end.clone().find_map(|event| match &**event {
        Event::FindingReported { finding } if finding.severity != Severity::Info => Some(finding.clone()),
        _ => None,
    });
    let end = timeline.events().get(at + until_end.count());
    let why = match (&found, end) {
        (Some(finding), _) => finding.why.clone(),
        (None, Some(end)) => end.sentence(),
        (None, None) => String::new(),
    };
    let answer = found.map_or_else(|| SOUND.to_owned(), |finding| place_of(&finding));
    let mut choices = vec![SOUND.to_owned(), answer.clone()];
    let facts = &world.facts;
    let pages = facts.touched.into_iter().chain(facts.root).chain((1..=world.page_total()).map(PageNo));
    choices.extend(pages.map(page_is_wrong).take(4));
    choices.extend([LOG_IS_WRONG.to_owned(), HEAD_IS_WRONG.to_owned()]);
    let mut seen = BTreeSet::new();
    choices.retain(|choice| seen.insert(choice.clone()));
    while choices.len() > CHOICES_MAX {
        let surplus = choices.iter().rposition(|choice| choice.starts_with("page ") && *choice != answer).unwrap_or(0);
        choices.remove(surplus);
    }
    choices[1..].sort();
    let place = choices.iter().position(|choice| *choice == answer).unwrap_or(0);
    let text = "Every page is about to be checked. What is found first?".to_owned();
    // A page that is wrong can be pointed at; the other answers are words.
    let named = |choice: &String| choice.strip_prefix("page ")?.strip_suffix(" is wrong")?.parse().ok().map(PageNo);
    let points =
        choices.iter().map(|choice| named(choice).map_or(Point::Pages(BTreeSet::new()), Point::Page)).collect();
    Question { why, points, ..asked(text, choices, place) }
}

const SOUND: &str = "nothing is wrong";
const LOG_IS_WRONG: &str = "the log is wrong";
const HEAD_IS_WRONG: &str = "a superblock is wrong";

fn page_is_wrong(page: PageNo) -> String {
    format!("page {page} is wrong")
}

fn place_of(finding: &Finding) -> String {
    match (finding.page, &finding.file) {
        (Some(page), _) => page_is_wrong(page),
        (None, Some(file)) if file.ends_with("-wal") => LOG_IS_WRONG.to_owned(),
        _ => HEAD_IS_WRONG.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tosumu::script::{Runner, RunnerOptions};

    fn timeline(lines: &[&str]) -> Timeline {
        crate::recorded::timeline(&crate::recorded::sample_store(lines))
    }

    /// Every question of a run, with the event it is about.
    fn all(lines: &[&str]) -> Vec<(&'static str, Question)> {
        let timeline = timeline(lines);
        let first = timeline.operations().len() - lines.len();
        let first = timeline.operations()[first].first;
        let asked = (first..timeline.len()).filter_map(|at| {
            let question = coming(&timeline, &timeline.world_at(at), at)?;
            Some((timeline.event(at).word(), question))
        });
        let all: Vec<_> = asked.collect();
        for (word, question) in &all {
            let distinct: BTreeSet<&String> = question.choices.iter().collect();
            assert_eq!(distinct.len(), question.choices.len(), "{word}: {question:?}");
            assert!((2..=CHOICES_MAX).contains(&question.choices.len()), "{word}: {question:?}");
            assert!(question.answer < question.choices.len() && question.why.ends_with('.'), "{word}: {question:?}");
        }
        all
    }

    fn answers(lines: &[&str], word: &str) -> Vec<String> {
        let of_kind = all(lines).into_iter().filter(|(kind, _)| *kind == word);
        of_kind.map(|(_, question)| question.choices[question.answer].clone()).collect()
    }

    #[test]
    fn before_a_commit_the_pages_that_changed_are_the_answer_and_their_parents_are_not() {
        assert_eq!(answers(&["put a 1"], "seal"), ["page 1"], "the root above it waits for the checkpoint");
        assert_eq!(answers(&["put m 13"], "seal"), ["pages 2, 3 and 4"]);
        assert_eq!(answers(&["begin", "put a 1", "put z 2", "commit"], "seal").len(), 1, "asked once a transaction");
        assert!(answers(&["crash before wal-write", "put a 1"], "seal").is_empty(), "it never commits");
        let questions = all(&["put a 1"]);
        assert!(questions[0].1.why.contains("waits for the checkpoint"));
    }

    #[test]
    fn before_a_merge_the_page_that_is_given_back_is_the_answer() {
        let lines = ["fill 60 ascending value 40", "begin"];
        let deletes: Vec<String> = (1..50).map(|index| format!("del k{index:04}")).collect();
        let lines: Vec<&str> = lines.into_iter().chain(deletes.iter().map(String::as_str)).collect();
        let timeline = timeline(&lines);
        let at = *timeline.marks(crate::timeline::Mark::Merge).first().expect("two pages merge");
        let Event::PagesMerged { emptied, .. } = timeline.event(at) else { unreachable!() };
        let question = coming(&timeline, &timeline.world_at(at), at).unwrap();
        assert_eq!(question.choices[question.answer], format!("page {emptied}"));
        assert!(question.choices.len() > 1);
    }

    #[test]
    fn before_a_crash_and_a_recovery_the_commit_that_is_left_is_the_answer() {
        let lost = ["crash before wal-sync", "put m 13", "reopen"];
        let kept = ["crash after wal-sync", "put m 13", "reopen"];
        let (before, after) = (answers(&lost, "CRASH"), answers(&kept, "CRASH"));
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_ne!(before, after, "the sync decides");
        assert_eq!(answers(&lost, "replayed"), before);
        assert_eq!(answers(&kept, "replayed"), after);
        assert_eq!(answers(&kept, "log"), ["it continues the page file: replayed"]);
        assert_eq!(answers(&["checkpoint", "reopen"], "log"), ["there is none, and none is needed"]);
    }

    #[test]
    fn before_a_verification_what_it_finds_first_is_the_answer() {
        assert_eq!(answers(&["verify"], "verify"), ["nothing is wrong"]);
        assert_eq!(answers(&["checkpoint", "tamper page 2 byte 99 xor 01", "verify"], "verify"), ["page 2 is wrong"]);
        assert_eq!(
            answers(&["checkpoint", "tamper superblock A byte 99 xor 01", "verify"], "verify"),
            ["a superblock is wrong"]
        );
    }

    fn split(lines: &[&str]) -> (Event, usize) {
        let mut runner = Runner::new(RunnerOptions::default());
        lines.iter().for_each(|line| assert!(!runner.run_line(line).failed, "{line}"));
        let events = runner.recorder().events_from(0);
        let index = events.iter().position(|event| matches!(**event, Event::PageSplit { .. })).unwrap();
        ((*events[index]).clone(), index)
    }

    #[test]
    fn the_answer_is_the_key_that_goes_up() {
        let (event, index) = split(&[
            "fill 5 ascending value 60",
            "put k0002x in between, and of sixty bytes or so .....................",
        ]);
        let Event::PageSplit { separator, .. } = &event else { unreachable!() };
        let question = question("separator", &event, index).unwrap();
        assert_eq!(question.choices[question.answer], separator.to_string());
        assert!(question.choices.len() > 1 && question.event == index);
    }

    #[test]
    fn the_answer_is_how_many_records_move() {
        let (event, index) = split(&["fill 30 ascending value 20"]);
        let Event::PageSplit { moved, .. } = &event else { unreachable!() };
        let question = question("moved", &event, index).unwrap();
        assert_eq!(question.choices[question.answer], moved.len().to_string());
        assert!(question.choices.len() <= CHOICES_MAX);
    }

    #[test]
    fn other_events_and_other_questions_are_not_asked() {
        let (event, index) = split(&["fill 30 ascending value 20"]);
        assert!(question("weather", &event, index).is_none());
        assert!(question("separator", &Event::HandleDropped, 0).is_none());
    }
}
