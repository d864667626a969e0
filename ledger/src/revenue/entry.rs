//! Income, cost and the operator: what came in, what it cost with its voucher, who holds it meanwhile.
//!
//! Always: Dr 1002 (or 1122, what the operator holds) / Cr 4001 and 2221 for income; Dr 5001 / Cr 1002 (or 1122, what the
//! operator laid out) for cost. The account is never overdrawn, on no day: what income does not cover the operator lays out, and
//! it is carried. The operator's share is taken once a period and scope, of operating income without tax, by what was agreed; what
//! the account did not hold by the period's last day is owed to the operator and paid as what they laid out is. Nothing is dated
//! into a time that was handed over, and no cost below what its period gave away.

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reckon::{self, Move, Sort, period_of};
use super::rows::{self, ENTRIES, ENTRY};
use super::{
    BEFORE_ASSEMBLY, GIVEN_AWAY, HANDED_OVER, Income, NO_LEASE, NOT_OWED, OPERATOR_CAP, OVER_DUE,
    PERIOD, RESIDUAL, SHARE_TAKEN, SHORT, STRAIGHT_IN, Terms, Whose, lease, may_be_amount,
    may_be_scope, may_be_text, may_have_been, pack_at, part_of, terms_on,
};
use crate::bank::{self, BankLine};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Month, iso_day};
use crate::error::Result;
use crate::governance::Scope;
use crate::id::{
    CompoundId, LineNo, MotionNo, PledgeNo, ProjectNo, RevenueEntryNo, RevenueLeaseNo, RoundNo,
};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::policy::Pack;
use crate::policy::terms::{CostsBefore, Covers, Residual};
use crate::tariff::vat;

/// 1002 银行存款.
pub(super) const BANK: i32 = 1002;
/// 1122 应收经营方款: on the credit side what the operator laid out.
pub(super) const OPERATOR: i32 = 1122;
/// 2221 应交税费.
const TAX: i32 = 2221;
/// 4001 经营收入.
const INCOME: i32 = 4001;
/// 4101 利息收入.
const INTEREST: i32 = 4101;
/// 5001 合理成本.
const COST: i32 = 5001;

/// Through whose hands money goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenuePurse", description = "经手")]
pub enum Purse {
    /// The separate account.
    #[default]
    #[schemars(description = "单独的账户")]
    Account,
    /// The operator: collected and not yet paid in, or laid out.
    #[schemars(description = "经营人代收或垫付")]
    Operator,
}

impl Purse {
    const fn account(self) -> i32 {
        match self {
            Purse::Account => BANK,
            Purse::Operator => OPERATOR,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Purse::Account => "account",
            Purse::Operator => "operator",
        }
    }
}

/// What reasonable cost is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueCost", description = "合理成本的种类")]
pub enum Cost {
    /// 能耗.
    #[schemars(description = "能耗")]
    Energy,
    /// 人工.
    #[schemars(description = "人工")]
    Labour,
    /// 维护.
    #[schemars(description = "经营设施的维护")]
    Upkeep,
    /// 代理.
    #[schemars(description = "代理、招商")]
    Agency,
    /// 附加税费.
    #[schemars(description = "附加税费")]
    Surcharge,
    /// 管理.
    #[schemars(description = "管理费用")]
    Management,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl Cost {
    pub(super) const ALL: [Cost; 7] = [
        Cost::Energy,
        Cost::Labour,
        Cost::Upkeep,
        Cost::Agency,
        Cost::Surcharge,
        Cost::Management,
        Cost::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cost::Energy => "energy",
            Cost::Labour => "labour",
            Cost::Upkeep => "upkeep",
            Cost::Agency => "agency",
            Cost::Surcharge => "surcharge",
            Cost::Management => "management",
            Cost::Other => "other",
        }
    }

    /// The word on a publication.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Cost::Energy => "能耗",
            Cost::Labour => "人工",
            Cost::Upkeep => "经营设施的维护",
            Cost::Agency => "代理、招商",
            Cost::Surcharge => "附加税费",
            Cost::Management => "管理费用",
            Cost::Other => "其他",
        }
    }
}

