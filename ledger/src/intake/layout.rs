//! What the columns of a file are called, and which row says so.
//!
//! Owns: [`Column`], [`Layout`], [`Columns`], the word lists of `aliases.toml` ([`words`]).
//!
//! Always: columns are found by name, never by place; a name means one column within a layout. Never: a
//! bank's or a program's own parser; a new layout is data.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::OTHER_KIND;
use crate::error::Refusal;

/// What a column holds, in any layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Column {
    Compound,
    Code,
    Phase,
    Building,
    Unit,
    Floor,
    Room,
    Owner,
    IdNo,
    IdKind,
    Phone,
    Share,
    Tenure,
    Usage,
    Class,
    Lift,
    Area,
    InnerArea,
    DepositDue,
    HandedOver,
    State,
    Remark,
    Summary,
    Day,
    Clock,
    Booked,
    Amount,
    Principal,
    Gains,
    Receipt,
    Channel,
    Handler,
    Item,
    Period,
    From,
    To,
    Due,
    Waived,
    Paid,
    Cashier,
    Method,
    Serial,
    Inflow,
    Outflow,
    Direction,
    Balance,
    Currency,
    Account,
    AccountName,
    Counterparty,
    CounterpartyAccount,
    CounterpartyBank,
    Payer,
    PayerAccount,
    PayerBank,
    Payee,
    PayeeAccount,
    PayeeBank,
    Purpose,
    Postscript,
    Voucher,
    Order,
    MerchantOrder,
    RefundOrder,
    Flow,
    OrderKind,
    OrderState,
    PayerId,
    Goods,
    Attach,
    Refunded,
    Gross,
    Fee,
    Invoice,
    Seller,
    Buyer,
    Tax,
    Total,
    IsBlue,
}

/// How the cells of a column are to be summed and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    Money,
    Area,
    Day,
    Text,
}

impl Column {
    /// Money and areas can be compared with a total; days are shown as days.
    pub(super) const fn nature(self) -> Nature {
        match self {
            Column::DepositDue
            | Column::Amount
            | Column::Principal
            | Column::Gains
            | Column::Due
            | Column::Waived
            | Column::Paid
            | Column::Inflow
            | Column::Outflow
            | Column::Refunded
            | Column::Gross
            | Column::Tax
            | Column::Total
            | Column::Balance => Nature::Money,
            Column::Area | Column::InnerArea => Nature::Area,
            Column::HandedOver
            | Column::Day
            | Column::Clock
            | Column::Booked
            | Column::From
            | Column::To => Nature::Day,
            _ => Nature::Text,
        }
    }

    /// A balance does not add up, and an amount whose side stands beside it adds up to nothing known.
    pub(super) fn adds_up(self, layout: &Layout) -> bool {
        match self.nature() {
            Nature::Money if layout.kind == "bank" => {
                matches!(self, Column::Inflow | Column::Outflow)
            }
            Nature::Money => !matches!(self, Column::Balance),
            Nature::Area => true,
            Nature::Day | Nature::Text => false,
        }
    }
}

/// One family of files: the names of its columns.
#[derive(Debug, Deserialize)]
pub(super) struct Layout {
    /// What people call such a file.
    called: String,
    /// Whether a row of a text has exactly as many fields as the header: a program wrote it, and fewer were cut off.
    #[serde(default, rename = "exact")]
    pub(super) is_exact: bool,
    /// Families that a header whole for them belongs to, though it would do for this one too, if it has these columns of
    /// theirs.
    #[serde(default)]
    yields: BTreeMap<String, Vec<Column>>,
    /// What a title ends with: `梧桐里小区房产清册`.
    pub(super) titles: Vec<String>,
    needed: Vec<Vec<Column>>,
    required: Vec<Vec<Column>>,
    /// Labels before the header: `楼宇名称：`.
    pub(super) preamble: BTreeMap<String, Vec<String>>,
    columns: BTreeMap<Column, Vec<String>>,
    #[serde(skip)]
    names: HashMap<String, (Column, usize)>,
    /// The word of the command that takes it.
    #[serde(skip)]
    kind: &'static str,
    #[serde(skip)]
    advice: String,
}

/// A file that offices hand in and no importer takes, known by names that only it has.
#[derive(Debug, Deserialize)]
struct Stranger {
    called: String,
    /// All the names of one of these.
    tells: Vec<Vec<String>>,
    advice: String,
}

