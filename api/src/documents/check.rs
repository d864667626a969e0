//! Whether a printed paper still agrees with the books; and printing it again.
//!
//! Owns: [`check`] with what it found ([`Checked`]), [`again`] with what it came to ([`Reprint`]).
//!
//! Always: the same order is drawn again of the books as they stood when the paper was printed ([`Books::read_past`]), and the
//! codes are held against each other. What the books say otherwise now is told line by line, before and after, with the vouchers or
//! the acts between. A seal that is on no chain of the books is said to be; one that is stands on the reprint, so that a paper
//! printed again is the same byte for byte. What a short code leaves open and can be tried (the version of a template, a roll
//! instead of a page, a public variant) is tried; what cannot is asked for.
//! Never: a paper kept here. Limits: without the time of printing only the books of now are asked; what an import brought that was
//! taken back since is not there again, and a release that words a document otherwise draws another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ledger::audit::{self, Search};
use ledger::books::{self, Books, Snapshot, Then, View};
use ledger::calendar::Instant;
use ledger::error::{Error, Refusal, Result};
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::{self, Book, text as canonical};
use ledger::property::{Compound, RoomCode};
use ledger::template as kept;
use ledger::works;
use reports::press::text;
use reports::sheet::{Block, Cell, Column, Rank, Seal, Sheet, Table, Warning};
use reports::template::{self, Edition, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::draw::drawn_in;
use super::ticket::{self, Ticket, Typed};
use super::{Order, known, of_area, unset};
use crate::door::{Asked, Caller, Visit};
use crate::problem::{self, Problem};
use crate::property::AtRoom;
use crate::wire::{IsoDay, Shown};

/// A line that reads otherwise now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReportChange", description = "原件与现在的一处不同")]
pub struct Change {
    #[schemars(description = "原件：没有则为空", example = &"期末余额 8,110.00")]
    pub(crate) before: String,
    #[schemars(description = "现在：没有则为空", example = &"期末余额 8,110.01")]
    pub(crate) after: String,
}

/// What the books say of a printed paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReportChecked", description = "一份单据与账簿的核对")]
pub struct Checked {
    #[schemars(description = "单据", example = &"维修资金分户对账单")]
    pub(crate) title: String,
    #[schemars(description = "小区，或汇总的区划", example = &"梧桐里小区")]
    pub(crate) compound: String,
    #[schemars(description = "打印时间：短码核对而没有写的为空")]
    pub(crate) printed_at: Option<Instant>,
    #[schemars(description = "纸上的校验码", example = &"D6-7K3F-92QX")]
    pub(crate) check: String,
    #[schemars(description = "依当时所知重印的校验码：不能依当时所知重印的，为现在的", example = &"D6-7K3F-92QX")]
    pub(crate) drawn: String,
    #[schemars(description = "是否与账簿相符", example = true)]
    pub(crate) agrees: bool,
    #[schemars(description = "此后账簿有无变动：不能判断的为空")]
    pub(crate) is_current: Option<bool>,
    #[schemars(description = "结论", example = &"与账簿相符")]
    pub(crate) says: String,
    #[schemars(description = "此后的变动：逐行的前后")]
    pub(crate) changes: Vec<Change>,
    #[schemars(description = "缘由：印记是否在账簿的链上，此后的凭证或操作")]
    pub(crate) because: Vec<String>,
    #[schemars(description = "账簿所载的全文：请与纸面逐行核对", example = &"梧桐里小区")]
    pub(crate) text: String,
}

impl Checked {
    /// What whoever holds somebody else's paper, or one for everybody, is told of it: all that stands on it and whether it still
    /// holds, if the code is that of the books' paper; not what the books say otherwise now.
    fn for_its_holder(self) -> Checked {
        let held = Checked { changes: Vec::new(), ..self };
        if held.check != held.drawn {
            return held.unproved();
        }
        match (held.agrees, held.is_current) {
            (true, Some(false)) => Checked {
                says: "与当时的账簿相符；此后账簿有变动，前后请到物业公司或业主委员会查看"
                    .to_owned(),
                ..held
            },
            (_, _) => held,
        }
    }

    /// What is told of a code that is on no paper of the books: nothing of them, not even whether there is such a thing.
    fn unproved(self) -> Checked {
        let says = "不符：账簿所载单据的校验码与纸面不一致，请持纸面到物业公司或业主委员会查对";
        let because = self.printed_at.is_none().then(|| UNTIMED.to_owned());
        Checked {
            drawn: String::new(),
            agrees: false,
            is_current: None,
            says: says.to_owned(),
            changes: Vec::new(),
            because: because.into_iter().collect(),
            text: String::new(),
            ..self
        }
    }
}

/// What is told where nobody said when a paper was printed.
const UNTIMED: &str = "没有写打印时间，只与现在的账簿核对：照纸脚所印写上，再核对一次";

/// Where a paper is drawn: a compound, or the compounds of an area that whoever asks may read.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A compound.
    Of(&'a Compound),
    /// An area by its name, and its compounds.
    Area(&'a str, &'a [Compound]),
}

impl Place<'_> {
    fn name(&self) -> &str {
        match self {
            Place::Of(compound) => &compound.name,
            Place::Area(name, _) => name,
        }
    }

    async fn draw(
        &self,
        view: &mut Snapshot,
        ticket: &Ticket,
        order: &Order,
        template: Option<&str>,
        at: Instant,
    ) -> Result<Sheet> {
        let document = known(&ticket.name)?;
        match self {
            Place::Of(compound) => {
                Box::pin(drawn_in(view, compound, document, order, template, at)).await
            }
            Place::Area(name, compounds) => {
                let area = ticket.area.as_deref().unwrap_or_default();
                Box::pin(of_area(view, (area, name), compounds, order, at)).await
            }
        }
    }

    fn compounds(&self) -> Vec<CompoundId> {
        match self {
            Place::Of(compound) => vec![compound.id],
            Place::Area(_, compounds) => compounds.iter().map(|compound| compound.id).collect(),
        }
    }
}

