//! How a plan to fill the fund is told: notices, reminders, and what every dwelling of it paid and owes.
//!
//! Always: a notice goes to a dwelling of the plan, a reminder to one that owes on the day; each has its proof of delivery and the
//! amount it asked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assessment::{self, dwellings_of};
use super::plan::living_plan;
use super::renewal::settled;
use super::rows::{NOTICE, RENEWALS};
use super::{NOT_IN_PLAN, NOTHING_OWED, may_be_day, may_be_kept};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::governance::matter::Delivery;
use crate::id::{CompoundId, DwellingNo, RenewalNo};
use crate::money::Money;
use crate::property::{self, RoomCode};

/// What a plan's dwelling owes on a day, and how it was told.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "方案中一户的交存与催交")]
pub struct RenewalArrears {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What the plan asks.
    #[serde(rename = "assessed_fen")]
    #[schemars(description = "应交：分", example = 240_001)]
    pub assessed: Money,
    /// What of it is due.
    #[serde(rename = "due_fen")]
    #[schemars(description = "到期：分", example = 240_001)]
    pub due: Money,
    /// What was paid.
    #[serde(rename = "paid_fen")]
    #[schemars(description = "已交：分", example = 0)]
    pub paid: Money,
    /// What is due and unpaid.
    #[serde(rename = "owed_fen")]
    #[schemars(description = "欠交：分", example = 240_001)]
    pub owed: Money,
    /// How long.
    #[schemars(description = "欠交天数", example = 12)]
    pub days: i64,
    /// When it was told.
    #[schemars(description = "首次通知日期：未通知的为空")]
    pub notified_on: Option<Day>,
    /// How often it was reminded.
    #[schemars(description = "催交次数", example = 1)]
    pub reminders: i32,
    /// When it was reminded last.
    #[schemars(description = "最近催交日期：没有则空")]
    pub reminded_on: Option<Day>,
}

/// What every dwelling of a plan paid and owes on a day, by its number; nothing of a plan that is not there.
///
/// # Errors
/// Storage.
pub async fn renewal_arrears(
    view: &mut impl View,
    compound: CompoundId,
    no: RenewalNo,
    on: Day,
) -> Result<Vec<RenewalArrears>> {
    let rooms = property::numbers(view, compound).await?;
    let told = renewal_notices(view, compound, no).await?;
    let mut rows = Vec::new();
    for one in settled(view, compound, Some(on), on).await?.into_values() {
        if one.plan != Some(no) {
            continue;
        }
        let of = |word: NoticeWord| {
            told.iter()
                .filter(move |n| n.dwelling_no == one.dwelling && n.kind == word && n.sent_on <= on)
        };
        let reminders = of(NoticeWord::Reminder).count();
        rows.push(RenewalArrears {
            dwelling_no: one.dwelling,
            room: rooms.get(&one.dwelling).cloned().unwrap_or_default(),
            assessed: one.assessed,
            due: one.due,
            paid: one.paid,
            owed: one.owed,
            days: one.since.map_or(0, |since| (on - since).num_days()),
            notified_on: of(NoticeWord::Notice).map(|n| n.sent_on).min(),
            reminders: i32::try_from(reminders).unwrap_or(i32::MAX),
            reminded_on: of(NoticeWord::Reminder).map(|n| n.sent_on).max(),
        });
    }
    rows.sort_by_key(|row| row.dwelling_no);
    Ok(rows)
}

/// The instalments in which a plan asks a dwelling, in the order they fall due.
///
/// # Errors
/// Storage.
pub async fn renewal_instalments(
    view: &mut impl View,
    compound: CompoundId,
    no: RenewalNo,
    dwelling: DwellingNo,
) -> Result<Vec<(Day, Money)>> {
    let dues = assessment::all_dues(view, compound, Some(dwelling)).await?;
    let own = dues.into_iter().filter(|due| due.plan == Some(no));
    Ok(own.map(|due| (due.due_on, due.due)).collect())
}

/// A notice or a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RenewalNoticeWord", description = "通知的种类")]
pub enum NoticeWord {
    /// 续筹通知.
    #[schemars(description = "续筹通知")]
    Notice,
    /// 催交.
    #[schemars(description = "催交")]
    Reminder,
}

/// Notices to record as sent.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenewalNotifying", description = "要登记的通知或催交")]
pub struct Notifying {
    /// Which.
    #[schemars(description = "种类")]
    pub kind: NoticeWord,
    /// To whom; a notice to all of the plan and a reminder to all that owe, if none is named.
    #[serde(default)]
    #[schemars(description = "房号：不写则通知发给方案内全部，催交发给全部欠交", with = "Vec<String>", length(max = 3000), example = &["1-1-101"])]
    pub rooms: Vec<RoomCode>,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "发出日期")]
    pub sent_on: Day,
    /// How.
    #[schemars(description = "送达方式")]
    pub method: Delivery,
    /// What proves it.
    #[schemars(description = "送达凭据", example = &"签收簿 3")]
    pub evidence: String,
}

