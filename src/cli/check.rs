//! `tayori check`: judges files and folders together and says what was found, to people or to programs.
//!
//! Exit code 1 means at least one error; warnings and notes alone end with 0.

use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use crate::held::{self, Held};
use crate::standard::{
    Checked, CheckedFile, CheckedSet, FileChecker, Finding, Judged, Kind, Known, OfficeNumber, Severity, Summary, judge,
};

/// Folders within folders are followed so deep.
const DEEPEST: usize = 16;

/// ファイルやフォルダーを標準仕様に照らして検査します
///
/// フォルダーを指定すると、その中のCSVと家族構成の画像をまとめて検査し、同じ連番のファイルどうしの組み合わせも見ます。
/// 誤りが一つでもあれば終了コード1、注意とお知らせだけなら0です。
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// 検査するファイルまたはフォルダー（いくつでも）
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// 出力の形: text（人が読む）または json（プログラムが読む）
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// この事業所番号から送るものとして検査します（送信元が違えば誤り）
    #[arg(long = "as", value_name = "OFFICE")]
    pub as_office: Option<OfficeNumber>,
}

impl CheckArgs {
    pub fn run(&self, out: &mut dyn Write) -> io::Result<Outcome> {
        run(&self.paths, &CheckOptions { format: self.format, as_office: self.as_office }, out)
    }
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// How to check and what to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    pub format: Format,
    pub as_office: Option<OfficeNumber>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Fine,
    /// Errors were found, or something did not work and was said.
    Troubled,
}

impl Outcome {
    /// The program's exit code.
    pub fn code(self) -> u8 {
        match self {
            Outcome::Fine => 0,
            Outcome::Troubled => 1,
        }
    }
}

/// Checks everything under these paths together.
pub fn run(paths: &[PathBuf], options: &CheckOptions, out: &mut dyn Write) -> io::Result<Outcome> {
    let known = Known { office: options.as_office, ..Known::default() };
    let mut found: Vec<(PathBuf, Judged)> = Vec::new();
    for path in paths {
        gather(path, Asked::ByName, DEEPEST, &known, &mut found);
    }
    let (paths, judged): (Vec<PathBuf>, Vec<Judged>) = found.into_iter().unzip();
    let checked = judge(judged, &known);
    match options.format {
        Format::Text => write_text(&paths, &checked, out)?,
        Format::Json => write_json(&paths, &checked, out)?,
    }
    Ok(if checked.summary().errors > 0 { Outcome::Troubled } else { Outcome::Fine })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByName,
    /// Found in a folder: other files lying there are nobody's business.
    InFolder,
}

fn gather(path: &Path, asked: Asked, depth: usize, known: &Known<'_>, found: &mut Vec<(PathBuf, Judged)>) {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let is_folder = fs::metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let is_link = asked == Asked::InFolder && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if is_folder && !is_link {
        match entries(path) {
            Ok(entries) if depth > 0 => {
                entries.iter().for_each(|entry| gather(entry, Asked::InFolder, depth - 1, known, found));
            }
            Ok(_) => found.push((
                path.to_owned(),
                Judged::unreadable(&name, "フォルダーが深すぎるので、ここから先は見ていません"),
            )),
            Err(error) => found.push((path.to_owned(), Judged::unreadable(&name, &sentence(&error)))),
        }
    } else if !is_folder && (asked == Asked::ByName || is_ours(&name)) {
        let judged = judge_file(path, &name, known);
        found.push((path.to_owned(), judged.unwrap_or_else(|error| Judged::unreadable(&name, &sentence(&error)))));
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

fn is_ours(name: &str) -> bool {
    let csv = name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("csv"));
    csv || name.starts_with(Kind::FamilyPicture.prefix())
}

/// Reads a file piece by piece; one that changes meanwhile is not judged.
fn judge_file(path: &Path, name: &str, known: &Known<'_>) -> io::Result<Judged> {
    let file = File::open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Ok(Judged::unreadable(name, "普通のファイルではありません"));
    }
    let judged = FileChecker::new(name, known).read_from(&file)?;
    let after = file.metadata()?;
    let same = before.len() == after.len() && before.modified().ok() == after.modified().ok();
    Ok(if same { judged } else { Judged::unreadable(name, "読んでいる間に内容が変わりました") })
}

/// What went wrong, without the full stop.
/// What is shown or repaired is held whole; no file of the standard comes near this size. `check` has no such limit.
const LARGEST_HELD: u64 = 64 * 1024 * 1024;

