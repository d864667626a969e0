//! Papers and the archive: every paper by its SHA-256, and one list whose digest closes the project.
//!
//! Always: a paper is kept as it came, never changed, its digest over its bytes; a file's name is a word on a list and never a
//! path. The archive's list is text, the same bytes whenever it is made: the steps with their digests, the papers, the
//! payments with their vouchers. Its SHA-256 is a step of the project.
//! Limits: content up to [`KEPT_MOST`] bytes is kept; of a larger file, up to [`TAKEN_MOST`], only the digest and the length.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::facts::{Facts, Recorded};
use super::step::{Archived, NoticeOf, Step};
use super::{NO_PAPER, PAPER, Stepped, UNFINISHED, caps, facts_of, law, let_go, rows};
use crate::books::{Tx, View};
use crate::calendar::{Day, Instant};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, PaperNo, ProjectNo, StepNo};
use crate::journal::text::hex;
use crate::seal::may_stand_in_clear;

/// Content up to so many bytes is kept.
pub const KEPT_MOST: usize = 4 << 20;
/// A paper has at most so many bytes.
pub const TAKEN_MOST: usize = 64 << 20;

/// What a paper is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ProjectPaperKind", inline, description = "材料种类")]
pub enum PaperKind {
    /// 申请表.
    #[schemars(description = "申请表")]
    Application,
    /// 照片.
    #[schemars(description = "照片、查看记录")]
    Photograph,
    /// 方案、预算.
    #[schemars(description = "方案、预算")]
    Plan,
    /// 公示.
    #[schemars(description = "公示")]
    Notice,
    /// 表决.
    #[schemars(description = "表决材料")]
    Vote,
    /// 应急.
    #[schemars(description = "应急确认、证明")]
    Emergency,
    /// 合同.
    #[schemars(description = "合同")]
    Contract,
    /// 发票.
    #[schemars(description = "发票")]
    Invoice,
    /// 验收.
    #[schemars(description = "验收")]
    Acceptance,
    /// 审价.
    #[schemars(description = "审价、决算")]
    Review,
    /// 银行凭证.
    #[schemars(description = "银行凭证")]
    Bank,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl PaperKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PaperKind::Application => "application",
            PaperKind::Photograph => "photograph",
            PaperKind::Plan => "plan",
            PaperKind::Notice => "notice",
            PaperKind::Vote => "vote",
            PaperKind::Emergency => "emergency",
            PaperKind::Contract => "contract",
            PaperKind::Invoice => "invoice",
            PaperKind::Acceptance => "acceptance",
            PaperKind::Review => "review",
            PaperKind::Bank => "bank",
            PaperKind::Other => "other",
        }
    }

    /// The word for a stable name; the name itself, if nobody knows it.
    #[must_use]
    pub fn told(name: &str) -> &str {
        let words = [
            (PaperKind::Application, "申请表"),
            (PaperKind::Photograph, "照片、查看记录"),
            (PaperKind::Plan, "方案、预算"),
            (PaperKind::Notice, "公示"),
            (PaperKind::Vote, "表决材料"),
            (PaperKind::Emergency, "应急确认、证明"),
            (PaperKind::Contract, "合同"),
            (PaperKind::Invoice, "发票"),
            (PaperKind::Acceptance, "验收"),
            (PaperKind::Review, "审价、决算"),
            (PaperKind::Bank, "银行凭证"),
            (PaperKind::Other, "其他"),
        ];
        words.into_iter().find(|(kind, _)| kind.name() == name).map_or(name, |(_, word)| word)
    }
}

/// A paper as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectPaper", description = "一份材料")]
pub struct Paper {
    /// Its number.
    #[schemars(description = "材料编号", example = 1)]
    pub paper_no: PaperNo,
    /// What it is.
    #[schemars(description = "种类", example = &"contract")]
    pub kind: String,
    /// The file's name: a word, never a path.
    #[schemars(description = "文件名", example = &"合同.pdf")]
    pub name: String,
    /// How long it is.
    #[schemars(description = "长度：字节", example = 120_000)]
    pub length: i64,
    /// Its SHA-256.
    #[schemars(description = "摘要：SHA-256", example = &"3572dc88")]
    pub digest: String,
    /// When it was handed in.
    #[schemars(description = "登记时刻")]
    pub recorded_at: Instant,
    /// By which role.
    #[schemars(description = "登记单位", example = &"物业公司")]
    pub by: String,
}

