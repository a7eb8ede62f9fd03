//! Links and the roles that they give.

use slipway_protocol::wire::link::Role;

/// The heading.
pub const TITLE: &str = "Links";
/// The sentence under the heading.
pub const ABOUT: &str = "Whoever has a link is in. Hand out the one with just the rights that are needed.";
/// While there are none to show.
pub const NONE: &str = "This device keeps no link of the room.";
/// Tooltip of the copying button.
pub const COPY: &str = "Copy";
/// The clipboard is out of reach.
pub const COPY_REFUSED: &str = "The browser refused. Select the link and copy it by hand.";
/// Tooltip of the button that shows a QR code.
pub const QR: &str = "QR code";
/// The accessible name of the code itself.
pub const QR_LABEL: &str = "QR code of the link";
/// The button that replaces a link, and the answer that does it.
pub const REPLACE: &str = "Replace";
/// The same after an answer was lost.
pub const REPLACE_AGAIN: &str = "Try again";
/// The same where there is no link.
pub const MAKE: &str = "Make a new link";
/// It is done.
pub const REPLACED: &str = "The link is replaced. Copy the new one.";
/// The button that ends a link.
pub const END: &str = "End";
/// The answer that does it.
pub const END_YES: &str = "End it";
/// It is done.
pub const ENDED: &str = "The link is ended.";

/// The accessible name of a link's field, and the heading of its dialog.
pub fn link(role: Role) -> String {
    format!("{} link", role_name(role))
}

/// The accessible name of the copying button.
pub fn copy(role: Role) -> String {
    format!("Copy the {} link", role_name(role))
}

/// It is copied.
pub fn copied(role: Role) -> String {
    format!("{} link copied.", role_name(role))
}

/// The accessible name of the button that shows a QR code.
pub fn qr_of(role: Role) -> String {
    format!("QR code of the {} link", role_name(role))
}

/// Asked before a link is replaced.
pub fn replace_title(role: Role) -> String {
    format!("Replace the {} link?", role_name(role))
}

/// The accessible name of the replacing button: its word first, as it is seen.
pub fn replace_label(word: &str, role: Role) -> String {
    format!("{word} ({})", role_name(role))
}

/// The accessible name of the ending button.
pub fn end(role: Role) -> String {
    format!("End the {} link", role_name(role))
}

/// Asked before a link is ended.
pub fn end_title(role: Role) -> String {
    format!("End the {} link?", role_name(role))
}

/// A link's name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Manage => "Manage",
        Role::Contribute => "Contribute",
        Role::View => "View",
        Role::Drop => "Drop",
    }
}

/// What a link's holder may do.
pub fn role_text(role: Role) -> &'static str {
    match role {
        Role::Manage => "Everything, including links and removing people. Keep this one to yourself.",
        Role::Contribute => "Upload, see and download.",
        Role::View => "See and download.",
        Role::Drop => "Upload only. The others' files stay hidden.",
    }
}

/// What I may do, in the room's header.
pub fn my_role_text(role: Role) -> &'static str {
    match role {
        Role::Manage => "You manage this room",
        Role::Contribute => "You can upload and download",
        Role::View => "You can see and download",
        Role::Drop => "You can upload; only you see what you sent",
    }
}

/// What is said to who opened a link that adds nothing to what they may do.
pub fn stays_text(now: Role, link: Role) -> String {
    format!("You stay in as {}, which includes all that the {} link allows.", role_name(now), role_name(link))
}

/// What happens when a link is replaced.
pub fn replace_text(role: Role) -> &'static str {
    match role {
        Role::Manage => {
            "You stay in. Everyone else who came in by it is out at once, and the old link no longer works. \
             Their uploads stop until they open the new link."
        }
        Role::View => {
            "Everyone who came in by it is out at once, and the old link no longer works. \
             They come back with the new link."
        }
        Role::Contribute | Role::Drop => {
            "Everyone who came in by it is out at once, and the old link no longer works. \
             Their uploads stop until they open the new link."
        }
    }
}

/// What happens when a link is ended.
pub fn end_text(role: Role) -> &'static str {
    match role.may_upload() {
        true => {
            "Everyone who came in by it is out at once, and their uploads stop. \
             You can make a new link at any time; with it they go on."
        }
        false => "Everyone who came in by it is out at once. You can make a new link at any time.",
    }
}

/// Why no link is shown.
pub fn no_link_text(unsure: bool) -> &'static str {
    match unsure {
        true => "The answer to the replacement was lost, so the old link may be dead. Try again to get the new one.",
        false => "This device does not know this link, or it was ended.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_and_ending_a_link_say_who_is_out() {
        for role in Role::ALL {
            for text in [replace_text(role), end_text(role)] {
                assert!(text.contains("who came in by it is out at once"), "{text}");
                assert_eq!(text.contains("uploads"), role.may_upload(), "{text}");
            }
        }
    }
}
