//! Every setting, its default and its reason.
//!
//! Owns: [`Config`], [`Login`].
//!
//! A setting comes from the command line, else from the environment (`XIAOQU_…`), else from the TOML file, else it is the
//! default. An unknown setting is refused, because a mistyped limit is a limit that is not there.
//!
//! | file | environment | default | why |
//! |---|---|---|---|
//! | `database` | `XIAOQU_DB` | none | where the books are must be said |
//! | `listen` | `XIAOQU_LISTEN` | `127.0.0.1:8080` | a door to the street is opened on purpose, behind a proxy with TLS |
//! | `upload_mib` | `XIAOQU_UPLOAD_MIB` | 64 | the largest file an importer reads |
//! | `timeout_seconds` | `XIAOQU_TIMEOUT_SECONDS` | 120 | the largest file takes less than a minute |
//! | `at_once` | `XIAOQU_AT_ONCE` | 256 | more at once would only wait for each other; the next is told to come again |
//! | `caller_per_minute` | `XIAOQU_CALLER_PER_MINUTE` | 6000 | one login cannot crowd out the others; 0 is without limit |
//! | `address_per_minute` | `XIAOQU_ADDRESS_PER_MINUTE` | 12000 | an office of many desks has one address; 0 is without limit |
//! | `connections` | `XIAOQU_CONNECTIONS` | 1024 | a connection costs memory before it says who it is |
//! | `header_seconds` | `XIAOQU_HEADER_SECONDS` | 10 | who dribbles a header holds a connection for nothing |
//! | `trusted_proxies` | `XIAOQU_TRUSTED_PROXIES` | none | whose `X-Forwarded-For` is believed, by address |
//! | `origins` | `XIAOQU_ORIGINS` | none | whose pages may call from a browser (CORS); closed unless said |
//! | `behind_tls` | `XIAOQU_BEHIND_TLS` | false | sends HSTS: true only where every name of the site has TLS |
//! | `key_file` | `XIAOQU_KEY_FILE` (or the keys in `XIAOQU_KEY`) | `PATH.key` beside SQLite's file; `~/.local/state/xiaoqu/` | personal data is sealed with a key that is not in the database |
//! | `log` | `XIAOQU_LOG` | `info` | one line a request; a filter of `tracing` |
//! | `second_factor` | `XIAOQU_SECOND_FACTOR` | `property-company`, `street-office` | roles that move money write only behind a second factor |
//! | `front_lists_compounds` | none | `false` | which compounds there are is their people's business; a demo shows them |
//! | `[[login]]` | `XIAOQU_TOKEN_<ROLE>` | none | no account exists that nobody made |
//!
//! A login is `role`, `user`, `token`: a machine's own, house-wide in its role. Of a token only its digest is kept in memory.
//! People have accounts in the books (`xiaoqu user`).

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use ledger::books::{Actor, Role};
use ledger::error::{Kind, Result, Rule, Storage};
use ledger::people::Known;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::shape;

/// The settings cannot be read.
pub static CONFIG: Rule = Rule {
    code: "config.shape",
    kind: Kind::Shape,
    rule: "配置须为规定的项目",
    remedy: "对照 xiaoqu serve --help 与说明改正配置",
};

/// A token that could be guessed, or that two logins share.
pub static TOKEN: Rule = Rule {
    code: "config.token",
    kind: Kind::Shape,
    rule: "访问令牌须为 16 至 200 个可见 ASCII 字符，每个登录各不相同",
    remedy: "用随机生成的令牌，例如 head -c 24 /dev/urandom | base64",
};

/// The address is somebody else's, or in use.
pub static LISTEN: Rule = Rule {
    code: "config.listen",
    kind: Kind::Shape,
    rule: "监听地址须属于本机且未被占用",
    remedy: "换一个端口，或先结束占用它的程序",
};

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the books are.
    pub database: Option<String>,
    /// The file of the keys that personal data is sealed with.
    pub key_file: Option<PathBuf>,
    /// Where the door is.
    pub listen: SocketAddr,
    /// How many bytes a file may have.
    pub upload_bytes: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many requests are under way at once.
    pub at_once: usize,
    /// How often a login may ask in a minute; 0 is without limit.
    pub caller_per_minute: u32,
    /// How often an address may ask in a minute; 0 is without limit.
    pub address_per_minute: u32,
    /// How many connections are held at once.
    pub connections: usize,
    /// How long a request's header may take to arrive.
    pub header_time: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whose pages may call from a browser.
    pub origins: Vec<HeaderValue>,
    /// Whether a proxy with TLS stands before the door.
    pub behind_tls: bool,
    /// What is logged.
    pub log: String,
    /// Roles whose people write only behind a second factor.
    pub second_factor: Vec<Role>,
    /// Whether the front page, which everybody may read, lists the compounds.
    pub front_lists_compounds: bool,
    /// Which machines may come in.
    pub logins: Vec<Login>,
}

/// A machine that may come in.
#[derive(Clone)]
pub struct Login {
    /// Who they are then.
    pub actor: Actor,
    /// The same, as the books know people.
    pub known: Arc<Known>,
    /// The digest of their token.
    digest: [u8; 32],
}

