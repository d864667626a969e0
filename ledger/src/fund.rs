//! The maintenance fund of a compound: what each dwelling is to pay in, what it paid, what it has, what is given back, and
//! how a fund that has run low is filled again.
//!
//! Owns: `levy_standard`, `assessment`, `assessment_instalment`, `deposit`, `selling_unit`, `selling_unit_end`,
//! `receipt_range`, `receipt`, `receipt_void`, `receipt_copy`, `refund`, `refund_payment`, `legacy`, `legacy_share`,
//! `legacy_step`, `legacy_income`, `renewal_call`, `renewal_plan`, `renewal_notice`, `renewal_posting`,
//! `renewal_withdrawal`, `revenue_assignment`.
//!
//! Always: a dwelling's balance is its postings over the accounts that bear one, principal and gains apart; Σ dwellings =
//! the control accounts. Nothing is taken beyond what was assessed, nothing given back beyond what is there and free. What a
//! selling unit put in is the unit's (165号令 art. 9): it stands by the unit's matter and in no dwelling's balance. Every
//! assessment, refund and plan keeps the law it was made by; a later one replaces it and says why. A receipt's number is
//! used once. Never: a service fee in the fund's account, or the fund's money in another's (165号令 art. 4); a rate or a
//! percentage in code.
//!
//! The course: [`register_standard`] ▸ [`levy`] ▸ [`deposit`], [`issue_receipt`] ▸ [`refund`]; [`enlist_unit`] ▸
//! [`levy_unit`] ▸ [`deposit_of_unit`]; [`register_legacy`] ▸ [`bring_in`]; [`under_renewal`] ▸ [`call`] ▸ [`renew`] ▸
//! [`notify`] ▸ [`deposit`]. Questions: [`account`], [`balances`], [`dues`], [`receipts`], [`refunds`], [`renewals`].

mod account;
mod assessment;
mod assignment;
mod deposit;
mod dues;
mod legacy;
mod notice;
mod plan;
mod receipt;
mod refund;
mod renewal;
mod rows;
mod selling_unit;
mod standard;

pub(crate) use self::account::deposited_by_year;
pub use self::account::{Account, FundBalance, FundMovement, account, balances};
pub(crate) use self::assessment::withdraw_assessments;
pub use self::assessment::{
    Assessed, Assessment, Every, Instalments, LevyChange, LevyKind, LevyRow, Levying, assess,
    assessments, levy, levy_preview,
};
pub use self::assignment::assignments;
pub(crate) use self::assignment::{Assigning, assign_revenue};
pub use self::deposit::{Deposit, DepositKind, Deposited, Seen, deposit, first_deposits};
pub(crate) use self::deposit::{Kept, first_owed, keep};
pub use self::dues::{AGES, BuildingArrears, Owing, arrears_by_building, dues};
pub use self::legacy::{
    BroughtIn, Legacy, LegacyIncome, LegacyShare, LegacyShareStanding, LegacyStep, NewLegacy,
    NewLegacyStep, StepWord, bring_in, legacies, note_step, register_legacy,
};
pub use self::notice::{
    Notice, NoticeWord, Notifying, RenewalArrears, notify, renewal_arrears, renewal_instalments,
    renewal_notices,
};
pub use self::plan::{
    PlanWithdrawal, PlanWithdrawn, Posting, PostingRow, Renewal, Reviewed, WithdrawalRow,
    post_plan, renewals, review, withdraw_plan,
};
pub(crate) use self::receipt::receipts_used;
pub use self::receipt::{
    Issued, NewRange, Receipt, ReceiptRange, ReceiptState, Voiding, copy_receipt, issue_receipt,
    ranges, receipt, receipts, register_range, void_receipt,
};
pub use self::refund::{
    Cause, PaidRefund, Payee, Refund, RefundPayment, Refunded, Refunding, UnitRefunding,
    pay_refund, refund, refund_unit, refunds,
};
pub use self::renewal::{
    Basis, Call, NewCall, Planned, RenewalShare, Renewing, Target, Under, call, calls, renew,
    renew_preview, under_renewal,
};
pub use self::selling_unit::{
    EndingUnit, NewUnit, SellingUnit, UnitDeposit, UnitLevy, UnitSale, deposit_of_unit, end_unit,
    enlist_unit, levy_unit, selling_units,
};
pub use self::standard::{NewStandard, Standard, StandardMeans, register_standard, standards};

