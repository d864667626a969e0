//! D7, D8, D9: which figures the documents of public revenue, subsidies and a renovation's money are drawn from.

use chrono::Datelike as _;
use ledger::books::Snapshot;
use ledger::calendar::{Day, Month};
use ledger::error::{Refusal, Result};
use ledger::id::{PublicationNo, RenovationNo, TrancheNo};
use ledger::journal::Book;
use ledger::policy::terms::Days;
use ledger::revenue::publication::{self, Stretch};
use ledger::revenue::{self, entry, lease, pledge};
use ledger::{bank, mask, policy, property, renovation, subsidy};
use reports::notice::Public;
use reports::sheet::Sheet;
use reports::{funding, grants};

use super::{Desk, asked, bug, unset};

impl Desk<'_> {
    pub(super) async fn public_money(&self, view: &mut Snapshot) -> Result<Sheet> {
        match self.document.name {
            "revenue" => self.revenue(view).await,
            "grants" => self.grants(view).await,
            _ => self.funding(view).await,
        }
    }

    /// The sheet as it was posted, or of a period as it would be.
    async fn revenue(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (id, today) = (self.compound.id, self.printed_at.day());
        let known = publication::publications(view, id, today).await?;
        let posted = match self.order.no {
            Some(_) => {
                let no = PublicationNo(self.number()?);
                let found = known.iter().find(|one| one.publication_no == no);
                let found =
                    found.ok_or_else(|| revenue::NO_PUBLICATION.refuse(format!("公示编号 {no}")));
                Some(found?)
            }
            None => None,
        };
        let sheet = match posted {
            Some(posted) => posted.sheet.clone(),
            None => {
                let (covers, through) = self.stretch()?;
                publication::sheet(view, id, covers, through, today).await?
            }
        };
        let corrected = posted.and_then(|posted| {
            let later =
                |one: &&publication::Publication| one.corrects_no == Some(posted.publication_no);
            known.iter().find(later).map(|one| one.publication_no.0)
        });
        let agreed = revenue::terms(view, id).await?;
        let live = agreed.iter().rev().find(|(_, terms)| terms.from_on <= sheet.to_on);
        let (_, terms) = live.ok_or_else(|| bug("a sheet rests on no terms"))?;
        let jurisdiction = property::jurisdiction(view, id).await?;
        let pack = policy::at(view, &jurisdiction, sheet.to_on).await?;
        let rule = &pack.terms.revenue_to_fund;
        let law = rule.value.0.map(|law| {
            let share = law.share.to_string().replace(">= ", "不低于 ").replace("> ", "高于 ");
            format!("{share}（{}）", rule.article)
        });
        let hangs = pack.terms.revenue_clocks.stays.0.map(|stays| {
            let kind = if stays.counted == Days::Working { "个工作日" } else { "天" };
            format!("不少于 {} {kind}", stays.days)
        });
        let of = reports::revenue::Told {
            compound: &self.compound.name,
            sheet: &sheet,
            posted: posted.map(|posted| (posted, corrected)),
            moves: &entry::turnover(view, id, sheet.from_on, sheet.to_on).await?,
            leases: &lease::leases(view, id, sheet.to_on).await?,
            terms,
            law,
            hangs,
            printed_at: self.printed_at,
            seal: self.seal(view, Book::Revenue).await?,
        };
        reports::revenue::set(&of).map_err(unset)
    }

    /// The period that is asked for: a month, a quarter, half a year or a year.
    fn stretch(&self) -> Result<(Stretch, Month), Refusal> {
        let told = || {
            asked(
                "写公示编号 no，或写期间 from、to：完整的月、季、半年、年，例如 2026-04-01 至 2026-06-30",
            )
        };
        let (Some(from), Some(to)) = (self.order.from, self.order.to) else { return Err(told()) };
        let (first, last) = (Month::of(from.0), Month::of(to.0));
        if first.first_day() != from.0 || last.last_day() != to.0 || last < first {
            return Err(told());
        }
        let months = |day: Day| day.year() * 12 + i32::try_from(day.month0()).unwrap_or(0);
        let (begun, long) = (from.0.month0(), months(to.0) - months(from.0) + 1);
        let covers = match long {
            1 => Stretch::Month,
            3 if begun % 3 == 0 => Stretch::Quarter,
            6 if begun % 6 == 0 => Stretch::HalfYear,
            12 if begun == 0 => Stretch::Year,
            _ => return Err(told()),
        };
        Ok((covers, last))
    }

    /// The ledger of all tranches, or of one.
    async fn grants(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (id, today) = (self.compound.id, self.printed_at.day());
        let mut tranches = subsidy::tranches(view, id, today).await?;
        let mut number = self.compound.code.clone();
        if self.order.no.is_some() {
            let no = TrancheNo(self.number()?);
            tranches.retain(|tranche| tranche.tranche_no == no);
            if tranches.is_empty() {
                return Err(subsidy::NO_TRANCHE.refuse(format!("补贴资金编号 {no}")).into());
            }
            number = format!("{number}-{no}");
        }
        let accounts = bank::accounts(view, id, Book::Grant, today).await?;
        let of = grants::Told {
            compound: &self.compound.name,
            tranches: &tranches,
            moves: &subsidy::moves(view, id).await?,
            contents: &subsidy::contents(view, id, None).await?,
            renovations: &renovation::renovations(view, id).await?,
            accounts: accounts.iter().map(|account| mask::account(account)).collect(),
            printed_at: self.printed_at,
            seal: self.seal(view, Book::Grant).await?,
            number,
        };
        grants::set(&of).map_err(unset)
    }

    async fn funding(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (id, today) = (self.compound.id, self.printed_at.day());
        let no = RenovationNo(self.number()?);
        let public = if self.order.public.unwrap_or(false) { Public::Yes } else { Public::No };
        let of = funding::Told {
            compound: &self.compound.name,
            whole: &renovation::renovation(view, id, no, today).await?,
            facts: &renovation::facts_of(view, id, no).await?,
            tranches: &subsidy::tranches(view, id, today).await?,
            pledges: &pledge::pledges(view, id).await?,
            dwellings: &property::every(view, id, today).await?,
            public,
            printed_at: self.printed_at,
            seal: self.seal(view, Book::Grant).await?,
        };
        funding::set(&of).map_err(unset)
    }
}
