//! Which rooms a document is drawn from: one function for each, and [`draw`], which finds it by name.

mod public_money;

use std::collections::BTreeSet;

use ledger::arrears::{self, By, rate};
use ledger::books::{Books, Snapshot, View};
use ledger::calendar::{Day, Instant, Month};
use ledger::error::{Error, Refusal, Result};
use ledger::id::{
    BondNo, CertificateNo, CompoundId, CustodyNo, DemandNo, ProjectNo, RenewalNo, RoundNo, StepNo,
    VoucherSeq,
};
use ledger::journal::{self, AsOf, Book};
use ledger::money::Money;
use ledger::property::{self, Compound};
use ledger::revenue::publication;
use ledger::{
    accounts, bank, fees, fund, governance, life, mask, people, policy, tariff, trust, works,
};
use reports::household::{self, Period};
use reports::notice::{self, Public};
use reports::sheet::{Sheet, Warning};
use reports::statutory::Head;
use reports::template::{Known, Template, Values};
use reports::{
    collection, demand, life as papers, receipt, renewal, standing, statutory, tie, vote,
    works as projects, yearly,
};

use super::{Document, Order, bug, dwelling_of, paper_word, templates, unset};
use crate::problem;
use crate::wire::IsoDay;

/// Draws a document. `template` is what an office edited, for the documents that are laid out by one.
///
/// # Errors
/// `report.asked`, `report.template`, those of the rooms it is drawn from; what does not foot is not drawn.
pub async fn draw(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    order: &Order,
    template: Option<&str>,
    printed_at: Instant,
) -> Result<Sheet> {
    drawn_in(&mut books.read().await?, compound, document, order, template, printed_at).await
}

/// Draws a document of the books as a reading shows them: as they stand, or as they stood.
///
/// # Errors
/// Those of [`draw`].
pub async fn drawn_in(
    view: &mut Snapshot,
    compound: &Compound,
    document: &'static Document,
    order: &Order,
    template: Option<&str>,
    printed_at: Instant,
) -> Result<Sheet> {
    order.may_be_of(document)?;
    order.is_not_ahead(document, printed_at)?;
    let wording = templates::chosen(view, compound.id, document, order, template).await?;
    let desk = Desk { compound, document, order, wording: wording.as_ref(), printed_at };
    // A future is as large as its rarest turn, and every door would carry the largest document's.
    let sheet = Box::pin(desk.draw(view)).await?;
    Ok(desk.ordered(sheet))
}

/// Draws a volume of one document: what they share is asked once, from one snapshot.
///
/// # Errors
/// Those of [`draw`].
pub(super) async fn every(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    orders: &[Order],
    template: Option<&str>,
    printed_at: Instant,
) -> Result<Vec<Sheet>> {
    let mut sheets = Vec::with_capacity(orders.len());
    let mut view = books.read().await?;
    if document.name != "statement" {
        let Some(first) = orders.first() else { return Ok(sheets) };
        let wording = templates::chosen(&mut view, compound.id, document, first, template).await?;
        for order in orders {
            order.may_be_of(document)?;
            let desk = Desk { compound, document, order, wording: wording.as_ref(), printed_at };
            let sheet = Box::pin(desk.draw(&mut view)).await?;
            sheets.push(desk.ordered(sheet));
        }
        return Ok(sheets);
    }
    let Some(first) = orders.first() else { return Ok(sheets) };
    first.is_not_ahead(document, printed_at)?;
    templates::chosen(&mut view, compound.id, document, first, template).await?;
    let (bounds, period) = spanned(first, printed_at);
    let ground = household::ground(&mut view, compound, period, bounds, printed_at).await?;
    let roll = property::every(&mut view, compound.id, printed_at.day()).await?;
    for order in orders {
        order.may_be_of(document)?;
        let room = order.room.as_deref().unwrap_or_default();
        let dwelling = roll.iter().find(|one| one.code.to_string() == room);
        let dwelling = dwelling.ok_or_else(|| asked(&format!("房号 {room} 不在册")))?;
        let of = household::gather_on(
            &mut view, &ground, compound, dwelling, period, bounds, printed_at,
        );
        let sheet = household::set(&Box::pin(of).await?).map_err(unset)?;
        sheets.push(sheet.ordered_as(&order.ticket(document, &compound.code, printed_at)));
    }
    Ok(sheets)
}

