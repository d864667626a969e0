//! The reckoning of public revenue: periods, net, what the fund is owed, what may be distributed. Knows no database.
//!
//! Always: net = income without tax − costs − the operator's share; what a period owes the fund is of its net after the deficit
//! carried into it; what may be distributed is all net so far, less what was lost since, less all that was distributed. What was
//! given away of a period stays earned by the period's end: no cost is dated into it, nor income of it taken back, below that.
//! Whether a bound itself counts is the pack's to say (高于 and 不低于 differ by a fen).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::{Day, Month};
use crate::id::{MotionNo, PledgeNo, RevenueLeaseNo, RoundNo, VoucherSeq};
use crate::money::Money;
use crate::policy::terms::{Bar, Covers, Fraction};

/// What moved public revenue.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RevenueSort", description = "收支的类别")]
pub enum Sort {
    /// 收入.
    #[schemars(description = "收入")]
    Income,
    /// 合理成本.
    #[schemars(description = "合理成本")]
    Cost,
    /// 经营人分成.
    #[schemars(description = "经营人分成")]
    Share,
    /// 缴纳税费.
    #[schemars(description = "缴纳税费")]
    Tax,
    /// 经营人代收转入.
    #[schemars(description = "代收转入")]
    Remittance,
    /// 归还经营人垫付.
    #[schemars(description = "归还垫付")]
    Repayment,
    /// 划入维修资金.
    #[schemars(description = "划入维修资金")]
    Fund,
    /// 分配给业主.
    #[schemars(description = "分配给业主")]
    Owners,
    /// 业主共同决定的支出.
    #[schemars(description = "业主共同决定的支出")]
    Use,
    /// 用于维修项目.
    #[schemars(description = "用于维修项目")]
    Project,
    /// 让渡给改造项目.
    #[schemars(description = "让渡给改造项目")]
    Pledge,
}

impl Sort {
    const ALL: [Sort; 11] = [
        Sort::Income,
        Sort::Cost,
        Sort::Share,
        Sort::Tax,
        Sort::Remittance,
        Sort::Repayment,
        Sort::Fund,
        Sort::Owners,
        Sort::Use,
        Sort::Project,
        Sort::Pledge,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sort::Income => "income",
            Sort::Cost => "cost",
            Sort::Share => "share",
            Sort::Tax => "tax",
            Sort::Remittance => "remittance",
            Sort::Repayment => "repayment",
            Sort::Fund => "fund",
            Sort::Owners => "owners",
            Sort::Use => "use",
            Sort::Project => "project",
            Sort::Pledge => "pledge",
        }
    }

    pub(super) fn named(name: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.name() == name)
    }

    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Sort::Income => "收入",
            Sort::Cost => "合理成本",
            Sort::Share => "经营人分成",
            Sort::Tax => "缴纳税费",
            Sort::Remittance => "代收转入",
            Sort::Repayment => "归还垫付",
            Sort::Fund => "划入维修资金",
            Sort::Owners => "分配给业主",
            Sort::Use => "业主共同决定的支出",
            Sort::Project => "用于维修项目",
            Sort::Pledge => "让渡给改造项目",
        }
    }

    /// Whether it gives away what is left after costs.
    #[must_use]
    pub const fn distributes(self) -> bool {
        matches!(self, Sort::Fund | Sort::Owners | Sort::Use | Sort::Project | Sort::Pledge)
    }

    /// Whether it lowers the net.
    #[must_use]
    pub const fn is_cost(self) -> bool {
        matches!(self, Sort::Cost | Sort::Share)
    }
}

/// An entry, or the reversal of one: then its amounts are negative and its day that of the reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// The voucher of the entry, of a reversal that of what it reverses.
    pub(super) voucher: VoucherSeq,
    pub(super) sort: Sort,
    pub(super) what: String,
    pub(super) scope: String,
    pub(super) lease: Option<RevenueLeaseNo>,
    pub(super) on: Day,
    pub(super) amount: Money,
    pub(super) tax: Money,
    pub(super) through: Option<Month>,
    pub(super) by: Option<(RoundNo, MotionNo)>,
    pub(super) pledge: Option<PledgeNo>,
}

