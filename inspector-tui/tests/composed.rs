//! The widgets together: the moment after `put m 13` has split a leaf, drawn at 80×24 from plain structs.

use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use tosumu_inspector::{
    picture,
    widget::{
        ByteRuler, Card, CardLine, Family, Focus, Frame, Height, KeyMark, NodeMarks, Region, Section, Selection, Strip,
        StripMark, Theme, Title, TreeCanvas, TreeLevel, TreeNode,
    },
};

const WORDS: [&str; 14] =
    ["put", "begin", "look", "look", "split", "cell", "up", "seal", "seal", "seal", "write", "SYNC", "COMMIT", "end"];

fn node(page: u32, keys: &[&str], fill: Option<u8>, marks: NodeMarks) -> TreeNode {
    let mark = |key: &&str| (key.to_string(), if *key == "m" { KeyMark::New } else { KeyMark::None });
    let kind = if fill.is_some() { "leaf" } else { "branch" };
    let keys = keys.iter().map(mark).collect();
    TreeNode { page, kind: kind.into(), keys, fill_percent: fill, marks, ..TreeNode::default() }
}

fn tree() -> Vec<TreeLevel> {
    let on_path = NodeMarks { changed: true, on_path: true, ..NodeMarks::default() };
    let mut root = node(3, &["l", "r"], None, on_path);
    root.children = vec![0, 1, 2];
    let leaves = vec![
        node(1, &["b", "d", "f", "h", "j"], Some(84), NodeMarks::default()),
        node(2, &["l", "m", "n", "p"], Some(55), on_path),
        node(4, &["r", "t", "v"], Some(52), NodeMarks { changed: true, new: true, ..NodeMarks::default() }),
    ];
    vec![TreeLevel::whole(vec![root]), TreeLevel::whole(leaves)]
}

fn regions() -> Vec<Region> {
    let cells = "cells, filled from the end";
    [
        (0, 16, 'H', Family::Identity, "head"),
        (16, 48, 'S', Family::Pointer, "slots"),
        (48, 254, '·', Family::Free, "free"),
        (254, 261, 'm', Family::Payload, cells),
        (261, 326, 'p', Family::Payload, cells),
        (326, 391, 'n', Family::Payload, cells),
        (391, 456, 'l', Family::Payload, cells),
    ]
    .map(|(start, end, sign, family, name)| {
        let selection = if sign == 'm' { Selection::Chosen } else { Selection::Other };
        Region { start, end, sign, family, name: name.into(), selection }
    })
    .to_vec()
}

fn sections() -> Vec<Section> {
    let names = ["1 tree", "2 page", "4 log", "5 disk", "0 events"].map(String::from).to_vec();
    let note = "3 pages changed in memory".to_string();
    let tree = Section {
        title: Title::Tabs { names, present: 0, more: 0 },
        note,
        height: Height::Share(1),
        focus: Focus::Here,
    };
    let mut page = Section::text("Page 2, leaf, in memory, not sealed yet", Height::Lines(4));
    page.note = "plain form, 456 bytes".into();
    vec![tree, page, Section::text("What just happened", Height::Lines(3))]
}

fn screen(theme: &Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 23));
    let area = Rect::new(0, 1, 80, 21);
    let sections = sections();
    let frame = Frame { sections: &sections, theme };
    frame.render(area, &mut buffer);
    let inner = frame.inner(area);
    TreeCanvas { levels: &tree(), selected: None, theme }.render(inner[0], &mut buffer);
    ByteRuler { size_bytes: 456, regions: &regions(), theme }.render(inner[1], &mut buffer);
    let happened = CardLine::new(
        "",
        "Leaf 2 had 2 free bytes and `m` needs 15, so it split: r t v moved to the new page 4, m took slot 1, and r went \
         up to page 3. Nothing is on the disk yet. Power off now: the store is as commit 2 left it, without m.",
    );
    Card { lines: &[happened], top: 0, foot: 0, way: "", theme }.render(inner[2], &mut buffer);
    let mark = |at: usize| {
        let loud = WORDS[at].chars().all(char::is_uppercase);
        StripMark { word: WORDS[at].into(), family: if loud { Family::Title } else { Family::Plain } }
    };
    Strip { total: 14, present: 6, mark: &mark, theme }.render(Rect::new(1, 22, 78, 1), &mut buffer);
    buffer
}

#[test]
fn the_split_fills_one_small_screen() {
    insta::assert_snapshot!(picture::to_text(&screen(&Theme::dark())));
}

#[test]
fn the_same_screen_needs_no_colour_and_no_box_glyphs() {
    let mut buffer = screen(&Theme::colour_blind());
    picture::ascii(&mut buffer);
    picture::colourless(&mut buffer);
    insta::assert_snapshot!(picture::to_ansi(&buffer).replace('\x1b', "ESC"));
}

#[test]
fn the_same_screen_as_svg_is_the_same_every_time() {
    let theme = Theme::dark();
    let svg = picture::to_svg(&screen(&theme));
    assert_eq!(svg, picture::to_svg(&screen(&theme)));
    insta::assert_snapshot!(svg);
}
