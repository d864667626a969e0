//! Where a role reaches: the one place that decides it.
//!
//! Owns: [`Caller`], [`Mandate`], [`Scope`], [`Term`], [`Place`], [`Access`].
//!
//! Always: a mandate counts from its first day to its last, both included, by the business day of Asia/Shanghai; a company
//! reaches a compound only while its contract of it runs; whoever has nothing at a compound is told the same as if there
//! were none ([`Access::Unseen`]). Never: a look into the database. [`Caller::role_at`] is a plain function.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::books::{Actor, Role};
use crate::calendar::{Day, Instant};
use crate::id::{AreaId, CompoundId, DwellingNo, MandateNo, OrgNo, PersonNo, SessionNo, TokenNo};

/// From when to when something holds; both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The first day.
    pub from_on: Day,
    /// The last day; none if nobody has set one.
    pub until_on: Option<Day>,
}

impl Term {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(self, day: Day) -> bool {
        self.from_on <= day && self.until_on.is_none_or(|until| day <= until)
    }
}

/// How far a mandate reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The whole house: accounts and areas. Of people only an administrator has it, and it opens no money.
    House,
    /// An area of the tree and whatever lies in it.
    Area(AreaId),
    /// One compound.
    Compound(CompoundId),
    /// The compounds an organisation has contracts of.
    Organisation(OrgNo),
    /// One dwelling.
    Dwelling(CompoundId, DwellingNo),
}

impl Scope {
    /// The stable name of its kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Scope::House => "house",
            Scope::Area(_) => "area",
            Scope::Compound(_) => "compound",
            Scope::Organisation(_) => "organisation",
            Scope::Dwelling(..) => "dwelling",
        }
    }
}

/// How far a role may be given to reach. Data, judged when a mandate is given.
pub const REACHES: [(Role, &[&str]); 7] = [
    (Role::PropertyCompany, &["organisation", "compound"]),
    (Role::OwnersCommittee, &["compound"]),
    (Role::StreetOffice, &["area"]),
    (Role::HousingAuthority, &["area", "house"]),
    (Role::Auditor, &["compound", "area", "house"]),
    (Role::Owner, &["dwelling"]),
    (Role::Administrator, &["house"]),
];

/// Roles whose term must have a last day: a committee is elected for years, an auditor engaged for a task.
pub const TERMED: [Role; 2] = [Role::OwnersCommittee, Role::Auditor];

/// A role, where it reaches, and its term (授权).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mandate {
    /// Its number; 0 for what a machine's configuration gives.
    pub no: MandateNo,
    /// The role.
    pub role: Role,
    /// How far it reaches.
    pub scope: Scope,
    /// From when to when.
    pub term: Term,
}

/// A compound an organisation looks after, and from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Care {
    /// The company.
    pub org: OrgNo,
    /// The compound.
    pub compound: CompoundId,
    /// The contract's term.
    pub term: Term,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A login of the machine's own configuration.
    Configured,
    /// A session, begun with a password.
    Session(SessionNo),
    /// An API token.
    Token(TokenNo),
    /// Nothing: they are not here, somebody asks what they may.
    Nothing,
}

/// Somebody who was let in, as the books know them; shared by the callers it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who, if they are a user.
    pub person: Option<PersonNo>,
    /// The name they act under.
    pub name: String,
    /// How they showed it.
    pub shown: Shown,
    /// Whether a second factor stood behind it.
    pub is_strong: bool,
    /// When a code of the second factor was last shown in this session.
    pub proved_at: Option<Instant>,
    /// What they may do, whatever the day.
    pub mandates: Vec<Mandate>,
    /// What the organisations in their mandates look after, whatever the day; by compound.
    pub cares: Vec<Care>,
}

impl Known {
    /// A login of the machine's configuration: its role, in the whole house, for ever. An owner is bound to a dwelling, and
    /// a configuration names none.
    #[must_use]
    pub fn configured(actor: &Actor) -> Known {
        let term = Term { from_on: Day::MIN, until_on: None };
        let scope = match actor.role {
            Role::Owner => Scope::Dwelling(CompoundId::OFFICE, DwellingNo(0)),
            _ => Scope::House,
        };
        let mandate = Mandate { no: MandateNo(0), role: actor.role, scope, term };
        Known {
            person: None,
            name: actor.name.clone(),
            shown: Shown::Configured,
            is_strong: true,
            proved_at: None,
            mandates: vec![mandate],
            cares: Vec::new(),
        }
    }
}

/// A compound, or a dwelling in it, that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The compound.
    pub compound: CompoundId,
    /// The areas it lies in, from the nearest to the city. The room `property` knows them.
    pub areas: &'a [AreaId],
    /// The dwelling, if it is one that is asked about.
    pub dwelling: Option<DwellingNo>,
}

/// What somebody is told at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// They may, in this role.
    Allowed(Role),
    /// They are known there and may not do this.
    Forbidden,
    /// They have nothing there: the answer is that of a compound that does not exist.
    Unseen,
}

/// Whoever was let in, with the mandates in force on a day. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    known: Arc<Known>,
    today: Day,
}

