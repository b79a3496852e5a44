//! The ops and literals of a run, packed once, and told to each worker that needs them.

use std::collections::HashMap;
use std::rc::Rc;

use dask_graph::{PackedOp, Plan, Refused, RunError, Step};
use dask_sched_worker::{FrameError, Image, PackError, SentOp, ToWorker};

use crate::member::Member;
use crate::results::Kept;

pub(super) struct Ops {
    /// By number; nothing for those that stay at home.
    ops: Vec<Option<(SentOp, Vec<u8>)>>,
    /// Those that somebody needed.
    literals: HashMap<u32, Rc<Kept>>,
}

impl Ops {
    /// Packs all ops of a plan, before anything of it runs.
    pub(super) fn pack(plan: &Plan, image: &Image) -> Result<Self, RunError> {
        let pack = |number: u32| {
            let op = plan.op(number);
            if op.is_at_home() {
                return Ok(None);
            }
            let sent = PackedOp::of(&**op).and_then(|packed| {
                let sent = image.send_op(&packed).map_err(|error| Refused::new(error.to_string()))?;
                Ok(Some((sent, packed.bytes().to_vec())))
            });
            sent.map_err(|refused| stays(plan, number, refused))
        };
        let ops = (0..plan.n_ops() as u32).map(pack).collect::<Result<_, _>>()?;
        Ok(Self { ops, literals: HashMap::new() })
    }

    /// Tells a worker of an op, unless it knows.
    pub(super) fn tell_op(&self, member: &mut Member, op: u32) -> Result<(), FrameError> {
        let Some((sent, bytes)) = self.ops.get(op as usize).and_then(Option::as_ref) else { return Ok(()) };
        if is_known(&mut member.told.ops, op) {
            return Ok(());
        }
        member.tell(&ToWorker::Op { op, sent: sent.clone() }, &[bytes])
    }

    /// A literal in packed form.
    pub(super) fn literal(
        &mut self,
        literal: u32,
        pack: impl FnOnce() -> Result<Rc<Kept>, PackError>,
    ) -> Result<Rc<Kept>, PackError> {
        if let Some(packed) = self.literals.get(&literal) {
            return Ok(packed.clone());
        }
        let packed = pack()?;
        self.literals.insert(literal, packed.clone());
        Ok(packed)
    }

    /// Tells a worker of a literal, unless it knows.
    pub(super) fn tell_literal(member: &mut Member, literal: u32, packed: &Kept) -> Result<(), FrameError> {
        if is_known(&mut member.told.literals, literal) {
            return Ok(());
        }
        let label = packed.parcel.label.clone();
        member.tell(&ToWorker::Literal { literal, label }, &[&packed.parcel.inline])
    }
}

/// Whether it is known; it is from now on.
fn is_known(known: &mut Vec<bool>, number: u32) -> bool {
    let at = number as usize;
    if known.len() <= at {
        known.resize(at + 1, false);
    }
    std::mem::replace(&mut known[at], true)
}

/// The refusal of an op, in the name of the first node that uses it.
fn stays(plan: &Plan, op: u32, refused: Refused) -> RunError {
    let uses = |step| matches!(step, Step::Call { op: used, .. } if used == op);
    let node = plan.nodes().find(|&node| plan.steps(node).any(uses)).unwrap_or_default();
    RunError::stays(plan, node, refused)
}
