//! The recount file: what anybody needs to count a round again with a spreadsheet, and to see that nothing was changed.
//!
//! Owns: [`Line`], its two spellings ([`csv()`], [`json_lines`]), [`check`]. Knows no database.
//!
//! Always: every dwelling of the roll has one line with what counts for it, so that Σ area by answer is the area; `计人数`
//! is 1 on the first line of a head and 0 on its others, so that Σ of it by answer is the heads; ballots that do not count
//! follow, with neither. Names are masked.
//!
//! The chain: the last cell of the header is `链:` and the roll's digest; the last cell of each line is
//! SHA-256(the hash before it, a line feed, the line's cells before the hash as they stand in the CSV).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::ballot::{Ballot, Channel, Standing};
use super::roll::Entry;
use super::tally::{Answer, Figure};
use crate::calendar::Day;
use crate::journal::text::hex;
use crate::measure::Area;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RecountLine", description = "明细清册的一行")]
pub struct Line {
    /// Its place, from 1.
    #[schemars(description = "行号", example = 1)]
    pub line_no: i32,
    /// The dwelling.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The area this line counts for.
    #[schemars(description = "面积：0.01 平方米，未计入的票为零", example = 8_110)]
    pub area_centi_m2: Area,
    /// The head.
    #[schemars(description = "人头号：同一人的房屋同号", example = 1)]
    pub head_no: i32,
    /// The heads this line counts for: one or none.
    #[schemars(description = "计人数：每个人头只在首行计 1", example = 1)]
    pub head_counts: i32,
    /// The owners, masked.
    #[schemars(description = "业主：只显示姓", example = &"王*")]
    pub owner: String,
    /// The way of the ballot.
    #[schemars(description = "渠道：未投票则空")]
    pub channel: Option<Channel>,
    /// The ballot.
    #[schemars(description = "票号：未投票则空", example = 1)]
    pub ballot_no: Option<i32>,
    /// The day it was received.
    #[schemars(description = "收到日期：未投票则空")]
    pub received_on: Option<Day>,
    /// `计入`, `未投票`, `重复`, `已更正`, `无效`.
    #[schemars(description = "状态：计入、未投票、重复、已更正、无效", example = &"计入")]
    pub standing: String,
    /// Why it is invalid.
    #[schemars(description = "无效原因", example = &"")]
    pub reason: String,
    /// To each motion: `同意`, `反对`, `弃权`, `无效`, `推定同意` …, or nothing.
    #[schemars(description = "各事项的答复")]
    pub answers: Vec<String>,
    /// The chain up to here.
    #[schemars(description = "链值：对上一行链值与本行各格计算", example = &"94670fd2")]
    pub hash: String,
}

/// What a line says to a motion when no ballot of its head counts: what is presumed of the silent.
pub(super) const PRESUMED: &str = "推定";

/// The lines of a round. `presumed` is what each motion's rule presumes of a head that sent nothing.
#[must_use]
pub(super) fn lines(
    roll: &[Entry],
    ballots: &[Ballot],
    standings: &[Standing],
    presumed: &BTreeMap<i32, Vec<Option<Answer>>>,
    roll_digest: &str,
) -> Vec<Line> {
    let judged = || ballots.iter().zip(standings);
    let counting: BTreeMap<i32, &Ballot> = judged()
        .filter(|(_, standing)| **standing == Standing::Counted)
        .map(|(ballot, _)| (ballot.head_no, ballot))
        .collect();
    // A head whose slips are all invalid has returned one: it is shown by the last of them.
    let invalid: BTreeMap<i32, &Ballot> = judged()
        .filter(|(_, standing)| **standing == Standing::Invalid)
        .map(|(ballot, _)| (ballot.head_no, ballot))
        .collect();

    let mut lines = Vec::with_capacity(roll.len() + ballots.len());
    let mut seen = BTreeSet::new();
    let said = |answers: &[Answer]| answers.iter().map(|a| a.in_chinese().to_owned()).collect();
    for entry in roll {
        let ballot = counting.get(&entry.head_no);
        let (standing, answers) = match (ballot, invalid.get(&entry.head_no)) {
            (Some(ballot), _) => ("计入", said(&ballot.answers)),
            (None, Some(_)) => ("无效", presumed_words(presumed, entry.head_no, "无效")),
            (None, None) => ("未投票", presumed_words(presumed, entry.head_no, "")),
        };
        let ballot = ballot.or_else(|| invalid.get(&entry.head_no));
        lines.push(Line {
            line_no: 0,
            room: entry.code.to_string(),
            area_centi_m2: entry.area,
            head_no: entry.head_no,
            head_counts: i32::from(seen.insert(entry.head_no)),
            owner: entry.shown_name.clone(),
            channel: ballot.map(|b| b.channel),
            ballot_no: ballot.map(|b| b.no.0),
            received_on: ballot.map(|b| b.received_on),
            standing: standing.to_owned(),
            reason: ballot.map_or_else(String::new, |b| b.invalid_reason.clone()),
            answers,
            hash: String::new(),
        });
    }
    let rooms: BTreeMap<_, _> = roll.iter().map(|entry| (entry.dwelling_no, entry)).collect();
    for (ballot, standing) in judged().filter(|(_, standing)| **standing != Standing::Counted) {
        let entry = rooms.get(&ballot.dwelling_no);
        lines.push(Line {
            line_no: 0,
            room: entry.map_or_else(String::new, |entry| entry.code.to_string()),
            area_centi_m2: Area::ZERO,
            head_no: ballot.head_no,
            head_counts: 0,
            owner: entry.map_or_else(String::new, |entry| entry.shown_name.clone()),
            channel: Some(ballot.channel),
            ballot_no: Some(ballot.no.0),
            received_on: Some(ballot.received_on),
            standing: standing.in_chinese().to_owned(),
            reason: ballot.invalid_reason.clone(),
            answers: said(&ballot.answers),
            hash: String::new(),
        });
    }
    let motions = presumed.values().next().map_or(0, Vec::len);
    let mut hash = roll_digest.to_owned();
    for (line, no) in lines.iter_mut().zip(1..) {
        line.line_no = no;
        line.answers.resize(motions, String::new());
        hash = link(&hash, &cells(line));
        line.hash.clone_from(&hash);
    }
    lines
}

