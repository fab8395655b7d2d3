//! What the view of seals says: the chain of trust. From a secret over a key slot to the data key and the page key, and from the
//! superblock's MAC over the root's pointer down to the page shown; for pages in the log, the record that vouches for them.
//!
//! Only what stands on the disk is shown: identities, commitments, tags. Nothing here knows a key, and the secret that stands in
//! a keyless slot is not shown either.

use super::log;
use crate::model::Model;
use crate::timeline::{Role, World};
use crate::widget::text::grouped;
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::escape::escape;
use tosumu::format::free_list::FreeTrunkView;
use tosumu::format::key_slot::KeySlotKind;
use tosumu::format::log::{CommitBody, RecordView};
use tosumu::format::node::{CellValue, NodeView};
use tosumu::format::overflow::OverflowView;
use tosumu::format::page::{PageKind, SealedView};
use tosumu::format::superblock::{self, Superblock};
use tosumu::trace::Event;
use tosumu::types::{PageNo, PagePointer};
use tosumu::{Code, Finding, Severity};

/// How a link of the chain holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// It was checked, and holds.
    Holds,
    /// What is named is not what is there, but the log vouches for the newer version.
    Vouched,
    /// It is cut here.
    Cut,
    /// It is to come: what it would name is not sealed yet.
    Open,
    /// Nothing has checked it here.
    #[default]
    Unknown,
}

/// A key slot.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct SlotFacts {
    /// Its number, from 0.
    pub slot: usize,
    /// Whose secret opens it: `passphrase`, `keyless`, …
    pub kind: String,
    /// How the secret becomes a key.
    pub derived_by: String,
    /// The first bytes of its commitment to that key: what tells a wrong secret from a damaged slot.
    pub commitment: String,
    /// Whether it was this one that gave the data key, as far as that is told.
    pub opened: bool,
    /// Whether it can be used at all.
    pub link: Link,
    /// Why not.
    pub why: Option<String>,
}

/// A step from the superblock down to the page shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct StepFacts {
    /// What names the page: `superblock A`, `page 3, slot 1 (l)`, `log record 4, commit 3`.
    pub named_by: String,
    /// The page named.
    pub page: u32,
    /// The commit named.
    pub named_commit: Option<u64>,
    /// The seal named.
    pub named_seal: Option<String>,
    /// Where the page was found: file and byte.
    pub found_at: Option<String>,
    /// The commit in its header.
    pub found_commit: Option<u64>,
    /// Its tag.
    pub found_seal: Option<String>,
    /// How the link holds.
    pub link: Link,
    /// Why, in a sentence.
    pub why: String,
}

/// The chain of trust.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct SealsFacts {
    /// The file's identity.
    pub file_id: Option<String>,
    /// The identity that was drawn with the data key; key slots are bound to it.
    pub key_set: Option<String>,
    /// Which data key sealed the pages, counted from 1.
    pub data_key_generation: Option<u32>,
    /// The key slots in use.
    pub slots: Vec<SlotFacts>,
    /// Whether the data key is known here.
    pub data_key: Link,
    /// Why not.
    pub data_key_why: String,
    /// The superblock that counts: `A` or `B`.
    pub superblock: Option<String>,
    /// The commit it is at.
    pub superblock_commit: Option<u64>,
    /// The first bytes of its MAC.
    pub superblock_mac: Option<String>,
    /// Whether the MAC was checked.
    pub superblock_link: Link,
    /// Why, in a sentence.
    pub superblock_why: String,
    /// The newest finished commit in the log, when there is one.
    pub log_commit: Option<u64>,
    /// The byte of the log its record stands at.
    pub log_commit_at: Option<u64>,
    /// The first bytes of that record's MAC.
    pub log_commit_mac: Option<String>,
    /// Whether the log's chain of MACs holds.
    pub log_link: Link,
    /// Why not.
    pub log_why: Option<String>,
    /// The page shown.
    pub page: Option<u32>,
    /// From the top down to that page.
    pub steps: Vec<StepFacts>,
    /// Where the chain is cut first and why; none when it is not.
    pub cut: Option<String>,
}

