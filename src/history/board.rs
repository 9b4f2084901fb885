//! What the month board is derived from: the files of a month with their evidence, statements, and notes about paper.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Row, params};

use super::lists::parsed;
use super::marks::{Mark, tell};
use super::{Action, DONE, History, HistoryError, Named as _, from_json, record, to_json, to_time};
use crate::board::{Carried, Paper, Proof, Said};
use crate::parcel::{ParcelId, Statement};
use crate::standard::{FileName, Kind, Month, OfficeNumber};

/// The columns of [`proof_of`], from the first on.
const PROOF: &str = "direction = 'in', national.parcel IS NOT NULL, coalesce(parcel.accepted_at, laid_out_at),
    arrived_at, imported_at, refused_at IS NOT NULL OR (failed_at IS NOT NULL AND parcel.accepted_at IS NULL)
        OR held.parcel IS NOT NULL";
const EVIDENCE: &str = "LEFT JOIN national ON national.parcel = parcel.id LEFT JOIN held ON held.parcel = parcel.id";

/// A note about paper, or that there is none after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PaperNote {
    pub month: Month,
    pub paper: Paper,
    pub taken_back: bool,
}

/// When something last went to and came from an office.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dealings {
    /// What it was called then.
    pub name: String,
    pub sent: Option<Timestamp>,
    pub received: Option<Timestamp>,
}

impl History {
    /// The files of these kinds about a month, in the order they went and came. `persons` stays empty.
    pub fn files_of_month(&self, month: Month, kinds: &[Kind]) -> Result<Vec<Carried>, HistoryError> {
        let mut files = Vec::new();
        for kind in kinds {
            files.extend(self.files_named(&format!("{}_{month}_", kind.prefix()))?);
        }
        files.sort_by_key(|file| (file.at, file.parcel));
        Ok(files)
    }

    /// The newest month before this one for which there are plans.
    pub fn month_before(&self, month: Month) -> Result<Option<Month>, HistoryError> {
        let prefix = Kind::Provision.prefix();
        let newest: Option<String> = self
            .connection
            .prepare_cached("SELECT max(name) FROM file WHERE name >= ?1 AND name < ?2")
            .and_then(|mut select| {
                select.query_row(params![format!("{prefix}_"), format!("{prefix}_{month}")], |row| row.get(0))
            })
            .named("month before")?;
        Ok(newest.and_then(|name| FileName::parse(&name).ok()).and_then(|name| name.month))
    }

    fn files_named(&self, prefix: &str) -> Result<Vec<Carried>, HistoryError> {
        // '`' follows '_', with which every prefix ends.
        let after = format!("{}`", prefix.strip_suffix('_').unwrap_or(prefix));
        let sql = format!(
            "SELECT file.parcel, partner, parcel.at, name, sha256, {PROOF}
             FROM file JOIN parcel ON parcel.id = file.parcel {EVIDENCE}
             WHERE name >= ?1 AND name < ?2 AND withdrawn_at IS NULL"
        );
        self.carried(&sql, params![prefix, after])
    }

    /// Preventive documents, whose names hold no month, of the parcels between two moments.
    pub fn documents_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Carried>, HistoryError> {
        let sql = format!(
            "SELECT parcel.id, partner, parcel.at, name, sha256, {PROOF}
             FROM parcel JOIN file ON file.parcel = parcel.id {EVIDENCE}
             WHERE direction IN ('in', 'out') AND parcel.at >= ?1 AND parcel.at < ?2 AND withdrawn_at IS NULL
                 AND (name GLOB 'UPKIHON_[0-9]*' OR name GLOB 'UPYOBO_[0-9]*')
             ORDER BY parcel.at, parcel.id"
        );
        self.carried(&sql, params![from.as_millisecond(), until.as_millisecond()])
    }

