//! Where the owners' part goes: to the fund first, to the owners by area, to uses and projects they decided on, to a renovation.
//!
//! Always: nothing is distributed that was not earned and is not left; the fund's part of every period so far is met before
//! anything goes elsewhere; what goes elsewhere stands on a resolution of exactly these owners and within its cap, counted over
//! everything that rests on it. Shares by area are the allocation's, to the fen (民法典 283). To the fund is `fund::assign_revenue`,
//! two books and one transfer. What is promised to a renovation is [`super::pledge`]'s.
//! Limits: of each owner's share the payment is one voucher of at most 19,990 dwellings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{
    BANK, Entered, New, claim, ended, keep, line_of, may_be_entered, may_be_paid, posted, rhythm,
};
use super::pledge::promised_by;
use super::reckon::{self, Move, Sort, Stand, least_of, period_of};
use super::rows::{self, ENTRIES, SHARE};
use super::{
    DEFICIT, FUND_FIRST, FUND_WORKS, NO_PROJECT, REVERSED_GIVEN, SCOPE, Whose, in_words, is_within,
    may_be_amount, may_be_scope, may_be_text, may_have_been, pack_at, part_of, resolved, terms,
};
use crate::allocation::{self, Basis, Place, Short, Work, allocate};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Month, iso_day};
use crate::error::Result;
use crate::fund::{self, Assigning};
use crate::governance::{Matter, Resolution, Scope};
use crate::id::{
    CompoundId, DwellingNo, LineNo, MotionNo, ProjectNo, RenewalNo, RevenueEntryNo, RoundNo,
};
use crate::journal::{Book, Line, Voucher};
use crate::measure::Area;
use crate::money::Money;
use crate::policy::Pack;
use crate::property::{self, Dwelling, Housing, Usage};

/// 5201 分配给业主.
const TO_OWNERS: i32 = 5201;
/// 5301 业主共同决定的支出.
const TO_USES: i32 = 5301;

/// On what the owners may decide that revenue is used (`domain.md` §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueUse", description = "公共收益的用途")]
pub enum Use {
    /// 业主大会、业主委员会经费.
    #[schemars(description = "业主大会、业主委员会经费")]
    Committee,
    /// 记账、审计.
    #[schemars(description = "记账、审计")]
    Audit,
    /// 保险.
    #[schemars(description = "公共部位保险")]
    Insurance,
    /// 日常维护.
    #[schemars(description = "共有部分的养护")]
    Upkeep,
    /// 新增共用设施.
    #[schemars(description = "新增共用设施")]
    Facility,
    /// 维修资金范围的工程.
    #[schemars(description = "属于维修资金范围的工程")]
    Works,
    /// 诉讼.
    #[schemars(description = "诉讼、仲裁")]
    Litigation,
    /// 抵物业费.
    #[schemars(description = "抵减物业费")]
    FeeOffset,
    /// 其他.
    #[schemars(description = "业主共同决定的其他用途")]
    Other,
}

impl Use {
    const ALL: [Use; 9] = [
        Use::Committee,
        Use::Audit,
        Use::Insurance,
        Use::Upkeep,
        Use::Facility,
        Use::Works,
        Use::Litigation,
        Use::FeeOffset,
        Use::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Use::Committee => "committee",
            Use::Audit => "audit",
            Use::Insurance => "insurance",
            Use::Upkeep => "upkeep",
            Use::Facility => "facility",
            Use::Works => "works",
            Use::Litigation => "litigation",
            Use::FeeOffset => "fee-offset",
            Use::Other => "other",
        }
    }

    pub(super) fn named(name: &str) -> Option<Use> {
        Use::ALL.into_iter().find(|to| to.name() == name)
    }

    /// The word on a publication.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Use::Committee => "业主大会、业主委员会经费",
            Use::Audit => "记账、审计",
            Use::Insurance => "公共部位保险",
            Use::Upkeep => "共有部分的养护",
            Use::Facility => "新增共用设施",
            Use::Works => "属于维修资金范围的工程",
            Use::Litigation => "诉讼、仲裁",
            Use::FeeOffset => "抵减物业费",
            Use::Other => "业主共同决定的其他用途",
        }
    }
}