/// Income to record.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenueIncome", description = "要登记的收入")]
pub struct Receiving {
    /// Where from.
    #[schemars(description = "来源")]
    pub income: Income,
    /// Under which contract: income of business has one.
    #[serde(default)]
    #[schemars(description = "经营合同编号：经营收入须写；赔偿、孳息、残值不写")]
    pub lease_no: Option<RevenueLeaseNo>,
    /// Whose, where no contract says so.
    #[serde(default)]
    #[schemars(description = "归谁：有合同的从合同；不写则为全体业主", with = "Option<Whose>")]
    pub scope: Option<Scope>,
    /// How much, tax included.
    #[schemars(
        description = "金额：分，含税",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 120_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "收款日期：不得晚于今天")]
    pub on: Day,
    /// From whom.
    #[schemars(description = "付款人：单位名称；个人只写姓", example = &"某广告公司")]
    pub payer: String,
    /// Into whose hands.
    #[serde(default)]
    #[schemars(description = "经手：不写则进入账户")]
    pub into: Purse,
    /// The bank's line, if it is claimed.
    #[serde(default)]
    #[schemars(description = "银行流水编号：认领的写")]
    pub line_no: Option<LineNo>,
    /// What proves it.
    #[schemars(description = "凭据", example = &"回单 1")]
    pub evidence: String,
}

/// A cost to record.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenueCost", description = "要登记的合理成本：经营人举证")]
pub struct Spending {
    /// For what.
    #[schemars(description = "种类")]
    pub cost: Cost,
    /// Whose income it lowers.
    #[serde(default)]
    #[schemars(description = "归谁：不写则为全体业主", with = "Option<Whose>")]
    pub scope: Option<Scope>,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 30_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "付款日期：不得晚于今天")]
    pub on: Day,
    /// To whom.
    #[schemars(description = "收款人", example = &"某供电公司")]
    pub payee: String,
    /// From whose hands.
    #[serde(default)]
    #[schemars(description = "经手：不写则从账户支付")]
    pub from: Purse,
    /// The bank's line, if it is claimed.
    #[serde(default)]
    #[schemars(description = "银行流水编号：认领的写")]
    pub line_no: Option<LineNo>,
    /// Its voucher.
    #[schemars(description = "凭据：发票、合同", example = &"发票 001")]
    pub evidence: String,
}

/// Money that moves between the account and somebody it is owed to or by.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenueClearing", description = "要登记的往来：转入、归还、缴税")]
pub struct Clearing {
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 50_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// The bank's line, if it is claimed.
    #[serde(default)]
    #[schemars(description = "银行流水编号：认领的写")]
    pub line_no: Option<LineNo>,
    /// What proves it.
    #[schemars(description = "凭据", example = &"回单 2")]
    pub evidence: String,
}

/// The operator's share of a period, to take.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewOperatorShare", description = "要提取的经营人分成")]
pub struct Sharing {
    /// The period, by its last month.
    #[schemars(description = "期间的末月")]
    pub through: Month,
    /// Of whose income.
    #[serde(default)]
    #[schemars(description = "归谁：不写则为全体业主", with = "Option<Whose>")]
    pub scope: Option<Scope>,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// Its number.
    pub entry_no: RevenueEntryNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// The tax within it.
    pub tax_fen: Money,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenueEntry", description = "公共收益的一笔收支")]
pub struct EntryRow {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub entry_no: RevenueEntryNo,
    /// Which sort.
    #[schemars(description = "类别")]
    pub sort: Sort,
    /// What, in Chinese.
    #[schemars(description = "事项", example = &"停车位")]
    pub what: String,
    /// Whose.
    #[schemars(description = "归谁", example = &"全体业主")]
    pub scope: String,
    /// The contract.
    #[schemars(description = "经营合同编号：没有则空")]
    pub lease_no: Option<RevenueLeaseNo>,
    /// How much.
    #[schemars(description = "金额：分", example = 120_000)]
    pub amount_fen: Money,
    /// The tax within.
    #[schemars(description = "其中税额：分", example = 9_908)]
    pub tax_fen: Money,
    /// The day.
    #[schemars(description = "日期")]
    pub entered_on: Day,
    /// The period it is for.
    #[schemars(description = "所属期间的末月：收入、成本等为空")]
    pub through: Option<Month>,
    /// Who.
    #[schemars(description = "对方", example = &"某广告公司")]
    pub party: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"回单 1")]
    pub evidence: String,
    /// The resolution's round.
    #[schemars(description = "所依据的表决：没有则空")]
    pub round_no: Option<RoundNo>,
    /// Its motion.
    #[schemars(description = "所依据的事项：没有则空")]
    pub motion_no: Option<MotionNo>,
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"revenue/2026-0001")]
    pub voucher: String,
    /// Whether its voucher was reversed.
    #[schemars(description = "是否已冲销", example = false)]
    pub is_reversed: bool,
}

