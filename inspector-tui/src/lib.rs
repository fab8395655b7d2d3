//! The inspector of tosumu.
//!
//! Keys become messages, messages change the model, the model is drawn; only `runtime` touches a terminal, a file or a
//! thread. Start reading at [`model`].

pub mod breakpoint;
pub mod cast;
pub mod cli;
pub mod command;
pub mod complete;
pub mod config;
pub mod describe;
pub mod exam;
pub mod export;
pub mod file_work;
pub mod gallery;
pub mod guide;
pub mod keep;
pub mod keymap;
pub mod labs;
pub mod lesson;
pub mod line_edit;
pub mod look;
pub mod looking;
pub mod message;
pub mod model;
pub mod notes;
pub mod picture;
pub mod pointer;
pub mod predict;
pub mod recorded;
pub mod recording;
pub mod runtime;
pub mod session;
pub mod timeline;
pub mod tour;
pub mod travel;
pub mod update;
pub mod view;
pub mod widget;
