//! What a few rows of each compound tell: money at the bank, who manages it, projects, renovations, subsidies, rents, what hangs;
//! asked for as sets, one question a kind, whatever the number of compounds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;

use super::rules::{Job, YARDSTICKS};
use super::{Renovations, Stages, Subsidies, count};
use crate::books::{Reads, View};
use crate::calendar::{Day, Month};
use crate::error::{Result, Storage};
use crate::id::{AreaId, CompoundId};
use crate::money::Money;
use crate::policy::{self, Jurisdiction, Pack};
use crate::property::Compound;
use crate::renovation::{self, Overseen, Stage};
use crate::revenue::lease;
use crate::revenue::reckon::period_of;
use crate::subsidy::terms::Mode;

/// A tranche `t` that was not withdrawn.
const STANDS: &str = "NOT EXISTS (SELECT 1 FROM tranche_withdrawal w
  WHERE w.compound_id = t.compound_id AND w.tranche_no = t.tranche_no)";

/// Everything that is asked, by compound.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) fund: BTreeMap<i32, i64>,
    pub(super) companies: BTreeSet<i32>,
    pub(super) agreed: BTreeMap<i32, (Day, Mode)>,
    /// Projects by stage, and how many were proposed within a year.
    pub(super) projects: BTreeMap<i32, (Stages, i64)>,
    /// What the fund paid within a year, and of it for lifts.
    pub(super) spent: BTreeMap<i32, (i64, i64)>,
    pub(super) renovations: BTreeMap<i32, Renovations>,
    /// Renovations that missed a milestone or a day of reporting.
    pub(super) behind: Vec<Overseen>,
    pub(super) subsidies: BTreeMap<i32, Subsidies>,
    /// Contracts whose rent is overdue, and how much.
    pub(super) rents: BTreeMap<i32, (i64, Money)>,
    pub(super) unpublished: BTreeMap<i32, Month>,
}

/// Asks for every kind.
pub(super) async fn gather(
    view: &mut impl View,
    compounds: &[Compound],
    codes: &BTreeMap<AreaId, String>,
    today: Day,
) -> Result<Gathered> {
    let numbers: Vec<i32> = compounds.iter().map(|compound| compound.id.0).collect();
    let year_ago = today - Days::new(365);
    let mut all = Gathered::default();
    let (these, list) = view.list_of(&numbers, 1);

    // Money lies in accounts of nobody's in particular.
    let sql = format!(
        "SELECT compound_id, CAST(sum(debit_fen - credit_fen) AS BIGINT) AS fund FROM balance
         WHERE compound_id {these} AND book = 1 AND dwelling_no = 0 AND account IN (1001, 1101, 1201)
         GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        all.fund.insert(row.try_get("", "compound_id")?, row.try_get("", "fund")?);
    }
    let sql = format!(
        "SELECT DISTINCT compound_id FROM service_contract
         WHERE compound_id {these} AND from_on <= $2 AND until_on >= $2 AND ended_by_act IS NULL"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), today.into()]).await? {
        all.companies.insert(row.try_get_by_index(0)?);
    }
    modes(view, &these, &list, &mut all).await?;
    projects(view, &these, &list, year_ago, &mut all).await?;
    let word = &YARDSTICKS.lift_word;
    let sql = format!(
        "SELECT y.compound_id,
           CAST(sum(CASE WHEN y.is_back = 1 THEN -y.amount_fen ELSE y.amount_fen END) AS BIGINT) AS spent,
           CAST(sum(CASE WHEN p.title NOT LIKE '%{word}%' THEN 0 WHEN y.is_back = 1 THEN -y.amount_fen
             ELSE y.amount_fen END) AS BIGINT) AS on_lifts
         FROM project_payment y JOIN project p ON p.compound_id = y.compound_id AND p.project_no = y.project_no
         WHERE y.compound_id {these} AND y.paid_on > $2 GROUP BY y.compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), year_ago.into()]).await? {
        let spent = (row.try_get("", "spent")?, row.try_get("", "on_lifts")?);
        all.spent.insert(row.try_get("", "compound_id")?, spent);
    }
    let laws = Laws::read(view, compounds, codes, today).await?;
    renovations(view, &these, &list, &laws, today, &mut all).await?;
    subsidies(view, &these, &list, today, &mut all).await?;
    all.rents = lease::overdue(view, &these, &list, today).await?;
    all.unpublished = unpublished(view, compounds, &laws, today).await?;
    Ok(all)
}

