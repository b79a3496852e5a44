"""Makes the Zarr arrays beside this file (zarr-python 3.1.6, numpy 2.4.6)."""

import shutil
from pathlib import Path

import numpy as np
import zarr
from numcodecs import GZip

here = Path(__file__).parent
x = np.arange(7 * 5, dtype="f8").reshape(7, 5) / 4


def make(name, data, **options):
    path = here / name
    shutil.rmtree(path, ignore_errors=True)
    zarr.create_array(store=str(path), data=data, **options)


make("v3-zstd", x, chunks=(3, 2))
make("v3-plain", x.astype("<i4"), chunks=(4, 5), compressors=None)
make("v3-gzip", x > 4, chunks=(3, 2), compressors=zarr.codecs.GzipCodec(level=5))
make("v3-sharded", x.astype("<u2"), chunks=(1, 2), shards=(3, 4))
make("v2-gzip", x.astype("<f4"), chunks=(3, 2), compressors=GZip(level=5), zarr_format=2)
make("v2-plain", x + 1j * x, chunks=(7, 2), compressors=None, zarr_format=2)
make("v2-big-endian", x.astype(">i8"), chunks=(3, 3), compressors=None, zarr_format=2)
make("v3-blosc", x, chunks=(3, 2), compressors=zarr.codecs.BloscCodec())
# Chunks that were never written hold the fill value.
path = here / "v3-holes"
shutil.rmtree(path, ignore_errors=True)
holes = zarr.create_array(store=str(path), shape=(7, 5), chunks=(3, 2), dtype="f8", fill_value=-1)
holes[3:6, 2:4] = x[3:6, 2:4]
