//! What was agreed about service fees: by which system, at which prices, from which day; and what a dwelling is to be charged.
//!
//! Owns: `fee_terms`, `tariff`, `tariff_end`, `fee_relief`, `space_lease`, `meter_reading`.
//!
//! Always: what was agreed has a day and is never changed: new terms or a new price begin later and stand beside the old; a
//! price ends once. The reckoning ([`reckon`]) is a plain function of what is known. Never: a bill, or a voucher: that is
//! `fees`'s.

mod own;
mod price;
pub mod reckon;
mod rows;
pub mod vat;

use chrono::Datelike as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::own::{
    Lease, NewLease, NewReading, NewRelief, Reading, Relief, lease, read, relieve,
};
pub use self::price::{Cycle, Formula, Meter, NewTariff, Series, Tariff, Tier, Timing, end, set};
pub use self::reckon::{Bearer, Charged, Due, Known, Why};
pub use self::rows::{Agreed, agreed, leases, readings, reliefs, tariffs, terms};
pub use self::vat::Taxpayer;
use crate::books::Tx;
use crate::calendar::{Day, iso_day};
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::TermsNo;
use crate::seal::may_stand_in_clear;

/// Terms that cannot be.
pub static TERMS: Rule = Rule {
    code: "tariff.terms",
    kind: Answer::Shape,
    rule: "收费约定须写明计费方式与起日；酬金制须写酬金，包干制不写；比例在 0.01% 至 100% 之间",
    remedy: "按物业服务合同填写",
};

/// Terms for this day stand already.
pub static TERMS_TAKEN: Rule = Rule {
    code: "tariff.terms-taken",
    kind: Answer::Conflict,
    rule: "新的收费约定须晚于已登记的约定起算",
    remedy: "核对起日；约定变更的，自变更之日另登一份",
};

/// A price that cannot be.
pub static PRICE: Rule = Rule {
    code: "tariff.price",
    kind: Answer::Shape,
    rule: "单价大于零、至多四位小数；阶梯逐级递增，最后一级不封顶；计费周期为 1、2、3、4、6 或 12 个月",
    remedy: "按合同或公示的收费标准填写",
};

/// A text that cannot be kept.
pub static TEXT: Rule = Rule {
    code: "tariff.text",
    kind: Answer::Shape,
    rule: "项目、依据、车位、表号各须为 1 至 80 个字",
    remedy: "补上或缩短",
};

/// Nothing was agreed for the day.
pub static NO_TERMS: Rule = Rule {
    code: "tariff.no-terms",
    kind: Answer::Refused,
    rule: "出账、定价须有生效的收费约定",
    remedy: "先登记收费约定（xiaoqu tariff agree 或 POST …/fee-terms）",
};

/// The price is not there.
pub static NO_TARIFF: Rule = Rule {
    code: "tariff.no-tariff",
    kind: Answer::Missing,
    rule: "收费标准须已登记",
    remedy: "核对收费标准编号",
};

/// Another price of the item stands for the same dwellings and a later day.
pub static PRICE_TAKEN: Rule = Rule {
    code: "tariff.price-taken",
    kind: Answer::Conflict,
    rule: "同一项目、同一对象的新单价须晚于已登记的单价起算，计费周期与计费方式不变",
    remedy: "核对起日；要改周期或方式的，先终止原标准再另立",
};

/// A price ends before it began, or a second time.
pub static END: Rule = Rule {
    code: "tariff.end",
    kind: Answer::Conflict,
    rule: "收费标准只终止一次，且不早于其起日",
    remedy: "核对日期",
};

/// A span that ends before it begins, or a share that is none.
pub static SPAN: Rule = Rule {
    code: "tariff.span",
    kind: Answer::Shape,
    rule: "止日不早于起日，减免后应缴比例在 0 至 100% 之间，一个车位同日只租一户",
    remedy: "核对日期与比例",
};

/// A reading that cannot follow the one before.
pub static METER_READING: Rule = Rule {
    code: "tariff.reading",
    kind: Answer::Refused,
    rule: "抄表日须晚于该表上次抄表日、不晚于今天，读数不小于上次；换表的登记新表",
    remedy: "核对表号、日期与读数",
};

/// A shared cost that no dwelling can bear.
pub static SHARED: Rule = Rule {
    code: "tariff.shared",
    kind: Answer::Shape,
    rule: "公摊金额须大于零，且有房屋可以分摊",
    remedy: "核对金额与范围",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &TEXT,
    &TERMS,
    &TERMS_TAKEN,
    &NO_TERMS,
    &PRICE,
    &PRICE_TAKEN,
    &NO_TARIFF,
    &END,
    &SPAN,
    &METER_READING,
    &SHARED,
];

/// By which system a company is paid (`domain.md` §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "计费方式")]
pub enum System {
    /// 包干制: a fixed fee; profit and loss are the company's.
    #[schemars(description = "包干制")]
    LumpSum,
    /// 酬金制: the fees are held for the owners; the company takes its remuneration out of them.
    #[schemars(description = "酬金制")]
    Remuneration,
}

