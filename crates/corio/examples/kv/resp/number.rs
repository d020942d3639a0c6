//! Numbers as text: read strictly, written fast.

/// `text` as a number, by Redis's rule: digits, perhaps a minus before them, no blanks, no plus, no
/// leading zeros.
pub fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        b"0" if digits.len() == text.len() => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    // Counted below zero, where there is one number more than above.
    let mut number: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if digits.len() == text.len() { number.checked_neg() } else { Some(number) }
}

/// Appends `number` in decimal, without the machinery of `fmt`: half of all replies need it.
pub fn append_integer(bytes: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let mut from = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        from -= 1;
        digits[from] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        bytes.push(b'-');
    }
    bytes.extend_from_slice(&digits[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_redis_rule() {
        for number in [0, 1, -1, 9, 10, -10, 1234567890, i64::MAX, i64::MIN] {
            let text = number.to_string();
            assert_eq!(integer(text.as_bytes()), Some(number), "{text}");
            let mut written = Vec::new();
            append_integer(&mut written, number);
            assert_eq!(written, text.as_bytes());
        }
        let bad = ["", "-", "+1", " 1", "1 ", "01", "-0", "-01", "1a", "0x1", "1.0"];
        for text in bad.into_iter().chain(["9223372036854775808", "-9223372036854775809"]) {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}
