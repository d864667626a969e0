//! Whether an ID token is to be believed (OpenID Connect Core 1.0 §3.1.3.7, RFC 7515, RFC 8725).
//!
//! Owns: [`Key`], [`Expected`], [`believed`]. The token is taken apart and its signature checked by `jsonwebtoken`, with the
//! cryptography that TLS uses here too (`ring`), public keys only; what it claims is judged by one plain function
//! (`judged`) by the clock of the books.
//! Always: the algorithms are those of `ALLOWED`, never none and never one with a shared secret, and each takes a key of its
//! own kind; a key is found by its number; every claim is of its type or the token is refused.
//! Limits: no encrypted tokens; no SM2 signatures, which `ring` does not have.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation, decode, decode_header};
use ring::signature as signing;
use serde::Deserialize;

/// What a token may be signed with.
const ALLOWED: [Algorithm; 4] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384];
/// How far two clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// How old a token may be that was just fetched, in seconds.
const OLD: i64 = 600;
/// How long a token may be.
const LONGEST: usize = 16 << 10;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It cannot be read.
    Shape,
    /// Its algorithm is none of ours.
    Algorithm,
    /// Nobody has its key.
    Key,
    /// Its signature is wrong.
    Signature,
    /// Another issued it.
    Issuer,
    /// It is not for us, or not for us alone.
    Audience,
    /// It was issued to another party.
    Party,
    /// It is over.
    Expired,
    /// It was issued long ago.
    Old,
    /// It is not yet good.
    Early,
    /// It answers another question.
    Nonce,
}

impl Why {
    /// For programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Why::Shape => "shape",
            Why::Algorithm => "algorithm",
            Why::Key => "key",
            Why::Signature => "signature",
            Why::Issuer => "issuer",
            Why::Audience => "audience",
            Why::Party => "party",
            Why::Expired => "expired",
            Why::Old => "old",
            Why::Early => "early",
            Why::Nonce => "nonce",
        }
    }

    /// For people.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Why::Shape => "令牌读不懂",
            Why::Algorithm => "签名算法不在允许之列",
            Why::Key => "签名所用的密钥不在门户公布的密钥之中",
            Why::Signature => "签名不符",
            Why::Issuer => "签发者不是配置的门户",
            Why::Audience => "令牌不是发给本系统的，或同时发给了别的系统",
            Why::Party => "令牌是发给另一系统的",
            Why::Expired => "令牌已过期",
            Why::Old => "令牌签发已久",
            Why::Early => "令牌尚未生效，或签发时刻晚于现在",
            Why::Nonce => "令牌不是对本次登录的答复",
        }
    }
}

/// A key as a portal publishes it (RFC 7517), as far as it is read.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// Whether it may check a signature of this algorithm.
    fn fits(&self, algorithm: Algorithm) -> bool {
        let (kty, crv) = match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => ("RSA", None),
            Algorithm::ES256 => ("EC", Some("P-256")),
            Algorithm::ES384 => ("EC", Some("P-384")),
            _ => return false,
        };
        self.kty == kty
            && self.crv.as_deref() == crv
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == format!("{algorithm:?}"))
    }

    fn opened(&self) -> Option<DecodingKey> {
        match (&self.n, &self.e, &self.x, &self.y) {
            (Some(n), Some(e), None, None) => DecodingKey::from_rsa_components(n, e).ok(),
            (None, None, Some(x), Some(y)) => DecodingKey::from_ec_components(x, y).ok(),
            _ => None,
        }
    }
}

/// A claim that is one text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn all(&self) -> &[String] {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Several(texts) => texts,
        }
    }
}

/// What a token claims, as far as it is read.
#[derive(Clone, Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Texts,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

/// What a token must claim.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, letter by letter.
    pub issuer: &'a str,
    /// Who we are there.
    pub client_id: &'a str,
    /// What the question carried.
    pub nonce: &'a str,
    /// Seconds of UTC.
    pub now: i64,
}

/// Whom a token is of, and how they showed themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The subject.
    pub subject: String,
    /// How (`acr`).
    pub acr: Option<String>,
    /// By what (`amr`).
    pub amr: Vec<String>,
}

/// The number of the key a token says it is signed with.
///
/// # Errors
/// If it cannot be read, or its algorithm is none of ours.
pub fn key_of(token: &str) -> Result<Option<String>, Why> {
    Ok(header_of(token)?.1)
}

fn header_of(token: &str) -> Result<(Algorithm, Option<String>), Why> {
    if token.len() > LONGEST || token.split('.').count() != 3 {
        return Err(Why::Shape);
    }
    // An algorithm that the crate does not know, such as `none`, cannot be read by it.
    let header = decode_header(token).map_err(|_| Why::Algorithm)?;
    if !ALLOWED.contains(&header.alg) {
        return Err(Why::Algorithm);
    }
    // What must be understood (RFC 7515 §4.1.11) is not; a token that is something else says so (RFC 8725 §3.11).
    let is_jwt = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("jwt"));
    if header.crit.is_some() || !is_jwt {
        return Err(Why::Shape);
    }
    Ok((header.alg, header.kid))
}

/// Whether one of these keys has this number; without a number, whether there is but one key that could be meant.
#[must_use]
pub fn has_key(keys: &[Key], kid: Option<&str>) -> bool {
    keys.iter().any(|key| kid.is_none() || key.kid.as_deref() == kid)
}

