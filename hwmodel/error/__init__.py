"""How wrong the arithmetic is on data: distributions, quantisers of tensors, quantisation noise, and the error of dot products.

Unlike the golden model this is about real-valued scales, which software keeps in float: they are float64 here.
"""

from .distributions import DISTRIBUTIONS, Distribution, parse_distribution
from .dots import DotError, DrawnPairs, Figures, GivenPairs, Source, measure_dots, require_dot_sharing
from .files import read_array
from .quantisers import Quantised, affine_quantise, codebook_quantise, delayed_amax, require_float64, scaled_quantise
from .sharing import Sharing, parse_sharing
from .sqnr import Measurement, lower_bound_db, measure, round_trip, sqnr_db
from .units import DotUnit, names_unit, parse_dot_unit

__all__ = [
    "DISTRIBUTIONS",
    "Distribution",
    "DotError",
    "DotUnit",
    "DrawnPairs",
    "Figures",
    "GivenPairs",
    "Measurement",
    "Quantised",
    "Sharing",
    "Source",
    "affine_quantise",
    "codebook_quantise",
    "delayed_amax",
    "lower_bound_db",
    "measure",
    "measure_dots",
    "names_unit",
    "parse_distribution",
    "parse_dot_unit",
    "parse_sharing",
    "read_array",
    "require_dot_sharing",
    "require_float64",
    "round_trip",
    "scaled_quantise",
    "sqnr_db",
]
