//! Image files as one array: dask's `image.imread`.

use std::fs::File;
use std::io::BufReader;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Unpack, Unpacked};
use image::{DynamicImage, ImageReader};
use ndarray::{ArrayD, Axis, IxDyn};

use super::file::{FileError, StoredFile};
use super::flat::from_bytes;
use super::region::Region;
use super::source::{BlockSource, StorageError};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::ChunkSpec;
use crate::element::{DType, Element};

/// What is wrong with a stack of images.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImreadError {
    /// A file cannot be opened, or changed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A pattern that is none.
    #[error("{pattern:?} is not a pattern for paths")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A directory that the pattern leads through and that cannot be listed.
    #[error("could not list what {pattern:?} stands for")]
    List {
        /// The pattern.
        pattern: String,
        /// The reason.
        source: glob::GlobError,
    },
    /// No file.
    #[error("{pattern:?} matches no file")]
    NoFiles {
        /// The pattern.
        pattern: String,
    },
    /// A file that is no image, or of a format that is not read.
    #[error("{} is not an image that can be read", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: image::ImageError,
    },
    /// Another type of samples than was asked for.
    #[error("{} has samples of type {found}, expected {expected}; read it as an array of that type and use astype", path.display())]
    DType {
        /// The file.
        path: PathBuf,
        /// The type in the file.
        found: DType,
        /// The type that was asked for.
        expected: DType,
    },
    /// An image of another shape than the first.
    #[error("{} has shape {found:?}, the first image has {expected:?}: all images of a stack are alike", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The image's shape, after what was done to it.
        found: Vec<usize>,
        /// The first image's.
        expected: Vec<usize>,
    },
}

impl<A: Element> Array<A> {
    /// The images in the files that a pattern stands for, such as `scans/*.png`, as one array with a new first axis:
    /// dask's `imread` (feature `images`). Files are sorted by name, and each is a block.
    ///
    /// An image has a row for each line of pixels and a column for each pixel of it; one with colours has a third axis
    /// (grey and alpha 2, RGB 3, RGBA 4). PNG, JPEG and TIFF files are read, the first page of them. Their samples are
    /// `u8`, `u16` or `f32`, and `A` has to say which.
    ///
    /// The shape is that of the first image. Files are decoded when their blocks are needed; one of another shape or type
    /// is an error of the run, which names it.
    ///
    /// # Errors
    ///
    /// - When the pattern is none, or matches no file.
    /// - When the first file is not an image, or has samples of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::Array;
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let pattern = folder.path().join("*.png");
    /// # let pattern = pattern.to_str().unwrap();
    /// for i in 0..3 {
    ///     let path = folder.path().join(format!("{i}.png"));
    ///     image::GrayImage::from_fn(5, 4, |x, y| image::Luma([(i * 100 + x + y) as u8])).save(path)?;
    /// }
    /// let scans = Array::<u8>::imread(pattern)?;
    /// assert_eq!(scans.shape(), [3, 4, 5]);
    /// let brightest = scans.max([1, 2])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(brightest.as_slice().unwrap(), [7, 107, 207]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn imread(pattern: &str) -> Result<Self, ImreadError> {
        Self::images(pattern, |image: ArrayD<A>| image, &LayerInfo::here())
    }

    /// [`imread`](Array::imread) of images of which a function makes something else first: cuts them to one shape, or
    /// makes grey of colours. Runs in other processes too if it captures nothing.
    ///
    /// # Errors
    ///
    /// - As [`imread`](Array::imread).
    #[track_caller]
    pub fn imread_with<P: Element>(
        pattern: &str,
        preprocess: impl Fn(ArrayD<P>) -> ArrayD<A> + Send + Sync + 'static,
    ) -> Result<Self, ImreadError> {
        Self::images(pattern, preprocess, &LayerInfo::here())
    }

    fn images<P: Element>(
        pattern: &str,
        preprocess: impl Fn(ArrayD<P>) -> ArrayD<A> + Send + Sync + 'static,
        info: &LayerInfo,
    ) -> Result<Self, ImreadError> {
        let source = ImageSource::open(pattern, preprocess)?;
        let mut chunks = vec![ChunkSpec::Whole; source.shape.len()];
        chunks[0] = ChunkSpec::Length(1);
        let path = source.files[0].path.clone();
        Self::of_source(Arc::new(source), chunks, info)
            .map_err(|source| FileError::Chunks { path, source }.into())
    }
}

