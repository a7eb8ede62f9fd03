//! Joining a room by its link, and links that lead nowhere.

use slipway_protocol::wire::link::Role;

use super::{role_name, role_text};

/// The document's title while someone joins.
pub const PAGE_TITLE: &str = "Join";
/// Label of a member's name.
pub const YOUR_NAME: &str = "Your name, as others see it";
/// The form was sent without a name.
pub const NAME_MISSING: &str = "Enter your name, so that the others know who you are.";
/// The form's button.
pub const JOIN: &str = "Join the room";
/// The form's button while the call is running.
pub const JOINING: &str = "Joining…";
/// The button of a room whose session ran out.
pub const JOIN_AGAIN: &str = "Join again";
/// The way in for a member who opened a link that is cut or out of date.
pub const WITHOUT_LINK: &str = "Go on without it";

/// Heading of an address that is not a room's link.
pub const NO_LINK: &str = "This is not a room link";
/// The sentence under [`NO_LINK`].
pub const NO_LINK_TEXT: &str = "A part of it is missing. Copy it again, whole, up to its last character.";
/// Heading of a room's address without its secret.
pub const NO_KEY: &str = "The key is missing";
/// The sentence under [`NO_KEY`].
pub const NO_KEY_TEXT: &str =
    "This browser has not joined the room yet. Open the room's full link: its key stands behind the # sign.";

/// Heading for a member who opened a link of another role.
pub const SWITCH: &str = "This link gives you another role";
/// Before the role of now, in bold.
pub const SWITCH_NOW: &str = "You are in this room already, as ";
/// Between it and the link's role, in bold.
pub const SWITCH_LINK: &str = ". The link is for ";
/// Between the link's role and what it allows.
pub const SWITCH_ALLOWS: &str = ": ";
/// The end of the sentence.
pub const SWITCH_END: &str = " It would replace what you may do now.";

/// Heading of the form. `known`: a member, with the room's name where it is known.
pub fn title(known: Option<&str>) -> String {
    match known {
        Some("") => "This is a new link to a room of yours".into(),
        Some(name) => format!("This is a new link to {name}"),
        None => "You are invited to a room".into(),
    }
}

/// What joining does.
pub fn about(is_member: bool, role: Role) -> String {
    match is_member {
        true => "Join with it, and you stay the same person in the room. Your uploads resume.".to_owned(),
        false => format!("What you may do with this link: {}", role_text(role)),
    }
}

/// The button that takes the link's role.
pub fn go_on_as(role: Role) -> String {
    format!("Go on as {}", role_name(role))
}

/// The button that keeps the role of now, by its name.
pub fn stay_as(now: &str) -> String {
    format!("Stay as {now}")
}
