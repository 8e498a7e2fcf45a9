"""Every word that a closed column knows means what the field means by it, and any other word is named, never an answer.

What each word means is stated here a second time and read through a study folder; nothing of words.py is asked for it.
"""

import itertools
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lcnec_utils.cohort import dictionary
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.read import load, read_study
from lcnec_utils.core.errors import MissingData

ROOM = Path(dictionary.__file__).parent

# --- what the words mean, in small letters; spaces may be hyphens or underscores in a file

NULLS = r"""
    na | n a | n/a | n.a. | #n/a | <na> | '-- | nan | null | (null) | \n | unknown | unk | not known | nk | not
    available | unavailable | not applicable | not collected | not released | not reported | not recorded | not
    stated | not provided | not documented | not evaluated | not assessed | not examined | not measured | not
    determined | not performed | not done | not tested | not specified | unspecified | no data | cannotreleasehipaa
    | withheld | pending | discrepancy | [completed] | redacted | missing | . | ?
"""
MEANINGS = {
    "sex": {
        "Female": """Female | f | female | w | woman | women | weiblich""",
        "Male": """Male | m | male | man | men | männlich | maennlich""",
        "": """u""",
    },
    "yes_no": {
        "YES": """YES | yes | y | true | t | 1 | 1.0 | 1:yes | checked | ja | j""",
        "NO": """NO | no | n | false | f | 0 | 0.0 | 0:no | unchecked | nein""",
        "": """u""",
    },
    "benefit": {
        "YES": """
            YES | yes | y | dcb | durable | durable benefit | durable clinical benefit | true | t | 1 | 1.0 | 1:yes |
            durable clinical benefit beyond 6 months
        """,
        "NO": """
            NO | no | n | ndb | ncb | ndcb | no dcb | non dcb | not durable | nondurable | non durable | nondurable
            benefit | no benefit | no durable benefit | no durable clinical benefit | non durable benefit | non
            durable clinical benefit | no clinical benefit | false | f | 0 | 0.0 | 0:no
        """,
        "NE": """
            NE | ne | not evaluable | non evaluable | nonevaluable | unevaluable | inevaluable | not assessable | not
            reached 6 months follow up
        """,
    },
    "response": {
        "CR": """CR | complete response | complete remission""",
        "PR": """PR | partial response | partial remission""",
        "SD": """SD | stable disease""",
        "PD": """PD | progressive disease""",
        "NE": """
            NE | not evaluable | non evaluable | nonevaluable | unevaluable | inevaluable | not assessable
        """,
    },
    "m_stage": {
        "M0": """M0 | m0 | m 0 | cm0 | pm0 | 0 | 0.0 | no | m0 (i+) | m0(i+) | cm0 (i+) | cm0(i+)""",
        "M1": """M1 | m1 | m 1 | cm1 | pm1 | 1 | 1.0 | yes | m1 nos | m1 (nos)""",
        "M1a": """M1a | m1a | m 1a | m1 a | cm1a | pm1a | rm1a | 1a""",
        "M1b": """M1b | m1b | m 1b | m1 b | cm1b | pm1b | rm1b | 1b""",
        "M1c": """M1c | m1c | m 1c | m1 c | cm1c | pm1c | rm1c | 1c | m1c1 | m1c2 | cm1c1 | cm1c2 | pm1c1 | pm1c2""",
        "": """mx | m x | cmx | pmx""",
    },
    "ecog": {
        "0": """
            0 | fully active | asymptomatic | normal activity | no restriction | no restrictions | fully active able
            to carry on all pre disease performance without restriction | fully active able to carry on all
            predisease performance without restriction | fully active able to carry on all pre disease activities
            without restriction
        """,
        "1": """
            1 | restricted | ambulatory | symptomatic but completely ambulatory | symptomatic but fully ambulatory |
            symptomatic but ambulatory | symptomatic fully ambulatory | symptoms but ambulatory | restricted in
            physically strenuous activity | restricted in strenuous activity | restricted in physically strenuous
            activity but ambulatory | restricted in physically strenuous activity but ambulatory and able to carry
            out work of a light or sedentary nature | restricted in physically strenuous activity but ambulatory and
            able to carry out light work
        """,
        "2": """
            2 | symptomatic <50% in bed | symptomatic in bed <50% | symptomatic in bed <50% of the day | symptomatic
            in bed less than 50% of day | in bed <50% | in bed <50% of the time | in bed less than 50% of the time |
            ambulatory but unable to work | ambulatory and capable of all self care | ambulatory and capable of all
            selfcare | ambulatory and capable of all self care but unable to carry out any work activities |
            ambulatory and capable of all selfcare but unable to carry out any work activities | ambulatory and
            capable of all selfcare but unable to carry out any work activities up and about more than 50% of waking
            hours
        """,
        "3": """
            3 | limited self care | limited selfcare | symptomatic >50% in bed | symptomatic in bed >50% |
            symptomatic in bed >50% of the day | symptomatic in bed more than 50% of day but not bedridden | in bed
            >50% | in bed >50% of the time | in bed more than 50% of the time | capable of only limited self care |
            capable of only limited selfcare | capable of only limited selfcare confined to bed or chair more than
            50% of waking hours
        """,
        "4": """
            4 | completely disabled | bedbound | bed bound | bedridden | bed ridden | 100% bedridden | completely
            disabled cannot carry on any selfcare totally confined to bed or chair
        """,
    },
    "grade": {
        "0": """
            0 | none | no | no event | no toxicity | no toxicities | no adverse event | no adverse events | no ae |
            no aes | no irae | no iraes | no trae | no traes
        """,
        "1": """1 | mild | asymptomatic or mild""",
        "2": """2 | moderate""",
        "3": """
            3 | severe | severe or medically significant | severe or medically significant but not immediately life
            threatening
        """,
        "4": """4 | life threatening | life threatening consequences | life threatening or disabling | disabling""",
        "5": """5 | death | fatal | dead | lethal | death related to ae | death related to adverse event""",
    },
    "event": {
        "1": """
            1 | deceased | dead | died | death | died of disease | dead of disease | dead with disease | dead with
            tumor | dead with tumour | dod | event | yes | true | progressed | progression | progressive disease |
            disease progression | pd | progressed/dead | progression or death | progression/death |
            recurred/progressed | progressed/recurred | recurred | recurrence | recurrent | relapsed | relapse |
            recurrence/progression | stopped | discontinued
        """,
        "0": """
            0 | living | alive | alive without disease | alive ned | alive or dead tumor free | alive or dead tumour
            free | lost to follow up | ltfu | censored | no event | no | false | event free | not progressed | non
            progressed | no progression | progression free | no disease progression | diseasefree | disease free |
            not recurred | no recurrence | recurrence free | not relapsed | no relapse | relapse free | ongoing
        """,
    },
    "pdl1_assay": {
        "22C3": """
            22C3 | 22c3 | 22 c3 | 22c3 pharmdx | pharmdx 22c3 | pd l1 22c3 | dako 22c3 | 22c3 dako | 22c3 (dako) |
            pd l1 ihc 22c3 pharmdx
        """,
        "28-8": """
            28-8 | 28 8 | 28 8 pharmdx | pharmdx 28 8 | pd l1 28 8 | dako 28 8 | 28 8 dako | 28 8 (dako) |
            pd l1 ihc 28 8 pharmdx
        """,
        "SP263": """
            SP263 | sp263 | sp 263 | ventana sp263 | sp263 ventana | sp263 (ventana) | pd l1 sp263 |
            ventana pd l1 (sp263)
        """,
        "SP142": """
            SP142 | sp142 | sp 142 | ventana sp142 | sp142 ventana | sp142 (ventana) | pd l1 sp142 |
            ventana pd l1 (sp142)
        """,
        "73-10": """73-10 | 73 10 | dako 73 10 | 73 10 dako | pd l1 73 10""",
        "E1L3N": """E1L3N | e1l3n | e1l3n xp | cst e1l3n | e1l3n (cst)""",
        "CAL10": """CAL10 | cal10 | cal 10""",
        "QR1": """QR1 | qr1 | qr 1""",
    },
    "mmr": {
        "deficient": """
            deficient | dmmr | d mmr | mmrd | mmr d | mmr deficient | mmr deficiency | deficient mmr | mismatch
            repair deficient | mismatch repair deficiency | deficient mismatch repair | mmr loss | loss of mmr | loss
            of mmr proteins | mmr lost | loss | loss of expression | loss of mlh1 | loss of pms2 | loss of msh2 |
            loss of msh6 | mlh1 loss | pms2 loss | msh2 loss | msh6 loss | loss of mlh1/pms2 | mlh1/pms2 loss | loss
            of mlh1 and pms2 | mlh1 and pms2 loss | loss of msh2/msh6 | msh2/msh6 loss | loss of msh2 and msh6 | msh2
            and msh6 loss
        """,
        "proficient": """
            proficient | pmmr | p mmr | mmrp | mmr p | mmr proficient | mmr proficiency | proficient mmr | mismatch
            repair proficient | mismatch repair proficiency | proficient mismatch repair | intact | mmr intact |
            intact mmr | mmr retained | mmr preserved | retained | retained expression | preserved | preserved
            expression | intact expression | no loss | no loss of expression
        """,
        "unstable": """
            unstable | msi h | msih | msi | msi high | msi: high | msi high status | msi unstable | msi instable |
            instable | ms unstable | ms instable | microsatellite unstable | microsatellite instable | microsatellite
            instability | microsatellite instability high | high microsatellite instability
        """,
        "stable": """
            stable | mss | ms stable | msi stable | msi: stable | msi s | microsatellite stable | microsatellite
            stability | msi l | msil | msi low | msi: low | microsatellite instability low | low microsatellite
            instability | non msi h | non msi high | msi high not detected | msi h not detected
        """,
        "": """
            indeterminate | msi indeterminate | do not report | equivocal | msi equivocal | ms equivocal | ambiguous
            | msi ambiguous | borderline | inconclusive | undetermined | cannot be determined | could not be
            determined | failed | test failed | technical failure | insufficient | insufficient tissue | insufficient
            material | insufficient dna | insufficient tumor content | not enough tissue | not enough material |
            quantity not sufficient | qns | not evaluable | ne
        """,
        "method": """method | pcr | ngs | ihc | immunohistochemistry | fragment analysis | sequencing | msisensor""",
    },
    "biopsy_time": {
        "baseline": """
            baseline | pre treatment | pretreatment | before treatment | pre infusion | before infusion |
            screening | pre
        """,
        "early": """
            early | early post treatment | early post infusion | day 7 14 | day7 14 | d7 14 | days 7 14 | week 2 |
            2 weeks
        """,
        "relapse": """relapse | at relapse | progression | at progression | relapsed""",
    },
    "fixation": {
        "FF": """FF | fresh frozen | frozen | snap frozen | freshfrozen | cryo""",
        "FFPE": """
            FFPE | formalin fixed | formalin fixed paraffin embedded | paraffin | paraffin embedded | fixed
        """,
    },
    "quality": {
        "PASS": """PASS | passed | ok | good | qc pass | yes | true""",
        "FAIL": """FAIL | failed | flag | flagged | bad | qc fail | no | false""",
    },
    "cell_of_origin": {
        "ABC": """ABC | activated b cell | activated b cell like | abc like | abc dlbcl""",
        "GCB": """
            GCB | germinal center b cell | germinal centre b cell | germinal center b cell like | germinal
            centre b cell like | gcb like | gcb dlbcl
        """,
        "Unclassified": """Unclassified | unclass | unc | type 3 | intermediate | unclassifiable""",
    },
    "assay": {
        "TL": """TL | immunoscore tl | t lymphocytes""",
        "TCE": """TCE | immunoscore tce | t cell exhaustion""",
        "TCE+": """TCE+ | immunoscore tce+ | tce with tox | tce tox | tce+tox""",
        "SC": """SC | immunoscore sc | suppressive cells""",
    },
    "codes": {
        "Endogenous": """Endogenous | endogenous1 | endogenous2 | custom""",
        "Housekeeping": """Housekeeping | housekeeper | control""",
        "Positive": """Positive | positive control""",
        "Negative": """Negative | negative control""",
    },
    "backbone": {
        "NSCLC-type": """
            NSCLC-type | nsclc type | nsclc | nsclc like | nsclc based | nsclc regimen | nsclc type chemotherapy |
            nsclc pem | nsclc gem/tax | platinum pemetrexed | platinum/pemetrexed | platinum taxane | platinum/taxane
            | platinum gemcitabine | platinum/gemcitabine
        """,
        "SCLC-type": """
            SCLC-type | sclc type | sclc | sclc like | sclc based | sclc regimen | sclc type chemotherapy | sclc pe |
            platinum etoposide | platinum/etoposide
        """,
    },
    "review": {
        "agreed": """agreed | agree | agreement | concordant | confirmed | yes""",
        "not agreed": """
            not agreed | disagreed | disagree | disagreement | no agreement | discordant | not confirmed | no
        """,
    },
    "end_reason": {
        "progression": """
            progression | progressive disease | pd | disease progression | progressed | tumor progression | tumour
            progression | clinical progression | radiological progression | radiographic progression
        """,
        "toxicity": """
            toxicity | adverse event | adverse events | ae | irae | trae | intolerance | toxic | unacceptable
            toxicity | treatment toxicity | side effects | immune related adverse event
        """,
        "completed": """
            completed | complete | completed therapy | completed treatment | treatment completed | therapy completed
            | end of treatment | end of therapy | planned end | planned completion | completed as planned | regular
            end
        """,
        "stopped": """
            stopped | patient decision | patient choice | patient preference | patient refusal | patient wish |
            withdrawal | withdrawal by subject | withdrawal by patient | withdrawal of consent | withdrew consent |
            consent withdrawn | physician decision | physicians decision | investigator decision | lost to follow up
            | discontinued | other
        """,
        "death": """death | died | dead | deceased""",
        "ongoing": """ongoing | on treatment | still on treatment | treatment ongoing | continuing | continued""",
    },
    "subtype": {
        "NSCLC-like": """
            NSCLC-like | nsclc like | nsclc | non small cell like | non sclc like | nsclcl | nsclc type | nsclc like
            lcnec | lcnec nsclc like
        """,
        "SCLC-like": """
            SCLC-like | sclc like | sclc | small cell like | sclcl | sclc type | sclc like lcnec | lcnec sclc like
        """,
        "Unclassified": """
            Unclassified | unclassified | unclassifiable | other | others | neither | undefined | unassigned
        """,
    },
    "sample_type": {
        "normal": """
            normal | blood derived normal | solid tissue normal | solid tissues normal | matched normal | blood
            normal | tissue normal | germline | germline dna | buccal cell normal | ebv immortalized normal | bone
            marrow normal | adjacent normal | normal adjacent | tumor adjacent normal | normal tissue | healthy
            tissue | pbmc | normal blood | nat | adjacent normal tissue | normal adjacent tissue | non tumor | non
            tumour | nontumor | non tumor tissue | saliva | buccal swab | normal control | normal, matched |
            unmatched normal | pooled normal | normal sample | healthy | blood control | 10 | 11 | 12 | 13 | 14
        """,
        "tumor": """
            tumor | tumour | cancer | malignant | primary | primary tumor | primary tumour | primary cancer |
            primärtumor | primary solid tumor | solid tumor | solid tissue | metastasis | metastatic | metastases |
            metastase | met | distant metastasis | distant metastases | distant organ metastasis | regional
            metastasis | local metastasis | lymph node metastasis | metastasis site unspecified | metastatic tumor |
            metastatic tumour | metastatic site | metastatic recurrence | primary site | recurrence | recurrent |
            local recurrence | locoregional recurrence | recurrent tumor | recurrent tumour | recurrent solid tumor |
            regional recurrence | distant recurrence | relapse | additional metastatic | additional new primary | new
            primary | second primary | progression | biopsy | resection | surgery | surgical resection | autopsy |
            cell line | cell lines | xenograft | pdx | organoid | plasma | cfdna | ctdna | liquid biopsy | effusion |
            pleural effusion | lymph node | tumor sample | tumour sample | lesion | residual | residual tumor |
            residual disease | baseline | pre treatment | post treatment | on treatment | pretreatment |
            posttreatment | in situ | cytology | fna | core biopsy | ffpe | frozen | fresh frozen | not otherwise
            specified | other | not applicable or heme | not applicable or hematologic malignancy | primary blood
            derived cancer peripheral blood | primary blood derived cancer bone marrow | recurrent blood derived
            cancer bone marrow | circulating tumor cells | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 01 | 02 | 03 | 04 | 05
            | 06 | 07 | 08 | 09
        """,
    },
    "pathogenicity": {
        "pathogenic": """pathogenic | p | class 5""",
        "likely pathogenic": """
            likely pathogenic | lp | class 4 | pathogenic/likely pathogenic | likely pathogenic/pathogenic
        """,
        "vus": """
            vus | vous | class 3 | uncertain significance | variant of uncertain significance | variant of unknown
            significance | uncertain | unknown significance | conflicting interpretations of pathogenicity |
            conflicting | conflicting classifications of pathogenicity
        """,
        "likely benign": """likely benign | lb | class 2""",
        "benign": """benign | b | class 1 | benign/likely benign | likely benign/benign""",
    },
    "oncogenic": {
        "oncogenic": """oncogenic""",
        "likely oncogenic": """likely oncogenic""",
        "predicted oncogenic": """predicted oncogenic""",
        "likely neutral": """likely neutral""",
        "neutral": """neutral""",
        "inconclusive": """inconclusive""",
        "resistance": """resistance""",
    },
    "driver": {
        "putative driver": """putative driver""",
        "putative passenger": """putative passenger""",
    },
    "mutation_status": {
        "not loaded": """not loaded | none | loh | wildtype""",
        "loaded": """
            loaded | somatic | germline | post transcriptional modification | somatic vs germline | valid | verified
            | called | de novo | novel | uncalled | unconfirmed
        """,
    },
    "validation_status": {
        "not loaded": """not loaded | wildtype | redacted""",
        "loaded": """
            loaded | valid | invalid | untested | inconclusive | unvalidated | validated | somatic | germline | true
            | false
        """,
    },
    "regimen": {
        "chemotherapy": """
            chemotherapy | chemo | ctx | chemotherapie | chemotherapy only | chemo only | chemotherapy alone | chemo
            alone | platinum | platin | platinum doublet | platinum based chemotherapy | platinum based doublet |
            platinum based | platinum chemotherapy | doublet chemotherapy | cytotoxic chemotherapy | cytotoxic |
            chemo monotherapy | platinum etoposide | ep | pe | cav | folfox | folfiri | folfirinox | captem | taxane
        """,
        "immunotherapy": """
            immunotherapy | immuno | immuntherapie | io | ici | icb | icis | cpi | immune checkpoint inhibitor |
            immune checkpoint inhibitors | immune checkpoint inhibition | checkpoint inhibitor | checkpoint
            inhibitors | immune checkpoint blockade | checkpoint blockade | immunotherapy only | io only | ici only |
            immunotherapy alone | io monotherapy | ici monotherapy | immunotherapy monotherapy | pd 1 | pd l1 | pd
            (l)1 | pd1 | pdl1 | pd(l)1 | anti pd 1 | anti pd l1 | anti pd (l)1 | anti pd1 | anti pdl1 | anti pd(l)1 |
            pd 1 inhibitor | pd l1 inhibitor | pd (l)1 inhibitor | pd1 inhibitor | pdl1 inhibitor | pd 1 blockade |
            pd l1 blockade | pd (l)1 blockade | pd 1 antibody | pd l1 antibody | anti pd 1 antibody | anti pd l1
            antibody | anti pd (l)1 antibody | anti ctla 4 | ctla 4 | anti ctla4 | ctla4 | ctla 4 inhibitor | ctla4
            inhibitor | dual ici | dual immunotherapy | dual checkpoint blockade
        """,
        "chemoimmunotherapy": """
            chemoimmunotherapy | chemo immunotherapy | immunochemotherapy | immuno chemotherapy | chemoimmuntherapie
            | immunchemotherapie | chemo io | chemo ici | chemoio | chemo immuno | chemo icb | chemo cpi |
            chemotherapy immunotherapy | chemotherapy ici | chemotherapy icb | chemotherapy io | io chemo | ici chemo
            | icb chemo | io chemotherapy | ici chemotherapy | immunotherapy chemotherapy | combination
            chemoimmunotherapy
        """,
        "targeted therapy": """
            targeted therapy | targeted | targeted agent | tki | egfr tki | alk tki | tyrosine kinase inhibitor |
            kinase inhibitor | egfr inhibitor | alk inhibitor | ret inhibitor | kras g12c inhibitor
        """,
    },
}
DRUGS = {
    "chemotherapy": """
        carboplatin | carbo | cbdca | paraplatin | cisplatin | cis | cddp | platinol | oxaliplatin | eloxatin |
        nedaplatin | lobaplatin | etoposide | etoposid | etoposide phosphate | etop | eto | vp16 | vp 16 | vepesid |
        etopophos | pemetrexed | pemetrexed disodium | alimta | pem | paclitaxel | taxol | pac | nab paclitaxel |
        nabpaclitaxel | nab pac | abraxane | docetaxel | taxotere | doce | albumin bound paclitaxel | paclitaxel
        albumin bound | paclitaxel protein bound | liposomal paclitaxel | gemcitabine | gemcitabin | gemzar | gem |
        vinorelbine | vinorelbin | navelbine | irinotecan | camptosar | cpt 11 | topotecan | hycamtin | lurbinectedin
        | zepzelca | temozolomide | temodar | cyclophosphamide | cyclophosphamid | doxorubicin | adriamycin |
        vincristine | mitomycin | amrubicin | ifosfamide | epirubicin | vinblastine | vindesine | fluorouracil | 5 fu
        | capecitabine | xeloda | s 1 | ts 1 | tegafur | streptozocin | dacarbazine | trabectedin | eribulin |
        methotrexate | bendamustine
    """,
    "immunotherapy": """
        pembrolizumab | pembro | keytruda | mk 3475 | mk3475 | nivolumab | nivo | opdivo | bms 936558 | cemiplimab |
        libtayo | tislelizumab | tevimbra | camrelizumab | sintilimab | toripalimab | loqtorzi | serplulimab |
        penpulimab | dostarlimab | jemperli | retifanlimab | zynyz | spartalizumab | sasanlimab | zimberelimab |
        pucotenlimab | cetrelimab | balstilimab | ezabenlimab | prolgolimab | atezolizumab | atezo | tecentriq |
        mpdl3280a | durvalumab | durva | imfinzi | medi4736 | avelumab | bavencio | sugemalimab | benmelstobart |
        adebrelimab | socazolimab | envafolimab | cosibelimab | tagitanlimab | ipilimumab | ipi | yervoy |
        tremelimumab | treme | imjudo | quavonlimab | zalifrelimab | botensilimab | relatlimab | opdualag |
        tiragolumab | ociperlimab | vibostolimab | domvanalimab | cadonilimab | ivonescimab | favezelimab
    """,
    "beside": """
        bevacizumab | bev | avastin | ramucirumab | cyramza | anlotinib | apatinib | rivoceranib | nintedanib |
        endostar | recombinant human endostatin | trilaciclib | cosela | placebo | dexamethasone | prednisone |
        prednisolone | folic acid | vitamin b12 | leucovorin | folinic acid | pegfilgrastim | filgrastim | g csf |
        denosumab | zoledronic acid | zoledronate | octreotide | lanreotide
    """,
    "targeted therapy": """
        osimertinib | tagrisso | erlotinib | tarceva | gefitinib | iressa | afatinib | gilotrif | giotrif |
        dacomitinib | icotinib | almonertinib | aumolertinib | furmonertinib | lazertinib | sunvozertinib |
        mobocertinib | alectinib | alecensa | crizotinib | xalkori | lorlatinib | lorbrena | brigatinib | alunbrig |
        ceritinib | zykadia | ensartinib | capmatinib | tabrecta | tepotinib | savolitinib | selpercatinib | retevmo
        | pralsetinib | dabrafenib | trametinib | vemurafenib | encorafenib | binimetinib | larotrectinib |
        entrectinib | repotrectinib | cabozantinib | vandetanib | lenvatinib | surufatinib | sorafenib | pazopanib |
        everolimus | afinitor | sunitinib | sotorasib | lumakras | adagrasib | krazati | divarasib | glecirasib |
        fulzerasib | garsorasib | olaparib | niraparib | veliparib | talazoparib | rucaparib | trastuzumab |
        herceptin | pertuzumab | trastuzumab deruxtecan | enhertu | t dxd | amivantamab | rybrevant | cetuximab |
        necitumumab | tarlatamab | imdelltra | rovalpituzumab tesirine | rova t | sacituzumab govitecan | trodelvy |
        datopotamab deruxtecan | dato dxd | ifinatamab deruxtecan
    """,
}
# Class of a mutation → words; the most severe first, and of class "" what changes no protein
CONSEQUENCES = [
    (
        "other",
        """
        transcript_ablation exon_loss_variant exon_loss gene_fusion bidirectional_gene_fusion fusion
        rearranged_at_dna_level
    """,
    ),
    (
        "splice",
        """
        splice_acceptor_variant splice_donor_variant splice_site splice_site_acceptor splice_site_donor splicing
        splice_site_snp splice splice_site_del splice_site_ins exonic_splicing essential_splice
        essential_splice_site
    """,
    ),
    (
        "truncating",
        """
        stop_gained nonsense_mutation stopgain stopgain_snv nonsense frameshift_variant frame_shift frame_shift_del
        frame_shift_ins frameshift_deletion frameshift_insertion frameshift_substitution
        frameshift_block_substitution frameshift frameshift_del frameshift_ins frameshift_elongation
        frameshift_truncation minus_1_frameshift_variant plus_1_frameshift_variant stop_gain nonsense_snv truncating
        truncating_mutation truncation frameshift_mutation frame_shift_mutation frameshift_indel
    """,
    ),
    (
        "other",
        """
        stop_lost nonstop_mutation stoploss stoploss_snv nonstop stop_codon_del stop_codon_ins start_lost
        translation_start_site startloss start_codon_snp start_codon_del start_codon_ins initiator_codon_variant
        de_novo_start de_novo_start_inframe de_novo_start_outofframe transcript_amplification feature_elongation
        feature_truncation stop_loss non_stop_mutation non_stop start_loss start_codon_loss exon_deleted
        non_synonymous_start
    """,
    ),
    (
        "in-frame indel",
        """
        inframe_insertion inframe_deletion in_frame_del in_frame_ins conservative_inframe_insertion
        disruptive_inframe_insertion conservative_inframe_deletion disruptive_inframe_deletion
        nonframeshift_deletion nonframeshift_insertion nonframeshift_substitution nonframeshift_block_substitution
        codon_insertion codon_deletion codon_change_plus_codon_insertion codon_change_plus_codon_deletion
        inframe_indel in_frame_deletion in_frame_insertion inframe_del inframe_ins in_frame_indel inframe in_frame
        nonframeshift non_frameshift_deletion non_frameshift_insertion non_frameshift_substitution nonframeshift_del
        nonframeshift_ins
    """,
    ),
    (
        "missense",
        """
        missense_variant missense_mutation missense nonsynonymous_snv nonsynonymous non_synonymous_coding
        conservative_missense_variant non_conservative_missense_variant rare_amino_acid_variant missense_snv
        non_synonymous non_synonymous_snv non_synonymous_mutation nonsynonymous_mutation nonsynonymous_coding
        rare_amino_acid
    """,
    ),
    (
        "other",
        """
        protein_altering_variant structural_interaction_variant indel complex targeted_region exonic coding exon
        exon_variant mutated unclassified_variant codon_change
    """,
    ),
    (
        "splice",
        """
        splice_donor_5th_base_variant splice_region_variant splice_region splice_donor_region_variant
        splice_polypyrimidine_tract_variant splice_site_region
    """,
    ),
    ("other", """coding_sequence_variant"""),
    (
        "",
        """
        incomplete_terminal_codon_variant start_retained_variant stop_retained_variant start_retained stop_retained
        synonymous_variant synonymous_snv synonymous synonymous_coding silent synonymous_mutation
        initiator_codon_variant_synonymous silent_mutation synonymous_stop synonymous_start
    """,
    ),
    (
        "",
        """
        mature_mirna_variant 5_prime_utr_variant 5_prime_utr_premature_start_codon_gain_variant
        5_prime_utr_truncation 3_prime_utr_variant 3_prime_utr_truncation 5'utr 3'utr utr3 utr5 utr_3_prime
        utr_5_prime 5'_utr 3'_utr utr_3_deleted utr_5_deleted start_gained 5utr 3utr 3_utr 5_utr utr
    """,
    ),
    (
        "",
        """
        non_coding_transcript_exon_variant non_coding_exon_variant intron_variant intron intronic
        conserved_intron_variant intron_conserved nmd_transcript_variant non_coding_transcript_variant
        nc_transcript_variant coding_transcript_variant intragenic_variant intragenic transcript rna lincrna
    """,
    ),
    (
        "",
        """
        upstream_gene_variant upstream downstream_gene_variant downstream 5'flank 3'flank 5'_flank 3'_flank 5_flank
        3_flank promoter tfbs_ablation tfbs_amplification tf_binding_site_variant regulatory_region_ablation
        regulatory_region_amplification regulatory_region_variant regulatory intergenic_variant intergenic
        intergenic_region conserved_intergenic_variant igr sequence_variant sequence_feature chromosome custom
    """,
    ),
    ("", """ncrna_exonic ncrna_intronic ncrna_splicing ncrna_utr3 ncrna_utr5 ncrna"""),
]


