//! The clock is handed in: nothing here waits for a day to pass.

use super::*;
use crate::hub::directory;

const START: &str = "2026-06-01T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    at(START).checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn north() -> OfficeNumber {
    "3100000001".parse().unwrap()
}
fn south() -> OfficeNumber {
    "3100000002".parse().unwrap()
}

const A: &str = "0a";
const B: &str = "0b";

struct Desk {
    dir: tempfile::TempDir,
    accounts: Accounts,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new() -> Self {
        Self::with(LoginSettings::default())
    }

    fn with(settings: LoginSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        store
            .write_now(|c| {
                directory::register(c, north(), "11".parse().unwrap(), "北", at(START))?;
                directory::register(c, south(), "43".parse().unwrap(), "南", at(START))
            })
            .unwrap();
        let accounts = Accounts::new(store, settings, at(START));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let desk = Self { dir, accounts, runtime };
        desk.first(north(), "kanri");
        desk
    }

    fn first(&self, office: OfficeNumber, user: &str) {
        let new = NewAccount { user: user.into(), password: secret("kuruma-isu 4"), role: Role::Staff };
        let made = self.runtime.block_on(self.accounts.create_first(office, &new, at(START))).unwrap();
        assert_eq!(made.role, Role::Admin, "the first keeps the others");
    }

    fn add(&self, user: &str, role: Role) {
        let new = NewAccount { user: user.into(), password: secret("aoi-sora 77"), role };
        self.runtime.block_on(self.accounts.create(north(), &new, at(START))).unwrap();
    }

    fn log_in(&self, terminal: &str, user: &str, password: &str, now: Timestamp) -> Result<LoggedIn, AccountError> {
        self.log_in_from(north(), terminal, user, password, now)
    }

