"""Words of consequence that are not MAF's: VEP, ANNOVAR, SnpEff, alone and combined."""

from tests.cohort.odd.base import like, registry

CASES, case = registry()


def counted(every: list[str], loaded: bool, **changes):
    """What is right where every word stands once, for KEAP1 in P01, P02, …: all are loaded, or none."""
    number = len(every) if loaded else 0
    return like(mutations=25 + number, genes={"KEAP1": [number, 20]}, **changes)


def add(name: str, situation: str, every: list[str], loaded: bool, **changes) -> None:
    """A case: KEAP1 with these words, one per tumour from P01 on."""

    def edit(study):
        study.words("KEAP1", every)

    edit.__name__ = name
    case(situation, counted(every, loaded, **changes))(edit)


add("vep_changing", "words of VEP that change a protein", [
    "missense_variant", "stop_gained", "frameshift_variant", "splice_donor_variant", "splice_acceptor_variant",
    "start_lost", "stop_lost", "inframe_deletion", "inframe_insertion", "protein_altering_variant",
], loaded=True)  # fmt: skip
add("vep_combined_changing", "combined words of VEP whose most severe one changes a protein", [
    "missense_variant&splice_region_variant", "missense_variant,splice_region_variant",
    "frameshift_variant,intron_variant", "stop_gained&frameshift_variant", "intron_variant,missense_variant",
    "splice_donor_variant&intron_variant", "synonymous_variant,stop_gained", "missense_variant&NMD_transcript_variant",
    "start_lost&5_prime_UTR_variant", "upstream_gene_variant,frameshift_variant",
], loaded=True)  # fmt: skip
add("vep_silent", "words of VEP that change no protein", [
    "synonymous_variant", "intron_variant", "5_prime_UTR_variant", "3_prime_UTR_variant", "upstream_gene_variant",
    "downstream_gene_variant", "intergenic_variant", "stop_retained_variant", "start_retained_variant",
    "non_coding_transcript_exon_variant",
], loaded=False)  # fmt: skip
add("vep_combined_silent", "combined words of VEP none of which changes a protein", [
    "intron_variant&non_coding_transcript_variant", "intron_variant,NMD_transcript_variant",
    "3_prime_UTR_variant&NMD_transcript_variant", "synonymous_variant&NMD_transcript_variant",
    "regulatory_region_variant", "TF_binding_site_variant", "mature_miRNA_variant",
    "upstream_gene_variant,downstream_gene_variant",
    "non_coding_transcript_exon_variant&non_coding_transcript_variant",
], loaded=False)  # fmt: skip
add("splice_region", "the splice region, which MAF calls Splice_Region and the importer loads", [
    "Splice_Region", "splice_region_variant", "splice_region_variant&intron_variant",
], loaded=True)  # fmt: skip
add("annovar_changing", "words of ANNOVAR that change a protein", [
    "nonsynonymous SNV", "stopgain", "stoploss", "frameshift deletion", "frameshift insertion",
    "frameshift substitution", "nonframeshift deletion", "nonframeshift insertion", "splicing", "exonic;splicing",
], loaded=True)  # fmt: skip
add("annovar_spellings", "ANNOVAR's words as other tables spell them", [
    "nonsynonymous_SNV", "stopgain SNV", "stopgain_SNV", "stoploss SNV", "frameshift_deletion", "Nonsynonymous SNV",
], loaded=True)  # fmt: skip
add("annovar_silent", "words of ANNOVAR that change no protein", [
    "synonymous SNV", "synonymous_SNV", "intronic", "intergenic", "UTR3", "UTR5", "UTR5;UTR3", "upstream", "downstream",
    "upstream;downstream", "ncRNA_exonic", "ncRNA_intronic", "ncRNA_splicing",
], loaded=False)  # fmt: skip
add("snpeff_changing", "words of SnpEff that change a protein", [
    "missense_variant&splice_region_variant", "stop_gained&splice_region_variant", "conservative_inframe_deletion",
    "disruptive_inframe_insertion", "conservative_inframe_insertion", "disruptive_inframe_deletion",
    "frameshift_variant&start_lost", "splice_acceptor_variant&intron_variant", "exon_loss_variant",
], loaded=True)  # fmt: skip
add("snpeff_silent", "words of SnpEff that change no protein", [
    "sequence_feature", "5_prime_UTR_premature_start_codon_gain_variant", "intergenic_region", "intragenic_variant",
    "non_coding_transcript_variant", "conserved_intron_variant", "synonymous_variant&sequence_feature",
], loaded=False)  # fmt: skip
add("snpeff_old_changing", "words of old SnpEff that change a protein", [
    "NON_SYNONYMOUS_CODING", "STOP_GAINED", "FRAME_SHIFT", "SPLICE_SITE_DONOR", "CODON_DELETION", "START_LOST",
], loaded=True)  # fmt: skip
add("snpeff_old_silent", "words of old SnpEff that change no protein", [
    "SYNONYMOUS_CODING", "INTRON", "UTR_3_PRIME", "UTR_5_PRIME", "INTERGENIC", "UPSTREAM", "DOWNSTREAM",
], loaded=False)  # fmt: skip
add("capitals", "MAF's and VEP's words in other capitals", [
    "MISSENSE_MUTATION", "missense_mutation", "nonsense_mutation", "Missense_Variant", "FRAME_SHIFT_DEL",
], loaded=True)  # fmt: skip
add("unknown_word", "words that no list knows count and are named", [
    "Zorbed", "Zorbed", "half_known&zorbed",
], loaded=True, words={"Variant_Classification": {"Zorbed": 2, "half_known&zorbed": 1}})  # fmt: skip


@case(
    "words that decide a subtype: KEAP1 in P16 to P18, of which one changes a protein",
    like(mutations=26, genes={"KEAP1": [1, 20]}, subtypes={"NSCLC-like": 6, "Unclassified": 4}),
)
def decides_subtype(study):
    study.words("KEAP1", ["intron_variant,synonymous_variant", "missense_variant&splice_region_variant", "UTR3"], 16)


@case(
    "RB1 of P16 is lost by an essential splice site in the words of VEP",
    like(mutations=27, genes={"RB1": [11, 20], "TP53": [11, 20]}, subtypes={"SCLC-like": 11, "Unclassified": 4}),
)
def splice_of_rb1(study):
    study.call("RB1", [16], "splice_donor_variant&non_coding_transcript_variant")
    study.call("TP53", [16], "exonic;splicing")


@case("the consequence is empty or NA in three rows: they count", like(mutations=28, genes={"KEAP1": [3, 20]}))
def no_word(study):
    study.words("KEAP1", ["", "NA", "."])
