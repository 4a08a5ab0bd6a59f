"""How documents word a State's answer to a recommendation, in six languages; one table for all.

A State supports or notes a recommendation, or has not answered yet (domain rule 2). Documents also
answer in part ("Supported/Noted", "Partially accepted", "supported in part") and say that something
is done already ("Supported (already implemented)"), which is the State's own claim. What is worded
otherwise is unclear, and is never guessed.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from domain.addressees import recognise
from domain.names import folded
from domain.words import Answer

Word = Literal["supported", "noted", "pending"]

wording_chars_max = 2_000
wording_words_max = 40
state_words_max = 12

WORDS: dict[str, dict[Word, tuple[str, ...]]] = {
    "en": {
        "supported": (
            *("Supported", "Accepted", "Supports", "Support", "Enjoys support", "Accepts"),
            *("Accept", "Agreed", "Approved", "Fully supported", "Fully accepted", "Endorsed"),
            *("Supported in full", "Accepted in full", "Enjoys the support", "Acceptance"),
        ),
        "noted": (
            *("Noted", "Notes", "Takes note", "Not supported", "Not accepted", "Rejected"),
            *("Note", "Taken note of", "Take note", "Does not support", "Does not accept"),
            *("Declined", "Refused", "Rejects", "Reject", "Does not enjoy support", "Unsupported"),
            *("Did not accept", "Not agreed", "Not approved", "Not enjoying support", "Rejection"),
            *("Cannot support", "Cannot accept", "Cannot be accepted", "Cannot be supported"),
        ),
        "pending": (
            *("Pending", "Under consideration", "To be examined", "Deferred", "No response"),
            *("No answer", "No position", "In progress", "Awaiting", "Under review", "Unanswered"),
            *("To be considered", "Being examined", "Under examination", "Not yet answered"),
            *("Awaiting response", "Response pending", "Pending response", "Left pending"),
            *("Position pending", "Not answered", "Awaiting position", "To be determined"),
        ),
    },
    "fr": {
        "supported": (
            *("Appuyée", "Appuyé", "Acceptée", "Accepté", "Soutenue", "Approuvée", "Soutenu"),
            *("Approuvé", "Accepte", "Appuie", "Soutient", "Recueille l’appui"),
            *("Recueille l’adhésion",),
        ),
        "noted": (
            *("Notée", "Noté", "Prise en note", "Prend note", "Non acceptée", "Rejetée", "Rejeté"),
            *("Non accepté", "Non appuyée", "Non appuyé", "Refusée", "Refusé", "Pris note"),
            *("Non soutenue", "Non soutenu", "Non approuvée", "N’accepte pas", "N’appuie pas"),
            *("Prise note", "A pris note", "Dont il est pris note", "Il est pris note"),
        ),
        "pending": (
            *("En attente", "En suspens", "À l’examen", "En cours d’examen", "Différée", "Différé"),
            *("Sans réponse", "Pas de réponse", "À examiner", "Reportée", "Reporté"),
        ),
    },
    "es": {
        "supported": (
            *("Apoyada", "Apoyado", "Aceptada", "Aceptado", "Respaldada", "Respaldado", "Acepta"),
            *("Apoya", "Aprobada", "Aprobado", "Cuenta con apoyo"),
        ),
        "noted": (
            *("Se toma nota", "Tomada nota", "Se tomó nota", "Tomó nota", "Anotada", "Toma nota"),
            *("Anotado", "No aceptada", "No aceptado", "No apoyada", "No apoyado", "Rechazada"),
            *("Rechazado", "No acepta", "No apoya", "Tomado nota", "Tomar nota"),
        ),
        "pending": (
            *("Pendiente", "En examen", "En estudio", "Aplazada", "Sin respuesta", "En espera"),
            *("Aplazado", "Diferida", "Diferido", "Por examinar", "En consideración"),
        ),
    },
    "ru": {
        "supported": (
            *("Поддержана", "Поддержано", "Поддерживается", "Принята", "Принято", "Поддержаны"),
            *("Приняты", "Поддержка", "Принимается", "Одобрена", "Одобрено", "Поддерживает"),
            *("Принимает",),
        ),
        "noted": (
            *("Принята к сведению", "Принято к сведению", "Отмечена", "Не принята", "Отмечено"),
            *("Принимается к сведению", "Приняты к сведению", "Не поддержана", "Не поддержано"),
            *("Не принято", "Отклонена", "Отклонено", "Не поддерживается", "Не принимается"),
        ),
        "pending": (
            *("На рассмотрении", "Ожидает рассмотрения", "Отложена", "Отложено", "Рассматривается"),
            *("Нет ответа", "Без ответа", "Ожидается"),
        ),
    },
    "ar": {
        "supported": (
            *("مؤيدة", "مقبولة", "حظيت بالتأييد", "تحظى بالتأييد", "أيدت", "قبلت", "مقبول", "مؤيد"),
            *("تم قبولها", "حظيت بتأييد"),
        ),
        "noted": (
            *("أحيط بها علما", "أحيط علما", "أحيط علما بها", "محاط بها علما", "أخذ علما", "مرفوضة"),
            *("غير مقبولة", "غير مؤيدة", "لم تحظ بالتأييد", "لا تحظى بالتأييد", "أخذ العلم"),
            *("الإحاطة علما", "رفضت", "لم تقبل", "أحاطت علما", "تحيط علما"),
        ),
        "pending": (
            *("معلقة", "قيد النظر", "قيد الدراسة", "مؤجلة", "لا يوجد رد", "بانتظار الرد"),
            *("في انتظار الرد", "معلق"),
        ),
    },
    "zh": {
        "supported": (
            *("支持", "得到支持", "接受", "已接受", "获得支持", "予以支持", "赞成", "已支持"),
            *("同意", "获支持", "受到支持"),
        ),
        "noted": (
            *("注意到", "已注意到", "表示注意", "不接受", "未获支持", "不支持", "拒绝", "未接受"),
            *("予以注意", "未得到支持", "被注意到", "不予接受"),
        ),
        "pending": (*("待定", "待审议", "待决", "审议中", "未答复", "待答复", "尚未答复", "暂缓"),),
    },
}
"""Language → answer → its wordings; the first of each is the one to print."""

_WHO_SUPPORTS: dict[Word, tuple[str, ...]] = {
    "supported": (
        *("Enjoys the support …", "Enjoy the support …", "Recueille l’appui …"),
        *("Recueille l’adhésion …", "Bénéficie de l’appui …", "Cuenta con el apoyo …"),
        *(
            "Goza del apoyo …",
            "Пользуется поддержкой …",
            "تحظى بتأييد …",
            "得到 … 支持",
            "获得 … 支持",
        ),
    ),
    "noted": (
        *("Does not enjoy the support …", "Do not enjoy the support …"),
        *("Ne recueille pas l’appui …", "Ne recueille pas l’adhésion …"),
        *("Ne bénéficie pas de l’appui …", "No cuenta con el apoyo …", "No goza del apoyo …"),
        *("Не пользуется поддержкой …", "لا تحظى بتأييد …", "لم تحظ بتأييد …"),
        *("未得到 … 支持", "未获得 … 支持"),
    ),
}
"""Answers that name who gives them, where the ellipsis stands."""

_LATER = (
    *("Will be examined", "To be examined", "Sera examinée", "Será examinada"),
    *("Будет рассмотрена", "سينظر فيها", "将予审议"),
)
"""How the promise of an answer begins; by when and where may follow."""

_IN_PART = (
    *("in part", "in parts", "partially", "partly", "partial", "with reservations", "mixed"),
    *("with reservation", "partiellement", "en partie", "partielle", "partiel", "parcialmente"),
    *("en parte", "parcial", "частично", "отчасти", "частичная", "частичное", "в части"),
    *("جزئيا", "جزئية", "جزئي", "بشكل جزئي", "بصورة جزئية", "部分"),
)
_DONE = (
    *("already implemented", "implemented", "already being implemented", "being implemented"),
    *("in the process of implementation", "in process of implementation", "under implementation"),
    *("implementation under way", "already in the process of being implemented"),
    *("already implemented or in the process of implementation", "being implemented already"),
    *("in the process of being implemented", "already under way", "under way", "underway"),
    *("déjà appliquée", "déjà mise en œuvre", "mise en œuvre", "en cours d’application"),
    *("déjà mise en oeuvre", "mise en oeuvre", "en cours de mise en œuvre", "appliquée"),
    *("ya aplicada", "ya implementada", "aplicada", "implementada", "en proceso de aplicación"),
    *("en aplicación", "ya cumplida", "уже выполнена", "уже выполняется", "выполнена"),
    *("выполняется", "уже осуществлена", "осуществляется", "نفذت بالفعل", "قيد التنفيذ"),
    *("منفذة", "نفذت", "已落实", "已执行", "正在执行", "正在落实", "已经落实"),
)
_SAYS_NOTHING = (
    *(
        "and",
        "or",
        "but",
        "et",
        "ou",
        "mais",
        "y",
        "o",
        "и",
        "или",
        "و",
        "أو",
        "和",
        "及",
        "并",
        "或",
    ),
    *("which", "that", "considers", "it", "they", "them", "to be"),
    *("the recommendation", "this recommendation", "recommendation", "is", "are", "fully"),
    *("in full", "entirely", "la recommandation", "recommandation", "est", "la recomendación"),
    *("recomendación", "рекомендация", "التوصية", "该建议", "建议", "considered", "as"),
)

_OF_WHOM = frozenset(
    "of the government de du des d la le l el del gobierno gouvernement правительства".split()
    + "的 政 府 حكومه".split()
)
"""Words around the name of a State."""

_WHICH_PART = re.compile(r"\b(?:part|partie|parte|часть|الجزء) (?:\d{1,2}|[a-z])\b")
_IDEOGRAPH = re.compile("([\u3400-\u9fff])")


class Reading(NamedTuple):
    """What a wording says. `answer`: None while there is none; `in_part`: given to a part only, the
    rest is answered otherwise; `said_already_implemented`: the State's claim."""

    answer: Answer | None
    in_part: bool = False
    said_already_implemented: bool = False


