//! `xiaoqu revenue …`: terms and contracts of the common parts, income and cost, distribution, pledges, publication, hand-over.

use clap::{Args, Subcommand};
use ledger::books::{Books, Done};
use ledger::calendar::Month;
use ledger::governance::Scope;
use ledger::id::{
    LineNo, MatterNo, MotionNo, ProjectNo, PublicationNo, RenewalNo, RevenueEntryNo,
    RevenueLeaseNo, RevenueTermsNo, RoundNo,
};
use ledger::money::Money;
use ledger::property::Housing;
use ledger::revenue::distribution::{self, Distributing, ShareRow, Standing, To, Use, standings};
use ledger::revenue::entry::{
    self, Clearing, Cost, Entered, EntryRow, Purse, Receiving, Sharing, Spending,
};
use ledger::revenue::handover::{self, HandingOver, Handover};
use ledger::revenue::lease::{self, Ending, Every, Lease, NewLease};
use ledger::revenue::pledge::{self, Pledge, Pledging};
use ledger::revenue::publication::{
    self, Duty, Open, Publication, Publishing, Stretch, TakingDown,
};
use ledger::revenue::{self, Income, Terms};
use ledger::tariff::Taxpayer;
use serde_json::json;

use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, REFUSED, Ran, Stop, compound, money, month, number,
    operator, say, word,
};
use crate::governance::Seat;
use crate::revenue::{
    arrange_for, distribute_for, end_for, hand_over_for, let_for, pay_tax_for, pledge_for,
    publish_for, receive_for, remit_for, repay_for, spend_for, take_down_for, take_share_for,
};
use crate::wire::IsoDay;

