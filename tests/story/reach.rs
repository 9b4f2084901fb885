//! Every resource of the hub asked by everybody there is: who gets in, and what of others' they get to see. The resources
//! come from the hub's own table, so a new one without a rule here is an outcry.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use tayori::hub::api::door::Door;
use tayori::hub::api::table::routes;
use tayori::link::Link as _;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::wire::{DIGEST_HEADER, LoggedIn, digest_header};

use crate::answers::link;
use crate::crooked::client_of;
use crate::entry::{Papers, TLS13};
use crate::world::{EAST, NORTH, Office, PASSWORD, Person, SOUTH, Town, USER, eventually, finish, text};

/// An office that left the exchange.
const WEST: Person = Person { number: "3171000196", service: "11", name: "西の訪問介護" };

/// What somebody has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// No certificate, or one that is not good for this.
    NotAMember,
    /// A good certificate, and no token that counts.
    Member,
    Staff,
    Admin,
}

/// Whose things somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    /// The sender's.
    North,
    /// The receiver's.
    South,
    None,
}

struct Caller {
    who: &'static str,
    client: reqwest::blocking::Client,
    token: Option<String>,
    shows: Shows,
    party: Party,
}

/// What is asked: of a resource that concerns others, and the same where it can do no harm.
struct Ask {
    target: (String, Body),
    harmless: (String, Body),
}

