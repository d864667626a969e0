//! Interest of one account over one period: plain functions of lots, a model and rates.
//!
//! Owns: [`Account`] (what stood and what moved), [`Segment`] (one line of the reckoning), [`by_rates`], [`weight`].
//!
//! Always: a [`Decimal`] inside, one named rounding at the end; every fen that lay in the account lies in exactly one
//! segment of each day; the segments alone give the amount again ([`again`]). The first day counts and the last does not,
//! as the vector of the only model that was published with figures has it (`domain.md` §3.5, M1, TV-3).
//! Never: a rate or a way to count days that the pack does not state.
//!
//! What leaves within the year leaves from the latest money first, and bears for the days it lay what this year's money
//! bears (`DECISIONS.md`): no source says otherwise, and nobody gets a whole year's rate for part of a year.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::rates::{Rates, percent};
use super::{MODEL_OPEN, NO_RATE};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::{Money, NotMoney, Rounding, Unrounded};
use crate::policy::terms::{DayCount, InterestByRates, Moved, PoolWeight, RateFixing, RateRef};

/// What an account did in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What stood before its first day, principal and gains.
    pub opening: Money,
    /// What moved in it, a line a day, by day.
    pub moves: Vec<Move>,
}

/// What an account moved on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The day.
    pub on: Day,
    /// What it added; negative if it took.
    pub change: Money,
    /// Whether it was paid in or out, and not only credited with gains.
    pub is_own: bool,
}

/// The days of a period, both of them counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from_on: Day,
    /// The last: the day of settlement.
    pub settle_on: Day,
}

/// One line of the reckoning: base × days ÷ year × rate, or base × rate for the whole period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// 基数.
    pub base: Money,
    /// Which rate.
    pub kind: RateRef,
    /// The rate, ×10⁻⁸: 2.85% is 2,850,000.
    pub rate_e8: i64,
    /// The days; none for the whole period at the rate of a year.
    pub lay: Option<Lay>,
}

/// The days money lay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lay {
    /// From this day on.
    pub from_on: Day,
    /// To this day, which is not counted.
    pub to_on: Day,
    /// How many days, as the model counts them.
    pub days: i64,
    /// The days of the model's year.
    pub year: i64,
}

impl Segment {
    /// Yuan of a whole year.
    fn yearly(&self) -> Decimal {
        Decimal::new(self.base.in_fen(), 2) * Decimal::new(self.rate_e8, 8)
    }

    /// Yuan, unrounded.
    #[must_use]
    pub fn exact(&self) -> Decimal {
        match self.lay {
            None => self.yearly(),
            Some(lay) => self.yearly() * Decimal::from(lay.days) / Decimal::from(lay.year),
        }
    }
}

impl Segment {
    /// As a statement has it: `250,000.00 × 325 ÷ 360 × 0.36%（活期，2010-08-05 至 2011-06-30）= 812.500000`.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        let (base, rate) = (self.base.grouped(), percent(self.rate_e8));
        let (kind, exact) = (self.kind.in_chinese(), self.exact().round_dp(6));
        match self.lay {
            None => format!("{base} × {rate}（{kind}，整期）= {exact:.6}"),
            Some(Lay { from_on, to_on, days, year }) => {
                format!(
                    "{base} × {days} ÷ {year} × {rate}（{kind}，{from_on} 至 {to_on}）= {exact:.6}"
                )
            }
        }
    }
}

/// `25000000x325/360x360000@demand@2010-08-05~2011-06-30`, or `25081250xYx2850000@three-months` for a whole period.
impl std::fmt::Display for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (base, rate, kind) = (self.base.in_fen(), self.rate_e8, self.kind.name());
        match self.lay {
            None => write!(f, "{base}xYx{rate}@{kind}"),
            Some(Lay { from_on, to_on, days, year }) => {
                write!(f, "{base}x{days}/{year}x{rate}@{kind}@{from_on}~{to_on}")
            }
        }
    }
}

impl std::str::FromStr for Segment {
    type Err = ();

