//! `xiaoqu report …` and `xiaoqu reconcile`: what is laid before owners and authorities, and the tie of bank, ledger and
//! dwellings.

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ledger::accounts::{self, Code, Gap};
use ledger::books::Books;
use ledger::calendar::{Instant, Month};
use ledger::journal::Book;
use ledger::money::Money;
use reports::sheet::{Block, Sheet};
use reports::template::{self, Template};

use super::{CompoundArg, DONE, Out, REFUSED, Ran, Stop, compound, month, put, say};
use crate::accounts::{Device, drawn_up, of_area, paper};
use crate::documents::{self, DOCUMENTS, Order, Ticket};
use crate::journal::ExportFormat;
use crate::wire::IsoDay;

/// What is printed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Report {
    #[command(subcommand)]
    act: Option<ReportAct>,
    /// 单据名称，见 xiaoqu report list
    #[arg(required = true, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    asked: ReportArgs,
}

impl Report {
    pub(super) fn is_json(&self) -> bool {
        match &self.act {
            Some(ReportAct::List(args)) => args.json,
            Some(ReportAct::Check(args)) => args.json,
            _ => false,
        }
    }
}

/// What can be done besides printing one.
#[derive(Debug, Subcommand)]
enum ReportAct {
    /// 单据一览：名称、标题、参数、形式
    List(super::JsonArgs),
    /// 校验：纸上的二维码是否仍与账簿相符
    Check(CheckArgs),
    /// 重印：与原件逐字节相同；--anew 依现在的账簿再版，附再版说明
    Again(AgainArgs),
    /// 批量打印：一户一页，分册成文件，附清单
    Batch(BatchArgs),
    /// 模板：列出字段、查看自带模板、检查修改后的模板
    Template(TemplateArgs),
    /// 审计底稿包：一年的报表、公示、对账、收缴率、四本账簿、核验结果，附摘要清单
    AuditPack(PackArgs),
}

#[derive(Debug, Args)]
struct PackArgs {
    #[command(flatten)]
    compound: CompoundArg,
    /// 年度：12 月已结账
    #[arg(long)]
    year: i32,
    /// 写到文件夹
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// 二维码的全文
    code: String,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct AgainArgs {
    /// 二维码的全文
    code: String,
    /// 依现在的账簿再版，写明前后不同
    #[arg(long)]
    anew: bool,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct BatchArgs {
    /// 单据名称：statement、demand、renewal、ballot
    name: String,
    #[command(flatten)]
    compound: CompoundArg,
    /// 编号：方案、表决的编号；催缴不写
    #[arg(long)]
    no: Option<String>,
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: Option<IsoDay>,
    /// 止日
    #[arg(long, value_name = "DAY")]
    to: Option<IsoDay>,
    /// 只印这一天的催缴；不写则全部
    #[arg(long, value_name = "DAY")]
    on: Option<IsoDay>,
    /// 每册多少件
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=1000))]
    each: u32,
    /// 修改过的模板
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// 写到文件夹：各册 PDF 与清单
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct TemplateArgs {
    /// 单据名称：demand、receipt、fund-receipt、renewal
    name: String,
    /// 检查这个模板
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// 用空白内容预览成 PDF
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
}

/// What a document is asked with.
#[derive(Debug, Args)]
struct ReportArgs {
    /// 小区代码
    #[arg(long, value_name = "CODE", required_unless_present = "area")]
    compound: Option<String>,
    /// 区划代码：会计报表汇总其中全部小区
    #[arg(long, value_name = "CODE", conflicts_with = "compound")]
    area: Option<String>,
    /// 房号
    #[arg(long, value_name = "CODE")]
    room: Option<String>,
    /// 编号：催缴、收据、项目、方案、表决、证明等
    #[arg(long)]
    no: Option<String>,
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: Option<IsoDay>,
    /// 止日
    #[arg(long, value_name = "DAY")]
    to: Option<IsoDay>,
    /// 哪一天；不写则今天
    #[arg(long, value_name = "DAY")]
    on: Option<IsoDay>,
    /// 期间，例如 2025-12；年报写该年 12 月
    #[arg(long, value_parser = month, value_name = "MONTH")]
    period: Option<Month>,
    /// 年度，例如 2025
    #[arg(long)]
    year: Option<i32>,
    /// 报表
    #[arg(long, value_enum)]
    form: Option<FormWord>,
    /// 编制单位；不写则留待盖章
    #[arg(long)]
    by: Option<String>,
    /// 公示件：遮盖姓名、房号
    #[arg(long)]
    public: bool,
    /// 纸张：a4、a4-landscape、half、triplicate、ticket
    #[arg(long)]
    paper: Option<String>,
    /// 截至记账时刻，例如 2026-01-05T09:00:00+08:00
    #[arg(long, value_name = "INSTANT", value_parser = super::arguments::instant)]
    known_at: Option<Instant>,
    /// 修改过的模板
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// 形式；不写则依文件名，没有文件名则为文本
    #[arg(long, value_enum)]
    format: Option<FormatWord>,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx；不写则将文本写到标准输出
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: Option<PathBuf>,
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

impl FormWord {
    const fn code(self) -> Code {
        match self {
            FormWord::One => Code::BalanceSheet,
            FormWord::Two => Code::IncomeAndExpenditure,
            FormWord::Three => Code::ChangesInNetAssets,
        }
    }
}

/// A device, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    /// PDF，可打印
    Pdf,
    /// 电子表格
    Xlsx,
    /// CSV
    Csv,
    /// 文本
    Text,
}

