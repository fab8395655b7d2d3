//! The widgets every view is made of. Each is a plain struct of what to show, drawn into a `Buffer`.
//!
//! A widget never reads a store, never keeps state between frames, and builds only what can be seen: its cost depends on
//! the size of its area, not on the number of pages, rows or events behind it. What it cannot show it counts.

pub mod byte_ruler;
pub mod card;
pub mod disk_table;
pub mod event_list;
pub mod film_strip;
pub mod frame;
pub mod help_list;
pub mod hex_grid;
pub mod log_lanes;
pub mod page_map;
pub mod scrub;
pub mod strip;
pub mod text;
pub mod theme;
pub mod tree_canvas;
pub mod tree_overview;

mod pen;

#[cfg(test)]
mod testing;

pub use byte_ruler::{ByteRuler, Region, Selection};
pub use card::{Card, CardLine};
pub use disk_table::{DiskCell, DiskRow, DiskTable};
pub use event_list::{EventList, EventRow};
pub use film_strip::{FilmFrame, FilmStrip};
pub use frame::{Focus, Frame, Height, Section, Title};
pub use help_list::{HelpList, HelpRow};
pub use hex_grid::{HexGrid, HexSpan};
pub use log_lanes::{LogKind, LogLanes, LogRow};
pub use page_map::{Grain, MapSign, MapTile, PageMap};
pub use scrub::{Scrub, ScrubMark};
pub use strip::{Strip, StripMark};
pub use theme::{Family, Theme};
pub use tree_canvas::{KeyMark, NodeMarks, NodeStatus, TreeCanvas, TreeLevel, TreeNode, TreePlace};
pub use tree_overview::{FillOf, OverviewMark, TreeOverview};
