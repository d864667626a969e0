//! The doors of templates: what an office words itself, looked at, tried, kept and taken back.
//!
//! Owns: `chosen`, the wording a document is laid out by. Always: a text is tried on the press before it is kept
//! ([`Template::usable`]), so that none fails at a counter. A text nobody kept words no paper but a trial and one that says so.

use axum::extract::FromRequest;
use axum::http::header;
use ledger::books::{Actor, Books, Done, Request, View};
use ledger::error::{Refusal, Result};
use ledger::id::CompoundId;
use ledger::journal::Book;
use ledger::journal::text::{hash, hex};
use ledger::template::{self as kept, Kept, Version, Whose, Wording};
use ledger::{mask, seal};
use reports::sheet::Sheet;
use reports::template::{self, Edition, Known, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flow::{Device, ReportFiles};
use super::{AtDocument, Document, Order, flow, unset};
use crate::door::{Asked, Caller, Going, Told, Upload, Visit};
use crate::problem::{self, Problem};
use crate::wire::{Acted, Described, Paper, Shown, Sketch, essence};

/// Whose money stands on a paper that is laid out by a template.
fn book(known: &Known) -> Book {
    match known.name {
        "fund-receipt" | "renewal" => Book::Fund,
        _ => Book::Service,
    }
}

/// A document that is laid out by a template.
///
/// # Errors
/// `report.asked`, `report.unknown`.
pub(crate) fn known(name: &str) -> Result<&'static Known> {
    let document = super::known(name)?;
    let told = || format!("{}（{}）不依模板排版", document.name, document.title);
    Ok(template::known(name).ok_or_else(|| problem::REPORT_ASKED.refuse(told()))?)
}

/// A wording's text and which version it is: the one that is named, or the one in force.
///
/// # Errors
/// `report.template`, `template.no-version`.
pub(crate) async fn text_of(
    view: &mut impl View,
    compound: CompoundId,
    known: &Known,
    edition: Option<&str>,
) -> Result<(Edition, String)> {
    let wrong = |why: String| problem::TEMPLATE.refuse(why);
    let named = edition.map(str::parse::<Edition>).transpose().map_err(wrong)?;
    let of = match named {
        None => kept::in_force(view, compound, known.name).await?,
        Some(Edition::Own(number)) => {
            Some(kept::version(view, compound, known.name, (Whose::Own, number)).await?)
        }
        Some(Edition::Office(number)) => {
            Some(kept::version(view, compound, known.name, (Whose::Office, number)).await?)
        }
        Some(Edition::Shipped(number)) => {
            let shipped = Template::shipped(known).map_err(unset)?;
            if shipped.edition() != Edition::Shipped(number) {
                let told = format!("自带模板现为第 {} 版，没有第 {number} 版", shipped.version);
                return Err(wrong(told).into());
            }
            None
        }
        Some(Edition::File(digest)) => {
            let told = format!("本件依未留存的模板文件排版，摘要 {digest}：须一并给出该文件");
            return Err(wrong(told).into());
        }
    };
    Ok(match of {
        Some(kept::Text { whose: Whose::Own, version, body }) => (Edition::Own(version), body),
        Some(kept::Text { whose: Whose::Office, version, body }) => {
            (Edition::Office(version), body)
        }
        None => (Template::shipped(known).map_err(unset)?.edition(), known.shipped.to_owned()),
    })
}

/// The template a document is laid out by, if it is by one: `file` if somebody brought one, else what the order names, else
/// what is in force.
///
/// # Errors
/// `report.template`, `report.asked`, `template.no-version`.
pub(super) async fn chosen(
    view: &mut impl View,
    compound: CompoundId,
    document: &'static Document,
    order: &Order,
    file: Option<&str>,
) -> Result<Option<Template>> {
    let wrong = |why: String| problem::TEMPLATE.refuse(why);
    if template::known(document.name).is_none() && file.is_none() {
        return Ok(None);
    }
    let known = known(document.name)?;
    if let Some(text) = file {
        let read = Template::read(known, text).map_err(wrong)?;
        let is_another = order.edition.as_ref().is_some_and(|it| *it != read.edition().to_string());
        if is_another {
            let told = format!("给出的是 {}，纸上的是 {}", read.edition(), order.edition_word());
            return Err(wrong(told).into());
        }
        return Ok(Some(read));
    }
    let (edition, text) = text_of(view, compound, known, order.edition.as_deref()).await?;
    Ok(Some(Template::read(known, &text).map_err(wrong)?.of(edition)))
}

