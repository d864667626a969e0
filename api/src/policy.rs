//! The door of the policy room: versions, their differences, and what holds in a compound on a day. Reading only: a
//! version is added at the machine that holds the books.

use ledger::books::{Actor, Books, Done, Request};
use ledger::error::Result;
use ledger::id::CompoundId;
use ledger::policy::text::Parameter;
use ledger::policy::{self, CATALOGUE, Change, Evidence, Library, Pack, PackName, Path, Shelved};
use ledger::property;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::door::{Asked, Caller, Going, Nothing, Visit};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::wire::{IsoDay, Shown};

/// A version as the wire lists it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "政策包的一个版本")]
pub struct VersionView {
    #[schemars(description = "地区代码@版本", example = &"310000@2024-10")]
    pub(crate) pack: String,
    #[schemars(description = "地区名称", example = &"上海市")]
    pub(crate) title: String,
    #[schemars(description = "上级地区代码：国家没有上级")]
    parent: Option<String>,
    #[schemars(description = "生效首日")]
    pub(crate) effective_from: IsoDay,
    #[schemars(description = "生效末日：未定的没有")]
    pub(crate) effective_until: Option<IsoDay>,
    #[schemars(description = "生效日期的依据")]
    days_evidence: Evidence,
    #[schemars(description = "已被更正")]
    pub(crate) is_replaced: bool,
    #[schemars(description = "收入时的总册操作编号：随程序的没有")]
    pub(crate) act_no: Option<i32>,
    #[schemars(description = "原文的 SHA-256；修订版连同所修订版本", example = &"746fbe01efaf0fa2dc95ad2bbf22f5946561be7549054298dc4cbbc2a29c68f0")]
    digest: String,
    #[schemars(description = "说明", example = &"自 2024-10-01 起施行")]
    note: String,
}

impl From<&Shelved> for VersionView {
    fn from(shelved: &Shelved) -> VersionView {
        let version = &shelved.version;
        VersionView {
            pack: version.name.to_string(),
            title: version.title.clone(),
            parent: version.parent.as_ref().map(ToString::to_string),
            effective_from: IsoDay(version.effective_from),
            effective_until: version.effective_until.map(IsoDay),
            days_evidence: version.days_evidence,
            is_replaced: shelved.is_replaced,
            act_no: shelved.act.map(|act| act.0),
            digest: version.digest.to_string(),
            note: version.note.clone(),
        }
    }
}

/// A term: a parameter's value, and where it stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一项规定")]
pub struct TermView {
    #[schemars(description = "参数名", example = &"payment-caps")]
    name: String,
    #[schemars(description = "单位", example = &"占合同价")]
    unit: String,
    #[schemars(description = "值：依参数的类型；没有规定的写 none", example = &"<= 30%")]
    value: Value,
    #[schemars(description = "条文", example = &"沪房规范〔2024〕7号 六（四）")]
    article: String,
    #[schemars(description = "内容", example = &"首付不超过合同价30%")]
    says: String,
    evidence: Evidence,
    #[schemars(description = "出处", example = &"SG1")]
    source: String,
}

impl From<&Parameter> for TermView {
    fn from(parameter: &Parameter) -> TermView {
        TermView {
            name: parameter.name.clone(),
            unit: parameter.unit().to_owned(),
            // A pack has no value that JSON has no word for.
            value: serde_json::to_value(&parameter.value).unwrap_or_default(),
            article: parameter.article.clone(),
            says: parameter.says.clone(),
            evidence: parameter.evidence,
            source: parameter.source.clone(),
        }
    }
}

/// A version with everything it says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "政策包一个版本的全部内容")]
pub struct WholeView {
    #[serde(flatten)]
    version: VersionView,
    #[schemars(description = "各项规定")]
    parameters: Vec<TermView>,
    #[schemars(description = "原文（TOML）", example = &"code = \"310000\"")]
    text: String,
}

/// `GET /policies`.
///
/// # Errors
/// Those of a list.
pub async fn list(caller: Caller, list: Sought<Nothing>) -> Result<Listed<VersionView>, Problem> {
    let library = policy::library(&mut caller.read().await?).await?;
    let mut rows: Vec<(String, VersionView)> = library
        .versions()
        .into_iter()
        .map(|shelved| (shelved.version.name.to_string(), shelved.into()))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    list.answer_from(rows)
}