/// Renovations by how far they have come, their households, what their reviewed plans come to, and what they missed.
async fn renovations(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    laws: &Laws,
    today: Day,
    all: &mut Gathered,
) -> Result<()> {
    let law = |compound: CompoundId| laws.of(compound.0);
    for told in renovation::overseen(view, these, list, law, today).await? {
        let of = all.renovations.entry(told.compound.0).or_default();
        *match told.stage {
            Stage::Withdrawn => &mut of.withdrawn,
            Stage::HandedOver => &mut of.handed_over,
            Stage::Accepted | Stage::Audited | Stage::Evaluated => &mut of.accepted,
            Stage::Underway => &mut of.underway,
            Stage::Reviewed => &mut of.reviewed,
            Stage::Reserved | Stage::Planned => &mut of.reserved,
        } += 1;
        if told.stage != Stage::Withdrawn {
            of.households += i64::from(told.households);
        }
        of.milestones_missed += count(told.missed.len());
        of.rounds_missed += count(told.unreported.len());
        if !told.missed.is_empty() || !told.unreported.is_empty() {
            all.behind.push(told);
        }
    }
    let sql = format!(
        "SELECT compound_id, CAST(sum(planned_fen) AS BIGINT) AS planned FROM renovation_source
         WHERE compound_id {these} AND kind <> 'labour' GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let of = all.renovations.entry(row.try_get("", "compound_id")?).or_default();
        of.planned_fen = Money::fen(row.try_get("", "planned")?);
    }
    Ok(())
}

/// Government money: granted, received, spent, handed back, and what is left past its day.
async fn subsidies(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    today: Day,
    all: &mut Gathered,
) -> Result<()> {
    let sql = format!(
        "SELECT t.compound_id, CAST(sum(t.granted_fen) AS BIGINT) AS granted,
           CAST(COALESCE(sum(m.received), 0) AS BIGINT) AS received, CAST(COALESCE(sum(m.spent), 0) AS BIGINT) AS spent,
           CAST(COALESCE(sum(m.returned), 0) AS BIGINT) AS returned, CAST(COALESCE(sum(m.has), 0) AS BIGINT) AS has,
           CAST(COALESCE(sum(CASE WHEN t.spend_by < $2 THEN m.has ELSE 0 END), 0) AS BIGINT) AS overdue
         FROM tranche t LEFT JOIN (
           SELECT x.compound_id, x.tranche_no, sum(x.sign * x.amount_fen) AS has,
             sum(CASE WHEN x.kind = 'receipt' THEN x.amount_fen ELSE 0 END) AS received,
             sum(CASE x.kind WHEN 'spend' THEN x.amount_fen WHEN 'claw-back' THEN -x.amount_fen ELSE 0 END) AS spent,
             sum(CASE WHEN x.kind = 'hand-back' THEN x.amount_fen ELSE 0 END) AS returned
           FROM tranche_move x LEFT JOIN voucher v
             ON v.compound_id = x.compound_id AND v.book = 4 AND v.reverses_seq = x.voucher_seq
           WHERE x.compound_id {these} AND v.seq IS NULL GROUP BY x.compound_id, x.tranche_no) m
           ON m.compound_id = t.compound_id AND m.tranche_no = t.tranche_no
         WHERE t.compound_id {these} AND {STANDS} GROUP BY t.compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), today.into()]).await? {
        let fen = |column| -> Result<Money> { Ok(Money::fen(row.try_get("", column)?)) };
        let of = Subsidies {
            granted_fen: fen("granted")?,
            received_fen: fen("received")?,
            spent_fen: fen("spent")?,
            returned_fen: fen("returned")?,
            left_fen: fen("has")?,
            overdue_fen: fen("overdue")?,
        };
        all.subsidies.insert(row.try_get("", "compound_id")?, of);
    }
    Ok(())
}

