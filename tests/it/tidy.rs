//! The source itself: what the house style says and a machine can see.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folders: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    folders.iter().for_each(|f| walk(&root().join(f), &mut found));
    found.sort();
    assert!(!found.is_empty(), "the sources are where they were");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(read).collect()
}

const HOUSE: [&str; 4] = ["api/src", "ledger/src", "migrations/src", "reports/src"];

fn refuse(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let bare = sources(&HOUSE).into_iter().filter(|(_, text)| !text.starts_with("//!"));
    refuse("a file opens with what it owns", &bare.map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn every_verb_of_an_act_has_a_chinese_word() {
    let mut bare = Vec::new();
    for (name, text) in sources(&["ledger/src", "api/src"]) {
        for before in
            ["Request::new(\"", "Request::describing(\"", "Act::new(\"", ".act(\"", "= \"fund."]
        {
            for (at, _) in text.match_indices(before) {
                let quoted = text[at..].split('"').nth(1).unwrap();
                let is_verb = quoted.contains('.')
                    && quoted.bytes().all(|b| b.is_ascii_lowercase() || b".-".contains(&b));
                if is_verb
                    && ledger::audit::verb_in_chinese(quoted) == quoted
                    && !name.contains("refus")
                {
                    bare.push(format!("{name}: {quoted}"));
                }
            }
        }
    }
    refuse("a verb has a word in ledger/src/audit/words.rs", &bare);
    assert!(ledger::audit::VERBS.is_sorted(), "the verbs stand in order");
}

#[test]
fn names_are_the_trades_words() {
    const BANNED: [&str; 16] = [
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "manager",
        "service",
        "handler",
        "processor",
        "impl",
        "dto",
        "dao",
        "repo",
        "entity",
        "model",
    ];
    let mut found = Vec::new();
    for (name, text) in sources(&HOUSE) {
        let stem = Path::new(&name).file_stem().unwrap().to_string_lossy().to_string();
        if BANNED.contains(&stem.as_str()) {
            found.push(name.clone());
        }
        for (i, line) in text.lines().enumerate() {
            let declared = ["struct ", "enum ", "trait "].iter().find_map(|word| {
                let at =
                    line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                at.strip_prefix(word)
            });
            let Some(declared) = declared else { continue };
            let type_name: String = declared.chars().take_while(|c| c.is_alphanumeric()).collect();
            let lower = type_name.to_lowercase();
            if BANNED.iter().any(|b| lower.ends_with(b)) && type_name != "ServiceFee" {
                found.push(format!("{name}:{} {type_name}", i + 1));
            }
        }
    }
    refuse("no utils, manager, service, handler, helper", &found);
}

#[test]
fn no_float_comes_near_money() {
    let mut found = Vec::new();
    for (name, text) in sources(&["ledger/src", "migrations/src"]) {
        for (i, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            let is_float = ["f32", "f64"].iter().any(|f| {
                code.match_indices(f).any(|(at, _)| {
                    let before = code[..at].chars().next_back().unwrap_or(' ');
                    let after = code[at + 3..].chars().next().unwrap_or(' ');
                    !before.is_alphanumeric()
                        && before != '_'
                        && !after.is_alphanumeric()
                        && after != '_'
                })
            });
            // A workbook's cell is a float before anybody can help it; it becomes text at once.
            if is_float && !name.starts_with("ledger/src/intake/") {
                found.push(format!("{name}:{}", i + 1));
            }
        }
    }
    refuse("money is never a float", &found);
}

#[test]
fn the_database_is_asked_for_its_kind_in_few_places() {
    const MAY: [&str; 9] = [
        "ledger/src/books/dialect.rs",
        "ledger/src/books/ground.rs",
        "ledger/src/books/lane.rs",
        "ledger/src/books/sheaf.rs",
        "ledger/src/books/tx.rs",
        "ledger/src/journal/stream.rs",
        "ledger/src/journal/verify.rs",
        "migrations/src/dialect.rs",
        "ledger/src/journal/verify/",
    ];
    let asks = sources(&HOUSE).into_iter().filter(|(name, text)| {
        text.contains("DbBackend") && !MAY.iter().any(|m| name.starts_with(m))
    });
    refuse("two databases, one behaviour", &asks.map(|(name, _)| name).collect::<Vec<_>>());
}

/// serde reads a variant without fields of an enum told apart by a tag, and lets it bring fields nobody knows, whatever
/// `deny_unknown_fields` says. With braces it does not.
#[test]
fn what_denies_unknown_fields_denies_them_in_every_variant() {
    let mut found = Vec::new();
    for (file, text) in sources(&HOUSE) {
        for (at, _) in text.match_indices("tag = \"") {
            let after = &text[at..];
            let Some((attribute, rest)) = after.split_once(")]") else { continue };
            if attribute.contains("content =") || !attribute.contains("deny_unknown_fields") {
                continue;
            }
            let body = rest.split_once("enum ").map_or("", |(_, body)| body);
            let body = body.split("\n}\n").next().unwrap_or_default();
            let bare = body.lines().filter(|line| {
                line.strip_prefix("    ").and_then(|l| l.strip_suffix(',')).is_some_and(|name| {
                    name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric)
                })
            });
            found.extend(bare.map(|line| format!("{file}: {}", line.trim())));
        }
    }
    refuse("a tagged variant without fields is written with braces", &found);
}

#[test]
fn the_manifests_are_the_fence() {
    let manifest =
        |name: &str| std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
    for (package, fence) in [
        ("ledger", "axum"),
        ("ledger", "printpdf"),
        ("reports", "sea-orm"),
        ("api", "sea-orm"),
        ("api", "printpdf"),
        ("migrations", "ledger"),
    ] {
        let found = manifest(package).lines().any(|l| l.starts_with(fence));
        assert!(!found, "{package} must not know {fence}");
    }
}

#[test]
fn rooms_look_only_behind_them() {
    const ORDER: [&str; 30] = [
        "books",
        "policy",
        "people",
        "countersign",
        "property",
        "audit",
        "allocation",
        "journal",
        "intake",
        "bank",
        "governance",
        "tariff",
        "fund",
        "fees",
        "gains",
        "channel",
        "arrears",
        "trust",
        "revenue",
        "subsidy",
        "works",
        "renovation",
        "life",
        "accounts",
        "import",
        "template",
        "hooks",
        "district",
        "verify",
        "",
    ];
    // Founding a compound opens its books, so property may ask the journal, which owns no word of property's.
    const EXCEPT: [(&str, &str); 1] = [("property", "journal")];
    let mut found = Vec::new();
    for (name, text) in sources(&["ledger/src"]) {
        let room = name
            .trim_start_matches("ledger/src/")
            .split(['/', '.'])
            .next()
            .unwrap_or("")
            .to_owned();
        let Some(place) = ORDER.iter().position(|r| *r == room) else { continue };
        for (i, line) in text.lines().enumerate() {
            let Some(used) = line.trim().strip_prefix("use crate::") else { continue };
            let other = used.split([':', ';', '{']).next().unwrap_or("");
            let Some(there) = ORDER.iter().position(|r| *r == other) else { continue };
            let is_room_code =
                used.starts_with("property::room_code") || used.starts_with("property::{RoomCode");
            if there > place && !EXCEPT.contains(&(room.as_str(), other)) && !is_room_code {
                found.push(format!("{name}:{}: {room} uses {other}", i + 1));
            }
        }
    }
    refuse("a room may use those before it", &found);
}

#[test]
fn no_test_is_put_to_sleep() {
    let mut found = Vec::new();
    for (name, text) in sources(&["ledger/src", "reports/src", "api/src", "tests/it"]) {
        if name.ends_with("tidy.rs") {
            continue;
        }
        for (i, line) in text.lines().enumerate() {
            if line.contains("#[ignore")
                || line.contains("todo!(")
                || line.contains("unimplemented!(")
            {
                found.push(format!("{name}:{}", i + 1));
            }
        }
    }
    refuse("nothing is a stub", &found);
}

/// The two introductions walk through the same day, and a fee is billed there before it is paid.
#[test]
fn both_introductions_say_the_same_commands() {
    let commands = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("xiaoqu "));
        let plain = lines.map(|line| line.split('#').next().unwrap_or(line).trim().to_owned());
        // What the reader calls their own file is theirs.
        plain.map(|line| line.split(" --out ").next().unwrap_or_default().to_owned()).collect()
    };
    let english = commands("README.md");
    assert_eq!(english, commands("README.zh-CN.md"));
    let place = |verb: &str| english.iter().position(|line| line.starts_with(verb)).unwrap();
    assert!(place("xiaoqu bank-lines") < place("xiaoqu deposit"));
    assert!(place("xiaoqu bill") < place("xiaoqu pay"));
}
