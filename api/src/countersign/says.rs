//! What a request asks for, in the words of whoever is to sign it.
//!
//! Owns: [`Said`], [`said`]. The labels and the words of a choice are those of the interface's own document, so a field that
//! is read is a field that is told. What the request only names (a voucher, an import, a step, a refund, a tranche) is looked up
//! and told beside it: amount, payee, dwellings. What is looked up is as it stands now; what is signed stays the bytes.

use std::collections::BTreeSet;

use ledger::books::View;
use ledger::calendar::Day;
use ledger::error::Result;
use ledger::fund;
use ledger::id::{CompoundId, ImportNo, ProjectNo, RefundNo};
use ledger::import;
use ledger::journal::voucher::{Side, Voucher};
use ledger::journal::{self, AsOf};
use ledger::money::Money;
use ledger::property::{self, RoomCode};
use ledger::subsidy;
use ledger::works;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::journal::VoucherName;
use crate::routes::Route;
use crate::wire::Schemas;

/// One thing that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CountersignSaid", description = "所申请之事的一项")]
pub struct Said {
    /// What.
    #[schemars(description = "项目", example = &"凭证号")]
    pub label: String,
    /// As people read it.
    #[schemars(description = "内容：金额以元计", example = &"fund/2026-0007")]
    pub value: String,
}

fn put(said: &mut Vec<Said>, label: impl Into<String>, value: impl Into<String>) {
    said.push(Said { label: label.into(), value: value.into() });
}

/// How many of a list are told one by one.
const MOST: usize = 8;

/// Everything a request says, field by field, and what it is about.
///
/// # Errors
/// Storage.
pub(super) async fn said(
    view: &mut impl View,
    compound: CompoundId,
    route: &Route,
    path: &str,
    body: &[u8],
) -> Result<Vec<Said>> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let mut said = Vec::new();
    let mut schemas = Schemas::default();
    let sketch = route.sketch(&mut schemas);
    let schema = sketch.body.first().map_or(Value::Null, |(_, schema)| schema.clone());
    for place in &sketch.places {
        let value = part(route.path, path, &place.name);
        put(&mut said, label(&place.schema, &place.name), value.unwrap_or_default());
    }
    drop(sketch);
    let words = Words(schemas.named());
    words.fields(&schema, &body, &mut said);
    about(view, compound, route, path, &body, &mut said).await?;
    Ok(said)
}

/// All of it in one sentence.
pub(super) fn sentence(summary: &str, said: &[Said]) -> String {
    let parts: Vec<String> =
        said.iter().map(|Said { label, value }| format!("{label} {value}")).collect();
    format!("{summary}。{}", parts.join("；"))
}

/// What stands in an address at a place.
fn part(route: &str, path: &str, place: &str) -> Option<String> {
    let wanted = format!("{{{place}}}");
    let at = route.split('/').position(|part| part == wanted)?;
    path.split('/').nth(at).map(str::to_owned)
}

fn number<T>(route: &Route, path: &str, of: impl FnOnce(i32) -> T) -> Option<T> {
    part(route.path, path, "no")?.parse().ok().map(of)
}

/// A field's head: what stands before the first `：` of its description.
fn label(schema: &Value, name: &str) -> String {
    let told = schema["description"].as_str().unwrap_or(name);
    told.split(['：', '；']).next().unwrap_or(told).to_owned()
}

/// A field of a choice. The one word that tells the choice apart means what the choice is described as.
fn told_by_choice(whole: &Value, name: &str) -> Value {
    let mut field = whole["properties"][name].clone();
    if let (Some(word), Some(told)) = (field["const"].as_str(), whole["description"].as_str()) {
        let choices = json!([{ "const": word, "description": told }]);
        field["oneOf"] = choices;
    }
    field
}

/// The named schemas of the document.
struct Words(Map<String, Value>);

impl Words {
    fn fields(&self, schema: &Value, body: &Value, said: &mut Vec<Said>) {
        let Some(told) = body.as_object() else { return };
        for (name, value) in told.iter().filter(|(_, value)| !value.is_null()) {
            let field = self.field(schema, name, told);
            put(said, label(&field, name), self.word(&field, name, value));
        }
    }

