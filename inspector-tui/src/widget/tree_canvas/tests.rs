use super::*;
use crate::{picture, widget::testing::drawn};

fn node(page: u32, kind: &str, keys: &str, children: &[usize]) -> TreeNode {
    let key = |word: &str| match word.strip_suffix('+') {
        Some(key) => (key.to_string(), KeyMark::New),
        None => (word.to_string(), KeyMark::None),
    };
    TreeNode {
        page,
        kind: kind.into(),
        keys: keys.split_whitespace().map(key).collect(),
        children: children.to_vec(),
        ..TreeNode::default()
    }
}

fn marked(mut node: TreeNode, marks: &str, fill: Option<u8>) -> TreeNode {
    node.marks = NodeMarks {
        changed: marks.contains('*'),
        new: marks.contains('N'),
        on_path: marks.contains('='),
        ..NodeMarks::default()
    };
    node.fill_percent = fill;
    node
}

/// The sample store after `put m 13` has split a leaf.
fn split() -> Vec<TreeLevel> {
    vec![
        TreeLevel::whole(vec![marked(node(3, "branch", "l r", &[0, 1, 2]), "*=", None)]),
        TreeLevel::whole(vec![
            marked(node(1, "leaf", "b d f h j", &[]), "", Some(84)),
            marked(node(2, "leaf", "l m+ n p", &[]), "*=", Some(55)),
            marked(node(4, "leaf", "r t v", &[]), "*N", Some(52)),
        ]),
    ]
}

fn damaged() -> Vec<TreeLevel> {
    let mut levels = split();
    for level in &mut levels {
        for node in &mut level.nodes {
            node.status = if node.page == 2 { NodeStatus::Stale } else { NodeStatus::Ok };
            node.fill_percent = None;
            node.marks = NodeMarks { on_path: node.page < 4 && node.page > 1, ..NodeMarks::default() };
        }
    }
    levels[1].nodes[1] = TreeNode { keys: node(0, "", "l n p r t", &[]).keys, ..levels[1].nodes[1].clone() };
    levels
}

/// A tree of `leaves` leaves with so many children a branch, the path leading to leaf `to`.
fn grown(leaves: usize, fanout: usize, to: usize) -> Vec<TreeLevel> {
    let mut page = 0;
    let mut next_page = || {
        page += 1;
        page
    };
    let mut levels = vec![TreeLevel::whole(
        (0..leaves)
            .map(|at| {
                let keys: Vec<String> = (0..5).map(|key| format!("k{}", at * 5 + key)).collect();
                marked(node(next_page(), "leaf", &keys.join(" "), &[]), if at == to { "=" } else { "" }, Some(70))
            })
            .collect(),
    )];
    let (mut count, mut to, mut span) = (leaves, to, 5);
    while count > 1 {
        span *= fanout;
        let above = count.div_ceil(fanout);
        to /= fanout;
        let nodes = (0..above).map(|at| {
            let children: Vec<usize> = (at * fanout..((at + 1) * fanout).min(count)).collect();
            let keys: Vec<String> =
                children.iter().skip(1).map(|child| format!("k{}", child * (span / fanout))).collect();
            marked(node(next_page(), "branch", &keys.join(" "), &children), if at == to { "=" } else { "" }, None)
        });
        levels.push(TreeLevel::whole(nodes.collect()));
        count = above;
    }
    levels.reverse();
    levels
}

fn canvas<'a>(levels: &'a [TreeLevel], theme: &'a Theme) -> TreeCanvas<'a> {
    TreeCanvas { levels, selected: None, theme }
}

#[test]
fn the_split_is_drawn_with_path_fill_and_marks() {
    let (theme, levels) = (Theme::dark(), split());
    let canvas = canvas(&levels, &theme);
    let pictures: Vec<String> =
        [(78, 9), (118, 9), (60, 9), (78, 7), (60, 6), (78, 2)].map(|(w, h)| drawn(&canvas, w, h)).to_vec();
    insta::assert_snapshot!(pictures.join("-----\n"));
}

#[test]
fn a_cut_chain_of_seals_is_marked_on_the_edge() {
    let (theme, levels) = (Theme::dark(), damaged());
    let mut canvas = canvas(&levels, &theme);
    let plain = drawn(&canvas, 78, 8);
    canvas.selected = Some(TreePlace { level: 1, index: 0 });
    insta::assert_snapshot!(format!("{plain}-----\n{}", drawn(&canvas, 78, 8)));
}

