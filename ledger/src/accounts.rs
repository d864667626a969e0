//! The accounts laid before the owners and the authority: the three statements of 财会〔2020〕7号, the yearly notice of 165号令
//! art. 30, and the tie of bank, ledger and dwellings.
//!
//! Owns: nothing. It reads the journal's frozen months, the bank's lines and the dwellings' balances.
//!
//! Always: a statement is of a closed month, so it comes out the same for ever; its seven cross-checks (`domain.md` §2.5) are
//! computed from two different sides and all hold, or it is refused. Lines and captions are data (`accounts/forms.toml`).
//! Never: a figure of an open month called a statement; a difference without its age and its kind.
//! Limits: the fund's book; 02 of a year shows 本月数 and 本年累计数, as the annex page does.
//! Start at [`statements`], [`notice`], [`tie`].

mod forms;
mod notice;
mod tie;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::forms::{Form, FormLine, Rank, Side, form};
pub use self::notice::{DwellingYear, Notice, Use, UseShare, notice};
pub use self::tie::{DifferenceKind, Gap, Tie, tie};

use crate::books::View;
use crate::calendar::Month;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::CompoundId;
use crate::journal::{self, Book, Chart, Element, Flow, Kind};
use crate::money::Money;
use forms::{Figure, Of};

/// The month is not closed.
pub static NOT_CLOSED: Rule = Rule {
    code: "accounts.not-closed",
    kind: Answer::Refused,
    rule: "会计报表须依据已结账的月份编制（财会〔2020〕7号：按月、按年结账并编报）",
    remedy: "先按月结账；首次结账之前的月份不单独编报",
};

/// A cross-check failed.
pub static CHECK_FAILED: Rule = Rule {
    code: "accounts.check-failed",
    kind: Answer::Refused,
    rule: "表间、表内校验须全部通过，报表方可编出",
    remedy: "依校验所示的两数核对凭证；以前年度的退款误记交存收入的，请冲销后改记返还支出",
};

/// A statement of the whole year is asked for in the middle of one.
pub static YEARLY: Rule = Rule {
    code: "accounts.yearly",
    kind: Answer::Refused,
    rule: "净资产变动表按年编报",
    remedy: "期间写该年 12 月，例如 2025-12",
};

/// Nothing to sum up.
pub static NOBODY: Rule = Rule {
    code: "accounts.no-compound",
    kind: Answer::Missing,
    rule: "汇总报表须至少有一个小区",
    remedy: "核对区划代码，及小区是否已登记所在区划",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&NOBODY, &YEARLY, &NOT_CLOSED, &CHECK_FAILED];

/// One of the three statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "报表：01 资产负债表，02 收支表，03 净资产变动表")]
pub enum Code {
    /// 资产负债表.
    #[serde(rename = "01")]
    #[schemars(description = "会住维01表 资产负债表")]
    BalanceSheet,
    /// 收支表.
    #[serde(rename = "02")]
    #[schemars(description = "会住维02表 收支表")]
    IncomeAndExpenditure,
    /// 净资产变动表.
    #[serde(rename = "03")]
    #[schemars(description = "会住维03表 净资产变动表")]
    ChangesInNetAssets,
}

impl Code {
    /// All three.
    pub const ALL: [Code; 3] =
        [Code::BalanceSheet, Code::IncomeAndExpenditure, Code::ChangesInNetAssets];

    /// As on paper.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Code::BalanceSheet => "01",
            Code::IncomeAndExpenditure => "02",
            Code::ChangesInNetAssets => "03",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the books say of a year up to a month, by account; debits positive. Sums of several compounds add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Year {
    /// At the end of the year before, income and expenditure not yet closed already carried to where they close.
    opening: BTreeMap<i32, Money>,
    /// Income and expenditure of earlier years that no close had carried by then.
    unclosed: Money,
    /// Vouchers of this year that correct earlier ones.
    adjusted: BTreeMap<i32, Money>,
    /// Income and expenditure of the last month.
    month: BTreeMap<i32, Money>,
    /// Income and expenditure of the year to date.
    to_date: BTreeMap<i32, Money>,
    /// Of it, what was taken from net assets directly.
    direct: Money,
    /// Gains distributed.
    distributed: BTreeMap<i32, Money>,
    /// Funds moved to another custodian, or from one.
    moved: BTreeMap<i32, Money>,
    /// What the closing vouchers of the year carried from income and expenditure.
    carried: Money,
    /// As frozen at the last month.
    closing: BTreeMap<i32, Money>,
}

/// A line of a statement, filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "报表的一行")]
pub struct Filled {
    /// The line's stable name.
    #[schemars(description = "行代号", example = &"bank")]
    pub key: String,
    /// Its caption on paper.
    #[schemars(description = "项目", example = &"银行存款")]
    pub name: String,
    /// Its amounts, one a column; none for a caption.
    #[schemars(description = "各栏金额：分；标题行没有", example = [0, 800_000])]
    pub amounts_fen: Vec<Money>,
}

/// A cross-check: two figures computed from different sides, and whether they agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一项校验")]
pub struct Check {
    /// Its number in `domain.md` §2.5.
    #[schemars(description = "校验编号", example = 1)]
    pub no: u32,
    /// What is compared.
    #[schemars(description = "内容", example = &"资产总计 = 负债合计 + 净资产合计")]
    pub what: String,
    /// The left figure.
    #[schemars(description = "左数：分", example = 800_000)]
    pub left_fen: Money,
    /// The right figure.
    #[schemars(description = "右数：分", example = 800_000)]
    pub right_fen: Money,
    /// Whether it holds.
    #[schemars(description = "是否通过", example = true)]
    pub is_passed: bool,
    /// The sign between them, `=` or `≥`.
    #[schemars(description = "关系：= 或 ≥", example = &"=")]
    pub sign: &'static str,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = (self.left_fen.grouped(), self.right_fen.grouped());
        let told = if self.is_passed { "通过" } else { "未通过" };
        let sign = if self.is_passed { self.sign } else { "≠" };
        write!(f, "校验 {}：{}　{told}（{left} {sign} {right}）", self.no, self.what)
    }
}