/// An order with what it leaves to the day on which it is put: so it asks the same on any other day.
pub(super) fn settled(document: &Document, order: &Order, day: Day) -> Order {
    let (given, that_day) = (order.clone(), Some(IsoDay(day)));
    match document.name {
        "statement" => Order { to: given.to.or(that_day), ..given },
        "collection" | "collection-detail" => {
            let asked = rated(order, day, By::Building);
            let [from, to, on] =
                [asked.from_on, asked.to_on, asked.counted_on].map(|day| Some(IsoDay(day)));
            Order { from, to, on, ..given }
        }
        "arrears-posted" | "reconciliation" | "renewal" => {
            Order { on: given.on.or(that_day), ..given }
        }
        _ => given,
    }
}

/// What is asked of the collection: without days the month of today, counted up to today.
fn rated(order: &Order, today: Day, by: By) -> rate::Asked {
    let from_on = order.from.map_or_else(|| Month::of(today).first_day(), |day| day.0);
    let to_on = order.to.map_or_else(|| Month::of(from_on).last_day(), |day| day.0);
    let counted_on = order.on.map_or_else(|| to_on.min(today).max(from_on), |on| on.0);
    rate::Asked { from_on, to_on, counted_on, basis: rate::Basis::Charged, by }
}

/// The bounds and the period of a statement that is asked for.
fn spanned(order: &Order, now: Instant) -> (AsOf, Period) {
    let to = order.to.map(|day| day.0);
    let from = order.from.map(|day| day.0);
    let period = Period { from, to: to.unwrap_or_else(|| now.day()) };
    (AsOf { day: to, known_at: order.known_at }, period)
}

/// Who asks for what.
struct Desk<'a> {
    compound: &'a Compound,
    document: &'static Document,
    order: &'a Order,
    /// What it is laid out by, if it is by a template.
    wording: Option<&'a Template>,
    printed_at: Instant,
}

