//! The maintenance fund of a compound: what each dwelling was to pay in, what it paid, what it has.
//!
//! Owns: `assessment`, `deposit`.
//!
//! Always: a dwelling's balance is its postings over the accounts that bear one, principal and gains apart; Σ dwellings =
//! the control accounts. A first deposit is not taken beyond what was assessed. A bank line is claimed for one deposit.
//! Never: a service fee in the fund's account, or the fund's money in another's (165号令 art. 4).

use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bank;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{CompoundId, DepositNo, DwellingNo, LineNo};
use crate::journal::{self, AsOf, Bearing, Book, Entry, Kind, Line, Movement, Posted};
use crate::money::Money;
use crate::property::Housing;

/// The dwelling has no fund account to pay into: a service room.
pub static AMOUNT: Rule = Rule {
    code: "fund.amount",
    kind: Answer::Shape,
    rule: "交存金额须大于零且不超过 100,000,000,000.00 元",
    remedy: "核对交存金额",
};

/// More would be paid in than was assessed.
pub static OVER_ASSESSMENT: Rule = Rule {
    code: "fund.over-assessment",
    kind: Answer::Refused,
    rule: "首期交存累计不得超过该户应交金额（165号令第七条、第八条：按面积和标准交存）",
    remedy: "核对金额；多交部分退还交款人，续交请选择“续交”",
};

/// A receipt's number is used already.
pub static RECEIPT_USED: Rule = Rule {
    code: "fund.receipt-used",
    kind: Answer::Conflict,
    rule: "专用票据号不得重复使用",
    remedy: "核对票据号；确为同一笔的，无需再记",
};

/// A period that ends before it begins.
pub static PERIOD: Rule = Rule {
    code: "fund.period",
    kind: Answer::Shape,
    rule: "对账期间的起日不得晚于止日",
    remedy: "核对起日与止日；不写止日的，止日是今天",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&AMOUNT, &RECEIPT_USED, &OVER_ASSESSMENT, &PERIOD];

static ASSESSMENT: Table = Table {
    name: "assessment",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("dwelling_no", Column::Int),
        ("due_fen", Column::Big),
        ("standard", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "ON CONFLICT (compound_id, dwelling_no) DO UPDATE
                  SET due_fen = excluded.due_fen, standard = excluded.standard, act_no = excluded.act_no",
};

static DEPOSIT: Table = Table {
    name: "deposit",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("deposit_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("kind", Column::Text),
        ("amount_fen", Column::Big),
        ("received_on", Column::Day),
        ("receipt_no", Column::Text),
        ("line_no", Column::SomeInt),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const DEPOSITS: Reads = Reads(&[&ASSESSMENT, &DEPOSIT]);

/// The accounts a dwelling's money is kept in, which its housing decides (财会〔2020〕7号: the two kinds apart).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accounts {
    pub(crate) deposit_income: i32,
    pub(crate) repair: i32,
    pub(crate) refund: i32,
    pub(crate) fund: i32,
    pub(crate) gains: i32,
    pub(crate) interest: i32,
}

/// 1001 银行存款.
pub(crate) const BANK: i32 = 1001;

impl Accounts {
    pub(crate) fn of(housing: Housing) -> Accounts {
        match housing {
            Housing::Commodity => Accounts {
                deposit_income: 400_101,
                repair: 500_101,
                refund: 510_101,
                fund: 3001,
                gains: 310_101,
                interest: 410_101,
            },
            Housing::SoldPublic => Accounts {
                deposit_income: 400_102,
                repair: 500_102,
                refund: 510_102,
                fund: 300_201,
                gains: 310_102,
                interest: 410_102,
            },
        }
    }
}

/// What a dwelling is to pay in at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// What it owes the fund at first.
    #[serde(rename = "due_fen")]
    pub due: Money,
    /// The standard, in words: `电梯 90 元/㎡`.
    pub standard: String,
}

/// Records what dwellings are to pay in at first, as a register or an authority says.
pub async fn assess(tx: &mut Tx, assessments: &[Assessment]) -> Result<()> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    for a in assessments {
        let row = [
            compound.into(),
            a.dwelling_no.0.into(),
            a.due.in_fen().into(),
            (&a.standard).into(),
            act.into(),
        ];
        tx.put(&ASSESSMENT, &row);
        tx.put_is_due().await?;
    }
    Ok(())
}

