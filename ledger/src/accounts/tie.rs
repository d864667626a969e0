//! The tie of bank, ledger and dwellings (对账), on any day.
//!
//! Two ties. *Bank = ledger*: what the bank says stood on the account, and 1001; every fen between them is a line nobody
//! claimed (暂存款, or a payment not booked), a voucher without a line (在途), a line claimed by a voucher of other days, or
//! unexplained. *Ledger = dwellings*: 1001 + 1101 + 1201, and Σ dwellings + what is theirs and not yet shared out: gains not
//! distributed (未分摊收益), refunds due (2001), works not allocated.
//!
//! Always: the listed differences sum to the difference to the fen; each has a day and an age. A voucher and its reversal,
//! both by that day and neither with a line, cancel and are not listed. The bank's balance is the one it wrote on its line;
//! where it wrote none, the ledger's balance before the first line is taken for it and that is said.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::is_under;
use crate::bank::{self, BankLine};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::fund;
use crate::id::{CompoundId, VoucherSeq};
use crate::journal::{self, AsOf, Book, Element, Kind, Moved, Whose};
use crate::money::Money;

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "差异种类")]
pub enum DifferenceKind {
    /// 暂存款: money in that nobody has claimed.
    #[schemars(description = "暂存款：已到账、未认领")]
    Unclaimed,
    /// 银行已付、账未记.
    #[schemars(description = "银行已付，账上未记")]
    UnbookedPayment,
    /// 在途: booked, and not on the bank's statement.
    #[schemars(description = "在途：账上已记，银行尚无")]
    InTransit,
    /// 跨期: a line claimed by a voucher of another amount or of days outside.
    #[schemars(description = "跨期：流水与所认领凭证不在同期")]
    AcrossDays,
    /// 未分摊收益: income and gains not yet distributed to dwellings.
    #[schemars(description = "未分摊收益：利息等，尚未分配到户")]
    Undistributed,
    /// 应付返还.
    #[schemars(description = "应付房屋灭失返还资金")]
    RefundDue,
    /// 售房单位分账.
    #[schemars(description = "售房单位分账：不属各户")]
    SellingUnit,
    /// 已付未分摊到户.
    #[schemars(description = "已列支，尚未分摊到户")]
    Unshared,
    /// 期初不符: the two did not agree before the first line.
    #[schemars(description = "期初不符：首笔流水之前银行与账面即不符")]
    Beginning,
    /// 余额不连续: the bank's own balances do not run, so lines are missing.
    #[schemars(description = "流水缺漏：银行余额前后不连续")]
    MissingLines,
    /// 未导入流水.
    #[schemars(description = "没有银行流水可对")]
    NoStatement,
}

