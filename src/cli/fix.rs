//! `tayori fix`: shows what can be put right, and writes a repaired copy beside the file when told to.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::check::{Outcome, read_whole, sentence};
use crate::standard::ServiceType;
use crate::standard::repair::{Offer, Repaired, Wishes, apply, offers};

/// Where copies go, beside the file.
const FOLDER: &str = "修正済み";

/// 直せるところを前後を並べて見せ、直した写しを作ります（元のファイルはそのまま残ります）
///
/// --apply を付けないと見せるだけです。写しはファイルの隣の「修正済み」フォルダーに、正しい名前で書きます。
#[derive(Debug, clap::Args)]
pub struct FixArgs {
    /// 直すファイル（いくつでも）
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// 写しを書く
    #[arg(long)]
    pub apply: bool,
    /// この番号の直しは行わない（例 --except 2,5）
    #[arg(long, value_delimiter = ',', value_name = "N")]
    pub except: Vec<usize>,
    /// ファイル名の送信元のサービス種類コードをこれにする
    #[arg(long, value_name = "CODE")]
    pub sender_service: Option<ServiceType>,
    /// ファイル名の送信先のサービス種類コードをこれにする
    #[arg(long, value_name = "CODE")]
    pub receiver_service: Option<ServiceType>,
    /// 行のサービス種類コードを直す（例 33=27）
    #[arg(long, value_parser = change, value_name = "OLD=NEW")]
    pub row_service: Vec<(ServiceType, ServiceType)>,
    /// 写しを書くフォルダー
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

fn change(text: &str) -> Result<(ServiceType, ServiceType), String> {
    let (old, new) = text.split_once('=').ok_or("OLD=NEW の形で書いてください")?;
    let service = |text: &str| text.parse().map_err(|error| format!("{error}"));
    Ok((service(old)?, service(new)?))
}

impl FixArgs {
    pub fn run(&self, out: &mut dyn Write) -> io::Result<Outcome> {
        let mut outcome = Outcome::Fine;
        for path in &self.paths {
            if self.fix(path, out)? == Outcome::Troubled {
                outcome = Outcome::Troubled;
            }
        }
        Ok(outcome)
    }

    fn wishes(&self) -> Wishes {
        let row_services = self.row_service.clone();
        Wishes { sender_service: self.sender_service, receiver_service: self.receiver_service, row_services }
    }

    fn fix(&self, path: &Path, out: &mut dyn Write) -> io::Result<Outcome> {
        writeln!(out, "{}", path.display())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = match read_whole(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                writeln!(out, "  {}。", sentence(&error))?;
                return Ok(Outcome::Troubled);
            }
        };
        let offered = offers(&name, &bytes, &self.wishes());
        write_offers(&offered, &self.except, out)?;
        if offered.is_empty() || !self.apply {
            return Ok(Outcome::Fine);
        }
        let chosen: Vec<Offer> = offered
            .into_iter()
            .zip(1..)
            .filter(|(_, number)| !self.except.contains(number))
            .map(|(offer, _)| offer)
            .collect();
        self.write_copy(path, &apply(&name, &bytes, &chosen), out)
    }

    fn write_copy(&self, path: &Path, repaired: &Repaired, out: &mut dyn Write) -> io::Result<Outcome> {
        if !repaired.left.is_empty() {
            writeln!(out, "  シフトJISにない文字が残るので、写しは作りませんでした。介護ソフトで直してください。")?;
            for left in &repaired.left {
                writeln!(
                    out,
                    "    {}行目 項目{} 「{}」（U+{:04X}）",
                    left.row,
                    left.field,
                    left.char,
                    u32::from(left.char)
                )?;
            }
            return Ok(Outcome::Troubled);
        }
        let beside = || path.parent().unwrap_or(Path::new("")).join(FOLDER);
        let folder = self.out.clone().unwrap_or_else(beside);
        let to = folder.join(&repaired.name);
        match fs::create_dir_all(&folder).and_then(|()| write_new(&to, &repaired.bytes)) {
            Ok(()) => writeln!(out, "  写しを書きました: {}", to.display()).map(|()| Outcome::Fine),
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::AlreadyExists => "同じ名前のファイルがもうあります".to_owned(),
                    _ => sentence(&error),
                };
                writeln!(out, "  写しを書けませんでした: {}: {why}。", to.display())?;
                Ok(Outcome::Troubled)
            }
        }
    }
}

fn write_offers(offers: &[Offer], except: &[usize], out: &mut dyn Write) -> io::Result<()> {
    if offers.is_empty() {
        return writeln!(out, "  直すところはありません。");
    }
    for (offer, number) in offers.iter().zip(1..) {
        let row = offer.row.map(|row| format!(" {row}行目")).unwrap_or_default();
        let field = offer.field.map(|no| format!(" 項目{no}")).unwrap_or_default();
        let skipped = if except.contains(&number) { "（直しません）" } else { "" };
        let (what, before, after) = (offer.repair.name_ja(), &offer.before, &offer.after);
        writeln!(out, "  {number:>3}. {what}{row}{field}: {before} → {after}{skipped}")?;
    }
    Ok(())
}

/// Never over an existing file; half a copy does not stay.
fn write_new(to: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(to)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // The copy is broken already; that it could not be removed either changes nothing for the caller.
        let _ = fs::remove_file(to);
    }
    written
}