/// Where a part of the revenue goes.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "RevenueTo", description = "去向", transform = crate::governance::matter::with_tag_told)]
pub enum To {
    /// Into the fund.
    #[schemars(description = "补充维修资金")]
    Fund {
        /// For which kind of housing.
        #[schemars(description = "归属：商品住宅与已售公有住房分开核算")]
        housing: Housing,
        /// The renewal it helps.
        #[serde(default)]
        #[schemars(description = "续筹方案编号：不为某一方案的不写")]
        plan_no: Option<RenewalNo>,
    },
    /// To the owners, by area.
    #[schemars(description = "按专有部分面积分配给业主")]
    Owners {
        /// The round.
        #[schemars(description = "表决编号", example = 1)]
        round_no: RoundNo,
        /// The motion.
        #[schemars(description = "事项编号", example = 1)]
        motion_no: MotionNo,
    },
    /// To a use.
    #[schemars(description = "用于业主共同决定的用途")]
    Use {
        /// Which.
        #[schemars(description = "用途")]
        purpose: Use,
        /// To whom.
        #[schemars(description = "收款人", example = &"某会计师事务所")]
        payee: String,
        /// The review of its cost.
        #[serde(default)]
        #[schemars(description = "审价报告：新增设施达到限额的须写")]
        review: String,
        /// The round.
        #[schemars(description = "表决编号", example = 1)]
        round_no: RoundNo,
        /// The motion.
        #[schemars(description = "事项编号", example = 1)]
        motion_no: MotionNo,
    },
    /// To a project of repair.
    #[schemars(description = "承担维修项目中由公共收益支付的部分")]
    Project {
        /// Which.
        #[schemars(description = "维修项目编号", example = 1)]
        project_no: ProjectNo,
        /// To whom.
        #[schemars(description = "收款人：施工单位", example = &"某建筑公司")]
        payee: String,
        /// The round.
        #[schemars(description = "表决编号", example = 1)]
        round_no: RoundNo,
        /// The motion.
        #[schemars(description = "事项编号", example = 1)]
        motion_no: MotionNo,
    },
}

/// A part of the revenue to distribute.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewRevenueDistribution",
    description = "要办理的公共收益分配：一次一个去向，先补充维修资金"
)]
pub struct Distributing {
    /// The period, by its last month.
    #[schemars(description = "所分配的期间：末月")]
    pub through: Month,
    /// Whose.
    #[serde(default)]
    #[schemars(description = "归谁：不写则为全体业主", with = "Option<Whose>")]
    pub scope: Option<Scope>,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 2_750_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// Where to.
    #[schemars(description = "去向")]
    pub to: To,
    /// The bank's line, if it is claimed.
    #[serde(default)]
    #[schemars(description = "银行流水编号：认领的写")]
    pub line_no: Option<LineNo>,
    /// What proves it.
    #[schemars(description = "凭据：分配方案、发票", example = &"分配方案 2026-1")]
    pub evidence: String,
}

