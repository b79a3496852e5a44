//! The keys of a map, by number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::key::Key;

/// The keys of a map, by number: its own, or where in the maps of which it was made they stand.
///
/// To copy a key is to count its name, in memory that all blocks of a collection share, and to let go of it is to
/// count again. A pass over tasks makes no keys, so it copies eight bytes a key instead.
#[derive(Clone)]
pub(crate) enum Keys {
    /// Of a map that may still grow.
    Held(Vec<Key>),
    /// Of a map in a graph: it does not change any more.
    Shared(Arc<Vec<Key>>),
    /// Of other maps.
    Drawn { pools: Arc<[Arc<Vec<Key>>]>, places: Vec<Place> },
}

/// Where a key stands: in which pool, or map, and at which place there.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) pool: u32,
    pub(crate) at: u32,
}

impl Default for Keys {
    fn default() -> Self {
        Self::Held(Vec::new())
    }
}

impl Keys {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Held(keys) => keys.len(),
            Self::Shared(keys) => keys.len(),
            Self::Drawn { places, .. } => places.len(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &Key {
        match self {
            Self::Held(keys) => &keys[number as usize],
            Self::Shared(keys) => &keys[number as usize],
            Self::Drawn { pools, places } => {
                let Place { pool, at } = places[number as usize];
                &pools[pool as usize][at as usize]
            }
        }
    }

    /// The bytes that the keys take, or their places where they are those of others.
    pub(crate) fn nbytes(&self) -> usize {
        match self {
            Self::Held(keys) => size_of_val(&keys[..]),
            Self::Shared(_) => 0,
            Self::Drawn { places, .. } => size_of_val(&places[..]),
        }
    }

    /// Lets others draw on the keys; nothing is copied.
    pub(crate) fn share(&mut self) {
        if let Self::Held(keys) = self {
            *self = Self::Shared(Arc::new(std::mem::take(keys)));
        }
    }

    /// No keys yet, of a map that holds a part of those of this one.
    pub(crate) fn begin_part(&self) -> Self {
        match self {
            Self::Drawn { pools, .. } => Self::Drawn { pools: pools.clone(), places: Vec::new() },
            Self::Held(_) | Self::Shared(_) => Self::default(),
        }
    }

    /// Adds a key of the map of which this is a part.
    #[inline]
    pub(crate) fn push_from(&mut self, whole: &Self, number: u32) {
        match (&mut *self, whole) {
            (Self::Drawn { places, .. }, Self::Drawn { places: of_whole, .. }) => {
                places.push(of_whole[number as usize]);
            }
            _ => self.held().push(whole.get(number).clone()),
        }
    }

    /// Adds a key that is there already.
    #[inline]
    pub(crate) fn push_again(&mut self, number: u32) {
        match self {
            Self::Drawn { places, .. } => places.push(places[number as usize]),
            _ => {
                let key = self.get(number).clone();
                self.held().push(key);
            }
        }
    }

    /// The keys as a list that may grow.
    #[inline]
    pub(crate) fn held(&mut self) -> &mut Vec<Key> {
        if !matches!(self, Self::Held(_)) {
            *self = Self::Held((0..self.len() as u32).map(|number| self.get(number).clone()).collect());
        }
        match self {
            Self::Held(keys) => keys,
            Self::Shared(_) | Self::Drawn { .. } => unreachable!("they were just made a list"),
        }
    }
}

/// Keys drawn from several maps, and from a list.
pub(crate) struct Draw<'a> {
    pools: Vec<Arc<Vec<Key>>>,
    /// Per map: how its numbers become places.
    sources: Vec<Source<'a>>,
    /// The list, which is pool 0, and after it the keys that could not be drawn.
    own: Vec<Key>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    /// They are places in this pool.
    Pool(u32),
    /// They have places in the pools from this one on.
    Pools(u32, &'a [Place]),
    /// The keys are copied.
    Copied(&'a [Key]),
}

/// Keys are copied when drawing them would keep so many times as many alive.
const MOST_UNUSED: usize = 4;

impl<'a> Draw<'a> {
    /// A draw from maps with these keys; `None` stands for the list `own`.
    pub(crate) fn new(maps: impl Iterator<Item = Option<&'a Keys>>, own: Vec<Key>) -> Self {
        let mut pools = vec![Arc::default()];
        // Layers of one graph that a pass has made share their pools.
        let mut known: FxHashMap<*const Arc<Vec<Key>>, u32> = FxHashMap::default();
        let mut first_of = |shared: &[Arc<Vec<Key>>]| {
            *known.entry(shared.as_ptr()).or_insert_with(|| {
                pools.extend_from_slice(shared);
                (pools.len() - shared.len()) as u32
            })
        };
        let sources = maps.map(|keys| match keys {
            None => Source::Pool(0),
            Some(Keys::Held(keys)) => Source::Copied(keys),
            Some(Keys::Shared(pool)) => Source::Pool(first_of(std::slice::from_ref(pool))),
            Some(Keys::Drawn { pools, places }) => Source::Pools(first_of(pools), places),
        });
        let sources = sources.collect();
        Self { pools, sources, own }
    }

    /// Where the keys at these places, the pools of which are the maps, are drawn from.
    pub(crate) fn places(&mut self, places: impl Iterator<Item = Place>) -> Vec<Place> {
        places.map(|place| self.drawn(place)).collect()
    }

    /// The keys that were drawn, list by list.
    pub(crate) fn keys<const N: usize>(mut self, places: [Vec<Place>; N]) -> [Keys; N] {
        let n_drawn: usize = places.iter().map(Vec::len).sum();
        self.pools[0] = Arc::new(self.own);
        let n_alive: usize = self.pools.iter().map(|pool| pool.len()).sum();
        let pools: Arc<[Arc<Vec<Key>>]> = self.pools.into();
        places.map(|places| {
            let mut keys = Keys::Drawn { pools: pools.clone(), places };
            if n_alive / MOST_UNUSED > n_drawn {
                keys.held();
            }
            keys
        })
    }

    #[inline]
    fn drawn(&mut self, Place { pool: map, at }: Place) -> Place {
        match self.sources[map as usize] {
            Source::Pool(pool) => Place { pool, at },
            Source::Pools(first, places) => {
                let Place { pool, at } = places[at as usize];
                Place { pool: first + pool, at }
            }
            Source::Copied(keys) => {
                self.own.push(keys[at as usize].clone());
                Place { pool: 0, at: self.own.len() as u32 - 1 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, n: u32) -> Keys {
        Keys::Held((0..n).map(|at| Key::new(name, &[at])).collect())
    }

    #[track_caller]
    fn check(keys: &Keys, expected: &[&Key]) {
        assert_eq!(keys.len(), expected.len());
        assert!((0..keys.len() as u32).zip(expected).all(|(number, &key)| keys.get(number) == key));
    }

    #[test]
    fn keys_are_drawn_from_all_kinds_of_maps() {
        let (x, mut y, own) = (held("x", 3), held("y", 3), Key::named("own"));
        y.share();
        let draw = |maps: &[&Keys], places: &[(u32, u32)]| {
            let maps = maps.iter().copied().map(Some).chain([None]);
            let mut draw = Draw::new(maps, vec![own.clone()]);
            let places = draw.places(places.iter().map(|&(pool, at)| Place { pool, at }));
            let [keys] = draw.keys([places]);
            keys
        };
        let once = draw(&[&x, &y], &[(1, 2), (0, 1), (2, 0), (1, 0)]);
        check(&once, &[y.get(2), x.get(1), &own, y.get(0)]);
        let twice = draw(&[&once, &y, &once], &[(2, 0), (1, 1), (0, 1), (3, 0)]);
        check(&twice, &[y.get(2), y.get(1), x.get(1), &own]);

        let mut part = twice.begin_part();
        part.push_from(&twice, 1);
        check(&part, &[y.get(1)]);
        part.held().push(own.clone());
        check(&part, &[y.get(1), &own]);
    }

    #[test]
    fn a_few_keys_keep_no_large_map_alive() {
        let mut x = held("x", 100);
        x.share();
        let draw = |n: u32| {
            let mut draw = Draw::new([Some(&x)].into_iter(), vec![]);
            let places = draw.places((0..n).map(|at| Place { pool: 0, at }));
            let [keys] = draw.keys([places]);
            keys
        };
        assert!(matches!(draw(2), Keys::Held(keys) if keys.len() == 2));
        assert!(matches!(draw(50), Keys::Drawn { .. }));
    }
}
