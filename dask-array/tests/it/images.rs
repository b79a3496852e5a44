//! Stacks of images.

use std::fs;
use std::path::Path;

use dask_array::ndarray::{Array3, Array4, ArrayD, Axis, s};
use dask_array::{Array, DType, ImreadError};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};
use tempfile::TempDir;

use super::configurations::schedulers;
use super::storage::messages;

fn sample(i: usize, y: usize, x: usize) -> u8 {
    (i * 40 + y * 10 + x) as u8
}

/// Four images of 3 lines of 5 pixels.
fn grey(extension: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..4 {
        let image = GrayImage::from_fn(5, 3, |x, y| Luma([sample(i, y as usize, x as usize)]));
        image.save(folder.path().join(format!("scan-{i}.{extension}"))).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "no image").unwrap();
    let pattern = format!("{}/scan-*", folder.path().display());
    (folder, pattern)
}

fn expected() -> ArrayD<u8> {
    Array3::from_shape_fn((4, 3, 5), |(i, y, x)| sample(i, y, x)).into_dyn()
}

#[test]
fn grey_images_are_read() {
    for extension in ["png", "tiff"] {
        let (_folder, pattern) = grey(extension);
        let x = Array::<u8>::imread(&pattern).unwrap();
        assert_eq!(x.chunks().axes(), [vec![1; 4], vec![3], vec![5]]);
        for (name, scheduler) in schedulers() {
            assert_eq!(x.compute_with(&*scheduler).unwrap(), expected(), "{extension}, {name}");
            let part = x.slice(s![..;-2, 1.., ..;3]).unwrap().compute_with(&*scheduler).unwrap();
            assert_eq!(part, expected().slice(s![..;-2, 1.., ..;3]).into_dyn(), "{extension}, {name}");
            let cut = x.rechunk([3, 2, 2]).unwrap().compute_with(&*scheduler).unwrap();
            assert_eq!(cut, expected(), "{extension}, {name}");
        }
    }
}

#[test]
fn colours_and_deep_samples_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pattern = |name: &str| at(name).to_str().unwrap().to_owned();
    RgbImage::from_fn(4, 2, |x, y| Rgb([x as u8, y as u8, 200])).save(at("rgb.png")).unwrap();
    let deep = ImageBuffer::from_fn(4, 2, |x, y| Rgba([x as u16 * 1000, y as u16, 7, 65535]));
    deep.save(at("deep.png")).unwrap();
    let float = ImageBuffer::from_fn(4, 2, |x, y| Rgb([x as f32 / 2.0, y as f32, -1.0]));
    image::DynamicImage::ImageRgb32F(float).save(at("float.tiff")).unwrap();
    let rgb = Array::<u8>::imread(&pattern("rgb.png")).unwrap().compute_with(&Sync::new()).unwrap();
    let channel = |(_, y, x, c): (usize, usize, usize, usize)| [x as u8, y as u8, 200][c];
    assert_eq!(rgb, Array4::from_shape_fn((1, 2, 4, 3), channel).into_dyn());
    let deep = Array::<u16>::imread(&pattern("deep.png")).unwrap().compute_with(&Sync::new()).unwrap();
    let channel = |(_, y, x, c): (usize, usize, usize, usize)| [x as u16 * 1000, y as u16, 7, 65535][c];
    assert_eq!(deep, Array4::from_shape_fn((1, 2, 4, 4), channel).into_dyn());
    let float = Array::<f32>::imread(&pattern("float.tiff")).unwrap().compute_with(&Sync::new()).unwrap();
    let channel = |(_, y, x, c): (usize, usize, usize, usize)| [x as f32 / 2.0, y as f32, -1.0][c];
    assert_eq!(float, Array4::from_shape_fn((1, 2, 4, 3), channel).into_dyn());
    // JPEG changes a constant image by next to nothing.
    GrayImage::from_pixel(8, 8, Luma([100])).save(at("grey.jpg")).unwrap();
    let grey = Array::<u8>::imread(&pattern("grey.jpg")).unwrap().compute_with(&Sync::new()).unwrap();
    assert!(grey.shape() == [1, 8, 8] && grey.iter().all(|x| x.abs_diff(100) <= 2), "{grey}");
}

#[test]
fn images_are_preprocessed() {
    let (folder, pattern) = grey("png");
    // One more, of another shape, that is cut to that of the others.
    let image = GrayImage::from_fn(9, 7, |x, y| Luma([sample(4, y as usize, x as usize)]));
    image.save(folder.path().join("scan-4.png")).unwrap();
    let x = Array::<f32>::imread_with(&pattern, |image: ArrayD<u8>| {
        image.slice(s![..3, ..5]).mapv(|x| f32::from(x) / 2.0).into_dyn()
    });
    let x = x.unwrap();
    assert_eq!(x.shape(), [5, 3, 5]);
    let expected = Array3::from_shape_fn((5, 3, 5), |(i, y, x)| f32::from(sample(i, y, x)) / 2.0).into_dyn();
    for (name, scheduler) in schedulers() {
        assert_eq!(x.compute_with(&*scheduler).unwrap(), expected, "{name}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let (folder, pattern) = grey("png");
    let at = |name: &str| folder.path().join(name);
    let read = |pattern: &str| Array::<u8>::imread(pattern).map(|_| ()).unwrap_err();
    assert!(matches!(read("scans/***"), ImreadError::Pattern { .. }));
    assert!(matches!(read(at("nothing-*").to_str().unwrap()), ImreadError::NoFiles { .. }));
    assert!(matches!(read(at("notes*").to_str().unwrap()), ImreadError::Decode { .. }));
    let wide = Array::<u16>::imread(&pattern).map(|_| ()).unwrap_err();
    assert!(matches!(wide, ImreadError::DType { found: DType::U8, expected: DType::U16, .. }));

    // Files after the first are looked at when they are read.
    let compute = |pattern: &str| {
        let error = Array::<u8>::imread(pattern).unwrap().compute_with(&Sync::new()).unwrap_err();
        messages(&error)
    };
    let spoil = |image: &dyn Fn(&Path)| {
        image(&at("scan-2.png"));
        compute(&pattern)
    };
    let error = spoil(&|path| GrayImage::new(5, 4).save(path).unwrap());
    assert!(error.contains("scan-2.png has shape [4, 5]") && error.contains("[3, 5]"), "{error}");
    let error = spoil(&|path| RgbImage::new(5, 3).save(path).unwrap());
    assert!(error.contains("scan-2.png has shape [3, 5, 3]"), "{error}");
    let error = spoil(&|path| ImageBuffer::<Luma<u16>, Vec<u16>>::new(5, 3).save(path).unwrap());
    assert!(error.contains("scan-2.png has samples of type u16"), "{error}");
    let error = spoil(&|path| fs::write(path, "no image").unwrap());
    assert!(error.contains("scan-2.png is not an image"), "{error}");
    let whole = fs::read(at("scan-0.png")).unwrap();
    let error = spoil(&|path| fs::write(path, &whole[..whole.len() / 2]).unwrap());
    assert!(error.contains("scan-2.png is not an image"), "{error}");

    // The others are not touched by what is wrong with one.
    let x = Array::<u8>::imread(&pattern).unwrap();
    let rest = x.slice(s![..2, .., ..]).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(rest, expected().slice_axis(Axis(0), (..2).into()).into_owned());
    fs::remove_file(at("scan-0.png")).unwrap();
    assert!(messages(&x.compute_with(&Sync::new()).unwrap_err()).contains("could not open"));
}
