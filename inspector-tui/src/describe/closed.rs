//! What is to be said of a store that is not open: after a crash only the disk is left, and recovery has not run yet.

use super::{log, plural};
use crate::model::Model;
use crate::timeline::World;
use tosumu::format::annotate;
use tosumu::trace::Event;

/// Said of a file whose key is there, and whose superblock cannot be believed.
const NO_ROOT: &str = "No superblock of this file can be believed, so nothing says which page is the root, and no tree is drawn. The \
                       pages that can be opened one by one are these; `tosumu salvage FILE NEW` saves what is in them.";

/// What stands over the tree, or in its place; none when the store is open, or a file at rest that its key opened.
pub fn remark(model: &Model) -> Option<String> {
    let world = &model.world;
    if let Some(file) = world.file() {
        let (what, then) = match log::newest_superblock(world) {
            Some(_) => ("The file is locked, so its pages are shown sealed.", String::new()),
            None => {
                ("No superblock of this file can be read, so there is no tree to draw.", slots_as_they_stand(world))
            }
        };
        return match (&file.locked, world.facts.root) {
            (Some(why), _) => Some(format!("{what} {why}{then}")),
            (None, Some(_)) => None,
            (None, None) => Some(NO_ROOT.into()),
        };
    }
    if world.facts.open {
        return None;
    }
    if world.file_bytes_len() == 0 {
        return Some("There is no store yet: nothing has created one.".into());
    }
    Some(format!("{} {} {}", why_closed(model), what_survives(model), next_step(model)))
}

/// What two slots say that do not hold: the fields that tell most, which nothing vouches for.
fn slots_as_they_stand(world: &World) -> String {
    const TELLING: [&str; 5] = ["format", "page_size", "commit", "page_count", "record_count"];
    let mut text = String::new();
    for (slot, letter) in [(0, 'A'), (1, 'B')] {
        let Some(bytes) = world.superblock_bytes(slot) else { continue };
        let fields = annotate::superblock(&bytes);
        let told: Vec<String> = TELLING
            .iter()
            .filter_map(|name| fields.iter().find(|field| field.name == *name))
            .map(|field| format!("{} {}", field.name.replace('_', " "), field.value))
            .collect();
        if !told.is_empty() {
            text.push_str(&format!(" Slot {letter} says, and nothing vouches for it: {}.", told.join(", ")));
        }
    }
    text
}

fn why_closed(model: &Model) -> &'static str {
    match model.present() {
        Some(Event::Crashed { .. }) => "The power went: memory is empty.",
        Some(Event::HandleDropped) => "The program ended: memory is gone.",
        Some(Event::OpenStarted { .. } | Event::SuperblockChosen { .. } | Event::KeySlotOpened { .. }) => {
            "The store is being opened: first its superblock, then its log."
        }
        Some(Event::LogExamined { .. } | Event::LogRecordAccepted { .. } | Event::LogReplayed { .. }) => {
            "The store is being opened: recovery reads the log."
        }
        _ => "The store is not open.",
    }
}

/// The commits that the two files hold.
fn what_survives(model: &Model) -> String {
    let log = log::log(model);
    let commits: Vec<String> = log.kept_commits().iter().map(u64::to_string).collect();
    let unfinished = log.records.iter().filter(|record| !record.kept).count();
    let mut text = format!("On the disk: the page file as of commit {}", log.page_file_commit);
    text.push_str(&match (&commits[..], log.bytes) {
        (_, 0) => ", no log".to_string(),
        ([], _) => ", a log without a whole commit".to_string(),
        ([only], _) => format!(", a log with commit {only}"),
        ([first, .., last], _) => format!(", a log with commits {first} to {last}"),
    });
    if unfinished > 0 {
        text.push_str(&format!(" and {} of no finished one", plural(unfinished, "record")));
    }
    text.push('.');
    text
}

fn next_step(model: &Model) -> &'static str {
    match model.present() {
        Some(Event::OpenStarted { .. } | Event::SuperblockChosen { .. } | Event::KeySlotOpened { .. })
        | Some(Event::LogExamined { .. } | Event::LogRecordAccepted { .. } | Event::LogReplayed { .. }) => {
            "What it keeps is the store."
        }
        _ if model.timeline().is_some_and(|timeline| timeline.end().facts.open) => "Step on: further on it is opened.",
        _ if model.recording().is_some() => "The recording does not go on: nobody opened it again.",
        _ => "Press r or type `reopen`: recovery runs.",
    }
}