/// The period of a rhythm that a month lies in: its first month and its last. A rhythm that is not stated is the year.
#[must_use]
pub fn period_of(covers: Covers, month: Month) -> (Month, Month) {
    let months = match covers {
        Covers::Month => 1,
        Covers::Quarter => 3,
        Covers::HalfYear => 6,
        Covers::Year | Covers::Unstated => 12,
    };
    let before = (month.month() - 1) % months;
    let first = (0..before).fold(month, |month, _| month.previous());
    let last = (1..months).fold(first, |month, _| month.next());
    (first, last)
}

/// What came in and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) income: Money,
    pub(super) tax: Money,
    pub(super) cost: Money,
}

impl Net {
    pub(super) fn net(self) -> Money {
        self.income - self.tax - self.cost
    }
}

/// The net of a scope between two days, both counted.
pub(super) fn net(moves: &[Move], scope: &str, from: Day, to: Day) -> Net {
    let within = moves.iter().filter(|m| m.scope == scope && from <= m.on && m.on <= to);
    within.fold(Net::default(), |mut sum, m| {
        if m.sort == Sort::Income {
            sum.income += m.amount;
            sum.tax += m.tax;
        } else if m.sort.is_cost() {
            sum.cost += m.amount;
        }
        sum
    })
}

/// What of a scope was distributed, whose periods end within some months.
pub(super) fn distributed(
    moves: &[Move],
    scope: &str,
    only: Option<Sort>,
    within: impl Fn(Month) -> bool,
) -> Money {
    let is_such = |m: &&Move| {
        m.scope == scope
            && m.sort.distributes()
            && only.is_none_or(|sort| sort == m.sort)
            && within(m.through.unwrap_or_else(|| Month::of(m.on)))
    };
    moves.iter().filter(is_such).map(|m| m.amount).sum()
}

/// The least that is on the wanted side of a bound from below.
#[must_use]
pub fn least_of(bar: Bar<Fraction>, whole: Money) -> Money {
    if !whole.is_positive() {
        return Money::ZERO;
    }
    let part = bar.at.of_money(whole);
    if bar.holds(part.in_fen(), whole.in_fen()) { part } else { part + Money::fen(1) }
}

/// How a scope stands for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) of: Net,
    /// The deficit carried into it: nought or less.
    pub(super) carried: Money,
    /// What the fund's part is of.
    pub(super) base: Money,
    /// What went to the fund for it.
    pub(super) fund: Money,
    /// What went anywhere for it.
    pub(super) distributed: Money,
    /// All net up to its end.
    pub(super) earned: Money,
    /// What was lost since and no later income made good: nought or more.
    pub(super) lost: Money,
    /// All that was distributed, for whatever period.
    pub(super) given: Money,
    /// What may still be distributed, of it and all before it.
    pub(super) available: Money,
}

/// How a scope stands for the period between two months, as of a day.
pub(super) fn stand(
    moves: &[Move],
    scope: &str,
    (first, last): (Month, Month),
    today: Day,
) -> Stand {
    let of = net(moves, scope, first.first_day(), last.last_day());
    let before = first.previous();
    let earlier = net(moves, scope, Day::MIN, before.last_day()).net()
        - distributed(moves, scope, None, |through| through <= before);
    let carried = earlier.min(Money::ZERO);
    let so_far = net(moves, scope, Day::MIN, last.last_day()).net();
    // What was earned since is for a later period; what was lost since is lost.
    let by_now = net(moves, scope, Day::MIN, today.max(last.last_day())).net();
    let within = |through: Month| first <= through && through <= last;
    let (lost, given) = (so_far - so_far.min(by_now), distributed(moves, scope, None, |_| true));
    Stand {
        of,
        carried,
        base: (of.net() + carried).max(Money::ZERO),
        fund: distributed(moves, scope, Some(Sort::Fund), within),
        distributed: distributed(moves, scope, None, within),
        earned: so_far,
        lost,
        given,
        available: so_far - lost - given,
    }
}

