//! The record of what was done, as both stores keep it: only ever added to, each line bound to the one before.
//!
//! Triggers refuse to change or remove a line, which stops accidents. Whoever can write the file can take triggers away,
//! and is found by the hashes: a line that was changed, removed, moved or put in between no longer fits, and the head says
//! how many there must be. Somebody who rewrites the whole chain and its head is found only by a head that was noted
//! elsewhere ([`verify`] takes those): a terminal's are with the hub, the hub's are in its log.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::parcel::sha256_hex;

/// The tables and triggers; a migration of either store.
pub const SCHEMA: &str = include_str!("chain.sql");

const DOMAIN: &[u8] = b"tayori audit 1";

/// What is to be recorded. Ids, office numbers, codes and counts only: never content, never a person of the files.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub at: Timestamp,
    pub who: &'a str,
    pub terminal: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub result: &'a str,
}

/// One line as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub seq: u64,
    pub at: Timestamp,
    pub who: String,
    pub terminal: String,
    pub action: String,
    pub subject: String,
    pub result: String,
    pub prev_hash: String,
    pub hash: String,
}

/// Where a record ends.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    pub lines: u64,
    pub hash: String,
}

/// What is wrong with a record, at its first wrong place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("line {seq} is missing")]
    Missing { seq: u64 },
    #[error("line {seq} was changed")]
    Changed { seq: u64 },
    #[error("line {seq} does not follow the one before it")]
    Torn { seq: u64 },
    #[error("{found} lines where {noted} were noted")]
    CutOff { found: u64, noted: u64 },
    #[error("line {seq} is not the one that was noted elsewhere")]
    Replaced { seq: u64 },
    #[error("the record cannot be read at line {seq}")]
    Unreadable { seq: u64 },
}

impl Line {
    /// The line that follows the end of a record.
    pub fn following(head: &Head, entry: &Entry<'_>) -> Self {
        let seq = head.lines + 1;
        Self {
            seq,
            at: entry.at,
            who: entry.who.to_owned(),
            terminal: entry.terminal.to_owned(),
            action: entry.action.to_owned(),
            subject: entry.subject.to_owned(),
            result: entry.result.to_owned(),
            prev_hash: head.hash.clone(),
            hash: hash_of(seq, entry, &head.hash),
        }
    }

    /// What its hash must be. Every field goes in with its length, so that no two lines have the same bytes.
    fn expected_hash(&self) -> String {
        hash_of(
            self.seq,
            &Entry {
                at: self.at,
                who: &self.who,
                terminal: &self.terminal,
                action: &self.action,
                subject: &self.subject,
                result: &self.result,
            },
            &self.prev_hash,
        )
    }
}

fn hash_of(seq: u64, entry: &Entry<'_>, prev_hash: &str) -> String {
    let mut bytes = DOMAIN.to_vec();
    bytes.extend(seq.to_be_bytes());
    bytes.extend(entry.at.as_millisecond().to_be_bytes());
    for field in [entry.who, entry.terminal, entry.action, entry.subject, entry.result, prev_hash] {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend(field.as_bytes());
    }
    sha256_hex(&bytes)
}

/// Adds a line. Call it in the transaction of what it records; returns the line's number.
pub fn append(connection: &Connection, entry: &Entry<'_>) -> Result<u64, rusqlite::Error> {
    let Line { seq, prev_hash, hash, .. } = Line::following(&head(connection)?, entry);
    connection
        .prepare_cached(
            "INSERT INTO audit (seq, at, who, terminal, action, subject, result, prev_hash, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            seq,
            entry.at.as_millisecond(),
            entry.who,
            entry.terminal,
            entry.action,
            entry.subject,
            entry.result,
            prev_hash,
            hash
        ])?;
    connection
        .prepare_cached("UPDATE audit_head SET lines = ?1, hash = ?2 WHERE only_one = 1")?
        .execute(params![seq, hash])?;
    Ok(seq)
}

/// Makes way for lines that are brought over from a damaged file, as they were; [`resume`] ends it.
pub fn suspend(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "DROP TRIGGER audit_line_stays; DROP TRIGGER audit_line_is_kept; DROP TRIGGER audit_line_follows;
         DROP TRIGGER audit_head_is_kept; DROP TRIGGER audit_head_moves_on;
         DELETE FROM audit_head;",
    )
}

/// From now on lines are only added again. What the damage took stays missing, and [`verify`] says so.
pub fn resume(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "INSERT OR IGNORE INTO audit_head (only_one, lines, hash) VALUES (1, 0, hex(zeroblob(32)));
         UPDATE audit_head SET (lines, hash) = (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1)
             WHERE lines < (SELECT max(seq) FROM audit);",
    )?;
    let triggers = SCHEMA.find("CREATE TRIGGER").and_then(|at| SCHEMA.get(at..)).unwrap_or_default();
    connection.execute_batch(triggers)
}