impl FormatWord {
    const fn device(self) -> Device {
        match self {
            FormatWord::Pdf => Device::Pdf,
            FormatWord::Xlsx => Device::Xlsx,
            FormatWord::Csv => Device::Csv,
            FormatWord::Text => Device::Text,
        }
    }
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
    match asked.act {
        None => one(books, &asked.name.unwrap_or_default(), asked.asked, out).await,
        Some(ReportAct::List(args)) => list(args.json, out),
        Some(ReportAct::Check(args)) => check(books, args, out).await,
        Some(ReportAct::Again(args)) => again(books, args, out).await,
        Some(ReportAct::Batch(args)) => batch(books, args, out).await,
        Some(ReportAct::Template(args)) => template(&args, out),
        Some(ReportAct::AuditPack(args)) => audit_pack(books, args, out).await,
    }
}

async fn one(books: &Books, name: &str, args: ReportArgs, out: Out<'_>) -> Ran {
    let by_ending = args.out.as_deref().and_then(device);
    let device = args.format.map(FormatWord::device).or(by_ending).unwrap_or(Device::Text);
    if let Some(area) = &args.area {
        return of_an_area(books, name, area, &args, device, out).await;
    }
    let compound = compound(books, args.compound.as_deref().unwrap_or_default()).await?;
    let document = documents::known(name).map_err(refused)?;
    let edited = edited(args.template.as_deref())?;
    let order = Order {
        room: args.room,
        no: args.no,
        from: args.from,
        to: args.to,
        on: args.on,
        period: args.period,
        year: args.year,
        form: args.form.map(FormWord::code),
        by: args.by,
        public: args.public.then_some(true),
        paper: args.paper,
        known_at: args.known_at,
        format: None,
    };
    let now = books.clock().now();
    let sheet = documents::draw(books, &compound, document, &order, edited.as_deref(), now).await?;
    written(
        sheet,
        args.out.as_deref(),
        device,
        &format!("{} {}", compound.name, document.title),
        out,
    )
}

/// Writes a sheet out; a file is told with the checks that stand on the sheet.
fn written(sheet: Sheet, file: Option<&Path>, device: Device, what: &str, out: Out<'_>) -> Ran {
    let bytes = documents::press_now(&sheet, device)?;
    let Some(file) = file else {
        out.write_all(&bytes)?;
        return Ok(DONE);
    };
    put(file, &bytes)?;
    for block in &sheet.blocks {
        let Block::Notes(notes) = block else { continue };
        for note in notes.iter().filter(|note| note.starts_with("校验")) {
            writeln!(out, "{note}")?;
        }
    }
    writeln!(out, "{what}（校验码 {}）已写到 {}", sheet.check, file.display())?;
    Ok(DONE)
}

fn refused(refusal: ledger::error::Refusal) -> Stop {
    Stop::Failed(refusal.into())
}

/// The statements of an area's compounds, summed up.
async fn of_an_area(
    books: &Books,
    name: &str,
    area: &str,
    args: &ReportArgs,
    device: Device,
    out: Out<'_>,
) -> Ran {
    let (Some(form), Some(period)) = (args.form, args.period) else {
        return Err(Stop::Usage("汇总会计报表须写 --form 与 --period".to_owned()));
    };
    if name != "statutory" {
        return Err(Stop::Usage("只有会计报表（statutory）可以依区划汇总".to_owned()));
    }
    let code = form.code();
    accounts::may_print(code, period).map_err(refused)?;
    let mut view = books.read().await?;
    let (name, compounds) = of_area(&mut view, area).await?;
    let (now, by) = (books.clock().now(), args.by.clone().unwrap_or_default());
    let (statements, head) = drawn_up(&mut view, &name, &compounds, period, by, now).await?;
    drop(view);
    let checks = statements.checks.clone();
    let bytes = paper(statements, code, head, device).await?;
    let Some(file) = &args.out else {
        out.write_all(&bytes)?;
        return Ok(DONE);
    };
    put(file, &bytes)?;
    for check in checks {
        writeln!(out, "{check}")?;
    }
    let form = accounts::form(code);
    writeln!(out, "{name} {period} {}（{}）已写到 {}", form.title, form.number, file.display())?;
    Ok(DONE)
}

