//! The command line: the same verbs, for whoever sits at the machine that holds the books.
//!
//! Owns: the commands, the exit codes, [`run`]; the arguments are in `arguments`. What acts here acts as [`Actor::operator`].
//!
//! Always: an answer goes to standard output, everything else to standard error; with `--json` the answer is one object,
//! a refusal included; in a pipe nothing is said that is not the answer. Exit codes: [`DONE`], [`REFUSED`], [`USAGE`],
//! [`NO_STORAGE`].

mod acts;
mod arguments;
mod arrears;
mod channels;
mod counter;
mod countersigns;
mod district;
mod files;
mod funds;
mod gains;
mod guard;
mod hooks;
mod life;
mod papers;
mod people;
mod policies;
mod reports;
mod revenue;
mod subsidies;
mod tariffs;
mod templates;
mod trust;
mod votes;
mod words;
mod works;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use ledger::books::{Actor, Books, Role};
use ledger::calendar::Clock;
use ledger::error::{Error, Storage};
use ledger::people::{Place, role_in_name_of};
use ledger::property::{self, Compound};
use ledger::seal::KeySource;
use serde_json::json;

use self::arguments::*;
use crate::config::{self, Config, LogFormat};
use crate::problem::Problem;
use crate::{demo, doctor, log, serve};

/// Done as asked.
pub const DONE: u8 = 0;
/// A rule said no, rows were kept out, or a law is broken.
pub const REFUSED: u8 = 1;
/// The command cannot be read.
pub const USAGE: u8 = 2;
/// The books, a file or the settings cannot be used.
pub const NO_STORAGE: u8 = 3;

/// 小区账本：小区维修资金与物业费的复式账
#[derive(Debug, Parser)]
#[command(
    name = "xiaoqu",
    version,
    disable_help_subcommand = true,
    after_help = "退出码：0 办成；1 被规则拒绝、有行未导入、或核验不符；2 命令写法有误；3 账册、文件或配置不可用"
)]
struct Cli {
    /// 账册地址：sqlite:文件路径 或 postgres://用户@主机/库名
    #[arg(long, global = true, env = "XIAOQU_DB", hide_env_values = true, value_name = "URL")]
    db: Option<String>,
    /// 密钥文件；不写则用 XIAOQU_KEY，再不写则用账册旁的 .key 文件（PostgreSQL 为 ~/.local/state/xiaoqu/）
    #[arg(long, global = true, env = "XIAOQU_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Where the books and their keys are.
struct Ground {
    db: Option<String>,
    key_file: Option<PathBuf>,
}

impl Ground {
    fn url(&self) -> Result<&str, Stop> {
        let missing = || Stop::Usage("须用 --db（或环境变量 XIAOQU_DB）指明账册地址".to_owned());
        self.db.as_deref().ok_or_else(missing)
    }

    /// The books' keys.
    fn keys(&self, url: &str) -> KeySource {
        doctor::key_source(url, self.key_file.clone())
    }

    /// The books, founded if there are none.
    async fn open(&self) -> Result<Books, Stop> {
        let url = self.url()?;
        Ok(Books::open_keyed(url, Clock::system(), self.keys(url)).await?)
    }