/// How a scope's revenue of a period stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenueStanding", description = "一个范围、一个期间的公共收益")]
pub struct Standing {
    /// Whose.
    #[serde(serialize_with = "in_words")]
    #[schemars(description = "归谁", with = "String", example = &"全体业主")]
    pub scope: Scope,
    /// The first month.
    #[schemars(description = "起月")]
    pub from: Month,
    /// The last.
    #[schemars(description = "止月")]
    pub through: Month,
    /// What came in, tax included.
    #[schemars(description = "收入：分，含税", example = 6_000_000)]
    pub income_fen: Money,
    /// Its tax.
    #[schemars(description = "税额：分", example = 60_000)]
    pub tax_fen: Money,
    /// Cost and the operator's share.
    #[schemars(description = "合理成本与经营人分成：分", example = 940_000)]
    pub cost_fen: Money,
    /// What is left.
    #[schemars(description = "净收益：分", example = 5_000_000)]
    pub net_fen: Money,
    /// The deficit carried into it.
    #[schemars(description = "结转的亏损：分，零或负数", example = 0)]
    pub carried_fen: Money,
    /// What the fund's part is of.
    #[schemars(description = "计提基数：分，净收益弥补亏损后", example = 5_000_000)]
    pub base_fen: Money,
    /// The least that must go to the fund.
    #[schemars(description = "至少补充维修资金：分", example = 2_750_000)]
    pub least_fen: Money,
    /// What went there.
    #[schemars(description = "已补充维修资金：分", example = 2_750_000)]
    pub fund_fen: Money,
    /// What is still owed to it.
    #[schemars(description = "应划未划：分", example = 0)]
    pub owed_fen: Money,
    /// What went anywhere.
    #[schemars(description = "本期已分配：分", example = 2_750_000)]
    pub distributed_fen: Money,
    /// What may still be distributed, of it and all before.
    #[schemars(description = "尚可分配：分，含以前各期；为负的是亏损", example = 2_250_000)]
    pub available_fen: Money,
    /// What says so.
    #[schemars(description = "依据", example = &"沪房规范〔2025〕8号 第十一条")]
    pub article: String,
}

/// What the fund is owed at least of a period's base, by the law of its last day and the owners' own rules.
async fn least(
    view: &mut impl View,
    compound: CompoundId,
    base: Money,
    through: Month,
    pack: &Pack,
) -> Result<Money> {
    let last = through.last_day();
    let agreed = terms(view, compound).await?;
    let live = agreed.iter().rev().find(|(_, terms)| terms.from_on <= last);
    let own = part_of(base, live.map_or(0, |(_, terms)| terms.fund_bp))?;
    let Some(law) = pack.terms.revenue_to_fund.value.0 else { return Ok(own) };
    // 北京 art. 74 asks for it while the fund is low; it is low where some dwelling's own balance is.
    if law.only_below_renewal && fund::under_renewal(view, compound, last).await?.is_empty() {
        return Ok(own);
    }
    Ok(own.max(least_of(law.share, base)))
}

async fn standing_of(
    view: &mut impl View,
    compound: CompoundId,
    moves: &[Move],
    scope: &str,
    ((first, last), pack): ((Month, Month), &Pack),
    today: Day,
) -> Result<(Stand, Standing)> {
    let stand = reckon::stand(moves, scope, (first, last), today);
    let least = least(view, compound, stand.base, last, pack).await?;
    let standing = Standing {
        scope: rows::of_kept(scope)?,
        from: first,
        through: last,
        income_fen: stand.of.income,
        tax_fen: stand.of.tax,
        cost_fen: stand.of.cost,
        net_fen: stand.of.net(),
        carried_fen: stand.carried,
        base_fen: stand.base,
        least_fen: least,
        fund_fen: stand.fund,
        owed_fen: (least - stand.fund).max(Money::ZERO),
        distributed_fen: stand.distributed,
        available_fen: stand.available,
        article: pack.terms.revenue_to_fund.article.clone(),
    };
    Ok((stand, standing))
}

/// Every scope that ever had revenue, the whole compound first.
pub(super) fn scopes(moves: &[Move]) -> Result<Vec<String>> {
    let whole = rows::kept(&Scope::Compound {})?;
    let mut others: Vec<String> = moves.iter().map(|m| m.scope.clone()).collect();
    others.sort();
    others.dedup();
    others.retain(|scope| *scope != whole);
    others.insert(0, whole);
    Ok(others)
}