    fn carried(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Carried>, HistoryError> {
        let mut statement = self.connection.prepare_cached(sql).named("files of a month")?;
        let mut rows = statement.query(values).named("files of a month")?;
        let mut files = Vec::new();
        while let Some(row) = rows.next().named("files of a month")? {
            let name: String = row.get(3).named("files of a month")?;
            let Ok(name) = FileName::parse(&name) else { continue };
            files.push(Carried {
                name,
                partner: parsed(row, 1)?,
                parcel: parsed(row, 0)?,
                sha256: row.get(4).named("files of a month")?,
                at: to_time(row.get(2).named("files of a month")?)?,
                proof: proof_of(row, 5)?,
                persons: None,
            });
        }
        Ok(files)
    }

    /// The bytes of one file of a parcel, by its digest.
    pub fn bytes_of(&self, parcel: ParcelId, sha256: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT bytes FROM file JOIN body ON body.parcel = file.parcel AND body.position = file.position
                 WHERE file.parcel = ?1 AND sha256 = ?2",
            )
            .named("bytes of a file")?;
        let mut rows = select.query(params![parcel.to_string(), sha256]).named("bytes of a file")?;
        rows.next().named("bytes of a file")?.map(|row| row.get(0).named("bytes of a file")).transpose()
    }

    /// What was said about a month in messages, in the order they went and came.
    pub fn said_of_month(&self, month: Month) -> Result<Vec<Said>, HistoryError> {
        let mut select = self
            .connection
            .prepare_cached(&format!(
                "SELECT statement.parcel, partner, parcel.at, said, {PROOF}
                 FROM statement JOIN parcel ON parcel.id = statement.parcel {EVIDENCE}
                 WHERE month = ?1 AND withdrawn_at IS NULL ORDER BY parcel.at, statement.parcel, statement.position"
            ))
            .named("said of a month")?;
        let mut rows = select.query([month.to_string()]).named("said of a month")?;
        let mut said = Vec::new();
        while let Some(row) = rows.next().named("said of a month")? {
            said.push(Said {
                partner: parsed(row, 1)?,
                parcel: parsed(row, 0)?,
                at: to_time(row.get(2).named("said of a month")?)?,
                statement: from_json(&row.get::<_, String>(3).named("said of a month")?, "a statement")?,
                proof: proof_of(row, 4)?,
            });
        }
        Ok(said)
    }

