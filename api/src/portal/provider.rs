//! One portal: what it says of itself, its keys, and the exchange of a code for a token.
//!
//! Owns: [`Provider`], [`Papers`]. Stands on OpenID Connect Discovery 1.0, RFC 6749 §4.1.3, RFC 7636, RFC 8414.
//! Always: what it says of itself names the very issuer that is configured and only addresses that may be asked; nothing is
//! followed anywhere; an answer is at most `HEARD` long and has a time limit. What was read counts for `FRESH`; a key
//! that is not among the known ones is looked for again, but not more often than every `AGAIN`; a portal that did not
//! answer is left alone for `ALONE`, and whoever finds it being asked waits no longer than `PATIENCE`: a dead portal holds
//! nobody's place.

use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use axum::body::Bytes;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ledger::error::Refusal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::token::{self, Expected, Key, Vouched, Why};
use super::{AWAY, DECLINED, TOKEN};
use crate::abroad::{Fault, Heard, Road};
use crate::config::Portal;

/// How much of an answer is heard.
const HEARD: usize = 256 << 10;
/// How long what was read counts.
const FRESH: Duration = Duration::from_secs(3_600);
/// How long no unknown key is looked for again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a portal that did not answer is left alone.
const ALONE: Duration = Duration::from_secs(5);

/// How long one waits for another to ask.
const PATIENCE: Duration = Duration::from_secs(1);

const fn told(fault: Fault) -> &'static str {
    match fault {
        Fault::Address => "地址不是可以访问的 https 地址",
        Fault::Unresolved => "域名解析不出地址",
        Fault::Forbidden => "域名指向内网或本机地址，未连接",
        Fault::Unreachable => "连不上",
        Fault::Tls => "TLS 握手失败（证书不受信任、过期或域名不符）",
        Fault::Broken => "没有给出完整的应答",
        Fault::Slow => "超过时限没有应答",
        Fault::Large => "应答超过 256 KiB",
    }
}

/// What a portal says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    #[serde(deserialize_with = "address")]
    authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

#[derive(Deserialize)]
struct KeySet {
    // One by one: a kind of key that is not known here spoils none of the others.
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Granted {
    id_token: String,
}

/// What a portal says of itself, and its keys.
#[derive(Clone, Debug)]
pub struct Papers {
    metadata: Metadata,
    keys: Vec<Key>,
}

#[derive(Debug, Default)]
struct Memory {
    papers: Option<(Arc<Papers>, Moment)>,
    failed: Option<(Refusal, Moment)>,
    again: Option<Moment>,
}

/// What is asked of a portal.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Comes back with the answer.
    pub state: &'a str,
    /// Comes back inside the token.
    pub nonce: &'a str,
    /// The digest of what is shown with the code (RFC 7636, S256).
    pub challenge: &'a str,
}

/// A portal.
#[derive(Debug)]
pub struct Provider {
    /// As it is configured.
    pub settings: Portal,
    /// Where it sends people back to.
    redirect: String,
    road: Option<Road>,
    memory: Mutex<Memory>,
}

impl Provider {
    /// A portal as configured, and where it sends people back to.
    #[must_use]
    pub fn new(settings: Portal, redirect: String, road: Option<Road>) -> Provider {
        Provider { settings, redirect, road, memory: Mutex::default() }
    }

    fn away(&self, why: &str) -> Refusal {
        AWAY.refuse(format!("{}：{why}", self.settings.shown_as))
    }

    async fn heard(&self, url: &Url, request: Request<Bytes>) -> Result<Heard, Refusal> {
        let road = self.road.as_ref().ok_or_else(|| self.away("portal_ca 读不出"))?;
        road.ask(url, request, HEARD).await.map_err(|fault| self.away(told(fault)))
    }

