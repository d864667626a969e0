//! D10 续筹通知: to each owner of a plan to fill the fund again, by a template.
//!
//! Owns: [`KNOWN`], [`Told`], [`values`]. The figures are the ledger's ([`ledger::fund::renewal_arrears`]); the share of the first
//! deposit is cut and never rounded up, so that no 30.00 % stands where a dwelling is under it. Each instalment is a line; what was
//! paid is counted to the oldest first, as the ledger counts it.

use ledger::calendar::Day;
use ledger::fund::{Basis, FundBalance, Renewal, RenewalArrears};
use ledger::mask;
use ledger::money::Money;
use ledger::property::{Compound, Dwelling};

use crate::sheet::{Cell, Seal, percent};
use crate::template::{Known, Values};

/// What a template of this document may name.
pub static KNOWN: Known = Known {
    name: "renewal",
    code: "D10",
    title: "续筹通知",
    words: &[
        ("compound", "小区"),
        ("no", "方案编号"),
        ("on", "日期"),
        ("room", "房号"),
        ("owners", "业主，只显示姓"),
        ("area", "建筑面积"),
        ("first", "首期交存额"),
        ("balance", "当前余额"),
        ("share", "余额占首期"),
        ("judged_on", "方案的计算日"),
        ("trigger", "触发依据"),
        ("basis", "方案依据：决议或者当地默认标准"),
        ("plan", "方案"),
        ("target", "目标比例"),
        ("each", "本户每平方米"),
        ("instalments", "期数"),
        ("account", "收款账户：专户的账号，流水中有的"),
        ("pack", "政策包"),
    ],
    lines: &[
        ("nth", "期次"),
        ("due_on", "缴款期限"),
        ("assessed", "本期应交"),
        ("each", "每平方米"),
        ("paid", "已交"),
        ("due", "已到期"),
        ("owed", "到期未交"),
    ],
    amounts: &["assessed", "each", "paid", "due", "owed"],
    sums: &[("unpaid", "本户未交"), ("assessed", "本户应交"), ("owed", "到期未交")],
    shipped: include_str!("../template/renewal.toml"),
};

/// What is told to one dwelling.
#[derive(Debug)]
pub struct Told<'a> {
    /// The compound.
    pub compound: &'a Compound,
    /// The plan.
    pub plan: &'a Renewal,
    /// What it asks of the dwelling.
    pub arrears: &'a RenewalArrears,
    /// The dwelling.
    pub dwelling: &'a Dwelling,
    /// What was paid in at first.
    pub first: Money,
    /// What it has.
    pub balance: FundBalance,
    /// The instalments, in the order they fall due.
    pub instalments: &'a [(Day, Money)],
    /// The fund's accounts at the bank; none where no statement was read yet.
    pub accounts: &'a [String],
    /// The law's article by which the fund is filled.
    pub trigger: &'a str,
    /// The day.
    pub on: Day,
}

/// What a notice fills its template with.
#[must_use]
pub fn values(of: &Told<'_>, seal: Option<Seal>) -> Values {
    let Told { plan, arrears, dwelling, first, .. } = of;
    let number = format!("{}-{} {}", of.compound.code, plan.plan_no, arrears.room);
    let mut values = Values { number, seal, ..Values::default() };
    values.set("compound", &of.compound.name);
    values.set("no", plan.plan_no.to_string());
    values.set("on", of.on.to_string());
    values.set("room", &arrears.room);
    let owners: Vec<String> = dwelling.owners.iter().map(|o| mask::name(&o.name)).collect();
    values.set("owners", owners.join("、"));
    values.set("area", dwelling.fund_area.to_string());
    values.set("first", first.grouped());
    values.set("balance", of.balance.total().grouped());
    let cut = |part: Money| {
        let points = i128::from(part.in_fen()) * 10_000 / i128::from(first.in_fen().max(1));
        percent(i64::try_from(points).unwrap_or(i64::MAX))
    };
    let share = if first.is_positive() { cut(of.balance.total()) } else { "—".to_owned() };
    values.set("share", share);
    values.set("judged_on", plan.judged_on.to_string());
    values.set("trigger", of.trigger);
    let basis = match plan.basis {
        Basis::Resolution { round_no, motion_no } => {
            let digest: String = plan.digest.chars().take(16).collect();
            format!("业主决议：表决 {round_no} 事项 {motion_no}，结果摘要 {digest}")
        }
        Basis::Default { call_no } => format!("当地默认标准：续筹提醒 {call_no}，期限内未作决定"),
    };
    values.set("basis", basis);
    let accounts = match of.accounts {
        [] => "以专户银行的公告为准".to_owned(),
        some => some.join("、"),
    };
    values.set("account", accounts);
    values.set("plan", format!("第 {} 号方案", plan.plan_no));
    values.set("target", plan.target.in_chinese());
    values.set("instalments", of.instalments.len().to_string());
    values.set("pack", plan.pack.split(" sha256:").next().unwrap_or_default());
    let each = |amount: Money| {
        let centi_m2 = i128::from(dwelling.fund_area.in_centi_m2().max(1));
        // Yuan a square metre, cut to the fen: for orientation only.
        let fen = i128::from(amount.in_fen()) * 100 / centi_m2;
        Money::fen(i64::try_from(fen).unwrap_or(0))
    };
    values.set("each", each(arrears.assessed).grouped());
    let mut paid_left = arrears.paid;
    for (nth, (due_on, amount)) in of.instalments.iter().enumerate() {
        let paid = paid_left.min(*amount);
        paid_left -= paid;
        let due = if *due_on <= of.on { *amount } else { Money::ZERO };
        let cells = [
            ("nth", Cell::Text(format!("第 {} 期", nth + 1))),
            ("due_on", Cell::Day(*due_on)),
            ("assessed", Cell::Money(*amount)),
            ("each", Cell::Money(each(*amount))),
            ("paid", Cell::Money(paid)),
            ("due", Cell::Money(due)),
            ("owed", Cell::Money((due - paid).max(Money::ZERO))),
        ];
        values.lines.push(cells.into());
    }
    values.sums = [
        ("unpaid", arrears.assessed - arrears.paid),
        ("assessed", arrears.assessed),
        ("owed", arrears.owed),
    ]
    .into();
    values
}
