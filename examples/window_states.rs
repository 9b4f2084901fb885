//! Opens the real window with made-up data, so that it can be looked at and pictures can be taken:
//! `cargo run --example window_states -- inbox [WIDTHxHEIGHT] [small|medium|large] [en]`.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use std::sync::Arc;

use tayori::desktop::{Appearance, Look, Options, TextSize};
use tayori::engine::model::*;
use tayori::engine::{Backend, Engine};
use tayori::words::Lang;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let state = arguments.first().cloned().unwrap_or_else(|| "inbox".into());
    let mut options = Options { now: Some(made_up::noon()), ..Options::default() };
    for argument in &arguments {
        match argument.as_str() {
            "small" => options.look.text_size = TextSize::Small,
            "large" => options.look.text_size = TextSize::Large,
            "largest" => options.look.text_size = TextSize::Largest,
            "dark" => options.look.appearance = Appearance::Dark,
            "contrast" => options.look.appearance = Appearance::Contrast,
            "en" => options.look = Look { lang: Lang::En, ..options.look },
            size => {
                if let Some((width, height)) = size.split_once('x')
                    && let (Ok(width), Ok(height)) = (width.parse(), height.parse())
                {
                    options.size = Some([width, height]);
                }
            }
        }
    }
    let start = move |wake: Box<dyn Fn() + Send + Sync>| {
        let (engine, backend) = Engine::pair();
        std::thread::spawn(move || play(&state, backend, &*wake));
        engine
    };
    tayori::desktop::run(start, options)?;
    Ok(())
}

