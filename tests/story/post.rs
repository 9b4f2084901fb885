//! What leaves the computer: a real mail server (aiosmtpd) with TLS and a sign-in, told by the real program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use tayori::engine::habits::{MailSecurity, MailWay};

use crate::world::{LONGEST, NORTH, Office, Run, SOUTH, Town, finish, report, report_name, text};

const USER: &str = "tayori@mail.example.jp";
const PASSWORD: &str = "hagaki-ichimai 63";

/// The mail provider's server, until the value goes.
struct Post {
    server: Child,
    port: u16,
    messages: Receiver<Value>,
    /// The provider's authority.
    ca: PathBuf,
    _dir: tempfile::TempDir,
}

impl Post {
    /// `None`, said aloud, where aiosmtpd is not there; in CI it must be.
    fn start(how: &str) -> Option<Post> {
        let dir = tempfile::tempdir().unwrap();
        let [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(|name| dir.path().join(name));
        write_certificates(&ca, &certificate, &key);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/story/smtp_server.py");
        // Debian's own Python: that is where its package is.
        let mut server = Command::new("/usr/bin/python3")
            .arg(script)
            .args([how, text(&certificate), text(&key), USER, PASSWORD])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let (tell, messages) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str::<Value>(&line).unwrap());
            }
        });
        let Ok(first) = messages.recv_timeout(LONGEST) else {
            let _ = server.wait();
            assert!(std::env::var_os("CI").is_none(), "aiosmtpd must run in CI");
            eprintln!("SKIPPED: aiosmtpd does not run here (scripts/setup), so no mail is sent");
            return None;
        };
        let port = first["port"].as_u64().unwrap().try_into().unwrap();
        Some(Post { server, port, messages, ca, _dir: dir })
    }

    fn next(&self) -> Value {
        self.messages.recv_timeout(LONGEST).expect("a message")
    }

    /// Lets an office use this server.
    fn serve(&self, office: &Office, security: MailSecurity) {
        let mut profile = office.profile();
        profile.settings.notices.morning = None;
        profile.settings.notices.mail = Some(MailWay {
            server: "localhost".into(),
            security,
            port: Some(self.port),
            user: USER.into(),
            from: "tayori@mail.example.jp".into(),
            to: "phone@example.jp".into(),
        });
        profile.save().unwrap();
    }

    /// The system knows the provider's authority.
    fn trusted_by(&self, command: &mut Command) {
        command.env("SSL_CERT_FILE", &self.ca);
    }

    fn try_out(&self, office: &Office, trusted: bool) -> Run {
        let mut command = office.command(&["notices", "try"]);
        if trusted {
            self.trusted_by(&mut command);
        }
        finish(&mut command)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn write_certificates(ca: &Path, certificate: &Path, key: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    fs::write(ca, params.self_signed(&root_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, root_key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    fs::write(certificate, server.signed_by(&server_key, &issuer).unwrap().pem()).unwrap();
    fs::write(key, server_key.serialize_pem()).unwrap();
}

fn keep_password(office: &Office, password: &str) {
    let run = finish(office.command(&["notices", "mail-password"]).env("TAYORI_MAIL_PASSWORD", password));
    assert!(run.is_fine() && (password.is_empty() || !run.stderr.contains(password)), "{run:?}");
}

#[test]
fn a_mailbox_learns_a_number_and_a_partner_over_tls_and_nothing_else() {
    for (how, security) in [("starttls", MailSecurity::Starttls), ("tls", MailSecurity::Tls)] {
        let Some(post) = Post::start(how) else { return };
        let (town, [north, south]) = Town::of([NORTH, SOUTH]);
        post.serve(&south, security);
        keep_password(&south, PASSWORD);
        let log = town.dir().join("watch.log");
        let mut watch = south.command(&["watch"]);
        post.trusted_by(&mut watch);
        let log_file = fs::File::create(&log).unwrap();
        let mut watch = watch.env("TAYORI_LOG", "trace").stdout(Stdio::null()).stderr(log_file).spawn().unwrap();
        north.put_out(&report_name(0), &report(0));
        north.must(&["send"]);
        let message = post.next();
        let _ = watch.kill();
        let _ = watch.wait();
        assert_eq!(message["subject"], "1 件届きました", "{how}");
        assert_eq!(
            message["text"].as_str().unwrap().trim().replace("\r\n", "\n"),
            format!("1 件届きました\n{}", NORTH.name)
        );
        assert_eq!((message["to"][0].as_str(), message["user"].as_str()), (Some("phone@example.jp"), Some(USER)));
        assert_eq!(message["tls"], true);
        let raw = message["raw"].as_str().unwrap();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert!(!raw.contains("UPJSK") && !raw.contains(host.trim()), "{raw}");
        let said = fs::read_to_string(&log).unwrap();
        assert!(!said.contains(PASSWORD), "the password is in the log");
        assert_no_plain(&south.profile);
    }
}

/// Nothing below the folder holds the password as it is.
fn assert_no_plain(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_plain(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            let found = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!found, "{} holds the password", path.display());
        }
    }
}

#[test]
fn a_mail_server_that_is_not_what_it_should_be_gets_nothing_and_the_user_a_sentence() {
    let (_town, [south]) = Town::of([SOUTH]);
    let Some(post) = Post::start("starttls") else { return };
    south.run(&["notices", "try"]).says("知らせ先がまだ書かれていません");
    post.serve(&south, MailSecurity::Starttls);
    keep_password(&south, PASSWORD);
    assert!(post.try_out(&south, true).is_fine());
    let trial = post.next();
    assert_eq!(trial["subject"], "便りからの知らせが届くか、試しています");

    // Nobody in this computer knows the provider.
    post.try_out(&south, false).says("メールの接続先が、正しい相手であると確かめられません。");
    keep_password(&south, "another one");
    post.try_out(&south, true).says("メールの利用者名かパスワードが受け付けられませんでした。");
    keep_password(&south, "");
    post.try_out(&south, true).says("メールの利用者名かパスワードが受け付けられませんでした。");
    keep_password(&south, PASSWORD);
    // TLS is expected at once, and it waits for words.
    post.serve(&south, MailSecurity::Tls);
    assert!(!post.try_out(&south, true).is_fine());

    // No TLS at all: the password does not leave.
    let plain = Post::start("plain").unwrap();
    plain.serve(&south, MailSecurity::Starttls);
    plain.try_out(&south, true).says("メールの接続先が、正しい相手であると確かめられません。");
    let mut profile = south.profile();
    profile.settings.notices.mail.as_mut().unwrap().to = "誰か".into();
    profile.save().unwrap();
    plain.try_out(&south, true).says("メールの宛先か接続先の書き方が正しくありません。");
    drop(post.messages.try_iter().map(|message| panic!("{message}")).collect::<Vec<()>>());
    assert!(plain.messages.try_recv().is_err());
}
