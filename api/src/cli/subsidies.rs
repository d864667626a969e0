//! `xiaoqu subsidy …` and `xiaoqu renovation …`: what is told is a JSON file, as over the wire; who acts is said, because the
//! rules ask who it was.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger::books::Books;
use ledger::calendar::Day;
use ledger::error::Error;
use ledger::id::RenovationNo;
use ledger::renovation::{self, Asked};
use ledger::subsidy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::votes::{tell, told};
use super::works::{Who, reading, seat};
use super::{
    ActArgs, CompoundArg, Ground, JsonArgs, Out, Ran, at, number, operator, rows, say, word,
};
use crate::governance::Seat;
use crate::subsidy::{allot_for, found_for};

/// What can be done with government money.
#[derive(Debug, Subcommand)]
pub(super) enum Subsidy {
    /// 登记补贴项目（总册）：JSON 文件
    Found {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// 幂等键：同一键只办一次
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 分配给各小区（总册）：JSON 文件
    Allot {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// 幂等键：同一键只办一次
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 列出补贴项目
    Programmes(JsonArgs),
    /// 列出分配：分配给各小区的每一笔
    Allotments(JsonArgs),
    /// 内容目录：代号、名称、类别，登记时填写代号
    Catalogue(JsonArgs),
    /// 小区的补贴：种类与 JSON 文件，内容与网络接口相同
    Act {
        /// 种类
        #[arg(value_name = "KIND")]
        kind: Deed,
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 补贴资金台账：下达、到账、支付、结余
    Tranches {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 补贴资金的逐笔变动
    Moves {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 各期间的考核：得分、奖惩、是否已兑现
    Appraisals {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

/// What is done in a compound.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Deed {
    /// 下达
    Grant,
    /// 到账
    Receive,
    /// 利息
    Interest,
    /// 支付
    Spend,
    /// 追回
    ClawBack,
    /// 上缴
    HandBack,
    /// 考核
    Appraise,
    /// 兑现奖惩
    Settle,
    /// 保证金
    Earnest,
    /// 补助名册
    Roster,
    /// 撤回误登记的分配
    WithdrawAllotment,
    /// 撤回误下达的补贴资金
    WithdrawTranche,
}

impl Subsidy {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Subsidy::Act { act, .. } => act.json,
            Subsidy::Found { json, .. }
            | Subsidy::Allot { json, .. }
            | Subsidy::Programmes(json)
            | Subsidy::Allotments(json)
            | Subsidy::Catalogue(json)
            | Subsidy::Tranches { json, .. }
            | Subsidy::Moves { json, .. }
            | Subsidy::Appraisals { json, .. } => json.json,
        }
    }
}

pub(super) async fn subsidy(db: Ground, asked: Subsidy, out: Out<'_>) -> Ran {
    at(db, async move |books| go(books, asked, out).await).await
}

async fn go(books: &Books, asked: Subsidy, out: Out<'_>) -> Ran {
    match asked {
        Subsidy::Found { file, key, json } => {
            let done = found_for(books, &operator(), key, told(&file)?).await?;
            tell(out, json.json, &done.answer, format!("补贴项目 {} 已登记", done.answer))
        }
        Subsidy::Allot { file, key, json } => {
            let done = allot_for(books, &operator(), key, told(&file)?).await?.answer;
            let (total, left) = (done.total_fen.grouped(), done.left_fen.grouped());
            let line = format!("分配 {} 笔，{total} 元，尚未分配 {left} 元", done.count);
            tell(out, json.json, &done, line)
        }
        Subsidy::Programmes(json) => {
            let found = subsidy::programmes(&mut books.read().await?).await?;
            rows(out, json.json, &found, |p| {
                let (budget, allotted) = (p.budget_fen.grouped(), p.allotted_fen.grouped());
                let level = p.level.in_chinese();
                format!(
                    "{}  {}  {level}  总额 {budget}  已分配 {allotted}",
                    p.programme_no, p.document
                )
            })
        }
        Subsidy::Allotments(json) => {
            let found = subsidy::allotments(&mut books.read().await?).await?;
            rows(out, json.json, &found, |a| {
                let (amount, undone) =
                    (a.amount_fen.grouped(), withdrawn(a.withdrawn_on.is_some()));
                format!(
                    "{}  补贴项目 {}  {}  {amount}  {}  {}{undone}",
                    a.allotment_no, a.programme_no, a.compound, a.allotted_on, a.document
                )
            })
        }
        Subsidy::Catalogue(json) => rows(out, json.json, subsidy::catalogue(), |item| {
            format!("{}  {}  {}", item.item, item.title, item.class.in_chinese())
        }),
        Subsidy::Act { kind, file, who, act } => {
            let seat = seat(books, &act, who).await?;
            deed(&seat, kind, &file, act.json, out).await
        }
        Subsidy::Tranches { compound, json } => {
            let seat = reading(books, &compound).await?;
            let today = books.clock().now().day();
            let found = subsidy::tranches(&mut books.read().await?, seat.compound, today).await?;
            rows(out, json.json, &found, |t| {
                let overdue = if t.is_overdue { "  逾期未用" } else { "" };
                let undone = withdrawn(t.withdrawn_on.is_some());
                format!(
                    "{}  {}  下达 {}  到账 {}  支付 {}  结余 {}  至 {}{overdue}{undone}",
                    t.tranche_no,
                    t.document,
                    t.granted_fen.grouped(),
                    t.received_fen.grouped(),
                    (t.spent_fen - t.clawed_back_fen).grouped(),
                    t.left_fen.grouped(),
                    t.spend_by
                )
            })
        }
        Subsidy::Moves { compound, json } => {
            let seat = reading(books, &compound).await?;
            let found = subsidy::moves(&mut books.read().await?, seat.compound).await?;
            rows(out, json.json, &found, |m| {
                let amount = m.amount_fen.grouped();
                let undone = if m.is_reversed { "  已冲销" } else { "" };
                format!(
                    "{}  {}  补贴 {}  {}  {amount}  {}  {}{undone}",
                    m.move_no,
                    m.moved_on,
                    m.tranche_no,
                    m.kind_in_chinese(),
                    m.payee,
                    m.used_for
                )
            })
        }
        Subsidy::Appraisals { compound, json } => {
            let seat = reading(books, &compound).await?;
            let found = subsidy::appraisals(&mut books.read().await?, seat.compound).await?;
            rows(out, json.json, &found, |a| {
                let (reward, deduct) = (a.reward_fen.grouped(), a.deduct_fen.grouped());
                let settled = if a.is_settled { "  已兑现" } else { "" };
                format!(
                    "补贴项目 {}  {}  得分 {}.{:02}  奖励 {reward}  扣款 {deduct}{settled}",
                    a.programme_no,
                    a.period,
                    a.score_e2 / 100,
                    a.score_e2 % 100
                )
            })
        }
    }
}

fn withdrawn(is_so: bool) -> &'static str {
    if is_so { "  已撤回" } else { "" }
}

async fn deed(seat: &Seat, kind: Deed, file: &std::path::Path, is_json: bool, out: Out<'_>) -> Ran {
    let moved = |word: &str, m: &subsidy::Moved| {
        format!("{word} {}：凭证 {}，结余 {} 元", m.move_no, m.voucher, m.left_fen.grouped())
    };
    let held = |m: &subsidy::EarnestMoved| {
        format!("保证金 {}：凭证 {}，尚存 {} 元", m.earnest_no, m.voucher, m.held_fen.grouped())
    };
    match kind {
        Deed::Grant => {
            let done = seat.grant(told(file)?).await?.answer;
            let line =
                format!("补贴资金 {} 已下达：{} 元", done.tranche_no, done.granted_fen.grouped());
            tell(out, is_json, &done, line)
        }
        Deed::Receive => {
            let done = seat.receive_grant(told(file)?).await?.answer;
            tell(out, is_json, &done, moved("到账", &done))
        }
        Deed::Interest => {
            let done = seat.credit_grant_interest(told(file)?).await?.answer;
            tell(out, is_json, &done, moved("利息", &done))
        }
        Deed::Spend => {
            let done = seat.spend_grant(told(file)?).await?.answer;
            tell(out, is_json, &done, moved("支付", &done))
        }
        Deed::ClawBack => {
            let done = seat.claw_back(told(file)?).await?.answer;
            tell(out, is_json, &done, moved("追回", &done))
        }
        Deed::HandBack => {
            let done = seat.hand_back(told(file)?).await?.answer;
            tell(out, is_json, &done, moved("上缴", &done))
        }
        Deed::Appraise => {
            let done = seat.appraise(told(file)?).await?.answer;
            let (reward, deduct) = (done.reward_fen.grouped(), done.deduct_fen.grouped());
            let line = format!("{} 已考核：奖励 {reward} 元，扣款 {deduct} 元", done.period);
            tell(out, is_json, &done, line)
        }
        Deed::Settle => {
            let done = seat.settle_score(told(file)?).await?.answer;
            tell(out, is_json, &done, held(&done))
        }
        Deed::Earnest => {
            let done = seat.move_earnest(told(file)?).await?.answer;
            tell(out, is_json, &done, held(&done))
        }
        Deed::Roster => {
            let done = seat.enrol_roster(told(file)?).await?.answer;
            let line = format!("名册 {} 户 {} 人", done.households, done.persons);
            tell(out, is_json, &done, line)
        }
        Deed::WithdrawAllotment => {
            let done = seat.withdraw_allotment(told(file)?).await?.answer;
            let (amount, rest) = (done.amount_fen.grouped(), done.allotted_fen.grouped());
            let no = done.allotment_no;
            tell(
                out,
                is_json,
                &done,
                format!("分配 {no} 已撤回：{amount} 元，本小区现有 {rest} 元"),
            )
        }
        Deed::WithdrawTranche => {
            let done = seat.withdraw_tranche(told(file)?).await?.answer;
            let (no, amount) = (done.tranche_no, done.granted_fen.grouped());
            tell(out, is_json, &done, format!("补贴资金 {no} 已撤回：{amount} 元"))
        }
    }
}

/// What can be done with a renovation.
#[derive(Debug, Subcommand)]
pub(super) enum Renovation {
    /// 列入储备库：JSON 文件
    Reserve {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记一步：JSON 文件，写明 step 与 body，与网络接口相同
    Record(Telling),
    /// 登记到位资金：JSON 文件
    PayIn(Telling),
    /// 付入让渡的公共收益：JSON 文件
    Assign(Telling),
    /// 付款：JSON 文件，依方案的来源次序支取
    Pay(Telling),
    /// 冲销一笔付款：JSON 文件
    Reverse(Telling),
    /// 列出改造项目
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 查看改造项目：资金来源、付款、节点、经过
    Show {
        /// 改造编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 条件：逐项列出现状与办法
    Conditions {
        /// 改造编号
        #[arg(value_name = "NO", value_parser = number)]
        no: i32,
        /// 问什么：plan、start、pay 或 close
        #[arg(long, value_name = "WHAT", value_parser = word::<Asked>)]
        asked: Asked,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
}

/// A file that says something of a renovation, and who hands it in.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// 改造编号
    #[arg(value_name = "NO", value_parser = number)]
    no: i32,
    /// JSON 文件
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    act: ActArgs,
}

impl Telling {
    /// Who acts, on which renovation, what the file says, and whether JSON is wanted.
    async fn read<T: DeserializeOwned>(
        self,
        books: &Books,
    ) -> Result<(Seat, RenovationNo, T, bool), Error> {
        let seat = seat(books, &self.act, self.who).await?;
        Ok((seat, RenovationNo(self.no), told(&self.file)?, self.act.json))
    }
}

impl Renovation {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Renovation::Reserve { act, .. } => act.json,
            Renovation::Record(telling)
            | Renovation::PayIn(telling)
            | Renovation::Assign(telling)
            | Renovation::Pay(telling)
            | Renovation::Reverse(telling) => telling.act.json,
            Renovation::List { json, .. }
            | Renovation::Show { json, .. }
            | Renovation::Conditions { json, .. } => json.json,
        }
    }
}

pub(super) async fn renovation(db: Ground, asked: Renovation, out: Out<'_>) -> Ran {
    at(db, async move |books| renew(books, asked, out).await).await
}

async fn renew(books: &Books, asked: Renovation, out: Out<'_>) -> Ran {
    match asked {
        Renovation::Reserve { file, who, act } => {
            let done = seat(books, &act, who).await?.reserve(told(&file)?).await?.answer;
            let (no, matter) = (done.renovation_no, done.project_matter_no);
            tell(out, act.json, &done, format!("改造 {no} 已列入储备库，事项编号 {matter}"))
        }
        Renovation::Record(telling) => {
            let (seat, no, told, is_json) = telling.read(books).await?;
            let done = seat.record_renovation(no, told).await?.answer;
            let stage = done.stage.in_chinese();
            let line = format!("改造 {no} 步骤 {}，{stage}\n  摘要 {}", done.step_no, done.digest);
            tell(out, is_json, &done, line)
        }
        Renovation::PayIn(telling) => {
            let (seat, no, told, is_json) = telling.read(books).await?;
            let done = seat.pay_in(no, told).await?.answer;
            let amount = done.amount_fen.grouped();
            tell(out, is_json, &done, format!("来源 {} 到位 {amount} 元", done.source_no))
        }
        Renovation::Assign(telling) => {
            let (seat, no, told, is_json) = telling.read(books).await?;
            let done = seat.assign(no, told).await?.answer;
            let amount = done.amount_fen.grouped();
            tell(out, is_json, &done, format!("来源 {} 到位 {amount} 元", done.source_no))
        }
        Renovation::Pay(telling) => {
            let (seat, no, told, is_json) = telling.read(books).await?;
            let done = seat.pay_renovation(no, told).await?.answer;
            tell(out, is_json, &done, paid("付款", &done))
        }
        Renovation::Reverse(telling) => {
            let (seat, no, told, is_json) = telling.read(books).await?;
            let done = seat.reverse_renovation(no, told).await?.answer;
            tell(out, is_json, &done, paid("冲销付款", &done))
        }
        Renovation::List { compound, json } => {
            let seat = reading(books, &compound).await?;
            let found = renovation::renovations(&mut books.read().await?, seat.compound).await?;
            rows(out, json.json, &found, |r| {
                let (planned, paid) = (r.planned_fen.grouped(), r.paid_fen.grouped());
                let stage = r.stage.in_chinese();
                format!("{}  {stage}  {}  计划 {planned}  已付 {paid}", r.renovation_no, r.title)
            })
        }
        Renovation::Show { no, compound, json } => {
            let whole = reading(books, &compound).await?.renovation(RenovationNo(no)).await?;
            if json.json {
                return shown(out, &whole);
            }
            let stage = whole.row.stage.in_chinese();
            writeln!(out, "改造 {no} {} {stage}", whole.row.title)?;
            let plan = whole.plan_name.as_deref().unwrap_or("尚无方案");
            writeln!(
                out,
                "  表决事项的“方案”：意愿“{}”，长效管理“{}”，方案“{plan}”",
                whole.consent_name, whole.long_term_name
            )?;
            for content in &whole.contents {
                let budget = content.budget_fen.grouped();
                writeln!(out, "  内容 {}  {}  {budget}", content.content_no, content.name)?;
            }
            for source in &whole.sources {
                writeln!(
                    out,
                    "  来源 {}  {}  计划 {}  到位 {}  已付 {}",
                    source.source_no,
                    source.kind.in_chinese(),
                    source.planned_fen.grouped(),
                    source.in_place_fen.grouped(),
                    source.drawn_fen.grouped()
                )?;
            }
            for payment in &whole.payments {
                let undone = if payment.is_reversed { "已冲销 " } else { "" };
                writeln!(out, "  {undone}{}", paid("付款", payment))?;
            }
            for milestone in &whole.milestones {
                let met = match (milestone.met_on, milestone.is_overdue) {
                    (Some(day), false) => format!("{day} 达到"),
                    (Some(day), true) => format!("{day} 达到，逾期"),
                    (None, true) => "逾期未达到".to_owned(),
                    (None, false) => "未到期".to_owned(),
                };
                writeln!(out, "  节点 {}  {}  {met}", milestone.by_on, milestone.milestone)?;
            }
            if !whole.missed_rounds.is_empty() {
                let days: Vec<String> = whole.missed_rounds.iter().map(Day::to_string).collect();
                writeln!(out, "  漏报的调度日 {}", days.join("、"))?;
            }
            for step in &whole.steps {
                writeln!(
                    out,
                    "  {}  {}  {}  {}",
                    step.step_no, step.recorded_on, step.by, step.title
                )?;
            }
            Ok(super::DONE)
        }
        Renovation::Conditions { no, asked, compound, json } => {
            let seat = reading(books, &compound).await?;
            let told = seat.conditions(RenovationNo(no), asked).await?;
            if json.json {
                return shown(out, &told);
            }
            for condition in &told.conditions {
                let word = if condition.is_met { "符合" } else { "不符" };
                writeln!(out, "{word}  {}：{}", condition.says, condition.evidence)?;
                if !condition.is_met {
                    writeln!(out, "    办法 {}", condition.remedy)?;
                }
            }
            Ok(super::DONE)
        }
    }
}

fn shown(out: Out<'_>, what: &impl Serialize) -> Ran {
    say(out, what)?;
    Ok(super::DONE)
}

fn paid(word: &str, payment: &renovation::Payment) -> String {
    let part =
        |part: &renovation::Part| format!("来源 {} {}", part.source_no, part.amount_fen.grouped());
    let parts: Vec<String> = payment.parts.iter().map(part).collect();
    let amount = payment.amount_fen.grouped();
    format!("{word} {}：{amount} 元 = {}", payment.payment_no, parts.join(" + "))
}