def read_answer(printed: str) -> Reading | None:
    """What a State's answer, as it is printed, says; None where that is unclear. Nothing printed is
    no answer yet.

    A wording that is made of known ones and of nothing else says what they say together: both
    supported and noted, or supported and pending, is supported in part."""
    wording = _spaced(printed[:wording_chars_max])
    return None if not wording and ("?" in printed or "？" in printed) else _read(wording)


@lru_cache(maxsize=4096)
def _read(wording: str) -> Reading | None:
    words = wording.split()
    if len(words) > wording_words_max:
        return None
    said = _said(words)
    if said is None:
        said = _said_by_somebody(words)
    if said is None:
        is_later = any(wording.startswith(begins) for begins in _later())
        return Reading(None) if is_later else None
    in_part, done = "in part" in said, "done" in said
    if not wording:
        return Reading(None)
    if "supported" in said:
        return Reading(Answer.SUPPORTED, in_part or bool(said & {"noted", "pending"}), done)
    if "noted" in said:
        return None if "pending" in said else Reading(Answer.NOTED, in_part, done)
    if said == {"in part"}:
        return Reading(Answer.SUPPORTED, in_part=True)
    return Reading(None) if said == {"pending"} else None


def _said(words: list[str]) -> set[str] | None:
    """What the known wordings say that make up these words; None where some word is in none."""
    said, others = _divided(words)
    return None if others else said


