//! `xiaoqu report …` and `xiaoqu reconcile`: what is laid before owners and authorities, and the tie of bank, ledger and
//! dwellings.

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ledger::accounts::{self, Code, Gap};
use ledger::books::Books;
use ledger::calendar::{Instant, Month};
use ledger::error::{Error, Kind, Refusal, Rule, Storage};
use ledger::journal::Book;
use ledger::money::Money;
use ledger::property::Compound;
use ledger::works::Asked;
use reports::press::pdf::Binding;
use reports::sheet::{Block, Sheet};
use reports::template;

use super::templates::{self, TemplateAct};
use super::{CompoundArg, DONE, Ground, Out, REFUSED, Ran, Stop, at, compound, month, put, say};
use crate::accounts::of_area;
use crate::documents::{
    self, Batch, DOCUMENTS, Device, Document, Manifest, Order, Place, Reprint, Ticket, Typed,
};
use crate::journal::ExportFormat;
use crate::problem;
use crate::wire::IsoDay;

/// What was kept stands where another would go. Only whoever types a command meets it: no door writes to a file.
static STANDS: Rule = Rule {
    code: "report.file-exists",
    kind: Kind::Conflict,
    rule: "已有的文件不覆盖：留存的单据不因误操作而丢失",
    remedy: "另写一个文件名或文件夹，或加 --replace",
};

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
            Some(ReportAct::Template(act)) => act.is_json(),
            _ => false,
        }
    }
}

/// What can be done besides printing one.
#[derive(Debug, Subcommand)]
enum ReportAct {
    /// 单据一览：名称、标题、参数、形式
    List(super::JsonArgs),
    /// 校验：纸上的二维码，或校验码与编号，是否仍与账簿相符；不符或已变动的说明缘由与前后
    Check(CheckArgs),
    /// 重印：与原件逐字节相同；--anew 依现在的账簿再版，附再版说明
    Again(AgainArgs),
    /// 批量打印：一户一页，分册或合为一个文件，附清单
    Batch(BatchArgs),
    /// 模板：单位自行修改的催缴、收据、续筹等单据：查看、检查、预览、留存、改回
    #[command(subcommand)]
    Template(TemplateAct),
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
    /// 文件夹内已有底稿包的，覆盖
    #[arg(long)]
    replace: bool,
}