fn presumed_words(
    presumed: &BTreeMap<i32, Vec<Option<Answer>>>,
    head_no: i32,
    otherwise: &str,
) -> Vec<String> {
    let word = |answer: &Option<Answer>| match answer {
        Some(answer) => format!("{PRESUMED}{}", answer.in_chinese()),
        None => otherwise.to_owned(),
    };
    presumed.get(&head_no).map_or_else(Vec::new, |answers| answers.iter().map(word).collect())
}

fn cells(line: &Line) -> String {
    let mut cells = vec![
        line.line_no.to_string(),
        line.room.clone(),
        line.area_centi_m2.to_string(),
        line.head_no.to_string(),
        line.head_counts.to_string(),
        line.owner.clone(),
        line.channel.map_or("", Channel::in_chinese).to_owned(),
        line.ballot_no.map_or_else(String::new, |no| no.to_string()),
        line.received_on.map_or_else(String::new, |day| day.to_string()),
        line.standing.clone(),
        line.reason.clone(),
    ];
    cells.extend(line.answers.iter().cloned());
    cells.join(",")
}

fn link(before: &str, cells: &str) -> String {
    hex(&Sha256::digest(format!("{before}\n{cells}").as_bytes()))
}

/// The digest of a file: the hash of its last line.
#[must_use]
pub(super) fn digest(lines: &[Line], roll_digest: &str) -> String {
    lines.last().map_or_else(|| roll_digest.to_owned(), |line| line.hash.clone())
}

/// As a spreadsheet reads it: UTF-8 with its mark, a header, a line a row. No cell holds a comma or a quote.
#[must_use]
pub fn csv(lines: &[Line], motions: usize, roll_digest: &str) -> String {
    let mut text = String::from("\u{feff}");
    text.push_str("行号,房号,面积㎡,人头号,计人数,业主,渠道,票号,收到日期,状态,无效原因,");
    (1..=motions).for_each(|no| text.push_str(&format!("事项{no},")));
    text.push_str(&format!("链:{roll_digest}\n"));
    for line in lines {
        text.push_str(&format!("{},{}\n", cells(line), line.hash));
    }
    text
}

/// As a program reads it: one JSON object a line.
#[must_use]
pub fn json_lines(lines: &[Line]) -> String {
    let told = lines.iter().map(|line| {
        let mut text = serde_json::to_string(line).expect("a line is JSON");
        text.push('\n');
        text
    });
    told.collect()
}

/// What a recount of a file found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recounted {
    /// The roll's digest, from the header.
    pub roll_digest: String,
    /// The hash of the last line.
    pub digest: String,
    /// How many lines there are.
    pub lines: usize,
    /// Everybody.
    pub entitled: Figure,
    /// To each motion, the figure of each word said.
    pub motions: Vec<BTreeMap<String, Figure>>,
}

/// Counts a file in CSV again and checks its chain. An error is the number of the first line that is not as it was
/// written, 0 for the header.
///
/// # Errors
/// The line, from 1.
pub fn check(csv: &str) -> Result<Recounted, usize> {
    const FIXED: usize = 11;
    let mut rows = csv.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = rows.next().ok_or(0_usize)?.split(',').collect();
    let start = header.last().and_then(|cell| cell.strip_prefix("链:")).ok_or(0_usize)?;
    let motions = header.len().checked_sub(FIXED + 1).ok_or(0_usize)?;
    let mut found = Recounted {
        roll_digest: start.to_owned(),
        digest: start.to_owned(),
        lines: 0,
        entitled: Figure::default(),
        motions: vec![BTreeMap::new(); motions],
    };
    for (row, no) in rows.zip(1..) {
        let (text, hash) = row.rsplit_once(',').ok_or(no)?;
        let cells: Vec<&str> = text.split(',').collect();
        if link(&found.digest, text) != hash || cells.len() != FIXED + motions {
            return Err(no);
        }
        found.digest = hash.to_owned();
        found.lines = no;
        let heads: i64 = cells[4].parse().map_err(|_| no)?;
        let area = if cells[2] == "0.00" { Some(Area::ZERO) } else { Area::parse(cells[2]) };
        let figure = Figure::of(heads, area.ok_or(no)?);
        found.entitled = found.entitled + figure;
        for (answer, sums) in cells[FIXED..].iter().zip(&mut found.motions) {
            let sum = sums.entry((*answer).to_owned()).or_default();
            *sum = *sum + figure;
        }
    }
    Ok(found)
}
