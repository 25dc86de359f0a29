//! The socket file: nobody else may connect at any moment of its life, and a stale one of a
//! process that died is replaced only by whoever holds the folder.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::SOCKET_NAME;
use crate::exit::Failure;
use crate::owner::Owner;

/// Longest path that a socket address holds on every unix, in bytes (108 on Linux, with a zero).
const ADDRESS_BYTES: usize = 100;

/// A listening control socket; its file goes when this is dropped.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Binds the socket of the folder. It is bound inside a fresh 0700 folder and moved to its
    /// place with mode 0600, so that there is no moment at which the umask decides.
    pub fn bind(owner: &Owner) -> Result<Self, Failure> {
        let path = owner.data().join(SOCKET_NAME);
        let doing = |error: io::Error| Failure::io(format_args!("cannot make {}", path.display()), &error);
        let cradle = owner.data().join(format!(".control-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&cradle);
        DirBuilder::new().mode(0o700).create(&cradle).map_err(doing)?;
        let bound = (|| -> io::Result<UnixListener> {
            let inside = cradle.join("s");
            let listener = UnixListener::bind(&Address::of(&inside)?.path)?;
            std::fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
            std::fs::rename(&inside, &path)?;
            Ok(listener)
        })();
        let _ = std::fs::remove_dir_all(&cradle);
        let listener = bound.map_err(doing)?;
        Ok(Self { listener, path })
    }

    /// The next connection of the same user or of root; others are turned away.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let peer = stream.peer_cred()?.uid();
            if peer == rustix::process::geteuid().as_raw() || peer == 0 {
                return Ok(stream);
            }
            tracing::warn!(uid = peer, "turned away another user at the control socket");
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Connects to the socket of a folder.
pub(super) async fn connect(data: &Path) -> io::Result<UnixStream> {
    let address = Address::of(&data.join(SOCKET_NAME))?;
    UnixStream::connect(&address.path).await
}

/// A path that fits a socket address: the path itself, or a short way to the same place that
/// holds for as long as the folder is open.
struct Address {
    path: PathBuf,
    _folder: Option<File>,
}

impl Address {
    fn of(path: &Path) -> io::Result<Self> {
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if path.as_os_str().len() > ADDRESS_BYTES => {
                let folder = File::open(folder)?;
                let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
                Ok(Self { path, _folder: Some(folder) })
            }
            _ => Ok(Self { path: path.to_path_buf(), _folder: None }),
        }
    }
}
