//! The figures of a fund statement, asked of the ledger: sums only, no words but the trade's.
//!
//! Owns: [`gather`], [`Period`]; [`ground`] and [`gather_on`] for many at once.
//!
//! Always: the figures depend on the books, the period and the two bounds of time, and on nothing else, so the same
//! statement can be drawn again years later, with the same check code. The lines of one voucher are one line here; a voucher and its reversal are two. Never: a whole name, an identity number.

use std::collections::BTreeMap;

use ledger::books::View;
use ledger::calendar::{Day, Instant, Month};
use ledger::error::Result;
use ledger::fund::{self, FundBalance, FundMovement};
use ledger::gains;
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::{self, AsOf, Book, Kind, Side};
use ledger::mask;
use ledger::money::Money;
use ledger::property::{self, Compound, Dwelling, RoomCode};

use super::{Balance, Building, Figures, Line, Reckoning, Seal, Summary};
use crate::standing;

/// The days a statement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first; none for the whole life of the account.
    pub from: Option<Day>,
    /// The last.
    pub to: Day,
}

/// Gathers the statement of one dwelling. `as_of.day` bounds the figures of the whole building, `period.to` the lines;
/// whichever is earlier counts for both.
///
/// # Errors
/// `fund.period`, storage.
pub async fn gather(
    view: &mut impl View,
    compound: &Compound,
    dwelling: &Dwelling,
    period: Period,
    as_of: AsOf,
    printed_at: Instant,
) -> Result<Figures> {
    let ground = ground(view, compound, period, as_of, printed_at).await?;
    gather_on(view, &ground, compound, dwelling, period, as_of, printed_at).await
}

/// What every statement of a compound with the same bounds rests on: asked once for all of them.
#[derive(Clone, Debug)]
pub struct Ground {
    /// What each building's dwellings have, sorted: in the end one building's standing.
    buildings: BTreeMap<(Option<String>, String), Building>,
    seal: Seal,
    is_open: bool,
}

/// Asks for the ground of statements.
///
/// # Errors
/// Storage.
pub async fn ground(
    view: &mut impl View,
    compound: &Compound,
    period: Period,
    as_of: AsOf,
    printed_at: Instant,
) -> Result<Ground> {
    let to = as_of.day.map_or(period.to, |day| day.min(period.to));
    let bounds = AsOf { day: Some(to), known_at: as_of.known_at };
    // No voucher is later than today, so that without a bound on knowledge the kept balances say the same.
    let is_now = as_of.known_at.is_none() && to >= printed_at.day();
    let at = if is_now { AsOf::default() } else { bounds };
    let seal = standing::seal(view, compound.id, Book::Fund, as_of.known_at).await?;
    let closed = journal::closed_through(view, compound.id, Book::Fund, as_of.known_at).await?;
    let is_open = closed.is_none_or(|closed| closed < Month::of(to));
    Ok(Ground { buildings: buildings(view, compound.id, at).await?, seal, is_open })
}

/// The same as [`gather`], on ground that was asked for before.
///
/// # Errors
/// `fund.period`, storage.
pub async fn gather_on(
    view: &mut impl View,
    ground: &Ground,
    compound: &Compound,
    dwelling: &Dwelling,
    period: Period,
    as_of: AsOf,
    printed_at: Instant,
) -> Result<Figures> {
    let to = as_of.day.map_or(period.to, |day| day.min(period.to));
    let known_at = as_of.known_at.unwrap_or(printed_at);
    let bounds = AsOf { day: Some(to), known_at: as_of.known_at };
    let account = fund::account(view, compound.id, dwelling.no, period.from, bounds).await?;
    let building = ground.buildings.get(&place(&dwelling.code)).copied();
    let building = building.unwrap_or_else(|| standing_of(&[]));
    let (seal, is_open) = (ground.seal.clone(), ground.is_open);

    let lines = lines(&account.movements);
    let first_line = account.movements.first().map(|m| m.movement.effective_on);
    let start_of_year =
        Month::from_number(Month::of(to).year() * 100 + 1).map_or(to, Month::first_day);
    let from = period.from.or(first_line).unwrap_or(start_of_year);
    let first_due = account.assessment.as_ref().map_or(Money::ZERO, |a| a.due);
    let first = if first_due.is_positive() { first_due } else { account.deposited };
    let levy = account.assessment.map(|a| a.standard).filter(|words| !words.trim().is_empty());
    let mut figures = Figures {
        compound: compound.name.clone(),
        compound_code: compound.code.clone(),
        dwelling: dwelling.code.to_string(),
        owners: dwelling.owners.iter().map(|owner| mask::name(&owner.name)).collect(),
        area: dwelling.fund_area,
        account: format!("{}-{}", compound.code, dwelling.code),
        from: from.min(to),
        to,
        levy: levy.unwrap_or_else(|| "未核定".to_owned()),
        first_deposit_on: account.first_deposit_on,
        first_due,
        first_paid: account.first_paid,
        opening: balance(account.opening),
        lines,
        closing: balance(account.closing),
        percent_of_first: basis_points(account.closing.total(), first),
        building,
        is_open,
        seal,
        as_of: to,
        known_at,
        printed_at,
        reckonings: reckonings(view, compound.id, dwelling, period.from, bounds).await?,
        objection: "对本单有异议的，请凭本单向业主委员会或物业服务企业书面提出。".to_owned(),
    };
    if figures.owners.is_empty() {
        figures.owners.push(if dwelling.is_unsold { "（未售）" } else { "（未登记）" }.to_owned());
    }
    Ok(figures)
}

