"""Vocabularies: what is shipped, what can be published beside it, and what files may say."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import vocabulary
from domain.addressees import addressees
from domain.cycles import SESSIONS, cycle_of
from domain.entry import Entry, Protected, is_date
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded
from domain.schemes import Common, common_grade
from domain.vocabulary import (
    EVENTS,
    MappingRelation,
    TermMapping,
    VersionContent,
    Vocabulary,
    VocabularyLabel,
    VocabularyPublished,
    VocabularyTerm,
    fold,
    shipped,
    with_published,
)
from domain.words import Mechanism
from tests.given import stamp
from workflows.log.mapper import EntryMapper, sealed
from workflows.ohchr_matrix import read_matrix
from workflows.vocabularies import (
    entries_for,
    file_bytes_max,
    read_skos,
    read_vocabulary_json,
)

FILES = Path(vocabulary.__file__).with_name("vocabularies")
UN_LANGUAGES = {"ar", "en", "es", "fr", "ru", "zh"}
VERSIONS = [(name, version) for name, held in shipped().items() for version in held.versions]
SCRIPTS = {"ar": "[\u0600-\u06ff]", "ru": "[\u0400-\u04ff]", "zh": "[\u4e00-\u9fff]"}


def of(name: str, version: str) -> VersionContent:
    return shipped()[name].versions[version]


def codes(name: str, version: str) -> set[str]:
    return {term.code for term in of(name, version).terms}


def content(version: str = "2030", **said: Any) -> VersionContent:
    """A small version, fit to be published."""
    few = (
        VocabularyTerm(code="A", labels=(VocabularyLabel(language="en", text="Rights"),)),
        VocabularyTerm(code="A1", broader="A"),
    )
    whole: dict[str, Any] = {
        "name": "theme",
        "version": version,
        "title": (VocabularyLabel(language="en", text="Themes"),),
        "terms": few,
        "source": "the ministry's own list",
        "sha256": "0" * 64,
    }
    return VersionContent(**whole | said)


def mapping(
    from_code: str, to_code: str, relation: MappingRelation = MappingRelation.EXACT, **said: Any
) -> TermMapping:
    ends = {"from_version": "2014", "to_version": "2030"} | said
    return TermMapping(from_code=from_code, to_code=to_code, relation=relation, **ends)


def published(*contents: VersionContent, known: Vocabulary | None = None) -> Vocabulary:
    """What the log holds after these were published, one after the other."""
    held: Vocabulary | None = None
    for one in contents:
        held = fold(entries_for(with_published(known, held), stamp(), one), held)
    assert held is not None
    return held


# --- What is shipped -----------------------------------------------------------------------------


def test_every_vocabulary_of_the_field_is_shipped():
    assert set(shipped()) == {
        *("addressee", "mechanism", "body", "upr-session", "sdg", "theme"),
        *("affected-persons", "action", "assessment-scheme"),
    }
    assert list(shipped()["theme"].versions) == ["2014", "2019", "2025"]


@pytest.mark.parametrize("file", sorted(FILES.glob("*.json")), ids=lambda file: file.stem)
def test_a_shipped_file_is_one_that_could_be_published(file):
    held = read_vocabulary_json(file)
    assert file.stem == f"{held.name}-{held.version}"
    assert of(held.name, held.version) == held


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_codes_are_unique_and_labels_are_in_a_language_of_the_united_nations(name, version):
    vocabulary.check(of(name, version))
    for term in of(name, version).terms:
        assert term.label("en") == term.label("en").strip() != ""
        for label in term.labels:
            assert label.language in UN_LANGUAGES
            assert re.search(SCRIPTS.get(label.language, "[A-Za-z]"), label.text), term


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_mapping_joins_terms_that_are_there(name):
    held = shipped()[name]
    if held.mappings:
        bare = msgspec.structs.replace(held, mappings={})
        assert bare.map(stamp(), held.mappings.values()).mappings == tuple(held.mappings.values())


def test_the_addressees_are_those_of_the_table_under_the_same_english_name():
    terms = of("addressee", "1").terms
    assert {t.code: t.label("en") for t in terms} == {a.code: a.name for a in addressees()}
    former = {t.code for t in terms if t.former}
    assert former == {"YUG", "SCG", "CSK", "DDR", "SUN", "YMD", "ANT"}


def test_a_member_state_has_its_name_in_six_languages():
    slovenia = shipped()["addressee"].term("1", "SVN")
    assert {label.language: label.text for label in slovenia.labels} == {
        "ar": "سلوفينيا",
        "en": "Slovenia",
        "es": "Eslovenia",
        "fr": "Slovénie",
        "ru": "Словения",
        "zh": "斯洛文尼亚",
    }
    # Dissolved States, and four that the standard's list does not name, have the English name.
    whole = [
        t for t in of("addressee", "1").terms if {x.language for x in t.labels} == UN_LANGUAGES
    ]
    assert len(whole) == len(addressees()) - 11


def test_the_mechanisms_are_the_words_that_are_stored():
    assert codes("mechanism", "1") == {one.value for one in Mechanism}
    body = {t.code: t for t in of("body", "1").terms}
    assert {code for code, t in body.items() if t.broader is None} == codes("mechanism", "1")
    treaty_bodies = {code for code, t in body.items() if t.broader == Mechanism.TREATY_BODY}
    assert treaty_bodies == set("CAT CCPR CED CEDAW CERD CESCR CMW CRC CRPD SPT".split())


def test_the_sessions_of_a_cycle_are_those_of_the_table_and_follow_each_other():
    terms = {t.code: t for t in of("upr-session", "1").terms}
    sessions = sorted((t for t in terms.values() if t.broader), key=lambda t: int(t.code))
    assert [int(t.code) for t in sessions] == [n for cycle in SESSIONS.values() for n in cycle]
    for term in sessions:
        assert term.broader == f"cycle-{cycle_of(int(term.code))}"
    dated = [t for t in sessions if t.since]
    assert len(dated) == 49
    assert [t.since for t in dated] == sorted(t.since for t in dated)
    for before, after in pairwise(dated):
        assert before.until < after.since
    for cycle in SESSIONS:
        days = [t for t in dated if t.broader == f"cycle-{cycle}"]
        assert terms[f"cycle-{cycle}"].since == days[0].since


def test_a_session_whose_days_are_known_begins_on_a_monday_and_lasts_about_two_weeks():
    whole = [t for t in of("upr-session", "1").terms if t.broader and len(t.until or "") == 10]
    assert len(whole) == 44
    for term in whole:
        begins, ends = date.fromisoformat(term.since), date.fromisoformat(term.until)
        assert begins.weekday() == 0
        assert 11 <= (ends - begins).days <= 14, term.code


def test_the_goals_are_17_and_the_targets_169():
    terms = of("sdg", "2015").terms
    goals = [t for t in terms if t.broader is None]
    targets = [t for t in terms if t.broader]
    assert [t.code for t in goals] == [str(n) for n in range(1, 18)]
    assert len(targets) == 169
    for goal in goals:
        assert {label.language for label in goal.labels} == UN_LANGUAGES
    for target in targets:
        assert target.code.split(".")[0] == target.broader
        assert re.fullmatch(r"\d{1,2}\.(\d{1,2}|[a-d])", target.code)
    assert {"1.1", "16.2", "17.19", "3.d"} <= {t.code for t in targets}


def test_only_the_theme_list_of_2014_has_codes():
    assert {v: held.coded for v, held in shipped()["theme"].versions.items()} == {
        "2014": True,
        "2019": False,
        "2025": False,
    }
    theme = shipped()["theme"].term("2014", "A12")
    assert (theme.label("en"), theme.broader) == ("Acceptance of international norms", "A1")
    uncoded = shipped()["theme"].term("2019", "acceptance of international norms")
    assert uncoded.code == uncoded.label("fr") == "Acceptance of international norms"


def same(label: str) -> str:
    return " ".join(label.casefold().replace("&", " and ").split())


@pytest.mark.parametrize("name", ["theme", "affected-persons"])
@pytest.mark.parametrize(("older", "newer"), [("2014", "2019"), ("2019", "2025")])
def test_terms_of_two_lists_are_mapped_exactly_where_their_labels_are_the_same(name, older, newer):
    held = shipped()[name]
    found = {(m.from_code, m.to_code) for m in held.mappings.values() if m.from_version == older}
    assert found == {
        (one.code, other.code)
        for one in held.versions[older].terms
        for other in held.versions[newer].terms
        if same(one.label("en")) == same(other.label("en"))
    }
    assert len(found) >= 10
    assert {m.relation for m in held.mappings.values()} == {MappingRelation.EXACT}


def test_a_theme_is_translated_there_and_back():
    theme = shipped()["theme"]
    (there,) = theme.translate("A41", "2014", "2019")
    assert there.to_code == "Constitutional & legislative framework"
    (back,) = theme.translate(there.to_code, "2019", "2014")
    assert (back.to_code, back.relation) == ("A41", MappingRelation.EXACT)
    assert theme.translate("A12", "2014", "2025") == []


@pytest.mark.parametrize(
    ("scheme", "version", "means"),
    [
        ("hrc-follow-up", "2013", "A+ B1~ B2~ C1- C2- D1 D2 E-"),
        ("hrc-follow-up", "2017", "A+ B~ C- D E-"),
        (
            *("upr-info", "1"),
            "fully-implemented+ partially-implemented~ not-implemented-",
        ),
        ("common", "1", "implemented+ partly-implemented~ not-implemented- not-assessable"),
    ],
)
def test_a_grade_means_a_step_of_the_common_scale_or_nothing(scheme, version, means):
    marks = {
        Common.IMPLEMENTED: "+",
        Common.PARTLY_IMPLEMENTED: "~",
        Common.NOT_IMPLEMENTED: "-",
        None: "",
    }
    grades = shipped()["assessment-scheme"].versions[f"{scheme}-{version}"].terms
    told = [f"{g.code}{marks[common_grade(scheme, version, g.code)]}" for g in grades]
    assert " ".join(told) == means


@pytest.mark.parametrize(
    "file",
    [
        "UPR20__Slovenia_ThematicListRecommendations_E.docx",
        "UPR34_Slovenia_Thematic_list_of_Recommendations.docx",
    ],
)
def test_every_term_of_a_real_matrix_is_in_the_vocabulary_of_its_list(test_data, file):
    matrix = read_matrix(test_data / "ohchr" / file)
    terms = {term for row in matrix.rows for term in row.terms}
    assert len(terms) > 60
    for term in terms:
        version = "2015" if term.kind == "sdg" else matrix.theme_list
        assert shipped()[term.kind].term(version, term.code or term.label), term


# --- Publishing ----------------------------------------------------------------------------------


def test_a_version_is_published_by_an_event_and_the_old_ones_stay_readable():
    (entry,) = entries_for(shipped()["theme"], stamp(), content())
    assert isinstance(entry.event, VocabularyPublished)
    assert (entry.stream, entry.version) == (vocabulary.stream("theme"), 1)
    both = with_published(shipped()["theme"], fold([entry]))
    assert list(both.versions) == ["2014", "2019", "2025", "2030"]
    assert both.version == 1
    assert both.term("2014", "A12")
    assert both.term("2030", "a1").broader == "A"
    assert both.term("2030", "A12") is None
    assert both.term("1999", "A") is None
    assert "2030" not in shipped()["theme"].versions


def test_a_stream_goes_on_where_it_ended():
    held = published(content("2030"), content("2031"))
    assert list(held.versions) == ["2030", "2031"]
    (entry,) = entries_for(held, stamp(), content("2032"))
    assert entry.version == held.version + 1 == 3


def test_a_vocabulary_of_ones_own_needs_no_shipped_one():
    held = published(content("1", name="budget-line"))
    assert with_published(None, held) is held
    assert (held.id, held.name) == (vocabulary.stream("budget-line"), "budget-line")
    assert with_published(shipped()["sdg"], None) is shipped()["sdg"]
    assert fold([]) is None


@pytest.mark.parametrize("known", [published(content()), shipped()["theme"]])
def test_the_same_list_again_changes_nothing(known):
    again = next(reversed(known.versions.values()))
    elsewhere = msgspec.structs.replace(again, source="another copy", sha256="1" * 64, mappings=())
    with pytest.raises(AlreadySo):
        entries_for(known, stamp(), elsewhere)


@pytest.mark.parametrize("known", [published(content()), shipped()["theme"]])
def test_a_published_version_never_changes(known):
    version = next(reversed(known.versions))
    with pytest.raises(InvalidInput, match="new version"):
        entries_for(known, stamp(), content(version, terms=(VocabularyTerm(code="B"),)))


def test_a_version_published_here_before_it_was_shipped_stays_as_the_log_has_it():
    own = content("2019")
    assert with_published(shipped()["theme"], published(own)).versions["2019"] == own


def test_mappings_are_published_with_the_version_they_lead_to():
    said = content(mappings=(mapping("A1", "A"), mapping("A12", "A1", MappingRelation.BROADER)))
    first, second = entries_for(shipped()["theme"], stamp(), said)
    assert (first.version, second.version) == (1, 2)
    both = with_published(shipped()["theme"], fold([first, second]))
    (found,) = both.translate("A12", "2014", "2030")
    assert found.relation is MappingRelation.BROADER
    (back,) = both.translate("A1", "2030", "2014")
    assert (back.to_code, back.relation) == ("A12", MappingRelation.NARROWER)
    assert len(both.mappings) == len(shipped()["theme"].mappings) + 2


def test_a_version_that_is_there_may_bring_new_mappings_and_old_ones_are_left_out():
    known = with_published(shipped()["theme"], published(content()))
    said = content(mappings=(mapping("A1", "A"),))
    (entry,) = entries_for(known, stamp(), said)
    held = with_published(known, fold([entry]))
    with pytest.raises(AlreadySo):
        entries_for(held, stamp(), said)
    more = content(mappings=(mapping("A1", "A"), mapping("A2", "A")))
    (entry,) = entries_for(held, stamp(), more)
    assert entry.event.mappings == (mapping("A2", "A"),)


def test_a_later_mapping_of_two_terms_takes_the_place_of_an_earlier_one():
    known = with_published(shipped()["theme"], published(content()))
    for relation in (MappingRelation.EXACT, MappingRelation.RELATED):
        event = known.map(stamp(), [mapping("A1", "A", relation)])
        known = with_published(known, fold([Entry(known.id, known.version + 1, "", event)]))
    assert [m.relation for m in known.translate("A1", "2014", "2030")] == ["related"]


def test_a_stream_may_begin_with_a_mapping_of_two_shipped_versions():
    theme = shipped()["theme"]
    said = mapping("A45", "National Human Rights Institution (NHRI)", to_version="2025")
    held = fold([Entry(theme.id, 1, "", theme.map(stamp(), [said]))])
    assert (held.name, held.versions) == ("theme", {})
    assert with_published(theme, held).translate("A45", "2014", "2025") == [said]


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (mapping("A1", "A", from_version="1999"), "no version “1999”"),
        (mapping("A1", "A", to_version="1999"), "no version “1999”"),
        (mapping("Z9", "A"), "no term “Z9”"),
        (mapping("A1", "Z9"), "no term “Z9”"),
        (mapping("A1", "a"), "no term “a”"),
        (mapping("A1", "A1", to_version="2014"), "two versions"),
        (mapping("A1", "A", note=" "), "note is empty"),
    ],
)
def test_a_mapping_of_what_is_not_there_is_refused(said, match):
    known = with_published(shipped()["theme"], published(content()))
    with pytest.raises(InvalidInput, match=match):
        known.map(stamp(), [said])


def test_a_vocabulary_has_a_limited_number_of_mappings():
    known = with_published(shipped()["theme"], published(content()))
    filled = {("2014", str(n), "2030", "A"): mapping("A1", "A") for n in range(20_000)}
    full = msgspec.structs.replace(known, mappings=filled)
    assert len(filled) == vocabulary.mappings_max
    with pytest.raises(LimitExceeded, match="mappings"):
        full.map(stamp(), [mapping("A1", "A")])


def term(code: str = "A", **said: Any) -> VocabularyTerm:
    return VocabularyTerm(code=code, **said)


def labels(*pairs: tuple[str, str]) -> tuple[VocabularyLabel, ...]:
    return tuple(VocabularyLabel(language=language, text=text) for language, text in pairs)


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"name": "My list"}, "no name"),
        ({"version": ""}, "no version"),
        ({"version": "a/b"}, "no version"),
        ({"sha256": "abc"}, "SHA-256"),
        ({"source": " "}, "source is empty"),
        ({"title": ()}, "title"),
        ({"terms": ()}, "at least one term"),
        ({"terms": (term("A"), term("a"))}, "there twice"),
        ({"terms": (term(""),)}, "code is empty"),
        ({"terms": (term("A", broader="B"),)}, "not in the list"),
        ({"terms": (term("A", also_under=("B",)),)}, "not in the list"),
        ({"terms": (term("A", broader="A"),)}, "circle"),
        ({"terms": (term("A", broader="B"), term("B", also_under=("A",)))}, "circle"),
        ({"terms": (term(labels=labels(("en", ""))),)}, "is empty"),
        ({"terms": (term(labels=labels(("english!", "a"))),)}, "language tag"),
        ({"terms": (term(labels=labels(("en", "a"), ("EN", "b"))),)}, "one language"),
        ({"terms": (term(since="2025-02-30"),)}, "not a date"),
        ({"terms": (term(since="2025-03", until="2025-02-28"),)}, "before it begins"),
        ({"terms": (term(altnames=("",)),)}, "is empty"),
    ],
)
def test_a_list_that_cannot_be_is_refused(said, match):
    with pytest.raises(InvalidInput, match=match):
        vocabulary.publish(stamp(), content(**said))


@pytest.mark.parametrize(
    "said",
    [
        {"terms": tuple(term(str(n)) for n in range(vocabulary.terms_max + 1))},
        {"terms": (term("x" * (vocabulary.code_chars_max + 1)),)},
        {"terms": (term(labels=labels(("en", "x" * 2001))),)},
        {"terms": (term(labels=labels(*((f"x{a}-{n}", "x") for a in "ab" for n in range(26)))),)},
        {"terms": (term(altnames=tuple(map(str, range(101)))),)},
    ],
)
def test_everything_in_a_list_has_a_limit(said):
    with pytest.raises(LimitExceeded):
        vocabulary.publish(stamp(), content(**said))


def test_a_list_as_long_as_it_may_be_and_as_deep_is_published():
    deep = [term("0"), *(term(str(n), broader=str(n - 1)) for n in range(1, vocabulary.terms_max))]
    held = published(content(terms=tuple(reversed(deep))))
    assert len(held.versions["2030"].terms) == vocabulary.terms_max


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_a_term_may_belong_under_any_other_as_long_as_there_is_no_circle(above):
    terms = tuple(term(str(n), broader=str(over)) for n, over in enumerate(above) if over != n)
    roots = tuple(term(str(n)) for n, over in enumerate(above) if over == n)
    ends = []
    for start in range(8):
        for _ in range(8):
            start = above[start]
        ends.append(above[start] == start)
    if all(ends):
        assert published(content(terms=terms + roots))
    else:
        with pytest.raises(InvalidInput, match="circle"):
            vocabulary.publish(stamp(), content(terms=terms + roots))


@pytest.mark.parametrize(
    ("language", "fallback", "label"),
    [
        ("fr", "en", "Droits"),
        ("fr-CA", "en", "Droits"),
        ("sl", "en", "Rights"),
        ("sl", "de", "Droits"),
    ],
)
def test_a_label_falls_back_to_another_language_and_at_last_to_the_code(language, fallback, label):
    named = term(labels=labels(("fr", "Droits"), ("en", "Rights")))
    assert named.label(language, fallback) == label
    assert term("A12").label(language, fallback) == "A12"


@pytest.mark.parametrize("cls", EVENTS)
def test_a_stored_sample_loads_and_is_written_the_same(cls):
    payload = (Path(__file__).parent / "stored" / f"{cls.topic}.json").read_bytes()
    event = msgspec.json.decode(payload, type=cls, dec_hook=lambda _, held: Protected(**held))
    assert msgspec.json.encode(event, enc_hook=sealed, order="sorted") == payload
    assert set(msgspec.json.decode(payload)) == {f.encode_name for f in msgspec.structs.fields(cls)}
    assert fold([Entry(vocabulary.stream(event.name), 1, "", event)]).version == 1


def test_every_event_of_a_vocabulary_can_be_stored():
    said = content(complete=False, coded=False, mappings=(mapping("A1", "A"),))
    for entry in entries_for(shipped()["theme"], stamp(reason="a new list"), said):
        kept = EntryMapper().to_stored_event(entry)
        assert kept.topic == type(entry.event).topic
        assert len(kept.vault) == 1


# --- Files ---------------------------------------------------------------------------------------

TURTLE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix x: <http://example.org/My_List/> .
<http://example.org/My_List> a skos:ConceptScheme ; skos:prefLabel "Mine"@en ;
    owl:versionInfo "7" ; skos:hasTopConcept x:a .
x:a a skos:Concept ; skos:prefLabel "Alpha"@en, "Alef"@ar ; skos:altLabel "First"@en ;
    skos:narrower x:b .
x:b a skos:Concept ; skos:inScheme <http://example.org/My_List> ; skos:notation "B.1" ;
    skos:prefLabel "Beta"@en ; owl:deprecated true .
x:elsewhere a skos:Concept ; skos:prefLabel "Of no scheme"@en .
"""


