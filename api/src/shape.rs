//! What does not fit, told in Chinese: the field, what belongs there, what was written.
//!
//! Owns: [`json`], [`query`], [`toml()`], [`misfit`]. The readers of JSON, queries and TOML speak English, and in few phrases; those are
//! known here by their beginnings. What is not known is passed on as it came, with its field.

use ledger::error::{Refusal, Rule};
use ledger::property::{self, NotRoom};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::SHAPE;

/// Reads JSON strictly.
///
/// # Errors
/// `door.shape`, `property.room-code`, with the field and the reader's own words among the facts.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let told = serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = e.path().to_string();
        (path, e.into_inner())
    });
    let told = told.and_then(|told| match from.end() {
        Ok(()) => Ok(told),
        Err(e) => Err((String::new(), e)),
    });
    told.map_err(|(path, e)| {
        let raw = e.to_string();
        let evidence = match e.classify() {
            serde_json::error::Category::Data => misfit(&path, &raw),
            _ if bytes.iter().all(u8::is_ascii_whitespace) => "内容是空的，须为 JSON".to_owned(),
            _ => format!("不是完整的 JSON：第 {} 行第 {} 列读不下去", e.line(), e.column()),
        };
        refuse(evidence, &path, raw)
    })
}

/// Refuses lists where an object belongs. serde reads a list as an object whose fields come in order, which no document
/// says and nobody means; bodies without a list need not be looked at.
///
/// # Errors
/// `door.shape`.
pub fn objects<T: JsonSchema>(bytes: &[u8]) -> Result<(), Refusal> {
    // What is no JSON at all is told by the strict reader.
    let Ok(told) = serde_json::from_slice::<Value>(bytes) else { return Ok(()) };
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    match list_for_object(&schema, &told, String::new()) {
        Some(path) => {
            let raw = "invalid type: sequence, expected a map";
            Err(refuse(misfit(&path, raw), &path, raw.to_owned()))
        }
        None => Ok(()),
    }
}

/// The first place where a list is written and an object belongs.
fn list_for_object(schema: &Value, told: &Value, path: String) -> Option<String> {
    let choices = ["anyOf", "oneOf"].iter().filter_map(|name| schema[name].as_array()).flatten();
    let mut wanted = choices.chain([schema]).filter(|schema| schema["properties"].is_object());
    match told {
        Value::Array(_) if wanted.any(|schema| schema["type"] != "null") => Some(path),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| list_for_object(&schema["items"], item, format!("{path}[{i}]"))),
        Value::Object(fields) => wanted.find_map(|schema| {
            fields.iter().find_map(|(name, field)| {
                let dot = if path.is_empty() { "" } else { "." };
                list_for_object(&schema["properties"][name], field, format!("{path}{dot}{name}"))
            })
        }),
        _ => None,
    }
}

/// What is wrong in a TOML text: where, and what of it is known in Chinese. The text itself may hold secrets and is not shown.
#[must_use]
pub fn toml(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let raw = error.message();
    let told = misfit("", raw);
    // The parser itself speaks English, of quotes and brackets; where it stumbled says as much.
    let told = if told == raw {
        "写法不合 TOML：检查引号、括号与等号".to_owned()
    } else {
        told
    };
    format!("第 {line} 行：{told}")
}

/// What readers of numbers say of one that does not fit.
const OUT_OF_RANGE: [&str; 5] = [
    "invalid digit found in string",
    "number out of range",
    "number too large to fit in target type",
    "number too small to fit in target type",
    "cannot parse integer from empty string",
];

/// The refusal of a query, from what its reader said of it.
#[must_use]
pub fn query(said: &str) -> Refusal {
    let said = said.rsplit_once("query string: ").map_or(said, |(_, said)| said);
    let is_path = |head: &&str| !head.contains([' ', '`']);
    let (path, raw) = match said.split_once(": ").filter(|(head, _)| is_path(head)) {
        Some((path, raw)) => (path, raw),
        None => ("", said),
    };
    refuse(format!("查询参数：{}", misfit(path, raw)), path, raw.to_owned())
}