/// How compounds are managed by the last word of an agreement for after a renovation or of a subsidy for management.
async fn modes(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    all: &mut Gathered,
) -> Result<()> {
    let sql = format!(
        "SELECT compound_id, recorded_on AS said_on, body FROM renovation_step
         WHERE compound_id {these} AND kind = 'long-term'
         UNION ALL SELECT t.compound_id, t.granted_on, t.base FROM tranche t WHERE t.compound_id {these} AND {STANDS}"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let (body, said_on): (String, Day) =
            (row.try_get("", "body")?, row.try_get("", "said_on")?);
        let bug = |e: serde_json::Error| Storage::Bug(format!("how it is managed: {e}"));
        let told: serde_json::Value = serde_json::from_str(&body).map_err(bug)?;
        let mode = told.get("body").unwrap_or(&told).get("mode").cloned().unwrap_or_default();
        let mode: Option<Mode> = serde_json::from_value(mode).map_err(bug)?;
        let Some(mode) = mode else { continue };
        let last = all.agreed.entry(row.try_get("", "compound_id")?).or_insert((said_on, mode));
        if said_on >= last.0 {
            *last = (said_on, mode);
        }
    }
    Ok(())
}

/// Projects by how far they have come, and how many were proposed within a year.
async fn projects(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    year_ago: Day,
    all: &mut Gathered,
) -> Result<()> {
    let sql = format!(
        "SELECT p.compound_id, CASE WHEN p.proposed_on > $2 THEN 1 ELSE 0 END AS is_new,
           COALESCE(max(CASE s.kind WHEN 'withdrawal' THEN 6 WHEN 'archived' THEN 5 WHEN 'final-account' THEN 4
             WHEN 'acceptance' THEN 4 WHEN 'contract' THEN 3 WHEN 'progress' THEN 3 WHEN 'application' THEN 2
             ELSE 1 END), 1) AS stage
         FROM project p LEFT JOIN project_step s ON s.compound_id = p.compound_id AND s.project_no = p.project_no
         WHERE p.compound_id {these} GROUP BY p.compound_id, p.project_no, p.proposed_on"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), year_ago.into()]).await? {
        let (stages, uses) = all.projects.entry(row.try_get("", "compound_id")?).or_default();
        let (stage, is_new): (i32, i32) = (row.try_get("", "stage")?, row.try_get("", "is_new")?);
        *uses += i64::from(is_new);
        let of = match stage {
            6 => &mut stages.withdrawn,
            5 => &mut stages.archived,
            4 => &mut stages.accepted,
            3 => &mut stages.underway,
            2 => &mut stages.applied,
            _ => &mut stages.proposed,
        };
        *of += 1;
    }
    Ok(())
}

/// The law of each compound: read once a jurisdiction, and not once a compound.
struct Laws {
    packs: BTreeMap<Jurisdiction, Pack>,
    places: BTreeMap<i32, Jurisdiction>,
}

impl Laws {
    async fn read(
        view: &mut impl View,
        compounds: &[Compound],
        codes: &BTreeMap<AreaId, String>,
        today: Day,
    ) -> Result<Laws> {
        let mut laws = Laws { packs: BTreeMap::new(), places: BTreeMap::new() };
        for compound in compounds {
            let near = compound.areas.iter().filter_map(|area| codes.get(area));
            let place = near.map(|code| Jurisdiction::of_area(code)).find_map(|place| place);
            let place = place.unwrap_or_else(Jurisdiction::nation);
            if !laws.packs.contains_key(&place) {
                let pack = policy::at(view, &place, today).await?;
                laws.packs.insert(place.clone(), pack);
            }
            laws.places.insert(compound.id.0, place);
        }
        Ok(laws)
    }

    fn of(&self, compound: i32) -> Option<&Pack> {
        self.packs.get(self.places.get(&compound)?)
    }
}

