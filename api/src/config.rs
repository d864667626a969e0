//! Every setting, its default and its reason.
//!
//! Owns: [`SETTINGS`] (the one table: `xiaoqu config` prints it, `xiaoqu config --example` makes a file of it),
//! [`Config`], [`Login`], [`Token`], [`Portal`].
//!
//! A setting comes from the command line, else from the environment (`XIAOQU_…`), else from the TOML file, else it is the
//! default. An unknown setting is refused, in the file and in the environment, because a mistyped limit is a limit that is
//! not there. Of a token only its digest is kept in memory.

mod portal;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use ipnet::IpNet;
use ledger::books::{Actor, Role};
use ledger::error::{Kind, Result, Rule, Storage};
use ledger::hooks::{LEASE_SECONDS, Openness};
use ledger::people::Known;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

pub use self::portal::{Portal, Portals, Secret};
use self::portal::{SECRET, WrittenPortal, secret_variable};
use crate::shape;

/// The settings cannot be read.
pub static CONFIG: Rule = Rule {
    code: "config.shape",
    kind: Kind::Shape,
    rule: "配置须为规定的项目",
    remedy: "xiaoqu config 列出全部配置项；xiaoqu config --example 给出样例",
};

/// A token that could be guessed, or that two logins share.
pub static TOKEN: Rule = Rule {
    code: "config.token",
    kind: Kind::Shape,
    rule: "访问令牌须为 16 至 200 个可见 ASCII 字符，每个登录各不相同",
    remedy: "用随机生成的令牌，例如 head -c 24 /dev/urandom | base64",
};

/// A file of secrets that others may read.
pub static OPEN_FILE: Rule = Rule {
    code: "config.open-file",
    kind: Kind::Shape,
    rule: "含令牌、密钥或数据库口令的配置文件，只许属主读取",
    remedy: "chmod 600 该文件；或把秘密移到环境变量",
};

/// The address is somebody else's, or in use.
pub static LISTEN: Rule = Rule {
    code: "config.listen",
    kind: Kind::Shape,
    rule: "监听地址须属于本机且未被占用",
    remedy: "换一个端口，或先结束占用它的程序",
};

/// What a setting holds, so that the environment's text can be read as the file's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// Texts; in the environment separated by commas, `none` for none of them.
    List,
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file; in the environment it is `XIAOQU_` and the same in capitals, but for `XIAOQU_DB`.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// What it is if nobody says, as TOML; for one without a default, an example.
    pub value: &'static str,
    /// Whether it has that value if nobody says.
    pub is_default: bool,
    /// What it does and why, in Chinese.
    pub told: &'static str,
}

impl Setting {
    /// Its name in the environment.
    #[must_use]
    pub fn environment(&self) -> String {
        match self.name {
            "database" => "XIAOQU_DB".to_owned(),
            name => format!("XIAOQU_{}", name.to_uppercase()),
        }
    }
}

const fn usual(
    name: &'static str,
    holds: Holds,
    value: &'static str,
    told: &'static str,
) -> Setting {
    Setting { name, holds, value, is_default: true, told }
}

const fn unset(
    name: &'static str,
    holds: Holds,
    value: &'static str,
    told: &'static str,
) -> Setting {
    Setting { name, holds, value, is_default: false, told }
}

