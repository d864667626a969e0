//! Service fees of a compound: what was billed, what was paid, what is owed.
//!
//! Owns: `bill`, `payment`.
//!
//! Always: a bill is a matter of the journal, and what is still owed on it is its receivable's balance: there is no second
//! figure that could differ. A payment settles the oldest bills first; what is left over is prepaid, and a new bill
//! takes from what is prepaid. arrears + paid = billed. Never: the owners' money (that is the fund's and the revenue's).

mod open;

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bank;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{CompoundId, DwellingNo, LineNo, MatterNo, PaymentNo};
use crate::journal::{self, AsOf, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property;
use crate::seal::may_stand_in_clear;

pub use open::{OpenItem, Standing, open_items, standing_payments};

/// An amount is nothing, or too much.
pub static AMOUNT: Rule = Rule {
    code: "fees.amount",
    kind: Answer::Shape,
    rule: "金额须大于零且不超过 100,000,000,000.00 元",
    remedy: "核对金额",
};

/// A bill's period ends before it begins.
pub static PERIOD: Rule = Rule {
    code: "fees.period",
    kind: Answer::Shape,
    rule: "计费期间的止日不得早于起日",
    remedy: "核对计费期间",
};

/// The item has no name.
pub static ITEM: Rule = Rule {
    code: "fees.item",
    kind: Answer::Shape,
    rule: "收费项目须为 1 至 40 个字",
    remedy: "填写收费项目，例如 物业费",
};

/// The dwelling was billed for the item and period already.
pub static BILLED: Rule = Rule {
    code: "fees.billed",
    kind: Answer::Conflict,
    rule: "同一房屋、同一收费项目、同一期间只出一张账单",
    remedy: "核对期间；账单有误的请冲销后重出",
};

/// No line of the request names a dwelling of the compound.
pub static NO_BILLS: Rule = Rule {
    code: "fees.no-bills",
    kind: Answer::Shape,
    rule: "每批账单 1 至 20000 户",
    remedy: "补上账单明细，或分批出账",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&ITEM, &PERIOD, &NO_BILLS, &AMOUNT, &BILLED];

static BILL: Table = Table {
    name: "bill",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("matter_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("item", Column::Text),
        ("from_on", Column::Day),
        ("to_on", Column::Day),
        ("due_on", Column::Day),
        ("amount_fen", Column::Big),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static PAYMENT: Table = Table {
    name: "payment",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("payment_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("amount_fen", Column::Big),
        ("settled_fen", Column::Big),
        ("method", Column::Text),
        ("received_on", Column::Day),
        ("reference", Column::Text),
        ("payer", Column::Text),
        ("line_no", Column::SomeInt),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const BILLS: Reads = Reads(&[&BILL]);
const PAYMENTS: Reads = Reads(&[&PAYMENT]);

/// 1122 应收账款.
pub(crate) const RECEIVABLE: i32 = 1122;
/// 2203 预收账款.
pub(crate) const PREPAID: i32 = 2203;
/// 6001 主营业务收入.
const REVENUE: i32 = 6001;

/// How a payment was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "缴费方式")]
pub enum Method {
    /// 现金.
    #[schemars(description = "现金")]
    Cash,
    /// 转账.
    #[schemars(description = "转账")]
    Transfer,
    /// 微信.
    #[schemars(description = "微信")]
    Wechat,
    /// 支付宝.
    #[schemars(description = "支付宝")]
    Alipay,
    /// POS 刷卡.
    #[schemars(description = "刷卡")]
    Pos,
    /// 支票.
    #[schemars(description = "支票")]
    Cheque,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 7] = [
        Method::Cash,
        Method::Transfer,
        Method::Wechat,
        Method::Alipay,
        Method::Pos,
        Method::Cheque,
        Method::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Method::Cash => "cash",
            Method::Transfer => "transfer",
            Method::Wechat => "wechat",
            Method::Alipay => "alipay",
            Method::Pos => "pos",
            Method::Cheque => "cheque",
            Method::Other => "other",
        }
    }

    /// The word on a receipt.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Method::Cash => "现金",
            Method::Transfer => "转账",
            Method::Wechat => "微信",
            Method::Alipay => "支付宝",
            Method::Pos => "POS",
            Method::Cheque => "支票",
            Method::Other => "其他",
        }
    }

    /// The method a clerk's word means; [`Method::Other`] if none.
    #[must_use]
    pub fn read(word: &str) -> Method {
        let has = |words: &[&str]| words.iter().any(|w| word.to_lowercase().contains(w));
        match word {
            _ if has(&["现金"]) => Method::Cash,
            _ if has(&["微信", "wechat"]) => Method::Wechat,
            _ if has(&["支付宝", "alipay"]) => Method::Alipay,
            _ if has(&["pos", "刷卡"]) => Method::Pos,
            _ if has(&["支票"]) => Method::Cheque,
            _ if has(&["转账", "银行", "汇款", "托收"]) => Method::Transfer,
            _ => Method::Other,
        }
    }

    /// Where its money lies until it is banked.
    pub(crate) const fn account(self) -> i32 {
        match self {
            Method::Cash => 1001,
            Method::Wechat => 101_201,
            Method::Alipay => 101_202,
            Method::Pos => 101_203,
            Method::Transfer | Method::Cheque | Method::Other => 1002,
        }
    }
}

/// Bills of one item and period to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// What is charged: 物业费.
    pub item: String,
    /// The first day charged for.
    pub from_on: Day,
    /// The last day charged for.
    pub to_on: Day,
    /// The day by which it is to be paid; the last day charged for if none is said.
    #[serde(default)]
    pub due_on: Option<Day>,
    /// Who is charged how much.
    pub bills: Vec<Charge>,
}