/// An entry to keep; the rest is nothing.
#[derive(Debug, Default)]
pub(super) struct New<'a> {
    pub(super) what: &'a str,
    pub(super) scope: &'a str,
    pub(super) lease: Option<RevenueLeaseNo>,
    pub(super) purse: Purse,
    pub(super) amount: Money,
    pub(super) tax: Money,
    pub(super) on: Day,
    pub(super) through: Option<Month>,
    pub(super) party: &'a str,
    pub(super) evidence: &'a str,
    pub(super) line: Option<LineNo>,
    pub(super) project: Option<ProjectNo>,
    pub(super) pledge: Option<PledgeNo>,
    pub(super) by: Option<(RoundNo, MotionNo)>,
    pub(super) pack: &'a str,
}

/// Keeps an entry for a voucher.
pub(super) fn keep(tx: &mut Tx, sort: Sort, new: &New<'_>, voucher: Posted) -> Entered {
    let no = RevenueEntryNo(tx.next_no("revenue-entry"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        sort.name().into(),
        new.what.into(),
        new.scope.into(),
        new.lease.map(|no| no.0).into(),
        new.purse.name().into(),
        new.amount.in_fen().into(),
        new.tax.in_fen().into(),
        new.on.into(),
        new.through.map_or(0, Month::number).into(),
        new.party.trim().into(),
        new.evidence.trim().into(),
        new.line.map(|no| no.0).into(),
        new.project.map(|no| no.0).into(),
        new.pledge.map(|no| no.0).into(),
        new.by.map(|(round, _)| round.0).into(),
        new.by.map(|(_, motion)| motion.0).into(),
        new.pack.into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&ENTRY, &row);
    Entered { entry_no: no, voucher, amount_fen: new.amount, tax_fen: new.tax }
}

/// Posts a voucher of the revenue book.
pub(super) async fn posted(
    tx: &mut Tx,
    on: Day,
    memo: String,
    evidence: &str,
    lines: Vec<Line>,
) -> Result<Posted> {
    let entry = Entry {
        book: Book::Revenue,
        effective_on: on,
        kind: Kind::Other,
        memo,
        source: String::new(),
        evidence: evidence.trim().to_owned(),
        lines,
    };
    journal::post(tx, entry).await
}

/// What stands on an account's debit side now.
pub(super) async fn stands(tx: &mut Tx, account: i32) -> Result<Money> {
    tx.flush().await?;
    let sql = "SELECT CAST(COALESCE(sum(debit_fen - credit_fen), 0) AS BIGINT) FROM balance
               WHERE compound_id = $1 AND book = $2 AND account = $3";
    let values = vec![tx.compound().0.into(), Book::Revenue.number().into(), account.into()];
    let found = tx.rows(Reads::SETTLED, sql, values).await?;
    let fen: i64 = found.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    Ok(Money::fen(fen))
}

/// The least that stands in the account at the end of any day from one on, and the last day it is so little.
async fn least_from(tx: &mut Tx, on: Day) -> Result<(Day, Money)> {
    let (today, mut stood) = (tx.at().day(), stands(tx, BANK).await?);
    // From what stands now back to the day, by what moved after it.
    let sql = "SELECT effective_on, CAST(sum(side * amount_fen) AS BIGINT) AS moved FROM posting
               WHERE compound_id = $1 AND book = $2 AND account = $3 AND effective_on > $4
               GROUP BY effective_on ORDER BY effective_on DESC";
    let values =
        vec![tx.compound().0.into(), Book::Revenue.number().into(), BANK.into(), on.into()];
    let mut least = (today.max(on), stood);
    for row in tx.rows(Reads::SETTLED, sql, values).await? {
        let day: Day = row.try_get("", "effective_on")?;
        stood -= Money::fen(row.try_get("", "moved")?);
        if stood < least.1 {
            least = (day - Days::new(1), stood);
        }
    }
    Ok(least)
}

/// Whether the account has so much from a day on, on every day since.
pub(super) async fn may_be_paid(tx: &mut Tx, amount: Money, on: Day) -> Result<()> {
    let (day, has) = least_from(tx, on).await?;
    if amount <= has {
        return Ok(());
    }
    let evidence = format!(
        "{on} 支付 {} 元，账户自该日起最少时（{day} 日终）{} 元",
        amount.grouped(),
        has.grouped()
    );
    Err(SHORT.refuse(evidence).with("available_fen", has.in_fen()).into())
}

/// Whether a day lies after all that was handed over.
pub(super) async fn may_be_entered(tx: &mut Tx, on: Day) -> Result<()> {
    let compound = tx.compound();
    match rows::handed_to(tx, compound).await? {
        Some(ended) if on <= ended => {
            Err(HANDED_OVER.refuse(format!("已移交至 {ended}，本笔 {on}")).into())
        }
        _ => Ok(()),
    }
}

/// Whether a cost of a day leaves its period, and those after it, what they gave away.
fn may_be_lowered(moves: &[Move], scope: &str, on: Day, cost: Money) -> Result<()> {
    let Some((end, gap)) = reckon::given_beyond(moves, scope, on, cost) else { return Ok(()) };
    let given = reckon::distributed(moves, scope, None, |through| through <= end);
    let evidence = format!(
        "至 {end} 已分配 {} 元；{on} 再减 {} 元，净收益比已分配的少 {} 元",
        given.grouped(),
        cost.grouped(),
        gap.grouped()
    );
    Err(GIVEN_AWAY.refuse(evidence).with("gap_fen", gap.in_fen()).into())
}

/// The bank's line that moved exactly this, if one is claimed.
pub(super) async fn line_of(
    tx: &mut Tx,
    no: Option<LineNo>,
    amount: Money,
    on: Day,
) -> Result<Option<BankLine>> {
    let Some(no) = no else { return Ok(None) };
    Ok(Some(bank::moving(tx, Book::Revenue, no, amount, on).await?))
}

pub(super) fn claim(tx: &mut Tx, line: Option<&BankLine>, voucher: Posted) {
    if let Some(line) = line {
        bank::claim(tx, line, voucher.seq);
    }
}

/// Records income: Dr 1002 or 1122 / Cr 4001 (4101 for interest) and 2221.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.handed-over`, `revenue.no-terms`,
/// `revenue.straight-in`, `revenue.residual-elsewhere`, `revenue.no-lease`, `revenue.scope`, `revenue.over-due`, those of the bank
/// and of the journal.
pub async fn receive(tx: &mut Tx, asked: &Receiving) -> Result<Entered> {
    may_be_text("付款人", &asked.payer)?;
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    may_have_been("收款日期", asked.on, today)?;
    may_be_entered(tx, asked.on).await?;
    let terms = terms_on(tx, compound, asked.on).await?;
    let pack = pack_at(tx, compound, asked.on).await?;
    if asked.into == Purse::Operator && *pack.terms.revenue_straight_in {
        return Err(STRAIGHT_IN.refuse(&*pack.terms.revenue_straight_in.article).into());
    }
    let residual = &pack.terms.residual_value;
    if asked.income == Income::Residual && residual.value == Residual::Fund {
        return Err(RESIDUAL.refuse(format!("{}：归维修资金", residual.article)).into());
    }
    tx.flush().await?;
    let scope = income_scope(tx, compound, asked, today).await?;
    let line = match asked.into {
        Purse::Account => line_of(tx, asked.line_no, asked.amount_fen, asked.on).await?,
        Purse::Operator => None,
    };

    let rate = vat::rate(asked.income.taxed_as(), terms.taxpayer, asked.on);
    let tax = vat::within(asked.amount_fen, rate.bp);
    let income = if asked.income == Income::Interest { INTEREST } else { INCOME };
    let mut lines = vec![
        Line::debit(asked.into.account(), asked.amount_fen),
        Line::credit(income, asked.amount_fen - tax),
    ];
    if tax.is_positive() {
        lines.push(Line::credit(TAX, tax));
    }
    let memo = format!("公共收益 {}", asked.income.in_chinese());
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines).await?;
    claim(tx, line.as_ref(), voucher);
    let new = New {
        what: asked.income.name(),
        scope: &scope,
        lease: asked.lease_no,
        purse: asked.into,
        amount: asked.amount_fen,
        tax,
        on: asked.on,
        party: &asked.payer,
        evidence: &asked.evidence,
        line: line.map(|line| line.no),
        pack: &pack.provenance.to_string(),
        ..New::default()
    };
    Ok(keep(tx, Sort::Income, &new, voucher))
}

