//! The two superblock slots: which of them counts.
//!
//! Generation n stands in slot n mod 2, and two good slots differ by exactly one: nothing else can come of an honest crash.
//! A slot with a good checksum that cannot be read is a stop, not a reason to fall back: falling back is a rollback tool.

use crate::crypto::{KeyContext, Keys};
use crate::defence::{Defence, holds, is_off};
use crate::finding::{Code, Finding, REMEDY};
use crate::format::looks_like::{MARK_WITH_ANOTHER_LINE_ENDING, NO_KNOWN_KIND, ZEROS, looks_like};
use crate::format::superblock::{Superblock, mac_input, stored_mac};
use crate::limits::SUPERBLOCK_BYTES;

/// The slot that counts, and what stands in the other one.
#[derive(Clone, Debug)]
pub struct ChosenSlot {
    /// 0 for A, 1 for B.
    pub slot: u8,
    /// Its content.
    pub superblock: Superblock,
    /// The other slot's content, or what is wrong with it.
    pub other: Result<Superblock, Box<Finding>>,
}

/// The letter of a slot, as people call it.
pub fn slot_letter(slot: u8) -> char {
    if slot == 0 { 'A' } else { 'B' }
}

/// Reads both slots from the first 8192 bytes of a page file (fewer when it is shorter) and takes the one that counts.
pub fn choose(head: &[u8], file: &str) -> Result<ChosenSlot, Box<Finding>> {
    choose_of(read_slots(head, file), head, file)
}

/// As [`choose`], of slots that were judged already, in `head`.
pub fn choose_of(
    slots: [Result<Superblock, Box<Finding>>; 2],
    head: &[u8],
    file: &str,
) -> Result<ChosenSlot, Box<Finding>> {
    for finding in slots.iter().filter_map(|slot| slot.as_ref().err()) {
        let reads =
            !matches!(finding.code, Code::HdrVersion | Code::HdrFeature | Code::HdrField | Code::HdrSlotsDisagree);
        if !holds(Defence::UnreadableSlotStops, reads) {
            return Err(finding.clone());
        }
    }
    match slots {
        [Ok(a), Ok(b)] if !are_of_one_database(&a, &b) => Err(Box::new(of_two_databases(&a, &b, file))),
        [Ok(a), Ok(b)] if !are_neighbours(&a, &b) => Err(Box::new(disagree(&a, &b, file))),
        [Ok(a), Ok(b)] if a.slot_generation > b.slot_generation => {
            Ok(ChosenSlot { slot: 0, superblock: a, other: Ok(b) })
        }
        [Ok(a), Ok(b)] => Ok(ChosenSlot { slot: 1, superblock: b, other: Ok(a) }),
        [Ok(a), Err(bad)] => Ok(ChosenSlot { slot: 0, superblock: a, other: Err(bad) }),
        [Err(bad), Ok(b)] => Ok(ChosenSlot { slot: 1, superblock: b, other: Err(bad) }),
        [Err(a), Err(b)] => Err(neither(a, b, head)),
    }
}

fn are_neighbours(a: &Superblock, b: &Superblock) -> bool {
    holds(Defence::SlotNeighbours, a.slot_generation.abs_diff(b.slot_generation) == 1)
}

/// What no writer ever changes in a file: both slots have it alike. Without this the MACs would refuse one of them all the same,
/// but whichever slot is the newer would accuse the other.
fn are_of_one_database(a: &Superblock, b: &Superblock) -> bool {
    key_context(a) == key_context(b) && a.key_set == b.key_set
}

/// Of two slots that name different databases, each taken alone and the other one accused, the newer one first; for whoever
/// only looks, and can try with which of them the pages open. Nothing when that is not what is wrong.
pub fn each_alone(slots: &[Result<Superblock, Box<Finding>>; 2], file: &str) -> Vec<ChosenSlot> {
    let [Ok(a), Ok(b)] = slots else { return Vec::new() };
    if are_of_one_database(a, b) {
        return Vec::new();
    }
    let alone = |slot: u8, own: &Superblock, other: &Superblock| ChosenSlot {
        slot,
        superblock: own.clone(),
        other: Err(Box::new(of_another_database(1 - slot, other, own, file))),
    };
    let mut each = vec![alone(0, a, b), alone(1, b, a)];
    each.sort_by_key(|chosen| std::cmp::Reverse(chosen.superblock.slot_generation));
    each
}

