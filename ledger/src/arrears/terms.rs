//! What the law and the trade fix about arrears, as data (`terms.toml`): classes of age, stages of a notice, limitation, the
//! break-even rate, the words no notice may hold.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::calendar::Day;

/// A stage of a notice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What the paper is called.
    pub name: String,
    /// The reasonable period to pay, in days (民法典 944).
    pub days: u16,
    /// What it says.
    pub says: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sanction {
    near: usize,
    harmless: Vec<String>,
    words: Vec<String>,
    verbs: Vec<String>,
    objects: Vec<String>,
}

/// The terms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The last day of each class past the due day; what is older is in the class after the last.
    pub classes: [u16; 3],
    /// Years of limitation (民法典 188).
    pub limitation_years: u32,
    /// How many days before it runs out a bill is listed.
    pub limitation_warning_days: u16,
    /// The break-even rate, in hundredths of a per cent.
    pub break_even_bp: u16,
    /// The stages, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
    sanction: Sanction,
}

static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    toml::from_str(include_str!("terms.toml")).expect("the shipped terms are read by a test")
});

/// The terms.
#[must_use]
pub fn terms() -> &'static Terms {
    &TERMS
}

impl Terms {
    /// A stage by its number, from 1.
    #[must_use]
    pub fn stage(&self, number: u8) -> Option<&Stage> {
        self.stages.get(usize::from(number).checked_sub(1)?)
    }

    /// In which class a bill is on a day: 0 not due, then the classes in order, the last without an end.
    #[must_use]
    pub fn class(&self, due_on: Day, day: Day) -> usize {
        let late = (day - due_on).num_days();
        if late <= 0 {
            return 0;
        }
        1 + self.classes.iter().take_while(|last| late > i64::from(**last)).count()
    }

    /// The day on which limitation has run out, if it began anew on a day: the same day of the year, years later.
    #[must_use]
    pub fn runs_out(&self, begun: Day) -> Day {
        begun
            .checked_add_months(chrono::Months::new(12 * self.limitation_years))
            .unwrap_or(Day::MAX)
    }
}

/// What of a text threatens to cut off water, power, heat, gas, or the way in (民法典 944), if anything does.
#[must_use]
pub fn threat(text: &str) -> Option<String> {
    let list = &TERMS.sanction;
    // A word broken up by blanks or signs is the same word; a clause ends where it ends.
    let is_end = |c: char| matches!(c, '。' | '；' | ';' | '！' | '!' | '？' | '?' | '\n');
    for clause in text.split(is_end) {
        let mut plain: String = clause.chars().filter(|c| c.is_alphanumeric()).collect();
        for word in &list.harmless {
            plain = plain.replace(word.as_str(), "费");
        }
        if let Some(word) = list.words.iter().find(|word| plain.contains(word.as_str())) {
            return Some(word.clone());
        }
        for verb in &list.verbs {
            for (at, _) in plain.match_indices(verb.as_str()) {
                let after: String = plain[at + verb.len()..].chars().take(list.near).collect();
                if let Some(object) = list.objects.iter().find(|o| after.contains(o.as_str())) {
                    return Some(format!("{verb}…{object}"));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_bill_ages_by_the_day() {
        let class = |on: &str| terms().class(day("2025-01-31"), day(on));
        assert_eq!(class("2025-01-31"), 0);
        assert_eq!((class("2025-02-01"), class("2025-03-02")), (1, 1));
        assert_eq!((class("2025-03-03"), class("2025-05-01")), (2, 2));
        assert_eq!((class("2025-05-02"), class("2026-01-31")), (3, 3));
        assert_eq!(class("2026-02-01"), 4);
    }

    #[test]
    fn three_years_end_on_the_day_and_on_the_last_of_february() {
        assert_eq!(terms().runs_out(day("2023-01-31")), day("2026-01-31"));
        assert_eq!(terms().runs_out(day("2024-02-29")), day("2027-02-28"));
    }

    /// 民法典 944.
    #[test]
    fn a_threat_is_found_and_a_fee_is_none() {
        for text in [
            "逾期将停水停电",
            "逾期我司将 停 水。",
            "将切断您家的供电",
            "三日后停用门禁卡",
            "限制车辆出入",
            "逾期不得乘坐电梯",
            "我司将暂停为您供热",
        ] {
            assert!(threat(text).is_some(), "{text}");
        }
        for text in [
            "请缴清物业费、水电费、停车费",
            "咨询电话见公示栏",
            "请停止拖欠水费",
            "您可到柜台缴费，也可微信缴费",
            "",
        ] {
            assert_eq!(threat(text), None, "{text}");
        }
        // Our own texts threaten nothing.
        assert!(terms().stages.iter().all(|stage| threat(&stage.says).is_none()));
    }
}
