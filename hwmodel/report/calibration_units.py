"""The units that estimates are learnt from, by family: the corners of each chosen by hand, and others drawn at random.

The random ones were drawn once, each of their fields by itself: integers of 3 to 12 bits; minifloats of 2 to 5 exponent bits, 1 to 4
fraction bits, and any handling of special values; wider floats of 5 to 8 and 5 to 11 bits; accumulators among fp16, bf16, fp32, floats of
5 to 8 exponent and 6 to 16 fraction bits, and fixed point of 24 to 56 bits; 2 to 8 lanes; no, one or two pipeline registers. What was
estimated above 25,000 um2 on sky130hd was drawn again, for the time that it takes to map.
"""

from collections.abc import Mapping

from hwmodel.cost.learning import ANY_FAMILY
from hwmodel.spec import MacSpec

CHOSEN: Mapping[str, str] = {
    "int": """
        int4-int4-fx int4-int4-fx24 int6-int6-fx int8-int8-fx int8-int8-fx32 int8-int8-fx48 int8-int8-fx24.sat int12-int12-fx
        int16-int16-fx48 uint4-uint4-fx uint8-uint8-fx24 uint8-int8-fx32 int8-int4-fx24 sm8-sm8-fx32 int8-int8-fx32-p1 int8-int8-fx32-p2
        int16-int8-fx40.sat int2-int8-fx24 int3-int8-fx32 int16-int16-fx40.sat""",
    "int-float": "int8-int8-fp32 int8-int8-fp16 int4-int4-fp16 int8-int8-bf16 uint8-int8-fp32",
    "mixed": """
        int4-e4m3fn-fp32 int8-e4m3fn-fx40 int8-fp16-fp32 bf16-int8-fp32.rtz int4-fp16-fp16 e5m2-int8-fp16 uint4-e5m2-fx40
        e4m3fn-bf16-fp32 e2m1fn-fp16-fp32 e2m1fn-e4m3fn-fp16 e2m3fn-e5m2-fx40 int2-fp16-fp16 int2-bf16-fp32 int3-e4m3fn-fp32
        int4-e5m2-fx32""",
    "minifloat-fixed": """
        e4m3fn-e4m3fn-fx e4m3fn-e4m3fn-fx32f12 e4m3fn-e4m3fn-fx40f18.sat e4m3fn-e4m3fn-fx28f6.rne e5m2-e5m2-fx e5m2-e5m2-fx48f20
        e3m4-e3m4-fx e2m5-e2m5-fx e5m2-e4m3fn-fx e2m3fn-e2m3fn-fx e3m2fn-e3m2fn-fx e2m1fn-e2m1fn-fx e4m3fn-e4m3fn-fx-p1
        e4m3fnuz-e4m3fnuz-fx48""",
    "minifloat-float": """
        e4m3fn-e4m3fn-fp16 e4m3fn-e4m3fn-fp32 e4m3fn-e4m3fn-bf16 e4m3-e4m3-fp32 e5m2-e5m2-fp16 e5m2-e5m2-fp32 e5m2-e4m3fn-fp32
        e3m4-e3m4-fp16 e3m4-e3m4-e6m9 e2m5-e2m5-fp32 e2m3fn-e2m3fn-fp16 e3m2fn-e3m2fn-fp32 e2m1fn-e2m1fn-fp16 e2m1fn-e2m1fn-fp32
        e4m3fnuz-e4m3fnuz-fp16 e4m3fn-e4m3fn-fp32.rtz e4m3fn-e4m3fn-fp16.ftz e5m2-e5m2-fp16.rna e4m3fn-e4m3fn-fp32-p1
        e4m3fn-e4m3fn-fp16-p2 e4m3fn-e4m3fn-fp16.unfused e5m2-e5m2-e8m7.unfused e4m3nosub-e4m3nosub-fp16 e4m3fn-e4m3fn-e8m13
        e5m2-e5m2-fp16.unfused e2m3fn-e2m3fn-fp32""",
    "fma": """
        fp16-fp16-fp16 fp16-fp16-fp32 bf16-bf16-bf16 bf16-bf16-fp32 tf32-tf32-fp32 e6m9-e6m9-e6m9 e4m3fn-e4m3fn-e4m3fn e5m2-e5m2-e5m2
        fp16-bf16-fp32 fp16-fp16-fp32-p1 fp16-fp16-fp16.unfused bf16-bf16-fp32.ftz""",
    "chunk": """
        e5m2-e5m2-chunk64:e6m9:fp32 e4m3fn-e4m3fn-chunk16:fp16:fp32 int8-int8-chunk16:fx24:fx40 int8-int8-chunk64:fx24:fp32
        e4m3fn-e4m3fn-chunk8:fx28f6:fp32 e5m2-e5m2-chunk64:dlfloat16:dlfloat16 int8-int8-chunk32:fx20:fp32
        e4m3fn-e4m3fn-chunk64:fx32f12:fp32 bf16-bf16-chunk64:bf16:fp32""",
    "posit": """
        posit8es1-posit8es1-posit8es1 posit8es0-posit8es0-fx posit8-posit8-fp32 posit8es1-posit8es1-fp16
        posit16es1-posit16es1-posit16es1 posit8-posit8-posit8.unfused posit6es1-posit6es1-fx posit8-posit8-posit8""",
    "log": "lns8-lns8-fx32 lns8-lns8-fp32 lns6g4-lns6g4-fx elma8-elma8-fx38 elma8-elma8-fp16 lns10g16-lns10g16-fp32 elma8-elma8-fx32",
    "codebook": "nf4@fp16-fp16-fp32 af4@bf16-bf16-fp32 nf4@fp16-nf4@fp16-fx nf4@e4m3fn-e4m3fn-fp16",
    "choice": """
        e4m3fn+e5m2-e4m3fn+e5m2-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fp16 int4+int8-int8-fx32 e2m1fn+e4m3fn-e4m3fn-fp32
        cfloat8e4m3-cfloat8e4m3-fp32""",
    "lanes-fixed": """
        int8-int8-fx32-x4 int8-int8-fx32-x16 int4-int4-fx24-x8 uint8-int8-fx40.sat-x2-p1 e4m3fn-e4m3fn-fx-x4 e2m1fn-e2m1fn-fx-x8
        e5m2-e5m2-fx48f20-x2 posit6es1-posit6es1-quire-x2 e2m1fn-e2m1fn-fx32-x4 e2m1fn-e2m1fn-fx32-x16""",
    "lanes-float": """
        int8-int8-fp32-x8 int4-int4-fp16-x4 e2m1fn-e2m1fn-fp32-x16 e2m3fn-e2m3fn-fp16-x2 e3m4-e3m4-fp32-x2-p2
        int8-int8-chunk16:fx24:fp32-x2 e5m2-e5m2-fp16-x2 e4m3fn-e4m3fn-fp32-x2 int4-e4m3fn-fp32-x4""",
    "tensor": """
        e4m3fn-e4m3fn-tc8f13:e8m13.rtz bf16-bf16-tc2f24:fp32.rtz-p1 e5m2-e4m3fn-tc4f10:fp16 e2m1fn-e2m1fn-tc8f6:fp16.late
        fp16-fp16-tc4f10:fp32.rtz e4m3fn-e5m2-tc4f13:fp32.rtz.late""",
    "block": """
        mxint8-mxint8-fx32f8-x4 mxfp6e2m3-mxfp6e2m3-fp16-x2-p1 mxfp4-mxfp4-fp32-x8 nvfp4-nvfp4-fp32-x8 mx4-mx4-fp32-x16
        msfp12-msfp12-fp16-x8 vsq4-vsq4-fx48f0-x2 e4m3fn:4:e8m0fnu-e4m3fn:4:e8m0fnu-tc4f13:fp32.rtz mx6-mx6-fp32-x2 mx9-mx9-fp32-x2
        msfp12-msfp12-fp32-x4 nvfp4-nvfp4-fp32-x2 mxfp4-mxfp4-fp32-x16 mxfp8e5m2-mxfp8e5m2-fp32-x2""",
    "stochastic": "fp16-fp16-fp16.sr8 e4m3fn-e4m3fn-fp16.sr8 e5m2-e5m2-fp32.sr16 hfp8-hfp8-dlfloat16.sr8 e5m2-e5m2-fp16.sr8",
}
DRAWN: Mapping[str, str] = {
    "int": "int11-int3-fx int7-int6-fx int11-uint8-fx34-p1 uint11-uint9-fx uint7-int3-fx uint10-int8-fx-p1",
    "int-float": "int7-int10-e7m8 uint7-uint11-fp16 int11-uint5-bf16 int7-int5-bf16.rtz int11-int7-bf16.ftz int4-uint10-bf16",
    "mixed": "int8-e5m1fn-bf16.ftz uint10-e3m1fn-fp16.rtz int9-e4m4-fx.sat int11-e3m3fn-bf16 int4-e2m2fnuz-bf16 int12-e3m4fn-fx",
    "minifloat-fixed": "e3m4fn-e3m4fn-fx e4m1-e4m3fn-fx e4m1-e3m1fn-fx e5m2fn-e4m3fn-fx48f14 e2m3fn-e4m1-fx e2m1-e3m2fnuz-fx",
    "minifloat-float": """
        e5m1fnuz-e2m2fnuz-fp32-p2 e5m2fn-e5m1fn-fp16-p2 e5m2fn-e2m1-bf16.rtz e4m4fn-e4m3-fp16.ftz-p2 e3m4fnuz-e5m4fnuz-e5m15.rtz
        e5m3-e4m4fn-bf16.rtz-p1""",
    "fma": "e6m10-e6m10-fp32 e7m9-e7m9-fp32 e6m6-e6m6-bf16 e6m10-e6m10-e6m10 e5m5-e5m5-e5m5 e7m7-e7m7-fp16.rtz",
    "chunk": """
        e3m1fnuz-e3m1fnuz-chunk32:e6m9:fp32 e3m4-e3m4-chunk32:e6m9:fp32 e5m2-e5m2-chunk64:fp16:fp32 e2m1fnuz-e2m1fnuz-chunk64:fp16:fp32
        e4m1-e4m1-chunk32:e6m9:fp32 e5m1fnuz-e5m1fnuz-chunk16:fx32f8:fp32""",
    "posit": """
        posit7es1-posit7es1-fp32 posit9es0-posit9es0-posit5es0 posit7es0-posit7es0-posit9es0 posit9-posit9-posit7es0
        posit10-posit10-fp32 posit5es1-posit5es1-fp16""",
    "log": "lns8-lns8-fx40 elma8-elma8-fp32 elma8-elma8-bf16 elma8-elma8-fx40 lns8-lns8-bf16 lns8-lns8-fp16",
    "codebook": """
        nf4@bf16-e4m3fn-e7m10 af4@bf16-e2m1fnuz-ef32 af4@bf16-e4m2fn-fp32 nf4@fp16-e5m1-fp32.rtz af4@bf16-e4m4fn-fp16.ftz
        af4@e5m1fnuz-e5m4-fp32.ftz""",
    "choice": """
        e2m2+e3m4fn-e3m4fn-fp32.ftz e3m3+e2m2fnuz-e2m3fn-fp16.rtz e4m3fnuz+e3m3-e5m4fn-bf16 e3m1fn+e5m2fn-e2m4-fp32
        e2m1fn+e3m3fnuz-e5m2fn-bf16 e4m1fn+e5m3-e5m4fn-fp16""",
    "lanes-fixed": "int12-int12-fx-x6 int7-int7-fx-x8 int3-int3-fx-x8 e2m2fn-e2m2fn-fx-x4 int5-int5-fx-x2 int11-int11-fx-x5",
    "lanes-float": "int6-int6-fp16.ftz-x2 e3m3fn-e3m3fn-e8m16.rtz-x3 int9-int9-e7m9-x8 int3-int3-fp32-x8 e2m2fnuz-e2m2fnuz-fp32-x8",
    "tensor": "e2m1fn-e2m1fn-tc2f19:fp32.rtz.late e2m3-e2m3-tc3f21:fp16.late e2m1-e2m1-tc4f20:e8m13.rtz.late",
    "block": "msfp14-msfp14-fp16 mxfp4-mxfp4-bf16-x4 mxfp6e2m3-mxfp6e2m3-bf16 msfp14-msfp14-bf16-x4",
    "stochastic": """
        e4m4-e4m4-fp32.sr8 fp16-fp16-bf16.sr6 e3m2fn-e3m2fn-bf16.sr7 fp16-fp16-fp32.sr10 e2m4fn-e2m4fn-fp32.sr10 fp16-fp16-fp16.sr7""",
}
ANY: Mapping[tuple[str, str], str] = {
    ("sky130hd", "balanced"): """
        int8-int8-bf16.unfused sm6-sm6-fx24 uint8-uint8-fp16.ftz int8-int8-fx48f20-x2-p1 e2m3fn-e2m3fn-tc8f16:fp32.rtz
        e4m3fn-e4m3fn-posit8-x2 e4m3fn-e4m3fn-fx32 af4@bf16-af4@bf16-fp16-x2 posit6es1-int3-fx32f8-x8 lns6g4-lns6g4-chunk16:fx24:fp32-x8
        int3-msfp14-e5m14-x4 int5-nf4@fp16-fp16-p1 uint8-uint8-e6m9 int4+int8-int4+int8-chunk16:fx24:fp32 mxfp6e3m2-mxfp6e3m2-fp32.rtz-p1
        msfp12-msfp12-bf16.unfused-x4-p1 bf16-bf16-fp16 posit6es1-posit6es1-bf16.unfused-x4 msfp12-msfp12-fp16.ftz-x8 mxint8-uint8-bf16
        mxfp6e3m2-mxfp6e3m2-e5m14 int5-int5-bf16-x8 e2m4-af4@bf16-chunk16:fx24:fp32 sm6-sm6-e5m14-x2-p1 e2m1fn-e2m1fn-bf16-x4 mx4-mx6-e6m9
        mx6-mx6-fp16-x4 e4m2-int4+int8-fp32-x2-p1 sm6-sm6-fp32-x16 e2m1fn-e2m1fn-fx48f20 e2m3fn-e2m3fn-fx48f20 e4m3fn-e4m3fn-fx48f20-x8
        e4m3fnuz-e4m3fnuz-bf16-x2 lns8-lns8-bf16.unfused nf4@fp16-mx6-bf16.unfused e2m3fn-e2m3fn-chunk16:fx24:fp32 msfp12-msfp12-bf16-x2
        e4m3fn-e4m3fn-tc4f12:fp32.rtz e5m2-e5m2-e5m14 e2m3fn-af4@bf16-fx48f20-x2 mxfp4-mxfp4-fx32f8-x8-p1 lns6g4-lns6g4-fp32.sr8-x4
        int5-int5-chunk8:bf16:fp32-x2 e5m2-bf16-fx32f8 e5m1-e5m1-bf16 e2m1fn-e2m1fn-posit8-x4 e4m2-e4m2-fp32.sr8 uint8-uint8-fp32-x4-p1
        e5m2-e5m2-fx24 uint4-e5m2-e5m14 e4m2-e4m2-chunk32:fp16:fp32 bf16-bf16-fx32-p1 mx6-mx6-e6m9-x2 msfp12-msfp12-fp16.sr8-x8
        e2m1fn-e2m1fn-fx24-p1 hfp8-posit8-chunk8:bf16:fp32 e3m4-e3m4-bf16.unfused-p1 nf4@fp16-nf4@fp16-fx32f8 e5m2-int8-fx48f20
        int3-int3-bf16-x8-p1 nvfp4-uint4-fp32.sr8-x4-p1 e3m3-e3m3-fp32.rtz-x2 int3-int3-fx24 e2m1fn-e2m1fn-posit8
        int4+int8-int4+int8-fp16.ftz e4m3fn-msfp12-fp16.ftz int8-e4m3fnuz-e5m14 int8-int8-fx40.sat e4m2-msfp12-e5m14-p1 int8-e2m5-fx24-p1
        af4@bf16-af4@bf16-chunk32:fp16:fp32-p1 int2-int2-fp24 mxfp8e4m3-e3m2fn-fp32.sr8 e5m1-e5m1-bf16.unfused
        af4@bf16-af4@bf16-fx40.sat-x2 e4m2-e4m2-fx-p1 uint4-mxfp6e3m2-e6m9-x2-p1 mxfp4-mxfp4-e5m14 nvfp4-uint8-e6m9 uint8-uint8-fx32f8
        af4@bf16-af4@bf16-e5m14 e4m3fn+e5m2-e4m3fn+e5m2-fx32f8 posit8es1-nf4@fp16-chunk8:bf16:fp32-p1 nf4@fp16-nf4@fp16-fp16.ftz
        int3-int3-e6m9-x2-p1 e4m2-e4m2-fx24 e3m2fn-e5m2-fp32 fp16-e4m3fn+e5m2-fp32.sr8 mxint8-mxint8-e6m9 e5m2-e5m2-chunk8:bf16:fp32-p1
        e4m2-uint8-fx40.sat-x4 uint4-uint4-bf16-x8 e2m3fn-int6-fp16-x8 fp16-fp16-fp16.ftz hfp8-hfp8-fx mxfp4-int5-fp16.ftz-p1
        fp16-fp16-posit8 e3m3-nf4@fp16-fp32.sr8 posit8-posit8-fx32f8-p1 e3m2fn-e3m4-fp16.sr8 e4m2-e4m2-e5m14 e3m4-int5-e5m14
        int2-e2m3fn-e5m14 e4m3fn-e4m3fn-fx32-x2 posit8-posit8-fx40.sat-x2 int4+int8-mxfp6e3m2-bf16 e3m4-e2m1fn-fx24-x4-p1
        e4m3fn+e5m2-int5-bf16.unfused-x2 e5m2-e5m2-fp16.ftz e2m5-int6-chunk8:bf16:fp32-p1 e2m1fn-e2m1fn-e6m9-p1
        e4m3fnuz-e4m3fnuz-fx32-x2-p1 e5m2-e5m2-tc4f12:fp32.rtz uint8-uint8-chunk32:fp16:fp32 posit8-posit8-fx24-x4-p1
        uint8-uint8-bf16.unfused mxint8-mxint8-fx32f8 e4m2-e3m2fn-fp32.rtz uint4-int4-fx32f8-x2-p1 e6m3-e6m3-posit8-p1 e2m4-e2m5-fp32.sr8
        int4-int4-e5m14-x8 int3-int3-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fx40.sat-p1 int4-posit8es1-fx24-p1 int5-nf4@fp16-fp16.sr8-p1
        uint8-uint8-fp32 e4m3-e4m3-posit8 e3m2fn-e3m2fn-fx32f8-x8 int4+int8-int4+int8-fp16.ftz-x4 mxfp4-mxfp4-e5m14-x8
        e5m2fnuz-e2m3fn-posit8 hfp8-hfp8-fp16-p1 e3m4-e5m3-e8m13 posit7es1-posit7es1-fx32 sm8-int5-fx32f8-p1 e5m1-e5m1-chunk16:fx24:fp32
        e3m1fn-e3m1fn-posit8 e5m2fnuz-posit7es1-e5m14-p1 mxfp4-posit6es1-bf16.unfused e5m2fnuz-e5m2fnuz-fx48f20 hfp8-hfp8-tc4f14:fp16.late
        e2m4-e2m4-fp32.rtz elma8-elma8-e8m13 lns8-lns8-fx32-p1 int3-int3-fp16.sr8-p1 mx4-mx4-e5m14-p1 e6m3-e6m3-chunk8:bf16:fp32
        mxfp4-mxint8-fx48f20 msfp12-msfp12-bf16.unfused-x4 e2m3fn-e2m3fn-fx32f8-x4 mx6-mx6-e8m13 e3m2fn-sm6-fx24-x2-p1
        posit7es1-posit7es1-e6m9 elma8-elma8-chunk8:bf16:fp32 posit7es1-e3m4-fp16 uint6-uint6-fp16.ftz sm6-sm6-bf16-x2-p1
        int4-e4m3fnuz-e5m14-p1 e4m3-e4m3-fx sm6-sm6-fx32f8 e4m4-e4m4-fx32-x4-p1 e5m2-e5m2-fx40.sat-x4 af4@bf16-af4@bf16-fx32f8
        e4m3-e4m3-fx40.sat int3-mxfp8e4m3-fx32f8 e5m3-e5m3-e5m14-p1 nf4@fp16-nf4@fp16-fp32 uint6-uint6-fp16 int5-mxfp6e3m2-bf16.unfused
        int4+int8-int4+int8-fx40.sat e3m3-uint6-fx40.sat-p1 uint8-uint8-chunk8:bf16:fp32-p1 hfp8-hfp8-fp16.ftz uint4-e4m2-fx
        e4m4-hfp8-fp32.rtz-p1 e2m3fn-e2m3fn-fp16.sr8 posit8es1-posit8es1-chunk8:bf16:fp32-p1 e6m3-nf4@fp16-fx32f8-x2 e4m4-e4m4-fx24
        posit7es1-e5m1-posit8 e2m3fn-e2m3fn-fp16.ftz sm6-sm6-fx32 uint4-uint4-bf16-x16 uint6-uint4-fx sm8-sm8-posit8-p1
        msfp12-uint8-fx32f8 sm6-sm6-fp16.sr8-x2 sm6-e3m2fn-fx48f20 msfp14-msfp14-e5m14 msfp12-msfp12-e6m9-x2 e2m1fn-e2m1fn-fx-x16
        int5-int5-fp24-x4 posit8-posit8-fx32f8 mxfp4-e3m3-e5m14-x4 e2m3fn-e2m3fn-fx24-x2 e2m1fn-e6m3-fx40.sat e2m3fn-uint6-fx32-x2-p1
        uint6-uint6-fp16.sr8-x8 int8-e2m1fn-fx32-x4 int8-int8-e6m9 sm8-sm8-fp32.sr8 int3-int3-e5m14-p1 e2m3fn-mx6-fp16.ftz-x4
        e3m2fn-e3m2fn-fx48f20-x4 bf16-sm8-fp16.sr8-p1 uint4-uint4-fp16.ftz-p1 int5-e5m3-fx32f8 uint6-uint6-e5m14-x2
        int8-int8-fx36f12.rne-p1 bf16-bf16-fx40.sat sm8-sm8-fx24 e3m4-e3m4-e6m9-x2-p1 uint6-uint6-bf16.unfused-x2
        e5m2fnuz-hfp8-bf16.unfused posit6es1-posit6es1-chunk8:bf16:fp32 int4-e5m1-chunk16:fx24:fp32 uint4-uint4-chunk16:fx24:fp32-p1
        mx6-uint8-fp32 int5-posit8-fx-p1 e6m3-uint4-fp16.ftz hfp8-fp16-fx24 e3m4-e3m2fn-fx-x4 int6-int6-bf16.unfused-p1 e4m2-e4m2-fx32-x2
        int3-int3-posit8-x8 e4m3fn-e4m3fn-e6m9-p1 msfp14-int2-bf16.unfused-p1 uint6-uint6-fp32.sr8 uint8-e2m5-fp16.ftz
        sm8-e3m2fn-fx36f12.rne e5m2fnuz-e5m2fnuz-fp16.ftz e2m4-e2m4-bf16.unfused posit8es1-posit8es1-fx36f12.rne msfp12-e3m2fn-bf16
        e4m4-e4m4-fp16 e4m4-e4m4-e5m14 int5-int5-e6m9-x8-p1 int10-int10-fp32.rtz e2m4-e2m4-fx24-x4 msfp14-mx9-bf16.unfused
        e4m2-int2-fp32.sr8 posit7es1-e5m1-fx32-p1 uint8-uint8-fx32 int4-int4-e6m9-x4 sm6-sm6-fp32 int4-int4-fx40.sat-x4
        uint4-uint4-fp16.sr8""",
    ("asap7", "balanced"): """
        bf16-bf16-fp16.ftz int8-int8-fp32-x2-p1 int5-int5-chunk32:fp16:fp32-x8-p1 msfp14-msfp14-fp16.ftz-p1 e4m3fn+e5m2-e2m4-fx32f8-p1
        e4m3fn+e5m2-e4m3fn+e5m2-fx24-x4 sm6-sm6-posit8-x2 int3-int3-fx24-x16 msfp12-msfp12-bf16.unfused e4m3fn-e4m3fn-e5m14-x4-p1
        mx9-posit7es1-fx48f20-x4 int8-int8-fp16.ftz-x2-p1 e3m3-e5m2-fp16 e2m1fn-e2m1fn-fp32-p1 msfp14-msfp14-bf16.unfused
        posit6es1-int8-fx32 e4m2-e4m2-fx48f20-x4-p1 msfp14-msfp14-e6m9-x4 af4@bf16-af4@bf16-chunk16:fx24:fp32-x2 int8-e3m3-fp16-x4-p1
        mxfp6e3m2-mxfp6e3m2-bf16-x2-p1 mxint8-e4m3fn+e5m2-fx32f8-p1 af4@bf16-af4@bf16-fx24-x2 mxfp6e3m2-mxfp6e3m2-bf16 e3m2fn-fp16-e6m9
        uint4-uint4-bf16.unfused mx6-mx6-fp16.sr8-x2 e4m3-e4m3-fx24-x2-p1 e4m3fn-e4m3fn+e5m2-fx32f8 int6-int6-fp16-x2-p1 e3m4-uint8-fx24
        e2m5-e2m5-fx32f8 int2-int2-e5m14-x2 mxfp6e3m2-mxfp6e3m2-bf16.unfused-p1 mxfp4-mxfp4-e6m9-x2 mxfp6e3m2-mxfp6e3m2-fx32f8
        e4m3fn+e5m2-e4m3fn+e5m2-fx24 e3m3-e3m3-bf16.unfused mxfp6e2m3-mxfp6e2m3-bf16.unfused-x2-p1 int4+int8-int4+int8-fp32.rtz
        e4m3fn+e5m2-int5-bf16 mx9-mx9-e6m9 int5-int5-fp24-x2 mxint8-mxint8-bf16 hfp8-hfp8-posit8 uint8-uint8-fx32-x4 mx9-sm8-fp16.ftz
        mxfp6e3m2-mxfp6e3m2-fx48f20-x2 posit8-hfp8-fx48f20-p1 hfp8-hfp8-fx-p1 mx6-mx6-bf16.unfused-x4-p1 int4+int8-e3m2fn-chunk8:bf16:fp32
        int8-int8-fp16.sr8 sm8-sm8-fx40.sat nf4@fp16-e3m2fn-fx24-x2 e2m3fn-e2m3fn-fp24-x2 uint4-uint8-fp32-p1 e3m2fn-e3m2fn-fx40.sat-x4-p1
        int4+int8-int4+int8-fp16.sr8-p1 e4m2-e4m2-fx32 int2-sm8-e5m14-p1 int5-int5-fp16.ftz-x8 nf4@fp16-nf4@fp16-e6m9
        posit6es1-posit6es1-fp16 nf4@fp16-sm8-fp32 e2m1fn-e2m5-fx40.sat-x4 int8-int8-fx48f20-x4 int3-int3-fp32.rtz uint4-uint4-fp32-p1
        sm8-nvfp4-e5m14 int5-int5-fp16 e2m5-e2m5-fx24-x4 e2m3fn-e2m3fn-fp32-p1 bf16-int6-e5m14-p1 e3m2fn-af4@bf16-bf16
        e3m3-e2m3fn-fp16.sr8 int8-e2m1fn-fp32.sr8-p1 lns8-lns8-fx40.sat-x2-p1 posit8es1-posit8es1-fx32f8-x2 mxint8-e3m1fn-e8m13
        elma8-elma8-e8m13 e2m1fn-e2m1fn-fp16.sr8-p1 int4-int4-e6m9 mx6-mx6-e6m9 posit8-posit8-e5m14-p1 e4m3fn+e5m2-uint6-fp32.rtz
        e2m4-e2m4-fx32f8 int5-int5-bf16.unfused-x4 int3-int3-fp16.ftz posit8es1-posit8es1-e5m14-p1 bf16-bf16-e8m13-p1
        int3-int3-fx40.sat-x8-p1 posit8-posit8-e6m9 e4m3-e4m3-fx40.sat e3m4-e3m4-posit8-p1 int2-int2-chunk8:bf16:fp32 af4@bf16-uint8-fx24
        e2m5-e2m5-fx36f12.rne e5m2-uint4-fx36f12.rne-x4 e5m2fnuz-nf4@fp16-bf16.unfused int10-int10-fx40.sat sm6-nf4@fp16-fx32f8-p1
        uint6-uint6-fp24-x4-p1 int6-int6-e8m13-p1 e4m4-mx4-e8m13 e3m1fn-nf4@fp16-fx36f12.rne-x4-p1 e4m3fnuz-e4m3fnuz-fp16.ftz
        e2m3fn-e2m3fn-fx36f12.rne fp16-posit8es1-fx36f12.rne int8-int8-fx40.sat bf16-e5m3-e6m9 e4m3fnuz-e4m3fnuz-fx24-x2
        e3m2fn-e3m2fn-fp16.ftz e4m3-e4m3-posit8-p1 e4m3fnuz-e4m3fnuz-fp16.sr8 e4m3fn+e5m2-e4m3fn+e5m2-fp32.sr8 mx4-mx4-fp32.sr8
        e4m3fn+e5m2-posit7es1-fp32.rtz e5m2fnuz-e5m2fnuz-posit8 e5m2fnuz-e5m2fnuz-e8m13 msfp12-msfp12-fp16.ftz
        int4+int8-int4+int8-fp16.sr8 sm6-sm6-e5m14-x8 e3m1fn-e3m1fn-fx-p1 e5m3-e5m3-bf16.unfused-p1 mxfp6e2m3-mxfp6e2m3-fp32-p1
        int4-int4-fp16.sr8-x4 e3m1fn-posit6es1-fp32 e3m4-e3m4-fx24-x4 msfp14-msfp14-e8m13-x2 posit6es1-e2m1fn-fx36f12.rne-p1
        uint8-e6m3-e8m13-p1 int3-int3-chunk32:fp16:fp32-x4 e2m1fn-int5-fp16.sr8 bf16-bf16-fp16 mxint8-mxint8-e6m9
        e4m3fnuz-int8-bf16.unfused uint8-int6-fp24 msfp12-msfp12-e5m14-x4 e4m4-e4m4-fx-x2-p1 e4m4-e4m4-fp16 e2m3fn-hfp8-fx32
        e3m1fn-e3m3-fp32.rtz int4+int8-int4+int8-fp24 e4m2-e4m3fn+e5m2-posit8 int10-int8-fp32.rtz e2m3fn-e2m3fn-tc4f12:fp32.rtz-p1
        e4m3fnuz-e4m3fnuz-tc4f12:fp32.rtz e3m2fn-e3m2fn-fx32f8 int10-int10-fp16.sr8 e4m3fn-e5m2-bf16.unfused int8-int8-e5m14
        int5-int3-fp16.ftz-x8-p1 sm6-msfp14-fp32 e3m1fn-uint8-bf16 int10-int10-fx-x2-p1 e5m3-posit8-fx24 e3m1fn-e6m3-chunk32:fp16:fp32
        mx6-mx6-fx36f12.rne e4m3fn-e4m3fn-fx24 e5m2fnuz-e5m2fnuz-fx40.sat e6m3-e3m2fn-fx32 msfp14-uint4-e8m13 e5m3-e3m1fn-fp16.ftz
        elma8-elma8-chunk8:bf16:fp32 mx4-mx4-bf16-x8 e2m4-e2m4-fp32.rtz e4m3fn+e5m2-e4m3fn+e5m2-fp32.rtz mx4-mx4-fp16 e4m4-e4m4-posit8-p1
        e3m1fn-mxfp4-fp16-x2 uint8-e3m2fn-fx24 e3m2fn-e3m2fn-e6m9 posit8es1-posit8es1-fx40.sat uint4-e2m5-fx48f20
        e4m3fn-e4m3fn-fx40.sat-x4-p1 uint4-uint4-fx32f8-p1 lns6g4-lns6g4-fx32-p1 e3m3-e3m3-fp32.sr8 mxfp6e2m3-mxfp6e2m3-bf16.unfused-p1
        int8-e4m2-e6m9-p1 nf4@fp16-nf4@fp16-fp32-p1 int4+int8-int4+int8-fx e5m1-e5m1-e8m13 e3m2fn-e6m3-tc4f12:fp32.rtz e3m2fn-e5m3-fx48f20
        mxint8-mxint8-fx48f20 uint8-uint8-bf16-x2 e3m1fn-uint4-fx32f8 int5-e4m3-fx32f8 int4-int8-fp32-x2 msfp12-msfp12-fp16.ftz-x4
        e5m3-e5m3-tc4f12:fp32.rtz e3m4-nf4@fp16-fx32f8 int10-int10-fx36f12.rne e4m2-e4m2-fp32.sr8 lns6g4-lns6g4-fp32.rtz
        posit8-posit8-fp16.ftz-p1 mx9-e3m2fn-fp16.ftz-x2 mx4-mx4-bf16.unfused-p1 posit6es1-posit6es1-fp16.sr8 uint4-uint4-e8m13-x8
        e4m2-e4m2-fx24-x4 posit8-nf4@fp16-fp32 sm8-posit6es1-fx36f12.rne fp16-posit7es1-fx24 e3m4-e3m4-e6m9-x2 mx4-uint4-bf16.unfused
        uint8-uint8-e6m9-x2 int8-int8-fx32f8 sm8-e5m1-fp32.rtz e3m4-e3m4-bf16.unfused-x2""",
    ("sg13g2", "area"): """
        mxfp4-posit8-fx48f20 msfp12-int8-fp16.ftz-p1 mxfp6e2m3-mxfp6e2m3-fp32 e3m2fn-e3m2fn-tc8f16:fp32.rtz-p1 sm6-e4m3fnuz-fp16.ftz-x2
        int8-int8-fx-x8 e4m3fn+e5m2-e3m2fn-fx-x2-p1 e5m2-int4-fx32f8-x2 lns6g4-lns6g4-fx32 int3-int3-posit8 e3m3-int8-fx24-x2
        fp16-fp16-chunk8:bf16:fp32 af4@bf16-af4@bf16-fp16.ftz-x2 e4m3fnuz-e4m3fnuz-fp32.rtz-x4 posit7es1-e4m3fn-chunk8:bf16:fp32
        posit6es1-posit6es1-fp32.rtz e3m3-e3m3-fp16 int4-int4-chunk32:fp16:fp32-x2-p1 posit6es1-nf4@fp16-e6m9-p1 int3-int3-fx48f20-x8
        e2m1fn-e2m1fn-tc4f12:fp32.rtz e3m4-af4@bf16-fx32f8 int3-int3-fp32.sr8-x8 e3m2fn-e3m2fn-fp16.sr8 bf16-bf16-fp32.sr8 e3m4-e3m4-fp32
        e4m3fnuz-e4m3fnuz-fx48f20 mxint8-mxfp6e2m3-e6m9 e4m3fnuz-e4m3fnuz-fp16.sr8 uint8-int2-fx-x8 posit6es1-af4@bf16-bf16
        nf4@fp16-nf4@fp16-fx32 af4@bf16-af4@bf16-fx24-p1 e4m3fn-e4m3fn-fx32f8-p1 e5m1-e5m1-bf16 e5m1-e5m1-fx40.sat
        e4m3fnuz-e4m3fnuz-chunk32:fp16:fp32 mxfp8e4m3-e2m5-fx32f8 fp16-fp16-bf16-p1 e5m2-e4m3-bf16.unfused msfp12-msfp12-fp16.ftz-x4
        mx6-e3m4-fp16.ftz mxfp4-mxfp4-fp32.rtz lns8-lns8-chunk32:fp16:fp32 e2m3fn-mx6-bf16-x4 e4m3fn-e4m3fn-fx24 e2m3fn-e2m3fn-fx24
        int5-uint4-fp16.sr8 uint4-int4+int8-fx48f20-x2 int6-e4m3fn-fx32f8 uint8-uint8-bf16 e2m1fn-e2m1fn-fx48f20-x2 e5m2fnuz-e5m2fnuz-fp16
        e4m3-e4m3-fp32.rtz int4+int8-int4+int8-fp32.rtz-p1 e4m3fn+e5m2-e4m3fn+e5m2-fx24 sm8-uint4-e6m9-x2-p1 nf4@fp16-fp16-bf16.unfused
        nf4@fp16-e2m1fn-bf16 e2m1fn-int3-fp16-x2-p1 sm8-sm8-fx40.sat mxfp4-int5-e6m9-p1 uint8-uint8-fx32-x2-p1 hfp8-hfp8-fp16.ftz
        uint4-uint4-bf16.unfused-p1 e3m2fn-e3m2fn-fp16-p1 int6-int6-bf16.unfused-x4 uint4-uint4-fx-p1 e4m3-bf16-bf16 int6-int6-fx40.sat-x2
        e3m1fn-e3m1fn-fp16.sr8 e4m2-e4m2-fx32f8 uint8-uint8-fp32.rtz-p1 e4m4-e4m4-fx32f8 bf16-e3m2fn-fx36f12.rne int2-int2-e5m14
        e4m3fnuz-e4m3fnuz-fx32f8 int2-int2-posit8-x4-p1 e2m4-e2m4-fp16-x4 sm6-sm6-e6m9-x2-p1 nvfp4-nvfp4-e5m14 int2-uint4-fp16.sr8
        nvfp4-nvfp4-bf16-p1 e6m3-e3m1fn-e8m13-p1 int8-int8-posit8-x2 int3-e3m3-fp32.rtz nf4@fp16-uint4-chunk32:fp16:fp32
        posit8-posit8-fp16.sr8 int5-int5-chunk32:fp16:fp32-x2 uint8-uint8-bf16.unfused-p1 uint4-uint4-fp32 nvfp4-nvfp4-bf16.unfused-p1
        e3m2fn-e3m2fn-chunk32:fp16:fp32 e5m3-e5m3-posit8 e3m2fn-e3m4-fx36f12.rne-p1 hfp8-e2m3fn-chunk32:fp16:fp32 e2m4-e4m4-e6m9
        int3-e4m4-fx32f8 int2-int2-chunk32:fp16:fp32-x16 e4m3fnuz-e3m1fn-fx32 af4@bf16-af4@bf16-e5m14 sm6-int3-posit8-x8-p1
        e2m1fn-e2m1fn-fx36f12.rne-x8 e4m3-e4m3-fx32 mx9-mx9-fx36f12.rne e2m5-e2m5-fx32 sm6-sm6-fx48f20-p1
        mxfp6e3m2-mxfp6e3m2-fx36f12.rne-x4 e2m4-e2m4-tc4f14:fp16.late int2-e2m3fn-fx40.sat-x2 e3m3-e3m3-chunk16:fx24:fp32
        int4-int4-fp16-p1 posit6es1-hfp8-fp32.rtz uint6-uint6-fp32.sr8-x2-p1 e3m2fn-e3m1fn-fx32f8 int5-sm6-e5m14 posit6es1-e5m3-posit8
        sm6-e2m1fn-chunk16:fx24:fp32 e3m3-sm6-fp16.sr8 e6m3-posit8-fx40.sat-x2 e2m4-uint4-e8m13-x4 e2m4-e5m1-fx-x2
        posit8es1-posit8es1-fx24 e4m3fn-e4m3fn-fp32.sr8 e5m1-e5m1-bf16.unfused e2m4-e5m1-fx40.sat sm6-sm6-fp16.sr8-x4 int4-int4-fp16.ftz
        posit8es1-int5-chunk8:bf16:fp32 nvfp4-int4-fx32f8 posit8es1-posit8es1-bf16 int2-int2-e8m13-x2-p1 e3m3-e2m4-e8m13-p1
        msfp14-mx4-e5m14 int4-int4-e6m9-p1 e3m3-e3m3-chunk8:bf16:fp32-p1 e4m3fn-sm8-e6m9-p1 e4m3fnuz-e4m3fnuz-fx e4m4-e4m2-fx32
        e3m2fn-e3m2fn-fp32.sr8-x2 mxint8-int4+int8-fp16.ftz uint6-uint6-fp32-p1 int4-int4-chunk8:bf16:fp32-x4 e3m4-e4m3fnuz-fx32f8
        e4m4-e4m4-posit8 e2m1fn-e2m4-bf16 e4m3fn+e5m2-e4m3fn+e5m2-fx24-p1 hfp8-hfp8-chunk8:bf16:fp32-p1 int5-e4m3fn+e5m2-chunk8:bf16:fp32
        int8-e2m5-fx36f12.rne posit7es1-posit7es1-e6m9 e2m1fn-e2m1fn-fx40.sat-x2-p1 lns8-lns8-e5m14 af4@bf16-af4@bf16-fx24
        e4m4-e4m4-tc4f12:fp32.rtz e4m4-int6-fx40.sat hfp8-hfp8-fp24 e3m3-e3m3-e6m9-x2 e5m3-e5m3-bf16.unfused-p1
        msfp14-e4m3fn-fx36f12.rne-p1 int10-int10-fx24 msfp12-msfp12-bf16 af4@bf16-e2m4-fx-x2 e3m4-e2m4-fp16 e3m2fn-bf16-fx40.sat
        sm6-uint8-e5m14 posit7es1-posit7es1-fp32.rtz int3-int3-fp32.sr8-p1 e6m3-e6m3-fx32-x4-p1 mxfp4-int4-fp16.ftz-p1 int5-int5-fx
        e3m1fn-e3m1fn-chunk8:bf16:fp32 e3m4-e4m3-fx32f8-x4 mx6-int4-fp16.ftz uint8-e2m1fn-fp32.rtz int4+int8-nvfp4-e8m13-x2
        e3m3-e3m3-fx32f8 int6-af4@bf16-bf16 e5m3-e5m3-tc4f14:fp16.late uint4-uint4-fp32-x8-p1 int5-int5-fp16.sr8 e5m3-e5m3-fx40.sat
        e3m3-e3m3-fp16.sr8 uint6-uint6-posit8-x4 e2m3fn-int8-fx32f8 e3m4-e2m3fn-chunk8:bf16:fp32 e3m1fn-e3m1fn-fp32.sr8-p1 e3m4-int10-bf16
        nf4@fp16-nf4@fp16-fx32f8 posit8-e5m2fnuz-e6m9 e4m3fnuz-e4m3fnuz-e8m13 af4@bf16-posit8-bf16.unfused fp16-fp16-fx48f20
        e3m2fn-e3m2fn-fp24 posit8-int2-e8m13 mxfp4-mxfp4-e6m9 sm6-sm6-chunk8:bf16:fp32 int8-int8-fp32.sr8 e5m2fnuz-e5m2fnuz-fx32
        fp16-fp16-fp16-p1""",
    ("asap7", "area"): """
        e2m5-e2m5-fx40.sat-x4 e2m3fn-e4m4-fx int4-int4-fp32.rtz-x8 e2m4-e2m4-chunk8:bf16:fp32 int4+int8-int4+int8-fx36f12.rne-x2
        e5m3-int4+int8-posit8 af4@bf16-af4@bf16-fp16 int6-af4@bf16-fp16.sr8 e5m1-e4m3fn-tc4f12:fp32.rtz uint6-uint6-e6m9 e4m4-e4m4-fx-x2
        e2m3fn-e2m3fn-posit8 int4+int8-e3m1fn-bf16.unfused mx4-mx4-fp16 e4m2-e4m3fn+e5m2-fx40.sat-x4 posit6es1-uint4-fx32f8
        elma8-elma8-fp16.sr8-p1 mxfp4-int4-bf16-x4 uint4-uint4-fp16.sr8-p1 hfp8-hfp8-fx-x4 mxint8-mxint8-fx48f20-x2 e3m3-int4-fp16-x2
        e3m1fn-e3m1fn-e8m13-x2-p1 int6-int6-fx32-x8 nf4@fp16-e2m4-fp16.sr8 e2m4-int10-fx32 uint4-e5m1-posit8-p1 e4m3fnuz-e4m3fnuz-posit8
        uint4-uint4-e5m14-x8-p1 e3m2fn-e3m2fn-tc4f12:fp32.rtz e3m3-e3m3-tc4f14:fp16.late int10-int10-fp32.rtz-p1 int4+int8-e5m2fnuz-posit8
        mxfp6e2m3-mxfp6e2m3-e6m9-x2 nf4@fp16-int3-posit8 int2-bf16-fx36f12.rne mxfp4-mxfp4-fx32f8-p1 e3m1fn-e3m1fn-posit8-x2
        e2m5-int4-e8m13 int2-int2-fx40.sat-x8-p1 e4m2-e4m2-fp32-p1 e5m2fnuz-e5m2fnuz-e5m14 e3m1fn-e3m1fn-fx48f20 bf16-bf16-fx32
        int5-int5-fx32 e5m2fnuz-e5m2fnuz-fp16.ftz-p1 mx4-mx4-e6m9-p1 e4m3fnuz-int5-fx32-x4 posit6es1-posit6es1-bf16.unfused
        uint4-uint4-fx24 e3m2fn-int4-chunk8:bf16:fp32-x2 e2m1fn-e2m1fn-fx36f12.rne-x2-p1 mxfp6e2m3-mxfp6e2m3-e8m13-p1 e3m2fn-e3m2fn-e6m9
        nf4@fp16-e3m2fn-e5m14-p1 int6-int6-fp32 uint4-uint4-fx32 e3m2fn-e3m2fn-fx32 lns8-lns8-fx32-x2-p1 sm8-sm8-fx
        uint4-uint4-chunk8:bf16:fp32 int5-int5-fx-x8-p1 int2-int2-e6m9-x8-p1 e4m3fnuz-e3m2fn-fp16.ftz-x2-p1 e2m4-e2m4-posit8
        e3m3-e3m3-fp32.rtz e4m4-int5-fx36f12.rne int6-sm8-fp24 int4-int4-chunk8:bf16:fp32-p1 hfp8-uint4-fp16-p1 int8-int8-fx40.sat
        int4+int8-int10-bf16.unfused e5m3-int3-fp16.ftz int4-int4-bf16.unfused-x16 mxfp6e2m3-e2m1fn-fp32.rtz-x2-p1
        e4m3fn-e2m3fn-tc4f14:fp16.late uint6-uint6-e8m13 sm6-sm6-bf16 sm8-sm8-fp32.rtz e2m3fn-int3-fx40.sat int5-int5-fx48f20-x8-p1
        uint8-uint8-fp16-x2 mx4-mx4-e5m14-p1 e5m1-int2-fp16 int6-mxint8-bf16 int5-int5-e5m14-x8 e4m3fn+e5m2-e4m3fnuz-e5m14
        e2m4-posit6es1-fx48f20-x4 e3m1fn-e4m3-fp16.ftz-p1 posit8es1-posit8es1-fx32 posit7es1-e4m3-fx32f8 e2m3fn-e2m3fn-fp16-x4
        nf4@fp16-e5m2-fx48f20 e3m3-e3m3-bf16.unfused-p1 int6-int4-e8m13-p1 e5m2-int6-fp32 mx6-mx6-bf16.unfused lns8-lns8-fx24
        int4+int8-int4+int8-fx36f12.rne-x4 uint6-uint6-fp16.sr8-x2 e2m3fn-e2m3fn-fp32-x2 sm6-sm6-fp16.ftz-x8 int10-int10-fx-x4
        e4m3fnuz-uint6-e6m9-x2 e4m2-uint4-fp16 e5m2fnuz-e5m2fnuz-fx hfp8-hfp8-fp32.sr8-p1 posit8es1-posit8es1-bf16
        e4m3fn+e5m2-e4m3fn+e5m2-fp32-p1 uint4-uint4-fp16-x16-p1 int5-int6-posit8 e2m1fn-e2m1fn-fx24 int5-int5-fp16.ftz-p1
        e5m1-e5m1-fp32.sr8 int2-mx4-fp16-x16 int2-int2-fx32 fp16-e6m3-e6m9-p1 uint6-e3m1fn-e6m9 int5-int5-fx40.sat-x4
        posit8es1-posit8es1-fp32.sr8 int5-int5-fp32 mx4-int8-fp16.sr8 uint6-uint6-fx-p1 mx9-mx9-bf16.unfused-p1 uint6-uint6-fx48f20-x4
        mxfp6e2m3-int4+int8-fx32f8 e3m3-e3m3-fx48f20 mx6-mx6-e6m9-p1 msfp14-msfp14-fp32.rtz uint4-uint4-fp16.ftz uint4-e3m1fn-e6m9-x2
        int2-e4m3fn+e5m2-fx""",
    ("asap7", "delay"): """
        uint8-uint8-fx nf4@fp16-nf4@fp16-fx32-x2 posit6es1-posit6es1-chunk8:bf16:fp32-p1 int3-e4m3-fx32f8-p1 int6-int6-fp32.rtz
        af4@bf16-af4@bf16-fx24 e2m1fn-e2m1fn-chunk32:fp16:fp32-p1 e4m2-e4m2-bf16 bf16-int2-fx24 mxfp6e3m2-e3m1fn-fp16.sr8-x2-p1
        int4-int4-fx24-x16 fp16-fp16-fp16.ftz msfp14-msfp14-e8m13-x2 sm8-mx9-e6m9 posit8-int4+int8-fx36f12.rne int4-int4-fp16-x2
        int4-int4-bf16-x8 e4m4-e4m4-fp32.rtz e4m2-e4m2-fx32 e5m1-e5m1-tc4f14:fp16.late int3-int3-chunk8:bf16:fp32-x4
        int3-e4m3fn-fx40.sat-x4 e3m1fn-e5m1-fp16.ftz e2m4-e2m4-tc4f14:fp16.late e5m3-e5m3-tc4f12:fp32.rtz mx4-mx4-fx36f12.rne-x2
        msfp14-msfp14-bf16 nf4@fp16-nf4@fp16-e6m9-p1 e5m2fnuz-e5m2fnuz-fx40.sat-x4 int4+int8-int4+int8-fp16.ftz
        uint4-uint4-chunk16:fx24:fp32 sm8-sm8-posit8 bf16-bf16-fp16-p1 e2m5-uint4-fx36f12.rne posit8es1-e3m1fn-fx24-p1
        e4m3fn-e4m3fn-chunk16:fx24:fp32 mxfp6e2m3-mxfp6e2m3-fx48f20 msfp12-msfp12-bf16 nf4@fp16-nf4@fp16-fp16.ftz
        e5m2fnuz-e5m2fnuz-fp16.ftz e5m3-sm8-fp32 int8-int6-e8m13 uint4-uint4-fp16 e2m1fn-e2m1fn-fx36f12.rne-p1 posit8es1-posit8es1-e6m9
        mx6-mx6-e8m13-x2 posit8-posit8-fx40.sat posit8es1-hfp8-fx24-p1 uint4-uint4-e6m9-x2 int3-e4m3-e5m14-x4 mx6-mx6-fx48f20
        uint6-af4@bf16-posit8 mx9-mx9-fx36f12.rne int3-e4m3fn-fp16.ftz-p1 nvfp4-nvfp4-fp16 mx9-e3m3-e8m13 int6-int6-fx24-p1
        int3-int3-e6m9-x8 int2-bf16-bf16.unfused e2m1fn-e2m1fn-fx48f20-x16 e4m3-fp16-e8m13-p1 e4m4-e4m4-tc4f12:fp32.rtz
        posit8es1-sm6-posit8 e5m2fnuz-e5m2fnuz-fx40.sat uint6-uint6-fx40.sat uint6-uint6-fp32.sr8 e4m3-e2m5-posit8 e4m4-e4m4-bf16.unfused
        posit7es1-posit7es1-fp32-p1 nf4@fp16-nf4@fp16-fx48f20 sm6-sm6-fp24 e2m1fn-int6-fp16.sr8-p1 uint4-uint4-bf16.unfused
        nf4@fp16-nf4@fp16-fx40.sat e2m5-e4m2-fx40.sat e3m1fn-int5-chunk8:bf16:fp32 sm6-e5m2fnuz-fx32 int3-int3-bf16.unfused
        msfp12-e3m3-fx32f8 uint4-posit8es1-fp16-p1 e4m2-e4m2-fx-x4 e4m4-e4m4-fp32 mx4-int2-fx36f12.rne-x4 mx4-mx4-bf16.unfused-x4
        int2-int2-fp32-x8 int4+int8-int4+int8-fp16.sr8 int8-int8-fp16.ftz-x2-p1 sm6-sm6-posit8 e4m3-e4m3-fp32-p1 int2-int2-fp16
        nvfp4-nvfp4-bf16 e2m4-e2m4-bf16-x4 mx4-uint4-fx36f12.rne-x16 int3-int3-chunk32:fp16:fp32-p1 int5-int5-fp16.sr8-x4-p1
        e3m1fn-e3m1fn-chunk16:fx24:fp32-p1 sm6-sm6-chunk8:bf16:fp32 e5m2-e5m2-fp16.sr8-p1 int10-int10-fp32.rtz-x2
        e5m2fnuz-e5m2fnuz-chunk8:bf16:fp32 int8-int8-fx32f8-p1 int4+int8-int4+int8-fp32-p1 posit6es1-int2-chunk32:fp16:fp32
        lns6g4-lns6g4-fp16.ftz mxfp6e2m3-mxfp6e2m3-fp16.ftz e5m1-e5m1-fx40.sat e2m3fn-e2m3fn-fp32.sr8-x4 lns8-lns8-fx24-x8
        sm6-e4m4-fx32f8-p1 int4+int8-int4+int8-e8m13 e4m4-e2m1fn-fx32 fp16-hfp8-fx48f20 int4-uint6-fx24-p1 mxint8-mxint8-e5m14-p1
        bf16-bf16-e8m13-p1 msfp12-msfp12-fp16.ftz int8-int8-fx40.sat nvfp4-nvfp4-fp16.sr8-x2 e5m2-e5m2-e6m9-p1 e2m5-e2m5-e5m14-p1
        int3-int3-chunk8:bf16:fp32-x4-p1 e4m3fn+e5m2-e4m3-fp32 uint8-e3m3-fp32.sr8 e5m2fnuz-e2m5-fx36f12.rne sm6-sm6-fx-p1
        e4m2-uint8-fx24-p1""",
    ("sg13g2", "balanced"): """
        mx6-int6-fp32.rtz mx4-mx4-fp16.sr8-p1 e3m1fn-posit7es1-bf16-p1 int4+int8-int4+int8-e8m13-x2 e2m5-e2m5-tc4f14:fp16.late
        mxfp4-uint8-fp32.sr8 e5m3-e5m3-fx36f12.rne fp16-fp16-fx36f12.rne int10-int10-fp16-x2 e4m2-e4m2-fx40.sat
        posit7es1-posit7es1-bf16.unfused mx6-sm6-bf16 e4m3fn-e2m4-chunk32:fp16:fp32 int5-int5-bf16-x4 e3m2fn-e3m2fn-bf16.unfused-x4
        int6-uint4-bf16.unfused-x2 e2m5-e5m2-posit8 int5-e3m3-e5m14-x2-p1 msfp12-e3m3-fp32.rtz-p1 int4+int8-int4+int8-fp16.ftz-p1
        posit8es1-posit8es1-fx32f8-p1 e4m3-e4m3-chunk32:fp16:fp32 e4m2-e6m3-fp16-p1 lns6g4-lns6g4-bf16 e4m3fn-e4m3fn-e6m9
        sm6-e4m3fn-fx48f20-x2 e3m1fn-e3m1fn-fx32-x2 mxfp6e3m2-mxfp6e3m2-fx32f8 int6-int6-fx48f20-x8 lns6g4-lns6g4-fp16.ftz-x2
        e5m3-e4m3fn-tc4f12:fp32.rtz-p1 e3m2fn-e3m2fn-chunk32:fp16:fp32-p1 e5m3-e5m3-fx32f8 e4m3fn-e4m3fn-fx40.sat
        e3m1fn-e3m1fn-fp16.ftz-x2-p1 nf4@fp16-e5m2fnuz-fp16 uint8-uint8-fx32-x4 e4m2-e4m2-e5m14 uint8-uint8-e6m9-p1 int4+int8-e3m3-e6m9
        lns6g4-lns6g4-fp16.sr8 posit6es1-posit6es1-fx32-x4 e4m2-e4m2-fx36f12.rne e2m5-e2m5-fp32.rtz e3m4-e4m4-fx36f12.rne e4m3-e4m3-fx24
        posit6es1-posit6es1-fx32 mx4-mx4-fp32.rtz-p1 e4m4-e4m4-chunk32:fp16:fp32 e3m2fn-e3m2fn-fp24 e2m3fn-e4m2-fx sm6-sm6-fp32.rtz
        int10-int10-fp32.rtz mxfp4-mxfp4-e5m14-x4-p1 e5m1-e5m1-fx32 posit6es1-posit6es1-fx40.sat lns6g4-lns6g4-fx32f8
        e4m4-e2m1fn-fx36f12.rne e6m3-e6m3-chunk8:bf16:fp32-p1 e4m3-mxfp4-fp16 e5m1-e5m1-e6m9 e3m4-e3m4-fx32f8 sm8-mx6-e6m9
        lns6g4-lns6g4-fp32.rtz-x4 e3m2fn-e4m3-fx36f12.rne-x2 e3m2fn-e5m2fnuz-fx48f20 posit8es1-e5m1-chunk8:bf16:fp32 posit8-posit8-fp32-p1
        uint4-uint4-fx24 uint6-uint6-fp24-x2 posit8es1-int10-fp32 msfp12-msfp12-bf16.unfused af4@bf16-af4@bf16-e5m14
        hfp8-e2m3fn-fx32-x2-p1 nf4@fp16-nf4@fp16-fp16.sr8 mx4-mx4-fx48f20 mx4-mx4-bf16 e6m3-e6m3-fx32f8-x2 sm8-sm8-fx24
        e5m1-nf4@fp16-fx32-x2 int4-int4-e6m9 uint6-nf4@fp16-fx24 uint8-uint8-fx-x4 sm6-sm6-fp16.sr8-x8 e2m5-e3m2fn-fp32.sr8
        posit8es1-posit8es1-fx24-x4-p1 e2m1fn-e2m1fn-fp32.rtz-x8 int3-int3-fp16.ftz-x8-p1 e3m1fn-e3m1fn-fp32.sr8 e4m4-int4-fp32.sr8-p1
        e5m2-int4+int8-fx32 e2m4-e2m4-fp16.ftz e6m3-e6m3-fx36f12.rne e2m3fn-e2m3fn-e6m9-x4-p1 e3m1fn-posit8es1-fp32.rtz-p1
        msfp12-e4m2-fx48f20-p1 sm8-e3m2fn-fp24 posit7es1-posit7es1-fx32 lns8-lns8-fp32.rtz-p1 int4+int8-int4+int8-bf16.unfused
        e4m3fn-int4+int8-fp16.ftz-p1 e4m4-e4m4-e6m9 sm8-posit8es1-fp32.sr8-p1 e5m1-e5m1-e5m14 uint8-nf4@fp16-fp16.sr8 e3m4-e3m4-fx24
        sm8-sm8-posit8 e5m3-e5m3-fp32.sr8 sm6-sm6-fp32.sr8-p1 uint8-uint8-fx32-p1 mxint8-mxint8-fp16.sr8 posit6es1-sm6-fp32.rtz
        lns8-lns8-e6m9 int4-int4-fx48f20 e5m1-e5m1-fp16.sr8 int4-int4-fp16-x8 posit8-posit8-fp32.rtz e2m1fn-e2m1fn-chunk32:fp16:fp32
        sm6-sm6-fx36f12.rne-x4 e3m1fn-e3m1fn-posit8 e5m3-e5m3-tc4f14:fp16.late mxfp6e3m2-mxfp6e3m2-fx48f20 lns6g4-lns6g4-bf16-p1
        uint4-uint4-e8m13-x8 int4-int4-fx-x16 e6m3-e4m3-fx24-x2-p1 uint4-uint4-fx24-x4 int2-e2m4-fp16.ftz e3m3-e3m3-e5m14-p1
        e2m4-e2m4-tc4f14:fp16.late mxfp4-mxfp4-fx32f8-p1 int5-int5-fx32f8-x8 int10-int10-fp16 uint6-uint6-chunk32:fp16:fp32""",
    ("sg13g2", "delay"): """
        e2m4-e2m1fn-chunk8:bf16:fp32 posit8-posit8-bf16.unfused uint4-uint4-bf16.unfused-x2-p1 int10-e4m3fn+e5m2-fp16.sr8
        mxint8-e2m3fn-fx32f8 mx4-mx4-fp32-x8 nf4@fp16-e6m3-e8m13 uint6-uint6-fx-x2-p1 e4m4-posit8es1-fp32 int4-int4-fp32.rtz-p1
        e3m4-e3m4-bf16-x2 hfp8-int3-chunk8:bf16:fp32-p1 int8-int8-fx36f12.rne-x2 sm6-sm6-fx32f8 e4m2-e4m2-chunk32:fp16:fp32
        int5-int5-fx36f12.rne-x4 int8-int8-e6m9 e4m3-e4m3-tc4f14:fp16.late uint8-uint8-fp32.sr8-x2-p1 uint6-posit7es1-fx
        posit8es1-posit8es1-bf16 posit8-int4+int8-fp16 mxfp4-mxfp4-e5m14 msfp12-msfp12-e8m13-x8 hfp8-hfp8-chunk32:fp16:fp32
        sm8-sm8-fp32.rtz int10-posit8-fx int6-int6-fp16 e2m3fn-e2m3fn-fx40.sat int6-int3-fx sm6-sm6-fp16.ftz-x8 int10-int10-fx24
        e4m4-uint4-e6m9 mxfp6e3m2-e2m1fn-fx48f20-x2 int6-int6-posit8-x2 e3m3-e3m3-fx32-x2 int3-int3-e8m13 e3m4-e3m4-chunk32:fp16:fp32
        e2m5-e2m5-e6m9 uint8-uint8-fp16.ftz e5m2fnuz-sm8-fx32f8-p1 lns8-lns8-bf16.unfused int5-int5-fp32.sr8 e3m2fn-mxfp6e3m2-fp32.rtz
        hfp8-hfp8-chunk8:bf16:fp32 af4@bf16-af4@bf16-posit8 uint4-uint8-fx32f8-x8 e4m4-e4m4-fx48f20 e5m1-e5m1-fx48f20 e3m1fn-e3m1fn-fx32f8
        int3-int3-fx24-x4 e2m1fn-e4m4-fx36f12.rne-x2 e5m2fnuz-e5m2fnuz-fp16.sr8 mx9-mx6-bf16 int6-int2-fx40.sat mx4-mx4-fp32.sr8
        int5-int5-e5m14 mx4-int5-fp16.ftz mx4-mx4-e5m14-x4 int4-mxfp6e3m2-fp16.sr8 uint6-af4@bf16-fx48f20 e4m3fnuz-fp16-e8m13
        e2m3fn-e2m3fn-fx36f12.rne-p1 int4+int8-e2m3fn-fp32.rtz-x2 e4m3-e4m3-fx40.sat-x2-p1 e3m2fn-e3m2fn-e5m14 e4m3fnuz-e4m3fnuz-e8m13
        af4@bf16-af4@bf16-chunk8:bf16:fp32 mxint8-mxint8-e8m13-p1 sm8-int4-fx48f20-x4 e5m3-int8-fp32.rtz e4m3-e3m1fn-fx24-p1
        uint6-e4m3-bf16-x2 int6-int6-fp24 int4+int8-mxfp6e2m3-fp32.rtz-p1 e6m3-e6m3-fx32f8-x2 lns6g4-lns6g4-fx36f12.rne-x4
        int10-int10-fx48f20 e2m5-e2m5-bf16-x4 e2m4-e3m3-tc4f14:fp16.late e5m2fnuz-e5m2fnuz-fx int3-mxfp6e3m2-fp32.rtz hfp8-hfp8-fx24-x8
        posit8es1-posit8es1-fp32.sr8-p1 e2m4-e2m4-chunk8:bf16:fp32 e2m1fn-e2m1fn-chunk16:fx24:fp32 e5m2-e5m2-e5m14-p1
        e4m3fnuz-e4m3fnuz-chunk8:bf16:fp32 e4m3fn+e5m2-e4m3fn+e5m2-fx24-p1 uint6-uint6-fp16.ftz-x2 nf4@fp16-nf4@fp16-fx-p1
        e2m5-e2m5-bf16-p1 e5m3-e5m3-fx36f12.rne e4m3fnuz-e5m3-fp16 e2m1fn-e2m1fn-posit8 mxfp4-e2m5-bf16.unfused-p1
        e5m1-e5m1-bf16.unfused-p1 hfp8-int4-fp16.sr8 e4m3fnuz-e4m3fnuz-fp16.ftz-p1 posit7es1-int8-fx32-x4 mx6-msfp12-fp16.ftz-x4-p1
        mx9-int4+int8-e5m14-p1 posit8es1-int6-fp32 uint6-uint6-fp16-x4 e3m1fn-e3m1fn-tc4f14:fp16.late e2m5-e2m5-tc4f14:fp16.late
        int8-int8-fp32.sr8 int3-int3-chunk32:fp16:fp32 lns6g4-lns6g4-fx32f8-x4-p1 e5m2fnuz-e5m2fnuz-e8m13 int4+int8-int4+int8-fx
        e3m4-e3m3-tc4f12:fp32.rtz-p1 int10-int10-fx36f12.rne posit8-e4m3fn+e5m2-fp16 e4m3fn+e5m2-sm6-fx32-p1 e4m2-e4m2-bf16.unfused-p1
        af4@bf16-af4@bf16-fx36f12.rne-p1 e2m5-e2m5-bf16.unfused e6m3-e6m3-fp16.ftz e2m3fn-e2m3fn-e8m13-x4 int5-int3-fp16.ftz
        e5m2fnuz-int4-e8m13 e4m3-e4m3-fx48f20-p1 e3m1fn-e3m1fn-e6m9-p1 int4+int8-e3m1fn-fx24-x8 e2m3fn-e2m3fn-tc4f14:fp16.late
        posit6es1-uint8-fx32f8-x2 posit8es1-e5m1-fx-x2-p1""",
    ("sky130hd", "area"): """
        posit6es1-posit6es1-bf16.unfused-p1 e2m1fn-e3m4-tc4f14:fp16.late posit7es1-e3m2fn-fx32f8-x4 e2m4-int3-posit8-x2
        mxint8-mxint8-fx36f12.rne-x2 e3m3-e3m3-bf16.unfused-x2 uint4-uint4-fp24-x8 mx6-mx6-bf16 uint4-uint4-fx48f20 e4m3fnuz-e4m3fnuz-e6m9
        e5m2fnuz-uint6-fx32f8 e4m3fn-posit7es1-fx36f12.rne int4-int4-fp16-x2 posit8-nf4@fp16-fp32.sr8-p1 e4m4-e4m4-fx32
        int4+int8-int2-fx32 hfp8-hfp8-e5m14 e3m2fn-posit8es1-fp32.rtz e4m3fnuz-e4m3fnuz-fx32 e2m4-e2m4-fx40.sat-x4 e3m4-int6-e5m14
        int6-int6-e8m13-x2-p1 e2m4-e2m4-fx32-x4 int4-int4-bf16.unfused hfp8-hfp8-fp16 elma8-elma8-fp32.sr8 sm8-sm8-fx32f8
        int4+int8-int4+int8-fp16.sr8-p1 int2-int2-chunk32:fp16:fp32-x4-p1 mxfp4-mxfp4-bf16-x2 uint6-uint6-fp24-p1 mxfp4-mxfp4-fp32.sr8
        e3m2fn-int4-fx sm8-sm8-fx-p1 e3m3-e5m3-bf16 mx6-mx6-fp16.ftz-x4 mxfp6e2m3-e4m3fn-fx32f8 e5m1-e5m1-tc4f14:fp16.late
        int2-int2-fx40.sat-x16 int4-uint8-fp32.sr8-x2 e4m4-e4m4-fx40.sat af4@bf16-mx4-fp16.sr8 e5m3-e5m3-tc4f14:fp16.late
        e4m3fn-e4m3fn-tc4f14:fp16.late mx4-sm6-fx48f20-x2 fp16-posit8-fx e6m3-e6m3-fx24 e2m4-e2m4-chunk8:bf16:fp32 e2m5-e2m5-fx40.sat-x2
        int3-int3-e5m14 int10-uint6-bf16.unfused-x4 e5m2-e2m1fn-chunk8:bf16:fp32-p1 int8-e2m5-fx32f8-x2 nvfp4-e2m4-fp16
        mxfp6e2m3-mxfp6e2m3-fx48f20 e3m2fn-e3m2fn-chunk16:fx24:fp32 e3m1fn-e3m3-fx36f12.rne-x4-p1 int6-int6-fx-x4 af4@bf16-posit8es1-fp16
        uint6-uint6-e5m14 int8-int8-fp16.sr8-p1 mx4-mx4-fx36f12.rne-x16 int8-mx4-bf16.unfused hfp8-hfp8-bf16.unfused-p1
        e5m2fnuz-e2m5-fp16.ftz e3m1fn-e3m1fn-posit8 int5-int5-chunk32:fp16:fp32-p1 e2m5-posit6es1-fx e2m4-e2m4-posit8-p1
        posit8es1-e2m5-fx32 elma8-elma8-fx48f20 mxfp4-int4-fp32.rtz int10-int10-fp24-p1 e4m2-e4m2-fp32.sr8-p1 e2m4-e2m4-fp32.sr8
        e4m2-e4m2-fx48f20-x2-p1 e4m3fn-e5m1-chunk32:fp16:fp32 e2m1fn-e2m1fn-fp16.sr8 e4m3fn+e5m2-e4m3fn+e5m2-e5m14 elma8-elma8-fx40.sat
        e2m5-e2m5-posit8 mx6-mx6-fp32.rtz hfp8-hfp8-fp32.rtz e6m3-e6m3-e5m14 lns8-lns8-fp16.sr8 e2m1fn-e2m1fn-fx24 nf4@fp16-nf4@fp16-e6m9
        af4@bf16-e3m1fn-fp16.sr8-x2 int6-int6-fp32-x2 e3m1fn-e3m1fn-fx40.sat-p1 e4m3-e4m3fnuz-fx24 e4m3fn-e4m3fn-chunk32:fp16:fp32
        e6m3-int5-e5m14 sm8-sm8-chunk8:bf16:fp32 e4m4-e4m4-fx e3m4-e3m4-posit8-p1 e4m3-e4m3fnuz-tc4f12:fp32.rtz e4m3fn-e3m4-e8m13-p1
        uint4-uint4-fx24 int10-int10-fx40.sat e5m2-e5m2-e5m14-p1 sm6-e3m3-posit8 e4m3-e4m3-fx24 int5-int5-fx24-p1 posit8-posit8-e6m9
        af4@bf16-af4@bf16-fp16.sr8-p1 e2m3fn-e2m3fn-fx-x4-p1 int10-int10-fp16.sr8 sm8-sm8-fp24 sm8-sm8-fx48f20-p1 uint6-mxfp6e2m3-bf16
        hfp8-int4-fx48f20 posit6es1-posit6es1-chunk32:fp16:fp32-p1 af4@bf16-af4@bf16-fp24 uint4-posit8es1-posit8-p1
        e2m1fn-e2m1fn-tc4f14:fp16.late af4@bf16-e4m3fnuz-fp16.sr8-p1 posit8es1-e2m1fn-fp32.rtz-p1 e4m3-uint4-chunk8:bf16:fp32
        e2m1fn-e2m1fn-fx-x16 e6m3-e6m3-fx40.sat-x2 posit8-posit6es1-fp32 e4m3fnuz-int8-fp32.rtz e4m2-e4m2-fp32.sr8 int3-nvfp4-fp16.ftz
        e3m3-e3m3-fx36f12.rne posit6es1-posit6es1-fx32 posit7es1-posit7es1-bf16 e2m5-e2m5-fp16.ftz e2m3fn-e2m3fn-fp32-x4
        posit6es1-e4m3-fx48f20-x4 e3m3-e3m4-fp32.rtz""",
    ("sky130hd", "delay"): """
        e2m4-posit8-fx32-x2-p1 posit8es1-posit8es1-e8m13 lns8-lns8-fx32f8-x2 e3m2fn-e3m2fn-e5m14 int4-int4-fp32.sr8-x4 posit8-e6m3-bf16-p1
        uint4-uint4-fx36f12.rne e4m3fn+e5m2-e2m5-fp16.ftz int4-int4-fx-x8 mx6-mx6-e6m9-p1 nvfp4-nvfp4-fx48f20-x4
        e3m2fn-e3m2fn-tc4f12:fp32.rtz int4-int4-fx-x16 int6-int6-posit8-x4 e4m3-e4m3-fx40.sat int3-int3-fp16-p1 e2m5-sm6-fp16.ftz-x2
        e2m5-e2m5-fp32.sr8 af4@bf16-af4@bf16-fp16.ftz e3m4-int6-e8m13 mx6-mx6-fp16.sr8-p1 e4m3-uint6-fx32-p1 e4m4-e4m4-fx32f8
        sm6-mx4-fx48f20 e4m2-e4m2-fx24 hfp8-e3m2fn-fp16-x2 mx4-e3m2fn-bf16 uint6-sm8-e6m9 af4@bf16-af4@bf16-e5m14 nvfp4-nvfp4-e8m13
        e5m2-e5m2-fx40.sat int10-int10-fp24 e2m3fn-msfp14-e8m13-x2 e5m3-e5m3-fx48f20 int5-int5-fx-p1 e6m3-sm6-fx32-x4 lns6g4-lns6g4-fx32f8
        hfp8-hfp8-fp32.sr8 hfp8-e5m3-fx24-p1 int5-int5-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fx32f8-x2 fp16-e5m1-fx e2m1fn-e2m1fn-fp16-x4-p1
        e4m3-e4m3-chunk32:fp16:fp32 e4m4-e2m1fn-e8m13 fp16-uint8-e8m13 e4m3fn-e2m4-fx24 e4m3-af4@bf16-fp32.rtz e5m2fnuz-int10-fx24
        af4@bf16-af4@bf16-fp32.sr8-p1 af4@bf16-af4@bf16-fp32 posit6es1-posit6es1-chunk16:fx24:fp32 msfp12-msfp12-bf16.unfused-p1
        int6-int6-fp16.sr8-p1 e2m3fn-int5-fx36f12.rne-x2 int4+int8-e3m3-fx48f20-x4 int4-mx9-e5m14 lns6g4-lns6g4-fp32.sr8-x2
        e4m3fnuz-e4m3fnuz-posit8-p1 uint4-mx6-fx36f12.rne e5m2fnuz-e2m1fn-fp16 int6-int6-bf16.unfused-p1 int5-int5-fx40.sat
        posit8-posit8-bf16 int10-int2-fp32.sr8-x4 e5m2-e5m2-bf16 mxint8-mxint8-bf16-x2 posit7es1-posit7es1-e5m14 int5-e4m3fn+e5m2-fx
        nvfp4-nvfp4-fx48f20-p1 lns8-lns8-fp16.sr8 sm6-sm6-fp24 e2m3fn-e2m3fn-fx32f8-p1 e5m2-e2m3fn-fp32.sr8 e4m4-e4m4-fx24 e2m4-e2m4-fx24
        e5m2fnuz-e5m2fnuz-chunk8:bf16:fp32 int4+int8-e2m5-fx40.sat-p1 e3m2fn-e2m1fn-fx32f8 e4m3fn-e4m3fn-tc4f12:fp32.rtz e6m3-e6m3-fp16
        int3-int3-fx40.sat-p1 int4-int4-fx36f12.rne-x8 e4m2-e4m2-fp16.ftz e2m5-nf4@fp16-fp32.sr8 bf16-e3m4-fx36f12.rne elma8-elma8-fp32-p1
        uint6-fp16-fp32 e4m3fn-e4m3fn-fx32f8-p1 msfp12-msfp12-fp16.sr8-x8 uint4-uint4-posit8-x8 uint8-uint8-chunk32:fp16:fp32-p1
        mxfp6e2m3-mxfp6e2m3-e5m14-x2 posit8-posit8-fx24 uint8-e3m2fn-e6m9-x2 int3-int3-fx24-x16-p1 int3-int3-fx36f12.rne-x4
        e3m2fn-int2-fx32f8 uint6-e5m2fnuz-bf16.unfused int4+int8-int4+int8-fx36f12.rne uint6-uint6-fx48f20
        posit6es1-posit6es1-chunk8:bf16:fp32 hfp8-hfp8-fx48f20-x4 e4m3-posit6es1-fx36f12.rne int6-posit7es1-e8m13 int3-int3-fp24
        int2-int2-fx36f12.rne-x16 e4m3fn+e5m2-e4m3fn+e5m2-fx36f12.rne-x2 e4m3fnuz-e4m3fnuz-fp32 e2m3fn-int5-fp24 mx4-mx4-bf16.unfused
        int8-int8-e6m9 e5m2-e5m2-fx32-p1 msfp12-msfp12-fp32.rtz-p1 af4@bf16-int8-e8m13 e2m5-int6-e5m14 posit7es1-posit7es1-fx48f20
        int4-int4-bf16.unfused e2m3fn-e2m3fn-fp16.sr8 e4m2-e4m2-bf16 e2m1fn-e2m1fn-fx-x16 sm6-sm6-bf16-p1 int2-msfp14-bf16.unfused
        e2m1fn-sm6-fx-p1 mxfp6e3m2-int5-e5m14 e4m3fnuz-int5-fp32.sr8-p1 msfp12-int3-fp16.sr8-x4 e2m5-e2m5-fp32.rtz
        e2m4-e2m4-tc4f12:fp32.rtz-p1 int2-e5m2fnuz-fx40.sat-x2 int4-int4-posit8 e2m5-int3-fx40.sat-x2 posit6es1-sm6-posit8
        elma8-elma8-fx40.sat-p1""",
}
"""Units of a card and an objective that were drawn last, of any two formats and any accumulator, up to 22,000 um2 on sky130hd."""