    /// Books that must be there already.
    async fn existing(&self) -> Result<Books, Stop> {
        let url = self.url()?;
        Ok(Books::open_existing_keyed(url, self.keys(url)).await?)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 试用：自带样例小区，装好即可查看
    Demo(DemoArgs),
    /// 开门营业：提供 REST 接口
    Serve(ServeArgs),
    /// 建表或升级账册（其他命令也会自动进行）
    Migrate,
    /// 导入文件：房产清册、交存明细、收费明细、银行流水、微信与支付宝账单、数电票；撤销与查看
    #[command(subcommand)]
    Import(Import),
    /// 核验账册：逐条检查账册必须成立的规律
    Verify(VerifyArgs),
    /// 导出一本账簿
    Export(ExportArgs),
    /// 查看操作记录：谁、何时、从何处、做了什么
    Audit(AuditArgs),
    /// 显示一户产权人的完整证件号与电话（须写明事由，记入操作记录）
    Reveal(RevealArgs),
    /// 加密个人信息的密钥：列出、更换、停用
    #[command(subcommand)]
    Key(KeyCommand),
    /// 列出小区
    Compounds(JsonArgs),
    /// 登记维修资金交存：手工，或认领银行流水
    Deposit(DepositArgs),
    /// 维修资金：标准、核定、欠交、票据、返还、售房单位、代管资金、续筹
    #[command(subcommand)]
    Fund(funds::Fund),
    /// 列出银行流水及其认领情况
    BankLines(LinesArgs),
    /// 支付渠道：订单的认定、暂存、到账核销，托收文件
    #[command(subcommand)]
    Channel(channels::ChannelAct),
    /// 对账签认：银行与渠道账户逐日签认
    #[command(subcommand)]
    Bank(channels::BankAct),
    /// 发票登记：数电票、红冲、对应收据
    #[command(subcommand)]
    Invoice(channels::InvoiceAct),
    /// 登记物业费缴费：先清旧欠，余额预存
    Pay(PayArgs),
    /// 出账单
    Bill(BillArgs),
    /// 收费标准：收费约定、单价、抄表、公摊、试算
    #[command(subcommand)]
    Tariff(tariffs::TariffAct),
    /// 收银台：收款、收据、退费、减免、核销、违约金、押金、日结单
    #[command(subcommand)]
    Counter(counter::Counter),
    /// 欠费：账龄、催缴、送达、承诺分期、起诉、诉讼时效
    #[command(subcommand)]
    Arrears(arrears::Arrears),
    /// 收缴率：按幢、单元、月份，连同口径
    #[command(subcommand)]
    Collection(arrears::Collection),
    /// 酬金制：服务支出、酬金、收支公布
    #[command(subcommand)]
    Trust(trust::Trust),
    /// 公共收益：经营合同、收支、分成、分配、让渡、公示、移交
    #[command(subcommand)]
    Revenue(revenue::Revenue),
    /// 打印分户对账单（PDF 或文本）
    Statement(StatementArgs),
    /// 单据：一览、打印、批量、校验、重印、模板
    Report(Box<reports::Report>),
    /// 区、街道总览：各小区并列比较与可疑之处的提示
    District(district::DistrictArgs),
    /// 对账：银行、账面、各户三方，列出差异及其账龄
    Reconcile(reports::ReconcileArgs),
    /// 房屋：分户、并户、灭失、维修资金证明
    #[command(subcommand)]
    Dwelling(life::Life),
    /// 划转：维修资金移交业主大会、划回、清册
    #[command(subcommand)]
    Custody(life::Custody),
    /// 试算平衡表
    TrialBalance(TrialArgs),
    /// 结账
    Close(CloseArgs),
    /// 冲销一张凭证
    Reverse(ReverseArgs),
    /// 用户：登记、口令、授权、令牌、二次验证、停用
    #[command(subcommand)]
    User(people::User),
    /// 机构：登记、物业服务合同
    #[command(subcommand)]
    Org(people::Org),
    /// 区划：市、区、街道、社区，及小区所在
    #[command(subcommand)]
    Area(people::Area),
    /// 业主表决：草拟、冻结名册、公示、投票、计票、结果与重新计票
    #[command(subcommand)]
    Vote(votes::Vote),
    /// 维修项目：立项、方案、公示、申请、审批、付款、归档，及支取条件一览
    #[command(subcommand)]
    Project(works::Project),
    /// 补贴：项目、分配、下达、到账、专款专用的支付、追回、上缴、考核奖惩
    #[command(subcommand)]
    Subsidy(subsidies::Subsidy),
    /// 老旧小区改造：储备、意愿、方案、资金来源、付款、验收、移交
    #[command(subcommand)]
    Renovation(subsidies::Renovation),
    /// 复核：列出、查看待第二人复核的申请
    #[command(subcommand)]
    Countersign(countersigns::Countersign),
    /// 政策包：查看各地规定、比较版本、收入新版本
    #[command(subcommand)]
    Policy(PolicyAct),
    /// 批量办理：全部小区结息、出账
    #[command(subcommand)]
    Run(RunOf),
    /// 收益：利率、结息批次、算式、分配、定期存款与国债、银行利息与费用
    #[command(subcommand)]
    Gains(gains::Gains),
    /// 推送订阅：积压、死信、重发
    #[command(subcommand)]
    Hooks(hooks::Hooks),
    /// 列出全部配置项，或给出配置文件样例
    Config(ConfigArgs),
    /// 体检：配置、数据库、时钟、文件权限；不改动任何东西
    Doctor(DoctorArgs),
}

/// Runs over every compound.
#[derive(Debug, Subcommand)]
enum RunOf {
    /// 结息：全部小区逐个办理；中断后再运行同一命令即接续，已结的不重复
    Interest(gains::InterestArgs),
    /// 出账：按收费标准出一个月的账单；中断后再运行同一命令即接续，已出的不重复
    Billing(tariffs::BillingArgs),
    /// 留存各小区须逐户计算的数字，区、街道总览不必重算；宜每夜运行
    District(district::KeepArgs),
}

/// Why a command ended without an answer.
enum Stop {
    /// A rule or the storage.
    Failed(Error),
    /// The command cannot mean anything.
    Usage(String),
    /// Nobody reads the answer any more.
    Unread,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

/// Only the answer is written with `?`; files have words of their own.
impl From<std::io::Error> for Stop {
    fn from(source: std::io::Error) -> Stop {
        if source.kind() == std::io::ErrorKind::BrokenPipe {
            return Stop::Unread;
        }
        Stop::Failed(Error::Storage(Storage::File { what: "标准输出".to_owned(), source }))
    }
}

type Ran = Result<u8, Stop>;

/// Where answers go.
pub type Out<'a> = &'a mut (dyn Write + Send);

/// Runs a command; answers its exit code.
pub async fn run(args: impl IntoIterator<Item = OsString>, out: Out<'_>, err: Out<'_>) -> u8 {
    let mut command = words::in_chinese(Cli::command());
    let parsed = command.try_get_matches_from_mut(args);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = matches!(
                error.kind(),
                ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            );
            let help = || words::usage(&error.to_string());
            let told = if is_help { help() } else { words::fault(&error) };
            if error.use_stderr() {
                let _ = write!(err, "{told}");
                return USAGE;
            }
            let _ = write!(out, "{told}");
            return DONE;
        }
    };
    let is_json = cli.command.is_json();
    let ran = Box::pin(dispatch(cli, out)).await;
    match ran.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(Stop::Unread) => DONE,
        Err(Stop::Usage(why)) => {
            let _ = writeln!(err, "命令有误：{why}\n\n详见 xiaoqu --help");
            USAGE
        }
        Err(Stop::Failed(error)) => failed(&error, is_json, out, err),
    }
}