/// Every setting but the logins.
pub const SETTINGS: &[Setting] = &[
    unset(
        "database",
        Holds::Text,
        "\"sqlite:/var/lib/xiaoqu/xiaoqu.sqlite\"",
        "账册地址：sqlite:文件路径 或 postgres://用户@主机/库名；必须写明",
    ),
    usual("listen", Holds::Text, "\"127.0.0.1:8080\"", "监听地址；对外一律经反向代理并用 TLS"),
    unset(
        "key_file",
        Holds::Text,
        "\"/var/lib/xiaoqu/xiaoqu.sqlite.key\"",
        "加密个人信息的密钥文件，也可在 XIAOQU_KEY 中写密钥；不写则为账册旁的 .key 文件（PostgreSQL 为 ~/.local/state/xiaoqu/）",
    ),
    usual(
        "trusted_proxies",
        Holds::List,
        "[]",
        "反向代理的网段，例如 [\"127.0.0.1/32\"]；只认这些来源的 X-Forwarded-For",
    ),
    usual("upload_mib", Holds::Number, "64", "上传文件上限（MiB），1 至 64"),
    usual("timeout_seconds", Holds::Number, "120", "一次请求的时限（秒）；最大的文件用不到一分钟"),
    usual("at_once", Holds::Number, "256", "同时在办的请求数；再多只会互相等待，超出的请稍后再来"),
    usual(
        "body_seconds",
        Holds::Number,
        "10",
        "请求体（文件除外）须在此时限（秒）内到齐；未到齐的不占在办的名额",
    ),
    usual(
        "strangers_at_once",
        Holds::Number,
        "32",
        "同一来源地址同时在办的无须登录的请求（登录本身即是）；一个地址不得占满登录的口子",
    ),
    usual(
        "person_per_minute",
        Holds::Number,
        "600",
        "人的每个会话每分钟的请求数，0 为不限，可一次用去十分之一；人点不到这么快",
    ),
    usual(
        "caller_per_minute",
        Holds::Number,
        "6000",
        "每个令牌每分钟的请求数，0 为不限，可一次用去十分之一；一个系统不得挤占他人",
    ),
    usual(
        "address_per_minute",
        Holds::Number,
        "12000",
        "每个地址每分钟的请求数，0 为不限，可一次用去十分之一；一个办公室常共用一个地址",
    ),
    usual("connections", Holds::Number, "1024", "同时保持的连接数；连接在表明身份之前就占内存"),
    usual(
        "header_seconds",
        Holds::Number,
        "10",
        "请求头须在此时限（秒）内到齐；慢吞吞的连接会被关闭",
    ),
    usual(
        "origins",
        Holds::List,
        "[]",
        "允许哪些网页从浏览器调用（CORS），例如 [\"https://a.cn\"]；不写则都不允许",
    ),
    usual("behind_tls", Holds::Switch, "false", "是否发送 HSTS：本站所有域名都经 TLS 时才打开"),
    usual("grace_seconds", Holds::Number, "10", "收到停止信号后，等待未完请求的时限（秒）"),
    usual(
        "log",
        Holds::Text,
        "\"info\"",
        "日志的详略（tracing 的过滤式）；每个请求一行，不含个人信息",
    ),
    usual(
        "log_format",
        Holds::Text,
        "\"text\"",
        "日志的写法：text 或 json，一事一行，写到标准错误，轮转由 journald 负责",
    ),
    usual(
        "second_factor",
        Holds::List,
        "[\"property-company\", \"street-office\"]",
        "哪些角色须经二次验证才能办理；环境变量写 none 则都不须",
    ),
    usual(
        "proof_minutes",
        Holds::Number,
        "10",
        "再次验证的有效时间（分钟），1 至 720：政策包规定须再次验证的事项，在此时间之内验证过方可办理",
    ),
    usual(
        "front_lists_compounds",
        Holds::Switch,
        "false",
        "首页是否列出小区；有哪些小区是其自己人的事，demo 才列出",
    ),
    unset(
        "metrics_listen",
        Holds::Text,
        "\"127.0.0.1:9464\"",
        "另开一个只有 /metrics 的监听地址；不写则不开",
    ),
    unset(
        "metrics_token",
        Holds::Text,
        "\"请换成随机生成的令牌-0123456789\"",
        "读 /metrics 的令牌（Bearer）；写了才在主地址上提供 /metrics",
    ),
    usual(
        "hooks",
        Holds::Switch,
        "true",
        "是否投递推送；同一账册开几个进程时，各订阅由其中一个投递",
    ),
    usual(
        "hooks_allow_http",
        Holds::Switch,
        "false",
        "是否允许推送到 http 地址；只在接收方同在本机或内网时打开",
    ),
    usual(
        "hooks_allow_private",
        Holds::Switch,
        "false",
        "是否允许推送到内网与本机地址；打开后管理员可令本机访问内网",
    ),
    unset(
        "hooks_ca",
        Holds::Text,
        "\"/etc/xiaoqu/hooks-ca.pem\"",
        "另外信任的根证书（PEM），用于自建证书的接收方",
    ),
    usual("hooks_timeout_seconds", Holds::Number, "10", "一次推送的时限（秒），1 至 60"),
    unset(
        "public_url",
        Holds::Text,
        "\"https://xiaoqu.example.cn\"",
        "本站对外的地址：门户据此把人送回来；配置了门户则必写",
    ),
    usual(
        "portal_allow_http",
        Holds::Switch,
        "false",
        "是否允许 http 的门户与本站地址；只用于本机试验",
    ),
    usual(
        "portal_allow_private",
        Holds::Switch,
        "false",
        "是否允许门户在内网或本机；政务外网里的门户须打开",
    ),
    unset(
        "portal_ca",
        Holds::Text,
        "\"/etc/xiaoqu/portal-ca.pem\"",
        "另外信任的根证书（PEM），用于自建证书的门户",
    ),
    usual("portal_timeout_seconds", Holds::Number, "5", "向门户提一次问的时限（秒），1 至 30"),
];

