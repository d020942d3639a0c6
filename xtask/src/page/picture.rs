//! Pictures of the page: whether something is on them, and whether it is dark or bright.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::Fail;

/// What is known of a picture.
#[derive(Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) size: (u32, u32),
    /// How many colours there are.
    pub(super) colours: usize,
    /// Which part of it has the commonest one.
    pub(super) commonest: f64,
    /// How bright it is on the whole, from 0 to 255.
    pub(super) brightness: f64,
}

/// The bytes of a file that the browser has sent.
///
/// # Errors
/// It is not in base64.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, Fail> {
    Ok(BASE64_STANDARD.decode(text)?)
}

/// Looks at a PNG.
///
/// # Errors
/// It is none, or not of the kind that browsers write.
pub(super) fn look(file: &[u8]) -> Result<Picture, Fail> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("a picture larger than memory")?];
    let info = reader.next_frame(&mut pixels)?;
    let samples = info.color_type.samples();
    if samples < 3 {
        return Err(format!("a picture of {:?}, not of colours", info.color_type).into());
    }
    let mut counts: HashMap<[u8; 3], u64> = HashMap::new();
    let mut sum = 0_u64;
    for pixel in pixels[..info.buffer_size()].chunks_exact(samples) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
        sum += pixel[..3].iter().map(|part| u64::from(*part)).sum::<u64>();
    }
    let all = u64::from(info.width) * u64::from(info.height);
    let most = counts.values().copied().max().unwrap_or(0);
    Ok(Picture {
        size: (info.width, info.height),
        colours: counts.len(),
        commonest: most as f64 / all as f64,
        brightness: sum as f64 / (3 * all) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_pixels() {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 4, 1);
        encoder.set_color(png::ColorType::Rgb);
        let pixels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255];
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        let expected =
            Picture { size: (4, 1), colours: 2, commonest: 0.75, brightness: 255.0 / 4.0 };
        assert_eq!(look(&file).unwrap(), expected);
        assert!(look(b"GIF89a").is_err());
    }
}