/// Believes a token, or says why not.
///
/// # Errors
/// The first thing that is wrong.
pub fn believed(token: &str, keys: &[Key], expected: &Expected<'_>) -> Result<Vouched, Why> {
    let (algorithm, kid) = header_of(token)?;
    let fits = |key: &&Key| key.fits(algorithm) && (kid.is_none() || key.kid == kid);
    let mut fit = keys.iter().filter(fits);
    // Without a number, or with a number twice, it would be a matter of trying.
    let (Some(key), None) = (fit.next(), fit.next()) else { return Err(Why::Key) };
    let key = key.opened().ok_or(Why::Key)?;

    provide();
    let mut validation = Validation::new(algorithm);
    // What it claims is judged below, by the clock of the books.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let read = decode::<Claims>(token, &key, &validation);
    let claims = read.map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Why::Signature,
        ErrorKind::InvalidAlgorithm => Why::Algorithm,
        _ => Why::Shape,
    })?;
    judged(&claims.claims, expected)?;
    let Claims { sub, acr, amr, .. } = claims.claims;
    Ok(Vouched { subject: sub, acr, amr })
}

fn judged(claims: &Claims, expected: &Expected<'_>) -> Result<(), Why> {
    let Expected { issuer, client_id, nonce, now } = *expected;
    if claims.iss != issuer {
        return Err(Why::Issuer);
    }
    // We trust no other audience, so none may stand beside us.
    if claims.aud.all() != [client_id] {
        return Err(Why::Audience);
    }
    if claims.azp.as_deref().is_some_and(|party| party != client_id) {
        return Err(Why::Party);
    }
    if now >= claims.exp.saturating_add(SKEW) {
        return Err(Why::Expired);
    }
    if claims.iat > now + SKEW || claims.nbf.is_some_and(|from| from > now + SKEW) {
        return Err(Why::Early);
    }
    if claims.iat < now - OLD - SKEW {
        return Err(Why::Old);
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(Why::Nonce);
    }
    let fits = (1..=255).contains(&claims.sub.len());
    if fits && claims.sub.bytes().all(|b| b.is_ascii_graphic()) { Ok(()) } else { Err(Why::Shape) }
}

/// Checks signatures with `ring`.
struct Checks {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for Checks {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let rsa = |by: &'static signing::RsaParameters, n: &[u8], e: &[u8]| {
            signing::RsaPublicKeyComponents { n, e }.verify(by, message, signed)
        };
        let ec = |by: &'static signing::EcdsaVerificationAlgorithm, point: &[u8]| {
            signing::UnparsedPublicKey::new(by, point).verify(message, signed)
        };
        let checked = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                rsa(&signing::RSA_PKCS1_2048_8192_SHA256, n, e)
            }
            (Algorithm::PS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                rsa(&signing::RSA_PSS_2048_8192_SHA256, n, e)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ec(&signing::ECDSA_P256_SHA256_FIXED, point)
            }
            (Algorithm::ES384, DecodingKeyKind::SecretOrDer(point)) => {
                ec(&signing::ECDSA_P384_SHA384_FIXED, point)
            }
            _ => return Err(signature::Error::new()),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Checks {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Gives `jsonwebtoken` its cryptography, once. It checks; it cannot sign.
fn provide() {
    static BY_RING: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        verifier_factory: |algorithm, key| {
            Ok(Box::new(Checks { algorithm: *algorithm, key: key.clone() }))
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    // Nothing else in the house knows the crate: nobody was first.
    ONCE.call_once(|| {
        let _ = BY_RING.install_default();
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_767_574_800;
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://a.example", client_id: "xiaoqu", nonce: "n", now: NOW };

    fn told(other: Value) -> Result<(), Why> {
        let mut claims = json!({ "iss": "https://a.example", "sub": "s-1", "aud": "xiaoqu",
            "exp": NOW + 300, "iat": NOW, "nonce": "n" });
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = serde_json::from_value::<Claims>(claims).map_err(|_| Why::Shape)?;
        judged(&claims, &EXPECTED)
    }

    #[test]
    fn every_claim_is_held_against_what_was_asked() {
        for fit in [
            json!({}),
            json!({ "aud": ["xiaoqu"] }),
            json!({ "azp": "xiaoqu" }),
            json!({ "exp": NOW - 59 }),
            json!({ "iat": NOW + 60, "nbf": NOW + 60 }),
            json!({ "iat": NOW - 660 }),
            json!({ "amr": ["pwd", "otp"], "acr": "2" }),
        ] {
            assert_eq!(told(fit.clone()), Ok(()), "{fit}");
        }
        for (unfit, why) in [
            (json!({ "iss": "https://a.example/" }), Why::Issuer),
            (json!({ "iss": "https://A.example" }), Why::Issuer),
            (json!({ "iss": ["https://a.example"] }), Why::Shape),
            (json!({ "aud": "other" }), Why::Audience),
            (json!({ "aud": [] }), Why::Audience),
            (json!({ "aud": ["xiaoqu", "other"], "azp": "xiaoqu" }), Why::Audience),
            (json!({ "azp": "other" }), Why::Party),
            (json!({ "exp": NOW - 60 }), Why::Expired),
            (json!({ "exp": "never" }), Why::Shape),
            (json!({ "exp": null }), Why::Shape),
            (json!({ "iat": NOW + 61 }), Why::Early),
            (json!({ "nbf": NOW + 61 }), Why::Early),
            (json!({ "nbf": "later" }), Why::Shape),
            (json!({ "iat": NOW - 661 }), Why::Old),
            (json!({ "nonce": "m" }), Why::Nonce),
            (json!({ "nonce": null }), Why::Nonce),
            (json!({ "sub": "" }), Why::Shape),
            (json!({ "sub": "张三" }), Why::Shape),
            (json!({ "sub": "s".repeat(256) }), Why::Shape),
        ] {
            assert_eq!(told(unfit.clone()), Err(why), "{unfit}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        for token in ["", "a", "a.b", "a.b.c.d", "e30.e30.", "....", &"a".repeat(1 << 20)] {
            assert!(believed(token, &[], &EXPECTED).is_err(), "{token}");
        }
    }
}
