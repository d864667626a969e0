//! What government money is spent on (改造内容): the catalogue of items with their classes, and the contents of a project.
//!
//! Always: an item's class is the catalogue's (`contents.toml`), never the caller's; a content is a project's own, of the whole
//! compound or of one building, with its budget. Limits: a city's own list is not told apart from the national one yet.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentNo, MatterNo};
use crate::money::Money;

/// The class of what is done (国办发〔2020〕23号).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ContentClass", description = "内容类别")]
pub enum Class {
    /// 基础类.
    #[schemars(description = "基础类")]
    Basic,
    /// 完善类.
    #[schemars(description = "完善类")]
    Improve,
    /// 提升类.
    #[schemars(description = "提升类")]
    Upgrade,
    /// 物业管理: no renovation at all.
    #[schemars(description = "物业管理")]
    Management,
}

impl Class {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Basic => "basic",
            Class::Improve => "improve",
            Class::Upgrade => "upgrade",
            Class::Management => "management",
        }
    }

    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Class::Basic => "基础类",
            Class::Improve => "完善类",
            Class::Upgrade => "提升类",
            Class::Management => "物业管理",
        }
    }

    /// The account its cost is booked to.
    #[must_use]
    pub const fn account(self) -> i32 {
        match self {
            Class::Basic => 500_101,
            Class::Improve => 500_102,
            Class::Upgrade => 500_103,
            Class::Management => 500_104,
        }
    }
}

/// An item of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ContentItem", description = "内容目录的一项")]
pub struct Item {
    /// Its stable name.
    #[schemars(description = "代号", example = &"roof")]
    pub item: String,
    /// Its name on paper.
    #[schemars(description = "名称", example = &"屋面")]
    pub title: String,
    /// Its class.
    #[schemars(description = "类别")]
    pub class: Class,
    /// Whether it lies with utilities.
    #[serde(default)]
    #[schemars(description = "是否专业经营单位的管线")]
    pub line: bool,
    /// The one source that may pay it, if only one may.
    #[serde(default)]
    #[schemars(description = "只能由其支付的来源：没有限制的没有")]
    pub only: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    content: Vec<Item>,
}

static CATALOGUE: LazyLock<Vec<Item>> = LazyLock::new(|| {
    let listed: Listed = toml::from_str(include_str!("contents.toml"))
        .expect("the shipped catalogue is read by a test");
    listed.content
});

/// Where the catalogue is shown: what whoever named an item that is not in it can do.
pub(super) const SEE_CATALOGUE: &str =
    "按内容目录填写代号：GET /api/v1/content-items，或 xiaoqu subsidy catalogue";

/// The item that only the settling of a score pays (考核奖励).
pub(super) const REWARD: &str = "reward";
/// The item that only a roster's households are paid by (补助到户).
pub(super) const HOUSEHOLD_AID: &str = "household-aid";

/// The whole catalogue, in its order.
#[must_use]
pub fn catalogue() -> &'static [Item] {
    &CATALOGUE
}

/// The item of this name.
#[must_use]
pub fn item(name: &str) -> Option<&'static Item> {
    CATALOGUE.iter().find(|item| item.item == name)
}

/// A content to list for a project.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewContent", description = "一项改造内容")]
pub struct NewContent {
    /// Which item of the catalogue.
    #[schemars(description = "内容目录的代号", example = &"roof")]
    pub item: String,
    /// Which building; empty for the whole compound.
    #[serde(default)]
    #[schemars(description = "楼栋：全小区的不写", example = &"1")]
    pub building: String,
    /// What is done.
    #[schemars(description = "做什么", example = &"1 幢屋面防水翻修")]
    pub name: String,
    /// What it may cost.
    #[schemars(
        description = "批准的金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 50_000_000
    )]
    pub budget_fen: Money,
}

/// A content of a project.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "ProjectContent", description = "项目的一项改造内容，及已用于它的专项资金")]
pub struct Content {
    /// Its number in the compound.
    #[schemars(description = "内容编号", example = 1)]
    pub content_no: ContentNo,
    /// Whose.
    #[schemars(description = "项目的事项编号", example = 1)]
    pub project_matter_no: MatterNo,
    /// Which item.
    #[schemars(description = "内容目录的代号", example = &"roof")]
    pub item: String,
    /// Its class.
    #[schemars(description = "类别")]
    pub class: Class,
    /// Which building; empty for the whole compound.
    #[schemars(description = "楼栋：全小区的为空", example = &"1")]
    pub building: String,
    /// What is done.
    #[schemars(description = "做什么", example = &"1 幢屋面防水翻修")]
    pub name: String,
    /// What it may cost.
    #[schemars(description = "批准的金额：分", example = 50_000_000)]
    pub budget_fen: Money,
    /// What tranches paid for it, less what was clawed back.
    #[schemars(description = "补助资金已付：分，已扣除追回", example = 0)]
    pub granted_spent_fen: Money,
}

/// Whether two parts of a compound overlap: the whole one overlaps every building.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_names_every_item_once() {
        for item in catalogue() {
            assert_eq!(catalogue().iter().filter(|i| i.item == item.item).count(), 1, "{item:?}");
        }
        assert_eq!(item("roof").map(|i| i.class), Some(Class::Basic));
        assert_eq!(item("lift").map(|i| i.class), Some(Class::Improve));
        assert!(item("water-supply").is_some_and(|i| i.line));
        assert!(item(REWARD).is_some() && item(HOUSEHOLD_AID).is_some());
        assert_eq!(item("tower"), None);
    }

    #[test]
    fn the_whole_compound_overlaps_every_building() {
        assert!(overlap("", "1") && overlap("1", "") && overlap("2", "2"));
        assert!(!overlap("1", "2"));
    }
}
