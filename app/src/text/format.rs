//! Numbers in words: sizes in decimal units with one digit, durations, counts.

const UNITS: [(&str, u64); 5] =
    [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("PB", 1_000_000_000_000_000)];

/// A size: `1.5 GB`, `512 bytes`.
pub fn bytes(n: u64) -> String {
    match n {
        1 => "1 byte".into(),
        0..1_000 => format!("{n} bytes"),
        _ => scaled(n),
    }
}

/// A rate: `12.3 MB/s`.
pub fn speed(bytes_per_second: u64) -> String {
    match bytes_per_second {
        0..1_000 => format!("{bytes_per_second} B/s"),
        n => format!("{}/s", scaled(n)),
    }
}

/// A part of a whole, with the unit once if both share it: `1.2 of 3.4 GB`.
pub fn bytes_of(part: u64, whole: u64) -> String {
    let (part, whole) = (bytes(part), bytes(whole));
    match (part.split_once(' '), whole.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

fn scaled(n: u64) -> String {
    let tenths = |unit: u64| n / unit * 10 + (n % unit * 10 + unit / 2) / unit;
    // The first unit in which the rounded figure stays below 1,000: 999.96 kB is 1.0 MB.
    let (name, unit) = UNITS.into_iter().find(|(_, unit)| tenths(*unit) < 10_000).unwrap_or(UNITS[4]);
    let t = tenths(unit);
    format!("{}.{} {name}", t / 10, t % 10)
}

/// A duration in one or two units: `45 seconds`, `3 minutes 20 seconds`, `5 hours 12 minutes`, `2 days 3 hours`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0 => "a moment".into(),
        1..60 => count(seconds, "second"),
        // Steps of five seconds, so that the text does not change every second.
        60..600 => two(minutes, "minute", seconds % 60 / 5 * 5, "second"),
        600..3_600 => count(minutes, "minute"),
        3_600..86_400 => two(hours, "hour", minutes % 60, "minute"),
        _ => two(days, "day", hours % 24, "hour"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => count(large, large_unit),
        _ => format!("{} {}", count(large, large_unit), count(small, small_unit)),
    }
}

/// A number with its noun in singular or plural: `1 file`, `2 files`, `10,000 files`.
pub fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A number with thousands separators: `10,000`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Time since `then`, both in milliseconds since 1970: `just now`, `5 minutes ago`.
pub fn ago(then: u64, now: u64) -> String {
    // `then` is the server's time: with a local clock that is behind, it can lie in the future.
    let seconds = now.saturating_sub(then) / 1_000;
    match seconds {
        0..60 => "just now".into(),
        60..3_600 => format!("{} ago", count(seconds / 60, "minute")),
        3_600..86_400 => format!("{} ago", count(seconds / 3_600, "hour")),
        86_400..2_592_000 => format!("{} ago", count(seconds / 86_400, "day")),
        2_592_000..31_536_000 => format!("{} ago", count(seconds / 2_592_000, "month")),
        _ => format!("{} ago", count(seconds / 31_536_000, "year")),
    }
}

/// A share in whole percent, rounded down, so that 100 means all. 0 of 0 is 0.
pub fn percent(part: u64, whole: u64) -> u8 {
    if whole == 0 {
        return 0;
    }
    (u128::from(part.min(whole)) * 100 / u128::from(whole)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_and_decimal_units() {
        let table = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_049, "1.0 kB"),
            (1_050, "1.1 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (16 << 20, "16.8 MB"),
            (1 << 30, "1.1 GB"),
            (5 << 40, "5.5 TB"),
            (u64::MAX, "18446.7 PB"),
        ];
        for (n, text) in table {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn a_shared_unit_is_written_once() {
        assert_eq!(bytes_of(1_200_000_000, 3_400_000_000), "1.2 of 3.4 GB");
        assert_eq!(bytes_of(900_000, 3_400_000_000), "900.0 kB of 3.4 GB");
        assert_eq!(bytes_of(0, 0), "0 of 0 bytes");
    }

    #[test]
    fn speeds_are_per_second() {
        assert_eq!(speed(0), "0 B/s");
        assert_eq!(speed(12_345_678), "12.3 MB/s");
    }

    #[test]
    fn durations_have_one_or_two_units() {
        let table = [
            (0, "a moment"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (64, "1 minute"),
            (65, "1 minute 5 seconds"),
            (599, "9 minutes 55 seconds"),
            (600, "10 minutes"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (18_720, "5 hours 12 minutes"),
            (86_400, "1 day"),
            (183_600, "2 days 3 hours"),
        ];
        for (seconds, text) in table {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn thousands_are_separated() {
        let table = [(0, "0"), (999, "999"), (1_000, "1,000"), (10_000, "10,000"), (1_234_567, "1,234,567")];
        for (n, text) in table {
            assert_eq!(grouped(n), text);
        }
    }

    #[test]
    fn times_are_relative_to_now() {
        let now = 2_000_000_000_000;
        assert_eq!(ago(now + 5_000, now), "just now");
        assert_eq!(ago(now - 59_999, now), "just now");
        assert_eq!(ago(now - 60_000, now), "1 minute ago");
        assert_eq!(ago(now - 2 * 3_600_000, now), "2 hours ago");
        assert_eq!(ago(now - 3 * 86_400_000, now), "3 days ago");
        assert_eq!(ago(now - 400 * 86_400_000, now), "1 year ago");
    }

    #[test]
    fn percent_is_rounded_down() {
        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(999, 1_000), 99);
        assert_eq!(percent(1_000, 1_000), 100);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
        assert_eq!(percent(2, 1), 100);
    }
}
