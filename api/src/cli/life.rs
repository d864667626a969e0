//! `xiaoqu dwelling …` and `xiaoqu custody …`: split, merge, end and certify a dwelling; hand the fund over and take it back.

use std::path::PathBuf;

use clap::Subcommand;
use ledger::books::Books;
use ledger::life::{CertificateKind, Certifying, Handed, Succeeded};
use ledger::measure::Area;
use ledger::property::RoomCode;
use serde_json::json;

use super::reports::{filed, report};
use super::{ActArgs, CompoundArg, DONE, Out, Ran, compound, number, operator, say};
use crate::documents::Order;
use crate::life::{
    DemolitionAsked, HandOverAsked, MergeAsked, PartAsked, SplitAsked, TakeBackAsked, certify_for,
    demolish_for, hand_over_for, merge_for, split_for, take_back_for,
};
use crate::wire::IsoDay;

/// What can be done with a dwelling.
#[derive(Debug, Subcommand)]
pub(super) enum Life {
    /// 分户：本金、增值收益按面积分到新房屋
    Split {
        /// 原房号
        #[arg(long, value_name = "CODE")]
        room: String,
        /// 分成的一户，房号=面积（平方米），例如 1-1-1011=40.00；每户写一次
        #[arg(long = "part", value_parser = part, required = true)]
        parts: Vec<PartAsked>,
        /// 分户日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 依据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 并户：同幢、同产权人
    Merge {
        /// 原房号；每户写一次
        #[arg(long = "room", value_name = "CODE", required = true)]
        rooms: Vec<String>,
        /// 并成的房号
        #[arg(long, value_name = "CODE", value_parser = code)]
        into: RoomCode,
        /// 并户日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 依据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记灭失：自该日起房屋不复存在；结存另办返还
    Demolish {
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: String,
        /// 灭失日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 依据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 出具维修资金结存证明或结清证明（过户用）
    Certify {
        /// 房号
        #[arg(long, value_name = "CODE")]
        room: String,
        /// 结清证明：首期已交清；不写则为结存证明
        #[arg(long)]
        clearance: bool,
        /// 写到文件：.pdf、.txt、.csv 或 .xlsx
        #[arg(long, value_name = "FILE", value_parser = report)]
        out: Option<PathBuf>,
        /// 文件已有且内容不同的，覆盖
        #[arg(long, requires = "out")]
        replace: bool,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// What can be done with the whole fund.
#[derive(Debug, Subcommand)]
pub(super) enum Custody {
    /// 划转业主大会：全部资金移交，各户归零
    HandOver {
        /// 接收方
        #[arg(long)]
        to: String,
        /// 划转日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 依据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 划回：与移交时逐户相同
    TakeBack {
        /// 代管机构
        #[arg(long)]
        keeper: String,
        /// 划回日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 依据
        #[arg(long)]
        evidence: String,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 打印移交或划回清册
    List {
        /// 划转编号
        #[arg(value_parser = number)]
        no: i32,
        #[command(flatten)]
        compound: CompoundArg,
        /// 写到文件：.pdf、.txt、.csv 或 .xlsx
        #[arg(long, value_name = "FILE", value_parser = report)]
        out: PathBuf,
        /// 文件已有且内容不同的，覆盖
        #[arg(long)]
        replace: bool,
    },
}

impl Life {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Life::Split { act, .. }
            | Life::Merge { act, .. }
            | Life::Demolish { act, .. }
            | Life::Certify { act, .. } => act.json,
        }
    }
}

impl Custody {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Custody::HandOver { act, .. } | Custody::TakeBack { act, .. } => act.json,
            Custody::List { .. } => false,
        }
    }
}

fn code(text: &str) -> Result<RoomCode, String> {
    RoomCode::parse(text).map_err(|why| why.to_string())
}

fn part(text: &str) -> Result<PartAsked, String> {
    let shape = || "写作 房号=面积，例如 1-1-1011=40.00".to_owned();
    let (room, area) = text.split_once('=').ok_or_else(shape)?;
    let area_centi_m2 = Area::parse(area).ok_or_else(shape)?;
    Ok(PartAsked { room: code(room)?, area_centi_m2 })
}

pub(super) async fn life(books: &Books, asked: Life, out: Out<'_>) -> Ran {
    match asked {
        Life::Split { room, parts, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let given = (room, SplitAsked { on, parts, evidence });
            let done = split_for(books, &operator(), &compound, act.key, given).await?;
            succeeded(&done.answer, act.json, out)
        }
        Life::Merge { rooms, into, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let given = MergeAsked { rooms, on, room: into, evidence };
            let done = merge_for(books, &operator(), &compound, act.key, given).await?;
            succeeded(&done.answer, act.json, out)
        }
        Life::Demolish { room, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let given = (room, DemolitionAsked { on, evidence });
            let done = demolish_for(books, &operator(), &compound, act.key, given).await?;
            if act.json {
                say(out, &json!({ "succession_no": done.answer }))?;
            } else {
                writeln!(out, "变动 {}：已登记灭失；结存请以房屋灭失返还办理", done.answer)?;
            }
            Ok(DONE)
        }
        Life::Certify { room, clearance, out: file, replace, act } => {
            let compound = compound(books, &act.compound).await?;
            let kind =
                if clearance { CertificateKind::Clearance } else { CertificateKind::Balance };
            let given = Certifying { room, kind };
            let done = certify_for(books, &operator(), &compound, act.key, given).await?;
            let certificate = done.answer;
            let (no, title) = (certificate.certificate_no, kind.in_chinese());
            // It is issued: its number is told before its paper can fail.
            if act.json {
                say(out, &certificate)?;
            } else {
                let total = (certificate.principal_fen + certificate.gains_fen).grouped();
                writeln!(out, "{title} {no}：{} 结存 {total} 元", certificate.room)?;
            }
            if let Some(file) = &file {
                let order = Order { no: Some(no.to_string()), ..Order::default() };
                filed(books, &compound, ("certificate", order), file, replace).await?;
            }
            Ok(DONE)
        }
    }
}

fn succeeded(done: &Succeeded, is_json: bool, out: Out<'_>) -> Ran {
    if is_json {
        say(out, done)?;
        return Ok(DONE);
    }
    let voucher = done.voucher.as_deref().unwrap_or("无");
    writeln!(out, "变动 {}：凭证 {voucher}", done.succession_no)?;
    for part in &done.into {
        let (principal, gains) = (part.principal_fen.grouped(), part.gains_fen.grouped());
        writeln!(out, "  {}：本金 {principal} 元，增值收益 {gains} 元", part.room)?;
    }
    Ok(DONE)
}

pub(super) async fn custody(books: &Books, asked: Custody, out: Out<'_>) -> Ran {
    match asked {
        Custody::HandOver { to, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let given = HandOverAsked { to, on, evidence };
            let done = hand_over_for(books, &operator(), &compound, act.key, given).await?;
            handed(&done.answer, "移交", act.json, out)
        }
        Custody::TakeBack { keeper, on, evidence, act } => {
            let compound = compound(books, &act.compound).await?;
            let (list, undistributed_fen) = (None, ledger::money::Money::ZERO);
            let given = TakeBackAsked { keeper, on, evidence, list, undistributed_fen };
            let done = take_back_for(books, &operator(), &compound, act.key, given).await?;
            handed(&done.answer, "划回", act.json, out)
        }
        Custody::List { no, compound: at, out: file, replace } => {
            let compound = compound(books, &at.compound).await?;
            let order = Order { no: Some(no.to_string()), ..Order::default() };
            filed(books, &compound, ("custody", order), &file, replace).await?;
            writeln!(out, "{} 第 {no} 次划转清册已写到 {}", compound.name, file.display())?;
            Ok(DONE)
        }
    }
}

fn handed(done: &Handed, word: &str, is_json: bool, out: Out<'_>) -> Ran {
    if is_json {
        say(out, done)?;
        return Ok(DONE);
    }
    let (total, others) = (done.total_fen.grouped(), done.others_fen.grouped());
    let (no, many) = (done.custody_no, done.list.len());
    writeln!(
        out,
        "{word} {no}：{many} 户，总额 {total} 元，其中未落户 {others} 元，凭证 {}",
        done.voucher
    )?;
    writeln!(out, "  清册摘要 {}", done.digest)?;
    Ok(DONE)
}
