//! What the tabs of one browser tell each other, over a BroadcastChannel.

use std::fmt;

use serde::{Deserialize, Serialize};
use slipway_protocol::machine::LocalId;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::browser::json;
use crate::browser::listener::Listener;

/// A word from one tab to all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Word {
    /// The list of unfinished uploads in the checkpoint changed: look at it again.
    Uploads,
    /// The list of joined rooms changed.
    Rooms,
    /// Please let go of this upload: its user wants to go on in another tab.
    LetGo {
        /// Which.
        id: LocalId,
    },
}

/// The way to the other tabs. Dropping it leaves.
pub(crate) struct Tabs {
    channel: Option<BroadcastChannel>,
    _heard: Option<Listener>,
}

impl Tabs {
    /// Hears what other tabs say on the channel of this name. Where there is no such thing, there is silence.
    pub(crate) fn join(name: &str, on: impl Fn(Word) + 'static) -> Self {
        let channel = BroadcastChannel::new(name).ok();
        let heard = channel.as_ref().map(|channel| {
            Listener::new(channel, "message", move |event| {
                let data = event.unchecked_ref::<MessageEvent>().data().as_string();
                // A newer page may say what this one does not know.
                if let Some(word) = data.and_then(|text| json::from_str(&text).ok()) {
                    on(word);
                }
            })
        });
        Self { channel, _heard: heard }
    }

    /// Tells all others.
    pub(crate) fn say(&self, word: Word) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(&word)) {
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
    use crate::testing::{Heard, sleep, unique};

    #[wasm_bindgen_test]
    async fn a_word_reaches_the_other_tabs_and_not_oneself() {
        let name = unique("tabs");
        let (mine, theirs) = (Heard::new(), Heard::new());
        let (one, _two) = (Tabs::join(&name, mine.ear()), Tabs::join(&name, theirs.ear()));
        // What a newer page says is no word of this one's.
        one.channel.as_ref().unwrap().post_message(&r#"{"kind":"from-the-future"}"#.into()).unwrap();
        one.say(Word::LetGo { id: LocalId(9) });
        one.say(Word::Uploads);
        assert_eq!(theirs.wait_for(2).await, [Word::LetGo { id: LocalId(9) }, Word::Uploads]);
        sleep(20).await;
        assert_eq!(mine.all(), []);
    }
}