impl Command {
    fn is_json(&self) -> bool {
        match self {
            Command::Demo(_) | Command::Serve(_) | Command::Migrate => false,
            Command::Export(_) | Command::Statement(_) | Command::Config(_) => false,
            Command::Report(asked) => asked.is_json(),
            Command::Reconcile(args) => args.json,
            Command::District(args) => args.json.json,
            Command::Dwelling(asked) => asked.is_json(),
            Command::Custody(asked) => asked.is_json(),
            Command::Import(import) => match import {
                Import::Register(a)
                | Import::Deposits(a)
                | Import::Fees(a)
                | Import::Bank(a)
                | Import::Wechat(a)
                | Import::Alipay(a)
                | Import::Invoices(a) => a.json,
                Import::Undo { act, .. } => act.json,
                Import::List { json, .. } => json.json,
            },
            Command::Audit(_) | Command::Key(KeyCommand::Retire { .. }) => false,
            Command::Key(KeyCommand::List(args) | KeyCommand::Rotate(args)) => args.json,
            Command::Reveal(args) => args.json,
            Command::Verify(args) => args.json,
            Command::Compounds(args) => args.json,
            Command::TrialBalance(args) => args.json,
            Command::BankLines(args) => args.json,
            Command::Channel(asked) => asked.is_json(),
            Command::Bank(asked) => asked.is_json(),
            Command::Invoice(asked) => asked.is_json(),
            Command::Deposit(args) => args.act.json,
            Command::Fund(fund) => fund.is_json(),
            Command::Pay(args) => args.act.json,
            Command::Bill(args) => args.act.json,
            Command::Counter(asked) => asked.is_json(),
            Command::Arrears(asked) => asked.is_json(),
            Command::Collection(asked) => asked.is_json(),
            Command::Trust(asked) => asked.is_json(),
            Command::Revenue(asked) => asked.is_json(),
            Command::Subsidy(asked) => asked.is_json(),
            Command::Renovation(asked) => asked.is_json(),
            Command::Close(args) => args.act.json,
            Command::Reverse(args) => args.act.json,
            Command::User(user) => user.is_json(),
            Command::Org(org) => org.is_json(),
            Command::Area(area) => area.is_json(),
            Command::Policy(act) => match act {
                PolicyAct::List(args) => args.json,
                PolicyAct::Show(args) => args.json.json,
                PolicyAct::Diff { json, .. } | PolicyAct::Add { json, .. } => json.json,
            },
            Command::Countersign(asked) => asked.is_json(),
            Command::Vote(vote) => vote.is_json(),
            Command::Project(project) => project.is_json(),
            Command::Run(RunOf::Interest(args)) => args.json,
            Command::Run(RunOf::Billing(args)) => args.json,
            Command::Run(RunOf::District(args)) => args.json.json,
            Command::Tariff(asked) => asked.is_json(),
            Command::Gains(asked) => asked.is_json(),
            Command::Hooks(asked) => asked.is_json(),
            Command::Doctor(args) => args.json,
        }
    }
}

