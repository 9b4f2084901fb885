//! What Windows means by its numbers (winerror.h), as far as a person can do something about it.

use super::StoreError;

/// Why a key could not be had, or did not sign.
pub fn of_code(code: u32) -> StoreError {
    match code {
        // Cancelled (ERROR_CANCELLED, as HRESULT, NTE_, SCARD_E_, SCARD_W_); a PIN or password that was wrong; not allowed.
        0x0000_04c7 | 0x8007_04c7 | 0x8009_0036 | 0x8010_0002 | 0x8010_006e => StoreError::Declined,
        0x8009_0033 | 0x8010_006a | 0x8010_006b => StoreError::Declined,
        0x8010_006c => StoreError::CardLocked,
        // No reader, no card, no service for them, a card that was taken out or does not answer, a device that is not ready.
        0x8010_0009 | 0x8010_000c | 0x8010_0010 | 0x8010_0017 | 0x8010_001d | 0x8010_001e | 0x8010_002e => {
            StoreError::CardMissing
        }
        0x8010_0066..=0x8010_0069 | 0x8009_0030 => StoreError::CardMissing,
        code => StoreError::Unfit(format!("{code:08x}")),
    }
}

/// Whether a certificate whose key cannot be had without asking is offered all the same: its key may be on a card that is
/// not there, or behind a dialog. Not if it has none, if that is gone, or if it is not for this account.
pub fn is_key_there(code: u32) -> bool {
    // CRYPT_E_NO_KEY_PROPERTY; NTE_NO_KEY, NTE_BAD_KEYSET, NTE_KEYSET_NOT_DEF, NTE_KEYSET_ENTRY_BAD; NTE_PERM, not allowed.
    !matches!(
        code,
        0x8009_200b | 0x8009_000d | 0x8009_0016 | 0x8009_0019 | 0x8009_001a | 0x8009_0010 | 0x0000_0005 | 0x8007_0005
    )
}
