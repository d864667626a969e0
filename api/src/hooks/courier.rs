//! Who carries events to their receivers, beside the doors, in `serve` and `demo`.
//!
//! Always: one event at a time for each subscription, the subscriptions beside one another, so that a receiver that is
//! slow or down holds up nobody else; nothing is sent without the subscription's lease; an event that was sent and not
//! noted is sent again. When told to end, what is on the wire is finished and noted, and the leases are given back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ledger::books::{Actor, Books, Request};
use ledger::error::Result;
use ledger::hooks::{self, After, Changed, Lot, Outcome, Switch};
use ledger::id::{CompoundId, HookNo};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::wire::Wire;
use crate::config::Outgoing;
use crate::metrics::Shared;

/// How often it is asked whether there is something to send.
const LOOK: Duration = Duration::from_millis(500);
/// How long a subscription rests after the storage failed it.
const PAUSE: Duration = Duration::from_secs(15);
/// How often old rows are swept out.
const SWEEP: Duration = Duration::from_secs(3600);

/// Carries events.
#[derive(Clone, Debug)]
pub struct Courier {
    books: Books,
    wire: Wire,
    metrics: Shared,
    holder: Arc<str>,
    stop: watch::Receiver<bool>,
}

impl Courier {
    /// A courier who stops when `stop` says so.
    ///
    /// # Errors
    /// Those of [`Wire::new`].
    pub fn new(
        books: Books,
        outgoing: &Outgoing,
        metrics: Shared,
        stop: watch::Receiver<bool>,
    ) -> Result<Courier> {
        let mut bytes = [0_u8; 8];
        // Two holders of one name would share a lease: without randomness the process number must do.
        let _ = getrandom::fill(&mut bytes);
        let holder = format!("{}-{:016x}", std::process::id(), u64::from_be_bytes(bytes));
        Ok(Courier { books, wire: Wire::new(outgoing)?, metrics, holder: holder.into(), stop })
    }

    /// Carries until told to stop.
    pub async fn run(mut self) {
        let mut walks: JoinSet<HookNo> = JoinSet::new();
        let mut under_way: HashSet<HookNo> = HashSet::new();
        let mut swept = tokio::time::Instant::now();
        let mut is_away = false;
        while !self.has_to_stop() {
            match hooks::ready(&self.books).await {
                Ok(ready) => {
                    is_away = false;
                    for no in ready.into_iter().filter(|no| under_way.insert(*no)) {
                        let courier = self.clone();
                        walks.spawn(async move {
                            if !courier.walk(no).await {
                                courier.pause().await;
                            }
                            no
                        });
                    }
                }
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(code = error.code(), "the courier cannot see what is due");
                }
                Err(_) => {}
            }
            if swept.elapsed() >= SWEEP {
                swept = tokio::time::Instant::now();
                if let Err(error) = hooks::sweep(&self.books).await {
                    tracing::warn!(code = error.code(), "old deliveries were not swept");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = self.stop.wait_for(|stop| *stop) => {}
            }
            while let Some(done) = walks.try_join_next() {
                match done {
                    Ok(no) => under_way.remove(&no),
                    // Nobody knows which it was: all are asked anew, and the leases keep them apart.
                    Err(_) => {
                        under_way.clear();
                        false
                    }
                };
            }
        }
        while walks.join_next().await.is_some() {}
    }

    /// Carries what is due now, once; answers when nothing is left to do. For whoever wants to wait for it.
    ///
    /// # Errors
    /// Storage.
    pub async fn round(&self) -> Result<()> {
        let ready = hooks::ready(&self.books).await?;
        futures_util::future::join_all(ready.into_iter().map(|no| self.walk(no))).await;
        Ok(())
    }

    fn has_to_stop(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits a while, unless it has to stop: what could not be done now cannot be done in half a second either.
    async fn pause(mut self) {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Serves one subscription until nothing is due, then gives its lease back. `false` if the storage, or a key that is
    /// not there, kept it from it.
    async fn walk(&self, no: HookNo) -> bool {
        let walked = self.carry(no).await;
        if let Err(error) = &walked {
            tracing::warn!(hook = no.0, code = error.code(), "an event is on hold");
        }
        if let Err(error) = hooks::release(&self.books, no, &self.holder).await {
            tracing::warn!(hook = no.0, code = error.code(), "a lease was not given back");
        }
        walked.is_ok()
    }

    async fn carry(&self, no: HookNo) -> Result<()> {
        let mut after = CompoundId::OFFICE;
        while !self.has_to_stop() {
            let Some(lot) = hooks::take(&self.books, no, &self.holder, after).await? else {
                return Ok(());
            };
            after = lot.parcels.last().map_or(after, hooks::Parcel::compound);
            if !self.empty(&lot).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends a lot's events in order. `false`: no more for this subscription now.
    async fn empty(&self, lot: &Lot) -> Result<bool> {
        for parcel in &lot.parcels {
            if self.has_to_stop() {
                return Ok(false);
            }
            let outcome = self.wire.send(lot, parcel, self.books.clock().now()).await;
            let no = lot.hook_no;
            let then = hooks::settle(&self.books, no, &self.holder, parcel, &outcome).await?;
            self.tell(no, &parcel.id, &outcome, then);
            match then {
                After::Delivered | After::Dead => {}
                After::Again(_) => return Ok(true),
                After::Lost => return Ok(false),
                After::Gone => {
                    self.stop_for_good(no).await?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn tell(&self, no: HookNo, event: &str, outcome: &Outcome, then: After) {
        let word = match then {
            After::Delivered => "delivered",
            After::Again(_) => "again",
            After::Dead => "dead",
            After::Gone => "gone",
            After::Lost => "lost",
        };
        self.metrics.sent(word);
        let Outcome { status, fault, millis } = outcome;
        if then == After::Delivered {
            tracing::debug!(hook = no.0, event, status, millis, "delivered");
        } else {
            tracing::warn!(
                hook = no.0,
                event,
                status,
                fault,
                millis,
                outcome = word,
                "not delivered"
            );
        }
    }

    /// The receiver said 410: the subscription is stopped, by an act like any other.
    async fn stop_for_good(&self, no: HookNo) -> Result<()> {
        let why = "接收方应答 410，不再接收".to_owned();
        let request = Request::new("hooks.disable", Switch { hook_no: no, is_active: false, why });
        let operator = Actor::operator();
        let done = self.books.act(&operator, CompoundId::OFFICE, request, |tx, asked: &Switch| {
            Box::pin(hooks::switch(tx, asked))
        });
        match done.await {
            // Somebody was first.
            Err(error) if error.code() == hooks::STANDING.code => Ok(()),
            done => done.map(|_: ledger::books::Done<Changed>| ()),
        }
    }
}
