//! Whom we know: the keys partners had when we first had to do with them. Another key is never used silently, however
//! good its certificate is: the authority that vouches for it might be the one that made it up.

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use super::model::Failure;
use super::terminal::Terminal;
use crate::history::{HistoryError, KnownOffice};
use crate::parcel::{Trust, certificate};
use crate::standard::OfficeNumber;

impl Terminal {
    /// The certificates to seal to, of those that hold: all of them when every key is known. A first contact is remembered.
    pub(super) fn known_certificates(
        &mut self,
        office: OfficeNumber,
        valid: Vec<CertificateDer<'static>>,
        now: Timestamp,
    ) -> Result<Result<Vec<CertificateDer<'static>>, Failure>, HistoryError> {
        let keyed = keyed(valid.iter().map(AsRef::as_ref));
        if let Some(failure) = self.unknown_key(office, &keyed, &keyed, now)? {
            return Ok(Err(failure));
        }
        Ok(Ok(valid))
    }

    /// Whether what this certificate signed counts as the partner's word. Its chain has been verified.
    pub(super) fn knows_signer(
        &mut self,
        office: OfficeNumber,
        signer: &[u8],
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Result<(), Failure>, HistoryError> {
        let listed = self.history.office(office)?.map(|known| valid_of(trust, &known)).unwrap_or_default();
        // At a first contact the office's other keys that hold are remembered, too: it has one per terminal, or one.
        let first = keyed(std::iter::once(signer).chain(listed.iter().map(AsRef::as_ref)));
        let own = keyed(std::iter::once(signer));
        Ok(self.unknown_key(office, &own, &first, now)?.map_or(Ok(()), Err))
    }

    /// The first of these keys that is not trusted, as a failure; a person is asked about it.
    fn unknown_key(
        &mut self,
        office: OfficeNumber,
        keys: &[(String, Vec<u8>)],
        at_first: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Option<Failure>, HistoryError> {
        let mut known = self.history.partner_keys(office)?;
        known.retain(|known| known.trusted_at.is_some());
        let Some(newest) = known.last() else {
            self.history.remember_partner(office, at_first, now)?;
            return Ok(None);
        };
        let Some((key, der)) = keys.iter().find(|(key, _)| known.iter().all(|known| known.key != *key)) else {
            return Ok(None);
        };
        if self.history.note_partner_changed(office, key, der, now)? {
            tracing::warn!(%office, "a partner turned up with another key");
        }
        let known = newest.key.clone();
        Ok(Some(Failure::PartnerChanged { office: office.to_string(), known, offered: key.clone() }))
    }
}

/// The certificates of an office that hold and are its own.
fn valid_of(trust: &Trust, known: &KnownOffice) -> Vec<CertificateDer<'static>> {
    let holds = |der: &&Vec<u8>| trust.office(der).is_ok_and(|office| office == known.office);
    known.certificates.iter().filter(holds).map(|der| der.clone().into()).collect()
}

/// Each key once, with the certificate it came in. One that cannot be read is nobody's.
fn keyed<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Vec<(String, Vec<u8>)> {
    let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
    for der in certificates {
        if let Ok(key) = certificate::key_fingerprint(der)
            && keys.iter().all(|(known, _)| *known != key)
        {
            keys.push((key, der.to_vec()));
        }
    }
    keys
}
