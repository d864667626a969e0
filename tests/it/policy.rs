//! Policy packs: what they decide at every bound (tests/cases/policy.txt), how they are inherited, added and refused.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ledger::books::{Actor, Request, Role};
use ledger::calendar::Day;
use ledger::error::Result;
use ledger::id::{ActNo, CompoundId};
use ledger::measure::{Area, Rate};
use ledger::money::{Money, Rounding};
use ledger::policy::terms::{
    Bar, DayCount, Deed, EmergencyKind, Fraction, Interest, Levied, LevyOn, Matter, NoticeKind,
    Outcome, Payer, Poll, RenewTo, Side, Witness,
};
use ledger::policy::{
    self, CATALOGUE, Evidence, Jurisdiction, Library, Pack, PackName, Predicate, Version,
};
use ledger::property::{self, AreaKind, Founding, NewArea};
use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::on_both;
use crate::paper::golden;
use crate::world::{World, day};

pub fn cases(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn packs() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/packs");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The shipped packs, and those of other cities the vectors speak of.
pub fn library() -> Library {
    let mut library = Library::shipped();
    for (i, (path, text)) in packs().into_iter().enumerate() {
        let version = Version::read(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        library = library.with(version, ActNo(1 + i32::try_from(i).unwrap())).unwrap();
    }
    library
}

pub fn pack(library: &Library, code: &str, on: &str) -> Pack {
    library.at(&Jurisdiction::of_area(code).unwrap(), day(on)).unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// A word of the wire.
fn word<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(Value::String(text.to_owned())).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn centi(text: &str) -> i64 {
    yuan(text).in_fen()
}

fn yes(holds: bool, yes: &str, no: &str) -> String {
    if holds { yes } else { no }.to_owned()
}

#[test]
fn every_case_comes_out_as_the_law_says() {
    let library = library();
    let text = cases("policy.txt");
    let mut now = pack(&library, "100000", "2026-01-05");
    let (mut run, mut wrong) = (0, String::new());
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("pack ") {
            let (code, on) = rest.split_once(' ').unwrap();
            now = pack(&library, code, on);
            continue;
        }
        let (given, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
        let words: Vec<&str> = given.split(' ').collect();
        let said = answer(&now, &words);
        run += 1;
        if said != expected {
            let _ = writeln!(wrong, "policy.txt:{} {line}\n    says {said}", i + 1);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(run >= 110, "{run} cases were read");
}

fn answer(pack: &Pack, words: &[&str]) -> String {
    let terms = &pack.terms;
    match words {
        ["vote", matter, "area", a, b, c, "heads", d, e, f] => {
            let poll = |w: i64, a: i64, y: i64| Poll { whole: w, attended: a, approved: y };
            let area = poll(centi(a), centi(b), centi(c));
            let head = |t: &str| t.parse().unwrap();
            let Outcome { has_quorum, is_carried } = pack
                .vote_threshold(word::<Matter>(matter))
                .judge(area, poll(head(d), head(e), head(f)));
            let quorum = yes(has_quorum, "quorum", "no-quorum");
            format!("{quorum} {}", yes(is_carried, "carried", "lost"))
        }
        ["renew", "first", first, "balance", balance] => {
            let (first, balance) = (yuan(first), yuan(balance));
            if !terms.renew_below.is_due(first, balance) {
                return "not-due".to_owned();
            }
            let due = terms.renew_to.due_by_default(first, balance);
            format!("due {}", due.map_or("voted".to_owned(), |due| due.to_string()))
        }
        ["blocks", "ordinary", "use"] => yes(terms.renew_below.blocks_ordinary_use, "yes", "no"),
        ["revenue", "net", net, "transfer", sum] => {
            let rule = terms.revenue_to_fund.value.0.unwrap();
            yes(rule.share.holds(centi(sum), centi(net)), "accepted", "rejected")
        }
        ["overrun", "budget", budget, "final", at_end] => {
            yes(pack.overrun_needs_approval(yuan(budget), yuan(at_end)), "again", "fine")
        }
        ["audit", "final", amount] => {
            yes(pack.audit_required(yuan(amount)), "required", "may-skip")
        }
        ["emergency-cap", "first-deposits", sum] => {
            let cap = terms.emergency_cap.value.0;
            cap.map_or("none".to_owned(), |cap| cap.most(yuan(sum)).to_string())
        }
        ["reserve", "first-deposits", sum] => {
            terms.emergency_reserve.unwrap().of_money(yuan(sum)).to_string()
        }
        ["advance", "applied", sum] => {
            let advance = terms.emergency_advance.unwrap();
            let of = |part: Fraction| part.of_money(yuan(sum));
            format!("{} {}", of(advance.least), of(advance.most))
        }
        ["clock", kind, days] => match pack.notice_days(word::<NoticeKind>(kind)).value.0 {
            None => "none".to_owned(),
            Some(notice) => {
                let kept = yes(notice.is_kept(days.parse().unwrap()), "kept", "missed");
                let counted = serde_json::to_value(notice.counted).unwrap();
                format!("{kept} {}", counted.as_str().unwrap())
            }
        },
        ["pay", "contract", contract, "paid", paid, rest @ ..] => {
            let settled = match rest {
                ["settled", settled] => Some(yuan(settled)),
                _ => None,
            };
            let room = terms.payment_caps.room(yuan(contract), yuan(paid), settled);
            format!("most {} claim {}", room.most, room.claim_back)
        }
        ["objection", "area", no, all, "heads", some, whole] => {
            let heads = (some.parse().unwrap(), whole.parse().unwrap());
            match terms.objection_vote.value.0 {
                None => "none".to_owned(),
                Some(rule) => {
                    yes(rule.is_carried((centi(no), centi(all)), heads), "carried", "lost")
                }
            }
        }
        ["interest", "days", sum, "at", rate, "from", from, "to", to] => {
            interest(pack, None, sum, rate, from, to)
        }
        ["interest", "days-as", count, sum, "at", rate, "from", from, "to", to] => {
            interest(pack, Some(word::<DayCount>(count)), sum, rate, from, to)
        }
        ["interest", "year", sum, "at", rate] => {
            let Some(Interest::Rates(rule)) = pack.interest() else { panic!("rates") };
            rule.for_year(yuan(sum), percent(rate)).round(rule.rounding).unwrap().to_string()
        }
        ["levy", on, lift, payer, rest @ ..] => {
            let levy = pack.levy(word::<Levied>(on), *lift == "lift", word::<Payer>(payer));
            let area = |text: &str| Area::parse(text).unwrap();
            let on = match rest {
                ["area", m2] => LevyOn::Area(area(m2)),
                ["area", m2, "price", price] => {
                    LevyOn::Priced(area(m2), Rate::yuan_per_m2(price.parse().unwrap()))
                }
                ["proceeds", sum] => LevyOn::Proceeds(yuan(sum)),
                other => panic!("{other:?}"),
            };
            let due = levy.and_then(|levy| levy.least(on));
            due.map_or("none".to_owned(), |d| d.round(Rounding::HalfUpFen).unwrap().to_string())
        }
        ["witnessed", by @ ..] => {
            let by: Vec<Witness> = by.iter().map(|w| word(w)).collect();
            yes(terms.emergency_path.is_witnessed(&by), "yes", "no")
        }
        ["emergency", kind] => {
            yes(pack.emergency(word::<EmergencyKind>(kind)).is_some(), "known", "unknown")
        }
        ["second-person", deed] => yes(pack.needs_second_person(word::<Deed>(deed)), "yes", "no"),
        ["second-factor", deed] => yes(pack.needs_second_factor(word::<Deed>(deed)), "yes", "no"),
        other => panic!("{other:?}"),
    }
}

fn percent(text: &str) -> rust_decimal::Decimal {
    text.parse::<rust_decimal::Decimal>().unwrap() / rust_decimal::Decimal::ONE_HUNDRED
}

fn interest(
    pack: &Pack,
    count: Option<DayCount>,
    sum: &str,
    rate: &str,
    from: &str,
    to: &str,
) -> String {
    let Some(Interest::Rates(rule)) = pack.interest() else { panic!("rates") };
    let mut rule = rule.clone();
    if count.is_some() {
        rule.day_count.0 = count;
    }
    let yuan = rule.for_days(yuan(sum), percent(rate), day(from), day(to));
    yuan.map_or("unstated".to_owned(), |y| y.round(rule.rounding).unwrap().to_string())
}

#[test]
fn a_bound_says_whether_it_counts() {
    let bar = |text: &str| -> Bar<Fraction> { word(text) };
    for (text, below, at, above) in [
        (">= 1/2", false, true, true),
        ("> 1/2", false, false, true),
        ("<= 1/2", true, true, false),
        ("< 1/2", true, false, false),
    ] {
        let holds = [4, 5, 6].map(|part| bar(text).holds(part, 10));
        assert_eq!(holds, [below, at, above], "{text}");
        assert_eq!(bar(text).to_string(), text);
    }
    assert_eq!(bar(">=30%").at, Fraction::new(30, 100).unwrap());
    assert_eq!(bar("< 30%").side, Side::Below);
    // Beyond what 64 bits multiply: thirds of i64::MAX.
    assert!(bar(">= 1/3").holds(i64::MAX / 3 + 1, i64::MAX));
    assert!(!bar(">= 1/3").holds(i64::MAX / 3 - 1, i64::MAX));
    let refused = |text: &str| serde_json::from_value::<Bar<Fraction>>(text.into()).is_err();
    for text in ["1/2", "= 1/2", ">= 3/2", ">= 1/0", ">= 0.5", ">= 101%", ">= -1/2", "> ", ""] {
        assert!(refused(text), "{text}");
    }
    assert_eq!(word::<Bar<Fraction>>("< 30%").most(Money::fen(1000)), Money::fen(299));
    assert_eq!(word::<Bar<Fraction>>("<= 30%").most(Money::fen(1000)), Money::fen(300));
    assert_eq!(word::<Bar<Fraction>>("< 30%").most(Money::fen(1001)), Money::fen(300));
}

#[test]
fn codes_are_read_and_the_nearest_above_is_found() {
    let of = |code: &str| Jurisdiction::of_area(code).map(|j| j.to_string());
    for (code, read) in [
        ("33", Some("330000")),
        ("3301", Some("330100")),
        ("330106", Some("330106")),
        ("330106001", Some("330106")),
        ("330106001001", Some("330106")),
        ("hz", None),
        ("", None),
        ("033", None),
        ("3301060", None),
        ("３３", None),
    ] {
        assert_eq!(of(code).as_deref(), read, "{code}");
    }
    let library = library();
    let chain = |code: &str| -> Vec<String> {
        let chain = pack(&library, code, "2026-01-05").provenance.chain;
        chain.iter().map(ToString::to_string).collect()
    };
    assert_eq!(chain("330199"), ["330199@2025-01", "330100@2022-03", "100000@2021-01"]);
    assert_eq!(chain("330106"), ["330100@2022-03", "100000@2021-01"]);
    assert_eq!(chain("310115"), ["310000@2024-10", "100000@2021-01"]);
    assert_eq!(chain("410100"), ["410000@2018", "100000@2021-01"]);
    assert_eq!(chain("440106"), ["100000@2021-01"]);
}

#[test]
fn a_term_comes_from_the_nearest_pack_that_has_it() {
    let library = library();
    let county = pack(&library, "330199", "2026-01-05");
    let from = |name: &PackName| name.code.to_string();
    assert_eq!(from(&county.terms.payment_caps.pack), "330199");
    assert_eq!(from(&county.terms.overrun.pack), "330100");
    assert_eq!(from(&county.terms.vote_special.pack), "100000");
    assert_eq!(
        county.predicate(Predicate::WithinBudget).unwrap().pack.to_string(),
        "330100@2022-03"
    );
    assert!(county.terms.overrun.article.contains("杭州"), "{}", county.terms.overrun.article);

    // A day chooses: the law of the day, and what it amends.
    let shanghai = |on: &str| pack(&library, "310000", on);
    assert_eq!(shanghai("2024-09-30").provenance.chain[0].version, "2021-01");
    assert_eq!(shanghai("2024-10-01").provenance.chain[0].version, "2024-10");
    assert!(shanghai("2024-09-30").terms.payment_caps.first.is_none());
    assert!(shanghai("2024-10-01").terms.payment_caps.first.is_some());
    assert!(shanghai("2026-02-28").terms.yearly_audit.is_none());
    assert!(shanghai("2026-03-31").terms.yearly_audit.is_some());
    assert_eq!(shanghai("2026-04-01").terms.disclosure_revenue.months, [1, 4, 7, 10]);
    assert!(matches!(shanghai("2026-04-01").terms.renew_to.value, RenewTo::ShareOfFirst { .. }));

    // Every predicate is listed once, in its order; Shanghai adds one, other cities do not have it.
    let gate = |pack: &Pack, path| pack.gate(path).map(|p| p.name).collect::<Vec<_>>();
    let ordinary = gate(&shanghai("2026-05-01"), policy::Path::Ordinary);
    assert!(ordinary.contains(&Predicate::AssemblyReported) && ordinary.is_sorted());
    assert!(!gate(&county, policy::Path::Ordinary).contains(&Predicate::AssemblyReported));
    assert!(!gate(&county, policy::Path::Emergency).contains(&Predicate::Voted));
}

/// What ships: its digests, and how much of it nobody has read. A released text is never edited; a change here is a new file.
#[test]
fn the_shipped_packs_are_as_they_were_read() {
    let library = Library::shipped();
    let mut told = String::new();
    for shelved in library.versions() {
        let version = &shelved.version;
        let until = version.effective_until.map_or("-".to_owned(), |day| day.to_string());
        let _ = writeln!(
            told,
            "{} {} {until} {}",
            version.name, version.effective_from, version.digest
        );
    }
    for (code, on) in [
        ("100000", "2020-12-31"),
        ("100000", "2026-05-01"),
        ("310000", "2026-05-01"),
        ("110000", "2026-05-01"),
        ("330100", "2026-05-01"),
        ("330199", "2026-05-01"),
    ] {
        let pack = pack(&library, code, on);
        let terms = serde_json::to_value(&pack.terms).unwrap();
        let terms = terms.as_object().unwrap();
        assert_eq!(terms.len(), CATALOGUE.len(), "every parameter, once");
        let count = |wanted: Evidence| {
            let wanted = serde_json::to_value(wanted).unwrap();
            terms.values().filter(|term| term["evidence"] == wanted).count()
        };
        let (read, unread, ours) =
            (count(Evidence::Verified), count(Evidence::Unverified), count(Evidence::Recommended));
        let _ = writeln!(told, "{on} {} {}", pack.title, pack.provenance);
        let _ = writeln!(told, "  {read} verified, {unread} unverified, {ours} recommended");
        assert_eq!(read + unread + ours, CATALOGUE.len());
        assert_eq!(pack.predicates.len(), Predicate::ALL.len());
    }
    golden("policies.txt", &told);
}

#[test]
fn all_eight_models_of_interest_are_data() {
    let nation = pack(&Library::shipped(), "100000", "2026-01-05");
    let names: Vec<&String> = nation.terms.interest_models.keys().collect();
    assert_eq!(names, ["M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8"]);
    assert!(nation.interest().is_none(), "the nation states none");
    assert_eq!(
        pack(&Library::shipped(), "330199", "2026-01-05").interest(),
        nation.terms.interest_models.get("M1")
    );
    let Some(Interest::Rates(beijing)) =
        pack(&Library::shipped(), "110000", "2026-01-05").interest().cloned()
    else {
        panic!("rates")
    };
    assert_eq!(String::from(beijing.settle_on), "12-20");
}

#[test]
fn a_difference_is_readable() {
    let library = Library::shipped();
    let name = |text: &str| PackName::parse(text).unwrap();
    let told = |old: &str, new: &str| -> Vec<String> {
        let changes = library.diff(&name(old), &name(new)).unwrap();
        changes.iter().map(ToString::to_string).collect()
    };
    let shanghai = told("310000@2021-01", "310000@2024-10");
    for line in [
        "生效期间：2021-01-01 至 2024-09-30 → 2024-10-01 至 2026-02-28",
        "payment-caps.first：（沿用上级） → <= 30%（沪房规范〔2024〕7号 六（四））",
        "refund-of-extinct-selling-unit：（沿用上级） → custodian（沪房规范〔2024〕7号 五（五））",
        "disclosure.months： → 1、7（沪房规范〔2024〕7号 八（一））",
    ] {
        assert!(shanghai.iter().any(|l| l == line), "{line}\nnot in\n{}", shanghai.join("\n"));
    }
    assert!(!shanghai.iter().any(|l| l.starts_with("renew-to")), "what was left alone is not told");
    let nation = told("100000@2008-02", "100000@2021-01");
    assert!(
        nation
            .contains(&"vote-ordinary.of：all → participants（民法典 第二百七十八条）".to_owned()),
        "{nation:#?}"
    );
    assert!(nation.contains(
        &"matter-classes.use-fund：special → ordinary（民法典 第二百七十八条）".to_owned()
    ));
    assert!(told("310000@2024-10", "310000@2024-10").is_empty());
    let missing = library.diff(&name("310000@1999"), &name("310000@2024-10"));
    assert_eq!(missing.unwrap_err().code(), "policy.no-version");
}

const HEAD: &str = "code = \"440100\"\ntitle = \"广州市\"\nparent = \"100000\"\nversion = \"1\"\n\
    effective-from = 2026-01-01\ndays-evidence = \"unverified\"\n";

fn parameter(name: &str, value: &str) -> String {
    format!(
        "[[parameter]]\nname = \"{name}\"\nvalue = {value}\narticle = \"某条\"\nsays = \"某项\"\n\
         evidence = \"unverified\"\nsource = \"测试\"\n"
    )
}

/// Every way a text can be wrong, with the line it is told at.
#[test]
fn a_wrong_text_is_refused_with_its_line() {
    let refused = |text: String| {
        let refusal = Version::read(&text).expect_err(&text);
        (refusal.code(), refusal.facts.get("line").and_then(Value::as_u64), refusal.evidence)
    };
    let with = |rest: &str| refused(format!("{HEAD}{rest}"));
    for (text, code, line) in [
        ("garbage = 1\n".to_owned(), "policy.misshapen", 7),
        ("[[parameter]]\nname = \n".to_owned(), "policy.misshapen", 8),
        (parameter("levy-standard", "\"none\""), "policy.unknown-parameter", 7),
        (parameter("renew-instalments", "0.5"), "policy.float", 7),
        (
            parameter(
                "levy",
                "[{ on = \"garage\", payer = \"owner\", base = { by = \"area\", yuan = 35.5 } }]",
            ),
            "policy.float",
            7,
        ),
        (parameter("overrun", "\"10%\""), "policy.wrong-kind", 7),
        (
            parameter("overrun", "{ share = \"10%\", amount = \"none\", join = \"both\" }"),
            "policy.wrong-kind",
            7,
        ),
        (parameter("emergency-reserve", "\"130%\""), "policy.wrong-kind", 7),
        (parameter("matter-classes", "{ use-fund = \"ordinary\" }"), "policy.wrong-kind", 7),
        (
            parameter(
                "yearly-audit",
                "{ report-by = \"02-29\", post-within-days = 3, posted-for-days = 30, appointment-posted-days = 7 }",
            ),
            "policy.wrong-kind",
            7,
        ),
        (parameter("audit", "{ when = \"always\", amount = \"1\" }"), "policy.wrong-kind", 7),
        (
            format!(
                "{}{}",
                parameter("book-unit", "\"building\""),
                parameter("book-unit", "\"compound\"")
            ),
            "policy.twice",
            14,
        ),
        (parameter("book-unit", "\"building\"").replace("某条", ""), "policy.misshapen", 7),
    ] {
        let (said, at, evidence) = with(&text);
        assert_eq!((said, at), (code, Some(line)), "{text}\n{evidence}");
    }
    let predicate = "[[predicate]]\nname = \"voted\"\npaths = [\"ordinary\"]\narticle = \"\"\nsays = \"表决\"\n\
        remedy = \"\"\nevidence = \"unverified\"\nsource = \"测试\"\n";
    assert_eq!(with(predicate).0, "policy.predicate-texts");
    for (old, new) in [
        ("440100", "4401"),
        ("2026-01-01", "2026-01-01\neffective-until = 2025-12-31"),
        ("\"1\"", "\"一\""),
        ("2026-01-01", "\"2026-01-01\""),
    ] {
        assert_eq!(refused(HEAD.replacen(old, new, 1)).0, "policy.misshapen", "{new}");
    }
    let short = HEAD.replace("广州市", " ");
    assert_eq!(refused(short).0, "policy.misshapen");
}

/// Days that follow, overlap or leave a gap; parents, amendments, corrections.
#[test]
fn versions_stand_in_one_line_of_days() {
    let version = |code: &str, name: &str, from: &str, more: &str| {
        let text = format!(
            "code = \"{code}\"\ntitle = \"某市\"\nversion = \"{name}\"\neffective-from = {from}\n\
             days-evidence = \"unverified\"\n{more}\n{}",
            parameter("emergency-reserve", "\"5%\"")
        );
        Version::read(&text).unwrap()
    };
    let parent = "parent = \"100000\"\n";
    let first =
        version("440100", "1", "2026-01-01", &format!("{parent}effective-until = 2026-06-30"));
    let library = Library::shipped().with(first, ActNo(1)).unwrap();
    let try_with = |library: &Library, v: Version| library.clone().with(v, ActNo(2));
    let code = |r: std::result::Result<Library, ledger::error::Refusal>| r.unwrap_err().code();

    for (from, more, wanted) in [
        ("2026-06-30", "", "policy.overlap"),
        ("2026-01-01", "", "policy.overlap"),
        ("2026-07-02", "", "policy.gap"),
        ("2025-06-01", "", "policy.overlap"),
        ("2025-06-01", "effective-until = 2026-01-01", "policy.overlap"),
        ("2025-06-01", "effective-until = 2025-12-30", "policy.gap"),
    ] {
        let next = version("440100", "2", from, &format!("{parent}{more}"));
        assert_eq!(code(try_with(&library, next)), wanted, "{from} {more}");
    }
    assert!(
        try_with(
            &library,
            version("440100", "0", "2025-06-01", &format!("{parent}effective-until = 2025-12-31"))
        )
        .is_ok()
    );
    let second = try_with(&library, version("440100", "2", "2026-07-01", parent)).unwrap();
    assert_eq!(pack(&second, "440106", "2026-06-30").provenance.chain[0].version, "1");
    assert_eq!(pack(&second, "440106", "2026-07-01").provenance.chain[0].version, "2");

    assert_eq!(
        code(try_with(&library, version("440100", "1", "2026-07-01", parent))),
        "policy.version-taken"
    );
    assert_eq!(
        code(try_with(&library, version("440100", "2", "2026-07-01", "parent = \"450000\""))),
        "policy.no-parent"
    );
    assert_eq!(
        code(try_with(&library, version("440100", "2", "2026-07-01", "parent = \"440100\""))),
        "policy.no-parent"
    );
    assert_eq!(
        code(try_with(&library, version("440100", "2", "2026-07-01", ""))),
        "policy.incomplete"
    );
    assert_eq!(
        code(try_with(&library, version("440100", "2", "2026-07-01", "amends = \"9\""))),
        "policy.no-version"
    );
    let far = version("450000", "1", "2000-01-01", parent);
    assert_eq!(code(try_with(&library, far)), "policy.not-in-force", "the nation's begins in 2008");

    // A successor of the nation's that forgets something would leave its heirs without an answer.
    let nation = version("100000", "2027", "2027-01-01", "");
    assert_eq!(code(try_with(&library, nation)), "policy.incomplete");
    let nation = version("100000", "2027", "2027-01-01", "amends = \"2021-01\"");
    let amended = try_with(&library, nation).unwrap();
    let then = pack(&amended, "330100", "2027-01-01");
    assert_eq!(then.terms.emergency_reserve.value.0, Fraction::new(5, 100));
    assert_ne!(then.provenance.digest, pack(&amended, "330100", "2026-12-31").provenance.digest);

    // A mistake is mended by a version that says which it replaces; the old one is still there to be read.
    let mended = version(
        "440100",
        "1a",
        "2026-01-01",
        &format!("{parent}effective-until = 2026-06-30\nreplaces = \"1\""),
    );
    let mended = try_with(&library, mended).unwrap();
    assert_eq!(pack(&mended, "440100", "2026-03-01").provenance.chain[0].version, "1a");
    assert!(mended.version(&PackName::parse("440100@1").unwrap()).is_ok());
    let again = version("440100", "1b", "2026-01-01", &format!("{parent}replaces = \"1\""));
    assert_eq!(code(try_with(&mended, again)), "policy.nothing-replaced");

    let gone = mended.at(&Jurisdiction::of_area("440100").unwrap(), day("2026-07-01")).unwrap_err();
    assert_eq!(gone.code(), "policy.not-in-force");
    let model = format!("{HEAD}{}", parameter("interest", "\"M9\""));
    assert_eq!(
        code(try_with(&Library::shipped(), Version::read(&model).unwrap())),
        "policy.incomplete"
    );
}

pub async fn add(world: &World, compound: CompoundId, body: &str) -> Result<policy::Added> {
    let authority = Actor::new("李主任", Role::HousingAuthority);
    let request = Request::new("policy.add", body.to_owned());
    let done = world
        .books
        .act(&authority, compound, request, |tx, body: &String| Box::pin(policy::add(tx, body)));
    done.await.map(|done| done.answer)
}

async fn resolved(world: &World, code: &str, on: Day) -> Result<Pack> {
    let mut view = world.books.read().await.unwrap();
    policy::at(&mut view, &Jurisdiction::of_area(code).unwrap(), on).await
}

on_both! {
    async fn an_authority_adds_a_version_and_old_results_keep_theirs(world: World) {
        let before = resolved(&world, "330106", day("2027-01-01")).await.unwrap();
        let body = "code = \"330100\"\ntitle = \"杭州市\"\nversion = \"2027-01\"\namends = \"2022-03\"\n\
            effective-from = 2027-01-01\ndays-evidence = \"verified\"\n".to_owned()
            + &parameter("overrun", "{ share = \">= 15%\", amount = \"none\", join = \"either\" }");
        let added = add(&world, CompoundId::OFFICE, &body).await.unwrap();
        assert_eq!(added.pack, "330100@2027-01");
        assert!(added.changes.iter().any(|c| c == "overrun.share：>= 10% → >= 15%（某条）"), "{:#?}", added.changes);

        let after = resolved(&world, "330106", day("2027-01-01")).await.unwrap();
        assert_eq!(after.terms.overrun.unwrap().share.to_string(), ">= 15%");
        assert_ne!(after.provenance, before.provenance);
        assert_eq!(resolved(&world, "330106", day("2026-12-31")).await.unwrap().provenance, before.provenance);
        assert_eq!(added.digest.len(), 64);
        assert!(after.provenance.to_string().starts_with("330100@2027-01+100000@2021-01 sha256:"));

        let code = |r: Result<policy::Added>| r.unwrap_err().code();
        assert_eq!(code(add(&world, CompoundId::OFFICE, &body).await), "policy.version-taken");
        assert_eq!(code(add(&world, world.compound, &body.replace("2027-01\"", "2027-02\"")).await), "books.no-compound");
        assert_eq!(code(add(&world, CompoundId::OFFICE, &body.replace("overrun", "overun")).await), "policy.unknown-parameter");

        // Nobody edits it afterwards.
        let db = world.back_door().await;
        let row = "SELECT code, version, effective_from, effective_until, replaces, '', digest, act_no FROM policy_pack";
        for sql in [
            "UPDATE policy_pack SET body = ''",
            "DELETE FROM policy_pack",
            &format!("INSERT OR REPLACE INTO policy_pack {row}"),
            &format!("INSERT INTO policy_pack {row}"),
        ] {
            assert!(db.execute_unprepared(sql).await.is_err(), "{sql}");
        }
        db.close().await.unwrap();
        for (path, body) in crate::policy::packs() {
            add(&world, CompoundId::OFFICE, &body).await.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
    }

    async fn the_command_line_lists_shows_compares_and_adds(world: World) {
        let run = async |args: &[&str]| -> (u8, String, String) {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let args = ["xiaoqu", "--db", world.url.as_str(), "policy"].into_iter().chain(args.iter().copied());
            let code = xiaoqu::cli::run(args.map(Into::into), &mut out, &mut err).await;
            (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        };
        let (code, sample, _) = run(&["show", "330199@2025-01"]).await;
        assert!(code == 0 && sample.contains("title = \"示例县\""), "{sample}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("县.toml");
        let text = sample.replace("330199", "330182").replace("title = \"示例县\"", "title = \"新县\"").replace("\"<= 70%\"", "\"<= 60%\"");
        std::fs::write(&file, &text).unwrap();
        let file = file.to_str().unwrap();
        let (code, said, err) = run(&["add", file, "--key", "k1", "--json"]).await;
        assert_eq!(code, 0, "{err}");
        let added: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(added["pack"], "330182@2025-01");
        assert_eq!(run(&["add", file, "--key", "k1", "--json"]).await, (0, said, String::new()), "once");
        let (code, _, err) = run(&["add", file]).await;
        assert!(code == 1 && err.contains("policy.version-taken"), "{err}");

        let (_, listed, _) = run(&["list"]).await;
        assert!(listed.lines().any(|l| l.starts_with("330182@2025-01") && l.contains("总册第")), "{listed}");
        assert!(listed.lines().any(|l| l.starts_with("310000@2024-10") && l.ends_with("随程序")), "{listed}");
        let (_, changes, _) = run(&["diff", "330199@2025-01", "330182@2025-01"]).await;
        assert_eq!(changes, "payment-caps.first：<= 70% → <= 60%（示例县维修资金管理办法）\n");
        let (_, shown, _) = run(&["show", "--jurisdiction", "330182001", "--on", "2026-01-05"]).await;
        assert!(shown.starts_with("330182 新县 2026-01-05\n330182@2025-01+330100@2022-03+100000@2021-01 sha256:"), "{shown}");
        assert!(shown.contains("overrun（占预算、元）") && shown.contains("杭州市物业管理条例 第七十二条，已核对，330100@2022-03"), "{shown}");
        let (code, _, err) = run(&["show", "--jurisdiction", "310000", "--on", "2019-01-01"]).await;
        assert!(code == 1 && err.contains("policy.not-in-force"), "{err}");
        let (_, here, _) = run(&["show", "--compound", "xiaohe", "--on", "2026-01-05", "--json"]).await;
        let here: Value = serde_json::from_str(&here).unwrap();
        let term = here["terms"].as_array().unwrap().iter().find(|t| t["name"] == "vote-ordinary").unwrap();
        assert_eq!((&here["title"], &term["value"]["approve"]), (&Value::from("国家"), &Value::from("> 1/2")));
        assert_eq!(run(&["show"]).await.0, 2);
        assert_eq!(run(&["diff", "310000", "x"]).await.0, 2);
    }

    async fn two_authorities_at_once_add_one(world: World) {
        let body = format!("{HEAD}{}", parameter("emergency-reserve", "\"5%\""));
        let both = futures_util::future::join(
            add(&world, CompoundId::OFFICE, &body),
            add(&world, CompoundId::OFFICE, &body),
        ).await;
        let codes = [both.0, both.1].map(|r| r.map_or_else(|e| e.code(), |_| "added"));
        assert!(codes.contains(&"added") && codes.contains(&"policy.version-taken"), "{codes:?}");
    }

    async fn a_compound_stands_where_its_area_says(world: World) {
        let operator = Actor::operator();
        let mut view = world.books.read().await.unwrap();
        assert_eq!(property::jurisdiction(&mut view, world.compound).await.unwrap(), Jurisdiction::nation());
        drop(view);
        let mut above: Option<String> = None;
        for (kind, code) in [(AreaKind::City, "3301"), (AreaKind::District, "330199"), (AreaKind::Street, "330199001"), (AreaKind::Community, "330199001001")] {
            let area = NewArea { kind, code: code.into(), name: code.into(), parent: above.replace(code.into()) };
            let request = Request::new("property.draw-area", area);
            world.books.act(&operator, CompoundId::OFFICE, request, |tx, area| Box::pin(property::draw_area(tx, area))).await.unwrap();
        }
        let mut found = HashMap::new();
        for (code, area) in [("jia", "3301"), ("yi", "330199001001")] {
            let founding = Founding { code: code.into(), name: code.into(), address: String::new(), area: Some(area.into()) };
            let request = Request::new("property.found", founding);
            let id = world.books.act(&operator, CompoundId::OFFICE, request, |tx, f| Box::pin(property::found(tx, f))).await.unwrap();
            found.insert(code, id.answer);
        }
        let mut view = world.books.read().await.unwrap();
        assert_eq!(property::jurisdiction(&mut view, found["jia"]).await.unwrap().code(), "330100");
        assert_eq!(property::jurisdiction(&mut view, found["yi"]).await.unwrap().code(), "330199");
    }
}
