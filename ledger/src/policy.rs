//! Law as data: what a jurisdiction says, since when, and how sure we are.
//!
//! Owns: `policy_pack` (the versions an authority added), and the packs shipped with the program (`policy/packs/*.toml`).
//!
//! A **pack** is a jurisdiction's word: code, version, effective days, parameters (each with value, article, wording in our
//! words, evidence, source) and the gate's predicates (article, wording, remedy). A county inherits from its city and the
//! city from the nation, parameter by parameter; a version may amend an earlier one and say only what changes. [`at`]
//! resolves them for a day; the [`Provenance`] of what it resolved is stored with every result, and later law never judges
//! that result again.
//!
//! Always: a version is taken whole or refused with the line; versions of one jurisdiction neither overlap nor leave a gap
//! when they are added; nothing that was added is changed or deleted (a mistake is mended by a version that `replaces`
//! it); a shipped pack's text is never edited once released. Never: a constant in code that a city may change; a silent
//! choice: a day without a version of a known jurisdiction is refused, a jurisdiction nobody described falls to the nearest
//! above it, and the provenance says so.
//!
//! Limits: an added version is read from its text at every resolution (a city's 1 ms, a whole nation's 6 ms, in a debug
//! build); working days are named here and counted by [`crate::calendar`]. Start at [`at`], [`Pack`], [`Library`].

pub mod catalogue;
pub mod terms;
pub mod text;

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

pub use self::catalogue::{CATALOGUE, Pack, Ruled, Terms};
pub use self::text::{Change, Evidence, Path, Predicate, PredicateText, Version};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId};

/// The text is no pack.
pub static MISSHAPEN: Rule = Rule {
    code: "policy.misshapen",
    kind: Answer::Shape,
    rule: "政策包须为格式正确的 TOML：代码、名称、版本、生效日期与各参数齐全",
    remedy: "按所指的行改正；可用 policy show 导出现行版本作样本",
};

/// A parameter nobody reads.
pub static UNKNOWN: Rule = Rule {
    code: "policy.unknown-parameter",
    kind: Answer::Refused,
    rule: "政策包只能包含目录内的参数",
    remedy: "核对参数名；目录见 policy show",
};

/// A decimal number without quotation marks.
pub static FLOAT: Rule = Rule {
    code: "policy.float",
    kind: Answer::Shape,
    rule: "小数须加引号，避免浮点误差",
    remedy: "写成 \"35.00\"、\"2/3\" 或 \"30%\"",
};

/// A value is not of its parameter's kind.
pub static WRONG_KIND: Rule = Rule {
    code: "policy.wrong-kind",
    kind: Answer::Shape,
    rule: "参数的值须符合目录规定的类型",
    remedy: "按所指的行改正；界限须写明 >=、>、<= 或 <",
};

/// A parameter or predicate twice.
pub static TWICE: Rule = Rule {
    code: "policy.twice",
    kind: Answer::Refused,
    rule: "同一政策包内每个参数、每个条件只写一次",
    remedy: "删去重复的一处",
};

/// A predicate's texts are not whole.
pub static PREDICATES: Rule = Rule {
    code: "policy.predicate-texts",
    kind: Answer::Shape,
    rule: "每个支取条件须写明内容与办法",
    remedy: "补齐所指条件的 says 与 remedy",
};

/// The version is there already.
pub static VERSION_TAKEN: Rule = Rule {
    code: "policy.version-taken",
    kind: Answer::Conflict,
    rule: "同一地区的版本号不得重复，已收的版本不得改动",
    remedy: "换一个版本号；更正错误的，用 replaces 写明所更正的版本",
};

/// What it replaces is not there.
pub static NOTHING_REPLACED: Rule = Rule {
    code: "policy.nothing-replaced",
    kind: Answer::Missing,
    rule: "replaces 须写本地区现有且未被更正过的版本",
    remedy: "用 policy list 查看现有版本",
};

/// Effective days overlap.
pub static OVERLAP: Rule = Rule {
    code: "policy.overlap",
    kind: Answer::Refused,
    rule: "同一地区各版本的生效期间不得重叠",
    remedy: "调整 effective-from 或 effective-until；更正错误的，用 replaces 写明所更正的版本",
};

/// Effective days leave a gap.
pub static GAP: Rule = Rule {
    code: "policy.gap",
    kind: Answer::Refused,
    rule: "同一地区各版本的生效期间须首尾相接",
    remedy: "使新版本自上一版本终止的次日起生效，或先补入中间的版本",
};

