//! What the books say: a voucher, a trial balance, a dwelling's movements; as of a day, as known at an instant.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::chart::{Book, Element};
use super::rows::{self, Totals, VOUCHERS, day_of};
use super::voucher::{Kind, Line, Posted, Side, Voucher};
use crate::books::{Tx, View};
use crate::calendar::{Day, Instant};
use crate::error::Result;
use crate::id::{CompoundId, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;

/// Both axes of time. `None` means: without a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "截止：两个时间轴，空表示不限")]
pub struct AsOf {
    /// Business days up to and including this one.
    #[schemars(description = "截至业务日")]
    pub day: Option<Day>,
    /// As recorded up to and including this instant: what was known then.
    #[schemars(description = "截至记账时刻")]
    pub known_at: Option<Instant>,
}

impl AsOf {
    /// Bounds that every row meets, where a bound is open. Both databases know the last day of the year 9999.
    fn bounds(self) -> (Day, i64) {
        let last = Day::from_ymd_opt(9999, 12, 31).unwrap_or(Day::MAX);
        (self.day.unwrap_or(last), self.known_at.unwrap_or(Instant::END).seconds())
    }
}

/// An account's line of a trial balance.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "试算平衡表的一行")]
pub struct TrialRow {
    /// The account's code.
    #[schemars(description = "科目代码", example = 1001)]
    pub account: i32,
    /// Its name.
    #[schemars(description = "科目名称", example = &"银行存款")]
    pub name: String,
    /// Debits so far.
    #[schemars(description = "借方发生额：分", example = 800000)]
    pub debit_fen: Money,
    /// Credits so far.
    #[schemars(description = "贷方发生额：分", example = 0)]
    pub credit_fen: Money,
    /// The balance, if it stands on the debit side.
    #[schemars(description = "借方余额：分", example = 800000)]
    pub debit_balance_fen: Money,
    /// The balance, if it stands on the credit side.
    #[schemars(description = "贷方余额：分", example = 0)]
    pub credit_balance_fen: Money,
}

/// A trial balance (试算平衡表).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "试算平衡表")]
pub struct TrialBalance {
    /// The book.
    #[schemars(description = "账簿")]
    pub book: Book,
    /// As of when, as known when.
    #[schemars(description = "截止")]
    pub as_of: AsOf,
    /// The accounts that moved, in the order of the chart.
    #[schemars(description = "各科目：有发生额的")]
    pub rows: Vec<TrialRow>,
    /// Σ debits.
    #[schemars(description = "借方合计：分", example = 800000)]
    pub debit_fen: Money,
    /// Σ credits; equal to Σ debits.
    #[schemars(description = "贷方合计：分；与借方合计相等", example = 800000)]
    pub credit_fen: Money,
}

/// The trial balance of a book.
///
/// # Errors
/// Storage.
pub async fn trial_balance(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    as_of: AsOf,
) -> Result<TrialBalance> {
    let (day, known_at) = as_of.bounds();
    // Without bounds the kept balances say it; with one, the postings do.
    let found = if as_of == AsOf::default() {
        let sql = "SELECT account, CAST(sum(debit_fen) AS BIGINT) AS debit,
                     CAST(sum(credit_fen) AS BIGINT) AS credit
                   FROM balance WHERE compound_id = $1 AND book = $2 GROUP BY account";
        view.rows(VOUCHERS, sql, vec![compound.0.into(), book.number().into()]).await?
    } else {
        let sql = "SELECT p.account,
                     CAST(sum(CASE WHEN p.side = 1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS debit,
                     CAST(sum(CASE WHEN p.side = -1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS credit
                   FROM posting p JOIN voucher v
                     ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
                   WHERE p.compound_id = $1 AND p.book = $2 AND p.effective_on <= $3
                     AND v.recorded_at <= $4
                   GROUP BY p.account";
        let values = vec![compound.0.into(), book.number().into(), day.into(), known_at.into()];
        view.rows(VOUCHERS, sql, values).await?
    };
    let mut totals = HashMap::new();
    for row in found {
        let (debit, credit): (i64, i64) = (row.try_get("", "debit")?, row.try_get("", "credit")?);
        totals.insert(row.try_get::<i32>("", "account")?, Totals { debit, credit });
    }

    let mut rows = Vec::new();
    for account in &book.chart().accounts {
        let Some(Totals { debit, credit }) = totals.remove(&account.code) else { continue };
        let (debit, credit) = (Money::fen(debit), Money::fen(credit));
        let net = debit - credit;
        let on = |is_there| if is_there { net.abs() } else { Money::ZERO };
        rows.push(TrialRow {
            account: account.code,
            name: account.name.clone(),
            debit_fen: debit,
            credit_fen: credit,
            debit_balance_fen: on(net.is_positive()),
            credit_balance_fen: on(net.is_negative()),
        });
    }
    let debit_fen = rows.iter().map(|r| r.debit_fen).sum();
    let credit_fen = rows.iter().map(|r| r.credit_fen).sum();
    Ok(TrialBalance { book, as_of, rows, debit_fen, credit_fen })
}

/// A line of a dwelling's account, with its voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The voucher's name.
    pub posted: Posted,
    /// The business day.
    pub effective_on: Day,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// The kind of event.
    pub kind: Kind,
    /// What happened.
    pub memo: String,
    /// What proves it.
    pub evidence: String,
    /// Whether it was recorded in a later period than its day's.
    pub is_late: bool,
    /// The account.
    pub account: i32,
    /// Its side.
    pub side: Side,
    /// Its amount.
    pub amount: Money,
    /// What it is about.
    pub matter: Option<MatterNo>,
    /// The voucher that its own reverses.
    pub reverses: Option<VoucherSeq>,
}

impl Movement {
    /// The amount as a debit: credits are negative.
    #[must_use]
    pub fn signed(&self) -> Money {
        match self.side {
            Side::Debit => self.amount,
            Side::Credit => -self.amount,
        }
    }
}

/// The debit balance of every account of every dwelling of a book, matters together.
///
/// # Errors
/// Storage.
pub async fn dwelling_balances(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    as_of: AsOf,
) -> Result<Vec<(DwellingNo, i32, Money)>> {
    let mut values = vec![compound.0.into(), book.number().into()];
    // Without bounds the kept balances say it; with one, the postings do.
    let sql = if as_of == AsOf::default() {
        "SELECT dwelling_no, account, CAST(sum(debit_fen - credit_fen) AS BIGINT) AS fen FROM balance
         WHERE compound_id = $1 AND book = $2 AND dwelling_no > 0
         GROUP BY dwelling_no, account ORDER BY dwelling_no, account"
    } else {
        let (day, known_at) = as_of.bounds();
        values.extend([day.into(), known_at.into()]);
        "SELECT p.dwelling_no, p.account, CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
         FROM posting p JOIN voucher v
           ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
         WHERE p.compound_id = $1 AND p.book = $2 AND p.dwelling_no > 0 AND p.effective_on <= $3
           AND v.recorded_at <= $4
         GROUP BY p.dwelling_no, p.account ORDER BY p.dwelling_no, p.account"
    };
    let mut balances = Vec::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let fen = Money::fen(row.try_get("", "fen")?);
        balances.push((
            DwellingNo(row.try_get("", "dwelling_no")?),
            row.try_get("", "account")?,
            fen,
        ));
    }
    Ok(balances)
}

/// What a matter has moved, by account and dwelling (none: the matter's own), as debits less credits.
///
/// # Errors
/// Storage.
pub async fn matter_balances(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    matter: MatterNo,
) -> Result<Vec<(i32, Option<DwellingNo>, Money)>> {
    let sql = "SELECT account, dwelling_no, debit_fen - credit_fen AS fen FROM balance
               WHERE compound_id = $1 AND book = $2 AND matter_no = $3
               ORDER BY account, dwelling_no";
    let values = vec![compound.0.into(), book.number().into(), matter.0.into()];
    let mut balances = Vec::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let dwelling: i32 = row.try_get("", "dwelling_no")?;
        let dwelling = (dwelling > 0).then_some(DwellingNo(dwelling));
        balances.push((row.try_get("", "account")?, dwelling, Money::fen(row.try_get("", "fen")?)));
    }
    Ok(balances)
}

/// The debit turnover of an account by dwelling and year of the business day. What a split or a merger carried from one dwelling
/// to another was paid in earlier, and is not of the year it was carried in.
pub(crate) async fn turnover_by_year(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    account: i32,
) -> Result<Vec<(DwellingNo, i32, Money)>> {
    let sql =
        "SELECT p.dwelling_no, p.effective_on, CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND p.account = $3 AND v.kind <> 'transfer'
               GROUP BY p.dwelling_no, p.effective_on";
    let values = vec![compound.0.into(), book.number().into(), account.into()];
    let mut turnover = Vec::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let year = chrono::Datelike::year(&day_of(&row, "effective_on")?);
        let fen = Money::fen(row.try_get("", "fen")?);
        turnover.push((DwellingNo(row.try_get("", "dwelling_no")?), year, fen));
    }
    Ok(turnover)
}

/// Every line of a dwelling in a book, by day, then by place in the book.
///
/// # Errors
/// Storage.
pub async fn statement(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    dwelling: DwellingNo,
    as_of: AsOf,
) -> Result<Vec<Movement>> {
    let (day, known_at) = as_of.bounds();
    let sql = "SELECT p.account, p.side, p.amount_fen, p.matter_no, p.effective_on, v.seq, v.year, v.number,
                 v.period, v.recorded_at, v.kind, v.memo, v.evidence, v.reverses_seq
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND p.dwelling_no = $3
                 AND p.effective_on <= $4 AND v.recorded_at <= $5
               ORDER BY p.effective_on, p.seq, p.line";
    let values = vec![
        compound.0.into(),
        book.number().into(),
        dwelling.0.into(),
        day.into(),
        known_at.into(),
    ];
    let found = view.rows(VOUCHERS, sql, values).await?;
    let mut movements = Vec::with_capacity(found.len());
    for row in found {
        let kind: String = row.try_get("", "kind")?;
        let period: i32 = row.try_get("", "period")?;
        let effective_on = day_of(&row, "effective_on")?;
        let year: i16 = row.try_get("", "year")?;
        let matter: i32 = row.try_get("", "matter_no")?;
        let seq = VoucherSeq(row.try_get("", "seq")?);
        let number = row.try_get("", "number")?;
        movements.push(Movement {
            posted: Posted { book, seq, year: i32::from(year), number },
            effective_on,
            recorded_at: Instant::from_seconds(row.try_get("", "recorded_at")?),
            kind: Kind::named(&kind).unwrap_or(Kind::Other),
            memo: row.try_get("", "memo")?,
            evidence: row.try_get("", "evidence")?,
            is_late: crate::calendar::Month::of(effective_on).number() < period,
            account: row.try_get("", "account")?,
            side: Side::of_sign(row.try_get("", "side")?),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            matter: (matter != 0).then_some(MatterNo(matter)),
            reverses: row.try_get::<Option<i32>>("", "reverses_seq")?.map(VoucherSeq),
        });
    }
    Ok(movements)
}

/// Whether a voucher has a line on an account.
pub(crate) async fn touches(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    seq: VoucherSeq,
    account: i32,
) -> Result<bool> {
    let sql = "SELECT 1 FROM posting WHERE compound_id = $1 AND book = $2 AND seq = $3 AND account = $4 LIMIT 1";
    let values = vec![compound.0.into(), book.number().into(), seq.0.into(), account.into()];
    Ok(!view.rows(VOUCHERS, sql, values).await?.is_empty())
}

/// What a dwelling's account moved on a day, or before the first day asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DayTurnover {
    /// Whose.
    pub(crate) dwelling: DwellingNo,
    /// The account.
    pub(crate) account: i32,
    /// The day; none for everything before the first day asked about.
    pub(crate) on: Option<Day>,
    /// Credits less debits.
    pub(crate) credit: Money,
}

