//! The word about a newer version that the hub hands out to its terminals.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;
use tayori::hub::home::Home;
use tayori::hub::release;
use tayori::release::{Keys, Release};
use tayori::wire::SignedRelease;

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// 署名つきの知らせ（scripts/release-note で作ったもの）を、端末に渡すようにします。動かしたままでかまいません
    Put {
        #[arg(value_name = "ファイル")]
        note: PathBuf,
    },
    /// いま渡している知らせを見ます
    Show,
    /// 渡すのをやめます（もう聞いた端末には残ります。取り消すには、前の版の知らせを新しく作って渡します）
    Remove,
}

pub fn run(home: &Home, command: &ReleaseCommand, now: Timestamp) -> anyhow::Result<()> {
    match command {
        ReleaseCommand::Put { note } => put(home, note, now),
        ReleaseCommand::Show => {
            match release::kept(home.dir()).context(UNREADABLE)? {
                Some(signed) => println!("{}", shown(&proven(&signed, now)?)),
                None => println!("新しい版の知らせはありません。"),
            }
            Ok(())
        }
        ReleaseCommand::Remove => {
            if release::remove(home.dir())
                .context("知らせを消せませんでした。フォルダに書き込めるかを確かめてください")?
            {
                home.note_release("remove-release", "", now)?;
                println!("新しい版の知らせを渡すのをやめました。");
            } else {
                println!("新しい版の知らせはありません。");
            }
            Ok(())
        }
    }
}

const UNREADABLE: &str =
    "知らせのファイルを読めませんでした。scripts/release-note で作ったファイルかを確かめてください";

fn put(home: &Home, note: &Path, now: Timestamp) -> anyhow::Result<()> {
    let signed = release::read(note).context(UNREADABLE)?;
    let release = proven(&signed, now)?;
    release::put(home.dir(), &signed)
        .context("知らせを置けませんでした。フォルダに書き込めるか、空きがあるかを確かめてください")?;
    home.note_release("put-release", &release.version.to_string(), now)?;
    println!("端末に渡します: {}", shown(&release));
    Ok(())
}

fn shown(release: &Release) -> String {
    format!("{} {}（{} に署名）", release.version, release.address, release.issued_at)
}

/// What a note says. This program may have been built without keys; the terminals have theirs.
fn proven(signed: &SignedRelease, now: Timestamp) -> anyhow::Result<Release> {
    let keys = Keys::built_in();
    if keys.is_empty() {
        eprintln!("この tayori-hub には署名を確かめる鍵が入っていません。端末が自分の鍵で確かめます。");
        return Release::unproven(signed).context(UNREADABLE);
    }
    keys.read(signed, now).or_else(|error| {
        bail!("この知らせは、端末が信じません（{error}）。署名した鍵と、作った日時を確かめてください。")
    })
}