/// A printed paper, as somebody reads it off.
#[derive(Debug, Args)]
struct CodeArgs {
    /// 二维码的全文，或纸脚的校验码
    code: String,
    /// 纸脚代号之后的编号，例如 "wutongli-1-1-101 2026-06-30"
    number: Option<String>,
    /// 小区代码：凭校验码的写
    #[arg(long, value_name = "CODE")]
    compound: Option<String>,
    /// 打印时间：照纸脚所印，凭校验码的对账单写
    #[arg(long, value_name = "TIME", value_parser = documents::ticket::printed_at)]
    printed_at: Option<Instant>,
    #[command(flatten)]
    order: OrderArgs,
    /// 依未留存的模板文件打印的，给出该文件
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

impl CodeArgs {
    /// What it says, and the file it was laid out by, if that is brought.
    async fn ticket(self, books: &Books) -> Result<(Ticket, Option<String>), Stop> {
        let template = edited(self.template.as_deref())?;
        if Ticket::is_whole(&self.code) {
            return Ok((Ticket::read(&self.code).map_err(refused)?, template));
        }
        let Some(code) = self.compound else {
            let told = "凭校验码的须写 --compound 与纸脚的编号；扫描二维码的，写其全文";
            return Err(refused(problem::REPORT_CODE.refuse(told)));
        };
        let compound = compound(books, &code).await?;
        let number = self.number.unwrap_or_default();
        let typed = Typed { number, printed_at: self.printed_at, order: self.order.order() };
        Ok((Ticket::typed(&self.code, &compound, typed).map_err(refused)?, template))
    }
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    paper: CodeArgs,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct AgainArgs {
    #[command(flatten)]
    paper: CodeArgs,
    /// 依现在的账簿再版，写明前后不同
    #[arg(long)]
    anew: bool,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: PathBuf,
    /// 文件已有且内容不同的，覆盖
    #[arg(long)]
    replace: bool,
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
    /// 全部合为一个文件，不分册
    #[arg(long, conflicts_with = "each")]
    whole: bool,
    /// 未留存的模板文件；不写则依现行的模板
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// 写到文件夹：各册 PDF 与清单
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// 文件夹内已有这种单据的各册与清单的，先删去
    #[arg(long)]
    replace: bool,
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
    #[command(flatten)]
    order: OrderArgs,
    /// 纸张：a4、a4-landscape、half、triplicate、ticket
    #[arg(long)]
    paper: Option<String>,
    /// 未留存的模板文件；不写则依现行的模板
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// 形式；不写则依文件名，没有文件名则为文本
    #[arg(long, value_enum)]
    format: Option<FormatWord>,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx；不写则将文本写到标准输出
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: Option<PathBuf>,
    /// 文件已有且内容不同的，覆盖
    #[arg(long, requires = "out")]
    replace: bool,
}

impl ReportArgs {
    /// On what it is printed: the word and the file's ending say the same, or one of them says it.
    fn device(&self) -> Result<Device, Stop> {
        let by_word = self.format.map(FormatWord::device);
        let by_ending = self.out.as_deref().and_then(device);
        if let (Some(word), Some(ending), Some(file)) = (by_word, by_ending, &self.out)
            && word != ending
        {
            let told = format!(
                "--format 与文件 {} 的结尾不是同一种形式：写一致，或不写 --format",
                file.display()
            );
            return Err(Stop::Usage(told));
        }
        Ok(by_word.or(by_ending).unwrap_or(Device::Text))
    }
}

/// Which one of a document.
#[derive(Debug, Args)]
struct OrderArgs {
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
    /// 模板版本：own.2 本小区的，office.1 总册的，shipped.1 自带的；不写则现行的
    #[arg(long, value_name = "VERSION")]
    edition: Option<String>,
    /// 审批表问的是什么；不写则可否批准
    #[arg(long, value_enum)]
    asked: Option<AskedWord>,
    /// 截至记账时刻，例如 2026-01-05T09:00:00+08:00
    #[arg(long, value_name = "INSTANT", value_parser = super::arguments::instant)]
    known_at: Option<Instant>,
}

impl OrderArgs {
    fn order(self) -> Order {
        Order {
            room: self.room,
            no: self.no,
            from: self.from,
            to: self.to,
            on: self.on,
            period: self.period,
            year: self.year,
            form: self.form.map(FormWord::code),
            by: self.by,
            public: self.public.then_some(true),
            edition: self.edition,
            asked: self.asked.map(AskedWord::asked),
            known_at: self.known_at,
            ..Order::default()
        }
    }
}

/// What is asked of the gate, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AskedWord {
    /// 可否批准
    Approve,
    /// 可否付款
    Pay,
}

impl AskedWord {
    const fn asked(self) -> Asked {
        match self {
            AskedWord::Approve => Asked::Approve,
            AskedWord::Pay => Asked::Pay,
        }
    }
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
    /// 文件已有且内容不同的，覆盖
    #[arg(long, requires = "out")]
    replace: bool,
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

pub(super) fn device(path: &Path) -> Option<Device> {
    path.extension().and_then(|ending| ending.to_str()).and_then(Device::of_ending)
}

/// Puts a document into a file, as its ending says.
pub(super) async fn filed(
    books: &Books,
    compound: &Compound,
    (name, order): (&str, Order),
    file: &Path,
    is_replaced: bool,
) -> Result<(), Stop> {
    let device = device(file).unwrap_or(Device::Text);
    let bytes = documents::on_paper(books, compound, name, order, device).await?;
    keep(file, &bytes, is_replaced)
}

pub(super) async fn run(ground: Ground, asked: Report, out: Out<'_>) -> Ran {
    // The list is a table of the program's: it needs no books.
    if let Some(ReportAct::List(args)) = &asked.act {
        return list(args.json, out);
    }
    at(ground, async move |books| in_books(books, asked, out).await).await
}

async fn in_books(books: &Books, asked: Report, out: Out<'_>) -> Ran {
    match asked.act {
        None => one(books, &asked.name.unwrap_or_default(), asked.asked, out).await,
        Some(ReportAct::List(args)) => list(args.json, out),
        Some(ReportAct::Check(args)) => check(books, args, out).await,
        Some(ReportAct::Again(args)) => again(books, args, out).await,
        Some(ReportAct::Batch(args)) => batch(books, args, out).await,
        Some(ReportAct::Template(act)) => templates::run(books, act, out).await,
        Some(ReportAct::AuditPack(args)) => audit_pack(books, args, out).await,
    }
}

async fn one(books: &Books, name: &str, args: ReportArgs, out: Out<'_>) -> Ran {
    let device = args.device()?;
    if let Some(area) = &args.area {
        let area = area.clone();
        return of_an_area(books, name, &area, args, device, out).await;
    }
    let compound = compound(books, args.compound.as_deref().unwrap_or_default()).await?;
    let document = documents::known(name).map_err(refused)?;
    let edited = edited(args.template.as_deref())?;
    let order = Order { paper: args.paper, ..args.order.order() };
    is_typed(&order, document).map_err(refused)?;
    let now = books.clock().now();
    let sheet = documents::draw(books, &compound, document, &order, edited.as_deref(), now).await?;
    let what = format!("{} {}", compound.name, document.plain_title());
    let to = args.out.as_deref().map(|file| (file, args.replace));
    written(sheet, to, device, &what, out)
}

/// Whether everything that a document needs was typed. What is missing is told as it is typed; over the wire it has other
/// names.
fn is_typed(order: &Order, document: &Document) -> Result<(), Refusal> {
    let missing = order.missing(document);
    if missing.is_empty() {
        return Ok(());
    }
    let option = |name: &&str| format!("--{name}").replace('_', "-");
    let options: Vec<String> = missing.iter().map(option).collect();
    let told = format!("{}（{}）还须写 {}", document.name, document.title, options.join("、"));
    Err(problem::REPORT_ASKED.refuse(told))
}

/// Writes a paper's file. What stands there already stays, unless it is the same or `is_replaced`: a paper that was kept is
/// never lost to a slip.
pub(super) fn keep(file: &Path, bytes: &[u8], is_replaced: bool) -> Result<(), Stop> {
    if !is_replaced && file.exists() {
        if std::fs::read(file).is_ok_and(|standing| standing == bytes) {
            return Ok(());
        }
        let told = format!("文件已存在，没有覆盖：{}", file.display());
        return Err(refused(STANDS.refuse(told)));
    }
    Ok(put(file, bytes)?)
}

/// Writes a sheet out; a file is told with the checks that stand on the sheet.
fn written(
    sheet: Sheet,
    to: Option<(&Path, bool)>,
    device: Device,
    what: &str,
    out: Out<'_>,
) -> Ran {
    let bytes = documents::press_now(&sheet, device)?;
    let Some((file, is_replaced)) = to else {
        out.write_all(&bytes)?;
        return Ok(DONE);
    };
    keep(file, &bytes, is_replaced)?;
    for block in &sheet.blocks {
        let Block::Notes(notes) = block else { continue };
        for note in notes.iter().filter(|note| note.starts_with("校验")) {
            writeln!(out, "{note}")?;
        }
    }
    writeln!(out, "{what}（校验码 {}）已写到 {}", sheet.check, file.display())?;
    Ok(DONE)
}

fn refused(refusal: Refusal) -> Stop {
    Stop::Failed(refusal.into())
}

/// A file or a folder that the system does not give.
fn lost(what: String, source: std::io::Error) -> Stop {
    Stop::Failed(Error::Storage(Storage::File { what, source }))
}

/// The statements of an area's compounds, summed up.
async fn of_an_area(
    books: &Books,
    name: &str,
    area: &str,
    args: ReportArgs,
    device: Device,
    out: Out<'_>,
) -> Ran {
    let order = args.order.order();
    let (Some(code), Some(period)) = (order.form, order.period) else {
        return Err(Stop::Usage("汇总会计报表须写 --form 与 --period".to_owned()));
    };
    if name != "statutory" {
        return Err(Stop::Usage("只有会计报表（statutory）可以依区划汇总".to_owned()));
    }
    accounts::may_print(code, period).map_err(refused)?;
    let mut view = books.read().await?;
    let (name, compounds) = of_area(&mut view, area).await?;
    let now = books.clock().now();
    let sheet = documents::of_area(&mut view, (area, &name), &compounds, &order, now).await?;
    drop(view);
    let form = accounts::form(code);
    let what = format!("{name} {period} {}（{}）", form.title, form.number);
    let to = args.out.as_deref().map(|file| (file, args.replace));
    written(sheet, to, device, &what, out)
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
            "{:<15} {:<5} {}{template}{batch}  {}  {}",
            document.name,
            document.code,
            document.title,
            asked.join(" "),
            document.formats.join("、")
        )?;
    }
    Ok(DONE)
}

