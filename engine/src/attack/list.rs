//! Every attack, in the order of the table.

use super::edit::*;
use super::scene::{Files, Scene, nothing_to_change};
use super::{Attack, Attacker, Gain, When};
use crate::error::Result;
use crate::format::key_slot::place as key_slot_place;
use crate::format::log::{LOG_HEADER_BYTES, record_place};
use crate::format::superblock::place;
use crate::limits::PAGES_START_BYTES;

type Change = fn(&Scene, &mut Files) -> Result<()>;

const fn fault(name: &'static str, does: &'static str, change: Change) -> Attack {
    Attack { name, by: Attacker::Fault, does, when: When::AtRest, gain: Gain::Answer, change }
}

const fn mixer(name: &'static str, does: &'static str, change: Change) -> Attack {
    Attack { by: Attacker::Mixer, ..fault(name, does, change) }
}

const fn restorer(name: &'static str, does: &'static str, change: Change) -> Attack {
    Attack { by: Attacker::Restorer, ..fault(name, does, change) }
}

const fn open(when: When, attack: Attack) -> Attack {
    Attack { when, ..attack }
}

const fn gains(gain: Gain, attack: Attack) -> Attack {
    Attack { gain, ..attack }
}

pub(super) const ALL: &[Attack] = &[
    // Faults.
    fault("page-byte", "a byte of a page is flipped", |scene, files| flip_page(scene, files, 100)),
    fault("page-seal-byte", "a byte of a page's seal is flipped", |scene, files| flip_page(scene, files, 511)),
    fault("page-zeroed", "a page becomes zeros", |scene, files| {
        put(&mut files.page_file, place_of(leaves(scene)?[1]), &[0; 512])
    }),
    fault("page-elsewhere", "a page is written in the place of another", |scene, files| {
        let leaves = leaves(scene)?;
        put(&mut files.page_file, place_of(leaves[1]), page(&scene.present, leaves[0])?)
    }),
    fault("page-write-lost", "the write of a page is lost at a checkpoint", one_page_back),
    fault("page-file-cut", "the page file loses its last page", |_, files| {
        let length = files.page_file.len() - 512;
        files.page_file.truncate(length);
        Ok(())
    }),
    fault("page-file-longer", "bytes stand behind the last page", |_, files| {
        files.page_file.extend_from_slice(&[0xa5; 700]);
        Ok(())
    }),
    fault("superblock-byte", "a byte of the newest superblock is flipped", |_, files| {
        let at = newest_slot(files)? * 4096 + place::ROOT.offset;
        files.page_file[at] ^= 1;
        Ok(())
    }),
    fault("superblocks-bytes", "a byte of each superblock is flipped", |_, files| {
        [0, 4096].into_iter().for_each(|slot| files.page_file[slot + place::ROOT.offset] ^= 1);
        Ok(())
    }),
    fault("superblock-elsewhere", "a superblock is written in the place of the other", |_, files| {
        let newest = newest_slot(files)?;
        let bytes = slot(files, newest)?.to_vec();
        put(&mut files.page_file, (1 - newest) * 4096, &bytes)
    }),
    fault("log-header-byte", "a byte of the log's header is flipped", |_, files| flip_log(files, |_| Ok(60))),
    fault("log-byte", "a byte in the middle of the log is flipped", |_, files| {
        flip_log(files, |log| Ok(commits(log)?[1].start + 200))
    }),
    fault("log-last-byte", "a byte of the last commit in the log is flipped", |_, files| {
        flip_log(files, |log| Ok(last(&commits(log)?).start + 200))
    }),
    fault("log-torn", "the last commit in the log is cut short", |_, files| {
        let log = log_mut(files)?;
        log.truncate(last(&commits(log)?).start + 300);
        Ok(())
    }),
    fault("log-zeroed", "the middle of the log becomes zeros", |_, files| {
        let log = log_mut(files)?;
        let span = commits(log)?[1].clone();
        log[span].fill(0);
        Ok(())
    }),
    open(
        When::OpenThenFolded,
        fault("frame-byte-then-folded", "a frame rots after it was read, and is folded", |scene, files| {
            let (newest, _) = two_versions(scene)?;
            log_mut(files)?[newest.span.start + 300] ^= 1;
            Ok(())
        }),
    ),
    // Pages, mixed.
    mixer("pages-swapped", "two pages are swapped", |scene, files| {
        let leaves = leaves(scene)?;
        put(&mut files.page_file, place_of(leaves[1]), page(&scene.present, leaves[0])?)?;
        put(&mut files.page_file, place_of(leaves[0]), page(&scene.present, leaves[1])?)
    }),
    mixer("pages-swapped-and-renumbered", "two pages are swapped, and each says the other's number", |scene, files| {
        let leaves = leaves(scene)?;
        for (from, to) in [(leaves[0], leaves[1]), (leaves[1], leaves[0])] {
            let mut moved = page(&scene.present, from)?.to_vec();
            put(&mut moved, NUMBER.start, &to.to_le_bytes())?;
            let commit = page(&scene.present, to)?[COMMIT].to_vec();
            put(&mut moved, COMMIT.start, &commit)?;
            put(&mut files.page_file, place_of(to), &moved)?;
        }
        Ok(())
    }),
    mixer("page-put-back", "one page is put back", one_page_back),
    mixer("page-put-back-and-dated", "one page is put back, and says the commit of today", |scene, files| {
        let number = changed_leaf(scene)?;
        let mut old = page(&scene.first, number)?.to_vec();
        put(&mut old, COMMIT.start, &page(&scene.present, number)?[COMMIT])?;
        put(&mut files.page_file, place_of(number), &old)
    }),
    mixer("page-put-back-and-sealed", "one page is put back, with the commit and the seal of today", |scene, files| {
        let number = changed_leaf(scene)?;
        let (mut old, now) = (page(&scene.first, number)?.to_vec(), page(&scene.present, number)?);
        put(&mut old, COMMIT.start, &now[COMMIT])?;
        put(&mut old, 496, &now[496..])?;
        put(&mut files.page_file, place_of(number), &old)
    }),
    mixer("all-pages-put-back", "all pages are put back, consistently", |scene, files| {
        let pages = scene.first.page_file[PAGES_START_BYTES as usize..].to_vec();
        put(&mut files.page_file, PAGES_START_BYTES as usize, &pages)
    }),
    mixer("page-of-the-backup", "a page of a backup, which has the same keys, is put in place", |scene, files| {
        let number = leaves(scene)?[0];
        put(&mut files.page_file, place_of(number), page(&scene.backup, number)?)
    }),
    mixer("page-of-another", "a page of another database is put in place", |scene, files| {
        let number = leaves(scene)?[0];
        put(&mut files.page_file, place_of(number), page(&scene.other, number)?)
    }),
    open(When::OpenThenRead, mixer("page-put-back-while-open", "one page is put back while it is open", one_page_back)),
    // Superblocks, mixed.
    mixer(
        "superblock-edited",
        "the newest superblock expects no log, its checksum mended, and the log is removed",
        |_, files| {
            let newest = newest_slot(files)?;
            files.log = None;
            edit_slot(files, newest, |bytes| bytes[place::LOG_EXPECTED.offset] = 0)
        },
    ),
    mixer(
        "superblock-root-edited",
        "superblocks, edited, name the root of before; pages put back, the log removed",
        |scene, files| {
            let old = slot(&scene.first, newest_slot(&scene.first)?)?.to_vec();
            let pages = scene.first.page_file[PAGES_START_BYTES as usize..].to_vec();
            put(&mut files.page_file, PAGES_START_BYTES as usize, &pages)?;
            files.log = None;
            for which in [0, 1] {
                edit_slot(files, which, |bytes| {
                    bytes[place::LOG_EXPECTED.offset] = 0;
                    [&place::ROOT, &place::CATALOG].into_iter().for_each(|field| field.put(bytes, field.of(&old)));
                })?;
            }
            Ok(())
        },
    ),
    mixer("superblock-put-back", "one superblock is put back, and the log is removed", |scene, files| {
        let which = newest_slot(&scene.first)?;
        files.log = None;
        put(&mut files.page_file, which * 4096, slot(&scene.first, which)?)
    }),
    mixer("superblocks-put-back", "both superblocks are put back", |scene, files| put_slots_back(files, &scene.second)),
    mixer("superblocks-of-the-first", "both superblocks and all pages but one are put back", |scene, files| {
        let kept = changed_leaf(scene)?;
        let now = page(&scene.present, kept)?.to_vec();
        *files = scene.first.clone();
        put(&mut files.page_file, place_of(kept), &now)
    }),
    mixer(
        "superblocks-of-the-backup",
        "the superblocks of a backup, which has the same keys, are put in place",
        |scene, files| put_slots_back(files, &scene.backup),
    ),
    gains(
        Gain::Key,
        mixer(
            "key-slot-put-back",
            "a removed key slot is put back into both superblocks, checksums mended",
            |scene, files| {
                let old = slot(&scene.before_removal, 0)?;
                let key_slots = place::KEY_SLOTS.of(old).to_vec();
                [0, 1]
                    .into_iter()
                    .try_for_each(|which| edit_slot(files, which, |bytes| place::KEY_SLOTS.put(bytes, &key_slots)))
            },
        ),
    ),
    gains(
        Gain::Key,
        mixer(
            "superblock-before-a-removal",
            "one superblock of before a key was removed is put back",
            |scene, files| {
                let which = 1 - newest_slot(files)?;
                put(&mut files.page_file, which * 4096, slot(&scene.before_removal, which)?)
            },
        ),
    ),
    gains(
        Gain::Key,
        restorer(
            "superblocks-before-a-removal",
            "both superblocks of before a key was removed are put back",
            |scene, files| put_slots_back(files, &scene.before_removal),
        ),
    ),
    gains(
        Gain::Work,
        mixer("kdf-bomb", "a key slot asks for more work than the ceiling, checksums mended", |_, files| {
            let passes = place::KEY_SLOTS.offset + key_slot_place::KDF_PASSES.offset;
            let ask = |bytes: &mut [u8]| bytes[passes..passes + 4].copy_from_slice(&17u32.to_le_bytes());
            [0, 1].into_iter().try_for_each(|which| edit_slot(files, which, ask))
        }),
    ),
    fault("key-slot-byte", "a byte of the wrapped key is flipped in both superblocks, checksums mended", |_, files| {
        let at = place::KEY_SLOTS.offset + key_slot_place::WRAPPED_DEK.offset;
        [0, 1].into_iter().try_for_each(|which| edit_slot(files, which, |bytes| bytes[at] ^= 1))
    }),
    mixer("stranger", "a stranger's database, whose key stands in it, is put in place", |scene, files| {
        *files = scene.stranger.clone();
        Ok(())
    }),
    // The log, mixed.
    mixer("log-removed", "the log is removed", |_, files| {
        files.log = None;
        Ok(())
    }),
    mixer("log-emptied", "the log is cut behind its header", |_, files| {
        log_mut(files)?.truncate(LOG_HEADER_BYTES);
        Ok(())
    }),
    mixer("log-put-back", "the log of the generation before is put back", |scene, files| {
        files.log.clone_from(&scene.before_second.log);
        Ok(())
    }),
    mixer("log-of-an-early-fork", "the log of a copy that went on for as long is put in place", |scene, files| {
        files.log.clone_from(&scene.early_fork.log);
        Ok(())
    }),
    mixer("log-of-another", "the log of another database is put in place", |scene, files| {
        files.log.clone_from(&scene.other.log);
        Ok(())
    }),
    mixer("page-file-put-back", "the page file is put back under a newer log", |scene, files| {
        files.page_file.clone_from(&scene.before_second.page_file);
        Ok(())
    }),
    mixer("record-removed", "a frame is taken out of the log", |_, files| {
        let log = log_mut(files)?;
        let span = a_frame(log)?;
        log.drain(span);
        Ok(())
    }),
    mixer("records-swapped", "two frames of a commit are swapped", |_, files| {
        let log = log_mut(files)?;
        let first = a_frame(log)?;
        let second = first.end..first.end + first.len();
        let (a, b) = (log[first.clone()].to_vec(), log[second.clone()].to_vec());
        put(log, first.start, &b)?;
        put(log, second.start, &a)
    }),
    mixer("commit-removed", "a commit is taken out of the middle of the log", |_, files| {
        let log = log_mut(files)?;
        let span = commits(log)?[1].clone();
        log.drain(span);
        Ok(())
    }),
    mixer("commit-repeated", "a commit is put behind the last one again", |_, files| {
        let log = log_mut(files)?;
        let commits = commits(log)?;
        let again = log[commits[0].clone()].to_vec();
        log.truncate(last(&commits).end);
        log.extend_from_slice(&again);
        Ok(())
    }),
    mixer("commit-spliced", "the last commit is replaced by one of an older log", |scene, files| {
        let log = log_mut(files)?;
        log.truncate(last(&commits(log)?).start);
        let old = log_of(&scene.before_second)?;
        let end =
            records(old)?.iter().find(|place| place.page == 0).map_or(old.len(), |place| place.end.min(old.len()));
        log.extend_from_slice(&old[LOG_HEADER_BYTES..end]);
        Ok(())
    }),
    mixer(
        "commit-of-a-fork",
        "a commit is replaced by that of a copy, and one of ours stands behind it",
        |scene, files| {
            let (ours, theirs) = (log_of(&scene.abandoned)?, log_of(&scene.fork)?);
            let (mine, other) = (commits(ours)?, commits(theirs)?);
            let [.., replaced, behind] = &mine[..] else { return Err(nothing_to_change("there is no commit behind")) };
            let log = log_mut(files)?;
            log.truncate(replaced.start);
            log.extend_from_slice(&theirs[last(&other)]);
            log.extend_from_slice(&ours[behind.clone()]);
            Ok(())
        },
    ),
    mixer(
        "frame-of-a-fork",
        "a frame of the last commit is replaced by the one that a copy has there",
        |scene, files| {
            let theirs = log_of(&scene.fork)?;
            let log = log_mut(files)?;
            let (mine, other) = (last(&commits(log)?), last(&commits(theirs)?));
            let frame = a_frame(log)?.len();
            put(log, mine.start, &theirs[other.start..other.end.min(other.start + frame)])
        },
    ),
    mixer("record-edited", "a commit record is edited, its checksum mended", |_, files| {
        let log = log_mut(files)?;
        let record = commit_record(log)?;
        // The flags of its body: a page of the free list would do as well.
        log[record.start + 80 + 72] ^= 1;
        mend_record(log, record)
    }),
    mixer("frame-edited", "the page in a frame is edited, its checksum mended", |_, files| {
        let log = log_mut(files)?;
        let span = commits_last_frame(log)?;
        log[span.start + 80 + 200] ^= 1;
        mend_record(log, span)
    }),
    mixer(
        "frame-renumbered",
        "a frame and the page in it are given another number, the checksum mended",
        |scene, files| {
            let other = leaves(scene)?[0];
            let log = log_mut(files)?;
            let span = a_frame(log)?;
            put(log, span.start + record_place::PAGE.offset, &other.to_le_bytes())?;
            put(log, span.start + 80 + NUMBER.start, &other.to_le_bytes())?;
            mend_record(log, span)
        },
    ),
    mixer("padding-edited", "the padding behind a commit is written to", |_, files| {
        let log = log_mut(files)?;
        let places = records(log)?;
        let padded = places.iter().find(|place| place.end > place.span.end);
        let at = padded.ok_or_else(|| nothing_to_change("no commit is padded"))?.span.end;
        put(log, at, b"x")
    }),
    open(
        When::OpenThenRead,
        mixer(
            "frame-put-back-while-open",
            "an older frame of the same page is put over the newest while it is open",
            frame_back,
        ),
    ),
    open(When::OpenThenFolded, mixer("frame-put-back-then-folded", "the same, and the log is folded", frame_back)),
    // What belongs together.
    restorer("log-cut", "the log is cut at the end of a commit", |_, files| {
        let log = log_mut(files)?;
        log.truncate(last(&commits(log)?).start);
        Ok(())
    }),
    restorer("all-put-back", "all files of an earlier time are put back", |scene, files| {
        *files = scene.second.clone();
        Ok(())
    }),
    restorer(
        "superblock-and-log-taken-back",
        "one superblock is put back to before the first commit of its log, and the log is removed",
        |scene, files| {
            *files = Files { log: None, ..files.clone() };
            put_slots_back(files, &scene.second)
        },
    ),
    restorer("log-of-a-fork", "the log of a copy that was written on by itself is put in place", |scene, files| {
        files.log.clone_from(&scene.fork.log);
        Ok(())
    }),
    restorer("tail-put-back", "a commit that a crash took back is put back", |scene, files| {
        files.log.clone_from(&scene.abandoned.log);
        Ok(())
    }),
    Attack {
        by: Attacker::KeyHolder,
        ..fault("with-the-key", "somebody with the key makes a commit", |scene, files| {
            *files = scene.with_the_key.clone();
            Ok(())
        })
    },
];

