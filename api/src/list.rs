//! Lists: a page at a time for programs, whole as a file for a spreadsheet.
//!
//! Owns: [`Sought`] (what of a list is asked for), [`Listed`] (the answer), the cursor.
//!
//! Always: a cursor is opaque, names the last row told by its key, and holds for the list and the filter it was given for;
//! rows that come meanwhile neither repeat nor hide another. A file is written whole before its first byte leaves, so
//! that memory stays flat and a failure is a problem and not a torn file. Its columns are the fields of the row's type,
//! in their order, under the first words of their descriptions.

use std::borrow::Cow;
use std::io::{BufWriter, Seek, SeekFrom};

use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use ledger::books::Snapshot;
use ledger::error::{Error, Result, Storage};
use ledger::journal::text::hex;
use ledger::measure::Area;
use ledger::money::Money;
use reports::press::list::{Cell, Csv, NotPressed, Sheet, Xlsx};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::door::read_query;
use crate::problem::{self, Problem};
use crate::wire::{Described, Param, Sketch, essence, file_schema, kept};

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// In which form a list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "形式：json 一页，csv、xlsx 整份；不写则按 Accept")]
pub enum Form {
    /// JSON，一页.
    Json,
    /// CSV，整份.
    Csv,
    /// xlsx，整份.
    Xlsx,
}

/// What every list may be asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Paging {
    #[schemars(
        description = "游标：上一页的 next，原样填入；第一页不写",
        regex(pattern = "^[0-9a-f]{10,400}$")
    )]
    after: Option<String>,
    #[serde(default = "usual")]
    #[schemars(
        description = "每页行数：1 至 1000，不写则 100",
        range(min = 1, max = 1000),
        example = 100
    )]
    limit: u16,
    format: Option<Form>,
}

/// How many rows are on a page if nobody says.
const fn usual() -> u16 {
    100
}

/// How many at most, and how many are read at once for a file.
const MOST: u16 = 1000;

/// What of a list is asked for: its own query, and which page of it, or the whole as a file.
#[derive(Clone, Debug)]
pub struct Sought<Q> {
    /// The list's own query.
    pub query: Q,
    after: Option<String>,
    limit: u16,
    form: Form,
    /// The list and its filter: a cursor holds for nothing else.
    list: String,
}

impl<Q: JsonSchema> Described for Sought<Q> {
    fn draw(on: &mut Sketch<'_>) {
        on.is_list = true;
        let mut query = on.params::<Q>();
        query.extend(on.params::<Paging>());
        on.query = query;
    }
}

impl<S: Send + Sync, Q: DeserializeOwned> FromRequestParts<S> for Sought<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Sought<Q>, Problem> {
        let path = parts.uri.path();
        let pairs =
            parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let is_paging =
            |pair: &&str| matches!(pair.split('=').next(), Some("after" | "limit" | "format"));
        let (paging, own): (Vec<&str>, Vec<&str>) = pairs.partition(is_paging);
        let read = |pairs: &[&str]| -> Result<Uri, Problem> {
            let asked = format!("/?{}", pairs.join("&"));
            asked.parse().map_err(|_| problem::SHAPE.refuse("查询参数写法不对").into())
        };
        let paging: Paging = read_query(&read(&paging)?)?;
        if !(1..=MOST).contains(&paging.limit) {
            return Err(problem::SHAPE.refuse(format!("limit = {}", paging.limit)).into());
        }
        let query = read_query(&read(&own)?)?;
        let list = format!("{path}?{}", own.join("&"));
        let accepted = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let form = paging.format.unwrap_or_else(|| form_of(accepted.unwrap_or_default()));
        Ok(Sought { query, after: paging.after, limit: paging.limit, form, list })
    }
}

/// The first form that is accepted by name; JSON if none is.
fn form_of(accepted: &str) -> Form {
    let named = accepted.split(',').map(essence).find_map(|kind| match kind {
        "application/json" => Some(Form::Json),
        "text/csv" => Some(Form::Csv),
        kind if kind == XLSX => Some(Form::Xlsx),
        _ => None,
    });
    named.unwrap_or(Form::Json)
}

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}", description = "清单的一页")]
struct Page<T> {
    #[schemars(description = "本页各行")]
    items: Vec<T>,
    #[schemars(description = "下一页的游标：原样填入 after；最后一页为空")]
    next: Option<String>,
}