    /// What is said of a field, in whichever of the choices it stands.
    fn field(&self, schema: &Value, name: &str, told: &Map<String, Value>) -> Value {
        let schema = self.whole(schema);
        let fits = |choice: &Value| {
            let fields = choice["properties"].as_object();
            fields.is_some_and(|fields| {
                fields.iter().all(|(name, field)| {
                    field["const"].is_null() || told.get(name) == Some(&field["const"])
                })
            })
        };
        let mut wholes = vec![schema.clone()];
        for list in ["oneOf", "anyOf", "allOf"] {
            let choices = schema[list].as_array().into_iter().flatten();
            wholes.extend(choices.map(|choice| self.whole(choice)).filter(fits));
        }
        let found = wholes.iter().map(|whole| told_by_choice(whole, name));
        found.into_iter().find(|field| !field.is_null()).unwrap_or(Value::Null)
    }

    /// A schema itself, where only its name stands.
    fn whole(&self, schema: &Value) -> Value {
        let named = |schema: &Value| {
            let name = schema["$ref"].as_str()?.rsplit('/').next()?;
            self.0.get(name).cloned()
        };
        if let Some(found) = named(schema) {
            return found;
        }
        // `null` or the thing itself.
        let choices = schema["anyOf"].as_array().into_iter().flatten();
        let choices: Vec<&Value> = choices.filter(|choice| choice["type"] != "null").collect();
        match choices.as_slice() {
            [only] => self.whole(only),
            _ => schema.clone(),
        }
    }

    fn word(&self, schema: &Value, name: &str, value: &Value) -> String {
        match value {
            Value::Bool(is) => (if *is { "是" } else { "否" }).to_owned(),
            Value::Number(fen) if name.ends_with("_fen") => {
                let fen = fen.as_i64().unwrap_or_default();
                format!("{} 元", Money::fen(fen).grouped())
            }
            Value::String(text) => self.choice(schema, text).unwrap_or_else(|| text.clone()),
            Value::Array(items) => {
                let whole = self.whole(schema);
                let shown = items.iter().take(MOST);
                let shown: Vec<String> =
                    shown.map(|item| self.word(&whole["items"], name, item)).collect();
                let rest = if items.len() > MOST { " 等" } else { "" };
                format!("{}{rest}（共 {} 项）", shown.join("、"), items.len())
            }
            Value::Object(_) => {
                let mut inside = Vec::new();
                self.fields(schema, value, &mut inside);
                let parts: Vec<String> =
                    inside.iter().map(|said| format!("{} {}", said.label, said.value)).collect();
                parts.join("，")
            }
            other => other.to_string(),
        }
    }

    /// The Chinese of a word of a list, with what it means.
    fn choice(&self, schema: &Value, text: &str) -> Option<String> {
        let whole = self.whole(schema);
        let choices = whole["oneOf"].as_array()?;
        let found = choices.iter().find(|choice| choice["const"] == text)?;
        found["description"].as_str().map(str::to_owned)
    }
}