/// The parent is unknown.
pub static NO_PARENT: Rule = Rule {
    code: "policy.no-parent",
    kind: Answer::Missing,
    rule: "上级地区须已有政策包，且不得以下级或自身为上级",
    remedy: "先收入上级地区的政策包，或改正 parent",
};

/// A resolved pack does not answer everything.
pub static INCOMPLETE: Rule = Rule {
    code: "policy.incomplete",
    kind: Answer::Refused,
    rule: "政策包连同其上级须答复目录内的全部参数与支取条件",
    remedy: "在国家包中补齐所缺的项；确无规定的写 \"none\"",
};

/// No version is in force.
pub static NOT_IN_FORCE: Rule = Rule {
    code: "policy.not-in-force",
    kind: Answer::Missing,
    rule: "业务日须有该地区生效的政策版本",
    remedy: "核对日期；确有缺漏的，由主管部门补入该期间的版本",
};

/// There is no such version.
pub static NO_VERSION: Rule = Rule {
    code: "policy.no-version",
    kind: Answer::Missing,
    rule: "所查或所修订的政策版本须已收入",
    remedy: "用 policy list 查看地区代码与版本",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &MISSHAPEN,
    &FLOAT,
    &UNKNOWN,
    &WRONG_KIND,
    &PREDICATES,
    &TWICE,
    &VERSION_TAKEN,
    &NOTHING_REPLACED,
    &OVERLAP,
    &GAP,
    &NO_PARENT,
    &INCOMPLETE,
    &NOT_IN_FORCE,
    &NO_VERSION,
];

static PACK: Table = Table {
    name: "policy_pack",
    rank: 0,
    columns: &[
        ("code", Column::Text),
        ("version", Column::Text),
        ("effective_from", Column::Day),
        ("effective_until", Column::SomeDay),
        ("replaces", Column::Text),
        ("body", Column::Text),
        ("digest", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const PACKS: Reads = Reads(&[&PACK]);

/// A jurisdiction by its administrative code of six digits (GB/T 2260): `330106` 西湖区, `330100` 杭州, `100000` the nation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jurisdiction(String);

impl Jurisdiction {
    const NATION: &'static str = "100000";

    /// The nation: where nothing nearer is known.
    #[must_use]
    pub fn nation() -> Jurisdiction {
        Jurisdiction(Jurisdiction::NATION.to_owned())
    }

    /// Reads an administrative code: `33`, `3301`, `330106`, or the longer code of a street or community, whose district it
    /// is then. `None` if it is no such code.
    #[must_use]
    pub fn of_area(code: &str) -> Option<Jurisdiction> {
        let is_code = code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with('0');
        match code.len() {
            2 | 4 if is_code => Some(Jurisdiction(format!("{code:0<6}"))),
            6 | 9 | 12 if is_code => Some(Jurisdiction(code[..6].to_owned())),
            _ => None,
        }
    }

    /// The six digits.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Itself, then whatever lies above it: the city, the province, the nation.
    pub(crate) fn upwards(&self) -> Vec<Jurisdiction> {
        let above = [
            self.0.clone(),
            format!("{}00", &self.0[..4]),
            format!("{}0000", &self.0[..2]),
            Jurisdiction::NATION.to_owned(),
        ];
        let mut seen = Vec::new();
        for code in above {
            if !seen.contains(&Jurisdiction(code.clone())) {
                seen.push(Jurisdiction(code));
            }
        }
        seen
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Jurisdiction {
    type Error = &'static str;
    fn try_from(code: String) -> Result<Jurisdiction, Self::Error> {
        let is_whole = code.len() == 6;
        let read = Jurisdiction::of_area(&code).filter(|_| is_whole);
        read.ok_or("地区代码须为六位行政区划代码，如 330100")
    }
}

impl From<Jurisdiction> for String {
    fn from(jurisdiction: Jurisdiction) -> String {
        jurisdiction.0
    }
}

/// A version's name: `310000@2024-10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackName {
    /// Whose.
    pub code: Jurisdiction,
    /// Which.
    pub version: String,
}

impl PackName {
    /// Reads `310000@2024-10`.
    #[must_use]
    pub fn parse(text: &str) -> Option<PackName> {
        let (code, version) = text.split_once('@')?;
        let code = Jurisdiction::try_from(code.to_owned()).ok()?;
        (!version.is_empty()).then(|| PackName { code, version: version.to_owned() })
    }
}

impl fmt::Display for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.version)
    }
}

impl Serialize for PackName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// Sixty-four hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What was resolved: the versions, nearest first, and the digest over their texts' digests. Stored with every result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The versions, nearest first, the nation's last.
    pub chain: Vec<PackName>,
    /// SHA-256 over one line a version: name and digest.
    pub digest: Digest,
}

