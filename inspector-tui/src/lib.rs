//! The inspector of tosumu.
