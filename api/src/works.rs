//! The door of the works: projects, their steps, the gate, money, papers.
//!
//! A step's body is the ledger's own; the door adds who may knock with it. An owner sees the same list of conditions as the
//! office, without other people's rooms in it.

use std::cmp::Reverse;
use std::sync::Arc;

use ledger::books::{Done, Request};
use ledger::error::Result;
use ledger::id::{PaperNo, ProjectNo, StepNo};
use ledger::money::Money;
use ledger::policy::Path;
use ledger::property::{self, RoomCode};
use ledger::works::step::*;
use ledger::works::{
    self, Asked as GateAsked, ClaimBack, Facts, Finding, Moved, Paper, PaperKind, Payment, Preview,
    PreviewRow, Proposed, Stage, Stepped,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::documents::{self, Device, Order as Printing, ReportFiles};
use crate::door::{Asked, Nothing, Told, Upload, Visit};
use crate::governance::Seat;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, Files, IsoDay, Paper as Answer, Shown};

/// The verb under which a step is recorded.
const fn verb_of(step: &Step) -> &'static str {
    match step {
        Step::Plan(_) => "works.plan",
        Step::Check(_) => "works.check",
        Step::Notice(_) => "works.notice",
        Step::Objection(_) => "works.objection",
        Step::Answer(_) => "works.answer",
        Step::Vote(_) => "works.vote",
        Step::Witnessing(_) => "works.witness",
        Step::Application(_) => "works.apply",
        Step::Decision(_) => "works.decide",
        Step::Contract(_) => "works.contract",
        Step::Progress(_) => "works.progress",
        Step::Acceptance(_) => "works.accept",
        Step::Review(_) => "works.review",
        Step::FinalAccount(_) => "works.account",
        Step::WarrantyEnd(_) => "works.warranty-end",
        Step::Interest(_) => "works.interest",
        Step::Raised(_) => "works.raised",
        Step::Request(_) => "works.request",
        Step::Order(_) => "works.order",
        Step::Withdrawal(_) => "works.withdraw",
        Step::Archived(_) => "works.archive",
    }
}

impl Seat {
    /// Proposes a project.
    ///
    /// # Errors
    /// Those of [`works::propose`].
    pub async fn propose(&self, proposal: Proposal) -> Result<Done<Proposed>> {
        self.act("works.propose", proposal, |tx, p: &Proposal| Box::pin(works::propose(tx, p)))
            .await
    }

    /// Records a step.
    ///
    /// # Errors
    /// Those of [`works::record`].
    pub async fn record(&self, no: ProjectNo, step: Step) -> Result<Done<Stepped>> {
        self.act(verb_of(&step), (no, step), |tx, (no, step)| {
            Box::pin(works::record(tx, *no, step))
        })
        .await
    }

    /// Pays an approved request.
    ///
    /// # Errors
    /// Those of [`works::pay`].
    pub async fn pay(&self, no: ProjectNo, payment: Payment) -> Result<Done<Moved>> {
        self.act("works.pay", (no, payment), |tx, (no, payment)| {
            Box::pin(works::pay(tx, *no, payment))
        })
        .await
    }

    /// Takes back what was paid too much.
    ///
    /// # Errors
    /// Those of [`works::claim_back`].
    pub async fn claim_back(&self, no: ProjectNo, back: ClaimBack) -> Result<Done<Moved>> {
        self.act("works.claim-back", (no, back), |tx, (no, back)| {
            Box::pin(works::claim_back(tx, *no, back))
        })
        .await
    }

