//! The twins side by side: the sentence, both trees, both bills. Below so many columns they stand one above the other, and what
//! does not fit is scrolled to.

use super::line_of;
use crate::{
    describe::twin::{self as facts, TwinFacts},
    labs::twin::{Shape, Twin},
    model::Model,
    widget::{Family, NodeMarks, TreeCanvas, TreeLevel, TreeNode, TreeOverview, text},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// From this width on the trees stand side by side.
const SIDE_BY_SIDE: u16 = 72;
/// Columns of a label, of a figure, and between them and the words; then the same where there are few.
const COLUMNS: (usize, usize, usize) = (22, 12, 3);
const FEW_COLUMNS: (usize, usize, usize) = (20, 10, 1);
/// Most lines of a tree as boxes, and as signs.
const BOXES_LINES: u16 = 12;
const SIGNS_LINES: u16 = 8;
/// From so many lines on there is room for a tree as boxes.
const TALL: u16 = 28;

/// What stands at the right of the title.
pub fn note(model: &Model) -> String {
    let lab = &model.labs.twin;
    match (lab.guessed, lab.difference) {
        (0, Some(difference)) => difference.typed(),
        (0, None) => String::new(),
        (guessed, _) => format!("{} of {guessed} right", lab.right),
    }
}

/// Draws what can be chosen, the question, or the twins.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let page = Page::of(model, area.width, area.height);
    let total = page.height();
    let mut sheet = Buffer::empty(Rect::new(0, 0, area.width, total.max(1)));
    page.draw(model, &mut sheet);
    let top = (model.scroll as u16).min(total.saturating_sub(area.height));
    let hidden = total.saturating_sub(top + area.height);
    for line in 0..area.height.min(total - top.min(total)) {
        for column in 0..area.width {
            buffer[(area.x + column, area.y + line)] = sheet[(column, top + line)].clone();
        }
    }
    if hidden > 0 && area.height > 0 {
        let last = area.height - 1;
        let blank = " ".repeat(usize::from(area.width.saturating_sub(2)));
        line_of(buffer, area, last, &blank, model.style.theme.style(Family::Plain));
        let words = format!("+{} more lines: PgDn", hidden + 1);
        line_of(buffer, area, last, &words, model.style.theme.style(Family::Quiet));
    }
}

/// How many lines there are.
pub fn lines_total(model: &Model, area: Rect) -> usize {
    Page::of(model, area.width, area.height).height().into()
}

/// What stands on the page, from top to bottom.
struct Page<'a> {
    width: u16,
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    Lines(Vec<(String, Family)>),
    /// One tree, or two side by side: each with its title.
    Trees(Vec<(String, &'a Shape)>, u16),
}

impl Page<'_> {
    fn of(model: &Model, width: u16, height: u16) -> Page<'_> {
        let facts = facts::twin(model);
        let parts = match model.labs.twin.told() {
            Some(twin) => told(model, &facts, twin, width, height),
            None => vec![Part::Lines(untold(model, &facts, width))],
        };
        Page { width, parts }
    }

    fn height(&self) -> u16 {
        let lines = |part: &Part<'_>| match part {
            Part::Lines(lines) => lines.len() as u16,
            Part::Trees(_, height) => *height,
        };
        self.parts.iter().map(lines).sum()
    }

    fn draw(&self, model: &Model, sheet: &mut Buffer) {
        let theme = &model.style.theme;
        let mut top = 0;
        for part in &self.parts {
            let area = Rect { y: top, height: sheet.area.height.saturating_sub(top), ..sheet.area };
            match part {
                Part::Lines(lines) => {
                    for (at, (words, family)) in lines.iter().enumerate() {
                        line_of(sheet, area, at as u16, words, theme.style(*family));
                    }
                    top += lines.len() as u16;
                }
                Part::Trees(trees, height) => {
                    let each = self.width / trees.len().max(1) as u16;
                    for (at, (title, shape)) in trees.iter().enumerate() {
                        let area = Rect { x: at as u16 * each, y: top, width: each, height: *height };
                        line_of(sheet, area, 0, title, theme.style(Family::Title));
                        let area = Rect { y: top + 1, height: height.saturating_sub(1), ..area };
                        draw_tree(model, shape, area, sheet);
                    }
                    top += height;
                }
            }
        }
    }
}

/// What there is to choose from, or the question.
fn untold(model: &Model, facts: &TwinFacts, width: u16) -> Vec<(String, Family)> {
    let lab = &model.labs.twin;
    let room = usize::from(width.saturating_sub(2));
    let mut lines = Vec::new();
    let mut add = |words: &str, family| lines.extend(text::wrap(words, room).into_iter().map(|line| (line, family)));
    let Some(difference) = lab.difference else {
        add(&facts.summary, Family::Title);
        add("", Family::Plain);
        for (at, choice) in facts.choices.iter().enumerate() {
            let (sign, family) = if lab.row == at { (">", Family::Path) } else { (" ", Family::Plain) };
            let words = format!("{sign} twin {}: {}", choice.typed, choice.does);
            let wrapped = text::wrap(&words, room);
            for (line, words) in wrapped.into_iter().enumerate() {
                add(&if line == 0 { words } else { format!("  {words}") }, family);
            }
        }
        add("", Family::Plain);
        add("Any page size and any seed can be typed: `:twin page-size 1024`, `:twin order 3`.", Family::Quiet);
        return lines;
    };
    let does = facts::does(difference, model.world.facts.page_size.get());
    add(&format!("Two engines run {does}. All else is equal."), Family::Plain);
    add("", Family::Plain);
    if let Some(question) = &facts.question {
        add(&question.text, Family::Title);
        for (number, answer) in (1..).zip(&question.answers) {
            add(&format!("{number}  {answer}"), Family::Plain);
        }
        add("", Family::Plain);
    }
    add(&facts.summary, Family::Quiet);
    lines
}

