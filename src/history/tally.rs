//! How much there is, and what went wrong lately: numbers and codes, for whoever helps from afar. Never content.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::evidence::Failure;
use super::outbox::failure;
use super::{DONE, History, HistoryError, Named as _, to_time};

/// Counts of what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// `in` and `out`.
    pub parcels: BTreeMap<String, Parcels>,
    pub files: u64,
    pub bytes: u64,
    pub drafts: u64,
    pub partners: u64,
}

/// Parcels of one direction, by the evidence there is of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parcels {
    pub all: u64,
    pub accepted: u64,
    pub arrived: u64,
    pub imported: u64,
    pub refused: u64,
    pub failed: u64,
}

/// Something that did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mishap {
    pub at: Timestamp,
    /// What was done.
    pub action: String,
    /// The failure's code.
    pub code: String,
}

impl History {
    /// Counts everything; takes a while where there is very much.
    pub fn tally(&self) -> Result<Tally, HistoryError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT direction, count(*), count(accepted_at), count(arrived_at), count(imported_at),
                     count(refused_at), count(failed_at) FROM parcel GROUP BY direction",
            )
            .named("tally")?;
        let parcels = statement
            .query_map([], |row| {
                let [all, accepted, arrived, imported, refused, failed] =
                    [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
                Ok((row.get(0)?, Parcels { all, accepted, arrived, imported, refused, failed }))
            })
            .and_then(Iterator::collect)
            .named("tally")?;
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, u64>(0)).named("tally");
        Ok(Tally {
            parcels,
            files: number("SELECT count(*) FROM file")?,
            bytes: number("SELECT coalesce(sum(size), 0) FROM file")?,
            drafts: number("SELECT count(*) FROM draft")?,
            partners: number("SELECT count(*) FROM office")?,
        })
    }

    /// What went wrong last, newest first.
    pub fn mishaps(&self, count: u32) -> Result<Vec<Mishap>, HistoryError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT coalesce(failed_at, refused_at), direction, failure FROM parcel
                 WHERE failure IS NOT NULL AND coalesce(failed_at, refused_at) IS NOT NULL
                 ORDER BY at DESC LIMIT ?1",
            )
            .named("mishaps")?;
        let mut rows = statement.query([count]).named("mishaps")?;
        let mut mishaps = Vec::new();
        while let Some(row) = rows.next().named("mishaps")? {
            let code = failure(row.get(2).named("mishaps")?)?.as_ref().map_or_else(String::new, Failure::code);
            let action = if row.get::<_, String>(1).named("mishaps")? == "in" { "receive" } else { "send" };
            mishaps.push(Mishap { at: to_time(row.get(0).named("mishaps")?)?, action: action.into(), code });
        }
        for line in self.audit(1_000)?.into_iter().filter(|line| line.result != DONE && is_code(&line.result)) {
            mishaps.push(Mishap { at: line.at, action: line.action, code: line.result });
        }
        mishaps.sort_by_key(|mishap| std::cmp::Reverse(mishap.at));
        mishaps.truncate(count as usize);
        Ok(mishaps)
    }
}

/// Whether it is a code of ours and nothing else.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}
