//! One POST to a stranger: to an address that was judged, within a time, and believing nothing of the answer but its
//! status.
//!
//! Always: the name is resolved here, each address is judged ([`hooks::may_connect`]), and the one connected to is one that
//! passed; nothing is resolved twice. A redirect is an answer that does not count. Of the answer's body at most 64 KiB
//! is read and none is kept.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ledger::calendar::Instant;
use ledger::error::{Result, Storage};
use ledger::hooks::{self, Lot, Openness, Outcome, Parcel};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::config::{CONFIG, Outgoing};

/// How much of an answer's body is listened to.
const HEARD: usize = 64 << 10;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Address,
    Unresolved,
    Forbidden,
    Unreachable,
    Tls,
    Broken,
    Slow,
}

impl Fault {
    const fn told(self) -> &'static str {
        match self {
            Fault::Address => "推送地址不再符合规定",
            Fault::Unresolved => "域名解析不出地址",
            Fault::Forbidden => "域名指向内网或本机地址，未连接",
            Fault::Unreachable => "连不上接收方",
            Fault::Tls => "TLS 握手失败（证书不受信任、过期或域名不符）",
            Fault::Broken => "接收方没有给出完整的应答",
            Fault::Slow => "超过时限没有应答",
        }
    }
}

/// A stream, plain or sealed.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How events go out.
#[derive(Clone)]
pub struct Wire {
    tls: TlsConnector,
    allows: Openness,
    timeout: Duration,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("allows", &self.allows).finish_non_exhaustive()
    }
}

impl Wire {
    /// A wire that trusts the public roots, and those of the configuration.
    ///
    /// # Errors
    /// `config.shape`; the file of roots cannot be read.
    pub fn new(outgoing: &Outgoing) -> Result<Wire> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = &outgoing.ca {
            for certificate in certificates(path)? {
                let unfit = |e| CONFIG.refuse(format!("hooks_ca：{e}"));
                roots.add(certificate).map_err(unfit)?;
            }
        }
        let bug = |e: tokio_rustls::rustls::Error| Storage::Bug(format!("TLS: {e}"));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(bug)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (allows, timeout) = (outgoing.allows, outgoing.timeout);
        Ok(Wire { tls: TlsConnector::from(Arc::new(config)), allows, timeout })
    }

    /// Sends an event, and says what came of it.
    pub async fn send(&self, lot: &Lot, parcel: &Parcel, now: Instant) -> Outcome {
        let started = Moment::now();
        let sent = tokio::time::timeout(self.timeout, self.post(lot, parcel, now)).await;
        let (status, fault) = match sent {
            Ok(Ok(status @ 200..=299)) => (Some(status), String::new()),
            Ok(Ok(status @ 300..=399)) => (Some(status), "接收方要求转往别处，不跟随".to_owned()),
            Ok(Ok(status)) => (Some(status), format!("接收方应答 {status}")),
            Ok(Err(fault)) => (None, fault.told().to_owned()),
            Err(_) => (None, Fault::Slow.told().to_owned()),
        };
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Outcome { status, fault, millis }
    }

    async fn post(&self, lot: &Lot, parcel: &Parcel, now: Instant) -> Result<u16, Fault> {
        let url = Url::parse(&lot.url).map_err(|_| Fault::Address)?;
        let is_sealed = match url.scheme() {
            "https" => true,
            // The configuration may have become stricter since the subscription was made.
            "http" if self.allows.http => false,
            _ => return Err(Fault::Address),
        };
        let host = url.host().ok_or(Fault::Address)?;
        let port = url.port_or_known_default().ok_or(Fault::Address)?;
        let stream = self.connect(&host, port).await?;
        let stream: Box<dyn Stream> = if is_sealed {
            let name = match &host {
                Host::Domain(name) => ServerName::try_from((*name).to_owned()),
                Host::Ipv4(address) => Ok(ServerName::from(IpAddr::from(*address))),
                Host::Ipv6(address) => Ok(ServerName::from(IpAddr::from(*address))),
            };
            let name = name.map_err(|_| Fault::Address)?;
            Box::new(self.tls.connect(name, stream).await.map_err(|_| Fault::Tls)?)
        } else {
            Box::new(stream)
        };

        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let signature = hooks::signature(&lot.secrets, now, parcel.body.as_bytes());
        let request = Request::post(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("xiaoqu/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .header("xiaoqu-event-id", &parcel.id)
            .header("xiaoqu-signature", signature)
            .body(Full::new(Bytes::from(parcel.body.clone())))
            .map_err(|_| Fault::Address)?;

        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEARD);
        let shake = builder.handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shake.map_err(|_| Fault::Broken)?;
        let talking = async {
            let response = sender.send_request(request).await.map_err(|_| Fault::Broken)?;
            let status = response.status().as_u16();
            // The answer's words are heard out so that the receiver is not cut off, and forgotten.
            let _ = Limited::new(response.into_body(), HEARD).collect().await;
            Ok(status)
        };
        // Both live and die together: nothing of a broken-off attempt goes on in the background.
        tokio::pin!(connection, talking);
        tokio::select! {
            status = &mut talking => status,
            _ = &mut connection => talking.await,
        }
    }

    /// Connects to one of the host's addresses that may be connected to.
    async fn connect(&self, host: &Host<&str>, port: u16) -> Result<TcpStream, Fault> {
        let addresses: Vec<SocketAddr> = match host {
            Host::Domain(name) => {
                let found = tokio::net::lookup_host((*name, port)).await;
                found.map_err(|_| Fault::Unresolved)?.collect()
            }
            Host::Ipv4(address) => vec![(*address, port).into()],
            Host::Ipv6(address) => vec![(*address, port).into()],
        };
        let may = |address: &SocketAddr| hooks::may_connect(address.ip(), self.allows);
        let mut fault = match addresses.iter().any(may) {
            true => Fault::Unreachable,
            false if addresses.is_empty() => Fault::Unresolved,
            false => Fault::Forbidden,
        };
        for address in addresses.into_iter().filter(may) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => fault = Fault::Unreachable,
            }
        }
        Err(fault)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unread = |e| CONFIG.refuse(format!("hooks_ca {}：{e}", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(unread)?;
    Ok(found.collect::<Result<_, _>>().map_err(unread)?)
}
