use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfos};
use der::Decode;
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use proptest::prelude::*;

use super::*;
use crate::parcel::profile::{self, GcmParameters};
use crate::parcel::testing::{District, EAST, NORTH, SOUTH, days, now, number, to};
use crate::parcel::{NoAnswer, ParcelId, sign, verify};

const PAYLOAD: &[u8] = b"what north writes to south";

fn sealed(district: &District, from: &SealingKey, receiver: &SealingKey) -> (Vec<u8>, Trust) {
    (seal(PAYLOAD, from, &[to(receiver)], now()).unwrap(), district.trust())
}

#[test]
fn receiver_and_sender_open_it_whatever_their_keys() {
    let district = District::new();
    let (p256, rsa) = (district.office(NORTH), district.rsa_office(SOUTH));
    for (from, receiver, office) in [(&p256, &rsa, NORTH), (&rsa, &p256, SOUTH)] {
        let (sealed, trust) = sealed(&district, from, receiver);
        for reader in [from, receiver] {
            let opened = open(&sealed, reader, &trust).unwrap();
            assert_eq!((opened.payload.as_slice(), opened.signer), (PAYLOAD, number(office)));
            assert_eq!((opened.signed_at, opened.signer_certificate.as_slice()), (Some(now()), from.certificate()));
        }
    }
}

#[test]
fn a_sealed_parcel_shows_neither_content_nor_signer() {
    let district = District::new();
    let (sealed, _) = sealed(&district, &district.office(NORTH), &district.office(SOUTH));
    let shows = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
    assert!(!shows(PAYLOAD) && !shows(NORTH.as_bytes()) && !shows(SOUTH.as_bytes()));
}

#[test]
fn every_seal_of_the_same_is_different() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    assert_ne!(sealed(&district, &from, &receiver).0, sealed(&district, &from, &receiver).0);
}

#[test]
fn nobody_is_no_recipient() {
    let district = District::new();
    assert_eq!(seal(PAYLOAD, &district.office(NORTH), &[], now()), Err(SealError::NoRecipient));
}

#[test]
fn another_office_cannot_open_it() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    for stranger in [district.office(EAST), district.rsa_office(EAST), district.office(SOUTH)] {
        assert_eq!(open(&sealed, &stranger, &trust), Err(OpenError::NotForUs));
    }
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused_before_any_use() {
    let district = District::new();
    let [north, south, rsa] = [district.office(NORTH), district.office(SOUTH), district.rsa_office(EAST)];
    for (certificate, key) in [(&north, &south), (&north, &rsa), (&rsa, &north)] {
        let made = SealingKey::from_der(certificate.certificate(), key.pkcs8());
        assert_eq!(made.err(), Some(KeyError::Mismatch));
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused_or_changes_nothing() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    let mut refused = 0;
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        match open(&altered, &receiver, &trust) {
            Err(_) => refused += 1,
            Ok(opened) => assert_eq!(opened.payload, PAYLOAD, "byte {at}"),
        }
    }
    assert!(refused > sealed.len() / 2, "only {refused} of {} flips were refused", sealed.len());
}

#[test]
fn altered_content_is_told_apart_from_damage() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (mut sealed, trust) = sealed(&district, &from, &receiver);
    let in_content = sealed.len() - 40;
    sealed[in_content] ^= 0x80;
    assert_eq!(open(&sealed, &receiver, &trust), Err(OpenError::Altered { part: "sealed content" }));
}

#[test]
fn a_parcel_cut_short_anywhere_is_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    for length in 0..sealed.len() {
        assert_eq!(open(&sealed[..length], &receiver, &trust), Err(OpenError::Malformed { part: "seal" }));
    }
}

#[test]
fn bytes_after_the_end_are_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (mut sealed, trust) = sealed(&district, &from, &receiver);
    sealed.push(0);
    assert_eq!(open(&sealed, &receiver, &trust), Err(OpenError::Malformed { part: "seal" }));
}

/// The same parcel with something changed in its outer structure.
fn rewrapped(sealed: &[u8], change: impl FnOnce(&mut AuthEnvelopedData)) -> Vec<u8> {
    let outer = ContentInfo::from_der(sealed).unwrap();
    let mut data: AuthEnvelopedData = outer.content.decode_as().unwrap();
    change(&mut data);
    profile::content_info(profile::AUTH_ENVELOPED_DATA, &data).unwrap()
}

