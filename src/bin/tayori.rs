//! The client: the window by default, commands otherwise.

// No console opens beside the window; commands speak to the one they were typed into.
#![cfg_attr(windows, windows_subsystem = "windows")]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use tayori::cli::{Cli, console};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    console::attach();
    let cli = Cli::read();
    // What happened goes to standard error; `TAYORI_LOG` says how much of it. Never cell contents, names or keys. Without
    // it, only what somebody should act on: the commands say the rest in sentences of their own.
    let filter = EnvFilter::try_from_env("TAYORI_LOG")
        .unwrap_or_else(|_| EnvFilter::new("error,tayori::cli=off,rustls_platform_verifier=off"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(1)
        }
    }
}