/// What a company takes out of the service money it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(description = "酬金", transform = crate::governance::matter::with_tag_told)]
pub enum Pay {
    /// A share of what was received.
    #[schemars(description = "按实收的比例")]
    Share {
        /// In hundredths of a per cent.
        #[schemars(description = "万分之几", range(min = 1, max = 10_000), example = 1_000)]
        of_received_bp: u16,
    },
    /// A sum a month.
    #[schemars(description = "每月定额")]
    Fixed {
        /// The sum.
        #[schemars(
            description = "每月：分",
            range(min = 1, max = 10_000_000_000_000_i64),
            example = 500_000
        )]
        a_month_fen: i64,
    },
}

/// 违约金, as the contract has it: simple, of each bill's own principal, never compounding (`domain.md` §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "违约金：按合同，单利，逐笔计，有上限")]
pub struct Penalty {
    /// A day's rate, in millionths.
    #[schemars(
        description = "每日百万分之几：万分之五写 500",
        range(min = 1, max = 10_000),
        example = 500
    )]
    pub daily_ppm: u32,
    /// Days after the due day that are free.
    #[schemars(description = "宽限天数", range(max = 366), example = 0)]
    pub grace_days: u16,
    /// The most it comes to, in hundredths of a per cent of the principal.
    #[schemars(
        description = "上限：本金的万分之几",
        range(min = 1, max = 10_000),
        example = 10_000
    )]
    pub most_bp: u16,
}

/// What the contract leaves to be paid of an empty dwelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "空置减收：合同有约定的写")]
pub struct Vacant {
    /// How many months it must have been empty.
    #[schemars(description = "连续空置满几个月后", range(max = 60), example = 6)]
    pub after_months: u8,
    /// What is paid then, in hundredths of a per cent.
    #[schemars(description = "应缴比例：万分之几", range(max = 10_000), example = 6_000)]
    pub pays_bp: u16,
}

/// What was agreed between the owners and the company, from a day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FeeTerms", description = "收费约定：物业服务合同中与收费有关的条款")]
pub struct Terms {
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The system.
    #[schemars(description = "计费方式")]
    pub system: System,
    /// The company's pay.
    #[serde(default)]
    #[schemars(description = "酬金：酬金制必写，包干制不写")]
    pub pay: Option<Pay>,
    /// What the company is to the tax office.
    #[schemars(description = "纳税人身份")]
    pub taxpayer: Taxpayer,
    /// The penalty.
    #[serde(default)]
    #[schemars(description = "违约金：合同没有约定的不写")]
    pub penalty: Option<Penalty>,
    /// Empty dwellings.
    #[serde(default)]
    #[schemars(description = "空置减收：没有约定的不写")]
    pub vacant: Option<Vacant>,
    /// The contract.
    #[schemars(description = "依据：合同名称或编号", example = &"物业服务合同 2025-01")]
    pub document: String,
}

fn may_be_kept(what: &str, text: &str) -> Result<(), Refusal> {
    let is_fit =
        (1..=80).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control);
    if !is_fit {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(TEXT.refuse(format!("{what} {shown:?}")));
    }
    may_stand_in_clear(what, text)
}

fn is_a_day(day: Day) -> bool {
    (1949..=2999).contains(&day.year())
}

/// Registers what was agreed, from a day on.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.terms`, `tariff.terms-taken`.
pub async fn agree(tx: &mut Tx, terms: &Terms) -> Result<TermsNo> {
    may_be_kept("依据", &terms.document)?;
    let compound = tx.compound();
    let known = rows::terms(tx, compound).await?;
    may_be_agreed(terms, &known)?;
    rows::keep_terms(tx, terms)
}

fn may_be_agreed(terms: &Terms, known: &[Terms]) -> Result<(), Refusal> {
    let wrong = |words: String| Err(TERMS.refuse(words));
    match (terms.system, terms.pay) {
        (System::Remuneration, None) => return wrong("酬金制未写酬金".to_owned()),
        (System::LumpSum, Some(_)) => return wrong("包干制写了酬金".to_owned()),
        (_, Some(Pay::Share { of_received_bp: bp })) if !(1..=10_000).contains(&bp) => {
            return wrong(format!("酬金比例万分之 {bp}"));
        }
        (_, Some(Pay::Fixed { a_month_fen })) if a_month_fen <= 0 => {
            return wrong(format!("酬金每月 {a_month_fen} 分"));
        }
        _ => {}
    }
    if let Some(p) = terms.penalty
        && (!(1..=10_000).contains(&p.daily_ppm)
            || p.grace_days > 366
            || !(1..=10_000).contains(&p.most_bp))
    {
        return wrong(format!(
            "违约金每日百万分之 {}，宽限 {} 天，上限万分之 {}",
            p.daily_ppm, p.grace_days, p.most_bp
        ));
    }
    if let Some(v) = terms.vacant
        && (v.after_months > 60 || v.pays_bp > 10_000)
    {
        return wrong(format!("空置 {} 个月后应缴万分之 {}", v.after_months, v.pays_bp));
    }
    if !is_a_day(terms.from_on) {
        return wrong(format!("起日 {}", terms.from_on));
    }
    match known.iter().map(|t| t.from_on).max() {
        Some(last) if last >= terms.from_on => {
            Err(TERMS_TAKEN.refuse(format!("起日 {}，已登记的自 {last} 起", terms.from_on)))
        }
        _ => Ok(()),
    }
}

/// The terms in force on a day.
#[must_use]
pub fn terms_on(terms: &[Terms], day: Day) -> Option<&Terms> {
    terms.iter().filter(|t| t.from_on <= day).max_by_key(|t| t.from_on)
}

#[cfg(test)]
mod tests;
