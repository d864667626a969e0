//! The count of a vote without a database: case by case, by the statute's table, and against a model of its own
//! (`property.md` §9 rows 8 and 22: the wrong majority, ≥ for >).

use ledger::governance::ballot::{Ballot, Channel, Duplicates, Standing, standings};
use ledger::governance::matter::{Base, Class, ITEMS, Objection};
use ledger::governance::tally::Answer::{self, Abstain, Approve, Oppose, Spoiled};
use ledger::governance::tally::{Count, Figure, Voice, count};
use ledger::governance::{Fraction, Matter, SilentRule, VoteRule};
use ledger::id::{BallotNo, DwellingNo};
use ledger::measure::Area;

use crate::world::day;

fn area(text: &str) -> Area {
    if text == "0.00" { Area::ZERO } else { Area::parse(text).unwrap_or_else(|| panic!("{text}")) }
}

fn rule(words: &[&str]) -> VoteRule {
    let matter = Matter::named(words[words.len() - 1]).expect("a matter");
    let clause = || "议事规则第九条".to_owned();
    let national = VoteRule::national(matter);
    match words {
        [_] => national,
        ["legacy", _] => VoteRule::legacy_two_thirds_of_all(matter),
        ["objection", _] => {
            let most = Fraction::THIRD;
            VoteRule {
                objection: Some(Objection { most_heads: most, most_area: most }),
                ..national
            }
        }
        ["abstains", _] => VoteRule {
            silent: SilentRule::Abstains { clause: clause(), proof: vec![] },
            ..national
        },
        ["majority", _] => {
            let silent = SilentRule::WithMajority { clause: clause(), proof: vec![] };
            VoteRule { silent, ..national }
        }
        _ => panic!("{words:?}"),
    }
}

#[test]
fn the_count_is_what_the_cases_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/votes.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases = 0;
    for case in text.split("\ncase ").skip(1) {
        let (name, lines) = case.split_once('\n').unwrap();
        let lines: Vec<Vec<&str>> = lines.lines().map(|l| l.split(' ').collect()).collect();
        let said: Vec<&Vec<&str>> = lines.iter().filter(|w| !w[0].is_empty()).collect();
        let asked = rule(&said[0][1..]);
        let mut voices = Vec::new();
        for words in &said {
            let voice = match words[0] {
                "silent" => {
                    let is_presumed = asked.silent.presumes(&[]);
                    Voice::Silent { is_presumed }
                }
                word => match Answer::named(word) {
                    Some(answer) => Voice::Said(answer),
                    None => continue,
                },
            };
            let many: usize = words[1].parse().unwrap();
            voices.extend(std::iter::repeat_n((area(words[2]), voice), many));
        }
        let found = count(&asked, voices);
        let yes = |word: &str| word == "yes";
        let mut judged = 0;
        for words in &said {
            judged += 1;
            match words.as_slice() {
                ["is", heads, size, "attended", verdict] => {
                    let figure = Figure::of(heads.parse().unwrap(), area(size));
                    assert_eq!(
                        (found.attended, found.is_attended),
                        (figure, yes(verdict)),
                        "{name}"
                    );
                }
                ["is", heads, size, "agreed", verdict] => {
                    let figure = Figure::of(heads.parse().unwrap(), area(size));
                    assert_eq!((found.agreed, found.is_agreed), (figure, yes(verdict)), "{name}");
                }
                ["passed", verdict] => assert_eq!(found.is_passed, yes(verdict), "{name}"),
                ["short", h1, a1, h2, a2] => {
                    let attend = Figure::of(h1.parse().unwrap(), area(a1));
                    let approve = Figure::of(h2.parse().unwrap(), area(a2));
                    assert_eq!(found.short_of_attendance, attend, "{name}");
                    assert_eq!(found.short_of_approval, approve, "{name}");
                }
                _ => judged -= 1,
            }
        }
        assert!(judged > 0, "{name} says nothing");
        cases += 1;
    }
    assert_eq!(cases, 39);
}

