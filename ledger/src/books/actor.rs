//! Who acts, in which role, and from where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part somebody plays. What a role may do is said at the doors, route by route; every act records it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "角色")]
pub enum Role {
    /// 物业公司: records and collects.
    #[schemars(description = "物业公司")]
    PropertyCompany,
    /// 业主委员会: reads and decides.
    #[schemars(description = "业主委员会")]
    OwnersCommittee,
    /// 街道办: approves, and watches its area.
    #[schemars(description = "街道办事处")]
    StreetOffice,
    /// 房管部门: reads and re-checks.
    #[schemars(description = "房管部门")]
    HousingAuthority,
    /// 审计: reads and re-checks.
    #[schemars(description = "审计")]
    Auditor,
    /// 业主: their own dwelling.
    #[schemars(description = "业主")]
    Owner,
    /// 管理员: accounts and configuration, no money.
    #[schemars(description = "管理员")]
    Administrator,
    /// The program itself, at the command line of the machine that holds the books.
    #[schemars(description = "本机操作：不能授予")]
    Operator,
}

impl Role {
    /// Every role, in the order of the glossary.
    pub const ALL: [Role; 8] = [
        Role::PropertyCompany,
        Role::OwnersCommittee,
        Role::StreetOffice,
        Role::HousingAuthority,
        Role::Auditor,
        Role::Owner,
        Role::Administrator,
        Role::Operator,
    ];

    /// The stable name, in columns and on wires.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::PropertyCompany => "property-company",
            Role::OwnersCommittee => "owners-committee",
            Role::StreetOffice => "street-office",
            Role::HousingAuthority => "housing-authority",
            Role::Auditor => "auditor",
            Role::Owner => "owner",
            Role::Administrator => "administrator",
            Role::Operator => "operator",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Role::PropertyCompany => "物业公司",
            Role::OwnersCommittee => "业主委员会",
            Role::StreetOffice => "街道办事处",
            Role::HousingAuthority => "房管部门",
            Role::Auditor => "审计",
            Role::Owner => "业主",
            Role::Administrator => "管理员",
            Role::Operator => "本机操作",
        }
    }
}

/// Where an act comes from that was done at the command line of the machine that holds the books, in whosever name.
pub const CONSOLE: &str = "操作台";

/// Where somebody came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The network address, or [`CONSOLE`].
    pub came_from: String,
    /// The number of the request; empty where there is none.
    pub request_id: String,
}

impl Origin {
    /// The machine that holds the books.
    #[must_use]
    pub fn here() -> Origin {
        Origin { came_from: CONSOLE.to_owned(), request_id: String::new() }
    }
}

/// Somebody in a role, from somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account's name.
    pub name: String,
    /// The role they act in.
    pub role: Role,
    /// Where they came from.
    pub origin: Origin,
    /// Who signed what they asked for, where it takes two; empty elsewhere.
    pub second: String,
    /// What was resolved of the policy packs for it, in one line; empty where none was asked.
    pub pack: String,
}

impl Actor {
    /// Somebody in a role, at this machine.
    pub fn new(name: impl Into<String>, role: Role) -> Actor {
        let (second, pack) = (String::new(), String::new());
        Actor { name: name.into(), role, origin: Origin::here(), second, pack }
    }

    /// The same, from there.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Actor {
        self.origin = origin;
        self
    }

    /// The same, under the law of a day and place: the provenance of what was resolved.
    #[must_use]
    pub fn under(mut self, pack: impl ToString) -> Actor {
        self.pack = pack.to_string();
        self
    }

    /// The same, signed by a second person.
    #[must_use]
    pub fn seconded_by(mut self, name: impl Into<String>) -> Actor {
        self.second = name.into();
        self
    }

    /// The command line of the machine that holds the books.
    #[must_use]
    pub fn operator() -> Actor {
        Actor::new(CONSOLE, Role::Operator)
    }
}