/// What the dwellings' accounts of a book moved from one day to another, and what stood before, in no order: one question
/// for a whole compound.
pub(crate) async fn daily_turnover(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    from: Day,
    to: Day,
) -> Result<Vec<DayTurnover>> {
    // What stood before is what stands less what moved since: the years before the first day are not read again.
    let sql = "SELECT dwelling_no, account, NULL AS on_day, credit_fen - debit_fen AS fen FROM balance
               WHERE compound_id = $1 AND book = $2 AND dwelling_no > 0
               UNION ALL
               SELECT p.dwelling_no, p.account, v.effective_on, CAST(sum(-p.side * p.amount_fen) AS BIGINT)
               FROM voucher v
               JOIN posting p ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
               WHERE v.compound_id = $1 AND v.book = $2 AND v.effective_on >= $3 AND p.dwelling_no > 0
               GROUP BY p.dwelling_no, p.account, v.effective_on";
    let values = vec![compound.0.into(), book.number().into(), from.into()];
    let found = view.rows(VOUCHERS, sql, values).await?;
    let mut turnover = Vec::with_capacity(found.len());
    let mut before: BTreeMap<(DwellingNo, i32), Money> = BTreeMap::new();
    for row in found {
        let dwelling = DwellingNo(row.try_get_by_index(0)?);
        let account: i32 = row.try_get_by_index(1)?;
        let on: Option<Day> = row.try_get_by_index(2)?;
        let credit = Money::fen(row.try_get_by_index(3)?);
        let stood = before.entry((dwelling, account)).or_default();
        match on {
            None => *stood += credit,
            Some(day) => {
                *stood -= credit;
                if day <= to {
                    turnover.push(DayTurnover { dwelling, account, on, credit });
                }
            }
        }
    }
    let stood = before.into_iter().filter(|(_, credit)| *credit != Money::ZERO);
    turnover.extend(stood.map(|((dwelling, account), credit)| DayTurnover {
        dwelling,
        account,
        on: None,
        credit,
    }));
    Ok(turnover)
}

