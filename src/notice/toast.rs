//! The notices of the system.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(all(unix, not(target_os = "macos")))]
use notify_rust::Hint;
use notify_rust::{Notification, NotificationHandle};

use super::ringer::Ring;
use crate::engine::habits::Sound;
use crate::words::{Lang, notices};

/// So many toasts wait to be clicked; older ones are shown, and a click on one only closes it.
const MOST_WAITING: usize = 20;

/// Shows one. `clicked` is called, on a thread of its own, when somebody clicks it.
pub(super) fn show(
    ring: &Ring,
    lang: Lang,
    waiting: &Arc<AtomicUsize>,
    clicked: impl FnOnce() + Send + 'static,
) -> Result<(), notify_rust::error::Error> {
    let mut toast = Notification::new();
    toast
        .appname("Tayori")
        .summary(&ring.said.what)
        .body(&body(&ring.said.todo))
        .action("default", notices::open(lang));
    #[cfg(all(unix, not(target_os = "macos")))]
    toast.hint(Hint::Category("im.received".into())).hint(Hint::DesktopEntry("tayori".into()));
    #[cfg(windows)]
    {
        super::app_id::register();
        toast.app_id(super::app_id::APP_ID);
    }
    match ring.sound {
        #[cfg(all(unix, not(target_os = "macos")))]
        Sound::Silent => drop(toast.hint(Hint::SuppressSound(true))),
        #[cfg(not(all(unix, not(target_os = "macos"))))]
        Sound::Silent => {}
        Sound::Soft => drop(toast.sound_name(SOFT)),
        Sound::Loud => drop(toast.sound_name(LOUD)),
    }
    let shown = toast.show()?;
    if waiting.fetch_add(1, Ordering::SeqCst) >= MOST_WAITING {
        waiting.fetch_sub(1, Ordering::SeqCst);
        return Ok(());
    }
    let done = waiting.clone();
    let waits = std::thread::Builder::new().name("toast".into()).spawn(move || {
        wait(shown, clicked);
        done.fetch_sub(1, Ordering::SeqCst);
    });
    if waits.is_err() {
        waiting.fetch_sub(1, Ordering::SeqCst);
    }
    Ok(())
}

#[cfg(not(windows))]
fn wait(shown: NotificationHandle, clicked: impl FnOnce()) {
    shown.wait_for_action(|action| {
        if action == "default" {
            clicked();
        }
    });
}

/// On Windows the toast itself and its button are two things.
#[cfg(windows)]
fn wait(shown: NotificationHandle, clicked: impl FnOnce()) {
    use notify_rust::NotificationResponse as Response;
    let answered = shown.wait_for_response(|response: &Response| match response {
        Response::Default | Response::Action(_) => clicked(),
        Response::Reply(_) | Response::Closed(_) => {}
    });
    if let Err(error) = answered {
        tracing::info!(%error, "what became of a toast is not known");
    }
}

#[cfg(not(windows))]
const SOFT: &str = "message-new-instant";
#[cfg(not(windows))]
const LOUD: &str = "dialog-warning";
#[cfg(windows)]
const SOFT: &str = "IM";
#[cfg(windows)]
const LOUD: &str = "Reminder";

/// An office may be called `<A & B>`: on Linux a body is markup.
fn body(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}
