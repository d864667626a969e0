//! Personal data at rest: sealed with a key that is not in the database.
//!
//! Owns: [`Ring`] (the keys, by number), [`Place`] (where a sealed value belongs), [`KeySource`] (where the keys come from),
//! [`Personal`] (a number of a person on its way through a verb), [`Sealed`] (a column that holds sealed values). Knows no
//! table; the database's own list of keys is `books::ring`'s.
//!
//! Always: AES-256-GCM (NIST SP 800-38D) under a fresh random nonce of 96 bits; the place (table, column, compound, row) is
//! the associated data, so a value moved to another row cannot be opened; an empty text is an empty value, and what is
//! absent shows that it is. A sealed value is `1`, the key's number (two bytes), the nonce, the text, the tag: 31 bytes
//! more than the text. A blind index is HMAC-SHA256 over column, compound and value, cut to 16 bytes: equal values of one
//! compound have equal indexes, and nobody without the key can try values.
//! The sealing keys and the blind index's key are different keys: of a ring's key only the derivations are used (one block
//! of HKDF-Expand, RFC 5869); the blind index's key is random, lies in the database sealed under each key of the ring, and
//! survives a rotation, so that indexes and import row keys stay.
//! Never: a key, or a value in clear, in a refusal, a log line, `Debug` or JSON.
//! Limits: 2³² values per key (SP 800-38D 8.3); rotate before. Who has the database *and* the key file reads everything.

mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use hmac::{Hmac, Mac};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};
use sha2::Sha256;

pub use self::source::KeySource;
use crate::error::{Kind, Refusal, Result, Rule, Storage};
use crate::id::CompoundId;
use crate::mask;

/// A key is not a key.
pub static KEY_SHAPE: Rule = Rule {
    code: "seal.key-shape",
    kind: Kind::Shape,
    rule: "密钥须为 32 字节的 base64，每行（或以逗号分隔）一把",
    remedy: "检查 XIAOQU_KEY 或密钥文件；新密钥可用 head -c 32 /dev/urandom | base64 生成",
};

/// The key that the books are sealed with is not there.
pub static KEY_MISSING: Rule = Rule {
    code: "seal.key-missing",
    kind: Kind::Refused,
    rule: "个人信息加密存放，读写须有本账册的密钥",
    remedy: "用 --key-file、XIAOQU_KEY_FILE 或 XIAOQU_KEY 指明建账时的密钥；新账册用 --key-file 指明密钥文件建在哪里；密钥丢失则个人信息无法恢复，账目不受影响",
};

/// Another key is there.
pub static KEY_DIFFERS: Rule = Rule {
    code: "seal.key-differs",
    kind: Kind::Refused,
    rule: "密钥须为本账册登记的密钥",
    remedy: "核对密钥指纹，换用登记的密钥；要更换密钥请用 xiaoqu key rotate",
};

/// A sealed value does not belong where it stands, or was changed.
pub static BROKEN: Rule = Rule {
    code: "seal.broken",
    kind: Kind::Refused,
    rule: "加密的内容须与其所在的行一致，且未被改动",
    remedy: "数据库被改动过：请从备份核对该行，并运行 xiaoqu verify",
};

/// The key is still in use.
pub static KEY_IN_USE: Rule = Rule {
    code: "seal.key-in-use",
    kind: Kind::Refused,
    rule: "仍有内容以该密钥加密，或它是现用密钥，不得停用",
    remedy: "先运行 xiaoqu key rotate 换用新密钥并重新加密",
};

/// A free text holds a person's number.
pub static IN_TEXT: Rule = Rule {
    code: "seal.person-in-text",
    kind: Kind::Refused,
    rule: "摘要、事由、票据号等文字栏不加密存放，不得填写个人的手机号、身份证号",
    remedy: "删去其中的手机号、身份证号；联系方式请登记在产权人名下",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] =
    &[&KEY_SHAPE, &KEY_MISSING, &KEY_DIFFERS, &BROKEN, &KEY_IN_USE, &IN_TEXT];

/// The first byte of a sealed value: how it is laid out.
const LAYOUT: u8 = 1;
/// Layout, key number, nonce.
const HEAD: usize = 3 + NONCE;
const NONCE: usize = 12;

/// A key of 32 random bytes, as it lies in a file. Shows nothing of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// Storage, if the machine has no randomness.
    pub fn random() -> Result<Key> {
        let mut bytes = [0; 32];
        fill(&mut bytes)?;
        Ok(Key(bytes))
    }

    /// The key with these bytes.
    #[must_use]
    pub const fn of(bytes: [u8; 32]) -> Key {
        Key(bytes)
    }

    /// What tells this key from another, and nothing else of it: HMAC of a constant, eight bytes in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.derived(b"xiaoqu seal 1 fingerprint")[..8].iter().map(|b| format!("{b:02x}")).collect()
    }

    fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let mut mac = hmac_of(&self.0);
        mac.update(purpose);
        mac.finalize().into_bytes().into()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.derived(b"xiaoqu seal 1 aes-256-gcm").into())
    }
}

