//! `tosumu inspect`: one part of a file at rest, sound or broken, as text or JSON.

use super::common::{
    Failure, KeyOptions, Outcome, Output, Status, key_that_does_not_fit, name_commands, open_at_rest, open_beside,
    open_with_key, print_json,
};
use super::hex::{page_bytes, place_text};
use super::probe::probed;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tosumu::escape::{escape, escape_word};
use tosumu::format::annotate::{self, Annotation, Family};
use tosumu::format::free_list::FreeTrunkView;
use tosumu::format::key_slot::KeySlotKind;
use tosumu::format::overflow::OverflowView;
use tosumu::format::page::SealedView;
use tosumu::inspect::{AtRest, ByteSource, ChainPart, PageRole, Role, Tree, TreeNode, TreeSort};
use tosumu::types::{Bytes, PagePointer};
use tosumu::wal::{FrameRecord, LogStanding, ScanEnd};
use tosumu::{Code, Error, Finding, PageNo};

/// Show one part of a file, sound or broken; changes nothing
#[derive(Args)]
pub struct Inspect {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// Both superblock slots, field by field
    Superblock(Target),
    /// One page: where it stands, what vouches for it, and every part of its plain form
    Page {
        /// The page, counted from 1
        #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
        #[command(flatten)]
        target: Target,
    },
    /// Every page, a line each
    Pages(Target),
    /// What a page that does not hold is: misplaced, stale, torn, foreign, rotten; and why that is believed
    Probe {
        /// The page, counted from 1
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
        /// Another file that the page may come from: a copy, an older copy, or a stranger's; may be given more than once
        #[arg(long, value_name = "FILE")]
        beside: Vec<PathBuf>,
        #[command(flatten)]
        target: Target,
    },
    /// A tree from the root down, with its chains of long values; and the named trees there are
    Tree {
        /// The named tree to show instead of the main tree
        #[arg(long, value_name = "NAME")]
        tree: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// The log: header, records, where it ends and why
    Log(Target),
    /// The key slots; never a key
    Keys(Target),
    /// Pages that are free, and the trunks that list them
    Freelist(Target),
}

#[derive(Args)]
struct Target {
    /// The database
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyOptions,
}

impl Inspect {
    /// Shows the part.
    pub fn run(self) -> Outcome {
        match self.part {
            Part::Superblock(target) => target.show(superblock),
            Part::Page { page, target } => target.show(|file, path| one_page(file, path, PageNo(page))),
            Part::Pages(target) => target.show(pages),
            Part::Probe { page, beside, target } => {
                // One key opens them all, and is read once: standard input gives it once.
                let unlock = target.keys.unlock()?;
                let file = open_with_key(&target.file, unlock.as_ref())?;
                let beside = open_beside(&beside, unlock.as_ref())?;
                target.print(&file, |file, path| probed(file, path, PageNo(page), &beside))
            }
            Part::Tree { tree: name, target } => target.show(|file, _| tree(file, name.as_deref())),
            Part::Log(target) => target.show(log),
            Part::Keys(target) => target.show(keys),
            Part::Freelist(target) => target.show(freelist),
        }
    }
}

/// A part, both ways, and what was met in it.
pub(super) struct Shown {
    pub object: Value,
    lines: Vec<String>,
    findings: Vec<Finding>,
}

impl Shown {
    pub fn new(object: Value) -> Shown {
        Shown { object, lines: Vec::new(), findings: Vec::new() }
    }

    pub fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    pub fn found(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }
}

impl Target {
    fn show(self, part: impl FnOnce(&AtRest, &Path) -> Result<Shown, Failure>) -> Outcome {
        let file = open_at_rest(&self.file, &self.keys)?;
        self.print(&file, part)
    }

