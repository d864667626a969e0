//! A payment channel's bill: what was paid through WeChat Pay or Alipay, what was returned, what it cost.
//!
//! Owns: [`channel`], [`ChannelReading`], [`OrderRow`], [`Channel`], [`Form`], [`OrderKind`].
//!
//! Always: one reader for the merchant's orders (交易账单, 业务明细), the merchant's funds (资金账单, 账务明细) and a person's own
//! bill (经营账单); the columns say which it is. What a file says of itself, above or below its rows, agrees with them, or the
//! file is refused; an order has one number, and comes once. A charge keeps its five decimals.
//! Never: a merchant's bill without its trailer, which may have been cut off.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bank::{occurred, refuse_currency};
use super::identity::tidy_name;
use super::layout::{self, Column, Layout};
use super::sheet::Cell;
use super::table::{self, Keys, Line, Preamble};
use super::{
    Address, DIRECTION, File, ORDER_KIND, ORDER_TWICE, Reading, TOTALS_DISAGREE, TRAILER_MISSING,
    value,
};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::Money;

/// A payment channel.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    schemars::JsonSchema,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "支付渠道：wechat 微信支付，alipay 支付宝")]
pub enum Channel {
    /// 微信支付.
    #[schemars(description = "微信支付")]
    Wechat,
    /// 支付宝.
    #[schemars(description = "支付宝")]
    Alipay,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 2] = [Channel::Wechat, Channel::Alipay];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Wechat => "wechat",
            Channel::Alipay => "alipay",
        }
    }

    /// The channel with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Channel::Wechat => "微信支付",
            Channel::Alipay => "支付宝",
        }
    }

    fn layout(self) -> &'static Layout {
        match self {
            Channel::Wechat => layout::wechat(),
            Channel::Alipay => layout::alipay(),
        }
    }
}

/// Which of a channel's bills it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, schemars::JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "账单种类：orders 商户订单，funds 商户资金，personal 个人或经营账单")]
pub enum Form {
    /// The merchant's orders: 交易账单, 业务明细.
    #[schemars(description = "商户订单")]
    Orders,
    /// The merchant's account: 资金账单, 账务明细.
    #[schemars(description = "商户资金")]
    Funds,
    /// A person's own: 个人账单, 经营账单.
    #[schemars(description = "个人或经营账单")]
    Personal,
}

impl Form {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Form::Orders => "orders",
            Form::Funds => "funds",
            Form::Personal => "personal",
        }
    }

    fn of(line: &Line<'_>) -> Form {
        match () {
            () if line.has(Column::Flow) => Form::Funds,
            () if line.has(Column::Direction) => Form::Personal,
            () => Form::Orders,
        }
    }
}

