//! A local object store whose writes survive a power cut.
//!
//! `object_store`'s own local backend never calls fsync: after a power cut a commit that was
//! reported may be empty, or gone. Here a write is done when it is on the disk: temporary file,
//! fsync, link or rename into place, fsync of the directory. Reads and listings go to the
//! backend as they are.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

/// The whole local file system, `/` at its root, with durable writes.
#[derive(Debug)]
pub(crate) struct DurableLocal {
    inner: LocalFileSystem,
    staging: Arc<Staging>,
}

/// Where files lie while they are written: on the same file system as the tables, so that they can
/// be linked, and outside them, so that nobody takes them for part of a table.
#[derive(Debug)]
struct Staging {
    dir: PathBuf,
    next: AtomicU64,
}

impl DurableLocal {
    pub(crate) fn new(staging: PathBuf) -> DurableLocal {
        let staging = Arc::new(Staging { dir: staging, next: AtomicU64::new(0) });
        DurableLocal { inner: LocalFileSystem::new(), staging }
    }

    async fn place(&self, location: &Path, payload: PutPayload, mode: Mode) -> Result<()> {
        let target = self.inner.path_to_filesystem(location)?;
        let staging = Arc::clone(&self.staging);
        let done = blocking(move || {
            let temporary = staging.write(payload.iter().map(|bytes| bytes.as_ref()))?;
            temporary.into_place(&target, mode)
        });
        done.await.map_err(|error| name_error(error, location))
    }
}

#[derive(Clone, Copy)]
enum Mode {
    /// Fails if there is a file of that name: the arbiter between two writers of one version.
    Create,
    Overwrite,
}

impl Staging {
    fn create(&self) -> io::Result<Temporary> {
        let name = format!("{}-{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed));
        let path = self.dir.join(name);
        fs::create_dir_all(&self.dir)?;
        let file = File::create(&path)?;
        Ok(Temporary { file, path: Some(path) })
    }

    fn write<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> io::Result<Temporary> {
        let mut temporary = self.create()?;
        for part in parts {
            temporary.file.write_all(part)?;
        }
        Ok(temporary)
    }
}

/// A file being written; removed again unless it came into place.
#[derive(Debug)]
struct Temporary {
    file: File,
    path: Option<PathBuf>,
}

impl Temporary {
    fn into_place(mut self, target: &FsPath, mode: Mode) -> io::Result<()> {
        self.file.sync_all()?;
        let Some(path) = &self.path else { return Ok(()) };
        let parent = target.parent().unwrap_or(FsPath::new("/"));
        create_dir_durably(parent)?;
        match mode {
            Mode::Create => fs::hard_link(path, target)?,
            Mode::Overwrite => {
                fs::rename(path, target)?;
                self.path = None;
            }
        }
        sync_dir(parent)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // What stays behind here is removed at the next start.
            let _leftover = fs::remove_file(path);
        }
    }
}

/// Creates a folder and makes the entries that lead to it durable.
fn create_dir_durably(dir: &FsPath) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().unwrap_or(FsPath::new("/"));
    create_dir_durably(parent)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_dir(parent),
    }
}

fn sync_dir(dir: &FsPath) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn name_error(source: io::Error, location: &Path) -> Error {
    let path = location.to_string();
    match source.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: Box::new(source) },
        io::ErrorKind::NotFound => Error::NotFound { path, source: Box::new(source) },
        io::ErrorKind::PermissionDenied => {
            Error::PermissionDenied { path, source: Box::new(source) }
        }
        _ => Error::Generic { store: "local", source: Box::new(source) },
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let mode = match options.mode {
            PutMode::Overwrite => Mode::Overwrite,
            PutMode::Create => Mode::Create,
            // No version to compare with on a file system; nothing here asks for it.
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "conditional update".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        self.place(location, payload, mode).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.inner.path_to_filesystem(location)?;
        let temporary = self.staging.create().map_err(|error| name_error(error, location))?;
        Ok(Box::new(Upload { temporary: Some(temporary), target, location: location.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("durable local file system")
    }
}

/// A large file, written in parts that arrive in order.
#[derive(Debug)]
struct Upload {
    temporary: Option<Temporary>,
    target: PathBuf,
    location: Path,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        // Written at once, not in the future returned: parts must not overtake each other.
        let written = match &mut self.temporary {
            Some(temporary) => payload.iter().try_for_each(|bytes| temporary.file.write_all(bytes)),
            None => Err(io::Error::other("the upload is over")),
        };
        let written = written.map_err(|error| name_error(error, &self.location));
        Box::pin(async move { written })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let Some(temporary) = self.temporary.take() else {
            let over = io::Error::other("the upload is over");
            return Err(name_error(over, &self.location));
        };
        let target = self.target.clone();
        blocking(move || temporary.into_place(&target, Mode::Overwrite))
            .await
            .map_err(|error| name_error(error, &self.location))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        self.temporary = None;
        Ok(())
    }
}