    fn from_str(text: &str) -> Result<Segment, ()> {
        let mut ats = text.split('@');
        let mut factors = ats.next().ok_or(())?.split('x');
        let kind = ats.next().and_then(RateRef::named).ok_or(())?;
        let base = factors.next().and_then(|t| t.parse().ok()).ok_or(())?;
        let time = factors.next().ok_or(())?;
        let rate_e8 = factors.next().and_then(|t| t.parse().ok()).ok_or(())?;
        let lay = match (time, ats.next()) {
            ("Y", None) => None,
            (time, Some(span)) => {
                let (days, year) = time.split_once('/').ok_or(())?;
                let (from_on, to_on) = span.split_once('~').ok_or(())?;
                Some(Lay {
                    from_on: from_on.parse().map_err(|_| ())?,
                    to_on: to_on.parse().map_err(|_| ())?,
                    days: days.parse().map_err(|_| ())?,
                    year: year.parse().ok().filter(|year: &i64| *year > 0).ok_or(())?,
                })
            }
            _ => return Err(()),
        };
        if factors.next().is_some() || ats.next().is_some() {
            return Err(());
        }
        Ok(Segment { base: Money::fen(base), kind, rate_e8, lay })
    }
}

/// Segments as one text, for a column.
#[must_use]
pub fn told(segments: &[Segment]) -> String {
    let mut text = String::with_capacity(segments.len() * 56);
    for (i, segment) in segments.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{segment}", if i > 0 { ";" } else { "" });
    }
    text
}

/// The segments of a text; none if it is not of ours.
#[must_use]
pub fn read(text: &str) -> Option<Vec<Segment>> {
    text.split(';').map(|segment| segment.parse().ok()).collect()
}

/// What segments come to: the same function that reckoned them.
///
/// # Errors
/// [`NotMoney::Limit`].
pub fn again(segments: &[Segment], rounding: Rounding) -> Result<Money, NotMoney> {
    // One division a year, so that parts of a fen which make a whole half are seen as one.
    let (mut exact, mut parts) = (Decimal::ZERO, BTreeMap::<i64, Decimal>::new());
    for segment in segments {
        match segment.lay {
            None => exact += segment.yearly(),
            Some(lay) => {
                *parts.entry(lay.year).or_default() += segment.yearly() * Decimal::from(lay.days);
            }
        }
    }
    exact += parts.into_iter().map(|(year, sum)| sum / Decimal::from(year)).sum::<Decimal>();
    Unrounded::yuan(exact).round(rounding)
}

/// Money that came in on one day, or was carried over.
#[derive(Clone, Copy)]
struct Lot {
    left: Money,
    from_on: Day,
    is_carried: bool,
}

/// The segments of an account's interest by published rates.
///
/// # Errors
/// `gains.no-rate`, `gains.model-open`.
pub fn by_rates(
    account: &Account,
    span: Span,
    terms: &InterestByRates,
    rates: &Rates,
) -> Result<Vec<Segment>, Refusal> {
    let reckoning = Reckoning { span, terms, rates };
    if terms.moved.0 == Some(Moved::Demand) && account.moves.iter().any(|m| m.is_own) {
        return reckoning.day_by_day(account);
    }
    reckoning.lot_by_lot(account)
}

struct Reckoning<'a> {
    span: Span,
    terms: &'a InterestByRates,
    rates: &'a Rates,
}

