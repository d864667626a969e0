//! One request to a stranger: to an address that was judged, within a time, and hearing so much of the answer and no more.
//!
//! Owns: [`Road`]. Always: the name is resolved here, each address is judged ([`hooks::may_connect`], RFC 6890), and the one
//! connected to is one that passed; nothing is resolved twice, so no answer of a name server leads from a judged address to
//! another. A redirect is an answer like any other and followed nowhere. What is sent is sent once.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ledger::error::{Result, Storage};
use ledger::hooks::{self, Openness};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::config::CONFIG;

/// How long an answer's header may be.
const HEADER_MOST: usize = 64 << 10;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address is none that may be asked.
    Address,
    /// Its name has no address.
    Unresolved,
    /// It leads into our own network.
    Forbidden,
    /// Nobody is there.
    Unreachable,
    /// The certificate does not do.
    Tls,
    /// The answer broke off.
    Broken,
    /// It did not come in time.
    Slow,
    /// Its body is longer than was to be heard.
    Large,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// The body, if it was whole and not too long.
    pub body: std::result::Result<Bytes, Fault>,
}

/// A stream, plain or sealed.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How requests go out.
#[derive(Clone)]
pub struct Road {
    tls: TlsConnector,
    allows: Openness,
    timeout: Duration,
}

impl std::fmt::Debug for Road {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Road").field("allows", &self.allows).finish_non_exhaustive()
    }
}

impl Road {
    /// A road that trusts the public roots, and those of a file; `setting` is what names the file.
    ///
    /// # Errors
    /// `config.shape`; the file of roots cannot be read.
    pub fn new(
        allows: Openness,
        timeout: Duration,
        setting: &str,
        ca: Option<&Path>,
    ) -> Result<Road> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            for certificate in certificates(setting, path)? {
                let unfit = |e| CONFIG.refuse(format!("{setting}：{e}"));
                roots.add(certificate).map_err(unfit)?;
            }
        }
        let bug = |e: tokio_rustls::rustls::Error| Storage::Bug(format!("TLS: {e}"));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(bug)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Road { tls: TlsConnector::from(Arc::new(config)), allows, timeout })
    }

    /// Sends a request and hears the answer, at most so many bytes of its body. The path, the host, `User-Agent` and
    /// `Connection` are filled in here.
    ///
    /// # Errors
    /// The fault, where there was no answer.
    pub async fn ask(
        &self,
        url: &Url,
        request: Request<Bytes>,
        most: usize,
    ) -> std::result::Result<Heard, Fault> {
        let asked = tokio::time::timeout(self.timeout, self.talk(url, request, most)).await;
        asked.unwrap_or(Err(Fault::Slow))
    }

    async fn talk(
        &self,
        url: &Url,
        request: Request<Bytes>,
        most: usize,
    ) -> std::result::Result<Heard, Fault> {
        let is_sealed = match url.scheme() {
            "https" => true,
            // The configuration may have become stricter since the address was written down.
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
        let (mut parts, body) = request.into_parts();
        parts.uri = path.parse().map_err(|_| Fault::Address)?;
        let authority = authority.parse().map_err(|_| Fault::Address)?;
        parts.headers.insert(header::HOST, authority);
        for (name, said) in [
            (header::USER_AGENT, concat!("xiaoqu/", env!("CARGO_PKG_VERSION"))),
            (header::CONNECTION, "close"),
        ] {
            parts.headers.insert(name, axum::http::HeaderValue::from_static(said));
        }
        let request = Request::from_parts(parts, Full::new(body));

        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEADER_MOST);
        let shake = builder.handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shake.map_err(|_| Fault::Broken)?;
        let talking = async {
            let response = sender.send_request(request).await.map_err(|_| Fault::Broken)?;
            let status = response.status().as_u16();
            let body = match Limited::new(response.into_body(), most).collect().await {
                Ok(body) => Ok(body.to_bytes()),
                Err(e) if e.is::<http_body_util::LengthLimitError>() => Err(Fault::Large),
                Err(_) => Err(Fault::Broken),
            };
            Ok(Heard { status, body })
        };
        // Both live and die together: nothing of a broken-off attempt goes on in the background.
        tokio::pin!(connection, talking);
        tokio::select! {
            heard = &mut talking => heard,
            _ = &mut connection => talking.await,
        }
    }

    /// Connects to one of the host's addresses that may be connected to.
    async fn connect(&self, host: &Host<&str>, port: u16) -> std::result::Result<TcpStream, Fault> {
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

fn certificates(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unread = |e| CONFIG.refuse(format!("{setting} {}：{e}", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(unread)?;
    Ok(found.collect::<Result<_, _>>().map_err(unread)?)
}