/// Draws a printed paper again and holds the codes against each other.
///
/// # Errors
/// `report.code`, `report.unknown`, those of [`drawn_in`].
pub async fn check(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    template: Option<&str>,
) -> Result<Checked> {
    let (checked, since) = judged(books, place, ticket, template).await?;
    Ok(Checked { because: [checked.because, since].concat(), ..checked })
}

/// The same, and apart from what concerns the paper alone what the books have recorded since.
async fn judged(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    template: Option<&str>,
) -> Result<(Checked, Vec<String>)> {
    let document = known(&ticket.name)?;
    let now = books.clock().now();
    let Original { ticket, drawn, agrees, not_then } =
        original(books, place, ticket, template).await?;
    let (mut is_current, mut changes, mut not_now, mut warning) = (None, Vec::new(), None, None);
    if agrees && ticket.printed_at.is_some() {
        let order = ticket.still(document);
        match place.draw(&mut books.read().await?, &ticket, &order, template, now).await {
            Ok(today) => {
                changes = differences(&drawn, &today);
                is_current = Some(changes.is_empty());
                warning = told_since(&drawn, &today).cloned();
            }
            Err(Error::Refused(refusal)) => {
                is_current = Some(false);
                not_now = Some(format!("现在不能再印：{refusal}"));
            }
            Err(why) => return Err(why),
        }
    }
    let says_another = ticket.says_another_than(&drawn);
    let is_well = agrees && !says_another && is_current != Some(false);
    let (mut since, seal) = why(books, place, &ticket, is_well).await?;
    let mut because = Vec::new();
    let is_chained = seal != Chained::No;
    let drawn = match seal {
        Chained::Yes(seal) if agrees => drawn.resting_on(seal),
        _ => drawn,
    };
    since.extend(not_then.iter().cloned().chain(not_now));
    if !agrees && ticket.printed_at.is_none() {
        because.push(UNTIMED.to_owned());
    }
    if !agrees {
        warning = drawn.warning.clone();
    }
    let said = warning.map(|warning| format!("账簿现载【{}】{}", warning.word, warning.meaning));
    let says = match (agrees, is_current) {
        _ if !is_chained => "不符：纸上的账簿印记不是账簿当时的，请核验账册并查明",
        _ if says_another => "不符：纸脚的编号与这个校验码的单据不是同一件",
        (true, Some(true)) => "与账簿相符；此后账簿没有影响本单的变动",
        (true, Some(false)) if said.is_some() => {
            "不符：纸面与当时的账簿相符，而账簿现载的提示见下，这份单据不再照用"
        }
        (true, Some(false)) => "与当时的账簿相符；此后账簿有变动，前后见下",
        (true, None) => "与账簿相符",
        (false, _) if ticket.printed_at.is_none() => {
            "不符：现在的账簿所载与纸面的校验码不一致，下为账簿所载全文，请逐行核对"
        }
        (false, _) => {
            "不符：账簿当时所载与纸面的校验码不一致，下为账簿当时所载全文，请以账簿为准并查明"
        }
    };
    let is_overtaken = said.is_some();
    because.splice(0..0, said);
    let checked = Checked {
        title: document.plain_title().to_owned(),
        compound: place.name().to_owned(),
        printed_at: ticket.printed_at,
        check: ticket.check.clone(),
        drawn: drawn.check.clone(),
        agrees: agrees && is_chained && !says_another && !is_overtaken,
        is_current,
        says: says.to_owned(),
        changes,
        because,
        text: text::press(&drawn),
    };
    Ok((checked, since))
}