impl Reckoning<'_> {
    /// Each lot by itself; what leaves, leaves from the latest.
    fn lot_by_lot(&self, account: &Account) -> Result<Vec<Segment>, Refusal> {
        let Span { from_on, settle_on } = self.span;
        let mut segments = Vec::new();
        let mut lots = Vec::with_capacity(1 + account.moves.len());
        // A balance below nothing is made good first.
        let mut owed = Money::ZERO;
        if account.opening.is_positive() {
            lots.push(Lot { left: account.opening, from_on, is_carried: true });
        } else {
            owed = -account.opening;
        }
        for Move { on, change, .. } in &account.moves {
            if change.is_positive() {
                let made_good = owed.min(*change);
                owed -= made_good;
                let left = *change - made_good;
                if left.is_positive() {
                    lots.push(Lot { left, from_on: *on, is_carried: false });
                }
                continue;
            }
            let mut leaving = -*change;
            while leaving.is_positive() {
                let Some(last) = lots.last_mut() else { break };
                let part = last.left.min(leaving);
                last.left -= part;
                leaving -= part;
                let lot = *last;
                if lot.left.is_zero() {
                    lots.pop();
                }
                self.put_days(&mut segments, part, lot.from_on, *on, self.terms.in_year)?;
            }
            owed += leaving;
        }
        for lot in lots {
            if lot.is_carried {
                segments.push(self.whole(lot.left)?);
            } else {
                self.put_days(&mut segments, lot.left, lot.from_on, settle_on, self.terms.in_year)?;
            }
        }
        // In the order of the days, the carried first: as an owner reads it.
        segments.sort_by_key(|s| s.lay.map(|lay| (lay.from_on, lay.to_on)));
        Ok(segments)
    }

    /// The whole account at the demand rate, day by day: it moved.
    fn day_by_day(&self, account: &Account) -> Result<Vec<Segment>, Refusal> {
        let mut segments = Vec::new();
        let (mut balance, mut since) = (account.opening, self.span.from_on);
        for Move { on, change, .. } in &account.moves {
            if balance.is_positive() {
                self.put_days(&mut segments, balance, since, *on, RateRef::Demand)?;
            }
            (balance, since) = (balance + *change, *on);
        }
        if balance.is_positive() {
            self.put_days(&mut segments, balance, since, self.span.settle_on, RateRef::Demand)?;
        }
        Ok(segments)
    }

    fn whole(&self, base: Money) -> Result<Segment, Refusal> {
        let day = match self.fixing()? {
            RateFixing::DepositDay | RateFixing::PeriodStart => self.span.from_on,
            RateFixing::SettlementDay => self.span.settle_on,
        };
        let kind = self.terms.carried;
        Ok(Segment { base, kind, rate_e8: self.rate(kind, day)?, lay: None })
    }

    fn put_days(
        &self,
        segments: &mut Vec<Segment>,
        base: Money,
        from_on: Day,
        to_on: Day,
        kind: RateRef,
    ) -> Result<(), Refusal> {
        let day = match self.fixing()? {
            RateFixing::DepositDay => from_on,
            RateFixing::PeriodStart => self.span.from_on,
            RateFixing::SettlementDay => self.span.settle_on,
        };
        let count: DayCount =
            self.terms.day_count.0.ok_or_else(|| open("day-count（计息天数）"))?;
        let days = count.days(from_on, to_on);
        if days > 0 {
            let lay = Some(Lay { from_on, to_on, days, year: count.year() });
            segments.push(Segment { base, kind, rate_e8: self.rate(kind, day)?, lay });
        }
        Ok(())
    }

    fn fixing(&self) -> Result<RateFixing, Refusal> {
        self.terms.fixing.0.ok_or_else(|| open("fixing（取何日利率）"))
    }

    fn rate(&self, kind: RateRef, day: Day) -> Result<i64, Refusal> {
        let missing = || {
            let refusal = NO_RATE.refuse(format!("{day} 没有{}利率", kind.in_chinese()));
            refusal.with("kind", kind.name()).with("on", day.to_string())
        };
        self.rates.at(kind, day).ok_or_else(missing)
    }
}

/// A cell that the model's source does not state.
pub(super) fn open(cell: &str) -> Refusal {
    MODEL_OPEN.refuse(format!("计息办法没有写明 {cell}"))
}

/// What an account weighs where a pool is shared: its balance at the end, or Σ(balance × days) in fen-days, both days of the
/// span counted.
#[must_use]
pub fn weight(account: &Account, span: Span, by: PoolWeight) -> u64 {
    let fen = |balance: Money| u64::try_from(balance.in_fen()).unwrap_or(0);
    let mut balance = account.opening;
    let (mut since, mut sum) = (span.from_on, 0_u64);
    let mut lie = |balance: Money, from: Day, to: Day| {
        sum += fen(balance) * (to - from).num_days().unsigned_abs();
    };
    for Move { on, change, .. } in &account.moves {
        lie(balance, since, *on);
        (balance, since) = (balance + *change, *on);
    }
    match by {
        PoolWeight::Balance => fen(balance),
        PoolWeight::DayBalance => {
            lie(balance, since, span.settle_on);
            sum + fen(balance)
        }
    }
}
