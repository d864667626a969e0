//! The front of the house: what it is, whether it stands.
//!
//! One small page for people, two words for machines. Whoever reads it has shown nothing, so it names the compounds only
//! where the settings say so.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use ledger::property;

use crate::door::{Answer, Door};

/// `GET /`: the compounds, and how to ask.
pub async fn page(State(door): State<Door>) -> Answer {
    let mut compounds = Vec::new();
    if door.config.front_lists_compounds {
        let mut view = door.books.read().await?;
        compounds = property::compounds(&mut view).await?;
    }
    let rows: String = compounds
        .iter()
        .map(|c| {
            let (code, name) = (escaped(&c.code), escaped(&c.name));
            format!("<tr><td>{name}</td><td><code>/api/v1/compounds/{code}</code></td></tr>\n")
        })
        .collect();
    let rows = if rows.is_empty() {
        "<tr><td colspan=2>登录后可见本人有权查看的小区</td></tr>".to_owned()
    } else {
        rows
    };
    let page = include_str!("front.html").replace("{compounds}", &rows);
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(([kind, (header::CONTENT_SECURITY_POLICY, policy)], page).into_response())
}

/// `GET /healthz`: the program runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers.
pub async fn readyz(State(door): State<Door>) -> Answer {
    door.books.ping().await?;
    Ok("ok\n".into_response())
}

/// A text that is no markup.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
