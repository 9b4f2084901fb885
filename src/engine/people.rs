//! Who sits here: logging in and out, and the office's accounts. A thread of its own, since the hub takes its time over a
//! password, and nobody else is to wait for that.

use std::sync::mpsc::{Receiver, Sender};

use super::failure::{of_identity, of_link};
use super::model::{AccountsCommand, Event, Failure, Login, Notice, ShownCode, TerminalsCommand};
use super::runner::{Errand, Teller};
use super::terminal::Terminal;
use super::terminals::{Office, is_same_fingerprint};
use crate::history::HistoryError;
use crate::link::{HubLink, LinkError};
use crate::wire::{ProblemCode, Secret, UserId};

/// What the thread is asked.
#[derive(Clone, Debug)]
pub(super) enum Order {
    LogIn { user: String, password: Secret },
    LogOut,
    Accounts(AccountsCommand),
    Terminals(TerminalsCommand),
}

/// See the module.
pub(super) struct People {
    pub terminal: Terminal,
    pub link: HubLink,
}

impl People {
    pub fn work(mut self, orders: &Receiver<Order>, errands: &Sender<Errand>, teller: &Teller) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::LogIn { user, password } => self.enter(self.link.log_in(&user, &password), errands, teller),
                Order::Accounts(AccountsCommand::First { user, password }) => match user.parse() {
                    Ok(user) => self.enter(self.link.first_account(&user, &password), errands, teller),
                    Err(_) => drop(teller.tell(Event::LoginRefused(Failure::UserInvalid))),
                },
                Order::LogOut => {
                    if let Err(error) = self.link.log_out() {
                        teller.fail(of_login(&error));
                    }
                    self.tell_login(teller);
                    let _ = errands.send(Errand::Round);
                }
                Order::Accounts(command) => self.keep_accounts(command, teller),
                Order::Terminals(command) => self.keep_terminals(&command, teller),
            }
        }
    }

    /// Somebody is in, and what waited for that goes on; or not, and hears why.
    fn enter(&self, entered: Result<(), LinkError>, errands: &Sender<Errand>, teller: &Teller) {
        match entered {
            Ok(()) => {
                self.tell_login(teller);
                let _ = errands.send(Errand::Round);
            }
            Err(error) => drop(teller.tell(Event::LoginRefused(of_login(&error)))),
        }
    }

    fn keep_accounts(&self, command: AccountsCommand, teller: &Teller) {
        let link = &self.link;
        let done = match command {
            AccountsCommand::List | AccountsCommand::First { .. } => Ok(()),
            AccountsCommand::Add(new) => link.add_account(&new).map(|_| ()),
            AccountsCommand::Change { user, change } => link.change_account(&user, &change).map(|_| ()),
            AccountsCommand::Remove(user) => link.remove_account(&user),
            AccountsCommand::Password(change) => {
                // One's own is for everybody; the list is not.
                match link.change_password(&change) {
                    Ok(()) => drop(teller.tell(Event::Notice(Notice::PasswordChanged))),
                    Err(error) => teller.fail(of_login(&error)),
                }
                return;
            }
        };
        match done.and_then(|()| link.accounts()) {
            Ok(accounts) => drop(teller.tell(Event::Accounts(accounts.into()))),
            Err(error) => teller.fail(of_login(&error)),
        }
        // Whoever changed the own account, or is no longer in, sees that as well.
        self.tell_login(teller);
    }

    fn keep_terminals(&mut self, command: &TerminalsCommand, teller: &Teller) {
        // Its keys may have been renewed since this thread began.
        if let Err(error) = self.terminal.look_at_papers() {
            return teller.fail(of_identity(&error));
        }
        let office = Office { identity: &self.terminal.identity, link: &self.link };
        let shown = |(code, until)| drop(teller.tell(Event::Code(ShownCode { code, until })));
        let done = match command {
            TerminalsCommand::List => Ok(()),
            TerminalsCommand::NewCode => office.new_code().map(|(code, until)| shown((code, Some(until)))),
            TerminalsCommand::NewRecoveryCode => office.new_recovery_code().map(|code| shown((code, None))),
            TerminalsCommand::Revoke(id) => office.revoke(id),
            TerminalsCommand::Admit { id, fingerprint } => office.list().and_then(|terminals| {
                let terminal = terminals.iter().find(|terminal| terminal.id == *id);
                match terminal.filter(|terminal| is_same_fingerprint(fingerprint, terminal)) {
                    Some(terminal) => office.admit(terminal, jiff::Timestamp::now()),
                    None => Err(Failure::FingerprintOther),
                }
            }),
        };
        match done.and_then(|()| office.list()) {
            Ok(terminals) => drop(teller.tell(Event::Terminals(terminals.into()))),
            Err(failure) => teller.fail(failure),
        }
    }

    fn tell_login(&self, teller: &Teller) {
        match self.terminal.login() {
            Ok(login) => drop(teller.tell(Event::Login(login))),
            Err(error) => teller.fail(super::failure::of_history(&error)),
        }
    }
}

impl Terminal {
    /// Who is logged in here, as far as this terminal knows.
    pub fn login(&self) -> Result<Login, HistoryError> {
        Ok(match self.history.login()? {
            Some(kept) => Login::As { user: kept.user, role: kept.role },
            None => Login::Needed { last_user: self.history.last_user()?, first: self.history.lacks_account()? },
        })
    }
}

/// Why somebody did not get in. That tries were too many means something else here than for a parcel.
pub fn of_login(error: &LinkError) -> Failure {
    match error {
        LinkError::Problem(problem) if problem.code == ProblemCode::TooMany => Failure::LoginTooOften,
        error => of_link(error),
    }
}

/// A user id as it was typed.
pub fn user_id(typed: &str) -> Result<UserId, Failure> {
    typed.parse().map_err(|_| Failure::UserInvalid)
}