impl Desk<'_> {
    /// What is known when it is printed and the template it is laid out by are part of the order: so the same can be drawn again.
    fn ordered(&self, sheet: Sheet) -> Sheet {
        let edition = self.wording.map(|wording| wording.edition().to_string());
        let order = Order { edition, ..self.order.clone() };
        sheet.ordered_as(&order.ticket(self.document, &self.compound.code, self.printed_at))
    }

    /// Each document that asks many rooms is a future of its own on the heap: together they are more than a stack holds.
    async fn draw(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (name, now) = (self.compound.name.as_str(), self.printed_at);
        match self.document.name {
            "statement" => self.statement(view).await,
            "demand" => {
                let no = DemandNo(self.number()?);
                let paper = arrears::notice(view, self.compound, no).await?;
                let seal = self.seal(view, Book::Service).await?;
                let (id, today) = (self.compound.id, now.day());
                let accounts = bank::accounts(view, id, Book::Service, today).await?;
                let values = demand::values(&paper, &self.compound.code, &accounts, seal);
                self.fill(&demand::KNOWN, &values)
            }
            "arrears-posted" => {
                let on = Order::day(self.order.on, now.day());
                let ageing = arrears::ageing(view, self.compound.id, on, By::Dwelling).await?;
                let seal = self.seal(view, Book::Service).await?;
                let open = self.open(view, Book::Service, on).await?;
                Ok(demand::posted(&ageing, name, now, seal, open))
            }
            "receipt" => Box::pin(self.fee_receipt(view)).await,
            "fund-receipt" => Box::pin(self.fund_receipt(view)).await,
            "collection" => Box::pin(self.collection(view)).await,
            "collection-detail" => Box::pin(self.collection_detail(view)).await,
            "approval" | "shares" | "transfer" | "emergency" => Box::pin(self.project(view)).await,
            "revenue" | "grants" | "funding" => Box::pin(self.public_money(view)).await,
            "renewal" => Box::pin(self.renewal(view)).await,
            "yearly" => Box::pin(self.yearly(view)).await,
            "ballot" => self.ballot(view).await,
            "vote-result" => {
                let no = RoundNo(self.number()?);
                let (result, digest) = governance::result(view, self.compound.id, no).await?;
                Ok(vote::set(&result, &digest, name, now))
            }
            "statutory" => self.statutory(view).await,
            "notice" => {
                let year = self.order.year.unwrap_or_default();
                let told = accounts::notice(view, self.compound, year).await?;
                let is_public = self.order.public.unwrap_or(false);
                let public = if is_public { Public::Yes } else { Public::No };
                notice::set(&told, name, public, &notice::objections(), now).map_err(unset)
            }
            "reconciliation" => {
                let on = Order::day(self.order.on, now.day());
                let open = self.open(view, Book::Fund, on).await?;
                Ok(tie::set(&accounts::tie(view, self.compound.id, on).await?, name, now, open))
            }
            "certificate" => {
                let no = CertificateNo(self.number()?);
                let of = life::certificate(view, self.compound.id, no).await?;
                let dwelling =
                    property::dwelling(view, self.compound.id, &of.room, now.day()).await?;
                let steps = property::history(view, self.compound.id, dwelling.no).await?;
                Ok(papers::certificate(&of, name, &steps, now))
            }
            "custody" => {
                let no = CustodyNo(self.number()?);
                let (custody, handed) = life::handed(view, self.compound.id, no).await?;
                Ok(papers::list(&handed, &custody, name, now))
            }
            other => Err(bug(format!("nothing draws {other}"))),
        }
    }

    /// The number that is asked for.
    fn number(&self) -> Result<i32, Refusal> {
        let no = self.order.no.as_deref().unwrap_or_default();
        no.parse().map_err(|_| asked(&format!("编号 {no:?} 须为数字")))
    }

    async fn seal(&self, view: &mut impl View, book: Book) -> Result<Option<reports::sheet::Seal>> {
        Ok(Some(standing::seal(view, self.compound.id, book, None).await?))
    }

    /// What is said of a day whose month is not closed yet.
    async fn open(&self, view: &mut impl View, book: Book, on: Day) -> Result<Option<Warning>> {
        standing::open(view, self.compound.id, book, on, self.printed_at).await
    }

    /// A sheet by the office's template, or by ours; on the paper that is asked for.
    fn fill(&self, known: &'static Known, values: &Values) -> Result<Sheet> {
        let template = self.wording.ok_or_else(|| bug(format!("{} has no wording", known.name)))?;
        let template = match paper_word(self.order)? {
            Some(paper) => template.clone().on(paper),
            None => template.clone(),
        };
        template.fill(known, values, self.printed_at).map_err(unset)
    }

    async fn statement(&self, view: &mut Snapshot) -> Result<Sheet> {
        let now = self.printed_at;
        let dwelling = dwelling_of(view, self.compound, self.order, now.day()).await?;
        let (bounds, period) = spanned(self.order, now);
        let of = household::gather(view, self.compound, &dwelling, period, bounds, now).await?;
        household::set(&of).map_err(unset)
    }

    async fn fee_receipt(&self, view: &mut Snapshot) -> Result<Sheet> {
        let id = self.compound.id;
        let no = self.order.no.as_deref().unwrap_or_default();
        let no = no.parse().map_err(asked)?;
        let (of, rows) = fees::fee_receipt(view, id, no).await?;
        let row = posted(view, id, of.voucher_seq).await?;
        // Its day of issue is that of the clock, and so is the day it was undone, whatever day the red voucher counts for.
        let undone_on = match row.reversed_by {
            Some(red) => Some(posted(view, id, red).await?.voucher.recorded_at.day()),
            None => None,
        };
        let days = receipt::Days { moved_on: row.voucher.effective_on, undone_on };
        let seal = self.seal(view, Book::Service).await?;
        let values = receipt::fee(&of, &rows, days, &self.compound.name, seal);
        self.fill(&receipt::FEE, &values)
    }

    async fn fund_receipt(&self, view: &mut Snapshot) -> Result<Sheet> {
        let no = self.order.no.as_deref().unwrap_or_default();
        let (of, dwelling, kind) = fund::receipt(view, self.compound.id, no).await?;
        let every = property::every(view, self.compound.id, of.received_on).await?;
        let dwelling = every.into_iter().find(|one| one.no == dwelling);
        let dwelling = dwelling.ok_or_else(|| bug("a deposit is of no dwelling"))?;
        let bounds = AsOf { day: Some(of.received_on), known_at: None };
        let account = fund::account(view, self.compound.id, dwelling.no, None, bounds).await?;
        let standard = account.assessment.map(|a| a.standard).unwrap_or_default();
        let seal = self.seal(view, Book::Fund).await?;
        let (code, on) = (dwelling.code.to_string(), of.received_on);
        let contacts = property::portrait(view, self.compound.id, &code, on).await?.contacts;
        let house = self.compound;
        let values = receipt::fund(&of, kind, &dwelling, &contacts, &standard, house, seal);
        self.fill(&receipt::FUND, &values)
    }

    async fn collection(&self, view: &mut Snapshot) -> Result<Sheet> {
        let today = self.printed_at.day();
        let (buildings, stairs) =
            (self.rate(view, By::Building).await?, self.rate(view, By::Stair).await?);
        let ageing =
            arrears::ageing(view, self.compound.id, buildings.counted_on.min(today), By::Building)
                .await?;
        let seal = self.seal(view, Book::Service).await?;
        let last = buildings.to_on.max(buildings.counted_on);
        let open = self.open(view, Book::Service, last).await?;
        let name = &self.compound.name;
        Ok(collection::set(&buildings, &stairs, &ageing, name, self.printed_at, (seal, open)))
    }

    async fn collection_detail(&self, view: &mut Snapshot) -> Result<Sheet> {
        let id = self.compound.id;
        let asked = rated(self.order, self.printed_at.day(), By::Building);
        let of = rate::collection(view, id, &asked).await?;
        let details = rate::detail(view, id, &asked).await?;
        let dwellings = property::every(view, id, asked.counted_on).await?;
        let seal = self.seal(view, Book::Service).await?;
        let open = self.open(view, Book::Service, asked.to_on.max(asked.counted_on)).await?;
        let now = self.printed_at;
        Ok(collection::export(&details, &dwellings, &of, self.compound, now, (seal, open)))
    }

    async fn rate(&self, view: &mut Snapshot, by: By) -> Result<rate::Collection> {
        let asked = rated(self.order, self.printed_at.day(), by);
        rate::collection(view, self.compound.id, &asked).await
    }

    async fn project(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (name, now) = (self.compound.name.as_str(), self.printed_at);
        let whole = self.order.no.as_deref().unwrap_or_default();
        let (no, step) = match whole.split_once('-') {
            Some((no, step)) => (no, step.parse().ok().map(StepNo)),
            None => (whole, None),
        };
        let no = no.parse().map(ProjectNo);
        let no = no.map_err(|_| asked(&format!("项目编号 {whole:?} 须为数字")))?;
        let (facts, _) = works::project(view, self.compound.id, no).await?;
        match self.document.name {
            "approval" => {
                let asked = self.order.asked.unwrap_or(works::Asked::Approve);
                Box::pin(form(view, self.compound, &facts, asked, now)).await
            }
            "shares" => {
                let shared = works::preview(view, self.compound.id, no, now.day()).await?;
                let dwellings = property::every(view, self.compound.id, now.day()).await?;
                let is_public = self.order.public.unwrap_or(false);
                let public = if is_public { Public::Yes } else { Public::No };
                Ok(projects::roster(&facts, &shared, &dwellings, public, name, now))
            }
            "transfer" => {
                let told = || asked("划款通知书的编号写作 项目-付款申请的步骤，例如 1-9");
                let step = step.ok_or_else(told)?;
                let sheet = projects::transfer(&facts, step, name, now);
                Ok(sheet.ok_or_else(|| works::NO_REQUEST.refuse(format!("步骤 {step}")))?)
            }
            _ => projects::emergency(&facts, name, now)
                .ok_or_else(|| asked("项目不是应急程序").into()),
        }
    }

    async fn renewal(&self, view: &mut Snapshot) -> Result<Sheet> {
        let no = RenewalNo(self.number()?);
        let on = Order::day(self.order.on, self.printed_at.day());
        let dwelling = dwelling_of(view, self.compound, self.order, on).await?;
        let plans = fund::renewals(view, self.compound.id).await?;
        let plan = plans.iter().find(|plan| plan.plan_no == no);
        let plan = plan.ok_or_else(|| fund::NO_PLAN.refuse(format!("方案编号 {no}")))?;
        let rows = fund::renewal_arrears(view, self.compound.id, no, on).await?;
        let row = rows.iter().find(|row| row.dwelling_no == dwelling.no);
        let Some(arrears) = row else {
            let told = format!("方案 {no} 中没有房号 {}", dwelling.code);
            return Err(fund::NOT_IN_PLAN.refuse(told).into());
        };
        let first = fund::first_deposits(view, self.compound.id, plan.judged_on).await?;
        let bounds = AsOf { day: Some(on), known_at: None };
        let balances = fund::balances(view, self.compound.id, bounds).await?;
        let jurisdiction = property::jurisdiction(view, self.compound.id).await?;
        let pack = policy::at(view, &jurisdiction, on).await?;
        let rule = &pack.terms.renew_below;
        let trigger = format!("{}：{}", rule.article, rule.says);
        let instalments =
            fund::renewal_instalments(view, self.compound.id, no, dwelling.no).await?;
        let accounts = bank::accounts(view, self.compound.id, Book::Fund, on).await?;
        let of = renewal::Told {
            compound: self.compound,
            plan,
            arrears,
            first: first.get(&dwelling.no).copied().unwrap_or_default(),
            balance: balances.get(&dwelling.no).copied().unwrap_or_default(),
            dwelling: &dwelling,
            instalments: &instalments,
            accounts: &accounts,
            trigger: &trigger,
            on,
        };
        let seal = self.seal(view, Book::Fund).await?;
        self.fill(&renewal::KNOWN, &renewal::values(&of, seal))
    }

    async fn ballot(&self, view: &mut Snapshot) -> Result<Sheet> {
        let no = RoundNo(self.number()?);
        let round = governance::round(view, self.compound.id, no).await?;
        let rooms = voters(view, self.compound, &round, self.printed_at).await?;
        let room = self.order.room.as_deref().unwrap_or_default();
        let voter = rooms.iter().find(|voter| voter.room == room);
        let voter = voter.ok_or_else(|| asked(&format!("表决 {no} 的范围内没有房号 {room}")))?;
        Ok(vote::slip(&round, voter, &self.compound.name, self.printed_at))
    }

    async fn statutory(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (Some(code), Some(period)) = (self.order.form, self.order.period) else {
            return Err(asked("须写报表与期间").into());
        };
        accounts::may_print(code, period)?;
        let whose = [(self.compound.id, self.compound.name.clone())];
        let of = accounts::statements(view, &whose, period).await?;
        let head = Head {
            fund: self.compound.name.clone(),
            prepared_by: self.order.by.clone().unwrap_or_default(),
            compounds: Vec::new(),
            printed_at: self.printed_at,
        };
        statutory::set(&of, code, &head).map_err(unset)
    }

    async fn yearly(&self, view: &mut Snapshot) -> Result<Sheet> {
        let (compound, now) = (self.compound, self.printed_at);
        let year = self.order.year.unwrap_or_default();
        let told = Box::pin(accounts::notice(view, compound, year)).await?;
        let mut before = Vec::new();
        for earlier in (year - 4)..year {
            match Box::pin(accounts::notice(view, compound, earlier)).await {
                Ok(of) => {
                    let total = &of.total;
                    let used = total.used_fen + total.returned_fen;
                    before.push((earlier, total.deposited_fen + total.gained_fen, used));
                }
                // A year that was not closed or not kept is not in the chart.
                Err(Error::Refused(_)) => {}
                Err(why) => return Err(why),
            }
        }
        let month = |number| Month::from_number(year * 100 + number);
        let (Some(first), Some(last)) = (month(1), month(12)) else {
            return Err(asked(&format!("年度 {year}")).into());
        };
        let (from_on, to_on) = (first.first_day(), last.last_day());
        let asked = rate::Asked {
            from_on,
            to_on,
            counted_on: to_on,
            basis: rate::Basis::Charged,
            by: By::Building,
        };
        let collection = Box::pin(rate::collection(view, compound.id, &asked)).await?;
        let by_item = rate::Asked { by: By::Item, ..asked };
        let items = Box::pin(rate::collection(view, compound.id, &by_item)).await?;
        let every_tariff = tariff::tariffs(view, compound.id).await?;
        let is_of_year = |one: &&tariff::Tariff| {
            one.from_on <= to_on && one.ended_on.is_none_or(|ended| ended >= from_on)
        };
        let tariffs = every_tariff.iter().filter(is_of_year).collect();
        let spaces = spaces(view, compound.id, from_on, to_on).await?;
        let bonds = bonds(view, compound.id, from_on, to_on).await?;
        let covers = publication::Stretch::Year;
        let revenue =
            Box::pin(publication::sheet(view, compound.id, covers, last, now.day())).await;
        let revenue = match revenue {
            Ok(sheet) => Some(sheet),
            // Nothing was agreed of it: there is none.
            Err(Error::Refused(_)) => None,
            Err(why) => return Err(why),
        };
        let contract = contract(view, compound.id, to_on).await?;
        let held = trust::account(view, compound.id, from_on, to_on).await?;
        let is_held = [held.opening_fen, held.billed_fen, held.spent_fen, held.closing_fen];
        let is_held = is_held.iter().any(|fen| *fen != Money::ZERO);
        let every = works::projects(view, compound.id).await?;
        let lived = every.iter().filter(|facts| facts.project.proposed_on <= to_on);
        let rounds = governance::rounds(view, compound.id).await?;
        let counted = rounds.iter().filter(|r| r.closes_on >= from_on && r.closes_on <= to_on);
        let under = fund::under_renewal(view, compound.id, to_on).await?;
        let first = fund::first_deposits(view, compound.id, to_on).await?;
        let bounds = AsOf { day: Some(to_on), known_at: None };
        let has = fund::balances(view, compound.id, bounds).await?;
        let jurisdiction = property::jurisdiction(view, compound.id).await?;
        let pack = policy::at(view, &jurisdiction, to_on).await?;
        let (part, of) = pack.terms.renew_below.bar.at.terms();
        let bar = i64::from(part) * 10_000 / i64::from(of.max(1));
        let mut standings: Vec<(String, Money, Money)> = Vec::new();
        for dwelling in property::roll(view, compound.id, to_on).await? {
            let Some(first) = first.get(&dwelling.no).filter(|first| first.is_positive()) else {
                continue;
            };
            let building = property::building_code(&dwelling.code);
            let has = has.get(&dwelling.no).map_or(Money::ZERO, |has| has.total());
            match standings.last_mut() {
                Some((name, firsts, all)) if *name == building => {
                    *firsts += *first;
                    *all += has;
                }
                _ => standings.push((building, *first, has)),
            }
        }
        let company = company_of(view, compound.id, to_on).await?;
        let seal = self.seal(view, Book::Fund).await?;
        let of = yearly::Year {
            compound: &compound.name,
            address: &compound.address,
            company: company.as_deref(),
            notice: &told,
            before,
            contract,
            tariffs,
            collection: &collection,
            items: &items,
            revenue: revenue.as_ref(),
            spaces,
            bonds: &bonds,
            trust: is_held.then_some(&held),
            projects: lived.collect(),
            rounds: counted.collect(),
            under: &under,
            standings,
            bar,
            printed_at: now,
            seal,
        };
        yearly::set(&of).map_err(unset)
    }
}