/// The environment's variables that are no settings: the keys themselves, which are read where the books are opened, and
/// the tests' own.
const NOT_OURS: [&str; 4] =
    ["XIAOQU_KEY", "XIAOQU_TEST_PG", "XIAOQU_TEST_PG_REQUIRED", "XIAOQU_PG_BIN"];

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the books are.
    pub database: Option<String>,
    /// The file of the keys that personal data is sealed with.
    pub key_file: Option<PathBuf>,
    /// Where the door is.
    pub listen: SocketAddr,
    /// Whose word about a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How many bytes a file may have.
    pub upload_bytes: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many requests are under way at once.
    pub at_once: usize,
    /// How long a body that is no file may take to arrive.
    pub body_time: Duration,
    /// How many requests of one address are under way at the doors that are open to anybody.
    pub strangers_at_once: usize,
    /// How often a person's session may ask in a minute; 0 is without limit.
    pub person_per_minute: u32,
    /// How often a token may ask in a minute; 0 is without limit.
    pub caller_per_minute: u32,
    /// How often an address may ask in a minute; 0 is without limit.
    pub address_per_minute: u32,
    /// How many connections are held at once.
    pub connections: usize,
    /// How long a request's header may take to arrive.
    pub header_time: Duration,
    /// Whose pages may call from a browser.
    pub origins: Vec<HeaderValue>,
    /// Whether a proxy with TLS stands before the door.
    pub behind_tls: bool,
    /// How long requests under way may take when the program is asked to end.
    pub grace: Duration,
    /// What is logged.
    pub log: String,
    /// How it is written.
    pub log_format: LogFormat,
    /// Where `/metrics` is besides.
    pub metrics_listen: Option<SocketAddr>,
    /// What opens `/metrics`.
    pub metrics_token: Option<Token>,
    /// How events are sent.
    pub hooks: Outgoing,
    /// By which portals one may come in.
    pub portals: Portals,
    /// Roles whose people write only behind a second factor.
    pub second_factor: Vec<Role>,
    /// How long a second factor that was shown counts, where a policy pack wants it shown anew.
    pub proof: Duration,
    /// Whether the front page, which everybody may read, lists the compounds.
    pub front_lists_compounds: bool,
    /// Which machines may come in.
    pub logins: Vec<Login>,
}

/// How events are sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whether this process sends any.
    pub is_on: bool,
    /// Where it may send.
    pub allows: Openness,
    /// Roots trusted besides the public ones, PEM.
    pub ca: Option<PathBuf>,
    /// How long a receiver may take.
    pub timeout: Duration,
}

/// A token, of which only the digest is kept.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Reads a token.
    ///
    /// # Errors
    /// `config.token`.
    pub fn new(whose: &str, token: &str) -> Result<Token> {
        let is_visible = token.bytes().all(|b| b.is_ascii_graphic());
        if !(16..=200).contains(&token.len()) || !is_visible {
            return Err(TOKEN.refuse(format!("{whose} 的令牌")).into());
        }
        Ok(Token(Sha256::digest(token).into()))
    }

    /// Whether this is it. Takes the same time whatever is shown: digests of one length are compared whole.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(token).into();
        let difference = self.0.iter().zip(shown).fold(0_u8, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

/// Never shows it, not even its digest.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// A machine that may come in.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who they are then.
    pub actor: Actor,
    /// The same, as the books know people.
    pub known: Arc<Known>,
    token: Token,
}

impl Login {
    /// A login with its token.
    ///
    /// # Errors
    /// `config.token`.
    pub fn new(role: Role, user: &str, token: &str) -> Result<Login> {
        let (actor, token) = (Actor::new(user, role), Token::new(role.name(), token)?);
        let known = Arc::new(Known::configured(&actor));
        Ok(Login { actor, known, token })
    }

