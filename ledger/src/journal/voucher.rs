//! The voucher (凭证), and the judgement that makes one.
//!
//! Owns: [`Entry`] (what a room wants recorded), `Draft` (an entry that was judged sound; only `judge` makes one),
//! [`Voucher`] (what stands in the book).
//!
//! Always: a draft balances, its accounts exist, the lines that must name a dwelling do, its period is open, its day
//! has come. Limits: [`LINES_MOST`] lines.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::{Book, Chart};
use crate::calendar::{Day, Instant, Month};
use crate::error::{Kind as Answer, Refusal, Rule};
use crate::id::{ActNo, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;
use crate::seal::may_stand_in_clear;

/// How many lines a voucher may have.
pub const LINES_MOST: usize = 20_000;
/// How long a memo, a source or a piece of evidence may be, in characters.
pub const TEXT_MOST: usize = 400;

/// A side of an account.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "方向：debit 借，credit 贷")]
pub enum Side {
    /// 借.
    #[schemars(description = "借")]
    Debit,
    /// 贷.
    #[schemars(description = "贷")]
    Credit,
}

impl Side {
    /// 1 for debit, −1 for credit: for columns, and for sums.
    #[must_use]
    pub const fn sign(self) -> i16 {
        match self {
            Side::Debit => 1,
            Side::Credit => -1,
        }
    }

    pub(crate) const fn of_sign(sign: i16) -> Side {
        if sign < 0 { Side::Credit } else { Side::Debit }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Debit => Side::Credit,
            Side::Credit => Side::Debit,
        }
    }
}

/// A line (分录) of a voucher: an account, a side, an amount, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "分录")]
pub struct Line {
    /// The account's code.
    #[schemars(description = "科目代码", example = 1001)]
    pub account: i32,
    /// Debit or credit.
    #[schemars(description = "方向")]
    pub side: Side,
    /// Positive; negative only in a red-letter reversal (红字冲销).
    #[serde(rename = "amount_fen")]
    #[schemars(description = "金额：分；只有红字冲销可为负", example = 800000)]
    pub amount: Money,
    /// Whose it is.
    #[serde(rename = "dwelling_no")]
    #[schemars(description = "房屋编号：按户核算的科目才有", example = 1)]
    pub dwelling: Option<DwellingNo>,
    /// What it is for.
    #[serde(rename = "matter_no")]
    #[schemars(description = "事项编号：账单、项目等")]
    pub matter: Option<MatterNo>,
}

impl Line {
    /// 借.
    #[must_use]
    pub const fn debit(account: i32, amount: Money) -> Line {
        Line { account, side: Side::Debit, amount, dwelling: None, matter: None }
    }

    /// 贷.
    #[must_use]
    pub const fn credit(account: i32, amount: Money) -> Line {
        Line { account, side: Side::Credit, amount, dwelling: None, matter: None }
    }

    /// The line is this dwelling's.
    #[must_use]
    pub const fn of(mut self, dwelling: DwellingNo) -> Line {
        self.dwelling = Some(dwelling);
        self
    }

    /// The line is about this matter.
    #[must_use]
    pub const fn about(mut self, matter: MatterNo) -> Line {
        self.matter = Some(matter);
        self
    }

    /// The amount as a debit: credits are negative.
    #[must_use]
    pub fn signed(&self) -> Money {
        match self.side {
            Side::Debit => self.amount,
            Side::Credit => -self.amount,
        }
    }
}

/// What kind of event a voucher records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "凭证种类")]
pub enum Kind {
    /// 期初余额.
    #[schemars(description = "期初")]
    Opening,
    /// 交存.
    #[schemars(description = "交存")]
    Deposit,
    /// 退还交存.
    #[schemars(description = "退款")]
    Refund,
    /// 分配收益到户.
    #[schemars(description = "利息")]
    Gains,
    /// 维修支出.
    #[schemars(description = "支取")]
    Repair,
    /// 应收账单.
    #[schemars(description = "应收")]
    Bill,
    /// 收款.
    #[schemars(description = "缴费")]
    Payment,
    /// 跨账簿划转 (one half of it).
    #[schemars(description = "划转")]
    Transfer,
    /// 期末结转; the only kind that may post to a dwelling's account at control level.
    #[schemars(description = "结转")]
    Closing,
    /// 冲销.
    #[schemars(description = "更正")]
    Reversal,
    /// 其他, by hand.
    #[schemars(description = "其他")]
    Other,
}

