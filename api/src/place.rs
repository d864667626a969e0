//! So many at once, and no place held by waiting.
//!
//! Owns: [`Places`] (how many there are, of each kind), [`Seat`] (the place of one request).
//!
//! Always: a request has a place while it is worked on. Whoever is still saying what they want after `PROMPT` gives theirs
//! back until the body is whole: a body that dribbles holds a connection and nothing more, and has
//! [`Config::body_time`](crate::config::Config) in all, a file the time of its route and one of fewer places for files, of
//! which each may hold a whole file in memory. Of whoever has shown nothing yet, one address has so many requests under way
//! and no more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::error::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::problem::{BUSY, SLOW_BODY, TOO_FAST};

/// How long a body may take without giving up its place: what was sent with the header is here long before.
const PROMPT: Duration = Duration::from_millis(50);
/// Of so many places one is for a file that is still coming.
const FILES_ONE_IN: usize = 8;

/// The places of the house.
#[derive(Debug)]
pub struct Places {
    all: Arc<Semaphore>,
    files: Arc<Semaphore>,
    strangers: Mutex<HashMap<IpAddr, usize>>,
    at_once: usize,
    strangers_at_once: usize,
    body_time: Duration,
    file_time: Duration,
}

/// The place of one request, which its parts share.
#[derive(Clone, Debug)]
pub struct Seat {
    places: Arc<Places>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

/// One of an address's requests under way.
#[derive(Debug)]
pub struct Knock {
    places: Arc<Places>,
    address: IpAddr,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A body of at most a mebibyte.
    Body,
    /// A file.
    File,
}

impl Places {
    /// As many as the settings say.
    #[must_use]
    pub fn new(config: &Config) -> Places {
        Places {
            all: Arc::new(Semaphore::new(config.at_once)),
            files: Arc::new(Semaphore::new((config.at_once / FILES_ONE_IN).max(1))),
            strangers: Mutex::default(),
            at_once: config.at_once,
            strangers_at_once: config.strangers_at_once,
            body_time: config.body_time,
            file_time: config.timeout,
        }
    }

    fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let full = |_| BUSY.refuse(format!("同时在办 {} 件", self.at_once));
        Arc::clone(&self.all).try_acquire_owned().map_err(full)
    }

    /// A place, if there is one.
    ///
    /// # Errors
    /// `door.busy`.
    pub fn seat(self: &Arc<Places>) -> Result<Seat, Refusal> {
        let held = Arc::new(Mutex::new(Some(self.take()?)));
        Ok(Seat { places: Arc::clone(self), held })
    }

    /// Somebody who has shown nothing yet, at a door that is open to them.
    ///
    /// # Errors
    /// `door.too-fast`.
    pub fn knock(self: &Arc<Places>, address: IpAddr) -> Result<Knock, Refusal> {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = strangers.entry(address).or_default();
        if *under_way >= self.strangers_at_once {
            let told = format!("同一来源地址同时在办 {under_way} 件无须登录的请求");
            return Err(TOO_FAST.refuse(told).with("retry_after_seconds", 2));
        }
        *under_way += 1;
        Ok(Knock { places: Arc::clone(self), address })
    }
}

impl Drop for Knock {
    fn drop(&mut self) {
        let strangers = &self.places.strangers;
        let mut strangers = strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = strangers.get_mut(&self.address) {
            *under_way -= 1;
            if *under_way == 0 {
                strangers.remove(&self.address);
            }
        }
    }
}

impl Seat {
    fn put(&self, held: Option<OwnedSemaphorePermit>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Waits for what a client is still saying; not long on its place.
    ///
    /// # Errors
    /// `door.slow-body`; `door.busy` if no place is left when it has come, or none for a file.
    pub async fn wait<T>(&self, what: Wait, coming: impl Future<Output = T>) -> Result<T, Refusal> {
        tokio::pin!(coming);
        if let Ok(come) = tokio::time::timeout(PROMPT, &mut coming).await {
            return Ok(come);
        }
        self.put(None);
        let (time, _file) = match what {
            Wait::Body => (self.places.body_time, None),
            Wait::File => {
                let full = |_| BUSY.refuse("同时在收的文件已满");
                let place = Arc::clone(&self.places.files).try_acquire_owned();
                (self.places.file_time, Some(place.map_err(full)?))
            }
        };
        let slow = |_| SLOW_BODY.refuse(format!("超过 {} 秒", time.as_secs()));
        let come = tokio::time::timeout(time, &mut coming).await.map_err(slow)?;
        self.put(Some(self.places.take()?));
        Ok(come)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(at_once: usize) -> Arc<Places> {
        let body_time = Duration::from_millis(100);
        Arc::new(Places::new(&Config {
            at_once,
            strangers_at_once: 2,
            body_time,
            ..Config::default()
        }))
    }

    #[tokio::test]
    async fn who_is_slow_to_speak_holds_no_place() {
        let places = places(1);
        let seat = places.seat().unwrap();
        assert_eq!(places.seat().unwrap_err().rule.code, "door.busy");
        assert_eq!(seat.wait(Wait::Body, std::future::ready(7)).await.unwrap(), 7);
        assert!(places.seat().is_err(), "a body that is there costs nobody their place");
        let other = async {
            tokio::time::sleep(Duration::from_millis(75)).await;
            let other = places.seat().unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(other);
        };
        let slow = seat.wait(Wait::Body, std::future::pending::<()>());
        let (slow, ()) = tokio::join!(slow, other);
        assert_eq!(slow.unwrap_err().rule.code, "door.slow-body");

        // Whoever comes back to a full house is told so.
        let seat = places.seat().unwrap();
        let coming = tokio::time::sleep(Duration::from_millis(100));
        let other = async {
            tokio::time::sleep(Duration::from_millis(75)).await;
            places.seat().unwrap()
        };
        let (come, other) = tokio::join!(seat.wait(Wait::Body, coming), other);
        assert_eq!(come.unwrap_err().rule.code, "door.busy");
        drop((seat, other));

        // One file may be coming, and a second may not.
        let places = self::places(2);
        let (one, two) = (places.seat().unwrap(), places.seat().unwrap());
        let long = || tokio::time::sleep(Duration::from_millis(150));
        let (one, two) = tokio::join!(one.wait(Wait::File, long()), two.wait(Wait::File, long()));
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|is| **is).count(), 1);
    }

    #[test]
    fn an_address_that_has_shown_nothing_has_so_many_requests_and_no_more() {
        let places = places(9);
        let (here, there) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let one = places.knock(here).unwrap();
        let _two = places.knock(here).unwrap();
        assert_eq!(places.knock(here).unwrap_err().rule.code, "door.too-fast");
        drop(places.knock(there).unwrap());
        drop(one);
        drop(places.knock(here).unwrap());
        assert_eq!(places.strangers.lock().unwrap().len(), 1, "who is gone is forgotten");
    }
}