/// What stands in slots A and B, each judged by itself.
pub fn read_slots(head: &[u8], file: &str) -> [Result<Superblock, Box<Finding>>; 2] {
    [decode(head, 0, file), decode(head, 1, file)]
}

/// Checks the MACs of the chosen slot and, when it reads, of the other.
pub fn authenticate(chosen: &ChosenSlot, keys: &Keys, head: &[u8], file: &str) -> Result<(), Box<Finding>> {
    for slot in [chosen.slot, 1 - chosen.slot] {
        let is_other = slot != chosen.slot;
        let reads = !is_other || chosen.other.is_ok();
        if reads && !(is_other && is_off(Defence::OtherSuperblockMac)) {
            authenticate_slot(slot, keys, head, file)?;
        }
    }
    Ok(())
}

/// Checks the MAC of one slot that was read.
pub fn authenticate_slot(slot: u8, keys: &Keys, head: &[u8], file: &str) -> Result<(), Box<Finding>> {
    let bytes = slot_bytes(head, slot);
    match holds(Defence::SuperblockMac, keys.superblock_mac_is(mac_input(bytes), stored_mac(bytes))) {
        true => Ok(()),
        false => Err(Box::new(forged(slot, file))),
    }
}

/// What the subkeys of a database depend on.
pub fn key_context(superblock: &Superblock) -> KeyContext {
    KeyContext {
        format: superblock.format,
        cipher_suite: superblock.cipher_suite,
        page_size: superblock.page_size.get(),
        file_id: superblock.file_id,
        dek_generation: superblock.dek_generation,
    }
}

/// The bytes of one slot; fewer than a slot where the file is short.
pub fn slot_bytes(head: &[u8], slot: u8) -> &[u8] {
    let start = (usize::from(slot) * SUPERBLOCK_BYTES).min(head.len());
    &head[start..(start + SUPERBLOCK_BYTES).min(head.len())]
}

fn decode(head: &[u8], slot: u8, file: &str) -> Result<Superblock, Box<Finding>> {
    let base = u64::from(slot) * SUPERBLOCK_BYTES as u64;
    let superblock = Superblock::decode(slot_bytes(head, slot)).map_err(|error| Box::new(error.finding(file, base)))?;
    if !holds(Defence::SlotParity, superblock.slot_generation % 2 == u64::from(slot)) {
        let finding = Finding::new(
            Code::HdrSlotsDisagree,
            "A superblock stands in the slot that its generation does not belong to.",
        )
        .at(file, base..base + SUPERBLOCK_BYTES as u64)
        .expected(
            format!("a generation of slot {}", slot_letter(slot)),
            format!("generation {}", superblock.slot_generation),
        )
        .lost("Which state is the newest cannot be told.")
        .remedy();
        return Err(Box::new(finding));
    }
    Ok(superblock)
}

fn disagree(a: &Superblock, b: &Superblock, file: &str) -> Finding {
    Finding::new(Code::HdrSlotsDisagree, "Both superblock slots read, but their generations are not neighbours.")
        .at(file, 0..2 * SUPERBLOCK_BYTES as u64)
        .expected("generations that differ by 1", format!("{} and {}", a.slot_generation, b.slot_generation))
        .lost("Which state is the newest cannot be told.")
        .remedy()
}

/// A missing log beside a slot that does not read means that the newest slot is gone, not that the log is.
pub fn as_slot_lost(mut finding: Box<Finding>, chosen: &ChosenSlot) -> Box<Finding> {
    if finding.code == Code::LogMissing && chosen.other.is_err() {
        finding.code = Code::HdrSlotLost;
        finding.why =
            "The newest superblock slot does not read, and the log that the older one needs was reset already."
                .to_owned();
        finding.next = Some(REMEDY.to_owned());
    }
    finding
}

fn of_two_databases(a: &Superblock, b: &Superblock, file: &str) -> Finding {
    Finding::new(
        Code::HdrSlotsDisagree,
        "The two superblock slots are of two databases; one of them was put here, or edited.",
    )
    .at(file, 0..2 * SUPERBLOCK_BYTES as u64)
    .expected("one database in both slots", differences(a, b))
    .lost("Nothing yet: `verify` with the key tells with which of them the pages open.")
    .remedy()
}