/// What a paper said when it was printed, as far as the books tell.
struct Original {
    /// The order that it stands for.
    ticket: Ticket,
    /// The sheet.
    drawn: Sheet,
    /// Whether the code on it is that of the paper.
    agrees: bool,
    /// Why it could not have been printed when it says it was.
    not_then: Option<String>,
}

/// The word that nobody may overlook and that a paper did not bear: 作废.
fn told_since<'a>(drawn: &Sheet, today: &'a Sheet) -> Option<&'a Warning> {
    let is_new = |warning: &&Warning| {
        drawn.warning.as_ref().is_none_or(|before| before.word != warning.word)
    };
    today.warning.as_ref().filter(is_new)
}

/// Draws a paper as it was printed: of the books as they stood then, by each order that it may stand for, until one bears its code.
async fn original(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    template: Option<&str>,
) -> Result<Original> {
    let now = books.clock().now();
    let printed_at = ticket.printed_at.unwrap_or(now);
    not_ahead(printed_at, now)?;
    let meant = meant(books, place, ticket, template).await?;
    let mut thens: Vec<Option<Then>> = Vec::new();
    if ticket.printed_at.is_some() {
        let mut view = books.read().await?;
        let past = books::thens(&mut view, &place.compounds(), printed_at).await?;
        thens.extend(past.into_iter().map(Some));
    }
    // The clock of the machine that printed may have been behind that of the one that acted.
    thens.push(None);
    let (mut first, mut refused) = (None, None);
    for then in &thens {
        let mut view = match then {
            Some(then) => books.read_past(then).await?,
            None => books.read().await?,
        };
        for ticket in &meant {
            match place.draw(&mut view, ticket, &ticket.order, template, printed_at).await {
                Ok(drawn) => {
                    let agrees = drawn.check == ticket.check;
                    let ticket = ticket.clone();
                    let seen = Original { ticket, drawn, agrees, not_then: None };
                    if agrees {
                        return Ok(seen);
                    }
                    first.get_or_insert(seen);
                }
                // It may not have been there yet.
                Err(Error::Refused(why)) => drop(refused.get_or_insert((why, then.is_some()))),
                Err(why) => return Err(why),
            }
        }
    }
    let not_then = match (&first, refused) {
        (None, Some((refusal, _))) => return Err((*refusal).into()),
        (Some(_), Some((refusal, true))) => Some(format!(
            "{} 的账簿还印不出这份单据，下为现在的：{}",
            printed_at.for_people(),
            refusal.evidence
        )),
        (_, _) => None,
    };
    let seen = first.ok_or_else(|| super::bug("nothing was tried"))?;
    Ok(Original { not_then, ..seen })
}