    /// Keeps a paper.
    ///
    /// # Errors
    /// Those of [`works::keep_paper`].
    pub async fn keep_paper(
        &self,
        no: ProjectNo,
        kind: PaperKind,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<Done<Paper>> {
        // A paper's bytes are no part of the act's record; their digest is.
        let told = json!({ "project_no": no, "kind": kind, "name": name, "length": bytes.len() });
        let given = (no, kind, name, Arc::new(bytes));
        let request = Request::describing("works.paper", given, told).maybe_once(self.key.clone());
        self.books
            .act(&self.actor, self.compound, request, |tx, (no, kind, name, bytes)| {
                Box::pin(works::keep_paper(tx, *no, *kind, name, bytes))
            })
            .await
    }

    /// Closes a project.
    ///
    /// # Errors
    /// Those of [`works::archive`](fn@works::archive).
    pub async fn archive(&self, no: ProjectNo) -> Result<Done<Stepped>> {
        self.act("works.archive", no, |tx, no: &ProjectNo| Box::pin(works::archive(tx, *no))).await
    }

    /// The gate's list.
    ///
    /// # Errors
    /// Those of [`works::findings`].
    pub async fn findings(&self, no: ProjectNo, asked: GateAsked) -> Result<GateView> {
        let today = self.books.clock().now().day();
        let mut view = self.books.read().await?;
        let findings = works::findings(&mut view, self.compound, no, asked, today).await?;
        let is_open = !findings.iter().any(|f| works::gate::is_in_the_way(f, asked));
        Ok(GateView { is_open, findings })
    }

    /// The shares.
    ///
    /// # Errors
    /// Those of [`works::preview`].
    pub async fn preview(&self, no: ProjectNo) -> Result<Preview> {
        let today = self.books.clock().now().day();
        works::preview(&mut self.books.read().await?, self.compound, no, today).await
    }

    /// A project with everything that was recorded of it.
    ///
    /// # Errors
    /// `works.no-project`.
    pub async fn project(&self, no: ProjectNo) -> Result<ProjectView> {
        let mut view = self.books.read().await?;
        let (facts, steps) = works::project(&mut view, self.compound, no).await?;
        let papers = works::papers(&mut view, self.compound, no).await?;
        Ok(ProjectView::of(&facts, steps, papers))
    }

    /// The projects, the newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn projects(&self) -> Result<Vec<ProjectRow>> {
        let found = works::projects(&mut self.books.read().await?, self.compound).await?;
        Ok(found.iter().map(ProjectRow::from).collect())
    }

    /// The archive's list, to be kept beside the papers.
    ///
    /// # Errors
    /// `works.no-project`.
    pub async fn archive_list(&self, no: ProjectNo) -> Result<String> {
        let mut view = self.books.read().await?;
        let (facts, steps) = works::project(&mut view, self.compound, no).await?;
        let papers = works::papers(&mut view, self.compound, no).await?;
        Ok(works::archive::list(&facts, &steps, &papers))
    }
}

/// A project's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtProject {
    #[schemars(description = "项目编号", example = 1)]
    no: ProjectNo,
}

/// A paper's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtPaper {
    #[schemars(description = "项目编号", example = 1)]
    no: ProjectNo,
    #[schemars(description = "材料编号", example = 1)]
    number: PaperNo,
}

/// A project's place, seen from a dwelling.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtRoomAndProject {
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    room: String,
    #[schemars(description = "项目编号", example = 1)]
    no: ProjectNo,
}

/// A project in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一个维修项目")]
pub struct ProjectRow {
    #[schemars(description = "项目编号", example = 1)]
    pub(crate) project_no: ProjectNo,
    #[schemars(description = "名称", example = &"1 幢屋面防水维修")]
    pub(crate) title: String,
    #[schemars(description = "程序")]
    path: Path,
    #[schemars(description = "阶段")]
    pub(crate) stage: Stage,
    #[schemars(description = "列支范围：尚无方案的空", example = &"1 幢")]
    scope: String,
    #[schemars(description = "应分摊：分", example = 10_000_000)]
    to_share_fen: Money,
    #[schemars(description = "已付：分，列支范围承担的部分", example = 0)]
    paid_fen: Money,
    #[schemars(description = "其中维修资金：分", example = 0)]
    fund_fen: Money,
    #[schemars(description = "立项日期")]
    proposed_on: IsoDay,
}

impl From<&Facts> for ProjectRow {
    fn from(facts: &Facts) -> ProjectRow {
        let plan = facts.plan.as_ref().map(|plan| &plan.is);
        ProjectRow {
            project_no: facts.no(),
            title: facts.project.proposal.title.clone(),
            path: facts.project.proposal.path,
            stage: facts.stage(),
            scope: plan.map_or_else(String::new, |plan| plan.scope.in_chinese()),
            to_share_fen: plan.map_or(Money::ZERO, Plan::to_share),
            paid_fen: facts.paid_so_far(),
            fund_fen: facts.paid_by_fund(),
            proposed_on: IsoDay(facts.project.proposed_on),
        }
    }
}