async fn dispatch(cli: Cli, out: Out<'_>) -> Ran {
    let db = Ground { db: cli.db, key_file: cli.key_file };
    match cli.command {
        Command::Demo(args) => demo_here(args, out).await,
        Command::Serve(args) => serve_here(db, args).await,
        Command::Migrate => {
            let books = db.open().await?;
            writeln!(out, "账册已是最新")?;
            Ok(closed(books).await?)
        }
        Command::Import(Import::Undo { no, act }) => {
            at(db, async move |books| acts::undo(books, no, act, out).await).await
        }
        Command::Import(Import::List { compound, json }) => {
            let list = async move |books: &Books| {
                files::list(books, &compound.compound, json.json, out).await
            };
            at(db, list).await
        }
        Command::Import(import) => files::import(db, import, out).await,
        Command::Audit(args) => {
            at(db, async move |books| guard::audit(books, args, out).await).await
        }
        Command::Reveal(args) => {
            at(db, async move |books| guard::reveal(books, args, out).await).await
        }
        Command::Key(command) => {
            at(db, async move |books| guard::key(books, command, out).await).await
        }
        Command::Verify(args) => {
            at(db, async move |books| papers::verify(books, args, out).await).await
        }
        Command::Export(args) => {
            at(db, async move |books| files::export(books, args, out).await).await
        }
        Command::Compounds(args) => {
            at(db, async move |books| papers::compounds(books, args.json, out).await).await
        }
        Command::BankLines(args) => {
            at(db, async move |books| papers::bank_lines(books, args, out).await).await
        }
        Command::Channel(asked) => {
            at(db, async move |books| channels::channel(books, asked, out).await).await
        }
        Command::Bank(asked) => {
            at(db, async move |books| channels::bank(books, asked, out).await).await
        }
        Command::Invoice(asked) => {
            at(db, async move |books| channels::invoice(books, asked, out).await).await
        }
        Command::Deposit(args) => {
            at(db, async move |books| acts::deposit(books, args, out).await).await
        }
        Command::Fund(fund) => at(db, async move |books| funds::run(books, fund, out).await).await,
        Command::Pay(args) => at(db, async move |books| acts::pay(books, args, out).await).await,
        Command::Bill(args) => at(db, async move |books| acts::bill(books, args, out).await).await,
        Command::Arrears(asked) => {
            at(db, async move |books| arrears::run(books, asked, out).await).await
        }
        Command::Collection(asked) => {
            at(db, async move |books| arrears::collection(books, asked, out).await).await
        }
        Command::Trust(asked) => {
            at(db, async move |books| trust::run(books, asked, out).await).await
        }
        Command::Revenue(asked) => {
            at(db, async move |books| revenue::run(books, asked, out).await).await
        }
        Command::Subsidy(asked) => Box::pin(subsidies::subsidy(db, asked, out)).await,
        Command::Renovation(asked) => Box::pin(subsidies::renovation(db, asked, out)).await,
        Command::Statement(args) => {
            at(db, async move |books| papers::statement(books, args, out).await).await
        }
        Command::Report(asked) => reports::run(db, *asked, out).await,
        Command::District(args) => {
            at(db, async move |books| district::run(books, args, out).await).await
        }
        Command::Reconcile(args) => {
            at(db, async move |books| reports::reconcile(books, args, out).await).await
        }
        Command::Dwelling(asked) => {
            at(db, async move |books| life::life(books, asked, out).await).await
        }
        Command::Custody(asked) => {
            at(db, async move |books| life::custody(books, asked, out).await).await
        }
        // Large, and every command would carry its size.
        Command::Counter(asked) => {
            Box::pin(at(db, async move |books| counter::run(books, asked, out).await)).await
        }
        Command::TrialBalance(args) => {
            at(db, async move |books| papers::trial_balance(books, args, out).await).await
        }
        Command::Close(args) => {
            at(db, async move |books| acts::close(books, args, out).await).await
        }
        Command::Reverse(args) => {
            at(db, async move |books| acts::reverse(books, args, out).await).await
        }
        Command::User(user) => {
            at(db, async move |books| people::user(books, user, out).await).await
        }
        Command::Org(org) => at(db, async move |books| people::org(books, org, out).await).await,
        Command::Area(area) => {
            at(db, async move |books| people::area(books, area, out).await).await
        }
        Command::Countersign(asked) => {
            at(db, async move |books| countersigns::run(books, asked, out).await).await
        }
        Command::Policy(act) => policies::run(db, act, out).await,
        Command::Vote(vote) => votes::run(db, vote, out).await,
        // As in `at`.
        Command::Project(project) => Box::pin(works::run(db, project, out)).await,
        Command::Run(RunOf::Interest(args)) => {
            at(db, async move |books| gains::interest(books, args, out).await).await
        }
        Command::Run(RunOf::Billing(args)) => {
            at(db, async move |books| tariffs::billing(books, args, out).await).await
        }
        Command::Run(RunOf::District(args)) => {
            at(db, async move |books| district::keep(books, args, out).await).await
        }
        Command::Tariff(asked) => {
            at(db, async move |books| tariffs::run(books, asked, out).await).await
        }
        Command::Gains(asked) => {
            at(db, async move |books| gains::run(books, asked, out).await).await
        }
        Command::Hooks(asked) => {
            at(db, async move |books| hooks::run(books, asked, out).await).await
        }
        Command::Doctor(args) => doctor_here(db, args, out).await,
        Command::Config(args) => {
            let text = if args.example { config::example() } else { config::table() };
            write!(out, "{text}")?;
            Ok(DONE)
        }
    }
}