/// What a line of a bill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, schemars::JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "种类：pay 收款，refund 退款，fee 手续费，withdrawal 提现，other 其他")]
pub enum OrderKind {
    /// 收款.
    #[schemars(description = "收款")]
    Pay,
    /// 退款.
    #[schemars(description = "退款")]
    Refund,
    /// 手续费 as a line of its own.
    #[schemars(description = "手续费")]
    Fee,
    /// 提现, 结算到银行卡.
    #[schemars(description = "提现")]
    Withdrawal,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl OrderKind {
    const ALL: [OrderKind; 5] = [
        OrderKind::Pay,
        OrderKind::Refund,
        OrderKind::Fee,
        OrderKind::Withdrawal,
        OrderKind::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::Pay => "pay",
            OrderKind::Refund => "refund",
            OrderKind::Fee => "fee",
            OrderKind::Withdrawal => "withdrawal",
            OrderKind::Other => "other",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<OrderKind> {
        OrderKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What was read of a bill.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelReading {
    /// The rows and what was passed over.
    pub reading: Reading<OrderRow>,
    /// Whose bill.
    pub channel: Channel,
    /// Which bill.
    pub form: Form,
    /// Our account with the channel, if the file says one and only one.
    pub account: String,
    /// The first day it covers.
    pub from_on: Option<Day>,
    /// The last day it covers.
    pub to_on: Option<Day>,
    /// Σ paid.
    pub paid: Money,
    /// Σ returned, positive.
    pub returned: Money,
    /// Σ charged, in hundred-thousandths of a yuan.
    pub fee_e5: i64,
}

/// One order, or one movement of the channel's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Where the row stands.
    pub at: Address,
    /// Stable over exports and over the bills of a channel: kind and number; without a number everything it says, and which
    /// among equals.
    pub row_key: String,
    /// What it is.
    pub kind: OrderKind,
    /// The channel's number; empty if it has none.
    pub number: String,
    /// Our own number, which we gave the channel.
    pub merchant_number: String,
    /// Of a refund or a fee, the order it belongs to.
    pub of_number: String,
    /// The day.
    pub occurred_on: Day,
    /// The time of day, `HH:MM:SS`.
    pub occurred_time: Option<String>,
    /// What came into the channel's account; negative if it left.
    pub amount: Money,
    /// The charge the order names, in hundred-thousandths of a yuan.
    pub fee_e5: i64,
    /// Who paid: the name the channel shows.
    pub payer: String,
    /// Who paid: the channel's own mark of them.
    pub payer_id: String,
    /// Goods, data and remark.
    pub wording: String,
    /// Whether our own program wrote the words, not the payer.
    pub is_ours: bool,
}

/// Reads a channel's bill.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub fn channel(file: File<'_>, channel: Channel) -> Result<ChannelReading, Refusal> {
    let mut reader = Reader { channel, ..Reader::new(channel) };
    let table = table::read(file, channel.layout(), &mut |line| reader.row(line))?;
    let mut reading = table.reading;
    reader.note(&mut reading);
    let form = reader.form.unwrap_or(Form::Orders);
    reader.compare(&mut reading, form, &table.preamble, &table.trailers)?;
    let (from_on, to_on) = period(&table.preamble);
    let days = || reading.rows.iter().map(|row| row.occurred_on);
    let (from_on, to_on) = (from_on.or(days().min()), to_on.or(days().max()));
    let account = match reader.accounts.iter().collect::<Vec<_>>().as_slice() {
        [one] => (*one).clone(),
        [] => own_account(&table.preamble),
        several => {
            let listed: Vec<&str> = several.iter().map(|no| no.as_str()).collect();
            reading.notes.push(format!("账单含多个商户号：{}", listed.join("、")));
            String::new()
        }
    };
    let of = |kind| reading.rows.iter().filter(move |row| row.kind == kind);
    let paid = of(OrderKind::Pay).map(|row| row.amount).sum();
    let returned: Money = of(OrderKind::Refund).map(|row| row.amount).sum();
    let lines: Money = of(OrderKind::Fee).map(|row| row.amount).sum();
    let fee_e5 = reading.rows.iter().map(|row| row.fee_e5).sum::<i64>() - lines.in_fen() * 1_000;
    Ok(ChannelReading {
        reading,
        channel,
        form,
        account,
        from_on,
        to_on,
        paid,
        returned: -returned,
        fee_e5,
    })
}

/// A figure of the whole file: how many rows, and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figure {
    count: u64,
    sum: i64,
}

impl Figure {
    fn add(&mut self, fen: Money) {
        self.count += 1;
        self.sum += fen.in_fen();
    }
}

/// What is remembered from row to row.
struct Reader {
    channel: Channel,
    keys: Keys,
    form: Option<Form>,
    accounts: BTreeSet<String>,
    /// Rows that moved nothing.
    still: usize,
    /// Orders that were closed unpaid, or whose side cannot be told.
    neutral: usize,
    rows: u64,
    amounts: i64,
    refunds: i64,
    gross: i64,
    fees_e5: i64,
    trades: Figure,
    returns: Figure,
    came: Figure,
    went: Figure,
}

/// A row's kind, what moved, and which number names it.
struct Moved {
    kind: OrderKind,
    amount: Money,
    number: String,
    of_number: String,
}

impl Reader {
    fn new(channel: Channel) -> Reader {
        Reader {
            channel,
            keys: Keys::default(),
            form: None,
            accounts: BTreeSet::new(),
            still: 0,
            neutral: 0,
            rows: 0,
            amounts: 0,
            refunds: 0,
            gross: 0,
            fees_e5: 0,
            trades: Figure::default(),
            returns: Figure::default(),
            came: Figure::default(),
            went: Figure::default(),
        }
    }

