"""How wrong the arithmetic is on data: distributions, quantisers of tensors, and the ratio of signal to quantisation noise.

Unlike the golden model this is about real-valued scales, which software keeps in float: they are float64 here.
"""

from .distributions import DISTRIBUTIONS, Distribution, parse_distribution
from .files import read_array
from .quantisers import Quantised, affine_quantise, codebook_quantise, delayed_amax, scaled_quantise
from .sharing import Sharing, parse_sharing
from .sqnr import Measurement, lower_bound_db, measure, round_trip, sqnr_db

__all__ = [
    "DISTRIBUTIONS",
    "Distribution",
    "Measurement",
    "Quantised",
    "Sharing",
    "affine_quantise",
    "codebook_quantise",
    "delayed_amax",
    "lower_bound_db",
    "measure",
    "parse_distribution",
    "parse_sharing",
    "read_array",
    "round_trip",
    "scaled_quantise",
    "sqnr_db",
]
