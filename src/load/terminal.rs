//! What one terminal does all day: waits for news, fetches what came, says with receipts that it has it, and looks what
//! became of its own parcels.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Method;
use jiff::Timestamp;

use super::field::{Asked, Field};
use super::line::{Line, LineError};
use super::offices::Office;
use super::tally::Step;
use crate::parcel::{Receipt, ReceiptStep, sha256_hex};
use crate::wire::{ClaimRequest, ClaimWish, Heads, InboxEntry, InboxPage, SentPage};

/// How long a question for news waits at the hub, as the client asks.
const WAIT: Duration = Duration::from_secs(25);
/// The rest after a line that broke; it doubles up to the longest.
const REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Lives until the trial ends.
pub(super) async fn live(field: Arc<Field>, place: usize) {
    tokio::select! {
        () = field.ended() => {}
        () = wait_for_news(&field, place) => {}
    }
}

async fn wait_for_news(field: &Field, place: usize) {
    let Some(office) = field.offices.get(place) else { return };
    let (mut heads, mut rest, mut kept) = (Heads::default(), REST, None);
    loop {
        match ask_for_news(field, office, &mut kept, heads).await {
            Ok(page) => {
                rest = REST;
                heads = take_in(field, office, heads, page).await;
            }
            Err(error) => {
                field.failed(Step::Wait, &error);
                tokio::time::sleep(rest).await;
                rest = LONGEST_REST.min(rest * 2);
            }
        }
    }
}

async fn ask_for_news(
    field: &Field,
    office: &Office,
    kept: &mut Option<Line>,
    Heads { inbox, sent, marks }: Heads,
) -> Result<InboxPage, LineError> {
    let mut line = match kept.take().filter(Line::is_open) {
        Some(line) => line,
        None => field.open(office).await?,
    };
    let path = format!("/v1/inbox?after={inbox}&sent={sent}&marks={marks}&wait={}", WAIT.as_secs());
    let waits = field.one_waits();
    let answer = line.ask(Asked::get(path).of(office)?, WAIT).await;
    drop(waits);
    let page = serde_json::from_slice(&answer?).map_err(|_| LineError::Nonsense)?;
    *kept = Some(line);
    Ok(page)
}

/// Does what the news are about; says how far the lists are read now.
async fn take_in(field: &Field, office: &Office, before: Heads, page: InboxPage) -> Heads {
    for entry in &page.parcels {
        receive(field, office, entry).await;
    }
    let told = page.heads.unwrap_or(before);
    let sent = if told.sent > before.sent { look_at_sent(field, office, before.sent).await } else { before.sent };
    Heads { inbox: page.next, sent, marks: told.marks }
}

async fn receive(field: &Field, office: &Office, entry: &InboxEntry) {
    // One of an earlier trial over the same hub is not in the list.
    let Some(known) = field.parcels().get(&entry.id).cloned() else { return };
    if known.fetched {
        field.tally.seen().doubles += 1;
        return;
    }
    field.tally.took(Step::Notice, known.sent.elapsed());
    let claim = ClaimRequest { holder: office.number.to_string(), wish: ClaimWish::Import, parcels: vec![entry.id] };
    let Ok(claim) = serde_json::to_vec(&claim).map(Bytes::from) else { return };
    let asked = || Asked {
        headers: vec![("content-type", "application/json".to_owned())],
        ..Asked::sealed(Method::POST, "/v1/claims".to_owned(), claim.clone())
    };
    field.step(Step::Claim, office, asked).await;
    let fetched = field.step(Step::Fetch, office, || Asked::get(format!("/v1/parcels/{}", entry.id))).await;
    let Some(fetched) = fetched else { return };
    if sha256_hex(&fetched) != known.digest {
        field.tally.seen().damaged += 1;
    }
    if let Some(parcel) = field.parcels().get_mut(&entry.id) {
        parcel.fetched = true;
    }
    for step in [ReceiptStep::Delivered, ReceiptStep::Imported] {
        say(field, office, entry, step).await;
    }
    if let Some(parcel) = field.parcels().get_mut(&entry.id) {
        parcel.answered = Some(Instant::now());
    }
}

async fn say(field: &Field, office: &Office, entry: &InboxEntry, step: ReceiptStep) {
    let receipt = Receipt {
        parcel: entry.id,
        digest: entry.digest.clone(),
        office: office.number,
        step,
        at: Timestamp::now(),
        reason: None,
    };
    match receipt.sign(&office.key).map(Bytes::from) {
        Ok(signed) => {
            let path = format!("/v1/parcels/{}/receipts", entry.id);
            field.step(Step::Receipt, office, || Asked::sealed(Method::POST, path.clone(), signed.clone())).await;
        }
        Err(error) => field.failed(Step::Receipt, &error),
    }
}

/// Reads on in the list of what the office sent; says how far.
async fn look_at_sent(field: &Field, office: &Office, mut after: u64) -> u64 {
    loop {
        let asked = field.exchange(office, || Asked::get(format!("/v1/sent?after={after}"))).await;
        let read = asked.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|_| LineError::Nonsense));
        let page: SentPage = match read {
            Ok(page) => page,
            Err(error) => {
                field.failed(Step::Return, &error);
                return after;
            }
        };
        after = page.next;
        if page.parcels.is_empty() {
            return after;
        }
        for entry in page.parcels {
            if entry.receipts.iter().any(|receipt| receipt.step == ReceiptStep::Imported)
                && let Some(parcel) = field.parcels().remove(&entry.id)
            {
                let took = parcel.answered.map(|answered| answered.elapsed());
                // The sender may hear of the receipt before its receiver has the hub's answer.
                field.tally.took(Step::Return, took.unwrap_or_default());
            }
        }
    }
}
