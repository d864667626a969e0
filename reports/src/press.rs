//! The presses: one sheet, several devices.
//!
//! Owns: [`pdf`] for paper, [`text`] for golden tests and terminals, [`book`] and [`list`] for spreadsheets; between the sheet and
//! any paper, `line` (characters to lines), `page` (blocks to pages) and `code` (a text to a QR).
//!
//! Always: lengths are whole micrometres and widths of type whole thousandths of an em, so a page
//! breaks in the same place on every machine. Never: a float outside `pdf`, but for
//! the cell of an xlsx, which is one by its format.

pub mod book;
pub mod list;
pub mod pdf;
pub mod text;

mod code;
mod line;
mod page;

use crate::sheet::{Copies, Sheet};

/// The last line of a sheet's foot: which one it is, what it rests on, how often it was made out. Nothing without a proof.
fn rests_on(sheet: &Sheet) -> String {
    let Some(proof) = &sheet.proof else { return String::new() };
    let mut said = vec![format!("{} {}", proof.document, proof.number).trim().to_owned()];
    if let Some(seal) = &proof.seal {
        let head: String = seal.head.chars().take(16).collect();
        said.push(format!("账簿印记 {head}（凭证 {} 张）", seal.vouchers));
    }
    let digest: String = ledger::journal::text::hex(&proof.digest).chars().take(16).collect();
    said.push(format!("摘要 {digest}"));
    if let Copies::Alike(many) = sheet.copies {
        said.push(format!("一式 {many} 份"));
    }
    said.push("涂改无效".into());
    said.join(" · ")
}
