//! The seal against the `openssl` program: what we seal it opens, and what it makes we judge by our rules.
//!
//! openssl is a witness, not a judge: 3.0.19 itself accepts a one-byte tag. All keys are made here, for one run.

#![expect(clippy::unwrap_used, reason = "helpers of tests: what goes wrong here should end the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use tayori::hub::authority::Authority;
use tayori::parcel::{
    Content, Limits, NoAnswer, OpenError, ParcelId, SealingKey, Trust, TrustError, certificate, open, read, seal, sign,
    verify,
};

const NORTH: &str = "3170000010";
const SOUTH: &str = "3170000028";
const OAEP: [&str; 4] = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"];
const X963: [&str; 2] = ["-keyopt", "ecdh_kdf_md:sha256"];
const WEAK_DEFAULTS: [&str; 0] = [];
const PAYLOAD: &[u8] = b"what north writes to south\r\nline two\0\x1a";

/// One authority for all tests, its offices' certificates and keys as files for openssl.
struct District {
    dir: tempfile::TempDir,
    authority: Authority,
    now: Timestamp,
}

/// One office: what we use, and the files openssl uses.
struct Office {
    key: SealingKey,
    pem: PathBuf,
    key_pem: PathBuf,
}

#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Rsa,
    P256,
}

fn district() -> &'static District {
    static DISTRICT: OnceLock<District> = OnceLock::new();
    DISTRICT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        // openssl judges by this machine's clock.
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let authority = Authority::create(&dir.path().join("ca"), "Made-up CA", now - days(2000)).unwrap();
        District { dir, authority, now }
    })
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