fn refuse(evidence: String, path: &str, raw: String) -> Refusal {
    let refusal = rule_of(&raw).refuse(evidence).with("cause", raw);
    if path.is_empty() || path == "." { refusal } else { refusal.with("field", path) }
}

/// By which rule a value is refused. One that has its shape and no meaning to the trade goes by the trade's own rule, as
/// where it stands in an address.
fn rule_of(raw: &str) -> &'static Rule {
    if NotRoom::is_said_by(without_place(raw)) { &property::ROOM } else { &SHAPE }
}

/// JSON's reader says where; the field says it better.
fn without_place(raw: &str) -> &str {
    raw.rsplit_once(" at line ").map_or(raw, |(said, _)| said)
}

/// One misfit as a sentence. `raw` is what serde or a reader of ours said of the value at `path`.
#[must_use]
pub fn misfit(path: &str, raw: &str) -> String {
    let raw = without_place(raw);
    let inside = if path == "." { "" } else { path };
    let named = |name: &str| match inside.rsplit_once('.') {
        _ if inside.is_empty() || inside == name => name.to_owned(),
        Some((_, last)) if last == name => inside.to_owned(),
        _ => format!("{inside}.{name}"),
    };
    let field = if inside.is_empty() { String::new() } else { format!("字段 {inside} ") };
    let quoted = || raw.split('`').nth(1).unwrap_or_default();
    let wanted = || raw.split_once("expected ").map_or("", |(_, wanted)| wanted);
    let after = |phrase: &str| {
        let (found, _) = raw.strip_prefix(phrase)?.rsplit_once(", expected ")?;
        Some(found)
    };
    if raw.starts_with("missing field") {
        format!("缺少字段 {}", named(quoted()))
    } else if raw.starts_with("duplicate field") {
        format!("字段 {} 写了两次", named(quoted()))
    } else if raw.starts_with("unknown field") {
        format!("没有字段 {}{}", named(quoted()), choice(wanted()))
    } else if raw.starts_with("unknown variant") {
        format!("{field}没有“{}”这一种{}", quoted(), choice(wanted()))
    } else if let Some(found) = after("invalid value: integer ") {
        format!("{field}须为范围之内的整数，写的是 {}", found.trim_matches('`'))
    } else if let Some(found) = after("invalid type: ").or_else(|| after("invalid value: ")) {
        format!("{field}须为{}，写的是{}", expected(wanted()), found_in_chinese(found))
    } else if OUT_OF_RANGE.contains(&raw) {
        format!("{field}须为范围之内的整数")
    } else {
        format!("{field}{raw}")
    }
}

/// `one of `a`, `b`` as a choice.
fn choice(wanted: &str) -> String {
    let words: Vec<&str> = wanted.split('`').skip(1).step_by(2).collect();
    if words.is_empty() { String::new() } else { format!("；可用的是 {}", words.join("、")) }
}

fn expected(wanted: &str) -> String {
    let is_integer = wanted.strip_prefix(['i', 'u']).is_some_and(|bits| bits.parse::<u8>().is_ok());
    match wanted {
        _ if is_integer => "整数".to_owned(),
        "a string" | "a borrowed string" => "文字".to_owned(),
        "a boolean" => "true 或 false".to_owned(),
        "a sequence" => "列表".to_owned(),
        "a map" => "对象".to_owned(),
        "string or map" | "variant identifier" => "规定的词".to_owned(),
        _ if wanted.starts_with("struct ") => "对象".to_owned(),
        _ if wanted.contains('`') => {
            wanted.split('`').skip(1).step_by(2).collect::<Vec<_>>().join("、")
        }
        _ => wanted.to_owned(),
    }
}

