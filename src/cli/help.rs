//! Help pages in Japanese: clap writes its headings in English and hands no template down to subcommands.

use clap::{ArgAction, Command};

const PAGE: &str = "{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}";

/// The same command with Japanese headings, all the way down.
pub fn in_japanese(command: Command) -> Command {
    command
        .help_template(PAGE)
        .subcommand_help_heading("コマンド")
        .subcommand_value_name("コマンド")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .arg(clap::Arg::new("help").short('h').long("help").action(ArgAction::Help).help("この説明を出します"))
        .mut_args(|arg| {
            let heading = if arg.is_positional() { "引数" } else { "オプション" };
            arg.help_heading(heading)
        })
        .mut_subcommands(in_japanese)
}
