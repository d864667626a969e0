//! What a paper's QR says, and what a person reads off a paper instead.
//!
//! Owns: the order as a QR holds it (written by [`Order::ticket`]) and as it is read again ([`Ticket`]); the short code and the number
//! of a paper's foot, however they are spelt ([`Typed`]).
//!
//! Always: what a QR holds is read to the very order that was put; a code of another shape is refused before a book is opened.
//! Never: whether it is true (`check`).

use ledger::accounts::Code;
use ledger::calendar::{Instant, Month};
use ledger::error::Refusal;
use ledger::property::Compound;
use reports::sheet::{Proof, Sheet};

use super::draw::settled;
use super::{DOCUMENTS, Document, Order};
use crate::problem;
use crate::wire::IsoDay;

impl Order {
    /// The order as an address's end, which a QR holds: `statement?compound=wutongli&room=1-1-101`.
    #[must_use]
    pub fn ticket(&self, document: &Document, compound: &str, printed_at: Instant) -> String {
        self.at((document.name, "compound"), compound, printed_at)
    }

    /// The order of a paper that sums an area's compounds up: `statutory?area=330106001&…`.
    #[must_use]
    pub fn area_ticket(&self, area: &str, printed_at: Instant) -> String {
        self.at(("statutory", "area"), area, printed_at)
    }

    /// The same order, naming the version of the template that a drawn sheet was laid out by.
    pub(super) fn worded_as(&self, proof: Option<&Proof>) -> Order {
        let drawn = proof.and_then(|proof| proof.order.split_once('?'));
        let mut named = drawn.into_iter().flat_map(|(_, query)| {
            url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "edition")
        });
        let edition = named.next().map(|(_, edition)| edition.into_owned());
        Order { edition: self.edition.clone().or(edition), ..self.clone() }
    }

    fn at(&self, of: (&str, &str), place: &str, printed_at: Instant) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(of.1, place);
        for (name, value) in self.given() {
            query.append_pair(&name, &value);
        }
        query.append_pair("at", &printed_at.seconds().to_string());
        format!("{}?{}", of.0, query.finish())
    }
}

/// What a printed paper's QR says, or what somebody typed off it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The check code.
    pub check: String,
    /// The document.
    pub name: String,
    /// The compound's code; empty for a paper of an area.
    pub compound: String,
    /// The area's code, for a paper that sums its compounds up.
    pub area: Option<String>,
    /// What was asked.
    pub order: Order,
    /// When it was printed; none if nobody said.
    pub printed_at: Option<Instant>,
    /// How many vouchers its seal covers, and the first letters of it.
    pub seal: Option<(i32, String)>,
    /// The number somebody typed with a short code, empty if none; none of a QR. What a QR holds besides is not known then.
    pub typed: Option<String>,
}

