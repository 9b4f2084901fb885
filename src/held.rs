//! Files that another program holds for a moment: a virus scanner, a search index, OneDrive.
//!
//! On Windows opening, writing or renaming fails meanwhile, with 32 or 33 (somebody has it open) or with 5, which may as well
//! be a permission that is missing. It is tried again after 50 to 800 ms, for half a minute at most, or for two seconds where
//! waiting may not help. Elsewhere nobody holds a file in this way, and nothing is tried again.

use std::io;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
const WHILE_HELD: Duration = Duration::from_secs(30);
const WHILE_REFUSED: Duration = Duration::from_secs(2);

/// Who holds a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Another program of this computer, for as long as it likes.
    ByProgram,
    /// OneDrive or the like: only the file's name is here, and the rest does not come now. Not worth waiting for: a line
    /// that is down, or a program that does not run.
    ByCloud,
}

/// What an error of Windows says of that (`winerror.h`: `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`, `ERROR_CLOUD_FILE_…`).
pub(crate) fn of_windows(code: i32) -> Option<Held> {
    match code {
        32 | 33 => Some(Held::ByProgram),
        358 | 362..=366 | 374 | 375 | 377..=383 | 386..=398 | 404 | 426 | 434 | 475 => Some(Held::ByCloud),
        _ => None,
    }
}

/// Does it again while another program holds the file. Waits, so it belongs on a thread that may.
pub(crate) fn patiently<T>(act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    patiently_with(act, |error| Some(error))
}

/// The same where the system's error is inside another one.
pub(crate) fn patiently_with<T, E>(
    act: impl FnMut() -> Result<T, E>,
    inside: impl Fn(&E) -> Option<&io::Error>,
) -> Result<T, E> {
    let longest = |error: &E| match inside(error).and_then(io::Error::raw_os_error) {
        Some(code) if cfg!(windows) => patience(code),
        _ => Duration::ZERO,
    };
    insist(act, longest, std::thread::sleep)
}

/// How long an error of Windows is worth waiting for.
fn patience(code: i32) -> Duration {
    match (code, of_windows(code)) {
        (_, Some(Held::ByProgram)) => WHILE_HELD,
        (5, _) => WHILE_REFUSED,
        _ => Duration::ZERO,
    }
}

fn insist<T, E>(
    mut act: impl FnMut() -> Result<T, E>,
    longest: impl Fn(&E) -> Duration,
    mut pause: impl FnMut(Duration),
) -> Result<T, E> {
    let (mut gap, mut waited) = (FIRST, Duration::ZERO);
    loop {
        match act() {
            Err(error) if waited < longest(&error) => {
                pause(gap);
                waited += gap;
                gap = (gap * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of it, and the pauses in ms; `errors` come one after the other, then it works.
    fn with(errors: impl IntoIterator<Item = i32>) -> (Result<&'static str, i32>, Vec<u128>) {
        let mut errors = errors.into_iter();
        let mut pauses = Vec::new();
        let done = insist(
            || errors.next().map_or(Ok("done"), Err),
            |code| patience(*code),
            |pause| pauses.push(pause.as_millis()),
        );
        (done, pauses)
    }

    #[test]
    fn what_lies_in_the_cloud_is_told_apart_and_not_waited_for() {
        // Not running, no line, timed out.
        for code in [362, 388, 426] {
            assert_eq!((of_windows(code), patience(code)), (Some(Held::ByCloud), Duration::ZERO));
        }
        // No file of a cloud; not there; no room.
        for code in [376, 2, 112] {
            assert_eq!(of_windows(code), None);
        }
    }

    #[test]
    fn what_a_scanner_holds_is_tried_again_with_growing_pauses() {
        assert_eq!(with([]), (Ok("done"), vec![]));
        assert_eq!(with([32, 33, 5, 32, 32, 32, 32]), (Ok("done"), vec![50, 100, 200, 400, 800, 800, 800]));
    }

    #[test]
    fn waiting_ends_after_half_a_minute_or_sooner_where_it_may_not_help() {
        let (done, pauses) = with(std::iter::repeat(32));
        assert_eq!(done, Err(32));
        assert!((30_000..=30_800).contains(&pauses.iter().sum::<u128>()), "{pauses:?}");
        let (done, pauses) = with(std::iter::repeat(5));
        assert_eq!(done, Err(5));
        assert!((2_000..=2_800).contains(&pauses.iter().sum::<u128>()), "{pauses:?}");
    }

    #[test]
    fn other_trouble_is_told_at_once() {
        for code in [2, 3, 28, 112] {
            assert_eq!(with([code]), (Err(code), vec![]));
        }
    }
}