/// A step of a project.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "项目的一步")]
pub struct StepView {
    #[schemars(description = "步骤编号", example = 2)]
    step_no: StepNo,
    #[schemars(description = "种类", example = &"plan")]
    step: &'static str,
    #[schemars(description = "名称", example = &"使用方案")]
    title: &'static str,
    #[schemars(description = "记录日期")]
    recorded_on: IsoDay,
    #[schemars(description = "记录单位", example = &"物业公司")]
    by: &'static str,
    #[schemars(description = "摘要：SHA-256", example = &"3572dc88")]
    digest: String,
    #[schemars(description = "内容：与登记时相同", example = json!({ "content": "屋面防水层翻修" }))]
    body: Value,
}

impl StepView {
    /// In a line.
    pub(crate) fn line(&self) -> String {
        let StepView { step_no, title, recorded_on, by, .. } = self;
        format!("{step_no}  {}  {by}  {title}", recorded_on.0)
    }
}

/// A payment of a project.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "项目的一笔付款或追回")]
pub struct PaidView {
    #[schemars(description = "付款编号", example = 1)]
    payment_no: i32,
    #[schemars(description = "是否追回")]
    is_back: bool,
    #[schemars(description = "凭证是否已冲销：冲销的不计入已付，另行申请")]
    is_reversed: bool,
    #[schemars(description = "日期")]
    paid_on: IsoDay,
    #[schemars(description = "金额：分，列支范围承担的部分", example = 3_000_000)]
    amount_fen: Money,
    #[schemars(description = "其中维修资金：分", example = 3_000_000)]
    fund_fen: Money,
    #[schemars(description = "付款申请的步骤编号", example = 9)]
    request: StepNo,
    #[schemars(description = "批准的步骤编号：追回的没有", example = 10)]
    decision: Option<StepNo>,
    #[schemars(description = "凭证在账簿中的序号：没有动用维修资金的没有", example = 7)]
    voucher_seq: Option<i32>,
}

/// A project with everything that was recorded of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "维修项目的全部经过")]
pub struct ProjectView {
    #[serde(flatten)]
    pub(crate) row: ProjectRow,
    #[schemars(description = "立项：与登记时相同", example = json!({ "title": "1 幢屋面防水维修" }))]
    proposal: Value,
    #[schemars(description = "方案名：表决事项的“方案”须照写；尚无方案的没有", example = &"项目 1 方案 3572dc88")]
    pub(crate) plan_name: Option<String>,
    #[schemars(description = "使用申请的摘要：没有有效申请的没有", example = &"3572dc88")]
    pub(crate) application_digest: Option<String>,
    #[schemars(description = "待付的付款申请：步骤编号")]
    pub(crate) open_request: Option<StepNo>,
    #[schemars(description = "待付的付款申请的摘要", example = &"3572dc88")]
    pub(crate) open_request_digest: Option<String>,
    #[schemars(description = "未答复的异议：步骤编号")]
    open_objections: Vec<StepNo>,
    #[schemars(description = "归档清单的摘要：未归档的没有", example = &"3572dc88")]
    archive_digest: Option<String>,
    #[schemars(description = "经过")]
    pub(crate) steps: Vec<StepView>,
    #[schemars(description = "付款与追回")]
    payments: Vec<PaidView>,
    #[schemars(description = "材料")]
    papers: Vec<Paper>,
}

impl ProjectView {
    fn of(facts: &Facts, steps: Vec<works::facts::Recorded>, papers: Vec<Paper>) -> ProjectView {
        let step = |recorded: works::facts::Recorded| StepView {
            step_no: recorded.no,
            step: recorded.step.kind(),
            title: recorded.step.in_chinese(),
            recorded_on: IsoDay(recorded.on),
            by: recorded.by.role.in_chinese(),
            digest: recorded.digest,
            // A step is written as `{step, body}`; the body alone is told beside its kind.
            body: serde_json::to_value(&recorded.step)
                .ok()
                .and_then(|mut written| written.get_mut("body").map(Value::take))
                .unwrap_or_default(),
        };
        let paid = |paid: &works::facts::Paid| PaidView {
            payment_no: paid.no.0,
            is_back: paid.is_back,
            is_reversed: paid.is_reversed,
            paid_on: IsoDay(paid.on),
            amount_fen: paid.amount,
            fund_fen: paid.fund,
            request: paid.request,
            decision: paid.decision,
            voucher_seq: paid.voucher.map(|seq| seq.0),
        };
        let open = facts.open_request();
        ProjectView {
            row: facts.into(),
            proposal: serde_json::to_value(&facts.project.proposal).unwrap_or_default(),
            plan_name: facts.plan_name(),
            application_digest: facts.application.as_ref().map(|a| a.digest.clone()),
            open_request: open.map(|request| request.no),
            open_request_digest: open.map(|request| request.digest.clone()),
            open_objections: facts.open_objections().map(|o| o.no).collect(),
            archive_digest: facts.archived.as_ref().map(|a| a.is.digest.clone()),
            steps: steps.into_iter().map(step).collect(),
            payments: facts.paid.iter().map(paid).collect(),
            papers,
        }
    }
}

