"""What the demonstration shows at its end: keys, queries that can be pasted, and their answers.

Nothing is written down here that could be asked: each answer comes from the query beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demo import matrices
from demo.story import (
    CHANGED_MIND,
    DISPUTED,
    DRAFT_ONLY,
    HOLDERS,
    LATER,
    SHARED,
    Ask,
    Refusal,
)

shown_chars_max = 74


class Stage(msgspec.Struct, frozen=True):
    """Where answers come from and go to."""

    console: Console
    address: str
    keys: dict[str, str]
    ask: Ask

    def say(self, text: str) -> None:
        """A paragraph, in rich's markup."""
        self.console.print(text, highlight=False)

    def query(self, who: str, query: str) -> dict[str, Any]:
        """Shows a query as a command to paste, and gives its answer."""
        text = Text(style="cyan")
        text.append(f"curl -sG {self.address} \\\n")
        text.append(f"  -H 'Authorization: Bearer {self.keys[who]}' \\\n")
        text.append(f"  --data-urlencode 'query={query.strip()}'")
        self.console.print()
        self.console.print(text, soft_wrap=True)
        self.console.print()
        return self.ask(who, query)


def show_keys(console: Console, address: str, keys: dict[str, str]) -> None:
    """Where to go, and with which keys."""
    console.print()
    console.rule("[bold]Have a look[/]", align="left", style="dim")
    console.print(f"In a browser: [bold]{address}[/]", highlight=False)
    console.print(
        'Under Headers put { "Authorization": "Bearer KEY" }, with one of these keys:',
        highlight=False,
    )
    for name, key in keys.items():
        holder = HOLDERS[name]
        console.print(
            f"  [cyan]{key}[/]\n    [bold]{holder.role}[/] of {holder.institution}: {holder.about}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        "Every query below works as it stands: the whole command in a shell, or what stands between"
        " [cyan]query=[/] and the last [cyan]'[/] in the browser.",
        highlight=False,
    )


# --- The example ---------------------------------------------------------------------------------


def show_example(
    stage: Stage, receipts: Sequence[dict[str, Any]], refusals: Sequence[Refusal]
) -> None:
    """Three things to try on the invented State, and what was refused."""
    _title(stage, "1  The receipt equals the addendum's count")
    show_counts(stage, receipts)
    _title(stage, "2  The State, a national institution and a committee disagree")
    show_disagreement(stage)
    _title(stage, "3  One text through two cycles: every actor, every authority, both clocks")
    show_lineage(stage)
    _title(stage, "Looking back: what was known, and what was true")
    show_looking_back(stage)
    _title(stage, "A ministry is split: what it leaves to be decided")
    show_split(stage)
    _title(stage, "What was refused left no trace")
    for refusal in refusals:
        who = HOLDERS[refusal.step.who]
        stage.say(
            f"[bold]{refusal.code}[/] to the {who.role} of {who.institution}, "
            f"{refusal.step.mutation} on {refusal.step.at[1]}: “{escape(refusal.message)}” "
            f"The log's last index was {refusal.log_index} before and "
            f"{refusal.log_index_after} after."
        )


def _title(stage: Stage, text: str) -> None:
    stage.console.print()
    stage.console.rule(f"[bold]{text}[/]", align="left", style="dim")


