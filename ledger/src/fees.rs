//! Service fees of a compound: what was billed, what was paid, what is owed.
//!
//! Owns: `bill`, `bill_remission`, `bill_penalty`, `payment`, `fee_receipt`, `fee_receipt_void`, `fee_receipt_copy`, `fee_refund`,
//! `bond`, `bond_move`, `till`, `day_sheet`, `day_sheet_line`.
//!
//! Always: a bill is a matter of the journal, and what is still owed on it is its receivable's balance: there is no second
//! figure that could differ. A payment settles the oldest bills first; what is left over is prepaid, and a new bill
//! takes from what is prepaid. arrears + paid + waived + written off = billed. Never: the owners' money (that is the fund's and the revenue's).

mod account;
mod bill;
pub mod billing;
mod bond;
mod counter;
mod open;
mod owed;
mod payment;
mod penalty;
mod receipt;
mod refund;
mod remission;
mod rows;
mod till;

pub use self::account::{Bill, FeeAccount, Receipt, account, receipts, standings};
pub(crate) use self::account::{MadeBill, bills_made};
pub use self::bill::{Billed, Billing, Charge, bill};
pub(crate) use self::bill::{bill_vouchers_of, open_bills_of};
pub use self::bond::{
    Bond, BondDeducting, BondMove, BondMoved, BondReturning, BondTaken, NewBond, bonds,
    deduct_bond, return_bond, take_bond,
};
pub use self::counter::{Chosen, Part, Taken, Taking, Told, pay_at_counter, take};
pub use self::open::{OpenItem, Standing, open_items, standing_payments};
pub(crate) use self::payment::keep_payment;
pub use self::payment::{Method, OpenBill, Paid, Payment, Settled, apply, pay};
pub use self::penalty::{ITEM as PENALTY_ITEM, Penalised, Penalising, charge_penalty, penalty};
pub use self::receipt::{
    FeeReceipt, ReceiptNo, ReceiptRow, ReceiptState, Voided, Voiding, copy, fee_receipt,
    fee_receipts, reverse, void,
};
pub use self::refund::{Refund, Refunded, Refunding, refund, refund_at_counter};
pub use self::remission::{
    Remission, RemissionKind, Remitted, Remitting, remissions, waive, withdraw, write_off,
};
pub use self::till::{Counted, DaySheet, HandingOver, SheetLine, day_sheets, hand_over, in_hand};
use crate::error::{Kind as Answer, Refusal, Rule};
use crate::seal::may_stand_in_clear;

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

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answer::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of the counter, in the order they are checked.
        pub static COUNTER_RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// A reason is missing, or too long.
    REASON = Shape, "fees.reason",
        "退费、减免、核销、作废、扣款须写明原因：2 至 200 个字", "写明原因与依据";
    /// Nothing was said of a dwelling, or twice.
    CHOICE = Shape, "fees.choice",
        "每户写一项，写明缴哪些账单、按旧欠缴多少或预存多少，一次至多 500 户", "补上所缴的内容；重复的房号合为一项";
    /// The bill is not there, or has nothing open.
    NO_BILL = Missing, "fees.no-bill",
        "账单须属于该户，未撤销", "查看该户账单后重填编号";
    /// More than is open.
    OVER_OWED = Refused, "fees.over-owed",
        "缴款、减免、核销不得超过尚欠金额", "核对尚欠；多缴的另写预存";
    /// A number is missing.
    REFERENCE = Shape, "fees.reference",
        "支票须写支票号，刷卡须写交易参考号", "补上票号";
    /// Too little was handed over, or change of what is not cash.
    CHANGE = Shape, "fees.change",
        "实收不得少于应缴；只有现金可以找零", "核对实收金额与方式";
    /// Too much ahead.
    PREPAY_MOST = Refused, "fees.prepay-most",
        "预存不得超过当地规定的预收期限，也不得超过物业服务合同的期限", "减少预存金额；没有收费标准的先登记";
    /// No such receipt.
    NO_RECEIPT = Missing, "fees.no-receipt",
        "收据须已开具", "核对收据号";
    /// The receipt's state does not allow it.
    RECEIPT_VOID = Conflict, "fees.receipt-void",
        "有效的收据才能作废，只作废一次；作废的收据才能换开，只换开一次", "查看收据现状";
    /// What has a receipt is undone by making the receipt void.
    RECEIPTED = Refused, "fees.reversal-receipted",
        "开了收据的收款、退款不得直接冲销凭证：收据、钱箱与账须一同更正", "作废该收据，凭证随之红字冲销；红字收据（退款）有误的，按收款重新办理";
    /// What the receipt brought in is not there any more.
    SPENT = Refused, "fees.spent",
        "收据所收的款已退费、已抵扣、已扣除的，收据不得作废", "先冲销其后的退费或抵扣，或改办退费";
    /// No such payment.
    NO_PAYMENT = Missing, "fees.no-payment",
        "所退的缴费须属于该户，未冲销", "核对缴费编号";
    /// More than was paid.
    OVER_PAID = Refused, "fees.over-paid",
        "退费须大于零，不得超过所缴：账单已缴、预存余额、该笔缴费未退的部分", "核对可退金额";
    /// Something is paid or forgiven on the bill.
    BILL_PAID = Refused, "fees.bill-paid",
        "账单上没有缴款、减免、核销的才能撤销，且整张撤销", "先退费或冲销其减免、核销，再撤销";
    /// The contract knows no penalty, or the bill is one.
    NO_PENALTY = Refused, "fees.no-penalty",
        "违约金须合同有约定；违约金本身不再计违约金", "登记有违约金条款的收费约定；没有约定的不计收";
    /// Nothing is to be charged.
    PENALTY_NOTHING = Refused, "fees.penalty-nothing",
        "计收的违约金须大于零：未逾期、在宽限期内、已计收的部分不计", "核对缴费期限与已计收的金额";
    /// No such deposit.
    NO_BOND = Missing, "fees.no-bond",
        "押金须已收取，收据未作废", "核对押金编号";
    /// More than is held.
    OVER_BOND = Refused, "fees.over-bond",
        "扣除、退还不得超过押金余额", "核对押金余额";
    /// Nothing is in hand.
    NOTHING_TAKEN = Refused, "fees.nothing-taken",
        "日结须有尚未交款的收退款", "核对收款人与日期；已交的见日结单清单";
    /// The sheet does not tie.
    SHEET_DIFFERS = Refused, "fees.sheet-differs",
        "日结单的实交须与应交相符；不符的须写明原因并经他人复核", "重新清点；确有长短款的，写明原因，另经第二人复核后提交";
}

/// How long a reason may be.
const REASON_MOST: usize = 200;

fn may_be_reason(reason: &str) -> Result<(), Refusal> {
    let length = reason.trim().chars().count();
    if !(2..=REASON_MOST).contains(&length) || reason.chars().any(char::is_control) {
        return Err(REASON.refuse(format!("原因 {length} 个字")));
    }
    may_stand_in_clear("原因", reason)
}

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] =
    &[&ITEM, &PERIOD, &NO_BILLS, &AMOUNT, &BILLED, &MONTH, &NOTHING_DUE, &SKETCH_STALE];
