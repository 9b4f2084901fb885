use proptest::prelude::*;

use super::*;
use crate::parcel::testing::{NORTH, SOUTH, now, number};

fn content(files: Vec<(&str, Vec<u8>)>) -> Content {
    let files = files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    Content::new(ParcelId::new(), number(NORTH), number(SOUTH), now(), "来月分です。\n".into(), files)
}

fn unpack(bytes: &[u8]) -> Result<Content, UnpackError> {
    Content::unpack(bytes, &Limits::default())
}

/// An archive no honest sender makes: the manifest is taken as it is, the entries are what we say.
fn hostile(manifest: &Manifest, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let manifest = serde_json::to_vec(manifest).unwrap();
    let entries = entries.iter().map(|(name, bytes)| (format!("{FOLDER}{name}"), *bytes));
    archive::write(std::iter::once((MANIFEST.to_owned(), manifest.as_slice())).chain(entries)).unwrap()
}

#[test]
fn a_content_comes_out_as_it_went_in() {
    let content = content(vec![("空.csv", vec![]), ("a.CSV", vec![7]), ("b.pdf", vec![0; 100_000])]);
    assert_eq!(unpack(&content.pack().unwrap()), Ok(content));
}

#[test]
fn the_packing_is_an_ordinary_zip_with_the_manifest_first() {
    let packed = content(vec![("利用票.csv", b"1,2".to_vec())]).pack().unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(packed)).unwrap();
    let names: Vec<_> = (0..zip.len()).map(|i| zip.by_index(i).unwrap().name().unwrap().into_owned()).collect();
    assert_eq!(names, ["manifest.json", "files/利用票.csv"]);
    let text = std::io::read_to_string(zip.by_index(1).unwrap()).unwrap();
    assert_eq!(text, "1,2");
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let content = content(vec![("a.csv", b"1".to_vec())]);
    assert_eq!(content.pack(), content.pack());
}

#[test]
fn a_field_of_a_later_version_is_ignored_and_a_later_version_is_not() {
    let content = content(vec![]);
    let mut json = serde_json::to_value(&content.manifest).unwrap();
    json["weather"] = "fine".into();
    let packed = |json: &serde_json::Value| {
        archive::write([(MANIFEST.to_owned(), json.to_string().as_bytes())].into_iter()).unwrap()
    };
    assert_eq!(unpack(&packed(&json)), Ok(content));
    json["version"] = 2.into();
    json["files"] = "another shape".into();
    assert_eq!(unpack(&packed(&json)), Err(UnpackError::Version { version: 2 }));
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK", b"hello, I am no archive at all, not even a bit", &[0; 22]] {
        assert!(matches!(unpack(bytes), Err(UnpackError::NotAParcel { .. })), "{bytes:?}");
    }
}

#[test]
fn an_archive_without_a_manifest_at_its_start_is_refused() {
    for entries in [vec![], vec!["files/a"], vec!["files/a", "manifest.json"]] {
        let packed = archive::write(entries.into_iter().map(|name| (name.to_owned(), &b"{}"[..]))).unwrap();
        assert_eq!(unpack(&packed), Err(UnpackError::NoManifest));
    }
}

#[test]
fn s12_names_that_do_harm_are_refused_on_both_sides() {
    use NameFault::{Edge, Empty, Invisible, Path, Reserved, TooLong};
    let long = "a".repeat(201);
    for (bad, fault) in [
        ("../../evil.csv", Path),
        ("/etc/passwd", Path),
        ("C:\\Windows\\a.csv", Path),
        ("C:a.csv", Path),
        ("a\\b.csv", Path),
        ("a\0b.csv", Invisible),
        ("a\u{1b}[2J.csv", Invisible),
        ("invoice\u{202E}vsc.exe", Invisible),
        ("CON", Reserved),
        ("nul.csv", Reserved),
        ("COM1.txt", Reserved),
        ("a.csv.", Edge),
        ("a.csv ", Edge),
        ("..", Edge),
        ("", Empty),
        (long.as_str(), TooLong),
    ] {
        let content = content(vec![(bad, b"x".to_vec())]);
        assert!(matches!(content.pack(), Err(PackError::Name { fault: found, .. }) if found == fault), "{bad:?}");
        let packed = hostile(&content.manifest, &[(bad, b"x")]);
        let refused = unpack(&packed).unwrap_err();
        assert!(matches!(&refused, UnpackError::Name { fault: found, .. } if *found == fault), "{bad:?}: {refused}");
        let shown = refused.to_string();
        assert!(!shown.contains(['\0', '\u{1b}', '\u{202E}']), "the message repeats what is hidden: {shown:?}");
    }
}

