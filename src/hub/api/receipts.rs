//! What receivers say of parcels, each with their signature.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;

use super::parcels::own_parcel;
use super::refusal::Refusal;
use crate::hub::accounts::session::Session;
use crate::hub::audit::Actor;
use crate::hub::mailbox;
use crate::hub::state::{Caller, Hub};
use crate::parcel::{ParcelId, Receipt, certificate};
use crate::wire::{ProblemCode, SEALED_TYPE, schema};

/// More than any signed receipt needs.
pub(super) const RECEIPT_LIMIT: usize = 64 * 1024;

/// Hands in a signed receipt of the receiver; safe to repeat
#[utoipa::path(post, path = "/v1/parcels/{id}/receipts", tag = "parcels",
    params(("id" = schema::Id, Path, description = "The parcel")),
    request_body(content = schema::Bytes, content_type = SEALED_TYPE, description = "CMS SignedData over the receipt"),
    responses((status = 204, description = "The hub has it")))]
pub(super) async fn post_receipt(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    id: Result<Path<ParcelId>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    let signed = body?;
    let outside = own_parcel(&hub, &caller, id).await?;
    let invalid = |title: &str| Refusal::of(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::ReceiptInvalid, title);
    let now = Timestamp::now();
    if !is_signed_by(&signed, &caller) {
        // The key of another terminal, or one that was withdrawn a moment ago: taken now, no sender would believe it later.
        hub.look_again().await;
    }
    let (receipt, _) = Receipt::verify(&signed, &hub.trust(now)).map_err(|error| {
        tracing::warn!(parcel = %id, by = %caller.office, %error, "receipt refused");
        invalid("the receipt's signature does not hold")
    })?;
    let fits = receipt.parcel == id
        && receipt.office == caller.office
        && outside.receiver == caller.office
        && receipt.digest == outside.digest;
    if !fits {
        return Err(invalid("the receipt is not about this parcel and this office"));
    }
    let by = Actor::of(&caller, &session);
    let noted = mailbox::note(hub.store(), outside.seq, receipt.step, signed.to_vec(), by, now).await?;
    if noted == mailbox::Noted::New {
        tracing::info!(parcel = %id, by = %caller.office, step = receipt.step.as_str(), "receipt noted");
        hub.metrics().receipts.inc();
        hub.bell().ring(outside.sender);
        hub.bell().ring(caller.office);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether it bears the certificate its bearer calls with. Nothing is verified here.
fn is_signed_by(signed: &[u8], caller: &Caller) -> bool {
    let certificate = Receipt::look_into(signed).map(|(_, certificate)| certificate);
    certificate.is_ok_and(|der| certificate::serial_of(&der).is_ok_and(|serial| serial == caller.serial))
}
