//! Who is logged in at this terminal, as all its programs share it: the tokens lie in the history.
//!
//! Whoever needs a token takes the one that is there; whoever finds it worn out gets the next two, in a turn of its own,
//! so that a window and a command beside it never use up each other's. The hub alone says when a token is over. The
//! terminal's clock, which may be wrong, only tells when it is a good moment to ask for the next.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::LinkError;
use crate::history::{History, HistoryError, KeptLogin};
use crate::wire::{LoggedIn, Secret};

/// See the module.
#[derive(Debug)]
pub struct Session {
    history: Mutex<History>,
    /// A file that whoever changes the tokens holds locked.
    turn: PathBuf,
    here: Mutex<Option<KeptLogin>>,
}

impl Session {
    pub fn new(history: History, turn: PathBuf) -> Self {
        Self { history: Mutex::new(history), turn, here: Mutex::default() }
    }

    /// A token for a request. `next` asks the hub for the two after this refresh token.
    pub fn access(
        &self,
        now: Timestamp,
        next: impl FnOnce(&Secret) -> Result<LoggedIn, LinkError>,
    ) -> Result<Secret, LinkError> {
        let here = self.here.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = here.filter(|kept| now < kept.renew_at) {
            return Ok(kept.access);
        }
        let kept = self.kept()?.ok_or(LinkError::LoginRequired)?;
        if now < kept.renew_at {
            self.note(Some(kept.clone()));
            return Ok(kept.access);
        }
        self.renew(&kept.access, now, next)
    }

    /// The token after this one, which the hub takes no longer.
    pub fn renew(
        &self,
        worn_out: &Secret,
        now: Timestamp,
        next: impl FnOnce(&Secret) -> Result<LoggedIn, LinkError>,
    ) -> Result<Secret, LinkError> {
        let _turn = self.take_turn()?;
        let kept = self.kept()?;
        self.note(kept.clone());
        let kept = kept.ok_or(LinkError::LoginRequired)?;
        if kept.access != *worn_out {
            // Another thread or program was here first.
            return Ok(kept.access);
        }
        match next(&kept.refresh) {
            Ok(given) => {
                let given = KeptLogin::of(given, now);
                self.note(Some(given.clone()));
                if let Err(error) = self.keep(Some(&given)) {
                    // The one that is kept stays good until one of the new ones is used to get the next.
                    tracing::warn!(%error, "the new tokens are not kept");
                }
                Ok(given.access)
            }
            Err(LinkError::LoginRequired) => {
                self.note(None);
                self.keep(None)?;
                Err(LinkError::LoginRequired)
            }
            Err(error) => Err(error),
        }
    }

    /// Somebody logged in, or out.
    pub fn replace(&self, login: Option<LoggedIn>, now: Timestamp) -> Result<(), LinkError> {
        let _turn = self.take_turn()?;
        let login = login.map(|given| KeptLogin::of(given, now));
        self.keep(login.as_ref())?;
        self.note(login);
        Ok(())
    }

    /// Who is logged in, as far as this terminal knows.
    pub fn kept(&self) -> Result<Option<KeptLogin>, LinkError> {
        Ok(self.history.lock().unwrap_or_else(PoisonError::into_inner).login()?)
    }