/// The orders a ticket may stand for: one, if it is a QR's; what a short code leaves open and can be tried, if it was typed.
async fn meant(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    template: Option<&str>,
) -> Result<Vec<Ticket>> {
    let with = |order: Order| Ticket { order, ..ticket.clone() };
    let mut tickets = vec![ticket.clone()];
    let Place::Of(compound) = place else { return Ok(tickets) };
    let is_typed = ticket.typed.is_some();
    if is_typed && known(&ticket.name)?.takes.contains(&"public") && ticket.order.public.is_none() {
        tickets.push(with(Order { public: Some(true), ..ticket.order.clone() }));
    }
    if ticket.name == "approval" && ticket.order.asked.is_none() {
        tickets.push(with(Order { asked: Some(works::Asked::Pay), ..ticket.order.clone() }));
    }
    if let Some(known) = template::known(&ticket.name)
        && ticket.order.edition.is_none()
        && template.is_none()
    {
        let mut editions = vec![Template::shipped(known).map_err(unset)?.edition()];
        let mut view = books.read().await?;
        for version in kept::versions(&mut view, compound.id, known.name).await? {
            editions.push(match version.whose {
                _ if version.is_taken_back => continue,
                kept::Whose::Own => Edition::Own(version.version),
                kept::Whose::Office => Edition::Office(version.version),
            });
        }
        let named = editions.iter().map(|edition| Some(edition.to_string()));
        tickets.extend(named.map(|edition| with(Order { edition, ..ticket.order.clone() })));
    }
    // A roll has room for fewer columns than a page; pages say the same on every size.
    let takes_paper = super::known(&ticket.name)?.takes.contains(&"paper");
    if ticket.typed.is_some() && takes_paper && ticket.order.paper.is_none() {
        let roll = Some("ticket".to_owned());
        let on_roll = |one: &Ticket| with(Order { paper: roll.clone(), ..one.order.clone() });
        tickets.extend(tickets.iter().map(on_roll).collect::<Vec<_>>());
    }
    Ok(tickets)
}

/// How many vouchers are named.
const NAMED: i32 = 20;

/// Whether the seal on a paper is on a chain of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Chained {
    /// The paper has none, or nobody typed it.
    None,
    /// It is, and this is the whole of it.
    Yes(Seal),
    /// It is on none.
    No,
}

/// What was recorded since a paper was printed, and whether its seal is on the chain. `is_well` leaves out what does not matter
/// for a paper that agrees.
async fn why(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    is_well: bool,
) -> Result<(Vec<String>, Chained)> {
    let mut view = books.read().await?;
    let mut because = Vec::new();
    let compounds = place.compounds();
    if let (Some((vouchers, head)), [compound]) = (&ticket.seal, compounds.as_slice()) {
        let after = VoucherSeq(*vouchers);
        let known_at = ticket.order.known_at.or(ticket.printed_at);
        let Some((book, last, whole)) = sealed(&mut view, *compound, after, head, known_at).await?
        else {
            let told = format!(
                "账簿印记 {head}（凭证 {vouchers} 张）不是任何一本账簿在打印时的印记：印记有误，或者账簿被改写，请核验账册"
            );
            return Ok((vec![told], Chained::No));
        };
        let seal = Seal { head: whole, vouchers: u64::from(vouchers.unsigned_abs()) };
        let title = &book.chart().title;
        because.push(format!("账簿印记 {head} 在{title}的链上，为第 {vouchers} 张凭证"));
        if is_well {
            return Ok((because, Chained::Yes(seal)));
        }
        because.push(format!("此后{title}新增凭证 {} 张", last.0 - vouchers));
        for row in journal::vouchers(&mut view, *compound, book, after, NAMED).await? {
            let voucher = row.voucher;
            let (kind, at) = (voucher.kind.in_chinese(), voucher.recorded_at.for_people());
            because.push(format!("{} {} {kind}，{at} 记", voucher.posted, voucher.effective_on));
        }
        return Ok((because, Chained::Yes(seal)));
    }
    let printed_at = ticket.printed_at.filter(|_| !is_well);
    let Some(printed_at) = printed_at else { return Ok((because, Chained::None)) };
    let since = Some(Instant::from_seconds(printed_at.seconds() + 1));
    let mut verbs: BTreeMap<String, usize> = BTreeMap::new();
    for compound in compounds {
        let search = Search { compound: Some(compound), since, ..Search::default() };
        let mut after = audit::Cursor::default();
        loop {
            let page = audit::search(&mut view, &search, after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = last.place;
            for entry in &page {
                let is_looking =
                    ["read.", "login.", "refused."].iter().any(|of| entry.verb.starts_with(of));
                if !is_looking {
                    *verbs.entry(entry.verb.clone()).or_default() += 1;
                }
            }
        }
    }
    if verbs.is_empty() {
        because.push(format!("{} 以后没有新的操作", printed_at.for_people()));
    }
    let told =
        |(verb, many): (String, usize)| format!("此后{} {many} 次", audit::verb_in_chinese(&verb));
    because.extend(verbs.into_iter().map(told));
    Ok((because, Chained::None))
}

/// The book whose head a seal was when a paper was printed, with its last voucher and the whole of the seal: the hash of a voucher
/// stands in the one after it.
async fn sealed(
    view: &mut impl View,
    compound: CompoundId,
    after: VoucherSeq,
    head: &str,
    known_at: Option<Instant>,
) -> Result<Option<(Book, VoucherSeq, String)>> {
    for book in Book::ALL {
        let (last, hash) = journal::latest(view, compound, book).await?;
        let next = journal::vouchers(view, compound, book, after, 1).await?.into_iter().next();
        let found = match &next {
            Some(next) => Some(next.voucher.prev_hash),
            None => (last == after).then_some(hash),
        };
        let whole = found.map(|hash| canonical::hex(&hash));
        let Some(whole) = whole.filter(|whole| whole.starts_with(head)) else { continue };
        // It was the head when the paper was printed: what it covers was recorded by then, what follows was not.
        let covered = match after.0 {
            0 => None,
            n => journal::vouchers(view, compound, book, VoucherSeq(n - 1), 1).await?.pop(),
        };
        let recorded_at =
            |row: Option<&journal::VoucherRow>| row.map(|row| row.voucher.recorded_at.seconds());
        let was_head = known_at.is_none_or(|at| {
            recorded_at(covered.as_ref()).is_none_or(|then| then <= at.seconds() + ASTRAY)
                && recorded_at(next.as_ref()).is_none_or(|then| then >= at.seconds() - ASTRAY)
        });
        if was_head {
            return Ok(Some((book, last, whole)));
        }
    }
    Ok(None)
}

/// How many seconds the clocks of two machines that keep one set of books may be apart.
const ASTRAY: i64 = 5;

/// What two printings of one document say otherwise, line by line; the instant of looking is no difference.
fn differences(before: &Sheet, after: &Sheet) -> Vec<Change> {
    let lines = |sheet: &Sheet| -> Vec<String> {
        let text = text::press(sheet);
        let body = text.lines().take_while(|line| !line.starts_with("打印时间"));
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_of_state = |line: &String| {
            line.starts_with("账簿印记")
                || line.contains("取数时间")
                || line.chars().all(|ch| matches!(ch, '=' | '-' | ' '))
        };
        body.map(plain).filter(|line| !is_of_state(line)).collect()
    };
    let (before, after) = (lines(before), lines(after));
    let mut changes = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
        let (tag, old, new) = op.as_tag_tuple();
        if tag != DiffTag::Equal {
            beside(&before[old], &after[new], &mut changes);
        }
    }
    changes
}

