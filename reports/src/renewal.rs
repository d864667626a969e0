//! D10 续筹通知: to each owner of a plan to fill the fund again, by a template.
//!
//! Owns: [`KNOWN`], [`Told`], [`values`]. The figures are the ledger's ([`ledger::fund::renewal_arrears`]); the share of the first
//! deposit is cut and never rounded up, so that no 30.00 % stands where a dwelling is under it. Limits: the parts of a plan in
//! instalments stand as what is due and what is not, not one by one.

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
        ("account", "收款账户"),
        ("pack", "政策包"),
    ],
    lines: &[
        ("plan", "方案"),
        ("target", "目标比例"),
        ("assessed", "本户应交"),
        ("each", "每平方米"),
        ("paid", "已交"),
        ("due", "已到期"),
        ("owed", "尚欠"),
    ],
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
    values.set("account", "以专户银行的公告为准");
    values.set("pack", plan.pack.split(" sha256:").next().unwrap_or_default());
    let each = {
        let centi_m2 = i128::from(dwelling.fund_area.in_centi_m2().max(1));
        // Yuan a square metre, cut to the fen: for orientation only.
        let fen = i128::from(arrears.assessed.in_fen()) * 100 / centi_m2;
        Money::fen(i64::try_from(fen).unwrap_or(0))
    };
    let cells = [
        ("plan", Cell::Text(format!("第 {} 号方案", plan.plan_no))),
        ("target", Cell::Text(plan.target.in_chinese())),
        ("assessed", Cell::Money(arrears.assessed)),
        ("each", Cell::Money(each)),
        ("paid", Cell::Money(arrears.paid)),
        ("due", Cell::Money(arrears.due)),
        ("owed", Cell::Money(arrears.owed)),
    ];
    values.lines.push(cells.into());
    values.sums = [
        ("unpaid", arrears.assessed - arrears.paid),
        ("assessed", arrears.assessed),
        ("owed", arrears.owed),
    ]
    .into();
    values
}
