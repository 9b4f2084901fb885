//! Pictures of what a screen asks and of its less usual sides, kept and compared like those of [`pictures`](super::pictures);
//! and, when somebody wants to look, every screen in every look.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::board::Side;
use tayori::desks::Desk;
use tayori::desktop::{Appearance, Look as WindowLook, TextSize};
use tayori::engine::habits::{Automatic, ImportRule, National};
use tayori::engine::model::*;
use tayori::words::Lang;

use crate::made_up;
use crate::pictures::{at_work, keep, looking};
use crate::world::*;

/// The board of October, from another side.
fn board_of(board: tayori::board::Board) -> Window {
    let mut window = at_work();
    window.tell(Event::Board(Arc::new(board)));
    window
}

fn asking(occasion: Occasion) -> Window {
    let mut window = at_work();
    match occasion {
        Occasion::OverLimit => {
            window.press("あおぞら訪問介護ステーション 操作");
            window.press("限度超過を知らせる");
        }
        _ => window.press("ひまわりデイサービスセンター 催促する 17日 待っています"),
    }
    let (partner, month) = match occasion {
        Occasion::OverLimit => (made_up::office(10), "202610".parse().unwrap()),
        _ => (made_up::office(11), "202610".parse().unwrap()),
    };
    window.tell(Event::Statement(Arc::new(made_up::statement_draft(partner, month, occasion))));
    window
}

fn noting_paper() -> Window {
    let mut window = at_work();
    window.press("ひまわりデイサービスセンター 実績 まだ");
    window
}

fn more_on_a_row() -> Window {
    let mut window = at_work();
    window.press("あおぞら訪問介護ステーション 操作");
    window
}

fn passing_on(reviewed: bool) -> Window {
    let mut window = at_work();
    window.open_first(|view| view.relay = Some(tayori::entrust::Way::ToProvider));
    window.press("事業所へ回す");
    let offer = made_up::relay_offer(made_up::id(0));
    let request = RelayRequest {
        origin: offer.origin,
        to: offer.candidates[0].office,
        persons: offer.candidates[0].persons.clone(),
        message: String::new(),
    };
    window.tell(Event::RelayOffer(Arc::new(offer)));
    if reviewed {
        let (way, bundle) = (tayori::entrust::Way::ToProvider, made_up::bundle(10, vec![made_up::a_note()]));
        window.press("送る内容を確かめる");
        window.tell(Event::RelayReview(Arc::new(RelayReview { request, way, bundle })));
    }
    window
}

fn reading_a_statement() -> Window {
    let mut window = at_work();
    window.open_first(|view| made_up::give_statement(view, Occasion::OverLimit));
    window
}

fn by_the_national_system() -> Window {
    let mut window = at_work();
    let mut inbox = made_up::lists().inbox.to_vec();
    for line in inbox.iter_mut().step_by(3) {
        (line.way, line.subjects) = (Way::National, vec![Subject::Actuals]);
    }
    window.tell(Event::Lists(Lists { inbox: inbox.into(), ..made_up::lists() }));
    window.go("受信");
    window
}

/// Settings of an office that uses everything.
fn everything_set() -> Settings {
    let mut settings = made_up::settings();
    let desk = |name: &str, service: &str| Desk {
        name: name.into(),
        services: vec![service.parse().unwrap()],
        ..Desk::default()
    };
    settings.desks = vec![desk("訪問の係", "11"), desk("通所の係", "15")];
    settings.folders.more_outgoing = vec!["/home/sakura/便り/送信（居宅ソフト2）".into()];
    settings.folders.automatic = vec![Automatic {
        partner: made_up::office(10),
        subjects: vec![Subject::Provision],
        since: made_up::minutes_before(60),
    }];
    settings.folders.import_rules = vec![ImportRule {
        subjects: vec![Subject::Actuals],
        folder: "/home/sakura/便り/実績".into(),
        ..ImportRule::default()
    }];
    settings.folders.national = Some(National {
        hand_over: "/home/sakura/便り/国へ渡す".into(),
        download: Some("/home/sakura/便り/国から".into()),
        partners: vec![made_up::office(12)],
    });
    settings
}