/// The three statements of a month, each line in each column, and what was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "三张会计报表及其校验")]
pub struct Statements {
    /// The month.
    #[schemars(description = "期间：月份")]
    pub month: Month,
    /// 会住维01表.
    #[schemars(description = "会住维01表 资产负债表")]
    pub balance_sheet: Vec<Filled>,
    /// 会住维02表.
    #[schemars(description = "会住维02表 收支表")]
    pub income_and_expenditure: Vec<Filled>,
    /// 会住维03表, of the year up to the month.
    #[schemars(description = "会住维03表 净资产变动表：本年至本月")]
    pub changes_in_net_assets: Vec<Filled>,
    /// The seven cross-checks, all passed.
    #[schemars(description = "校验：七项，全部通过")]
    pub checks: Vec<Check>,
    /// The seal of the close it rests on, for each compound, in hexadecimal.
    #[schemars(description = "印记：所依据的结账，每小区一个")]
    pub seals: Vec<String>,
}

impl Statements {
    /// The lines of one of them.
    #[must_use]
    pub fn lines(&self, code: Code) -> &[Filled] {
        match code {
            Code::BalanceSheet => &self.balance_sheet,
            Code::IncomeAndExpenditure => &self.income_and_expenditure,
            Code::ChangesInNetAssets => &self.changes_in_net_assets,
        }
    }

    /// An amount by line and column; nothing where there is none.
    #[must_use]
    pub fn amount(&self, code: Code, key: &str, column: usize) -> Money {
        let line = self.lines(code).iter().find(|line| line.key == key);
        line.and_then(|line| line.amounts_fen.get(column)).copied().unwrap_or_default()
    }
}

/// Whether a form is printed for a month.
///
/// # Errors
/// `accounts.yearly`.
pub fn may_print(code: Code, month: Month) -> Result<(), Refusal> {
    if !form(code).is_monthly && !month.ends_a_year() {
        return Err(YEARLY.refuse(format!(
            "{} {}，期间 {month}",
            form(code).number,
            form(code).title
        )));
    }
    Ok(())
}

/// The statements of a month: of one compound, or of several summed up.
///
/// # Errors
/// `accounts.no-compound`, `accounts.not-closed`, `accounts.check-failed`.
pub async fn statements(
    view: &mut impl View,
    compounds: &[(CompoundId, String)],
    month: Month,
) -> Result<Statements> {
    if compounds.is_empty() {
        return Err(NOBODY.refuse("没有小区").into());
    }
    let mut whole = Year::default();
    let mut seals = Vec::with_capacity(compounds.len());
    for (compound, name) in compounds {
        let closes = journal::closes(view, *compound, Book::Fund, None).await?;
        let Some(closed) = closes.iter().find(|closed| closed.month == month) else {
            let (Some(first), Some(last)) = (closes.first(), closes.last()) else {
                let told = format!("{name} 尚未结账，没有可以编报的月份");
                return Err(NOT_CLOSED.refuse(told).into());
            };
            if month < first.month {
                let first = first.month;
                let told =
                    format!("{name} 的账簿自 {first} 起按月结账；{month} 在此之前，不单独编报");
                let remedy = format!("期间写 {first} 或之后已结账的月份；年报写已结账的年度");
                return Err(NOT_CLOSED.refuse(told).remedied(remedy).into());
            }
            let told = format!("{name} 的 {month} 未结账，已结账至 {}", last.month);
            return Err(NOT_CLOSED.refuse(told).into());
        };
        seals.push(closed.seal.clone());
        let january = january(month);
        let december = january.previous();
        let before = if closes.iter().any(|closed| closed.month == december) {
            journal::frozen(view, *compound, Book::Fund, december).await?
        } else {
            journal::stock(view, *compound, Book::Fund, december).await?
        };
        let flows = journal::flows(view, *compound, Book::Fund, january, month).await?;
        let closing = journal::frozen(view, *compound, Book::Fund, month).await?;
        whole.add(sort(Book::Fund.chart(), before, &flows, month, closing));
    }
    let statements = fill(&whole, month, seals);
    if let Some(failed) = statements.checks.iter().find(|check| !check.is_passed) {
        let refusal = CHECK_FAILED.refuse(format!("{month} {failed}"));
        let refusal = refusal.with("left_fen", failed.left_fen.in_fen());
        return Err(refusal.with("right_fen", failed.right_fen.in_fen()).into());
    }
    Ok(statements)
}

