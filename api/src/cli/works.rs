//! `xiaoqu project …`: a repair paid from the fund, from the proposal to the archive.
//!
//! A step is told as JSON, as over the wire. Who acts is said, because the conditions ask who it was.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::{Actor, Books, Role};
use ledger::error::{Error, Storage};
use ledger::id::{LineNo, ProjectNo, StepNo};
use ledger::money::Money;
use ledger::works::step::Proposal;
use ledger::works::{Asked, ClaimBack, PaperKind, Payment, Step};
use serde_json::json;

use super::reports::{filed, report};
use super::votes::{tell, text_of, told};
use super::{
    ActArgs, CompoundArg, DONE, Ground, JsonArgs, Out, Ran, at, compound, if_none, in_name_of,
    money, number, put, say, word,
};
use crate::documents::Order;
use crate::governance::Seat;
use crate::shape;
use crate::wire::IsoDay;

/// What can be done with a project.
#[derive(Debug, Subcommand)]
pub(super) enum Project {
    /// 立项：JSON 文件，写明名称、程序、资金由谁管理
    Propose {
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记一步：种类与 JSON 文件，内容与网络接口相同
    Record {
        #[command(flatten)]
        no: ProjectArg,
        /// 种类：plan、check、notice、objection、answer、vote、witnessing、application、decision、contract、progress、acceptance、review、final-account、warranty-end、interest、raised、request、order、withdrawal
        #[arg(long, value_name = "KIND")]
        step: String,
        /// JSON 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 付款：据已批准的付款申请
    Pay {
        #[command(flatten)]
        no: ProjectArg,
        /// 付款申请的步骤编号
        #[arg(long, value_name = "STEP", value_parser = number)]
        request: i32,
        /// 付款日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 银行流水编号
        #[arg(long, value_name = "NO", value_parser = number)]
        line: Option<i32>,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 追回多付的款项
    ClaimBack {
        #[command(flatten)]
        no: ProjectArg,
        /// 金额：元
        #[arg(long, value_name = "YUAN", value_parser = money)]
        amount: Money,
        /// 到账日期
        #[arg(long, value_name = "DAY")]
        on: IsoDay,
        /// 银行流水编号
        #[arg(long, value_name = "NO", value_parser = number)]
        line: Option<i32>,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 登记材料
    Paper {
        #[command(flatten)]
        no: ProjectArg,
        /// 种类：application、photograph、plan、notice、vote、emergency、contract、invoice、acceptance、review、bank、other
        #[arg(long, value_name = "KIND", value_parser = word::<PaperKind>)]
        kind: PaperKind,
        /// 文件
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 归档
    Archive {
        #[command(flatten)]
        no: ProjectArg,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        act: ActArgs,
    },
    /// 列出项目
    List {
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 查看项目：方案名、申请摘要、经过、付款、材料
    Show {
        #[command(flatten)]
        no: ProjectArg,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 支取条件：逐项列出现状与办法
    Gate {
        #[command(flatten)]
        no: ProjectArg,
        /// 问可否批准；不写则问可否付款
        #[arg(long)]
        approve: bool,
        /// 写成使用审批表，.pdf、.txt、.csv 或 .xlsx
        #[arg(long, value_name = "FILE", conflicts_with = "json", value_parser = report)]
        out: Option<PathBuf>,
        /// 文件已有且内容不同的，覆盖
        #[arg(long, requires = "out")]
        replace: bool,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 分摊清册
    Shares {
        #[command(flatten)]
        no: ProjectArg,
        /// 写到文件，.pdf、.txt、.csv 或 .xlsx
        #[arg(long, value_name = "FILE", conflicts_with = "json", value_parser = report)]
        out: Option<PathBuf>,
        /// 文件已有且内容不同的，覆盖
        #[arg(long, requires = "out")]
        replace: bool,
        #[command(flatten)]
        compound: CompoundArg,
        #[command(flatten)]
        json: JsonArgs,
    },
    /// 归档清单：其 SHA-256 即归档摘要
    Papers {
        #[command(flatten)]
        no: ProjectArg,
        #[command(flatten)]
        compound: CompoundArg,
        /// 写到文件；不写则到标准输出
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ProjectArg {
    /// 项目编号
    #[arg(value_name = "NO", value_parser = number)]
    no: i32,
}

/// Who acts.
#[derive(Clone, Debug, Args)]
pub(super) struct Who {
    /// 以谁之名办理：用户名，须有该角色的在期授权；不写则为操作台
    #[arg(long, value_name = "NAME", requires = "role")]
    by: Option<String>,
    /// 以何角色：property-company、owners-committee、street-office、housing-authority、owner
    #[arg(long, value_name = "ROLE", value_parser = role, requires = "by")]
    role: Option<Role>,
}

fn role(text: &str) -> Result<Role, String> {
    let known = Role::named(text).filter(|role| *role != Role::Operator);
    known.ok_or_else(|| {
        "角色为 property-company、owners-committee、street-office、housing-authority 或 owner"
            .to_owned()
    })
}

impl Project {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Project::Propose { act, .. }
            | Project::Record { act, .. }
            | Project::Pay { act, .. }
            | Project::ClaimBack { act, .. }
            | Project::Paper { act, .. }
            | Project::Archive { act, .. } => act.json,
            Project::List { json, .. }
            | Project::Show { json, .. }
            | Project::Gate { json, .. }
            | Project::Shares { json, .. } => json.json,
            Project::Papers { .. } => false,
        }
    }
}

pub(super) async fn seat(books: &Books, act: &ActArgs, who: Who) -> Result<Seat, Error> {
    let compound = compound(books, &act.compound).await?;
    let role = who.role.unwrap_or(Role::Operator);
    let actor = in_name_of(books, &compound, who.by, &[role], role).await?;
    Ok(Seat { books: books.clone(), actor, compound: compound.id, key: act.key.clone() })
}

pub(super) async fn reading(books: &Books, asked: &CompoundArg) -> Result<Seat, Error> {
    let found = compound(books, &asked.compound).await?;
    let actor = Actor::operator();
    Ok(Seat { books: books.clone(), actor, compound: found.id, key: None })
}

pub(super) async fn run(db: Ground, project: Project, out: Out<'_>) -> Ran {
    at(db, async move |books| go(books, project, out).await).await
}

async fn go(books: &Books, project: Project, out: Out<'_>) -> Ran {
    match project {
        Project::Propose { file, who, act } => {
            let done = seat(books, &act, who).await?.propose(told::<Proposal>(&file)?).await?;
            tell(out, act.json, &done.answer, format!("项目 {} 已立项", done.answer.project_no))
        }
        Project::Record { no, step, file, who, act } => {
            let step = step_of(&step, &text_of(&file)?)?;
            let title = step.in_chinese();
            let done = seat(books, &act, who).await?.record(ProjectNo(no.no), step).await?;
            let stepped = &done.answer;
            let line = format!(
                "项目 {} 步骤 {} {title}，{}\n  摘要 {}",
                no.no,
                stepped.step_no,
                stepped.stage.in_chinese(),
                stepped.digest
            );
            tell(out, act.json, stepped, line)
        }
        Project::Pay { no, request, on, line, who, act } => {
            let payment =
                Payment { request: StepNo(request), paid_on: on.0, line_no: line.map(LineNo) };
            let done = seat(books, &act, who).await?.pay(ProjectNo(no.no), payment).await?;
            tell(out, act.json, &done.answer, moved("付款", &done.answer))
        }
        Project::ClaimBack { no, amount, on, line, who, act } => {
            let back =
                ClaimBack { amount_fen: amount, received_on: on.0, line_no: line.map(LineNo) };
            let done = seat(books, &act, who).await?.claim_back(ProjectNo(no.no), back).await?;
            tell(out, act.json, &done.answer, moved("追回", &done.answer))
        }
        Project::Paper { no, kind, file, who, act } => {
            let what = format!("读取 {}", file.display());
            let bytes = std::fs::read(&file).map_err(|source| Storage::File { what, source });
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
            let seat = seat(books, &act, who).await?;
            let bytes = bytes.map_err(Error::from)?;
            let done =
                seat.keep_paper(ProjectNo(no.no), kind, name.unwrap_or_default(), bytes).await?;
            let paper = &done.answer;
            let line = format!(
                "材料 {} 已登记，{} 字节\n  摘要 {}",
                paper.paper_no, paper.length, paper.digest
            );
            tell(out, act.json, paper, line)
        }
        Project::Archive { no, who, act } => {
            let done = seat(books, &act, who).await?.archive(ProjectNo(no.no)).await?;
            let line = format!("项目 {} 已归档\n  摘要 {}", no.no, done.answer.digest);
            tell(out, act.json, &done.answer, line)
        }
        Project::List { compound, json } => list(books, &compound, json, out).await,
        Project::Show { no, compound, json } => show(books, no, &compound, json, out).await,
        Project::Gate { no, approve, out: file, replace, compound, json } => {
            let asked = if approve { Asked::Approve } else { Asked::Pay };
            if let Some(path) = file {
                let compound = super::compound(books, &compound.compound).await?;
                let asked = Some(asked).filter(|asked| *asked != Asked::Approve);
                let order = Order { no: Some(no.no.to_string()), asked, ..Order::default() };
                filed(books, &compound, ("approval", order), &path, replace).await?;
                let name = compound.name;
                writeln!(out, "{name} 项目 {} 的使用审批表已写到 {}", no.no, path.display())?;
                return Ok(DONE);
            }
            gate(books, no, asked, &compound, json, out).await
        }
        Project::Shares { no, out: file, replace, compound, json } => {
            if let Some(path) = file {
                let compound = super::compound(books, &compound.compound).await?;
                let order = Order { no: Some(no.no.to_string()), ..Order::default() };
                filed(books, &compound, ("shares", order), &path, replace).await?;
                let name = compound.name;
                writeln!(out, "{name} 项目 {} 的分摊清册已写到 {}", no.no, path.display())?;
                return Ok(DONE);
            }
            shares(books, no, &compound, json, out).await
        }
        Project::Papers { no, compound, out: file } => {
            let text = reading(books, &compound).await?.archive_list(ProjectNo(no.no)).await?;
            match file {
                Some(path) => put(&path, text.as_bytes())?,
                None => write!(out, "{text}")?,
            }
            Ok(DONE)
        }
    }
}

fn step_of(kind: &str, body: &str) -> Result<Step, Error> {
    let body: serde_json::Value = shape::json(body.as_bytes())?;
    let step = json!({ "step": kind, "body": body }).to_string();
    Ok(shape::json(step.as_bytes())?)
}

fn moved(word: &str, moved: &ledger::works::Moved) -> String {
    let voucher = moved.voucher.as_deref().unwrap_or("无需凭证");
    format!(
        "第 {} 笔{word} {} 元，其中维修资金 {} 元，{} 户（{voucher}）",
        moved.payment_no,
        moved.amount_fen.grouped(),
        moved.fund_fen.grouped(),
        moved.dwellings
    )
}

async fn list(books: &Books, asked: &CompoundArg, json: JsonArgs, out: Out<'_>) -> Ran {
    let projects = reading(books, asked).await?.projects().await?;
    if json.json {
        say(out, &projects)?;
        return Ok(DONE);
    }
    if_none(out, projects.len(), "项目")?;
    for row in projects {
        writeln!(out, "{}  {}  {}", row.project_no, row.stage.in_chinese(), row.title)?;
    }
    Ok(DONE)
}

async fn show(
    books: &Books,
    no: ProjectArg,
    asked: &CompoundArg,
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let project = reading(books, asked).await?.project(ProjectNo(no.no)).await?;
    if json.json {
        say(out, &project)?;
        return Ok(DONE);
    }
    writeln!(out, "项目 {} {} {}", no.no, project.row.title, project.row.stage.in_chinese())?;
    for (word, told) in [
        ("方案名", &project.plan_name),
        ("申请摘要", &project.application_digest),
        ("付款申请摘要", &project.open_request_digest),
    ] {
        if let Some(told) = told {
            writeln!(out, "  {word} {told}")?;
        }
    }
    for step in &project.steps {
        writeln!(out, "  {}", step.line())?;
    }
    Ok(DONE)
}

async fn gate(
    books: &Books,
    no: ProjectArg,
    asked: Asked,
    of: &CompoundArg,
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let gate = reading(books, of).await?.findings(ProjectNo(no.no), asked).await?;
    if json.json {
        say(out, &gate)?;
        return Ok(DONE);
    }
    for finding in &gate.findings {
        let rooms = finding.rooms.join("、");
        let (state, title) = (finding.state.in_chinese(), &finding.title);
        writeln!(
            out,
            "{state}  {title}：{}{}{rooms}",
            finding.evidence,
            if rooms.is_empty() { "" } else { "：" }
        )?;
        if ledger::works::gate::is_in_the_way(finding, asked) {
            writeln!(out, "    依据 {}；办法 {}", finding.article, finding.remedy)?;
        }
    }
    let verdict = match (asked, gate.is_open) {
        (Asked::Approve, true) => "可以批准",
        (Asked::Approve, false) => "不能批准",
        (Asked::Pay, true) => "可以付款",
        (Asked::Pay, false) => "不能付款",
    };
    writeln!(out, "{verdict}")?;
    Ok(DONE)
}

async fn shares(
    books: &Books,
    no: ProjectArg,
    asked: &CompoundArg,
    json: JsonArgs,
    out: Out<'_>,
) -> Ran {
    let preview = reading(books, asked).await?.preview(ProjectNo(no.no)).await?;
    if json.json {
        say(out, &preview)?;
        return Ok(DONE);
    }
    for row in &preview.rows {
        let left = row.principal_left_fen + row.gains_left_fen;
        let why = if row.left_out.is_empty() { &row.paid_by } else { &row.left_out };
        writeln!(
            out,
            "{}  分摊 {}  自筹 {}  余额 {}  {why}",
            row.room,
            row.share_fen.grouped(),
            row.owner_owes_fen.grouped(),
            left.grouped()
        )?;
    }
    for unit in &preview.units {
        let (share, owes) = (unit.share_fen.grouped(), unit.owes_fen.grouped());
        writeln!(out, "{}  分摊 {share}  另付 {owes}  售房单位", unit.name)?;
    }
    let units: Money = preview.units.iter().map(|unit| unit.share_fen).sum();
    writeln!(
        out,
        "应分摊 {} 元：维修资金 {}，自筹 {}，建设单位 {}，售房单位 {}（{}）",
        preview.to_share_fen.grouped(),
        preview.from_fund_fen.grouped(),
        preview.owed_fen.grouped(),
        preview.by_developers_fen.grouped(),
        units.grouped(),
        preview.basis
    )?;
    Ok(DONE)
}
