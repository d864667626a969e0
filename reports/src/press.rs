//! The presses: one sheet, several devices.
//!
//! Owns: [`pdf`] for paper, [`text`] for golden tests and terminals, [`list`] for spreadsheets; between the sheet and any
//! paper, `line` (characters to lines) and `page` (blocks to pages).
//!
//! Always: lengths are whole micrometres and widths of type whole thousandths of an em, so a page
//! breaks in the same place on every machine. Never: a float outside `pdf`, but for
//! the cell of an xlsx, which is one by its format.

pub mod list;
pub mod pdf;
pub mod text;

mod line;
mod page;