    /// What one message says, in its order.
    pub fn statements(&self, parcel: ParcelId) -> Result<Vec<Statement>, HistoryError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT said FROM statement WHERE parcel = ?1 ORDER BY position")
            .named("statements")?;
        let mut rows = select.query([parcel.to_string()]).named("statements")?;
        let mut said = Vec::new();
        while let Some(row) = rows.next().named("statements")? {
            said.push(from_json(&row.get::<_, String>(0).named("statements")?, "a statement")?);
        }
        Ok(said)
    }

    /// What people noted as done on paper.
    pub fn papers(&self, month: Month) -> Result<Vec<Paper>, HistoryError> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT side, partner, service, exchange, day FROM paper WHERE month = ?1 AND day IS NOT NULL
                 ORDER BY side, partner, service, exchange",
            )
            .named("papers")?;
        let mut rows = select.query([month.to_string()]).named("papers")?;
        let mut papers = Vec::new();
        while let Some(row) = rows.next().named("papers")? {
            papers.push(Paper {
                side: tag_of(row, 0)?,
                partner: parsed(row, 1)?,
                service: parsed(row, 2)?,
                exchange: tag_of(row, 3)?,
                on: parsed::<Date>(row, 4)?,
            });
        }
        Ok(papers)
    }

    /// The last day on which something went to, or came from, each office on paper.
    pub fn paper_days(&self) -> Result<BTreeMap<OfficeNumber, Date>, HistoryError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT partner, max(day) FROM paper WHERE day IS NOT NULL GROUP BY partner")
            .named("days of paper")?;
        let mut rows = select.query([]).named("days of paper")?;
        let mut days = BTreeMap::new();
        while let Some(row) = rows.next().named("days of paper")? {
            days.insert(parsed(row, 0)?, parsed(row, 1)?);
        }
        Ok(days)
    }

    /// Notes that something went or came on paper, or that it did not after all. On record, and told to the other
    /// terminals.
    pub fn note_paper(&mut self, note: &PaperNote, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let (who, terminal) = (super::audit::user(&transaction)?, super::audit::terminal_id(&transaction)?);
        keep_paper(&transaction, note, now, &who, &terminal)?;
        let PaperNote { month, paper, taken_back } = note;
        let day = if *taken_back { "taken-back".to_owned() } else { paper.on.to_string() };
        let subject = format!("{} {month} {} {day}", paper.partner, tag(&paper.exchange)?);
        record(&transaction, Action::NotePaper, &subject, DONE, now)?;
        tell(&transaction, &Mark::Paper { note: *note, at: now, who })?;
        transaction.commit().named("note paper")
    }

    /// Offices we had to do with, and when.
    pub fn dealings(&self) -> Result<BTreeMap<OfficeNumber, Dealings>, HistoryError> {
        // One step of the index for each partner, however many parcels there are.
        let mut select = self
            .connection
            .prepare_cached(
                "WITH RECURSIVE each (partner) AS (
                     SELECT min(partner) FROM parcel
                     UNION ALL
                     SELECT (SELECT min(partner) FROM parcel WHERE partner > each.partner) FROM each
                     WHERE each.partner IS NOT NULL
                 )
                 SELECT each.partner,
                     (SELECT partner_name FROM parcel WHERE parcel.partner = each.partner ORDER BY at DESC LIMIT 1),
                     (SELECT max(at) FROM parcel WHERE parcel.partner = each.partner AND direction = 'out'),
                     (SELECT max(at) FROM parcel WHERE parcel.partner = each.partner AND direction = 'in')
                 FROM each WHERE each.partner IS NOT NULL",
            )
            .named("dealings")?;
        let mut rows = select.query([]).named("dealings")?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next().named("dealings")? {
            let time = |column| -> Result<Option<Timestamp>, HistoryError> {
                row.get::<_, Option<i64>>(column).named("dealings")?.map(to_time).transpose()
            };
            let dealings = Dealings { name: row.get(1).named("dealings")?, sent: time(2)?, received: time(3)? };
            found.insert(parsed(row, 0)?, dealings);
        }
        Ok(found)
    }
}

fn proof_of(row: &Row<'_>, first: usize) -> Result<Proof, HistoryError> {
    let time = |column: usize| -> Result<Option<Timestamp>, HistoryError> {
        row.get::<_, Option<i64>>(first + column).named("proof")?.map(to_time).transpose()
    };
    let incoming = row.get(first).named("proof")?;
    Ok(Proof {
        incoming,
        national: row.get(first + 1).named("proof")?,
        accepted: time(2)?.filter(|_| !incoming),
        arrived: time(3)?,
        imported: time(4)?,
        troubled: row.get(first + 5).named("proof")?,
    })
}

/// A word of ours as it stands in a column.
fn tag(value: &impl serde::Serialize) -> Result<String, HistoryError> {
    Ok(to_json(value)?.trim_matches('"').to_owned())
}

fn tag_of<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, HistoryError> {
    let text: String = row.get(column).named("read column")?;
    from_json(&format!("\"{text}\""), "a word of a note about paper")
}

/// Keeps the last word about something on paper. Says whether this is it.
pub(super) fn keep_paper(
    connection: &Connection,
    note: &PaperNote,
    at: Timestamp,
    who: &str,
    terminal: &str,
) -> Result<bool, HistoryError> {
    let Paper { side, partner, service, exchange, on } = &note.paper;
    let day = (!note.taken_back).then(|| on.to_string());
    connection
        .prepare_cached(
            "INSERT INTO paper (side, partner, service, month, exchange, day, at, who, terminal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (month, side, partner, service, exchange) DO UPDATE SET day = ?6, at = ?7, who = ?8, terminal = ?9
             WHERE (?7, ?9) > (at, terminal)",
        )
        .and_then(|mut keep| {
            keep.execute(params![
                tag(side).unwrap_or_default(),
                partner.as_str(),
                service.as_str(),
                note.month.to_string(),
                tag(exchange).unwrap_or_default(),
                day,
                at.as_millisecond(),
                who,
                terminal
            ])
        })
        .named("keep paper")
        .map(|rows| rows > 0)
}