/// Reads a file that is to be held whole.
pub(crate) fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_HELD + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_HELD { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

pub(crate) fn sentence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::FileTooLarge => "64MBを超えるので開けません。検査だけなら tayori check でできます".to_owned(),
        io::ErrorKind::NotFound => "ファイルが見つかりません".to_owned(),
        io::ErrorKind::PermissionDenied => "開く権限がないか、ほかのソフトが使っています".to_owned(),
        io::ErrorKind::IsADirectory => "ファイルではなくフォルダーです".to_owned(),
        _ => match error.raw_os_error().filter(|_| cfg!(windows)).and_then(held::of_windows) {
            Some(Held::ByProgram) => "ほかのソフトが使っています".to_owned(),
            Some(Held::ByCloud) => "OneDrive などのクラウドにあり、いまは読み出せません".to_owned(),
            None => format!("読めません（{error}）"),
        },
    }
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "誤り",
        Severity::Warning => "注意",
        Severity::Note => "お知らせ",
    }
}

fn write_text(paths: &[PathBuf], checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let mut quiet = 0;
    for (path, file) in paths.iter().zip(&checked.files) {
        if file.findings.is_empty() {
            quiet += 1;
            continue;
        }
        let kind = file.kind.map_or("種類の分からないファイル", Kind::name);
        writeln!(out, "{}", path.display())?;
        writeln!(out, "  {kind}　{}行", file.rows)?;
        write_findings(&file.findings, out)?;
    }
    for set in checked.sets.iter().filter(|set| !set.findings.is_empty()) {
        writeln!(out, "連番 {} → {}（{}ファイル）", set.serial, set.receiver, set.files.len())?;
        write_findings(&set.findings, out)?;
    }
    let Summary { errors, warnings, notes } = checked.summary();
    let (files, sets) = (checked.files.len(), checked.sets.len());
    writeln!(out, "{files}ファイル（{sets}組）を検査しました。問題のないファイル: {quiet}")?;
    writeln!(out, "誤り {errors}　注意 {warnings}　お知らせ {notes}")
}

/// So many findings of one rule are spelled out for people; programs get them all.
const SPELLED_OUT: usize = 5;

/// Worst first, rule by rule, the hint once for each.
fn write_findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.rule.id()));
    for same in sorted.chunk_by(|one, other| one.severity == other.severity && one.rule == other.rule) {
        for finding in same.iter().take(SPELLED_OUT) {
            writeln!(out, "  [{}] {}{}", severity_word(finding.severity), place(finding), finding.message)?;
        }
        if let Some(more) = same.len().checked_sub(SPELLED_OUT).filter(|more| *more > 0) {
            writeln!(out, "      ほかに{more}件あります。")?;
        }
        if let Some(first) = same.first() {
            writeln!(out, "      → {}（{}）", first.hint, first.rule.id())?;
        }
    }
    writeln!(out)
}

fn place(finding: &Finding) -> String {
    let row = finding.row.map(|row| format!("{row}行目 "));
    let name = finding.field_name.as_deref().unwrap_or_default();
    let field = finding.field.map(|no| format!("項目{no}「{name}」 "));
    format!("{}{}", row.unwrap_or_default(), field.unwrap_or_default())
}

#[derive(serde::Serialize)]
struct Report<'a> {
    files: Vec<FileReport<'a>>,
    sets: Vec<SetReport<'a>>,
    summary: Summary,
}

#[derive(serde::Serialize)]
struct FileReport<'a> {
    path: String,
    kind: Option<&'static str>,
    rows: u64,
    findings: Vec<FindingReport<'a>>,
}

#[derive(serde::Serialize)]
struct SetReport<'a> {
    receiver: OfficeNumber,
    serial: &'a str,
    unit: Option<String>,
    files: &'a [String],
    findings: Vec<FindingReport<'a>>,
}

#[derive(serde::Serialize)]
struct FindingReport<'a> {
    rule: &'a str,
    severity: Severity,
    row: Option<u64>,
    field: Option<u16>,
    field_name: Option<&'a str>,
    message: &'a str,
    hint: &'a str,
}

impl<'a> From<&'a Finding> for FindingReport<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule.id(),
            severity: finding.severity,
            row: finding.row,
            field: finding.field,
            field_name: finding.field_name.as_deref(),
            message: &finding.message,
            hint: &finding.hint,
        }
    }
}

fn write_json(paths: &[PathBuf], checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let file = |(path, file): (&PathBuf, &'_ CheckedFile)| {
        (path.display().to_string(), file.kind.map(Kind::prefix), file.rows)
    };
    let files = paths.iter().zip(&checked.files).map(|pair| {
        let (path, kind, rows) = file(pair);
        FileReport { path, kind, rows, findings: pair.1.findings.iter().map(Into::into).collect() }
    });
    let sets = checked.sets.iter().map(|set: &CheckedSet| SetReport {
        receiver: set.receiver,
        serial: set.serial.as_str(),
        unit: set.unit.map(|unit| unit.to_string()),
        files: &set.files,
        findings: set.findings.iter().map(Into::into).collect(),
    });
    let report = Report { files: files.collect(), sets: sets.collect(), summary: checked.summary() };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}