#[test]
fn s12_two_files_of_one_name_are_refused_on_both_sides() {
    for pair in [["a.csv", "a.csv"], ["a.csv", "A.CSV"], ["ａ.csv", "Ａ.csv"], ["ß.csv", "SS.csv"]] {
        let content = content(pair.map(|name| (name, b"x".to_vec())).to_vec());
        assert!(matches!(content.pack(), Err(PackError::Duplicate { .. })), "{pair:?}");
        let packed = hostile(&content.manifest, &[("a.csv", b"x")]);
        assert!(matches!(unpack(&packed), Err(UnpackError::Duplicate { .. })), "{pair:?}");
    }
}

#[test]
fn s12_one_name_twice_in_the_archive_is_refused() {
    let content = content(vec![("aa.csv", b"x".to_vec())]);
    let mut packed = hostile(&content.manifest, &[("aa.csv", b"x"), ("ab.csv", b"y")]);
    let places: Vec<usize> = packed.windows(6).enumerate().filter(|(_, w)| *w == b"ab.csv").map(|(i, _)| i).collect();
    for place in places {
        packed[place + 1] = b'a';
    }
    assert_eq!(unpack(&packed), Err(UnpackError::Duplicate { name: "files/aa.csv".into() }));
}

#[test]
fn s12_an_entry_with_two_names_is_refused() {
    let content = content(vec![("aa.csv", b"x".to_vec())]);
    let mut packed = hostile(&content.manifest, &[("aa.csv", b"x")]);
    let local = packed.windows(12).position(|w| w == b"files/aa.csv").unwrap();
    packed[local + 6] = b'b';
    assert!(matches!(unpack(&packed), Err(UnpackError::NotAParcel { .. })));
}

#[test]
fn s12_a_file_the_manifest_does_not_name_is_refused() {
    let content = content(vec![("a.csv", b"x".to_vec())]);
    let packed = hostile(&content.manifest, &[("a.csv", b"x"), ("b.exe", b"y")]);
    assert_eq!(unpack(&packed), Err(UnpackError::Unlisted { name: "files/b.exe".into() }));
}

#[test]
fn s12_a_file_that_is_missing_is_refused() {
    let content = content(vec![("a.csv", b"x".to_vec()), ("b.csv", b"y".to_vec())]);
    let packed = hostile(&content.manifest, &[("a.csv", b"x")]);
    assert_eq!(unpack(&packed), Err(UnpackError::Missing { name: "b.csv".into() }));
}

#[test]
fn s12_bytes_that_do_not_fit_the_manifest_are_refused() {
    let content = content(vec![("a.csv", b"1,2,3".to_vec())]);
    let differs = Err(UnpackError::Differs { name: "a.csv".into() });
    for other in [&b"1,2,4"[..], b"1,2", b"1,2,3,4", b""] {
        assert_eq!(unpack(&hostile(&content.manifest, &[("a.csv", other)])), differs);
    }
    let mut lying = content.manifest.clone();
    for size in [4, 6] {
        lying.files[0].size = size;
        assert_eq!(unpack(&hostile(&lying, &[("a.csv", b"1,2,3")])), differs);
    }
    lying.files[0] = FileEntry { sha256: String::new(), ..content.manifest.files[0].clone() };
    assert_eq!(unpack(&hostile(&lying, &[("a.csv", b"1,2,3")])), differs);
}

#[test]
fn s12_a_bomb_is_put_down_one_byte_past_what_the_manifest_allows() {
    let bomb = vec![0u8; 20 * 1024 * 1024];
    let content = content(vec![("a.csv", vec![0; 100])]);
    let packed = hostile(&content.manifest, &[("a.csv", &bomb)]);
    assert!(packed.len() < 100_000, "it is small outside: {}", packed.len());
    assert_eq!(unpack(&packed), Err(UnpackError::Differs { name: "a.csv".into() }));
    let archive = Archive::open(&packed, 10).unwrap();
    assert!(matches!(archive.read("files/a.csv", 100), Err(UnpackError::Differs { .. })));
}

#[test]
fn s12_a_manifest_that_is_a_bomb_is_refused() {
    let spaces = vec![b' '; 5 * 1024 * 1024];
    let packed = archive::write([(MANIFEST.to_owned(), spaces.as_slice())].into_iter()).unwrap();
    let limit = Limits::default().manifest_bytes;
    assert_eq!(unpack(&packed), Err(UnpackError::TooLarge { what: MANIFEST.into(), limit }));
}

