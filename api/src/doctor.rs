//! `xiaoqu doctor`: whether this machine can be trusted with the books, before a clerk finds out that it cannot.
//!
//! Owns: [`Check`], [`look`]. Always: every check says what was found and what to do about it; nothing is changed, no table
//! is made; a check that cannot be made says so instead of passing. A secret is never shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::books::{Books, Ground, ground};
use ledger::calendar::Clock;
use ledger::error::Error;
use ledger::hooks;
use ledger::seal::KeySource;
use serde::Serialize;

use crate::config::Config;
use crate::hooks::wire::Wire;
use crate::portal::Portals;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works; somebody should know.
    Warn,
    /// It must be mended first.
    Fail,
}

/// A check, what was found, and what to do.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, in Chinese.
    pub evidence: String,
    /// What to do, in Chinese; empty if it is as it should be.
    pub remedy: &'static str,
}

fn fine(name: &'static str, evidence: impl Into<String>) -> Check {
    Check { name, state: State::Ok, evidence: evidence.into(), remedy: "" }
}

fn warn(name: &'static str, evidence: impl Into<String>, remedy: &'static str) -> Check {
    Check { name, state: State::Warn, evidence: evidence.into(), remedy }
}

fn fail(name: &'static str, evidence: impl Into<String>, remedy: &'static str) -> Check {
    Check { name, state: State::Fail, evidence: evidence.into(), remedy }
}

/// Free space below which the books should not be opened, and below which somebody should know.
const FREE_LEAST: u64 = 200 << 20;
const FREE_WANTED: u64 = 2 << 30;

/// Looks at everything. `db` and `key_file` are what the command line says over the configuration.
pub async fn look(
    file: Option<&Path>,
    db: Option<String>,
    key_file: Option<PathBuf>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let read = Config::may_be_said(names)
        .and_then(|()| Config::read(file, |name| std::env::var(name).ok()));
    let config = match read {
        Ok(config) => config,
        Err(error) => {
            checks.push(fail("配置", told(&error), "按证据改正；xiaoqu config 列出全部配置项"));
            return checks;
        }
    };
    checks.push(match file {
        Some(path) => fine("配置", format!("{} 可读，项目齐全", path.display())),
        None => fine("配置", "没有配置文件，用环境变量与默认值"),
    });
    checks.extend(file.map(|path| match Config::keeps_its_secrets(path) {
        Ok(()) => rights("配置文件权限", path),
        // As `serve` will.
        Err(error) => {
            fail("配置文件权限", told(&error), "chmod 600；含秘密而他人可读的，serve 拒绝启动")
        }
    }));
    checks.extend(doors(&config));
    checks.extend(outgoing(&config));
    checks.extend(portals(&config).await);
    checks.extend(keys(&config));
    checks.push(user());
    match db.or_else(|| config.database.clone()) {
        Some(url) => {
            let keys = key_source(&url, key_file.or_else(|| config.key_file.clone()));
            let file = keys.file().filter(|path| path.exists());
            checks.extend(file.map(|path| rights("密钥文件权限", path)));
            checks.extend(database(&url, keys).await);
        }
        None => checks.push(fail("账册", "没有写明账册地址", "配置 database，或用 --db")),
    }
    checks
}

/// A failure in one line, with what the system said.
fn told(error: &Error) -> String {
    let mut text = match error {
        Error::Refused(refusal) => refusal.evidence.clone(),
        Error::Storage(storage) => storage.to_string(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}：{cause}");
        source = cause.source();
    }
    text
}

fn doors(config: &Config) -> Vec<Check> {
    let at = config.listen;
    let listen = match (at.ip().is_loopback(), config.trusted_proxies.is_empty()) {
        (true, _) => fine("监听地址", format!("{at}，只在本机")),
        (false, true) => warn(
            "监听地址",
            format!("{at} 对外可达，且没有配置反向代理：往来未经 TLS 加密"),
            "改为 127.0.0.1 并经反向代理（.packaging/ 有 nginx 与 Caddy 的写法），或配置 trusted_proxies",
        ),
        (false, false) => fine("监听地址", format!("{at}，经反向代理")),
    };
    let metrics = match (config.metrics_listen, config.metrics_token.is_some()) {
        (None, _) => fine("指标", "没有另开监听地址"),
        (Some(at), is_guarded) if is_guarded || at.ip().is_loopback() => {
            fine("指标", format!("{at}"))
        }
        (Some(at), _) => {
            warn("指标", format!("{at} 对外可达，任何人可读"), "改为本机地址，或配置 metrics_token")
        }
    };
    vec![listen, metrics]
}

