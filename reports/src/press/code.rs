//! A text as the modules of a QR (ISO/IEC 18004).
//!
//! Owns: [`Modules`]; alone names the crate that makes them. Always: error correction M, so that a fold or a stain does no harm.
//! Limits: 2,331 bytes.

use qrcode::{Color, EcLevel, QrCode};

use crate::{Error, Result};

/// The dark modules of a QR, as runs along its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Modules {
    /// How many modules on a side.
    pub side: u16,
    /// Row, first column, how many.
    pub runs: Vec<(u16, u16, u16)>,
}

impl Modules {
    /// The modules of a text.
    pub(super) fn of(text: &str) -> Result<Modules> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|why| Error::Bug(format!("no QR of {} bytes: {why}", text.len())))?;
        let side = code.width();
        let colours = code.to_colors();
        let mut runs = Vec::new();
        for (row, line) in (0_u16..).zip(colours.chunks(side)) {
            let mut from = None;
            for (column, colour) in (0_u16..).zip(line.iter().chain([&Color::Light])) {
                match (from, *colour) {
                    (None, Color::Dark) => from = Some(column),
                    (Some(first), Color::Light) => {
                        runs.push((row, first, column - first));
                        from = None;
                    }
                    _ => {}
                }
            }
        }
        let side = u16::try_from(side).map_err(|why| Error::Bug(why.to_string()))?;
        Ok(Modules { side, runs })
    }
}

#[cfg(test)]
mod tests {
    use super::Modules;

    /// The three finders stand where every reader looks for them.
    #[test]
    fn a_code_has_its_finders() {
        let code = Modules::of("xiaoqu:D6-7K3F-92QX").unwrap();
        assert_eq!(code.side, 25);
        let last = code.side - 7;
        for run in [(0, 0, 7), (0, last, 7), (last, 0, 7), (6, 0, 7)] {
            assert!(code.runs.contains(&run), "{run:?} is not in {:?}", code.runs);
        }
        assert!(Modules::of(&"x".repeat(3_000)).is_err());
    }
}
