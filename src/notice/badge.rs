//! The number of unread parcels at the window's place on the task bar.
//!
//! Linux: the signal `com.canonical.Unity.LauncherEntry.Update` on the session bus, which the docks of KDE, GNOME (Ubuntu,
//! Dash to Dock), Cinnamon, Budgie and others hear. A desktop that knows nothing of it shows nothing, and no harm is done.

use std::sync::mpsc::{Sender, channel};

/// What shows the number, as long as this lives; then it goes.
#[derive(Debug, Default)]
pub struct Badge {
    numbers: Option<Sender<usize>>,
    shown: Option<usize>,
}

impl Badge {
    /// Begins with no number. The bus may be slow, so it has a thread of its own.
    pub fn show() -> Self {
        let (tell, numbers) = channel();
        let work = move || {
            if let Err(error) = system::show(&numbers) {
                tracing::info!(%error, "the task bar shows no number");
            }
        };
        let started = std::thread::Builder::new().name("badge".into()).spawn(work);
        Self { numbers: started.ok().map(|_| tell), shown: None }
    }

    pub fn set_unread(&mut self, unread: usize) {
        if self.shown.replace(unread) != Some(unread)
            && let Some(numbers) = &self.numbers
        {
            let _ = numbers.send(unread); // there is no bus, then
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod system {
    use std::collections::HashMap;
    use std::sync::mpsc::Receiver;

    use zbus::Connection;
    use zbus::Variant;

    /// The name of the desktop entry; the window's app id is the same.
    const ENTRY: &str = "application://tayori.desktop";
    const INTERFACE: &str = "com.canonical.Unity.LauncherEntry";

    pub(super) fn show(numbers: &Receiver<usize>) -> zbus::Result<()> {
        zbus::block_on(async {
            let bus = Connection::session().await?;
            while let Ok(mut number) = numbers.recv() {
                // Only the newest counts.
                while let Ok(newer) = numbers.try_recv() {
                    number = newer;
                }
                let count = i64::try_from(number).unwrap_or(i64::MAX);
                let told = HashMap::from([
                    ("count", Variant::from(count)),
                    ("count-visible", Variant::from(number > 0)),
                    ("urgent", Variant::from(false)),
                ]);
                let path = "/jp/tayori/launcher";
                bus.emit_signal(None::<&str>, path, INTERFACE, "Update", &(ENTRY, told)).await?;
            }
            Ok(())
        })
    }
}

/// On Windows the icon beside the clock carries the number (`tray`); nothing stands on the task bar.
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod system {
    use std::sync::mpsc::Receiver;

    pub(super) fn show(numbers: &Receiver<usize>) -> Result<(), std::convert::Infallible> {
        numbers.iter().for_each(drop);
        Ok(())
    }
}