def test_the_vocabulary_of_the_united_nations_for_the_goals_is_read_whole(test_data):
    (held,) = read_skos(test_data / "sdg-kos.ttl", version="2019")
    assert (held.name, held.title[0].text) == ("sdg", "Sustainable Development Goals Taxonomy")
    terms = {t.code: t for t in held.terms}
    goals = [t for t in held.terms if t.broader is None]
    targets = [t for t in held.terms if t.broader and "." in t.code]
    indicators = [t for t in held.terms if t.code.startswith("C")]
    assert (len(goals), len(targets), len(indicators)) == (17, 169, 232)
    assert len(held.terms) == 17 + 169 + 232
    assert {label.language: label.text for label in terms["1"].labels} == {
        "en": "End poverty in all its forms everywhere",
        "es": "Poner fin a la pobreza en todas sus formas y en todo el mundo",
        "fr": "Éliminer la pauvreté sous toutes ses formes et partout dans le monde",
    }
    assert "No poverty" in terms["1"].altnames
    assert {t.code for t in goals + targets} == codes("sdg", "2015")
    # An indicator of three targets has three numbers; its code is the one that stays.
    shared = terms["C200303"]
    assert (shared.broader, shared.also_under) == ("1.5", ("11.5", "13.1"))
    assert {"1.5.1", "11.5.1", "13.1.1"} <= set(shared.altnames)


