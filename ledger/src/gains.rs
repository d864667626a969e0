//! What the fund's money earns: placements, the bank's interest, and how gains reach the dwellings.
//!
//! Owns: `interest_rate`, `gain_run`, `gain_part`, `gain_manifest`, `gain_settlement`, `gain_share`, `placement`,
//! `placement_end`.
//!
//! Always: a gain goes through 4101, 4102, 4301 into 3101 when its month closes, and from 3101 to the dwellings
//! (财会〔2020〕7号); no more is distributed than stands in 3101, and what remains stays there. Each share keeps the reckoning
//! that gave it, so that an owner can do it again. A compound is settled once for a day of settlement, whoever asks how often
//! ([`run`]). Idle money is only what the pack lists (165号令 art. 26).
//! Never: interest straight to a household; a rate, a count of days or a weight that no pack states.
//! Limits: a deposit of last year that is recorded after last year was settled bears from this year on only. A settlement of
//! more than 19,990 accounts is several vouchers, and counts as reversed when its first is.
//! Start at [`run::interest`], [`distribute`], [`explain`], [`placement::place`].

pub mod interest;
pub mod placement;
pub mod rates;
mod rows;
pub mod run;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::interest::{Account, Move, Segment, Span};
use self::rates::Rates;
use crate::books::{Tx, View};
use crate::calendar::{Day, Month};
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::id::{CompoundId, DwellingNo, RunNo, SettlementNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::{Money, Rounding, split};
use crate::policy::Pack;
pub use crate::policy::terms::GainsBy;
use crate::policy::terms::{Covers, Interest, InterestByRates, MonthDay, PoolWeight};
use crate::property::{self, Housing};

/// A rate that is none.
pub static RATE_SHAPE: Rule = Rule {
    code: "gains.rate-shape",
    kind: Answer::Shape,
    rule: "年利率为 0 至 100 的百分数，至多六位小数，并写明公布它的文件（200 字以内）",
    remedy: "写作 2.85，依据写文件名与文号",
};

/// A rate of that first day is there.
pub static RATE_TAKEN: Rule = Rule {
    code: "gains.rate-taken",
    kind: Answer::Conflict,
    rule: "同一地区、种类、起始日的利率只登记一次；已登记的不改动",
    remedy: "确系登记有误的，写明更正说明再登记；已结的息不受影响",
};

/// A year or a quarter that is none.
pub static PERIOD: Rule = Rule {
    code: "gains.period",
    kind: Answer::Shape,
    rule: "结息写明年度，按季结息的写明季度 1 至 4",
    remedy: "核对年度与季度",
};

/// Nobody says how interest is reckoned.
pub static NO_MODEL: Rule = Rule {
    code: "gains.no-model",
    kind: Answer::Refused,
    rule: "计息办法由各地规定，没有规定的不得自行计息（165号令第二十七条）",
    remedy: "由主管部门在当地政策包（现状所列）的 interest 参数中写明计息办法，可引用全国包 interest-models 的模型；已到账的收益可先用 xiaoqu gains distribute 分配到户",
};

/// The model's source leaves something open.
pub static MODEL_OPEN: Rule = Rule {
    code: "gains.model-open",
    kind: Answer::Refused,
    rule: "计息办法须写明结息期、取何日利率、天数算法与分配权数",
    remedy: "由主管部门在政策包中补齐所缺的一项",
};

/// The period is not over.
pub static NOT_ENDED: Rule = Rule {
    code: "gains.not-ended",
    kind: Answer::Refused,
    rule: "结息日过后方可结息",
    remedy: "请在结息日次日或之后办理",
};

/// A later period is settled.
pub static OUT_OF_ORDER: Rule = Rule {
    code: "gains.out-of-order",
    kind: Answer::Refused,
    rule: "结息须按期依次进行，后一期已结的，前一期不得再结",
    remedy: "先冲销后一期的结息凭证，再依次重结",
};

/// A rate is missing.
pub static NO_RATE: Rule = Rule {
    code: "gains.no-rate",
    kind: Answer::Missing,
    rule: "计息须有当日公布的利率",
    remedy: "由主管部门登记所缺的利率：xiaoqu gains rate",
};

/// There is nothing to share, or nobody to share it among.
pub static NOTHING: Rule = Rule {
    code: "gains.nothing",
    kind: Answer::Refused,
    rule: "有可分配的收益，且有应分的账户，方可分配",
    remedy: "先登记银行利息并结账，使收益转入待分配累计收益（3101）",
};

/// There is less in 3101.
pub static SHORT: Rule = Rule {
    code: "gains.short",
    kind: Answer::Refused,
    rule: "分配不得超过待分配累计收益（3101）的余额",
    remedy: "先登记银行利息并结账；仍不足的，核对利率与存款收益",
};

/// There is no such run.
pub static NO_RUN: Rule = Rule {
    code: "gains.no-run",
    kind: Answer::Missing,
    rule: "结息批次须已开始",
    remedy: "用 xiaoqu gains runs 查看批次",
};

/// Nobody is due.
pub static NOTHING_DUE: Rule = Rule {
    code: "gains.nothing-due",
    kind: Answer::Refused,
    rule: "至少有一个小区可结，方登记结息批次",
    remedy: "已结的不必再结；未结的按所列原因办理后再结",
};

/// Compounds of the run are still open.
pub static RUN_OPEN: Rule = Rule {
    code: "gains.run-open",
    kind: Answer::Refused,
    rule: "全部小区办完，批次方可封存",
    remedy: "以同一命令继续办理",
};

/// An amount that cannot be.
pub static AMOUNT: Rule = Rule {
    code: "gains.amount",
    kind: Answer::Shape,
    rule: "金额须大于零且不超过 100,000,000,000.00 元",
    remedy: "核对金额",
};

/// The pack sends residual value elsewhere.
pub static RESIDUAL: Rule = Rule {
    code: "gains.residual-elsewhere",
    kind: Answer::Refused,
    rule: "共用设施残值的去向由当地规定，不归维修资金的不得记入",
    remedy: "按当地规定记入公共收益账簿",
};

/// The pack does not let this cost reduce the pool.
pub static CHARGE: Rule = Rule {
    code: "gains.charge-not-listed",
    kind: Answer::Refused,
    rule: "只有当地计息办法写明从收益中扣除的费用，方可在维修资金中列支（165号令第四条：专款专用）",
    remedy: "请银行退回，或由代管机构另行承担",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &RATE_SHAPE,
    &RATE_TAKEN,
    &PERIOD,
    &NO_MODEL,
    &MODEL_OPEN,
    &NOT_ENDED,
    &OUT_OF_ORDER,
    &NO_RATE,
    &NOTHING,
    &SHORT,
    &NO_RUN,
    &NOTHING_DUE,
    &RUN_OPEN,
    &AMOUNT,
    &RESIDUAL,
    &CHARGE,
    &placement::NOT_LISTED,
    &placement::SHAPE,
    &placement::NOT_THERE,
    &placement::NO_PLACEMENT,
    &placement::ENDED,
    &placement::NOT_DUE,
    &placement::HELD,
];

/// The accounts of one kind of housing, which are kept apart (财会〔2020〕7号, general rules).
#[derive(Clone, Copy, Debug)]
struct Strand {
    pool: i32,
    interest: i32,
    bond: i32,
    residual: i32,
    charge: i32,
}

const STRANDS: [Strand; 2] = [
    Strand { pool: 310_101, interest: 410_101, bond: 410_201, residual: 430_101, charge: 590_101 },
    Strand { pool: 310_102, interest: 410_102, bond: 410_202, residual: 430_102, charge: 590_102 },
];

/// Which strand a dwelling's account belongs to: 3001 is commodity housing's, 3002 sold public housing's.
const fn strand_of(account: i32) -> usize {
    if account == 3001 { 0 } else { 1 }
}

/// 1001 银行存款.
const BANK: i32 = 1001;

/// Which period is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "结息期")]
pub struct Term {
    /// The year in which its day of settlement lies.
    #[schemars(
        description = "年度：结息日所在的年",
        range(min = 1949, max = 2999),
        example = 2025
    )]
    pub year: i32,
    /// The quarter, where the bank's interest is shared every quarter.
    #[serde(default)]
    #[schemars(description = "季度：1 至 4，按季结息时写")]
    pub quarter: Option<u8>,
}

