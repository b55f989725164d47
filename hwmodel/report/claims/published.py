"""The claims: what has been published of costs, each with the units of ours that it is held against.

An entry is data; the sentence that explains a difference stands beside the figure that it explains. Of operators that are no units here,
multipliers and adders alone, the part of a unit is taken that is nearest to one.
"""

from hwmodel.cost import SOURCE_RATIOS, SOURCE_REFERENCE

from .claim import Claim, CostClaim, Side
from .errors import ERROR_CLAIMS

SOURCES = {
    "2303.17951": (
        "arXiv 2303.17951, FP8 versus INT8 for efficient deep learning inference. Two-input gates of one MAC; the circuits and the counts "
        "themselves are not printed."
    ),
    "FormatScope": (
        "FormatScope, github.com/SiHeonOh/FormatScope (README and results/*.csv). Dot units of 32 lanes on sky130 HD, Yosys 0.68 and ABC, "
        "one clock of 36.6 ns, before layout. INT units add into 32 bits; the others align once into 24 bits with guard and round, "
        "add, and round once into FP32."
    ),
    "2510.25602": (
        "arXiv 2510.25602, INT v.s. FP. Gates by formulas per lane, times figures of cells of a process not known here; aligners of at "
        "most 24 bits."
    ),
    "2302.08007": "arXiv 2302.08007, With Shared Microexponents. Dot-product units; process and FP8's accumulator are not known here.",
    "1811.01721": "arXiv 1811.01721, Rethinking floating point for deep learning (abstract). A multiply-add synthesised at 28 nm.",
    "2401.14110": ("arXiv 2401.14110, lower bit-width accumulators. Gates of a fused multiply-add by formulas, which are not known here."),
    "HFP8": "Hybrid 8-bit Floating Point (HFP8), NeurIPS 2019. Where it counts, and with which accumulator, is not known here.",
    "2102.04503": "arXiv 2102.04503, VS-Quant (abstract). An accelerator with its buffers.",
    "Horowitz": "M. Horowitz, ISSCC 2014. Operators alone, 45 nm at 0.9 V; data, and whether glitches count, are not told.",
    "TPUv4i": "N. Jouppi and others, Ten Lessons From Three Generations, ISCA 2021. Operators alone, 7 nm.",
    "1812.08011": "arXiv 1812.08011, Training with 8-bit floating point.",
    "2208.09225": "arXiv 2208.09225, FP8 quantization: the power of the exponent.",
}
"""What is known of each source, and what is not."""

TWO_FORMATS, ONE_FORMAT = "e4m3fn+e5m2-e4m3fn+e5m2-fp32", "e5m2-e5m2-fp32"
NVINT4 = "int4sym:16:e4m3fnu:amax:tensor"

FP8_DOT, INT8_DOT = "e4m3fn-e4m3fn-tc32f24:fp32", "int8-int8-fx32-x32"
"""FormatScope's units: its window of 24 bits, guard and round, below the highest bit a product can have, is F = 24."""

FORMATSCOPE_UM2 = {
    INT8_DOT: {"multiplier": 76_637, "align": 0, "tree": 15_589, "rest": 2_243},
    FP8_DOT: {"multiplier": 17_991 + 4_484, "align": 59_739, "tree": 28_900, "rest": 5_268},
}
"""Areas of its stages, mapped apart (results/breakdown.csv); decoders count as multiplier."""

_FP16, _FP32 = SOURCE_RATIOS
_FUSED = (
    "FormatScope's INT8 multipliers take 2,395 µm² each before the tree that adds them; ours, compressor trees on full-adder cells, some "
    "1,600 with the tree, and INT4's are smaller likewise. Over a smaller INT unit, what the others spend on alignment weighs more."
)
_GATES = "The table by parts tells where it goes."


def _dot(name: str, lanes: int, acc: str = "fp32") -> Side:
    return Side(f"{name}-{name}-{acc}" + ("" if acc.startswith("tc") else f"-x{lanes}"))


