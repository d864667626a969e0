//! What is done about arrears: a notice by stages, a promise, a lawsuit, the proof of delivery.
//!
//! Always: a claim is of the owner's overdue bills of one day, each with what was open then and the day its limitation ran
//! out by both readings. A stage follows the one before it when the time given has passed, or says why not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limitation::{Began, both_readings};
use super::plan::{PlanState, by_number, last_plan};
use super::position::{Held, What, position};
use super::terms::{terms, threat};
use super::{
    DAY, NO_CLAIM, NO_SANCTION, NO_STAGE, NOTHING_OVERDUE, PLAN_DAYS, PLAN_KEPT, PLAN_SUM, PROVED,
    SKIPPED, TEXT, TOO_SOON, rows,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DemandNo, DwellingNo, MatterNo};
use crate::money::Money;
use crate::property;
use crate::seal::may_stand_in_clear;

/// What a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ArrearsClaimKind", description = "种类：notice 催缴，plan 承诺，lawsuit 起诉")]
pub enum ClaimKind {
    /// 催缴.
    #[schemars(description = "催缴")]
    Notice,
    /// 承诺、分期.
    #[schemars(description = "承诺")]
    Plan,
    /// 起诉、申请仲裁.
    #[schemars(description = "起诉")]
    Lawsuit,
}

impl ClaimKind {
    const ALL: [ClaimKind; 3] = [ClaimKind::Notice, ClaimKind::Plan, ClaimKind::Lawsuit];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ClaimKind::Notice => "notice",
            ClaimKind::Plan => "plan",
            ClaimKind::Lawsuit => "lawsuit",
        }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            ClaimKind::Notice => "催缴",
            ClaimKind::Plan => "承诺",
            ClaimKind::Lawsuit => "起诉",
        }
    }

    pub(super) fn named(name: &str) -> Option<ClaimKind> {
        ClaimKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a notice is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "NoticeChannel", description = "送达方式")]
pub enum Channel {
    /// 上门.
    #[schemars(description = "上门送达")]
    Visit,
    /// 邮寄.
    #[schemars(description = "邮寄（留存回执）")]
    Post,
    /// 短信.
    #[schemars(description = "短信")]
    Message,
    /// 微信.
    #[schemars(description = "微信")]
    Wechat,
    /// 电话.
    #[schemars(description = "电话（留存录音）")]
    Phone,
    /// 电子邮件.
    #[schemars(description = "电子邮件")]
    Mail,
    /// 张贴.
    #[schemars(description = "张贴")]
    Posted,
}

impl Channel {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Visit => "visit",
            Channel::Post => "post",
            Channel::Message => "message",
            Channel::Wechat => "wechat",
            Channel::Phone => "phone",
            Channel::Mail => "mail",
            Channel::Posted => "posted",
        }
    }
}

/// A bill a claim is about, as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimedBill {
    /// The bill.
    pub bill_no: MatterNo,
    /// What was billed.
    pub billed_fen: Money,
    /// What of it was let go.
    pub reduced_fen: Money,
    /// What was owed on it.
    pub open_fen: Money,
    /// The day its limitation ran out, the bill taken by itself (民法典 188).
    pub runs_out_on: Day,
    /// The same, taken as an instalment of one debt (民法典 189).
    pub debt_runs_out_on: Day,
}