impl Term {
    /// 2025年度, 2025年第3季度.
    #[must_use]
    pub fn in_chinese(self) -> String {
        match self.quarter {
            None => format!("{}年度", self.year),
            Some(quarter) => format!("{}年第{quarter}季度", self.year),
        }
    }

    fn checked(self) -> Result<Term, Refusal> {
        let is_fit = (1949..=2999).contains(&self.year)
            && self.quarter.is_none_or(|quarter| (1..=4).contains(&quarter));
        is_fit.then_some(self).ok_or_else(|| PERIOD.refuse(self.in_chinese()))
    }

    /// The last day of the calendar's period.
    fn last_day(self) -> Day {
        let month = self.quarter.map_or(12, |quarter| i32::from(quarter) * 3);
        Month::from_number(self.year * 100 + month).map_or(Day::MAX, Month::last_day)
    }
}

/// How a compound is settled: its period, the model of its law, the rates that hold there.
#[derive(Clone, Debug)]
pub struct Plan {
    term: Term,
    span: Span,
    model: Interest,
    rates: Rates,
    pack: String,
}

impl Plan {
    /// What a jurisdiction's law says of a period. `pack` answers the pack of a day.
    ///
    /// # Errors
    /// `gains.period`, `gains.no-model`, `gains.model-open`, those of `pack`.
    pub fn of(
        term: Term,
        pack: impl Fn(Day) -> Result<Pack, Refusal>,
        rates: Rates,
    ) -> Result<Plan, Refusal> {
        let term = term.checked()?;
        // The law of the day of settlement decides, and only the law says which day that is.
        let first = pack(term.last_day())?;
        let settle_on = span_of(model_of(&first)?, term)?.settle_on;
        let pack = pack(settle_on)?;
        let model = model_of(&pack)?.clone();
        let span = span_of(&model, term)?;
        Ok(Plan { term, span, model, rates, pack: pack.provenance.to_string() })
    }

