//! When to try again: soon at first, then with growing gaps, and not at all when trying cannot help.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::link::LinkError;
use crate::wire::ProblemCode;

const FIRST: SignedDuration = SignedDuration::from_secs(5);
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// How long the last of three quick tries waits for; trouble that took longer is not met with another try at once.
const MOMENT: Duration = Duration::from_millis(300);

/// Trouble that comes alone is often over at once. A parcel that meets it for the first time is tried again right away and
/// once more a moment later, before what was written after it goes its way: so the serials of a sender stay in order.
/// What is still in trouble then holds up nobody. The moment is waited for once in a round, whoever needs it.
///
/// A try that never got out says nothing of the one before, which may have arrived: then that one's answer stands.
#[derive(Debug, Default)]
pub struct Insistence {
    waited: bool,
}

impl Insistence {
    pub fn ask<T>(&mut self, mut ask: impl FnMut() -> Result<T, LinkError>) -> Result<T, LinkError> {
        let began = Instant::now();
        let may_pass = |answer: &Result<T, LinkError>| match answer {
            Ok(_) => false,
            Err(error) => is_momentary(error) && began.elapsed() < MOMENT,
        };
        let mut answer = ask();
        let mut ask_again = |before| match ask() {
            Err(LinkError::NoWay(_)) => before,
            answer => answer,
        };
        if may_pass(&answer) {
            answer = ask_again(answer);
        }
        if may_pass(&answer) && !std::mem::replace(&mut self.waited, true) {
            std::thread::sleep(MOMENT);
            answer = ask_again(answer);
        }
        answer
    }
}

/// A line that broke, an answer that was cut off, a hub that stumbled; not one that is away, or that says when to come.
fn is_momentary(error: &LinkError) -> bool {
    match error {
        LinkError::NoAnswer(_) | LinkError::Nonsense(_) => true,
        LinkError::Problem(problem) => {
            problem.retry_after.is_none()
                && matches!(problem.code, ProblemCode::HubTroubled | ProblemCode::DigestMismatch | ProblemCode::Other)
                && !is_lasting(error)
        }
        _ => false,
    }
}

/// The time of the next try after `tries` failed ones (and the one that just failed).
pub fn next_try(now: Timestamp, tries: u32) -> Timestamp {
    now.checked_add(gap(tries)).unwrap_or(now)
}

/// The pause after `tries` failed ones and one more.
pub fn gap(tries: u32) -> SignedDuration {
    FIRST.checked_mul(1 << tries.min(10)).unwrap_or(LONGEST).min(LONGEST)
}

/// The time of the next try after `tries` failed ones and this one; not before the hub wants to hear from us again.
pub fn next_try_after(now: Timestamp, tries: u32, error: &LinkError) -> Timestamp {
    let wanted = match error {
        LinkError::Problem(problem) => problem.retry_after.map(i64::from).map(SignedDuration::from_secs),
        _ => None,
    };
    let pause = gap(tries).max(wanted.unwrap_or_default().min(LONGEST));
    now.checked_add(pause).unwrap_or(now)
}

