//! The results of a run, wherever they are: in the master, in messages, or in files.

use std::rc::Rc;

use dask_graph::{NodeId, Value};
use dask_sched_worker::{Image, Owner, PackError, Parcel, Place, SameBuild, Shelf, UnpackError};

/// A packed value; its files are removed with the last who holds it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) parcel: Parcel,
    shelf: Rc<Shelf>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shelf.remove(&self.parcel.label);
    }
}

/// A result.
#[derive(Debug, Clone)]
enum Held {
    /// In the master, and packed once somebody needed it.
    Home(Value, Option<Rc<Kept>>),
    /// As a worker made it.
    Away(Rc<Kept>),
}

/// The results that are alive.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) shelf: Rc<Shelf>,
    image: &'static Image,
    same: SameBuild,
    run: u32,
    held: Vec<Option<Held>>,
}

impl Results {
    pub(crate) fn new(n: usize, shelf: Shelf, image: &'static Image, same: SameBuild, run: u32) -> Self {
        Self { shelf: Rc::new(shelf), image, same, run, held: vec![None; n] }
    }

    /// Takes what a worker has made.
    pub(crate) fn put(&mut self, node: NodeId, parcel: Parcel) {
        let kept = Kept { parcel, shelf: self.shelf.clone() };
        self.held[node.index()] = Some(Held::Away(Rc::new(kept)));
    }

    /// Takes what was made here.
    pub(crate) fn put_home(&mut self, node: NodeId, value: Value) {
        self.held[node.index()] = Some(Held::Home(value, None));
    }

    /// Makes the result of a node that of another, too.
    pub(crate) fn share(&mut self, node: NodeId, of: NodeId) {
        self.held[node.index()] = self.held[of.index()].clone();
    }

    /// Lets go of a result; returns whether workers may have it at hand.
    pub(crate) fn release(&mut self, node: NodeId) -> bool {
        match self.held[node.index()].take() {
            Some(Held::Away(kept) | Held::Home(_, Some(kept))) => kept.parcel.label.has_files(),
            Some(Held::Home(_, None)) | None => false,
        }
    }

    /// A result in packed form.
    pub(crate) fn packed(&mut self, node: NodeId) -> Result<Rc<Kept>, PackError> {
        match &mut self.held[node.index()] {
            Some(Held::Away(kept) | Held::Home(_, Some(kept))) => Ok(kept.clone()),
            Some(Held::Home(value, packed)) => {
                let owner = Owner::Result { run: self.run, node: node.0, attempt: 0 };
                let parcel = self.shelf.pack(self.image, value, owner, Place::Memory)?;
                Ok(packed.insert(Rc::new(Kept { parcel, shelf: self.shelf.clone() })).clone())
            }
            None => unreachable!("{node:?} is needed before it was made"),
        }
    }

    /// A literal in packed form.
    pub(crate) fn pack_literal(&self, literal: u32, value: &Value) -> Result<Rc<Kept>, PackError> {
        let owner = Owner::Literal { run: self.run, literal };
        let parcel = self.shelf.pack(self.image, value, owner, Place::Memory)?;
        Ok(Rc::new(Kept { parcel, shelf: self.shelf.clone() }))
    }

    /// A result as a value.
    pub(crate) fn value(&self, node: NodeId) -> Result<Value, UnpackError> {
        match &self.held[node.index()] {
            Some(Held::Home(value, _)) => Ok(value.clone()),
            Some(Held::Away(kept)) => {
                self.shelf.unpack(self.same, &kept.parcel.label, &mut &kept.parcel.inline[..])
            }
            None => unreachable!("{node:?} is needed before it was made"),
        }
    }

    /// Removes what an attempt has left that counts no more.
    pub(crate) fn discard(&self, node: NodeId, attempt: u32) {
        self.shelf.remove_remains(Owner::Result { run: self.run, node: node.0, attempt });
    }
}