    /// A plan of the caller's own law, for what is reckoned and not posted.
    ///
    /// # Errors
    /// `gains.period`, `gains.model-open`.
    pub fn by_hand(term: Term, model: Interest, rates: Rates) -> Result<Plan, Refusal> {
        let span = span_of(&model, term.checked()?)?;
        Ok(Plan { term, span, model, rates, pack: String::new() })
    }

    /// Its days.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }
}

fn model_of(pack: &Pack) -> Result<&Interest, Refusal> {
    let none = || NO_MODEL.refuse(format!("{}（{}）", pack.title, pack.provenance));
    pack.interest().ok_or_else(none)
}

fn span_of(model: &Interest, term: Term) -> Result<Span, Refusal> {
    let Term { year, quarter } = term;
    let on = |year: i32, at: MonthDay| Day::from_ymd_opt(year, at.month.into(), at.day.into());
    let settle_on = term.last_day();
    let first_of = |month: i32| Month::from_number(year * 100 + month).map(Month::first_day);
    let wrong = || interest::open(&format!("{}的结息期", term.in_chinese()));
    let by_calendar = |every: Covers| match (every, quarter) {
        (Covers::Year, None) => first_of(1),
        (Covers::Quarter, Some(quarter)) => first_of(i32::from(quarter) * 3 - 2),
        _ => None,
    };
    let span = match model {
        Interest::Rates(InterestByRates { year_start, settle_on, .. }) if quarter.is_none() => {
            let is_calendar = year_start < settle_on;
            let from_on = on(if is_calendar { year } else { year - 1 }, *year_start);
            from_on.zip(on(year, *settle_on))
        }
        Interest::Rates(_) => None,
        Interest::Pool { .. } => by_calendar(Covers::Year).map(|from_on| (from_on, settle_on)),
        Interest::DayBalances { every } => by_calendar(*every).map(|from_on| (from_on, settle_on)),
    };
    span.map(|(from_on, settle_on)| Span { from_on, settle_on }).ok_or_else(wrong)
}

