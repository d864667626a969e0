//! How a verb fails: refused by a rule, or by the storage under it.
//!
//! Owns: [`Rule`], [`Refusal`], [`Error`], [`Storage`].
//!
//! Always: a refusal carries a stable code, the rule, the evidence and the remedy; a person reads the
//! Chinese, a program branches on the code. Each room keeps its [`Rule`]s as constants beside its verbs,
//! in the order they are checked, and [`crate::rules`] lists them all. Codes are added, never renamed.

use std::fmt;

use serde_json::{Map, Value};

/// What every verb returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A rule the house keeps, as it is told to whoever runs into it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `room.rule-in-kebab`, stable for ever.
    pub code: &'static str,
    /// What kind of answer it is; a door turns it into a status.
    pub kind: Kind,
    /// The rule in Chinese, with its article or standard where there is one.
    pub rule: &'static str,
    /// What the reader can do now, in Chinese.
    pub remedy: &'static str,
}

/// What a caller does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request's shape is wrong: mend the request.
    Shape,
    /// The rule says no: change what is asked.
    Refused,
    /// Someone was first, or the same key said something else: look again.
    Conflict,
    /// There is no such thing (or not for this caller).
    Missing,
    /// This role may not.
    Forbidden,
    /// Not now: try again later.
    Busy,
}

/// A rule met by a request: the rule, and the evidence.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The rule.
    pub rule: &'static Rule,
    /// What was found, in Chinese, with the figures.
    pub evidence: String,
    /// The same for programs: `available_fen`, `asked_fen`, …; and `remedy`, where it is not the rule's own.
    pub facts: Map<String, Value>,
}

impl Rule {
    /// The rule says no, because of this.
    #[must_use]
    pub fn refuse(&'static self, evidence: impl Into<String>) -> Refusal {
        Refusal { rule: self, evidence: evidence.into(), facts: Map::new() }
    }
}

impl Refusal {
    /// Adds a fact for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Refusal {
        self.facts.insert(name.into(), value.into());
        self
    }

    /// Says what to do now, in Chinese, in place of the rule's own remedy.
    #[must_use]
    pub fn remedied(self, remedy: impl Into<String>) -> Refusal {
        self.with("remedy", remedy.into())
    }

    /// What to do now, in Chinese.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.facts.get("remedy").and_then(Value::as_str).unwrap_or(self.rule.remedy)
    }

    /// The rule's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.rule.code
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { code, rule, .. } = self.rule;
        write!(f, "[{code}] {rule}；现状：{}；办法：{}", self.evidence, self.remedy())
    }
}

/// A failed verb.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no. Nothing was written.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The storage failed. Nothing was acknowledged.
    #[error(transparent)]
    Storage(#[from] Storage),
}

/// A failure below the rules. Its text is for logs, never for an answer.
#[derive(Debug, thiserror::Error)]
pub enum Storage {
    /// The database cannot be reached, or went away in the middle.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sea_orm::DbErr),
    /// No room is left to write.
    #[error("the disk is full")]
    Full(#[source] sea_orm::DbErr),
    /// The commit was sent and no answer came: it may or may not have happened. The act's key tells.
    #[error("the outcome of the commit is unknown")]
    Unknown(#[source] sea_orm::DbErr),
    /// The database refused what the rooms should have refused: a bug of ours, or somebody else's hand.
    #[error("the database refused a statement")]
    Guard(#[source] sea_orm::DbErr),
    /// A file could not be read or written.
    #[error("{what}")]
    File {
        /// What was tried.
        what: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A bug of ours, told in a sentence.
    #[error("{0}")]
    Bug(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(Box::new(refusal))
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Error {
        Error::Storage(error.into())
    }
}

impl Error {
    /// The refusal, if a rule said no.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            Error::Storage(_) => None,
        }
    }

    /// The code of the rule, or `storage.…`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Refused(refusal) => refusal.code(),
            Error::Storage(Storage::Unreachable(_)) => "storage.unreachable",
            Error::Storage(Storage::Full(_)) => "storage.full",
            Error::Storage(Storage::Unknown(_)) => "storage.unknown-outcome",
            Error::Storage(Storage::Guard(_) | Storage::Bug(_)) => "storage.guard",
            Error::Storage(Storage::File { .. }) => "storage.file",
        }
    }
}
