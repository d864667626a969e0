//! The rejected rows as a file to mend and send again.
//!
//! Owns: [`rejects_file`].
//!
//! Always: the original names and cells, so that the mended file is read like the first; nothing in it that
//! a spreadsheet would run, and no number that it would shorten.

use std::collections::BTreeSet;

use super::layout::Layout;
use super::{File, Reject, RejectedRow, table};
use crate::error::Refusal;

/// The columns added at the end; they are ignored when the file comes back.
pub(super) const EXTRA: [&str; 3] = ["拒绝单元格", "规则", "办法"];

/// The rejected rows as CSV (UTF-8 with BOM, CRLF) under the original header, with the cells, rules and
/// remedies in three last columns. A cell that a spreadsheet would take for a formula begins with `'`; a
/// number too long for it, or with leading zeros, ends in a TAB, as banks write them. Both are taken off again
/// when the file is read.
#[must_use]
pub fn rejects_file(headers: &[String], rejected: &[RejectedRow], rejects: &[Reject]) -> Vec<u8> {
    let mut out = String::from("\u{feff}");
    let width = rejected.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let width = width.max(headers.len());
    let headers = headers.iter().map(String::as_str);
    let headers = headers.chain(std::iter::repeat("")).take(width).chain(EXTRA);
    write_row(&mut out, headers);
    // The rejects of a row stand together, in the order of the rows.
    let mut rest = rejects;
    for row in rejected {
        let is_own = |reject: &Reject| reject.row == row.row && reject.sheet == row.sheet;
        let (own, after) = rest.split_at(rest.iter().take_while(|r| is_own(r)).count());
        rest = after;
        let reasons = reasons(own);
        let cells = row.cells.iter().map(String::as_str).chain(std::iter::repeat("")).take(width);
        write_row(&mut out, cells.chain(reasons.iter().map(String::as_str)));
    }
    out.into_bytes()
}

/// Rows of a file as they are written, for rows that were read well and rejected by somebody else. Reads the file again:
/// the texts of good rows are not kept.
pub(super) fn rows_as_written(
    file: File<'_>,
    layout: &'static Layout,
    wanted: &BTreeSet<(&str, usize)>,
) -> Result<Vec<RejectedRow>, Refusal> {
    let mut found = Vec::new();
    let table = table::read::<()>(file, layout, &mut |line| {
        let row = line.as_written();
        if wanted.contains(&(&*row.sheet, row.row)) {
            found.push(row);
        }
        Some(())
    })?;
    found.extend(table.reading.rejected);
    found.sort_by(|a, b| (&a.sheet, a.row).cmp(&(&b.sheet, b.row)));
    found.dedup_by(|a, b| (&a.sheet, a.row) == (&b.sheet, b.row));
    found.retain(|row| wanted.contains(&(&*row.sheet, row.row)));
    Ok(found)
}

/// The cells, rules and remedies of a row.
fn reasons(own: &[Reject]) -> [String; 3] {
    let join = |texts: Vec<&str>| texts.join("；");
    let mut remedies: Vec<&str> = own.iter().map(|reject| reject.remedy).collect();
    remedies.dedup();
    [
        join(own.iter().map(|reject| reject.cell.as_str()).collect()),
        join(own.iter().map(|reject| reject.rule.as_ref()).collect()),
        join(remedies),
    ]
}

fn write_row<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

fn write_cell(out: &mut String, cell: &str) {
    let (before, after) = dress(cell);
    let needs_quotes = cell.contains(['"', ',', '\r', '\n', '\t', '|', ';']);
    if needs_quotes {
        out.push('"');
    }
    out.push_str(before);
    for c in cell.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push_str(after);
    if needs_quotes {
        out.push('"');
    }
}

/// What to put before and after a cell.
fn dress(cell: &str) -> (&'static str, &'static str) {
    let shown = cell.trim_start_matches([' ', '\u{a0}', '\u{3000}', '\u{feff}']);
    let is_digits = !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
    match shown.chars().next() {
        Some('=' | '+' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '＠') => ("'", ""),
        Some('-' | '－') if !is_negative_number(shown) => ("'", ""),
        _ if is_digits && (cell.len() > 11 || (cell.len() > 1 && cell.starts_with('0'))) => {
            ("", "\t")
        }
        _ => ("", ""),
    }
}

fn is_negative_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix('-') else { return false };
    let mut parts = number.split('.');
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b',');
    parts.next().is_some_and(digits) && parts.next().is_none_or(digits) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_runs_and_no_number_is_shortened() {
        for (cell, written) in [
            ("=cmd|'/C calc'!A0", "\"'=cmd|'/C calc'!A0\""),
            ("+10000.00", "'+10000.00"),
            ("@x", "'@x"),
            ("\t=1", "\"'\t=1\""),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("-1+1", "'-1+1"),
            ("-1234.50", "-1234.50"),
            ("\"-1,234.50", "\"\"\"-1,234.50\""),
            ("-", "'-"),
            ("张三", "张三"),
            ("00000005", "00000005\t"),
            ("6222000012345678901", "6222000012345678901\t"),
            ("19900003050", "19900003050"),
            ("0", "0"),
            ("a,b\"c", "\"a,b\"\"c\""),
        ] {
            let mut out = String::new();
            write_cell(&mut out, cell);
            assert_eq!(out, written, "{cell}");
        }
    }
}