    fn print(self, file: &AtRest, part: impl FnOnce(&AtRest, &Path) -> Result<Shown, Failure>) -> Outcome {
        let mut shown = part(file, &self.file)?;
        // A part that reads without a key is shown; the key that was given is still a wrong one.
        if let Some(finding) = key_that_does_not_fit(file, &self.keys)
            && !shown.findings.contains(finding)
        {
            shown.found(finding);
        }
        shown.findings.iter_mut().for_each(|finding| name_commands(&self.file, finding));
        if self.json {
            shown.object["findings"] = json!(shown.findings);
            print_json(&shown.object)?;
        } else {
            let mut output = Output::new();
            shown.lines.iter().try_for_each(|line| output.line(line))?;
            shown.findings.iter().try_for_each(|finding| output.line(format!("! {finding}")))?;
            output.finish()?;
        }
        Ok(status_of(&shown.findings))
    }
}

/// Damage that was met is status 2; a missing key alone, 3.
fn status_of(findings: &[Finding]) -> Status {
    use tosumu::{ErrorKind, Severity};
    let (cannot, damage): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| Error::from((*finding).clone()).kind() == ErrorKind::Cannot);
    match damage.iter().any(|finding| finding.severity >= Severity::Error) {
        true => Status::Damage,
        false if cannot.is_empty() => Status::Done,
        false => Status::Cannot,
    }
}

fn spans_json(spans: &[Annotation]) -> Value {
    let span = |part: &Annotation| {
        json!({
            "name": part.name, "start": part.span.start, "end": part.span.end,
            "value": part.value, "meaning": part.meaning, "slot": part.slot,
        })
    };
    spans.iter().map(span).collect()
}

fn span_line(part: &Annotation) -> String {
    format!("  {:>5}-{:<5} {:<22} {}", part.span.start, part.span.end - 1, part.name, part.value)
}

fn superblock(file: &AtRest, _: &Path) -> Result<Shown, Failure> {
    let mut shown = Shown::new(Value::Null);
    let chosen = file.chosen().ok().map(|chosen| chosen.slot);
    let mut slots = Vec::new();
    for slot in 0..2 {
        let letter = if slot == 0 { "A" } else { "B" };
        let spans = file.annotate_superblock(slot);
        let reads = &file.slots()[usize::from(slot)];
        let start = u64::from(slot) * 4096;
        let forged = file.mac_findings().iter().find(|finding| finding.byte_start == Some(start));
        let mac = match (reads, file.keys(), forged) {
            (Err(_), _, _) | (_, Err(_), _) => None,
            (_, _, None) => Some("right"),
            (_, _, Some(_)) => Some("wrong"),
        };
        let counts = if chosen == Some(slot) { ", the one that counts" } else { "" };
        let state = match (reads, mac) {
            (Err(_), _) => "does not read".to_owned(),
            (Ok(_), Some(mac)) => format!("checksum right, MAC {mac}"),
            (Ok(_), None) => "checksum right, MAC not checked: no key".to_owned(),
        };
        shown.line(format!("superblock {letter}, bytes {start}-{}{counts}: {state}", start + 4095));
        let is_shown = |part: &&Annotation| {
            let blank = part.family == Family::Free && !part.value.contains("not");
            part.slot.is_none() && !blank
        };
        spans.iter().filter(is_shown).for_each(|part| shown.line(span_line(part)));
        // A file that is not ours at all is told once, below.
        if let (Err(finding), false) = (reads, is_foreign(file)) {
            let mut finding = (**finding).clone();
            if finding.code == Code::HdrMagic {
                (finding.code, finding.severity) = (Code::HdrCrc, Code::HdrCrc.severity());
            }
            shown.found(&finding);
        }
        slots.push(json!({ "slot": letter, "counts": chosen == Some(slot), "reads": reads.is_ok(), "mac": mac,
            "fields": spans_json(&spans) }));
    }
    match file.chosen() {
        Err(finding) if !shown.findings.iter().any(|other| other.code == finding.code) => shown.found(finding),
        _ => {}
    }
    file.mac_findings().iter().for_each(|finding| shown.findings.push(finding.clone()));
    shown.object = json!({ "file": file.name(), "bytes": file.length(), "slots": slots });
    Ok(shown)
}

/// Whether our mark stands in neither slot.
fn is_foreign(file: &AtRest) -> bool {
    file.chosen().is_err_and(|finding| finding.code == Code::HdrMagic)
}

