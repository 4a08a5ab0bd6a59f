"""Whom a recommendation is addressed to, under every name that documents print."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addressees import addressee, addressees, recognise

# Alpha-3 codes of the 193 Member States.
MEMBERS = re.findall(
    "[A-Z]{3}",
    """
AFG ALB DZA AND AGO ATG ARG ARM AUS AUT AZE BHS BHR BGD BRB BLR BEL BLZ BEN BTN BOL BIH BWA BRA BRN
BGR BFA BDI CPV KHM CMR CAN CAF TCD CHL CHN COL COM COG COD CRI CIV HRV CUB CYP CZE PRK DNK DJI DMA
DOM ECU EGY SLV GNQ ERI EST SWZ ETH FJI FIN FRA GAB GMB GEO DEU GHA GRC GRD GTM GIN GNB GUY HTI HND
HUN ISL IND IDN IRN IRQ IRL ISR ITA JAM JPN JOR KAZ KEN KIR KWT KGZ LAO LVA LBN LSO LBR LBY LIE LTU
LUX MDG MWI MYS MDV MLI MLT MHL MRT MUS MEX FSM MCO MNG MNE MAR MOZ MMR NAM NRU NPL NLD NZL NIC NER
NGA MKD NOR OMN PAK PLW PAN PNG PRY PER PHL POL PRT QAT KOR MDA ROU RUS RWA KNA LCA VCT WSM SMR STP
SAU SEN SRB SYC SLE SGP SVK SVN SLB SOM ZAF SSD ESP LKA SDN SUR SWE CHE SYR TJK THA TLS TGO TON TTO
TUN TUR TKM TUV UGA UKR ARE GBR TZA USA URY UZB VUT VEN VNM YEM ZMB ZWE
""",
)

NAMES = [(name, known.code) for known in addressees() for name in (known.name, *known.aliases)]


def test_every_member_state_and_both_observer_states_are_known():
    assert len(set(MEMBERS)) == 193
    assert {*MEMBERS, "VAT", "PSE"} <= {known.code for known in addressees()}


def test_no_name_stands_for_two_addressees():
    assert len({known.code for known in addressees()}) == len(addressees())
    assert [(name, code) for name, code in NAMES if recognise(name) != code] == []


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("Bolivia (Plurinational State of)", "BOL"),
        ("Plurinational State of Bolivia", "BOL"),
        ("Libyan Arab Jamahiriya", "LBY"),
        ("Swaziland", "SWZ"),
        ("Timor Leste", "TLS"),
        ("Timor-Leste", "TLS"),
        ("Turkey", "TUR"),
        ("Türkiye", "TUR"),
        ("Holy See", "VAT"),
        ("State of Palestine", "PSE"),
        ("Viet Nam", "VNM"),
        ("Côte d'Ivoire", "CIV"),
        ("Côte d’Ivoire", "CIV"),
        ("Cote d'Ivoire", "CIV"),
        ("the former Yugoslav Republic of Macedonia", "MKD"),
        ("North Macedonia", "MKD"),
        ("Democratic Republic of Congo", "COD"),
        ("Republic of Congo", "COG"),
        ("DPR Korea", "PRK"),
        ("Republic of Korea", "KOR"),
        ("Bosnia & Herzegovina", "BIH"),
        ("Bosnia &amp; Herzegovina", "BIH"),
        ("United Kingdom of Great Britain and Northern Ireland", "GBR"),
        ("  the\u00a0NETHERLANDS ", "NLD"),
        ("Kingdom of the Netherlands", "NLD"),
        ("République bolivarienne du Venezuela", "VEN"),
        ("Российская Федерация", "RUS"),
        ("الجزائر", "DZA"),
        ("中国", "CHN"),
        ("European Union", "EUE"),
        ("UNMIK", "XKX"),
        ("Hong Kong, China", "HKG"),
        ("Macao", "MAC"),
        ("Serbia and Montenegro", "SCG"),
        ("Yugoslavia", "YUG"),
        ("Czechoslovakia", "CSK"),
        ("&#40;Unknown&#41;", "XXX"),
        ("the Kingdom of Bahrain", "BHR"),
        ("Lao People's Democratic Republic (the)", "LAO"),
        ("Albanie (l')", "ALB"),
        ("l’Albanie", "ALB"),
        ("la République d'Albanie", "ALB"),
        ("la República Argentina", "ARG"),
        ("Нидерланды (Королевство)", "NLD"),
        ("المملكة المغربية", "MAR"),
        ("Bahamas, The", "BHS"),
        ("Korea, Republic of", "KOR"),
        ("Korea (Democratic People's Republic of)", "PRK"),
        ("大韩民国", "KOR"),
        ("Republic of Kenya", "KEN"),
        ("DRC", "COD"),
        ("EE. UU.", "USA"),
        ("Swazilandia", "SWZ"),
        ("Бирма", "MMR"),
    ],
)
def test_a_name_is_recognised_in_the_forms_that_documents_print(printed, code):
    assert recognise(printed) == code


@pytest.mark.parametrize(
    "printed", ["", "No. 29", "Istanbul Convention", "ICRMW", "2009–2014", "Ruritania", "the"]
)
def test_what_is_no_name_is_not_recognised(printed):
    assert recognise(printed) is None


@pytest.mark.parametrize("code", MEMBERS)
def test_every_member_state_has_its_names_in_the_six_languages(code):
    """Each of the scripts is there; Latin ones can't be told apart by looking."""
    known = addressee(code)
    scripts = {
        unicodedata.name(letter).split()[0]
        for name in (known.name, *known.aliases)
        for letter in name
        if letter.isalpha()
    }
    assert {"LATIN", "CYRILLIC", "ARABIC", "CJK"} <= scripts