def listed(text: str) -> list[str]:
    """The words of a table above."""
    return [" ".join(word.split()) for word in text.split("|")]


NULL_WORDS = listed(NULLS)
WORDS = {name: {meaning: listed(text) for meaning, text in part.items()} for name, part in MEANINGS.items()}
KIND_OF_DRUG = {drug: kind for kind, text in DRUGS.items() for drug in listed(text)}
KIND_OF_REGIMEN = {word: kind for kind, words in WORDS["regimen"].items() for word in words} | KIND_OF_DRUG
CLASS_OF = {word: kind for kind, text in CONSEQUENCES for word in text.split()}
MMR = {"deficient": "dMMR/MSI-H", "unstable": "dMMR/MSI-H", "proficient": "pMMR/MSS", "stable": "pMMR/MSS", "": ""}

# Closed columns of the clinical tables, and the table above that says what their words mean
PATIENTS = {
    "SEX": "sex", "ECOG": "ecog", "M_STAGE": "m_stage", "DURABLE_CLINICAL_BENEFIT": "benefit",
    "BEST_RESPONSE": "response", "OBJECTIVE_RESPONSE": "yes_no",
    "STOPPED_FOR_TOXICITY": "yes_no", "ADVERSE_EVENT_GRADE": "grade", "CHEMOTHERAPY_BACKBONE": "backbone",
    "PATHOLOGY_REVIEW": "review", "FIRST_LINE_END_REASON": "end_reason", "ICB_STOP_REASON": "end_reason",
    "RAPID_PROGRESSION": "yes_no", "ONGOING_RESPONSE": "yes_no", "NE_GRADE": "grade", "CRS_GRADE": "grade",
    "CELL_OF_ORIGIN": "cell_of_origin",
    **{f"{key}_STATUS": "event" for key in ("OS", "PFS", "RWPFS", "TOT", "DFS", "RFS", "EFS", "DSS")},
}  # fmt: skip
SAMPLES = {
    "TRANSCRIPTOME": "yes_no", "GENOMIC_SUBTYPE": "subtype", "MMR_STATUS": "mmr", "MSI_STATUS": "mmr",
    "MMR_IHC": "mmr",
    "MSI_FRAGMENT_ANALYSIS": "mmr", "MSI_NGS": "mmr", "PDL1_ASSAY": "pdl1_assay",
    "BIOPSY_TIME": "biopsy_time", "FIXATION": "fixation", "RNA_QC": "quality", "NCOUNTER_QC": "quality",
}  # fmt: skip
CLOSED = PATIENTS | SAMPLES
JUDGED = {"PATHOGENICITY": "pathogenicity", "ONCOGENIC": "oncogenic", "cbp_driver": "driver"}
STATUSES = {"Mutation_Status": "mutation_status", "Validation_Status": "validation_status"}


