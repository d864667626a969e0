//! The service money a company holds for the owners under 酬金制: received, spent by kind, the company's remuneration, surplus.
//!
//! Owns: `trust_entry`.
//!
//! Always: what is billed under 酬金制 is held (224103) until it is spent on the contract's service costs or taken as the
//! remuneration that was agreed; a month's remuneration is taken once, after the month; the surplus or deficit is the owners'
//! (`domain.md` §4.1). What is published comes to the ledger. Never: a repair of common parts, which the fund pays.

use chrono::Datelike as _;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Month, iso_day};
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::fees::RECEIVABLE;
use crate::id::{CompoundId, TrustNo};
use crate::journal::{self, AsOf, Book, Entry, Kind, Line, Posted};
use crate::money::{Money, Rounding, Unrounded};
use crate::seal::may_stand_in_clear;
use crate::tariff::{self, Pay, System, Terms};

/// 224103 其他应付款-代管服务资金.
const TRUST: i32 = 224_103;
/// 1002 银行存款.
const BANK: i32 = 1002;
/// 6001 主营业务收入.
const REVENUE: i32 = 6001;
/// 2221 应交税费.
const TAX: i32 = 2221;

/// A text is missing or too long.
pub static TEXT: Rule = Rule {
    code: "trust.text",
    kind: Answer::Shape,
    rule: "收款人、凭据各须为 1 至 80 个字",
    remedy: "补上或缩短",
};

/// An amount that cannot be.
pub static AMOUNT: Rule = Rule {
    code: "trust.amount",
    kind: Answer::Shape,
    rule: "金额须大于零且不超过 100,000,000,000.00 元",
    remedy: "核对金额",
};

/// The compound is not under 酬金制 on that day.
pub static NOT_HELD: Rule = Rule {
    code: "trust.not-remuneration",
    kind: Answer::Refused,
    rule: "只有酬金制的小区才有代管的服务资金；包干制的成本由物业公司自负",
    remedy: "核对收费约定的计费方式与起日",
};

/// The month is not over.
pub static MONTH: Rule = Rule {
    code: "trust.month",
    kind: Answer::Refused,
    rule: "酬金在月份结束后计提",
    remedy: "待月份结束",
};

/// The month's remuneration was taken.
pub static TAKEN: Rule = Rule {
    code: "trust.taken",
    kind: Answer::Conflict,
    rule: "一个月的酬金只计提一次",
    remedy: "查看已计提的凭证；有误的先冲销再计提",
};

/// Nothing comes of it.
pub static NOTHING: Rule = Rule {
    code: "trust.nothing-received",
    kind: Answer::Refused,
    rule: "按实收比例计提酬金的，当月须有收到的代管服务资金",
    remedy: "当月没有收款的不计提",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&TEXT, &AMOUNT, &NOT_HELD, &MONTH, &TAKEN, &NOTHING];

/// For what trust money was spent. Repairs of common parts are none of these: the fund pays them (1864号).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ServiceCost", description = "服务支出的种类")]
pub enum Cost {
    /// 人员.
    #[schemars(description = "人员费用")]
    Staff,
    /// 日常运行维护.
    #[schemars(description = "设施设备日常运行维护")]
    Upkeep,
    /// 清洁.
    #[schemars(description = "清洁卫生")]
    Cleaning,
    /// 绿化.
    #[schemars(description = "绿化养护")]
    Greening,
    /// 秩序.
    #[schemars(description = "秩序维护")]
    Order,
    /// 办公.
    #[schemars(description = "办公费用")]
    Office,
    /// 能耗.
    #[schemars(description = "公共能耗")]
    Power,
    /// 保险.
    #[schemars(description = "公众责任保险")]
    Insurance,
    /// 其他.
    #[schemars(description = "其他约定的费用")]
    Other,
}

impl Cost {
    const ALL: [Cost; 9] = [
        Cost::Staff,
        Cost::Upkeep,
        Cost::Cleaning,
        Cost::Greening,
        Cost::Order,
        Cost::Office,
        Cost::Power,
        Cost::Insurance,
        Cost::Other,
    ];

