//! The roll: areas, compounds, dwellings of every kind, owners and their shares, and how they change hands.

use ledger::books::{Actor, Request};
use ledger::error::Result;
use ledger::id::{CompoundId, DwellingNo};
use ledger::measure::Area;
use ledger::property::{
    self, AreaKind, Founding, Housing, NewArea, NewDwelling, NewOwner, RoomCode, Usage,
};

use crate::on_both;
use crate::world::{World, day};

fn owner(name: &str, id_no: &str, share: Option<(u32, u32)>) -> NewOwner {
    NewOwner { name: name.to_owned(), id_no: id_no.into(), phone: "".into(), share }
}

fn dwelling(code: &str, usage: Usage, owners: Vec<NewOwner>) -> NewDwelling {
    NewDwelling {
        code: RoomCode::parse(code).unwrap(),
        written_as: code.to_owned(),
        floor: None,
        usage,
        housing: Housing::Commodity,
        has_lift: false,
        is_unsold: owners.is_empty(),
        area: Area::centi_m2(5_000),
        handed_over_on: None,
        owners,
        remark: "".into(),
        owned_from: day("2015-03-01"),
    }
}

async fn enrol(world: &World, roll: Vec<NewDwelling>) -> Result<Vec<DwellingNo>> {
    let done = world.act("property.enrol", roll, |tx, roll| Box::pin(property::enrol(tx, roll)));
    done.await.map(|d| d.answer)
}

async fn draw(
    world: &World,
    kind: AreaKind,
    code: &str,
    parent: Option<&str>,
) -> Result<ledger::id::AreaId> {
    let area =
        NewArea { kind, code: code.into(), name: code.into(), parent: parent.map(Into::into) };
    let operator = Actor::operator();
    let request = Request::new("property.draw-area", area);
    let done = world.books.act(&operator, CompoundId::OFFICE, request, |tx, area| {
        Box::pin(property::draw_area(tx, area))
    });
    done.await.map(|d| d.answer)
}

async fn found(world: &World, code: &str, name: &str, area: Option<&str>) -> Result<CompoundId> {
    let founding = Founding {
        code: code.into(),
        name: name.into(),
        address: String::new(),
        area: area.map(Into::into),
    };
    let operator = Actor::operator();
    let request = Request::new("property.found", founding);
    let done = world.books.act(&operator, CompoundId::OFFICE, request, |tx, founding| {
        Box::pin(property::found(tx, founding))
    });
    done.await.map(|d| d.answer)
}

on_both! {
    async fn the_area_tree_goes_city_district_street_community(world: World) {
        draw(&world, AreaKind::City, "3301", None).await.unwrap();
        draw(&world, AreaKind::District, "330106", Some("3301")).await.unwrap();
        draw(&world, AreaKind::Street, "330106001", Some("330106")).await.unwrap();
        draw(&world, AreaKind::Community, "330106001001", Some("330106001")).await.unwrap();
        let code = |r: Result<ledger::id::AreaId>| r.unwrap_err().code();
        assert_eq!(code(draw(&world, AreaKind::Street, "330107", Some("3301")).await), "property.area-order");
        assert_eq!(code(draw(&world, AreaKind::City, "3302", Some("3301")).await), "property.area-order");
        assert_eq!(code(draw(&world, AreaKind::Street, "330108", Some("nowhere")).await), "property.no-area");
        assert_eq!(code(draw(&world, AreaKind::City, "3301", None).await), "property.area-taken");

        found(&world, "qingshan", "青山里", Some("330106001001")).await.unwrap();
        let code = |r: Result<CompoundId>| r.unwrap_err().code();
        assert_eq!(code(found(&world, "qingshan", "青山里", None).await), "property.compound-code-taken");
        assert_eq!(code(found(&world, "Qing Shan", "青山里", None).await), "property.compound-shape");
        assert_eq!(code(found(&world, "lvshui", "绿水里", Some("9")).await), "property.no-area");
    }

    async fn every_kind_of_dwelling_is_enrolled_and_found_however_it_is_written(world: World) {
        let roll = Usage::ALL.iter().enumerate().map(|(i, usage)| {
            dwelling(&format!("9-0-{}", 101 + i), *usage, vec![owner("业主甲", "", None)])
        });
        enrol(&world, roll.collect()).await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let today = world.clock.now().day();
        for written in ["9-0-102", "9栋商铺102", "９－０－１０２"] {
            let found = property::dwelling(&mut view, world.compound, written, today).await.unwrap();
            assert_eq!((found.code.as_str(), found.usage), ("9-0-102", Usage::Shop), "{written}");
        }
        let missing = property::dwelling(&mut view, world.compound, "9-9-999", today).await;
        assert_eq!(missing.unwrap_err().code(), "property.no-dwelling");
        let vague = property::dwelling(&mut view, world.compound, "102", today).await;
        assert_eq!(vague.unwrap_err().code(), "property.room-code");
    }

    async fn a_dwelling_changes_hands_and_the_roll_of_a_day_says_who_held_it(world: World) {
        let home = enrol(&world, vec![dwelling("8-1-101", Usage::Residence, vec![
            owner("甲", "99999919700101001X", Some((1, 3))),
            owner("乙", "999999197001010028", Some((2, 3))),
        ])]).await.unwrap()[0];
        let convey = async |to: Vec<NewOwner>, on: &str| {
            let given = (home, to, day(on));
            world.act("property.convey", given, |tx, (home, to, on)| {
                Box::pin(property::convey(tx, *home, to, *on))
            }).await.map(|d| d.answer)
        };
        convey(vec![owner("丙", "999999197001010036", None)], "2024-06-01").await.unwrap();
        let early = convey(vec![owner("丁", "", None)], "2024-06-01").await.unwrap_err();
        assert_eq!(early.code(), "property.conveyed-early");
        let unfair = convey(vec![owner("丁", "", Some((1, 2)))], "2025-01-01").await.unwrap_err();
        assert_eq!(unfair.code(), "property.shares");

        let mut view = world.books.read().await.unwrap();
        let mut held = async |on: &str| -> Vec<String> {
            let found = property::dwelling(&mut view, world.compound, "8-1-101", day(on)).await.unwrap();
            found.owners.into_iter().map(|o| o.name).collect()
        };
        assert_eq!(held("2024-05-31").await, ["甲", "乙"]);
        assert_eq!(held("2024-06-01").await, ["丙"]);
    }

    async fn a_roll_that_is_not_sound_is_refused_whole(world: World) {
        let one = |shares: &[Option<(u32, u32)>], code: &str| {
            let owners = shares.iter().enumerate().map(|(i, s)| owner(&format!("业主{i}"), "", *s));
            dwelling(code, Usage::Residence, owners.collect())
        };
        let code = |r: Result<Vec<DwellingNo>>| r.unwrap_err().code();
        let good = one(&[None], "7-1-101");
        assert_eq!(code(enrol(&world, vec![good.clone(), good.clone()]).await), "property.enrolled");
        assert_eq!(code(enrol(&world, vec![one(&[None], "1-1-101")]).await), "property.enrolled");
        let shares = [Some((1, 2)), Some((1, 3))];
        assert_eq!(code(enrol(&world, vec![good.clone(), one(&shares, "7-1-102")]).await), "property.shares");
        let flat = NewDwelling { area: Area::ZERO, ..good.clone() };
        assert_eq!(code(enrol(&world, vec![flat]).await), "property.area-size");
        assert_eq!(enrol(&world, vec![good]).await.unwrap(), [DwellingNo(13)], "no number was lost");
    }
}