fn found_in_chinese(found: &str) -> String {
    let bare = |text: &str| text.trim_matches('`').to_owned();
    for (english, chinese) in [
        ("string ", "文字 "),
        ("integer ", "整数 "),
        ("floating point ", "小数 "),
        ("boolean ", " "),
    ] {
        if let Some(value) = found.strip_prefix(english) {
            return format!("{chinese}{}", bare(value));
        }
    }
    match found {
        "null" | "unit value" | "Option value" => "空值 null".to_owned(),
        "map" => "对象".to_owned(),
        "sequence" => "列表".to_owned(),
        _ => found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Asked {
        fen: i64,
        #[serde(default)]
        word: String,
        #[serde(default)]
        bills: Vec<Bill>,
        #[serde(default)]
        way: Option<Way>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Bill {
        room: String,
        fen: u16,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Way {
        Cash,
        Cheque,
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_field() {
        for (text, told) in [
            ("", "内容是空的，须为 JSON"),
            ("{\n \"fen\": 1,,", "不是完整的 JSON：第 2 行第 11 列读不下去"),
            (r#"{"fen":1} x"#, "不是完整的 JSON：第 1 行第 11 列读不下去"),
            ("{}", "缺少字段 fen"),
            ("null", "须为对象，写的是空值 null"),
            (r#"{"fen":"100"}"#, "字段 fen 须为整数，写的是文字 \"100\""),
            (r#"{"fen":1.5}"#, "字段 fen 须为整数，写的是小数 1.5"),
            (r#"{"fen":null}"#, "字段 fen 须为整数，写的是空值 null"),
            (r#"{"fen":1,"fen":2}"#, "字段 fen 写了两次"),
            (r#"{"fen":1,"word":true}"#, "字段 word 须为文字，写的是 true"),
            (r#"{"fen":1,"fem":2}"#, "没有字段 fem；可用的是 fen、word、bills、way"),
            (r#"{"fen":1,"bills":{}}"#, "字段 bills 须为列表，写的是对象"),
            (r#"{"fen":1,"bills":[{"room":"1","fen":1},{"fen":1}]}"#, "缺少字段 bills[1].room"),
            (
                r#"{"fen":1,"bills":[{"room":"1","fen":-1}]}"#,
                "字段 bills[0].fen 须为范围之内的整数，写的是 -1",
            ),
            (
                r#"{"fen":1,"bills":[{"rom":"1","fen":1}]}"#,
                "没有字段 bills[0].rom；可用的是 room、fen",
            ),
            (r#"{"fen":1,"way":"gold"}"#, "字段 way 没有“gold”这一种；可用的是 cash、cheque"),
        ] {
            let refusal = json::<Asked>(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.evidence, told, "{:?}", refusal.facts);
        }
        let refusal = query(
            "Failed to deserialize query string: limit: number too large to fit in target type",
        );
        assert_eq!(refusal.evidence, "查询参数：字段 limit 须为范围之内的整数");
        let refusal = query("Failed to deserialize query string: as_of: 日期须写作 2026-01-05");
        assert_eq!(refusal.evidence, "查询参数：字段 as_of 日期须写作 2026-01-05");
        let refusal = query("Failed to deserialize query string: missing field `kind`");
        assert_eq!(refusal.evidence, "查询参数：缺少字段 kind");
    }

    #[test]
    fn a_list_is_no_object() {
        for (text, path) in [
            ("[1]", "须为对象，写的是列表"),
            (r#"{"fen":1,"bills":[["1-1-101",1]]}"#, "字段 bills[0] 须为对象，写的是列表"),
            (
                r#"{"fen":1,"bills":[{"room":"1","fen":1},[]]}"#,
                "字段 bills[1] 须为对象，写的是列表",
            ),
        ] {
            assert_eq!(objects::<Asked>(text.as_bytes()).unwrap_err().evidence, path);
        }
        for text in
            [r#"{"fen":1,"bills":[{"room":"1","fen":1}]}"#, r#"{"fen":[1],"word":[]}"#, "[[", "{}"]
        {
            assert!(objects::<Asked>(text.as_bytes()).is_ok(), "{text}");
        }
    }
}
