"""Every step, one row each: what it is taken on, who may take it, by which command and mutations,
and who may read its entry. Who is refused (`access.py`, `visibility.py`), what `takeStep` takes
(`steps.py`), inputs and mutations of GraphQL (`api/mutations.py`) and docs/reference.md follow from
these rows.

A focal point may take the steps of a procedure only where its institution is assigned.
"""

from __future__ import annotations

from domain import institution, review
from domain.absence import Absences
from domain.adoptions import Adoptions
from domain.calendar import OwnCalendar
from domain.casework import Case, deadlines, incidents, steps, suspension
from domain.credential import Credential
from domain.erasure import Erasure
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.match import Match
from domain.measure import Measure, course, links, propose
from domain.measure.assignment import assign
from domain.measure.wording import revise
from domain.person import Person
from domain.progress_report import ProgressReport
from domain.recommendation import (
    Recommendation,
    assignment,
    closing,
    implementation,
    lineage,
    names,
    position,
    progress,
    reporting,
    terms,
    wording,
)
from domain.review import Review
from domain.stored_file import StoredFile
from domain.vocabulary import Vocabulary
from domain.words import Answer, AssignmentStatus
from domain.workflow_definition import PublishedDefinition
from workflows.commands import add_text, correct, withdraw_alias
from workflows.roles import A, C, F, K
from workflows.step import (
    AS_IT_IS,
    DRAFT,
    INTERNAL,
    WITH_IT,
    WITHIN,
    Bounds,
    Mutation,
    Step,
)

OFFERED, ASSIGNED = AssignmentStatus.OFFERED, AssignmentStatus.ASSIGNED
OF_ONE = "AssignmentInput"
R = Recommendation

