//! What is made of a line: the first step of every reading, which sees the line where it lies in the buffer.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use dask_graph::{Packer, Refused, UnpackError, Unpacker};

use super::format::Line;
use crate::error::ReadError;
use crate::stream::{Flow, Run};

/// What is made of a line.
pub(crate) trait FromLine<U>: Send + Sync + 'static {
    /// The operation that makes it.
    const LABEL: &'static str = "read_text";

    /// Whether it makes the text of the line and nothing else.
    const IS_TEXT: bool = false;

    /// Gives `sink` what it makes of the line, if anything.
    fn give(&self, line: &Line<'_>, run: &Run, sink: &mut dyn FnMut(U) -> Flow) -> Result<Flow, ReadError>;

    /// As [`give`](Self::give), to look at. `buffer` is the same for all lines, to make what is lent in.
    fn lend(
        &self,
        line: &Line<'_>,
        run: &Run,
        _buffer: &mut Option<U>,
        sink: &mut dyn FnMut(&U) -> Flow,
    ) -> Result<Flow, ReadError> {
        self.give(line, run, &mut |item| sink(&item))
    }

    /// Packs the functions of the user, for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        Self: Sized;
}

/// Its text.
pub(crate) struct Text;

impl FromLine<String> for Text {
    const IS_TEXT: bool = true;

    fn give(
        &self,
        line: &Line<'_>,
        _run: &Run,
        sink: &mut dyn FnMut(String) -> Flow,
    ) -> Result<Flow, ReadError> {
        Ok(sink(line.text()?.into_owned()))
    }

    fn lend(
        &self,
        line: &Line<'_>,
        _run: &Run,
        buffer: &mut Option<String>,
        sink: &mut dyn FnMut(&String) -> Flow,
    ) -> Result<Flow, ReadError> {
        let buffer = buffer.get_or_insert_default();
        buffer.clear();
        buffer.push_str(&line.text()?);
        Ok(sink(buffer))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// The path of the file, and the text.
pub(crate) struct WithPath;

impl FromLine<(Arc<Path>, String)> for WithPath {
    fn give(
        &self,
        line: &Line<'_>,
        _run: &Run,
        sink: &mut dyn FnMut((Arc<Path>, String)) -> Flow,
    ) -> Result<Flow, ReadError> {
        Ok(sink((Arc::clone(line.block.file.path()), line.text()?.into_owned())))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// What a function makes of the text.
pub(crate) struct Mapped<F>(pub(crate) F);

impl<U, F: Fn(&str) -> U + Send + Sync + 'static> FromLine<U> for Mapped<F> {
    fn give(&self, line: &Line<'_>, _run: &Run, sink: &mut dyn FnMut(U) -> Flow) -> Result<Flow, ReadError> {
        Ok(sink((self.0)(&line.text()?)))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static str) -> U, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static str) -> U, F>().map(Self)
    }
}

/// What a function makes of the text, if it does not fail.
pub(crate) struct TryMapped<F>(pub(crate) F);

impl<U, E, F> FromLine<U> for TryMapped<F>
where
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Fn(&str) -> Result<U, E> + Send + Sync + 'static,
{
    fn give(&self, line: &Line<'_>, run: &Run, sink: &mut dyn FnMut(U) -> Flow) -> Result<Flow, ReadError> {
        Ok(match (self.0)(&line.text()?) {
            Ok(item) => sink(item),
            Err(error) => run.fail_here("try_map_lines", error.into()),
        })
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static str) -> Result<U, E>, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static str) -> Result<U, E>, F>().map(Self)
    }
}
