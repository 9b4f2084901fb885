//! What the operator does for an office that has locked itself out: nobody there knows a 管理者's password any more.

use jiff::Timestamp;

use super::table::{self, Changed};
use super::{password, session};
use crate::hub::stores::{Store, StoreError};
use crate::standard::OfficeNumber;
use crate::wire::{Account, Role, Secret, UserId};

/// The accounts of an office, by user id.
pub fn list(store: &Store, office: OfficeNumber) -> Result<Vec<Account>, StoreError> {
    store.read_now(|connection| table::list(connection, office))
}

/// Gives an account a new password that nobody chose, makes it 管理者 and lets it in again; its sessions end. `None`
/// where there is no such account. A running hub takes notice within a second or two.
pub fn reset(store: &Store, office: OfficeNumber, user: &UserId) -> Result<Option<Secret>, StoreError> {
    let secret = made_up();
    let kept = password::hash(secret.reveal()).ok_or(StoreError::Busy)?;
    let user = user.clone();
    let changed = store.write_now(move |connection| {
        let changed = table::change(connection, office, &user, (Some(&kept), Some(Role::Admin), true))?;
        session::end_others(connection, office, &user, None)?;
        Ok(changed)
    })?;
    Ok(matches!(changed, Changed::Done(_)).then_some(secret))
}

/// Eighty bits in groups that can be read out on the telephone.
fn made_up() -> Secret {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstvwxyz0123456789";
    let mut text = String::new();
    for (place, byte) in session::random().into_iter().take(16).enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.extend(LETTERS.get(usize::from(byte % 32)).map(|letter| char::from(*letter)));
    }
    Secret::new(text)
}

/// Whether an account is locked at that time.
pub fn is_locked(account: &Account, now: Timestamp) -> bool {
    account.locked_until.is_some_and(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_password_is_another_one_every_time_and_good_enough() {
        let (one, other) = (made_up(), made_up());
        assert_eq!(one.reveal().len(), 19, "{}", one.reveal());
        assert_ne!(one, other);
        assert!(!password::is_weak(&one, &"sato".parse().unwrap(), "3191000017".parse().unwrap()));
    }
}