/// A page, or the whole list as a file.
#[derive(Debug)]
pub enum Listed<T> {
    /// A page.
    #[doc(hidden)]
    Page(Vec<T>, Option<String>),
    /// A file: its content type, its ending, itself.
    #[doc(hidden)]
    File(&'static str, &'static str, std::fs::File),
}

impl<T: JsonSchema> Described for Listed<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.tells::<Page<T>>(StatusCode::OK, "清单的一页；csv、xlsx 为整份");
        let Some((.., contents)) = on.answers.last_mut() else { return };
        contents.extend([CSV, XLSX].map(|kind| (essence(kind), file_schema(kind))));
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        match self {
            Listed::Page(items, next) => Json(Page { items, next }).into_response(),
            Listed::File(kind, ending, file) => {
                kept(kind, &format!("list.{ending}"), Body::from_stream(chunks(file)))
            }
        }
    }
}

/// A row with its key.
pub type Keyed<K, T> = (K, T);

impl<Q> Sought<Q> {
    /// Whether the whole list is asked for, as a file, and not a page.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.form != Form::Json
    }

    /// Answers from a list that is read a piece at a time: `fetch` gets the key of the last row told and how many rows to
    /// read after it. Fewer than asked for means that there are no more.
    ///
    /// # Errors
    /// `door.cursor`, `door.list-too-long`; those of the reading.
    pub async fn answer<K, T, F>(&self, mut view: Snapshot, fetch: F) -> Result<Listed<T>, Problem>
    where
        K: Serialize + DeserializeOwned,
        T: Serialize + JsonSchema,
        F: for<'a> Fn(&'a mut Snapshot, Option<K>, u16) -> BoxFuture<'a, Result<Vec<Keyed<K, T>>>>,
    {
        let after = self.after()?;
        if self.form == Form::Json {
            let rows = fetch(&mut view, after, self.limit).await?;
            let is_full = rows.len() >= usize::from(self.limit);
            let next = rows.last().filter(|_| is_full).map(|(key, _)| self.cursor(key));
            return Ok(Listed::Page(rows.into_iter().map(|(_, row)| row).collect(), next));
        }
        let mut pressing = Pressing::<T>::new(self.form)?;
        let mut after = after;
        loop {
            let rows = fetch(&mut view, after, MOST).await?;
            let is_last = rows.len() < usize::from(MOST);
            after = None;
            for (key, row) in rows {
                pressing.row(&row)?;
                after = Some(key);
            }
            if is_last {
                break;
            }
        }
        drop(view);
        pressing.finish()
    }

    /// Answers from a list that is at hand, in the order of its keys.
    ///
    /// # Errors
    /// As [`Sought::answer`].
    pub fn answer_from<K, T>(&self, rows: Vec<Keyed<K, T>>) -> Result<Listed<T>, Problem>
    where
        K: Serialize + DeserializeOwned + Ord,
        T: Serialize + JsonSchema,
    {
        let after: Option<K> = self.after()?;
        let rows = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|a| key > a));
        if self.form == Form::Json {
            let mut rows: Vec<Keyed<K, T>> = rows.take(usize::from(self.limit) + 1).collect();
            let is_more = rows.len() > usize::from(self.limit);
            rows.truncate(usize::from(self.limit));
            let next = rows.last().filter(|_| is_more).map(|(key, _)| self.cursor(key));
            return Ok(Listed::Page(rows.into_iter().map(|(_, row)| row).collect(), next));
        }
        let mut pressing = Pressing::<T>::new(self.form)?;
        for (_, row) in rows {
            pressing.row(&row)?;
        }
        pressing.finish()
    }

    fn check(&self, key: &str) -> String {
        let digest = Sha256::digest(format!("{}\n{key}", self.list));
        hex(&digest[..4])
    }

    fn cursor(&self, key: &impl Serialize) -> String {
        let key = serde_json::to_string(key).unwrap_or_default();
        format!("{}{}", self.check(&key), hex(key.as_bytes()))
    }

    fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.after else { return Ok(None) };
        let shown: String = cursor.chars().take(40).collect();
        let strange = || problem_of(&shown);
        let (check, key) = cursor.split_at_checked(8).ok_or_else(strange)?;
        let key = text_of(key).ok_or_else(strange)?;
        if check != self.check(&key) {
            return Err(strange());
        }
        serde_json::from_str(&key).map(Some).map_err(|_| strange())
    }
}

fn problem_of(shown: &str) -> Problem {
    problem::CURSOR.refuse(format!("after = {shown:?}")).into()
}