impl Ticket {
    /// Reads what a QR holds.
    ///
    /// # Errors
    /// `report.code`.
    pub fn read(text: &str) -> Result<Ticket, Refusal> {
        let shown: String = text.chars().take(200).collect();
        let bad = |why: &str| problem::REPORT_CODE.refuse(format!("{why}：{shown:?}"));
        let rest = text.trim().strip_prefix("xiaoqu:").ok_or_else(|| bad("不是本系统的校验码"))?;
        let mut parts = rest.split(';');
        let check = parts.next().filter(|check| !check.is_empty());
        let check = check.ok_or_else(|| bad("没有校验码"))?.to_owned();
        let asked = parts.next().ok_or_else(|| bad("没有单据的来历"))?;
        let (name, query) = asked.split_once('?').ok_or_else(|| bad("来历不完整"))?;
        let seal = match parts.next().map(|part| part.strip_prefix("seal=")) {
            None => None,
            Some(seal) => {
                let (vouchers, head) =
                    seal.and_then(|seal| seal.split_once('.')).ok_or_else(|| bad("印记不完整"))?;
                let is_hex = |ch: char| matches!(ch, '0'..='9' | 'a'..='f');
                if head.len() != SEAL_LETTERS || !head.chars().all(is_hex) {
                    return Err(bad("印记不完整"));
                }
                let vouchers = vouchers.parse().ok().filter(|count: &i32| *count >= 0);
                Some((vouchers.ok_or_else(|| bad("印记不能识别"))?, head.to_owned()))
            }
        };
        let (mut compound, mut area, mut at) = (None, None, None);
        let mut fields = serde_json::Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "compound" => compound = Some(value),
                "area" => area = Some(value),
                "at" => {
                    let seconds = value.parse().ok().filter(|seconds| PRINTED.contains(seconds));
                    at = Some(Instant::from_seconds(
                        seconds.ok_or_else(|| bad("打印时间不能识别"))?,
                    ));
                }
                "year" => {
                    let year: i32 = value.parse().map_err(|_| bad("年度不能识别"))?;
                    fields.insert(name.into_owned(), year.into());
                }
                "public" => drop(fields.insert(name.into_owned(), (value == "true").into())),
                _ => drop(fields.insert(name.into_owned(), value.into())),
            }
        }
        let order = serde_json::from_value(fields.into()).map_err(|_| bad("来历不能识别"))?;
        let compound = match (&area, compound) {
            (_, Some(compound)) => compound,
            (Some(_), None) => String::new(),
            (None, None) => return Err(bad("没有小区")),
        };
        let printed_at = Some(at.ok_or_else(|| bad("没有打印时间"))?);
        let name = name.to_owned();
        Ok(Ticket { check, name, compound, area, order, printed_at, seal, typed: None })
    }

    /// Reads a code as somebody typed it, with the number that stands in the paper's foot and whatever else they read there.
    ///
    /// # Errors
    /// `report.code`: what must be typed besides.
    pub fn typed(code: &str, compound: &Compound, typed: Typed) -> Result<Ticket, Refusal> {
        let shown: String = code.chars().take(40).collect();
        let bad = |why: &str| problem::REPORT_CODE.refuse(format!("{why}：{shown:?}"));
        let (on_paper, check) = short(code).ok_or_else(|| bad("不是校验码"))?;
        let (document, form) = coded(&on_paper).ok_or_else(|| bad("没有这个代号的单据"))?;
        let Typed { number, printed_at, order } = typed;
        let number = plain(&number);
        let mut told = numbered(document, &number, &compound.code)
            .ok_or_else(|| bad(&format!("{}的编号不能识别 {number:?}", document.title)))?;
        told.form = form;
        let order = order.over(told);
        let mut missing = order.missing(document);
        if document.is_of_knowledge && printed_at.is_none() && order.known_at.is_none() {
            missing.push("printed_at");
        }
        if !missing.is_empty() {
            let missing = missing.join("、");
            let told = format!(
                "{}（{}）只凭编号不能重印，还须写 {missing}",
                document.code, document.title
            );
            return Err(problem::REPORT_CODE.refuse(told));
        }
        let (name, compound) = (document.name.to_owned(), compound.code.clone());
        let (area, seal, typed) = (None, None, Some(number));
        Ok(Ticket { check, name, compound, area, order, printed_at, seal, typed })
    }

    /// The same, if it is a paper of that compound.
    ///
    /// # Errors
    /// `report.code`.
    pub(super) fn of(self, compound: &Compound) -> Result<Ticket, Refusal> {
        if self.compound == compound.code {
            return Ok(self);
        }
        let of = self.area.as_ref().unwrap_or(&self.compound);
        Err(problem::REPORT_CODE.refuse(format!("单据属于 {of}")))
    }

    /// Whether a text is a QR's whole text and no short code.
    #[must_use]
    pub fn is_whole(text: &str) -> bool {
        text.trim().starts_with("xiaoqu:")
    }

    /// Whether the number that was typed with the code is not the one that stands in the foot of what was drawn.
    pub(super) fn says_another_than(&self, drawn: &Sheet) -> bool {
        let Some(typed) = self.typed.as_ref().filter(|typed| !typed.trim().is_empty()) else {
            return false;
        };
        let Some(proof) = &drawn.proof else { return true };
        let (typed, stands) = (words_of(&proof.document, typed), words_of("", &proof.number));
        typed.len() > stands.len() || typed.iter().zip(&stands).any(|(typed, is)| typed != is)
    }

    /// The order as it is put today: what it left to the day of printing is of that day.
    pub(super) fn still(&self, document: &Document) -> Order {
        let order = Order { known_at: None, ..self.order.clone() };
        match self.printed_at {
            Some(at) => settled(document, &order, at.day()),
            None => order,
        }
    }
}

/// How much of a seal a paper bears.
const SEAL_LETTERS: usize = 16;

/// When a paper may have been printed, in seconds: from the year 2000 to 2200. What is beyond is no time of a paper.
const PRINTED: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// What somebody read off a paper besides its short code.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What stands behind the document's code in the foot: `wutongli-1-1-101 2026-06-30`.
    pub number: String,
    /// When it was printed.
    pub printed_at: Option<Instant>,
    /// Whatever else it was asked with.
    pub order: Order,
}

/// A text as it is typed on any keyboard: signs of full width are those of half.
fn plain(text: &str) -> String {
    let half = |ch: char| match ch {
        '\u{3000}' => ' ',
        '—' | '–' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(ch) - 0xfee0).unwrap_or(ch),
        ch => ch,
    };
    text.trim().chars().map(half).collect::<String>().trim().to_owned()
}

