//! What the terminals of this office tell each other: told in the transaction of what it is about, and heard in any order.
//!
//! Of two words about the same thing the later one counts, and of two at the same moment that of the terminal whose name
//! comes last: so all terminals agree, whatever they hear first.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::board::{PaperNote, keep_paper};
use super::evidence::Failure;
use super::outbox::{insert_receipt, note_step};
use super::{Action, History, HistoryError, Named as _, from_json, record, to_json};
use crate::parcel::{ParcelId, Receipt};
use crate::sqlite::chain::Head;
use crate::standard::OfficeNumber;
use crate::wire::{Binary, Heads};

/// Most that is told at once.
const AT_ONCE: u32 = 200;

/// One thing that a terminal tells the others.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "mark", rename_all = "kebab-case")]
pub enum Mark {
    /// Somebody has opened it.
    Read { parcel: ParcelId, at: Timestamp, who: String },
    /// Who is to see to it; empty for nobody.
    Assigned { parcel: ParcelId, at: Timestamp, who: String, to: String },
    /// A word of the office's own about it.
    Note { parcel: ParcelId, at: Timestamp, who: String, text: String },
    /// This terminal puts it into its import folder.
    Importing { parcel: ParcelId, at: Timestamp },
    /// A receipt our office signed.
    Receipt { parcel: ParcelId, signed: Binary },
    /// A partner's key is trusted: `first` because it was the office's first, or else because a person said so.
    Partner { office: OfficeNumber, key: String, certificate: Binary, at: Timestamp, first: bool, who: String },
    /// Something went, or came, on paper.
    Paper {
        #[serde(flatten)]
        note: PaperNote,
        at: Timestamp,
        who: String,
    },
    /// Where this terminal's record ends: noted at the hub, and at the other terminals.
    Head { head: Head },
    /// A mark that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Which terminal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teller<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// A receipt of our own office's that another terminal signed, read.
#[derive(Debug)]
pub struct OwnReceipt {
    pub receipt: Receipt,
    pub signed: Vec<u8>,
}

/// Notes for the other terminals what happens in this transaction.
pub(super) fn tell(transaction: &Connection, mark: &Mark) -> Result<(), HistoryError> {
    let mark = to_json(mark)?;
    transaction
        .prepare_cached("INSERT INTO tell (mark) VALUES (?1)")
        .and_then(|mut insert| insert.execute([mark]))
        .named("tell")
        .map(|_| ())
}

impl History {
    /// What the others were not told yet, oldest first, with the number to hand in to [`History::note_told`].
    pub fn to_tell(&self) -> Result<Option<(u64, Vec<Mark>)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, mark FROM tell ORDER BY number LIMIT ?1")
            .named("to tell")?;
        let mut rows = statement.query([AT_ONCE]).named("to tell")?;
        let (mut last, mut marks) = (None, Vec::new());
        while let Some(row) = rows.next().named("to tell")? {
            last = Some(row.get(0).named("to tell")?);
            marks.push(from_json(&row.get::<_, String>(1).named("to tell")?, "what to tell")?);
        }
        Ok(last.map(|last| (last, marks)))
    }

    /// The hub has everything up to this one.
    pub fn note_told(&mut self, up_to: u64) -> Result<(), HistoryError> {
        self.connection.execute("DELETE FROM tell WHERE number <= ?1", [up_to]).named("note told").map(|_| ())
    }

    /// How far the other terminals were heard.
    pub fn marks_cursor(&self) -> Result<u64, HistoryError> {
        self.number("marks cursor")
    }
    pub fn set_marks_cursor(&mut self, cursor: u64) -> Result<(), HistoryError> {
        self.remember("marks cursor", cursor.to_string().as_bytes())
    }

    /// How far each of the office's lists was read.
    pub fn heads_read(&self) -> Result<Heads, HistoryError> {
        Ok(Heads { inbox: self.inbox_cursor()?, sent: self.sent_cursor()?, marks: self.marks_cursor()? })
    }

    /// What people call this terminal; empty when nobody said.
    pub fn terminal_name(&self) -> Result<String, HistoryError> {
        Ok(self.recall("terminal name")?.map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default())
    }
    pub fn set_terminal_name(&mut self, name: &str) -> Result<(), HistoryError> {
        self.remember("terminal name", name.as_bytes())
    }