def show_counts(stage: Stage, receipts: Sequence[dict[str, Any]]) -> None:
    """The same figures from three sides: the documents, the receipts, the record."""
    counted = "\n".join(
        f"  {name}{cycle}: recommendations(where: {{cycle: {cycle}{more}}}) {{ totalCount }}"
        for cycle in (3, 4)
        for name, more in (
            ("all", ""),
            ("supported", ", position: SUPPORTED"),
            ("noted", ", position: NOTED"),
        )
    )
    answer = stage.query(
        "reader",
        f"""{{
{counted}
  revised: recommendation(symbol: "{CHANGED_MIND[0]}", paragraph: "{CHANGED_MIND[1]}") {{
    positions {{ answer organ effectiveOn }}
  }}
  shared: recommendation(symbol: "{SHARED[0]}", paragraph: "{SHARED[1]}") {{
    text
    parts {{ recommenders {{ printed }} }}
  }}
}}""",
    )
    table = Table(box=None, pad_edge=False)
    for column in ("", "in the documents", "on the receipt", "in the record now"):
        table.add_column(column, justify="right" if column else "left")
    all_figures = (matrices.CYCLE_3, matrices.CYCLE_4)
    reviews = matrices.DEMONSTRATION.reviews
    for receipt, figures, review in zip(receipts, all_figures, reviews, strict=True):
        cycle = receipt["cycle"]
        rows = matrices.rows_of(review)
        for name, symbol in (("addendum", f"{review.report}/Add.1"), ("report", review.report)):
            by = matrices.figures([r for r in rows if r.citation and r.citation.symbol == symbol])
            on = receipt["positions_by_document"][symbol]
            table.add_row(
                f"cycle {cycle}, {name}: supported, noted",
                f"{by.supported}, {by.noted}",
                f"{on['supported']}, {on['noted']}",
            )
        for unit, document, read, now in (
            (
                "supported in all",
                figures.supported,
                receipt["positions"]["supported"],
                answer[f"supported{cycle}"]["totalCount"],
            ),
            (
                "noted in all",
                figures.noted,
                receipt["positions"]["noted"],
                answer[f"noted{cycle}"]["totalCount"],
            ),
            (
                "paragraphs",
                figures.paragraphs,
                receipt["paragraphs"],
                answer[f"all{cycle}"]["totalCount"],
            ),
            ("pairs of paragraph and State", figures.pairs, receipt["pairs"], ""),
        ):
            table.add_row(f"  {unit}", str(document), str(read), str(now))
    stage.console.print(table)
    first, last = answer["revised"]["positions"][0], answer["revised"]["positions"][-1]
    stage.say(
        f"\n[bold]Why one more is supported now:[/] {CHANGED_MIND[1]} was "
        f"{_plain(first['answer'])} in the {_plain(first['organ'])} of {first['effectiveOn']} and "
        f"is {_plain(last['answer'])} since the {_plain(last['organ'])} of {last['effectiveOn']}; "
        "both answers stay on record."
    )
    states = [r["printed"] for part in answer["shared"]["parts"] for r in part["recommenders"]]
    stage.say(
        f"[bold]Why there are more pairs:[/] {SHARED[1]} was made by {len(states)} States "
        f"({', '.join(states)}), so it is one paragraph and {len(states)} pairs of paragraph and "
        "State; the UN counts paragraphs, others count pairs, and both are right."
    )


def show_disagreement(stage: Stage) -> None:
    """Three judgements side by side; a draft that one key reads and another does not."""
    symbol, paragraph = DISPUTED
    stage.say(f"Read by the auditor, paragraph {paragraph} of {symbol}:")
    found = stage.query(
        "auditor",
        f"""{{
  recommendation(symbol: "{symbol}", paragraph: "{paragraph}") {{
    text
    assessments {{
      assessor assessorKind scheme schemeVersion grade common effectiveOn
      finding {{ text }}
      source {{ document paragraph }}
    }}
    reports {{ kind status narrative {{ text }} }}
  }}
}}""",
    )["recommendation"]
    stage.say(f"“{escape(found['text'])}”")
    table = Table(
        "who says so", "on", "grade", "that is", "in their words", box=None, pad_edge=False
    )
    for a in found["assessments"]:
        who = "The State" if a["assessorKind"] == "STATE" else a["assessor"]
        scheme = f"\n[dim]{a['scheme']} {a['schemeVersion']}[/]"
        grade = f"{a['grade']}{scheme}" if a["grade"] else "declared"
        source = a["source"]
        cited = f"\n[dim]{source['document']}, {source['paragraph']}[/]" if source else ""
        said = a["finding"]["text"] if a["finding"] else ""
        table.add_row(who, a["effectiveOn"], grade, _plain(a["common"]), f"{said}{cited}")
    stage.console.print(table)
    stage.say(f"Reports the auditor reads: {_reports(found['reports'])}.")
    stage.say("\nWith the ministry's own key there is one more, which nobody has cleared:")
    own = stage.query(
        "justice",
        f"""{{
  recommendation(symbol: "{symbol}", paragraph: "{paragraph}") {{
    reports {{ kind status narrative {{ text }} }}
  }}
}}""",
    )["recommendation"]["reports"]
    stage.say(f"Reports the ministry reads: {_reports(own)}.")
    for report in own:
        text = (report["narrative"] or {}).get("text") or ""
        if DRAFT_ONLY in text:
            stage.say(f"“{escape(text)}”")


