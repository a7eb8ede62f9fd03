//! What must not be in a message.

/// Addresses without what stands behind `?` or `#`: neither a signature nor a link's secret belongs in a message.
pub(super) fn without_secrets(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || c == '"' || c == '\'';
    let cut = |word: &str| match word.find(['?', '#']).filter(|at| word[..*at].contains('/')) {
        Some(at) => format!("{}…{}", &word[..at], &word[word.trim_end_matches(ends).len()..]),
        None => word.to_owned(),
    };
    text.split_inclusive(ends).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_message_has_no_secrets() {
        for (text, expected) in [
            ("http://a/r/1#manage.key", "http://a/r/1…"),
            ("PUT \"http://a/b?X-Amz-Signature=5&a=b\" failed\n", "PUT \"http://a/b…\" failed\n"),
            ("left (/r/1#manage.key) by source=/r/1?b", "left (/r/1… by source=/r/1…"),
            ("PUT /storage/b/k?X-Amz-Signature=5 is 403", "PUT /storage/b/k… is 403"),
            ("http://a/r/1?b#c\nhttp://a/r/1 and why?", "http://a/r/1…\nhttp://a/r/1 and why?"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