#[test]
fn a_shortened_gcm_tag_is_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    for tag_bytes in [1u8, 12, 15] {
        for stated in [tag_bytes, 16] {
            let weak = rewrapped(&sealed, |data| {
                data.mac = OctetString::new(&data.mac.as_bytes()[..tag_bytes.into()]).unwrap();
                let cipher = &mut data.auth_encrypted_content_info.content_enc_alg;
                let mut gcm: GcmParameters = cipher.parameters.as_ref().unwrap().decode_as().unwrap();
                gcm.tag_bytes = stated;
                cipher.parameters = Some(Any::encode_from(&gcm).unwrap());
            });
            let algorithm = format!("an authentication tag of {tag_bytes} bytes");
            assert_eq!(open(&weak, &receiver, &trust), Err(OpenError::Weak { part: "seal", algorithm }));
        }
    }
}

#[test]
fn another_cipher_is_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    let aes128_gcm = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.6");
    let weak = rewrapped(&sealed, |data| data.auth_encrypted_content_info.content_enc_alg.oid = aes128_gcm);
    let algorithm = aes128_gcm.to_string();
    assert_eq!(open(&weak, &receiver, &trust), Err(OpenError::Weak { part: "seal", algorithm }));
}

#[test]
fn content_that_nobody_signed_is_refused() {
    let district = District::new();
    let receiver = district.office(SOUTH);
    for content in [b"PK\x03\x04".to_vec(), Vec::new()] {
        let sealed = envelope::encrypt(content, std::slice::from_ref(&receiver.certificate)).unwrap();
        assert_eq!(open(&sealed, &receiver, &district.trust()), Err(OpenError::Unsigned));
    }
}

/// A signed text with something changed in its structure.
fn resigned(signed: &[u8], change: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let outer = ContentInfo::from_der(signed).unwrap();
    let mut data: SignedData = outer.content.decode_as().unwrap();
    change(&mut data);
    profile::content_info(profile::SIGNED_DATA, &data).unwrap()
}

#[test]
fn one_signer_and_only_one() {
    let district = District::new();
    let [north, south] = [district.office(NORTH), district.office(SOUTH)];
    let (first, second) = (sign(PAYLOAD, &north, now()).unwrap(), sign(PAYLOAD, &south, now()).unwrap());
    let nobody = resigned(&first, |data| data.signer_infos = SignerInfos(SetOfVec::new()));
    assert_eq!(verify(&nobody, &district.trust()), Err(OpenError::Unsigned));
    let other: SignedData = ContentInfo::from_der(&second).unwrap().content.decode_as().unwrap();
    let both = resigned(&first, |data| {
        let both: Vec<_> = data.signer_infos.0.iter().chain(other.signer_infos.0.iter()).cloned().collect();
        data.signer_infos = SignerInfos::try_from(both).unwrap();
    });
    assert_eq!(verify(&both, &district.trust()), Err(OpenError::ManySigners { count: 2 }));
}

#[test]
fn a_signature_must_bring_its_certificate() {
    let district = District::new();
    let signed = sign(PAYLOAD, &district.office(NORTH), now()).unwrap();
    let bare = resigned(&signed, |data| data.certificates = None);
    assert_eq!(verify(&bare, &district.trust()), Err(OpenError::SignerMissing));
}

#[test]
fn changed_content_under_a_good_signature_is_refused() {
    let district = District::new();
    let signed = sign(PAYLOAD, &district.office(NORTH), now()).unwrap();
    let changed = resigned(&signed, |data| {
        data.encap_content_info.econtent = Some(Any::new(der::Tag::OctetString, b"else".as_slice()).unwrap());
    });
    assert_eq!(verify(&changed, &district.trust()), Err(OpenError::Altered { part: "signed content" }));
}

