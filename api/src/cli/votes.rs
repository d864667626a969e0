//! `xiaoqu vote …`: the owners' votes from the draft to the recount.
//!
//! A round, a motion's list and a slip are told as JSON, as over the wire; what a clerk types again and again has arguments.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger::books::{Actor, Books, Role};
use ledger::error::{Error, Storage};
use ledger::governance::matter::Delivery;
use ledger::governance::recount;
use ledger::governance::tally::Answer;
use ledger::id::{BallotNo, OwnerNo, RoundNo};
use ledger::property::RoomCode;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::reports::{filed, report};
use super::{
    ActArgs, CompoundArg, DONE, Ground, JsonArgs, Out, REFUSED, Ran, at, compound, if_none,
    in_name_of, number, put, say,
};
use crate::documents::{self, Device, Order};
use crate::governance::{
    BallotAsked, DeliveryAsked, FreezeAsked, MotionAsked, NoticeAsked, ProxyAsked, RecountFormat,
    RoundAsked, Seat, SlipAsked, WithdrawalAsked,
};
use crate::routes::COUNTERS;
use crate::shape;
use crate::wire::IsoDay;

/// What can be done with a vote.
#[derive(Debug, Subcommand)]
pub(super) enum Vote {
    /// Commands that act.
    #[command(flatten)]
    Act(Acting),
    /// Commands that read.
    #[command(flatten)]
    Look(Looking),
    /// 核对一份明细清册（CSV）：逐行验链并重新计票，不需要账册
    Recheck {
        /// 明细清册
        file: PathBuf,
        #[command(flatten)]
        json: JsonArgs,
    },
}