impl Kind {
    const ALL: [Kind; 11] = [
        Kind::Opening,
        Kind::Deposit,
        Kind::Refund,
        Kind::Gains,
        Kind::Repair,
        Kind::Bill,
        Kind::Payment,
        Kind::Transfer,
        Kind::Closing,
        Kind::Reversal,
        Kind::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Opening => "opening",
            Kind::Deposit => "deposit",
            Kind::Refund => "refund",
            Kind::Gains => "gains",
            Kind::Repair => "repair",
            Kind::Bill => "bill",
            Kind::Payment => "payment",
            Kind::Transfer => "transfer",
            Kind::Closing => "closing",
            Kind::Reversal => "reversal",
            Kind::Other => "other",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The word on a statement.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Kind::Opening => "期初",
            Kind::Deposit => "交存",
            Kind::Refund => "退款",
            Kind::Gains => "利息",
            Kind::Repair => "支取",
            Kind::Bill => "应收",
            Kind::Payment => "缴费",
            Kind::Transfer => "划转",
            Kind::Closing => "结转",
            Kind::Reversal => "更正",
            Kind::Other => "其他",
        }
    }
}

/// What a room wants recorded.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The book.
    pub book: Book,
    /// The business day.
    pub effective_on: Day,
    /// What kind of event.
    pub kind: Kind,
    /// What happened, for people.
    pub memo: String,
    /// Where it came from: a file and cell, a bank line, a counter.
    pub source: String,
    /// What proves it: a receipt number, a hash of a paper.
    pub evidence: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A voucher's name on paper: `fund/2026-0007`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Posted {
    /// The book.
    pub book: Book,
    /// The place in the book.
    pub seq: VoucherSeq,
    /// The year of the accounting period.
    pub year: i32,
    /// The number within book and year.
    pub number: i32,
}

impl fmt::Display for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}-{:04}", self.book, self.year, self.number)
    }
}

/// A voucher as it stands in its book, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Its name on paper.
    pub posted: Posted,
    /// The accounting period it was numbered in.
    pub period: Month,
    /// The business day.
    pub effective_on: Day,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// The act that recorded it.
    pub act: ActNo,
    /// What kind of event.
    pub kind: Kind,
    /// Whether it is a red-letter reversal.
    pub is_red: bool,
    /// The voucher it reverses.
    pub reverses: Option<VoucherSeq>,
    /// The movement between books it is half of.
    pub transfer: Option<TransferNo>,
    /// What happened.
    pub memo: String,
    /// Where it came from.
    pub source: String,
    /// What proves it.
    pub evidence: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The hash of the voucher before it; zeros for the first.
    pub prev_hash: [u8; 32],
}

impl Voucher {
    /// Whether it was recorded in a later period than the one it belongs to (迟到凭证).
    #[must_use]
    pub fn is_late(&self) -> bool {
        Month::of(self.effective_on) < self.period
    }
}

/// A voucher has too few or too many lines.
pub static LINES: Rule = Rule {
    code: "journal.lines",
    kind: Answer::Refused,
    rule: "凭证至少两条、至多 20000 条分录",
    remedy: "补齐借贷双方；过长的批量业务分成多张凭证",
};

/// A text is too long, or holds characters that are not text.
pub static TEXT: Rule = Rule {
    code: "journal.text",
    kind: Answer::Shape,
    rule: "摘要、来源、依据须为不超过 400 字、首尾无空白、无控制字符的文字",
    remedy: "删去换行等控制字符，或缩短文字",
};

/// An amount is nothing, negative, or beyond the limit.
pub static AMOUNT: Rule = Rule {
    code: "journal.amount",
    kind: Answer::Refused,
    rule: "分录金额须大于零且不超过 100,000,000,000.00 元；负数只用于红字冲销",
    remedy: "检查金额；要冲减已记的业务，请冲销原凭证",
};

/// An account is not in the chart.
pub static ACCOUNT: Rule = Rule {
    code: "journal.account",
    kind: Answer::Refused,
    rule: "科目须在本账簿的科目表内",
    remedy: "改用科目表内的科目",
};

/// A line of a dwelling's account names no dwelling.
pub static ANALYSIS: Rule = Rule {
    code: "journal.analysis",
    kind: Answer::Refused,
    rule: "按户核算的科目，每条分录须指明房屋或项目（165号令第十条、第十一条：核算到房屋户门号）",
    remedy: "在分录上指明房屋户门号或项目",
};

/// A line names a dwelling or a matter by what no number is.
pub static NUMBERED: Rule = Rule {
    code: "journal.number",
    kind: Answer::Shape,
    rule: "分录上的房屋与项目以其编号写明，编号从 1 起",
    remedy: "写房屋或项目的编号；没有归属的分录不写",
};

/// Debits and credits differ.
pub static BALANCE: Rule = Rule {
    code: "journal.unbalanced",
    kind: Answer::Refused,
    rule: "有借必有贷，借贷必相等",
    remedy: "核对分录金额，使借方合计等于贷方合计",
};