    fn log_in_from(
        &self,
        office: OfficeNumber,
        terminal: &str,
        user: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<LoggedIn, AccountError> {
        let from = Origin { office, terminal };
        self.runtime.block_on(self.accounts.log_in(from, user, &secret(password), now))
    }

    fn good(&self, terminal: &str, now: Timestamp) -> LoggedIn {
        self.log_in(terminal, "kanri", "kuruma-isu 4", now).unwrap()
    }

    fn who(&self, office: OfficeNumber, terminal: &str, token: &Secret, now: Timestamp) -> Option<String> {
        let session = self.runtime.block_on(self.accounts.who(Origin { office, terminal }, token.reveal(), now));
        match session {
            Ok(session) => Some(session.user.to_string()),
            Err(AccountError::LoginRequired) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn session(&self, tokens: &LoggedIn, now: Timestamp) -> Session {
        let from = Origin { office: north(), terminal: A };
        self.runtime.block_on(self.accounts.who(from, tokens.access.reveal(), now)).unwrap()
    }

    fn refresh(&self, terminal: &str, token: &Secret, now: Timestamp) -> Option<LoggedIn> {
        let from = Origin { office: north(), terminal };
        match self.runtime.block_on(self.accounts.refresh(from, token, now)) {
            Ok(tokens) => Some(tokens),
            Err(AccountError::LoginRequired) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn change(&self, user: &str, change: AccountChange) -> Result<Account, AccountError> {
        self.runtime.block_on(self.accounts.change(north(), user, &change))
    }
}

fn is_refused<T>(result: Result<T, AccountError>) -> bool {
    matches!(result, Err(AccountError::Refused))
}

#[test]
fn tokens_live_as_long_as_they_say_and_a_hub_that_starts_anew_knows_them() {
    let mut desk = Desk::new();
    let tokens = desk.good(A, after(0));
    assert_eq!((tokens.access_until, tokens.refresh_until), (after(3_600), after(8 * 3_600)));
    assert_eq!(desk.who(north(), A, &tokens.access, after(3_599)).as_deref(), Some("kanri"));
    let store = crate::hub::stores::testing::again(&desk.accounts.store, desk.dir.path());
    desk.accounts = Accounts::new(store, LoginSettings::default(), at(START));
    assert_eq!(desk.who(north(), A, &tokens.access, after(3_599)).as_deref(), Some("kanri"), "after a restart");
    assert_eq!(desk.who(north(), A, &tokens.access, after(3_600)), None, "remembered or not, its time is over");
    let next = desk.refresh(A, &tokens.refresh, after(8 * 3_600 - 1)).unwrap();
    assert_eq!(next.refresh_until, after(16 * 3_600 - 1), "who comes back in time stays");
    assert_eq!(desk.who(north(), A, &next.access, after(8 * 3_600)).as_deref(), Some("kanri"));
    assert_eq!(desk.refresh(A, &next.refresh, after(16 * 3_600)).map(|_| ()), None);
}

#[test]
fn a_token_counts_for_the_terminal_it_was_given_to_and_no_token_is_another() {
    let desk = Desk::new();
    desk.first(south(), "kanri");
    let tokens = desk.good(A, after(0));
    assert_eq!(desk.who(north(), B, &tokens.access, after(1)), None, "another terminal's");
    assert_eq!(desk.who(south(), A, &tokens.access, after(1)), None, "another office's");
    assert_eq!(desk.who(north(), A, &tokens.refresh, after(1)), None, "the wrong kind");
    assert_eq!(desk.refresh(B, &tokens.refresh, after(1)).map(|_| ()), None);
    assert_eq!(desk.refresh(A, &tokens.access, after(1)).map(|_| ()), None);
    for made_up in ["", "x", &"A".repeat(43), &"A".repeat(100_000)] {
        assert_eq!(desk.who(north(), A, &secret(made_up), after(1)), None);
    }
    assert_eq!(desk.who(north(), A, &tokens.access, after(1)).as_deref(), Some("kanri"), "all that did no harm");
    if desk.accounts.store.is_shared() {
        return; // the same rows, in files that are not ours to read
    }
    let kept: Vec<u8> = std::fs::read(desk.dir.path().join("hub.db-wal")).unwrap();
    for plain in [tokens.access.reveal(), tokens.refresh.reveal(), "kuruma-isu 4"] {
        assert!(!kept.windows(plain.len()).any(|window| window == plain.as_bytes()), "the store holds only hashes");
    }
}

#[test]
fn a_lost_answer_to_a_refresh_costs_nothing_and_a_used_token_is_over() {
    let desk = Desk::new();
    let first = desk.good(A, after(0));
    let lost = desk.refresh(A, &first.refresh, after(10)).unwrap();
    let second = desk.refresh(A, &first.refresh, after(20)).expect("good until one that was given for it comes back");
    assert!(desk.refresh(A, &lost.refresh, after(30)).is_some(), "the late answer counts as well, until one is used");
    assert!(desk.refresh(A, &second.refresh, after(40)).is_none(), "that was now");
    assert!(desk.refresh(A, &first.refresh, after(40)).is_none());
    for tokens in [&first, &lost, &second] {
        assert!(desk.who(north(), A, &tokens.access, after(50)).is_some(), "requests under way go on");
    }
}

#[test]
fn who_refreshes_for_ever_has_a_few_tokens_only() {
    let desk = Desk::new();
    let mut tokens = desk.good(A, after(0));
    for second in 0..40 {
        desk.refresh(A, &tokens.refresh, after(second)).unwrap();
        desk.refresh(A, &tokens.refresh, after(second)).unwrap();
        tokens = desk.refresh(A, &tokens.refresh, after(second)).unwrap();
    }
    for _ in 0..60 {
        let session = desk.accounts.store.write_now(|c| {
            let user = "kanri".parse().unwrap();
            session::begin(c, (north(), &user, Role::Admin), B, &LoginSettings::default(), after(50))
        });
        session.unwrap();
    }
    let count = |sql: &'static str| {
        desk.accounts
            .store
            .read_now(|c| c.one("count", sql, crate::hub::stores::values![], |row| row.get::<i64>(0)))
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM session"), 50);
    assert!(count("SELECT max(n) FROM (SELECT count(*) AS n FROM token GROUP BY session, kind) AS counted") <= 9);
}

#[test]
fn s7_an_account_is_locked_after_ten_failures_for_longer_and_longer() {
    let desk = Desk::new();
    for second in 0..10 {
        assert!(is_refused(desk.log_in(A, "kanri", "wrong", after(second))));
    }
    assert!(is_refused(desk.log_in(A, "kanri", "kuruma-isu 4", after(10))), "the right one looks like a wrong one");
    assert!(is_refused(desk.log_in(A, "kanri", "kuruma-isu 4", after(9 + 899))), "fifteen minutes");
    assert!(is_refused(desk.log_in(A, "kanri", "wrong", after(9 + 900))), "over, but guessed wrong again");
    let again = 9 + 900;
    assert!(is_refused(desk.log_in(A, "kanri", "kuruma-isu 4", after(again + 1_799))), "half an hour");
    for n in 0..5 {
        // A locked account that is tried is not locked for longer.
        assert!(is_refused(desk.log_in(A, "kanri", "wrong", after(again + 1_000 + n))));
    }
    desk.good(A, after(again + 1_800));
    for second in 0..9 {
        assert!(is_refused(desk.log_in(A, "kanri", "wrong", after(10_000 + second))));
    }
    desk.good(A, after(10_010)); // a good one makes all of it forgotten
}

#[test]
fn s7_a_lock_grows_no_longer_than_a_working_day_and_an_admin_opens_it() {
    let desk = Desk::new();
    desk.add("sato", Role::Staff);
    let mut now = 0;
    let mut locks = Vec::new();
    for _ in 0..17 {
        assert!(is_refused(desk.log_in(A, "sato", "wrong", after(now))));
        let account = &desk.runtime.block_on(desk.accounts.list(north())).unwrap()[1];
        match account.locked_until {
            Some(until) => {
                locks.push(until.duration_since(after(now)).as_mins());
                now += until.duration_since(after(now)).as_secs();
            }
            None => now += 60,
        }
    }
    assert_eq!(locks, [15, 30, 60, 120, 240, 480, 480, 480]);
    assert!(is_refused(desk.log_in(A, "sato", "wrong", after(now))));
    assert!(is_refused(desk.log_in(A, "sato", "aoi-sora 77", after(now + 1))));
    let opened = desk.change("sato", AccountChange { unlock: true, ..AccountChange::default() }).unwrap();
    assert_eq!(opened.locked_until, None);
    desk.log_in(A, "sato", "aoi-sora 77", after(now + 2)).unwrap();
}

#[test]
fn s7_many_guesses_at_once_are_as_many_tries() {
    let desk = Desk::with(LoginSettings { tries: 3, ..LoginSettings::default() });
    let accounts = &desk.accounts;
    let guess = |n: i32| {
        let password = secret(if n == 12 { "kuruma-isu 4" } else { "wrong" });
        let from = Origin { office: north(), terminal: A };
        Box::pin(async move { accounts.log_in(from, "kanri", &password, after(0)).await })
    };
    // All begin before the first is judged; the right one comes after the third.
    let all = async {
        let mut guesses: Vec<_> = (0..15).map(guess).collect();
        let mut results = Vec::new();
        std::future::poll_fn(|context| {
            guesses.retain_mut(|guess| match guess.as_mut().poll(context) {
                std::task::Poll::Ready(result) => {
                    results.push(result);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if guesses.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        results
    };
    let results = desk.runtime.block_on(all);
    assert_eq!(results.len(), 15);
    assert!(results.into_iter().all(is_refused));
}

#[test]
fn s7_a_user_that_is_not_there_is_answered_like_one_that_is() {
    let desk = Desk::new();
    for (n, user) in ["nobody", "佐藤", "", "kanri'; --", &"x".repeat(5_000)].into_iter().enumerate() {
        assert!(is_refused(desk.log_in(A, user, "kuruma-isu 4", after(i64::try_from(n).unwrap()))), "{user}");
    }
    desk.good(A, after(9));
}

#[test]
fn a_right_that_ends_ends_at_once() {
    let desk = Desk::new();
    desk.add("sato", Role::Staff);
    let log_in = |password: &str| desk.log_in(A, "sato", password, after(0)).unwrap();
    let is_in = |tokens: &LoggedIn| desk.who(north(), A, &tokens.access, after(1)).is_some();

    let tokens = log_in("aoi-sora 77");
    assert!(is_in(&tokens));
    let change = AccountChange { password: Some(secret("midori-no-kaze")), ..AccountChange::default() };
    desk.change("sato", change).unwrap();
    assert!(!is_in(&tokens) && desk.refresh(A, &tokens.refresh, after(1)).is_none(), "a password that was reset");
    assert!(is_refused(desk.log_in(A, "sato", "aoi-sora 77", after(0))));

    let (here, there) = (log_in("midori-no-kaze"), log_in("midori-no-kaze"));
    let own = PasswordChange { old: secret("midori-no-kaze"), new: secret("shiroi-kumo 5") };
    let from = Origin { office: north(), terminal: A };
    let session = desk.session(&here, after(1));
    desk.runtime.block_on(desk.accounts.change_password(from, &session, &own, after(2))).unwrap();
    assert!(is_in(&here) && !is_in(&there), "one's own change ends the others only");
    let again = desk.runtime.block_on(desk.accounts.change_password(from, &session, &own, after(3)));
    assert!(is_refused(again), "the old one has to be right");

    desk.runtime.block_on(desk.accounts.log_out(&session)).unwrap();
    assert!(!is_in(&here));
    let tokens = log_in("shiroi-kumo 5");
    assert_eq!(desk.session(&tokens, after(4)).role, Role::Staff);
    desk.change("sato", AccountChange { role: Some(Role::Admin), ..AccountChange::default() }).unwrap();
    assert_eq!(desk.session(&tokens, after(5)).role, Role::Admin, "a role is felt at once, too");
    desk.runtime.block_on(desk.accounts.remove(north(), "sato")).unwrap();
    assert!(!is_in(&tokens) && desk.refresh(A, &tokens.refresh, after(6)).is_none());
}

#[test]
fn an_office_keeps_an_admin_and_a_name_is_there_once() {
    let desk = Desk::new();
    let remove = |user: &str| desk.runtime.block_on(desk.accounts.remove(north(), user));
    let staff = || AccountChange { role: Some(Role::Staff), ..AccountChange::default() };
    assert!(matches!(remove("kanri"), Err(AccountError::LastAdmin)));
    assert!(matches!(desk.change("kanri", staff()), Err(AccountError::LastAdmin)));
    assert!(matches!(remove("nobody"), Err(AccountError::Unknown)));
    assert!(matches!(desk.change("nobody", staff()), Err(AccountError::Unknown)));
    desk.add("sato", Role::Admin);
    desk.change("kanri", staff()).unwrap();
    remove("kanri").unwrap();
    assert!(matches!(remove("sato"), Err(AccountError::LastAdmin)));

    let new = |user: &str, password: &str| {
        let new = NewAccount { user: user.into(), password: secret(password), role: Role::Staff };
        desk.runtime.block_on(desk.accounts.create(north(), &new, at(START)))
    };
    assert!(matches!(new("SATO", "aoi-sora 78"), Err(AccountError::Taken)));
    assert!(matches!(new("佐藤", "aoi-sora 78"), Err(AccountError::InvalidUser)));
    assert!(matches!(new("suzuki", "12345678"), Err(AccountError::Weak)));
    let first = NewAccount { user: "x".into(), password: secret("aoi-sora 78"), role: Role::Admin };
    let second = desk.runtime.block_on(desk.accounts.create_first(north(), &first, at(START)));
    assert!(matches!(second, Err(AccountError::LoginRequired)), "the first is made once");
}

#[test]
fn accounts_of_one_name_in_two_offices_have_nothing_to_do_with_each_other() {
    let desk = Desk::new();
    desk.first(south(), "kanri");
    let theirs = AccountChange { password: Some(secret("midori-no-kaze")), ..AccountChange::default() };
    desk.runtime.block_on(desk.accounts.change(south(), "kanri", &theirs)).unwrap();
    desk.good(A, after(0));
    assert!(is_refused(desk.log_in_from(south(), B, "kanri", "kuruma-isu 4", after(0))));
    desk.log_in_from(south(), B, "kanri", "midori-no-kaze", after(0)).unwrap();
}

#[test]
fn s7_every_refusal_costs_one_judgement_so_that_its_time_tells_nothing() {
    let desk = Desk::new();
    desk.add("locked", Role::Staff);
    for second in 0..10 {
        assert!(is_refused(desk.log_in(A, "locked", "wrong", after(second))));
    }
    let tries =
        [("kanri", "wrong"), ("nobody", "wrong"), ("佐藤", "wrong"), ("locked", "wrong"), ("locked", "aoi-sora 77")];
    for (at, (user, password)) in (1..).zip(tries) {
        let before = desk.accounts.passwords.judged();
        // One try in fifteen seconds is let through.
        assert!(is_refused(desk.log_in(B, user, password, after(60 + 20 * at))));
        assert_eq!(desk.accounts.passwords.judged() - before, 1, "{user}");
    }
}