/// Whose the income is: its contract's, or as it says.
async fn income_scope(
    tx: &mut Tx,
    compound: CompoundId,
    asked: &Receiving,
    today: Day,
) -> Result<String> {
    let no = match (asked.lease_no, asked.income.is_business()) {
        (None, false) => {
            let whole = Scope::Compound {};
            return may_be_scope(tx, compound, asked.scope.as_ref().unwrap_or(&whole)).await;
        }
        (Some(no), true) => no,
        _ => return Err(NO_LEASE.refuse(asked.income.in_chinese()).into()),
    };
    let lease = lease::one(tx, compound, no, today).await?;
    let is_other = asked.scope.as_ref().is_some_and(|scope| *scope != lease.scope);
    if lease.income != asked.income || is_other {
        let (kind, scope) = (lease.income.in_chinese(), lease.scope.in_chinese());
        return Err(NO_LEASE.refuse(format!("合同 {no} 为{kind}，{scope}")).into());
    }
    if lease.is_void() {
        return Err(NO_LEASE.refuse(format!("合同 {no} 以起日 {} 终止", lease.from_on)).into());
    }
    let received = lease.received_fen + asked.amount_fen;
    if lease.asked_fen.is_positive() && received > lease.asked_fen {
        let (of, by) = (lease.asked_fen.grouped(), received.grouped());
        let refusal = OVER_DUE.refuse(format!("合同 {no} 应收 {of} 元，累计 {by} 元"));
        return Err(refusal.with("asked_fen", lease.asked_fen.in_fen()).into());
    }
    rows::kept(&lease.scope)
}