/// Never shows a token, not even its digest.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Login {
    /// A login with its token.
    ///
    /// # Errors
    /// `config.token`.
    pub fn new(role: Role, user: &str, token: &str) -> Result<Login> {
        let is_visible = token.bytes().all(|b| b.is_ascii_graphic());
        if !(16..=200).contains(&token.len()) || !is_visible {
            return Err(TOKEN.refuse(format!("{} 的令牌", role.name())).into());
        }
        let actor = Actor::new(user, role);
        let known = Arc::new(Known::configured(&actor));
        Ok(Login { actor, known, digest: Sha256::digest(token).into() })
    }

    /// Whether this is their token. Takes the same time whatever is shown: digests of one length are compared whole.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(token).into();
        let difference = self.digest.iter().zip(shown).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: None,
            key_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            upload_bytes: 64 << 20,
            timeout: Duration::from_secs(120),
            at_once: 256,
            caller_per_minute: 6_000,
            address_per_minute: 12_000,
            connections: 1_024,
            header_time: Duration::from_secs(10),
            trusted_proxies: Vec::new(),
            origins: Vec::new(),
            behind_tls: false,
            log: "info".to_owned(),
            second_factor: vec![Role::PropertyCompany, Role::StreetOffice],
            front_lists_compounds: false,
            logins: Vec::new(),
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    database: Option<String>,
    key_file: Option<PathBuf>,
    listen: Option<String>,
    upload_mib: Option<u16>,
    timeout_seconds: Option<u16>,
    at_once: Option<u16>,
    caller_per_minute: Option<u32>,
    address_per_minute: Option<u32>,
    connections: Option<u16>,
    header_seconds: Option<u16>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    origins: Vec<String>,
    behind_tls: Option<bool>,
    log: Option<String>,
    second_factor: Option<Vec<Role>>,
    front_lists_compounds: Option<bool>,
    #[serde(default)]
    login: Vec<WrittenLogin>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLogin {
    role: Role,
    user: String,
    token: String,
}

