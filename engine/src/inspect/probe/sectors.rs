//! A page against versions of it, sector by sector and bit by bit.

use serde::Serialize;
use std::fmt;

/// What a disk writes whole or not at all, in bytes.
const SECTOR_BYTES: usize = 512;

/// Of a sector that is of another version, about half of the bits differ; of one that rotted, few. This many and more are
/// another version.
const BITS_OF_ANOTHER: u32 = SECTOR_BYTES as u32;

/// Most places that a difference lists.
const PLACES_MAX: usize = 8;

/// How bytes differ from others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// Bits that differ.
    pub bits: u32,
    /// Bytes with such bits.
    pub bytes: u32,
    /// Where: offsets of the first of those bytes in the page, at most eight.
    pub places: Vec<u32>,
    /// From what.
    pub from: String,
}

impl Difference {
    /// How `found` differs from `other`, which is as long.
    pub(super) fn between(found: &[u8], other: &[u8], from: impl Into<String>) -> Difference {
        let differing = || (0u32..).zip(found.iter().zip(other)).filter(|(_, (a, b))| a != b);
        Difference {
            bits: bits_between(found, other),
            bytes: differing().count() as u32,
            places: differing().map(|(place, _)| place).take(PLACES_MAX).collect(),
            from: from.into(),
        }
    }

    /// `1 bit`, `12 bits`.
    pub(super) fn count_text(&self) -> String {
        if self.bits == 1 { "1 bit".to_owned() } else { format!("{} bits", self.bits) }
    }

    /// `From what was sealed 2 bits differ, at bytes 132 and 140`.
    pub(super) fn sentence(&self) -> String {
        let differ = if self.bits == 1 { "differs" } else { "differ" };
        format!("From {} {} {differ}, {}", self.from, self.count_text(), self.places_text())
    }

    fn places_text(&self) -> String {
        let shown: Vec<String> = self.places.iter().map(u32::to_string).collect();
        let more = self.bytes as usize - shown.len();
        match (&shown[..], more) {
            ([one], 0) => format!("at byte {one}"),
            ([first @ .., last], 0) => format!("at bytes {} and {last}", first.join(", ")),
            (_, more) => format!("at bytes {} and {more} more", shown.join(", ")),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed, {}", self.count_text(), self.places_text())
    }
}

/// Neighbouring sectors of one origin.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SectorRun {
    /// The first, from 0.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Of which version they are: `commit 7 (in the log at byte 592)`, `zeros`, `no version at hand`.
    pub of: String,
}

impl SectorRun {
    /// As it is said within a sentence.
    pub(super) fn within(&self) -> String {
        let sentence = self.to_string();
        sentence.strip_prefix('S').map_or_else(|| sentence.clone(), |rest| format!("s{rest}"))
    }
}

impl fmt::Display for SectorRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "Sector {} is of {}", self.first, self.of),
            false => write!(f, "Sectors {} to {} are of {}", self.first, self.last, self.of),
        }
    }
}

/// What a comparison with versions comes to.
pub(super) enum Compared {
    /// It is this version with few bits changed.
    Changed { version: usize, difference: Difference },
    /// Some sectors are of one version and some of another.
    Torn(Vec<SectorRun>),
    /// It is like none of them.
    Unlike,
}