def test_the_goals_with_indicators_stand_beside_the_shipped_ones(test_data):
    (held,) = read_skos(test_data / "sdg-kos.ttl", version="2019")
    both = with_published(shipped()["sdg"], published(held, known=shipped()["sdg"]))
    assert list(both.versions) == ["2015", "2019"]
    (again,) = read_skos(test_data / "sdg-kos.ttl", version="2015")
    with pytest.raises(InvalidInput, match="new version"):
        entries_for(shipped()["sdg"], stamp(), again)


def test_skos_gives_codes_labels_order_and_version():
    (held,) = read_skos(TURTLE.encode())
    assert (held.name, held.version, held.title[0].text) == ("my-list", "7", "Mine")
    a, b = held.terms
    assert (a.code, a.label("en"), a.label("ar"), a.altnames) == ("a", "Alpha", "Alef", ("First",))
    assert (b.code, b.broader, b.former) == ("B.1", "a", True)
    assert not a.former
    (named,) = read_skos(TURTLE.encode(), name="mine", version="8")
    assert (named.name, named.version) == ("mine", "8")


@pytest.mark.parametrize(
    ("file", "match"),
    [
        ("x:a a", "Turtle"),
        ("\x00\x01", "Turtle"),
        (TURTLE.replace("skos:ConceptScheme", "skos:Thing"), "ConceptScheme"),
        (TURTLE.replace('owl:versionInfo "7" ;', ""), "name the version"),
        (TURTLE.replace("x:b a ", "x:c a skos:Concept ; skos:notation 'B.1' ; "
            "skos:inScheme <http://example.org/My_List> . x:b a "), "there twice"),
        (TURTLE.replace('"Beta"', '""'), "is empty"),
        (TURTLE.replace("<http://example.org/My_List>", "_:scheme"), "no address"),
        (TURTLE.replace('"B.1"', f'"{"1" * 5000}"'), "characters"),
        (TURTLE + "x:b skos:narrower x:a .", "circle"),
        (TURTLE + "<urn:x:other> a skos:ConceptScheme .", "at least one term|version"),
    ],
)  # fmt: skip
def test_a_skos_file_that_holds_no_vocabulary_is_refused(file, match):
    with pytest.raises(InvalidInput, match=match):
        read_skos(file.encode())


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(InvalidInput, match="Turtle"):
        read_skos(b"\xff\xfe\xfa")
    with pytest.raises(InvalidInput, match="no vocabulary"):
        read_vocabulary_json(b"\xff\xfe\xfa")


