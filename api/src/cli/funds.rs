//! `xiaoqu fund …`: what is levied, receipted, given back, and how the fund is filled again.
//!
//! What a clerk types again and again has arguments; tables and plans are told as JSON, as over the wire.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::{Actor, Books};
use ledger::calendar::Month;
use ledger::fund::{
    self, Cause, EndingUnit, LegacyIncome, LevyKind, Levying, NewCall, NewLegacy, NewLegacyStep,
    NewRange, NewStandard, NewUnit, NoticeWord, Notifying, PlanWithdrawal, Posting, RefundPayment,
    Refunding, Renewing, StepWord, UnitDeposit, UnitLevy, UnitRefunding, Voiding,
};
use ledger::governance::matter::Delivery;
use ledger::id::{DepositNo, LegacyNo, LineNo, RefundNo, RenewalNo, SellingUnitNo};
use ledger::money::Money;
use ledger::property::RoomCode;
use serde_json::json;

use super::votes::{delivery, looking, room, seat, tell, told};
use super::{ActArgs, CompoundArg, JsonArgs, Out, Ran, money, month, number, rows, word};
use crate::levy::{self, ReceiptAsked};
use crate::refunds;
use crate::renewal::{self, ReviewAsked};
use crate::wire::IsoDay;

/// What can be done with the fund.
#[derive(Debug, Subcommand)]
pub(super) enum Fund {
    /// What is levied, receipted and given back.
    #[command(flatten)]
    Levy(Box<Levies>),
    /// Selling units and what they hold.
    #[command(flatten)]
    Unit(Box<Units>),
    /// How the fund is filled again.
    #[command(flatten)]
    Renew(Box<Renewals>),
    /// Commands that read.
    #[command(flatten)]
    Look(Looking),
}

/// A table or a plan as JSON.
#[derive(Clone, Debug, Args)]
pub(super) struct FileArg {
    /// JSON 文件，写法同 REST 接口
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

/// Something by its number.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct NoArg {
    /// 编号
    #[arg(value_name = "NO", value_parser = number)]
    no: i32,
}