/// `330100@2022-03+100000@2021-01 sha256:…`: one line, for a column and for paper.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain: Vec<String> = self.chain.iter().map(PackName::to_string).collect();
        write!(f, "{} sha256:{}", chain.join("+"), self.digest)
    }
}

/// A version among the others.
#[derive(Clone, Debug)]
pub struct Shelved {
    /// The version.
    pub version: Arc<Version>,
    /// The act of the head office that added it; none if it came with the program.
    pub act: Option<ActNo>,
    /// Whether another version took its place.
    pub is_replaced: bool,
}

/// The packs shipped with the program, oldest first within a jurisdiction.
static SHIPPED: LazyLock<Library> = LazyLock::new(|| {
    let texts = [
        include_str!("policy/packs/nation-2008.toml"),
        include_str!("policy/packs/nation-2021.toml"),
        include_str!("policy/packs/shanghai-2021.toml"),
        include_str!("policy/packs/shanghai-2024.toml"),
        include_str!("policy/packs/shanghai-2026-03.toml"),
        include_str!("policy/packs/shanghai-2026-04.toml"),
        include_str!("policy/packs/beijing.toml"),
        include_str!("policy/packs/hangzhou.toml"),
        include_str!("policy/packs/county.toml"),
    ];
    let mut library = Library { shelf: Vec::new() };
    for text in texts {
        let version = Version::read(text).and_then(|version| library.amended(version));
        let version = version.expect("a test reads every shipped pack");
        library.shelf.push(Shelved { version: Arc::new(version), act: None, is_replaced: false });
    }
    library
});

/// Every version there is: the shipped ones, and those an authority added.
#[derive(Clone, Debug)]
pub struct Library {
    shelf: Vec<Shelved>,
}

impl Library {
    /// What the program came with.
    #[must_use]
    pub fn shipped() -> Library {
        SHIPPED.clone()
    }

    /// The versions, by jurisdiction and first day.
    #[must_use]
    pub fn versions(&self) -> Vec<&Shelved> {
        let mut versions: Vec<&Shelved> = self.shelf.iter().collect();
        versions.sort_by_key(|s| (s.version.name.code.clone(), s.version.effective_from, s.act));
        // The nation first: everything else stands on it.
        versions.sort_by_key(|s| s.version.parent.is_some());
        versions
    }

    /// A version by name.
    ///
    /// # Errors
    /// `policy.no-version`.
    pub fn version(&self, name: &PackName) -> Result<&Arc<Version>, Refusal> {
        let found = self.shelf.iter().find(|s| s.version.name == *name).map(|s| &s.version);
        found.ok_or_else(|| NO_VERSION.refuse(format!("没有 {name}")))
    }

    /// What changed from one version to another.
    ///
    /// # Errors
    /// `policy.no-version`.
    pub fn diff(&self, old: &PackName, new: &PackName) -> Result<Vec<Change>, Refusal> {
        Ok(self.version(old)?.changes_to(self.version(new)?))
    }

    /// The pack of a jurisdiction on a day: its own version, or the nearest above it that is described at all, and
    /// everything that one inherits.
    ///
    /// # Errors
    /// `policy.not-in-force`, `policy.no-parent`, `policy.incomplete`.
    pub fn at(&self, jurisdiction: &Jurisdiction, day: Day) -> Result<Pack, Refusal> {
        let is_described = |code: &Jurisdiction| self.standing(code).next().is_some();
        let nearest = jurisdiction.upwards().into_iter().find(is_described);
        let nearest =
            nearest.ok_or_else(|| NOT_IN_FORCE.refuse(format!("没有 {jurisdiction} 的政策包")))?;

        let mut chain: Vec<&Version> = Vec::new();
        let mut next = Some(nearest);
        while let Some(code) = next {
            if chain.iter().any(|version| version.name.code == code) {
                return Err(NO_PARENT.refuse(format!("{code} 在上级之列出现两次")));
            }
            if !is_described(&code) {
                return Err(NO_PARENT.refuse(format!("没有 {code} 的政策包")));
            }
            let version = self.in_force(&code, day)?;
            next = version.parent.clone();
            chain.push(version);
        }
        resolve(jurisdiction, &chain)
    }

    /// The versions of a jurisdiction that none took the place of.
    fn standing(&self, code: &Jurisdiction) -> impl Iterator<Item = &Shelved> {
        self.shelf.iter().filter(move |s| s.version.name.code == *code && !s.is_replaced)
    }

