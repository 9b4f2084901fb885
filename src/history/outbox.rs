//! What we send: written once, sealed once, tried until the hub has it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::board::keep_statements;
use super::evidence::{Failure, Step, Subject};
use super::{Action, DONE, History, HistoryError, Named as _, add_to_trail, from_json, record, search, to_json};
use crate::parcel::{Content, ParcelId, ReceiptStep};
use crate::standard::{Checked, FileName, OfficeNumber, Serial};
use crate::wire::Accepted;

/// A parcel that is ready to go.
#[derive(Debug)]
pub struct NewOutgoing {
    pub content: Content,
    pub partner_name: String,
    pub subjects: Vec<Subject>,
    pub checked: Checked,
}

/// A parcel of our office's that the hub has and this terminal did not send: another one did, or this PC before it was set
/// up anew.
#[derive(Debug)]
pub struct NewSent<'a> {
    pub accepted: &'a Accepted,
    pub partner: OfficeNumber,
    pub partner_name: &'a str,
    /// `None` when it cannot be read here (any more): it still stands in the list.
    pub content: Option<&'a Content>,
    pub subjects: &'a [Subject],
    pub checked: &'a Checked,
}

/// A parcel whose next try is due.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    pub id: ParcelId,
    pub partner: OfficeNumber,
    pub tries: u32,
    /// Whether an earlier try may have reached the hub.
    pub may_have_left: bool,
}

/// How a try ended that may be repeated.
#[derive(Debug)]
pub struct Tried<'a> {
    pub failure: &'a Failure,
    pub next: Timestamp,
    /// Whether this or an earlier try may have reached the hub.
    pub may_have_left: bool,
}

impl History {
    /// Puts parcels into the outbox, all or none of them. They may leave at once.
    pub fn queue(&mut self, parcels: &[NewOutgoing], now: Timestamp) -> Result<(), HistoryError> {
        self.queue_for(parcels, now, now)
    }