/// A claim as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Its number.
    pub claim_no: DemandNo,
    /// Of which dwelling.
    pub dwelling_no: DwellingNo,
    /// What it is.
    pub kind: ClaimKind,
    /// The stage of a notice, from 1; 0 of what is none.
    pub stage: u8,
    /// The day.
    pub made_on: Day,
    /// The time of the day, if it is known.
    pub made_time: String,
    /// By when it is to be paid: the end of the reasonable period, the last instalment.
    pub pay_by: Day,
    /// What was owed.
    pub sum_fen: Money,
    /// How it was sent; the court of a lawsuit.
    pub channel: String,
    /// Why a stage was passed over.
    pub reason: String,
    /// A word of one's own.
    pub remark: String,
    /// What proves a promise or a lawsuit.
    pub evidence: String,
    /// The last day on which something was received of the dwelling, as it was known when the notice was made.
    pub last_paid_on: Option<Day>,
    /// The day it was delivered, if that is proved.
    pub delivered_on: Option<Day>,
    /// What proves it.
    pub proof: String,
    /// The bills.
    pub bills: Vec<ClaimedBill>,
    /// What was promised by when.
    pub instalments: Vec<(Day, Money)>,
}

/// A notice to send, to one dwelling or to all of a class.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewArrearsNotice", description = "要发出的催缴：一户，或一个账龄段的全部")]
pub struct Notifying {
    /// The stage, from 1.
    #[schemars(
        description = "级别：1 催缴提醒，2 催缴通知书，3 律师函",
        range(min = 1, max = 3),
        example = 1
    )]
    pub stage: u8,
    /// One dwelling.
    #[serde(default)]
    #[schemars(description = "房号：只发一户的写", example = &"1-1-101")]
    pub room: Option<String>,
    /// Every dwelling whose oldest overdue bill is in this class.
    #[serde(default)]
    #[schemars(
        description = "账龄段 1 至 4：最早的逾期账单在该段的各户，一次发出",
        range(min = 1, max = 4)
    )]
    pub class: Option<u8>,
    /// How it is sent.
    #[schemars(description = "送达方式")]
    pub channel: Channel,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "发出日期：不得晚于今天")]
    pub on: Day,
    /// The time.
    #[serde(default)]
    #[schemars(description = "发出时间：写作 09:30", example = &"09:30")]
    pub time: String,
    /// By when to pay; the stage's period if none is said.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "付款截止日：不写则按该级的合理期限")]
    pub pay_by: Option<Day>,
    /// Why a stage is passed over.
    #[serde(default)]
    #[schemars(description = "越级的原因", example = &"")]
    pub reason: String,
    /// A word of one's own.
    #[serde(default)]
    #[schemars(description = "附言：印在通知上", example = &"")]
    pub remark: String,
}

/// A dwelling that got no notice.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "NoticePassed", description = "未发的一户与原因")]
pub struct Passed {
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Which rule says so.
    #[schemars(description = "规则代码", example = &"arrears.plan-kept")]
    pub code: String,
    /// What was found.
    #[schemars(description = "现状", example = &"分期承诺 3 履行中")]
    pub evidence: String,
}

/// Notices that were sent.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ArrearsNotified", description = "已发出的催缴")]
pub struct Notified {
    /// Their numbers.
    #[schemars(description = "编号", example = [1])]
    pub claims: Vec<DemandNo>,
    /// What they claim.
    #[schemars(description = "催缴金额合计：分", example = 30_000)]
    pub sum_fen: Money,
    /// Who got none, and why.
    #[schemars(description = "该段中未发的各户与原因")]
    pub passed: Vec<Passed>,
}

/// A proof of delivery.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoticeProof", description = "送达的凭据")]
pub struct Proving {
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "送达日期")]
    pub delivered_on: Day,
    /// What proves it.
    #[schemars(description = "凭据：签收回执、邮件号、录音编号", example = &"签收回执 7")]
    pub evidence: String,
}

/// An instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlanInstalment", description = "一期")]
pub struct Instalment {
    /// By when.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "付款日期")]
    pub due_on: Day,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000
    )]
    pub amount_fen: Money,
}

/// A promise to pay.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewArrearsPlan", description = "要登记的承诺：合计等于当日逾期欠费")]
pub struct Promising {
    /// Who promises.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "立约日：不得晚于今天")]
    pub on: Day,
    /// What by when.
    #[schemars(description = "各期", length(min = 1, max = 60))]
    pub instalments: Vec<Instalment>,
    /// The paper.
    #[schemars(description = "凭据：承诺书", example = &"承诺书 2026-3")]
    pub evidence: String,
}