LARGE = """
    int16-int16-fx48 int8-int8-fp32 int8-int8-fp16 uint8-int8-fp32 int4-e4m3fn-fp32 int4-fp16-fp16 e5m2-int8-fp16 e2m1fn-fp16-fp32
    e5m2-e5m2-fx e5m2-e5m2-fx48f20 e5m2-e4m3fn-fx e4m3fn-e4m3fn-fp32 e4m3-e4m3-fp32 e5m2-e5m2-fp32 e5m2-e4m3fn-fp32 e2m5-e2m5-fp32
    e3m2fn-e3m2fn-fp32 e2m1fn-e2m1fn-fp32 e4m3fn-e4m3fn-fp32.rtz e4m3fn-e4m3fn-fp32-p1 e4m3fn-e4m3fn-fp16-p2 e4m3fn-e4m3fn-fp16.unfused
    e4m3fn-e4m3fn-e8m13 bf16-bf16-bf16 e6m9-e6m9-e6m9 posit8-posit8-fp32 posit8es1-posit8es1-fp16 lns8-lns8-fp32 lns10g16-lns10g16-fp32
    e4m3fn+e5m2-e4m3fn+e5m2-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fp16 e2m1fn+e4m3fn-e4m3fn-fp32 cfloat8e4m3-cfloat8e4m3-fp32 int8-int8-fx32-x4
    e5m2-e5m2-fx48f20-x2 int7-int10-e7m8 uint7-uint11-fp16 int11-int7-bf16.ftz int11-e3m3fn-bf16 e5m1fnuz-e2m2fnuz-fp32-p2
    e4m4fn-e4m3-fp16.ftz-p2 e3m4fnuz-e5m4fnuz-e5m15.rtz posit7es1-posit7es1-fp32 posit9es0-posit9es0-posit5es0 posit9-posit9-posit7es0
    posit10-posit10-fp32 elma8-elma8-fp32 af4@bf16-e4m2fn-fp32 nf4@fp16-e5m1-fp32.rtz af4@e5m1fnuz-e5m4-fp32.ftz
    e2m2+e3m4fn-e3m4fn-fp32.ftz e3m1fn+e5m2fn-e2m4-fp32 int7-int7-fx-x8 posit8-posit8-posit8 msfp12-msfp12-fp32-x4 nvfp4-nvfp4-fp32-x2
    fp16-fp16-tc4f10:fp32.rtz e2m3fn-e2m3fn-fp32
"""
"""Units that are mapped to the default card alone, for they take a while."""