/// How each scope's revenue stands for the period a month lies in, by the law of its last day.
///
/// # Errors
/// Those of [`crate::policy::at`].
pub async fn standings(
    view: &mut impl View,
    compound: CompoundId,
    month: Month,
    today: Day,
) -> Result<Vec<Standing>> {
    let pack = pack_at(view, compound, month.last_day()).await?;
    let period = period_of(rhythm(&pack), month);
    let moves = rows::moves(view, compound).await?;
    let mut found = Vec::new();
    for scope in scopes(&moves)? {
        let of = standing_of(view, compound, &moves, &scope, (period, &pack), today).await?;
        found.push(of.1);
    }
    Ok(found)
}

/// What each scope still owes the fund, period by period up to a month, oldest first.
pub(super) async fn owed(
    view: &mut impl View,
    compound: CompoundId,
    moves: &[Move],
    scope: &str,
    upto: Month,
    today: Day,
) -> Result<Vec<Standing>> {
    let earned = moves.iter().filter(|m| m.scope == scope && m.sort == Sort::Income);
    let Some(begun) = earned.map(|m| m.on).min() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut month = Month::of(begun);
    while month <= upto {
        let pack = pack_at(view, compound, month.last_day()).await?;
        let period = period_of(rhythm(&pack), month);
        if period.1 > upto {
            break;
        }
        let of = standing_of(view, compound, moves, scope, (period, &pack), today).await?.1;
        if of.owed_fen.is_positive() {
            found.push(of);
        }
        month = period.1.next();
    }
    Ok(found)
}

/// Distributes a part of what is left.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.handed-over`, `revenue.period` (the period had
/// not ended on that day), `revenue.scope`, `revenue.deficit`, `revenue.fund-first`, those of [`Resolution::of`],
/// `revenue.resolution`, `revenue.over-cap`, `revenue.fund-works`,
/// `revenue.no-project`, `revenue.short`, those of `fund::assign_revenue`, of the bank and of the journal.
pub async fn distribute(tx: &mut Tx, asked: &Distributing) -> Result<Entered> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    let (compound, today, amount) = (tx.compound(), tx.at().day(), asked.amount_fen);
    may_have_been("日期", asked.on, today)?;
    may_be_entered(tx, asked.on).await?;
    let (period, pack) = ended(tx, compound, asked.through, asked.on).await?;
    tx.flush().await?;
    let whole = Scope::Compound {};
    let owners = asked.scope.as_ref().unwrap_or(&whole);
    let scope = may_be_scope(tx, compound, owners).await?;
    let moves = rows::moves(tx, compound).await?;
    let is_to_fund = matches!(asked.to, To::Fund { .. });
    may_be_given(tx, &moves, &scope, (period, &pack), amount, is_to_fund).await?;

    let today_pack = pack_at(tx, compound, asked.on).await?;
    let provenance = pack.provenance.to_string();
    let base = New {
        scope: &scope,
        amount,
        on: asked.on,
        through: Some(asked.through),
        evidence: &asked.evidence,
        pack: &provenance,
        ..New::default()
    };
    match &asked.to {
        To::Fund { housing, plan_no } => {
            let (housing, plan_no) = (*housing, *plan_no);
            may_be_paid(tx, amount, asked.on).await?;
            let line = line_of(tx, asked.line_no, -amount, asked.on).await?;
            let evidence = asked.evidence.clone();
            let assigning = Assigning { amount, on: asked.on, housing, plan_no, evidence };
            let voucher = fund::assign_revenue(tx, &assigning).await?;
            claim(tx, line.as_ref(), voucher);
            let new = New { line: asked.line_no, party: "维修资金专户", ..base };
            Ok(keep(tx, Sort::Fund, &new, voucher))
        }
        To::Owners { round_no, motion_no } => {
            let by = (*round_no, *motion_no);
            let resolution = decided(tx, &moves, by, owners, asked).await?;
            let shares = shares_of(tx, owners, amount, asked.on, &today_pack).await?;
            let lines = shares.iter().filter(|(_, _, share)| share.is_positive());
            let mut lines: Vec<Line> =
                lines.map(|(no, _, share)| Line::debit(TO_OWNERS, *share).of(*no)).collect();
            lines.push(Line::credit(BANK, amount));
            let new = New { by: Some(resolution.number()), party: "业主", ..base };
            let entered = pay(tx, Sort::Owners, asked, lines, new).await?;
            for (dwelling, area, share) in shares {
                let row = [
                    compound.0.into(),
                    entered.entry_no.0.into(),
                    dwelling.0.into(),
                    area.in_centi_m2().into(),
                    share.in_fen().into(),
                ];
                tx.put(&SHARE, &row);
            }
            Ok(entered)
        }
        To::Use { purpose, payee, review, round_no, motion_no } => {
            may_be_text("收款人", payee)?;
            let is_works = *purpose == Use::Works;
            may_be_used(is_works, *purpose == Use::Facility, amount, review, &today_pack)?;
            let resolution = decided(tx, &moves, (*round_no, *motion_no), owners, asked).await?;
            let lines = vec![Line::debit(TO_USES, amount), Line::credit(BANK, amount)];
            let by = Some(resolution.number());
            let new = New { by, what: purpose.name(), party: payee, ..base };
            pay(tx, Sort::Use, asked, lines, new).await
        }
        To::Project { project_no, payee, round_no, motion_no } => {
            may_be_text("收款人", payee)?;
            may_be_used(true, false, amount, "", &today_pack)?;
            let sql = "SELECT project_no FROM project WHERE compound_id = $1 AND project_no = $2";
            let values = vec![compound.0.into(), project_no.0.into()];
            if tx.rows(Reads::SETTLED, sql, values).await?.is_empty() {
                return Err(NO_PROJECT.refuse(format!("项目编号 {project_no}")).into());
            }
            let resolution = decided(tx, &moves, (*round_no, *motion_no), owners, asked).await?;
            let lines = vec![Line::debit(TO_USES, amount), Line::credit(BANK, amount)];
            let by = Some(resolution.number());
            let new = New { by, project: Some(*project_no), party: payee, ..base };
            pay(tx, Sort::Project, asked, lines, new).await
        }
    }
}