def small(text: str) -> str:
    """A word as it is compared. The hyphen before a number is its sign, and one behind a word says no."""
    body = text.strip().lower()
    if re.match(r"-\d", body) or re.search(r"\w-$", body):
        return body
    return " ".join(re.split(r"[\s_-]+", body)).strip()


def spellings(word: str) -> list[str]:
    """A word as it stands, in capitals, with hyphens or underscores, in quotes, between spaces."""
    forms = [word, word.upper(), word.capitalize(), word.replace(" ", "-"), word.replace(" ", "_").upper()]
    return list(dict.fromkeys([*forms, f'"{word}"', f" {word}  "]))


def bracketed(word: str) -> list[str]:
    """A null word in square brackets, as cBioPortal writes it."""
    return [] if word[0] == "[" else [f"[{word}]", f"[{word.title()}]", f"[{word.upper()}]"]


def meaning_of(vocabulary: str, meaning: str):
    """What the column holds for a meaning of the table: None where the cell is missing."""
    if vocabulary == "mmr":
        return MMR[meaning] or None
    if vocabulary == "event":
        return meaning == "1"
    return None if meaning == "" else meaning


def stated(vocabulary: str) -> list[tuple[str, object]]:
    """Every cell that a vocabulary knows, with what it means."""
    cells = [
        (cell, meaning_of(vocabulary, meaning))
        for meaning, words in WORDS[vocabulary].items()
        if meaning != "method"
        for word in words
        for cell in spellings(word)
    ]
    return cells + STRUCTURED.get(vocabulary, list)()


