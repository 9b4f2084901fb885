//! Lets terminals in and renews their certificates: what is given to whom, without any HTTP.
//!
//! | who asks | shows | gets |
//! |---|---|---|
//! | a first terminal | the operator's code | certificates for its own key and for the office's new key |
//! | a further terminal | a code of a terminal's | its own certificate, and the chest with the office's keys |
//! | a further terminal | the operator's code | its own certificate; it opens the recovery chest or waits to be let in |
//! | any of them | a certificate of another authority | as with the operator's code |
//! | a terminal that is in | its certificate | new certificates for the same keys |
//!
//! Everything is decided in the transaction that writes it. A repeat of a request that was answered gets the same
//! certificates again: answers get lost, and a code lets in one terminal only.

use jiff::{SignedDuration, Timestamp};

use super::audit::{self, Actor, DONE};
use super::authority::{Authority, AuthorityError, Issued, Kind, requested_key};
use super::codes::{self, Kept};
use super::directory::{self, Certificate};
use super::state::Caller;
use super::stores::{Connection, StoreError};
use super::terminals::{self, Admission};
use crate::identity::code::{Handle, MacKey};
use crate::parcel::certificate;
use crate::standard::OfficeNumber;
use crate::wire::{Binary, EnrolAnswer, EnrolRequest, RenewRequest, Renewed};

/// Longer names are cut: it is a label, not a letter.
const NAME_CHARS: usize = 40;
/// A certificate this young is handed out again rather than made anew: the answer got lost, or two terminals asked.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);
/// Whoever may go on asking for certificates gets no more than this many for one key.
const MOST_ALIVE: usize = 8;

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No such office, no such code, or a wrong proof: one answer for all.
    #[error("the code does not fit")]
    Code,
    #[error("the code's time is over")]
    Expired,
    #[error("the code let another terminal in")]
    Used,
    #[error("nothing can be issued for this request: {0}")]
    Request(#[from] AuthorityError),
    #[error("the key is not the one the caller has")]
    OtherKey,
}

/// Who issues, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    pub authority: &'a Authority,
    pub days: u32,
}

type Decided<T> = Result<Result<T, Refused>, StoreError>;

/// What was decided, and the key that shows the answer is ours.
#[derive(Debug)]
pub struct LetIn {
    pub answer: EnrolAnswer,
    pub key: Option<MacKey>,
}

/// Lets in whoever has a code. `proved` are the bytes of `request`, `mac` their proof.
pub fn by_code(
    connection: &Connection,
    terms: Terms<'_>,
    request: &EnrolRequest,
    proved: &[u8],
    (handle, mac): (Handle, &[u8]),
    now: Timestamp,
) -> Decided<LetIn> {
    let kept = codes::find(connection, handle)?;
    let Some(code) = kept.filter(|code| code.tries < codes::TRIES && code.office == request.office) else {
        return Ok(Err(Refused::Code));
    };
    if !code.proof.fits(proved, mac) {
        codes::note_wrong(connection, handle)?;
        return Ok(Err(Refused::Code));
    }
    let answer = match (&code.used_by, now <= code.expires_at) {
        (Some(id), _) => repeat(connection, terms, request, id, &code, now)?,
        (None, false) => Err(Refused::Expired),
        (None, true) => new(connection, terms, request, Some(&code), now)?,
    };
    if let (Ok(answer), None) = (&answer, &code.used_by) {
        codes::note_used(connection, handle, &answer.terminal, now)?;
        on_record(connection, answer, now)?;
    }
    Ok(answer.map(|answer| LetIn { answer, key: Some(code.answer) }))
}

/// Lets in whoever showed a certificate of an authority that stands for `office`.
pub fn by_certificate(
    connection: &Connection,
    terms: Terms<'_>,
    request: &EnrolRequest,
    office: OfficeNumber,
    now: Timestamp,
) -> Decided<LetIn> {
    if request.office != office {
        return Ok(Err(Refused::Code));
    }
    let answer = new(connection, terms, request, None, now)?;
    if let Ok(answer) = &answer {
        on_record(connection, answer, now)?;
    }
    Ok(answer.map(|answer| LetIn { answer, key: None }))
}