fn hmac_of(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new(&padded(key))
}

/// A key of 32 bytes as HMAC pads it to a block, which spares a fallible constructor.
fn padded(key: &[u8; 32]) -> hmac::digest::common::Key<Hmac<Sha256>> {
    let mut block = [0_u8; 64];
    block[..32].copy_from_slice(key);
    block.into()
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    let none = |e| Storage::Bug(format!("the machine gives no randomness: {e}"));
    Ok(getrandom::fill(bytes).map_err(none)?)
}

/// A column that holds sealed values, as its room declares it, so that a rotation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The table.
    pub table: &'static str,
    /// The column, of bytes.
    pub column: &'static str,
    /// The whole number that names a row within its compound; part of the place.
    pub row: &'static str,
    /// The column of the compound, or `0` where the table is the house's.
    pub compound: &'static str,
}

impl Sealed {
    /// The place of a row's value.
    #[must_use]
    pub const fn at(&'static self, compound: CompoundId, row: i32) -> Place {
        Place { column: self, compound, row }
    }
}

/// Where a sealed value belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    column: &'static Sealed,
    compound: CompoundId,
    row: i32,
}

impl Place {
    /// `owner.phone_sealed/3/17`.
    fn words(&self) -> String {
        let Sealed { table, column, .. } = self.column;
        format!("{table}.{column}/{}/{}", self.compound, self.row)
    }
}

/// A blind index.
pub type Blind = [u8; 16];

/// The keys of a set of books, or why there are none.
pub struct Ring {
    keys: BTreeMap<u16, Aes256Gcm>,
    current: u16,
    blind: Option<Hmac<Sha256>>,
    /// Why a value cannot be sealed or opened.
    locked: Option<Refusal>,
}

/// Numbers only.
impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = self.locked.as_ref().map(Refusal::code);
        let keys: Vec<u16> = self.keys.keys().copied().collect();
        f.debug_struct("Ring").field("keys", &keys).field("locked", &locked).finish()
    }
}

impl Ring {
    /// A ring that opens nothing, and says why.
    pub(crate) fn locked(why: Refusal) -> Ring {
        Ring { keys: BTreeMap::new(), current: 0, blind: None, locked: Some(why) }
    }

    /// The ring of these keys by number; the highest seals. `blind` is the blind index's key.
    pub(crate) fn of(keys: &BTreeMap<u16, Key>, blind: &[u8; 32]) -> Ring {
        Ring {
            keys: keys.iter().map(|(number, key)| (*number, key.cipher())).collect(),
            current: keys.keys().next_back().copied().unwrap_or(0),
            blind: Some(hmac_of(blind)),
            locked: None,
        }
    }

    /// The refusal of a ring without its key.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn is_open(&self) -> Result<()> {
        match &self.locked {
            Some(why) => Err(why.clone().into()),
            None => Ok(()),
        }
    }

    /// The number of the key that seals.
    #[must_use]
    pub fn current(&self) -> u16 {
        self.current
    }

    /// Seals a value for its place. Nothing seals as nothing.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn seal(&self, place: &Place, plain: &[u8]) -> Result<Vec<u8>> {
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        self.is_open()?;
        let cipher = self.cipher(self.current)?;
        seal_with(cipher, self.current, place.words().as_bytes(), plain)
    }

    /// Opens a value that was sealed for this place.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`, `seal.broken`.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Vec<u8>> {
        if sealed.is_empty() {
            return Ok(Vec::new());
        }
        self.is_open()?;
        let words = place.words();
        let broken = || BROKEN.refuse(format!("{words} 打不开"));
        let number = number_of(sealed).ok_or_else(broken)?;
        open_with(self.cipher(number)?, words.as_bytes(), sealed).ok_or_else(|| broken().into())
    }

    /// As [`Ring::open`], of a value that is text.
    ///
    /// # Errors
    /// As [`Ring::open`].
    pub fn open_text(&self, place: &Place, sealed: &[u8]) -> Result<String> {
        let bytes = self.open(place, sealed)?;
        String::from_utf8(bytes)
            .map_err(|_| BROKEN.refuse(format!("{} 不是文字", place.words())).into())
    }

    /// The blind index of a value of a column in a compound: what an exact search looks for.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn blind(
        &self,
        column: &'static Sealed,
        compound: CompoundId,
        value: &str,
    ) -> Result<Blind> {
        let Sealed { table, column, .. } = column;
        self.digest(format!("{table}.{column}/{compound}/{value}").as_bytes())
    }

    /// A digest that only these books can make: equal texts, equal digests.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn digest(&self, bytes: &[u8]) -> Result<Blind> {
        self.is_open()?;
        let none = || Storage::Bug("an open ring has no key for blind indexes".to_owned());
        let mut mac = self.blind.clone().ok_or_else(none)?;
        mac.update(bytes);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut cut = [0; 16];
        cut.copy_from_slice(&whole[..16]);
        Ok(cut)
    }

    /// A number as a request records it: its mask, and a short digest, so that two numbers with one mask still differ when a
    /// key comes again. Nothing of nothing.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn told(&self, number: &Personal) -> Result<String> {
        if number.is_empty() {
            return Ok(String::new());
        }
        let [a, b, c, d, ..] = self.digest(number.in_clear().as_bytes())?;
        Ok(format!("{}~{a:02x}{b:02x}{c:02x}{d:02x}", number.mask()))
    }

    /// A text as it may be kept in clear: each person's number is its mask and, where there is a key, a short digest, so
    /// that two numbers with one mask still differ. `None` if there is no such number.
    pub(crate) fn discreet(&self, words: &str) -> Option<String> {
        mask::persons(words, |mask, number| match self.digest(number.as_bytes()) {
            Ok([a, b, c, d, ..]) => format!("{mask}~{a:02x}{b:02x}{c:02x}{d:02x}"),
            Err(_) => mask,
        })
    }

    fn cipher(&self, number: u16) -> Result<&Aes256Gcm> {
        let none = || {
            KEY_MISSING.refuse(format!("需要第 {number} 号密钥；若刚更换过密钥，请重新启动本程序"))
        };
        Ok(self.keys.get(&number).ok_or_else(none)?)
    }
}

