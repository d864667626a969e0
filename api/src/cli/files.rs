//! Commands about files: taking one in, listing what was taken, writing a book out.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use ledger::books::{Books, NONE};
use ledger::error::{Error, Refusal, Storage};
use ledger::import::{self, Kind, Report, Terms};
use ledger::intake::{File, MAX_BYTES, too_large};
use serde_json::json;

use super::{
    BankBook, DONE, ExportArgs, FileArgs, Ground, Import, Out, REFUSED, Ran, Stop, compound,
    if_none, operator, put, say,
};
use crate::{imports, journal};

/// How many faults and differences are told to a person; a program gets all.
const TOLD_MOST: usize = 20;

pub(super) async fn import(db: Ground, import: Import, out: Out<'_>) -> Ran {
    let (kind, args) = match import {
        Import::Register(args) => (Kind::Register, args),
        Import::Deposits(args) => (Kind::Deposits, args),
        Import::Fees(args) => (Kind::Fees, args),
        Import::Bank(args) => (Kind::Bank, args),
        Import::Wechat(args) => (Kind::Wechat, args),
        Import::Alipay(args) => (Kind::Alipay, args),
        Import::Invoices(args) => (Kind::Invoices, args),
        Import::Undo { .. } | Import::List { .. } => {
            return Err(Stop::Usage("撤销与列出不需要文件".to_owned()));
        }
    };
    match take(&db, kind, &args).await {
        Ok(report) => {
            if args.json {
                say(out, &report)?
            } else {
                tell(&report, &args, out)?
            }
            Ok(if report.rejected.is_empty() { DONE } else { REFUSED })
        }
        Err(Stop::Failed(Error::Refused(refusal))) if args.json => {
            whole_file(&refusal, &args.file, out)
        }
        Err(stop) => Err(stop),
    }
}

async fn take(db: &Ground, kind: Kind, args: &FileArgs) -> Result<Report, Stop> {
    let bytes = Arc::new(bytes_of(&args.file)?);
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if std::io::stderr().is_terminal() {
        eprintln!("正在读取 {name} …");
    }
    let terms = Terms {
        compound: args.compound.compound.clone(),
        name: args.name.clone(),
        good_rows: args.good_rows,
        book: args.book.book(),
    };
    let reading = imports::read(kind, name.clone(), Arc::clone(&bytes), terms.clone()).await?;
    let (books, _blank) = books_for(db, kind, args.dry_run).await?;
    let report = imports::run(&books, &operator(), &reading, &terms, args.dry_run).await;
    books.close().await?;
    let report = report?;
    if let Some(path) = &args.rejects
        && let Some(rejects) = reading.rejects_file(&report, File { name: &name, bytes: &bytes })?
    {
        put(path, &rejects)?;
    }
    Ok(report)
}

/// The books a file goes to. Only a register founds them; a look at one leaves nothing behind, and where there are no books
/// yet it is judged against blank ones, which go with the folder that is answered beside them.
async fn books_for(
    db: &Ground,
    kind: Kind,
    is_dry: bool,
) -> Result<(Books, Option<tempfile::TempDir>), Stop> {
    if kind == Kind::Register && !is_dry {
        return Ok((db.open().await?, None));
    }
    match db.existing().await {
        Err(Stop::Failed(none)) if kind == Kind::Register && none.code() == NONE.code => {
            let what = "建立临时目录".to_owned();
            let folder = tempfile::tempdir()
                .map_err(|source| Error::Storage(Storage::File { what, source }))?;
            let blank = format!("sqlite:{}", folder.path().join("blank.sqlite").display());
            Ok((Books::open(&blank).await.map_err(Stop::from)?, Some(folder)))
        }
        opened => Ok((opened?, None)),
    }
}