/// Images of samples `P`, of each of which `preprocess` makes a block of an array of `A`.
struct ImageSource<P, A, F> {
    /// One at least.
    files: Vec<StoredFile>,
    /// One axis more than an image has.
    shape: Vec<usize>,
    preprocess: F,
    /// The function may do anything, so two openings are never the same.
    token: Token,
    element: PhantomData<fn(P) -> A>,
}

impl<P, A, F> ImageSource<P, A, F>
where
    P: Element,
    A: Element,
    F: Fn(ArrayD<P>) -> ArrayD<A>,
{
    fn open(pattern: &str, preprocess: F) -> Result<Self, ImreadError> {
        let failed = |source| ImreadError::Pattern { pattern: pattern.to_owned(), source };
        let mut files = Vec::new();
        // Sorted by name.
        for path in glob::glob(pattern).map_err(failed)? {
            let path = path.map_err(|source| ImreadError::List { pattern: pattern.to_owned(), source })?;
            if path.is_file() {
                files.push(StoredFile::open(&path)?.0);
            }
        }
        let Some(first) = files.first() else {
            return Err(ImreadError::NoFiles { pattern: pattern.to_owned() });
        };
        let mut shape = preprocess(decode(first)?).shape().to_vec();
        shape.insert(0, files.len());
        Ok(Self { files, shape, preprocess, token: Token::unique(), element: PhantomData })
    }

    fn image(&self, file: &StoredFile) -> Result<ArrayD<A>, ImreadError> {
        let image = (self.preprocess)(decode(file)?);
        if image.shape() != &self.shape[1..] {
            let (found, expected) = (image.shape().to_vec(), self.shape[1..].to_vec());
            return Err(ImreadError::Shape { path: file.path.clone(), found, expected });
        }
        Ok(image)
    }
}

/// The image in a file.
fn decode<P: Element>(stored: &StoredFile) -> Result<ArrayD<P>, ImreadError> {
    let path = || stored.path.clone();
    let mut image = ArrayD::from_elem(IxDyn(&[0]), P::default());
    stored.read(|file: &File| {
        let reader = ImageReader::new(BufReader::new(file)).with_guessed_format();
        let reader = reader.map_err(FileError::io("read", &stored.path))?;
        let decoded = reader.decode().map_err(|source| ImreadError::Decode { path: path(), source })?;
        let found = samples(&decoded);
        if found != P::DTYPE {
            return Err(ImreadError::DType { path: path(), found, expected: P::DTYPE });
        }
        let mut shape = vec![decoded.height() as usize, decoded.width() as usize];
        let channels = usize::from(decoded.color().channel_count());
        shape.extend((channels > 1).then_some(channels));
        image = ArrayD::from_elem(shape, P::default());
        let elements = image.as_slice_mut().unwrap_or_default();
        from_bytes(decoded.as_bytes(), elements)
            .map_err(|byte| ImreadError::File(FileError::NotBool { path: path(), byte }))
    })?;
    Ok(image)
}

fn samples(image: &DynamicImage) -> DType {
    let color = image.color();
    match color.bytes_per_pixel() / color.channel_count() {
        1 => DType::U8,
        2 => DType::U16,
        _ => DType::F32,
    }
}

impl<P, A, F> BlockSource<A> for ImageSource<P, A, F>
where
    P: Element,
    A: Element,
    F: Fn(ArrayD<P>) -> ArrayD<A> + Send + Sync + 'static,
{
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn token(&self) -> Token {
        self.token
    }

    fn label(&self) -> &'static str {
        "imread"
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        let mut out = ArrayD::from_elem(IxDyn(&region.shape()), A::default());
        if region.is_empty() {
            return Ok(Block::new(out));
        }
        let (span, rest) = (region.axes[0], Region { axes: region.axes[1..].to_vec() });
        for (i, mut place) in out.axis_iter_mut(Axis(0)).enumerate() {
            let image = self.image(&self.files[span.start + i * span.step])?;
            place.assign(&rest.of(image.view()));
        }
        Ok(Block::new(out))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.files, &self.shape))?;
        to.function::<fn(ArrayD<P>) -> ArrayD<A>, F>(&self.preprocess)?;
        Ok(|from| {
            let (files, shape) = from.state()?;
            let token = Token::unique();
            let preprocess = from.function::<fn(ArrayD<P>) -> ArrayD<A>, F>()?;
            let source = ImageSource::<P, A, F> { files, shape, preprocess, token, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}
