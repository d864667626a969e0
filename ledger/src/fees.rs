//! Service fees of a compound: what was billed, what was paid, what is owed.
//!
//! Owns: `bill`, `payment`.
//!
//! Always: a bill is a matter of the journal, and what is still owed on it is its receivable's balance: there is no second
//! figure that could differ. A payment settles the oldest bills first; what is left over is prepaid, and a new bill
//! takes from what is prepaid. arrears + paid = billed. Never: the owners' money (that is the fund's and the revenue's).

mod account;
mod bill;
pub mod billing;
mod payment;
mod rows;

pub use self::account::{Bill, FeeAccount, Receipt, account, receipts, standings};
pub(crate) use self::account::{MadeBill, bills_made};
pub use self::bill::{Billed, Billing, Charge, bill};
pub(crate) use self::bill::{bill_vouchers_of, open_bills_of};
pub(crate) use self::payment::keep_payment;
pub use self::payment::{Method, OpenBill, Paid, Payment, Settled, apply, pay};
use crate::error::{Kind as Answer, Rule};

/// 1122 应收账款.
pub(crate) const RECEIVABLE: i32 = 1122;
/// 2203 预收账款.
pub(crate) const PREPAID: i32 = 2203;
/// 6001 主营业务收入.
const REVENUE: i32 = 6001;
/// 2221 应交税费.
const TAX: i32 = 2221;
/// 224103 其他应付款-代管服务资金: what is billed under 酬金制.
const TRUST: i32 = 224_103;

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

/// What was looked at is not what would be published now.
pub static SKETCH_STALE: Rule = Rule {
    code: "fees.sketch-stale",
    kind: Answer::Conflict,
    rule: "发布的账单须与所见的试算一致",
    remedy: "房屋、标准、读数或账单已有变动：重新试算，看过差异后再发布",
};

/// Nothing of a month is to be billed.
pub static NOTHING_DUE: Rule = Rule {
    code: "fees.nothing-due",
    kind: Answer::Refused,
    rule: "出账须至少有一张账单",
    remedy: "看试算中各户不出账的原因；尚无收费标准的先登记",
};

/// A month too far from today.
pub static MONTH: Rule = Rule {
    code: "fees.month",
    kind: Answer::Shape,
    rule: "出账月份不得晚于下个月",
    remedy: "到期再出账；预收的款项登记为缴费即可",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] =
    &[&ITEM, &PERIOD, &NO_BILLS, &AMOUNT, &BILLED, &MONTH, &NOTHING_DUE, &SKETCH_STALE];