/// Which compounds have public revenue of a period that should hang by now, by the law of where they lie.
async fn unpublished(
    view: &mut impl View,
    compounds: &[Compound],
    laws: &Laws,
    today: Day,
) -> Result<BTreeMap<i32, Month>> {
    let sql =
        "SELECT compound_id, min(entered_on) AS begun FROM revenue_entry GROUP BY compound_id";
    let mut begun: BTreeMap<i32, Day> = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        begun.insert(row.try_get("", "compound_id")?, row.try_get("", "begun")?);
    }
    let sql = "SELECT DISTINCT compound_id, covers, through FROM revenue_publication";
    let mut hangs: BTreeSet<(i32, String, i32)> = BTreeSet::new();
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        let covers: String = row.try_get("", "covers")?;
        hangs.insert((row.try_get("", "compound_id")?, covers, row.try_get("", "through")?));
    }
    let mut wants: BTreeMap<&Jurisdiction, (String, Month, Day)> = BTreeMap::new();
    for (place, pack) in &laws.packs {
        if let Some(wanted) = wanted(pack, today)? {
            wants.insert(place, wanted);
        }
    }
    let mut found = BTreeMap::new();
    for compound in compounds {
        let id = compound.id.0;
        let (Some(begun), Some(place)) = (begun.get(&id), laws.places.get(&id)) else { continue };
        let Some((covers, last, due_on)) = wants.get(place) else { continue };
        let is_late = today > *due_on && *begun <= last.last_day();
        if is_late && !hangs.contains(&(id, covers.clone(), last.number())) {
            found.insert(id, *last);
        }
    }
    Ok(found)
}

/// Which period a law wants published last, and by when; none where it names no day.
fn wanted(pack: &Pack, today: Day) -> Result<Option<(String, Month, Day)>> {
    let covers = pack.terms.disclosure_revenue.covers;
    let Some(after) = pack.terms.revenue_clocks.publish_by.0 else { return Ok(None) };
    let last = period_of(covers, Month::of(today)).0.previous();
    let word = serde_json::to_value(covers).ok().and_then(|w| w.as_str().map(str::to_owned));
    let word = word.ok_or_else(|| Storage::Bug("a stretch has no word".to_owned()))?;
    Ok(Some((word, last, after.following(last))))
}

/// Every contract of works, and when its works began and ended.
pub(super) async fn jobs(view: &mut impl View, compounds: &[Compound]) -> Result<Vec<Job>> {
    let numbers: Vec<i32> = compounds.iter().map(|compound| compound.id.0).collect();
    let (these, list) = view.list_of(&numbers, 1);
    let sql = format!(
        "SELECT compound_id, project_no, kind, body FROM project_step
         WHERE compound_id {these} AND kind IN ('contract', 'progress') ORDER BY compound_id, project_no, step_no"
    );
    let mut jobs: BTreeMap<(i32, i32), Job> = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        let key: (i32, i32) = (row.try_get("", "compound_id")?, row.try_get("", "project_no")?);
        let (kind, body): (String, String) = (row.try_get("", "kind")?, row.try_get("", "body")?);
        let bug = |e: serde_json::Error| Storage::Bug(format!("a step is not JSON: {e}"));
        let step: serde_json::Value = serde_json::from_str(&body).map_err(bug)?;
        let body = &step["body"];
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let day = |name: &str| text(name).parse::<Day>().ok();
        let job = jobs.entry(key).or_insert_with(|| Job {
            compound: CompoundId(key.0),
            project: key.1,
            contractor: String::new(),
            price: Money::ZERO,
            signed_on: None,
            started_on: None,
            finished_on: None,
        });
        match (kind.as_str(), text("of")) {
            ("contract", _) => {
                job.contractor = text("contractor").to_owned();
                job.price = Money::fen(body["price_fen"].as_i64().unwrap_or_default());
                job.signed_on = day("signed_on");
            }
            (_, "finished") => job.finished_on = day("on"),
            _ => job.started_on = day("on"),
        }
    }
    Ok(jobs.into_values().filter(|job| !job.contractor.is_empty()).collect())
}