/// The text behind hexadecimal digits.
fn text_of(digits: &str) -> Option<String> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let nibble = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let byte = |pair: &[u8]| Some((nibble(pair[0])? << 4) | nibble(pair[1])?);
    String::from_utf8(digits.chunks_exact(2).map(byte).collect::<Option<Vec<u8>>>()?).ok()
}

/// A column: a field of the row's type.
#[derive(Debug)]
struct Column {
    /// Where the field is, from the row down.
    path: Vec<String>,
    head: String,
    unit: Unit,
    /// Words that stand for others: an enum's.
    words: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Plain,
    Fen,
    CentiM2,
}

/// The columns of a type, as its schema has them; a field that is a structure is its fields' columns.
fn columns<T: JsonSchema>() -> Vec<Column> {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.inline_subschemas = true;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let mut columns = Vec::new();
    gather(&schema, &mut Vec::new(), "", &mut columns);
    columns
}

fn gather(schema: &Value, path: &mut Vec<String>, above: &str, columns: &mut Vec<Column>) {
    let Some(fields) = schema["properties"].as_object() else { return };
    for (name, field) in fields {
        let head = head_of(field).unwrap_or(name);
        path.push(name.clone());
        if field["properties"].is_object() {
            gather(field, path, head, columns);
        } else {
            let unit = match name {
                name if name.ends_with("_fen") => Unit::Fen,
                name if name.ends_with("_centi_m2") => Unit::CentiM2,
                _ => Unit::Plain,
            };
            let of = match unit {
                Unit::Fen => "（元）",
                Unit::CentiM2 => "（平方米）",
                Unit::Plain => "",
            };
            let head = format!("{above}{head}{of}");
            columns.push(Column { path: path.clone(), head, unit, words: words_of(field) });
        }
        path.pop();
    }
}

fn head_of(field: &Value) -> Option<&str> {
    field["description"].as_str().and_then(|text| text.split('：').next())
}

/// The Chinese words of an enum, of a list of them, of one that may be missing.
fn words_of(field: &Value) -> Vec<(String, String)> {
    let nested = ["oneOf", "anyOf"].iter().filter_map(|name| field[name].as_array()).flatten();
    let mut words = Vec::new();
    for choice in nested.chain(field.get("items")) {
        match (choice["const"].as_str(), choice["description"].as_str()) {
            (Some(word), Some(chinese)) => words.push((word.to_owned(), chinese.to_owned())),
            _ => words.extend(words_of(choice)),
        }
    }
    words
}

impl Column {
    fn cell<'a>(&self, row: &'a Value) -> Cell<'a> {
        let value = self.path.iter().try_fold(row, |value, name| value.get(name));
        match (value, self.unit) {
            (None | Some(Value::Null), _) => Cell::Empty,
            (Some(Value::Number(n)), Unit::Fen) => {
                n.as_i64().map_or(Cell::Empty, |fen| Cell::Yuan(Money::fen(fen)))
            }
            (Some(Value::Number(n)), Unit::CentiM2) => {
                n.as_i64().map_or(Cell::Empty, |n| Cell::SquareMetres(Area::centi_m2(n)))
            }
            (Some(Value::Number(n)), Unit::Plain) => n.as_i64().map_or(Cell::Empty, Cell::Count),
            (Some(value), _) => Cell::Text(self.text(value)),
        }
    }

    fn text<'a>(&self, value: &'a Value) -> Cow<'a, str> {
        match value {
            Value::Null => "".into(),
            Value::Bool(yes) => if *yes { "是" } else { "否" }.into(),
            Value::Number(n) => n.to_string().into(),
            Value::String(text) => match self.words.iter().find(|(word, _)| word == text) {
                Some((_, chinese)) => chinese.clone().into(),
                None => text.as_str().into(),
            },
            Value::Array(items) => {
                items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join("；").into()
            }
            Value::Object(fields) => {
                let told = fields.iter().filter(|(_, value)| !value.is_null());
                let told = told.map(|(name, value)| match value.as_i64() {
                    Some(fen) if name.ends_with("_fen") => Money::fen(fen).to_string().into(),
                    _ => self.text(value),
                });
                told.collect::<Vec<_>>().join(" ").into()
            }
        }
    }
}

/// A list on its way into a file.
struct Pressing<T> {
    columns: Vec<Column>,
    device: Device,
    of: std::marker::PhantomData<fn(T)>,
}

enum Device {
    Csv(Box<Csv<BufWriter<std::fs::File>>>),
    Xlsx(Box<Xlsx>),
}