/// The first month of a month's year.
fn january(month: Month) -> Month {
    Month::from_number(month.year() * 100 + 1).unwrap_or(month)
}

/// Whether a code is an account or a sub-account of one.
fn is_under(code: i32, account: i32) -> bool {
    code == account || code / 100 == account || code / 10_000 == account
}

/// Sorts what flowed by what it is on the statements.
fn sort(
    chart: &Chart,
    before: BTreeMap<i32, Money>,
    flows: &[Flow],
    month: Month,
    closing: BTreeMap<i32, Money>,
) -> Year {
    let mut year = Year { closing, ..Year::default() };
    for account in &chart.accounts {
        let Some(debit) = before.get(&account.code).copied() else { continue };
        match account.month_closes_to {
            Some(target) => {
                *year.opening.entry(target).or_default() += debit;
                year.unclosed -= debit;
            }
            None => *year.opening.entry(account.code).or_default() += debit,
        }
    }
    for flow in flows {
        let Some(account) = chart.account(flow.account) else { continue };
        let is_flow = matches!(account.element, Element::Income | Element::Expenditure);
        let put = |sums: &mut BTreeMap<i32, Money>, code: i32| {
            *sums.entry(code).or_default() += flow.debit;
        };
        if flow.kind == Kind::Closing {
            if is_flow {
                year.carried += flow.debit;
            }
            continue;
        }
        let spent = forms::spent_as(flow.kind);
        let figure = forms::figure_of(flow.kind);
        if figure == Figure::Opening {
            // The books of before, opened late: every account of the voucher, income included, is of before.
            put(&mut year.opening, account.month_closes_to.unwrap_or(flow.account));
            if is_flow {
                year.unclosed -= flow.debit;
            }
        } else if flow.is_of_earlier_year
            || (flow.touches_net_assets && spent.is_none() && figure == Figure::Adjusted)
        {
            put(&mut year.adjusted, account.month_closes_to.unwrap_or(flow.account));
            if is_flow {
                year.carried += flow.debit;
            }
        } else if is_flow {
            put(&mut year.to_date, flow.account);
            if flow.month == month {
                put(&mut year.month, flow.account);
            }
        } else if account.element == Element::NetAsset {
            match (spent, figure) {
                (Some(group), _) => {
                    let shown = expenditure(chart, group, flow.account);
                    year.direct -= flow.debit;
                    put(&mut year.to_date, shown);
                    if flow.month == month {
                        put(&mut year.month, shown);
                    }
                }
                (None, Figure::Moved) => put(&mut year.moved, flow.account),
                (None, _) => put(&mut year.distributed, flow.account),
            }
        }
    }
    year
}

/// The expenditure account of a group that closes to a net-asset account, or to another of its own fund.
fn expenditure(chart: &Chart, group: i32, net_asset: i32) -> i32 {
    let accounts = || chart.accounts.iter().filter(|a| is_under(a.code, group));
    let fund = |code: i32| if code > 9_999 { code / 100 } else { code };
    let exact = accounts().find(|a| a.month_closes_to == Some(net_asset));
    let near =
        || accounts().find(|a| a.month_closes_to.is_some_and(|to| fund(to) == fund(net_asset)));
    exact.or_else(near).map_or(group, |account| account.code)
}

impl Year {
    fn add(&mut self, other: Year) {
        let plus = |to: &mut BTreeMap<i32, Money>, from: BTreeMap<i32, Money>| {
            for (account, debit) in from {
                *to.entry(account).or_default() += debit;
            }
        };
        plus(&mut self.opening, other.opening);
        plus(&mut self.adjusted, other.adjusted);
        plus(&mut self.month, other.month);
        plus(&mut self.to_date, other.to_date);
        plus(&mut self.distributed, other.distributed);
        plus(&mut self.moved, other.moved);
        plus(&mut self.closing, other.closing);
        self.unclosed += other.unclosed;
        self.direct += other.direct;
        self.carried += other.carried;
    }