/// `property.md` §9 row 8: 使用 was given three quarters. The statute table: nine items, each at 1/2, 2/3, 3/4 exactly, one
/// under and one over, in heads and in area.
#[test]
fn every_item_of_article_278_has_its_own_majority() {
    let qualified: Vec<&str> =
        ITEMS.iter().filter(|i| i.class == Class::Qualified).map(|i| i.number).collect();
    assert_eq!(qualified, ["六", "七", "八"]);
    assert_eq!(Matter::UseFund.article(), "民法典第二百七十八条第一款第五项");
    for item in &ITEMS {
        let rule = VoteRule::national(item.matter);
        // 1,200 take part of 1,200; `yes` of them approve, with so much area each that only one of the two is at the edge.
        let passes = |yes: i64, yes_centi: i64| {
            let each = |n: i64, total: i64, answer| {
                (0..n).map(move |i| {
                    let rest = if i == 0 { total - (total / n) * (n - 1) } else { total / n };
                    (Area::centi_m2(rest), Voice::Said(answer))
                })
            };
            let voices = each(yes, yes_centi, Approve).chain(each(
                1200 - yes,
                12_000_000 - yes_centi,
                Oppose,
            ));
            count(&rule, voices).is_passed
        };
        for (part, of) in [(1_i64, 2_i64), (2, 3), (3, 4)] {
            for off in [-1, 0, 1] {
                let (heads, centi) = (1200 * part / of + off, 12_000_000 * part / of + off);
                let carries = |figure: i64, whole: i64| match item.class {
                    Class::Ordinary => 2 * figure > whole,
                    Class::Qualified => 4 * figure >= 3 * whole,
                };
                assert_eq!(
                    passes(heads, 11_000_000),
                    carries(heads, 1200),
                    "{} heads {part}/{of} {off}",
                    item.number
                );
                assert_eq!(
                    passes(1100, centi),
                    carries(centi, 12_000_000),
                    "{} area {part}/{of} {off}",
                    item.number
                );
            }
        }
    }
}

/// A little dice of its own, so that a failure comes back under its number.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.roll(sides as u64)).unwrap()
    }

    pub fn answer(&mut self) -> Answer {
        [Approve, Approve, Approve, Oppose, Abstain][self.below(5)]
    }
}

/// What the law says, told again without looking at the house: every head a row, sums by filter, fractions as quotients of
/// big whole numbers.
pub fn model(voices: &[(i64, Option<Answer>)], is_qualified: bool) -> (bool, i64, i64) {
    let sum = |keep: &dyn Fn(Answer) -> bool| {
        let kept: Vec<i64> =
            voices.iter().filter(|(_, a)| a.is_some_and(keep)).map(|(area, _)| *area).collect();
        (i64::try_from(kept.len()).unwrap(), kept.iter().sum::<i64>())
    };
    let all = (i64::try_from(voices.len()).unwrap(), voices.iter().map(|v| v.0).sum::<i64>());
    let part = sum(&|a| a != Spoiled);
    let yes = sum(&|a| a == Approve);
    let pair = |test: &dyn Fn(i64, i64) -> bool, of: (i64, i64), fig: (i64, i64)| {
        test(fig.0, of.0) && test(fig.1, of.1)
    };
    let attended = pair(&|f, w| f * 3 >= w * 2, all, part);
    let agreed = match is_qualified {
        true => pair(&|f, w| f * 4 >= w * 3, part, yes),
        false => pair(&|f, w| f * 2 > w, part, yes),
    };
    (attended && agreed, part.0, part.1)
}

#[test]
fn a_model_counts_twenty_thousand_random_votes_alike() {
    let mut dice = Dice(20_260_105);
    let mut passed = 0;
    for round in 0..20_000 {
        let many = 1 + dice.below(40);
        let voices: Vec<(i64, Option<Answer>)> = (0..many)
            .map(|_| {
                let area = 1 + i64::try_from(dice.roll(20_000)).unwrap();
                let answer = match dice.roll(12) {
                    0 => None,
                    1 => Some(Spoiled),
                    _ => Some(dice.answer()),
                };
                (area, answer)
            })
            .collect();
        let matter = if dice.roll(2) == 0 { Matter::UseFund } else { Matter::RaiseFund };
        let rule = VoteRule::national(matter);
        let told = voices.iter().map(|(area, answer)| {
            let silent = Voice::Silent { is_presumed: false };
            (Area::centi_m2(*area), answer.map_or(silent, Voice::Said))
        });
        let found = count(&rule, told);
        let expected = model(&voices, matter == Matter::RaiseFund);
        let attended = (found.attended.heads, found.attended.area.in_centi_m2());
        assert_eq!(
            (found.is_passed, attended.0, attended.1),
            expected,
            "round {round}: {voices:?}"
        );
        assert_eq!(found.is_passed, found.is_passed_by_ballots);
        passed += i32::from(found.is_passed);
    }
    assert!((2_000..18_000).contains(&passed), "the dice are fair: {passed}");
}