impl Caller {
    /// Somebody the books know, on a business day.
    #[must_use]
    pub fn new(known: Arc<Known>, today: Day) -> Caller {
        Caller { known, today }
    }

    /// The mandates in force today.
    pub fn in_force(&self) -> impl Iterator<Item = &Mandate> {
        self.known.mandates.iter().filter(|mandate| mandate.term.holds_on(self.today))
    }

    /// The role of a set they may play at a place: the first of the set that a mandate in force gives them there.
    ///
    /// A mandate over more than one compound covers each compound in it, and every dwelling of one it covers. An owner's
    /// covers their dwelling and nothing else of the compound, but they know that the compound is there.
    #[must_use]
    pub fn role_at(&self, place: &Place<'_>, roles: &[Role]) -> Access {
        let covers = |mandate: &&Mandate| match mandate.scope {
            Scope::House => true,
            Scope::Area(area) => place.areas.contains(&area),
            Scope::Compound(compound) => compound == place.compound,
            Scope::Organisation(org) => self.looks_after(org, place.compound),
            Scope::Dwelling(compound, dwelling) => {
                compound == place.compound && place.dwelling == Some(dwelling)
            }
        };
        let lives_at = |mandate: &Mandate| matches!(mandate.scope, Scope::Dwelling(compound, _) if compound == place.compound);
        let covering = || self.in_force().filter(covers);
        match roles.iter().find(|role| covering().any(|mandate| mandate.role == **role)) {
            Some(role) => Access::Allowed(*role),
            None if covering().next().is_some() || self.in_force().any(lives_at) => {
                Access::Forbidden
            }
            None => Access::Unseen,
        }
    }

    /// The role of a set they may play in the whole house.
    #[must_use]
    pub fn role_in_house(&self, roles: &[Role]) -> Access {
        let has = |role: &&Role| {
            self.in_force().any(|held| held.role == **role && held.scope == Scope::House)
        };
        roles.iter().find(has).map_or(Access::Forbidden, |role| Access::Allowed(*role))
    }

    /// The role of a set they may play somewhere.
    #[must_use]
    pub fn role_of(&self, roles: &[Role]) -> Access {
        let has = |role: &&Role| self.in_force().any(|mandate| mandate.role == **role);
        roles.iter().find(has).map_or(Access::Forbidden, |role| Access::Allowed(*role))
    }

    fn looks_after(&self, org: OrgNo, compound: CompoundId) -> bool {
        let from = self.known.cares.partition_point(|care| care.compound < compound);
        let here = self.known.cares[from..].iter().take_while(|care| care.compound == compound);
        here.into_iter().any(|care| care.org == org && care.term.holds_on(self.today))
    }

    /// Them, acting in a role.
    #[must_use]
    pub fn actor(&self, role: Role) -> Actor {
        Actor::new(&self.known.name, role)
    }

    /// Who they are, if they are a user.
    #[must_use]
    pub fn person(&self) -> Option<PersonNo> {
        self.known.person
    }

