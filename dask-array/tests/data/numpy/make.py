"""Makes the stacks and archives beside this file (numpy 2.4.6, dask 2026.8)."""

import shutil
from pathlib import Path

import dask.array as da
import numpy as np

here = Path(__file__).parent
x = np.arange(7 * 5, dtype="f8").reshape(7, 5) / 4


def stack(name, data, chunks, axis):
    path = here / name
    shutil.rmtree(path, ignore_errors=True)
    da.to_npy_stack(str(path), da.from_array(data, chunks=chunks), axis=axis)


stack("stack-rows", x, (3, 2), 0)
stack("stack-columns", x.astype(">i4"), (3, 2), 1)
np.savez(here / "stored.npz", x=x, columns=np.asfortranarray(x.astype(">i4")), positive=x > 0)
np.savez_compressed(here / "compressed.npz", x, complex=x * 1j)
