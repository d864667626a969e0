//! Published rates by kind and day: entered by an authority with the paper they stand in, never changed.
//!
//! Owns: `interest_rate`. Always: the nearest jurisdiction that has a rate of the kind on that day decides, and there the
//! latest first day; of two entries for one first day the later, which says what it corrects.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::{RATE_SHAPE, RATE_TAKEN};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::id::{ActNo, CompoundId};
use crate::policy::Jurisdiction;
use crate::policy::terms::RateRef;
use crate::seal::may_stand_in_clear;

static RATE: Table = Table {
    name: "interest_rate",
    rank: 0,
    columns: &[
        ("code", Column::Text),
        ("kind", Column::Text),
        ("effective_from", Column::Day),
        ("rate_e8", Column::Big),
        ("source", Column::Text),
        ("corrects", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const RATES: Reads = Reads(&[&RATE]);

/// A rate to enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRate {
    /// Whose rate.
    pub jurisdiction: Jurisdiction,
    /// Which.
    pub kind: RateRef,
    /// From which day on.
    pub effective_from: Day,
    /// Percent a year, as published: `2.85`.
    pub percent: String,
    /// The paper it stands in.
    pub source: String,
    /// Why a rate of the same first day is entered again; empty otherwise.
    #[serde(default)]
    pub corrects: String,
}

/// A rate as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Whose rate.
    pub jurisdiction: String,
    /// Which.
    pub kind: RateRef,
    /// From which day on.
    pub effective_from: Day,
    /// ×10⁻⁸: 2.85% is 2,850,000.
    pub rate_e8: i64,
    /// The paper it stands in.
    pub source: String,
    /// What it corrects.
    pub corrects: String,
    /// The act of the head office that entered it.
    pub act: ActNo,
}

/// A rate of ×10⁻⁸ as people read it: `2.85%`.
#[must_use]
pub fn percent(rate_e8: i64) -> String {
    format!("{}%", Decimal::new(rate_e8, 6).normalize())
}

/// Reads percent as published into ×10⁻⁸.
///
/// # Errors
/// `gains.rate-shape`.
pub fn e8(percent: &str) -> Result<i64, Refusal> {
    let wrong = || RATE_SHAPE.refuse(format!("年利率 {percent:?}"));
    let plain = percent.trim().trim_end_matches('%');
    let value: Decimal = plain.parse().map_err(|_| wrong())?;
    let scaled = value.checked_mul(Decimal::from(1_000_000)).ok_or_else(wrong)?;
    let is_fit = scaled.fract().is_zero()
        && !scaled.is_sign_negative()
        && scaled <= Decimal::from(100_000_000);
    scaled.to_i64().filter(|_| is_fit).ok_or_else(wrong)
}

/// Enters a rate. An act of the head office.
///
/// # Errors
/// `books.no-compound` if it is not; `gains.rate-shape`, `seal.person-in-text`, `gains.rate-taken`.
pub async fn set_rate(tx: &mut Tx, new: &NewRate) -> Result<Rate> {
    if tx.compound() != CompoundId::OFFICE {
        return Err(crate::books::NO_COMPOUND.refuse("利率属总册，不属小区").into());
    }
    let sql =
        "SELECT rate_e8 FROM interest_rate WHERE code = $1 AND kind = $2 AND effective_from = $3
               ORDER BY act_no DESC LIMIT 1";
    let (code, kind) = (new.jurisdiction.code(), new.kind);
    let values = vec![code.into(), kind.name().into(), new.effective_from.into()];
    let taken: Option<i64> = match tx.rows(RATES, sql, values).await?.first() {
        Some(row) => Some(row.try_get_by_index(0)?),
        None => None,
    };

    let rate_e8 = may_set(new, taken)?;
    let (source, corrects, act) = (new.source.trim(), new.corrects.trim(), tx.act());
    let row = [
        code.into(),
        kind.name().into(),
        new.effective_from.into(),
        rate_e8.into(),
        source.into(),
        corrects.into(),
        act.0.into(),
    ];
    tx.put(&RATE, &row);
    Ok(Rate {
        jurisdiction: code.to_owned(),
        kind,
        effective_from: new.effective_from,
        rate_e8,
        source: source.to_owned(),
        corrects: corrects.to_owned(),
        act,
    })
}

fn may_set(new: &NewRate, taken: Option<i64>) -> Result<i64, Refusal> {
    let rate_e8 = e8(&new.percent)?;
    for (what, text) in [("利率的依据", &new.source), ("更正说明", &new.corrects)] {
        if text.chars().count() > 200 || text.chars().any(char::is_control) {
            return Err(RATE_SHAPE.refuse(format!("{what} {} 字", text.chars().count())));
        }
        may_stand_in_clear(what, text)?;
    }
    if new.source.trim().is_empty() {
        return Err(RATE_SHAPE.refuse("没有写明公布利率的文件"));
    }
    match taken {
        Some(taken) if new.corrects.trim().is_empty() => {
            let evidence = format!(
                "{} 自 {} 起的{}利率已是 {}",
                new.jurisdiction,
                new.effective_from,
                new.kind.in_chinese(),
                percent(taken)
            );
            Err(RATE_TAKEN.refuse(evidence).with("rate_e8", taken))
        }
        _ => Ok(rate_e8),
    }
}

/// The rates entered, by jurisdiction, kind, first day, in the order entered.
///
/// # Errors
/// Storage.
pub async fn rates(view: &mut impl View) -> Result<Vec<Rate>> {
    let sql =
        "SELECT code, kind, effective_from, rate_e8, source, corrects, act_no FROM interest_rate
               ORDER BY code, kind, effective_from, act_no";
    let mut rates = Vec::new();
    for row in view.rows(RATES, sql, vec![]).await? {
        let kind: String = row.try_get("", "kind")?;
        rates.push(Rate {
            jurisdiction: row.try_get("", "code")?,
            kind: RateRef::named(&kind).unwrap_or(RateRef::Demand),
            effective_from: row.try_get("", "effective_from")?,
            rate_e8: row.try_get("", "rate_e8")?,
            source: row.try_get("", "source")?,
            corrects: row.try_get("", "corrects")?,
            act: ActNo(row.try_get("", "act_no")?),
        });
    }
    Ok(rates)
}

/// The rates that hold in a jurisdiction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Nearest jurisdiction first; within one by first day and act, the latest first.
    rows: Vec<(usize, RateRef, Day, i64)>,
}

