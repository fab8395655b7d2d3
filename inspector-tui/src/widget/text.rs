//! Text measured in terminal columns: clipping, wrapping, and the window of a long list.

use std::{borrow::Cow, ops::Range};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns` columns; where something is cut, the last column holds `…`.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    // A text of as many bytes as columns fits whatever its signs are, and most texts are of this sort.
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let (head, _) = split_at_column(text, columns - 1);
    Cow::Owned(format!("{head}…"))
}

/// `text` with its beginning cut off instead of its end.
pub fn clip_start(text: &str, columns: usize) -> Cow<'_, str> {
    let whole = text.width();
    if whole <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let (_, tail) = split_at_column(text, whole - (columns - 1));
    Cow::Owned(format!("…{tail}"))
}

/// The lines of `text` at most `columns` wide, broken between words; a word wider than a line is broken inside.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in words(paragraph) {
            let room = columns.saturating_sub(line.width());
            if !line.is_empty() && word.trim_end().width() > room {
                lines.push(line.trim_end().to_string());
                line = String::new();
            }
            line.push_str(word);
            while line.trim_end().width() > columns {
                let (head, tail) = split_at_column(&line, columns);
                if head.is_empty() {
                    // A sign wider than the whole line is left to the pen to clip.
                    break;
                }
                lines.push(head.to_string());
                line = tail.to_string();
            }
        }
        lines.push(line.trim_end().to_string());
    }
    lines
}

/// Words with the spaces that follow them, so that runs of spaces inside a line survive.
fn words(paragraph: &str) -> impl Iterator<Item = &str> {
    paragraph.split_inclusive(' ')
}

/// `text` cut in two where `columns` columns are full.
fn split_at_column(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, sign) in text.char_indices() {
        used += sign.width().unwrap_or(0);
        if used > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// A number with commas between groups of three digits: `1,904`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The rows of a list of `total` to show in `height` lines so that row `focus` is in the middle, as far as the ends allow.
pub fn window(total: usize, focus: usize, height: usize) -> Range<usize> {
    let start = focus.min(total).saturating_sub(height / 2).min(total.saturating_sub(height));
    start..total.min(start + height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_counts_columns_and_says_that_it_cut() {
        assert_eq!(clip("leaf", 4), "leaf");
        assert_eq!(clip("leaf page", 5), "leaf…");
        assert_eq!(clip("世界世界", 5), "世界…");
        assert_eq!(clip("世界世界", 4), "世…");
        assert_eq!(clip("leaf", 0), "");
        assert_eq!(clip_start("page 9 > page 3", 7), "…page 3");
    }

    #[test]
    fn wrapping_breaks_between_words_and_inside_a_word_that_is_too_wide() {
        assert_eq!(wrap("Leaf 2 had 2 free bytes", 9), ["Leaf 2", "had 2", "free", "bytes"]);
        assert_eq!(wrap("a 5d8120c49a07e3b6 b", 8), ["a", "5d8120c4", "9a07e3b6", "b"]);
        assert_eq!(wrap("one\n\ntwo", 9), ["one", "", "two"]);
        assert_eq!(wrap("世界", 1), ["世界"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_window_keeps_the_focus_inside_and_stays_full_at_the_ends() {
        assert_eq!(window(100, 0, 10), 0..10);
        assert_eq!(window(100, 50, 10), 45..55);
        assert_eq!(window(100, 99, 10), 90..100);
        assert_eq!(window(3, 2, 10), 0..3);
        assert_eq!(window(0, 0, 10), 0..0);
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!([0, 999, 1904, 1_234_567].map(grouped), ["0", "999", "1,904", "1,234,567"]);
    }
}
