//! Pictures and texts of a parcel, made ready to be shown: decoded on a thread of their own, within limits.

use std::io::Cursor;
use std::sync::Arc;

use super::paper::Picture;
use super::text::safe_lines;
use crate::engine::model::Content;
use crate::parcel::ParcelId;

/// Larger pictures than this, on a side, are not decoded; a phone's photograph has some 8,000.
const MOST_PIXELS: u32 = 12_000;
/// What decoding one may take of memory.
const MOST_BYTES: u64 = 300_000_000;
/// Drawn at most this large; more than a screen shows nobody sees.
const SHOWN_PIXELS: u32 = 1_600;
/// So much of a text is shown; the whole of it can be saved.
const MOST_CHARS: usize = 200_000;

/// A file made ready.
#[derive(Clone, Debug)]
pub struct Preview {
    pub parcel: ParcelId,
    pub index: usize,
    pub name: String,
    pub kind: PreviewKind,
}

#[derive(Clone, Debug)]
pub enum PreviewKind {
    Picture(Arc<Picture>),
    Text(Arc<str>),
    /// Not what its name says, too large, or damaged.
    Unshown,
}

/// Whether a file of this name may be shown in place or opened.
pub fn can_be_shown(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("jpg" | "jpeg" | "png" | "gif" | "txt" | "pdf"))
}

/// Whether the bytes are for the system's viewer.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// Judged by its bytes, not by its name.
pub fn of(content: &Content) -> Preview {
    let kind = match picture(&content.name, &content.bytes) {
        Some(picture) => PreviewKind::Picture(Arc::new(picture)),
        None => text(&content.name, &content.bytes).map_or(PreviewKind::Unshown, PreviewKind::Text),
    };
    Preview { parcel: content.parcel, index: content.index, name: content.name.clone(), kind }
}

fn picture(name: &str, bytes: &[u8]) -> Option<Picture> {
    let mut reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.format()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoded = reader.decode().inspect_err(|error| tracing::info!(%error, "a picture is not shown")).ok()?;
    let large = decoded.width().max(decoded.height()) > SHOWN_PIXELS;
    let decoded = if large { decoded.thumbnail(SHOWN_PIXELS, SHOWN_PIXELS) } else { decoded };
    let rgba = decoded.into_rgba8();
    Some(Picture { name: name.to_owned(), size: [rgba.width(), rgba.height()], rgba: rgba.into_raw() })
}

/// A text in UTF-8, UTF-16 with its mark, or the CP932 of old programs.
fn text(name: &str, bytes: &[u8]) -> Option<Arc<str>> {
    if !name.to_ascii_lowercase().ends_with(".txt") || bytes.contains(&0) && !bytes.starts_with(&[0xff, 0xfe]) {
        return None;
    }
    let (encoding, from) = encoding_rs::Encoding::for_bom(bytes).unwrap_or_else(|| {
        let utf8 = std::str::from_utf8(bytes).is_ok();
        (if utf8 { encoding_rs::UTF_8 } else { encoding_rs::SHIFT_JIS }, 0)
    });
    let (decoded, _) = encoding.decode_without_bom_handling(bytes.get(from..)?);
    let shown: String = decoded.chars().take(MOST_CHARS).collect();
    Some(Arc::from(safe_lines(&shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(name: &str, bytes: &[u8]) -> Content {
        Content { parcel: ParcelId::new(), index: 0, name: name.into(), bytes: Arc::from(bytes) }
    }

    #[test]
    fn texts_are_read_in_the_encodings_people_have() {
        for bytes in [
            "お知らせ".as_bytes(),
            b"\xEF\xBB\xBF\xe3\x81\x8a\xe7\x9f\xa5\xe3\x82\x89\xe3\x81\x9b",
            b"\x82\xa8\x92\x6d\x82\xe7\x82\xb9",
        ] {
            let PreviewKind::Text(text) = of(&content("お知らせ.TXT", bytes)).kind else { panic!("{bytes:?}") };
            assert_eq!(&*text, "お知らせ");
        }
    }

    #[test]
    fn what_is_no_picture_is_not_shown_and_does_not_panic() {
        for bytes in
            [&b"\x89PNG\r\n\x1a\nnothing"[..], b"", b"GIF89a\xff\xff\xff\xff", b"\xff\xd8\xff\xe0broken", b"MZ\x90\0"]
        {
            assert!(matches!(of(&content("写真.png", bytes)).kind, PreviewKind::Unshown), "{bytes:?}");
        }
    }

    #[test]
    fn a_picture_of_a_giant_size_is_refused_before_its_memory_is_taken() {
        // A PNG head that says 60,000 × 60,000.
        let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        head.extend(60_000_u32.to_be_bytes());
        head.extend(60_000_u32.to_be_bytes());
        head.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        assert!(matches!(of(&content("大きい.png", &head)).kind, PreviewKind::Unshown));
    }
}
