//! PostgreSQL clusters of the suite's own: a copy of one that was made once, started as an unprivileged user, on a unix
//! socket in its own folder, with every durability setting at its safe value unless a control asks otherwise.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use crate::Fail;
use crate::stage::{self, Stage, User, children, lives, said, signal};

pub(crate) struct Cluster {
    /// The folder of the socket, the log, and (unless it lies elsewhere) the data.
    pub(crate) dir: PathBuf,
    pub(crate) data: PathBuf,
    bin: PathBuf,
    user: Option<User>,
    settings: Vec<String>,
    server: Mutex<Option<Child>>,
}

impl Cluster {
    /// A cluster from nothing, not started.
    pub(crate) fn init(stage: &Stage) -> Result<Cluster, Fail> {
        let cluster = Cluster::place(stage, None, &[])?;
        let mut initdb = cluster.as_user("initdb");
        initdb.arg("-D").arg(&cluster.data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--no-instructions", "--no-sync"]);
        let ran = initdb.stdin(Stdio::null()).output()?;
        if !ran.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&ran.stderr)).into());
        }
        Ok(cluster)
    }

    /// A copy of a stopped cluster, not started; its data on `disk`, if one is given.
    pub(crate) fn copy(
        stage: &Stage,
        of: &Path,
        disk: Option<&Path>,
        settings: &[&str],
    ) -> Result<Cluster, Fail> {
        let cluster = Cluster::place(stage, disk, settings)?;
        said("cp", &["-a", &of.to_string_lossy(), &cluster.data.to_string_lossy()])?;
        Ok(cluster)
    }

    fn place(stage: &Stage, disk: Option<&Path>, settings: &[&str]) -> Result<Cluster, Fail> {
        let bin = stage.pg_bin.clone().ok_or("LACKING: PostgreSQL's server (initdb, postgres)")?;
        let dir = stage.folder("pg")?;
        if let Some(user) = &stage.user {
            std::os::unix::fs::chown(&dir, Some(user.uid), Some(user.gid))?;
        }
        let data = disk.unwrap_or(&dir).join("data");
        let settings = settings.iter().map(|s| (*s).to_owned()).collect();
        let server = Mutex::new(None);
        Ok(Cluster { dir, data, bin, user: stage.user.clone(), settings, server })
    }

    fn as_user(&self, program: &str) -> Command {
        let path = self.bin.join(program);
        let mut command = match &self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &user.uid.to_string(), "--regid", &user.gid.to_string()]);
                command.arg("--clear-groups").arg(path);
                command
            }
            None => Command::new(path),
        };
        command.current_dir(&self.dir).env("LC_ALL", "C.UTF-8");
        command
    }

    /// The address of a database in it, for its superuser.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    pub(crate) fn url_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost:5432/{database}?host={}", self.dir.display())
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(&self) -> Result<(), Fail> {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join("log"))?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let mut command = self.as_user("postgres");
            command.arg("-D").arg(&self.data);
            let socket = format!("unix_socket_directories={}", self.dir.display());
            let plain = [
                "listen_addresses=",
                "port=5432",
                "max_connections=100",
                "timezone=UTC",
                "fsync=on",
                "synchronous_commit=on",
                "full_page_writes=on",
                "restart_after_crash=on",
                socket.as_str(),
            ];
            for setting in plain.into_iter().chain(self.settings.iter().map(String::as_str)) {
                command.args(["-c", setting]);
            }
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
            let mut server = command.process_group(0).spawn()?;
            while server.try_wait()?.is_none() {
                if self.answers().await {
                    *self.server.lock().expect("nobody panics here") = Some(server);
                    return Ok(());
                }
                if Instant::now() > end {
                    server.kill()?;
                    server.wait()?;
                    return Err(format!("the server does not answer; {}", self.log_end()).into());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // After a kill -9 the memory of the old server is in use until its last backend is gone: try again.
            if Instant::now() > end {
                return Err(format!("the server does not start; {}", self.log_end()).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn answers(&self) -> bool {
        let Ok(admin) = self.connect("postgres").await else { return false };
        let answered = admin.execute_unprepared("SELECT 1").await.is_ok();
        drop(admin.close().await);
        answered
    }

    /// A connection of one's own, past the ledger.
    pub(crate) async fn connect(&self, database: &str) -> Result<DatabaseConnection, Fail> {
        let mut options = ConnectOptions::new(self.url(database));
        options.max_connections(1).sqlx_logging(false);
        options.acquire_timeout(Duration::from_secs(5)).connect_timeout(Duration::from_secs(5));
        Ok(Database::connect(options).await?)
    }

    /// Runs statements as the superuser.
    pub(crate) async fn run(&self, database: &str, statements: &str) -> Result<(), Fail> {
        let admin = self.connect(database).await?;
        let ran = admin.execute_unprepared(statements).await;
        admin.close().await?;
        Ok(ran.map(|_| ())?)
    }

    /// A copy of the founded books in this cluster, under a name of its own.
    pub(crate) async fn books(&self, stage: &Stage) -> Result<String, Fail> {
        let name = stage.fresh("books");
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE books")).await?;
        Ok(name)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.server.lock().expect("nobody panics here").as_ref().map(Child::id)
    }

    /// kill -9 of the server and every process of it, all at once.
    pub(crate) fn kill(&self) -> Result<(), Fail> {
        let taken = self.server.lock().expect("nobody panics here").take();
        let mut server = taken.ok_or("the server is not running")?;
        let backends = children(server.id());
        // Stopped first, so that none sees another die and tidies up.
        signal(server.id(), "STOP");
        let mut all = vec!["-KILL".to_owned(), "--".to_owned(), server.id().to_string()];
        all.extend(backends.iter().map(u32::to_string));
        Command::new("kill").args(&all).stderr(Stdio::null()).status()?;
        server.wait()?;
        let end = Instant::now() + Duration::from_secs(10);
        while backends.iter().any(|pid| lives(*pid)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// A stop as an administrator makes it: `fast`, or (for the taking down) `immediate`.
    pub(crate) fn stop(&self, how: &str) -> Result<(), Fail> {
        let taken = self.server.lock().expect("nobody panics here").take();
        let Some(mut server) = taken else { return Ok(()) };
        signal(server.id(), if how == "fast" { "INT" } else { "QUIT" });
        let end = Instant::now() + Duration::from_secs(30);
        while server.try_wait()?.is_none() {
            if Instant::now() > end {
                server.kill()?;
                server.wait()?;
                return Err("the server had to be killed".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(crate) fn log_end(&self) -> String {
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(6)..].join(" | ")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stop("immediate"));
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

/// The running cluster that rows share which harm only their own database.
pub(crate) async fn shared(stage: &Stage) -> Result<&Cluster, Fail> {
    let made = stage.shared.get_or_try_init(|| async {
        let base = crate::load::base(stage).await?;
        let data = base.pg_data.clone().ok_or("LACKING: PostgreSQL's server (initdb, postgres)")?;
        let cluster = Cluster::copy(stage, &data, None, &[])?;
        cluster.start().await?;
        Ok::<Cluster, Fail>(cluster)
    });
    let cluster = made.await?;
    stage::need("setpriv")?;
    Ok(cluster)
}
