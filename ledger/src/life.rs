//! The life of a dwelling's fund: split, merged, ended, certified; and the whole fund handed to another keeper and back.
//!
//! Owns: `certificate`.
//!
//! Always: what a dwelling has goes with it, principal and gains apart, to the fen (165号令 art. 28; `domain.md` §3.4: by area,
//! the one way to divide); a split or a merger moves nothing across the fund's control accounts; after a hand-over every
//! dwelling stands at nought and the book takes no deposit until it comes back; the list handed over has a digest. Never: a
//! payment to a person (refunds are the fund's). Limits: a dwelling promised to a project or with service fees open is settled
//! first; a destroyed dwelling's balance is given back by the fund's refund.
//! Start at [`split`], [`merge`], [`demolish`], [`certify`], [`hand_over`], [`take_back`].

mod custody;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::custody::{
    Handed, Handing, Returned, TakingBack, digest, hand_over, handed, take_back,
};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::fund::{self, Assessment};
use crate::id::{CertificateNo, CompoundId, DwellingNo, SuccessionNo};
use crate::journal::{self, AsOf, Bearing, Book, Element, Entry, Kind, Line, Posted, text};
use crate::mask;
use crate::money::{self, Money};
use crate::property::{self, Dwelling, Housing, NewPart, RoomCode};

/// Money of the dwelling is promised.
pub static HELD: Rule = Rule {
    code: "life.held",
    kind: Answer::Refused,
    rule: "已承诺给维修项目、尚未支付的资金，结清之前房屋不得分户、并户，资金不得划转",
    remedy: "先办结项目，或解除预留",
};

/// Service fees are open.
pub static FEES_OPEN: Rule = Rule {
    code: "life.fees-open",
    kind: Answer::Refused,
    rule: "分户、并户之前，原房屋的物业费欠费与预存须结清",
    remedy: "先收清欠费，退还或用完预存",
};

/// Something moved after the day.
pub static LATER: Rule = Rule {
    code: "life.later-movement",
    kind: Answer::Refused,
    rule: "分户、并户、划转之日不得早于分户账的最后一笔",
    remedy: "改用最后一笔之后的日期",
};

/// A clearance is asked for and something is owed.
pub static ARREARS: Rule = Rule {
    code: "life.arrears",
    kind: Answer::Refused,
    rule: "首期维修资金交清之后方可出具结清证明",
    remedy: "先补交；或改出结存证明，其中列明欠交金额",
};

/// There is no such certificate.
pub static NO_CERTIFICATE: Rule = Rule {
    code: "life.no-certificate",
    kind: Answer::Missing,
    rule: "证明须已出具",
    remedy: "核对证明编号",
};

/// The fund is not away.
pub static NOT_AWAY: Rule = Rule {
    code: "life.not-handed-over",
    kind: Answer::Refused,
    rule: "划转业主大会之后方可划回",
    remedy: "核对划转记录",
};

/// There is no such hand-over.
pub static NO_CUSTODY: Rule = Rule {
    code: "life.no-custody",
    kind: Answer::Missing,
    rule: "划转须已登记",
    remedy: "核对划转编号",
};

/// There is nothing to hand over.
pub static NOTHING: Rule = Rule {
    code: "life.nothing",
    kind: Answer::Refused,
    rule: "账上有资金方可划转；清册须有金额，每户一行",
    remedy: "核对账面余额与清册",
};

/// Who keeps the fund is not named.
pub static KEEPER: Rule = Rule {
    code: "life.keeper",
    kind: Answer::Shape,
    rule: "代管机构名称为 1 至 60 个字，依据为 1 至 200 个字，均无控制字符",
    remedy: "例如 梧桐里小区业主大会；划转通知 2026 年第 1 号",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &KEEPER,
    &HELD,
    &FEES_OPEN,
    &LATER,
    &ARREARS,
    &NO_CERTIFICATE,
    &NO_CUSTODY,
    &NOT_AWAY,
    &NOTHING,
];

