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
    match code {
        32 | 33 => WHILE_HELD,
        5 => WHILE_REFUSED,
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
