//! Scripts of cases: a store varied by chance, and one thing that happens to it at a place drawn by chance.

use super::cause::Cause;
use super::dice::Dice;
use super::{OTHER, truth};
use crate::gallery::Files;
use std::sync::Arc;
use tosumu::PageNo;
use tosumu::format::page::{PageHeader, PageKind, SealedView};
use tosumu::inspect::{AtRest, Role, TreeSort};
use tosumu::script::{Runner, RunnerOptions, Script};
use tosumu::vfs::{DiskImage, SimVfs};

/// A recipe that brings `cause` about.
pub(super) fn draw(cause: Cause, dice: &mut Dice, exam_seed: u64) -> Result<String, String> {
    let mut draft = Draft::begun(cause, dice, exam_seed);
    draft.store(dice);
    draft.damage(dice)?;
    Ok(draft.text())
}

/// The other database that lies beside every case of an exam, and may have a part in one.
pub(super) fn other(exam_seed: u64) -> Result<Files, String> {
    let text = [vec!["page-size 512".to_owned(), "seed 1".to_owned()], other_lines(exam_seed)].concat().join("\n");
    truth::beside(&text, "other", OTHER)
}

fn other_lines(exam_seed: u64) -> Vec<String> {
    [format!("new seed {}", exam_seed % 1_000_000 + 7_000_000), "fill 40 ascending value 20".to_owned()]
        .into_iter()
        .chain(["checkpoint", "put k0007 theirs", "put k0031 theirs"].map(str::to_owned))
        .map(|line| format!("beside other {line}"))
        .collect()
}

/// A recipe that is being written.
struct Draft {
    cause: Cause,
    lines: Vec<String>,
    exam_seed: u64,
    /// Records of the first filling, and a counter for values that are new.
    records: u64,
    changes: u64,
}

/// What is known of a store half way through its recipe.
struct Survey {
    file: AtRest,
    /// Pages in use whose newest version stands in the page file: number, kind, commit, whether it is of the main tree.
    pages: Vec<(PageNo, PageHeader, bool)>,
    /// Records of the log.
    log_records: usize,
}

impl Draft {
    fn begun(cause: Cause, dice: &mut Dice, exam_seed: u64) -> Draft {
        // Half a page is a sector only where a page has two.
        let page_size = if cause == Cause::TornPage { 1024 } else { 512 };
        let seed = dice.between(100, 999_999);
        let lines = vec![format!("page-size {page_size}"), format!("seed {seed}")];
        Draft { cause, lines, exam_seed, records: 0, changes: 0 }
    }