/// Runs a command at books that must be there already: a mistyped address is told, not founded. They are closed after it, so
/// that their file is whole by itself and may be copied.
async fn at(ground: Ground, run: impl AsyncFnOnce(&Books) -> Ran) -> Ran {
    let books = ground.existing().await?;
    // A command's future is large, and every command would carry the size of the largest.
    let ran = Box::pin(run(&books)).await;
    books.close().await?;
    ran
}

async fn closed(books: Books) -> Result<u8, Error> {
    books.close().await.map(|()| DONE)
}

async fn compound(books: &Books, code: &str) -> Result<Compound, Error> {
    let mut view = books.read().await?;
    property::compound(&mut view, code).await
}

async fn demo_here(args: DemoArgs, out: Out<'_>) -> Ran {
    log::begin("warn", LogFormat::Text);
    demo::run(&args.data, args.port, args.json, out).await?;
    Ok(DONE)
}

async fn doctor_here(ground: Ground, args: DoctorArgs, out: Out<'_>) -> Ran {
    let checks = doctor::look(args.config.as_deref(), ground.db, ground.key_file).await;
    let is_fit = checks.iter().all(|check| check.state != doctor::State::Fail);
    if args.json {
        say(out, &json!({ "ok": is_fit, "checks": checks }))?;
    } else {
        for doctor::Check { name, state, evidence, remedy } in &checks {
            let word = match state {
                doctor::State::Ok => "ok  ",
                doctor::State::Warn => "warn",
                doctor::State::Fail => "fail",
            };
            writeln!(out, "{word}  {name}：{evidence}")?;
            if !remedy.is_empty() {
                writeln!(out, "      办法：{remedy}")?;
            }
        }
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        let (warned, failed) = (count(doctor::State::Warn), count(doctor::State::Fail));
        writeln!(out, "共 {} 项，{warned} 项须留意，{failed} 项不合格", checks.len())?;
    }
    Ok(if is_fit { DONE } else { REFUSED })
}