/// The gate's list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "支取条件一览：逐项列出，不以第一项为限")]
pub struct GateView {
    #[schemars(description = "是否全部符合")]
    pub(crate) is_open: bool,
    #[schemars(description = "各项条件")]
    pub(crate) findings: Vec<Finding>,
}

/// What is asked of the gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateQuery {
    #[serde(default = "pay")]
    #[schemars(description = "问的是什么：approve 可否批准，pay 可否付款；不写则 pay")]
    asked: GateAsked,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json，其余为使用审批表")]
    format: Device,
}

/// How the shares are shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationQuery {
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json，其余为分摊清册")]
    format: Device,
}

/// What an owner asks of the gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnGateQuery {
    #[serde(default = "pay")]
    #[schemars(description = "问的是什么：approve 可否批准，pay 可否付款；不写则 pay")]
    asked: GateAsked,
}

fn pay() -> GateAsked {
    GateAsked::Pay
}

/// A paper as it is handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperQuery {
    #[schemars(description = "材料种类")]
    kind: PaperKind,
    #[schemars(description = "文件名：请求体就是文件、没有表单时写", example = &"合同.pdf")]
    name: Option<String>,
}

/// A paper's file.
#[derive(Debug)]
pub struct PaperFiles;

impl Files for PaperFiles {
    const KINDS: &'static [&'static str] = &[BYTES];
}

/// The archive's list as a file.
#[derive(Debug)]
pub struct ListFiles;

impl Files for ListFiles {
    const KINDS: &'static [&'static str] = &[TEXT];
}

const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// `POST /compounds/{compound}/projects`.
///
/// # Errors
/// Those of [`works::propose`].
pub async fn propose(visit: Visit, Told(p): Told<Proposal>) -> Result<Acted<Proposed>, Problem> {
    Ok(Acted::new(Seat::of(&visit).propose(p).await?, |told| told))
}

/// `GET /compounds/{compound}/projects`: the newest first.
///
/// # Errors
/// Those of a list.
pub async fn projects(visit: Visit, list: Sought<Nothing>) -> Result<Listed<ProjectRow>, Problem> {
    let rows = Seat::of(&visit).projects().await?;
    list.answer_from(rows.into_iter().map(|row| (Reverse(row.project_no.0), row)).collect())
}

/// `GET /compounds/{compound}/projects/{no}`.
///
/// # Errors
/// `works.no-project`.
pub async fn project(visit: Visit<AtProject>) -> Result<Shown<ProjectView>, Problem> {
    Ok(Shown(Seat::of(&visit).project(visit.at.no).await?))
}

/// `GET /compounds/{compound}/projects/{no}/gate`.
///
/// # Errors
/// Those of [`works::findings`].
pub async fn gate(
    visit: Visit<AtProject>,
    Asked(query): Asked<GateQuery>,
) -> Result<Answer<GateView, ReportFiles>, Problem> {
    let (seat, no) = (Seat::of(&visit), visit.at.no);
    if query.format == Device::Json {
        return Ok(Answer::Shown(seat.findings(no, query.asked).await?));
    }
    let asked = Some(query.asked).filter(|asked| *asked != GateAsked::Approve);
    let order = Printing { no: Some(no.to_string()), asked, ..Printing::default() };
    Ok(documents::sent(&visit.books, &visit.compound, "approval", order, query.format).await?)
}

/// `GET /compounds/{compound}/projects/{no}/allocation`.
///
/// # Errors
/// Those of [`works::preview`].
pub async fn allocation(
    visit: Visit<AtProject>,
    Asked(query): Asked<AllocationQuery>,
) -> Result<Answer<Preview, ReportFiles>, Problem> {
    let (seat, no) = (Seat::of(&visit), visit.at.no);
    if query.format == Device::Json {
        return Ok(Answer::Shown(seat.preview(no).await?));
    }
    let order = Printing { no: Some(no.to_string()), ..Printing::default() };
    Ok(documents::sent(&visit.books, &visit.compound, "shares", order, query.format).await?)
}

