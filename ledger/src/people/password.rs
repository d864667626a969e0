//! Passwords: which are taken, and how they are kept.
//!
//! Owns: the rules of a password, the list of common ones (`common.txt`), [`Hashing`].
//!
//! Always: argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet); hashing runs off the threads
//! that serve, a few at once, so that a flood of log-ins costs memory for a few and no more; a name nobody has costs
//! one hash like any other.
//! Limits: [`LEAST`] to [`MOST`] characters; 64 wait for a hash at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

use super::{CROWDED, PASSWORD};
use crate::error::{Refusal, Result, Storage};

/// The fewest characters.
pub const LEAST: usize = 10;
/// The most characters: a limit on work, far above what people use.
pub const MOST: usize = 128;
/// How many are hashed at once: 19 MiB each.
const AT_ONCE: usize = 2;
/// How many may wait for that.
const WAITING: usize = 64;
/// How much must be left of a password without its common pieces.
const OWN_LEAST: usize = 5;

/// Whether a password may be set by this user.
///
/// # Errors
/// `people.password`.
pub fn may_be_set(user: &str, password: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if !(LEAST..=MOST).contains(&length) {
        return Err(PASSWORD.refuse(format!("长度 {length} 个字符")));
    }
    if password.chars().any(char::is_control) {
        return Err(PASSWORD.refuse("含有控制字符"));
    }
    let own = without_common_pieces(user, password);
    if own < OWN_LEAST {
        let evidence = format!("除去用户名、常见口令、重复与连续的字符后只余 {own} 个字符");
        return Err(PASSWORD.refuse(evidence));
    }
    Ok(())
}

/// How many characters are left without the user's name, whatever the list has, repeats and sequences.
fn without_common_pieces(user: &str, password: &str) -> usize {
    let mut left: Vec<char> = password.to_lowercase().chars().collect();
    let mut pieces: Vec<Vec<char>> = include_str!("common.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .chain(std::iter::once(user).filter(|user| user.chars().count() > 1))
        .map(|line| line.to_lowercase().chars().collect())
        .collect();
    // The longest first: what is left between two short pieces should not hide a long one.
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    for piece in &pieces {
        while let Some(at) = left.windows(piece.len()).position(|window| window == piece) {
            left.splice(at..at + piece.len(), ['\u{0}']);
        }
    }
    let is_step =
        |a: char, b: char, by: i64| i64::from(u32::from(b)) - i64::from(u32::from(a)) == by;
    let mut own = 0;
    let mut at = 0;
    while at < left.len() {
        let run = [0, 1, -1].map(|by| {
            1 + left[at..].windows(2).take_while(|pair| is_step(pair[0], pair[1], by)).count()
        });
        let longest = run.into_iter().max().unwrap_or(1);
        // Three of a kind, or three in a row, are worth one.
        let step = if longest >= 3 { longest } else { 1 };
        own += usize::from(left[at] != '\u{0}');
        at += step;
    }
    own
}

/// Where passwords are hashed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hashing(Arc<Bench>);

#[derive(Debug)]
struct Bench {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    done: AtomicU64,
    /// What a name nobody has is checked against.
    nobody: tokio::sync::OnceCell<String>,
}

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing(Arc::new(Bench {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            done: AtomicU64::new(0),
            nobody: tokio::sync::OnceCell::new(),
        }))
    }
}

fn argon() -> Argon2<'static> {
    // OWASP's first choice for argon2id: m = 19 MiB, t = 2, p = 1.
    let params =
        Params::new(19 * 1024, 2, 1, None).expect("OWASP's parameters are within argon2's");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Hashing {
    /// How many passwords were hashed or checked so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// The hash of a password, with its parameters and its salt, as a PHC string.
    ///
    /// # Errors
    /// `people.crowded`; storage.
    pub async fn hash(&self, password: String) -> Result<String> {
        let hash = self.run(move || argon().hash_password(password.as_bytes())).await?;
        let hash: PasswordHash = hash.map_err(|e| Storage::Bug(format!("argon2: {e}")))?;
        Ok(hash.to_string())
    }

    /// Whether a password is that of a hash; of no hash, after the same work, it is not.
    ///
    /// # Errors
    /// `people.crowded`; storage.
    pub async fn is(&self, password: String, hash: Option<String>) -> Result<bool> {
        let is_somebody = hash.is_some();
        // Made at the first log-in, whoever's that is.
        let nobody = self.0.nobody.get_or_try_init(|| self.hash(String::new())).await?;
        let hash = hash.unwrap_or_else(|| nobody.clone());
        let checked =
            self.run(move || argon().verify_password(password.as_bytes(), hash.as_str())).await?;
        Ok(checked.is_ok() && is_somebody)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let bench = &self.0;
        if bench.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING {
            bench.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(CROWDED.refuse(format!("已有 {WAITING} 个登录在等待")).into());
        }
        let _left = Left(bench);
        let place = bench.places.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Held to the end of the work, also when nobody waits for it any more.
            drop(place);
            done
        });
        let done = done.await;
        bench.done.fetch_add(1, Ordering::Relaxed);
        done.map_err(|e| Storage::Bug(format!("a hash was broken off: {e}")).into())
    }
}

/// Leaves the line, also when whoever waited hangs up.
struct Left<'a>(&'a Bench);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_not_taken() {
        for password in [
            "short",
            "123456789",
            "1234567890",
            "woaini5201314",
            "WoAiNi1314520",
            "aaaaaaaaaaaaaa",
            "abcdefghijklmn",
            "password123456",
            "Password@2026!",
            "qwertyuiop[]",
            "wangwei1987",
            "wangwei520wangwei",
            "1qaz2wsx3edc",
            "wuyeguanli888",
            "20260101888888",
            "line\nbreak-and-more",
            &"长".repeat(129),
        ] {
            assert_eq!(may_be_set("wangwei", password).unwrap_err().code(), "people.password");
        }
        for password in [
            "plum-rain-in-june",
            "三月的梧桐树下有只猫呀",
            "kR7#vd0Zq!mW",
            "correct horse battery",
            &"x7Q!".repeat(32),
        ] {
            may_be_set("wangwei", password).unwrap();
        }
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_nobodys_costs_the_same() {
        let hashing = Hashing::default();
        let hash = hashing.hash("plum-rain-in-june".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hashing.is("plum-rain-in-june".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!hashing.is("plum-rain-in-July".to_owned(), Some(hash)).await.unwrap());
        // The first time nobody's hash is made besides.
        assert!(!hashing.is(String::new(), None).await.unwrap());
        let before = hashing.done();
        assert!(!hashing.is(String::new(), None).await.unwrap());
        assert_eq!(hashing.done(), before + 1);
    }
}