/// Plays the engine: tells a day's state, then answers as an engine would.
fn play(state: &str, backend: Backend, wake: &(dyn Fn() + Send + Sync)) {
    let tell = |event| {
        let _ = backend.events.send(event);
        wake();
    };
    tell(Event::Settings(made_up::settings()));
    let (status, lists) = match state {
        "empty" => (made_up::online(), Lists::default()),
        "error" => {
            let problem = Connection::Offline(Failure::HubUnreachable);
            (Status { connection: problem, ..made_up::online() }, made_up::lists())
        }
        "many" => (made_up::online(), Lists { inbox: made_up::inbox(10_000), ..made_up::lists() }),
        _ => (made_up::online(), made_up::lists()),
    };
    tell(Event::Status(status));
    tell(Event::Lists(lists.clone()));
    tell(Event::Partners(if state == "empty" { Arc::from([]) } else { made_up::partners() }));
    tell(Event::Board(Arc::new(match state {
        "empty" => made_up::board(0),
        "board-provider" => made_up::provider_board(),
        "board-both" => made_up::both_sides(),
        "board-centre" => made_up::entrusted_board(tayori::board::Side::Centre),
        "board-long" => made_up::long_board(),
        _ => made_up::board(30),
    })));
    let entrance = match state {
        "setup" | "setup-stored" => Some(Entrance::SetUp {
            outgoing: "/home/sakura/便り/送信".into(),
            import: "/home/sakura/便り/取込".into(),
            has_store: state == "setup-stored",
            refused: None,
        }),
        "setup-refused" => Some(Entrance::SetUp {
            outgoing: "/home/sakura/便り/送信".into(),
            import: "/home/sakura/便り/取込".into(),
            has_store: state == "setup-stored",
            refused: Some(Failure::HubUnreachable),
        }),
        "passphrase" => Some(Entrance::Passphrase { new: false, refused: Some(Failure::PassphraseWrong) }),
        "passphrase-new" => Some(Entrance::Passphrase { new: true, refused: None }),
        "waiting" => Some(Entrance::Waiting {
            fingerprint: "3F:1A:9C:77:02:E4:5B:D0:88:61:AF:13:C2:9E:40:7D".into(),
            refused: None,
        }),
        "recovery" => Some(Entrance::Recovery {
            code: Secret::new("7K2M-9QXD-4TVB-HJ3N-YW8F-C5RA".into()),
            office_name: "さくら居宅介護支援事業所".into(),
        }),
        _ => None,
    };
    if let Some(entrance) = entrance {
        tell(Event::Entrance(entrance));
    }
    match state {
        "login" => tell(Event::Login(Login::Needed { last_user: None, first: false })),
        "first" => tell(Event::Login(Login::Needed { last_user: None, first: true })),
        "office" => {
            tell(Event::Login(made_up::admin()));
            tell(Event::Terminals(made_up::terminals()));
        }
        "drafts" => tell(Event::Drafts(made_up::drafts())),
        "unwatched" => {
            let mut settings = made_up::settings();
            settings.folders.watch = false;
            tell(Event::Settings(settings));
        }
        "leaving" => {
            let at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_secs(9));
            let line = |number| made_up::line(number, State::Waiting { next_try: at, last: None });
            let outbox = lists.outbox.iter().cloned().chain([line(2_010), line(2_011)]).collect();
            tell(Event::Lists(Lists { outbox, ..lists.clone() }));
        }
        "handled" => {
            let mut inbox = lists.inbox.to_vec();
            if let Some(first) = inbox.first_mut() {
                first.importing = Some("窓口のパソコン".into());
                first.assigned = Some("佐藤".into());
            }
            tell(Event::Lists(Lists { inbox: inbox.into(), ..lists.clone() }));
            tell(Event::Login(made_up::admin()));
        }
        _ => {}
    }
    if state == "toast" {
        tell(Event::Notice(Notice::Arrived {
            parcel: made_up::id(0),
            partner_name: made_up::name(0).into(),
            subjects: vec![Subject::Actuals],
            files: 3,
            persons: Names::default(),
        }));
        tell(Event::Notice(Notice::Failed(Failure::FolderMissing { path: "/home/sakura/便り/取込".into() })));
    }
    let mut persons = 1;
    if state == "persons" {
        persons = 14;
    }
    while let Ok(command) = backend.commands.recv() {
        match command {
            Command::Open(id) => {
                let incoming = lists.inbox.iter().find(|line| line.id == id);
                let Some(line) = incoming.or_else(|| lists.sent.iter().find(|line| line.id == id)) else { continue };
                let mut view = made_up::view(line, incoming.is_some());
                match state {
                    "forms" => made_up::give_forms(&mut view, &made_up::to_one_provider),
                    "preventive" => made_up::give_forms(&mut view, &made_up::preventive),
                    _ => made_up::give_months(&mut view, persons),
                }
                if state == "preventive" {
                    view.relay = Some(tayori::entrust::Way::ToProvider);
                }
                tell(Event::Opened(Arc::new(view)));
            }
            Command::Examine(_) | Command::ExamineOutgoing => {
                let examined =
                    if state == "compose-error" { made_up::examined_with_errors() } else { made_up::examined() };
                tell(Event::Examined(Arc::new(examined)));
            }
            Command::LookForCertificates => tell(Event::Stored(Ok(made_up::stored()))),
            Command::Search(wanted) => {
                let both = lists.inbox.iter().take(8).chain(lists.sent.iter());
                let lines: Vec<ParcelLine> = if state == "empty" { vec![] } else { both.cloned().collect() };
                let found = Hits { more: !lines.is_empty(), wanted, lines: lines.into() };
                tell(Event::Found(Arc::new(found)));
            }
            Command::OfferRelay(origin) => tell(Event::RelayOffer(Arc::new(made_up::relay_offer(origin)))),
            Command::ReviewRelay(request) => {
                let bundle = made_up::bundle(10, vec![]);
                let way = tayori::entrust::Way::ToProvider;
                tell(Event::RelayReview(Arc::new(RelayReview { request, way, bundle })));
            }
            Command::Send(requests) => {
                tell(Event::Notice(Notice::Queued { parcels: requests.len() }));
                let outcome = |at: usize| if at == 1 { Err(Failure::DiskFull) } else { Ok(made_up::id(1_000 + at)) };
                let results = requests.iter().enumerate();
                let results =
                    results.map(|(at, request)| SendResult { receiver: request.receiver, outcome: outcome(at) });
                tell(Event::SendResults(results.collect()));
            }
            Command::DraftStatement { partner, month, occasion } => {
                tell(Event::Statement(Arc::new(made_up::statement_draft(partner, month, occasion))));
            }
            Command::ShowAudit => tell(Event::Audit(Arc::new(made_up::audit()))),
            Command::Terminals(TerminalsCommand::NewCode) => {
                if let Ok(code) = tayori::identity::code::Code::new() {
                    tell(Event::Code(ShownCode { code, until: Some(made_up::noon()) }));
                }
            }
            Command::Terminals(_) => tell(Event::Terminals(made_up::terminals())),
            Command::Accounts(_) => tell(Event::Accounts(made_up::accounts())),
            Command::Diagnosis(DiagnosisCommand::All | DiagnosisCommand::Again(_)) => {
                tell(Event::Diagnosis(Arc::new(made_up::diagnosis())));
            }
            Command::Configure(settings) => tell(Event::Settings(*settings)),
            _ => {}
        }
    }
}
