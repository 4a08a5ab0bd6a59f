"""The words of an OHCHR matrix in the six languages of the United Nations, as data.

Only English files have been met; the other languages' words are those that UN documents use.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.answers import WORDS

Position = Literal["supported", "noted", "pending"]


class Language(msgspec.Struct, frozen=True):
    """The words of a matrix in one language; the first of each is the one to print.

    `headings`: column → beginnings of its heading, for the layouts 2 and 3 first, then 4; of
    `number` the whole heading.
    `positions`: whole answers (`domain.answers`). `labels`: what precedes the citation, a theme,
    the goals, the groups of persons. `header`: patterns for state, cycle and session; a number is
    their group 1."""

    headings: dict[str, tuple[str, ...]]
    positions: dict[Position, tuple[str, ...]]
    labels: dict[str, tuple[str, ...]]
    header: dict[str, str]


LANGUAGES = {
    "en": Language(
        headings={
            "states": (
                "Recommending",
                "Country",
                "Countries",
                "State/s",
                "States",
                "Made by",
                "Proposed by",
            ),
            "recommendation": ("Recommendation", "Recommendation and recommending State"),
            "position": ("Position", "Position of the State under review", "Response", "Answer"),
            "themes": ("Full list of themes", "Human rights themes and groups of persons", "Theme"),
            "sdgs": ("Relevant SDGs", "SDG", "Sustainable Development Goal"),
            "number": (
                "No.",
                "No",
                "Nr",
                "№",
                "#",
                "Para",
                "Number",
                "Recommendation No",
                "Rec. No",
                "Ref",
            ),
            "comment": ("Assessment/comments on level of implementation", "Assessment", "Comment"),
        },
        positions=WORDS["en"],
        labels={
            "source": ("Source of Position",),
            "theme": ("Theme", "Right or area", "Right/area", "Area", "Right"),
            "sdgs": ("SDGs", "SDG", "Sustainable Development Goals"),
            "persons": ("Affected persons", "Groups of Persons", "Affected groups"),
        },
        header={
            "state": r"(?:UPR|Universal Periodic Review) of (?:the )?([^(]+)\(",
            "cycle": r"(\d+)\s*\w{0,2} cycle",
            "session": r"(\d+)\s*\w{0,2} session",
        },
    ),
    "fr": Language(
        headings={
            "states": (
                "État auteur",
                "États auteurs",
                "État(s) auteur",
                "État recommandant",
                "États recommandants",
                "Pays",
                "Auteur",
                "États",
                "Formulée par",
            ),
            "recommendation": ("Recommandation", "Recommandation et État auteur"),
            "position": ("Position", "Position de l’État examiné", "Réponse"),
            "themes": (
                "Liste complète des thèmes",
                "Thèmes des droits de l’homme et groupes de personnes",
                "Thème",
            ),
            "sdgs": ("ODD pertinents", "ODD", "Objectifs de développement durable"),
            "number": ("N°", "Numéro", "№", "Par.", "Paragraphe"),
            "comment": (
                "Évaluation/commentaires sur le niveau de mise en œuvre",
                "Évaluation",
                "Commentaire",
            ),
        },
        positions=WORDS["fr"],
        labels={
            "source": ("Source de la position", "Source de position"),
            "theme": ("Thème", "Droit ou domaine", "Droit", "Domaine"),
            "sdgs": ("ODD", "Objectifs de développement durable"),
            "persons": ("Personnes concernées", "Groupes de personnes", "Personnes touchées"),
        },
        header={
            "state": r"(?:EPU|Examen périodique universel) (?:de l['’]|de la |des |du |de |d['’])"
            r"([^(]+)\(",
            "cycle": r"(\d+)\s*\w{0,3} cycle",
            "session": r"(\d+)\s*\w{0,3} session",
        },
    ),
    "es": Language(
        headings={
            "states": (
                "Estado recomendante",
                "Estados recomendantes",
                "Estado(s) recomendante",
                "Estado que",
                "Estados que",
                "Estado(s) que",
                "País",
                "Países",
                "Formulada por",
            ),
            "recommendation": ("Recomendación", "Recomendación y Estado que la formula"),
            "position": ("Posición", "Posición del Estado examinado", "Respuesta"),
            "themes": (
                "Lista completa de temas",
                "Temas de derechos humanos y grupos de personas",
                "Tema",
            ),
            "sdgs": ("ODS pertinentes", "ODS", "Objetivos de Desarrollo Sostenible"),
            "number": ("N.º", "Nº", "Núm", "Número", "№", "Párr", "Párrafo"),
            "comment": (
                "Evaluación/comentarios sobre el nivel de implementación",
                "Evaluación",
                "Comentario",
            ),
        },
        positions=WORDS["es"],
        labels={
            "source": ("Fuente de la posición", "Origen de la posición"),
            "theme": ("Tema", "Derecho o ámbito", "Derecho o área", "Derecho", "Ámbito"),
            "sdgs": ("ODS", "Objetivos de Desarrollo Sostenible"),
            "persons": ("Personas afectadas", "Grupos de personas"),
        },
        header={
            "state": r"(?:EPU|Examen Periódico Universal) (?:de la |de los |de las |del |de )"
            r"([^(]+)\(",
            "cycle": r"(\d+)\s*[\w.º°]{0,4} ciclo",
            "session": r"(\d+)\s*[\w.º°]{0,4} (?:per[ií]odo de sesiones|sesión)",
        },
    ),
    "ru": Language(
        headings={
            "states": (
                "Рекомендующее государство",
                "Рекомендующие государства",
                "Государство",
                "Государства",
                "Страна",
                "Страны",
                "Вынесшее",
                "Кем вынесена",
            ),
            "recommendation": ("Рекомендация", "Рекомендация и вынесшее ее государство"),
            "position": ("Позиция", "Позиция государства — объекта обзора", "Ответ государства"),
            "themes": ("Полный перечень тем", "Темы прав человека и группы лиц", "Тема"),
            "sdgs": ("Соответствующие ЦУР", "ЦУР", "Цели в области устойчивого развития"),
            "number": ("№", "Номер", "Пункт"),
            "comment": ("Оценка/замечания об уровне осуществления", "Оценка", "Комментарии"),
        },
        positions=WORDS["ru"],
        labels={
            "source": ("Источник позиции",),
            "theme": ("Тема", "Право или область", "Право", "Область"),
            "sdgs": ("ЦУР", "Цели в области устойчивого развития"),
            "persons": ("Затрагиваемые лица", "Затронутые лица", "Группы лиц"),
        },
        header={
            "state": r"(?:УПО|Универсальный периодический обзор)[\s:–—-]+([^(]+)\(",
            "cycle": r"(\d+)\s*-?\w{0,2} цикл",
            "session": r"(\d+)\s*-?\w{0,2} сессия",
        },
    ),
    "ar": Language(
        headings={
            "states": (
                "الدولة الموصية",
                "الدول الموصية",
                "الدولة المقدمة",
                "الدول المقدمة",
                "الدولة",
                "الدول",
                "البلد",
                "البلدان",
            ),
            "recommendation": ("التوصية", "التوصية والدولة الموصية"),
            "position": ("الموقف", "موقف الدولة موضوع الاستعراض", "موقف الدولة", "الرد"),
            "themes": (
                "القائمة الكاملة للمواضيع",
                "مواضيع حقوق الإنسان وفئات الأشخاص",
                "المواضيع",
            ),
            "sdgs": ("أهداف التنمية المستدامة ذات الصلة", "أهداف التنمية المستدامة"),
            "number": ("الرقم", "رقم", "الفقرة"),
            "comment": ("تقييم/تعليقات على مستوى التنفيذ", "تقييم", "تعليقات"),
        },
        positions=WORDS["ar"],
        labels={
            "source": ("مصدر الموقف",),
            "theme": ("الموضوع", "الحق أو المجال", "الحق", "المجال"),
            "sdgs": ("أهداف التنمية المستدامة",),
            "persons": ("الأشخاص المتضررون", "الأشخاص المتأثرون", "فئات الأشخاص"),
        },
        header={
            "state": r"الاستعراض الدوري الشامل\s*[:–—-]\s*([^(]+)\(",
            "cycle": r"(?:الجولة|الدورة الاستعراضية|دورة الاستعراض) (\d+)",
            "session": r"(?:الجلسة|الدورة) (\d+)",
        },
    ),
    "zh": Language(
        headings={
            "states": ("提出建议的国家", "提出建议国家", "提建议国家", "建议国", "推荐国", "国家"),
            "recommendation": ("建议", "建议和提出建议的国家"),
            "position": ("立场", "受审议国的立场", "受审议国立场", "答复"),
            "themes": ("完整主题清单", "人权主题和人群", "主题"),
            "sdgs": ("相关可持续发展目标", "可持续发展目标"),
            "number": ("编号", "序号", "段次", "段落"),
            "comment": ("对执行程度的评估/评论", "评估", "评论"),
        },
        positions=WORDS["zh"],
        labels={
            "source": ("立场来源", "立场出处"),
            "theme": ("主题", "权利或领域", "权利", "领域"),
            "sdgs": ("可持续发展目标",),
            "persons": ("受影响人群", "受影响者", "人群"),
        },
        header={
            "state": r"(?:对)?(\w+)(?:的)?普遍定期审议\s*[（(]",
            "cycle": r"第\s*(\d+)\s*(?:轮|周期)",
            "session": r"第\s*(\d+)\s*届",
        },
    ),
}