/// Keeps what a message says, in the transaction that keeps the message.
pub(super) fn keep_statements(
    connection: &Connection,
    parcel: ParcelId,
    statements: &[Statement],
) -> Result<(), HistoryError> {
    for (position, statement) in statements.iter().enumerate() {
        let said = to_json(statement)?;
        connection
            .prepare_cached(
                "INSERT INTO statement (parcel, position, month, said) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (parcel, position) DO NOTHING",
            )
            .and_then(|mut insert| {
                insert.execute(params![parcel.to_string(), position, statement.month().to_string(), said])
            })
            .named("keep statement")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{Exchange, Side};
    use crate::history::{NewOutgoing, Teller};
    use crate::identity::Vault;
    use crate::parcel::{Content, ReceiptStep};
    use crate::standard::Checked;

    const PLAN: &str = "UPPLAN_202610_3191000017_43_3171000048_11_20260925173004.CSV";

    fn now() -> Timestamp {
        "2026-11-02T03:00:00Z".parse().unwrap()
    }

    fn history() -> (tempfile::TempDir, History) {
        let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
        let history = History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
        (dir, history)
    }

    fn queue(history: &mut History, files: &[&str], statements: Vec<Statement>) -> ParcelId {
        let id = ParcelId::new();
        let files = files.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect();
        let (us, them) = ("3191000017".parse().unwrap(), "3171000048".parse().unwrap());
        let content = Content::new(id, us, them, now(), "よろしく".into(), files).saying(statements);
        let new = NewOutgoing { content, partner_name: "北".into(), subjects: vec![], checked: Checked::default() };
        history.queue(&[new], now()).unwrap();
        id
    }

    #[test]
    fn the_files_of_a_month_come_with_their_evidence_and_no_other_months() {
        let (_dir, mut history) = history();
        let month = "202610".parse().unwrap();
        let id = queue(&mut history, &[PLAN, &PLAN.replace("202610", "202611"), "お知らせ.pdf"], vec![]);
        let files = |history: &History| history.files_of_month(month, &[Kind::Provision, Kind::Actuals]).unwrap();
        let [file] = &files(&history)[..] else { panic!("one file") };
        assert_eq!((file.parcel, file.name.to_string(), file.proof), (id, PLAN.to_owned(), Proof::default()));
        assert_eq!(history.bytes_of(id, &file.sha256).unwrap().as_deref(), Some(PLAN.as_bytes()));
        history.note_receipt(id, ReceiptStep::Imported, now(), None, b"signed", now()).unwrap();
        assert_eq!(files(&history)[0].proof.imported, Some(now()));
        let withdrawn = queue(&mut history, &[PLAN], vec![]);
        assert_eq!(files(&history).len(), 2);
        assert!(history.withdraw(withdrawn, now()).unwrap());
        assert_eq!(files(&history).len(), 1, "what was taken back never went");
        assert_eq!(history.month_before("202711".parse().unwrap()).unwrap().unwrap().to_string(), "202611");
        assert_eq!(history.month_before("202610".parse().unwrap()).unwrap(), None);
    }

    #[test]
    fn a_month_is_found_by_the_index() {
        let (_dir, mut history) = history();
        queue(&mut history, &[PLAN], vec![]);
        let plan = |sql: &str| {
            let mut explain = history.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = explain.query_map([], |row| row.get::<_, String>(3)).unwrap();
            steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
        };
        let files =
            plan("SELECT 1 FROM file JOIN parcel ON parcel.id = file.parcel WHERE name >= 'A_' AND name < 'A`'");
        assert!(files.contains("file_name") && !files.contains("SCAN"), "{files}");
        let said = plan("SELECT 1 FROM statement JOIN parcel ON parcel.id = statement.parcel WHERE month = '202610'");
        assert!(said.contains("statement_month") && !said.contains("SCAN"), "{said}");
    }

    #[test]
    fn what_was_said_is_kept_with_its_message() {
        let (_dir, mut history) = history();
        let month = "202610".parse().unwrap();
        let id = queue(&mut history, &[], vec![Statement::Reminder { month }]);
        let [said] = &history.said_of_month(month).unwrap()[..] else { panic!("one statement") };
        assert_eq!((said.parcel, &said.statement), (id, &Statement::Reminder { month }));
        assert!(history.said_of_month("202611".parse().unwrap()).unwrap().is_empty());
        assert_eq!(history.statements(id).unwrap(), [Statement::Reminder { month }]);
        let dealings = history.dealings().unwrap();
        let dealt = &dealings[&"3171000048".parse().unwrap()];
        assert_eq!((dealt.name.as_str(), dealt.sent, dealt.received), ("北", Some(now()), None));
    }

    #[test]
    fn of_two_words_about_paper_the_later_one_counts_at_every_terminal() {
        let (_dir, mut history) = history();
        let month = "202610".parse().unwrap();
        let paper = Paper {
            side: Side::Planner,
            partner: "3171000048".parse().unwrap(),
            service: "11".parse().unwrap(),
            exchange: Exchange::Actuals,
            on: jiff::civil::date(2026, 11, 2),
        };
        let note = PaperNote { month, paper, taken_back: false };
        history.note_paper(&note, now()).unwrap();
        assert_eq!(history.papers(month).unwrap(), [paper]);
        assert_eq!(history.paper_days().unwrap(), [(paper.partner, paper.on)].into());
        let (_, told) = history.to_tell().unwrap().unwrap();
        assert!(told.iter().any(|mark| matches!(mark, Mark::Paper { note: told, .. } if *told == note)), "{told:?}");
        let hear = |history: &mut History, taken_back, seconds| {
            let at = now() + jiff::SignedDuration::from_secs(seconds);
            let mark = Mark::Paper { note: PaperNote { taken_back, ..note }, at, who: "sato".into() };
            // As it travels.
            let mark: Mark = serde_json::from_str(&serde_json::to_string(&mark).unwrap()).unwrap();
            history.hear(&Teller { id: "other", name: "" }, &[mark], &[], at).unwrap()
        };
        assert!(!hear(&mut history, true, -60), "an earlier word comes late");
        assert_eq!(history.papers(month).unwrap().len(), 1);
        assert!(hear(&mut history, true, 60));
        assert!(history.papers(month).unwrap().is_empty() && history.paper_days().unwrap().is_empty());
    }

    /// `cargo test --lib -- --ignored a_hundred_thousand`
    #[test]
    #[ignore = "fills a large history; a measurement, not a check"]
    fn a_hundred_thousand_parcels_are_looked_through_in_a_moment() {
        let (_dir, mut history) = history();
        let transaction = history.begin().unwrap();
        for number in 0..100_000 {
            let id = ParcelId::new().to_string();
            let (month, partner) = (202_401 + number / 3_000 % 12, 3_170_000_000_u64 + number % 60);
            let name = format!("UPPLAN_{month}_3191000017_43_{partner}_11_20260925{number:06}.CSV");
            transaction
                .execute(
                    "INSERT INTO parcel (id, direction, partner, partner_name, at) VALUES (?1, 'out', ?2, '', ?3)",
                    params![id, partner.to_string(), number],
                )
                .unwrap();
            transaction
                .execute(
                    "INSERT INTO file (parcel, position, name, size, sha256) VALUES (?1, 0, ?2, 1, 'aa')",
                    params![id, name],
                )
                .unwrap();
        }
        transaction.commit().unwrap();
        let begun = std::time::Instant::now();
        let files = history.files_of_month("202405".parse().unwrap(), &[Kind::Provision, Kind::Actuals]).unwrap();
        let month = begun.elapsed();
        let partners = history.dealings().unwrap().len();
        println!("{} files of a month in {month:?}, {partners} partners in {:?}", files.len(), begun.elapsed() - month);
    }
}
