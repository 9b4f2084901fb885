//! The support file: what helps whoever helps from afar, and nothing personal.
//!
//! It is made of numbers, codes, hashes and yes or no. Names of offices and persons, paths, files, users, terminals, messages,
//! keys, tokens and addresses of webhooks have no way into it: every field is put there by hand, none is copied whole.

use std::fs::OpenOptions;
use std::io::{self, Cursor, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::model::{Diagnosis, Failure, Look, Trial};
use super::profile::Profile;
use crate::folders;
use crate::history::History;
use crate::identity::Identity;
use crate::link::route::Route;
use crate::parcel::{certificate, sha256_hex};

/// The name it is offered under.
pub const NAME: &str = "便り-サポート用.zip";

const README: &str = "便り Tayori のサポート用ファイルです。\r\n\
\r\n\
中にあるもの: 版、パソコンの種類、設定のあらまし、診断の結果、件数、うまくいかなかったことの番号。\r\n\
入っていないもの: 利用者・職員の氏名、事業所名、ファイルの名前と中身、メッセージ、フォルダの場所、パスワード、鍵。\r\n\
support.json はメモ帳などで開いて、送る前にお確かめいただけます。\r\n\
\r\n\
Numbers and codes only: no names, files, messages, paths, passwords or keys. Have a look before you send it.\r\n";

/// So many of the last failures go along.
const MISHAPS: u32 = 50;

/// Writes it into a new file; never over an existing one.
pub fn write(profile: &Profile, diagnosis: &Diagnosis, to: &Path, now: Timestamp) -> Result<(), Failure> {
    let zip = pack(&facts(profile, diagnosis, now)).map_err(|error| {
        tracing::error!(%error, "the support file cannot be packed");
        Failure::Unexpected
    })?;
    let name = || to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let written = OpenOptions::new().write(true).create_new(true).open(to).and_then(|mut file| {
        file.write_all(&zip).and_then(|()| file.sync_all()).inspect_err(|_| drop(std::fs::remove_file(to)))
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::NameTaken { name: name() },
        _ => folders::failure_of(&error, to),
    })
}

fn pack(facts: &Value) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec_pretty(facts).map_err(|error| error.to_string())?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("お読みください.txt", README.as_bytes()), ("support.json", json.as_slice())] {
        zip.start_file(name, SimpleFileOptions::default()).map_err(|error| error.to_string())?;
        zip.write_all(bytes).map_err(|error| error.to_string())?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|error| error.to_string())
}

fn facts(profile: &Profile, diagnosis: &Diagnosis, now: Timestamp) -> Value {
    let history = profile.history();
    json!({
        "made_at": now.to_string(),
        "tayori": env!("CARGO_PKG_VERSION"),
        "program_sha256": program(),
        "system": { "os": std::env::consts::OS, "cpu": std::env::consts::ARCH, "release": release() },
        "settings": settings(profile),
        "certificate": identity(profile, now),
        "diagnosis": found(diagnosis),
        "history": match &history {
            Ok(history) => kept(history),
            Err(error) => json!({ "failure": error.failure().code() }),
        },
    })
}

fn settings(profile: &Profile) -> Value {
    let settings = &profile.settings;
    let route = Route::to(&settings.hub);
    let (habits, notices) = (&settings.folders, &settings.notices);
    json!({
        "office": settings.office,
        "office_name_characters": settings.office_name.chars().count(),
        "hub": { "address_valid": route.is_some(), "port": route.as_ref().map(|route| route.hub.port),
            "by_proxy": route.as_ref().map(|route| route.proxy.is_some()) },
        "outgoing": settings.outgoing_folders().iter().map(|folder| place(folder)).collect::<Vec<_>>(),
        "import": place(&settings.import),
        "import_rules": habits.import_rules.iter().map(|rule| place(&rule.folder)).collect::<Vec<_>>(),
        "watch": habits.watch,
        "after_sending": format!("{:?}", habits.after_sending),
        "automatic": habits.automatic.len(),
        "national": habits.national.as_ref().map(|national| json!({
            "hand_over": place(&national.hand_over),
            "download": national.download.as_deref().map(place),
            "partners": national.partners.len(),
        })),
        "close_to_tray": notices.close_to_tray,
    })
}

/// What kind of folder it is; not which.
fn place(folder: &Path) -> Value {
    let is_there = folder.is_dir();
    json!({
        "there": is_there,
        "network": is_there && folders::is_distant(folder),
        "entries": std::fs::read_dir(folder).map(Iterator::count).ok(),
        "ascii": folder.to_str().is_some_and(str::is_ascii),
        "length": folder.as_os_str().len(),
    })
}

fn identity(profile: &Profile, now: Timestamp) -> Value {
    let loaded = profile.vault().map_err(|error| error.failure()).and_then(|vault| {
        Identity::load(&profile.identity_dir(), &vault).map_err(|error| super::failure::of_identity(&error))
    });
    match loaded {
        Err(failure) => json!({ "failure": failure.code() }),
        Ok(identity) => json!({
            "trouble": identity.check(profile.settings.office, now).err().map(|error| super::failure::of_identity(&error).code()),
            "until": identity.valid_until().ok().map(|until| until.to_string()),
            "combined": identity.is_combined(),
            "older_keys": identity.older.len(),
            "office_key_sha256": certificate::key_fingerprint(identity.key.certificate()).ok(),
            "terminal_certificate_sha256": sha256_hex(identity.terminal.certificate()),
        }),
    }
}

fn found(diagnosis: &Diagnosis) -> Value {
    let checks: serde_json::Map<String, Value> = diagnosis
        .checks
        .iter()
        .map(|(check, look)| {
            let said = match look {
                Look::Done(found) => json!({ "light": found.light(), "found": found.code() }),
                Look::NotYet | Look::UnderWay => Value::Null,
            };
            (check.as_str().to_owned(), said)
        })
        .collect();
    let trial = match &diagnosis.trial {
        Trial::NotYet | Trial::UnderWay => Value::Null,
        Trial::Came { took } => json!({ "came_after_ms": took.as_millis() as u64 }),
        Trial::Failed(failure) => json!({ "failed": failure.code() }),
    };
    json!({ "checks": checks, "trial": trial })
}

fn kept(history: &History) -> Value {
    let or_code = |value: Result<Value, crate::history::HistoryError>| {
        value.unwrap_or_else(|error| json!({ "failure": super::failure::of_history(&error).code() }))
    };
    json!({
        "counts": or_code(history.tally().map(|tally| json!(tally))),
        "last_failures": or_code(history.mishaps(MISHAPS).map(|mishaps| json!(mishaps))),
        "record": or_code(history.audit_head().map(|head| json!({ "lines": head.lines, "sha256": head.hash }))),
    })
}

fn program() -> Option<String> {
    std::env::current_exe().and_then(std::fs::read).ok().map(|bytes| sha256_hex(&bytes))
}

/// The name of the Linux distribution.
fn release() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}
