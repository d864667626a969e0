//! The wording that offices keep of their papers.
//!
//! Owns: `template`. A compound keeps its own wording of a document, the head office (compound 0) one for all compounds; the
//! nearest wins ([`in_force`]), and where nobody keeps any, that of the program stands, which is none of ours.
//!
//! Always: versions are numbered here, one after another for each place and document, and none is changed or deleted: a paper
//! names the version it was laid out by and is drawn by it again. Taking one's own back is a version too, without a body. Who
//! may word a paper is who answers for the money on it (`may_word`). Never: a person's number in a text ([`may_be_kept`]), nor
//! any other look inside it. Whether a template can be used is the press's to say, which its door asks before it acts; what is
//! kept here is a text, its digest and its number.
//! Limits: [`BODY_MOST`] bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Role, Tx, View};
use crate::calendar::Instant;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::CompoundId;
use crate::journal::Book;
use crate::journal::text::{hash, hex};
use crate::property;
use crate::seal::may_stand_in_clear;

/// The longest text, in bytes.
pub const BODY_MOST: usize = 32_768;

/// A text of nothing or too long.
pub static SIZE: Rule = Rule {
    code: "template.size",
    kind: Answer::Shape,
    rule: "模板的文本为 1 至 32,768 个字节",
    remedy: "删去多余的内容；图片、字体不放在模板里",
};

/// A paper that somebody else answers for.
pub static WHOSE: Rule = Rule {
    code: "template.whose",
    kind: Answer::Forbidden,
    rule: "物业费单据由物业公司修改，维修资金单据由房管部门修改（已划转业主大会的由业主委员会），总册的由房管部门、管理员修改",
    remedy: "请由对该项资金负责的单位修改",
};

/// It stands there already.
pub static SAME: Rule = Rule {
    code: "template.same",
    kind: Answer::Conflict,
    rule: "新留存的模板须与本处现行的不同",
    remedy: "查看现行的版本；没有改动的不必再留存",
};

/// There is no such version.
pub static NO_VERSION: Rule = Rule {
    code: "template.no-version",
    kind: Answer::Missing,
    rule: "模板的版本须已留存，且不是“改回”的一版",
    remedy: "查看该单据的各版本",
};

