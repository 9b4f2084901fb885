//! V2 and V5: what a check says is the same at both ends, and an attachment is what its bytes are.

use jiff::Timestamp;
use tayori::engine::exchange::{Exchange, Round};
use tayori::history::NewOutgoing;
use tayori::parcel::{Content, ParcelId};
use tayori::standard::{Checked, Input, Known, check};

use crate::world::{Chance, NORTH, Office, SOUTH, Town, files_in, report, report_name};
use crate::{end_of, noise};

type Files = Vec<(String, Vec<u8>)>;

/// What a sender's check says that knows its own office and nothing of others.
fn judged(files: &Files, office: &Office) -> Checked {
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    check(&inputs, &Known { office: Some(office.number()), ..Known::of_a_parcel() })
}

/// Puts files into the outbox whatever the check says, as a program of somebody else's might.
fn send(end: &mut Exchange, from: &Office, to: &Office, files: Files, now: Timestamp) -> (ParcelId, Checked) {
    let (id, checked) = (ParcelId::new(), judged(&files, from));
    let content = Content::new(id, from.number(), to.number(), now, String::new(), files);
    let parcel = NewOutgoing {
        content,
        partner_name: to.person.name.to_owned(),
        subjects: Vec::new(),
        checked: checked.clone(),
    };
    end.terminal.history.queue(&[parcel], now).unwrap();
    (id, checked)
}

/// A report of north's with something wrong at a place of chance.
fn damaged(number: usize, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = report(number);
    for _ in 0..chance.between(0, 3) {
        let at = usize::try_from(chance.between(0, bytes.len() as u64 - 1)).unwrap();
        match chance.between(0, 4) {
            0 => bytes[at] = chance.next() as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 => bytes.splice(at..at, *b",\"").for_each(drop),
            _ => bytes[at] = b'9',
        }
    }
    bytes
}

#[test]
fn v2_sender_and_receiver_judge_alike() {
    const PARCELS: usize = 80;
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (mut sender, mut receiver, now) = (end_of(&north), end_of(&south), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    let mut chance = Chance::of(22);
    let sent: Vec<(ParcelId, Checked)> = (0..PARCELS)
        .map(|n| {
            let mut files = vec![(report_name(n), damaged(n, &mut chance))];
            if chance.between(0, 2) == 0 {
                let ending = ["pdf", "png", "txt", "zip", "CSV"][usize::try_from(chance.between(0, 4)).unwrap()];
                files.push((format!("添付{n}.{ending}"), noise(500, chance.next())));
            }
            if chance.between(0, 3) == 0 {
                files.push((report_name(n + PARCELS), report(n)));
            }
            send(&mut sender, &north, &south, files, now)
        })
        .collect();
    sender.send_due(now, &mut Round::default()).unwrap();
    receiver.round(now, &mut Round::default()).unwrap();
    let mut findings = 0;
    for (id, said) in &sent {
        let heard = receiver.terminal.history.parcel(*id).unwrap().unwrap().checked;
        assert_eq!(heard, *said, "{id}");
        findings += heard.findings().count();
    }
    assert!(findings > PARCELS, "there was something to say: {findings}");
}

/// What a file of each kind begins with.
const KINDS: [(&str, &[u8]); 9] = [
    ("pdf", b"%PDF-1.7\n1 0 obj"),
    ("jpg", b"\xFF\xD8\xFF\xE0\0\x10JFIF\0"),
    ("jpeg", b"\xFF\xD8\xFF\xE1\0\x10Exif\0"),
    ("png", b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR"),
    ("gif", b"GIF89a\x01\0\x01\0\0"),
    ("txt", b"\x89\xEE\x8C\xEC\r\n"),
    ("exe", b"MZ\x90\0\x03\0\0\0"),
    ("docx", b"PK\x03\x04\x14\0[Content_Types].xml"),
    ("zip", b"PK\x03\x04\x14\0\0\0"),
];

/// Whether a file of the one kind may go under the ending of the other.
fn fits(kind: &str, ending: &str) -> bool {
    let is_jpeg = |name: &str| matches!(name, "jpg" | "jpeg");
    let may_go = !matches!(ending, "exe" | "docx" | "zip");
    // The marks of a PDF are letters and so a text as well.
    may_go && (kind == ending || is_jpeg(kind) && is_jpeg(ending) || (kind, ending) == ("pdf", "txt"))
}

#[test]
fn v5_attachments_are_judged_by_their_bytes_and_what_is_renamed_is_told_and_not_delivered() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (mut sender, mut receiver, now) = (end_of(&north), end_of(&south), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    let files: Files = KINDS
        .iter()
        .enumerate()
        .flat_map(|(a, (kind, bytes))| {
            KINDS.iter().enumerate().map(move |(b, (ending, _))| {
                let ending = if (a + b) % 2 == 0 { (*ending).to_owned() } else { ending.to_uppercase() };
                (format!("{kind}の中身.{ending}"), bytes.to_vec())
            })
        })
        .collect();
    let (id, said) = send(&mut sender, &north, &south, files.clone(), now);
    let told_apart = |name: &str| {
        let (kind, ending) = name.split_once("の中身.").unwrap();
        !fits(kind, &ending.to_lowercase())
    };
    for file in &said.files {
        let found: Vec<&str> = file.findings.iter().map(|finding| finding.rule.id()).collect();
        let expected = if told_apart(&file.name) { vec!["attachment-type"] } else { vec![] };
        assert_eq!(found, expected, "{}", file.name);
        assert!(file.findings.iter().all(|finding| !finding.message.is_empty() && !finding.hint.is_empty()));
    }
    // A careful sender's own program does not let them go.
    let folder = north.outgoing.join("renamed");
    std::fs::create_dir_all(&folder).unwrap();
    crate::world::write_settled(&folder.join("手紙.pdf"), KINDS[6].1);
    crate::world::write_settled(&folder.join(report_name(0)), &report(0));
    let run = north.run(&["send", crate::world::text(&folder)]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("手紙.pdf") || run.stdout.contains("手紙.pdf"), "{run:?}");

    // One that is not careful sends all of it.
    sender.send_due(now, &mut Round::default()).unwrap();
    let mut round = Round::default();
    receiver.round(now, &mut round).unwrap();
    assert_eq!(round.received, 1);
    let heard = receiver.terminal.history.parcel(id).unwrap().unwrap();
    assert_eq!(heard.checked, said, "the receiver is told the same");
    assert!(heard.line.errors > 0);
    let mut expected: Files = files.into_iter().filter(|(name, _)| !told_apart(name)).collect();
    expected.sort();
    assert_eq!(files_in(&south.import), expected, "what is what it says is in the folder, and nothing else");
    assert!(heard.files.len() > expected.len(), "the rest can be seen and saved");
}