/// A notice that was sent.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenewalNotice", description = "已登记的通知或催交")]
pub struct Notice {
    /// Its number in the plan.
    #[schemars(description = "通知编号：方案内连续", example = 1)]
    pub notice_no: i32,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Which.
    #[schemars(description = "种类")]
    pub kind: NoticeWord,
    /// When.
    #[schemars(description = "发出日期")]
    pub sent_on: Day,
    /// How.
    #[schemars(description = "送达方式", example = &"hand")]
    pub method: String,
    /// What proves it.
    #[schemars(description = "送达凭据", example = &"签收簿 3")]
    pub evidence: String,
    /// What it asked for.
    #[schemars(description = "所载金额：分", example = 240_001)]
    pub owed_fen: Money,
}

/// Records notices or reminders as sent, with the proof of delivery. Answers how many.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.no-plan`, `fund.plan-withdrawn`, `property.no-dwelling`, `fund.not-in-plan`, `fund.nothing-owed`.
pub async fn notify(tx: &mut Tx, no: RenewalNo, asked: &Notifying) -> Result<i32> {
    may_be_kept("凭据", &asked.evidence)?;
    may_be_day("发出日期", asked.sent_on)?;
    let compound = tx.compound();
    living_plan(tx, compound, no).await?;
    let rows = renewal_arrears(tx, compound, no, asked.sent_on).await?;
    let named = dwellings_of(tx, compound, asked.rooms.iter()).await?;

    let chosen = may_be_told(&rows, &named, asked.kind)?;

    let first = tx.take_numbers(
        &format!("renewal-notice/{no}"),
        i32::try_from(chosen.len()).unwrap_or(i32::MAX),
    );
    let act = tx.act().0;
    let kind = if asked.kind == NoticeWord::Reminder { "reminder" } else { "notice" };
    for (notice_no, row) in (first..).zip(&chosen) {
        let asks = match asked.kind {
            NoticeWord::Notice => row.assessed - row.paid,
            NoticeWord::Reminder => row.owed,
        };
        let cells = [
            compound.0.into(),
            no.0.into(),
            notice_no.into(),
            row.dwelling_no.0.into(),
            kind.into(),
            asked.sent_on.into(),
            asked.method.name().into(),
            asked.evidence.trim().into(),
            asks.in_fen().into(),
            act.into(),
        ];
        tx.put(&NOTICE, &cells);
    }
    Ok(i32::try_from(chosen.len()).unwrap_or(i32::MAX))
}

/// Whom notices go to.
fn may_be_told<'a>(
    rows: &'a [RenewalArrears],
    named: &BTreeMap<RoomCode, DwellingNo>,
    kind: NoticeWord,
) -> Result<Vec<&'a RenewalArrears>, Refusal> {
    let owes = |row: &&RenewalArrears| kind == NoticeWord::Notice || row.owed.is_positive();
    if named.is_empty() {
        let chosen: Vec<&RenewalArrears> = rows.iter().filter(owes).collect();
        if chosen.is_empty() {
            return Err(NOTHING_OWED.refuse("方案内没有到期未交的房屋"));
        }
        return Ok(chosen);
    }
    let mut chosen = Vec::with_capacity(named.len());
    for (room, dwelling) in named {
        let row = rows.iter().find(|row| row.dwelling_no == *dwelling);
        let row = row.ok_or_else(|| NOT_IN_PLAN.refuse(format!("房号 {room}")))?;
        if !owes(&row) {
            return Err(NOTHING_OWED.refuse(format!("房号 {room}")));
        }
        chosen.push(row);
    }
    Ok(chosen)
}

/// The notices of a plan, in their order.
///
/// # Errors
/// Storage.
pub async fn renewal_notices(
    view: &mut impl View,
    compound: CompoundId,
    no: RenewalNo,
) -> Result<Vec<Notice>> {
    let sql = "SELECT n.notice_no, n.dwelling_no, w.code, n.kind, n.sent_on, n.method, n.evidence, n.owed_fen
               FROM renewal_notice n JOIN dwelling w
                 ON w.compound_id = n.compound_id AND w.dwelling_no = n.dwelling_no
               WHERE n.compound_id = $1 AND n.plan_no = $2 ORDER BY n.notice_no";
    let mut notices = Vec::new();
    for row in view.rows(RENEWALS, sql, vec![compound.0.into(), no.0.into()]).await? {
        let kind: String = row.try_get("", "kind")?;
        notices.push(Notice {
            notice_no: row.try_get("", "notice_no")?,
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            room: row.try_get("", "code")?,
            kind: if kind == "reminder" { NoticeWord::Reminder } else { NoticeWord::Notice },
            sent_on: row.try_get("", "sent_on")?,
            method: row.try_get("", "method")?,
            evidence: row.try_get("", "evidence")?,
            owed_fen: Money::fen(row.try_get("", "owed_fen")?),
        });
    }
    Ok(notices)
}
