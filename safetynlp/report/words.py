"""The wording of reports in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from safetynlp.errors import UsageError

__all__ = ["ELEMENT_WORDS", "words"]

_WORDS = {
    # of both the terminal report and the page
    "sentences": ("{} 句", "{} sentences"),
    "characters": ("{} 字", "{} characters"),
    "total": ("总分", "Total"),
    "out_of": ("/ 100", "/ 100"),
    "note": (
        "总分只说明讲到了多少要点、讲得多具体，不评价讲话好坏；由模型自动判断，可能有误，请对照原文。",
        "The total says how many topics are treated and how concretely, not whether the speech is "
        "good. It is judged by a model and may err: check it against the text.",
    ),
    "breadth": ("覆盖面", "Breadth"),
    "breadth_note": ("{} 个要点中提到 {} 个", "of {} topics, {} are mentioned"),
    "depth": ("平均深度", "Depth"),
    "depth_note": ("已提到要点的平均得分", "mean score of the topics mentioned"),
    "balance": ("均衡度", "Balance"),
    "balance_note": ("最低组与最高组得分之比", "lowest group score over the highest"),
    "density": ("证据密度", "Density"),
    "density_unit": ("{} 句/千字", "{} per 1,000 characters"),
    "density_note": ("每千字中可作依据的句数", "evidence sentences per 1,000 characters"),
    "groups": ("各组得分", "Groups"),
    "share": ("占总分 {}", "{} of the total"),
    "topics": ("逐项要点", "Topics"),
    "topics_note": (
        "每个要点看四件事：提及、部署、定责、定标；做到几件就是几级。",
        "Each topic asks four things: mentioned, deployed, assigned, specified. The level counts "
        "those reached.",
    ),
    "level": ("{} 级", "level {}"),
    "vital": ("必备", "vital"),
    "vital_mark": ("* 为必备要点", "* vital topic"),
    "no_quote": ("没有找到依据", "no evidence found"),
    "gaps": ("先补什么", "What to add first"),
    "gaps_note": (
        "按补足后总分最多能增加多少排序",
        "by how much the total rises if the topic is treated fully",
    ),
    "gain_levels": ("到 {} +{}", "{} +{}"),
    "weight": ("占总分", "Share of total"),
    "level_now": ("现为", "Level"),
    "can_gain": ("可增加", "Gain"),
    "advice": ("怎样补", "What to add"),
    "quoted": ("原句", "Sentence"),
    "doubt": ("疑点", "Doubt"),
    "paragraph": ("第 {} 段", "paragraph {}"),
    "no_gaps": ("所有要点都已讲到四级。", "Every topic is treated at level 4."),
    "nothing_applies": (
        "要点表中没有适用于这篇讲话的要点，因此没有总分。",
        "No topic of the rubric applies to this speech, so there is no total.",
    ),
    "interval_note": (
        "方括号内是 95% 区间：标签可能有误，总分随之可能在此范围内变动。",
        "In brackets the 95% interval: how far the total may be off because labels may.",
    ),
    "look_at": ("请核对", "Look at these"),
    "look_at_note": (
        "模型对下列标签没有把握，而要点的级别取决于它",
        "the model is unsure of these labels, and the level of the topic hangs on them",
    ),
    "look_at_mark": ("请核对", "look at this one"),
    "doubt_given": ("“{}”的概率 {}；若不是，则为 {}", "“{}” has probability {}; if it is wrong: {}"),
    "doubt_instead": (
        "“{}”的概率 {}；若应为“{}”，则为 {}",
        "“{}” has probability {}; if it should be “{}”: {}",
    ),
    "doubt_missing": ("未标“{}”，概率 {}；若是，则为 {}", "not labelled “{}”, probability {}; if it is: {}"),
    "pmc": ("PMC 指数", "PMC index"),
    "pmc_of": ("满分 {}", "of {}"),
    "pmc_note": (
        "政策研究通行的二值算法，供与文献比较：要点提到记 1，否则记 0；组内取平均，各组相加",
        "as policy research has it, for comparison: 1 for a topic that is mentioned, else 0; the mean "
        "within a group, summed over groups",
    ),
    "pmc_columns": (
        "n 为适用的要点数，Σ 为提到的要点数，X = Σ / n",
        "n topics apply, Σ of them are mentioned, X = Σ / n",
    ),
    "pmc_hollow": ("此处没有组，按各组平均绘出", "no group here, drawn at the mean"),
    "pmc_surface": ("PMC 曲面", "PMC surface"),
    "pmc_perfect": ("完美", "perfect"),
    "pmc_excellent": ("优秀", "excellent"),
    "pmc_acceptable": ("可接受", "acceptable"),
    "pmc_poor": ("不良", "poor"),
    "not_applicable": ("不适用的要点", "Topics that do not apply"),
    "not_applicable_note": ("不计入总分", "left out of the total"),
    "none_applies": ("不适用", "n/a"),
    "labels": ("标签统计", "Labels"),
    "labels_unit": ("句数", "number of sentences"),
    "none": ("无", "none"),
    "model": ("模型", "Model"),
    "rubric": ("要点表", "Rubric"),
    "version": ("版本 {}", "version {}"),
    "empty": ("没有可分析的句子。", "There are no sentences to analyse."),
    "comma": ("、", ", "),
    "semicolon": ("；", "; "),
    "colon": ("：", ": "),
    "open_quote": ("「", "“"),
    "close_quote": ("」", "”"),
    # of the explanation of a topic
    "source": ("出处", "Source"),
    "source_verified": ("已核对原文", "checked against the source"),
    "source_memory": ("凭经验整理，未核对原文", "from experience, not checked"),
    "where": ("第 {} 段 [{}–{}]", "paragraph {} [{}–{}]"),
    "near_misses": ("差一点", "Near misses"),
    "missed_document": ("只点了文件名，不算讲到", "only names a document, which is no treatment"),
    "missed_excluded": ("被排除规则排除", "excluded by"),
    "missed_label": ("如有此标签就算依据", "would be evidence with the label"),
    "missed_sectors": ("全文点到的行业太少，不计", "not counted, since the speech names too few sectors"),
    "lacks": ("还缺", "lacks"),
    "lacks_sectors": ("全文部署到的行业太少", "the speech gives too few sectors a measure"),
    "lacks_list": ("只是罗列词语，不算部署", "a mere list of words deploys nothing"),
    "lacks_function": ("句子功能不符（如要求、情况）", "another function of the sentence (a demand, facts …)"),
    "lacks_action": ("没有具体举措", "no action"),
    "lacks_bearer": ("没有写明谁来做", "nobody is named to do it"),
    "lacks_measure": ("没有时限、频次、数量、标准或检查办法", "no date, frequency, number, standard or check"),
    "steps": ("怎样提高", "How to reach more"),
    "reason_cue": ("用词", "wording"),
    "reason_heading": ("上级标题", "heading"),
    "reason_month": ("月份", "month"),
    "reason_body": ("点名", "names"),
    "reason_date": ("时限", "date"),
    "reason_period": ("时长", "period"),
    "reason_frequency": ("频次", "frequency"),
    "reason_number": ("数量", "number"),
    "reason_standard": ("标准", "standard"),
    "reason_check": ("检查", "check"),
    "reason_consequence": ("后果", "consequence"),
    "reason_place": ("地点", "place"),
    # of two drafts, and of several speeches
    "before": ("前稿", "Before"),
    "after": ("后稿", "After"),
    "difference": ("变化", "Change"),
    "change_gained": ("新增要点", "Topics gained"),
    "change_lost": ("丢失要点", "Topics lost"),
    "change_deepened": ("讲得更具体", "Deepened"),
    "change_shallower": ("讲得更空", "Shallower"),
    "change_shifted": ("级别相同，要素不同", "Same level by other elements"),
    "no_changes": ("各要点没有变化。", "No topic changed."),
    "rank": ("名次", "Rank"),
    "percentile": ("百分位", "Percentile"),
    "percentile_note": (
        "百分位：参照语料 {} 篇中得分更低者所占百分比，同分算一半；各组得分后括号内亦同。",
        "Percentile: of {} reference speeches, the percentage with a lower score, equal ones counted "
        "half; so too in brackets after the score of a group.",
    ),
    # of the page alone
    "report": ("安全生产讲话覆盖报告", "Coverage report of a work-safety speech"),
    "reports": ("安全生产讲话覆盖报告（{} 篇）", "Coverage of {} work-safety speeches"),
    "document": ("讲话", "Speech"),
    "skip": ("跳到正文", "Skip to content"),
    "sections": ("本页内容", "On this page"),
    "overview": ("总览", "Overview"),
    "text": ("全文标注", "Annotated text"),
    "text_note": (
        "左侧色条是句子功能；标签上悬停、点按或用 Tab 键选中可看概率。灰字是网页或页码等版面文字，不参与分析。",
        "The bar at the left is the function of the sentence; hover, tap or tab to a label for its "
        "probability. Grey text is page furniture and not analysed.",
    ),
    "text_note_print": ("左侧色条是句子功能。", "The bar at the left is the function of the sentence."),
    "map_note": (
        "每格一个要点，格中数字是级别（0–4），点击查看",
        "one square per topic with its level (0–4); click for details",
    ),
    "map_unsure": ("加框的请核对", "look at those with a frame"),
    "radar": ("各组得分雷达图", "Radar of the groups"),
    "gains": ("总分可增加", "adds to the total"),
    "search": ("查找", "Find"),
    "group": ("组", "Group"),
    "score": ("得分", "Score"),
    "levels": ("要点级别", "Topic levels"),
    "topic": ("要点", "Topic"),
    "evidence": ("依据", "Evidence"),
    "more_quotes": ("另有 {} 句", "{} more"),
    "more_gaps": ("其余 {} 项", "{} more"),
    "gain": ("最多 +{} 分", "up to +{} points"),
    "reached": ("已做到", "reached"),
    "not_reached": ("未做到", "not reached"),
    "gap": ("缺口", "Gap"),
    "complete": ("四项齐全", "complete"),
    "only_gaps": ("只看有缺口的", "Only topics with gaps"),
    "supports": ("支持{}", "supports {}"),
    "sentence": ("第 {} 句", "sentence {}"),
    "directive_legend": ("深色：出现在“{}”句中", "dark: in sentences that are “{}”"),
    "absent": ("未出现", "absent"),
    "rhythm": ("全文脉络：从左到右每一格是一句", "the speech from left to right, one sentence each"),
    "filter": ("突出显示", "Highlight"),
    "filter_all": ("全部", "all"),
    "find_previous": ("上一处", "Previous"),
    "find_next": ("下一处", "Next"),
    "find_nothing": ("清除", "Clear"),
    "in_speech": ("在全文中标出 {} 句", "mark {} in the speech"),
    "filter_count": ("{} 句", "{} sentences"),
    "open_all": ("全部展开", "Unfold all"),
    "close_all": ("全部收起", "Fold all"),
    "show_probabilities": ("显示概率", "Show probabilities"),
    "probability": ("概率", "probability"),
    "evidence_for": ("作为依据", "evidence for"),
    "furniture": ("版面文字，未分析", "page furniture, not analysed"),
    "topics_key": (
        "要点编号（如有）表示该句是这些要点的依据；点一下句子看要点名称",
        "topic ids tell for which topics the sentence is evidence; click a sentence for their names",
    ),
    "audit": ("审计信息", "Audit"),
    "fingerprint": ("模型指纹", "Model hash"),
    "schema": ("标签体系", "Label schema"),
    "program": ("程序", "Program"),
    "thresholds": ("阈值", "Thresholds"),
    "thresholds_note": (
        "多标签分面逐标签设阈值，随模型保存；运行时另行指定的以其为准。单标签分面取概率最高者。",
        "multi-label facets have one threshold per label, kept with the model, unless one was given "
        "for the run; single-label facets take the likeliest label.",
    ),
    "privacy": ("隐私", "Privacy"),
    "privacy_note": (
        "在本机离线生成；本页不联网、不含统计或跟踪代码，可直接转发或打印。",
        "made offline on this computer; this page uses no network and has no tracking.",
    ),
}  # fmt: skip

ELEMENT_WORDS = {
    "mentioned": ("提及", "mentioned"),
    "deployed": ("部署", "deployed"),
    "assigned": ("定责", "assigned"),
    "specified": ("定标", "specified"),
}


def words(lang: str) -> Mapping[str, str]:
    """The wording in ``lang``, elements of coverage under their ids.

    Raises:
        UsageError: ``lang`` is neither ``"zh"`` nor ``"en"``.
    """
    if lang not in ("zh", "en"):
        raise UsageError(
            f'language: found "{lang}", expected zh or en.', f"语言：“{lang}”有误，应为 zh 或 en。"
        )
    return {key: pair[0 if lang == "zh" else 1] for key, pair in (_WORDS | ELEMENT_WORDS).items()}