/// The number of the key a value is sealed with.
pub(crate) fn number_of(sealed: &[u8]) -> Option<u16> {
    match sealed {
        [LAYOUT, high, low, ..] if sealed.len() > HEAD => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

/// What every value sealed with a key begins with.
pub(crate) fn head_of(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![LAYOUT, high, low]
}

fn seal_with(cipher: &Aes256Gcm, number: u16, place: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE];
    fill(&mut nonce)?;
    let payload = Payload { msg: plain, aad: place };
    let too_long = |_| Storage::Bug("a value is too long to be sealed".to_owned());
    let body = cipher.encrypt(&Nonce::from(nonce), payload).map_err(too_long)?;
    let mut sealed = Vec::with_capacity(HEAD + body.len());
    sealed.extend(head_of(number));
    sealed.extend(nonce);
    sealed.extend(body);
    Ok(sealed)
}

fn open_with(cipher: &Aes256Gcm, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE] = sealed.get(3..HEAD)?.try_into().ok()?;
    let payload = Payload { msg: sealed.get(HEAD..)?, aad: place };
    cipher.decrypt(&Nonce::from(nonce), payload).ok()
}

/// The blind index's key, wrapped under a key of the ring. The fingerprint is its place.
pub(crate) fn wrap(key: &Key, number: u16, blind: &[u8; 32]) -> Result<Vec<u8>> {
    seal_with(&key.cipher(), number, key.fingerprint().as_bytes(), blind)
}

/// The blind index's key, unwrapped.
pub(crate) fn unwrap_blind(key: &Key, wrapped: &[u8]) -> Option<[u8; 32]> {
    open_with(&key.cipher(), key.fingerprint().as_bytes(), wrapped)?.try_into().ok()
}

/// 32 random bytes.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Refuses a person's number in a text that is kept in clear. `what` names the field in Chinese.
///
/// # Errors
/// `seal.person-in-text`. The evidence shows the mask only.
pub fn may_stand_in_clear(what: &str, words: &str) -> Result<(), Refusal> {
    if !mask::names_a_person(words) {
        return Ok(());
    }
    let shown: String = mask::text(words).chars().take(60).collect();
    Err(IN_TEXT.refuse(format!("{what}：{shown}")))
}

/// A number of a person on its way through a verb: an identity number, a telephone, an account. It reads itself from JSON in
/// clear and shows itself masked, in JSON and in `Debug`, so that a request recorded with an act holds no number.
#[derive(Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Personal(Arc<str>);

impl Personal {
    /// The number in clear. Every use is a place to think of.
    #[must_use]
    pub fn in_clear(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn mask(&self) -> String {
        match mask::text(&self.0) {
            // A number no sentence would hide: a landline, a passport.
            shown if *shown == *self.0 => mask::account(&self.0),
            shown => shown,
        }
    }
}

/// A text, to whoever describes it.
impl JsonSchema for Personal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Personal".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl<T: Into<Arc<str>>> From<T> for Personal {
    fn from(number: T) -> Personal {
        Personal(number.into())
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mask())
    }
}