fn outgoing(config: &Config) -> Vec<Check> {
    let allows = config.hooks.allows;
    let open = if allows.private || allows.http {
        warn(
            "推送去向",
            format!("允许内网 {}，允许 http {}", yes(allows.private), yes(allows.http)),
            "只在接收方确在内网时打开；否则关闭 hooks_allow_private 与 hooks_allow_http",
        )
    } else {
        fine("推送去向", "只到公网的 https 地址")
    };
    let roots = match (Wire::new(&config.hooks), &config.hooks.ca) {
        (Err(error), _) => fail("推送证书", told(&error), "检查 hooks_ca 的路径与内容（PEM）"),
        (Ok(_), Some(path)) => fine("推送证书", format!("公共根证书与 {}", path.display())),
        (Ok(_), None) => fine("推送证书", "公共根证书"),
    };
    vec![open, roots]
}

/// The portals one may come in by: each is asked what it says of itself.
async fn portals(config: &Config) -> Vec<Check> {
    let settings = &config.portals;
    if settings.list.is_empty() {
        return vec![fine("登录门户", "没有配置")];
    }
    let mut checks = Vec::new();
    if settings.allows.http {
        let remedy = "http 的门户可被冒充：试验之后关闭 portal_allow_http";
        checks.push(warn("登录门户", "允许 http", remedy));
    }
    for (name, looked) in Portals::of(config).look().await {
        checks.push(match looked {
            Ok(()) => fine("登录门户", format!("{name}，有应答")),
            Err(refusal) => warn(
                "登录门户",
                refusal.evidence,
                "核对 issuer、网络、portal_ca；门户在内网的，打开 portal_allow_private",
            ),
        });
    }
    checks
}

/// Whatever is secret and lies in a file. Tokens lie in the configuration, whose rights are checked with it.
fn keys(config: &Config) -> Vec<Check> {
    let tokens = config.logins.len() + usize::from(config.metrics_token.is_some());
    vec![match tokens {
        0 => fine("机器令牌", "没有配置；人的账号在账册中"),
        n => fine("机器令牌", format!("{n} 个，只存摘要于内存")),
    }]
}

/// Where the books' keys are: the file that was named, else the environment, else the usual file.
pub(crate) fn key_source(url: &str, file: Option<PathBuf>) -> KeySource {
    let told = std::env::var("XIAOQU_KEY").ok().filter(|keys| !keys.trim().is_empty());
    match (file, told) {
        (Some(path), _) => KeySource::File(path),
        (None, Some(keys)) => KeySource::Told(keys),
        (None, None) => Books::usual_keys(url),
    }
}

fn yes(is: bool) -> &'static str {
    if is { "是" } else { "否" }
}

fn user() -> Check {
    if rustix::process::geteuid().is_root() {
        return warn(
            "运行用户",
            "当前用户为 root",
            "用专门的用户运行（.packaging/xiaoqu.service 用 DynamicUser）",
        );
    }
    fine("运行用户", format!("uid {}", rustix::process::geteuid().as_raw()))
}

/// Whether somebody else on this machine may read a file: by its own rights, and those of the folders above it.
fn rights(name: &'static str, path: &Path) -> Check {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).map(|found| found.permissions().mode());
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let shown = path.display();
    let own = match mode(&path) {
        Ok(own) => own,
        Err(error) => return fail(name, format!("{shown}：{error}"), "检查路径与权限"),
    };
    let is_reachable =
        path.ancestors().skip(1).all(|folder| mode(folder).is_ok_and(|mode| mode & 0o001 != 0));
    let evidence = format!("{shown} 权限 {:04o}", own & 0o7777);
    if own & 0o006 != 0 && is_reachable {
        return fail(
            name,
            format!("{evidence}：本机其他用户可以打开"),
            "chmod 600，目录 chmod 700",
        );
    }
    if own & 0o060 != 0 {
        return warn(
            name,
            format!("{evidence}：同组用户可以打开"),
            "确认同组没有他人，或 chmod 600",
        );
    }
    fine(name, evidence)
}

async fn database(url: &str, keys: KeySource) -> Vec<Check> {
    let ground = match ground(url).await {
        Ok(ground) => ground,
        Err(error) => {
            let remedy =
                "检查地址、用户、密码、网络与数据库是否在运行；新账册先执行 xiaoqu migrate";
            return vec![fail("账册", told(&error), remedy)];
        }
    };
    let mut checks = vec![version(&ground), steps(&ground), durable(&ground)];
    if ground.is_server {
        checks.extend(server(&ground));
    }
    if let Some(file) = &ground.file {
        checks.extend(files(file));
    }
    checks.extend(clocks(&ground).await);
    if ground.steps_done == ground.steps_known && !ground.is_newer {
        checks.extend(opened(url, keys).await);
    }
    checks
}

