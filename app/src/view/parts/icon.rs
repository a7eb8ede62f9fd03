//! Icons, drawn for this page on a grid of 24.

use leptos::prelude::*;

/// Every icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Archive,
    Audio,
    Check,
    Clock,
    Close,
    Code,
    Copy,
    Document,
    Download,
    File,
    Folder,
    Image,
    Info,
    Laptop,
    Leave,
    Link,
    List,
    Moon,
    Offline,
    Pause,
    Play,
    Qr,
    Retry,
    Shield,
    Sun,
    Swap,
    System,
    Trash,
    Upload,
    Users,
    Video,
    Warning,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Archive => "M4 4.5h16V9H4zM5.5 9v10.5h13V9M10 13h4",
            Self::Audio => {
                "M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0zM19 15.5a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0z"
            }
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
            Self::Close => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Code => "M8.5 8l-4 4l4 4M15.5 8l4 4l-4 4M13.5 5.5l-3 13",
            Self::Copy => "M9 9h10.5v10.5H9zM5.5 15h-1V4.5H15v1",
            Self::Document => "M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5M9 12.5h6M9 16h6",
            Self::Download => "M12 4v11.5M7 11l5 5l5-5M4.5 20h15",
            Self::File => "M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5",
            Self::Folder => "M3.5 5.5h6l2 2.5h9v11h-17z",
            Self::Image => "M4 5h16v14H4zM4 16l4.5-4.5l4 4l3-3L20 17M15.5 9h.01",
            Self::Info => "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM12 11v5M12 8h.01",
            Self::Laptop => "M5 5h14v10H5zM2.5 19h19",
            Self::Leave => "M14 4.5H5v15h9M10 12h10.5M17 8.5l3.5 3.5l-3.5 3.5",
            Self::Link => {
                "M10 14a4 4 0 0 0 6 .4l2.8-2.8a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-2.8 2.8a4 4 0 0 0 5.7 5.7L12 17"
            }
            Self::List => "M8 6.5h12M8 12h12M8 17.5h12M4 6.5h.01M4 12h.01M4 17.5h.01",
            Self::Moon => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
            Self::Offline => {
                "M4 4l16 16M8.6 15.6a5 5 0 0 1 6.8 0M5.2 12.2a10 10 0 0 1 4.3-2.5M2 8.8a15 15 0 0 1 4.7-3M18.8 12.2a10 10 0 0 0-2.6-1.8M22 8.8A15 15 0 0 0 11 4.9M12 19h.01"
            }
            Self::Pause => "M9 6v12M15 6v12",
            Self::Play => "M8 5.5v13l10.5-6.5z",
            Self::Qr => {
                "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5v2.5M17 13.5h2.5v2.5M13.5 19.5h3v-3M19.5 19.5h.01"
            }
            Self::Retry => "M19.5 11.5a7.5 7.5 0 1 0-2 5.6M19.5 5.5v6h-6",
            Self::Shield => "M12 3.5l7 2.5v5.5c0 4.5-3 7.5-7 9c-4-1.5-7-4.5-7-9V6zM9 12l2.2 2.2L15.2 10",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4"
            }
            Self::Swap => "M4.5 8.5h14M15 5l3.5 3.5L15 12M19.5 15.5h-14M9 12l-3.5 3.5L9 19",
            Self::System => "M4 5h16v11H4zM9 20h6M12 16v4",
            Self::Trash => "M4.5 7h15M9 7V4.5h6V7M6.5 7l.8 12.5h9.4L17.5 7M10 10.5v5.5M14 10.5v5.5",
            Self::Upload => "M12 15.5V4M7 8.5l5-5l5 5M4.5 20h15",
            Self::Users => {
                "M9 11.5a3.5 3.5 0 1 0 0-7a3.5 3.5 0 0 0 0 7zM2.5 19.5c.5-3.5 3-5 6.5-5s6 1.5 6.5 5M16 5a3.3 3.3 0 0 1 0 6.3M18 14.8c2 .6 3.2 2.2 3.5 4.7"
            }
            Self::Video => "M3.5 6.5h12v11h-12zM15.5 11l5-3v8l-5-3",
            Self::Warning => "M12 4.5l8.5 15h-17zM12 10.5v4M12 17h.01",
        }
    }
}

/// An icon in the colour of its text. Hidden from screen readers: the text beside it or its button's label says the same.
#[component]
pub(crate) fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
}