/// The first period that ends on a day or later of which more was given away, of it and all before it, than had been earned by
/// its end with so much less; and how much more. What is earned later makes a loss good and not a gift: it was not there to give.
pub(super) fn given_beyond(
    moves: &[Move],
    scope: &str,
    from: Day,
    less: Money,
) -> Option<(Month, Money)> {
    let given = moves.iter().filter(|m| m.scope == scope && m.sort.distributes());
    let ends: BTreeSet<Month> = given.filter_map(|m| m.through).collect();
    ends.into_iter().filter(|end| from <= end.last_day()).find_map(|end| {
        let given = distributed(moves, scope, None, |through| through <= end);
        let earned = net(moves, scope, Day::MIN, end.last_day()).net() - less;
        let gap = given - earned.max(Money::ZERO);
        gap.is_positive().then_some((end, gap))
    })
}

/// What would be given away of a scope and not earned, were one of its vouchers taken back: in all, or of the period it lies in and
/// those after it, whatever was earned since.
pub(super) fn unearned_without(moves: &[Move], of: &Move) -> Option<Money> {
    let rest: Vec<Move> = moves.iter().filter(|m| m.voucher != of.voucher).cloned().collect();
    let given = distributed(&rest, &of.scope, None, |_| true);
    let earned = net(&rest, &of.scope, Day::MIN, Day::MAX).net().max(Money::ZERO);
    let in_all = (given > earned).then(|| given - earned);
    let by_then = given_beyond(&rest, &of.scope, of.on, Money::ZERO).map(|(_, gap)| gap);
    in_all.max(by_then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::terms::Side;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    fn moved(sort: Sort, on: &str, fen: i64, tax: i64, through: Option<&str>) -> Move {
        Move {
            voucher: VoucherSeq(1),
            sort,
            what: String::new(),
            scope: "all".to_owned(),
            lease: None,
            on: on.parse().unwrap(),
            amount: Money::fen(fen),
            tax: Money::fen(tax),
            through: through.map(month),
            by: None,
            pledge: None,
        }
    }

    fn quarter(moves: &[Move], last: &str) -> Stand {
        let period = period_of(Covers::Quarter, month(last));
        stand(moves, "all", period, "2026-12-31".parse().unwrap())
    }

    #[test]
    fn a_period_is_the_calendars() {
        let of = |covers, text| {
            let (first, last) = period_of(covers, month(text));
            (first.to_string(), last.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(of(Covers::Month, "2026-02"), pair("2026-02", "2026-02"));
        assert_eq!(of(Covers::Quarter, "2026-02"), pair("2026-01", "2026-03"));
        assert_eq!(of(Covers::Quarter, "2026-12"), pair("2026-10", "2026-12"));
        assert_eq!(of(Covers::HalfYear, "2026-07"), pair("2026-07", "2026-12"));
        assert_eq!(of(Covers::Unstated, "2026-07"), pair("2026-01", "2026-12"));
    }

    /// `domain.md` §7, TV-20: 60,000.00, tax 600.00, cost 9,400.00.
    #[test]
    fn a_quarter_is_split() {
        let moves = [
            moved(Sort::Income, "2026-02-01", 6_000_000, 60_000, None),
            moved(Sort::Cost, "2026-03-31", 940_000, 0, None),
        ];
        let stand = quarter(&moves, "2026-03");
        assert_eq!((stand.of.net(), stand.base), (Money::fen(5_000_000), Money::fen(5_000_000)));
        assert_eq!(stand.available, Money::fen(5_000_000));
        // Before the assembly only taxes are deducted.
        assert_eq!(quarter(&moves[..1], "2026-03").base, Money::fen(5_940_000));
    }

    /// TV-6: 82,000.00 net; 41,000.00 is not above half, and is at least half.
    #[test]
    fn the_least_is_a_fen_more_where_the_bound_does_not_count() {
        let half = Fraction::new(50, 100).unwrap();
        let least = |side, whole| least_of(Bar { side, at: half }, Money::fen(whole)).in_fen();
        assert_eq!(least(Side::Above, 8_200_000), 4_100_001);
        assert_eq!(least(Side::AtLeast, 8_200_000), 4_100_000);
        assert_eq!(least(Side::AtLeast, 3), 2);
        assert_eq!(least(Side::Above, 3), 2);
        assert_eq!(least(Side::Above, 0), 0);
        assert_eq!(least(Side::AtLeast, -5), 0);
    }

    /// −368.07 in the first quarter; 500.00 in the second: 131.93 are the owners'.
    #[test]
    fn a_deficit_is_carried_and_made_good_by_later_income() {
        let moves = [
            moved(Sort::Cost, "2026-03-31", 36_807, 0, None),
            moved(Sort::Income, "2026-05-01", 50_000, 0, None),
        ];
        let first = quarter(&moves, "2026-03");
        assert_eq!((first.base, first.available.in_fen()), (Money::ZERO, -36_807));
        let second = quarter(&moves, "2026-06");
        assert_eq!((second.carried.in_fen(), second.base.in_fen()), (-36_807, 13_193));
        assert_eq!(second.available.in_fen(), 13_193);
    }

    #[test]
    fn what_was_given_away_must_have_been_earned() {
        let of = |voucher, sort, fen: i64, through| {
            let on = "2026-01-10";
            Move { voucher: VoucherSeq(voucher), ..moved(sort, on, fen, 0, through) }
        };
        let moves = [
            of(1, Sort::Income, 10_000, None),
            of(2, Sort::Income, 5_000, None),
            of(3, Sort::Cost, 3_000, None),
            of(4, Sort::Fund, 9_000, Some("2026-03")),
        ];
        let gap = |at: usize| unearned_without(&moves, &moves[at]).map(Money::in_fen);
        assert_eq!((gap(0), gap(1), gap(2), gap(3)), (Some(7_000), Some(2_000), None, None));
        assert_eq!(unearned_without(&moves[..3], &moves[0]), None, "a deficit is no theft");
        // What the second quarter earns does not earn what was given of the first.
        let later =
            Move { voucher: VoucherSeq(5), ..moved(Sort::Income, "2026-05-01", 90_000, 0, None) };
        let moves = [moves.to_vec(), vec![later]].concat();
        let gap = |at: usize| unearned_without(&moves, &moves[at]).map(Money::in_fen);
        assert_eq!((gap(0), gap(1), gap(4)), (Some(7_000), Some(2_000), None));
        let beyond = |on: &str, fen: i64| {
            let found = given_beyond(&moves, "all", on.parse().unwrap(), Money::fen(fen));
            found.map(|(end, gap)| (end.to_string(), gap.in_fen()))
        };
        assert_eq!(beyond("2026-03-31", 3_000), None, "all that was given is still earned");
        assert_eq!(beyond("2026-03-31", 3_001), Some(("2026-03".to_owned(), 1)));
        assert_eq!(beyond("2026-04-01", 3_001), None, "a later cost is carried");
    }

    /// What was distributed is gone, and what was lost since cannot be given away; what was earned since waits.
    #[test]
    fn what_may_be_distributed_is_what_is_left_and_not_lost_since() {
        let mut moves = vec![
            moved(Sort::Income, "2026-01-10", 10_000, 0, None),
            moved(Sort::Fund, "2026-04-10", 6_000, 0, Some("2026-03")),
            moved(Sort::Use, "2026-04-11", 1_000, 0, Some("2026-03")),
        ];
        let stand = quarter(&moves, "2026-03");
        assert_eq!((stand.fund.in_fen(), stand.distributed.in_fen()), (6_000, 7_000));
        assert_eq!(stand.available.in_fen(), 3_000);
        moves.push(moved(Sort::Cost, "2026-05-01", 2_500, 0, None));
        let stand = quarter(&moves, "2026-03");
        let why = [stand.earned, stand.lost, stand.given, stand.available].map(Money::in_fen);
        assert_eq!(why, [10_000, 2_500, 7_000, 500]);
        moves.push(moved(Sort::Income, "2026-06-01", 90_000, 0, None));
        assert_eq!(quarter(&moves, "2026-03").available.in_fen(), 3_000);
        assert_eq!(quarter(&moves, "2026-06").carried, Money::ZERO);
    }
}