/// The first bytes of something on the disk, as a person compares them.
fn short(bytes: &[u8]) -> String {
    let groups: Vec<String> = bytes.chunks(2).take(4).map(hex::encode).collect();
    groups.join(" ")
}

/// The chain of trust of `model`'s present world.
pub fn seals(model: &Model) -> SealsFacts {
    let world = &model.world;
    let mut facts = SealsFacts { page: model.shown_page().map(|page| page.0), ..SealsFacts::default() };
    let Some(newest) = log::newest_superblock(world) else {
        facts.cut = Some("No superblock can be read: nothing says where the keys and the root are.".into());
        return facts;
    };
    let opened = opened_slot(model);
    facts.file_id = Some(hex::encode(newest.file_id.0));
    facts.key_set = Some(hex::encode(newest.key_set.0));
    facts.data_key_generation = Some(newest.dek_generation);
    facts.slots = slots(&newest, opened);
    (facts.data_key, facts.data_key_why) = data_key(model, opened);
    fill_superblock(&mut facts, model, &newest);
    let committed = fill_log(&mut facts, world);
    facts.log_why = log_fault(model);
    facts.log_link = if facts.log_why.is_some() { Link::Cut } else { facts.superblock_link };
    if let Some(page) = model.shown_page() {
        facts.steps = steps(model, &newest, committed.as_ref(), page);
    }
    facts.cut = cut(&facts);
    facts
}

/// Whether a file was changed from outside since it was opened or verified last: then nobody has checked what is there.
fn changed_since_checked(model: &Model) -> bool {
    let Some(timeline) = model.timeline() else { return false };
    let mut told = timeline.turns_before(model.at).filter_map(|event| match event {
        Event::Tampered { .. } | Event::FileReplaced { .. } => Some(true),
        Event::KeySlotOpened { .. } | Event::VerifyEnded { .. } => Some(false),
        _ => None,
    });
    told.next().unwrap_or(false)
}

/// The slot that gave the data key, as the events tell it.
fn opened_slot(model: &Model) -> Option<u8> {
    let timeline = model.timeline()?;
    let mut found = timeline.turns_before(model.at).filter_map(|event| match event {
        Event::KeySlotOpened { slot, .. } => Some(Some(*slot)),
        Event::DatabaseCreated { .. } => Some(Some(0)),
        Event::Crashed { .. } | Event::HandleDropped => Some(None),
        _ => None,
    });
    found.next().flatten()
}

fn slots(newest: &Superblock, opened: Option<u8>) -> Vec<SlotFacts> {
    let mut slots = Vec::new();
    for (slot, content) in newest.key_slots.iter().enumerate() {
        let kind = content.kind();
        if kind.as_ref().is_ok_and(|kind| *kind == KeySlotKind::Empty) {
            continue;
        }
        let derived_by = match kind.as_ref().ok() {
            Some(KeySlotKind::Passphrase) => format!(
                "Argon2id, {} KiB, {}, {}",
                grouped(content.kdf_memory_kib().into()),
                counted(content.kdf_passes(), "pass", "passes"),
                counted(content.kdf_lanes(), "lane", "lanes")
            ),
            Some(KeySlotKind::Keyfile) => "SHA-256 of the keyfile".into(),
            Some(KeySlotKind::RecoveryKey) => "the recovery key itself".into(),
            Some(KeySlotKind::Keyless) => "the key stands beside it, for anybody".into(),
            _ => "nobody knows".into(),
        };
        let fault = content.check().err().map(|error| error.why.to_string());
        slots.push(SlotFacts {
            slot,
            kind: kind.map_or("unreadable".into(), |kind| kind.to_string()),
            derived_by,
            commitment: short(content.commitment()),
            opened: opened == Some(slot as u8),
            link: match (&fault, opened == Some(slot as u8)) {
                (Some(_), _) => Link::Cut,
                (None, true) => Link::Holds,
                (None, false) => Link::Unknown,
            },
            why: fault,
        });
    }
    slots
}

fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn data_key(model: &Model, opened: Option<u8>) -> (Link, String) {
    match (model.world.file(), opened) {
        (Some(file), _) => match &file.locked {
            Some(why) => (Link::Cut, why.clone()),
            None => (Link::Holds, "a key slot gave it, and what it derives opens the superblock's MAC".into()),
        },
        (None, Some(slot)) => (Link::Holds, format!("key slot {slot} gave it")),
        (None, None) => (Link::Unknown, "no handle is open, so nobody holds it".into()),
    }
}

fn fill_superblock(facts: &mut SealsFacts, model: &Model, newest: &Superblock) {
    let world = &model.world;
    let slot = (newest.slot_generation % 2) as u8;
    let bytes = world.superblock_bytes(slot);
    facts.superblock = Some(if slot == 0 { "A" } else { "B" }.into());
    facts.superblock_commit = Some(newest.commit.0);
    facts.superblock_mac = bytes.as_deref().map(superblock::stored_mac).map(short);
    let forged = model.findings().iter().find(|finding| finding.code == Code::HdrForged);
    (facts.superblock_link, facts.superblock_why) = match (forged, facts.data_key) {
        (Some(finding), _) => (Link::Cut, finding.why.clone()),
        _ if changed_since_checked(model) => {
            (Link::Unknown, "a file was changed from outside since: `verify` tells whether it still holds".into())
        }
        (None, Link::Holds) => (Link::Holds, "its MAC is right under the superblock key".into()),
        (None, _) => (Link::Unknown, "its checksum is right; its MAC needs the key".into()),
    };
}

/// What was found wrong with the log's chain.
fn log_fault(model: &Model) -> Option<String> {
    let is_grave = |finding: &&Finding| matches!(finding.severity, Severity::Error | Severity::Fatal);
    let of_log = |finding: &&Finding| finding.code.as_str().starts_with("LOG-");
    model.findings().iter().filter(of_log).find(is_grave).map(|finding| finding.why.clone())
}

/// The newest finished commit of the log.
fn fill_log(facts: &mut SealsFacts, world: &World) -> Option<CommitBody> {
    let log = log::of_world(world);
    let record = log.records.iter().rfind(|record| record.kept && record.page.is_none())?;
    let bytes = world.log_bytes();
    let view = RecordView::decode(bytes.get(record.offset as usize..)?, log::shape_of(world)).ok()?;
    facts.log_commit = Some(record.commit);
    facts.log_commit_at = Some(record.offset);
    facts.log_commit_mac = Some(short(view.mac()));
    CommitBody::decode(view.body()).ok()
}

/// From the superblock, or the newest commit of the log, down to `page`.
fn steps(model: &Model, newest: &Superblock, committed: Option<&CommitBody>, page: PageNo) -> Vec<StepFacts> {
    let world = &model.world;
    let reach = world.reach();
    let path = reach.path(page);
    let top_role = path.first().and_then(|top| reach.of(*top)).map(|reached| reached.role);
    let mut steps = Vec::new();
    let Some(role) = top_role else {
        // Without the key only the superblock's own pointer can be followed.
        let root = top_pointer(Role::Main, newest, committed).filter(|root| root.page == page);
        if root.is_some() {
            return vec![step_to(model, top_name(newest, committed), root, page)];
        }
        let mut step = found(world, page);
        step.named_by = "nothing".into();
        step.link = Link::Unknown;
        step.why = "nothing that could be read leads to this page: no pointer vouches for its seal".into();
        return vec![step];
    };
    if role == Role::Named {
        // A named tree's root is named by an entry of the catalog; that entry's page is reached by itself.
        let named = world.catalog().map(|catalog| {
            step_to(model, top_name(newest, committed), top_pointer(Role::Catalog, newest, committed), catalog)
        });
        steps.extend(named);
    }
    for (at, page) in path.iter().enumerate() {
        let (named_by, pointer) = match at.checked_sub(1).map(|before| path[before]) {
            None if role == Role::Named => (entry_name(world, *page), entry_pointer(world, *page)),
            None => (top_name(newest, committed), top_pointer(role, newest, committed)),
            Some(parent) => pointer_in(model, parent, *page),
        };
        steps.push(step_to(model, named_by, pointer, *page));
    }
    steps
}