_OVER_INT8 = Side(INT8_DOT)
_MXFP8 = Side("mxfp8e4m3-mxfp8e4m3-tc32f24:fp32")

_SCOPE = (
    CostClaim(
        "fp8-dot", "FormatScope", "A fused FP8 dot unit is 12.6 % larger than INT8's", "area", 1.126, Side(FP8_DOT), _OVER_INT8, _FUSED
    ),
    CostClaim("mxint8-dot", "FormatScope", "MXINT8 is 11 % larger than INT8", "area", 1.11, _dot("mxint8", 32), _OVER_INT8, _FUSED),
    CostClaim(
        "mxfp4-dot", "FormatScope", "MXFP4 is 27.1 % larger than INT4", "area", 1.271, _dot("mxfp4", 32), _dot("int4", 32, "fx32"), _FUSED
    ),
    CostClaim(
        "fp8-dot-add",
        "FormatScope",
        "Alignment and adder tree are 76 % of the FP8 unit",
        "area",
        0.762,
        Side(FP8_DOT, ("alignadd",)),
        Side(FP8_DOT),
        "The published 54 % of alignment alone are of the area of another mapping; of the stages mapped apart it is 51 %, and the tree 25 "
        "%. Ours is one part.",
        where="results/breakdown.csv",
    ),
    CostClaim(
        "int8-dot-mpy",
        "FormatScope",
        "Multipliers and adder tree are 98 % of the INT8 unit",
        "area",
        0.976,
        Side(INT8_DOT, ("mpy",)),
        Side(INT8_DOT),
        "Rows of all products go into one tree here, which counts as mpy.",
        where="results/breakdown.csv",
    ),
)

_COUNTED = (
    CostClaim(
        "fp8-fp16",
        "2303.17951",
        "FP8 E4M3 into FP16 needs 53 % more gates than INT8 into 27 bits",
        "area",
        SOURCE_RATIOS[_FP16],
        Side(_FP16),
        Side(SOURCE_REFERENCE),
        _GATES,
        gates=True,
    ),
    CostClaim(
        "fp8-fp32",
        "2303.17951",
        "FP8 E4M3 into FP32 needs 183 % more",
        "area",
        SOURCE_RATIOS[_FP32],
        Side(_FP32),
        Side(SOURCE_REFERENCE),
        _GATES,
        gates=True,
    ),
    CostClaim(
        "fp8-least",
        "2303.17951",
        "FP8 is 50 to 180 % less efficient: at the least 50 %",
        "area",
        1.5,
        Side("e5m2-e5m2-fp16"),
        Side(SOURCE_REFERENCE),
        "Of which unit is not said; this is the least of E4M3 and E5M2 into FP16 and FP32. " + _GATES,
        where="abstract",
        gates=True,
    ),
    CostClaim(
        "acc12",
        "2401.14110",
        "A 12-bit accumulator M7E4 saves 63 % of the gates against FP32",
        "area",
        0.37,
        Side("e3m4-e3m4-e4m7"),
        Side("e3m4-e3m4-fp32"),
        "Its count is not known. The multiplier is the same in both: without it, alignadd and normacc have 0.43 of the gates, and 0.46 of "
        "the area on sky130hd.",
        gates=True,
    ),
)

_FORMULAS = (
    CostClaim(
        "int8-mpy",
        "2510.25602",
        "k(x + y + 1)² against k(y + 1)²: an INT8 multiplier is four of E4M3's",
        "area",
        4.0,
        Side("int8-int8-fp32", ("multiply",)),
        Side("e4m3fn-e4m3fn-fp32", ("multiply",)),
        "Multipliers with the adder of their last two rows; that of E4M3 adds exponents too. What unpacks operands is left out.",
    ),
    CostClaim(
        "fp8-aligner",
        "2510.25602",
        "k n log n of n = 24 against n = 10 bits: an aligner of MXFP8 E4M3 is 3.3 of NVFP4's",
        "area",
        3.31,
        Side(_MXFP8.unit, ("alignadd",)),
        Side("nvfp4-nvfp4-fp32-x16", ("alignadd",)),
        "",
        unlike="Aligners and adder trees are one part here.",
    ),
)