# --- cells of more than one word


def _ecog() -> list[tuple[str, object]]:
    before = ["", "ECOG ", "ECOG: ", "ECOG=", "ECOG", "ECOG PS ", "ECOG-PS ", "PS ", "PS", "WHO ", "Zubrod ",
              "ECOG performance status ", "ECOG grade ", "Performance Status Score: "]  # fmt: skip
    cells = [(f"{word}{digit}{end}", str(digit)) for word in before for digit in range(5) for end in ("", ".0")]
    for digit, words in WORDS["ecog"].items():
        for word, between in itertools.product(words[1:], (" - ", ": ", ", ", " ", "=", " / ")):
            cells += [(f"{digit}{between}{word}", digit), (f"ECOG {digit}{between}{word.upper()}", digit)]
        cells += [(f"{digit} ({word})", digit) for word in words[1:]]
    as_printed = {
        "0: Fully active, able to carry on all pre-disease performance without restriction": "0",
        "Restricted in physically strenuous activity, but ambulatory and able to carry out work of a light or "
        "sedentary nature": "1",
        "2 - Ambulatory and capable of all selfcare but unable to carry out any work activities; up and about more "
        "than 50% of waking hours": "2",
        "3=Capable of only limited selfcare, confined to bed or chair more than 50% of waking hours": "3",
        "Completely disabled; cannot carry on any selfcare; totally confined to bed or chair": "4",
        "1: Symptomatic, fully ambulatory": "1",
    }
    return [*cells, *as_printed.items(), *((cell, "2") for cell in ("2+", "≥2", ">=2", ">= 2", "ECOG 2+", "ECOG ≥ 2"))]


def _grade() -> list[tuple[str, object]]:
    before = ["", "Grade ", "grade", "GRADE: ", "Grade=", "Gr. ", "gr", "G", "g ", "CTCAE ", "CTCAE grade ",
              "NCI-CTCAE v4.03 Grade ", "CTCAE v5 grade ", "CTCAE v5.0: "]  # fmt: skip
    roman = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V"}
    digits = [*((str(digit), str(digit)) for digit in range(6)), *((word, digit) for digit, word in roman.items())]
    cells = [(f"{word}{shown}", digit) for word in before for shown, digit in digits]
    cells += [(f"{digit}.0", str(digit)) for digit in range(6)]
    for digit, words in WORDS["grade"].items():
        for word, between in itertools.product(words[1:], (" - ", ": ", ", ", " ", " / ")):
            cells += [(f"{digit}{between}{word}", digit), (f"Grade {digit}{between}{word.upper()}", digit)]
        cells += [(f"Grade {digit} ({word})", digit) for word in words[1:]]
        cells += [(f"Grade {word}", digit) for word in words[1:]]
    return cells


def _event() -> list[tuple[str, object]]:
    cells = [("1:", True), ("0:", False), (" 1 ", True), ("0.0", False), ("1.0", True)]
    for digit, words in WORDS["event"].items():
        for word in words[1:]:
            for cell in (word, word.upper(), word.replace(" ", "-")):
                cells += [(f"{digit}:{cell}", digit == "1"), (f"{digit}: {cell}", digit == "1")]
    in_portals = {
        "0:LIVING": False, "1:DECEASED": True, "0:DiseaseFree": False, "1:Recurred/Progressed": True,
        "1:Recurred": True, "1:Progressed": True, "0:CENSORED": False, "1:PROGRESSION": True,
        "0:ALIVE OR DEAD TUMOR FREE": False,
        "1:DEAD WITH TUMOR": True, "0:Not Progressed": False, "0:Not Recurred": False, "0:ALIVE WITH DISEASE": False,
        "1:Died of Other Causes": True, "0:Alive, NED": False, "1:Death or progression": True, "0:STILL ALIVE": False,
        # another word behind a digit says nothing against it
        "1:EVENT OBSERVED": True, "0:LFU": False,
    }  # fmt: skip
    return [*cells, *in_portals.items()]


def _mmr() -> list[tuple[str, object]]:
    rng = random.Random(3)
    cells = []
    for repair, stability in itertools.product(("deficient", "proficient"), ("unstable", "stable")):
        for _ in range(12):  # both in one cell: repair is believed
            pair = [rng.choice([word for word in WORDS["mmr"][kind] if not re.search("[:/]", word)])
                    for kind in (repair, stability)]  # fmt: skip
            rng.shuffle(pair)
            cells.append((rng.choice(["{}/{}", "{}, {}", "{} ({})", "{}; {}"]).format(*pair), MMR[repair]))
    for meaning in ("deficient", "proficient", "unstable", "stable"):
        for method in WORDS["mmr"]["method"]:
            word = rng.choice([word for word in WORDS["mmr"][meaning] if not re.search("[:/]", word)])
            cells += [(f"{word} ({method})", MMR[meaning]), (f"{method.upper()}: {word.upper()}", MMR[meaning])]
    in_portals = {
        "MSI-H": "dMMR/MSI-H", "MSI-High (MSI-H)": "dMMR/MSI-H", "Instable": "dMMR/MSI-H", "MSI-H/dMMR": "dMMR/MSI-H",
        "MSI+": "dMMR/MSI-H", "MSS": "pMMR/MSS", "MS-Stable": "pMMR/MSS", "Microsatellite Stable (MSS)": "pMMR/MSS",
        "MSI-L": "pMMR/MSS", "MSI-L/MSS": "pMMR/MSS", "Non-MSI-H": "pMMR/MSS", "MSS (MSI-H not detected)": "pMMR/MSS",
        "Do not report": None, "Indeterminate": None, "MSI-Ambiguous": None, "MS-Equivocal": None,
    }  # fmt: skip
    return [*cells, *in_portals.items()]


STRUCTURED = {"ecog": _ecog, "grade": _grade, "event": _event, "mmr": _mmr}

# Near the words above and none of them: a contradiction, a denial, a range, a scale's end, a code for nothing
NO_ANSWER = {
    "sex": ["1", "2", "x", "female?", "not male", "M/F", "other", "diverse", "femal", "mmale", "f-"],
    "yes_no": ["2", "-1", "maybe", "yes?", "not yes", "yes/no", "nope", "yess", "-0", "01", "1:no"],
    "benefit": ["NR", "CB", "some", "durable?", "non", "-1", "2", "not no", "dcb ndb", "PR"],
    "response": ["CR/PR", "responder", "R", "NR", "non-CR/non-PD", "PD?", "iPR", "yes", "1", "not PD", "MR"],
    "m_stage": ["IVA", "Stage IVB", "M1d", "M2", "M", "T1", "-1", "M1a/M1b", "2", "1d", "N1", "M0 or M1"],
    "ecog": [
        "5", "9", "-1", "01", "1.5", "0-1", "1 or 2", "1 to 2", "0/1", "1 (was 2)", "0 - Restricted", "2 - mild",
        "1 xyz", "KPS 90", "Karnofsky 80%", "100", "3+", "≥3", "<2", "ECOG", "I", ".1", "fully", "ECOG 5", "1?",
    ],
    "grade": [
        "6", "7", "-1", "3.5", "3-4", "3/4", "Grade 3-4", "Grade 3/4", "≥3", ">=3", "3+", "+3", "3 - Mild",
        "Grade 2 severe", "G6", "VI", "IIII", "IIIb", "high", "bad", "03", "33", "3?", "not severe", "grade", ".3",
        "Grade 3 or 4", "v5.0",
    ],
    "event": [
        "2", "-1", "3", "01", "1/2", "1:LIVING", "1:Alive", "1: living", "0:DECEASED", "0:Dead", "1:Not Progressed",
        "0:Progressed", "1:Censored", "0:Yes", "1:No", "DECEASED:1", "1;DECEASED", "2:DECEASED", "x", "1:not dead",
        "1:ALIVE WITH DISEASE", "0:DEAD OF CANCER", "1:progression-free", "not dead", "no longer alive",
        "1:never progressed", "died of other causes", "deceased?", "alive or dead", "living-", "0:PROGRESSED/DEAD",
        "1:Lost to follow-up", "1:0",
    ],
    "pdl1_assay": ["22C", "22C3/28-8", "not 22C3", "SP26", "SP2633", "Dako", "PD-L1", "IHC", "28", "8-28", "288"],
    "mmr": [
        "not MSI-H", "not deficient", "no MMR deficiency", "MSI-", "MSI-I", "dMMR/pMMR", "MSS/MSI-H", "positive",
        "wobbly", "unstablex", "xMSS", "MSSx", "dMMRx", "MSI-highly", "PCR", "insufficiently stable", "TMB-H",
        "MSS?", "1", "0", "Indeterminate/MSS",
    ],
    "biopsy_time": ["on", "day 28", "post", "pre/post", "not baseline", "second", "1", "remission", "baseline?"],
    "fixation": ["FF/FFPE", "FFP", "tissue", "not fixed", "fresh", "1", "FFPE?", "unfixed", "PFA"],
    "quality": ["warning", "borderline", "not passed", "pass?", "PASS/FAIL", "1", "0", "7.5", "RIN 7"],
    "cell_of_origin": ["ABC/GCB", "non-GCB", "non-ABC", "not ABC", "PMBL", "ABC?", "1", "activated", "Hans"],
    "backbone": ["chemotherapy", "platinum", "non-SCLC", "SCLC/NSCLC", "both", "1", "NSCLC?", "SCLC-typ"],
    "review": ["agreed?", "partly agreed", "agreed/not agreed", "1", "pending review", "not", "agrees not"],
    "end_reason": ["progression or toxicity", "no progression", "not completed", "efficacy", "1", "toxicity?"],
    "subtype": [
        "none", "carcinoid-like", "SCLC-like/NSCLC-like", "Type I", "1", "not SCLC-like", "mixed", "SCLC-like?",
    ],
    "pathogenicity": [
        "not pathogenic", "5", "pathogenic?", "risk factor", "drug response", "patho", "pathogenic/benign", "yes",
    ],
    "oncogenic": ["not oncogenic", "likely", "oncogenic?", "likely pathogenic", "yes", "1"],
    "driver": ["driver", "passenger", "putative", "yes", "1", "putative driver?"],
}  # fmt: skip


