//! The door of the journal: trial balance, vouchers, reversals, closes, the laws, and the books as a file.

use std::io::{Seek, SeekFrom, Write};

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse;
use ledger::books::{Actor, Books, Done, Request, View};
use ledger::calendar::{Instant, Month};
use ledger::error::{Error, Result, Storage};
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::export;
use ledger::journal::verify::Law;
use ledger::journal::{self, Book, Closed, Line, Posted, Style, Voucher};
use ledger::property::Compound;
use serde::{Deserialize, Serialize};

use crate::door::{Answer, Asked, IsoDay, Page, Told, Visit, When, acted, file, shown};

/// `GET /compounds/{compound}/books/{book}/trial-balance?as_of=&known_at=`.
pub async fn trial_balance(visit: Visit, Asked(when): Asked<When>) -> Answer {
    let book = visit.place_as("book", Book::named)?;
    let mut view = visit.books.read().await?;
    shown(journal::trial_balance(&mut view, visit.compound.id, book, when.bounds()).await?)
}

/// A voucher as the wire shows it.
#[derive(Debug, Serialize)]
struct VoucherView {
    voucher: String,
    seq: i32,
    period: Month,
    effective_on: IsoDay,
    recorded_at: Instant,
    act_no: i32,
    kind: journal::Kind,
    is_red: bool,
    is_late: bool,
    reverses_seq: Option<i32>,
    reversed_by_seq: Option<i32>,
    transfer_no: Option<i32>,
    memo: String,
    source: String,
    evidence: String,
    lines: Vec<Line>,
    prev_hash: String,
}

impl VoucherView {
    fn new(voucher: Voucher, reversed_by: Option<VoucherSeq>) -> VoucherView {
        VoucherView {
            voucher: voucher.posted.to_string(),
            seq: voucher.posted.seq.0,
            period: voucher.period,
            effective_on: IsoDay(voucher.effective_on),
            recorded_at: voucher.recorded_at,
            act_no: voucher.act.0,
            kind: voucher.kind,
            is_red: voucher.is_red,
            is_late: voucher.is_late(),
            reverses_seq: voucher.reverses.map(|seq| seq.0),
            reversed_by_seq: reversed_by.map(|seq| seq.0),
            transfer_no: voucher.transfer.map(|no| no.0),
            memo: voucher.memo,
            source: voucher.source,
            evidence: voucher.evidence,
            lines: voucher.lines,
            prev_hash: journal::text::hex(&voucher.prev_hash),
        }
    }
}

/// Which vouchers to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoucherQuery {
    after: Option<i32>,
    limit: Option<u16>,
}

/// `GET /compounds/{compound}/books/{book}/vouchers?after=&limit=`.
pub async fn vouchers(visit: Visit, Asked(query): Asked<VoucherQuery>) -> Answer {
    let book = visit.place_as("book", Book::named)?;
    let size = Page::<VoucherView>::size(query.limit);
    let after = VoucherSeq(query.after.unwrap_or(0).max(0));
    let mut view = visit.books.read().await?;
    let compound = visit.compound.id;
    let rows = journal::vouchers(&mut view, compound, book, after, i32::from(size)).await?;
    let items =
        rows.into_iter().map(|row| VoucherView::new(row.voucher, row.reversed_by)).collect();
    shown(Page::new(items, size, |voucher: &VoucherView| voucher.seq.to_string()))
}

/// How a voucher is shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormQuery {
    #[serde(default)]
    format: Form,
}

/// The wire's form, or the canonical text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    #[default]
    Json,
    Text,
}

