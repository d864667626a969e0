//! Acts: one transaction, one lock, once.

use ledger::books::{Actor, Request, Role};
use ledger::journal::{self, AsOf, Book};

use crate::on_both;
use crate::world::{World, deposit_entry};

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
}