fn one_page(file: &AtRest, path: &Path, page: PageNo) -> Result<Shown, Failure> {
    let found = page_bytes(file, path, page)?;
    let mut shown = Shown::new(Value::Null);
    shown.line(format!("page {page}, {}", place_text(file, path, &found)));
    let sealed = annotate::sealed_page(&found.bytes);
    let header = SealedView::new(&found.bytes).map(|view| (view.seal(), view.header()));
    if let Some((seal, Ok(header))) = &header {
        shown
            .line(format!("sealed as page {}, {}, of commit {}, seal {seal}", header.page, header.kind, header.commit));
    }
    let role = file.role_of(page).ok();
    let way = role.as_ref().and_then(|role| role.as_ref()).map(|role| role.path.clone());
    match &role {
        Some(Some(role)) => {
            shown.line(format!("it is {}", role.role));
            shown.line(format!("reached by {}", role.path));
        }
        Some(None) => shown.line("neither reached from the root nor free"),
        None => {}
    }
    let opened = file.open_bytes(page, &found);
    match (&opened, role.as_ref().and_then(|role| role.as_ref())) {
        // What is wrong with a dead page is no damage.
        (Ok(_), Some(PageRole { role: Role::Free, .. })) => shown.line("authentic by its own header"),
        (Err(finding), Some(PageRole { role: Role::Free, .. })) => {
            shown.line(format!("does not open ({}), which is no damage in a free page", finding.code));
        }
        (_, Some(PageRole { status: Err(finding), .. })) | (Err(finding), _) => {
            shown.found(&file.explained((**finding).clone()));
        }
        (Ok(_), Some(_)) => shown.line(match found.source {
            ByteSource::Log { .. } => "the seal is the one that the log's newest record of this page names",
            ByteSource::File { .. } => "the seal is the one that the pointer to it names",
        }),
        (Ok(_), None) => shown.line("authentic by its own header; whether it is current cannot be told"),
    }
    if let Some(summary) = opened.as_ref().ok().and_then(|plain| page_summary(plain)) {
        shown.line(summary);
    }
    let plain = opened.as_ref().ok().map(|plain| annotate::plain_page(plain));
    match &plain {
        Some(spans) => {
            shown.line("plain form:");
            spans.iter().for_each(|part| shown.line(span_line(part)));
        }
        None => {
            shown.line("sealed form:");
            sealed.iter().for_each(|part| shown.line(span_line(part)));
        }
    }
    shown.object = json!({
        "page": page,
        "in": source_name(found.source),
        "byte_start": found.source.offset(),
        "byte_end": found.source.offset() + found.bytes.len() as u64,
        "commit": header.as_ref().and_then(|(_, header)| header.as_ref().ok()).map(|header| header.commit),
        "seal": header.as_ref().map(|(seal, _)| seal),
        "path": way,
        "role": role.flatten().map(|role| role.role.to_string()),
        "sealed": spans_json(&sealed),
        "plain": plain.as_deref().map(spans_json),
    });
    Ok(shown)
}

/// A sentence about a page that is no node.
fn page_summary(plain: &[u8]) -> Option<String> {
    let behind = |next: Option<PagePointer>, what: &str, none: &str| {
        next.map_or(none.to_owned(), |next| format!("{what} page {}", next.page))
    };
    if let Ok(part) = OverflowView::new(plain) {
        let next = behind(part.next(), "the rest begins in", "the last page of the value");
        return Some(format!("holds {} bytes of a value with {} to come: {next}", part.data().len(), part.remaining()));
    }
    let trunk = FreeTrunkView::new(plain).ok()?;
    let next = behind(trunk.next(), "the trunk below is", "the last trunk");
    Some(format!("lists {} free pages; {next}", trunk.count()))
}

fn source_name(source: ByteSource) -> &'static str {
    match source {
        ByteSource::Log { .. } => "log",
        ByteSource::File { .. } => "file",
    }
}