/// `GET /compounds/{compound}/projects/{no}/shares`: the same, dwelling by dwelling.
///
/// # Errors
/// Those of [`works::preview`] and of a list.
pub async fn shares(
    visit: Visit<AtProject>,
    list: Sought<Nothing>,
) -> Result<Listed<PreviewRow>, Problem> {
    let rows = Seat::of(&visit).preview(visit.at.no).await?.rows;
    let keyed = rows.into_iter().enumerate();
    list.answer_from(
        keyed.map(|(place, row)| (u32::try_from(place).unwrap_or(u32::MAX), row)).collect(),
    )
}

macro_rules! steps {
    ($($name:ident($body:ty) $path:literal;)*) => {$(
        #[doc = concat!("`POST /compounds/{compound}/projects/{no}/", $path, "`.")]
        ///
        /// # Errors
        /// Those of [`works::record`].
        pub async fn $name(
            visit: Visit<AtProject>,
            Told(body): Told<$body>,
        ) -> Result<Acted<Stepped>, Problem> {
            Ok(Acted::new(Seat::of(&visit).record(visit.at.no, body.into()).await?, |told| told))
        }
    )*};
}

steps! {
    plan(Plan) "plans";
    check(Check) "checks";
    notice(Notice) "notices";
    objection(Objection) "objections";
    answer(ledger::works::step::Answer) "answers";
    vote(Vote) "votes";
    witness(Witnessing) "witnessings";
    apply(Application) "applications";
    decide(Decision) "decisions";
    contract(Contract) "contracts";
    progress(Progress) "progress";
    accept(Acceptance) "acceptances";
    review(Review) "reviews";
    account(FinalAccount) "final-accounts";
    warranty_end(WarrantyEnd) "warranty-ends";
    interest(Interest) "interests";
    raised(Raised) "raised";
    request(PaymentRequest) "payment-requests";
    order(Order) "orders";
    withdraw(Withdrawal) "withdrawals";
}

/// `POST /compounds/{compound}/projects/{no}/payments`.
///
/// # Errors
/// Those of [`works::pay`].
pub async fn pay_request(
    visit: Visit<AtProject>,
    Told(payment): Told<Payment>,
) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).pay(visit.at.no, payment).await?, |told| told))
}

/// `POST /compounds/{compound}/projects/{no}/claim-backs`.
///
/// # Errors
/// Those of [`works::claim_back`].
pub async fn claim_back(
    visit: Visit<AtProject>,
    Told(back): Told<ClaimBack>,
) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).claim_back(visit.at.no, back).await?, |told| told))
}

/// `POST /compounds/{compound}/projects/{no}/archive`.
///
/// # Errors
/// Those of [`works::archive`](fn@works::archive).
pub async fn archive(visit: Visit<AtProject>) -> Result<Acted<Stepped>, Problem> {
    Ok(Acted::new(Seat::of(&visit).archive(visit.at.no).await?, |told| told))
}

/// The archive's list as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "归档清单")]
pub struct ListView {
    #[schemars(description = "清单全文：其 SHA-256 即归档摘要", example = &"项目 1 屋面维修")]
    text: String,
}

/// Which form of the list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    #[serde(default)]
    #[schemars(description = "是否取文本文件：不写则为 JSON")]
    text: bool,
}

/// `GET /compounds/{compound}/projects/{no}/archive`.
///
/// # Errors
/// `works.no-project`.
pub async fn archive_list(
    visit: Visit<AtProject>,
    Asked(query): Asked<ListQuery>,
) -> Result<Answer<ListView, ListFiles>, Problem> {
    let text = Seat::of(&visit).archive_list(visit.at.no).await?;
    if !query.text {
        return Ok(Answer::Shown(ListView { text }));
    }
    Ok(Answer::file(TEXT, format!("project-{}.txt", visit.at.no), text.into_bytes()))
}

/// `POST /compounds/{compound}/projects/{no}/papers`: the file as the body, or as the one file of a form.
///
/// # Errors
/// Those of [`works::keep_paper`].
pub async fn keep_paper(
    visit: Visit<AtProject>,
    Asked(query): Asked<PaperQuery>,
    upload: Upload,
) -> Result<Acted<Paper>, Problem> {
    let name = query.name.or(upload.name).unwrap_or_default();
    let seat = Seat::of(&visit);
    let done = seat.keep_paper(visit.at.no, query.kind, name, upload.bytes).await?;
    Ok(Acted::new(done, |paper| paper))
}