/// Compares a page with versions, each with its name; the most likely ones first.
pub(super) fn compare(found: &[u8], versions: &[(String, &[u8])]) -> Compared {
    let sector = |bytes: &[u8], index: usize| bytes[index * SECTOR_BYTES..(index + 1) * SECTOR_BYTES].to_vec();
    let count = found.len() / SECTOR_BYTES;
    let least = |index: usize| {
        versions.iter().map(|(_, bytes)| bits_between(&sector(found, index), &sector(bytes, index))).min().unwrap_or(0)
    };
    let nearest = (0..versions.len()).min_by_key(|&version| bits_between(found, versions[version].1));
    if let Some(version) = nearest {
        let (name, bytes) = &versions[version];
        let is_near =
            (0..count).all(|index| bits_between(&sector(found, index), &sector(bytes, index)) < BITS_OF_ANOTHER);
        if is_near {
            return Compared::Changed { version, difference: Difference::between(found, bytes, name.clone()) };
        }
    }
    let origin = |index: usize| {
        let found = sector(found, index);
        match versions.iter().find(|(_, bytes)| sector(bytes, index) == found) {
            Some((name, _)) => Some(name.clone()),
            None if found.iter().all(|&byte| byte == 0) => Some(ZEROS.to_owned()),
            None if least(index) >= BITS_OF_ANOTHER => Some(UNKNOWN.to_owned()),
            None => None,
        }
    };
    let origins: Option<Vec<String>> = (0..count).map(origin).collect();
    let Some(origins) = origins else { return Compared::Unlike };
    match origins.iter().any(|origin| versions.iter().any(|(name, _)| name == origin)) {
        true => Compared::Torn(runs(&origins)),
        false => Compared::Unlike,
    }
}

const ZEROS: &str = "zeros, as space that was never written";
const UNKNOWN: &str = "no version at hand";

/// The runs of a page of which some sectors, not all, are zeros: sealed bytes never are.
pub(super) fn zero_runs(found: &[u8]) -> Option<Vec<SectorRun>> {
    let is_zero = |sector: &[u8]| sector.iter().all(|&byte| byte == 0);
    let origin = |sector| if is_zero(sector) { ZEROS.to_owned() } else { "a sealed page".to_owned() };
    let origins: Vec<String> = found.chunks(SECTOR_BYTES).map(origin).collect();
    origins.iter().any(|origin| origin == ZEROS).then(|| runs(&origins))
}

fn runs(origins: &[String]) -> Vec<SectorRun> {
    let mut first = 0;
    origins
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let run = SectorRun { first, last: first + run.len() as u32 - 1, of: run[0].clone() };
            first = run.last + 1;
            run
        })
        .collect()
}

/// How many bits differ.
pub(super) fn bits_between(one: &[u8], other: &[u8]) -> u32 {
    one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as u8
        };
        (0..4096).map(|_| next()).collect()
    }

    #[test]
    fn sectors_of_two_versions_are_torn_and_few_bits_are_rot() {
        let (old, new) = (page(1), page(2));
        let versions = [("commit 2".to_owned(), &new[..]), ("commit 1".to_owned(), &old[..])];
        let mut torn = new.clone();
        torn[1536..].copy_from_slice(&old[1536..]);
        let Compared::Torn(runs) = compare(&torn, &versions) else { panic!("not torn") };
        let told: Vec<String> = runs.iter().map(SectorRun::to_string).collect();
        assert_eq!(told, ["Sectors 0 to 2 are of commit 2", "Sectors 3 to 7 are of commit 1"]);
        let Compared::Torn(runs) = compare(&torn, &versions[..1]) else { panic!("not torn") };
        assert_eq!(runs[1].of, UNKNOWN);
        let mut rotten = new.clone();
        rotten[132] ^= 4;
        let Compared::Changed { version: 0, difference } = compare(&rotten, &versions) else { panic!("not rot") };
        assert_eq!(difference.sentence(), "From commit 2 1 bit differs, at byte 132");
        rotten[140..152].iter_mut().for_each(|byte| *byte ^= 1);
        let Compared::Changed { difference, .. } = compare(&rotten, &versions) else { panic!("not rot") };
        assert_eq!(
            difference.to_string(),
            "13 bits changed, at bytes 132, 140, 141, 142, 143, 144, 145, 146 and 5 more"
        );
        assert!(matches!(compare(&page(3), &versions), Compared::Unlike));
    }

    #[test]
    fn a_page_with_zero_sectors_tells_which() {
        let mut torn = page(1);
        assert_eq!(zero_runs(&torn), None);
        torn[2048..].fill(0);
        let told: Vec<String> = zero_runs(&torn).unwrap().iter().map(SectorRun::to_string).collect();
        assert_eq!(told[0], "Sectors 0 to 3 are of a sealed page");
        assert!(told[1].starts_with("Sectors 4 to 7 are of zeros"));
    }
}