/// What a dwelling is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
}

/// Published bills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The voucher of the receivables.
    pub voucher: Posted,
    /// The voucher that took from what was prepaid, if anything was.
    pub prepaid_voucher: Option<Posted>,
    /// The bills, as charged.
    pub bills: Vec<MatterNo>,
    /// Σ of them.
    pub total_fen: Money,
    /// What was taken from prepaid.
    pub prepaid_fen: Money,
}

/// Publishes bills: Dr 1122 per bill / Cr 6001, on the first day charged for (or today, if that is yet to come). What a
/// dwelling has prepaid is taken at once.
///
/// # Errors
/// `fees.item`, `fees.period`, `fees.no-bills`, `fees.amount`, `property.no-dwelling`, `fees.billed`, those of
/// [`journal::post`].
pub async fn bill(tx: &mut Tx, billing: &Billing) -> Result<Billed> {
    let compound = tx.compound();
    let days = (billing.from_on, billing.to_on);
    let known = property::numbers_within(tx, compound, days).await?;
    let billed = billed_already(tx, &billing.item, billing.from_on, billing.to_on).await?;
    let prepaid = prepaid_of_all(tx).await?;

    may_bill(billing, &known, &billed)?;
    let total: Money = billing.bills.iter().map(|b| b.amount).sum();
    let effective_on = billing.from_on.min(tx.at().day());

    let name = format!("{} {}~{}", billing.item, billing.from_on, billing.to_on);
    let matters: Vec<MatterNo> =
        billing.bills.iter().map(|_| journal::open_matter(tx, "bill", &name)).collect();
    let charged = billing.bills.iter().zip(&matters);
    let lines = charged
        .map(|(b, matter)| Line::debit(RECEIVABLE, b.amount).of(b.dwelling_no).about(*matter))
        .chain([Line::credit(REVENUE, total)])
        .collect();
    let entry = Entry {
        book: Book::Service,
        effective_on,
        kind: Kind::Bill,
        memo: format!("{name} 应收 {} 户", billing.bills.len()),
        source: String::new(),
        evidence: String::new(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    keep_bills(tx, billing, &matters, voucher).await?;
    let taken = take_prepaid(tx, billing, &matters, prepaid, effective_on).await?;
    let (prepaid_voucher, prepaid_fen) = taken.map_or((None, Money::ZERO), |(v, m)| (Some(v), m));
    Ok(Billed { voucher, prepaid_voucher, bills: matters, total_fen: total, prepaid_fen })
}

fn may_bill(
    billing: &Billing,
    known: &BTreeMap<DwellingNo, String>,
    billed: &HashMap<DwellingNo, MatterNo>,
) -> Result<(), Refusal> {
    let item_length = billing.item.trim().chars().count();
    if !(1..=40).contains(&item_length) || billing.item.chars().any(char::is_control) {
        return Err(ITEM.refuse(format!("{item_length} 个字")));
    }
    may_stand_in_clear("收费项目", &billing.item)?;
    if billing.to_on < billing.from_on {
        return Err(PERIOD.refuse(format!("{} 至 {}", billing.from_on, billing.to_on)));
    }
    if billing.bills.is_empty() || billing.bills.len() >= journal::voucher::LINES_MOST {
        return Err(NO_BILLS.refuse(format!("{} 户", billing.bills.len())));
    }
    let mut seen = HashMap::new();
    for Charge { dwelling_no, amount } in &billing.bills {
        let Some(code) = known.get(dwelling_no) else {
            return Err(property::NO_DWELLING.refuse(format!("房屋编号 {dwelling_no}")));
        };
        if !amount.is_positive() || !amount.is_within_limit() {
            return Err(AMOUNT.refuse(format!("{code}：{} 元", amount.grouped())));
        }
        if billed.contains_key(dwelling_no) || seen.insert(*dwelling_no, ()).is_some() {
            let evidence =
                format!("{code} {} {} 至 {}", billing.item, billing.from_on, billing.to_on);
            return Err(BILLED.refuse(evidence).with("dwelling_no", dwelling_no.0));
        }
    }
    Ok(())
}

async fn keep_bills(
    tx: &mut Tx,
    billing: &Billing,
    matters: &[MatterNo],
    voucher: Posted,
) -> Result<()> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    for (charge, matter) in billing.bills.iter().zip(matters) {
        let row = [
            compound.into(),
            matter.0.into(),
            charge.dwelling_no.0.into(),
            (&billing.item).into(),
            billing.from_on.into(),
            billing.to_on.into(),
            billing.due_on.unwrap_or(billing.to_on).into(),
            charge.amount.in_fen().into(),
            voucher.seq.0.into(),
            act.into(),
        ];
        tx.put(&BILL, &row);
        tx.put_is_due().await?;
    }
    Ok(())
}

/// Settles fresh bills from what their dwellings have prepaid.
async fn take_prepaid(
    tx: &mut Tx,
    billing: &Billing,
    matters: &[MatterNo],
    prepaid: BTreeMap<DwellingNo, Money>,
    on: Day,
) -> Result<Option<(Posted, Money)>> {
    let mut lines = Vec::new();
    let mut taken = Money::ZERO;
    for (charge, matter) in billing.bills.iter().zip(matters) {
        let has = prepaid.get(&charge.dwelling_no).copied().unwrap_or_default();
        let take = has.min(charge.amount);
        if take.is_positive() {
            taken += take;
            lines.push(Line::debit(PREPAID, take).of(charge.dwelling_no));
            lines.push(Line::credit(RECEIVABLE, take).of(charge.dwelling_no).about(*matter));
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let entry = Entry {
        book: Book::Service,
        effective_on: on,
        kind: Kind::Payment,
        memo: format!("预收抵扣 {}", billing.item),
        source: String::new(),
        evidence: String::new(),
        lines,
    };
    Ok(Some((journal::post(tx, entry).await?, taken)))
}

async fn billed_already(
    tx: &mut Tx,
    item: &str,
    from: Day,
    to: Day,
) -> Result<HashMap<DwellingNo, MatterNo>> {
    // A bill whose voucher was reversed is as if it had not been.
    let sql = "SELECT b.dwelling_no, b.matter_no FROM bill b
               WHERE b.compound_id = $1 AND b.item = $2 AND b.from_on = $3 AND b.to_on = $4
                 AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = b.compound_id
                                   AND v.book = $5 AND v.reverses_seq = b.voucher_seq)";
    let book = Book::Service.number();
    let values = vec![tx.compound().0.into(), item.into(), from.into(), to.into(), book.into()];
    tx.flush().await?;
    let mut billed = HashMap::new();
    for row in tx.rows(BILLS, sql, values).await? {
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        billed.insert(dwelling, MatterNo(row.try_get("", "matter_no")?));
    }
    Ok(billed)
}

/// The bills of an item and period that stand: their number, what is owed on them, their voucher.
pub(crate) async fn open_bills_of(
    tx: &mut Tx,
    item: &str,
    from: Day,
    to: Day,
) -> Result<HashMap<DwellingNo, (MatterNo, Money, i32)>> {
    let billed = billed_already(tx, item, from, to).await?;
    if billed.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT b.dwelling_no, b.matter_no, b.voucher_seq,
                 CAST(COALESCE(sum(l.debit_fen - l.credit_fen), 0) AS BIGINT) AS open_fen
               FROM bill b LEFT JOIN balance l
                 ON l.compound_id = b.compound_id AND l.book = $5 AND l.dwelling_no = b.dwelling_no
                 AND l.account = $6 AND l.matter_no = b.matter_no
               WHERE b.compound_id = $1 AND b.item = $2 AND b.from_on = $3 AND b.to_on = $4
               GROUP BY b.dwelling_no, b.matter_no, b.voucher_seq";
    let book = Book::Service.number();
    let values = vec![
        tx.compound().0.into(),
        item.into(),
        from.into(),
        to.into(),
        book.into(),
        RECEIVABLE.into(),
    ];
    let mut bills = HashMap::new();
    for row in tx.rows(BILLS, sql, values).await? {
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        let bill = MatterNo(row.try_get("", "matter_no")?);
        if billed.get(&dwelling) == Some(&bill) {
            let open = Money::fen(row.try_get("", "open_fen")?);
            bills.insert(dwelling, (bill, open, row.try_get("", "voucher_seq")?));
        }
    }
    Ok(bills)
}

/// The vouchers that published the bills which were made by the same act as some vouchers.
pub(crate) async fn bill_vouchers_of(tx: &mut Tx, vouchers: &[i32]) -> Result<Vec<i32>> {
    let (list, value) = tx.list_of(vouchers, 2);
    let sql = format!(
        "SELECT DISTINCT b.voucher_seq FROM bill b
         WHERE b.compound_id = $1 AND b.act_no IN
           (SELECT v.act_no FROM voucher v WHERE v.compound_id = $1 AND v.book = $3 AND v.seq {list})
         ORDER BY b.voucher_seq"
    );
    let book = Book::Service.number();
    let mut found = Vec::new();
    for row in tx.rows(BILLS, &sql, vec![tx.compound().0.into(), value, book.into()]).await? {
        found.push(row.try_get_by_index(0)?);
    }
    Ok(found)
}

async fn prepaid_of_all(tx: &mut Tx) -> Result<BTreeMap<DwellingNo, Money>> {
    let compound = tx.compound();
    let balances = journal::dwelling_balances(tx, compound, Book::Service, AsOf::default()).await?;
    let prepaid = balances.into_iter().filter(|(_, account, _)| *account == PREPAID);
    Ok(prepaid.map(|(dwelling, _, debit)| (dwelling, -debit)).collect())
}

/// A payment to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The dwelling it is for.
    pub dwelling_no: DwellingNo,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
    /// How it was made.
    pub method: Method,
    /// The day it was received.
    pub received_on: Day,
    /// The transaction's number, a cheque's number; empty if none.
    #[serde(default)]
    pub reference: String,
    /// Who paid, if not an owner.
    #[serde(default)]
    pub payer: String,
    /// The bank line it was seen on. Then amount and day must be the line's.
    #[serde(default)]
    pub line_no: Option<LineNo>,
}

/// A bill's part of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "本次结清的账单")]
pub struct Settled {
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was settled of it.
    #[schemars(description = "本次结清：分", example = 10000)]
    pub amount_fen: Money,
    /// What is still owed on it.
    #[schemars(description = "尚欠：分", example = 0)]
    pub left_fen: Money,
}

/// A recorded payment: what a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// Its number; also the receipt's.
    pub payment_no: PaymentNo,
    /// Its voucher.
    pub voucher: Posted,
    /// The bills it settled, oldest first.
    pub settled: Vec<Settled>,
    /// What was left over.
    pub prepaid_fen: Money,
}