/// A field a template may name.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TemplateField", description = "模板可用的字段")]
pub struct FieldView {
    #[schemars(description = "字段：文字中写作 {room}；可以为空的写作 {remark?}", example = &"room")]
    pub(crate) name: &'static str,
    #[schemars(description = "含义", example = &"房号")]
    pub(crate) says: &'static str,
}

/// A document's wording as it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReportTemplate", description = "一种单据现行的模板")]
pub struct TemplateView {
    #[schemars(description = "单据", example = &"demand")]
    pub(crate) document: &'static str,
    #[schemars(description = "标题", example = &"催缴通知单")]
    pub(crate) title: &'static str,
    #[schemars(description = "版本：own 本小区的，office 总册的，shipped 自带的", example = &"own.2")]
    pub(crate) edition: String,
    #[schemars(description = "原文的 SHA-256", example = &"e3b0c442")]
    pub(crate) digest: String,
}

/// A wording with everything an editor needs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReportTemplateWhole", description = "一种单据的模板、字段与各版本")]
pub struct TemplateWhole {
    #[serde(flatten)]
    pub(crate) view: TemplateView,
    #[schemars(description = "原文（TOML）", example = &"document = \"demand\"")]
    pub(crate) text: String,
    #[schemars(description = "字段：整件的")]
    pub(crate) words: Vec<FieldView>,
    #[schemars(description = "字段：每行的")]
    pub(crate) lines: Vec<FieldView>,
    #[schemars(description = "字段：金额")]
    pub(crate) sums: Vec<FieldView>,
    #[schemars(description = "留存的各版本：本小区的在前，新的在前")]
    pub(crate) versions: Vec<Version>,
}

/// Every document that is laid out by a template, with the wording in force.
///
/// # Errors
/// Storage.
pub(crate) async fn every(view: &mut impl View, compound: CompoundId) -> Result<Vec<TemplateView>> {
    let mut every = Vec::with_capacity(template::KNOWN.len());
    for known in template::KNOWN {
        let (edition, text) = text_of(view, compound, known, None).await?;
        every.push(view_of(known, &edition, &text));
    }
    Ok(every)
}

fn view_of(known: &'static Known, edition: &Edition, text: &str) -> TemplateView {
    TemplateView {
        document: known.name,
        title: known.title,
        edition: edition.to_string(),
        digest: hex(&hash(text)),
    }
}

/// A document's wording with fields and versions.
///
/// # Errors
/// Those of [`known`] and [`text_of`].
pub(crate) async fn whole(
    view: &mut impl View,
    compound: CompoundId,
    name: &str,
    edition: Option<&str>,
) -> Result<TemplateWhole> {
    let known = known(name)?;
    let (edition, text) = text_of(view, compound, known, edition).await?;
    let fields = |of: &[(&'static str, &'static str)]| {
        of.iter().map(|(name, says)| FieldView { name, says }).collect()
    };
    Ok(TemplateWhole {
        view: view_of(known, &edition, &text),
        text,
        words: fields(known.words),
        lines: fields(known.lines),
        sums: fields(known.sums),
        versions: kept::versions(view, compound, known.name).await?,
    })
}

/// The text of a file that somebody brought. The mark that an editor sets before it is no part of it.
///
/// # Errors
/// `report.template`: it is written in another encoding.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    let told = "模板须为 UTF-8 文本：请用记事本“另存为”，编码选 UTF-8";
    let text = String::from_utf8(bytes).map_err(|_| problem::TEMPLATE.refuse(told))?;
    Ok(unmarked(text))
}