/// What one account gets, and how it was reckoned: segments, or a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Share {
    dwelling: DwellingNo,
    account: i32,
    amount: Money,
    worked: String,
}

/// How a settlement was reckoned, beside its shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The model, as the pack has it; or the basis of a distribution.
    pub way: Way,
    /// What stood in 3101, what is shared of it, and the sum of the weights, by account.
    pub pools: Vec<Pool>,
}

/// By what shares came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The law's model of interest.
    Interest(Interest),
    /// A distribution of other gains.
    Shared(GainsBy),
}

impl Way {
    /// How shares become fen, where they are reckoned by rates.
    #[must_use]
    pub const fn rounding(&self) -> Option<Rounding> {
        match self {
            Way::Interest(Interest::Rates(terms)) => Some(terms.rounding),
            _ => None,
        }
    }
}

impl Way {
    /// What a weight is, in Chinese.
    const fn weighs(&self) -> &'static str {
        match self {
            Way::Interest(Interest::Pool {
                shared_by: crate::policy::terms::Perhaps(by), ..
            }) => match by {
                Some(PoolWeight::Balance) => "余额，分",
                _ => "余额 × 天数，分·日",
            },
            Way::Interest(_) | Way::Shared(GainsBy::DayBalance) => "余额 × 天数，分·日",
            Way::Shared(GainsBy::Balance) => "余额，分",
            Way::Shared(GainsBy::Area) => "建筑面积，0.01 平方米",
        }
    }
}

/// A part of 3101.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// 310101 or 310102.
    pub account: i32,
    /// What stood in it.
    #[serde(rename = "stood_fen")]
    pub stood: Money,
    /// What is shared of it.
    #[serde(rename = "shared_fen")]
    pub shared: Money,
    /// Σ weights; nothing where rates decide.
    pub weight: u64,
}

/// A reckoning, ready to post.
#[derive(Clone, Debug)]
struct Reckoned {
    shares: Vec<Share>,
    basis: Basis,
}

impl Reckoned {
    fn sum(&self) -> Money {
        self.shares.iter().map(|share| share.amount).sum()
    }

    fn left(&self) -> Money {
        self.basis.pools.iter().map(|pool| pool.stood - pool.shared).sum()
    }
}

/// What every account of a compound gets by a plan: one question for what moved, one for what stands in 3101.
///
/// # Errors
/// `gains.model-open`, `gains.no-rate`, `gains.nothing`, `gains.short`.
async fn reckon(view: &mut impl View, compound: CompoundId, plan: &Plan) -> Result<Reckoned> {
    let Span { from_on, settle_on } = plan.span;
    let moved = journal::daily_turnover(view, compound, Book::Fund, from_on, settle_on).await?;
    let stands = journal::control_balances(view, compound, Book::Fund).await?;
    Ok(decide(plan, accounts(moved), &stands)?)
}

/// Every account that bears a dwelling's money, by dwelling and account, from what moved.
fn accounts(mut moved: Vec<journal::DayTurnover>) -> Vec<(DwellingNo, i32, Account)> {
    let chart = Book::Fund.chart();
    let bearing: BTreeMap<i32, (i32, bool)> = chart
        .accounts
        .iter()
        .filter_map(|a| {
            let bearing = a.bearing?;
            Some((
                a.code,
                (a.month_closes_to.unwrap_or(a.code), bearing == journal::Bearing::Gains),
            ))
        })
        .collect();
    moved.retain(|m| bearing.contains_key(&m.account));
    let fund_of = |m: &journal::DayTurnover| bearing[&m.account];
    moved.sort_unstable_by_key(|m| (m.dwelling, fund_of(m).0, m.on, m.account));
    let mut accounts: Vec<(DwellingNo, i32, Account)> = Vec::new();
    for m in moved {
        let (fund, is_gains) = fund_of(&m);
        if accounts.last().is_none_or(|(d, f, _)| (*d, *f) != (m.dwelling, fund)) {
            accounts.push((m.dwelling, fund, Account::default()));
        }
        let Some((.., account)) = accounts.last_mut() else { continue };
        let Some(on) = m.on else {
            account.opening += m.credit;
            continue;
        };
        // Gains credited are no movement of the owner's; a withdrawal that takes gains is.
        let is_own = m.credit.is_negative() || (!is_gains && m.credit.is_positive());
        match account.moves.last_mut() {
            Some(last) if last.on == on => {
                last.change += m.credit;
                last.is_own |= is_own;
            }
            _ => account.moves.push(Move { on, change: m.credit, is_own }),
        }
    }
    accounts
}