def _said_by_somebody(words: list[str]) -> set[str] | None:
    """What an answer says that names who gives it ("Enjoys the support of Slovenia in part"); None
    where anything else is in it than the name of a State and known wordings."""
    for begins, ends, word in _who_supports():
        if words[: len(begins)] != begins:
            continue
        rest = words[len(begins) :]
        if ends:
            at = next((n for n in range(len(rest)) if rest[n : n + len(ends)] == ends), None)
            if at is None:
                continue
            rest = rest[:at] + rest[at + len(ends) :]
        said, others = _divided(_without_state(rest))
        return {word, *said} if _OF_WHOM.issuperset(others) else None
    return None


def _without_state(words: list[str]) -> list[str]:
    """Words without the longest name of a State among them."""
    for length in range(min(state_words_max, len(words)), 0, -1):
        for at in range(len(words) - length + 1):
            name = words[at : at + length]
            if any(recognise(between.join(name)) for between in (" ", "")):
                return [*words[:at], *words[at + length :]]
    return words


def _divided(words: list[str]) -> tuple[set[str], list[str]]:
    """What known wordings say that words hold, the longest taken first, and the words in none."""
    said: set[str] = set()
    others: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(_longest(), len(words) - place), 0, -1):
            found = _phrases().get(" ".join(words[place : place + length]))
            if found is not None:
                said |= {found} - {""}
                place += length
                break
        else:
            others.append(words[place])
            place += 1
    return said, others


def _spaced(printed: str) -> str:
    """As compared: folded, each ideograph a word. Where a part is named, the answer is one in
    part."""
    name = _WHICH_PART.sub(" in part ", folded(printed))
    return " ".join(_IDEOGRAPH.sub(r" \1 ", name).split())


@cache
def _phrases() -> dict[str, str]:
    told: list[tuple[str, str]] = [
        (word, said)
        for language in WORDS.values()
        for said, words in language.items()
        for word in words
    ]
    told += [(word, "in part") for word in _IN_PART] + [(word, "done") for word in _DONE]
    told += [(word, "") for word in _SAYS_NOTHING]
    return {_spaced(word): said for word, said in told}


@cache
def _longest() -> int:
    return max(len(phrase.split()) for phrase in _phrases())


@cache
def _who_supports() -> tuple[tuple[list[str], list[str], Word], ...]:
    """How such an answer begins and ends, and what it says."""
    return tuple(
        (_spaced(begins).split(), _spaced(ends).split(), word)
        for word, wordings in _WHO_SUPPORTS.items()
        for begins, _, ends in (wording.partition("…") for wording in wordings)
    )


@cache
def _later() -> tuple[str, ...]:
    return tuple(map(_spaced, _LATER))