    const fn name(self) -> &'static str {
        match self {
            Cost::Staff => "staff",
            Cost::Upkeep => "upkeep",
            Cost::Cleaning => "cleaning",
            Cost::Greening => "greening",
            Cost::Order => "order",
            Cost::Office => "office",
            Cost::Power => "power",
            Cost::Insurance => "insurance",
            Cost::Other => "other",
        }
    }

    /// The word on a publication.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Cost::Staff => "人员费用",
            Cost::Upkeep => "设施设备日常运行维护",
            Cost::Cleaning => "清洁卫生",
            Cost::Greening => "绿化养护",
            Cost::Order => "秩序维护",
            Cost::Office => "办公费用",
            Cost::Power => "公共能耗",
            Cost::Insurance => "公众责任保险",
            Cost::Other => "其他约定的费用",
        }
    }
}

/// A service cost paid from the trust money.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewServiceCost", description = "要登记的服务支出：从代管服务资金中支付")]
pub struct Spending {
    /// For what.
    #[schemars(description = "种类")]
    pub cost: Cost,
    /// To whom.
    #[schemars(description = "收款人：单位名称", example = &"某保洁公司")]
    pub payee: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 500_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "付款日期：不得晚于今天")]
    pub on: Day,
    /// What proves it.
    #[schemars(description = "凭据：合同、发票", example = &"发票 001")]
    pub evidence: String,
}

/// A month's remuneration to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRemuneration", description = "要计提酬金的月份")]
pub struct Remunerating {
    /// The month.
    #[schemars(description = "月份：已经结束的")]
    pub month: Month,
}

/// What was taken out of the trust money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its number.
    pub entry_no: TrustNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// The tax within it.
    pub tax_fen: Money,
    /// Of what it is a share.
    pub base_fen: Money,
}

/// A kind of spending in an account.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "TrustSpent", description = "一类服务支出")]
pub struct Spent {
    /// For what.
    #[schemars(description = "种类")]
    pub cost: Cost,
    /// How much.
    #[schemars(description = "支出：分", example = 500_000)]
    pub amount_fen: Money,
}

/// The account of the trust money over a period.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "TrustAccount", description = "酬金制服务资金收支：供年度公布，各数与账上相符")]
pub struct Account {
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "止日")]
    pub to_on: Day,
    /// What stood there.
    #[schemars(description = "期初结余：分", example = 0)]
    pub opening_fen: Money,
    /// What was billed.
    #[schemars(description = "本期应收：分", example = 1_000_000)]
    pub billed_fen: Money,
    /// What of what was billed came in.
    #[schemars(description = "本期实收：分", example = 900_000)]
    pub received_fen: Money,
    /// What was spent, kind by kind.
    #[schemars(description = "服务支出：各类")]
    pub spent: Vec<Spent>,
    /// Σ.
    #[schemars(description = "服务支出合计：分", example = 500_000)]
    pub spent_fen: Money,
    /// The company's.
    #[schemars(description = "酬金：分", example = 90_000)]
    pub remuneration_fen: Money,
    /// Billed less spent less taken.
    #[schemars(
        description = "本期结余：分，应收 − 支出 − 酬金；为负的是不足，归业主",
        example = 410_000
    )]
    pub surplus_fen: Money,
    /// What was received, less what was spent and taken.
    #[schemars(description = "本期收付结余：分，实收 − 支出 − 酬金", example = 310_000)]
    pub cash_surplus_fen: Money,
    /// What stands there.
    #[schemars(description = "期末结余：分，期初 + 本期结余", example = 410_000)]
    pub closing_fen: Money,
    /// The ledger's 224103.
    #[schemars(description = "账上代管服务资金（224103）：分", example = 410_000)]
    pub ledger_fen: Money,
    /// Whether they agree.
    #[schemars(description = "核对：期末结余 = 账上", example = true)]
    pub agrees: bool,
}