fn decide(
    plan: &Plan,
    accounts: Vec<(DwellingNo, i32, Account)>,
    stands: &BTreeMap<i32, Money>,
) -> Result<Reckoned, Refusal> {
    let way = Way::Interest(plan.model.clone());
    let by = match &plan.model {
        Interest::Rates(terms) => return by_rates(plan, terms, accounts, stands),
        Interest::Pool { shared_by, .. } => {
            shared_by.0.ok_or_else(|| interest::open("shared-by（分配权数）"))?
        }
        Interest::DayBalances { .. } => PoolWeight::DayBalance,
    };
    let weigh = |(dwelling, account, of): (DwellingNo, i32, Account)| {
        (dwelling, account, interest::weight(&of, plan.span, by))
    };
    let weighed: Vec<_> = accounts.into_iter().map(weigh).collect();
    let whole = STRANDS.map(|strand| stood(stands, strand));
    share_out(way, &weighed, whole, stands)
}

fn stood(stands: &BTreeMap<i32, Money>, strand: Strand) -> Money {
    stands.get(&strand.pool).copied().unwrap_or(Money::ZERO)
}

fn by_rates(
    plan: &Plan,
    terms: &InterestByRates,
    accounts: Vec<(DwellingNo, i32, Account)>,
    stands: &BTreeMap<i32, Money>,
) -> Result<Reckoned, Refusal> {
    let mut shares = Vec::with_capacity(accounts.len());
    let mut sums = [Money::ZERO; 2];
    for (dwelling, account, of) in accounts {
        let segments = interest::by_rates(&of, plan.span, terms, &plan.rates)?;
        let amount = interest::again(&segments, terms.rounding)
            .map_err(|why| AMOUNT.refuse(format!("房屋编号 {dwelling} 的利息：{why}")))?;
        if amount.is_positive() {
            sums[strand_of(account)] += amount;
            let worked = interest::told(&segments);
            shares.push(Share { dwelling, account, amount, worked });
        }
    }
    if shares.is_empty() {
        return Err(NOTHING.refuse("各户利息均为零"));
    }
    let mut pools = Vec::new();
    for (strand, shared) in STRANDS.into_iter().zip(sums) {
        pools.extend(drawn(strand, shared, stands, 0)?);
    }
    Ok(Reckoned { shares, basis: Basis { way: Way::Interest(plan.model.clone()), pools } })
}

/// What is drawn from a strand's 3101, if it has as much.
fn drawn(
    strand: Strand,
    shared: Money,
    stands: &BTreeMap<i32, Money>,
    weight: u64,
) -> Result<Option<Pool>, Refusal> {
    let stood = stood(stands, strand);
    if shared > stood {
        let chart = Book::Fund.chart();
        let closes_here = |account: i32| {
            chart.account(account).is_some_and(|a| a.month_closes_to == Some(strand.pool))
        };
        let unclosed: Money =
            stands.iter().filter(|(a, _)| closes_here(**a)).map(|(_, fen)| *fen).sum();
        let evidence = format!(
            "{} 余额 {} 元，应分配 {} 元；尚未结账转入的收益 {} 元",
            strand.pool,
            stood.grouped(),
            shared.grouped(),
            unclosed.grouped()
        );
        let refusal = SHORT.refuse(evidence).with("stood_fen", stood.in_fen());
        return Err(refusal.with("asked_fen", shared.in_fen()));
    }
    let is_there = !stood.is_zero() || !shared.is_zero();
    Ok(is_there.then_some(Pool { account: strand.pool, stood, shared, weight }))
}