static CERTIFICATE: Table = Table {
    name: "certificate",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("certificate_no", Column::Int),
        ("kind", Column::Text),
        ("dwelling_no", Column::Int),
        ("issued_on", Column::Day),
        ("principal_fen", Column::Big),
        ("gains_fen", Column::Big),
        ("due_fen", Column::Big),
        ("paid_fen", Column::Big),
        ("held_fen", Column::Big),
        ("owners", Column::Text),
        ("digest", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const CERTIFICATES: Reads = Reads(&[&CERTIFICATE]);

/// A dwelling to part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parting {
    /// As its code is written.
    pub room: String,
    /// The day the parts begin.
    pub on: Day,
    /// What it is parted into.
    pub parts: Vec<NewPart>,
    /// What proves it.
    pub evidence: String,
}

/// Dwellings to make one of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joining {
    /// As their codes are written.
    pub rooms: Vec<String>,
    /// The day the one begins.
    pub on: Day,
    /// Its code.
    pub code: RoomCode,
    /// What proves it.
    pub evidence: String,
}

/// A dwelling that is no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// As its code is written.
    pub room: String,
    /// The first day without it.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
}

/// What a dwelling got, or gave.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "一户的本金与增值收益")]
pub struct Carried {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 13)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101A")]
    pub room: String,
    /// 本金.
    #[schemars(description = "本金：分", example = 400_000)]
    pub principal_fen: Money,
    /// 增值收益.
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains_fen: Money,
}

/// What became of dwellings, and of what they had.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已办的房屋变动")]
pub struct Succeeded {
    /// Its number.
    #[schemars(description = "变动编号", example = 1)]
    pub succession_no: SuccessionNo,
    /// Its voucher, if there was money.
    #[schemars(description = "凭证号：没有余额的则空", example = &"fund/2026-0003")]
    pub voucher: Option<String>,
    /// Those that came of it, with what they have.
    #[schemars(description = "承接的房屋及其余额")]
    pub into: Vec<Carried>,
}

/// Parts a dwelling into several. Principal and gains go by area; what was to be paid in at first, too.
///
/// # Errors
/// `property.no-dwelling`, `life.held`, `life.fees-open`, `life.later-movement`, those of the register's parting,
/// `property.handed-over`, those of [`journal::post`].
pub async fn split(tx: &mut Tx, parting: &Parting) -> Result<Succeeded> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &parting.room, today).await?;
    property::must_stand(tx, dwelling.no, parting.on).await?;
    property::may_keep(tx).await?;
    let from = vec![dwelling];
    let had = may_carry(tx, &from, parting.on).await?;
    let (no, born) =
        property::part(tx, &from[0], parting.on, &parting.parts, &parting.evidence).await?;
    let parts: Vec<&NewPart> = parting.parts.iter().collect();
    carry(tx, no, "分户", (&from, &had), (&born, &parts), parting.on, &parting.evidence).await
}

/// Makes one dwelling of several.
///
/// # Errors
/// As [`split`].
pub async fn merge(tx: &mut Tx, joining: &Joining) -> Result<Succeeded> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let mut from = Vec::with_capacity(joining.rooms.len());
    for room in &joining.rooms {
        let dwelling = property::dwelling(tx, compound, room, today).await?;
        property::must_stand(tx, dwelling.no, joining.on).await?;
        from.push(dwelling);
    }
    property::may_keep(tx).await?;
    let had = may_carry(tx, &from, joining.on).await?;
    let (no, born) =
        property::join(tx, &from, joining.on, &joining.code, &joining.evidence).await?;
    let area = from.iter().map(|d| d.fund_area.in_centi_m2()).sum();
    let whole = NewPart { code: joining.code.clone(), area: crate::measure::Area::centi_m2(area) };
    carry(tx, no, "并户", (&from, &had), (&born, &[&whole]), joining.on, &joining.evidence).await
}

