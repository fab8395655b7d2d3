//! Sealed pages that stand in the bytes of a log, whatever the log means: also in one that was folded already, and in what an
//! older log left behind the end of the present one.
//!
//! Nothing is believed of the records: a page is found by the head of its frame, and then authenticates by itself, or is none.

use super::super::AtRest;
use crate::format::log::{LOG_HEADER_BYTES, LogShape, RECORD_HEADER_BYTES, RecordKind, record_place};
use crate::types::PageNo;
use std::collections::BTreeMap;

/// How much of a log is looked through, in bytes.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// How much is read at a time, in bytes.
const STRIDE_BYTES: usize = 1 << 20;
/// Most frames that are remembered.
const FRAMES_MAX: usize = 1 << 20;

/// Where frames of pages stand in a log, by page.
#[derive(Default)]
pub(in crate::inspect) struct Frames {
    offsets: BTreeMap<PageNo, Vec<u64>>,
}

/// A frame's page.
pub(super) struct FramePage {
    pub bytes: Vec<u8>,
    /// Its first byte in the log.
    pub offset: u64,
    /// Which log, in words: `the log`, `the log of generation 3, folded already,`.
    pub log: String,
}

impl AtRest {
    /// What stands in the log where frames of `page` begin, the last first.
    pub(super) fn frames_of(&self, page: PageNo) -> Vec<FramePage> {
        let Some(page_size) = self.page_size() else { return Vec::new() };
        let frames = self.frames.get_or_init(|| self.find_frames());
        let offsets = frames.offsets.get(&page).map_or(&[][..], |offsets| offsets);
        offsets
            .iter()
            .rev()
            .filter_map(|&offset| {
                let bytes = self.log_bytes(offset, page_size.bytes()).ok()?;
                Some(FramePage { bytes, offset, log: self.log_of_frame(offset) })
            })
            .collect()
    }

    fn log_of_frame(&self, offset: u64) -> String {
        let kept_end = self.log().scan.as_ref().map_or(0, |scan| scan.kept_end);
        if offset < kept_end {
            return "the log".to_owned();
        }
        let head = self.log_bytes(offset - RECORD_HEADER_BYTES as u64, RECORD_HEADER_BYTES).unwrap_or_default();
        let ours = self.chosen().map_or(0, |chosen| chosen.superblock.log_generation);
        match (head.len() == RECORD_HEADER_BYTES).then(|| record_place::GENERATION.u64(&head)) {
            Some(generation) if generation < ours => format!("the log of generation {generation}, folded already,"),
            _ => "the log, behind what counts of it,".to_owned(),
        }
    }

    fn find_frames(&self) -> Frames {
        let mut frames = Frames::default();
        let (Some(length), Ok(shape)) = (self.log().length, self.record_shape()) else { return frames };
        let (mut at, mut count) = (LOG_HEADER_BYTES as u64, 0);
        while at < length.min(LOG_BYTES_MAX) && count < FRAMES_MAX {
            let Ok(bytes) = self.log_bytes(at, STRIDE_BYTES) else { return frames };
            let done = (bytes.len() / 8 * 8).saturating_sub(RECORD_HEADER_BYTES);
            for place in (0..=done).step_by(8).filter(|&place| place + RECORD_HEADER_BYTES <= bytes.len()) {
                if let Some(page) = page_of_frame(&bytes[place..], shape) {
                    let offset = at + (place + RECORD_HEADER_BYTES) as u64;
                    frames.offsets.entry(page).or_default().push(offset);
                    count += 1;
                }
            }
            if bytes.len() < STRIDE_BYTES {
                return frames;
            }
            at += done as u64 + 8;
        }
        frames
    }
}

/// The page whose frame's head begins here.
fn page_of_frame(bytes: &[u8], shape: LogShape) -> Option<PageNo> {
    let is_head = record_place::LENGTH.u32(bytes) as usize == shape.record_bytes(RecordKind::Page)
        && record_place::KIND.u8(bytes) == RecordKind::Page as u8;
    let page = PageNo(record_place::PAGE.u32(bytes));
    (is_head && !page.is_none()).then_some(page)
}