/// What the request names, as it stands in the books.
async fn about(
    view: &mut impl View,
    compound: CompoundId,
    route: &Route,
    path: &str,
    body: &Value,
    said: &mut Vec<Said>,
) -> Result<()> {
    match route.id {
        "journal::reverse" => {
            let name = body["voucher"].as_str().and_then(|name| name.parse::<VoucherName>().ok());
            let Some(VoucherName { book, year, number }) = name else { return Ok(()) };
            let found = journal::find(view, compound, book, year, number).await?;
            let Some(voucher) = found else { return Ok(()) };
            put(said, "原凭证", told(&voucher));
            let dwellings: BTreeSet<_> =
                voucher.lines.iter().filter_map(|line| line.dwelling).collect();
            let codes = property::codes(view, compound).await?;
            let mut rooms: Vec<_> =
                codes.into_iter().filter(|(_, no)| dwellings.contains(no)).collect();
            rooms.sort();
            let shown: Vec<String> =
                rooms.iter().take(MOST).map(|(code, _)| code.to_string()).collect();
            if !shown.is_empty() {
                let rest = if rooms.len() > MOST { " 等" } else { "" };
                let (shown, many) = (shown.join("、"), rooms.len());
                put(said, "涉及房屋", format!("{shown}{rest}（共 {many} 户）"));
            }
        }
        "imports::undo" => {
            let Some(no) = number(route, path, ImportNo) else { return Ok(()) };
            let all = import::imports(view, compound).await?;
            if let Some(found) = all.into_iter().find(|import| import.import_no == no) {
                let (name, rows) = (found.file_name, found.row_count);
                put(said, "要撤销的文件", format!("{name}，{rows} 行"));
            }
        }
        "subsidy::spend" | "subsidy::hand_back" => {
            let wanted = body["tranche_no"].as_i64();
            let on = body["paid_on"].as_str().or_else(|| body["on"].as_str());
            let on: Day = on.and_then(|on| on.parse().ok()).unwrap_or_default();
            let all = subsidy::tranches(view, compound, on).await?;
            let tranche = all.into_iter().find(|row| Some(i64::from(row.tranche_no.0)) == wanted);
            let Some(tranche) = tranche else { return Ok(()) };
            let (document, left) = (tranche.document, tranche.left_fen.grouped());
            put(said, "补贴资金", format!("{document} {}，现结余 {left} 元", tranche.title));
            let item = body["item"].as_str().and_then(subsidy::content::item);
            if let Some(item) = item {
                put(said, "用途名称", item.title.clone());
            }
            let Some(wanted) = body["content_no"].as_i64() else { return Ok(()) };
            let contents = subsidy::contents(view, compound, None).await?;
            let content = contents.iter().find(|row| i64::from(row.content_no.0) == wanted);
            if let Some(content) = content {
                put(said, "改造内容", content.name.clone());
            }
        }
        "subsidy::move_earnest" => {
            let wanted = body["programme_no"].as_i64();
            let all = subsidy::earnests(view, compound).await?;
            let found = all.into_iter().find(|row| Some(i64::from(row.programme_no)) == wanted);
            if let Some(earnest) = found {
                let (payer, held) = (earnest.payer.clone(), earnest.held().grouped());
                put(said, "保证金", format!("{payer} 缴纳，现存 {held} 元"));
            }
        }
        "works::pay_request" => {
            let Some(no) = number(route, path, ProjectNo) else { return Ok(()) };
            let Ok((facts, _)) = works::project(view, compound, no).await else { return Ok(()) };
            put(said, "项目", facts.project.proposal.title.clone());
            let wanted = body["request"].as_i64();
            let request =
                facts.requests.iter().find(|request| Some(i64::from(request.no.0)) == wanted);
            if let Some(request) = request {
                put(said, "付款金额", format!("{} 元", request.is.amount_fen.grouped()));
                put(said, "收款人", request.is.payee.clone());
                put(said, "收款账号", request.is.account_no.clone());
                put(said, "付款凭据", request.is.evidence.clone());
            }
        }
        "refunds::new_payment" => {
            let Some(no) = number(route, path, RefundNo) else { return Ok(()) };
            let all = fund::refunds(view, compound).await?;
            if let Some(refund) = all.into_iter().find(|refund| refund.refund_no == no) {
                put(said, "房号", refund.room.to_string());
                put(said, "尚未支付", format!("{} 元", refund.owed_fen.grouped()));
            }
        }
        "refunds::new" | "refunds::new_unit_refund" => {
            let room = body["room"].as_str().and_then(|room| RoomCode::parse(room).ok());
            let Some(room) = room else { return Ok(()) };
            let codes = property::codes(view, compound).await?;
            let balances = fund::balances(view, compound, AsOf::default()).await?;
            if let Some(found) = codes.get(&room).and_then(|no| balances.get(no)) {
                let (principal, gains) = (found.principal.grouped(), found.gains.grouped());
                put(said, "本户余额", format!("本金 {principal} 元，增值收益 {gains} 元"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// A voucher in a line.
fn told(voucher: &Voucher) -> String {
    let debits = voucher.lines.iter().filter(|line| line.side == Side::Debit);
    let total: Money = debits.map(|line| line.amount).sum();
    let (kind, on, memo) = (voucher.kind.in_chinese(), voucher.effective_on, &voucher.memo);
    let memo = if memo.is_empty() { String::new() } else { format!("，{memo}") };
    format!("{} {kind}，{on}，{} 元{memo}", voucher.posted, total.grouped())
}
