//! 违约金: what a late bill costs besides, if the contract says so; charged as a bill of its own that names the bill it is for.
//!
//! Owns: `bill_penalty`; [`penalty`], a plain function.
//!
//! Always: simple, of each bill's own open principal day by day, rounded once, capped, after the days of grace
//! (`domain.md` §4.4); what was charged before is taken off, so that charging again to a later day adds only what is new.
//! Never: of a penalty.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bill::{self, Draft};
use super::owed::states;
use super::rows::{BILLS, PENALTY, bill_stands};
use super::{NO_PENALTY, PENALTY_NOTHING, RECEIVABLE};
use crate::books::{Tx, View as _};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result, Storage};
use crate::id::{DwellingNo, MatterNo};
use crate::journal::{self, AsOf, Book, Posted};
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::tariff::{self, Penalty};

/// What its bills are called.
pub const ITEM: &str = "违约金";

/// What a bill's lateness comes to by a day: `owed` says from which day on how much was open, the days ascending; a change
/// counts from the next day, so that the day of a payment is still late.
///
/// `round_half_up(Σ open of each late day × daily rate)`, at most the cap of the principal.
#[must_use]
pub fn penalty(
    rule: Penalty,
    due_on: Day,
    upto_on: Day,
    principal: Money,
    owed: &[(Day, Money)],
) -> Money {
    let first = due_on + chrono::Days::new(u64::from(rule.grace_days) + 1);
    let mut fen_days: i128 = 0;
    for (i, (since, open)) in owed.iter().enumerate() {
        let from = since.succ_opt().unwrap_or(*since).max(first);
        let until = owed.get(i + 1).map_or(upto_on, |(next, _)| (*next).min(upto_on));
        let days = (until - from).num_days() + 1;
        if days > 0 && open.is_positive() {
            fen_days += i128::from(open.in_fen()) * i128::from(days);
        }
    }
    let exact = fen_days * i128::from(rule.daily_ppm);
    let rounded = (exact + 500_000) / 1_000_000;
    let most = i128::from(principal.in_fen()) * i128::from(rule.most_bp) / 10_000;
    Money::fen(i64::try_from(rounded.min(most)).unwrap_or(i64::MAX))
}

/// A penalty to charge.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要计收的违约金")]
pub struct Penalising {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The bill that is late.
    #[schemars(description = "逾期账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// Up to which day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计至哪一天：不得晚于今天")]
    pub upto_on: Day,
}

/// A penalty that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalised {
    /// Its own bill.
    pub bill_no: MatterNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// How it was reckoned.
    pub worked: String,
}

/// Charges a penalty for a late bill.
///
/// # Errors
/// `property.no-dwelling`, `fees.no-bill`, `fees.no-penalty`, `fees.penalty-nothing`, those of [`journal::post`].
pub async fn charge_penalty(tx: &mut Tx, asked: &Penalising) -> Result<Penalised> {
    let dwelling = property::rooms(tx, std::slice::from_ref(&asked.room)).await?[0];
    let compound = tx.compound();
    let states = states(tx, &[dwelling]).await?;
    let late = states.standing(dwelling, asked.bill_no)?;
    let agreed = tariff::terms(tx, compound).await?;
    let terms = tariff::terms_on(&agreed, late.from_on);
    let charged = charged_already(tx, dwelling, late.no).await?;
    let movements =
        journal::statement(tx, compound, Book::Service, dwelling, AsOf::default()).await?;

    if late.is_penalty {
        return Err(NO_PENALTY.refuse(format!("账单 {} 本身就是违约金", late.no)).into());
    }
    let none = || NO_PENALTY.refuse(format!("{} 起的收费约定没有违约金条款", late.from_on));
    let terms = terms.ok_or_else(none)?;
    let rule = terms.penalty.ok_or_else(none)?;
    let mut by_day: BTreeMap<Day, Money> = BTreeMap::new();
    for m in movements.iter().filter(|m| m.account == RECEIVABLE && m.matter == Some(late.no)) {
        *by_day.entry(m.effective_on).or_default() += m.signed();
    }
    let mut open = Money::ZERO;
    let owed: Vec<(Day, Money)> = by_day
        .into_iter()
        .map(|(day, change)| {
            open += change;
            (day, open)
        })
        .collect();
    let total = penalty(rule, late.due_on, asked.upto_on, late.amount, &owed);
    let amount = may_be_charged(total, charged, late.no, asked.upto_on)?;

    let is_held = terms.system == tariff::System::Remuneration;
    let rate = tariff::vat::rate(tariff::vat::Kind::Service, terms.taxpayer, asked.upto_on);
    let first = late.due_on + chrono::Days::new(u64::from(rule.grace_days) + 1);
    let worked = format!(
        "账单 {}（{} {} 至 {}，缴费期限 {}）自 {first} 至 {} 按每日百万分之 {} 计，单利{}",
        late.no,
        late.item,
        late.from_on,
        late.to_on,
        late.due_on,
        asked.upto_on,
        rule.daily_ppm,
        if charged.is_positive() {
            format!("，已计 {} 元", charged.grouped())
        } else {
            String::new()
        }
    );
    let draft = Draft {
        dwelling_no: dwelling,
        item: ITEM,
        from_on: first,
        to_on: asked.upto_on,
        due_on: asked.upto_on,
        amount,
        tax: if is_held { Money::ZERO } else { tariff::vat::within(amount, rate.bp) },
        bearer: late.bearer,
        is_held,
        tariff_no: None,
        worked: &worked,
    };
    let memo = format!("{} 违约金（账单 {}）", asked.room, late.no);
    let of = late.no;
    let published = bill::publish(tx, &[draft], asked.upto_on, &memo).await?;
    let bug = || Storage::Bug("a penalty was charged without a bill".to_owned());
    let bill_no = *published.bills.first().ok_or_else(bug)?;
    let voucher = *published.vouchers.first().ok_or_else(bug)?;
    let row = [
        compound.0.into(),
        dwelling.0.into(),
        bill_no.0.into(),
        of.0.into(),
        asked.upto_on.into(),
        amount.in_fen().into(),
        tx.act().0.into(),
    ];
    tx.put(&PENALTY, &row);
    Ok(Penalised { bill_no, voucher, amount_fen: amount, worked })
}

