//! Notices and receipts by templates: what an office edits without a programmer.
//!
//! Owns: [`Template`] (a TOML file), the fields each of them may use ([`Known`]), the shipped ones (`template/*.toml`), and the
//! names of versions ([`Edition`]); the versions themselves are kept by the books (`ledger::template`).
//!
//! A template names fields in braces: `{room}`. `{remark?}` is a field that may be empty: a sentence, a label or a note in which
//! every such field is empty is left out. Lines are a table whose columns are chosen by the template; a column of such a field is left out
//! where no line has it. A roll has room for few columns: there what such a field says stands in a sentence under the table, line by
//! line. Sizes are the house's: a template chooses a paper and moves the whole by tenths of a millimetre to meet a pre-printed form,
//! which is of that paper.
//!
//! Always: a field that is not known is refused with the list of those that are; version and digest of the template stand on
//! the paper; what [`Template::usable`] let through was set and pressed once with long words and large amounts. Never: a figure
//! made by a template, a text that cannot be printed. Limits: no conditions, no loops; those of [`Template::read`].

use std::collections::BTreeMap;

use ledger::calendar::Instant;
use ledger::journal::text;
use ledger::money::Money;
use serde::Deserialize;

use crate::sheet::{
    Block, Cell, Column, Copies, Field, Paper, Rank, Seal, Sheet, Side, Sum, Table, Warning, Width,
};
use crate::{Error, Result};

/// A document that is printed by a template.
#[derive(Debug)]
pub struct Known {
    /// Its name in commands and addresses.
    pub name: &'static str,
    /// Its code on paper.
    pub code: &'static str,
    /// What it is.
    pub title: &'static str,
    /// The fields of the whole, each with what it says.
    pub words: &'static [(&'static str, &'static str)],
    /// The fields of a line.
    pub lines: &'static [(&'static str, &'static str)],
    /// Which of a line's fields are amounts: only these add up.
    pub amounts: &'static [&'static str],
    /// The amounts that may stand in figures and capitals.
    pub sums: &'static [(&'static str, &'static str)],
    /// The shipped template.
    pub shipped: &'static str,
}

/// Every document that is printed by a template.
pub static KNOWN: &[&Known] =
    &[&crate::demand::KNOWN, &crate::receipt::FEE, &crate::receipt::FUND, &crate::renewal::KNOWN];

/// The document of that name.
#[must_use]
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().copied().find(|known| known.name == name)
}

/// What a document fills a template with.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// The whole's fields.
    pub words: BTreeMap<&'static str, String>,
    /// The lines'.
    pub lines: Vec<BTreeMap<&'static str, Cell>>,
    /// The amounts.
    pub sums: BTreeMap<&'static str, Money>,
    /// What stands beside the labels a template chooses, whichever it chooses.
    pub fields: Vec<Field>,
    /// What nobody may overlook.
    pub warning: Option<Warning>,
    /// Which one it is, as its readers say it.
    pub number: String,
    /// The book it rests on.
    pub seal: Option<Seal>,
}

impl Values {
    /// Sets a field.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.words.insert(name, value.into());
    }
}

/// Which wording a paper was laid out by, as its QR and its foot say it: `own.3`, `office.1`, `shipped.1`, `file.9f86d081`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edition {
    /// The compound's own, by its number in the books.
    Own(i32),
    /// The head office's, by its number in the books.
    Office(i32),
    /// The program's, as it counts itself.
    Shipped(i32),
    /// A file nobody kept, by the first letters of its digest.
    File(String),
}

impl Edition {
    /// As the foot of a paper says it.
    fn on_paper(&self) -> String {
        match self {
            Edition::Own(number) => format!("模板第 {number} 版"),
            Edition::Office(number) => format!("总册模板第 {number} 版"),
            Edition::Shipped(number) => format!("自带模板第 {number} 版"),
            Edition::File(_) => "模板文件，未留存".to_owned(),
        }
    }
}

impl std::fmt::Display for Edition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Edition::Own(number) => write!(f, "own.{number}"),
            Edition::Office(number) => write!(f, "office.{number}"),
            Edition::Shipped(number) => write!(f, "shipped.{number}"),
            Edition::File(digest) => write!(f, "file.{digest}"),
        }
    }
}

impl std::str::FromStr for Edition {
    type Err = String;