ROWS = (
    # -- what it says
    Step("receive", R, C | K, by=("receiveRecommendation",)),
    Step("add-text", R, C | K, add_text, WITH_IT),
    Step("correct", R, C | K, correct, WITH_IT, ("correctRecommendation",)),
    Step("strike", R, C, wording.strike, by=("strikeEntry",)),
    Step("renumber", R, C | K, names.renumber, WITH_IT, ("renumberRecommendation",)),
    Step(
        "identify",
        R,
        C | K,
        names.identify,
        WITH_IT,
        by=("identifyRecommendation",),
        input="AliasInput",
    ),
    Step("withdraw-alias", R, C | K, withdraw_alias, WITH_IT, input="AliasInput"),
    Step("classify", R, C | K, terms.classify, WITH_IT, ("classifyRecommendation",)),
    Step("declassify", R, C | K, terms.declassify, WITH_IT, ("declassifyRecommendation",)),
    # -- position
    Step(
        "take-position",
        R,
        C | K,
        position.take,
        by=(
            Mutation(
                "acceptRecommendation",
                "The State accepts it: in the words of UN documents, it supports it.",
                {"answer": Answer.SUPPORTED},
            ),
            Mutation(
                "noteRecommendation",
                "The State notes it. It stays in the workflow all the same.",
                {"answer": Answer.NOTED, "said_already_implemented": False},
            ),
        ),
        without=("doubt",),
    ),
    Step("defer-position", R, C | K, position.defer, WITH_IT),
    Step("comment", R, C | K, position.comment, by=("commentOnRecommendation",)),
    Step("select-for-follow-up", R, C | K, reporting.select_for_follow_up, WITH_IT),
    # -- assignment
    Step("decree-assignment", R, C, assignment.decree, by=("assignRecommendation",)),
    Step("offer-assignment", R, C, assignment.offer),
    Step("accept-assignment", R, F, assignment.accept, assignment=OFFERED, input=OF_ONE),
    Step("decline-assignment", R, F, assignment.decline, assignment=OFFERED, input=OF_ONE),
    Step("lapse-assignment", R, C, assignment.lapse, assignment=OFFERED, input=OF_ONE),
    Step("hand-over-assignment", R, C, assignment.hand_over, assignment=ASSIGNED),
    Step("end-assignment", R, C, assignment.end, assignment=ASSIGNED, input=OF_ONE),
    # -- implementation
    Step("plan", R, C | F, implementation.plan, by=("planImplementation",)),
    Step(
        "draft-progress",
        R,
        C | F,
        progress.draft,
        DRAFT,
        by=("reportProgress",),
        redrafts=True,
    ),
    Step("clear-progress", R, C, progress.clear, DRAFT),
    Step("publish-progress", R, C, progress.publish, WITH_IT),
    Step("cover", R, C, by=("publishReport",)),
    Step(
        "assess",
        R,
        C | K,
        implementation.assess,
        by=("assessRecommendation",),
        without=("schemes",),
    ),
    Step("declare-implemented", R, C | F, implementation.declare),
    Step("report", R, C | K, reporting.report, by=("reportRecommendation",)),
    # -- others
    Step("link", R, C | K, lineage.link, by=("linkRecommendation",)),
    Step("withdraw-link", R, C | K, lineage.withdraw_link),
    Step("declare-duplicate", R, C | K, lineage.declare_duplicate, WITH_IT),
    Step("undo-duplicate", R, C | K, lineage.undo_duplicate, WITH_IT),
    # -- measures
    Step("propose-measure", Measure, C | K | F, propose, Bounds(INTERNAL)),
    Step("revise-measure", Measure, C | F, revise),
    Step("adopt-measure", Measure, C, course.adopt),
    Step("assign-measure", Measure, C, assign),
    Step("start-measure", Measure, C | F, course.start),
    Step("delay-measure", Measure, C | F, course.delay),
    Step("reschedule-measure", Measure, C, course.reschedule),
    Step("complete-measure", Measure, C | F, course.complete),
    Step("abandon-measure", Measure, C, course.abandon),
    Step("reopen-measure", Measure, C, course.reopen),
    Step("link-measure", Measure, C | K | F, links.link),
    Step("withdraw-measure-link", Measure, C | F, links.withdraw),
    Step("strike-measure-entry", Measure, C, course.strike),
    # -- any case
    Step("close", R, C, closing.close, by=("closeRecommendation",)),
    Step("reopen", R, C, closing.reopen, by=("reopenRecommendation",)),
    Step("continue", R, C, lineage.continue_into, by=("continueRecommendation",)),
    Step(
        "suspend",
        Case,
        C,
        suspension.suspend,
        by=("suspend", "suspendRecommendation"),
        input="SuspendInput",
    ),
    Step("resume", Case, C, suspension.resume, by=("resume", "resumeRecommendation")),
    Step("extend-deadline", Case, C, deadlines.extend),
    # -- beside every procedure
    Step("suspend-deadline", Case, C, deadlines.suspend, input="DeadlineInput"),
    Step("resume-deadline", Case, C, deadlines.resume, input="DeadlineInput"),
    Step("retry-timers", Case, C, incidents.retry),
    Step("claim-task", Case, C | K | F, among_persons=True),
    Step("release-task", Case, C | K | F),
    Step("delegate-task", Case, C | K | F, by=("delegate",), among_persons=True),
    Step("give-approval", Case, C | K | F, by=("approveStep",)),
    Step("remark", Case, C | K | F, steps.remark, WITHIN, where_concerned=True),
    Step("migrate", Case, C, by=("migrateCases",)),
    # -- reviews
    Step("open-review", Review, C | K, review.open_review),
    Step("schedule-review", Review, C | K, Review.schedule),
    Step("add-review-document", Review, C | K, review.add_document),
    Step("adopt-review", Review, C | K, Review.adopt),
    Step("close-review", Review, C),
    Step("reopen-review", Review, C, Review.reopen),
    # -- institutions and persons
    Step("register-institution", Institution, C, institution.register_institution),
    Step("rename-institution", Institution, C, Institution.rename),
    Step("merge-institution", Institution, C, Institution.merge),
    Step("split-institution", Institution, C, Institution.split),
    Step("change-parent", Institution, C, Institution.change_parent),
    Step("transfer-competence", Institution, C, Institution.transfer_competence),
    Step("abolish-institution", Institution, C, Institution.abolish),
    Step("register-person", Person, A | C, readers=WITHIN),
    Step("retire-person", Person, A | C, readers=WITHIN),
    Step("declare-absence", Absences, C | K | F, readers=WITHIN, among_persons=True),
    Step("end-absence", Absences, C | K | F, readers=WITHIN, among_persons=True),
    # -- reports and files
    Step("draft-report", ProgressReport, C | F, readers=DRAFT),
    Step("redraft-report", ProgressReport, C | F, readers=DRAFT),
    Step("attach-evidence", ProgressReport, C | F, readers=AS_IT_IS),
    Step("remove-evidence", ProgressReport, C | F, readers=AS_IT_IS),
    Step("clear-report", ProgressReport, C, readers=WITHIN),
    Step("publish-report", ProgressReport, C, readers=Bounds(narrowest=INTERNAL)),
    Step("withdraw-report", ProgressReport, C, readers=AS_IT_IS),
    Step(
        "store-file",
        StoredFile,
        C | K | F,
        readers=Bounds(INTERNAL),
        by=(),
        elsewhere="`PUT /files`",
    ),
    Step("erase-file", StoredFile, C),
    # -- matches and imports
    Step("make-match", Match, C | K),
    Step("refuse-match", Match, C | K, Match.refuse),
    Step("withdraw-match", Match, C | K),
    Step("import", ImportRun, C | K, by=("startImport",)),
    Step("fill-in-worklist", ImportRun, C | F, by=("startImport",)),
    Step(
        "record-history",
        R,
        C,
        by=("startImport",),
        elsewhere="the step that it was, with `asHistory`",
    ),
    Step("erase-texts", Erasure, C),
    # -- how things go
    Step("publish-definition", PublishedDefinition, C, by=("publishWorkflowDefinition",)),
    Step("adopt-definition", Adoptions, C, by=("adoptWorkflowDefinition",)),
    Step("set-calendar", OwnCalendar, C),
    Step("publish-vocabulary", Vocabulary, C),
    Step("map-vocabulary", Vocabulary, C, by=()),
    Step("grant-key", Credential, A, by=()),
    Step("revoke-key", Credential, A, by=()),
)

STEPS = {row.name: row for row in ROWS}
"""Every step by its name."""