/// A dwelling is no more from a day on. What it has in the fund waits for the refund of a destroyed dwelling.
///
/// # Errors
/// `property.no-dwelling`, `property.ended`, `property.ended-early`.
pub async fn demolish(tx: &mut Tx, ending: &Ending) -> Result<SuccessionNo> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &ending.room, today).await?;
    property::end(tx, &dwelling, ending.on, &ending.evidence).await
}

/// What a dwelling has, as its accounts say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Had {
    /// On 4001: paid in, same-year refunds taken off.
    deposited: Money,
    principal: Money,
    gains: Money,
}

/// What dwellings have, if it may be carried over.
async fn may_carry(tx: &mut Tx, from: &[Dwelling], on: Day) -> Result<Vec<Had>> {
    let compound = tx.compound();
    let held = journal::held(tx, compound, Book::Fund).await?;
    let mut had = Vec::with_capacity(from.len());
    for dwelling in from {
        if let Some(amount) = held.get(&dwelling.no).filter(|amount| !amount.is_zero()) {
            let evidence = format!("{} 已承诺 {} 元", dwelling.code, amount.grouped());
            return Err(HELD.refuse(evidence).into());
        }
        let mut open: BTreeMap<i32, Money> = BTreeMap::new();
        for balance in journal::balances_of(tx, Book::Service, dwelling.no).await? {
            *open.entry(balance.account).or_default() += balance.debit_balance();
        }
        let chart = Book::Service.chart();
        let is_standing = |code: i32| {
            let element = chart.account(code).map(|account| account.element);
            matches!(element, Some(Element::Asset | Element::Liability))
        };
        if let Some((code, amount)) =
            open.iter().find(|(code, m)| is_standing(**code) && !m.is_zero())
        {
            let name = chart.account(*code).map_or("", |account| account.name.as_str());
            let evidence = format!("{} {name} {} 元", dwelling.code, amount.abs().grouped());
            return Err(FEES_OPEN.refuse(evidence).into());
        }
        let moved =
            journal::statement(tx, compound, Book::Fund, dwelling.no, AsOf::default()).await?;
        if let Some(last) = moved.last().filter(|last| last.effective_on > on) {
            let evidence = format!("{} 最后一笔在 {}，登记 {on}", dwelling.code, last.effective_on);
            return Err(LATER.refuse(evidence).into());
        }
        let mut sum = Had::default();
        for balance in journal::balances_of(tx, Book::Fund, dwelling.no).await? {
            let credit = -balance.debit_balance();
            match Book::Fund.chart().account(balance.account).and_then(|a| a.bearing) {
                Some(Bearing::Principal) => sum.principal += credit,
                Some(Bearing::Gains) => sum.gains += credit,
                None => {}
            }
            if balance.account / 100 == 4001 {
                sum.deposited += credit;
            }
        }
        had.push(sum);
    }
    Ok(had)
}

/// The accounts that carry a dwelling's money without being income or expenditure: what was paid in, other principal, gains.
const fn carriers(housing: Housing) -> [i32; 3] {
    match housing {
        Housing::Commodity => [400_101, 300_101, 3001],
        Housing::SoldPublic => [400_102, 300_203, 300_201],
    }
}

