//! Asks a person, or the program that runs us: names openly, secrets without showing them.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::wire::Secret;

/// The password of programs that have nobody to ask.
pub const PASSWORD: &str = "TAYORI_PASSWORD";
/// The same for a password that is to be set, where the one above is needed as well.
pub const NEW_PASSWORD: &str = "TAYORI_NEW_PASSWORD";

/// Whether what is typed is typed once more: a new password that nobody knows is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Once,
    Twice,
}

/// A secret: from the environment where it is there, else typed without being shown, else the next line of the input.
pub fn secret(prompt: &str, variable: &str, typed: Typed) -> io::Result<Secret> {
    if let Some(value) = std::env::var_os(variable) {
        return value.into_string().map(Secret::new).map_err(|_| invalid("文字として読めません"));
    }
    if !io::stdin().is_terminal() {
        return line().map(Secret::new);
    }
    let first = Secret::new(rpassword::prompt_password(format!("{prompt}: "))?);
    if typed == Typed::Twice && Secret::new(rpassword::prompt_password(format!("{prompt}（もう一度）: "))?) != first
    {
        return Err(invalid("2回の入力がちがいます"));
    }
    Ok(first)
}

/// A name: typed, or the next line of the input.
pub fn name(prompt: &str, offered: Option<&str>) -> io::Result<String> {
    if io::stdin().is_terminal() {
        match offered {
            Some(offered) => eprint!("{prompt}（{offered}）: "),
            None => eprint!("{prompt}: "),
        }
        io::stderr().flush()?;
    }
    let typed = line()?;
    Ok(match (typed.trim(), offered) {
        ("", Some(offered)) => offered.to_owned(),
        (typed, _) => typed.to_owned(),
    })
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