    /// Whether this is their token.
    #[must_use]
    pub fn is(&self, token: &str) -> bool {
        self.token.is(token)
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: None,
            key_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            trusted_proxies: Vec::new(),
            upload_bytes: 64 << 20,
            timeout: Duration::from_secs(120),
            at_once: 256,
            body_time: Duration::from_secs(10),
            strangers_at_once: 32,
            person_per_minute: 600,
            caller_per_minute: 6_000,
            address_per_minute: 12_000,
            connections: 1_024,
            header_time: Duration::from_secs(10),
            origins: Vec::new(),
            behind_tls: false,
            grace: Duration::from_secs(10),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            second_factor: vec![Role::PropertyCompany, Role::StreetOffice],
            proof: Duration::from_secs(600),
            front_lists_compounds: false,
            metrics_listen: None,
            metrics_token: None,
            hooks: Outgoing {
                is_on: true,
                allows: Openness::default(),
                ca: None,
                timeout: Duration::from_secs(10),
            },
            portals: Portals {
                public_url: String::new(),
                allows: Openness::default(),
                ca: None,
                timeout: Duration::from_secs(5),
                list: Vec::new(),
            },
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
    trusted_proxies: Option<Vec<String>>,
    upload_mib: Option<u16>,
    timeout_seconds: Option<u16>,
    at_once: Option<u16>,
    body_seconds: Option<u16>,
    strangers_at_once: Option<u16>,
    person_per_minute: Option<u32>,
    caller_per_minute: Option<u32>,
    address_per_minute: Option<u32>,
    connections: Option<u16>,
    header_seconds: Option<u16>,
    origins: Option<Vec<String>>,
    behind_tls: Option<bool>,
    grace_seconds: Option<u16>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    second_factor: Option<Vec<Role>>,
    proof_minutes: Option<u16>,
    front_lists_compounds: Option<bool>,
    metrics_listen: Option<String>,
    metrics_token: Option<String>,
    hooks: Option<bool>,
    hooks_allow_http: Option<bool>,
    hooks_allow_private: Option<bool>,
    hooks_ca: Option<PathBuf>,
    hooks_timeout_seconds: Option<u16>,
    public_url: Option<String>,
    portal_allow_http: Option<bool>,
    portal_allow_private: Option<bool>,
    portal_ca: Option<PathBuf>,
    portal_timeout_seconds: Option<u16>,
    #[serde(default)]
    login: Vec<WrittenLogin>,
    #[serde(default)]
    portal: Vec<WrittenPortal>,
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
        let mut table = match file {
            Some(path) => parse(path)?,
            None => Table::new(),
        };
        let said = |name: &str| environment(name).filter(|value| !value.is_empty());
        for setting in SETTINGS {
            let name = setting.environment();
            if let Some(text) = said(&name) {
                table.insert(setting.name.to_owned(), read_as(setting.holds, &name, text)?);
            }
        }
        // Only the place and the reason: the text holds tokens.
        let place = file.map_or_else(|| "环境变量".to_owned(), |path| path.display().to_string());
        let fault = |e: toml::de::Error| {
            CONFIG.refuse(format!("{place}：{}", shape::misfit("", e.message())))
        };
        let mut written: Written = Value::Table(table).try_into().map_err(fault)?;
        for role in Role::ALL {
            if let Some(token) = said(&token_variable(role)) {
                let user = role.in_chinese().to_owned();
                written.login.push(WrittenLogin { role, user, token });
            }
        }
        for portal in &mut written.portal {
            if let Some(secret) = said(&secret_variable(&portal.name)) {
                portal.client_secret = Some(secret);
            }
        }
        checked(written)
    }

