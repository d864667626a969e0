//! `xiaoqu trust …`: what is spent of the service money held under 酬金制, the remuneration, the account that is posted up.

use clap::Subcommand;
use ledger::books::Books;
use ledger::calendar::Month;
use ledger::money::Money;
use ledger::trust::{self, Cost, Remunerating, Spending};

use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, REFUSED, Ran, Stop, compound, money, month,
    operator, say, word,
};
use crate::governance::Seat;
use crate::trust::{remunerate_for, spend_for};
use crate::wire::IsoDay;

/// What can be done with the trust money.
#[derive(Debug, Subcommand)]
pub(super) enum Trust {
    /// 登记服务支出：从代管服务资金中支付
    Spend {
        #[command(flatten)]
        act: ActArgs,
        /// 种类：staff、upkeep、cleaning、greening、order、office、power、insurance 或 other
        #[arg(long, value_parser = word::<Cost>)]
        cost: Cost,
        /// 收款人：单位名称
        #[arg(long)]
        payee: String,
        /// 金额（元）
        #[arg(long, value_parser = money)]
        amount: Money,
        /// 付款日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据：合同、发票
        #[arg(long)]
        evidence: String,
    },
    /// 计提一个月的酬金
    Remunerate {
        #[command(flatten)]
        act: ActArgs,
        /// 月份，例如 2026-01
        #[arg(long, value_name = "MONTH", value_parser = month)]
        month: Month,
    },
    /// 输出一年的收支公布
    Account {
        #[command(flatten)]
        compound: CompoundArg,
        /// 年度
        #[arg(long)]
        year: i32,
        #[command(flatten)]
        json: JsonArgs,
    },
}

impl Trust {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Trust::Spend { act, .. } | Trust::Remunerate { act, .. } => act.json,
            Trust::Account { json, .. } => json.json,
        }
    }
}

pub(super) async fn run(books: &Books, asked: Trust, out: Out<'_>) -> Ran {
    let (act, is_cost) = match &asked {
        Trust::Spend { act, .. } => (act, true),
        Trust::Remunerate { act, .. } => (act, false),
        Trust::Account { compound: of, year, json } => {
            let compound = compound(books, &of.compound).await?;
            let day =
                |month: i32| Month::from_number(year.saturating_mul(100).saturating_add(month));
            let (Some(first), Some(last)) = (day(1), day(12)) else {
                return Err(Stop::Usage(format!("年度 {year} 不对，应写作 2026")));
            };
            let mut view = books.read().await?;
            let (first, last) = (first.first_day(), last.last_day());
            let told = trust::account(&mut view, compound.id, first, last).await?;
            if json.json {
                say(out, &told)?;
            } else {
                write!(out, "{}", told.in_text(&compound.name))?;
            }
            return Ok(if told.agrees { DONE } else { REFUSED });
        }
    };
    let is_json = act.json;
    let compound = compound(books, &act.compound).await?;
    let seat = Seat {
        books: books.clone(),
        actor: operator(),
        compound: compound.id,
        key: act.key.clone(),
    };
    let done = match asked {
        Trust::Spend { cost, payee, amount, on, evidence, .. } => {
            let asked = Spending { cost, payee, amount_fen: amount, on: on.0, evidence };
            spend_for(&seat, asked).await?
        }
        Trust::Remunerate { month, .. } => remunerate_for(&seat, Remunerating { month }).await?,
        Trust::Account { .. } => return Ok(DONE),
    };
    if is_json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    let what = if is_cost { "服务支出" } else { "酬金" };
    let (amount, voucher) = (done.answer.amount_fen.grouped(), done.answer.voucher);
    writeln!(out, "{what} {}：{amount} 元，凭证 {voucher}", done.answer.entry_no)?;
    Ok(DONE)
}