/// A lawsuit or an arbitration.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewLawsuit", description = "要登记的起诉或仲裁申请")]
pub struct Suing {
    /// Whom.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The day it was filed.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起诉日期：不得晚于今天")]
    pub on: Day,
    /// Where.
    #[schemars(description = "受理的法院或仲裁委员会", example = &"区人民法院")]
    pub court: String,
    /// The case's number.
    #[schemars(description = "凭据：案号或收件回执", example = &"（2026）民初 1 号")]
    pub evidence: String,
}

fn may_say(what: &str, text: &str, is_needed: bool) -> Result<(), Refusal> {
    let length = text.trim().chars().count();
    if length > 200 || (is_needed && length == 0) || text.chars().any(char::is_control) {
        return Err(TEXT.refuse(format!("{what} {length} 个字")));
    }
    may_stand_in_clear(what, text)?;
    match threat(text) {
        Some(word) => Err(NO_SANCTION.refuse(format!("{what}中有“{word}”")).with("word", word)),
        None => Ok(()),
    }
}

fn may_be_on(on: Day, today: Day) -> Result<(), Refusal> {
    if on > today {
        return Err(DAY.refuse(format!("{on}，今天 {today}")));
    }
    Ok(())
}

/// Whether a notice of a stage may be sent: what was claimed before of bills that are still open decides.
fn may_notify(
    asked: &Notifying,
    claims: &[&Claim],
    bills: &BTreeMap<MatterNo, &Held>,
) -> Result<(), Refusal> {
    let on = asked.on;
    if let Some(plan) = last_plan(claims, bills, on).filter(|p| p.state == PlanState::Kept) {
        let next = plan.next_on.map_or(String::new(), |day| format!("，下一期 {day}"));
        return Err(PLAN_KEPT.refuse(format!("分期承诺 {} 履行中{next}", plan.claim_no)));
    }
    let is_open = |b: &ClaimedBill| bills.get(&b.bill_no).is_some_and(|held| held.is_overdue(on));
    let live = claims.iter().filter(|c| c.kind == ClaimKind::Notice && c.bills.iter().any(is_open));
    let last = live.clone().max_by_key(|c| (c.pay_by, c.claim_no));
    let reached = live.map(|c| c.stage).max().unwrap_or(0);
    if asked.stage > reached + 1 && asked.reason.trim().is_empty() {
        let evidence = format!("已发至第 {reached} 级，要发第 {} 级", asked.stage);
        return Err(SKIPPED.refuse(evidence).with("reached", reached));
    }
    match last {
        Some(last) if on <= last.pay_by => {
            let evidence = format!("催缴 {} 给至 {}", last.claim_no, last.pay_by);
            Err(TOO_SOON.refuse(evidence).with("pay_by", last.pay_by.to_string()))
        }
        _ => Ok(()),
    }
}

/// The owner's overdue bills of each dwelling, as a claim of a day keeps them.
fn overdue<'a>(
    bills: &'a [Held],
    claims: &[Claim],
    on: Day,
) -> BTreeMap<DwellingNo, Vec<(&'a Held, ClaimedBill)>> {
    let began = Began::of(bills, claims, on);
    let mut by_dwelling: BTreeMap<DwellingNo, Vec<_>> = BTreeMap::new();
    for held in bills.iter().filter(|b| b.is_overdue(on)) {
        let limit = both_readings(held, &began);
        let claimed = ClaimedBill {
            bill_no: held.bill_no,
            billed_fen: held.until(What::Billed, on),
            reduced_fen: held.until(What::Reduced, on),
            open_fen: held.open(on),
            runs_out_on: limit.alone.0,
            debt_runs_out_on: limit.debt.0,
        };
        by_dwelling.entry(held.dwelling_no).or_default().push((held, claimed));
    }
    by_dwelling
}