/// What moved an account of a dwelling about a matter on a day, by what kind of event. A reversal is told as the event it
/// undoes, on the side that event stood on, so that whoever sorts by kind and side needs to know no reversals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatterTurnover {
    /// Whose.
    pub(crate) dwelling: DwellingNo,
    /// The account.
    pub(crate) account: i32,
    /// About what; none if about nothing.
    pub(crate) matter: Option<MatterNo>,
    /// The business day.
    pub(crate) on: Day,
    /// Of what kind the event is.
    pub(crate) kind: Kind,
    /// On which side the event stands.
    pub(crate) side: Side,
    /// Debits less credits.
    pub(crate) debit: Money,
}

/// What moved two accounts of the dwellings of a book up to a day, in no order: one question for a whole compound, or for one
/// dwelling of it.
pub(crate) async fn matter_turnover(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    accounts: [i32; 2],
    until: Day,
    only: Option<DwellingNo>,
) -> Result<Vec<MatterTurnover>> {
    let one = if only.is_some() { "AND p.dwelling_no = $6" } else { "AND p.dwelling_no > 0" };
    let sql = format!(
        "SELECT dwelling_no, account, matter_no, effective_on, kind, side, CAST(sum(fen) AS BIGINT)
         FROM (SELECT p.dwelling_no, p.account, p.matter_no, p.effective_on, COALESCE(o.kind, v.kind) AS kind,
                 CASE WHEN v.reverses_seq IS NOT NULL AND v.is_red = 0 THEN -p.side ELSE p.side END AS side,
                 p.side * p.amount_fen AS fen
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               LEFT JOIN voucher o
                 ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
               WHERE p.compound_id = $1 AND p.book = $2 AND p.account IN ($3, $4) AND p.effective_on <= $5 {one}) m
         GROUP BY dwelling_no, account, matter_no, effective_on, kind, side"
    );
    let mut values = vec![
        compound.0.into(),
        book.number().into(),
        accounts[0].into(),
        accounts[1].into(),
        until.into(),
    ];
    values.extend(only.map(|no| no.0.into()));
    let mut turnover = Vec::new();
    for row in view.rows(VOUCHERS, &sql, values).await? {
        let kind: String = row.try_get_by_index(4)?;
        let matter: i32 = row.try_get_by_index(2)?;
        turnover.push(MatterTurnover {
            dwelling: DwellingNo(row.try_get_by_index(0)?),
            account: row.try_get_by_index(1)?,
            matter: (matter != 0).then_some(MatterNo(matter)),
            on: row.try_get_by_index(3)?,
            kind: Kind::named(&kind).unwrap_or(Kind::Other),
            side: Side::of_sign(row.try_get_by_index(5)?),
            debit: Money::fen(row.try_get_by_index(6)?),
        });
    }
    Ok(turnover)
}