def test_a_file_has_a_limit_and_is_not_read_beyond_it(tmp_path):
    large = tmp_path / "large.ttl"
    large.write_bytes(b"#" * (file_bytes_max + 1))
    for read in (read_skos, read_vocabulary_json):
        with pytest.raises(LimitExceeded, match="MB"):
            read(large)


def test_a_file_holds_a_limited_number_of_statements(monkeypatch):
    monkeypatch.setattr("workflows.vocabularies.triples_max", 1_000)
    many = ",".join(map(str, range(1_000)))
    with pytest.raises(LimitExceeded, match="statements"):
        read_skos(f"{TURTLE} x:b x:of {many} .".encode())


def test_one_name_is_not_for_several_schemes():
    other = '<urn:x:other> a skos:ConceptScheme ; owl:versionInfo "1" .'
    with pytest.raises(InvalidInput, match="several schemes"):
        read_skos((TURTLE + other).encode(), name="mine")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"code": "A"', '"kode": "A"', "no vocabulary"),
        ('"code": "A", ', "", "has a code"),
        ('"code": "A", ', '"code": "A", "coded": 1, ', "no vocabulary"),
        ('"version": "1"', '"version": "1", "coded": false', "without codes"),
        ('"terms"', '"conditions"', "no vocabulary"),
        ("{", "[", "no vocabulary"),
    ],
)
def test_a_file_of_another_form_is_refused(old, new, match):
    file = (
        '{"name": "x", "version": "1", "title": {"en": "X"}, "source": "me", '
        '"terms": [{"code": "A", "labels": {"en": "a", "sl": "b"}}]}'
    )
    held = read_vocabulary_json(file.encode())
    assert held.terms[0].label("sl") == "b"
    with pytest.raises(InvalidInput, match=match):
        read_vocabulary_json(file.replace(old, new, 1).encode())


def test_the_vocabularies_in_the_guide_are_such():
    guide = Path(__file__).parents[1] / "docs" / "vocabularies.md"
    examples = re.findall(r"```json\n(.*?)```", guide.read_text(), re.S)
    assert len(examples) == 2
    for example in examples:
        held = read_vocabulary_json(example.encode())
        held_now = published(held, known=shipped().get(held.name))
        assert held.version in held_now.versions
    for name in shipped():
        assert f"`{name}`" in guide.read_text(), f"the guide tells nothing of {name}"


def test_a_date_in_a_shipped_list_is_one():
    dates = [d for n, v in VERSIONS for t in of(n, v).terms for d in (t.since, t.until) if d]
    assert len(dates) > 90
    assert all(map(is_date, dates))