/// Shares the same part of each strand by weights, which are sums of one kind.
fn share_out(
    way: Way,
    weighed: &[(DwellingNo, i32, u64)],
    wanted: [Money; 2],
    stands: &BTreeMap<i32, Money>,
) -> Result<Reckoned, Refusal> {
    let (mut shares, mut pools) = (Vec::with_capacity(weighed.len()), Vec::new());
    for (index, strand) in STRANDS.into_iter().enumerate() {
        let of_strand: Vec<_> = weighed.iter().filter(|w| strand_of(w.1) == index).collect();
        let weights: Vec<u64> = of_strand.iter().map(|w| w.2).collect();
        let weight = weights.iter().try_fold(0_u64, |sum, weight| sum.checked_add(*weight));
        let weight = weight.ok_or_else(|| NOTHING.refuse("积数合计超出范围"))?;
        let asked = wanted[index];
        // Money with nobody to share it among stays in 3101.
        let shared = if weight == 0 || !asked.is_positive() { Money::ZERO } else { asked };
        pools.extend(drawn(strand, shared, stands, weight)?);
        let amounts = split(shared, &weights).unwrap_or_default();
        for ((dwelling, account, weight), amount) in of_strand.into_iter().zip(amounts) {
            if amount.is_positive() {
                let worked = format!("{weight}");
                let (dwelling, account) = (*dwelling, *account);
                shares.push(Share { dwelling, account, amount, worked });
            }
        }
    }
    if shares.is_empty() {
        return Err(NOTHING.refuse("待分配累计收益为零，或没有应分的账户"));
    }
    shares.sort_unstable_by_key(|share| (share.dwelling, share.account));
    Ok(Reckoned { shares, basis: Basis { way, pools } })
}

/// A posted settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Its number in the compound.
    pub settlement_no: SettlementNo,
    /// The period.
    pub from_on: Day,
    /// The day of settlement.
    pub settle_on: Day,
    /// How many accounts got something.
    pub households: i32,
    /// What they got.
    pub sum_fen: Money,
    /// What stays in 3101.
    pub left_fen: Money,
    /// Its vouchers.
    pub vouchers: Vec<Posted>,
}

/// What a settlement is, beside what was reckoned.
struct Header<'a> {
    kind: &'static str,
    span: Span,
    again_no: i32,
    run: Option<RunNo>,
    pack: &'a str,
    memo: String,
}

/// Credits a voucher has at most: two debits and some room beside them.
const CREDITS_MOST: usize = 19_990;

/// Posts a reckoning: Dr 3101 / Cr 3001 or 3002 by dwelling, the settlement's row, a row a share.
async fn post(tx: &mut Tx, reckoned: Reckoned, header: Header<'_>) -> Result<Settlement> {
    let no = SettlementNo(tx.next_no("settlement"));
    let (sum, left) = (reckoned.sum(), reckoned.left());
    let Span { from_on, settle_on } = header.span;
    let mut vouchers = Vec::with_capacity(1);
    for shares in reckoned.shares.chunks(CREDITS_MOST) {
        let mut drawn = [Money::ZERO; 2];
        for share in shares {
            drawn[strand_of(share.account)] += share.amount;
        }
        let mut lines = Vec::with_capacity(shares.len() + 2);
        for (strand, amount) in STRANDS.into_iter().zip(drawn) {
            if amount.is_positive() {
                lines.push(Line::debit(strand.pool, amount));
            }
        }
        lines.extend(shares.iter().map(|s| Line::credit(s.account, s.amount).of(s.dwelling)));
        let entry = Entry {
            book: Book::Fund,
            effective_on: settle_on,
            kind: Kind::Gains,
            memo: header.memo.clone(),
            source: header.run.map_or("收益分配".to_owned(), |run| format!("结息批次 {run}")),
            evidence: format!("分配 {no}"),
            lines,
        };
        vouchers.push(journal::post(tx, entry).await?);
    }
    let bug = |what: &str| Storage::Bug(format!("a settlement {what}"));
    let (Some(first), Some(last)) = (vouchers.first(), vouchers.last()) else {
        return Err(bug("has no shares").into());
    };
    let households = i32::try_from(reckoned.shares.len()).map_err(|_| bug("is too large"))?;
    let basis = serde_json::to_string(&reckoned.basis).map_err(|e| bug(&e.to_string()))?;
    let settled = rows::NewSettlement {
        no,
        kind: header.kind,
        span: header.span,
        again_no: header.again_no,
        run: header.run,
        basis: &basis,
        pack: header.pack,
        households,
        sum,
        left,
        first_seq: first.seq,
        last_seq: last.seq,
    };
    rows::put_settlement(tx, &settled);
    for share in &reckoned.shares {
        rows::put_share(tx, no, share);
    }
    tx.put_is_due().await?;
    Ok(Settlement {
        settlement_no: no,
        from_on,
        settle_on,
        households,
        sum_fen: sum,
        left_fen: left,
        vouchers,
    })
}