/// Where the record ends.
pub fn head(connection: &Connection) -> Result<Head, rusqlite::Error> {
    connection
        .prepare_cached("SELECT lines, hash FROM audit_head WHERE only_one = 1")?
        .query_row([], |row| Ok(Head { lines: row.get(0)?, hash: row.get(1)? }))
}

/// The newest lines, newest first.
pub fn newest(connection: &Connection, count: u32) -> Result<Vec<Line>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, who, terminal, action, subject, result, prev_hash, hash FROM audit ORDER BY seq DESC LIMIT ?1",
    )?;
    let lines = statement.query_map([count], read)?;
    lines.collect()
}

/// Every line, oldest first, one at a time; `each` says whether to go on.
pub fn each(connection: &Connection, mut each: impl FnMut(Line) -> bool) -> Result<(), rusqlite::Error> {
    let mut statement = connection
        .prepare("SELECT seq, at, who, terminal, action, subject, result, prev_hash, hash FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !each(read(row)?) {
            break;
        }
    }
    Ok(())
}

/// Checks the whole record, and that it goes through each head that was noted elsewhere. Says how many lines there are.
pub fn verify(connection: &Connection, noted: &[Head]) -> Result<Result<u64, Fault>, rusqlite::Error> {
    let mut verifier = Verifier::new(noted);
    let mut fault = None;
    let read_all = each(connection, |line| {
        fault = verifier.look(&line).err();
        fault.is_none()
    });
    match (fault, read_all) {
        (Some(fault), _) => return Ok(Err(fault)),
        // A value of a wrong kind is no trouble of the store's: somebody wrote it.
        (None, Err(error)) if is_about_a_value(&error) => return Ok(Err(verifier.unreadable())),
        (None, read_all) => read_all?,
    }
    match head(connection) {
        Ok(head) => Ok(verifier.end(Some(&head))),
        Err(error) if is_about_a_value(&error) => Ok(Err(verifier.unreadable())),
        Err(error) => Err(error),
    }
}

/// Holds a record against itself, line by line, and against heads that were noted elsewhere.
#[derive(Debug)]
pub struct Verifier<'a> {
    before: Head,
    noted: &'a [Head],
}

impl<'a> Verifier<'a> {
    pub fn new(noted: &'a [Head]) -> Self {
        Self { before: Head { lines: 0, hash: "0".repeat(64) }, noted }
    }

    /// The next line, oldest first.
    pub fn look(&mut self, line: &Line) -> Result<(), Fault> {
        let fault = fault_of(line, &self.before, self.noted);
        self.before = Head { lines: line.seq, hash: line.hash.clone() };
        fault.map_or(Ok(()), Err)
    }

    /// What follows cannot be read.
    pub fn unreadable(&self) -> Fault {
        Fault::Unreadable { seq: self.before.lines + 1 }
    }

    /// Where the lines that were looked at end.
    pub fn seen(&self) -> &Head {
        &self.before
    }

    /// There are no more lines. Where the record says that it ends, if it stands still. How many there are.
    pub fn end(self, head: Option<&Head>) -> Result<u64, Fault> {
        let most = self.noted.iter().chain(head).map(|head| head.lines).max().unwrap_or(0);
        if self.before.lines < most {
            return Err(Fault::CutOff { found: self.before.lines, noted: most });
        }
        match head {
            Some(head) if self.before != *head => Err(Fault::Replaced { seq: head.lines }),
            _ => Ok(self.before.lines),
        }
    }
}

fn is_about_a_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    matches!(
        error,
        E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows
    )
}

fn fault_of(line: &Line, before: &Head, noted: &[Head]) -> Option<Fault> {
    let seq = before.lines + 1;
    if line.seq != seq {
        Some(Fault::Missing { seq })
    } else if line.hash != line.expected_hash() {
        Some(Fault::Changed { seq })
    } else if line.prev_hash != before.hash {
        Some(Fault::Torn { seq })
    } else if noted.iter().any(|head| head.lines == seq && head.hash != line.hash) {
        Some(Fault::Replaced { seq })
    } else {
        None
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<Line, rusqlite::Error> {
    let millis: i64 = row.get(1)?;
    Ok(Line {
        seq: row.get(0)?,
        at: Timestamp::from_millisecond(millis).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Integer, Box::new(error))
        })?,
        who: row.get(2)?,
        terminal: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        result: row.get(6)?,
        prev_hash: row.get(7)?,
        hash: row.get(8)?,
    })
}