/// What is levied, receipted and given back.
#[derive(Debug, Subcommand)]
pub(super) enum Levies {
    /// 登记交存标准
    Standard {
        #[command(flatten)]
        file: FileArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 核定应交金额：一户或全小区
    Assess {
        /// 种类：initial、rebuild、monthly
        #[arg(long, value_parser = word::<LevyKind>, default_value = "initial")]
        kind: LevyKind,
        /// 月份：按月交存的写
        #[arg(long, value_parser = month)]
        month: Option<Month>,
        /// 房号，可写多个；不写则为全小区
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: Vec<RoomCode>,
        /// 核定日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 应交日期；不写则为核定日
        #[arg(long, value_name = "DAY")]
        due: Option<IsoDay>,
        /// 更正的原因
        #[arg(long, default_value = "")]
        reason: String,
        /// 只预览
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记票据号段
    Range {
        /// 字轨
        #[arg(long, default_value = "")]
        prefix: String,
        /// 起号
        #[arg(long)]
        first: String,
        /// 止号
        #[arg(long)]
        last: String,
        /// 领用单
        #[arg(long)]
        document: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 为一笔交存开具票据：给定号码，或取号段的下一号
    Receipt {
        /// 交存编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        /// 票据号
        #[arg(long, value_name = "NO", default_value = "")]
        receipt: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 作废票据
    Void {
        /// 票据号
        receipt: String,
        /// 作废日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记票据副本
    Copy {
        /// 票据号
        receipt: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记返还（业主部分）
    Refund {
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 原因：cancelled 退房、destroyed 灭失、undone-sale 撤销售房
        #[arg(long, value_parser = word::<Cause>)]
        cause: Cause,
        /// 退款日；灭失的为应付日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 交存编号：退房的写
        #[arg(long, value_name = "NO", value_parser = number)]
        deposit: Option<i32>,
        /// 退还本金（元）；不写则为整笔
        #[arg(long, value_parser = money)]
        amount: Option<Money>,
        /// 一并退还的收益（元）
        #[arg(long, value_parser = money, default_value = "0")]
        gains: Money,
        /// 申请的售房单位编号：撤销售房的写
        #[arg(long, value_name = "NO", value_parser = number)]
        unit: Option<i32>,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 支付应付的返还
    RefundPay {
        #[command(flatten)]
        no: NoArg,
        /// 金额（元）
        #[arg(long, value_parser = money)]
        amount: Money,
        /// 支付日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// Selling units and what they hold.
#[derive(Debug, Subcommand)]
pub(super) enum Units {
    /// 登记售房单位
    Unit {
        /// 名称
        name: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记售房单位终止
    UnitEnd {
        #[command(flatten)]
        no: NoArg,
        /// 终止日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 承继单位编号
        #[arg(long, value_name = "NO", value_parser = number)]
        successor: Option<i32>,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 核定售房单位自售房款的提取
    UnitLevy {
        #[command(flatten)]
        no: NoArg,
        #[command(flatten)]
        file: FileArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记售房单位存入
    UnitDeposit {
        #[command(flatten)]
        no: NoArg,
        /// 金额（元）
        #[arg(long, value_parser = money, required_unless_present = "line", requires = "on")]
        amount: Option<Money>,
        /// 收款日期
        #[arg(long, value_name = "DAY", requires = "amount")]
        on: Option<IsoDay>,
        /// 认领的银行流水编号
        #[arg(long, value_name = "NO", value_parser = number, conflicts_with_all = ["amount", "on"])]
        line: Option<i32>,
        /// 专用票据号
        #[arg(long, value_name = "NO", default_value = "")]
        receipt: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记返还（售房单位部分）
    UnitRefund {
        #[command(flatten)]
        no: NoArg,
        #[command(flatten)]
        file: FileArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记原售房单位代管资金
    Legacy {
        #[command(flatten)]
        file: FileArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记对代管资金的主张、催告、答复
    LegacyStep {
        #[command(flatten)]
        no: NoArg,
        /// 经过：claimed 主张、reminded 催告、answered 答复
        #[arg(long, value_parser = word::<StepWord>)]
        step: StepWord,
        /// 日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 划入代管资金
    LegacyIn {
        #[command(flatten)]
        no: NoArg,
        #[command(flatten)]
        file: FileArg,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// How the fund is filled again.
#[derive(Debug, Subcommand)]
pub(super) enum Renewals {
    /// 登记续筹提醒
    Call {
        /// 收到日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 提醒单位
        #[arg(long)]
        caller: String,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记续筹方案
    Renew {
        #[command(flatten)]
        file: FileArg,
        /// 只预览
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记续筹通知或催交
    Notify {
        #[command(flatten)]
        no: NoArg,
        /// 种类：notice 通知、reminder 催交
        #[arg(long, value_parser = word::<NoticeWord>)]
        kind: NoticeWord,
        /// 房号，可写多个；不写则通知发给全部，催交发给全部欠交
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: Vec<RoomCode>,
        /// 发出日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 方式：hand、post、electronic、notice
        #[arg(long, value_parser = delivery)]
        method: Delivery,
        /// 送达凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记方案公示
    Post {
        #[command(flatten)]
        no: NoArg,
        /// 公示日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 公示地点
        #[arg(long)]
        place: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 重算方案：其后分配的收益抵减未交部分
    Review {
        #[command(flatten)]
        no: NoArg,
        /// 计算日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 撤回方案：未交的不再应交，已交的留在分户账
    WithdrawPlan {
        #[command(flatten)]
        no: NoArg,
        /// 撤回日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// What every list may be given.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    compound: CompoundArg,
    /// 截至日；不写则今天
    #[arg(long, value_name = "DAY")]
    on: Option<IsoDay>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Commands that read.
#[derive(Debug, Subcommand)]
pub(super) enum Looking {
    /// 列出登记的交存标准
    Standards(ListArgs),
    /// 列出应交与欠交
    Dues {
        /// 只列欠交的
        #[arg(long)]
        owing: bool,
        #[command(flatten)]
        list: ListArgs,
    },
    /// 各幢欠交，按账龄
    Arrears(ListArgs),
    /// 列出专用票据
    Receipts(ListArgs),
    /// 列出票据号段
    Ranges(ListArgs),
    /// 列出返还
    Refunds(ListArgs),
    /// 列出售房单位
    Units(ListArgs),
    /// 列出原售房单位代管资金
    Legacies(ListArgs),
    /// 列出余额低于续筹线的房屋
    Under(ListArgs),
    /// 列出续筹方案
    Renewals(ListArgs),
    /// 方案的交存与欠交
    RenewalArrears {
        #[command(flatten)]
        no: NoArg,
        #[command(flatten)]
        list: ListArgs,
    },
}

impl Fund {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Fund::Levy(acting) => acting.given().json,
            Fund::Unit(acting) => acting.given().json,
            Fund::Renew(acting) => acting.given().json,
            Fund::Look(looking) => looking.given().json.json,
        }
    }
}

impl Looking {
    fn given(&self) -> &ListArgs {
        match self {
            Looking::Dues { list, .. } | Looking::RenewalArrears { list, .. } => list,
            Looking::Standards(list)
            | Looking::Arrears(list)
            | Looking::Receipts(list)
            | Looking::Ranges(list)
            | Looking::Refunds(list)
            | Looking::Units(list)
            | Looking::Legacies(list)
            | Looking::Under(list)
            | Looking::Renewals(list) => list,
        }
    }
}

impl Levies {
    fn given(&self) -> &ActArgs {
        match self {
            Levies::Standard { act, .. }
            | Levies::Assess { act, .. }
            | Levies::Range { act, .. }
            | Levies::Receipt { act, .. }
            | Levies::Void { act, .. }
            | Levies::Copy { act, .. }
            | Levies::Refund { act, .. }
            | Levies::RefundPay { act, .. } => act,
        }
    }
}

impl Units {
    fn given(&self) -> &ActArgs {
        match self {
            Units::Unit { act, .. }
            | Units::UnitEnd { act, .. }
            | Units::UnitLevy { act, .. }
            | Units::UnitDeposit { act, .. }
            | Units::UnitRefund { act, .. }
            | Units::Legacy { act, .. }
            | Units::LegacyStep { act, .. }
            | Units::LegacyIn { act, .. } => act,
        }
    }
}

impl Renewals {
    fn given(&self) -> &ActArgs {
        match self {
            Renewals::Call { act, .. }
            | Renewals::Renew { act, .. }
            | Renewals::Notify { act, .. }
            | Renewals::Post { act, .. }
            | Renewals::Review { act, .. }
            | Renewals::WithdrawPlan { act, .. } => act,
        }
    }
}

pub(super) async fn run(books: &Books, asked: Fund, out: Out<'_>) -> Ran {
    match asked {
        Fund::Levy(acting) => levies(books, *acting, out).await,
        Fund::Unit(acting) => units(books, *acting, out).await,
        Fund::Renew(acting) => renewals(books, *acting, out).await,
        Fund::Look(asked) => look(books, asked, out).await,
    }
}

async fn levies(books: &Books, acting: Levies, out: Out<'_>) -> Ran {
    let is_json = acting.given().json;
    let seat = seat(books, acting.given(), Actor::operator()).await?;
    match acting {
        Levies::Standard { file, .. } => {
            let no = levy::register_standard(&seat, told::<NewStandard>(&file.file)?).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("标准 {no} 已登记"))
        }
        Levies::Assess { kind, month, room, on, due, reason, dry_run, .. } => {
            let asked = Levying {
                kind,
                month,
                rooms: room,
                levied: vec![],
                on: on.0,
                due_on: due.map(|day| day.0),
                instalments: None,
                reason,
            };
            if dry_run {
                let seen = levy::preview(&seat, &asked).await?;
                return tell(out, is_json, &seen, seen.in_lines());
            }
            let done = levy::levy(&seat, asked).await?.answer;
            let line = format!(
                "新核定 {} 户，重新核定 {} 户，不变 {} 户；应交合计 {} 元",
                done.new,
                done.changed,
                done.same,
                done.total_fen.grouped()
            );
            tell(out, is_json, &done, line)
        }
        Levies::Range { prefix, first, last, document, .. } => {
            let new = NewRange { prefix, first, last, document };
            let no = levy::register_range(&seat, new).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("号段 {no} 已登记"))
        }
        Levies::Receipt { no, receipt, .. } => {
            let asked = ReceiptAsked { receipt_no: receipt };
            let issued = levy::issue(&seat, (DepositNo(no), asked)).await?.answer;
            tell(out, is_json, &issued, format!("第 {no} 笔交存的票据 {}", issued.receipt_no))
        }
        Levies::Void { receipt, on, reason, .. } => {
            levy::void(&seat, (receipt.clone(), Voiding { on: on.0, reason })).await?;
            let line = format!("票据 {receipt} 已作废");
            tell(out, is_json, &json!({ "receipt_no": receipt }), line)
        }
        Levies::Copy { receipt, .. } => {
            let copy = levy::copy(&seat, receipt.clone()).await?.answer;
            let line = format!("票据 {receipt} 的第 {copy} 张副本");
            tell(out, is_json, &json!({ "receipt_no": receipt, "no": copy }), line)
        }
        Levies::Refund { room, cause, on, deposit, amount, gains, unit, evidence, .. } => {
            let asked = Refunding {
                cause,
                room,
                on: on.0,
                deposit_no: deposit.map(DepositNo),
                principal_fen: amount,
                gains_fen: gains,
                unit_no: unit.map(SellingUnitNo),
                evidence,
            };
            refunded(out, is_json, refunds::refund(&seat, asked).await?.answer)
        }
        Levies::RefundPay { no, amount, on, evidence, .. } => {
            let payment = RefundPayment { amount_fen: amount, paid_on: on.0, evidence };
            let paid = refunds::pay(&seat, (RefundNo(no.no), payment)).await?.answer;
            let (voucher, left) = (paid.voucher.to_string(), paid.left_fen);
            let line = format!("凭证 {voucher}，尚未支付 {} 元", left.grouped());
            tell(out, is_json, &json!({ "voucher": voucher, "left_fen": left }), line)
        }
    }
}

fn refunded(out: Out<'_>, is_json: bool, refunded: fund::Refunded) -> Ran {
    let line = format!(
        "返还 {} 已登记：本金 {} 元，收益 {} 元，凭证 {}",
        refunded.refund_no,
        refunded.principal_fen.grouped(),
        refunded.gains_fen.grouped(),
        refunded.voucher
    );
    tell(out, is_json, &refunds::RefundedView::from(refunded), line)
}

async fn units(books: &Books, acting: Units, out: Out<'_>) -> Ran {
    let is_json = acting.given().json;
    let seat = &seat(books, acting.given(), Actor::operator()).await?;
    match acting {
        Units::Unit { name, .. } => {
            let no = refunds::enlist(seat, NewUnit { name }).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("售房单位 {no} 已登记"))
        }
        Units::UnitEnd { no, on, successor, evidence, .. } => {
            let successor_no = successor.map(SellingUnitNo);
            let ending = EndingUnit { on: on.0, successor_no, evidence };
            let no = refunds::end(seat, (SellingUnitNo(no.no), ending)).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("售房单位 {no} 已登记终止"))
        }
        Units::UnitLevy { no, file, .. } => {
            let asked = told::<UnitLevy>(&file.file)?;
            let done = refunds::levy_unit(seat, (SellingUnitNo(no.no), asked)).await?.answer;
            let line = format!("已核定 {} 户的提取", done.len());
            tell(out, is_json, &json!({ "assessments": done }), line)
        }
        Units::UnitDeposit { no, amount, on, line, receipt, .. } => {
            let asked = UnitDeposit {
                line_no: line.map(LineNo),
                amount_fen: amount,
                received_on: on.map(|day| day.0),
                receipt_no: receipt,
            };
            let done = refunds::deposit_of_unit(seat, (SellingUnitNo(no.no), asked)).await?.answer;
            let line = format!(
                "第 {} 笔交存 {} 元，凭证 {}",
                done.deposit_no,
                done.amount_fen.grouped(),
                done.voucher
            );
            tell(out, is_json, &crate::fund::DepositedView::from(done), line)
        }
        Units::UnitRefund { no, file, .. } => {
            let asked = told::<UnitRefunding>(&file.file)?;
            let done = refunds::refund_unit(seat, (SellingUnitNo(no.no), asked)).await?.answer;
            refunded(out, is_json, done)
        }
        Units::Legacy { file, .. } => {
            let asked = told::<NewLegacy>(&file.file)?;
            let no = refunds::register_legacy(seat, asked).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("代管资金 {no} 已登记"))
        }
        Units::LegacyStep { no, step, on, evidence, .. } => {
            let new = NewLegacyStep { step, taken_on: on.0, evidence };
            let step = refunds::note(seat, (LegacyNo(no.no), new)).await?.answer;
            tell(out, is_json, &json!({ "no": step }), format!("第 {step} 次经过已登记"))
        }
        Units::LegacyIn { no, file, .. } => {
            let income = told::<LegacyIncome>(&file.file)?;
            let done = refunds::bring_in(seat, (LegacyNo(no.no), income)).await?.answer;
            let view = refunds::BroughtInView::from(done);
            let line =
                format!("已划入，凭证 {}，尚差 {} 元", view.voucher(), view.difference().grouped());
            tell(out, is_json, &view, line)
        }
    }
}

async fn renewals(books: &Books, acting: Renewals, out: Out<'_>) -> Ran {
    let is_json = acting.given().json;
    let seat = &seat(books, acting.given(), Actor::operator()).await?;
    match acting {
        Renewals::Call { on, caller, evidence, .. } => {
            let new = NewCall { called_on: on.0, caller, evidence };
            let no = renewal::call(seat, new).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("提醒 {no} 已登记"))
        }
        Renewals::Renew { file, dry_run, .. } => {
            let asked = told::<Renewing>(&file.file)?;
            if dry_run {
                let seen = renewal::preview(seat, &asked).await?;
                return tell(out, is_json, &seen, seen.in_lines());
            }
            let no = renewal::renew(seat, asked).await?.answer;
            tell(out, is_json, &json!({ "no": no }), format!("续筹方案 {no} 已登记"))
        }
        Renewals::Notify { no, kind, room, on, method, evidence, .. } => {
            let asked = Notifying { kind, rooms: room, sent_on: on.0, method, evidence };
            let told = renewal::notify(seat, (RenewalNo(no.no), asked)).await?.answer;
            tell(out, is_json, &json!({ "dwellings": told }), format!("已登记 {told} 户"))
        }
        Renewals::Post { no, on, place, .. } => {
            let posting = Posting { posted_on: on.0, place };
            let times = renewal::post(seat, (RenewalNo(no.no), posting)).await?.answer;
            tell(out, is_json, &json!({ "no": times }), format!("第 {times} 次公示已登记"))
        }
        Renewals::Review { no, on, .. } => {
            let done = renewal::review(seat, (RenewalNo(no.no), ReviewAsked { on })).await?.answer;
            let line = format!("{} 户减少，合计 {} 元", done.lowered, done.less_fen.grouped());
            tell(out, is_json, &done, line)
        }
        Renewals::WithdrawPlan { no, on, reason, .. } => {
            let asked = PlanWithdrawal { on: on.0, reason };
            let done = renewal::withdraw(seat, (RenewalNo(no.no), asked)).await?.answer;
            let (less, paid) = (done.less_fen.grouped(), done.paid_fen.grouped());
            let line = format!(
                "方案 {} 已撤回：{} 户不再应交 {less} 元，已交 {paid} 元留在分户账",
                no.no, done.released
            );
            tell(out, is_json, &done, line)
        }
    }
}

async fn look(books: &Books, asked: Looking, out: Out<'_>) -> Ran {
    let given = asked.given();
    let is_json = given.json.json;
    let on = given.on.map_or_else(|| books.clock().now().day(), |day| day.0);
    let compound = looking(books, &given.compound).await?.0.compound;
    let mut view = books.read().await?;
    match asked {
        Looking::Standards(_) => {
            let found = fund::standards(&mut view, compound).await?;
            rows(out, is_json, &found, |s| {
                format!("{}  自 {}  {} 元/平方米  {}", s.standard_no, s.from_on, s.rate, s.document)
            })
        }
        Looking::Dues { owing, .. } => {
            let mut found = fund::dues(&mut view, compound, on, None).await?;
            found.retain(|due| !owing || due.owed.is_positive());
            rows(out, is_json, &found, |due| {
                format!(
                    "{}  到期 {}  已交 {}  欠交 {}  {} 天",
                    due.room,
                    due.due.grouped(),
                    due.paid.grouped(),
                    due.owed.grouped(),
                    due.days
                )
            })
        }
        Looking::Arrears(_) => {
            let found = fund::dues(&mut view, compound, on, None).await?;
            rows(out, is_json, &fund::arrears_by_building(&found), |b| {
                format!("{} 幢  {} 户  欠交 {} 元", b.building, b.dwellings, b.owed_fen.grouped())
            })
        }
        Looking::Receipts(_) => {
            let found = fund::receipts(&mut view, compound, None).await?;
            rows(out, is_json, &found, |r| {
                let amount = r.amount_fen.grouped();
                format!("{}  交存 {}  {amount} 元  副本 {}", r.receipt_no, r.deposit_no, r.copies)
            })
        }
        Looking::Ranges(_) => {
            let found = fund::ranges(&mut view, compound).await?;
            rows(out, is_json, &found, |r| {
                format!(
                    "{}  {} 至 {}  已用 {}  未用 {}",
                    r.range_no, r.first, r.last, r.used, r.left
                )
            })
        }
        Looking::Refunds(_) => {
            let found = fund::refunds(&mut view, compound).await?;
            rows(out, is_json, &found, |r| {
                let total = (r.principal_fen + r.gains_fen).grouped();
                format!("{}  {}  {total} 元  未付 {} 元", r.refund_no, r.room, r.owed_fen.grouped())
            })
        }
        Looking::Units(_) => {
            let found = fund::selling_units(&mut view, compound, on).await?;
            rows(out, is_json, &found, |u| {
                let (due, paid) = (u.due.grouped(), u.paid.grouped());
                format!(
                    "{}  {}  到期 {due}  已存 {paid}  余额 {}",
                    u.unit_no,
                    u.name,
                    u.balance.total().grouped()
                )
            })
        }
        Looking::Legacies(_) => {
            let found = fund::legacies(&mut view, compound).await?;
            rows(out, is_json, &found, |l| {
                let (claimed, came) = (l.claimed_fen.grouped(), l.brought_fen.grouped());
                format!(
                    "{}  {}  主张 {claimed}  划入 {came}  差额 {}",
                    l.legacy_no,
                    l.unit,
                    l.difference_fen.grouped()
                )
            })
        }
        Looking::Under(_) => {
            let found = fund::under_renewal(&mut view, compound, on).await?;
            rows(out, is_json, &found, |u| {
                format!("{}  首期 {}  余额 {}", u.room, u.first.grouped(), u.balance.grouped())
            })
        }
        Looking::Renewals(_) => {
            let found = fund::renewals(&mut view, compound).await?;
            rows(out, is_json, &found, |p| {
                format!("{}  计算日 {}  合计 {} 元", p.plan_no, p.judged_on, p.total_fen.grouped())
            })
        }
        Looking::RenewalArrears { no, .. } => {
            let no = RenewalNo(no.no);
            let found = fund::renewal_arrears(&mut view, compound, no, on).await?;
            rows(out, is_json, &found, |r| {
                let (due, paid) = (r.assessed.grouped(), r.paid.grouped());
                format!(
                    "{}  应交 {due}  已交 {paid}  欠交 {}  催交 {} 次",
                    r.room,
                    r.owed.grouped(),
                    r.reminders
                )
            })
        }
    }
}