fn on_record(connection: &Connection, answer: &EnrolAnswer, now: Timestamp) -> Result<(), StoreError> {
    let actor = Actor { who: answer.office.to_string(), terminal: answer.terminal.clone() };
    audit::record(connection, &actor, "enrol", &answer.terminal, DONE, now)
}

/// The answer this terminal got before.
fn repeat(
    connection: &Connection,
    terms: Terms<'_>,
    request: &EnrolRequest,
    id: &str,
    code: &Kept,
    now: Timestamp,
) -> Decided<EnrolAnswer> {
    let (Some(terminal), Ok(asked)) =
        (terminals::find(connection, request.office, id)?, requested_key(&request.terminal_csr))
    else {
        return Ok(Err(Refused::Used));
    };
    if certificate::key_fingerprint(&terminal.certificate).ok() != Some(asked) {
        return Ok(Err(Refused::Used));
    }
    let sealing = directory::sealing(connection, request.office, now)?;
    let yours = asked_office_key(request).is_some_and(|key| has_key(&sealing, &key));
    if let (true, Some(recovery)) = (yours, &request.recovery) {
        terminals::keep_chest(connection, request.office, &recovery.0, now)?;
    }
    let label = (terminal.id, terminal.name);
    answer(connection, terms, request.office, label, terminal.certificate, (sealing, yours), code.chest.as_deref(), now)
}

fn new(
    connection: &Connection,
    terms: Terms<'_>,
    request: &EnrolRequest,
    code: Option<&Kept>,
    now: Timestamp,
) -> Decided<EnrolAnswer> {
    let office = request.office;
    if directory::entry(connection, office)?.is_none() {
        return Ok(Err(Refused::Code));
    }
    let replaces = code.is_some_and(|code| code.new_key);
    let sealing = if replaces { Vec::new() } else { directory::sealing(connection, office, now)? };
    let asked = asked_office_key(request);
    let has_it = asked.as_ref().is_some_and(|key| has_key(&sealing, key));
    // Everything that may be refused comes before the first write.
    let issue = |csr: &str, kind| terms.authority.issue(csr, office, kind, now, terms.days);
    let terminal = match issue(&request.terminal_csr, Kind::Terminal) {
        Ok(issued) => issued,
        Err(error) => return Ok(Err(error.into())),
    };
    let key = match request.office_csr.as_deref().filter(|_| sealing.is_empty()).map(|csr| issue(csr, Kind::Office)) {
        Some(Err(error)) => return Ok(Err(error.into())),
        Some(Ok(issued)) => Some(issued),
        None => None,
    };
    if replaces && key.is_some() {
        directory::withdraw_sealing(connection, office, now)?;
        terminals::forget_chest(connection, office)?;
        terminals::all_wait(connection, office)?;
    }
    let yours = has_it || key.is_some();
    if let Some(issued) = &key {
        keep(connection, office, Kind::Office, "", issued, now)?;
    }
    let id = terminal.serial_hex.clone();
    let name = match label(&request.terminal) {
        name if name.is_empty() => format!("端末{}", terminals::count(connection, office)? + 1),
        name => name,
    };
    let chest = code.and_then(|code| code.chest.as_deref());
    let admission = if yours || chest.is_some() { Admission::Has } else { Admission::Waits };
    terminals::add(connection, office, &id, &name, admission, now)?;
    keep(connection, office, Kind::Terminal, &id, &terminal, now)?;
    if let (true, Some(recovery)) = (yours, &request.recovery) {
        terminals::keep_chest(connection, office, &recovery.0, now)?;
    }
    let sealing = directory::sealing(connection, office, now)?;
    answer(connection, terms, office, (id, name), terminal.der, (sealing, yours), chest, now)
}