    /// What stands on accounts in a column, debits positive.
    fn debit(&self, of: Of, accounts: &[i32]) -> Money {
        let sums: &[&BTreeMap<i32, Money>] = match of {
            Of::Opening => &[&self.opening, &self.adjusted],
            Of::Closing => &[&self.closing],
            Of::Month => &[&self.month],
            Of::ToDate => &[&self.to_date],
        };
        sums.iter().map(|sums| on(sums, accounts)).sum()
    }

    /// A row of 03 on net assets, credits positive.
    fn credit(&self, figure: Figure, accounts: &[i32]) -> Money {
        -match figure {
            Figure::Opening => on(&self.opening, accounts),
            Figure::Adjusted => on(&self.adjusted, accounts),
            Figure::Distributed => on(&self.distributed, accounts),
            Figure::Moved => on(&self.moved, accounts),
            Figure::Surplus => {
                let chart = Book::Fund.chart();
                let closes_here = |code: &i32| {
                    let to = chart.account(*code).and_then(|a| a.month_closes_to);
                    to.is_some_and(|to| accounts.iter().any(|account| is_under(to, *account)))
                };
                self.to_date.iter().filter(|(code, _)| closes_here(code)).map(|(_, d)| *d).sum()
            }
        }
    }
}

fn on(sums: &BTreeMap<i32, Money>, accounts: &[i32]) -> Money {
    let is_wanted = |code: &i32| accounts.iter().any(|account| is_under(*code, *account));
    sums.iter().filter(|(code, _)| is_wanted(code)).map(|(_, debit)| *debit).sum()
}

/// Fills the three forms and holds them against each other.
fn fill(year: &Year, month: Month, seals: Vec<String>) -> Statements {
    let [one, two, three] = Code::ALL.map(|code| forms::fill(form(code), year));
    let mut statements = Statements {
        month,
        balance_sheet: one,
        income_and_expenditure: two,
        changes_in_net_assets: three,
        checks: Vec::new(),
        seals,
    };
    statements.checks = checks(&statements, year);
    statements
}

/// The seven cross-checks of `domain.md` §2.5. Where a check has several columns, the first that differs is told.
fn checks(s: &Statements, year: &Year) -> Vec<Check> {
    use Code::{BalanceSheet as One, ChangesInNetAssets as Three, IncomeAndExpenditure as Two};
    let sum = 3;
    let (opening, closing) = (0, 1);
    let equal = |no: u32, what: &str, pairs: &[(Money, Money)]| {
        let differing = pairs.iter().find(|(left, right)| left != right);
        let (left_fen, right_fen) =
            *differing.or(pairs.last()).unwrap_or(&(Money::ZERO, Money::ZERO));
        let is_passed = differing.is_none();
        Check { no, what: what.to_owned(), left_fen, right_fen, is_passed, sign: "=" }
    };
    let claims = |column| (s.amount(One, "assets", column), s.amount(One, "claims", column));
    let fund_lines = ["commodity", "sold-public", "gains", "net-assets"];
    let ends = |row: &str, column: usize| -> Vec<(Money, Money)> {
        let pair = |(place, key): (usize, &&str)| {
            (s.amount(Three, row, place), s.amount(One, key, column))
        };
        fund_lines.iter().enumerate().map(pair).collect()
    };
    let distributed: Money = (0..sum).map(|place| s.amount(Three, "distributed", place)).sum();
    let begun = |key: &str| s.amount(Three, key, sum);
    let mut begins = ends("this-year", opening);
    begins.push((begun("last-year") + begun("adjusted"), s.amount(One, "net-assets", opening)));
    let deposits = s.amount(Two, "deposits", 1);
    let to_date = s.amount(Two, "surplus", 1);
    vec![
        equal(1, "01表 资产总计 = 负债合计 + 净资产合计", &[claims(opening), claims(closing)]),
        equal(
            2,
            "02表 本年累计收支差额 = 03表 四（一）净资产合计栏",
            &[(to_date, s.amount(Three, "surplus", sum))],
        ),
        equal(3, "03表 四（二）各栏合计 = 0", &[(distributed, Money::ZERO)]),
        equal(4, "03表 五 各栏 = 01表 期末余额", &ends("year-end", closing)),
        equal(5, "03表 一 + 二 = 三 = 01表 年初余额", &begins),
        equal(
            6,
            "02表 本年累计收支差额 = 各月结转数之和",
            &[(to_date, year.carried - year.unclosed + year.direct)],
        ),
        Check {
            no: 7,
            what: "02表 交存收入 本年累计不为负".to_owned(),
            left_fen: deposits,
            right_fen: Money::ZERO,
            is_passed: !deposits.is_negative(),
            sign: "≥",
        },
    ]
}
