//! The results of a run, wherever they are: in the master, in messages, or in files.

use std::rc::Rc;

use dask_graph::{NodeId, Value};
use dask_sched_worker::{
    Image, Label, Owner, PackError, Parcel, Place, SameBuild, Shelf, Spares, UnpackError,
};

use crate::machine::Worker;

/// A packed value; its files are removed with the last who holds it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) parcel: Parcel,
    shelf: Rc<Shelf>,
    /// Who made it, if that was a worker.
    maker: Option<Worker>,
}

/// What was released.
#[derive(Debug, PartialEq)]
pub(crate) enum Released {
    /// Workers have never had it, or have no share of it.
    Here,
    /// Workers may have it at hand.
    Shared,
    /// The same, and its file is now the worker's, to be written again or removed.
    Given(Worker, Label),
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
    pub(crate) fn put(&mut self, node: NodeId, parcel: Parcel, maker: Worker) {
        self.held[node.index()] = Some(Held::Away(self.kept(parcel, Some(maker))));
    }

    /// Takes what was made here.
    pub(crate) fn put_home(&mut self, node: NodeId, value: Value) {
        self.held[node.index()] = Some(Held::Home(value, None));
    }

    /// Makes the result of a node that of another, too.
    pub(crate) fn share(&mut self, node: NodeId, of: NodeId) {
        self.held[node.index()] = self.held[of.index()].clone();
    }

    /// Lets go of a result.
    pub(crate) fn release(&mut self, node: NodeId) -> Released {
        let kept = match self.held[node.index()].take() {
            Some(Held::Away(kept) | Held::Home(_, Some(kept))) if kept.parcel.label.has_files() => kept,
            _ => return Released::Here,
        };
        // Another node may have the same result.
        let Ok(mut kept) = Rc::try_unwrap(kept) else { return Released::Shared };
        let Some(maker) = kept.maker else { return Released::Shared };
        let nothing = Label::List(Vec::new());
        Released::Given(maker, std::mem::replace(&mut kept.parcel.label, nothing))
    }

    /// A result in packed form.
    pub(crate) fn packed(&mut self, node: NodeId) -> Result<Rc<Kept>, PackError> {
        match &mut self.held[node.index()] {
            Some(Held::Away(kept) | Held::Home(_, Some(kept))) => Ok(kept.clone()),
            Some(Held::Home(value, packed)) => {
                let owner = Owner::Result { run: self.run, node: node.0, attempt: 0 };
                let spares = &mut Spares::new(self.shelf.directory(Place::Memory), 0);
                let parcel = self.shelf.pack(self.image, spares, value, owner, Place::Memory)?;
                let kept = Rc::new(Kept { parcel, shelf: self.shelf.clone(), maker: None });
                Ok(packed.insert(kept).clone())
            }
            None => unreachable!("{node:?} is needed before it was made"),
        }
    }

    /// A literal in packed form.
    pub(crate) fn pack_literal(&self, literal: u32, value: &Value) -> Result<Rc<Kept>, PackError> {
        let owner = Owner::Literal { run: self.run, literal };
        let spares = &mut Spares::new(self.shelf.directory(Place::Memory), 0);
        let parcel = self.shelf.pack(self.image, spares, value, owner, Place::Memory)?;
        Ok(self.kept(parcel, None))
    }

    fn kept(&self, parcel: Parcel, maker: Option<Worker>) -> Rc<Kept> {
        Rc::new(Kept { parcel, shelf: self.shelf.clone(), maker })
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

    /// Lets go of all results.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
    }

    /// Removes what an attempt has left that counts no more.
    pub(crate) fn discard(&self, node: NodeId, attempt: u32) {
        self.shelf.remove_remains(Owner::Result { run: self.run, node: node.0, attempt });
    }
}
