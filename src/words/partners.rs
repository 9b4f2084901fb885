//! What the screen 連携先 says.

use crate::texts;

texts! {
    partners: "連携先", "Partners";
    search: "連携先をさがす", "Search partners";
    known: "やりとりのある事業所", "Those we know";
    everybody: "名簿のすべて", "Whole directory";
    nobody: "名簿がまだありません", "There is no directory yet";
    nobody_hint: "連携基盤につながると、やりとりできる事業所がここに並びます。", "Once connected, the offices you can exchange with are listed here.";
    nobody_yet: "まだどの事業所ともやりとりしていません", "Nothing was exchanged with anybody yet";
    nobody_yet_hint: "「名簿のすべて」を押すと、送れる事業所が並びます。", "Press “Whole directory” to see whom you can send to.";
    nothing_found_hint: "さがすことばを短くするか、「名簿のすべて」を押してください。", "Search for less, or press “Whole directory”.";
    by_tayori: "便りで届きます", "By Tayori";
    by_national: "国の連携システム", "By the national system";
    not_reachable: "まだ受け取れません", "Cannot receive yet";
    by_paper: "紙・FAX", "Paper, fax";
    key_changed: "鍵が変わりました", "Its key has changed";
    not_listed: "名簿にありません", "Not in the directory";
    last_sent: "最後に送った日時", "Last sent";
    last_received: "最後に届いた日時", "Last received";
    last_paper: "最後に紙でやりとりした日", "Last on paper";
    never: "まだありません", "Never";
    paper: "紙・FAXでのやりとり", "On paper or by fax";
    paper_hint: "紙やFAXで渡した・受け取ったことを記録すると、月次ボードに「紙」と出て、返事を待つ数に入りません。", "What is noted here stands on the month board as “Paper” and is not waited for.";
    see_received: "届いたものを見る", "See received";
    see_sent: "送ったものを見る", "See sent";
    write: "メッセージを書く", "Write a message";
    key: "鍵の番号（指紋）", "Fingerprint of its key";
    key_hint: "相手を確かめたいときは、電話などで相手にこの番号を読んでもらってください。", "To be sure who it is, let the partner read this number to you by telephone.";
    key_none: "はじめて送るか受け取ったときに覚えます。", "It is remembered when something is first sent or received.";
}