/// Which version a path is of.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtPack {
    #[schemars(description = "政策包：地区代码@版本", regex(pattern = PACK), example = &"310000@2024-10")]
    pack: String,
}

/// How a pack is named: what [`PackName::parse`] reads.
const PACK: &str = r"^[1-9][0-9]{5}@[^\u0000]+$";

/// `GET /policies/{pack}`, the pack being `310000@2024-10`.
///
/// # Errors
/// `policy.no-version`.
pub async fn one(going: Going<AtPack>) -> Result<Shown<WholeView>, Problem> {
    let library = policy::library(&mut going.read().await?).await?;
    let name = name(&going.at.pack)?;
    let shelved = library.versions().into_iter().find(|s| s.version.name == name);
    let shelved = shelved.ok_or_else(|| policy::NO_VERSION.refuse(format!("没有 {name}")))?;
    let parameters = shelved.version.parameters().map(TermView::from).collect();
    let text = shelved.version.body.clone();
    Ok(Shown(WholeView { version: shelved.into(), parameters, text }))
}

/// From which version to reckon.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangesQuery {
    #[schemars(description = "旧版本：地区代码@版本", regex(pattern = PACK), example = &"310000@2021-01")]
    from: String,
}

/// A cell that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一格变化")]
pub struct ChangeView {
    #[schemars(description = "参数与格", example = &"payment-caps.first")]
    cell: String,
    #[schemars(description = "旧值：沿用上级的没有")]
    old: Option<String>,
    #[schemars(description = "新值：沿用上级的没有")]
    new: Option<String>,
    #[schemars(description = "条文", example = &"沪房规范〔2024〕7号 六（四）")]
    article: String,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> ChangeView {
        let Change { cell, old, new, article } = change;
        ChangeView { cell, old, new, article }
    }
}

/// What changed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "两个版本的差别")]
pub struct ChangesView {
    #[schemars(description = "逐格的变化，依参数目录的次序")]
    changes: Vec<ChangeView>,
}

/// `GET /policies/{pack}/changes?from=310000@2021-01`.
///
/// # Errors
/// `policy.no-version`.
pub async fn changes(
    going: Going<AtPack>,
    Asked(query): Asked<ChangesQuery>,
) -> Result<Shown<ChangesView>, Problem> {
    let library = policy::library(&mut going.read().await?).await?;
    let changes = library.diff(&name(&query.from)?, &name(&going.at.pack)?)?;
    Ok(Shown(ChangesView { changes: changes.into_iter().map(ChangeView::from).collect() }))
}

/// On which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnQuery {
    #[schemars(description = "业务日：不写则为今天")]
    on: Option<IsoDay>,
}

/// A term that holds, and the pack it came from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一项适用的规定")]
pub struct HeldTerm {
    #[serde(flatten)]
    term: TermView,
    #[schemars(description = "出自的政策包：本地的，或所沿用的上级的", example = &"310000@2024-10")]
    pack: String,
}

/// A predicate of the gate.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一个支取条件")]
pub struct PredicateView {
    #[schemars(description = "条件", example = &"warranty-over")]
    name: String,
    #[schemars(description = "适用的路径：ordinary 一般，emergency 应急；都没有的不适用")]
    paths: Vec<String>,
    #[schemars(description = "内容", example = &"首付不超过合同价30%")]
    says: String,
    #[schemars(description = "条文", example = &"沪房规范〔2024〕7号 六（四）")]
    article: String,
    #[schemars(description = "办法", example = &"减少本次付款")]
    remedy: String,
    evidence: Evidence,
    #[schemars(description = "出自的政策包", example = &"310000@2024-10")]
    pack: String,
}

/// Everything that holds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "某地某日适用的政策")]
pub struct HeldView {
    #[schemars(description = "地区代码", example = &"330106")]
    jurisdiction: String,
    #[schemars(description = "最近一级政策包的地区名称", example = &"杭州市")]
    title: String,
    #[schemars(description = "适用的版本，近者在前")]
    chain: Vec<String>,
    #[schemars(description = "各版本原文的合并 SHA-256", example = &"8b94b62e7ff164b9cec2185ab481fa11d683f6ce7d5df2959afcfbf7b9ab0c33")]
    digest: String,
    #[schemars(description = "各项规定，依参数目录的次序")]
    terms: Vec<HeldTerm>,
    #[schemars(description = "支取条件，依检查的次序")]
    predicates: Vec<PredicateView>,
}