/// A text without the byte order mark.
fn unmarked(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

/// A text laid out with what its fields are called.
///
/// # Errors
/// Those of [`usable`].
pub(crate) fn tried(known: &'static Known, text: &str, books: &Books) -> Result<Sheet> {
    let template = usable(known, text)?;
    template.fill(known, &template.trial(known), books.clock().now()).map_err(unset)
}

/// A text that may be kept and can be printed: whoever checks or previews one is told what keeping it would be told.
///
/// # Errors
/// `report.template`, those of [`kept::may_be_kept`].
pub(crate) fn usable(known: &'static Known, text: &str) -> Result<Template> {
    kept::may_be_kept(text).map_err(|why| placed(why, text))?;
    Ok(Template::usable(known, text).map_err(|why| problem::TEMPLATE.refuse(why))?)
}

/// A refusal that says where a person's number stands: on which line, in which field. Of the line only the number's mask is
/// shown, because there may be more of them on it.
fn placed(refusal: Refusal, text: &str) -> Refusal {
    if refusal.code() != seal::IN_TEXT.code {
        return refusal;
    }
    let mut field = "正文";
    for (before, line) in text.lines().enumerate() {
        field = field_begun(line).unwrap_or(field);
        let Err(of_line) = kept::may_be_kept(line) else { continue };
        // An empty line is refused as well, by another rule.
        if of_line.code() != refusal.code() {
            continue;
        }
        let whose = if line.trim_start().starts_with('#') { "注释" } else { field };
        // A number written in parts is told by its mask alone.
        let parted = of_line.evidence.trim_start_matches("模板：");
        let shown = masked(line).unwrap_or_else(|| parted.to_owned());
        let line = before + 1;
        let told = format!("模板第 {line} 行（{whose}）：{shown}");
        return seal::IN_TEXT.refuse(told).with("line", line);
    }
    refusal
}

/// The field that begins on a line of TOML.
fn field_begun(line: &str) -> Option<&str> {
    let name = line.split_once('=')?.0.trim();
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    is_name.then_some(name)
}

/// The mask of the first number of a person on a line; none if none stands there in one piece.
fn masked(line: &str) -> Option<String> {
    // Longer than any such number with its marks.
    const LONGEST: usize = 20;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let begins = c.is_numeric() && !before.is_numeric() && !before.is_ascii_alphanumeric();
        before = c;
        if !begins {
            continue;
        }
        let number: String = line.get(at..)?.chars().take(LONGEST).collect();
        if !mask::names_a_person(&number) {
            continue;
        }
        let is_mask = |c: &char| c.is_ascii_digit() || matches!(c, '*' | 'X');
        let shown: String = mask::text(&number).chars().take_while(is_mask).collect();
        // Otherwise it stands further on.
        if shown.contains('*') {
            return Some(shown);
        }
    }
    None
}

/// Keeps a wording, once it was seen to print.
///
/// # Errors
/// `report.template`, those of [`kept::keep`].
pub(crate) async fn keep(
    books: &Books,
    actor: &Actor,
    place: CompoundId,
    key: Option<String>,
    (known, text): (&'static Known, String),
) -> Result<Done<Kept>> {
    let text = unmarked(text);
    let (body, tried) = (text.clone(), move || usable(known, &text));
    tokio::task::spawn_blocking(tried).await.map_err(super::bug)??;
    let (sha256, bytes) = (hex(&hash(&body)), body.len());
    let told = json!({ "document": known.name, "sha256": sha256, "bytes": bytes });
    let wording = Wording { document: known.name.to_owned(), book: book(known), body };
    let request = Request::describing("template.keep", wording, told).maybe_once(key);
    let done =
        books.act(actor, place, request, |tx, wording: &Wording| Box::pin(kept::keep(tx, wording)));
    done.await
}

/// Takes a place's own wording back.
///
/// # Errors
/// Those of [`kept::take_back`].
pub(crate) async fn take_back(
    books: &Books,
    actor: &Actor,
    place: CompoundId,
    key: Option<String>,
    known: &'static Known,
) -> Result<Done<Kept>> {
    let wording =
        Wording { document: known.name.to_owned(), book: book(known), body: String::new() };
    let request = Request::new("template.take-back", wording).maybe_once(key);
    let done = books
        .act(actor, place, request, |tx, wording: &Wording| Box::pin(kept::take_back(tx, wording)));
    done.await
}

/// Which version, on what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditionQuery {
    #[serde(default)]
    #[schemars(description = "版本：不写则现行的", example = &"own.2")]
    edition: Option<String>,
    #[serde(default)]
    #[schemars(description = "形式：json，或预览的 pdf、text；不写则 json")]
    format: Device,
}

/// A text to keep.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TemplateText", description = "模板的原文")]
pub struct TextAsked {
    #[schemars(description = "原文（TOML）：至多 32,768 个字节", example = &"document = \"demand\"")]
    text: String,
}

/// A text to keep, in a body. Whoever sends the file as it is, is told how it is sent.
#[derive(Clone, Debug)]
pub struct Worded(TextAsked);

impl<S: Send + Sync> FromRequest<S> for Worded {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Worded, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let shown: String = essence(kind.unwrap_or_default()).chars().take(60).collect();
        match <Told<TextAsked> as FromRequest<S>>::from_request(request, state).await {
            Ok(Told(asked)) => Ok(Worded(asked)),
            Err(why) if why.code() == problem::CONTENT_TYPE.code => {
                let told = format!("收到 {shown:?}，此处收 application/json");
                let remedy = r#"请求体写作 {"text": "…"}，其中是模板的原文；并写 Content-Type: application/json"#;
                Err(problem::CONTENT_TYPE.refuse(told).remedied(remedy).into())
            }
            Err(why) => Err(why),
        }
    }
}

impl Described for Worded {
    fn draw(on: &mut Sketch<'_>) {
        Told::<TextAsked>::draw(on);
    }
}

