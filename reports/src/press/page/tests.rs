//! What breaks where, and that nothing is cut.

use ledger::calendar::{Day, Instant};
use ledger::money::Money;

use super::super::line::tests::Block as Type;
use super::*;
use crate::receipt;
use crate::sheet::{Chart, Column, Field, Opinion, Plot, Rank, Table, Unit, Warning, Width};
use crate::template::{PaperWord, Template, Values};

fn day(month: u32, day: u32) -> Day {
    Day::from_ymd_opt(2025, month, day).unwrap()
}

fn sheet(blocks: Vec<Block>) -> Sheet {
    let sheet = Sheet::new("梧桐里小区", "清册", Instant::from_seconds(0));
    let running = vec!["编号 7".into(), "2025-01".into()];
    Sheet { check: "K1".into(), ..sheet.running(running).saying(blocks) }
}

/// Number, words, an amount that adds up, a balance that does not; line i is worth i fen.
fn table(lines: i64) -> Table {
    let mut table = Table::new(
        vec![
            Column::new("行", Side::Centre, Width::Fit),
            Column::words("说明", 1),
            Column::amounts("金额"),
            Column::amounts("余额").standing(),
        ],
        "没有",
    );
    table.page_total = Some("本页小计".into());
    let mut sum = Money::ZERO;
    for line in 1..=lines {
        let amount = Money::fen(line);
        sum += amount;
        let words = format!("第{line}行说明");
        let cells = vec![Cell::Text(format!("L{line}")), Cell::Text(words)];
        table.push(Rank::Line, [cells, vec![Cell::Money(amount), Cell::Money(sum)]].concat());
    }
    let total = vec![Cell::Text("合计".into()), Cell::Blank, Cell::Money(sum), Cell::Blank];
    table.push(Rank::Total, total);
    table
}

/// The texts of a page with their baselines, in reading order.
fn texts(page: &Page) -> Vec<(Um, String)> {
    let text = |mark: &Mark| match mark {
        Mark::Text { y, run, .. } => Some((*y, run.text.clone())),
        Mark::Path { .. } | Mark::Ground { .. } | Mark::Code { .. } => None,
    };
    page.marks.iter().filter_map(text).collect()
}