/// Records a reasonable cost: Dr 5001 / Cr 1002 or 1122.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.handed-over`, `revenue.no-terms`,
/// `revenue.scope`, `revenue.before-assembly`, `revenue.given-away`, `revenue.short`, those of the bank and of the journal.
pub async fn spend(tx: &mut Tx, asked: &Spending) -> Result<Entered> {
    may_be_text("收款人", &asked.payee)?;
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    may_have_been("付款日期", asked.on, today)?;
    may_be_entered(tx, asked.on).await?;
    let terms = terms_on(tx, compound, asked.on).await?;
    let pack = pack_at(tx, compound, asked.on).await?;
    tx.flush().await?;
    let whole = Scope::Compound {};
    let scope = may_be_scope(tx, compound, asked.scope.as_ref().unwrap_or(&whole)).await?;
    let moves = rows::moves(tx, compound).await?;
    may_be_deducted(asked, &terms, &pack, &moves, &scope)?;
    may_be_lowered(&moves, &scope, asked.on, asked.amount_fen)?;
    let line = match asked.from {
        Purse::Account => {
            may_be_paid(tx, asked.amount_fen, asked.on).await?;
            line_of(tx, asked.line_no, -asked.amount_fen, asked.on).await?
        }
        Purse::Operator => None,
    };

    let amount = asked.amount_fen;
    let lines = vec![Line::debit(COST, amount), Line::credit(asked.from.account(), amount)];
    let memo = format!("合理成本 {}", asked.cost.in_chinese());
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines).await?;
    claim(tx, line.as_ref(), voucher);
    let new = New {
        what: asked.cost.name(),
        scope: &scope,
        purse: asked.from,
        amount,
        on: asked.on,
        party: &asked.payee,
        evidence: &asked.evidence,
        line: line.map(|line| line.no),
        pack: &pack.provenance.to_string(),
        ..New::default()
    };
    Ok(keep(tx, Sort::Cost, &new, voucher))
}

