//! The door of the audit room: the log, searched, and whole as a file; owners' numbers, in clear for a reason.

use ledger::audit::{self, Cursor, Entry, Format, Reading, Revealed, Search};
use ledger::books::{Actor, Books, Snapshot};
use ledger::calendar::Instant;
use ledger::error::Result as Done;
use ledger::id::CompoundId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Caller, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::Acted;

/// What of the log.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    #[schemars(description = "操作人或复核人：全名", example = &"物业公司")]
    actor: Option<String>,
    #[schemars(description = "操作：以点结尾则为一类，例如 read.", example = &"fees.pay")]
    verb: Option<String>,
    #[schemars(description = "不早于此刻")]
    since: Option<Instant>,
    #[schemars(description = "不晚于此刻")]
    until: Option<Instant>,
    #[schemars(description = "请求编号", example = &"4f1c0d9a77e21b30")]
    request_id: Option<String>,
}

/// `GET /audit`: the log of the whole house.
///
/// # Errors
/// Those of a list.
pub async fn house(caller: Caller, list: Sought<AuditQuery>) -> Result<Listed<Entry>, Problem> {
    log(&caller, None, list).await
}

/// `GET /compounds/{compound}/audit`: the log of a compound.
///
/// # Errors
/// Those of a list.
pub async fn compound(visit: Visit, list: Sought<AuditQuery>) -> Result<Listed<Entry>, Problem> {
    log(&visit, Some(visit.compound.id), list).await
}

async fn log(
    caller: &Caller,
    compound: Option<CompoundId>,
    list: Sought<AuditQuery>,
) -> Result<Listed<Entry>, Problem> {
    let AuditQuery { actor, verb, since, until, request_id } = list.query.clone();
    let search = Search { compound, actor, verb, since, until, request_id };
    let view = caller.read().await?;
    let answer = list.answer(view, move |view: &mut Snapshot, after: Option<Cursor>, most: u16| {
        let search = search.clone();
        Box::pin(async move {
            let after = after.unwrap_or_default();
            let found = audit::search(view, &search, after, i32::from(most)).await?;
            Ok(found.into_iter().map(|entry| (entry.place, entry)).collect())
        })
    });
    let answer = answer.await?;
    // Before the first byte leaves: the file is written already.
    if list.is_whole() {
        let what = "audit log".to_owned();
        let reading = Reading { reason: String::new(), what, whose: Vec::new(), count: 1 };
        let at = compound.unwrap_or(CompoundId::OFFICE);
        audit::record_reading(&caller.books, &caller.actor, at, "read.audit", reading).await?;
    }
    Ok(answer)
}

/// Writes the log out for whoever asks, and records that it was.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn record(
    books: &Books,
    actor: &Actor,
    search: &Search,
    format: Format,
    to: &mut (impl std::io::Write + Send),
) -> Done<()> {
    let mut view = books.read().await?;
    let count = audit::write_out(&mut view, search, format, to).await?;
    drop(view);
    let compound = search.compound.unwrap_or(CompoundId::OFFICE);
    let what = format!("audit log as {format:?}");
    let reading = Reading { reason: String::new(), what, whose: Vec::new(), count };
    audit::record_reading(books, actor, compound, "read.audit", reading).await.map(|_| ())
}

/// Why numbers are to be shown.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "查看完整个人信息的事由")]
pub struct RevealAsked {
    #[schemars(description = "事由：4 至 200 个字", example = &"核对产权证办理交存", length(min = 4, max = 200))]
    reason: String,
}

/// An owner in clear.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "产权人的完整信息")]
pub struct RevealedView {
    #[schemars(description = "产权人编号", example = 13)]
    owner_no: i32,
    #[schemars(description = "姓名", example = &"王某某")]
    name: String,
    #[schemars(description = "证件号：不知则空", example = &"")]
    id_no: String,
    #[schemars(description = "电话：不知则空", example = &"")]
    phone: String,
}

impl From<Revealed> for RevealedView {
    fn from(owner: Revealed) -> RevealedView {
        RevealedView {
            owner_no: owner.owner_no.0,
            name: owner.name,
            id_no: owner.id_no.in_clear().to_owned(),
            phone: owner.phone.in_clear().to_owned(),
        }
    }
}

/// The owners of a dwelling in clear.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一户产权人的完整信息")]
pub struct RevealedOwners {
    #[schemars(description = "产权人")]
    owners: Vec<RevealedView>,
}

/// `POST /compounds/{compound}/dwellings/{room}/owners/reveal`.
///
/// # Errors
/// Those of [`audit::reveal`].
pub async fn reveal(
    visit: Visit<AtRoom>,
    Told(asked): Told<RevealAsked>,
) -> Result<Acted<RevealedOwners>, Problem> {
    let room = &visit.at.room;
    let done =
        audit::reveal(&visit.books, &visit.actor, &visit.compound, room, &asked.reason).await?;
    Ok(Acted::new(done, |owners| RevealedOwners {
        owners: owners.into_iter().map(Into::into).collect(),
    }))
}