# --- the study folder


def table(columns: dict[str, list[str]]) -> str:
    """Columns as tab-separated text; a shorter one ends in empty cells."""
    rows = itertools.zip_longest(*columns.values(), fillvalue="")
    return "\n".join("\t".join(row) for row in [list(columns), *rows]) + "\n"


def study(folder: Path, patients: dict | None = None, samples: dict | None = None, calls: dict | None = None, **files):
    """A study folder with these columns: as many patients as the longest has cells, each with one sample."""
    folder.mkdir(parents=True, exist_ok=True)
    number = max((len(cells) for part in (patients, samples) for cells in (part or {}).values()), default=1)
    ids, samples_of = [f"P{place}" for place in range(number)], [f"S{place}" for place in range(number)]
    texts = {
        "data_clinical_patient.txt": table({"PATIENT_ID": ids, **(patients or {})}),
        "data_clinical_sample.txt": table({"SAMPLE_ID": samples_of, "PATIENT_ID": ids, **(samples or {})}),
    } | files
    if calls is not None:
        number = max(map(len, calls.values()))
        own = {"Hugo_Symbol": [f"GENE{place}" for place in range(number)], "Tumor_Sample_Barcode": ["S0"] * number}
        texts["data_mutations.txt"] = table(own | calls)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def clinical(folder: Path, column: str, cells: list[str]) -> Path:
    """A study folder with one more column, of patients or of samples."""
    return study(folder, **{"samples" if column in SAMPLES else "patients": {column: cells}})


def values_of(cohort: Cohort, column: str) -> list:
    """What a clinical column holds: None where missing, grades as text as other words."""
    values = (cohort.samples if column in SAMPLES else cohort.patients)[column]
    if CLOSED[column] == "grade":
        return [None if pd.isna(value) else f"{value:g}" for value in values]
    return [None if pd.isna(value) else value for value in values]


def departures(cells: list[str], got: list, wanted: list) -> list[tuple]:
    """The cells that are not read to what is wanted: (cell, what it is, what it should be)."""
    return [each for each in zip(cells, got, wanted, strict=True) if each[1] != each[2]]


# --- nothing is left unstated


def as_text(name: str) -> dict:
    return yaml.load((ROOM / name).read_text(encoding="utf-8"), yaml.BaseLoader)


def test_every_word_of_the_vocabularies_is_stated_here():
    """A word that is added to the reader needs its meaning here, and no word is left out of the walk."""
    read = as_text("words.yaml")
    assert set(NULL_WORDS) | {""} == {word.lower() for word in read.pop("nulls")}
    assert set(read) == set(WORDS)
    for name, meanings in read.items():
        mine = {small(word): meaning for meaning, words in WORDS[name].items() for word in words}
        theirs = {small(word): meaning for meaning, words in meanings.items() for word in [meaning, *words] if word}
        assert mine == theirs, name
    theirs = {
        drug: kind for kind, groups in as_text("drugs.yaml").items() for drugs in groups.values() for drug in drugs
    }
    assert theirs == KIND_OF_DRUG
    theirs = {word: entry["class"] for entry in as_text("consequences.yaml") for word in entry["words"]}
    assert theirs == CLASS_OF


def test_every_closed_column_of_the_dictionary_is_walked():
    assert set(dictionary.WORDS) == set(CLOSED)
    assert {dictionary.WORDS[column] for column in CLOSED} == set(CLOSED.values())


def test_no_word_means_two_things():
    for name, meanings in WORDS.items():
        words = [small(word) for meaning, part in meanings.items() for word in {small(word) for word in part}]
        assert [word for word, number in Counter(words).items() if number > 1] == [], name
        # the columns of the MAF are read with their null words
        assert name in STATUSES.values() or not set(words) & {small(word) for word in NULL_WORDS}, name


# --- closed columns


NOT_OF_LIFE = re.compile(r"progress|recur|relaps|\bpd\b|stopped|discontinu", re.I)


def stated_of(column: str) -> list:
    """The stated words of a column's vocabulary; words of a progression or a stop say nothing of life and death."""
    pairs = stated(CLOSED[column])
    return (
        [pair for pair in pairs if not NOT_OF_LIFE.search(pair[0])] if column in ("OS_STATUS", "DSS_STATUS") else pairs
    )


@pytest.mark.parametrize("column", ["OS_STATUS", "DSS_STATUS"])
def test_a_progression_is_no_death(tmp_path, column):
    cells = ["1:Progressed", "PD", "0:Not Progressed", "Recurred", *["0:LIVING", "1:DECEASED"] * 30]
    cohort = read_study(clinical(tmp_path / "study", column, cells))
    assert cohort.words[column] == dict.fromkeys(cells[:4], 1)
    assert values_of(cohort, column)[:4] == [None] * 4


@pytest.mark.parametrize("column", CLOSED)
def test_every_word_of_a_closed_column_means_what_is_stated(tmp_path, column):
    cells, wanted = zip(*stated_of(column), strict=True)
    cohort = read_study(clinical(tmp_path / "study", column, list(cells)))
    assert departures(cells, values_of(cohort, column), list(wanted)) == []
    assert column not in cohort.words and column not in cohort.refused


@pytest.mark.parametrize("column", CLOSED)
def test_no_word_for_nothing_is_an_answer_or_is_named(tmp_path, column):
    nothing = [cell for word in NULL_WORDS for cell in (*spellings(word), *bracketed(word))]
    known = next(cell for cell, meaning in stated(CLOSED[column]) if meaning is not None)
    cohort = read_study(clinical(tmp_path / "study", column, [known, *nothing, "", "-", "--"]))
    values = values_of(cohort, column)
    assert (
        values[0] is not None
        and [cell for cell, value in zip(nothing, values[1:], strict=False) if value is not None] == []
    )
    assert set(values[1:]) == {None} and column not in cohort.words and column not in cohort.refused


@pytest.mark.parametrize("column", CLOSED)
def test_what_is_near_a_word_is_no_answer(tmp_path, column):
    """Each of them alone among known words: the cell is missing, and it is named and counted."""
    odd = NO_ANSWER[CLOSED[column]]
    known = [(cell, meaning) for cell, meaning in stated(CLOSED[column]) if meaning is not None][0]
    cells = [cell for word in odd for cell in [word, *[known[0]] * 12]]
    cohort = read_study(clinical(tmp_path / "study", column, cells))
    wanted = [meaning for _ in odd for meaning in [None, *[known[1]] * 12]]
    assert departures(cells, values_of(cohort, column), wanted) == []
    assert cohort.words[column] == dict.fromkeys(odd, 1)
    assert column not in cohort.refused
    note = next(note for note in cohort.notes if f"column {column}:" in note)
    assert ".txt, column" in note and "read as missing" in note


def test_a_status_coded_1_and_2_is_refused_as_a_column(tmp_path):
    for place, cells in enumerate((["1", "2"] * 10, ["2"] * 20, ["1.0", "2.0"] * 10)):
        for key in ("OS", "PFS", "RWPFS", "TOT", "DFS", "RFS", "EFS", "DSS"):
            columns = {f"{key}_MONTHS": ["5"] * 20, f"{key}_STATUS": cells}
            cohort = read_study(study(tmp_path / f"{place}{key}", columns))
            assert cohort.words[f"{key}_STATUS"] == Counter(cells)
            with pytest.raises(MissingData, match=f"column {key}_STATUS: a code of 1 and 2 is not guessed"):
                cohort.survival(key)


def test_one_grade_of_a_timeline_is_read_as_a_grade(tmp_path):
    cells, wanted = zip(*stated("grade"), strict=True)
    cells, wanted = [*cells, *NO_ANSWER["grade"], *NULL_WORDS], [*wanted, *[""] * len(NO_ANSWER["grade"] + NULL_WORDS)]
    events = table({"PATIENT_ID": ["P0"] * len(cells), "START_DATE": ["3"] * len(cells), "STOP_DATE": [],
                    "EVENT_TYPE": ["TOXICITY"] * len(cells), "GRADE": cells})  # fmt: skip
    cohort = read_study(study(tmp_path / "study", **{"data_timeline_toxicity.txt": events}))
    assert departures(cells, list(cohort.timeline("toxicity")["GRADE"]), wanted) == []
    assert cohort.words["GRADE"] == dict.fromkeys(NO_ANSWER["grade"], 1)


# --- kinds of samples


@pytest.mark.parametrize(
    "column", ["SAMPLE_TYPE", "SAMPLE_CLASS", "SAMPLE_TYPE_DETAILED", "TISSUE_TYPE", "SPECIMEN_TYPE"]
)
def test_normal_tissue_is_set_aside_and_every_other_kind_is_a_tumour(tmp_path, column):
    cells = {meaning: [cell for word in words for cell in spellings(word)] for meaning, words in
             WORDS["sample_type"].items()}  # fmt: skip
    normal, tumours = cells["normal"], [*cells["tumor"], "zebra", "zebra", "abnormal", "not normal", "normalised"]
    cohort = read_study(study(tmp_path / "study", samples={column: [*normal, *tumours, *NULL_WORDS]}))
    assert cohort.normals == [f"S{place}" for place in range(len(normal))]
    assert len(cohort.samples) == len(tumours) + len(NULL_WORDS)
    if column in ("SAMPLE_TYPE", "SAMPLE_CLASS"):  # the others may hold any tissue
        assert cohort.words[column] == {"zebra": 2, "abnormal": 1, "not normal": 1, "normalised": 1}
    assert any(f"{len(normal)} of " in note and "normal tissue" in note for note in cohort.notes)


# --- treatments


def regimens(folder: Path, cells: list[str], column: str = "FIRST_LINE_REGIMEN") -> Cohort:
    return read_study(study(folder, {column: cells}))


def grouped(kinds: set[str]) -> str | None:
    """The treatment that parts of these kinds make; None where they make none of those known."""
    kinds = kinds - {"beside"}
    if {"chemotherapy", "immunotherapy"} <= kinds or "chemoimmunotherapy" in kinds:
        return "chemoimmunotherapy" if "targeted therapy" not in kinds else None
    return next(iter(kinds)) if len(kinds) == 1 else None


@pytest.mark.parametrize("column", ["FIRST_LINE_REGIMEN", "SECOND_LINE_REGIMEN"])
def test_every_regimen_and_every_drug_is_of_its_class(tmp_path, column):
    pairs = [(cell, grouped({kind})) for word, kind in KIND_OF_REGIMEN.items() for cell in spellings(word)]
    ends = [
        " monotherapy",
        " mono",
        " alone",
        " only",
        " maintenance",
        " x4",
        " 4 cycles",
        " (6 cycles)",
        " AUC 5",
        " AUC5",
    ]
    pairs += [(f"{word}{end}", grouped({kind})) for word, kind in KIND_OF_DRUG.items() for end in ends]
    cells, wanted = zip(*pairs, strict=True)
    cohort = regimens(tmp_path / "study", list(cells), column)
    # what only goes beside others makes no regimen: it is a group of its own, and named
    wanted = [" ".join(cell.replace('"', "").split()) if group is None else group for cell, group in pairs]
    got = [" ".join(value.split()) for value in cohort.patients[column]]
    assert departures(cells, got, wanted) == []
    beside = {word for word, kind in KIND_OF_DRUG.items() if kind == "beside"}
    assert {re.sub(r"[ _-]+", " ", cell.lower()) for cell in cohort.words[column]} >= beside
    assert all(any(word in re.sub(r"[ _-]+", " ", cell.lower()) for word in beside) for cell in cohort.words[column])