/// Another kind of file that a header is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kin {
    /// What people call it.
    pub(super) called: &'static str,
    /// What to do with it.
    pub(super) advice: &'static str,
    kind: &'static str,
    /// Whether the file is that and not what was asked for; else it may be either.
    pub(super) is_certain: bool,
    pub(super) score: Score,
}

/// How good a header is: whether everything the kind needs is there, then how many groups and columns of it.
pub(super) type Score = (bool, (usize, usize));

impl Kin {
    /// The refusal of a file of the wrong kind.
    pub(super) fn refuse(&self, sheet: &str, row: u32, names: &[String]) -> Refusal {
        let Kin { called, advice, kind, .. } = self;
        let names = names.iter().map(String::as_str).filter(|name| !name.is_empty());
        let names = names.take(8).collect::<Vec<_>>().join("、");
        let evidence = format!("“{sheet}”第 {row} 行的表头是{called}的样子（{names}）；{advice}");
        OTHER_KIND.refuse(evidence).with("looks_like", *kind)
    }
}

/// The whole of `aliases.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Words {
    rows: RowWords,
    pub(super) words: PlainWords,
    sheets: SheetWords,
    pub(super) tenure: BTreeMap<String, Vec<String>>,
    pub(super) usage: BTreeMap<String, Vec<String>>,
    register: Layout,
    deposits: Layout,
    fees: Layout,
    bank: Layout,
    wechat: Layout,
    alipay: Layout,
    invoices: Layout,
    strangers: Vec<Stranger>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RowWords {
    totals: Vec<String>,
    trailers: Vec<String>,
    figure_heads: Vec<String>,
}

/// Word lists for values.
#[derive(Debug, Deserialize)]
pub(super) struct PlainWords {
    pub(super) nothing: Vec<String>,
    pub(super) yes: Vec<String>,
    pub(super) no: Vec<String>,
    pub(super) unsold: Vec<String>,
    pub(super) yuan: Vec<String>,
    pub(super) inward: Vec<String>,
    pub(super) outward: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct SheetWords {
    hostile: Vec<String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words: Words = toml::from_str(include_str!("aliases.toml"))
        .expect("the embedded table is read by every test of this room");
    let Words { register, deposits, fees, bank, wechat, alipay, invoices, .. } = &mut words;
    for (kind, layout) in [
        ("register", register),
        ("deposits", deposits),
        ("fees", fees),
        ("bank", bank),
        ("wechat", wechat),
        ("alipay", alipay),
        ("invoices", invoices),
    ] {
        layout.kind = kind;
        layout.advice = format!("请改用 xiaoqu import {kind}（接口为 kind={kind}）");
        for (column, names) in &layout.columns {
            for (rank, name) in names.iter().enumerate() {
                layout.names.insert(plain_name(name, Brackets::Opened), (*column, rank));
            }
        }
    }
    words
});

/// The word lists.
pub(super) fn words() -> &'static Words {
    &WORDS
}

/// The layouts.
pub(super) fn register() -> &'static Layout {
    &WORDS.register
}

pub(super) fn deposits() -> &'static Layout {
    &WORDS.deposits
}

pub(super) fn fees() -> &'static Layout {
    &WORDS.fees
}

pub(super) fn bank() -> &'static Layout {
    &WORDS.bank
}

pub(super) fn wechat() -> &'static Layout {
    &WORDS.wechat
}

pub(super) fn alipay() -> &'static Layout {
    &WORDS.alipay
}

pub(super) fn invoices() -> &'static Layout {
    &WORDS.invoices
}

/// Whether a sheet's name is one a macro virus gives: on the list, or hidden and eight or more capitals.
pub(super) fn is_hostile_sheet(name: &str, is_hidden: bool) -> bool {
    let capitals = name.len() >= 8 && name.bytes().all(|b| b.is_ascii_uppercase());
    (capitals && is_hidden) || WORDS.sheets.hostile.iter().any(|hostile| hostile == name)
}

/// How sure it is that a row is a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// A cell says 合计 and nothing else.
    Said,
    /// The first cell begins or ends with it: `1栋小计`.
    Likely,
    /// Neither.
    No,
}

