//! File names that strangers chose, made safe to save and to show.
//! Never a path, a hidden file, a device, or a name that reads differently from what it is.

/// Characters of a file name that are kept, its extension among them.
const NAME_CHARS: usize = 150;
/// Characters of an extension that survive when a long name is cut.
const EXTENSION_CHARS: usize = 16;

/// The safe base name, or `None` when nothing is left of it.
pub(super) fn safe(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty())?;
    let clean: String = base
        .chars()
        .filter(|c| !is_deceptive(*c))
        .map(|c| {
            if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') || c.is_whitespace() && c != ' ' { '_' } else { c }
        })
        .collect();
    let clean = clean.trim_matches(|c: char| c == '.' || c == ' ');
    if clean.is_empty() {
        return None;
    }
    let cut = shorten(clean);
    Some(if is_device(&cut) { format!("_{cut}") } else { cut })
}

/// Control characters, and those that are not seen or turn the reading direction around: a
/// `gpj.exe` must not be shown as `exe.jpg`.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_CHARS {
        return name.to_owned();
    }
    let extension =
        name.rsplit_once('.').map(|(_, extension)| extension).filter(|e| e.chars().count() <= EXTENSION_CHARS);
    match extension {
        Some(extension) => {
            let stem: String = name.chars().take(NAME_CHARS - extension.chars().count() - 1).collect();
            format!("{stem}.{extension}")
        }
        None => name.chars().take(NAME_CHARS).collect(),
    }
}

/// Names that Windows opens as a device, whatever their extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |word: &str| stem.strip_prefix(word).is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_devices_and_hidden_names_are_made_harmless() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\Lasku ä.pdf", "Lasku ä.pdf"),
            (".htaccess", "htaccess"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("komma.txt", "komma.txt"),
            ("a:b*c?.txt", "a_b_c_.txt"),
            ("dir/", "dir"),
        ] {
            assert_eq!(safe(given).as_deref(), Some(kept));
        }
        for nothing in ["", "..", "/", " . ", "\u{202e}"] {
            assert_eq!(safe(nothing), None);
        }
    }

    #[test]
    fn a_name_cannot_be_turned_around() {
        assert_eq!(safe("photo\u{202e}gpj.exe").as_deref(), Some("photogpj.exe"));
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = safe(&format!("{}.pdf", "ä".repeat(500))).unwrap();
        assert_eq!(name.chars().count(), NAME_CHARS);
        assert!(name.ends_with("ä.pdf"));
    }

    proptest! {
        #[test]
        fn no_name_is_a_path_or_grows_when_cleaned_again(name in ".{0,300}") {
            if let Some(kept) = safe(&name) {
                prop_assert!(!kept.is_empty() && kept.chars().count() <= NAME_CHARS + 1);
                prop_assert!(!kept.contains(['/', '\\', '\0']) && !kept.starts_with('.'));
            }
        }
    }
}