/// Where a paper is drawn, by its QR's text.
struct Drawn {
    name: String,
    compounds: Vec<Compound>,
    is_area: bool,
}

impl Drawn {
    async fn of(books: &Books, ticket: &Ticket) -> Result<Drawn, Stop> {
        let Some(area) = &ticket.area else {
            let compound = compound(books, &ticket.compound).await?;
            let name = compound.name.clone();
            return Ok(Drawn { name, compounds: vec![compound], is_area: false });
        };
        let (name, compounds) = of_area(&mut books.read().await?, area).await?;
        Ok(Drawn { name, compounds, is_area: true })
    }

    fn place(&self) -> Place<'_> {
        match self.compounds.as_slice() {
            [compound] if !self.is_area => Place::Of(compound),
            compounds => Place::Area(&self.name, compounds),
        }
    }
}

async fn check(books: &Books, args: CheckArgs, out: Out<'_>) -> Ran {
    let (ticket, template) = args.paper.ticket(books).await?;
    let drawn = Drawn::of(books, &ticket).await?;
    let checked = documents::check(books, drawn.place(), &ticket, template.as_deref()).await?;
    let ended = if checked.agrees { DONE } else { REFUSED };
    if args.json {
        say(out, &checked)?;
        return Ok(ended);
    }
    let printed_at = checked.printed_at.map(|at| format!("，打印时间 {}", at.for_people()));
    let printed_at = printed_at.unwrap_or_default();
    writeln!(out, "{} {}{printed_at}", checked.compound, checked.title)?;
    writeln!(out, "纸上 {}，账簿 {}：{}", checked.check, checked.drawn, checked.says)?;
    for change in &checked.changes {
        writeln!(out, "  原件  {}", change.before)?;
        writeln!(out, "  现在  {}", change.after)?;
    }
    for line in &checked.because {
        writeln!(out, "  {line}")?;
    }
    if !checked.agrees {
        write!(out, "\n账簿所载全文：\n{}", checked.text)?;
    }
    Ok(ended)
}

