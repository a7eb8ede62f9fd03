//! Links and the roles that they give.

use slipway_protocol::wire::link::Role;

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
