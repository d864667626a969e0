//! The log: one event, one line, on standard error.
//!
//! Always: whatever a client sent, a control character in it is written as `\uXXXX`, so that no line can be forged and no
//! terminal be driven; a panic is one line too, with its place and without its words, which may hold data. Never: a body, a
//! token, a telephone or identity number (the doors log none). Rotation is the business of whoever collects it (journald).

use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// Begins the log. Once per process; a second call changes nothing.
pub fn begin(filter: &str, format: LogFormat) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Lines(io::stderr));
    let begun = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    if begun.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panicked");
        }));
    }
}

/// Makes writers that keep an event on its line.
#[derive(Clone, Copy, Debug)]
pub struct Lines<M>(pub M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Lines<M> {
    type Writer = OneLine<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }
}

/// Writes one event. The subscriber hands an event over whole, with the end of its line.
#[derive(Debug)]
pub struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = event.strip_suffix(b"\n").unwrap_or(event);
        let text = String::from_utf8_lossy(line);
        let mut out = String::with_capacity(text.len() + 1);
        for c in text.chars() {
            // Line and paragraph separators end a line for some readers.
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                // As JSON writes it, which a line of text may as well. All of these fit four digits.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            } else {
                out.push(c);
            }
        }
        out.push('\n');
        self.0.write_all(out.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(is_json: bool) -> String {
        let kept = Kept::default();
        let sink = kept.clone();
        let log =
            tracing_subscriber::fmt().with_ansi(false).with_writer(Lines(move || sink.clone()));
        let attack = "x\r\n2026-01-01 ERROR forged\u{1b}[2J\u{9b}31m\u{2028}y";
        let tell = || {
            tracing::info!(route = attack, shown = %attack, "answered {attack}");
            tracing::info!("next");
        };
        if is_json {
            tracing::subscriber::with_default(log.json().flatten_event(true).finish(), tell);
        } else {
            tracing::subscriber::with_default(log.finish(), tell);
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_line_and_drives_no_terminal() {
        for is_json in [false, true] {
            let text = said(is_json);
            let lines: Vec<&str> = text.split('\n').collect();
            assert_eq!(lines.len(), 3, "two events and the end: {text:?}");
            assert!(lines[0].contains("forged") && lines[1].contains("next"), "{text:?}");
            let is_clean = |c: char| c == '\n' || !(c.is_control() || c == '\u{2028}');
            assert!(text.chars().all(is_clean), "{text:?}");
        }
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        for line in said(true).lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["level"], "INFO");
        }
    }
}