LARGER = """
    int8-fp16-fp32 bf16-int8-fp32.rtz e4m3fn-bf16-fp32 fp16-fp16-fp16 fp16-fp16-fp32 bf16-bf16-fp32 tf32-tf32-fp32 fp16-bf16-fp32
    fp16-fp16-fp32-p1 fp16-fp16-fp16.unfused bf16-bf16-fp32.ftz e5m2-e5m2-chunk64:e6m9:fp32 e4m3fn-e4m3fn-chunk16:fp16:fp32
    int8-int8-chunk64:fx24:fp32 e4m3fn-e4m3fn-chunk8:fx28f6:fp32 posit16es1-posit16es1-posit16es1 nf4@fp16-fp16-fp32 af4@bf16-bf16-fp32
    int8-int8-fx32-x16 e4m3fn-e4m3fn-fx-x4 posit6es1-posit6es1-quire-x2 int8-int8-fp32-x8 e2m1fn-e2m1fn-fp32-x16 e3m4-e3m4-fp32-x2-p2
    int8-int8-chunk16:fx24:fp32-x2 e4m3fn-e4m3fn-tc8f13:e8m13.rtz bf16-bf16-tc2f24:fp32.rtz-p1 mxint8-mxint8-fx32f8-x4
    mxfp6e2m3-mxfp6e2m3-fp16-x2-p1 mxfp4-mxfp4-fp32-x8 nvfp4-nvfp4-fp32-x8 mx4-mx4-fp32-x16
    e4m3fn:4:e8m0fnu-e4m3fn:4:e8m0fnu-tc4f13:fp32.rtz fp16-fp16-fp16.sr8 e5m2-e5m2-fp32.sr16 e6m10-e6m10-fp32 e7m9-e7m9-fp32
    e6m10-e6m10-e6m10 e3m4-e3m4-chunk32:e6m9:fp32 e5m2-e5m2-chunk64:fp16:fp32 e5m1fnuz-e5m1fnuz-chunk16:fx32f8:fp32 int12-int12-fx-x6
    int11-int11-fx-x5 int9-int9-e7m9-x8 e2m2fnuz-e2m2fnuz-fp32-x8 msfp14-msfp14-bf16-x4 e4m4-e4m4-fp32.sr8 fp16-fp16-fp32.sr10
    fp16-fp16-fp16.sr7 int16-int16-fx40.sat int2-bf16-fp32 e4m3fn-e4m3fn-chunk64:fx32f12:fp32 bf16-bf16-chunk64:bf16:fp32
    e2m1fn-e2m1fn-fx32-x16 e5m2-e5m2-fp16-x2 e4m3fn-e4m3fn-fp32-x2 int4-e4m3fn-fp32-x4 e4m3fn-e5m2-tc4f13:fp32.rtz.late mx9-mx9-fp32-x2
    mxfp4-mxfp4-fp32-x16 mxfp8e5m2-mxfp8e5m2-fp32-x2
"""
"""Units that are mapped to the default card for the default objective alone, for they take half a minute each."""


def calibration_units(card: str, objective: str) -> dict[str, str]:
    """Return the units that are mapped to a card for an objective, canonical name -> family."""
    left_out = set[str]()
    if (card, objective) != ("sky130hd", "balanced"):
        left_out |= set(LARGER.split())
    if card != "sky130hd":
        left_out |= set(LARGE.split())
    named = [(name, family) for names in (CHOSEN, DRAWN) for family in names for name in names[family].split()]
    named += [(name, ANY_FAMILY) for name in ANY.get((card, objective), "").split()]
    return {str(MacSpec.parse(name)): family for name, family in named if name not in left_out}
