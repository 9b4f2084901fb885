//! The month run through without a window, and compared byte for byte.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::{DemoError, DemoOffice, District};
use crate::engine::exchange::{Exchange, Round};
use crate::engine::model::{SendRequest, State};
use crate::engine::outgoing::Scope;
use crate::folders::Pace;
use crate::parcel::sha256_hex;
use crate::standard::{FileName, OfficeNumber};

/// The demo's files are whole from the start; nobody else writes to its folders.
const AT_ONCE: Pace =
    Pace { quiet: Duration::ZERO, patience: Duration::from_secs(5), pause: Duration::from_millis(50) };
/// The month takes three rounds: send; receive and import; read the receipts. More of them mean trouble.
const MOST_ROUNDS: usize = 10;
/// How many offices exchange at the same time.
const AT_A_TIME: usize = 4;

/// What was exchanged in this folder so far, this run and those before.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    pub offices: usize,
    pub parcels_sent: usize,
    pub parcels_received: usize,
    pub files_sent: usize,
    pub files_delivered: usize,
    /// Every file that was put out has arrived at its receiver, each the same to the byte.
    pub files_identical: bool,
    /// Signed receipts the senders hold.
    pub receipts: usize,
    pub seconds: f64,
}

/// Sends what every office put out, until all is imported and every sender knows it.
pub fn run(district: &District, mut say: impl FnMut(&str)) -> Result<Report, DemoError> {
    let began = Instant::now();
    let mut offices = Vec::new();
    for office in &district.offices {
        offices.push((office.clone(), office.profile.exchange()?));
    }
    each(&mut offices, |(office, exchange)| queue_month(office, exchange))?;
    for number in 1..=MOST_ROUNDS {
        let open: usize = each(&mut offices, |(office, exchange)| exchange_once(office, exchange))?.into_iter().sum();
        say(&format!("{number}回目の送受信が終わりました。まだ取り込まれていないもの: {open}件"));
        if open == 0 {
            break;
        }
    }
    let exchanges: Vec<_> = offices.iter().map(|(_, exchange)| exchange).collect();
    let mut report = count(&exchanges)?;
    (report.files_delivered, report.files_identical) = compare(district, report.files_sent)?;
    report.offices = district.offices.len();
    report.seconds = (began.elapsed().as_secs_f64() * 100.0).round() / 100.0;
    Ok(report)
}