/// Whether there is so much to give, and whether it may go past the fund.
pub(super) async fn may_be_given(
    tx: &mut Tx,
    moves: &[Move],
    scope: &str,
    (period, pack): ((Month, Month), &Pack),
    amount: Money,
    is_to_fund: bool,
) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let (stand, standing) = standing_of(tx, compound, moves, scope, (period, pack), today).await?;
    if amount > stand.available {
        let lost = if stand.lost.is_positive() {
            format!("，其后的亏损结转 {} 元", stand.lost.grouped())
        } else {
            String::new()
        };
        let evidence = format!(
            "{} 至 {}净收益 {} 元；至期末累计净收益 {} 元{lost}，已分配 {} 元，尚可分配 {} 元，办理 {} 元",
            period.0,
            period.1,
            standing.net_fen.grouped(),
            stand.earned.grouped(),
            stand.given.grouped(),
            stand.available.grouped(),
            amount.grouped()
        );
        let refusal = DEFICIT.refuse(evidence);
        return Err(refusal.with("available_fen", stand.available.in_fen()).into());
    }
    if is_to_fund {
        return Ok(());
    }
    if let Some(first) = owed(tx, compound, moves, scope, period.1, today).await?.first() {
        let evidence = format!(
            "{} 至 {}计提基数 {} 元，至少 {} 元，已划 {} 元（{}）",
            first.from,
            first.through,
            first.base_fen.grouped(),
            first.least_fen.grouped(),
            first.fund_fen.grouped(),
            first.article
        );
        return Err(FUND_FIRST.refuse(evidence).with("owed_fen", first.owed_fen.in_fen()).into());
    }
    Ok(())
}

