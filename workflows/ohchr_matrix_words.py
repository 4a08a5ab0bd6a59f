"""The words of an OHCHR matrix in the six languages of the United Nations, as data.

Only English files have been met; the other languages' words are those that UN documents use.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Position = Literal["supported", "noted", "pending"]


class Language(msgspec.Struct, frozen=True):
    """The words of a matrix in one language; the first of each is the one to print.

    `headings`: column → beginnings of its heading, for the layouts 2 and 3 first, then 4.
    `positions`: whole answers; `openings`: how longer answers begin. `labels`: what precedes the
    citation, a theme, the goals, the groups of persons. `header`: patterns for state, cycle and
    session; a number is their group 1."""

    headings: dict[str, tuple[str, ...]]
    positions: dict[Position, tuple[str, ...]]
    openings: dict[Position, tuple[str, ...]]
    labels: dict[str, tuple[str, ...]]
    header: dict[str, str]


LANGUAGES = {
    "en": Language(
        headings={
            "recommendation": ("Recommendation", "Recommendation and recommending State"),
            "position": ("Position", "Position of the State under review"),
            "themes": ("Full list of themes", "Human rights themes and groups of persons", "Theme"),
            "sdgs": ("Relevant SDGs", "SDG", "Sustainable Development Goal"),
            "comment": ("Assessment/comments on level of implementation", "Assessment", "Comment"),
        },
        positions={
            "supported": ("Supported", "Accepted", "Supports", "Support", "Enjoys support"),
            "noted": ("Noted", "Notes", "Takes note", "Not supported", "Not accepted", "Rejected"),
            "pending": ("Pending", "Under consideration", "To be examined", "Deferred"),
        },
        openings={
            "supported": ("Enjoys the support of", "Enjoy the support of"),
            "noted": ("Does not enjoy the support of", "Do not enjoy the support of"),
            "pending": ("Will be examined", "To be examined"),
        },
        labels={
            "source": ("Source of Position",),
            "theme": ("Theme",),
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
            "recommendation": ("Recommandation", "Recommandation et État auteur"),
            "position": ("Position", "Position de l’État examiné"),
            "themes": (
                "Liste complète des thèmes",
                "Thèmes des droits de l’homme et groupes de personnes",
                "Thème",
            ),
            "sdgs": ("ODD pertinents", "ODD", "Objectifs de développement durable"),
            "comment": (
                "Évaluation/commentaires sur le niveau de mise en œuvre",
                "Évaluation",
                "Commentaire",
            ),
        },
        positions={
            "supported": ("Appuyée", "Appuyé", "Acceptée", "Accepté", "Soutenue", "Approuvée"),
            "noted": ("Notée", "Noté", "Prise en note", "Prend note", "Non acceptée", "Rejetée"),
            "pending": ("En attente", "En suspens", "À l’examen", "En cours d’examen"),
        },
        openings={
            "supported": ("Recueille l’appui", "Recueille l’adhésion", "Bénéficie de l’appui"),
            "noted": ("Ne recueille pas l’appui", "Ne recueille pas l’adhésion"),
            "pending": ("Sera examinée",),
        },
        labels={
            "source": ("Source de la position", "Source de position"),
            "theme": ("Thème",),
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
            "recommendation": ("Recomendación", "Recomendación y Estado que la formula"),
            "position": ("Posición", "Posición del Estado examinado"),
            "themes": (
                "Lista completa de temas",
                "Temas de derechos humanos y grupos de personas",
                "Tema",
            ),
            "sdgs": ("ODS pertinentes", "ODS", "Objetivos de Desarrollo Sostenible"),
            "comment": (
                "Evaluación/comentarios sobre el nivel de implementación",
                "Evaluación",
                "Comentario",
            ),
        },
        positions={
            "supported": ("Apoyada", "Apoyado", "Aceptada", "Aceptado", "Respaldada"),
            "noted": ("Se toma nota", "Tomada nota", "Se tomó nota", "Tomó nota", "Anotada"),
            "pending": ("Pendiente", "En examen", "En estudio"),
        },
        openings={
            "supported": ("Cuenta con el apoyo", "Goza del apoyo"),
            "noted": ("No cuenta con el apoyo", "No goza del apoyo"),
            "pending": ("Será examinada",),
        },
        labels={
            "source": ("Fuente de la posición", "Origen de la posición"),
            "theme": ("Tema",),
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
            "recommendation": ("Рекомендация", "Рекомендация и вынесшее ее государство"),
            "position": ("Позиция", "Позиция государства — объекта обзора"),
            "themes": ("Полный перечень тем", "Темы прав человека и группы лиц", "Тема"),
            "sdgs": ("Соответствующие ЦУР", "ЦУР", "Цели в области устойчивого развития"),
            "comment": ("Оценка/замечания об уровне осуществления", "Оценка", "Комментарии"),
        },
        positions={
            "supported": ("Поддержана", "Поддержано", "Поддерживается", "Принята", "Принято"),
            "noted": ("Принята к сведению", "Принято к сведению", "Отмечена", "Не принята"),
            "pending": ("На рассмотрении", "Ожидает рассмотрения", "Отложена"),
        },
        openings={
            "supported": ("Пользуется поддержкой",),
            "noted": ("Не пользуется поддержкой",),
            "pending": ("Будет рассмотрена",),
        },
        labels={
            "source": ("Источник позиции",),
            "theme": ("Тема",),
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
            "recommendation": ("التوصية", "التوصية والدولة الموصية"),
            "position": ("الموقف", "موقف الدولة موضوع الاستعراض", "موقف الدولة"),
            "themes": (
                "القائمة الكاملة للمواضيع",
                "مواضيع حقوق الإنسان وفئات الأشخاص",
                "المواضيع",
            ),
            "sdgs": ("أهداف التنمية المستدامة ذات الصلة", "أهداف التنمية المستدامة"),
            "comment": ("تقييم/تعليقات على مستوى التنفيذ", "تقييم", "تعليقات"),
        },
        positions={
            "supported": ("مؤيدة", "مقبولة", "حظيت بالتأييد", "تحظى بالتأييد", "أيدت", "قبلت"),
            "noted": ("أحيط بها علما", "أحيط علما", "أحيط علما بها", "محاط بها علما"),
            "pending": ("معلقة", "قيد النظر", "قيد الدراسة"),
        },
        openings={
            "supported": ("تحظى بتأييد",),
            "noted": ("لا تحظى بتأييد", "لم تحظ بتأييد"),
            "pending": ("سينظر فيها",),
        },
        labels={
            "source": ("مصدر الموقف",),
            "theme": ("الموضوع",),
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
            "recommendation": ("建议", "建议和提出建议的国家"),
            "position": ("立场", "受审议国的立场", "受审议国立场"),
            "themes": ("完整主题清单", "人权主题和人群", "主题"),
            "sdgs": ("相关可持续发展目标", "可持续发展目标"),
            "comment": ("对执行程度的评估/评论", "评估", "评论"),
        },
        positions={
            "supported": ("支持", "得到支持", "接受", "已接受", "获得支持"),
            "noted": ("注意到", "已注意到", "表示注意", "不接受", "未获支持"),
            "pending": ("待定", "待审议", "待决"),
        },
        openings={"supported": ("得到",), "noted": ("未得到",), "pending": ("将予审议",)},
        labels={
            "source": ("立场来源", "立场出处"),
            "theme": ("主题",),
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