/// Commands that act.
#[derive(Debug, Subcommand)]
pub(super) enum Acting {
    /// 草拟表决：JSON 文件，写明名称、召集人、范围、起止日期、事项
    Draft {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 为草拟中的表决加一个事项：JSON 文件
    Motion {
        #[command(flatten)]
        no: RoundArg,
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 冻结名册
    Freeze {
        #[command(flatten)]
        no: RoundArg,
        /// 名册日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记公示
    Announce {
        #[command(flatten)]
        no: RoundArg,
        /// 公示之日
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 公示地点
        #[arg(long)]
        place: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 开始表决
    Open {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记送达
    Deliver {
        #[command(flatten)]
        no: RoundArg,
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 方式：hand、post、electronic、notice
        #[arg(long, value_parser = delivery)]
        method: Delivery,
        /// 送达日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记书面委托
    Proxy {
        #[command(flatten)]
        no: RoundArg,
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 代理人
        #[arg(long)]
        agent: String,
        /// 代理人证件末四位
        #[arg(long, value_name = "4 位")]
        id_tail: String,
        /// 签署日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 凭据
        #[arg(long)]
        evidence: String,
        /// 委托意见，逐项：同意,反对,弃权；不写则由代理人决定
        #[arg(long, value_delimiter = ',', value_parser = answer)]
        answers: Vec<Answer>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 录入纸质票：两人各录一次，一致方计入
    Enter {
        #[command(flatten)]
        no: RoundArg,
        /// 以谁之名录入：业主委员会或物业公司的用户；不写则为操作台
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// 票面编号
        #[arg(long, value_name = "NO")]
        slip: String,
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 收到日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 答复，逐项：同意,反对,弃权,无效
        #[arg(long, value_delimiter = ',', value_parser = answer)]
        answers: Vec<Answer>,
        /// 整票无效的理由
        #[arg(long, default_value = "")]
        invalid: String,
        /// 委托编号
        #[arg(long, value_name = "NO", value_parser = number)]
        proxy: Option<i32>,
        /// 被更正的票号
        #[arg(long, value_name = "NO", value_parser = number)]
        corrects: Option<i32>,
        /// 更正、再次录入的原因
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 线上投票
    Cast {
        #[command(flatten)]
        no: RoundArg,
        /// 房号
        #[arg(long, value_name = "CODE", value_parser = room)]
        room: RoomCode,
        /// 业主编号
        #[arg(long, value_name = "NO", value_parser = number, required_unless_present = "proxy")]
        owner: Option<i32>,
        /// 委托编号
        #[arg(long, value_name = "NO", value_parser = number, conflicts_with = "owner")]
        proxy: Option<i32>,
        /// 答复，逐项：同意,反对,弃权
        #[arg(long, value_delimiter = ',', value_parser = answer, required = true)]
        answers: Vec<Answer>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 结束表决并计票
    Close {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 撤回表决
    Withdraw {
        #[command(flatten)]
        no: RoundArg,
        /// 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// Commands that read.
#[derive(Debug, Subcommand)]
pub(super) enum Looking {
    /// 列出待第二人录入、或两人不一致的纸质票
    Differences {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 查看进度：参与、同意还差多少
    Show {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 列出表决
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 表决结果：打印，或写到文件
    Result {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        compound: CompoundArg,
        /// 写到文件，.pdf、.txt、.csv 或 .xlsx
        #[arg(long, value_name = "FILE", conflicts_with = "json", value_parser = report)]
        out: Option<PathBuf>,
        /// 文件已有且内容不同的，覆盖
        #[arg(long, requires = "out")]
        replace: bool,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 导出明细清册，供任何人重新计票
    Recount {
        #[command(flatten)]
        no: RoundArg,
        #[command(flatten)]
        compound: CompoundArg,
        /// 格式
        #[arg(long, value_enum, default_value_t = RecountFormat::Csv)]
        format: RecountFormat,
        /// 写到文件；不写则到标准输出
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct RoundArg {
    /// 表决编号
    #[arg(value_name = "NO", value_parser = number)]
    no: i32,
}

pub(super) fn room(text: &str) -> Result<RoomCode, String> {
    RoomCode::parse(text).map_err(|why| why.to_string())
}

pub(super) fn delivery(text: &str) -> Result<Delivery, String> {
    let known = Delivery::ALL.into_iter().find(|way| way.name() == text);
    known.ok_or_else(|| "方式为 hand、post、electronic 或 notice".to_owned())
}

fn answer(text: &str) -> Result<Answer, String> {
    Answer::named(text.trim()).ok_or_else(|| "答复为 同意、反对、弃权 或 无效".to_owned())
}

impl Vote {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Vote::Act(acting) => acting.given().json,
            Vote::Look(looking) => match looking {
                Looking::Differences { json, .. }
                | Looking::Show { json, .. }
                | Looking::List { json, .. }
                | Looking::Result { json, .. } => json.json,
                Looking::Recount { .. } => false,
            },
            Vote::Recheck { json, .. } => json.json,
        }
    }
}

impl Acting {
    /// What every act may be given.
    fn given(&self) -> &ActArgs {
        match self {
            Acting::Draft { act, .. }
            | Acting::Motion { act, .. }
            | Acting::Freeze { act, .. }
            | Acting::Announce { act, .. }
            | Acting::Open { act, .. }
            | Acting::Deliver { act, .. }
            | Acting::Proxy { act, .. }
            | Acting::Enter { act, .. }
            | Acting::Cast { act, .. }
            | Acting::Close { act, .. }
            | Acting::Withdraw { act, .. } => act,
        }
    }
}

pub(super) async fn seat(books: &Books, act: &ActArgs, actor: Actor) -> Result<Seat, Error> {
    let compound = compound(books, &act.compound).await?.id;
    Ok(Seat { books: books.clone(), actor, compound, key: act.key.clone() })
}

pub(super) async fn looking(books: &Books, asked: &CompoundArg) -> Result<(Seat, String), Error> {
    let compound = compound(books, &asked.compound).await?;
    let seat =
        Seat { books: books.clone(), actor: Actor::operator(), compound: compound.id, key: None };
    Ok((seat, compound.name))
}

pub(super) fn told<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = text_of(path)?;
    Ok(shape::json(text.as_bytes())?)
}

pub(super) fn text_of(path: &Path) -> Result<String, Error> {
    let what = format!("读取 {}", path.display());
    Ok(std::fs::read_to_string(path).map_err(|source| Storage::File { what, source })?)
}

/// Tells an answer: as JSON, or in a line.
pub(super) fn tell(
    out: Out<'_>,
    is_json: bool,
    answer: &impl serde::Serialize,
    line: String,
) -> Ran {
    if is_json {
        say(out, answer)?;
    } else {
        writeln!(out, "{line}")?;
    }
    Ok(DONE)
}

pub(super) async fn run(db: Ground, vote: Vote, out: Out<'_>) -> Ran {
    match vote {
        Vote::Act(acting) => at(db, async move |books| act(books, acting, out).await).await,
        Vote::Look(looking) => at(db, async move |books| look(books, looking, out).await).await,
        Vote::Recheck { file, json } => recheck(&file, json.json, out),
    }
}

async fn look(books: &Books, asked: Looking, out: Out<'_>) -> Ran {
    match asked {
        Looking::Differences { no, compound, json } => {
            differences(books, no, &compound, json, out).await
        }
        Looking::Show { no, compound, json } => show(books, no, &compound, json, out).await,
        Looking::List { compound, json } => list(books, &compound, json, out).await,
        Looking::Result { no, compound, out: file, replace, json } => {
            result(books, no, &compound, (file, replace), json, out).await
        }
        Looking::Recount { no, compound, format, out: file } => {
            let text = looking(books, &compound).await?.0.recount(RoundNo(no.no), format).await?;
            match file {
                Some(path) => put(&path, text.as_bytes())?,
                None => write!(out, "{text}")?,
            }
            Ok(DONE)
        }
    }
}

async fn act(books: &Books, acting: Acting, out: Out<'_>) -> Ran {
    let operator = Actor::operator;
    match acting {
        Acting::Draft { file, act } => {
            let done =
                seat(books, &act, operator()).await?.draft(told::<RoundAsked>(&file)?).await?;
            let line = format!(
                "表决 {} 已草拟，{} 个事项",
                done.answer.round_no,
                done.answer.motions.len()
            );
            tell(out, act.json, &done.answer, line)
        }
        Acting::Motion { no, file, act } => {
            let asked = told::<MotionAsked>(&file)?;
            let done =
                seat(books, &act, operator()).await?.move_motion(RoundNo(no.no), asked).await?;
            tell(out, act.json, &done.answer, format!("事项 {} 已提出", done.answer.motion_no))
        }
        Acting::Freeze { no, on, act } => {
            let seat = seat(books, &act, operator()).await?;
            let done = seat.freeze(RoundNo(no.no), FreezeAsked { on }).await?;
            let frozen = &done.answer;
            let line = format!(
                "名册已冻结：专有部分 {} 个，{}\n  摘要 {}",
                frozen.dwellings, frozen.entitled, frozen.roll_digest
            );
            tell(out, act.json, frozen, line)
        }
        Acting::Announce { no, on, place, act } => {
            let seat = seat(books, &act, operator()).await?;
            let done = seat.announce(RoundNo(no.no), NoticeAsked { posted_on: on, place }).await?;
            tell(out, act.json, &done.answer, format!("表决 {} 已公示", no.no))
        }
        Acting::Open { no, act } => {
            let done = seat(books, &act, operator()).await?.open(RoundNo(no.no)).await?;
            tell(out, act.json, &done.answer, format!("表决 {} 已开始", no.no))
        }
        Acting::Deliver { no, room, method, on, evidence, act } => {
            let asked = DeliveryAsked { room, method, delivered_on: on, evidence };
            let done = seat(books, &act, operator()).await?.deliver(RoundNo(no.no), asked).await?;
            tell(out, act.json, &done.answer, format!("送达 {} 已登记", done.answer.no))
        }
        Acting::Proxy { no, room, agent, id_tail, on, evidence, answers, act } => {
            let asked = ProxyAsked {
                room,
                agent_name: agent,
                agent_id_tail: id_tail,
                signed_on: on,
                evidence,
                instructions: answers,
            };
            let done = seat(books, &act, operator()).await?.entrust(RoundNo(no.no), asked).await?;
            tell(out, act.json, &done.answer, format!("委托 {} 已登记", done.answer.no))
        }
        Acting::Enter { no, by, slip, room, on, answers, invalid, proxy, corrects, note, act } => {
            let asked = SlipAsked {
                slip_no: slip,
                room,
                received_on: on,
                proxy_no: proxy,
                answers,
                invalid_reason: invalid,
                corrects: corrects.map(BallotNo),
                note,
            };
            let at = compound(books, &act.compound).await?;
            let clerk = in_name_of(books, &at, by, COUNTERS, Role::Operator).await?;
            let done = seat(books, &act, clerk).await?.enter(RoundNo(no.no), asked).await?;
            let entered = &done.answer;
            let line = match &entered.taken {
                Some(taken) => format!("两人录入一致，计为第 {} 张", taken.ballot_no),
                None if entered.differences.is_empty() => "已录入，待第二人录入".to_owned(),
                None => format!("两人录入不一致：{}", entered.differences.join("；")),
            };
            tell(out, act.json, entered, line)
        }
        Acting::Cast { no, room, owner, proxy, answers, act } => {
            let owner_no = owner.map(OwnerNo);
            let asked = BallotAsked { owner_no, proxy_no: proxy, answers };
            let done =
                seat(books, &act, operator()).await?.cast(RoundNo(no.no), room, asked).await?;
            tell(out, act.json, &done.answer, format!("已投票，第 {} 张", done.answer.ballot_no))
        }
        Acting::Close { no, act } => {
            let done = seat(books, &act, operator()).await?.close(RoundNo(no.no)).await?;
            let verdicts: Vec<String> = done.answer.motions.iter().map(verdict).collect();
            tell(
                out,
                act.json,
                &done.answer,
                format!("表决 {} 已结束\n{}", no.no, verdicts.join("\n")),
            )
        }
        Acting::Withdraw { no, reason, act } => {
            let seat = seat(books, &act, operator()).await?;
            let done = seat.withdraw(RoundNo(no.no), WithdrawalAsked { reason }).await?;
            tell(out, act.json, &done.answer, format!("表决 {} 已撤回", no.no))
        }
    }
}

fn verdict(result: &ledger::governance::MotionResult) -> String {
    let (count, motion) = (&result.count, &result.motion);
    let word = if count.is_passed { "通过" } else { "未通过" };
    let (attended, agreed) = (count.attended, count.agreed);
    format!("  事项 {} {word}：参与 {attended}，同意 {agreed}", motion.motion_no)
}

async fn differences(
    books: &Books,
    no: RoundArg,
    asked: &CompoundArg,
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let found = looking(books, asked).await?.0.undecided(RoundNo(no.no)).await?;
    if json.json {
        say(out, &found)?;
        return Ok(DONE);
    }
    for slip in &found {
        let names: Vec<&str> = slip.entries.iter().map(|e| e.entered_by.as_str()).collect();
        let what = match slip.differences.as_slice() {
            [] => "待第二人录入".to_owned(),
            found => found.join("；"),
        };
        writeln!(out, "{}（{}）：{what}", slip.slip_no, names.join("、"))?;
    }
    writeln!(out, "未决 {} 张", found.len())?;
    Ok(DONE)
}

async fn show(
    books: &Books,
    no: RoundArg,
    asked: &CompoundArg,
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let progress = looking(books, asked).await?.0.progress(RoundNo(no.no)).await?;
    if json.json {
        say(out, &progress)?;
        return Ok(DONE);
    }
    writeln!(out, "表决 {} {}，终日 {}", no.no, progress.stage.in_chinese(), progress.closes_on)?;
    for motion in &progress.motions {
        writeln!(out, "  事项 {} {}：{}", motion.motion_no, motion.title, motion.lacking)?;
    }
    for building in &progress.buildings {
        let (name, all) = (&building.building, building.dwellings);
        writeln!(
            out,
            "  {name} 幢：{all} 户，已送达 {}，已投票 {}",
            building.delivered, building.returned
        )?;
    }
    Ok(DONE)
}

async fn list(books: &Books, asked: &CompoundArg, json: JsonArgs, out: Out<'_>) -> Ran {
    let rounds = looking(books, asked).await?.0.rounds().await?;
    if json.json {
        say(out, &rounds)?;
        return Ok(DONE);
    }
    if_none(out, rounds.len(), "表决")?;
    for round in rounds {
        let (from, to) = (round.opens_on, round.closes_on);
        writeln!(
            out,
            "{}  {}  {}  {from} 至 {to}",
            round.round_no,
            round.stage.in_chinese(),
            round.title
        )?;
    }
    Ok(DONE)
}

async fn result(
    books: &Books,
    no: RoundArg,
    asked: &CompoundArg,
    (file, is_replaced): (Option<PathBuf>, bool),
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let no = RoundNo(no.no);
    if json.json {
        let (seat, _) = looking(books, asked).await?;
        say(out, &seat.result(no).await?)?;
        return Ok(DONE);
    }
    let compound = compound(books, &asked.compound).await?;
    let order = Order { no: Some(no.to_string()), ..Order::default() };
    let Some(path) = file else {
        let text =
            documents::on_paper(books, &compound, "vote-result", order, Device::Text).await?;
        write!(out, "{}", String::from_utf8_lossy(&text))?;
        return Ok(DONE);
    };
    filed(books, &compound, ("vote-result", order), &path, is_replaced).await?;
    let name = compound.name;
    writeln!(out, "{name} 表决 {no} 的结果已写到 {}", path.display())?;
    Ok(DONE)
}

/// Checks a recount file without any books: every owner can.
fn recheck(file: &Path, is_json: bool, out: Out<'_>) -> Ran {
    let found = match recount::check(&text_of(file)?) {
        Ok(found) => found,
        Err(line) => {
            let what = format!("第 {line} 行与链不符，此行或之前有改动");
            tell(out, is_json, &json!({ "ok": false, "line": line }), what)?;
            return Ok(REFUSED);
        }
    };
    if is_json {
        say(out, &json!({ "ok": true, "recounted": found }))?;
        return Ok(DONE);
    }
    writeln!(out, "{} 行，链完整；应参与 {}", found.lines, found.entitled)?;
    for (sums, no) in found.motions.iter().zip(1..) {
        for (word, figure) in sums.iter().filter(|(_, figure)| figure.heads > 0) {
            let word = if word.is_empty() { "未表决" } else { word };
            writeln!(out, "  事项 {no} {word} {figure}")?;
        }
    }
    writeln!(out, "  名册摘要 {}\n  末行链值 {}", found.roll_digest, found.digest)?;
    Ok(DONE)
}