fn top_name(newest: &Superblock, committed: Option<&CommitBody>) -> String {
    match committed {
        Some(_) => "the log's newest commit record".into(),
        None => format!("superblock {}", if newest.slot_generation.is_multiple_of(2) { "A" } else { "B" }),
    }
}

fn top_pointer(role: Role, newest: &Superblock, committed: Option<&CommitBody>) -> Option<PagePointer> {
    let pointer = match (role, committed) {
        (Role::Catalog, Some(body)) => body.catalog,
        (Role::Catalog, None) => newest.catalog,
        (Role::Trunk | Role::Free, Some(body)) => body.free_list,
        (Role::Trunk | Role::Free, None) => newest.free_list,
        (_, Some(body)) => body.root,
        (_, None) => newest.root,
    };
    Some(pointer).filter(|pointer| !pointer.page.is_none())
}

fn entry_name(world: &World, root: PageNo) -> String {
    let tree = world.facts.space.trees.iter().find(|(_, page)| **page == root);
    tree.map_or("the catalog".into(), |(name, _)| format!("the catalog's entry {}", escape(name.as_bytes())))
}

/// The pointer of a named tree's root, where the catalog is one leaf.
fn entry_pointer(world: &World, root: PageNo) -> Option<PagePointer> {
    let catalog = world.catalog()?;
    let plain = sealed_plain(world, catalog)?;
    let node = NodeView::new(&plain).ok()?;
    let entries = (0..node.slot_count()).filter_map(|slot| match node.cell_value(slot) {
        CellValue::Inline(value) if node.level() == 0 => tosumu::format::catalog::TreeEntry::decode(value).ok(),
        _ => None,
    });
    entries.map(|entry| entry.root).find(|pointer| pointer.page == root)
}

/// The plain form of what is sealed on the disk of `page`, not of what memory has made of it since.
fn sealed_plain(world: &World, page: PageNo) -> Option<tosumu::types::Bytes> {
    let sealed = world.sealed(page)?;
    world.plain_of(page, SealedView::new(&sealed.bytes)?.seal())
}

/// What the sealed form of `parent` says of `child`: in words, and as a pointer.
fn pointer_in(model: &Model, parent: PageNo, child: PageNo) -> (String, Option<PagePointer>) {
    let world = &model.world;
    let Some(plain) = sealed_plain(world, parent) else {
        return (format!("page {parent}"), None);
    };
    if let Ok(node) = NodeView::new(&plain) {
        for slot in 0..node.slot_count() {
            let pointer = match node.kind() {
                PageKind::Branch => Some(node.child(slot)),
                _ => match node.cell_value(slot) {
                    CellValue::Overflow { first, .. } => Some(first),
                    CellValue::Inline(_) => None,
                },
            };
            if let Some(pointer) = pointer.filter(|pointer| pointer.page == child) {
                let key = match node.key(slot) {
                    [] => "lowest".to_owned(),
                    key => crate::widget::text::clip(&escape(key), 16).into_owned(),
                };
                return (format!("page {parent}, slot {slot} ({key})"), Some(pointer));
            }
        }
    }
    let next = OverflowView::new(&plain).ok().and_then(|part| part.next());
    let trunk = FreeTrunkView::new(&plain).ok();
    let next = next.or_else(|| trunk.as_ref().and_then(|trunk| trunk.next()));
    if trunk.is_some_and(|trunk| trunk.pages().any(|page| page == child)) {
        return (format!("page {parent}, a list of free pages"), None);
    }
    (format!("page {parent}"), next.filter(|pointer| pointer.page == child))
}

