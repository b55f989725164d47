"""Units of block formats: the NumPy form equals the scalar form after every step."""

import pytest
from unit_cases import assert_forms_agree

from hwmodel.spec import BLOCK_CATALOG, MacSpec, parse_block

CATALOG_UNITS = [f"{name}-{name}-{acc}" for name, acc in zip(BLOCK_CATALOG, ["fp32-x4", "fp16", "fx64f40-x8", "fp32-x2"] * 9, strict=False)]
"""Every format of the catalog, accumulators in turn; sub-blocks of 2 go with all these lanes."""

UNITS = """
mxfp8e4m3-mxfp8e4m3-fp32-x8 mxfp8e4m3-mxfp8e4m3-fp32-x32 mxfp8e5m2-mxfp8e5m2-fp32-x8 mxfp8e5m2-mxfp8e5m2-fp16.rtz-x16
mxfp8e5m2-mxfp8e5m2-fx80f30.sat-x16 mxfp8e5m2-mxfp8e5m2-fx40f0.rne-x32 mxfp8e5m2-mxfp8e4m3-fp32.unfused-x16 mxint8-mxint8-fx40f20-x16
mxint8-mxfp4-fp16.ftz-x16 mx9-mx9-fp32-x4 mx9-mx6-fp32-x16 mx4-msfp12-bf16-x1 mx6-mx6-fx50f20.rne-x1 nvfp4-nvfp4-fp32-x16
nvfp4-nvfp4-fp16-x4
vsq4-vsq4-fx48f0-x2 vsq4-vsq8-fp32-x16 vsq8-vsq8-fx20f0.sat-x8 flex16-flex16-fp32-x4 flex16-flex16-fx60f10 mxfp4-bf16-fp32-x32
mxfp4-bf16-fp32-x16 e4m3fn-mxfp8e5m2-fp16-x16 int8-nvfp4-fx60f20-x4 fp16-mx9-fp32-x8 mxfp8e4m3-mxfp8e4m3-fp16.sr8-x16
mxfp4-e4m3fn+e5m2-fp32-x16 mxfp4-posit8-fp32-x16 nf4@fp16:16:e8m0fnu-fp16-fp32-x8 posit8:16:e8m0fnu-int8-fp32-x8
e5m2:16:e4m3u:amax-e5m2:16:e4m3u:amax-fp32-x8 e5m2:16:uint6:amax-e5m2:16:uint6:amax-fx60f10-x16 int8:all:pow2e5b31-int8-fp32-x8
e5m2:all:e8m0fnu-e4m3fn-fp32-x8 e4m3fn:8/4s3:e8m0fnu-e4m3fn:8:e8m0fnu-fp32-x2 int4:8/4s4:e8m0fnu-int4:8/2:e8m0fnu-fp32-x4
e5m2:16:e4m3u:amax-e5m2:16:e4m3u:amax-fp32.unfused-x8
mxfp8e4m3-mxfp8e4m3-tc32f25:fp32.rtz mxfp8e5m2-mxfp4-tc32f13:fp16 mxfp8e4m3-e5m2-tc32f13:bf16.rtz.late mxfp8e5m2-e4m3fn-h100:fp16.mma
e2m1fnq3:4:e8m0fnu-e5m2-tc4f20:fp32
""".split()  # noqa: SIM905 (short names)


@pytest.mark.parametrize("name", [*CATALOG_UNITS, *UNITS])
def test_forms_agree(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), n=10, steps=10, seed=0)


@pytest.mark.parametrize("name", ["mxfp8e5m2-mxfp8e5m2-fp32-x16", "e5m2:4:e4m3u:amax-e5m2:4:e4m3u:amax-fp16-x2", "nvfp4-nvfp4-fx60f30-x8"])
def test_specials_meet(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), n=60, steps=10, seed=1, share=0.3)


def test_every_format_of_the_catalog_is_here() -> None:
    assert {str(MacSpec.parse(name).a) for name in CATALOG_UNITS} == {str(parse_block(name)) for name in BLOCK_CATALOG}