    fn from_str(text: &str) -> Result<Edition, String> {
        let bad = || format!("模板版本写作 own.3、office.1 或 shipped.1，不是 {text:?}");
        let (of, which) = text.split_once('.').ok_or_else(bad)?;
        let number = || which.parse::<i32>().ok().filter(|number| *number > 0).ok_or_else(bad);
        match of {
            "own" => Ok(Edition::Own(number()?)),
            "office" => Ok(Edition::Office(number()?)),
            "shipped" => Ok(Edition::Shipped(number()?)),
            "file" if !which.is_empty() => Ok(Edition::File(which.to_owned())),
            _ => Err(bad()),
        }
    }
}

/// A template as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Which document it is for.
    pub document: String,
    /// Its version, as whoever edits it counts; what the books keep is numbered there.
    #[serde(default)]
    pub version: u32,
    /// What stands over the title; the compound's name if it says nothing else.
    #[serde(default = "compound")]
    issuer: String,
    title: String,
    #[serde(default)]
    paper: PaperWord,
    /// To the right and down, in tenths of a millimetre.
    #[serde(default)]
    shift: (i16, i16),
    /// The names of the copies, each printed.
    #[serde(default)]
    copies: Vec<String>,
    /// How many copies alike, if it is printed once.
    #[serde(default)]
    alike: u8,
    /// Under the title.
    running: Vec<String>,
    /// How many labels abreast.
    #[serde(default = "three")]
    across: usize,
    /// Label, value, how many columns wide.
    #[serde(default)]
    fields: Vec<Labelled>,
    /// Before the lines.
    #[serde(default)]
    before: Vec<String>,
    /// The columns of the lines.
    #[serde(default)]
    columns: Vec<Chosen>,
    /// What stands instead of lines where there are none.
    #[serde(default)]
    nothing: String,
    /// What the total under the lines is called; none if empty.
    #[serde(default)]
    total: String,
    /// Label and amount, in figures and capitals.
    #[serde(default)]
    sum: Option<(String, String)>,
    /// Labels after the lines.
    #[serde(default)]
    after: Vec<Labelled>,
    /// Sentences after them.
    #[serde(default)]
    texts: Vec<String>,
    /// Numbered sentences.
    #[serde(default)]
    notes: Vec<String>,
    /// Who signs.
    #[serde(default)]
    signatures: Vec<String>,
    /// What is torn off.
    #[serde(default)]
    slip: Option<Slip>,
    /// The first letters of the file's digest.
    #[serde(skip)]
    digest: String,
    /// Which version it is; a file until somebody says otherwise.
    #[serde(skip)]
    edition: Option<Edition>,
}

fn compound() -> String {
    "{compound}".into()
}

const fn three() -> usize {
    3
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    label: String,
    value: String,
    #[serde(default = "one")]
    span: usize,
}

const fn one() -> usize {
    1
}

/// A column of the lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    head: String,
    field: String,
    /// How many shares of the room words take.
    #[serde(default = "share")]
    wide: u16,
    /// Whether its amounts are added up under the lines.
    #[serde(default)]
    adds: bool,
}

const fn share() -> u16 {
    1
}

impl Chosen {
    fn name(&self) -> &str {
        self.field.trim_end_matches('?')
    }

    fn may_be_empty(&self) -> bool {
        self.field.ends_with('?')
    }

    /// What stands under it in a line.
    fn cell(&self, line: &BTreeMap<&'static str, Cell>) -> Cell {
        line.get(self.name()).cloned().unwrap_or(Cell::Blank)
    }

    /// The same as it is read; nothing where nothing stands.
    fn said(&self, line: &BTreeMap<&'static str, Cell>) -> Option<String> {
        let said = self.cell(line).to_string();
        (!said.is_empty()).then_some(said)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slip {
    name: String,
    #[serde(default)]
    fields: Vec<Labelled>,
    #[serde(default)]
    signatures: Vec<String>,
}

/// A paper, as a template and a command say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaperWord {
    /// A4 upright.
    #[default]
    A4,
    /// A4 on its side.
    A4Landscape,
    /// Half of A4.
    Half,
    /// 241 mm.
    Triplicate,
    /// 80 mm.
    Ticket,
}

impl PaperWord {
    /// Every paper, by its word.
    pub const ALL: [(&'static str, PaperWord); 5] = [
        ("a4", PaperWord::A4),
        ("a4-landscape", PaperWord::A4Landscape),
        ("half", PaperWord::Half),
        ("triplicate", PaperWord::Triplicate),
        ("ticket", PaperWord::Ticket),
    ];

    /// The paper.
    #[must_use]
    pub const fn paper(self) -> Paper {
        match self {
            PaperWord::A4 => Paper::A4,
            PaperWord::A4Landscape => Paper::A4Landscape,
            PaperWord::Half => Paper::Half,
            PaperWord::Triplicate => Paper::Triplicate,
            PaperWord::Ticket => Paper::Ticket,
        }
    }
}

impl std::str::FromStr for PaperWord {
    type Err = String;