impl Config {
    /// Reads the file, if there is one, and what the environment says over it.
    ///
    /// # Errors
    /// `config.…`; the file cannot be read.
    pub fn read(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Config> {
        let mut written = match file {
            Some(path) => parse(path)?,
            None => Written::default(),
        };
        let said = |name: &str| environment(name).filter(|value| !value.is_empty());
        written.database = said("XIAOQU_DB").or(written.database);
        written.listen = said("XIAOQU_LISTEN").or(written.listen);
        written.log = said("XIAOQU_LOG").or(written.log);
        written.upload_mib = number("XIAOQU_UPLOAD_MIB", &said)?.or(written.upload_mib);
        written.timeout_seconds =
            number("XIAOQU_TIMEOUT_SECONDS", &said)?.or(written.timeout_seconds);
        if let Some(text) = said("XIAOQU_SECOND_FACTOR") {
            let role = |name: &str| Role::named(name.trim());
            let roles = text.split(',').filter(|name| *name != "none").map(role);
            let unread = || CONFIG.refuse(format!("XIAOQU_SECOND_FACTOR={text}"));
            written.second_factor = Some(roles.collect::<Option<_>>().ok_or_else(unread)?);
        }
        written.at_once = number("XIAOQU_AT_ONCE", &said)?.or(written.at_once);
        written.caller_per_minute =
            number("XIAOQU_CALLER_PER_MINUTE", &said)?.or(written.caller_per_minute);
        written.address_per_minute =
            number("XIAOQU_ADDRESS_PER_MINUTE", &said)?.or(written.address_per_minute);
        written.connections = number("XIAOQU_CONNECTIONS", &said)?.or(written.connections);
        written.header_seconds = number("XIAOQU_HEADER_SECONDS", &said)?.or(written.header_seconds);
        written.behind_tls = number("XIAOQU_BEHIND_TLS", &said)?.or(written.behind_tls);
        for (name, list) in [
            ("XIAOQU_TRUSTED_PROXIES", &mut written.trusted_proxies),
            ("XIAOQU_ORIGINS", &mut written.origins),
        ] {
            if let Some(told) = said(name) {
                *list = told.split(',').map(|one| one.trim().to_owned()).collect();
            }
        }
        for role in Role::ALL {
            let name = format!("XIAOQU_TOKEN_{}", role.name().to_uppercase().replace('-', "_"));
            if let Some(token) = said(&name) {
                let user = role.in_chinese().to_owned();
                written.login.push(WrittenLogin { role, user, token });
            }
        }
        checked(written)
    }
}

fn parse(path: &Path) -> Result<Written> {
    let what = format!("配置文件 {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|source| Storage::File { what, source })?;
    // Only the place and the reason: the text of the file holds tokens.
    let fault = |e: toml::de::Error| {
        CONFIG.refuse(format!("{}：{}", path.display(), shape::misfit("", e.message())))
    };
    Ok(toml::from_str(&text).map_err(fault)?)
}

fn number<N: std::str::FromStr>(
    name: &str,
    said: &impl Fn(&str) -> Option<String>,
) -> Result<Option<N>> {
    let read = |text: String| text.parse().map_err(|_| CONFIG.refuse(format!("{name}={text}")));
    Ok(said(name).map(read).transpose()?)
}

fn checked(written: Written) -> Result<Config> {
    let usual = Config::default();
    let listen = match written.listen {
        Some(text) => text.parse().map_err(|_| CONFIG.refuse(format!("listen = {text:?}")))?,
        None => usual.listen,
    };
    let mut tokens = HashSet::new();
    let mut logins = Vec::new();
    for WrittenLogin { role, user, token } in written.login {
        if role == Role::Operator {
            return Err(CONFIG.refuse("operator 只在本机命令行使用，不能登录").into());
        }
        let login = Login::new(role, &user, &token)?;
        if !tokens.insert(token) {
            return Err(TOKEN.refuse(format!("{} 与另一登录的令牌相同", role.name())).into());
        }
        logins.push(login);
    }
    let address = |text: &String| {
        text.parse().map_err(|_| CONFIG.refuse(format!("trusted_proxies = {text:?}，须为 IP 地址")))
    };
    let trusted_proxies = written.trusted_proxies.iter().map(address).collect::<Result<_, _>>()?;
    let origins = written.origins.iter().map(|text| origin(text)).collect::<Result<_>>()?;
    let upload_bytes = written.upload_mib.map(|mib| usize::from(mib.clamp(1, 64)) << 20);
    let timeout = written.timeout_seconds.map(|s| Duration::from_secs(u64::from(s.max(1))));
    Ok(Config {
        database: written.database,
        key_file: written.key_file,
        listen,
        upload_bytes: upload_bytes.unwrap_or(usual.upload_bytes),
        timeout: timeout.unwrap_or(usual.timeout),
        at_once: written.at_once.map_or(usual.at_once, |n| usize::from(n.max(1))),
        caller_per_minute: written.caller_per_minute.unwrap_or(usual.caller_per_minute),
        address_per_minute: written.address_per_minute.unwrap_or(usual.address_per_minute),
        connections: written.connections.map_or(usual.connections, |n| usize::from(n.max(1))),
        header_time: written
            .header_seconds
            .map_or(usual.header_time, |s| Duration::from_secs(u64::from(s.max(1)))),
        trusted_proxies,
        origins,
        behind_tls: written.behind_tls.unwrap_or(usual.behind_tls),
        log: written.log.unwrap_or(usual.log),
        second_factor: written.second_factor.unwrap_or(usual.second_factor),
        front_lists_compounds: written.front_lists_compounds.unwrap_or(false),
        logins,
    })
}

/// An origin as a browser names it: scheme, host, port, nothing after.
fn origin(text: &str) -> Result<HeaderValue> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']);
    let value = HeaderValue::from_str(text).ok().filter(|_| host.is_some_and(is_host));
    let evidence = || CONFIG.refuse(format!("origins = {text:?}，须写作 https://域名[:端口]"));
    Ok(value.ok_or_else(evidence)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_speaks_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("xiaoqu.toml");
        let token = "0123456789abcdef";
        std::fs::write(
            &path,
            format!(
                "listen = '127.0.0.1:1'\ntimeout_seconds = 7\n\
                 [[login]]\nrole = 'auditor'\nuser = '审计'\ntoken = '{token}'\n"
            ),
        )
        .unwrap();
        let environment = |name: &str| match name {
            "XIAOQU_LISTEN" => Some("127.0.0.1:2".to_owned()),
            "XIAOQU_TOKEN_STREET_OFFICE" => Some("fedcba9876543210".to_owned()),
            "XIAOQU_SECOND_FACTOR" => Some("administrator, street-office".to_owned()),
            _ => None,
        };
        let config = Config::read(Some(&path), environment).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.timeout.as_secs(), 7);
        assert_eq!(config.upload_bytes, 64 << 20);
        assert_eq!(config.second_factor, [Role::Administrator, Role::StreetOffice]);
        assert!(!config.front_lists_compounds);
        assert!(config.logins[0].is(token) && !config.logins[0].is("0123456789abcdee"));
        assert_eq!(config.logins[1].actor.role, Role::StreetOffice);
    }

    #[test]
    fn what_is_mistyped_weak_or_shared_is_refused() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("xiaoqu.toml");
            std::fs::write(&path, text).unwrap();
            Config::read(Some(&path), |_| None).unwrap_err().code()
        };
        let login = |token: &str| format!("[[login]]\nrole='auditor'\nuser='a'\ntoken='{token}'\n");
        assert_eq!(read("listn = 'x'"), "config.shape");
        assert_eq!(read("listen = 'here'"), "config.shape");
        assert_eq!(read("second_factor = ['everybody']"), "config.shape");
        assert_eq!(read(&login("short")), "config.token");
        assert_eq!(read(&login("0123456789abcdef").repeat(2)), "config.token");
        let operator = "[[login]]\nrole='operator'\nuser='a'\ntoken='0123456789abcdef'\n";
        assert_eq!(read(operator), "config.shape");
    }
}
