//! A download by the browser's own download manager.
//!
//! Storage answers with `Content-Disposition: attachment`, so a hidden frame that is sent to the URL starts a download and
//! shows nothing. A click on a link would be a navigation of the page: it would ask "leave this page?" while uploads run,
//! and leave it on an error answer. A frame that does show something received such an answer.

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;
use web_sys::HtmlIFrameElement;

use crate::ClientError;
use crate::browser::bindings;
use crate::browser::listener::Listener;

/// Time before the frame is removed: a download has to start before its URL expires. In milliseconds.
const FRAME_MS: u32 = 120_000;

/// Starts the download. `failed` is called when the frame shows a page instead of starting one.
///
/// # Errors
/// The page can't hold a frame.
pub(crate) fn start(url: &str, failed: impl FnMut() + 'static) -> Result<(), ClientError> {
    let frame = hidden_frame(url).ok_or(ClientError::DownloadBlocked)?;
    let watch = watch(&frame, failed);
    Timeout::new(FRAME_MS, move || {
        drop(watch);
        frame.remove();
    })
    .forget();
    Ok(())
}

fn hidden_frame(url: &str) -> Option<HtmlIFrameElement> {
    let document = bindings::window().document()?;
    let frame: HtmlIFrameElement = document.create_element("iframe").ok()?.unchecked_into();
    for (name, value) in
        [("hidden", ""), ("aria-hidden", "true"), ("tabindex", "-1"), ("referrerpolicy", "no-referrer")]
    {
        frame.set_attribute(name, value).ok()?;
    }
    frame.set_src(url);
    document.body()?.append_child(&frame).ok()?;
    Some(frame)
}

fn watch(frame: &HtmlIFrameElement, mut failed: impl FnMut() + 'static) -> Listener {
    let shown = frame.clone();
    Listener::new(frame, "load", move |_| {
        // The first document of a frame is empty, and no error. A document of storage is of another origin, so it is `None`.
        let blank =
            shown.content_document().and_then(|document| document.url().ok()).is_some_and(|url| url == "about:blank");
        if !blank {
            failed();
        }
    })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::testing::Recorder;

    #[wasm_bindgen_test]
    async fn an_error_answer_is_noticed() {
        let recorder = Recorder::new();
        let callback = recorder.callback();
        start(&format!("{}/no-such-file", bindings::window().location().origin().unwrap()), move || callback(()))
            .unwrap();
        recorder.wait_for(1).await;
    }
}