/// There is nothing to take back.
pub static NONE: Rule = Rule {
    code: "template.none",
    kind: Answer::Conflict,
    rule: "留存有自己的模板，才能改回",
    remedy: "现行的已是总册的或自带的模板",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[&SIZE, &WHOSE, &SAME, &NO_VERSION, &NONE];

static TEMPLATE: Table = Table {
    name: "template",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("document", Column::Text),
        ("version", Column::Int),
        ("body", Column::Text),
        ("digest", Column::Bytes),
        ("kept_at", Column::Big),
        ("kept_by", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const TEMPLATES: Reads = Reads(&[&TEMPLATE]);

/// A wording to keep; an empty body takes one's own back.
#[derive(Clone, Debug, Serialize)]
pub struct Wording {
    /// The document's name.
    pub document: String,
    /// Whose money stands on it.
    pub book: Book,
    /// The template.
    pub body: String,
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TemplateKept", description = "已留存的模板")]
pub struct Kept {
    /// The document's name.
    #[schemars(description = "单据", example = &"demand")]
    pub document: String,
    /// The version's number.
    #[schemars(description = "版本：本处留存的第几版", example = 2)]
    pub version: i32,
    /// SHA-256 of the text, in hexadecimal.
    #[schemars(description = "原文的 SHA-256", example = &"e3b0c442")]
    pub digest: String,
}

/// Who keeps a wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TemplateOf", description = "由谁留存")]
pub enum Whose {
    /// The compound.
    #[schemars(description = "本小区")]
    Own,
    /// The head office, for all.
    #[schemars(description = "总册")]
    Office,
}

/// A version as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "TemplateVersion", description = "留存的一版")]
pub struct Version {
    /// Who keeps it.
    #[schemars(description = "由谁留存")]
    pub whose: Whose,
    /// Its number.
    #[schemars(description = "版本：该处留存的第几版", example = 2)]
    pub version: i32,
    /// Whether it took the wording back.
    #[schemars(description = "是否改回：这一版起不用自己的模板", example = false)]
    pub is_taken_back: bool,
    /// SHA-256 of the text, in hexadecimal.
    #[schemars(description = "原文的 SHA-256", example = &"e3b0c442")]
    pub digest: String,
    /// When it was kept.
    #[schemars(description = "留存时刻")]
    pub kept_at: Instant,
    /// In which role.
    #[schemars(description = "留存者的角色", example = &"property-company")]
    pub kept_by: String,
}

/// A wording with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Who keeps it.
    pub whose: Whose,
    /// Its number.
    pub version: i32,
    /// The template.
    pub body: String,
}

/// Where a wording is kept, as far as it matters for who may.
#[derive(Clone, Copy, Debug)]
struct Place {
    is_office: bool,
    /// Whether the owners keep the fund themselves.
    is_away: bool,
}

/// Whether somebody in this role may word a paper about money of this book.
fn may_word(role: Role, book: Book, place: Place) -> Result<(), Refusal> {
    let may = match (role, book) {
        (Role::Operator, _) => true,
        (Role::HousingAuthority, Book::Fund) => place.is_office || !place.is_away,
        (Role::OwnersCommittee, Book::Fund) => !place.is_office && place.is_away,
        (Role::PropertyCompany, Book::Service) => !place.is_office,
        (Role::HousingAuthority | Role::Administrator, Book::Service) => place.is_office,
        _ => false,
    };
    if may {
        return Ok(());
    }
    let place = if place.is_office { "总册" } else { "小区" };
    Err(WHOSE.refuse(format!("{}修改{place}的{}单据", role.in_chinese(), book.chart().title)))
}

/// The number of the version that follows the last one kept here.
fn following(last: Option<&(i32, String)>, body: &str) -> Result<i32, Refusal> {
    let (number, standing) = match last {
        Some((number, standing)) => (*number, standing.as_str()),
        None => (0, ""),
    };
    match (standing == body, body.is_empty()) {
        (true, true) => Err(NONE.refuse("没有留存自己的模板，或者已经改回")),
        (true, false) => Err(SAME.refuse(format!("与第 {number} 版逐字相同"))),
        (false, _) => Ok(number + 1),
    }
}

/// Whether a text may be kept: it is no longer than a template needs, and holds no mobile or identity number of a person, also
/// not one that is written in parts. The telephone of an office, an account, a day are no person's.
///
/// # Errors
/// `template.size`, `seal.person-in-text`.
pub fn may_be_kept(body: &str) -> Result<(), Refusal> {
    let size = body.len();
    if !(1..=BODY_MOST).contains(&size) || body.contains('\0') {
        return Err(SIZE.refuse(format!("{size} 个字节")));
    }
    may_stand_in_clear("模板", body)?;
    // Parts that belong together are parted alike: a day before a number must not hide it, nor become a part of it.
    let marks: [fn(char) -> bool; 3] = [is_dash, is_blank, |c| is_dash(c) || is_blank(c)];
    for is_mark in marks {
        for number in joined(body, is_mark) {
            may_stand_in_clear("模板", number.strip_prefix("00").unwrap_or(&number))?;
        }
    }
    Ok(())
}

/// What parts a number: `199-0000-1234`.
const fn is_dash(c: char) -> bool {
    matches!(c, '-' | '－' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−')
}

/// `199 0000 1234`, on one line.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{2002}'..='\u{200b}' | '\u{202f}' | '\u{3000}')
}

/// The numbers of a text without the marks between their digits, narrow; those that are a part of a word are none.
fn joined(body: &str, is_mark: fn(char) -> bool) -> Vec<String> {
    let (mut numbers, mut number) = (Vec::new(), String::new());
    let (mut before, mut is_part) = (' ', false);
    for c in body.chars().chain(['\n']) {
        let digit = match c {
            '0'..='9' => Some(c),
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
            'X' | 'x' | 'Ｘ' | 'ｘ' if number.len() == 17 => Some('X'),
            _ => None,
        };
        if let Some(digit) = digit {
            if number.is_empty() {
                is_part = before.is_ascii_alphabetic();
            }
            number.push(digit);
        } else if number.is_empty() || !is_mark(c) {
            // A letter that stands right behind makes it a paper's number, too.
            let is_part = is_part || (c.is_ascii_alphabetic() && !is_mark(before));
            let number = std::mem::take(&mut number);
            if !number.is_empty() && !is_part {
                numbers.push(number);
            }
        }
        before = c;
    }
    numbers
}

/// Keeps a wording as the next version of this place: a compound's own, or in the head office one for all.
///
/// # Errors
/// `template.size`, `seal.person-in-text`, `template.whose`, `template.same`.
pub async fn keep(tx: &mut Tx, new: &Wording) -> Result<Kept> {
    may_be_kept(&new.body)?;
    put(tx, new).await
}

/// Takes this place's own wording back: from now on the head office's stands, or the program's.
///
/// # Errors
/// `template.whose`, `template.none`.
pub async fn take_back(tx: &mut Tx, asked: &Wording) -> Result<Kept> {
    put(tx, &Wording { body: String::new(), ..asked.clone() }).await
}

async fn put(tx: &mut Tx, new: &Wording) -> Result<Kept> {
    let compound = tx.compound();
    let is_office = compound == CompoundId::OFFICE;
    let is_away = !is_office
        && property::custodies(tx, compound).await?.last().is_some_and(|custody| custody.is_away);
    may_word(tx.actor().role, new.book, Place { is_office, is_away })?;
    let sql = "SELECT version, body FROM template WHERE compound_id = $1 AND document = $2
               ORDER BY version DESC LIMIT 1";
    let values = vec![compound.0.into(), new.document.as_str().into()];
    let last: Option<(i32, String)> = match tx.rows(TEMPLATES, sql, values).await?.first() {
        Some(row) => Some((row.try_get("", "version")?, row.try_get("", "body")?)),
        None => None,
    };
    let version = following(last.as_ref(), &new.body)?;

    let digest = hash(&new.body);
    let row = [
        compound.0.into(),
        (&new.document).into(),
        version.into(),
        (&new.body).into(),
        digest.as_slice().into(),
        tx.at().seconds().into(),
        tx.actor().role.name().into(),
        tx.act().0.into(),
    ];
    tx.put(&TEMPLATE, &row);
    Ok(Kept { document: new.document.clone(), version, digest: hex(&digest) })
}

/// The wording that stands for a document of a compound: its own, else the head office's; none if neither keeps one.
///
/// # Errors
/// Storage.
pub async fn in_force(
    view: &mut impl View,
    compound: CompoundId,
    document: &str,
) -> Result<Option<Text>> {
    let sql = "SELECT compound_id, version, body FROM template t
               WHERE compound_id IN ($1, 0) AND document = $2
                 AND version = (SELECT MAX(o.version) FROM template o
                                WHERE o.compound_id = t.compound_id AND o.document = t.document)
               ORDER BY compound_id DESC";
    let values = vec![compound.0.into(), document.into()];
    for row in view.rows(TEMPLATES, sql, values).await? {
        let (at, body): (i32, String) = (row.try_get("", "compound_id")?, row.try_get("", "body")?);
        if !body.is_empty() {
            let version = row.try_get("", "version")?;
            return Ok(Some(Text { whose: whose(at), version, body }));
        }
    }
    Ok(None)
}

const fn whose(compound: i32) -> Whose {
    if compound == CompoundId::OFFICE.0 { Whose::Office } else { Whose::Own }
}

/// A version that was kept, by its number.
///
/// # Errors
/// `template.no-version`.
pub async fn version(
    view: &mut impl View,
    compound: CompoundId,
    document: &str,
    of: (Whose, i32),
) -> Result<Text> {
    let (whose, version) = of;
    let at = match whose {
        Whose::Own => compound,
        Whose::Office => CompoundId::OFFICE,
    };
    let sql = "SELECT body FROM template
               WHERE compound_id = $1 AND document = $2 AND version = $3 AND body <> ''";
    let values = vec![at.0.into(), document.into(), version.into()];
    let found = view.rows(TEMPLATES, sql, values).await?;
    let none = || NO_VERSION.refuse(format!("{document} 没有第 {version} 版"));
    let row = found.first().ok_or_else(none)?;
    Ok(Text { whose, version, body: row.try_get("", "body")? })
}

/// Every version a compound's documents may be worded by, its own first, the newest first.
///
/// # Errors
/// Storage.
pub async fn versions(
    view: &mut impl View,
    compound: CompoundId,
    document: &str,
) -> Result<Vec<Version>> {
    let sql = "SELECT compound_id, version, body, digest, kept_at, kept_by FROM template
               WHERE compound_id IN ($1, 0) AND document = $2 ORDER BY compound_id DESC, version DESC";
    let mut versions = Vec::new();
    for row in view.rows(TEMPLATES, sql, vec![compound.0.into(), document.into()]).await? {
        let (at, body): (i32, String) = (row.try_get("", "compound_id")?, row.try_get("", "body")?);
        let digest: Vec<u8> = row.try_get("", "digest")?;
        versions.push(Version {
            whose: whose(at),
            version: row.try_get("", "version")?,
            is_taken_back: body.is_empty(),
            digest: hex(&digest),
            kept_at: Instant::from_seconds(row.try_get("", "kept_at")?),
            kept_by: row.try_get("", "kept_by")?,
        });
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_answers_for_the_money_words_the_paper() {
        let office = Place { is_office: true, is_away: false };
        let here = Place { is_office: false, is_away: false };
        let away = Place { is_office: false, is_away: true };
        let may = |role, book, place| may_word(role, book, place).is_ok();
        assert!(may(Role::PropertyCompany, Book::Service, here));
        assert!(!may(Role::PropertyCompany, Book::Fund, here));
        assert!(!may(Role::PropertyCompany, Book::Service, office));
        assert!(may(Role::HousingAuthority, Book::Fund, here));
        assert!(may(Role::HousingAuthority, Book::Fund, office));
        assert!(!may(Role::HousingAuthority, Book::Fund, away));
        assert!(may(Role::OwnersCommittee, Book::Fund, away));
        assert!(!may(Role::OwnersCommittee, Book::Fund, here));
        assert!(may(Role::Administrator, Book::Service, office));
        for role in [Role::Auditor, Role::Owner, Role::StreetOffice] {
            assert_eq!(
                may_word(role, Book::Service, here).unwrap_err().rule.code,
                "template.whose"
            );
        }
    }

    #[test]
    fn no_persons_number_is_kept_however_it_is_parted() {
        for words in [
            "19900001234",
            "199-0000-1234",
            "199 0000 1234",
            "199-00001234",
            "1990000 1234",
            "值班手机 199—0000—1234，全天",
            "１９９　００００　１２３４",
            "+86 199-0000-1234",
            "0086 1990000 1234",
            "2026-11-23 199-00001234",
            "1-9-9-0-0-0-0-1-2-3-4",
            "999999 19700101 0017",
            "999999-19700101-0017",
            "９９９９９９１９７００１０１００１７",
        ] {
            let refused = may_be_kept(words).unwrap_err();
            assert_eq!(refused.rule.code, "seal.person-in-text", "{words}");
            assert!(!refused.evidence.contains("00001234"), "{}", refused.evidence);
        }
        for words in [
            "客服电话 0571-8888 0001",
            "010-12345678",
            "400-000-0000",
            "2026-11-23 至 2026-12-31",
            "2026-11-23 09:30 1-1-301",
            "1,380,000,000.00",
            "1380000.0012",
            "账号 6222 0202 1402 0001 234",
            "编号 WX199-0000123",
            "房号 13-1-1201 至 13-2-1201",
            "widths = [19, 90, 0, 0, 12, 34]",
        ] {
            assert!(may_be_kept(words).is_ok(), "{words}");
        }
        assert_eq!(may_be_kept("").unwrap_err().rule.code, "template.size");
    }

    #[test]
    fn versions_follow_one_another() {
        let code = |answer: Result<i32, Refusal>| answer.map_err(|refusal| refusal.rule.code);
        assert_eq!(code(following(None, "甲")), Ok(1));
        assert_eq!(code(following(Some(&(1, "甲".into())), "乙")), Ok(2));
        assert_eq!(code(following(Some(&(2, "乙".into())), "乙")), Err("template.same"));
        assert_eq!(code(following(Some(&(2, "乙".into())), "")), Ok(3));
        assert_eq!(code(following(Some(&(3, String::new())), "")), Err("template.none"));
        assert_eq!(code(following(None, "")), Err("template.none"));
        assert_eq!(code(following(Some(&(3, String::new())), "乙")), Ok(4));
    }
}
