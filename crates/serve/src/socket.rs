//! Where a running `watch` hands out its snapshot. No query runs here: a peer gets the rows that
//! are not on disk and the version they go with, and asks in its own process.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fillwatch_store::{Exported, Layout, Store};
use tokio::net::UnixListener;
use tokio::sync::Semaphore;

use crate::{Observer, ServeError, Trouble, wire};

/// Peers answered at once. Each holds a copy of the rows in memory while it is.
const ANSWERS_MAX: usize = 4;

/// How often it is looked whether the socket is still there.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// A peer that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The listening socket; removed when it is dropped.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Opens the socket in the store's folder, for this user alone.
    pub(crate) fn bind(layout: &Layout) -> Result<Socket, ServeError> {
        let path = layout.socket();
        match listen(&path) {
            Ok(listener) => Ok(Socket { listener, path }),
            Err(source) => Err(ServeError::Socket { path, source }),
        }
    }

    /// Answers whoever connects, for ever.
    pub(crate) async fn answer(mut self, store: Arc<Store>, observer: Arc<dyn Observer>) {
        let room = Arc::new(Semaphore::new(ANSWERS_MAX));
        loop {
            let accepted = tokio::time::timeout(LOOK_INTERVAL, self.listener.accept());
            let peer = match accepted.await {
                Ok(Ok((peer, _))) => peer,
                Err(_) => {
                    // Somebody cleaned up too much: be there again for the next who asks.
                    if !self.path.exists()
                        && let Ok(listener) = listen(&self.path)
                    {
                        self.listener = listener;
                    }
                    continue;
                }
                Ok(Err(error)) => {
                    // Out of descriptors, most likely: give others time to close theirs.
                    observer.trouble(&Trouble::Socket(&error));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (store, observer) = (Arc::clone(&store), Arc::clone(&observer));
            let peer = match peer.into_std() {
                Ok(peer) => peer,
                Err(error) => {
                    observer.trouble(&Trouble::Socket(&error));
                    continue;
                }
            };
            tokio::task::spawn_blocking(move || {
                // A peer that left early has its answer.
                let _left = hand_out(&store, peer);
                drop(permit);
            });
        }
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // We hold the store's lock, so whoever left this one is gone.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let short = Short::of(path)?;
    let listener = UnixListener::bind(&short.path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Drop for Socket {
    fn drop(&mut self) {
        // If it stays, the next start removes it.
        let _stays = fs::remove_file(&self.path);
    }
}

fn hand_out(store: &Store, peer: UnixStream) -> io::Result<()> {
    peer.set_nonblocking(false)?;
    peer.set_write_timeout(Some(PATIENCE))?;
    let exported = store.snapshot().export();
    wire::write(&exported, &mut io::BufWriter::with_capacity(1 << 16, peer))
}

/// Asks the `watch` that runs on a store for what it holds in memory; `None` if none runs.
pub(crate) fn ask(layout: &Layout) -> io::Result<Option<Exported>> {
    let short = Short::of(&layout.socket())?;
    let peer = match UnixStream::connect(&short.path) {
        Ok(peer) => peer,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    peer.set_read_timeout(Some(PATIENCE))?;
    wire::read(&mut io::BufReader::with_capacity(1 << 16, peer)).map(Some)
}

/// A path of a socket that fits into the 108 bytes that a socket's address has, however deep the
/// store lies: through the descriptor of its folder.
struct Short {
    path: PathBuf,
    _dir: Option<File>,
}

impl Short {
    const PATH_BYTES_MAX: usize = 100;

    fn of(path: &Path) -> io::Result<Short> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Short { path: path.to_owned(), _dir: None });
        };
        if path.as_os_str().len() <= Short::PATH_BYTES_MAX {
            return Ok(Short { path: path.to_owned(), _dir: None });
        }
        let dir = File::open(dir)?;
        let short = Path::new("/proc/self/fd").join(dir.as_raw_fd().to_string()).join(name);
        Ok(Short { path: short, _dir: Some(dir) })
    }
}
