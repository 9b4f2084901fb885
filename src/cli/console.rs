//! The console a command was typed into.
//!
//! On Windows the client is a program with a window, so that no black console opens beside it; such a program begins without a
//! console even when it was started from one. What was redirected into a file or a pipe stays there.

/// Lets a command speak to the console it was typed into. Nothing to do where programs have their console anyway.
pub fn attach() {
    #[cfg(windows)]
    windows::attach();
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{AsHandle as _, AsRawHandle as _, BorrowedHandle};

    use winsafe::{AttachConsole, PidParent};

    pub(super) fn attach() {
        // The window needs none, and must not go down with a console that is closed.
        if std::env::args_os().len() < 2
            || is_there(std::io::stdout().as_handle())
            || is_there(std::io::stderr().as_handle())
        {
            return;
        }
        // Started from the Explorer or by another program: there is nobody to speak to.
        let _ = AttachConsole(PidParent::Parent);
    }

    /// A handle may be a number left over from who started us; only one that can be copied leads somewhere.
    fn is_there(handle: BorrowedHandle<'_>) -> bool {
        !handle.as_raw_handle().is_null() && handle.try_clone_to_owned().is_ok()
    }
}
