//! The audit log: every act as it was recorded, searched, written out, and added to where somebody only looked.
//!
//! Owns: nothing; the log is the table `act`, which `books` writes. What changes no row is an act all the same where it must
//! be accounted for: [`record_reading`] (`read.…`: personal data shown, exports), [`record_refusal`] (`refused.…`: attempts at
//! money), log-ins (`login.…`, by the room of people).
//!
//! Always: what is read of a person in clear is recorded, and committed, before it is shown ([`reveal`]); a reading names its
//! reason, whose data and how much. What is shown of the log holds no person's number (they were masked when it was
//! written) and names by their first character. Above-compound acts are the head office's, compound 0.
//! Limits: a search walks the acts of its compounds in their order, a page at a time; there is no index by actor, because
//! every act would pay for it. Start at [`search`], [`write_out`], [`reveal`].

mod words;

use std::io::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::words::{VERBS, verb_in_chinese};
use crate::books::{Actor, Books, Done, Reads, Request, View};
use crate::calendar::Instant;
use crate::error::{Error, Kind, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId, OwnerNo};
use crate::mask;
use crate::property::{self, Compound};
use crate::seal::Personal;

/// Personal data are asked for without saying why.
pub static REASON: Rule = Rule {
    code: "audit.reason",
    kind: Kind::Shape,
    rule: "查看完整的个人信息须写明事由（4 至 200 个字），并记入操作记录（个人信息保护法第五十一条）",
    remedy: "写明具体事由，例如：核对产权证办理交存",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&REASON];

/// What was read: why, what, whose, how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Why, in the reader's words.
    pub reason: String,
    /// What: `owners of 1-1-101`, `book fund as csv`.
    pub what: String,
    /// Whose: owners' numbers, or none where it is nobody's in particular.
    #[serde(default)]
    pub whose: Vec<OwnerNo>,
    /// How many rows or people.
    pub count: u64,
}

/// Records that something was read. The verb is `read.…`; what was read may be shown once this has answered.
///
/// # Errors
/// Storage.
pub async fn record_reading(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    verb: &'static str,
    reading: Reading,
) -> Result<ActNo> {
    let count = reading.count;
    let request = Request::new(verb, reading);
    let done = books.act(actor, compound, request, move |_, _| Box::pin(async move { Ok(count) }));
    Ok(done.await?.act)
}

/// Records that an attempt was refused: by which rule, at what.
///
/// # Errors
/// Storage.
pub async fn record_refusal(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    what: String,
    code: &'static str,
) -> Result<ActNo> {
    let given = serde_json::json!({ "what": what, "code": code });
    let request = Request::new("refused.attempt", given);
    let done = books.act(actor, compound, request, |_, _| Box::pin(async { Ok(()) }));
    Ok(done.await?.act)
}

/// An owner with their numbers, in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// The owner.
    pub owner_no: OwnerNo,
    /// The name.
    pub name: String,
    /// The identity number.
    pub id_no: Personal,
    /// The telephone number.
    pub phone: Personal,
}

/// The owners of a dwelling with their numbers in clear, for somebody who says why. The act `read.owner` is committed before
/// this answers, and every look is one: a key does not make two looks one.
///
/// # Errors
/// `audit.reason`, `property.room-code`, `property.no-dwelling`, `seal.key-missing`, `seal.key-differs`, `seal.broken`.
pub async fn reveal(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    room: &str,
    reason: &str,
) -> Result<Done<Vec<Revealed>>> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if !(4..=200).contains(&length) || reason.chars().any(char::is_control) {
        return Err(REASON.refuse(format!("事由 {length} 个字")).into());
    }
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let dwelling = property::dwelling(&mut view, compound.id, room, today).await?;
    let whose: Vec<OwnerNo> = dwelling.owners.iter().map(|owner| owner.owner_no).collect();
    let contacts = property::contacts(&mut view, compound.id, &whose).await?;
    drop(view);

    let reading = Reading {
        reason: reason.to_owned(),
        what: format!("owners of {}", dwelling.code),
        count: u64::try_from(whose.len()).unwrap_or(u64::MAX),
        whose,
    };
    let act = record_reading(books, actor, compound.id, "read.owner", reading).await?;

    let revealed = dwelling.owners.into_iter().filter_map(|owner| {
        let contact = contacts.iter().find(|contact| contact.owner_no == owner.owner_no)?;
        let (id_no, phone) = (contact.id_no.clone(), contact.phone.clone());
        Some(Revealed { owner_no: owner.owner_no, name: owner.name, id_no, phone })
    });
    Ok(Done { act, answer: revealed.collect(), is_repeated: false })
}

