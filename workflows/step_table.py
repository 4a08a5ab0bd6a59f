"""Every step, one row each: what it is taken on, who may take it, by which command and mutations,
and who may read its entry. Who is refused (`access.py`, `visibility.py`), what `takeStep` takes
(`steps.py`), inputs and mutations of GraphQL (`api/mutations.py`) and docs/reference.md follow from
these rows.

A focal point may take the steps of a procedure only where its institution is assigned.
"""

from __future__ import annotations

from domain.absence import Absences
from domain.adoptions import Adoptions
from domain.calendar import OwnCalendar
from domain.casework import Case
from domain.credential import Credential
from domain.erasure import Erasure
from domain.import_run import ImportRun
from domain.institution import Institution
from domain.match import Match
from domain.measure import Measure, propose
from domain.person import Person
from domain.progress_report import ProgressReport
from domain.recommendation import Recommendation
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
    Step("strike", R, C, R.strike, by=("strikeEntry",)),
    Step("renumber", R, C | K, R.renumber, WITH_IT, ("renumberRecommendation",)),
    Step("identify", R, C | K, R.identify, WITH_IT, ("identifyRecommendation",)),
    Step("withdraw-alias", R, C | K, withdraw_alias, WITH_IT),
    Step("classify", R, C | K, R.classify, WITH_IT, ("classifyRecommendation",)),
    Step("declassify", R, C | K, R.declassify, WITH_IT, ("declassifyRecommendation",)),
    # -- position
    Step(
        "take-position",
        R,
        C | K,
        R.take_position,
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
    Step("defer-position", R, C | K, R.defer_position, WITH_IT),
    Step("comment", R, C | K, R.comment, by=("commentOnRecommendation",)),
    Step("select-for-follow-up", R, C | K, R.select_for_follow_up, WITH_IT),
    # -- assignment
    Step("decree-assignment", R, C, R.decree_assignment, by=("assignRecommendation",)),
    Step("offer-assignment", R, C, R.offer_assignment),
    Step("accept-assignment", R, F, R.accept_assignment, assignment=OFFERED, input=OF_ONE),
    Step("decline-assignment", R, F, R.decline_assignment, assignment=OFFERED, input=OF_ONE),
    Step("lapse-assignment", R, C, R.lapse_assignment, assignment=OFFERED, input=OF_ONE),
    Step("hand-over-assignment", R, C, R.hand_over_assignment, assignment=ASSIGNED),
    Step("end-assignment", R, C, R.end_assignment, assignment=ASSIGNED, input=OF_ONE),
    # -- implementation
    Step("plan", R, C | F, R.plan, by=("planImplementation",)),
    Step(
        "draft-progress",
        R,
        C | F,
        R.draft_progress,
        DRAFT,
        by=("reportProgress",),
        redrafts=True,
    ),
    Step("clear-progress", R, C, R.clear_progress, DRAFT),
    Step("publish-progress", R, C, R.publish_progress, WITH_IT),
    Step("cover", R, C, by=("publishReport",)),
    Step(
        "assess",
        R,
        C | K,
        R.assess,
        by=("assessRecommendation",),
        without=("schemes",),
    ),
    Step("declare-implemented", R, C | F, R.declare_implemented),
    Step("report", R, C | K, R.report, by=("reportRecommendation",)),
    # -- others
    Step("link", R, C | K, R.link, by=("linkRecommendation",)),
    Step("withdraw-link", R, C | K, R.withdraw_link),
    Step("declare-duplicate", R, C | K, R.declare_duplicate, WITH_IT),
    Step("undo-duplicate", R, C | K, R.undo_duplicate, WITH_IT),
    # -- measures
    Step("propose-measure", Measure, C | K | F, propose, Bounds(INTERNAL)),
    Step("revise-measure", Measure, C | F, Measure.revise),
    Step("adopt-measure", Measure, C, Measure.adopt),
    Step("assign-measure", Measure, C, Measure.assign),
    Step("start-measure", Measure, C | F, Measure.start),
    Step("delay-measure", Measure, C | F, Measure.delay),
    Step("reschedule-measure", Measure, C, Measure.reschedule),
    Step("complete-measure", Measure, C | F, Measure.complete),
    Step("abandon-measure", Measure, C, Measure.abandon),
    Step("reopen-measure", Measure, C, Measure.reopen),
    Step("link-measure", Measure, C | K | F, Measure.link),
    Step("withdraw-measure-link", Measure, C | F, Measure.withdraw_link),
    Step("strike-measure-entry", Measure, C, Measure.strike),
    # -- any case
    Step("close", R, C, R.close, by=("closeRecommendation",)),
    Step("reopen", R, C, R.reopen, by=("reopenRecommendation",)),
    Step("continue", R, C, R.continue_into, by=("continueRecommendation",)),
    Step(
        "suspend",
        Case,
        C,
        Case.suspend,
        by=("suspend", "suspendRecommendation"),
        input="SuspendRecommendationInput",
    ),
    Step("resume", Case, C, Case.resume, by=("resume", "resumeRecommendation")),
    Step("extend-deadline", Case, C, Case.extend_deadline),
    # -- beside every procedure
    Step("suspend-deadline", Case, C, Case.suspend_deadline, input="DeadlineInput"),
    Step("resume-deadline", Case, C, Case.resume_deadline, input="DeadlineInput"),
    Step("retry-timers", Case, C, Case.retry_timers),
    Step("claim-task", Case, C | K | F, among_persons=True),
    Step("release-task", Case, C | K | F),
    Step("delegate-task", Case, C | K | F, by=("delegate",), among_persons=True),
    Step("give-approval", Case, C | K | F, by=("approveStep",)),
    Step("remark", Case, C | K | F, Case.remark, WITHIN, where_concerned=True),
    Step("migrate", Case, C, by=("migrateCases",)),
    # -- reviews
    Step("open-review", Review, C | K),
    Step("schedule-review", Review, C | K),
    Step("add-review-document", Review, C | K),
    Step("adopt-review", Review, C | K),
    Step("close-review", Review, C),
    Step("reopen-review", Review, C),
    # -- institutions and persons
    Step("register-institution", Institution, C),
    Step("rename-institution", Institution, C),
    Step("merge-institution", Institution, C),
    Step("split-institution", Institution, C),
    Step("change-parent", Institution, C),
    Step("transfer-competence", Institution, C),
    Step("abolish-institution", Institution, C),
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
    Step("refuse-match", Match, C | K),
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
