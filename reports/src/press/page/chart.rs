//! Charts on a page, in black and white: lines, hatching, names beside what they name.
//!
//! Always: an amount axis takes in zero; ticks are whole yuan; every bar carries its figure in words, so that nothing is read off
//! a length alone; parts are told apart by hatching and by their names, and their shares come to 100.00 %. Limits: what may not be below zero ([`Plot`]) is drawn as
//! zero if it is, its figure stands.

use ledger::calendar::{Day, Month};
use ledger::money::Money;

use super::{HAIR, HEAVY, Ink, LABEL, Mark, SMALL, Setter, Strip, Style, THIN, Um, VALUE};
use super::{count, leading, line, path, put, rule};
use crate::Result;
use crate::sheet::{Chart, Plot, Side, Unit, percent};

/// How an area is filled, in the order in which they are given out: neighbours are told apart without colour.
#[derive(Clone, Copy)]
enum Fill {
    Black,
    Rising,
    Blank,
    Grey,
    Falling,
    Level,
    Crossed,
    Pale,
}

const FILLS: [Fill; 8] = [
    Fill::Black,
    Fill::Rising,
    Fill::Blank,
    Fill::Grey,
    Fill::Falling,
    Fill::Level,
    Fill::Crossed,
    Fill::Pale,
];

const INK: Style = Style { ink: Ink::Black, ..SMALL };