    async fn fetch<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Refusal> {
        let mut request = Request::new(Bytes::new());
        let json = axum::http::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json);
        let heard = self.heard(url, request).await?;
        if heard.status != 200 {
            return Err(self.away(&format!("应答 {}", heard.status)));
        }
        let body = heard.body.map_err(|fault| self.away(told(fault)))?;
        serde_json::from_slice(&body).map_err(|_| self.away("应答的格式不对"))
    }

    async fn remembered(&self) -> Result<MutexGuard<'_, Memory>, Refusal> {
        let locked = tokio::time::timeout(PATIENCE, self.memory.lock()).await;
        locked.map_err(|_| self.away("正在询问门户，还没有应答"))
    }

    /// What it says of itself, and its keys; read anew if that was long ago.
    ///
    /// # Errors
    /// `portal.away`.
    pub async fn papers(&self) -> Result<Arc<Papers>, Refusal> {
        let mut memory = self.remembered().await?;
        match &memory.papers {
            Some((papers, at)) if at.elapsed() < FRESH => Ok(papers.clone()),
            _ => self.read(&mut memory).await,
        }
    }

    /// The same, with a key of this number if there is one.
    async fn papers_with(&self, kid: Option<&str>) -> Result<Arc<Papers>, Refusal> {
        let papers = self.papers().await?;
        if token::has_key(&papers.keys, kid) {
            return Ok(papers);
        }
        let mut memory = self.remembered().await?;
        // Whoever waited for the lock finds what another has fetched meanwhile.
        if let Some((papers, _)) = &memory.papers
            && (token::has_key(&papers.keys, kid)
                || memory.again.is_some_and(|at| at.elapsed() < AGAIN))
        {
            return Ok(papers.clone());
        }
        memory.again = Some(Moment::now());
        self.read(&mut memory).await
    }

    async fn read(&self, memory: &mut Memory) -> Result<Arc<Papers>, Refusal> {
        if let Some((why, at)) = &memory.failed
            && at.elapsed() < ALONE
        {
            return Err(why.clone());
        }
        match self.look().await {
            Ok(papers) => {
                let papers = Arc::new(papers);
                (memory.papers, memory.failed) = (Some((papers.clone(), Moment::now())), None);
                Ok(papers)
            }
            Err(why) => {
                tracing::warn!(portal = self.settings.name, why = why.evidence, "a portal is away");
                memory.failed = Some((why.clone(), Moment::now()));
                Err(why)
            }
        }
    }

    async fn look(&self) -> Result<Papers, Refusal> {
        let issuer = &self.settings.issuer;
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let at = Url::parse(&at).map_err(|_| self.away("签发者不是网址"))?;
        let metadata: Metadata = self.fetch(&at).await?;
        if metadata.issuer != *issuer {
            return Err(self.away("自称的签发者与配置的不同"));
        }
        let has_s256 = metadata.code_challenge_methods_supported.as_ref();
        if has_s256.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(self.away("不支持 PKCE 的 S256"));
        }
        // Where browsers are sent: no more than what we would ask ourselves.
        let may = |url: &Url| {
            url.scheme() == "https" || (url.scheme() == "http" && self.settings.allows_http)
        };
        let Metadata { authorization_endpoint, token_endpoint, jwks_uri, .. } = &metadata;
        if ![authorization_endpoint, token_endpoint, jwks_uri].into_iter().all(may) {
            return Err(self.away("给出的地址不是 https"));
        }
        let set: KeySet = self.fetch(jwks_uri).await?;
        let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Ok(Papers { keys: keys.collect(), metadata })
    }

    /// Where to send a browser with a question.
    ///
    /// # Errors
    /// `portal.away`.
    pub async fn address(&self, question: Question<'_>) -> Result<Url, Refusal> {
        let mut url = self.papers().await?.metadata.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", "openid")
            .append_pair("state", question.state)
            .append_pair("nonce", question.nonce)
            .append_pair("code_challenge", question.challenge)
            .append_pair("code_challenge_method", "S256");
        if !self.settings.strong_acr.is_empty() {
            query.append_pair("acr_values", &self.settings.strong_acr.join(" "));
        }
        drop(query);
        Ok(url)
    }

    /// Whether an answer that names this issuer, or none, may be from here (RFC 9207: the mix-up attack).
    ///
    /// # Errors
    /// `portal.away`, `portal.token`.
    pub async fn is_from_here(&self, issuer: Option<&str>) -> Result<(), Refusal> {
        let must = self.papers().await?.metadata.authorization_response_iss_parameter_supported;
        match issuer {
            Some(issuer) if issuer != self.settings.issuer => Err(unbelieved(Why::Issuer)),
            None if must => Err(unbelieved(Why::Issuer)),
            _ => Ok(()),
        }
    }

    /// Exchanges a code, and believes the token that comes for it.
    ///
    /// # Errors
    /// `portal.away`, `portal.declined` if the code is refused, `portal.token`.
    pub async fn vouched(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
        now: i64,
    ) -> Result<Vouched, Refusal> {
        let granted = self.exchange(code, verifier).await?;
        let kid = token::key_of(&granted.id_token).map_err(unbelieved)?;
        let papers = self.papers_with(kid.as_deref()).await?;
        let Portal { issuer, client_id, .. } = &self.settings;
        let expected = Expected { issuer, client_id, nonce, now };
        token::believed(&granted.id_token, &papers.keys, &expected).map_err(unbelieved)
    }

    async fn exchange(&self, code: &str, verifier: &str) -> Result<Granted, Refusal> {
        let papers = self.papers().await?;
        let Portal { client_id, client_secret, .. } = &self.settings;
        let methods = papers.metadata.token_endpoint_auth_methods_supported.as_ref();
        // RFC 8414 §2: what is not said is `client_secret_basic`.
        let is_basic = methods
            .is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", verifier),
        ];
        let mut request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        match client_secret {
            Some(secret) if is_basic => {
                // RFC 6749 §2.3.1: both are form-encoded first.
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(client_id), encoded(secret.shown()));
                let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
                request = request.header(header::AUTHORIZATION, basic);
            }
            Some(secret) => {
                pairs.extend([("client_id", client_id.as_str()), ("client_secret", secret.shown())])
            }
            None => pairs.push(("client_id", client_id)),
        }
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = request.body(Bytes::from(form));
        let request = request.map_err(|_| self.away("请求写不出来"))?;
        let heard = self.heard(&papers.metadata.token_endpoint, request).await?;
        match heard.status {
            200 => {
                let body = heard.body.map_err(|fault| self.away(told(fault)))?;
                serde_json::from_slice(&body).map_err(|_| self.away("应答中没有身份令牌"))
            }
            400..=499 => {
                let shown = &self.settings.shown_as;
                Err(DECLINED.refuse(format!("{shown}不认授权码（应答 {}）", heard.status)))
            }
            status => Err(self.away(&format!("应答 {status}"))),
        }
    }
}

fn unbelieved(why: Why) -> Refusal {
    TOKEN.refuse(why.told()).with("why", why.name())
}
