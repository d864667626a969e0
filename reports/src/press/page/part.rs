//! The small parts of a page: fields, a sum, notes, signatures, boxes for offices, a line to cut along, the QR.
//!
//! Always: labels of a grid column take the same room; a box is never split. Limits: four boxes, four signatures abreast.

use super::{
    Frame, HAIR, Ink, LABEL, Mark, Modules, NOTE, SMALL, Setter, Strip, Strips, THIN, Um, VALUE,
    count, leading, line, path, put, rule,
};
use crate::Result;
use crate::sheet::{Field, Opinion, Side, Sum};

impl Setter<'_> {
    /// Labelled values in a grid.
    pub(super) fn fields(
        &self,
        across: usize,
        fields: &[Field],
        column: &mut Strips<'_>,
    ) -> Result<()> {
        let across = across.max(1);
        let padding = self.frame.padding();
        let cell = self.width / count(across);
        let mut rows: Vec<Vec<(usize, &Field)>> = vec![Vec::new()];
        let mut place = 0;
        for field in fields {
            if place + field.span.min(across) > across {
                rows.push(Vec::new());
                place = 0;
            }
            rows.last_mut().expect("there is always a row").push((place, field));
            place += field.span.clamp(1, across);
        }
        // Values stand one under another: the labels of a grid column take the same room.
        let mut rooms = vec![0; across];
        for (place, field) in rows.iter().flatten() {
            let label = line::set(self.fount, &field.label, LABEL)?;
            rooms[*place] = rooms[*place].max(label.width + LABEL.em());
        }

        let many = rows.len();
        for (number, row) in rows.iter().enumerate() {
            let mut marks = Vec::new();
            let mut tallest = 1;
            for (place, field) in row {
                let x = cell * count(*place);
                let room = rooms[*place];
                let label = line::set(self.fount, &field.label, LABEL)?;
                put(&mut marks, &label, LABEL, (x, padding), Side::Left, room);
                let measure = cell * count(field.span.clamp(1, across)) - room - 2 * padding;
                let lines = line::wrap(self.fount, &field.value, VALUE, measure)?;
                tallest = tallest.max(lines.len());
                let mut y = padding;
                for line in &lines {
                    put(&mut marks, line, VALUE, (x + room, y), Side::Left, measure);
                    y += leading(VALUE);
                }
            }
            let height = leading(VALUE) * count(tallest) + 2 * padding;
            marks.push(rule(0, height, self.width, HAIR, Ink::Light));
            let (gap, glued) = (if number == 0 { 1_500 } else { 0 }, number + 1 < many);
            column.strips.push(Strip { gap, height, marks, glued, ..Strip::default() });
        }
        Ok(())
    }

    /// An amount in figures and in capitals.
    pub(super) fn sum(&self, sum: &Sum) -> Result<Strip> {
        let padding = self.frame.padding();
        let figures = line::set(self.fount, &format!("¥{}", sum.amount.grouped()), VALUE.bold())?;
        let label = line::set(self.fount, &sum.label, LABEL)?;
        let x = label.width + LABEL.em();
        let words = format!("人民币（大写）{}", sum.amount.in_capitals());
        // On a roll the capitals stand below the figures.
        let narrow = self.frame.is_narrow();
        let aside = if narrow { 0 } else { x + figures.width + LABEL.em() };
        let x = if narrow { 0 } else { x };
        let measure = self.width - aside;
        let lines = line::wrap(self.fount, &words, VALUE.bold(), measure)?;

        let mut marks = Vec::new();
        let mut y = 2 * padding;
        put(&mut marks, &label, LABEL, (0, y), Side::Left, label.width);
        if narrow {
            put(&mut marks, &figures, VALUE, (0, y), Side::Right, self.width);
            y += leading(VALUE);
        }
        for (place, line) in lines.iter().enumerate() {
            put(&mut marks, line, VALUE, (x, y), Side::Left, measure);
            if place == 0 && !narrow {
                put(&mut marks, &figures, VALUE, (0, y), Side::Right, self.width);
            }
            y += leading(VALUE);
        }
        let height = y + 2 * padding;
        marks.push(rule(0, height, self.width, THIN, Ink::Black));
        Ok(Strip { height, marks, ..Strip::default() })
    }

    /// A numbered sentence.
    pub(super) fn note(&self, number: usize, note: &str) -> Result<Vec<Strip>> {
        let mark = line::set(self.fount, &format!("{number}."), NOTE)?;
        let mut pieces = self.prose(note, NOTE, NOTE.em() * 2)?;
        if let Some(first) = pieces.first_mut() {
            put(&mut first.marks, &mark, NOTE, (0, 0), Side::Left, mark.width);
            // Read the number first.
            first.marks.rotate_right(mark.runs.len());
        }
        Ok(pieces)
    }

    /// Names with lines to sign on.
    pub(super) fn signatures(&self, names: &[String]) -> Result<Strip> {
        let abreast = if self.frame.is_narrow() { 1 } else { names.len().clamp(1, 4) };
        let room = self.width / count(abreast);
        let mut marks = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let x = room * count(place % abreast);
            let y = (leading(VALUE) + 4_000) * count(place / abreast);
            let line = line::set(self.fount, name, VALUE)?;
            put(&mut marks, &line, VALUE, (x, y), Side::Left, line.width);
            let from = x + line.width + VALUE.em() / 2;
            let to = x + room - VALUE.em();
            marks.push(rule(from, y + leading(VALUE), (to - from).max(0), HAIR, Ink::Black));
        }
        let rows = count(names.len().max(1).div_ceil(abreast));
        let height = rows * (leading(VALUE) + 4_000) - 3_000;
        // Room for a seal.
        let gap = if self.frame.is_short() { 5_000 } else { 6_000 };
        Ok(Strip { gap, height, marks, ..Strip::default() })
    }

    /// Boxes side by side, each with room to write, a place for the seal and a line for name and day.
    pub(super) fn opinions(&self, of: &[Opinion], column: &mut Strips<'_>) -> Result<()> {
        const ROOM: Um = 26_000;
        const BESIDE: Um = 1_500;
        let padding = self.frame.padding();
        let abreast = if self.frame.is_narrow() { 1 } else { of.len().clamp(1, 4) };
        for (number, row) in of.chunks(abreast).enumerate() {
            let wide = self.width / count(abreast);
            let mut marks = Vec::new();
            let mut tall = ROOM;
            for (place, opinion) in row.iter().enumerate() {
                let x = wide * count(place);
                let mut y = padding;
                let who = format!("{}意见", opinion.who.trim_end_matches("意见"));
                for line in line::wrap(self.fount, &who, LABEL, wide - 2 * BESIDE)? {
                    put(&mut marks, &line, LABEL, (x + BESIDE, y), Side::Left, wide);
                    y += leading(LABEL);
                }
                for line in line::wrap(self.fount, &opinion.says, VALUE, wide - 2 * BESIDE)? {
                    put(&mut marks, &line, VALUE, (x + BESIDE, y), Side::Left, wide);
                    y += leading(VALUE);
                }
                tall = tall.max(y + 3 * leading(NOTE) + 2 * padding);
            }
            for (place, opinion) in row.iter().enumerate() {
                let x = wide * count(place);
                let day = line::set(self.fount, "年　　月　　日", NOTE)?;
                let last = tall - leading(NOTE) - padding;
                put(&mut marks, &day, NOTE, (x + BESIDE, last), Side::Right, wide - 2 * BESIDE);
                let sign = line::set(self.fount, "签名", NOTE)?;
                put(&mut marks, &sign, NOTE, (x + BESIDE, last - leading(NOTE)), Side::Left, wide);
                if opinion.seal {
                    let seal = line::set(self.fount, "（盖章）", NOTE)?;
                    let (at, room) = ((x + BESIDE, last - leading(NOTE)), wide - 2 * BESIDE);
                    put(&mut marks, &seal, NOTE.grey(), at, Side::Right, room);
                }
                marks.push(path(vec![(x, 0), (x, tall)], THIN, Ink::Black));
            }
            let right = wide * count(row.len());
            marks.push(path(vec![(right, 0), (right, tall)], THIN, Ink::Black));
            marks.push(rule(0, 0, right, THIN, Ink::Black));
            marks.push(rule(0, tall, right, THIN, Ink::Black));
            let gap = if number == 0 { 4_000 } else { 0 };
            column.strips.push(Strip { gap, height: tall, marks, ..Strip::default() });
        }
        Ok(())
    }

    /// A line to cut along, with the name of what is torn off; not parted from it.
    pub(super) fn cut(&self, name: &str) -> Result<Strip> {
        let words = line::set(self.fount, &format!("{name}（沿此线剪下）"), SMALL)?;
        let mut marks = Vec::new();
        let (dash, y) = (2_000, leading(SMALL) / 2);
        let (from, to) =
            ((self.width - words.width) / 2 - 2_000, (self.width + words.width) / 2 + 2_000);
        let mut x = 0;
        while x < self.width {
            let end = (x + dash).min(self.width);
            if end <= from || x >= to {
                marks.push(rule(x, y, end - x, THIN, Ink::Grey));
            }
            x += 2 * dash;
        }
        put(&mut marks, &words, SMALL, (0, 0), Side::Centre, self.width);
        Ok(Strip {
            gap: 5_000,
            height: leading(SMALL) + 1_000,
            marks,
            glued: true,
            leads: true,
            ..Strip::default()
        })
    }

    /// The QR in the middle of a roll.
    pub(super) fn code(&self, modules: &Modules) -> Strip {
        let Frame { code: size, .. } = self.frame;
        let x = (self.width - size) / 2;
        let marks = vec![Mark::Code { x, y: 0, size, modules: modules.clone() }];
        Strip { gap: 3_000, height: size + 1_000, marks, ..Strip::default() }
    }
}
