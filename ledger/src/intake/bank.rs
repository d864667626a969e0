//! A bank's statement of a company account: what came in, what went out, what was left.
//!
//! Owns: [`bank`], [`BankReading`], [`BankRow`], [`Order`].
//!
//! Always: 贷方, 收入, 转入 and 来账 are money in for the account's owner; the running balance runs, in the
//! order of the file or against it; a line's key leaves its summary out, because banks rewrite summaries.
//! Never: a parser for one bank.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::identity::tidy_name;
use super::layout::{self, Column, words};
use super::sheet::Cell;
use super::table::{self, Keys, Line, Preamble};
use super::{
    Address, BALANCE_BROKEN, BOTH_SIDES, CURRENCY, DIRECTION, File, Reading, Said, TOTALS_DISAGREE,
    Terms,
};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::Money;

/// What was read of a statement.
#[derive(Clone, Debug, Serialize)]
pub struct BankReading {
    /// The rows and what was passed over.
    pub reading: Reading<BankRow>,
    /// Our account's number, if the file says one and only one.
    pub account_no: Option<String>,
    /// Our account's name, if the file says it.
    pub account_name: Option<String>,
    /// Σ inflow.
    pub inflow: Money,
    /// Σ outflow.
    pub outflow: Money,
    /// The balance before the first movement, if the file has balances.
    pub opening: Option<Money>,
    /// The balance after the last movement, if the file has balances.
    pub closing: Option<Money>,
    /// Which way the file runs.
    pub order: Order,
}

/// Which way a statement runs through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The oldest line first.
    Ascending,
    /// The newest line first.
    Descending,
}

/// One movement of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BankRow {
    /// Where the row stands.
    pub at: Address,
    /// Stable over exports: account, day, time, amounts, counterparty account, serial and occurrence.
    pub row_key: String,
    /// The day.
    pub occurred_on: Day,
    /// The time of day, `HH:MM:SS`.
    pub occurred_time: Option<String>,
    /// Money in. Of the two, one is zero.
    pub inflow: Money,
    /// Money out, positive.
    pub outflow: Money,
    /// What was left.
    pub balance: Option<Money>,
    /// Who paid or was paid.
    pub counterparty_name: String,
    /// Their account.
    pub counterparty_account: String,
    /// Their bank.
    pub counterparty_bank: String,
    /// 用途.
    pub purpose: String,
    /// 摘要.
    pub summary: String,
    /// 附言 and 备注.
    pub remark: String,
    /// The bank's serial number.
    pub serial: String,
    /// The voucher's number.
    pub voucher_no: String,
    /// Our account.
    pub account_no: String,
    /// Among lines that say the same, which this is, from 1: two equal lines on one day are genuine.
    pub occurrence: u32,
}

/// Reads a statement.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`]. A broken running balance refuses the file on
/// [`Terms::WholeFile`] and is a note on [`Terms::GoodRows`].
pub fn bank(file: File<'_>, terms: Terms) -> Result<BankReading, Refusal> {
    let mut reader = Reader::default();
    let table = table::read(file, layout::bank(), &mut |line| reader.row(line))?;
    let (mut reading, preamble) = (table.reading, table.preamble);
    reader.note(&mut reading);
    let accounts: BTreeSet<&str> =
        reading.rows.iter().map(|r| r.account_no.as_str()).filter(|no| !no.is_empty()).collect();
    let account_no = match accounts.iter().collect::<Vec<_>>().as_slice() {
        [] => own_account(&preamble),
        [one] => Some((**one).to_owned()),
        _ => None,
    };
    if accounts.len() > 1 {
        let listed: Vec<&str> = accounts.into_iter().collect();
        reading.notes.push(format!("文件含多个账号：{}", listed.join("、")));
    }
    let inflow: Money = reading.rows.iter().map(|row| row.inflow).sum();
    let outflow: Money = reading.rows.iter().map(|row| row.outflow).sum();
    compare_preamble(&mut reading, &preamble, inflow, outflow)?;
    let run = run(&reading);
    reader.refuse_unsigned(&run)?;
    if let Some(broken) = &run.broken {
        let refusal = BALANCE_BROKEN.refuse(broken.clone());
        if terms == Terms::WholeFile {
            return Err(refusal);
        }
        reading.notes.push(format!("余额不连续：{broken}"));
    }
    let named = |line: &str| (!line.is_empty()).then(|| line.to_owned());
    let account_name = preamble.value("account-name").and_then(named).or(reader.account_name);
    let Run { order, opening, closing, .. } = run;
    Ok(BankReading { reading, account_no, account_name, inflow, outflow, opening, closing, order })
}

