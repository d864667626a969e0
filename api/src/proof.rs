//! The door where somebody who is in shows once more who they are, for what the law wants shown anew.
//!
//! Always: a code of one's own second factor, in a session one began oneself; used once, and a wrong one counts like a failed
//! log-in.

use ledger::people::{SESSION_ONLY, Shown};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::door::{Caller, Told};
use crate::problem::Problem;
use crate::wire::{Once, Taken};

/// A code that proves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "再次验证")]
pub struct ProofAsked {
    #[schemars(description = "验证码：验证器当前的六位数字，或恢复码", example = &"287082")]
    code: String,
}

/// `POST /session/proof`: this session has shown a second factor now.
///
/// # Errors
/// `people.session-only`; those of [`ledger::people::Entrance::prove`].
pub async fn prove(caller: Caller, Told(asked): Told<ProofAsked>) -> Result<Once<Taken>, Problem> {
    let (Shown::Session(session), Some(person)) = (caller.who.shown(), caller.who.person()) else {
        return Err(SESSION_ONLY.refuse("本次不是凭会话来的").into());
    };
    caller.entrance.prove(&caller.actor, person, session, asked.code).await?;
    Ok(Once::taken())
}