/// The words of a number in a foot, however it is spelt: without the document's code and the template's version.
fn words_of(document: &str, number: &str) -> Vec<String> {
    let number = plain(number).replace(['～', '~', '至'], " 至 ");
    let number = number.strip_prefix(document).unwrap_or(&number);
    let number = number.split(['（', '(']).next().unwrap_or_default();
    let bare = |part: &str| match part.trim_start_matches('0') {
        "" => part.to_owned(),
        bare => bare.to_lowercase(),
    };
    let word = |word: &str| word.split('-').map(bare).collect::<Vec<_>>().join("-");
    number.split_whitespace().map(word).collect()
}

/// `d6-7k3f-92qx`, or without its hyphens, as the paper says it: the document's code, and the whole. Letters that are mistaken
/// for figures are figures.
fn short(text: &str) -> Option<(String, String)> {
    let text = plain(text).to_uppercase();
    let text = text.trim_start_matches("校验码").trim_start_matches([':', ' ']);
    let parts: Vec<&str> = text.split(['-', ' ']).filter(|part| !part.is_empty()).collect();
    let (document, first, last) = match parts.as_slice() {
        [document, first, last] => (*document, *first, *last),
        [whole] => {
            let at = whole.len().checked_sub(8).filter(|at| whole.is_char_boundary(*at))?;
            let (document, code) = whole.split_at(at);
            let (first, last) = code.split_at_checked(4)?;
            (document, first, last)
        }
        _ => return None,
    };
    let four = |part: &str| {
        let part: String = part
            .chars()
            .map(|c| match c {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect();
        let is_code = part.len() == 4
            && part.bytes().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && b != b'U'));
        is_code.then_some(part)
    };
    let whole = format!("{document}-{}-{}", four(first)?, four(last)?);
    (!document.is_empty()).then(|| (document.to_owned(), whole))
}

/// The document of a code on paper, and which form of it.
fn coded(code: &str) -> Option<(&'static Document, Option<Code>)> {
    if let Some(document) = DOCUMENTS.iter().find(|document| document.code == code) {
        return Some((document, None));
    }
    let forms = [Code::BalanceSheet, Code::IncomeAndExpenditure, Code::ChangesInNetAssets];
    let form = forms.into_iter().find(|form| format!("W{}", form.name()) == code)?;
    Some((DOCUMENTS.iter().find(|document| document.name == "statutory")?, Some(form)))
}

/// What a document's number on paper says of its order: each document numbers itself its own way (`reports`).
fn numbered(document: &Document, number: &str, compound: &str) -> Option<Order> {
    let number = &plain(number);
    let number = number.strip_prefix(document.code).unwrap_or(number).trim();
    // The version of the template stands behind it in brackets.
    let number = number.split(['（', '(']).next().unwrap_or_default().trim();
    let none = Order::default();
    if number.is_empty() {
        return Some(none);
    }
    let (first, second) = number.split_once(' ').unwrap_or((number, ""));
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let day = |text: &str| text.trim().parse::<IsoDay>().ok().map(Some);
    let own = |text: &str| {
        let (of, rest) = text.split_at_checked(compound.len())?;
        let rest = rest.strip_prefix('-').filter(|_| of.eq_ignore_ascii_case(compound))?;
        Some(rest.to_owned())
    };
    Some(match document.name {
        "statement" => Order { room: Some(own(first)?), to: day(second)?, ..none },
        "demand" => Order { no: Some(own(first)?), ..none },
        "renewal" => Order { no: Some(own(first)?), room: some(second), ..none },
        "arrears-posted" | "reconciliation" => Order { on: day(number)?, ..none },
        "collection" | "collection-detail" => {
            let (from, to) = number.split_once(['～', '~', '至'])?;
            Order { from: day(from)?, to: day(to)?, ..none }
        }
        "revenue" => match number.split_once("公示") {
            Some((_, no)) => Order { no: some(no), ..none },
            None => {
                let (from, to) = number.split_once('至')?;
                Order { from: day(from)?, to: day(to)?, ..none }
            }
        },
        "grants" if number == compound => none,
        "grants" => Order { no: Some(own(number)?), ..none },
        "approval" => Order { no: some(first), ..none },
        // The place of a ballot in its round says no room.
        "ballot" => Order { no: some(first.split('-').next()?), ..none },
        "yearly" | "notice" => Order { year: Some(number.parse().ok()?), ..none },
        "statutory" => Order { period: Some(Month::parse(number)?), ..none },
        _ => Order { no: some(number), ..none },
    })
}