/// The account that the preamble names.
fn own_account(preamble: &Preamble) -> Option<String> {
    let plain: String = preamble
        .value("account")?
        .chars()
        .map(layout::half_width)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ' | '*'))
        .filter(|c| *c != ' ')
        .collect();
    (plain.len() >= 6).then_some(plain)
}

/// A bank that writes its totals above the lines says how many there must be.
fn compare_preamble(
    reading: &mut Reading<BankRow>,
    preamble: &Preamble,
    inflow: Money,
    outflow: Money,
) -> Result<(), Refusal> {
    for (key, name, sum) in [("inflow", "收入", inflow), ("outflow", "支出", outflow)] {
        let Some(written) = preamble.money(key).map(Money::abs) else { continue };
        if written == sum {
            continue;
        }
        let evidence = format!("表头以上写{name}总额 {written}，各行之和是 {sum}");
        if reading.rejected.is_empty() {
            return Err(TOTALS_DISAGREE
                .refuse(evidence)
                .with("written", written.to_string())
                .with("summed", sum.to_string()));
        }
        reading.notes.push(format!("{evidence}（有行被拒绝）"));
    }
    Ok(())
}

/// What is remembered from row to row.
#[derive(Default)]
struct Reader {
    keys: Keys,
    account_name: Option<String>,
    /// Amounts whose side only their sign can tell, with one and without.
    signed: usize,
    unsigned: usize,
    reversed: usize,
    still: usize,
}

/// The two sides of a movement.
#[derive(Clone, Copy)]
struct Sides {
    inflow: Money,
    outflow: Money,
}

impl Reader {
    fn row(&mut self, line: &mut Line<'_>) -> Option<BankRow> {
        refuse_currency(line);
        let account_no = line.identifier(Column::Account);
        let account_no = account_no.or_else(|| own_account(line.preamble)).unwrap_or_default();
        let balance = line.money(Column::Balance);
        let sides = self.sides(line, &account_no);
        if sides.is_some_and(|sides| sides.inflow.is_zero() && sides.outflow.is_zero())
            && !line.is_faulty()
        {
            self.still += 1;
            return None;
        }
        let occurred = occurred(line);
        let other = Counterparty::read(line, sides, &account_no);
        let (purpose, summary) = (line.text(Column::Purpose), line.text(Column::Summary));
        let remark = remark(line);
        let serial = line.identifier(Column::Serial).unwrap_or_default();
        let voucher_no = line.identifier(Column::Voucher).unwrap_or_default();
        if self.account_name.is_none() {
            self.account_name = Some(line.text(Column::AccountName)).filter(|n| !n.is_empty());
        }

        let (sides, (occurred_on, occurred_time)) = (sides?, occurred?);
        let mut row = BankRow {
            at: line.at(),
            row_key: String::new(),
            occurred_on,
            occurred_time,
            inflow: sides.inflow,
            outflow: sides.outflow,
            balance,
            counterparty_name: other.name,
            counterparty_account: other.account,
            counterparty_bank: other.bank,
            purpose,
            summary,
            remark,
            serial,
            voucher_no,
            account_no,
            occurrence: 1,
        };
        if !line.is_faulty() {
            (row.row_key, row.occurrence) = self.key(&row);
        }
        Some(row)
    }

    /// What came in and what went out. A minus in the column of what goes out is a habit; a minus in the
    /// column of what comes in is a reversal, and the money left.
    fn sides(&mut self, line: &mut Line<'_>, account_no: &str) -> Option<Sides> {
        let inflow = line.money(Column::Inflow);
        let outflow = line.money(Column::Outflow);
        let amount = line.money(Column::Amount);
        if line.is_faulty() {
            return None;
        }
        let filled = |figure: Option<Money>| figure.filter(|figure| !figure.is_zero());
        match (filled(inflow), filled(outflow)) {
            (Some(_), Some(_)) => {
                line.fault(Column::Inflow, &BOTH_SIDES, "");
                None
            }
            (Some(inflow), None) => Some(self.inward(inflow)),
            (None, Some(outflow)) => Some(out(outflow)),
            (None, None) => {
                let Some(amount) = filled(amount) else {
                    return Some(Sides { inflow: Money::ZERO, outflow: Money::ZERO });
                };
                match self.direction(line, amount, account_no) {
                    Some(Way::In) => Some(self.inward(amount)),
                    Some(Way::Out) => Some(out(amount)),
                    None => {
                        line.fault(Column::Amount, &DIRECTION, "");
                        None
                    }
                }
            }
        }
    }

