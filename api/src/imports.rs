//! The door for files: looked at, taken in, listed, undone.
//!
//! What is rejected is told to whoever handed the file in, cell by cell; a long number in a cell is told by its last
//! four digits, and names the register and the file differ in by their first characters.

use std::sync::Arc;

use axum::extract::{FromRequest, Multipart, Request as Knock};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ledger::books::{Actor, Books, Done, Request};
use ledger::error::{Error, Result, Storage};
use ledger::id::ImportNo;
use ledger::import::{self, Kind, Reading, Report, Terms, Undone};
use ledger::intake::File;
use ledger::journal::Book;
use ledger::property::Compound;
use reports::household::masked;
use serde::Deserialize;

use crate::bank::without_long_numbers;
use crate::door::{Answer, Asked, Page, Visit, acted, body, shown, too_large};
use crate::problem::{self, Problem};

/// How a file is handed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    kind: Kind,
    /// The file's name, where the body does not say.
    name: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    good_rows: bool,
    /// The book whose account a bank statement is of.
    #[serde(default = "fund")]
    book: Book,
}

fn fund() -> Book {
    Book::Fund
}

/// `POST /compounds/{compound}/imports?kind=&name=&dry_run=&good_rows=&book=`: the file as the body, or as the one file of
/// a form.
pub async fn take(visit: Visit, Asked(query): Asked<ImportQuery>, knock: Knock) -> Answer {
    let (name, bytes) = handed_in(knock, query.name.as_deref()).await?;
    let terms = Terms {
        compound: visit.compound.code.clone(),
        name: None,
        good_rows: query.good_rows,
        book: query.book,
    };
    let reading = read(query.kind, name, Arc::new(bytes), terms.clone()).await?;
    let report = run(&visit.books, &visit.actor, &reading, &terms, query.dry_run).await?;
    let report = discreet(report);
    if let Some(Error::Refused(refusal)) = report.refusal().filter(|_| !query.dry_run) {
        let told = serde_json::to_value(&report).unwrap_or_default();
        return Err(Problem::from(refusal.with("report", told)));
    }
    let status = if report.committed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(report)).into_response())
}

/// The file's name and its bytes.
async fn handed_in(knock: Knock, name: Option<&str>) -> Result<(String, Vec<u8>), Problem> {
    let kind = knock.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let bytes = body(knock, &()).await?;
        return Ok((plain(name.unwrap_or("上传文件")), bytes.to_vec()));
    }
    let too_large = too_large(&knock);
    let torn = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large.clone(),
        _ => problem::SHAPE.refuse("表单没有收全，或格式不对"),
    };
    let form = Multipart::from_request(knock, &()).await;
    let mut form = form.map_err(|e| torn(e.into_response().status()))?;
    let part = form.next_field().await.map_err(|e| torn(e.status()))?;
    let part = part.filter(|part| part.file_name().is_some());
    let part = part.ok_or_else(|| problem::SHAPE.refuse("表单的第一项须为文件"))?;
    let said = part.file_name().map(str::to_owned);
    let bytes = part.bytes().await.map_err(|e| torn(e.status()))?;
    if form.next_field().await.map_err(|e| torn(e.status()))?.is_some() {
        return Err(problem::SHAPE.refuse("表单只能有一个文件").into());
    }
    Ok((plain(name.or(said.as_deref()).unwrap_or_default()), bytes.to_vec()))
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
    if is_dry {
        return import::preview(books, reading, terms).await;
    }
    import::commit(books, actor, Arc::clone(reading), terms).await
}

/// A report as it may go over the wire.
fn discreet(mut report: Report) -> Report {
    for reject in &mut report.rejected {
        let is_number = reject.code.contains("identity") || reject.code.contains("phone");
        let value = std::mem::take(&mut reject.value);
        reject.value = if is_number { "****".to_owned() } else { without_long_numbers(&value) };
    }
    for difference in report.differences.iter_mut().filter(|d| d.what.contains("owner")) {
        for names in [&mut difference.in_file, &mut difference.in_books] {
            let masks: Vec<String> = names.split([';', '；', '、', ',']).map(masked).collect();
            *names = masks.join("、");
        }
    }
    report
}

/// `GET /compounds/{compound}/imports`.
pub async fn list(visit: Visit) -> Answer {
    let mut view = visit.books.read().await?;
    let items = import::imports(&mut view, visit.compound.id).await?;
    shown(Page { items, next: None })
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

/// `POST /compounds/{compound}/imports/{no}/undo`.
pub async fn undo(visit: Visit) -> Answer {
    let no = visit.place_as("no", |word| word.parse().ok().map(ImportNo))?;
    let key = visit.key.clone();
    let done = take_back(&visit.books, &visit.actor, &visit.compound, key, no).await?;
    acted(&done, |undone| undone)
}