/// Carries what dwellings had to those that came of them, with what they were to pay in.
async fn carry(
    tx: &mut Tx,
    no: SuccessionNo,
    word: &str,
    (from, had): (&[Dwelling], &[Had]),
    (born, parts): (&[DwellingNo], &[&NewPart]),
    on: Day,
    evidence: &str,
) -> Result<Succeeded> {
    let weights: Vec<u64> =
        parts.iter().map(|part| part.area.in_centi_m2().unsigned_abs()).collect();
    let shared = |of: fn(&Had) -> Money| divided(had.iter().map(of).sum(), &weights);
    let (deposited, principal, gains) =
        (shared(|h| h.deposited), shared(|h| h.principal), shared(|h| h.gains));
    let housing = from.first().map_or(Housing::Commodity, |dwelling| dwelling.housing);
    let [income, other, profit] = carriers(housing);

    let mut lines = Vec::new();
    for (dwelling, had) in from.iter().zip(had) {
        put(&mut lines, income, dwelling.no, -had.deposited);
        put(&mut lines, other, dwelling.no, had.deposited - had.principal);
        put(&mut lines, profit, dwelling.no, -had.gains);
    }
    let mut into = Vec::with_capacity(born.len());
    for (place, (dwelling_no, part)) in born.iter().zip(parts).enumerate() {
        put(&mut lines, income, *dwelling_no, deposited[place]);
        put(&mut lines, other, *dwelling_no, principal[place] - deposited[place]);
        put(&mut lines, profit, *dwelling_no, gains[place]);
        into.push(Carried {
            dwelling_no: *dwelling_no,
            room: part.code.to_string(),
            principal_fen: principal[place],
            gains_fen: gains[place],
        });
    }
    let rooms = |codes: Vec<String>| codes.join("、");
    let memo = format!(
        "{word} {} → {}",
        rooms(from.iter().map(|d| d.code.to_string()).take(3).collect()),
        rooms(parts.iter().map(|p| p.code.to_string()).take(3).collect())
    );
    let voucher = match lines.is_empty() {
        true => None,
        false => Some(post(tx, on, memo, evidence, lines).await?),
    };
    reassess(tx, from, born, &weights).await?;
    Ok(Succeeded { succession_no: no, voucher: voucher.map(|v| v.to_string()), into })
}

async fn post(
    tx: &mut Tx,
    on: Day,
    memo: String,
    evidence: &str,
    lines: Vec<Line>,
) -> Result<Posted> {
    let entry = Entry {
        book: Book::Fund,
        effective_on: on,
        kind: Kind::Transfer,
        memo,
        source: String::new(),
        evidence: evidence.trim().to_owned(),
        lines,
    };
    journal::post(tx, entry).await
}

/// A line that adds to a dwelling, or takes from it; none for nothing.
fn put(lines: &mut Vec<Line>, account: i32, dwelling: DwellingNo, credit: Money) {
    lines.extend(line(account, credit).map(|line| line.of(dwelling)));
}

fn line(account: i32, credit: Money) -> Option<Line> {
    match credit {
        credit if credit.is_positive() => Some(Line::credit(account, credit)),
        credit if credit.is_negative() => Some(Line::debit(account, -credit)),
        _ => None,
    }
}

/// A total over weights, the one way to divide, whichever sign it has.
fn divided(total: Money, weights: &[u64]) -> Vec<Money> {
    let shares =
        money::split(total.abs(), weights).unwrap_or_else(|| vec![Money::ZERO; weights.len()]);
    let signed = |share: Money| if total.is_negative() { -share } else { share };
    shares.into_iter().map(signed).collect()
}

/// What was to be paid in at first goes over by area too.
async fn reassess(
    tx: &mut Tx,
    from: &[Dwelling],
    born: &[DwellingNo],
    weights: &[u64],
) -> Result<()> {
    let compound = tx.compound();
    let mut old: Vec<Assessment> = Vec::new();
    for dwelling in from {
        old.extend(fund::assessments(tx, compound, Some(dwelling.no)).await?);
    }
    let Some(first) = old.first() else { return Ok(()) };
    let due: Money = old.iter().map(|assessment| assessment.due).sum();
    let standard = format!("承自 {}：{}", from[0].code, first.standard);
    let standard: String = standard.chars().take(200).collect();
    let new: Vec<Assessment> = born
        .iter()
        .zip(divided(due, weights))
        .map(|(no, due)| {
            let mut heir = first.clone();
            (heir.dwelling_no, heir.due, heir.standard) = (*no, due, standard.clone());
            heir
        })
        .collect();
    let numbers: Vec<DwellingNo> = from.iter().map(|dwelling| dwelling.no).collect();
    fund::withdraw_assessments(tx, &numbers).await?;
    fund::assess(tx, &new).await
}

