"""Tables that people have and no reader of tables takes: recognised by their headings, so that the
refusal says what the file is and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.names import folded

# What follows is in the letters that `folded` leaves: no diacritics, no punctuation.

_PLAN = tuple(
    re.compile(words)
    for words in (
        (
            r"\bactivit|\bactions?\b|\bmeasures?\b|\bactivite|\bmesures?\b|\bactividad|\baccion"
            r"|\bmedidas?\b|мероприят|\bмеры\b|活动|措施|行动|نشاط|انشطه|اجراء|تدابير"
        ),
        (
            r"\bresponsib|\bresponsab|\blead\b|\bimplement(?:ing|er)|\bowner\b|ответствен|исполнител"
            r"|负责|责任|مسوول|الجهه"
        ),
        (
            r"\bdeadline|\btime ?(?:frame|line)|\bdue\b|\becheance|\bdelai|\bcalendrier|\bplazo"
            r"|\bcronograma|\bсрок|期限|时限|时间|الموعد|الزمني|المهله"
        ),
        r"\bindicat|\bindicad|\bкритери|индикатор|показател|指标|موشر",
        (
            r"\bbudget|\bcosts?\b|\bfunding|\bresources?\b|\bcouts?\b|\bpresupuest|\bcostos?\b"
            r"|\brecursos\b|\bfinanc|бюджет|финансирован|预算|经费|ميزانيه|التكلفه"
        ),
    )
)
_PLAN_COLUMNS_MIN = 3
"""How many of the kinds of columns above make a plan."""

_GRADE = re.compile(
    r"\bgrades?\b|\bratings?\b|\bscores?\b|\bassessments?\b|\bevaluations?\b"
    r"|\b(?:level|degree|status) of (?:implementation|compliance)|\bimplementation (?:status|level)"
    r"|\bevaluation|\bniveau de mise en|\betat de mise en|\bcalificaci|\bevaluaci"
    r"|\b(?:grado|nivel|estado) de (?:cumplimiento|implementaci)|\bоценк"
    r"|\bстепень (?:вы|ис)полнения|评级|评估|等级|تقييم|درجه"
)
_THEMATIC_LIST = re.compile(
    r"\blist of themes\b|^assessment comments\b|\bliste (?:complete )?des themes\b"
    r"|\blista (?:completa )?de (?:los )?temas\b"
)
_NUMBER = re.compile(
    r"\b(?:no|nos|nr|number|numbers|para|paras|paragraphs?|rec|recs|recommendations?)\b"
    r"|^n\b|\bnumero|\bparagraphe|\bparrafo|\brecommandation"
    r"|\brecomendaci|\bномер|\bпункт|\bрекомендаци|编号|段|建议|رقم|فقره|التوصيه"
)
_POSITION = re.compile(
    r"\bpositions?\b|\banswers?\b|\brespon[sc]es?\b|\breply\b|\breponse|\bposici|\brespuesta"
    r"|\bпозици|\bответ|立场|答复|موقف|الرد"
)

_NATIONAL = re.compile(
    r"\bnational(?:e|es)?\b|\bnacional|\bnhris?\b|\bnpm\b|\bindh\b|\bdomestic\b"
    r"|\bombuds|\baudit|\bparliament\b|\bparlement\b|\bparlamento\b|\bmediateur|\bdefenseur"
    r"|\bdefensor|\bcour des comptes\b|омбудсм|парламент|национальн|уполномоченн|счетная палата"
    r"|国家|监察|议会|审计|وطني|البرلمان|المظالم|ديوان المحاسبه"
)
_OF_STATES = re.compile(
    r"\b(?:europe|afric|americ|andean|arab|asean|commonwealth|caricom|ecowas|mercosur|latin"
    r"|iberoameric|international|regional|united nations|панафр|европ|欧洲|非洲)"
)


def is_national(name: str) -> bool:
    """True if a mechanism or body that is not known here is plainly one of the State itself: its
    ombudsman, human rights institution, parliament or audit office."""
    words = folded(name)
    return _NATIONAL.search(words) is not None and _OF_STATES.search(words) is None


def recognise_table(headings: Iterable[str]) -> str | None:
    """What a table is that has no heading row of ours: the code of its refusal in
    `workflows.sources.table`, None where nobody can tell."""
    names = [folded(name) for name in headings]
    if {"id", "version", "paragraph"} <= set(names):
        return "own-list"
    found = {place for name in names for place in _plan_column(name)}
    if len(found) >= _PLAN_COLUMNS_MIN:
        return "action-plan"
    if any(_THEMATIC_LIST.search(name) for name in names):
        return "thematic-list"
    if any(_GRADE.search(name) for name in names):
        return "assessment-table"
    others = [name for name in names if not _POSITION.search(name)]
    if len(others) < len(names) and "text" not in names and any(map(_NUMBER.search, others)):
        return "answers-only"
    return None


def _plan_column(name: str) -> list[int]:
    return [place for place, kind in enumerate(_PLAN) if kind.search(name)][:1]