/// The tree, or nothing with the reason.
fn walked(file: &AtRest, shown: &mut Shown) -> Option<Tree> {
    if let Some(damage) = &file.log().damage {
        shown.found(damage);
    }
    match file.tree() {
        Ok(tree) => Some(tree),
        Err(finding) => {
            shown.found(finding);
            None
        }
    }
}

fn node_kind(node: &TreeNode) -> &'static str {
    match node.level {
        Some(0) => "leaf",
        Some(_) => "branch",
        None => "page",
    }
}

fn status_text(node: &TreeNode) -> String {
    node.status.as_ref().err().map_or_else(|| "ok".to_owned(), |finding| finding.code.to_string())
}

fn node_json(tree: &Tree, node: &TreeNode, file: &AtRest) -> Value {
    let key = |bound: &Option<Bytes>| bound.as_ref().map(|key| escape(key));
    json!({
        "page": node.page,
        "kind": node_kind(node),
        "level": node.level,
        "in": if file.is_in_log(node.page) { "log" } else { "file" },
        "commit": node.pointer.commit,
        "seal": node.pointer.seal,
        "parent": node.parent.map(|(above, _)| tree.nodes[above].page),
        "parent_slot": node.parent.map(|(_, slot)| slot),
        "slots": node.slot_count,
        "fill_percent": node.fill_percent,
        "from_key": key(&node.lower),
        "to_key": key(&node.upper),
        "status": status_text(node),
    })
}

fn pages(file: &AtRest, _: &Path) -> Result<Shown, Failure> {
    let mut shown = Shown::new(Value::Null);
    let tree = walked(file, &mut shown);
    let page_count = file.page_count().unwrap_or(0);
    let mut reached: Vec<&TreeNode> = tree.iter().flat_map(|tree| &tree.nodes).collect();
    reached.sort_by_key(|node| node.page);
    if tree.is_some() {
        shown.line("   page  kind    level  slots  full  commit  seal       in    status");
    }
    let mut listed = Vec::new();
    for node in &reached {
        let level = node.level.map_or_else(|| "?".to_owned(), |level| level.to_string());
        let place = if file.is_in_log(node.page) { "log" } else { "file" };
        shown.line(format!(
            "{:>7}  {:<6}  {level:>5}  {:>5}  {:>3}%  {:>6}  {}  {place:<4}  {}",
            node.page,
            node_kind(node),
            node.slot_count,
            node.fill_percent,
            node.pointer.commit.0,
            node.pointer.seal.short(),
            status_text(node)
        ));
        listed.extend(node.status.as_ref().err().map(|finding| (**finding).clone()));
    }
    let bad = !listed.is_empty();
    shown.findings.extend(listed);
    let roles = file.roles().unwrap_or_default();
    let others: Vec<_> = roles.iter().filter(|(_, (role, _))| *role != Role::Node(TreeSort::Main)).collect();
    for (page, (role, holds)) in &others {
        let place = if file.is_in_log(**page) { "log" } else { "file" };
        shown.line(format!("{page:>7}  {role}; in the {place}{}", if *holds { "" } else { "; does not hold" }));
    }
    let unreached: Vec<u32> = (1..=page_count).filter(|&page| !roles.contains_key(&PageNo(page))).collect();
    if tree.is_some() && !unreached.is_empty() {
        let why = if bad { "below a page that does not hold, or lost" } else { "neither reached nor free" };
        shown.line(format!("{} of {page_count} pages not reached from the root: {why}", unreached.len()));
    }
    shown.object = json!({
        "file": file.name(),
        "page_count": page_count,
        "pages": tree.as_ref().map(|tree| reached.iter().map(|node| node_json(tree, node, file)).collect::<Value>()),
        "not_reached": tree.as_ref().map(|_| unreached),
    });
    Ok(shown)
}