fn list(is_json: bool, out: Out<'_>) -> Ran {
    if is_json {
        say(out, &documents::every())?;
        return Ok(DONE);
    }
    for document in DOCUMENTS {
        let needs = document.needs.iter().map(|name| format!("--{name} …"));
        let takes = document.takes.iter().map(|name| format!("[--{name} …]").replace('_', "-"));
        let asked: Vec<String> = needs.chain(takes).collect();
        let template = if template::known(document.name).is_some() { "（模板）" } else { "" };
        let batch = if document.each.is_empty() { "" } else { "（批量）" };
        writeln!(
            out,
            "{:<15} {:<5} {}{template}{batch}  {}",
            document.name,
            document.code,
            document.title,
            asked.join(" ")
        )?;
    }
    Ok(DONE)
}

async fn check(books: &Books, args: CheckArgs, out: Out<'_>) -> Ran {
    let ticket = Ticket::read(&args.code).map_err(refused)?;
    let compound = compound(books, &ticket.compound).await?;
    let checked = documents::check(books, &compound, &ticket).await?;
    let ended = if checked.agrees { DONE } else { REFUSED };
    if args.json {
        say(out, &checked)?;
        return Ok(ended);
    }
    let printed_at = checked.printed_at.for_people();
    writeln!(out, "{} {}，打印时间 {printed_at}", checked.compound, checked.title)?;
    writeln!(out, "纸上 {}，账簿 {}：{}", checked.check, checked.drawn, checked.says)?;
    for change in &checked.changes {
        writeln!(out, "  原件  {}", change.before)?;
        writeln!(out, "  现在  {}", change.after)?;
    }
    if !checked.agrees {
        write!(out, "\n账簿所载全文：\n{}", checked.text)?;
    }
    Ok(ended)
}

async fn again(books: &Books, args: AgainArgs, out: Out<'_>) -> Ran {
    let ticket = Ticket::read(&args.code).map_err(refused)?;
    let compound = compound(books, &ticket.compound).await?;
    let sheet = documents::again(books, &compound, &ticket, args.anew).await?;
    let is_same = sheet.check == ticket.check;
    let what = if is_same {
        "重印，与原件相同"
    } else {
        "再版，前后不同之处见再版说明"
    };
    let device = device(&args.out).unwrap_or(Device::Text);
    written(sheet, Some(&args.out), device, what, out)
}

/// A template's own file, if one is named.
fn edited(file: Option<&Path>) -> Result<Option<String>, Stop> {
    let Some(file) = file else { return Ok(None) };
    let read = std::fs::read_to_string(file);
    let lost = |why| Stop::Usage(format!("模板 {} 不能读取：{why}", file.display()));
    read.map(Some).map_err(lost)
}

fn template(args: &TemplateArgs, out: Out<'_>) -> Ran {
    let known = template::known(&args.name);
    let known = known.ok_or_else(|| Stop::Usage(format!("{} 不依模板排版", args.name)))?;
    let text = edited(args.check.as_deref())?;
    let text = text.as_deref().unwrap_or(known.shipped);
    let read = Template::read(known, text);
    let read = read.map_err(|why| refused(crate::problem::TEMPLATE.refuse(why)))?;
    if let Some(file) = &args.preview {
        let blank = documents::blank(known);
        let sheet = read.fill(known, &blank, ledger::calendar::Clock::system().now());
        let sheet = sheet.map_err(documents::unset)?;
        put(file, &documents::press_now(&sheet, Device::Pdf)?)?;
        writeln!(out, "预览已写到 {}", file.display())?;
        return Ok(DONE);
    }
    if args.check.is_some() {
        writeln!(out, "模板可用：{}，第 {} 版", known.title, read.version)?;
        return Ok(DONE);
    }
    let fields = |out: Out<'_>, what: &str, of: &[(&str, &str)]| -> Result<(), Stop> {
        for (name, says) in of {
            writeln!(out, "# {what} {{{name}}} {says}")?;
        }
        Ok(())
    };
    fields(out, "字段", known.words)?;
    fields(out, "每行", known.lines)?;
    fields(out, "金额", known.sums)?;
    write!(out, "{}", known.shipped)?;
    Ok(DONE)
}

