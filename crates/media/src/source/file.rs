//! Video files, and which of them may be read.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::{SourceError, SourcePolicy};

/// A video file that was there, and allowed, when its address was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSource {
    path: PathBuf,
    /// The folder it may not leave.
    within: Option<PathBuf>,
}

impl FileSource {
    pub(super) fn parse(text: &str, policy: &SourcePolicy) -> Result<Self, SourceError> {
        let given = Path::new(text);
        if policy.trusted {
            let path = given.canonicalize().map_err(|error| unreadable(given, &error))?;
            return Self { path, within: None }.checked();
        }
        for dir in &policy.allowed_dirs {
            let Ok(dir) = dir.canonicalize() else {
                continue;
            };
            // A relative path means one in an allowed folder; an absolute one stays itself.
            if let Ok(path) = dir.join(given).canonicalize()
                && path.starts_with(&dir)
            {
                return Self { path, within: Some(dir) }.checked();
            }
        }
        // Files elsewhere and no files elsewhere must look the same to a user.
        let plain = !given.components().any(|part| part == Component::ParentDir);
        let inside = policy.allowed_dirs.iter().any(|dir| {
            let absolute = dir.join(given);
            absolute.starts_with(dir) && absolute.symlink_metadata().is_err()
        });
        if plain && inside {
            return Err(SourceError::NotFound(given.to_owned()));
        }
        Err(SourceError::NotAllowed {
            path: given.to_owned(),
            allowed: policy.allowed_dirs.clone(),
        })
    }

    fn checked(self) -> Result<Self, SourceError> {
        let metadata = self.path.metadata().map_err(|error| unreadable(&self.path, &error))?;
        if metadata.is_file() { Ok(self) } else { Err(SourceError::NotAFile(self.path)) }
    }

    /// Where the file is, without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file for reading; checks again that no link has replaced it
    /// or a folder on the way. Blocks.
    ///
    /// # Errors
    /// When the file is gone, can't be read, or is now elsewhere.
    pub fn open(&self) -> Result<File, SourceError> {
        let path = self.path.canonicalize().map_err(|error| unreadable(&self.path, &error))?;
        if let Some(within) = &self.within
            && !path.starts_with(within)
        {
            return Err(SourceError::NotAllowed {
                path: self.path.clone(),
                allowed: vec![within.clone()],
            });
        }
        // Looked at before it is opened, because opening a pipe waits for its writer.
        let source = Self { path, within: self.within.clone() }.checked()?;
        File::open(&source.path).map_err(|error| unreadable(&source.path, &error))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.to_owned()),
        _ => SourceError::Unreadable { path: path.to_owned(), why: error.to_string() },
    }
}

/// The path in a `file:` address.
pub(super) fn path_of_url(text: &str) -> Result<String, SourceError> {
    let wrong = |why: String| SourceError::Url { scheme: "file", why };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    let path = url
        .to_file_path()
        .map_err(|()| wrong("it must look like file:///folder/video.mp4".to_owned()))?;
    path.into_os_string().into_string().map_err(|_bytes| wrong("the path is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceSpec;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn users_stay_in_the_allowed_folders() {
        let root = tempfile::tempdir().unwrap();
        let videos = root.path().join("videos");
        fs::create_dir(&videos).unwrap();
        fs::write(videos.join("-a:b.mp4"), b"x").unwrap();
        fs::write(root.path().join("secret.mp4"), b"x").unwrap();
        symlink(root.path().join("secret.mp4"), videos.join("link.mp4")).unwrap();
        symlink(root.path(), videos.join("up")).unwrap();
        symlink(videos.join("-a:b.mp4"), videos.join("good-link.mp4")).unwrap();
        let policy = SourcePolicy::restricted(vec![videos.clone()]);
        let parse = |path: &Path| SourceSpec::parse(path.to_str().unwrap(), &policy);

        let inside = parse(&videos.join("-a:b.mp4")).unwrap();
        assert_eq!(parse(&videos.join("good-link.mp4")).unwrap(), inside);
        assert_eq!(SourceSpec::parse("./-a:b.mp4", &policy).unwrap(), inside);
        let url = Url::from_file_path(videos.join("-a:b.mp4")).unwrap();
        assert_eq!(SourceSpec::parse(url.as_str(), &policy).unwrap(), inside);

        for outside in [
            "secret.mp4",
            "videos/../secret.mp4",
            "videos/link.mp4",
            "videos/up/secret.mp4",
            "none.mp4",
        ] {
            let refused = parse(&root.path().join(outside));
            assert!(
                matches!(refused, Err(SourceError::NotAllowed { .. })),
                "{outside}: {refused:?}"
            );
        }
        assert!(matches!(
            SourceSpec::parse("../secret.mp4", &policy),
            Err(SourceError::NotAllowed { .. })
        ));
        assert!(matches!(parse(&videos.join("none.mp4")), Err(SourceError::NotFound(_))));
        assert!(matches!(parse(&videos), Err(SourceError::NotAFile(_))));
        assert!(matches!(
            SourceSpec::parse("file://host/x.mp4", &policy),
            Err(SourceError::Url { scheme: "file", .. })
        ));
        let trusted = SourcePolicy::trusted();
        assert!(
            SourceSpec::parse(root.path().join("secret.mp4").to_str().unwrap(), &trusted).is_ok()
        );
        assert!(matches!(
            SourceSpec::parse(root.path().join("none.mp4").to_str().unwrap(), &trusted),
            Err(SourceError::NotFound(_))
        ));
    }

    #[test]
    fn a_file_that_became_a_link_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        let videos = root.path().join("videos");
        fs::create_dir(&videos).unwrap();
        fs::write(videos.join("a.mp4"), b"x").unwrap();
        fs::write(root.path().join("secret.mp4"), b"x").unwrap();
        let policy = SourcePolicy::restricted(vec![videos.clone()]);
        let SourceSpec::File(source) = SourceSpec::parse("a.mp4", &policy).unwrap() else {
            panic!()
        };
        assert!(source.open().is_ok());
        fs::remove_file(videos.join("a.mp4")).unwrap();
        assert!(matches!(source.open(), Err(SourceError::NotFound(_))));
        symlink(root.path().join("secret.mp4"), videos.join("a.mp4")).unwrap();
        assert!(matches!(source.open(), Err(SourceError::NotAllowed { .. })));
    }
}
