//! Paper on its way: pressed where blocking is allowed, and sent as it is written.
//!
//! Owns: [`Device`] (its form), [`flowing`] (a sheet), [`bound`] (a whole batch as one file), the pipe between the press and whoever asked.
//!
//! Always: a sheet is set whole before its first byte leaves, so that what cannot be printed is told as a problem; once bytes
//! are on their way a failure tears the answer off and never ends it as if it were whole. Only so many sheets are pressed at
//! once ([`PRESSES`]); whoever reads slowly holds neither a press nor the books: at most the bytes of one sheet and a few
//! chunks wait for them, and they are given up after [`PATIENCE`] without a byte taken. Never: a file whole in memory. Limits:
//! [`STREAMS`] under way; a workbook goes to a temporary file first, because its places are written last.

use std::io::{Read as _, Seek as _, Write};
use std::time::Duration;

use axum::body::Body;
use ledger::error::{Error, Result, Rule};
use reports::press::pdf::Binding;
use reports::press::{book, list, text};
use reports::sheet::Sheet;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::batch::of_one;
use super::{bug, unset};
use crate::problem;
use crate::wire::{Files, Paper};

/// How many sheets are pressed at once: a long one takes some 70 MB, and a house of 256 MB must not fall of them.
pub(crate) static PRESSES: Semaphore = Semaphore::const_new(2);
/// How many papers are on their way at once; each has a thread that mostly waits.
static STREAMS: Semaphore = Semaphore::const_new(64);
/// How long a reader may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many bytes leave together.
const CHUNK: usize = 1 << 16;

/// On what a paper is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "形式：json、pdf、text、csv、xlsx")]
pub enum Device {
    /// The wire.
    #[default]
    #[schemars(description = "JSON")]
    Json,
    /// Paper.
    #[schemars(description = "PDF，可打印")]
    Pdf,
    /// A terminal.
    #[schemars(description = "文本")]
    Text,
    /// A spreadsheet's plain form.
    #[schemars(description = "CSV")]
    Csv,
    /// A spreadsheet.
    #[schemars(description = "xlsx")]
    Xlsx,
}

impl Device {
    /// The device of a file's ending.
    #[must_use]
    pub fn of_ending(ending: &str) -> Option<Device> {
        match ending.to_ascii_lowercase().as_str() {
            "pdf" => Some(Device::Pdf),
            "txt" => Some(Device::Text),
            "csv" => Some(Device::Csv),
            "xlsx" => Some(Device::Xlsx),
            _ => None,
        }
    }

    /// A paper to keep, under a name without its ending.
    pub fn kept<T>(self, name: &str, bytes: impl Into<Body>) -> Paper<T, ReportFiles> {
        Paper::file(self.media(), format!("{name}.{}", self.ending()), bytes)
    }

    const fn ending(self) -> &'static str {
        match self {
            Device::Json => "json",
            Device::Pdf => "pdf",
            Device::Text => "txt",
            Device::Csv => "csv",
            Device::Xlsx => "xlsx",
        }
    }

    const fn media(self) -> &'static str {
        match self {
            Device::Json => "application/json",
            Device::Pdf => "application/pdf",
            Device::Text => "text/plain; charset=utf-8",
            Device::Csv => "text/csv; charset=utf-8",
            Device::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A paper's files.
#[derive(Debug)]
pub struct ReportFiles;

impl Files for ReportFiles {
    const KINDS: &'static [&'static str] =
        &[Device::Pdf.media(), Device::Text.media(), Device::Csv.media(), Device::Xlsx.media()];
    const RULES: &'static [&'static Rule] =
        &[&problem::NO_GLYPH, &problem::NO_SPACE, &problem::REPORT_ASKED];
}

/// What comes through the pipe.
enum Piece {
    Bytes(Vec<u8>),
    /// It failed; what was sent is not the whole.
    Torn(Error),
    /// That was all.
    Whole,
}

/// The press's end of the pipe.
struct Pipe {
    to: mpsc::Sender<Piece>,
    waiting: Vec<u8>,
    runtime: Handle,
}

/// What is written waits until it is passed on: a press never waits for a reader.
impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    /// Sends what waits, if it is so much.
    fn pass(&mut self, least: usize) -> Result<()> {
        if self.waiting.len() < least.max(1) {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.waiting);
        let sent = self.to.send(Piece::Bytes(bytes));
        match self.runtime.block_on(async { tokio::time::timeout(PATIENCE, sent).await }) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(bug("whoever asked is gone")),
            Err(_) => Err(bug("whoever asked takes nothing")),
        }
    }

    /// A sheet added to a file, when a press is free.
    fn set(binding: &mut Binding<Pipe>, sheet: &Sheet) -> Result<()> {
        let runtime = binding.to().runtime.clone();
        let place = runtime.block_on(PRESSES.acquire()).map_err(bug)?;
        binding.add(sheet).map_err(unset)?;
        drop(place);
        binding.to().pass(CHUNK)
    }
}