def _int_fp(key: str, name: str, side: Side, area: float, energy: float, why: str) -> tuple[Claim, ...]:
    return tuple(
        CostClaim(f"{key}-{quantity}", "2510.25602", f"{name} has {ratio:g} of the {quantity} of MXFP8", quantity, ratio, side, _MXFP8, why)
        for quantity, ratio in (("area", area), ("energy", energy))
    )


_ENERGY = "Here energy goes with area; theirs is lower than its area, and which operands make its cells switch is not known."
_SHARED = (
    "What a block has to itself, the product of its scales and the FP32 accumulator, is shared by 16 products here, and weighs most on the "
    "smallest multipliers; by how many there is not known."
)

_BLOCKS = (
    *_int_fp("mxint8", "MXINT8", _dot("mxint8", 32), 0.79, 0.63, _ENERGY),
    *_int_fp("nvfp4", "NVFP4", _dot("nvfp4", 16), 0.54, 0.55, _SHARED),
    *_int_fp("nvint4", "NVINT4", _dot(NVINT4, 16), 0.38, 0.34, _SHARED),
)


def _shared_exponents(name: str, bits: int, published: float, words: str) -> CostClaim:
    unit, fp8 = Side(f"{name}-{name}-fp32-x16", weight=bits), Side("e4m3fn-e4m3fn-tc16f24:fp32", weight=8)
    why = (
        "Area times bits an element, of 16 lanes. FP8 is summed in a window of 24 bits, blocks exactly. Ours save more than is claimed; "
        "how wide FP8 is summed there is not known."
    )
    sentence = f"{name.upper()} has {words} of FP8's product of area and memory"
    return CostClaim(f"{name}-memory", "2302.08007", sentence, "area", published, unit, fp8, why)


_MULTIPLIER, _FLOAT_ADDER = ("mpy",), ("alignadd", "normacc")
_INT8_MUL, _ADD32 = Side("int8-int8-fx32", _MULTIPLIER), Side("int8-int8-fx32", ("alignadd",))
_FP32_MUL, _BF16_MUL = Side("fp32-fp32-fp32", _MULTIPLIER), Side("bf16-bf16-fp32", _MULTIPLIER)
_ADDS = {"FP32": Side("tf32-tf32-fp32", _FLOAT_ADDER), "FP16": Side("e5m4-e5m4-fp16", _FLOAT_ADDER)}
_NO_ROUNDING = (
    "A product of floats here stays exact, neither normalised nor rounded, and one of integers ends in two rows that the accumulator adds. "
    "By the bits of significands alone FP32 is 9 times INT8, FP16 1.9 times, and BF16 as much."
)
_IN_REGISTER = "Our adder is an accumulator's: its register and clock are in it, and it adds a product of fewer bits than its own."
_FED = "Of Gaussian numbers the highest one or two bits hardly change, a larger share of 8 bits than of 32; what fed theirs is not known."
_SUMS = (
    "Our adder is an accumulator's: it takes the last two rows of a product unadded, and its sums cross zero, so that all its high bits "
    "change at once."
)


def _pair(key: str, source: str, names: str, published: float, unit: Side, over: Side, why: str) -> CostClaim:
    return CostClaim(key, source, f"{names}: {published:.3g} times the energy", "energy", published, unit, over, why)


