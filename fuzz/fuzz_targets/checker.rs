//! Any bytes under any name: the check says the same whole and in pieces, and repairs make something that can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tayori::standard::{FileChecker, Known, judge, repair};

const PLAN: &str = "UPPLAN_202605_3170000001_43_3190000002_11_20260425173001.CSV";

fuzz_target!(|input: (&str, u8, &[u8])| {
    let (name, piece, bytes) = input;
    for name in [name, PLAN] {
        let known = Known::default();
        let (mut whole, mut pieces) = (FileChecker::new(name, &known), FileChecker::new(name, &known));
        whole.push(bytes);
        bytes.chunks(usize::from(piece) + 1).for_each(|piece| pieces.push(piece));
        assert_eq!(judge(vec![whole.finish()], &known), judge(vec![pieces.finish()], &known));
        let offers = repair::offers(name, bytes, &repair::Wishes::default());
        repair::apply(name, bytes, &offers);
    }
});