async fn again(books: &Books, args: AgainArgs, out: Out<'_>) -> Ran {
    let (ticket, template) = args.paper.ticket(books).await?;
    let drawn = Drawn::of(books, &ticket).await?;
    let (place, template) = (drawn.place(), template.as_deref());
    let (sheet, came_to) = documents::again(books, place, &ticket, template, args.anew).await?;
    let came_to = match came_to {
        Reprint::Same => "重印，与原件逐字节相同",
        Reprint::Alike => "重印，所载与原件相同",
        Reprint::Anew => "再版，前后见再版说明",
    };
    let document = documents::known(&ticket.name).map_err(refused)?;
    let what = format!("{} {}：{came_to}", drawn.name, document.plain_title());
    let device = device(&args.out).unwrap_or(Device::Text);
    written(sheet, Some((args.out.as_path(), args.replace)), device, &what, out)
}

/// A template's own file, if one is named.
pub(super) fn edited(file: Option<&Path>) -> Result<Option<String>, Stop> {
    let Some(file) = file else { return Ok(None) };
    let read = std::fs::read(file);
    let bytes = read.map_err(|why| lost(format!("读取模板 {}", file.display()), why))?;
    documents::templates::text(bytes).map(Some).map_err(refused)
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
    if !args.replace && args.out.join(SUMS).exists() {
        let told = format!("文件夹已有底稿包，没有覆盖：{}", args.out.display());
        return Err(refused(STANDS.refuse(told)));
    }
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
    // Whatever is refused was refused before there is a folder for it.
    pack(&args.out, &files)?;
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

/// The list of a pack, with the digest of each of its files.
const SUMS: &str = "SHA256SUMS";

/// Writes the files of a pack, and last their list. A folder that was made for them and took none goes again.
fn pack(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Stop> {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)
        .map_err(|why| lost(format!("建立文件夹 {}", folder.display()), why))?;
    let mut list = String::new();
    let written = files.iter().try_for_each(|(name, bytes)| {
        let digest = ledger::journal::text::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes));
        list.push_str(&format!("{digest}  {name}\n"));
        put(&folder.join(name), bytes)
    });
    let written = written.and_then(|()| put(&folder.join(SUMS), list.as_bytes()));
    if is_new && written.is_err() {
        // It stays if anything is in it.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(written?)
}