/// What to look for in the log. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The acts of one compound; of all, the head office included, if not said.
    pub compound: Option<CompoundId>,
    /// By whom, as the first person or the second, the whole name.
    pub actor: Option<String>,
    /// The verb, or its beginning up to a dot: `read.`.
    pub verb: Option<String>,
    /// Not recorded before.
    pub since: Option<Instant>,
    /// Not recorded after.
    pub until: Option<Instant>,
    /// Under which request.
    pub request_id: Option<String>,
}

/// A place in the log, compound and act: what stands after it comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(i32, i32);

/// An act as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一条操作记录")]
pub struct Entry {
    /// Its place in the log.
    #[serde(skip)]
    pub place: Cursor,
    /// The compound's code; empty for the head office.
    #[schemars(description = "小区代码：总册为空", example = &"wutongli")]
    pub compound: String,
    /// The act's number in its compound.
    #[schemars(description = "操作编号", example = 17)]
    pub act_no: i32,
    /// When it was recorded.
    #[schemars(description = "时刻")]
    pub recorded_at: Instant,
    /// What was done.
    #[schemars(description = "操作", example = &"fund.deposit")]
    pub verb: String,
    /// Who did it.
    #[schemars(description = "操作人", example = &"物业公司")]
    pub actor: String,
    /// In which role.
    #[schemars(description = "角色", example = &"property-company")]
    pub role: String,
    /// Who signed it as the second person.
    #[schemars(description = "复核人：无须复核的为空", example = &"")]
    pub second: String,
    /// Where from.
    #[schemars(description = "来源：网络地址", example = &"192.0.2.7")]
    pub came_from: String,
    /// Under which request.
    #[schemars(description = "请求编号", example = &"4f1c0d9a77e21b30")]
    pub request_id: String,
    /// The policy pack in force.
    #[schemars(description = "规则包：当时生效的", example = &"")]
    pub pack: String,
    /// What was asked, names masked.
    #[schemars(description = "请求：个人信息已遮盖", example = serde_json::json!({ "room": "1-1-101" }))]
    pub request: Json,
    /// What was answered, names masked.
    #[schemars(description = "答复：个人信息已遮盖", example = serde_json::json!({ "deposit_no": 1 }))]
    pub answer: Json,
    /// The link of the chain, in hexadecimal.
    #[schemars(description = "指纹：SHA-256，与前一条相连", example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
}