/// Sends a notice to one dwelling, or to every dwelling of a class that may get one; the others are named with the reason.
///
/// # Errors
/// `arrears.text`, `seal.person-in-text`, `arrears.no-sanction`, `arrears.day`, `arrears.no-stage`, `property.room-code`,
/// `property.no-dwelling`, `arrears.nothing-overdue`; of one dwelling also `arrears.plan-kept`, `arrears.stage-skipped`,
/// `arrears.too-soon`.
pub async fn notify(tx: &mut Tx, asked: &Notifying) -> Result<Notified> {
    may_say("附言", &asked.remark, false)?;
    may_say("原因", &asked.reason, false)?;
    may_be_time(&asked.time)?;
    may_be_on(asked.on, tx.at().day())?;
    let stage =
        terms().stage(asked.stage).filter(|_| asked.room.is_some() != asked.class.is_some());
    let stage = stage.ok_or_else(|| {
        NO_STAGE.refuse(format!(
            "级别 {}，房号 {:?}，账龄段 {:?}",
            asked.stage, asked.room, asked.class
        ))
    })?;
    let due = asked.on + chrono::Days::new(u64::from(stage.days));
    let pay_by = asked.pay_by.unwrap_or(due);
    if pay_by < due {
        return Err(DAY.refuse(format!("付款截止日 {pay_by}，合理期限至 {due}")).into());
    }
    // What this batch posted before must be seen.
    tx.flush().await?;
    let compound = tx.compound();
    let only = match &asked.room {
        Some(room) => Some(property::dwelling(tx, compound, room, asked.on).await?.no),
        None => None,
    };
    let rooms = property::numbers(tx, compound).await?;
    let position = position(tx, compound, asked.on, only).await?;
    let claims = rows::claims(tx, compound, only).await?;
    let all = by_number(&position.bills);
    let room_of = |no: &DwellingNo| rooms.get(no).cloned().unwrap_or_default();

    let mut notified = Notified { claims: Vec::new(), sum_fen: Money::ZERO, passed: Vec::new() };
    let mut meant = overdue(&position.bills, &claims, asked.on);
    if let Some(class) = asked.class {
        let class_of = |bills: &Vec<(&Held, ClaimedBill)>| {
            bills.iter().map(|(held, _)| terms().class(held.due_on, asked.on)).max()
        };
        meant.retain(|_, bills| class_of(bills) == Some(usize::from(class)));
    }
    if meant.is_empty() {
        let whom = asked.room.clone().unwrap_or_else(|| "该账龄段".to_owned());
        return Err(NOTHING_OVERDUE.refuse(format!("{whom} {} 没有逾期账单", asked.on)).into());
    }
    let mut last_paid: BTreeMap<DwellingNo, Day> = BTreeMap::new();
    for held in &position.bills {
        if let Some(on) = held.last_received(asked.on) {
            let last = last_paid.entry(held.dwelling_no).or_insert(on);
            *last = on.max(*last);
        }
    }
    for (dwelling_no, bills) in meant {
        let own: Vec<&Claim> = claims.iter().filter(|c| c.dwelling_no == dwelling_no).collect();
        if let Err(refusal) = may_notify(asked, &own, &all) {
            if asked.class.is_none() {
                return Err(refusal.into());
            }
            notified.passed.push(Passed {
                room: room_of(&dwelling_no),
                code: refusal.code().to_owned(),
                evidence: refusal.evidence,
            });
            continue;
        }
        let mut claim = blank(ClaimKind::Notice, dwelling_no, asked.on, bills);
        claim.stage = asked.stage;
        claim.made_time = asked.time.trim().to_owned();
        claim.pay_by = pay_by;
        claim.channel = asked.channel.name().to_owned();
        claim.reason = asked.reason.trim().to_owned();
        claim.remark = asked.remark.trim().to_owned();
        claim.last_paid_on = last_paid.get(&dwelling_no).copied();
        notified.sum_fen += claim.sum_fen;
        notified.claims.push(rows::keep(tx, &mut claim).await?);
    }
    Ok(notified)
}

