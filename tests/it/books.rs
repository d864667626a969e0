//! Acts: one transaction, one lock, once.

use std::time::Duration;

use ledger::books::{Actor, Books, Request, Role};
use ledger::id::CompoundId;
use ledger::journal::{self, AsOf, Book};

use crate::on_both;
use crate::world::deposit_entry;

on_both! {
    async fn a_voucher_is_numbered_balanced_and_read_back(world: World) {
        let home = world.dwelling("1-1-101").await;
        let first = world.post(deposit_entry(home, 120_000, "2025-12-30")).await.unwrap();
        let second = world.post(deposit_entry(home, 30_000, "2026-01-04")).await.unwrap();
        assert_eq!((first.to_string(), second.to_string()), ("fund/2025-0001".into(), "fund/2026-0001".into()));

        let mut view = world.books.read().await.unwrap();
        let balance = journal::trial_balance(&mut view, world.compound, Book::Fund, AsOf::default()).await.unwrap();
        assert_eq!(balance.debit_fen.in_fen(), 150_000);
        assert_eq!(balance.credit_fen.in_fen(), 150_000);
        let voucher = journal::find(&mut view, world.compound, Book::Fund, 2026, 1).await.unwrap().unwrap();
        let text = journal::text::print(&voucher);
        assert_eq!(journal::text::parse(&text).unwrap(), voucher);
        println!("{text}");
    }

    async fn a_hundred_equal_requests_with_one_key_have_one_effect(world: World) {
        let home = world.dwelling("1-1-101").await;
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (books, clerk, compound) = (world.books.clone(), clerk.clone(), world.compound);
            tasks.spawn(async move {
                let entry = deposit_entry(home, 5_000, "2026-01-05");
                let request = Request::describing("journal.post", entry, serde_json::json!({"fen": 5000})).once("k-1");
                books.act(&clerk, compound, request, |tx, e| Box::pin(journal::post(tx, e.clone()))).await.unwrap()
            });
        }
        let done = tasks.join_all().await;
        assert_eq!(done.iter().filter(|d| !d.is_repeated).count(), 1);
        assert!(done.iter().all(|d| d.answer == done[0].answer && d.act == done[0].act));
    }

    async fn the_same_key_with_another_request_names_the_difference(world: World) {
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let act = async |fen: i64, who: &Actor| {
            let home = world.dwelling("1-1-101").await;
            let body = serde_json::json!({"dwelling_no": home, "amount_fen": fen});
            let request = Request::describing("journal.post", deposit_entry(home, fen, "2026-01-05"), body).once("k-7");
            world.books.act(who, world.compound, request, |tx, e| Box::pin(journal::post(tx, e.clone()))).await
        };
        let first = act(500, &clerk).await.unwrap();
        assert!(act(500, &clerk).await.unwrap().is_repeated);
        let refused = act(501, &clerk).await.unwrap_err();
        let refusal = refused.refusal().unwrap();
        assert_eq!((refusal.code(), &refusal.facts["field"]), ("books.key-differs", &"amount_fen".into()));
        assert_eq!((&refusal.facts["before"], &refusal.facts["now"]), (&500.into(), &501.into()));
        let other = act(500, &Actor::new("李出纳", Role::PropertyCompany)).await.unwrap_err();
        assert_eq!(other.refusal().unwrap().facts["field"], "actor");
        // After a restart the key still answers the same.
        let again = Books::open_with(&world.url, world.clock.clone()).await.unwrap();
        let home = world.dwelling("1-1-101").await;
        let body = serde_json::json!({"dwelling_no": home, "amount_fen": 500});
        let request = Request::describing("journal.post", deposit_entry(home, 500, "2026-01-05"), body).once("k-7");
        let replayed = again.act(&clerk, world.compound, request, |tx, e| Box::pin(journal::post(tx, e.clone()))).await;
        assert_eq!(replayed.unwrap().answer, first.answer);
    }

    async fn an_act_needs_a_compound_a_sound_key_and_room_to_wait(world: World) {
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let home = world.dwelling("1-1-101").await;
        let act = |compound, key: &str| {
            let request = Request::describing("journal.post", deposit_entry(home, 5, "2026-01-05"), serde_json::Value::Null);
            let (books, clerk, request) = (world.books.clone(), clerk.clone(), request.once(key));
            async move { books.act(&clerk, compound, request, |tx, e| Box::pin(journal::post(tx, e.clone()))).await }
        };
        assert_eq!(act(CompoundId(999), "a").await.unwrap_err().code(), "books.no-compound");
        for key in ["", "with space", &"x".repeat(121)] {
            assert_eq!(act(world.compound, key).await.unwrap_err().code(), "books.key-shape");
        }

        // One act takes its time; behind it the line fills up, and is told so.
        let (books, who, compound) = (world.books.clone(), clerk.clone(), world.compound);
        let slow = tokio::spawn(async move {
            let request = Request::describing("slow", (), serde_json::Value::Null);
            books.act(&who, compound, request, |_, ()| Box::pin(async {
                tokio::time::sleep(Duration::from_millis(400)).await;
                Ok(())
            })).await
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut line: Vec<_> = (0..5_000).map(|i| Box::pin(act(world.compound, &format!("w{i}")))).collect();
        for waiting in &mut line {
            let first = std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await;
            assert!(first);
        }
        assert_eq!(act(world.compound, "one-more").await.unwrap_err().code(), "books.overloaded");
        slow.await.unwrap().unwrap();
    }

    async fn a_caller_who_hangs_up_breaks_nothing_off(world: World) {
        let home = world.dwelling("1-1-101").await;
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        for i in 0..40 {
            let request = Request::describing("journal.post", deposit_entry(home, 5, "2026-01-05"), serde_json::Value::Null);
            let act = world.books.act(&clerk, world.compound, request.once(format!("h{i}")), |tx, e| {
                Box::pin(journal::post(tx, e.clone()))
            });
            let _ = tokio::time::timeout(Duration::from_micros(i * 50), act).await;
        }
        // Every act that was sent is whole: the same keys find them all.
        for i in 0..40 {
            let request = Request::describing("journal.post", deposit_entry(home, 5, "2026-01-05"), serde_json::Value::Null);
            world.books.act(&clerk, world.compound, request.once(format!("h{i}")), |tx, e| {
                Box::pin(journal::post(tx, e.clone()))
            }).await.unwrap();
        }
        let mut view = world.books.read().await.unwrap();
        let balance = journal::trial_balance(&mut view, world.compound, Book::Fund, AsOf::default()).await.unwrap();
        assert_eq!(balance.debit_fen.in_fen(), 40 * 5);
    }

    async fn books_of_a_newer_program_are_not_opened(world: World) {
        use sea_orm::ConnectionTrait;
        let door = world.back_door().await;
        door.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 1)")
            .await
            .unwrap();
        assert_eq!(Books::open(&world.url).await.unwrap_err().code(), "books.newer-database");
    }
}

#[tokio::test]
async fn an_address_is_one_of_two_kinds() {
    assert_eq!(
        Books::open_existing("sqlite:/nowhere/books.sqlite").await.unwrap_err().code(),
        "books.none"
    );
    assert_eq!(Books::open("sqlite:").await.unwrap_err().code(), "books.address");
    let refused = Books::open("mysql://root:secret@localhost/books").await.unwrap_err();
    assert_eq!(refused.code(), "books.address");
    assert!(!refused.to_string().contains("secret"), "no password in a refusal");
}