impl Rates {
    /// Those of a jurisdiction and of what lies above it.
    #[must_use]
    pub fn of(jurisdiction: &Jurisdiction, all: &[Rate]) -> Rates {
        let upwards = jurisdiction.upwards();
        let rank = |rate: &Rate| upwards.iter().position(|j| j.code() == rate.jurisdiction);
        let mut found: Vec<(usize, &Rate)> =
            all.iter().filter_map(|rate| Some((rank(rate)?, rate))).collect();
        found.sort_by(|(a, x), (b, y)| {
            a.cmp(b).then(y.effective_from.cmp(&x.effective_from)).then(y.act.cmp(&x.act))
        });
        let row =
            |(rank, rate): (usize, &Rate)| (rank, rate.kind, rate.effective_from, rate.rate_e8);
        Rates { rows: found.into_iter().map(row).collect() }
    }

    /// Rates by hand, of one place: kind, first day, ×10⁻⁸.
    #[must_use]
    pub fn by_hand(rates: &[(RateRef, Day, i64)]) -> Rates {
        let mut rows: Vec<_> =
            rates.iter().map(|(kind, from, e8)| (0, *kind, *from, *e8)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.2));
        Rates { rows }
    }

    /// The rate of a kind on a day, ×10⁻⁸.
    #[must_use]
    pub fn at(&self, kind: RateRef, day: Day) -> Option<i64> {
        let holds = |row: &&(usize, RateRef, Day, i64)| row.1 == kind && row.2 <= day;
        self.rows.iter().find(holds).map(|row| row.3)
    }
}
