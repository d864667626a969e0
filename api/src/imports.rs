//! The door for files: looked at, taken in, listed, undone.
//!
//! What is rejected is told to whoever handed the file in, cell by cell; a long number in a cell is told by its last
//! four digits, and names the register and the file differ in by their first characters.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::books::{Actor, Books, Done, Request};
use ledger::error::{Error, Result, Storage};
use ledger::id::ImportNo;
use ledger::import::{self, Imported, Kind, Reading, Report, Terms, Undone};
use ledger::intake::File;
use ledger::journal::Book;
use ledger::mask;
use ledger::property::Compound;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::door::{Asked, Caller, Nothing, Upload, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, Described, Sketch};

/// How a file is handed in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    #[schemars(
        description = "文件种类：register 房产清册，deposits 交存明细，fees 收费明细，bank 银行流水，wechat 微信支付账单，alipay 支付宝账单，invoices 数电票清单"
    )]
    kind: Kind,
    /// The file's name, where the body does not say.
    #[schemars(description = "文件名：请求体就是文件、没有表单时写", example = &"a.csv")]
    name: Option<String>,
    #[serde(default)]
    #[schemars(description = "只预览，不入账：不写则入账", example = true)]
    dry_run: bool,
    #[serde(default)]
    #[schemars(description = "只导入合格的行：不写则有一行不合格便一行也不导入", example = false)]
    good_rows: bool,
    /// The book whose account a bank statement is of.
    #[serde(default = "fund")]
    #[schemars(description = "账簿：银行流水所属的账户；不写则为 fund")]
    book: Book,
}

fn fund() -> Book {
    Book::Fund
}

/// What became of a file: 201 if something was taken in, 200 if it was only looked at or is in the books already.
#[derive(Debug)]
pub struct Taken(Report);

impl Described for Taken {
    fn draw(on: &mut Sketch<'_>) {
        on.tells::<Report>(StatusCode::OK, "预览，或账册已有各行，没有写入");
        on.tells::<Report>(StatusCode::CREATED, "已入账");
    }
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        let status = if self.0.committed { StatusCode::CREATED } else { StatusCode::OK };
        (status, axum::Json(self.0)).into_response()
    }
}

/// `POST /compounds/{compound}/imports`: the file as the body, or as the one file of a form.
///
/// # Errors
/// Those of [`read`] and [`run`]; `import.rejected-rows` with the report.
pub async fn take(
    visit: Visit,
    Asked(query): Asked<ImportQuery>,
    upload: Upload,
) -> Result<Taken, Problem> {
    let terms = Terms {
        compound: visit.compound.code.clone(),
        name: None,
        good_rows: query.good_rows,
        book: query.book,
    };
    let name = query.name.or(upload.name).unwrap_or_default();
    hand_in(&visit, query.kind, &name, upload.bytes, terms, query.dry_run).await
}

/// How a register is handed in that founds its compound.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterQuery {
    #[schemars(description = "小区代码：1 至 40 个小写字母、数字、短横线", example = &"wutongli", regex(pattern = r"^[a-z0-9-]{1,40}$"))]
    compound: String,
    #[schemars(description = "小区名称：不写则取清册中的名称", example = &"梧桐里小区")]
    compound_name: Option<String>,
    #[schemars(description = "文件名：请求体就是文件、没有表单时写", example = &"清册.csv")]
    name: Option<String>,
    #[serde(default)]
    #[schemars(description = "只预览，不入账：不写则入账", example = true)]
    dry_run: bool,
    #[serde(default)]
    #[schemars(description = "只导入合格的行：不写则有一行不合格便一行也不导入", example = false)]
    good_rows: bool,
}

/// `POST /registers`: a register, which founds its compound if it is new.
///
/// # Errors
/// As [`take`]; `import.no-name`, `property.compound-shape`.
pub async fn take_register(
    caller: Caller,
    Asked(query): Asked<RegisterQuery>,
    upload: Upload,
) -> Result<Taken, Problem> {
    let terms = Terms {
        compound: query.compound,
        name: query.compound_name,
        good_rows: query.good_rows,
        book: Book::Fund,
    };
    let name = query.name.or(upload.name).unwrap_or_default();
    hand_in(&caller, Kind::Register, &name, upload.bytes, terms, query.dry_run).await
}