/// What stands on the disk of `page`.
fn found(world: &World, page: PageNo) -> StepFacts {
    let mut step = StepFacts { page: page.0, ..StepFacts::default() };
    let Some(sealed) = world.sealed(page) else { return step };
    let file = if sealed.file == world.facts.log_file { "the log" } else { "the page file" };
    step.found_at = Some(format!("{file} at byte {}", grouped(sealed.offset)));
    if let Some(view) = SealedView::new(&sealed.bytes) {
        step.found_commit = view.header().ok().map(|header| header.commit.0);
        step.found_seal = Some(view.seal().to_string());
    }
    step
}

fn step_to(model: &Model, named_by: String, pointer: Option<PagePointer>, page: PageNo) -> StepFacts {
    let world = &model.world;
    let known = world.page(page);
    let is_free = world.reach().of(page).is_some_and(|reached| reached.role == Role::Free);
    let mut step = StepFacts {
        named_by,
        named_commit: pointer.map(|pointer| pointer.commit.0),
        named_seal: pointer.map(|pointer| pointer.seal.to_string()),
        ..found(world, page)
    };
    let finding = model.findings().iter().find(|finding| finding.page == Some(page));
    let changed = known.as_ref().is_some_and(|known| known.changed);
    let in_log = known.as_ref().is_some_and(|known| known.in_log);
    let same = step.named_seal.is_some() && step.named_seal == step.found_seal;
    let locked = world.file().is_some_and(|file| file.locked.is_some());
    (step.link, step.why) = match () {
        () if is_free => (Link::Holds, "a free page: nobody reads what it holds, so nothing vouches for it".into()),
        () if finding.is_some_and(|finding| !same || finding.code == Code::PageUnauthentic) => {
            (Link::Cut, finding.map_or(String::new(), |finding| finding.why.clone()))
        }
        () if step.found_seal.is_none() => (Link::Open, "it stands in memory only: no file has it yet".into()),
        () if same && changed => (
            Link::Holds,
            "the pointer's seal is the page's tag; memory has changed it since, and will seal it anew".into(),
        ),
        () if same => (Link::Holds, "the pointer's seal is the page's tag".into()),
        () if in_log => (Link::Vouched, vouched(world, page, &step)),
        () if pointer.is_none() && locked => {
            (Link::Unknown, "what names it is sealed, and the key is not known".into())
        }
        () if pointer.is_none() => (Link::Open, "the page that will name it is not sealed yet".into()),
        () => (Link::Cut, "the pointer's seal is not the page's tag, and the log has no newer version".into()),
    };
    step
}

/// The record that vouches for the newer version of a page in the log.
fn vouched(world: &World, page: PageNo, step: &StepFacts) -> String {
    let log = log::of_world(world);
    let frame = log.records.iter().rfind(|record| record.kept && record.page == Some(page.0));
    let Some(frame) = frame else { return "the log has a version of it, of a commit that is not finished".into() };
    let end = log.records.iter().find(|record| record.page.is_none() && record.sequence > frame.sequence);
    let end = end.map_or(String::new(), |end| format!(", which ends at byte {}", grouped(end.offset)));
    let older = step.named_commit.map_or(String::new(), |commit| format!("; its pointer still says commit {commit}"));
    format!("log record {} of commit {}{end} vouches for it{older}", frame.sequence, frame.commit)
}

fn cut(facts: &SealsFacts) -> Option<String> {
    if facts.data_key == Link::Cut {
        return Some(format!("Cut at the key: {}", facts.data_key_why));
    }
    if facts.superblock_link == Link::Cut {
        return Some(format!("Cut at the superblock: {}", facts.superblock_why));
    }
    if let Some(why) = &facts.log_why {
        return Some(format!("Cut in the log: {why}"));
    }
    let step = facts.steps.iter().find(|step| step.link == Link::Cut)?;
    Some(format!("Cut between {} and page {}: {}", step.named_by, step.page, step.why))
}

