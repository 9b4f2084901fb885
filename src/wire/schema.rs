//! How our own identifiers look in the description of the API (`docs/openapi.json`). Types without values: they stand in
//! `#[schema(value_type = …)]` where the real type lives in a room that knows no API.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $describe:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let describe: fn(ObjectBuilder) -> ObjectBuilder = $describe;
                describe(ObjectBuilder::new().schema_type(Type::String)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(
    /// 事業所番号.
    Office,
    |text| text.description(Some("事業所番号")).pattern(Some("^[0-9A-Z]{10}$"))
);
text!(
    /// サービス種類コード.
    Service,
    |text| text.description(Some("サービス種類コード")).pattern(Some("^[0-9A-Z]{2}$"))
);
text!(
    /// A parcel's id.
    Id,
    |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
);
text!(
    /// Hexadecimal SHA-256.
    Digest,
    |text| text.description(Some("SHA-256, lower-case hexadecimal")).pattern(Some("^[0-9a-f]{64}$"))
);
text!(
    /// A point in time.
    Time,
    |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);
text!(
    /// Bytes that travel as they are.
    Bytes,
    |bytes| bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
);
text!(
    /// Bytes that travel as Base64.
    Base64,
    |text| text.description(Some("Base64")).content_encoding("base64")
);
text!(
    /// A step of a receipt.
    Step,
    |text| text.enum_values(Some(["delivered", "opened", "imported", "refused"]))
);
text!(
    /// A password or a token.
    Secret,
    |text| text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
);
text!(
    /// A person's id within the office.
    User,
    |text| text.description(Some("利用者ID")).pattern(Some("^[a-z0-9._@-]{1,32}$"))
);

impl PartialSchema for super::Binary {
    fn schema() -> RefOr<Schema> {
        Base64::schema()
    }
}

impl ToSchema for super::Binary {}
