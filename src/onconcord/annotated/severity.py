"""
How severe a consequence is: terms of the Sequence Ontology in the order Ensembl VEP ranks them.

Terms that SnpEff has and VEP has not stand beside the term they are a kind of.

Source: "Ensembl Variation - Calculated variant consequences"; "SnpEff, Eff: Effect prediction".
"""

HIGH, MODERATE, LOW, MODIFIER = "HIGH", "MODERATE", "LOW", "MODIFIER"

IMPACTS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("transcript_ablation", "exon_loss_variant", "splice_acceptor_variant"),
            *("splice_donor_variant", "stop_gained", "frameshift_variant", "stop_lost"),
            *("start_lost", "rare_amino_acid_variant", "transcript_amplification"),
            *("feature_elongation", "feature_truncation"),
        ),
        HIGH,
    ),
    **dict.fromkeys(
        (
            *("inframe_insertion", "disruptive_inframe_insertion"),
            *("conservative_inframe_insertion", "inframe_deletion"),
            *("disruptive_inframe_deletion", "conservative_inframe_deletion"),
            *("missense_variant", "protein_altering_variant"),
            *("3_prime_UTR_truncation", "5_prime_UTR_truncation"),
        ),
        MODERATE,
    ),
    **dict.fromkeys(
        (
            *("splice_donor_5th_base_variant", "splice_region_variant"),
            *("splice_donor_region_variant", "splice_polypyrimidine_tract_variant"),
            *("incomplete_terminal_codon_variant", "start_retained_variant"),
            *("initiator_codon_variant", "non_canonical_start_codon"),
            *("stop_retained_variant", "synonymous_variant"),
        ),
        LOW,
    ),
    "coding_sequence_variant": MODIFIER,
    "mature_miRNA_variant": MODIFIER,
    "5_prime_UTR_premature_start_codon_gain_variant": LOW,
    **dict.fromkeys(
        (
            *("5_prime_UTR_variant", "3_prime_UTR_variant"),
            *("non_coding_transcript_exon_variant", "intron_variant", "NMD_transcript_variant"),
            *("non_coding_transcript_variant", "coding_transcript_variant"),
            *("intragenic_variant", "upstream_gene_variant", "downstream_gene_variant"),
            *("intergenic_region", "intergenic_variant", "sequence_variant"),
        ),
        MODIFIER,
    ),
}
"""Impact of each term; the most severe term first."""

RANKS = {term: rank for rank, term in enumerate(IMPACTS)}
FLANKS = ("upstream_gene_variant", "downstream_gene_variant")
"""Consequences beside a gene: any consequence inside another gene says more."""