/// Whether a row's first cells call it a total. The second must say so with nothing else in it, because
/// `3月工资合计` is a fine thing to write in a summary.
pub(super) fn total(first: &str, second: &str) -> Total {
    let plain = |text| plain_name(text, Brackets::Dropped);
    let (first, second) = (plain(first), plain(second));
    let totals = &WORDS.rows.totals;
    let touches =
        |word: &String| first.starts_with(word.as_str()) || first.ends_with(word.as_str());
    match () {
        () if totals.contains(&first) || totals.contains(&second) => Total::Said,
        () if first.chars().count() <= 12 && totals.iter().any(touches) => Total::Likely,
        () => Total::No,
    }
}

/// Whether a row that begins so is a trailer.
pub(super) fn is_trailer(first: &str) -> bool {
    let first = first.trim_start();
    WORDS.rows.trailers.iter().any(|word| first.starts_with(word.as_str()))
}

/// Whether a row that begins so names figures of the whole file, which the next row holds.
pub(super) fn is_figure_head(first: &str) -> bool {
    let first = first.trim_start();
    WORDS.rows.figure_heads.iter().any(|word| first.starts_with(word.as_str()))
}

/// What to do with what stands in brackets in a column's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    /// `借方(出账)` is 借方出账.
    Opened,
    /// `建筑面积(㎡)` is 建筑面积.
    Dropped,
}

/// A name as it is compared: half-width capitals, no spaces, quotes, asterisks or final colon, no `/元`.
pub(super) fn plain_name(text: &str, brackets: Brackets) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for c in text.chars() {
        let c = half_width(c).to_ascii_uppercase();
        match c {
            '(' | '[' | '【' | '〔' | '{' => depth += 1,
            ')' | ']' | '】' | '〕' | '}' => depth = depth.saturating_sub(1),
            '`' | '\'' | '"' | '*' | '\u{feff}' | '\u{200b}' => {}
            c if c.is_whitespace() || c.is_control() => {}
            _ if depth > 0 && brackets == Brackets::Dropped => {}
            c => plain.push(c),
        }
    }
    let plain = plain.replace("/元", "");
    plain.trim_end_matches(':').into()
}

/// A full-width letter, digit or mark as its half-width one.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        c => c,
    }
}

/// Which column of the file holds what.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    places: BTreeMap<Column, usize>,
    groups_found: usize,
}

impl Columns {
    /// Where a column stands.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.get(&column).copied()
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains_key(&column)
    }

    /// The columns found, in no order that matters.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Column, usize)> + '_ {
        self.places.iter().map(|(column, place)| (*column, *place))
    }

    /// How good a header this is: groups found, then columns found.
    pub(super) fn score(&self) -> (usize, usize) {
        (self.groups_found, self.places.len())
    }
}

impl Stranger {
    fn is(&self, names: &[String]) -> bool {
        let plain = |name: &str| plain_name(name, Brackets::Dropped);
        let has = |tell: &String| names.iter().any(|name| plain(name) == plain(tell));
        self.tells.iter().any(|all| all.iter().all(has))
    }
}

impl Layout {
    /// Finds the columns that these names stand for. Where two names mean one column, the one listed first
    /// wins.
    pub(super) fn columns<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Columns {
        let mut best: BTreeMap<Column, (usize, usize)> = BTreeMap::new();
        for (place, name) in names.into_iter().enumerate() {
            if let Some((column, rank)) = self.name(name) {
                let entry = best.entry(column).or_insert((rank, place));
                if rank < entry.0 {
                    *entry = (rank, place);
                }
            }
        }
        let places: BTreeMap<_, _> = best.into_iter().map(|(c, (_, place))| (c, place)).collect();
        let found = |group: &&Vec<Column>| group.iter().any(|column| places.contains_key(column));
        let groups_found = self.needed.iter().filter(found).count();
        Columns { places, groups_found }
    }

    /// Whether so many of the needed groups make a header: 60 %.
    pub(super) fn is_header(&self, columns: &Columns) -> bool {
        columns.groups_found * 10 >= self.needed.len() * 6
    }

    /// Whether these names are a header of this layout, and how good a one: everything needed first, then how much.
    fn fit(&self, names: &[String]) -> Option<(Score, Columns)> {
        let columns = self.columns(names.iter().map(String::as_str));
        let is_complete = self.is_header(&columns) && self.missing(&columns).is_empty();
        let score = (columns.groups_found == self.needed.len(), columns.score());
        is_complete.then_some((score, columns))
    }

