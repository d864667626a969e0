//! What is laid before all owners once a year (165号令 art. 30): totals, uses with their allocation, and each dwelling's year.
//!
//! Always: of a closed year; the totals are those of the statements, Σ dwellings and what is not yet theirs make the net
//! assets, and Σ uses is the year's 维修支出; each shown as a check, or nothing is shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CHECK_FAILED, Check, Code, NOT_CLOSED, Statements, forms, is_under, january, statements,
};
use crate::books::View;
use crate::calendar::{Day, Month};
use crate::error::Result;
use crate::id::{DwellingNo, MatterNo};
use crate::journal::{self, Book, Element, Kind, KindLine};
use crate::money::Money;
use crate::property::{self, Compound};

/// A dwelling's year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一户全年的交存、使用、增值收益、结存")]
pub struct DwellingYear {
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What it had when the year began.
    #[schemars(description = "年初结存：分", example = 800_000)]
    pub opening_fen: Money,
    /// What it paid in, refunds of the same year taken off.
    #[schemars(description = "交存：分", example = 0)]
    pub deposited_fen: Money,
    /// What was used of it.
    #[schemars(description = "使用：分", example = 50_000)]
    pub used_fen: Money,
    /// What was distributed to it.
    #[schemars(description = "增值收益：分", example = 12_000)]
    pub gained_fen: Money,
    /// What was given back.
    #[schemars(description = "返还：分", example = 0)]
    pub returned_fen: Money,
    /// What came or went otherwise: 划转, 分户, 并户, 更正.
    #[schemars(description = "划转及调整：分", example = 0)]
    pub moved_fen: Money,
    /// What it has when the year ends.
    #[schemars(description = "年末结存：分", example = 762_000)]
    pub closing_fen: Money,
}

impl DwellingYear {
    fn runs(&self) -> Money {
        self.opening_fen + self.deposited_fen + self.gained_fen + self.moved_fen
            - self.used_fen
            - self.returned_fen
    }

    fn plus(&mut self, other: &DwellingYear) {
        self.opening_fen += other.opening_fen;
        self.deposited_fen += other.deposited_fen;
        self.used_fen += other.used_fen;
        self.gained_fen += other.gained_fen;
        self.returned_fen += other.returned_fen;
        self.moved_fen += other.moved_fen;
        self.closing_fen += other.closing_fen;
    }
}

/// A dwelling's share of a use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一户分摊")]
pub struct UseShare {
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// How much.
    #[schemars(description = "分摊金额：分", example = 50_000)]
    pub amount_fen: Money,
}

/// A use of the fund: one voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一笔使用及其分摊")]
pub struct Use {
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"fund/2025-0007")]
    pub voucher: String,
    /// Its day.
    #[schemars(description = "日期", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub on: Day,
    /// What for: the project's name, or the voucher's words.
    #[schemars(description = "项目", example = &"1 幢屋面维修")]
    pub what: String,
    /// The cost.
    #[schemars(description = "金额：分", example = 6_000_000)]
    pub amount_fen: Money,
    /// How it was shared.
    #[schemars(description = "分摊：各户")]
    pub shares: Vec<UseShare>,
}

/// The yearly notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "年度公示：165号令第三十条")]
pub struct Notice {
    /// The year.
    #[schemars(description = "年度", example = 2025)]
    pub year: i32,
    /// The year's statements, which it rests on.
    #[schemars(description = "会计报表及校验")]
    pub statements: Statements,
    /// Its uses, in the order of the book.
    #[schemars(description = "使用项目")]
    pub uses: Vec<Use>,
    /// Each dwelling's year, in the natural order of rooms.
    #[schemars(description = "各户")]
    pub dwellings: Vec<DwellingYear>,
    /// What bears a balance and names no dwelling: paid for a project and not yet shared out.
    #[schemars(description = "未落户：已支付而未分摊到户的")]
    pub unshared: DwellingYear,
    /// Σ dwellings and what is unshared.
    #[schemars(description = "合计")]
    pub total: DwellingYear,
    /// Gains not yet distributed when the year ends.
    #[schemars(description = "年末待分配累计收益：分", example = 0)]
    pub undistributed_fen: Money,
    /// What was checked beside the statements.
    #[schemars(description = "校验")]
    pub checks: Vec<Check>,
}

