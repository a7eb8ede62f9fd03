//! Authentication: the bearer token, its member and its room.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use slipway_protocol::wire::Label;
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::{MemberId, RoomId};
use slipway_protocol::wire::link::{MemberToken, Role};

use crate::app::App;
use crate::edge::error::ApiFailure;
use crate::edge::limits;
use crate::edge::source::Source;
use crate::records::member::{MemberRecord, Principal};
use crate::records::seen;
use crate::records::standing::{self, Standing};
use crate::records::token::{self, TokenRecord};

/// The authenticated caller: the token has not expired, the member was not removed, the link has not changed.
#[derive(Clone, Debug)]
pub struct Member {
    /// The room of the token.
    pub room: RoomId,
    /// The member.
    pub id: MemberId,
    /// The role of the link that was joined by.
    pub role: Role,
    /// The member's display name.
    pub display_name: Label,
    /// The identity behind the member.
    pub principal: Principal,
    /// The record of the token.
    pub token: TokenRecord,
}

impl Member {
    /// The uniform 404 unless the member is of this room.
    pub fn in_room(self, room: RoomId) -> Result<Self, ApiFailure> {
        if self.room == room { Ok(self) } else { Err(ApiFailure::not_found()) }
    }

    /// Refuses a role that may not upload.
    pub fn may_upload(&self) -> Result<(), ApiFailure> {
        self.role.may_upload().then_some(()).ok_or_else(|| role_too_low("upload here: ask for a contribute link"))
    }

    /// Refuses a role that may not see files.
    pub fn may_view(&self) -> Result<(), ApiFailure> {
        self.role.may_view().then_some(()).ok_or_else(|| role_too_low("see files here: ask for a view link"))
    }

    /// Refuses a role that may not manage.
    pub fn may_manage(&self) -> Result<(), ApiFailure> {
        self.role.may_manage().then_some(()).ok_or_else(|| role_too_low("do that: ask whoever made the room"))
    }

    fn new(token: TokenRecord, member: MemberRecord) -> Self {
        Self {
            room: token.room_id,
            id: token.member_id,
            role: token.role,
            display_name: member.display_name,
            principal: member.principal,
            token,
        }
    }
}

fn role_too_low(what: &str) -> ApiFailure {
    ApiFailure::new(ErrorCode::RoleTooLow, format!("Your link does not let you {what}."))
}

impl FromRequestParts<App> for Member {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiFailure> {
        // Not counted as a miss: without a token nothing was guessed.
        let Some(shown) = bearer(parts) else { return Err(token_missing()) };
        let Some(token) = token::find(&app.tables, &shown).await? else {
            let Ok(source) = Source::from_request_parts(parts, app).await;
            // Tokens cannot be tried at will: each wrong one counts against the address.
            limits::count_miss(app, &source).await?;
            return Err(token_missing());
        };
        let (standing, seen) = standing::look_up(&app.tables, &token).await?;
        let (last_seen, now) = (seen.map(|seen| seen.last_seen), app.clock.now_seconds());
        if token.is_expired(last_seen, now) {
            return Err(token_expired());
        }
        let member = match standing {
            Standing::Good(member) => member,
            Standing::Removed => return Err(member_removed()),
            Standing::RoomClosed => return Err(room_closed()),
        };
        // After all checks: a call that is refused must not keep a token alive.
        seen::note(&app.tables, &token.hash, last_seen.unwrap_or(token.created_at), now).await?;
        Ok(Self::new(token, member))
    }
}

/// A token sent with a join, expired or not: its holder joins as the same member.
#[derive(Clone, Debug)]
pub struct OldToken(pub Option<MemberToken>);

impl FromRequestParts<App> for OldToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(bearer(parts)))
    }
}

fn bearer(parts: &Parts) -> Option<MemberToken> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // The scheme is case-insensitive (RFC 9110, section 11.1).
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().parse().ok())?
}

fn token_missing() -> ApiFailure {
    ApiFailure::new(ErrorCode::TokenMissing, "This call needs a member token. Open the room's link to join again.")
}

fn token_expired() -> ApiFailure {
    ApiFailure::new(ErrorCode::TokenExpired, "You were away for long. Open the room's link to go on as before.")
}

/// Also for a changed link, which ends the access of everyone who joined by it.
pub(crate) fn member_removed() -> ApiFailure {
    ApiFailure::new(
        ErrorCode::MemberRemoved,
        "You are no longer a member of this room, or your link was replaced. Ask for the new link.",
    )
}

fn room_closed() -> ApiFailure {
    ApiFailure::new(ErrorCode::RoomClosed, "This room was closed.")
}
