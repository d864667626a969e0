//! The arguments of the commands, and how one word of them is read.
//!
//! Owns: what every command may be given (`CompoundArg`, `ActArgs`, `JsonArgs`, `WhenArgs`), the arguments of the commands
//! that have no room of their own here, and the readers of words. A reader's refusal is a sentence in Chinese that says what
//! belongs there.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger::calendar::{Instant, Month};
use ledger::fees::Method;
use ledger::journal::Book;
use ledger::money::Money;
use ledger::policy::{Jurisdiction, PackName};
use serde::de::DeserializeOwned;

use super::policies;
use crate::journal::{ExportFormat, VoucherName};
use crate::shape;
use crate::wire::IsoDay;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyAct {
    /// 列出各地各版本
    List(JsonArgs),
    /// 查看某地某日的全部规定，或一个版本的原文
    Show(PolicyShow),
    /// 比较两个版本
    Diff {
        /// 旧版本，例如 310000@2021-01
        #[arg(value_parser = policies::pack_name)]
        old: PackName,
        /// 新版本，例如 310000@2024-10
        #[arg(value_parser = policies::pack_name)]
        new: PackName,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 收入一个新版本（TOML 文件）；收入后不可改动
    Add {
        /// 文件
        file: PathBuf,
        /// 幂等键：同一键只办一次
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct PolicyShow {
    /// 版本，例如 310000@2024-10：输出原文，可作新版本的样本
    #[arg(value_parser = policies::pack_name, conflicts_with_all = ["jurisdiction", "compound", "on"])]
    pub(super) pack: Option<PackName>,
    /// 地区的行政区划代码
    #[arg(long, value_name = "CODE", value_parser = policies::jurisdiction)]
    pub(super) jurisdiction: Option<Jurisdiction>,
    /// 小区代码
    #[arg(long, value_name = "CODE", conflicts_with = "jurisdiction")]
    pub(super) compound: Option<String>,
    /// 业务日；不写则为今天
    #[arg(long, value_name = "DAY")]
    pub(super) on: Option<IsoDay>,
    #[command(flatten)]
    pub(super) json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// 数据目录
    #[arg(long, default_value = "xiaoqu-demo", value_name = "DIR")]
    pub(super) data: PathBuf,
    /// 端口；不写则用 8080，被占用时另选空闲端口
    #[arg(long, value_name = "N", value_parser = port)]
    pub(super) port: Option<u16>,
    /// 就绪后在标准输出写一行 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// 配置文件（TOML）
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 监听地址，例如 127.0.0.1:8080
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// 小区代码；不写则为全部，含总册
    #[arg(long, value_name = "CODE")]
    pub(super) compound: Option<String>,
    /// 操作人
    #[arg(long)]
    pub(super) actor: Option<String>,
    /// 操作，例如 fees.pay；以点结尾则为一类，例如 read.
    #[arg(long)]
    pub(super) verb: Option<String>,
    /// 不早于此刻，例如 2026-01-05T09:00:00+08:00
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(super) since: Option<Instant>,
    /// 不晚于此刻
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(super) until: Option<Instant>,
    /// 请求编号
    #[arg(long)]
    pub(super) request_id: Option<String>,
    /// 输出 JSON，每行一个操作
    #[arg(long, conflicts_with = "csv")]
    pub(super) json: bool,
    /// 输出 CSV
    #[arg(long)]
    pub(super) csv: bool,
}

#[derive(Debug, Args)]
pub(super) struct RevealArgs {
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 房号
    #[arg(long, value_name = "CODE")]
    pub(super) room: String,
    /// 事由（4 至 200 个字）
    #[arg(long)]
    pub(super) reason: String,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// 给出配置文件样例
    #[arg(long)]
    pub(super) example: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// 配置文件（TOML）
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// 列出密钥：编号、指纹、加密了多少项
    List(JsonArgs),
    /// 更换密钥：用新密钥重新加密全部个人信息；中断后再次运行即接续
    Rotate(JsonArgs),
    /// 停用一把已不再使用的旧密钥
    Retire {
        /// 密钥编号
        no: u16,
    },
}

#[derive(Debug, Args)]
pub(super) struct CompoundArg {
    /// 小区代码
    #[arg(long, value_name = "CODE")]
    pub(super) compound: String,
}

#[derive(Debug, Args)]
pub(super) struct JsonArgs {
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What every act may be given.
#[derive(Debug, Args)]
pub(super) struct ActArgs {
    /// 小区代码
    #[arg(long, value_name = "CODE")]
    pub(super) compound: String,
    /// 幂等键：同一键只办一次
    #[arg(long)]
    pub(super) key: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// 房产清册；小区代码是新的则建立小区
    Register(FileArgs),
    /// 维修资金交存明细
    Deposits(FileArgs),
    /// 物业收费明细
    Fees(FileArgs),
    /// 银行流水
    Bank(FileArgs),
    /// 微信支付账单：商户交易账单、商户资金账单、个人或经营账单
    Wechat(FileArgs),
    /// 支付宝账单：商户业务明细、商户账务明细、个人账单
    Alipay(FileArgs),
    /// 数电票清单
    Invoices(FileArgs),
    /// 撤销一次导入：凭证逐张冲销，不删除
    Undo {
        /// 导入编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出导入
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// 文件：xlsx、xls、csv、网页格式的 xls，或装一个这类文件的 zip
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 新小区的名称；不写则取文件中的名称
    #[arg(long)]
    pub(super) name: Option<String>,
    /// 银行流水所属账簿
    #[arg(long, value_enum, default_value_t = BankBook::Fund)]
    pub(super) book: BankBook,
    /// 只预览，不入账
    #[arg(long)]
    pub(super) dry_run: bool,
    /// 只导入合格的行（默认有一行不合格则一行也不导入）
    #[arg(long)]
    pub(super) good_rows: bool,
    /// 把不合格的行按原样写到此文件，改正后可再导入
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The books that have a bank statement today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BankBook {
    /// 维修资金专户
    Fund,
    /// 物业费账户
    Service,
}

impl BankBook {
    pub(super) fn book(self) -> Book {
        match self {
            BankBook::Fund => Book::Fund,
            BankBook::Service => Book::Service,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// 只核验一个小区
    #[arg(long, value_name = "CODE")]
    pub(super) compound: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 账簿：fund、revenue、service、grant
    #[arg(long, value_parser = book)]
    pub(super) book: Book,
    /// 格式
    #[arg(long, value_enum)]
    pub(super) format: ExportFormat,
    /// 写到文件；不写则到标准输出
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct LinesArgs {
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 流水所属账簿
    #[arg(long, value_enum, default_value_t = BankBook::Fund)]
    pub(super) book: BankBook,
    /// 只列未认领的
    #[arg(long)]
    pub(super) unclaimed: bool,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DepositArgs {
    #[command(flatten)]
    pub(super) act: ActArgs,
    /// 房号，例如 1-1-101
    #[arg(long, value_name = "CODE")]
    pub(super) room: String,
    /// 金额（元）
    #[arg(long, value_parser = money, required_unless_present = "line", requires = "on")]
    pub(super) amount: Option<Money>,
    /// 收款日期
    #[arg(long, value_name = "DAY", requires = "amount")]
    pub(super) on: Option<IsoDay>,
    /// 认领的银行流水编号
    #[arg(long, value_name = "NO", value_parser = number, conflicts_with_all = ["amount", "on"])]
    pub(super) line: Option<i32>,
    /// 专用票据号
    #[arg(long, value_name = "NO", default_value = "")]
    pub(super) receipt: String,
    /// 种类
    #[arg(long, value_enum, default_value_t = DepositWord::Initial)]
    pub(super) kind: DepositWord,
}

/// What kind of deposit, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DepositWord {
    /// 首期交存
    Initial,
    /// 续交
    TopUp,
    /// 补建
    Rebuild,
    /// 按月交存
    Monthly,
}

#[derive(Debug, Args)]
pub(super) struct PayArgs {
    #[command(flatten)]
    pub(super) act: ActArgs,
    /// 房号
    #[arg(long, value_name = "CODE")]
    pub(super) room: String,
    /// 金额（元）
    #[arg(long, value_parser = money)]
    pub(super) amount: Money,
    /// 方式：cash、transfer、wechat、alipay、pos、cheque、other
    #[arg(long, value_parser = method)]
    pub(super) method: Method,
    /// 收款日期
    #[arg(long, value_name = "DAY")]
    pub(super) on: IsoDay,
    /// 交易单号、支票号
    #[arg(long, default_value = "")]
    pub(super) reference: String,
    /// 银行流水编号（金额、日期须与流水一致）
    #[arg(long, value_name = "NO", value_parser = number)]
    pub(super) line: Option<i32>,
}

#[derive(Debug, Args)]
pub(super) struct BillArgs {
    #[command(flatten)]
    pub(super) act: ActArgs,
    /// 收费项目
    #[arg(long, default_value = "物业费")]
    pub(super) item: String,
    /// 计费起日
    #[arg(long, value_name = "DAY")]
    pub(super) from: IsoDay,
    /// 计费止日
    #[arg(long, value_name = "DAY")]
    pub(super) to: IsoDay,
    /// 缴费期限；不写则为计费止日
    #[arg(long, value_name = "DAY")]
    pub(super) due: Option<IsoDay>,
    /// 账单明细：JSON（[{"room","amount_fen"}]）或 CSV（房号,金额元）
    #[arg(long, value_name = "FILE", conflicts_with_all = ["room", "amount"])]
    pub(super) file: Option<PathBuf>,
    /// 房号（只出一户）
    #[arg(long, value_name = "CODE", requires = "amount", required_unless_present = "file")]
    pub(super) room: Option<String>,
    /// 金额（元）
    #[arg(long, value_parser = money, requires = "room")]
    pub(super) amount: Option<Money>,
}

#[derive(Debug, Args)]
pub(super) struct StatementArgs {
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 房号
    #[arg(long, value_name = "CODE")]
    pub(super) room: String,
    /// 写到文件，.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = super::reports::report)]
    pub(super) out: PathBuf,
    /// 文件已有且内容不同的，覆盖
    #[arg(long)]
    pub(super) replace: bool,
    /// 起日；不写则自首笔起
    #[arg(long, value_name = "DAY")]
    pub(super) from: Option<IsoDay>,
    #[command(flatten)]
    pub(super) when: WhenArgs,
}

#[derive(Debug, Args)]
pub(super) struct WhenArgs {
    /// 截至业务日
    #[arg(long, value_name = "DAY")]
    pub(super) as_of: Option<IsoDay>,
    /// 截至记账时刻，例如 2026-01-05T09:00:00+08:00
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(super) known_at: Option<Instant>,
}

#[derive(Debug, Args)]
pub(super) struct TrialArgs {
    #[command(flatten)]
    pub(super) compound: CompoundArg,
    /// 账簿：fund、revenue、service、grant
    #[arg(long, value_parser = book)]
    pub(super) book: Book,
    #[command(flatten)]
    pub(super) when: WhenArgs,
    /// 输出 JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    #[command(flatten)]
    pub(super) act: ActArgs,
    /// 账簿：fund、revenue、service、grant
    #[arg(long, value_parser = book)]
    pub(super) book: Book,
    /// 月份，例如 2026-01
    #[arg(long, value_parser = month)]
    pub(super) month: Month,
}

#[derive(Debug, Args)]
pub(super) struct ReverseArgs {
    #[command(flatten)]
    pub(super) act: ActArgs,
    /// 凭证号，例如 fund/2026-0007
    #[arg(long)]
    pub(super) voucher: VoucherName,
    /// 冲销日期
    #[arg(long, value_name = "DAY")]
    pub(super) on: IsoDay,
    /// 方式
    #[arg(long, value_enum)]
    pub(super) style: StyleWord,
    /// 原因
    #[arg(long)]
    pub(super) reason: String,
}

/// How a voucher is reversed, as a command says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StyleWord {
    /// 红字冲销
    Red,
    /// 反向分录
    Opposite,
}

pub(super) fn number(text: &str) -> Result<i32, String> {
    let known = text.parse().ok().filter(|number| *number > 0);
    known.ok_or_else(|| "编号为正整数".to_owned())
}

/// A word of an enumeration, as the wire spells it.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let read = serde_json::from_value(text.into());
    read.map_err(|e| shape::misfit("", &e.to_string()))
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "端口为 0 至 65535 的整数".to_owned())
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "监听地址写作 127.0.0.1:8080".to_owned())
}

pub(super) fn money(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|why| why.to_string())
}

pub(super) fn book(text: &str) -> Result<Book, String> {
    Book::named(text).ok_or_else(|| "账簿为 fund、revenue、service 或 grant".to_owned())
}

pub(super) fn method(text: &str) -> Result<Method, String> {
    let known = Method::ALL.into_iter().find(|method| method.name() == text);
    known.ok_or_else(|| "方式为 cash、transfer、wechat、alipay、pos、cheque 或 other".to_owned())
}

pub(super) fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "月份应写作 2026-01".to_owned())
}

/// RFC 3339, or as people write it, which is Shanghai time.
pub(super) fn instant(text: &str) -> Result<Instant, String> {
    let shanghai = || Instant::parse(&format!("{}+08:00", text.trim().replace(' ', "T")));
    let known = Instant::parse(text).or_else(shanghai);
    known.ok_or_else(|| "时刻应写作 2026-01-05T09:00:00+08:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_without_an_offset_is_shanghai_time() {
        let nine = Instant::parse("2026-01-05T09:00:00+08:00").unwrap();
        assert_eq!(instant("2026-01-05 09:00:00"), Ok(nine));
        assert_eq!(instant("2026-01-05T01:00:00Z"), Ok(nine));
        assert!(instant("yesterday").is_err());
    }
}