/// One order for each that a batch prints, in the order of the rooms.
pub(super) async fn orders(
    view: &mut Snapshot,
    compound: &Compound,
    document: &Document,
    given: &Order,
    now: Instant,
) -> Result<Vec<Order>> {
    let no = || {
        let no = given.no.as_deref().unwrap_or_default();
        no.parse::<i32>().map_err(|_| asked(&format!("编号 {no:?} 须为数字")))
    };
    let of_room = |room: String| Order { room: Some(room), ..given.clone() };
    match document.name {
        "statement" => {
            let on = given.to.map_or_else(|| now.day(), |day| day.0);
            let roll = property::roll(view, compound.id, on).await?;
            Ok(roll.iter().map(|dwelling| of_room(dwelling.code.to_string())).collect())
        }
        "demand" => {
            let claims = arrears::claims(view, compound.id, None).await?;
            let is_meant = |claim: &&arrears::Claim| {
                claim.kind == arrears::ClaimKind::Notice
                    && given.on.is_none_or(|on| claim.made_on == on.0)
            };
            let order = |claim: &arrears::Claim| Order {
                no: Some(claim.claim_no.to_string()),
                on: None,
                ..given.clone()
            };
            Ok(claims.iter().filter(is_meant).map(order).collect())
        }
        "renewal" => {
            let on = given.on.map_or_else(|| now.day(), |day| day.0);
            let rows = fund::renewal_arrears(view, compound.id, RenewalNo(no()?), on).await?;
            Ok(rows.into_iter().map(|row| of_room(row.room)).collect())
        }
        "ballot" => {
            let round = governance::round(view, compound.id, RoundNo(no()?)).await?;
            let voters = voters(view, compound, &round, now).await?;
            Ok(voters.into_iter().map(|voter| of_room(voter.room)).collect())
        }
        other => Err(asked(&format!("{other} 不能批量打印")).into()),
    }
}