    /// The same; until `leaves` nothing of them leaves, and they can be taken back.
    pub fn queue_for(
        &mut self,
        parcels: &[NewOutgoing],
        now: Timestamp,
        leaves: Timestamp,
    ) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for parcel in parcels {
            insert_outgoing(&transaction, parcel, now, leaves)?;
            record(&transaction, Action::Send, &parcel.content.manifest.id.to_string(), DONE, now)?;
        }
        transaction.commit().named("queue")
    }

    /// Keeps what another terminal of ours sent. Says whether it was new.
    pub fn keep_sent(&mut self, sent: &NewSent<'_>) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let summary = sent.checked.summary();
        let manifest = sent.content.map(|content| &content.manifest);
        let accepted_at = sent.accepted.accepted_at;
        let new = transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, message, subjects, checked, files, errors,
                                     warnings, digest, accepted_at)
                 VALUES (?1, 'out', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
                params![
                    sent.accepted.id.to_string(),
                    sent.partner.as_str(),
                    sent.partner_name,
                    manifest.map_or(accepted_at, |manifest| manifest.written).as_millisecond(),
                    manifest.map_or("", |manifest| manifest.message.as_str()),
                    to_json(&sent.subjects)?,
                    to_json(&sent.checked)?,
                    manifest.map_or(0, |manifest| manifest.files.len()),
                    summary.errors,
                    summary.warnings,
                    sent.accepted.digest,
                    accepted_at.as_millisecond()
                ],
            )
            .named("keep sent")?;
        if new > 0 {
            if let Some(content) = sent.content {
                insert_files(&transaction, content)?;
                keep_statements(&transaction, sent.accepted.id, &content.manifest.statements)?;
                add_to_trail(&transaction, sent.accepted.id, content.manifest.written, &Step::Written)?;
            }
            add_to_trail(&transaction, sent.accepted.id, accepted_at, &Step::Accepted)?;
            search::index(&transaction, &sent.accepted.id.to_string())?;
        }
        transaction.commit().named("keep sent")?;
        Ok(new > 0)
    }

    /// Parcels to try now, in the order they were written. Their ids hold a time, too, but a clock may be set back: then
    /// one that was never tried and is due far from now is due.
    pub fn due(&self, now: Timestamp) -> Result<Vec<Due>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT outbox.parcel, partner, tries, may_have_left FROM outbox JOIN parcel ON parcel.id = outbox.parcel
                 WHERE (next_try_at <= ?1 OR (tries = 0 AND last IS NULL AND next_try_at > ?1 + 60000))
                 AND failed_at IS NULL AND withdrawn_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM national WHERE national.parcel = outbox.parcel) ORDER BY outbox.rowid",
            )
            .named("due")?;
        let mut rows = statement.query([now.as_millisecond()]).named("due")?;
        let mut due = Vec::new();
        while let Some(row) = rows.next().named("due")? {
            due.push(Due {
                id: super::lists::parsed(row, 0)?,
                partner: super::lists::parsed(row, 1)?,
                tries: row.get(2).named("due")?,
                may_have_left: row.get(3).named("due")?,
            });
        }
        Ok(due)
    }

    /// When the outbox next wants a try; `None` when nothing waits. What is to be laid out and could not be wants none:
    /// it is looked at with every round.
    pub fn next_try(&self, now: Timestamp) -> Result<Option<Timestamp>, HistoryError> {
        let next: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT min(next_try_at) FROM outbox JOIN parcel ON parcel.id = outbox.parcel
                 WHERE failed_at IS NULL AND withdrawn_at IS NULL
                 AND (next_try_at > ?1 OR NOT EXISTS (SELECT 1 FROM national WHERE national.parcel = outbox.parcel))",
            )
            .and_then(|mut statement| statement.query_row([now.as_millisecond()], |row| row.get(0)))
            .named("next try")?;
        next.map(super::to_time).transpose()
    }

    /// The sealed bytes of a parcel that may have left before; every retry must send the same. One that certainly never
    /// left is sealed anew, to the certificates of today.
    pub fn sealed(&self, id: ParcelId) -> Result<Option<Vec<u8>>, HistoryError> {
        self.connection
            .prepare_cached("SELECT CASE WHEN may_have_left THEN sealed END FROM outbox WHERE parcel = ?1")
            .and_then(|mut statement| statement.query_row([id.to_string()], |row| row.get(0)).optional())
            .named("sealed")
            .map(Option::flatten)
    }

    /// Keeps the sealed bytes before they are sent for the first time, so that every retry sends the same.
    pub fn keep_sealed(&mut self, id: ParcelId, sealed: &[u8], digest: &str) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute("UPDATE outbox SET sealed = ?2 WHERE parcel = ?1", params![id.to_string(), sealed])
            .and_then(|_| {
                transaction.execute("UPDATE parcel SET digest = ?2 WHERE id = ?1", params![id.to_string(), digest])
            })
            .named("keep sealed")?;
        transaction.commit().named("keep sealed")
    }

    /// The hub has it.
    pub fn note_accepted(&mut self, accepted: &Accepted) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let id = accepted.id.to_string();
        let at = accepted.accepted_at;
        let new = transaction
            .execute(
                "UPDATE parcel SET accepted_at = ?2, failed_at = NULL, failure = NULL
                 WHERE id = ?1 AND accepted_at IS NULL",
                params![id, at.as_millisecond()],
            )
            .named("note accepted")?;
        transaction.execute("DELETE FROM outbox WHERE parcel = ?1", [&id]).named("leave outbox")?;
        if new > 0 {
            add_to_trail(&transaction, accepted.id, at, &Step::Accepted)?;
            record(&transaction, Action::Accepted, &id, DONE, at)?;
        }
        transaction.commit().named("note accepted")
    }

    /// A try begins: from now on the hub may have the parcel, whatever we hear. Says whether it may begin: a parcel
    /// that was withdrawn in the meantime stays here.
    pub fn note_leaving(&mut self, id: ParcelId) -> Result<bool, HistoryError> {
        self.connection
            .execute("UPDATE outbox SET may_have_left = 1 WHERE parcel = ?1", [id.to_string()])
            .named("note leaving")
            .map(|rows| rows == 1)
    }

    /// A try failed and another may help.
    pub fn note_try(&mut self, id: ParcelId, tried: &Tried<'_>, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute(
                "UPDATE outbox SET tries = tries + 1, next_try_at = ?2, last = ?3, may_have_left = ?4 WHERE parcel = ?1",
                params![id.to_string(), tried.next.as_millisecond(), to_json(tried.failure)?, tried.may_have_left],
            )
            .named("note try")?;
        add_to_trail(&transaction, id, now, &Step::Tried(tried.failure.clone()))?;
        transaction.commit().named("note try")
    }

    /// It waits until a person has confirmed the receiver's changed key. Nothing was sealed to it.
    pub fn note_outgoing_held(
        &mut self,
        id: ParcelId,
        failure: &Failure,
        next: Timestamp,
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let why = to_json(failure)?;
        let was: Option<String> = transaction
            .query_row("SELECT last FROM outbox WHERE parcel = ?1", [id.to_string()], |row| row.get(0))
            .optional()
            .named("note held")?
            .flatten();
        transaction
            .execute(
                "UPDATE outbox SET next_try_at = ?2, last = ?3 WHERE parcel = ?1",
                params![id.to_string(), next.as_millisecond(), why],
            )
            .named("note held")?;
        let news = was.as_ref() != Some(&why);
        if news {
            add_to_trail(&transaction, id, now, &Step::Held(failure.clone()))?;
            record(&transaction, Action::Held, &id.to_string(), &failure.code(), now)?;
        }
        transaction.commit().named("note held")?;
        Ok(news)
    }

    /// A try failed for good: trying again by itself would not help.
    pub fn note_failed(&mut self, id: ParcelId, failure: &Failure, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let why = to_json(failure)?;
        transaction
            .execute(
                "UPDATE parcel SET failed_at = ?2, failure = ?3 WHERE id = ?1 AND accepted_at IS NULL",
                params![id.to_string(), now.as_millisecond(), why],
            )
            .and_then(|_| {
                transaction.execute(
                    // The hub answered, and the answer was no: it does not have the parcel.
                    "UPDATE outbox SET tries = tries + 1, last = ?2, may_have_left = 0 WHERE parcel = ?1",
                    params![id.to_string(), why],
                )
            })
            .named("note failed")?;
        add_to_trail(&transaction, id, now, &Step::Tried(failure.clone()))?;
        record(&transaction, Action::SendFailed, &id.to_string(), &failure.code(), now)?;
        transaction.commit().named("note failed")
    }

    /// The user wants a waiting or failed parcel tried now.
    pub fn retry(&mut self, id: ParcelId, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute(
                "UPDATE parcel SET failed_at = NULL, failure = NULL WHERE id = ?1 AND accepted_at IS NULL",
                [id.to_string()],
            )
            .and_then(|_| {
                transaction.execute(
                    "UPDATE outbox SET next_try_at = ?2 WHERE parcel = ?1",
                    params![id.to_string(), now.as_millisecond()],
                )
            })
            .named("retry")?;
        record(&transaction, Action::Retry, &id.to_string(), DONE, now)?;
        transaction.commit().named("retry")
    }

    /// Takes a parcel back. Says whether it could be: what may have reached the hub cannot.
    pub fn withdraw(&mut self, id: ParcelId, now: Timestamp) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let withdrawn = transaction
            .execute(
                "UPDATE parcel SET withdrawn_at = ?2 WHERE id = ?1 AND accepted_at IS NULL
                 AND EXISTS (SELECT 1 FROM outbox WHERE outbox.parcel = parcel.id AND may_have_left = 0)",
                params![id.to_string(), now.as_millisecond()],
            )
            .named("withdraw")?;
        if withdrawn > 0 {
            transaction.execute("DELETE FROM outbox WHERE parcel = ?1", [id.to_string()]).named("leave outbox")?;
            search::forget(&transaction, &id.to_string())?;
        }
        let result = if withdrawn > 0 { DONE.to_owned() } else { Failure::AlreadyLeft.code() };
        record(&transaction, Action::Withdraw, &id.to_string(), &result, now)?;
        transaction.commit().named("withdraw")?;
        Ok(withdrawn > 0)
    }

    /// Keeps a verified receipt of the receiver. Says whether it was news.
    pub fn note_receipt(
        &mut self,
        id: ParcelId,
        step: ReceiptStep,
        at: Timestamp,
        failure: Option<&Failure>,
        signed: &[u8],
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = insert_receipt(&transaction, id, step, at, signed, Some(at))?;
        if new {
            note_step(&transaction, id, step, at, failure)?;
            let action = match step {
                ReceiptStep::Delivered => Action::ReceiptDelivered,
                ReceiptStep::Opened => Action::ReceiptOpened,
                ReceiptStep::Imported => Action::ReceiptImported,
                ReceiptStep::Refused => Action::ReceiptRefused,
            };
            record(&transaction, action, &id.to_string(), DONE, now)?;
        }
        transaction.commit().named("note receipt")?;
        Ok(new)
    }

    /// The newest serial of this kind and month that went, or is about to go, to this receiver.
    pub fn newest_sent(&self, name: &FileName) -> Result<Option<Serial>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT name FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE direction = 'out' AND partner = ?1 AND withdrawn_at IS NULL AND name LIKE ?2 || '%'",
            )
            .named("newest sent")?;
        let names = statement
            .query_map(params![name.receiver.as_str(), name.kind.prefix()], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect::<Result<Vec<String>, _>>)
            .named("newest sent")?;
        let same = names.iter().filter_map(|sent| FileName::parse(sent).ok());
        Ok(same.filter(|sent| sent.kind == name.kind && sent.month == name.month).map(|sent| sent.serial).max())
    }

    /// What the hub says of a parcel that nobody fetched; `None` when it says so no more.
    pub fn note_overdue(&mut self, id: ParcelId, since: Option<Timestamp>) -> Result<(), HistoryError> {
        self.connection
            .prepare_cached("UPDATE parcel SET overdue_since = ?2 WHERE id = ?1 AND overdue_since IS NOT ?2")
            .and_then(|mut note| note.execute(params![id.to_string(), since.map(Timestamp::as_millisecond)]))
            .named("note overdue")
            .map(|_| ())
    }

    /// What a hub lost when it was restored from a backup, it cannot tell of any more. So a parcel nobody said anything of for
    /// six days counts as left lying since the fifth; `hub_time` is the hub's, whatever our clock says.
    pub fn note_forgotten(&mut self, hub_time: Timestamp) -> Result<(), HistoryError> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        self.connection
            .prepare_cached(
                "UPDATE parcel SET overdue_since = accepted_at + ?2 WHERE direction = 'out' AND accepted_at <= ?1
                 AND arrived_at IS NULL AND imported_at IS NULL AND refused_at IS NULL AND overdue_since IS NULL",
            )
            .and_then(|mut note| note.execute([hub_time.as_millisecond() - 6 * DAY, 5 * DAY]))
            .named("note forgotten")
            .map(|_| ())
    }

    /// Parcels of which the hub says that nobody fetched them, and people were not told yet; from now on they were.
    pub fn tell_overdue(&mut self, now: Timestamp) -> Result<Vec<(ParcelId, String)>, HistoryError> {
        let transaction = self.begin()?;
        let found: Vec<(String, String)> = {
            let mut statement = transaction
                .prepare_cached(
                    "SELECT id, partner_name FROM parcel WHERE direction = 'out' AND overdue_since IS NOT NULL
                     AND arrived_at IS NULL AND imported_at IS NULL AND refused_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM overdue_told WHERE overdue_told.parcel = id) ORDER BY accepted_at, id",
                )
                .named("overdue")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.and_then(Iterator::collect).named("overdue")?
        };
        for (id, _) in &found {
            transaction
                .execute("INSERT INTO overdue_told (parcel, at) VALUES (?1, ?2)", params![id, now.as_millisecond()])
                .named("tell overdue")?;
        }
        transaction.commit().named("tell overdue")?;
        let unreadable = |_| HistoryError::Unreadable { what: "an identifier" };
        found.into_iter().map(|(id, name)| Ok((id.parse().map_err(unreadable)?, name))).collect()
    }

    /// Whether these bytes went, or are about to go, to this office before; `None` is any office. What the receiver had
    /// to refuse never arrived, so it does not count.
    pub fn was_sent(&self, receiver: Option<OfficeNumber>, name: &str, sha256: &str) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE sha256 = ?1 AND name = ?2 AND partner = coalesce(?3, partner) AND direction = 'out' AND withdrawn_at IS NULL
                 AND refused_at IS NULL",
            )
            .and_then(|mut statement| {
                statement.query_row(params![sha256, name, receiver.as_ref().map(OfficeNumber::as_str)], |_| Ok(())).optional()
            })
            .named("was sent")
            .map(|found| found.is_some())
    }
}