def test_combinations_of_regimens_and_drugs_are_of_the_class_that_their_parts_make(tmp_path):
    rng = random.Random(11)
    joined = ["/", " / ", " + ", "+", ", ", " and ", " with ", " plus ", " & ", "; ", "|"]
    pairs = []
    for _ in range(3000):
        parts = rng.sample(list(KIND_OF_REGIMEN), rng.choice([2, 2, 3, 4]))
        cell = parts[0] + "".join(rng.choice(joined) + part for part in parts[1:])
        pairs.append(
            (rng.choice([str, str.upper, str.title])(cell), grouped({KIND_OF_REGIMEN[part] for part in parts}))
        )
    cohort = regimens(tmp_path / "study", [cell for cell, _ in pairs])
    wanted = [cell if group is None else group for cell, group in pairs]
    assert departures([cell for cell, _ in pairs], list(cohort.patients["FIRST_LINE_REGIMEN"]), wanted) == []
    assert cohort.words["FIRST_LINE_REGIMEN"] == Counter(cell for cell, group in pairs if group is None)
    assert Counter(group for _, group in pairs).keys() == {"chemotherapy", "immunotherapy", "chemoimmunotherapy",
                                                           "targeted therapy", None}  # fmt: skip


# As hospitals and trials write them
WRITTEN = {
    "Carboplatin-Etoposide": "chemotherapy", "carboplatin etoposide": "chemotherapy", "Carbo/VP-16": "chemotherapy",
    "Cis/Eto": "chemotherapy", "nab-Paclitaxel + Carboplatin": "chemotherapy",
    "Chemo (carboplatin/etoposide)": "chemotherapy",
    "Carboplatin + etoposide (4 cycles)": "chemotherapy", "Cisplatin/Vinorelbin": "chemotherapy",
    "Docetaxel/Ramucirumab": "chemotherapy", "Carboplatin/Paclitaxel/Bevacizumab": "chemotherapy",
    "carboplatin+etoposide+placebo": "chemotherapy", "Platinum-etoposide": "chemotherapy",
    "CARBOPLATIN, ETOPOSIDE, ATEZOLIZUMAB": "chemoimmunotherapy",
    "carboplatin/pemetrexed/pembrolizumab": "chemoimmunotherapy",
    "carboplatin etoposide atezolizumab": "chemoimmunotherapy", "Platinum/Etoposide/PD-L1": "chemoimmunotherapy",
    "Chemo + IO": "chemoimmunotherapy", "Chemo-IO": "chemoimmunotherapy", "ICI + chemo": "chemoimmunotherapy",
    "Platinum doublet + pembrolizumab": "chemoimmunotherapy",
    "platinum doublet with anti-PD-(L)1": "chemoimmunotherapy",
    "Chemoimmunotherapy (carboplatin, etoposide, durvalumab)": "chemoimmunotherapy",
    "carboplatin+etoposide+durvalumab+tremelimumab": "chemoimmunotherapy",
    "Ipilimumab/Nivolumab": "immunotherapy", "Nivo+Ipi": "immunotherapy",
    "Pembrolizumab monotherapy": "immunotherapy",
    "anti-PD-(L)1": "immunotherapy", "PD-1/PD-L1 inhibitor": "immunotherapy", "ICI mono": "immunotherapy",
    "Osimertinib": "targeted therapy", "EGFR-TKI": "targeted therapy", "Dabrafenib + Trametinib": "targeted therapy",
}  # fmt: skip
# What is no regimen known here, however near: a group under its own name
OWN_GROUP = [
    "Carboplatin + XYZ-123", "chemotherapy without immunotherapy", "no chemotherapy",
    "chemotherapy followed by immunotherapy",
    "platinum doublet then pembrolizumab", "carboplatin x4 then docetaxel",
    "pembrolizumab maintenance after chemoradiation",
    "chemotherapy (no immunotherapy)", "chemoradiation", "BSC", "surgery", "Test", "carboplatin/etopside",
    "osimertinib + chemo",
    "chemotherapy or immunotherapy", "chemotherapy?", "not chemotherapy", "pembrolizumab, osimertinib",
    "ramucirumab", "placebo",
    "xchemo", "chemoonly", "PD-2", "2", "yes",
]  # fmt: skip


def test_regimens_as_they_are_written(tmp_path):
    cohort = regimens(tmp_path / "study", [*WRITTEN, *OWN_GROUP, *OWN_GROUP])
    got = list(cohort.patients["FIRST_LINE_REGIMEN"])
    assert (
        departures([*WRITTEN, *OWN_GROUP], got[: len(WRITTEN) + len(OWN_GROUP)], [*WRITTEN.values(), *OWN_GROUP]) == []
    )
    assert cohort.words["FIRST_LINE_REGIMEN"] == dict.fromkeys(OWN_GROUP, 2)
    assert "FIRST_LINE_REGIMEN" not in cohort.refused


def test_no_second_line_is_missing_and_no_first_line_a_group(tmp_path):
    words = ["None", "no", "No second line", "no treatment", *NULL_WORDS]
    cohort = read_study(study(tmp_path / "study", {"SECOND_LINE_REGIMEN": ["docetaxel", *words]}))
    assert cohort.patients["SECOND_LINE_REGIMEN"].notna().sum() == 1 and "SECOND_LINE_REGIMEN" not in cohort.words


# --- numbers and days