/// Takes assessments back that an import made by mistake.
pub(crate) async fn withdraw_assessments(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<()> {
    let numbers: Vec<i32> = dwellings.iter().map(|d| d.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let sql = format!("DELETE FROM assessment WHERE compound_id = $1 AND dwelling_no {list}");
    tx.exec(&sql, vec![tx.compound().0.into(), value]).await?;
    Ok(())
}

/// What kind of deposit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "交存种类：initial 首期，top-up 续交，rebuild 补建")]
pub enum DepositKind {
    /// 首期交存.
    #[schemars(description = "首期交存")]
    Initial,
    /// 续交.
    #[schemars(description = "续交")]
    TopUp,
    /// 补建.
    #[schemars(description = "补建")]
    Rebuild,
}

impl DepositKind {
    const fn name(self) -> &'static str {
        match self {
            DepositKind::Initial => "initial",
            DepositKind::TopUp => "top-up",
            DepositKind::Rebuild => "rebuild",
        }
    }

    const fn in_chinese(self) -> &'static str {
        match self {
            DepositKind::Initial => "首期交存",
            DepositKind::TopUp => "续交",
            DepositKind::Rebuild => "补建交存",
        }
    }
}

/// Where a deposit's money was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Seen {
    /// On a line of the special account's statement, which says amount and day.
    BankLine {
        /// The line.
        line_no: LineNo,
    },
    /// By somebody, by hand.
    Hand {
        /// How much.
        #[serde(rename = "amount_fen")]
        amount: Money,
        /// The day it was received.
        received_on: Day,
    },
}

/// A deposit to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// The dwelling it is for.
    pub dwelling_no: DwellingNo,
    /// What kind.
    pub kind: DepositKind,
    /// Where it was seen.
    #[serde(flatten)]
    pub seen: Seen,
    /// The special receipt's number (专用票据), empty if none was issued yet.
    #[serde(default)]
    pub receipt_no: String,
}

/// A recorded deposit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// Its number.
    pub deposit_no: DepositNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// The day it was received.
    pub received_on: Day,
}

/// Records a deposit: Dr 1001 / Cr 4001 (财会〔2020〕7号, usage of 4001).
///
/// # Errors
/// `property.no-dwelling`, those of `bank::incoming`, `fund.amount`, `fund.receipt-used`, `fund.over-assessment`, those
/// of [`journal::post`].
pub async fn deposit(tx: &mut Tx, deposit: &Deposit) -> Result<Deposited> {
    let place = place_of(tx, deposit.dwelling_no).await?;
    let line = match deposit.seen {
        Seen::BankLine { line_no } => Some(bank::incoming(tx, Book::Fund, line_no).await?),
        Seen::Hand { .. } => None,
    };
    let standing = initial_standing(tx, deposit.dwelling_no, &deposit.receipt_no).await?;

    let (amount, received_on) = match (&deposit.seen, &line) {
        (_, Some(line)) => (line.inflow, line.occurred_on),
        (Seen::Hand { amount, received_on }, _) => (*amount, *received_on),
        (Seen::BankLine { .. }, None) => (Money::ZERO, tx.at().day()),
    };
    may_deposit(deposit, amount, &standing)?;

    let entry = Entry {
        book: Book::Fund,
        effective_on: received_on,
        kind: Kind::Deposit,
        memo: format!("{} {}", deposit.kind.in_chinese(), place.code),
        source: line.as_ref().map_or("柜台".to_owned(), |line| format!("银行流水 {}", line.no)),
        evidence: deposit.receipt_no.clone(),
        lines: vec![
            Line::debit(BANK, amount),
            Line::credit(Accounts::of(place.housing).deposit_income, amount)
                .of(deposit.dwelling_no),
        ],
    };
    let voucher = journal::post(tx, entry).await?;
    if let Some(line) = &line {
        bank::claim(tx, line, voucher.seq);
    }
    let line_no = line.as_ref().map(|line| line.no);
    let kept = Kept { kind: deposit.kind.name(), amount, received_on, line_no, voucher };
    let deposit_no = keep(tx, deposit.dwelling_no, &deposit.receipt_no, kept);
    Ok(Deposited { deposit_no, voucher, amount_fen: amount, received_on })
}

fn may_deposit(deposit: &Deposit, amount: Money, standing: &Initial) -> Result<(), Refusal> {
    if !amount.is_positive() || !amount.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", amount.grouped())));
    }
    if let Some(used) = standing.receipt_used_by {
        let evidence = format!("票据号 {} 已用于第 {used} 笔交存", deposit.receipt_no);
        return Err(RECEIPT_USED.refuse(evidence).with("deposit_no", used.0));
    }
    let Some(due) = standing.due.filter(|_| deposit.kind == DepositKind::Initial) else {
        return Ok(());
    };
    if standing.paid + amount > due {
        let evidence = format!(
            "应交 {} 元，已交 {} 元，本次 {} 元",
            due.grouped(),
            standing.paid.grouped(),
            amount.grouped()
        );
        let refusal = OVER_ASSESSMENT.refuse(evidence).with("due_fen", due.in_fen());
        let refusal = refusal.with("paid_fen", standing.paid.in_fen());
        return Err(refusal.with("asked_fen", amount.in_fen()));
    }
    Ok(())
}

