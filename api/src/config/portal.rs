//! The portals one may come in by, as the settings name them.
//!
//! Always: an issuer is kept letter by letter; addresses are `https` unless the settings say otherwise; a secret comes from the
//! file, from a file of its own or from the environment, and is never shown.

use std::path::PathBuf;
use std::time::Duration;

use ledger::error::{Result, Storage};
use ledger::hooks::Openness;
use serde::Deserialize;
use url::Url;

use super::CONFIG;

/// By which portals one may come in.
#[derive(Clone, Debug)]
pub struct Portals {
    /// Where we are ourselves, as browsers say it.
    pub public_url: String,
    /// Where portals may be.
    pub allows: Openness,
    /// Roots trusted besides the public ones, PEM.
    pub ca: Option<PathBuf>,
    /// How long a portal may take.
    pub timeout: Duration,
    /// Each of them.
    pub list: Vec<Portal>,
}

/// A portal that one may come in by: an OpenID Provider.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub shown_as: String,
    /// Its issuer, letter by letter.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// What shows that we are; none for a public client.
    pub client_secret: Option<Secret>,
    /// Which `acr` counts as a second factor.
    pub strong_acr: Vec<String>,
    /// Which `amr` counts as a second factor.
    pub strong_amr: Vec<String>,
    /// Whether its addresses may be plain `http`.
    pub allows_http: bool,
}

/// A secret that is sent, and so must be kept as it is.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Secret {
        Secret(secret.into())
    }

    /// In clear.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// Never shows it.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A portal as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPortal {
    pub(super) name: String,
    shown_as: String,
    issuer: String,
    client_id: String,
    pub(super) client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    strong_acr: Vec<String>,
    #[serde(default)]
    strong_amr: Vec<String>,
}

/// What the variable of a portal's secret begins with.
pub(super) const SECRET: &str = "XIAOQU_PORTAL_SECRET_";

/// The variable of a portal's secret.
pub(super) fn secret_variable(portal: &str) -> String {
    format!("{SECRET}{}", portal.to_uppercase().replace('-', "_"))
}

/// An address that browsers and we are sent to: `https`, nothing but a host and a path.
fn public(name: &str, text: &str, allows_http: bool) -> Result<()> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_fit = url.scheme() == "https" || (url.scheme() == "http" && allows_http);
        let is_bare = url.query().is_none() && url.fragment().is_none();
        is_fit && is_bare && url.username().is_empty() && url.password().is_none()
    });
    match url.filter(Url::has_host) {
        Some(_) => Ok(()),
        None => Err(CONFIG.refuse(format!("{name} = {text:?}，须为 https 地址")).into()),
    }
}

/// The portals as they may be used.
pub(super) fn checked(
    written: Vec<WrittenPortal>,
    public_url: &str,
    allows_http: bool,
) -> Result<Vec<Portal>> {
    let mut list: Vec<Portal> = Vec::with_capacity(written.len());
    if !written.is_empty() {
        public("public_url", public_url, allows_http)?;
    }
    for portal in written {
        let WrittenPortal { name, shown_as, issuer, client_id, strong_acr, strong_amr, .. } =
            portal;
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=40).contains(&name.len()) || !name.chars().all(is_slug) {
            let evidence = format!("门户的 name = {name:?}，须为小写字母、数字、短横线");
            return Err(CONFIG.refuse(evidence).into());
        }
        if list.iter().any(|known| known.name == name || known.issuer == issuer) {
            return Err(CONFIG.refuse(format!("门户 {name} 的 name 或 issuer 有重复")).into());
        }
        public("issuer", &issuer, allows_http)?;
        if shown_as.trim().is_empty() || client_id.trim().is_empty() {
            return Err(CONFIG.refuse(format!("门户 {name} 没有 shown_as 或 client_id")).into());
        }
        let secret = match (portal.client_secret, &portal.client_secret_file) {
            (Some(secret), _) => Some(secret),
            (None, Some(path)) => {
                let what = format!("门户 {name} 的 client_secret_file {}", path.display());
                let read = std::fs::read_to_string(path);
                Some(read.map_err(|source| Storage::File { what, source })?)
            }
            (None, None) => None,
        };
        let secret = secret.map(|secret| secret.trim().to_owned());
        if secret.as_ref().is_some_and(String::is_empty) {
            return Err(CONFIG.refuse(format!("门户 {name} 的密钥是空的")).into());
        }
        list.push(Portal {
            name,
            shown_as,
            issuer,
            client_id,
            client_secret: secret.map(Secret),
            strong_acr,
            strong_amr,
            allows_http,
        });
    }
    Ok(list)
}
