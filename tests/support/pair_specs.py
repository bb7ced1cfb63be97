"""Pair specs of made-up pairs."""

from dataclasses import replace

from onconcord.inputs import config
from onconcord.inputs.pair_spec import (
    AssaySpec,
    LaneSpec,
    PairSpec,
    Parameters,
    ReferenceSpec,
    ResourceSpec,
    SampleSpec,
)


def sample_spec(sample="TUM", role="tumour", sex=None):
    lane = LaneSpec("L1", f"/{sample}_1.fq.gz", f"/{sample}_2.fq.gz", None, False, sample)
    return SampleSpec(sample, role, None, None, sex, None, None, {}, (lane,))


def pair_spec(tumour="TUM", normal="NOR", sex=None, decision=None):
    """A pair with the default configuration; `normal` None is a tumour alone."""
    values = config.defaults()
    parameters = Parameters(
        callers=("freebayes", "mutect2"),
        qc={"callable_vaf": 0.5},
        model="0d" * 32,
        population_fields=(),
        **{name: values[name] for name in ("reads", "alignment", "calling", "decision")},
    )
    return PairSpec(
        centre="CENTRE",
        pair=tumour,
        patient="PAT",
        stated={},
        tumour=sample_spec(tumour, "tumour", sex),
        normal=sample_spec(normal, "normal", sex) if normal else None,
        assay=AssaySpec("exome", ("exome",), "WES", 100, normal is None, "mark", "wes", {}),
        resources=ResourceSpec("/g.fa", None, (), (), *[None] * 7),
        reference=ReferenceSpec("custom"),
        parameters=replace(parameters, decision=decision) if decision else parameters,
    )