async fn hand_in(
    caller: &Caller,
    kind: Kind,
    name: &str,
    bytes: Vec<u8>,
    terms: Terms,
    is_dry: bool,
) -> Result<Taken, Problem> {
    let name = if name.is_empty() { "上传文件".to_owned() } else { plain(name) };
    let reading = read(kind, name, Arc::new(bytes), terms.clone()).await?;
    let report = run(&caller.books, &caller.actor, &reading, &terms, is_dry).await?;
    if let Some(Error::Refused(refusal)) = report.refusal().filter(|_| !is_dry) {
        let told = serde_json::to_value(&report).unwrap_or_default();
        return Err(Problem::from(refusal.with("report", told)));
    }
    Ok(Taken(report))
}

/// A file's name without its folder and without what is no text; it is told back and kept, never opened.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// Reads a file where blocking is allowed.
///
/// # Errors
/// Those of [`import::read`].
pub async fn read(
    kind: Kind,
    name: String,
    bytes: Arc<Vec<u8>>,
    terms: Terms,
) -> Result<Arc<Reading>> {
    let reading = tokio::task::spawn_blocking(move || {
        import::read(kind, File { name: &name, bytes: &bytes }, &terms)
    });
    let stopped = |e: tokio::task::JoinError| Error::Storage(Storage::Bug(e.to_string()));
    Ok(Arc::new(reading.await.map_err(stopped)??))
}

/// Looks at a reading, or takes it in.
///
/// # Errors
/// Those of [`import::preview`] and [`import::commit`].
pub async fn run(
    books: &Books,
    actor: &Actor,
    reading: &Arc<Reading>,
    terms: &Terms,
    is_dry: bool,
) -> Result<Report> {
    let report = if is_dry {
        import::preview(books, reading, terms).await?
    } else {
        import::commit(books, actor, Arc::clone(reading), terms).await?
    };
    Ok(discreet(report))
}

/// A report as it may be told, over the wire or at a terminal.
fn discreet(mut report: Report) -> Report {
    for reject in &mut report.rejected {
        let is_number = reject.code.contains("identity") || reject.code.contains("phone");
        let value = std::mem::take(&mut reject.value);
        reject.value = if is_number { "****".to_owned() } else { mask::text(&value) };
        if mask::names_a_person(&reject.rule) {
            reject.rule = mask::text(&reject.rule).into();
        }
    }
    for difference in report.differences.iter_mut().filter(|d| d.what.contains("owner")) {
        for names in [&mut difference.in_file, &mut difference.in_books] {
            let masks: Vec<String> = names.split([';', '；', '、', ',']).map(mask::name).collect();
            *names = masks.join("、");
        }
    }
    report
}

/// `GET /compounds/{compound}/imports`: the latest first.
///
/// # Errors
/// Those of a list.
pub async fn list(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Imported>, Problem> {
    let mut view = visit.read().await?;
    let imports = import::imports(&mut view, visit.compound.id).await?;
    list.answer_from(imports.into_iter().map(|i| (Reverse(i.import_no.0), i)).collect())
}

/// Undoes an import for whoever asks.
///
/// # Errors
/// Those of [`import::undo`].
pub async fn take_back(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    no: ImportNo,
) -> Result<Done<Undone>> {
    let request = Request::new("import.undo", no).maybe_once(key).alone();
    books
        .act(actor, compound.id, request, |tx, no: &ImportNo| Box::pin(import::undo(tx, *no)))
        .await
}

/// An import's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtImport {
    #[schemars(description = "导入编号", example = 1)]
    no: ImportNo,
}

/// `POST /compounds/{compound}/imports/{no}/undo`.
///
/// # Errors
/// Those of [`take_back`].
pub async fn undo(visit: Visit<AtImport>) -> Result<Acted<Undone>, Problem> {
    let key = visit.key.clone();
    let no = visit.at.no;
    let done = take_back(&visit.books, &visit.actor, &visit.compound, key, no).await?;
    Ok(Acted::new(done, |undone| undone))
}