    fn from_str(text: &str) -> Result<PaperWord, String> {
        let found = PaperWord::ALL.iter().find(|(word, _)| *word == text);
        found.map(|(_, paper)| *paper).ok_or_else(|| {
            let words: Vec<&str> = PaperWord::ALL.iter().map(|(word, _)| *word).collect();
            format!("纸张须为 {}", words.join("、"))
        })
    }
}

/// A text's field: its name, and whether it may be empty.
type Named<'t> = (&'t str, bool);

impl Template {
    /// Reads a template for a document and looks whether every field it names is known.
    ///
    /// # Errors
    /// A sentence in Chinese for whoever edits it.
    pub fn read(known: &Known, file: &str) -> Result<Template, String> {
        let template: Template = toml::from_str(file).map_err(|why| unread(file, &why))?;
        if template.document != known.name {
            return Err(format!(
                "模板用于 {}，此处须为 {}（{}）",
                template.document, known.name, known.title
            ));
        }
        for text in template.said() {
            for (name, _) in fields(text)? {
                let is_known = known.words.iter().any(|(word, _)| *word == name)
                    || known.sums.iter().any(|(word, _)| *word == name);
                if !is_known {
                    return Err(unknown(name, known.words));
                }
            }
        }
        for column in &template.columns {
            if !known.lines.iter().any(|(word, _)| *word == column.name()) {
                return Err(unknown(column.name(), known.lines));
            }
        }
        template.is_whole(known)?;
        if let Some((_, field)) = &template.sum
            && !known.sums.iter().any(|(word, _)| word == field)
        {
            return Err(unknown(field, known.sums));
        }
        template.is_bounded()?;
        let digest = text::hex(&text::hash(file)).chars().take(8).collect();
        Ok(Template { digest, ..template })
    }

    /// The same, as this version.
    #[must_use]
    pub fn of(self, edition: Edition) -> Template {
        Template { edition: Some(edition), ..self }
    }

    /// Which version it is.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.edition.clone().unwrap_or_else(|| Edition::File(self.digest.clone()))
    }

    /// The shipped template of a document.
    ///
    /// # Errors
    /// A bug of ours.
    pub fn shipped(known: &Known) -> Result<Template> {
        let template = Template::read(known, known.shipped).map_err(Error::Bug)?;
        let number = i32::try_from(template.version).unwrap_or(i32::MAX);
        Ok(template.of(Edition::Shipped(number)))
    }

    /// Reads a template and prints it once with long words and large amounts, so that what is kept cannot fail at a counter.
    ///
    /// # Errors
    /// A sentence in Chinese for whoever edits it.
    pub fn usable(known: &Known, file: &str) -> Result<Template, String> {
        let template = Template::read(known, file)?;
        let trial = template.trial(known);
        let told = |why: Error| match why {
            Error::MissingGlyph { ch, text } => {
                format!("打印字库缺字 {ch}（U+{:04X}），在“{text}”中", u32::from(ch))
            }
            Error::TooWide(what) => format!("表格“{what}”在这种纸上排不下：减少列，或换宽的纸"),
            Error::TooTall(what) => format!("“{what}”一页排不下"),
            why => why.to_string(),
        };
        let sheet = template.fill(known, &trial, Instant::from_seconds(0)).map_err(told)?;
        crate::press::pdf::press(&sheet).map_err(told)?;
        Ok(template)
    }