impl<T: Serialize + JsonSchema> Pressing<T> {
    fn new(form: Form) -> Result<Pressing<T>, Problem> {
        let columns = columns::<T>();
        let heads: Vec<String> = columns.iter().map(|column| column.head.clone()).collect();
        let device = if form == Form::Xlsx {
            Device::Xlsx(Box::new(Xlsx::new(&heads).map_err(unpressed)?))
        } else {
            let file = BufWriter::new(tempfile::tempfile().map_err(torn)?);
            Device::Csv(Box::new(Csv::new(file, &heads).map_err(unpressed)?))
        };
        Ok(Pressing { columns, device, of: std::marker::PhantomData })
    }

    fn row(&mut self, row: &T) -> Result<(), Problem> {
        let row = serde_json::to_value(row).map_err(|e| bug(e.to_string()))?;
        let cells: Vec<Cell<'_>> = self.columns.iter().map(|column| column.cell(&row)).collect();
        let pressed = match &mut self.device {
            Device::Csv(csv) => csv.row(&cells),
            Device::Xlsx(xlsx) => xlsx.row(&cells),
        };
        pressed.map_err(unpressed)
    }

    fn finish(self) -> Result<Listed<T>, Problem> {
        let (kind, ending, mut file) = match self.device {
            Device::Csv(csv) => {
                let file = csv.finish().map_err(unpressed)?;
                (CSV, "csv", file.into_inner().map_err(|e| torn(e.into_error()))?)
            }
            Device::Xlsx(xlsx) => {
                let mut file = tempfile::tempfile().map_err(torn)?;
                xlsx.finish(&mut file).map_err(unpressed)?;
                (XLSX, "xlsx", file)
            }
        };
        file.seek(SeekFrom::Start(0)).map_err(torn)?;
        Ok(Listed::File(kind, ending, file))
    }
}

fn unpressed(why: NotPressed) -> Problem {
    match why {
        NotPressed::TooLong => problem::TOO_LONG.refuse("行数超过工作表的上限").into(),
        NotPressed::File(source) => torn(source).into(),
        NotPressed::Csv(why) => bug(why.to_string()),
        NotPressed::Xlsx(why) => bug(why.to_string()),
    }
}

fn bug(why: String) -> Problem {
    Error::Storage(Storage::Bug(why)).into()
}

/// A temporary file that failed.
pub fn torn(source: std::io::Error) -> Error {
    Error::Storage(Storage::File { what: "临时文件".to_owned(), source })
}

/// A file as a stream of chunks.
pub fn chunks(
    file: std::fs::File,
) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> + Send {
    use tokio::io::AsyncReadExt;
    let file = tokio::fs::File::from_std(file);
    futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; 1 << 16];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then_some((chunk, file)))
    })
}

/// The parameters of every list, for whoever describes them.
#[must_use]
pub fn paging() -> Vec<Param> {
    let mut schemas = crate::wire::Schemas::default();
    Sketch::new(&mut schemas).params::<Paging>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(list: &str, after: Option<String>) -> Sought<()> {
        Sought { query: (), after, limit: 2, form: Form::Json, list: list.to_owned() }
    }

    fn page(list: &Sought<()>, rows: &[i32]) -> (Vec<i32>, Option<String>) {
        match list.answer_from(rows.iter().map(|n| (*n, *n)).collect()).unwrap() {
            Listed::Page(items, next) => (items, next),
            Listed::File(..) => panic!("a page was asked for"),
        }
    }

    #[test]
    fn a_cursor_holds_through_inserts_and_for_its_own_list_only() {
        let (first, next) = page(&sought("/a?", None), &[1, 3, 5, 7]);
        assert_eq!(first, [1, 3]);
        let (second, last) = page(&sought("/a?", next.clone()), &[0, 1, 2, 3, 4, 5]);
        assert_eq!((second, last), (vec![4, 5], None));
        for (list, cursor) in [
            ("/b?", next.clone().unwrap()),
            ("/a?", "3".to_owned()),
            ("/a?", "é".repeat(9)),
            ("/a?", format!("{}0", next.unwrap())),
        ] {
            let refused = sought(list, Some(cursor)).answer_from(vec![(1, 1)]).unwrap_err();
            assert_eq!(refused.code(), "door.cursor");
        }
    }

    #[test]
    fn the_first_form_that_is_known_is_told() {
        assert_eq!(form_of("*/*"), Form::Json);
        assert_eq!(form_of("text/html, text/csv;q=0.9, application/json"), Form::Csv);
        assert_eq!(form_of(XLSX), Form::Xlsx);
    }
}