/// Prints one for each dwelling or claim, in volumes or as one file, with a list of what was printed.
async fn batch(books: &Books, args: BatchArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let document = documents::known(&args.name).map_err(refused)?;
    let template = edited(args.template.as_deref())?;
    let now = books.clock().now();
    // Every sheet is of what was known when it began.
    let known_at = document.is_of_knowledge.then_some(now);
    let BatchArgs { no, from, to, on, .. } = args;
    let asked = Order { no, from, to, on, known_at, ..Order::default() };
    let orders = documents::orders(books, &compound, document, &asked, now).await?;
    if orders.is_empty() {
        return Err(refused(problem::REPORT_ASKED.refuse("没有可印的单据")));
    }
    std::fs::create_dir_all(&args.out)
        .map_err(|why| lost(format!("建立文件夹 {}", args.out.display()), why))?;
    make_room(&args.out, document.name, args.replace)?;
    let mut printed = documents::manifest()?;
    let batch = Batch { compound, document, template, printed_at: now };
    let mut shown = Shown { many: orders.len(), done: 0, is_seen: std::io::stderr().is_terminal() };
    let mut left = Vec::new();
    let made = if args.whole {
        let file = args.out.join(format!("{}.pdf", document.name));
        left = bound(books, &batch, &orders, &file, &mut printed, &mut shown).await?;
        if left.len() < orders.len() { "一个文件" } else { "没有文件" }.to_owned()
    } else {
        let each = usize::try_from(args.each).unwrap_or(250);
        let mut volumes = 0;
        for (number, part) in orders.chunks(each).enumerate() {
            let volume = documents::volume(books, &batch, part, number + 1, &mut printed).await?;
            shown.more(part.len());
            left.extend(volume.left);
            let Some(bytes) = volume.bytes else { continue };
            volumes += 1;
            let name = format!("{}-{:03}.pdf", document.name, number + 1);
            put(&args.out.join(name), &bytes)?;
        }
        format!("{volumes} 册")
    };
    if shown.is_seen {
        let _ = writeln!(std::io::stderr());
    }
    let list = documents::listed(printed)?;
    put(&args.out.join(format!("{}-清单.csv", document.name)), &list)?;
    writeln!(
        out,
        "{} {}：{} 件，{made}，清单一份，已写到 {}",
        batch.compound.name,
        document.plain_title(),
        orders.len() - left.len(),
        args.out.display()
    )?;
    if left.is_empty() {
        return Ok(DONE);
    }
    writeln!(out, "未印 {} 件，其余已印；清单内注明：", left.len())?;
    for one in left {
        writeln!(out, "  {one}")?;
    }
    Ok(REFUSED)
}