    /// What a template is tried and previewed with: every field says its own name, every amount is large, and what a column adds up
    /// is its total.
    #[must_use]
    pub fn trial(&self, known: &Known) -> Values {
        const LARGE: Money = Money::fen(123_456_789_012);
        // Of the one line, and so of every total of it.
        const LINE: Money = Money::fen(1_234_567_890);
        let mut values = Values { number: "预览".to_owned(), ..Values::default() };
        for (name, says) in known.words {
            values.set(name, format!("〔{says}〕"));
        }
        let adds = |name: &str| self.columns.iter().any(|one| one.adds && one.name() == name);
        let sum = |name: &'static str| (name, if adds(name) { LINE } else { LARGE });
        values.sums = known.sums.iter().map(|(name, _)| sum(name)).collect();
        let cell = |(name, says): &(&'static str, &'static str)| {
            let told =
                if adds(name) { Cell::Money(LINE) } else { Cell::Text(format!("〔{says}〕")) };
            (*name, told)
        };
        values.lines.push(known.lines.iter().map(cell).collect());
        values.warning = Some(Warning {
            word: "预览".to_owned(),
            meaning: "只看排版，不是单据。".to_owned(),
        });
        values
    }

    /// Whether it says which paper it is and how much, in figures and capitals, and adds up amounts only.
    fn is_whole(&self, known: &Known) -> Result<(), String> {
        let is_no = |text: &str| fields(text).is_ok_and(|named| named.contains(&("no", false)));
        if !self.running.iter().any(|text| is_no(text)) {
            return Err("running 中须有编号 {no}：没有编号的单据不能核对".to_owned());
        }
        if self.sum.is_none() {
            let sums: Vec<String> =
                known.sums.iter().map(|(name, says)| format!("{name} {says}")).collect();
            return Err(format!("须有 sum，金额写明大小写；可用：{}", sums.join("，")));
        }
        let strange =
            self.columns.iter().find(|one| one.adds && !known.amounts.contains(&one.name()));
        match strange {
            Some(column) => Err(format!(
                "“{}”（{}）不是金额，不能合计；可以合计的：{}",
                column.head,
                column.name(),
                known.amounts.join("、")
            )),
            None => Ok(()),
        }
    }

    /// Whether its numbers are such that a page can be made of it, and no field stands where none is filled in.
    fn is_bounded(&self) -> Result<(), String> {
        const NAME_MOST: usize = 12;
        let within = |what: &str, is: usize, least: usize, most: usize| {
            let told = format!("{what} 须在 {least} 至 {most} 之间，写的是 {is}");
            if (least..=most).contains(&is) { Ok(()) } else { Err(told) }
        };
        self.stays_on_paper()?;
        within("across", self.across, 1, 6)?;
        within("alike", usize::from(self.alike), 0, 20)?;
        within("copies 的联数", self.copies.len(), 0, 6)?;
        for name in &self.copies {
            within(&format!("copies 中“{name}”的字数"), name.chars().count(), 1, NAME_MOST)?;
            if name.chars().any(char::is_control) {
                return Err(format!("copies 中“{}”不能换行", name.escape_debug()));
            }
        }
        within("columns 的列数", self.columns.len(), 0, 12)?;
        let torn_off = self.slip.iter().flat_map(|slip| &slip.fields);
        let labelled = || self.fields.iter().chain(&self.after);
        for one in labelled().chain(torn_off.clone()) {
            within("span", one.span, 1, 6)?;
        }
        for column in &self.columns {
            within("wide", usize::from(column.wide), 1, 50)?;
        }
        let mut plain: Vec<&str> = vec![&self.nothing, &self.total];
        plain.extend(self.copies.iter().map(String::as_str));
        plain.extend(self.columns.iter().map(|column| column.head.as_str()));
        plain.extend(labelled().chain(torn_off).map(|one| one.label.as_str()));
        plain.extend(self.slip.iter().map(|slip| slip.name.as_str()));
        plain.extend(self.sum.iter().map(|(label, _)| label.as_str()));
        match plain.into_iter().find(|text| text.contains(['{', '}'])) {
            Some(text) => Err(format!("“{text}”处只能写文字，不能写字段")),
            None => Ok(()),
        }
    }

    /// Whether what is moved to meet a pre-printed form stays on the sheet.
    fn stays_on_paper(&self) -> Result<(), String> {
        let room = crate::press::pdf::leeway(self.paper.paper());
        let (right, down) = (i32::from(self.shift.0), i32::from(self.shift.1));
        if right.abs() <= room.sideways && (-room.up..=room.down).contains(&down) {
            return Ok(());
        }
        let word = PaperWord::ALL.iter().find(|(_, paper)| *paper == self.paper);
        let word = word.map_or("", |(word, _)| *word);
        Err(format!(
            "shift = [{right}, {down}]（0.1 毫米）会把内容移出纸边：{word} 左右各不超过 {}，向上不超过 {}，向下不超过 {}",
            room.sideways, room.up, room.down
        ))
    }