    /// The other terminals of this office that told us something, with the time of the last word.
    pub fn terminals(&self) -> Result<Vec<(String, Timestamp)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, seen_at FROM terminal ORDER BY name, id")
            .named("terminals")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
        let found: Vec<(String, i64)> = rows.and_then(Iterator::collect).named("terminals")?;
        found.into_iter().map(|(name, at)| Ok((name, super::to_time(at)?))).collect()
    }

    /// Takes in what another terminal told. Receipts come read ([`OwnReceipt`]), since their signatures are not this
    /// room's business. Says whether anything was news.
    pub fn hear(
        &mut self,
        teller: &Teller<'_>,
        marks: &[Mark],
        receipts: &[OwnReceipt],
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute(
                "INSERT INTO terminal (id, name, seen_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET name = ?2, seen_at = ?3",
                params![teller.id, teller.name, now.as_millisecond()],
            )
            .named("hear")?;
        let mut news = false;
        for mark in marks {
            news |= hear_one(&transaction, teller, mark)?;
        }
        for receipt in receipts {
            news |= hear_receipt(&transaction, receipt)?;
        }
        transaction.commit().named("hear")?;
        Ok(news)
    }

    /// Says who is to see to a parcel; empty for nobody.
    pub fn assign(&mut self, parcel: ParcelId, to: &str, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let (who, terminal) = (super::audit::user(&transaction)?, super::audit::terminal_id(&transaction)?);
        keep(&transaction, parcel, "assigned", to, now, &who, &terminal)?;
        record(&transaction, Action::Assign, &parcel.to_string(), super::DONE, now)?;
        tell(&transaction, &Mark::Assigned { parcel, at: now, who, to: to.to_owned() })?;
        transaction.commit().named("assign")
    }

    /// Keeps a word of the office's own about a parcel.
    pub fn annotate(&mut self, parcel: ParcelId, text: &str, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let (who, terminal) = (super::audit::user(&transaction)?, super::audit::terminal_id(&transaction)?);
        keep(&transaction, parcel, "note", text, now, &who, &terminal)?;
        record(&transaction, Action::Note, &parcel.to_string(), super::DONE, now)?;
        tell(&transaction, &Mark::Note { parcel, at: now, who, text: text.to_owned() })?;
        transaction.commit().named("annotate")
    }

    /// Tells the others where the record ends, once a day or when `lines` more were written: a record that somebody
    /// writes anew later does not go through it.
    pub fn tell_head(&mut self, now: Timestamp) -> Result<(), HistoryError> {
        const EVERY_LINES: u64 = 200;
        const EVERY_MILLIS: i64 = 24 * 60 * 60 * 1000;
        let transaction = self.begin()?;
        let head = crate::sqlite::chain::head(&transaction).named("audit head")?;
        let told: Option<String> = super::audit::note(&transaction, "audit head told")?;
        let (lines, at) = told
            .and_then(|told| {
                let (lines, at) = told.split_once(' ')?;
                Some((lines.parse::<u64>().ok()?, at.parse::<i64>().ok()?))
            })
            .unwrap_or((0, 0));
        let due = head.lines >= lines.saturating_add(EVERY_LINES) || now.as_millisecond() - at >= EVERY_MILLIS;
        if head.lines == lines || !due {
            return Ok(());
        }
        let told = format!("{} {}", head.lines, now.as_millisecond());
        super::notes::remember(&transaction, "audit head told", told.as_bytes())?;
        tell(&transaction, &Mark::Head { head })?;
        transaction.commit().named("tell head")
    }
}

/// Says whether it was news.
fn hear_one(transaction: &Connection, teller: &Teller<'_>, mark: &Mark) -> Result<bool, HistoryError> {
    match mark {
        Mark::Read { parcel, at, who } => {
            transaction
                .prepare_cached("UPDATE parcel SET read_at = ?2 WHERE id = ?1 AND direction = 'in' AND read_at IS NULL")
                .and_then(|mut update| update.execute(params![parcel.to_string(), at.as_millisecond()]))
                .named("hear of reading")?;
            keep(transaction, *parcel, "read", "", *at, who, teller.id)
        }
        Mark::Assigned { parcel, at, who, to } => keep(transaction, *parcel, "assigned", to, *at, who, teller.id),
        Mark::Note { parcel, at, who, text } => keep(transaction, *parcel, "note", text, *at, who, teller.id),
        Mark::Paper { note, at, who } => keep_paper(transaction, note, *at, who, teller.id),
        Mark::Importing { parcel, at } => super::claims::hear(transaction, *parcel, teller.id, *at),
        Mark::Partner { office, key, certificate, at, first, who } => {
            let by = if *first { None } else { Some(who.as_str()) };
            super::partners::hear(transaction, *office, key, &certificate.0, *at, by)
        }
        // Receipts come read; a head is the hub's and the others' to keep.
        Mark::Receipt { .. } | Mark::Head { .. } | Mark::Unknown => Ok(false),
    }
}

/// The receipt of another terminal's is this office's word as much as one of ours. One about a parcel that is not here yet
/// comes again with the parcel.
fn hear_receipt(transaction: &rusqlite::Transaction<'_>, own: &OwnReceipt) -> Result<bool, HistoryError> {
    let OwnReceipt { receipt, signed } = own;
    let fits = transaction
        .prepare_cached("SELECT 1 FROM parcel WHERE id = ?1 AND direction = 'in' AND digest = ?2")
        .and_then(|mut find| find.exists(params![receipt.parcel.to_string(), receipt.digest]))
        .named("find parcel")?;
    if !fits {
        return Ok(false);
    }
    let new = insert_receipt(transaction, receipt.parcel, receipt.step, receipt.at, signed, Some(receipt.at))?;
    if new {
        let failure = receipt.reason.as_deref().map(Failure::of_code);
        note_step(transaction, receipt.parcel, receipt.step, receipt.at, failure.as_ref())?;
    }
    Ok(new)
}

/// The receipts that came with a parcel, in the transaction that keeps it.
pub(super) fn keep_receipts(
    transaction: &rusqlite::Transaction<'_>,
    receipts: &[OwnReceipt],
) -> Result<(), HistoryError> {
    receipts.iter().try_for_each(|receipt| hear_receipt(transaction, receipt).map(|_| ()))
}

/// Keeps the last word about something. Says whether this is it.
pub(super) fn keep(
    transaction: &Connection,
    parcel: ParcelId,
    kind: &'static str,
    value: &str,
    at: Timestamp,
    who: &str,
    terminal: &str,
) -> Result<bool, HistoryError> {
    transaction
        .prepare_cached(
            "INSERT INTO mark (parcel, kind, value, at, who, terminal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (parcel, kind) DO UPDATE SET value = ?3, at = ?4, who = ?5, terminal = ?6
             WHERE (?4, ?6) > (at, terminal)",
        )
        .and_then(|mut keep| keep.execute(params![parcel.to_string(), kind, value, at.as_millisecond(), who, terminal]))
        .named("keep mark")
        .map(|rows| rows > 0)
}