impl Setter<'_> {
    /// A chart with its title.
    pub(super) fn chart(&self, chart: &Chart) -> Result<Strip> {
        let title = line::set(self.fount, &chart.title, LABEL)?;
        let mut marks = Vec::new();
        put(&mut marks, &title, LABEL, (0, 0), Side::Left, title.width);
        let top = leading(LABEL) + 2_500;
        let height = match &chart.plot {
            Plot::Steps { from, to, steps, level } => {
                self.steps((*from, *to), steps, level.as_ref(), top, &mut marks)?
            }
            Plot::Columns { series, groups } => self.columns(series, groups, top, &mut marks)?,
            Plot::Bars { bars, unit, level } => {
                self.bars(bars, *unit, level.as_ref(), top, &mut marks)?
            }
            Plot::Parts(parts) => self.parts(parts, top, &mut marks)?,
        };
        Ok(Strip { gap: 3_000, height, marks, ..Strip::default() })
    }

    /// Amounts side by side, group by group: how far down they reach.
    fn columns(
        &self,
        series: &[String],
        groups: &[(String, Vec<Money>)],
        top: Um,
        marks: &mut Vec<Mark>,
    ) -> Result<Um> {
        const TALL: Um = 32_000;
        const WIDEST: Um = 9_000;
        let mut x = 0;
        for (name, fill) in series.iter().zip(FILLS) {
            swatch(marks, (x, top), fill);
            let name = line::set(self.fount, name, INK)?;
            put(marks, &name, INK, (x + 5_000, top), Side::Left, name.width);
            x += name.width + 12_000;
        }
        let top = top + leading(SMALL) + 3_500;
        let amounts = groups.iter().flat_map(|(_, amounts)| amounts);
        let most = amounts.map(|amount| amount.in_fen()).max().unwrap_or(0);
        let ticks = ticks(0, most);
        let high = ticks[ticks.len() - 1];
        let mut labels = Vec::with_capacity(ticks.len());
        for fen in &ticks {
            let text = Money::fen(*fen).grouped();
            labels.push(line::set(self.fount, text.trim_end_matches(".00"), SMALL)?);
        }
        let gutter = labels.iter().map(|label| label.width).max().unwrap_or(0) + 1_500;
        for (fen, label) in ticks.iter().zip(&labels) {
            let y = top + TALL - part_of(*fen, high, TALL);
            let ink = if *fen == 0 { Ink::Black } else { Ink::Light };
            marks.push(rule(gutter, y, self.width - gutter, HAIR, ink));
            let above = y - leading(SMALL) / 2;
            put(marks, label, SMALL, (0, above), Side::Right, gutter - 1_500);
        }
        let room = (self.width - gutter) / count(groups.len().max(1));
        let mut widest = WIDEST;
        for amount in groups.iter().flat_map(|(_, amounts)| amounts) {
            let text = amount.grouped();
            let told = line::set(self.fount, text.trim_end_matches(".00"), INK)?;
            widest = widest.max(told.width + 1_000);
        }
        let wide = (room * 4 / 5 / count(series.len().max(1))).min(widest);
        let base = top + TALL;
        for (place, (name, amounts)) in groups.iter().enumerate() {
            let middle = gutter + room * count(place) + room / 2;
            let first = middle - wide * count(amounts.len()) / 2;
            for (number, (amount, fill)) in amounts.iter().zip(FILLS).enumerate() {
                let tall = part_of(amount.in_fen(), high, TALL);
                let x = first + wide * count(number);
                area(marks, (x, base - tall), (wide * 9 / 10, tall), fill);
                let text = amount.grouped();
                let told = line::set(self.fount, text.trim_end_matches(".00"), INK)?;
                // The figure stands over its column where it has room.
                if told.width <= wide && !amount.is_zero() {
                    let left = x + (wide * 9 / 10 - told.width) / 2;
                    let at = (left, base - tall - leading(SMALL));
                    put(marks, &told, INK, at, Side::Left, told.width);
                }
            }
            let name = line::set(self.fount, name, SMALL)?;
            if name.width <= room {
                put(marks, &name, SMALL, (middle - room / 2, base + 800), Side::Centre, room);
            }
        }
        Ok(base + 800 + leading(SMALL))
    }

    /// One bar a name, its figure at its end: how far down they reach.
    fn bars(
        &self,
        bars: &[(String, i64)],
        unit: Unit,
        level: Option<&(String, i64)>,
        top: Um,
        marks: &mut Vec<Mark>,
    ) -> Result<Um> {
        const TALL: Um = 3_200;
        const APART: Um = 5_200;
        let mut names = Vec::with_capacity(bars.len());
        let mut figures = Vec::with_capacity(bars.len());
        for (name, figure) in bars {
            names.push(line::set(self.fount, name, INK)?);
            figures.push(line::set(self.fount, &unit.told(*figure), INK)?);
        }
        let widest = |lines: &[line::Line]| lines.iter().map(|line| line.width).max().unwrap_or(0);
        let gutter = widest(&names) + 2_000;
        let plot = self.width - gutter - widest(&figures) - 3_000;
        let most = bars.iter().map(|(_, figure)| *figure).max().unwrap_or(0);
        let whole = if unit == Unit::BasisPoints { 10_000 } else { 1 };
        let most = most.max(level.map_or(0, |(_, figure)| *figure)).max(whole);
        let head = if level.is_some() { leading(SMALL) + 600 } else { 0 };
        let base = top + head;
        for (place, (((_, figure), name), told)) in
            bars.iter().zip(&names).zip(&figures).enumerate()
        {
            let y = base + APART * count(place);
            let fill = match level {
                Some((_, line)) if figure < line => Fill::Rising,
                _ => Fill::Grey,
            };
            let long = part_of(*figure, most, plot);
            area(marks, (gutter, y), (long, TALL), fill);
            let text = y + (TALL - leading(SMALL)) / 2;
            put(marks, name, INK, (0, text), Side::Right, gutter - 2_000);
            // Clear of the line it is held against.
            let mut x = gutter + long + 1_000;
            if let Some((_, line)) = level {
                let line = gutter + part_of(*line, most, plot);
                if x <= line && line <= x + told.width {
                    x = line + 800;
                }
            }
            put(marks, told, INK, (x, text), Side::Left, told.width);
        }
        let end = base + APART * count(bars.len());
        marks.push(path(vec![(gutter, base - 800), (gutter, end - 1_200)], THIN, Ink::Black));
        if let Some((name, figure)) = level {
            let x = gutter + part_of(*figure, most, plot);
            let mut y = base - 600;
            while y < end - 1_200 {
                marks.push(path(vec![(x, y), (x, (y + 1_200).min(end - 1_200))], THIN, Ink::Black));
                y += 1_900;
            }
            let name = line::set(self.fount, name, INK)?;
            let left = (x - name.width / 2).clamp(0, (self.width - name.width).max(0));
            put(marks, &name, INK, (left, top - 400), Side::Left, name.width);
        }
        Ok(end)
    }

    /// The parts of a whole: one bar, and under it a line for each part.
    fn parts(&self, parts: &[(String, Money)], top: Um, marks: &mut Vec<Mark>) -> Result<Um> {
        const TALL: Um = 7_000;
        let whole: i64 = parts.iter().map(|(_, amount)| amount.in_fen().max(0)).sum();
        let mut gone = 0;
        for ((_, amount), fill) in parts.iter().zip(FILLS.iter().cycle()) {
            let from = part_of(gone, whole, self.width);
            gone += amount.in_fen().max(0);
            let to = part_of(gone, whole, self.width);
            area(marks, (from, top), (to - from, TALL), *fill);
        }
        marks.push(rule(0, top, self.width, THIN, Ink::Black));
        marks.push(rule(0, top + TALL, self.width, THIN, Ink::Black));
        let mut y = top + TALL + 2_500;
        let half = self.width / 2;
        let shares = crate::shares_of_whole(parts.iter().map(|(_, amount)| *amount));
        let told = parts.iter().zip(shares).zip(FILLS.iter().cycle());
        for (place, (((name, amount), share), fill)) in told.enumerate() {
            let x = half * count(place % 2);
            swatch(marks, (x, y), *fill);
            let share = percent(share);
            let name = line::set(self.fount, name, VALUE)?;
            put(marks, &name, INK, (x + 5_000, y), Side::Left, name.width);
            let told = format!("{} 元　{share}", amount.grouped());
            let told = line::set(self.fount, &told, INK)?;
            put(marks, &told, INK, (x, y), Side::Right, half - 6_000);
            if place % 2 == 1 || place + 1 == parts.len() {
                y += leading(SMALL) + 1_200;
            }
        }
        Ok(y)
    }

    /// An amount over time as a stepped line: how far down it reaches.
    fn steps(
        &self,
        (from, to): (Day, Day),
        steps: &[(Day, Money)],
        level: Option<&(String, Money)>,
        top: Um,
        marks: &mut Vec<Mark>,
    ) -> Result<Um> {
        const TALL: Um = 30_000;
        let amounts = || steps.iter().map(|(_, amount)| amount.in_fen());
        let amounts = || amounts().chain(level.map(|(_, amount)| amount.in_fen()));
        let ticks = ticks(amounts().min().unwrap_or(0), amounts().max().unwrap_or(0));
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let labels = ticks.iter().map(|fen| {
            let text = Money::fen(*fen).grouped();
            line::set(self.fount, text.trim_end_matches(".00"), SMALL)
        });
        let labels = labels.collect::<Result<Vec<_>>>()?;
        let end = steps.last().map_or(Money::ZERO, |(_, amount)| *amount);
        let end_label = line::set(self.fount, &end.grouped(), SMALL)?;

        let gutter = labels.iter().map(|label| label.width).max().unwrap_or(0) + 1_500;
        let level_label = match level {
            Some((name, _)) => Some(line::set(self.fount, name, SMALL)?),
            None => None,
        };
        let beside = level_label.as_ref().map_or(0, |l| l.width).max(end_label.width) + 2_000;
        let plot = self.width - gutter - beside;
        let height_of =
            |amount: i64| -> Um { top + TALL - part_of(amount - low, high - low, TALL) };
        let days = (to - from).num_days().max(1);
        let across = |day: Day| -> Um {
            let gone = (day - from).num_days().clamp(0, days);
            gutter + part_of(gone, days, plot)
        };

        for (fen, label) in ticks.iter().zip(&labels) {
            let y = height_of(*fen);
            let ink = if *fen == 0 { Ink::Black } else { Ink::Light };
            marks.push(rule(gutter, y, plot, HAIR, ink));
            let above = y - leading(SMALL) / 2;
            put(marks, label, SMALL, (0, above), Side::Right, gutter - 1_500);
        }
        let mut taken = 0;
        for (day, text) in dates(from, to) {
            let label = line::set(self.fount, &text, SMALL)?;
            let x = across(day);
            marks.push(path(vec![(x, top + TALL), (x, top + TALL + 800)], HAIR, Ink::Grey));
            let left = (x - label.width / 2).clamp(0, gutter + plot - label.width / 2);
            if left >= taken {
                put(marks, &label, SMALL, (left, top + TALL + 1_000), Side::Left, label.width);
                taken = left + label.width + 2_000;
            }
        }

        let mut points: Vec<(Um, Um)> = Vec::new();
        for (day, amount) in steps {
            let (x, y) = (across(*day), height_of(amount.in_fen()));
            let before = points.last().map_or(y, |point| point.1);
            points.extend([(x, before), (x, y)]);
        }
        let end_y = points.last().map_or(top + TALL, |point| point.1);
        points.push((gutter + plot, end_y));
        marks.push(path(points, HEAVY, Ink::Black));
        let dot = (gutter + plot - 500, end_y - 500);
        let (x, y) = dot;
        marks.push(Mark::Ground { x, y, width: 1_000, height: 1_000, ink: Ink::Black });

        let beside_x = gutter + plot + 1_500;
        let end_top = end_y - leading(SMALL) / 2;
        put(marks, &end_label, INK, (beside_x, end_top), Side::Left, end_label.width);
        if let (Some(label), Some((_, amount))) = (level_label, level) {
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
            put(marks, &label, SMALL, (beside_x, clear), Side::Left, label.width);
        }
        Ok(top + TALL + 1_000 + leading(SMALL))
    }
}