/// Whether the law lets a cost be deducted while there is no assembly.
fn may_be_deducted(
    asked: &Spending,
    terms: &Terms,
    pack: &Pack,
    moves: &[Move],
    scope: &str,
) -> Result<()> {
    let rule = &pack.terms.revenue_cost;
    if terms.has_assembly || asked.cost == Cost::Surcharge {
        return Ok(());
    }
    if rule.before_assembly == CostsBefore::TaxesOnly {
        let evidence = format!("{}（{}）", asked.cost.in_chinese(), rule.article);
        return Err(BEFORE_ASSEMBLY.refuse(evidence).into());
    }
    let (first, last) = period_of(Covers::Year, Month::of(asked.on));
    let year = reckon::net(moves, scope, first.first_day(), last.last_day());
    let (costs, income) = (year.cost + asked.amount_fen, year.income - year.tax);
    if let Some(cap) = rule.cap_before_assembly.0
        && !cap.holds(costs.in_fen(), income.in_fen())
    {
        let evidence = format!(
            "本年不含税收入 {} 元，成本累计 {} 元，规定 {cap}（{}）",
            income.grouped(),
            costs.grouped(),
            rule.article
        );
        return Err(BEFORE_ASSEMBLY.refuse(evidence).into());
    }
    Ok(())
}

/// What is owed, and to which side it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clears {
    Remittance,
    Repayment,
    Tax,
}

/// The operator pays in what they collected: Dr 1002 / Cr 1122.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.handed-over`, `revenue.not-owed`, those of the
/// bank and of the journal.
pub async fn remit(tx: &mut Tx, asked: &Clearing) -> Result<Entered> {
    clear(tx, asked, Clears::Remittance).await
}

/// The operator gets back what they laid out: Dr 1122 / Cr 1002.
///
/// # Errors
/// Those of [`remit`], `revenue.short`.
pub async fn repay(tx: &mut Tx, asked: &Clearing) -> Result<Entered> {
    clear(tx, asked, Clears::Repayment).await
}

/// Tax is paid: Dr 2221 / Cr 1002.
///
/// # Errors
/// Those of [`remit`], `revenue.short`.
pub async fn pay_tax(tx: &mut Tx, asked: &Clearing) -> Result<Entered> {
    clear(tx, asked, Clears::Tax).await
}

async fn clear(tx: &mut Tx, asked: &Clearing, of: Clears) -> Result<Entered> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    let (compound, today, amount) = (tx.compound(), tx.at().day(), asked.amount_fen);
    may_have_been("日期", asked.on, today)?;
    may_be_entered(tx, asked.on).await?;
    let (sort, account, is_in) = match of {
        Clears::Remittance => (Sort::Remittance, OPERATOR, true),
        Clears::Repayment => (Sort::Repayment, OPERATOR, false),
        Clears::Tax => (Sort::Tax, TAX, false),
    };
    let debit = stands(tx, account).await?;
    let owed = if is_in { debit } else { -debit };
    if amount > owed {
        let owed = owed.max(Money::ZERO);
        let evidence = format!("账上 {} 元，办理 {} 元", owed.grouped(), amount.grouped());
        return Err(NOT_OWED.refuse(evidence).with("owed_fen", owed.in_fen()).into());
    }
    if !is_in {
        may_be_paid(tx, amount, asked.on).await?;
    }
    let line = line_of(tx, asked.line_no, if is_in { amount } else { -amount }, asked.on).await?;

    let (debit, credit) = if is_in { (BANK, account) } else { (account, BANK) };
    let lines = vec![Line::debit(debit, amount), Line::credit(credit, amount)];
    let memo = sort.in_chinese().to_owned();
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines).await?;
    claim(tx, line.as_ref(), voucher);
    let party = terms_on(tx, compound, asked.on).await?.operator;
    let new = New {
        scope: &rows::kept(&Scope::Compound {})?,
        amount,
        on: asked.on,
        party: if of == Clears::Tax { "税务机关" } else { &party },
        evidence: &asked.evidence,
        line: line.map(|line| line.no),
        ..New::default()
    };
    Ok(keep(tx, sort, &new, voucher))
}

/// The rhythm of a law: in which periods what is left is shared out.
pub(super) fn rhythm(pack: &Pack) -> Covers {
    let stated = |covers: Covers| (covers != Covers::Unstated).then_some(covers);
    let to_fund = pack.terms.revenue_to_fund.value.0.and_then(|rule| stated(rule.every));
    to_fund.or_else(|| stated(pack.terms.disclosure_revenue.covers)).unwrap_or(Covers::Year)
}

