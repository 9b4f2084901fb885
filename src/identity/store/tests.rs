use jiff::SignedDuration;
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use super::made_up::MadeUp;
use super::reasons::{is_key_there, of_code};
use super::*;

fn now() -> Timestamp {
    Timestamp::now()
}

fn subjects(store: &MadeUp, at: Timestamp) -> Vec<String> {
    usable(store, at).unwrap().into_iter().map(|stored| stored.subject).collect()
}

#[test]
fn only_what_may_be_shown_to_a_server_now_is_offered() {
    let mut store = MadeUp::with(&["KJ3171000048"]);
    store.put("says nothing of uses", |params| {
        params.key_usages.clear();
        params.extended_key_usages.clear();
    });
    store.put("for anything", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
    store.put("for mail", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]);
    store.put("for a server", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    store.put("for encryption", |params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    store.put("over", |params| params.not_after = params.not_before + time::Duration::hours(1));
    store.put("not yet", |params| params.not_before = params.not_after - time::Duration::DAY);
    assert_eq!(subjects(&store, now()), ["KJ3171000048", "for anything", "says nothing of uses"]);
    assert!(subjects(&store, now() + SignedDuration::from_hours(24 * 400)).is_empty());
}

#[test]
fn a_name_from_outside_changes_no_line_and_stands_in_no_log() {
    let store = MadeUp::with(&["山田\u{202e} 花子\r\n\u{1b}[2J"]);
    let stored = usable(&store, now()).unwrap();
    assert_eq!(stored[0].subject, "山田 花子[2J");
    assert_eq!(stored[0].issuer, "Made-up CA");
    assert!(!format!("{stored:?}").contains("花子"));
}

#[test]
fn what_is_no_certificate_is_passed_over() {
    struct Junk;
    impl CertificateStore for Junk {
        fn certificates(&self) -> Result<Vec<Vec<u8>>, StoreError> {
            Ok(vec![Vec::new(), vec![0x30, 0x80, 0, 0], b"junk".to_vec()])
        }
        fn certified_key(&self, _: &[u8]) -> Result<CertifiedKey, StoreError> {
            Err(StoreError::NotThere)
        }
        fn reason(&self, _: &rustls::Error) -> StoreError {
            StoreError::NotThere
        }
    }
    assert_eq!(usable(&Junk, now()), Ok(Vec::new()));
}

#[test]
fn a_part_of_a_name_or_of_the_number_is_enough() {
    let store = MadeUp::with(&["KJ3171000048", "山田 花子"]);
    let all = usable(&store, now()).unwrap();
    let fit = |typed: &str| that_fit(all.clone(), typed).len();
    assert_eq!([fit("kj317"), fit("３１７１"), fit("花子"), fit("made-up ca"), fit("nobody")], [1, 1, 1, 2, 0]);
    let number = all[0].fingerprint.to_uppercase();
    let pairs: Vec<&str> = (0..64).step_by(2).filter_map(|at| number.get(at..at + 2)).collect();
    assert_eq!([fit(&number), fit(&pairs.join(":")), fit(&pairs[..8].join(" "))], [1, 1, 1]);
}

#[test]
fn a_key_that_signs_is_shown_and_every_trouble_has_its_own_reason() {
    let mut store = MadeUp::with(&["north", "south"]);
    let [north, south] = usable(&store, now()).unwrap().try_into().unwrap();
    let shown = to_show(&store, &north.fingerprint, now()).unwrap();
    assert_eq!(certificate::fingerprint(&shown.cert[0]), north.fingerprint);
    assert_eq!(to_show(&store, &"0".repeat(64), now()).unwrap_err(), StoreError::NotThere);
    let later = now() + SignedDuration::from_hours(24 * 400);
    assert_eq!(to_show(&store, &south.fingerprint, later).unwrap_err(), StoreError::NotThere);
    for trouble in [StoreError::Declined, StoreError::CardMissing, StoreError::CardLocked] {
        store.trouble = Some(trouble.clone());
        assert_eq!(to_show(&store, &north.fingerprint, now()).unwrap_err(), trouble);
    }
    store.trouble = None;
    // As an old provider's: it signs, but with nothing that TLS 1.3 takes.
    store.schemes = vec![SignatureScheme::RSA_PKCS1_SHA256];
    assert!(matches!(to_show(&store, &north.fingerprint, now()), Err(StoreError::Unfit(_))));
    store.schemes.clear();
    // A card was changed for another: it signs, but not for this certificate.
    store.mix_up();
    assert!(matches!(to_show(&store, &north.fingerprint, now()), Err(StoreError::Unfit(_))));
}

#[test]
fn what_windows_answers_is_understood() {
    for (code, reason) in [
        (1223, StoreError::Declined),                        // ERROR_CANCELLED
        (0x8010_006e, StoreError::Declined),                 // SCARD_W_CANCELLED_BY_USER
        (0x8010_006b, StoreError::Declined),                 // SCARD_W_WRONG_CHV
        (0x8009_0036, StoreError::Declined),                 // NTE_USER_CANCELLED
        (0x8010_006c, StoreError::CardLocked),               // SCARD_W_CHV_BLOCKED
        (0x8010_000c, StoreError::CardMissing),              // SCARD_E_NO_SMARTCARD
        (0x8010_0069, StoreError::CardMissing),              // SCARD_W_REMOVED_CARD
        (0x8010_002e, StoreError::CardMissing),              // SCARD_E_NO_READERS_AVAILABLE
        (0x8009_0029, StoreError::Unfit("80090029".into())), // NTE_NOT_SUPPORTED: a TPM's RSA key asked for PSS
        (0x8009_0009, StoreError::Unfit("80090009".into())), // NTE_BAD_FLAGS
    ] {
        assert_eq!(of_code(code), reason, "{code:08x}");
    }
    // No key, or none for us; against a card that is away, and a dialog that was not allowed while looking.
    assert!([0x8009_200b, 0x8009_0016, 0x8009_000d, 5].iter().all(|code| !is_key_there(*code)));
    assert!([0x8010_000c, 0x8009_0022, 0x8010_002e].iter().all(|code| is_key_there(*code)));
}
