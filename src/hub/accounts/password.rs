//! Passwords: kept as argon2id, judged by a few at a time, and refused when anybody would guess them.
//!
//! One judgement costs 19 MiB and some 20 ms by intent, so no more run at once than there are cores, off the async
//! threads, and a queue that gets long is turned away rather than waited for. Whoever names an account that is not there
//! pays for a judgement all the same: how long an answer takes tells nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::standard::OfficeNumber;
use crate::wire::{Secret, UserId};

/// How many may wait for their judgement.
const LONGEST_QUEUE: usize = 64;
/// The least a password has. The certificate is the other half of the proof (NIST SP 800-63B: 8 beside another factor).
pub const SHORTEST: usize = 8;
/// The most a password has.
pub const LONGEST: usize = 128;

/// Too many judgements wait already; trying again later helps.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords wait to be judged")]
pub struct Busy;

/// Judges passwords, a few at a time.
#[derive(Debug)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    judged: AtomicU64,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            at_once: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(LONGEST_QUEUE)),
            judged: AtomicU64::new(0),
        }
    }
}

impl Passwords {
    /// The password as it is kept.
    pub async fn hash(&self, password: &Secret) -> Result<String, Busy> {
        let password = folded(password);
        self.work(move || hash(&password)).await?.ok_or(Busy)
    }

    /// How many judgements were made so far, of accounts that are there and of those that are not.
    pub fn judged(&self) -> u64 {
        self.judged.load(Ordering::Relaxed)
    }

    /// Whether it is the password that was kept. Where none was, it is not, and that takes as long.
    pub async fn matches(&self, password: &Secret, kept: Option<String>) -> Result<bool, Busy> {
        let password = folded(password);
        self.judged.fetch_add(1, Ordering::Relaxed);
        self.work(move || match kept {
            Some(kept) => verify(&password, &kept),
            None => {
                std::hint::black_box(verify(&password, nobodys()));
                false
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| Busy)?;
        // The turn goes along: a caller that hangs up does not free it while the work goes on.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|_| Busy)
    }
}

/// `None` when the system has no randomness.
pub(super) fn hash(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

fn verify(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

/// What an account that is not there is judged by. Nobody has its password.
fn nobodys() -> &'static str {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    NOBODYS.get_or_init(|| {
        let random = super::session::random();
        hash(&crate::parcel::hex(&random)).unwrap_or_default()
    })
}

/// Full and half width are the same, whichever the keyboard gave. One that is longer than any is cut: it is nobody's.
fn folded(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.reveal().chars().take(LONGEST + 1).nfkc().collect())
}

/// Whether somebody would soon guess it: too short, the office's own number, the user's id, or one of those that people
/// try first.
pub fn is_weak(password: &Secret, user: &UserId, office: OfficeNumber) -> bool {
    let folded = folded(password).to_lowercase();
    let letters = folded.chars().count();
    let distinct: std::collections::BTreeSet<char> = folded.chars().collect();
    !(SHORTEST..=LONGEST).contains(&letters)
        || folded.chars().any(char::is_control)
        || distinct.len() < 4
        || folded.contains(office.as_str())
        || (user.as_str().len() >= 3 && folded.contains(user.as_str()) && letters < user.as_str().len() + SHORTEST)
        || is_a_row(&folded)
        || COMMON
            .iter()
            .any(|common| folded.trim_end_matches(|c: char| c.is_ascii_digit() || "!?.".contains(c)) == *common)
}

/// `12345678`, `hgfedcba`: each letter next to the one before.
fn is_a_row(text: &str) -> bool {
    let steps =
        || text.chars().zip(text.chars().skip(1)).map(|(a, b)| i64::from(u32::from(b)) - i64::from(u32::from(a)));
    let digits = text.chars().all(|c| c.is_ascii_digit());
    steps().all(|step| step == 1 || (digits && step == -9)) || steps().all(|step| step == -1 || (digits && step == 9))
}

/// What people choose when nothing speaks against it; numbers at the end make it no better.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "pass",
    "qwerty",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "iloveyou",
    "admin",
    "administrator",
    "welcome",
    "letmein",
    "tayori",
    "kaigo",
    "careplan",
    "care",
    "sakura",
    "doraemon",
    "himawari",
    "arigatou",
    "arigato",
    "konnichiwa",
    "changeme",
    "q1w2e3r4",
    "1q2w3e4r",
    "1qaz2wsx",
    "abcd",
    "test",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_would_try_first_is_no_password() {
        let (user, office) = ("sato".parse().unwrap(), "3191000017".parse().unwrap());
        let weak = |text: &str| is_weak(&Secret::new(text.into()), &user, office);
        for text in [
            "",
            "short7!",
            "password",
            "Password1",
            "Ｐａｓｓｗｏｒｄ１",
            "aaaaaaaa",
            "12345678",
            "34567890",
            "87654321",
            "abcdefgh",
            "3191000017",
            "x3191000017",
            "sato2026",
            "welcome123",
            "tayori2026!",
            "しししししししし",
            "1212121212",
            "with\ttab..",
        ] {
            assert!(weak(text), "{text}");
        }
        assert!(weak(&"長い".repeat(65)));
        for text in ["kuruma-isu 4", "ふくふくまんじゅう", "8Fq-2mLx", "satosan no himitsu no kotoba"] {
            assert!(!weak(text), "{text}");
        }
    }

    #[test]
    fn a_password_is_kept_as_argon2id_and_is_the_same_in_full_width() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let passwords = Passwords::default();
            let secret = |text: &str| Secret::new(text.into());
            let kept = passwords.hash(&secret("kuruma-isu 4")).await.unwrap();
            assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
            assert_ne!(passwords.hash(&secret("kuruma-isu 4")).await.unwrap(), kept, "each has a salt of its own");
            assert!(passwords.matches(&secret("ｋｕｒｕｍａ－ｉｓｕ　４"), Some(kept.clone())).await.unwrap());
            assert!(!passwords.matches(&secret("kuruma-isu 5"), Some(kept)).await.unwrap());
            assert!(!passwords.matches(&secret("kuruma-isu 5"), None).await.unwrap());
            assert!(!passwords.matches(&secret("kuruma-isu 5"), Some("broken".into())).await.unwrap());
        });
    }

    #[test]
    fn a_long_queue_is_turned_away() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let passwords = Passwords::default();
            let _all = passwords.queue.acquire_many(LONGEST_QUEUE as u32).await.unwrap();
            assert!(passwords.hash(&Secret::new("kuruma-isu 4".into())).await.is_err());
        });
    }
}
