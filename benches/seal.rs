//! Seal and open beside the `openssl cms` command, in the same run: sign, encrypt to the receiver; decrypt, verify.
//!
//! `cargo bench --bench seal`. Each figure is the median of the runs, which alternate. A program has its start to pay, so
//! the command's own start (`openssl version`) is shown beside it; at 20 MB it no longer matters. The last line is JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use tayori::hub::authority::Authority;
use tayori::parcel::{SealingKey, Trust, open, seal};

const RUNS: usize = 7;
const SIZES: [(&str, usize); 2] = [("50 KB", 50_000), ("20 MB", 20_000_000)];
const KEYS: [(&str, [&str; 4]); 2] = [
    ("P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("RSA-2048", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
];

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let authority = Authority::create(&dir.path().join("ca"), "Made-up CA", now).unwrap();
    fs::write(dir.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    let crl = authority.crl(&[], 1, now).unwrap();
    let trust = Trust { roots: vec![authority.certificate_der()], crls: vec![crl.into()], at: now };
    let mut json = serde_json::Map::new();
    json.insert("bench".into(), "seal".into());
    let start = median((0..RUNS).map(|_| timed(|| run(dir.path(), &["version"]))).collect());
    println!("start of the openssl command alone: {}", millis(start));
    json.insert("openssl_start_ms".into(), rounded(start).into());
    for (kind, genpkey) in KEYS {
        let [us, them] = ["3171000048", "3191000017"].map(|number| {
            let [key, csr, pem] = ["key", "csr", "pem"].map(|kind| format!("{number}.{kind}"));
            run(dir.path(), &[&["genpkey", "-out", &key][..], &genpkey].concat());
            run(dir.path(), &["req", "-new", "-key", &key, "-subj", &format!("/C=JP/CN={number}"), "-out", &csr]);
            let csr = fs::read_to_string(dir.path().join(&csr)).unwrap();
            let issued = authority.issue_office(&csr, number.parse().unwrap(), now, 365).unwrap();
            fs::write(dir.path().join(&pem), &issued.pem).unwrap();
            SealingKey::from_pem(issued.pem.as_bytes(), &fs::read(dir.path().join(&key)).unwrap()).unwrap()
        });
        let to = [CertificateDer::from(them.certificate().to_vec())];
        for (size, bytes) in SIZES {
            let payload = noise(bytes);
            fs::write(dir.path().join("payload"), &payload).unwrap();
            let sealed = seal(&payload, &us, &to, now).unwrap();
            assert!(open(&sealed, &them, &trust).is_ok());
            let mut took: [Vec<Duration>; 4] = Default::default();
            for _ in 0..RUNS {
                took[0].push(timed(|| drop(black_box(seal(&payload, &us, &to, now).unwrap()))));
                took[1].push(timed(|| openssl_seals(dir.path(), kind)));
                took[2].push(timed(|| drop(black_box(open(&sealed, &them, &trust).unwrap()))));
                took[3].push(timed(|| openssl_opens(dir.path())));
            }
            assert!(fs::read(dir.path().join("opened")).unwrap() == payload);
            let [ours, theirs, our_open, their_open] = took.map(median);
            for (what, ours, theirs) in [("seal", ours, theirs), ("open", our_open, their_open)] {
                let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
                println!(
                    "{what} {size:5} {kind:8}  tayori {}  openssl cms {}  ratio {ratio:.3}",
                    millis(ours),
                    millis(theirs)
                );
                let key = format!("{what}_{size}_{kind}").to_ascii_lowercase().replace([' ', '-'], "_");
                json.insert(format!("{key}_ms"), rounded(ours).into());
                json.insert(format!("{key}_openssl_ms"), rounded(theirs).into());
            }
        }
    }
    println!("{}", serde_json::Value::Object(json));
}

/// Signed, then encrypted to the receiver and to the sender, as ours is.
fn openssl_seals(dir: &Path, kind: &str) {
    let (us, key) = ("3171000048.pem", "3171000048.key");
    let sign = ["cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-outform", "DER"];
    run(dir, &[&sign[..], &["-signer", us, "-inkey", key, "-in", "payload", "-out", "signed"]].concat());
    let options: &[&str] = match kind {
        "P-256" => &["-keyopt", "ecdh_kdf_md:sha256"],
        _ => &["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"],
    };
    let encrypt = ["cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", "-in", "signed", "-out", "sealed"];
    let to = [&["-recip", "3191000017.pem"], options, &["-recip", us], options].concat();
    run(dir, &[&encrypt[..], &to].concat());
}

fn openssl_opens(dir: &Path) {
    let (them, key) = ("3191000017.pem", "3191000017.key");
    let common = ["cms", "-binary", "-inform", "DER"];
    run(dir, &[&common[..], &["-decrypt", "-recip", them, "-inkey", key, "-in", "sealed", "-out", "inner"]].concat());
    run(
        dir,
        &[&common[..], &["-verify", "-CAfile", "ca.pem", "-purpose", "any", "-in", "inner", "-out", "opened"]].concat(),
    );
}

fn run(dir: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(dir).output().expect("openssl is installed");
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:8.2} ms", time.as_secs_f64() * 1e3)
}

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// Bytes that come out the same in every run (SplitMix64).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..length).map(|_| next() as u8).collect()
}