/// Everything an auditor of a year asks for, with the digest of each file.
async fn audit_pack(books: &Books, args: PackArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let (now, year) = (books.clock().now(), args.year);
    let day = |month: i32, last: bool| {
        let month = Month::from_number(year * 100 + month);
        month.map(|month| IsoDay(if last { month.last_day() } else { month.first_day() }))
    };
    let period = Month::from_number(year * 100 + 12);
    let form = |code| Order { form: Some(code), period, ..Order::default() };
    let of_year = || Order { year: Some(year), ..Order::default() };
    let span = Order { from: day(1, false), to: day(12, true), ..Order::default() };
    let papers = [
        ("statutory", "会住维01表", form(Code::BalanceSheet)),
        ("statutory", "会住维02表", form(Code::IncomeAndExpenditure)),
        ("statutory", "会住维03表", form(Code::ChangesInNetAssets)),
        ("notice", "维修资金年度公示", of_year()),
        ("yearly", "物业服务年度公示报告", of_year()),
        ("collection", "收缴率报表", span),
        ("reconciliation", "对账差异表", Order { on: day(12, true), ..Order::default() }),
    ];
    let lost = |why| Stop::Usage(format!("文件夹 {} 不能建立：{why}", args.out.display()));
    std::fs::create_dir_all(&args.out).map_err(lost)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, title, order) in papers {
        let document = documents::known(name).map_err(refused)?;
        let sheet = documents::draw(books, &compound, document, &order, None, now).await?;
        for (device, ending) in [(Device::Pdf, "pdf"), (Device::Xlsx, "xlsx")] {
            files.push((format!("{title}.{ending}"), documents::press_now(&sheet, device)?));
        }
    }
    let mut view = books.read().await?;
    for book in Book::ALL {
        let (mut text, id) = (Vec::new(), compound.id);
        crate::journal::write_out(&mut view, id, book, ExportFormat::Hledger, &mut text).await?;
        files.push((format!("{}.journal", book.chart().title), text));
    }
    drop(view);
    let verdict = crate::journal::check(books, Some(compound.id)).await?;
    let told = serde_json::to_vec_pretty(&verdict).map_err(documents::bug)?;
    files.push(("核验结果.json".to_owned(), told));
    let mut list = String::new();
    for (name, bytes) in &files {
        put(&args.out.join(name), bytes)?;
        let digest = ledger::journal::text::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
        list.push_str(&format!("{digest}  {name}\n"));
    }
    put(&args.out.join("SHA256SUMS"), list.as_bytes())?;
    let many = files.len();
    let told = if verdict.ok { "核验无误" } else { "核验有误，见核验结果" };
    writeln!(
        out,
        "{} {year} 年度审计底稿包：{many} 个文件及摘要清单，{told}，已写到 {}",
        compound.name,
        args.out.display()
    )?;
    Ok(if verdict.ok { DONE } else { REFUSED })
}

/// Prints one for each dwelling or claim, in volumes, with a list of what was printed.
async fn batch(books: &Books, args: BatchArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let document = documents::known(&args.name).map_err(refused)?;
    let edited = edited(args.template.as_deref())?;
    let now = books.clock().now();
    let asked =
        Order { no: args.no, from: args.from, to: args.to, on: args.on, ..Order::default() };
    let orders = documents::orders(books, &compound, document, &asked, now).await?;
    std::fs::create_dir_all(&args.out)
        .map_err(|why| Stop::Usage(format!("文件夹 {} 不能建立：{why}", args.out.display())))?;
    let each = usize::try_from(args.each).unwrap_or(250);
    let many = orders.len().div_ceil(each);
    let mut printed = documents::manifest()?;
    let mut done = 0;
    let shows = std::io::stderr().is_terminal();
    for (number, part) in orders.chunks(each).enumerate() {
        let (template, list) = (edited.as_deref(), &mut printed);
        let bytes =
            documents::volume(books, &compound, document, part, template, now, number + 1, list);
        let bytes = bytes.await?;
        done += part.len();
        if shows {
            let _ = write!(std::io::stderr(), "\r已印 {done}/{}", orders.len());
        }
        put(&args.out.join(format!("{}-{:03}.pdf", document.name, number + 1)), &bytes)?;
    }
    if shows {
        let _ = writeln!(std::io::stderr());
    }
    let list = documents::listed(printed)?;
    put(&args.out.join(format!("{}-清单.csv", document.name)), &list)?;
    writeln!(
        out,
        "{} {}：{} 件，{many} 册，清单一份，已写到 {}",
        compound.name,
        document.title,
        orders.len(),
        args.out.display()
    )?;
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
        let order = Order { on: Some(IsoDay(on)), ..Order::default() };
        let device = device(file).unwrap_or(Device::Text);
        put(file, &documents::on_paper(books, &compound, "reconciliation", order, device).await?)?;
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