/// What is said to be lacking is enough, and no less is.
#[test]
fn what_is_lacking_is_exactly_what_is_lacking() {
    let mut dice = Dice(7);
    for _ in 0..3_000 {
        let rule = if dice.roll(2) == 0 { Matter::UseFund } else { Matter::Business };
        let rule = VoteRule::national(rule);
        // Heads of one m² each: heads and area lack alike, so that both can be given at once.
        let many = 3 + dice.below(60);
        let said: Vec<Option<Answer>> =
            (0..many).map(|_| if dice.roll(3) == 0 { Some(dice.answer()) } else { None }).collect();
        let counted = |more: usize| -> Count {
            let mut left = more;
            count(
                &rule,
                said.iter().map(|answer| {
                    let voice = match answer {
                        Some(answer) => Voice::Said(*answer),
                        None if left > 0 => {
                            left -= 1;
                            Voice::Said(Approve)
                        }
                        None => Voice::Silent { is_presumed: false },
                    };
                    (Area::centi_m2(1), voice)
                }),
            )
        };
        let now = counted(0);
        let lacking = now.short_of_attendance.heads.max(now.short_of_approval.heads);
        let silent = said.iter().filter(|a| a.is_none()).count();
        let lacking = usize::try_from(lacking).unwrap();
        assert_eq!(now.is_within_reach, lacking <= silent);
        if lacking <= silent {
            assert!(counted(lacking).is_passed, "{said:?} lacks {lacking}");
        } else {
            assert!(!counted(silent).is_passed, "{said:?} cannot reach it");
        }
        if lacking > 0 {
            assert!(
                !counted(lacking.min(silent + 1) - 1).is_passed,
                "{said:?} lacks less than {lacking}"
            );
        }
        assert_eq!(rule.base, Base::Participants);
    }
}

fn ballot(no: i32, head_no: i32, channel: Channel, on: &str, answer: Answer) -> Ballot {
    Ballot {
        no: BallotNo(no),
        head_no,
        dwelling_no: DwellingNo(head_no),
        channel,
        slip_no: String::new(),
        received_on: day(on),
        owner: None,
        proxy_no: None,
        invalid_reason: String::new(),
        corrects: None,
        reason: String::new(),
        answers: vec![answer],
    }
}

#[test]
fn which_of_several_ballots_counts_is_the_rules_to_say_and_all_are_kept() {
    let mut ballots = vec![
        ballot(1, 1, Channel::Paper, "2026-02-03", Approve),
        ballot(2, 1, Channel::Online, "2026-02-02", Oppose),
        ballot(3, 1, Channel::Online, "2026-02-04", Abstain),
        ballot(4, 1, Channel::Paper, "2026-02-05", Approve),
        ballot(5, 2, Channel::Paper, "2026-02-02", Approve),
    ];
    ballots[3].invalid_reason = "未签名".to_owned();
    use Standing::{Corrected, Counted, Duplicate, Invalid};
    for (rule, first) in [
        (Duplicates::FirstValid, [Duplicate, Counted, Duplicate]),
        (Duplicates::LastValid, [Duplicate, Duplicate, Counted]),
        (Duplicates::OnlinePrevails, [Duplicate, Counted, Duplicate]),
        (Duplicates::PaperPrevails, [Counted, Duplicate, Duplicate]),
    ] {
        let found = standings(&ballots, rule);
        assert_eq!(found[..3], first, "{rule:?}");
        assert_eq!(found[3..], [Invalid, Counted], "{rule:?}");
    }
    // A correction, and its correction, stand where the first one stood.
    let mut fixed = ballot(6, 1, Channel::Paper, "2026-02-02", Oppose);
    fixed.corrects = Some(BallotNo(2));
    let mut again = ballot(7, 1, Channel::Paper, "2026-02-02", Approve);
    again.corrects = Some(BallotNo(6));
    ballots.extend([fixed, again]);
    let found = standings(&ballots, Duplicates::FirstValid);
    assert_eq!(found, [Duplicate, Corrected, Duplicate, Invalid, Counted, Corrected, Counted]);
}