/// Keeps a paper.
///
/// # Errors
/// `works.no-project`, `works.step`, `works.paper`, `seal.person-in-text`.
pub async fn keep_paper(
    tx: &mut Tx,
    no: ProjectNo,
    kind: PaperKind,
    name: &str,
    content: &[u8],
) -> Result<Paper> {
    tx.flush().await?;
    let compound = tx.compound();
    let facts = facts_of(tx, compound, no).await?;
    super::fit::at(&facts, facts.archived.is_none(), "已归档")?;
    may_be_kept(name, content)?;

    let paper_no = PaperNo(tx.next_no(&format!("project-paper/{no}")));
    let digest = hex(&Sha256::digest(content));
    let kept = if content.len() <= KEPT_MOST { content } else { &[] };
    let length = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let (at, actor) = (tx.at(), tx.actor().clone());
    let row = [
        compound.0.into(),
        no.0.into(),
        paper_no.0.into(),
        kind.name().into(),
        name.trim().into(),
        length.into(),
        (&digest).into(),
        kept.into(),
        at.seconds().into(),
        (&actor.name).into(),
        actor.role.name().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::PAPER, &row);
    Ok(Paper {
        paper_no,
        kind: kind.name().to_owned(),
        name: name.trim().to_owned(),
        length,
        digest,
        recorded_at: at,
        by: actor.role.in_chinese().to_owned(),
    })
}

fn may_be_kept(name: &str, content: &[u8]) -> Result<(), Refusal> {
    let plain = name.trim();
    let is_word = !plain.is_empty()
        && plain.chars().count() <= 120
        && !plain.chars().any(|c| c.is_control() || c == '/' || c == '\\')
        && plain != "."
        && plain != "..";
    if !is_word || content.is_empty() || content.len() > TAKEN_MOST {
        let shown: String = plain.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(PAPER.refuse(format!("文件名 {shown:?}，{} 字节", content.len())));
    }
    may_stand_in_clear("文件名", plain)
}

/// The papers of a project, by number.
///
/// # Errors
/// Storage.
pub async fn papers(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
) -> Result<Vec<Paper>> {
    let sql = "SELECT paper_no, kind, name, length, digest, recorded_at, by_role FROM project_paper
               WHERE compound_id = $1 AND project_no = $2 ORDER BY paper_no";
    let mut papers = Vec::new();
    for row in view.rows(rows::PROJECTS, sql, vec![compound.0.into(), no.0.into()]).await? {
        let role: String = row.try_get("", "by_role")?;
        papers.push(Paper {
            paper_no: PaperNo(row.try_get("", "paper_no")?),
            kind: row.try_get("", "kind")?,
            name: row.try_get("", "name")?,
            length: row.try_get("", "length")?,
            digest: row.try_get("", "digest")?,
            recorded_at: Instant::from_seconds(row.try_get("", "recorded_at")?),
            by: crate::books::Role::named(&role).map_or("", |role| role.in_chinese()).to_owned(),
        });
    }
    Ok(papers)
}

/// A paper's bytes, checked against its digest.
///
/// # Errors
/// `works.no-paper`; storage, if the bytes are not what their digest says.
pub async fn paper(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
    paper: PaperNo,
) -> Result<(String, Vec<u8>)> {
    let sql = "SELECT name, digest, content FROM project_paper
               WHERE compound_id = $1 AND project_no = $2 AND paper_no = $3";
    let values = vec![compound.0.into(), no.0.into(), paper.0.into()];
    let found = view.rows(rows::PROJECTS, sql, values).await?;
    let missing = || NO_PAPER.refuse(format!("项目 {no} 材料 {paper}"));
    let row = found.first().ok_or_else(missing)?;
    let content: Vec<u8> = row.try_get("", "content")?;
    if content.is_empty() {
        return Err(NO_PAPER.refuse(format!("项目 {no} 材料 {paper} 只留摘要")).into());
    }
    let digest: String = row.try_get("", "digest")?;
    if hex(&Sha256::digest(&content)) != digest {
        let what = format!("paper {paper} of project {no} was altered");
        return Err(crate::error::Storage::Bug(what).into());
    }
    Ok((row.try_get("", "name")?, content))
}

