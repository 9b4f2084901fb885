//! Who sits at a terminal: logging in, staying in, being out, and what goes on meanwhile.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::crooked::client_of;
use crate::enrol::held_poll;
use crate::entry::{Papers, TLS13};
use crate::together::further;
use crate::world::{NORTH, Office, PASSWORD, SOUTH, Town, USER, Watch, ended, eventually, files_in, finish};

/// Tokens that last as long as said here, from the next start of the hub on.
fn tokens_last(town: &mut Town, access: &str, refresh: &str) {
    town.kill_hub();
    let path = town.hub_dir().join("hub.toml");
    let mut settings: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let mut login = toml::Table::new();
    login.insert("access".into(), access.into());
    login.insert("refresh".into(), refresh.into());
    settings.insert("login".into(), login.into());
    std::fs::write(&path, settings.to_string()).unwrap();
    town.start_hub();
}

/// Runs `tayori` with a password.
fn with_password(office: &Office, args: &[&str], password: &str) -> crate::world::Run {
    finish(office.command(args).env("TAYORI_PASSWORD", password))
}

#[test]
fn receiving_goes_on_for_as_long_as_a_token_can_be_refreshed() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    tokens_last(&mut town, "2s", "10m");
    assert!(north.log_in(USER, PASSWORD).is_fine() && south.log_in(USER, PASSWORD).is_fine());
    let _watch = Watch::of(&south);
    let mut tokens = vec![south.token()];
    let paths = north.put_out_reports(3);
    for (number, path) in paths.iter().enumerate() {
        eventually("the watching terminal got new tokens by itself", || {
            tokens.push(south.token());
            tokens.dedup();
            tokens.len() > number + 1
        });
        north.must(&["send", path.to_str().unwrap()]);
        eventually("what was sent after that comes", || files_in(&south.import).len() == number + 1);
    }
}

#[test]
fn without_a_login_all_that_is_here_can_be_read_and_what_waits_goes_after_the_next() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    north.must(&["send"]);
    tokens_last(&mut town, "1s", "1s");
    assert!(north.log_in(USER, PASSWORD).is_fine());
    std::thread::sleep(Duration::from_millis(1_100));
    let _watch = Watch::of(&north);

    let paths = north.put_out_reports(2);
    north.run(&["send", paths[1].to_str().unwrap()]).says("ログインが必要です").says("1件は送信待ち");
    north.run(&["receive"]).says("ログインが必要です");
    assert_eq!(north.list("sent").len(), 1, "what is here can be read");
    assert_eq!(north.list("outbox").len(), 1);
    assert_eq!(town.kept().len(), 1);

    tokens_last(&mut town, "1h", "8h");
    assert!(north.log_in(USER, PASSWORD).is_fine());
    // Nobody starts the watching terminal again.
    eventually("what waited goes", || town.kept().len() == 2);
    south.log_in(USER, PASSWORD);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 2);
    eventually("and its receipts come", || north.states("sent") == ["arrived", "arrived"]);
}

