//! Everything but the pages: superblocks, key slots, log, length of the page file.

use super::{Check, Level, Verifier};
use crate::crypto::{KdfProfile, bombs_together};
use crate::defence::{Defence, holds, is_off};
use crate::finding::{Code, Finding, REMEDY, Severity};
use crate::format::key_slot::{KEY_SLOT_BYTES, KeySlot, KeySlotKind};
use crate::limits::{
    KDF_LANES_MAX, KDF_MEMORY_KIB_FLOOR, KDF_MEMORY_KIB_MAX, KDF_PASSES_FLOOR, KDF_PASSES_MAX, KDF_WORK_KIB_MAX,
    SUPERBLOCK_BYTES,
};
use crate::pager::slots::{ChosenSlot, as_slot_lost, slot_letter};
use crate::types::PageNo;
use crate::wal::{LogStanding, ScanEnd, judge_without_key};

impl Verifier<'_, '_> {
    pub(super) fn superblocks(&mut self) -> Check {
        const NAME: &str = "superblocks";
        let file = self.file;
        match file.chosen() {
            Ok(chosen) => {
                if let Err(finding) = &chosen.other {
                    let finding = spare(finding, 1 - chosen.slot, self.newest_is_gone(chosen));
                    self.report(finding);
                }
            }
            Err(stop) => {
                self.report(stop.clone());
                let others: Vec<Finding> = file
                    .slots()
                    .iter()
                    .filter_map(|slot| slot.as_ref().err())
                    .filter(|other| other.code != stop.code)
                    .map(|other| (**other).clone())
                    .collect();
                others.into_iter().for_each(|finding| self.report(finding));
                return Check::ran(NAME);
            }
        }
        if !self.level().needs_key() {
            return Check::ran(NAME).note("checksums; their MACs need the key");
        }
        match file.keys() {
            Ok(_) => {
                file.mac_findings().iter().for_each(|finding| self.report(finding.clone()));
                Check::ran(NAME)
            }
            Err(_) => Check::ran(NAME).note("checksums; their MACs need the key"),
        }
    }

    /// Whether the slot that does not read was the newer one: the log that the other one asks for is gone or a later one, so a
    /// checkpoint that this slot has not seen has folded it.
    fn newest_is_gone(&self, chosen: &ChosenSlot) -> Spare {
        let log = self.file.log();
        match judge_without_key(&chosen.superblock, &log.head, &log.name) {
            Err(finding) if matches!(finding.code, Code::LogMissing | Code::FreshMainOlder) => Spare::WasNewer,
            _ => Spare::WasOlder,
        }
    }

    /// Whether the key fits, and what the slots of passphrases ask for.
    pub(super) fn key_slots(&mut self) -> Check {
        const NAME: &str = "key slots";
        let file = self.file;
        let Ok(chosen) = file.chosen() else {
            return Check::not_run(NAME, self.no_state());
        };
        if let (true, Err(finding)) = (self.level().needs_key(), file.keys()) {
            self.report(finding.clone());
        }
        let base = u64::from(chosen.slot) * SUPERBLOCK_BYTES as u64 + 256;
        for (number, slot) in chosen.superblock.key_slots.iter().enumerate() {
            let start = base + (number * KEY_SLOT_BYTES) as u64;
            if let Some(finding) = kdf_finding(number, slot) {
                self.report_bomb_once(finding.at(file.name(), start..start + KEY_SLOT_BYTES as u64));
            }
        }
        let slots = chosen.superblock.key_slots.clone().map(|slot| slot.bytes);
        if let Some(finding) = bombs_together(&slots).filter(|_| !is_off(Defence::VerifyKeySlots)) {
            self.report_bomb_once(finding.at(file.name(), base..base + slots.as_flattened().len() as u64));
        }
        Check::ran(NAME)
    }

    /// Slots that ask for too much may have been reported already: by the key that was refused, or one by one.
    fn report_bomb_once(&mut self, finding: Finding) {
        let is_known = self.report.findings.iter().any(|other| other.code == Code::KdfBomb);
        if finding.code != Code::KdfBomb || !is_known {
            self.report(finding);
        }
    }