#[test]
fn a_large_tree_shows_a_window_and_counts_the_rest() {
    let theme = Theme::dark();
    let mut pictures = Vec::new();
    for (leaves, fanout, to, width, height) in [
        (40, 40, 20, 78, 9),
        (12, 4, 5, 118, 14),
        (100, 5, 37, 118, 18),
        (100, 5, 37, 78, 9),
        (100, 5, 0, 60, 12),
        (100, 5, 99, 196, 20),
    ] {
        let levels = grown(leaves, fanout, to);
        pictures.push(format!("{leaves} leaves, {width}x{height}\n{}", drawn(&canvas(&levels, &theme), width, height)));
    }
    insta::assert_snapshot!(pictures.join("-----\n"));
}

#[test]
fn the_selected_node_is_always_on_the_picture() {
    let theme = Theme::plain();
    let levels = grown(60, 4, 17);
    for (level, nodes) in levels.iter().enumerate() {
        for index in 0..nodes.total() {
            let canvas = TreeCanvas { levels: &levels, selected: Some(TreePlace { level, index }), theme: &theme };
            for (width, height) in [(60, 6), (78, 9), (118, 30)] {
                let layout = canvas.layout(width, height);
                let placed = layout.boxes.iter().find(|placed| Some(placed.place) == canvas.selected);
                let rect = placed.expect("the selected node").rect;
                assert!(rect.right() <= width && rect.bottom() <= height, "{rect:?} in {width}x{height}");
                assert!(drawn(&canvas, width, height).contains("> page"));
            }
        }
    }
}

#[test]
fn boxes_never_overlap_nor_leave_the_canvas() {
    let theme = Theme::plain();
    for (leaves, fanout, to) in [(1, 2, 0), (3, 3, 2), (9, 3, 4), (40, 40, 39), (64, 4, 30), (300, 7, 150)] {
        let levels = grown(leaves, fanout, to);
        for width in (60..=200).step_by(7) {
            for height in 6..=30 {
                let layout = canvas(&levels, &theme).layout(width, height);
                let inside = Rect::new(0, 0, width, height);
                assert!(!layout.boxes.is_empty());
                for (at, placed) in layout.boxes.iter().enumerate() {
                    assert_eq!(placed.rect.intersection(inside), placed.rect, "{leaves} leaves in {width}x{height}");
                    let others = &layout.boxes[at + 1..];
                    assert!(others.iter().all(|other| !other.rect.intersects(placed.rect)), "{width}x{height}");
                    assert!(layout.more.iter().all(|more| !more.rect.intersects(placed.rect)), "{width}x{height}");
                }
                assert!(layout.more.iter().all(|more| more.rect.right() <= width), "{width}x{height}");
            }
        }
    }
}

#[test]
fn a_level_given_in_part_counts_what_was_not_given() {
    let theme = Theme::plain();
    let leaf = marked(node(77, "leaf", "m n", &[]), "=", Some(50));
    let levels = [
        TreeLevel::whole(vec![marked(node(3, "branch", "b", &[50_000, 50_001]), "=", None)]),
        TreeLevel { before: 50_000, nodes: vec![leaf], after: 49_999 },
    ];
    let picture = drawn(&canvas(&levels, &theme), 78, 8);
    assert!(picture.contains("◂ 50,000 more") && picture.contains("49,999 more ▸"), "{picture}");
}

#[test]
fn a_tree_of_a_hundred_thousand_leaves_is_laid_out_as_quickly_as_a_small_one() {
    let theme = Theme::plain();
    let levels = grown(100_000, 40, 54_321);
    let start = std::time::Instant::now();
    for index in 0..100 {
        let selected = Some(TreePlace { level: levels.len() - 1, index: index * 997 });
        TreeCanvas { levels: &levels, selected, theme: &theme }.layout(198, 30);
    }
    // The budget of a drawing is 2.5 ms; the bound is far wider because test machines are busy.
    assert!(start.elapsed().as_millis() < 100 * 20, "{:?}", start.elapsed());
}

#[test]
fn broken_trees_and_tiny_areas_are_no_panic() {
    let theme = Theme::plain();
    let mut levels = split();
    levels[0].nodes[0].children = vec![1, 1, 99, usize::MAX, 0];
    levels[0].nodes[0].keys.clear();
    levels.push(TreeLevel::default());
    for width in [0, 1, 3, 7, 12, 20, 40, 78] {
        for height in 0..14 {
            drawn(&canvas(&levels, &theme), width, height);
        }
    }
    drawn(&canvas(&[], &theme), 78, 9);
    let unknown = TreeCanvas { levels: &levels, selected: Some(TreePlace { level: 9, index: 9 }), theme: &theme };
    drawn(&unknown, 78, 9);
}

#[test]
fn without_box_glyphs_the_path_is_still_told_apart() {
    let (theme, levels) = (Theme::dark(), split());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 78, 9));
    canvas(&levels, &theme).render(buffer.area, &mut buffer);
    picture::ascii(&mut buffer);
    insta::assert_snapshot!(picture::to_text(&buffer));
}