/// Makes room for a batch: one of the same document that lies there stays, unless it `is_replaced`; then all of it goes, so that
/// no volume of a longer one stays among the new.
fn make_room(folder: &Path, name: &str, is_replaced: bool) -> Result<(), Stop> {
    let lost = |why| lost(format!("读写文件夹 {}", folder.display()), why);
    let mut former = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(lost)? {
        let entry = entry.map_err(lost)?;
        let file = entry.file_name();
        let rest = file.to_str().and_then(|file| file.strip_prefix(name));
        if rest.is_some_and(is_of_batch) {
            former.push(entry.path());
        }
    }
    if is_replaced {
        return former.iter().try_for_each(std::fs::remove_file).map_err(lost);
    }
    if former.is_empty() {
        return Ok(());
    }
    let (many, folder) = (former.len(), folder.display());
    let told = format!("文件夹已有这种单据的 {many} 个文件，没有覆盖：{folder}");
    Err(refused(STANDS.refuse(told)))
}

/// Whether a file of a batch ends so, behind the document's name: `.pdf`, `-001.pdf`, `-清单.csv`.
fn is_of_batch(rest: &str) -> bool {
    if matches!(rest, ".pdf" | "-清单.csv") {
        return true;
    }
    let number = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".pdf"));
    number.is_some_and(|number| number.len() >= 3 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// How far a batch is, for whoever watches a terminal.
struct Shown {
    many: usize,
    done: usize,
    is_seen: bool,
}

impl Shown {
    fn more(&mut self, done: usize) {
        self.done += done;
        if self.is_seen {
            let _ = write!(std::io::stderr(), "\r已印 {}/{}", self.done, self.many);
        }
    }
}

/// A whole batch as one file, written as it is printed: it takes its name when it is whole. Which ones cannot be printed.
async fn bound(
    books: &Books,
    batch: &Batch,
    orders: &[Order],
    file: &Path,
    list: &mut Manifest,
    shown: &mut Shown,
) -> Result<Vec<String>, Stop> {
    let lost = |why| lost(format!("写入 {}", file.display()), why);
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let beside = tempfile::NamedTempFile::new_in(folder).map_err(lost)?;
    let to = std::io::BufWriter::new(beside);
    let mut binding = Binding::begin(to).map_err(documents::unset)?;
    let (mut place, mut left) = (0, Vec::new());
    for lot in orders.chunks(documents::batch::LOT) {
        for sheet in batch.drawn(books, lot).await? {
            shown.more(1);
            match documents::batch::bound(&mut binding, &sheet)? {
                None => {
                    place += 1;
                    documents::batch::list_one(list, 1, place, &sheet)?;
                }
                Some(why) => {
                    documents::batch::list_left(list, 1, &why, &sheet)?;
                    left.push(why);
                }
            }
        }
    }
    if place == 0 {
        return Ok(left);
    }
    let beside = binding.finish().map_err(documents::unset)?;
    let beside = beside.into_inner().map_err(|why| lost(why.into_error()))?;
    beside.as_file().sync_all().map_err(lost)?;
    beside.persist(file).map_err(|why| lost(why.error))?;
    Ok(left)
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
        filed(books, &compound, ("reconciliation", order), file, args.replace).await?;
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