pub(super) fn insert_outgoing(
    transaction: &rusqlite::Transaction<'_>,
    parcel: &NewOutgoing,
    now: Timestamp,
    leaves: Timestamp,
) -> Result<(), HistoryError> {
    let manifest = &parcel.content.manifest;
    let summary = parcel.checked.summary();
    transaction
        .execute(
            "INSERT INTO parcel (id, direction, partner, partner_name, at, message, subjects, checked, files, errors, warnings)
             VALUES (?1, 'out', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                manifest.id.to_string(),
                manifest.receiver.as_str(),
                parcel.partner_name,
                now.as_millisecond(),
                manifest.message,
                to_json(&parcel.subjects)?,
                to_json(&parcel.checked)?,
                manifest.files.len(),
                summary.errors,
                summary.warnings
            ],
        )
        .named("insert parcel")?;
    insert_files(transaction, &parcel.content)?;
    keep_statements(transaction, manifest.id, &manifest.statements)?;
    transaction
        .execute(
            "INSERT INTO outbox (parcel, next_try_at) VALUES (?1, ?2)",
            params![manifest.id.to_string(), leaves.as_millisecond()],
        )
        .named("insert outbox")?;
    search::index(transaction, &manifest.id.to_string())?;
    add_to_trail(transaction, manifest.id, now, &Step::Written)
}