impl DifferenceKind {
    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            DifferenceKind::Unclaimed => "暂存款",
            DifferenceKind::UnbookedPayment => "银行已付未记账",
            DifferenceKind::InTransit => "在途",
            DifferenceKind::AcrossDays => "跨期",
            DifferenceKind::Undistributed => "未分摊收益",
            DifferenceKind::RefundDue => "应付返还",
            DifferenceKind::SellingUnit => "售房单位分账",
            DifferenceKind::Unshared => "未分摊到户",
            DifferenceKind::Beginning => "期初不符",
            DifferenceKind::MissingLines => "流水缺漏",
            DifferenceKind::NoStatement => "无流水",
        }
    }

    /// Whether somebody knows what it is. What is not explained must be looked for.
    #[must_use]
    pub const fn is_explained(self) -> bool {
        !matches!(
            self,
            DifferenceKind::Beginning | DifferenceKind::MissingLines | DifferenceKind::NoStatement
        )
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一项差异")]
pub struct Gap {
    /// What it is.
    #[schemars(description = "差异种类")]
    pub kind: DifferenceKind,
    /// Where to look: a line, a voucher.
    #[schemars(description = "所在：流水或凭证", example = &"流水 3")]
    pub what: String,
    /// Since when.
    #[schemars(description = "发生日", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub on: Day,
    /// Its age in days.
    #[schemars(description = "账龄：天", example = 12)]
    pub days: i64,
    /// How much the first figure is more than the second because of it.
    #[schemars(description = "金额：分；使前者多于后者为正", example = 10_000)]
    pub amount_fen: Money,
}

/// The tie of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "银行、账面、各户三方对账")]
pub struct Tie {
    /// The day.
    #[schemars(description = "对账日", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub on: Day,
    /// What the bank says; none without a statement.
    #[schemars(description = "银行余额：分；没有流水则空")]
    pub bank_fen: Option<Money>,
    /// Whether the bank's balance was not written by it, but counted from the ledger's before the first line.
    #[schemars(description = "银行余额是否推算：流水未带余额时", example = false)]
    pub is_counted: bool,
    /// 1001.
    #[schemars(description = "账面银行存款：分", example = 800_000)]
    pub ledger_bank_fen: Money,
    /// 1001 + 1101 + 1201.
    #[schemars(description = "账面资金：银行存款、国债投资、备用金合计，分", example = 800_000)]
    pub ledger_fen: Money,
    /// Σ dwellings.
    #[schemars(description = "各户余额合计：分", example = 800_000)]
    pub dwellings_fen: Money,
    /// What is between bank and ledger.
    #[schemars(description = "银行与账面的差异")]
    pub bank_gaps: Vec<Gap>,
    /// What is between ledger and dwellings.
    #[schemars(description = "账面与各户的差异")]
    pub dwelling_gaps: Vec<Gap>,
    /// Bank less ledger less the listed differences: nought, or the list is not whole.
    #[schemars(description = "银行与账面，列明差异之后：分", example = 0)]
    pub bank_left_fen: Money,
    /// Ledger less dwellings less the listed differences: nought, or the list is not whole.
    #[schemars(description = "账面与各户，列明差异之后：分", example = 0)]
    pub dwelling_left_fen: Money,
    /// Whether every difference is listed and known for what it is.
    #[schemars(description = "是否全部有据", example = true)]
    pub is_explained: bool,
}

/// Ties bank, ledger and dwellings on a day.
///
/// # Errors
/// Storage.
pub async fn tie(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Tie> {
    let accounts = &Book::Fund.chart().accounts;
    // All but the dwellings' own accounts: assets, refunds due, gains, and income that closes to gains.
    let codes: Vec<i32> = accounts.iter().filter(|a| a.bearing.is_none()).map(|a| a.code).collect();
    let moved = journal::moved_on(view, compound, Book::Fund, (&codes, Whose::Anybody), on).await?;
    let codes: Vec<i32> = accounts.iter().filter(|a| a.bearing.is_some()).map(|a| a.code).collect();
    let bare = journal::moved_on(view, compound, Book::Fund, (&codes, Whose::Nobody), on).await?;
    let lines = bank::lines_until(view, compound, Book::Fund, on).await?;
    let balances = fund::balances(view, compound, AsOf { day: Some(on), known_at: None }).await?;
    let dwellings = balances.values().map(|balance| balance.total()).sum();
    Ok(weigh(on, &lines, (&moved, &bare), dwellings))
}

/// Weighs what was read: plain, so that every kind of difference can be tried without a database.
fn weigh(
    on: Day,
    lines: &[BankLine],
    (moved, bare): (&[Moved], &[Moved]),
    dwellings_fen: Money,
) -> Tie {
    let chart = Book::Fund.chart();
    let sum = |codes: &[i32]| -> Money {
        let of = |m: &&Moved| codes.iter().any(|code| is_under(m.account, *code));
        moved.iter().filter(of).map(|m| m.debit).sum()
    };
    let on_bank: Vec<&Moved> = moved.iter().filter(|m| is_under(m.account, 1001)).collect();
    let ledger_bank_fen = sum(&[1001]);
    let ledger_fen = sum(&[1001, 1101, 1201]);
    let (bank_fen, is_counted, bank_gaps) = against_the_bank(on, lines, &on_bank);

    let aged = |kind, (day, what, amount_fen): (Day, String, Money)| Gap {
        kind,
        what,
        on: day,
        days: (on - day).num_days(),
        amount_fen,
    };
    let mut dwelling_gaps = Vec::new();
    let is_gain = |m: &&Moved| {
        let element = chart.account(m.account).map(|a| a.element);
        let is_flow =
            matches!(element, Some(Element::Income | Element::Expenditure | Element::NetAsset));
        is_flow && m.kind != Kind::Closing
    };
    let gains = moved.iter().filter(is_gain);
    let left = still_there(gains);
    dwelling_gaps.extend(left.into_iter().map(|gap| aged(DifferenceKind::Undistributed, gap)));
    let due = still_there(moved.iter().filter(|m| is_under(m.account, 2001)));
    dwelling_gaps.extend(due.into_iter().map(|gap| aged(DifferenceKind::RefundDue, gap)));

    // The chart says whose such an account is: 165号令 art. 11 keeps the selling units' part by unit.
    let is_unit = |m: &&Moved| {
        chart.account(m.account).is_some_and(|account| account.name.contains("售房单位"))
    };
    let units = still_there(bare.iter().filter(is_unit));
    dwelling_gaps.extend(units.into_iter().map(|gap| aged(DifferenceKind::SellingUnit, gap)));
    let unshared = still_there(bare.iter().filter(|m| !is_unit(m)));
    dwelling_gaps.extend(unshared.into_iter().map(|gap| aged(DifferenceKind::Unshared, gap)));

    let of = |gaps: &[Gap]| gaps.iter().map(|gap| gap.amount_fen).sum::<Money>();
    let bank_left_fen = bank_fen.unwrap_or_default() - ledger_bank_fen - of(&bank_gaps);
    let dwelling_left_fen = ledger_fen - dwellings_fen - of(&dwelling_gaps);
    let is_known = bank_gaps.iter().chain(&dwelling_gaps).all(|gap| gap.kind.is_explained());
    let is_explained = is_known && bank_left_fen.is_zero() && dwelling_left_fen.is_zero();
    Tie {
        on,
        bank_fen,
        is_counted,
        ledger_bank_fen,
        ledger_fen,
        dwellings_fen,
        bank_gaps,
        dwelling_gaps,
        bank_left_fen,
        dwelling_left_fen,
        is_explained,
    }
}

/// The bank's balance, and what is between it and 1001.
fn against_the_bank(
    on: Day,
    lines: &[BankLine],
    on_bank: &[&Moved],
) -> (Option<Money>, bool, Vec<Gap>) {
    let gap = |kind, what: String, day: Day, amount_fen: Money| Gap {
        kind,
        what,
        on: day,
        days: (on - day).num_days(),
        amount_fen,
    };
    let ledger: Money = on_bank.iter().map(|m| m.debit).sum();
    let Some(first) = lines.first().map(|line| line.occurred_on) else {
        if ledger.is_zero() {
            return (None, false, Vec::new());
        }
        let since = on_bank.first().map_or(on, |m| m.on);
        let none = gap(DifferenceKind::NoStatement, "先导入银行流水".to_owned(), since, -ledger);
        return (None, false, vec![none]);
    };
    let before: Money = on_bank.iter().filter(|m| m.on < first).map(|m| m.debit).sum();
    let mut gaps = Vec::new();

    // Each account's balance runs by itself, as the bank wrote it.
    let mut running: BTreeMap<&str, Option<Money>> = BTreeMap::new();
    let (mut opening, mut is_counted) = (Money::ZERO, false);
    for line in lines {
        let net = line.inflow - line.outflow;
        let known = running.get(line.account_no.as_str()).copied();
        let expected = known.flatten().map(|balance| balance + net);
        match (known, line.balance, expected) {
            (None, Some(balance), _) => opening += balance - net,
            (None, None, _) => is_counted = true,
            (Some(_), Some(balance), Some(expected)) if balance != expected => {
                let what = format!(
                    "流水 {} 之前：银行余额 {}，依上一笔应为 {}",
                    line.no,
                    balance.grouped(),
                    expected.grouped()
                );
                gaps.push(gap(
                    DifferenceKind::MissingLines,
                    what,
                    line.occurred_on,
                    balance - expected,
                ));
            }
            _ => {}
        }
        running.insert(&line.account_no, line.balance.or(expected));
    }
    if is_counted {
        opening = before;
    }
    let missing: Money = gaps.iter().map(|gap| gap.amount_fen).sum();
    let came: Money = lines.iter().map(|line| line.inflow - line.outflow).sum();
    let bank = opening + came + missing;
    if opening != before {
        let what = format!("银行 {}，账面 {}", opening.grouped(), before.grouped());
        gaps.push(gap(DifferenceKind::Beginning, what, first, opening - before));
    }

    let reversed: BTreeSet<VoucherSeq> = on_bank.iter().filter_map(|m| m.reverses).collect();
    let known: BTreeSet<VoucherSeq> = on_bank.iter().map(|m| m.seq).collect();
    let mut claimed: BTreeMap<VoucherSeq, Money> = BTreeMap::new();
    for line in lines {
        let net = line.inflow - line.outflow;
        match line.voucher_seq {
            Some(seq) => *claimed.entry(seq).or_default() += net,
            None => {
                let kind = if net.is_positive() {
                    DifferenceKind::Unclaimed
                } else {
                    DifferenceKind::UnbookedPayment
                };
                gaps.push(gap(
                    kind,
                    format!("流水 {} {}", line.no, line.wording).trim_end().to_owned(),
                    line.occurred_on,
                    net,
                ));
            }
        }
    }
    for m in on_bank.iter().filter(|m| m.on >= first) {
        let seen = claimed.remove(&m.seq).unwrap_or_default();
        let cancels =
            reversed.contains(&m.seq) || m.reverses.is_some_and(|seq| known.contains(&seq));
        let pair_within = cancels && pair_is_within(m, on_bank, first);
        if seen != m.debit && !(pair_within && seen.is_zero()) {
            gaps.push(gap(
                DifferenceKind::InTransit,
                format!("凭证 {} {}", m.voucher, m.memo),
                m.on,
                seen - m.debit,
            ));
        }
    }
    for (seq, net) in claimed {
        let what = format!("第 {seq} 张凭证不在 {first} 至 {on} 之间");
        gaps.push(gap(DifferenceKind::AcrossDays, what, first, net));
    }
    (Some(bank), is_counted, gaps)
}

/// Whether a voucher and the one it reverses, or is reversed by, are both on or after a day.
fn pair_is_within(m: &Moved, on_bank: &[&Moved], first: Day) -> bool {
    let is_other = |other: &&&Moved| Some(other.seq) == m.reverses || other.reverses == Some(m.seq);
    on_bank.iter().find(is_other).is_some_and(|other| other.on >= first)
}

/// What is left of credits after the debits took from the oldest, with the day each came. A debit beyond all credits stands
/// by itself.
fn still_there<'a>(moved: impl Iterator<Item = &'a Moved>) -> Vec<(Day, String, Money)> {
    let mut left: Vec<(Day, String, Money)> = Vec::new();
    let mut taken: Option<(Day, String, Money)> = None;
    let mut by_voucher: BTreeMap<(Day, VoucherSeq), (String, Money)> = BTreeMap::new();
    for m in moved {
        let entry = by_voucher.entry((m.on, m.seq));
        entry.or_insert_with(|| (format!("凭证 {} {}", m.voucher, m.memo), Money::ZERO)).1 -=
            m.debit;
    }
    for ((day, _), (what, credit)) in by_voucher {
        if credit.is_positive() {
            left.push((day, what, credit));
        } else if credit.is_negative() {
            let (since, words, before) = taken.take().unwrap_or((day, what, Money::ZERO));
            taken = Some((since, words, before + credit));
        }
        if let Some((since, words, mut owed)) = taken.take() {
            while owed.is_negative() && !left.is_empty() {
                let part = left[0].2.min(-owed);
                left[0].2 -= part;
                owed += part;
                if left[0].2.is_zero() {
                    left.remove(0);
                }
            }
            taken = owed.is_negative().then_some((since, words, owed));
        }
    }
    left.extend(taken);
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LineNo;

    fn day(d: u32) -> Day {
        Day::from_ymd_opt(2026, 1, d).unwrap()
    }

    fn line(no: i32, d: u32, net: i64, balance: Option<i64>, voucher: Option<i32>) -> BankLine {
        BankLine {
            no: LineNo(no),
            book: Book::Fund,
            account_no: String::new(),
            occurred_on: day(d),
            occurred_time: String::new(),
            inflow: Money::fen(net.max(0)),
            outflow: Money::fen((-net).max(0)),
            balance: balance.map(Money::fen),
            counterparty: String::new(),
            wording: "转账".to_owned(),
            serial: String::new(),
            voucher_seq: voucher.map(VoucherSeq),
        }
    }

    fn moved(seq: i32, d: u32, account: i32, debit: i64, reverses: Option<i32>) -> Moved {
        Moved {
            seq: VoucherSeq(seq),
            voucher: format!("fund/2026-{seq:04}"),
            on: day(d),
            memo: String::new(),
            kind: Kind::Other,
            reverses: reverses.map(VoucherSeq),
            account,
            debit: Money::fen(debit),
        }
    }

    fn told(gaps: &[Gap]) -> Vec<(DifferenceKind, i64, i64)> {
        gaps.iter().map(|gap| (gap.kind, gap.days, gap.amount_fen.in_fen())).collect()
    }

    #[test]
    fn every_fen_between_bank_and_ledger_is_listed_with_its_age() {
        use DifferenceKind::{InTransit, UnbookedPayment, Unclaimed};
        let lines = [
            line(1, 3, 500, Some(1_500), Some(2)),
            line(2, 4, 70, Some(1_570), None),
            line(3, 5, -20, Some(1_550), None),
        ];
        let ledger = [
            moved(1, 1, 1001, 1_000, None),
            moved(2, 3, 1001, 500, None),
            moved(3, 6, 1001, 30, None),
            moved(4, 6, 1001, 9, None),
            moved(5, 7, 1001, -9, Some(4)),
        ];
        let tie = weigh(day(10), &lines, (&ledger, &[]), Money::fen(1_530));
        assert_eq!(tie.bank_fen, Some(Money::fen(1_550)));
        assert_eq!(
            told(&tie.bank_gaps),
            [(Unclaimed, 6, 70), (UnbookedPayment, 5, -20), (InTransit, 4, -30)]
        );
        assert_eq!((tie.bank_left_fen, tie.dwelling_left_fen), (Money::ZERO, Money::ZERO));
        assert!(tie.is_explained && !tie.is_counted);
    }

    #[test]
    fn what_nobody_can_explain_is_said() {
        use DifferenceKind::{AcrossDays, Beginning, MissingLines, NoStatement};
        let ledger = [moved(1, 1, 1001, 1_000, None)];
        let tie = weigh(day(10), &[], (&ledger, &[]), Money::fen(1_000));
        assert_eq!(told(&tie.bank_gaps), [(NoStatement, 9, -1_000)]);
        assert!(!tie.is_explained);

        let lines = [line(1, 3, 5, Some(1_105), Some(1)), line(2, 5, 5, Some(1_210), Some(9))];
        let tie = weigh(day(10), &lines, (&ledger, &[]), Money::fen(1_000));
        let wanted =
            [(MissingLines, 5, 100), (Beginning, 7, 100), (AcrossDays, 7, 5), (AcrossDays, 7, 5)];
        assert_eq!(told(&tie.bank_gaps), wanted);
        assert_eq!(tie.bank_left_fen, Money::ZERO);
        assert!(!tie.is_explained);
    }

    #[test]
    fn gains_not_distributed_age_from_the_oldest_that_is_left() {
        use DifferenceKind::{RefundDue, Undistributed, Unshared};
        let ledger = [
            moved(1, 1, 1001, 100, None),
            moved(1, 1, 410_101, -100, None),
            moved(2, 2, 1001, 40, None),
            moved(2, 2, 410_101, -40, None),
            moved(3, 3, 310_101, 110, None),
            moved(4, 4, 2001, -7, None),
        ];
        let bare = [moved(5, 5, 500_101, 2, None)];
        let lines = [line(1, 1, 140, None, None)];
        let tie = weigh(day(10), &lines, (&ledger, &bare), Money::fen(105));
        assert_eq!(tie.dwelling_left_fen, Money::ZERO);
        assert_eq!(
            told(&tie.dwelling_gaps),
            [(Undistributed, 8, 30), (RefundDue, 6, 7), (Unshared, 5, -2)]
        );
        assert!(tie.is_counted);
    }
}