/// Writes the whole record as a table. `go_on` hears how many lines are written and may end it: `None` then. Otherwise says
/// how many there are.
pub fn write_csv(
    connection: &Connection,
    out: &mut dyn std::io::Write,
    mut go_on: impl FnMut(u64) -> bool,
) -> std::io::Result<Option<u64>> {
    let mut table = Table::begun(out)?;
    let (mut written, mut whole) = (Ok(()), true);
    each(connection, |line| {
        written = table.line(line);
        whole = go_on(table.lines);
        whole && written.is_ok()
    })
    .map_err(std::io::Error::other)?;
    written.and_then(|()| table.end()).map(|lines| whole.then_some(lines))
}

/// The record as a table for a spreadsheet: UTF-8 with a mark at its start, so that Excel shows it as it is.
pub struct Table<'a> {
    table: csv::Writer<&'a mut dyn std::io::Write>,
    lines: u64,
}

impl<'a> Table<'a> {
    pub fn begun(out: &'a mut dyn std::io::Write) -> std::io::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        let names = ["番号", "日時", "利用者", "端末", "操作", "対象", "結果", "前のハッシュ", "ハッシュ"];
        table.write_record(names)?;
        Ok(Self { table, lines: 0 })
    }

    pub fn line(&mut self, line: Line) -> std::io::Result<()> {
        self.lines += 1;
        let Line { seq, at, who, terminal, action, subject, result, prev_hash, hash } = line;
        let fields = [seq.to_string(), at.to_string(), who, terminal, action, subject, result, prev_hash, hash];
        Ok(self.table.write_record(fields.iter().map(|field| guarded(field).into_owned()))?)
    }

