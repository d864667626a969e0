//! One event on its way out: signed, posted once, and nothing believed of the answer but its status.
//!
//! Always: a redirect is an answer that does not count. Of the answer's body at most 64 KiB is heard, so that the receiver
//! is not cut off, and none is kept. How addresses are judged and connected to: [`abroad`](crate::abroad).

use std::time::Instant as Moment;

use axum::body::Bytes;
use axum::http::{Request, header};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::hooks::{self, Lot, Outcome, Parcel};
use url::Url;

use crate::abroad::{Fault, Road};
use crate::config::Outgoing;

/// How much of an answer's body is listened to.
const HEARD: usize = 64 << 10;

const fn told(fault: Fault) -> &'static str {
    match fault {
        Fault::Address => "推送地址不再符合规定",
        Fault::Unresolved => "域名解析不出地址",
        Fault::Forbidden => "域名指向内网或本机地址，未连接",
        Fault::Unreachable => "连不上接收方",
        Fault::Tls => "TLS 握手失败（证书不受信任、过期或域名不符）",
        Fault::Broken | Fault::Large => "接收方没有给出完整的应答",
        Fault::Slow => "超过时限没有应答",
    }
}

/// How events go out.
#[derive(Clone, Debug)]
pub struct Wire(Road);

impl Wire {
    /// A wire that trusts the public roots, and those of the configuration.
    ///
    /// # Errors
    /// `config.shape`; the file of roots cannot be read.
    pub fn new(outgoing: &Outgoing) -> Result<Wire> {
        let Outgoing { allows, timeout, ca, .. } = outgoing;
        Road::new(*allows, *timeout, "hooks_ca", ca.as_deref()).map(Wire)
    }

    /// Sends an event, and says what came of it.
    pub async fn send(&self, lot: &Lot, parcel: &Parcel, now: Instant) -> Outcome {
        let started = Moment::now();
        let (status, fault) = match self.post(lot, parcel, now).await {
            Ok(status @ 200..=299) => (Some(status), String::new()),
            Ok(status @ 300..=399) => (Some(status), "接收方要求转往别处，不跟随".to_owned()),
            Ok(status) => (Some(status), format!("接收方应答 {status}")),
            Err(fault) => (None, told(fault).to_owned()),
        };
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Outcome { status, fault, millis }
    }

    async fn post(&self, lot: &Lot, parcel: &Parcel, now: Instant) -> Result<u16, Fault> {
        let url = Url::parse(&lot.url).map_err(|_| Fault::Address)?;
        let signature = hooks::signature(&lot.secrets, now, parcel.body.as_bytes());
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .header("xiaoqu-event-id", &parcel.id)
            .header("xiaoqu-signature", signature)
            .body(Bytes::from(parcel.body.clone()))
            .map_err(|_| Fault::Address)?;
        Ok(self.0.ask(&url, request, HEARD).await?.status)
    }
}
