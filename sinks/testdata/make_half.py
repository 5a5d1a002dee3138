# Makes float32.npy and float16.npy: floats of all sizes, and what NumPy rounds them to.
# numpy 2.4.6; python make_half.py
import numpy as np

rng = np.random.default_rng(1)
bits = rng.integers(0, 2**32, 500, dtype=np.uint32)  # any float, some of them NaN
small = rng.standard_normal(500).astype("<f4") * 2.0 ** rng.integers(-27, 18, 500)
floats = np.concatenate([bits.view("<f4"), small.astype("<f4")])
floats = floats[~np.isnan(floats)].reshape(-1, 1)
np.save("float32.npy", floats)
with np.errstate(over="ignore"):
    np.save("float16.npy", floats.astype("<f2"))