#[test]
fn a_changed_attribute_under_a_good_signature_is_refused() {
    let district = District::new();
    let (north, rsa) = (district.office(NORTH), district.rsa_office(SOUTH));
    for key in [north, rsa] {
        let signed = sign(PAYLOAD, &key, now()).unwrap();
        let later = sign(PAYLOAD, &key, now() + days(1)).unwrap();
        let later: SignedData = ContentInfo::from_der(&later).unwrap().content.decode_as().unwrap();
        let changed = resigned(&signed, |data| {
            let mut signer = data.signer_infos.0.iter().next().unwrap().clone();
            signer.signed_attrs = later.signer_infos.0.iter().next().unwrap().signed_attrs.clone();
            data.signer_infos = SignerInfos::try_from(vec![signer]).unwrap();
        });
        assert_eq!(verify(&changed, &district.trust()), Err(OpenError::Altered { part: "signature" }));
    }
}

#[test]
fn a_seal_that_names_no_reader_is_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let signed = sign(PAYLOAD, &from, now()).unwrap();
    let sealed = envelope::encrypt(signed, std::slice::from_ref(&receiver.certificate)).unwrap();
    assert_eq!(open(&sealed, &receiver, &district.trust()), Err(OpenError::RecipientsMissing));
}

#[test]
fn what_a_receiver_seals_again_to_a_third_office_is_refused() {
    let district = District::new();
    let [from, receiver, third] = [district.office(NORTH), district.office(SOUTH), district.office(EAST)];
    let (sealed, trust) = sealed(&district, &from, &receiver);
    let signed = envelope::decrypt(&sealed, &receiver).unwrap();
    let again = envelope::encrypt(signed, std::slice::from_ref(&third.certificate)).unwrap();
    assert_eq!(open(&again, &third, &trust), Err(OpenError::PassedOn));
}

#[test]
fn a_signer_of_an_unknown_authority_with_the_same_names_is_refused() {
    let (district, impostor) = (District::new(), District::new());
    let receiver = district.office(SOUTH);
    let (sealed, _) = sealed(&impostor, &impostor.office(NORTH), &receiver);
    let error = open(&sealed, &receiver, &district.trust()).unwrap_err();
    assert!(matches!(error, OpenError::Signer(TrustError::Untrusted { .. })), "{error:?}");
    assert_eq!(error.verdict(), Verdict::Untrusted);
}

#[test]
fn an_expired_signer_is_refused_now_and_was_good_then() {
    let district = District::new();
    let old = district.office_since(NORTH, now() - days(400), 365);
    let receiver = district.office(SOUTH);
    let (sealed, mut trust) = sealed(&district, &old, &receiver);
    let error = open(&sealed, &receiver, &trust).unwrap_err();
    assert_eq!(error, OpenError::Signer(TrustError::Expired { until: now() - days(35) }));
    assert_eq!(error.verdict(), Verdict::Expired);
    trust.at = now() - days(36);
    assert!(open(&sealed, &receiver, &trust).is_ok());
    trust.at = now() - days(402);
    let error = open(&sealed, &receiver, &trust).unwrap_err();
    assert_eq!(error, OpenError::Signer(TrustError::NotYetValid { from: now() - days(401) }));
}

#[test]
fn a_revoked_signer_is_refused() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, _) = sealed(&district, &from, &receiver);
    let error = open(&sealed, &receiver, &district.revoking(&[&from])).unwrap_err();
    let serial = certificate::serial_of(from.certificate()).unwrap();
    assert_eq!(error, OpenError::Signer(TrustError::Revoked { serial }));
    assert!(open(&sealed, &receiver, &district.revoking(&[&receiver])).is_ok(), "only the signer counts");
}

#[test]
fn s6_a_stale_list_is_unknown_and_not_revoked() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, _) = sealed(&district, &from, &receiver);
    let stale = NoAnswer::Stale { due: now() - days(1) };
    for revoked in [vec![], vec![&from]] {
        let error = open(&sealed, &receiver, &district.listed(&revoked, now() - days(8))).unwrap_err();
        assert_eq!(error, OpenError::Signer(TrustError::RevocationUnknown(stale)));
        assert_eq!(error.verdict(), Verdict::RevocationUnknown);
    }
}

#[test]
fn s6_no_list_is_unknown_and_not_fine() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, mut trust) = sealed(&district, &from, &receiver);
    let unknown = |why| Err(OpenError::Signer(TrustError::RevocationUnknown(why)));
    trust.crls.clear();
    assert_eq!(open(&sealed, &receiver, &trust), unknown(NoAnswer::Missing));
    trust.crls = vec![b"no list".to_vec().into()];
    assert_eq!(open(&sealed, &receiver, &trust), unknown(NoAnswer::Unusable));
}