impl HeldView {
    pub(crate) fn of(pack: &Pack) -> HeldView {
        let terms = serde_json::to_value(&pack.terms).unwrap_or_default();
        let term = |entry: &policy::catalogue::Entry| {
            let ruled = &terms[entry.name];
            let text = |name: &str| ruled[name].as_str().unwrap_or_default().to_owned();
            let evidence = serde_json::from_value::<Evidence>(ruled["evidence"].clone()).ok()?;
            Some(HeldTerm {
                term: TermView {
                    name: entry.name.to_owned(),
                    unit: entry.unit.to_owned(),
                    value: ruled["value"].clone(),
                    article: text("article"),
                    says: text("says"),
                    evidence,
                    source: text("source"),
                },
                pack: text("pack"),
            })
        };
        let predicates = pack.predicates.iter().map(|predicate| PredicateView {
            name: word(&predicate.name),
            paths: predicate.paths.iter().map(word).collect(),
            says: predicate.says.clone(),
            article: predicate.article.clone(),
            remedy: predicate.remedy.clone(),
            evidence: predicate.evidence,
            pack: predicate.pack.to_string(),
        });
        HeldView {
            jurisdiction: pack.jurisdiction.to_string(),
            title: pack.title.clone(),
            chain: pack.provenance.chain.iter().map(ToString::to_string).collect(),
            digest: pack.provenance.digest.to_string(),
            terms: CATALOGUE.iter().filter_map(term).collect(),
            predicates: predicates.collect(),
        }
    }

    /// One line a term and one a predicate, for a terminal.
    pub(crate) fn lines(pack: &Pack) -> Vec<String> {
        let held = HeldView::of(pack);
        let mut lines = Vec::new();
        for HeldTerm { term, pack } in held.terms {
            let TermView { name, unit, value, article, says, evidence, .. } = term;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            lines.push(format!("{name}（{unit}）{value}"));
            lines.push(format!("    {says}（{article}，{}，{pack}）", evidence.in_chinese()));
        }
        lines.push("支取条件".to_owned());
        for predicate in &pack.predicates {
            let paths: Vec<&str> = predicate
                .paths
                .iter()
                .map(|path| match path {
                    Path::Ordinary => "一般",
                    Path::Emergency => "应急",
                })
                .collect();
            let paths = if paths.is_empty() { "不适用".to_owned() } else { paths.join("、") };
            let (says, article) = (&predicate.says, &predicate.article);
            let evidence = predicate.evidence.in_chinese();
            lines.push(format!("  [{paths}] {says}（{article}，{evidence}）"));
        }
        lines
    }
}

fn word(named: &impl Serialize) -> String {
    let named = serde_json::to_value(named).unwrap_or_default();
    named.as_str().unwrap_or_default().to_owned()
}

/// `GET /compounds/{compound}/policy?on=`: everything that holds there on a day, each term with its article.
///
/// # Errors
/// `policy.not-in-force`.
pub async fn of_compound(
    visit: Visit,
    Asked(query): Asked<OnQuery>,
) -> Result<Shown<HeldView>, Problem> {
    let on = query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let mut view = visit.read().await?;
    let jurisdiction = property::jurisdiction(&mut view, visit.compound.id).await?;
    Ok(Shown(HeldView::of(&policy::at(&mut view, &jurisdiction, on).await?)))
}

fn name(text: &str) -> Result<PackName, Problem> {
    let shown: String = text.chars().take(60).collect();
    let wrong = || problem::SHAPE.refuse(format!("{shown:?} 不是 地区代码@版本"));
    Ok(PackName::parse(text).ok_or_else(wrong)?)
}

/// Adds a version. The text itself is in the version's row; the act records what it was.
pub(crate) async fn add(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    body: String,
) -> Result<Done<policy::Added>> {
    let told = serde_json::json!({ "sha256": sha256(&body), "bytes": body.len() });
    let request = Request::describing("policy.add", body, told).maybe_once(key);
    books
        .act(actor, CompoundId::OFFICE, request, |tx, body: &String| {
            Box::pin(policy::add(tx, body))
        })
        .await
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every version, with the books' own if there are any.
pub(crate) async fn library(books: Option<&Books>) -> Result<Library> {
    match books {
        Some(books) => policy::library(&mut books.read().await?).await,
        None => Ok(Library::shipped()),
    }
}
