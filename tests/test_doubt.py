"""The interval of a score, and the labels that a topic hangs on."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speeches import Line, rubric_of, speech, topic_of

from safetynlp import Analyzer, KeywordClassifier, load_rubric
from safetynlp.coverage import cover
from safetynlp.doubt import Uncertainty, uncertainty
from safetynlp.draws import draw_labels
from safetynlp.errors import UsageError
from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.schema import Schema

SCHEMA = Schema.default()
TEXTS = (
    "各部门要落实三管三必须，6月底前列出监管清单。",
    "燃气领域要整治瓶装气乱象，道路交通要严查酒驾，工地要盯住深基坑。",
    "落实《燃气安全培训规定》，持之以恒排查每一处隐患。",
    "要认真落实国务院安委会十五条硬措施。",
    "上半年全区发生事故4起、死亡2人，形势依然严峻。",
    "要抓演练、值班、排查、整治、管控、执法、打非、暗访、追责、宣传、预警，每月报送。",
    "各级各部门要高度重视，县应急管理局要每季度督查一次。",
)
HEADINGS = ((), ("一、压实责任",))
RUBRICS = ("speech-structure", "fifteen-measures")


@st.composite
def unsure(draw: st.DrawFn) -> LabelledSegment:
    """A segment whose labels have probabilities of all kinds."""
    scores = {}
    for facet in SCHEMA.facets:
        likely = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.3, 0.6, 0.9, 1.0])
        p = np.array([draw(likely) for _ in facet.label_ids])
        if facet.kind == "single":
            p = (p + 0.01) / (p + 0.01).sum()
        scores[facet.id] = dict(zip(facet.label_ids, p.tolist(), strict=True))
    return labelled(draw(st.sampled_from(TEXTS)), scores, draw(st.sampled_from(HEADINGS)))


def labelled(
    text: str, scores: dict[str, dict[str, float]], headings: tuple[str, ...] = ()
) -> LabelledSegment:
    labels = {}
    for facet in SCHEMA.facets:
        found = scores.get(facet.id, {})
        best = (max(found, key=lambda id: found[id]),) if found else ()
        several = tuple(id for id, p in found.items() if p >= 0.5)
        labels[facet.id] = best if facet.kind == "single" else several
    (segment,) = speech((text, "directive", {}), heading_path=headings)
    return LabelledSegment(segment.segment, Prediction(labels, scores))


def with_set(segment: LabelledSegment, number: int, n_draws: int) -> LabelledSegment:
    """The segment with one of its drawn label sets."""
    sets = draw_labels(segment.prediction, segment.text, SCHEMA, n_draws, seed=0)
    labels = {
        facet: tuple(id for id, has in zip(ids, rows[:, number], strict=True) if has)
        for facet, (ids, rows) in sets.items()
    }
    return LabelledSegment(segment.segment, Prediction(labels, {}))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(unsure(), min_size=1, max_size=4),
    st.sampled_from(RUBRICS),
    st.sampled_from([None, "2024-07"]),
)
def test_each_draw_scores_as_its_labels_do(segments, name, date) -> None:
    n_draws, rubric = 9, load_rubric(name)
    alone = [
        cover([with_set(s, number, n_draws) for s in segments], rubric, date=date)
        for number in range(n_draws)
    ]
    found = uncertainty(segments, rubric, date=date, n_draws=n_draws)
    for topic, told in found.topics.items():
        levels = [t.level for c in alone for t in c.topics if t.id == topic]
        counts = np.bincount(levels, minlength=5) / n_draws
        assert told.level_shares == tuple(counts.tolist())
    # With so few draws the interval goes from the lowest to the highest, to the last bit.
    totals = [coverage.total for coverage in alone]
    assert (found.low, found.high) == (min(totals), max(totals))
    for group, ends in found.groups.items():
        scores = [g.score for c in alone for g in c.groups if g.id == group]
        assert ends == (None if None in scores else (min(scores), max(scores)))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(unsure(), min_size=1, max_size=3, unique_by=lambda s: s.text), st.sampled_from(RUBRICS)
)
def test_a_doubt_tells_the_level_with_the_label_the_other_way(segments, name) -> None:
    rubric = load_rubric(name)
    before = {topic.id: topic.level for topic in cover(segments, rubric).topics}
    for id, told in uncertainty(segments, rubric, n_draws=1).topics.items():
        for doubt in told.doubts:
            changed = [changed_by(doubt, s) if s.text == doubt.text else s for s in segments]
            after = {topic.id: topic.level for topic in cover(changed, rubric).topics}
            assert after[id] == doubt.level != before[id]


def changed_by(doubt, segment: LabelledSegment) -> LabelledSegment:
    given = set(segment.labels[doubt.facet]) ^ ({doubt.label, doubt.instead} - {None})
    ids = tuple(id for id in SCHEMA.facet(doubt.facet).label_ids if id in given)
    labels = {**segment.labels, doubt.facet: ids}
    return LabelledSegment(segment.segment, replace(segment.prediction, labels=labels))


DRILL = "drill 企业每月要演练。"


def drill(p: float, function: float = 1.0) -> LabelledSegment:
    scores = {
        "responsibility": {"enterprise": 1.0},
        "action": {"emergency_preparedness": p},
        "function": {"directive": function, "rationale": 1 - function},
    }
    return labelled(DRILL, scores)


def told(*segments: LabelledSegment, **topic) -> Uncertainty:
    return uncertainty(segments, rubric_of(topic_of("drill", **topic)))


def test_sure_labels_leave_no_interval_and_no_doubt() -> None:
    found = told(drill(1.0))
    assert (found.low, found.high, found.groups) == (1.0, 1.0, {"g": (1.0, 1.0)})
    assert found.topics["drill"].level_shares == (0, 0, 0, 0, 1)
    assert found.topics["drill"].doubts == ()


def test_an_interval_by_hand() -> None:
    found = told(drill(0.6))
    assert (found.low, found.high) == (0.25, 1.0)  # mentioned alone, or all four
    shares = found.topics["drill"].level_shares
    assert shares[1] == pytest.approx(0.4, abs=0.04)
    assert shares[1] + shares[4] == 1
    (doubt,) = found.topics["drill"].doubts
    assert (doubt.facet, doubt.label, doubt.text) == ("action", "emergency_preparedness", DRILL)
    assert (doubt.probability, doubt.given, doubt.level, doubt.instead) == (0.6, True, 1, None)


def test_a_label_that_was_not_given_can_be_what_a_level_hangs_on() -> None:
    (doubt,) = told(drill(0.4)).topics["drill"].doubts
    assert (doubt.given, doubt.level, doubt.probability) == (False, 4, 0.4)
    assert told(drill(0.1)).topics["drill"].doubts == ()  # it is hardly so


def test_of_a_single_label_facet_both_candidates_are_told() -> None:
    (doubt,) = told(drill(1.0, function=0.7)).topics["drill"].doubts
    assert (doubt.label, doubt.instead, doubt.given, doubt.level) == (
        "directive", "rationale", True, 1
    )  # fmt: skip
    assert doubt.probability == 0.7


def test_no_doubt_where_another_sentence_says_it_surely() -> None:
    sure: Line = ("drill 各企业须每周演练。", "directive", {"action": ("emergency_preparedness",)})
    sure = (sure[0], sure[1], sure[2] | {"responsibility": ("enterprise",)})
    assert told(drill(0.6), *speech(sure)).topics["drill"].doubts == ()


def test_the_number_of_sectors_is_counted_over_the_speech() -> None:
    def sector(id: str, p: float) -> LabelledSegment:
        scores = {"sector": {id: p}, "action": {"technology": 1.0}, "function": {"directive": 1.0}}
        return labelled(f"drill {id}", scores)

    sure = [sector("urban_gas", 1.0), sector("fire_safety", 1.0)]
    assert told(*sure, min_sectors=3).high == 0
    found = told(*sure, sector("schools", 0.5), min_sectors=3).topics["drill"]
    assert found.level_shares[0] == pytest.approx(0.5, abs=0.05)
    assert found.level_shares[2] == pytest.approx(0.5, abs=0.05)
    assert [(d.label, d.given, d.level) for d in found.doubts] == [("schools", True, 0)]


def test_order_and_repetition_change_nothing_and_more_is_never_less() -> None:
    segments = [drill(0.6), labelled(TEXTS[0], {"action": {"accountability": 0.5}})]
    rubric = load_rubric("speech-structure")
    once = uncertainty(segments, rubric)
    assert uncertainty(segments[::-1] * 3, rubric) == once
    more = uncertainty([*segments, labelled(TEXTS[4], {"function": {"situation": 1.0}})], rubric)
    assert more.low >= once.low
    assert more.high >= once.high


def test_nothing_applies_and_nothing_is_said() -> None:
    rubric = rubric_of(topic_of("drill", valid_from="2024-01"))
    assert uncertainty([], rubric, date="2020-01") == Uncertainty(
        0.0, 0.0, {"g": None}, {}, n_draws=1000, seed=0
    )
    assert uncertainty([], rubric).topics["drill"].level_shares == (1, 0, 0, 0, 0)


@pytest.mark.parametrize("faulty", [{"n_draws": 0}, {"seed": -1}])
def test_faulty_numbers(faulty: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="expected at least 1"):
        uncertainty([], rubric_of(topic_of("drill")), **faulty)


def test_keywords_are_sure_of_themselves() -> None:
    analysis = Analyzer(KeywordClassifier()).analyze("\n".join(TEXTS))
    coverage = analysis.coverage(uncertain=True)
    assert coverage.uncertainty is not None
    assert (coverage.uncertainty.low, coverage.uncertainty.high) == (coverage.total,) * 2
    assert replace(coverage, uncertainty=None) == analysis.coverage()


def test_a_speech_takes_well_under_a_second() -> None:
    rng, segments = np.random.default_rng(0), []
    for number in range(100):
        scores = {}
        for facet in SCHEMA.facets:
            p = rng.beta(0.05, 0.5, len(facet.label_ids))
            if facet.kind == "single":
                p = p**2 / (p**2).sum()
            scores[facet.id] = dict(zip(facet.label_ids, p.tolist(), strict=True))
        segments.append(labelled(f"{TEXTS[number % len(TEXTS)]}{number}", scores))
    rubric = load_rubric("speech-structure")
    start = time.process_time()
    uncertainty(segments, rubric)
    assert time.process_time() - start < 5  # 0.4 s on an idle machine; loose for slow ones