/// What stands on an account for each dwelling that has something on it, debits less credits.
pub(crate) async fn balances_on(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    account: i32,
) -> Result<Vec<(DwellingNo, Money)>> {
    let sql = "SELECT dwelling_no, CAST(sum(debit_fen - credit_fen) AS BIGINT) FROM balance
               WHERE compound_id = $1 AND book = $2 AND account = $3 AND dwelling_no > 0 AND debit_fen <> credit_fen
               GROUP BY dwelling_no";
    let values = vec![compound.0.into(), book.number().into(), account.into()];
    let mut balances = Vec::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let debit = Money::fen(row.try_get_by_index(1)?);
        balances.push((DwellingNo(row.try_get_by_index(0)?), debit));
    }
    Ok(balances)
}

/// The credit balance of every account of a book that is kept by no dwelling and no matter.
pub(crate) async fn control_balances(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<BTreeMap<i32, Money>> {
    let sql = "SELECT account, CAST(sum(credit_fen - debit_fen) AS BIGINT) FROM balance
               WHERE compound_id = $1 AND book = $2 AND dwelling_no = 0 GROUP BY account";
    let mut balances = BTreeMap::new();
    for row in view.rows(VOUCHERS, sql, vec![compound.0.into(), book.number().into()]).await? {
        balances.insert(row.try_get_by_index(0)?, Money::fen(row.try_get_by_index(1)?));
    }
    Ok(balances)
}

/// A voucher by its name on paper, whole.
///
/// # Errors
/// Storage; `None` if there is no such voucher.
pub async fn find(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    year: i32,
    number: i32,
) -> Result<Option<Voucher>> {
    let sql = "SELECT seq FROM voucher WHERE compound_id = $1 AND book = $2 AND year = $3 AND number = $4";
    let Ok(year) = i16::try_from(year) else { return Ok(None) };
    let values = vec![compound.0.into(), book.number().into(), year.into(), number.into()];
    let found = view.rows(VOUCHERS, sql, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let seq: i32 = row.try_get("", "seq")?;
    Ok(rows::vouchers(view, compound, book, seq, seq).await?.pop())
}

/// A voucher in a list, with whether it has been reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherRow {
    /// The voucher.
    pub voucher: Voucher,
    /// The voucher that reversed it.
    pub reversed_by: Option<VoucherSeq>,
}

/// The vouchers of a book after a place, in order.
///
/// # Errors
/// Storage.
pub async fn vouchers(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    after: VoucherSeq,
    most: i32,
) -> Result<Vec<VoucherRow>> {
    let (first, last) = (after.0.saturating_add(1), after.0.saturating_add(most.clamp(1, 1000)));
    let found = rows::vouchers(view, compound, book, first, last).await?;
    let sql = "SELECT reverses_seq, seq FROM voucher
               WHERE compound_id = $1 AND book = $2 AND reverses_seq BETWEEN $3 AND $4";
    let values = vec![compound.0.into(), book.number().into(), first.into(), last.into()];
    let mut reversed = HashMap::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let original: i32 = row.try_get("", "reverses_seq")?;
        reversed.insert(original, VoucherSeq(row.try_get("", "seq")?));
    }
    let row = |voucher: Voucher| VoucherRow {
        reversed_by: reversed.get(&voucher.posted.seq.0).copied(),
        voucher,
    };
    Ok(found.into_iter().map(row).collect())
}