static ENTRY: Table = Table {
    name: "trust_entry",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("entry_no", Column::Int),
        ("kind", Column::Text),
        ("month", Column::Int),
        ("spent_on", Column::Day),
        ("payee", Column::Text),
        ("evidence", Column::Text),
        ("base_fen", Column::Big),
        ("amount_fen", Column::Big),
        ("tax_fen", Column::Big),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const ENTRIES: Reads = Reads(&[&ENTRY]);
const REMUNERATION: &str = "remuneration";

fn may_be_text(what: &str, text: &str) -> Result<(), Refusal> {
    let length = text.trim().chars().count();
    if !(1..=80).contains(&length) || text.chars().any(char::is_control) {
        return Err(TEXT.refuse(format!("{what} {length} 个字")));
    }
    may_stand_in_clear(what, text)
}

/// The terms of 酬金制 of a day.
fn held(terms: &[Terms], on: Day) -> Result<(&Terms, Pay), Refusal> {
    let terms = tariff::terms_on(terms, on).filter(|t| t.system == System::Remuneration);
    let found = terms.and_then(|t| Some((t, t.pay?)));
    found.ok_or_else(|| NOT_HELD.refuse(format!("{on} 没有酬金制的收费约定")))
}

/// Records a service cost paid from the trust money: Dr 224103 / Cr 1002. A deficit is the owners' and may stand.
///
/// # Errors
/// `trust.text`, `seal.person-in-text`, `trust.amount`, `trust.not-remuneration`; those of the journal.
pub async fn spend(tx: &mut Tx, asked: &Spending) -> Result<Drawn> {
    may_be_text("收款人", &asked.payee)?;
    may_be_text("凭据", &asked.evidence)?;
    let amount = asked.amount_fen;
    if !amount.is_positive() || !amount.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", amount.grouped())).into());
    }
    let compound = tx.compound();
    let agreed = tariff::terms(tx, compound).await?;
    held(&agreed, asked.on)?;
    let lines = vec![Line::debit(TRUST, amount), Line::credit(BANK, amount)];
    let memo = format!("服务支出 {}", asked.cost.in_chinese());
    let voucher = posted(tx, asked.on, memo, asked.evidence.trim(), lines).await?;
    let entry = (asked.cost.name(), 0, asked.on, asked.payee.trim(), asked.evidence.trim());
    Ok(keep(tx, entry, voucher, [Money::ZERO, amount, Money::ZERO]))
}

async fn posted(
    tx: &mut Tx,
    on: Day,
    memo: String,
    evidence: &str,
    lines: Vec<Line>,
) -> Result<Posted> {
    let entry = Entry {
        book: Book::Service,
        effective_on: on,
        kind: Kind::Other,
        memo,
        source: String::new(),
        evidence: evidence.to_owned(),
        lines,
    };
    journal::post(tx, entry).await
}

fn keep(
    tx: &mut Tx,
    (kind, month, on, payee, evidence): (&str, i32, Day, &str, &str),
    voucher: Posted,
    [base_fen, amount_fen, tax_fen]: [Money; 3],
) -> Drawn {
    let entry_no = TrustNo(tx.next_no("trust-entry"));
    let row = [
        tx.compound().0.into(),
        entry_no.0.into(),
        kind.into(),
        month.into(),
        on.into(),
        payee.into(),
        evidence.into(),
        base_fen.in_fen().into(),
        amount_fen.in_fen().into(),
        tax_fen.in_fen().into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&ENTRY, &row);
    Drawn { entry_no, voucher, amount_fen, tax_fen, base_fen }
}

/// What a month's remuneration comes to: a share of what was received, rounded half up to the fen, or the fixed sum.
fn reckon(pay: Pay, received: Money) -> Result<Money, Refusal> {
    match pay {
        Pay::Fixed { a_month_fen } => Ok(Money::fen(a_month_fen)),
        Pay::Share { of_received_bp } => {
            let yuan = Decimal::new(received.in_fen(), 2) * Decimal::from(of_received_bp)
                / Decimal::from(10_000);
            let amount = Unrounded::yuan(yuan).round(Rounding::HalfUpFen).unwrap_or_default();
            if amount.is_positive() {
                return Ok(amount);
            }
            Err(NOTHING.refuse(format!("当月实收 {} 元", received.grouped())))
        }
    }
}