/// Lines that stand in the place of others, each beside the one that says the same with other figures.
fn beside(before: &[String], after: &[String], changes: &mut Vec<Change>) {
    let words = |lines: &[String]| -> Vec<String> {
        let is_word = |ch: &char| !ch.is_ascii_digit() && !matches!(ch, ',' | '.' | '-' | ' ');
        lines.iter().map(|line| line.chars().filter(is_word).collect()).collect()
    };
    let line = |of: &[String], place: usize| of.get(place).cloned().unwrap_or_default();
    for op in capture_diff_slices(Algorithm::Myers, &words(before), &words(after)) {
        let (_, old, new) = op.as_tag_tuple();
        let (old, new) = (&before[old], &after[new]);
        let pair = |place| Change { before: line(old, place), after: line(new, place) };
        changes.extend((0..old.len().max(new.len())).map(pair));
    }
}

/// What printing a paper again came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reprint {
    /// The same as the original, byte for byte.
    Same,
    /// It says the same; what stood in its foot beside the code is not known of a code that was typed.
    Alike,
    /// As the books stand now, with what it says of its forerunner.
    Anew,
}

/// Prints a paper again: the very same, or, `anew`, as the books stand now with what differs (再版说明).
///
/// # Errors
/// `report.code`, `report.unknown`, `report.changed`, those of [`drawn_in`].
pub async fn again(
    books: &Books,
    place: Place<'_>,
    ticket: &Ticket,
    template: Option<&str>,
    anew: bool,
) -> Result<(Sheet, Reprint)> {
    let document = known(&ticket.name)?;
    let now = books.clock().now();
    let printed_at = ticket.printed_at.unwrap_or(now);
    let Original { ticket, drawn, agrees, .. } = original(books, place, ticket, template).await?;
    let agrees = agrees && !ticket.says_another_than(&drawn);
    let (because, seal) = why(books, place, &ticket, true).await?;
    let agrees = agrees && seal != Chained::No;
    let order = ticket.still(document);
    let today = place.draw(&mut books.read().await?, &ticket, &order, template, now).await;
    if agrees && !anew {
        if let Some(warning) = today.as_ref().ok().and_then(|today| told_since(&drawn, today)) {
            let told = format!("账簿现载【{}】{}", warning.word, warning.meaning);
            return Err(problem::REPORT_CHANGED.refuse(told).into());
        }
        // The QR asks for what it asked for, and says what it rested on.
        let sheet = match place {
            Place::Of(compound) => {
                let order = ticket.order.worded_as(drawn.proof.as_ref());
                drawn.ordered_as(&order.ticket(document, &compound.code, printed_at))
            }
            Place::Area(..) => drawn,
        };
        let is = if ticket.typed.is_some() { Reprint::Alike } else { Reprint::Same };
        return Ok(match seal {
            Chained::Yes(seal) => (sheet.resting_on(seal), is),
            Chained::None | Chained::No => (sheet, is),
        });
    }
    if !anew {
        let told = format!("原件的校验码 {}，账簿现载的 {}", ticket.check, drawn.check);
        return Err(problem::REPORT_CHANGED.refuse(told).into());
    }
    let today = today?;
    let changes = if agrees { differences(&drawn, &today) } else { Vec::new() };
    let because = match agrees && changes.is_empty() {
        true => because,
        false => why(books, place, &ticket, false).await?.0,
    };
    Ok((new_edition(today, &ticket, (&changes, &because), agrees), Reprint::Anew))
}