/// The day has not come.
pub static FUTURE: Rule = Rule {
    code: "journal.future-day",
    kind: Answer::Refused,
    rule: "业务日期不得晚于记账当日（北京时间）",
    remedy: "检查日期；尚未发生的业务到日再记",
};

/// The day is before any compound could keep books.
pub static ANCIENT: Rule = Rule {
    code: "journal.ancient-day",
    kind: Answer::Shape,
    rule: "业务日期须在 1949 年至 2999 年之间",
    remedy: "检查日期的年份",
};

/// An entry that was judged sound. Only `judge` makes one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(super) entry: Entry,
    pub(super) period: Month,
    pub(super) is_red: bool,
    pub(super) reverses: Option<VoucherSeq>,
    pub(super) transfer: Option<TransferNo>,
}

/// How an entry came about, which decides what it may do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) reverses: Option<VoucherSeq>,
    pub(crate) is_red: bool,
    pub(crate) transfer: Option<TransferNo>,
}

/// Judges an entry. A fact of a closed period is recorded in the first open one, with its true day.
///
/// # Errors
/// In this order: `journal.lines`, `journal.text`, `seal.person-in-text`, `journal.ancient-day`, `journal.future-day`,
/// `journal.amount`, `journal.account`, `journal.number`, `journal.analysis`, `journal.unbalanced`.
pub(crate) fn judge(
    entry: Entry,
    origin: Origin,
    chart: &Chart,
    closed_through: Option<Month>,
    today: Day,
) -> Result<Draft, Refusal> {
    if entry.lines.len() < 2 || entry.lines.len() > LINES_MOST {
        return Err(LINES.refuse(format!("{} 条分录", entry.lines.len())));
    }
    for text in [&entry.memo, &entry.source, &entry.evidence] {
        let is_plain = !text.chars().any(char::is_control) && text.trim() == text.as_str();
        if !is_plain || text.chars().count() > TEXT_MOST {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(TEXT.refuse(format!("{} 个字符：{shown}", text.chars().count())));
        }
    }
    // A voucher is never changed, hashed, and read by everybody: no person's number gets in.
    for (what, text) in [("摘要", &entry.memo), ("出处", &entry.source), ("凭据", &entry.evidence)]
    {
        may_stand_in_clear(what, text)?;
    }
    let year = chrono::Datelike::year(&entry.effective_on);
    if !(1949..=2999).contains(&year) {
        return Err(ANCIENT.refuse(entry.effective_on.to_string()));
    }
    if entry.effective_on > today {
        let evidence = format!("业务日期 {}，今天 {today}", entry.effective_on);
        return Err(FUTURE.refuse(evidence));
    }

    let mut debit = Money::ZERO;
    let mut credit = Money::ZERO;
    for (i, line) in entry.lines.iter().enumerate() {
        let is_fit = line.amount.is_within_limit()
            && if origin.is_red { !line.amount.is_zero() } else { line.amount.is_positive() };
        if !is_fit {
            let evidence = format!("第 {} 条分录 {} 元", i + 1, line.amount.grouped());
            return Err(AMOUNT.refuse(evidence).with("line", i + 1));
        }
        let Some(account) = chart.account(line.account) else {
            let evidence = format!("{} 账簿没有科目 {}", chart.title, line.account);
            return Err(ACCOUNT.refuse(evidence).with("account", line.account));
        };
        let dwelling = line.dwelling.map_or(1, |dwelling| dwelling.0);
        let matter = line.matter.map_or(1, |matter| matter.0);
        if dwelling < 1 || matter < 1 {
            let evidence = format!("第 {} 条分录：{}", i + 1, dwelling.min(matter));
            return Err(NUMBERED.refuse(evidence).with("line", i + 1));
        }
        let is_bare = line.dwelling.is_none() && line.matter.is_none();
        if account.is_by_dwelling() && is_bare && entry.kind != Kind::Closing {
            let evidence = format!("第 {} 条分录 {} {}", i + 1, account.code, account.name);
            return Err(ANALYSIS.refuse(evidence).with("line", i + 1));
        }
        match line.side {
            Side::Debit => debit += line.amount,
            Side::Credit => credit += line.amount,
        }
    }
    if debit != credit {
        let evidence = format!("借方合计 {} 元，贷方合计 {} 元", debit.grouped(), credit.grouped());
        let refusal = BALANCE.refuse(evidence).with("debit_fen", debit.in_fen());
        return Err(refusal.with("credit_fen", credit.in_fen()));
    }

    let own = Month::of(entry.effective_on);
    let period = closed_through.map_or(own, |closed| own.max(closed.next()));
    let Origin { reverses, is_red, transfer } = origin;
    Ok(Draft { entry, period, is_red, reverses, transfer })
}