/// Takes a month's remuneration by the terms of its last day: Dr 224103 / Cr 6001 and 2221.
///
/// # Errors
/// `trust.month`, `trust.not-remuneration`, `trust.taken`, `trust.nothing-received`; those of the journal.
pub async fn remunerate(tx: &mut Tx, asked: &Remunerating) -> Result<Drawn> {
    let (compound, today, month) = (tx.compound(), tx.at().day(), asked.month);
    let last = month.last_day();
    if last >= today {
        return Err(MONTH.refuse(format!("{month}，今天 {today}")).into());
    }
    let agreed = tariff::terms(tx, compound).await?;
    let (terms, pay) = held(&agreed, last)?;
    tx.flush().await?;
    let sql = "SELECT e.entry_no FROM trust_entry e
               WHERE e.compound_id = $1 AND e.kind = $2 AND e.month = $3 AND NOT EXISTS (
                 SELECT 1 FROM voucher v WHERE v.compound_id = e.compound_id AND v.book = $4
                   AND v.reverses_seq = e.voucher_seq)";
    let book = Book::Service.number();
    let values = vec![compound.0.into(), REMUNERATION.into(), month.number().into(), book.into()];
    if let Some(row) = tx.rows(ENTRIES, sql, values).await?.first() {
        let no: i32 = row.try_get_by_index(0)?;
        return Err(TAKEN.refuse(format!("{month} 的酬金已计提，编号 {no}")).into());
    }
    let base = received(tx, compound, month.first_day(), last).await?;
    let amount = reckon(pay, base)?;
    let rate = tariff::vat::rate(tariff::vat::Kind::Service, terms.taxpayer, last);
    let tax = tariff::vat::within(amount, rate.bp);
    let mut lines = vec![Line::debit(TRUST, amount), Line::credit(REVENUE, amount - tax)];
    if tax.is_positive() {
        lines.push(Line::credit(TAX, tax));
    }
    let document = terms.document.clone();
    let voucher = posted(tx, last, format!("{month} 酬金"), &document, lines).await?;
    let entry = (REMUNERATION, month.number(), last, "", document.as_str());
    Ok(keep(tx, entry, voucher, [base, amount, tax]))
}

/// What receipts (less their refunds) settled of held bills from one day to another, what was prepaid and taken included.
async fn received(view: &mut impl View, compound: CompoundId, from: Day, to: Day) -> Result<Money> {
    let sql = "SELECT CAST(COALESCE(sum(-p.side * p.amount_fen), 0) AS BIGINT)
               FROM posting p
               JOIN voucher v ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               LEFT JOIN voucher o ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
               JOIN bill b ON b.compound_id = p.compound_id AND b.dwelling_no = p.dwelling_no
                 AND b.matter_no = p.matter_no
               WHERE p.compound_id = $1 AND p.book = $2 AND p.account = $3 AND p.effective_on BETWEEN $4 AND $5
                 AND COALESCE(o.kind, v.kind) IN ('payment', 'refund')
                 AND EXISTS (SELECT 1 FROM posting h WHERE h.compound_id = b.compound_id AND h.book = p.book
                               AND h.seq = b.voucher_seq AND h.account = $6)";
    let book = Book::Service.number();
    let values = vec![
        compound.0.into(),
        book.into(),
        RECEIVABLE.into(),
        from.into(),
        to.into(),
        TRUST.into(),
    ];
    one(view, sql, values).await
}

async fn one(view: &mut impl View, sql: &str, values: Vec<sea_orm::Value>) -> Result<Money> {
    let found = view.rows(ENTRIES, sql, values).await?;
    let row = found.first().ok_or_else(|| Storage::Bug("a sum has no row".to_owned()))?;
    Ok(Money::fen(row.try_get_by_index(0)?))
}

/// What 224103 holds at the end of a day.
async fn standing(view: &mut impl View, compound: CompoundId, day: Day) -> Result<Money> {
    let as_of = AsOf { day: Some(day), known_at: None };
    let trial = journal::trial_balance(view, compound, Book::Service, as_of).await?;
    let row = trial.rows.iter().find(|row| row.account == TRUST);
    Ok(row.map_or(Money::ZERO, |row| row.credit_balance_fen - row.debit_balance_fen))
}