#[test]
fn s6_a_list_of_somebody_else_is_no_answer() {
    let (district, other) = (District::new(), District::new());
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, mut trust) = sealed(&district, &from, &receiver);
    trust.crls = other.trust().crls; // signed by another key under the same name
    let error = open(&sealed, &receiver, &trust).unwrap_err();
    assert_eq!(error.verdict(), Verdict::RevocationUnknown, "{error:?}");
}

#[test]
fn the_newest_of_several_lists_counts() {
    let district = District::new();
    let (from, receiver) = (district.office(NORTH), district.office(SOUTH));
    let (sealed, trust) = sealed(&district, &from, &receiver);
    let older = district.listed(&[&from], now() - days(8));
    let crls = [older.crls, trust.crls].concat();
    assert!(open(&sealed, &receiver, &Trust { crls, ..trust }).is_ok());
}

#[test]
fn a_signer_that_is_no_office_is_refused() {
    let district = District::new();
    let receiver = district.office(SOUTH);
    let names: [&[&str]; 4] = [&["Somebody"], &[], &[NORTH, SOUTH], &["317000001０"]];
    for common_names in names {
        let signer = district.odd(|params| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::EmailProtection];
            for (index, name) in common_names.iter().enumerate() {
                // rcgen keeps one value a type; a second common name needs the type by its number.
                let kind =
                    if index == 0 { rcgen::DnType::CommonName } else { rcgen::DnType::CustomDnType(vec![2, 5, 4, 3]) };
                params.distinguished_name.push(kind, *name);
            }
        });
        let (sealed, trust) = sealed(&district, &signer, &receiver);
        let error = open(&sealed, &receiver, &trust).unwrap_err();
        assert!(matches!(error, OpenError::Signer(TrustError::NotAnOffice { .. })), "{common_names:?}: {error:?}");
    }
}

#[test]
fn a_terminals_certificate_signs_nothing() {
    let district = District::new();
    let receiver = district.office(SOUTH);
    let signer = district.odd(|params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(rcgen::DnType::CommonName, NORTH);
    });
    let (sealed, trust) = sealed(&district, &signer, &receiver);
    assert!(matches!(open(&sealed, &receiver, &trust), Err(OpenError::Signer(TrustError::Untrusted { .. }))));
}

#[test]
fn a_servers_certificate_signs_nothing() {
    let district = District::new();
    let receiver = district.office(SOUTH);
    let signer = district.odd(|params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, NORTH);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    });
    let (sealed, trust) = sealed(&district, &signer, &receiver);
    assert_eq!(open(&sealed, &receiver, &trust).unwrap_err().verdict(), Verdict::Untrusted);
}

#[test]
fn trust_tells_whose_certificate_it_is_before_anything_is_sealed_to_it() {
    let district = District::new();
    let south = district.office(SOUTH);
    assert_eq!(district.trust().office(south.certificate()), Ok(number(SOUTH)));
    assert!(matches!(district.revoking(&[&south]).office(south.certificate()), Err(TrustError::Revoked { .. })));
    assert_eq!(district.trust().office(b"none"), Err(TrustError::Unreadable));
}

fn content(sender: &str, receiver: &str) -> Content {
    let files = vec![("UPPLAN.CSV".to_owned(), b"1,2,3".to_vec())];
    Content::new(ParcelId::new(), number(sender), number(receiver), now(), "こんにちは".into(), files)
}

fn read_back(
    district: &District,
    content: &Content,
    from: &SealingKey,
    by: &SealingKey,
) -> Result<Received, ReadError> {
    let sealed = seal(&content.pack().unwrap(), from, &[to(by)], now()).unwrap();
    read(&sealed, by, &district.trust(), &Limits::default())
}

#[test]
fn a_parcel_is_read_by_its_receiver_and_by_its_sender() {
    let district = District::new();
    let (north, south) = (district.office(NORTH), district.office(SOUTH));
    let content = content(NORTH, SOUTH);
    for reader in [&north, &south] {
        assert_eq!(read_back(&district, &content, &north, reader).unwrap().content, content);
    }
}