    /// How many lines there are.
    pub fn end(mut self) -> std::io::Result<u64> {
        self.table.flush().map(|()| self.lines)
    }
}

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A text that a spreadsheet would take for a formula is shown as the text it is.
pub(crate) fn guarded(field: &str) -> Cow<'_, str> {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}").into() } else { field.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn record(lines: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        for number in 0..lines {
            let entry = Entry {
                at: at(number),
                who: "hana",
                terminal: "t1",
                action: "send",
                subject: &number.to_string(),
                result: "done",
            };
            append(&connection, &entry).unwrap();
        }
        connection
    }

    /// What somebody with the file in his hands can do.
    fn tampered(lines: i64, sql: &str) -> Result<u64, Fault> {
        let connection = record(lines);
        connection
            .execute_batch(
                "DROP TRIGGER audit_line_stays; DROP TRIGGER audit_line_is_kept; DROP TRIGGER audit_line_follows;
                 DROP TRIGGER audit_head_is_kept; DROP TRIGGER audit_head_moves_on;",
            )
            .unwrap();
        connection.execute_batch(sql).unwrap();
        verify(&connection, &[]).unwrap()
    }

    #[test]
    fn r5_a_changed_line_is_found() {
        const LINES: i64 = 40;
        assert_eq!(verify(&record(LINES), &[]).unwrap(), Ok(40));
        let (mut changes, mut found) = (0, 0);
        let mut try_one = |sql: String| {
            changes += 1;
            match tampered(LINES, &sql) {
                Ok(lines) => panic!("{sql}: {lines} lines, and nothing found"),
                Err(_) => found += 1,
            }
        };
        for seq in 1..=LINES {
            for column in ["who", "terminal", "action", "subject", "result", "prev_hash", "hash"] {
                try_one(format!("UPDATE audit SET {column} = {column} || 'x' WHERE seq = {seq}"));
                try_one(format!("UPDATE audit SET {column} = '' WHERE seq = {seq}"));
            }
            try_one(format!("UPDATE audit SET at = at + 1 WHERE seq = {seq}"));
            try_one(format!("UPDATE audit SET at = 9223372036854775807 WHERE seq = {seq}"));
            try_one(format!("UPDATE audit SET seq = -seq WHERE seq = {seq}"));
            try_one(format!("UPDATE audit SET seq = seq + 1000 WHERE seq = {seq}"));
            try_one(format!("DELETE FROM audit WHERE seq = {seq}"));
            try_one(format!("DELETE FROM audit WHERE seq >= {seq}"));
            // A whole line in another's place, under the other's number or not.
            let other = seq % LINES + 1;
            try_one(format!(
                "UPDATE audit SET seq = -1 WHERE seq = {seq}; UPDATE audit SET seq = {seq} WHERE seq = {other};
                 UPDATE audit SET seq = {other} WHERE seq = -1"
            ));
            try_one(format!(
                "UPDATE audit SET (at, who, subject, hash) = (SELECT at, who, subject, hash FROM audit WHERE seq = {other})
                 WHERE seq = {seq}"
            ));
        }
        // One line more than were written, the head as it was, and the head without its lines.
        try_one("INSERT INTO audit SELECT seq + 1, at, who, terminal, action, subject, result, hash, hash FROM audit WHERE seq = 40".into());
        try_one("UPDATE audit_head SET lines = 39".into());
        try_one("UPDATE audit_head SET hash = 'x'".into());
        try_one("DELETE FROM audit_head".into());
        assert_eq!(changes, found);
        assert!(changes > 700, "{changes}");
    }

    #[test]
    fn r5_a_record_written_anew_is_found_by_a_head_noted_elsewhere() {
        let honest = record(10);
        let noted = head(&honest).unwrap();
        let forged = record(0);
        for number in 0..12 {
            let entry = Entry { at: at(number), who: "", terminal: "t1", action: "send", subject: "", result: "done" };
            append(&forged, &entry).unwrap();
        }
        assert_eq!(verify(&forged, &[]).unwrap(), Ok(12), "by itself it is whole");
        assert_eq!(verify(&forged, std::slice::from_ref(&noted)).unwrap(), Err(Fault::Replaced { seq: 10 }));
        assert_eq!(verify(&record(9), &[noted]).unwrap(), Err(Fault::CutOff { found: 9, noted: 10 }));
    }

    #[test]
    fn a_line_can_be_added_and_neither_changed_nor_removed() {
        let connection = record(3);
        for sql in [
            "UPDATE audit SET who = 'x'",
            "DELETE FROM audit WHERE seq = 3",
            "DELETE FROM audit",
            "INSERT INTO audit SELECT 9, at, who, terminal, action, subject, result, prev_hash, hash FROM audit WHERE seq = 1",
            "INSERT OR REPLACE INTO audit SELECT 3, at, 'x', terminal, action, subject, result, prev_hash, hash FROM audit WHERE seq = 3",
            "UPDATE audit_head SET lines = 2",
            "DELETE FROM audit_head",
        ] {
            let error = connection.execute_batch(sql).unwrap_err().to_string();
            assert!(error.contains("only added to"), "{sql}: {error}");
        }
        assert_eq!(verify(&connection, &[]).unwrap(), Ok(3));
    }

    #[test]
    fn the_bytes_of_a_lines_hash_stay_as_they_are() {
        let entry = Entry { at: at(0), who: "花", terminal: "t", action: "a", subject: "s", result: "done" };
        assert_eq!(
            hash_of(1, &entry, &"0".repeat(64)),
            sha256_hex(
                &[
                    &b"tayori audit 1\0\0\0\0\0\0\0\x01"[..],
                    &1_780_000_000_000_i64.to_be_bytes(),
                    b"\0\0\0\0\0\0\0\x03\xe8\x8a\xb1\0\0\0\0\0\0\0\x01t\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\x01s",
                    b"\0\0\0\0\0\0\0\x04done\0\0\0\0\0\0\0\x40",
                    &[b'0'; 64],
                ]
                .concat()
            )
        );
    }

    #[test]
    fn what_is_brought_over_from_a_damaged_file_goes_on_as_it_was() {
        let (old, new) = (record(5), record(0));
        suspend(&new).unwrap();
        each(&old, |line| {
            new.execute(
                "INSERT INTO audit (seq, at, who, terminal, action, subject, result, prev_hash, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    line.seq,
                    line.at.as_millisecond(),
                    line.who,
                    line.terminal,
                    line.action,
                    line.subject,
                    line.result,
                    line.prev_hash,
                    line.hash
                ],
            )
            .unwrap();
            true
        })
        .unwrap();
        resume(&new).unwrap();
        assert_eq!(verify(&new, &[head(&old).unwrap()]).unwrap(), Ok(5));
        let entry = Entry { at: at(9), who: "", terminal: "t1", action: "send", subject: "", result: "done" };
        assert_eq!(append(&new, &entry).unwrap(), 6);
        assert_eq!(verify(&new, &[]).unwrap(), Ok(6));
        assert!(new.execute_batch("DELETE FROM audit").is_err());
    }

    #[test]
    fn a_spreadsheet_shows_the_record_as_it_is() {
        let connection = record(1);
        let entry = Entry { at: at(1), who: "=1+1", terminal: "a,b", action: "\"x\"", subject: "", result: "done" };
        append(&connection, &entry).unwrap();
        let mut out = Vec::new();
        assert_eq!(write_csv(&connection, &mut Vec::new(), |lines| lines < 1).unwrap(), None, "called off");
        assert_eq!(write_csv(&connection, &mut out, |_| true).unwrap(), Some(2));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\u{feff}番号,"));
        assert!(text.contains(",'=1+1,\"a,b\",\"\"\"x\"\"\",,done,"), "{text}");
    }
}