    /// The other kind of file that these names of a header are like, if there is one.
    pub(super) fn rather(&self, names: &[String]) -> Option<Kin> {
        if let Some(stranger) = WORDS.strangers.iter().find(|stranger| stranger.is(names)) {
            let Stranger { called, advice, .. } = stranger;
            let score = (true, (usize::MAX, 0));
            return Some(Kin { called, advice, kind: "other", is_certain: true, score });
        }
        let families = [
            &WORDS.register,
            &WORDS.deposits,
            &WORDS.fees,
            &WORDS.bank,
            &WORDS.wechat,
            &WORDS.alipay,
            &WORDS.invoices,
        ];
        let others = families.into_iter().filter(|other| other.kind != self.kind);
        let fits = others.filter_map(|other| other.fit(names).map(|fit| (fit, other)));
        let ((score, columns), other) = fits.max_by_key(|((score, _), _)| *score)?;
        let is_whole = score.0;
        let is_certain = match self.fit(names) {
            None => true,
            Some(((false, _), _)) if is_whole => true,
            Some(((true, (_, own)), _)) if is_whole && score.1.1 > own => {
                let tells = self.yields.get(other.kind);
                tells.is_some_and(|tells| tells.iter().all(|column| columns.has(*column)))
            }
            Some(_) => return None,
        };
        let Layout { called, advice, kind, .. } = other;
        Some(Kin { called, advice, kind, is_certain, score })
    }

    /// The required columns that are not there, each by its first name.
    pub(super) fn missing(&self, columns: &Columns) -> Vec<String> {
        let absent = |group: &&Vec<Column>| !group.iter().any(|column| columns.has(*column));
        self.required.iter().filter(absent).map(|group| self.first_names(group)).collect()
    }

    /// All the groups a header needs, by their first names, for the person who has none.
    pub(super) fn wanted(&self) -> Vec<String> {
        self.needed.iter().map(|group| self.first_names(group)).collect()
    }

    fn first_names(&self, group: &[Column]) -> String {
        let first = |column: &Column| self.columns.get(column).and_then(|names| names.first());
        let names: Vec<&str> = group.iter().filter_map(first).map(String::as_str).collect();
        names.join("或")
    }

    fn name(&self, name: &str) -> Option<(Column, usize)> {
        let opened = plain_name(name, Brackets::Opened);
        if opened.is_empty() {
            return None;
        }
        self.names
            .get(&opened)
            .or_else(|| self.names.get(&plain_name(name, Brackets::Dropped)))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that meant two columns would be a guess.
    #[test]
    fn a_name_means_one_column() {
        for layout in [register(), deposits(), fees(), bank(), wechat(), alipay(), invoices()] {
            let listed: usize = layout.columns.values().map(Vec::len).sum();
            let names: Vec<String> = layout
                .columns
                .values()
                .flatten()
                .map(|name| plain_name(name, Brackets::Opened))
                .collect();
            let twice: Vec<&String> = names
                .iter()
                .filter(|name| names.iter().filter(|n| n == name).count() > 1)
                .collect();
            assert_eq!(listed, layout.names.len(), "{twice:?}");
        }
    }

    #[test]
    fn names_are_compared_without_their_dress() {
        for (written, plain) in [
            ("\u{feff}建筑面积 (㎡)", "建筑面积"),
            ("应交资金（元）：", "应交资金"),
            ("交易类型[ Transaction Type ]", "交易类型"),
            ("借方发生额/元(支取)", "借方发生额"),
            ("收入金额（+元）", "收入金额"),
            ("\t房　号 ", "房号"),
            ("*手机号", "手机号"),
            ("客户申请号[ Online Banking Transaction Ref.(Bank Ref.) ]", "客户申请号"),
        ] {
            assert_eq!(plain_name(written, Brackets::Dropped), plain, "{written}");
        }
    }

    #[test]
    fn a_total_is_known_by_its_first_cells() {
        for (first, second, sure) in [
            ("合计", "", Total::Said),
            ("合　计：", "", Total::Said),
            ("1", "小计", Total::Said),
            ("本页合计(元)", "", Total::Said),
            ("1栋小计", "", Total::Likely),
            ("0001", "3月工资合计", Total::No),
            ("1-1-101", "物业费", Total::No),
        ] {
            assert_eq!(total(first, second), sure, "{first} {second}");
        }
    }
}