fn tree(file: &AtRest, name: Option<&str>) -> Result<Shown, Failure> {
    let mut shown = Shown::new(Value::Null);
    if let Some(damage) = &file.log().damage {
        shown.found(damage);
    }
    let (state, named) = match (file.state(), file.named_trees()) {
        (Ok(state), Ok(named)) => (state, named),
        (Err(finding), _) | (_, Err(finding)) => {
            shown.found(finding);
            shown.object = json!({ "file": file.name(), "tree": name, "nodes": null, "named_trees": null });
            return Ok(shown);
        }
    };
    named.findings.iter().for_each(|finding| shown.found(finding));
    let chosen = name.map(|name| named.trees.iter().find(|tree| *tree.name == *name.as_bytes()));
    let (tree, root, pages, records) = match chosen {
        None => (file.tree(), state.root, state.page_count, state.record_count),
        Some(Some(named)) => {
            (file.named_tree(named), named.entry.root, named.entry.page_count, named.entry.record_count)
        }
        Some(None) => {
            let name = name.unwrap_or_default();
            return Err(Failure::new(Status::Nothing, "NOT-FOUND", format!("there is no tree of the name {name}")));
        }
    };
    let tree = match tree {
        Ok(tree) => tree,
        Err(finding) => {
            shown.found(finding);
            return Ok(shown);
        }
    };
    let holder = match name {
        None => state.root_holder.clone(),
        Some(name) => format!("{} > catalog > tree {}", state.root_holder, escape_word(name.as_bytes())),
    };
    let of = if name.is_none() && (state.tree_count > 0 || state.free_count > 0) { " in the file" } else { "" };
    shown.line(format!(
        "{holder}: root page {}, {} levels, {pages} pages{of}, {records} records",
        root.page,
        tree.height(),
    ));
    let mut depths = vec![0; tree.nodes.len()];
    let mut parts = tree.parts.iter().peekable();
    for (index, node) in tree.nodes.iter().enumerate() {
        depths[index] = node.parent.map_or(0, |(above, _)| depths[above] + 1);
        shown.line(node_line(node, depths[index]));
        shown.findings.extend(node.status.as_ref().err().map(|finding| (**finding).clone()));
        while let Some(part) = parts.next_if(|part| part.leaf == index) {
            shown.line(part_line(part, depths[index] + 1));
            shown.findings.extend(part.status.as_ref().err().map(|finding| (**finding).clone()));
        }
    }
    if name.is_none() && !named.trees.is_empty() {
        shown.line(format!("named trees: {}", named.trees.len()));
        for tree in &named.trees {
            let (name, entry) = (escape_word(&tree.name), &tree.entry);
            let counts = format!("{} pages, {} records", entry.page_count, entry.record_count);
            shown.line(format!("  {name}  root page {}, {counts}", entry.root.page));
        }
    }
    shown.object = json!({
        "file": file.name(),
        "tree": name,
        "root": root.page,
        "root_holder": holder,
        "commit": state.commit,
        "levels": tree.height(),
        "record_count": records,
        "nodes": tree.nodes.iter().map(|node| node_json(&tree, node, file)).collect::<Value>(),
        "chain_pages": tree.parts.iter().map(|part| part_json(&tree, part)).collect::<Value>(),
        "named_trees": named.trees.iter().map(|tree| json!({
            "name": escape(&tree.name), "root": tree.entry.root.page,
            "page_count": tree.entry.page_count, "record_count": tree.entry.record_count,
        })).collect::<Value>(),
    });
    Ok(shown)
}

fn part_line(part: &ChainPart, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let next = part.next.map_or("the last".to_owned(), |next| format!("next page {next}"));
    match &part.status {
        Err(finding) => format!("{indent}chain page {}  {}  slot {}", part.page, finding.code, part.slot),
        Ok(()) => format!(
            "{indent}chain page {}  slot {}  {} bytes of {} to come  {next}",
            part.page, part.slot, part.data_bytes, part.remaining_bytes
        ),
    }
}

fn part_json(tree: &Tree, part: &ChainPart) -> Value {
    json!({
        "page": part.page, "leaf": tree.nodes[part.leaf].page, "slot": part.slot, "position": part.position,
        "data_bytes": part.data_bytes, "remaining_bytes": part.remaining_bytes, "next": part.next,
        "commit": part.pointer.commit, "seal": part.pointer.seal,
        "status": part.status.as_ref().err().map_or_else(|| "ok".to_owned(), |finding| finding.code.to_string()),
    })
}