#[test]
fn s12_sizes_beyond_the_limits_are_refused_before_anything_is_unpacked() {
    let mut manifest = content(vec![("a.csv", vec![]), ("b.csv", vec![]), ("c.csv", vec![])]).manifest;
    manifest.files[0].size = u64::MAX;
    assert!(matches!(unpack(&hostile(&manifest, &[])), Err(UnpackError::TooLarge { what, .. }) if what == "a.csv"));
    let limits = Limits { file_bytes: u64::MAX, ..Limits::default() };
    manifest.files[1].size = u64::MAX; // the sum must not wrap around
    let refused = Content::unpack(&hostile(&manifest, &[]), &limits);
    assert!(matches!(refused, Err(UnpackError::TooLarge { what, .. }) if what == "all files"));
    let limits = Limits { packed_bytes: 10, ..Limits::default() };
    let packed = content(vec![]).pack().unwrap();
    assert!(matches!(Content::unpack(&packed, &limits), Err(UnpackError::TooLarge { limit: 10, .. })));
}

#[test]
fn s12_a_million_entries_are_refused_by_their_number() {
    let limit = Limits::default().files;
    let names: Vec<String> = (0..limit + 1).map(|i| format!("{i}.csv")).collect();
    let many = content(names.iter().map(|name| (name.as_str(), vec![])).collect());
    assert_eq!(many.pack(), Err(PackError::TooManyFiles { count: limit + 1, limit }));
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let packed = hostile(&content(vec![]).manifest, &entries);
    assert!(matches!(unpack(&packed), Err(UnpackError::TooManyFiles { .. })));
    assert!(matches!(unpack(&hostile(&many.manifest, &[])), Err(UnpackError::TooManyFiles { .. })));
    // A directory that claims a number it does not have, and ZIP64's way to claim any.
    let mut packed = content(vec![]).pack().unwrap();
    let count = packed.len() - 14;
    for claimed in [7u16, u16::MAX] {
        packed[count..count + 2].copy_from_slice(&claimed.to_le_bytes());
        packed[count + 2..count + 4].copy_from_slice(&claimed.to_le_bytes());
        assert!(matches!(unpack(&packed), Err(UnpackError::NotAParcel { .. })), "{claimed}");
    }
}

#[test]
fn a_message_of_a_hundred_thousand_characters_passes_and_one_more_does_not() {
    let mut content = content(vec![]);
    content.manifest.message = "あ".repeat(100_000);
    assert_eq!(unpack(&content.pack().unwrap()), Ok(content.clone()));
    content.manifest.message.push('。');
    assert_eq!(content.pack(), Err(PackError::MessageTooLong { chars: 100_001, limit: 100_000 }));
    let packed = hostile(&content.manifest, &[]);
    assert_eq!(unpack(&packed), Err(UnpackError::MessageTooLong { chars: 100_001, limit: 100_000 }));
}

#[test]
fn a_manifest_that_does_not_fit_is_not_packed() {
    let good = content(vec![("a.csv", b"x".to_vec())]);
    let changed = Content { files: vec![b"y".to_vec()], ..good.clone() };
    let fewer = Content { files: vec![], ..good };
    for content in [changed, fewer] {
        assert_eq!(content.pack(), Err(PackError::ManifestDiffers));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d14_any_files_come_out_as_they_went_in(
        // None of the names that Windows keeps for its devices (con, nul, …) begins with an f.
        files in proptest::collection::btree_map("f[a-z]{0,7}\\.csv", proptest::collection::vec(any::<u8>(), 0..2000), 0..6),
        message in ".{0,80}",
    ) {
        let files = files.into_iter().collect();
        let content = Content::new(ParcelId::new(), number(NORTH), number(SOUTH), now(), message, files);
        prop_assert_eq!(unpack(&content.pack().unwrap()), Ok(content));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(unpack(&bytes).is_err());
    }

    #[test]
    fn a_damaged_archive_never_panics_and_never_lies(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let content = content(vec![("a.csv", b"1,2,3".repeat(20)), ("b.csv", vec![])]);
        let mut packed = content.pack().unwrap();
        let at = at.index(packed.len());
        packed[at] = to;
        if let Ok(found) = unpack(&packed) {
            prop_assert_eq!(found.files, content.files);
        }
    }
}