#[test]
fn a_parcel_that_claims_another_sender_is_refused() {
    let district = District::new();
    let (north, south) = (district.office(NORTH), district.office(SOUTH));
    let error = read_back(&district, &content(EAST, SOUTH), &north, &south).unwrap_err();
    let wanted = OpenError::WrongSender { claimed: number(EAST), signer: number(NORTH) };
    assert!(matches!(error, ReadError::Open(found) if found == wanted && wanted.verdict() == Verdict::WrongSender));
}

#[test]
fn a_parcel_written_for_another_office_is_refused() {
    let district = District::new();
    let (north, south) = (district.office(NORTH), district.office(SOUTH));
    let error = read_back(&district, &content(NORTH, EAST), &north, &south).unwrap_err();
    assert!(matches!(error, ReadError::WrongReceiver { receiver } if receiver == number(EAST)));
}

#[test]
fn nesting_without_end_is_refused_and_does_not_overflow() {
    let district = District::new();
    let key = district.office(NORTH);
    for unit in [&[0x30u8, 0x80][..], &[0x24, 0x80], &[0xA0, 0x80]] {
        for start in [&[][..], &[0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]] {
            let deep = [start, &unit.repeat(200_000)].concat();
            assert!(open(&deep, &key, &district.trust()).is_err());
            assert!(verify(&deep, &district.trust()).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let trust = Trust { roots: vec![], crls: vec![], at: now() };
        thread_local!(static KEY: SealingKey = District::new().office(NORTH));
        prop_assert!(KEY.with(|key| open(&bytes, key, &trust)).is_err());
        prop_assert!(verify(&bytes, &trust).is_err());
        prop_assert!(trust.office(&bytes).is_err());
        prop_assert!(certificate::office_of(&bytes).is_err());
        prop_assert!(certificate::serial_of(&bytes).is_err());
        prop_assert!(certificate::valid_until(&bytes).is_err());
        prop_assert!(SealingKey::from_der(&bytes, &bytes).is_err());
        prop_assert!(SealingKey::from_pem(&bytes, &bytes).is_err());
    }

    #[test]
    fn a_damaged_list_never_panics_and_never_clears_the_revoked(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        thread_local!(static REVOKED: (Vec<u8>, Trust) = {
            let district = District::new();
            let key = district.office(NORTH);
            (key.certificate().to_vec(), district.revoking(&[&key]))
        });
        REVOKED.with(|(certificate, trust)| {
            let mut crl = trust.crls[0].as_ref().to_vec();
            let at = at.index(crl.len());
            crl[at] = to;
            let trust = Trust { crls: vec![crl.into()], ..trust.clone() };
            assert!(trust.office(certificate).is_err());
        });
    }

    #[test]
    fn damaged_signatures_and_certificates_never_panic(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        thread_local!(static SIGNED: (Vec<u8>, Vec<u8>, Trust) = {
            let district = District::new();
            let key = district.office(NORTH);
            (sign(PAYLOAD, &key, now()).unwrap(), key.certificate().to_vec(), district.trust())
        });
        SIGNED.with(|(signed, certificate, trust)| {
            for good in [signed, certificate] {
                let mut bytes = good.clone();
                bytes[at.index(good.len())] = to;
                let _ = verify(&bytes, trust);
                let _ = trust.office(&bytes);
                let _ = certificate::office_of(&bytes);
                let short = &bytes[..cut.index(bytes.len())];
                assert!(verify(short, trust).is_err());
                assert!(certificate::office_of(short).is_err());
            }
        });
    }

    #[test]
    fn d14_what_is_sealed_comes_out(payload in proptest::collection::vec(any::<u8>(), 0..5000)) {
        thread_local!(static PAIR: (SealingKey, SealingKey, Trust) = {
            let district = District::new();
            (district.office(NORTH), district.rsa_office(SOUTH), district.trust())
        });
        PAIR.with(|(from, receiver, trust)| {
            let sealed = seal(&payload, from, &[to(receiver)], now()).unwrap();
            assert_eq!(open(&sealed, receiver, trust).unwrap().payload, payload);
        });
    }
}
