//! A page that calls itself a workbook: its tables, row by row.
//!
//! Owns: [`walk`].
//!
//! Always: the page is stripped to its tables before a tree is built of it, because a tree of anything else can
//! be made to take hours; spans of rows and columns keep the columns in place.
//!
//! Limits: tables within tables, eight deep.

use scraper::{ElementRef, Html, Node, Selector};

use super::container::guarded;
use super::sheet::{Cell, Flow, Row, Visit, refuse_far, text_cell};
use super::{DAMAGED_FILE, MAX_COLUMNS};
use crate::error::Refusal;

/// Tables within tables.
const DEEPEST: usize = 8;

/// Walks the rows of every table of a page. A row that holds a table is a frame, not a row.
pub(super) fn walk(text: &str, visit: &mut Visit<'_>) -> Result<(), Refusal> {
    let bare = bare(text)?;
    let page = guarded(|| Html::parse_document(&bare))?;
    drop(bare);
    let rows = Selector::parse("tr").expect("`tr` is a selector");
    let tables = Selector::parse("table").expect("`table` is a selector");
    // Cells that reach down from rows above: rows still to fill, by column.
    let mut hanging: Vec<u32> = Vec::new();
    let mut number = 0_u32;
    for row in page.select(&rows).filter(|row| row.select(&tables).next().is_none()) {
        number += 1;
        let mut cells: Vec<Cell> = Vec::new();
        for cell in row.child_elements().filter(|e| matches!(e.value().name(), "td" | "th")) {
            pass_hanging(&mut cells, &mut hanging);
            let span = |name| cell.attr(name).and_then(|n| n.trim().parse::<u32>().ok());
            let across = span("colspan").unwrap_or(1).clamp(1, 256) as usize;
            let down = span("rowspan").unwrap_or(1).clamp(1, 1000);
            let place = cells.len();
            if place + across > MAX_COLUMNS {
                refuse_far("网页", number, place + across)?;
            }
            cells.push(text_cell(&cell_text(cell)));
            cells.resize(place + across, Cell::Empty);
            if down > 1 {
                hanging.resize(hanging.len().max(cells.len()), 0);
                hanging.iter_mut().skip(place).take(across).for_each(|left| *left = down);
            }
        }
        hanging.iter_mut().for_each(|left| *left = left.saturating_sub(1));
        if visit(Row { number, cells, is_text: false })? == Flow::Enough {
            return Ok(());
        }
    }
    Ok(())
}

/// Leaves the places free that a cell above still covers.
fn pass_hanging(cells: &mut Vec<Cell>, hanging: &mut [u32]) {
    while hanging.get(cells.len()).is_some_and(|left| *left > 0) {
        cells.push(Cell::Empty);
    }
}

/// The text of a cell; a line break stays one, other white space is one space.
fn cell_text(cell: ElementRef<'_>) -> String {
    let mut text = String::new();
    for node in cell.descendants() {
        match node.value() {
            Node::Text(piece) => {
                for c in piece.chars() {
                    let c = if c.is_whitespace() { ' ' } else { c };
                    if c != ' ' || !text.ends_with([' ', '\n']) {
                        text.push(c);
                    }
                }
            }
            Node::Element(element) if element.name() == "br" => text.push('\n'),
            _ => {}
        }
    }
    text.trim().into()
}

/// The page with nothing left but its tables, their rows, cells and text. Marks that begin a new line in a
/// cell become one.
fn bare(text: &str) -> Result<String, Refusal> {
    let mut bare = String::with_capacity(text.len() / 2);
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        bare.push_str(before);
        if tag.starts_with("<!--") {
            rest = after(tag, "-->");
            continue;
        }
        let (closes, named) = match tag.strip_prefix("</") {
            Some(named) => (true, named),
            None => (false, tag.get(1..).unwrap_or_default()),
        };
        let end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
        let name = named.get(..end).unwrap_or_default().to_ascii_lowercase();
        let is_mark = named.starts_with(['!', '?']);
        if name.is_empty() && !is_mark {
            bare.push_str("&lt;");
            rest = tag.get(1..).unwrap_or_default();
            continue;
        }
        let length = tag_length(tag);
        let (whole, following) = tag.split_at(length);
        rest = following;
        match name.as_str() {
            "script" | "style" if !closes => rest = after(following, &format!("</{name}")),
            "table" if closes => depth = depth.saturating_sub(1),
            "table" => depth += 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Err(DAMAGED_FILE.refuse("网页里的表格层层嵌套"));
        }
        match name.as_str() {
            "table" | "tr" | "td" | "th" => bare.push_str(whole),
            "br" | "p" | "div" | "li" if !closes => bare.push_str("<br>"),
            _ => {}
        }
    }
    bare.push_str(rest);
    Ok(bare)
}

/// How long a tag is; a `>` in quotes does not end it.
fn tag_length(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// What follows a mark; nothing if it does not come.
fn after<'t>(text: &'t str, mark: &str) -> &'t str {
    let found =
        text.as_bytes().windows(mark.len()).position(|w| w.eq_ignore_ascii_case(mark.as_bytes()));
    found.and_then(|at| text.get(at + mark.len()..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(page: &str) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        walk(page, &mut |row| {
            rows.push(row.cells.iter().map(|cell| cell.shown().to_owned()).collect());
            Ok(Flow::On)
        })
        .unwrap();
        rows
    }

    #[test]
    fn a_page_is_its_tables() {
        let page = "<!DOCTYPE html><html><head><style>td > p { x }</style><title>x</title></head><body>\
            <!-- <table><tr><td>no</td></tr></table> --><table border=1><thead><tr>\
            <th rowspan=2>房号</th><th colspan='2' title=\"a>b\">交款</th></tr><tr><th>本金<th>利息</tr></thead>\
            <TR><TD>1-1-101</TD><TD align=right><b>1,638.25</b></td><td>&nbsp;1 &lt; 2&#20803;</td></tr>\
            <tr><td><div>张三</div><div>李四</div></td><td>a<br/>b</td></tr></table></body></html>";
        assert_eq!(
            rows(page),
            [
                vec!["房号", "交款", ""],
                vec!["", "本金", "利息"],
                vec!["1-1-101", "1,638.25", "1 < 2元"],
                vec!["张三\n李四", "a\nb"],
            ]
        );
    }

    #[test]
    fn a_frame_is_not_a_row() {
        let page = "<table><tr><td><table><tr><td>1</td></tr><tr><td>2</td></tr></table></td></tr></table>";
        assert_eq!(rows(page), [["1"], ["2"]]);
        let deep = "<table><tr><td>".repeat(9);
        assert_eq!(walk(&deep, &mut |_| Ok(Flow::On)).unwrap_err().code(), "intake.damaged-file");
    }

    /// A tree builder needs time by the square for these.
    #[test]
    fn hostile_pages_take_no_time() {
        for piece in
            ["<div><a>", "<p><b>", "<!--", "<td '", "<script>", "<tr><td>1<td>2", "</table>", "<"]
        {
            let page = format!("<html><table>{}", piece.repeat(20_000));
            let started = std::time::Instant::now();
            let _ = walk(&page, &mut |_| Ok(Flow::On));
            assert!(started.elapsed().as_secs() < 20, "{piece}");
        }
    }
}