fn may_be_charged(
    total: Money,
    charged: Money,
    bill: MatterNo,
    upto_on: Day,
) -> Result<Money, Refusal> {
    let amount = total - charged;
    if !amount.is_positive() {
        let (total, charged) = (total.grouped(), charged.grouped());
        let evidence = format!("账单 {bill} 至 {upto_on} 共 {total} 元，已计 {charged} 元");
        return Err(PENALTY_NOTHING.refuse(evidence));
    }
    Ok(amount)
}

/// What was charged for a bill's lateness, by penalties that stand.
async fn charged_already(tx: &mut Tx, dwelling: DwellingNo, bill: MatterNo) -> Result<Money> {
    let sql = format!(
        "SELECT CAST(COALESCE(sum(n.amount_fen), 0) AS BIGINT) FROM bill_penalty n JOIN bill b
           ON b.compound_id = n.compound_id AND b.dwelling_no = n.dwelling_no AND b.matter_no = n.matter_no
         WHERE n.compound_id = $1 AND n.dwelling_no = $2 AND n.of_matter_no = $3 AND {}",
        bill_stands()
    );
    let values = vec![tx.compound().0.into(), dwelling.0.into(), bill.0.into()];
    let found = tx.rows(BILLS, &sql, values).await?;
    let fen: i64 = found.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    Ok(Money::fen(fen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn rule(daily_ppm: u32, grace_days: u16, most_bp: u16) -> Penalty {
        Penalty { daily_ppm, grace_days, most_bp }
    }

    /// `domain.md` TV-11: 1,200.00 at 0.05 % a day for 200 days is 120.00, at 0.03 % 72.00.
    #[test]
    fn tv_11() {
        let owed = [(day("2025-01-01"), Money::fen(120_000))];
        let (due, upto) = (day("2025-03-31"), day("2025-10-17"));
        assert_eq!((upto - due).num_days(), 200);
        let of = |rule| penalty(rule, due, upto, Money::fen(120_000), &owed).in_fen();
        assert_eq!(of(rule(500, 0, 10_000)), 12_000);
        assert_eq!(of(rule(300, 0, 10_000)), 7_200);
        // Ten days of grace are free; a cap of 5 % holds.
        assert_eq!(of(rule(500, 10, 10_000)), 11_400);
        assert_eq!(of(rule(500, 0, 500)), 6_000);
        assert_eq!(of(rule(500, 366, 10_000)), 0);
    }

    /// Half is paid on the hundredth late day: 100 × 1,200.00 and 100 × 600.00 at 0.05 % are 60.00 and 30.00.
    #[test]
    fn a_part_that_was_paid_is_late_no_more() {
        let (due, upto) = (day("2025-03-31"), day("2025-10-17"));
        let owed = [
            (day("2025-01-01"), Money::fen(120_000)),
            (due + chrono::Days::new(100), Money::fen(60_000)),
        ];
        let rule = rule(500, 0, 10_000);
        assert_eq!(penalty(rule, due, upto, Money::fen(120_000), &owed), Money::fen(9_000));
        let paid_in_time = [(day("2025-01-01"), Money::fen(120_000)), (due, Money::ZERO)];
        assert_eq!(penalty(rule, due, upto, Money::fen(120_000), &paid_in_time), Money::ZERO);
    }
}
