//! Identifiers, parsed at the edge and valid from then on.

use crate::prelude::*;
use core::fmt;
use core::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};

/// A text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: expected 22 characters of base64url, 128 bits")]
pub struct BadId;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// From 128 random bits.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 128 bits.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0.as_slice()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                // Checked first, so that a long text is refused without decoding it.
                if text.len() != 22 {
                    return Err(BadId);
                }
                let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadId)?;
                bytes.try_into().map(Self).map_err(|_| BadId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some("^[A-Za-z0-9_-]{22}$"))
                    .description(Some("128 random bits in base64url"))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

id_type!(
    /// A room. Chosen by the creator's browser, since keys are derived with it as salt.
    RoomId
);
id_type!(
    /// An upload of one file to a room.
    UploadId
);
id_type!(
    /// A file of a room.
    FileId
);
id_type!(
    /// A member of a room.
    MemberId
);
id_type!(
    /// A permission to download one file.
    GrantId
);

/// The number of a part in S3, 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PartNumber(u16);

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for PartNumber {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(10_000))
            .description(Some("1 to 10,000"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for PartNumber {}

/// A number is not a part number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a part number: parts are numbered from 1 to 10,000")]
pub struct BadPartNumber;

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);
    /// The last part that S3 accepts.
    pub const MAX: Self = Self(10_000);

    /// Checks the range 1 to 10,000.
    pub const fn new(number: u16) -> Option<Self> {
        if number >= 1 && number <= 10_000 { Some(Self(number)) } else { None }
    }

    /// The part at an index from 0.
    pub const fn from_index(index: u32) -> Option<Self> {
        if index < 10_000 { Some(Self(index as u16 + 1)) } else { None }
    }

    /// The number, from 1.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The index, from 0.
    pub const fn index(self) -> u32 {
        self.0 as u32 - 1
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u16> for PartNumber {
    type Error = BadPartNumber;

    fn try_from(number: u16) -> Result<Self, BadPartNumber> {
        Self::new(number).ok_or(BadPartNumber)
    }
}

impl From<PartNumber> for u16 {
    fn from(number: PartNumber) -> u16 {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = RoomId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string(), "MDEyMzQ1Njc4OWFiY2RlZg");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "short",
            "MDEyMzQ1Njc4OWFiY2RlZ",
            "MDEyMzQ1Njc4OWFiY2RlZg==",
            "MDEyMzQ1Njc4OWFiY2RlZ/",
            "MDEyMzQ1Njc4OWFiY2RlZh",
        ] {
            assert_eq!(text.parse::<RoomId>(), Err(BadId), "{text:?}");
        }
    }

    #[test]
    fn part_numbers_are_1_to_10_000() {
        assert_eq!(PartNumber::new(0), None);
        assert_eq!(PartNumber::new(1), Some(PartNumber::FIRST));
        assert_eq!(PartNumber::new(10_000), Some(PartNumber::MAX));
        assert_eq!(PartNumber::new(10_001), None);
        assert_eq!(PartNumber::from_index(9_999), Some(PartNumber::MAX));
        assert_eq!(PartNumber::from_index(10_000), None);
    }
}
