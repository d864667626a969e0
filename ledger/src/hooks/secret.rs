//! The secret two parties share, and what it proves.
//!
//! Owns: [`Secret`], the signature, and the one way of a secret into a column and out of it. Always: shown once, when it
//! is made; sealed at rest, for its own row and column; never in a request, an answer or a log.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::calendar::Instant;
use crate::error::{Result, Storage};
use crate::id::{CompoundId, HookNo};
use crate::journal::text::hex;
use crate::seal::{Ring, Sealed};

/// The secret that signs.
pub(super) static SECRET: Sealed =
    Sealed { table: "hook", column: "secret_sealed", row: "hook_no", compound: "0" };
/// The one before it.
pub(super) static OLD_SECRET: Sealed =
    Sealed { table: "hook", column: "old_secret_sealed", row: "hook_no", compound: "0" };

/// A shared secret: `whsec_` and 64 hexadecimal digits. The whole text is the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn fresh() -> Result<Secret> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| Storage::Bug(format!("no randomness: {e}")))?;
        Ok(Secret(format!("whsec_{}", hex(&bytes))))
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.0
    }

    /// Sealed for a column of its subscription. The one way there; [`Secret::opened`] is the one way back.
    pub(super) fn sealed(
        &self,
        ring: &Ring,
        column: &'static Sealed,
        no: HookNo,
    ) -> Result<Vec<u8>> {
        ring.seal(&column.at(CompoundId::OFFICE, no.0), self.0.as_bytes())
    }

    /// Opened, out of a column of its subscription.
    pub(super) fn opened(
        ring: &Ring,
        column: &'static Sealed,
        no: HookNo,
        sealed: &[u8],
    ) -> Result<Secret> {
        Ok(Secret(ring.open_text(&column.at(CompoundId::OFFICE, no.0), sealed)?))
    }
}

/// Never shows it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// `t=<seconds>,v1=<hex>`, one `v1` for each secret that is valid now: HMAC-SHA256 (RFC 2104) over `<seconds>.<body>`.
/// The time is under the signature, so that an old message cannot be sent again as a new one.
#[must_use]
pub fn signature(secrets: &[Secret], at: Instant, body: &[u8]) -> String {
    let mut header = format!("t={}", at.seconds());
    for secret in secrets {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(at.seconds().to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        header.push_str(",v1=");
        header.push_str(&hex(&mac.finalize().into_bytes()));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed apart: `printf '1767574800.{"a":1}' | openssl dgst -sha256 -hmac whsec_00`.
    #[test]
    fn a_signature_is_what_openssl_says() {
        let at = Instant::from_seconds(1_767_574_800);
        let secret = Secret("whsec_00".to_owned());
        let header = signature(&[secret.clone(), secret], at, br#"{"a":1}"#);
        let v1 = "1b703d73f9e3f1f4808f163807d5cdbdee1cf03a2cf5436d04a8f4cb1cafe25e";
        assert_eq!(header, format!("t=1767574800,v1={v1},v1={v1}"));
    }

    #[test]
    fn a_secret_is_random_and_shows_itself_to_no_log() {
        let (a, b) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        assert_ne!(a, b);
        assert_eq!((a.shown().len(), format!("{a:?}").as_str()), (70, "Secret"));
    }
}