impl Link {
    /// Its sign between two boxes.
    pub fn sign(self) -> char {
        match self {
            Link::Holds => '✓',
            Link::Vouched => '+',
            Link::Cut => 'X',
            Link::Open => '…',
            Link::Unknown => '?',
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Link::Holds => "holds",
            Link::Vouched => "the log vouches",
            Link::Cut => "CUT",
            Link::Open => "not sealed yet",
            Link::Unknown => "not checked",
        }
    }
}

impl SlotFacts {
    /// `slot 0 passphrase   Argon2id, 256 KiB, 1 pass, 1 lane   commitment 9f31 …`.
    pub fn words(&self) -> String {
        let opened = if self.opened { "   gave the data key" } else { "" };
        let why = self.why.as_ref().map_or(String::new(), |why| format!("   {why}"));
        format!("slot {}  {}   {}   commitment {}{opened}{why}", self.slot, self.kind, self.derived_by, self.commitment)
    }
}

/// A seal given as hex, shortened to what a person compares.
pub fn short_seal(seal: &str) -> String {
    match (seal.get(..4), seal.get(4..8)) {
        (Some(first), Some(second)) => format!("{first} {second}"),
        _ => seal.to_owned(),
    }
}

impl StepFacts {
    /// `commit 3, seal 5d81 20c4`.
    pub fn version(commit: Option<u64>, seal: Option<&String>) -> String {
        match (commit, seal) {
            (Some(commit), Some(seal)) => format!("commit {commit}, seal {}", short_seal(seal)),
            (None, Some(seal)) => format!("seal {}", short_seal(seal)),
            _ => "nothing".into(),
        }
    }

    fn line(&self) -> String {
        let named = StepFacts::version(self.named_commit, self.named_seal.as_ref());
        let found = StepFacts::version(self.found_commit, self.found_seal.as_ref());
        let at = self.found_at.as_ref().map_or(String::new(), |at| format!(" in {at}"));
        format!(
            "{} names page {} as {named}; found {found}{at}: {}; {}",
            self.named_by,
            self.page,
            self.link.word(),
            self.why.trim_end_matches('.')
        )
    }
}

impl SealsFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::new();
        for slot in &self.slots {
            text.push_str(&format!("Key {}: {}.\n", slot.words(), slot.link.word()));
        }
        if let (Some(generation), Some(key_set)) = (self.data_key_generation, &self.key_set) {
            let (link, why) = (self.data_key.word(), &self.data_key_why);
            text.push_str(&format!("Data key {generation}, key set {}: {link}; {why}.\n", short_seal(key_set)));
        }
        if let Some(file_id) = &self.file_id {
            text.push_str(&format!("Page key: HKDF-SHA256 of the data key and file id {}.\n", short_seal(file_id)));
        }
        if let (Some(slot), Some(commit), Some(mac)) = (&self.superblock, self.superblock_commit, &self.superblock_mac)
        {
            let (link, why) = (self.superblock_link.word(), &self.superblock_why);
            text.push_str(&format!("Superblock {slot}, commit {commit}, MAC {mac}: {link}; {why}.\n"));
        }
        if let (Some(commit), Some(at), Some(mac)) = (self.log_commit, self.log_commit_at, &self.log_commit_mac) {
            let link = self.log_link.word();
            text.push_str(&format!(
                "The log's newest commit record: commit {commit} at byte {at}, MAC {mac}: {link}.\n"
            ));
        }
        for step in &self.steps {
            text.push_str(&format!("{}.\n", step.line()));
        }
        match &self.cut {
            Some(cut) => text.push_str(&format!("{}.\n", cut.trim_end_matches('.'))),
            None => text.push_str("The chain is not cut on this way.\n"),
        }
        text
    }

    /// What stands at the right of its title.
    pub fn note(&self) -> String {
        match (&self.cut, self.page) {
            (Some(_), _) => "the chain is CUT".into(),
            (None, Some(page)) => format!("down to page {page}"),
            (None, None) => String::new(),
        }
    }
}