fn of_another_database(slot: u8, accused: &Superblock, own: &Superblock, file: &str) -> Finding {
    let (letter, own_letter) = (slot_letter(slot), slot_letter(1 - slot));
    let base = u64::from(slot) * SUPERBLOCK_BYTES as u64;
    let why = format!(
        "Superblock {letter} is of another database, or was edited: superblock {own_letter} names another one, and with its keys the pages open."
    );
    Finding::new(Code::HdrSlotsDisagree, why)
        .at(file, base..base + SUPERBLOCK_BYTES as u64)
        .expected(format!("what superblock {own_letter} names"), differences(own, accused))
        .lost(format!(
            "What superblock {letter} said, if it was the newer one: a checkpoint, or a change of key slots."
        ))
        .remedy()
}

/// In which of what must be alike the two differ.
fn differences(a: &Superblock, b: &Superblock) -> String {
    let rows = [
        ("file ids", a.file_id.to_string(), b.file_id.to_string()),
        ("key sets", hex::encode(a.key_set.0), hex::encode(b.key_set.0)),
        ("page sizes", a.page_size.get().to_string(), b.page_size.get().to_string()),
        ("formats", a.format.to_string(), b.format.to_string()),
        ("generations of the data key", a.dek_generation.to_string(), b.dek_generation.to_string()),
        ("cipher suites", a.cipher_suite.to_string(), b.cipher_suite.to_string()),
    ];
    let differing = rows.iter().filter(|(_, one, other)| one != other);
    differing.map(|(what, one, other)| format!("the {what} {one} and {other}")).collect::<Vec<_>>().join("; ")
}

fn forged(slot: u8, file: &str) -> Finding {
    let base = u64::from(slot) * SUPERBLOCK_BYTES as u64;
    let why = format!(
        "Superblock {} has a right checksum and a wrong MAC: it was not written with this file's key.",
        slot_letter(slot)
    );
    Finding::new(Code::HdrForged, why)
        .at(file, base..base + SUPERBLOCK_BYTES as u64)
        .expected("the MAC of these bytes under the file's key", "another MAC")
        .lost("Nothing that this slot says can be believed.")
        .remedy()
}

/// Neither slot reads: say the one that tells more. A file that is not ours is one that has our mark in neither place.
fn neither(a: Box<Finding>, b: Box<Finding>, head: &[u8]) -> Box<Finding> {
    let both_torn = a.code == Code::HdrCrc && b.code == Code::HdrCrc;
    let mut finding = if a.code == Code::HdrMagic && b.code != Code::HdrMagic { b } else { a };
    finding.severity = crate::finding::Severity::Fatal;
    if both_torn {
        finding.why = "Neither superblock has the bytes that were written: the checksums of both are wrong.".to_owned();
        (finding.byte_start, finding.byte_end) = (Some(0), Some(2 * SUPERBLOCK_BYTES as u64));
        finding.expected = Some("a right checksum in one of them".to_owned());
        finding.found = Some("wrong ones in both".to_owned());
        finding.lost =
            Some("The way into the file; what of the pages can be reached without it, salvage tells.".to_owned());
    }
    if finding.code == Code::HdrMagic {
        not_ours(&mut finding, head);
    } else if finding.next.is_none() {
        finding.next = Some(REMEDY.to_owned());
    }
    finding
}

/// The file has our mark in no place. What it looks like instead decides what to say of it.
fn not_ours(finding: &mut Finding, head: &[u8]) {
    let was_cut = "If this was a tosumu database, it was cut short: copy it again, or restore a backup.";
    let (lost, next) = match looks_like(head) {
        _ if head.is_empty() => {
            finding.why = "The file is empty.".to_owned();
            ("Nothing that was in this file is in it any more, if anything was.", was_cut.to_owned())
        }
        MARK_WITH_ANOTHER_LINE_ENDING => (
            "Nothing yet: the original still has it.",
            "The file was transferred as text, which changes bytes everywhere in it. Transfer it again, as binary; keep the original."
                .to_owned(),
        ),
        NO_KNOWN_KIND | ZEROS if head.len() < SUPERBLOCK_BYTES => {
            let bytes = head.len();
            finding.why = format!("The file ends after {bytes} bytes; a superblock alone takes {SUPERBLOCK_BYTES}.");
            ("What was behind the end, if this was a database.", was_cut.to_owned())
        }
        NO_KNOWN_KIND | ZEROS => (
            "The way into the file, if this was a database.",
            format!("If this was a tosumu database, its first sectors were overwritten. {REMEDY}"),
        ),
        known => (
            "Nothing: this was not written by tosumu, or it was written over.",
            format!("This looks like {known}: open it with what it belongs to. If it was a tosumu database, it was written over. {REMEDY}"),
        ),
    };
    finding.lost = Some(lost.to_owned());
    finding.next = Some(next);
}
