//! What an operator can set: `hub.toml`. Everything but the names and the address has a default that suits a town.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::accounts::LoginSettings;
use super::authority::OFFICE_DAYS;
use super::external::ExternalSettings;

/// `hub.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubSettings {
    /// Names and addresses under which clients reach the hub; they go into its certificate.
    pub hosts: Vec<String>,
    pub listen: SocketAddr,
    /// The largest sealed parcel the hub takes.
    #[serde(default = "default_limit")]
    pub max_parcel_bytes: u64,
    /// Where `/metrics` and `/healthz` are for this machine's own monitoring: plain HTTP, so never an address that others
    /// reach. Nothing listens when it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// A PostgreSQL that several hubs share, as `postgres://user@host/database`; without it the store is the file `hub.db`.
    /// The password is better given by the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The authority that the database's certificate is to come from, relative to the hub's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_ca: Option<std::path::PathBuf>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    #[serde(default, skip_serializing_if = "is_default")]
    pub keeping: Keeping,
    /// How long a login lasts, and when an account is locked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub login: LoginSettings,
    /// How many days the certificates of offices and terminals are good for; they renew themselves 30 days before.
    #[serde(default = "default_days", skip_serializing_if = "is_default_days")]
    pub certificate_days: u32,
    /// The address that stands in letters to offices; otherwise the first of `hosts` with the port of `listen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Authorities of others whose certificates let an office enrol.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<ExternalSettings>,
}

impl HubSettings {
    pub fn new(hosts: Vec<String>, listen: SocketAddr) -> Self {
        Self {
            hosts,
            listen,
            max_parcel_bytes: default_limit(),
            metrics: None,
            store: None,
            store_ca: None,
            limits: Limits::default(),
            keeping: Keeping::default(),
            login: LoginSettings::default(),
            certificate_days: OFFICE_DAYS,
            address: None,
            external: Vec::new(),
        }
    }

    /// The address as an office is to type it.
    pub fn public_address(&self) -> String {
        self.address.clone().unwrap_or_else(|| {
            let host = self.hosts.first().map_or("", String::as_str);
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            format!("https://{host}:{}", self.listen.port())
        })
    }
}

fn default_days() -> u32 {
    OFFICE_DAYS
}

fn is_default_days(days: &u32) -> bool {
    *days == OFFICE_DAYS
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// 50 MiB: a month's tables are some 100 KB, scans of a whole plan some 20 MB.
pub fn default_limit() -> u64 {
    50 * 1024 * 1024
}

/// What one caller, and all of them, may have. 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Requests a second of one terminal, in the long run; a minute's worth at once.
    pub terminal_requests_per_second: u32,
    /// The same for one address, behind which a whole town hall may sit.
    pub address_requests_per_second: u32,
    /// Connections in all.
    pub connections: u32,
    pub connections_per_address: u32,
    /// How long a handshake, or the head of a request, may take.
    pub head_seconds: u32,
    /// How long a body may take, beside what its size needs on a line of 1 Mbit/s.
    pub body_seconds: u32,
    /// How much of large parcels one office may have begun and not finished.
    pub unfinished_bytes_per_office: u64,
    /// How long requests under way may take to end when the hub is told to stop.
    pub stop_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            terminal_requests_per_second: 100,
            address_requests_per_second: 1_000,
            connections: 4_000,
            connections_per_address: 400,
            head_seconds: 10,
            body_seconds: 300,
            unfinished_bytes_per_office: 500 * 1024 * 1024,
            stop_seconds: 20,
        }
    }
}

impl Limits {
    /// See [`Limits::unfinished_bytes_per_office`].
    pub fn most_unfinished(&self) -> u64 {
        if self.unfinished_bytes_per_office == 0 { u64::MAX } else { self.unfinished_bytes_per_office }
    }
}

/// How long things are kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keeping {
    /// The sealed bytes of a parcel.
    pub parcel_days: u32,
    /// That there was a parcel, with its receipts: who, to whom, when, how large. 0 means for ever.
    pub record_days: u32,
    /// After how many days without any receipt the sender is told.
    pub overdue_days: u32,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { parcel_days: 90, record_days: 5 * 366, overdue_days: 5 }
    }
}

/// What stands below the settings in a new `hub.toml`, for whoever opens it.
pub const EXPLAINED: &str = "
# ここから下は、書かなければ次の値になります（# を外すと変えられます）。説明は docs/operator.md にあります。
# 0 は「制限しない」です。
#
# certificate_days = 730               # 事業所と端末の証明書の有効日数。30日前から自動で更新されます
# address = \"https://hub.example.jp:8443\"   # 案内の書面に載せる場所（書かなければ hosts の1つ目と listen の番号）
# ほかの認証局の証明書での登録（[[external]]）は certs/README.md にあります。
# 何台かで PostgreSQL を共にするときの store と store_ca は docs/operator.md にあります。
# metrics = \"127.0.0.1:9464\"          # 監視用 /metrics と /healthz（この機械の中だけ。書かなければ開きません）
#
# [limits]
# terminal_requests_per_second = 100   # 1台の端末が1秒に送れる要求（1分ぶんまでは一度に）
# address_requests_per_second = 1000   # 1つのアドレスから
# connections = 4000                   # 同時の接続
# connections_per_address = 400
# head_seconds = 10                    # 接続の手続き、要求の頭を待つ時間
# body_seconds = 300                   # 本文を待つ時間（大きさに応じて延びます）
# unfinished_bytes_per_office = 524288000
# stop_seconds = 20                    # 止めるとき、途中の要求を待つ時間
#
# [keeping]
# parcel_days = 90                     # 封をしたデータを預かる日数
# record_days = 1830                   # だれからだれへ、いつ、の記録と受領を残す日数
# overdue_days = 5                     # 受け取られないことを送り主に知らせるまでの日数
#
# [login]
# access = \"60m\"                       # 1回のログインの札の有効時間（自動で更新されます）
# refresh = \"8h\"                       # 端末がこれより長くつながらないと、もう一度ログインします
# tries = 10                           # 続けてまちがえると、その利用者は使えなくなります
# lock = \"15m\"                         # はじめに使えなくなる時間。さらにまちがえるたびに倍になります
# longest_lock = \"8h\"                  # 長くてもこの時間まで
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_is_what_holds() {
        let uncommented: String = EXPLAINED
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.starts_with('[') || line.contains(" = "))
            .flat_map(|line| [line, "\n"])
            .collect();
        let text = format!("hosts = [\"hub\"]\nlisten = \"127.0.0.1:1\"\n{uncommented}");
        let read: HubSettings = toml::from_str(&text).unwrap();
        let plain = HubSettings::new(vec!["hub".into()], "127.0.0.1:1".parse().unwrap());
        assert_eq!(
            read,
            HubSettings {
                metrics: "127.0.0.1:9464".parse().ok(),
                address: Some("https://hub.example.jp:8443".into()),
                ..plain.clone()
            }
        );
        let written = toml::to_string(&plain).unwrap();
        assert_eq!(toml::from_str::<HubSettings>(&written).unwrap(), plain);
        assert!(!written.contains('['.to_string().as_str()) || !written.contains("[limits]"), "{written}");
        let one: HubSettings = toml::from_str(&(written + "[keeping]\nparcel_days = 30\n")).unwrap();
        assert_eq!(one.keeping, Keeping { parcel_days: 30, ..Keeping::default() });
    }
}