fn node_line(node: &TreeNode, depth: usize) -> String {
    let range = match (node.lower.as_deref().map(escape_word), node.upper.as_deref().map(escape_word)) {
        (None, None) => "every key".to_owned(),
        (None, Some(upper)) => format!("keys below {upper}"),
        (Some(lower), None) => format!("keys from {lower} up"),
        (Some(lower), Some(upper)) => format!("keys {lower} up to {upper}"),
    };
    let indent = "  ".repeat(depth);
    match &node.status {
        Err(finding) => format!("{indent}page {}  {}  {range}", node.page, finding.code),
        Ok(()) => format!(
            "{indent}page {}  {}  {} {}  {}% full  {range}",
            node.page,
            node_kind(node),
            node.slot_count,
            if node.level == Some(0) { "records" } else { "children" },
            node.fill_percent
        ),
    }
}

fn log(file: &AtRest, _: &Path) -> Result<Shown, Failure> {
    let log = file.log();
    let mut shown = Shown::new(Value::Null);
    let header = annotate::log_header(&log.head);
    let standing = match (&log.length, &log.standing) {
        (_, None) => {
            if let Err(finding) = file.state() {
                shown.found(finding);
            }
            "not judged: neither a superblock nor a key vouches for anything".to_owned()
        }
        (_, Some(Err(finding))) => format!("must not be used: {}", finding.code),
        (None, Some(Ok(_))) => "there is no log, and none is expected".to_owned(),
        (Some(_), Some(Ok(LogStanding::Absent { unreadable: false }))) => "empty, and none is expected".to_owned(),
        (Some(_), Some(Ok(LogStanding::Absent { unreadable: true }))) => {
            "its header does not read, and none is expected: a crash left it".to_owned()
        }
        (Some(_), Some(Ok(LogStanding::Stale { .. }))) => {
            "folded into the page file before; it does not count".to_owned()
        }
        (Some(_), Some(Ok(LogStanding::Continues(_)))) => "continues the page file".to_owned(),
    };
    let length = log.length.map_or_else(|| "not there".to_owned(), |length| format!("{length} bytes"));
    shown.line(format!("{}: {length}; {standing}", log.name));
    if !log.head.is_empty() {
        header.iter().filter(|part| part.family != Family::Free).for_each(|part| shown.line(span_line(part)));
    }
    let mut records = Vec::new();
    if let Some(scan) = &log.scan {
        shown.line("  sequence  commit       bytes        record");
        for place in &scan.records {
            let kept = place.end <= scan.kept_end;
            let (text, page, seal) = match &place.record {
                FrameRecord::Page { page, seal } => {
                    (format!("page {page}, seal {}", seal.short()), Some(*page), Some(*seal))
                }
                FrameRecord::Commit(body) => {
                    let sort = if body.seal_transaction { "seal transaction" } else { "commit" };
                    (format!("{sort}: root page {}, {} records", body.root.page, body.record_count), None, None)
                }
            };
            let not_kept = if kept { "" } else { "  (not kept: its commit was never finished)" };
            shown.line(format!(
                "  {:>8}  {:>6}  {:>8}-{:<8}  {text}{not_kept}",
                place.sequence,
                place.commit.0,
                place.offset,
                place.end - 1
            ));
            records.push(json!({
                "sequence": place.sequence, "commit": place.commit, "byte_start": place.offset, "byte_end": place.end,
                "kind": if page.is_some() { "page" } else { "commit" }, "page": page, "seal": seal, "kept": kept,
            }));
        }
        shown.line(match &scan.end {
            ScanEnd::Clean => format!("ends behind its last commit, at byte {}", scan.kept_end),
            ScanEnd::TornTail { bytes } => {
                format!("kept up to byte {}; {bytes} bytes behind it are of a commit never finished", scan.kept_end)
            }
            ScanEnd::Damage(_) => format!("vouched for up to byte {} alone", scan.kept_end),
        });
    }
    if let Some(damage) = &log.damage {
        shown.found(damage);
    }
    shown.object = json!({
        "file": log.name,
        "bytes": log.length,
        "standing": standing,
        "header": spans_json(if log.head.is_empty() { &[] } else { &header }),
        "records": log.scan.as_ref().map(|_| records),
        "kept_bytes": log.scan.as_ref().map(|scan| scan.kept_end),
        "commits": log.scan.as_ref().map(|scan| scan.commits.len()),
    });
    Ok(shown)
}