/// `GET /compounds/{compound}/books/{book}/vouchers/{year}/{number}?format=`.
pub async fn voucher(visit: Visit, Asked(query): Asked<FormQuery>) -> Answer {
    let book = visit.place_as("book", Book::named)?;
    // Years and numbers are written in digits: -1 is no voucher, and no name for one.
    let counted =
        |word: &str| word.bytes().all(|b| b.is_ascii_digit()).then(|| word.parse().ok())?;
    let year: i32 = visit.place_as("year", counted)?;
    let number: i32 = visit.place_as("number", counted)?;
    let mut view = visit.books.read().await?;
    let found = journal::find(&mut view, visit.compound.id, book, year, number).await?;
    let name = format!("{book}/{year}-{number:04}");
    let found = found.ok_or_else(|| journal::NO_VOUCHER.refuse(name.clone()))?;
    match query.format {
        Form::Json => shown(VoucherView::new(found, None)),
        Form::Text => {
            let text = journal::text::print(&found).into_bytes();
            file("text/plain; charset=utf-8", &format!("{}.txt", name.replace('/', "-")), text)
        }
    }
}

/// A voucher's name on paper: `fund/2026-0007`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VoucherName {
    book: Book,
    year: i32,
    number: i32,
}

impl std::str::FromStr for VoucherName {
    type Err = String;

    fn from_str(text: &str) -> Result<VoucherName, String> {
        let read = || {
            let (book, rest) = text.split_once('/')?;
            let (year, number) = rest.split_once('-')?;
            let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let (year, number) =
                (Some(year).filter(|y| digits(y))?, Some(number).filter(|n| digits(n))?);
            let book = Book::named(book)?;
            Some(VoucherName { book, year: year.parse().ok()?, number: number.parse().ok()? })
        };
        read().ok_or_else(|| "凭证号须写作 fund/2026-0007".to_owned())
    }
}

impl TryFrom<String> for VoucherName {
    type Error = String;
    fn try_from(text: String) -> Result<VoucherName, String> {
        text.parse()
    }
}

impl From<Posted> for VoucherName {
    fn from(Posted { book, year, number, .. }: Posted) -> VoucherName {
        VoucherName { book, year, number }
    }
}

impl From<VoucherName> for String {
    fn from(name: VoucherName) -> String {
        format!("{}/{}-{:04}", name.book, name.year, name.number)
    }
}

/// A reversal as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReversalAsked {
    /// Which voucher.
    pub voucher: VoucherName,
    /// The day of the reversal.
    pub on: IsoDay,
    /// Red letters, or the opposite sides.
    pub style: Style,
    /// Why.
    pub reason: String,
}

/// Reverses a voucher for whoever asks.
///
/// # Errors
/// Those of [`journal::reverse`].
pub async fn turn(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: ReversalAsked,
) -> Result<Done<Vec<Posted>>> {
    let request = Request::new("journal.reverse", asked).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, asked: &ReversalAsked| {
            Box::pin(async move {
                let (compound, VoucherName { book, year, number }) = (tx.compound(), asked.voucher);
                let found = journal::find(tx, compound, book, year, number).await?;
                let name = || journal::NO_VOUCHER.refuse(String::from(asked.voucher));
                let seq = found.ok_or_else(name)?.posted.seq;
                journal::reverse(tx, book, seq, asked.on.0, asked.style, &asked.reason).await
            })
        })
        .await
}

/// `POST /compounds/{compound}/reversals`.
pub async fn reverse(visit: Visit, Told(asked): Told<ReversalAsked>) -> Answer {
    #[derive(Serialize)]
    struct Reversed {
        vouchers: Vec<String>,
    }
    let key = visit.key.clone();
    let done = turn(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    acted(&done, |posted| Reversed { vouchers: posted.iter().map(Posted::to_string).collect() })
}

/// A close as it is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAsked {
    /// Which book.
    pub book: Book,
    /// Which month.
    pub month: Month,
}

/// Closes a month for whoever asks.
///
/// # Errors
/// Those of [`journal::close`].
pub async fn shut(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: CloseAsked,
) -> Result<Done<Closed>> {
    let request = Request::new("journal.close", asked).maybe_once(key).alone();
    books
        .act(actor, compound.id, request, |tx, asked: &CloseAsked| {
            Box::pin(journal::close(tx, asked.book, asked.month))
        })
        .await
}