def test_neighbours_in_the_alphabet_are_kept_apart():
    pairs = [("Niger", "Nigeria"), ("Guinea", "Guinea-Bissau"), ("Dominica", "Dominican Republic")]
    for one, other in pairs:
        assert recognise(one) != recognise(other)


@given(known=st.sampled_from(NAMES), form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_writing_it_otherwise_changes_nothing(known, form):
    name, code = known
    otherwise = unicodedata.normalize(form, name.upper()).replace(" ", "\u00a0 \u200f\u00ad")
    assert recognise(f"\t{otherwise}\n") == recognise(otherwise.replace("'", "’")) == code


@given(st.text(max_size=80))
def test_any_text_gets_a_known_code_or_none(printed):
    code = recognise(printed)
    assert code is None or addressee(code) is not None


@pytest.mark.parametrize("code", ["AAA", "AAZ", "QMA", "QZZ", "XAA", "XZZ", "ZZA", "ZZZ"])
def test_a_code_left_to_its_users_is_an_addressee_named_by_its_code(code):
    found = addressee(code)
    assert found is not None
    assert found.name == code


@pytest.mark.parametrize("code", ["", "ABA", "QLZ", "ZYZ", "svn", "XAAA", "XA", "XÄA"])
def test_any_other_unknown_code_is_none(code):
    assert addressee(code) is None


def test_the_name_is_the_united_nations_name():
    assert {code: addressee(code).name for code in ("BOL", "TUR", "SVN")} == {
        "BOL": "Bolivia (Plurinational State of)",
        "TUR": "Türkiye",
        "SVN": "Slovenia",
    }


@pytest.mark.parametrize("file", ["sessions-01-05.csv", "sessions-06-09.csv"])
def test_every_state_of_the_upr_info_export_is_recognised(test_data, file):
    text = (test_data / "upr-info" / file).read_bytes().decode("mac_roman")
    rows = list(csv.DictReader(io.StringIO(text.replace("\r", "\n"))))
    assert len(rows) > 6000
    assert {row[end] for row in rows for end in ("From", "To") if not recognise(row[end])} == set()