fn version(ground: &Ground) -> Check {
    let (kind, least, remedy) = match ground.is_server {
        true => ("PostgreSQL", 150_000, "升级到 PostgreSQL 15 或以上"),
        // STRICT tables, RIGHT JOIN and unhex() are there from 3.41 on; the program brings its own.
        false => ("SQLite", 3_041_000, "使用随程序编译的 SQLite"),
    };
    let evidence = format!("{kind} {}", ground.version_text);
    match ground.version >= least {
        true => fine("账册", evidence),
        false => fail("账册", evidence, remedy),
    }
}

fn steps(ground: &Ground) -> Check {
    let evidence = format!("建表步骤 {} / {}", ground.steps_done, ground.steps_known);
    if ground.is_newer {
        let evidence = format!("{evidence}，另有本程序不认识的步骤");
        return fail("表结构", evidence, "账册由更新版本的程序建立，请升级 xiaoqu");
    }
    if ground.steps_done < ground.steps_known {
        return warn(
            "表结构",
            evidence,
            "先备份，再执行 xiaoqu migrate（serve 启动时也会自动进行）",
        );
    }
    fine("表结构", evidence)
}

/// What makes "committed" mean "on the disk".
fn durable(ground: &Ground) -> Check {
    let wanted: &[(&str, &[&str])] = match ground.is_server {
        true => &[
            ("fsync", &["on"]),
            ("full_page_writes", &["on"]),
            ("synchronous_commit", &["on", "remote_write", "remote_apply", "local"]),
        ],
        // 2 is FULL, 3 EXTRA.
        false => {
            &[("journal_mode", &["wal"]), ("synchronous", &["2", "3"]), ("foreign_keys", &["1"])]
        }
    };
    let said = |name: &str| format!("{name}={}", ground.setting(name));
    let wrong = |(name, fit): &&(&str, &[&str])| !fit.contains(&ground.setting(name));
    let amiss: Vec<String> = wanted.iter().filter(wrong).map(|(name, _)| said(name)).collect();
    if !amiss.is_empty() {
        let remedy = "断电会丢失已入账的操作：改正数据库的设置（全为 on）；SQLite 请放在本地磁盘";
        return fail("落盘", amiss.join("，"), remedy);
    }
    let all: Vec<String> = wanted.iter().map(|(name, _)| said(name)).collect();
    fine("落盘", all.join("，"))
}

fn server(ground: &Ground) -> Vec<Check> {
    let encoding = ground.setting("server_encoding");
    let encoded = match encoding {
        "UTF8" => fine("编码", encoding),
        _ => fail("编码", format!("server_encoding={encoding}"), "以 ENCODING 'UTF8' 重建数据库"),
    };
    let role = match ground.setting("superuser") {
        "off" => fine("数据库用户", "不是超级用户"),
        said => warn(
            "数据库用户",
            format!("is_superuser={said}"),
            "用只对本库有权的用户：超级用户可绕过账簿的防改触发器",
        ),
    };
    let sealed = match (ground.is_remote, ground.setting("ssl")) {
        (false, _) => fine("数据库连接", "在本机"),
        (true, "on") => fine("数据库连接", "经 TLS"),
        (true, _) => warn(
            "数据库连接",
            "数据库在另一台机器，连接没有加密",
            "在地址后加 ?sslmode=verify-full，并在数据库打开 ssl",
        ),
    };
    vec![encoded, role, sealed]
}

fn files(file: &Path) -> Vec<Check> {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", file.display()));
    let mut checks = vec![rights("账册文件权限", file)];
    for suffix in ["-wal", "-shm"] {
        let path = beside(suffix);
        if path.exists() {
            checks.push(rights("账册日志权限", &path));
        }
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    checks.push(match rustix::fs::statvfs(folder) {
        Err(error) => warn("磁盘余量", format!("{}：{error}", folder.display()), "检查目录"),
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let evidence = format!("{} 余 {} MiB", folder.display(), free >> 20);
            match free {
                free if free < FREE_LEAST => fail("磁盘余量", evidence, "清理或扩充磁盘后再启动"),
                free if free < FREE_WANTED => warn("磁盘余量", evidence, "尽快清理或扩充磁盘"),
                _ => fine("磁盘余量", evidence),
            }
        }
    });
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    checks.extend(network_disk(folder));
    checks
}