/// A paper is not printed before it is.
fn not_ahead(printed_at: Instant, now: Instant) -> Result<(), Refusal> {
    if printed_at <= now {
        return Ok(());
    }
    let told = format!("打印时间 {} 晚于现在 {}", printed_at.for_people(), now.for_people());
    Err(problem::REPORT_CODE.refuse(told))
}

/// A sheet that says which one it takes the place of, how it differs and what was recorded between. Its check code stays that of
/// what it says of the books, which its QR draws again; what it says of its forerunner is beside it.
fn new_edition(
    mut sheet: Sheet,
    ticket: &Ticket,
    (changes, because): (&[Change], &[String]),
    agrees: bool,
) -> Sheet {
    let mut said = String::new();
    let printed_at = ticket.printed_at.map_or("未知".to_owned(), Instant::for_people);
    // Writing to a String cannot fail.
    let _ = write!(
        said,
        "原件：校验码 {}，打印时间 {printed_at}；本件：校验码 {}，打印时间 {}。",
        ticket.check,
        sheet.check,
        sheet.printed_at.for_people()
    );
    said.push_str(match (agrees, changes.is_empty()) {
        (true, true) => "两件所载相同，仅取数时间不同。",
        (true, false) => "原件与当时的账簿相符；此后账簿有变动，前后如下。",
        (false, _) => {
            "账簿现载与原件的校验码不一致：前以原件纸面为准，后为本件，请逐行核对；此后所记如下。"
        }
    });
    let mut blocks = vec![Block::Heading("再版说明".into()), Block::Text(said)];
    if !changes.is_empty() {
        let columns = vec![Column::words("原件", 1), Column::words("本件", 1)];
        let mut table = Table::new(columns, "");
        for change in changes {
            let cells = [&change.before, &change.after].map(|text| Cell::Text(text.clone()));
            table.push(Rank::Line, cells.into());
        }
        blocks.push(Block::Table(table));
    }
    if !because.is_empty() {
        blocks.push(Block::Notes(because.to_vec()));
    }
    sheet.blocks.extend(blocks);
    let meaning = match agrees && changes.is_empty() {
        true => format!("与校验码 {} 的原件所载相同，只是重新打印。", ticket.check),
        false => format!("代替校验码 {} 的原件，前后不同之处见再版说明。", ticket.check),
    };
    let edition = Warning::new("再版", meaning);
    sheet.warning = Warning::together([edition].into_iter().chain(sheet.warning.take()));
    sheet
}

