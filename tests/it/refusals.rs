//! Every rule of the house: its code, what it says, what to do about it, and that some test runs into it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == text, "{} differs; UPDATE=1 rewrites it, then read it", path.display());
}

#[test]
fn the_catalogue_is_as_it_was_read() {
    let mut text = String::new();
    let mut codes = BTreeSet::new();
    for rule in ledger::rules() {
        assert!(codes.insert(rule.code), "{} twice", rule.code);
        let (room, name) = rule.code.split_once('.').expect("room.rule");
        assert!(
            !room.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{}",
            rule.code
        );
        assert!(!rule.rule.is_empty() && !rule.remedy.is_empty(), "{}", rule.code);
        let _ = writeln!(
            text,
            "{} ({:?})\n  规则 {}\n  办法 {}",
            rule.code, rule.kind, rule.rule, rule.remedy
        );
    }
    golden("rules.txt", &text);
}

/// A rule nobody can run into is no rule. The file that runs into it names its code, or its constant.
#[test]
fn every_rule_is_provoked_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    for folder in ["it", "benches", "cases"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "rs" || e == "txt")
                && !path.ends_with("refusals.rs")
            {
                tests += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let intake = std::fs::read_to_string(root.join("../ledger/src/intake/tests.rs")).unwrap();
    let names = std::fs::read_to_string(root.join("../ledger/src/intake.rs")).unwrap();
    let mut idle = Vec::new();
    for rule in ledger::rules() {
        // Intake's unit tests name the constants.
        let constant = names.lines().find(|l| l.contains(&format!("\"{}\"", rule.code)));
        let constant = constant.and_then(|l| l.trim().split(' ').next()).unwrap_or("\u{0}");
        if !tests.contains(rule.code) && !intake.contains(rule.code) && !intake.contains(constant) {
            idle.push(rule.code);
        }
    }
    assert!(idle.is_empty(), "no test runs into: {idle:#?}");
}