/// What kind of certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "证明种类：balance 结存证明，clearance 结清证明")]
pub enum CertificateKind {
    /// 结存证明.
    #[schemars(description = "结存证明：余额、欠交、已承诺")]
    Balance,
    /// 结清证明.
    #[schemars(description = "结清证明：首期已交清")]
    Clearance,
}

impl CertificateKind {
    const fn name(self) -> &'static str {
        match self {
            CertificateKind::Balance => "balance",
            CertificateKind::Clearance => "clearance",
        }
    }

    /// The title on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            CertificateKind::Balance => "结存证明",
            CertificateKind::Clearance => "结清证明",
        }
    }
}

/// A certificate to give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certifying {
    /// As its code is written.
    pub room: String,
    /// What kind.
    pub kind: CertificateKind,
}

/// A certificate of what a dwelling has in the fund, for its sale (165号令 art. 28).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "维修资金证明：过户时随房屋交付")]
pub struct Certificate {
    /// Its number.
    #[schemars(description = "证明编号", example = 1)]
    pub certificate_no: CertificateNo,
    /// What kind.
    #[schemars(description = "证明种类")]
    pub kind: CertificateKind,
    /// The dwelling.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Its owners on the day, masked.
    #[schemars(description = "产权人：只显示姓", example = &"王*")]
    pub owners: String,
    /// The day.
    #[schemars(description = "出具日期", with = "String", extend("format" = "date"), example = &"2026-01-05")]
    pub issued_on: Day,
    /// 本金.
    #[schemars(description = "本金：分", example = 800_000)]
    pub principal_fen: Money,
    /// 增值收益.
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains_fen: Money,
    /// 首期应交.
    #[schemars(description = "首期应交：分", example = 800_000)]
    pub due_fen: Money,
    /// 已交.
    #[schemars(description = "累计已交：分", example = 800_000)]
    pub paid_fen: Money,
    /// Promised to projects and not yet paid.
    #[schemars(description = "已承诺给维修项目而未付：分", example = 0)]
    pub held_fen: Money,
    /// SHA-256 over all of it, in hexadecimal.
    #[schemars(description = "摘要：SHA-256", example = &"e3b0c442")]
    pub digest: String,
}

impl Certificate {
    /// What is owed of the first deposit.
    #[must_use]
    pub fn owed_fen(&self) -> Money {
        let owed = self.due_fen - self.paid_fen;
        if owed.is_negative() { Money::ZERO } else { owed }
    }

    fn told(&self, compound: CompoundId) -> String {
        let mut told = format!("{compound}|{}|{}", self.certificate_no, self.kind.name());
        for amount in
            [self.principal_fen, self.gains_fen, self.due_fen, self.paid_fen, self.held_fen]
        {
            // Writing to a String cannot fail.
            let _ = write!(told, "|{}", amount.in_fen());
        }
        format!("{told}|{}|{}|{}", self.room, self.owners, self.issued_on)
    }
}

