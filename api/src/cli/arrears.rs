//! `xiaoqu arrears …` and `xiaoqu collection …`: ageing, notices, promises, limitation; the collection rate with its definitions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::arrears::{
    self, AgeRow, By, Channel, Instalment, Limit, Notifying, Plan, Promising, Proving, Suing, rate,
};
use ledger::books::Books;
use ledger::calendar::Month;
use ledger::error::{Error, Storage};
use ledger::id::DemandNo;
use ledger::money::Money;
use serde_json::json;

use super::{
    ActArgs, CompoundArg, DONE, JsonArgs, Out, REFUSED, Ran, compound, month, number, operator,
    say, word,
};
use crate::arrears::{
    ClaimView, RateQuery, claims_of, collected, notify_for, promise_for, prove_for, sue_for,
};
use crate::governance::Seat;
use crate::wire::IsoDay;

/// What can be done about arrears.
#[derive(Debug, Subcommand)]
pub(super) enum Arrears {
    /// 欠费账龄：按户、幢、单元、收费项目或月份，欠费多的在前
    Ageing {
        #[command(flatten)]
        compound: CompoundArg,
        /// 截至日；不写则今天
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        /// 分组：dwelling、building、stair、item 或 month
        #[arg(long, value_parser = word::<By>, default_value = "dwelling")]
        by: By,
        /// 查找：只列名称中含有这些字的
        #[arg(long, value_name = "TEXT", default_value = "")]
        find: String,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 发出催缴：一户，或一个账龄段的全部
    Notify(NotifyArgs),
    /// 输出一份催缴通知单的文本
    Text {
        /// 催缴编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        compound: CompoundArg,
        /// 写到文件；不写则输出
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 登记送达的凭据
    Prove {
        /// 催缴编号
        #[arg(value_parser = number)]
        no: i32,
        /// 送达日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据：签收回执、邮件号、录音编号
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记业主的承诺与分期
    Promise {
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: String,
        /// 立约日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 一期，日期=金额（元），例如 2026-03-31=100.00；每期写一次
        #[arg(long = "pay", value_parser = instalment, required = true)]
        parts: Vec<Instalment>,
        /// 凭据：承诺书
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记起诉或申请仲裁
    Sue {
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: String,
        /// 起诉日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 受理的法院或仲裁委员会
        #[arg(long)]
        court: String,
        /// 凭据：案号或收件回执
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出催缴、承诺与起诉
    Claims {
        #[command(flatten)]
        compound: CompoundArg,
        /// 只列一户
        #[arg(long, value_name = "CODE")]
        room: Option<String>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 列出承诺的履行情况
    Plans {
        #[command(flatten)]
        compound: CompoundArg,
        /// 截至日；不写则今天
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 列出诉讼时效将届满、已届满的账单
    Limits {
        #[command(flatten)]
        compound: CompoundArg,
        /// 截至日；不写则今天
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        /// 几天之内届满；不写则 90
        #[arg(long, value_name = "DAYS")]
        within: Option<u16>,
        #[command(flatten)]
        json: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct NotifyArgs {
    #[command(flatten)]
    act: ActArgs,
    /// 级别：1 催缴提醒，2 催缴通知书，3 律师函
    #[arg(long)]
    stage: u8,
    /// 一户的房号
    #[arg(long, value_name = "CODE", required_unless_present = "class")]
    room: Option<String>,
    /// 账龄段 1 至 4：最早的逾期账单在该段的各户
    #[arg(long, conflicts_with = "room")]
    class: Option<u8>,
    /// 送达方式：visit、post、message、wechat、phone、mail 或 posted
    #[arg(long, value_parser = word::<Channel>)]
    channel: Channel,
    /// 发出日期
    #[arg(long, value_name = "DAY")]
    on: IsoDay,
    /// 发出时间，例如 09:30
    #[arg(long, default_value = "")]
    time: String,
    /// 付款截止日；不写则按该级的合理期限
    #[arg(long, value_name = "DAY")]
    pay_by: Option<IsoDay>,
    /// 越级的原因
    #[arg(long, default_value = "")]
    reason: String,
    /// 附言，印在通知上
    #[arg(long, default_value = "")]
    remark: String,
}

/// What can be asked about collection.
#[derive(Debug, Subcommand)]
pub(super) enum Collection {
    /// 收缴率报表：数字与口径一并列出
    Rates {
        #[command(flatten)]
        compound: CompoundArg,
        /// 起月，例如 2026-01
        #[arg(long, value_name = "MONTH", value_parser = month)]
        from: Month,
        /// 止月；不写则只一个月
        #[arg(long, value_name = "MONTH", value_parser = month)]
        to: Option<Month>,
        /// 统计截止日；不写则为期间的最后一天，期间未完的为今天
        #[arg(long, value_name = "DAY")]
        on: Option<IsoDay>,
        /// 分组：building、stair、month、item 或 dwelling
        #[arg(long, value_parser = word::<By>, default_value = "building")]
        by: By,
        /// 账单归属期间的依据：charged 计费起日，due 缴费期限
        #[arg(long, value_parser = word::<rate::Basis>, default_value = "charged")]
        basis: rate::Basis,
        #[command(flatten)]
        json: JsonArgs,
    },
}

impl Arrears {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Arrears::Ageing { json, .. }
            | Arrears::Text { json, .. }
            | Arrears::Claims { json, .. }
            | Arrears::Plans { json, .. }
            | Arrears::Limits { json, .. } => json.json,
            Arrears::Notify(args) => args.act.json,
            Arrears::Prove { act, .. }
            | Arrears::Promise { act, .. }
            | Arrears::Sue { act, .. } => act.json,
        }
    }
}

impl Collection {
    pub(super) fn is_json(&self) -> bool {
        let Collection::Rates { json, .. } = self;
        json.json
    }
}

fn instalment(text: &str) -> Result<Instalment, String> {
    let wanted = || "写作 日期=金额，例如 2026-03-31=100.00".to_owned();
    let (on, yuan) = text.split_once('=').ok_or_else(wanted)?;
    let due_on = on.parse::<IsoDay>()?.0;
    let amount_fen = Money::parse(yuan).map_err(|why| why.to_string())?;
    Ok(Instalment { due_on, amount_fen })
}

fn age_line(row: &AgeRow) -> String {
    format!(
        "{}  尚欠 {}  未到期 {}  1-30天 {}  31-90天 {}  91-365天 {}  一年以上 {}",
        row.of,
        row.open_fen.grouped(),
        row.not_due_fen.grouped(),
        row.class_1_fen.grouped(),
        row.class_2_fen.grouped(),
        row.class_3_fen.grouped(),
        row.class_4_fen.grouped()
    )
}

fn claim_line(claim: &ClaimView) -> String {
    let delivered = claim.delivered_on.map_or(String::new(), |on| format!("  {} 送达", on.0));
    let stage = if claim.stage > 0 { format!(" 第{}级", claim.stage) } else { String::new() };
    let (kind, sum) = (claim.kind.in_chinese(), claim.sum_fen.grouped());
    let (no, room, on, by) = (claim.claim_no, &claim.room, claim.made_on.0, claim.pay_by.0);
    format!("{no}  {room}  {kind}{stage}  {on}  {sum} 元  截止 {by}  {}{delivered}", claim.channel)
}

fn plan_line(plan: &Plan) -> String {
    let next = plan.next_on.map_or(String::new(), |on| format!("  下一期 {on}"));
    let broken = plan.broken_on.map_or(String::new(), |on| format!("  {on} 未按期"));
    let (sum, settled) = (plan.sum_fen.grouped(), plan.settled_fen.grouped());
    let (no, room, state) = (plan.claim_no, &plan.room, plan.state.in_chinese());
    format!("{no}  {room}  {}  承诺 {sum}  已结清 {settled}  {state}{broken}{next}", plan.made_on)
}

fn limit_line(limit: &Limit) -> String {
    let open = limit.open_fen.grouped();
    let (room, no, item) = (&limit.room, limit.bill_no, &limit.item);
    let (alone, debt, left) = (limit.runs_out_on, limit.debt_runs_out_on, limit.days_left);
    format!("{room}  账单 {no} {item}  尚欠 {open}  逐笔 {alone}（剩 {left} 天）  同一债务 {debt}")
}

pub(super) async fn run(books: &Books, asked: Arrears, out: Out<'_>) -> Ran {
    let today = books.clock().now().day();
    let seat = |compound: &ledger::property::Compound, key| Seat {
        books: books.clone(),
        actor: operator(),
        compound: compound.id,
        key,
    };
    match asked {
        Arrears::Ageing { compound: of, on, by, find, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let on = on.map_or(today, |on| on.0);
            let mut found = arrears::ageing(&mut books.read().await?, compound, on, by).await?;
            found.rows.retain(|row| row.of.contains(find.trim()));
            if json.json {
                say(out, &found)?;
                return Ok(if found.agrees { DONE } else { REFUSED });
            }
            for row in &found.rows {
                writeln!(out, "{}", age_line(row))?;
            }
            writeln!(out, "{}", age_line(&found.total))?;
            if !found.developer.open_fen.is_zero() {
                writeln!(out, "另：{}", age_line(&found.developer))?;
            }
            let (ledger, agrees) = (found.ledger_fen.grouped(), found.agrees);
            let told = if agrees { "相符" } else { "不符" };
            writeln!(out, "账上应收账款 {ledger} 元，核对{told}")?;
            Ok(if agrees { DONE } else { REFUSED })
        }
        Arrears::Notify(args) => {
            let compound = compound(books, &args.act.compound).await?;
            let asked = Notifying {
                stage: args.stage,
                room: args.room,
                class: args.class,
                channel: args.channel,
                on: args.on.0,
                time: args.time,
                pay_by: args.pay_by.map(|day| day.0),
                reason: args.reason,
                remark: args.remark,
            };
            let done = notify_for(&seat(&compound, args.act.key), asked).await?;
            if args.act.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let (many, sum) = (done.answer.claims.len(), done.answer.sum_fen.grouped());
            writeln!(out, "已发催缴 {many} 份，共 {sum} 元")?;
            for no in &done.answer.claims {
                writeln!(out, "  编号 {no}")?;
            }
            for passed in &done.answer.passed {
                writeln!(out, "  未发 {}：{}", passed.room, passed.evidence)?;
            }
            Ok(DONE)
        }
        Arrears::Text { no, compound: of, out: file, json } => {
            let compound = compound(books, &of.compound).await?;
            let mut view = books.read().await?;
            let paper = arrears::notice(&mut view, &compound, DemandNo(no)).await?;
            match file {
                Some(file) => {
                    let what = format!("写入 {}", file.display());
                    let failed = |source| Error::Storage(Storage::File { what, source });
                    std::fs::write(&file, paper.in_text()).map_err(failed)?;
                }
                None if json.json => say(out, &paper)?,
                None => write!(out, "{}", paper.in_text())?,
            }
            Ok(DONE)
        }
        Arrears::Prove { no, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let asked = Proving { delivered_on: on.0, evidence };
            prove_for(&seat(&compound, act.key), DemandNo(no), asked).await?;
            registered(out, act.json, no, "已登记送达：催缴")
        }
        Arrears::Promise { room, on, parts, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let asked = Promising { room, on: on.0, instalments: parts, evidence };
            let done = promise_for(&seat(&compound, act.key), asked).await?;
            registered(out, act.json, done.answer.0, "已登记承诺")
        }
        Arrears::Sue { room, on, court, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let asked = Suing { room, on: on.0, court, evidence };
            let done = sue_for(&seat(&compound, act.key), asked).await?;
            registered(out, act.json, done.answer.0, "已登记起诉")
        }
        Arrears::Claims { compound: of, room, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let mut view = books.read().await?;
            let found = claims_of(&mut view, compound, room.as_deref(), today).await?;
            super::rows(out, json.json, &found, claim_line)
        }
        Arrears::Plans { compound: of, on, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let on = on.map_or(today, |on| on.0);
            let found = arrears::plans(&mut books.read().await?, compound, on).await?;
            super::rows(out, json.json, &found, plan_line)
        }
        Arrears::Limits { compound: of, on, within, json } => {
            let compound = compound(books, &of.compound).await?.id;
            let on = on.map_or(today, |on| on.0);
            let within = within.unwrap_or(arrears::terms().limitation_warning_days);
            let found = arrears::limits(&mut books.read().await?, compound, on, within).await?;
            super::rows(out, json.json, &found, limit_line)
        }
    }
}

fn registered(out: Out<'_>, is_json: bool, no: i32, what: &str) -> Ran {
    if is_json {
        say(out, &json!({ "no": no }))?;
    } else {
        writeln!(out, "{what} {no}")?;
    }
    Ok(DONE)
}

fn rate_words(rate: &rate::Rate, is_money: bool) -> String {
    let shown = |n: i64| if is_money { Money::fen(n).grouped() } else { n.to_string() };
    let percent = rate.percent.as_deref().unwrap_or("没有比率");
    format!("{percent}（{} ÷ {}）", shown(rate.part), shown(rate.whole))
}

fn figure_lines(row: &rate::Figures) -> String {
    let even = match row.breaks_even {
        Some(true) => "，达到保本线",
        Some(false) => "，未达保本线",
        None => "",
    };
    format!(
        "{}\n  收费 {} 户，已收 {} 户，欠费 {} 户；户收费率 {}\n  应收 {}  减免 {}  实收 {}  未收 {}；本期收缴率 {}{even}\n  期初欠费 {}  追回 {}  期末欠费 {}  预收 {}；清欠率 {}\n  累计收缴率 {}",
        row.of,
        row.dwellings,
        row.dwellings_paid,
        row.dwellings_owing,
        rate_words(&row.household_rate, false),
        row.billed_fen.grouped(),
        row.reduced_fen.grouped(),
        row.received_fen.grouped(),
        row.open_fen.grouped(),
        rate_words(&row.current_rate, true),
        row.opening_fen.grouped(),
        row.recovered_fen.grouped(),
        row.closing_fen.grouped(),
        row.prepaid_fen.grouped(),
        rate_words(&row.recovery_rate, true),
        rate_words(&row.cumulative_rate, true),
    )
}

pub(super) async fn collection(books: &Books, asked: Collection, out: Out<'_>) -> Ran {
    let Collection::Rates { compound: of, from, to, on, by, basis, json } = asked;
    let compound = compound(books, &of.compound).await?;
    let query = RateQuery { from: Some(from), to, on, by: Some(by), basis: Some(basis) };
    let told = collected(books, &compound, &query).await?;
    let code = if told.agrees() { DONE } else { REFUSED };
    if json.json {
        say(out, &told)?;
        return Ok(code);
    }
    let (from, to, on) = (told.from_on, told.to_on, told.counted_on);
    writeln!(out, "{}  收缴率  {from} 至 {to}，统计至 {on}\n", compound.name)?;
    for definition in &told.definitions {
        writeln!(out, "【{}】{}", definition.name, definition.means)?;
    }
    writeln!(out)?;
    for row in told.rows.iter().chain([&told.total, &told.developer]) {
        writeln!(out, "{}", figure_lines(row))?;
    }
    writeln!(out, "\n按收款日期")?;
    for row in told.receipts.iter().chain([&told.receipts_total]) {
        writeln!(
            out,
            "  {}  本期 {}  前期 {}  以后各期 {}  没有账单的 {}  预存增减 {}  合计 {}",
            row.of,
            row.current_fen.grouped(),
            row.earlier_fen.grouped(),
            row.later_fen.grouped(),
            row.beside_fen.grouped(),
            row.prepaid_fen.grouped(),
            row.cash_fen.grouped()
        )?;
    }
    for check in &told.checks {
        let told = if check.agrees { "相符" } else { "不符" };
        let (left, right) = (check.left_fen.grouped(), check.right_fen.grouped());
        writeln!(out, "核对 {}：{left} / {right} {told}", check.of)?;
    }
    Ok(code)
}