    fn row(&mut self, line: &mut Line<'_>) -> Option<OrderRow> {
        let form = *self.form.get_or_insert_with(|| Form::of(line));
        refuse_currency(line);
        let occurred = occurred(line);
        let order = number(line, Column::Order);
        let merchant_number = number(line, Column::MerchantOrder);
        let moved = match form {
            Form::Orders => self.order(line, &order),
            Form::Funds => self.flow(line, &order),
            Form::Personal => self.own(line, &order),
        };
        let fee_e5 = match (self.channel, line.charge(Column::Fee).unwrap_or(0)) {
            (Channel::Wechat, fee) => fee,
            // Alipay writes what it takes as less than nothing.
            (Channel::Alipay, fee) => -fee,
        };
        let mut text = |column| line.text(column);
        let (goods, attach, remark) =
            (text(Column::Goods), text(Column::Attach), text(Column::Remark));
        let payer = tidy_name(&text(Column::Counterparty));
        let payer_id = [Column::PayerId, Column::CounterpartyAccount]
            .into_iter()
            .map(|column| line.text(column))
            .find(|id| !id.is_empty())
            .unwrap_or_default();
        let account = line.text(Column::Account);
        if !account.is_empty() {
            self.accounts.insert(account);
        }
        let (moved, (occurred_on, occurred_time)) = (moved?, occurred?);
        if line.is_faulty() {
            return None;
        }
        self.rows += 1;
        self.fees_e5 += fee_e5;
        if moved.amount.is_zero() {
            self.still += 1;
            return None;
        }
        let mut row = OrderRow {
            at: line.at(),
            row_key: String::new(),
            kind: moved.kind,
            number: moved.number,
            merchant_number,
            of_number: moved.of_number,
            occurred_on,
            occurred_time,
            amount: moved.amount,
            fee_e5,
            payer,
            payer_id,
            wording: joined([goods, attach, remark]),
            is_ours: form == Form::Orders,
        };
        let (key, occurrence) = self.key(&row);
        if occurrence > 1 && !row.number.is_empty() && !counts_equals(self.channel, row.kind) {
            line.fault(Column::Order, &ORDER_TWICE, row.number.clone());
            return None;
        }
        row.row_key = key;
        Some(row)
    }

    /// A row of the merchant's orders.
    fn order(&mut self, line: &mut Line<'_>, order: &str) -> Option<Moved> {
        let amount = line.money(Column::Amount);
        let amount = line.needed(Column::Amount, amount);
        let refunded = line.money(Column::Refunded).unwrap_or(Money::ZERO);
        let gross = line.money(Column::Gross).unwrap_or(Money::ZERO);
        let refund = number(line, Column::RefundOrder);
        let word = line.text(Column::OrderKind);
        let state = line.text(Column::OrderState).to_ascii_uppercase();
        line.needed(Column::Order, (!order.is_empty()).then_some(()));
        let amount = amount?;
        if line.is_faulty() {
            return None;
        }
        self.amounts += amount.in_fen();
        self.refunds += refunded.in_fen();
        self.gross += gross.in_fen();
        let is_returned = match self.channel {
            Channel::Wechat => {
                matches!(state.as_str(), "REFUND" | "REVOKED") || !refunded.is_zero()
            }
            Channel::Alipay => word.contains("退款") || amount.is_negative(),
        };
        if is_returned {
            let returned = if refunded.is_zero() { amount.abs() } else { refunded.abs() };
            self.returns.add(returned);
            let number = match (self.channel, refund.is_empty()) {
                (Channel::Wechat, false) => refund,
                (Channel::Wechat, true) => order.to_owned(),
                (Channel::Alipay, false) => format!("{order}/{refund}"),
                (Channel::Alipay, true) => String::new(),
            };
            let of_number = order.to_owned();
            return Some(Moved { kind: OrderKind::Refund, amount: -returned, number, of_number });
        }
        if amount.is_negative() || !matches!(state.as_str(), "" | "SUCCESS") {
            line.fault(Column::OrderState, &ORDER_KIND, state);
            return None;
        }
        self.trades.add(amount);
        let (number, of_number) = (order.to_owned(), String::new());
        Some(Moved { kind: OrderKind::Pay, amount, number, of_number })
    }

