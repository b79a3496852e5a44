//! A server of S3 in the process of a test, which checks signatures.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;

const KEY: &str = "the-key";

/// The secret that the server knows.
pub const SECRET: &str = "the-secret";

/// A server with one bucket, named `bucket`, whose objects are files of a directory.
#[derive(Debug)]
pub struct S3Server {
    root: TempDir,
    address: SocketAddr,
}

impl S3Server {
    /// Starts a server with these objects; it ends with the test's process.
    ///
    /// # Panics
    ///
    /// If the machine does not let it.
    pub fn with(objects: &[(&str, &[u8])]) -> Self {
        let root = tempfile::tempdir().expect("a directory for the objects");
        fs::create_dir(root.path().join("bucket")).expect("a directory for the bucket");
        let files = s3s_fs::FileSystem::new(root.path()).expect("a directory to serve");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.expect("a runtime for the server").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket of the runtime");
                while let Ok((socket, _)) = listener.accept().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let http = Builder::new(TokioExecutor::new());
                        let _ = http.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            })
        });
        let server = Self { root, address };
        objects.iter().for_each(|(name, content)| server.put(name, content));
        server
    }

    /// Puts an object into the bucket.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        path.parent().map(fs::create_dir_all).transpose().expect("a directory of the object");
        fs::write(path, content).expect("an object");
    }

    /// Where the content of an object lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("bucket").join(name)
    }

    /// The names of all objects, sorted.
    ///
    /// # Panics
    ///
    /// If they cannot be listed.
    pub fn names(&self) -> Vec<String> {
        let bucket = self.root.path().join("bucket");
        let pattern = format!("{}/**/*", bucket.display());
        let paths = glob::glob(&pattern).expect("a pattern").map(|path| path.expect("an object"));
        let files = paths.filter(|path| path.is_file());
        let name = |path: PathBuf| Some(path.strip_prefix(&bucket).ok()?.to_str()?.to_owned());
        files.filter_map(name).collect()
    }

    /// How the server is reached, with the right secret.
    pub fn options(&self) -> Vec<(String, String)> {
        self.options_with(SECRET)
    }

    /// How the server is reached, with this secret.
    pub fn options_with(&self, secret: &str) -> Vec<(String, String)> {
        [
            ("endpoint", format!("http://{}", self.address)),
            ("allow_http", "true".into()),
            ("region", "eu-west-1".into()),
            ("aws_access_key_id", KEY.into()),
            ("aws_secret_access_key", secret.into()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec()
    }
}