    fn keep(&self, login: Option<&KeptLogin>) -> Result<(), HistoryError> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).keep_login(login)
    }

    fn note(&self, login: Option<KeptLogin>) {
        *self.here.lock().unwrap_or_else(PoisonError::into_inner) = login;
    }

    fn take_turn(&self) -> Result<std::fs::File, LinkError> {
        let turn = OpenOptions::new().create(true).truncate(false).write(true).open(&self.turn);
        turn.and_then(|file| file.lock().map(|()| file)).map_err(LinkError::Turn)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::identity::Vault;
    use crate::wire::Role;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + seconds).unwrap()
    }

    /// The n-th pair of tokens, for an hour by the hub's clock, which is a day behind ours.
    fn given(n: usize) -> LoggedIn {
        let hub = |seconds| at(seconds).checked_sub(jiff::SignedDuration::from_hours(24)).unwrap();
        LoggedIn {
            user: "sato".parse().unwrap(),
            role: Role::Staff,
            access: Secret::new(format!("access {n}")),
            access_until: hub(3_600),
            refresh: Secret::new(format!("refresh {n}")),
            refresh_until: hub(8 * 3_600),
            time: hub(0),
        }
    }

    fn session(dir: &tempfile::TempDir) -> Session {
        static VAULT: std::sync::OnceLock<Vault> = std::sync::OnceLock::new();
        let key = VAULT.get_or_init(|| Vault::in_memory().unwrap()).database_key();
        Session::new(History::open(&dir.path().join("history.db"), key).unwrap(), dir.path().join("login.lock"))
    }

    fn nobody_asks(_: &Secret) -> Result<LoggedIn, LinkError> {
        panic!("no need to ask the hub")
    }

    fn is_out<T>(result: Result<T, LinkError>) -> bool {
        matches!(result, Err(LinkError::LoginRequired))
    }

    #[test]
    fn a_token_is_used_until_it_is_nearly_over_and_b5_a_wrong_clock_does_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, others) = (session(&dir), session(&dir));
        assert!(is_out(ours.access(at(0), nobody_asks)));
        ours.replace(Some(given(1)), at(0)).unwrap();
        for session in [&ours, &others] {
            assert_eq!(session.access(at(2_000), nobody_asks).unwrap().reveal(), "access 1");
        }
        let asked = Cell::new(0);
        let next = |refresh: &Secret| {
            asked.set(asked.get() + 1);
            assert_eq!(refresh.reveal(), "refresh 1");
            Ok(given(2))
        };
        assert_eq!(ours.access(at(3_000), next).unwrap().reveal(), "access 2");
        assert_eq!(others.access(at(3_000), nobody_asks).unwrap().reveal(), "access 2", "found where it lies");
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn who_is_late_takes_what_the_other_got_and_never_uses_up_a_token() {
        let dir = tempfile::tempdir().unwrap();
        session(&dir).replace(Some(given(0)), at(0)).unwrap();
        let asked = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let session = session(&dir);
                    let mut token = session.access(at(1), nobody_asks).unwrap();
                    for _ in 0..5 {
                        // The hub takes it no longer.
                        token = session
                            .renew(&token, at(1), |refresh| {
                                let n = asked.fetch_add(1, Ordering::SeqCst);
                                assert_eq!(refresh.reveal(), format!("refresh {n}"), "each is used once");
                                Ok(given(n + 1))
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert!(asked.load(Ordering::SeqCst) <= 40);
    }

    #[test]
    fn a_hub_that_is_away_ends_no_login_and_one_that_says_no_does() {
        let dir = tempfile::tempdir().unwrap();
        let session = session(&dir);
        session.replace(Some(given(1)), at(0)).unwrap();
        let worn_out = Secret::new("access 1".into());
        let away = session.renew(&worn_out, at(1), |_| Err(LinkError::NoWay("away".into())));
        assert!(matches!(away, Err(LinkError::NoWay(_))));
        assert!(session.kept().unwrap().is_some());
        assert!(is_out(session.renew(&worn_out, at(1), |_| Err(LinkError::LoginRequired))));
        assert!(session.kept().unwrap().is_none());
        assert!(is_out(session.access(at(1), nobody_asks)), "and the hub is not asked again");
    }

    #[test]
    fn who_logs_out_in_one_program_is_out_in_all_of_them_when_the_hub_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, others) = (session(&dir), session(&dir));
        ours.replace(Some(given(1)), at(0)).unwrap();
        let token = others.access(at(1), nobody_asks).unwrap();
        ours.replace(None, at(2)).unwrap();
        assert!(is_out(others.renew(&token, at(3), nobody_asks)));
        ours.replace(Some(given(2)), at(4)).unwrap();
        assert_eq!(others.access(at(5), nobody_asks).unwrap().reveal(), "access 2");
    }
}