/// `2026-06-30 09:00:00` as a paper's foot says it, or RFC 3339.
///
/// # Errors
/// A sentence in Chinese.
pub(crate) fn printed_at(text: &str) -> Result<Instant, String> {
    let text = plain(text);
    let read = Instant::parse(&text).or_else(|| {
        let spellings = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S"];
        let local = |spelling: &&str| chrono::NaiveDateTime::parse_from_str(&text, spelling).ok();
        let local = spellings.iter().find_map(local)?;
        Instant::parse(&local.format("%Y-%m-%dT%H:%M:%S+08:00").to_string())
    });
    read.ok_or_else(|| "打印时间照纸脚所印，例如 \"2026-06-30 09:00:00\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::known;
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let read = |text: &str| short(text).map(|(document, whole)| format!("{document} {whole}"));
        assert_eq!(read("D6-7K3F-92QX").as_deref(), Some("D6 D6-7K3F-92QX"));
        assert_eq!(read(" d2w-oill-92qx ").as_deref(), Some("D2W D2W-0111-92QX"));
        assert_eq!(read("校验码 Ｄ６－7K3F - 92QX").as_deref(), Some("D6 D6-7K3F-92QX"));
        assert_eq!(read("d67k3f92qx").as_deref(), Some("D6 D6-7K3F-92QX"));
        assert_eq!(read("D3X 7K3F 92QX").as_deref(), Some("D3X D3X-7K3F-92QX"));
        for strange in [
            "",
            "D6",
            "D6-7K3F",
            "D6-7K3F-92Q",
            "-7K3F-92QX",
            "7K3F92QX",
            "D6-7K3U-92QX",
            "D6-7K3F-92Q!",
            "校验码校验",
        ] {
            assert_eq!(read(strange), None, "{strange}");
        }
        let (document, form) = coded("W02").unwrap();
        assert_eq!((document.name, form), ("statutory", Some(Code::IncomeAndExpenditure)));
        assert!(coded("X9").is_none());
        let at = Instant::parse("2026-06-30T09:00:00+08:00");
        assert_eq!(printed_at("2026-06-30 09:00:00").ok(), at);
        assert_eq!(printed_at("2026-06-30T01:00:00Z").ok(), at);
        for spelt in ["2026/6/30 9:00:00", "2026年6月30日 09:00:00", "２０２６-06-30　09:00:00"]
        {
            assert_eq!(printed_at(spelt).ok(), at, "{spelt}");
        }
        assert!(printed_at("昨天").is_err());
    }

    #[test]
    fn a_number_says_what_it_can_of_its_order() {
        let told = |name: &str, number: &str| {
            numbered(known(name).unwrap(), number, "wutongli").map(|order| {
                let given = order.given();
                given.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ")
            })
        };
        let told = |name: &str, number: &str| told(name, number).unwrap_or("-".to_owned());
        assert_eq!(told("statement", "wutongli-1-1-101 2026-06-30"), "room=1-1-101 to=2026-06-30");
        assert_eq!(told("statement", "WUTONGLI-1-1-101　2026-06-30"), "room=1-1-101 to=2026-06-30");
        assert_eq!(told("statement", "xiaohe-1-1-101 2026-06-30"), "-");
        assert_eq!(told("demand", "D1 wutongli-3 1-1-101（模板第 2 版 9f86d081）"), "no=3");
        assert_eq!(told("renewal", "wutongli-2 1-1-101"), "room=1-1-101 no=2");
        assert_eq!(told("collection", "2026-01-01～2026-06-30"), "from=2026-01-01 to=2026-06-30");
        let whole = "from=2026-01-01 to=2026-06-30";
        assert_eq!(told("collection-detail", "2026-01-01~2026-06-30"), whole);
        assert_eq!(told("revenue", "2026-01-01 至 2026-06-30"), whole);
        assert_eq!(told("revenue", "D7 2026-01-01 至 2026-06-30 公示 3"), "no=3");
        assert_eq!(told("grants", "wutongli"), "");
        assert_eq!(told("grants", "wutongli-2"), "no=2");
        assert_eq!(told("grants", "xiaohe-2"), "-");
        assert_eq!(told("demand", "D1 wutongli-3 1-1-101 (模板第 2 版)"), "no=3");
        assert_eq!(told("statutory", "2025-12"), "period=2025-12");
        assert_eq!(told("notice", "2025"), "year=2025");
        assert_eq!(told("approval", "4 9f86d081884c7d65"), "no=4");
        assert_eq!(told("ballot", "2-0017"), "no=2");
        assert_eq!(told("transfer", "1-9"), "no=1-9");
        assert_eq!(told("reconciliation", "昨天"), "-");
        assert_eq!(told("receipt", ""), "");
    }
}
