//! Arrears of service fees: how old they are, what was claimed of whom and with which proof, when the claim runs out, what was
//! promised; and how much of what was billed was collected.
//!
//! Owns: `arrears_claim`, `arrears_claim_bill`, `arrears_instalment`, `arrears_proof`.
//!
//! Always: what is owed is the journal's to say; a figure shown is the sum of its rows; a ratio stands with its numerator, its
//! denominator and its definition, and without a denominator there is none. A claim is kept as it was made; whether a promise
//! is kept is reckoned from what was settled. Never: a movement of money, a write-off by the passing of time (民法典 193), a
//! verb or a text that cuts off water, power, heat, gas or the way in (民法典 944).

mod ageing;
mod claim;
mod limitation;
mod notice;
mod plan;
mod position;
pub mod rate;
mod rows;
mod terms;

pub use self::ageing::{AgeRow, Ageing, By, ageing};
pub use self::claim::{
    Channel, Claim, ClaimKind, ClaimedBill, Instalment, Notified, Notifying, Passed, Promising,
    Proving, Suing, claims, notify, promise, prove, sue,
};
pub use self::limitation::{Limit, limits};
pub use self::notice::{NoticeLine, NoticePaper, notice};
pub use self::plan::{Plan, PlanState, plans};
pub use self::terms::{Stage, Terms, terms, threat};
use crate::error::{Kind as Answer, Rule};

/// A text is missing or too long.
pub static TEXT: Rule = Rule {
    code: "arrears.text",
    kind: Answer::Shape,
    rule: "依据须为 1 至 200 个字；原因、备注至多 200 个字；时间写作 09:30",
    remedy: "补上或缩短",
};

/// A text threatens what the law forbids.
pub static NO_SANCTION: Rule = Rule {
    code: "arrears.no-sanction",
    kind: Answer::Refused,
    rule: "不得以停止供电、供水、供热、供燃气或者限制出入等方式催交物业费（民法典第九百四十四条）",
    remedy: "删去这类内容；逾期不付的，可以催告后提起诉讼或者申请仲裁",
};

/// A day that cannot be.
pub static DAY: Rule = Rule {
    code: "arrears.day",
    kind: Answer::Shape,
    rule: "催告、承诺、起诉、送达的日期不得晚于今天，送达不早于发出，付款截止日不早于法定合理期限",
    remedy: "核对日期",
};

/// There is no such stage.
pub static NO_STAGE: Rule = Rule {
    code: "arrears.no-stage",
    kind: Answer::Shape,
    rule: "催缴按登记的各级依次进行，并且只写一户或一个账龄段",
    remedy: "核对级别（1 催缴提醒，2 催缴通知书，3 律师函）；写 room 或 class 之一",
};

/// Nothing is overdue.
pub static NOTHING_OVERDUE: Rule = Rule {
    code: "arrears.nothing-overdue",
    kind: Answer::Refused,
    rule: "催缴、承诺、起诉须有业主逾期未缴的账单",
    remedy: "核对账龄；建设单位承担的账单另行处理",
};

/// A promise is being kept.
pub static PLAN_KEPT: Rule = Rule {
    code: "arrears.plan-kept",
    kind: Answer::Refused,
    rule: "分期承诺正在履行的，不再发出下一级催缴",
    remedy: "待承诺未按期履行后再催；或与业主另立承诺",
};

/// A stage is passed over without a reason.
pub static SKIPPED: Rule = Rule {
    code: "arrears.stage-skipped",
    kind: Answer::Refused,
    rule: "催缴不得越级；确需越级的须写明原因",
    remedy: "先发上一级，或写明越级的原因",
};

/// The time given before has not passed.
pub static TOO_SOON: Rule = Rule {
    code: "arrears.too-soon",
    kind: Answer::Refused,
    rule: "上一次催缴所给的合理期限届满后，才可再发（民法典第九百四十四条）",
    remedy: "待期限届满",
};

/// The instalments do not come to what is owed.
pub static PLAN_SUM: Rule = Rule {
    code: "arrears.plan-sum",
    kind: Answer::Refused,
    rule: "分期合计须等于立约之日的逾期欠费，各期金额大于零",
    remedy: "按当日欠费重新分期",
};

/// The instalments' days do not follow each other.
pub static PLAN_DAYS: Rule = Rule {
    code: "arrears.plan-days",
    kind: Answer::Shape,
    rule: "分期 1 至 60 期，各期日期逐期在后，第一期不早于立约之日",
    remedy: "核对各期日期",
};

/// No such claim.
pub static NO_CLAIM: Rule = Rule {
    code: "arrears.no-claim",
    kind: Answer::Missing,
    rule: "催缴须已登记",
    remedy: "核对编号",
};

/// It was proved already.
pub static PROVED: Rule = Rule {
    code: "arrears.proved",
    kind: Answer::Conflict,
    rule: "一份催缴的送达只登记一次，承诺与起诉没有送达",
    remedy: "查看已登记的送达",
};

/// A period that cannot be.
pub static PERIOD: Rule = Rule {
    code: "arrears.period",
    kind: Answer::Shape,
    rule: "统计期间的止日不早于起日，统计截止日不早于起日",
    remedy: "核对期间",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &TEXT,
    &NO_SANCTION,
    &DAY,
    &NO_STAGE,
    &NOTHING_OVERDUE,
    &PLAN_KEPT,
    &SKIPPED,
    &TOO_SOON,
    &PLAN_DAYS,
    &PLAN_SUM,
    &NO_CLAIM,
    &PROVED,
    &PERIOD,
];