    /// The name they act under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.known.name
    }

    /// How they showed who they are.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.known.shown
    }

    /// Whether a second factor stood behind it.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.known.is_strong
    }

    /// Whether they showed a second factor since an instant. A token cannot: it shows what it is, not who holds it. A login of
    /// the machine's configuration has none to show, and is as strong as the machine.
    #[must_use]
    pub fn has_proved_since(&self, instant: Instant) -> bool {
        match self.known.shown {
            Shown::Configured => true,
            Shown::Session(_) => self.known.proved_at.is_some_and(|at| at >= instant),
            Shown::Token(_) | Shown::Nothing => false,
        }
    }

    /// The business day they came on.
    #[must_use]
    pub fn today(&self) -> Day {
        self.today
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XIAOHE: CompoundId = CompoundId(1);
    const DAHE: CompoundId = CompoundId(2);
    const CITY: AreaId = AreaId(1);
    const STREET: AreaId = AreaId(3);
    const OTHER_STREET: AreaId = AreaId(4);
    const GREEN: OrgNo = OrgNo(1);

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn mandate(role: Role, scope: Scope, from: &str, until: &str) -> Mandate {
        let until_on = (!until.is_empty()).then(|| day(until));
        Mandate { no: MandateNo(1), role, scope, term: Term { from_on: day(from), until_on } }
    }

    fn caller(mandates: Vec<Mandate>, today: &str) -> Caller {
        let care = |compound, from: &str, until: &str| {
            let term = Term { from_on: day(from), until_on: Some(day(until)) };
            Care { org: GREEN, compound, term }
        };
        let cares = vec![
            care(XIAOHE, "2024-01-01", "2024-12-31"),
            care(XIAOHE, "2026-01-01", "2026-12-31"),
            care(DAHE, "2020-01-01", "2025-12-31"),
        ];
        let known = Known {
            person: Some(PersonNo(1)),
            name: "甲".to_owned(),
            shown: Shown::Configured,
            is_strong: false,
            proved_at: None,
            mandates,
            cares,
        };
        Caller::new(Arc::new(known), day(today))
    }

    /// Every scope at its own place, at a neighbour's, and on the days around its term.
    #[test]
    fn a_mandate_reaches_its_place_in_its_term_and_nothing_else() {
        use Access::{Allowed, Forbidden, Unseen};
        use Role::{Administrator, Auditor, Owner, OwnersCommittee, PropertyCompany, StreetOffice};
        let home = DwellingNo(7);
        let committee = |today| {
            let term = ("2023-05-01", "2026-04-30");
            let held = mandate(OwnersCommittee, Scope::Compound(XIAOHE), term.0, term.1);
            caller(vec![held], today)
        };
        let company = |today| {
            let scope = Scope::Organisation(GREEN);
            caller(vec![mandate(PropertyCompany, scope, "2020-01-01", "")], today)
        };
        let office = |area| {
            caller(vec![mandate(StreetOffice, Scope::Area(area), "2020-01-01", "")], "2026-01-05")
        };
        let owner = || {
            let scope = Scope::Dwelling(XIAOHE, home);
            caller(vec![mandate(Owner, scope, "2020-01-01", "")], "2026-01-05")
        };
        let admin =
            || caller(vec![mandate(Administrator, Scope::House, "2020-01-01", "")], "2026-01-05");
        let readers: &[Role] = &[PropertyCompany, OwnersCommittee, StreetOffice, Auditor];
        let keepers: &[Role] = &[PropertyCompany];
        let at_home: &[Role] = &[PropertyCompany, Owner];
        let none = None;
        for (who, compound, dwelling, roles, wanted) in [
            (committee("2023-04-30"), XIAOHE, none, readers, Unseen),
            (committee("2023-05-01"), XIAOHE, none, readers, Allowed(OwnersCommittee)),
            (committee("2026-04-30"), XIAOHE, none, readers, Allowed(OwnersCommittee)),
            (committee("2026-05-01"), XIAOHE, none, readers, Unseen),
            (committee("2026-01-05"), XIAOHE, Some(home), readers, Allowed(OwnersCommittee)),
            (committee("2026-01-05"), XIAOHE, none, keepers, Forbidden),
            (committee("2026-01-05"), DAHE, none, readers, Unseen),
            (committee("2026-01-05"), DAHE, none, keepers, Unseen),
            (company("2025-06-01"), XIAOHE, none, keepers, Unseen),
            (company("2024-12-31"), XIAOHE, none, keepers, Allowed(PropertyCompany)),
            (company("2026-01-05"), XIAOHE, none, keepers, Allowed(PropertyCompany)),
            (company("2027-01-01"), XIAOHE, none, keepers, Unseen),
            (company("2026-01-05"), DAHE, none, keepers, Unseen),
            (company("2025-12-31"), DAHE, none, keepers, Allowed(PropertyCompany)),
            (office(STREET), XIAOHE, none, readers, Allowed(StreetOffice)),
            (office(CITY), XIAOHE, none, readers, Allowed(StreetOffice)),
            (office(OTHER_STREET), XIAOHE, none, readers, Unseen),
            (office(STREET), XIAOHE, none, keepers, Forbidden),
            (owner(), XIAOHE, Some(home), at_home, Allowed(Owner)),
            (owner(), XIAOHE, Some(DwellingNo(8)), at_home, Forbidden),
            (owner(), XIAOHE, none, at_home, Forbidden),
            (owner(), XIAOHE, Some(home), readers, Forbidden),
            (owner(), DAHE, Some(home), at_home, Unseen),
            (admin(), XIAOHE, none, readers, Forbidden),
            (admin(), XIAOHE, none, &[Administrator], Allowed(Administrator)),
            (caller(vec![], "2026-01-05"), XIAOHE, none, readers, Unseen),
        ] {
            let areas = if compound == XIAOHE { vec![STREET, AreaId(2), CITY] } else { vec![] };
            let place = Place { compound, areas: &areas, dwelling };
            let (day, held) = (who.today(), who.in_force().map(|m| m.role).collect::<Vec<_>>());
            assert_eq!(who.role_at(&place, roles), wanted, "{held:?} on {day} at {place:?}");
        }
    }

    #[test]
    fn the_first_role_of_the_route_is_played_and_the_house_is_not_a_compound() {
        let both = vec![
            mandate(Role::Owner, Scope::Dwelling(XIAOHE, DwellingNo(7)), "2020-01-01", ""),
            mandate(Role::OwnersCommittee, Scope::Compound(XIAOHE), "2020-01-01", "2026-12-31"),
        ];
        let both = caller(both, "2026-01-05");
        let place = Place { compound: XIAOHE, areas: &[], dwelling: Some(DwellingNo(7)) };
        let roles = [Role::OwnersCommittee, Role::Owner];
        assert_eq!(both.role_at(&place, &roles), Access::Allowed(Role::OwnersCommittee));
        assert_eq!(both.role_in_house(&roles), Access::Forbidden);
        assert_eq!(both.role_of(&[Role::Owner]), Access::Allowed(Role::Owner));
        assert_eq!(both.role_of(&[Role::Auditor]), Access::Forbidden);
    }
}