async fn serve_here(mut ground: Ground, args: ServeArgs) -> Ran {
    Config::may_be_said(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    let mut config = Config::read(args.config.as_deref(), |name| std::env::var(name).ok())?;
    args.config.as_deref().map_or(Ok(()), Config::keeps_its_secrets)?;
    config.listen = args.listen.unwrap_or(config.listen);
    log::begin(&config.log, config.log_format);
    ground.db = ground.db.or_else(|| config.database.clone());
    ground.key_file = ground.key_file.or_else(|| config.key_file.clone());
    let books = ground.open().await?;
    let listener = serve::listen(config.listen).await?;
    if config.logins.is_empty() {
        tracing::warn!("no login is configured: nobody can come in");
    }
    let address = listener.local_addr()?;
    tracing::info!(%address, "open");
    serve::until_told(listener, books, config).await?;
    Ok(DONE)
}

/// Tells a failure: one object on standard output where a program reads it, words on standard error where a person does.
fn failed(error: &Error, is_json: bool, out: Out<'_>, err: Out<'_>) -> u8 {
    if is_json {
        let _ = writeln!(out, "{}", json!({ "refused": refused(error) }));
    } else {
        let members = refused(error);
        let word = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(err, "未办理 [{}]", word("code"));
        for (name, label) in [("rule", "规则"), ("evidence", "现状"), ("remedy", "办法")] {
            let _ = writeln!(err, "  {label}：{}", word(name));
        }
    }
    exit_code(error)
}

/// A failure for programs: `code`, `rule`, `evidence`, `remedy` and the facts.
fn refused(error: &Error) -> serde_json::Value {
    let problem = match error {
        Error::Refused(refusal) => Problem::from((**refusal).clone()),
        Error::Storage(failure) => return plain(error.code(), failure),
    };
    let mut members = problem.members();
    for (name, renamed) in [("title", "rule"), ("detail", "evidence")] {
        if let Some(value) = members.remove(name) {
            members.insert(renamed.to_owned(), value);
        }
    }
    members.remove("type");
    members.remove("status");
    members.into()
}

/// A storage failure as it is told at this machine: with the system's own words, which help whoever has to mend it.
fn plain(code: &str, failure: &Storage) -> serde_json::Value {
    let (rule, remedy) = match failure {
        Storage::File { .. } => ("文件须能读写", "检查路径、权限与磁盘"),
        Storage::Bug(_) => ("程序不得自相矛盾", "请把现状所示告诉管理员"),
        _ => ("账册须能读写", "检查账册地址、磁盘与数据库；结果未定的，用同一 --key 重办即可得知"),
    };
    json!({ "code": code, "rule": rule, "evidence": failure.in_chinese(), "remedy": remedy })
}

/// What of the books themselves keeps them shut.
const SHUT: [&str; 8] = [
    "books.address",
    "seal.key-shape",
    "seal.key-missing",
    "seal.key-differs",
    "books.none",
    "books.newer-database",
    "books.older-database",
    "books.log-apart",
];

fn exit_code(error: &Error) -> u8 {
    let code = error.code();
    let is_ground = code.starts_with("storage.") || code.starts_with("config.");
    if is_ground || SHUT.contains(&code) { NO_STORAGE } else { REFUSED }
}

/// One line of JSON.
fn say(out: Out<'_>, what: &impl serde::Serialize) -> Result<(), Stop> {
    let bug = |e: serde_json::Error| Error::Storage(Storage::Bug(e.to_string()));
    writeln!(out, "{}", serde_json::to_string(what).map_err(bug)?)?;
    Ok(())
}

/// Says that there is none of something, where a list would print nothing.
fn if_none(out: Out<'_>, many: usize, what: &str) -> Result<(), Stop> {
    if many == 0 {
        writeln!(out, "没有{what}")?;
    }
    Ok(())
}

/// Tells a list: as JSON, or a line a row, and how many there are.
fn rows<T: serde::Serialize>(
    out: Out<'_>,
    is_json: bool,
    rows: &[T],
    line: impl Fn(&T) -> String,
) -> Ran {
    if is_json {
        say(out, &rows)?;
        return Ok(DONE);
    }
    for row in rows {
        writeln!(out, "{}", line(row))?;
    }
    match rows.len() {
        0 => writeln!(out, "没有")?,
        many => writeln!(out, "共 {many} 项")?,
    }
    Ok(DONE)
}

/// The operator of this machine.
fn operator() -> Actor {
    Actor::operator()
}

/// Who acts at a compound: the console, or a user in whose name the console does it. While the books have no user nobody can
/// be held against a name, and it acts in the role that was said.
async fn in_name_of(
    books: &Books,
    compound: &Compound,
    by: Option<String>,
    roles: &[Role],
    otherwise: Role,
) -> Result<Actor, Error> {
    let Some(name) = by else { return Ok(operator()) };
    let place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
    let today = books.clock().now().day();
    let role = role_in_name_of(&mut books.read().await?, &name, &place, roles, today).await?;
    Ok(Actor::new(name, role.unwrap_or(otherwise)))
}

/// Writes a file whole or not at all: beside its place first, then moved over it.
pub(crate) fn put(path: &std::path::Path, bytes: &[u8]) -> Result<(), Error> {
    let lost = |source| {
        Error::Storage(Storage::File { what: format!("写入 {}", path.display()), source })
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(lost)?;
    beside.write_all(bytes).map_err(lost)?;
    beside.as_file().sync_all().map_err(lost)?;
    beside.persist(path).map_err(|e| lost(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_consistent() {
        words::in_chinese(Cli::command()).debug_assert();
    }
}
