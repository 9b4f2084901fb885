//! A district's month of made-up files, written by `make_samples.py`, which shares no code with the program.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// The samples of one seed, in a folder that goes when this does.
pub struct Samples {
    folder: tempfile::TempDir,
}

/// One broken set and what must be found in it.
pub struct Broken {
    pub folder: PathBuf,
    pub rule: String,
    pub file: String,
    pub row: Option<u64>,
    pub field: Option<u16>,
}

impl Samples {
    pub fn of_seed(seed: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/make_samples.py");
        let run = Command::new("python3")
            .arg(script)
            .arg("--out")
            .arg(folder.path())
            .args(["--seed", &seed.to_string()])
            .output();
        match run {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                panic!(
                    "python3 writes the samples and is not there: install it (apt-get install python3) or run `make test`"
                )
            }
            Err(error) => panic!("python3 could not be started: {error}"),
            Ok(output) if !output.status.success() => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Ok(_) => Self { folder },
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// One folder per sender.
    pub fn good(&self) -> Vec<PathBuf> {
        folders(&self.path().join("good"))
    }

    pub fn broken(&self) -> Vec<Broken> {
        let read = |folder: PathBuf| {
            let text = fs::read_to_string(folder.join("expect.json")).expect("each broken set says what is wrong");
            let expect: serde_json::Value = serde_json::from_str(&text).expect("expect.json is JSON");
            let text = |name: &str| expect[name].as_str().unwrap_or_default().to_owned();
            let number = |name: &str| expect[name].as_u64();
            let field = number("field").and_then(|no| u16::try_from(no).ok());
            Broken { rule: text("rule"), file: text("file"), row: number("row"), field, folder }
        };
        folders(&self.path().join("bad")).into_iter().map(read).collect()
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(parent).expect("the samples are there").map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Names and bytes of all files of a folder but `expect.json`.
pub fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = folders(folder).into_iter().filter(|path| path.extension().is_none_or(|end| end != "json"));
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}
