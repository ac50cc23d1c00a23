"""What must hold of coverage whatever a speech says; the packaged rubrics and random speeches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speeches import Line, speech, text_of

from safetynlp.coverage import ELEMENTS, POINTS, Coverage, cover
from safetynlp.document import Document
from safetynlp.lexicon import KeywordClassifier
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import available_rubrics, load_rubric
from safetynlp.rule import Sentence
from safetynlp.schema import Schema
from safetynlp.segment import Segment, segment

RUBRICS = available_rubrics()
# Invented sentences of every kind: slogans, facts, demands, documents, lists, nonsense.
SENTENCES = (
    "同志们：",
    "今天召开全区安全生产会议，主要任务是部署冬季安全防范。",
    "刚才，区应急局通报了上半年情况。",
    "安全是发展的前提，发展是安全的保障。",
    "上半年全区发生事故4起、死亡2人，同比分别下降20%和33%。",
    "当前正值汛期，高温暴雨叠加，安全形势依然严峻。",
    "有的企业重生产轻安全，有的部门检查走过场。",
    "各乡镇扎实开展排查，整改隐患320处，成绩值得肯定。",
    "要坚决遏制重特大事故，确保全区安全形势稳定。",
    "落实十五条硬措施。",
    "认真学习贯彻《安全生产法》。",
    "要深入学习贯彻关于安全生产的重要论述，每季度开展一次专题学习。",
    "党政主要负责人要亲自抓，每月带队检查不少于一次。",
    "各部门要落实三管三必须，6月底前列出监管清单。",
    "各街道要落实属地责任。",
    "企业要落实主体责任，法定代表人是第一责任人，必须每周带队检查。",
    "燃气领域要整治瓶装气乱象，道路交通要严查酒驾，工地要盯住深基坑。",
    "由区住建局牵头，9月15日前完成自建房隐患排查并逐一销号。",
    "打非治违，严查严处。",
    "对拒不整改的一律停产，对失职的严肃追责问责。",
    "预案、演练、值班、预警、培训、举报、督查、追责。",
    "各水库要落实24小时值班，发现险情30分钟内报告，严禁瞒报。",
    "加强监测预警，气象局要及时叫应到人。",
    "开展安全宣传五进，从业人员培训全覆盖。",
    "投入专项资金200万元，改造老旧燃气管道12公里。",
    "配齐配强执法人员。",
    "畅通12350举报渠道，查实的给予奖励。",
    "区安委办每两周暗访一次，结果纳入年度考核。",
    "严禁违法分包转包，外包队伍要统一管理。",
    "同志们，让我们为全区高质量发展作出新的更大贡献！",
    "《》（）……",
)
HEADINGS = ((), ("一、压实责任",), ("二、重点工作", "（一）排查隐患"))
SCHEMA = Schema.default()

facet_labels = st.fixed_dictionaries(
    {
        facet.id: st.lists(st.sampled_from(facet.label_ids), max_size=3, unique=True).map(tuple)
        for facet in SCHEMA.facets
        if facet.kind == "multi"
    }
)
random_lines: st.SearchStrategy[Line] = st.tuples(
    st.sampled_from(SENTENCES), st.sampled_from(SCHEMA.facet("function").label_ids), facet_labels
)


def _by_keywords() -> dict[str, Line]:
    lines = {}
    for text, found in zip(SENTENCES, KeywordClassifier().predict(SENTENCES), strict=True):
        labels = {facet: ids for facet, ids in found.labels.items() if facet != "function"}
        lines[text] = (text, found.labels["function"][0], labels)
    return lines


KEYWORD_LINES = _by_keywords()
lines = st.one_of(st.sampled_from(list(KEYWORD_LINES.values())), random_lines)
speeches = st.lists(lines, max_size=12)
dates = st.sampled_from([None, "2021-06", "2024-01", "2024-07"])
audiences = st.sampled_from([None, "government", "enterprise"])
fast = settings(max_examples=30, deadline=None)
each = settings(max_examples=20, deadline=None)  # for each rubric
of_every_rubric = pytest.mark.parametrize("rubric", [*map(load_rubric, RUBRICS)], ids=RUBRICS)


def scores(coverage: Coverage) -> dict[str, float]:
    return {topic.id: topic.score for topic in coverage.topics}


def result(coverage: Coverage) -> object:
    """All that the text may decide, without density and quotes."""
    topics = [(t.id, t.level, t.score, tuple(t.elements.items()), t.gap) for t in coverage.topics]
    numbers = coverage.total, coverage.breadth, coverage.depth, coverage.balance
    return topics, coverage.groups, numbers, coverage.not_applicable


@of_every_rubric
@each
@given(speeches, lines, st.integers(0, 12), dates, audiences)
def test_adding_a_segment_never_lowers_a_score(rubric, before, line, place, date, audience) -> None:
    after = [*before[:place], line, *before[place:]]
    less, more = (cover(speech(*s), rubric, date=date, audience=audience) for s in (before, after))
    assert more.total >= less.total
    for id, score in scores(less).items():
        assert scores(more)[id] >= score
    for small, large in zip(less.groups, more.groups, strict=True):
        assert small.score is None or large.score >= small.score


@of_every_rubric
@each
@given(speeches, st.integers(2, 4))
def test_repetition_changes_nothing(rubric, said, times) -> None:
    assert result(cover(speech(*said * times), rubric)) == result(cover(speech(*said), rubric))


@of_every_rubric
@each
@given(speeches.flatmap(lambda s: st.tuples(st.just(s), st.permutations(s))))
def test_order_does_not_matter(rubric, pair) -> None:
    first, second = pair
    assert result(cover(speech(*first), rubric)) == result(cover(speech(*second), rubric))
    shuffled = cover(speech(*first)[::-1], rubric)  # the same places, handed over backwards
    assert shuffled == cover(speech(*first), rubric)


@of_every_rubric
@each
@given(speeches, dates, audiences, st.sampled_from(HEADINGS))
def test_everything_stays_in_its_range(rubric, said, date, audience, headings) -> None:
    coverage = cover(speech(*said, heading_path=headings), rubric, date=date, audience=audience)
    for value in (coverage.total, coverage.breadth, coverage.depth, coverage.balance):
        assert 0 <= value <= 1
    assert coverage.density >= 0
    for topic in coverage.topics:
        assert 0 <= topic.score <= 1
        assert topic.level == sum(topic.elements.values())
        reached = [POINTS[element] for element in ELEMENTS if topic.elements[element]]
        assert topic.score == pytest.approx(sum(reached))
        assert bool(topic.gap["zh"]) == bool(topic.gap["en"]) == (topic.level < 4)
    if not any(topic.level for topic in coverage.topics):
        assert coverage.total == 0


@of_every_rubric
@each
@given(speeches)
def test_every_point_has_a_verbatim_quote(rubric, said) -> None:
    text = text_of(said)
    for topic in cover(speech(*said), rubric).topics:
        quoted = {element for quote in topic.quotes for element in quote.elements}
        assert quoted == {element for element in ELEMENTS if topic.elements[element]}
        for quote in topic.quotes:
            assert text[quote.start : quote.end] == quote.text
            assert quote.elements


@of_every_rubric
@each
@given(speeches, speeches, dates, audiences)
def test_applicability_depends_on_metadata_alone(rubric, one, other, date, audience) -> None:
    first, second = (
        cover(speech(*said), rubric, date=date, audience=audience) for said in (one, other)
    )
    assert first.not_applicable == second.not_applicable
    assert [(t.id, t.weight, t.vital) for t in first.topics] == [
        (t.id, t.weight, t.vital) for t in second.topics
    ]
    applying = {topic.id for topic in first.topics} | {t.id for t in first.not_applicable}
    assert applying == {topic.id for topic in rubric.topics}
    assert all(entry.reason["zh"] and entry.reason["en"] for entry in first.not_applicable)


ADVERBS = (
    "",
    "认真",
    "大力",
    "坚定不移",
    "要不折不扣",
    "各单位务必",
    "加快",
    "一是要",
    "会后",
    "立即",
)
VERBS = ("落实", "学习贯彻", "执行好", "抓好落实", "推动", "对照", "逐条细化")
DOCUMENTS = (
    "十五条硬措施",
    "国务院安委会“十五条”",
    "《企业燃气隐患排查和追责规定》",
    "《甲〈消防值班〉乙》",
)
TAILS = ("", "。", "精神。", "的各项要求", "，6月底前传达到位！", "，并抓出实效")

# Words that no list in the library has.
OTHER_ADVERBS = ("持之以恒", "从严从实", "请大家", "久久为功")
OTHER_TAILS = ("，久久为功，务求全胜。", "抓出成果", "，层层压实。")
# Topics that ask for nothing but the function of a sentence, which no name of a document gives.
BY_FUNCTION_ALONE = {
    topic.id
    for rubric in map(load_rubric, RUBRICS)
    for topic in rubric.topics
    for function in SCHEMA.facet("function").label_ids
    if topic.match.holds(Sentence("", (), {"function": (function,)}))
}

namings = st.tuples(*map(st.sampled_from, (ADVERBS, VERBS, DOCUMENTS, TAILS))).map("".join)
other_namings = st.tuples(
    *map(st.sampled_from, (OTHER_ADVERBS, VERBS, DOCUMENTS, OTHER_TAILS))
).map("".join)


def credited(text: str, function: str, labels: dict[str, tuple[str, ...]]) -> set[str]:
    """Topics of all rubrics, save meta topics, that one sentence is evidence for."""
    return {
        topic.id
        for rubric in map(load_rubric, RUBRICS)
        for topic, found in zip(
            rubric.topics, cover(speech((text, function, labels)), rubric).topics, strict=True
        )
        if found.level and not topic.meta
    }


@given(namings, st.sampled_from(SCHEMA.facet("function").label_ids), facet_labels)
@fast
def test_naming_a_document_credits_meta_topics_alone(text, function, labels) -> None:
    assert credited(text, function, labels) == set()


@given(other_namings, st.sampled_from(SCHEMA.facet("function").label_ids))
@fast
def test_naming_it_in_other_words_credits_no_label_of_its_name(text, function) -> None:
    every = {facet.id: facet.label_ids for facet in SCHEMA.facets if facet.kind == "multi"}
    assert credited(text, function, every) <= BY_FUNCTION_ALONE
    if function in ("directive", "rationale"):
        assert credited(text, function, every) == set()


# A slogan, and the demand with a bearer and a deadline that it could have been.
PAIRS = [
    ("st-14", "消除隐患，人人有责。", "区住建局要在6月底前排查消除隐患。", "hazard_rectification"),
    (
        "st-18",
        "应急演练十分重要。",
        "区应急管理局每季度要组织一次应急演练。",
        "emergency_preparedness",
    ),
    ("st-20", "值班值守是铁的纪律。", "区水利局要24小时值班值守。", "duty_reporting"),
    ("st-26", "失职就要追责问责。", "区纪委要对瞒报的一律追责问责，7日内办结。", "accountability"),
]


@pytest.mark.parametrize(("topic", "slogan", "demand", "action"), PAIRS)
@fast
@given(said=speeches)
def test_a_demand_is_worth_more_than_a_slogan(topic, slogan, demand, action, said) -> None:
    rubric = load_rubric("speech-structure")
    labels = {"action": (action,)}

    def score(*extra: Line) -> float:
        return scores(cover(speech(*extra), rubric))[topic]

    said = [line for line in said if not score(line)]
    weak, strong = (slogan, "rationale", labels), (demand, "directive", labels)
    assert score(*said, weak) == pytest.approx(0.25)
    assert score(*said, strong) == pytest.approx(1.0)


@of_every_rubric
@each
@given(st.lists(st.sampled_from(SENTENCES), max_size=12))
def test_the_same_holds_from_text_to_score(rubric, sentences) -> None:
    """Read, cut and labelled by keywords: quotes point into the text, repetition is worth nothing."""
    text = "\n".join(sentences)

    def covered(text: str) -> Coverage:
        pieces: list[Segment] = segment(Document.from_text(text))
        found = KeywordClassifier().predict([piece.text for piece in pieces])
        labelled = [LabelledSegment(*pair) for pair in zip(pieces, found, strict=True)]
        return cover(labelled, rubric)

    coverage = covered(text)
    for topic in coverage.topics:
        for quote in topic.quotes:
            assert text[quote.start : quote.end] == quote.text
    twice = covered(f"{text}\n{text}")
    assert twice.total == coverage.total
    assert scores(twice) == scores(coverage)