/// What a deposit's row keeps beside its dwelling.
pub(crate) struct Kept {
    pub(crate) kind: &'static str,
    pub(crate) amount: Money,
    pub(crate) received_on: Day,
    pub(crate) line_no: Option<LineNo>,
    pub(crate) voucher: Posted,
}

/// Keeps the row of a deposit whose voucher is posted.
pub(crate) fn keep(tx: &mut Tx, dwelling: DwellingNo, receipt_no: &str, kept: Kept) -> DepositNo {
    let no = DepositNo(tx.next_no("deposit"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        dwelling.0.into(),
        kept.kind.into(),
        kept.amount.in_fen().into(),
        kept.received_on.into(),
        receipt_no.into(),
        kept.line_no.map(|line| line.0).into(),
        kept.voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&DEPOSIT, &row);
    no
}

/// What a verb must know of a dwelling.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) code: String,
    pub(crate) housing: Housing,
}

/// A dwelling's code and housing.
pub(crate) async fn place_of(tx: &mut Tx, dwelling: DwellingNo) -> Result<Place> {
    crate::property::place(tx, dwelling).await.map(|(code, housing)| Place { code, housing })
}

/// What stands of a dwelling's first deposit.
struct Initial {
    due: Option<Money>,
    paid: Money,
    receipt_used_by: Option<DepositNo>,
}

async fn initial_standing(tx: &mut Tx, dwelling: DwellingNo, receipt_no: &str) -> Result<Initial> {
    let compound = tx.compound().0;
    let sql = "SELECT a.due_fen, NULL AS deposit_no FROM assessment a
                 WHERE a.compound_id = $1 AND a.dwelling_no = $2
               UNION ALL
               SELECT NULL, d.deposit_no FROM deposit d
                 WHERE d.compound_id = $1 AND d.receipt_no = $3 AND d.receipt_no <> ''
                   AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = d.compound_id
                                     AND v.book = $4 AND v.reverses_seq = d.voucher_seq)";
    let book = Book::Fund.number();
    let values = vec![compound.into(), dwelling.0.into(), receipt_no.into(), book.into()];
    let mut standing = Initial { due: None, paid: Money::ZERO, receipt_used_by: None };
    for row in tx.rows(DEPOSITS, sql, values).await? {
        if let Some(due) = row.try_get::<Option<i64>>("", "due_fen")? {
            standing.due = Some(Money::fen(due));
        }
        if let Some(no) = row.try_get::<Option<i32>>("", "deposit_no")? {
            standing.receipt_used_by = Some(DepositNo(no));
        }
    }
    // What was paid in is what the deposit income account says, so a reversed deposit does not count.
    let is_income = |account: i32| account / 100 == 4001;
    let balances = journal::balances_of(tx, Book::Fund, dwelling).await?;
    let paid = balances.iter().filter(|b| is_income(b.account)).map(|b| -b.debit_balance());
    standing.paid = paid.sum();
    Ok(standing)
}

/// Principal and gains, apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "分户余额")]
pub struct FundBalance {
    /// 本金.
    #[serde(rename = "principal_fen")]
    #[schemars(description = "本金：分", example = 800000)]
    pub principal: Money,
    /// 增值收益.
    #[serde(rename = "gains_fen")]
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains: Money,
}

impl FundBalance {
    /// Both together.
    #[must_use]
    pub fn total(self) -> Money {
        self.principal + self.gains
    }

    fn bear(&mut self, account: i32, credit: Money) {
        match Book::Fund.chart().account(account).and_then(|a| a.bearing) {
            Some(Bearing::Principal) => self.principal += credit,
            Some(Bearing::Gains) => self.gains += credit,
            None => {}
        }
    }
}

/// A movement of a dwelling's fund, with the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundMovement {
    /// The movement.
    pub movement: Movement,
    /// What it adds; negative if it takes.
    pub change: FundBalance,
    /// What there is after it.
    pub after: FundBalance,
}

/// A dwelling's fund account over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it was to pay in at first, and by which standard.
    pub assessment: Option<Assessment>,
    /// The day of its first deposit.
    pub first_deposit_on: Option<Day>,
    /// What it paid in at first, all deposits together.
    pub deposited: Money,
    /// What there was before the period.
    pub opening: FundBalance,
    /// What moved in the period.
    pub movements: Vec<FundMovement>,
    /// What there is at its end.
    pub closing: FundBalance,
}