    /// Refuses a file that holds secrets and that the group or others may read. What systemd hands over (`LoadCredential=`)
    /// lies in a folder only the service may enter, and its rights say something else.
    ///
    /// # Errors
    /// `config.open-file`, `config.shape`; the file cannot be read.
    pub fn keeps_its_secrets(path: &Path) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let what = || format!("配置文件 {}", path.display());
        let lost = |source| Storage::File { what: what(), source };
        let mode = std::fs::metadata(path).map_err(lost)?.permissions().mode();
        let handed_over = std::env::var_os("CREDENTIALS_DIRECTORY");
        let is_handed_over = handed_over.is_some_and(|folder| path.starts_with(folder));
        if mode & 0o044 == 0 || is_handed_over || !holds_secrets(&parse(path)?) {
            return Ok(());
        }
        let evidence = format!("{} 的权限为 {:04o}", path.display(), mode & 0o7777);
        Err(OPEN_FILE.refuse(evidence).into())
    }

    /// Refuses variables `XIAOQU_…` that no setting reads.
    ///
    /// # Errors
    /// `config.shape`.
    pub fn may_be_said(names: impl Iterator<Item = String>) -> Result<()> {
        let known: HashSet<String> = SETTINGS.iter().map(Setting::environment).collect();
        let tokens: HashSet<String> = Role::ALL.into_iter().map(token_variable).collect();
        for name in names.filter(|name| name.starts_with("XIAOQU_")) {
            let is_secret = name.strip_prefix(SECRET).is_some_and(|portal| !portal.is_empty());
            let is_known = known.contains(&name) || tokens.contains(&name) || is_secret;
            if !is_known && !NOT_OURS.contains(&name.as_str()) {
                return Err(CONFIG.refuse(format!("没有环境变量 {name}")).into());
            }
        }
        Ok(())
    }
}

/// Whether a file names a token, a portal's secret or a password in the books' address.
fn holds_secrets(table: &Table) -> bool {
    let has_any =
        |name: &str| table.get(name).and_then(Value::as_array).is_some_and(|l| !l.is_empty());
    let portals = table.get("portal").and_then(Value::as_array).into_iter().flatten();
    let has_password = |url: &str| {
        let who = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        who.is_some_and(|(who, _)| who.contains(':')) || url.contains("password=")
    };
    has_any("login")
        || table.contains_key("metrics_token")
        || portals.into_iter().any(|portal| portal.get("client_secret").is_some())
        || table.get("database").and_then(Value::as_str).is_some_and(has_password)
}

fn token_variable(role: Role) -> String {
    format!("XIAOQU_TOKEN_{}", role.name().to_uppercase().replace('-', "_"))
}