fn may_be_time(time: &str) -> Result<(), Refusal> {
    let is_time = time.is_empty() || chrono::NaiveTime::parse_from_str(time, "%H:%M").is_ok();
    if is_time { Ok(()) } else { Err(TEXT.refuse(format!("时间 {time:?}"))) }
}

fn blank(
    kind: ClaimKind,
    dwelling_no: DwellingNo,
    on: Day,
    bills: Vec<(&Held, ClaimedBill)>,
) -> Claim {
    let bills: Vec<ClaimedBill> = bills.into_iter().map(|(_, bill)| bill).collect();
    Claim {
        claim_no: DemandNo(0),
        dwelling_no,
        kind,
        stage: 0,
        made_on: on,
        made_time: String::new(),
        pay_by: on,
        sum_fen: bills.iter().map(|b| b.open_fen).sum(),
        channel: String::new(),
        reason: String::new(),
        remark: String::new(),
        evidence: String::new(),
        last_paid_on: None,
        delivered_on: None,
        proof: String::new(),
        bills,
        instalments: Vec::new(),
    }
}

/// A claim of a kind of everything a dwelling owes past its day.
async fn of_dwelling(tx: &mut Tx, kind: ClaimKind, room: &str, on: Day) -> Result<Claim> {
    may_be_on(on, tx.at().day())?;
    tx.flush().await?;
    let compound = tx.compound();
    let dwelling = property::dwelling(tx, compound, room, on).await?.no;
    let position = position(tx, compound, on, Some(dwelling)).await?;
    let claims = rows::claims(tx, compound, Some(dwelling)).await?;
    let bills = overdue(&position.bills, &claims, on).remove(&dwelling);
    let none = || NOTHING_OVERDUE.refuse(format!("{room} {on} 没有逾期账单"));
    Ok(blank(kind, dwelling, on, bills.ok_or_else(none)?))
}

/// Proves that a notice was delivered: from that day limitation runs anew (民法典 195).
///
/// # Errors
/// `arrears.text`, `seal.person-in-text`, `arrears.no-sanction`, `arrears.no-claim`, `arrears.proved`, `arrears.day`.
pub async fn prove(tx: &mut Tx, no: DemandNo, asked: &Proving) -> Result<()> {
    may_say("凭据", &asked.evidence, true)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let claims = rows::claims(tx, compound, None).await?;
    let claim = claims.iter().find(|c| c.claim_no == no);
    let claim = claim.ok_or_else(|| NO_CLAIM.refuse(format!("催缴 {no}")))?;
    if claim.kind != ClaimKind::Notice || claim.delivered_on.is_some() {
        let evidence = match claim.delivered_on {
            Some(on) => format!("催缴 {no} 已于 {on} 送达"),
            None => format!("{} {no}", claim.kind.in_chinese()),
        };
        return Err(PROVED.refuse(evidence).into());
    }
    may_be_on(asked.delivered_on, today)?;
    if asked.delivered_on < claim.made_on {
        let evidence = format!("{} 发出，{} 送达", claim.made_on, asked.delivered_on);
        return Err(DAY.refuse(evidence).into());
    }
    rows::keep_proof(tx, no, asked.delivered_on, asked.evidence.trim());
    Ok(())
}

