//! How the tests of widgets draw: into a buffer of a given size, seen as plain text.

use crate::picture;
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

/// The picture of `widget` in an area of this size.
pub fn drawn(widget: impl Widget, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    widget.render(buffer.area, &mut buffer);
    picture::to_text(&buffer)
}
