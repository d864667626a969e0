//! How often somebody may ask.
//!
//! Owns: [`Pace`], a bucket of tokens for each caller or address, kept as the one instant at which it would be full again
//! (GCRA, ITU-T I.371): a tenth of a minute's worth at once, at least [`BURST_LEAST`], then as fast as it refills.
//!
//! Always: memory is bounded; a bucket that is full again is forgotten. The headers are those of the IETF draft
//! `ratelimit-headers`: `RateLimit-Policy` says the rule (`q` requests in `w` seconds), `RateLimit` what is left and when it
//! is full again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{self, Problem};

const MINUTE: Duration = Duration::from_secs(60);
/// How many requests pass at once, however slow the pace, if a minute has so many.
pub const BURST_LEAST: u32 = 20;
/// How many buckets are kept before the full ones are forgotten.
const KNOWN_MOST: usize = 50_000;

/// A pace, and who has used how much of it.
#[derive(Debug)]
pub struct Pace<K> {
    name: &'static str,
    told: &'static str,
    per_minute: u32,
    full_at: Mutex<HashMap<K, Instant>>,
}

/// Whether a request may pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    name: &'static str,
    told: &'static str,
    per_minute: u32,
    left: u32,
    /// When the bucket is full again.
    full_in: Duration,
    /// How long to wait, if it may not pass.
    wait: Option<Duration>,
}

impl<K: Eq + Hash> Pace<K> {
    /// So many a minute; 0 is without limit. `name` is for the header, `told` what people call one of them.
    #[must_use]
    pub fn new(name: &'static str, told: &'static str, per_minute: u32) -> Pace<K> {
        Pace { name, told, per_minute, full_at: Mutex::default() }
    }

    /// Takes a token of somebody's bucket, if there is one.
    pub fn pass(&self, who: K) -> Pass {
        self.pass_at(who, Instant::now())
    }

    fn pass_at(&self, who: K, now: Instant) -> Pass {
        let Pace { name, told, per_minute, .. } = *self;
        let open = Pass { name, told, per_minute, left: 0, full_in: Duration::ZERO, wait: None };
        // A lock that a panic left behind must not close the door.
        let Ok(mut buckets) = self.full_at.lock() else { return open };
        if per_minute == 0 {
            return open;
        }
        if buckets.len() >= KNOWN_MOST {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= KNOWN_MOST && !buckets.contains_key(&who) {
                buckets.clear();
            }
        }
        let each = MINUTE / per_minute;
        let window = each * burst(per_minute);
        let full_at = buckets.get(&who).copied().filter(|at| *at > now).unwrap_or(now);
        let (spent, next) = (full_at - now, full_at + each);
        if spent + each > window {
            let wait = Some(spent + each - window);
            return Pass { full_in: spent, wait, ..open };
        }
        buckets.insert(who, next);
        let left = (window - (next - now)).as_nanos() / each.as_nanos().max(1);
        Pass { left: u32::try_from(left).unwrap_or(u32::MAX), full_in: next - now, ..open }
    }
}

impl Pass {
    /// Passes, or says how long to wait.
    ///
    /// # Errors
    /// `door.too-fast`.
    pub fn allowed(&self) -> Result<(), Problem> {
        let Some(wait) = self.wait else { return Ok(()) };
        let seconds = whole_seconds(wait);
        let told = format!("{}每分钟 {} 次，{seconds} 秒后可再试", self.told, self.per_minute);
        Err(problem::TOO_FAST.refuse(told).with("retry_after_seconds", seconds).into())
    }

    /// Writes the pace beside an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if self.per_minute == 0 {
            return;
        }
        let (name, left, full_in) = (self.name, self.left, whole_seconds(self.full_in));
        let burst = burst(self.per_minute);
        let window = whole_seconds(MINUTE / self.per_minute * burst);
        let policy = format!("\"{name}\";q={burst};w={window}");
        let state = format!("\"{name}\";r={left};t={full_in}");
        for (header, told) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&told) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}

/// How many pass at once.
fn burst(per_minute: u32) -> u32 {
    (per_minute / 10).max(BURST_LEAST).min(per_minute)
}

/// Seconds, rounded up: who waits so long has waited enough.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_passes_at_once_and_then_as_fast_as_it_refills() {
        let pace = Pace::new("caller", "每个登录", 6);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for left in (0..6).rev() {
            let pass = pace.pass_at("a", start);
            assert_eq!((pass.left, pass.allowed().is_ok()), (left, true));
        }
        let refused = pace.pass_at("a", at(4));
        assert_eq!(refused.allowed().unwrap_err().code(), "door.too-fast");
        assert_eq!(refused.wait, Some(Duration::from_secs(6)));
        assert!(pace.pass_at("b", at(4)).allowed().is_ok());
        assert!(pace.pass_at("a", at(10)).allowed().is_ok());
        assert!(pace.pass_at("a", at(10)).allowed().is_err());
        let mut headers = HeaderMap::new();
        pace.pass_at("a", at(3_000)).tell(&mut headers);
        assert_eq!(headers["ratelimit"], "\"caller\";r=5;t=10");
        assert_eq!(headers["ratelimit-policy"], "\"caller\";q=6;w=60");
    }

    #[test]
    fn of_many_a_minute_a_tenth_passes_at_once() {
        // 200 a second for ten seconds: what passes at once, and what refills meanwhile.
        for (per_minute, passes) in [(600, 60 + 100), (6_000, 600 + 1_000)] {
            let pace = Pace::new("caller", "每个登录", per_minute);
            let start = Instant::now();
            let at = |n| start + Duration::from_millis(5) * n;
            let passed = (0..2_000).filter(|n| pace.pass_at("a", at(*n)).allowed().is_ok());
            let passed = passed.count();
            assert!((passes - 1..=passes + 1).contains(&passed), "{per_minute}: {passed}");
            let mut headers = HeaderMap::new();
            pace.pass_at("b", start).tell(&mut headers);
            let policy = format!("\"caller\";q={};w=6", per_minute / 10);
            assert_eq!(headers["ratelimit-policy"], policy);
        }
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let pace = Pace::new("caller", "每个登录", 0);
        assert!((0..100_000).all(|_| pace.pass("a").allowed().is_ok()));
    }
}
