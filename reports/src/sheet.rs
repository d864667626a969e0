//! A sheet: what a document says and in which order, before any paper.
//!
//! Owns: [`Sheet`] and its vocabulary: heading, sentences, [`Field`]s in a grid, [`Table`], [`Sum`],
//! [`Chart`], notes, signatures, places for seals ([`Opinion`]), a slip to cut off; on which [`Paper`],
//! in how many [`Copies`], and what proves it ([`Proof`]). Every report of the house is said in these
//! words and every press can print them: documents describe and never measure.
//!
//! Always: a figure stays a figure ([`Cell::Money`], not its digits) until a press prints it, so
//! that paper, plain text and a spreadsheet show the same; the check code is a digest of everything
//! the sheet says but when it was printed ([`Sheet::sealed`]). Never: a device, a database, a
//! rounding. Limits: one table column is one line of head or two (a name over neighbouring
//! columns); tables are not nested.

use ledger::calendar::{Day, Instant};
use ledger::measure::Area;
use ledger::money::Money;

/// One document for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it is printed on.
    pub paper: Paper,
    /// Who is speaking: the full name of the compound or office (小区全称).
    pub issuer: String,
    /// The name of the document.
    pub title: String,
    /// What tells this sheet from its neighbours (编号, 房号, 期间): under the title, and again at the
    /// head of every page that follows.
    pub running: Vec<String>,
    /// A warning across the head of every page.
    pub warning: Option<Warning>,
    /// The body, from top to bottom.
    pub blocks: Vec<Block>,
    /// 打印时间: printed in the foot, and the only date the file carries.
    pub printed_at: Instant,
    /// 校验码: printed in the foot of every page.
    pub check: String,
    /// What whoever holds the paper can ask the books about it; drawn as a QR on the first page.
    pub proof: Option<Proof>,
    /// How often it is made out.
    pub copies: Copies,
    /// How far everything is moved to meet a pre-printed form: to the right and down, in tenths of a
    /// millimetre.
    pub shift: (i16, i16),
}

/// What a sheet is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 297 × 210 mm.
    A4Landscape,
    /// Half of A4: 210 × 148.5 mm.
    Half,
    /// Continuous paper of 241 mm, half a sheet of 280 mm high, with holes on both sides (三联单).
    Triplicate,
    /// A roll of 80 mm, as long as what stands on it.
    Ticket,
}

/// How often a sheet is made out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Copies {
    /// Once.
    #[default]
    One,
    /// So many alike (一式四份): said on the sheet, printed once.
    Alike(u8),
    /// Once under each of these names (存根, 会计, 客户).
    Each(Vec<String>),
}

/// What a sheet rests on, for whoever will hold it against the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which document: D6, W01.
    pub document: String,
    /// Which one of them, as its readers say it: a room and a period, a receipt's number.
    pub number: String,
    /// The book it was drawn from, where it was drawn from one.
    pub seal: Option<Seal>,
    /// SHA-256 over everything the sheet says but when it was printed.
    pub digest: [u8; 32],
    /// What asks for the same sheet again, as a command and an address take it.
    pub order: String,
}

impl Proof {
    /// What the QR holds: check code, order, the seal's first letters.
    #[must_use]
    pub fn ticket(&self) -> String {
        let code = crate::check_code(&self.document, &self.digest);
        let seal = self.seal.as_ref().map_or_else(String::new, |seal| {
            let head: String = seal.head.chars().take(16).collect();
            format!(";seal={}.{head}", seal.vouchers)
        });
        format!("xiaoqu:{code};{}{seal}", self.order)
    }
}

/// The state of the book a sheet was drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The hash at the head of the chain.
    pub head: String,
    /// How many vouchers it covers.
    pub vouchers: u64,
}