/// Whether a voucher of the room may be taken back: what was given away stays earned, and the fund's part stays first.
///
/// # Errors
/// `revenue.reversal-distributed`; those of [`crate::policy::at`].
pub(crate) async fn may_be_reversed(tx: &mut Tx, voucher: &Voucher) -> Result<()> {
    if voucher.posted.book != Book::Revenue {
        return Ok(());
    }
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let moves = rows::moves(tx, compound).await?;
    let Some(of) = moves.iter().find(|m| m.voucher == voucher.posted.seq) else { return Ok(()) };
    let name = voucher.posted;
    if of.sort == Sort::Income
        && let Some(gap) = reckon::unearned_without(&moves, of)
    {
        let evidence = format!("冲销 {name} 后，已分配的比该期间的净收益多 {} 元", gap.grouped());
        return Err(REVERSED_GIVEN.refuse(evidence).with("gap_fen", gap.in_fen()).into());
    }
    if of.sort == Sort::Fund {
        let rest: Vec<Move> = moves.iter().filter(|m| m.voucher != of.voucher).cloned().collect();
        let elsewhere = |m: &&Move| {
            m.scope == of.scope && m.sort.distributes() && m.sort != Sort::Fund && stands(&rest, m)
        };
        let Some(last) = rest.iter().filter(elsewhere).filter_map(|m| m.through).max() else {
            return Ok(());
        };
        if let Some(first) = owed(tx, compound, &rest, &of.scope, last, today).await?.first() {
            let owed = first.owed_fen;
            let evidence = format!(
                "冲销 {name} 后，{} 至 {}应划维修资金尚差 {} 元，而收益已另作他用",
                first.from,
                first.through,
                owed.grouped()
            );
            return Err(REVERSED_GIVEN.refuse(evidence).with("gap_fen", owed.in_fen()).into());
        }
    }
    Ok(())
}

/// Whether an entry was not reversed.
fn stands(moves: &[Move], of: &Move) -> bool {
    moves.iter().filter(|m| m.voucher == of.voucher).map(|m| m.amount).sum::<Money>().is_positive()
}

/// Whether the law lets it be used so.
fn may_be_used(
    is_works: bool,
    is_facility: bool,
    amount: Money,
    review: &str,
    pack: &Pack,
) -> Result<()> {
    let rule = &pack.terms.revenue_uses;
    if is_works && !rule.fund_works {
        return Err(FUND_WORKS.refuse(format!("{}（{}）", rule.says, rule.article)).into());
    }
    let needs = is_facility && rule.review_from.is_some_and(|from| from.holds(amount));
    if needs {
        if review.trim().is_empty() {
            let evidence = format!("{} 元没有审价报告（{}）", amount.grouped(), rule.article);
            return Err(FUND_WORKS.refuse(evidence).into());
        }
        may_be_text("审价报告", review)?;
    }
    Ok(())
}

/// The resolution a payment past the fund stands on, with room for it.
async fn decided(
    tx: &mut Tx,
    moves: &[Move],
    by: (RoundNo, MotionNo),
    owners: &Scope,
    asked: &Distributing,
) -> Result<Resolution> {
    let compound = tx.compound();
    let resolution = resolved(tx, compound, by, owners, asked.on, &DISPOSES).await?;
    let promised = promised_by(tx, compound, by).await?;
    is_within(&resolution, spent_by(moves, by) + promised + asked.amount_fen)?;
    Ok(resolution)
}

/// What lets revenue be disposed of: how business is done and what becomes of its proceeds (八), works (七), and anything else (九).
pub(super) const DISPOSES: [Matter; 3] = [Matter::Business, Matter::Rebuild, Matter::Other];

/// What was spent on a resolution; a pledge counts whole, whatever was paid of it.
pub(super) fn spent_by(moves: &[Move], by: (RoundNo, MotionNo)) -> Money {
    let spent = moves.iter().filter(|m| m.by == Some(by) && m.sort != Sort::Pledge);
    spent.map(|m| m.amount).sum()
}