BOUNDED = {
    "AGE": {"61": 61, "61.5": 61.5, ">89": 89, "> 89": 89, "≥90": 90, ">=90": 90, "90+": 90, "<18": 18, "<=18": 18,
            "0": 0, "120": 120, "6.1e1": 61, "5.": 5, "+61": 61},
    "PDL1_SCORE": {"0": 0, "<1": 0, "<1%": 0, "< 1 %": 0, "50%": 50, "50 %": 50, "≥50": 50, ">=50%": 50,
                   "100": 100, ".5": 0.5},
    "TMB_NONSYNONYMOUS": {"8.5": 8.5, "0": 0, "1e1": 10, ">100": 100},
    "OS_MONTHS": {"0": 0, "12.5": 12.5, "1e2": 100, "600": 600, "20.0": 20},
    "FGA": {"0": 0, "0.31": 0.31, "1": 1, "1.0": 1},
}  # fmt: skip
NO_NUMBER = [
    "12,5", "1,234", "1 000", "1_000", "0x10", "inf", "-inf", "Infinity", "1e400", "--5", "5..", "1.2.3", "one",
    "12 months",
    "1-49", "1–49", "~5", "=5", "½", ">", "%", ">50-60", "5+%", "high", "1e", "five", "5/6", "#DIV/0!", "12m",
    "NaN?", "-1e3",
    "1e9", "99999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize("column", BOUNDED)
def test_numbers_and_bounds_are_read_and_what_is_no_number_is_missing(tmp_path, column):
    part = "samples" if column in ("PDL1_SCORE", "TMB_NONSYNONYMOUS", "FGA") else "patients"
    good = BOUNDED[column]
    cells = [*good, *NO_NUMBER, *[next(iter(good))] * 400, *NULL_WORDS]
    cohort = read_study(study(tmp_path / "study", **{part: {column: cells}}))
    values = getattr(cohort, part)[column]
    assert values.dtype == float
    assert departures(list(good), list(values[: len(good)]), list(good.values())) == []
    assert values[len(good) : len(good) + len(NO_NUMBER)].isna().all() and values[-len(NULL_WORDS) :].isna().all()
    assert cohort.words[column] == dict.fromkeys(NO_NUMBER, 1)
    bounds = [cell for cell in good if cell[0] in "<>≥≤" or cell.endswith("+")]
    assert not bounds or any("are bounds, read as the number in them" in note for note in cohort.notes)


@pytest.mark.parametrize("column", ["PDL1_SCORE", "TMB_NONSYNONYMOUS"])
def test_below_a_number_is_no_answer_where_a_cut_off_may_lie_below_it_too(tmp_path, column):
    """Below 10 read as 10, a tumour would have a high burden, or be positive for PD-L1."""
    odd = ["<10", "< 5", "<=1", "≤50", "=<2", "<0.5"]
    cohort = read_study(study(tmp_path / "study", samples={column: [*odd, "<1", ">10", *["3"] * 60]}))
    values = cohort.samples[column]
    assert values[: len(odd)].isna().all() and list(values[len(odd) : len(odd) + 2]) == [0, 10]
    assert cohort.words[column] == dict.fromkeys(odd, 1)


@pytest.mark.parametrize("column", dictionary.NUMBERS)
def test_a_number_beyond_what_can_be_is_missing_in_every_column(tmp_path, column):
    lowest, highest = {
        "AGE": (0, 120), "LINES_OF_TX": (0, 50), "TMB_NONSYNONYMOUS": (0, 5000), "PDL1_SCORE": (0, 100), "FGA": (0, 1),
        "COVERED_MEGABASES": (0, 4000), "ASSAY_GENES": (0, 70000), "BIOPSY_MONTHS": (-600, 600),
        **{name: (0, 18263) for name in dictionary.NUMBERS if name.endswith(("_DAYS", "_DAY"))},  # 600 months
        "BIOPSY_DAY": (-18263, 18263), "IPI": (0, 5), "PRIOR_LINES": (0, 50), "TUMOR_BURDEN_MM2": (0, 1_000_000),
        "CAR_PEAK_PER_UL": (0, 1_000_000), "CD19_H_SCORE": (0, 300),
    }.get(column, (0, 600))  # fmt: skip
    odd = [str(lowest - 0.1), str(highest + 0.1), str(10 * highest + 1), str(lowest - 1000)]
    part = "samples" if column in ("TMB_NONSYNONYMOUS", "PDL1_SCORE", "FGA", "COVERED_MEGABASES", "ASSAY_GENES",
                                   "BIOPSY_MONTHS", "BIOPSY_DAY", "CD19_H_SCORE") else "patients"  # fmt: skip
    cohort = read_study(study(tmp_path / "study", **{part: {column: [str(lowest), str(highest), *odd, *["1"] * 60]}}))
    values = list(getattr(cohort, part)[column])
    assert values[:2] == [lowest, highest] and np.isnan(values[2:6]).all() and values[6:] == [1] * 60
    assert cohort.words[column] == dict.fromkeys(odd, 1)


# The cells of a column, and the days that they are
DAYS = {
    "ISO": {"2019-03-04": "2019-03-04", "2020-12-31": "2020-12-31", "2019-03-04T10:00:00": "2019-03-04",
            "2021-02-28 00:00": "2021-02-28", "2020-02-29": "2020-02-29"},
    "ISO with other signs": {"2019/03/04": "2019-03-04", "2019.3.4": "2019-03-04"},
    "ISO without signs": {"20191231": "2019-12-31", "20200101": "2020-01-01"},
    "day first": {"31/12/2019": "2019-12-31", "03/04/2020": "2020-04-03"},
    "day first, points": {"31.12.2019": "2019-12-31", "4.3.2020": "2020-03-04"},
    "day first, hyphens": {"31-12-2019": "2019-12-31", "03-04-2020": "2020-04-03"},
    "month first": {"12/31/2019": "2019-12-31", "03/04/2020": "2020-03-04"},
    "month first, points": {"12.31.2019": "2019-12-31", "3.4.2020": "2020-03-04"},
    "month by name": {"31-Dec-2019": "2019-12-31", "4-Mar-2020": "2020-03-04"},
    "SAS": {"31DEC2019": "2019-12-31", "04MAR2020": "2020-03-04"},
    "English": {"December 31, 2019": "2019-12-31", "Mar 4, 2020": "2020-03-04"},
    "English, day first": {"31 December 2019": "2019-12-31", "4 Mar 2020": "2020-03-04"},
    "day and month the same": {"03/03/2019": "2019-03-03", "12/12/2020": "2020-12-12"},
}  # fmt: skip
NO_DAYS = {
    "either": (["03/04/2019", "05/06/2020"], "could be day/month or month/day"),
    "both": (
        ["31/12/2019", "12/31/2019", "03/04/2018"],
        "could be day/month or month/day|no format that the column shares",
    ),
    "Excel": (["43500", "43501", "43502"], "serial number of Excel"),
    "Excel with hours": (["43500.5", "43501.25"], "serial number of Excel"),
    "years": (["2019", "2020"], "no format"),
    "months": (["2019-12", "2020-01"], "no format"),
    "two digits": (["31/12/19", "01/02/20"], "no format"),
    "no days": (["2019-13-01", "2019-02-30"], "no format"),
    "words": (["spring 2019", "last year"], "no format"),
}


@pytest.mark.parametrize("form", DAYS)
def test_days_in_every_form(tmp_path, form):
    cells = list(DAYS[form])
    cohort = read_study(study(tmp_path / "study", {"FIRST_LINE_START": [*cells, *NULL_WORDS]}))
    days = cohort.patients["FIRST_LINE_START"]
    assert list(days[: len(cells)]) == list(DAYS[form].values()) and days[len(cells) :].isna().all()
    assert "FIRST_LINE_START" not in cohort.words


@pytest.mark.parametrize("form", NO_DAYS)
def test_days_that_cannot_be_told_refuse_the_column(tmp_path, form):
    cells, why = NO_DAYS[form]
    cohort = read_study(study(tmp_path / "study", {"FIRST_LINE_START": cells}))
    assert "FIRST_LINE_START" not in cohort.patients and cohort.words["FIRST_LINE_START"] == Counter(cells)
    assert (
        re.search(why, cohort.refused["FIRST_LINE_START"]) and "write YYYY-MM-DD" in cohort.refused["FIRST_LINE_START"]
    )
    with pytest.raises(MissingData, match="FIRST_LINE_START"):
        cohort.column("FIRST_LINE_START", "start of treatment")


# --- mutations


def of_genes(cohort: Cohort, column: str) -> dict[str, str]:
    """A column of the mutations by gene: each call of `study` is of a gene of its own."""
    return dict(zip(cohort.mutations["Hugo_Symbol"], cohort.mutations[column], strict=True))


def kept(cohort: Cohort, cells: list[str]) -> list[bool]:
    """Whether each call counts."""
    genes = set(cohort.mutations["Hugo_Symbol"])
    return [f"GENE{place}" in genes for place in range(len(cells))]


def test_every_consequence_changes_a_protein_or_is_left_out(tmp_path):
    pairs = [(cell, kind != "") for word, kind in CLASS_OF.items() for cell in spellings(word)]
    # of words together the most severe counts
    words, rng = list(CLASS_OF), random.Random(7)
    for _ in range(1500):
        parts = rng.sample(words, rng.choice([2, 2, 3]))
        pairs.append((rng.choice("&,;|").join(parts), any(CLASS_OF[part] for part in parts)))
    pairs += [(cell, True) for cell in ("", "Unknown", "other", "undefined")]  # not said: counts, as in cBioPortal
    cells, counts = zip(*pairs, strict=True)
    cohort = read_study(study(tmp_path / "study", calls={"Variant_Classification": list(cells)}))
    assert departures(cells, kept(cohort, cells), list(counts)) == []
    assert "Variant_Classification" not in cohort.words
    assert any(
        note.startswith(f"{counts.count(False)} of {len(cells)} mutation rows change no protein")
        for note in cohort.notes
    )


NOT_LOADED = ("silent", "intron", "3'utr", "3'flank", "5'utr", "5'flank", "igr")  # as cBioPortal's importer filters

# As MAF files, VEP, SnpEff and ANNOVAR write them
WRITTEN_CONSEQUENCES = {
    "Missense_Mutation": True, "Silent": False, "RNA": False, "5'Flank": False, "3'UTR": False, "IGR": False,
    "Intron": False, "Splice_Site": True, "Splice_Region": True, "Translation_Start_Site": True,
    "Nonstop_Mutation": True,
    "Targeted_Region": True, "Fusion": True, "nonsynonymous SNV": True, "synonymous SNV": False, "stopgain": True,
    "frameshift deletion": True, "nonframeshift insertion": True, "exonic;splicing": True, "ncRNA_exonic": False,
    "UTR5;UTR3": False, "upstream;downstream": False, "missense_variant&splice_region_variant": True,
    "splice_region_variant&synonymous_variant": True, "intron_variant,non_coding_transcript_variant": False,
    "NON_SYNONYMOUS_CODING": True, "SPLICE_SITE_DONOR": True, "START_GAINED": False, "In-frame deletion": True,
    "Frame Shift Del": True, "Silent_Mutation": False, "stop_gained/frameshift_variant": True,
}  # fmt: skip


def test_consequences_as_they_are_written(tmp_path):
    cells = list(WRITTEN_CONSEQUENCES)
    cohort = read_study(study(tmp_path / "study", calls={"Variant_Classification": cells}))
    assert departures(cells, kept(cohort, cells), list(WRITTEN_CONSEQUENCES.values())) == []
    assert "Variant_Classification" not in cohort.words


def test_a_consequence_that_begins_as_one_that_cbioportal_does_not_load_is_left_out(tmp_path):
    """The importer looks at how the word begins; of words together the most severe counts all the same."""
    begins = [f"{word.upper()}{end}" for word in NOT_LOADED for end in ("", "s", " region", "_x", "9")]
    cells = [*begins, *[f"{word}&stop_gained" for word in NOT_LOADED]]
    cohort = read_study(study(tmp_path / "study", calls={"Variant_Classification": cells}))
    assert kept(cohort, cells) == [False] * len(begins) + [True] * len(NOT_LOADED)
    assert "SILENTs" in cohort.words["Variant_Classification"]  # left out, and named all the same


def test_a_mutation_of_terts_promoter_counts_and_no_other(tmp_path):
    words = ["5'Flank", "5'flank", "upstream_gene_variant", "upstream", "promoter"]
    calls = {"Hugo_Symbol": ["TERT"] * 5 + ["TP53"] * 5, "Variant_Classification": words * 2}
    cohort = read_study(study(tmp_path / "study", calls=calls))
    assert list(cohort.mutations["Hugo_Symbol"]) == ["TERT"] * 5


@pytest.mark.parametrize("column", STATUSES)
def test_statuses_that_cbioportal_does_not_load(tmp_path, column):
    loads = {word: meaning == "loaded" for meaning, words in WORDS[STATUSES[column]].items() for word in words}
    pairs = [(cell, loaded) for word, loaded in loads.items() for cell in spellings(word)]
    odd = ["wild-type?", "LOH?", "no LOH", "Somatix", "germline/somatic", "1"]
    nulls = ["", "NA", "Unknown", "N/A"]
    pairs += [(cell, True) for cell in (*odd, *odd, *nulls)]
    cells, counts = zip(*pairs, strict=True)
    cohort = read_study(study(tmp_path / "study", calls={column: list(cells)}))
    assert departures(cells, kept(cohort, cells), list(counts)) == []
    assert cohort.words[column] == dict.fromkeys(odd, 2)
    assert any(
        note.startswith(f"{counts.count(False)} of {len(cells)} mutation rows have {column}") for note in cohort.notes
    )


@pytest.mark.parametrize("column", JUDGED)
def test_every_word_that_judges_a_mutation_is_read_as_its_meaning(tmp_path, column):
    pairs = [
        (cell, meaning)
        for meaning, words in WORDS[JUDGED[column]].items()
        for word in words
        for cell in spellings(word)
    ]
    pairs += [(word, "") for word in ("", "NA", "Unknown", "[Not Available]", "-", ".")]
    cells, wanted = zip(*pairs, strict=True)
    cohort = read_study(study(tmp_path / "study", calls={column: list(cells)}))
    got = of_genes(cohort, column)
    got = [got[f"GENE{place}"].lower().replace("_", " ") for place in range(len(cells))]
    assert departures(cells, got, list(wanted)) == []
    assert column not in cohort.words and column not in cohort.refused


@pytest.mark.parametrize("column", JUDGED)
def test_what_is_near_a_word_judges_no_mutation(tmp_path, column):
    odd, known = NO_ANSWER[JUDGED[column]], next(iter(WORDS[JUDGED[column]]))
    cells = [*odd, *[known] * (12 * len(odd))]
    cohort = read_study(study(tmp_path / "study", calls={column: cells}))
    got = of_genes(cohort, column)
    assert [got[f"GENE{place}"] for place in range(len(cells))] == [*[""] * len(odd), *[known] * (12 * len(odd))]
    assert cohort.words[column] == dict.fromkeys(odd, 1)


CHANGES = {
    "p.G12C": "p.G12C", "G12C": "p.G12C", "p.Gly12Cys": "p.G12C", "p.(Gly12Cys)": "p.G12C", "p.(G12C)": "p.G12C",
    "ENSP00000256078.4:p.Gly12Cys": "p.G12C", "NP_004976.2:p.G12C": "p.G12C",
    "KRAS:NM_033360:exon2:c.G34T:p.G12C": "p.G12C",
    "NM_004985.5(KRAS):c.34G>T (p.Gly12Cys)": "p.G12C", "KRAS G12C": "p.G12C", "G12C mutation": "p.G12C",
    "P.G12C": "p.G12C",
    "p.g12c": "p.G12C", "p.G12C (38%)": "p.G12C", "p.G12C, p.A146T": "p.G12C", "L858R;T790M": "p.L858R",
    "p.Glu746_Ala750del": "p.E746_A750del", "E746_A750del": "p.E746_A750del",
    "p.E746_A750delELREA": "p.E746_A750delELREA",
    "p.Arg213Ter": "p.R213*", "p.Arg213*": "p.R213*", "R213*": "p.R213*", "p.L747fs": "p.L747fs",
    "X125_splice": "p.X125_splice",
    "p.Leu747_Pro753delinsSer": "p.L747_P753delinsS", "p.Met1?": "p.M1?", "p.Tyr772_Ala775dup": "p.Y772_A775dup",
    "": "", "NA": "", ".": "", "-": "", "MUTATED": "", "p.=": "", "p.?": "", "c.34G>T": "", "NM_004985.5:c.34G>T": "",
    "PROMOTER": "", "g.25398285C>A": "",
}  # fmt: skip


@pytest.mark.parametrize("column", ["HGVSp_Short", "Amino_Acid_Change", "HGVSp", "Protein_Change", "AAChange"])
def test_protein_changes_in_every_notation_are_one(tmp_path, column):
    cohort = read_study(study(tmp_path / "study", calls={column: list(CHANGES)}))
    got = of_genes(cohort, "HGVSp_Short")
    assert (
        departures(list(CHANGES), [got[f"GENE{place}"] for place in range(len(CHANGES))], list(CHANGES.values())) == []
    )


def test_gene_symbols_that_a_spreadsheet_made_dates_are_named_and_left_out(tmp_path):
    dates = [
        "1-Sep",
        "2-Mar",
        "10-Sep",
        "SEP-1",
        "Mar-2",
        "1-Dec",
        "2019-09-01",
        "9/1/2019",
        "2019-09-01 00:00:00",
        "1-sep",
    ]
    genes = ["NKX2-1", "SEPTIN1", "MARCHF2", "HLA-A", "H3-3A", "DEC1", "C1orf43"] * 3
    calls = {"Hugo_Symbol": [*dates, *genes], "Tumor_Sample_Barcode": ["S0"] * (len(dates) + len(genes))}
    cohort = read_study(study(tmp_path / "study", calls=calls))
    assert list(cohort.mutations["Hugo_Symbol"]) == genes
    assert cohort.words["Hugo_Symbol"] == dict.fromkeys(dates, 1)
    assert any(f"{len(dates)} are dates that a spreadsheet made" in note for note in cohort.notes)


# --- random words, near the known ones and far from them

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mangled(rng: random.Random, word: str) -> str:
    """A word with letters swapped, lost, doubled or added, or with another number."""
    place = rng.randrange(len(word))
    return rng.choice([
        lambda: word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :],
        lambda: word[:place] + word[place + 1 :],
        lambda: word[:place] + 2 * word[place] + word[place + 1 :],
        lambda: word[:place] + rng.choice(LETTERS) + word[place:],
        lambda: rng.choice(["x", "un", "non", "pre", "not", "Z", "the "]) + word,
        lambda: word + rng.choice(["x", "ish", "?", "ly", " ?", "!", "9", " not", "s", "-"]),
        lambda: re.sub(r"\d", rng.choice("6789"), word) if re.search(r"\d", word) else word + rng.choice("6789"),
        lambda: f"{rng.choice(['', '-', '1', '9'])}{rng.randrange(6, 1000)}",
        lambda: "".join(rng.choices(LETTERS + LETTERS.upper() + " ", k=rng.randint(3, 14))),
    ])()  # fmt: skip