    /// The version in force on a day. What an authority added goes before what came with the program; of open versions the
    /// one that began last holds.
    fn in_force(&self, code: &Jurisdiction, day: Day) -> Result<&Version, Refusal> {
        let covers = |s: &&Shelved| {
            let v = &s.version;
            v.effective_from <= day && v.effective_until.is_none_or(|until| day <= until)
        };
        let found = self.standing(code).filter(covers);
        let found = found.max_by_key(|s| (s.act.is_some(), s.version.effective_from));
        let none = || {
            NOT_IN_FORCE
                .refuse(format!("{code} 在 {day} 没有生效的版本"))
                .with("jurisdiction", code.code())
                .with("on", day.to_string())
        };
        found.map(|s| s.version.as_ref()).ok_or_else(none)
    }

    /// Puts a version on the shelf as if it had been added, after checking it against the others.
    ///
    /// # Errors
    /// `policy.version-taken`, `policy.no-version`, `policy.nothing-replaced`, `policy.overlap`, `policy.gap`, `policy.no-parent`,
    /// `policy.incomplete`, `policy.not-in-force`.
    pub fn with(mut self, version: Version, act: ActNo) -> Result<Library, Refusal> {
        let name = version.name.clone();
        if self.shelf.iter().any(|s| s.version.name == name) {
            return Err(VERSION_TAKEN.refuse(format!("已有 {name}")));
        }
        let version = self.amended(version)?;
        self.replace(&version)?;
        let standing: Vec<&Version> = self.standing(&name.code).map(|s| &*s.version).collect();
        may_follow(&version, &standing)?;

        let from = version.effective_from;
        self.shelf.push(Shelved { version: Arc::new(version), act: Some(act), is_replaced: false });
        self.at(&name.code, from)?;
        // Whoever inherits must still be answered in full.
        for heir in &self.shelf {
            if heir.version.parent.as_ref() == Some(&name.code)
                && self.in_force(&heir.version.name.code, from).is_ok()
            {
                self.at(&heir.version.name.code, from)?;
            }
        }
        Ok(self)
    }

    /// A version with what it leaves as it was.
    fn amended(&self, version: Version) -> Result<Version, Refusal> {
        let Some(base) = &version.amends else { return Ok(version) };
        let base = PackName { code: version.name.code.clone(), version: base.clone() };
        Ok(version.amending(self.version(&base)?))
    }

    fn replace(&mut self, version: &Version) -> Result<(), Refusal> {
        let Some(replaced) = &version.replaces else { return Ok(()) };
        let code = &version.name.code;
        let is_it = |s: &&mut Shelved| {
            s.version.name.code == *code && s.version.name.version == *replaced && !s.is_replaced
        };
        let found = self.shelf.iter_mut().find(is_it);
        let none = || NOTHING_REPLACED.refuse(format!("没有可更正的 {code}@{replaced}"));
        found.ok_or_else(none)?.is_replaced = true;
        Ok(())
    }
}

/// Whether a version's days fit between those of the others.
fn may_follow(new: &Version, others: &[&Version]) -> Result<(), Refusal> {
    let told = |v: &Version| {
        let until = v.effective_until.map_or("今后".to_owned(), |day| day.to_string());
        format!("{}（{} 至 {until}）", v.name, v.effective_from)
    };
    let (before, after): (Vec<&Version>, Vec<&Version>) =
        others.iter().partition(|other| other.effective_from < new.effective_from);
    let before = before.into_iter().max_by_key(|other| other.effective_from);
    let after = after.into_iter().min_by_key(|other| other.effective_from);

    let follows = |first: &Version, second: &Version| -> Result<(), Refusal> {
        // An open version ends on the eve of its successor; a later one is never cut short by an earlier open one.
        let Some(until) = first.effective_until else { return Ok(()) };
        let evidence = format!("{} 与 {}", told(first), told(second));
        match until.succ_opt() {
            Some(next) if next == second.effective_from => Ok(()),
            Some(next) if next < second.effective_from => Err(GAP.refuse(evidence)),
            _ => Err(OVERLAP.refuse(evidence)),
        }
    };
    if let Some(before) = before {
        follows(before, new)?;
    }
    if let Some(after) = after {
        if new.effective_until.is_none() {
            return Err(OVERLAP.refuse(format!("{} 与 {}", told(new), told(after))));
        }
        follows(new, after)?;
    }
    Ok(())
}

