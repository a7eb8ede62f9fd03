//! Components without knowledge of rooms or uploads.

mod announcer;
mod dialog;
mod flow;
mod form;
mod icon;
mod link;
mod name;
mod notices;
mod qr;
mod skeleton;
mod theme;
mod toasts;

pub(crate) use announcer::Announcer;
pub(crate) use dialog::{Modal, QuestionDialog};
pub(crate) use flow::{For, Show};
pub(crate) use form::FormError;
pub(crate) use icon::{Glyph, Icon};
pub(crate) use link::A;
pub(crate) use name::{Folder, KindIcon, Name};
pub(crate) use notices::Notices;
pub(crate) use qr::QrCode;
pub(crate) use skeleton::{Lost, Skeleton};
pub(crate) use theme::{ThemeButton, Wordmark};
pub(crate) use toasts::Toasts;