def is_stated(vocabulary: str, cell: str) -> bool:
    """Whether a cell is a word stated above, or made of words and digits as stated above."""
    body = small(cell)
    words = {small(word): meaning for meaning, part in WORDS.get(vocabulary, {}).items() for word in part}
    if body in words or body in {small(word) for word in NULL_WORDS} or body.strip("[]()") in NULL_WORDS or body == "":
        return True
    if vocabulary == "event":  # behind a digit any word may stand
        return bool(re.match(r"[01](\.0)?\s*:|[01](\.0)?$", body))
    if vocabulary == "mmr":
        return all(small(part) in words for part in re.split(r"[,;:/()+]", body) if part.strip())
    if vocabulary in ("ecog", "grade"):
        front = {"ecog": r"((ecog|ps|performance|status|score|grade|zubrod|who)[ :.=]*)*",
                 "grade": r"((nci|ctcae) ?)*(v ?\d(\.\d+)*[ :]*)?((grade|gr|g)[ .:=]*)?"}[vocabulary]  # fmt: skip
        rest = re.sub(f"^{front}", "", body)
        if small(rest) in words or vocabulary == "ecog" and re.fullmatch(r"(>=|≥)\s*2|2\s*\+", rest):
            return True
        digit, _, after = re.match(r"(\d(\.0)?|)[ :/(,;=]*(.*)$", rest).groups()
        after = re.sub(r"[ ,;()]+", " ", after).strip()
        roman = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"} if vocabulary == "grade" else {}
        if digit and digit[0] in WORDS[vocabulary]:
            return not after or words.get(small(after)) == digit[0]
        return not digit and (after in words or after in roman)
    if vocabulary == "consequence" and body.startswith(NOT_LOADED):
        return True
    if vocabulary in ("regimen", "consequence"):
        parts = re.split(r"[+/,;&|( )]|\band\b|\bwith\b|\bplus\b", body)
        known = KIND_OF_REGIMEN if vocabulary == "regimen" else CLASS_OF
        whole = body if vocabulary == "regimen" else re.sub(r"[\s_-]+", "_", body).strip("_")
        return whole in known or all(part in known or part in ("unknown", "other") for part in parts if part)
    return False


def near_misses(vocabulary: str, number: int, seed: str) -> list[str]:
    """So many different words, none of which is stated, made of those that are."""
    rng = random.Random(f"{vocabulary} {seed}")
    base = {"regimen": list(KIND_OF_REGIMEN), "consequence": list(CLASS_OF)}.get(vocabulary) or [
        cell.strip(' "') for cell, _ in stated(vocabulary)
    ]
    found: dict[str, None] = {}
    while len(found) < number:
        cell = mangled(rng, rng.choice(base)).strip()
        joins = vocabulary == "consequence" and re.search(r"[&,;|+/]", cell)
        if cell and not cell.startswith("#") and not is_stated(vocabulary, cell) and not joins and '"' not in cell:
            found[cell] = None
    return list(found)


@pytest.mark.parametrize("column", CLOSED)
def test_random_words_are_always_named_and_never_an_answer(tmp_path, column):
    """Alone they refuse the column; among ten times as many known words each cell is missing; all are counted."""
    vocabulary, rng = CLOSED[column], random.Random(column)
    words = near_misses(vocabulary, 150, column)
    cells = [word for word in words for _ in range(rng.choice([1, 1, 2, 3]))]
    cohort, _ = load(clinical(tmp_path / "alone", column, cells))
    assert cohort.words[column] == Counter(cells)
    assert column in cohort.refused and column not in cohort.patients and column not in cohort.samples
    known = [(cell, meaning) for cell, meaning in stated_of(column) if small(cell) not in NULL_WORDS]
    pairs = [(word, None) for word in words[:60]] + [rng.choice(known) for _ in range(700)]
    rng.shuffle(pairs)
    cohort = read_study(clinical(tmp_path / "among", column, [cell for cell, _ in pairs]))
    assert departures([cell for cell, _ in pairs], values_of(cohort, column), [meaning for _, meaning in pairs]) == []
    assert cohort.words[column] == dict.fromkeys(words[:60], 1) and column not in cohort.refused


def test_random_regimens_are_groups_of_their_own(tmp_path):
    words = near_misses("regimen", 800, "1")
    cells = [word for word in words for _ in range(1 + len(word) % 2)]
    for column in ("FIRST_LINE_REGIMEN", "SECOND_LINE_REGIMEN"):
        cohort = regimens(tmp_path / column, cells, column)
        assert list(cohort.patients[column]) == cells and cohort.words[column] == Counter(cells)


def test_random_grades_of_a_timeline_are_named(tmp_path):
    words = near_misses("grade", 200, "timeline")

    def read(name: str, cells: list[str]) -> Cohort:
        events = {
            "PATIENT_ID": ["P0"] * len(cells),
            "START_DATE": ["3"] * len(cells),
            "EVENT_TYPE": ["TOXICITY"] * len(cells),
        }
        return read_study(study(tmp_path / name, **{"data_timeline_toxicity.txt": table(events | {"GRADE": cells})}))

    cohort = read("alone", words)
    assert "GRADE" not in cohort.timeline("toxicity") and cohort.words["GRADE"] == dict.fromkeys(words, 1)
    assert "GRADE" in cohort.refused
    cohort = read("among", [*words, *["3"] * 2000])
    assert list(cohort.timeline("toxicity")["GRADE"]) == [""] * len(words) + ["3"] * 2000
    assert cohort.words["GRADE"] == dict.fromkeys(words, 1)


def test_random_consequences_count_and_are_named(tmp_path):
    words = near_misses("consequence", 600, "1")
    cohort = read_study(study(tmp_path / "study", calls={"Variant_Classification": words}))
    # the importer leaves out what begins with one of its own words, as "Intronic_x"; that is named all the same
    begins = ("silent", "intron", "igr", "3'utr", "5'utr", "3'flank", "5'flank")
    assert kept(cohort, words) == [not word.lower().startswith(begins) for word in words]
    assert cohort.words["Variant_Classification"] == dict.fromkeys(words, 1)
    # beside a known word, the known one decides only where it changes a protein
    cells = [
        f"{known}&{word.lower().replace(' ', '_')}"
        for word in words[:100]
        for known in ("intron_variant", "stop_gained")
    ]
    cohort = read_study(study(tmp_path / "beside", calls={"Variant_Classification": cells}))
    assert kept(cohort, cells) == [True] * len(cells)
    assert sum(cohort.words["Variant_Classification"].values()) == len(cells)


@pytest.mark.parametrize("column", STATUSES)
def test_random_statuses_are_loaded_and_named(tmp_path, column):
    words = near_misses(STATUSES[column], 300, column)
    cohort = read_study(study(tmp_path / "study", calls={column: words}))
    assert kept(cohort, words) == [True] * len(words) and cohort.words[column] == dict.fromkeys(words, 1)


@pytest.mark.parametrize("column", JUDGED)
def test_random_words_judge_no_mutation(tmp_path, column):
    words, known = near_misses(JUDGED[column], 300, column), list(WORDS[JUDGED[column]])[0]
    cohort = read_study(study(tmp_path / "alone", calls={column: words}))
    assert column not in cohort.mutations and cohort.words[column] == dict.fromkeys(words, 1)
    assert column in cohort.refused
    cohort = read_study(study(tmp_path / "among", calls={column: [*words[:60], *[known] * 700]}))
    assert list(cohort.mutations[column]) == [*[""] * 60, *[known] * 700]
    assert cohort.words[column] == dict.fromkeys(words[:60], 1)


def test_random_kinds_of_samples_are_tumours_and_named(tmp_path):
    words = near_misses("sample_type", 300, "1")
    cohort = read_study(study(tmp_path / "study", samples={"SAMPLE_TYPE": words}))
    assert cohort.normals == [] and len(cohort.samples) == len(words)
    assert cohort.words["SAMPLE_TYPE"] == dict.fromkeys(words, 1)