/// Makes one pack of a chain of versions, nearest first.
fn resolve(jurisdiction: &Jurisdiction, chain: &[&Version]) -> Result<Pack, Refusal> {
    use sha2::Digest as _;
    let incomplete = |what: String| {
        let names: Vec<String> = chain.iter().map(|v| v.name.to_string()).collect();
        INCOMPLETE.refuse(format!("{} 缺 {what}", names.join("+")))
    };
    let find = |name: &str| {
        let nearest = chain.iter().find_map(|v| v.parameters.get(name).map(|p| (*v, p)));
        nearest.map(|(version, parameter)| (parameter, version.name.clone()))
    };
    let terms = Terms::gather(find).map_err(|name| incomplete(format!("参数 {name}")))?;
    let mut predicates = Vec::with_capacity(Predicate::ALL.len());
    for name in Predicate::ALL {
        let nearest = chain.iter().find_map(|v| v.predicates.get(&name).map(|p| (*v, p)));
        let (version, written) = nearest.ok_or_else(|| incomplete(format!("支取条件 {name:?}")))?;
        predicates.push(Ruled {
            value: PredicateText {
                name,
                paths: written.paths.clone(),
                remedy: written.remedy.clone(),
            },
            article: written.article.clone(),
            says: written.says.clone(),
            evidence: written.evidence,
            source: written.source.clone(),
            pack: version.name.clone(),
        });
    }

    let mut hash = sha2::Sha256::new();
    for version in chain {
        hash.update(format!("{} {}\n", version.name, version.digest));
    }
    let pack = Pack {
        jurisdiction: jurisdiction.clone(),
        title: chain.first().map_or(String::new(), |v| v.title.clone()),
        provenance: Provenance {
            chain: chain.iter().map(|v| v.name.clone()).collect(),
            digest: Digest(hash.finalize().into()),
        },
        terms,
        predicates,
    };
    if pack.terms.interest.is_some() && pack.interest().is_none() {
        return Err(incomplete("interest 所指的计息模型".to_owned()));
    }
    Ok(pack)
}

/// Every version: shipped and added.
///
/// # Errors
/// Storage; a row that no longer reads is a guard's failure, never skipped.
pub async fn library(view: &mut impl View) -> Result<Library> {
    let sql = "SELECT body, act_no FROM policy_pack ORDER BY act_no";
    let mut library = Library::shipped();
    for row in view.rows(PACKS, sql, vec![]).await? {
        let (body, act): (String, i32) = (row.try_get("", "body")?, row.try_get("", "act_no")?);
        let bug =
            |refusal: Refusal| Storage::Bug(format!("an added pack does not read: {refusal}"));
        let version = Version::read(&body).and_then(|v| library.amended(v)).map_err(bug)?;
        // Checked when it was added. A program that ships more packs today must not make yesterday's unreadable.
        library.replace(&version).map_err(bug)?;
        library.shelf.push(Shelved {
            version: Arc::new(version),
            act: Some(ActNo(act)),
            is_replaced: false,
        });
    }
    Ok(library)
}

/// The pack of a jurisdiction on a day.
///
/// # Errors
/// `policy.not-in-force`, `policy.incomplete`.
pub async fn at(view: &mut impl View, jurisdiction: &Jurisdiction, day: Day) -> Result<Pack> {
    Ok(library(view).await?.at(jurisdiction, day)?)
}

/// What adding a version answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Its name, `310000@2027-01`.
    pub pack: String,
    /// The SHA-256 of its text.
    pub digest: String,
    /// What changes from the version it follows, in Chinese, a line each.
    pub changes: Vec<String>,
}

/// Adds a version an authority wrote. An act of the head office.
///
/// # Errors
/// `policy.*`, as [`Version::read`] and [`Library::with`] say. `books.no-compound` if it is not an act of the head office.
pub async fn add(tx: &mut Tx, body: &str) -> Result<Added> {
    if tx.compound() != CompoundId::OFFICE {
        return Err(crate::books::NO_COMPOUND.refuse("政策包属总册，不属小区").into());
    }
    let library = library(tx).await?;

    let version = Version::read(body)?;
    let name = version.name.clone();
    let followed = version.replaces.clone().map_or_else(
        || library.in_force(&name.code, version.effective_from).ok().map(|v| v.name.clone()),
        |replaced| Some(PackName { code: name.code.clone(), version: replaced }),
    );
    let library = library.with(version, tx.act())?;
    let version = library.version(&name)?;
    let changes = match followed {
        Some(followed) => library.diff(&followed, &name)?,
        None => Vec::new(),
    };

    let row = [
        (name.code.code()).into(),
        (&name.version).into(),
        version.effective_from.into(),
        version.effective_until.into(),
        (version.replaces.as_deref().unwrap_or_default()).into(),
        (&version.body).into(),
        (&version.digest.0).into(),
        tx.act().0.into(),
    ];
    tx.put(&PACK, &row);
    Ok(Added {
        pack: name.to_string(),
        digest: version.digest.to_string(),
        changes: changes.iter().map(Change::to_string).collect(),
    })
}