    fn text(self) -> String {
        format!("{}\n", self.lines.join("\n"))
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A store with a past: filled and folded, with a long value or a named tree now and then.
    fn store(&mut self, dice: &mut Dice) {
        let deep = self.cause == Cause::BranchRot;
        self.records = if deep { dice.between(110, 170) } else { dice.between(24, 72) };
        let order = if dice.below(3) == 0 { "descending" } else { "ascending" };
        let value = if deep { dice.between(30, 40) } else { dice.between(16, 36) };
        self.say(format!("fill {} {order} value {value}", self.records));
        if self.cause == Cause::ValueRot || dice.below(3) == 0 {
            self.say(format!("blob scan-{} {}", dice.between(1, 9), dice.between(900, 2600)));
        }
        if dice.below(3) == 0 {
            let name = ["people", "orders", "tags"][dice.below(3) as usize];
            self.say(format!("tree {name} create"));
            self.say(format!("tree {name} fill {} ascending value 18", dice.between(8, 30)));
        }
        self.say("checkpoint");
    }

    /// So many commits of their own, of records that are there.
    fn change(&mut self, dice: &mut Dice, commits: u64) {
        for _ in 0..commits {
            self.changes += 1;
            let key = dice.between(1, self.records.max(1));
            let line = match dice.below(6) {
                0 => format!("put n{:04} new{}", key, self.changes),
                1 if self.changes > 1 => format!("del k{key:04}"),
                _ => format!("put k{key:04} changed{}", self.changes),
            };
            self.say(line);
        }
    }

    /// Commits that may stay in the log, so that a log means nothing by itself.
    fn live(&mut self, dice: &mut Dice) {
        let commits = dice.below(3);
        self.change(dice, commits);
    }

    fn noted(&mut self) {
        self.say("show fingerprint");
    }

    /// What happens to the store, at a place that it has.
    fn damage(&mut self, dice: &mut Dice) -> Result<(), String> {
        match self.cause {
            Cause::Sound => {
                self.change(dice, 1);
                self.live(dice);
                self.noted();
                Ok(())
            }
            Cause::LeafRot | Cause::BranchRot | Cause::ValueRot => self.rot(dice),
            Cause::Zeroed | Cause::PageForeign | Cause::PagesSwapped | Cause::CutShort => self.lost_page(dice),
            Cause::TornPage | Cause::PageBack | Cause::PagesBack => self.old_page(dice),
            Cause::LogRot | Cause::TornTail | Cause::LogMissing | Cause::LogForeign | Cause::LogOlder => self.log(dice),
            Cause::FileBack | Cause::MainBack => self.file_back(dice),
            Cause::SlotTorn | Cause::SlotForged | Cause::KeySlotChanged => self.head(dice),
            Cause::KeysOutOfOrder | Cause::Miscounted => self.forged(dice),
        }
    }

    fn rot(&mut self, dice: &mut Dice) -> Result<(), String> {
        let kind = match self.cause {
            Cause::LeafRot => PageKind::Leaf,
            Cause::BranchRot => PageKind::Branch,
            _ => PageKind::Overflow,
        };
        self.settled(dice)?;
        let survey = self.survey()?;
        let root = survey.file.root().map(|root| root.page);
        let inner = survey.of(kind).filter(|page| Some(*page) != root).collect::<Vec<_>>();
        let page = *dice.one(&inner).ok_or("no such page")?;
        let bits = ["01", "10", "80", "03", "1188", "a5c3", "0f", "ff00ff"][dice.below(8) as usize];
        self.say(format!("tamper page {page} byte {} xor {bits}", dice.between(60, 470)));
        Ok(())
    }

    /// Folded, and noted; now and then with commits behind it in the log.
    fn settled(&mut self, dice: &mut Dice) -> Result<(), String> {
        let commits = dice.between(1, 3);
        self.change(dice, commits);
        self.say("checkpoint");
        self.live(dice);
        self.noted();
        Ok(())
    }

    fn lost_page(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.settled(dice)?;
        if self.cause == Cause::PageForeign {
            self.lines.extend(other_lines(self.exam_seed));
        }
        let survey = self.survey()?;
        let leaves: Vec<PageNo> = survey.of(PageKind::Leaf).collect();
        let page = *dice.one(&leaves).ok_or("no leaf")?;
        match self.cause {
            Cause::Zeroed => {
                let more = dice.below(3) as u32;
                let count = survey.file.pages_in_file();
                for page in (page.0..=page.0 + more).filter(|page| *page <= count) {
                    self.say(format!("tamper page {page} zero"));
                }
            }
            Cause::PageForeign => self.say(format!("tamper page {page} from other page {}", dice.between(1, 4))),
            Cause::PagesSwapped => {
                let others: Vec<PageNo> = leaves.into_iter().filter(|other| *other != page).collect();
                let other = *dice.one(&others).ok_or("one leaf")?;
                self.say(format!("swap page {} {}", page.min(other), page.max(other)));
            }
            _ => {
                let bytes = survey.file.length().saturating_sub(dice.between(100, 2000));
                self.say(format!("tamper pages truncate {bytes}"));
            }
        }
        Ok(())
    }

    fn old_page(&mut self, dice: &mut Dice) -> Result<(), String> {
        if self.cause == Cause::TornPage {
            self.say("beside old copy");
        }
        let before = self.survey()?.file.commit().map_or(0, |commit| commit.0);
        let commits = dice.between(1, 3);
        self.change(dice, commits);
        self.say("checkpoint");
        self.noted();
        let survey = self.survey()?;
        let newer: Vec<PageNo> = survey.newer_than(before, PageKind::Leaf).collect();
        let page = *dice.one(&newer).ok_or("no leaf changed")?;
        match self.cause {
            Cause::TornPage => {
                let half = if dice.below(2) == 0 { 0 } else { 512 };
                self.say(format!("tamper page {page} byte {half} copy 512 from old"));
            }
            Cause::PageBack => self.say(format!("put-back page {page} from commit {before}")),
            _ => {
                let branches = survey.newer_than(before, PageKind::Branch);
                let pages: Vec<String> = branches.chain(newer.iter().copied()).map(|page| page.to_string()).collect();
                if pages.len() < 2 {
                    return Err("too few pages changed".to_owned());
                }
                self.say(format!("put-back page {} from commit {before}", pages.join(" ")));
            }
        }
        Ok(())
    }

    fn log(&mut self, dice: &mut Dice) -> Result<(), String> {
        let commits = dice.between(2, 5);
        self.change(dice, commits);
        match self.cause {
            Cause::LogRot => {
                self.noted();
                let records = self.survey()?.log_records as u64;
                let record = dice.between(2, records.saturating_sub(2).max(2));
                self.say(format!(
                    "tamper record {record} byte {} xor {:02x}",
                    dice.between(90, 200),
                    dice.between(1, 255)
                ));
            }
            Cause::TornTail => {
                self.noted();
                self.say("crash at write 1 torn 1");
                self.say(format!("put k{:04} never", dice.between(1, self.records)));
            }
            Cause::LogMissing => {
                self.noted();
                self.say("tamper log remove");
            }
            Cause::LogForeign => {
                self.noted();
                self.lines.extend(other_lines(self.exam_seed));
                self.say("tamper log from other");
            }
            _ => {
                self.say("beside old copy");
                self.say("checkpoint");
                self.change(dice, 2);
                self.noted();
                self.say("tamper log from old");
            }
        }
        Ok(())
    }

    fn file_back(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.live(dice);
        self.say("beside old copy");
        let commits = dice.between(1, 3);
        self.change(dice, commits);
        self.say("checkpoint");
        self.change(dice, 1);
        self.noted();
        let what = if self.cause == Cause::FileBack { "files" } else { "pages" };
        self.say(format!("tamper {what} from old"));
        Ok(())
    }

    fn head(&mut self, dice: &mut Dice) -> Result<(), String> {
        self.settled(dice)?;
        let newest = self.survey()?.file.chosen().map_or('A', |chosen| if chosen.slot == 0 { 'A' } else { 'B' });
        match self.cause {
            Cause::SlotTorn => {
                let slot = ["A", "B"][dice.below(2) as usize];
                self.say(format!(
                    "tamper superblock {slot} byte {} xor {:02x}",
                    dice.between(520, 1000),
                    dice.between(1, 255)
                ));
            }
            Cause::SlotForged => {
                let (field, number) = match dice.below(3) {
                    0 => ("page_count", dice.between(1, 9)),
                    1 => ("record_count", dice.between(1, 20)),
                    _ => ("commit", dice.between(50, 90)),
                };
                self.say(format!("tamper superblock {newest} field {field} {number} mended"));
            }
            _ => {
                let bytes: String = (0..32).map(|_| format!("{:02x}", dice.below(256))).collect();
                self.say(format!("tamper key-slot 0 field wrapped_dek hex {bytes} mended"));
            }
        }
        Ok(())
    }

    /// Written with the key: the owner noted the fingerprint afterwards, since nothing was out of the ordinary.
    fn forged(&mut self, dice: &mut Dice) -> Result<(), String> {
        let commits = dice.between(1, 3);
        self.change(dice, commits);
        self.say("checkpoint");
        let survey = self.survey()?;
        if self.cause == Cause::KeysOutOfOrder {
            let leaves: Vec<PageNo> = survey.of_main(PageKind::Leaf).collect();
            let page = *dice.one(&leaves).ok_or("no leaf")?;
            let slot = dice.between(0, 3);
            self.say(format!("forge page {page} swap {slot} {}", slot + 1));
        } else {
            let records = survey.file.record_count().unwrap_or(0);
            let wrong = if dice.below(2) == 0 { records + dice.between(1, 3) } else { records.saturating_sub(1) };
            self.say(format!("forge superblocks field record_count {wrong}"));
        }
        self.noted();
        Ok(())
    }

    /// Runs what there is so far, and looks.
    fn survey(&self) -> Result<Survey, String> {
        let text = self.lines.join("\n");
        let script = Script::parse(&text).map_err(|error| error.to_string())?;
        let options = script.options(RunnerOptions::default());
        let mut runner = Runner::new(options);
        for line in &script.lines {
            let outcome = runner.run(&line.op);
            if outcome.failed {
                return Err(format!("`{}`: {}", line.text, outcome.text));
            }
        }
        runner.finish();
        let files = runner.disk().files().into_iter().map(|file| (file.file, file.bytes.to_vec()));
        let disk = SimVfs::from_image(DiskImage::of(files), 1);
        let file = AtRest::open(Arc::new(disk), &runner.options().file, None).map_err(|error| error.to_string())?;
        let roles = file.roles().map_err(|finding| finding.why.clone())?;
        let is_used = |role: &Role| matches!(role, Role::Node(_) | Role::Part(_));
        let used = roles.iter().filter(|(_, (role, _))| is_used(role)).filter(|(page, _)| !file.is_in_log(**page));
        let pages = used.filter_map(|(page, (role, _))| {
            let found = file.file_page(*page).ok()?;
            let header = SealedView::new(&found.bytes)?.header().ok()?;
            Some((*page, header, matches!(role, Role::Node(TreeSort::Main))))
        });
        let pages = pages.collect();
        let log_records = file.log().scan.as_ref().map_or(0, |scan| scan.records.len());
        Ok(Survey { file, pages, log_records })
    }
}

impl Survey {
    fn of(&self, kind: PageKind) -> impl Iterator<Item = PageNo> + '_ {
        self.pages.iter().filter(move |(_, header, _)| header.kind == kind).map(|(page, ..)| *page)
    }

    fn of_main(&self, kind: PageKind) -> impl Iterator<Item = PageNo> + '_ {
        self.pages.iter().filter(move |(_, header, main)| *main && header.kind == kind).map(|(page, ..)| *page)
    }

    /// Pages that were there at that commit and were written since.
    fn newer_than(&self, commit: u64, kind: PageKind) -> impl Iterator<Item = PageNo> + '_ {
        let newer = self.pages.iter().filter(move |(_, header, _)| header.kind == kind && header.commit.0 > commit);
        newer.map(|(page, ..)| *page)
    }
}