fn said(page: &Page) -> Vec<String> {
    texts(page).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn a_long_table_breaks_between_rows_under_a_repeated_head() {
    let pages = lay(&Type, &sheet(vec![Block::Table(table(120))])).unwrap();
    assert!(pages.len() > 2, "{} pages", pages.len());

    let mut lines = Vec::new();
    let mut page_totals = Money::ZERO;
    for (place, page) in pages.iter().enumerate() {
        let said = said(page);
        for head in ["行", "说明", "金额", "余额"] {
            assert_eq!(said.iter().filter(|text| *text == head).count(), 1, "{head} on {place}");
        }
        assert!(said.contains(&format!("页 {}/{}", place + 1, pages.len())));
        assert!(said.contains(&"打印时间 1970-01-01 08:00:00".to_owned()));
        assert!(said.contains(&"校验码 K1".to_owned()));
        lines.extend(said.iter().filter(|text| text.starts_with('L')).cloned());
        let label = said.iter().position(|text| text == "本页小计").unwrap();
        page_totals += Money::parse(&said[label + 1]).unwrap();

        // The four cells of a row stand on one line of one page.
        let texts = texts(page);
        for window in texts.windows(4).filter(|four| four[0].1.starts_with('L')) {
            assert!(window.iter().all(|(y, _)| *y == window[0].0), "{window:?}");
        }
        assert!(texts.iter().all(|(y, _)| *y + page.origin.1 < page.height));
    }
    assert_eq!(lines, (1..=120).map(|line| format!("L{line}")).collect::<Vec<_>>());
    assert_eq!(page_totals, Money::fen(7260));
    assert_eq!(said(&pages[pages.len() - 1]).iter().filter(|text| *text == "合计").count(), 1);
}

#[test]
fn a_page_total_is_kept_for_tables_that_run_over() {
    let pages = lay(&Type, &sheet(vec![Block::Table(table(5))])).unwrap();
    assert_eq!(pages.len(), 1);
    assert!(!said(&pages[0]).contains(&"本页小计".to_owned()));
}

/// Whatever the number of rows before, a heading is never last on its page, and the total of a
/// table never first.
#[test]
fn headings_and_totals_keep_company() {
    for lines in 20..60 {
        let blocks = vec![
            Block::Table(table(lines)),
            Block::Heading("其后".into()),
            Block::Notes(vec!["一句".into()]),
        ];
        for page in lay(&Type, &sheet(blocks)).unwrap() {
            let said = said(&page);
            let heading = said.iter().position(|text| text == "其后");
            assert!(heading.is_none_or(|place| said[place + 2] == "一句"), "{lines}: {said:?}");
            if said.contains(&"合计".to_owned()) {
                assert!(said.contains(&format!("L{lines}")), "{lines}: {said:?}");
            }
        }
    }
}

/// Whatever the number of rows before, a table does not begin with one row at the foot of a page and its page total.
#[test]
fn a_table_begins_with_two_rows() {
    for lines in 20..80 {
        let blocks = vec![
            Block::Notes((0..lines).map(|line| format!("第{line}句")).collect()),
            Block::Heading("其后".into()),
            Block::Table(table(60)),
        ];
        let pages = lay(&Type, &sheet(blocks)).unwrap();
        let first = pages.iter().map(said).find(|said| said.contains(&"其后".to_owned())).unwrap();
        let is_there = |row: &str| first.iter().any(|text| text == row);
        assert!(is_there("L1") && is_there("L2"), "{lines}: {first:?}");
    }
}

/// However long a sentence is: its heading stands over its first lines, none of its lines stands alone, and none is lost.
#[test]
fn a_heading_keeps_what_it_heads_however_long() {
    for many in (100..3_400).step_by(300).chain([6_000, 9_000]) {
        for lines in (20..60).step_by(7) {
            let blocks = vec![
                Block::Table(table(lines)),
                Block::Heading("再版说明".into()),
                Block::Text("前".repeat(many)),
                Block::Table(table(3)),
                Block::Notes(vec!["后".repeat(many)]),
            ];
            let is_text = |text: &&String| text.starts_with('前');
            let mut seen = (0, 0);
            for page in lay(&Type, &sheet(blocks)).unwrap() {
                let said = said(&page);
                if let Some(place) = said.iter().position(|text| text == "再版说明") {
                    assert!(said[place + 1].starts_with('前'), "{many} {lines}: {said:?}");
                }
                assert_ne!(said.iter().filter(is_text).count(), 1, "{many} {lines}: {said:?}");
                let count = |ch: char| {
                    said.iter().map(|text| text.chars().filter(|c| *c == ch).count()).sum::<usize>()
                };
                seen = (seen.0 + count('前'), seen.1 + count('后'));
                let foot = said.iter().position(|text| text.starts_with("打印时间")).unwrap();
                let texts = texts(&page);
                assert!(texts[..foot].iter().all(|(y, _)| *y < texts[foot].0), "{many} {lines}");
            }
            assert_eq!(seen, (many, many), "{lines}");
        }
    }
}

/// What is glued together and taller than a page fills the pages; it is not one strip to a page.
#[test]
fn a_chain_taller_than_a_page_fills_pages() {
    let fields = (1..=100).map(|n| Field::new(&format!("甲{n}"), "乙")).collect();
    let blocks = vec![
        Block::Notes(vec!["一句".into()]),
        Block::Heading("其后".into()),
        Block::Fields { across: 1, fields },
    ];
    let pages = lay(&Type, &sheet(blocks)).unwrap();
    assert!(pages.len() <= 4, "{} pages", pages.len());
    let all: Vec<String> = pages.iter().flat_map(said).collect();
    let heading = all.iter().position(|text| text == "其后").unwrap();
    assert_eq!(all[heading + 1], "甲1");
    assert_eq!(all.iter().filter(|text| text.starts_with('甲')).count(), 100);
}

/// A table that runs over and has no total of its own ends with the total of its last page, which stands over the foot.
#[test]
fn the_last_page_of_a_table_without_total_is_totalled() {
    for lines in 40..110 {
        let mut open = Table::new(table(0).columns().to_vec(), "");
        open.page_total = Some("本页小计".into());
        for line in 1..=lines {
            let cells = vec![Cell::Text(format!("L{line}")), Cell::Text("说明".into())];
            open.push(
                Rank::Line,
                [cells, vec![Cell::Money(Money::fen(line)), Cell::Blank]].concat(),
            );
        }
        let blocks =
            vec![Block::Table(open), Block::Heading("其后".into()), Block::Text("一句".into())];
        let pages = lay(&Type, &sheet(blocks)).unwrap();
        let mut sum = Money::ZERO;
        for page in &pages {
            let texts = texts(page);
            let foot = texts.iter().position(|(_, text)| text.starts_with("打印时间")).unwrap();
            assert!(texts[..foot].iter().all(|(y, _)| *y < texts[foot].0), "{lines}");
            if let Some(label) = texts.iter().position(|(_, text)| text == "本页小计") {
                sum += Money::parse(&texts[label + 1].1).unwrap();
            }
        }
        let held = pages.iter().filter(|page| said(page).iter().any(|text| text.starts_with('L')));
        if held.count() > 1 {
            assert_eq!(sum, Money::fen(lines * (lines + 1) / 2), "{lines}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut tall = table(1);
    let words = Cell::Text("很高".repeat(9_000));
    let cells = vec![Cell::Text("L2".into()), words, Cell::Blank, Cell::Blank];
    tall.push(Rank::Line, cells);
    let refused = lay(&Type, &sheet(vec![Block::Table(tall)])).map(|pages| pages.len());
    assert_eq!(refused, Err(Error::TooTall("L2".into())));

    let columns = vec![Column::amounts("金额"); 12];
    let mut wide = Table::new(columns, "");
    wide.push(Rank::Line, vec![Cell::Money(Money::LIMIT); 12]);
    let refused = lay(&Type, &sheet(vec![Block::Table(wide)])).map(|pages| pages.len());
    assert_eq!(refused, Err(Error::TooWide(["金额"; 12].join(" "))));

    let refused = lay(&Type, &sheet(vec![Block::Heading("囧".into())])).map(|pages| pages.len());
    assert_eq!(refused, Err(Error::MissingGlyph { ch: '囧', text: "囧".into() }));
}

/// Large amounts make the type smaller, never narrower than themselves.
#[test]
fn figures_are_never_broken_or_overlapped() {
    let size_of = |amount: Money| {
        let mut table = Table::new(vec![Column::amounts("金额"); 7], "");
        table.push(Rank::Line, vec![Cell::Money(amount); 7]);
        let pages = lay(&Type, &sheet(vec![Block::Table(table)])).unwrap();
        let figures = pages[0].marks.iter().filter_map(|mark| match mark {
            Mark::Text { x, run, style, .. } if run.text == amount.grouped() => {
                Some((*x, *x + style.milli_em(run.advance), style.size))
            }
            _ => None,
        });
        let figures: Vec<_> = figures.collect();
        assert_eq!(figures.len(), 7);
        assert!(figures.windows(2).all(|two| two[0].1 < two[1].0), "{figures:?}");
        let wide = 210_000 - 2 * pages[0].origin.0;
        assert!(figures[6].1 <= wide && figures[0].0 >= 0);
        figures[0].2
    };
    assert_eq!(size_of(Money::fen(123_456)), 85);
    assert!(size_of(Money::LIMIT) < 85);
}

#[test]
fn the_warning_stands_on_every_page() {
    let mut sheet = sheet(vec![Block::Table(table(120))]);
    sheet.warning =
        Some(Warning { word: "未结账".into(), meaning: "数字仍可能变动".into() });
    for page in lay(&Type, &sheet).unwrap() {
        assert!(said(&page).contains(&"未结账".to_owned()));
    }
}

#[test]
fn a_chart_may_be_flat_empty_or_below_zero() {
    let (from, to) = (day(1, 1), day(12, 31));
    for (steps, end) in [
        (vec![], "0.00"),
        (vec![(from, Money::ZERO)], "0.00"),
        (vec![(from, Money::fen(-5_000)), (day(3, 1), Money::LIMIT)], "100,000,000,000.00"),
        (vec![(day(6, 30), Money::fen(1_769_000))], "17,690.00"),
    ] {
        let level = Some(("首期".to_owned(), Money::fen(1)));
        let chart = Chart { title: "走势".into(), plot: Plot::Steps { from, to, steps, level } };
        let page = &lay(&Type, &sheet(vec![Block::Chart(chart)])).unwrap()[0];
        assert!(said(page).contains(&end.to_owned()));
        assert!(said(page).contains(&"2025-11".to_owned()));
    }
    let plot = Plot::Steps { from, to: from, steps: vec![], level: None };
    let same = Chart { title: "走势".into(), plot };
    assert_eq!(lay(&Type, &sheet(vec![Block::Chart(same)])).unwrap().len(), 1);
}

/// Each plot names its parts and their figures.
#[test]
fn every_plot_says_its_figures() {
    let plots = [
        (
            Plot::Columns {
                series: vec!["归集".into(), "使用".into()],
                groups: vec![
                    ("2024".into(), vec![Money::fen(900_000), Money::fen(200_000)]),
                    ("2025".into(), vec![Money::fen(100_000), Money::ZERO]),
                ],
            },
            vec!["归集", "使用", "9,000", "2,000", "1,000", "2024", "2025"],
        ),
        (
            Plot::Bars {
                bars: vec![("1幢".into(), 9_120), ("12幢".into(), 8_499), ("3幢".into(), 0)],
                unit: Unit::BasisPoints,
                level: Some(("保本线 85.00%".into(), 8_500)),
            },
            vec!["1幢", "91.20%", "12幢", "84.99%", "0.00%", "保本线 85.00%"],
        ),
        (
            Plot::Parts(vec![
                ("维修资金".into(), Money::fen(300)),
                ("居民自筹".into(), Money::fen(100)),
            ]),
            vec!["维修资金", "3.00 元　75.00%", "1.00 元　25.00%"],
        ),
        (
            Plot::Parts(["甲", "乙", "丙"].map(|who| (who.to_owned(), Money::fen(100))).into()),
            vec!["1.00 元　33.34%", "1.00 元　33.33%"],
        ),
    ];
    for (plot, wanted) in plots {
        let chart = Chart { title: "图".into(), plot };
        let page = &lay(&Type, &sheet(vec![Block::Chart(chart)])).unwrap()[0];
        let said = said(page);
        for words in wanted {
            assert!(said.iter().any(|text| text == words), "{words} is not in {said:?}");
        }
    }
}

/// Three copies are the same pages under three names; a roll is as long as what stands on it.
#[test]
fn copies_and_papers() {
    let blocks =
        vec![Block::Table(table(5)), Block::Cut("回执".into()), Block::Notes(vec!["一句".into()])];
    let one = sheet(blocks);
    let names = ["存根", "会计", "客户"].map(String::from).to_vec();
    let three = one.clone().on(Paper::Triplicate).copies(Copies::Each(names));
    let pages = lay(&Type, &three).unwrap();
    assert_eq!(pages.len(), 3);
    assert_eq!(said(&pages[1])[0], "第二联　会计");
    assert_eq!(said(&pages[0])[1..], said(&pages[2])[1..]);

    let roll = lay(&Type, &one.clone().on(Paper::Ticket)).unwrap();
    let longer = Sheet { blocks: vec![Block::Table(table(200))], ..one }.on(Paper::Ticket);
    let long = lay(&Type, &longer).unwrap();
    assert_eq!((roll.len(), long.len()), (1, 1));
    assert!(
        roll[0].height < 120_000 && long[0].height > 800_000,
        "{} {}",
        roll[0].height,
        long[0].height
    );
}

#[test]
fn a_break_begins_a_page_and_boxes_stay_whole() {
    let blocks = vec![
        Block::Break,
        Block::Heading("一".into()),
        Block::Text("正文".into()),
        Block::Break,
        Block::Heading("二".into()),
        Block::Opinions(
            ["甲", "乙", "丙", "丁", "戊"].map(|who| Opinion::sealed(who, "同意")).into(),
        ),
    ];
    let pages = lay(&Type, &sheet(blocks)).unwrap();
    assert_eq!(pages.len(), 2);
    assert!(said(&pages[1]).iter().filter(|text| *text == "（盖章）").count() == 5);
}

/// Where each text stands: left, top, right, bottom.
fn boxes(page: &Page) -> Vec<(String, [Um; 4])> {
    let stands = |mark: &Mark| match mark {
        Mark::Text { x, y, run, style } => {
            let (right, em) = (*x + style.milli_em(run.advance), style.em());
            Some((run.text.clone(), [*x, *y - em * 88 / 100, right, *y + em * 12 / 100]))
        }
        Mark::Path { .. } | Mark::Ground { .. } | Mark::Code { .. } => None,
    };
    page.marks.iter().filter_map(stands).collect()
}

/// The name of a copy is never printed over anything, on whichever page, and all else is the same on every copy.
#[test]
fn the_name_of_a_copy_has_room_of_its_own() {
    let names = vec!["存根".to_owned(), "业主委员会留存备查一二三".to_owned()];
    for paper in [Paper::A4, Paper::Half, Paper::Triplicate, Paper::Ticket] {
        let mut of = sheet(vec![Block::Table(table(90))]).sealed("D2", "7", None).on(paper);
        of.issuer = "梧桐里国际花园二期北区住宅小区业主大会委托某某物业服务企业".into();
        let pages = lay(&Type, &of.copies(Copies::Each(names.clone()))).unwrap();
        let each = pages.len() / 2;
        assert!(paper == Paper::Ticket || each > 1, "{paper:?}");
        for (place, page) in pages.iter().enumerate() {
            let boxes = boxes(page);
            let (name, its) = &boxes[0];
            let wanted = if place < each {
                "第一联　存根"
            } else {
                "第二联　业主委员会留存备查一二三"
            };
            assert_eq!(name, wanted);
            for (text, other) in &boxes[1..] {
                let beside = its[2] <= other[0] || other[2] <= its[0];
                let under = its[3] <= other[1] || other[3] <= its[1];
                assert!(beside || under, "{paper:?} {place}: {name} over {text}");
            }
            assert!(its[0] >= 0 && its[2] <= page.width - 2 * page.origin.0, "{paper:?}");
            assert_eq!(texts(page)[1..], texts(&pages[place % each])[1..], "{paper:?} {place}");
        }
    }
}

/// A receipt of so many lines, each of which needs two on the narrower paper; a copy, with everything a receipt may say.
fn receipt(paper: PaperWord, lines: usize) -> Sheet {
    let mut values = Values { number: "2026-000001".into(), ..Values::default() };
    let seal = crate::sheet::Seal { head: "16d33c7fc57fc274".into(), vouchers: 1_234 };
    values.seal = Some(seal);
    values.warning = Some(Warning {
        word: "副本 1".into(),
        meaning: "本件为补打的第 1 张副本，与原件同号，只记一次款。".into(),
    });
    for (name, says) in [
        ("compound", "梧桐里国际花园二期北区住宅小区业主大会"),
        ("no", "2026-000001"),
        ("issued_on", "2026-04-05"),
        ("payer", "某某信息科技有限公司"),
        ("rooms", "12-3-1201、12-3-1202"),
        ("method", "现金"),
        ("reference", "20260405123456789012"),
        ("of", "2026-000000"),
        ("cashier", "王会计"),
        ("given", "9,000.00 元"),
        ("change", "61.76 元"),
        ("prepaid", "20.00 元"),
    ] {
        values.set(name, says);
    }
    let text = |text: &str| Cell::Text(text.into());
    let amount = Money::fen(123_456);
    for _ in 0..lines {
        let cells = [
            ("room", text("12-3-1201")),
            ("item", text("物业服务费")),
            ("period", text("2026-01-01 至 2026-03-31")),
            ("worked", text("107.50㎡ × 1.85元/月 × (2 + 15/31)月")),
            ("reduced", Cell::Money(Money::fen(1_234))),
            ("before", Cell::Money(amount)),
            ("amount", Cell::Money(amount)),
            ("remark", text("尚欠 1,234.56")),
        ];
        values.lines.push(cells.into());
    }
    values.sums = [("amount", std::iter::repeat_n(amount, lines).sum::<Money>())].into();
    let template = Template::shipped(&receipt::FEE).unwrap().on(paper);
    template.fill(&receipt::FEE, &values, Instant::from_seconds(0)).unwrap()
}

/// A copy of a receipt is one sheet of a form: four lines, each broken in two, go on the narrower, seven on the wider.
#[test]
fn a_receipt_is_one_page_a_copy() {
    for (paper, most) in [(PaperWord::Half, 4), (PaperWord::Triplicate, 7)] {
        for lines in 1..=most {
            let pages = lay(&Type, &receipt(paper, lines)).unwrap();
            assert_eq!(pages.len(), 3, "{paper:?}: {lines} lines");
            let sizes = pages[0].marks.iter().filter_map(|mark| match mark {
                Mark::Text { style, .. } => Some(style.size),
                _ => None,
            });
            assert!(sizes.min().unwrap() >= 70, "{paper:?}: {lines} lines");
        }
        // What is more goes on a second page.
        assert_eq!(lay(&Type, &receipt(paper, 20)).unwrap().len() % 3, 0);
        assert!(lay(&Type, &receipt(paper, 20)).unwrap().len() > 3);
    }
}

/// Moved as far as it may be, nothing comes nearer an edge than a printer reaches.
#[test]
fn what_is_moved_stays_on_the_paper() {
    let papers = [Paper::A4, Paper::A4Landscape, Paper::Half, Paper::Triplicate, Paper::Ticket];
    for paper in papers {
        let of = sheet(vec![Block::Table(table(60))]).sealed("D2", "7", None).on(paper);
        let room = leeway(paper);
        let tenths = |um: i32| i16::try_from(um).unwrap();
        for (right, down) in
            [(room.sideways, room.down), (-room.sideways, -room.up), (room.sideways, 0)]
        {
            let shift = (tenths(right), tenths(down));
            for page in lay(&Type, &Sheet { shift, ..of.clone() }).unwrap() {
                let (x, y) = page.origin;
                let edge = if paper == Paper::Triplicate { 13_000 } else { EDGE };
                for (text, stands) in boxes(&page) {
                    let sideways = x + stands[0] >= edge && x + stands[2] <= page.width - edge;
                    let upright = y + stands[1] >= EDGE && y + stands[3] <= page.height - EDGE;
                    assert!(sideways && upright, "{paper:?} {shift:?}: {text} {stands:?}");
                }
                for mark in &page.marks {
                    if let Mark::Code { x: left, y: top, size, .. } = mark {
                        assert!(y + top >= EDGE && x + left + size <= page.width - edge);
                    }
                }
            }
        }
    }
}