fn asked(why: &str) -> Refusal {
    problem::REPORT_ASKED.refuse(why.to_owned())
}

/// A receipt's voucher of the service book, with the one that reversed it.
async fn posted(
    view: &mut impl View,
    compound: CompoundId,
    seq: VoucherSeq,
) -> Result<journal::VoucherRow> {
    let before = VoucherSeq(seq.0 - 1);
    let found = journal::vouchers(view, compound, Book::Service, before, 1).await?;
    let row = found.into_iter().next();
    row.ok_or_else(|| bug(format!("a receipt rests on no voucher {seq}")))
}

/// The form of a project that an office signs, with every condition of what is asked.
///
/// # Errors
/// Those of [`works::findings`].
async fn form(
    view: &mut impl View,
    compound: &Compound,
    facts: &works::Facts,
    asked: works::Asked,
    now: Instant,
) -> Result<Sheet> {
    let (id, no, today) = (compound.id, facts.no(), now.day());
    let findings = works::findings(view, id, no, asked, today).await?;
    let papers = works::papers(view, id, no).await?;
    // A plan that cannot be shared yet says why in the conditions.
    let shared = match works::preview(view, id, no, today).await {
        Ok(shared) => Some(shared),
        Err(Error::Refused(_)) => None,
        Err(why) => return Err(why),
    };
    let mut result = None;
    if let Some((round, motion)) = facts.carried.as_ref().map(|carried| carried.number) {
        let (sheet, _) = governance::result(view, id, round).await?;
        result = sheet.motions.into_iter().find(|one| one.motion.motion_no == motion);
    }
    let company = company_of(view, id, today).await?;
    Ok(projects::form(&projects::Form {
        facts,
        findings: &findings,
        papers: &papers,
        shared: shared.as_ref(),
        result: result.as_ref(),
        compound,
        company: company.as_deref(),
        printed_at: now,
    }))
}

