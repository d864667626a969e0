//! The kinds of value a parameter of a policy pack may have, and what each of them decides.
//!
//! Owns: [`Fraction`], [`Bar`] and the typed terms of the catalogue. No database, no clock.
//!
//! Always: a threshold is compared by cross-multiplying whole numbers; whether the bound itself counts is part of the
//! datum (以上、以内、以下 include it, 过半数、超过、不足 do not: 民法典 1259). A term that is absent is the word `"none"`,
//! written and not left out. Never: a float, a percentage rounded before it is compared.

mod bars;
mod fees;
mod fund;
mod renewal;
mod revenue;
mod votes;
mod works;

pub use self::bars::*;
pub use self::fees::*;
pub use self::fund::*;
pub use self::renewal::*;
pub use self::revenue::*;
pub use self::votes::*;
pub use self::works::*;
