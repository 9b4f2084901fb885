//! Looks at the plan of every statement that the suite runs, when a session first prepares it: none may have to read a
//! whole table that grows with the exchange. It is the plan by which it will be run, at every size: see the session.

use postgres::Client;

/// Tables that grow with offices, parcels or time. Everything else has a few rows.
const GROWING: [&str; 16] = [
    "parcel",
    "body",
    "part",
    "receipt",
    "upload",
    "mark",
    "token",
    "session",
    "audit",
    "claim",
    "cursor",
    "account",
    "certificate",
    "terminal",
    "code",
    "office",
];

/// What reads a whole table because all of it is asked for: the directory when it has changed, and the operator's lists.
const ALL_OF_IT: [&str; 5] = [
    "SELECT number, changed FROM office ORDER BY number",
    "SELECT number, service, name, added_at, revoked_at,",
    "SELECT serial, office, der FROM certificate",
    "SELECT terminal, office, inbox, at FROM cursor ORDER BY office, terminal",
    "SELECT count(*) FROM ",
];

/// What is wrong with the plan of a statement, if anything is.
pub(super) fn fault(client: &mut Client, sql: &str) -> Result<Option<String>, postgres::Error> {
    let sql = sql.replace('?', "$");
    let is_one = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| sql.starts_with(verb));
    if !is_one || ALL_OF_IT.iter().any(|start| sql.starts_with(start)) {
        return Ok(None);
    }
    let most = (1..=20).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0);
    let nothing = if most == 0 { String::new() } else { format!("({})", vec!["NULL"; most].join(", ")) };
    client.batch_execute(&format!("PREPARE looked_at AS {sql}"))?;
    let plan: Vec<String> =
        client.query(&format!("EXPLAIN EXECUTE looked_at{nothing}"), &[])?.iter().map(|row| row.get(0)).collect();
    client.batch_execute("DEALLOCATE looked_at")?;
    Ok(reads_too_much(&sql, &plan).map(|line| format!("no index for {sql}: {line}\n{}", plan.join("\n"))))
}

fn reads_too_much(sql: &str, plan: &[String]) -> Option<String> {
    let bounded = sql.contains("LIMIT") || sql.contains("max(");
    plan.iter().enumerate().find_map(|(at, line)| {
        let (scan, table) = line.split_once(" on ")?;
        let table = table.split([' ', '_']).next()?;
        if !GROWING.contains(&table) || line.contains("audit_head") {
            return None;
        }
        let below = plan.iter().skip(at + 1).take_while(|line| !line.contains("->"));
        let by_condition = below.into_iter().any(|line| line.contains("Index Cond") || line.contains("Recheck Cond"));
        let whole = scan.contains("Seq Scan") || scan.contains("Index") && !by_condition && !bounded;
        whole.then(|| line.trim().to_owned())
    })
}

#[test]
fn a_plan_that_reads_a_whole_table_is_told_from_one_that_does_not() {
    let plan = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let seq = plan(&["Seq Scan on parcel  (cost=0.00..1.00 rows=1 width=8)", "  Filter: (digest = $1)"]);
    assert!(reads_too_much("SELECT", &seq).is_some());
    let whole = plan(&["Index Scan using parcel_pkey on parcel  (cost=..)", "  Filter: (digest = $1)"]);
    assert!(reads_too_much("SELECT", &whole).is_some());
    let good = plan(&["Index Scan using parcel_id_key on parcel  (cost=..)", "  Index Cond: (id = $1)"]);
    assert!(reads_too_much("SELECT", &good).is_none());
    let small = plan(&["Seq Scan on counter  (cost=0.00..1.00 rows=1 width=8)"]);
    assert!(reads_too_much("SELECT", &small).is_none());
}

/// How many rows of these tables were fetched until now, whether they were shown or not.
#[cfg(unix)]
const FETCHED: &str =
    "SELECT CAST(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS BIGINT) FROM pg_stat_xact_user_tables
                       WHERE relname IN ('parcel', 'receipt', 'mark')";

