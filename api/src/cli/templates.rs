//! `xiaoqu report template …`: what an office words itself, looked at, tried, kept and taken back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::books::Books;
use ledger::id::CompoundId;
use ledger::template::Whose;

use super::reports::{edited, keep, report};
use super::{DONE, Out, Ran, Stop, compound, operator, say};
use crate::documents::Device;
use crate::documents::{self, templates};

/// What is done with a template.
#[derive(Debug, Subcommand)]
pub(super) enum TemplateAct {
    /// 列出依模板排版的单据及现行的版本
    List(ListArgs),
    /// 查看模板：字段、原文、各版本
    Show(ShowArgs),
    /// 检查修改过的模板：试印一次，不留存
    Check(FileArgs),
    /// 预览：字段处印字段名
    Preview(PreviewArgs),
    /// 留存为新的一版，此后打印依这一版
    Keep(KeepArgs),
    /// 改回：不再用自己的模板，依总册的，没有则依自带的
    TakeBack(TakeBackArgs),
}

impl TemplateAct {
    pub(super) fn is_json(&self) -> bool {
        match self {
            TemplateAct::List(args) => args.json,
            TemplateAct::Show(args) => args.json,
            TemplateAct::Keep(args) => args.json,
            TemplateAct::TakeBack(args) => args.json,
            TemplateAct::Check(_) | TemplateAct::Preview(_) => false,
        }
    }
}

/// Where a wording is kept.
#[derive(Debug, Args)]
pub(super) struct WhereArgs {
    /// 小区代码；不写则为总册，对没有自己模板的全部小区
    #[arg(long, value_name = "CODE")]
    compound: Option<String>,
}

impl WhereArgs {
    async fn place(&self, books: &Books) -> Result<CompoundId, Stop> {
        Ok(match &self.compound {
            Some(code) => compound(books, code).await?.id,
            None => CompoundId::OFFICE,
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    at: WhereArgs,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// 单据名称：demand、receipt、fund-receipt、renewal
    name: String,
    #[command(flatten)]
    at: WhereArgs,
    /// 版本：own.2、office.1、shipped.1；不写则现行的
    #[arg(long, value_name = "VERSION")]
    edition: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// 单据名称
    name: String,
    /// 模板文件
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// 单据名称
    name: String,
    #[command(flatten)]
    at: WhereArgs,
    /// 模板文件；不写则预览留存的
    #[arg(long, value_name = "FILE", conflicts_with = "edition")]
    file: Option<PathBuf>,
    /// 版本：不写则现行的
    #[arg(long, value_name = "VERSION")]
    edition: Option<String>,
    /// 写到文件：.pdf、.txt、.csv 或 .xlsx
    #[arg(long, value_name = "FILE", value_parser = report)]
    out: PathBuf,
    /// 文件已有且内容不同的，覆盖
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
pub(super) struct KeepArgs {
    /// 单据名称
    name: String,
    #[command(flatten)]
    at: WhereArgs,
    /// 模板文件
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// 幂等键
    #[arg(long)]
    key: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TakeBackArgs {
    /// 单据名称
    name: String,
    #[command(flatten)]
    at: WhereArgs,
    /// 幂等键
    #[arg(long)]
    key: Option<String>,
    /// 输出 JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(books: &Books, act: TemplateAct, out: Out<'_>) -> Ran {
    match act {
        TemplateAct::List(args) => list(books, args, out).await,
        TemplateAct::Show(args) => show(books, args, out).await,
        TemplateAct::Check(args) => check(args, out),
        TemplateAct::Preview(args) => preview(books, args, out).await,
        TemplateAct::Keep(args) => {
            let known = templates::known(&args.name)?;
            let text = edited(Some(&args.file))?.unwrap_or_default();
            let place = args.at.place(books).await?;
            let what = (known, text);
            let done = templates::keep(books, &operator(), place, args.key, what).await?;
            if args.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            writeln!(out, "已留存：{}，第 {} 版", known.title, done.answer.version)?;
            Ok(DONE)
        }
        TemplateAct::TakeBack(args) => {
            let known = templates::known(&args.name)?;
            let place = args.at.place(books).await?;
            let done = templates::take_back(books, &operator(), place, args.key, known).await?;
            if args.json {
                say(out, &done.answer)?;
                return Ok(DONE);
            }
            let mut view = books.read().await?;
            let (edition, _) = templates::text_of(&mut view, place, known, None).await?;
            writeln!(out, "已改回：{}，现行 {edition}", known.title)?;
            Ok(DONE)
        }
    }
}

async fn list(books: &Books, args: ListArgs, out: Out<'_>) -> Ran {
    let place = args.at.place(books).await?;
    let every = templates::every(&mut books.read().await?, place).await?;
    if args.json {
        say(out, &every)?;
        return Ok(DONE);
    }
    for one in every {
        writeln!(out, "{:<13} {:<12} {}", one.document, one.edition, one.title)?;
    }
    Ok(DONE)
}

async fn show(books: &Books, args: ShowArgs, out: Out<'_>) -> Ran {
    let place = args.at.place(books).await?;
    let mut view = books.read().await?;
    let whole = templates::whole(&mut view, place, &args.name, args.edition.as_deref()).await?;
    drop(view);
    if args.json {
        say(out, &whole)?;
        return Ok(DONE);
    }
    writeln!(out, "# {}，{}", whole.view.title, whole.view.edition)?;
    for (what, fields) in [("字段", &whole.words), ("每行", &whole.lines), ("金额", &whole.sums)]
    {
        for field in fields {
            writeln!(out, "# {what} {{{}}} {}", field.name, field.says)?;
        }
    }
    for version in &whole.versions {
        let of = match version.whose {
            Whose::Own => "own",
            Whose::Office => "office",
        };
        let taken = if version.is_taken_back { "，改回" } else { "" };
        let at = version.kept_at.for_people();
        writeln!(out, "# 版本 {of}.{} {at}{taken}", version.version)?;
    }
    write!(out, "{}", whole.text)?;
    Ok(DONE)
}

fn check(args: FileArgs, out: Out<'_>) -> Ran {
    let known = templates::known(&args.name)?;
    let text = edited(Some(&args.file))?.unwrap_or_default();
    templates::usable(known, &text)?;
    writeln!(out, "模板可用：{}", known.title)?;
    Ok(DONE)
}

async fn preview(books: &Books, args: PreviewArgs, out: Out<'_>) -> Ran {
    let known = templates::known(&args.name)?;
    let text = match edited(args.file.as_deref())? {
        Some(text) => text,
        None => {
            let place = args.at.place(books).await?;
            let mut view = books.read().await?;
            templates::text_of(&mut view, place, known, args.edition.as_deref()).await?.1
        }
    };
    let sheet = templates::tried(known, &text, books)?;
    let device = super::reports::device(&args.out).unwrap_or(Device::Pdf);
    keep(&args.out, &documents::press_now(&sheet, device)?, args.replace)?;
    writeln!(out, "预览已写到 {}", args.out.display())?;
    Ok(DONE)
}
