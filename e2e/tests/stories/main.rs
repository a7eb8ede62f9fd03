//! Stories: each is a promise to the person who uploads, kept on the real stack.
//!
//! Every one starts its own storage, dev-server, proxies and browser on free ports, and ends by
//! comparing what storage holds with the file, byte by byte.

/// The same story in several browsers: `stories!(a_promise in chromium, firefox);`
macro_rules! stories {
    ($story:ident in $($browser:ident),+) => {
        mod $story {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $browser() -> anyhow::Result<()> {
                    super::$story(crate::room::browsers::$browser).await
                }
            )+
        }
    };
}

mod api;
mod bulk;
mod changes;
mod control;
mod deployed;
mod dev;
mod first_upload;
mod links;
mod many;
mod memory;
mod names;
mod outage;
mod own_origin;
mod pages;
mod panel;
mod resume;
mod room;
mod soak;
mod speed_limit;
mod trouble;
mod versitygw;
mod wire;