/// A period that had ended before a day, by its last month: its months, and the law of its last day.
pub(super) async fn ended(
    view: &mut impl View,
    compound: CompoundId,
    through: Month,
    on: Day,
) -> Result<((Month, Month), Pack)> {
    let pack = pack_at(view, compound, through.last_day()).await?;
    let period = period_of(rhythm(&pack), through);
    if period.1 != through || through.last_day() >= on {
        let evidence = format!("{} 至 {}，办理日期 {on}", period.0, period.1);
        return Err(PERIOD.refuse(evidence).into());
    }
    Ok((period, pack))
}

/// Takes the operator's share of a period by what was agreed on its last day: Dr 5001 / Cr 1002; Cr 1122 where the account did
/// not hold it by then, to be paid by [`repay`].
///
/// # Errors
/// `revenue.period`, `revenue.handed-over`, `revenue.no-terms`, `revenue.scope`, `revenue.operator-cap`, `revenue.share-taken`,
/// `revenue.given-away`, those of the journal.
pub async fn take_share(tx: &mut Tx, asked: &Sharing) -> Result<Entered> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let last = asked.through.last_day();
    let (period, pack) = ended(tx, compound, asked.through, today).await?;
    may_be_entered(tx, last).await?;
    let terms = terms_on(tx, compound, last).await?;
    tx.flush().await?;
    let whole = Scope::Compound {};
    let scope = may_be_scope(tx, compound, asked.scope.as_ref().unwrap_or(&whole)).await?;
    let moves = rows::moves(tx, compound).await?;
    let taken: Money = moves
        .iter()
        .filter(|m| m.sort == Sort::Share && m.scope == scope && m.through == Some(asked.through))
        .map(|m| m.amount)
        .sum();
    let base = operated(&moves, &scope, period);
    // What was agreed is held against the law of the period, which may have changed since.
    let costs = &pack.terms.revenue_cost;
    let bp = terms.operator_bp;
    if bp > 0 && costs.operator_share.is_some_and(|cap| !cap.holds(bp.into(), 10_000)) {
        return Err(OPERATOR_CAP.refuse(format!("{bp} 个万分点（{}）", costs.article)).into());
    }
    let amount = if base.is_positive() { part_of(base, bp)? } else { Money::ZERO };
    if taken.is_positive() || !amount.is_positive() {
        let evidence = format!(
            "{} 已提取 {} 元；不含税经营收入 {} 元，约定 {bp} 个万分点",
            asked.through,
            taken.grouped(),
            base.grouped()
        );
        return Err(SHARE_TAKEN.refuse(evidence).into());
    }
    may_be_lowered(&moves, &scope, last, amount)?;
    let (_, has) = least_from(tx, last).await?;
    let purse = if amount <= has { Purse::Account } else { Purse::Operator };

    let lines = vec![Line::debit(COST, amount), Line::credit(purse.account(), amount)];
    let memo = format!("{} 经营人分成", asked.through);
    let voucher = posted(tx, last, memo, &terms.document, lines).await?;
    let new = New {
        scope: &scope,
        purse,
        amount,
        on: last,
        through: Some(asked.through),
        party: &terms.operator,
        evidence: &terms.document,
        pack: &pack.provenance.to_string(),
        ..New::default()
    };
    Ok(keep(tx, Sort::Share, &new, voucher))
}

/// Operating income of a scope without tax, between two months.
fn operated(moves: &[Move], scope: &str, (first, last): (Month, Month)) -> Money {
    let (from, to) = (first.first_day(), last.last_day());
    let within = moves.iter().filter(|m| {
        m.sort == Sort::Income
            && m.scope == scope
            && (from..=to).contains(&m.on)
            && Income::named(&m.what).is_some_and(Income::is_business)
    });
    within.map(|m| m.amount - m.tax).sum()
}

