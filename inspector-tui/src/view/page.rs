//! One page: drawn to scale, its slots, its bytes, and the card of the field under the cursor. All of it comes from one
//! list of annotations, so that a selected byte is the same field in all four.

use super::line_of;
use crate::{
    describe::page as facts,
    model::Model,
    widget::{ByteRuler, Card, CardLine, Family, HexGrid, HexSpan, Region, Selection, Theme, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use std::ops::Range;
use tosumu::{
    escape::escape,
    format::{
        annotate::{self, Annotation},
        node::NodeView,
        page::SealedView,
    },
    types::Bytes,
};

/// Bytes that belong together on the ruler and in the grid: the header, the slots, one cell.
struct Part {
    span: Range<usize>,
    sign: char,
    family: Family,
    /// Its name over the ruler, shared by neighbours.
    group: &'static str,
    /// Its name beside the bytes.
    name: String,
}

/// `Page 2, leaf, in memory, not sealed yet`.
pub fn title(model: &Model) -> String {
    let page = facts::page(model);
    if page.page == 0 {
        return "Page".into();
    }
    let kind = if page.kind.is_empty() { String::new() } else { format!(", {}", page.kind) };
    format!("Page {}{kind}, {}", page.page, page.state)
}

/// `plain, 456 bytes`.
pub fn note(model: &Model) -> String {
    let page = facts::page(model);
    if page.bytes == 0 { String::new() } else { format!("{}, {} bytes", page.form, page.bytes) }
}

/// The same in few words, where tabs stand in place of a title.
pub fn short_note(model: &Model) -> String {
    match (model.shown_page(), model.shows_sealed()) {
        (None, _) => String::new(),
        (Some(page), true) => format!("page {page} sealed"),
        (Some(page), false) => format!("page {page}"),
    }
}

/// Ruler and slot line only.
pub fn draw_brief(model: &Model, area: Rect, buffer: &mut Buffer) {
    let page = facts::page(model);
    let theme = &model.style.theme;
    if let Some(remark) = &page.remark {
        return super::wrapped(buffer, area, remark, theme.style(Family::Quiet));
    }
    let parts = parts(model);
    draw_ruler(model, &parts, Rect { height: ruler_lines(area, false), ..area }, buffer);
    if area.height > 1 {
        draw_slot_line(&page, theme, area, area.height - 1, buffer);
    }
}

/// Ruler, slots and bytes.
pub fn draw_full(model: &Model, area: Rect, buffer: &mut Buffer) {
    let page = facts::page(model);
    let theme = &model.style.theme;
    if let Some(remark) = &page.remark {
        return super::wrapped(buffer, area, remark, theme.style(Family::Quiet));
    }
    let parts = parts(model);
    let ruler_lines = ruler_lines(area, true);
    draw_ruler(model, &parts, Rect { height: ruler_lines, ..area }, buffer);
    let has_slots = !page.slot_line.is_empty() && page.form == "plain";
    let slot_lines = u16::from(has_slots && area.height > ruler_lines + 3);
    if slot_lines > 0 {
        draw_slot_line(&page, theme, area, ruler_lines, buffer);
    }
    let used = ruler_lines + slot_lines;
    let rest = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    draw_hex(model, &parts, rest, buffer);
}

fn draw_slot_line(page: &facts::PageFacts, theme: &Theme, area: Rect, line: u16, buffer: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(2);
    let words = text::wrap(&page.slot_line, room.saturating_sub(10));
    let shown = match words.len() {
        0 | 1 => page.slot_line.clone(),
        // The slots that do not fit stand in the grid below; how many they are is said here.
        _ => {
            let hidden = words[1..].iter().map(|line| line.matches(" > ").count()).sum::<usize>();
            if hidden == 0 { page.slot_line.clone() } else { format!("{}   +{hidden} more", words[0].trim_end()) }
        }
    };
    line_of(buffer, area, line, &shown, theme.style(Family::Pointer));
}

fn draw_ruler(model: &Model, parts: &[Part], area: Rect, buffer: &mut Buffer) {
    let regions = regions(model, parts);
    let size_bytes = parts.last().map_or(0, |part| part.span.end);
    ByteRuler { size_bytes, regions: &regions, theme: &model.style.theme }.render(area, buffer);
}

/// Lines of the ruler of a page that is drawn in full, and of one whose bytes are left out.
fn ruler_lines(area: Rect, with_bytes: bool) -> u16 {
    match (with_bytes, area.height) {
        (true, 8..) => 3,
        (true, height) => height.min(2),
        (false, height) => height.saturating_sub(1).max(1).min(height),
    }
}

/// The byte under a place of the ruler of a page drawn in full.
pub fn byte_on_ruler(model: &Model, column: u16, line: u16, area: Rect) -> Option<usize> {
    byte_on(model, column, line, Rect { height: ruler_lines(area, true), ..area })
}

/// The same where the page's bytes are left out.
pub fn byte_on_brief_ruler(model: &Model, column: u16, line: u16, area: Rect) -> Option<usize> {
    byte_on(model, column, line, Rect { height: ruler_lines(area, false), ..area })
}

fn byte_on(model: &Model, column: u16, line: u16, area: Rect) -> Option<usize> {
    if line >= area.height || facts::page(model).remark.is_some() {
        return None;
    }
    let parts = parts(model);
    let regions = regions(model, &parts);
    let size_bytes = parts.last().map_or(0, |part| part.span.end);
    ByteRuler { size_bytes, regions: &regions, theme: &model.style.theme }.byte_at(column, line, area)
}

fn regions(model: &Model, parts: &[Part]) -> Vec<Region> {
    let chosen = chosen_span(model);
    let overlaps = |part: &Part| part.span.start < chosen.end && chosen.start < part.span.end;
    parts
        .iter()
        .map(|part| Region {
            start: part.span.start,
            end: part.span.end,
            sign: part.sign,
            family: part.family,
            name: part.group.into(),
            selection: if overlaps(part) { Selection::Chosen } else { Selection::Other },
        })
        .collect()
}

fn draw_hex(model: &Model, parts: &[Part], area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let bytes = facts::bytes(model);
    let spans: Vec<HexSpan> = parts
        .iter()
        .map(|part| HexSpan {
            start: part.span.start,
            end: part.span.end,
            name: part.name.clone(),
            family: part.family,
        })
        .collect();
    let mut grid = HexGrid {
        bytes: &bytes,
        base: 0,
        spans: &spans,
        cursor: model.byte,
        selected: chosen_span(model),
        top: model.scroll,
        theme: &model.style.theme,
    };
    grid.top = grid.top_that_shows_cursor(area.width, area.height);
    grid.render(area, buffer);
}

/// The bytes of the field under the cursor, or else of the cell the story is about.
fn chosen_span(model: &Model) -> Range<usize> {
    let annotations = facts::annotations(model);
    if let Some(byte) = model.byte {
        let under = annotations.iter().find(|part| part.span.contains(&byte));
        return under.map_or(0..0, |part| part.span.clone());
    }
    let bytes = facts::bytes(model);
    let slot = if model.sealed_form { None } else { facts::chosen_slot(model, &bytes) };
    match slot.zip(NodeView::new(&bytes).ok()).filter(|(slot, node)| *slot < node.slot_count()) {
        Some((slot, node)) => node.cell_span(slot),
        None => 0..0,
    }
}

/// The parts of the shown page, in order.
fn parts(model: &Model) -> Vec<Part> {
    parts_of(&facts::annotations(model), &facts::bytes(model))
}

fn parts_of(annotations: &[Annotation], bytes: &[u8]) -> Vec<Part> {
    let signs = CellSigns::of(bytes);
    let mut parts: Vec<Part> = Vec::new();
    for annotation in annotations {
        let part = part(annotation, bytes, &signs);
        match parts.last_mut() {
            Some(last) if last.name == part.name && last.group == part.group => last.span.end = part.span.end,
            _ => parts.push(part),
        }
    }
    parts
}

fn part(annotation: &Annotation, bytes: &[u8], signs: &CellSigns) -> Part {
    let span = annotation.span.clone();
    let make = |sign, family, group, name: &str| Part { span: span.clone(), sign, family, group, name: name.into() };
    match annotation.name.as_str() {
        "nonce" => make('N', Family::Crypto, "nonce", "nonce"),
        "ciphertext" => make('c', Family::Crypto, "ciphertext", "ciphertext"),
        "tag" => make('T', Family::Identity, "tag", "tag"),
        "free" => make('·', Family::Free, "free", "free"),
        "hole" => make('·', Family::Free, "hole", "hole"),
        name if name.starts_with("slot ") => {
            let slot = annotation.slot.unwrap_or(0);
            make('S', Family::Pointer, "slots", &format!("slot {}", signs.key(bytes, slot)))
        }
        name if name.starts_with("cell ") => {
            let slot = annotation.slot.unwrap_or(0);
            let family = if signs.branch { Family::Pointer } else { Family::Payload };
            make(signs.sign(slot), family, "cells, filled from the end", &format!("cell {}", signs.key(bytes, slot)))
        }
        _ if annotation.value.starts_with("not decodable") => make('?', Family::Bad, "not decodable", "?"),
        _ => make('H', Family::Identity, "head", "header"),
    }
}

/// The sign that each cell has on the ruler: a letter of its key where that tells the cells apart.
struct CellSigns {
    signs: Vec<char>,
    branch: bool,
}

impl CellSigns {
    fn of(bytes: &[u8]) -> CellSigns {
        let Ok(node) = NodeView::new(bytes) else { return CellSigns { signs: Vec::new(), branch: false } };
        let keys: Vec<&[u8]> = (0..node.slot_count()).map(|slot| node.key(slot)).collect();
        let longest = keys.iter().map(|key| key.len()).max().unwrap_or(0);
        let different = |place: &usize| {
            let mut signs: Vec<char> = keys.iter().map(|key| sign_at(key, *place)).collect();
            signs.sort_unstable();
            signs.dedup();
            (signs.len(), std::cmp::Reverse(*place))
        };
        let place = (0..longest.min(24)).max_by_key(different).unwrap_or(0);
        let signs = keys.iter().map(|key| sign_at(key, place)).collect();
        CellSigns { signs, branch: node.level() > 0 }
    }

    fn sign(&self, slot: usize) -> char {
        self.signs.get(slot).copied().unwrap_or('x')
    }

    fn key(&self, bytes: &[u8], slot: usize) -> String {
        match NodeView::new(bytes).ok().filter(|node| slot < node.slot_count()) {
            Some(node) if node.key(slot).is_empty() => "<".into(),
            Some(node) => text::clip(&escape(node.key(slot)).replace(' ', "_"), 12).into_owned(),
            None => slot.to_string(),
        }
    }
}

fn sign_at(key: &[u8], place: usize) -> char {
    match key.get(place) {
        Some(byte) if byte.is_ascii_alphanumeric() => char::from(*byte),
        Some(_) => '#',
        None if key.is_empty() => '<',
        None => '.',
    }
}

/// `Field: cell m`.
pub fn card_title(model: &Model) -> String {
    let annotations = facts::annotations(model);
    let chosen = chosen_span(model);
    let inside: Vec<&Annotation> = annotations.iter().filter(|part| chosen.contains(&part.span.start)).collect();
    match &inside[..] {
        [] => "The page as a whole".into(),
        [only] => format!("Field: {}", only.name),
        [first, ..] => format!("Field: {}", first.name.split(": ").next().unwrap_or("cell")),
    }
}

/// Draws the card of the chosen field, or of the whole cell.
pub fn draw_card(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = card_lines(model);
    Card { lines: &lines, top: 0, foot: 0, way: "", theme: &model.style.theme }.render(area, buffer);
}

/// How many lines the card needs at this width.
pub fn card_lines_needed(model: &Model, width: u16) -> u16 {
    let lines = card_lines(model);
    Card { lines: &lines, top: 0, foot: 0, way: "", theme: &model.style.theme }
        .lines_needed(width)
        .min(usize::from(u16::MAX)) as u16
}

fn card_lines(model: &Model) -> Vec<CardLine> {
    let mut lines = field_lines(model);
    let notes = facts::notes(model);
    if !notes.is_empty() {
        lines.insert(0, CardLine { family: Family::Title, ..CardLine::new("your note", notes.join(";  ")) });
    }
    lines
}

fn field_lines(model: &Model) -> Vec<CardLine> {
    let annotations = facts::annotations(model);
    let chosen = chosen_span(model);
    let inside: Vec<&Annotation> = annotations.iter().filter(|part| chosen.contains(&part.span.start)).collect();
    let Some(first) = inside.first() else { return whole_page(model) };
    let size = annotations.last().map_or(0, |last| last.span.end);
    let named = |part: &&Annotation| {
        let name = part.name.rsplit(": ").next().unwrap_or(&part.name);
        let name = if name == "value length" { "length" } else { name };
        format!("{name} {} ({} B)", text::clip(&part.value, 16), part.span.len())
    };
    let value = match &inside[..] {
        [only] => format!("{}   {}", text::clip(&only.value, 160), only.meaning),
        many => many.iter().map(named).collect::<Vec<_>>().join("   "),
    };
    let holds = match &inside[..] {
        [only] => facts::must_hold(&only.name).to_string(),
        _ => "inside the page, over no other cell, keys in order".into(),
    };
    vec![
        CardLine::new("holds", value),
        CardLine::new("bytes", place(model, &chosen, size, first.slot)),
        CardLine::new("must hold", holds),
        CardLine::new("guarded by", guards(&inside)),
        CardLine::new("written by", written_by(model, chosen.start)),
    ]
}

/// The card while no field is chosen.
fn whole_page(model: &Model) -> Vec<CardLine> {
    let page = facts::page(model);
    if page.remark.is_some() {
        return Vec::new();
    }
    let holds = match NodeView::new(&facts::bytes(model)).ok().filter(|_| page.form == "plain") {
        Some(node) if node.level() == 0 => {
            format!("{}, {}", crate::describe::plural(node.slot_count(), "record"), free(node))
        }
        Some(node) => format!("{}, {}", pages(node.slot_count()), free(node)),
        None if page.form == "plain" && page.kind.is_empty() => "nothing yet".into(),
        None if page.form == "plain" => page.kind.clone(),
        None => match model.world.file().and_then(|file| file.locked.clone()) {
            Some(_) => "what only the key opens, and none given so far does; the sealed form is shown".into(),
            None => "what only its key opens; the sealed form is shown".into(),
        },
    };
    let stands = page.stands_at.unwrap_or_else(|| "in memory only: no file has it yet".into());
    let known = model.shown_page().and_then(|page| model.world.page(page));
    let seal = known.and_then(|known| known.seal).map_or("none yet".into(), |seal| seal.short());
    let writer = page.last_writer.map_or_else(|| facts::no_writer(model).into(), |writer| writer.words());
    vec![
        CardLine::new("holds", holds),
        CardLine::new("stands in", format!("{stands}   seal {seal}")),
        CardLine::new("must hold", "its seal is its pointer's, or the log's; keys in order, in range"),
        CardLine::new("guarded by", "PAGE-STALE, PAGE-UNAUTHENTIC, TREE-RANGE, TREE-ORDER"),
        CardLine::new("written by", writer),
    ]
}

fn pages(count: usize) -> String {
    format!("pointers to {}", crate::describe::plural(count, "page"))
}

fn free(node: NodeView<'_>) -> String {
    format!("{} of {} bytes free", node.free_bytes(), node.bytes().len())
}

fn place(model: &Model, chosen: &Range<usize>, size: usize, slot: Option<usize>) -> String {
    let bytes = match chosen.len() {
        1 => format!("{} of {size}", chosen.start),
        _ => format!("{}-{} of {size}", chosen.start, chosen.end.saturating_sub(1)),
    };
    let plain = facts::bytes(model);
    let node = if model.sealed_form { None } else { NodeView::new(&plain).ok() };
    match node.zip(slot) {
        Some((node, slot)) if slot < node.slot_count() && chosen.start >= node.cells_start() => {
            let span = node.slot_span(slot);
            format!("{bytes}, found through slot {slot} (bytes {}-{} of the page)", span.start, span.end - 1)
        }
        _ => bytes,
    }
}

/// The codes of all parts, each once.
fn guards(parts: &[&Annotation]) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for part in parts {
        for code in part.guarded_by.split(", ") {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    match &codes[..] {
        ["nothing"] => "nothing: no check reads these bytes".into(),
        _ => codes.join(", "),
    }
}

fn written_by(model: &Model, byte: usize) -> String {
    let by_page = || model.shown_page().and_then(|page| model.world.page(page)?.last_writer);
    let writer = match facts::page(model).form {
        "sealed" => facts::writer_of_byte(model, byte),
        _ => facts::writer_of_byte(model, byte).or_else(by_page),
    };
    match (writer.and_then(|event| facts::writer_of_event(model, event)), model.timeline()) {
        (Some(writer), _) => writer.words(),
        (None, Some(_)) => "nobody these events tell of: it was there before them".into(),
        (None, None) => "a file at rest does not tell; a trace does".into(),
    }
}

/// The bytes of the shown page in the form that is not in front, and whether that is the sealed one.
fn other_form(model: &Model) -> Option<(Bytes, Vec<Annotation>, bool)> {
    let page = model.shown_page()?;
    if model.shows_sealed() {
        let plain = model.world.page(page)?.plain.filter(|plain| !plain.is_empty())?;
        let annotations = annotate::plain_page(&plain);
        return Some((plain, annotations, false));
    }
    let sealed = model.world.sealed(page)?.bytes;
    let annotations = annotate::sealed_page(&sealed);
    Some((sealed, annotations, true))
}

/// `Page 2 sealed, commit 3`.
pub fn other_title(model: &Model) -> String {
    let Some(page) = model.shown_page() else { return "The other form".into() };
    match other_form(model) {
        Some((bytes, _, true)) => {
            let header = SealedView::new(&bytes).and_then(|sealed| sealed.header().ok());
            let commit = header.map_or(String::new(), |header| format!(", commit {}", header.commit));
            format!("Page {page} sealed{commit}")
        }
        Some((_, _, false)) => format!("Page {page}, plain form"),
        None => format!("Page {page}, the other form"),
    }
}

/// Draws the form that is not in front; the byte under the cursor is marked in both.
pub fn draw_other(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.style.theme;
    let Some((bytes, annotations, is_sealed)) = other_form(model) else {
        let words = match model.shows_sealed() {
            true => "Without its key, or with a seal that is wrong, the page has no plain form.",
            false => "The page was not sealed yet: it stands in memory only.",
        };
        return super::wrapped(buffer, area, words, theme.style(Family::Quiet));
    };
    let mut top = 0;
    if is_sealed {
        for words in sealed_words(model, &bytes) {
            for line in text::wrap(&words, usize::from(area.width.saturating_sub(2))) {
                line_of(buffer, area, top, &line, theme.style(Family::Crypto));
                top += 1;
            }
        }
    }
    let rest = Rect { y: area.y + top.min(area.height), height: area.height.saturating_sub(top), ..area };
    let spans: Vec<HexSpan> = parts_of(&annotations, &bytes)
        .into_iter()
        .map(|part| HexSpan { start: part.span.start, end: part.span.end, name: part.name, family: part.family })
        .collect();
    let cursor = other_byte(model, &annotations, is_sealed).filter(|byte| *byte < bytes.len());
    let selected = match (cursor, is_sealed) {
        (Some(byte), _) => byte..byte + 1,
        (None, true) => enciphered(&annotations, &chosen_span(model)),
        (None, false) => 0..0,
    };
    let mut grid = HexGrid { bytes: &bytes, base: 0, spans: &spans, cursor, selected, top: 0, theme };
    grid.top = grid.top_that_shows_cursor(rest.width, rest.height);
    grid.render(rest, buffer);
}

/// The ciphertext of some bytes of the plain form.
fn enciphered(annotations: &[Annotation], plain: &Range<usize>) -> Range<usize> {
    match annotations.iter().find(|part| part.name == "ciphertext") {
        Some(ciphertext) if !plain.is_empty() => {
            let at = |byte: usize| (ciphertext.span.start + byte).min(ciphertext.span.end);
            at(plain.start)..at(plain.end)
        }
        _ => 0..0,
    }
}

/// The same byte in the other form: the ciphertext of a plain byte, the plain byte of a ciphertext.
fn other_byte(model: &Model, annotations: &[Annotation], is_sealed: bool) -> Option<usize> {
    let byte = model.byte?;
    if is_sealed {
        let ciphertext = annotations.iter().find(|part| part.name == "ciphertext")?;
        return Some(ciphertext.span.start + byte);
    }
    let shown = facts::annotations(model);
    let ciphertext = shown.iter().find(|part| part.name == "ciphertext")?;
    byte.checked_sub(ciphertext.span.start).filter(|_| ciphertext.span.contains(&byte))
}

/// The byte of the form in front that a byte of the other form is; none where only the other form has it, as the nonce.
pub fn byte_of_other(model: &Model, byte: usize) -> Option<usize> {
    let (_, other, is_sealed) = other_form(model)?;
    let shown = facts::annotations(model);
    let sealed = if is_sealed { &other } else { &shown };
    let ciphertext = sealed.iter().find(|part| part.name == "ciphertext")?.span.clone();
    match is_sealed {
        true => byte.checked_sub(ciphertext.start).filter(|_| ciphertext.contains(&byte)),
        false => Some(ciphertext.start + byte).filter(|byte| ciphertext.contains(byte)),
    }
}

/// Nonce, header and tag of a sealed page in words.
fn sealed_words(model: &Model, bytes: &[u8]) -> Vec<String> {
    let Some(sealed) = SealedView::new(bytes) else { return Vec::new() };
    let mut words = vec![format!("nonce {}…  drawn anew for every seal", hex::encode(&sealed.nonce()[..6]))];
    if let Some(at) = model.shown_page().and_then(|page| model.world.sealed(page)) {
        let place = if at.file == model.world.facts.log_file { "log" } else { "page file" };
        words.insert(0, format!("stands in the {place} at {}", text::grouped(at.offset)));
    }
    if let Ok(header) = sealed.header() {
        words.push(format!("bound to page {}, commit {}, {}", header.page, header.commit, header.kind));
    }
    let changed = model.shown_page().and_then(|page| model.world.page(page)).is_some_and(|known| known.changed);
    let older = if changed { "  memory has changed it since" } else { "" };
    words.push(format!("tag {}…  the seal{older}", sealed.seal().short()));
    words
}