/// The files of a parcel, with their bytes.
pub(super) fn insert_files(transaction: &rusqlite::Transaction<'_>, content: &Content) -> Result<(), HistoryError> {
    let id = content.manifest.id.to_string();
    for (position, (entry, bytes)) in content.manifest.files.iter().zip(&content.files).enumerate() {
        transaction
            .prepare_cached("INSERT INTO file (parcel, position, name, size, sha256) VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut insert| insert.execute(params![id, position, entry.name, entry.size, entry.sha256]))
            .named("insert file")?;
        transaction
            .prepare_cached("INSERT INTO body (parcel, position, bytes) VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| insert.execute(params![id, position, bytes]))
            .named("insert body")?;
    }
    super::relay::insert_chain(transaction, &content.manifest)
}

/// Says whether the receipt is new.
pub(super) fn insert_receipt(
    transaction: &rusqlite::Transaction<'_>,
    id: ParcelId,
    step: ReceiptStep,
    at: Timestamp,
    signed: &[u8],
    handed_in: Option<Timestamp>,
) -> Result<bool, HistoryError> {
    transaction
        .prepare_cached(
            "INSERT INTO receipt (parcel, step, at, signed, handed_in_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (parcel, step) DO NOTHING",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                id.to_string(),
                step.as_str(),
                at.as_millisecond(),
                signed,
                handed_in.map(|at| at.as_millisecond())
            ])
        })
        .named("insert receipt")
        .map(|rows| rows > 0)
}

