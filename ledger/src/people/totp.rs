//! The second factor: time-based one-time passwords, RFC 6238 over RFC 4226.
//!
//! Always: HMAC-SHA-1, 30 seconds, six digits, because that is what every authenticator reads; a code of one step before
//! or after is taken, for clocks that differ; a step is used once, whichever code of the window it was.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::calendar::Instant;

/// How long a step lasts, in seconds (RFC 6238 §4.1).
const STEP_SECONDS: i64 = 30;
/// How many steps before and after the present are taken.
const WINDOW: i64 = 1;

/// The step of a secret's code that was shown at an instant, if it is one after the last step used.
pub(super) fn step_of(secret: &[u8], code: &str, at: Instant, last_step: i64) -> Option<i64> {
    let now = at.seconds() / STEP_SECONDS;
    // Every step is computed, so that the time taken does not say which one was near.
    let mut found = None;
    for step in now - WINDOW..=now + WINDOW {
        if code_at(secret, step) == code && step > last_step {
            found = Some(step);
        }
    }
    found
}

/// The code of an instant: for whoever enrols a device, and for tests.
#[must_use]
pub fn code_on(secret: &[u8], at: Instant) -> String {
    code_at(secret, at.seconds() / STEP_SECONDS)
}

fn code_at(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    // RFC 4226 §5.3: the last four bits say where four bytes are taken from; the topmost bit of those is dropped.
    let at = usize::from(hash[19] & 0x0f);
    let word = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", word % 1_000_000)
}

/// A secret in the letters an authenticator takes (RFC 4648 base32 without padding).
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut five = [0_u8; 8];
        five[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(five);
        for i in 0..(chunk.len() * 8).div_ceil(5) {
            let letter = (bits >> (35 - 5 * i)) & 0x1f;
            text.push(char::from(LETTERS[usize::try_from(letter).unwrap_or(0)]));
        }
    }
    text
}

/// What an authenticator reads from a picture: `otpauth://totp/…`.
#[must_use]
pub fn uri(user: &str, secret: &[u8]) -> String {
    let mut label = String::new();
    for byte in format!("小区账本:{user}").bytes() {
        if byte.is_ascii_alphanumeric() {
            label.push(char::from(byte));
        } else {
            let _ = write!(label, "%{byte:02X}");
        }
    }
    let secret = base32(secret);
    format!(
        "otpauth://totp/{label}?secret={secret}&issuer=xiaoqu&algorithm=SHA1&digits=6&period=30"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1, the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_on(secret, Instant::from_seconds(seconds)), code);
        }
    }

    #[test]
    fn a_step_is_used_once_and_a_neighbour_step_is_taken() {
        let secret = b"12345678901234567890";
        let at = |seconds| Instant::from_seconds(seconds);
        let step = step_of(secret, "287082", at(59), 0);
        assert_eq!(step, Some(1));
        assert_eq!(step_of(secret, "287082", at(59), 1), None);
        assert_eq!(step_of(secret, "287082", at(89), 0), Some(1));
        assert_eq!(step_of(secret, "287082", at(90), 0), None);
        assert_eq!(step_of(secret, "287083", at(59), 0), None);
        assert_eq!(step_of(secret, "", at(59), 0), None);
    }

    /// RFC 4648 §10.
    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert!(uri("甲", b"foo").contains("secret=MZXW6&"));
    }
}