/// What can be done with public revenue.
#[derive(Debug, Subcommand)]
pub(super) enum Revenue {
    /// 登记经营约定：经营人、纳税人身份、账户、分成、补充比例
    Arrange(Box<ArrangeArgs>),
    /// 列出经营约定
    Terms(ListArgs),
    /// 登记经营合同：须有“改变用途、经营”的决议
    Let(Box<LetArgs>),
    /// 提前终止经营合同
    EndLease {
        /// 合同编号
        #[arg(value_parser = number)]
        no: i32,
        /// 最后一日；误登、从未履行的写起日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出经营合同：应收、已收、欠付
    Leases(ListArgs),
    /// 登记收入
    Receive(Box<ReceiveArgs>),
    /// 登记合理成本
    Spend(Box<SpendArgs>),
    /// 登记经营人代收的转入
    Remit(ClearArgs),
    /// 归还经营人垫付
    Repay(ClearArgs),
    /// 缴纳税费
    PayTax(ClearArgs),
    /// 提取经营人分成
    TakeShare {
        /// 期间的末月，例如 2026-03
        #[arg(long, value_name = "MONTH", value_parser = month)]
        through: Month,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出收支
    Entries(ListArgs),
    /// 净收益、应补充维修资金与尚可分配
    Standing {
        /// 期间中的任一月，例如 2026-03
        #[arg(long, value_name = "MONTH", value_parser = month)]
        month: Month,
        #[command(flatten)]
        list: ListArgs,
    },
    /// 分配：先补充维修资金，再凭决议另作他用
    Distribute(Box<DistributeArgs>),
    /// 列出一次分配中各户的金额
    Shares {
        /// 收支编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        list: ListArgs,
    },
    /// 登记让渡给改造项目
    Pledge(Box<PledgeArgs>),
    /// 列出让渡
    Pledges(ListArgs),
    /// 输出一个期间的公示表
    Sheet {
        #[command(flatten)]
        period: PeriodArgs,
        #[command(flatten)]
        list: ListArgs,
    },
    /// 登记公示
    Publish {
        #[command(flatten)]
        period: PeriodArgs,
        /// 公示之日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 公示地点
        #[arg(long)]
        place: String,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 撤下公示
    TakeDown {
        /// 公示编号
        #[arg(value_parser = number)]
        no: i32,
        /// 公示的最后一日
        #[arg(long, value_name = "DAY")]
        until: IsoDay,
        /// 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出公示：在公示的、已更正的、账面已变的，及已公示天数
    Publications(ListArgs),
    /// 应办未办的公示、更正与划转，附逾期天数
    Duties(ListArgs),
    /// 登记移交：合同或任期届满
    HandOver {
        /// 合同、任期的最后一日
        #[arg(long, value_name = "DAY")]
        ended: IsoDay,
        /// 移交之日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 接收单位
        #[arg(long)]
        to: String,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出移交
    Handovers(ListArgs),
}

/// Where to look.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    compound: CompoundArg,
    #[command(flatten)]
    json: JsonArgs,
}

/// Whose revenue.
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// 归本幢业主的：楼栋；不写则归全体
    #[arg(long)]
    building: Option<String>,
    /// 归本单元业主的：单元
    #[arg(long, requires = "building")]
    unit: Option<String>,
}

impl ScopeArgs {
    fn scope(self) -> Option<Scope> {
        match (self.building, self.unit) {
            (None, _) => None,
            (Some(building), None) => Some(Scope::Building { building }),
            (Some(building), Some(unit)) => Some(Scope::Unit { building, unit }),
        }
    }
}

/// Which stretch.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct PeriodArgs {
    /// 期间的长短：month、quarter、half-year 或 year
    #[arg(long, value_parser = word::<Stretch>)]
    covers: Stretch,
    /// 期间的末月，例如 2026-03
    #[arg(long, value_name = "MONTH", value_parser = month)]
    through: Month,
}

#[derive(Debug, Args)]
pub(super) struct ArrangeArgs {
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 经营人
    #[arg(long)]
    operator: String,
    /// 纳税人身份：general、small 或 exempt
    #[arg(long, value_parser = word::<Taxpayer>)]
    taxpayer: Taxpayer,
    /// 业主大会已成立
    #[arg(long)]
    assembly: bool,
    /// 经营人分成：占不含税经营收入的万分点
    #[arg(long, value_name = "BP", default_value_t = 0)]
    operator_share: u16,
    /// 约定补充维修资金：占净收益的万分点
    #[arg(long, value_name = "BP", default_value_t = 0)]
    to_fund: u16,
    /// 单独的账户：开户行与末四位，不写完整账号
    #[arg(long)]
    account: String,
    /// 依据
    #[arg(long)]
    document: String,
    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
pub(super) struct LetArgs {
    /// 种类：parking、lift-advertising、wall-advertising、locker、kiosk、base-station、charging、premises、stall 或 other
    #[arg(long, value_parser = word::<Income>)]
    kind: Income,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 共有部分
    #[arg(long)]
    part: String,
    /// 相对方：单位名称；个人只写姓
    #[arg(long)]
    lessee: String,
    /// 合同号
    #[arg(long)]
    document: String,
    /// 签订日期
    #[arg(long, value_name = "DAY")]
    signed: IsoDay,
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 止日
    #[arg(long, value_name = "DAY")]
    until: IsoDay,
    /// 每期租金（元），含税；按营业额的写 0
    #[arg(long, value_parser = money)]
    rent: Money,
    /// 租金的期：month、quarter、half-year、year 或 once
    #[arg(long, value_parser = word::<Every>)]
    every: Every,
    /// 每期开始后几天内应付
    #[arg(long, value_name = "DAYS", default_value_t = 10)]
    due_days: u16,
    #[command(flatten)]
    vote: VoteArgs,
    #[command(flatten)]
    act: ActArgs,
}

/// The resolution something rests on.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct VoteArgs {
    /// 表决编号
    #[arg(long, value_parser = number)]
    round: i32,
    /// 事项编号
    #[arg(long, value_parser = number)]
    motion: i32,
}

#[derive(Debug, Args)]
pub(super) struct ReceiveArgs {
    /// 来源
    #[arg(long, value_parser = word::<Income>)]
    kind: Income,
    /// 经营合同编号：经营收入须写
    #[arg(long, value_parser = number)]
    lease: Option<i32>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 金额（元），含税
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 收款日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 付款人：单位名称；个人只写姓
    #[arg(long)]
    payer: String,
    /// 经手：account 账户，operator 经营人代收
    #[arg(long, value_parser = word::<Purse>, default_value = "account")]
    into: Purse,
    /// 认领的银行流水编号
    #[arg(long, value_parser = number)]
    line: Option<i32>,
    /// 凭据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
pub(super) struct SpendArgs {
    /// 种类：energy、labour、upkeep、agency、surcharge、management 或 other
    #[arg(long, value_parser = word::<Cost>)]
    cost: Cost,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 金额（元）
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 付款日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 收款人
    #[arg(long)]
    payee: String,
    /// 经手：account 账户，operator 经营人垫付
    #[arg(long, value_parser = word::<Purse>, default_value = "account")]
    paid_from: Purse,
    /// 认领的银行流水编号
    #[arg(long, value_parser = number)]
    line: Option<i32>,
    /// 凭据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    /// 金额（元）
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 认领的银行流水编号
    #[arg(long, value_parser = number)]
    line: Option<i32>,
    /// 凭据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    act: ActArgs,
}

impl ClearArgs {
    fn asked(&self) -> Clearing {
        Clearing {
            amount_fen: self.amount,
            on: self.on.0,
            line_no: self.line.map(LineNo),
            evidence: self.evidence.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct DistributeArgs {
    /// 期间的末月，例如 2026-03
    #[arg(long, value_name = "MONTH", value_parser = month)]
    through: Month,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 金额（元）
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 补充维修资金：commodity 商品住宅，sold-public 已售公有住房
    #[arg(long, value_parser = word::<Housing>, conflicts_with_all = ["owners", "purpose", "project"])]
    fund: Option<Housing>,
    /// 所为的续筹方案编号
    #[arg(long, value_parser = number, requires = "fund")]
    plan: Option<i32>,
    /// 按面积分配给业主
    #[arg(long, requires_all = ["round", "motion"])]
    owners: bool,
    /// 用途：committee、audit、insurance、upkeep、facility、works、litigation、fee-offset 或 other
    #[arg(long, value_parser = word::<Use>, requires_all = ["payee", "round", "motion"], conflicts_with = "owners")]
    purpose: Option<Use>,
    /// 维修项目编号
    #[arg(long, value_parser = number, requires_all = ["payee", "round", "motion"], conflicts_with_all = ["owners", "purpose"])]
    project: Option<i32>,
    /// 收款人
    #[arg(long, default_value = "")]
    payee: String,
    /// 审价报告
    #[arg(long, default_value = "")]
    review: String,
    /// 表决编号
    #[arg(long, value_parser = number)]
    round: Option<i32>,
    /// 事项编号
    #[arg(long, value_parser = number)]
    motion: Option<i32>,
    /// 认领的银行流水编号
    #[arg(long, value_parser = number)]
    line: Option<i32>,
    /// 凭据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    act: ActArgs,
}

impl DistributeArgs {
    /// Where it goes, if that is said.
    fn to(&self) -> Option<To> {
        if let Some(housing) = self.fund {
            return Some(To::Fund { housing, plan_no: self.plan.map(RenewalNo) });
        }
        let (round_no, motion_no) = (RoundNo(self.round?), MotionNo(self.motion?));
        let (payee, review) = (self.payee.clone(), self.review.clone());
        match (self.owners, self.purpose, self.project) {
            (true, ..) => Some(To::Owners { round_no, motion_no }),
            (_, Some(purpose), _) => Some(To::Use { purpose, payee, review, round_no, motion_no }),
            (.., Some(no)) => {
                Some(To::Project { project_no: ProjectNo(no), payee, round_no, motion_no })
            }
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct PledgeArgs {
    /// 受让的改造项目的事项编号
    #[arg(long, value_name = "NO", value_parser = number)]
    project: i32,
    #[command(flatten)]
    scope: ScopeArgs,
    /// 让渡金额（元）
    #[arg(long, value_parser = money)]
    amount: Money,
    /// 让渡期间的起日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 让渡期间的止日
    #[arg(long, value_name = "DAY")]
    until: IsoDay,
    #[command(flatten)]
    vote: VoteArgs,
    /// 凭据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    act: ActArgs,
}

impl Revenue {
    /// How it acts, if it does.
    fn act(&self) -> Option<&ActArgs> {
        match self {
            Revenue::Arrange(args) => Some(&args.act),
            Revenue::Let(args) => Some(&args.act),
            Revenue::Receive(args) => Some(&args.act),
            Revenue::Spend(args) => Some(&args.act),
            Revenue::Remit(args) | Revenue::Repay(args) | Revenue::PayTax(args) => Some(&args.act),
            Revenue::Distribute(args) => Some(&args.act),
            Revenue::Pledge(args) => Some(&args.act),
            Revenue::EndLease { act, .. }
            | Revenue::TakeShare { act, .. }
            | Revenue::Publish { act, .. }
            | Revenue::TakeDown { act, .. }
            | Revenue::HandOver { act, .. } => Some(act),
            _ => None,
        }
    }

    /// Where it looks, if it only does that.
    fn list(&self) -> Option<&ListArgs> {
        match self {
            Revenue::Terms(list)
            | Revenue::Leases(list)
            | Revenue::Entries(list)
            | Revenue::Standing { list, .. }
            | Revenue::Shares { list, .. }
            | Revenue::Pledges(list)
            | Revenue::Sheet { list, .. }
            | Revenue::Publications(list)
            | Revenue::Duties(list)
            | Revenue::Handovers(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn is_json(&self) -> bool {
        let acts = self.act().is_some_and(|act| act.json);
        acts || self.list().is_some_and(|list| list.json.json)
    }
}

pub(super) async fn run(books: &Books, asked: Revenue, out: Out<'_>) -> Ran {
    let Some(act) = asked.act() else { return look(books, asked, out).await };
    let (is_json, key) = (act.json, act.key.clone());
    let compound = compound(books, &act.compound).await?.id;
    let seat = Seat { books: books.clone(), actor: operator(), compound, key };
    match asked {
        Revenue::Receive(_)
        | Revenue::Spend(_)
        | Revenue::Remit(_)
        | Revenue::Repay(_)
        | Revenue::PayTax(_)
        | Revenue::TakeShare { .. }
        | Revenue::Distribute(_) => {
            let (what, done) = Box::pin(moved(&seat, asked)).await?;
            if is_json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let Entered { entry_no, voucher, amount_fen, tax_fen } = done.answer;
            let tax = if tax_fen.is_positive() {
                format!("，其中税额 {}", tax_fen.grouped())
            } else {
                String::new()
            };
            writeln!(out, "{what} {entry_no}：{} 元{tax}，凭证 {voucher}", amount_fen.grouped())?;
            Ok(DONE)
        }
        asked => Box::pin(registered(&seat, asked, is_json, out)).await,
    }
}

/// What moves money.
async fn moved(seat: &Seat, asked: Revenue) -> Result<(&'static str, Done<Entered>), Stop> {
    Ok(match asked {
        Revenue::Receive(args) => {
            let asked = Receiving {
                income: args.kind,
                lease_no: args.lease.map(RevenueLeaseNo),
                scope: args.scope.scope(),
                amount_fen: args.amount,
                on: args.on.0,
                payer: args.payer,
                into: args.into,
                line_no: args.line.map(LineNo),
                evidence: args.evidence,
            };
            ("收入", receive_for(seat, asked).await?)
        }
        Revenue::Spend(args) => {
            let asked = Spending {
                cost: args.cost,
                scope: args.scope.scope(),
                amount_fen: args.amount,
                on: args.on.0,
                payee: args.payee,
                from: args.paid_from,
                line_no: args.line.map(LineNo),
                evidence: args.evidence,
            };
            ("合理成本", spend_for(seat, asked).await?)
        }
        Revenue::Remit(args) => ("代收转入", remit_for(seat, args.asked()).await?),
        Revenue::Repay(args) => ("归还垫付", repay_for(seat, args.asked()).await?),
        Revenue::PayTax(args) => ("缴纳税费", pay_tax_for(seat, args.asked()).await?),
        Revenue::TakeShare { through, scope, .. } => {
            let asked = Sharing { through, scope: scope.scope() };
            ("经营人分成", take_share_for(seat, asked).await?)
        }
        Revenue::Distribute(args) => {
            let unsaid = "去向须写 --fund、--owners、--purpose 或 --project 之一，后三者连同 --round、--motion";
            let to = args.to().ok_or_else(|| Stop::Usage(unsaid.to_owned()))?;
            let asked = Distributing {
                through: args.through,
                scope: args.scope.scope(),
                amount_fen: args.amount,
                on: args.on.0,
                to,
                line_no: args.line.map(LineNo),
                evidence: args.evidence,
            };
            ("分配", distribute_for(seat, asked).await?)
        }
        _ => return Err(Stop::Usage("不是收支".to_owned())),
    })
}

/// What is registered and moves nothing.
async fn registered(seat: &Seat, asked: Revenue, is_json: bool, out: Out<'_>) -> Ran {
    let (no, what) = match asked {
        Revenue::Arrange(args) => {
            let terms = Terms {
                from_on: args.from.0,
                operator: args.operator,
                taxpayer: args.taxpayer,
                has_assembly: args.assembly,
                operator_bp: args.operator_share,
                fund_bp: args.to_fund,
                account: args.account,
                document: args.document,
            };
            (arrange_for(seat, terms).await?.answer.0, "已登记经营约定")
        }
        Revenue::Let(args) => {
            let asked = NewLease {
                income: args.kind,
                scope: args.scope.scope().unwrap_or(Scope::Compound {}),
                part: args.part,
                lessee: args.lessee,
                document: args.document,
                signed_on: args.signed.0,
                from_on: args.from.0,
                until_on: args.until.0,
                rent_fen: args.rent,
                every: args.every,
                due_days: args.due_days,
                round_no: RoundNo(args.vote.round),
                motion_no: MotionNo(args.vote.motion),
            };
            (let_for(seat, asked).await?.answer.lease_no.0, "已登记经营合同")
        }
        Revenue::EndLease { no, on, reason, .. } => {
            let ending = Ending { ended_on: on.0, reason };
            end_for(seat, (RevenueLeaseNo(no), ending)).await?;
            (no, "已终止经营合同")
        }
        Revenue::Pledge(args) => {
            let asked = Pledging {
                project_matter_no: MatterNo(args.project),
                scope: args.scope.scope(),
                amount_fen: args.amount,
                from_on: args.from.0,
                until_on: args.until.0,
                round_no: RoundNo(args.vote.round),
                motion_no: MotionNo(args.vote.motion),
                evidence: args.evidence,
            };
            (pledge_for(seat, asked).await?.answer.0, "已登记让渡")
        }
        Revenue::Publish { period, on, place, evidence, .. } => {
            let PeriodArgs { covers, through } = period;
            let asked = Publishing { covers, through, posted_on: on.0, place, evidence };
            (publish_for(seat, asked).await?.answer.publication_no.0, "已登记公示")
        }
        Revenue::TakeDown { no, until, reason, .. } => {
            let asked = TakingDown { until_on: until.0, reason };
            take_down_for(seat, (PublicationNo(no), asked)).await?;
            (no, "已撤下公示")
        }
        Revenue::HandOver { ended, on, to, evidence, .. } => {
            let asked = HandingOver { ended_on: ended.0, handed_on: on.0, to, evidence };
            (hand_over_for(seat, asked).await?.answer.handover_no.0, "已登记移交")
        }
        _ => return Err(Stop::Usage("不是登记".to_owned())),
    };
    if is_json {
        say(out, &json!({ "no": no }))?;
    } else {
        writeln!(out, "{what} {no}")?;
    }
    Ok(DONE)
}

fn terms_line((no, terms): &(RevenueTermsNo, Terms)) -> String {
    let Terms { from_on, operator, account, document, .. } = terms;
    let taxpayer = match terms.taxpayer {
        Taxpayer::General => "一般纳税人",
        Taxpayer::Small => "小规模纳税人",
        Taxpayer::Exempt => "免税",
    };
    let assembly =
        if terms.has_assembly { "业主大会已成立" } else { "业主大会未成立" };
    let part = |bp: u16| match bp {
        0 => "未约定".to_owned(),
        bp => format!("{}.{:02}%", bp / 100, bp % 100),
    };
    let (share, fund) = (part(terms.operator_bp), part(terms.fund_bp));
    format!(
        "{no}  {from_on} 起  {operator}  {taxpayer}  {assembly}  经营人分成 {share}  补充维修资金 {fund}  {account}  {document}"
    )
}

fn lease_line(lease: &Lease) -> String {
    let (from, until) = (lease.from_on, lease.last_day());
    let void = if lease.is_void() { "  从未履行" } else { "" };
    format!(
        "{}  {}  {}  {}  {}  {from} 至 {until}  应收 {}  已收 {}  欠付 {}{void}",
        lease.lease_no,
        lease.document,
        lease.income.in_chinese(),
        lease.scope.in_chinese(),
        lease.lessee,
        lease.asked_fen.grouped(),
        lease.received_fen.grouped(),
        lease.owed_fen.grouped()
    )
}

fn entry_line(row: &EntryRow) -> String {
    let reversed = if row.is_reversed { "  已冲销" } else { "" };
    let (no, on, sort) = (row.entry_no, row.entered_on, row.sort.in_chinese());
    let amount = row.amount_fen.grouped();
    format!(
        "{no}  {on}  {sort}  {}  {}  {amount} 元  {}{reversed}",
        row.what, row.party, row.voucher
    )
}

fn standing_line(row: &Standing) -> String {
    format!(
        "{}  {} 至 {}  净收益 {}  结转亏损 {}  至少补充维修资金 {}  已划 {}  应划未划 {}  尚可分配 {}",
        row.scope.in_chinese(),
        row.from,
        row.through,
        row.net_fen.grouped(),
        row.carried_fen.grouped(),
        row.least_fen.grouped(),
        row.fund_fen.grouped(),
        row.owed_fen.grouped(),
        row.available_fen.grouped()
    )
}

fn share_line(row: &ShareRow) -> String {
    format!("{}  {} 元", row.room, row.amount_fen.grouped())
}

fn pledge_line(row: &Pledge) -> String {
    let (no, of, sum, left) =
        (row.pledge_no, &row.beneficiary, row.amount_fen.grouped(), row.left_fen.grouped());
    format!("{no}  {of}  {sum} 元  未付 {left}  {} 至 {}", row.from_on, row.until_on)
}

fn publication_line(row: &Publication) -> String {
    let down = row.until_on.map_or("仍在公示".to_owned(), |on| format!("{on} 撤下"));
    let late =
        if row.late_days > 0 { format!("，迟 {} 天", row.late_days) } else { String::new() };
    let (no, through, on, days) = (row.publication_no, row.through, row.posted_on, row.hung_days);
    let corrects = row.corrects_no.map_or(String::new(), |no| format!("，更正公示 {no}"));
    let edition = match row.corrected_by_no {
        Some(by) => format!("已由公示 {by} 更正"),
        None if row.is_stale => "账面已变，须重新公示".to_owned(),
        None => "最近的一份，与账面相符".to_owned(),
    };
    let covers = row.covers.in_chinese();
    format!(
        "{no}  {covers}  至 {through}  {on} 公示{corrects}{late}  已 {days} 天  {down}  {edition}  {}",
        &row.digest[..8]
    )
}

pub(super) fn duty_line(row: &Open) -> String {
    let told = match row.due_on.zip(row.overdue_days) {
        Some((due, days)) if days > 0 => format!("期限 {due}  逾期 {days} 天"),
        Some((due, days)) => format!("期限 {due}  尚余 {} 天", -days),
        None if row.duty == Duty::Republish => "账面已变，须重新公示".to_owned(),
        None => "当地没有规定期限".to_owned(),
    };
    let sum = if row.amount_fen.is_positive() {
        format!("  {} 元", row.amount_fen.grouped())
    } else {
        String::new()
    };
    let (what, through) = (row.duty.in_chinese(), row.through);
    format!("{what}  {}  期间至 {through}  {told}{sum}  {}", row.scope, row.article)
}

fn handover_line(row: &Handover) -> String {
    let (no, on, from, to) = (row.handover_no, row.handed_on, &row.from, &row.to);
    let late =
        if row.late_days > 0 { format!("，迟 {} 天", row.late_days) } else { String::new() };
    format!("{no}  {on}{late}  {from} 移交 {to}  账户 {} 元", row.list.bank_fen.grouped())
}

async fn look(books: &Books, asked: Revenue, out: Out<'_>) -> Ran {
    let today = books.clock().now().day();
    let unread = || Stop::Usage("不是查看".to_owned());
    let list = asked.list().ok_or_else(unread)?;
    let is_json = list.json.json;
    let compound = compound(books, &list.compound.compound).await?;
    let (id, mut view) = (compound.id, books.read().await?);
    match asked {
        Revenue::Terms(_) => {
            super::rows(out, is_json, &revenue::terms(&mut view, id).await?, terms_line)
        }
        Revenue::Leases(_) => {
            super::rows(out, is_json, &lease::leases(&mut view, id, today).await?, lease_line)
        }
        Revenue::Entries(_) => {
            super::rows(out, is_json, &entry::entries(&mut view, id).await?, entry_line)
        }
        Revenue::Standing { month, .. } => {
            let found = standings(&mut view, id, month, today).await?;
            super::rows(out, is_json, &found, standing_line)
        }
        Revenue::Shares { no, .. } => {
            let found = distribution::shares(&mut view, id, RevenueEntryNo(no)).await?;
            super::rows(out, is_json, &found, share_line)
        }
        Revenue::Pledges(_) => {
            super::rows(out, is_json, &pledge::pledges(&mut view, id).await?, pledge_line)
        }
        Revenue::Sheet { period: PeriodArgs { covers, through }, .. } => {
            let told = publication::sheet(&mut view, id, covers, through, today).await?;
            if is_json {
                say(out, &told)?;
            } else {
                write!(out, "{}", told.in_text(&compound.name))?;
            }
            Ok(if told.agrees { DONE } else { REFUSED })
        }
        Revenue::Publications(_) => {
            let found = publication::publications(&mut view, id, today).await?;
            super::rows(out, is_json, &found, publication_line)
        }
        Revenue::Duties(_) => {
            let found = publication::duties(&mut view, id, today).await?;
            super::rows(out, is_json, &found, duty_line)
        }
        Revenue::Handovers(_) => {
            super::rows(out, is_json, &handover::handovers(&mut view, id).await?, handover_line)
        }
        _ => Err(unread()),
    }
}