/// `GET /compounds/{compound}/report-templates`.
///
/// # Errors
/// Storage.
pub async fn templates(visit: Visit) -> Result<Shown<Vec<TemplateView>>, Problem> {
    Ok(Shown(every(&mut visit.read().await?, visit.compound.id).await?))
}

/// `GET /compounds/{compound}/report-templates/{name}`.
///
/// # Errors
/// Those of [`kept::version`]; `report.asked`, `report.unknown`, `report.template`.
pub async fn template_of(
    visit: Visit<AtDocument>,
    Asked(query): Asked<EditionQuery>,
) -> Result<Paper<TemplateWhole, ReportFiles>, Problem> {
    shown(&visit.books, visit.compound.id, &visit.at.name, query).await
}

async fn shown(
    books: &Books,
    place: CompoundId,
    name: &str,
    query: EditionQuery,
) -> Result<Paper<TemplateWhole, ReportFiles>, Problem> {
    let mut view = books.read().await?;
    let whole = whole(&mut view, place, name, query.edition.as_deref()).await?;
    drop(view);
    if query.format == Device::Json {
        return Ok(Paper::Shown(whole));
    }
    let sheet = tried(known(name)?, &whole.text, books)?;
    Ok(query.format.kept(&format!("{name}-preview"), flow::flowing(sheet, query.format).await?))
}

/// `POST /compounds/{compound}/report-templates/{name}/preview`: a file nobody keeps yet, on paper.
///
/// # Errors
/// `report.template`, `report.asked`, `template.size`, `seal.person-in-text`.
pub async fn preview(
    visit: Visit<AtDocument>,
    upload: Upload,
) -> Result<Paper<TemplateView, ReportFiles>, Problem> {
    let text = text(upload.bytes)?;
    let sheet = tried(known(&visit.at.name)?, &text, &visit.books)?;
    let name = format!("{}-preview", visit.at.name);
    Ok(Device::Pdf.kept(&name, flow::flowing(sheet, Device::Pdf).await?))
}

/// `POST /compounds/{compound}/report-templates/{name}`.
///
/// # Errors
/// `report.template`, those of [`kept::keep`].
pub async fn keep_template(
    visit: Visit<AtDocument>,
    Worded(asked): Worded,
) -> Result<Acted<Kept>, Problem> {
    let what = (known(&visit.at.name)?, asked.text);
    let (place, key) = (visit.compound.id, visit.key.clone());
    Ok(Acted::new(keep(&visit.books, &visit.actor, place, key, what).await?, |kept| kept))
}

/// `POST /compounds/{compound}/report-templates/{name}/take-back`.
///
/// # Errors
/// Those of [`kept::take_back`].
pub async fn take_template_back(visit: Visit<AtDocument>) -> Result<Acted<Kept>, Problem> {
    let known = known(&visit.at.name)?;
    let (place, key) = (visit.compound.id, visit.key.clone());
    Ok(Acted::new(take_back(&visit.books, &visit.actor, place, key, known).await?, |kept| kept))
}

/// `GET /report-templates`: those of the head office.
///
/// # Errors
/// Storage.
pub async fn office_templates(caller: Caller) -> Result<Shown<Vec<TemplateView>>, Problem> {
    Ok(Shown(every(&mut caller.read().await?, CompoundId::OFFICE).await?))
}

/// `GET /report-templates/{name}`.
///
/// # Errors
/// Those of [`kept::version`]; `report.asked`, `report.unknown`, `report.template`.
pub async fn office_template(
    going: Going<AtDocument>,
    Asked(query): Asked<EditionQuery>,
) -> Result<Paper<TemplateWhole, ReportFiles>, Problem> {
    shown(&going.books, CompoundId::OFFICE, &going.at.name, query).await
}

/// `POST /report-templates/{name}`: for every compound that keeps none of its own.
///
/// # Errors
/// `report.template`, those of [`kept::keep`].
pub async fn keep_office_template(
    going: Going<AtDocument>,
    Worded(asked): Worded,
) -> Result<Acted<Kept>, Problem> {
    let what = (known(&going.at.name)?, asked.text);
    let (place, key) = (CompoundId::OFFICE, going.key.clone());
    Ok(Acted::new(keep(&going.books, &going.actor, place, key, what).await?, |kept| kept))
}

/// `POST /report-templates/{name}/take-back`.
///
/// # Errors
/// Those of [`kept::take_back`].
pub async fn take_office_template_back(going: Going<AtDocument>) -> Result<Acted<Kept>, Problem> {
    let known = known(&going.at.name)?;
    let (place, key) = (CompoundId::OFFICE, going.key.clone());
    Ok(Acted::new(take_back(&going.books, &going.actor, place, key, known).await?, |kept| kept))
}
