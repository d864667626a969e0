//! `xiaoqu district`: compounds side by side, by street, and what is out of the way among them.

use clap::Args;
use ledger::books::Books;
use ledger::district::{self, Finding, Owed, Row, Sum};
use ledger::money::Money;
use ledger::property;
use ledger::subsidy::terms::Mode;
use serde_json::json;

use super::revenue::duty_line;
use super::{DONE, JsonArgs, Out, Ran, operator, say};
use crate::accounts::of_area;

/// Where to look.
#[derive(Debug, Args)]
pub(super) struct DistrictArgs {
    /// 区划代码：区、街道或社区；不写则全部小区
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// 只列公共收益的到期事项：未公示、须重新公示、应划未划维修资金
    #[arg(long)]
    duties: bool,
    #[command(flatten)]
    pub(super) json: JsonArgs,
}

/// How to say it.
#[derive(Debug, Args)]
pub(super) struct KeepArgs {
    #[command(flatten)]
    pub(super) json: JsonArgs,
}

/// Keeps the figures of every compound that moved on, page by page.
pub(super) async fn keep(books: &Books, asked: KeepArgs, out: Out<'_>) -> Ran {
    let actor = operator();
    let mut kept = 0;
    loop {
        let page = district::keep(books, &actor, None).await?.answer;
        kept += page.kept;
        if page.left == 0 || page.kept == 0 {
            break;
        }
    }
    if asked.json.json {
        say(out, &json!({ "kept": kept }))?;
    } else {
        writeln!(out, "留存了 {kept} 个小区的数字")?;
    }
    Ok(DONE)
}

fn rate(bp: Option<i64>) -> String {
    bp.map_or("没有账单".to_owned(), |bp| format!("{}.{:02}%", bp / 100, bp % 100))
}

fn per_m2(fen: Option<i64>) -> String {
    fen.map_or("没有面积".to_owned(), |fen| Money::fen(fen).grouped())
}

fn sum_line(sum: &Sum) -> String {
    format!(
        "{}  {} 个小区（物业企业 {}，产权单位 {}，业主自管 {}，街道 {}，没有登记 {}）  {} 户  维修资金 {} 元，每平方米 {}  低于 30% 的 {} 户  收缴率 {}，低于 85% 的 {} 个  在办项目 {}  在办改造 {}（{} 个小区有逾期节点或漏报）  改造共 {} 户、{} 元  补贴下达 {} 元、到账 {}、支付 {}、上缴 {}  租金逾期 {}  超期未公示 {}",
        sum.of,
        sum.compounds,
        sum.modes.company,
        sum.modes.unit,
        sum.modes.self_managed,
        sum.modes.street_centre,
        sum.modes.unknown,
        sum.dwellings,
        sum.fund_fen.grouped(),
        per_m2(sum.fund_per_m2_fen),
        sum.low,
        rate(sum.collection_bp),
        sum.below_break_even,
        sum.projects_open,
        sum.renovations_open,
        sum.renovations_behind,
        sum.renovated_households,
        sum.renovation_planned_fen.grouped(),
        sum.subsidies.granted_fen.grouped(),
        sum.subsidies.received_fen.grouped(),
        sum.subsidies.spent_fen.grouped(),
        sum.subsidies.returned_fen.grouped(),
        sum.rents_overdue,
        sum.unpublished
    )
}

fn row_line(row: &Row) -> String {
    format!(
        "{}  {}  {}  {} 户  每平方米 {}  低于 30% 的 {} 户  收缴率 {}  一年内用 {} 次、{} 元",
        row.compound,
        row.name,
        row.mode.map_or("没有登记管理方式", Mode::in_chinese),
        row.dwellings,
        per_m2(row.fund_per_m2_fen),
        row.low,
        rate(row.collection_bp),
        row.uses,
        row.spent_fen.grouped()
    )
}

fn finding_line(finding: &Finding) -> String {
    let Finding { rule, says, compound, found, .. } = finding;
    format!("提示 {rule}  {compound}  {found}（{says}）")
}

pub(super) async fn run(books: &Books, asked: DistrictArgs, out: Out<'_>) -> Ran {
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let compounds = match &asked.area {
        Some(area) => of_area(&mut view, area).await?.1,
        None => property::compounds(&mut view).await?,
    };
    if asked.duties {
        let owed = district::duties(&mut view, &compounds, today).await?;
        let line =
            |owed: &Owed| format!("{}  {}  {}", owed.compound, owed.name, duty_line(&owed.open));
        return super::rows(out, asked.json.json, &owed, line);
    }
    let told = district::view(&mut view, &compounds, today).await?;
    if asked.json.json {
        say(out, &told)?;
        return Ok(DONE);
    }
    writeln!(out, "截至 {}", told.on)?;
    for sum in told.streets.iter().chain([&told.total]) {
        writeln!(out, "{}", sum_line(sum))?;
    }
    for row in &told.compounds {
        writeln!(out, "{}", row_line(row))?;
    }
    for finding in &told.findings {
        writeln!(out, "{}", finding_line(finding))?;
    }
    Ok(DONE)
}
