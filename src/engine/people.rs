//! Who sits here: logging in and out, and the office's accounts. A thread of its own, since the hub takes its time over a
//! password, and nobody else is to wait for that.

use std::sync::mpsc::{Receiver, Sender};

use jiff::Timestamp;

use super::failure::{of_identity, of_link};
use super::model::{AccountsCommand, Event, Failure, Login, Notice, ShownCode, TerminalsCommand};
use super::runner::{Errand, Teller};
use super::terminal::Terminal;
use super::terminals::{Office, is_same_fingerprint};
use crate::history::{Action, DONE, HistoryError};
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
                Order::LogIn { user, password } => {
                    let entered = self.link.log_in(&user, &password);
                    self.enter(entered, errands, teller);
                }
                Order::Accounts(AccountsCommand::First { user, password }) => match user.parse() {
                    Ok(user) => {
                        let entered = self.link.first_account(&user, &password);
                        self.enter(entered, errands, teller);
                    }
                    Err(_) => drop(teller.tell(Event::LoginRefused(Failure::UserInvalid))),
                },
                Order::LogOut => {
                    // The line comes first: it names who is going.
                    self.put_on_record(Action::Logout, "", DONE);
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
    fn enter(&mut self, entered: Result<(), LinkError>, errands: &Sender<Errand>, teller: &Teller) {
        let result = entered.as_ref().err().map_or_else(|| DONE.to_owned(), |error| of_login(error).code());
        self.put_on_record(Action::Login, "", &result);
        match entered {
            Ok(()) => {
                self.tell_login(teller);
                let _ = errands.send(Errand::Round);
            }
            Err(error) => drop(teller.tell(Event::LoginRefused(of_login(&error)))),
        }
    }

    /// A line that cannot be written is said, and takes nothing back.
    fn put_on_record(&mut self, action: Action, subject: &str, result: &str) {
        if let Err(error) = self.terminal.history.record(action, subject, result, Timestamp::now()) {
            tracing::error!(%error, "what a person did is not on record");
        }
    }

    fn keep_accounts(&mut self, command: AccountsCommand, teller: &Teller) {
        let subject = match &command {
            AccountsCommand::List => "list".to_owned(),
            AccountsCommand::First { .. } => "first".to_owned(),
            AccountsCommand::Add(new) => format!("add {}", new.user),
            AccountsCommand::Change { user, .. } => format!("change {user}"),
            AccountsCommand::Remove(user) => format!("remove {user}"),
            AccountsCommand::Password(_) => "own password".to_owned(),
        };
        let result = self.change_accounts(command, teller);
        self.put_on_record(Action::Accounts, &subject, &result);
    }

    /// Says how it ended, for the record.
    fn change_accounts(&self, command: AccountsCommand, teller: &Teller) -> String {
        let link = &self.link;
        let done = match command {
            AccountsCommand::List | AccountsCommand::First { .. } => Ok(()),
            AccountsCommand::Add(new) => link.add_account(&new).map(|_| ()),
            AccountsCommand::Change { user, change } => link.change_account(&user, &change).map(|_| ()),
            AccountsCommand::Remove(user) => link.remove_account(&user),
            AccountsCommand::Password(change) => {
                // One's own is for everybody; the list is not.
                return match link.change_password(&change) {
                    Ok(()) => {
                        teller.tell(Event::Notice(Notice::PasswordChanged));
                        DONE.to_owned()
                    }
                    Err(error) => failed(&error, teller),
                };
            }
        };
        let result = match done.and_then(|()| link.accounts()) {
            Ok(accounts) => {
                teller.tell(Event::Accounts(accounts.into()));
                DONE.to_owned()
            }
            Err(error) => failed(&error, teller),
        };
        // Whoever changed the own account, or is no longer in, sees that as well.
        self.tell_login(teller);
        result
    }

    fn keep_terminals(&mut self, command: &TerminalsCommand, teller: &Teller) {
        let subject = match command {
            TerminalsCommand::List => "list".to_owned(),
            TerminalsCommand::NewCode => "code".to_owned(),
            TerminalsCommand::NewRecoveryCode => "recovery".to_owned(),
            TerminalsCommand::Revoke(id) => format!("revoke {id}"),
            TerminalsCommand::Admit { id, .. } => format!("admit {id}"),
        };
        let result = match self.change_terminals(command, teller) {
            Ok(()) => DONE.to_owned(),
            Err(failure) => {
                let code = failure.code();
                teller.fail(failure);
                code
            }
        };
        self.put_on_record(Action::Terminals, &subject, &result);
    }

    fn change_terminals(&mut self, command: &TerminalsCommand, teller: &Teller) -> Result<(), Failure> {
        // Its keys may have been renewed since this thread began.
        self.terminal.look_at_papers().map_err(|error| of_identity(&error))?;
        let office = Office { identity: &self.terminal.identity, link: &self.link };
        let shown = |(code, until)| {
            teller.tell(Event::Code(ShownCode { code, until }));
        };
        match command {
            TerminalsCommand::List => Ok(()),
            TerminalsCommand::NewCode => office.new_code().map(|(code, until)| shown((code, Some(until)))),
            TerminalsCommand::NewRecoveryCode => office.new_recovery_code().map(|code| shown((code, None))),
            TerminalsCommand::Revoke(id) => office.revoke(id),
            TerminalsCommand::Admit { id, fingerprint } => office.list().and_then(|terminals| {
                let terminal = terminals.iter().find(|terminal| terminal.id == *id);
                match terminal.filter(|terminal| is_same_fingerprint(fingerprint, terminal)) {
                    Some(terminal) => office.admit(terminal, Timestamp::now()),
                    None => Err(Failure::FingerprintOther),
                }
            }),
        }?;
        teller.tell(Event::Terminals(office.list()?.into()));
        Ok(())
    }

    fn tell_login(&self, teller: &Teller) {
        match self.terminal.login() {
            Ok(login) => drop(teller.tell(Event::Login(login))),
            Err(error) => teller.fail(super::failure::of_history(&error)),
        }
    }
}

/// Tells a failure; says its code, for the record.
fn failed(error: &LinkError, teller: &Teller) -> String {
    let failure = of_login(error);
    let code = failure.code();
    teller.fail(failure);
    code
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