/// What the books know of the contract of service on a day.
async fn contract(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
) -> Result<Vec<(&'static str, String)>> {
    let mut told = Vec::new();
    let contracts = people::contracts(view).await?;
    let care = contracts.iter().map(|(_, care)| care);
    let mut care = care.filter(|care| care.compound == compound && care.term.holds_on(on));
    if let Some(care) = care.next() {
        let until = care.term.until_on;
        let until = until.map_or_else(|| "未定".to_owned(), |until| until.to_string());
        told.push(("服务合同期", format!("{} 至 {until}", care.term.from_on)));
    }
    let agreed = tariff::terms(view, compound).await?;
    if let Some(terms) = tariff::terms_on(&agreed, on) {
        let system = match terms.system {
            tariff::System::LumpSum => "包干制",
            tariff::System::Remuneration => "酬金制",
        };
        told.push(("收费方式", system.to_owned()));
        told.push(("依据", terms.document.clone()));
    }
    Ok(told)
}

/// How many spaces were let between two days, and to how many dwellings.
async fn spaces(
    view: &mut impl View,
    compound: CompoundId,
    from_on: Day,
    to_on: Day,
) -> Result<(usize, usize)> {
    let mut leases = tariff::leases(view, compound).await?;
    leases.retain(|one| one.from_on <= to_on && one.to_on.is_none_or(|to| to >= from_on));
    let spaces: BTreeSet<&str> = leases.iter().map(|one| one.space.as_str()).collect();
    let dwellings: BTreeSet<_> = leases.iter().map(|one| one.dwelling_no).collect();
    Ok((spaces.len(), dwellings.len()))
}