/// The archive's list: everything that was recorded, with its digest.
#[must_use]
pub fn list(facts: &Facts, steps: &[Recorded], papers: &[Paper]) -> String {
    let mut text = format!("项目 {} {}\n", facts.no(), facts.project.proposal.title.trim());
    for step in steps.iter().filter(|step| !matches!(step.step, Step::Archived(_))) {
        let Recorded { no, on, by, digest, step } = step;
        let (role, kind) = (by.role.name(), step.kind());
        let _ = writeln!(text, "步骤 {no} {on} {role} {kind} sha256:{digest}");
    }
    for paper in papers {
        let Paper { paper_no, kind, name, length, digest, .. } = paper;
        let _ = writeln!(text, "材料 {paper_no} {kind} {length} sha256:{digest} {name}");
    }
    for paid in &facts.paid {
        let word = match (paid.is_reversed, paid.is_back) {
            (true, _) => "已冲销",
            (false, true) => "追回",
            (false, false) => "付款",
        };
        let voucher = paid.voucher.map_or("-".to_owned(), |seq| seq.to_string());
        let _ = writeln!(
            text,
            "{word} {} {} {} 其中维修资金 {} 凭证 {voucher}",
            paid.no, paid.on, paid.amount, paid.fund
        );
    }
    text
}

/// Closes a project: everything is done, the rest of what was held is let go, the list's digest is kept.
///
/// # Errors
/// `works.no-project`, `works.step`, `works.unfinished`.
pub async fn archive(tx: &mut Tx, no: ProjectNo) -> Result<Stepped> {
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let (facts, steps) = super::project(tx, compound, no).await?;
    let pack = law(tx, compound, &facts, today).await?;
    let papers = papers(tx, compound, no).await?;
    super::fit::at(&facts, facts.archived.is_none() && facts.withdrawn.is_none(), "不再办理")?;
    may_be_archived(&pack, &facts, today)?;

    let digest = hex(&Sha256::digest(list(&facts, &steps, &papers).as_bytes()));
    let_go(tx, no).await?;
    let step_no = StepNo(facts.last.0 + 1);
    rows::keep_step(tx, no, step_no, &Step::Archived(Archived { digest: digest.clone() }))?;
    let stage = facts_of(tx, compound, no).await?.stage();
    Ok(Stepped { step_no, digest, stage })
}

fn may_be_archived(pack: &crate::policy::Pack, facts: &Facts, today: Day) -> Result<(), Refusal> {
    let mut lacking = Vec::new();
    let accepted = facts.acceptance.as_ref().filter(|acceptance| acceptance.is.is_passed);
    if accepted.is_none() {
        lacking.push("验收合格".to_owned());
    }
    let by_others = facts.plan.as_ref().map_or_else(Default::default, |plan| plan.is.by_others());
    match caps::settled(pack, facts).filter(|_| facts.account.is_some()) {
        None => lacking.push("决算（须审价的已审价）".to_owned()),
        Some(settled) => {
            let due = settled - by_others - facts.paid_so_far();
            if due.is_positive() {
                lacking.push(format!("付清 {} 元", due.grouped()));
            }
            if due.is_negative() {
                lacking.push(format!("追回 {} 元", (-due).grouped()));
            }
        }
    }
    let kept = caps::kept_back(pack, facts, today);
    if let Some(contract) = facts.contract.as_ref().filter(|_| kept.is_positive()) {
        lacking.push(caps::retained(&contract.is, kept));
    }
    if let Some(request) = facts.undecided_request() {
        lacking.push(format!("办结付款申请（步骤 {}）", request.no));
    }
    let last = facts.account.as_ref().map_or(StepNo(0), |account| account.no);
    if facts.notice(NoticeOf::Outcome, last).is_none() {
        lacking.push("公示使用结果".to_owned());
    }
    let open = facts.open_objections().count();
    if open > 0 {
        lacking.push(format!("答复 {open} 件异议"));
    }
    if lacking.is_empty() {
        return Ok(());
    }
    Err(UNFINISHED.refuse(format!("尚缺：{}", lacking.join("、"))))
}
