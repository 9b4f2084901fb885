use jiff::civil::datetime;
use proptest::prelude::*;

use super::*;

const CENTRE: &str = "3170000019";
const US: &str = "3191000017";
const PROVIDER: &str = "3171000048";

fn name(kind: &str, from: (&str, &str), to: (&str, &str), serial: &str) -> String {
    format!("{kind}_{}_{}_{}_{}_{serial}.CSV", from.0, from.1, to.0, to.1)
}

fn from_centre(kind: &str, serial: &str) -> String {
    name(kind, (CENTRE, "46"), (US, "43"), serial)
}

fn picture(branch: u16) -> String {
    format!("UPKIHON_IMAGE_{CENTRE}_46_{US}_43_20260401090000_{branch:04}.jpg")
}

fn person(number: usize) -> PersonKey {
    PersonKey { insurer: "312025".into(), insured: format!("31000000{number:02}") }
}

/// A file with a row for each person, quoted and closed as a vendor might.
fn table(kind: Kind, rows: &[(usize, Vec<(u16, String)>)]) -> Vec<u8> {
    let fields = kind.layout().unwrap().fields.len();
    let row = |(number, more): &(usize, Vec<(u16, String)>)| {
        let mut row = vec![String::new(); fields];
        let key = person(*number);
        for (no, text) in [(1, "202407".to_owned()), (2, key.insurer), (3, key.insured)].iter().chain(more) {
            row[usize::from(*no) - 1].clone_from(text);
        }
        row
    };
    Table::compose(kind, rows.iter().map(row)).unwrap().write()
}

fn to_provider() -> Address {
    Address {
        sender: US.parse().unwrap(),
        sender_service: "43".parse().unwrap(),
        receiver: PROVIDER.parse().unwrap(),
        receiver_service: "11".parse().unwrap(),
    }
}

fn serials() -> Serials {
    Serials::after(datetime(2026, 5, 1, 10, 0, 0, 0), None)
}

#[test]
fn only_chosen_persons_go_and_their_records_stay_byte_for_byte() {
    let info = table(Kind::BasicInfo, &[(1, vec![(62, picture(1))]), (2, vec![(62, picture(2))])]);
    let day = table(Kind::BasicInfoDay, &[(1, vec![(5, "6:00\r\n起床".into())]), (2, vec![(5, "7:00".into())])]);
    let files = vec![
        (from_centre("UPKIHON", "20260401090000"), info.clone()),
        (from_centre("UPKIHON_SUB1", "20260401090000"), day.clone()),
        (picture(1), b"one".to_vec()),
        (picture(2), b"two".to_vec()),
        ("お手紙.pdf".into(), b"%PDF-".to_vec()),
    ];
    let chosen = BTreeSet::from([person(1)]);
    let sent = readdress(Way::ToProvider, &files, &chosen, &to_provider(), &mut serials()).unwrap();
    let names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
    let new_picture = format!("UPKIHON_IMAGE_{US}_43_{PROVIDER}_11_20260501100000_0001.jpg");
    assert_eq!(
        names,
        [
            &name("UPKIHON", (US, "43"), (PROVIDER, "11"), "20260501100000"),
            &name("UPKIHON_SUB1", (US, "43"), (PROVIDER, "11"), "20260501100000"),
            &new_picture,
        ]
    );
    assert_eq!(sent[1].1, table(Kind::BasicInfoDay, &[(1, vec![(5, "6:00\r\n起床".into())])]));
    assert_eq!(sent[0].1, table(Kind::BasicInfo, &[(1, vec![(62, new_picture)])]), "one field alone is another");
    assert_eq!(sent[2].1, b"one");

    let everybody = persons(Way::ToProvider, &files);
    assert_eq!(everybody, [person(1), person(2)]);
    let all = readdress(Way::ToProvider, &files, &everybody.into_iter().collect(), &to_provider(), &mut serials());
    assert_eq!(all.unwrap()[1].1, day, "the whole file is the same bytes");
}