/// Gives a certificate of what a dwelling has, as of today. The balance goes with the dwelling when it is sold.
///
/// # Errors
/// `property.no-dwelling`, `property.ended`, `life.arrears`.
pub async fn certify(tx: &mut Tx, asked: &Certifying) -> Result<Certificate> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, &asked.room, today).await?;
    property::must_stand(tx, dwelling.no, today).await?;
    let account = fund::account(tx, compound, dwelling.no, None, AsOf::default()).await?;
    let held = journal::held(tx, compound, Book::Fund).await?;
    let due_fen = account.assessment.as_ref().map_or(Money::ZERO, |assessment| assessment.due);

    let mut certificate = Certificate {
        certificate_no: CertificateNo(0),
        kind: asked.kind,
        room: dwelling.code.to_string(),
        owners: owners(&dwelling),
        issued_on: today,
        principal_fen: account.closing.principal,
        gains_fen: account.closing.gains,
        due_fen,
        paid_fen: account.first_paid,
        held_fen: held.get(&dwelling.no).copied().unwrap_or_default(),
        digest: String::new(),
    };
    if asked.kind == CertificateKind::Clearance && certificate.owed_fen().is_positive() {
        let owed = certificate.owed_fen().grouped();
        return Err(ARREARS.refuse(format!("{} 首期欠交 {owed} 元", dwelling.code)).into());
    }
    certificate.certificate_no = CertificateNo(tx.next_no("certificate"));
    certificate.digest = text::hex(&text::hash(&certificate.told(compound)));
    let row = [
        compound.0.into(),
        certificate.certificate_no.0.into(),
        certificate.kind.name().into(),
        dwelling.no.0.into(),
        today.into(),
        certificate.principal_fen.in_fen().into(),
        certificate.gains_fen.in_fen().into(),
        certificate.due_fen.in_fen().into(),
        certificate.paid_fen.in_fen().into(),
        certificate.held_fen.in_fen().into(),
        (&certificate.owners).into(),
        (&certificate.digest).into(),
        tx.act().0.into(),
    ];
    tx.put(&CERTIFICATE, &row);
    Ok(certificate)
}

fn owners(dwelling: &Dwelling) -> String {
    let names: Vec<String> = dwelling.owners.iter().map(|owner| mask::name(&owner.name)).collect();
    match names.is_empty() {
        true if dwelling.is_unsold => "（未售）".to_owned(),
        true => "（未登记）".to_owned(),
        false => names.join("、"),
    }
}

/// A certificate that was given, and whether its digest is still that of what it says.
///
/// # Errors
/// `life.no-certificate`.
pub async fn certificate(
    view: &mut impl View,
    compound: CompoundId,
    no: CertificateNo,
) -> Result<Certificate> {
    let sql = "SELECT c.*, d.code FROM certificate c
               JOIN dwelling d ON d.compound_id = c.compound_id AND d.dwelling_no = c.dwelling_no
               WHERE c.compound_id = $1 AND c.certificate_no = $2";
    let found = view.rows(CERTIFICATES, sql, vec![compound.0.into(), no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_CERTIFICATE.refuse(format!("证明编号 {no}")))?;
    let kind: String = row.try_get("", "kind")?;
    let fen = |column| row.try_get::<i64>("", column).map(Money::fen);
    let certificate = Certificate {
        certificate_no: no,
        kind: match kind.as_str() {
            "clearance" => CertificateKind::Clearance,
            _ => CertificateKind::Balance,
        },
        room: row.try_get("", "code")?,
        owners: row.try_get("", "owners")?,
        issued_on: row.try_get("", "issued_on")?,
        principal_fen: fen("principal_fen")?,
        gains_fen: fen("gains_fen")?,
        due_fen: fen("due_fen")?,
        paid_fen: fen("paid_fen")?,
        held_fen: fen("held_fen")?,
        digest: row.try_get("", "digest")?,
    };
    if text::hex(&text::hash(&certificate.told(compound))) != certificate.digest {
        let bug = Storage::Bug(format!("certificate {no} of compound {compound} was changed"));
        return Err(bug.into());
    }
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_divided_sums_up_whichever_its_sign() {
        for total in [0, 1, 100, 99_999, -100, -7] {
            let shares = divided(Money::fen(total), &[3333, 3333, 3334]);
            assert_eq!(shares.iter().copied().sum::<Money>(), Money::fen(total));
        }
        let shares: Vec<i64> =
            divided(Money::fen(100), &[1, 1, 1]).iter().map(|m| m.in_fen()).collect();
        assert_eq!(shares, [34, 33, 33], "the missing fen goes to the first new dwelling");
    }
}