impl Sheet {
    /// A sheet on A4 that says nothing of itself yet.
    #[must_use]
    pub fn new(issuer: &str, title: &str, printed_at: Instant) -> Sheet {
        Sheet {
            paper: Paper::A4,
            issuer: issuer.into(),
            title: title.into(),
            running: Vec::new(),
            warning: None,
            blocks: Vec::new(),
            printed_at,
            check: String::new(),
            proof: None,
            copies: Copies::One,
            shift: (0, 0),
        }
    }

    /// The same on another paper.
    #[must_use]
    pub fn on(self, paper: Paper) -> Sheet {
        Sheet { paper, ..self }
    }

    /// The same with what tells it from its neighbours.
    #[must_use]
    pub fn running(self, running: Vec<String>) -> Sheet {
        Sheet { running, ..self }
    }

    /// The same with its body.
    #[must_use]
    pub fn saying(self, blocks: Vec<Block>) -> Sheet {
        Sheet { blocks, ..self }
    }

    /// The same with a warning, if there is one.
    #[must_use]
    pub fn warning(self, warning: Option<Warning>) -> Sheet {
        Sheet { warning, ..self }
    }

    /// The same, made out so often.
    #[must_use]
    pub fn copies(self, copies: Copies) -> Sheet {
        Sheet { copies, ..self }
    }

    /// The same with its check code and its proof: the digest of what it says now. Nothing may be
    /// changed afterwards but the place it is moved to and the copies.
    #[must_use]
    pub fn sealed(mut self, document: &str, number: &str, seal: Option<Seal>) -> Sheet {
        let digest = self.digest();
        self.check = crate::check_code(document, &digest);
        let (document, number) = (document.to_owned(), number.to_owned());
        self.proof = Some(Proof { document, number, seal, digest, order: String::new() });
        self
    }

    /// The same, with what asks for it again.
    #[must_use]
    pub fn ordered_as(mut self, order: &str) -> Sheet {
        if let Some(proof) = &mut self.proof {
            order.clone_into(&mut proof.order);
        }
        self
    }

    /// The same as it stood on another state of the book: what it says is not changed.
    #[must_use]
    pub fn resting_on(mut self, seal: Seal) -> Sheet {
        if let Some(proof) = &mut self.proof {
            proof.seal = Some(seal);
        }
        self
    }

    /// SHA-256 over everything the sheet says but when it was printed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        ledger::journal::text::hash(&crate::press::text::said(self))
    }
}

/// A word nobody may overlook, and the sentence that explains it: 未结账, 作废, 副本.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The word.
    pub word: String,
    /// What it means for the reader.
    pub meaning: String,
}

impl Warning {
    /// A warning.
    #[must_use]
    pub fn new(word: &str, meaning: impl Into<String>) -> Warning {
        Warning { word: word.into(), meaning: meaning.into() }
    }

    /// Several said as one, in their order.
    #[must_use]
    pub fn together(of: impl IntoIterator<Item = Warning>) -> Option<Warning> {
        of.into_iter().reduce(|first, next| Warning {
            word: format!("{}、{}", first.word, next.word),
            meaning: first.meaning + &next.meaning,
        })
    }
}

/// A part of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The name of what follows; never alone at the foot of a page.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Labelled values, so many abreast.
    Fields {
        /// How many grid columns.
        across: usize,
        /// The values, row by row.
        fields: Vec<Field>,
    },
    /// Rows and columns.
    Table(Table),
    /// One amount that must not be misread: in figures and in capitals (大写).
    Sum(Sum),
    /// A figure drawn.
    Chart(Chart),
    /// Numbered sentences.
    Notes(Vec<String>),
    /// Who signs, each with a line to sign on.
    Signatures(Vec<String>),
    /// Boxes side by side for those who write, sign and seal.
    Opinions(Vec<Opinion>),
    /// A line to cut along (回执): what follows is torn off.
    Cut(String),
    /// What follows begins a page.
    Break,
}

/// A box in which an office writes, signs and seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Who: 业主委员会, 街道办事处.
    pub who: String,
    /// What is printed for them already.
    pub says: String,
    /// Where the seal goes, if one does: 盖章.
    pub seal: bool,
}

