//! The terms of service fees.

use serde::{Deserialize, Serialize};

/// How far ahead service fees may be taken (domain.md §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PrepayMost {
    /// For how many months at most.
    pub months: u8,
    /// Whether never beyond the end of the contract.
    pub within_contract: bool,
}