impl Serialize for Personal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.mask())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PHONE: Sealed =
        Sealed { table: "owner", column: "phone_sealed", row: "owner_no", compound: "compound_id" };
    static ID_NO: Sealed =
        Sealed { table: "owner", column: "id_no_sealed", row: "owner_no", compound: "compound_id" };

    fn ring(numbers: &[u16]) -> Ring {
        let key = |n: &u16| (*n, Key([u8::try_from(*n).unwrap(); 32]));
        Ring::of(&numbers.iter().map(key).collect(), &[9; 32])
    }

    #[test]
    fn a_value_opens_where_it_was_sealed_and_nowhere_else() {
        let ring = ring(&[1]);
        let place = PHONE.at(CompoundId(3), 17);
        let sealed = ring.seal(&place, b"19900003050").unwrap();
        assert_eq!(sealed.len(), 11 + 31);
        assert!(!sealed.windows(6).any(|w| w == b"000030"));
        assert_eq!(ring.open_text(&place, &sealed).unwrap(), "19900003050");
        assert_ne!(ring.seal(&place, b"19900003050").unwrap(), sealed, "a fresh nonce each time");
        for other in
            [PHONE.at(CompoundId(3), 18), PHONE.at(CompoundId(4), 17), ID_NO.at(CompoundId(3), 17)]
        {
            assert_eq!(ring.open(&other, &sealed).unwrap_err().code(), "seal.broken");
        }
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            let code = ring.open(&place, &bent).unwrap_err().code();
            assert!(["seal.broken", "seal.key-missing"].contains(&code), "byte {at}: {code}");
        }
        assert_eq!(ring.open(&place, &sealed[..20]).unwrap_err().code(), "seal.broken");
        assert!(
            ring.seal(&place, b"").unwrap().is_empty()
                && ring.open(&place, b"").unwrap().is_empty()
        );
    }

    #[test]
    fn an_old_key_opens_and_the_newest_seals() {
        let place = PHONE.at(CompoundId(1), 1);
        let old = ring(&[1]).seal(&place, b"x").unwrap();
        let both = ring(&[1, 2]);
        assert_eq!(both.open(&place, &old).unwrap(), b"x");
        let new = both.seal(&place, b"x").unwrap();
        assert_eq!((number_of(&old), number_of(&new)), (Some(1), Some(2)));
        assert_eq!(ring(&[2]).open(&place, &old).unwrap_err().code(), "seal.key-missing");
    }

    #[test]
    fn a_blind_index_tells_equal_values_of_one_compound_only() {
        let ring = ring(&[1]);
        let blind =
            |column, compound, value| ring.blind(column, CompoundId(compound), value).unwrap();
        assert_eq!(blind(&PHONE, 1, "19900003050"), blind(&PHONE, 1, "19900003050"));
        assert_ne!(blind(&PHONE, 1, "19900003050"), blind(&PHONE, 1, "19900003051"));
        assert_ne!(blind(&PHONE, 1, "19900003050"), blind(&PHONE, 2, "19900003050"));
        assert_ne!(blind(&PHONE, 1, "19900003050"), blind(&ID_NO, 1, "19900003050"));
    }

    #[test]
    fn without_its_key_a_ring_says_why_and_nothing_opens() {
        let ring = Ring::locked(KEY_MISSING.refuse("指纹 abc"));
        let place = PHONE.at(CompoundId(1), 1);
        assert_eq!(ring.seal(&place, b"x").unwrap_err().code(), "seal.key-missing");
        assert!(ring.seal(&place, b"").unwrap().is_empty(), "nothing needs no key");
        assert_eq!(ring.discreet("电话19900003050").as_deref(), Some("电话199****3050"));
    }

    #[test]
    fn a_persons_number_shows_itself_to_nobody() {
        let phone = Personal::from("19900003050");
        assert_eq!(serde_json::to_string(&phone).unwrap(), "\"199****3050\"");
        assert_eq!(format!("{phone:?}"), "199****3050");
        assert_eq!(serde_json::to_string(&Personal::from("E12345678")).unwrap(), "\"****5678\"");
        assert_eq!(serde_json::from_str::<Personal>("\"19900003050\"").unwrap(), phone);
        let key = Key::of([7; 32]);
        assert!(
            !format!("{key:?}").contains("07") && format!("{key:?}").contains(&key.fingerprint())
        );
    }

    #[test]
    fn two_numbers_with_one_mask_differ_in_a_record() {
        let ring = ring(&[1]);
        let told = |words| ring.discreet(words).unwrap();
        assert!(told("电话19900003050").starts_with("电话199****3050~"));
        assert_ne!(told("19900003050"), told("19900013050"));
        assert_eq!(ring.discreet("票据 4200001"), None);
        assert_eq!(
            may_stand_in_clear("事由", "打 19900003050").unwrap_err().evidence,
            "事由：打 199****3050"
        );
    }
}
