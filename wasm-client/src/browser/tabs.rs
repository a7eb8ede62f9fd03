//! Messages between the tabs of one browser, over a BroadcastChannel.

use std::fmt;

use serde::{Deserialize, Serialize};
use slipway_protocol::machine::LocalId;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::browser::json;
use crate::browser::listener::Listener;

/// A message from one tab to all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum TabMessage {
    /// The list of unfinished uploads in the checkpoint changed: read it again.
    Uploads,
    /// The list of joined rooms changed.
    Rooms,
    /// Asks the tab that works on this upload to release it: the user continues it in the sender's tab.
    // Tabs with an older page know it by this name.
    #[serde(rename = "let-go")]
    Release {
        /// The upload.
        id: LocalId,
    },
}

/// The channel to the other tabs. Dropping it closes it.
pub(crate) struct Tabs {
    channel: Option<BroadcastChannel>,
    _listener: Option<Listener>,
}

impl Tabs {
    /// Calls `on_message` for each message on the channel of this name; never where the browser has no BroadcastChannel.
    pub(crate) fn open(name: &str, on_message: impl Fn(TabMessage) + 'static) -> Self {
        let channel = BroadcastChannel::new(name).ok();
        let listener = channel.as_ref().map(|channel| {
            Listener::new(channel, "message", move |event| {
                let data = event.unchecked_ref::<MessageEvent>().data().as_string();
                // A tab with a newer page may send messages that this one does not know.
                if let Some(message) = data.and_then(|text| json::from_str(&text)) {
                    on_message(message);
                }
            })
        });
        Self { channel, _listener: listener }
    }

    /// Sends to all other tabs.
    pub(crate) fn broadcast(&self, message: TabMessage) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(&message)) {
            let _ = channel.post_message(&text.into());
        }
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}

impl fmt::Debug for Tabs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tabs")
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::{Recorder, sleep, unique};

    #[wasm_bindgen_test]
    async fn a_message_reaches_the_other_tabs_and_not_its_sender() {
        let name = unique("tabs");
        let (mine, theirs) = (Recorder::new(), Recorder::new());
        let (one, _two) = (Tabs::open(&name, mine.callback()), Tabs::open(&name, theirs.callback()));
        // A message of a newer page is ignored.
        one.channel.as_ref().unwrap().post_message(&r#"{"kind":"from-the-future"}"#.into()).unwrap();
        one.broadcast(TabMessage::Release { id: LocalId(9) });
        one.broadcast(TabMessage::Uploads);
        assert_eq!(theirs.wait_for(2).await, [TabMessage::Release { id: LocalId(9) }, TabMessage::Uploads]);
        sleep(20).await;
        assert_eq!(mine.all(), []);
    }
}