/// Twenty busy offices, and one that got and sent one parcel and one mark before all others and nothing since.
#[cfg(unix)]
const FILLED: &str = "
    INSERT INTO office (number, service, name, added_at)
        SELECT '99B' || lpad(CAST(i AS TEXT), 7, '0'), '11', '名', 1 FROM generate_series(0, 20) AS i;
    INSERT INTO parcel (id, sender, receiver, digest, size, accepted_at, changed)
        SELECT CAST(gen_random_uuid() AS TEXT), '99B' || lpad(CAST(s AS TEXT), 7, '0'), '99B' || lpad(CAST(r AS TEXT), 7, '0'),
               repeat('0', 64), 1, 1, i
        FROM (SELECT i, CASE i WHEN 1 THEN 20 ELSE i % 20 END AS s, CASE i WHEN 1 THEN 20 ELSE (i * 7 + 1) % 20 END AS r
              FROM generate_series(1, 20000) AS i) AS made;
    UPDATE counter SET value = 20000 WHERE name = 'changed';
    INSERT INTO receipt (parcel, step, received_at, signed)
        SELECT seq, step, 1, 'signed' FROM parcel, (VALUES ('delivered'), ('imported')) AS steps (step) WHERE seq < 15000;
    INSERT INTO mark (office, at, sealed) SELECT receiver, seq, 'sealed' FROM parcel ORDER BY seq;
";

#[cfg(unix)]
#[test]
fn a_list_reads_no_more_rows_than_it_shows_however_many_others_there_are() {
    use crate::hub::stores::testing::database;
    use crate::hub::stores::{Connection, Store, StoreError, values};
    use crate::hub::{mailbox, marks};
    use crate::standard::OfficeNumber;

    type List = fn(&Connection, OfficeNumber, u64) -> Result<usize, StoreError>;
    let lists: [(&str, List); 4] = [
        ("inbox", |c, office, after| {
            let entries = mailbox::inbox_now(c, office, after)?.parcels;
            Ok(entries.iter().map(|entry| 1 + entry.receipts.len()).sum())
        }),
        ("sent", |c, office, after| {
            let entries = mailbox::sent_now(c, office, after)?.parcels;
            Ok(entries.iter().map(|entry| 1 + entry.receipts.len()).sum())
        }),
        ("marks", |c, office, after| Ok(marks::list_now(c, office, after)?.marks.len())),
        ("heads", |c, office, _| marks::heads(c, office).map(|_| 3)),
    ];
    let [busy, quiet]: [OfficeNumber; 2] = ["99B0000003", "99B0000020"].map(|office| office.parse().unwrap());
    let asked = [(busy, 0, 1_500), (busy, 18_000, 150), (busy, 1 << 60, 3), (quiet, 0, 3), (quiet, 1, 3)];
    let Some(url) = database::fresh() else { return };
    let node = Store::connect(&super::Address::new(&url, None, None).unwrap()).unwrap();
    let look = |when: &str| {
        for ((name, list), (office, after, most)) in lists.into_iter().flat_map(|list| asked.map(|asked| (list, asked)))
        {
            let (shown, fetched) = node
                .read_now(|c| {
                    let fetched = || c.one("fetched", FETCHED, values![], |row| row.get::<usize>(0));
                    // Until they are planned.
                    fetched()?;
                    list(c, office, after)?;
                    c.at_one_moment(|| {
                        let before = fetched()?;
                        Ok((list(c, office, after)?, fetched()? - before))
                    })
                })
                .unwrap();
            assert!(shown <= most, "{when}, {name} of {office} after {after}: {shown} entries");
            assert!(fetched <= shown + 3, "{when}, {name} of {office} after {after}: {fetched} rows for {shown}");
        }
    };
    // Plans are made when there is nothing yet, and anew whenever the database has looked at its tables.
    look("new");
    node.write_now(|c| c.script("fill", FILLED)).unwrap();
    look("filled");
    node.write_now(|c| c.script("look at the tables", "ANALYZE")).unwrap();
    look("looked at");
}