fn flip_page(scene: &Scene, files: &mut Files, at: usize) -> Result<()> {
    files.page_file[place_of(leaves(scene)?[0]) + at] ^= 1;
    Ok(())
}

fn one_page_back(scene: &Scene, files: &mut Files) -> Result<()> {
    let number = changed_leaf(scene)?;
    put(&mut files.page_file, place_of(number), page(&scene.first, number)?)
}

fn flip_log(files: &mut Files, at: impl Fn(&[u8]) -> Result<usize>) -> Result<()> {
    let log = log_mut(files)?;
    let at = at(log)?;
    log[at] ^= 1;
    Ok(())
}

fn last(commits: &[std::ops::Range<usize>]) -> std::ops::Range<usize> {
    commits.last().cloned().unwrap_or_default()
}

/// The first frame of the second commit, which has a frame behind it.
fn a_frame(log: &[u8]) -> Result<std::ops::Range<usize>> {
    let start = commits(log)?[1].start;
    let places = records(log)?;
    let at = places.iter().position(|place| place.span.start == start && place.page > 0);
    let at = at.filter(|&at| places.get(at + 1).is_some_and(|next| next.page > 0));
    at.map(|at| places[at].span.clone()).ok_or_else(|| nothing_to_change("a commit has one frame alone"))
}