/// A distribution of gains that no model of interest shares out: bonds', public revenue's, residual value's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// How much of commodity housing's 3101; nothing for none.
    #[serde(rename = "commodity_fen")]
    pub commodity: Money,
    /// How much of sold public housing's 3101.
    #[serde(rename = "sold_public_fen")]
    pub sold_public: Money,
    /// As of which day.
    pub on: Day,
    /// What it is of, in words.
    pub memo: String,
}

/// Distributes gains from 3101 by what the compound's law says: Dr 3101 / Cr 3001 or 3002.
///
/// # Errors
/// `gains.amount`, `gains.model-open`, `gains.nothing`, `gains.short`, those of `policy::at` and [`journal::post`].
pub async fn distribute(tx: &mut Tx, asked: &Distribution) -> Result<Settlement> {
    let compound = tx.compound();
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    let pack = crate::policy::at(tx, &jurisdiction, asked.on).await?;
    let by = pack.terms.gains_shared_by.value;
    let first = Month::from_number(chrono::Datelike::year(&asked.on) * 100 + 1);
    let span = Span { from_on: first.map_or(asked.on, Month::first_day), settle_on: asked.on };
    let stands = journal::control_balances(tx, compound, Book::Fund).await?;
    let weighed = weigh(tx, compound, by, span).await?;

    let wanted = [asked.commodity, asked.sold_public];
    let is_fit = wanted.iter().all(|fen| !fen.is_negative() && fen.is_within_limit());
    if !is_fit || wanted.iter().all(|fen| fen.is_zero()) {
        let shown = wanted.map(Money::grouped).join(" 元、");
        return Err(AMOUNT.refuse(format!("{shown} 元")).into());
    }
    let reckoned = share_out(Way::Shared(by), &weighed, wanted, &stands)?;
    for (wanted, strand) in wanted.into_iter().zip(STRANDS) {
        let is_shared = |pool: &Pool| pool.account == strand.pool && pool.shared == wanted;
        if wanted.is_positive() && !reckoned.basis.pools.iter().any(is_shared) {
            let evidence = format!("{} 没有应分的账户", strand.pool);
            return Err(NOTHING.refuse(evidence).into());
        }
    }
    let pack = pack.provenance.to_string();
    let memo = format!("分配收益 {}", asked.memo.trim()).trim_end().to_owned();
    let header = Header { kind: "distribution", span, again_no: 0, run: None, pack: &pack, memo };
    post(tx, reckoned, header).await
}

/// What each account weighs.
async fn weigh(
    tx: &mut Tx,
    compound: CompoundId,
    by: GainsBy,
    span: Span,
) -> Result<Vec<(DwellingNo, i32, u64)>> {
    let by = match by {
        GainsBy::Balance => PoolWeight::Balance,
        GainsBy::DayBalance => PoolWeight::DayBalance,
        GainsBy::Area => {
            let roll = property::roll(tx, compound, span.settle_on).await?;
            let weigh = |d: property::Dwelling| {
                let account = if d.housing == Housing::Commodity { 3001 } else { 300_201 };
                (d.no, account, u64::try_from(d.fund_area.in_centi_m2()).unwrap_or(0))
            };
            let mut weighed: Vec<_> = roll.into_iter().map(weigh).collect();
            weighed.sort_unstable();
            return Ok(weighed);
        }
    };
    let Span { from_on, settle_on } = span;
    let moved = journal::daily_turnover(tx, compound, Book::Fund, from_on, settle_on).await?;
    let weigh = |(dwelling, account, of): (DwellingNo, i32, Account)| {
        (dwelling, account, interest::weight(&of, span, by))
    };
    Ok(accounts(moved).into_iter().map(weigh).collect())
}

