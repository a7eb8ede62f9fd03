//! Room links: `/r/{roomId}#{role}.{secret}`. The fragment never reaches a server.
//!
//! HKDF-SHA-256 (RFC 5869) of the secret, with the room id as salt, gives the token that joins the room and the key that
//! unwraps the room's own key.

use crate::prelude::*;
use core::fmt;
use core::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::wire::id::RoomId;

/// The permissions of a link's holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Everything, including links, members and removal.
    Manage,
    /// Upload and see.
    Contribute,
    /// See and download.
    View,
    /// Upload only; sees only its own uploads.
    Drop,
}

impl Role {
    /// Every role, strongest first.
    pub const ALL: [Self; 4] = [Self::Manage, Self::Contribute, Self::View, Self::Drop];

    /// The role's name in links and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manage => "manage",
            Self::Contribute => "contribute",
            Self::View => "view",
            Self::Drop => "drop",
        }
    }

    /// May upload.
    pub const fn may_upload(self) -> bool {
        matches!(self, Self::Manage | Self::Contribute | Self::Drop)
    }

    /// May see and download the room's files.
    pub const fn may_view(self) -> bool {
        matches!(self, Self::Manage | Self::Contribute | Self::View)
    }

    /// May change links, remove members and files, read the audit log.
    pub const fn may_manage(self) -> bool {
        matches!(self, Self::Manage)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = BadLink;

    fn from_str(text: &str) -> Result<Self, BadLink> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(BadLink)
    }
}

/// A text is not a room link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a room link: copy it again, whole, up to its last character")]
pub struct BadLink;

macro_rules! secret_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// From 256 bits.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 256 bits.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Base64url, 43 characters.
            pub fn expose(&self) -> String {
                BASE64_URL_SAFE_NO_PAD.encode(self.0.as_slice())
            }
        }

        // Never the value: debug output ends up in logs.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl FromStr for $name {
            type Err = BadLink;

            fn from_str(text: &str) -> Result<Self, BadLink> {
                // Checked first, so that a long text is refused without decoding it.
                if text.len() != 43 {
                    return Err(BadLink);
                }
                let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadLink)?;
                bytes.try_into().map(Self).map_err(|_| BadLink)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadLink;

            fn try_from(text: String) -> Result<Self, BadLink> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(secret: $name) -> String {
                secret.expose()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some("^[A-Za-z0-9_-]{43}$"))
                    .description(Some("256 bits in base64url"))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

secret_type!(
    /// The secret in a link's fragment. Never sent.
    LinkSecret
);
secret_type!(
    /// Derived from the secret; sent to join, and at no other time.
    AuthToken
);
secret_type!(
    /// SHA-256 of a token. The functions store this, not the token.
    Verifier
);
secret_type!(
    /// Derived from the secret; unwraps the room's key. Never sent.
    WrapKey
);
secret_type!(
    /// Authenticates a member's calls. The functions store only its SHA-256.
    MemberToken
);

impl LinkSecret {
    /// The token that joins the room.
    pub fn auth_token(&self, room: RoomId) -> AuthToken {
        AuthToken(self.derive(room, b"slipway/1/auth"))
    }

    /// The key that unwraps the room's key.
    pub fn wrap_key(&self, room: RoomId) -> WrapKey {
        WrapKey(self.derive(room, b"slipway/1/wrap"))
    }

    fn derive(&self, room: RoomId, info: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        // Salted with the room id: any other salt would have to be in the link, which is long enough (decision 1). The
        // info keeps token and key apart (RFC 5869, section 3.2).
        Hkdf::<Sha256>::new(Some(room.as_bytes()), &self.0)
            .expand(info, &mut out)
            .expect("HKDF-SHA-256 gives up to 8,160 bytes");
        out
    }
}

impl AuthToken {
    /// The verifier that the functions store.
    pub fn verifier(&self) -> Verifier {
        // A fast hash is enough: the token has 256 bits of entropy, unlike a password.
        Verifier(Sha256::digest(self.0).into())
    }
}

impl MemberToken {
    /// The verifier that the functions store: the key of its record.
    pub fn verifier(&self) -> Verifier {
        Verifier(Sha256::digest(self.0).into())
    }
}

/// A parsed room link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLink {
    /// The room, from the path.
    pub room: RoomId,
    /// The role, from the fragment.
    pub role: Role,
    /// The secret, from the fragment.
    pub secret: LinkSecret,
}

impl RoomLink {
    /// The path and fragment, to append to the page's origin.
    pub fn path(&self) -> String {
        format!("/r/{}#{}.{}", self.room, self.role, self.secret.expose())
    }

    /// Parses the room id of the path and the fragment, with or without its `#`.
    pub fn parse(room: &str, fragment: &str) -> Result<Self, BadLink> {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let (role, secret) = fragment.split_once('.').ok_or(BadLink)?;
        Ok(Self { room: room.parse().map_err(|_| BadLink)?, role: role.parse()?, secret: secret.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> RoomLink {
        RoomLink { room: RoomId::from_bytes([1; 16]), role: Role::Contribute, secret: LinkSecret::from_bytes([2; 32]) }
    }

    #[test]
    fn a_link_survives_its_text_form() {
        let path = link().path();
        let (before, fragment) = path.split_once('#').unwrap();
        assert_eq!(RoomLink::parse(before.strip_prefix("/r/").unwrap(), fragment), Ok(link()));
    }

    #[test]
    fn a_cut_link_is_refused() {
        let path = link().path();
        let (room, fragment) = path.strip_prefix("/r/").unwrap().split_once('#').unwrap();
        assert_eq!(RoomLink::parse(room, &fragment[..fragment.len() - 1]), Err(BadLink));
        assert_eq!(RoomLink::parse(&room[1..], fragment), Err(BadLink));
        assert_eq!(RoomLink::parse(room, ""), Err(BadLink));
        assert_eq!(RoomLink::parse(room, &fragment.replace("contribute", "owner")), Err(BadLink));
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_room() {
        let secret = LinkSecret::from_bytes([2; 32]);
        let (one, two) = (RoomId::from_bytes([1; 16]), RoomId::from_bytes([3; 16]));
        assert_ne!(secret.auth_token(one).as_bytes(), secret.wrap_key(one).as_bytes());
        assert_ne!(secret.auth_token(one), secret.auth_token(two));
        // Must not change: it would break every link that people have kept.
        insta::assert_snapshot!(secret.auth_token(one).expose());
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", LinkSecret::from_bytes([2; 32])), "LinkSecret(…)");
    }
}