fn keys(file: &AtRest, _: &Path) -> Result<Shown, Failure> {
    let mut shown = Shown::new(Value::Null);
    let chosen = match file.chosen() {
        Ok(chosen) => chosen,
        Err(finding) => {
            shown.found(finding);
            shown.object = json!({ "file": file.name(), "slots": null });
            return Ok(shown);
        }
    };
    let mut slots = Vec::new();
    for (number, slot) in chosen.superblock.key_slots.iter().enumerate() {
        let kind = slot.kind().unwrap_or(KeySlotKind::Empty);
        let opened = file.key_slot().map(usize::from) == Some(number);
        let work =
            (kind == KeySlotKind::Passphrase).then(|| (slot.kdf_memory_kib(), slot.kdf_passes(), slot.kdf_lanes()));
        let work_text = work.map_or(String::new(), |(memory, passes, lanes)| {
            format!(", Argon2id {memory} KiB, {passes} passes, {lanes} lanes")
        });
        let used = if opened { "  <- opened now" } else { "" };
        let note = if kind == KeySlotKind::Keyless { ": the key stands beside it, anybody can read" } else { "" };
        shown.line(format!("slot {number}  {kind}{work_text}{note}{used}"));
        slots.push(json!({
            "slot": number, "kind": kind.to_string(), "opened": opened,
            "kdf_memory_kib": work.map(|work| work.0), "kdf_passes": work.map(|work| work.1),
            "kdf_lanes": work.map(|work| work.2),
        }));
    }
    let counter = chosen.superblock.key_slot_counter;
    shown.line(format!("key slot counter {counter}: 1 when the file was made, and one more with every change"));
    if let Err(finding) = file.keys()
        && finding.code != Code::KeyNoSlot
    {
        shown.found(finding);
    }
    shown.object = json!({ "file": file.name(), "key_slot_counter": counter, "slots": slots });
    Ok(shown)
}

fn freelist(file: &AtRest, _: &Path) -> Result<Shown, Failure> {
    let mut shown = Shown::new(json!({ "file": file.name(), "free_count": null, "pages": null }));
    let state = match file.state() {
        Ok(state) => state,
        Err(finding) => {
            shown.found(finding);
            return Ok(shown);
        }
    };
    let list = match file.free_list() {
        Ok(list) => list,
        Err(finding) => {
            shown.found(finding);
            return Ok(shown);
        }
    };
    for trunk in &list.trunks {
        match &trunk.status {
            Ok(()) => {
                let pages: Vec<String> = trunk.pages.iter().map(PageNo::to_string).collect();
                shown.line(format!("trunk at page {}: {} pages: {}", trunk.page, pages.len(), pages.join(" ")));
            }
            Err(finding) => shown.found(finding),
        }
    }
    let listed: usize = list.trunks.iter().map(|trunk| trunk.pages.len()).sum();
    let trunks: Vec<PageNo> = list.trunks.iter().map(|trunk| trunk.page).collect();
    let pages: Vec<PageNo> = list.trunks.iter().flat_map(|trunk| trunk.pages.iter().copied()).collect();
    match state.free_count {
        0 => shown.line("No page is free."),
        count => shown.line(format!("{count} pages are free: {} trunks and the {listed} they list", trunks.len())),
    }
    shown.object = json!({ "file": file.name(), "free_count": state.free_count, "trunks": trunks, "pages": pages });
    if shown.findings.is_empty() && list.count() != state.free_count as usize {
        let why = "The free list's length differs from the number stored.";
        let expected = format!("{} pages", state.free_count);
        shown.found(&Finding::new(Code::FreeCount, why).expected(expected, format!("{} pages", list.count())));
    }
    Ok(shown)
}