/// The acts after a place that answer to the search, in the order of compounds and acts.
///
/// # Errors
/// Storage.
pub async fn search(
    view: &mut impl View,
    search: &Search,
    after: Cursor,
    most: i32,
) -> Result<Vec<Entry>> {
    let (first, last) = search.compound.map_or((0, i32::MAX), |compound| (compound.0, compound.0));
    let Cursor(compound, act) = if after.0 < first { Cursor(first, 0) } else { after };
    let mut values: Vec<sea_orm::Value> =
        vec![compound.into(), act.into(), last.into(), most.clamp(1, 10_000).into()];
    let mut conditions = String::new();
    let mut and = |condition: &str, value: sea_orm::Value| {
        values.push(value);
        conditions += &format!(" AND {}", condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(actor) = &search.actor {
        and("(a.actor = ? OR a.second = ?)", actor.clone().into());
    }
    match &search.verb {
        // The bytes from `read.` to `read/` are those that begin with `read.`.
        Some(room) if room.ends_with('.') => {
            and("a.verb >= ?", room.clone().into());
            and("a.verb < ?", format!("{}/", room.trim_end_matches('.')).into());
        }
        Some(verb) => and("a.verb = ?", verb.clone().into()),
        None => {}
    }
    if let Some(since) = search.since {
        and("a.recorded_at >= ?", since.seconds().into());
    }
    if let Some(until) = search.until {
        and("a.recorded_at <= ?", until.seconds().into());
    }
    if let Some(request_id) = &search.request_id {
        and("a.request_id = ?", request_id.clone().into());
    }
    let sql = format!(
        "SELECT c.code, a.compound_id, a.act_no, a.recorded_at, a.verb, a.actor, a.role, a.second, a.came_from,
           a.request_id, a.pack, a.request, a.answer, a.hash
         FROM act a JOIN compound c ON c.compound_id = a.compound_id
         WHERE (a.compound_id, a.act_no) > ($1, $2) AND a.compound_id <= $3{conditions}
         ORDER BY a.compound_id, a.act_no LIMIT $4"
    );
    let mut entries = Vec::new();
    for row in view.rows(Reads::SETTLED, &sql, values).await? {
        let (compound, act_no): (i32, i32) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let hash: Vec<u8> = row.try_get_by_index(13)?;
        entries.push(Entry {
            compound: row.try_get_by_index(0)?,
            place: Cursor(compound, act_no),
            act_no,
            recorded_at: Instant::from_seconds(row.try_get_by_index(3)?),
            verb: row.try_get_by_index(4)?,
            actor: row.try_get_by_index(5)?,
            role: row.try_get_by_index(6)?,
            second: row.try_get_by_index(7)?,
            came_from: row.try_get_by_index(8)?,
            request_id: row.try_get_by_index(9)?,
            pack: row.try_get_by_index(10)?,
            request: asked(&row.try_get_by_index::<String>(11)?),
            answer: masked(&row.try_get_by_index::<String>(12)?),
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
    }
    Ok(entries)
}

/// What was asked, without the verb and the actor, which stand beside it.
fn asked(text: &str) -> Json {
    match masked(text) {
        Json::Object(mut fields) => fields.remove("request").unwrap_or(Json::Object(fields)),
        other => other,
    }
}

/// A recorded text with the names in it masked. One that is not JSON was not written by us, and is shown as text.
fn masked(text: &str) -> Json {
    let mut value = serde_json::from_str(text).unwrap_or_else(|_| Json::from(text));
    mask_names(&mut value);
    value
}

fn mask_names(value: &mut Json) {
    match value {
        Json::Array(values) => values.iter_mut().for_each(mask_names),
        Json::Object(fields) => {
            // A name beside a number or a share is a person's; a compound has one too, which is public.
            let is_person = ["id_no", "phone", "share"].iter().any(|f| fields.contains_key(*f));
            for (field, value) in fields.iter_mut() {
                match value {
                    Json::String(name) if field == "payer" || (is_person && field == "name") => {
                        *name = mask::name(name);
                    }
                    other => mask_names(other),
                }
            }
        }
        Json::String(words) => {
            if let Some(masked) = mask::persons(words, |mask, _| mask) {
                *words = masked;
            }
        }
        _ => {}
    }
}

/// How the log is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One line an act, under a header, UTF-8 with a mark.
    Csv,
    /// One object an act.
    JsonLines,
}

/// Writes every act that answers to the search, a page at a time; answers how many.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn write_out(
    view: &mut impl View,
    what: &Search,
    format: Format,
    to: &mut (impl Write + Send),
) -> Result<u64> {
    const PAGE: i32 = 1_000;
    const HEADER: &str =
        "\u{feff}小区,编号,时间,操作,操作人,角色,复核人,来源,请求编号,规则包,请求,答复,指纹\r\n";
    let lost = |source| Error::Storage(Storage::File { what: "操作记录".to_owned(), source });
    if format == Format::Csv {
        to.write_all(HEADER.as_bytes()).map_err(lost)?;
    }
    let (mut after, mut count) = (Cursor::default(), 0);
    loop {
        let page = search(view, what, after, PAGE).await?;
        for entry in &page {
            let line = match format {
                Format::Csv => csv_line(entry),
                Format::JsonLines => {
                    let bug = |e: serde_json::Error| Storage::Bug(e.to_string());
                    serde_json::to_string(entry).map_err(bug)? + "\n"
                }
            };
            to.write_all(line.as_bytes()).map_err(lost)?;
            count += 1;
        }
        match page.last() {
            Some(last) if page.len() == 1_000 => after = last.place,
            _ => return Ok(count),
        }
    }
}

fn csv_line(entry: &Entry) -> String {
    let (at, act) = (entry.recorded_at.to_string(), entry.act_no.to_string());
    let (request, answer) = (entry.request.to_string(), entry.answer.to_string());
    let cells = [
        &entry.compound,
        &act,
        &at,
        &entry.verb,
        &entry.actor,
        &entry.role,
        &entry.second,
        &entry.came_from,
        &entry.request_id,
        &entry.pack,
        &request,
        &answer,
        &entry.hash,
    ];
    let quoted = cells.map(|cell| {
        // What a spreadsheet would run begins with an apostrophe.
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    });
    quoted.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_masked_and_those_of_compounds_are_not() {
        let text = r#"{"name":"新村","owners":[{"name":"王磊","phone":"199****3050"}],"payer":"李四","reason":"打19900003050"}"#;
        let shown = masked(text).to_string();
        assert_eq!(
            shown,
            r#"{"name":"新村","owners":[{"name":"王*","phone":"199****3050"}],"payer":"李*","reason":"打199****3050"}"#
        );
        assert_eq!(masked("not json"), Json::from("not json"));
    }
}