/// A dwelling's fund account from a day on, as of another, as known at an instant.
///
/// # Errors
/// `fund.period`, storage.
pub async fn account(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
    from: Option<Day>,
    as_of: AsOf,
) -> Result<Account> {
    if let (Some(from), Some(until)) = (from, as_of.day)
        && from > until
    {
        return Err(PERIOD.refuse(format!("{from} 至 {until}")).into());
    }
    let assessment = assessments(view, compound, Some(dwelling)).await?.pop();
    let movements = journal::statement(view, compound, Book::Fund, dwelling, as_of).await?;
    let mut account = Account {
        assessment,
        first_deposit_on: None,
        deposited: Money::ZERO,
        opening: FundBalance::default(),
        movements: Vec::new(),
        closing: FundBalance::default(),
    };
    for movement in movements {
        let mut change = FundBalance::default();
        change.bear(movement.account, -movement.signed());
        if change == FundBalance::default() {
            continue;
        }
        if movement.account / 100 == 4001 {
            account.first_deposit_on = account.first_deposit_on.or(Some(movement.effective_on));
            account.deposited += change.principal;
        }
        account.closing.principal += change.principal;
        account.closing.gains += change.gains;
        if from.is_some_and(|from| movement.effective_on < from) {
            account.opening = account.closing;
        } else {
            account.movements.push(FundMovement { movement, change, after: account.closing });
        }
    }
    Ok(account)
}

/// What dwellings were to pay in at first: one, or all of a compound.
///
/// # Errors
/// Storage.
pub async fn assessments(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: Option<DwellingNo>,
) -> Result<Vec<Assessment>> {
    let only = if dwelling.is_some() { "AND dwelling_no = $2" } else { "" };
    let sql = format!(
        "SELECT dwelling_no, due_fen, standard FROM assessment WHERE compound_id = $1 {only}
         ORDER BY dwelling_no"
    );
    let mut values = vec![compound.0.into()];
    values.extend(dwelling.map(|d| d.0.into()));
    let mut assessments = Vec::new();
    for row in view.rows(DEPOSITS, &sql, values).await? {
        assessments.push(Assessment {
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            due: Money::fen(row.try_get("", "due_fen")?),
            standard: row.try_get("", "standard")?,
        });
    }
    Ok(assessments)
}

/// What every dwelling has in the fund, as of a day, as known at an instant. One that never had anything is not named.
///
/// # Errors
/// Storage.
pub async fn balances(
    view: &mut impl View,
    compound: CompoundId,
    as_of: AsOf,
) -> Result<BTreeMap<DwellingNo, FundBalance>> {
    let mut balances: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    for (dwelling, account, debit_balance) in
        journal::dwelling_balances(view, compound, Book::Fund, as_of).await?
    {
        balances.entry(dwelling).or_default().bear(account, -debit_balance);
    }
    Ok(balances)
}

/// The receipts' numbers that are used.
pub(crate) async fn receipts_used(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashSet<String>> {
    // A reversed deposit gives its receipt's number free: an import undone can come again.
    let sql = "SELECT d.receipt_no FROM deposit d
               WHERE d.compound_id = $1 AND d.receipt_no <> '' AND NOT EXISTS (
                 SELECT 1 FROM voucher v WHERE v.compound_id = d.compound_id AND v.book = $2
                   AND v.reverses_seq = d.voucher_seq)";
    let values = vec![compound.0.into(), Book::Fund.number().into()];
    let mut used = HashSet::new();
    for row in view.rows(DEPOSITS, sql, values).await? {
        used.insert(row.try_get_by_index(0)?);
    }
    Ok(used)
}

/// What each dwelling paid in, by year, refunds of the same year taken off.
pub(crate) async fn deposited_by_year(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<(DwellingNo, i32), Money>> {
    let mut deposited: HashMap<(DwellingNo, i32), Money> = HashMap::new();
    for account in [400_101, 400_102] {
        for (dwelling, year, debit) in
            journal::turnover_by_year(view, compound, Book::Fund, account).await?
        {
            *deposited.entry((dwelling, year)).or_default() -= debit;
        }
    }
    Ok(deposited)
}

/// What each dwelling paid in at first, deposits that were reversed left out.
///
/// # Errors
/// Storage.
pub async fn first_deposits(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<BTreeMap<DwellingNo, Money>> {
    let sql = "SELECT d.dwelling_no, CAST(sum(d.amount_fen) AS BIGINT) AS fen FROM deposit d
               WHERE d.compound_id = $1 AND d.kind = 'initial' AND NOT EXISTS (
                 SELECT 1 FROM voucher v WHERE v.compound_id = d.compound_id AND v.book = $2
                   AND v.reverses_seq = d.voucher_seq)
               GROUP BY d.dwelling_no";
    let values = vec![compound.0.into(), Book::Fund.number().into()];
    let mut deposits = BTreeMap::new();
    for row in view.rows(DEPOSITS, sql, values).await? {
        let fen = Money::fen(row.try_get("", "fen")?);
        deposits.insert(DwellingNo(row.try_get("", "dwelling_no")?), fen);
    }
    Ok(deposits)
}