/// A closed month as the wire shows it.
#[derive(Debug, Serialize)]
struct ClosedView {
    book: Book,
    month: Month,
    vouchers: Vec<String>,
    head_seq: i32,
    seal: String,
    frozen: u64,
}

/// `POST /compounds/{compound}/closes`.
pub async fn close(visit: Visit, Told(asked): Told<CloseAsked>) -> Answer {
    let key = visit.key.clone();
    let done = shut(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    acted(&done, |closed| ClosedView {
        book: closed.book,
        month: closed.month,
        vouchers: closed.vouchers.iter().map(Posted::to_string).collect(),
        head_seq: closed.head_seq.0,
        seal: closed.seal,
        frozen: closed.frozen,
    })
}

/// What the laws say.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Whether none was broken.
    pub ok: bool,
    /// Each law.
    pub laws: Vec<Law>,
}

/// Checks the laws, of one compound or all.
///
/// # Errors
/// Storage.
pub async fn check(books: &Books, only: Option<CompoundId>) -> Result<Verdict> {
    let laws = ledger::verify::verify(books, only).await?;
    Ok(Verdict { ok: laws.iter().all(|law| law.failed == 0), laws })
}

/// `GET /compounds/{compound}/verify`.
pub async fn verify(visit: Visit) -> Answer {
    shown(check(&visit.books, Some(visit.compound.id)).await?)
}

/// How a book is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ExportFormat {
    /// A journal that hledger reads.
    #[value(help = "hledger 能读的日记账")]
    Hledger,
    /// One line a posting.
    #[value(help = "每条分录一行")]
    Csv,
    /// One object a voucher.
    #[value(help = "每张凭证一个对象")]
    Json,
}

impl ExportFormat {
    const fn media(self) -> &'static str {
        match self {
            ExportFormat::Hledger => "text/plain; charset=utf-8",
            ExportFormat::Csv => "text/csv; charset=utf-8",
            ExportFormat::Json => "application/json",
        }
    }
}

/// Writes a book out.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn write_out<V: View, W: Write + Send>(
    view: &mut V,
    compound: CompoundId,
    book: Book,
    format: ExportFormat,
    to: &mut W,
) -> Result<()> {
    match format {
        ExportFormat::Hledger => export::hledger(view, compound, book, to).await,
        ExportFormat::Csv => export::csv(view, compound, book, to).await,
        ExportFormat::Json => export::json(view, compound, book, to).await,
    }
}

/// In which format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    format: ExportFormat,
}

/// `GET /compounds/{compound}/books/{book}/export?format=`: written whole to a file without a name first, so that memory
/// stays flat and a failure is a problem and not a torn answer.
pub async fn export(visit: Visit, Asked(query): Asked<ExportQuery>) -> Answer {
    let book = visit.place_as("book", Book::named)?;
    let mut kept = std::io::BufWriter::new(tempfile::tempfile().map_err(torn)?);
    let mut view = visit.books.read().await?;
    write_out(&mut view, visit.compound.id, book, query.format, &mut kept).await?;
    drop(view);
    let mut kept = kept.into_inner().map_err(|e| torn(e.into_error()))?;
    kept.seek(SeekFrom::Start(0)).map_err(torn)?;
    let body = Body::from_stream(chunks(kept));
    Ok(([(header::CONTENT_TYPE, query.format.media())], body).into_response())
}

fn torn(source: std::io::Error) -> Error {
    Error::Storage(Storage::File { what: "临时文件".to_owned(), source })
}

/// A file as a stream of chunks.
fn chunks(file: std::fs::File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    use tokio::io::AsyncReadExt;
    let file = tokio::fs::File::from_std(file);
    futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; 1 << 16];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then_some((chunk, file)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_is_named_as_on_paper_and_no_other_way() {
        let name: VoucherName = "fund/2026-0007".parse().unwrap();
        assert_eq!(String::from(name), "fund/2026-0007");
        for text in
            ["", "fund", "fund/2026", "cash/2026-0007", "fund/2026--7", "fund/2026-99999999999"]
        {
            assert!(text.parse::<VoucherName>().is_err(), "{text}");
        }
    }
}