/// The yearly notice of a compound.
///
/// # Errors
/// Those of [`statements`]; `accounts.check-failed`.
pub async fn notice(view: &mut impl View, compound: &Compound, year: i32) -> Result<Notice> {
    let december = year.checked_mul(100).and_then(|months| months.checked_add(12));
    let never = || NOT_CLOSED.refuse(format!("{year} 年不在账册可记的年份之内"));
    let december = december.and_then(Month::from_number).ok_or_else(never)?;
    let first = january(december);
    let of = [(compound.id, compound.name.clone())];
    let statements = statements(view, &of, december).await?;
    let rooms = property::numbers(view, compound.id).await?;
    let codes = property::codes(view, compound.id).await?;
    let flows = journal::dwelling_flows(view, compound.id, Book::Fund, first, december).await?;
    let chart = Book::Fund.chart();
    let under = |group: i32| -> Vec<i32> {
        chart.accounts.iter().filter(|a| is_under(a.code, group)).map(|a| a.code).collect()
    };
    let net: Vec<i32> = [3001, 3002].into_iter().flat_map(under).collect();
    let lines = journal::lines_spent(
        view,
        compound.id,
        Book::Fund,
        (first, december),
        &under(5001),
        (Kind::Repair, &net),
    )
    .await?;

    let mut years: BTreeMap<Option<DwellingNo>, DwellingYear> = BTreeMap::new();
    for flow in &flows {
        let Some(account) = chart.account(flow.account).filter(|a| a.bearing.is_some()) else {
            continue;
        };
        if flow.kind == Kind::Closing {
            continue;
        }
        let year = years.entry(flow.dwelling).or_default();
        let credit = -flow.debit;
        year.closing_fen += credit;
        let group = account.code / if account.code > 9_999 { 100 } else { 1 };
        let spent = forms::spent_as(flow.kind).filter(|_| account.element == Element::NetAsset);
        if flow.is_before || flow.kind == Kind::Opening {
            year.opening_fen += credit;
        } else if flow.kind == Kind::Transfer || flow.is_of_earlier_year {
            year.moved_fen += credit;
        } else if spent == Some(5001) || group == 5001 {
            year.used_fen -= credit;
        } else if spent == Some(5101) || group == 5101 {
            year.returned_fen -= credit;
        } else if group == 4001 {
            year.deposited_fen += credit;
        } else if forms::figure_of(flow.kind) == forms::Figure::Distributed {
            year.gained_fen += credit;
        } else {
            year.moved_fen += credit;
        }
    }
    let unshared = years.remove(&None).unwrap_or_default();
    let mut dwellings = Vec::with_capacity(codes.len());
    let mut ordered: Vec<_> = codes.into_iter().collect();
    ordered.sort();
    for (code, no) in ordered {
        let year = years.remove(&Some(no)).unwrap_or_default();
        dwellings.push(DwellingYear { room: code.to_string(), ..year });
    }
    let mut total = unshared.clone();
    dwellings.iter().for_each(|dwelling| total.plus(dwelling));
    let uses = uses(&lines, |no| rooms.get(&no).cloned().unwrap_or_default());
    let undistributed_fen = statements.amount(Code::BalanceSheet, "gains", 1);
    let net_assets = statements.amount(Code::BalanceSheet, "net-assets", 1);
    let used: Money = uses.iter().map(|used| used.amount_fen).sum();
    let repairs = statements.amount(Code::IncomeAndExpenditure, "repairs", 1);
    let equal = |no, what: &str, left_fen: Money, right_fen: Money| Check {
        no,
        what: what.to_owned(),
        left_fen,
        right_fen,
        is_passed: left_fen == right_fen,
        sign: "=",
    };
    let checks = vec![
        equal(
            8,
            "各户年末结存合计 + 待分配累计收益 = 净资产合计",
            total.closing_fen + undistributed_fen,
            net_assets,
        ),
        equal(
            9,
            "各户年初结存 + 交存 + 增值 + 划转 - 使用 - 返还 = 年末结存",
            total.runs(),
            total.closing_fen,
        ),
        equal(10, "使用项目合计 = 维修支出", used, repairs),
        equal(11, "各户使用合计 = 使用项目合计", total.used_fen, used),
    ];
    if let Some(failed) = checks.iter().find(|check| !check.is_passed) {
        return Err(CHECK_FAILED.refuse(format!("{year} 年度公示 {failed}")).into());
    }
    Ok(Notice { year, statements, uses, dwellings, unshared, total, undistributed_fen, checks })
}

/// One use a voucher, with a share a dwelling.
fn uses(lines: &[KindLine], room: impl Fn(DwellingNo) -> String) -> Vec<Use> {
    let mut uses: Vec<Use> = Vec::new();
    let mut shares: BTreeMap<DwellingNo, Money> = BTreeMap::new();
    let mut last = None;
    let close = |uses: &mut Vec<Use>, shares: &mut BTreeMap<DwellingNo, Money>| {
        if let Some(used) = uses.last_mut() {
            let share = |(no, amount_fen)| UseShare { room: room(no), amount_fen };
            used.shares = std::mem::take(shares).into_iter().map(share).collect();
        }
    };
    for line in lines {
        if last != Some(line.seq) {
            close(&mut uses, &mut shares);
            last = Some(line.seq);
            let named = line.matter.filter(|_: &MatterNo| !line.matter_name.is_empty());
            let what = named.map_or(&line.memo, |_| &line.matter_name).clone();
            let (voucher, on) = (line.voucher.clone(), line.on);
            uses.push(Use { voucher, on, what, amount_fen: Money::ZERO, shares: Vec::new() });
        }
        if let Some(used) = uses.last_mut() {
            used.amount_fen += line.debit;
        }
        if let Some(dwelling) = line.dwelling {
            *shares.entry(dwelling).or_default() += line.debit;
        }
    }
    close(&mut uses, &mut shares);
    uses
}