    /// Every text that may name fields.
    fn said(&self) -> impl Iterator<Item = &str> {
        let mut said = vec![self.issuer.as_str(), self.title.as_str()];
        let torn_off = self.slip.iter().flat_map(|slip| &slip.fields);
        said.extend(self.slip.iter().flat_map(|slip| &slip.signatures).map(String::as_str));
        let labelled = self.fields.iter().chain(&self.after).chain(torn_off);
        said.extend(labelled.map(|one| one.value.as_str()));
        let lists = [&self.running, &self.before, &self.texts, &self.notes, &self.signatures];
        said.extend(lists.into_iter().flatten().map(String::as_str));
        said.into_iter()
    }

    /// The same on another paper. It is not moved there: the pre-printed form is of the template's own.
    #[must_use]
    pub fn on(self, paper: PaperWord) -> Template {
        let shift = if paper == self.paper { self.shift } else { (0, 0) };
        Template { paper, shift, ..self }
    }

    /// The sheet that a document makes of it.
    ///
    /// # Errors
    /// [`Error::CheckFailed`] if the lines do not come to a total they are printed with.
    pub fn fill(&self, known: &Known, values: &Values, printed_at: Instant) -> Result<Sheet> {
        let say = |text: &str| filled(text, values).unwrap_or_default();
        let labels = |of: &[Labelled]| -> Vec<Field> {
            let told = of.iter().filter_map(|one| Some((one, filled(&one.value, values)?)));
            told.map(|(one, value)| Field::new(&one.label, value).over(one.span)).collect()
        };
        let sentences = |of: &[String]| -> Vec<String> {
            of.iter().filter_map(|text| filled(text, values)).collect()
        };
        let mut blocks = Vec::new();
        let grid = |fields: Vec<Field>| Block::Fields { across: self.across, fields };
        let mut fields = labels(&self.fields);
        fields.extend(values.fields.iter().cloned());
        if !fields.is_empty() {
            blocks.push(grid(fields));
        }
        blocks.extend(sentences(&self.before).into_iter().map(Block::Text));
        if !self.columns.is_empty() {
            blocks.push(Block::Table(self.table(values)));
            blocks.extend(self.beside(values).into_iter().map(Block::Text));
        }
        if let Some((label, field)) = &self.sum {
            let amount = values.sums.get(field.as_str()).copied().unwrap_or_default();
            blocks.push(Block::Sum(Sum { label: label.clone(), amount }));
        }
        let after = labels(&self.after);
        if !after.is_empty() {
            blocks.push(grid(after));
        }
        blocks.extend(sentences(&self.texts).into_iter().map(Block::Text));
        let notes = sentences(&self.notes);
        if !notes.is_empty() {
            blocks.push(Block::Notes(notes));
        }
        if !self.signatures.is_empty() {
            blocks.push(Block::Signatures(sentences(&self.signatures)));
        }
        if let Some(slip) = &self.slip {
            blocks.push(Block::Cut(slip.name.clone()));
            let fields = labels(&slip.fields);
            if !fields.is_empty() {
                blocks.push(grid(fields));
            }
            if !slip.signatures.is_empty() {
                blocks.push(Block::Signatures(sentences(&slip.signatures)));
            }
        }
        let copies = match (self.copies.is_empty(), self.alike) {
            (false, _) => Copies::Each(self.copies.clone()),
            (true, 0 | 1) => Copies::One,
            (true, many) => Copies::Alike(many),
        };
        let mut sheet = Sheet::new(&say(&self.issuer), &say(&self.title), printed_at)
            .on(self.paper.paper())
            .running(sentences(&self.running))
            .warning(values.warning.clone())
            .saying(blocks)
            .copies(copies);
        sheet.shift = self.shift;
        let number = format!("{}（{} {}）", values.number, self.edition().on_paper(), self.digest);
        Ok(sheet.sealed(known.code, &number, values.seal.clone()))
    }

    /// Whether a column stands in the table: one that may be empty does where a line has it, but not on a roll.
    fn is_told(&self, column: &Chosen, values: &Values) -> bool {
        let is_roll = self.paper == PaperWord::Ticket;
        let mut lines = values.lines.iter();
        !column.may_be_empty() || (!is_roll && lines.any(|line| column.said(line).is_some()))
    }

