//! `xiaoqu counter …`: the counter at the machine that holds the books.
//!
//! What a cashier types has arguments; a payment for many rooms is told as JSON, as over the wire.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::{Books, Done, Snapshot};
use ledger::error::Error;
use ledger::fees::{
    self, BondDeducting, BondReturning, Chosen, Counted, DaySheet, HandingOver, Method, NewBond,
    Part, Penalising, ReceiptNo, Refunding, Remitting, Taking, Voiding,
};
use ledger::id::{BondNo, CompoundId, MatterNo, PaymentNo, RemissionNo, SheetNo};
use ledger::money::Money;
use ledger::property::RoomCode;
use ledger::tariff::Bearer;
use serde_json::json;

use super::votes::{room, told};
use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, Ran, Stop, compound, method, money, number,
    operator, rows, say,
};
use crate::governance::Seat;
use crate::wire::IsoDay;
use crate::{counter, countersign};

/// What can be done at the counter.
#[derive(Debug, Subcommand)]
pub(super) enum Counter {
    /// 收款：一户，选账单、先清旧欠、预存
    Take(Box<TakeArgs>),
    /// 收款：多户，JSON 文件，写法同 REST 接口
    TakeMany {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 收据：列出，或查看一张
    Receipts {
        /// 收据号；不写则列出
        #[arg(long, value_name = "NO", value_parser = receipt)]
        no: Option<ReceiptNo>,
        /// 年度；不写则为今年
        #[arg(long, value_name = "YEAR")]
        year: Option<i32>,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 作废收据：保留号码，红字冲销
    Void {
        /// 收据号
        #[arg(value_name = "NO", value_parser = receipt)]
        no: ReceiptNo,
        #[command(flatten)]
        why: WhyArgs,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记收据副本
    Copy {
        /// 收据号
        #[arg(value_name = "NO", value_parser = receipt)]
        no: ReceiptNo,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 退费：某笔缴费、账单或预存
    Refund(Box<RefundArgs>),
    /// 减免账单
    Waive(RemitArgs),
    /// 核销账单
    WriteOff(RemitArgs),
    /// 撤销账单：没有缴款的
    Withdraw(RemitArgs),
    /// 减免、核销、撤销的登记
    Remissions {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 计收违约金
    Penalise {
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 逾期账单编号
        #[arg(long, value_name = "NO", value_parser = number)]
        bill: i32,
        /// 计至哪一天
        #[arg(long, value_name = "DAY")]
        upto: IsoDay,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 押金：收取、扣除、退还、列出
    #[command(subcommand)]
    Bond(Bonds),
    /// 日结单：看手中应交，交款，列出
    #[command(subcommand)]
    Sheet(Sheets),
}

/// A payment of one room.
#[derive(Debug, Args)]
pub(super) struct TakeArgs {
    /// 房号
    #[arg(long, value_name = "CODE", value_parser = room)]
    room: RoomCode,
    /// 所选账单，可写多个：编号，或 编号=元
    #[arg(long, value_name = "NO[=YUAN]", value_parser = chosen)]
    bill: Vec<Chosen>,
    /// 按旧欠先清的金额：元
    #[arg(long, value_name = "YUAN", value_parser = money)]
    oldest: Option<Money>,
    /// 预存：元
    #[arg(long, value_name = "YUAN", value_parser = money)]
    prepay: Option<Money>,
    #[command(flatten)]
    by: ByArgs,
    /// 实收：元，现金有找零时写
    #[arg(long, value_name = "YUAN", value_parser = money)]
    given: Option<Money>,
    /// 换开：所代替的已作废收据号
    #[arg(long, value_name = "NO", value_parser = receipt)]
    replaces: Option<ReceiptNo>,
    #[command(flatten)]
    act: ActArgs,
}

/// How and when money passes.
#[derive(Debug, Args)]
pub(super) struct ByArgs {
    /// 方式：cash、transfer、wechat、alipay、pos、cheque、other
    #[arg(long, value_name = "METHOD", value_parser = method)]
    method: Method,
    /// 日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 票号、交易单号
    #[arg(long, default_value = "")]
    reference: String,
    /// 缴款人：不是产权人时写
    #[arg(long, default_value = "")]
    payer: String,
}

/// A day and a reason.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// 日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 原因
    #[arg(long)]
    reason: String,
}

/// A refund.
#[derive(Debug, Args)]
pub(super) struct RefundArgs {
    /// 房号
    #[arg(long, value_name = "CODE", value_parser = room)]
    room: RoomCode,
    /// 缴费编号
    #[arg(long, value_name = "NO", value_parser = number)]
    payment: Option<i32>,
    /// 退哪些账单，可写多个：编号，或 编号=元
    #[arg(long, value_name = "NO[=YUAN]", value_parser = chosen)]
    bill: Vec<Chosen>,
    /// 退预存：元
    #[arg(long, value_name = "YUAN", value_parser = money, default_value = "0")]
    prepaid: Money,
    /// 一并撤销已无缴款的账单
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    by: ByArgs,
    /// 原因
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    act: ActArgs,
}

/// A bill to forgive.
#[derive(Debug, Args)]
pub(super) struct RemitArgs {
    /// 房号
    #[arg(long, value_name = "CODE", value_parser = room)]
    room: RoomCode,
    /// 账单编号
    #[arg(long, value_name = "NO", value_parser = number)]
    bill: i32,
    /// 金额：元；不写则为尚欠的全部
    #[arg(long, value_name = "YUAN", value_parser = money)]
    amount: Option<Money>,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    act: ActArgs,
}

/// What can be done with deposits.
#[derive(Debug, Subcommand)]
pub(super) enum Bonds {
    /// 收取押金
    Take(Box<BondArgs>),
    /// 扣除押金
    Deduct {
        /// 押金编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        /// 金额：元
        #[arg(long, value_name = "YUAN", value_parser = money)]
        amount: Money,
        #[command(flatten)]
        why: WhyArgs,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 退还押金
    Return {
        /// 押金编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        /// 金额：元；不写则为全部余额
        #[arg(long, value_name = "YUAN", value_parser = money)]
        amount: Option<Money>,
        /// 方式：cash、transfer、wechat、alipay、pos、cheque、other
        #[arg(long, value_name = "METHOD", value_parser = method)]
        method: Method,
        #[command(flatten)]
        why: WhyArgs,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出押金
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

/// A deposit to take.
#[derive(Debug, Args)]
pub(super) struct BondArgs {
    /// 房号
    #[arg(long, value_name = "CODE", value_parser = room)]
    room: RoomCode,
    /// 押金名称
    #[arg(long)]
    item: String,
    /// 金额：元
    #[arg(long, value_name = "YUAN", value_parser = money)]
    amount: Money,
    /// 实收：元，现金有找零时写
    #[arg(long, value_name = "YUAN", value_parser = money)]
    given: Option<Money>,
    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    act: ActArgs,
}

/// What can be done with day sheets.
#[derive(Debug, Subcommand)]
pub(super) enum Sheets {
    /// 手中应交：尚未交款的收退款
    Look {
        /// 收款人；不写则为本机操作台
        #[arg(long, value_name = "NAME")]
        cashier: Option<String>,
        /// 到哪一天；不写则为今天
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 交款
    HandOver {
        /// 日结日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 各方式实交，可写多个：cash=200.00
        #[arg(long, value_name = "METHOD=YUAN", value_parser = counted)]
        counted: Vec<Counted>,
        /// 差异原因：不符时写
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出日结单
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

fn receipt(text: &str) -> Result<ReceiptNo, String> {
    text.parse().map_err(str::to_owned)
}

/// `7`, or `7=50.00`.
fn chosen(text: &str) -> Result<Chosen, String> {
    let (no, yuan) = text.split_once('=').map_or((text, None), |(no, yuan)| (no, Some(yuan)));
    Ok(Chosen { bill_no: MatterNo(number(no)?), amount_fen: yuan.map(money).transpose()? })
}

/// `cash=200.00`.
fn counted(text: &str) -> Result<Counted, String> {
    let (word, yuan) = text.split_once('=').ok_or("写作 cash=200.00")?;
    Ok(Counted { method: method(word)?, counted_fen: money(yuan)? })
}

impl Counter {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Counter::Take(args) => args.act.json,
            Counter::Refund(args) => args.act.json,
            Counter::TakeMany { act, .. }
            | Counter::Void { act, .. }
            | Counter::Copy { act, .. }
            | Counter::Penalise { act, .. } => act.json,
            Counter::Receipts { json, .. } | Counter::Remissions { json, .. } => json.json,
            Counter::Waive(args) | Counter::WriteOff(args) | Counter::Withdraw(args) => {
                args.act.json
            }
            Counter::Bond(bond) => match bond {
                Bonds::Take(args) => args.act.json,
                Bonds::Deduct { act, .. } | Bonds::Return { act, .. } => act.json,
                Bonds::List { json, .. } => json.json,
            },
            Counter::Sheet(sheet) => match sheet {
                Sheets::HandOver { act, .. } => act.json,
                Sheets::Look { json, .. } | Sheets::List { json, .. } => json.json,
            },
        }
    }
}

/// The operator at a compound.
async fn seat(books: &Books, act: &ActArgs) -> Result<Seat, Error> {
    let compound = compound(books, &act.compound).await?.id;
    Ok(Seat { books: books.clone(), actor: operator(), compound, key: act.key.clone() })
}

/// The same, with the law of the compound on record: what the wire would have asked a second person for.
async fn deed_seat(books: &Books, act: &ActArgs) -> Result<Seat, Error> {
    let seat = seat(books, act).await?;
    let law = countersign::law(books, seat.compound).await?;
    Ok(Seat { actor: operator().under(law.provenance), ..seat })
}

async fn looking(books: &Books, asked: &CompoundArg) -> Result<(Snapshot, CompoundId), Error> {
    let compound = compound(books, &asked.compound).await?;
    Ok((books.read().await?, compound.id))
}

/// Tells what was done: as JSON, or in words.
fn tell<T: serde::Serialize>(
    out: Out<'_>,
    is_json: bool,
    done: &Done<T>,
    line: impl Fn(&T) -> String,
) -> Ran {
    if is_json {
        say(out, &done.answer)?;
    } else {
        let again = if done.is_repeated { "（此前已办理）" } else { "" };
        writeln!(out, "{}{again}", line(&done.answer))?;
    }
    Ok(DONE)
}

pub(super) async fn run(books: &Books, asked: Counter, out: Out<'_>) -> Ran {
    match asked {
        Counter::Take(args) => {
            let part = Part {
                room: args.room,
                bills: args.bill,
                oldest_fen: args.oldest,
                prepay_fen: args.prepay,
            };
            let taking = Taking {
                parts: vec![part],
                bearer: Bearer::Owner,
                method: args.by.method,
                received_on: args.by.on.0,
                given_fen: args.given,
                reference: args.by.reference,
                payer: args.by.payer,
                replaces: args.replaces,
            };
            taken(books, taking, args.act, out).await
        }
        Counter::TakeMany { file, act } => taken(books, told(&file)?, act, out).await,
        Counter::Receipts { no, year, compound, json } => {
            let (mut view, compound) = looking(books, &compound).await?;
            if let Some(no) = no {
                let (receipt, lines) = fees::fee_receipt(&mut view, compound, no).await?;
                if json.json {
                    say(out, &json!({ "receipt": receipt, "rows": lines }))?;
                    return Ok(DONE);
                }
                writeln!(out, "收据 {no}  {}  {}", receipt.issued_on, receipt.cashier)?;
                for line in &lines {
                    let days = line.from_on.zip(line.to_on);
                    let days = days.map_or(String::new(), |(from, to)| format!(" {from} 至 {to}"));
                    let amount = line.amount_fen.grouped();
                    writeln!(out, "  {} {}{days}  {amount} 元", line.room, line.item)?;
                }
                let (amount, capitals) = (receipt.amount_fen.grouped(), receipt.amount_in_capitals);
                writeln!(out, "  合计 {amount} 元（{capitals}）")?;
                if !receipt.reason.is_empty() {
                    writeln!(out, "  作废：{}", receipt.reason)?;
                }
                if receipt.copies > 0 {
                    writeln!(out, "  副本 {} 张", receipt.copies)?;
                }
                return Ok(DONE);
            }
            let today = books.clock().now().day();
            let year = year.unwrap_or(ledger::calendar::Month::of(today).year());
            let mut all = Vec::new();
            loop {
                let after = all.last().map_or(0, |last: &fees::FeeReceipt| last.receipt_no.number);
                let page = fees::fee_receipts(&mut view, compound, year, after, 1000).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            rows(out, json.json, &all, |one| {
                let reason = if one.reason.is_empty() { "" } else { "  作废" };
                format!(
                    "{}  {}  {} 元  {}{reason}",
                    one.receipt_no,
                    one.issued_on,
                    one.amount_fen.grouped(),
                    one.cashier
                )
            })
        }
        Counter::Void { no, why, act } => {
            let voiding = Voiding { on: why.on.0, reason: why.reason };
            let done = counter::void(&deed_seat(books, &act).await?, (no, voiding)).await?;
            tell(out, act.json, &done, |v| format!("收据 {no} 已作废，冲销凭证 {}", v.voucher))
        }
        Counter::Copy { no, act } => {
            let done = counter::copy(&seat(books, &act).await?, no).await?;
            tell(out, act.json, &done, |copy| format!("收据 {no} 副本第 {copy} 张"))
        }
        Counter::Refund(args) => {
            let asked = Refunding {
                room: args.room,
                payment_no: args.payment.map(PaymentNo),
                bills: args.bill,
                prepaid_fen: args.prepaid,
                withdraw_bills: args.withdraw,
                method: args.by.method,
                on: args.by.on.0,
                reference: args.by.reference,
                reason: args.reason,
            };
            let done = counter::refund(&deed_seat(books, &args.act).await?, asked).await?;
            tell(out, args.act.json, &done, |refunded| {
                let red = refunded.receipt.map_or(String::new(), |no| format!("，红字收据 {no}"));
                let (no, amount) = (refunded.refund_no, refunded.amount_fen.grouped());
                format!("退费 {no}：{amount} 元，凭证 {}{red}", refunded.voucher)
            })
        }
        Counter::Waive(args) => {
            let (asked, act) = args.asked();
            let done = counter::waive(&deed_seat(books, &act).await?, asked).await?;
            tell(out, act.json, &done, |one| remitted("减免", one))
        }
        Counter::WriteOff(args) => {
            let (asked, act) = args.asked();
            let done = counter::write_off(&deed_seat(books, &act).await?, asked).await?;
            tell(out, act.json, &done, |one| remitted("核销", one))
        }
        Counter::Withdraw(args) => {
            let (asked, act) = args.asked();
            let done = counter::withdraw(&deed_seat(books, &act).await?, asked).await?;
            tell(out, act.json, &done, |one| remitted("撤销", one))
        }
        Counter::Remissions { compound, json } => {
            let (mut view, compound) = looking(books, &compound).await?;
            let mut all = Vec::new();
            loop {
                let last = all.last().map(|last: &fees::Remission| last.remission_no);
                let after = last.unwrap_or(RemissionNo(0));
                let page = fees::remissions(&mut view, compound, after, 1000).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            rows(out, json.json, &all, |one| {
                format!(
                    "{}  {}  {}  账单 {}  {} 元  {}  {}  复核 {}",
                    one.remission_no,
                    one.on,
                    one.room,
                    one.bill_no,
                    one.amount_fen.grouped(),
                    one.kind.in_chinese(),
                    one.reason,
                    one.second
                )
            })
        }
        Counter::Penalise { room, bill, upto, act } => {
            let asked = Penalising { room, bill_no: MatterNo(bill), upto_on: upto.0 };
            let done = counter::penalise(&deed_seat(books, &act).await?, asked).await?;
            tell(out, act.json, &done, |charged| {
                let amount = charged.amount_fen.grouped();
                let (no, voucher) = (charged.bill_no, charged.voucher);
                format!("违约金账单 {no}：{amount} 元，凭证 {voucher}\n  {}", charged.worked)
            })
        }
        Counter::Bond(bond) => bonds(books, bond, out).await,
        Counter::Sheet(sheet) => sheets(books, sheet, out).await,
    }
}

impl RemitArgs {
    fn asked(self) -> (Remitting, ActArgs) {
        let asked = Remitting {
            room: self.room,
            bill_no: MatterNo(self.bill),
            amount_fen: self.amount,
            on: self.why.on.0,
            reason: self.why.reason,
        };
        (asked, self.act)
    }
}

fn remitted(word: &str, one: &fees::Remitted) -> String {
    let (amount, left) = (one.amount_fen.grouped(), one.left_fen.grouped());
    format!("{word} {}：{amount} 元，尚欠 {left} 元，凭证 {}", one.remission_no, one.voucher)
}

async fn taken(books: &Books, taking: Taking, act: ActArgs, out: Out<'_>) -> Ran {
    let done = counter::take(&seat(books, &act).await?, taking).await?;
    tell(out, act.json, &done, |taken| {
        let (total, change) = (taken.total_fen.grouped(), taken.change_fen.grouped());
        let mut text = format!("收据 {}：{total} 元，凭证 {}", taken.receipt_no, taken.voucher);
        for part in &taken.parts {
            for settled in &part.settled {
                let (amount, left) = (settled.amount_fen.grouped(), settled.left_fen.grouped());
                let no = settled.bill_no;
                text += &format!("\n  {} 账单 {no}：本次 {amount} 元，尚欠 {left} 元", part.room);
            }
            if part.prepaid_fen.is_positive() {
                text += &format!("\n  {} 预存 {} 元", part.room, part.prepaid_fen.grouped());
            }
        }
        text + &format!("\n  实收 {} 元，找零 {change} 元", taken.given_fen.grouped())
    })
}

async fn bonds(books: &Books, asked: Bonds, out: Out<'_>) -> Ran {
    match asked {
        Bonds::Take(args) => {
            let new = NewBond {
                room: args.room,
                item: args.item,
                amount_fen: args.amount,
                method: args.by.method,
                received_on: args.by.on.0,
                given_fen: args.given,
                reference: args.by.reference,
                payer: args.by.payer,
            };
            let done = counter::take_bond(&seat(books, &args.act).await?, new).await?;
            tell(out, args.act.json, &done, |taken| {
                let (no, receipt) = (taken.bond_no, taken.receipt_no);
                let change = taken.change_fen.grouped();
                format!("押金 {no}：收据 {receipt}，凭证 {}，找零 {change} 元", taken.voucher)
            })
        }
        Bonds::Deduct { no, amount, why, act } => {
            let asked = BondDeducting { amount_fen: amount, on: why.on.0, reason: why.reason };
            let done = counter::deduct_bond(&seat(books, &act).await?, (BondNo(no), asked)).await?;
            tell(out, act.json, &done, |moved| moved_in_words("扣除", moved))
        }
        Bonds::Return { no, amount, method, why, act } => {
            let asked =
                BondReturning { amount_fen: amount, method, on: why.on.0, reason: why.reason };
            let done =
                counter::return_bond(&deed_seat(books, &act).await?, (BondNo(no), asked)).await?;
            tell(out, act.json, &done, |moved| moved_in_words("退还", moved))
        }
        Bonds::List { compound, json } => {
            let (mut view, compound) = looking(books, &compound).await?;
            let mut all = Vec::new();
            loop {
                let after = all.last().map_or(BondNo(0), |last: &fees::Bond| last.bond_no);
                let page = fees::bonds(&mut view, compound, after, 1000).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            rows(out, json.json, &all, |bond| {
                let (amount, left) = (bond.amount_fen.grouped(), bond.left_fen.grouped());
                format!("{}  {}  {}  收 {amount}  余 {left}", bond.bond_no, bond.room, bond.item)
            })
        }
    }
}

fn moved_in_words(word: &str, moved: &fees::BondMoved) -> String {
    let (amount, left) = (moved.amount_fen.grouped(), moved.left_fen.grouped());
    format!("押金 {} {word} {amount} 元，余 {left} 元，凭证 {}", moved.bond_no, moved.voucher)
}

async fn sheets(books: &Books, asked: Sheets, out: Out<'_>) -> Ran {
    match asked {
        Sheets::Look { cashier, on, compound, json } => {
            let (mut view, compound) = looking(books, &compound).await?;
            let cashier = cashier.unwrap_or_else(|| operator().name);
            let on = on.map_or_else(|| books.clock().now().day(), |day| day.0);
            let sheet = fees::in_hand(&mut view, compound, &cashier, on).await?;
            sheet_told(out, json.json, &sheet)
        }
        Sheets::HandOver { on, counted, reason, act } => {
            let handing = HandingOver { on: on.0, counted, reason };
            let done = counter::hand_over(&seat(books, &act).await?, handing).await?;
            tell(out, act.json, &done, DaySheet::in_lines)
        }
        Sheets::List { compound, json } => {
            let (mut view, compound) = looking(books, &compound).await?;
            let mut all: Vec<DaySheet> = Vec::new();
            loop {
                let after = all.last().and_then(|last| last.sheet_no).unwrap_or(SheetNo(0));
                let page = fees::day_sheets(&mut view, compound, after, 1000).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            rows(out, json.json, &all, DaySheet::in_lines)
        }
    }
}

fn sheet_told(out: Out<'_>, is_json: bool, sheet: &DaySheet) -> Result<u8, Stop> {
    if is_json {
        say(out, sheet)?;
    } else {
        writeln!(out, "{}", sheet.in_lines())?;
    }
    Ok(DONE)
}