fn may_promise(sum: Money, asked: &Promising) -> Result<Day, Refusal> {
    let days: Vec<Day> = asked.instalments.iter().map(|i| i.due_on).collect();
    let last = days.last().copied().filter(|_| {
        days.len() <= 60 && days[0] >= asked.on && days.windows(2).all(|two| two[0] < two[1])
    });
    let Some(last) = last else {
        return Err(PLAN_DAYS.refuse(format!("{} 期", days.len())));
    };
    let is_each = asked
        .instalments
        .iter()
        .all(|i| i.amount_fen.is_positive() && i.amount_fen.is_within_limit());
    let promised: Money = asked.instalments.iter().map(|i| i.amount_fen).sum();
    if !is_each || promised != sum {
        let evidence = format!("分期合计 {} 元，逾期欠费 {} 元", promised.grouped(), sum.grouped());
        return Err(PLAN_SUM.refuse(evidence).with("arrears_fen", sum.in_fen()));
    }
    Ok(last)
}

/// Registers a dwelling's promise to pay what it owes by days.
///
/// # Errors
/// `arrears.text`, `seal.person-in-text`, `arrears.no-sanction`, `arrears.day`, `property.room-code`, `property.no-dwelling`,
/// `arrears.nothing-overdue`, `arrears.plan-days`, `arrears.plan-sum`.
pub async fn promise(tx: &mut Tx, asked: &Promising) -> Result<DemandNo> {
    may_say("凭据", &asked.evidence, true)?;
    let mut claim = of_dwelling(tx, ClaimKind::Plan, &asked.room, asked.on).await?;
    claim.pay_by = may_promise(claim.sum_fen, asked)?;
    claim.evidence = asked.evidence.trim().to_owned();
    claim.instalments = asked.instalments.iter().map(|i| (i.due_on, i.amount_fen)).collect();
    rows::keep(tx, &mut claim).await
}

/// Registers a lawsuit or an arbitration about what a dwelling owes.
///
/// # Errors
/// `arrears.text`, `seal.person-in-text`, `arrears.no-sanction`, `arrears.day`, `property.room-code`, `property.no-dwelling`,
/// `arrears.nothing-overdue`.
pub async fn sue(tx: &mut Tx, asked: &Suing) -> Result<DemandNo> {
    may_say("受理机构", &asked.court, true)?;
    may_say("凭据", &asked.evidence, true)?;
    let mut claim = of_dwelling(tx, ClaimKind::Lawsuit, &asked.room, asked.on).await?;
    claim.channel = asked.court.trim().to_owned();
    claim.evidence = asked.evidence.trim().to_owned();
    rows::keep(tx, &mut claim).await
}