    /// What the lines say for which a roll has no column, each after what names its line.
    fn beside(&self, values: &Values) -> Vec<String> {
        let (told, left): (Vec<&Chosen>, Vec<&Chosen>) =
            self.columns.iter().partition(|column| self.is_told(column, values));
        let said = |line: &BTreeMap<&'static str, Cell>| {
            let named = told.iter().filter(|column| matches!(column.cell(line), Cell::Text(_)));
            let named: Vec<String> = named.filter_map(|column| column.said(line)).collect();
            let more = left
                .iter()
                .filter_map(|column| Some(format!("{} {}", column.head, column.said(line)?)));
            let more: Vec<String> = more.collect();
            (!more.is_empty()).then(|| format!("{}：{}", named.join(" "), more.join("，")))
        };
        values.lines.iter().filter_map(said).collect()
    }

    fn table(&self, values: &Values) -> Table {
        let chosen: Vec<&Chosen> =
            self.columns.iter().filter(|column| self.is_told(column, values)).collect();
        let columns = chosen.iter().map(|column| {
            let figures = values.lines.iter().map(|line| column.cell(line));
            let is_figure =
                |cell: Cell| matches!(cell, Cell::Money(_) | Cell::Area(_) | Cell::Count(_));
            let mut some = figures.filter(|cell| *cell != Cell::Blank).peekable();
            if column.adds || (some.peek().is_some() && some.all(is_figure)) {
                let amounts = Column::amounts(&column.head);
                if column.adds { amounts } else { amounts.standing() }
            } else {
                Column::new(&column.head, Side::Left, Width::Share(column.wide.max(1)))
            }
        });
        let mut table = Table::new(columns.collect(), &self.nothing);
        for line in &values.lines {
            let cells = chosen.iter().map(|column| column.cell(line));
            table.push(Rank::Line, cells.collect());
        }
        if !self.total.is_empty() && !values.lines.is_empty() {
            let total = table.total_of(&self.total, table.rows());
            table.push(Rank::Total, total.cells);
        }
        table
    }
}

/// Where a text cannot be read and why, in Chinese; the reader's own words stand behind it.
fn unread(file: &str, why: &toml::de::Error) -> String {
    let words = why.message();
    let named = || words.split('`').nth(1).unwrap_or_default();
    let is_other = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|begins| words.starts_with(begins));
    let is_missing = words.starts_with("missing field");
    let told = if is_missing {
        format!("缺少 {}", named())
    } else if words.starts_with("unknown field") {
        format!("没有 {} 这一项", named())
    } else if words.starts_with("unknown variant") {
        format!("没有“{}”这一种", named())
    } else if words.starts_with("duplicate") {
        "同一项写了两次".to_owned()
    } else if is_other {
        "写的不是此处应有的文字、数字或列表".to_owned()
    } else {
        "写法不合 TOML：检查引号、括号与等号".to_owned()
    };
    // What the whole lacks stands nowhere.
    let at = why.span().map(|span| span.start).filter(|at| *at > 0 || !is_missing);
    let before = at.map(|at| file.get(..at).unwrap_or_default());
    let place = before.map_or_else(String::new, |before| {
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("第 {line} 行第 {column} 列：")
    });
    format!("模板不能识别：{place}{told}（{words}）")
}

fn unknown(name: &str, known: &[(&str, &str)]) -> String {
    let words: Vec<String> = known.iter().map(|(word, says)| format!("{word} {says}")).collect();
    format!("模板中的 {{{name}}} 不是可用的字段；可用：{}", words.join("，"))
}

/// The fields a text names.
fn fields(text: &str) -> Result<Vec<Named<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) =
            after.split_once('}').ok_or_else(|| format!("“{text}”中的花括号没有闭合"))?;
        found.push((name.trim_end_matches('?'), name.ends_with('?')));
        rest = after;
    }
    Ok(found)
}