#[test]
fn programs_of_one_terminal_share_a_login_and_use_up_none_of_its_tokens() {
    let (mut town, [north]) = Town::of([NORTH]);
    tokens_last(&mut town, "2s", "10m");
    assert!(north.log_in(USER, PASSWORD).is_fine());
    let first = north.token();
    let _watch = Watch::of(&north);
    for _ in 0..6 {
        let receive = || north.command(&["receive"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let together: Vec<_> = (0..4).map(|_| receive()).collect();
        for run in together {
            let run = ended(run, crate::world::LONGEST);
            assert!(run.is_fine(), "{run:?}");
        }
    }
    eventually("tokens changed meanwhile", || north.token() != first);
    north.must(&["receive"]);
}

#[test]
fn who_logs_out_is_out_and_another_person_may_come() {
    let (_town, [north]) = Town::of([NORTH]);
    north.must(&["receive"]);
    north.must(&["logout"]);
    north.run(&["receive"]).says("ログインが必要です");
    north.must(&["logout"]);
    north.log_in(USER, "something else").says("ログインできませんでした");
    north.log_in("nobody", PASSWORD).says("ログインできませんでした");
    // Full width is what the keyboard gave.
    assert!(north.log_in("ＫＡＮＲＩ", PASSWORD).is_fine());
    north.must(&["receive"]);
    let run = north.log_in_first();
    assert!(run.is_fine(), "asked a second time, the first account is simply logged in: {run:?}");
}

#[test]
fn an_office_without_an_account_is_told_to_make_one() {
    let (town, [north]) = Town::of([NORTH]);
    let south = town.join(SOUTH);
    eventually("the hub knows the office", || {
        let run = south.run(&["receive"]);
        run.code == Some(1) && run.stderr.contains("利用者がまだ登録されていません")
    });
    south.log_in(USER, PASSWORD).says("ログインできませんでした");
    for (user, password, words) in [
        ("佐藤", PASSWORD, "この利用者IDは使えません"),
        ("sato", "password1", "すぐに見破られてしまいます"),
        ("sato", "3191000017!", "すぐに見破られてしまいます"),
    ] {
        with_password(&south, &["account", "first", "--user", user], password).says(words);
    }
    assert!(with_password(&south, &["account", "first", "--user", "sato"], "midori-no-kaze").is_fine());
    south.must(&["receive"]);
    north.log_in("sato", "midori-no-kaze").says("ログインできませんでした");
}

#[test]
fn an_admin_keeps_the_accounts_of_the_office() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    assert!(with_password(&north, &["account", "add", "sato"], "aoi-sora 77").is_fine());
    with_password(&north, &["account", "add", "Sato"], "aoi-sora 78").says("同じ利用者ID");
    let list = |office: &Office| office.must(&["account", "list", "--format", "json"]).json();
    let names = |list: &serde_json::Value| {
        list.as_array().unwrap().iter().map(|a| a["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&list(&north)), ["kanri", "sato"]);
    assert_eq!(names(&list(&south)), ["kanri"], "each office has its own");
    assert_eq!(list(&north)[1]["role"], "staff");

    // 担当者 work, and keep nobody else's account.
    assert!(north.log_in("sato", "aoi-sora 77").is_fine());
    north.must(&["receive"]);
    for command in [
        &["account", "list"][..],
        &["account", "role", "sato", "admin"],
        &["account", "unlock", "sato"],
        &["account", "remove", "kanri"],
    ] {
        north.run(command).says("事業所の管理者だけができます");
    }
    let change = |old: &str, new: &str| {
        finish(north.command(&["account", "password"]).env("TAYORI_PASSWORD", old).env("TAYORI_NEW_PASSWORD", new))
    };
    change("wrong", "shiroi-kumo 5").says("ログインできませんでした");
    change("aoi-sora 77", "sato").says("すぐに見破られてしまいます");
    assert!(change("aoi-sora 77", "shiroi-kumo 5").is_fine());
    north.must(&["receive"]);

    // Ten wrong ones, and not even the right one opens; the 管理者 does.
    for _ in 0..10 {
        north.log_in("sato", "wrong").says("ログインできませんでした");
    }
    north.log_in("sato", "shiroi-kumo 5").says("ログインできませんでした");
    assert!(north.log_in(USER, PASSWORD).is_fine());
    assert!(list(&north)[1]["locked_until"].is_string());
    north.must(&["account", "unlock", "sato"]);
    assert!(with_password(&north, &["account", "reset", "sato"], "kiiroi-hana 3").is_fine());
    north.must(&["account", "role", "sato", "admin"]);
    assert!(north.log_in("sato", "kiiroi-hana 3").is_fine());

    // Whoever is removed is out at once.
    north.must(&["account", "remove", "kanri"]);
    north.log_in(USER, PASSWORD).says("ログインできませんでした");
    north.run(&["account", "remove", "sato"]).says("管理者がいなくなるため");
    north.run(&["account", "remove", "nobody"]).says("登録されていません");
    north.must(&["receive"]);
}

#[test]
fn an_office_that_locked_itself_out_is_let_in_again_by_the_operator() {
    let (town, [north]) = Town::of([NORTH]);
    for _ in 0..10 {
        north.log_in(USER, "forgotten");
    }
    north.log_in(USER, PASSWORD).says("ログインできませんでした");
    assert!(town.operator(&["account", "list", NORTH.number]).stdout.contains("kanri  管理者  鎖錠中"));
    let said = town.operator(&["account", "reset", NORTH.number, USER]).stdout;
    let password = said.lines().next().unwrap().rsplit(' ').next().unwrap();
    eventually("whoever was in is out", || !north.run(&["receive"]).is_fine());
    assert!(north.log_in(USER, password).is_fine());
    north.must(&["receive"]);
}

/// An answer as somebody who guesses sees it.
fn guessed(request: reqwest::blocking::RequestBuilder, body: &serde_json::Value) -> (u16, bool, String) {
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().unwrap();
    let (status, wait) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    (status, wait, answer.text().unwrap())
}

#[test]
fn s7_guessing_is_hopeless() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    assert!(with_password(&north, &["account", "add", "sato"], "aoi-sora 77").is_fine());
    // Somebody has north's certificate and all the time there is.
    let client = client_of(north.identity().client_config().unwrap());
    let guess = |user: &str, password: &str| {
        let asked = serde_json::json!({"user": user, "password": password});
        guessed(client.post(format!("{}/v1/login", town.url())), &asked)
    };
    let wrong = guess("sato", "aoi-sora 76");
    assert_eq!((wrong.0, wrong.1), (401, false));
    for n in 0..9 {
        assert_eq!(guess("sato", &format!("aoi-sora {n}")), wrong);
    }
    assert_eq!(guess("sato", "aoi-sora 77"), wrong, "locked after ten, and it does not say so");
    assert_eq!(guess("nobody", "aoi-sora 77"), wrong, "nor who is there");
    assert_eq!(guess("佐藤'; DROP TABLE account", "x"), wrong);
    let stopped = (0..20).map(|n| guess(&format!("user{n}"), "aoi-sora 77")).find(|answer| *answer != wrong);
    let (status, says_when, _) = stopped.expect("other names make it no faster");
    assert_eq!((status, says_when), (429, true));
    assert_eq!(guess("sato", "aoi-sora 77").0, 429);
    assert!(south.log_in(USER, PASSWORD).is_fine(), "others are not in it");
    north.must(&["receive"]);

    // Somebody without any certificate guesses codes: for an office that is there, and for one that is not.
    let nobody = client_of(Papers::none().shown(&town, TLS13));
    let enrol = |office: &str, n: u8| {
        let request = tayori::identity::request(office.parse().unwrap()).unwrap();
        let asked = serde_json::json!({"office": office, "terminal": "PC", "terminal_csr": request.csr_pem});
        let binary = |bytes: &[u8]| serde_json::to_value(tayori::wire::Binary(bytes.to_vec())).unwrap();
        let proof = serde_json::json!({"handle": binary(&[n; 16]), "mac": binary(&[n; 32])});
        let body = serde_json::json!({"request": binary(asked.to_string().as_bytes()), "proof": proof});
        guessed(nobody.post(format!("{}/v1/enrol", town.url())), &body)
    };
    let refused = enrol(NORTH.number, 0);
    assert!((400..500).contains(&refused.0), "{refused:?}");
    assert_eq!(enrol("3100000001", 1), refused, "an office that is not there is answered like one that is");
    let stopped = (2..30).map(|n| enrol(["3100000001", NORTH.number][usize::from(n % 2)], n)).find(|a| *a != refused);
    let (status, says_when, _) = stopped.expect("codes cannot be guessed for ever");
    assert_eq!((status, says_when), (429, true));
    south.must(&["receive"]);
}

#[test]
fn whoever_loses_the_login_while_waiting_for_mail_hears_so_at_once() {
    let (town, [north]) = Town::of([NORTH]);
    let second = further(&north, 2, &town);
    assert!(with_password(&north, &["account", "add", "sato"], "kuruma-isu 5").is_fine());
    let reset = || with_password(&north, &["account", "reset", "sato"], "kuruma-isu 6");
    let remove = || north.run(&["account", "remove", "sato"]);
    let leave = || second.run(&["logout"]);
    let ways: [(&str, &str, &dyn Fn() -> crate::world::Run); 3] = [
        ("logged out by another program", "kuruma-isu 5", &leave),
        ("another password", "kuruma-isu 5", &reset),
        ("no account any more", "kuruma-isu 6", &remove),
    ];
    for (what, password, change) in ways {
        assert!(second.log_in("sato", password).is_fine(), "{what}");
        let poll = held_poll(&town, &second, 30);
        std::thread::sleep(Duration::from_millis(500));
        assert!(!poll.is_finished(), "it waits");
        assert!(change().is_fine(), "{what}");
        let changed = Instant::now();
        let (answer, _) = poll.join().unwrap();
        assert!(changed.elapsed() < Duration::from_secs(10), "{what}: after {:?}", changed.elapsed());
        assert!(answer.starts_with("HTTP/1.1 401"), "{what}: {answer}");
    }
    north.must(&["receive"]);
}
