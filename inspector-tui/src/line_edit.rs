//! One line of text being typed. Knows no screen.

/// A line of text with a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LineEdit {
    /// The text.
    pub text: String,
    /// The cursor, counted in characters from 0.
    pub cursor: usize,
    /// Whether keys go into it.
    pub active: bool,
}

impl LineEdit {
    /// An active line that holds `text`, the cursor behind it.
    pub fn typed(text: &str) -> LineEdit {
        LineEdit { text: text.to_owned(), cursor: text.chars().count(), active: true }
    }

    /// Makes the line hold `text`, the cursor behind it.
    pub fn set(&mut self, text: &str) {
        self.text = text.to_owned();
        self.cursor = text.chars().count();
    }

    /// Empties the line and returns what it held.
    pub fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Types one character. Control characters have no place in a line.
    pub fn insert(&mut self, letter: char) {
        if !letter.is_control() {
            let at = self.byte_of(self.cursor);
            self.text.insert(at, letter);
            self.cursor += 1;
        }
    }

    /// Removes the character before the cursor.
    pub fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            let at = self.byte_of(self.cursor);
            self.text.remove(at);
        }
    }

    /// Removes the character at the cursor.
    pub fn delete(&mut self) {
        if self.cursor < self.text.chars().count() {
            let at = self.byte_of(self.cursor);
            self.text.remove(at);
        }
    }

    /// Moves the cursor one character back.
    pub fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    /// Moves the cursor one character on.
    pub fn right(&mut self) {
        self.cursor = (self.cursor + 1).min(self.text.chars().count());
    }

    /// Moves the cursor before the first character.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// Moves the cursor behind the last character.
    pub fn end(&mut self) {
        self.cursor = self.text.chars().count();
    }

    fn byte_of(&self, cursor: usize) -> usize {
        self.text.char_indices().nth(cursor).map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_width_are_typed_and_removed() {
        let mut line = LineEdit::typed("pät");
        line.left();
        line.backspace();
        line.insert('u');
        line.insert('\x1b');
        assert_eq!((line.text.as_str(), line.cursor), ("put", 2));
        line.home();
        line.delete();
        line.end();
        line.right();
        assert_eq!((line.take().as_str(), line.cursor), ("ut", 0));
    }
}