def _reports(reports: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{_plain(r['kind'])} ({_plain(r['status'])})" for r in reports) or "none"


ENTRY = """fragment entry on HistoryEntry {
  __typename effectiveOn recordedAt logIndex reason
  actor system role institution onBehalfOf authority { kind reference }
  ... on PositionTaken { answer organ }
  ... on AssignmentDecreed { assignee }
  ... on AssignmentOffered { assignee }
  ... on AssignmentHandedOver { to }
  ... on Linked { type }
  ... on Closed { closing }
}"""


def show_lineage(stage: Stage) -> None:
    """The later text, the earlier one it builds on, and the audit trails of both."""
    found = stage.query(
        "auditor",
        f"""{{
  recommendation(symbol: "{LATER[0]}", paragraph: "{LATER[1]}") {{
    parts {{ text }}
    lineage {{
      type direction assertedBy
      recommendation {{
        cycle symbol paragraph parts {{ text }}
        lineage {{ direction }}
        history {{ ...entry }}
      }}
    }}
    history {{ ...entry }}
  }}
}}
{ENTRY}""",
    )["recommendation"]
    (link,) = found["lineage"]
    earlier = link["recommendation"]
    (back,) = earlier["lineage"]
    stage.say(
        f"[bold]Cycle {earlier['cycle']}, {earlier['symbol']}, {earlier['paragraph']}:[/] "
        f"“{_parts(earlier)}”"
    )
    stage.console.print(history_table(earlier["history"]))
    stage.say(f"\n[bold]Cycle 4, {LATER[0]}, {LATER[1]}:[/] “{_parts(found)}”")
    stage.say(
        f"It {_plain(link['type'])} the {_plain(link['direction'])} {earlier['paragraph']}, says "
        f"{link['assertedBy']}; {earlier['paragraph']} shows the same link as "
        f"{_plain(back['direction'])}."
    )
    stage.console.print(history_table(found["history"]))


def show_looking_back(stage: Stage) -> None:
    """The same paragraph from three standpoints: a position dated September was entered later."""
    at = f'symbol: "{LATER[0]}", paragraph: "{LATER[1]}"'
    taken = "{ positions { answer effectiveOn logIndex } }"
    (first,) = stage.ask("auditor", f"{{ recommendation({at}) {taken} }}")["recommendation"][
        "positions"
    ]
    before, day = first["logIndex"] - 1, first["effectiveOn"]
    answer = stage.query(
        "auditor",
        f"""{{
  known: recommendation({at},
    asOf: {{logIndex: {before}}}) {{ position }}
  true: recommendation({at},
    effectiveOn: "{day}") {{ position }}
  dayBefore: recommendation({at},
    effectiveOn: "{_day_before(day)}") {{ position }}
  progress(by: CYCLE) {{ key paragraphs {{ total supported noted }} }}
}}""",
    )
    stage.say(
        f"Up to log index {before} the record knew it as {_plain(answer['known']['position'])}. "
        f"Of {day} it says now: {_plain(answer['true']['position'])}; of the day before: "
        f"{_plain(answer['dayBefore']['position'])}. A late addendum changes what was true, never "
        "what was known."
    )
    plot = stage.address.replace("/graphql", "/plots/progress.svg?by=cycle&of=stage")
    stage.say(
        f"\n[bold]The same figures as a picture:[/] {plot} (with the key; "
        "SUIVI_PUBLIC_PLOTS=true shows what is public to everybody)."
    )


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def show_split(stage: Stage) -> None:
    """The ministry of justice becomes two; its open assignments are listed until one decides."""
    listed = """{
  recommendations(where: {institution: ["moj"], orphaned: true}) {
    totalCount nodes { id version paragraph assignments { id institution status } }
  }
}"""
    names = '[{language: "en", text: "Ministry of Justice"}]'
    made = stage.ask(
        "mechanism",
        f"""mutation {{ registerInstitution(input: {{commandId: "demo-moj", actor: "p-selin",
  addressee: "{matrices.DEMONSTRATION.code}", code: "moj", names: {names}, kind: MINISTRY}})
  {{ node {{ ... on Institution {{ id version }} }} errors {{ message }} }} }}""",
    )["registerInstitution"]["node"]
    stage.ask(
        "mechanism",
        f"""mutation {{ splitInstitution(input: {{commandId: "demo-split", actor: "p-selin",
  id: "{made["id"]}", expectedVersion: {made["version"]}, into: ["courts", "prisons"],
  effectiveOn: "2026-04-01"}}) {{ errors {{ message }} }} }}""",
    )
    orphaned = stage.query("mechanism", listed)["recommendations"]
    first, held = next(
        (node, assignment)
        for node in orphaned["nodes"]
        for assignment in node["assignments"]
        if (assignment["institution"], assignment["status"]) == ("moj", "ASSIGNED")
    )
    stage.ask(
        "mechanism",
        f"""mutation {{ handOverAssignment(input: {{commandId: "demo-over", actor: "p-selin",
  id: "{first["id"]}", expectedVersion: {first["version"]}, assignment: {held["id"]},
  to: "courts"}}) {{ errors {{ message }} }} }}""",
    )
    left = stage.ask("mechanism", listed)["recommendations"]["totalCount"]
    stage.say(
        f"The split left {orphaned['totalCount']} open assignments to be decided; "
        f"{first['paragraph']} was handed over to the courts, so {left} are left."
    )


def _parts(recommendation: dict[str, Any]) -> str:
    return escape("; ".join(part["text"] for part in recommendation["parts"]))


def history_table(history: Sequence[dict[str, Any]]) -> Table:
    """An audit trail: when it was true, when it was recorded, what, who, by what authority, why."""
    table = Table(box=None, pad_edge=False)
    for heading, width in (
        ("true on\nrecorded at", 16),
        ("what\nits log index", 22),
        ("who, through which system\nas what, whence, for whom", 31),
        ("by what authority\nand why", None),
    ):
        table.add_column(heading, max_width=width)
    for entry in history:
        who = entry["actor"] or "nobody named"
        if entry["system"]:
            who += f", {entry['system']}"
        place = f"{entry['role']}, {entry['institution']}"
        if entry["onBehalfOf"] != entry["institution"]:
            place += f", for {entry['onBehalfOf']}"
        authority = f"{_plain(entry['authority']['kind'])}: {entry['authority']['reference']}"
        reason = f"\n“{entry['reason']}”" if entry["reason"] else ""
        recorded = str(entry["recordedAt"])
        table.add_row(
            f"{entry['effectiveOn'] or 'unknown'}\n[dim]{recorded[:10]} {recorded[11:16]}[/]",
            f"{_what(entry)}\n[dim]{entry['logIndex']}[/]",
            f"{escape(who)}\n{escape(place)}",
            escape(f"{authority}{reason}"),
        )
    return table


def _what(entry: dict[str, Any]) -> str:
    """An entry in a few words: its type, and what it is about."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entry["__typename"]).lower()
    about = [
        _plain(str(entry[name])) if name in ("answer", "organ", "type", "closing") else entry[name]
        for name in ("answer", "organ", "assignee", "to", "type", "closing")
        if entry.get(name)
    ]
    return f"{words}: {', '.join(about)}" if about else words


_WORDS = {"MID_TERM": "mid-term", "MID_TERM_REPORT": "mid-term report"}


def _plain(code: str | None) -> str:
    """An enum's code as words."""
    return "no common grade" if code is None else _WORDS.get(code) or code.lower().replace("_", " ")


# --- One's own files -----------------------------------------------------------------------------


def show_files(stage: Stage, receipts: Sequence[dict[str, Any]]) -> None:
    """Counts, a first page and one history of what was imported."""
    for number, receipt in enumerate(receipts):
        _title(stage, f"{receipt['addressee']}, {receipt['document']}: counted, and read")
        where = f'symbol: "{receipt["document"]}"'
        answer = stage.query(
            "reader",
            f"""{{
  all: recommendations(where: {{{where}}}) {{ totalCount }}
  supported: recommendations(where: {{{where}, position: SUPPORTED}}) {{ totalCount }}
  noted: recommendations(where: {{{where}, position: NOTED}}) {{ totalCount }}
  page: recommendations(where: {{{where}}}, first: 5) {{
    nodes {{ paragraph position text }}
  }}
}}""",
        )
        table = Table(box=None, pad_edge=False)
        for column in ("paragraphs", "on the receipt", "in the record"):
            table.add_column(column, justify="left" if column == "paragraphs" else "right")
        positions = receipt["positions"]
        for unit, counted in (
            ("all", receipt["paragraphs"]),
            ("supported", positions["supported"]),
            ("noted", positions["noted"]),
        ):
            table.add_row(unit, str(counted), str(answer[unit]["totalCount"]))
        stage.console.print(table)
        stage.say("\nThe first of them:")
        nodes = answer["page"]["nodes"]
        for node in nodes:
            text = node["text"]
            short = text if len(text) <= shown_chars_max else f"{text[: shown_chars_max - 1]}…"
            stage.say(f"  {node['paragraph']:<7} {_plain(node['position']):<10} {escape(short)}")
        if number or not nodes:
            continue
        paragraph = nodes[0]["paragraph"]
        _title(stage, f"The audit trail of {paragraph}, read by the auditor")
        found = stage.query(
            "auditor",
            f"""{{
  recommendation(symbol: "{receipt["document"]}", paragraph: "{paragraph}", \
addressee: "{receipt["addressee"]}") {{
    text
    history {{ ...entry }}
  }}
}}
{ENTRY}""",
        )["recommendation"]
        stage.say(f"“{escape(found['text'])}”")
        stage.console.print(history_table(found["history"]))
