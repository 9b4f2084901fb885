//! Looks at the plan of every statement that the suite runs, when a session first prepares it: none may have to read a
//! whole table that grows with the exchange.

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
    let is_one = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    if !is_one || ALL_OF_IT.iter().any(|start| sql.starts_with(start)) {
        return Ok(None);
    }
    let most = (1..=20).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0);
    let nothing = if most == 0 { String::new() } else { format!("({})", vec!["NULL"; most].join(", ")) };
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")?;
    client.batch_execute(&format!("PREPARE looked_at AS {sql}"))?;
    let plan: Vec<String> =
        client.query(&format!("EXPLAIN EXECUTE looked_at{nothing}"), &[])?.iter().map(|row| row.get(0)).collect();
    client.batch_execute("DEALLOCATE looked_at; RESET enable_seqscan; RESET plan_cache_mode")?;
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
