//! A sheet as plain text: what golden tests compare and a terminal shows.
//!
//! Owns: [`press`].
//!
//! Always: the same words and figures as on paper, in the same order; columns line up where a
//! Chinese character takes two places. Never: a wrapped cell, a page, a copy, a QR. Limits: a chart is
//! its list of figures.

use super::line::is_wide;
use crate::sheet::{
    Block, Cell, Chart, Column, Field, Opinion, Plot, Rank, Row, Sheet, Side, Table,
};

/// The least width of a sheet, in places.
const WIDTH: usize = 80;

/// The sheet, line by line, each ended by `\n` and without trailing spaces.
#[must_use]
pub fn press(sheet: &Sheet) -> String {
    let mut text = said(sheet);
    let width = text.lines().nth(3).map_or(WIDTH, str::len);
    let foot = format!("打印时间 {}    校验码 {}", sheet.printed_at.for_people(), sheet.check);
    text.push_str(&format!("{}\n{}\n", "=".repeat(width), foot.trim_end()));
    let rests = super::rests_on(sheet);
    if !rests.is_empty() {
        text.push_str(&format!("{rests}\n"));
    }
    text
}

/// What the sheet says, without its foot: the same on every day it is printed.
pub(crate) fn said(sheet: &Sheet) -> String {
    let body: Vec<String> = sheet.blocks.iter().flat_map(block).collect();
    // Sentences may be as long as they like; tables say how wide the sheet is.
    let tables = sheet.blocks.iter().filter(|part| matches!(part, Block::Table(_)));
    let width = tables.flat_map(block).map(|line| places(&line)).max().unwrap_or(0).max(WIDTH);

    let mut lines = vec![
        padded(&sheet.issuer, width, Side::Centre),
        padded(&sheet.title, width, Side::Centre),
        sheet.running.join("    "),
        "=".repeat(width),
    ];
    if let Some(warning) = &sheet.warning {
        lines.push(format!("【{}】{}", warning.word, warning.meaning));
    }
    lines.extend(body);
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn block(block: &Block) -> Vec<String> {
    match block {
        Block::Heading(text) => vec![String::new(), format!("## {text}")],
        Block::Text(text) => vec![String::new(), text.clone()],
        Block::Fields { across, fields } => grid(*across, fields),
        Block::Table(of) => table(of),
        Block::Sum(sum) => {
            let (figures, capitals) = (sum.amount.grouped(), sum.amount.in_capitals());
            vec![format!("{}：¥{figures} 人民币（大写）{capitals}", sum.label)]
        }
        Block::Chart(chart) if chart.is_empty() => Vec::new(),
        Block::Chart(chart) => drawn(chart),
        Block::Notes(notes) => {
            notes.iter().enumerate().map(|(place, note)| format!("{}. {note}", place + 1)).collect()
        }
        Block::Signatures(names) => {
            let lines = names.iter().map(|name| format!("{name}：__________"));
            vec![String::new(), lines.collect::<Vec<_>>().join("    ")]
        }
        Block::Opinions(opinions) => {
            let box_of = |o: &Opinion| {
                let seal = if o.seal { "（盖章）" } else { "" };
                let who = o.who.trim_end_matches("意见");
                format!("［{who}意见］{}{seal}　签名______　　年　　月　　日", o.says)
            };
            [String::new()].into_iter().chain(opinions.iter().map(box_of)).collect()
        }
        Block::Cut(name) => {
            vec![String::new(), format!("- - - - - - {name}（沿此线剪下）- - - - - -")]
        }
        Block::Break => vec![String::new()],
    }
}

/// A chart as the list of its figures.
fn drawn(chart: &Chart) -> Vec<String> {
    let mut lines = vec![String::new(), chart.title.clone()];
    match &chart.plot {
        Plot::Steps { steps, level, .. } => {
            let steps = steps.iter();
            lines.extend(steps.map(|(day, amount)| format!("  {day} {:>16}", amount.grouped())));
            lines.extend(level.iter().map(|(name, _)| format!("  —— {name}")));
        }
        Plot::Columns { series, groups } => {
            for (name, amounts) in groups {
                let told = series.iter().zip(amounts);
                let told = told.map(|(what, amount)| format!("{what} {}", amount.grouped()));
                lines.push(format!("  {name}  {}", told.collect::<Vec<_>>().join("  ")));
            }
        }
        Plot::Bars { bars, unit, level } => {
            let widest = bars.iter().map(|(name, _)| places(name)).max().unwrap_or(0);
            for (name, figure) in bars {
                let told = unit.told(*figure);
                lines.push(format!("  {}  {told:>16}", padded(name, widest, Side::Left)));
            }
            lines.extend(level.iter().map(|(name, _)| format!("  —— {name}")));
        }
        Plot::Parts(parts) => {
            let widest = parts.iter().map(|(name, _)| places(name)).max().unwrap_or(0);
            for (name, amount) in parts {
                let name = padded(name, widest, Side::Left);
                lines.push(format!("  {name}  {:>16}", amount.grouped()));
            }
        }
    }
    lines
}

fn grid(across: usize, fields: &[Field]) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut left = 0;
    for field in fields {
        let span = field.span.clamp(1, across.max(1));
        if span > left {
            rows.push(Vec::new());
            left = across;
        }
        left = left.saturating_sub(span);
        let said = format!("{}：{}", field.label, field.value.replace('\n', " "));
        if let Some(row) = rows.last_mut() {
            row.push(padded(&said, span * 32, Side::Left));
        }
    }
    rows.into_iter().map(|row| row.join("  ")).collect()
}

fn table(table: &Table) -> Vec<String> {
    let columns = table.columns();
    let head =
        |column: &Column| format!("{}{}", column.over.as_deref().unwrap_or_default(), column.head);
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let runs_on = |row: &&Row| place > 0 || row.rank == Rank::Line;
            let cells = table.rows().iter().filter(runs_on);
            let widest = cells.map(|row| places(&row.cells[place].to_string())).max();
            widest.unwrap_or(0).max(places(&head(column)))
        })
        .collect();
    let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);

    let heads = columns.iter().zip(&widths).map(|(c, width)| padded(&head(c), *width, c.side));
    let mut lines = vec![heads.collect::<Vec<_>>().join("  "), "-".repeat(whole)];
    if table.rows().is_empty() {
        lines.push(table.nothing.clone());
    }
    for row in table.rows() {
        if row.rank > Rank::Line {
            lines.push("-".repeat(whole));
        }
        lines.push(set_row(row, columns, &widths));
    }
    lines
}

/// A row; in a total the first cell runs on over the blank ones after it.
fn set_row(row: &Row, columns: &[Column], widths: &[usize]) -> String {
    let mut set = Vec::new();
    let mut place = 0;
    while place < columns.len() {
        let mut end = place + 1;
        let mut side = columns[place].side;
        if place == 0 && row.rank != Rank::Line {
            side = Side::Left;
            while end < columns.len() && row.cells[end] == Cell::Blank {
                end += 1;
            }
        }
        let width = widths[place..end].iter().sum::<usize>() + 2 * (end - place - 1);
        let said = row.cells[place].to_string().replace('\n', " ");
        set.push(padded(&said, width, side));
        place = end;
    }
    set.join("  ")
}

/// How many places a text takes.
pub(super) fn places(text: &str) -> usize {
    text.chars().map(|ch| if is_wide(ch) { 2 } else { 1 }).sum()
}

fn padded(text: &str, width: usize, side: Side) -> String {
    let room = width.saturating_sub(places(text));
    let left = match side {
        Side::Left => 0,
        Side::Centre => room / 2,
        Side::Right => room,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(room - left))
}