#[test]
fn plan_and_actuals_go_back_under_serials_of_their_own() {
    let plan = |kind: &str| name(&format!("{kind}_202605"), (US, "43"), (PROVIDER, "11"), "20260425173001");
    let report = name("UPJSK_202605", (PROVIDER, "11"), (US, "43"), "20260605090000");
    let files = vec![
        (report, table(Kind::Actuals, &[(1, vec![]), (3, vec![])])),
        (plan("UPPLAN"), table(Kind::Provision, &[(1, vec![]), (2, vec![])])),
        (plan("UPHOSOKU"), table(Kind::Supplement, &[(1, vec![]), (2, vec![])])),
    ];
    let to_centre =
        Address { receiver: CENTRE.parse().unwrap(), receiver_service: "46".parse().unwrap(), ..to_provider() };
    let chosen = BTreeSet::from([person(1)]);
    let sent = readdress(Way::ToCentre, &files, &chosen, &to_centre, &mut serials()).unwrap();
    let names: Vec<&str> = sent.iter().map(|(name, _)| name.as_str()).collect();
    let new = |kind: &str, serial: &str| name(&format!("{kind}_202605"), (US, "43"), (CENTRE, "46"), serial);
    // The older serial first.
    assert_eq!(
        names,
        [new("UPPLAN", "20260501100000"), new("UPHOSOKU", "20260501100000"), new("UPJSK", "20260501100001")]
    );
    for (_, bytes) in &sent {
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1, "one person, one record");
    }
    let nobody = BTreeSet::from([person(9)]);
    let refused = readdress(Way::ToCentre, &files, &nobody, &to_centre, &mut serials());
    assert_eq!(refused, Err(EntrustError::Nobody));
    // 実績 does not go to a provider, and 基本情報 not back.
    assert_eq!(persons(Way::ToProvider, &files), []);
}

#[test]
fn serials_go_on_after_the_last_and_never_back() {
    let now = datetime(2026, 5, 1, 23, 59, 59, 0);
    let mut serials = Serials::after(now, Some("20260425000000".parse().unwrap()));
    let taken: Vec<String> = (0..2).filter_map(|_| serials.take()).map(|serial| serial.to_string()).collect();
    assert_eq!(taken, ["20260501235959", "20260502000000"]);
    let mut ahead = Serials::after(now, Some("20271231235959".parse().unwrap()));
    assert_eq!(ahead.take().unwrap().as_str(), "20280101000000");
    let mut no_time = Serials::after(now, Some("20260425999999".parse().unwrap()));
    assert_eq!(no_time.take().unwrap().as_str(), "20260501235959");
}

proptest! {
    /// Whoever is chosen: nobody else's record goes, none of theirs is lost, and each is the bytes it was.
    #[test]
    fn nobody_else_is_in_what_goes(
        rows in prop::collection::vec((0_usize..6, "[a-z,\"\r\n]{0,6}"), 1..24),
        chosen in prop::collection::btree_set(0_usize..6, 0..4),
    ) {
        let of = |number: usize, text: &str| table(Kind::BasicInfoDay, &[(number, vec![(5, text.to_owned())])]);
        let whole: Vec<u8> = rows.iter().flat_map(|(number, text)| of(*number, text)).collect();
        let wanted: Vec<u8> =
            rows.iter().filter(|(number, _)| chosen.contains(number)).flat_map(|(number, text)| of(*number, text)).collect();
        let files = vec![(from_centre("UPKIHON_SUB1", "20260401090000"), whole)];
        let persons: BTreeSet<PersonKey> = chosen.iter().map(|number| person(*number)).collect();
        match readdress(Way::ToProvider, &files, &persons, &to_provider(), &mut serials()) {
            Ok(sent) => prop_assert_eq!(&sent[0].1, &wanted),
            Err(error) => {
                prop_assert_eq!(error, EntrustError::Nobody);
                prop_assert!(wanted.is_empty());
            }
        }
    }

    #[test]
    fn hostile_files_are_left_out_or_passed_over(name in any::<String>(), bytes in any::<Vec<u8>>()) {
        let files = vec![(name, bytes.clone()), (from_centre("UPKIHON", "20260401090000"), bytes)];
        let all = persons(Way::ToProvider, &files).into_iter().collect();
        let _ = readdress(Way::ToProvider, &files, &all, &to_provider(), &mut serials());
    }
}
