//! What storage's answer to a PUT means.

use super::super::PutFault;
use crate::prelude::*;

/// How much of an error body is read, in bytes.
const ERROR_BODY: usize = 4096;

/// The ETag of the stored part, `None` where CORS hides it, or why the part is not stored.
///
/// `status` is 0 when there was no answer. `headers` are lines of `name: value`. `url` is what was sent to: a path of the
/// page's own origin is passed on to storage by what stands before it, and nothing hides headers there. So a success
/// without an ETag did not come from storage.
///
/// # Errors
/// Anything but a success of storage.
pub fn outcome(url: &str, status: u16, headers: &str, body: &str) -> Result<Option<String>, PutFault> {
    match status {
        200..=299 => match header(headers, "etag") {
            None if is_own_path(url) => Err(PutFault::Http { status: 502, code: None }),
            etag => Ok(etag),
        },
        0 => Err(PutFault::Network),
        _ => Err(PutFault::Http { status, code: error_code(body) }),
    }
}

/// Whether the proxy before storage on the page's own origin says that the part did not get there.
pub fn is_gateway_error(url: &str, fault: &PutFault) -> bool {
    // With a code it is storage's own answer, such as SlowDown.
    is_own_path(url) && matches!(fault, PutFault::Http { status: 502..=504, code: None })
}

/// Whether storage did not say this: there was no answer, or one of what stands before it, such as a proxy that blocks
/// one of its names.
pub fn is_of_the_way(fault: &PutFault) -> bool {
    // Every refusal of S3's own has a code.
    matches!(fault, PutFault::Network | PutFault::Http { status: 403 | 407 | 451 | 502..=504 | 511, code: None })
}

/// Whether the file may be at fault, so that it has to be probed before the fault is believed. Without an answer the cause
/// is hidden, and Firefox sends a file that is gone as an empty body, which storage refuses or gives up waiting for.
pub fn may_be_the_file(fault: &PutFault, has_sent: bool) -> bool {
    match fault {
        PutFault::Network | PutFault::Http { status: 400 | 403, .. } => true,
        PutFault::Http { .. } => !has_sent,
        PutFault::Read(_) => false,
    }
}

fn is_own_path(url: &str) -> bool {
    url.starts_with('/')
}

fn header(lines: &str, name: &str) -> Option<String> {
    lines.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The `<Code>` of S3's error body.
fn error_code(body: &str) -> Option<String> {
    let body = body.get(..ERROR_BODY).unwrap_or(body);
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    // S3's codes are single words of letters and digits. Anything else is some proxy's page.
    let code = code.trim();
    (!code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://bucket.example:9000/key?X-Amz-Signature=secret";
    const OWN: &str = "/storage/key?X-Amz-Signature=secret";

    fn http(status: u16, code: Option<&str>) -> PutFault {
        PutFault::Http { status, code: code.map(str::to_owned) }
    }

    #[test]
    fn the_code_of_an_error_body() {
        let body = "<?xml version=\"1.0\"?><Error><Code>BadDigest</Code><Message>x</Message></Error>";
        assert_eq!(outcome(URL, 400, "", body), Err(http(400, Some("BadDigest"))));
        for none in
            ["", "<Code>", "<Code></Code>", "<Code>not a code</Code>", "<html>503</html>", "é".repeat(5_000).as_str()]
        {
            assert_eq!(outcome(URL, 503, "", none), Err(http(503, None)), "{none:.40}");
        }
    }

    #[test]
    fn the_etag_of_the_headers() {
        let headers = "content-length: 0\r\netag: \"900150983cd24fb0d6963f7d28e17f72\"\r\n";
        assert_eq!(outcome(URL, 200, headers, ""), Ok(Some("900150983cd24fb0d6963f7d28e17f72".into())));
        assert_eq!(outcome(URL, 200, "content-length: 0\r\n", ""), Ok(None), "hidden by CORS");
    }

    #[test]
    fn on_the_pages_own_origin_only_storage_shows_an_etag() {
        assert_eq!(outcome(OWN, 200, "ETag: \"e\"", ""), Ok(Some("e".into())));
        assert_eq!(outcome(OWN, 200, "", ""), Err(http(502, None)));
        assert!([502, 503, 504].into_iter().all(|status| is_gateway_error(OWN, &http(status, None))));
        assert!(!is_gateway_error(URL, &http(502, None)) && !is_gateway_error(OWN, &http(500, None)));
        assert!(!is_gateway_error(OWN, &http(503, Some("SlowDown"))), "storage itself");
    }

    #[test]
    fn what_has_a_code_comes_from_storage() {
        for fault in [PutFault::Network, http(403, None), http(451, None), http(504, None)] {
            assert!(is_of_the_way(&fault), "{fault:?}");
        }
        for fault in [http(403, Some("AccessDenied")), http(503, Some("SlowDown")), http(500, None), http(404, None)] {
            assert!(!is_of_the_way(&fault), "{fault:?}");
        }
    }

    #[test]
    fn the_file_is_doubted_where_the_cause_is_hidden() {
        assert_eq!(outcome(URL, 0, "", ""), Err(PutFault::Network));
        for (fault, has_sent, expected) in [
            (PutFault::Network, true, true),
            (http(400, None), true, true),
            (http(403, None), true, true),
            (http(500, None), true, false),
            (http(500, None), false, true),
        ] {
            assert_eq!(may_be_the_file(&fault, has_sent), expected, "{fault:?} {has_sent}");
        }
    }
}