/// `GET /compounds/{compound}/projects/{no}/papers`.
///
/// # Errors
/// Those of a list.
pub async fn papers(
    visit: Visit<AtProject>,
    list: Sought<Nothing>,
) -> Result<Listed<Paper>, Problem> {
    let papers = works::papers(&mut visit.read().await?, visit.compound.id, visit.at.no).await?;
    list.answer_from(papers.into_iter().map(|paper| (paper.paper_no.0, paper)).collect())
}

/// `GET /compounds/{compound}/projects/{no}/papers/{number}`.
///
/// # Errors
/// `works.no-paper`.
pub async fn paper(
    visit: Visit<AtPaper>,
    Asked(query): Asked<ContentQuery>,
) -> Result<Answer<Paper, PaperFiles>, Problem> {
    let AtPaper { no, number } = visit.at;
    let mut view = visit.read().await?;
    let listed = works::papers(&mut view, visit.compound.id, no).await?;
    if let Some(paper) = listed.into_iter().find(|p| p.paper_no == number && !query.content) {
        return Ok(Answer::Shown(paper));
    }
    let (_, bytes) = works::paper(&mut view, visit.compound.id, no, number).await?;
    Ok(Answer::file(BYTES, format!("paper-{no}-{number}"), bytes))
}

/// Whether the paper itself is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentQuery {
    #[serde(default)]
    #[schemars(description = "是否取原件：不写则只取登记信息")]
    content: bool,
}

/// `GET /compounds/{compound}/dwellings/{room}/projects`: those whose scope the dwelling is in, the newest first.
///
/// # Errors
/// Those of a list.
pub async fn own_projects(
    visit: Visit<AtRoom>,
    list: Sought<Nothing>,
) -> Result<Listed<ProjectRow>, Problem> {
    let room = room_of(&visit, &visit.at.room).await?;
    let found = works::projects(&mut visit.read().await?, visit.compound.id).await?;
    let concerns =
        |facts: &&Facts| facts.plan.as_ref().is_some_and(|plan| plan.is.scope.takes(&room));
    let rows = found.iter().filter(concerns).map(ProjectRow::from);
    list.answer_from(rows.map(|row| (Reverse(row.project_no.0), row)).collect())
}

/// `GET /compounds/{compound}/dwellings/{room}/projects/{no}/gate`: 为什么不能支取.
///
/// # Errors
/// Those of [`works::findings`].
pub async fn own_gate(
    visit: Visit<AtRoomAndProject>,
    Asked(query): Asked<OwnGateQuery>,
) -> Result<Shown<GateView>, Problem> {
    let mut told = Seat::of(&visit).findings(visit.at.no, query.asked).await?;
    for finding in &mut told.findings {
        finding.rooms.clear();
    }
    Ok(Shown(told))
}

/// `GET /compounds/{compound}/dwellings/{room}/projects/{no}/share`.
///
/// # Errors
/// Those of [`works::share_of`].
pub async fn own_share(visit: Visit<AtRoomAndProject>) -> Result<Shown<PreviewRow>, Problem> {
    let today = visit.books.clock().now().day();
    let room = room_of(&visit, &visit.at.room).await?;
    let mut view = visit.read().await?;
    Ok(Shown(works::share_of(&mut view, visit.compound.id, visit.at.no, &room, today).await?))
}

/// The words of an owner's objection.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "业主的异议")]
pub struct ObjectionAsked {
    #[schemars(description = "异议内容", example = &"底层不应分摊")]
    words: String,
}

/// `POST /compounds/{compound}/dwellings/{room}/projects/{no}/objections`: the caller's own dwelling.
///
/// # Errors
/// Those of [`works::record`].
pub async fn own_objection(
    visit: Visit<AtRoomAndProject>,
    Told(asked): Told<ObjectionAsked>,
) -> Result<Acted<Stepped>, Problem> {
    let room = room_of(&visit, &visit.at.room).await?;
    let step = Step::Objection(Objection { room, words: asked.words });
    Ok(Acted::new(Seat::of(&visit).record(visit.at.no, step).await?, |told| told))
}

async fn room_of<P>(visit: &Visit<P>, room: &str) -> Result<RoomCode, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.books.glance();
    Ok(property::dwelling(&mut view, visit.compound.id, room, today).await?.code)
}
