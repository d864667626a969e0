//! Commands about what was agreed and about billing: terms, prices, the sketch, the run over compounds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::{Actor, Books};
use ledger::calendar::Month;
use ledger::fees::billing::{self, Sketch};
use ledger::id::TariffNo;
use ledger::property::RoomCode;
use ledger::tariff::{self, NewTariff, Terms};
use serde_json::json;

use super::votes::{seat, tell, told};
use super::{ActArgs, CompoundArg, DONE, JsonArgs, Out, REFUSED, Ran, number, operator, rows, say};
use crate::tariffs::{self, BillingAsked, Ending, ReadingsAsked, SharedAsked};
use crate::wire::IsoDay;

/// What was agreed, prices, meters.
#[derive(Debug, Subcommand)]
pub(super) enum TariffAct {
    /// 登记收费约定：计费方式、酬金、违约金、空置减收（JSON 文件，字段同 REST）
    Agree {
        /// JSON 文件
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记收费标准：一个项目，或已有项目的新单价（JSON 文件，字段同 REST）
    Set {
        /// JSON 文件
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 终止收费标准
    End {
        /// 收费标准编号
        #[arg(value_parser = number)]
        no: i32,
        /// 最后一天
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记抄表读数（JSON 文件，字段同 REST）
    Read {
        /// JSON 文件
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 分摊公共水电等费用并出账（JSON 文件，字段同 REST）
    Share {
        /// JSON 文件
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出收费标准
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 试算一户或全小区一个月的账单，不入账
    Sketch {
        /// 月份
        #[arg(long, value_name = "YYYY-MM", value_parser = month)]
        month: Month,
        /// 只看一户
        #[arg(long, value_parser = room_code)]
        room: Option<RoomCode>,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct BillingArgs {
    /// 月份
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Month,
    /// 只办一个小区
    #[arg(long, value_name = "CODE")]
    compound: Option<String>,
    /// 只试算，不入账
    #[arg(long)]
    dry_run: bool,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn room_code(text: &str) -> Result<RoomCode, String> {
    RoomCode::parse(text).map_err(|why| why.to_string())
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "月份应写作 2026-01".to_owned())
}

impl TariffAct {
    pub(super) fn is_json(&self) -> bool {
        match self {
            TariffAct::Agree { act, .. }
            | TariffAct::Set { act, .. }
            | TariffAct::End { act, .. }
            | TariffAct::Read { act, .. }
            | TariffAct::Share { act, .. } => act.json,
            TariffAct::List { json, .. } | TariffAct::Sketch { json, .. } => json.json,
        }
    }
}

pub(super) async fn run(books: &Books, asked: TariffAct, out: Out<'_>) -> Ran {
    let is_json = asked.is_json();
    match asked {
        TariffAct::Agree { file, act } => {
            let seat = seat(books, &act, Actor::operator()).await?;
            let no = tariffs::agree(&seat, told::<Terms>(&file)?).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("收费约定 {no} 已登记"))
        }
        TariffAct::Set { file, act } => {
            let seat = seat(books, &act, Actor::operator()).await?;
            let no = tariffs::set(&seat, told::<NewTariff>(&file)?).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("收费标准 {no} 已登记"))
        }
        TariffAct::End { no, on, act } => {
            let seat = seat(books, &act, Actor::operator()).await?;
            tariffs::end(&seat, (TariffNo(no), Ending { on: on.0 })).await?;
            tell(out, is_json, &json!({ "no": no }), format!("收费标准 {no} 至 {} 终止", on.0))
        }
        TariffAct::Read { file, act } => {
            let seat = seat(books, &act, Actor::operator()).await?;
            let kept = tariffs::read(&seat, told::<ReadingsAsked>(&file)?).await?.answer;
            tell(out, is_json, &json!({ "readings": kept }), format!("{kept} 条读数已登记"))
        }
        TariffAct::Share { file, act } => {
            let seat = seat(books, &act, Actor::operator()).await?;
            let billed = tariffs::share(&seat, told::<SharedAsked>(&file)?).await?.answer;
            let line = format!(
                "{} 户分摊 {} 元，凭证 {}",
                billed.bills.len(),
                billed.total_fen.grouped(),
                billed.voucher
            );
            tell(out, is_json, &billed, line)
        }
        TariffAct::List { compound, .. } => {
            let mut view = books.read().await?;
            let found = ledger::property::compound(&mut view, &compound.compound).await?;
            let tariffs = tariff::tariffs(&mut view, found.id).await?;
            rows(out, is_json, &tariffs, |t| {
                let end = t.ended_on.map_or(String::new(), |on| format!(" 至 {on}"));
                format!(
                    "{}  {}  自 {}{end}  {}个月一期  {}",
                    t.tariff_no, t.item, t.from_on, t.cycle_months, t.document
                )
            })
        }
        TariffAct::Sketch { month, room, compound, .. } => {
            let act = ActArgs { compound: compound.compound, key: None, json: is_json };
            let seat = seat(books, &act, Actor::operator()).await?;
            let asked = BillingAsked { month, room, seen: None };
            let seen = tariffs::look(&seat, &asked).await?;
            tell(out, is_json, &seen, in_lines(&seen))
        }
    }
}

/// How many rows of a kind are told; all of them are in the JSON.
const TOLD_MOST: usize = 40;

fn in_lines(sketch: &Sketch) -> String {
    let mut lines = vec![format!(
        "{} 拟出账单 {} 张，合计 {} 元（摘要 {}）",
        sketch.month,
        sketch.bills.len(),
        sketch.total_fen.grouped(),
        &sketch.digest[..16]
    )];
    let yuan = |fen: Option<ledger::money::Money>| fen.map_or("无".to_owned(), |m| m.grouped());
    lines.extend(sketch.changes.iter().take(TOLD_MOST).map(|c| {
        format!(
            "  变动 {} {}：上期 {}，本期 {}",
            c.room,
            c.item,
            yuan(c.before_fen),
            yuan(c.now_fen)
        )
    }));
    let why = |u: &billing::Unbilled| {
        serde_json::to_value(u.why)
            .ok()
            .and_then(|w| w.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    lines.extend(sketch.unbilled.iter().take(TOLD_MOST).map(|u| {
        format!("  不出 {} {} [{}] {}：{}", u.room, u.item, why(u), u.why.in_chinese(), u.evidence)
    }));
    let rest = sketch.changes.len().saturating_sub(TOLD_MOST)
        + sketch.unbilled.len().saturating_sub(TOLD_MOST);
    if rest > 0 {
        lines.push(format!("  另有 {rest} 行，见 --json"));
    }
    lines.join("\n")
}

/// Bills a month in every compound, or in one.
pub(super) async fn billing(books: &Books, args: BillingArgs, out: Out<'_>) -> Ran {
    let BillingArgs { month, compound, dry_run, json } = args;
    let run = billing::run(books, &operator(), month, compound.as_deref(), dry_run).await?;
    let is_whole = run.parts.iter().all(|p| p.code.is_empty() && p.defects == 0);
    let code = if is_whole { DONE } else { REFUSED };
    if json {
        say(out, &json!({ "month": month, "dry_run": dry_run, "run": run }))?;
        return Ok(code);
    }
    let word = if dry_run { "试算" } else { "出账" };
    writeln!(
        out,
        "{month} {word}：{} 个小区，{} 个有账单，{} 个没有；账单 {} 张，合计 {} 元",
        run.expected,
        run.posted,
        run.skipped,
        run.bills,
        run.total_fen.grouped()
    )?;
    for part in &run.parts {
        if part.code.is_empty() {
            let defects = if part.defects > 0 {
                format!("，{} 户须核对", part.defects)
            } else {
                String::new()
            };
            let total = part.total_fen.grouped();
            let why = if part.reason.is_empty() { "" } else { "：" };
            writeln!(
                out,
                "  {} 账单 {} 张，{total} 元{defects}{why}{}",
                part.compound, part.bills, part.reason
            )?;
        } else {
            let rule = ledger::rules().into_iter().find(|rule| rule.code == part.code);
            writeln!(out, "  未办 {} [{}] {}", part.compound, part.code, part.reason)?;
            if let Some(rule) = rule {
                writeln!(out, "    规则 {}\n    办法 {}", rule.rule, rule.remedy)?;
            }
        }
    }
    Ok(code)
}