/// A sheet as a file, pressed where blocking is allowed.
///
/// # Errors
/// `door.no-glyph`, `report.no-space`.
pub(super) async fn pressed(sheet: Sheet, device: Device) -> Result<Vec<u8>> {
    let _place = PRESSES.acquire().await.map_err(bug)?;
    let pressed = tokio::task::spawn_blocking(move || super::press_now(&sheet, device));
    pressed.await.map_err(bug)?
}

/// A sheet on its way.
///
/// # Errors
/// `door.no-glyph`, `report.no-space`, `door.busy`.
pub(crate) async fn flowing(sheet: Sheet, device: Device) -> Result<Body> {
    begun(move |mut pipe| match device {
        Device::Pdf => {
            let mut binding = Binding::begin(pipe).map_err(unset)?;
            Pipe::set(&mut binding, &sheet)?;
            binding.finish().map_err(unset)
        }
        Device::Xlsx => {
            let mut file = tempfile::tempfile().map_err(bug)?;
            book::press_into(&sheet, &mut file).map_err(bug)?;
            file.rewind().map_err(bug)?;
            let mut chunk = vec![0; CHUNK];
            loop {
                match file.read(&mut chunk).map_err(bug)? {
                    0 => return Ok(pipe),
                    read => pipe.write_all(&chunk[..read]).map_err(bug)?,
                }
                pipe.pass(CHUNK)?;
            }
        }
        Device::Csv => {
            pipe.write_all(&list::tables(&sheet).map_err(bug)?).map_err(bug)?;
            Ok(pipe)
        }
        Device::Text | Device::Json => {
            pipe.write_all(text::press(&sheet).as_bytes()).map_err(bug)?;
            Ok(pipe)
        }
    })
    .await
}

/// So many sheets bound into one file, sent while they are still drawn.
///
/// # Errors
/// As [`flowing`], naming which sheet it is; the first of the drawing.
pub(super) async fn bound(
    many: usize,
    mut sheets: mpsc::Receiver<Result<Vec<Sheet>>>,
) -> Result<Body> {
    begun(move |pipe| {
        let mut binding = Binding::begin(pipe).map_err(unset)?;
        let mut done = 0;
        while let Some(drawn) = sheets.blocking_recv() {
            for sheet in drawn? {
                Pipe::set(&mut binding, &sheet).map_err(|why| of_one(why, &sheet))?;
                done += 1;
            }
        }
        if done != many {
            return Err(bug(format!("{done} of {many} sheets were drawn")));
        }
        binding.finish().map_err(unset)
    })
    .await
}

/// Begins an answer: a failure before the first bytes is told as such.
async fn begun(run: impl FnOnce(Pipe) -> Result<Pipe> + Send + 'static) -> Result<Body> {
    let full = |_| problem::BUSY.refuse("同时在印的单据已满");
    let place = STREAMS.try_acquire().map_err(full)?;
    let (to, mut from) = mpsc::channel(2);
    let runtime = Handle::current();
    let pipe = Pipe { to: to.clone(), waiting: Vec::new(), runtime: runtime.clone() };
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let last = match run(pipe).and_then(|mut pipe| pipe.pass(0)) {
            Ok(()) => Piece::Whole,
            Err(why) => Piece::Torn(why),
        };
        // Whoever asked may be gone: then there is nobody to tell.
        let _ = runtime.block_on(async { tokio::time::timeout(PATIENCE, to.send(last)).await });
    });
    let stopped = || bug("the press stopped");
    let first = match from.recv().await.ok_or_else(stopped)? {
        Piece::Bytes(first) => first,
        Piece::Whole => return Ok(Body::empty()),
        Piece::Torn(why) => return Err(why),
    };
    // What is whole at once has a length.
    let second = match from.recv().await.ok_or_else(stopped)? {
        Piece::Whole => return Ok(Body::from(first)),
        Piece::Torn(why) => return Err(why),
        Piece::Bytes(second) => second,
    };
    let waiting = std::collections::VecDeque::from([first, second]);
    let rest = futures_util::stream::try_unfold((waiting, from), |(mut waiting, mut from)| async {
        if let Some(bytes) = waiting.pop_front() {
            return Ok(Some((bytes, (waiting, from))));
        }
        let torn = |why: Error| {
            tracing::error!(why = %why, "a paper was torn off");
            std::io::Error::other("torn off")
        };
        match from.recv().await {
            Some(Piece::Bytes(bytes)) => Ok(Some((bytes, (waiting, from)))),
            Some(Piece::Whole) => Ok(None),
            Some(Piece::Torn(why)) => Err(torn(why)),
            None => Err(torn(bug("the press stopped"))),
        }
    });
    Ok(Body::from_stream(rest))
}