/// The first frame of the last commit.
fn commits_last_frame(log: &[u8]) -> Result<std::ops::Range<usize>> {
    let start = last(&commits(log)?).start;
    let found = records(log)?.into_iter().find(|place| place.span.start == start && place.page > 0);
    found.map(|place| place.span).ok_or_else(|| nothing_to_change("the last commit has no frames"))
}

/// The commit record of the second commit.
fn commit_record(log: &[u8]) -> Result<std::ops::Range<usize>> {
    let found = records(log)?.into_iter().filter(|place| place.page == 0).nth(1);
    found.map(|place| place.span).ok_or_else(|| nothing_to_change("the log has one commit"))
}

/// The newest frame of a page that the log has more than once, and the oldest.
fn two_versions(scene: &Scene) -> Result<(Place, Place)> {
    let found = frames(scene)?.into_values().find(|versions| versions.len() > 1);
    let versions = found.ok_or_else(|| nothing_to_change("no page is in the log twice"))?;
    Ok((versions[versions.len() - 1].clone(), versions[0].clone()))
}

fn frame_back(scene: &Scene, files: &mut Files) -> Result<()> {
    let (newest, oldest) = two_versions(scene)?;
    let log = log_mut(files)?;
    let old = log[oldest.span.start + 80..oldest.span.end].to_vec();
    put(log, newest.span.start + 80, &old)?;
    mend_record(log, newest.span)
}