    pub(super) fn log(&mut self) -> Check {
        const NAME: &str = "log";
        let file = self.file;
        let Ok(chosen) = file.chosen() else {
            return Check::not_run(NAME, self.no_state());
        };
        let log = file.log();
        if !self.level().needs_key() {
            let standing = judge_without_key(&chosen.superblock, &log.head, &log.name)
                .map_err(|finding| as_slot_lost(finding, chosen));
            self.standing(&standing);
            return match (self.level(), standing) {
                (Level::Scan, Ok(LogStanding::Continues(_))) => self.log_shape(),
                _ => Check::ran(NAME).note("its header; its records need the key"),
            };
        }
        let Some(standing) = &log.standing else {
            return Check::not_run(NAME, self.no_state());
        };
        self.standing(standing);
        let (Ok(_), Some(scan)) = (standing, &log.scan) else { return Check::ran(NAME) };
        match (&log.damage, &scan.end) {
            (Some(damage), _) => {
                self.report((**damage).clone());
                let kept = file.commit().map_or(0, |commit| commit.0);
                return Check::ran(NAME).note(format!("up to commit {kept}; behind that it cannot be vouched for"));
            }
            (None, ScanEnd::TornTail { bytes }) => {
                let why = format!("The log ends in {bytes} bytes that are no whole commit.");
                self.report(torn_tail(why, &log.name, scan.kept_end..scan.kept_end + bytes));
            }
            (None, _) => {}
        }
        Check::ran(NAME)
    }

    /// The findings of a row of the table of cases.
    fn standing(&mut self, standing: &Result<LogStanding, Box<Finding>>) {
        let log = self.file.log();
        let length = log.length.unwrap_or(0);
        match standing {
            Err(finding) => self.report((**finding).clone()),
            Ok(LogStanding::Absent { unreadable: true }) => {
                let why = "The log has no header that reads, and no commit was acknowledged in it.".to_owned();
                self.report(torn_tail(why, &log.name, 0..length));
            }
            Ok(LogStanding::Stale { generation }) => {
                let why = format!("The log is of generation {generation}, which was folded into the page file.");
                let finding = Finding::new(Code::LogStale, why)
                    .at(&log.name, 0..length)
                    .lost("Nothing.")
                    .next("Nothing has to be done: the next commit writes over it.");
                self.report(finding);
            }
            Ok(LogStanding::Absent { unreadable: false } | LogStanding::Continues(_)) => {}
        }
    }

    /// The page file must reach to the end of every page that the log does not hold; what stands behind the last page is told.
    pub(super) fn file_length(&mut self) -> Check {
        const NAME: &str = "file length";
        let file = self.file;
        let (Ok(chosen), Some(page_size), Some(page_count)) = (file.chosen(), file.page_size(), file.page_count())
        else {
            return Check::not_run(NAME, self.no_state());
        };
        if self.level().needs_key() && file.state().is_err() {
            return Check::not_run(NAME, self.no_state());
        }
        // Without the key the log may hold pages that nobody can see: then only the superblock's own pages are asked for.
        let page_count = if self.level().needs_key() { page_count } else { chosen.superblock.page_count };
        let end = |pages: u32| page_size.offset_of(PageNo(pages.saturating_add(1)));
        let (last, may_be_free) = self.pages_not_free(page_count);
        let last_in_file = (1..=last)
            .rev()
            .map(PageNo)
            .find(|&page| !may_be_free(page) && !file.is_in_log(page))
            .unwrap_or(PageNo(0))
            .0;
        let (needed, whole, length) = (end(last_in_file), end(page_count), file.length());
        let truncated_told = self.report.findings.iter().any(|finding| finding.code == Code::FileTruncated);
        if !truncated_told && !holds(Defence::VerifyLength, length >= needed) {
            let finding = Finding::new(Code::FileTruncated, "The page file ends before pages it must hold.")
                .at(file.name(), length..needed)
                .expected(format!("{needed} bytes"), format!("{length} bytes"))
                .lost("The records of the pages that are gone.")
                .remedy();
            self.report(finding);
        }
        // Pages that only the log knows may stand behind the superblock's last: without the key nobody can tell.
        let end_is_known = self.level().needs_key() || matches!(file.log().length, None | Some(0));
        if end_is_known && !holds(Defence::VerifyLength, length <= whole) {
            let finding = behind_the_end(length - whole, page_size.bytes() as u64);
            self.report(finding.at(file.name(), whole..length));
        }
        Check::ran(NAME)
    }

    /// The last page that has to be in the page file or the log, and which ones before it do not. A free page that was never
    /// written is in neither; without the key, as many of the last pages as are free may be such ones.
    fn pages_not_free(&self, page_count: u32) -> (u32, Box<dyn Fn(PageNo) -> bool>) {
        match (self.level().needs_key(), self.file.state(), self.file.chosen()) {
            (true, Ok(state), _) => {
                let free = self.file.free_pages(state);
                (page_count.saturating_sub(free.unknown), Box::new(move |page| free.pages.contains(page)))
            }
            (_, _, Ok(chosen)) => (page_count.saturating_sub(chosen.superblock.free_count), Box::new(|_| false)),
            _ => (page_count, Box::new(|_| false)),
        }
    }
}