/// A share of a dwelling, and all it takes to reckon it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The settlement.
    pub settlement_no: SettlementNo,
    /// Whether it is interest, and not a distribution of other gains.
    pub is_interest: bool,
    /// The period.
    pub from_on: Day,
    /// The day of settlement.
    pub settle_on: Day,
    /// The act that made it, and its instant.
    pub recorded_at: crate::calendar::Instant,
    /// The account it was credited to.
    pub account: i32,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
    /// How it was reckoned.
    #[serde(skip)]
    pub worked: Worked,
    /// The model and the pools.
    pub basis: Basis,
    /// The law: pack and digest.
    pub pack: String,
    /// The first of its vouchers.
    pub first_seq: VoucherSeq,
    /// Whether it was reversed since.
    pub is_reversed: bool,
}

/// How a share was reckoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worked {
    /// By rates: these lines, rounded once.
    Segments(Vec<Segment>),
    /// Part of a pool: weight of Σ weights.
    Weight(u64),
}

impl Explained {
    /// The reckoning in Chinese, a line each, as it stands on a statement: `基数 250,000.00 × 325 ÷ 360 × 0.36%…`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match &self.worked {
            Worked::Segments(segments) => segments.iter().map(Segment::in_chinese).collect(),
            Worked::Weight(weight) => {
                let strand = STRANDS[strand_of(self.account)];
                let pool = self.basis.pools.iter().find(|pool| pool.account == strand.pool);
                let line = |pool: &Pool| {
                    format!(
                        "可分配 {} 元 × 权数 {weight} ÷ 权数合计 {}（{}）",
                        pool.shared.grouped(),
                        pool.weight,
                        self.basis.way.weighs()
                    )
                };
                pool.map(line).into_iter().collect()
            }
        }
    }
}

impl Worked {
    fn read(text: &str) -> Option<Worked> {
        match text.parse() {
            Ok(weight) => Some(Worked::Weight(weight)),
            Err(_) => interest::read(text).map(Worked::Segments),
        }
    }

    /// What it comes to by itself: a share by rates to the fen; of a pool its exact part cut to the fen, to which the largest
    /// remainders add one. None if it does not belong to the basis.
    #[must_use]
    pub fn again(&self, account: i32, basis: &Basis) -> Option<(Money, Money)> {
        match self {
            Worked::Segments(segments) => {
                let amount = interest::again(segments, basis.way.rounding()?).ok()?;
                Some((amount, amount))
            }
            Worked::Weight(weight) => {
                let pool = STRANDS[strand_of(account)].pool;
                let pool = basis.pools.iter().find(|p| p.account == pool)?;
                let shared = i128::from(pool.shared.in_fen());
                let product = shared * i128::from(*weight);
                let whole = i128::from(pool.weight);
                let down = i64::try_from(product.checked_div(whole)?).ok()?;
                let up = if product % whole == 0 { down } else { down + 1 };
                Some((Money::fen(down), Money::fen(up)))
            }
        }
    }
}

/// The shares of a dwelling, the earliest first, each with its reckoning.
///
/// # Errors
/// Storage.
pub async fn explain(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<Vec<Explained>> {
    rows::shares_of(view, compound, dwelling).await
}

/// Reckons every share of a compound, or of all, again from what is kept with it: how many there are, and those that do not
/// come out.
pub(crate) async fn reckon_again(
    view: &mut impl View,
    only: Option<CompoundId>,
    broken: impl FnMut(String),
) -> Result<u64> {
    rows::reckon_again(view, only, broken).await
}
