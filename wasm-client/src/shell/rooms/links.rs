//! Replacing and revoking links, and rejoining by a link whose replacement was not answered.

use slipway_protocol::calls::{self, Fault};
use slipway_protocol::room::{KnownLink, Rotation, Session};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{MemberToken, Role, RoomLink};
use slipway_protocol::wire::{Joined, RotateLink};

use super::{Rooms, new_secret, no_session};
use crate::browser::selftest::own_origin;

impl Rooms {
    /// Replaces the role's link and gives the URL of the new one.
    ///
    /// The new secret is saved before the call: when the answer is lost, the link may already be replaced, and nobody else has
    /// the secret. The call is then repeated with the same secret, which is idempotent.
    pub(crate) async fn replace_link(&self, room: RoomId, role: Role) -> Result<String, Fault> {
        let rotation = self.begin_rotation(room, role).ok_or_else(no_session)?;
        self.0.store.flush().await;
        let body = RotateLink { verifier: rotation.secret.auth_token(room).verifier(), wrapped_key: None };
        let call = calls::RotateLink { room, role, body };
        let answer = match self.call(room, &call).await {
            Err(fault) if fault.may_have_taken_effect() => self.call(room, &call).await,
            answer => answer,
        };
        match answer {
            Ok(_) => {
                let secret = rotation.secret;
                let path = RoomLink { room, role, secret: secret.clone() }.path();
                self.change(room, |session| {
                    session.set_link(KnownLink { role, secret });
                    true
                });
                Ok(format!("{}{path}", own_origin()))
            }
            Err(fault) => {
                if !fault.may_have_taken_effect() {
                    self.change(room, |session| session.rotation_refused(role, &rotation));
                }
                Err(fault)
            }
        }
    }

    /// Revokes the role's link.
    pub(crate) async fn revoke_link(&self, room: RoomId, role: Role) -> Result<(), Fault> {
        self.call(room, &calls::RevokeLink { room, role }).await?;
        self.change(room, |session| {
            session.forget_link(role);
            true
        });
        Ok(())
    }

    fn begin_rotation(&self, room: RoomId, role: Role) -> Option<Rotation> {
        let mut rotation = None;
        self.change(room, |session| {
            let begun = session.begin_rotation(role, new_secret());
            rotation.insert(begun).is_new
        });
        rotation
    }

    /// Exchanges the token by the own link, or by its requested replacement when the link no longer works.
    pub(super) async fn rejoin(&self, mut session: Session, old: &MemberToken) -> Result<(Joined, Session), Fault> {
        let link = session.own_link().ok_or_else(no_session)?;
        let fault = match self.join_by(&link, &session.display_name, Some(old)).await {
            Ok(joined) => return Ok((joined, session)),
            Err(fault) => fault,
        };
        let replacement =
            session.own_replacement().filter(|_| fault.code() == Some(ErrorCode::NotFound)).ok_or(fault)?;
        let joined = self.join_by(&replacement, &session.display_name, Some(old)).await?;
        session.set_link(KnownLink { role: replacement.role, secret: replacement.secret });
        Ok((joined, session))
    }
}