/// The evidence a receipt is, in its column.
pub(super) fn note_step(
    transaction: &rusqlite::Transaction<'_>,
    id: ParcelId,
    step: ReceiptStep,
    at: Timestamp,
    failure: Option<&Failure>,
) -> Result<(), HistoryError> {
    let (statement, trail) = match step {
        ReceiptStep::Delivered => {
            ("UPDATE parcel SET arrived_at = coalesce(arrived_at, ?2) WHERE id = ?1", Step::Delivered)
        }
        ReceiptStep::Imported => (
            "UPDATE parcel SET arrived_at = coalesce(arrived_at, ?2), imported_at = coalesce(imported_at, ?2) WHERE id = ?1",
            Step::Imported,
        ),
        ReceiptStep::Refused => (
            "UPDATE parcel SET refused_at = coalesce(refused_at, ?2) WHERE id = ?1",
            Step::Refused(failure.cloned().unwrap_or(Failure::Unexpected)),
        ),
        // Somebody looked at it: that is no state of its own.
        ReceiptStep::Opened => return add_to_trail(transaction, id, at, &Step::Opened),
    };
    transaction.execute(statement, params![id.to_string(), at.as_millisecond()]).named("note step")?;
    if let Some(failure) = failure {
        transaction
            .execute("UPDATE parcel SET failure = ?2 WHERE id = ?1", params![id.to_string(), to_json(failure)?])
            .named("note step")?;
    }
    add_to_trail(transaction, id, at, &trail)
}

