"""What the demonstration shows at its end: keys, queries that can be pasted, and their answers.

Nothing is written down here that could be asked: each answer comes from the query beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demo import matrices
from demo.playing import Ask, Refusal
from demo.story import (
    ADOPTED,
    CHANGED_MIND,
    DISPUTED,
    DRAFT_ONLY,
    HANDED_OVER,
    HOLDERS,
    INSPECTED,
    LATE,
    LATER,
    SHARED,
    SPLIT,
    STATE,
    TRAINED,
)

shown_chars_max = 74


class Stage(msgspec.Struct, frozen=True):
    """Where answers come from and go to."""

    console: Console
    address: str
    keys: dict[str, str]
    ask: Ask
    save: Callable[[str, str], str]

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
    """Four things to try on the invented State, more to see, and what was refused."""
    _title(stage, "1  The day of adoption: what was known, and what was true")
    show_adoption(stage)
    _title(stage, "2  A ministry is split: nothing it was to do is lost")
    show_split(stage)
    _title(stage, "3  The State, a national institution and a committee disagree")
    show_disagreement(stage)
    _title(stage, "4  What the State does: approved by two, late, and why another waits")
    show_measures(stage)
    _title(stage, "Also: the receipt equals the addendum's count")
    show_counts(stage, receipts)
    _title(stage, "Also: one text through two cycles, every actor and authority, both clocks")
    show_lineage(stage)
    _title(stage, "Also: one report about several recommendations, and its evidence")
    show_report(stage)
    _title(stage, "Also: progress as a picture")
    show_picture(stage, f"by=cycle&of=stage&state={STATE}")
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


def show_adoption(stage: Stage) -> None:
    """An addendum published before the adoption and recorded long after it: the same fields from
    three standpoints."""
    (review,) = stage.ask(
        "auditor",
        f"""{{ reviews(addressee: "{STATE}", cycle: 4) {{ nodes {{
  history {{ nodes {{ event {{ __typename }} logIndex }} }}
}} }} }}""",
    )["reviews"]["nodes"]
    (adopted,) = (e for e in review["history"]["nodes"] if _name(e) == "ReviewAdopted")
    one = f'symbol: "{LATE[0]}", paragraph: "{LATE[1]}"'
    supported = f'where: {{addressee: "{STATE}", cycle: 4, position: SUPPORTED}}'
    standpoints = {
        "known": f", asOf: {{logIndex: {adopted['logIndex']}}}",
        "true": f', effectiveOn: "{ADOPTED}"',
        "now": "",
    }
    asked = "\n".join(
        f"""  {name}: recommendation({one}{point}) {{
    position positions {{ answer effectiveOn recordedAt logIndex instrument }}
  }}
  {name}InAll: recommendations(
    {supported}{point}
  ) {{ totalCount }}"""
        for name, point in standpoints.items()
    )
    stage.say(
        f"The Council adopted the outcome of the fourth cycle on {ADOPTED}; the record learned it "
        f"at log index {adopted['logIndex']}. One question, asked three times:"
    )
    answer = stage.query("auditor", f"{{\n{asked}\n}}")
    table = Table("asked", f"{LATE[1]} is", "supported in all", "as")
    table.box, table.pad_edge = None, False
    for name, how in (
        ("known", f"asOf {adopted['logIndex']}: known"),
        ("true", f"effectiveOn {ADOPTED}: true"),
        ("now", "neither: now"),
    ):
        positions = ", ".join(
            f"{_plain(p['answer'])} {p['effectiveOn']}" for p in answer[name]["positions"]
        )
        total = str(answer[f"{name}InAll"]["totalCount"])
        table.add_row(how, _plain(answer[name]["position"]), total, positions)
    stage.console.print(table)
    last = answer["true"]["positions"][-1]
    stage.say(
        f"\n[bold]Both are right:[/] {last['instrument']} is of {last['effectiveOn']}, before the "
        f"adoption, and was recorded at log index {last['logIndex']}, long after it. What is true "
        "of that day has changed; what was known on it never does. "
        "[cyan]asOf: {recordedAt: …}[/] takes the recording clock instead of an index, and every "
        "query takes both."
    )


def show_split(stage: Stage) -> None:
    """The list of open assignments that a split left, before and after one of them is decided."""
    (ministry,) = stage.ask(
        "mechanism",
        f"""{{ institutions(addressee: "{STATE}", code: "{SPLIT}") {{ nodes {{
  ended {{ on }} history {{ nodes {{ event {{ __typename }} logIndex }} }}
}} }} }}""",
    )["institutions"]["nodes"]
    (split,) = (e for e in ministry["history"]["nodes"] if _name(e) == "InstitutionSplit")
    where = f'where: {{institution: "{SPLIT}", orphaned: true}}'
    found = stage.query(
        "mechanism",
        f"""{{
  institutions(addressee: "{STATE}") {{ nodes {{
    code name(language: "fr") status successorCodes orphanedCount
  }} }}
  left: recommendations({where}, asOf: {{logIndex: {split["logIndex"]}}}) {{
    totalCount nodes {{ cycle paragraph }}
  }}
  now: recommendations({where}) {{
    totalCount nodes {{ cycle paragraph }}
  }}
  decided: recommendation(symbol: "{HANDED_OVER[0]}", paragraph: "{HANDED_OVER[1]}") {{
    assignments {{ institutionCode status capacity instrument }}
  }}
}}""",
    )
    table = Table("code", "in French", "is", "goes on in", "to be decided")
    table.box, table.pad_edge = None, False
    for i in found["institutions"]["nodes"]:
        into = ", ".join(i["successorCodes"])
        table.add_row(i["code"], i["name"], _plain(i["status"]), into, str(i["orphanedCount"]))
    stage.console.print(table)
    decided = found["decided"]["assignments"][-1]
    stage.say(
        f"\n[bold]The split of {ministry['ended']['on']} left {found['left']['totalCount']} "
        f"assignments to nobody:[/] {_numbers(found['left']['nodes'])}. "
        f"{HANDED_OVER[1]} was handed over to {decided['institutionCode']} "
        f"({decided['instrument']}), so [bold]{found['now']['totalCount']} still wait[/]: "
        f"{_numbers(found['now']['nodes'])}."
    )


def _numbers(nodes: Sequence[dict[str, Any]]) -> str:
    return ", ".join(node["paragraph"] for node in nodes)


def show_measures(stage: Stage) -> None:
    """The measures of a plan; what the clock did about one that is late, and will do; and why one
    is not adopted."""
    found = stage.query(
        "clerk",
        f"""{{
  measures(where: {{addressee: ["{STATE}"]}}) {{ nodes {{
    code title status leadCode starts ends
    links {{ recommendation {{ paragraph }} rationale {{ text }} }}
    deadlines {{ label day status }}
    steps {{ name isOpen blockedBy {{ guard }} }}
    path(to: "course.completed") {{ steps {{ label roles needs }} }}
    history {{ nodes {{ role event {{ __typename }} }} }}
  }} }}
  late: measures(where: {{addressee: ["{STATE}"], overdue: true}}) {{ nodes {{ code }} }}
  timers(addressee: "{STATE}", first: 200) {{ nodes {{
    at does case {{ ... on Measure {{ code title leadCode }} }}
  }} }}
}}""",
    )
    measures = {node["code"]: node for node in found["measures"]["nodes"]}
    table = Table("", "what", "led by", "from – to", "is", "for", box=None, pad_edge=False)
    for node in measures.values():
        linked = ", ".join(link["recommendation"]["paragraph"] for link in node["links"])
        days, status = f"{node['starts']} – {node['ends']}", _plain(node["status"])
        table.add_row(node["code"], node["title"], node["leadCode"] or "", days, status, linked)
    stage.console.print(table)
    late, waiting = measures[INSPECTED[1]], measures[TRAINED[1]]
    why = late["links"][0]
    stage.say(
        f"\n[bold]Why is {late['code']} for {why['recommendation']['paragraph']}?[/] "
        f"“{escape(why['rationale']['text'])}”"
    )
    (deadline,) = late["deadlines"]
    told = [e for e in late["history"]["nodes"] if e["role"] == "procedure"]
    clock = [_words_of(e["event"]["__typename"]) for e in told]
    stage.say(
        f"[bold]What is overdue?[/] {_codes(found['late'])}: {deadline['label'].lower()} was due "
        f"by {deadline['day']}. The clock recorded: {', '.join(clock)}."
    )
    timer = next(one for one in found["timers"]["nodes"] if one["case"].get("code"))
    stage.say(
        f"[bold]What comes next?[/] On {timer['at'][:10]} {timer['case']['leadCode']} is reminded "
        f"of {timer['case']['code']}, “{escape(timer['case']['title'])}”."
    )
    (adopt,) = (step for step in waiting["steps"] if step["name"] == "adopt-measure")
    lacks = "; ".join(blocked["guard"] for blocked in adopt["blockedBy"])
    way = ", ".join(step["label"].lower() for step in waiting["path"]["steps"])
    stage.say(
        f"[bold]Why is {waiting['code']} not adopted?[/] It lacks this: {lacks}. "
        f"The way to its completion: {way}."
    )


def _codes(measures: dict[str, Any]) -> str:
    return ", ".join(node["code"] for node in measures["nodes"]) or "none"


def show_report(stage: Stage) -> None:
    """What a report covers, and the file behind it."""
    (report,) = stage.query(
        "reader",
        f"""{{
  progressReports(addressee: "{STATE}") {{ nodes {{
    title institutionCode status periodFrom periodTo narrative {{ text }}
    covers {{ nodes {{ symbol paragraph text }} }}
    evidence {{ file {{
      url mediaType size
      history {{ nodes {{ event {{ ... on FileStored {{ fileName {{ text }} }} }} }} }}
    }} }}
  }} }}
}}""",
    )["progressReports"]["nodes"]
    covers = ", ".join(f"{c['paragraph']} of {c['symbol']}" for c in report["covers"]["nodes"])
    stage.say(
        f"“{report['title']}”, {_plain(report['status'])}, of {report['institutionCode']}, is "
        f"about {covers}: “{escape(report['narrative']['text'])}”"
    )
    for held in report["evidence"]:
        file = held["file"]
        name = file["history"]["nodes"][0]["event"]["fileName"]["text"]
        stage.say(f"Its evidence, {name} ({file['size']} bytes), was uploaded and comes back by")
        at = f"{stage.address.removesuffix('/graphql')}{file['url']}"
        text = f"curl -s {at} \\\n  -H 'Authorization: Bearer {stage.keys['reader']}'"
        stage.console.print(Text(text, style="cyan"), soft_wrap=True)


def show_picture(stage: Stage, query: str) -> None:
    """A plot: where it is served, and where it now lies."""
    path = f"/plots/progress.svg?{query}"
    place = stage.save(path, "progress.svg")
    at = f"{stage.address.removesuffix('/graphql')}{path}"
    stage.say("Open it in a browser, here from the server …")
    stage.console.print(Text(f"  {at}", style="cyan"), soft_wrap=True)
    stage.say("… or there as a file, which any page can embed:")
    stage.console.print(Text(f"  {place}", style="cyan"), soft_wrap=True)
    stage.say(
        "Say [cyan]by=sdg[/], theme or institution; [cyan]of=position[/]; [cyan]unit=pairs[/]; "
        "[cyan]language=ar[/], zh, fr, ru or es. Here it needs no key, for this demo sets "
        "SUIVI_PUBLIC_PLOTS and only what is public is counted."
    )


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
  midTerm: recommendation(symbol: "{CHANGED_MIND[0]}", paragraph: "{CHANGED_MIND[1]}") {{
    positions {{ answer organ instrument effectiveOn }}
  }}
  late: recommendation(symbol: "{LATE[0]}", paragraph: "{LATE[1]}") {{
    positions {{ answer organ instrument effectiveOn }}
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
    stage.say("\n[bold]Why one more is supported now in each cycle:[/]")
    for (_, paragraph), name in ((CHANGED_MIND, "midTerm"), (LATE, "late")):
        first, last = answer[name]["positions"][0], answer[name]["positions"][-1]
        stage.say(
            f"{paragraph} was {_plain(first['answer'])} in {first['instrument']} of "
            f"{first['effectiveOn']} and is {_plain(last['answer'])} since "
            f"{last['instrument']} of {last['effectiveOn']}; both answers stay on record."
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
  effectiveOn recordedAt logIndex reason
  actor system role institution onBehalfOf authority { kind reference }
  event {
    __typename
    ... on PositionTaken { answer organ }
    ... on AssignmentDecreed { assignee }
    ... on AssignmentOffered { assignee }
    ... on AssignmentHandedOver { toInstitution }
    ... on Linked { type }
    ... on Closed { closing }
  }
}"""


