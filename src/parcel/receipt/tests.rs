use super::*;
use crate::parcel::testing::{District, EAST, NORTH, SOUTH, days, now, number};
use crate::parcel::{Verdict, sha256_hex};

fn receipt(office: &str) -> Receipt {
    Receipt {
        parcel: ParcelId::new(),
        digest: sha256_hex(b"sealed"),
        office: number(office),
        step: ReceiptStep::Refused,
        at: now(),
        reason: Some("wrong-digest".into()),
    }
}

#[test]
fn a_receipt_says_who_what_and_when() {
    let district = District::new();
    for key in [district.office(SOUTH), district.rsa_office(SOUTH)] {
        let receipt = receipt(SOUTH);
        let signed = receipt.sign(&key).unwrap();
        assert_eq!(Receipt::verify(&signed, &district.trust()), Ok((receipt, number(SOUTH))));
    }
}

#[test]
fn r2_every_changed_bit_of_a_receipt_is_refused_or_changes_nothing() {
    let district = District::new();
    let receipt = receipt(SOUTH);
    let signed = receipt.sign(&district.office(SOUTH)).unwrap();
    let trust = district.trust();
    let text = serde_json::to_vec(&receipt).unwrap();
    let start = signed.windows(text.len()).position(|window| window == text).unwrap();
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        match Receipt::verify(&altered, &trust) {
            Ok((found, _)) => assert_eq!(found, receipt, "byte {at}"),
            Err(error) if (start..start + text.len()).contains(&at) => {
                assert_eq!(error, ReceiptError::Open(OpenError::Altered { part: "signed content" }));
            }
            Err(_) => {}
        }
        assert!(!(start..start + text.len()).contains(&at) || Receipt::verify(&altered, &trust).is_err());
    }
}

#[test]
fn an_office_cannot_sign_for_another() {
    let district = District::new();
    let signed = receipt(SOUTH).sign(&district.office(EAST)).unwrap();
    let error = Receipt::verify(&signed, &district.trust()).unwrap_err();
    let ReceiptError::Open(error) = error else { panic!("{error:?}") };
    assert_eq!(error, OpenError::WrongSender { claimed: number(SOUTH), signer: number(EAST) });
    assert_eq!(error.verdict(), Verdict::WrongSender);
}

#[test]
fn a_receipt_of_a_revoked_office_is_refused() {
    let district = District::new();
    let key = district.office(SOUTH);
    let signed = receipt(SOUTH).sign(&key).unwrap();
    assert!(matches!(
        Receipt::verify(&signed, &district.revoking(&[&key])),
        Err(ReceiptError::Open(OpenError::Signer(crate::parcel::TrustError::Revoked { .. })))
    ));
}

#[test]
fn what_is_signed_and_no_receipt_is_refused() {
    let district = District::new();
    let signed = sign(b"{\"office\":1}", &district.office(NORTH), now()).unwrap();
    assert!(matches!(Receipt::verify(&signed, &district.trust()), Err(ReceiptError::Unreadable(_))));
}

#[test]
fn a_field_of_a_later_version_is_ignored() {
    let district = District::new();
    let wanted = receipt(NORTH);
    let mut json = serde_json::to_value(&wanted).unwrap();
    json["weather"] = "fine".into();
    let signed = sign(json.to_string().as_bytes(), &district.office(NORTH), now() + days(1)).unwrap();
    let mut trust = district.trust();
    trust.at = now() + days(2);
    assert_eq!(Receipt::verify(&signed, &trust).unwrap().0, wanted);
}

#[test]
fn the_words_on_the_wire_stay_what_they_are() {
    let json = serde_json::to_value(receipt(NORTH)).unwrap();
    assert_eq!(
        (&json["step"], &json["office"], &json["at"]),
        (&"refused".into(), &NORTH.into(), &"2026-11-21T03:00:00Z".into())
    );
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let trust = Trust { roots: vec![], crls: vec![], at: now() };
        assert!(Receipt::verify(&bytes, &trust).is_err());
    }
}
