//! One PC of an office: who it is, what it remembers, where its care software looks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use super::failure::of_history;
use super::habits::ImportFolders;
use super::model::Failure;
use super::papers::Papers;
use crate::history::{History, HistoryError};
use crate::identity::{Identity, IdentityError};
use crate::parcel::{ParcelId, Receipt, ReceiptStep, Trust};
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
    /// A file that whoever exchanges for this terminal holds locked: a window and a command may both be running.
    pub turn: PathBuf,
}

impl Terminal {
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

    /// Notes what happened to an incoming parcel, with the signed receipt for its sender.
    pub(super) fn note_own(
        &mut self,
        id: ParcelId,
        digest: &str,
        step: ReceiptStep,
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        if let Some(signed) = self.sign_receipt(id, digest, step, None, now) {
            self.history.note_own_step(id, step, &signed, now)?;
        }
        Ok(())
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
