//! A parcel to oneself, to see that everything works: sealed, handed over, fetched again, opened, verified.
//!
//! Nobody's care software is to find it. So it is neither put into the history nor into an import folder, here or at the
//! other terminals of the office, which know it by what is in it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use super::failure::{of_history, of_identity, of_link, of_pack, of_read, of_seal};
use super::model::Failure;
use super::terminal::Terminal;
use crate::link::Link;
use crate::parcel::{self, Content, ParcelId, ReceiptStep};
use crate::standard::OfficeNumber;

const FILE: &str = "tayori-trial.txt";
const WORDS: &str = "便りの試し送りです。 / A trial of Tayori.";

/// Whether a parcel is one that an office sent itself to try the way.
pub(super) fn is_trial(content: &Content, office: OfficeNumber) -> bool {
    let manifest = &content.manifest;
    manifest.sender == office
        && manifest.receiver == office
        && manifest.files.len() == 1
        && manifest.files.first().is_some_and(|file| file.name == FILE)
}

/// Sends one and waits for it; says how long that took.
pub fn send_to_ourselves(terminal: &mut Terminal, link: &dyn Link, now: Timestamp) -> Result<Duration, Failure> {
    let begun = Instant::now();
    terminal.identity.check(terminal.office, now).map_err(|error| of_identity(&error))?;
    // A terminal on its first day has no revocation list yet, and without one nothing can be verified.
    let crl = link.crl().map_err(|error| of_link(&error))?;
    terminal.history.set_crl(&crl.der, crl.tag.as_deref()).map_err(|error| of_history(&error))?;
    let (id, office) = (ParcelId::new(), terminal.office);
    let content = Content::new(id, office, office, now, String::new(), vec![(FILE.into(), WORDS.into())]);
    let payload = content.pack().map_err(|error| of_pack(&error))?;
    let key = &terminal.identity.key;
    let ourselves = [CertificateDer::from(key.certificate().to_vec())];
    let sealed = parcel::seal(&payload, key, &ourselves, now).map_err(|error| of_seal(&error))?;
    let accepted = link.put(id, office, &sealed).map_err(|error| match of_link(&error) {
        Failure::ReceiverUnknown { .. } => Failure::ReceiverUnknown { office: office.to_string() },
        failure => failure,
    })?;
    let came = link.fetch(id, accepted.size).map_err(|error| of_link(&error))?;
    let read = terminal.read(&came, accepted.accepted_at, now).map_err(|error| of_history(&error))?;
    let received = read.map_err(|error| of_read(&error))?;
    if received.content != content || !terminal.identity.is_own(&received.signer_certificate) {
        return Err(Failure::SealBroken);
    }
    // So that the hub does not wait for somebody to fetch it. Not worth a word when it does not work.
    if let Some(signed) = terminal.sign_receipt(id, &accepted.digest, ReceiptStep::Imported, None, now)
        && let Err(error) = link.receipt(id, &signed)
    {
        tracing::info!(parcel = %id, %error, "the trial's receipt was not taken");
    }
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trial_to_oneself_is_one() {
        let (north, south): (OfficeNumber, OfficeNumber) =
            ("3170000001".parse().unwrap(), "3190000002".parse().unwrap());
        let content = |from, to, names: &[&str]| {
            let files = names.iter().map(|name| ((*name).to_owned(), b"x".to_vec())).collect();
            Content::new(ParcelId::new(), from, to, Timestamp::UNIX_EPOCH, String::new(), files)
        };
        assert!(is_trial(&content(north, north, &[FILE]), north));
        assert!(!is_trial(&content(south, north, &[FILE]), north), "a partner's file of that name is a file");
        assert!(!is_trial(&content(north, north, &["UPPLAN.CSV"]), north), "one desk may write to another");
        assert!(!is_trial(&content(north, north, &[FILE, "a.txt"]), north));
    }
}
