//! Takes bodies in: never more at a time than there is memory set aside, and none for longer than it may take.
//!
//! Room is reserved by the length a caller announces, before the first byte is read, and given back when the last
//! handle on the bytes is gone: a parcel that waits for the writer counts, too, even when its caller has hung up.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What all bodies under way may hold together.
const ROOM: u64 = 256 * 1024 * 1024;
/// Room is counted in pieces of this size.
const PIECE: u64 = 64 * 1024;
/// A line of 1 Mbit/s is the slowest we count on; the client counts the same.
const SLOWEST_BYTES_PER_SECOND: u64 = 125_000;

/// Why a body was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    #[error("the length of the body is not announced")]
    NoLength,
    #[error("the body is over the limit")]
    TooLarge,
    #[error("too many bodies are under way")]
    NoRoom,
    #[error("the body did not arrive whole")]
    CutOff,
    #[error("the body came too slowly")]
    TooSlow,
}

/// See the module.
#[derive(Debug)]
pub struct Intake {
    room: Arc<Semaphore>,
    limit: u64,
    /// How long a caller may have to wait for room.
    patience: Duration,
    /// How long a body may take, beside what its size needs on a slow line.
    allowance: Duration,
}

impl Intake {
    /// Takes bodies of up to `limit` bytes; at least one of them always has room.
    pub fn new(limit: u64) -> Self {
        let room = Arc::new(Semaphore::new(pieces(ROOM.max(limit)) as usize));
        Self { room, limit, patience: Duration::from_secs(10), allowance: Duration::from_secs(5 * 60) }
    }

    /// The same, with another time for a body, beside what its size needs.
    pub fn with_allowance(self, allowance: Duration) -> Self {
        Self { allowance, ..self }
    }

    pub async fn take(&self, body: Body) -> Result<Bytes, IntakeError> {
        let length = body.size_hint().exact().ok_or(IntakeError::NoLength)?;
        if length > self.limit {
            return Err(IntakeError::TooLarge);
        }
        let room = timeout(self.patience, Arc::clone(&self.room).acquire_many_owned(pieces(length))).await;
        let Ok(Ok(room)) = room else { return Err(IntakeError::NoRoom) };
        let time = self.allowance.saturating_add(Duration::from_secs(length / SLOWEST_BYTES_PER_SECOND));
        let length = usize::try_from(length).map_err(|_| IntakeError::TooLarge)?;
        let mut whole = Vec::with_capacity(length);
        timeout(time, read(body, |data| whole.extend_from_slice(data))).await.map_err(|_| IntakeError::TooSlow)??;
        if whole.len() != length {
            return Err(IntakeError::CutOff);
        }
        Ok(Bytes::from_owner(Held { whole, _room: room }))
    }
}

/// Bytes and the room they take.
struct Held {
    whole: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.whole
    }
}

fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX)
}

async fn read(body: Body, mut each: impl FnMut(&[u8])) -> Result<(), IntakeError> {
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // What is no data are trailers, which say nothing to us.
        if let Ok(data) = frame.map_err(|_| IntakeError::CutOff)?.into_data() {
            each(&data);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use axum::Router;
    use axum::routing::put;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    fn quick(limit: u64) -> Intake {
        Intake { patience: Duration::ZERO, allowance: Duration::ZERO, ..Intake::new(limit) }
    }

    /// What became of the bodies of callers that write these bytes over a line of their own.
    struct Door {
        address: std::net::SocketAddr,
        taken: UnboundedReceiver<Result<Bytes, IntakeError>>,
    }

    impl Door {
        async fn open(intake: Intake) -> Self {
            let (tell, taken) = unbounded_channel();
            let intake = Arc::new(intake);
            let take = move |body: Body| async move { tell.send(intake.take(body).await).unwrap() };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, Router::new().route("/", put(take))).await });
            Self { address, taken }
        }

        fn caller(&self, request: &str) -> TcpStream {
            let mut line = TcpStream::connect(self.address).unwrap();
            write!(line, "PUT / HTTP/1.1\r\nhost: hub\r\n{request}").unwrap();
            line
        }

        async fn taken(&mut self) -> Result<Bytes, IntakeError> {
            self.taken.recv().await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_whole_body_is_taken_and_every_other_is_told_apart() {
        let mut door = Door::open(Intake::new(9)).await;
        let _whole = door.caller("content-length: 9\r\n\r\nall of it");
        assert_eq!(door.taken().await.unwrap(), "all of it");
        drop(door.caller("content-length: 9\r\n\r\nhalf"));
        assert_eq!(door.taken().await, Err(IntakeError::CutOff));
        let _large = door.caller("content-length: 10\r\n\r\nall of it!");
        assert_eq!(door.taken().await, Err(IntakeError::TooLarge));
        let _unsaid = door.caller("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        assert_eq!(door.taken().await, Err(IntakeError::NoLength));
    }

    #[tokio::test]
    async fn a_caller_that_stops_writing_is_not_waited_for() {
        let mut door = Door::open(quick(9)).await;
        let _silent = door.caller("content-length: 9\r\n\r\nhalf");
        assert_eq!(door.taken().await, Err(IntakeError::TooSlow));
    }

    #[tokio::test]
    async fn what_is_kept_takes_room_until_it_is_let_go() {
        let intake = Intake { room: Arc::new(Semaphore::new(1)), ..quick(9) };
        let first = intake.take(Body::from("first")).await.unwrap();
        let handle = first.clone();
        drop(first);
        assert_eq!(intake.take(Body::from("second")).await, Err(IntakeError::NoRoom));
        drop(handle);
        assert_eq!(intake.take(Body::from("second")).await.unwrap(), "second");
    }

    #[test]
    fn the_largest_body_always_has_room() {
        let intake = quick(2 * ROOM);
        assert_eq!(intake.room.available_permits() as u64 * PIECE, 2 * ROOM);
    }
}