/// The account of the trust money from one day to another; a year's is what is published (`domain.md` §4.1).
///
/// # Errors
/// Storage.
pub async fn account(
    view: &mut impl View,
    compound: CompoundId,
    from_on: Day,
    to_on: Day,
) -> Result<Account> {
    let opening_fen = match from_on.pred_opt() {
        Some(before) => standing(view, compound, before).await?,
        None => Money::ZERO,
    };
    let ledger_fen = standing(view, compound, to_on).await?;
    let received_fen = received(view, compound, from_on, to_on).await?;
    let book = Book::Service.number();
    let sql = "SELECT CAST(COALESCE(sum(-p.side * p.amount_fen), 0) AS BIGINT)
               FROM posting p
               JOIN voucher v ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               LEFT JOIN voucher o ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
               WHERE p.compound_id = $1 AND p.book = $2 AND p.account = $3 AND p.effective_on BETWEEN $4 AND $5
                 AND COALESCE(o.kind, v.kind) = 'bill'";
    let values: Vec<sea_orm::Value> =
        vec![compound.0.into(), book.into(), TRUST.into(), from_on.into(), to_on.into()];
    let billed_fen = one(view, sql, values.clone()).await?;
    let sql = "SELECT e.kind, CAST(sum(p.side * p.amount_fen) AS BIGINT)
               FROM trust_entry e
               JOIN voucher v ON v.compound_id = e.compound_id AND v.book = $2
                 AND (v.seq = e.voucher_seq OR v.reverses_seq = e.voucher_seq)
               JOIN posting p ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
               WHERE e.compound_id = $1 AND p.account = $3 AND p.effective_on BETWEEN $4 AND $5
               GROUP BY e.kind";
    let (mut spent, mut remuneration_fen) = (Vec::new(), Money::ZERO);
    for row in view.rows(ENTRIES, sql, values).await? {
        let kind: String = row.try_get_by_index(0)?;
        let amount_fen = Money::fen(row.try_get_by_index(1)?);
        match Cost::ALL.into_iter().find(|cost| cost.name() == kind) {
            Some(cost) => spent.push(Spent { cost, amount_fen }),
            None => remuneration_fen += amount_fen,
        }
    }
    spent.sort_by_key(|row| row.cost);
    let spent_fen: Money = spent.iter().map(|row| row.amount_fen).sum();
    let surplus_fen = billed_fen - spent_fen - remuneration_fen;
    let closing_fen = opening_fen + surplus_fen;
    Ok(Account {
        from_on,
        to_on,
        opening_fen,
        billed_fen,
        received_fen,
        spent,
        spent_fen,
        remuneration_fen,
        surplus_fen,
        cash_surplus_fen: received_fen - spent_fen - remuneration_fen,
        closing_fen,
        ledger_fen,
        agrees: closing_fen == ledger_fen,
    })
}

impl Account {
    /// The account as it is posted up, as plain text.
    #[must_use]
    pub fn in_text(&self, compound: &str) -> String {
        let line = |what: &str, fen: Money| format!("{what}  {}\n", fen.grouped());
        let head = match self.from_on.year() == self.to_on.year() {
            true if (self.from_on.ordinal(), self.to_on.month(), self.to_on.day())
                == (1, 12, 31) =>
            {
                format!("{} 年度", self.from_on.year())
            }
            _ => format!("{} 至 {}", self.from_on, self.to_on),
        };
        let spent: String = self
            .spent
            .iter()
            .map(|row| line(&format!("  {}", row.cost.in_chinese()), row.amount_fen))
            .collect();
        let told = if self.agrees { "相符" } else { "不符" };
        [
            format!("{compound}  物业服务资金收支公布（酬金制）  {head}  单位：元\n"),
            line("期初结余", self.opening_fen),
            line("本期应收", self.billed_fen),
            line("其中已收及补收（实收）", self.received_fen),
            line("服务支出合计", self.spent_fen),
            spent,
            line("酬金", self.remuneration_fen),
            line("本期结余（归业主）", self.surplus_fen),
            line("期末结余", self.closing_fen),
            format!("核对：账上代管服务资金 {}，{told}\n", self.ledger_fen.grouped()),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remuneration_is_the_agreed_share_to_the_fen() {
        let share = |bp, fen| {
            reckon(Pay::Share { of_received_bp: bp }, Money::fen(fen)).map_err(|r| r.code())
        };
        assert_eq!(share(1_000, 123_455), Ok(Money::fen(12_346)));
        assert_eq!(share(800, 100_000), Ok(Money::fen(8_000)));
        assert_eq!(share(1, 4_999), Err("trust.nothing-received"));
        assert_eq!(share(1_000, -5), Err("trust.nothing-received"));
        assert_eq!(
            reckon(Pay::Fixed { a_month_fen: 5_000 }, Money::ZERO).unwrap(),
            Money::fen(5_000)
        );
    }
}