/// The claims of a compound, or of a dwelling, in the order they were made.
///
/// # Errors
/// Storage.
pub async fn claims(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<DwellingNo>,
) -> Result<Vec<Claim>> {
    rows::claims(view, compound, only).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrears::position::tests::{day, held};

    fn asking(stage: u8, on: &str) -> Notifying {
        Notifying {
            stage,
            room: Some("1-1-101".into()),
            class: None,
            channel: Channel::Post,
            on: day(on),
            time: String::new(),
            pay_by: None,
            reason: String::new(),
            remark: String::new(),
        }
    }

    fn bill(paid: &[(&str, What, i64)]) -> Held {
        let moves = [&[("2026-01-01", What::Billed, 10_000)], paid].concat();
        held(1, 1, "2026-01-01", "2026-01-31", &moves)
    }

    fn claim(no: i32, kind: ClaimKind, stage: u8, on: &str, pay_by: &str) -> Claim {
        let claimed = ClaimedBill {
            bill_no: MatterNo(1),
            billed_fen: Money::fen(10_000),
            reduced_fen: Money::ZERO,
            open_fen: Money::fen(10_000),
            runs_out_on: day("2029-01-31"),
            debt_runs_out_on: day("2029-01-31"),
        };
        let bill = bill(&[]);
        let mut claim = blank(kind, DwellingNo(1), day(on), vec![(&bill, claimed)]);
        (claim.claim_no, claim.stage, claim.pay_by) = (DemandNo(no), stage, day(pay_by));
        claim
    }

    #[test]
    fn stages_follow_each_other_when_the_time_given_has_passed() {
        let bill = bill(&[]);
        let bills = by_number([&bill]);
        let may = |asked: &Notifying, claims: &[&Claim]| {
            may_notify(asked, claims, &bills).map_err(|r| r.code())
        };
        assert_eq!(may(&asking(1, "2026-02-01"), &[]), Ok(()));
        assert_eq!(may(&asking(2, "2026-02-01"), &[]), Err("arrears.stage-skipped"));
        let reasoned = Notifying { reason: "即将届满时效".into(), ..asking(2, "2026-02-01") };
        assert_eq!(may(&reasoned, &[]), Ok(()));
        let first = claim(1, ClaimKind::Notice, 1, "2026-02-01", "2026-02-16");
        assert_eq!(may(&asking(2, "2026-02-16"), &[&first]), Err("arrears.too-soon"));
        assert_eq!(may(&asking(2, "2026-02-17"), &[&first]), Ok(()));
        assert_eq!(may(&asking(3, "2026-02-17"), &[&first]), Err("arrears.stage-skipped"));
    }

    #[test]
    fn while_a_promise_is_kept_nothing_follows() {
        let mut plan = claim(1, ClaimKind::Plan, 0, "2026-02-01", "2026-03-31");
        plan.instalments =
            vec![(day("2026-02-28"), Money::fen(4_000)), (day("2026-03-31"), Money::fen(6_000))];
        let told = |paid: &[(&str, What, i64)], on: &str| {
            let bill = bill(paid);
            let bills = by_number([&bill]);
            let state = last_plan(&[&plan], &bills, day(on)).unwrap().state;
            let code = may_notify(&asking(1, on), &[&plan], &bills).map_err(|r| r.code());
            (state, code)
        };
        let kept = (PlanState::Kept, Err("arrears.plan-kept"));
        assert_eq!(told(&[], "2026-02-28"), kept);
        assert_eq!(told(&[], "2026-03-01"), (PlanState::Broken, Ok(())));
        let first = [("2026-02-28", What::Received, 4_000)];
        assert_eq!(told(&first, "2026-03-31"), kept);
        assert_eq!(told(&first, "2026-04-01").0, PlanState::Broken);
        // A fen short, or a day late, is broken.
        assert_eq!(
            told(&[("2026-02-28", What::Received, 3_999)], "2026-03-01").0,
            PlanState::Broken
        );
        assert_eq!(
            told(&[("2026-03-01", What::Received, 4_000)], "2026-03-02").0,
            PlanState::Broken
        );
        let all = [("2026-02-10", What::Received, 10_000)];
        assert_eq!(told(&all, "2026-02-10").0, PlanState::Fulfilled);
    }

    #[test]
    fn instalments_come_to_what_is_owed() {
        let plan = |parts: &[(&str, i64)]| Promising {
            room: "1-1-101".into(),
            on: day("2026-02-01"),
            instalments: parts
                .iter()
                .map(|(on, fen)| Instalment { due_on: day(on), amount_fen: Money::fen(*fen) })
                .collect(),
            evidence: "承诺书".into(),
        };
        let may = |parts: &[(&str, i64)]| {
            may_promise(Money::fen(10_000), &plan(parts)).map_err(|r| r.code())
        };
        assert_eq!(may(&[("2026-02-01", 4_000), ("2026-03-01", 6_000)]), Ok(day("2026-03-01")));
        assert_eq!(may(&[("2026-02-01", 4_000), ("2026-03-01", 5_999)]), Err("arrears.plan-sum"));
        assert_eq!(may(&[("2026-02-01", 11_000), ("2026-03-01", -1_000)]), Err("arrears.plan-sum"));
        assert_eq!(may(&[("2026-03-01", 4_000), ("2026-03-01", 6_000)]), Err("arrears.plan-days"));
        assert_eq!(may(&[("2026-01-31", 10_000)]), Err("arrears.plan-days"));
        assert_eq!(may(&[]), Err("arrears.plan-days"));
    }
}