/// Every entry, by number.
///
/// # Errors
/// Storage.
pub async fn entries(view: &mut impl View, compound: CompoundId) -> Result<Vec<EntryRow>> {
    let sql = "SELECT e.entry_no, e.sort, e.what, e.scope, e.lease_no, e.amount_fen, e.tax_fen, e.entered_on, e.through,
                 e.party, e.evidence, e.round_no, e.motion_no, v.year, v.number,
                 CASE WHEN EXISTS (SELECT 1 FROM voucher r WHERE r.compound_id = e.compound_id AND r.book = $2
                                     AND r.reverses_seq = e.voucher_seq) THEN 1 ELSE 0 END AS is_reversed
               FROM revenue_entry e
               JOIN voucher v ON v.compound_id = e.compound_id AND v.book = $2 AND v.seq = e.voucher_seq
               WHERE e.compound_id = $1 ORDER BY e.entry_no";
    let values = vec![compound.0.into(), Book::Revenue.number().into()];
    let mut found = Vec::new();
    for row in view.rows(ENTRIES, sql, values).await? {
        let sort: String = row.try_get("", "sort")?;
        let sort =
            Sort::named(&sort).ok_or_else(|| crate::error::Storage::Bug(format!("sort {sort}")))?;
        let what: String = row.try_get("", "what")?;
        let scope: Scope = rows::of_kept(&row.try_get::<String>("", "scope")?)?;
        let (year, number): (i16, i32) = (row.try_get("", "year")?, row.try_get("", "number")?);
        let is_reversed: i32 = row.try_get("", "is_reversed")?;
        found.push(EntryRow {
            entry_no: RevenueEntryNo(row.try_get("", "entry_no")?),
            sort,
            what: said(sort, &what),
            scope: scope.in_chinese(),
            lease_no: row.try_get::<Option<i32>>("", "lease_no")?.map(RevenueLeaseNo),
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
            tax_fen: Money::fen(row.try_get("", "tax_fen")?),
            entered_on: row.try_get("", "entered_on")?,
            through: Month::from_number(row.try_get("", "through")?),
            party: row.try_get("", "party")?,
            evidence: row.try_get("", "evidence")?,
            round_no: row.try_get::<Option<i32>>("", "round_no")?.map(RoundNo),
            motion_no: row.try_get::<Option<i32>>("", "motion_no")?.map(MotionNo),
            voucher: format!("{}/{year}-{number:04}", Book::Revenue),
            is_reversed: is_reversed == 1,
        });
    }
    Ok(found)
}

/// A movement of public revenue between two days: an entry, or the reversal of one as a line of its own that takes it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The entry.
    pub entry: EntryRow,
    /// The day of the movement: of a reversal its own.
    pub on: Day,
    /// How much; negative of a reversal.
    pub amount_fen: Money,
}

/// What moved between two days, both counted, day by day.
///
/// # Errors
/// Storage.
pub async fn turnover(
    view: &mut impl View,
    compound: CompoundId,
    from_on: Day,
    to_on: Day,
) -> Result<Vec<Turned>> {
    let sql = "SELECT e.entry_no, v.effective_on, CASE WHEN v.seq = e.voucher_seq THEN 1 ELSE -1 END AS sign
               FROM revenue_entry e
               JOIN voucher v ON v.compound_id = e.compound_id AND v.book = $2
                 AND (v.seq = e.voucher_seq OR v.reverses_seq = e.voucher_seq)
               WHERE e.compound_id = $1 AND v.effective_on BETWEEN $3 AND $4
               ORDER BY v.effective_on, v.seq";
    let every = entries(view, compound).await?;
    let book = Book::Revenue.number();
    let values = vec![compound.0.into(), book.into(), from_on.into(), to_on.into()];
    let mut turned = Vec::new();
    for row in view.rows(ENTRIES, sql, values).await? {
        let (no, sign): (i32, i32) = (row.try_get("", "entry_no")?, row.try_get("", "sign")?);
        let entry = every.iter().find(|entry| entry.entry_no.0 == no);
        let bug = || crate::error::Storage::Bug(format!("entry {no} is not listed"));
        let entry = entry.ok_or_else(bug)?.clone();
        let amount_fen = if sign < 0 { -entry.amount_fen } else { entry.amount_fen };
        turned.push(Turned { entry, on: row.try_get("", "effective_on")?, amount_fen });
    }
    Ok(turned)
}

/// What an entry is about, in Chinese.
pub(super) fn said(sort: Sort, what: &str) -> String {
    let told = match sort {
        Sort::Income => Income::named(what).map(Income::in_chinese),
        Sort::Cost => Cost::ALL.into_iter().find(|c| c.name() == what).map(Cost::in_chinese),
        Sort::Use => {
            super::distribution::Use::named(what).map(super::distribution::Use::in_chinese)
        }
        _ => None,
    };
    told.unwrap_or_else(|| sort.in_chinese()).to_owned()
}
