//! Charts on a page: one stepped line over days, with what a reader needs to read it off.
//!
//! Always: the amount axis takes in zero; ticks are whole yuan; the closing amount is written
//! beside the end of the line. Limits: one line and one level.

use ledger::calendar::{Day, Month};
use ledger::money::Money;

use super::{HAIR, HEAVY, Ink, LABEL, Mark, SMALL, Setter, Strip, Style, THIN, Um};
use super::{leading, line, path, put, rule};
use crate::Result;
use crate::sheet::{Chart, Side};

impl Setter<'_> {
    /// A chart with its title, its axes and its closing amount.
    pub(super) fn chart(&self, chart: &Chart) -> Result<Strip> {
        const TALL: Um = 30_000;
        let level = chart.level.as_ref().map(|(_, amount)| *amount);
        let amounts = || chart.steps.iter().map(|(_, amount)| amount.in_fen());
        let amounts = || amounts().chain(level.map(Money::in_fen));
        let ticks = ticks(amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let labels = ticks.iter().map(|fen| {
            let text = Money::fen(*fen).grouped();
            line::set(self.fount, text.trim_end_matches(".00"), SMALL)
        });
        let labels = labels.collect::<Result<Vec<_>>>()?;
        let end = chart.steps.last().map_or(Money::ZERO, |(_, amount)| *amount);
        let end_label = line::set(self.fount, &end.grouped(), SMALL)?;

        let title = line::set(self.fount, &chart.title, LABEL)?;
        let mut marks = Vec::new();
        put(&mut marks, &title, LABEL, (0, 0), Side::Left, title.width);
        let top = leading(LABEL) + 2_500;
        let gutter = labels.iter().map(|label| label.width).max().unwrap_or(0) + 1_500;
        let level_label = match &chart.level {
            Some((name, _)) => Some(line::set(self.fount, name, SMALL)?),
            None => None,
        };
        let beside = level_label.as_ref().map_or(0, |l| l.width).max(end_label.width) + 2_000;
        let plot = self.width - gutter - beside;
        let height_of = |amount: i64| -> Um {
            let up = i128::from(amount - low) * i128::from(TALL) / i128::from(high - low);
            top + TALL - Um::try_from(up).unwrap_or(TALL)
        };
        let days = (chart.to - chart.from).num_days().max(1);
        let across = |day: Day| -> Um {
            let gone = (day - chart.from).num_days().clamp(0, days);
            gutter + Um::try_from(i64::from(plot) * gone / days).unwrap_or(plot)
        };

        for (fen, label) in ticks.iter().zip(&labels) {
            let y = height_of(*fen);
            let ink = if *fen == 0 { Ink::Black } else { Ink::Light };
            marks.push(rule(gutter, y, plot, HAIR, ink));
            let above = y - leading(SMALL) / 2;
            put(&mut marks, label, SMALL, (0, above), Side::Right, gutter - 1_500);
        }
        let mut taken = 0;
        for (day, text) in dates(chart.from, chart.to) {
            let label = line::set(self.fount, &text, SMALL)?;
            let x = across(day);
            marks.push(path(vec![(x, top + TALL), (x, top + TALL + 800)], HAIR, Ink::Grey));
            let left = (x - label.width / 2).clamp(0, gutter + plot - label.width / 2);
            if left >= taken {
                put(&mut marks, &label, SMALL, (left, top + TALL + 1_000), Side::Left, label.width);
                taken = left + label.width + 2_000;
            }
        }

        let mut points: Vec<(Um, Um)> = Vec::new();
        for (day, amount) in &chart.steps {
            let (x, y) = (across(*day), height_of(amount.in_fen()));
            let before = points.last().map_or(y, |point| point.1);
            points.extend([(x, before), (x, y)]);
        }
        let end_y = points.last().map_or(top + TALL, |point| point.1);
        points.push((gutter + plot, end_y));
        marks.push(path(points, HEAVY, Ink::Black));
        marks.push(Mark::Ground {
            x: gutter + plot - 500,
            y: end_y - 500,
            width: 1_000,
            height: 1_000,
            ink: Ink::Black,
        });

        let beside_x = gutter + plot + 1_500;
        let end_top = end_y - leading(SMALL) / 2;
        let end_style = Style { ink: Ink::Black, ..SMALL };
        put(&mut marks, &end_label, end_style, (beside_x, end_top), Side::Left, end_label.width);
        if let (Some(label), Some(amount)) = (level_label, level) {
            let y = height_of(amount.in_fen());
            marks.push(rule(gutter, y, plot, THIN, Ink::Grey));
            // Keep clear of the closing amount.
            let room = leading(SMALL);
            let own = y - room / 2;
            let clear = match own - end_top {
                apart if apart.abs() >= room => own,
                apart if apart > 0 => end_top + room,
                _ => end_top - room,
            };
            put(&mut marks, &label, SMALL, (beside_x, clear), Side::Left, label.width);
        }
        let height = top + TALL + 1_000 + leading(SMALL);
        Ok(Strip { gap: 3_000, height, marks, ..Strip::default() })
    }
}

/// Whole-yuan ticks in fen that take in nothing, the least and the most: at most seven.
fn ticks(least: i64, most: i64) -> Vec<i64> {
    let (least, most) = (least.min(0), most.max(100));
    let span = most - least;
    let mut step = 100;
    while span > step * 4 {
        // 1, 2, 5, 10, 20, 50, … yuan.
        let digits = step.to_string();
        step = if digits.starts_with('2') { step / 2 * 5 } else { step * 2 };
    }
    let low = least.div_euclid(step);
    let high = most.div_euclid(step) + i64::from(most.rem_euclid(step) > 0);
    (low..=high).map(|tick| tick * step).collect()
}

/// The first days of months (or of years) that a chart names below, at most nine.
fn dates(from: Day, to: Day) -> Vec<(Day, String)> {
    let months = |month: Month| month.year() * 12 + month.month() - 1;
    let (first, last) = (Month::of(from), Month::of(to));
    let span = months(last) - months(first);
    let step =
        [1, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|step| span / step < 9).unwrap_or(600);
    let mut named = Vec::new();
    let mut month = first;
    while month <= last {
        let day = month.first_day().max(from);
        if months(month) % step == 0 {
            let text = if step < 12 { month.to_string() } else { month.year().to_string() };
            named.push((day, text));
        }
        month = month.next();
    }
    named
}