/// SQLite's locks are not kept by network file systems: two machines would write at once.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn network_disk(folder: &Path) -> Option<Check> {
    // linux/magic.h: NFS, SMB2, CIFS, FUSE (sshfs among others), 9p, AFS, Ceph.
    const NETWORK: [(i64, &str); 7] = [
        (0x6969, "NFS"),
        (0xFE53_4D42, "SMB2"),
        (0xFF53_4D42, "CIFS"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9p"),
        (0x5346_414F, "AFS"),
        (0x00C3_6400, "Ceph"),
    ];
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    let (_, name) = NETWORK.iter().find(|(magic, _)| *magic == kind)?;
    let evidence = format!("{} 在 {name} 上", folder.display());
    Some(match *name {
        "FUSE" => warn("文件系统", evidence, "确认不是网络盘；SQLite 账册须放在本地磁盘"),
        _ => fail("文件系统", evidence, "SQLite 账册须放在本地磁盘；多机请用 PostgreSQL"),
    })
}

async fn clocks(ground: &Ground) -> Vec<Check> {
    let now = Clock::system().now();
    let remedy = "启用 systemd-timesyncd 或 chrony，并检查时区与硬件时钟";
    let synchronised = match synchronised().await {
        Some(true) => fine("本机时钟", format!("{}，已与时间服务器同步", now.for_people())),
        Some(false) => warn("本机时钟", format!("{}，没有同步", now.for_people()), remedy),
        None => warn("本机时钟", format!("{}，看不出是否同步", now.for_people()), remedy),
    };
    let apart = (now.seconds() - ground.now.seconds()).abs();
    let evidence = format!("与数据库的时钟相差 {apart} 秒");
    let database = match apart {
        0..=2 => fine("数据库时钟", evidence),
        3..=60 => warn("数据库时钟", evidence, remedy),
        _ => fail("数据库时钟", evidence, remedy),
    };
    let acts = match ground.last_act_at {
        Some(last) if last.seconds() > now.seconds() + 5 => fail(
            "操作时刻",
            format!("最近一次操作记于 {}，晚于现在", last.for_people()),
            "校正本机时钟；在此之前新的操作会沿用那个时刻",
        ),
        Some(last) => fine("操作时刻", format!("最近一次操作记于 {}", last.for_people())),
        None => fine("操作时刻", "还没有操作"),
    };
    // The offset is fixed in the program: China has kept one, without summer time, since 1991.
    let zone = fine("时区", "业务日按东八区计，不依赖本机时区数据");
    vec![synchronised, database, acts, zone]
}

/// Whether the system says that its clock is set by others; none if it says nothing.
async fn synchronised() -> Option<bool> {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some(true);
    }
    let asked = tokio::process::Command::new("timedatectl")
        .args(["show", "-p", "NTPSynchronized", "--value"])
        .kill_on_drop(true)
        .output();
    let said = tokio::time::timeout(Duration::from_secs(3), asked).await.ok()?.ok()?;
    match String::from_utf8_lossy(&said.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What only opened books tell: whether their keys are there, and what is on hold at the receivers.
async fn opened(url: &str, keys: KeySource) -> Vec<Check> {
    let looked = async {
        let books = Books::open_existing_keyed(url, keys).await?;
        let place = books.key_place();
        let key = books.ring().is_open().map(|()| place);
        let backlog = hooks::backlog(&mut books.read().await?).await;
        books.close().await?;
        Ok((key, backlog))
    };
    match looked.await {
        Err(error) => vec![fail("密钥", told(&error), "检查密钥文件与账册")],
        Ok((key, backlog)) => {
            let remedy = "用 --key-file、key_file 或 XIAOQU_KEY 指明建账时的密钥";
            let key = match key {
                Ok(place) => fine("密钥", format!("{place}，与账册登记的相符")),
                Err(error) => fail("密钥", told(&error), remedy),
            };
            vec![key, post(backlog)]
        }
    }
}

fn post(backlog: Result<hooks::Backlog, Error>) -> Check {
    match backlog {
        Err(error) => warn("推送积压", told(&error), "检查账册"),
        Ok(found) => {
            let (active, waiting, dead) = (found.active, found.waiting, found.dead);
            let evidence = format!("启用 {active} 个，等待重试 {waiting}，死信 {dead}");
            match (waiting, dead) {
                (0, 0) => fine("推送积压", evidence),
                _ => warn(
                    "推送积压",
                    evidence,
                    "xiaoqu hooks list 与 hooks dead 查看；接收方恢复后 hooks resend",
                ),
            }
        }
    }
}