/// What a paper's QR says, or its short code with what else was read off it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeQuery {
    #[schemars(
        description = "二维码的全文，或纸脚的校验码",
        length(max = 1000),
        example = &"xiaoqu:D6-7K3F-92QX;statement?compound=wutongli&room=1-1-101&at=1782781200"
    )]
    code: String,
    #[serde(default)]
    #[schemars(description = "编号：纸脚代号之后的编号，凭校验码核对的写", length(max = 200), example = &"wutongli-1-1-101 2026-06-30")]
    number: Option<String>,
    #[serde(default)]
    #[schemars(
        description = "打印时间：照纸脚所印，凭校验码核对对账单的写",
        length(max = 40),
        example = &"2026-06-30 09:00:00"
    )]
    printed_at: Option<String>,
    #[serde(default)]
    #[schemars(description = "房号", example = &"1-1-101")]
    room: Option<String>,
    #[serde(default)]
    #[schemars(description = "起日")]
    from: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "哪一天")]
    on: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "编制单位", length(max = 60))]
    by: Option<String>,
    #[serde(default)]
    #[schemars(description = "截至记账时刻：对账单的取数时间与打印时间不同的写")]
    known_at: Option<Instant>,
    #[serde(default)]
    #[schemars(description = "模板版本", example = &"own.2")]
    edition: Option<String>,
}

impl CodeQuery {
    fn ticket(self, compound: &Compound) -> Result<Ticket, Refusal> {
        if Ticket::is_whole(&self.code) {
            return Ticket::read(&self.code);
        }
        let CodeQuery { code, number, printed_at, room, from, on, by, known_at, edition } = self;
        let told = |why: String| problem::REPORT_CODE.refuse(why);
        let printed_at = printed_at.as_deref().map(ticket::printed_at).transpose().map_err(told)?;
        let order = Order { room, from, on, by, known_at, edition, ..Order::default() };
        let typed = Typed { number: number.unwrap_or_default(), printed_at, order };
        Ticket::typed(&code, compound, typed)
    }
}

/// `GET /compounds/{compound}/report-check`.
///
/// # Errors
/// Those of [`check`].
pub async fn report_check(
    visit: Visit,
    Asked(query): Asked<CodeQuery>,
) -> Result<Shown<Checked>, Problem> {
    let ticket = query.ticket(&visit.compound)?.of(&visit.compound)?;
    Ok(Shown(check(&visit.books, Place::Of(&visit.compound), &ticket, None).await?))
}

/// `GET /compounds/{compound}/dwellings/{room}/report-check`: whatever paper an owner holds, their own or one from the notice
/// board. Only its code proves that they do.
///
/// # Errors
/// Those of [`check`].
pub async fn dwelling_report_check(
    visit: Visit<AtRoom>,
    Asked(query): Asked<CodeQuery>,
) -> Result<Shown<Checked>, Problem> {
    let ticket = query.ticket(&visit.compound)?.of(&visit.compound)?;
    let room = |text: &str| RoomCode::parse(text).ok();
    let is_own = known(&ticket.name)?.is_of_dwelling
        && ticket.order.room.as_deref().and_then(room) == room(&visit.at.room);
    let place = Place::Of(&visit.compound);
    match judged(&visit.books, place, &ticket, None).await {
        Ok((checked, _)) if is_own => Ok(Shown(checked)),
        Ok((checked, _)) => Ok(Shown(checked.for_its_holder())),
        // Why it cannot be drawn is of the books as well.
        Err(Error::Refused(_)) if !is_own => {
            let Ticket { check, printed_at, .. } = ticket;
            let title = known(&ticket.name)?.plain_title().to_owned();
            let compound = place.name().to_owned();
            let nothing = Checked { title, compound, printed_at, check, ..Checked::default() };
            Ok(Shown(nothing.unproved()))
        }
        Err(why) => Err(why.into()),
    }
}

/// What an area's paper's QR says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaCodeQuery {
    #[schemars(
        description = "汇总报表上二维码的全文",
        length(max = 1000),
        example = &"xiaoqu:W01-7K3F-92QX;statutory?area=330106001&period=2025-12&form=01&at=1782781200"
    )]
    code: String,
}

/// `GET /report-check`: a paper that sums an area's compounds up, drawn of those the caller reads.
///
/// # Errors
/// Those of [`check`].
pub async fn area_report_check(
    caller: Caller,
    Asked(query): Asked<AreaCodeQuery>,
) -> Result<Shown<Checked>, Problem> {
    let ticket = Ticket::read(&query.code)?;
    let Some(area) = &ticket.area else {
        let told = format!("单据属于小区 {}：在该小区校验", ticket.compound);
        return Err(problem::REPORT_CODE.refuse(told).into());
    };
    let mut view = caller.read().await?;
    let (name, compounds) = crate::accounts::of_area(&mut view, area).await?;
    drop(view);
    let compounds = crate::accounts::readable(&caller, compounds);
    Ok(Shown(check(&caller.books, Place::Area(&name, &compounds), &ticket, None).await?))
}