fn told<'a>(model: &Model, facts: &TwinFacts, twin: &'a Twin, width: u16, height: u16) -> Vec<Part<'a>> {
    let room = usize::from(width.saturating_sub(2));
    let Some(told) = &facts.told else { return Vec::new() };
    let mut words: Vec<(String, Family)> = Vec::new();
    let mut add = |line: &str, family| words.extend(text::wrap(line, room).into_iter().map(|line| (line, family)));
    let judged = facts::judged(model);
    if !judged.is_empty() {
        add(&judged, Family::Quiet);
    }
    add(&told.sentence, Family::Title);
    let [left, right] = [(told.left.title(), &twin.sides[0].tree), (told.right.title(), &twin.sides[1].tree)];
    let figures = figures(facts, room);
    let mut after: Vec<(String, Family)> = vec![(String::new(), Family::Plain)];
    after.extend(text::wrap(&facts.summary, room).into_iter().map(|line| (line, Family::Quiet)));
    if width < SIDE_BY_SIDE {
        let lines = |shape: &Shape| tree_lines(shape, width, height);
        let (one, other) = (lines(left.1), lines(right.1));
        return vec![
            Part::Lines(words),
            Part::Lines(figures),
            Part::Trees(vec![left], one),
            Part::Trees(vec![right], other),
            Part::Lines(after),
        ];
    }
    let each = width / 2;
    let lines = tree_lines(left.1, each, height).max(tree_lines(right.1, each, height));
    if height >= TALL {
        words.push((String::new(), Family::Plain));
    }
    vec![Part::Lines(words), Part::Trees(vec![left, right], lines), Part::Lines(figures), Part::Lines(after)]
}

/// The figures in two columns, and behind them which of the two has more, in words.
fn figures(facts: &TwinFacts, room: usize) -> Vec<(String, Family)> {
    let Some(told) = &facts.told else { return Vec::new() };
    let (label, column, gap) = if room + 2 >= usize::from(SIDE_BY_SIDE) { COLUMNS } else { FEW_COLUMNS };
    let line = |what: &str, left: &str, right: &str, more: &str| {
        let [left, right] = [left, right].map(|figure| text::clip(figure, column).into_owned());
        format!("{:<label$}{left:>column$}{right:>column$}{:gap$}{more}", text::clip(what, label), "")
    };
    let mut lines = vec![(line("", &told.left.name, &told.right.name, "more"), Family::Title)];
    for figure in &told.figures {
        let [left, right] = [figure.left, figure.right].map(|figure| figure.map_or("-".to_owned(), text::grouped));
        let words = line(&figure.what, &left, &right, &figure.more_words());
        let family = if figure.more == "same" { Family::Quiet } else { Family::Plain };
        lines.push((words, family));
    }
    lines
}

/// The lines that a tree with its title takes.
fn tree_lines(shape: &Shape, width: u16, height: u16) -> u16 {
    match as_boxes(shape, width, height) {
        true => BOXES_LINES,
        false => {
            let signs = TreeOverview::signs_a_line(width);
            let lines: usize = shape.levels.iter().map(|level| level.len().div_ceil(signs).max(1)).sum();
            (lines as u16).clamp(1, SIGNS_LINES) + 3
        }
    }
}

/// Whether there is room to draw every node as a box with its keys.
fn as_boxes(shape: &Shape, width: u16, height: u16) -> bool {
    if height < TALL {
        return false;
    }
    let levels = levels(shape);
    let theme = crate::widget::Theme::plain();
    let canvas = TreeCanvas { levels: &levels, selected: None, theme: &theme };
    let nodes: usize = shape.levels.iter().map(Vec::len).sum();
    canvas.layout(width, BOXES_LINES - 1).boxes.len() == nodes
}

fn levels(shape: &Shape) -> Vec<TreeLevel> {
    let last = shape.levels.len().saturating_sub(1);
    let level = |(at, nodes): (usize, &Vec<crate::labs::twin::Node>)| {
        let node = |node: &crate::labs::twin::Node| TreeNode {
            page: node.page,
            kind: if at == last { "leaf" } else { "branch" }.to_owned(),
            keys: node.keys.iter().map(|key| (key.clone(), crate::widget::KeyMark::None)).collect(),
            fill_percent: node.fill_percent,
            marks: NodeMarks::default(),
            children: node.children.clone(),
            ..TreeNode::default()
        };
        TreeLevel::whole(nodes.iter().map(node).collect())
    };
    shape.levels.iter().enumerate().map(level).collect()
}

fn draw_tree(model: &Model, shape: &Shape, area: Rect, sheet: &mut Buffer) {
    let theme = &model.style.theme;
    if area.height + 1 == BOXES_LINES && as_boxes(shape, area.width, u16::MAX) {
        let levels = levels(shape);
        return TreeCanvas { levels: &levels, selected: None, theme }.render(area, sheet);
    }
    let fill = |level: usize, index: usize| shape.levels.get(level)?.get(index)?.fill_percent;
    TreeOverview {
        levels: shape.levels.iter().map(Vec::len).collect(),
        fill: Box::new(fill),
        marks: Vec::new(),
        selected: None,
        theme,
    }
    .render(area, sheet);
}