impl Opinion {
    /// A box with a place for a seal.
    #[must_use]
    pub fn sealed(who: &str, says: &str) -> Opinion {
        Opinion { who: who.into(), says: says.into(), seal: true }
    }
}

impl Block {
    /// The table, if it is one.
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        match self {
            Block::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// A labelled value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// 业主, 建筑面积, …
    pub label: String,
    /// The value as the reader sees it; `\n` begins a new line.
    pub value: String,
    /// How many grid columns it takes.
    pub span: usize,
}

impl Field {
    /// A value one grid column wide.
    #[must_use]
    pub fn new(label: &str, value: impl Into<String>) -> Field {
        Field { label: label.into(), value: value.into(), span: 1 }
    }

    /// The same value over so many grid columns.
    #[must_use]
    pub fn over(self, span: usize) -> Field {
        Field { span, ..self }
    }
}

/// An amount in figures and in capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// What it is the sum of.
    pub label: String,
    /// How much.
    pub amount: Money,
}

/// Rows under columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// What the foot of each page calls the total of the rows on it (本页小计), if it carries one.
    /// It is printed only where the table runs over a page.
    pub page_total: Option<String>,
    /// What stands in the place of rows when there are none.
    pub nothing: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name it shares with its neighbours, set over them.
    pub over: Option<String>,
    /// Its own name.
    pub head: String,
    /// Where its cells stand.
    pub side: Side,
    /// How wide it is.
    pub width: Width,
    /// Whether the amounts on one page may be added up; not so for a running balance.
    pub adds: bool,
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Codes and short words of one length.
    Centre,
    /// Figures.
    Right,
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As its longest cell: figures and days, which are never broken.
    Fit,
    /// So many shares of what the others leave; its text may wrap.
    Share(u16),
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it counts as.
    pub rank: Rank,
    /// One per column.
    pub cells: Vec<Cell>,
}

/// What a row counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The name of the lines below it, which runs on over the blank cells; never parted from the next.
    Group,
    /// A line.
    Line,
    /// The total of a group of lines above it.
    Subtotal,
    /// The total of the table; never parted from the last line.
    Total,
}

/// What stands in a cell. In a total, the first cell runs on over the blank ones after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Blank,
    /// Words.
    Text(String),
    /// An amount.
    Money(Money),
    /// A floor area in m².
    Area(Area),
    /// A day.
    Day(Day),
    /// A number of things.
    Count(u64),
    /// Basis points, shown as a percentage with two decimals.
    Percent(i64),
    /// A percentage as the ledger words it: `67.0%`.
    Rate(String),
}

impl Cell {
    /// The amount, or nothing where there is none: the columns for in and out stay quiet.
    #[must_use]
    pub fn money_if_any(amount: Money) -> Cell {
        if amount.is_zero() { Cell::Blank } else { Cell::Money(amount) }
    }
}

/// As it is read on paper.
impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Blank => Ok(()),
            Cell::Text(text) | Cell::Rate(text) => f.write_str(text),
            Cell::Money(amount) => f.write_str(&amount.grouped()),
            Cell::Area(area) => write!(f, "{area}"),
            Cell::Day(day) => write!(f, "{day}"),
            Cell::Count(count) => write!(f, "{count}"),
            Cell::Percent(points) => f.write_str(&percent(*points)),
        }
    }
}

/// Basis points as a percentage with two decimals: `8250` is `82.50%`.
#[must_use]
pub fn percent(points: i64) -> String {
    let sign = if points < 0 { "-" } else { "" };
    let points = points.unsigned_abs();
    format!("{sign}{}.{:02}%", points / 100, points % 100)
}

impl Column {
    /// A column of words that may wrap.
    #[must_use]
    pub fn words(head: &str, shares: u16) -> Column {
        Column::new(head, Side::Left, Width::Share(shares))
    }