def show_lineage(stage: Stage) -> None:
    """The later text, the earlier one it builds on, and the audit trails of both."""
    found = stage.query(
        "auditor",
        f"""{{
  recommendation(symbol: "{LATER[0]}", paragraph: "{LATER[1]}") {{
    parts {{ text }}
    lineage {{
      type direction assertedByCode
      recommendation {{
        cycle symbol paragraph parts {{ text }}
        lineage {{ direction }}
        history {{ nodes {{ ...entry }} }}
      }}
    }}
    history {{ nodes {{ ...entry }} }}
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
    stage.console.print(history_table(earlier["history"]["nodes"]))
    stage.say(f"\n[bold]Cycle 4, {LATER[0]}, {LATER[1]}:[/] “{_parts(found)}”")
    stage.say(
        f"It {_plain(link['type'])} the {_plain(link['direction'])} {earlier['paragraph']}, says "
        f"{link['assertedByCode']}; {earlier['paragraph']} shows the same link as "
        f"{_plain(back['direction'])}."
    )
    stage.console.print(history_table(found["history"]["nodes"]))


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
            escape(shortened(f"{who}\n{place}")),
            escape(shortened(f"{authority}{reason}")),
        )
    return table


def shortened(text: str) -> str:
    """A text whose fingerprints are told by their first twelve digits, so that none is wrapped."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text)


def _name(entry: dict[str, Any]) -> str:
    return str(entry["event"]["__typename"])


def _what(entry: dict[str, Any]) -> str:
    """An entry in a few words: its type, and what it is about."""
    event = entry["event"]
    words = _words_of(_name(entry))
    about = [
        _plain(str(event[name])) if name in ("answer", "organ", "type", "closing") else event[name]
        for name in ("answer", "organ", "assignee", "toInstitution", "type", "closing")
        if event.get(name)
    ]
    return f"{words}: {', '.join(about)}" if about else words


def _words_of(name: str) -> str:
    """The name of a type as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


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
    history {{ nodes {{ ...entry }} }}
  }}
}}
{ENTRY}""",
        )["recommendation"]
        stage.say(f"“{escape(found['text'])}”")
        stage.console.print(history_table(found["history"]["nodes"]))