#[expect(clippy::too_many_arguments, reason = "the answer has many parts, and this is the one place that joins them")]
fn answer(
    connection: &Connection,
    terms: Terms<'_>,
    office: OfficeNumber,
    (terminal, terminal_name): (String, String),
    certificate: Vec<u8>,
    (sealing, yours): (Vec<Vec<u8>>, bool),
    chest: Option<&[u8]>,
    now: Timestamp,
) -> Decided<EnrolAnswer> {
    let Some((service, office_name)) = directory::entry(connection, office)? else { return Ok(Err(Refused::Code)) };
    let recovery = if yours { None } else { terminals::chest(connection, office)? };
    Ok(Ok(EnrolAnswer {
        office,
        service,
        office_name,
        terminal,
        terminal_name,
        terminal_certificate: Binary(certificate),
        office_certificates: sealing.into_iter().map(Binary).collect(),
        office_key_is_yours: yours,
        chest: chest.map(|sealed| Binary(sealed.to_vec())),
        recovery: recovery.map(Binary),
        authority: Binary(terms.authority.certificate_der().to_vec()),
        time: now,
    }))
}

/// New certificates for the keys the caller has. Asking again soon gets the same ones.
pub fn renew(
    connection: &Connection,
    terms: Terms<'_>,
    caller: &Caller,
    request: &RenewRequest,
    now: Timestamp,
) -> Decided<Renewed> {
    let mut renewed = Renewed::default();
    let Some(terminal) = terminals::find(connection, caller.office, &caller.terminal)? else {
        return Ok(Err(Refused::OtherKey));
    };
    let sealing = directory::ever_sealing(connection, caller.office)?;
    // A terminal of the old kind has one certificate for both.
    let combined = has_serial(&sealing, &caller.serial);
    if let Some(csr) = &request.terminal_csr {
        let kind = if combined { Kind::Both } else { Kind::Terminal };
        match renewal(connection, terms, caller.office, kind, &caller.terminal, &[terminal.certificate], csr, now)? {
            Ok(der) => renewed.terminal_certificate = Some(Binary(der)),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    if let Some(csr) = &request.office_csr {
        match renewal(connection, terms, caller.office, Kind::Office, "", &sealing, csr, now)? {
            Ok(der) => renewed.office_certificate = Some(Binary(der)),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(Ok(renewed))
}

/// A certificate for a key that one of `present` is for.
#[expect(clippy::too_many_arguments, reason = "what a certificate says, and what it takes the place of")]
fn renewal(
    connection: &Connection,
    terms: Terms<'_>,
    office: OfficeNumber,
    kind: Kind,
    terminal: &str,
    present: &[Vec<u8>],
    csr: &str,
    now: Timestamp,
) -> Decided<Vec<u8>> {
    let asked = match requested_key(csr) {
        Ok(asked) => asked,
        Err(error) => return Ok(Err(Refused::Request(error.into()))),
    };
    let same: Vec<&Vec<u8>> =
        present.iter().filter(|der| certificate::key_fingerprint(der).is_ok_and(|key| key == asked)).collect();
    let Some(newest) = same.iter().max_by_key(|der| certificate::valid_until(der).unwrap_or(Timestamp::MIN)) else {
        return Ok(Err(Refused::OtherKey));
    };
    // Every certificate begins a day before it was made.
    let made = certificate::valid_from(newest).unwrap_or(Timestamp::MIN);
    if now.duration_since(made) < YOUNG + YOUNG || same.len() >= MOST_ALIVE {
        return Ok(Ok(newest.to_vec()));
    }
    let issued = match terms.authority.issue(csr, office, kind, now, terms.days) {
        Ok(issued) => issued,
        Err(error) => return Ok(Err(error.into())),
    };
    keep(connection, office, kind, terminal, &issued, now)?;
    let actor = Actor { who: office.to_string(), terminal: terminal.to_owned() };
    audit::record(connection, &actor, "renew", &issued.serial_hex, DONE, now)?;
    Ok(Ok(issued.der))
}

fn keep(
    connection: &Connection,
    office: OfficeNumber,
    kind: Kind,
    terminal: &str,
    issued: &Issued,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Issued { serial_hex, der, not_after, .. } = issued;
    let row = Certificate { office, kind, terminal, serial: serial_hex, der, not_after: *not_after };
    directory::add(connection, row, now)
}

/// The key asked for the office, if the request for it holds.
fn asked_office_key(request: &EnrolRequest) -> Option<String> {
    requested_key(request.office_csr.as_deref()?).ok()
}

fn has_key(certificates: &[Vec<u8>], key: &str) -> bool {
    certificates.iter().any(|der| certificate::key_fingerprint(der).is_ok_and(|found| found == key))
}

fn has_serial(certificates: &[Vec<u8>], serial: &str) -> bool {
    certificates.iter().any(|der| certificate::serial_of(der).is_ok_and(|found| found == serial))
}

/// A name as it can be shown in a list.
fn label(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown: String = name.chars().filter(|c| !c.is_control() && !turns(*c)).take(NAME_CHARS).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::codes::{NewCode, OPERATORS, TRIES};
    use crate::hub::stores::Store;
    use crate::identity::code::Code;
    use crate::identity::request;

    const NORTH: &str = "3170000010";

    struct Desk {
        _dir: tempfile::TempDir,
        store: Store,
        authority: std::sync::Arc<Authority>,
    }

    fn start() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    fn north() -> OfficeNumber {
        NORTH.parse().unwrap()
    }

    impl Desk {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = crate::hub::stores::testing::store(dir.path());
            let authority = Authority::create(&dir.path().join("ca"), "Tayori", start()).unwrap().into();
            let register = |c: &Connection| directory::register(c, north(), "11".parse().unwrap(), "北", start());
            store.write_now(register).unwrap();
            Self { _dir: dir, store, authority }
        }

        fn code(&self) -> Code {
            let code = Code::new().unwrap();
            let kept = NewCode::of_operator(&code, north(), false, start());
            self.store.write_now(move |c| codes::keep(c, &kept, start())).unwrap();
            code
        }

        fn enrol(
            &self,
            asked: &EnrolRequest,
            handle: &Code,
            code: &Code,
            now: Timestamp,
        ) -> Result<EnrolAnswer, Refused> {
            let (asked, authority) = (asked.clone(), std::sync::Arc::clone(&self.authority));
            let (handle, mac) = (handle.handle(), code.proof().tag(b"request"));
            let decided = self.store.write_now(move |c| {
                let terms = Terms { authority: &authority, days: 730 };
                by_code(c, terms, &asked, b"request", (handle, &mac), now)
            });
            decided.unwrap().map(|let_in| let_in.answer)
        }

        fn renew(&self, terminal: &str, asked: &RenewRequest, now: Timestamp) -> Result<Renewed, Refused> {
            let (asked, authority) = (asked.clone(), std::sync::Arc::clone(&self.authority));
            let caller = Caller { office: north(), serial: terminal.into(), terminal: terminal.into() };
            let decided = self
                .store
                .write_now(move |c| renew(c, Terms { authority: &authority, days: 730 }, &caller, &asked, now));
            decided.unwrap()
        }
    }

    fn asked(terminal: &str, key: &str) -> EnrolRequest {
        EnrolRequest {
            office: north(),
            terminal: "受付\u{202e}\n".into(),
            terminal_csr: terminal.into(),
            office_csr: Some(key.into()),
            recovery: Some(Binary(b"chest".to_vec())),
        }
    }

    fn csr() -> String {
        request(north()).unwrap().csr_pem
    }

    #[test]
    fn a_code_is_good_for_fourteen_days_and_for_one_terminal() {
        let desk = Desk::new();
        let (code, late) = (desk.code(), desk.code());
        let end = start() + OPERATORS;
        let (terminal, key) = (csr(), csr());
        let answer = desk.enrol(&asked(&terminal, &key), &code, &code, end).unwrap();
        assert!(answer.office_key_is_yours && answer.recovery.is_none());
        assert_eq!(answer.terminal_name, "受付", "a name that could turn a line around does not");
        let over = end + SignedDuration::from_secs(1);
        assert!(matches!(desk.enrol(&asked(&csr(), &key), &late, &late, over), Err(Refused::Expired)));
        // The same terminal asks again, much later: its answer had got lost.
        let again = desk.enrol(&asked(&terminal, &key), &code, &code, over).unwrap();
        assert_eq!((again.terminal, again.terminal_certificate), (answer.terminal, answer.terminal_certificate));
        assert!(matches!(desk.enrol(&asked(&csr(), &key), &code, &code, end), Err(Refused::Used)));
    }

    #[test]
    fn s7_ten_wrong_proofs_burn_a_code_and_nobody_without_its_handle_can() {
        let desk = Desk::new();
        let (code, other) = (desk.code(), Code::new().unwrap());
        let request = asked(&csr(), &csr());
        for _ in 0..100 {
            assert!(matches!(desk.enrol(&request, &other, &other, start()), Err(Refused::Code)));
        }
        for _ in 1..TRIES {
            assert!(matches!(desk.enrol(&request, &code, &other, start()), Err(Refused::Code)));
        }
        let unburnt = desk.code();
        desk.enrol(&request, &unburnt, &unburnt, start()).unwrap();
        assert!(matches!(desk.enrol(&request, &code, &other, start()), Err(Refused::Code)));
        assert!(matches!(desk.enrol(&request, &code, &code, start()), Err(Refused::Code)), "it is burnt");
    }

    #[test]
    fn a_second_terminal_gets_no_key_of_its_own_for_the_office() {
        let desk = Desk::new();
        let (first, second) = (desk.code(), desk.code());
        let one = desk.enrol(&asked(&csr(), &csr()), &first, &first, start()).unwrap();
        let two = desk.enrol(&asked(&csr(), &csr()), &second, &second, start()).unwrap();
        assert!(!two.office_key_is_yours);
        assert_eq!(two.office_certificates, one.office_certificates);
        assert_eq!(two.recovery, Some(Binary(b"chest".to_vec())), "the first one's, not what the second offered");
        let waiting = desk.store.read_now(|c| terminals::list(c, north())).unwrap();
        let states: Vec<_> = waiting.iter().filter(|t| t.admission == Admission::Waits).map(|t| &t.id).collect();
        assert_eq!(states, [&two.terminal]);
    }

    #[test]
    fn s3_a_certificate_is_renewed_for_its_own_key_only_and_once_a_day() {
        let desk = Desk::new();
        let code = desk.code();
        let (terminal, key) = (csr(), csr());
        let got = desk.enrol(&asked(&terminal, &key), &code, &code, start()).unwrap();
        let later = start() + SignedDuration::from_hours(24 * 700);
        let both = RenewRequest { terminal_csr: Some(terminal.clone()), office_csr: Some(key.clone()) };
        let new = desk.renew(&got.terminal, &both, later).unwrap();
        let until = |der: &Option<Binary>| certificate::valid_until(&der.as_ref().unwrap().0).unwrap();
        let wanted = later + SignedDuration::from_hours(24 * 730);
        assert_eq!((until(&new.terminal_certificate), until(&new.office_certificate)), (wanted, wanted));
        let again = desk.renew(&got.terminal, &both, later + SignedDuration::from_hours(1)).unwrap();
        assert_eq!(again, new, "an answer that got lost");
        for wrong in [
            RenewRequest { terminal_csr: Some(csr()), office_csr: None },
            RenewRequest { terminal_csr: None, office_csr: Some(csr()) },
            RenewRequest { terminal_csr: Some(key), office_csr: None },
            RenewRequest { terminal_csr: None, office_csr: Some(terminal) },
        ] {
            assert!(matches!(desk.renew(&got.terminal, &wrong, later), Err(Refused::OtherKey)));
        }
        // Both certificates of the office's key are published until the old one ends.
        let published = desk.store.read_now(move |c| directory::whole(c, later)).unwrap().unwrap();
        assert_eq!(published.offices[0].certificates.len(), 2);
        let standing = desk.store.read_now(directory::standing).unwrap();
        assert!(standing.terminals.values().all(|id| *id == got.terminal), "the terminal stays who it was");
    }
}
