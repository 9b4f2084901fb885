//! How many files and sockets the system lets this process have open at once.

/// Takes as many as the system gives without asking anybody, and says how many that are; `None` where there is no limit
/// that can be asked for.
#[cfg(unix)]
pub fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// See above; Windows gives sockets until its memory is full.
#[cfg(not(unix))]
pub fn raise() -> Option<u64> {
    None
}
