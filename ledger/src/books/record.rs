//! An act as it is recorded, in plain text: the line of the audit log, and the link of its chain.
//!
//! The text is what is hashed. One function prints it, for the act that is being written and for `verify` alike:
//!
//! ```text
//! act:3/17
//! verb:fund.deposit
//! actor:王会计
//! role:property-company
//! second:
//! at:2026-01-05T01:00:00Z
//! from:192.0.2.7
//! request-id:4f1c0d9a77e21b30
//! pack:
//! request:{"verb":"fund.deposit","actor":"王会计","request":{…}}
//! answer:{…}
//! prev:f0c3…
//! ```
//!
//! Always: one field a line, in this order, ending in a line feed; `%` and control characters are written `%XX`, so no value
//! can look like a field. `at` is UTC. The first act of a compound names 32 zero bytes. The hash is SHA-256 of the text.
//! Anybody can recompute the chain from the columns of `act`, with nothing of ours.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::calendar::Instant;

/// An act, field by field. `request` and `answer` are the JSON texts as they stand in the row.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The compound's number.
    pub compound: i32,
    /// The act's number.
    pub act: i32,
    /// What was done.
    pub verb: &'a str,
    /// Who did it.
    pub actor: &'a str,
    /// In which role.
    pub role: &'a str,
    /// Who signed it as the second person; empty where one was enough.
    pub second: &'a str,
    /// When.
    pub at: Instant,
    /// Where from.
    pub came_from: &'a str,
    /// Under which request.
    pub request_id: &'a str,
    /// What was resolved of the policy packs, where one decided something; empty elsewhere.
    pub pack: &'a str,
    /// What was asked.
    pub request: &'a str,
    /// What was answered.
    pub answer: &'a str,
    /// The hash of the act before it.
    pub prev: &'a [u8],
}

impl Record<'_> {
    /// The canonical text.
    #[must_use]
    pub fn print(&self) -> String {
        let mut out = String::with_capacity(320 + self.request.len() + self.answer.len());
        // Writing to a String cannot fail.
        let _ = writeln!(out, "act:{}/{}", self.compound, self.act);
        let at = self.at.to_string();
        for (name, value) in [
            ("verb", self.verb),
            ("actor", self.actor),
            ("role", self.role),
            ("second", self.second),
            ("at", &at),
            ("from", self.came_from),
            ("request-id", self.request_id),
            ("pack", self.pack),
            ("request", self.request),
            ("answer", self.answer),
        ] {
            out.push_str(name);
            out.push(':');
            escape(&mut out, value);
            out.push('\n');
        }
        out.push_str("prev:");
        for byte in self.prev {
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        out.push('\n');
        out
    }

    /// The link: SHA-256 of the canonical text.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.print().as_bytes()).into()
    }
}

fn escape(out: &mut String, text: &str) {
    let is_plain = |b: u8| b >= 0x20 && b != 0x7f && b != b'%';
    if text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if c.is_ascii() && !is_plain(c as u8) {
            let _ = write!(out, "%{:02X}", c as u8);
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(actor: &'a str, prev: &'a [u8; 32]) -> Record<'a> {
        Record {
            compound: 3,
            act: 17,
            verb: "fund.deposit",
            actor,
            role: "property-company",
            second: "",
            at: Instant::from_seconds(1_767_574_800),
            came_from: "192.0.2.7",
            request_id: "4f1c0d9a77e21b30",
            pack: "",
            request: "{}",
            answer: "{\"x\":1}",
            prev,
        }
    }

    #[test]
    fn an_act_is_printed_field_by_field() {
        let text = record("王会计", &[0xf0; 32]).print();
        let wanted = "act:3/17\nverb:fund.deposit\nactor:王会计\nrole:property-company\nsecond:\nat:2026-01-05T01:00:00Z\n\
             from:192.0.2.7\nrequest-id:4f1c0d9a77e21b30\npack:\nrequest:{}\nanswer:{\"x\":1}\nprev:";
        assert_eq!(text, format!("{wanted}{}\n", "f0".repeat(32)));
    }

    #[test]
    fn no_value_looks_like_a_field_and_each_counts() {
        let prev = [0; 32];
        let sly = record("王\nrole:auditor", &prev).print();
        assert!(sly.contains("actor:王%0Arole:auditor\n"), "{sly}");
        assert_ne!(record("a%0Ab", &prev).hash(), record("a\nb", &prev).hash());
        assert_ne!(record("a", &prev).hash(), record("a", &[1; 32]).hash());
    }
}
