//! `tosumu key`: who can open a database. Key slots are listed, added, removed and rewrapped; the data stays as it is.

use super::common::{
    Failure, KdfOptions, KeyOptions, NewKeyOptions, Outcome, Output, Status, note, note_witness, open_to_read,
    open_to_write, print_json, shown_path,
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use tosumu::limits::KEY_SLOTS_COUNT;
use tosumu::{Database, KeySlotInfo};

/// List, add, remove and rewrap the key slots that open a database
#[derive(Args)]
pub struct Key {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    List(List),
    Add(Add),
    Remove(Remove),
    Rewrap(Rewrap),
}

impl Key {
    /// Runs the verb behind `key`.
    pub fn run(self) -> Outcome {
        match self.verb {
            Verb::List(verb) => verb.run(),
            Verb::Add(verb) => verb.run(),
            Verb::Remove(verb) => verb.run(),
            Verb::Rewrap(verb) => verb.run(),
        }
    }
}

/// List the key slots in use: number, kind, and the work a passphrase asks for
#[derive(Args)]
struct List {
    /// The database
    file: PathBuf,
    /// Print one JSON object: file, slots, free
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

impl List {
    fn run(self) -> Outcome {
        let db = open_to_read(&self.file, &self.keys)?;
        let slots = db.key_slots();
        let free = KEY_SLOTS_COUNT - slots.len();
        if self.json {
            let slots: Vec<_> = slots.iter().map(as_json).collect();
            print_json(&json!({ "file": shown_path(&self.file), "slots": slots, "free": free }))?;
            return Ok(Status::Done);
        }
        let mut output = Output::new();
        for slot in &slots {
            output.line(told(slot))?;
        }
        output.line(format!("{free} of {KEY_SLOTS_COUNT} key slots are free"))?;
        output.finish()?;
        Ok(Status::Done)
    }
}

/// `slot 0  passphrase    Argon2id 64 MiB, 3 passes, 4 lanes  (opened by the key given)`.
fn told(slot: &KeySlotInfo) -> String {
    let work = slot.kdf.map_or(String::new(), |kdf| {
        let memory = match kdf.memory_kib {
            kib if kib >= 1024 && kib.is_multiple_of(1024) => format!("{} MiB", kib / 1024),
            kib => format!("{kib} KiB"),
        };
        format!("Argon2id {memory}, {}, {}", counted(kdf.passes, "pass", "passes"), counted(kdf.lanes, "lane", "lanes"))
    });
    let opened = if slot.is_opened { "(opened by the key given)" } else { "" };
    let parts = [format!("slot {}  {:<12}", slot.slot, slot.kind.to_string()), work, opened.to_owned()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("  ").trim_end().to_owned()
}

fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn as_json(slot: &KeySlotInfo) -> serde_json::Value {
    let kdf = slot.kdf.map(|kdf| json!({ "memory_kib": kdf.memory_kib, "passes": kdf.passes, "lanes": kdf.lanes }));
    json!({ "slot": slot.slot, "kind": slot.kind.to_string(), "kdf": kdf, "opened": slot.is_opened })
}

/// Fill a free key slot, so that another key opens the database too
///
/// The usual options open it; a --new-… option names the new key. Without one a new passphrase is asked for, twice.
#[derive(Args)]
struct Add {
    /// The database
    file: PathBuf,
    #[command(flatten)]
    kdf: KdfOptions,
    #[command(flatten)]
    new: NewKeyOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Add {
    fn run(self) -> Outcome {
        let db = open_to_write(&self.file, &self.keys)?;
        let new = self.new.read(&self.file)?;
        if db.key_slots().len() == KEY_SLOTS_COUNT {
            let why = format!(
                "{}: all {KEY_SLOTS_COUNT} key slots are in use: remove one, or rewrap one; nothing was changed",
                shown_path(&self.file)
            );
            return Err(Failure::new(Status::Cannot, "LIMIT", why));
        }
        let mut output = Output::new();
        new.show(&mut output)?;
        let kind = new.unlock.kind();
        let slot =
            db.add_key(new.unlock.clone(), self.kdf.profile()).map_err(|error| Failure::engine(&self.file, error))?;
        output.line(format!("{}: key slot {slot} added: {kind}", shown_path(&self.file)))?;
        output.finish()?;
        new.warn(&self.file);
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}

/// Empty a key slot: its key opens the file no more
///
/// Old copies of the file still open with it, and show what they held then; whoever opened the file once may have kept its
/// data key. Only `rekey` revokes.
#[derive(Args)]
struct Remove {
    /// The database
    file: PathBuf,
    /// The key slot, as `key list` numbers it
    #[arg(long, value_name = "N")]
    slot: u8,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Remove {
    fn run(self) -> Outcome {
        let db = open_to_write(&self.file, &self.keys)?;
        let before = slot_of(&db, self.slot);
        db.remove_key(self.slot).map_err(|error| Failure::engine(&self.file, error))?;
        let file = shown_path(&self.file);
        let mut output = Output::new();
        let kind = before.as_ref().map_or(String::new(), |slot| format!(": {}", slot.kind));
        output.line(format!("{file}: key slot {} removed{kind}", self.slot))?;
        output.finish()?;
        told_of_old_key(&self.file, before.as_ref());
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}

/// Give a key slot in use another key, or a passphrase other work (--kdf)
#[derive(Args)]
struct Rewrap {
    /// The database
    file: PathBuf,
    /// The key slot, as `key list` numbers it
    #[arg(long, value_name = "N")]
    slot: u8,
    #[command(flatten)]
    kdf: KdfOptions,
    #[command(flatten)]
    new: NewKeyOptions,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Rewrap {
    fn run(self) -> Outcome {
        let db = open_to_write(&self.file, &self.keys)?;
        let Some(before) = slot_of(&db, self.slot) else {
            return Err(Failure::misuse(format!(
                "{}: key slot {} is not in use: `key list` shows which are",
                shown_path(&self.file),
                self.slot
            )));
        };
        let new = self.new.read(&self.file)?;
        let mut output = Output::new();
        new.show(&mut output)?;
        let kind = new.unlock.kind();
        db.rewrap_key(self.slot, new.unlock.clone(), self.kdf.profile())
            .map_err(|error| Failure::engine(&self.file, error))?;
        output.line(format!("{}: key slot {} rewrapped: {kind}", shown_path(&self.file), self.slot))?;
        output.finish()?;
        new.warn(&self.file);
        told_of_old_key(&self.file, Some(&before));
        note_witness(&db, &self.keys);
        Ok(Status::Done)
    }
}

fn slot_of(db: &Database, number: u8) -> Option<KeySlotInfo> {
    db.key_slots().into_iter().find(|slot| slot.slot == number)
}

/// What a person must know the moment a key is taken away.
fn told_of_old_key(file: &Path, before: Option<&KeySlotInfo>) {
    let file = shown_path(file);
    if before.is_some_and(|slot| slot.is_opened) {
        note(format!("{file}: that was the slot which the key given opens; from now on another key is needed"));
    }
    note(format!("old copies of {file} still open with the old key: only `rekey` revokes it"));
}