fn parse(path: &Path) -> Result<Table> {
    let what = format!("配置文件 {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|source| Storage::File { what, source })?;
    let fault = |e| CONFIG.refuse(format!("{}：{}", path.display(), shape::toml(&text, &e)));
    Ok(toml::from_str(&text).map_err(fault)?)
}

fn read_as(holds: Holds, name: &str, text: String) -> Result<Value> {
    let unread = || CONFIG.refuse(format!("{name} 写法不对"));
    Ok(match holds {
        Holds::Text => Value::String(text),
        Holds::Number => Value::Integer(text.trim().parse().map_err(|_| unread())?),
        Holds::Switch => Value::Boolean(text.trim().parse().map_err(|_| unread())?),
        Holds::List => {
            let items =
                text.split(',').map(str::trim).filter(|item| !item.is_empty() && *item != "none");
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
    })
}

fn address(name: &str, text: &str) -> Result<SocketAddr> {
    Ok(text.parse().map_err(|_| CONFIG.refuse(format!("{name} = {text:?}")))?)
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet> {
    let one = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    let known = text.parse().ok().or_else(|| one(text));
    Ok(known.ok_or_else(|| CONFIG.refuse(format!("trusted_proxies 中的 {text:?}")))?)
}

fn checked(written: Written) -> Result<Config> {
    let usual = Config::default();
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
    if written.metrics_token.as_ref().is_some_and(|token| tokens.contains(token)) {
        return Err(TOKEN.refuse("metrics_token 与一个登录的令牌相同").into());
    }
    let seconds = |asked: Option<u16>, least: u16, most: u16, usual: Duration| {
        asked.map_or(usual, |s| Duration::from_secs(u64::from(s.clamp(least, most))))
    };
    // A receiver must have answered before the lease of whoever sends to it ends.
    let most = u16::try_from(LEASE_SECONDS / 2).unwrap_or(60);
    let proxies = written.trusted_proxies.unwrap_or_default();
    let origins = written.origins.unwrap_or_default();
    let metrics_token = written.metrics_token.as_deref();
    let allows_http = written.portal_allow_http.unwrap_or(false);
    let public_url = written.public_url.unwrap_or_default();
    Ok(Config {
        database: written.database,
        key_file: written.key_file,
        listen: written.listen.map_or(Ok(usual.listen), |text| address("listen", &text))?,
        trusted_proxies: proxies.iter().map(|text| network(text)).collect::<Result<_>>()?,
        upload_bytes: written
            .upload_mib
            .map_or(usual.upload_bytes, |mib| usize::from(mib.clamp(1, 64)) << 20),
        timeout: seconds(written.timeout_seconds, 1, u16::MAX, usual.timeout),
        at_once: written.at_once.map_or(usual.at_once, |n| usize::from(n.max(1))),
        body_time: seconds(written.body_seconds, 1, u16::MAX, usual.body_time),
        strangers_at_once: written
            .strangers_at_once
            .map_or(usual.strangers_at_once, |n| usize::from(n.max(1))),
        person_per_minute: written.person_per_minute.unwrap_or(usual.person_per_minute),
        caller_per_minute: written.caller_per_minute.unwrap_or(usual.caller_per_minute),
        address_per_minute: written.address_per_minute.unwrap_or(usual.address_per_minute),
        connections: written.connections.map_or(usual.connections, |n| usize::from(n.max(1))),
        header_time: seconds(written.header_seconds, 1, u16::MAX, usual.header_time),
        origins: origins.iter().map(|text| origin(text)).collect::<Result<_>>()?,
        behind_tls: written.behind_tls.unwrap_or(usual.behind_tls),
        grace: seconds(written.grace_seconds, 0, u16::MAX, usual.grace),
        log: written.log.unwrap_or(usual.log),
        log_format: written.log_format.unwrap_or_default(),
        second_factor: written.second_factor.unwrap_or(usual.second_factor),
        proof: written
            .proof_minutes
            .map_or(usual.proof, |m| Duration::from_secs(60 * u64::from(m.clamp(1, 720)))),
        front_lists_compounds: written.front_lists_compounds.unwrap_or(false),
        metrics_listen: written
            .metrics_listen
            .map(|text| address("metrics_listen", &text))
            .transpose()?,
        metrics_token: metrics_token.map(|text| Token::new("metrics", text)).transpose()?,
        hooks: Outgoing {
            is_on: written.hooks.unwrap_or(true),
            allows: Openness {
                http: written.hooks_allow_http.unwrap_or(false),
                private: written.hooks_allow_private.unwrap_or(false),
            },
            ca: written.hooks_ca,
            timeout: seconds(written.hooks_timeout_seconds, 1, most, usual.hooks.timeout),
        },
        portals: Portals {
            allows: Openness {
                http: allows_http,
                private: written.portal_allow_private.unwrap_or(false),
            },
            list: portal::checked(written.portal, &public_url, allows_http)?,
            public_url,
            ca: written.portal_ca,
            timeout: seconds(written.portal_timeout_seconds, 1, 30, usual.portals.timeout),
        },
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

/// The table of settings, for people.
#[must_use]
pub fn table() -> String {
    let mut text = String::from("配置项（文件 / 环境变量 / 默认）\n");
    for setting in SETTINGS {
        let value = if setting.is_default { setting.value } else { "无" };
        let (name, variable) = (setting.name, setting.environment());
        let _ = writeln!(text, "\n{name}  {variable}  默认 {value}\n    {}", setting.told);
    }
    text.push_str(
        "\n[[login]]  XIAOQU_TOKEN_<角色>  默认 无\n    \
         机器的登录：role、user、token，全册有效（人的账号用 xiaoqu user 登记）；角色如 property-company、auditor、administrator\n",
    );
    text.push_str(
        "\n[[portal]]  XIAOQU_PORTAL_SECRET_<门户代码>（密钥）  默认 无\n    \
         经门户登录（OpenID Connect）：name、shown_as、issuer、client_id、client_secret 或 client_secret_file；\
         strong_acr、strong_amr 列出算作二次验证的取值，不写则都不算\n",
    );
    text
}

/// A file with every setting in it, each behind a `#`.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# 小区账本的配置。去掉行首的 # 即生效；也可用环境变量，环境变量优先。\n\
         # 本文件含令牌：权限应为 0600，属主为运行 xiaoqu 的用户。\n",
    );
    for setting in SETTINGS {
        let _ = write!(text, "\n# {}（{}）\n", setting.told, setting.environment());
        let _ = writeln!(text, "#{} = {}", setting.name, setting.value);
    }
    text.push_str(
        "\n# 登录（XIAOQU_TOKEN_<角色>）：可写多个\n#[[login]]\n#role = \"auditor\"\n\
         #user = \"审计-孙老师\"\n#token = \"请换成随机生成的令牌\"\n",
    );
    text.push_str(
        "\n# 经门户登录（OpenID Connect）：可写多个；密钥也可放在 XIAOQU_PORTAL_SECRET_<门户代码>\n# [[portal]]\n\
         # name = \"district\"\n# shown_as = \"区政务门户\"\n# issuer = \"https://portal.example.cn\"\n\
         # client_id = \"xiaoqu\"\n# client_secret_file = \"/etc/xiaoqu/portal-secret\"\n# strong_amr = [\"mfa\", \"otp\"]\n",
    );
    text
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
            _ => None,
        };
        let config = Config::read(Some(&path), environment).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.timeout.as_secs(), 7);
        assert_eq!(config.upload_bytes, 64 << 20);
        assert!(config.logins[0].is(token) && !config.logins[0].is("0123456789abcdee"));
        assert_eq!(config.logins[1].actor.role, Role::StreetOffice);
    }

    #[test]
    fn the_example_is_the_defaults_and_every_setting_is_in_it() {
        let bare: String = example()
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') && !line.contains("请换成"))
            .filter(|line| {
                !line.starts_with("[[login]]")
                    && !line.starts_with("role")
                    && !line.starts_with("user")
            })
            .fold(String::new(), |text, line| text + line + "\n");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("xiaoqu.toml");
        std::fs::write(&path, &bare).unwrap();
        let config = Config::read(Some(&path), |_| None).unwrap();
        let usual = Config::default();
        assert_eq!(config.listen, usual.listen);
        assert_eq!((config.timeout, config.grace), (usual.timeout, usual.grace));
        assert_eq!((config.upload_bytes, config.log), (usual.upload_bytes, usual.log));
        assert_eq!(config.hooks.allows, usual.hooks.allows);
        assert_eq!((config.hooks.timeout, config.proof), (usual.hooks.timeout, usual.proof));
        let table: Table = toml::from_str(&bare).unwrap();
        for setting in SETTINGS.iter().filter(|s| s.name != "metrics_token") {
            assert!(table.contains_key(setting.name), "{}", setting.name);
        }
        assert!(SETTINGS.iter().all(|s| super::table().contains(&s.environment())));
    }

    #[test]
    fn every_setting_can_be_said_in_the_environment_and_no_other() {
        let environment = |name: &str| match name {
            "XIAOQU_TRUSTED_PROXIES" => Some("10.0.0.1, 192.168.0.0/16".to_owned()),
            "XIAOQU_LOG_FORMAT" => Some("json".to_owned()),
            "XIAOQU_METRICS_LISTEN" => Some("127.0.0.1:9".to_owned()),
            "XIAOQU_HOOKS" => Some("false".to_owned()),
            "XIAOQU_HOOKS_TIMEOUT_SECONDS" => Some("3600".to_owned()),
            _ => None,
        };
        let config = Config::read(None, environment).unwrap();
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.metrics_listen.unwrap().port(), 9);
        assert!(!config.hooks.is_on);
        assert_eq!(config.hooks.timeout.as_secs(), 60);
        let said = |names: &[&str]| {
            Config::may_be_said(names.iter().map(|name| (*name).to_owned())).map_err(|e| e.code())
        };
        assert_eq!(said(&["PATH", "XIAOQU_DB", "XIAOQU_TOKEN_AUDITOR"]), Ok(()));
        assert_eq!(said(&["XIAOQU_LISTN"]), Err("config.shape"));
        for (name, text) in
            [("XIAOQU_UPLOAD_MIB", "many"), ("XIAOQU_HOOKS", "maybe"), ("XIAOQU_LOG_FORMAT", "xml")]
        {
            let read = Config::read(None, |asked| (asked == name).then(|| text.to_owned()));
            assert_eq!(read.unwrap_err().code(), "config.shape", "{name}");
        }
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
        assert_eq!(read(&login("short")), "config.token");
        assert_eq!(read(&login("0123456789abcdef").repeat(2)), "config.token");
        let operator = "[[login]]\nrole='operator'\nuser='a'\ntoken='0123456789abcdef'\n";
        assert_eq!(read(operator), "config.shape");
    }
}
