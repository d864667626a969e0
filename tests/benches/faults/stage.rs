//! Where the suite plays: a folder of its own, what it mounts there, and a janitor that clears it away.
//!
//! Always: the janitor is a second process that waits on a pipe only this one holds open, so it clears up whether the
//! suite ends, fails, is interrupted or is killed. It stops servers by the pid files below the folder, takes the mounts
//! down and removes the folder. There is no other path, hence none that is seldom tried.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::cluster::Cluster;
use crate::{Fail, Sheet};

/// Who may not be root: PostgreSQL's server.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

pub(crate) struct Stage {
    pub(crate) dir: PathBuf,
    pub(crate) rounds: u32,
    pub(crate) seed: u64,
    /// The directory of `initdb` and `postgres`.
    pub(crate) pg_bin: Option<PathBuf>,
    /// Whom the servers run as; none if we are nobody special ourselves.
    pub(crate) user: Option<User>,
    pub(crate) base: OnceCell<crate::load::Base>,
    pub(crate) shared: OnceCell<Cluster>,
    serial: AtomicU32,
    janitor: Mutex<Option<Child>>,
}

impl Stage {
    pub(crate) fn raise() -> Result<Stage, Fail> {
        let temp = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), Into::into);
        let dir = temp.canonicalize()?.join(format!("xiaoqu-faults-{}", std::process::id()));
        std::fs::create_dir(&dir)?;
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o711))?;
        let janitor = Command::new(std::env::current_exe()?)
            .arg("mode=janitor")
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()?;
        let number = |name: &str, otherwise: u64| {
            std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
        };
        let user = match said("id", &["-u"])?.as_str() {
            "0" => {
                let name =
                    if said("id", &["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
                let uid = said("id", &["-u", name])?.parse()?;
                Some(User { uid, gid: said("id", &["-g", name])?.parse()? })
            }
            _ => None,
        };
        Ok(Stage {
            dir,
            rounds: u32::try_from(number("XIAOQU_FAULT_ROUNDS", 10))?,
            seed: number("XIAOQU_FAULT_SEED", 20_260_105),
            pg_bin: find_pg(),
            user,
            base: OnceCell::new(),
            shared: OnceCell::new(),
            serial: AtomicU32::new(0),
            janitor: Mutex::new(Some(janitor)),
        })
    }

    /// A name nothing else has.
    pub(crate) fn fresh(&self, what: &str) -> String {
        format!("{what}{}", self.serial.fetch_add(1, Ordering::Relaxed))
    }

    /// A folder nothing else has, which the servers' user may enter.
    pub(crate) fn folder(&self, what: &str) -> Result<PathBuf, Fail> {
        let path = self.dir.join(self.fresh(what));
        std::fs::create_dir(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// A folder in memory with room for so many megabytes, which the servers' user owns.
    pub(crate) fn small_disk(&self, what: &str, megabytes: u32) -> Result<SmallDisk, Fail> {
        let path = self.folder(what)?;
        let mut options = format!("size={megabytes}m,mode=755");
        if let Some(user) = &self.user {
            options += &format!(",uid={},gid={}", user.uid, user.gid);
        }
        let text = path.to_string_lossy().into_owned();
        said("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", &text])
            .map_err(|e| format!("LACKING: the right to mount a tmpfs (root): {e}"))?;
        Ok(SmallDisk { path })
    }

    /// Whether PostgreSQL's half is asked for.
    pub(crate) fn wants_pg(&self) -> bool {
        std::env::var_os("XIAOQU_FAULT_NO_PG").is_none()
    }

    /// A draw of the suite's randomness.
    pub(crate) fn draw(&self, salt: u64) -> u64 {
        mix(self.seed ^ mix(salt))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let janitor = self.janitor.lock().ok().and_then(|mut j| j.take());
        if let Some(mut janitor) = janitor {
            drop(janitor.stdin.take());
            drop(janitor.wait());
        }
    }
}

/// A tmpfs, gone when this is.
pub(crate) struct SmallDisk {
    pub(crate) path: PathBuf,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(said("umount", &["-l", &self.path.to_string_lossy()]));
    }
}