/// How what was credited in the period was reckoned, as known at the instant; what was reversed since included, as its
/// voucher is.
async fn reckonings(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: &Dwelling,
    from: Option<Day>,
    bounds: AsOf,
) -> Result<Vec<Reckoning>> {
    let explained = gains::explain(view, compound, dwelling.no).await?;
    let is_shown = |share: &gains::Explained| {
        from.is_none_or(|from| from <= share.settle_on)
            && bounds.day.is_none_or(|day| share.settle_on <= day)
            && bounds.known_at.is_none_or(|at| share.recorded_at <= at)
    };
    let reckoning = |share: gains::Explained| Reckoning {
        settle_on: share.settle_on,
        what: if share.is_interest { "结息" } else { "收益分配" },
        lines: share.lines(),
        amount: share.amount,
        pack: share.pack,
    };
    Ok(explained.into_iter().filter(is_shown).map(reckoning).collect())
}

fn balance(of: FundBalance) -> Balance {
    Balance { principal: of.principal, gains: of.gains }
}

/// One line a voucher, in the order of the account.
fn lines(movements: &[FundMovement]) -> Vec<Line> {
    let mut lines: Vec<(VoucherSeq, Line)> = Vec::new();
    for FundMovement { movement, change, after } in movements {
        let change = balance(*change);
        let (increase, decrease) = match movement.side {
            Side::Credit => (change, Balance::default()),
            Side::Debit => (Balance::default(), negative(change)),
        };
        if let Some((seq, line)) = lines.last_mut()
            && *seq == movement.posted.seq
        {
            line.increase = plus(line.increase, increase);
            line.decrease = plus(line.decrease, decrease);
            line.after = balance(*after);
            continue;
        }
        let line = Line {
            day: movement.effective_on,
            summary: summary(movement.kind),
            reference: movement.evidence.clone(),
            increase,
            decrease,
            after: balance(*after),
            voucher: movement.posted.to_string(),
            is_late: movement.is_late,
        };
        lines.push((movement.posted.seq, line));
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn plus(a: Balance, b: Balance) -> Balance {
    Balance { principal: a.principal + b.principal, gains: a.gains + b.gains }
}

fn negative(of: Balance) -> Balance {
    Balance { principal: -of.principal, gains: -of.gains }
}

fn summary(kind: Kind) -> Summary {
    match kind {
        Kind::Deposit => Summary::Deposit,
        Kind::Gains => Summary::Interest,
        Kind::Repair => Summary::Withdrawal,
        Kind::Refund => Summary::Refund,
        Kind::Opening | Kind::Transfer => Summary::Transfer,
        Kind::Bill | Kind::Payment | Kind::Closing | Kind::Reversal | Kind::Other => {
            Summary::Correction
        }
    }
}

/// A building, by its phase and its code.
fn place(code: &RoomCode) -> (Option<String>, String) {
    (code.phase().map(str::to_owned), code.building().to_owned())
}

/// Every dwelling of each building, those that have nothing included.
async fn buildings(
    view: &mut impl View,
    compound: CompoundId,
    as_of: AsOf,
) -> Result<BTreeMap<(Option<String>, String), Building>> {
    let codes = property::codes(view, compound).await?;
    let balances = fund::balances(view, compound, as_of).await?;
    let mut totals: BTreeMap<(Option<String>, String), Vec<Money>> = BTreeMap::new();
    for (code, no) in codes {
        let total = balances.get(&no).map_or(Money::ZERO, |balance| balance.total());
        totals.entry(place(&code)).or_default().push(total);
    }
    let standing = |(place, mut totals): (_, Vec<Money>)| {
        totals.sort_unstable();
        (place, standing_of(&totals))
    };
    Ok(totals.into_iter().map(standing).collect())
}

/// Average and median of sorted totals, each rounded half up to the fen, for orientation only.
fn standing_of(totals: &[Money]) -> Building {
    let many = i64::try_from(totals.len()).unwrap_or(i64::MAX);
    let middle = totals.len() / 2;
    let median = match totals {
        [] => Money::ZERO,
        _ if totals.len() % 2 == 1 => totals[middle],
        _ => half_up(totals[middle - 1] + totals[middle], 2),
    };
    let sum: Money = totals.iter().copied().sum();
    let average = if totals.is_empty() { Money::ZERO } else { half_up(sum, many) };
    Building { households: many.unsigned_abs(), average, median }
}

fn half_up(sum: Money, many: i64) -> Money {
    let (sum, many) = (i128::from(sum.in_fen()), i128::from(many));
    let rounded = (2 * sum + many).div_euclid(2 * many);
    Money::fen(i64::try_from(rounded).unwrap_or(i64::MAX))
}

/// `part` of `whole` in basis points, half up; none of nothing.
fn basis_points(part: Money, whole: Money) -> Option<i64> {
    if !whole.is_positive() {
        return None;
    }
    let (part, whole) = (i128::from(part.in_fen()), i128::from(whole.in_fen()));
    i64::try_from((2 * part * 10_000 + whole).div_euclid(2 * whole)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_building_is_summed_up_half_up_to_the_fen() {
        let of = |fen: &[i64]| {
            let totals: Vec<Money> = fen.iter().copied().map(Money::fen).collect();
            let Building { households, average, median } = standing_of(&totals);
            (households, average.in_fen(), median.in_fen())
        };
        assert_eq!(of(&[]), (0, 0, 0));
        assert_eq!(of(&[0, 100, 101]), (3, 67, 100));
        assert_eq!(of(&[0, 1]), (2, 1, 1));
    }

    #[test]
    fn a_share_of_the_first_deposit_is_in_basis_points() {
        let points = |part, whole| basis_points(Money::fen(part), Money::fen(whole));
        assert_eq!(points(1_817_213, 1_769_000), Some(10_273));
        assert_eq!(points(0, 100), Some(0));
        assert_eq!(points(5, 0), None);
    }
}