/// Whether the same request would be refused again.
pub fn is_lasting(error: &LinkError) -> bool {
    match error {
        LinkError::NoWay(_) | LinkError::NoAnswer(_) | LinkError::Nonsense(_) => false,
        // A certificate is mended by a person, and then the parcel may go: it waits.
        LinkError::NotTrusted(_) | LinkError::CertificateRefused(_) | LinkError::KeyRefused(_) => false,
        // Somebody logs in, and it goes.
        LinkError::LoginRequired | LinkError::Kept(_) | LinkError::Turn(_) => false,
        LinkError::Problem(problem) => match problem.code {
            ProblemCode::DigestMismatch
            | ProblemCode::HubTroubled
            | ProblemCode::CallerRefused
            | ProblemCode::CertificateRequired
            | ProblemCode::RevocationUnknown
            | ProblemCode::PartsMissing
            | ProblemCode::LoginRequired
            | ProblemCode::LoginRefused
            | ProblemCode::AdminRequired
            | ProblemCode::TooMany => false,
            ProblemCode::ReceiverUnknown
            | ProblemCode::ParcelTooLarge
            | ProblemCode::IdTaken
            | ProblemCode::ParcelUnknown
            | ProblemCode::ParcelRemoved
            | ProblemCode::RangeInvalid
            | ProblemCode::ReceiptInvalid
            | ProblemCode::EnrolmentRefused
            | ProblemCode::CodeExpired
            | ProblemCode::CodeUsed
            | ProblemCode::TerminalUnknown
            | ProblemCode::RequestInvalid
            | ProblemCode::UserInvalid
            | ProblemCode::UserTaken
            | ProblemCode::UserUnknown
            | ProblemCode::PasswordWeak
            | ProblemCode::LastAdmin => true,
            ProblemCode::Other => (400..500).contains(&problem.status) && !matches!(problem.status, 408 | 425 | 429),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Problem;

    #[test]
    fn gaps_grow_from_five_seconds_to_a_quarter_of_an_hour() {
        let now = Timestamp::UNIX_EPOCH;
        let gaps: Vec<i64> = (0..10).map(|tries| next_try(now, tries).as_second()).collect();
        assert_eq!(gaps, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(next_try(now, u32::MAX).as_second(), 900);
    }

    #[test]
    fn what_stumbles_once_is_asked_again_and_what_lasts_or_is_away_is_not() {
        let problem =
            |status, code, retry_after| LinkError::Problem(Problem { status, code, title: String::new(), retry_after });
        let tries = |insist: &mut Insistence, error: &dyn Fn() -> LinkError, failing: u32| {
            let mut tries = 0;
            let answer = insist.ask(|| {
                tries += 1;
                if tries > failing { Ok(()) } else { Err(error()) }
            });
            (tries, answer.is_ok())
        };
        let broken = || LinkError::NoAnswer("broken".into());
        let mut insist = Insistence::default();
        assert_eq!(tries(&mut insist, &broken, 1), (2, true));
        assert_eq!(tries(&mut insist, &broken, 2), (3, true));
        assert_eq!(tries(&mut insist, &broken, 9), (2, false), "it waits once, whoever needs it");
        for lasting in [
            &|| problem(413, ProblemCode::ParcelTooLarge, None) as LinkError,
            &|| problem(503, ProblemCode::HubTroubled, Some(30)),
            &|| problem(429, ProblemCode::TooMany, None),
            &|| LinkError::NoWay("away".into()),
            &|| LinkError::LoginRequired,
        ] as [&dyn Fn() -> LinkError; 5]
        {
            assert_eq!(tries(&mut Insistence::default(), lasting, 1), (1, false), "{}", lasting());
        }
        assert_eq!(tries(&mut Insistence::default(), &|| problem(500, ProblemCode::Other, None), 1), (2, true));
    }

    #[test]
    fn d3_what_may_have_arrived_is_not_taken_for_what_never_left() {
        // The hub took it, died before it answered, and is not there for the second try.
        let mut tries = 0;
        let answer = Insistence::default().ask(|| {
            tries += 1;
            Err::<(), _>(if tries == 1 { LinkError::NoAnswer("cut".into()) } else { LinkError::NoWay("away".into()) })
        });
        assert!(tries > 1 && matches!(answer, Err(LinkError::NoAnswer(_))), "{answer:?}");
        let away = Insistence::default().ask(|| Err::<(), _>(LinkError::NoWay("away".into())));
        assert!(matches!(away, Err(LinkError::NoWay(_))), "{away:?}");
    }

    #[test]
    fn a_hub_that_says_when_is_not_asked_before() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |retry_after, tries| {
            let problem = Problem { status: 429, code: ProblemCode::TooMany, title: String::new(), retry_after };
            next_try_after(now, tries, &LinkError::Problem(problem)).as_second()
        };
        assert_eq!(after(Some(60), 0), 60);
        assert_eq!(after(Some(1), 0), 5);
        assert_eq!(after(None, 2), 20);
        assert_eq!(after(Some(u32::MAX), 0), 900, "a hub cannot put us off for ever");
        assert_eq!(next_try_after(now, 1, &LinkError::NoAnswer(String::new())).as_second(), 10);
    }

    #[test]
    fn a_busy_hub_is_tried_again_and_an_unknown_receiver_is_not() {
        let problem =
            |status, code| LinkError::Problem(Problem { status, code, title: String::new(), retry_after: None });
        for passing in [
            problem(503, ProblemCode::HubTroubled),
            problem(502, ProblemCode::Other),
            problem(429, ProblemCode::Other),
            LinkError::NoAnswer(String::new()),
        ] {
            assert!(!is_lasting(&passing), "{passing}");
        }
        for lasting in [
            problem(404, ProblemCode::ReceiverUnknown),
            problem(413, ProblemCode::ParcelTooLarge),
            problem(403, ProblemCode::Other),
        ] {
            assert!(is_lasting(&lasting), "{lasting}");
        }
    }
}