    /// A movement of the merchant's account.
    fn flow(&mut self, line: &mut Line<'_>, order: &str) -> Option<Moved> {
        let signed = self.signed(line)?;
        let word = line.text(Column::OrderKind);
        let flow = number(line, Column::Flow);
        *(if signed.is_negative() { &mut self.went } else { &mut self.came }) = {
            let mut figure = if signed.is_negative() { self.went } else { self.came };
            figure.add(signed.abs());
            figure
        };
        let says = |words: &[&str]| words.iter().any(|part| word.contains(part));
        let kind = match signed.is_negative() {
            true if says(&["手续费", "收费", "服务费"]) => OrderKind::Fee,
            true if says(&["提现", "提取", "转账到银行卡"]) => OrderKind::Withdrawal,
            true if says(&["退款"]) => OrderKind::Refund,
            false if says(&["退款", "退费", "手续费", "退回"]) => OrderKind::Other,
            false if says(&["交易", "支付", "收款", "付款"]) => OrderKind::Pay,
            _ => OrderKind::Other,
        };
        let is_of_order = match kind {
            OrderKind::Pay => true,
            OrderKind::Refund => self.channel == Channel::Wechat,
            _ => false,
        };
        let own = is_of_order && !order.is_empty();
        let number = if own { order.to_owned() } else { flow };
        let of_number = if kind == OrderKind::Pay { String::new() } else { order.to_owned() };
        Some(Moved { kind, amount: signed, number, of_number })
    }

    /// What moved on an account, in less out.
    fn signed(&mut self, line: &mut Line<'_>) -> Option<Money> {
        if line.has(Column::Inflow) {
            let inflow = line.money(Column::Inflow).unwrap_or(Money::ZERO);
            let outflow = line.money(Column::Outflow).unwrap_or(Money::ZERO);
            return (!line.is_faulty()).then(|| inflow.abs() - outflow.abs());
        }
        let amount = line.money(Column::Amount);
        let amount = line.needed(Column::Amount, amount)?;
        match line.text(Column::Direction).as_str() {
            "收入" => Some(amount.abs()),
            "支出" => Some(-amount.abs()),
            word => {
                line.fault(Column::Direction, &DIRECTION, word);
                None
            }
        }
    }

    /// A row of a person's own bill.
    fn own(&mut self, line: &mut Line<'_>, order: &str) -> Option<Moved> {
        let amount = line.money(Column::Amount);
        let amount = line.needed(Column::Amount, amount)?.abs();
        let direction = match line.cell(Column::Direction) {
            Cell::Text(text) => value::trim(text).to_owned(),
            _ => String::new(),
        };
        let state = line.text(Column::OrderState);
        let word = line.text(Column::OrderKind);
        let is_closed = state.contains("关闭") || state.contains("失败");
        let (kind, amount) = match direction.as_str() {
            _ if is_closed => {
                self.neutral += 1;
                return None;
            }
            "收入" => {
                self.came.add(amount);
                let is_back = word.contains("退款");
                (if is_back { OrderKind::Other } else { OrderKind::Pay }, amount)
            }
            "支出" => {
                self.went.add(amount);
                let is_back = word.contains("退款");
                (if is_back { OrderKind::Refund } else { OrderKind::Other }, -amount)
            }
            _ if word.contains("提现") => (OrderKind::Withdrawal, -amount),
            _ => {
                self.neutral += 1;
                return None;
            }
        };
        Some(Moved { kind, amount, number: order.to_owned(), of_number: String::new() })
    }

