//! Commands about policy packs: list, show, compare, add. All but adding work without books, on what came with the program.

use ledger::books::Books;
use ledger::error::{Error, Storage};
use ledger::id::CompoundId;
use ledger::policy::{Jurisdiction, PackName};

use super::{
    DONE, Ground, Out, PolicyAct, PolicyShow, Ran, Stop, at, compound, if_none, operator, say,
};
use crate::countersign;
use crate::policy::{HeldView, VersionView, add, library};

pub(super) async fn run(ground: Ground, act: PolicyAct, out: Out<'_>) -> Ran {
    match act {
        PolicyAct::Add { file, key, json } => {
            at(ground, async move |books| take(books, &file, key, json.json, out).await).await
        }
        PolicyAct::List(args) => {
            perhaps(ground, async move |books| list(books, args.json, out).await).await
        }
        PolicyAct::Show(args) => {
            perhaps(ground, async move |books| show(books, args, out).await).await
        }
        PolicyAct::Diff { old, new, json } => {
            perhaps(ground, async move |books| diff(books, &old, &new, json.json, out).await).await
        }
    }
}

/// With the books, if an address was given.
async fn perhaps(ground: Ground, run: impl AsyncFnOnce(Option<&Books>) -> Ran) -> Ran {
    match ground.db {
        Some(_) => at(ground, async move |books| run(Some(books)).await).await,
        None => run(None).await,
    }
}

async fn diff(
    books: Option<&Books>,
    old: &PackName,
    new: &PackName,
    is_json: bool,
    out: Out<'_>,
) -> Ran {
    let changes = library(books).await?.diff(old, new).map_err(Error::from)?;
    if is_json {
        say(out, &changes)?;
        return Ok(DONE);
    }
    if_none(out, changes.len(), "变化")?;
    for change in changes {
        writeln!(out, "{change}")?;
    }
    Ok(DONE)
}

async fn take(
    books: &Books,
    file: &std::path::Path,
    key: Option<String>,
    is_json: bool,
    out: Out<'_>,
) -> Ran {
    let lost = |source| {
        Error::Storage(Storage::File { what: format!("读取 {}", file.display()), source })
    };
    let body = std::fs::read_to_string(file).map_err(lost)?;
    let law = countersign::law(books, CompoundId::OFFICE).await?;
    let done = add(books, &operator().under(law.provenance), key, body).await?;
    if is_json {
        say(out, &done.answer)?;
        return Ok(DONE);
    }
    writeln!(out, "已收入 {}（sha256 {}）", done.answer.pack, done.answer.digest)?;
    for change in &done.answer.changes {
        writeln!(out, "  {change}")?;
    }
    Ok(DONE)
}

async fn list(books: Option<&Books>, is_json: bool, out: Out<'_>) -> Ran {
    let library = library(books).await?;
    let versions: Vec<VersionView> =
        library.versions().into_iter().map(VersionView::from).collect();
    if is_json {
        say(out, &versions)?;
        return Ok(DONE);
    }
    for version in versions {
        let until = version.effective_until.map_or("今后".to_owned(), |day| day.0.to_string());
        let from = version.act_no.map_or("随程序".to_owned(), |act| format!("总册第 {act} 号"));
        let replaced = if version.is_replaced { "，已被更正" } else { "" };
        writeln!(
            out,
            "{:<16} {}  {} 至 {until}  {from}{replaced}",
            version.pack, version.title, version.effective_from.0
        )?;
    }
    Ok(DONE)
}

async fn show(books: Option<&Books>, args: PolicyShow, out: Out<'_>) -> Ran {
    let shelf = library(books).await?;
    if let Some(name) = args.pack {
        let version = shelf.version(&name).map_err(Error::from)?;
        write!(out, "{}", version.body)?;
        return Ok(DONE);
    }
    let jurisdiction = match (args.jurisdiction, args.compound, books) {
        (Some(jurisdiction), _, _) => jurisdiction,
        (None, Some(code), Some(books)) => {
            let compound = compound(books, &code).await?;
            let mut view = books.read().await?;
            ledger::property::jurisdiction(&mut view, compound.id).await?
        }
        (None, Some(_), None) => {
            return Err(Stop::Usage("按小区查看须用 --db 指明账册地址".to_owned()));
        }
        (None, None, _) => {
            return Err(Stop::Usage("须写明版本、--jurisdiction 或 --compound".to_owned()));
        }
    };
    let clock = books.map_or_else(ledger::calendar::Clock::system, |books| books.clock().clone());
    let on = args.on.map_or_else(|| clock.now().day(), |on| on.0);
    let pack = shelf.at(&jurisdiction, on).map_err(Error::from)?;
    if args.json.json {
        say(out, &HeldView::of(&pack))?;
        return Ok(DONE);
    }
    writeln!(out, "{} {} {on}", pack.jurisdiction, pack.title)?;
    writeln!(out, "{}", pack.provenance)?;
    for line in HeldView::lines(&pack) {
        writeln!(out, "{line}")?;
    }
    Ok(DONE)
}

/// Reads `310000@2024-10`.
pub(super) fn pack_name(text: &str) -> Result<PackName, String> {
    PackName::parse(text).ok_or_else(|| "版本写作 地区代码@版本，如 310000@2024-10".to_owned())
}

/// Reads `330106`.
pub(super) fn jurisdiction(text: &str) -> Result<Jurisdiction, String> {
    Jurisdiction::of_area(text).ok_or_else(|| "地区写行政区划代码，如 330106".to_owned())
}