async fn pay(
    tx: &mut Tx,
    sort: Sort,
    asked: &Distributing,
    lines: Vec<Line>,
    new: New<'_>,
) -> Result<Entered> {
    may_be_paid(tx, asked.amount_fen, asked.on).await?;
    let line = line_of(tx, asked.line_no, -asked.amount_fen, asked.on).await?;
    let memo = format!("公共收益 {} {}", asked.through, sort.in_chinese());
    let voucher = posted(tx, asked.on, memo, &asked.evidence, lines).await?;
    claim(tx, line.as_ref(), voucher);
    Ok(keep(tx, sort, &New { line: asked.line_no, ..new }, voucher))
}

/// Each dwelling's share by area, by number.
async fn shares_of(
    tx: &mut Tx,
    owners: &Scope,
    amount: Money,
    on: Day,
    pack: &Pack,
) -> Result<Vec<(DwellingNo, Area, Money)>> {
    let compound = tx.compound();
    let roll = property::roll(tx, compound, on).await?;
    let places: Vec<Place> =
        roll.iter().filter(|d| owners.holds(&d.code)).map(|d| place(d, amount)).collect();
    let work = Work {
        cost: amount,
        removed: Vec::new(),
        basis: Basis::Area,
        short: Short::OwnerPays,
        places,
        selling_units: Vec::new(),
    };
    let shared: allocation::Allocation = allocate(&work, pack)?;
    if shared.shares.len() > 19_990 {
        return Err(SCOPE.refuse(format!("{} 户", shared.shares.len())).into());
    }
    Ok(shared.shares.into_iter().map(|s| (s.dwelling, s.area, s.amount)).collect())
}

/// A dwelling as the allocation sees it: nothing is drawn of it, so its purse is as large as the whole.
fn place(dwelling: &Dwelling, whole: Money) -> Place {
    let why = match dwelling.usage {
        Usage::Service => Some("物业用房".to_owned()),
        _ if dwelling.vote_area <= Area::ZERO => Some("没有面积".to_owned()),
        _ => None,
    };
    Place {
        dwelling: dwelling.no,
        code: dwelling.code.clone(),
        floor: dwelling.floor,
        area: dwelling.vote_area,
        housing: dwelling.housing,
        is_unsold: dwelling.is_unsold,
        deposited: Money::ZERO,
        principal: whole,
        gains: Money::ZERO,
        left_out: why,
    }
}

/// A dwelling's share of what was given to the owners.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenueShare", description = "一户分得的公共收益")]
pub struct ShareRow {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Its area.
    #[schemars(description = "面积：0.01 平方米", example = 8_110)]
    pub area_centi_m2: i64,
    /// Its share.
    #[schemars(description = "分得：分", example = 12_345)]
    pub amount_fen: Money,
}

/// The shares of an entry, by dwelling.
///
/// # Errors
/// Storage.
pub async fn shares(
    view: &mut impl View,
    compound: CompoundId,
    entry: RevenueEntryNo,
) -> Result<Vec<ShareRow>> {
    let rooms = property::numbers(view, compound).await?;
    let sql = "SELECT dwelling_no, area_centi_m2, amount_fen FROM revenue_share
               WHERE compound_id = $1 AND entry_no = $2 ORDER BY dwelling_no";
    let mut found = Vec::new();
    for row in view.rows(ENTRIES, sql, vec![compound.0.into(), entry.0.into()]).await? {
        let dwelling_no = DwellingNo(row.try_get("", "dwelling_no")?);
        found.push(ShareRow {
            dwelling_no,
            room: rooms.get(&dwelling_no).cloned().unwrap_or_default(),
            area_centi_m2: row.try_get("", "area_centi_m2")?,
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
        });
    }
    Ok(found)
}
