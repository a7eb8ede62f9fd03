//! Links replaced and ended, and the way back in by a link whose replacement was not answered.

use slipway_protocol::calls::{self, Fault};
use slipway_protocol::wire::error::ErrorCode;
use slipway_protocol::wire::id::RoomId;
use slipway_protocol::wire::link::{LinkSecret, MemberToken, Role, RoomLink};
use slipway_protocol::wire::{Joined, RotateLink};

use super::session::url_of;
use super::{KnownLink, Rooms, Session, new_secret, no_session};

impl Rooms {
    /// Replaces the role's link and gives the URL of the new one.
    ///
    /// The new secret is on disk before the call: when its answer is lost, the link may be replaced already, and
    /// nobody else has the secret. It is then asked for again with the same secret, which changes nothing twice.
    pub(crate) async fn replace_link(&self, room: RoomId, role: Role) -> Result<String, Fault> {
        let (secret, is_new) = self.secret_to_ask(room, role).ok_or_else(no_session)?;
        self.0.store.flush().await;
        let body = RotateLink { verifier: secret.auth_token(room).verifier(), wrapped_key: None };
        let call = calls::RotateLink { room, role, body };
        let answer = match self.call(room, &call).await {
            Err(fault) if fault.may_have_been_done() => self.call(room, &call).await,
            answer => answer,
        };
        match answer {
            Ok(_) => {
                let url = url_of(&RoomLink { room, role, secret: secret.clone() });
                self.change(room, |session| session.set_link(KnownLink { role, secret }));
                Ok(url)
            }
            Err(fault) => {
                // A plain refusal of the first try: nothing happened. Of an earlier one nobody knows.
                if is_new && !fault.may_have_been_done() {
                    self.change(room, |session| {
                        session.asked.retain(|asked| asked.role != role);
                        true
                    });
                }
                Err(fault)
            }
        }
    }

    /// Ends the role's link.
    pub(crate) async fn end_link(&self, room: RoomId, role: Role) -> Result<(), Fault> {
        self.call(room, &calls::RevokeLink { room, role }).await?;
        self.change(room, |session| session.forget_link(role));
        Ok(())
    }

    /// The secret that was asked for before, or a new one; and whether it is new.
    fn secret_to_ask(&self, room: RoomId, role: Role) -> Option<(LinkSecret, bool)> {
        let asked = self.0.sessions.borrow().get(&room)?.asked.clone();
        if let Some(before) = asked.into_iter().find(|asked| asked.role == role) {
            return Some((before.secret, false));
        }
        let secret = new_secret();
        self.change(room, |session| {
            session.asked.push(KnownLink { role, secret: secret.clone() });
            true
        });
        Some((secret, true))
    }

    /// Knocks with my own link, and when it works no more with the one that was to replace it.
    pub(super) async fn knock_again(
        &self,
        mut session: Session,
        old: &MemberToken,
    ) -> Result<(Joined, Session), Fault> {
        let link = session.own_link().ok_or_else(no_session)?;
        let fault = match self.knock(&link, &session.display_name, Some(old)).await {
            Ok(joined) => return Ok((joined, session)),
            Err(fault) => fault,
        };
        let asked = session.own_asked().filter(|_| fault.code() == Some(ErrorCode::NotFound)).ok_or(fault)?;
        let joined = self.knock(&asked, &session.display_name, Some(old)).await?;
        session.set_link(KnownLink { role: asked.role, secret: asked.secret });
        Ok((joined, session))
    }
}