#[derive(Clone)]
enum Body {
    None,
    Json(&'static str),
    Bytes(&'static [u8]),
}

impl Ask {
    fn same(path: &str, body: Body) -> Ask {
        Ask { target: (path.to_owned(), body.clone()), harmless: (path.to_owned(), body) }
    }
}

/// What there is of others' to be seen.
struct Marks {
    parcel: String,
    digest: String,
    /// Of north's.
    terminal: String,
}

/// What is asked of a resource. Whoever makes a new one says here how it might be misused.
fn ask(method: &str, path: &str, marks: &Marks) -> Ask {
    let nowhere = ParcelId::new();
    let (id, digest, south) = (&marks.parcel, &marks.digest, SOUTH.number);
    match (method, path) {
        ("GET", "/healthz" | "/v1/openapi.json" | "/v1/hub" | "/v1/crl" | "/v1/offices" | "/v1/accounts") => {
            Ask::same(path, Body::None)
        }
        ("GET", "/v1/inbox" | "/v1/sent") => Ask::same(&format!("{path}?after=0&office={south}"), Body::None),
        ("GET" | "DELETE", "/v1/admission") | ("GET", "/v1/terminals" | "/v1/chest") => Ask::same(path, Body::None),
        ("POST", "/v1/enrol" | "/v1/renew" | "/v1/terminals/codes") | ("PUT", "/v1/chest") => {
            Ask::same(path, Body::Json("{}"))
        }
        ("DELETE", "/v1/terminals/{id}") => Ask {
            target: (format!("/v1/terminals/{}", marks.terminal), Body::None),
            harmless: ("/v1/terminals/00".into(), Body::None),
        },
        ("POST", "/v1/terminals/{id}/admission") => Ask {
            target: (format!("/v1/terminals/{}/admission", marks.terminal), Body::Json(r#"{"sealed":"AAAA"}"#)),
            harmless: ("/v1/terminals/00/admission".into(), Body::Json("{}")),
        },
        ("POST", "/v1/login") => Ask::same(path, Body::Json(r#"{"user":"kita-tantou","password":"wrong"}"#)),
        ("POST", "/v1/refresh") => Ask::same(path, Body::Json(r#"{"refresh":"wrong"}"#)),
        ("POST", "/v1/logout") => Ask::same(path, Body::None),
        ("PUT", "/v1/password") => Ask::same(path, Body::Json(r#"{"old":"wrong","new":"akai-ringo 12"}"#)),
        ("POST", "/v1/accounts") => {
            Ask::same(path, Body::Json(r#"{"user":"eve","password":"12345678","role":"admin"}"#))
        }
        ("PUT", "/v1/accounts/{user}") => Ask {
            target: ("/v1/accounts/kita-tantou".into(), Body::Json(r#"{"password":"akai-ringo 12","role":"admin"}"#)),
            harmless: ("/v1/accounts/nobody".into(), Body::Json("{}")),
        },
        ("DELETE", "/v1/accounts/{user}") => Ask {
            target: ("/v1/accounts/kita-tantou".into(), Body::None),
            harmless: ("/v1/accounts/nobody".into(), Body::None),
        },
        ("PUT", "/v1/parcels/{id}") => Ask {
            target: (format!("/v1/parcels/{id}?to={south}"), Body::Bytes(b"in its place")),
            harmless: (format!("/v1/parcels/{nowhere}?to=3170000010"), Body::Bytes(b"to nobody")),
        },
        ("GET", "/v1/parcels/{id}") => Ask::same(&format!("/v1/parcels/{id}"), Body::None),
        ("GET", "/v1/parcels/{id}/parts") => Ask {
            target: (format!("/v1/parcels/{id}/parts"), Body::None),
            harmless: (format!("/v1/parcels/{nowhere}/parts"), Body::None),
        },
        ("PUT", "/v1/parcels/{id}/parts/{part}") => {
            let part = |id: &str, digest: &str| format!("/v1/parcels/{id}/parts/0?to={south}&size=9&digest={digest}");
            Ask {
                target: (part(id, digest), Body::Bytes(b"its place")),
                harmless: (part(&nowhere.to_string(), "none"), Body::Bytes(b"to nobody")),
            }
        }
        ("POST", "/v1/parcels/{id}/commit") => {
            let commit = |id: &str| format!("/v1/parcels/{id}/commit?to={south}&size=9&digest={digest}");
            Ask { target: (commit(id), Body::None), harmless: (commit(&nowhere.to_string()), Body::None) }
        }
        ("POST", "/v1/parcels/{id}/receipts") => {
            Ask::same(&format!("/v1/parcels/{id}/receipts"), Body::Bytes(b"nothing that was signed"))
        }
        ("GET", "/v1/marks") => Ask::same(&format!("{path}?after=0&office={south}"), Body::None),
        ("POST", "/v1/marks") => Ask::same(path, Body::Bytes(b"")),
        // The answer names what was asked for; that another office's parcel is as unknown as one that never was, is
        // `claims::another_offices_parcel_does_not_exist`.
        ("POST", "/v1/claims") => Ask::same(
            path,
            Body::Json(r#"{"holder":"eve","wish":"take-over","parcels":["019aa5d8-1111-7000-8000-000000000001"]}"#),
        ),
        _ => panic!("{method} {path} is new: say in tests/story/reach.rs how somebody might misuse it"),
    }
}

impl Caller {
    /// The status, the problem's code where there is one, and all of the answer; `None` where nobody answered.
    fn asks(&self, town: &Town, method: &str, (path, body): &(String, Body)) -> Option<(u16, String, String)> {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", town.url()));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request = match body {
            Body::None => request,
            Body::Json(text) => request.header("content-type", "application/json").body(*text),
            Body::Bytes(bytes) => request
                .header("content-type", "application/pkcs7-mime")
                .header(DIGEST_HEADER, digest_header(&sha256_hex(bytes)))
                .body(*bytes),
        };
        let answer = request.send().ok()?;
        let status = answer.status().as_u16();
        let text = String::from_utf8_lossy(&answer.bytes().unwrap()).into_owned();
        let code = serde_json::from_str::<Value>(&text).ok().and_then(|said| Some(said["code"].as_str()?.to_owned()));
        Some((status, code.unwrap_or_default(), text))
    }
}

/// Whether this is how such a door answers such a caller.
fn is_right(door: Door, shows: Shows, answer: Option<&(u16, String, String)>) -> bool {
    let Some((status, code, _)) = answer else { return shows == Shows::NotAMember };
    let outside = ["certificate-required", "caller-refused"].contains(&code.as_str());
    let turned_away = |expected: (u16, &str)| (*status, code.as_str()) == expected;
    match (door, shows) {
        (Door::Open, _) => !outside && !["login-required", "admin-required"].contains(&code.as_str()),
        (_, Shows::NotAMember) => *status == 403 && outside,
        (Door::Certificate, _) => !outside && code != "admin-required",
        (Door::Login | Door::Admin | Door::FirstAccount, Shows::Member) => turned_away((401, "login-required")),
        (Door::Admin | Door::FirstAccount, Shows::Staff) => turned_away((403, "admin-required")),
        (Door::Login | Door::Admin | Door::FirstAccount, Shows::Staff | Shows::Admin) => {
            !outside && !["login-required", "admin-required"].contains(&code.as_str())
        }
    }
}

/// A person's token at a terminal.
fn token(town: &Town, client: &reqwest::blocking::Client, user: &str, password: &str) -> LoggedIn {
    let asked = serde_json::json!({"user": user, "password": password}).to_string();
    let request = client.post(format!("{}/v1/login", town.url())).header("content-type", "application/json");
    serde_json::from_str(&request.body(asked).send().unwrap().text().unwrap()).unwrap()
}

/// A second certificate of an office, for another of its terminals.
fn another_terminal(town: &Town, office: &Office) -> rustls::ClientConfig {
    let request = tayori::identity::request(office.number()).unwrap();
    let (csr, certificate) = (town.dir().join("second.csr"), town.dir().join("second.pem"));
    std::fs::write(&csr, &request.csr_pem).unwrap();
    let Person { number, service, name } = office.person;
    let add = ["office", "add", number, "--service", service, "--name", name];
    town.operator(&[&add[..], &["--csr", text(&csr), "--certificate", text(&certificate)]].concat());
    let ca = std::fs::read(town.hub_dir().join("ca/ca.pem")).unwrap();
    request.answered(&std::fs::read(&certificate).unwrap(), &ca).unwrap().client_config().unwrap()
}

#[test]
fn s2_an_office_reaches_only_its_own() {
    let (town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    let add = |office: &Office, user: &str| {
        let run = finish(office.command(&["account", "add", user]).env("TAYORI_PASSWORD", "aoi-sora 77"));
        assert!(run.is_fine(), "{run:?}");
    };
    add(&north, "kita-tantou");
    add(&south, "minami-tantou");
    add(&east, "higashi-tantou");
    let west = town.join(WEST);
    eventually("the hub knows west", || west.log_in_first().is_fine());
    let of_west = west.token();
    let west_config = west.identity().client_config().unwrap();
    town.operator(&["office", "revoke", WEST.number]);
    eventually("west is out", || !west.run(&["receive"]).is_fine());

    north.put_out_reports(1);
    north.must(&["send"]);
    south.must(&["receive"]);
    let before = link(&town, &north).sent(0).unwrap().parcels;
    let sealed = link(&town, &south).fetch(before[0].id, before[0].size).unwrap();

    let config = |office: &Office| office.identity().client_config().unwrap();
    let (at_north, at_south, at_east) =
        (client_of(config(&north)), client_of(config(&south)), client_of(config(&east)));
    let second = client_of(another_terminal(&town, &north));
    eventually("the hub knows the second terminal", || {
        second.get(format!("{}/v1/hub", town.url())).send().is_ok_and(|answer| answer.status() == 200)
    });
    let admin = token(&town, &at_north, USER, PASSWORD);
    let staff = token(&town, &at_north, "kita-tantou", "aoi-sora 77");
    let of = |client: &_, user, password| token(&town, client, user, password).access.reveal().to_owned();
    let of_east = of(&at_east, USER, PASSWORD);
    let stranger = Papers::issued(&crate::entry::authority(&town), "3100000009", 0, 365);
    let stranger = client_of(stranger.shown(&town, TLS13));
    let nobody = client_of(Papers::none().shown(&town, TLS13));

    let terminals = Caller {
        who: "north's admin",
        client: at_north.clone(),
        token: Some(admin.access.reveal().to_owned()),
        shows: Shows::Admin,
        party: Party::North,
    }
    .asks(&town, "GET", &("/v1/terminals".into(), Body::None))
    .unwrap();
    let terminals: Value = serde_json::from_str(&terminals.2).unwrap();
    let ours = terminals["terminals"].as_array().unwrap().iter().find(|t| t["yours"] == true).unwrap().clone();
    let marks = Marks {
        parcel: before[0].id.to_string(),
        digest: before[0].digest.clone(),
        terminal: ours["id"].as_str().unwrap().to_owned(),
    };

    let (access, refresh) = (admin.access.reveal().to_owned(), admin.refresh.reveal().to_owned());
    let caller = |who, client: &reqwest::blocking::Client, token: Option<String>, shows, party| Caller {
        who,
        client: client.clone(),
        token,
        shows,
        party,
    };
    let callers = [
        caller("nobody", &nobody, None, Shows::NotAMember, Party::None),
        caller("nobody with north's token", &nobody, Some(access.clone()), Shows::NotAMember, Party::None),
        caller("a stranger", &stranger, None, Shows::NotAMember, Party::None),
        caller("a stranger with north's token", &stranger, Some(access.clone()), Shows::NotAMember, Party::None),
        caller("a revoked office", &client_of(west_config), Some(of_west), Shows::NotAMember, Party::None),
        caller("north without a token", &at_north, None, Shows::Member, Party::None),
        caller("north with a made-up token", &at_north, Some("A".repeat(43)), Shows::Member, Party::None),
        caller("north with no token at all", &at_north, Some("..".into()), Shows::Member, Party::None),
        caller("north with a refresh token", &at_north, Some(refresh), Shows::Member, Party::None),
        caller("north with east's token", &at_north, Some(of_east.clone()), Shows::Member, Party::None),
        caller("east with north's token", &at_east, Some(access.clone()), Shows::Member, Party::None),
        caller("north's other terminal with its token", &second, Some(access.clone()), Shows::Member, Party::None),
        caller("north's staff", &at_north, Some(staff.access.reveal().into()), Shows::Staff, Party::North),
        caller("north's admin", &at_north, Some(access), Shows::Admin, Party::North),
        caller(
            "south's staff",
            &at_south,
            Some(of(&at_south, "minami-tantou", "aoi-sora 77")),
            Shows::Staff,
            Party::South,
        ),
        caller("south's admin", &at_south, Some(of(&at_south, USER, PASSWORD)), Shows::Admin, Party::South),
        caller(
            "east's staff",
            &at_east,
            Some(of(&at_east, "higashi-tantou", "aoi-sora 77")),
            Shows::Staff,
            Party::None,
        ),
        caller("east's admin", &at_east, Some(of_east), Shows::Admin, Party::None),
    ];

    let (mut asked, mut wrong) = (0, Vec::new());
    for route in routes() {
        let method = route.method.as_str();
        for caller in &callers {
            let Ask { target, harmless } = ask(method, &route.path, &marks);
            // Whoever may do it does it where it does no harm; everybody else goes for the others' things.
            let may = route.door != Door::Open && matches!(caller.shows, Shows::Staff | Shows::Admin);
            let ours = caller.party == Party::North && may;
            let is_farewell = route.path == "/v1/logout" && may;
            let answer = if is_farewell {
                // Not with the token that the others are asked with.
                let user = if caller.shows == Shows::Admin { USER } else { staff_of(caller.who) };
                let password = if caller.shows == Shows::Admin { PASSWORD } else { "aoi-sora 77" };
                let own = Some(of(&caller.client, user, password));
                Caller { token: own, client: caller.client.clone(), ..*caller }.asks(&town, method, &target)
            } else {
                caller.asks(&town, method, if ours { &harmless } else { &target })
            };
            asked += 1;
            let said = format!("{method} {} as {}: {answer:?}", route.path, caller.who);
            if !is_right(route.door, caller.shows, answer.as_ref()) {
                wrong.push(format!("the door {:?} does not hold: {said}", route.door));
            }
            let body = answer.map(|(.., body)| body).unwrap_or_default();
            let leaks = |mark: &str| body.contains(mark);
            let parties = caller.party != Party::None;
            if !parties && (leaks(&marks.parcel) || leaks(&marks.digest)) {
                wrong.push(format!("a parcel leaks: {said}"));
            }
            if body.as_bytes().windows(64).any(|window| window == &sealed[..64]) && !parties {
                wrong.push(format!("the sealed bytes leak: {said}"));
            }
            if caller.party != Party::North && (leaks(&marks.terminal) || leaks("kita-tantou")) {
                wrong.push(format!("a terminal or an account leaks: {said}"));
            }
            if body.contains("kita-tantou") && caller.shows != Shows::Admin {
                wrong.push(format!("an account leaks: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked >= routes().len() * 18, "{asked}");

    // And all is as it was.
    let after = link(&town, &north).sent(0).unwrap().parcels;
    assert_eq!(after, before);
    assert_eq!(link(&town, &south).fetch(before[0].id, before[0].size).unwrap(), sealed);
    assert_eq!(town.kept().len(), 1);
    let accounts: Vec<Value> =
        serde_json::from_str(&north.must(&["account", "list", "--format", "json"]).stdout).unwrap();
    let roles: BTreeMap<&str, &str> =
        accounts.iter().map(|a| (a["user"].as_str().unwrap(), a["role"].as_str().unwrap())).collect();
    assert_eq!(roles, BTreeMap::from([("kanri", "admin"), ("kita-tantou", "staff")]));
    assert!(north.log_in("kita-tantou", "aoi-sora 77").is_fine(), "the password is the old one");
    let now = Timestamp::now();
    assert!(north.identity().check(north.number(), now).is_ok());
    north.must(&["receive"]);
}

fn staff_of(who: &str) -> &'static str {
    match who {
        "north's staff" => "kita-tantou",
        "south's staff" => "minami-tantou",
        _ => "higashi-tantou",
    }
}
