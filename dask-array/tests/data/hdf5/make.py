"""Makes the HDF5 files beside this file (h5py 3.16, HDF5 2.0, numpy 2.4.6)."""

from pathlib import Path

import h5py
import numpy as np

here = Path(__file__).parent
x = np.arange(7 * 5, dtype="f8").reshape(7, 5) / 4

# Format 0 of the superblock, and trees of version 1: what h5py writes unless told otherwise.
with h5py.File(here / "old.h5", "w") as f:
    f["contiguous"] = x
    f["scalar"] = np.float32(2.5)
    f.create_dataset("chunked", data=x.astype("<i4"), chunks=(3, 2))
    f.create_dataset("gzip", data=x, chunks=(3, 2), compression="gzip", shuffle=True)
    f.create_dataset("checked", data=x, chunks=(3, 2), compression="gzip", fletcher32=True)
    f.create_dataset("lzf", data=x.astype("<u2"), chunks=(4, 5), compression="lzf")
    f.create_dataset("scaled", data=x.astype("<i8"), chunks=(4, 5), scaleoffset=0)
    f.create_dataset("extended", data=x, chunks=(3, 2), maxshape=(None, None))
    f["group/inner/big-endian"] = x.astype(">i2")
    f["group/complex"] = x + 1j * x
    f["group/bools"] = x > 4
    f.create_dataset("group/complex-chunked", data=(x * 1j).astype(">c8"), chunks=(2, 5), shuffle=True)
    f["text"] = "no numbers"
    f.create_dataset("empty", shape=(0, 3), dtype="f4")
    f.create_dataset("unwritten", shape=(2, 3), dtype="f8", fillvalue=-1)
    # Chunks that were never written hold the fill value.
    holes = f.create_dataset("holes", shape=(7, 5), chunks=(3, 2), dtype="f8", fillvalue=-1)
    holes[3:6, 2:4] = x[3:6, 2:4]

# As HDF5 1.10 to 1.14 write what is for themselves: other indices of chunks.
with h5py.File(here / "new.h5", "w", libver=("v110", "v114")) as f:
    f["contiguous"] = x
    f.create_dataset("fixed", data=x, chunks=(3, 2), compression="gzip", shuffle=True)
    f.create_dataset("single", data=x, chunks=(7, 5))
    f.create_dataset("extensible", data=x, chunks=(3, 2), maxshape=(None, 5))
    f.create_dataset("tree", data=x, chunks=(3, 2), maxshape=(None, None))

# For HDF5 2.0 and nothing else.
with h5py.File(here / "newest.h5", "w", libver="latest") as f:
    f.create_dataset("chunked", data=x, chunks=(3, 2), compression="gzip")
