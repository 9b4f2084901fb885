//! What a サービス種類コード means, read once from `assets/standard/services.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Role, ServiceType};

#[derive(Debug)]
struct Service {
    name: String,
    role: Role,
    in_scope: bool,
}

impl ServiceType {
    /// 訪問介護 …; `None` when the standard does not know it.
    pub fn name(&self) -> Option<&'static str> {
        service(self.as_str().as_bytes()).map(|service| service.name.as_str())
    }

    /// What such an office does in the exchange.
    pub fn role(&self) -> Option<Role> {
        service(self.as_str().as_bytes()).map(|service| service.role)
    }

    /// Whether the standard exchanges this service at all.
    pub fn in_scope(&self) -> bool {
        service(self.as_str().as_bytes()).is_some_and(|service| service.in_scope)
    }
}

/// Whether these two characters are a service type, and then whether it is exchanged.
pub(crate) fn scope(code: &[u8]) -> Option<bool> {
    service(code).map(|service| service.in_scope)
}

fn service(code: &[u8]) -> Option<&'static Service> {
    SERVICES.get(place(code)?)?.as_ref()
}

/// Two characters as a place in a table of 36 × 36: rows ask for this a million times.
fn place(code: &[u8]) -> Option<usize> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(usize::from(byte - b'0')),
        b'A'..=b'Z' => Some(usize::from(byte - b'A') + 10),
        _ => None,
    };
    match code {
        [first, second] => Some(digit(*first)? * 36 + digit(*second)?),
        _ => None,
    }
}

static SERVICES: LazyLock<Vec<Option<Service>>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Book {
        service: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        role: Printed,
        in_scope: bool,
        codes: BTreeMap<String, String>,
    }
    #[derive(Clone, Copy, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Printed {
        Plan,
        Service,
        Both,
    }
    let book: Book = toml::from_str(include_str!("../../assets/standard/services.toml"))
        .expect("the services are part of the program, and a test reads them");
    let mut table: Vec<Option<Service>> = std::iter::repeat_with(|| None).take(36 * 36).collect();
    for Group { role, in_scope, codes } in book.service {
        let role = match role {
            Printed::Plan => Role::Planner,
            Printed::Service => Role::Provider,
            Printed::Both => Role::Both,
        };
        for (code, name) in codes {
            if let Some(slot) = place(code.as_bytes()).and_then(|place| table.get_mut(place)) {
                *slot = Some(Service { name, role, in_scope });
            }
        }
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_type_has_its_name_role_and_scope() {
        let says = |code: &str| {
            let service: ServiceType = code.parse().unwrap();
            (service.name(), service.role(), service.in_scope())
        };
        assert_eq!(says("43"), (Some("居宅介護支援"), Some(Role::Planner), true));
        assert_eq!(says("A6"), (Some("通所型サービス（独自）"), Some(Role::Provider), true));
        assert_eq!(says("73"), (Some("小規模多機能型居宅介護"), Some(Role::Both), true));
        assert_eq!(says("51"), (Some("介護福祉施設サービス"), Some(Role::Provider), false));
        assert_eq!(says("99"), (None, None, false));
    }

    #[test]
    fn every_code_of_the_file_found_its_place() {
        let printed = include_str!("../../assets/standard/services.toml").matches("\" = \"").count();
        assert_eq!(SERVICES.iter().flatten().count(), printed);
    }
}