/// Reads a stored failure.
pub(super) fn failure(text: Option<String>) -> Result<Option<Failure>, HistoryError> {
    text.map(|text| from_json(&text, "a failure")).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Vault;

    fn with_one_queued() -> (tempfile::TempDir, History, ParcelId, Timestamp) {
        let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
        let mut history = History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
        let now = Timestamp::now();
        let new = a_parcel(now);
        let id = new.content.manifest.id;
        history.queue(&[new], now).unwrap();
        (dir, history, id, now)
    }

    fn a_parcel(now: Timestamp) -> NewOutgoing {
        let (us, them) = ("3171000048".parse().unwrap(), "3191000017".parse().unwrap());
        let files = vec![("a.txt".into(), b"a".to_vec())];
        let content = Content::new(ParcelId::new(), us, them, now, String::new(), files);
        NewOutgoing { content, partner_name: String::new(), subjects: vec![], checked: Checked::default() }
    }

    #[test]
    fn d12_what_a_restored_hub_has_forgotten_is_told_all_the_same() {
        let (_dir, mut history, id, now) = with_one_queued();
        let after = |hours| now + jiff::SignedDuration::from_hours(hours);
        history.note_forgotten(after(500)).unwrap();
        assert_eq!(history.tell_overdue(now).unwrap(), [], "it has not left");
        history.note_accepted(&Accepted { id, digest: "00".into(), size: 1, accepted_at: now }).unwrap();
        history.note_forgotten(after(144)).unwrap();
        assert!(history.sent().unwrap().remove(0).is_overdue());
        assert_eq!(history.tell_overdue(now).unwrap().len(), 1);
    }

    #[test]
    fn a_parcel_withdrawn_while_others_leave_stays_here() {
        let (_dir, mut history, id, now) = with_one_queued();
        assert_eq!(history.due(now).unwrap().len(), 1);
        assert!(history.withdraw(id, now).unwrap());
        assert!(!history.note_leaving(id).unwrap(), "it must not leave any more");
    }

    #[test]
    fn what_waits_to_be_undone_does_not_leave_before_and_survives_a_new_start() {
        let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
        let open = || History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
        let (mut history, now) = (open(), Timestamp::now());
        let ids: Vec<ParcelId> = (0..2)
            .map(|_| {
                let new = a_parcel(now);
                let id = new.content.manifest.id;
                history.queue_for(&[new], now, now + jiff::SignedDuration::from_secs(10)).unwrap();
                id
            })
            .collect();
        drop(history);
        let mut history = open();
        let after = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(history.due(after(9)).unwrap(), []);
        assert_eq!(history.next_try(now).unwrap().map(Timestamp::as_millisecond), Some(after(10).as_millisecond()));
        assert!(history.withdraw(ids[0], after(9)).unwrap());
        let due: Vec<ParcelId> = history.due(after(10)).unwrap().into_iter().map(|due| due.id).collect();
        assert_eq!(due, ids[1..]);
        assert_eq!(history.due(after(-24 * 60 * 60)).unwrap().len(), 1, "a clock that was set back holds nothing up");
    }

    #[test]
    fn what_may_have_left_cannot_be_withdrawn_and_goes_again_as_it_was() {
        let (_dir, mut history, id, now) = with_one_queued();
        history.keep_sealed(id, b"sealed", "00").unwrap();
        assert_eq!(history.sealed(id).unwrap(), None, "it never left: it is sealed anew");
        assert!(history.note_leaving(id).unwrap());
        assert_eq!(history.sealed(id).unwrap().as_deref(), Some(&b"sealed"[..]));
        assert!(!history.withdraw(id, now).unwrap());
    }

    #[test]
    fn d12_what_the_hub_says_nobody_fetches_is_told_once() {
        let (_dir, mut history, id, now) = with_one_queued();
        let after = |hours| now + jiff::SignedDuration::from_hours(hours);
        history.note_accepted(&Accepted { id, digest: "00".into(), size: 1, accepted_at: now }).unwrap();
        assert!(history.tell_overdue(after(500)).unwrap().is_empty(), "our clock says nothing about it");
        assert!(!history.sent().unwrap().remove(0).is_overdue());
        history.note_forgotten(after(143)).unwrap();
        assert!(!history.sent().unwrap().remove(0).is_overdue(), "the hub has until tomorrow to say so");
        history.note_overdue(id, Some(after(120))).unwrap();
        assert!(history.sent().unwrap().remove(0).is_overdue());
        // A clock that is days behind does not put it off.
        let told = history.tell_overdue(now).unwrap();
        assert_eq!(told.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [id]);
        assert!(history.tell_overdue(after(122)).unwrap().is_empty(), "once is enough");
        // The receiver's word ends it, whenever it comes.
        history.note_receipt(id, ReceiptStep::Delivered, after(130), None, b"signed", after(130)).unwrap();
        assert!(!history.sent().unwrap().remove(0).is_overdue());
    }
}