/// The file's bytes; of one that is too large none, and of a pipe only so many as show that it is.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let lost = |source| {
        Error::Storage(Storage::File { what: format!("读取 {}", path.display()), source })
    };
    let file = std::fs::File::open(path).map_err(lost)?;
    let size = file.metadata().map_err(lost)?.len();
    if size > MAX_BYTES as u64 {
        return Err(too_large(size).into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(lost)?;
    Ok(bytes)
}

/// A refusal of the whole file, in the shape of a report.
fn whole_file(refusal: &Refusal, file: &Path, out: Out<'_>) -> Ran {
    let rule = refusal.rule;
    let mut rejected = json!({
        "file": file.file_name().unwrap_or_default().to_string_lossy(),
        "cell": "",
        "value": "",
        "code": rule.code,
        "rule": rule.rule,
        "evidence": refusal.evidence,
        "remedy": rule.remedy,
    });
    for (name, value) in &refusal.facts {
        if rejected.get(name).is_none_or(|known| known == "") {
            rejected[name] = value.clone();
        }
    }
    let told = json!({
        "refused": {
            "code": rule.code,
            "rule": rule.rule,
            "evidence": refusal.evidence,
            "remedy": rule.remedy,
        },
        "rows": 0,
        "accepted": 0,
        "sum_fen": 0,
        "rejected": [rejected],
        "committed": false,
    });
    say(out, &told)?;
    Ok(REFUSED)
}

fn tell(report: &Report, args: &FileArgs, out: Out<'_>) -> Result<(), Stop> {
    let kind = report.kind.in_chinese();
    let (name, code) = (&report.compound_name, &report.compound);
    writeln!(out, "{kind} {} → {name}（{code}）", report.file)?;
    let mut bad: Vec<(&str, usize)> = report.rejected.iter().map(|r| (&*r.sheet, r.row)).collect();
    bad.sort_unstable();
    bad.dedup();
    let verb = if args.dry_run { "可导入" } else { "已导入" };
    writeln!(
        out,
        "  数据 {} 行：{verb} {} 行，账册已有 {} 行，不合格 {} 行",
        report.rows,
        report.accepted,
        report.known,
        bad.len()
    )?;
    writeln!(out, "  合计 {} 元", report.sum_fen.grouped())?;
    let figures = &report.figures;
    let counts = [
        ("房屋", figures.dwellings, "套"),
        ("未售", figures.unsold, "套"),
        ("产权人", figures.owners, "人"),
        ("能认出房号的收款", figures.matchable, "笔"),
        ("待查明的收款", figures.unidentified, "笔"),
    ];
    for (what, count, unit) in counts {
        if let Some(count) = count {
            writeln!(out, "  {what} {count} {unit}")?;
        }
    }
    if let Some(area) = figures.area {
        writeln!(out, "  建筑面积 {area} ㎡")?;
    }
    let sums = [
        ("应收", figures.due),
        ("收入", figures.inflow),
        ("支出", figures.outflow),
        ("期末余额", figures.closing),
    ];
    for (what, sum) in sums {
        if let Some(sum) = sum {
            writeln!(out, "  {what} {} 元", sum.grouped())?;
        }
    }
    if let Some(no) = report.import_no {
        writeln!(out, "  导入编号 {no}；撤销：xiaoqu import undo {no} --compound {code}")?;
        if report.kind == Kind::Bank {
            let (book, verb) = match args.book {
                BankBook::Fund => ("", "deposit --room 房号 --line 编号"),
                BankBook::Service => {
                    (" --book service", "pay --room 房号 --line 编号 --amount … --method … --on …")
                }
            };
            writeln!(
                out,
                "下一步：列出待认领的流水 xiaoqu bank-lines --compound {code}{book} --unclaimed"
            )?;
            writeln!(out, "        逐笔认领 xiaoqu {verb} --compound {code}")?;
        }
    }
    if let (Kind::Wechat | Kind::Alipay, Some(_)) = (report.kind, report.import_no) {
        let name = report.kind.name();
        writeln!(out, "下一步：认定订单 xiaoqu channel match --compound {code} --channel {name}")?;
    }
    for note in &report.notes {
        writeln!(out, "提示：{note}")?;
    }
    tell_rejects(report, args, out)?;
    tell_differences(report, out)
}

fn tell_rejects(report: &Report, args: &FileArgs, out: Out<'_>) -> Result<(), Stop> {
    if report.rejected.is_empty() {
        return Ok(());
    }
    writeln!(out, "不合格 {} 处：", report.rejected.len())?;
    for reject in report.rejected.iter().take(TOLD_MOST) {
        writeln!(out, "  {} “{}”", reject.place(), reject.value)?;
        writeln!(out, "    规则：{} [{}]", reject.rule, reject.code)?;
        writeln!(out, "    办法：{}", reject.remedy)?;
    }
    if report.rejected.len() > TOLD_MOST {
        writeln!(out, "  …… 其余 {} 处", report.rejected.len() - TOLD_MOST)?;
    }
    if let Some(path) = &args.rejects {
        writeln!(out, "退回清单已写到 {}", path.display())?;
    }
    if let Some(refusal) = report.refusal().filter(|_| !args.dry_run) {
        let remedy = refusal.refusal().map_or("", |refusal| refusal.remedy());
        writeln!(out, "一行也没有导入。{remedy}")?;
    }
    Ok(())
}

fn tell_differences(report: &Report, out: Out<'_>) -> Result<(), Stop> {
    if report.difference_count == 0 {
        return Ok(());
    }
    writeln!(out, "与账册的差异 {} 处（不影响导入）：", report.difference_count)?;
    for difference in report.differences.iter().take(TOLD_MOST) {
        let import::Difference { what, cell, room, in_file, in_books } = difference;
        writeln!(out, "  {cell} {room} {what}：文件 {in_file}，账册 {in_books}")?;
    }
    if report.difference_count > TOLD_MOST {
        writeln!(out, "  …… 其余 {} 处", report.difference_count - TOLD_MOST)?;
    }
    Ok(())
}

pub(super) async fn list(books: &Books, code: &str, is_json: bool, out: Out<'_>) -> Ran {
    let compound = compound(books, code).await?;
    let mut view = books.read().await?;
    let imports = import::imports(&mut view, compound.id).await?;
    if is_json {
        say(out, &imports)?;
        return Ok(DONE);
    }
    if_none(out, imports.len(), "导入")?;
    for import in imports {
        let undone = if import.is_undone { "（已撤销）" } else { "" };
        let kind = Kind::named(&import.kind).map_or("", Kind::in_chinese);
        writeln!(
            out,
            "{:>4}  {}  {kind} {} 行  {}{undone}",
            import.import_no.0,
            import.recorded_at.for_people(),
            import.row_count,
            import.file_name
        )?;
    }
    Ok(DONE)
}

pub(super) async fn export(books: &Books, args: ExportArgs, out: Out<'_>) -> Ran {
    let compound = compound(books, &args.compound.compound).await?;
    let mut view = books.read().await?;
    let (book, format) = (args.book, args.format);
    let Some(path) = &args.out else {
        let mut out = BufWriter::new(out);
        let written = journal::write_out(&mut view, compound.id, book, format, &mut out).await;
        // A reader that left (`| head`) is no failure.
        return match written {
            Err(Error::Storage(Storage::File { source, .. }))
                if source.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                Err(Stop::Unread)
            }
            written => {
                written?;
                out.flush()?;
                Ok(DONE)
            }
        };
    };
    let lost = |source| {
        Error::Storage(Storage::File { what: format!("写入 {}", path.display()), source })
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let beside = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
    let mut beside = BufWriter::new(beside.map_err(lost)?);
    journal::write_out(&mut view, compound.id, book, format, &mut beside).await?;
    let beside = beside.into_inner().map_err(|e| lost(e.into_error()))?;
    beside.as_file().sync_all().map_err(lost)?;
    beside.persist(path).map_err(|e| lost(e.error))?;
    Ok(DONE)
}