/// The deposits that were taken between two days.
async fn bonds(
    view: &mut impl View,
    compound: CompoundId,
    from_on: Day,
    to_on: Day,
) -> Result<Vec<fees::Bond>> {
    let mut bonds: Vec<fees::Bond> = Vec::new();
    loop {
        let after = bonds.last().map_or(BondNo(0), |bond| bond.bond_no);
        let page = fees::bonds(view, compound, after, 1_000).await?;
        if page.is_empty() {
            break;
        }
        bonds.extend(page);
    }
    bonds.retain(|bond| from_on <= bond.received_on && bond.received_on <= to_on);
    Ok(bonds)
}

/// The property company that looks after a compound on a day, by its contract.
async fn company_of(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Option<String>> {
    let contracts = people::contracts(view).await?;
    let is_in_force = |care: &&people::Care| care.compound == compound && care.term.holds_on(on);
    let care = contracts.iter().map(|(_, care)| care).find(is_in_force);
    let orgs = people::orgs(view).await?;
    Ok(care.and_then(|care| orgs.into_iter().find(|org| org.no == care.org)).map(|org| org.name))
}

/// The dwellings in a round's scope that vote, numbered in their order.
///
/// # Errors
/// Storage.
pub(crate) async fn voters(
    view: &mut impl View,
    compound: &Compound,
    round: &governance::Round,
    now: Instant,
) -> Result<Vec<vote::Voter>> {
    let frozen = round.steps.iter().find(|step| step.stage == governance::Stage::Frozen);
    let on = frozen.map_or_else(|| now.day(), |step| step.on);
    let roll = property::roll(view, compound.id, on).await?;
    let votes = |one: &&property::Dwelling| {
        round.scope.holds(&one.code)
            && round.terms.voting.contains(&one.usage)
            && one.vote_area.in_centi_m2() > 0
    };
    let voter = |(place, one): (usize, &property::Dwelling)| {
        let names: Vec<String> = one.owners.iter().map(|owner| mask::name(&owner.name)).collect();
        let owners = match names.is_empty() {
            true if one.is_unsold => "建设单位".to_owned(),
            true => "（未登记）".to_owned(),
            false => names.join("、"),
        };
        vote::Voter { room: one.code.to_string(), owners, area: one.vote_area, number: place + 1 }
    };
    Ok(roll.iter().filter(votes).enumerate().map(voter).collect())
}