    /// Which way an amount went: by its flag, else by which side is our account, else by its own sign.
    fn direction(&mut self, line: &mut Line<'_>, amount: Money, account_no: &str) -> Option<Way> {
        let flag = line.text(Column::Direction);
        if let Some(way) = way(&flag) {
            return Some(way);
        }
        let mut side = |column| line.identifier(column).unwrap_or_default();
        let (payer, payee) = (side(Column::PayerAccount), side(Column::PayeeAccount));
        if !account_no.is_empty() && payer != payee {
            if payee == account_no {
                return Some(Way::In);
            }
            if payer == account_no {
                return Some(Way::Out);
            }
        }
        let is_signed = amount.is_negative()
            || matches!(line.cell(Column::Amount), Cell::Text(text) if text.contains(['+', '＋']));
        // Beside a flag or two sides that say nothing, a bare amount says nothing either.
        if !is_signed && (line.has(Column::Direction) || line.has(Column::PayerAccount)) {
            return None;
        }
        *(if is_signed { &mut self.signed } else { &mut self.unsigned }) += 1;
        Some(if amount.is_negative() { Way::Out } else { Way::In })
    }

    /// Bare amounts are money in where others carry a minus. Where none does, only the balance can say so.
    fn refuse_unsigned(&self, run: &Run) -> Result<(), Refusal> {
        let is_told = self.signed > 0 || (run.closing.is_some() && run.broken.is_none());
        if self.unsigned == 0 || is_told {
            return Ok(());
        }
        Err(DIRECTION.refuse(format!("{} 笔金额都没有正负号，也没有借贷标志", self.unsigned)))
    }

    fn inward(&mut self, amount: Money) -> Sides {
        if amount.is_negative() {
            self.reversed += 1;
            return out(amount);
        }
        Sides { inflow: amount, outflow: Money::ZERO }
    }

    fn key(&mut self, row: &BankRow) -> (String, u32) {
        self.keys.key(
            "bank",
            &[
                &row.account_no,
                &row.occurred_on.to_string(),
                row.occurred_time.as_deref().unwrap_or_default(),
                &row.inflow.to_string(),
                &row.outflow.to_string(),
                &row.counterparty_account,
                &row.serial,
            ],
        )
    }

    fn note(&self, reading: &mut Reading<BankRow>) {
        if self.reversed > 0 {
            let reversed = self.reversed;
            reading.notes.push(format!("{reversed} 笔收入为负数（冲正），已记为支出"));
        }
        if self.still > 0 {
            reading.notes.push(format!("{} 行没有发生额，未读入", self.still));
        }
    }
}

fn out(amount: Money) -> Sides {
    Sides { inflow: Money::ZERO, outflow: amount.abs() }
}

pub(super) fn refuse_currency(line: &mut Line<'_>) {
    let currency: String =
        line.text(Column::Currency).chars().map(layout::half_width).collect::<String>();
    let plain: String = currency.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_yuan = words().words.yuan.contains(&plain.to_ascii_uppercase());
    if !plain.is_empty() && !is_yuan {
        line.fault(Column::Currency, &CURRENCY, "");
    }
}

/// The day and time: a day's own column first, the time beside it; else a moment in one column.
pub(super) fn occurred(line: &mut Line<'_>) -> Option<(Day, Option<String>)> {
    if line.has(Column::Day) {
        let moment = line.moment(Column::Day);
        let clock = line.time(Column::Clock);
        let (day, own) = line.needed(Column::Day, moment)?;
        return Some((day, clock.or(own)));
    }
    if line.has(Column::Clock) {
        let moment = line.moment(Column::Clock);
        return line.needed(Column::Clock, moment);
    }
    let moment = line.moment(Column::Booked);
    line.needed(Column::Booked, moment)
}

/// 附言, 备注: whatever stands there, once.
fn remark(line: &mut Line<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for column in [Column::Postscript, Column::Remark] {
        let text = line.text(column);
        if !text.is_empty() && !parts.contains(&text) {
            parts.push(text);
        }
    }
    parts.join("；")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

fn way(flag: &str) -> Option<Way> {
    let plain: String = flag
        .chars()
        .map(|c| layout::half_width(c).to_ascii_uppercase())
        .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '.'))
        .collect();
    let said = |list: &[String]| list.contains(&plain);
    match () {
        () if said(&words().words.inward) => Some(Way::In),
        () if said(&words().words.outward) => Some(Way::Out),
        () => None,
    }
}

/// Who stands on the other side.
#[derive(Default)]
struct Counterparty {
    name: String,
    account: String,
    bank: String,
}