/// Runs openssl; what it printed if it failed.
fn openssl<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, String> {
    let Output { status, stdout, stderr } = Command::new("openssl").args(args).output().expect("openssl is installed");
    if status.success() { Ok(stdout) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl District {
    /// A fresh folder for one test's files.
    fn folder(&self) -> PathBuf {
        tempfile::tempdir_in(self.dir.path()).unwrap().keep()
    }

    fn office(&self, number: &str, keys: Keys) -> Office {
        self.office_since(number, keys, self.now, 730)
    }

    /// Key and request by openssl, certificate by us.
    fn office_since(&self, number: &str, keys: Keys, at: Timestamp, valid_days: u32) -> Office {
        let folder = self.folder();
        let [key_pem, csr, pem] = ["key.pem", "csr.pem", "cert.pem"].map(|name| folder.join(name));
        let kind = match keys {
            Keys::Rsa => ["RSA", "rsa_keygen_bits:2048"],
            Keys::P256 => ["EC", "ec_paramgen_curve:P-256"],
        };
        openssl(["genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", path(&key_pem)]).unwrap();
        let subject = format!("/C=JP/CN={number}");
        openssl(["req", "-new", "-key", path(&key_pem), "-subj", &subject, "-out", path(&csr)]).unwrap();
        let csr = fs::read_to_string(csr).unwrap();
        let issued = self.authority.issue_office(&csr, number.parse().unwrap(), at, valid_days).unwrap();
        fs::write(&pem, &issued.pem).unwrap();
        let key = SealingKey::from_pem(issued.pem.as_bytes(), &fs::read(&key_pem).unwrap()).unwrap();
        Office { key, pem, key_pem }
    }

    fn crl(&self, revoked: &[&Office], made: Timestamp) -> Vec<u8> {
        let serial = |office: &&Office| (certificate::serial_of(office.key.certificate()).unwrap(), made);
        self.authority.crl(&revoked.iter().map(serial).collect::<Vec<_>>(), 1, made).unwrap()
    }

    fn trust(&self) -> Trust {
        self.trusting(self.crl(&[], self.now))
    }

    fn trusting(&self, crl: Vec<u8>) -> Trust {
        Trust { roots: vec![self.authority.certificate_der()], crls: vec![crl.into()], at: self.now }
    }

    /// The root and a list of revoked certificates in one file: openssl takes lists only from there.
    fn root_and_crl(&self, revoked: &[&Office]) -> PathBuf {
        let folder = self.folder();
        let (der, all) = (folder.join("crl.der"), folder.join("all.pem"));
        fs::write(&der, self.crl(revoked, self.now)).unwrap();
        let crl = openssl(["crl", "-inform", "DER", "-in", path(&der)]).unwrap();
        fs::write(&all, [self.authority.certificate_pem().as_bytes(), &crl].concat()).unwrap();
        all
    }
}

impl Office {
    fn to(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.key.certificate().to_vec())
    }

    /// Signs with openssl.
    fn signs(&self, content: &[u8], options: &[&str]) -> Vec<u8> {
        let args = ["-sign", "-nodetach", "-signer", path(&self.pem), "-inkey", path(&self.key_pem)];
        cms(content, &[&args, options].concat()).unwrap()
    }

    /// Encrypts to this office with openssl.
    fn sealed_by_openssl(&self, content: &[u8], options: &[&str]) -> Vec<u8> {
        cms(content, &[&["-encrypt", "-recip", path(&self.pem)], options].concat()).unwrap()
    }

    /// Decrypts with openssl and this office's key.
    fn decrypts(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let args = ["-decrypt", "-inform", "DER", "-recip", path(&self.pem), "-inkey", path(&self.key_pem)];
        cms(sealed, &args)
    }
}

/// `openssl cms` on some bytes, binary, DER.
fn cms(input: &[u8], args: &[&str]) -> Result<Vec<u8>, String> {
    let folder = district().folder();
    let (from, to) = (folder.join("in"), folder.join("out"));
    fs::write(&from, input).unwrap();
    let common = ["cms", "-binary", "-in", path(&from), "-out", path(&to), "-outform", "DER"];
    openssl(common.into_iter().chain(args.iter().copied()))?;
    Ok(fs::read(to).unwrap())
}

/// Verifies with openssl, chain, revocation and all.
fn openssl_verifies(signed: &[u8], revoked: &[&Office]) -> Result<Vec<u8>, String> {
    let roots = district().root_and_crl(revoked);
    cms(signed, &["-verify", "-inform", "DER", "-CAfile", path(&roots), "-crl_check"])
}

fn openssl_opens_what_we_seal(from: Keys, to: Keys) {
    let district = district();
    let (north, south) = (district.office(NORTH, from), district.office(SOUTH, to));
    let sealed = seal(PAYLOAD, &north.key, &[south.to()], district.now).unwrap();
    for reader in [&south, &north] {
        let signed = reader.decrypts(&sealed).unwrap();
        assert_eq!(openssl_verifies(&signed, &[]).unwrap(), PAYLOAD);
    }
    assert_eq!(open(&sealed, &south.key, &district.trust()).unwrap().payload, PAYLOAD);
}

#[test]
fn openssl_opens_and_verifies_what_p256_seals_to_p256() {
    openssl_opens_what_we_seal(Keys::P256, Keys::P256);
}

#[test]
fn openssl_opens_and_verifies_what_p256_seals_to_rsa() {
    openssl_opens_what_we_seal(Keys::P256, Keys::Rsa);
}

#[test]
fn openssl_opens_and_verifies_what_rsa_seals_to_p256() {
    openssl_opens_what_we_seal(Keys::Rsa, Keys::P256);
}

#[test]
fn openssl_opens_and_verifies_what_rsa_seals_to_rsa() {
    openssl_opens_what_we_seal(Keys::Rsa, Keys::Rsa);
}

#[test]
fn whoever_opens_a_parcel_with_openssl_finds_an_ordinary_zip() {
    let district = district();
    let (north, south) = (district.office(NORTH, Keys::P256), district.office(SOUTH, Keys::P256));
    let [sender, receiver] = [NORTH, SOUTH].map(|office| office.parse().unwrap());
    let files = vec![("利用票.csv".to_owned(), b"1,2,3\r\n".to_vec())];
    let content = Content::new(ParcelId::new(), sender, receiver, district.now, "よろしく".into(), files);
    let sealed = seal(&content.pack().unwrap(), &north.key, &[south.to()], district.now).unwrap();
    let zip = openssl_verifies(&south.decrypts(&sealed).unwrap(), &[]).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let manifest: serde_json::Value = serde_json::from_reader(zip.by_index(0).unwrap()).unwrap();
    assert_eq!((&manifest["message"], &manifest["sender"]), (&"よろしく".into(), &NORTH.into()));
    assert_eq!(std::io::read_to_string(zip.by_name("files/利用票.csv").unwrap()).unwrap(), "1,2,3\r\n");
    let received = read(&sealed, &south.key, &district.trust(), &Limits::default()).unwrap();
    assert_eq!(received.content, content);
}

#[test]
fn openssl_verifies_what_we_sign() {
    let district = district();
    for keys in [Keys::P256, Keys::Rsa] {
        let signed = sign(PAYLOAD, &district.office(NORTH, keys).key, district.now).unwrap();
        assert_eq!(openssl_verifies(&signed, &[]).unwrap(), PAYLOAD);
    }
}

#[test]
fn openssl_too_refuses_our_revoked_and_expired_signers() {
    let district = district();
    let revoked = district.office(NORTH, Keys::P256);
    let signed = sign(PAYLOAD, &revoked.key, district.now).unwrap();
    assert!(openssl_verifies(&signed, &[&revoked]).unwrap_err().contains("certificate revoked"));
    let expired = district.office_since(NORTH, Keys::P256, district.now - days(900), 730);
    let signed = sign(PAYLOAD, &expired.key, district.now).unwrap();
    assert!(openssl_verifies(&signed, &[]).unwrap_err().contains("certificate has expired"));
}

#[test]
fn openssl_too_refuses_a_stranger_and_an_altered_parcel() {
    let district = district();
    let (north, south) = (district.office(NORTH, Keys::P256), district.office(SOUTH, Keys::Rsa));
    let stranger = district.office("3170000036", Keys::P256);
    let mut sealed = seal(PAYLOAD, &north.key, &[south.to()], district.now).unwrap();
    assert!(stranger.decrypts(&sealed).is_err());
    let content = sealed.len() - 30;
    sealed[content] ^= 1;
    assert!(south.decrypts(&sealed).is_err());
}

#[test]
fn what_openssl_signs_we_verify() {
    let district = district();
    for keys in [Keys::P256, Keys::Rsa] {
        let north = district.office(NORTH, keys);
        for options in
            [["-md", "sha256"], ["-md", "sha384"], ["-md", "sha512"], ["-keyid", "-nosmimecap"], ["-stream", "-keyid"]]
        {
            let opened = verify(&north.signs(PAYLOAD, &options), &district.trust()).unwrap();
            assert_eq!((opened.payload.as_slice(), opened.signer.as_str()), (PAYLOAD, NORTH), "{options:?}");
            assert_eq!(opened.signer_certificate, north.key.certificate());
            assert!(opened.signed_at.unwrap() >= district.now);
        }
    }
}

/// Everything about what openssl makes is in order but that it names no readers. That is the last check of all, so
/// getting there shows that decrypting, chain, digest and signature passed.
fn openssls_seal_is_refused_only_for_naming_no_reader(to: Keys, options: &[&str]) {
    let district = district();
    let (north, south) = (district.office(NORTH, Keys::Rsa), district.office(SOUTH, to));
    let signed = north.signs(PAYLOAD, &["-md", "sha256"]);
    let sealed = south.sealed_by_openssl(&signed, &[&["-aes-256-gcm"], options].concat());
    assert_eq!(open(&sealed, &south.key, &district.trust()), Err(OpenError::RecipientsMissing));
    let nobody_signed = south.sealed_by_openssl(PAYLOAD, &[&["-aes-256-gcm"], options].concat());
    assert_eq!(open(&nobody_signed, &south.key, &district.trust()), Err(OpenError::Unsigned));
}

#[test]
fn what_openssl_seals_to_rsa_is_read_and_refused_only_for_naming_no_reader() {
    openssls_seal_is_refused_only_for_naming_no_reader(Keys::Rsa, &OAEP);
}

#[test]
fn what_openssl_seals_to_p256_is_read_and_refused_only_for_naming_no_reader() {
    openssls_seal_is_refused_only_for_naming_no_reader(Keys::P256, &X963);
}

#[test]
fn what_openssl_streams_in_ber_is_read_too() {
    let streamed = |options: &[&'static str]| [options, &["-stream"]].concat();
    openssls_seal_is_refused_only_for_naming_no_reader(Keys::Rsa, &streamed(&OAEP));
    openssls_seal_is_refused_only_for_naming_no_reader(Keys::P256, &streamed(&X963));
}

#[test]
fn what_openssl_seals_by_key_identifier_is_read_too() {
    let by_identifier = |options: &[&'static str]| [&["-keyid"], options].concat();
    openssls_seal_is_refused_only_for_naming_no_reader(Keys::P256, &by_identifier(&X963));
}

#[test]
fn our_signed_part_sealed_again_by_openssl_to_its_reader_is_good_and_to_a_third_office_is_not() {
    let district = district();
    let (north, south) = (district.office(NORTH, Keys::P256), district.office(SOUTH, Keys::P256));
    let third = district.office("3170000036", Keys::Rsa);
    let sealed = seal(PAYLOAD, &north.key, &[south.to()], district.now).unwrap();
    let signed = south.decrypts(&sealed).unwrap();
    let again = |office: &Office, options: &[&str]| {
        open(&office.sealed_by_openssl(&signed, &[&["-aes-256-gcm"], options].concat()), &office.key, &district.trust())
    };
    assert_eq!(again(&south, &X963).unwrap().payload, PAYLOAD);
    assert_eq!(again(&third, &OAEP), Err(OpenError::PassedOn));
}

fn weak(office: Keys, options: &[&str], part: &str) {
    let district = district();
    let south = district.office(SOUTH, office);
    let signed = district.office(NORTH, Keys::P256).signs(PAYLOAD, &["-md", "sha256"]);
    let refused = open(&south.sealed_by_openssl(&signed, options), &south.key, &district.trust()).unwrap_err();
    assert!(matches!(refused, OpenError::Weak { part: found, .. } if found == part), "{options:?}: {refused:?}");
}

#[test]
fn cbc_without_authentication_is_refused() {
    weak(Keys::Rsa, &[&["-aes-256-cbc"][..], &OAEP].concat(), "seal");
    weak(Keys::P256, &[&["-aes-256-cbc"][..], &X963].concat(), "seal");
}

#[test]
fn aes_128_gcm_is_refused() {
    weak(Keys::Rsa, &[&["-aes-128-gcm"][..], &OAEP].concat(), "seal");
}

#[test]
fn openssls_weak_defaults_are_refused() {
    // PKCS#1 v1.5 for RSA, SHA-1 in the key derivation for P-256.
    weak(Keys::Rsa, &[&["-aes-256-gcm"][..], &WEAK_DEFAULTS].concat(), "wrapped key");
    weak(Keys::P256, &[&["-aes-256-gcm"][..], &WEAK_DEFAULTS].concat(), "wrapped key");
}

#[test]
fn oaep_with_sha1_is_refused() {
    weak(Keys::Rsa, &["-aes-256-gcm", "-keyopt", "rsa_padding_mode:oaep"], "wrapped key");
}

#[test]
fn a_signature_with_sha1_is_refused() {
    for keys in [Keys::P256, Keys::Rsa] {
        let signed = district().office(NORTH, keys).signs(PAYLOAD, &["-md", "sha1"]);
        let refused = verify(&signed, &district().trust()).unwrap_err();
        assert!(matches!(refused, OpenError::Weak { part: "signature", .. }), "{refused:?}");
    }
}

#[test]
fn a_signature_with_pss_is_refused_as_not_ours() {
    let signed = district().office(NORTH, Keys::Rsa).signs(PAYLOAD, &["-keyopt", "rsa_padding_mode:pss"]);
    let refused = verify(&signed, &district().trust()).unwrap_err();
    assert!(matches!(refused, OpenError::Weak { part: "signature", .. }), "{refused:?}");
}

#[test]
fn a_signature_without_signed_attributes_is_refused() {
    let signed = district().office(NORTH, Keys::P256).signs(PAYLOAD, &["-noattr"]);
    assert_eq!(verify(&signed, &district().trust()), Err(OpenError::Unsigned));
}

#[test]
fn a_signature_without_its_certificate_is_refused() {
    let signed = district().office(NORTH, Keys::P256).signs(PAYLOAD, &["-nocerts"]);
    assert_eq!(verify(&signed, &district().trust()), Err(OpenError::SignerMissing));
}

#[test]
fn a_detached_signature_is_refused() {
    let north = district().office(NORTH, Keys::P256);
    let signed = cms(PAYLOAD, &["-sign", "-signer", path(&north.pem), "-inkey", path(&north.key_pem)]).unwrap();
    assert_eq!(verify(&signed, &district().trust()), Err(OpenError::Malformed { part: "signed content" }));
}

#[test]
fn two_signers_are_refused() {
    let (north, south) = (district().office(NORTH, Keys::P256), district().office(SOUTH, Keys::P256));
    let second = ["-signer", path(&south.pem), "-inkey", path(&south.key_pem)];
    assert_eq!(verify(&north.signs(PAYLOAD, &second), &district().trust()), Err(OpenError::ManySigners { count: 2 }));
}

#[test]
fn content_altered_between_signing_and_sealing_is_refused() {
    let district = district();
    let (north, south) = (district.office(NORTH, Keys::Rsa), district.office(SOUTH, Keys::Rsa));
    let mut signed = north.signs(PAYLOAD, &["-md", "sha256"]);
    let at = signed.windows(PAYLOAD.len()).position(|w| w == PAYLOAD).unwrap();
    signed[at + 5] ^= 1;
    let sealed = south.sealed_by_openssl(&signed, &[&["-aes-256-gcm"][..], &OAEP].concat());
    assert_eq!(open(&sealed, &south.key, &district.trust()), Err(OpenError::Altered { part: "signed content" }));
}

#[test]
fn signers_openssl_made_are_judged_like_ours() {
    let district = district();
    let north = district.office(NORTH, Keys::Rsa);
    let signed = north.signs(PAYLOAD, &["-md", "sha256"]);
    let judged = |trust: &Trust| match verify(&signed, trust) {
        Err(OpenError::Signer(error)) => error,
        other => panic!("{other:?}"),
    };
    let revoked = judged(&district.trusting(district.crl(&[&north], district.now)));
    assert!(matches!(revoked, TrustError::Revoked { .. }));
    let stale = judged(&district.trusting(district.crl(&[&north], district.now - days(30))));
    assert_eq!(stale, TrustError::RevocationUnknown(NoAnswer::Stale { due: district.now - days(23) }));
    let missing = judged(&Trust { crls: vec![], ..district.trust() });
    assert_eq!(missing, TrustError::RevocationUnknown(NoAnswer::Missing));
    let expired = judged(&Trust { at: district.now + days(731), ..district.trust() });
    assert_eq!(expired, TrustError::Expired { until: district.now + days(730) });
    let strange = judged(&Trust { roots: vec![north.to()], ..district.trust() });
    assert!(matches!(strange, TrustError::Untrusted { .. }));
}

#[test]
fn a_list_that_openssl_reads_says_what_we_wrote() {
    let district = district();
    let revoked = district.office(NORTH, Keys::P256);
    let der = district.folder().join("crl.der");
    fs::write(&der, district.crl(&[&revoked], district.now)).unwrap();
    let text = openssl(["crl", "-inform", "DER", "-noout", "-text", "-in", path(&der)]).unwrap();
    let text = String::from_utf8_lossy(&text);
    let serial = certificate::serial_of(revoked.key.certificate()).unwrap().to_uppercase();
    assert!(text.contains(&format!("Serial Number: {serial}")), "{serial} is not in\n{text}");
    assert!(text.contains("CRL Number"));
    let shown = openssl(["x509", "-noout", "-serial", "-in", path(&revoked.pem)]).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown).trim(), format!("serial={serial}"));
}