    /// The key. Alipay tells of a refund by the order it returns, on each of its bills.
    fn key(&mut self, row: &OrderRow) -> (String, u32) {
        let kind = row.kind.name();
        if counts_equals(self.channel, row.kind) {
            let amount = row.amount.to_string();
            return self.keys.key("order", &[kind, &row.of_number, &amount]);
        }
        if !row.number.is_empty() {
            let (_, occurrence) = self.keys.key("order-number", &[kind, &row.number]);
            let (key, _) = Keys::default().key("order", &[kind, &row.number]);
            return (key, occurrence);
        }
        let (day, amount) = (row.occurred_on.to_string(), row.amount.to_string());
        let time = row.occurred_time.as_deref().unwrap_or_default();
        let said = [kind, &day, time, &amount, &row.payer, &row.payer_id, &row.merchant_number];
        self.keys.key("order-unnumbered", &said)
    }

    fn note(&self, reading: &mut Reading<OrderRow>) {
        if self.still > 0 {
            reading.notes.push(format!("{} 笔没有金额，未读入", self.still));
        }
        if self.neutral > 0 {
            reading.notes.push(format!("{} 笔交易关闭或不计收支，未读入", self.neutral));
        }
    }

    /// Compares what the file says of itself with its rows. A row that was rejected is told by itself; its figures are not
    /// known, and the comparison is left until it is mended.
    fn compare(
        &self,
        reading: &mut Reading<OrderRow>,
        form: Form,
        preamble: &Preamble,
        trailers: &[Vec<String>],
    ) -> Result<(), Refusal> {
        if !reading.rejects.is_empty() {
            reading.notes.push("有行不合格，末尾的汇总数未核对".to_owned());
            return Ok(());
        }
        let mut compared = 0;
        for pair in trailers.windows(2) {
            if let [names, values] = pair
                && names.first().is_some_and(|name| layout::is_figure_head(name))
            {
                compared += self.compare_named(names, values)?;
            }
        }
        for line in trailers.iter().flatten().map(String::as_str).chain(preamble.cells()) {
            compared += self.compare_told(line)?;
        }
        if compared == 0 && form == Form::Orders {
            return Err(TRAILER_MISSING.refuse(format!("读到 {} 行，没有汇总行", self.rows)));
        }
        if compared == 0 {
            reading.notes.push("账单没有汇总数，无法核对是否完整".to_owned());
        }
        Ok(())
    }

    /// A row of names above a row of figures.
    fn compare_named(&self, names: &[String], values: &[String]) -> Result<usize, Refusal> {
        let mut compared = 0;
        for (name, written) in names.iter().zip(values) {
            let name = layout::plain_name(name, layout::Brackets::Dropped);
            let fen = |sum: i64| (Money::fen(sum).to_string(), money_of(written) == Some(sum));
            let count = |count: u64| (count.to_string(), count_of(written) == Some(count));
            let (summed, agrees) = match name.as_str() {
                "总交易单数" => count(self.rows),
                "资金流水总笔数" => count(self.rows),
                "收入笔数" => count(self.came.count),
                "支出笔数" => count(self.went.count),
                "收入金额" => fen(self.came.sum),
                "支出金额" => fen(self.went.sum),
                "应结订单总金额" | "总交易额" => fen(self.amounts),
                "退款总金额" | "总退款金额" => fen(self.refunds),
                "订单总金额" => fen(self.gross),
                "手续费总金额" => {
                    let found = value::charge(&Cell::Text(written.clone())).ok().flatten();
                    (fine(self.fees_e5), found == Some(self.fees_e5))
                }
                _ => continue,
            };
            if !agrees {
                return Err(disagree(&name, written, &summed));
            }
            compared += 1;
        }
        Ok(compared)
    }