/// A text with its fields filled in; none if all it names may be empty and is.
fn filled(text: &str, values: &Values) -> Option<String> {
    let of = |name: &str| -> String {
        let word = values.words.get(name).cloned();
        word.or_else(|| values.sums.get(name).map(|sum| sum.grouped())).unwrap_or_default()
    };
    let named = fields(text).unwrap_or_default();
    let is_idle = named.iter().all(|(name, may_be_empty)| *may_be_empty && of(name).is_empty());
    if !named.is_empty() && is_idle {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(&of(name.trim_end_matches('?')));
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_template_can_be_read() {
        for known in KNOWN {
            let template = Template::shipped(known).unwrap();
            assert!(template.version >= 1, "{}", known.name);
            // What nothing is said of is filled with nothing, and still a sheet.
            let sheet = template.fill(known, &Values::default(), Instant::from_seconds(0)).unwrap();
            assert!(sheet.check.starts_with(known.code), "{}", sheet.check);
        }
    }

    #[test]
    fn a_field_nobody_knows_is_refused_with_those_that_are() {
        let known = &crate::demand::KNOWN;
        let strange = known.shipped.replace("{room}", "{roon}");
        let told = Template::read(known, &strange).unwrap_err();
        assert!(told.contains("{roon}") && told.contains("room 房号"), "{told}");
        let open = known.shipped.replacen("{room}", "{room", 1);
        assert!(Template::read(known, &open).unwrap_err().contains("没有闭合"));
        let other = Template::read(&crate::receipt::FEE, known.shipped).unwrap_err();
        assert!(other.contains("须为 receipt"), "{other}");
        assert!(Template::read(known, "x = 1").unwrap_err().contains("模板不能识别"));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_place_in_chinese() {
        let known = &crate::demand::KNOWN;
        let told = |to: &str| {
            Template::read(known, &known.shipped.replacen("across = 3", to, 1)).unwrap_err()
        };
        let line = known.shipped.lines().position(|line| line == "across = 3").unwrap() + 1;
        let strange = told("acros = 3");
        let wanted = format!("第 {line} 行第 1 列：没有 acros 这一项（unknown field `acros`");
        assert!(strange.contains(&wanted), "{strange}");
        let wrong = told("across = \"三\"");
        assert!(wrong.contains(&format!("第 {line} 行第 10 列：写的不是")), "{wrong}");
        let open = told("across = [3");
        assert!(open.contains("写法不合 TOML") && !open.contains("parse error"), "{open}");
        let bare = Template::read(known, "document = \"demand\"").unwrap_err();
        assert!(bare.contains("模板不能识别：缺少 ") && !bare.contains('行'), "{bare}");
    }

    #[test]
    fn a_version_has_one_name() {
        for name in ["own.3", "office.1", "shipped.2", "file.9f86d081"] {
            assert_eq!(name.parse::<Edition>().unwrap().to_string(), name);
        }
        for strange in ["", "own", "own.0", "own.-1", "own.x", "file.", "theirs.1"] {
            assert!(strange.parse::<Edition>().is_err(), "{strange}");
        }
        let known = &crate::demand::KNOWN;
        let read = Template::read(known, known.shipped).unwrap();
        assert!(matches!(read.edition(), Edition::File(digest) if digest.len() == 8));
        assert_eq!(Template::shipped(known).unwrap().edition(), Edition::Shipped(1));
        let sheet =
            read.of(Edition::Own(7)).fill(known, &Values::default(), Instant::from_seconds(0));
        let number = sheet.unwrap().proof.unwrap().number;
        assert!(number.contains("模板第 7 版"), "{number}");
    }

    #[test]
    fn what_cannot_be_printed_is_refused_before_it_is_kept() {
        for known in KNOWN {
            Template::usable(known, known.shipped).unwrap();
        }
        let known = &crate::receipt::FEE;
        let refused = |from: &str, to: &str| {
            assert!(known.shipped.contains(from), "{from}");
            Template::usable(known, &known.shipped.replacen(from, to, 1)).unwrap_err()
        };
        let told = refused("title = \"收据\"", "title = \"收据🏠\"");
        assert!(told.contains("缺字"), "{told}");
        let told = refused("across = 3", "across = 3\nshift = [400, 0]");
        assert!(told.contains("shift"), "{told}");
        assert!(refused("across = 3", "across = 0").contains("across"));
        let told = refused("\"存根\"", "\"业主委员会留存备查之用的存根联\"");
        assert!(told.contains("copies") && told.contains("1 至 12"), "{told}");
        assert!(refused("\"存根\"", "\"存\\n根\"").contains("不能换行"));
        assert!(refused("total = \"合计\"", "total = \"{amount}\"").contains("不能写字段"));
        let told = refused("field = \"amount\", adds", "field = \"item\", adds");
        assert!(told.contains("不能合计") && told.contains("amount"), "{told}");
        assert!(refused("\"收据编号 {no}\", ", "").contains("编号"));
        assert!(refused("sum = [\"合计\", \"amount\"]", "").contains("大小写"));
        let wide = "    { head = \"金额\", field = \"amount\", adds = true },\n";
        let narrow = known.shipped.replace("\"triplicate\"", "\"ticket\"").replacen(
            wide,
            &wide.repeat(5),
            1,
        );
        let told = Template::usable(known, &narrow).unwrap_err();
        assert!(told.contains("排不下"), "{told}");
    }

    /// A form of 241 mm has five millimetres beside its holes, an A4 sheet thirteen at its edges; another paper is another form.
    #[test]
    fn what_is_moved_stays_on_the_sheet() {
        let known = &crate::receipt::FEE;
        let moved = |paper: &str, shift: &str| {
            let line = format!("across = 3\nshift = {shift}");
            let file = known.shipped.replacen("across = 3", &line, 1);
            Template::usable(known, &file.replacen("\"triplicate\"", &format!("{paper:?}"), 1))
        };
        for (paper, shift) in [
            ("triplicate", "[50, 0]"),
            ("triplicate", "[-50, -35]"),
            ("triplicate", "[0, 60]"),
            ("half", "[110, -45]"),
            ("a4", "[130, -85]"),
            ("ticket", "[10, 30]"),
        ] {
            assert_eq!(moved(paper, shift).err(), None, "{paper} {shift}");
        }
        for (paper, shift) in [
            ("triplicate", "[51, 0]"),
            ("triplicate", "[-51, 0]"),
            ("triplicate", "[0, -36]"),
            ("half", "[111, 0]"),
            ("a4", "[0, 301]"),
            ("ticket", "[-11, 0]"),
            ("a4", "[-32768, -32768]"),
        ] {
            let told = moved(paper, shift).unwrap_err();
            assert!(told.contains(&format!("{paper} 左右各不超过")), "{paper} {shift}: {told}");
        }
        let told = moved("triplicate", "[200, 0]").unwrap_err();
        assert!(told.contains("左右各不超过 50，向上不超过 35，向下不超过 300"), "{told}");

        let of_a4 = moved("a4", "[130, 0]").unwrap();
        let set = |template: Template| {
            template.fill(known, &Values::default(), Instant::from_seconds(0)).unwrap().shift
        };
        assert_eq!(set(of_a4.clone().on(PaperWord::A4)), (130, 0));
        assert_eq!(set(of_a4.on(PaperWord::Triplicate)), (0, 0));
    }

    /// The amount in capitals of a preview is the total of the lines above it.
    #[test]
    fn a_preview_foots() {
        for known in KNOWN {
            let template = Template::shipped(known).unwrap();
            let values = template.trial(known);
            for (name, sum) in &values.sums {
                let adds = template.columns.iter().any(|one| one.adds && one.name() == *name);
                let lines = values.lines.iter().filter_map(|line| match line.get(name) {
                    Some(Cell::Money(amount)) => Some(*amount),
                    _ => None,
                });
                assert!(!adds || lines.sum::<Money>() == *sum, "{} {name}", known.name);
            }
        }
        let known = &crate::receipt::FEE;
        let template = Template::shipped(known).unwrap();
        let sheet = template.fill(known, &template.trial(known), Instant::from_seconds(0)).unwrap();
        let text = crate::press::text::press(&sheet);
        assert!(text.contains("合计：¥12,345,678.90"), "{text}");
        // A column that may be empty adds up too.
        let table = sheet.blocks.iter().find_map(Block::table).unwrap();
        let total = table.rows().last().unwrap();
        let amounts = total.cells.iter().filter(|cell| matches!(cell, Cell::Money(_)));
        let amounts: Vec<String> = amounts.map(Cell::to_string).collect();
        assert_eq!(amounts, ["12,345,678.90"; 3], "{text}");
    }

    #[test]
    fn what_may_be_empty_is_left_out() {
        let mut values = Values::default();
        values.set("room", "1-1-101");
        assert_eq!(filled("房号 {room}", &values).as_deref(), Some("房号 1-1-101"));
        assert_eq!(filled("备注 {remark?}", &values), None);
        assert_eq!(filled("备注 {remark}", &values).as_deref(), Some("备注 "));
        assert_eq!(filled("{room}{remark?}", &values).as_deref(), Some("1-1-101"));
        assert_eq!(filled("没有字段", &values).as_deref(), Some("没有字段"));
    }
}