fn settings_tab(tab: &str) -> Window {
    let mut window = at_work();
    window.tell(Event::Settings(everything_set()));
    window.go("設定");
    window.go(tab);
    window
}

fn partner_on_paper() -> Window {
    let mut window = at_work();
    window.go("連携先");
    window.harness.get_all_by_role(Role::ListBoxOption).nth(2).unwrap().click();
    window.harness.run();
    window
}

fn logging_in() -> Window {
    let mut window = at_work();
    window.tell(Event::Login(Login::Needed { last_user: "sato".parse().ok(), first: false }));
    window
}

#[test]
fn the_board_from_every_side_and_what_it_asks() {
    keep(board_of(made_up::provider_board()), "home-provider");
    keep(board_of(made_up::entrusted_board(Side::Centre)), "home-center");
    keep(asking(Occasion::OverLimit), "home-over-limit");
    keep(noting_paper(), "home-paper");
}

#[test]
fn what_came_in_other_ways() {
    keep(reading_a_statement(), "inbox-statement");
    keep(by_the_national_system(), "inbox-national");
    keep(passing_on(true), "inbox-relay");
}

#[test]
fn settings_and_partners() {
    for (tab, name) in [("フォルダ", "settings-folders"), ("知らせ", "settings-notices"), ("窓口", "settings-desks")]
    {
        keep(settings_tab(tab), name);
    }
    keep(partner_on_paper(), "partners-paper");
}

/// `cargo test --test window -- --ignored every_screen_in_every_look`, then look into `target/pictures/looks`.
#[test]
#[ignore = "draws some hundred pictures for a person to look at"]
fn every_screen_in_every_look() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures/looks");
    std::fs::create_dir_all(&folder).unwrap();
    let plain = WindowLook::default();
    let looks = [
        ("plain", plain),
        ("dark", WindowLook { appearance: Appearance::Dark, ..plain }),
        ("contrast", WindowLook { appearance: Appearance::Contrast, ..plain }),
        ("150", WindowLook { text_size: TextSize::Larger, ..plain }),
        ("200", WindowLook { text_size: TextSize::Largest, ..plain }),
        ("english", WindowLook { lang: Lang::En, ..plain }),
    ];
    let wanted = std::env::var("LOOKS").unwrap_or_default();
    for (name, look) in looks.iter().filter(|(name, _)| wanted.is_empty() || wanted.split(',').any(|one| one == *name))
    {
        for size in [[1366.0, 768.0], [1920.0, 1080.0]] {
            let mut window = looking(size, *look);
            window.tell(Event::Drafts(made_up::drafts()));
            window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
            window.tell(Event::Settings(everything_set()));
            window.tell(Event::Terminals(made_up::terminals()));
            window.tell(Event::Audit(Arc::new(made_up::audit())));
            window.tell(Event::Diagnosis(Arc::new(made_up::diagnosis())));
            window.everywhere(|window, screen| {
                let picture = window.harness_picture();
                let file = format!("{name}-{}-{}.png", size[0], screen.replace(' ', "-"));
                picture.save(folder.join(file)).unwrap();
            });
        }
    }
    type Make = fn() -> Window;
    let parts: [(&str, Make); 14] = [
        ("board-provider", || board_of(made_up::provider_board())),
        ("board-both", || board_of(made_up::both_sides())),
        ("board-centre", || board_of(made_up::entrusted_board(Side::Centre))),
        ("board-entrusted", || board_of(made_up::entrusted_board(Side::Entrusted))),
        ("board-long", || board_of(made_up::long_board())),
        ("over-limit", || asking(Occasion::OverLimit)),
        ("reminder", || asking(Occasion::Reminder)),
        ("paper", noting_paper),
        ("more", more_on_a_row),
        ("relay", || passing_on(false)),
        ("relay-review", || passing_on(true)),
        ("statement", reading_a_statement),
        ("partner", partner_on_paper),
        ("login", logging_in),
    ];
    if wanted.is_empty() || wanted.contains("parts") {
        for (name, make) in parts {
            make().harness_picture().save(folder.join(format!("part-{name}.png"))).unwrap();
        }
    }
}
