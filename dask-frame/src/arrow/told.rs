//! The columns of files of Arrow's types.

use arrow_schema::{DataType as ArrowType, Schema as ArrowSchema};

use super::Target;
use crate::error::ReadError;
use crate::expr::common_exact;
use crate::input::InputFile;
use crate::schema::{DataType, Field, names};

/// The columns of a file that can be read, with their types if they have values.
pub(crate) struct Told(Vec<(String, Option<DataType>)>);

impl Told {
    /// Looks at the columns of some files, which must agree. Those of types that frames do not have are left out if
    /// only some columns are wanted and they are none of these.
    ///
    /// # Errors
    ///
    /// - `UnsupportedColumn` for other columns of such types.
    /// - `SchemaDiffers` if the columns differ.
    pub(crate) fn of_all<'a>(
        files: impl IntoIterator<Item = (&'a InputFile, &'a ArrowSchema)>,
        wanted: Option<&[String]>,
    ) -> Result<Self, ReadError> {
        let mut first: Option<(&InputFile, Told)> = None;
        for (file, schema) in files {
            let told = Self::of(file, schema, wanted)?;
            match &mut first {
                None => first = Some((file, told)),
                Some((first, expected)) => expected.agree(told).map_err(|difference| {
                    let (path, first) = (file.path(), first.path());
                    ReadError::SchemaDiffers { path, first, difference }
                })?,
            }
        }
        Ok(first.map_or(Told(Vec::new()), |(_, told)| told))
    }

    fn of(file: &InputFile, schema: &ArrowSchema, wanted: Option<&[String]>) -> Result<Self, ReadError> {
        let mut told = Vec::new();
        for field in schema.fields() {
            let name = field.name();
            match (Target::of_field(field), wanted) {
                (Some(Target(dtype)), _) => {
                    // Nothing but nulls can be of any type.
                    let dtype = (*field.data_type() != ArrowType::Null).then_some(dtype);
                    told.push((name.clone(), dtype));
                }
                (None, Some(wanted)) if !wanted.contains(name) => {}
                (None, _) => {
                    let (path, dtype) = (file.path(), field.data_type().to_string());
                    return Err(ReadError::UnsupportedColumn { path, column: name.clone(), dtype });
                }
            }
        }
        Ok(Told(told))
    }

    /// Returns the columns; those without values are of floats, as in pandas.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.0
            .iter()
            .map(|(name, dtype)| Field::new(name.as_str(), dtype.clone().unwrap_or(DataType::Float64)))
    }

    /// Takes over types from another file that has the same columns, or tells the difference.
    fn agree(&mut self, other: Told) -> Result<(), String> {
        let mut differences = Vec::new();
        for (name, dtype) in &mut self.0 {
            let Some((_, got)) = other.0.iter().find(|(other, _)| other == name) else { continue };
            match (&dtype, got) {
                // Files that list other categories are read as such that are not known.
                (Some(DataType::Categorical(_)), Some(DataType::Categorical(_))) if *dtype != *got => {
                    *dtype = Some(DataType::CATEGORICAL);
                }
                // Integers of several widths are read in the widest, and so are floats.
                (Some(expected), Some(got))
                    if expected != got
                        && (expected.is_integer() && got.is_integer()
                            || expected.is_float() && got.is_float()) =>
                {
                    *dtype = common_exact(expected, got);
                }
                (Some(expected), Some(got)) if expected != got => {
                    differences.push(format!("column `{name}` is {got}, not {expected}"));
                }
                (None, _) => *dtype = got.clone(),
                _ => {}
            }
        }
        differences.extend(names::differences(&self.names(), &other.names()));
        match differences.is_empty() {
            true => Ok(()),
            false => Err(differences.join("; ")),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}