_OPERATORS = (
    _pair("mul32", "Horowitz", "32-bit multiplier over 8-bit", 15.5, Side("int32-int32-fx64f0", _MULTIPLIER), _INT8_MUL, _FED),
    _pair("add32", "Horowitz", "32-bit adder over 8-bit", 10 / 3, _ADD32, Side("int4-int4-fx8f0", ("alignadd",)), _SUMS),
    _pair("mul8", "Horowitz", "8-bit multiplier over 32-bit adder", 2, _INT8_MUL, _ADD32, _SUMS),
    _pair("fp16-mul", "Horowitz", "FP16 multiplier over 8-bit", 5.5, Side("fp16-fp16-fp32", _MULTIPLIER), _INT8_MUL, _NO_ROUNDING),
    _pair("fp32-mul", "Horowitz", "FP32 multiplier over 8-bit", 18.5, _FP32_MUL, _INT8_MUL, _NO_ROUNDING),
    _pair("fp16-add", "Horowitz", "FP16 adder over 32-bit", 4, _ADDS["FP16"], _ADD32, _IN_REGISTER),
    _pair("fp32-add", "Horowitz", "FP32 adder over 32-bit", 9, _ADDS["FP32"], _ADD32, _IN_REGISTER),
    _pair("tpu-mul8", "TPUv4i", "INT8 multiplier over INT32 adder", 0.07 / 0.03, _INT8_MUL, _ADD32, _SUMS),
    _pair("tpu-bf16-mul", "TPUv4i", "BF16 multiplier over INT8", 3, _BF16_MUL, _INT8_MUL, _NO_ROUNDING),
    _pair("tpu-fp32-mul", "TPUv4i", "FP32 multiplier over INT8", 1.31 / 0.07, _FP32_MUL, _INT8_MUL, _NO_ROUNDING),
    _pair("tpu-fp32-add", "TPUv4i", "FP32 adder over INT32", 0.38 / 0.03, _ADDS["FP32"], _ADD32, _IN_REGISTER),
)

_ELMA = (
    "Both circuits are ours; the INT8 multiplier is smaller than what a tool makes of a product. Which data its power was measured on is "
    "not known."
)
_ACCELERATOR = "Its saving is that of an accelerator with its buffers, of which there are none here."
_VSQ = (Side("vsq4-vsq4-fx32f0-x16"), Side("int8-int8-fx32-x16"))

_OTHERS = (
    CostClaim(
        "elma-area",
        "1811.01721",
        "ELMA 8/38 has 1.12 times the area of int8/32",
        "area",
        1.12,
        Side("elma8-elma8-fx38"),
        Side("int8-int8-fx32"),
        _ELMA,
        where="abstract",
    ),
    CostClaim(
        "elma-power",
        "1811.01721",
        "ELMA 8/38 has 0.96 times the power of int8/32",
        "energy",
        0.96,
        Side("elma8-elma8-fx38"),
        Side("int8-int8-fx32"),
        _ELMA,
        where="abstract",
    ),
    CostClaim(
        "hfp8",
        "HFP8",
        "One unit for both FP8 formats is 5 % over one for 1-5-2",
        "area",
        1.05,
        Side(TWO_FORMATS),
        Side(ONE_FORMAT),
        "E4M3 as OCP defines it in place of 1-4-3.",
    ),
    CostClaim(
        "vsq-area",
        "2102.04503",
        "4-bit VS-Quant saves 37 % of the area of 8 bits",
        "area",
        0.63,
        *_VSQ,
        "",
        where="abstract",
        unlike=_ACCELERATOR,
    ),
    CostClaim(
        "vsq-energy",
        "2102.04503",
        "4-bit VS-Quant saves 24 % of the energy of 8 bits",
        "energy",
        0.76,
        *_VSQ,
        "",
        where="abstract",
        unlike=_ACCELERATOR,
    ),
)

CLAIMS: tuple[Claim, ...] = (
    *_COUNTED,
    *_SCOPE,
    *_BLOCKS,
    *_FORMULAS,
    _shared_exponents("mx6", 6, 0.5, "half"),
    _shared_exponents("mx4", 4, 0.25, "a quarter"),
    *_OTHERS,
    *_OPERATORS,
    *ERROR_CLAIMS,
)


def ratio_of(key: str) -> float:
    """Return the published ratio of a claim about costs."""
    return next(claim.published for claim in CLAIMS if isinstance(claim, CostClaim) and claim.key == key)