impl Counterparty {
    /// From the other side's own columns, else from whichever of payer and payee is not us.
    fn read(line: &mut Line<'_>, sides: Option<Sides>, account_no: &str) -> Counterparty {
        let mut of = |name, account, bank| Counterparty {
            name: tidy_name(&line.text(name)),
            account: line.identifier(account).unwrap_or_default(),
            bank: line.text(bank),
        };
        let own = of(Column::Counterparty, Column::CounterpartyAccount, Column::CounterpartyBank);
        if !own.name.is_empty() || !own.account.is_empty() {
            return own;
        }
        let payer = of(Column::Payer, Column::PayerAccount, Column::PayerBank);
        let payee = of(Column::Payee, Column::PayeeAccount, Column::PayeeBank);
        let came_in = sides.is_some_and(|sides| !sides.inflow.is_zero());
        let is_us = |side: &Counterparty| !account_no.is_empty() && side.account == account_no;
        match (is_us(&payer), is_us(&payee)) {
            (true, false) => payee,
            (false, true) => payer,
            _ if came_in => payer,
            _ => payee,
        }
    }
}

// ---- the running balance ----

/// How the balance runs through a file.
struct Run {
    order: Order,
    opening: Option<Money>,
    closing: Option<Money>,
    broken: Option<String>,
}

/// Follows the balance both ways and believes the way that breaks less. Each account runs by itself.
fn run(reading: &Reading<BankRow>) -> Run {
    let gaps = gaps(reading);
    let up = follow(reading, &gaps, Order::Ascending);
    let down = follow(reading, &gaps, Order::Descending);
    let by_days = || {
        let days = || reading.rows.iter().map(|row| row.occurred_on);
        match days().next() > days().next_back() {
            true => Order::Descending,
            false => Order::Ascending,
        }
    };
    let order = match up.len().cmp(&down.len()) {
        std::cmp::Ordering::Less => Order::Ascending,
        std::cmp::Ordering::Greater => Order::Descending,
        std::cmp::Ordering::Equal => by_days(),
    };
    let (breaks, rows): (_, Vec<&BankRow>) = match order {
        Order::Ascending => (up, reading.rows.iter().collect()),
        Order::Descending => (down, reading.rows.iter().rev().collect()),
    };
    let closing = rows.last().and_then(|row| row.balance);
    let opening = rows.first().and_then(|row| Some(row.balance? - row.inflow + row.outflow));
    Run { order, opening, closing, broken: breaks.into_iter().next() }
}

/// The rows with a rejected line right above them: the balance cannot be followed across it.
fn gaps(reading: &Reading<BankRow>) -> BTreeSet<usize> {
    if reading.rejected.is_empty() {
        return BTreeSet::new();
    }
    let rejected: BTreeSet<(&str, usize)> =
        reading.rejected.iter().map(|row| (&*row.sheet, row.row)).collect();
    let any = |sheet: &Address, from: usize, to: usize| {
        rejected.range((&*sheet.sheet, from)..(&*sheet.sheet, to)).next().is_some()
    };
    let lies_between = |above: &Address, below: &Address| {
        let (from, to) = (above.row as usize, below.row as usize);
        match above.sheet == below.sheet {
            true => any(above, from, to),
            false => any(above, from, usize::MAX) || any(below, 0, to),
        }
    };
    let pairs = reading.rows.iter().zip(reading.rows.iter().skip(1)).enumerate();
    let gap = |(at, (above, below)): (usize, (&BankRow, &BankRow))| {
        lies_between(&above.at, &below.at).then_some(at + 1)
    };
    pairs.filter_map(gap).collect()
}

/// The places where the balance is not what it was plus what came in less what went out.
fn follow(reading: &Reading<BankRow>, gaps: &BTreeSet<usize>, order: Order) -> Vec<String> {
    let mut breaks = Vec::new();
    let mut running: BTreeMap<&str, Money> = BTreeMap::new();
    let count = reading.rows.len();
    for step in 0..count {
        // A gap lies before the row of its number, whichever way one comes.
        let (at, gap) = match order {
            Order::Ascending => (step, step),
            Order::Descending => (count - 1 - step, count - step),
        };
        if gaps.contains(&gap) {
            running.clear();
        }
        let Some(row) = reading.rows.get(at) else { break };
        let expected =
            running.get(row.account_no.as_str()).map(|before| *before + row.inflow - row.outflow);
        match (row.balance, expected) {
            (Some(balance), Some(expected)) if balance != expected => {
                let at = reading.places.cell(&row.at, Said::Balance);
                breaks.push(format!("{at} 的余额是 {balance}，按上一笔推算应为 {expected}"));
                running.insert(&row.account_no, balance);
            }
            (Some(balance), _) => {
                running.insert(&row.account_no, balance);
            }
            (None, Some(expected)) => {
                running.insert(&row.account_no, expected);
            }
            (None, None) => {}
        }
    }
    breaks
}
