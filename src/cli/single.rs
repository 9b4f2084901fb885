//! One window for each profile: a second start brings the first to the front and hands over its files.
//!
//! A locked file beside the settings says who is first; a socket carries what is handed over. On Unix the socket lies
//! beside the settings too, where nobody else may look; on Windows it is a pipe of this user's.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{Listener, ListenerOptions, Name, Stream};

use crate::engine::model::ToShow;

/// The longest request: many files dropped on the program at once.
const LONGEST: u64 = 1 << 20;
/// How long a second start waits for the first to listen.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// What a start asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    /// Files to be looked at for sending.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    #[serde(default)]
    pub place: ToShow,
}

/// Who we are among the starts of one profile.
pub enum Place {
    First(First),
    /// Another one is first, and it has taken over the request.
    Second,
    /// Another one is first, but it does not answer.
    Unheard,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Place::First(_) => "First",
            Place::Second => "Second",
            Place::Unheard => "Unheard",
        })
    }
}

/// We are the first as long as this lives.
pub struct First {
    _lock: File,
    /// `None` where nothing can be handed over: then a second start only says that we are there.
    listener: Option<Listener>,
}

/// Takes the first place of a profile, or hands the request to who has it.
pub fn take_place(dir: &Path, request: &Request) -> io::Result<Place> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("window.lock"))?;
    match lock.try_lock() {
        Ok(()) => {
            let listener =
                name(dir).and_then(|name| ListenerOptions::new().name(name).try_overwrite(true).create_sync());
            let listener =
                listener.inspect_err(|error| tracing::warn!(%error, "a second start cannot hand anything over")).ok();
            Ok(Place::First(First { _lock: lock, listener }))
        }
        Err(TryLockError::WouldBlock) => {
            let began = Instant::now();
            loop {
                match hand_over(dir, request) {
                    Ok(()) => return Ok(Place::Second),
                    // It may have begun a moment ago and not listen yet.
                    Err(_) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                    Err(error) => {
                        tracing::warn!(%error, "the first window does not answer");
                        return Ok(Place::Unheard);
                    }
                }
            }
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl First {
    /// Hears later starts on a thread of its own, as long as the program runs.
    pub fn listen(self, heard: impl Fn(Request) + Send + 'static) -> io::Result<()> {
        let hear = move || {
            let First { _lock, listener } = self;
            match listener {
                Some(listener) => {
                    for stream in listener.incoming().flatten() {
                        match answer(stream) {
                            Ok(request) => heard(request),
                            Err(error) => tracing::warn!(%error, "a second start was not understood"),
                        }
                    }
                }
                // Only to keep the place.
                None => loop {
                    std::thread::park();
                },
            }
        };
        std::thread::Builder::new().name("second starts".into()).spawn(hear).map(drop)
    }
}

fn answer(stream: Stream) -> io::Result<Request> {
    // Who connects and says nothing must not keep the others out. Where that cannot be set, only this user can do it.
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(LONGEST));
    reader.read_line(&mut line)?;
    let request = serde_json::from_str(&line).map_err(io::Error::from)?;
    reader.into_inner().into_inner().write_all(b"ok\n")?;
    Ok(request)
}

fn hand_over(dir: &Path, request: &Request) -> io::Result<()> {
    let mut stream = Stream::connect(name(dir)?)?;
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut said = String::new();
    BufReader::new(stream.take(16)).read_line(&mut said)?;
    if said == "ok\n" { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(unix)]
fn name(dir: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::GenericFilePath;
    dir.join("window.sock").to_fs_name::<GenericFilePath>()
}

#[cfg(not(unix))]
fn name(dir: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::GenericNamespaced;
    let place = dir.canonicalize()?;
    let digest = crate::parcel::sha256_hex(place.to_string_lossy().as_bytes());
    format!("tayori-{digest}").to_ns_name::<GenericNamespaced>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::ParcelId;

    #[test]
    fn a_second_start_hands_over_and_the_next_is_first_again() {
        let dir = tempfile::tempdir().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let Place::First(first) = take_place(dir.path(), &Request::default()).unwrap() else { panic!("not first") };
        let request = Request {
            files: vec!["/送信/UPJSK.CSV".into(), "b c.pdf".into()],
            place: ToShow::Parcel(ParcelId::new()),
        };
        // The second is quicker than the first listens.
        let (path, asked) = (dir.path().to_owned(), request.clone());
        let second = std::thread::spawn(move || take_place(&path, &asked).unwrap());
        first.listen(move |request| tell.send(request).unwrap()).unwrap();
        assert!(matches!(second.join().unwrap(), Place::Second));
        assert_eq!(told.recv().unwrap(), request);
        // Nonsense and silence keep nobody out.
        let mut stream = Stream::connect(name(dir.path()).unwrap()).unwrap();
        stream.write_all(b"{\"files\": 3}\n").unwrap();
        assert!(matches!(take_place(dir.path(), &request).unwrap(), Place::Second));
        assert_eq!(told.recv().unwrap(), request);
    }

    #[test]
    fn what_a_crash_left_behind_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("window.lock"), "").unwrap();
        std::fs::write(dir.path().join("window.sock"), "").unwrap();
        assert!(matches!(take_place(dir.path(), &Request::default()).unwrap(), Place::First(_)));
        assert!(matches!(take_place(dir.path(), &Request::default()).unwrap(), Place::First(_)), "the first is gone");
    }
}
