//! The words of the command line: its help, and what is wrong with a command, in Chinese.
//!
//! Owns: [`in_chinese`], [`fault`]. The parser knows what is wrong and tells it in parts; the sentences are made here. A kind
//! of fault that has no sentence is told in the parser's own words.

use std::error::Error as _;

use clap::builder::PossibleValue;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use crate::shape;

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// A command and all below it with Chinese headings, and with the parser's remarks on each argument in Chinese.
pub(super) fn in_chinese(command: Command) -> Command {
    let version = Arg::new("version").short('V').long("version").help("显示版本");
    let command = command.arg(version.action(ArgAction::Version).help_heading("选项"));
    dressed(command.disable_version_flag(true))
}

fn dressed(command: Command) -> Command {
    let help = Arg::new("help").short('h').long("help").help("显示帮助").action(ArgAction::Help);
    command
        .disable_help_flag(true)
        .mut_args(told)
        .arg(help.help_heading("选项").display_order(1000))
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .mut_subcommands(dressed)
}

/// An argument with its choices and its default said in its help.
fn told(arg: Arg) -> Arg {
    let arg = match arg.is_positional() {
        true => arg.help_heading("参数"),
        false => arg.help_heading("选项"),
    };
    if !arg.get_action().takes_values() {
        return arg;
    }
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let choice = |value: &PossibleValue| match value.get_help() {
        Some(meaning) => format!("{} {meaning}", value.get_name()),
        None => value.get_name().to_owned(),
    };
    let choices: Vec<String> = arg.get_possible_values().iter().map(choice).collect();
    if !choices.is_empty() {
        help += &format!("：{}", choices.join("、"));
    }
    let default = arg.get_default_values().first().map(|value| value.to_string_lossy());
    if let Some(default) = default.filter(|default| !default.is_empty()) {
        help += &format!("（默认 {default}）");
    }
    if let Some(name) = arg.get_env() {
        help += &format!("（或环境变量 {}）", name.to_string_lossy());
    }
    arg.help(help).hide_default_value(true).hide_possible_values(true).hide_env(true)
}

/// What the parser writes of usage, in Chinese.
pub(super) fn usage(text: &str) -> String {
    text.replace("Usage: ", "用法：").replace("[OPTIONS]", "[选项]")
}

/// Why a value does not fit: a sentence of ours, or what the parser of numbers says.
fn reason(why: &str) -> String {
    let bounds = why.rsplit_once(" is not in ").and_then(|(_, bounds)| bounds.split_once("..="));
    match bounds {
        Some((least, most)) => format!("须为 {least} 至 {most} 的整数"),
        None => shape::misfit("", why),
    }
}

/// What is wrong with a command.
pub(super) fn fault(error: &clap::Error) -> String {
    let said = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let perhaps = |kind: ContextKind, word: &str| match said(kind) {
        text if text.is_empty() => text,
        text => format!("；{word} {text}"),
    };
    let (arg, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let sentence = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 须有值"),
        ErrorKind::InvalidValue => {
            format!("{arg} 没有“{value}”这一种{}", perhaps(ContextKind::ValidValue, "可用的是"))
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{arg} 不能是“{value}”：{}", reason(&why))
        }
        ErrorKind::UnknownArgument => {
            format!("没有参数 {arg}{}", perhaps(ContextKind::SuggestedArg, "是否指"))
        }
        ErrorKind::InvalidSubcommand => {
            let word = said(ContextKind::InvalidSubcommand);
            format!("没有命令 {word}{}", perhaps(ContextKind::SuggestedSubcommand, "是否指"))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少 {arg}"),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::ArgumentConflict => match said(ContextKind::PriorArg) {
            prior if prior == arg || prior.is_empty() => format!("{arg} 只能写一次"),
            prior => format!("{arg} 不能与 {prior} 同写"),
        },
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{arg} 的值个数不对")
        }
        ErrorKind::InvalidUtf8 => "参数不是 UTF-8 文字".to_owned(),
        _ => error.to_string(),
    };
    let how = usage(&said(ContextKind::Usage));
    let how = if how.is_empty() { how } else { format!("\n\n{how}") };
    format!("命令有误：{sentence}{how}\n\n详见 xiaoqu --help\n")
}
