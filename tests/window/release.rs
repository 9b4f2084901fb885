//! A newer version: told quietly, got by a person.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tayori::desktop::{Look, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

#[test]
fn a_newer_version_is_one_line_at_home_and_the_help_says_where_to_get_it() {
    let opened = Arc::new(Mutex::new(Vec::<PathBuf>::new()));
    let desk = Scripted { opened: opened.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 1700.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    assert!(!window.says("新しい版"), "nothing is said where there is none");
    let newer = Newer { version: "0.10.2".into(), address: "https://tayori.example.jp/".into() };
    window.tell(Event::Status(Status { newer: Some(newer), ..made_up::online() }));
    window.must_say("新しい版 0.10.2 があります。手のあいたときに入れかえてください。");
    window.press("「ヘルプと診断」を見る");
    assert_eq!(window.page(), Page::Help);
    window.must_say("入手先　https://tayori.example.jp/");
    assert!(opened.lock().unwrap().is_empty(), "nothing happens by itself");
    window.press("入手先を開く");
    assert_eq!(*opened.lock().unwrap(), [PathBuf::from("https://tayori.example.jp/")]);
    assert_eq!(window.asked(), [""; 0], "the engine has nothing to do with it");
}