    /// `#交易合计：50笔，商家实收共5048.25元`, `收入：20笔 100.00元`.
    fn compare_told(&self, line: &str) -> Result<usize, Refusal> {
        let Some((word, count, sum)) = told(line) else { return Ok(0) };
        let figure = match word.as_str() {
            "交易合计" => self.trades,
            "退款合计" => self.returns,
            "收入合计" | "收入" => self.came,
            "支出合计" | "支出" => self.went,
            _ => return Ok(0),
        };
        if figure.count != count || figure.sum != sum {
            let written = format!("{count} 笔 {} 元", Money::fen(sum));
            let summed = format!("{} 笔 {} 元", figure.count, Money::fen(figure.sum));
            return Err(disagree(&word, &written, &summed));
        }
        Ok(1)
    }
}

fn disagree(name: &str, written: &str, summed: &str) -> Refusal {
    TOTALS_DISAGREE
        .refuse(format!("“{name}”写的是 {written}，各行合计是 {summed}"))
        .with("written", written)
        .with("summed", summed)
}

/// Whether equal lines are told apart by how often they came, not by a number.
fn counts_equals(channel: Channel, kind: OrderKind) -> bool {
    channel == Channel::Alipay && kind == OrderKind::Refund
}

/// A number that names something; 0 is written where there is none.
fn number(line: &mut Line<'_>, column: Column) -> String {
    line.identifier(column).filter(|number| number != "0").unwrap_or_default()
}

/// Texts that say something, each once.
fn joined(texts: [String; 3]) -> String {
    let mut said: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !said.contains(&text) {
            said.push(text);
        }
    }
    said.join(" ")
}

fn money_of(text: &str) -> Option<i64> {
    value::money(&Cell::Text(text.to_owned())).ok()?.map(|money| money.abs().in_fen())
}

fn count_of(text: &str) -> Option<u64> {
    value::trim(text).parse().ok()
}

/// Hundred-thousandths of a yuan, as a channel writes them.
fn fine(e5: i64) -> String {
    rust_decimal::Decimal::new(e5, 5).to_string()
}

/// A line that counts and sums: its word, how many, and how much in fen. The first amount after the count is what was
/// received; what follows it is a discount.
fn told(line: &str) -> Option<(String, u64, i64)> {
    let line = line.trim_start_matches(['#', ' ']);
    let (word, rest) = line.split_once(['：', ':'])?;
    let (count, rest) = rest.split_once('笔')?;
    let count = count.trim().parse().ok()?;
    let from = rest.find(|c: char| c.is_ascii_digit() || c == '-')?;
    let amount: String = rest
        .get(from..)?
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ','))
        .collect();
    let sum = Money::parse(&amount).ok()?.abs().in_fen();
    Some((word.trim().to_owned(), count, sum))
}

/// The days a bill says it covers. One that ends at midnight ends with the day before.
fn period(preamble: &Preamble) -> (Option<Day>, Option<Day>) {
    let moment = |labels: [&str; 2]| {
        let said = preamble.cells().find_map(|cell| {
            let after = labels.iter().find_map(|label| cell.split_once(label))?.1;
            let after = after.trim_start_matches(['：', ':', ' ', '[']);
            Some(after.split([']', ' ']).take(2).collect::<Vec<_>>().join(" "))
        })?;
        value::moment(&Cell::Text(said.trim().to_owned()), false).ok()?
    };
    let from = moment(["起始日期", "起始时间"]).map(|(day, _)| day);
    let to = moment(["终止日期", "终止时间"]).and_then(|(day, time)| match time.as_deref() {
        Some("00:00:00") => day.pred_opt(),
        _ => Some(day),
    });
    (from, to)
}

/// `#账号：[20880000000000000156]`.
fn own_account(preamble: &Preamble) -> String {
    let said = preamble.cells().find_map(|cell| {
        let (_, after) = cell.split_once("账号：[").or_else(|| cell.split_once("账号:["))?;
        after.split(']').next()
    });
    said.map(str::trim).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_counts_is_understood() {
        for (line, word, count, fen) in [
            ("#交易合计：50笔，商家实收共5048.25元，商家优惠共0.00元", "交易合计", 50, 504_825),
            ("#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元", "退款合计", 0, 0),
            ("收入：20笔 1,100.00元", "收入", 20, 110_000),
            ("支出合计:3笔，共-12.30元", "支出合计", 3, 1_230),
        ] {
            assert_eq!(told(line), Some((word.to_owned(), count, fen)), "{line}");
        }
        assert_eq!(told("#导出时间：[2026年02月02日 09:30:00]"), None);
        assert_eq!(told("共4笔记录"), None);
    }
}
