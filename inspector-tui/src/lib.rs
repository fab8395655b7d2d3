//! The inspector of tosumu.

pub mod cli;
pub mod picture;
pub mod timeline;
pub mod widget;
