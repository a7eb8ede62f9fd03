//! Decimal numbers in texts. Reading them exactly to the last bit takes tables of ten kilobytes, which do not compress:
//! the page does without.

/// More digits than these can't change a double by more than its last bit.
const ENOUGH: u64 = 1_000_000_000_000_000_000;
/// A text of more bytes is no number of ours.
const LONGEST: usize = 4096;
/// Beyond this everything is nothing, or too large, however many digits the text has.
const FARTHEST: i32 = 9999;
/// Powers of ten up to this one are exact as doubles.
const EXACT: u32 = 22;

/// The number that the text is: digits, perhaps with a sign, a point and an exponent. Exact for up to fifteen digits
/// and usual exponents; else the last bits may differ. None where it is no number, or one too large for a double.
pub fn parse(text: &str) -> Option<f64> {
    if text.len() > LONGEST {
        return None;
    }
    let (negative, text) = signed(text);
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, whole(exponent)?),
        None => (text, 0),
    };
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    if before.is_empty() && behind.is_empty() {
        return None;
    }
    let (mut value, mut shift) = (0, exponent);
    for (text, is_behind) in [(before, false), (behind, true)] {
        for byte in text.bytes() {
            let digit = digit(byte)?;
            let fits = value < ENOUGH;
            if fits {
                value = value * 10 + u64::from(digit);
            }
            shift += i32::from(!fits) - i32::from(is_behind);
        }
    }
    let value = scaled(value as f64, shift);
    value.is_finite().then_some(if negative { -value } else { value })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

fn whole(text: &str) -> Option<i32> {
    let (negative, digits) = signed(text);
    let start = if digits.is_empty() { None } else { Some(0) };
    let value =
        digits.bytes().fold(start, |value, byte| Some((value? * 10 + i32::from(digit(byte)?)).min(FARTHEST)))?;
    Some(if negative { -value } else { value })
}

fn scaled(mut value: f64, shift: i32) -> f64 {
    let mut left = shift.unsigned_abs();
    while left > 0 && value != 0.0 && value.is_finite() {
        let step = left.min(EXACT);
        let power = (0..step).fold(1.0, |power, _| power * 10.0);
        value = if shift > 0 { value * power } else { value / power };
        left -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_people_and_programs_write_them() {
        for text in
            ["0", "-0", "1", "+2.5", ".5", "5.", "0.1", "1e3", "1E-3", "12345678.125", "1e22", "9007199254740992"]
        {
            assert_eq!(parse(text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["", ".", "-", "e5", "1e", "1e+", "1,5", "1.2.3", "--1", "inf", "NaN", " 1", "1e999", "0x1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("1e-99999999999"), Some(0.0));
        assert_eq!(parse("0e99999999999"), Some(0.0));
    }

    proptest! {
        #[test]
        fn any_double_comes_back_to_its_last_bits(number in prop::num::f64::NORMAL, small in -1e9..1e9_f64) {
            for number in [number, small] {
                for text in [format!("{number}"), format!("{number:e}")] {
                    let read = parse(&text).unwrap_or(f64::INFINITY);
                    let off = ((read - number) / number).abs();
                    prop_assert!(off < 1e-14 || number.abs() < 1e-290 || number.abs() > 1e300, "{} {}", text, read);
                }
            }
        }
    }
}
