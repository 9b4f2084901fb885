//! One PC of an office: who it is, what it remembers, where its care software looks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::failure::of_history;
use super::habits::ImportFolders;
use super::model::{Failure, Settings};
use super::papers::Papers;
use crate::history::{Action, History, HistoryError};
use crate::identity::{Identity, IdentityError};
use crate::parcel::{Limits, OpenError, ParcelId, ReadError, Receipt, ReceiptStep, Received, Trust, TrustError};
use crate::release::Keys;
use crate::standard::OfficeNumber;

/// What a terminal can do without the others. Each thread has one of its own, over the same files.
#[derive(Debug)]
pub struct Terminal {
    /// The office it is set up for; the identity must be this office's.
    pub office: OfficeNumber,
    pub identity: Identity,
    /// Where that lies: it is renewed while programs run.
    pub papers: Papers,
    pub history: History,
    pub import: ImportFolders,
    /// Whether a notice names the persons of what arrives.
    pub names_persons: bool,
    /// Whose word about a newer version counts.
    pub release_keys: Keys,
    /// A file that whoever exchanges for this terminal holds locked: a window and a command may both be running.
    pub turn: PathBuf,
}

impl Terminal {
    /// Does as changed settings say. Another hub or office needs a new start.
    pub(super) fn follow(&mut self, settings: &Settings) {
        self.import = settings.import_folders();
        self.names_persons = settings.notices.persons;
        self.history.set_desks(&settings.desks);
    }

    /// Waits for its turn; the turn ends when the file is dropped. Whoever seals and sends does it in a turn of its own:
    /// two at once would give one parcel two seals. Whoever takes up what a folder holds does, too, up to the outbox.
    pub fn take_turn(&self) -> io::Result<File> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.turn)?;
        file.lock()?;
        Ok(file)
    }

    /// The same without waiting; `None` while somebody else has the turn.
    pub fn try_turn(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.turn)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether our certificate is ours and good at `now`. Without it nothing is sent or received; the history stays.
    pub(super) fn check_identity(&self, now: Timestamp) -> Result<(), IdentityError> {
        self.identity.check(self.office, now)
    }

    /// Whom we trust at `now`, by the revocation list as last fetched.
    pub(super) fn trust(&self, now: Timestamp) -> Result<Trust, HistoryError> {
        Ok(self.identity.trust(self.history.crl()?.as_deref(), now))
    }

    /// An error of the history's for the user. A damaged file is noted as such, so that the next start mends it.
    pub(super) fn trouble(&self, error: &HistoryError) -> Failure {
        if error.is_damaged()
            && let Err(error) = self.history.mark_damaged()
        {
            tracing::error!(%error, "a damaged history could not be noted as such");
        }
        of_history(error)
    }

    /// Opens a parcel that came, or one of our own. A signer's certificate that has ended since counts as it stood when
    /// the hub took the parcel.
    pub(super) fn read(
        &self,
        sealed: &[u8],
        accepted_at: Timestamp,
        now: Timestamp,
    ) -> Result<Result<Received, ReadError>, HistoryError> {
        let read = self.identity.read(sealed, &self.trust(now)?, &Limits::default());
        Ok(match read {
            Err(ReadError::Open(OpenError::Signer(TrustError::Expired { .. }))) => {
                self.identity.read(sealed, &self.trust(accepted_at)?, &Limits::default())
            }
            read => read,
        })
    }

    /// Notes what happened to an incoming parcel, with the signed receipt for its sender. Says whether that is new.
    pub(super) fn note_own(
        &mut self,
        id: ParcelId,
        digest: &str,
        step: ReceiptStep,
        by: Action,
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        if self.history.has_receipt(id, step)? {
            return Ok(false);
        }
        match self.sign_receipt(id, digest, step, None, now) {
            Some(signed) => self.history.note_own_step(id, step, &signed, by, now),
            None => Ok(false),
        }
    }

    /// What people call this terminal: the name they gave it, or else the computer's.
    pub fn name(&self) -> Result<String, HistoryError> {
        let given = self.history.terminal_name()?;
        Ok(if given.is_empty() { computer_name() } else { given })
    }

    /// `None` when our key cannot sign; the next round tries again.
    pub(super) fn sign_receipt(
        &self,
        parcel: ParcelId,
        digest: &str,
        step: ReceiptStep,
        failure: Option<&Failure>,
        at: Timestamp,
    ) -> Option<Vec<u8>> {
        let reason = failure.map(Failure::code);
        let receipt = Receipt { parcel, digest: digest.to_owned(), office: self.identity.office, step, at, reason };
        receipt
            .sign(&self.identity.key)
            .inspect_err(|error| tracing::error!(%parcel, %error, "a receipt could not be signed"))
            .ok()
    }
}

/// The computer's name on its network; a plain word where it has none.
fn computer_name() -> String {
    let named = std::env::var("COMPUTERNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let name: String = named.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() { "端末".into() } else { name }
}

/// Writes the whole record into a new file; says how many lines. `go_on` hears how many are written and may end it: then
/// there is no file.
pub fn export_audit(history: &History, to: &Path, go_on: impl FnMut(u64) -> bool) -> Result<Option<u64>, Failure> {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::NameTaken { name: to.file_name().unwrap_or_default().to_string_lossy().into_owned() }
        }
        _ => crate::folders::failure_of(error, to),
    };
    let file = OpenOptions::new().write(true).create_new(true).open(to).map_err(|error| failed(&error))?;
    let mut out = io::BufWriter::new(file);
    let written = history.export_audit(&mut out, go_on).and_then(|lines| {
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all().map(|()| lines)
    });
    if !matches!(written, Ok(Some(_))) {
        // Half a record would look like a whole one.
        let _ = std::fs::remove_file(to);
    }
    written.map_err(|error| failed(&error))
}