/// The place and hash of a book's last voucher: its seal. Zeros if the book is empty.
///
/// # Errors
/// Storage.
pub async fn latest(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<(VoucherSeq, [u8; 32])> {
    let sql = "SELECT seq, hash FROM voucher WHERE compound_id = $1 AND book = $2
               ORDER BY seq DESC LIMIT 1";
    let found = view.rows(VOUCHERS, sql, vec![compound.0.into(), book.number().into()]).await?;
    let Some(row) = found.first() else { return Ok((VoucherSeq(0), [0; 32])) };
    let hash: Vec<u8> = row.try_get("", "hash")?;
    Ok((VoucherSeq(row.try_get("", "seq")?), hash.try_into().unwrap_or([0; 32])))
}

/// The vouchers that are the halves of a transfer.
pub(super) async fn halves(tx: &mut Tx, transfer: TransferNo) -> Result<Vec<(Book, VoucherSeq)>> {
    let sql = "SELECT book, seq FROM voucher WHERE compound_id = $1 AND transfer_no = $2 ORDER BY book, seq";
    let values = vec![tx.compound().0.into(), transfer.0.into()];
    let mut halves = Vec::new();
    for row in tx.rows(VOUCHERS, sql, values).await? {
        halves.push((rows::book_of(&row)?, VoucherSeq(row.try_get("", "seq")?)));
    }
    Ok(halves)
}

/// The name of a project that money can be promised to and spent on; none if the matter is none, or of another kind.
///
/// # Errors
/// Storage.
pub(crate) async fn project_name(
    view: &mut impl View,
    compound: CompoundId,
    matter: MatterNo,
) -> Result<Option<String>> {
    let sql =
        "SELECT name FROM matter WHERE compound_id = $1 AND matter_no = $2 AND kind = 'project'";
    let found = view.rows(VOUCHERS, sql, vec![compound.0.into(), matter.0.into()]).await?;
    Ok(found.first().map(|row| row.try_get("", "name")).transpose()?)
}

/// The voucher that reversed this one.
pub(super) async fn reversal_of(tx: &mut Tx, posted: Posted) -> Result<Option<Posted>> {
    let sql = "SELECT seq, year, number FROM voucher
               WHERE compound_id = $1 AND book = $2 AND reverses_seq = $3";
    let book = posted.book;
    let values = vec![tx.compound().0.into(), book.number().into(), posted.seq.0.into()];
    let found = tx.rows(VOUCHERS, sql, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let year: i16 = row.try_get("", "year")?;
    let seq = VoucherSeq(row.try_get("", "seq")?);
    Ok(Some(Posted { book, seq, year: i32::from(year), number: row.try_get("", "number")? }))
}

/// The latest voucher after this one that spends on a project this one spends on, or moves a grant this one moves, and still
/// stands.
pub(super) async fn later_on_a_project(tx: &mut Tx, original: &Voucher) -> Result<Option<Posted>> {
    let mut matters: Vec<i32> =
        original.lines.iter().filter_map(|line| line.matter).map(|m| m.0).collect();
    matters.sort_unstable();
    matters.dedup();
    if matters.is_empty() {
        return Ok(None);
    }
    // Asked first by the key: a file of bills is undone voucher by voucher, and none of them is of a project or a grant.
    let (list, value) = tx.list_of(&matters, 2);
    let sql = format!(
        "SELECT matter_no FROM matter
         WHERE compound_id = $1 AND matter_no {list} AND kind IN ('project', 'grant')"
    );
    let found = tx.rows(VOUCHERS, &sql, vec![tx.compound().0.into(), value]).await?;
    let matters: Vec<i32> =
        found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    if matters.is_empty() {
        return Ok(None);
    }
    let Posted { book, seq, .. } = original.posted;
    let (list, value) = tx.list_of(&matters, 4);
    let sql = format!(
        "SELECT v.seq, v.year, v.number FROM voucher v
         WHERE v.compound_id = $1 AND v.book = $2 AND v.seq > $3 AND v.reverses_seq IS NULL
           AND NOT EXISTS (SELECT 1 FROM voucher r WHERE r.compound_id = v.compound_id AND r.book = v.book
                             AND r.reverses_seq = v.seq)
           AND EXISTS (SELECT 1 FROM posting p
                       WHERE p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
                         AND p.matter_no {list})
         ORDER BY v.seq DESC LIMIT 1"
    );
    let values = vec![tx.compound().0.into(), book.number().into(), seq.0.into(), value];
    named(tx, book, &sql, values).await
}

/// The voucher a query for one names.
async fn named(
    tx: &mut Tx,
    book: Book,
    sql: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Option<Posted>> {
    let found = tx.rows(VOUCHERS, sql, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let year: i16 = row.try_get("", "year")?;
    let seq = VoucherSeq(row.try_get("", "seq")?);
    Ok(Some(Posted { book, seq, year: i32::from(year), number: row.try_get("", "number")? }))
}

/// The latest voucher after this one that pays of what this one owes (the fund's 2001: of the same dwelling or matter), and
/// still stands.
pub(super) async fn later_payment(tx: &mut Tx, original: &Voucher) -> Result<Option<Posted>> {
    let Posted { book, seq, .. } = original.posted;
    let owes = |line: &&Line| {
        let element = book.chart().account(line.account).map(|account| account.element);
        book == Book::Fund && element == Some(Element::Liability) && line.signed().is_negative()
    };
    let Some(owed) = original.lines.iter().find(owes) else { return Ok(None) };
    let sql = "SELECT v.seq, v.year, v.number FROM voucher v
         WHERE v.compound_id = $1 AND v.book = $2 AND v.seq > $3 AND v.reverses_seq IS NULL
           AND NOT EXISTS (SELECT 1 FROM voucher r WHERE r.compound_id = v.compound_id AND r.book = v.book
                             AND r.reverses_seq = v.seq)
           AND EXISTS (SELECT 1 FROM posting p
                       WHERE p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
                         AND p.account = $4 AND p.side = 1 AND p.dwelling_no = $5 AND p.matter_no = $6)
         ORDER BY v.seq DESC LIMIT 1";
    let values = vec![
        tx.compound().0.into(),
        book.number().into(),
        seq.0.into(),
        owed.account.into(),
        owed.dwelling.map_or(0, |dwelling| dwelling.0).into(),
        owed.matter.map_or(0, |matter| matter.0).into(),
    ];
    named(tx, book, sql, values).await
}

/// What every account of a book stands at on its credit side.
pub(super) async fn credits(tx: &mut Tx, book: Book) -> Result<Vec<(i32, Money)>> {
    let sql = "SELECT account, CAST(sum(credit_fen - debit_fen) AS BIGINT) AS fen FROM balance
               WHERE compound_id = $1 AND book = $2 GROUP BY account";
    let values = vec![tx.compound().0.into(), book.number().into()];
    let rows = tx.rows(crate::books::Reads::SETTLED, sql, values).await?;
    let credit = |row: &sea_orm::QueryResult| -> Result<(i32, Money)> {
        Ok((row.try_get("", "account")?, Money::fen(row.try_get("", "fen")?)))
    };
    rows.iter().map(credit).collect()
}

/// The earliest period with a voucher.
pub(super) async fn first_period(
    tx: &mut Tx,
    book: Book,
) -> Result<Option<crate::calendar::Month>> {
    let sql = "SELECT min(period) FROM voucher WHERE compound_id = $1 AND book = $2";
    let values = vec![tx.compound().0.into(), book.number().into()];
    let found = tx.rows(VOUCHERS, sql, values).await?;
    let period = match found.first() {
        Some(row) => row.try_get_by_index::<Option<i32>>(0)?,
        None => None,
    };
    Ok(period.and_then(crate::calendar::Month::from_number))
}

/// Postings by account of the periods after one and up to another, as sums.
pub(super) async fn turnover(
    tx: &mut Tx,
    book: Book,
    after: i32,
    through: i32,
) -> Result<BTreeMap<i32, Totals>> {
    let sql = "SELECT p.account,
                 CAST(sum(CASE WHEN p.side = 1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS debit,
                 CAST(sum(CASE WHEN p.side = -1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS credit
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND v.period > $3 AND v.period <= $4
               GROUP BY p.account";
    let values = vec![tx.compound().0.into(), book.number().into(), after.into(), through.into()];
    let mut totals = BTreeMap::new();
    for row in tx.rows(VOUCHERS, sql, values).await? {
        let (debit, credit) = (row.try_get("", "debit")?, row.try_get("", "credit")?);
        totals.insert(row.try_get("", "account")?, Totals { debit, credit });
    }
    Ok(totals)
}
