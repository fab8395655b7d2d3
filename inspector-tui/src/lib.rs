//! The inspector of tosumu.

pub mod picture;
pub mod widget;