/// Does the same for all offices, a few at a time.
pub(super) fn each<T: Send, R: Send>(
    items: &mut [T],
    work: impl Fn(&mut T) -> Result<R, DemoError> + Sync,
) -> Result<Vec<R>, DemoError> {
    let size = items.len().div_ceil(AT_A_TIME).max(1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = items
            .chunks_mut(size)
            .map(|chunk| scope.spawn(|| chunk.iter_mut().map(&work).collect::<Result<Vec<R>, DemoError>>()))
            .collect();
        let mut results = Vec::new();
        for handle in handles {
            match handle.join() {
                Ok(done) => results.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(results)
    })
}

/// Puts into the outbox what the care software put out and was not sent yet.
pub(super) fn queue_month(office: &DemoOffice, exchange: &mut Exchange) -> Result<(), DemoError> {
    if !exchange.terminal.history.has_directory()? {
        // The check asks the directory who can receive.
        if let Err(error) = exchange.refresh_directory(Timestamp::now()) {
            tracing::warn!(%error, "no directory yet");
        }
    }
    let outgoing = [office.profile.settings.outgoing.clone()];
    let examined =
        exchange.terminal.examine(&outgoing, &[], Scope::Unsent, AT_ONCE, &mut |_, _| true)?.unwrap_or_default();
    let now = Timestamp::now();
    let mut parcels = Vec::new();
    for bundle in examined.bundles.iter().filter(|bundle| bundle.may_be_sent()) {
        let paths = bundle.files.iter().map(|file| file.path.clone()).collect();
        let message = format!("いつもお世話になっております。{}をお送りします。", office_month_words(bundle.persons));
        let request = SendRequest::new(bundle.receiver, paths, message);
        match exchange.terminal.prepare(&request, AT_ONCE, now) {
            Ok(parcel) => parcels.push(parcel),
            Err(failure) => {
                tracing::error!(failure = failure.code(), to = %bundle.receiver, "a bundle of the month cannot be sent")
            }
        }
    }
    Ok(exchange.terminal.history.queue(&parcels, now)?)
}

fn office_month_words(persons: usize) -> String {
    if persons > 0 { format!("{persons}名様分のデータ") } else { "今月のデータ".into() }
}

/// One round, with the care software taking what came. Says how many of our parcels are not imported yet.
fn exchange_once(office: &DemoOffice, exchange: &mut Exchange) -> Result<usize, DemoError> {
    let mut round = Round::default();
    let now = Timestamp::now();
    let mut result = exchange.round(now, &mut round);
    if office.take_imports()? > 0 {
        result = result.and_then(|()| Ok(exchange.terminal.note_imports(now, &mut round)?));
        result = result.and_then(|()| exchange.hand_in_receipts(now, &mut round));
    }
    if let Err(error) = result {
        tracing::warn!(office = %office.profile.settings.office, %error, "a round ended early");
    }
    let history = &exchange.terminal.history;
    let open = history.sent()?.iter().filter(|line| line.state != State::Imported).count();
    Ok(open + history.outbox()?.len())
}

fn count(exchanges: &[&Exchange]) -> Result<Report, DemoError> {
    let mut report = Report::default();
    for exchange in exchanges {
        let history = &exchange.terminal.history;
        let (sent, inbox) = (history.sent()?, history.inbox()?);
        report.parcels_sent += sent.len();
        report.files_sent += sent.iter().map(|line| line.files).sum::<usize>();
        report.parcels_received += inbox.len();
        report.receipts += history.receipts_held()?;
    }
    Ok(report)
}

/// Looks for every file that was put out in its receiver's folders. The way through Tayori is not asked: only what
/// lies in the senders' and receivers' folders counts.
fn compare(district: &District, files_sent: usize) -> Result<(usize, bool), DemoError> {
    let (mut put_out, mut arrived) = (Vec::new(), Vec::new());
    for office in &district.offices {
        let settings = &office.profile.settings;
        for (name, digest) in digests(&settings.outgoing)? {
            if let Ok(parsed) = FileName::parse(&name) {
                put_out.push((parsed.receiver, name, digest));
            }
        }
        for folder in [&settings.import, &office.imported] {
            arrived.extend(digests(folder)?.into_iter().map(|(name, digest)| (settings.office, name, digest)));
        }
    }
    Ok((arrived.len(), are_the_same(put_out, arrived, files_sent)))
}

/// A file as it lies somewhere: for whom, its name, its digest.
type Lying = (OfficeNumber, String, String);

/// Whether each file arrived once and as it was put out: one that came twice is not the same as one that came once.
fn are_the_same(mut put_out: Vec<Lying>, mut arrived: Vec<Lying>, files_sent: usize) -> bool {
    put_out.sort();
    arrived.sort();
    put_out == arrived && put_out.len() == files_sent && files_sent > 0
}

fn digests(folder: &PathBuf) -> Result<Vec<(String, String)>, DemoError> {
    let io = |source| DemoError::Io { path: folder.clone(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, sha256_hex(&fs::read(&path).map_err(io)?)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::profile::{Profile, Settings};

    fn put(folder: &std::path::Path, name: &str, bytes: &str) {
        fs::write(folder.join(name), bytes).unwrap();
    }

    #[test]
    fn a_file_that_comes_twice_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let [outgoing, import] = ["outgoing", "import"].map(|name| dir.path().join(name));
        let settings = Settings::new("3191000017".parse().unwrap(), "南".into(), String::new(), outgoing, import);
        let (receiver, import, imported) = (settings.office, settings.import.clone(), dir.path().join("imported"));
        let profile = Profile::create(&dir.path().join("profile"), settings).unwrap();
        fs::create_dir(&imported).unwrap();
        let office = DemoOffice { profile, imported: imported.clone() };
        let lying = |folder: &PathBuf| -> Vec<Lying> {
            digests(folder).unwrap().into_iter().map(|(name, digest)| (receiver, name, digest)).collect()
        };
        let sent = vec![(receiver, "UPJSK.CSV".to_owned(), sha256_hex(b"report"))];

        put(&import, "UPJSK.CSV", "report");
        assert_eq!(office.take_imports().unwrap(), 1);
        assert!(are_the_same(sent.clone(), lying(&imported), 1));
        for twice in ["report", "another"] {
            put(&import, "UPJSK.CSV", twice);
            assert_eq!(office.take_imports().unwrap(), 1);
            assert!(!are_the_same(sent.clone(), lying(&imported), 1));
        }
        let mut names: Vec<_> = lying(&imported).into_iter().map(|(_, name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["UPJSK.CSV", "UPJSK.CSV (2)", "UPJSK.CSV (3)"]);
        assert_eq!(fs::read_to_string(imported.join("UPJSK.CSV")).unwrap(), "report", "the first one stays");
    }
}
