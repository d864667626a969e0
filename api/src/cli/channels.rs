//! Commands about payment channels: what orders may be and were found to be, payouts, signed days, 托收 files, invoices.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::Books;
use ledger::channel::claim::{Applied, Hold};
use ledger::channel::day::{self, DayAccount};
use ledger::channel::invoice::{self, Link, TieInvoice};
use ledger::channel::matching::{self, Class};
use ledger::channel::{self, Channel, State, Which, payout};
use ledger::error::Error;
use ledger::id::{InvoiceNo, LineNo, OrderNo, PaymentNo};
use ledger::money::Money;
use ledger::property::{self, Compound};
use serde_json::json;

use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, Ran, compound, money, number, operator, put, say,
};
use crate::channels::{
    AcceptAsked, ApplyAsked, CollectionAsked, ExplainedAsked, ReturnAsked, SettleAsked, SignAsked,
    accept_one, apply_page, collect_for, hold_one, link_one, proposed, return_one, settle_one,
    sign_one, tie_one,
};
use crate::wire::IsoDay;

#[derive(Debug, Subcommand)]
pub(super) enum ChannelAct {
    /// 列出已导入的渠道账单
    Statements {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 列出渠道订单及其状态
    Orders {
        #[command(flatten)]
        compound: CompoundArg,
        /// 支付渠道：wechat、alipay
        #[arg(long, value_parser = channel_word)]
        channel: Option<Channel>,
        /// 状态：open、applied、held、returned、noted
        #[arg(long, value_parser = state_word)]
        state: Option<State>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 待定订单的认定建议，逐笔说明理由；--apply 将确定的入账
    Match {
        #[command(flatten)]
        act: ActArgs,
        /// 支付渠道：wechat、alipay
        #[arg(long, value_parser = channel_word)]
        channel: Channel,
        /// 将确定的逐笔入账；其余仍待人工认定
        #[arg(long)]
        apply: bool,
    },
    /// 认定一笔订单：入账到房屋，或对应已有的收据；都不写则按建议
    Accept {
        /// 订单编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: Option<String>,
        /// 已有的收据编号
        #[arg(long, value_name = "NO", value_parser = number, conflicts_with = "room")]
        receipt: Option<i32>,
    },
    /// 暂存一笔查不明的订单
    Hold {
        /// 订单编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
        /// 事由
        #[arg(long)]
        reason: String,
    },
    /// 退回渠道收款：暂存款凭渠道的退款订单或银行流水；已入账的，凭渠道的退款订单按退费入账
    Return {
        /// 暂存的订单编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
        /// 退款订单编号
        #[arg(long, value_name = "NO", value_parser = number)]
        refund: Option<i32>,
        /// 银行流水编号
        #[arg(long, value_name = "NO", value_parser = number, requires = "on", conflicts_with = "refund")]
        line: Option<i32>,
        /// 银行流水的日期
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        /// 事由
        #[arg(long)]
        reason: String,
    },
    /// 列出已核销的到账，与未认领流水的核销建议
    Payouts {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 核销一笔到账：银行流水 ＝ 收款 － 退款 － 手续费
    Settle(SettleArgs),
    /// 写托收文件
    Collect {
        #[command(flatten)]
        compound: CompoundArg,
        /// 模板：dwelling 按户，bill 按账单，fen 按户以分计
        #[arg(long, default_value = "dwelling")]
        template: String,
        /// 写全名（记入操作记录）
        #[arg(long)]
        names: bool,
        /// 写到文件
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct SettleArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 支付渠道：wechat、alipay
    #[arg(long, value_parser = channel_word)]
    channel: Channel,
    /// 银行流水编号
    #[arg(long, value_name = "NO", value_parser = number)]
    line: i32,
    /// 起日
    #[arg(long, value_name = "DAY")]
    from: IsoDay,
    /// 止日
    #[arg(long, value_name = "DAY")]
    to: IsoDay,
    /// 差额（元）：到账与订单不等时写
    #[arg(long, value_parser = money, allow_hyphen_values = true, requires = "reason")]
    difference: Option<Money>,
    /// 差额原因
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum BankAct {
    /// 一个账户的一日：账单、账面与逐项差异
    Day {
        #[command(flatten)]
        compound: CompoundArg,
        /// 账户：fund-bank、service-bank、wechat、alipay
        #[arg(long, value_parser = account_word)]
        account: DayAccount,
        /// 日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 签认一日：有差异的逐项写明原因
    SignOff {
        #[command(flatten)]
        act: ActArgs,
        /// 账户：fund-bank、service-bank、wechat、alipay
        #[arg(long, value_parser = account_word)]
        account: DayAccount,
        /// 日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 差异的原因，例如 order:12=在途；可写多次
        #[arg(long, value_name = "ITEM=REASON", value_parser = explained)]
        explain: Vec<ExplainedAsked>,
    },
    /// 列出已签认的日子
    Signed {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum InvoiceAct {
    /// 列出登记的发票
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 一张发票对应一张收据
    Tie {
        /// 发票编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
        /// 收据编号
        #[arg(long, value_name = "NO", value_parser = number)]
        receipt: i32,
    },
    /// 一张红字发票对应所红冲的蓝字发票
    RedOf {
        /// 红字发票编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        act: ActArgs,
        /// 蓝字发票编号
        #[arg(long, value_name = "NO", value_parser = number)]
        blue: i32,
    },
}

impl ChannelAct {
    pub(super) fn is_json(&self) -> bool {
        match self {
            ChannelAct::Statements { json, .. }
            | ChannelAct::Orders { json, .. }
            | ChannelAct::Payouts { json, .. }
            | ChannelAct::Collect { json, .. } => json.json,
            ChannelAct::Match { act, .. }
            | ChannelAct::Accept { act, .. }
            | ChannelAct::Hold { act, .. }
            | ChannelAct::Return { act, .. } => act.json,
            ChannelAct::Settle(args) => args.act.json,
        }
    }
}

impl BankAct {
    pub(super) fn is_json(&self) -> bool {
        match self {
            BankAct::Day { json, .. } | BankAct::Signed { json, .. } => json.json,
            BankAct::SignOff { act, .. } => act.json,
        }
    }
}

impl InvoiceAct {
    pub(super) fn is_json(&self) -> bool {
        match self {
            InvoiceAct::List { json, .. } => json.json,
            InvoiceAct::Tie { act, .. } | InvoiceAct::RedOf { act, .. } => act.json,
        }
    }
}

fn channel_word(text: &str) -> Result<Channel, String> {
    Channel::named(text).ok_or_else(|| "支付渠道为 wechat 或 alipay".to_owned())
}

fn state_word(text: &str) -> Result<State, String> {
    let wrong = || "状态为 open、applied、held、returned 或 noted".to_owned();
    serde_json::from_value(json!(text)).map_err(|_| wrong())
}

fn account_word(text: &str) -> Result<DayAccount, String> {
    let wrong = || "账户为 fund-bank、service-bank、wechat 或 alipay".to_owned();
    DayAccount::named(text).ok_or_else(wrong)
}

fn explained(text: &str) -> Result<ExplainedAsked, String> {
    let (item, reason) = text.split_once('=').ok_or("写作 order:12=原因".to_owned())?;
    Ok(ExplainedAsked { item: item.trim().to_owned(), reason: reason.trim().to_owned() })
}

fn again(is_repeated: bool) -> &'static str {
    if is_repeated { "（此前已办理）" } else { "" }
}

pub(super) async fn channel(books: &Books, asked: ChannelAct, out: Out<'_>) -> Ran {
    match asked {
        ChannelAct::Statements { compound: at, json } => {
            let compound = compound(books, &at.compound).await?;
            let found = channel::statements(&mut books.read().await?, compound.id).await?;
            if json.json {
                say(out, &found)?;
                return Ok(DONE);
            }
            for s in found {
                let (no, income, undone) = (
                    s.statement_no,
                    s.in_fen.grouped(),
                    if s.is_undone { "（已撤销）" } else { "" },
                );
                let (name, count) = (s.channel.in_chinese(), s.order_count);
                writeln!(
                    out,
                    "{no:>4}  {name} {}~{} {count} 笔 收入 {income} 元{undone}",
                    s.from_on, s.to_on
                )?;
            }
            Ok(DONE)
        }
        ChannelAct::Orders { compound: at, channel, state, json } => {
            let which = Which { channel, state, ..Which::default() };
            listed(books, &at.compound, which, json.json, out).await
        }
        ChannelAct::Match { act, channel, apply } => matched(books, act, channel, apply, out).await,
        ChannelAct::Accept { no, act, room, receipt } => {
            let compound = compound(books, &act.compound).await?;
            let asked =
                AcceptAsked { room: room.unwrap_or_default(), payment_no: receipt.map(PaymentNo) };
            let given = (OrderNo(no), asked);
            let done = accept_one(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let (accepted, again) = (&done.answer, again(done.is_repeated));
            let amount = accepted.amount_fen.grouped();
            writeln!(out, "订单 {no}：收据 {}，{amount} 元{again}", accepted.payment_no)?;
            Ok(DONE)
        }
        ChannelAct::Hold { no, act, reason } => {
            let compound = compound(books, &act.compound).await?;
            let given = Hold { order_no: OrderNo(no), reason };
            let done = hold_one(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let (amount, voucher) = (done.answer.amount_fen.grouped(), done.answer.voucher);
            writeln!(out, "订单 {no} 暂存 {amount} 元，凭证 {voucher}{}", again(done.is_repeated))?;
            Ok(DONE)
        }
        ChannelAct::Return { no, act, refund, line, on, reason } => {
            let compound = compound(books, &act.compound).await?;
            let asked = ReturnAsked {
                refund_no: refund.map(OrderNo),
                line_no: line.map(LineNo),
                on,
                reason,
            };
            let given = (OrderNo(no), asked);
            let done = return_one(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let (amount, voucher) = (done.answer.amount_fen.grouped(), done.answer.voucher);
            writeln!(out, "订单 {no} 退回 {amount} 元，凭证 {voucher}{}", again(done.is_repeated))?;
            Ok(DONE)
        }
        ChannelAct::Payouts { compound: at, json } => {
            payouts(books, &at.compound, json.json, out).await
        }
        ChannelAct::Settle(args) => settle(books, args, out).await,
        ChannelAct::Collect { compound: at, template, names, out: path, json } => {
            let compound = compound(books, &at.compound).await?;
            let asked = CollectionAsked { template, with_names: names };
            let written = collect_for(books, &operator(), compound.id, &asked).await?;
            put(&path, written.csv.as_bytes())?;
            if json.json {
                let told = json!({ "rows": written.rows, "total_fen": written.total_fen });
                say(out, &told)?;
            } else {
                let total = written.total_fen.grouped();
                writeln!(out, "托收文件 {}：{} 行，{total} 元", path.display(), written.rows)?;
            }
            Ok(DONE)
        }
    }
}

async fn listed(books: &Books, code: &str, which: Which, is_json: bool, out: Out<'_>) -> Ran {
    let compound = compound(books, code).await?;
    let mut view = books.read().await?;
    let rooms = property::numbers(&mut view, compound.id).await?;
    let mut after = OrderNo(0);
    let mut all = Vec::new();
    loop {
        let page = channel::orders(&mut view, compound.id, which, after, 1_000).await?;
        let Some(last) = page.last() else { break };
        after = last.no;
        for order in page {
            let room = order.dwelling.and_then(|no| rooms.get(&no)).cloned().unwrap_or_default();
            if is_json {
                all.push(json!({
                    "order_no": order.no, "channel": order.channel, "kind": order.kind,
                    "number": order.number, "occurred_on": order.occurred_on,
                    "amount_fen": order.amount, "state": order.state, "room": room,
                    "payment_no": order.payment, "held_fen": order.held, "wording": order.wording,
                }));
                continue;
            }
            let amount = order.amount.grouped();
            let (no, on, wording) = (order.no, order.occurred_on, order.wording);
            writeln!(
                out,
                "{no:>6}  {on} {amount:>12} 元  {}  {room}  {wording}",
                told(order.state)
            )?;
        }
    }
    if is_json {
        say(out, &all)?;
    }
    Ok(DONE)
}

fn told(state: State) -> &'static str {
    match state {
        State::Open => "待定",
        State::Applied => "已入账",
        State::Held => "暂存",
        State::Returned => "已退回",
        State::Noted => "无须认定",
    }
}

/// How many proposals are told to a person; a program gets all.
const TOLD_MOST: i32 = 50;

async fn matched(
    books: &Books,
    act: ActArgs,
    channel: Channel,
    is_applied: bool,
    out: Out<'_>,
) -> Ran {
    let compound = compound(books, &act.compound).await?;
    let sum = match is_applied {
        true => Some(apply_all(books, &compound, &act, channel).await?),
        false => None,
    };
    let mut view = books.read().await?;
    let today = books.clock().now().day();
    let most = if act.json { i32::MAX } else { TOLD_MOST };
    let page = (OrderNo(0), most);
    let proposals = proposed(&mut view, compound.id, channel, today, page).await?;
    if act.json {
        let told: Vec<_> = proposals.iter().map(|(_, proposal)| proposal).collect();
        say(out, &json!({ "applied": sum, "proposals": told }))?;
        return Ok(DONE);
    }
    if let Some(sum) = &sum {
        let (count, tied, amount) = (sum.applied, sum.tied, sum.amount_fen.grouped());
        writeln!(out, "已入账 {count} 笔，{amount} 元；其中已有收据 {tied} 笔")?;
    }
    let tally = matching::tally(&mut view, compound.id, channel).await?;
    let of = |class: Class| tally.get(&class).map_or(0, |(count, _)| *count);
    let all: u32 = tally.values().map(|(count, _)| *count).sum();
    writeln!(
        out,
        "待定 {all} 笔：确定 {}，很可能 {}，有歧义 {}，无从认定 {}",
        of(Class::Exact),
        of(Class::Likely),
        of(Class::Ambiguous),
        of(Class::Unknown)
    )?;
    for (_, proposal) in &proposals {
        let order = &proposal.order;
        let (no, on, amount) = (order.order_no, order.occurred_on.0, order.amount_fen.grouped());
        writeln!(
            out,
            "  {no:>6}  {on} {amount} 元  {}：{}",
            proposal.class.in_chinese(),
            proposal.why
        )?;
    }
    let told = u32::try_from(proposals.len()).unwrap_or(u32::MAX);
    if all > told {
        writeln!(out, "  …… 其余 {} 笔", all - told)?;
    }
    if !is_applied && of(Class::Exact) > 0 {
        let (code, name) = (&compound.code, channel.name());
        writeln!(out, "下一步：xiaoqu channel match --compound {code} --channel {name} --apply")?;
    }
    Ok(DONE)
}

/// Books what is exact, page after page.
async fn apply_all(
    books: &Books,
    compound: &Compound,
    act: &ActArgs,
    channel: Channel,
) -> Result<Applied, Error> {
    let mut sum = Applied { applied: 0, tied: 0, amount_fen: Money::ZERO, waiting: 0, next: None };
    let mut after = 0;
    loop {
        let asked = ApplyAsked { channel, after, most: 1_000 };
        let key = act.key.as_ref().map(|key| format!("{key}-{after}"));
        let done = apply_page(books, &operator(), compound, key, asked).await?.answer;
        sum.applied += done.applied;
        sum.tied += done.tied;
        sum.amount_fen += done.amount_fen;
        sum.waiting += done.waiting;
        match done.next {
            Some(next) => after = next.0,
            None => return Ok(sum),
        }
    }
}

async fn payouts(books: &Books, code: &str, is_json: bool, out: Out<'_>) -> Ran {
    let compound = compound(books, code).await?;
    let mut view = books.read().await?;
    let settled = payout::payouts(&mut view, compound.id).await?;
    let proposals = payout::proposals(&mut view, compound.id).await?;
    if is_json {
        say(out, &json!({ "payouts": settled, "proposals": proposals }))?;
        return Ok(DONE);
    }
    for p in settled {
        let (net, fee) = (p.net_fen.grouped(), p.sums.fee_fen.grouped());
        let (difference, reversed) =
            (p.difference_fen.grouped(), if p.is_reversed { "（已冲销）" } else { "" });
        writeln!(
            out,
            "{:>4}  {} 流水 {} {}~{} {} 笔 到账 {net} 手续费 {fee} 差 {difference} 元{reversed}",
            p.payout_no,
            p.channel.in_chinese(),
            p.line_no,
            p.from_on,
            p.to_on,
            p.sums.order_count
        )?;
    }
    for p in proposals {
        let days = match (p.from_on, p.to_on) {
            (Some(from), Some(to)) => format!("--from {from} --to {to}"),
            _ => String::new(),
        };
        let net = p.net_fen.grouped();
        writeln!(out, "建议  流水 {} {} {net} 元：{}", p.line_no, p.occurred_on, p.why)?;
        if !days.is_empty() {
            let (line, name) = (p.line_no, p.channel.name());
            let code = &compound.code;
            writeln!(
                out,
                "      xiaoqu channel settle --compound {code} --channel {name} --line {line} {days}"
            )?;
        }
    }
    Ok(DONE)
}

async fn settle(books: &Books, args: SettleArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.act.compound).await?;
    let asked = SettleAsked {
        channel: args.channel,
        line_no: LineNo(args.line),
        from_on: args.from,
        to_on: args.to,
        difference_fen: args.difference,
        reason: args.reason,
    };
    let done = settle_one(books, &operator(), &compound, args.act.key, asked).await?;
    if args.act.json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let (settled, again) = (&done.answer, again(done.is_repeated));
    let (net, fee) = (settled.net_fen.grouped(), settled.sums.fee_fen.grouped());
    let (count, voucher) = (settled.sums.order_count, settled.voucher);
    writeln!(
        out,
        "核销 {}：{count} 笔，到账 {net} 元，手续费 {fee} 元，凭证 {voucher}{again}",
        settled.payout_no
    )?;
    if !settled.difference_fen.is_zero() {
        writeln!(out, "  差额 {} 元留在渠道科目", settled.difference_fen.grouped())?;
    }
    Ok(DONE)
}

pub(super) async fn bank(books: &Books, asked: BankAct, out: Out<'_>) -> Ran {
    match asked {
        BankAct::Day { compound: at, account, on, json } => {
            let compound = compound(books, &at.compound).await?;
            let tie = day::tie(&mut books.read().await?, compound.id, account, on.0).await?;
            if json.json {
                say(out, &tie)?;
            } else {
                tell_day(&tie, out)?;
            }
            Ok(DONE)
        }
        BankAct::SignOff { act, account, on, explain } => {
            let compound = compound(books, &act.compound).await?;
            let asked = SignAsked { account, on, explained: explain };
            let done = sign_one(books, &operator(), &compound, act.key, asked).await?;
            if act.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            tell_day(&done.answer.tie, out)?;
            writeln!(out, "已签认：{}{}", done.answer.signed_no, again(done.is_repeated))?;
            Ok(DONE)
        }
        BankAct::Signed { compound: at, json } => {
            let compound = compound(books, &at.compound).await?;
            let days = day::signed(&mut books.read().await?, compound.id).await?;
            if json.json {
                say(out, &days)?;
                return Ok(DONE);
            }
            for day in days {
                let (no, difference) = (day.signed_no, day.tie.difference_fen.grouped());
                let (name, on) = (day.tie.account.name(), day.tie.on);
                let net = day.tie.statement_fen.grouped();
                writeln!(out, "{no:>4}  {name} {on} 净额 {net} 差 {difference} 元")?;
            }
            Ok(DONE)
        }
    }
}

fn tell_day(tie: &day::DayTie, out: Out<'_>) -> Result<(), super::Stop> {
    let (statement, ledger) = (tie.statement_fen.grouped(), tie.ledger_fen.grouped());
    let (name, on, count) = (tie.account.name(), tie.on, tie.line_count);
    let difference = tie.difference_fen.grouped();
    writeln!(
        out,
        "{name} {on}：账单 {count} 笔 {statement} 元，账面 {ledger} 元，差 {difference} 元"
    )?;
    for item in &tie.items {
        let (name, amount, what) = (&item.item, item.amount_fen.grouped(), &item.what);
        let reason =
            if item.reason.is_empty() { String::new() } else { format!("（{}）", item.reason) };
        writeln!(out, "  {name} {amount} 元：{what}{reason}")?;
    }
    Ok(())
}

pub(super) async fn invoice(books: &Books, asked: InvoiceAct, out: Out<'_>) -> Ran {
    match asked {
        InvoiceAct::List { compound: at, json } => {
            let compound = compound(books, &at.compound).await?;
            let mut view = books.read().await?;
            let mut all = Vec::new();
            let mut after = InvoiceNo(0);
            loop {
                let page = invoice::invoices(&mut view, compound.id, after, 1_000).await?;
                let Some(last) = page.last() else { break };
                after = last.invoice_no;
                all.extend(page);
            }
            if json.json {
                say(out, &all)?;
                return Ok(DONE);
            }
            for i in all {
                let (no, total) = (i.invoice_no, i.total_fen.grouped());
                let tied = match (i.payment_no, i.blue_no) {
                    (Some(payment), _) => format!("收据 {payment}"),
                    (_, Some(blue)) => format!("红冲 {blue}"),
                    _ => "未对应".to_owned(),
                };
                writeln!(
                    out,
                    "{no:>4}  {} {} {total} 元 {} {tied}",
                    i.number, i.issued_on, i.buyer
                )?;
            }
            Ok(DONE)
        }
        InvoiceAct::Tie { no, act, receipt } => {
            let compound = compound(books, &act.compound).await?;
            let given = TieInvoice { invoice_no: InvoiceNo(no), payment_no: PaymentNo(receipt) };
            let done = tie_one(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &done.answer)?;
            } else {
                writeln!(out, "发票 {no} 对应收据 {receipt}{}", again(done.is_repeated))?;
            }
            Ok(DONE)
        }
        InvoiceAct::RedOf { no, act, blue } => {
            let compound = compound(books, &act.compound).await?;
            let given = Link { red_no: InvoiceNo(no), blue_no: InvoiceNo(blue) };
            let done = link_one(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &done.answer)?;
            } else {
                writeln!(out, "发票 {no} 红冲发票 {blue}{}", again(done.is_repeated))?;
            }
            Ok(DONE)
        }
    }
}