/// splitmix64.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a command says on its standard output.
pub(crate) fn said(program: &str, args: &[&str]) -> Result<String, Fail> {
    let ran = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if !ran.status.success() {
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        return Err(format!("{program} {}: {} {}", args.join(" "), ran.status, told.trim()).into());
    }
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

/// Whether a program is on the path; says which Debian package it is otherwise.
pub(crate) fn need(program: &str) -> Result<(), Fail> {
    let there = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    });
    if there { Ok(()) } else { Err(format!("LACKING, as Debian names it: {program}").into()) }
}

/// Sends a signal to one process of ours.
pub(crate) fn signal(pid: u32, name: &str) {
    drop(
        Command::new("kill")
            .args([&format!("-{name}"), "--", &pid.to_string()])
            .stderr(Stdio::null())
            .status(),
    );
}

/// Whether a process lives (a zombie does not).
pub(crate) fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    })
}

/// The processes whose parent is this one.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let path = format!("/proc/{of}/task/{of}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn find_pg() -> Option<PathBuf> {
    let usable = |dir: &Path| dir.join("initdb").is_file() && dir.join("postgres").is_file();
    if let Some(dir) = std::env::var_os("XIAOQU_PG_BIN") {
        return Some(PathBuf::from(dir)).filter(|dir| usable(dir));
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.flatten().map(|entry| entry.path().join("bin")).filter(|dir| usable(dir));
    bins.max_by_key(|dir| dir.iter().rev().nth(1).and_then(|v| v.to_str()?.parse::<u32>().ok()))
}

/// Waits until the pipe closes, then clears the folder away.
pub(crate) fn janitor(dir: &Path) {
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    let mut servers = Vec::new();
    pid_files(dir, 0, &mut servers);
    for pid in &servers {
        signal(*pid, "QUIT");
    }
    let end = Instant::now() + Duration::from_secs(10);
    while servers.iter().any(|pid| lives(*pid)) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    for pid in servers.into_iter().filter(|pid| lives(*pid)) {
        signal(pid, "KILL");
    }
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let below = format!("{}/", dir.display());
    for point in mounts.lines().filter_map(|line| line.split(' ').nth(1)) {
        if point.starts_with(&below) {
            drop(said("umount", &["-l", point]));
        }
    }
    // Something that is just dying may still write a file.
    for _ in 0..20 {
        if std::fs::remove_dir_all(dir).is_ok() || !dir.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The servers that work below a folder: never a stranger that was given an old number.
fn pid_files(dir: &Path, depth: u32, found: &mut Vec<u32>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name() == "postmaster.pid" {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let pid = text.lines().next().and_then(|line| line.trim().parse::<u32>().ok());
            let is_ours = |pid: &u32| {
                std::fs::read_link(format!("/proc/{pid}/cwd"))
                    .is_ok_and(|cwd| path.parent().is_some_and(|home| cwd == home))
            };
            found.extend(pid.filter(is_ours));
        } else if depth < 3 && path.is_dir() && !path.is_symlink() {
            pid_files(&path, depth + 1, found);
        }
    }
}

/// The last row: when the rows are over, the servers are ours to name, and no mount of a row is left.
pub(crate) async fn nothing_left(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let mounts = std::fs::read_to_string("/proc/mounts")?;
    let ours = format!(" {}/", stage.dir.display());
    let left = mounts.lines().filter(|line| line.contains(&ours)).count();
    sheet.must(left == 0, format!("{left} mounts are left"));
    let mut servers = Vec::new();
    pid_files(&stage.dir, 0, &mut servers);
    let known = usize::from(stage.shared.initialized());
    sheet.must(servers.len() <= known, format!("{} servers are left", servers.len() - known));
    let kids = children(std::process::id()).into_iter().filter(|pid| lives(*pid)).count();
    // The janitor, and the server the rows share.
    sheet.must(kids <= 1 + known, format!("{kids} child processes are left"));
    sheet.says(format!("mounts {left}, servers {} of the suite's own", servers.len()));
    Ok(())
}