/// A bill with something owed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBill {
    /// The bill.
    pub no: MatterNo,
    /// What is owed on it.
    pub open: Money,
}

/// Records a payment: Dr money / Cr 1122 per bill, oldest first, remainder Cr 2203.
///
/// # Errors
/// `property.no-dwelling`, those of `bank::incoming`, `fees.amount`, those of [`journal::post`].
pub async fn pay(tx: &mut Tx, payment: &Payment) -> Result<Paid> {
    may_stand_in_clear("付款人", &payment.payer)?;
    let (code, _) = property::place(tx, payment.dwelling_no).await?;
    let line = match payment.line_no {
        Some(no) => Some(bank::incoming(tx, Book::Service, no).await?),
        None => None,
    };
    let open = open_bills(tx, payment.dwelling_no).await?;

    let is_of_line = line
        .as_ref()
        .is_none_or(|l| l.inflow == payment.amount && l.occurred_on == payment.received_on);
    if !payment.amount.is_positive() || !payment.amount.is_within_limit() || !is_of_line {
        let seen = line.map_or(String::new(), |l| {
            format!("；流水为 {} {} 元", l.occurred_on, l.inflow.grouped())
        });
        return Err(AMOUNT.refuse(format!("{} 元{seen}", payment.amount.grouped())).into());
    }
    let (settled, prepaid) = apply(&open, payment.amount);

    let dwelling = payment.dwelling_no;
    let mut lines = vec![Line::debit(payment.method.account(), payment.amount)];
    let receivable =
        |s: &Settled| Line::credit(RECEIVABLE, s.amount_fen).of(dwelling).about(s.bill_no);
    lines.extend(settled.iter().map(receivable));
    if prepaid.is_positive() {
        lines.push(Line::credit(PREPAID, prepaid).of(dwelling));
    }
    let entry = Entry {
        book: Book::Service,
        effective_on: payment.received_on,
        kind: Kind::Payment,
        memo: format!("{} 缴费（{}）", code, payment.method.in_chinese()),
        source: line.as_ref().map_or("柜台".to_owned(), |line| format!("银行流水 {}", line.no)),
        evidence: payment.reference.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    if let Some(line) = &line {
        bank::claim(tx, line, voucher.seq);
    }
    let payment_no = keep_payment(tx, payment, payment.amount - prepaid, voucher);
    Ok(Paid { payment_no, voucher, settled, prepaid_fen: prepaid })
}

/// Spreads an amount over open bills, oldest first; what is left over is prepaid.
#[must_use]
pub fn apply(open: &[OpenBill], amount: Money) -> (Vec<Settled>, Money) {
    let mut left = amount;
    let mut settled = Vec::new();
    for bill in open {
        let part = left.min(bill.open);
        if part.is_positive() {
            left -= part;
            settled.push(Settled {
                bill_no: bill.no,
                amount_fen: part,
                left_fen: bill.open - part,
            });
        }
    }
    (settled, left)
}

/// Keeps the row of a payment whose voucher is posted.
pub(crate) fn keep_payment(
    tx: &mut Tx,
    payment: &Payment,
    settled: Money,
    voucher: Posted,
) -> PaymentNo {
    let no = PaymentNo(tx.next_no("payment"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        payment.dwelling_no.0.into(),
        payment.amount.in_fen().into(),
        settled.in_fen().into(),
        payment.method.name().into(),
        payment.received_on.into(),
        payment.reference.trim().into(),
        payment.payer.trim().into(),
        payment.line_no.map(|line| line.0).into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&PAYMENT, &row);
    no
}

/// The bills of a dwelling with something owed, oldest first.
async fn open_bills(tx: &mut Tx, dwelling: DwellingNo) -> Result<Vec<OpenBill>> {
    let owed: HashMap<MatterNo, Money> = journal::balances_of(tx, Book::Service, dwelling)
        .await?
        .into_iter()
        .filter(|b| b.account == RECEIVABLE && b.debit_balance().is_positive())
        .filter_map(|b| Some((b.matter?, b.debit_balance())))
        .collect();
    if owed.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT matter_no FROM bill WHERE compound_id = $1 AND dwelling_no = $2
               ORDER BY from_on, due_on, matter_no";
    let values = vec![tx.compound().0.into(), dwelling.0.into()];
    let mut open = Vec::with_capacity(owed.len());
    for row in tx.rows(BILLS, sql, values).await? {
        let no = MatterNo(row.try_get("", "matter_no")?);
        if let Some(fen) = owed.get(&no) {
            open.push(OpenBill { no, open: *fen });
        }
    }
    Ok(open)
}

/// A bill as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "账单现状")]
pub struct Bill {
    /// Its number.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// The first day charged for.
    #[schemars(description = "计费起日")]
    pub from_on: Day,
    /// The last day charged for.
    #[schemars(description = "计费止日")]
    pub to_on: Day,
    /// The day by which it is to be paid.
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// How much.
    #[schemars(description = "应收：分", example = 10000)]
    pub amount_fen: Money,
    /// What is still owed.
    #[schemars(description = "尚欠：分", example = 0)]
    pub open_fen: Money,
}

/// A dwelling's service fees: its bills and what it has prepaid.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一户的物业费")]
pub struct FeeAccount {
    /// The bills, oldest first.
    #[schemars(description = "账单：旧的在前")]
    pub bills: Vec<Bill>,
    /// Σ billed.
    #[schemars(description = "应收合计：分", example = 22000)]
    pub billed_fen: Money,
    /// Σ paid, what is prepaid included.
    #[schemars(description = "已缴合计：分，含预存", example = 25000)]
    pub paid_fen: Money,
    /// Σ still owed.
    #[schemars(description = "尚欠合计：分", example = 0)]
    pub arrears_fen: Money,
    /// What is prepaid.
    #[schemars(description = "预存：分", example = 3000)]
    pub prepaid_fen: Money,
}

/// A dwelling's service fees, as of a day, as known at an instant.
///
/// # Errors
/// Storage.
pub async fn account(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
    as_of: AsOf,
) -> Result<FeeAccount> {
    let sql = "SELECT matter_no, item, from_on, to_on, due_on FROM bill
               WHERE compound_id = $1 AND dwelling_no = $2 ORDER BY from_on, due_on, matter_no";
    let found = view.rows(BILLS, sql, vec![compound.0.into(), dwelling.0.into()]).await?;
    let movements = journal::statement(view, compound, Book::Service, dwelling, as_of).await?;

    let mut billed: HashMap<MatterNo, (Money, Money)> = HashMap::new();
    let mut prepaid_fen = Money::ZERO;
    for m in &movements {
        match (m.account, m.matter) {
            (RECEIVABLE, Some(matter)) => {
                let (amount, open) = billed.entry(matter).or_default();
                *open += m.signed();
                // What was billed is what the bill's voucher and its reversal say.
                if m.side == journal::Side::Debit {
                    *amount += m.amount;
                }
            }
            (PREPAID, _) => prepaid_fen -= m.signed(),
            _ => {}
        }
    }
    let mut bills = Vec::new();
    for row in found {
        let bill_no = MatterNo(row.try_get("", "matter_no")?);
        let Some((amount_fen, open_fen)) = billed.get(&bill_no).copied() else { continue };
        if amount_fen.is_zero() && open_fen.is_zero() {
            continue;
        }
        bills.push(Bill {
            bill_no,
            item: row.try_get("", "item")?,
            from_on: row.try_get("", "from_on")?,
            to_on: row.try_get("", "to_on")?,
            due_on: row.try_get("", "due_on")?,
            amount_fen,
            open_fen,
        });
    }
    let billed_fen: Money = bills.iter().map(|b| b.amount_fen).sum();
    let arrears_fen: Money = bills.iter().map(|b| b.open_fen).sum();
    let paid_fen = billed_fen - arrears_fen + prepaid_fen;
    Ok(FeeAccount { bills, billed_fen, paid_fen, arrears_fen, prepaid_fen })
}

/// What every dwelling with bills owes and has prepaid, as of a day, as known at an instant.
///
/// # Errors
/// Storage.
pub async fn standings(
    view: &mut impl View,
    compound: CompoundId,
    as_of: AsOf,
) -> Result<BTreeMap<DwellingNo, (Money, Money)>> {
    let mut standings: BTreeMap<DwellingNo, (Money, Money)> = BTreeMap::new();
    for (dwelling, account, debit) in
        journal::dwelling_balances(view, compound, Book::Service, as_of).await?
    {
        let (arrears, prepaid) = standings.entry(dwelling).or_default();
        match account {
            RECEIVABLE => *arrears += debit,
            PREPAID => *prepaid -= debit,
            _ => {}
        }
    }
    Ok(standings)
}

/// A receipt as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Its number.
    pub payment_no: PaymentNo,
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// How much.
    pub amount_fen: Money,
    /// What of it settled bills.
    pub settled_fen: Money,
    /// How it was made.
    pub method: String,
    /// The day it was received.
    pub received_on: Day,
    /// The transaction's number.
    pub reference: String,
}

/// The payments of a compound after a number, in order; of one dwelling if asked.
///
/// # Errors
/// Storage.
pub async fn receipts(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: Option<DwellingNo>,
    after: PaymentNo,
    most: i32,
) -> Result<Vec<Receipt>> {
    let only = if dwelling.is_some() { "AND dwelling_no = $4" } else { "" };
    let sql = format!(
        "SELECT payment_no, dwelling_no, amount_fen, settled_fen, method, received_on, reference
         FROM payment WHERE compound_id = $1 AND payment_no > $2 {only}
         ORDER BY payment_no LIMIT $3"
    );
    let mut values = vec![compound.0.into(), after.0.into(), most.clamp(1, 1000).into()];
    values.extend(dwelling.map(|d| d.0.into()));
    let mut receipts = Vec::new();
    for row in view.rows(PAYMENTS, &sql, values).await? {
        receipts.push(Receipt {
            payment_no: PaymentNo(row.try_get("", "payment_no")?),
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
            settled_fen: Money::fen(row.try_get("", "settled_fen")?),
            method: row.try_get("", "method")?,
            received_on: row.try_get("", "received_on")?,
            reference: row.try_get("", "reference")?,
        });
    }
    Ok(receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `design.md` §1, the trade's rule: oldest first, remainder prepaid.
    #[test]
    fn a_payment_settles_the_oldest_bills_first() {
        let open = [(1, 300), (2, 200), (3, 500)]
            .map(|(no, fen)| OpenBill { no: MatterNo(no), open: Money::fen(fen) });
        let parts = |amount| {
            let (settled, prepaid) = apply(&open, Money::fen(amount));
            let told: Vec<(i32, i64, i64)> = settled
                .iter()
                .map(|s| (s.bill_no.0, s.amount_fen.in_fen(), s.left_fen.in_fen()))
                .collect();
            (told, prepaid.in_fen())
        };
        assert_eq!(parts(100), (vec![(1, 100, 200)], 0));
        assert_eq!(parts(400), (vec![(1, 300, 0), (2, 100, 100)], 0));
        assert_eq!(parts(1200), (vec![(1, 300, 0), (2, 200, 0), (3, 500, 0)], 200));
        assert_eq!(apply(&[], Money::fen(7)), (vec![], Money::fen(7)));
    }
}
