"""The wording of evaluations in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from safetynlp.errors import UsageError

__all__ = ["evaluation_words"]

_WORDS = {
    "evaluation": ("模型评估", "Evaluation"),
    "comparison": ("模型比较", "Comparison"),
    "errors": ("错误分析", "Errors"),
    "model": ("模型", "Model"),
    "data": ("数据", "Data"),
    "amount": ("{} 篇讲话，{} 句", "{} speeches, {} segments"),
    "intervals": (
        "方括号内为 {} 区间：按讲话重抽样 {} 次（bootstrap）",
        "In brackets: {} intervals, {} drawings of speeches (bootstrap)",
    ),
    "page_intervals": (
        "每个数值下方为 {} 区间：按讲话重抽样 {} 次（bootstrap）",
        "Below each figure: its {} interval, {} drawings of speeches (bootstrap)",
    ),
    "averages": ("各种平均", "Averages"),
    "curve_title": ("学习曲线：要标注多少篇？", "Learning curve: how many speeches to label?"),
    "curve_note": (
        "横轴为已标注讲话篇数（对数）；线为 {} 次抽取的平均，带为最低到最高。",
        "Across: labelled speeches (logarithmic). Line: mean of {} draws; band: from the lowest to "
        "the highest.",
    ),
    "segments": ("{} 句", "{} segments"),
    "unlabelled": ("数据未标注此分面", "not labelled in the data"),
    "label": ("标签", "label"),
    "labels": ("各标签", "by label"),
    "support": ("句数", "support"),
    "threshold": ("阈值", "threshold"),
    "with_support": (
        "f1_macro 取有标注的 {} 个标签（共 {} 个）的平均",
        "f1_macro is the mean over the {} labels with support, of {}",
    ),
    "confusion": ("混淆矩阵（行为标注，列为模型）", "confusion matrix (row: gold; column: found)"),
    "groups": ("按 {} 分组", "by {}"),
    "group_none": ("（无）", "(none)"),
    "speeches": ("篇数", "speeches"),
    "n_segments": ("句数", "segments"),
    "notes": ("说明", "Notes"),
    "curve": (
        "学习曲线：{}（每点 {} 次抽取的平均，方括号内为最低和最高）",
        "Learning curve: {} (mean of {} draws; in brackets the lowest and the highest)",
    ),
    "keywords": ("关键词规则", "keywords"),
    "tfidf": ("TF-IDF", "TF-IDF"),
    "frozen_encoder": ("冻结编码器", "frozen encoder"),
    "difference": ("B − A", "B − A"),
    "verdicts": ("结论", "Verdict"),
    "mcnemar": (
        "整句全对：仅 A {} 句，仅 B {} 句；McNemar 精确检验 p = {}",
        "segments wholly right: only A {}, only B {}; exact McNemar p = {}",
    ),
    "mcnemar_note": (
        "McNemar 检验把同一讲话的各句当作相互独立，结论以按讲话抽样的区间为准。",
        "McNemar takes the segments of a speech as independent; trust the interval over speeches "
        "first.",
    ),
    # of the page of errors
    "surest": ("最有把握的错误", "The surest mistakes"),
    "surest_note": (
        "模型以为很有把握、却与标注不同的地方。先看这里：标注错误也常在其中。",
        "Where the model was sure and the gold label differs. Look here first: faulty gold labels "
        "are often among them.",
    ),
    "by_label": ("逐标签错误", "Mistakes by label"),
    "too_many": ("多标", "given, not gold"),
    "too_few": ("漏标", "gold, not given"),
    "probability": ("概率", "probability"),
    "pairs": ("常混淆的标签", "Labels taken for each other"),
    "pairs_note": (
        "同一句中漏标左边、多标右边。",
        "The left one is missing and the right one is given, in the same segment.",
    ),
    "by_speech": ("逐篇", "By speech"),
    "speech": ("讲话", "speech"),
    "agreement": ("标注者一致性", "Agreement of the annotators"),
    "agreement_note": (
        "Krippendorff α：多选分面用 MASI 距离（Passonneau 2006），单选分面用名义距离；"
        "1 为完全一致，0 相当于随机。模型与标注的一致程度难以超过标注者之间。",
        "Krippendorff's α with MASI distance (Passonneau 2006) for multi-label facets, nominal for "
        "single-label ones; 1 is perfect, 0 is chance. A model can hardly agree with the gold "
        "labels better than annotators do with each other.",
    ),
    "kappa": ("Cohen κ", "Cohen's κ"),
    "alpha": ("Krippendorff α", "Krippendorff's α"),
    "annotators": ("标注者", "annotators"),
    "no_mistakes": ("没有错误。", "No mistakes."),
    "shown_of": ("显示 {} 处，共 {} 处", "{} of {} shown"),
    "wrong_segments": ("有错的句数", "segments with a mistake"),
    "figures": ("指标", "Figures"),
    "colon": ("：", ": "),
}


def evaluation_words(lang: str) -> Mapping[str, str]:
    """Wording by key, in ``lang`` (``"zh"`` or ``"en"``).

    Raises:
        UsageError: another language.
    """
    if lang not in ("zh", "en"):
        raise UsageError(
            f'lang is "{lang}", expected "zh" or "en".', f"语言为“{lang}”，应为 zh 或 en。"
        )
    return {key: pair[lang == "en"] for key, pair in _WORDS.items()}