    /// A column of amounts that add up.
    #[must_use]
    pub fn amounts(head: &str) -> Column {
        Column { adds: true, ..Column::new(head, Side::Right, Width::Fit) }
    }

    /// A column.
    #[must_use]
    pub fn new(head: &str, side: Side, width: Width) -> Column {
        Column { over: None, head: head.into(), side, width, adds: false }
    }

    /// The same column under a name that its neighbours share.
    #[must_use]
    pub fn under(self, over: &str) -> Column {
        Column { over: Some(over.into()), ..self }
    }

    /// The same column, not to be added up: a running balance, a price.
    #[must_use]
    pub fn standing(self) -> Column {
        Column { adds: false, ..self }
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: Vec<Column>, nothing: &str) -> Table {
        Table { columns, rows: Vec::new(), page_total: None, nothing: nothing.into() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has not one cell for each column: a mistake in the report, not in its figures.
    pub fn push(&mut self, rank: Rank, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a row has one cell for each column");
        self.rows.push(Row { rank, cells });
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The total of some of its lines, under `label`: amounts of the columns that add up, nothing
    /// in the others. Totals among `rows` are passed over.
    #[must_use]
    pub fn total_of(&self, label: &str, rows: &[Row]) -> Row {
        let total = |place: usize| -> Money {
            let lines = rows.iter().filter(|row| row.rank == Rank::Line);
            lines
                .filter_map(|row| match row.cells.get(place) {
                    Some(Cell::Money(amount)) => Some(*amount),
                    _ => None,
                })
                .sum()
        };
        let cell = |(place, column): (usize, &Column)| {
            if place == 0 {
                Cell::Text(label.into())
            } else if column.adds {
                Cell::Money(total(place))
            } else {
                Cell::Blank
            }
        };
        Row { rank: Rank::Subtotal, cells: self.columns.iter().enumerate().map(cell).collect() }
    }
}

/// A figure drawn: in black and white, every part named beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What is drawn.
    pub title: String,
    /// How.
    pub plot: Plot,
}

/// How a chart is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plot {
    /// An amount over time: it holds from its day until the next one.
    Steps {
        /// The first day drawn.
        from: Day,
        /// The last day drawn.
        to: Day,
        /// The amount from each day on, days ascending; the first holds from `from`.
        steps: Vec<(Day, Money)>,
        /// An amount to compare with, drawn as a thin line across.
        level: Option<(String, Money)>,
    },
    /// Amounts side by side, a group of columns for each name (收支对照). Not below zero.
    Columns {
        /// What each column of a group is.
        series: Vec<String>,
        /// The groups, with an amount for each of the series.
        groups: Vec<(String, Vec<Money>)>,
    },
    /// One bar for each name, against a line (各幢收缴率 against 85 %). Not below zero.
    Bars {
        /// The names with their figures.
        bars: Vec<(String, i64)>,
        /// What the figures are.
        unit: Unit,
        /// What they are compared with.
        level: Option<(String, i64)>,
    },
    /// The parts of a whole (资金来源), as one bar with a name and a share for each.
    Parts(Vec<(String, Money)>),
}

/// What the figures of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Fen.
    Fen,
    /// Hundredths of a per cent.
    BasisPoints,
    /// Things.
    Count,
}

impl Chart {
    /// Whether there is nothing to draw: then nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.plot {
            Plot::Steps { .. } => false,
            Plot::Columns { groups, .. } => groups.is_empty(),
            Plot::Bars { bars, .. } => bars.is_empty(),
            Plot::Parts(parts) => parts.is_empty(),
        }
    }
}

impl Unit {
    /// A figure as it is read.
    #[must_use]
    pub fn told(self, figure: i64) -> String {
        match self {
            Unit::Fen => Money::fen(figure).grouped(),
            Unit::BasisPoints => percent(figure),
            Unit::Count => figure.to_string(),
        }
    }
}
