//! Which objects there are.

use futures_util::TryStreamExt;
use object_store::path::Path as StorePath;
use object_store::{Error as StoreError, ObjectMeta, ObjectStoreExt};
use url::Url;

use super::object::Object;
use super::{io_error, parse, store, wait};
use crate::error::FileError;
use crate::options::StorageOptions;

/// The objects that match `pattern`, sorted by name: all whose names begin so, if it ends in `/`.
pub(crate) fn matching(pattern: &str, options: &StorageOptions) -> Result<Vec<Object>, FileError> {
    let (directory, tail) = split(pattern);
    if !tail.is_empty() && !tail.contains(['*', '?', '[']) {
        return find(&parse(pattern)?, options).map(|object| vec![object]);
    }
    let matches = glob::Pattern::new(if tail.is_empty() { "**" } else { tail })
        .map_err(|source| FileError::Pattern { pattern: pattern.to_owned(), source })?;
    let literal = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let listed = listed(directory, pattern, options)?;
    let mut objects: Vec<Object> = listed
        .into_iter()
        .filter(|(below, _)| matches.matches_with(below, literal))
        .map(|(_, object)| object)
        .collect();
    if objects.is_empty() {
        return Err(FileError::NoObject { pattern: pattern.to_owned() });
    }
    objects.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(objects)
}

/// The directory up to the first name with a letter of a pattern, and the rest.
fn split(pattern: &str) -> (&str, &str) {
    let scheme_end = pattern.find("://").map_or(0, |at| at + 3);
    let first_letter = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    let directory_end = pattern[..first_letter].rfind('/').map_or(0, |at| at + 1);
    pattern.split_at(directory_end.max(scheme_end))
}

/// The objects below a directory whose names have this end, sorted by name, each with its path from there. Those of
/// which a part begins with `.` or `_` are passed over.
pub(crate) fn below(
    directory: &str,
    end: &str,
    options: &StorageOptions,
) -> Result<Vec<(String, Object)>, FileError> {
    let mut objects = listed(directory, directory, options)?;
    let end = format!(".{end}");
    objects.retain(|(below, _)| {
        below.ends_with(&end) && !below.split('/').any(|name| name.starts_with(['.', '_']))
    });
    if objects.is_empty() {
        return Err(FileError::NoObject {
            pattern: format!("{}/**/*{end}", directory.trim_end_matches('/')),
        });
    }
    objects.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(objects)
}

/// The URLs of the objects below a directory.
pub(crate) fn list(directory: &str, options: &StorageOptions) -> Result<Vec<String>, FileError> {
    Ok(listed(directory, directory, options)?.into_iter().map(|(_, object)| object.url).collect())
}

/// Removes an object.
pub(crate) fn remove(url: &str, options: &StorageOptions) -> Result<(), FileError> {
    let (store, path) = store(&parse(url)?, options)?;
    wait(async move { store.delete(&path).await }).map_err(|e| io_error("remove", url, e))
}

fn find(url: &Url, options: &StorageOptions) -> Result<Object, FileError> {
    let (store, path) = store(url, options)?;
    let meta = wait(async move { store.head(&path).await });
    let meta = meta.map_err(|e| io_error("find", url.as_str(), e))?;
    Ok(Object::new(url, options, meta))
}

/// The objects below a directory, each with its path from there.
fn listed(
    directory: &str,
    pattern: &str,
    options: &StorageOptions,
) -> Result<Vec<(String, Object)>, FileError> {
    let directory = parse(directory)?;
    let (store, prefix) = store(&directory, options)?;
    let its_prefix = prefix.clone();
    let listed: Result<Vec<ObjectMeta>, StoreError> =
        wait(async move { store.list(Some(&its_prefix)).try_collect().await });
    let listed = listed.map_err(|e| io_error("list", pattern, e))?;
    let object = |meta: ObjectMeta| {
        let parts = parts_below(&meta.location, &prefix)?;
        let mut url = directory.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&parts);
        }
        Some((parts.join("/"), Object::new(&url, options, meta)))
    };
    Ok(listed.into_iter().filter_map(object).collect())
}

fn parts_below(location: &StorePath, prefix: &StorePath) -> Option<Vec<String>> {
    Some(location.prefix_match(prefix)?.map(|part| part.as_ref().to_owned()).collect())
}
