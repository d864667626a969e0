//! Where the keys come from: a file, the environment, or a file that the program makes when it founds the books.
//!
//! A key file holds a key a line, base64 of 32 bytes, in any order; a line that begins with `#` is a remark. What is read
//! is matched with the books' list by fingerprint, so a key needs no number in the file.
//! Always: a file of ours is made whole or not at all, readable by its owner only (0600).

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{KEY_SHAPE, Key};
use crate::error::{Error, Result, Storage};

/// Where the keys of a set of books come from.
#[derive(Clone)]
pub enum KeySource {
    /// Told in full, as `XIAOQU_KEY`: keys separated by commas. The program cannot add to it.
    Told(String),
    /// A file that somebody named; it must be there, unless the books have no key yet: then it is made.
    File(PathBuf),
    /// A file that nobody named, in its usual place; made when the books have no key yet.
    Usual(PathBuf),
    /// Nowhere: personal data can be neither written nor read.
    Nowhere,
}

/// Never shows a key.
impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.in_words())
    }
}

impl KeySource {
    /// The usual file of the books at `sqlite:PATH`: `PATH.key`.
    #[must_use]
    pub fn beside(path: &Path) -> KeySource {
        let mut name = path.as_os_str().to_owned();
        name.push(".key");
        KeySource::Usual(name.into())
    }

    /// The usual file of books on a server: under `$XDG_STATE_HOME/xiaoqu` or `~/.local/state/xiaoqu`, named after the
    /// server and the database.
    #[must_use]
    pub fn of_server(host: &str, port: u16, database: &str) -> KeySource {
        let folder =
            |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
        let Some(state) = state else { return KeySource::Nowhere };
        let plain = |text: &str| -> String {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            text.chars().map(|c| if fits(c) { c } else { '_' }).collect()
        };
        let name = format!("{}-{port}-{}.key", plain(host), plain(database));
        KeySource::Usual(state.join("xiaoqu").join(name))
    }

    /// In words, for a person.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            KeySource::Told(_) => "XIAOQU_KEY".to_owned(),
            KeySource::File(path) | KeySource::Usual(path) => path.display().to_string(),
            KeySource::Nowhere => {
                "（没有指明密钥文件，环境中也没有 HOME 或 XDG_STATE_HOME）".to_owned()
            }
        }
    }

    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            KeySource::File(path) | KeySource::Usual(path) => Some(path),
            KeySource::Told(_) | KeySource::Nowhere => None,
        }
    }

    /// The keys that are there. A file that is not there holds none.
    ///
    /// # Errors
    /// `seal.key-shape`; the file cannot be read.
    pub fn read(&self) -> Result<Vec<Key>> {
        match self {
            KeySource::Told(keys) => keys.split(',').map(|key| parsed(key, "XIAOQU_KEY")).collect(),
            KeySource::File(path) | KeySource::Usual(path) => match std::fs::read_to_string(path) {
                Ok(text) => {
                    let lines = text.lines().map(str::trim);
                    let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                    keys.map(|key| parsed(key, &path.display().to_string())).collect()
                }
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(source) => Err(lost("读取", path, source)),
            },
            KeySource::Nowhere => Ok(Vec::new()),
        }
    }

    /// Makes the file with a first key, unless somebody else just did; answers the keys in it. `None` where nothing can be
    /// made.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn found(&self) -> Result<Option<Vec<Key>>> {
        let Some(path) = self.file() else { return Ok(None) };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| lost("建立", folder, e))?;
        }
        // Whole beside its place, then linked into it, which refuses to replace: two programs make one file.
        let beside = write_beside(path, &[Key::random()?])?;
        let linked = std::fs::hard_link(&beside, path);
        let removed = std::fs::remove_file(&beside);
        match linked {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(lost("写入", path, e)),
        }
        removed.map_err(|e| lost("清理", &beside, e))?;
        self.read().map(Some)
    }

    /// Writes the file anew with these keys. `false` where there is no file to write.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, keys: &[Key]) -> Result<bool> {
        let Some(path) = self.file() else { return Ok(false) };
        let beside = write_beside(path, keys)?;
        std::fs::rename(&beside, path).map_err(|e| lost("写入", path, e))?;
        Ok(true)
    }
}

fn lost(verb: &str, path: &Path, source: std::io::Error) -> Error {
    Error::Storage(Storage::File { what: format!("{verb}密钥文件 {}", path.display()), source })
}

/// The keys in a new file beside its place, on the disk, and its name.
fn write_beside(path: &Path, keys: &[Key]) -> Result<PathBuf> {
    let mut text = String::from(
        "# 小区账本的密钥：丢失则个人信息无法恢复。请另存一份到别处，不要与数据库备份放在一起。\n",
    );
    for key in keys {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", BASE64_STANDARD.encode(key.0));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}", std::process::id(), Key::random()?.fingerprint()));
    let beside = PathBuf::from(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(|e| lost("写入", &beside, e))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|e| lost("写入", &beside, e))?;
    Ok(beside)
}

fn parsed(text: &str, whence: &str) -> Result<Key> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok();
    let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    // How long it is, and nothing of what it is.
    let evidence = || format!("{whence} 中一把长 {} 个字符", text.trim().chars().count());
    Ok(Key::of(key.ok_or_else(|| KEY_SHAPE.refuse(evidence()))?))
}