use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Rule};
use crate::money::Money;
use crate::property::Housing;
use crate::seal::may_stand_in_clear;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answer::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// A text or a day is missing or not fit.
    PAPERS = Shape, "fund.papers",
        "文号、凭据、名称、原因须写明，至多 200 字，无控制字符；日期须在 1949 年至 2999 年之间", "补齐后重新办理";
    /// No amount.
    AMOUNT = Shape, "fund.amount",
        "金额须大于零且不超过 100,000,000,000.00 元", "核对金额";
    /// Where the money was seen is not said.
    SEEN = Shape, "fund.seen",
        "收款须只写银行流水编号，或写齐金额与收款日期", "认领流水的只写 line_no；手工登记的写 amount_fen 与 received_on";
    /// A standard is not fit.
    STANDARD_SHAPE = Shape, "fund.standard-shape",
        "交存标准为每平方米的元数，大于零且至多四位小数；比例只随单价（建安造价、房改成本价）填写", "按公布的文件填写";
    /// The law gives the figure itself.
    STANDARD_GIVEN = Refused, "fund.standard-given",
        "当地政策已给出该类房屋的交存标准，小区不得另行登记", "按政策包的标准核定；政策有误的，由主管部门更正政策包";
    /// The share is not between the law's bounds.
    STANDARD_SHARE = Refused, "fund.standard-share",
        "按单价交存的比例须在当地规定的幅度之内（165号令第七条：建安造价的 5% 至 8%；第八条：房改成本价的 2%）", "按公布的比例填写";
    /// The same standard from the same day.
    STANDARD_TAKEN = Conflict, "fund.standard-taken",
        "同类房屋自同一日起只有一个标准；已登记的标准不得改动", "核对生效日期；标准调整的，自新的生效日另行登记";
    /// What to levy is not said.
    LEVY_SHAPE = Shape, "fund.levy-shape",
        "按月交存须写明月份，其他交存不写；分期为 1 至 60 期；应交日期不得早于核定所依据之日", "补齐后重新核定";
    /// Nothing is levied on it.
    NOT_LEVIED = Refused, "fund.not-levied",
        "物业用房不交存维修资金；核定须至少有一户", "核对房号与交存对象";
    /// There is no standard.
    NO_STANDARD = Refused, "fund.no-standard",
        "核定应交金额须有核定日有效的交存标准", "登记当地公布的标准及其文号，或只核定已有标准的房屋类别";
    /// What is paid is assessed anew without saying why.
    ASSESSMENT_PAID = Refused, "fund.assessment-paid",
        "已交款的核定不得重新核定；确有错误的，作为更正并说明原因", "核对面积与标准；确需更正的，写明原因";
    /// The day due cannot be told.
    DUE_DAY = Shape, "fund.due-day",
        "政策未规定期限的，须写明应交日期", "写明应交日期";
    /// There is no such deposit.
    NO_DEPOSIT = Missing, "fund.no-deposit",
        "交存须已登记且未被冲销", "检查交存编号";
    /// A range of numbers is not fit.
    RECEIPT_RANGE = Refused, "fund.receipt-range",
        "票据号段的起号不得大于止号、位数相同，至多 100 万张，字轨至多 20 个字符且不以数字结尾；号段之间不得重叠；登记了号段的小区，票据号须在号段之内", "核对领用单上的字轨与起止号；新领用的号段先登记";
    /// Numbers have run out.
    NO_RECEIPT_LEFT = Refused, "fund.no-receipt-left",
        "票据号须取自已登记而未用完的号段，或由开票单位给定", "登记新领用的号段，或填写票据号";
    /// A receipt's number is used already.
    RECEIPT_USED = Conflict, "fund.receipt-used",
        "专用票据号不得重复使用，作废的也不得再用", "核对票据号；确为同一笔的，无需再记";
    /// The deposit has a receipt.
    RECEIPTED = Conflict, "fund.receipted",
        "一笔交存只有一张有效票据", "补打请登记副本；开错的请先作废";
    /// There is no such receipt.
    NO_RECEIPT = Missing, "fund.no-receipt",
        "票据须已开具", "检查票据号";
    /// The receipt is void.
    RECEIPT_VOIDED = Conflict, "fund.receipt-voided",
        "已作废的票据不得再作废、补打", "查看作废原因；需要票据的，另开新号";
    /// More would be paid in than was assessed.
    OVER_ASSESSMENT = Refused, "fund.over-assessment",
        "交存累计不得超过该户同类应交金额（165号令第七条、第八条：按面积和标准交存）", "核对金额与种类；多交部分退还交款人";
    /// A selling unit by this name is there.
    UNIT_TAKEN = Conflict, "fund.selling-unit-taken",
        "售房单位在小区内不得重名", "直接使用已登记的售房单位";
    /// There is no such selling unit.
    NO_UNIT = Missing, "fund.no-selling-unit",
        "售房单位须已登记", "先登记售房单位，或检查编号";
    /// The unit is gone.
    UNIT_ENDED = Conflict, "fund.selling-unit-ended",
        "已终止的售房单位不再办理；承继的单位须存续", "由承继单位办理";
    /// Only sold public housing has a selling unit.
    NOT_PUBLIC = Refused, "fund.not-sold-public",
        "售房单位的提取、代管与退房只涉及已售公有住房", "核对房屋性质与房号";
    /// Nobody has recorded that the dwelling is gone.
    NOT_DESTROYED = Refused, "fund.not-destroyed",
        "按房屋灭失返还（165号令第二十九条），须已登记房屋灭失；应付日不得早于灭失之日", "先登记房屋灭失（拆除、征收等的依据），再登记返还";
    /// The deposit was refunded.
    REFUNDED = Conflict, "fund.refunded",
        "一笔交存只退还一次", "查看已有的退还；退错了请先冲销";
    /// More would be given back than is there.
    OVER_BALANCE = Refused, "fund.over-balance",
        "退还的本金、收益分别不得超过账面余额，退还的本金不得超过该笔交存", "核对余额；已用于维修的部分不退还";
    /// Some of it is promised.
    HELD = Refused, "fund.held",
        "已为维修项目预留的资金不得退还", "待项目支付或解除预留后办理";
    /// Nothing is left to give back.
    NOTHING_LEFT = Refused, "fund.nothing-left",
        "账面须有余额方可返还", "核对分户账";
    /// It stays where it is.
    STAYS = Refused, "fund.stays-with-custodian",
        "售房单位已不存在且无承继的，当地规定其余额留存代管单位，不返还", "无需办理；余额仍在该售房单位名下";
    /// There is no such refund.
    NO_REFUND = Missing, "fund.no-refund",
        "返还须已登记且未被冲销", "检查返还编号";
    /// More would be paid than is due.
    OVER_REFUND = Refused, "fund.over-refund",
        "支付的返还资金累计不得超过应付金额，支付日不得早于应付日", "核对应付与已付金额";
    /// There is no such money.
    NO_LEGACY = Missing, "fund.no-legacy",
        "原售房单位代管资金须已登记", "先登记代管资金，或检查编号";
    /// A table does not sum.
    SPREAD = Refused, "fund.spread",
        "分户明细之和须等于总额，每户一行，每行大于零", "核对分户明细";
    /// There is no such call.
    NO_CALL = Missing, "fund.no-call",
        "按默认标准续筹，须先有主管部门、街道或银行的书面提醒", "先登记提醒";
    /// There is no such plan.
    NO_PLAN = Missing, "fund.no-plan",
        "续筹方案须已登记", "检查方案编号";
    /// A plan is not fit.
    PLAN_SHAPE = Shape, "fund.plan-shape",
        "续筹方案须写明依据（决议或提醒）与目标：首期的比例大于零，或总额大于零，只写一种；分期为 1 至 60 期，一次交清为 1 期", "补齐后重新登记";
    /// It may not be paid so.
    INSTALMENTS = Refused, "fund.instalments",
        "续筹的交存方式须为当地规定所许", "改用一次交清，或按规定的分期";
    /// Nobody is under the bar.
    NOBODY_UNDER = Refused, "fund.nobody-under",
        "续筹只向余额低于规定比例的房屋筹集；恰好等于的不低于", "查看续筹清单；余额不足的房屋出现后再办理";
    /// The motion is of another kind.
    NOT_RAISING = Refused, "fund.not-raising",
        "续筹须依据“筹集维修资金”的表决决议（民法典第二百七十八条第一款第六项，四分之三）", "另行表决筹集事项";
    /// The resolution has been carried out.
    RESOLUTION_USED = Conflict, "fund.resolution-used",
        "一项决议只作一个续筹方案", "查看已有方案；再次续筹须另行表决";
    /// More than the owners allowed.
    OVER_CAP = Refused, "fund.over-cap",
        "续筹总额不得超过决议的金额上限", "降低目标，或另行表决";
    /// The law has no default.
    NO_DEFAULT = Refused, "fund.no-default",
        "当地没有业主未作决定时的默认续筹标准", "由业主共同决定续筹方案（四分之三）";
    /// The owners may still decide.
    TOO_EARLY = Refused, "fund.default-early",
        "业主作出决定的期限届满后，方可按默认标准续筹", "等待期限届满，或由业主表决";
    /// The owners have decided.
    DECIDED = Refused, "fund.decided",
        "业主在期限内已作出续筹决定的，按其决定办理", "依据该决议登记续筹方案";
    /// A plan is still being paid.
    PLAN_OPEN = Conflict, "fund.plan-open",
        "上一续筹方案尚未交清的房屋，不得再列入新方案", "催交上一方案；上一方案有误或不再执行的，先撤回（xiaoqu fund withdraw-plan，或 POST …/renewals/{no}/withdrawal）";
    /// The plan was withdrawn.
    PLAN_WITHDRAWN = Conflict, "fund.plan-withdrawn",
        "已撤回的续筹方案不再公示、通知、重算、撤回", "另行登记方案";
    /// The dwelling is not in the plan.
    NOT_IN_PLAN = Refused, "fund.not-in-plan",
        "通知与催交只发给方案内的房屋", "核对房号与方案";
    /// Nothing is owed.
    NOTHING_OWED = Refused, "fund.nothing-owed",
        "催交只发给到期未交清的房屋", "查看欠交清单";
    /// A period that ends before it begins.
    PERIOD = Shape, "fund.period",
        "对账期间的起日不得晚于止日", "核对起日与止日；不写止日的，止日是今天";
}

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
/// 2001 应付房屋灭失返还资金.
const PAYABLE: i32 = 2001;

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

    /// The accounts of what selling units put in: theirs, by the unit's matter and no dwelling (165号令 art. 9, 11).
    pub(crate) fn of_units() -> Accounts {
        Accounts {
            deposit_income: 400_103,
            repair: 500_103,
            refund: 510_103,
            fund: 300_202,
            ..Accounts::of(Housing::SoldPublic)
        }
    }
}

/// Whether a text that is kept in clear is there, not too long, and names nobody.
fn may_be_kept(what: &str, text: &str) -> Result<(), Refusal> {
    let is_fit =
        (1..=200).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control);
    if !is_fit {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(PAPERS.refuse(format!("{what} {shown:?}")));
    }
    may_stand_in_clear(what, text)
}

/// Whether a day is one any compound could know.
fn may_be_day(what: &str, day: Day) -> Result<(), Refusal> {
    if (1949..=2999).contains(&chrono::Datelike::year(&day)) {
        return Ok(());
    }
    Err(PAPERS.refuse(format!("{what} {day}")))
}

/// Whether an amount is one.
fn may_be_amount(amount: Money) -> Result<(), Refusal> {
    if amount.is_positive() && amount.is_within_limit() {
        return Ok(());
    }
    Err(AMOUNT.refuse(format!("{} 元", amount.grouped())))
}
