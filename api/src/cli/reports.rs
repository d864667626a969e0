//! `xiaoqu report …` and `xiaoqu reconcile`: what is laid before owners and authorities, and the tie of bank, ledger and
//! dwellings.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger::accounts::{self, Code, Gap};
use ledger::books::Books;
use ledger::calendar::Month;
use ledger::money::Money;
use reports::notice::Public;

use super::{CompoundArg, DONE, Out, REFUSED, Ran, Stop, compound, month, put, say};
use crate::accounts::{Device, drawn_up, notice_paper, of_area, paper, tie_paper};
use crate::wire::IsoDay;

/// What can be printed.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// 会计报表：会住维01/02/03表，附七项校验
    Statutory(StatutoryArgs),
    /// 年度公示：165号令第三十条
    Notice(NoticeArgs),
}

#[derive(Debug, Args)]
pub(super) struct StatutoryArgs {
    /// 报表
    #[arg(long, value_enum)]
    form: FormWord,
    /// 小区代码
    #[arg(long, value_name = "CODE", required_unless_present = "area")]
    compound: Option<String>,
    /// 区划代码：汇总其中全部小区
    #[arg(long, value_name = "CODE", conflicts_with = "compound")]
    area: Option<String>,
    /// 期间，例如 2025-12；年报写该年 12 月
    #[arg(long, value_parser = month, value_name = "MONTH")]
    period: Month,
    /// 编制单位；不写则留待盖章
    #[arg(long, default_value = "")]
    by: String,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: PathBuf,
}

/// A form, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormWord {
    /// 资产负债表
    #[value(name = "01")]
    One,
    /// 收支表
    #[value(name = "02")]
    Two,
    /// 净资产变动表
    #[value(name = "03")]
    Three,
}

#[derive(Debug, Args)]
pub(super) struct NoticeArgs {
    #[command(flatten)]
    compound: CompoundArg,
    /// 年度，例如 2025
    #[arg(long)]
    year: i32,
    /// 公示件：房号隐去中间数字
    #[arg(long)]
    public: bool,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    #[command(flatten)]
    compound: CompoundArg,
    /// 对账日；不写则为今天
    #[arg(long, value_name = "DAY")]
    on: Option<IsoDay>,
    /// 另将对账差异表写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: Option<PathBuf>,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A report's file by its ending.
pub(super) fn report(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let known = device(&path).is_some();
    known.then_some(path).ok_or_else(|| "文件须以 .pdf、.txt、.csv 或 .xlsx 结尾".to_owned())
}

pub(super) fn device(path: &std::path::Path) -> Option<Device> {
    path.extension().and_then(|ending| ending.to_str()).and_then(Device::of_ending)
}

pub(super) async fn run(books: &Books, asked: Report, out: Out<'_>) -> Ran {
    match asked {
        Report::Statutory(args) => statutory(books, args, out).await,
        Report::Notice(args) => notice(books, args, out).await,
    }
}

async fn statutory(books: &Books, args: StatutoryArgs, out: Out<'_>) -> Ran {
    let code = match args.form {
        FormWord::One => Code::BalanceSheet,
        FormWord::Two => Code::IncomeAndExpenditure,
        FormWord::Three => Code::ChangesInNetAssets,
    };
    let refused = |refusal: ledger::error::Refusal| Stop::Failed(refusal.into());
    accounts::may_print(code, args.period).map_err(refused)?;
    let mut view = books.read().await?;
    let (name, compounds) = match (args.compound, args.area) {
        (Some(code), _) => {
            let compound = compound(books, &code).await?;
            (compound.name.clone(), vec![compound])
        }
        (None, Some(area)) => of_area(&mut view, &area).await?,
        (None, None) => return Err(Stop::Usage("须写 --compound 或 --area".to_owned())),
    };
    let now = books.clock().now();
    let (statements, head) =
        drawn_up(&mut view, &name, &compounds, args.period, args.by, now).await?;
    drop(view);
    let checks = statements.checks.clone();
    let bytes = paper(statements, code, head, device(&args.out).unwrap_or(Device::Text)).await?;
    put(&args.out, &bytes)?;
    for check in checks {
        writeln!(out, "{check}")?;
    }
    let form = accounts::form(code);
    writeln!(
        out,
        "{name} {} {}（{}）已写到 {}",
        args.period,
        form.title,
        form.number,
        args.out.display()
    )?;
    Ok(DONE)
}

async fn notice(books: &Books, args: NoticeArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let mut view = books.read().await?;
    let told = accounts::notice(&mut view, &compound, args.year).await?;
    drop(view);
    let public = if args.public { Public::Yes } else { Public::No };
    let checks: Vec<String> =
        told.statements.checks.iter().chain(&told.checks).map(ToString::to_string).collect();
    let now = books.clock().now();
    let device = device(&args.out).unwrap_or(Device::Text);
    let bytes = notice_paper(told, compound.name.clone(), public, now, device).await?;
    put(&args.out, &bytes)?;
    for check in checks {
        writeln!(out, "{check}")?;
    }
    writeln!(out, "{} {} 年度公示已写到 {}", compound.name, args.year, args.out.display())?;
    Ok(DONE)
}

/// Ties bank, ledger and dwellings; ends with [`REFUSED`] if a difference has no explanation.
pub(super) async fn reconcile(books: &Books, args: ReconcileArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let on = args.on.map_or_else(|| books.clock().now().day(), |on| on.0);
    let mut view = books.read().await?;
    let tie = accounts::tie(&mut view, compound.id, on).await?;
    let ended = if tie.is_explained { DONE } else { REFUSED };
    if let Some(file) = &args.out {
        let (name, now) = (compound.name.clone(), books.clock().now());
        let device = device(file).unwrap_or(Device::Text);
        put(file, &tie_paper(tie.clone(), name, now, device).await?)?;
    }
    if args.json {
        say(out, &tie)?;
        return Ok(ended);
    }
    writeln!(out, "{} 维修资金对账 {on}（元）", compound.name)?;
    let bank = tie.bank_fen.map_or("无流水".to_owned(), Money::grouped);
    let note = if tie.is_counted {
        "（流水未带余额，依首笔之前的账面推算）"
    } else {
        ""
    };
    row(out, "银行余额", &bank, note)?;
    row(out, "账面银行存款", &tie.ledger_bank_fen.grouped(), "")?;
    gaps(out, &tie.bank_gaps)?;
    row(out, "列明差异之后", &tie.bank_left_fen.grouped(), "")?;
    row(out, "账面资金（银行存款、国债投资、备用金）", &tie.ledger_fen.grouped(), "")?;
    row(out, "各户余额合计", &tie.dwellings_fen.grouped(), "")?;
    gaps(out, &tie.dwelling_gaps)?;
    row(out, "列明差异之后", &tie.dwelling_left_fen.grouped(), "")?;
    writeln!(
        out,
        "{}",
        if tie.is_explained {
            "对账相符：差异全部有据"
        } else {
            "对账不符：有差异无据可查"
        }
    )?;
    Ok(ended)
}

fn row(out: Out<'_>, what: &str, amount: &str, note: &str) -> Result<(), Stop> {
    Ok(writeln!(out, "{amount:>20}  {what}{note}")?)
}

fn gaps(out: Out<'_>, gaps: &[Gap]) -> Result<(), Stop> {
    for gap in gaps {
        let Gap { kind, what, on, days, amount_fen } = gap;
        writeln!(
            out,
            "{:>20}    {} {on} {days} 天 {what}",
            amount_fen.grouped(),
            kind.in_chinese()
        )?;
    }
    Ok(())
}
