//! The inspector of tosumu.

pub mod cli;
pub mod picture;
pub mod widget;