/// What a slot that does not read was, as the log tells.
#[derive(PartialEq)]
enum Spare {
    WasOlder,
    WasNewer,
}

/// One slot does not read. Was it the older one, every record is there, but there is no second slot any more.
fn spare(finding: &Finding, slot: u8, was: Spare) -> Finding {
    let mut finding = finding.clone();
    if matches!(finding.code, Code::HdrMagic | Code::HdrCrc) {
        finding.code = Code::HdrCrc;
        finding.severity = Severity::Warning;
        finding.why = format!("Superblock {} does not read: {}", slot_letter(slot), finding.why);
        let base = u64::from(slot) * SUPERBLOCK_BYTES as u64;
        (finding.byte_start, finding.byte_end) = (Some(base), Some(base + SUPERBLOCK_BYTES as u64));
        let (lost, next) = match was {
            Spare::WasOlder => (
                "No record: the other slot is whole.",
                "Keep a copy of this file. The next checkpoint writes this slot again.",
            ),
            Spare::WasNewer => ("The newest checkpoint's word for where the tree begins: it stood here.", REMEDY),
        };
        finding.lost = Some(lost.to_owned());
        finding.next = Some(next.to_owned());
    }
    finding
}

fn kdf_finding(number: usize, slot: &KeySlot) -> Option<Finding> {
    if slot.kind().ok()? != KeySlotKind::Passphrase || is_off(Defence::VerifyKeySlots) {
        return None;
    }
    let (memory, passes, lanes) = (slot.kdf_memory_kib(), slot.kdf_passes(), slot.kdf_lanes());
    let asked = format!("{memory} KiB, passes: {passes}, lanes: {lanes}");
    let profile = KdfProfile { memory_kib: memory, passes, lanes };
    if profile.over_ceiling().is_some() {
        let most = format!(
            "at most {KDF_MEMORY_KIB_MAX} KiB, {KDF_PASSES_MAX} passes, {KDF_LANES_MAX} lanes, and {KDF_WORK_KIB_MAX} KiB times passes"
        );
        let why = format!("Key slot {number} asks for more work than any honest writer would.");
        let next = "Do not trust this file.";
        return Some(Finding::new(Code::KdfBomb, why).expected(most, asked).next(next));
    }
    if memory < KDF_MEMORY_KIB_FLOOR || passes < KDF_PASSES_FLOOR {
        let least = format!("at least {KDF_MEMORY_KIB_FLOOR} KiB and {KDF_PASSES_FLOOR} passes");
        let test = profile == KdfProfile::TEST;
        // Whoever took the test profile asked for it by name; any other weak one was not meant.
        let (severity, made) = match test {
            true => (Severity::Info, ": it was made with the test profile"),
            false => (Severity::Warning, ""),
        };
        let why = format!("The passphrase of key slot {number} can be guessed with less work than is safe{made}.");
        let next = "For anything but a test: `key rewrap` this slot with a stronger profile, --kdf interactive.";
        let lost = "Nothing; the passphrase is protected less than it could be.";
        return Some(Finding::new(Code::KdfWeak, why).severity(severity).expected(least, asked).lost(lost).next(next));
    }
    None
}

pub(super) fn torn_tail(why: String, log: &str, bytes: std::ops::Range<u64>) -> Finding {
    Finding::new(Code::LogTornTail, why)
        .at(log, bytes)
        .lost("Nothing that was acknowledged, if a crash left this. A newest commit that was damaged or cut looks the same.")
        .next(
            "After a crash nothing has to be done: the next writer drops these bytes. If none was, keep a copy of both files \
             first, and compare with a fingerprint kept elsewhere (--anchor): it tells whether a commit is missing.",
        )
}

fn behind_the_end(bytes: u64, page_bytes: u64) -> Finding {
    let code = if bytes.is_multiple_of(page_bytes) { Code::FileTail } else { Code::FileNotMultiple };
    Finding::new(code, format!("{bytes} bytes stand behind the last page."))
        .expected("the end of the file", format!("{bytes} bytes"))
        .lost("Nothing: no page stands there.")
        .next("Nothing has to be done; if you did not append to the file, find out who did.")
}
