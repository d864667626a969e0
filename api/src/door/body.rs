//! What comes in the body of a request: JSON or a file.
//!
//! Always: at most as many bytes as the route takes ([`Most`]); read strictly; what is still coming after a moment is waited
//! for without holding a place ([`Seat`]).

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ledger::error::Refusal;
use ledger::intake::megabytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::place::{Seat, Wait};
use crate::problem::{self, Problem};
use crate::shape;
use crate::wire::{Described, Sketch};

/// A JSON body, read strictly.
#[derive(Clone, Debug)]
pub struct Told<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + JsonSchema> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Told<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = crate::wire::essence(kind);
        if !essence.eq_ignore_ascii_case("application/json") {
            let shown: String = essence.chars().take(60).collect();
            return Err(problem::CONTENT_TYPE.refuse(format!("收到 {shown:?}")).into());
        }
        let body = body(request, state, Wait::Body).await?;
        // Neither database keeps the character of number zero in a text; one of them says so only when it is too late.
        if body.windows(6).any(|window| window == br"\u0000") {
            return Err(problem::SHAPE.refuse("文字中含有空字符 \\u0000").into());
        }
        if body.contains(&b'[') {
            shape::objects::<T>(&body)?;
        }
        Ok(Told(shape::json(&body)?))
    }
}

impl<T: JsonSchema> Described for Told<T> {
    fn draw(on: &mut Sketch<'_>) {
        let schema = on.schemas.asks.subschema_for::<T>().to_value();
        on.body.push(("application/json", schema));
    }
}

/// How many bytes a body may have at this route.
#[derive(Clone, Copy, Debug)]
pub struct Most(pub usize);

/// The refusal of a body that is larger than this route takes: how large it says it is, and the limit that holds here.
pub(crate) fn too_large(request: &Request) -> Refusal {
    let most = request.extensions().get::<Most>().map_or(0, |most| most.0 as u64);
    let length = request.headers().get(header::CONTENT_LENGTH);
    let said = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = megabytes(most);
    let refusal = problem::TOO_LARGE.refuse(match said {
        Some(bytes) => format!("请求体 {}，此处上限 {limit}", megabytes(bytes)),
        None => format!("请求体超过此处的上限 {limit}"),
    });
    refusal.with("limit_bytes", most)
}

/// Waits for what is still coming, on the request's place as long as that is not long.
async fn waited<T>(
    seat: Option<Seat>,
    what: Wait,
    coming: impl Future<Output = T>,
) -> Result<T, Problem> {
    match seat {
        Some(seat) => Ok(seat.wait(what, coming).await?),
        None => Ok(coming.await),
    }
}

/// The whole body, within the route's limit.
///
/// # Errors
/// `door.too-large`, `door.shape`, `door.slow-body`, `door.busy`.
async fn body<S: Send + Sync>(request: Request, state: &S, what: Wait) -> Result<Bytes, Problem> {
    let too_large = too_large(&request);
    let seat = request.extensions().get::<Seat>().cloned();
    let told = waited(seat, what, Bytes::from_request(request, state)).await?;
    told.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large.into(),
        _ => problem::SHAPE.refuse("请求体没有收全").into(),
    })
}

/// A file: the body itself, or the one file of a form.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, if a form says it.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Upload, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let bytes = body(request, state, Wait::File).await?.to_vec();
            return Ok(Upload { name: None, bytes });
        }
        let seat = request.extensions().get::<Seat>().cloned();
        waited(seat, Wait::File, from_form(request)).await?
    }
}

/// The one file of a form.
async fn from_form(request: Request) -> Result<Upload, Problem> {
    let too_large = too_large(&request);
    let torn = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large.clone(),
        _ => problem::SHAPE.refuse("表单没有收全，或格式不对"),
    };
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|e| torn(e.into_response().status()))?;
    let part = form.next_field().await.map_err(|e| torn(e.status()))?;
    let part = part.filter(|part| part.file_name().is_some());
    let part = part.ok_or_else(|| problem::SHAPE.refuse("表单的第一项须为文件"))?;
    let name = part.file_name().map(str::to_owned);
    let bytes = part.bytes().await.map_err(|e| torn(e.status()))?.to_vec();
    if form.next_field().await.map_err(|e| torn(e.status()))?.is_some() {
        return Err(problem::SHAPE.refuse("表单只能有一个文件").into());
    }
    Ok(Upload { name, bytes })
}

impl Described for Upload {
    fn draw(on: &mut Sketch<'_>) {
        on.is_upload = true;
        let form = json!({
            "type": "object",
            "properties": { "file": { "type": "string", "contentMediaType": "application/octet-stream",
                "description": "文件：表单里唯一的一项" } },
            "required": ["file"],
            "additionalProperties": false,
        });
        on.body.push(("application/octet-stream", json!({})));
        on.body.push(("multipart/form-data", form));
    }
}