/// How much of `length` a part of a whole is; nothing below zero, nothing beyond the whole.
fn part_of(part: i64, whole: i64, length: Um) -> Um {
    let whole = i128::from(whole.max(1));
    let part = i128::from(part.max(0)).min(whole);
    Um::try_from(part * i128::from(length) / whole).unwrap_or(length)
}

/// A small area of a fill, beside its name.
fn swatch(marks: &mut Vec<Mark>, (x, y): (Um, Um), fill: Fill) {
    area(marks, (x, y + 500), (4_000, 2_400), fill);
}

/// An area filled and framed.
fn area(marks: &mut Vec<Mark>, (x, y): (Um, Um), (width, height): (Um, Um), fill: Fill) {
    if width <= 0 || height <= 0 {
        return;
    }
    let ground = |ink| Mark::Ground { x, y, width, height, ink };
    match fill {
        Fill::Black => marks.push(ground(Ink::Black)),
        Fill::Grey => marks.push(ground(Ink::Light)),
        Fill::Pale => marks.push(ground(Ink::Pale)),
        Fill::Blank => {}
        Fill::Rising => hatch(marks, (x, y), (width, height), true),
        Fill::Falling => hatch(marks, (x, y), (width, height), false),
        Fill::Crossed => {
            hatch(marks, (x, y), (width, height), true);
            hatch(marks, (x, y), (width, height), false);
        }
        Fill::Level => {
            let lines = (1..).map(|n| y + n * 900).take_while(|at| *at < y + height);
            marks.extend(lines.map(|at| rule(x, at, width, HAIR, Ink::Black)));
        }
    }
    let corners = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)];
    marks.push(path(corners, HAIR, Ink::Black));
}

/// Lines at 45° through a rectangle, cut at its edges.
fn hatch(marks: &mut Vec<Mark>, (x, y): (Um, Um), (width, height): (Um, Um), rises: bool) {
    const APART: Um = 1_300;
    let mut sum = APART;
    while sum < width + height {
        // From the left or the lower edge to the upper or the right one.
        let (from, to) =
            ((0.max(sum - height), sum.min(height)), (sum.min(width), 0.max(sum - width)));
        let at = |(right, down): (Um, Um)| {
            let right = if rises { right } else { width - right };
            (x + right, y + down)
        };
        marks.push(path(vec![at(from), at(to)], HAIR, Ink::Black));
        sum += APART;
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
